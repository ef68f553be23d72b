//! What passed at the gate, for whoever wants to be told: an entry, an exit, a late entry, a leave before the end.
//!
//! A passage of which there is a doubt (whose card, which way, when) tells nobody, and neither does one that is news no
//! more. One passage is one notice to one guardian: the exception, where it is one and is wanted, else the passage. What
//! was told otherwise (an alarm's correction, a second tap the same way, a leave whose exit was told) is found so just
//! before it is sent.
//!
//! For each passage that is news the streams of its pupil, guardians, course and school are read, a page at once.

use super::channels::{is_open, standing};
use super::climb::told;
use super::judge::{Read, read};
use super::rows::{About, Wanted};
use crate::error::StoreError;
use crate::write::Write;
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{self, Direction, Event, Flag};
use domain::day_status::{Completeness, DayFacts, Policy, day_status};
use domain::delivery::{Channel, Kind, Notice, Says};
use domain::expectation::{CourseCalendar, Expectation, PupilCalendar, expectation};
use domain::student::Pupil;
use domain::{EventId, SchoolId, StreamId, StudentId, course, decode_as, school, student};

/// The notices that follow from a part of the log.
#[derive(Default)]
pub(super) struct Passed {
    /// Up to where it was read.
    pub(super) read_to: i64,
    /// Each with the place of what it follows from.
    pub(super) wanted: Vec<(i64, Wanted)>,
}

impl Passed {
    /// Of which schools.
    pub(super) fn schools(&self) -> impl Iterator<Item = SchoolId> {
        self.wanted.iter().map(|(_, one)| one.school)
    }
}

/// Somebody who passed.
struct Passage {
    position: i64,
    cause_id: EventId,
    school: SchoolId,
    student: StudentId,
    date: NaiveDate,
    direction: Direction,
    at: DateTime<Utc>,
    /// Handed over to an adult who may collect.
    collected: bool,
}

/// What follows from the next `page` events of the log.
pub(super) async fn wanted(write: &Write, on: &[Channel], page: i64) -> Result<Passed, StoreError> {
    let (read_to, passages) = passages(write, page).await?;
    if passages.is_empty() {
        return Ok(Passed { read_to, wanted: Vec::new() });
    }
    let standing = standing(write).await?;
    let is_open = |channel, says| is_open(&standing, channel, says);
    let facts = Facts::read(write, &passages).await?;
    let now = write.clock().now();
    let follows = |one| facts.follows(one, (on, &is_open), now);
    let wanted = passages.iter().flat_map(|one| follows(one).into_iter().map(|wanted| (one.position, wanted)));
    Ok(Passed { read_to, wanted: wanted.collect() })
}

/// Who passed, in the next part of the log, of what is news still and beyond doubt.
async fn passages(write: &Write, page: i64) -> Result<(i64, Vec<Passage>), StoreError> {
    let end = sqlx::query_scalar!(
        r#"select least((select coalesce(max(position), 0) from events), p.position + $1) as "end!"
           from delivery_position p"#,
        page,
    );
    let Some(end) = end.fetch_optional(write.pool()).await? else { return Ok((0, Vec::new())) };
    let now = write.clock().now();
    let rows = sqlx::query!(
        r#"select e.position, e.event_id, e.school_id, e.aggregate_id, e.event_type, e.event_version, e.local_date,
             e.payload::text as "payload!", f.event_type as "flagged?", f.event_version as "flagged_version?",
             f.payload::text as "flags?"
           from delivery_position p
           join events e on e.position > p.position and e.position <= $1
           left join events f on f.aggregate_type = e.aggregate_type and f.aggregate_id = e.aggregate_id
             and f.sequence = e.sequence + 1 and f.event_type = 'scan_flagged' and e.event_type = 'scan_recorded'
           where e.aggregate_type = 'attendance_day' and e.occurred_at > $2
             and e.event_type in ('scan_recorded', 'manual_entry_recorded', 'early_leave_recorded')
           order by e.position"#,
        end,
        now - Kind::EarlyLeave.is_news_for(),
    );
    let mut passages = Vec::new();
    for row in rows.fetch_all(write.pool()).await? {
        let Some(student) = StreamId::from_stored(row.aggregate_id).own_id() else { continue };
        // What cannot be read is known by whoever reads the log for the board, and told by nobody.
        let Ok(event) = decode_as(&row.event_type, &row.event_version, &row.payload) else { continue };
        let flags = match (row.flagged, row.flagged_version, row.flags) {
            (Some(name), Some(version), Some(payload)) => decode_as::<Event>(&name, &version, &payload).ok(),
            _ => None,
        };
        let Some((direction, at, collected)) = beyond_doubt(&event, flags.as_ref()) else { continue };
        passages.push(Passage {
            position: row.position,
            cause_id: EventId(row.event_id),
            school: SchoolId(row.school_id),
            student: StudentId(student),
            date: row.local_date,
            direction,
            at,
            collected,
        });
    }
    Ok((end, passages))
}

