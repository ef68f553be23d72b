//! The two ordinary writes.
//!
//! - [`Write::execute`]: one command to one stream, through cqrs-es and stock postgres-es. The usual
//!   way, for whatever stands by itself.
//! - [`Write::execute_together`]: a [`Unit`] of commands and reservations in the directory that must
//!   not be seen without each other (an enrolment and its RUN; a whole row of a list). Decided by the
//!   same `decide`, appended with the same metadata.
//!
//! Rows of other tables that must commit with their events have [`crate::append`].

mod reservation;
mod retry;
mod unit;

pub use reservation::{Claim, Outcome, Reserved};
pub use retry::Retry;
pub(crate) use unit::states_in_tx;
pub use unit::{Unit, UnitError};

use crate::adapter::{Bridge, Decided, ReadByDecode};
use crate::append::{Metadata, NewEvent, append_in_tx};
use crate::clock::Clock;
use crate::context::Context;
use crate::directory::Directory;
use crate::error::{StoreError, WriteError};
use crate::ids::IdSource;
use crate::pool::in_time;
use crate::settings::SettingsCache;
use crate::vault::Vault;
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{AggregateError, CqrsFramework};
use domain::school::Settings;
use domain::{CommandId, DomainEvent, Epoch, SchoolId, StreamId};
use postgres_es::PostgresEventRepository;
use sqlx::{PgExecutor, PgPool};
use std::sync::Arc;
use tracing::Instrument;

/// What a command did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Position of its last event; `None` if there was nothing to do.
    pub position: Option<i64>,
    /// How many events it appended.
    pub events: usize,
    /// Whether the log already held it: nothing was appended now.
    pub repeated: bool,
}

impl Done {
    /// There was nothing to do.
    pub const NOTHING: Self = Self { position: None, events: 0, repeated: false };
}

/// The write side. A clone is the same one: pools, vault and directory are shared.
#[derive(Debug, Clone)]
pub struct Write(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    vault: Vault,
    directory: Directory,
    retry: Retry,
    settings: SettingsCache,
}

impl Write {
    /// The pool is the log writer's.
    pub fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        vault: Vault,
        directory: Directory,
    ) -> Self {
        Self::with_retry(pool, clock, ids, vault, directory, Retry::default())
    }

    /// The same, with a retry of your own.
    pub fn with_retry(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        vault: Vault,
        directory: Directory,
        retry: Retry,
    ) -> Self {
        Self(Arc::new(Parts { pool, clock, ids, vault, directory, retry, settings: SettingsCache::default() }))
    }

    /// The log writer's pool.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }
    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }
    /// The source of new ids.
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.0.ids
    }
    /// The keys.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }
    pub(crate) fn retry(&self) -> &Retry {
        &self.0.retry
    }
    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Runs a command on a stream: read, decide, append, again on conflict. It runs in a task of its
    /// own, so that a caller who hangs up cannot stop it half-way; an answer means committed.
    ///
    /// A command id that is in this stream already is answered from the log. The id belongs to one
    /// command on one stream: a request of several commands gives each its [`Context::part`].
    pub async fn execute<A: domain::Aggregate>(
        &self,
        context: &Context,
        stream: &StreamId,
        command: A::Command,
    ) -> Result<Done, WriteError<A::Error>> {
        let (parts, context, stream) = (self.0.clone(), context.clone(), stream.clone());
        let task = tokio::spawn(
            async move { parts.execute::<A>(context, &stream, command).await }.instrument(tracing::Span::current()),
        );
        task.await.unwrap_or(Err(WriteError::Store(StoreError::Interrupted)))
    }

    /// What the log says of a command's id in a stream, if it holds it.
    pub(crate) async fn find_command<A: domain::Aggregate>(
        &self,
        stream: &StreamId,
        id: CommandId,
    ) -> Result<Option<Done>, StoreError> {
        let place = Place { aggregate: <A::Event as DomainEvent>::AGGREGATE, stream, id };
        Ok(place.find(self.pool()).await?.map(|found| Done { repeated: true, ..found }))
    }

    /// A school's settings as they are in the log now. One round trip.
    pub async fn school_settings(&self, school: SchoolId) -> Result<Settings, StoreError> {
        self.0.settings.get(&self.0.pool, school).await
    }

    /// Appends events that were decided already, in a transaction of their own; none gives nothing. A conflict is the
    /// caller's to try again ([`crate::append::is_conflict`]).
    pub(crate) async fn append(&self, events: &[NewEvent]) -> Result<Done, sqlx::Error> {
        if events.is_empty() {
            return Ok(Done::NOTHING);
        }
        let mut tx = self.pool().begin().await?;
        let head = append_in_tx(&mut tx, &**self.clock(), events).await?;
        tx.commit().await?;
        Ok(Done { position: Some(head.position), events: events.len(), repeated: false })
    }

    /// The log's epoch, and the position of its last event: whatever is committed by now is not behind it.
    pub async fn log_end(&self) -> Result<(Epoch, i64), StoreError> {
        let end = sqlx::query!(
            r#"select epoch, (select coalesce(max(position), 0) from events) as "position!" from log_epoch"#
        )
        .fetch_one(&self.0.pool);
        let end = in_time::<_, sqlx::Error>(end).await?;
        Ok((Epoch(end.epoch), end.position))
    }

    /// The log's epoch.
    pub async fn epoch(&self) -> Result<Epoch, StoreError> {
        let epoch = sqlx::query_scalar!("select epoch from log_epoch").fetch_one(&self.0.pool);
        Ok(Epoch(in_time::<_, sqlx::Error>(epoch).await?))
    }
}

