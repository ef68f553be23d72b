//! The feed: the log's events in order, page by page, for one consumer that keeps its own checkpoint.
//!
//! It reads JetStream while positions follow each other, and the log whenever they do not, or while
//! NATS is away or silent. Nothing that came by NATS is returned before the log has confirmed it: that
//! the epoch is the log's own, and that the page's last event is the one at its position there. So a
//! stream that is older, newer or other than the log cannot deceive a consumer; the price is one
//! look-up by index a page.

use crate::RawEvent;
use crate::hub::{Carriable, Delivery, Hub};
use crate::log::Log;
use crate::transport::{Conveyor, Transport};
use crate::wake::Wake;
use domain::Epoch;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep_until};

/// How long an empty answer takes; also how long NATS may be silent before the log is asked.
const IDLE: Duration = Duration::from_millis(250);
/// How many messages one look at what came takes at most, whatever they are.
const LOOK: usize = 64;

/// Where a page came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// JetStream.
    Nats,
    /// Postgres.
    Log,
}

/// Events that follow the position asked for, dense and in order.
#[derive(Debug, Clone)]
pub struct Page<E = Arc<RawEvent>> {
    /// Empty when nothing was appended for a while.
    pub events: Vec<E>,
    /// Where they were read.
    pub source: Source,
}

/// Why a page cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The log has begun another epoch; positions of the old one mean nothing in it.
    #[error("the log has begun epoch {0}")]
    EpochChanged(Epoch),
    /// The consumer's checkpoint lies beyond the log's end in the same epoch: the log lost its tail
    /// without beginning a new epoch, or the checkpoint is of another log.
    #[error("checkpoint {after} is beyond the log's end {head}")]
    AheadOfLog {
        /// The position asked for.
        after: i64,
        /// The log's last position.
        head: i64,
    },
    /// The log could not be read now; ask again.
    #[error("the log could not be read")]
    Db(#[from] sqlx::Error),
}

/// One consumer's reading of the log.
#[derive(Debug)]
pub struct Feed<L = PgPool, C = Transport, E = Arc<RawEvent>> {
    log: L,
    wake: Wake,
    carrier: Option<Carrier<C, E>>,
}

/// What comes by NATS.
#[derive(Debug)]
struct Carrier<C, E> {
    hub: Hub<C, E>,
    /// What the hub delivers, once this feed has been at the log's end.
    deliveries: Option<broadcast::Receiver<Arc<Delivery<E>>>>,
    /// A delivery whose events are not all taken. Behind a look that took nothing: one that lies beyond the next
    /// position.
    waiting: Option<Arc<Delivery<E>>>,
    /// Whether NATS has shown that it is up to date, and has not been silent since about something
    /// that the log already had.
    trusted: bool,
}

/// What one look at the deliveries gave.
#[derive(Debug)]
struct Look<E> {
    events: Vec<E>,
    /// A message of another epoch was seen.
    foreign: bool,
}

impl<E: Carriable> Feed<PgPool, Transport, E> {
    /// A feed over the log behind `reader_pool`, carried by the process's hub if there is one.
    pub fn new(reader_pool: PgPool, hub: Option<Hub<Transport, E>>) -> Self {
        let wake = Wake::shared(&reader_pool);
        Self::over(reader_pool, wake, hub)
    }
}

impl<L: Log, C: Conveyor, E: Carriable> Feed<L, C, E> {
    /// A feed over any log and stream.
    #[doc(hidden)]
    pub fn over(log: L, wake: Wake, hub: Option<Hub<C, E>>) -> Self {
        let carrier = hub.map(|hub| Carrier { hub, deliveries: None, waiting: None, trusted: false });
        Self { log, wake, carrier }
    }

