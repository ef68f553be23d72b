//! What readers ask of the cases, in the transaction of a school; and the worker, of all schools.

use super::rows::{Case, Ending, LogLine};
use crate::page;
use crate::readers::SchoolTx;
use crate::wire;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::no_show::{CaseId, Event};
use domain::{Actor, CourseId, SchoolId, SlotId, StudentId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// For how many days before a date open cases are looked for.
const LOOKED_BACK: TimeDelta = TimeDelta::days(8);

/// All cases of a day by course and pupil: at most one for every pupil and slot.
pub async fn cases(tx: &mut SchoolTx, date: NaiveDate) -> Result<Vec<Case>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CaseRecord,
        r#"select school_id, local_date, slot_id, student_id, course_id, due_at, state, held_reason, opened_at, told_at,
                  acknowledged_at, acknowledged_by, closed_at, ending as "ending?: Json<_>", openings, sequence, position
           from cases where school_id = $1 and local_date = $2 order by course_id, student_id, slot_id"#,
        tx.school().0,
        date
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Case::try_from).collect()
}

/// A case, if there is or was one.
pub async fn case(tx: &mut SchoolTx, id: CaseId) -> Result<Option<Case>, sqlx::Error> {
    let row = sqlx::query_as!(
        CaseRecord,
        r#"select school_id, local_date, slot_id, student_id, course_id, due_at, state, held_reason, opened_at, told_at,
                  acknowledged_at, acknowledged_by, closed_at, ending as "ending?: Json<_>", openings, sequence, position
           from cases where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4"#,
        tx.school().0,
        id.date,
        id.slot_id.0,
        id.student_id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Case::try_from).transpose()
}

/// What was said of a case, oldest first, at most 200.
pub async fn log(tx: &mut SchoolTx, id: CaseId) -> Result<Vec<LogLine>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select position, said as "said: Json<Event>", actor, recorded_at from log
           where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4 order by position limit $5"#,
        tx.school().0,
        id.date,
        id.slot_id.0,
        id.student_id.0,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| LogLine { position: r.position, said: r.said.0, actor: Actor(r.actor), recorded_at: r.recorded_at })
        .collect())
}

/// How it went with the cases of some days. A case that was opened again counts once for each opening, so that what
/// went wrong the first time stays counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// All of them.
    pub opened: i64,
    /// Held back, however they went on.
    pub held: i64,
    /// The families were to be told.
    pub told: i64,
    /// A person looked after them.
    pub acknowledged: i64,
    /// The pupil came after it was due.
    pub arrived: i64,
    /// A person knew why the pupil did not come.
    pub justified: i64,
    /// They should not have been.
    pub retracted: i64,
    /// Those among them of which the families were to be told.
    pub false_alarms: i64,
    /// From when the entry was due until the case was opened.
    pub due_to_opened: Option<Seconds>,
    /// From there until a person looked after it, of those that a person looked after.
    pub opened_to_acknowledged: Option<Seconds>,
}

/// A distribution of durations, each value one that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seconds {
    /// Half of them took at most this.
    pub median: f64,
    /// 95 of a hundred took at most this.
    pub p95: f64,
}

impl Seconds {
    fn of(median: Option<f64>, p95: Option<f64>) -> Option<Self> {
        Some(Self { median: median?, p95: p95? })
    }
}

