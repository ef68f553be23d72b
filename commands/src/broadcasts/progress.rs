//! How far a broadcast is, and what became of each notice: counted from the rows of its recipients and deliveries.

use super::reach::WhyNot;
use crate::deliveries::guardians;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::use_cases::UseCaseError;
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::delivery::Channel;
use domain::guardian::State;
use domain::{BroadcastId, GuardianId, SchoolId, StreamId, StudentId};
use uuid::Uuid;

/// What became of a guardian's notice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// It waits.
    Waiting,
    /// The channel took it.
    Accepted,
    /// It is there.
    Delivered,
    /// It may have arrived, or not.
    Unknown,
    /// It did not arrive.
    Failed,
    /// It was not sent after all.
    Suppressed,
    /// None was asked for, for this reason.
    None(WhyNot),
}

impl Outcome {
    fn of(state: Option<&str>, why_not: Option<&str>) -> Self {
        if let Some(why_not) = why_not.and_then(WhyNot::of_code) {
            return Self::None(why_not);
        }
        match state {
            None | Some("requested" | "sending") => Self::Waiting,
            Some("accepted") => Self::Accepted,
            Some("delivered" | "read") => Self::Delivered,
            Some("unknown") => Self::Unknown,
            Some("failed") => Self::Failed,
            Some(_) => Self::Suppressed,
        }
    }
}

/// So many notices of a broadcast had this outcome by this channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The channel, if there is one.
    pub channel: Option<Channel>,
    /// What became of them.
    pub outcome: Outcome,
    /// How many.
    pub people: i64,
}

/// How far it is; nothing before it started.
pub async fn progress(write: &Write, school: SchoolId, broadcast_id: BroadcastId) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query!(
        r#"select r.channel, r.why_not, d.state as "state?", count(*) as "people!"
           from broadcast_recipients r
           left join deliveries d on d.school_id = r.school_id and d.broadcast_id = r.broadcast_id
             and d.guardian_id = r.guardian_id
           where r.school_id = $1 and r.broadcast_id = $2
           group by r.channel, r.why_not, d.state order by r.channel, r.why_not, d.state"#,
        school.0,
        broadcast_id.0,
    );
    let mut lines: Vec<Line> = Vec::new();
    for row in in_time(rows.fetch_all(write.pool())).await? {
        let channel = row.channel.as_deref().and_then(Channel::of_code);
        let outcome = Outcome::of(row.state.as_deref(), row.why_not.as_deref());
        match lines.iter_mut().find(|line| (line.channel, line.outcome) == (channel, outcome)) {
            Some(line) => line.people += row.people,
            None => lines.push(Line { channel, outcome, people: row.people }),
        }
    }
    lines.sort_by_key(|line| (line.channel.map(Channel::as_str), line.outcome));
    Ok(lines)
}

/// What became of one guardian's notice. Holds a name in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Results {
    /// Whose.
    pub guardian_id: GuardianId,
    /// The guardian's name; none once it was erased.
    pub name: Option<String>,
    /// For which pupil.
    pub student_id: StudentId,
    /// By which channel.
    pub channel: Option<Channel>,
    /// What became of it.
    pub outcome: Outcome,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
}

/// What became of each, by guardian; up to `limit` after one.
pub async fn results(
    write: &Write,
    school: SchoolId,
    broadcast_id: BroadcastId,
    (after, limit): (Option<GuardianId>, i64),
) -> Result<Vec<Results>, UseCaseError> {
    let rows = sqlx::query!(
        r#"select r.guardian_id, r.student_id, r.channel, r.why_not, d.state as "state?", d.changed_at as "since?"
           from broadcast_recipients r
           left join deliveries d on d.school_id = r.school_id and d.broadcast_id = r.broadcast_id
             and d.guardian_id = r.guardian_id
           where r.school_id = $1 and r.broadcast_id = $2 and ($3::uuid is null or r.guardian_id > $3)
           order by r.guardian_id limit $4"#,
        school.0,
        broadcast_id.0,
        after.map(|guardian| guardian.0),
        limit,
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let ids: Vec<GuardianId> = rows.iter().map(|row| GuardianId(row.guardian_id)).collect();
    let subjects: Vec<Uuid> = ids.iter().map(|guardian| guardian.0).collect();
    let (states, keys) = (guardians(write, school, &ids).await?, write.vault().keys_of(school, &subjects).await?);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let name = match states.get(StreamId::of(school, GuardianId(row.guardian_id)).as_str()) {
            Some(State::Registered { name, .. }) => keys.open(row.guardian_id, "name", name)?.plain(),
            _ => None,
        };
        results.push(Results {
            guardian_id: GuardianId(row.guardian_id),
            name,
            student_id: StudentId(row.student_id),
            channel: row.channel.as_deref().and_then(Channel::of_code),
            outcome: Outcome::of(row.state.as_deref(), row.why_not.as_deref()),
            since: row.since,
        });
    }
    Ok(results)
}

/// A broadcast that guardians were written to, or would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// Which.
    pub broadcast_id: BroadcastId,
    /// For which pupil.
    pub student_id: StudentId,
    /// When it went out.
    pub at: DateTime<Utc>,
}

/// The newest that any of these guardians of a school were in the audience of. One that was cancelled is among them where
/// it had begun: some had it by then. Whether they may see the pupil still is the caller's to ask.
pub async fn of_guardians(
    write: &Write,
    school: SchoolId,
    guardians: &[GuardianId],
    limit: i64,
) -> Result<Vec<Of>, StoreError> {
    let ids: Vec<Uuid> = guardians.iter().map(|guardian| guardian.0).collect();
    let rows = sqlx::query!(
        r#"select b.broadcast_id, r.student_id, b.send_at as "at!" from broadcast_recipients r
           join broadcasts b on b.school_id = r.school_id and b.broadcast_id = r.broadcast_id
           where r.school_id = $1 and r.guardian_id = any($2) and b.send_at is not null
           order by b.send_at desc, b.broadcast_id limit $3"#,
        school.0,
        &ids,
        limit,
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let of = rows.into_iter().map(|row| Of {
        broadcast_id: BroadcastId(row.broadcast_id),
        student_id: StudentId(row.student_id),
        at: row.at,
    });
    Ok(of.collect())
}
