//! Whatever happens between the log and the read models, every read model ends with exactly the rows
//! that a rebuild gives, and nothing that a kiosk was told is stored is missing.

use crate::support::{Ack, Kiosk, Line, PATIENCE, SANTIAGO, School, carried, eventually, id, own_nats, own_postgres};
use anyhow::{Context as _, Result, ensure};
use async_nats::jetstream;
use domain::kiosk::LaneMode;
use local_services::{NatsServer, PostgresCluster};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use web::serve::{Part, Parts};

/// Two kiosks at the gates of a small school.
struct Gates {
    school: School,
    kiosks: Vec<Kiosk>,
}

impl Gates {
    async fn of(line: &Line) -> Result<Self> {
        let school = line.school(SANTIAGO, 2, 20).await?;
        let mut kiosks = Vec::new();
        for (gate, mode) in [("Norte", LaneMode::EntryLane), ("Sur", LaneMode::Choice)] {
            kiosks.push(line.kiosk(&school, gate, mode).await?);
        }
        Ok(Self { school, kiosks })
    }

    /// So many batches from each kiosk: known cards, a card of nobody, an item that cannot be read.
    async fn tap(&mut self, line: &Line, batches: usize) -> Result<usize> {
        let mut failed = 0;
        for _ in 0..batches {
            for kiosk in &mut self.kiosks {
                failed += tap_once(line, &self.school, kiosk).await?;
            }
        }
        Ok(failed)
    }

    /// Everything acknowledged is in the log, and every read model is what a rebuild gives.
    async fn check(&self, line: &Line) -> Result<()> {
        line.must_equal_a_rebuild().await?;
        let held = line.must_hold(self.kiosks.iter().flat_map(|k| &k.acks)).await?;
        ensure!(held > 0, "nothing was acknowledged");
        Ok(())
    }
}

async fn tap_once(line: &Line, school: &School, kiosk: &mut Kiosk) -> Result<usize> {
    line.clock.advance(chrono::TimeDelta::milliseconds(700));
    let now = line.now();
    let mut scans: Vec<Value> = (0..4)
        .map(|_| {
            let pupil = &school.pupils[fastrand::usize(..school.pupils.len())];
            let direction = if fastrand::u8(..4) == 0 { "exit" } else { "entry" };
            kiosk.scan(&pupil.card, direction, now)
        })
        .collect();
    if fastrand::u8(..3) == 0 {
        scans.push(kiosk.scan("CARD OF NOBODY", "entry", now));
        let mut unreadable = kiosk.scan("X", "entry", now);
        unreadable["direction"] = "sideways".into();
        scans.push(unreadable);
    }
    Ok(kiosk.deliver(line, &scans).await?.1)
}

/// A kiosk that goes on posting while something breaks.
struct Traffic {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Result<Vec<Kiosk>>>,
}

