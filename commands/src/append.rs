//! Appending events in a transaction that also writes other rows.
//!
//! ```text
//! begin → read, decide → Head::take_in_tx (the lock) → head.append_in_tx (events)
//!       → the other rows, which may carry head.position_of(i) → commit
//! ```
//! The lock orders commits, so everything between taking the head and the commit should be inserts
//! whose rows are ready.

use crate::clock::{Clock, micros};
use crate::context::Context;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::values::zone::{local_date, offset_seconds};
use domain::{Actor, CommandId, DomainEvent, EventId, SchoolId, StreamId};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// An event that has no position yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Unique id of this event.
    pub event_id: EventId,
    /// The tenant.
    pub school_id: SchoolId,
    /// The stream's aggregate type.
    pub aggregate_type: &'static str,
    /// The stream.
    pub stream: StreamId,
    /// Place in the stream, from 1: one more than the last that the decision was made on.
    pub sequence: i64,
    /// Wire name.
    pub event_type: &'static str,
    /// Version of the payload's shape.
    pub event_version: &'static str,
    /// The payload as JSON, stored byte for byte.
    pub payload: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The school day it belongs to.
    pub local_date: NaiveDate,
    /// Zone of `local_date`.
    pub zone: Tz,
    /// Who did it.
    pub actor: Actor,
    /// Shared by all that follows from one request.
    pub correlation_id: Uuid,
    /// What caused it.
    pub causation_id: Option<Uuid>,
    /// The command it comes from.
    pub command_id: Option<CommandId>,
}

impl NewEvent {
    /// An event of `context` at `occurred_at`, on the local date of that instant. Set `local_date`
    /// when it belongs to another day.
    pub fn new<E: DomainEvent>(
        context: &Context,
        event_id: EventId,
        stream: StreamId,
        sequence: i64,
        occurred_at: DateTime<Utc>,
        event: &E,
    ) -> Result<Self, serde_json::Error> {
        let occurred_at = micros(occurred_at);
        Ok(Self {
            event_id,
            school_id: context.school,
            aggregate_type: E::AGGREGATE,
            stream,
            sequence,
            event_type: event.name(),
            event_version: event.version(),
            payload: serde_json::to_string(event)?,
            occurred_at,
            local_date: local_date(occurred_at, context.zone),
            zone: context.zone,
            actor: context.actor.clone(),
            correlation_id: context.correlation_id,
            causation_id: context.causation_id,
            command_id: context.command_id,
        })
    }
}

/// The envelope as the `metadata` column holds it: the same values as the columns, all as text,
/// since cqrs-es reads metadata as a map of strings.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Metadata {
    event_id: EventId,
    school_id: SchoolId,
    occurred_at: String,
    recorded_at: String,
    local_date: NaiveDate,
    zone: &'static str,
    utc_offset: String,
    actor: Actor,
    correlation_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    causation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_id: Option<CommandId>,
}

impl Metadata {
    fn of(event: &NewEvent, recorded_at: DateTime<Utc>) -> Self {
        Self {
            event_id: event.event_id,
            school_id: event.school_id,
            occurred_at: instant(event.occurred_at),
            recorded_at: instant(recorded_at),
            local_date: event.local_date,
            zone: event.zone.name(),
            utc_offset: offset_seconds(event.occurred_at, event.zone).to_string(),
            actor: event.actor.clone(),
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            command_id: event.command_id,
        }
    }

