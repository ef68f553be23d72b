//! What batches say about their kiosks, told to the kiosks' streams after the commit: how far a queue
//! is drained (at most once a minute), which numbers are missing, which were used twice.

use super::queue::Job;
use crate::context::Context;
use crate::error::{StoreError, WriteError};
use crate::kiosk_reports::{Report, TOGETHER, UPLOAD_MARGIN, report, report_together};
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::kiosk::{Command, DRAINED_EVERY};
use domain::{Actor, KioskId, QueueId, ScanId};
use sqlx::{PgExecutor, PgPool};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

type Line = (KioskId, QueueId);

/// Whose fact it is.
#[derive(Clone)]
struct Teller {
    context: Context,
    kiosk: KioskId,
    queue: QueueId,
}

/// Up to which number, and up to when.
type Drained = (Teller, i64, DateTime<Utc>);

#[derive(Default)]
struct Pending {
    drained: HashMap<Line, Drained>,
    missing: HashMap<Line, (Teller, i64, i64)>,
    forks: Vec<(Teller, i64, ScanId)>,
    /// The last that was told, so that a batch costs no transaction of its own.
    told_drained: HashMap<Line, DateTime<Utc>>,
    /// The gap itself: numbers that never come are told once, however far the queue goes on.
    told_missing: HashMap<Line, (i64, i64)>,
}

/// The most of each kind that is kept, whatever queues a kiosk invents.
const MOST_KEPT: usize = 10_000;

/// Keeps a bound by starting again. What is forgotten is asked of the stream, or said with the next batch.
fn keep<V>(map: &mut HashMap<Line, V>, line: Line, value: V) {
    if map.len() >= MOST_KEPT && !map.contains_key(&line) {
        map.clear();
    }
    map.insert(line, value);
}

/// Where the worker leaves facts.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    wake: Notify,
    closed: AtomicBool,
}

impl Inbox {
    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn teller(job: &Job, zone: Tz) -> Teller {
        let batch = &job.batch;
        let context = Context {
            school: batch.kiosk.school_id,
            zone,
            actor: Actor::kiosk(batch.kiosk.kiosk_id),
            command_id: None,
            correlation_id: batch.correlation_id,
            causation_id: None,
        };
        Teller { context, kiosk: batch.kiosk.kiosk_id, queue: batch.queue_id }
    }

    /// A second scan came under a number.
    pub(super) fn fork(&self, job: &Job, zone: Tz, seq: i64, scan: ScanId) {
        let mut pending = self.pending();
        // Each has a receipt that says so.
        if pending.forks.len() < MOST_KEPT {
            pending.forks.push((Self::teller(job, zone), seq, scan));
        }
    }

    /// A batch after which nothing waits on the device says that all is here, or that some is missing.
    pub(super) fn progress(&self, job: &Job, zone: Tz, ack_through: i64) {
        let batch = &job.batch;
        if batch.queue_depth > 0 {
            return;
        }
        let last = batch.last_seq.or_else(|| batch.scans.iter().map(super::Incoming::seq).max()).unwrap_or(0);
        let line = (batch.kiosk.kiosk_id, batch.queue_id);
        let mut pending = self.pending();
        if ack_through < last {
            keep(&mut pending.missing, line, (Self::teller(job, zone), ack_through, last));
        } else if !batch.kiosk.revoked {
            let (told, through) = (pending.told_drained.get(&line), job.received_at - UPLOAD_MARGIN);
            if told.is_none_or(|told| through - *told >= DRAINED_EVERY) {
                keep(&mut pending.drained, line, (Self::teller(job, zone), ack_through, through));
            }
        }
    }

    pub(super) fn wake(&self) {
        self.0.wake.notify_one();
    }
}

/// Tells the facts in a task of its own.
pub(super) struct Reporter {
    inbox: Inbox,
    task: JoinHandle<()>,
}

impl Reporter {
    pub(super) fn start(write: Write) -> Self {
        let inbox = Inbox::default();
        let task = tokio::spawn(run(write, inbox.clone()));
        Self { inbox, task }
    }

    pub(super) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Tells what is left, and ends.
    pub(super) async fn finish(self) {
        self.inbox.0.closed.store(true, Ordering::Release);
        self.inbox.wake();
        let _ = self.task.await;
    }

