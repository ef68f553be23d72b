//! Who looked, as the security log and families ask. The rows are the write side's (ADR 0017), no read model: nothing
//! here is projected, and a rebuild leaves them alone.

use crate::page;
use crate::readers::SchoolTx;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::StudentId;
use uuid::Uuid;

/// A look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its number, for the next page.
    pub look_id: i64,
    /// When; it may have lasted.
    pub looked_at: DateTime<Utc>,
    /// Whether a guardian looked, and not somebody of the staff.
    pub by_guardian: bool,
    /// The account or the guardian.
    pub who_id: Uuid,
    /// What the person was then.
    pub role: String,
    /// At what.
    pub what: String,
    /// The right by which.
    pub why: String,
    /// Of this course alone.
    pub course_id: Option<Uuid>,
    /// Of this pupil alone.
    pub student_id: Option<Uuid>,
}

/// A school's looks, newest first, at most 200 `before` a number.
pub async fn newest(tx: &mut SchoolTx, before: Option<i64>, limit: i64) -> Result<Vec<Look>, sqlx::Error> {
    sqlx::query_as!(
        Look,
        r#"select look_id, looked_at, who_kind = 'guardian' as "by_guardian!", who_id, role, what, why, course_id, student_id
           from looks where school_id = $1 and ($2::bigint is null or look_id < $2) order by look_id desc limit $3"#,
        tx.school().0,
        before,
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await
}

/// What somebody looked at on a day, as far as it showed a pupil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOfLooks {
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many there were.
    pub times: i64,
    /// Whether a guardian looked, and not somebody of the staff.
    pub by_guardian: bool,
    /// The account or the guardian.
    pub who_id: Uuid,
    /// What the person was then.
    pub role: String,
    /// At what.
    pub what: String,
}

/// The looks that showed a pupil since an instant, by day and person, newest first, at most 200: at the pupil, at the
/// course that the pupil was in on the day that was shown, at the whole school. The index of the log shows nobody.
pub async fn about(
    tx: &mut SchoolTx,
    student: StudentId,
    zone: Tz,
    since: DateTime<Utc>,
) -> Result<Vec<DayOfLooks>, sqlx::Error> {
    sqlx::query_as!(
        DayOfLooks,
        r#"select max(looked_at) as "last!", count(*) as "times!", l.who_kind = 'guardian' as "by_guardian!",
             l.who_id as "who_id!", l.role as "role!", l.what as "what!"
           from (
             select looked_at, who_kind, who_id, role, what from looks
             where school_id = $1 and student_id = $2 and looked_at >= $3
             union all
             select a.looked_at, a.who_kind, a.who_id, a.role, a.what from looks a
             where a.school_id = $1 and a.student_id is null and a.looked_at >= $3 and a.what <> 'audit'
               and (a.course_id is null or a.course_id = (
                 select m.course_id from memberships m
                 where m.school_id = $1 and m.student_id = $2
                   and m.from_date <= coalesce(a.of_date, (a.looked_at at time zone $4)::date)
                 order by m.position desc limit 1))
           ) l
           group by (l.looked_at at time zone $4)::date, l.who_kind, l.who_id, l.role, l.what
           order by 1 desc limit $5"#,
        tx.school().0,
        student.0,
        since,
        zone.name(),
        page::MAX
    )
    .fetch_all(tx.conn())
    .await
}
