//! What the pages show: plain values, already opened and counted, free of language and markup. The one
//! place that makes them from the read models is [`super::ReadModels`].

use crate::permissions::Permission;
use crate::session::Person;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use domain::account::StaffRole;
use domain::attendance_day::{Direction, Flag, ManualReason};
use domain::calendar::SchoolDay;
use domain::day_status::Step;
use domain::expectation::Why;
use domain::kiosk::LaneMode;
use uuid::Uuid;

/// Whose page it is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Who {
    /// The person's name; none if it is erased or cannot be had.
    pub name: Option<String>,
    /// Whether there are several schools to choose from.
    pub several_schools: bool,
    /// What the person may do in any of them.
    pub may: Vec<Permission>,
}

impl Who {
    /// A person with a name.
    pub fn of(person: &Person, name: Option<String>) -> Self {
        let may = Permission::ALL.into_iter().filter(|permission| person.may_somewhere(*permission));
        Self { name, several_schools: person.schools().len() > 1, may: may.collect() }
    }

    /// Whether the person may do that anywhere.
    pub fn may(&self, permission: Permission) -> bool {
        self.may.contains(&permission)
    }
}

/// An open session in its person's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnSession {
    /// Its id.
    pub id: Uuid,
    /// `Firefox · Linux`; may be empty.
    pub device: String,
    /// `203.0.113.0/24`; may be empty.
    pub network: String,
    /// When it began.
    pub begun: DateTime<Utc>,
    /// Minutes since it was last used.
    pub minutes_ago: i64,
    /// The one that the page is shown in.
    pub this: bool,
}

/// A program that acts for a person, in its person's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnProgram {
    /// The id of its tokens' family.
    pub id: Uuid,
    /// What it calls itself; may be empty.
    pub client: String,
    /// `203.0.113.0/24`; may be empty.
    pub network: String,
    /// Minutes since it last got tokens.
    pub minutes_ago: i64,
    /// Signed out, because a copy of its token was used.
    pub reused: bool,
}

/// One of the person's passkeys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnPasskey {
    /// Its name in forms.
    pub id: Uuid,
    /// What the person calls it.
    pub name: String,
    /// Days since it last opened a session; none: never.
    pub used_days_ago: Option<i64>,
}

/// A school that waits for the person's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnInvitation {
    /// The school.
    pub school: Uuid,
    /// What it is called, if anybody can say.
    pub name: Option<String>,
    /// What the person would be there.
    pub roles: Vec<StaffRole>,
}

/// Somebody whom a school waits for: it knows the address that it typed, and no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Awaited {
    /// The account.
    pub id: Uuid,
    /// The address; none once erased.
    pub email: Option<String>,
    /// What the person would be.
    pub roles: Vec<StaffRole>,
}

/// Somebody who works in a school.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Colleague {
    /// The account.
    pub id: Uuid,
    /// Name; none once erased.
    pub name: Option<String>,
    /// Mail address; none once erased.
    pub email: Option<String>,
    /// Roles in the school.
    pub roles: Vec<StaffRole>,
    /// Whether a password was chosen.
    pub activated: bool,
    /// Whether the school keeps the person out.
    pub disabled: bool,
    /// Whether there is anything beside the password.
    pub has_second_factor: bool,
    /// Who looks.
    pub this: bool,
}

/// Something that happened to an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// When the log learned it.
    pub at: DateTime<Utc>,
    /// The event's name.
    pub event: String,
    /// To whom: a name, or an id.
    pub about: String,
    /// By whom: a name, an id, or another actor.
    pub by: String,
}

/// A look at pupils' data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookLine {
    /// When; it may have lasted.
    pub at: DateTime<Utc>,
    /// A name, or an id; none of whoever runs the server.
    pub who: Option<String>,
    /// What the person was: `DIRECTOR,INSPECTOR`.
    pub role: String,
    /// At what.
    pub what: String,
    /// The right by which.
    pub why: String,
    /// Of this course alone.
    pub course: Option<String>,
    /// Of this pupil alone.
    pub pupil: Option<Uuid>,
}

/// A school as a choice.
#[derive(Clone, PartialEq, Debug)]
pub struct School {
    /// Its id.
    pub id: Uuid,
    /// Its public name.
    pub name: String,
    /// Its time zone.
    pub zone: Tz,
}