/// How it went with the cases of the days from `from` to `to`, both included.
pub async fn metrics(tx: &mut SchoolTx, from: NaiveDate, to: NaiveDate) -> Result<Metrics, sqlx::Error> {
    let r = sqlx::query!(
        r#"with lines as (
             select local_date, slot_id, student_id, event_type, said, recorded_at,
                    count(*) filter (where event_type = 'opened')
                      over (partition by local_date, slot_id, student_id order by position) as opening
             from log where school_id = $1 and local_date between $2 and $3
           ), openings as (
             select min(recorded_at) filter (where event_type = 'opened') as opened_at,
                    min((said ->> 'due_at')::timestamptz) filter (where event_type = 'opened') as due_at,
                    min(recorded_at) filter (where event_type = 'acknowledged') as acknowledged_at,
                    bool_or(event_type = 'held') as held,
                    bool_or(event_type = 'notice_requested') as told,
                    bool_or(event_type = 'resolved' and said ->> 'how' = 'arrived') as arrived,
                    bool_or(event_type = 'resolved' and said ->> 'how' = 'justified') as justified,
                    bool_or(event_type = 'retracted') as retracted
             from lines where opening > 0 group by local_date, slot_id, student_id, opening
           ), timed as (
             select *, extract(epoch from opened_at - due_at)::float8 as to_opened,
                    extract(epoch from acknowledged_at - opened_at)::float8 as to_acknowledged
             from openings
           )
           select count(*) as "opened!", count(*) filter (where held) as "held!", count(*) filter (where told) as "told!",
                  count(acknowledged_at) as "acknowledged!", count(*) filter (where arrived) as "arrived!",
                  count(*) filter (where justified) as "justified!", count(*) filter (where retracted) as "retracted!",
                  count(*) filter (where retracted and told) as "false_alarms!",
                  percentile_disc(0.5) within group (order by to_opened) as opened_median,
                  percentile_disc(0.95) within group (order by to_opened) as opened_p95,
                  percentile_disc(0.5) within group (order by to_acknowledged) as acknowledged_median,
                  percentile_disc(0.95) within group (order by to_acknowledged) as acknowledged_p95
           from timed"#,
        tx.school().0,
        from,
        to
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Metrics {
        opened: r.opened,
        held: r.held,
        told: r.told,
        acknowledged: r.acknowledged,
        arrived: r.arrived,
        justified: r.justified,
        retracted: r.retracted,
        false_alarms: r.false_alarms,
        due_to_opened: Seconds::of(r.opened_median, r.opened_p95),
        opened_to_acknowledged: Seconds::of(r.acknowledged_median, r.acknowledged_p95),
    })
}

/// A school's open cases of a day, as a worker asks, whose role works across schools.
pub async fn open_cases_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Vec<CaseId>, sqlx::Error> {
    let rows = sqlx::query!(
        "select slot_id, student_id from cases
         where school_id = $1 and local_date = $2 and state not in ('resolved', 'retracted') order by slot_id, student_id",
        school.0,
        date
    )
    .fetch_all(conn)
    .await?;
    let id = |slot, student| CaseId { date, slot_id: SlotId(slot), student_id: StudentId(student) };
    Ok(rows.into_iter().map(|r| id(r.slot_id, r.student_id)).collect())
}

/// The days with open cases of all schools, from eight days before `date` on: an older one is left as it is.
pub async fn open_days_in_tx(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> Result<Vec<(SchoolId, NaiveDate)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select distinct school_id, local_date from cases
         where local_date >= $1 and state not in ('resolved', 'retracted') order by local_date, school_id",
        date - LOOKED_BACK
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| (SchoolId(r.school_id), r.local_date)).collect())
}

/// `cases` as stored.
pub(super) struct CaseRecord {
    pub school_id: Uuid,
    pub local_date: NaiveDate,
    pub slot_id: Uuid,
    pub student_id: Uuid,
    pub course_id: Uuid,
    pub due_at: DateTime<Utc>,
    pub state: String,
    pub held_reason: Option<String>,
    pub opened_at: DateTime<Utc>,
    pub told_at: Option<DateTime<Utc>>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<String>,
    pub closed_at: Option<DateTime<Utc>>,
    pub ending: Option<Json<Ending>>,
    pub openings: i32,
    pub sequence: i64,
    pub position: i64,
}

impl TryFrom<CaseRecord> for Case {
    type Error = sqlx::Error;
    fn try_from(r: CaseRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            local_date: r.local_date,
            slot_id: SlotId(r.slot_id),
            student_id: StudentId(r.student_id),
            course_id: CourseId(r.course_id),
            due_at: r.due_at,
            state: wire::parse(&r.state)?,
            held_reason: r.held_reason.as_deref().map(wire::parse).transpose()?,
            opened_at: r.opened_at,
            told_at: r.told_at,
            acknowledged_at: r.acknowledged_at,
            acknowledged_by: r.acknowledged_by.map(Actor),
            closed_at: r.closed_at,
            ending: r.ending.map(|ending| ending.0),
            openings: r.openings,
            sequence: r.sequence,
            position: r.position,
        })
    }
}
