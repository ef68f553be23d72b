//! The board: one pure function from facts to what an inspector sees, used by pages, API and tests.
//!
//! What the counts mean, and what always holds (see [`Counts::holds`]):
//! - `pupils = expected + not_expected`: everybody on the board;
//! - `expected = present + late + pending + missing + unknown + justified + left`: each expected pupil has
//!   exactly one status;
//! - `inside = present + late + not_expected_inside`: whoever entered and did not leave;
//! - the totals are the sum of the courses, pupils without a course that day counted in `elsewhere`.

use super::expected::Expected;
use super::facts::{BoardFacts, Pupil, ScanFact};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{Direction, Flag, ManualReason};
use domain::calendar::SchoolCalendar;
use domain::completeness::{self, GateFacts};
use domain::day_status::{Completeness, DayFacts, DayStatus, Policy, Status, closed_at, day_status, word_needed};
use domain::expectation::{Expectation, Why};
use domain::kiosk::LaneMode;
use domain::{CourseId, Epoch, KioskId, ScanId, SchoolId, Sealed, StudentId};
use serde::Deserialize;
use std::collections::HashMap;

/// What an inspector sees of one school on one day at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school's public name.
    pub school_name: String,
    /// The school's zone, for every time on the page.
    pub zone: chrono_tz::Tz,
    /// The school day.
    pub date: NaiveDate,
    /// The moment that lateness was judged at.
    pub now: DateTime<Utc>,
    /// How far the log is in here.
    pub as_of: AsOf,
    /// The day's first expected entry; none if nobody is expected.
    pub first_entry: Option<DateTime<Utc>>,
    /// Why nobody is expected, if it is the same rule for everybody.
    pub nobody: Option<Why>,
    /// What the date is, if it was set for the whole school: the holiday's name, what the school set.
    pub calendar: SchoolCalendar,
    /// All pupils.
    pub totals: Counts,
    /// By course, lowest grade first.
    pub courses: Vec<CourseLine>,
    /// Pupils on the board without a course that day (withdrawn, or not in the roster yet).
    pub elsewhere: Counts,
    /// Newest first, echoes left out.
    pub last_scans: Vec<LastScan>,
    /// By name of the gate.
    pub gates: Vec<GateLine>,
    /// Scans of any day that wait for a person.
    pub quarantined: i64,
}

/// How far the log is in an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AsOf {
    /// The log's life that the positions belong to.
    pub epoch: Epoch,
    /// Last event in the live model.
    pub position: i64,
    /// When the log learned that event; none in an empty log.
    pub recorded_at: Option<DateTime<Utc>>,
    /// Last event in the roster.
    pub roster_position: i64,
    /// The log has begun another epoch (it was restored), and live or roster still hold rows of the one
    /// before: what is shown may never have happened as far as the log knows. True for a moment after
    /// every restore; it stays true while an event of the new epoch cannot be applied.
    pub stale_epoch: bool,
}

/// How many pupils are how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everybody counted here.
    pub pupils: u32,
    /// Expected at some time of the day.
    pub expected: u32,
    /// Entered and did not leave, expected or not.
    pub inside: u32,
    /// Expected, entered in time, still inside.
    pub present: u32,
    /// Expected, entered late, still inside.
    pub late: u32,
    /// Expected, and past the limit without an entry on record: for now, or for good once the day is closed.
    pub missing: u32,
    /// Expected, and not due yet, or so recently that the gates' word is still awaited.
    pub pending: u32,
    /// Expected, entered, and went out again, or went early with an adult.
    pub left: u32,
    /// Expected, without an entry, and the staff accepted why.
    pub justified: u32,
    /// Expected without an entry, but a gate is silent or behind: they are not `missing`.
    pub unknown: u32,
    /// Not expected that day.
    pub not_expected: u32,
    /// Those of them who are inside.
    pub not_expected_inside: u32,
}

impl Counts {
    fn add(&mut self, status: &DayStatus) {
        self.pupils += 1;
        self.inside += u32::from(status.inside);
        let of_status = match status.status {
            Status::NotExpected => {
                self.not_expected += 1;
                self.not_expected_inside += u32::from(status.inside);
                return;
            }
            Status::Pending => &mut self.pending,
            Status::Present => &mut self.present,
            Status::Late { .. } => &mut self.late,
            Status::Missing | Status::Absent => &mut self.missing,
            Status::Unknown => &mut self.unknown,
            Status::Left | Status::EarlyLeave => &mut self.left,
            Status::Justified => &mut self.justified,
        };
        *of_status += 1;
        self.expected += 1;
    }

    /// Whether the identities of the head comment hold.
    pub fn holds(&self) -> bool {
        self.pupils == self.expected + self.not_expected
            && self.expected
                == self.present + self.late + self.pending + self.missing + self.unknown + self.justified + self.left
            && self.inside == self.present + self.late + self.not_expected_inside
    }
}

