//! Every rule once more, of the log as it is now, just before a message is sent: whatever was true when it was asked for.

use super::claim::{Message, Part};
use super::rows::{Row, of_days_in_tx};
use super::settle::{Change, settle};
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::attendance_day::{self, AttendanceDay, Direction};
use domain::broadcast::{self, Broadcast, Draft};
use domain::course::{self, Course};
use domain::delivery::{Command, Kind, Says, Suppression};
use domain::guardian::notices::Language;
use domain::guardian::{self, Guardian};
use domain::no_show::{self, CaseId, NoShowCase, Stage};
use domain::school::School;
use domain::student::{self, Student};
use domain::{
    Aggregate, BroadcastId, DecodeError, DomainEvent, GuardianId, SchoolId, Sealed, StreamId, StudentId, decode_as,
    school,
};
use sqlx::PgExecutor;
use std::collections::{BTreeSet, HashMap, HashSet};

/// How long a correction waits for the alarm that is on its way.
const ALARM_LANDS: TimeDelta = TimeDelta::seconds(10);

/// What is to be sent now. The sealed values are opened by whoever sends.
pub struct Outgoing {
    /// The address: of the guardian, field `phone` or `mail`.
    pub address: Sealed,
    /// The pupils, each with the given names: of the pupil, field `given_names`.
    pub pupils: Vec<(StudentId, Sealed)>,
    /// The guardian's language, if it is known.
    pub language: Option<Language>,
    /// The school's zone.
    pub zone: Tz,
    /// The school's name.
    pub school_name: String,
    /// Which broadcast it is, with its words, if it is one.
    pub broadcast: Option<(BroadcastId, Draft)>,
}

/// What the rules say of a delivery.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Verdict {
    Send,
    Wait,
    Suppress(Suppression),
}

/// Asks every rule. What may not be sent is put aside, with the event that says why, and leaves the message; none: there
/// is nothing left of it.
pub async fn judge(write: &Write, message: &mut Message) -> Result<Option<Outgoing>, StoreError> {
    let days: BTreeSet<_> = message.parts.iter().map(|part| (part.about.date, part.student)).collect();
    let asked = {
        let mut conn = write.pool().acquire().await?;
        in_time(of_days_in_tx(&mut conn, message.school, &days)).await?
    };
    let facts = Facts::read(write, message, asked).await?;
    let (now, mut kept, mut aside) = (write.clock().now(), Vec::new(), HashMap::new());
    for part in std::mem::take(&mut message.parts) {
        match facts.verdict(message, &part, now) {
            Verdict::Send => kept.push(part),
            verdict => drop(aside.insert((message.school, part.delivery), verdict)),
        }
    }
    if !aside.is_empty() {
        let keys: Vec<_> = aside.keys().copied().collect();
        let message_id = Some(message.message_id);
        let mine = |row: &Row| row.state == "sending" && row.message_id == message_id;
        let put = |row: &Row| put_aside(row, aside.get(&(row.school, row.delivery))?, now);
        settle(write, &keys, None, None, |row| mine(row).then(|| put(row)).flatten()).await?;
    }
    message.parts = kept;
    if message.parts.is_empty() {
        return Ok(None);
    }
    let outgoing = facts.outgoing(write, message).await?;
    Ok(Some(outgoing))
}

fn put_aside(row: &Row, verdict: &Verdict, now: DateTime<Utc>) -> Option<Change> {
    let (command, due_at, attempts) = match verdict {
        Verdict::Send => return None,
        Verdict::Wait => (None, Some(now + ALARM_LANDS), row.attempts - 1),
        Verdict::Suppress(why) => (Some(Command::Suppress(*why)), None, row.attempts),
    };
    // What may have arrived before stays unknown.
    let state = if row.doubts == 0 { "requested" } else { "unknown" };
    Some(Change { command, state, due_at, attempts, doubts: row.doubts })
}

/// What the log says, read as one statement, and what was asked for of the pupils' days.
struct Facts {
    asked: Vec<Row>,
    cases: HashMap<String, no_show::State>,
    days: HashMap<String, attendance_day::State>,
    broadcasts: HashMap<String, broadcast::State>,
    students: HashMap<String, student::State>,
    guardian: guardian::State,
}

