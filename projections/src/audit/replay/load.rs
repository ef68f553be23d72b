//! Reads the events that a day is replayed from: in a handful of statements, of the day and of what is said of all
//! days, never of the other days' passages.

use super::fold::Known;
use super::{DayEvents, Moment, ReplayError, no_log};
use crate::audit::queries::first_recorded;
use crate::live::board::AsOf;
use crate::readers::SchoolTx;
use crate::{Fact, ReadModel};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::completeness::OUT_OF_USE_AFTER;
use domain::{Actor, Epoch, EventId, KioskId, Recorded, SchoolId, StreamId};
use uuid::Uuid;

/// The events of a school's day, as far as they are in the index, for replays at `moment` and at any later one at which
/// everything is known. None: the index has nothing of the school.
pub async fn load(tx: &mut SchoolTx, date: NaiveDate, moment: Moment) -> Result<Option<DayEvents>, ReplayError> {
    let as_of = as_of(tx).await?;
    let rules = rules(tx, as_of.position).await?;
    if rules.is_empty() {
        return Ok(None);
    }
    let known = match first_recorded(tx, following(moment.known)).await? {
        Some(beyond) => as_of.position.min(beyond.saturating_sub(1)),
        None => as_of.position,
    };
    let words = words(tx, &rules, date, [known, as_of.position]).await?;
    let day = day(tx, date, as_of.position).await?;
    Ok(Some(DayEvents { school: tx.school(), date, as_of, rules, words, day }))
}

/// Postgres keeps microseconds.
fn following(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(at)
}

pub(super) async fn as_of(tx: &mut SchoolTx) -> Result<AsOf, sqlx::Error> {
    let row = sqlx::query!(
        r#"select c.epoch as "epoch!", c.position as "position!", c.recorded_at as "recorded_at?",
                  not exists (select from log_epoch l where l.epoch = c.epoch) as "stale!"
           from checkpoint_of($1) c"#,
        ReadModel::Audit.name()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map_or(no_log(), |r| AsOf {
        epoch: Epoch(r.epoch),
        position: r.position,
        recorded_at: r.recorded_at,
        roster_position: r.position,
        stale_epoch: r.stale,
    }))
}

/// Everything that was ever said of who is expected when: some thousands of a school, after years.
pub(super) async fn rules(tx: &mut SchoolTx, until: i64) -> Result<Vec<Fact>, ReplayError> {
    let rows = sqlx::query_as!(
        Stored,
        r#"select school_id, position, local_date, aggregate_type, stream, sequence, event_type, event_version, event_id,
                  actor, occurred_at, recorded_at, correlation_id, causation_id, payload
           from entries
           where school_id = $1 and position <= $2 and event_type <> 'scan_recorded'
             and event_type = any(array['registered', 'settings_changed', 'calendar_day_set', 'calendar_day_cleared',
               'opened', 'renamed', 'weekly_schedule_set', 'schedule_exception_set', 'schedule_exception_cleared',
               'closed', 'enrolled', 'moved', 'withdrawn', 'erased', 'mode_changed', 'revoked'])
             and aggregate_type = any(array['school', 'course', 'student', 'kiosk'])
           order by position"#,
        tx.school().0,
        until
    )
    .fetch_all(tx.conn())
    .await?;
    facts(rows)
}

/// The passages of a day, and what was said of them.
async fn day(tx: &mut SchoolTx, date: NaiveDate, until: i64) -> Result<Vec<Fact>, ReplayError> {
    let rows = sqlx::query_as!(
        Stored,
        r#"select school_id, position, local_date, aggregate_type, stream, sequence, event_type, event_version, event_id,
                  actor, occurred_at, recorded_at, correlation_id, causation_id, payload
           from entries
           where school_id = $1 and local_date = $2 and position <= $3 and aggregate_type = 'attendance_day'
           order by position"#,
        tx.school().0,
        date,
        until
    )
    .fetch_all(tx.conn())
    .await?;
    facts(rows)
}

