//! The demo's kiosks: each stores its taps first, then sends them in batches, and keeps sending until
//! they are acknowledged. (The kiosk's own software replaces them when it exists.)

use super::ledger::Ledger;
use super::morning::{Outage, Plan, Tap};
use crate::seed::{Seeded, SeededKiosk};
use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use commands::clock::{Clock, ScaledClock};
use commands::ids::{IdSource, SystemIds};
use fastrand::Rng;
use kiosk_protocol::{ScansResponse, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Runs all kiosks until every tap of the plan is acknowledged; they stay on the wall.
pub async fn replay(
    base: &str,
    school: &Seeded,
    plan: &Plan,
    clock: Arc<ScaledClock>,
    ledger: Arc<Ledger>,
) -> Result<Vec<Kiosk>> {
    let http = super::local_client().timeout(Duration::from_secs(20)).build()?;
    let mut kiosks = JoinSet::new();
    for (index, seeded) in school.kiosks.iter().enumerate() {
        let kiosk = Kiosk {
            skew: plan.skew.get(index).copied().unwrap_or_default(),
            outage: (plan.outage.kiosk == index).then(|| plan.outage.clone()),
            rng: Rng::with_seed(plan.seed.wrapping_add(index as u64)),
            ..Kiosk::new(base, seeded, http.clone(), clock.clone(), ledger.clone())
        };
        let taps: Vec<Tap> = plan.taps.iter().filter(|t| t.kiosk == index).cloned().collect();
        kiosks.spawn(kiosk.run(taps));
    }
    let mut quiet = Vec::new();
    while let Some(ended) = kiosks.join_next().await {
        quiet.push(ended.context("a kiosk broke")??);
    }
    Ok(quiet)
}

/// Keeps the kiosks on the wall: each says that it is there, until the task is aborted.
pub async fn stay(kiosks: Vec<Kiosk>) {
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        all_quiet(&kiosks).await;
    }
}

/// Each says that nothing is waiting on it.
pub async fn all_quiet(kiosks: &[Kiosk]) {
    for kiosk in kiosks {
        kiosk.heartbeat(kiosk.last_seq).await;
    }
}

/// One kiosk.
pub struct Kiosk {
    url: String,
    seeded: SeededKiosk,
    http: reqwest::Client,
    clock: Arc<ScaledClock>,
    ledger: Arc<Ledger>,
    queue_id: Uuid,
    boot_id: Uuid,
    booted: DateTime<Utc>,
    skew: TimeDelta,
    outage: Option<Outage>,
    rng: Rng,
    /// The highest number given to a scan.
    last_seq: i64,
}

impl Kiosk {
    /// A kiosk whose clock is right and whose network holds.
    pub fn new(
        base: &str,
        seeded: &SeededKiosk,
        http: reqwest::Client,
        clock: Arc<ScaledClock>,
        ledger: Arc<Ledger>,
    ) -> Self {
        Self {
            url: format!("{base}/api/v1/kiosks/{}", seeded.kiosk_id),
            seeded: seeded.clone(),
            http,
            booted: clock.now() - TimeDelta::minutes(30),
            clock,
            ledger,
            queue_id: SystemIds.next(),
            boot_id: SystemIds.next(),
            skew: TimeDelta::zero(),
            outage: None,
            rng: Rng::with_seed(0),
            last_seq: 0,
        }
    }

    /// Where the server is from now on.
    pub fn move_to(&mut self, base: &str) {
        self.url = format!("{base}/api/v1/kiosks/{}", self.seeded.kiosk_id);
    }

    async fn run(mut self, taps: Vec<Tap>) -> Result<Self> {
        let mut waiting: Vec<(Uuid, Value)> = Vec::new();
        let mut seq = 0;
        let mut taps = taps.into_iter().peekable();
        let mut heard = self.clock.now() - TimeDelta::minutes(5);
        while taps.peek().is_some() || !waiting.is_empty() {
            let now = self.clock.now();
            let offline = self.outage.as_ref().is_some_and(|o| now >= o.from && now < o.until);
            while let Some(tap) = taps.next_if(|t| t.at <= now) {
                seq += 1;
                let scan = self.scan(&tap, seq);
                self.ledger.tapped(scan.0, tap.student, offline);
                waiting.push(scan);
            }
            if offline {
                self.pause(taps.peek().map_or(now, |t| t.at)).await;
                continue;
            }
            if waiting.is_empty() {
                if now - heard >= TimeDelta::seconds(30) {
                    self.heartbeat(seq).await;
                    heard = now;
                }
                self.pause(taps.peek().map_or(now, |t| t.at)).await;
                continue;
            }
            let count = waiting.len().min(100);
            self.send(waiting.get(..count).unwrap_or(&waiting), waiting.len() - count, seq).await?;
            waiting.drain(..count);
            heard = now;
        }
        self.last_seq = seq;
        self.heartbeat(seq).await;
        Ok(self)
    }

