//! The log in Postgres, read by position: the truth that the feed heals from and the relay copies.
//!
//! Positions are dense from 1 and become visible in order, so *position p visible* means *every
//! position below p visible*. Every reading here is a range scan over the index on `position`.
//! The caller's pool acts as `attendance_log_reader`.

use crate::RawEvent;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{Actor, Epoch, EventId, Recorded, StreamId};
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

/// What feeds and relays read of the log. Of the product there is one, Postgres; the simulation in
/// `tests` has a model.
pub trait Log: Send {
    /// As [`head`].
    fn head(&mut self) -> impl Future<Output = Result<Head, sqlx::Error>> + Send;
    /// The log's epoch, and which event stands at a position.
    fn event_at(&mut self, position: i64)
    -> impl Future<Output = Result<(Epoch, Option<EventId>), sqlx::Error>> + Send;
    /// The `limit` events that follow position `after`; none of a log that has begun another epoch. One
    /// reading, so that a restore between a check and it cannot mix two logs.
    fn read_after_in_epoch(
        &mut self,
        epoch: Epoch,
        after: i64,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<RawEvent>, sqlx::Error>> + Send;
}

impl Log for PgPool {
    async fn head(&mut self) -> Result<Head, sqlx::Error> {
        head(&*self).await
    }
    async fn event_at(&mut self, position: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
        event_at(&*self, position).await
    }
    async fn read_after_in_epoch(
        &mut self,
        epoch: Epoch,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RawEvent>, sqlx::Error> {
        read_after_in_epoch(&*self, epoch, after, limit).await
    }
}

impl Log for PgConnection {
    async fn head(&mut self) -> Result<Head, sqlx::Error> {
        head(self).await
    }
    async fn event_at(&mut self, position: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
        event_at(self, position).await
    }
    async fn read_after_in_epoch(
        &mut self,
        epoch: Epoch,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RawEvent>, sqlx::Error> {
        read_after_in_epoch(self, epoch, after, limit).await
    }
}

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The log's life between two restores.
    pub epoch: Epoch,
    /// The last position; 0 while the log is empty.
    pub position: i64,
    /// When the last event was recorded.
    pub recorded_at: Option<DateTime<Utc>>,
}

/// The `limit` events that follow position `after`, or fewer where the log ends. Payloads are the
/// stored bytes.
pub async fn read_after(pool: &PgPool, after: i64, limit: i64) -> Result<Vec<RawEvent>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select position, event_id, school_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                  occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id, causation_id,
                  command_id, payload as "payload: Json<Box<RawValue>>"
             from events
            where position > $1
            order by position
            limit $2"#,
        after,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(RawEvent::from).collect())
}

/// [`read_after`] within one epoch, as one statement.
async fn read_after_in_epoch(
    executor: impl PgExecutor<'_>,
    epoch: Epoch,
    after: i64,
    limit: i64,
) -> Result<Vec<RawEvent>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select position, event_id, school_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                  occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id, causation_id,
                  command_id, payload as "payload: Json<Box<RawValue>>"
             from events
            where position > $1 and exists (select from log_epoch where epoch = $3)
            order by position
            limit $2"#,
        after,
        limit,
        epoch.0
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(RawEvent::from).collect())
}

/// The log's epoch and end. `RowNotFound` while the database has no epoch yet.
pub async fn head(executor: impl PgExecutor<'_>) -> Result<Head, sqlx::Error> {
    let row = sqlx::query!(
        r#"select l.epoch, e.position as "position?", e.recorded_at as "recorded_at?"
             from log_epoch l
             left join lateral (select position, recorded_at from events order by position desc limit 1) e on true"#
    )
    .fetch_one(executor)
    .await?;
    Ok(Head { epoch: Epoch(row.epoch), position: row.position.unwrap_or(0), recorded_at: row.recorded_at })
}

async fn event_at(executor: impl PgExecutor<'_>, position: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
    let row = sqlx::query!(
        r#"select l.epoch, e.event_id as "event_id?" from log_epoch l left join events e on e.position = $1"#,
        position
    )
    .fetch_one(executor)
    .await?;
    Ok((Epoch(row.epoch), row.event_id.map(EventId)))
}

struct Row {
    position: i64,
    event_id: Uuid,
    school_id: Uuid,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    local_date: NaiveDate,
    zone: String,
    utc_offset: i32,
    actor: String,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
    command_id: Option<Uuid>,
    payload: Json<Box<RawValue>>,
}

impl From<Row> for RawEvent {
    fn from(row: Row) -> Self {
        Recorded {
            position: row.position,
            event_id: row.event_id.into(),
            school_id: row.school_id.into(),
            aggregate_type: row.aggregate_type,
            stream: StreamId::from_stored(row.aggregate_id),
            sequence: row.sequence,
            event_type: row.event_type,
            event_version: row.event_version,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
            local_date: row.local_date,
            zone: row.zone,
            utc_offset: row.utc_offset,
            actor: Actor(row.actor),
            correlation_id: row.correlation_id,
            causation_id: row.causation_id,
            command_id: row.command_id.map(Into::into),
            payload: row.payload.0,
        }
    }
}
