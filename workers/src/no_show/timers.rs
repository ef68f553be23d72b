//! When each school is looked at next.

use super::wakes::Wake;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::SchoolId;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// A school that is to be looked at now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timer {
    pub(super) school_id: SchoolId,
    pub(super) zone: Tz,
}

/// The schools whose time has come, those that were woken, and those that the roster has and no timer yet. One
/// statement; a school whose zone this program does not know is logged and left out.
pub(super) async fn due_in_tx(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    woken: &Wake,
) -> Result<Vec<Timer>, sqlx::Error> {
    let schools: Vec<Uuid> = woken.schools.iter().map(|school| school.0).collect();
    let rows = sqlx::query!(
        r#"select s.school_id, s.zone from schools s left join no_show_timers t using (school_id)
           where t.next_look_at is null or t.next_look_at <= $1 or s.school_id = any($2) or $3
           order by t.next_look_at nulls first, s.school_id"#,
        now,
        &schools,
        woken.all
    )
    .fetch_all(conn)
    .await?;
    let timer = |school_id, zone: &str| match zone.parse() {
        Ok(zone) => Some(Timer { school_id: SchoolId(school_id), zone }),
        Err(_) => {
            tracing::error!(%school_id, zone, "no-show: a school's zone is not known");
            None
        }
    };
    Ok(rows.into_iter().filter_map(|row| timer(row.school_id, &row.zone)).collect())
}

/// Sets when they are looked at next.
pub(super) async fn set_in_tx(
    conn: &mut PgConnection,
    next: &HashMap<SchoolId, DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    let (schools, instants): (Vec<Uuid>, Vec<DateTime<Utc>>) = next.iter().map(|(school, at)| (school.0, *at)).unzip();
    sqlx::query!(
        "insert into no_show_timers (school_id, next_look_at) select * from unnest($1::uuid[], $2::timestamptz[]) \
         on conflict (school_id) do update set next_look_at = excluded.next_look_at",
        &schools,
        &instants
    )
    .execute(conn)
    .await?;
    Ok(())
}
