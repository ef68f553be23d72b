//! Figures, by hand: `cargo test -p projections --release --lib measure -- --ignored --nocapture`.

use crate::testing::history::{plain_scan, scan};
use crate::testing::{World, id, monday};
use crate::{ReadModel, rebuild::rebuild};
use chrono::TimeDelta;
use domain::attendance_day::Direction;
use sqlx::PgPool;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

const SCHOOLS: u64 = 100;
const PUPILS: u64 = 300;
const EVENTS: u64 = 100_000;

/// Taps of all schools at once, every pupil once in and once out a day.
async fn fill(world: &World) {
    let taps = SCHOOLS * PUPILS;
    let drafts: Vec<_> = (0..EVENTS)
        .map(|n| {
            let (turn, tap) = (n / taps, n % taps * 7_919 % taps);
            let (school, pupil) = (id((1 + u128::from(tap % SCHOOLS)) << 24), tap / SCHOOLS);
            let direction = if turn % 2 == 0 { Direction::Entry } else { Direction::Exit };
            let date = monday() - TimeDelta::days(i64::try_from(turn / 2).unwrap());
            let at = crate::testing::at(11, 0, 0) + TimeDelta::milliseconds(i64::try_from(n).unwrap());
            scan(school, pupil, date, plain_scan(school, u128::from(n), direction, at))
        })
        .collect();
    for chunk in drafts.chunks(5_000) {
        world.append(chunk).await;
    }
    sqlx::query("vacuum analyze events").execute(&world.owner).await.unwrap();
}

/// Processor seconds of this process, and of the database's processes, those that have ended included.
async fn spent(owner: &PgPool) -> (f64, f64) {
    fn fields(pid: &str) -> Vec<String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }
    // A backend that has just been left takes a moment to end, and counts for its parent then.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let seconds = |pid: &str, children: bool| -> f64 {
        let fields = fields(pid).into_iter().skip(11).take(if children { 4 } else { 2 });
        fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    };
    let running: Vec<i32> = sqlx::query_scalar("select pid from pg_stat_activity").fetch_all(owner).await.unwrap();
    let parent = running.iter().find_map(|pid| fields(&pid.to_string()).get(1).cloned()).unwrap();
    let database: f64 = running.iter().map(|pid| seconds(&pid.to_string(), false)).sum();
    (seconds("self", false), database + seconds(&parent, true))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; the test cluster runs without fsync"]
async fn measure_projectors_and_rebuild() {
    let world = World::create().await;
    fill(&world).await;
    let tables = "live.pupil_days, live.live_scans, live.gates, live.quarantined, audit.entries";
    for round in 1..=3 {
        sqlx::query(&format!("truncate {tables}, checkpoints")).execute(&world.owner).await.unwrap();
        for model in [ReadModel::Live, ReadModel::Audit] {
            sqlx::query("checkpoint").execute(&world.owner).await.unwrap();
            let mut projector = world.projector_of(model);
            let (before, begun) = (spent(&world.owner).await, Instant::now());
            let mut written = 0;
            while written < usize::try_from(EVENTS).unwrap() {
                written += projector.step(&CancellationToken::new()).await.unwrap();
            }
            print(round, &format!("projector {model}"), before, begun, &world.owner).await;
        }
        for model in [ReadModel::Live, ReadModel::Audit] {
            sqlx::query("checkpoint").execute(&world.owner).await.unwrap();
            let (before, begun) = (spent(&world.owner).await, Instant::now());
            rebuild(&world.owner, &world.reader, model).await.unwrap();
            print(round, &format!("rebuild {model}"), before, begun, &world.owner).await;
        }
    }
}

async fn print(round: u32, what: &str, before: (f64, f64), begun: Instant, owner: &PgPool) {
    let took = begun.elapsed().as_secs_f64();
    let after = spent(owner).await;
    let each = |seconds: f64| seconds / EVENTS as f64 * 1e6;
    eprintln!(
        "round {round}: {what}: {:.0} events/s; Postgres's {:.1} µs an event, the program's {:.1}",
        EVENTS as f64 / took,
        each(after.1 - before.1),
        each(after.0 - before.0)
    );
}