impl Facts {
    async fn read(write: &Write, message: &Message, asked: Vec<Row>) -> Result<Self, StoreError> {
        let school = message.school;
        let guardian = StreamId::of(school, message.guardian);
        let mut streams = vec![(<Guardian as Aggregate>::Event::AGGREGATE, guardian.clone())];
        for part in &message.parts {
            streams.push(match (part.case(), part.about.broadcast) {
                (Some(case), _) => (no_show::Event::AGGREGATE, case.stream(school)),
                (None, Some(broadcast)) => (broadcast::Event::AGGREGATE, StreamId::of(school, broadcast)),
                (None, None) => {
                    (attendance_day::Event::AGGREGATE, StreamId::of_day(part.about.date, school, part.student))
                }
            });
            streams.push((student::Event::AGGREGATE, StreamId::of(school, part.student)));
        }
        let alarms = asked.iter().filter(|row| row.notice.kind == Kind::NoEntry).filter_map(Row::case);
        streams.extend(alarms.map(|case| (no_show::Event::AGGREGATE, case.stream(school))));
        let mut read = in_time(read(write.pool(), &streams)).await?;
        Ok(Self {
            asked,
            guardian: read.guardians.remove(guardian.as_str()).unwrap_or_default(),
            cases: read.cases,
            days: read.days,
            broadcasts: read.broadcasts,
            students: read.students,
        })
    }

    fn verdict(&self, message: &Message, part: &Part, now: DateTime<Utc>) -> Verdict {
        use Suppression::*;
        if part.expires_at <= now {
            return Verdict::Suppress(Expired);
        }
        let case = part.case().map(|case| self.case(message, case)).unwrap_or_default();
        let of_case = || self.alarms(part).filter(|alarm| alarm.case() == part.case());
        let still = match message.kind {
            Kind::Correction => still_wrong(case, of_case().filter(|row| row.notice.guardian_id == message.guardian)),
            Kind::NoEntry => still_missing(case, of_case().filter(|row| row.notice.cause_id == part.cause)),
            Kind::Entry | Kind::Exit | Kind::Late | Kind::EarlyLeave => self.still_passed(message, part),
            Kind::Broadcast => match self.broadcast(message, part).map(|known| known.stage) {
                Some(broadcast::Stage::Started(_) | broadcast::Stage::Completed(_)) => Verdict::Send,
                Some(broadcast::Stage::Cancelled) => Verdict::Suppress(Cancelled),
                Some(broadcast::Stage::Drafted | broadcast::Stage::Approved(_)) | None => Verdict::Suppress(NotTrue),
            },
        };
        let steps = [still, self.told_otherwise(message, part)];
        if let Some(not_now) = steps.into_iter().find(|step| *step != Verdict::Send) {
            return not_now;
        }
        let student = self.students.get(StreamId::of(message.school, part.student).as_str());
        let why_not = may_be_told(student, message, part).or_else(|| self.is_reached(message, part));
        why_not.map_or(Verdict::Send, Verdict::Suppress)
    }

    fn broadcast(&self, message: &Message, part: &Part) -> Option<&broadcast::Known> {
        self.broadcasts.get(StreamId::of(message.school, part.about.broadcast?).as_str())?.known()
    }

    fn case(&self, message: &Message, case: CaseId) -> no_show::State {
        self.cases.get(case.stream(message.school).as_str()).copied().unwrap_or_default()
    }

    /// What was asked for of a pupil's day.
    fn of_day(&self, part: &Part) -> impl Iterator<Item = &Row> + Clone {
        let of = (part.about.date, part.student);
        self.asked.iter().filter(move |row| (row.about.date, row.notice.student_id) == of)
    }

    fn alarms(&self, part: &Part) -> impl Iterator<Item = &Row> + Clone {
        self.of_day(part).filter(|row| row.notice.kind == Kind::NoEntry)
    }

