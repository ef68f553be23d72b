//! What the tests of this crate share: a real log to append to, histories, and whole tables as text.

pub(crate) mod history;

use crate::runner::Projector;
use crate::{Fact, ReadModel, Readers, SchoolSnapshot, SchoolTx};
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use domain::{Actor, AnyEvent, EventId, Recorded, SchoolId, StreamId};
use local_services::testing::TestDatabases;
use nats::Feed;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An id of a number.
pub(crate) fn id<T: From<Uuid>>(n: u128) -> T {
    T::from(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 + n))
}

/// An instant of Monday 2026-11-23; Santiago is three hours behind.
pub(crate) fn at(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, hour, minute, second).unwrap()
}

/// That Monday.
pub(crate) fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

/// An event that has no place in the log yet.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub school: SchoolId,
    pub stream: StreamId,
    pub date: NaiveDate,
    pub occurred_at: DateTime<Utc>,
    pub actor: Actor,
    pub event: AnyEvent,
}

impl Draft {
    /// An event of Monday's morning in a stream that lives as long as the school.
    pub fn of(school: SchoolId, own_id: impl Into<Uuid>, event: AnyEvent) -> Self {
        let stream = StreamId::of(school, own_id.into());
        Self { school, stream, date: monday(), occurred_at: at(11, 0, 0), actor: Actor::cli("test"), event }
    }

    /// At a place in the log.
    pub fn recorded(&self, position: i64) -> Recorded<AnyEvent> {
        Recorded {
            position,
            event_id: EventId(Uuid::from_u128(0xeeee_0000 + u128::from(position.unsigned_abs()))),
            school_id: self.school,
            aggregate_type: self.event.aggregate().to_owned(),
            stream: self.stream.clone(),
            sequence: position,
            event_type: self.event.name().to_owned(),
            event_version: self.event.version().to_owned(),
            occurred_at: self.occurred_at,
            recorded_at: at(12, 0, 0) + chrono::TimeDelta::milliseconds(position * 7),
            local_date: self.date,
            zone: "America/Santiago".to_owned(),
            utc_offset: -10_800,
            actor: self.actor.clone(),
            correlation_id: id(0xc0),
            causation_id: (position % 3 == 0).then(|| id(0xca)),
            command_id: (position % 5 == 0).then(|| id(0xcb)),
            payload: self.event.clone(),
        }
    }
}

/// Facts at positions from 1.
pub(crate) fn facts(drafts: &[Draft]) -> Vec<Fact> {
    drafts.iter().zip(1..).map(|(d, position)| Fact::new(d.recorded(position)).unwrap()).collect()
}

/// A migrated database with a pool for each role.
pub(crate) struct World {
    pub owner: PgPool,
    pub reader: PgPool,
    pub projector: PgPool,
    /// What requests have.
    pub readers: Readers,
    /// The pool below it.
    pub request: PgPool,
}

impl World {
    pub async fn create() -> Self {
        Self::with_requests_over(4).await
    }

