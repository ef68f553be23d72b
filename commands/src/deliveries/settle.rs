//! What becomes of deliveries: rows, attempts and events in one transaction.

use super::rows::{Key, Row, event, lock_in_tx};
use super::{Zones, context, zones};
use crate::append::{append_in_tx, is_conflict};
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::SchoolId;
use domain::delivery::{Command, Event};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a row becomes.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// What is said of it, if anything.
    pub(super) command: Option<Command>,
    /// The state that it has unless something follows from what is said.
    pub(super) state: &'static str,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) attempts: i16,
    pub(super) doubts: i16,
}

impl Change {
    /// Something is said of a row: if it is news, that is its state; else nothing changes.
    pub(super) fn said(row: &Row, command: Command) -> Option<Self> {
        let news = row.decide(command).first().map(state_of)?;
        Some(Self { command: Some(command), state: news, due_at: None, attempts: row.attempts, doubts: row.doubts })
    }
}

/// How a try ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) message_id: Uuid,
    pub(super) outcome: &'static str,
    pub(super) code: Option<i32>,
    pub(super) provider_hmac: Option<[u8; 16]>,
}

/// Changes rows as `change` says of each, and appends what follows; how many events. A row of which it says nothing is
/// left as it is. What follows happened `at` an instant, if it is known, and now if not.
pub(super) async fn settle(
    write: &Write,
    keys: &[Key],
    ended: Option<Ended>,
    at: Option<DateTime<Utc>>,
    change: impl Fn(&Row) -> Option<Change> + Send + Sync,
) -> Result<usize, StoreError> {
    let mut last = StoreError::Interrupted;
    let schools: BTreeSet<SchoolId> = keys.iter().map(|(school, _)| *school).collect();
    let zones = zones(write, schools).await?;
    for attempt in 0..write.retry().tries {
        write.retry().wait(attempt).await;
        match in_time(once((write, &zones), keys, (ended.as_ref(), at), &change)).await {
            Ok(events) => return Ok(events),
            Err(StoreError::Refused(error)) if is_conflict(&error) => last = StoreError::Refused(error),
            Err(error) if error.is_temporary() => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

async fn once(
    (write, zones): (&Write, &Zones),
    keys: &[Key],
    (ended, at): (Option<&Ended>, Option<DateTime<Utc>>),
    change: &(impl Fn(&Row) -> Option<Change> + Send + Sync),
) -> Result<usize, StoreError> {
    let mut tx = write.pool().begin().await?;
    let rows = lock_in_tx(&mut tx, keys).await?;
    let now = write.clock().now();
    let (mut changed, mut events) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(mut change) = change(row) else { continue };
        let news = change.command.map(|command| row.decide(command)).unwrap_or_default();
        if !news.is_empty() {
            let context = context(zones, row.school, row.notice.cause_id)?;
            for (news, sequence) in news.iter().zip(row.sequence + 1..) {
                let key = ((row.school, row.delivery), row.about.date);
                // Not before it was asked for, and not in the future: a stranger's clock.
                let at = at.map_or(now, |at| at.max(row.requested_at).min(now));
                events.push(event(write, &context, key, (sequence, at), news)?);
                change.state = state_of(news);
                count(row, news);
            }
        }
        changed.push((row, change, row.sequence + i64::try_from(news.len()).unwrap_or_default()));
    }
    write_rows(&mut tx, &changed, now).await?;
    if let Some(ended) = ended {
        end_attempt(&mut tx, ended, now).await?;
    }
    look_again(&mut tx, &rows, now).await?;
    if !events.is_empty() {
        append_in_tx(&mut tx, &**write.clock(), &events).await?;
    }
    tx.commit().await?;
    Ok(events.len())
}

/// The state of a row by its last event.
pub(super) fn state_of(event: &Event) -> &'static str {
    match event {
        Event::Requested { .. } => "requested",
        Event::Accepted { .. } => "accepted",
        Event::Delivered => "delivered",
        Event::Read => "read",
        Event::Failed { .. } => "failed",
        Event::Unknown { .. } => "unknown",
        Event::Suppressed { .. } => "suppressed",
    }
}

fn count(row: &Row, event: &Event) {
    let (kind, channel) = (row.notice.kind.as_str(), row.notice.channel.as_str());
    metrics::counter!("deliveries_total", "kind" => kind, "channel" => channel, "became" => state_of(event))
        .increment(1);
}

async fn write_rows(
    conn: &mut PgConnection,
    changed: &[(&Row, Change, i64)],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let schools: Vec<Uuid> = changed.iter().map(|(row, ..)| row.school.0).collect();
    let ids: Vec<Uuid> = changed.iter().map(|(row, ..)| row.delivery.0).collect();
    let states: Vec<&str> = changed.iter().map(|(_, change, _)| change.state).collect();
    let due: Vec<Option<DateTime<Utc>>> = changed.iter().map(|(_, change, _)| change.due_at).collect();
    let attempts: Vec<i16> = changed.iter().map(|(_, change, _)| change.attempts).collect();
    let doubts: Vec<i16> = changed.iter().map(|(_, change, _)| change.doubts).collect();
    let sequences: Vec<i64> = changed.iter().map(|(.., sequence)| *sequence).collect();
    sqlx::query!(
        "update deliveries d set state = t.state, due_at = t.due_at, attempts = t.attempts, doubts = t.doubts,
           sequence = t.sequence, changed_at = $8
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::smallint[], $6::smallint[], $7::bigint[])
           t (school_id, delivery_id, state, due_at, attempts, doubts, sequence)
         where d.school_id = t.school_id and d.delivery_id = t.delivery_id",
        &schools,
        &ids,
        &states as &[&str],
        &due as &[Option<DateTime<Utc>>],
        &attempts,
        &doubts,
        &sequences,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn end_attempt(conn: &mut PgConnection, ended: &Ended, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update delivery_attempts set ended_at = $2, outcome = $3, code = $4, provider_hmac = $5 where message_id = $1",
        ended.message_id,
        now,
        ended.outcome,
        ended.code,
        ended.provider_hmac.as_ref().map(<[u8; 16]>::as_slice),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of an alarm may be what its ladder waits for.
async fn look_again(conn: &mut PgConnection, rows: &[Row], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let of: BTreeMap<Uuid, SchoolId> = rows.iter().map(|row| (row.notice.cause_id.0, row.school)).collect();
    let (causes, schools): (Vec<Uuid>, Vec<Uuid>) = of.into_iter().map(|(cause, school)| (cause, school.0)).unzip();
    sqlx::query!(
        "update delivery_ladders l set next_look_at = least(l.next_look_at, $3)
         from unnest($1::uuid[], $2::uuid[]) t (cause_id, school_id)
         where l.school_id = t.school_id and l.cause_id = t.cause_id and l.state = 'open'",
        &causes,
        &schools,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