impl Traffic {
    /// Keeps `kiosks` busy; the line is shared.
    fn start(line: &Arc<Line>, school: Arc<School>, kiosks: Vec<Kiosk>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (until, line) = (stop.clone(), line.clone());
        let task = tokio::spawn(async move {
            let mut kiosks = kiosks;
            while !until.load(Ordering::Relaxed) {
                for kiosk in &mut kiosks {
                    tap_once(&line, &school, kiosk).await?;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(kiosks)
        });
        Self { stop, task }
    }

    async fn end(self) -> Result<Vec<Kiosk>> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

/// Waits until JetStream holds every event of the log once and in order.
async fn holds_the_log(url: &str, line: &Line) -> Result<()> {
    eventually("JetStream holds the log", async || {
        let head = nats::log::head(&line.owner).await?.position;
        Ok(carried(url).await? == (1..=head).collect::<Vec<_>>())
    })
    .await
}

async fn log_length(line: &Line) -> Result<u64> {
    Ok(u64::try_from(nats::log::head(&line.owner).await?.position)?)
}

fn no_workers() -> Parts {
    Parts::from_only(&[Part::Http, Part::Relay, Part::Projections])
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_the_read_models_end_as_a_rebuild_gives_them() {
    let mut line = Line::start().await.unwrap();
    let mut gates = Gates::of(&line).await.unwrap();
    gates.tap(&line, 10).await.unwrap();
    gates.check(&line).await.unwrap();
    // And it goes on after the swap.
    gates.tap(&line, 2).await.unwrap();
    gates.check(&line).await.unwrap();
    line.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_away_for_a_while_and_its_store_deleted_change_no_row() {
    let postgres = own_postgres("transport-nats-pg").await.unwrap();
    let mut nats = own_nats("transport-nats").await.unwrap();
    let line = Line::on_cluster(&postgres, Some(&nats), no_workers()).await.unwrap();
    let mut gates = Gates::of(&line).await.unwrap();
    gates.tap(&line, 3).await.unwrap();
    let whole = async |url: String| holds_the_log(&url, &line).await;
    whole(nats.url()).await.unwrap();

    nats.stop();
    let failed = gates.tap(&line, 4).await.unwrap();
    assert_eq!(failed, 0, "a kiosk noticed that NATS is away");
    gates.check(&line).await.unwrap();
    nats.resume().await.unwrap();
    gates.tap(&line, 2).await.unwrap();
    whole(nats.url()).await.unwrap();
    gates.check(&line).await.unwrap();

    nats.stop();
    nats.wipe().unwrap();
    gates.tap(&line, 2).await.unwrap();
    nats.resume().await.unwrap();
    gates.tap(&line, 2).await.unwrap();
    whole(nats.url()).await.unwrap();
    gates.check(&line).await.unwrap();

    // Frozen: connections stand and nobody answers.
    nats.signal("STOP").unwrap();
    let failed = gates.tap(&line, 3).await.unwrap();
    assert_eq!(failed, 0, "a kiosk noticed that NATS is frozen");
    gates.check(&line).await.unwrap();
    nats.signal("CONT").unwrap();
    gates.tap(&line, 2).await.unwrap();
    gates.check(&line).await.unwrap();
}

/// Publishes a message again, under another id and without what its relay expected before it:
/// JetStream's own care must not be what saves the readers.
async fn repeat(context: &jetstream::Context, stream: &jetstream::stream::Stream, sequence: u64) -> Result<()> {
    let message = stream.get_raw_message(sequence).await?;
    let mut headers = async_nats::HeaderMap::new();
    for (name, values) in message.headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-")) {
        values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
    }
    headers.insert("Nats-Msg-Id", id().to_string().as_str());
    context.publish_with_headers(message.subject.clone(), headers, message.payload).await?.await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_dropped_repeated_and_out_of_order_change_no_row() {
    let postgres = own_postgres("transport-drop-pg").await.unwrap();
    let nats = own_nats("transport-drop").await.unwrap();
    let mut line =
        Line::on_cluster(&postgres, Some(&nats), Parts::from_only(&[Part::Http, Part::Relay])).await.unwrap();
    let mut gates = Gates::of(&line).await.unwrap();
    gates.tap(&line, 30).await.unwrap();
    holds_the_log(&nats.url(), &line).await.unwrap();
    // Nobody repairs and nobody reads: what is broken now is what the projectors will meet.
    line.close().await;
    let context = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = context.get_stream("attendance").await.unwrap();
    let length = stream.cached_info().state.messages;
    let (mut dropped, mut repeated) = (0, 0);
    for sequence in (1..=length).rev() {
        if fastrand::u8(..4) == 0 {
            repeat(&context, &stream, sequence).await.unwrap();
            repeated += 1;
        }
        if fastrand::u8(..3) == 0 {
            stream.delete_message(sequence).await.unwrap();
            dropped += 1;
        }
    }
    assert!(dropped > 10 && repeated > 10, "{dropped} dropped, {repeated} repeated of {length}");
    line.open(Parts::from_only(&[Part::Http, Part::Projections])).await.unwrap();
    gates.tap(&line, 2).await.unwrap();
    gates.check(&line).await.unwrap();

    // With a relay that finds the stream in this state, and repeats of the past between what is new.
    let relay = line.another(&[Part::Relay]).await.unwrap();
    gates.tap(&line, 2).await.unwrap();
    gates.check(&line).await.unwrap();
    for sequence in [1, length / 2, length - 1] {
        gates.tap(&line, 1).await.unwrap();
        // Gone, or the stream is being made again: then there is nothing to repeat.
        let _ = repeat(&context, &stream, sequence).await;
    }
    gates.tap(&line, 2).await.unwrap();
    gates.check(&line).await.unwrap();
    eventually("the relay brings the stream back to the log's end", async || {
        let last = published_position(&context).await?;
        Ok(last == ::nats::log::head(&line.owner).await?.position)
    })
    .await
    .unwrap();
    relay.shutdown().await;
    line.close().await;
}

/// The position of the stream's last message.
async fn published_position(context: &jetstream::Context) -> Result<i64> {
    let mut stream = context.get_stream("attendance").await?;
    let last = stream.info().await?.state.last_sequence;
    let message = stream.get_raw_message(last).await?;
    Ok(message.headers.get("Att-Position").context("a position")?.as_str().parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_restarted_and_killed_under_load_loses_nothing_and_changes_no_row() {
    let nats = own_nats("transport-pg-nats").await.unwrap();
    restart_postgres("transport-pg", Some(&nats)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_postgres_restarted_and_killed_under_load_loses_nothing_and_changes_no_row() {
    restart_postgres("transport-pg-alone", None).await;
}

async fn restart_postgres(name: &str, nats: Option<&NatsServer>) {
    let mut postgres = own_postgres(name).await.unwrap();
    let line = Arc::new(Line::on_cluster(&postgres, nats, no_workers()).await.unwrap());
    let Gates { school, kiosks } = Gates::of(&line).await.unwrap();
    let school = Arc::new(school);
    let traffic = Traffic::start(&line, school.clone(), kiosks);
    for how in ["stop", "kill"] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        if how == "kill" {
            // With fsync off a killed server still keeps what the system has: the machine lives on.
            postgres.signal("KILL").unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        postgres.stop();
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::time::timeout(PATIENCE, postgres.resume()).await.context(how).unwrap().unwrap();
        let length = eventual_length(&line).await.unwrap();
        let again = eventually("scans are taken again", async || {
            Ok(traffic.task.is_finished() || log_length(&line).await? > length)
        });
        again.await.unwrap();
        if traffic.task.is_finished() {
            break;
        }
    }
    let kiosks = traffic.end().await.unwrap();
    line.must_equal_a_rebuild().await.unwrap();
    assert!(line.must_hold(kiosks.iter().flat_map(|k| &k.acks)).await.unwrap() > 0);
}

async fn eventual_length(line: &Line) -> Result<u64> {
    eventually("the log can be read again", async || Ok(log_length(line).await.is_ok())).await?;
    log_length(line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_and_two_sets_of_projectors_at_once_change_no_row() {
    let nats = own_nats("transport-two").await.unwrap();
    let (line, _postgres) = run_twice("transport-two-pg", Some(&nats)).await;
    holds_the_log(&nats.url(), &line).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_two_sets_of_projectors_at_once_change_no_row() {
    run_twice("transport-two-alone", None).await;
}

async fn run_twice(name: &str, nats: Option<&NatsServer>) -> (Arc<Line>, PostgresCluster) {
    let postgres = own_postgres(name).await.unwrap();
    let line = Arc::new(Line::on_cluster(&postgres, nats, no_workers()).await.unwrap());
    let second = line.another(&[Part::Relay, Part::Projections]).await.unwrap();
    let Gates { school, kiosks } = Gates::of(&line).await.unwrap();
    let traffic = Traffic::start(&line, Arc::new(school), kiosks);
    tokio::time::sleep(Duration::from_millis(700)).await;
    // The one that leads may be this one: then the other takes over.
    second.shutdown().await;
    let third = line.another(&[Part::Relay, Part::Projections]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let kiosks = traffic.end().await.unwrap();
    line.must_equal_a_rebuild().await.unwrap();
    line.must_hold(kiosks.iter().flat_map(|k| &k.acks)).await.unwrap();
    third.shutdown().await;
    (line, postgres)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_sees_one_column_of_one_row_and_one_scan_that_is_not_in_the_log() {
    let line = Line::start().await.unwrap();
    let mut gates = Gates::of(&line).await.unwrap();
    gates.tap(&line, 2).await.unwrap();
    gates.check(&line).await.unwrap();
    let missed = Ack { scan_id: id(), verdict: "accepted".into(), position: 1 };
    assert!(line.must_hold([&missed]).await.is_err());
    for change in [
        "update live.pupil_days set scans = scans + 1 where position = (select max(position) from live.pupil_days)",
        "delete from audit.entries where position = 2",
        "update roster.students set enrolled_from = enrolled_from + 1 where position = (select min(position) from roster.students)",
    ] {
        let changed = sqlx::query(change).execute(&line.owner).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{change}");
        assert!(line.must_equal_a_rebuild().await.is_err(), "not seen: {change}");
        // The rebuild has put it right again.
        line.must_equal_a_rebuild().await.unwrap();
    }
}
