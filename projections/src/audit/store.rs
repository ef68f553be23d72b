//! Writes the audit entries of a page: one insert. An entry never changes, so one that is there stays.

use super::apply::{entry, payload};
use super::rows::Entry;
use crate::rows::column;
use crate::{Fact, wire};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// An entry with what a replay folds of it.
struct Row {
    entry: Entry,
    payload: Option<String>,
}

/// See [`crate::ReadModel::apply_page_in_tx`].
pub(crate) async fn apply_page_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<Row> = facts.iter().map(|fact| Row { entry: entry(fact), payload: payload(fact) }).collect();
    // A page is applied once, since its checkpoint moves with it. Should it be applied again, what is there stays:
    // asked once a page, since `on conflict` costs every row a third more.
    let schools: BTreeSet<Uuid> = rows.iter().map(|r| r.entry.school_id.0).collect();
    let there = sqlx::query_scalar!(
        r#"select e.position as "position!" from unnest($1::uuid[]) s (school_id)
           cross join lateral (select position from entries e
                               where e.school_id = s.school_id and e.position between $2 and $3 offset 0) e"#,
        &schools.into_iter().collect::<Vec<_>>(),
        rows[0].entry.position,
        rows[rows.len() - 1].entry.position
    )
    .fetch_all(&mut *conn)
    .await?;
    if !there.is_empty() {
        let there: BTreeSet<i64> = there.into_iter().collect();
        rows.retain(|r| !there.contains(&r.entry.position));
    }
    sqlx::query!(
        r#"insert into entries (school_id, position, local_date, aggregate_type, stream, sequence, event_type,
                                event_version, event_id, actor, kiosk_id, subjects, occurred_at, recorded_at,
                                correlation_id, causation_id, command_id, reason, payload)
           select school_id, position, local_date, aggregate_type, stream, sequence, event_type,
                  event_version, event_id, actor, kiosk_id, string_to_array(subjects, ',')::uuid[], occurred_at,
                  recorded_at, correlation_id, causation_id, command_id, reason, payload
           from unnest($1::uuid[], $2::bigint[], $3::date[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                       $8::text[], $9::uuid[], $10::text[], $11::uuid[], $12::text[], $13::timestamptz[],
                       $14::timestamptz[], $15::uuid[], $16::uuid[], $17::uuid[], $18::text[], $19::text[])
             u (school_id, position, local_date, aggregate_type, stream, sequence, event_type,
                event_version, event_id, actor, kiosk_id, subjects, occurred_at, recorded_at,
                correlation_id, causation_id, command_id, reason, payload)"#,
        column!(rows, r => r.entry.school_id.0),
        column!(rows, r => r.entry.position),
        column!(rows, r => r.entry.local_date),
        column!(rows, r => r.entry.aggregate_type.as_str()) as &[&str],
        column!(rows, r => r.entry.stream.as_str()) as &[&str],
        column!(rows, r => r.entry.sequence),
        column!(rows, r => r.entry.event_type.as_str()) as &[&str],
        column!(rows, r => r.entry.event_version.as_str()) as &[&str],
        column!(rows, r => r.entry.event_id.0),
        column!(rows, r => r.entry.actor.as_str()) as &[&str],
        column!(rows, r => r.entry.kiosk_id.map(|id| id.0)) as _,
        column!(rows, r => r.entry.subjects.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        column!(rows, r => r.entry.occurred_at),
        column!(rows, r => r.entry.recorded_at),
        column!(rows, r => r.entry.correlation_id),
        column!(rows, r => r.entry.causation_id) as _,
        column!(rows, r => r.entry.command_id.map(|id| id.0)) as _,
        column!(rows, r => r.entry.reason.as_ref().map(wire::name)) as _,
        column!(rows, r => r.payload.as_deref()) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Empties the model.
pub(crate) async fn clear_in_tx(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from entries").execute(conn).await?;
    Ok(())
}
