//! The board as JSON.

use super::freshness::Freshness;
use crate::names::{PersonName, SchoolNames};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{Direction, Flag, ManualReason};
use domain::calendar::SchoolDay;
use domain::expectation::Why;
use domain::kiosk::LaneMode;
use projections::live::board::{Board, Counts, LastScan};
use projections::live::rows::LiveScan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A school's day at the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BoardView {
    /// The school.
    pub school: SchoolView,
    /// The school day.
    pub date: NaiveDate,
    /// The moment that lateness was judged at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
    /// The log's life that the positions belong to.
    pub epoch: Uuid,
    /// The last event in the live model.
    pub position: i64,
    /// The last event in the roster.
    pub roster_position: i64,
    /// The log was restored and began another epoch, and this is still of the one before: what it says
    /// may not be in the log any more. True for a moment after a restore.
    pub stale_epoch: bool,
    /// How old this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness: Option<Freshness>,
    /// Why nobody is expected, if it is one rule for everybody: `{"rule": "holiday"}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub nobody: Option<Why>,
    /// The holiday's name, if the day is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holiday: Option<String>,
    /// What the school set for the day, if it did: `{"kind": "half_day", "exit": "12:30:00", "reason": "ceremony"}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub set: Option<SchoolDay>,
    /// All pupils.
    pub totals: CountsView,
    /// By course, lowest grade first.
    pub courses: Vec<CourseView>,
    /// Pupils without a course that day.
    pub elsewhere: CountsView,
    /// The last twenty scans, newest first, echoes left out.
    pub last_scans: Vec<ScanView>,
    /// The gates, by name.
    pub gates: Vec<GateView>,
    /// Scans of any day that wait for a person.
    pub quarantined: i64,
    /// In the stream: the day's scans that this frame adds to the one before, in the order of the log,
    /// echoes included. More than 1,000 at once come as a snapshot, which adds none.
    // Last, where a frame's JSON is cut open for it.
    pub scans: Vec<ScanView>,
}

/// A school.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SchoolView {
    /// Its id.
    pub school_id: Uuid,
    /// Its public name.
    pub name: String,
    /// Its IANA time zone.
    pub zone: String,
}

/// How many pupils are how. `pupils = expected + not_expected`; `expected = present + late + pending +
/// missing + unknown + justified + left`; `inside` counts whoever entered and did not leave, expected or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountsView {
    /// Everybody counted here.
    pub pupils: u32,
    /// Expected at some time of the day.
    pub expected: u32,
    /// Entered and did not leave.
    pub inside: u32,
    /// Entered in time, still inside.
    pub present: u32,
    /// Entered late, still inside.
    pub late: u32,
    /// Past the limit without an entry on record.
    pub missing: u32,
    /// Not due yet.
    pub pending: u32,
    /// Entered, and went out again, or went early with an adult who may collect.
    pub left: u32,
    /// No entry on record, and the staff accepted why.
    #[serde(default)]
    pub justified: u32,
    /// No entry on record, but a gate was silent. Always 0 for now: whether a gate holds scans back is not judged yet,
    /// and such a pupil is `missing`.
    pub unknown: u32,
    /// Not expected that day.
    pub not_expected: u32,
    /// Of them, entered and did not leave: `inside = present + late + not_expected_inside`.
    pub not_expected_inside: u32,
}

/// A course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CourseView {
    /// Its id.
    pub course_id: Uuid,
    /// `1° Básico A`
    pub name: String,
    /// `basica-1`
    pub level: String,
    /// Section letter, may be empty.
    pub letter: String,
    /// Its pupils.
    pub counts: CountsView,
}

/// A pupil's name, or why there is none.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NameView {
    /// As the family writes it.
    Known {
        /// `María José`
        given: String,
        /// `Pérez Soto`
        family: String,
    },
    /// The person's data was erased.
    Erased,
    /// The roster does not know the pupil (yet).
    Unknown,
}

impl std::fmt::Debug for NameView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NameView(…)")
    }
}

impl From<PersonName> for NameView {
    fn from(name: PersonName) -> Self {
        match name {
            PersonName::Known { given, family } => Self::Known { given, family },
            PersonName::Erased => Self::Erased,
            PersonName::Unknown => Self::Unknown,
        }
    }
}

