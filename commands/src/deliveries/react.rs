//! What follows from the log: an alarm is to go out, or whoever may have had one is to be told that it is over. It has
//! a place in the log of its own, which begins at the log's end: rebuilding a read model asks for nothing, and neither
//! does a restore, which begins another epoch.

use super::gate;
use super::judge::read;
use super::rows::{Row, Wanted, of_days_in_tx, request_in_tx};
use super::{Zones, zones};
use crate::append::{NewEvent, append_in_tx};
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::delivery::{Channel, Kind, Notice, Says};
use domain::no_show::{CaseId, Event, Resolution, Retraction};
use domain::{EventId, SchoolId, StreamId, decode_as};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Events of one page.
const PAGE: i64 = 1_000;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Reacted {
    /// Alarms that are to go out.
    pub alarms: usize,
    /// Corrections that were asked for.
    pub corrections: usize,
    /// Notices of what passed at the gate that were asked for.
    pub passages: usize,
    /// There may be more in the log.
    pub more: bool,
}

/// What happened to a case.
struct Said {
    position: i64,
    event_id: EventId,
    school: SchoolId,
    case: CaseId,
    recorded_at: DateTime<Utc>,
    event: Event,
}

/// Reads the log on from where it was read to, and writes what follows, in one transaction with the place. What passed
/// at the gate is told by the channels that are switched `on`.
pub async fn react(write: &Write, on: &[Channel]) -> Result<Reacted, StoreError> {
    // Read before the transaction that holds the place: whatever of it is stale is found so just before it is sent.
    let passed = match in_time(gate::wanted(write, on, PAGE)).await {
        Ok(passed) => Some(passed),
        // It holds up no alarm; it is read again, since the place stays.
        Err(error) => {
            tracing::error!(%error, "what passed at the gate cannot be read: nobody is told of it yet");
            metrics::counter!("deliveries_broken_total").increment(1);
            None
        }
    };
    let cases = sqlx::query_scalar!(
        "select distinct e.school_id from events e, delivery_position p
         where e.position > p.position and e.position <= p.position + $1 and e.aggregate_type = 'no_show_case'",
        PAGE,
    );
    let cases = in_time(cases.fetch_all(write.pool())).await?.into_iter().map(SchoolId);
    let schools: BTreeSet<SchoolId> = passed.iter().flat_map(gate::Passed::schools).chain(cases).collect();
    let zones = zones(write, schools).await?;
    in_time(once(write, &zones, passed.as_ref())).await
}

async fn once(write: &Write, zones: &Zones, passed: Option<&gate::Passed>) -> Result<Reacted, StoreError> {
    let mut tx = write.pool().begin().await?;
    let Some((from, mut to)) = place_in_tx(&mut tx).await? else {
        tx.commit().await?;
        return Ok(Reacted::default());
    };
    let mut reacted = Reacted { more: to - from >= PAGE, ..Reacted::default() };
    // What came since the gates were looked at is for the next look.
    if let Some(passed) = passed.filter(|passed| passed.read_to < to) {
        to = passed.read_to.max(from);
        reacted.more = true;
    }
    let mut said = said_in_tx(&mut tx, from, to).await?;
    // A school that was not heard of a moment ago is for the next look.
    if let Some(n) = said.iter().position(|one| !zones.contains_key(&one.school)) {
        to = said[n].position - 1;
        said.truncate(n);
        reacted.more = true;
    }
    let alarms: Vec<&Said> = said.iter().filter(|said| matches!(said.event, Event::NoticeRequested { .. })).collect();
    begin_in_tx(&mut tx, &alarms, write.clock().now()).await?;
    reacted.alarms = alarms.len();
    let mut events: Vec<NewEvent> = Vec::new();
    for one in &said {
        let ends = match &one.event {
            Event::Opened { .. } | Event::Held { .. } | Event::NoticeRequested { .. } => continue,
            Event::Acknowledged => None,
            Event::Resolved { resolution } => Some(of_resolution(*resolution)),
            Event::Retracted { retraction } => Some(of_retraction(*retraction)),
        };
        end_in_tx(&mut tx, one).await?;
        if let Some((says, at)) = ends {
            let wanted = corrections_in_tx(&mut tx, one, says, at.unwrap_or(one.recorded_at)).await?;
            events.extend(request_in_tx(&mut tx, (write, zones), &wanted, write.clock().now()).await?);
        }
    }
    reacted.corrections = events.len();
    match passed {
        Some(passed) => {
            let here = passed.wanted.iter().filter(|(at, _)| (from + 1..=to).contains(at));
            let wanted: Vec<Wanted> = here.map(|(_, wanted)| wanted.clone()).collect();
            events.extend(request_in_tx(&mut tx, (write, zones), &wanted, write.clock().now()).await?);
            reacted.passages = events.len() - reacted.corrections;
            sqlx::query!("update delivery_position set position = $1", to).execute(&mut *tx).await?;
        }
        None => reacted.more = false,
    }
    if !events.is_empty() {
        append_in_tx(&mut tx, &**write.clock(), &events).await?;
    }
    tx.commit().await?;
    Ok(reacted)
}

/// From where to where the log is read now; none if there is nothing new, or another one reads. A place of another epoch
/// is none: it begins anew, at the log's end.
async fn place_in_tx(conn: &mut PgConnection) -> Result<Option<(i64, i64)>, sqlx::Error> {
    sqlx::query!(
        "insert into delivery_position (epoch, position)
         select epoch, (select coalesce(max(position), 0) from events) from log_epoch on conflict do nothing"
    )
    .execute(&mut *conn)
    .await?;
    let place = sqlx::query!(
        r#"select p.position, p.epoch = l.epoch as "current!", l.epoch,
             (select coalesce(max(position), 0) from events) as "end!"
           from delivery_position p, log_epoch l for update of p skip locked"#
    );
    let Some(place) = place.fetch_optional(&mut *conn).await? else { return Ok(None) };
    if !place.current {
        sqlx::query!("update delivery_position set epoch = $1, position = $2", place.epoch, place.end)
            .execute(conn)
            .await?;
        return Ok(None);
    }
    Ok((place.end > place.position).then(|| (place.position, place.end.min(place.position + PAGE))))
}

