//! The demo's `lost` counts: a morning loses nothing, and a row hidden on purpose is missed.

use anyhow::{Context as _, Result};
use commands::clock::{Clock as _, ScaledClock};
use commands::ids::SystemIds;
use domain::values::zone;
use kiosk_protocol::Verdict;
use local_services::testing::scratch;
use sqlx::PgPool;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use web::demo::ledger::Ledger;
use web::demo::morning::Plan;
use web::demo::report::{Report, compare};
use web::demo::stage::{Stage, ZONE};
use web::demo::{kiosk, watch};
use web::serve::{self, Parts};

/// Pupils whose morning is replayed.
const PUPILS: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn a_morning_loses_nothing_and_a_hidden_row_or_event_is_counted_as_lost() {
    let folder = scratch("demo");
    let outcome = morning(&folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    let [whole, hidden_on_board, never_there, hidden_in_log] = outcome.unwrap();

    assert_eq!((whole.lost, whole.invented), (0, 0), "{whole:?}");
    assert!(whole.acknowledged > PUPILS * 9 / 10 && whole.acknowledged == whole.scans_sent, "{whole:?}");
    assert_eq!(whole.stored, whole.acknowledged, "{whole:?}");
    assert_eq!(whole.duplicates_absorbed, whole.duplicates_sent, "{whole:?}");
    assert!(whole.quarantined > 0 && whole.present > 0 && whole.late > 0 && whole.missing > 0, "{whole:?}");
    assert!(whole.tap_to_screen_ms.measured > PUPILS / 2 && whole.tap_to_screen_ms.p99.is_some(), "{whole:?}");

    assert_eq!((hidden_on_board.lost, hidden_on_board.lost_on_board), (1, 1), "{hidden_on_board:?}");
    // The one hidden before stays hidden.
    assert_eq!((never_there.lost, never_there.lost_in_log), (2, 1), "{never_there:?}");
    assert_eq!((hidden_in_log.lost, hidden_in_log.lost_in_log), (3, 2), "{hidden_in_log:?}");
    assert_eq!(hidden_in_log.lost_on_board, 1, "{hidden_in_log:?}");
}

/// Replays a morning, then hides one thing after the other; a report each.
async fn morning(folder: &std::path::Path) -> Result<[Report; 4]> {
    let stage = Stage::open(folder, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let clock = Arc::new(ScaledClock::starting_at(stage.clock_start().await?, 1.0));
    let config = stage.config();
    let running = serve::start(&config, Parts::all(), clock.clone(), Arc::new(SystemIds)).await?;
    let base = running.base_url().context("HTTP runs")?;
    let mut school = stage.seed(&config, clock.clone()).await?;
    let all = school.students.len();
    // Spread over all courses.
    let every = all / PUPILS;
    let mut n = 0;
    school.students.retain(|_| {
        n += 1;
        n % every == 0
    });
    let date = zone::local_date(clock.now(), ZONE);
    let plan = Plan::of(&school, date, 1);
    clock.set(plan.start);
    clock.set_rate(600.0);
    let ledger = Arc::new(Ledger::default());
    let watcher = watch::Watcher::start(&base, school.school_id, ledger.clone()).await?;
    let begun = Instant::now();
    kiosk::replay(&base, &school, &plan, clock.clone(), ledger.clone()).await?;
    let took = begun.elapsed();
    clock.set(plan.end);
    clock.set_rate(1.0);
    watcher.catch_up(Duration::from_secs(30)).await;
    let log = stage.log_pool().await?;
    let report = async || compare(&base, &school, date, &ledger, &log, took).await;
    let whole = report().await?;

    let owner = PgPool::connect(config.sides.databases.events_url()?.reveal()).await?;
    let hidden = sqlx::query(
        "delete from live.pupil_days where student_id in
           (select student_id from live.pupil_days where local_date = $1 and scans = 1 order by position limit 1)",
    )
    .bind(date)
    .execute(&owner)
    .await?;
    anyhow::ensure!(hidden.rows_affected() == 1, "no pupil with one scan");
    let hidden_on_board = report().await?;

    // Acknowledged, says the ledger, and the log never had it: a server that answers too early.
    let scan = commands::ids::IdSource::next(&SystemIds);
    ledger.tapped(scan, None, false);
    ledger.acknowledged(scan, 1, Verdict::Quarantined);
    let never_there = report().await?;

    // Taken out of the log behind everybody's back; the board was told before.
    let taken = sqlx::raw_sql(
        "alter table events disable trigger user;
         delete from events where position = (select max(position) from events where event_type = 'scan_recorded');
         alter table events enable trigger user",
    )
    .execute(&owner)
    .await?;
    anyhow::ensure!(taken.rows_affected() == 1, "nothing was taken out");
    let hidden_in_log = report().await?;

    watcher.stop();
    owner.close().await;
    log.close().await;
    running.shutdown().await;
    Ok([whole, hidden_on_board, never_there, hidden_in_log])
}
