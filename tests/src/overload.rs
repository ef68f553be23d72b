//! Three times as much as the server can do: it stays small, says when to come back, forgets nobody who is
//! quiet, loses nothing that it acknowledged, and is itself again when the flood is over.

use crate::process::Server;
use crate::support::{Ack, Kiosk, Line, SANTIAGO, School, ack, durable_postgres, id, own_nats};
use crate::wire::{Answer, Wire, post};
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, SystemClock};
use domain::kiosk::LaneMode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use web::serve::{Part, Parts};

/// Kiosk queues of the school that floods, a connection each.
const FLOOD: usize = 1_000;
/// Scans in one of its batches.
const BATCH: usize = 20;
/// What the server's memory may grow to.
const MEMORY: u64 = 256 << 20;
/// Batches that wait at once in the closed loop that measures what the server can do.
const CLOSED: usize = 48;

#[tokio::test(flavor = "multi_thread")]
async fn three_times_the_capacity_leaves_the_server_small_fair_and_whole() {
    println_figures(&overload("overload", Duration::from_secs(12)).await.unwrap());
}

/// By hand: `cargo test -p e2e -p workspace-features overload -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes over a minute"]
async fn for_a_whole_minute_too() {
    println_figures(&overload("overload-minute", Duration::from_secs(60)).await.unwrap());
}

/// A queue of a kiosk: its next batch is the one that was not acknowledged yet.
struct Sender {
    kiosk: Kiosk,
    /// Made with the first request: a connection that says nothing is closed.
    wire: Option<Wire>,
    batch: String,
}

impl Sender {
    fn new(scene: &Scene, kiosk: usize) -> Self {
        let kiosk = scene.kiosks[kiosk % scene.kiosks.len()].clone();
        let kiosk = Kiosk { queue: id(), acks: Vec::new(), ..kiosk };
        let mut sender = Self { kiosk, wire: None, batch: String::new() };
        sender.next(scene, &scene.flooding);
        sender
    }

    /// Mints the next batch.
    fn next(&mut self, scene: &Scene, school: &School) {
        let now = SystemClock.now();
        let scans: Vec<Value> = (0..BATCH)
            .map(|_| self.kiosk.scan(&school.pupils[fastrand::usize(..school.pupils.len())].card, "entry", now))
            .collect();
        let mut body = self.kiosk.batch(&scans, now);
        // More waits, it says: a drained queue would be one more event for each batch.
        body["queue_depth"] = 1.into();
        let path = format!("/api/v1/kiosks/{}/scans", self.kiosk.id);
        self.batch = post(&scene.address, &path, &self.kiosk.secret, &body.to_string());
    }

    /// Sends its batch once; gives the answer if it is not acknowledged, else another one is ready.
    async fn send(&mut self, scene: &Scene) -> Result<Option<Answer>> {
        let wire = match &mut self.wire {
            Some(wire) => wire,
            None => self.wire.insert(Wire::connect(&scene.address).await?),
        };
        let answer = wire.ask(&self.batch).await?;
        if answer.status != 200 {
            return Ok(Some(answer));
        }
        let body: Value = serde_json::from_str(&answer.body)?;
        let items = body["items"].as_array().context("items")?;
        ensure!(items.len() == BATCH, "{} of {BATCH} answered", items.len());
        self.kiosk.acks.extend(items.iter().map(ack));
        self.next(scene, &scene.flooding);
        Ok(None)
    }
}

struct Scene {
    line: Line,
    server: Server,
    address: String,
    flooding: School,
    kiosks: Vec<Kiosk>,
    quiet: School,
}

/// What was seen.
#[derive(Debug, Default)]
struct Figures {
    /// Batches a second in the closed loop.
    capacity: f64,
    /// Batches a second that were sent in the flood, and how many of them were stored.
    offered: f64,
    stored: f64,
    refused: usize,
    /// Answers to the quiet school, sorted.
    quiet: Vec<Duration>,
    memory_before: u64,
    memory: u64,
    queue: f64,
    recovered: Duration,
    acknowledged: usize,
}

impl Figures {
    /// Seconds that an answer may take: a scan waits for the transaction under way and for its own, which a
    /// flood fills to the brim. How long those take is the machine's.
    fn promptly(&self) -> f64 {
        0.5 + 4.0 * 1_000.0 / (self.capacity * BATCH as f64)
    }
}