    /// The same with so many connections for requests.
    pub async fn with_requests_over(connections: u32) -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let request = databases.pool_as("attendance_request", connections).await.unwrap();
        Self {
            readers: Readers::new(request.clone()),
            request,
            owner: PgPoolOptions::new().max_connections(4).connect_with(databases.owner_options()).await.unwrap(),
            reader: databases.pool_as("attendance_log_reader", 8).await.unwrap(),
            projector: databases.pool_as("attendance_projector", 8).await.unwrap(),
        }
    }

    /// A school's transaction.
    pub async fn tx(&self, school: SchoolId) -> SchoolTx {
        self.readers.begin(school).await.unwrap()
    }

    /// A school's snapshot.
    pub async fn snapshot(&self, school: SchoolId) -> SchoolSnapshot {
        self.readers.snapshot(school).await.unwrap()
    }

    /// Where the log ends.
    pub async fn head(&self) -> i64 {
        nats::log::head(&self.reader).await.unwrap().position
    }

    /// Appends to the log, as one batch.
    pub async fn append(&self, drafts: &[Draft]) {
        let next = self.head().await + 1;
        let events: Vec<_> = drafts.iter().zip(next..).map(|(d, position)| d.recorded(position)).collect();
        self.append_recorded(&events).await;
    }

    /// Appends events that know their places.
    pub async fn append_recorded(&self, events: &[Recorded<AnyEvent>]) {
        let json: Vec<serde_json::Value> = events
            .iter()
            .map(|e| {
                let mut row = serde_json::to_value(Recorded { payload: (), ..shell(e) }).unwrap();
                row["payload"] = serde_json::from_str(&e.payload.to_json().unwrap()).unwrap();
                row
            })
            .collect();
        // Test set-up as the owner; not one of the product's queries.
        sqlx::query(
            "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
             position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, \
             correlation_id, causation_id, command_id) \
             select aggregate_type, stream, sequence, event_type, event_version, payload, '{}', position, event_id, \
             school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id, causation_id, \
             command_id from jsonb_to_recordset($1) r (aggregate_type text, stream text, sequence bigint, \
             event_type text, event_version text, payload json, position bigint, event_id uuid, school_id uuid, \
             occurred_at timestamptz, recorded_at timestamptz, local_date date, zone text, utc_offset int, actor text, \
             correlation_id uuid, causation_id uuid, command_id uuid)",
        )
        .bind(serde_json::Value::Array(json))
        .execute(&self.owner)
        .await
        .unwrap();
    }

    /// A projector that reads the log itself.
    pub fn projector_of(&self, model: ReadModel) -> Projector {
        Projector::new(model, self.projector.clone(), Feed::new(self.reader.clone(), None))
    }

    /// Brings a model up to the log's end.
    pub async fn catch_up(&self, model: ReadModel) {
        let mut projector = self.projector_of(model);
        while self.position(model).await < self.head().await {
            projector.step(&CancellationToken::new()).await.unwrap();
        }
    }

    /// Brings all models up to the log's end.
    pub async fn catch_up_all(&self) {
        for model in ReadModel::ALL {
            self.catch_up(model).await;
        }
    }

    /// How far a model is.
    pub async fn position(&self, model: ReadModel) -> i64 {
        let all = self.readers.checkpoints().await.unwrap();
        all.iter().find(|c| c.model == model).map_or(0, |c| c.position)
    }

    /// Every row and column of a model, table by table, and its checkpoint.
    pub async fn dump(&self, model: ReadModel) -> Vec<String> {
        let tables: Vec<String> =
            sqlx::query_scalar("select tablename::text from pg_tables where schemaname = $1 order by 1")
                .bind(model.name())
                .fetch_all(&self.owner)
                .await
                .unwrap();
        assert!(!tables.is_empty());
        let mut dump = Vec::new();
        for table in tables {
            let select = format!("select to_jsonb(t)::text from {model}.{table} t order by 1");
            let rows: Vec<String> = sqlx::query_scalar(&select).fetch_all(&self.owner).await.unwrap();
            dump.extend(rows.into_iter().map(|row| format!("{table} {row}")));
        }
        let checkpoint = "select (to_jsonb(c) - 'version')::text from checkpoints c where read_model = $1";
        dump.extend(
            sqlx::query_scalar::<_, String>(checkpoint).bind(model.name()).fetch_all(&self.owner).await.unwrap(),
        );
        dump
    }

    /// Fails unless the live rows of every model are those that a rebuild gives.
    pub async fn assert_live_equals_rebuild(&self) {
        for model in ReadModel::ALL {
            let live = self.dump(model).await;
            crate::rebuild::rebuild(&self.owner, &self.reader, model).await.unwrap();
            assert_same(&live, &self.dump(model).await, model.name());
        }
    }
}

fn shell(e: &Recorded<AnyEvent>) -> Recorded<()> {
    let e = e.clone();
    Recorded {
        position: e.position,
        event_id: e.event_id,
        school_id: e.school_id,
        aggregate_type: e.aggregate_type,
        stream: e.stream,
        sequence: e.sequence,
        event_type: e.event_type,
        event_version: e.event_version,
        occurred_at: e.occurred_at,
        recorded_at: e.recorded_at,
        local_date: e.local_date,
        zone: e.zone,
        utc_offset: e.utc_offset,
        actor: e.actor,
        correlation_id: e.correlation_id,
        causation_id: e.causation_id,
        command_id: e.command_id,
        payload: (),
    }
}

/// Names the first row that differs instead of printing both copies.
pub(crate) fn assert_same(left: &[String], right: &[String], what: &str) {
    if let Some((l, r)) = left.iter().zip(right).find(|(l, r)| l != r) {
        panic!("{what} differs:\n {l}\n {r}");
    }
    assert_eq!(left.len(), right.len(), "{what}: number of rows");
}