/// A school in the list of all.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// It.
    pub school: School,
    /// Its number in the ministry's register (RBD), if it has one.
    pub rbd: Option<String>,
}

/// A person's name, or why there is none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PersonName {
    /// As the family writes it.
    Known {
        /// `Pérez Soto`
        family: String,
        /// `María José`
        given: String,
    },
    /// Its key was destroyed.
    Erased,
    /// The roster does not know the pupil yet.
    Unknown,
}

/// One word for a pupil's day so far. Colour, icon and word are the same wherever it is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// No entry on record although the limit has passed.
    Missing,
    /// No entry on record, and the day is closed.
    Absent,
    /// A gate was silent: nothing can be concluded.
    Unknown,
    /// Entered after the limit.
    Late,
    /// Not due yet.
    Pending,
    /// Entered in time.
    Inside,
    /// No entry on record, and the staff accepted why.
    Justified,
    /// Went out before the end with an adult who may collect.
    EarlyLeave,
    /// Went out after entering.
    Left,
    /// Nobody expects this pupil today.
    NotExpected,
}

/// How many pupils are in each state. `on_time + late + left + missing + unknown + pending +
/// justified = expected`; `inside = on_time + late`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Expected today.
    pub expected: u32,
    /// In the building now, of those who are expected.
    pub inside: u32,
    /// In the building now though not expected today.
    pub unexpected: u32,
    /// Entered in time and did not leave.
    pub on_time: u32,
    /// Entered after the limit and did not leave.
    pub late: u32,
    /// No entry on record after the limit.
    pub missing: u32,
    /// Nothing can be concluded.
    pub unknown: u32,
    /// Not due yet.
    pub pending: u32,
    /// Went out after entering, or early with an adult.
    pub left: u32,
    /// No entry on record, and the staff accepted why.
    pub justified: u32,
}

/// A course's row.
#[derive(Clone, PartialEq, Debug)]
pub struct Course {
    /// Its id.
    pub id: Uuid,
    /// `1° Básico A`
    pub name: String,
    /// Why it expects nobody, if it expects nobody.
    pub nobody: Option<Why>,
    /// Its pupils.
    pub counts: Counts,
}

/// One scan of the stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Scan {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whose card.
    pub name: PersonName,
    /// The pupil's course that day, if there is one.
    pub course: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// Whole minutes late, if this entry is the one that was.
    pub late_minutes: Option<u32>,
    /// What is doubtful about it.
    pub flags: Vec<Flag>,
    /// A person recorded it, not a card.
    pub by_hand: bool,
}

/// A gate's row.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    /// `Portón Norte`
    pub name: String,
    /// Its lane.
    pub mode: LaneMode,
    /// When it was last heard, if ever.
    pub last_seen: Option<DateTime<Utc>>,
    /// Scans that wait on it, if it said.
    pub queued: Option<u32>,
    /// Everything taken before this instant has arrived.
    pub drained_through: Option<DateTime<Utc>>,
    /// Since when nothing was heard of it, where that is longer than it may be.
    pub silent_since: Option<DateTime<Utc>>,
    /// No longer trusted.
    pub revoked: bool,
}

/// A kiosk as those see it who look after it.
#[derive(Clone, PartialEq, Debug)]
pub struct Kiosk {
    /// Its id.
    pub id: Uuid,
    /// Its gate: `Portón Norte`
    pub name: String,
    /// Its lane.
    pub mode: LaneMode,
    /// No longer trusted.
    pub revoked: bool,
    /// When it last called, if ever.
    pub last_seen: Option<DateTime<Utc>>,
    /// Nothing was heard of it for longer than may be.
    pub silent: bool,
    /// Scans that waited on it when it last called.
    pub queued: Option<u32>,
    /// Everything taken before this instant has arrived.
    pub drained_through: Option<DateTime<Utc>>,
    /// Its latest scan that could be placed.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// Its clock minus the server's when it last called, milliseconds.
    pub skew_ms: Option<i64>,
    /// The version of its program, if it told one.
    pub version: Option<String>,
    /// Gaps found in its numbers.
    pub gaps: u32,
    /// Numbers that it used twice.
    pub forks: u32,
}