async fn overload(name: &str, time: Duration) -> Result<Figures> {
    let postgres = durable_postgres(name).await?;
    let nats = own_nats(&format!("{name}-nats")).await?;
    let mut line = Line::on_cluster(&postgres, None, Parts::from_only(&[Part::Http, Part::Projections])).await?;
    let (flooding, quiet) = (line.school(SANTIAGO, 2, 20).await?, line.school(SANTIAGO, 1, 5).await?);
    let mut kiosks = Vec::new();
    for n in 0..16 {
        kiosks.push(line.kiosk(&flooding, &format!("Puerta {n}"), LaneMode::Choice).await?);
    }
    let quiet_kiosk = line.kiosk(&quiet, "Norte", LaneMode::Choice).await?;
    line.close().await;
    let server = Server::start(&postgres, Some(&nats)).await?;
    line.base = server.base.clone();
    line.clock.set(SystemClock.now());
    let address = server.base.trim_start_matches("http://").to_owned();
    let scene = Arc::new(Scene { line, server, address, flooding, kiosks, quiet });

    let mut figures = Figures::default();
    let (capacity, mut acks) = measure(&scene, Duration::from_secs(3)).await?;
    figures.capacity = capacity;
    figures.memory_before = scene.server.memory()?;

    let over = CancellationToken::new();
    let watching = tokio::spawn(watch(scene.clone(), over.clone()));
    let calm = tokio::spawn(stay_quiet(scene.clone(), quiet_kiosk, over.clone()));
    let flood = flood(&scene, capacity * 3.0, time).await?;
    let ended = Instant::now();
    figures.offered = flood.sent as f64 / time.as_secs_f64();
    figures.stored = (flood.acks.len() / BATCH) as f64 / time.as_secs_f64();
    figures.refused = flood.refused;
    acks.extend(flood.acks);

    // Itself again: what waited is stored, and the school that flooded is served at once.
    let mut sender = Sender::new(&scene, 0);
    loop {
        let begun = Instant::now();
        let answer = sender.send(&scene).await?;
        let (took, waiting) = (begun.elapsed(), queue(&scene.server).await?);
        // The quiet school goes on, and a scan of it may wait.
        if answer.is_none() && took.as_secs_f64() < figures.promptly() && waiting < BATCH as f64 {
            break;
        }
        ensure!(
            ended.elapsed() < Duration::from_secs(10),
            "not itself again: {answer:?} after {took:?}, {waiting} wait"
        );
        sleep(Duration::from_millis(100)).await;
    }
    figures.recovered = ended.elapsed();
    acks.extend(sender.kiosk.acks);
    over.cancel();
    (figures.memory, figures.queue) = watching.await??;
    let (quiet_acks, mut quiet) = calm.await??;
    quiet.sort();
    figures.quiet = quiet;
    acks.extend(quiet_acks);

    assert_overload(&figures, &flood.waits);
    figures.acknowledged = scene.line.must_hold(&acks).await?;
    scene.line.must_equal_a_rebuild().await?;
    let scene = Arc::into_inner(scene).context("everybody has ended")?;
    scene.server.stop().await?;
    Ok(figures)
}

fn assert_overload(figures: &Figures, waits: &BTreeSet<u64>) {
    assert!(figures.offered > figures.capacity * 1.5, "no overload: {figures:?}");
    assert!(figures.refused > 100, "{figures:?}");
    assert!(waits.len() > 1 && waits.iter().all(|wait| (1..=5).contains(wait)), "Retry-After: {waits:?}");
    assert!(figures.stored > figures.capacity / 4.0, "the flood stopped the work: {figures:?}");
    assert!(figures.memory < MEMORY, "{figures:?}");
    assert!(figures.queue <= 20_000.0, "{figures:?}");
    // None of its scans was refused (`stay_quiet`).
    let half = figures.quiet.get(figures.quiet.len() / 2).expect("the quiet school was answered");
    assert!(half.as_secs_f64() < figures.promptly(), "{figures:?}");
}

/// Batches a second that the server stores when a few senders never pause.
async fn measure(scene: &Arc<Scene>, time: Duration) -> Result<(f64, Vec<Ack>)> {
    let mut senders = JoinSet::new();
    let end = Instant::now() + time;
    for n in 0..CLOSED {
        let scene = scene.clone();
        senders.spawn(async move {
            let mut sender = Sender::new(&scene, n);
            while Instant::now() < end {
                sender.send(&scene).await?;
            }
            anyhow::Ok(sender.kiosk.acks)
        });
    }
    let mut acks = Vec::new();
    while let Some(done) = senders.join_next().await {
        acks.extend(done??);
    }
    Ok(((acks.len() / BATCH) as f64 / time.as_secs_f64(), acks))
}

#[derive(Default)]
struct Flood {
    sent: usize,
    refused: usize,
    waits: BTreeSet<u64>,
    acks: Vec<Ack>,
}