/// The last word of each gate before each of these places in the log: how far it is drained, and whether it is silent.
/// A kiosk says the first once a minute, so all of them would be more than a year's scans. One that said nothing for
/// as long as makes it count no more says nothing here.
pub(super) async fn words(
    tx: &mut SchoolTx,
    rules: &[Fact],
    date: NaiveDate,
    until: [i64; 2],
) -> Result<Vec<Fact>, ReplayError> {
    let mut known = Known::default();
    rules.iter().for_each(|fact| known.apply(fact));
    let kiosks: Vec<Uuid> = known.kiosks().into_iter().map(|KioskId(id)| id).collect();
    let begin = date.and_time(chrono::NaiveTime::MIN).and_utc();
    // A day more for the zones.
    let heard = begin.checked_sub_signed(OUT_OF_USE_AFTER + TimeDelta::days(1)).unwrap_or(begin);
    let Some(from) = first_recorded(tx, heard).await? else { return Ok(Vec::new()) };
    let rows = sqlx::query_as!(
        Stored,
        r#"select distinct e.school_id as "school_id!", e.position as "position!", e.local_date as "local_date!",
                  e.aggregate_type as "aggregate_type!", e.stream as "stream!", e.sequence as "sequence!",
                  e.event_type as "event_type!", e.event_version as "event_version!", e.event_id as "event_id!",
                  e.actor as "actor!", e.occurred_at as "occurred_at!", e.recorded_at as "recorded_at!",
                  e.correlation_id as "correlation_id!", e.causation_id, e.payload
           from unnest($2::uuid[]) k (kiosk_id) cross join unnest($3::bigint[]) p (until)
           cross join lateral (
             (select * from entries
              where school_id = $1 and kiosk_id = k.kiosk_id and position between $4 and p.until
                and aggregate_type = 'kiosk' and event_type = 'drained_through'
              order by position desc limit 1)
             union all
             (select * from entries
              where school_id = $1 and kiosk_id = k.kiosk_id and position between $4 and p.until
                and aggregate_type = 'kiosk' and event_type <> 'scan_recorded'
                and event_type = any(array['silent', 'returned'])
              order by position desc limit 1)
           ) e order by 2"#,
        tx.school().0,
        &kiosks,
        &until,
        from
    )
    .fetch_all(tx.conn())
    .await?;
    facts(rows)
}

/// The passages of some days and what was said of them, in the order of the log.
pub(super) async fn passages(
    tx: &mut SchoolTx,
    (from, to): (NaiveDate, NaiveDate),
    until: i64,
) -> Result<Vec<Fact>, ReplayError> {
    let rows = sqlx::query_as!(
        Stored,
        r#"select school_id, position, local_date, aggregate_type, stream, sequence, event_type, event_version, event_id,
                  actor, occurred_at, recorded_at, correlation_id, causation_id, payload
           from entries
           where school_id = $1 and local_date between $2 and $3 and position <= $4 and aggregate_type = 'attendance_day'
           order by position"#,
        tx.school().0,
        from,
        to,
        until
    )
    .fetch_all(tx.conn())
    .await?;
    facts(rows)
}

/// What the gates said within these spans of time, and when each fell silent and returned between these positions.
pub(super) async fn words_within(
    tx: &mut SchoolTx,
    (after, until): (i64, i64),
    spans: &[(DateTime<Utc>, DateTime<Utc>)],
) -> Result<Vec<Fact>, ReplayError> {
    let (from, to): (Vec<_>, Vec<_>) = spans.iter().copied().unzip();
    let rows = sqlx::query_as!(
        Stored,
        r#"select school_id, position, local_date, aggregate_type, stream, sequence, event_type, event_version, event_id,
                  actor, occurred_at, recorded_at, correlation_id, causation_id, payload
           from entries e
           where school_id = $1 and position > $2 and position <= $3
             and aggregate_type = 'kiosk' and event_type <> 'scan_recorded'
             and (event_type = any(array['silent', 'returned']) or event_type = 'drained_through'
               and exists (select from unnest($4::timestamptz[], $5::timestamptz[]) s (since, until)
                           where e.recorded_at between s.since and s.until))
           order by position"#,
        tx.school().0,
        after,
        until,
        &from,
        &to
    )
    .fetch_all(tx.conn())
    .await?;
    facts(rows)
}

/// An entry as stored, with what the log says.
struct Stored {
    school_id: Uuid,
    position: i64,
    local_date: NaiveDate,
    aggregate_type: String,
    stream: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    event_id: Uuid,
    actor: String,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
    payload: Option<String>,
}

fn facts(rows: Vec<Stored>) -> Result<Vec<Fact>, ReplayError> {
    rows.into_iter().map(Fact::try_from).collect()
}

impl TryFrom<Stored> for Fact {
    type Error = ReplayError;

    fn try_from(r: Stored) -> Result<Self, ReplayError> {
        let payload = r.payload.ok_or(ReplayError::Unfilled)?;
        let payload = domain::decode(&r.aggregate_type, &r.event_type, &r.event_version, &payload)
            .map_err(|error| crate::fact::Poison { position: r.position, why: error.into() })?;
        Ok(Self::new(Recorded {
            position: r.position,
            event_id: EventId(r.event_id),
            school_id: SchoolId(r.school_id),
            aggregate_type: r.aggregate_type,
            stream: StreamId::from_stored(r.stream),
            sequence: r.sequence,
            event_type: r.event_type,
            event_version: r.event_version,
            occurred_at: r.occurred_at,
            recorded_at: r.recorded_at,
            local_date: r.local_date,
            // The date was computed when it was recorded; nothing asks for its zone again.
            zone: String::new(),
            utc_offset: 0,
            actor: Actor(r.actor),
            correlation_id: r.correlation_id,
            causation_id: r.causation_id,
            command_id: None,
            payload,
        })?)
    }
}