    /// Waits for the next tap, a quarter of a second at most.
    async fn pause(&self, until: DateTime<Utc>) {
        let ahead = (until - self.clock.now()).to_std().unwrap_or_default().div_f64(self.clock.rate().max(0.001));
        tokio::time::sleep(ahead.clamp(Duration::from_millis(1), Duration::from_millis(250))).await;
    }

    fn monotonic_ms(&self, at: DateTime<Utc>) -> i64 {
        (at - self.booted).num_milliseconds()
    }

    /// A tap as it is stored and sent, under a number.
    pub fn scan(&self, tap: &Tap, seq: i64) -> (Uuid, Value) {
        let id = SystemIds.next();
        let item = json!({
            "scan_id": id,
            "seq": seq,
            "read": tap.read,
            "direction": tap.direction,
            "method": "qr",
            "device_time": tap.at + self.skew,
            "monotonic_ms": self.monotonic_ms(tap.at),
            "shown": if tap.student.is_some() { "welcome" } else { "unknown" },
        });
        (id, item)
    }

    /// Sends a batch until it is acknowledged; now and then "loses" the answer and sends it again.
    async fn send(&mut self, batch: &[(Uuid, Value)], left: usize, last_seq: i64) -> Result<()> {
        let answer = self.post_scans(batch, left, last_seq).await?;
        let answer = if self.rng.f64() < 0.04 {
            // As if the first answer had been lost on the way.
            let again = self.post_scans(batch, left, last_seq).await?;
            let absorbed = again
                .items
                .iter()
                .zip(&answer.items)
                .filter(|(b, a)| b.verdict == Verdict::Duplicate && b.position == a.position);
            let mut book = self.ledger.book();
            book.duplicates_sent += batch.len() as u64;
            book.duplicates_absorbed += absorbed.count() as u64;
            answer
        } else {
            answer
        };
        for item in &answer.items {
            self.ledger.acknowledged(item.scan_id.0, item.position, item.first_verdict.unwrap_or(item.verdict));
        }
        Ok(())
    }

    /// Sends scans until they are answered; `left` more wait behind them.
    pub async fn post_scans(&self, batch: &[(Uuid, Value)], left: usize, last_seq: i64) -> Result<ScansResponse> {
        let mut body = self.device(left, last_seq);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("scans".to_owned(), batch.iter().map(|(_, scan)| scan.clone()).collect());
        }
        let mut tries = 0;
        loop {
            let sent =
                self.http.post(format!("{}/scans", self.url)).bearer_auth(&self.seeded.secret).json(&body).send().await;
            match sent {
                Ok(answer) if answer.status().is_success() => return Ok(answer.json().await?),
                // Overload and failure are waited out: the scans are safe here, under the same ids.
                Ok(answer) if !answer.status().is_server_error() => {
                    bail!("the server refused a batch: {} {}", answer.status(), answer.text().await.unwrap_or_default())
                }
                Ok(_) | Err(_) if tries < 200 => {}
                Ok(answer) => bail!("the server does not take the batch: {}", answer.status()),
                Err(error) => return Err(error).context("the server cannot be reached"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(50 + 10 * tries.min(40))).await;
        }
    }

    /// Says that it is there, with nothing waiting.
    pub async fn heartbeat(&self, last_seq: i64) {
        let body = self.device(0, last_seq);
        // A lost heartbeat is not repeated: the next one says the same.
        let _ =
            self.http.post(format!("{}/heartbeat", self.url)).bearer_auth(&self.seeded.secret).json(&body).send().await;
    }

    fn device(&self, queue_depth: usize, last_seq: i64) -> Value {
        let now = self.clock.now();
        json!({
            "queue_id": self.queue_id,
            "boot_id": self.boot_id,
            "device_time": now + self.skew,
            "monotonic_ms": self.monotonic_ms(now),
            "queue_depth": queue_depth,
            "last_seq": last_seq,
            "app_version": env!("CARGO_PKG_VERSION"),
        })
    }
}
