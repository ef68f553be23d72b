//! What readers ask of the acts, each in the transaction of a school.

use super::super::rows::{Act, ActState};
use crate::readers::SchoolTx;
use crate::{page, wire};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::Event;
use domain::{Actor, SchoolId, StudentId};
use sqlx::types::Json;
use uuid::Uuid;

/// What was done to a pupil's day, oldest first, at most 200.
pub async fn of_day(tx: &mut SchoolTx, student: StudentId, date: NaiveDate) -> Result<Vec<Act>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ActRecord,
        r#"select school_id, local_date, student_id, act_id, kind, state, said as "said!: Json<Event>", actor, recorded_at,
                  ending as "ending?: Json<Event>", ended_by, ended_at, position
           from acts where school_id = $1 and local_date = $2 and student_id = $3
           order by recorded_at, act_id limit $4"#,
        tx.school().0,
        date,
        student.0,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Act::try_from).collect()
}

/// Justifications and corrections of whatever day that wait for an answer, oldest first, at most 200.
pub async fn waiting(tx: &mut SchoolTx) -> Result<Vec<Act>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ActRecord,
        r#"select school_id, local_date, student_id, act_id, kind, state, said as "said!: Json<Event>", actor, recorded_at,
                  ending as "ending?: Json<Event>", ended_by, ended_at, position
           from acts where school_id = $1 and state in ('submitted', 'requested')
           order by recorded_at, act_id limit $2"#,
        tx.school().0,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Act::try_from).collect()
}

/// Barred adults who asked for a pupil since an instant, newest first, at most 200.
pub async fn blocked(tx: &mut SchoolTx, since: DateTime<Utc>) -> Result<Vec<Act>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ActRecord,
        r#"select school_id, local_date, student_id, act_id, kind, state, said as "said!: Json<Event>", actor, recorded_at,
                  ending as "ending?: Json<Event>", ended_by, ended_at, position
           from acts where school_id = $1 and state = 'blocked' and recorded_at >= $2
           order by recorded_at desc, act_id limit $3"#,
        tx.school().0,
        since,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Act::try_from).collect()
}

/// Early leaves of a day that are authorised, the pupil not having gone yet; oldest first, at most 200.
pub async fn authorised(tx: &mut SchoolTx, date: NaiveDate) -> Result<Vec<Act>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ActRecord,
        r#"select school_id, local_date, student_id, act_id, kind, state, said as "said!: Json<Event>", actor, recorded_at,
                  ending as "ending?: Json<Event>", ended_by, ended_at, position
           from acts where school_id = $1 and local_date = $2 and state = $3
           order by recorded_at, act_id limit $4"#,
        tx.school().0,
        date,
        wire::name(&ActState::Authorised),
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Act::try_from).collect()
}

/// `acts` as stored.
pub(crate) struct ActRecord {
    pub school_id: Uuid,
    pub local_date: NaiveDate,
    pub student_id: Uuid,
    pub act_id: Uuid,
    pub kind: String,
    pub state: String,
    pub said: Json<Event>,
    pub actor: String,
    pub recorded_at: DateTime<Utc>,
    pub ending: Option<Json<Event>>,
    pub ended_by: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
    pub position: i64,
}

impl TryFrom<ActRecord> for Act {
    type Error = sqlx::Error;
    fn try_from(r: ActRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            local_date: r.local_date,
            student_id: StudentId(r.student_id),
            act_id: r.act_id,
            kind: wire::parse(&r.kind)?,
            state: wire::parse(&r.state)?,
            said: r.said.0,
            actor: Actor(r.actor),
            recorded_at: r.recorded_at,
            ending: r.ending.map(|ending| ending.0),
            ended_by: r.ended_by.map(Actor),
            ended_at: r.ended_at,
            position: r.position,
        })
    }
}