/// A course's line on the board.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseLine {
    /// The course.
    pub course_id: CourseId,
    /// As the school writes it: `1° Básico A`.
    pub name: String,
    /// Grade and level: `basica-1`.
    pub level: String,
    /// Section letter, may be empty.
    pub letter: String,
    /// Why it expects nobody, if it expects nobody.
    pub nobody: Option<Why>,
    /// Its pupils.
    pub counts: Counts,
}

/// A pupil's name as the roster keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SealedName {
    /// Given names (field `given_names`).
    pub given: Sealed,
    /// Family names (field `family_names`).
    pub family: Sealed,
}

/// A line of the stream of scans.
#[derive(Debug, Clone, PartialEq)]
pub struct LastScan {
    /// Position of the event that recorded it.
    pub position: i64,
    /// Minted by the kiosk.
    pub scan_id: ScanId,
    /// The pupil.
    pub student_id: StudentId,
    /// None once erased, or while the roster does not know the pupil yet.
    pub name: Option<SealedName>,
    /// The pupil was erased.
    pub erased: bool,
    /// Name of the pupil's course that day.
    pub course_name: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// When, corrected.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// The kiosk; none by hand.
    pub kiosk_id: Option<KioskId>,
    /// Why a person recorded it, if it is by hand.
    pub by_hand: Option<ManualReason>,
    /// Doubts, sorted.
    pub flags: Vec<Flag>,
    /// How the pupil's day stands now.
    pub status: Status,
    /// Minutes after the expected entry, if this scan is the entry that made the pupil late.
    pub late_minutes: Option<u32>,
}

/// A kiosk's line on the board.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GateLine {
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Name of the gate.
    pub gate: String,
    /// How it learns the direction.
    pub mode: LaneMode,
    /// When it was last heard, by its own last call (operational, not from the log).
    pub last_seen: Option<DateTime<Utc>>,
    /// Scans still waiting on the device, as it said then.
    pub queue_depth: Option<i32>,
    /// Device wall clock minus server clock then, milliseconds.
    pub skew_ms: Option<i64>,
    /// No scan taken before this instant is still waiting on the device.
    pub drained_through: Option<DateTime<Utc>>,
    /// Latest corrected time of a scan that could be placed.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// An event of the log says that it fell silent and has not returned; when it was last heard before that.
    pub silent_since: Option<DateTime<Utc>>,
    /// No longer trusted.
    pub revoked: bool,
    /// Gaps found in its queues.
    pub gaps: i32,
    /// Numbers used twice.
    pub forks: i32,
}

impl From<&GateLine> for GateFacts {
    fn from(gate: &GateLine) -> Self {
        Self {
            mode: gate.mode,
            revoked: gate.revoked,
            drained_through: gate.drained_through,
            silent_since: gate.silent_since,
            last_scan_at: gate.last_scan_at,
        }
    }
}

/// Judges pupils, computing what a course expects, and whether a deadline's entries are all there, once.
pub(crate) struct Judge<'a> {
    facts: &'a BoardFacts,
    now: DateTime<Utc>,
    /// When the gates' words are weighed: a replay knows more of an instant than that instant did.
    known: DateTime<Utc>,
    expected: Expected<'a>,
    gates: Vec<GateFacts>,
    /// By the deadline, and whether the day is closed.
    complete: HashMap<(DateTime<Utc>, bool), Completeness>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(facts: &'a BoardFacts, now: DateTime<Utc>) -> Self {
        Self::knowing(facts, now, now)
    }

    /// About an instant, with the gates' words as they are worth at a later one.
    pub(crate) fn knowing(facts: &'a BoardFacts, now: DateTime<Utc>, known: DateTime<Utc>) -> Self {
        Self {
            facts,
            now,
            known,
            expected: Expected::new(&facts.school, &facts.courses, facts.date),
            gates: facts.gates.iter().map(GateFacts::from).collect(),
            complete: HashMap::new(),
        }
    }

    /// What the day expects of the pupil, and how it stands.
    pub(crate) fn judge(&mut self, pupil: &Pupil) -> (Expectation, DayStatus) {
        let expected = self.expected.of(pupil);
        let policy = Policy::from(&self.facts.school.settings);
        // Of a day that expects nobody nothing is concluded.
        let deadline = word_needed(&expected, &policy, self.now);
        let completeness = deadline.map_or(Completeness::Complete, |deadline| {
            let key = (deadline, closed_at(&expected, self.now).is_some());
            let word = || completeness::of_day(&self.gates, &expected, &policy, self.now, self.known);
            *self.complete.entry(key).or_insert_with(word)
        });
        let day = pupil.day.as_ref().map_or(DayFacts::none(completeness), |day| day.facts(completeness));
        let status = day_status(&day, &expected, &policy, self.now);
        (expected, status)
    }

    /// Why a course expects none of its pupils judged so far, if it expects none.
    fn nobody(&self, course: CourseId) -> Option<Why> {
        self.expected.nobody(course)
    }
}

/// The board of the facts, judged at `now`.
pub fn board(facts: &BoardFacts, now: DateTime<Utc>) -> Board {
    board_knowing(facts, now, now)
}