    /// The events after position `after` of `epoch`, at most `max`: at once if there are any, else as
    /// soon as one arrives, else an empty page after a quarter of a second. Never skips, never
    /// reorders, never returns a position twice, as long as the caller asks after the last position it
    /// received. Cancelling is safe.
    pub async fn next_page(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Page<E>, FeedError> {
        let max = max.max(1);
        let deadline = Instant::now() + IDLE;
        loop {
            self.wake.note();
            if let Some(events) = self.carried(after, epoch, max).await? {
                return Ok(counted(Page { events, source: Source::Nats }));
            }
            let overdue = Instant::now() >= deadline;
            if overdue || !self.carrier.as_ref().is_some_and(Carrier::suffices) {
                let events = self.read_log(after, epoch, max).await?;
                if events.len() < max
                    && let Some(carrier) = &mut self.carrier
                    && carrier.deliveries.is_none()
                {
                    carrier.deliveries = Some(carrier.hub.listen());
                }
                if !events.is_empty() {
                    if let Some(carrier) = &mut self.carrier
                        && carrier.waiting.is_none()
                        && std::mem::take(&mut carrier.trusted)
                    {
                        metrics::counter!("attendance_feed_silences_total").increment(1);
                    }
                    return Ok(counted(Page { events, source: Source::Log }));
                }
                if self.has_grown(after, epoch).await? {
                    continue;
                }
            }
            if overdue {
                return Ok(Page { events: Vec::new(), source: Source::Log });
            }
            self.wait(deadline).await;
        }
    }

    /// What NATS brought, if it follows `after` and the log confirms it.
    async fn carried(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Option<Vec<E>>, FeedError> {
        let Some(carrier) = &mut self.carrier else { return Ok(None) };
        let Look { events, foreign } = carrier.look(after, epoch, max);
        if let Some(last) = events.last() {
            let (current, at_position) = self.log.event_at(last.position()).await?;
            if current != epoch {
                return Err(FeedError::EpochChanged(current));
            }
            if at_position == Some(last.event_id()) {
                carrier.trusted = true;
                return Ok(Some(events));
            }
            // The stream is ahead of the log, or of another history: the relay will empty it.
            discarded("not_in_log", events.len());
            carrier.clear();
        } else if foreign {
            let current = self.log.head().await?.epoch;
            if current != epoch {
                return Err(FeedError::EpochChanged(current));
            }
        }
        Ok(None)
    }

    /// Reads the log: up to the message that lies beyond a hole, or as far as it goes.
    async fn read_log(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Vec<E>, sqlx::Error> {
        let beyond = self.carrier.as_ref().and_then(|carrier| carrier.waiting.as_ref());
        let mut limit = i64::try_from(max).unwrap_or(i64::MAX);
        if let Some(beyond) = beyond {
            limit = limit.min(beyond.first - after - 1);
            metrics::counter!("attendance_feed_holes_total").increment(1);
        }
        let events = self.log.read_after_in_epoch(epoch, after, limit).await?;
        Ok(events.into_iter().map(E::read).collect())
    }

    /// The log gave nothing after `after`: makes sure that this is its end, or was a moment ago.
    async fn has_grown(&mut self, after: i64, epoch: Epoch) -> Result<bool, FeedError> {
        let head = self.log.head().await?;
        if head.epoch != epoch {
            return Err(FeedError::EpochChanged(head.epoch));
        }
        if head.position < after {
            return Err(FeedError::AheadOfLog { after, head: head.position });
        }
        if let Some(carrier) = &mut self.carrier
            && carrier.waiting.as_ref().is_some_and(|beyond| beyond.first > head.position)
        {
            discarded("not_in_log", 1);
            carrier.clear();
        }
        Ok(head.position > after)
    }

    /// Waits for a message, for a wake-up of the log unless NATS is trusted to bring it, or the end.
    async fn wait(&mut self, deadline: Instant) {
        let Some(carrier) = &mut self.carrier else {
            tokio::select! {
                biased;
                () = self.wake.woken() => {}
                () = sleep_until(deadline) => {}
            }
            return;
        };
        let trusted = carrier.trusted;
        let delivery = async {
            match &mut carrier.deliveries {
                Some(deliveries) if carrier.waiting.is_none() => deliveries.recv().await,
                _ => std::future::pending().await,
            }
        };
        // In this order, so that the same events give the same run.
        tokio::select! {
            biased;
            delivery = delivery => match delivery {
                Ok(delivery) => carrier.waiting = Some(delivery),
                // What was too much for it is in the log.
                Err(RecvError::Lagged(_)) => {}
                // The reading has ended for good, which only its own defect can bring about.
                Err(RecvError::Closed) => self.carrier = None,
            },
            () = self.wake.woken(), if !trusted => {}
            () = sleep_until(deadline) => {}
        }
    }
}

impl<C: Conveyor, E: Carriable> Carrier<C, E> {
    /// Whether there is no need to read the log now.
    fn suffices(&self) -> bool {
        self.trusted && self.waiting.is_none() && self.hub.is_connected()
    }

    /// The next delivery that is there.
    fn next(&mut self) -> Option<Arc<Delivery<E>>> {
        if let Some(waiting) = self.waiting.take() {
            return Some(waiting);
        }
        loop {
            match self.deliveries.as_mut()?.try_recv() {
                Ok(delivery) => return Some(delivery),
                // It goes on with the oldest that is left; what is lost is a hole.
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    /// Takes what is there: the events that follow `after`, until one lies beyond a hole.
    fn look(&mut self, after: i64, epoch: Epoch, max: usize) -> Look<E> {
        let mut look = Look { events: Vec::new(), foreign: false };
        let (mut repeated, mut of_other_epochs) = (0, 0);
        for _ in 0..LOOK {
            if look.events.len() == max {
                break;
            }
            let Some(delivery) = self.next() else { break };
            let next = after + 1 + look.events.len() as i64;
            if delivery.epoch != epoch {
                look.foreign = true;
                of_other_epochs += delivery.events.len();
            } else if delivery.first > next {
                self.waiting = Some(delivery);
                break;
            } else if delivery.end() <= next {
                repeated += delivery.events.len();
                // NATS just brought what the log gave a moment ago: it is up to date again.
                self.trusted |= delivery.end() == after + 1 && self.hub.is_connected();
            } else {
                let following = &delivery.events[usize::try_from(next - delivery.first).unwrap_or(0)..];
                let room = following.len().min(max - look.events.len());
                look.events.extend_from_slice(&following[..room]);
                if room < following.len() {
                    self.waiting = Some(delivery);
                }
            }
        }
        discarded("repeated", repeated);
        discarded("other_epoch", of_other_epochs);
        look
    }

    /// Forgets all that waits: it is not to be believed.
    fn clear(&mut self) {
        self.trusted = false;
        while self.next().is_some() {}
    }
}

fn counted<E>(page: Page<E>) -> Page<E> {
    let source = match page.source {
        Source::Nats => "nats",
        Source::Log => "log",
    };
    metrics::counter!("attendance_feed_events_total", "source" => source).increment(page.events.len() as u64);
    page
}

fn discarded(reason: &'static str, messages: usize) {
    if messages > 0 {
        metrics::counter!("attendance_feed_discarded_total", "reason" => reason).increment(messages as u64);
    }
}
