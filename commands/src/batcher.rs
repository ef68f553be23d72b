//! The scan path: what all kiosks send gathers in memory while one transaction commits, and goes
//! into the log with the next one. No timer: an idle server commits a lone scan at once, a busy one
//! commits hundreds together.
//!
//! ```text
//! submit → queue (bounded, fair between schools) → worker: read → decide → lock, write, commit → answers
//!                                                          └ again on a conflict or an outage
//! ```
//! What it promises: an answer means committed; a scan is stored once, however often it is sent, and
//! each answer about it says the same; no scan is refused, and a bad one costs its neighbours nothing;
//! a caller who hangs up stops nothing. What people record by hand of a pupil's day goes the same way
//! ([`by_hand`]).

pub mod by_hand;
mod cache;
mod decide;
pub(crate) mod facts;
mod load;
mod postgres;
mod queue;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod worker;

/// What a batcher needs of its store: the product's Postgres has it, and the simulation's model.
#[doc(hidden)]
pub mod seam {
    pub use super::decide::Key;
    pub use super::load::{At, Known, Moved, Receipt, StoredEvent, StoredMode};
    pub use super::store::{Acks, Receipts, ScanStore, ScanTx, Seen};
}

use crate::clock::Clock;
use crate::write::{Done, Write};
use by_hand::{ByHand, ByHandError};
use chrono::{DateTime, Utc};
use domain::attendance_day::{Direction, Method, Shown};
use domain::device_time::{DeviceNow, DeviceReading};
use domain::{Epoch, KioskId, QueueId, ScanId, SchoolId};
use queue::{HandJob, Job, Queue, Work};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Which kiosk sends, as its authentication found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KioskContext {
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Its school.
    pub school_id: SchoolId,
    /// Whether it is no longer trusted: what it sends is kept, in quarantine.
    pub revoked: bool,
}

/// A readable scan.
#[derive(Clone, PartialEq)]
pub struct IncomingScan {
    /// Minted by the kiosk, the same at every retry.
    pub scan_id: ScanId,
    /// Number in the kiosk's queue, from 1.
    pub seq: i64,
    /// Hash chain value that the kiosk sent, if it did.
    pub prev_hash: Option<String>,
    /// The card's text. Personal data when the card is unknown.
    pub read: String,
    /// Which way.
    pub direction: Direction,
    /// How it was read.
    pub method: Method,
    /// The device's clocks at the scan.
    pub reading: DeviceReading,
    /// What the kiosk showed.
    pub shown: Shown,
}

impl fmt::Debug for IncomingScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingScan").field("scan_id", &self.scan_id).field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// One item of a batch.
#[derive(Clone, PartialEq)]
pub enum Incoming {
    /// A scan.
    Scan(IncomingScan),
    /// Something that cannot be read as one: quarantined as it came.
    Unreadable {
        /// Its id, read or derived; the same at every retry.
        scan_id: ScanId,
        /// Its number, or 0 if it cannot be read.
        seq: i64,
        /// Its text. May be personal data.
        raw: String,
    },
}

impl Incoming {
    /// The scan's id.
    pub fn scan_id(&self) -> ScanId {
        match self {
            Self::Scan(scan) => scan.scan_id,
            Self::Unreadable { scan_id, .. } => *scan_id,
        }
    }
    /// Its number in the queue; 0 if unreadable.
    pub fn seq(&self) -> i64 {
        match self {
            Self::Scan(scan) => scan.seq,
            Self::Unreadable { seq, .. } => *seq,
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan(scan) => scan.fmt(f),
            Self::Unreadable { scan_id, seq, .. } => {
                f.debug_struct("Unreadable").field("scan_id", scan_id).field("seq", seq).finish_non_exhaustive()
            }
        }
    }
}

/// What a kiosk sends at once.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanBatch {
    /// Who sends.
    pub kiosk: KioskContext,
    /// The installation of its queue.
    pub queue_id: QueueId,
    /// The device's clocks when it sent.
    pub device_now: DeviceNow,
    /// Scans that still wait on the device once this batch is stored.
    pub queue_depth: u32,
    /// The highest number given in this queue, if the kiosk says; else the batch's highest counts.
    pub last_seq: Option<i64>,
    /// Version of the kiosk's program.
    pub app_version: Option<String>,
    /// Shared by all that follows from this request.
    pub correlation_id: Uuid,
    /// The items, in the kiosk's order.
    pub scans: Vec<Incoming>,
}

/// What became of a scan; all mean that it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// On the pupil's day, without doubts.
    Accepted,
    /// It was stored before; nothing was added.
    Duplicate,
    /// On the pupil's day, with doubts.
    Flagged,
    /// Kept for a person to place.
    Quarantined,
}

impl Verdict {
    /// Its name in receipts and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Flagged => "flagged",
            Self::Quarantined => "quarantined",
        }
    }
}

/// The answer to one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAnswer {
    /// The scan.
    pub scan_id: ScanId,
    /// Its number; 0 if unreadable.
    pub seq: i64,
    /// What became of it.
    pub verdict: Verdict,
    /// For a duplicate, what was answered the first time.
    pub first_verdict: Option<Verdict>,
    /// The doubts, or why a person must place it: snake_case, sorted.
    pub reasons: Vec<String>,
    /// Position of the event that holds the scan.
    pub position: i64,
}