/// A scan, or an entry or exit that a person recorded by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScanView {
    /// Minted by the kiosk; of an entry by hand its own id.
    pub scan_id: Uuid,
    /// Its event's place in the log.
    pub position: i64,
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The pupil's course that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// Which way.
    #[schema(value_type = kiosk_protocol::Direction)]
    pub direction: Direction,
    /// When, corrected.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// The kiosk; none by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kiosk_id: Option<Uuid>,
    /// Why a person recorded it, if it is by hand: `forgot_card`, `lost_card`, `card_not_read`, `gate_failed`,
    /// `other_door`, `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub by_hand: Option<ManualReason>,
    /// Doubts.
    #[schema(value_type = Vec<String>)]
    pub flags: Vec<Flag>,
    /// Whole minutes late, if this is the entry that made the pupil late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_minutes: Option<u32>,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GateView {
    /// The kiosk.
    pub kiosk_id: Uuid,
    /// `Portón Norte`
    pub gate: String,
    /// How it learns the direction.
    #[schema(value_type = String)]
    pub mode: LaneMode,
    /// When it was last heard, by its own last call.
    pub last_seen: Option<DateTime<Utc>>,
    /// Scans that waited on it then.
    pub queue_depth: Option<i32>,
    /// Its wall clock minus the server's then, milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// No scan taken before this instant is still on its way.
    pub drained_through: Option<DateTime<Utc>>,
    /// Latest scan.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// It fell silent and has not returned.
    pub silent: bool,
    /// No longer trusted.
    pub revoked: bool,
    /// Gaps found in its queues.
    pub gaps: i32,
    /// Numbers used twice.
    pub forks: i32,
}

impl From<Counts> for CountsView {
    fn from(c: Counts) -> Self {
        Self {
            pupils: c.pupils,
            expected: c.expected,
            inside: c.inside,
            present: c.present,
            late: c.late,
            missing: c.missing,
            pending: c.pending,
            left: c.left,
            justified: c.justified,
            unknown: c.unknown,
            not_expected: c.not_expected,
            not_expected_inside: c.not_expected_inside,
        }
    }
}

/// The board, without its age and the scans that it adds.
pub(super) fn board(board: &Board, names: &SchoolNames) -> BoardView {
    BoardView {
        school: SchoolView {
            school_id: board.school_id.0,
            name: board.school_name.clone(),
            zone: board.zone.name().to_owned(),
        },
        date: board.date,
        now: None,
        epoch: board.as_of.epoch.0,
        position: board.as_of.position,
        roster_position: board.as_of.roster_position,
        stale_epoch: board.as_of.stale_epoch,
        freshness: None,
        nobody: board.nobody,
        holiday: board.calendar.holidays.get(&board.date).cloned(),
        set: board.calendar.days.get(&board.date).cloned(),
        totals: board.totals.into(),
        courses: board
            .courses
            .iter()
            .map(|c| CourseView {
                course_id: c.course_id.0,
                name: c.name.clone(),
                level: c.level.clone(),
                letter: c.letter.clone(),
                counts: c.counts.into(),
            })
            .collect(),
        elsewhere: board.elsewhere.into(),
        last_scans: board.last_scans.iter().map(|scan| last_scan(scan, names)).collect(),
        gates: board
            .gates
            .iter()
            .map(|g| GateView {
                kiosk_id: g.kiosk_id.0,
                gate: g.gate.clone(),
                mode: g.mode,
                last_seen: g.last_seen,
                queue_depth: g.queue_depth,
                clock_skew_ms: g.skew_ms,
                drained_through: g.drained_through,
                last_scan_at: g.last_scan_at,
                silent: g.silent_since.is_some(),
                revoked: g.revoked,
                gaps: g.gaps,
                forks: g.forks,
            })
            .collect(),
        quarantined: board.quarantined,
        scans: Vec::new(),
    }
}

fn last_scan(scan: &LastScan, names: &SchoolNames) -> ScanView {
    ScanView {
        scan_id: scan.scan_id.0,
        position: scan.position,
        student_id: scan.student_id.0,
        name: if scan.erased { NameView::Erased } else { names.of(scan.student_id).into() },
        course: scan.course_name.clone(),
        direction: scan.direction,
        occurred_at: scan.occurred_at,
        recorded_at: scan.recorded_at,
        kiosk_id: scan.kiosk_id.map(|id| id.0),
        by_hand: scan.by_hand,
        flags: scan.flags.clone(),
        late_minutes: scan.late_minutes,
    }
}

/// A scan that a frame adds; what the board's last scans know about it is taken from there.
pub(super) fn added(scan: &LiveScan, board: &Board, names: &SchoolNames) -> ScanView {
    if let Some(known) = board.last_scans.iter().find(|s| s.position == scan.position) {
        return last_scan(known, names);
    }
    ScanView {
        scan_id: scan.scan_id.0,
        position: scan.position,
        student_id: scan.student_id.0,
        name: names.of(scan.student_id).into(),
        course: None,
        direction: scan.direction,
        occurred_at: scan.occurred_at,
        recorded_at: scan.recorded_at,
        kiosk_id: scan.kiosk_id.map(|id| id.0),
        by_hand: scan.by_hand,
        flags: scan.flags.clone(),
        late_minutes: None,
    }
}