/// Which way and when somebody passed, and whether with an adult, if that is to be told.
fn beyond_doubt(event: &Event, flags: Option<&Event>) -> Option<(Direction, DateTime<Utc>, bool)> {
    let doubted = match flags {
        Some(Event::ScanFlagged { flags, .. }) => flags.iter().any(|flag| match flag {
            Flag::Echo
            | Flag::LowConfidenceTime
            | Flag::ClockAhead
            | Flag::RevokedCredential
            | Flag::WithdrawnPupil
            | Flag::LaneMismatch => true,
            Flag::RepeatedEntry | Flag::ExitWithoutEntry | Flag::LateSync => false,
        }),
        _ => false,
    };
    match event {
        Event::ScanRecorded { scan } if !doubted => Some((scan.direction, scan.occurred_at, false)),
        Event::ManualEntryRecorded { entry, repeats: false } => Some((entry.direction, entry.occurred_at, false)),
        // Whether the exit was told as this leave is asked just before it is sent.
        Event::EarlyLeaveRecorded { occurred_at, .. } => Some((Direction::Exit, *occurred_at, true)),
        _ => None,
    }
}

/// What the log and the rows say.
struct Facts {
    log: Read,
}

impl Facts {
    async fn read(write: &Write, passages: &[Passage]) -> Result<Self, StoreError> {
        let mut streams = Vec::new();
        for one in passages {
            streams.push(("student", StreamId::of(one.school, one.student)));
            streams.push(("attendance_day", StreamId::of_day(one.date, one.school, one.student)));
            streams.push(("school", StreamId::of(one.school, one.school)));
        }
        let mut log = read(write.pool(), &streams).await?;
        let mut streams = Vec::new();
        for one in passages {
            let Some(pupil) = log.students.get(StreamId::of(one.school, one.student).as_str()) else { continue };
            streams.extend(told(pupil).into_iter().map(|id| ("guardian", StreamId::of(one.school, id))));
            let course = pupil.pupil().map(|pupil| StreamId::of(one.school, pupil.course_id));
            streams.extend(course.map(|course| ("course", course)));
        }
        let second = read(write.pool(), &streams).await?;
        (log.guardians, log.courses) = (second.guardians, second.courses);
        Ok(Self { log })
    }

    /// The notices that follow from a passage, by the channels that are switched `on`.
    fn follows(
        &self,
        one: &Passage,
        (on, is_open): (&[Channel], &impl Fn(Channel, Says) -> bool),
        now: DateTime<Utc>,
    ) -> Vec<Wanted> {
        let student = self.log.students.get(StreamId::of(one.school, one.student).as_str());
        let kinds = self.kinds(one, student.and_then(student::State::pupil));
        let told = student.map(told).unwrap_or_default();
        let wanted = told.into_iter().filter_map(|guardian_id| {
            let guardian = self.log.guardians.get(StreamId::of(one.school, guardian_id).as_str())?;
            let by = |(kind, says): &(Kind, Says)| {
                let ways = guardian.ways(one.student, *kind).into_iter().filter(|by| on.contains(by));
                ways.map(|channel| (*kind, *says, channel)).collect::<Vec<_>>()
            };
            let ways: Vec<_> = kinds.iter().flat_map(by).collect();
            // Where all are closed it waits for the first, as long as it is news.
            let open = ways.iter().find(|(_, says, channel)| is_open(*channel, *says));
            let (kind, says, channel) = *open.or(ways.first())?;
            let expires_at = one.at + kind.is_news_for();
            let (cause_id, student_id) = (one.cause_id, one.student);
            let notice = Notice { cause_id, kind, says, channel, guardian_id, student_id, expires_at };
            let about = About { date: one.date, slot: None, broadcast: None };
            (expires_at > now).then_some(Wanted { school: one.school, notice, about, about_at: one.at })
        });
        wanted.collect()
    }