impl Parts {
    async fn execute<A: domain::Aggregate>(
        &self,
        mut context: Context,
        stream: &StreamId,
        command: A::Command,
    ) -> Result<Done, WriteError<A::Error>> {
        if !belongs_to(stream, context.school) {
            return Err(StoreError::ForeignStream.into());
        }
        // Every command has an id, so that its outcome can be found in the log.
        let asked = context.command_id.is_some();
        let id = *context.command_id.get_or_insert_with(|| CommandId(self.ids.next()));
        let place = Place { aggregate: <A::Event as DomainEvent>::AGGREGATE, stream, id };
        if asked && let Some(found) = place.find(&self.pool).await? {
            return Ok(Done { repeated: true, ..found });
        }
        let decided = Decided::default();
        // Cheap: the pool in it is shared.
        let cqrs = CqrsFramework::<Bridge<A>, _>::new(
            PersistedEventStore::new_event_store(PostgresEventRepository::new(self.pool.clone()))
                .with_upcasters(vec![Box::new(ReadByDecode)]),
            vec![],
            decided.clone(),
        );
        let mut outages = 0;
        for attempt in 0..self.retry.tries {
            self.retry.wait(attempt).await;
            // Read anew at each try: it is the instant of recording too.
            let metadata = Metadata::of_command(&context, self.ids.next(), self.clock.now());
            let executed = cqrs.execute_with_metadata(stream.as_str(), command.clone(), metadata);
            // Given up, it may be committed all the same, as with any broken connection.
            let executed = in_time(async { Ok::<_, sqlx::Error>(executed.await) })
                .await
                .unwrap_or_else(|error| Err(AggregateError::DatabaseConnectionError(Box::new(error))));
            match executed {
                Ok(()) if decided.events() > 0 => {
                    let found = self.look(&place, false).await?;
                    return found.ok_or(WriteError::Store(StoreError::Interrupted));
                }
                // Nothing to do, or nothing more: another call with this id was first.
                Ok(()) => {
                    let found = if asked { place.find(&self.pool).await? } else { None };
                    return Ok(found.map_or(Done::NOTHING, |found| Done { repeated: true, ..found }));
                }
                Err(AggregateError::UserError(rejected)) => {
                    let found = if asked { place.find(&self.pool).await? } else { None };
                    return found.map(|found| Done { repeated: true, ..found }).ok_or(WriteError::Rejected(rejected));
                }
                Err(AggregateError::AggregateConflict) => {
                    metrics::counter!("commands_conflicts_total", "aggregate" => place.aggregate).increment(1);
                    if asked && let Some(found) = place.find(&self.pool).await? {
                        return Ok(Done { repeated: true, ..found });
                    }
                }
                Err(
                    AggregateError::DatabaseConnectionError(error)
                    | AggregateError::DeserializationError(error)
                    | AggregateError::UnexpectedError(error),
                ) => {
                    let error = store_error(error);
                    outages += 1;
                    if !error.is_temporary() || outages > self.retry.outages {
                        return Err(error.into());
                    }
                    // The commit may have come through although its answer did not.
                    if let Some(found) = self.look(&place, true).await? {
                        return Ok(found);
                    }
                }
            }
        }
        Err(WriteError::Conflict)
    }

    /// What the log says about a command, through an outage that passes. When its commit's answer was
    /// lost, under the log's lock: a commit that is still under way holds it.
    async fn look(&self, place: &Place<'_>, under_lock: bool) -> Result<Option<Done>, StoreError> {
        let mut last = None;
        for attempt in 0..self.retry.tries {
            self.retry.wait(attempt).await;
            let found = if under_lock { place.find_under_lock(&self.pool).await } else { place.find(&self.pool).await };
            match found {
                Ok(found) => return Ok(found),
                Err(error) if error.is_temporary() => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or(StoreError::Interrupted))
    }
}

/// Where a command's events are, if it has any.
struct Place<'a> {
    aggregate: &'static str,
    stream: &'a StreamId,
    id: CommandId,
}

impl Place<'_> {
    async fn find(&self, executor: impl PgExecutor<'_>) -> Result<Option<Done>, StoreError> {
        let asked = sqlx::query!(
            r#"select max(position) as position, count(*) as "events!" from events
               where command_id = $1 and aggregate_type = $2 and aggregate_id = $3"#,
            self.id.0,
            self.aggregate,
            self.stream.as_str(),
        )
        .fetch_one(executor);
        let row = in_time(asked).await?;
        let events = usize::try_from(row.events).unwrap_or_default();
        Ok(row.position.map(|position| Done { position: Some(position), events, repeated: false }))
    }

    async fn find_under_lock(&self, pool: &PgPool) -> Result<Option<Done>, StoreError> {
        let mut tx = in_time(pool.begin()).await?;
        in_time(sqlx::query!("select lock_log()").execute(&mut *tx)).await?;
        let found = self.find(&mut *tx).await?;
        in_time(tx.rollback()).await?;
        Ok(found)
    }
}

fn belongs_to(stream: &StreamId, school: SchoolId) -> bool {
    let school = school.to_string();
    let parts: Vec<&str> = stream.as_str().split('/').collect();
    matches!(parts[..], [s, _] | [_, s, _] | [_, s, _, _] if s == school)
}

fn store_error(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    match error.downcast::<sqlx::Error>() {
        Ok(error) => (*error).into(),
        Err(error) => StoreError::Library(error),
    }
}

#[cfg(test)]
mod tests;
