//! Reports: how a school's, a course's and a pupil's days were, from one date to another.
//!
//! Each is judged by the day's own schedule and calendar and by `day_status`, as the board judges today, from what is
//! known now: a late sync, an entry by hand or an edit of the calendar shows in the report of a day long past. The days
//! are judged once and summed up by day, by course and by pupil.
//!
//! Identity: the sums over days, over courses and over pupils are the total. It counts the days on which somebody
//! expected the pupil; days off are in none of them.

use super::board::{AsOf, grade};
use super::facts::School;
use super::queries::{self, PupilDayPage};
use super::span::{Judged, Span};
use crate::readers::{SchoolSnapshot, SchoolTx};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{Direction, Flag};
use domain::day_status::{DayStatus, closed_at};
use domain::entry_rate::{Band, CURRICULUM_NACIONAL, Outcome, REPEATED_LATENESS, Tally};
use domain::expectation::Why;
use domain::{CourseId, KioskId, StudentId};
use std::collections::{BTreeMap, HashMap};

/// The most days of one report over a school or a course: a month.
pub const MAX_DAYS: i64 = 31;
/// The most days of one over a pupil: a year.
pub const MAX_PUPIL_DAYS: i64 = 366;

/// Of whom a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of everybody in a course.
    School,
    /// Of those who were in this course, each on the days on which the pupil was.
    Course(CourseId),
    /// Of one.
    Pupil(StudentId),
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The school.
    pub school: School,
    /// First date.
    pub from: NaiveDate,
    /// Last date, as it was asked for: dates that have not begun are in no line.
    pub to: NaiveDate,
    /// The moment that the days were judged at.
    pub now: DateTime<Utc>,
    /// How far the log is in here.
    pub as_of: AsOf,
    /// All of it.
    pub total: Tally,
    /// By date.
    pub days: Vec<DayLine>,
    /// By course, lowest grade first.
    pub courses: Vec<CourseLine>,
    /// By pupil; names are sorted by whoever can open them.
    pub pupils: Vec<PupilLine>,
}

/// A date.
#[derive(Debug, Clone, PartialEq)]
pub struct DayLine {
    /// The date.
    pub date: NaiveDate,
    /// Why nobody is expected, if nobody is and it is one rule for all.
    pub nobody: Option<Why>,
    /// How it was.
    pub tally: Tally,
    /// Nobody of the whole school was read on it, though somebody was expected.
    pub nobody_read: bool,
    /// Pupils of whom a scan arrived long after it was taken.
    pub late_synced: u32,
}

/// A course.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseLine {
    /// The course.
    pub course_id: CourseId,
    /// `1° Básico A`
    pub name: String,
    /// How its pupils' days were.
    pub tally: Tally,
}

/// A pupil.
#[derive(Debug, Clone, PartialEq)]
pub struct PupilLine {
    /// The pupil.
    pub student_id: StudentId,
    /// The course on the last of the dates on which the pupil was in one.
    pub course_id: Option<CourseId>,
    /// How the pupil's days were.
    pub tally: Tally,
}

impl PupilLine {
    /// The band of the pupil's *porcentaje de ingresos*, by the scale that reports use.
    pub fn band(&self) -> Option<Band> {
        CURRICULUM_NACIONAL.band(self.tally.rate())
    }

    /// Whether the pupil is away so often that somebody should ask why.
    pub fn is_chronic(&self) -> bool {
        self.band().is_some_and(|band| band <= Band::Repeated)
    }

    /// Whether the pupil is late so often.
    pub fn is_late_again(&self) -> bool {
        self.tally.late >= REPEATED_LATENESS
    }
}