    /// What passed at the gate is told while it counts: no correction took it out, nobody took it back, an entry is late
    /// as the day's first, and whoever left before the end is not back.
    fn still_passed(&self, message: &Message, part: &Part) -> Verdict {
        let Some(day) = self.day(message, part) else { return Verdict::Suppress(Suppression::NotTrue) };
        let (way, at) = match message.says {
            Says::Entered | Says::CameLate => (Direction::Entry, part.about_at),
            _ => (Direction::Exit, part.about_at),
        };
        let holds = match message.says {
            Says::CameLate => day.first_entry() == Some(at),
            Says::LeftBeforeEnd | Says::Collected => !day.passed_after(Direction::Entry, at),
            _ => true,
        };
        if holds && day.passed(way, at) { Verdict::Send } else { Verdict::Suppress(Suppression::NotTrue) }
    }

    /// Whether this guardian may have been told the same already: by another way, by an earlier passage after which the
    /// pupil did not turn round, or by the correction of an alarm.
    fn told_otherwise(&self, message: &Message, part: &Part) -> Verdict {
        let mine = self.of_day(part).filter(|row| row.notice.guardian_id == message.guardian);
        if matches!(message.kind, Kind::Entry | Kind::Late) {
            let verdict = self.told_by_correction(message, part, mine.clone());
            if verdict != Verdict::Send {
                return verdict;
            }
        }
        let day = self.day(message, part);
        let turned = |row: &Row, back| day.is_some_and(|day| day.passed_between(back, row.about_at, part.about_at));
        let had = |by| {
            let mut alarms = mine.clone().filter(|row| row.notice.kind == Kind::NoEntry && row.case() == part.case());
            alarms.any(|alarm| alarm.notice.channel == by && alarm.may_have_arrived())
        };
        let says_the_same = |row: &&Row| match (message.kind, row.notice.kind) {
            // It goes by each way that the alarm came; by another one in place of those.
            (Kind::Correction, Kind::Correction) => row.notice.cause_id == part.cause && !had(message.channel),
            (Kind::Entry | Kind::Late, Kind::Entry | Kind::Late) => !turned(row, Direction::Exit),
            // That the pupil went is told; that it was before the end, or with an adult, is news.
            (Kind::Exit, Kind::Exit | Kind::EarlyLeave) | (Kind::EarlyLeave, Kind::EarlyLeave) => {
                !turned(row, Direction::Entry)
            }
            _ => false,
        };
        told(part, mine.clone().filter(|row| row.delivery != part.delivery).filter(says_the_same))
    }

    fn day(&self, message: &Message, part: &Part) -> Option<&attendance_day::State> {
        self.days.get(StreamId::of_day(part.about.date, message.school, part.student).as_str())
    }

    /// Whoever may have had an alarm is told of the coming by what ends it.
    fn told_by_correction<'a>(
        &self,
        message: &Message,
        part: &Part,
        mine: impl Iterator<Item = &'a Row> + Clone,
    ) -> Verdict {
        let mut alarms = mine.clone().filter(|row| row.notice.kind == Kind::NoEntry);
        if alarms.clone().any(Row::is_under_way) {
            return Verdict::Wait;
        }
        let is_open = |alarm: &Row| {
            alarm.case().is_some_and(|case| matches!(self.case(message, case), no_show::State::Open { .. }))
        };
        let is_said = || {
            let mut mine = mine.clone();
            mine.any(|row| row.notice.kind == Kind::Correction && row.about_at == part.about_at)
        };
        match alarms.any(|alarm| alarm.may_have_arrived() && (is_open(alarm) || is_said())) {
            true => Verdict::Suppress(Suppression::Told),
            false => Verdict::Send,
        }
    }

    /// Why the guardian is not to be written to by this channel.
    fn is_reached(&self, message: &Message, part: &Part) -> Option<Suppression> {
        if self.guardian.notices().is_none() {
            return Some(Suppression::NoGuardian);
        }
        if self.guardian.address(message.channel).is_none() {
            return Some(Suppression::NoAddress);
        }
        let ways = self.guardian.ways(part.student, message.kind);
        (!ways.contains(&message.channel)).then_some(Suppression::NotWanted)
    }

    async fn outgoing(&self, write: &Write, message: &Message) -> Result<Outgoing, StoreError> {
        let gone = || StoreError::Library("a guardian or pupil went while it was looked at".into());
        let notices = self.guardian.notices().ok_or_else(gone)?;
        let mut pupils = Vec::with_capacity(message.parts.len());
        for part in &message.parts {
            let student = self.students.get(StreamId::of(message.school, part.student).as_str());
            let pupil = student.and_then(student::State::pupil).ok_or_else(gone)?;
            pupils.push((part.student, pupil.given_names.clone()));
        }
        let school = StreamId::of(message.school, message.school);
        let school::State::Registered { name, settings, .. } = write.state::<School>(&school).await? else {
            return Err(StoreError::UnknownSchool(message.school));
        };
        Ok(Outgoing {
            address: self.guardian.address(message.channel).cloned().ok_or_else(gone)?,
            pupils,
            language: notices.language(),
            zone: settings.zone,
            school_name: name,
            broadcast: message
                .parts
                .first()
                .and_then(|part| Some((part.about.broadcast?, self.broadcast(message, part)?.draft.clone()))),
        })
    }
}

