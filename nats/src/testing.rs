//! What this crate's tests share.

use crate::RawEvent;
use crate::feed::{Feed, FeedError, Source};
use domain::{Actor, Epoch, Recorded, StreamId};
use serde_json::value::RawValue;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// An event with this payload.
pub fn sample(position: i64, payload: &str) -> RawEvent {
    let school = Uuid::from_u128(0x5c00).into();
    Recorded {
        position,
        event_id: Uuid::from_u128(position as u128).into(),
        school_id: school,
        aggregate_type: "attendance_day".into(),
        stream: StreamId::of(school, Uuid::from_u128(0x1)),
        sequence: position,
        event_type: "scan_recorded".into(),
        event_version: "1".into(),
        occurred_at: chrono::DateTime::UNIX_EPOCH,
        recorded_at: chrono::DateTime::UNIX_EPOCH,
        local_date: chrono::NaiveDate::default(),
        zone: "America/Santiago".into(),
        utc_offset: -10_800,
        actor: Actor::cli("test"),
        correlation_id: Uuid::from_u128(2),
        causation_id: None,
        command_id: None,
        payload: RawValue::from_string(payload.to_owned()).unwrap(),
    }
}

/// Appends `n` events in one transaction, as the log writer does. The payloads have blanks, escapes
/// and numbers that a careless reader would rewrite.
pub async fn append_raw(writer: &PgPool, n: i64) -> Result<(), sqlx::Error> {
    let mut tx = writer.begin().await?;
    sqlx::query("select lock_log()").execute(&mut *tx).await?;
    sqlx::query(
        r#"insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
               position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id)
           select 'attendance_day', '2026-11-23/00000000-0000-0000-0000-000000005c00/x', h.head + i, 'scan_recorded', '1',
                  ('{"type":"scan_recorded" ,  "n": ' || h.head + i || '.50, "text":"ñ \u00f1 \"q\"", "far":12345678901234567890}')::json,
                  '{}', h.head + i, gen_random_uuid(), '00000000-0000-0000-0000-000000005c00',
                  clock_timestamp(), clock_timestamp(), '2026-11-23', 'America/Santiago', -10800, 'cli:test', gen_random_uuid()
             from (select coalesce(max(position), 0) as head from events) h, generate_series(1, $1::bigint) i
            order by i"#,
    )
    .bind(n)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// A consumer as a projector is one: it keeps its position, and asks again after every trouble.
pub struct Consumer {
    pub feed: Feed,
    pub epoch: Epoch,
    pub after: i64,
    pub max: usize,
    pub collected: Vec<Arc<RawEvent>>,
    pub by_nats: usize,
    pub by_log: usize,
}

impl Consumer {
    pub fn new(feed: Feed, epoch: Epoch) -> Self {
        Self { feed, epoch, after: 0, max: 700, collected: Vec::new(), by_nats: 0, by_log: 0 }
    }

    /// One page.
    pub async fn step(&mut self) -> Result<usize, FeedError> {
        let page = self.feed.next_page(self.after, self.epoch, self.max).await?;
        assert!(page.events.len() <= self.max, "a page of {} is larger than {}", page.events.len(), self.max);
        let n = page.events.len();
        match page.source {
            Source::Nats => self.by_nats += n,
            Source::Log => self.by_log += n,
        }
        self.after = page.events.last().map_or(self.after, |last| last.position);
        self.collected.extend(page.events);
        Ok(n)
    }

    /// Reads until position `through`, through every trouble of the database.
    pub async fn read_through(&mut self, through: i64) {
        let begun = Instant::now();
        while self.after < through {
            assert!(begun.elapsed() < Duration::from_secs(60), "stuck at {} of {through}", self.after);
            match self.step().await {
                Ok(_) => {}
                Err(FeedError::Db(_)) => sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Makes sure that what was collected is the log: every position once, in order, and every
    /// payload with the very bytes of the table.
    pub async fn assert_is_log(&self, reader: &PgPool) {
        let stored: Vec<(i64, Uuid, String)> =
            sqlx::query_as("select position, event_id, payload::text from events order by position")
                .fetch_all(reader)
                .await
                .unwrap();
        assert_eq!(self.collected.len(), stored.len());
        for (i, (event, (position, id, payload))) in self.collected.iter().zip(&stored).enumerate() {
            assert_eq!(event.position, i as i64 + 1, "position {i}");
            assert_eq!((event.position, event.event_id.0, event.payload.get()), (*position, *id, payload.as_str()));
        }
    }
}
