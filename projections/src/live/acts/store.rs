//! Loads the acts that a page touches and writes those that changed: one statement each way, and none for a page
//! without any.

use super::super::apply::Live;
use super::super::rows::Act;
use super::ActKey;
use super::queries::ActRecord;
use crate::rows::column;
use crate::{Fact, wire};
use domain::attendance_day::Event;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::BTreeSet;

pub(in super::super) async fn load_in_tx(
    conn: &mut PgConnection,
    live: &mut Live,
    facts: &[Fact],
) -> Result<(), sqlx::Error> {
    let acts: BTreeSet<ActKey> = facts.iter().filter_map(Live::act_of).collect();
    if acts.is_empty() {
        return Ok(());
    }
    // `offset 0`: each by the primary key, whatever the planner believes of the table.
    let rows = sqlx::query_as!(
        ActRecord,
        r#"select a.school_id as "school_id!", a.local_date as "local_date!", a.student_id as "student_id!",
                  a.act_id as "act_id!", a.kind as "kind!", a.state as "state!", a.said as "said!: Json<Event>",
                  a.actor as "actor!", a.recorded_at as "recorded_at!", a.ending as "ending?: Json<Event>", a.ended_by,
                  a.ended_at, a.position as "position!"
           from unnest($1::uuid[], $2::date[], $3::uuid[], $4::uuid[]) k (school_id, local_date, student_id, act_id)
           cross join lateral (select * from acts s where (s.school_id, s.local_date, s.student_id, s.act_id)
                               = (k.school_id, k.local_date, k.student_id, k.act_id) offset 0) a"#,
        column!(acts, a => a.0.0.0),
        column!(acts, a => a.0.1),
        column!(acts, a => a.0.2.0),
        column!(acts, a => a.1)
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let act = Act::try_from(row)?;
        live.acts.load(((act.school_id, act.local_date, act.student_id), act.act_id), act);
    }
    Ok(())
}

pub(in super::super) async fn save_in_tx(conn: &mut PgConnection, rows: &[&Act]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into acts as t (school_id, local_date, student_id, act_id, kind, state, said, actor, recorded_at,
                                  ending, ended_by, ended_at, position)
           select * from unnest($1::uuid[], $2::date[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[],
                                $8::text[], $9::timestamptz[], $10::jsonb[], $11::text[], $12::timestamptz[],
                                $13::bigint[])
           on conflict (school_id, local_date, student_id, act_id) do update
             set kind = excluded.kind, state = excluded.state, said = excluded.said, actor = excluded.actor,
                 recorded_at = excluded.recorded_at, ending = excluded.ending, ended_by = excluded.ended_by,
                 ended_at = excluded.ended_at, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.act_id),
        column!(rows, r => wire::name(&r.kind)),
        column!(rows, r => wire::name(&r.state)),
        column!(rows, r => serde_json::json!(r.said)),
        column!(rows, r => r.actor.0.clone()),
        column!(rows, r => r.recorded_at),
        column!(rows, r => r.ending.as_ref().map(|ending| serde_json::json!(ending))) as _,
        column!(rows, r => r.ended_by.as_ref().map(|by| by.0.clone())) as _,
        column!(rows, r => r.ended_at) as _,
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}