/// An alarm is to go out while the case is open, nobody looks after it and nobody was told: what waited on a channel that
/// was paused may have been overtaken by the other one.
fn still_missing<'a>(case: no_show::State, mut alarms: impl Iterator<Item = &'a Row>) -> Verdict {
    match case {
        no_show::State::Open { stage: Stage::Notified { .. }, .. } => match alarms.any(|row| row.tried().is_told()) {
            true => Verdict::Suppress(Suppression::Told),
            false => Verdict::Send,
        },
        no_show::State::Open { stage: Stage::Acknowledged, .. } => Verdict::Suppress(Suppression::Acknowledged),
        no_show::State::Open { stage: Stage::Opened | Stage::Held(_), .. }
        | no_show::State::NotOpened
        | no_show::State::Closed
        | no_show::State::Justified => Verdict::Suppress(Suppression::NotTrue),
    }
}

/// A correction is true while the case is over, for whoever may have had the alarm.
fn still_wrong<'a>(case: no_show::State, mut alarms: impl Iterator<Item = &'a Row> + Clone) -> Verdict {
    match case {
        no_show::State::NotOpened | no_show::State::Open { .. } => return Verdict::Suppress(Suppression::NotTrue),
        no_show::State::Closed | no_show::State::Justified => {}
    }
    if alarms.clone().any(Row::is_under_way) {
        return Verdict::Wait;
    }
    if alarms.any(Row::may_have_arrived) { Verdict::Send } else { Verdict::Suppress(Suppression::NotTrue) }
}

/// Whether one of these that say the same may have arrived. Of two that are being sent the later one waits.
fn told<'a>(part: &Part, mut others: impl Iterator<Item = &'a Row> + Clone) -> Verdict {
    let first = |row: &Row| (row.about_at, row.delivery.0) < (part.about_at, part.delivery.0);
    if others.clone().any(|row| row.is_under_way() && first(row)) {
        return Verdict::Wait;
    }
    match others.any(|row| row.may_have_arrived() && !row.is_under_way()) {
        true => Verdict::Suppress(Suppression::Told),
        false => Verdict::Send,
    }
}

/// Why the guardian may not be told of the pupil.
fn may_be_told(student: Option<&student::State>, message: &Message, part: &Part) -> Option<Suppression> {
    let pupil = match student {
        None | Some(student::State::NotEnrolled | student::State::Erased) => return Some(Suppression::NoPupil),
        Some(student::State::Withdrawn { from, .. }) if *from <= part.about.date => return Some(Suppression::NoPupil),
        Some(student::State::Enrolled(pupil) | student::State::Withdrawn { pupil, .. }) => pupil,
    };
    let rights = pupil.guardians.get(&message.guardian).copied().flatten();
    let may = rights.is_some_and(|rights| rights.notify && !rights.restricted);
    (!may).then_some(Suppression::NoRight)
}

