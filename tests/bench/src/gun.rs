//! Kiosks that send as fast as they are answered, or at a steady rate whatever the answers. Each keeps
//! a ledger of what was acknowledged.

use crate::http::Connection;
use crate::people::Kiosk;
use crate::stage::DayClock;
use anyhow::{Context, Result, ensure};
use commands::batcher::{Batcher, Incoming, IncomingScan, KioskContext, ScanBatch, SubmitError, Verdict};
use commands::clock::Clock;
use commands::ids::{IdSource, SystemIds};
use domain::attendance_day::{Direction, Method, Shown};
use domain::device_time::{DeviceNow, DeviceReading};
use domain::{QueueId, ScanId, SchoolId};
use kiosk_protocol::ScansResponse;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// A scan that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acknowledged {
    /// The scan.
    pub scan: Uuid,
    /// Its place in the log, as the answer said.
    pub position: i64,
}

/// An open loop that is this late behind its own schedule stops sending.
const HOPELESS: Duration = Duration::from_secs(15);

/// When a request was sent, for what is measured beyond its answer.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Whose.
    pub school: SchoolId,
    /// When its request was begun.
    pub at: Instant,
    /// Its first scan.
    pub scan: Uuid,
    /// The last place in the log that it got.
    pub position: i64,
}

/// A kiosk with the cards that pass it.
pub struct Gun {
    kiosk: Kiosk,
    cards: Arc<[String]>,
    clock: Arc<DayClock>,
    queue: QueueId,
    boot: Uuid,
    seq: i64,
    /// Cards read since the day began.
    read: usize,
    connection: Option<Connection>,
    /// What was acknowledged.
    pub ledger: Vec<Acknowledged>,
    /// The same with the times, if they are wanted.
    pub sent: Vec<Sent>,
    /// Requests that were refused for now and sent again.
    pub refused: usize,
    /// Whether a request that is refused after the turn's end is not sent again: its outcome is not known.
    pub gives_up: bool,
}

/// One turn of some kiosks.
#[derive(Debug, Default)]
pub struct Turn {
    /// Scans acknowledged.
    pub scans: usize,
    /// How long it took.
    pub seconds: f64,
    /// Each request's time to its answer.
    pub waits: Vec<Duration>,
}

impl Turn {
    /// Scans a second.
    pub fn rate(&self) -> f64 {
        self.scans as f64 / self.seconds
    }
}

struct Tap {
    scan_id: ScanId,
    seq: i64,
    card: String,
    direction: Direction,
}

impl Gun {
    /// A kiosk at the beginning of its queue.
    pub fn new(kiosk: &Kiosk, cards: Arc<[String]>, clock: &Arc<DayClock>) -> Self {
        Self {
            kiosk: kiosk.clone(),
            cards,
            clock: clock.clone(),
            queue: QueueId(SystemIds.next()),
            boot: SystemIds.next(),
            seq: 0,
            read: 0,
            connection: None,
            ledger: Vec::new(),
            sent: Vec::new(),
            refused: 0,
            gives_up: false,
        }
    }

    /// Connects. Before any clock starts: connecting takes its time.
    pub async fn connect(&mut self, address: &str) -> Result<()> {
        self.connection = Some(Connection::open(address).await?);
        Ok(())
    }

    /// Everybody in, everybody out, and again: no tap is an echo, none is a doubt.
    fn tap(&mut self) -> Tap {
        let card = self.cards[self.read % self.cards.len()].clone();
        let out = (self.read / self.cards.len()) % 2 == 1;
        let direction = if out { Direction::Exit } else { Direction::Entry };
        self.read += 1;
        self.seq += 1;
        Tap { scan_id: ScanId(SystemIds.next()), seq: self.seq, card, direction }
    }

    /// The body of the next batch.
    pub fn json(&mut self, scans: usize) -> String {
        let now = self.clock.now();
        let mono = now.timestamp_millis();
        let at = now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let mut out = String::with_capacity(200 + scans * 260);
        let _ = write!(
            out,
            r#"{{"queue_id":"{}","boot_id":"{}","device_time":"{at}","monotonic_ms":{mono},"queue_depth":{},"scans":["#,
            self.queue,
            self.boot,
            usize::from(scans > 1),
        );
        for n in 0..scans {
            let tap = self.tap();
            let direction = if tap.direction == Direction::Entry { "entry" } else { "exit" };
            let comma = if n == 0 { "" } else { "," };
            let _ = write!(
                out,
                r#"{comma}{{"scan_id":"{}","seq":{},"read":"{}","direction":"{direction}","method":"qr","device_time":"{at}","monotonic_ms":{mono},"shown":"welcome"}}"#,
                tap.scan_id, tap.seq, tap.card,
            );
        }
        out.push_str("]}");
        out
    }