    /// As what a passage may be told, the exception first.
    fn kinds(&self, one: &Passage, pupil: Option<&Pupil>) -> Vec<(Kind, Says)> {
        let (entered, went_out) = ((Kind::Entry, Says::Entered), (Kind::Exit, Says::WentOut));
        let collected = (Kind::EarlyLeave, Says::Collected);
        let day = self.day(one);
        if one.collected {
            // That the pupil went out was told by the passage itself.
            return vec![collected];
        }
        match one.direction {
            Direction::Entry if self.is_late(one, pupil) => vec![(Kind::Late, Says::CameLate), entered],
            Direction::Entry => vec![entered],
            Direction::Exit if day.is_some_and(|day| day.is_collected(one.at)) => vec![collected, went_out],
            Direction::Exit if self.is_early(one, pupil) => vec![(Kind::EarlyLeave, Says::LeftBeforeEnd), went_out],
            Direction::Exit => vec![went_out],
        }
    }

    fn day(&self, one: &Passage) -> Option<&attendance_day::State> {
        self.log.days.get(StreamId::of_day(one.date, one.school, one.student).as_str())
    }

    fn first_entry(&self, one: &Passage) -> Option<DateTime<Utc>> {
        self.day(one)?.first_entry()
    }

    /// Late by the same judgement as on the board: the first entry of the day.
    fn is_late(&self, one: &Passage, pupil: Option<&Pupil>) -> bool {
        let is_first = self.first_entry(one) == Some(one.at);
        let Some((expected, policy)) = self.expected(one, pupil).filter(|_| is_first) else { return false };
        let facts = DayFacts {
            first_entry: Some(one.at),
            first_entry_any: Some(one.at),
            last: Some((Direction::Entry, one.at)),
            ..DayFacts::none(Completeness::Complete)
        };
        day_status(&facts, &expected, &policy, one.at).minutes_late().is_some()
    }

    /// Out while the pupil is expected to be inside, by more than what is let pass for an entry. Only of somebody who was
    /// read coming in: a lane that was turned by mistake alarms nobody.
    fn is_early(&self, one: &Passage, pupil: Option<&Pupil>) -> bool {
        let came = self.first_entry(one).is_some_and(|came| came < one.at);
        let Some((expected, policy)) = self.expected(one, pupil).filter(|_| came) else { return false };
        let slack = chrono::TimeDelta::minutes(policy.late_after_minutes.into());
        expected.slots.iter().any(|slot| slot.entry <= one.at && one.at + slack < slot.exit)
    }

    fn expected(&self, one: &Passage, pupil: Option<&Pupil>) -> Option<(Expectation, Policy)> {
        let pupil = pupil?;
        let school = self.log.schools.get(StreamId::of(one.school, one.school).as_str())?;
        let school::State::Registered { settings, calendar, .. } = school else { return None };
        let course = self.log.courses.get(StreamId::of(one.school, pupil.course_id).as_str())?;
        let (facts, closed_from) = match course {
            course::State::NotOpened => return None,
            course::State::Open(facts) => (facts, None),
            course::State::Closed { course, from } => (course, Some(*from)),
        };
        let course = CourseCalendar {
            schedules: facts.schedules.iter().map(|(from, slots)| (*from, slots.clone())).collect(),
            exceptions: facts.exceptions.clone(),
            closed_from,
        };
        let (enrolled_from, withdrawn_from) = (pupil.enrolled_from, None);
        let pupil = PupilCalendar { enrolled_from, withdrawn_from, course: &course, school: calendar };
        Some((expectation(&pupil, one.date, settings.zone), Policy::from(settings)))
    }
}
