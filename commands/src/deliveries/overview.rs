//! What became of a school's notices of a day, in figures, for whoever looks after them.

use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, NaiveDate, Utc};
use domain::SchoolId;
use domain::delivery::{Channel, Kind};

/// A day's notices of a school.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Overview {
    /// By kind and channel.
    pub lines: Vec<Line>,
    /// Those that came to nothing, by why; the most frequent first.
    pub failures: Vec<Failures>,
    /// Alarms of which nobody is known to have been told, not by a message that came late either: a person calls.
    pub to_call: i64,
    /// Since when the first of what waits is due, by channel.
    pub due_since: Vec<(Channel, DateTime<Utc>)>,
}

/// How many notices of a kind by a channel stand where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The kind.
    pub kind: Kind,
    /// The channel.
    pub channel: Channel,
    /// Not sent yet.
    pub waiting: i64,
    /// Taken by the channel, which has told no more.
    pub accepted: i64,
    /// On a telephone, or opened by a person.
    pub delivered: i64,
    /// Of which nobody knows whether they arrived.
    pub unknown: i64,
    /// Which did not arrive.
    pub failed: i64,
    /// Which were not sent after all.
    pub suppressed: i64,
}

/// Notices that came to nothing for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// The channel.
    pub channel: Channel,
    /// Sent and lost, or not sent at all.
    pub failed: bool,
    /// Why: the code of a [`domain::delivery::Failure`] or a [`domain::delivery::Suppression`].
    pub reason: String,
    /// The channel's own code.
    pub code: Option<i32>,
    /// How many.
    pub notices: i64,
}

/// How the notices of a school's day stand. Costs as many rows as the day has notices.
pub async fn overview(write: &Write, school: SchoolId, date: NaiveDate) -> Result<Overview, StoreError> {
    let lines = sqlx::query!(
        r#"select kind, channel,
             count(*) filter (where state in ('requested', 'sending')) as "waiting!",
             count(*) filter (where state = 'accepted') as "accepted!",
             count(*) filter (where state in ('delivered', 'read')) as "delivered!",
             count(*) filter (where state = 'unknown') as "unknown!",
             count(*) filter (where state = 'failed') as "failed!",
             count(*) filter (where state = 'suppressed') as "suppressed!"
           from deliveries where school_id = $1 and local_date = $2 group by kind, channel order by kind, channel"#,
        school.0,
        date,
    );
    let failures = sqlx::query!(
        r#"select d.channel, d.state = 'failed' as "failed!", coalesce(e.payload->>'reason', '') as "reason!",
             (e.payload->>'code')::int as code, count(*) as "notices!"
           from deliveries d
           join events e on e.aggregate_type = 'delivery'
             and e.aggregate_id = d.school_id::text || '/' || d.delivery_id::text and e.event_type = d.state
           where d.school_id = $1 and d.local_date = $2 and d.state in ('failed', 'suppressed')
           group by 1, 2, 3, 4 order by 5 desc, 1, 3, 4"#,
        school.0,
        date,
    );
    let to_call = sqlx::query_scalar!(
        r#"select count(*) as "n!" from delivery_ladders l
           where school_id = $1 and local_date = $2 and state = 'call'
             and not exists (select from deliveries d
               where d.school_id = l.school_id and d.cause_id = l.cause_id
                 and (d.state in ('delivered', 'read') or d.state = 'accepted' and d.channel = 'email'))"#,
        school.0,
        date,
    );
    let due = sqlx::query!(
        r#"select channel, min(due_at) as "since!" from deliveries
           where school_id = $1 and local_date = $2 and due_at <= $3 group by channel order by channel"#,
        school.0,
        date,
        write.clock().now(),
    );
    let pool = write.pool();
    let lines = in_time(lines.fetch_all(pool)).await?;
    let failures = in_time(failures.fetch_all(pool)).await?;
    let due = in_time(due.fetch_all(pool)).await?;
    let line = |kind: &str, channel: &str| Some((Kind::of_code(kind)?, Channel::of_code(channel)?));
    Ok(Overview {
        lines: lines
            .into_iter()
            .filter_map(|row| {
                let (kind, channel) = line(&row.kind, &row.channel)?;
                let (waiting, accepted, delivered) = (row.waiting, row.accepted, row.delivered);
                let (unknown, failed, suppressed) = (row.unknown, row.failed, row.suppressed);
                Some(Line { kind, channel, waiting, accepted, delivered, unknown, failed, suppressed })
            })
            .collect(),
        failures: failures
            .into_iter()
            .filter_map(|row| {
                let channel = Channel::of_code(&row.channel)?;
                let (failed, reason, code, notices) = (row.failed, row.reason, row.code, row.notices);
                Some(Failures { channel, failed, reason, code, notices })
            })
            .collect(),
        to_call: in_time(to_call.fetch_one(pool)).await?,
        due_since: due.into_iter().filter_map(|row| Some((Channel::of_code(&row.channel)?, row.since))).collect(),
    })
}
