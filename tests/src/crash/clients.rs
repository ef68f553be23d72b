//! The world outside the server: kiosks that resend the same ids until they are answered, and an open
//! board that comes back whenever its stream ends.

use super::ledger::Ledger;
use crate::support::{Kiosk, School, signed_in};
use anyhow::{Context as _, Result, bail, ensure};
use commands::clock::{Clock as _, SystemClock};
use domain::SchoolId;
use fastrand::Rng;
use futures::StreamExt as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long it goes on before the run counts as failed.
const STUBBORNNESS: Duration = Duration::from_secs(90);

/// A client of this machine.
pub fn http(timeout: Duration) -> Result<reqwest::Client> {
    Ok(signed_in().timeout(timeout).build()?)
}

/// Kiosks at work.
pub struct Traffic {
    /// Their school.
    pub school: Arc<School>,
    gate: Arc<Gate>,
    idle: Vec<(Kiosk, Rng)>,
    busy: Vec<JoinHandle<Result<(Kiosk, Rng)>>>,
}

struct Gate {
    base: String,
    http: reqwest::Client,
    school: Arc<School>,
    ledger: Arc<Ledger>,
    stop: AtomicBool,
    /// Batches answered by each kiosk.
    answered: Vec<AtomicUsize>,
    refusals: Refusals,
    /// Tries without an answer of 200.
    failed: AtomicUsize,
}

/// How often kiosks were told to come back later.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<AtomicUsize>);

impl Refusals {
    /// So far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Traffic {
    /// Kiosks that do nothing yet; each will wait for an answer for so long.
    pub fn of(base: &str, school: Arc<School>, kiosks: Vec<Kiosk>, ledger: Arc<Ledger>, patience: Duration) -> Self {
        let mut rng = Rng::new();
        let gate = Gate {
            base: base.to_owned(),
            http: http(patience).expect("a client without settings that could be wrong"),
            school: school.clone(),
            ledger,
            stop: AtomicBool::new(false),
            answered: kiosks.iter().map(|_| AtomicUsize::new(0)).collect(),
            refusals: Refusals::default(),
            failed: AtomicUsize::new(0),
        };
        let idle = kiosks.into_iter().map(|kiosk| (kiosk, rng.fork())).collect();
        Self { school, gate: Arc::new(gate), idle, busy: Vec::new() }
    }

    /// How often a try failed, in whatever way.
    pub fn failed(&self) -> usize {
        self.gate.failed.load(Ordering::SeqCst)
    }

    /// Counts the answers 503.
    pub fn refusals(&self) -> Refusals {
        self.gate.refusals.clone()
    }

    /// Everybody begins to tap.
    pub fn begin(&mut self) {
        self.gate.stop.store(false, Ordering::SeqCst);
        for (n, (kiosk, rng)) in self.idle.drain(..).enumerate() {
            self.busy.push(tokio::spawn(work(self.gate.clone(), n, kiosk, rng)));
        }
    }

