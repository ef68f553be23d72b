//! The demo's `lost` counts: a morning loses nothing, and a row hidden on purpose is missed.

use crate::process;
use crate::support::PATIENCE;
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, ScaledClock};
use commands::ids::SystemIds;
use domain::account::StaffRole;
use domain::values::zone;
use kiosk_protocol::Verdict;
use local_services::testing::scratch;
use sqlx::PgPool;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use web::demo::ledger::Ledger;
use web::demo::morning::Plan;
use web::demo::outside::{Outside, PAGE};
use web::demo::report::{Report, compare};
use web::demo::stage::{Stage, ZONE};
use web::demo::{self, kiosk, people, watch};

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

#[tokio::test(flavor = "multi_thread")]
async fn the_program_finds_its_data_again_and_no_server_outlives_it() {
    let folder = scratch("demo-program");
    let outcome = mornings(&folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    outcome.unwrap();
}

/// Every family whose pupil did not come has the alarm, and none has it twice at one telephone or in one mailbox.
fn each_family_once(report: &serde_json::Value) -> Result<()> {
    let told = &report["notices"];
    let of = |name: &str| told[name].as_i64().context("a count");
    ensure!(of("due")? > 20 && of("due")? == of("told")? && of("lost")? == 0, "{told}");
    ensure!(of("doubled")? == 0, "{told}");
    // Both ways are used: a good part opted in, and all others have a mailbox.
    ensure!(of("messages")? > 10 && of("mails")? > 10, "{told}");
    Ok(())
}

/// Two mornings on one folder, each by a program that ends by itself, and a third one that is killed.
async fn mornings(folder: &Path) -> Result<()> {
    let dir = folder.to_str().context("a folder's name")?.to_owned();
    let words = ["demo", "--headless", "--speed", "600", "--until-done", "--json", "--dir", &dir];
    let mut stored = 0;
    for morning in 1..=2 {
        let printed = process::run(&words)?;
        let objects: Vec<&str> = printed.lines().filter(|line| line.starts_with('{')).collect();
        let [object] = objects[..] else { anyhow::bail!("not one object: {printed}") };
        let report: serde_json::Value = serde_json::from_str(object)?;
        ensure!(report["lost"] == 0 && report["invented"] == 0, "{report}");
        ensure!(report["acknowledged"] == report["scans_sent"] && report["stored"] == report["scans_sent"], "{report}");
        ensure!(report["scans_sent"].as_i64() > Some(1_000), "{report}");
        stored += report["stored"].as_i64().context("stored")?;
        ensure!(servers_of(&dir)?.is_empty(), "after morning {morning}: {:?}", servers_of(&dir)?);
        each_family_once(&report)?;
    }

    let stage = Stage::open(folder, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let log = stage.log_pool().await?;
    let both = "select count(distinct e.school_id) filter (where aggregate_type = 'school'),
                  count(*) filter (where event_type = 'scan_recorded')
                  + count(*) filter (where (aggregate_type, event_type) = ('quarantine', 'received')) from events e";
    let (schools, scans): (i64, i64) = sqlx::query_as(both).fetch_one(&log).await?;
    ensure!((schools, scans) == (1, stored), "{schools} schools, {scans} of {stored} scans");
    log.close().await;
    drop(stage);

    let mut killed = process::command(&["demo", "--headless", "--speed", "1", "--dir", &dir])?.spawn()?;
    let within = |begun: Instant| begun.elapsed() < PATIENCE;
    let begun = Instant::now();
    let mut servers = servers_of(&dir)?;
    while servers.len() < 2 && within(begun) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        servers = servers_of(&dir)?;
    }
    ensure!(servers.len() >= 2, "it starts no servers: {:?}, {servers:?}", killed.try_wait()?);
    killed.kill()?;
    killed.wait()?;
    let begun = Instant::now();
    while !servers_of(&dir)?.is_empty() && within(begun) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(servers_of(&dir)?.is_empty(), "left behind: {:?}", servers_of(&dir)?);
    Ok(())
}

/// The Postgres and NATS servers that keep their data in a folder, by their command lines.
fn servers_of(dir: &str) -> Result<Vec<String>> {
    let processes = std::fs::read_dir("/proc")?.filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    let server = |line: &String| {
        let program = line.split(' ').next().unwrap_or_default();
        line.contains(dir) && (program.ends_with("postgres") || program.ends_with("nats-server"))
    };
    Ok(processes.filter(server).collect())
}

/// Replays a morning, then hides one thing after the other; a report each.
async fn morning(folder: &Path) -> Result<[Report; 4]> {
    let stage = Stage::open(folder, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let clock = Arc::new(ScaledClock::starting_at(stage.clock_start().await?, 1.0));
    let config = stage.config();
    let mut outside = Outside::start(clock.clone()).await?;
    let running = demo::serve(&stage, &mut outside, clock.clone()).await?;
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
    let people = people::enrol(running.state().context("HTTP runs")?, school.school_id).await?;
    // Nobody is signed in on the page of telephones and mailboxes.
    let page = workers::outbound::loopback().build()?.get(format!("{base}{PAGE}")).send().await?.text().await?;
    ensure!(page.contains("class=\"telephones\""), "{page}");
    let http = people::sign_in(&base, &people, StaffRole::Inspector).await?.build()?;
    let watcher = watch::Watcher::start(http.clone(), &base, school.school_id, ledger.clone()).await?;
    let begun = Instant::now();
    let kiosks = kiosk::replay(&base, &school, &plan, clock.clone(), ledger.clone()).await?;
    let took = begun.elapsed();
    clock.set(plan.end);
    clock.set_rate(1.0);
    kiosk::all_quiet(&kiosks).await;
    watcher.catch_up(Duration::from_secs(30)).await;
    let log = stage.log_pool().await?;
    let report = async || compare(&http, &base, &school, date, &ledger, &log, took).await;
    let whole = report().await?;

    let owner = PgPool::connect(config.sides.databases.events_url()?.reveal()).await?;
    let hidden = sqlx::query(
        "delete from live.pupil_days where student_id in
           (select student_id from live.pupil_days where local_date = $1 and scans = 1 order by position limit 1)",
    )
    .bind(date)
    .execute(&owner)
    .await?;
    ensure!(hidden.rows_affected() == 1, "no pupil with one scan");
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
    ensure!(taken.rows_affected() == 1, "nothing was taken out");
    let hidden_in_log = report().await?;

    watcher.stop();
    owner.close().await;
    log.close().await;
    running.shutdown().await;
    Ok([whole, hidden_on_board, never_there, hidden_in_log])
}