/// The same, with the gates' words as they are worth at a later instant.
pub(crate) fn board_knowing(facts: &BoardFacts, now: DateTime<Utc>, known: DateTime<Utc>) -> Board {
    let mut judge = Judge::knowing(facts, now, known);
    let mut totals = Counts::default();
    let mut elsewhere = Counts::default();
    let mut by_course: HashMap<CourseId, Counts> = HashMap::new();
    let mut statuses: HashMap<StudentId, DayStatus> = HashMap::with_capacity(facts.pupils.len());
    let mut pupils: HashMap<StudentId, &Pupil> = HashMap::with_capacity(facts.pupils.len());
    let mut first_entry: Option<DateTime<Utc>> = None;
    let mut reasons: Vec<Why> = Vec::new();
    for pupil in &facts.pupils {
        let (expected, status) = judge.judge(pupil);
        match expected.slots.first() {
            Some(slot) => first_entry = Some(first_entry.map_or(slot.entry, |first| first.min(slot.entry))),
            None if !reasons.contains(&expected.why) => reasons.push(expected.why),
            None => {}
        }
        totals.add(&status);
        match pupil.course_id {
            Some(course) => by_course.entry(course).or_default().add(&status),
            None => elsewhere.add(&status),
        }
        statuses.insert(pupil.student_id, status);
        pupils.insert(pupil.student_id, pupil);
    }
    let mut courses: Vec<CourseLine> = facts
        .courses
        .iter()
        .map(|c| CourseLine {
            course_id: c.course_id,
            name: c.name.clone(),
            level: c.level.clone(),
            letter: c.letter.clone(),
            nobody: judge.nobody(c.course_id),
            counts: by_course.remove(&c.course_id).unwrap_or_default(),
        })
        // A closed course without pupils, or one of another year, says nothing.
        .filter(|line| line.counts.pupils > 0)
        .collect();
    courses.sort_by_cached_key(|c| (grade(&c.level), c.letter.clone(), c.name.clone()));
    // A course that the roster does not know yet: its pupils are counted, just not on a line.
    for counts in by_course.into_values() {
        elsewhere = elsewhere.plus(counts);
    }
    Board {
        school_id: facts.school.school_id,
        school_name: facts.school.name.clone(),
        zone: facts.school.settings.zone,
        date: facts.date,
        now,
        as_of: facts.as_of,
        first_entry,
        nobody: match (first_entry, reasons.as_slice()) {
            (None, [why]) => Some(*why),
            _ => None,
        },
        calendar: facts.school.calendar.clone(),
        totals,
        courses,
        elsewhere,
        last_scans: facts
            .last_scans
            .iter()
            .map(|scan| last_scan(scan, facts, pupils.get(&scan.student_id).copied(), statuses.get(&scan.student_id)))
            .collect(),
        gates: facts.gates.clone(),
        quarantined: facts.quarantined,
    }
}

fn last_scan(scan: &ScanFact, facts: &BoardFacts, pupil: Option<&Pupil>, status: Option<&DayStatus>) -> LastScan {
    let course = pupil.and_then(|p| p.course_id).and_then(|id| facts.courses.iter().find(|c| c.course_id == id));
    let minutes_late = status.and_then(DayStatus::minutes_late);
    let made_late = scan.direction == Direction::Entry
        && pupil.and_then(|p| p.day.as_ref()).and_then(|d| d.first_entry_at) == Some(scan.occurred_at);
    LastScan {
        position: scan.position,
        scan_id: scan.scan_id,
        student_id: scan.student_id,
        name: scan.name.clone(),
        erased: scan.erased,
        course_name: course.map(|c| c.name.clone()),
        direction: scan.direction,
        occurred_at: scan.occurred_at,
        recorded_at: scan.recorded_at,
        kiosk_id: scan.kiosk_id,
        by_hand: scan.by_hand,
        flags: scan.flags.clone(),
        status: status.map_or(Status::NotExpected, |s| s.status),
        late_minutes: minutes_late.filter(|_| made_late),
    }
}

/// Sorts grades as a school lists them: kindergarten, basic, middle, then whatever else.
/// `basica-1` → (1, 1).
pub fn grade(level: &str) -> (u8, u32, String) {
    let (stage, number) = level.rsplit_once('-').unwrap_or((level, ""));
    let rank = match stage {
        "nt" => 0,
        "basica" => 1,
        "media" => 2,
        _ => 3,
    };
    (rank, number.parse().unwrap_or(u32::MAX), if rank == 3 { level.to_owned() } else { String::new() })
}

impl Counts {
    /// Both together.
    pub fn plus(self, o: Self) -> Self {
        Self {
            pupils: self.pupils + o.pupils,
            expected: self.expected + o.expected,
            inside: self.inside + o.inside,
            present: self.present + o.present,
            late: self.late + o.late,
            missing: self.missing + o.missing,
            pending: self.pending + o.pending,
            left: self.left + o.left,
            justified: self.justified + o.justified,
            unknown: self.unknown + o.unknown,
            not_expected: self.not_expected + o.not_expected,
            not_expected_inside: self.not_expected_inside + o.not_expected_inside,
        }
    }
}

#[cfg(test)]
mod tests;