/// A report of a school's or a course's days, judged at `now`; none if the roster does not know the school, or the
/// school has no such course.
pub async fn report(
    tx: &mut SchoolSnapshot,
    scope: Scope,
    dates: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Option<Report>, sqlx::Error> {
    let Some(span) = Span::load(tx, scope, dates, now).await? else { return Ok(None) };
    let known = match scope {
        Scope::Course(course) => span.courses.iter().any(|line| line.course_id == course),
        Scope::School | Scope::Pupil(_) => true,
    };
    Ok(known.then(|| summed(&span, dates, now)))
}

fn summed(span: &Span, (from, to): (NaiveDate, NaiveDate), now: DateTime<Utc>) -> Report {
    let mut total = Tally::default();
    let mut days: BTreeMap<NaiveDate, (DayLine, Vec<Why>)> = span.dates().map(|date| (date, empty(date))).collect();
    let mut courses: HashMap<CourseId, Tally> = HashMap::new();
    let mut pupils: BTreeMap<StudentId, PupilLine> = BTreeMap::new();
    span.judge(now, |judged| {
        let Some((line, reasons)) = days.get_mut(&judged.date) else { return };
        let pupil = pupils.entry(judged.student_id).or_insert(PupilLine {
            student_id: judged.student_id,
            course_id: None,
            tally: Tally::default(),
        });
        pupil.course_id = judged.course_id.or(pupil.course_id);
        line.late_synced += u32::from(was_synced_late(&judged));
        let Some(outcome) = Outcome::of(&judged.status) else {
            if !reasons.contains(&judged.expected.why) {
                reasons.push(judged.expected.why);
            }
            return;
        };
        let closed = closed_at(judged.expected, now).is_some();
        line.nobody_read = !span.was_seen(judged.date);
        for tally in [&mut total, &mut line.tally, &mut pupil.tally] {
            tally.add(outcome, closed);
        }
        if let Some(course) = judged.course_id {
            courses.entry(course).or_default().add(outcome, closed);
        }
    });
    let days = days.into_values().map(|(line, reasons)| match (line.tally.expected, reasons.as_slice()) {
        (0, [why]) => DayLine { nobody: Some(*why), ..line },
        _ => line,
    });
    let mut named: Vec<_> = span.courses.iter().filter_map(|c| Some((c, courses.remove(&c.course_id)?))).collect();
    named.sort_by_cached_key(|(c, _)| (grade(&c.level), c.letter.clone(), c.name.clone()));
    let courses =
        named.into_iter().map(|(c, tally)| CourseLine { course_id: c.course_id, name: c.name.clone(), tally });
    Report {
        school: span.school.clone(),
        from,
        to,
        now,
        as_of: span.as_of,
        total,
        days: days.collect(),
        courses: courses.collect(),
        pupils: pupils.into_values().collect(),
    }
}

fn empty(date: NaiveDate) -> (DayLine, Vec<Why>) {
    let line = DayLine { date, nobody: None, tally: Tally::default(), nobody_read: false, late_synced: 0 };
    (line, Vec::new())
}

fn was_synced_late(judged: &Judged<'_>) -> bool {
    judged.day.is_some_and(|day| day.flags.contains(&Flag::LateSync))
}

/// A pupil's date.
#[derive(Debug, Clone, PartialEq)]
pub struct PupilDate {
    /// The date.
    pub date: NaiveDate,
    /// How it stands, and why.
    pub status: DayStatus,
    /// The first entry, whether or not its time can be trusted.
    pub first_entry: Option<DateTime<Utc>>,
    /// When the pupil went out, if the last passage is an exit.
    pub left_at: Option<DateTime<Utc>>,
    /// A scan arrived long after it was taken.
    pub late_synced: bool,
}

impl PupilDate {
    fn of(judged: &Judged<'_>) -> Self {
        let day = judged.day;
        Self {
            date: judged.date,
            status: judged.status.clone(),
            first_entry: day.and_then(|day| day.first_entry_any_at),
            left_at: day.filter(|day| day.last_direction == Some(Direction::Exit)).and_then(|day| day.last_at),
            late_synced: was_synced_late(judged),
        }
    }
}

/// One pupil's day as it is told: today's as the board tells it, and one that is over as reports do, which know on which
/// days no gate read anybody: such a day says nothing of a pupil. None: the school has no such pupil.
pub async fn pupil_day(
    tx: &mut SchoolSnapshot,
    student: StudentId,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<PupilDayPage>, sqlx::Error> {
    let Some(mut page) = queries::pupil_day(tx, student, date, now).await? else { return Ok(None) };
    let today = now.with_timezone(&page.school.settings.zone).date_naive();
    if date < today
        && let Some((_, days)) = pupil(tx, student, (date, date), now).await?
        && let Some(day) = days.into_iter().next_back()
    {
        page.pupil.status = day.status;
    }
    Ok(Some(page))
}

/// One pupil's dates, those on which nobody expects the pupil included, with their sum. None: the school has no such
/// pupil by the last of them.
pub async fn pupil(
    tx: &mut SchoolSnapshot,
    student: StudentId,
    dates: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Option<(Report, Vec<PupilDate>)>, sqlx::Error> {
    let Some(span) = Span::load(tx, Scope::Pupil(student), dates, now).await? else { return Ok(None) };
    if !span.knows(student) {
        return Ok(None);
    }
    let mut history = Vec::new();
    span.judge(now, |judged| history.push(PupilDate::of(&judged)));
    Ok(Some((summed(&span, dates, now), history)))
}

/// Everybody's dates, by date and pupil, and the course in which the pupil was; for whoever compares them with
/// something. None if the roster does not know the school.
pub async fn everybody(
    tx: &mut SchoolSnapshot,
    dates: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Option<Everybody>, sqlx::Error> {
    let Some(span) = Span::load(tx, Scope::School, dates, now).await? else { return Ok(None) };
    let mut days = BTreeMap::new();
    span.judge(now, |judged| {
        if let Some(course) = judged.course_id {
            days.insert((judged.date, judged.student_id), (course, PupilDate::of(&judged)));
        }
    });
    let courses = span.courses.iter().map(|course| (course.course_id, course.name.clone())).collect();
    Ok(Some(Everybody { school: span.school, courses, days }))
}

/// A school's pupils on some dates.
#[derive(Debug, Clone, PartialEq)]
pub struct Everybody {
    /// The school.
    pub school: School,
    /// What its courses are called.
    pub courses: HashMap<CourseId, String>,
    /// Each pupil's date, with the course in which the pupil was.
    pub days: BTreeMap<(NaiveDate, StudentId), (CourseId, PupilDate)>,
}

/// What a gate told late.
#[derive(Debug, Clone, PartialEq)]
pub struct LateSync {
    /// The school day of the scans.
    pub date: NaiveDate,
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Name of the gate.
    pub gate: String,
    /// How many scans.
    pub scans: i64,
    /// How long the one that waited longest did, in seconds.
    pub longest_seconds: i64,
}

/// What gates told late of the days from `from` to `to`, by date and gate.
pub async fn late_syncs(tx: &mut SchoolTx, (from, to): (NaiveDate, NaiveDate)) -> Result<Vec<LateSync>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select l.local_date, l.kiosk_id as "kiosk_id!", k.gate, count(*) as "scans!",
                  extract(epoch from max(l.recorded_at - l.occurred_at))::bigint as "longest!"
           from live_scans l join kiosks k on k.kiosk_id = l.kiosk_id and k.school_id = $1
           where l.school_id = $1 and l.local_date between $2 and $3 and 'late_sync' = any(l.flags)
           group by l.local_date, l.kiosk_id, k.gate order by l.local_date, k.gate, l.kiosk_id"#,
        tx.school().0,
        from,
        to
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| LateSync {
            date: r.local_date,
            kiosk_id: KioskId(r.kiosk_id),
            gate: r.gate,
            scans: r.scans,
            longest_seconds: r.longest,
        })
        .collect())
}
