//! Keeps the read models up to the log: a page is folded in memory, rows and checkpoint are written in
//! one transaction.
//!
//! Several projectors of one model are safe at once: each transaction begins by moving the checkpoint
//! from where it was read, so of two with the same page one waits for the other and then writes
//! nothing.
//!
//! An event that cannot be applied (a newer version, a broken payload) stops its model there. What
//! stands before it is applied; what stands behind it waits, since a model with a hole would look
//! whole. The stop is logged with the position, counted, and tried again with growing pauses.

mod store;
#[doc(hidden)]
pub use store::{ModelTx, Models};

use crate::fact::{Decoded, Fact, Poison, until_poison};
use crate::model::schools_of;
use crate::{Checkpoint, ReadModel};
use domain::Epoch;
use nats::log::Log;
use nats::transport::Conveyor;
use nats::{Feed, FeedError, Hub, Page, Source, Transport};
use sqlx::{PgConnection, PgPool};
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Events of one transaction at most: large pages cost little more than small ones.
pub const PAGE: usize = 2_000;
/// First and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// While a page takes long the process is full, and few large pages cost less than many small ones: the projector
/// then gathers for as many times as long as the last one took, up to the longest.
const GATHERED: (u32, Duration) = (2, Duration::from_millis(50));
/// How long a page may take to be read, or to be written: whatever takes longer hangs on a connection
/// that has lost its other end without a word. The server gives a projector's statement up before.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take to empty a model, however large it is. Longer than the server takes (`store.rs`).
const PATIENCE_TO_CLEAR: Duration = Duration::from_secs(620);

async fn in_time<T, E: From<sqlx::Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    within(PATIENCE, work).await
}

async fn within<T, E: From<sqlx::Error>>(patience: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let hangs = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into();
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(hangs()))
}

/// Runs every model until the token is cancelled. `projector` acts as the projector's role with the
/// read models in its search path, `reader` as the log reader's. An error is a panic in a projector,
/// after which the others were stopped too.
pub async fn run_all(
    projector: PgPool,
    reader: PgPool,
    transport: Option<Transport>,
    token: CancellationToken,
) -> Result<(), JoinError> {
    let mut projectors = JoinSet::new();
    let hub = transport.map(Hub::new);
    for model in ReadModel::ALL {
        let feed = Feed::new(reader.clone(), hub.clone());
        projectors.spawn(run(model, projector.clone(), feed, token.clone()));
    }
    let mut outcome = Ok(());
    while let Some(ended) = projectors.join_next().await {
        if let Err(error) = ended {
            token.cancel();
            outcome = Err(error);
        }
    }
    outcome
}

/// Runs one model until the token is cancelled. A transaction under way is finished first.
pub async fn run<M: Models, L: Log, C: Conveyor>(
    model: ReadModel,
    projector: M,
    feed: Feed<L, C, Decoded>,
    token: CancellationToken,
) {
    Projector::new(model, projector, feed).run(token).await;
}

/// Why a step came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// An event cannot be applied.
    #[error(transparent)]
    Poison(#[from] Poison),
    /// The feed broke its promise: the page does not continue the checkpoint.
    #[error("the page after position {after} does not continue it")]
    Hole {
        /// The checkpoint.
        after: i64,
    },
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] sqlx::Error),
}

/// One projector: a model, where it writes, and what it reads.
#[derive(Debug)]
pub struct Projector<M = PgPool, L = PgPool, C = Transport> {
    model: ReadModel,
    models: M,
    feed: Feed<L, C, Decoded>,
    page: usize,
    checkpoint: Option<Checkpoint>,
    /// What follows the checkpoint, read while the page before was being written.
    ahead: Option<Read>,
    /// How long the last page took to be written.
    took: Duration,
}

/// A page that was read.
#[derive(Debug)]
struct Read {
    facts: Vec<Fact>,
    poison: Option<Poison>,
    source: Source,
}

impl From<Page<Decoded>> for Read {
    fn from(page: Page<Decoded>) -> Self {
        let (facts, poison) = until_poison(page.events.into_iter().map(|event| event.fact));
        Self { facts, poison, source: page.source }
    }
}