/// Sends so many batches a second, whatever the answers are: each queue at its own times, which it
/// misses only while its last batch is still unanswered.
async fn flood(scene: &Arc<Scene>, rate: f64, time: Duration) -> Result<Flood> {
    let every = Duration::from_secs_f64(FLOOD as f64 / rate);
    let mut senders = JoinSet::new();
    let begun = Instant::now();
    for n in 0..FLOOD {
        let scene = scene.clone();
        senders.spawn(async move {
            let (mut sender, mut mine) = (Sender::new(&scene, n), Flood::default());
            let mut next = begun + every.mul_f64(fastrand::f64());
            while next < begun + time {
                sleep_until(next).await;
                mine.sent += 1;
                if let Some(refusal) = sender.send(&scene).await? {
                    mine.refused += 1;
                    mine.waits.insert(checked(&refusal)?);
                }
                while next <= Instant::now() {
                    next += every;
                }
            }
            mine.acks = sender.kiosk.acks;
            anyhow::Ok(mine)
        });
    }
    let mut all = Flood::default();
    while let Some(done) = senders.join_next().await {
        let one = done??;
        all.sent += one.sent;
        all.refused += one.refused;
        all.waits.extend(one.waits);
        all.acks.extend(one.acks);
    }
    Ok(all)
}

/// A refusal says why, and when to come back: too much waits, or the database did not get to it in time.
fn checked(refusal: &Answer) -> Result<u64> {
    ensure!(refusal.status == 503, "{refusal:?}");
    ensure!(refusal.header("content-type") == Some("application/problem+json"), "{refusal:?}");
    let body: Value = serde_json::from_str(&refusal.body)?;
    ensure!(body["code"] == "overloaded" || body["code"] == "unavailable", "{refusal:?}");
    refusal.header("retry-after").context("Retry-After")?.parse().context("Retry-After")
}

async fn queue(server: &Server) -> Result<f64> {
    server.figure("batcher_queue_scans").await
}

/// The most memory and the longest queue, until told to stop; the server always says that it lives.
async fn watch(scene: Arc<Scene>, over: CancellationToken) -> Result<(u64, f64)> {
    let (mut memory, mut longest) = (0, 0.0_f64);
    while !over.is_cancelled() {
        memory = memory.max(scene.server.memory()?);
        longest = longest.max(queue(&scene.server).await?);
        ensure!(scene.server.is_ready().await, "not ready under load");
        sleep(Duration::from_millis(200)).await;
    }
    Ok((memory, longest))
}

/// One pupil after the other enters a quiet school: no scan of it may be refused because others send much.
/// What a slow machine does not get to in time is sent again, as from every kiosk.
async fn stay_quiet(scene: Arc<Scene>, mut kiosk: Kiosk, over: CancellationToken) -> Result<(Vec<Ack>, Vec<Duration>)> {
    let (mut wire, mut times) = (Wire::connect(&scene.address).await?, Vec::new());
    let path = format!("/api/v1/kiosks/{}/scans", kiosk.id);
    while !over.is_cancelled() {
        let now = SystemClock.now();
        let card = &scene.quiet.pupils[times.len() % scene.quiet.pupils.len()].card;
        let scan = kiosk.scan(card, "entry", now);
        let request = post(&scene.address, &path, &kiosk.secret, &kiosk.batch(&[scan], now).to_string());
        let begun = Instant::now();
        let answer = loop {
            let answer = wire.ask(&request).await?;
            if answer.status == 200 {
                break answer;
            }
            ensure!(answer.body.contains("\"code\":\"unavailable\""), "a quiet school was refused: {answer:?}");
        };
        times.push(begun.elapsed());
        let body: Value = serde_json::from_str(&answer.body)?;
        kiosk.acks.push(ack(&body["items"][0]));
        sleep(Duration::from_millis(100)).await;
    }
    Ok((kiosk.acks, times))
}

#[expect(clippy::print_stdout, reason = "the measured figures, seen with --nocapture")]
fn println_figures(figures: &Figures) {
    let percentile = |p: usize| figures.quiet[(figures.quiet.len() - 1) * p / 100];
    println!(
        "can do {:.0} scans/s; sent {:.0}/s, stored {:.0}/s, {} batches refused; quiet school: half within {:?}, \
         99 % within {:?}, slowest {:?}; memory {} MB before, {} MB at most; queue {} at most; itself again after {:?}; \
         {} acknowledged, each in the log once",
        figures.capacity * BATCH as f64,
        figures.offered * BATCH as f64,
        figures.stored * BATCH as f64,
        figures.refused,
        percentile(50),
        percentile(99),
        percentile(100),
        figures.memory_before >> 20,
        figures.memory >> 20,
        figures.queue,
        figures.recovered,
        figures.acknowledged,
    );
}