    /// Sends a batch until it is acknowledged; false: it was given up.
    async fn post(&mut self, scans: usize, until: Instant) -> Result<bool> {
        let json = self.json(scans);
        let path = format!("/api/v1/kiosks/{}/scans", self.kiosk.id);
        let begun = Instant::now();
        loop {
            let connection = self.connection.as_mut().context("not connected")?;
            let (status, body) = connection.post(&path, &self.kiosk.secret, json.as_bytes()).await?;
            if status == 503 {
                if self.gives_up && Instant::now() >= until {
                    return Ok(false);
                }
                self.refused += 1;
                sleep(Duration::from_millis(50)).await;
                continue;
            }
            ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(body));
            let answer: ScansResponse = serde_json::from_slice(body)?;
            ensure!(answer.items.len() == scans, "{} of {scans} answered", answer.items.len());
            for item in &answer.items {
                ensure!(item.verdict == kiosk_protocol::Verdict::Accepted, "{:?} {:?}", item.verdict, item.reasons);
                self.ledger.push(Acknowledged { scan: item.scan_id.0, position: item.position });
            }
            if let (Some(first), Some(last)) = (answer.items.first(), answer.items.last()) {
                let (scan, position) = (first.scan_id.0, last.position);
                self.sent.push(Sent { school: self.kiosk.school, at: begun, scan, position });
            }
            return Ok(true);
        }
    }

    fn batch(&mut self, scans: usize) -> ScanBatch {
        let now = self.clock.now();
        let (wall, mono) = (now, now.timestamp_millis());
        let boot_id = self.boot;
        let scans = (0..scans).map(|_| {
            let tap = self.tap();
            Incoming::Scan(IncomingScan {
                scan_id: tap.scan_id,
                seq: tap.seq,
                prev_hash: None,
                read: tap.card,
                direction: tap.direction,
                method: Method::Qr,
                reading: DeviceReading { device_time: wall, mono_ms: Some(mono), boot_id, clock_offset_ms: None },
                shown: Shown::Welcome,
            })
        });
        let scans = scans.collect();
        ScanBatch {
            kiosk: KioskContext { kiosk_id: self.kiosk.id, school_id: self.kiosk.school, revoked: false },
            queue_id: self.queue,
            device_now: DeviceNow { wall, mono_ms: mono, boot_id },
            queue_depth: 1,
            last_seq: None,
            app_version: None,
            correlation_id: SystemIds.next(),
            scans,
        }
    }

    /// Submits a batch in process until it is acknowledged.
    async fn submit(&mut self, batcher: &Batcher, scans: usize) -> Result<()> {
        let batch = self.batch(scans);
        loop {
            match batcher.submit(batch.clone()).await {
                Ok(answer) => {
                    for item in &answer.items {
                        ensure!(item.verdict == Verdict::Accepted, "{:?} {:?}", item.verdict, item.reasons);
                        self.ledger.push(Acknowledged { scan: item.scan_id.0, position: item.position });
                    }
                    return Ok(());
                }
                Err(SubmitError::Overloaded { .. }) => {
                    self.refused += 1;
                    sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// How a turn's kiosks send.
#[derive(Clone)]
pub enum Way {
    /// Over HTTP; connect them first.
    Http,
    /// To the batcher, in this process.
    InProcess(Batcher),
}

/// Every kiosk sends batches of `scans`, one after the other, for `time`.
pub async fn closed_loop(guns: &mut Vec<Gun>, way: &Way, scans: usize, time: Duration) -> Result<Turn> {
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    let until = begun + time;
    for mut gun in guns.drain(..) {
        let way = way.clone();
        tasks.spawn(async move {
            gun.read = 0;
            let mut waits = Vec::new();
            while Instant::now() < until {
                let sent = Instant::now();
                let stored = match &way {
                    Way::Http => gun.post(scans, until).await?,
                    Way::InProcess(batcher) => gun.submit(batcher, scans).await.map(|()| true)?,
                };
                if stored {
                    waits.push(sent.elapsed());
                }
            }
            anyhow::Ok((gun, waits))
        });
    }
    gather(guns, tasks, begun, scans).await
}

/// Single scans at `rate` a second over all kiosks for `time`, each due at an instant that no answer
/// moves; waits are from that instant, so a stall counts for all who were due in it.
pub async fn open_loop(guns: &mut Vec<Gun>, rate: f64, time: Duration) -> Result<Turn> {
    let (n, mut tasks) = (guns.len(), JoinSet::new());
    let begun = Instant::now() + Duration::from_millis(50);
    for (i, mut gun) in guns.drain(..).enumerate() {
        tasks.spawn(async move {
            gun.read = 0;
            let mut waits = Vec::new();
            for k in 0.. {
                let due = Duration::from_secs_f64((k * n + i) as f64 / rate);
                if due >= time {
                    break;
                }
                sleep_until(begun + due).await;
                // Hopelessly late: what is still due is counted as waiting until now, and not sent.
                if (begun + due).elapsed() < HOPELESS {
                    gun.post(1, begun + time).await?;
                }
                waits.push((begun + due).elapsed());
            }
            anyhow::Ok((gun, waits))
        });
    }
    gather(guns, tasks, begun, 1).await
}

/// Takes the kiosks back, and what their requests of `scans` each waited.
async fn gather(
    guns: &mut Vec<Gun>,
    mut tasks: JoinSet<Result<(Gun, Vec<Duration>)>>,
    begun: Instant,
    scans: usize,
) -> Result<Turn> {
    let mut turn = Turn::default();
    while let Some(ended) = tasks.join_next().await {
        let (gun, waits) = ended??;
        turn.waits.extend(waits);
        guns.push(gun);
    }
    turn.seconds = begun.elapsed().as_secs_f64();
    turn.scans = turn.waits.len() * scans;
    Ok(turn)
}
