//! Figures, by hand: `cargo test -p web --lib live::measure -- --ignored --nocapture`.

use super::frame::{Frame, compute};
use super::view;
use crate::testing::TestApp;
use projections::live::board::board;
use projections::live::kept::Kept;
use sqlx::PgPool;
use std::time::{Duration, Instant};

const PUPILS: usize = 300;
const ROUNDS: usize = 50;
/// Frames of each round, from the same facts.
const FRAMES: usize = 10;

/// Processor time of this program's threads and of the connections to its database, nanoseconds.
struct Cpu {
    backends: Vec<i32>,
}

impl Cpu {
    async fn of(owner: &PgPool) -> Self {
        let pids = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        Self { backends: sqlx::query_scalar(pids).fetch_all(owner).await.unwrap() }
    }

    fn now(&self) -> (u64, u64) {
        let of = |path: &std::path::Path| -> u64 {
            let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let own = threads.map(|thread| of(&thread.path())).sum();
        (own, self.backends.iter().map(|pid| of(format!("/proc/{pid}").as_ref())).sum())
    }
}

#[derive(Default)]
struct Sum {
    wall: Duration,
    own: u64,
    postgres: u64,
}

impl Sum {
    fn say(&self, what: &str) {
        let each = |nanos: u64| nanos / 1_000 / (ROUNDS * FRAMES) as u64;
        let wall = self.wall.as_micros() / (ROUNDS * FRAMES) as u128;
        eprintln!(
            "{what}: {wall} µs, of processor time {} here and {} in Postgres",
            each(self.own),
            each(self.postgres)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures"]
async fn measure_frames_of_kept_facts_against_frames_of_loaded_facts() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(PUPILS).await.unwrap();
    let owner = PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let hub = &app.state().live.0;
    let (mut loaded, mut kept) = (Sum::default(), Sum::default());
    let mut facts = None;
    let mut before = compute(hub, school.id, None, &mut facts).await.unwrap().unwrap();
    for round in 0..ROUNDS {
        let tap = |n: usize| {
            let n = round * 3 + n;
            school.scan(n as i64 + 1, &school.pupils[n % PUPILS].1, app.now())
        };
        app.scan(&school, &[tap(0), tap(1), tap(2)]).await.unwrap();
        app.settle().await.unwrap();
        let cpu = Cpu::of(&owner).await;
        let one = async |sum: &mut Sum, facts: &mut Option<Kept>, before: &Frame| {
            let mut each = vec![facts.clone(); FRAMES];
            let (begun, (own, postgres)) = (Instant::now(), cpu.now());
            let mut frame = None;
            for kept in &mut each {
                frame = compute(hub, school.id, Some(before), kept).await.unwrap();
            }
            sum.wall += begun.elapsed();
            let now = cpu.now();
            sum.own += now.0 - own;
            sum.postgres += now.1.saturating_sub(postgres);
            *facts = each.pop().unwrap();
            frame.unwrap()
        };
        let whole = one(&mut loaded, &mut None, &before).await;
        let frame = one(&mut kept, &mut facts, &before).await;
        assert!(whole.told.says_the_same(&frame.told));
        before = frame;
    }
    loaded.say("a frame of loaded facts");
    kept.say("a frame of kept facts");
    let facts = facts.unwrap().facts;
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        std::hint::black_box(board(&facts, app.now()));
    }
    eprintln!("of it the board {} µs", begun.elapsed().as_micros() / ROUNDS as u128);
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        let view = view::board(&before.board, &before.names);
        std::hint::black_box(super::frame::encode(&view, app.now(), before.freshness, &[]).unwrap());
    }
    eprintln!("and its JSON of {} bytes {} µs", before.told.json.len(), begun.elapsed().as_micros() / ROUNDS as u128);
    app.shutdown().await;
}