impl<M: Models, L: Log, C: Conveyor> Projector<M, L, C> {
    /// A projector that has not read its checkpoint yet.
    pub fn new(model: ReadModel, models: M, feed: Feed<L, C, Decoded>) -> Self {
        Self { model, models, feed, page: PAGE, checkpoint: None, ahead: None, took: Duration::ZERO }
    }

    /// Takes pages of at most `page` events.
    pub fn set_page(&mut self, page: usize) {
        self.page = page.max(1);
    }

    /// Reads the checkpoint again before the next page.
    pub fn forget(&mut self) {
        self.checkpoint = None;
        self.ahead = None;
    }

    /// See [`run`].
    #[doc(hidden)]
    pub async fn run(mut self, token: CancellationToken) {
        let model = self.model;
        let mut pause = PAUSE.0;
        while !token.is_cancelled() {
            // A transaction is never cut off by the token: only the waiting inside is.
            match self.step(&token).await {
                Ok(written) => {
                    pause = PAUSE.0;
                    // What waits in NATS comes in pieces: only after a small page has the log been caught up with.
                    if (1..=self.page / 8).contains(&written) {
                        token.run_until_cancelled(tokio::time::sleep(gathering(model, self.took))).await;
                    }
                }
                Err(error) => {
                    self.forget();
                    if let StepError::Poison(poison) = &error {
                        tracing::error!(read_model = model.name(), position = poison.position, %error, "projection stopped");
                    } else {
                        tracing::warn!(read_model = model.name(), %error, "projection failed, trying again");
                    }
                    metrics::counter!("attendance_projection_failures_total", "read_model" => model.name())
                        .increment(1);
                    metrics::gauge!("attendance_projection_stopped", "read_model" => model.name())
                        .set(f64::from(u8::from(matches!(error, StepError::Poison(_)))));
                    token.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// Waits for a page (at most about a quarter of a second) and applies it. Another projector having
    /// applied it is an ordinary outcome. Returns how many events the page had.
    pub async fn step(&mut self, token: &CancellationToken) -> Result<usize, StepError> {
        let from = match self.checkpoint {
            Some(checkpoint) => checkpoint,
            None => *self.checkpoint.insert(in_time(self.models.checkpoint(self.model)).await?),
        };
        let ahead = self.ahead.take();
        let read = async {
            match ahead {
                Some(read) => Ok(read),
                None => in_time(self.feed.next_page(from.position, from.epoch, self.page)).await.map(Read::from),
            }
        };
        let Read { facts, poison, source } = match token.run_until_cancelled(read).await {
            None => return Ok(0),
            Some(Ok(read)) => read,
            Some(Err(FeedError::Db(error))) => return Err(error.into()),
            Some(Err(FeedError::EpochChanged(epoch))) => {
                tracing::warn!(read_model = self.model.name(), %epoch, "the log has begun another epoch, starting anew");
                return self.start_anew(from, epoch).await.map(|()| 0);
            }
            Some(Err(error @ FeedError::AheadOfLog { .. })) => {
                tracing::error!(read_model = self.model.name(), %error, "starting anew");
                return self.start_anew(from, from.epoch).await.map(|()| 0);
            }
        };
        continues(from.position, &facts)?;
        if let Some(last) = facts.last() {
            let to = after(&from, last);
            let begun = Instant::now();
            let written = in_time(write(&self.models, self.model, &from, &to, &facts));
            let written = if facts.len() < self.page {
                written.await
            } else {
                // Far behind: the next page is read meanwhile. What is wrong with it, the next step will hear.
                let next = token.run_until_cancelled(in_time(self.feed.next_page(to.position, to.epoch, self.page)));
                let next = async { next.await?.ok().map(Read::from) };
                let (written, next) = tokio::join!(written, next);
                self.ahead = next;
                written
            };
            self.took = begun.elapsed();
            match written {
                Ok(true) => self.checkpoint = Some(to),
                // What was read ahead follows a checkpoint that is not ours.
                Ok(false) => self.forget(),
                Err(error) => {
                    self.forget();
                    return Err(error.into());
                }
            }
            self.count(&to, facts.len(), source);
        }
        poison.map_or(Ok(facts.len()), |poison| Err(poison.into()))
    }

    /// Empties the model and fills it from the log's beginning, in one transaction: readers see the old
    /// rows until they see all of the new ones.
    async fn start_anew(&mut self, from: Checkpoint, epoch: Epoch) -> Result<(), StepError> {
        self.forget();
        let mut to = Checkpoint { version: from.version + 1, epoch, position: 0, recorded_at: None, ..from };
        let mut tx = in_time(self.models.begin(self.model)).await?;
        if !in_time(tx.advance(&from, &to)).await? {
            return Ok(());
        }
        within(PATIENCE_TO_CLEAR, tx.clear(self.model)).await?;
        loop {
            let Read { facts, poison, .. } = match in_time(self.feed.next_page(to.position, epoch, self.page)).await {
                Ok(page) => page.into(),
                Err(FeedError::Db(error)) => return Err(error.into()),
                // It changed once more: begin again with that one.
                Err(FeedError::EpochChanged(_) | FeedError::AheadOfLog { .. }) => return Ok(()),
            };
            if let Some(poison) = poison {
                return Err(poison.into());
            }
            continues(to.position, &facts)?;
            in_time(tx.apply(self.model, &facts)).await?;
            let Some(last) = facts.last() else { break };
            let next = after(&to, last);
            in_time(tx.advance(&to, &next)).await?;
            to = next;
            if facts.len() < self.page {
                break;
            }
        }
        in_time(tx.announce(self.model, "*")).await?;
        in_time(tx.commit()).await?;
        self.checkpoint = Some(to);
        Ok(())
    }

    fn count(&self, to: &Checkpoint, events: usize, source: Source) {
        let (model, source) = (self.model.name(), if source == Source::Nats { "nats" } else { "log" });
        metrics::gauge!("attendance_projection_stopped", "read_model" => model).set(0.0);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; positions stay below 2^53")]
        metrics::gauge!("attendance_projection_position", "read_model" => model).set(to.position as f64);
        metrics::counter!("attendance_projection_pages_total", "read_model" => model, "source" => source).increment(1);
        metrics::counter!("attendance_projection_events_total", "read_model" => model)
            .increment(u64::try_from(events).unwrap_or(0));
    }
}

/// Rows and checkpoint in one transaction. False: another projector has moved the checkpoint.
async fn write<M: Models>(
    models: &M,
    model: ReadModel,
    from: &Checkpoint,
    to: &Checkpoint,
    facts: &[Fact],
) -> Result<bool, sqlx::Error> {
    let mut tx = models.begin(model).await?;
    if !tx.advance(from, to).await? {
        return Ok(false);
    }
    #[cfg(test)]
    local_services::failpoint::reach("projector: before rows").await?;
    tx.apply(model, facts).await?;
    let schools = schools_of(model, facts);
    if !schools.is_empty() {
        tx.announce(model, &schools).await?;
    }
    #[cfg(test)]
    local_services::failpoint::reach("projector: before commit").await?;
    tx.commit().await?;
    #[cfg(test)]
    local_services::failpoint::reach("projector: after commit").await?;
    Ok(true)
}

/// How long to wait behind a small page that took so long.
fn gathering(model: ReadModel, took: Duration) -> Duration {
    model.gathering().max((took * GATHERED.0).min(GATHERED.1))
}

/// The checkpoint after an event.
pub(crate) fn after(from: &Checkpoint, last: &Fact) -> Checkpoint {
    let (position, recorded_at) = (last.position(), Some(last.event.recorded_at));
    Checkpoint { version: from.version + 1, position, recorded_at, ..*from }
}

/// Whether the facts follow the position without a hole.
pub(crate) fn continues(after: i64, facts: &[Fact]) -> Result<(), StepError> {
    let dense = facts.iter().zip(after + 1..).all(|(fact, expected)| fact.position() == expected);
    if dense { Ok(()) } else { Err(StepError::Hole { after }) }
}

/// Tells waiting readers at commit which schools changed.
pub(crate) async fn announce_in_tx(
    conn: &mut PgConnection,
    model: ReadModel,
    schools: &str,
) -> Result<(), sqlx::Error> {
    if let Some(channel) = model.channel() {
        sqlx::query!("select pg_notify($1, $2)", channel, schools).execute(conn).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