async fn said_in_tx(conn: &mut PgConnection, from: i64, to: i64) -> Result<Vec<Said>, StoreError> {
    let rows = sqlx::query!(
        r#"select position, event_id, school_id, aggregate_id, event_type, event_version, recorded_at,
             payload::text as "payload!"
           from events where position > $1 and position <= $2 and aggregate_type = 'no_show_case' order by position"#,
        from,
        to,
    );
    let mut said = Vec::new();
    for row in rows.fetch_all(conn).await? {
        let Some(case) = CaseId::of_stream(&StreamId::from_stored(row.aggregate_id)) else { continue };
        let event = match decode_as(&row.event_type, &row.event_version, &row.payload) {
            Ok(event) => event,
            // One that cannot be read stops no other.
            Err(error) => {
                tracing::error!(%error, position = row.position, "an event of a case cannot be read: nobody is told of it");
                metrics::counter!("deliveries_broken_total").increment(1);
                continue;
            }
        };
        said.push(Said {
            position: row.position,
            event_id: EventId(row.event_id),
            school: SchoolId(row.school_id),
            case,
            recorded_at: row.recorded_at,
            event,
        });
    }
    Ok(said)
}

/// They are looked at now, whatever the clock said when they were recorded.
async fn begin_in_tx(conn: &mut PgConnection, alarms: &[&Said], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let schools: Vec<Uuid> = alarms.iter().map(|said| said.school.0).collect();
    let causes: Vec<Uuid> = alarms.iter().map(|said| said.event_id.0).collect();
    let positions: Vec<i64> = alarms.iter().map(|said| said.position).collect();
    let dates: Vec<_> = alarms.iter().map(|said| said.case.date).collect();
    let slots: Vec<Uuid> = alarms.iter().map(|said| said.case.slot_id.0).collect();
    let students: Vec<Uuid> = alarms.iter().map(|said| said.case.student_id.0).collect();
    let at: Vec<DateTime<Utc>> = alarms.iter().map(|said| said.recorded_at).collect();
    sqlx::query!(
        "insert into delivery_ladders (school_id, cause_id, position, local_date, slot_id, student_id, asked_at, state,
           next_look_at)
         select school_id, cause_id, position, local_date, slot_id, student_id, at, 'open', $8
         from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::date[], $5::uuid[], $6::uuid[], $7::timestamptz[])
           t (school_id, cause_id, position, local_date, slot_id, student_id, at)
         on conflict do nothing",
        &schools,
        &causes,
        &positions,
        &dates,
        &slots,
        &students,
        &at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nobody else is told of what was asked for before.
async fn end_in_tx(conn: &mut PgConnection, said: &Said) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update delivery_ladders set state = 'over'
         where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4 and position < $5",
        said.school.0,
        said.case.date,
        said.case.slot_id.0,
        said.case.student_id.0,
        said.position,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn of_resolution(resolution: Resolution) -> (Says, Option<DateTime<Utc>>) {
    match resolution {
        Resolution::Arrived { at } => (Says::Arrived, Some(at)),
        Resolution::Justified { .. } => (Says::Justified, None),
    }
}

fn of_retraction(retraction: Retraction) -> (Says, Option<DateTime<Utc>>) {
    match retraction {
        Retraction::EnteredBefore { at } => (Says::WasThere, Some(at)),
        Retraction::NotExpected { .. } | Retraction::NotDue => (Says::NotExpected, None),
        Retraction::LeftEarly { at } => (Says::LeftEarly, Some(at)),
    }
}

/// Whoever may have had the alarm is told by the way it came, or by another one if that is closed now.
async fn corrections_in_tx(
    conn: &mut PgConnection,
    said: &Said,
    says: Says,
    about_at: DateTime<Utc>,
) -> Result<Vec<Wanted>, StoreError> {
    let day = (said.case.date, said.case.student_id);
    let rows = of_days_in_tx(conn, said.school, &BTreeSet::from([day])).await?;
    let is_alarm = |row: &&Row| row.notice.kind == Kind::NoEntry && row.case() == Some(said.case);
    let had: Vec<&Row> = rows.iter().filter(is_alarm).filter(|alarm| alarm.may_have_arrived()).collect();
    let streams: Vec<_> =
        had.iter().map(|alarm| ("guardian", StreamId::of(said.school, alarm.notice.guardian_id))).collect();
    let guardians = read(conn, &streams).await?.guardians;
    let mut wanted = Vec::new();
    for alarm in had {
        let stream = StreamId::of(said.school, alarm.notice.guardian_id);
        let guardian = guardians.get(stream.as_str());
        let channels = guardian.map(|state| state.ways(said.case.student_id, Kind::Correction)).unwrap_or_default();
        let same = channels.iter().find(|channel| **channel == alarm.notice.channel);
        let Some(channel) = same.or_else(|| channels.first()) else { continue };
        let notice = Notice {
            cause_id: said.event_id,
            kind: Kind::Correction,
            says,
            channel: *channel,
            expires_at: said.recorded_at + Kind::Correction.is_news_for(),
            ..alarm.notice
        };
        wanted.push(Wanted { school: said.school, notice, about: said.case.into(), about_at });
    }
    Ok(wanted)
}
