//! The live board in memory: one hub per process, per school only while somebody watches.
//!
//! A school's channel computes the board when the live model moved (LISTEN, with a poll behind it), and
//! every two seconds besides, since lateness depends on the clock. Each frame is computed and written as
//! JSON once and shared by all who watch. Frames go out at once and are then at most twenty a second, fewer where they take long. A
//! client reads from the school's ring of recent frames at its own pace: one that is too slow finds its
//! place gone and gets a snapshot, and nobody waits for it.

mod channel;
mod frame;
mod freshness;
#[cfg(test)]
mod measure;
#[doc(hidden)]
pub mod source;
mod view;
mod wake;

#[doc(hidden)]
pub use crate::api::live::stream::events;
pub use channel::{Given, Watcher};
pub use frame::{Frame, FrameId, Told};
pub(crate) use freshness::real_ms;
pub use freshness::{Freshness, Spread};
pub use view::{BoardView, CountsView, CourseView, GateView, NameView, ScanView, SchoolView};

use crate::names::{Names, NamesError};
use channel::Channel;
use commands::clock::Clock;
use domain::SchoolId;
use projections::Readers;
use projections::live::kept::Kept;
use projections::live::lines::Lines;
use source::{Postgres, Source};
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

/// Boards computed at once in this process, whoever asks.
const COMPUTED_AT_ONCE: usize = 3;
/// How long one may take.
const COMPUTED_WITHIN: Duration = Duration::from_secs(8);

/// Why there is no board.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A database does not answer.
    #[error("a read model cannot be asked: {0}")]
    Database(#[from] sqlx::Error),
    /// Names cannot be opened.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// Too many boards are asked for at once, or the server stops.
    #[error("too many boards are asked for at once")]
    Overloaded,
}

/// The hub. Cheap to clone.
#[derive(Clone)]
pub struct LiveHub(Arc<Hub>);

pub(crate) struct Hub {
    source: Box<dyn Source>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// Frames kept per school.
    ring: usize,
    channels: Mutex<BTreeMap<SchoolId, Weak<Channel>>>,
    computing: Semaphore,
    log_end: freshness::LogEnd,
    /// Whether anything was heard of the projector since the last poll.
    heard: AtomicBool,
}

impl LiveHub {
    /// A hub that nobody watches yet; it keeps `ring` frames of each school. Streams end when `stop` is cancelled.
    pub fn new(
        readers: Readers,
        log_reader: PgPool,
        names: Names,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        ring: usize,
    ) -> Self {
        let lines = Lines::new(&readers, COMPUTED_AT_ONCE);
        Self::over(Postgres { readers, lines, log_reader, names }, clock, stop, ring)
    }

    /// The same over any source.
    #[doc(hidden)]
    pub fn over(source: impl Source, clock: Arc<dyn Clock>, stop: CancellationToken, ring: usize) -> Self {
        Self(Arc::new(Hub {
            source: Box::new(source),
            clock,
            stop,
            ring: ring.max(1),
            channels: Mutex::default(),
            computing: Semaphore::new(COMPUTED_AT_ONCE),
            log_end: freshness::LogEnd::default(),
            heard: AtomicBool::new(false),
        }))
    }

    /// Listens for what the projector commits, until the hub's token is cancelled.
    pub async fn listen(self) {
        wake::listen(self).await;
    }

    /// The board of a school now, computed for this call; none if there is no such school.
    pub async fn board_now(&self, school: SchoolId) -> Result<Option<Arc<Frame>>, LiveError> {
        let place = self.0.place().await?;
        Ok(self.0.compute(&place, school, None, &mut None).await?.map(Arc::new))
    }

    /// Watches a school, the present board first; none if there is no such school.
    pub async fn watch(&self, school: SchoolId) -> Result<Option<Watcher>, LiveError> {
        if let Some(channel) = self.0.running(school) {
            return Ok(Some(Watcher::new(channel, self.0.stop.clone())));
        }
        let place = self.0.place().await?;
        let mut kept = None;
        let Some(first) = self.0.compute(&place, school, None, &mut kept).await? else { return Ok(None) };
        drop(place);
        // Somebody else may have been first meanwhile.
        let mut channels = self.0.lock();
        if let Some(channel) = channels.get(&school).and_then(Weak::upgrade) {
            return Ok(Some(Watcher::new(channel, self.0.stop.clone())));
        }
        let channel = Arc::new(Channel::new(school, first, self.0.ring));
        channels.insert(school, Arc::downgrade(&channel));
        channels.retain(|_, channel| channel.strong_count() > 0);
        drop(channels);
        tokio::spawn(channel::run(self.0.clone(), channel.clone(), kept));
        Ok(Some(Watcher::new(channel, self.0.stop.clone())))
    }

    /// How many clients watch, over all schools.
    pub fn watchers(&self) -> usize {
        self.0.all().iter().map(|c| c.watchers()).sum()
    }

    /// Cancelled when the server stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }
}

impl Hub {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SchoolId, Weak<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, school: SchoolId) -> Option<Arc<Channel>> {
        self.lock().get(&school).and_then(Weak::upgrade)
    }

    fn all(&self) -> Vec<Arc<Channel>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// A place among those who compute, in the order in which they came.
    async fn place(&self) -> Result<SemaphorePermit<'_>, LiveError> {
        match tokio::time::timeout(Duration::from_secs(5), self.computing.acquire()).await {
            Ok(Ok(place)) if !self.stop.is_cancelled() => Ok(place),
            _ => Err(LiveError::Overloaded),
        }
    }

    /// One board with its names and its age; `after` is the frame that it follows, if it follows one, and
    /// `kept` what that one was computed from: brought up to now here, or lost if that fails.
    async fn compute(
        &self,
        _: &SemaphorePermit<'_>,
        school: SchoolId,
        after: Option<&Frame>,
        kept: &mut Option<Kept>,
    ) -> Result<Option<Frame>, LiveError> {
        // A connection that has lost its other end without a word keeps no board for itself.
        tokio::time::timeout(COMPUTED_WITHIN, frame::compute(self, school, after, kept))
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()))
    }
}
