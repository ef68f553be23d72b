//! What readers ask of roll calls, in the transaction of a school.

use super::{Mark, RollCall};
use crate::readers::SchoolTx;
use crate::wire;
use chrono::{DateTime, NaiveDate, Utc};
use domain::roll_call::Key;
use domain::{Actor, RollCallId, SchoolId, StudentId};
use uuid::Uuid;

/// The roll calls of a day, at most twenty, the newest first: there is no other that goes on.
pub async fn of_day(tx: &mut SchoolTx, date: NaiveDate) -> Result<Vec<RollCall>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CallRecord,
        "select school_id, local_date, roll_call_id, reason, started_at, started_by, ended_at, ended_by, position
         from roll_calls where school_id = $1 and local_date = $2 order by started_at desc, roll_call_id limit 20",
        tx.school().0,
        date
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(RollCall::try_from).collect()
}

/// A roll call of the school, if there is this one.
pub async fn one(tx: &mut SchoolTx, key: Key) -> Result<Option<RollCall>, sqlx::Error> {
    let row = sqlx::query_as!(
        CallRecord,
        "select school_id, local_date, roll_call_id, reason, started_at, started_by, ended_at, ended_by, position
         from roll_calls where school_id = $1 and local_date = $2 and roll_call_id = $3",
        tx.school().0,
        key.date,
        key.id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(RollCall::try_from).transpose()
}

/// What was said last of each pupil in a roll call, by pupil.
pub async fn marks(tx: &mut SchoolTx, key: Key) -> Result<Vec<Mark>, sqlx::Error> {
    let rows = sqlx::query!(
        "select school_id, local_date, roll_call_id, student_id, safe, said_at, said_by, position
         from roll_call_marks where school_id = $1 and local_date = $2 and roll_call_id = $3 order by student_id",
        tx.school().0,
        key.date,
        key.id.0
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Mark {
            school_id: SchoolId(r.school_id),
            local_date: r.local_date,
            roll_call_id: RollCallId(r.roll_call_id),
            student_id: StudentId(r.student_id),
            safe: r.safe,
            said_at: r.said_at,
            said_by: Actor(r.said_by),
            position: r.position,
        })
        .collect())
}

/// `roll_calls` as stored.
pub(super) struct CallRecord {
    pub school_id: Uuid,
    pub local_date: NaiveDate,
    pub roll_call_id: Uuid,
    pub reason: String,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<String>,
    pub position: i64,
}

impl TryFrom<CallRecord> for RollCall {
    type Error = sqlx::Error;
    fn try_from(r: CallRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            local_date: r.local_date,
            roll_call_id: RollCallId(r.roll_call_id),
            reason: wire::parse(&r.reason)?,
            started_at: r.started_at,
            started_by: Actor(r.started_by),
            ended_at: r.ended_at,
            ended_by: r.ended_by.map(Actor),
            position: r.position,
        })
    }
}
