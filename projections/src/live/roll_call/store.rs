//! Loads the roll calls that a page touches and writes what changed; no statement for a page without any.

use super::apply::{CallKey, RollCalls, said};
use super::queries::CallRecord;
use super::{Mark, RollCall};
use crate::rows::column;
use crate::{Fact, wire};
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// See [`crate::ReadModel::apply_page_in_tx`].
pub(in crate::live) async fn apply_page_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let keys: BTreeSet<CallKey> = facts.iter().filter_map(|fact| said(fact).map(|(key, _)| key)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let mut model = load_in_tx(conn, &keys).await?;
    for fact in facts {
        model.apply(fact);
    }
    save_calls_in_tx(conn, &model.calls.changed()).await?;
    save_marks_in_tx(conn, &model.marks.changed()).await
}

/// Empties the tables.
pub(in crate::live) async fn clear_in_tx(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from roll_calls").execute(&mut *conn).await?;
    sqlx::query!("delete from roll_call_marks").execute(&mut *conn).await?;
    Ok(())
}

async fn load_in_tx(conn: &mut PgConnection, keys: &BTreeSet<CallKey>) -> Result<RollCalls, sqlx::Error> {
    // `offset 0`: each by the primary key, whatever the planner believes of the table.
    let rows = sqlx::query_as!(
        CallRecord,
        r#"select c.school_id as "school_id!", c.local_date as "local_date!", c.roll_call_id as "roll_call_id!",
                  c.reason as "reason!", c.started_at as "started_at!", c.started_by as "started_by!", c.ended_at,
                  c.ended_by, c.position as "position!"
           from unnest($1::uuid[], $2::date[], $3::uuid[]) k (school_id, local_date, roll_call_id)
           cross join lateral (select * from roll_calls r where (r.school_id, r.local_date, r.roll_call_id)
                               = (k.school_id, k.local_date, k.roll_call_id) offset 0) c"#,
        column!(keys, k => k.0.0),
        column!(keys, k => k.1.date),
        column!(keys, k => k.1.id.0)
    )
    .fetch_all(conn)
    .await?;
    let mut model = RollCalls::default();
    for row in rows {
        let call = RollCall::try_from(row)?;
        model.calls.load((call.school_id, call.key()), call);
    }
    Ok(model)
}

async fn save_calls_in_tx(conn: &mut PgConnection, rows: &[&RollCall]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into roll_calls as t (school_id, local_date, roll_call_id, reason, started_at, started_by, ended_at,
                                        ended_by, position)
           select * from unnest($1::uuid[], $2::date[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[],
                                $7::timestamptz[], $8::text[], $9::bigint[])
           on conflict (school_id, local_date, roll_call_id) do update
             set reason = excluded.reason, started_at = excluded.started_at, started_by = excluded.started_by,
                 ended_at = excluded.ended_at, ended_by = excluded.ended_by, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.roll_call_id.0),
        column!(rows, r => wire::name(&r.reason)),
        column!(rows, r => r.started_at),
        column!(rows, r => r.started_by.0.clone()),
        column!(rows, r => r.ended_at) as _,
        column!(rows, r => r.ended_by.as_ref().map(|by| by.0.clone())) as _,
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_marks_in_tx(conn: &mut PgConnection, rows: &[&Mark]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into roll_call_marks as t (school_id, local_date, roll_call_id, student_id, safe, said_at, said_by,
                                             position)
           select * from unnest($1::uuid[], $2::date[], $3::uuid[], $4::uuid[], $5::bool[], $6::timestamptz[], $7::text[],
                                $8::bigint[])
           on conflict (school_id, local_date, roll_call_id, student_id) do update
             set safe = excluded.safe, said_at = excluded.said_at, said_by = excluded.said_by,
                 position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.roll_call_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.safe),
        column!(rows, r => r.said_at),
        column!(rows, r => r.said_by.0.clone()),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}