impl Kiosk {
    /// Whether it is at work.
    pub fn is_calling(&self) -> bool {
        !self.revoked && !self.silent && self.last_seen.is_some()
    }
}

/// Why nobody is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NobodyWhy {
    /// The weekly schedules have nothing on this day.
    NoSlotThatDay,
    /// No schedule is valid yet.
    NoScheduleYet,
    /// All courses are closed.
    CoursesClosed,
    /// The day was set so, for the school or for all courses: the rule.
    Set(Why),
}

/// What kind of moment it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// The school has no pupils yet.
    Empty,
    /// Nobody is expected today, and why, if there is one reason.
    Nobody(Option<NobodyWhy>),
    /// The day's first entry is still to come.
    Before {
        /// The first entry time on the school's wall, if known.
        first_entry: Option<NaiveTime>,
    },
    /// A school day.
    During,
}

/// How old the figures are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Freshness {
    /// When the figures were computed.
    pub as_of: DateTime<Utc>,
    /// How long the oldest event that they do not include had waited then, in milliseconds; 0 if they
    /// included everything.
    pub behind_ms: u64,
    /// When the log learned the newest event that they include.
    pub recorded_until: Option<DateTime<Utc>>,
    /// From the tap at the gate to the read model, of the recent scans that came at once, in
    /// milliseconds.
    pub tap_to_screen_ms: Option<u64>,
    /// Behind for longer than a live board may be.
    pub stale: bool,
    /// The log was restored, and the figures are still those of before.
    pub before_restore: bool,
}

/// The board.
#[derive(Clone, PartialEq, Debug)]
pub struct Board {
    /// Whose day.
    pub school: School,
    /// Which day.
    pub date: NaiveDate,
    /// What the day is, if the school set it or it is a holiday.
    pub set: Option<SchoolDay>,
    /// What kind of moment.
    pub phase: Phase,
    /// The whole school.
    pub counts: Counts,
    /// In the order of the school: youngest first.
    pub courses: Vec<Course>,
    /// Newest first.
    pub scans: Vec<Scan>,
    /// By name.
    pub gates: Vec<Gate>,
    /// Scans that wait for a person.
    pub quarantined: u32,
    /// How old all this is.
    pub freshness: Freshness,
    /// The log's epoch and position shown: `<epoch>.<position>`.
    pub version: Version,
}

/// What the figures include.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    /// The log's epoch.
    pub epoch: Uuid,
    /// Its position.
    pub position: i64,
}

/// A pupil's row.
#[derive(Clone, PartialEq, Debug)]
pub struct Pupil {
    /// The pupil's id.
    pub id: Uuid,
    /// The pupil's name.
    pub name: PersonName,
    /// The day so far.
    pub status: Status,
    /// In the building now.
    pub inside: bool,
    /// First entry, if any.
    pub first_entry: Option<DateTime<Utc>>,
    /// Last exit, if the pupil is out.
    pub left_at: Option<DateTime<Utc>>,
    /// Whole minutes late.
    pub late_minutes: Option<u32>,
    /// Why: the steps from the facts to the status.
    pub derivation: Vec<Step>,
    /// What was recorded by hand, by its time. Who did it is for the staff alone.
    pub by_hand: Vec<ByHand>,
}

/// An entry or exit that a person recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct ByHand {
    /// Its id.
    pub id: Uuid,
    /// Which way.
    pub direction: Direction,
    /// When, as that person says.
    pub at: DateTime<Utc>,
    /// Why by hand.
    pub reason: ManualReason,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The account that recorded it, if one did.
    pub author: Option<Uuid>,
    /// That person's name; none once erased.
    pub by: Option<String>,
    /// What that person wrote beside; none if nothing, or once erased.
    pub note: Option<String>,
}

/// A course's page.
#[derive(Clone, PartialEq, Debug)]
pub struct CourseDay {
    /// Whose day.
    pub school: School,
    /// Which day.
    pub date: NaiveDate,
    /// The course with its figures.
    pub course: Course,
    /// Its pupils, in any order.
    pub pupils: Vec<Pupil>,
    /// The school's gates: a silent one may hold entries of this course.
    pub gates: Vec<Gate>,
    /// How old all this is.
    pub freshness: Freshness,
    /// Minted for this page: what its form records by hand is recorded once.
    pub form: Uuid,
}
