//! Writes the audit entries of a page: one insert. An entry never changes, so one that is there stays.

use super::apply::entry;
use super::rows::Entry;
use crate::rows::column;
use crate::{Fact, wire};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// See [`crate::ReadModel::apply_page_in_tx`].
pub(crate) async fn apply_page_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<Entry> = facts.iter().map(entry).collect();
    // A page is applied once, since its checkpoint moves with it. Should it be applied again, what is there stays:
    // asked once a page, since `on conflict` costs every row a third more.
    let schools: BTreeSet<Uuid> = rows.iter().map(|r| r.school_id.0).collect();
    let there = sqlx::query_scalar!(
        r#"select e.position as "position!" from unnest($1::uuid[]) s (school_id)
           cross join lateral (select position from entries e
                               where e.school_id = s.school_id and e.position between $2 and $3 offset 0) e"#,
        &schools.into_iter().collect::<Vec<_>>(),
        rows[0].position,
        rows[rows.len() - 1].position
    )
    .fetch_all(&mut *conn)
    .await?;
    if !there.is_empty() {
        let there: BTreeSet<i64> = there.into_iter().collect();
        rows.retain(|r| !there.contains(&r.position));
    }
    sqlx::query!(
        r#"insert into entries (school_id, position, local_date, aggregate_type, stream, sequence, event_type,
                                event_version, event_id, actor, kiosk_id, subjects, occurred_at, recorded_at,
                                correlation_id, causation_id, command_id, reason)
           select school_id, position, local_date, aggregate_type, stream, sequence, event_type,
                  event_version, event_id, actor, kiosk_id, string_to_array(subjects, ',')::uuid[], occurred_at,
                  recorded_at, correlation_id, causation_id, command_id, reason
           from unnest($1::uuid[], $2::bigint[], $3::date[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                       $8::text[], $9::uuid[], $10::text[], $11::uuid[], $12::text[], $13::timestamptz[],
                       $14::timestamptz[], $15::uuid[], $16::uuid[], $17::uuid[], $18::text[])
             u (school_id, position, local_date, aggregate_type, stream, sequence, event_type,
                event_version, event_id, actor, kiosk_id, subjects, occurred_at, recorded_at,
                correlation_id, causation_id, command_id, reason)"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.position),
        column!(rows, r => r.local_date),
        column!(rows, r => r.aggregate_type.as_str()) as &[&str],
        column!(rows, r => r.stream.as_str()) as &[&str],
        column!(rows, r => r.sequence),
        column!(rows, r => r.event_type.as_str()) as &[&str],
        column!(rows, r => r.event_version.as_str()) as &[&str],
        column!(rows, r => r.event_id.0),
        column!(rows, r => r.actor.as_str()) as &[&str],
        column!(rows, r => r.kiosk_id.map(|id| id.0)) as _,
        column!(rows, r => r.subjects.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        column!(rows, r => r.occurred_at),
        column!(rows, r => r.recorded_at),
        column!(rows, r => r.correlation_id),
        column!(rows, r => r.causation_id) as _,
        column!(rows, r => r.command_id.map(|id| id.0)) as _,
        column!(rows, r => r.reason.as_ref().map(wire::name)) as _
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
