//! The feed: the log's events in order, page by page, for one consumer that keeps its own checkpoint.
//!
//! It reads JetStream while positions follow each other, and the log whenever they do not, or while
//! NATS is away or silent. Nothing that came by NATS is returned before the log has confirmed it: that
//! the epoch is the log's own, and that the page's last event is the one at its position there. So a
//! stream that is older, newer or other than the log cannot deceive a consumer; the price is one
//! look-up by index a page.

mod subscription;

use crate::RawEvent;
use crate::log::Log;
use crate::message::Carried;
use crate::transport::{Conveyor, Transport};
use crate::wake::Wake;
use domain::Epoch;
use sqlx::PgPool;
use std::time::Duration;
use subscription::Subscription;
use tokio::time::{Instant, sleep_until};

/// How long an empty answer takes; also how long NATS may be silent before the log is asked.
const IDLE: Duration = Duration::from_millis(250);
/// How many messages one look at the subscription takes at most, whatever they are.
const LOOK: usize = 4_096;

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
pub struct Page {
    /// Empty when nothing was appended for a while.
    pub events: Vec<RawEvent>,
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
pub struct Feed<L = PgPool, C = Transport> {
    log: L,
    wake: Wake,
    carrier: Option<Carrier<C>>,
}

/// What comes by NATS.
#[derive(Debug)]
struct Carrier<C> {
    transport: C,
    subscription: Subscription,
    /// Whether the subscription has been told where to start. It is told at the log's end: far behind
    /// it the log alone is faster, and messages would only be thrown away.
    listening: bool,
    /// A message that lies beyond the next position.
    beyond: Option<Carried>,
    /// Whether NATS has shown that it is up to date, and has not been silent since about something
    /// that the log already had.
    trusted: bool,
}

/// What one look at the subscription gave.
#[derive(Debug, Default)]
struct Look {
    events: Vec<RawEvent>,
    /// A message of another epoch was seen.
    foreign: bool,
}

impl Feed {
    /// A feed over the log behind `reader_pool`, carried by `transport` if there is one.
    pub fn new(reader_pool: PgPool, transport: Option<Transport>) -> Self {
        let wake = Wake::shared(&reader_pool);
        Self::over(reader_pool, wake, transport)
    }
}

impl<L: Log, C: Conveyor> Feed<L, C> {
    /// A feed over any log and stream.
    #[doc(hidden)]
    pub fn over(log: L, wake: Wake, transport: Option<C>) -> Self {
        let carrier = transport.map(|transport| Carrier {
            subscription: Subscription::start(transport.clone()),
            transport,
            listening: false,
            beyond: None,
            trusted: false,
        });
        Self { log, wake, carrier }
    }

    /// The events after position `after` of `epoch`, at most `max`: at once if there are any, else as
    /// soon as one arrives, else an empty page after a quarter of a second. Never skips, never
    /// reorders, never returns a position twice, as long as the caller asks after the last position it
    /// received. Cancelling is safe.
    pub async fn next_page(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Page, FeedError> {
        let max = max.max(1);
        let deadline = Instant::now() + IDLE;
        if let Some(carrier) = &mut self.carrier
            && carrier.listening
        {
            carrier.subscription.note((epoch, after));
        }
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
                    && !std::mem::replace(&mut carrier.listening, true)
                {
                    carrier.subscription.note((epoch, events.last().map_or(after, |last| last.position)));
                }
                if !events.is_empty() {
                    if let Some(carrier) = &mut self.carrier
                        && carrier.beyond.is_none()
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
    async fn carried(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Option<Vec<RawEvent>>, FeedError> {
        let Some(carrier) = &mut self.carrier else { return Ok(None) };
        let Look { events, foreign } = carrier.look(after, epoch, max);
        if let Some(last) = events.last() {
            let (current, at_position) = self.log.event_at(last.position).await?;
            if current != epoch {
                return Err(FeedError::EpochChanged(current));
            }
            if at_position == Some(last.event_id) {
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
    async fn read_log(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Vec<RawEvent>, sqlx::Error> {
        let beyond = self.carrier.as_ref().and_then(|carrier| carrier.beyond.as_ref());
        let mut limit = i64::try_from(max).unwrap_or(i64::MAX);
        if let Some(beyond) = beyond {
            limit = limit.min(beyond.event.position - after - 1);
            metrics::counter!("attendance_feed_holes_total").increment(1);
        }
        self.log.read_after_in_epoch(epoch, after, limit).await
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
            && carrier.beyond.as_ref().is_some_and(|beyond| beyond.event.position > head.position)
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
        // In this order, so that the same events give the same run.
        tokio::select! {
            biased;
            message = carrier.subscription.messages.recv(), if carrier.beyond.is_none() => match message {
                Some(message) => carrier.beyond = Some(message),
                // The subscription has ended for good, which only its own defect can bring about.
                None => self.carrier = None,
            },
            () = self.wake.woken(), if !trusted => {}
            () = sleep_until(deadline) => {}
        }
    }
}

impl<C: Conveyor> Carrier<C> {
    /// Whether there is no need to read the log now.
    fn suffices(&self) -> bool {
        self.trusted && self.beyond.is_none() && self.transport.is_connected()
    }

    /// Takes what is there: the events that follow `after`, until one lies beyond a hole.
    fn look(&mut self, after: i64, epoch: Epoch, max: usize) -> Look {
        let mut look = Look::default();
        let (mut repeated, mut of_other_epochs) = (0, 0);
        for _ in 0..LOOK {
            if look.events.len() == max {
                break;
            }
            let Some(message) = self.beyond.take().or_else(|| self.subscription.messages.try_recv().ok()) else {
                break;
            };
            let next = after + 1 + look.events.len() as i64;
            if message.epoch != epoch {
                look.foreign = true;
                of_other_epochs += 1;
            } else if message.event.position == next {
                look.events.push(message.event);
            } else if message.event.position > next {
                self.beyond = Some(message);
                break;
            } else {
                repeated += 1;
                // NATS just brought what the log gave a moment ago: it is up to date again.
                self.trusted |= message.event.position == after && self.transport.is_connected();
            }
        }
        discarded("repeated", repeated);
        discarded("other_epoch", of_other_epochs);
        look
    }

    /// Forgets all that waits: it is not to be believed.
    fn clear(&mut self) {
        self.trusted = false;
        self.beyond = None;
        while self.subscription.messages.try_recv().is_ok() {}
    }
}

fn counted(page: Page) -> Page {
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
