//! Each report as a table.

use super::csv::{Column, Reader, Sheet};
use crate::i18n::key;
use crate::names::{PersonName, SchoolNames};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::entry_rate::{Band, Outcome, Tally};
use domain::{CourseId, StudentId};
use projections::live::reports::{CourseLine, DayLine, LateSync, PupilDate, PupilLine, Report};

/// The columns of figures.
pub const TALLY: [Column; 11] = [
    ("expected", key("reports-expected")),
    ("in_time", key("reports-in-time")),
    ("late", key("reports-late")),
    ("absent", key("reports-absent")),
    ("justified", key("reports-justified")),
    ("missing", key("reports-missing")),
    ("pending", key("reports-pending")),
    ("unknown", key("reports-unknown")),
    ("entered_days", key("reports-entered")),
    ("known_days", key("reports-known")),
    ("entry_rate", key("reports-rate")),
];

const PUPIL: [Column; 4] = [
    ("student_id", key("reports-id")),
    ("family_names", key("reports-family-names")),
    ("given_names", key("reports-given-names")),
    ("course", key("reports-course")),
];

fn figures(tally: &Tally, reader: Reader) -> impl Iterator<Item = String> {
    let rate = tally.rate();
    let counts = [
        tally.expected,
        tally.in_time,
        tally.late,
        tally.absent,
        tally.justified,
        tally.missing,
        tally.pending,
        tally.unknown,
        rate.entered,
        rate.known,
    ];
    let counts = counts.into_iter().map(|n| n.to_string());
    counts.chain([reader.tenths(rate.tenths())])
}

/// A pupil in cells: id, family names, given names.
fn pupil(student: StudentId, names: &SchoolNames) -> [String; 3] {
    let (family, given) = match names.of(student) {
        PersonName::Known { given, family } => (family, given),
        PersonName::Erased | PersonName::Unknown => Default::default(),
    };
    [student.to_string(), family, given]
}

/// What a course of the report is called.
pub fn course_name(courses: &[CourseLine], course: Option<CourseId>) -> &str {
    let line = course.and_then(|id| courses.iter().find(|line| line.course_id == id));
    line.map_or("", |line| line.name.as_str())
}

/// A school's or a course's dates.
pub fn by_day(days: &[DayLine], reader: Reader) -> Sheet {
    let rows = days.iter().filter(|line| line.tally.expected > 0).map(|line| {
        let first = [line.date.to_string()].into_iter().chain(figures(&line.tally, reader));
        first.chain([u8::from(line.nobody_read).to_string(), line.late_synced.to_string()]).collect()
    });
    let more = [("nobody_read", key("reports-nobody-read-head")), ("late_synced_pupils", key("reports-late-synced"))];
    Sheet::new(reader, [("date", key("reports-date"))].into_iter().chain(TALLY).chain(more), rows.collect())
}

/// Its courses.
pub fn by_course(courses: &[CourseLine], reader: Reader) -> Sheet {
    let row = |line: &CourseLine| {
        [line.course_id.to_string(), line.name.clone()].into_iter().chain(figures(&line.tally, reader)).collect()
    };
    let first = [("course_id", key("reports-id")), ("course", key("reports-course"))];
    Sheet::new(reader, first.into_iter().chain(TALLY), courses.iter().map(row).collect())
}

/// Its pupils, in the order given.
pub fn by_pupil(pupils: &[PupilLine], courses: &[CourseLine], names: &SchoolNames, reader: Reader) -> Sheet {
    let row = |line: &PupilLine| {
        let course = course_name(courses, line.course_id).to_owned();
        let band = line.band().map_or("", band_code).to_owned();
        let first = pupil(line.student_id, names).into_iter().chain([course]);
        first.chain(figures(&line.tally, reader)).chain([band]).collect()
    };
    let columns = PUPIL.into_iter().chain(TALLY).chain([("band", key("reports-band"))]);
    Sheet::new(reader, columns, pupils.iter().map(row).collect())
}

/// A pupil's dates.
pub fn of_pupil(student: StudentId, dates: &[PupilDate], names: &SchoolNames, zone: Tz, reader: Reader) -> Sheet {
    let time = |at: Option<DateTime<Utc>>| {
        at.map(|at| at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default()
    };
    let rows = dates.iter().filter_map(|day| {
        let status = outcome_code(Outcome::of(&day.status)?).to_owned();
        let minutes = day.status.minutes_late().map(|minutes| minutes.to_string()).unwrap_or_default();
        let first = [day.date.to_string()].into_iter().chain(pupil(student, names));
        let facts = [status, minutes, time(day.first_entry), time(day.left_at), u8::from(day.late_synced).to_string()];
        Some(first.chain(facts).collect())
    });
    let columns = [
        ("date", key("reports-date")),
        ("student_id", key("reports-id")),
        ("family_names", key("reports-family-names")),
        ("given_names", key("reports-given-names")),
        ("status", key("reports-status")),
        ("minutes_late", key("reports-minutes")),
        ("first_entry_at", key("reports-first-entry")),
        ("left_at", key("reports-left-at")),
        ("late_sync", key("reports-late-synced")),
    ];
    Sheet::new(reader, columns, rows.collect())
}

/// What gates told late.
pub fn of_gates(syncs: &[LateSync], reader: Reader) -> Sheet {
    let row = |sync: &LateSync| {
        vec![sync.date.to_string(), sync.gate.clone(), sync.scans.to_string(), sync.longest_seconds.to_string()]
    };
    let columns = [
        ("date", key("reports-date")),
        ("gate", key("reports-gate")),
        ("scans", key("reports-scans")),
        ("longest_seconds", key("reports-longest-seconds")),
    ];
    Sheet::new(reader, columns, syncs.iter().map(row).collect())
}

/// What a report is called as a file: `informe-2026-11-01-2026-11-30`.
pub fn file_name(what: &str, report: &Report) -> String {
    format!("{what}-{}-{}", report.from, report.to)
}

/// The word of a band for programs.
pub fn band_code(band: Band) -> &'static str {
    match band {
        Band::Severe => "severe",
        Band::Repeated => "repeated",
        Band::Normal => "normal",
        Band::Outstanding => "outstanding",
    }
}

/// The word of an outcome for programs.
pub fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::InTime => "in_time",
        Outcome::Late => "late",
        Outcome::Absent => "absent",
        Outcome::Justified => "justified",
        Outcome::Missing => "missing",
        Outcome::Pending => "pending",
        Outcome::Unknown => "unknown",
    }
}