    /// The metadata that stock postgres-es is given for a command at `now`; the trigger derives each
    /// event's own id from `event_id`.
    pub(crate) fn of_command(context: &Context, event_id: Uuid, now: DateTime<Utc>) -> HashMap<String, String> {
        let mut map = HashMap::from([
            ("event_id".to_owned(), event_id.to_string()),
            ("school_id".to_owned(), context.school.to_string()),
            ("occurred_at".to_owned(), instant(now)),
            ("recorded_at".to_owned(), instant(now)),
            ("local_date".to_owned(), local_date(now, context.zone).to_string()),
            ("zone".to_owned(), context.zone.name().to_owned()),
            ("utc_offset".to_owned(), offset_seconds(now, context.zone).to_string()),
            ("actor".to_owned(), context.actor.0.clone()),
            ("correlation_id".to_owned(), context.correlation_id.to_string()),
        ]);
        if let Some(id) = context.causation_id {
            map.insert("causation_id".to_owned(), id.to_string());
        }
        if let Some(id) = context.command_id {
            map.insert("command_id".to_owned(), id.to_string());
        }
        map
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The log's end, held by its lock until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position in the log; 0 if it is empty.
    pub position: i64,
    /// The instant that events appended now are recorded at: the clock's, read under the lock, but
    /// never before the last event's.
    pub recorded_at: DateTime<Utc>,
    /// How far the clock is behind the last event, if that is more than [`BEHIND_TOLERANCE`].
    pub clock_behind: Option<TimeDelta>,
}

/// How far the clock may be behind the log's last event before somebody must look: machines that take
/// turns differ by less.
pub const BEHIND_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

impl Head {
    /// Takes the log's lock, waits for whoever holds it, and reads the end. As late as possible.
    pub async fn take_in_tx(conn: &mut PgConnection, clock: &dyn Clock) -> Result<Self, sqlx::Error> {
        let row = sqlx::query!(r#"select head as "head!", recorded from take_log_head()"#).fetch_one(conn).await?;
        let now = clock.now();
        let recorded_at = row.recorded.map_or(now, |last| last.max(now));
        let clock_behind = Some(recorded_at - now).filter(|behind| *behind > BEHIND_TOLERANCE);
        // Told and not refused: one event recorded by a clock that ran ahead stays in the log for ever,
        // and a scan refused until the calendar gets there would be a scan lost.
        if let Some(behind) = clock_behind {
            alarm(now, behind);
        }
        Ok(Self { position: row.head, recorded_at, clock_behind })
    }

    /// The position that the event at `index` of the next append will have.
    pub fn position_of(&self, index: usize) -> i64 {
        self.position + 1 + index as i64
    }

    /// Appends all events, in order, with one statement, and returns the end after them. A unique
    /// violation (see [`is_conflict`]) means that somebody else appended to one of the streams: roll
    /// back, read again, decide again.
    pub async fn append_in_tx(self, conn: &mut PgConnection, events: &[NewEvent]) -> Result<Self, sqlx::Error> {
        if events.is_empty() {
            return Ok(self);
        }
        let n = events.len();
        let mut rows = Columns::with_capacity(n);
        for event in events {
            rows.push(event, self.recorded_at)?;
        }
        let done = sqlx::query!(
            "insert into events (
               aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
               position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset,
               actor, correlation_id, causation_id, command_id)
             select t.aggregate_type, t.aggregate_id, t.sequence, t.event_type, t.event_version,
               t.payload::json, t.metadata::json, $1 + t.n, t.event_id, t.school_id, t.occurred_at, $2,
               t.local_date, t.zone, t.utc_offset, t.actor, t.correlation_id, t.causation_id, t.command_id
             from unnest(
               $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
               $10::uuid[], $11::uuid[], $12::timestamptz[], $13::date[], $14::text[], $15::int[],
               $16::text[], $17::uuid[], $18::uuid[], $19::uuid[])
             with ordinality t (
               aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
               event_id, school_id, occurred_at, local_date, zone, utc_offset,
               actor, correlation_id, causation_id, command_id, n)
             order by t.n",
            self.position,
            self.recorded_at,
            &rows.aggregate_type as &[&str],
            &rows.aggregate_id as &[&str],
            &rows.sequence,
            &rows.event_type as &[&str],
            &rows.event_version as &[&str],
            &rows.payload as &[&str],
            &rows.metadata,
            &rows.event_id,
            &rows.school_id,
            &rows.occurred_at,
            &rows.local_date,
            &rows.zone as &[&str],
            &rows.utc_offset,
            &rows.actor as &[&str],
            &rows.correlation_id,
            &rows.causation_id as &[Option<Uuid>],
            &rows.command_id as &[Option<Uuid>],
        )
        .execute(conn)
        .await?;
        debug_assert_eq!(done.rows_affected(), n as u64);
        Ok(Self { position: self.position + n as i64, ..self })
    }
}

/// Takes the head and appends: for a transaction whose other rows need no position. The positions
/// are the last `events.len()` up to the returned head.
pub async fn append_in_tx(
    conn: &mut PgConnection,
    clock: &dyn Clock,
    events: &[NewEvent],
) -> Result<Head, sqlx::Error> {
    Head::take_in_tx(conn, clock).await?.append_in_tx(conn, events).await
}

/// At most once a minute.
fn alarm(now: DateTime<Utc>, behind: TimeDelta) {
    static TOLD: AtomicI64 = AtomicI64::new(i64::MIN);
    let minute = now.timestamp().div_euclid(60);
    if TOLD.swap(minute, Ordering::Relaxed) != minute {
        tracing::error!(
            code = "clock_behind_log",
            behind_s = behind.num_seconds(),
            "the clock is behind the log's last event: until it has passed it, every event is recorded at that instant"
        );
    }
}

/// Whether an append failed because one of its streams has moved on, or another unique row was
/// there first.
pub fn is_conflict(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

#[derive(Default)]
struct Columns<'a> {
    aggregate_type: Vec<&'a str>,
    aggregate_id: Vec<&'a str>,
    sequence: Vec<i64>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    payload: Vec<&'a str>,
    metadata: Vec<String>,
    event_id: Vec<Uuid>,
    school_id: Vec<Uuid>,
    occurred_at: Vec<DateTime<Utc>>,
    local_date: Vec<NaiveDate>,
    zone: Vec<&'a str>,
    utc_offset: Vec<i32>,
    actor: Vec<&'a str>,
    correlation_id: Vec<Uuid>,
    causation_id: Vec<Option<Uuid>>,
    command_id: Vec<Option<Uuid>>,
}

impl<'a> Columns<'a> {
    fn with_capacity(n: usize) -> Self {
        Self { payload: Vec::with_capacity(n), metadata: Vec::with_capacity(n), ..Self::default() }
    }

    fn push(&mut self, event: &'a NewEvent, recorded_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let metadata =
            serde_json::to_string(&Metadata::of(event, recorded_at)).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
        self.aggregate_type.push(event.aggregate_type);
        self.aggregate_id.push(event.stream.as_str());
        self.sequence.push(event.sequence);
        self.event_type.push(event.event_type);
        self.event_version.push(event.event_version);
        self.payload.push(&event.payload);
        self.metadata.push(metadata);
        self.event_id.push(event.event_id.0);
        self.school_id.push(event.school_id.0);
        self.occurred_at.push(micros(event.occurred_at));
        self.local_date.push(event.local_date);
        self.zone.push(event.zone.name());
        self.utc_offset.push(offset_seconds(event.occurred_at, event.zone));
        self.actor.push(&event.actor.0);
        self.correlation_id.push(event.correlation_id);
        self.causation_id.push(event.causation_id);
        self.command_id.push(event.command_id.map(|id| id.0));
        Ok(())
    }
}

#[cfg(test)]
mod measure;
#[cfg(test)]
pub(crate) mod tests;
