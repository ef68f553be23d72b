//! The feed: the log's events in order, page by page, for one consumer that keeps its own checkpoint.

use crate::RawEvent;
use crate::log;
use crate::transport::Transport;
use crate::wake::Wake;
use domain::Epoch;
use sqlx::PgPool;
use std::time::Duration;
use tokio::time::timeout;

/// How long an empty answer takes at most.
const IDLE: Duration = Duration::from_millis(250);

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
pub struct Feed {
    pool: PgPool,
    wake: Wake,
    #[expect(dead_code, reason = "read in the next step")]
    transport: Option<Transport>,
}

impl Feed {
    /// A feed over the log behind `reader_pool`, carried by `transport` if there is one.
    pub fn new(reader_pool: PgPool, transport: Option<Transport>) -> Self {
        Self { wake: Wake::shared(&reader_pool), pool: reader_pool, transport }
    }

    /// The events after position `after` of `epoch`, at most `max`: at once if there are any, else as
    /// soon as one is appended, else an empty page after a quarter of a second. Never skips, never
    /// reorders, never returns a position twice, as long as the caller asks after the last position it
    /// received. Cancelling is safe.
    pub async fn next_page(&mut self, after: i64, epoch: Epoch, max: usize) -> Result<Page, FeedError> {
        self.wake.note();
        let events = self.read_log(after, epoch, max).await?;
        if !events.is_empty() {
            return Ok(Page { events, source: Source::Log });
        }
        let head = log::head(&self.pool).await?;
        if head.epoch != epoch {
            return Err(FeedError::EpochChanged(head.epoch));
        }
        if head.position < after {
            return Err(FeedError::AheadOfLog { after, head: head.position });
        }
        // No event and no wake-up is an ordinary outcome: the caller sees an empty page.
        let _ = timeout(IDLE, self.wake.woken()).await;
        Ok(Page { events: self.read_log(after, epoch, max).await?, source: Source::Log })
    }

    async fn read_log(&self, after: i64, epoch: Epoch, max: usize) -> Result<Vec<RawEvent>, sqlx::Error> {
        log::read_after_in_epoch(&self.pool, epoch, after, i64::try_from(max).unwrap_or(i64::MAX)).await
    }
}