/// Streams of cases, days, broadcasts, pupils, guardians, courses and schools, folded.
#[derive(Default)]
pub(super) struct Read {
    pub(super) cases: HashMap<String, no_show::State>,
    pub(super) days: HashMap<String, attendance_day::State>,
    pub(super) broadcasts: HashMap<String, broadcast::State>,
    pub(super) courses: HashMap<String, course::State>,
    pub(super) schools: HashMap<String, school::State>,
    pub(super) students: HashMap<String, student::State>,
    pub(super) guardians: HashMap<String, guardian::State>,
    /// Those that this program cannot read. They are in none of the others, and stop no other.
    pub(super) broken: HashSet<String>,
}

/// Reads them as they are at one moment.
pub(super) async fn read(
    executor: impl PgExecutor<'_>,
    streams: &[(&'static str, StreamId)],
) -> Result<Read, StoreError> {
    let aggregates: Vec<&str> = streams.iter().map(|(aggregate, _)| *aggregate).collect();
    let ids: Vec<&str> = streams.iter().map(|(_, stream)| stream.as_str()).collect();
    let rows = sqlx::query!(
        r#"select e.aggregate_type, e.aggregate_id, e.event_type, e.event_version, e.payload::text as "payload!"
           from (select distinct u.a, u.s from unnest($1::text[], $2::text[]) u (a, s)) t
           join events e on e.aggregate_type = t.a and e.aggregate_id = t.s
           order by e.aggregate_type, e.aggregate_id, e.sequence"#,
        &aggregates as &[&str],
        &ids as &[&str],
    );
    let mut read = Read::default();
    for row in rows.fetch_all(executor).await? {
        let stored = (row.event_type.as_str(), row.event_version.as_str(), row.payload.as_str());
        let stream = row.aggregate_id.as_str();
        let folded = match row.aggregate_type.as_str() {
            "no_show_case" => fold::<NoShowCase>(&mut read.cases, stream, stored),
            "attendance_day" => fold::<AttendanceDay>(&mut read.days, stream, stored),
            "broadcast" => fold::<Broadcast>(&mut read.broadcasts, stream, stored),
            "course" => fold::<Course>(&mut read.courses, stream, stored),
            "school" => fold::<School>(&mut read.schools, stream, stored),
            "student" => fold::<Student>(&mut read.students, stream, stored),
            _ => fold::<Guardian>(&mut read.guardians, stream, stored),
        };
        if let Err(error) = folded
            && read.broken.insert(stream.to_owned())
        {
            tracing::error!(%error, stream, "a stream cannot be read: whom it is about is told of nothing");
            metrics::counter!("deliveries_broken_total").increment(1);
        }
    }
    for stream in &read.broken {
        read.cases.remove(stream);
        read.days.remove(stream);
        read.broadcasts.remove(stream);
        read.courses.remove(stream);
        read.schools.remove(stream);
        read.students.remove(stream);
        read.guardians.remove(stream);
    }
    Ok(read)
}

/// Guardians of a school as the log says now, by their streams. Who cannot be read is in none.
pub(crate) async fn guardians(
    write: &Write,
    school: SchoolId,
    ids: &[GuardianId],
) -> Result<HashMap<String, guardian::State>, StoreError> {
    let streams: Vec<_> = ids.iter().map(|id| (guardian::Event::AGGREGATE, StreamId::of(school, *id))).collect();
    Ok(in_time(read(write.pool(), &streams)).await?.guardians)
}

/// Broadcasts of a school, likewise.
pub(crate) async fn broadcasts(
    write: &Write,
    school: SchoolId,
    ids: &[BroadcastId],
) -> Result<HashMap<String, broadcast::State>, StoreError> {
    let streams: Vec<_> = ids.iter().map(|id| (broadcast::Event::AGGREGATE, StreamId::of(school, *id))).collect();
    Ok(in_time(read(write.pool(), &streams)).await?.broadcasts)
}

fn fold<A: Aggregate>(
    states: &mut HashMap<String, A::State>,
    stream: &str,
    (name, version, payload): (&str, &str, &str),
) -> Result<(), DecodeError> {
    let event = decode_as::<A::Event>(name, version, payload)?;
    let state = states.entry(stream.to_owned()).or_default();
    *state = A::evolve(std::mem::take(state), &event);
    Ok(())
}