/// The answer to a batch: all of it is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchAnswer {
    /// One per item, in the batch's order.
    pub items: Vec<ItemAnswer>,
    /// Every number of this queue up to here is stored.
    pub ack_through: i64,
    /// The log's life that the positions belong to.
    pub epoch: Epoch,
    /// The server's time.
    pub server_time: DateTime<Utc>,
}

/// Why a batch is not answered. The kiosk sends it again, with the same ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too much is waiting, of this school or of all.
    #[error("too many scans are waiting; try again in {retry_after_s} s")]
    Overloaded {
        /// Seconds to wait, different for each who asks.
        retry_after_s: u32,
    },
    /// The store could not do it in time. Whether the batch was stored may be unknown.
    #[error("scans cannot be stored now: {0}")]
    Unavailable(&'static str),
}

/// How much gathers, and for how long.
#[derive(Debug, Clone)]
pub struct BatcherConfig {
    /// Most scans in one transaction (a larger submission still goes whole).
    pub max_scans: usize,
    /// Most scans that wait or are being stored, of all schools.
    pub queue_scans: usize,
    /// Most of them of one school, which also gets no more room than it leaves free.
    pub school_scans: usize,
    /// How long a batch is tried before its callers are told [`SubmitError::Unavailable`].
    pub deadline: Duration,
}

impl Default for BatcherConfig {
    fn default() -> Self {
        Self { max_scans: 1_000, queue_scans: 20_000, school_scans: 5_000, deadline: Duration::from_secs(8) }
    }
}

/// The batcher. A clone is the same one. The scans of one queue should all go to one batcher (it is
/// faster), but several on one database are safe.
#[derive(Clone)]
pub struct Batcher(Arc<Inner>);

struct Inner {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    tasks: Mutex<Option<(JoinHandle<()>, Option<facts::Reporter>)>>,
}

impl fmt::Debug for Batcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Batcher")
    }
}

impl Batcher {
    /// Starts the worker on a write side, whose caches it shares. It holds one of the pool's connections at a time, and
    /// its reports on kiosks another. Needs a running Tokio runtime.
    pub fn start_on(write: Write, config: BatcherConfig) -> Self {
        let reporter = facts::Reporter::start(write.clone());
        Self::start_with(write.clone(), write.clock().clone(), Some(reporter), config)
    }

    /// The same over any store. Nothing is told about kiosks.
    #[doc(hidden)]
    pub fn start_over(store: impl seam::ScanStore, clock: Arc<dyn Clock>, config: BatcherConfig) -> Self {
        Self::start_with(store, clock, None, config)
    }

    fn start_with(
        store: impl seam::ScanStore,
        clock: Arc<dyn Clock>,
        reporter: Option<facts::Reporter>,
        config: BatcherConfig,
    ) -> Self {
        let queue = Arc::new(Queue::new(config.queue_scans, config.school_scans));
        let inbox = reporter.as_ref().map(facts::Reporter::inbox).unwrap_or_default();
        let worker = worker::run(queue.clone(), store, inbox, config);
        #[cfg(test)]
        let worker = local_services::failpoint::inherited(worker);
        Self(Arc::new(Inner { queue, clock, tasks: Mutex::new(Some((tokio::spawn(worker), reporter))) }))
    }

    /// Ends wherever it is, as a crash would.
    #[doc(hidden)]
    pub fn crash(&self) {
        if let Some((worker, _)) = &*self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner) {
            worker.abort();
        }
    }

    /// Stores a batch and answers when it is committed. Once polled, the batch is stored whether the
    /// caller waits or not.
    pub async fn submit(&self, batch: ScanBatch) -> Result<BatchAnswer, SubmitError> {
        let (reply, answer) = oneshot::channel();
        Queue::offer(&self.0.queue, Work::Scans(Job::new(batch, self.0.clock.now(), reply)))?;
        // A sender that went without a word is a worker that panicked.
        answer.await.unwrap_or(Err(SubmitError::Unavailable("the store failed")))
    }

    /// Does what a person asks of a pupil's day, and answers when it is committed. Asked again under the same
    /// id it adds nothing and says where the first is. Once polled, it is done whether the caller waits or not.
    pub async fn by_hand(&self, asked: ByHand) -> Result<Done, ByHandError> {
        let (reply, answer) = oneshot::channel();
        Queue::offer(&self.0.queue, Work::ByHand(Box::new(HandJob::new(asked, self.0.clock.now(), reply))))?;
        answer.await.unwrap_or(Err(SubmitError::Unavailable("the store failed").into()))
    }

    /// Takes no more, stores what waits, and ends.
    pub async fn shutdown(&self) {
        self.0.queue.close();
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((worker, reporter)) = tasks {
            // A panic of the worker was logged where it happened; there is nothing to wait for then.
            let _ = worker.await;
            if let Some(reporter) = reporter {
                reporter.finish().await;
            }
        }
    }

    /// Drops the worker and the reporter where they are, as the end of the process would.
    #[cfg(test)]
    async fn cut_off(&self) {
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((worker, reporter)) = tasks {
            worker.abort();
            let _ = worker.await;
            if let Some(reporter) = reporter {
                reporter.cut_off().await;
            }
        }
    }
}
