//! Asks for the next message of each alarm: the ladders whose time has come.

use super::channels::{is_open, standing};
use super::judge::read;
use super::rows::{Row, Wanted, of_days_in_tx, request_in_tx};
use super::{Zones, zones};
use crate::append::append_in_tx;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::delivery::ladder::{Next, PATIENCE, Rung, Tried, next};
use domain::delivery::{Channel, Kind, Notice, Says};
use domain::no_show::{self, CaseId, Stage};
use domain::student::{self, GuardianRights};
use domain::{EventId, GuardianId, SchoolId, SlotId, StreamId, StudentId, guardian};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Ladders of one transaction, at most.
const TOGETHER: i64 = 500;

/// How often an alarm is looked at that waits for a paused channel.
const LOOKS_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Climbed {
    /// Alarms that were looked at.
    pub looked_at: usize,
    /// Messages that were asked for.
    pub asked: usize,
    /// Alarms of which nobody is known to have been told, and nobody is left to write to.
    pub to_call: usize,
}

/// An alarm that is looked at.
struct Ladder {
    school: SchoolId,
    cause: EventId,
    case: CaseId,
    asked_at: DateTime<Utc>,
}

/// Looks at the alarms whose time has come, and asks for what follows, by the channels that are switched `on`. None
/// while the channels are quiet.
pub async fn climb(write: &Write, on: &[Channel]) -> Result<Climbed, StoreError> {
    let standing = standing(write).await?;
    // One that is switched off holds up no other.
    if standing.iter().any(|channel| channel.quiet && on.contains(&channel.channel)) {
        return Ok(Climbed::default());
    }
    let open: Vec<Channel> = on.iter().copied().filter(|channel| is_open(&standing, *channel, Says::NoEntry)).collect();
    let schools = sqlx::query_scalar!(
        "select distinct school_id from delivery_ladders where state = 'open' and next_look_at <= $1",
        write.clock().now()
    );
    let schools = in_time(schools.fetch_all(write.pool())).await?;
    let zones = zones(write, schools.into_iter().map(SchoolId)).await?;
    in_time(once((write, &zones), &open, on)).await
}

async fn once((write, zones): (&Write, &Zones), open: &[Channel], on: &[Channel]) -> Result<Climbed, StoreError> {
    let now = write.clock().now();
    let mut tx = write.pool().begin().await?;
    let mut ladders = due_in_tx(&mut tx, now).await?;
    // One that began just now is looked at next time.
    ladders.retain(|ladder| zones.contains_key(&ladder.school));
    let mut climbed = Climbed { looked_at: ladders.len(), ..Climbed::default() };
    if ladders.is_empty() {
        return Ok(climbed);
    }
    let facts = Facts::read_in_tx(&mut tx, &ladders).await?;
    let (mut wanted, mut looked) = (Vec::new(), Vec::new());
    for ladder in &ladders {
        let (state, next_look_at) = match facts.follows(ladder, (open, on), now) {
            Follows::Over => ("over", now),
            Follows::Next(_, Next::Told) => ("told", now),
            Follows::Next(_, Next::Wait(until)) => ("open", until),
            Follows::Next(_, Next::Call) => {
                climbed.to_call += 1;
                let (school_id, student_id, date) = (ladder.school, ladder.case.student_id, ladder.case.date);
                tracing::warn!(%school_id, %student_id, %date, "nobody is left to write to of this alarm: a person calls");
                ("call", now)
            }
            Follows::Next(due_at, Next::Ask(rung)) => {
                wanted.push(ladder.asks(rung, due_at));
                ("open", now + PATIENCE)
            }
        };
        looked.push((ladder, state, next_look_at));
    }
    climbed.asked = wanted.len();
    let events = request_in_tx(&mut tx, (write, zones), &wanted, now).await?;
    set_in_tx(&mut tx, &looked).await?;
    if !events.is_empty() {
        append_in_tx(&mut tx, &**write.clock(), &events).await?;
    }
    tx.commit().await?;
    metrics::counter!("delivery_alarms_to_call_total").increment(climbed.to_call as u64);
    Ok(climbed)
}