    /// Waits until every kiosk is answered again.
    pub async fn must_go_on(&self, at_most: Duration) -> Result<()> {
        let count = || self.gate.answered.iter().map(|n| n.load(Ordering::SeqCst)).collect::<Vec<_>>();
        let (begun, before) = (Instant::now(), count());
        while count().iter().zip(&before).any(|(now, before)| now < &(before + 2)) {
            ensure!(begun.elapsed() < at_most, "kiosks are not answered within {at_most:?}");
            if self.busy.iter().any(JoinHandle::is_finished) {
                // It says why when it is waited for.
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// No new taps; everything that was sent is acknowledged.
    pub async fn end(&mut self) -> Result<()> {
        self.gate.stop.store(true, Ordering::SeqCst);
        for kiosk in self.busy.drain(..) {
            self.idle.push(kiosk.await??);
        }
        Ok(())
    }
}

async fn work(gate: Arc<Gate>, n: usize, mut kiosk: Kiosk, mut rng: Rng) -> Result<(Kiosk, Rng)> {
    while !gate.stop.load(Ordering::SeqCst) {
        let now = SystemClock.now();
        let mut scans = Vec::new();
        for _ in 0..rng.usize(1..=5) {
            let pupil = &gate.school.pupils[rng.usize(..gate.school.pupils.len())];
            let nobody = rng.u8(..20) == 0;
            let scan = kiosk.scan(if nobody { "CARD OF NOBODY" } else { &pupil.card }, "entry", now);
            gate.ledger.taken(&scan, (!nobody).then_some(pupil.id));
            scans.push(scan);
        }
        let answer = deliver(&gate, &kiosk, &scans, &mut rng).await?;
        gate.ledger.answered(&answer, false)?;
        gate.answered[n].fetch_add(1, Ordering::SeqCst);
        if rng.u8(..10) == 0 {
            // As if the answer had been lost on the way.
            let again = deliver(&gate, &kiosk, &scans, &mut rng).await?;
            gate.ledger.answered(&again, true)?;
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(..15))).await;
    }
    Ok((kiosk, rng))
}

/// Sends a batch, with the same ids again and again, until it is answered.
async fn deliver(gate: &Gate, kiosk: &Kiosk, scans: &[Value], rng: &mut Rng) -> Result<Value> {
    let body = kiosk.batch(scans, SystemClock.now()).to_string();
    let url = format!("{}/api/v1/kiosks/{}/scans", gate.base, kiosk.id);
    let begun = Instant::now();
    loop {
        let request = gate.http.post(&url).bearer_auth(&kiosk.secret).header("content-type", "application/json");
        match request.body(body.clone()).send().await {
            Ok(answer) if answer.status() == 200 => {
                // The answer itself may be cut off.
                if let Ok(answer) = answer.json::<Value>().await {
                    let n = answer["items"].as_array().context("items")?.len();
                    ensure!(n == scans.len(), "{n} of {} answered", scans.len());
                    return Ok(answer);
                }
            }
            Ok(answer) if answer.status() == 503 => {
                ensure!(answer.headers().contains_key("retry-after"), "a 503 without Retry-After");
                gate.refusals.0.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => bail!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()),
            // Nobody listens, or nobody answers.
            Err(_) => {}
        }
        gate.failed.fetch_add(1, Ordering::SeqCst);
        ensure!(begun.elapsed() < STUBBORNNESS, "not acknowledged within {STUBBORNNESS:?}");
        tokio::time::sleep(Duration::from_millis(rng.u64(5..60))).await;
    }
}

/// What an open board has shown.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The last frame's position.
    pub position: i64,
    /// The last frame's number of pupils inside.
    pub inside: u64,
    /// How often each scan was told.
    pub scans: BTreeMap<Uuid, usize>,
    /// How often the stream was opened.
    pub opened: usize,
    id: String,
}

/// An open board.
pub struct Board {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Board {
    /// Opens the stream of a school, and again whenever it ends.
    pub fn open(base: &str, school: SchoolId) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (url, book) = (format!("{base}/api/v1/live/stream?school={school}"), seen.clone());
        let task = tokio::spawn(async move {
            let Ok(http) = signed_in().build() else { return };
            loop {
                let last = lock(&book).id.clone();
                let mut request = http.get(&url);
                if !last.is_empty() {
                    request = request.header("last-event-id", last);
                }
                if let Ok(answer) = request.send().await
                    && answer.status() == 200
                {
                    lock(&book).opened += 1;
                    follow(answer, &book).await;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { seen, task }
    }

    /// What it has shown so far.
    pub fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }

    /// Closes it.
    pub fn close(self) {
        self.task.abort();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads events until the stream ends. An event counts when all of it is here.
async fn follow(answer: reqwest::Response, book: &Mutex<Seen>) {
    let (mut stream, mut buffer) = (answer.bytes_stream(), Vec::new());
    let (mut id, mut data) = (String::new(), String::new());
    while let Some(Ok(chunk)) = stream.next().await {
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]).into_owned();
            if let Some(value) = line.strip_prefix("id: ") {
                id = value.to_owned();
            } else if let Some(value) = line.strip_prefix("data: ") {
                data = value.to_owned();
            } else if line.is_empty() && !id.is_empty() {
                note(&mut lock(book), std::mem::take(&mut id), &std::mem::take(&mut data));
            }
        }
    }
}

fn note(seen: &mut Seen, id: String, data: &str) {
    let Ok(board) = serde_json::from_str::<Value>(data) else { return };
    seen.id = id;
    seen.position = board["position"].as_i64().unwrap_or(0);
    seen.inside = board["totals"]["inside"].as_u64().unwrap_or(0);
    for scan in board["scans"].as_array().into_iter().flatten() {
        if let Some(id) = scan["scan_id"].as_str().and_then(|id| id.parse().ok()) {
            *seen.scans.entry(id).or_default() += 1;
        }
    }
}
