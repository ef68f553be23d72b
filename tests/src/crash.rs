//! The crash loop: the program in a process of its own, its Postgres and its NATS are killed, or held
//! and let go, in the middle of a morning, round after round. Kiosks outside keep their own book of what
//! was acknowledged; after each round book, log, receipts, read models and board must agree.
//!
//! `make test` does ten rounds of each; `make crash ROUNDS=100`, or `ROUNDS="200 100 50"` for so many of
//! server, Postgres and NATS, any number. A failing run is repeated by `SEED=…`: the same strikes, though
//! the machine decides what they meet.

pub mod check;
pub mod clients;
pub mod ledger;
mod machine;

use crate::support::{Ack, Line, PATIENCE, SANTIAGO, id};
use anyhow::{Context as _, Result, ensure};
use check::{Counts, audit};
use clients::{Board, Traffic};
use domain::kiosk::LaneMode;
use fastrand::Rng;
use ledger::Ledger;
use machine::{Machine, Target};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Kiosks at work.
const KIOSKS: usize = 4;
/// How long one waits for an answer.
const KIOSK_PATIENCE: Duration = Duration::from_secs(4);
/// Rounds on one installation, so that a long run does not compare ever longer logs.
const ROUNDS_OF_A_LOG: usize = 40;

/// How many rounds of each target, in the order of [`Target::ALL`].
fn wanted() -> Result<[usize; 3]> {
    let text = std::env::var("CRASH_ROUNDS").unwrap_or_default();
    let numbers = text.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>();
    Ok(match numbers.context("CRASH_ROUNDS is a number, or three")?[..] {
        [] => [10; 3],
        [n] => [n; 3],
        [server, postgres, nats] => [server, postgres, nats],
        _ => anyhow::bail!("CRASH_ROUNDS is a number, or three"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_held_at_random_moments_under_load_nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    eprintln!("crash loop: seed {seed}");
    let (mut rng, wanted) = (Rng::with_seed(seed), wanted().unwrap());
    let mut rounds: Vec<Target> =
        Target::ALL.into_iter().zip(wanted).flat_map(|(target, n)| std::iter::repeat_n(target, n)).collect();
    rng.shuffle(&mut rounds);
    let (begun, mut total, mut starts) = (Instant::now(), Counts::default(), Vec::new());
    for rounds in rounds.chunks(ROUNDS_OF_A_LOG) {
        let (counts, took) = morning(rounds, &mut rng).await.unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
        total += counts;
        starts.extend(took);
        eprintln!("crash loop: {} rounds more, {total}, {:.0} s", rounds.len(), begun.elapsed().as_secs_f64());
    }
    starts.sort();
    let [server, postgres, nats] = wanted;
    eprintln!(
        "crash loop: rounds server={server} postgres={postgres} nats={nats}, {total}, {:.0} s; \
         server ready after a kill in {:?} (median), {:?} (longest)",
        begun.elapsed().as_secs_f64(),
        starts.get(starts.len() / 2),
        starts.last(),
    );
    assert!(total.acknowledged > rounds.len(), "{total}");
    assert_eq!((total.lost(), total.doubled()), (0, 0), "seed {seed}: {total}");
}

/// One installation, and some rounds on it.
async fn morning(rounds: &[Target], rng: &mut Rng) -> Result<(Counts, Vec<Duration>)> {
    let (mut machine, school, kiosks) = Machine::start(KIOSKS).await?;
    let ledger = Arc::new(Ledger::new(school.zone));
    let board = Board::open(&machine.base(), school.id);
    let mut traffic = Traffic::of(&machine.base(), Arc::new(school), kiosks, ledger.clone(), KIOSK_PATIENCE);
    let mut counts = Counts::default();
    for (n, target) in rounds.iter().enumerate() {
        traffic.begin();
        let what = machine.strike(*target, rng).await.with_context(|| format!("round {n}"))?;
        traffic.must_go_on(PATIENCE).await.with_context(|| format!("round {n}, {what}"))?;
        traffic.end().await.with_context(|| format!("round {n}, {what}"))?;
        counts = audit(&machine.owner, &machine.base(), traffic.school.id, &ledger, Some(&board))
            .await
            .with_context(|| format!("round {n}, {what}; the server's log: {}", machine.log()))?;
        ensure!(counts.lost() + counts.doubled() == 0, "round {n}, {what}: {counts}");
    }
    board.close();
    Ok((counts, machine.starts.clone()))
}

/// A row that is missing and a row that is there twice must not pass for a good morning.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_counts_what_was_lost_or_doubled_on_purpose() {
    let line = Line::start().await.unwrap();
    let school = line.school(SANTIAGO, 1, 10).await.unwrap();
    let mut kiosk = line.kiosk(&school, "Norte", LaneMode::EntryLane).await.unwrap();
    let ledger = Ledger::new(school.zone);
    for pupil in &school.pupils[..6] {
        let scan = kiosk.scan(&pupil.card, "entry", line.now());
        ledger.taken(&scan, Some(pupil.id));
        let answer: serde_json::Value = kiosk.post(&line, &[scan]).await.unwrap().json().await.unwrap();
        ledger.answered(&answer, false).unwrap();
    }
    let check = async || audit(&line.owner, &line.base, school.id, &ledger, None).await;
    let run = async |sql: &str| {
        let all = format!("alter table events disable trigger user; {sql}; alter table events enable trigger user");
        sqlx::raw_sql(&all).execute(&line.owner).await.unwrap()
    };
    let good = check().await.unwrap();
    assert_eq!((good.acknowledged, good.lost(), good.doubled()), (6, 0, 0), "{good}");

    // On the board one scan too few, then one too many.
    let seen = "select student_id from live.pupil_days order by position limit 1";
    for (change, lost, doubled) in [("- 1", 1, 0), ("+ 1", 0, 1)] {
        run(&format!("update live.pupil_days set scans = scans {change} where student_id = ({seen})")).await;
        let counts = check::board(&line.base, school.id, &ledger).await.unwrap();
        assert_eq!((counts.lost(), counts.doubled()), (lost, doubled), "{counts}");
        let undo = if lost > 0 { "+ 1" } else { "- 1" };
        run(&format!("update live.pupil_days set scans = scans {undo} where student_id = ({seen})")).await;
    }

    // A server that acknowledges before it commits.
    let never = kiosk.scan(&school.pupils[7].card, "entry", line.now());
    let scan_id = never["scan_id"].as_str().unwrap().parse().unwrap();
    ledger.taken(&never, Some(school.pupils[7].id));
    ledger.note(Ack { scan_id, verdict: "accepted".into(), position: 1_000 });
    let counts = check::log(&line.owner, &ledger).await.unwrap();
    assert_eq!((counts.lost_in_log, counts.doubled_in_log), (1, 0), "{counts}");
    ledger.forget(scan_id);

    // A server that stores a repeat again.
    run("insert into events select aggregate_type, aggregate_id, sequence + 1, event_type, event_version, payload,
           metadata, (select max(position) + 1 from events), gen_random_uuid(), school_id, occurred_at, recorded_at, local_date, zone, utc_offset,
           actor, correlation_id from events where event_type = 'scan_recorded' order by position desc limit 1")
    .await;
    let counts = check::log(&line.owner, &ledger).await.unwrap();
    assert_eq!((counts.lost_in_log, counts.doubled_in_log), (0, 1), "{counts}");
    let counts = check().await.unwrap();
    assert!(counts.doubled_in_log == 1 && counts.doubled_on_board <= 1, "{counts}");

    // A log that forgets its end: the position is given again.
    run("delete from events where position > (select min(position) from events where event_type = 'scan_recorded')")
        .await;
    let counts = check::log(&line.owner, &ledger).await.unwrap();
    assert_eq!((counts.lost_in_log, counts.doubled_in_log), (5, 0), "{counts}");
    // A log with a hole, or of another life, or a receipt that says something else, is an error.
    run("delete from events where position = 1").await;
    assert!(format!("{:#}", check::log(&line.owner, &ledger).await.unwrap_err()).contains("dense"));
    sqlx::query("update log_epoch set epoch = $1").bind(id()).execute(&line.owner).await.unwrap();
    assert!(format!("{:#}", check::log(&line.owner, &ledger).await.unwrap_err()).contains("epoch"));
}