async fn due_in_tx(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Ladder>, sqlx::Error> {
    let rows = sqlx::query!(
        "select school_id, cause_id, local_date, slot_id, student_id, asked_at from delivery_ladders
         where state = 'open' and next_look_at <= $1 order by next_look_at, school_id limit $2 for update skip locked",
        now,
        TOGETHER,
    );
    let rows = rows.fetch_all(conn).await?;
    let ladder = |row: (Uuid, Uuid, (NaiveDate, Uuid, Uuid), DateTime<Utc>)| Ladder {
        school: SchoolId(row.0),
        cause: EventId(row.1),
        case: CaseId { date: row.2.0, slot_id: SlotId(row.2.1), student_id: StudentId(row.2.2) },
        asked_at: row.3,
    };
    let parts = rows
        .into_iter()
        .map(|row| (row.school_id, row.cause_id, (row.local_date, row.slot_id, row.student_id), row.asked_at));
    Ok(parts.map(ladder).collect())
}

async fn set_in_tx(
    conn: &mut PgConnection,
    looked: &[(&Ladder, &'static str, DateTime<Utc>)],
) -> Result<(), sqlx::Error> {
    let schools: Vec<Uuid> = looked.iter().map(|(ladder, ..)| ladder.school.0).collect();
    let causes: Vec<Uuid> = looked.iter().map(|(ladder, ..)| ladder.cause.0).collect();
    let states: Vec<&str> = looked.iter().map(|(_, state, _)| *state).collect();
    let next: Vec<DateTime<Utc>> = looked.iter().map(|(.., next)| *next).collect();
    sqlx::query!(
        "update delivery_ladders l set state = t.state, next_look_at = t.next_look_at
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) t (school_id, cause_id, state, next_look_at)
         where l.school_id = t.school_id and l.cause_id = t.cause_id",
        &schools,
        &causes,
        &states as &[&str],
        &next,
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Ladder {
    fn news_until(&self) -> DateTime<Utc> {
        self.asked_at + Kind::NoEntry.is_news_for()
    }

    fn asks(&self, rung: Rung, due_at: DateTime<Utc>) -> Wanted {
        let notice = Notice {
            cause_id: self.cause,
            kind: Kind::NoEntry,
            says: Says::NoEntry,
            channel: rung.channel,
            guardian_id: rung.guardian_id,
            student_id: self.case.student_id,
            expires_at: self.news_until(),
        };
        Wanted { school: self.school, notice, about: self.case.into(), about_at: due_at }
    }
}

/// What follows from an alarm.
enum Follows {
    /// Nothing any more: the case is over, or a person looks after it.
    Over,
    /// This, of a case whose entry was due then.
    Next(DateTime<Utc>, Next),
}

/// What the log and the rows say of the alarms.
struct Facts {
    cases: HashMap<String, no_show::State>,
    students: HashMap<String, student::State>,
    guardians: HashMap<String, guardian::State>,
    /// Streams that cannot be read.
    broken: HashSet<String>,
    alarms: Vec<Row>,
}

impl Facts {
    async fn read_in_tx(conn: &mut PgConnection, ladders: &[Ladder]) -> Result<Self, StoreError> {
        let mut streams = Vec::new();
        let mut days: BTreeMap<SchoolId, BTreeSet<(NaiveDate, StudentId)>> = BTreeMap::new();
        for ladder in ladders {
            streams.push(("no_show_case", ladder.case.stream(ladder.school)));
            streams.push(("student", StreamId::of(ladder.school, ladder.case.student_id)));
            days.entry(ladder.school).or_default().insert((ladder.case.date, ladder.case.student_id));
        }
        let first = read(&mut *conn, &streams).await?;
        let mut streams = Vec::new();
        for ladder in ladders {
            let student = first.students.get(StreamId::of(ladder.school, ladder.case.student_id).as_str());
            for guardian in student.map(told).unwrap_or_default() {
                streams.push(("guardian", StreamId::of(ladder.school, guardian)));
            }
        }
        let second = read(&mut *conn, &streams).await?;
        let mut alarms = Vec::new();
        for (school, days) in days {
            alarms.extend(of_days_in_tx(conn, school, &days).await?);
        }
        alarms.retain(|row| row.notice.kind == Kind::NoEntry);
        let (cases, students, broken) = (first.cases, first.students, first.broken);
        Ok(Self { cases, students, guardians: second.guardians, broken, alarms })
    }

    fn follows(&self, ladder: &Ladder, (open, on): (&[Channel], &[Channel]), now: DateTime<Utc>) -> Follows {
        let (case, pupil) = (ladder.case.stream(ladder.school), StreamId::of(ladder.school, ladder.case.student_id));
        // Of whom nothing can be read nobody is written to: a person calls.
        if [&case, &pupil].iter().any(|stream| self.broken.contains(stream.as_str())) {
            return Follows::Next(now, Next::Call);
        }
        let case = self.cases.get(case.as_str());
        let Some(no_show::State::Open { due_at, stage: Stage::Notified { .. } }) = case else { return Follows::Over };
        let follows = |next| Follows::Next(*due_at, next);
        if ladder.news_until() <= now {
            return follows(Next::Call);
        }
        let tried: Vec<Tried> = self
            .alarms
            .iter()
            .filter(|row| row.notice.cause_id == ladder.cause)
            .map(|row| {
                // What waits for a channel that is paused is not waited for.
                let stuck = row.state == "requested" && !open.contains(&row.notice.channel);
                let tried = row.tried();
                Tried { since: if stuck { DateTime::UNIX_EPOCH } else { tried.since }, ..tried }
            })
            .collect();
        let rungs = self.rungs(ladder, open);
        match next(&rungs, &tried, now) {
            // A channel that is paused may go on while it is news: it is not the end of the alarm.
            Next::Call if self.rungs(ladder, on).len() > rungs.len() => follows(Next::Wait(now + LOOKS_AGAIN)),
            next => follows(next),
        }
    }

    /// Whom an alarm may go to, and how, in order: legal representatives first.
    fn rungs(&self, ladder: &Ladder, open: &[Channel]) -> Vec<Rung> {
        let pupil = ladder.case.student_id;
        let Some(student) = self.students.get(StreamId::of(ladder.school, pupil).as_str()) else { return Vec::new() };
        let of = |guardian_id: GuardianId| {
            let state = self.guardians.get(StreamId::of(ladder.school, guardian_id).as_str());
            let ways = state.map(|guardian| guardian.ways(pupil, Kind::NoEntry)).unwrap_or_default();
            let usable = ways.into_iter().filter(|channel| open.contains(channel));
            usable.map(move |channel| Rung { guardian_id, channel })
        };
        told(student).into_iter().flat_map(of).collect()
    }
}

/// The guardians who may be told of a pupil, legal representatives first.
pub(super) fn told(student: &student::State) -> Vec<GuardianId> {
    let links = student.pupil().map(|pupil| &pupil.guardians).into_iter().flatten();
    let may = |rights: &GuardianRights| rights.notify && !rights.restricted;
    let mut told: Vec<(bool, GuardianId)> =
        links.filter_map(|(guardian, rights)| rights.filter(may).map(|rights| (!rights.legal, *guardian))).collect();
    told.sort();
    told.into_iter().map(|(_, guardian)| guardian).collect()
}