    #[cfg(test)]
    pub(super) async fn cut_off(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn run(write: Write, inbox: Inbox) {
    loop {
        let woken = inbox.0.wake.notified();
        let closed = inbox.0.closed.load(Ordering::Acquire);
        tell(&write, &inbox).await;
        if closed {
            return;
        }
        woken.await;
    }
}

async fn tell(write: &Write, inbox: &Inbox) {
    let (drained, missing, forks) = {
        let mut pending = inbox.pending();
        (std::mem::take(&mut pending.drained), std::mem::take(&mut pending.missing), std::mem::take(&mut pending.forks))
    };
    for (teller, seq, scan_id) in forks {
        let command = Command::ReportFork { queue_id: teller.queue, seq, scan_id };
        if !teller.tell(write, command).await {
            inbox.pending().forks.push((teller, seq, scan_id));
        }
    }
    for (line, (teller, ack_through, last)) in missing {
        let gap = match missing_after(write.pool(), teller.kiosk, teller.queue, ack_through, last).await {
            Ok(gap) => gap,
            Err(error) => {
                tracing::warn!(%error, kiosk = %teller.kiosk, "a gap is not told yet");
                inbox.pending().missing.entry(line).or_insert((teller, ack_through, last));
                continue;
            }
        };
        // Without one, it came in the meantime.
        let Some((from, to)) = gap.filter(|gap| inbox.pending().told_missing.get(&line) != Some(gap)) else { continue };
        let told = teller.tell(write, Command::ReportGap { queue_id: teller.queue, from, to }).await;
        let mut pending = inbox.pending();
        if told {
            keep(&mut pending.told_missing, line, (from, to));
        } else {
            pending.missing.entry(line).or_insert((teller, ack_through, last));
        }
    }
    for (line, (teller, seq, through)) in told_together(write, inbox, drained).await {
        let told = teller.tell(write, Command::ReportDrained { queue_id: teller.queue, seq, through }).await;
        let mut pending = inbox.pending();
        if told {
            keep(&mut pending.told_drained, line, through);
        } else {
            pending.drained.entry(line).or_insert((teller, seq, through));
        }
    }
}

/// Tells of many queues in one transaction; gives back what has to be told one by one. A kiosk of two queues
/// is told of twice: the second queue's fact stands on the first's.
async fn told_together(write: &Write, inbox: &Inbox, drained: HashMap<Line, Drained>) -> HashMap<Line, Drained> {
    let mut kiosks = HashSet::new();
    let (together, mut alone): (HashMap<_, _>, HashMap<_, _>) =
        drained.into_iter().partition(|((kiosk, _), _)| kiosks.insert(*kiosk));
    let mut together: Vec<(Line, Drained)> = together.into_iter().collect();
    while !together.is_empty() {
        let some = together.split_off(together.len().saturating_sub(TOGETHER));
        let report = |(_, (teller, seq, through)): &(Line, Drained)| {
            let command = Command::ReportDrained { queue_id: teller.queue, seq: *seq, through: *through };
            (teller.context.clone(), teller.kiosk, command)
        };
        let reports: Vec<Report> = some.iter().map(report).collect();
        if reports.len() < 2 || report_together(write, &reports).await.is_none() {
            alone.extend(some);
            continue;
        }
        let mut pending = inbox.pending();
        for (line, (_, _, through)) in some {
            keep(&mut pending.told_drained, line, through);
        }
    }
    alone
}

impl Teller {
    /// Whether it is told, or never can be.
    async fn tell(&self, write: &Write, command: Command) -> bool {
        match report(write, &self.context, self.kiosk, command).await {
            Ok(_) => true,
            Err(WriteError::Rejected(why)) => {
                tracing::debug!(%why, kiosk = %self.kiosk, "a kiosk's report is refused");
                true
            }
            Err(error @ (WriteError::Conflict | WriteError::Store(_))) => {
                tracing::warn!(%error, kiosk = %self.kiosk, "a kiosk's report is tried again with its next batch");
                false
            }
        }
    }
}

/// The first run of numbers up to `last` that is not known, if there is one.
pub(crate) async fn missing_after(
    pool: &PgPool,
    kiosk: KioskId,
    queue: QueueId,
    ack_through: i64,
    last: i64,
) -> Result<Option<(i64, i64)>, StoreError> {
    let next = next_known(pool, kiosk, queue, ack_through).await?.unwrap_or(i64::MAX);
    let (from, to) = (ack_through + 1, last.min(next - 1));
    Ok((from <= to).then_some((from, to)))
}

async fn next_known(
    executor: impl PgExecutor<'_>,
    kiosk: KioskId,
    queue: QueueId,
    after: i64,
) -> Result<Option<i64>, StoreError> {
    let asked = sqlx::query_scalar!(
        "select min(seq) from scan_receipts where kiosk_id = $1 and queue_id = $2 and seq > $3",
        kiosk.0,
        queue.0,
        after,
    )
    .fetch_one(executor);
    // One task tells the facts of all kiosks.
    Ok(in_time(asked).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_kiosk_that_invents_queues_fills_no_memory() {
        let mut map = HashMap::new();
        for n in 0..3 * MOST_KEPT as u128 {
            keep(&mut map, (KioskId(Uuid::nil()), QueueId(Uuid::from_u128(n))), n);
            assert!(map.len() <= MOST_KEPT);
        }
    }
}
