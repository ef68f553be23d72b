//! Loads the cases that a page touches and writes those that changed, and what the page says of them: one statement a
//! table each way, and none for a page without cases.

use super::apply::{CaseKey, NoShow, said};
use super::queries::CaseRecord;
use super::rows::Case;
use crate::rows::column;
use crate::{Fact, wire};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::BTreeSet;

/// See [`crate::ReadModel::apply_page_in_tx`].
pub(crate) async fn apply_page_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let keys: BTreeSet<CaseKey> = facts.iter().filter_map(|fact| said(fact).map(|(key, _)| key)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let mut model = load_in_tx(conn, &keys).await?;
    for fact in facts {
        model.apply(fact);
    }
    save_cases_in_tx(conn, &model.cases.changed()).await?;
    add_log_in_tx(conn, facts).await
}

/// Empties the model.
pub(crate) async fn clear_in_tx(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from cases").execute(&mut *conn).await?;
    sqlx::query!("delete from log").execute(&mut *conn).await?;
    Ok(())
}

async fn load_in_tx(conn: &mut PgConnection, keys: &BTreeSet<CaseKey>) -> Result<NoShow, sqlx::Error> {
    // `offset 0`: each by the primary key, whatever the planner believes of the table.
    let rows = sqlx::query_as!(
        CaseRecord,
        r#"select c.school_id as "school_id!", c.local_date as "local_date!", c.slot_id as "slot_id!",
                  c.student_id as "student_id!", c.course_id as "course_id!", c.due_at as "due_at!", c.state as "state!",
                  c.held_reason, c.opened_at as "opened_at!", c.told_at, c.acknowledged_at, c.acknowledged_by, c.closed_at,
                  c.ending as "ending?: Json<_>", c.openings as "openings!", c.sequence as "sequence!",
                  c.position as "position!"
           from unnest($1::uuid[], $2::date[], $3::uuid[], $4::uuid[]) k (school_id, local_date, slot_id, student_id)
           cross join lateral (select * from cases s where (s.school_id, s.local_date, s.slot_id, s.student_id)
                               = (k.school_id, k.local_date, k.slot_id, k.student_id) offset 0) c"#,
        column!(keys, k => k.0.0),
        column!(keys, k => k.1.date),
        column!(keys, k => k.1.slot_id.0),
        column!(keys, k => k.1.student_id.0)
    )
    .fetch_all(conn)
    .await?;
    let mut model = NoShow::default();
    for row in rows {
        let case = Case::try_from(row)?;
        model.cases.load((case.school_id, case.id()), case);
    }
    Ok(model)
}

async fn save_cases_in_tx(conn: &mut PgConnection, rows: &[&Case]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into cases as t (school_id, local_date, slot_id, student_id, course_id, due_at, state, held_reason,
                                   opened_at, told_at, acknowledged_at, acknowledged_by, closed_at, ending, openings,
                                   sequence, position)
           select * from unnest($1::uuid[], $2::date[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::text[],
                                $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[],
                                $13::timestamptz[], $14::jsonb[], $15::int[], $16::bigint[], $17::bigint[])
           on conflict (school_id, local_date, slot_id, student_id) do update
             set course_id = excluded.course_id, due_at = excluded.due_at, state = excluded.state,
                 held_reason = excluded.held_reason, opened_at = excluded.opened_at, told_at = excluded.told_at,
                 acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
                 closed_at = excluded.closed_at, ending = excluded.ending, openings = excluded.openings,
                 sequence = excluded.sequence, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.slot_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.course_id.0),
        column!(rows, r => r.due_at),
        column!(rows, r => wire::name(&r.state)),
        column!(rows, r => r.held_reason.as_ref().map(wire::name)) as _,
        column!(rows, r => r.opened_at),
        column!(rows, r => r.told_at) as _,
        column!(rows, r => r.acknowledged_at) as _,
        column!(rows, r => r.acknowledged_by.as_ref().map(|by| by.0.clone())) as _,
        column!(rows, r => r.closed_at) as _,
        column!(rows, r => r.ending.as_ref().map(|ending| serde_json::json!(ending))) as _,
        column!(rows, r => r.openings),
        column!(rows, r => r.sequence),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was said never changes, so a line that is there stays.
async fn add_log_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let lines: Vec<_> =
        facts.iter().filter_map(|fact| said(fact).map(|(key, said)| (key.1, said, &fact.event))).collect();
    sqlx::query!(
        r#"insert into log (school_id, position, local_date, slot_id, student_id, event_type, said, actor, recorded_at)
           select * from unnest($1::uuid[], $2::bigint[], $3::date[], $4::uuid[], $5::uuid[], $6::text[], $7::jsonb[],
                                $8::text[], $9::timestamptz[])
           on conflict (school_id, position) do nothing"#,
        column!(lines, l => l.2.school_id.0),
        column!(lines, l => l.2.position),
        column!(lines, l => l.0.date),
        column!(lines, l => l.0.slot_id.0),
        column!(lines, l => l.0.student_id.0),
        column!(lines, l => l.2.event_type.as_str()) as &[&str],
        column!(lines, l => serde_json::json!(l.1)),
        column!(lines, l => l.2.actor.0.as_str()) as &[&str],
        column!(lines, l => l.2.recorded_at)
    )
    .execute(conn)
    .await?;
    Ok(())
}
