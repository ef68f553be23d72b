//! Made-up values of every page and state, for the tests that render them and for
//! `cargo run -p web --example board`. No person in here exists.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "made-up values, always the same")]

use super::view::{
    Board, ByHand, Counts, Course, CourseDay, Freshness, Gate, NobodyWhy, PersonName, Phase, Pupil, Scan, School,
    Status, Version,
};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use domain::SlotId;
use domain::attendance_day::{Direction, Flag, LeaveReason, ManualReason};
use domain::calendar::{Reason, SchoolDay};
use domain::day_status::Step;
use domain::expectation::Why;
use domain::kiosk::LaneMode;
use domain::no_show::Justification;
use uuid::Uuid;

const FAMILIES: [&str; 14] = [
    "Pérez Soto",
    "Huenchumilla Curiqueo",
    "González Araya",
    "Muñoz Ñancupil",
    "Rojas Díaz",
    "Fuenzalida Echeverría",
    "Castro Vera",
    "Antilef Paillán",
    "Silva Bravo",
    "Vargas Ibáñez",
    "Contreras Oyarzún",
    "Tapia Leiva",
    "O’Higgins Müller",
    "Araneda Pizarro",
];
const GIVEN: [&str; 14] = [
    "María José",
    "Benjamín Antü",
    "Isidora",
    "Vicente",
    "Agustina Ignacia",
    "Maximiliano",
    "Florencia",
    "Rayén",
    "Tomás",
    "Emilia",
    "Joaquín Andrés",
    "Antonia",
    "Bernardo",
    "Josefa",
];

/// 08:14:03 of Monday, 23 November 2026 in Santiago.
pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 11, 14, 3).single().expect("UTC has no gaps")
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0193_5a7c_0000_7000_8000_0000_0000_0000 + number)
}

/// One of some made-up names.
pub fn name(number: usize) -> PersonName {
    PersonName::Known {
        family: FAMILIES[number % FAMILIES.len()].to_owned(),
        given: GIVEN[(number * 5 + number / 14) % GIVEN.len()].to_owned(),
    }
}

/// The school of all samples.
pub fn school() -> School {
    School { id: id(1), name: "Liceo Bicentenario Los Aromos".to_owned(), zone: chrono_tz::America::Santiago }
}

fn course_names() -> Vec<String> {
    let mut names = Vec::new();
    for (number, stage) in (1..=8).map(|n| (n, "Básico")).chain((1..=4).map(|n| (n, "Medio"))) {
        for letter in ["A", "B"] {
            names.push(format!("{number}° {stage} {letter}"));
        }
    }
    ["Prekínder A", "Kínder A"].into_iter().map(str::to_owned).chain(names).collect()
}

/// A course on which `missing` pupils have no entry and `late` came late.
fn course(number: usize, name: String, missing: u32, late: u32) -> Course {
    let expected = 34 + u32::try_from(number * 7 % 9).expect("small");
    let unknown = u32::from(number == 9) * 2;
    let left = u32::from(number == 13);
    let on_time = expected - missing - late - unknown - left;
    let counts =
        Counts { expected, inside: on_time + late, on_time, late, missing, unknown, left, ..Counts::default() };
    Course { id: id(100 + number as u128), name, nobody: None, counts }
}

fn total(courses: &[Course]) -> Counts {
    courses.iter().fold(Counts::default(), |sum, course| {
        let c = course.counts;
        Counts {
            expected: sum.expected + c.expected,
            inside: sum.inside + c.inside,
            unexpected: sum.unexpected + c.unexpected,
            on_time: sum.on_time + c.on_time,
            late: sum.late + c.late,
            missing: sum.missing + c.missing,
            unknown: sum.unknown + c.unknown,
            pending: sum.pending + c.pending,
            left: sum.left + c.left,
            justified: sum.justified + c.justified,
        }
    })
}

fn scans() -> Vec<Scan> {
    let names = course_names();
    (0..20)
        .map(|n| Scan {
            at: now() - TimeDelta::milliseconds(400 + n as i64 * 2_700),
            name: if n == 6 { PersonName::Erased } else { name(n) },
            course: Some(names[(n * 11) % names.len()].clone()),
            direction: if n == 4 { Direction::Exit } else { Direction::Entry },
            late_minutes: (n % 3 == 0).then_some(14),
            flags: match n {
                2 => vec![Flag::RepeatedEntry],
                4 => vec![Flag::ExitWithoutEntry],
                9 => vec![Flag::LowConfidenceTime, Flag::LateSync],
                _ => Vec::new(),
            },
            by_hand: n == 5,
        })
        .collect()
}

fn gates() -> Vec<Gate> {
    let seen = |seconds| Some(now() - TimeDelta::seconds(seconds));
    let gate = |name: &str, mode, last_seen, queued, drained_through| Gate {
        name: name.to_owned(),
        mode,
        last_seen,
        queued,
        drained_through,
        silent_since: None,
        revoked: false,
    };
    vec![
        gate("Portón Norte", LaneMode::EntryLane, seen(2), Some(0), seen(2)),
        gate("Portón Sur", LaneMode::EntryLane, seen(4), Some(37), seen(200)),
        gate("Salida Gimnasio", LaneMode::ExitLane, seen(11), Some(0), seen(11)),
        gate("Inspectoría", LaneMode::Choice, seen(1), Some(0), seen(1)),
    ]
}

impl Board {
    /// A usual morning at 08:14.
    pub fn sample() -> Self {
        let courses: Vec<Course> = course_names()
            .into_iter()
            .enumerate()
            .map(|(n, name)| {
                let missing = [0, 0, 1, 0, 2, 0, 0, 1, 0, 0, 3, 0, 0][n % 13];
                let late = [0, 1, 0, 0, 1, 0, 2, 0, 0][n % 9];
                course(n, name, missing, late)
            })
            .collect();
        Self {
            school: school(),
            date: NaiveDate::from_ymd_opt(2026, 11, 23).expect("a date"),
            set: None,
            phase: Phase::During,
            counts: total(&courses),
            courses,
            scans: scans(),
            gates: gates(),
            quarantined: 3,
            freshness: Freshness {
                as_of: now(),
                behind_ms: 412,
                recorded_until: Some(now() - TimeDelta::milliseconds(412)),
                tap_to_screen_ms: Some(184),
                stale: false,
                before_restore: false,
            },
            version: Version { epoch: id(2), position: 4_711 },
        }
    }

    /// At 07:20, before the first entry.
    pub fn sample_before() -> Self {
        let mut board = Self::sample();
        for course in &mut board.courses {
            let expected = course.counts.expected;
            course.counts = Counts { expected, pending: expected, ..Counts::default() };
        }
        Self {
            phase: Phase::Before { first_entry: NaiveTime::from_hms_opt(8, 0, 0) },
            counts: total(&board.courses),
            scans: Vec::new(),
            quarantined: 0,
            ..board
        }
    }

    /// A Saturday.
    pub fn sample_nobody() -> Self {
        let mut board = Self::sample();
        for course in &mut board.courses {
            course.counts = Counts::default();
        }
        Self {
            date: NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date"),
            phase: Phase::Nobody(Some(NobodyWhy::NoSlotThatDay)),
            counts: Counts::default(),
            scans: Vec::new(),
            quarantined: 0,
            ..board
        }
    }

    /// A holiday.
    pub fn sample_holiday() -> Self {
        Self {
            date: NaiveDate::from_ymd_opt(2026, 12, 8).expect("a date"),
            set: Some(SchoolDay::Holiday { name: "Inmaculada Concepción".to_owned() }),
            phase: Phase::Nobody(Some(NobodyWhy::Set(Why::Holiday))),
            ..Self::sample_nobody()
        }
    }

    /// A half day, and a course on an outing.
    pub fn sample_half_day() -> Self {
        let mut board = Self::sample();
        board.courses[2].counts = Counts::default();
        board.courses[2].nobody = Some(Why::CourseNobody { reason: Reason::Outing });
        let exit = NaiveTime::from_hms_opt(12, 30, 0).expect("a time");
        Self {
            counts: total(&board.courses),
            set: Some(SchoolDay::HalfDay { exit, reason: Reason::Ceremony }),
            ..board
        }
    }

    /// A school on its first day, before its list is loaded.
    pub fn sample_empty() -> Self {
        Self {
            phase: Phase::Empty,
            counts: Counts::default(),
            courses: Vec::new(),
            scans: Vec::new(),
            gates: Vec::new(),
            quarantined: 0,
            ..Self::sample()
        }
    }

    /// A gate is silent and the projector is behind.
    pub fn sample_trouble() -> Self {
        let mut board = Self::sample();
        board.gates[1].silent_since = Some(now() - TimeDelta::minutes(9));
        board.gates[1].last_seen = board.gates[1].silent_since;
        board.freshness.behind_ms = 74_000;
        board.freshness.recorded_until = Some(now() - TimeDelta::seconds(74));
        board.freshness.stale = true;
        board
    }

    /// A moment after a restore: the projector has not caught up.
    pub fn sample_restored() -> Self {
        let mut board = Self::sample();
        board.freshness.before_restore = true;
        board
    }

    /// Every text that people can choose holds markup.
    pub fn sample_hostile() -> Self {
        let mut board = Self::sample();
        board.school.name = HOSTILE.to_owned();
        board.set = Some(SchoolDay::Holiday { name: HOSTILE.to_owned() });
        for course in &mut board.courses {
            course.name = HOSTILE.to_owned();
        }
        for scan in &mut board.scans {
            scan.name = PersonName::Known { family: HOSTILE.to_owned(), given: HOSTILE.to_owned() };
            scan.course = Some(HOSTILE.to_owned());
        }
        for gate in &mut board.gates {
            gate.name = HOSTILE.to_owned();
            gate.silent_since = gate.last_seen;
        }
        board
    }
}

/// A name as an attacker would write it.
pub const HOSTILE: &str =
    "<script>alert(1)</script>\n\"><img src=x onerror=alert(1) style=top:0><hx-partial hx-target=#live hx-get=/x>";

fn by_hand(at: DateTime<Utc>) -> ByHand {
    ByHand {
        id: id(900),
        direction: Direction::Entry,
        at,
        reason: ManualReason::ForgotCard,
        recorded_at: at + TimeDelta::minutes(1),
        author: Some(id(901)),
        by: Some("Marcela Fuentes".to_owned()),
        note: Some("Llegó con su mamá".to_owned()),
    }
}

impl CourseDay {
    /// A course with pupils in every state.
    pub fn sample() -> Self {
        let at = |hour: u32, minute| {
            Utc.with_ymd_and_hms(2026, 11, 23, hour + 3, minute, 0).single().expect("UTC has no gaps")
        };
        let expected = Step::Expected {
            why: Why::WeeklySchedule { effective_from: NaiveDate::from_ymd_opt(2026, 3, 4).expect("a date") },
        };
        let slot = Step::Slot {
            slot_id: SlotId(id(7)),
            entry: at(8, 0),
            exit: at(15, 30),
            late_from: at(8, 6),
            missing_from: at(8, 15),
        };
        let pupil = |n: usize| {
            let (status, entry, left, late, more) = match n {
                0 | 5 => (Status::Missing, None, None, None, vec![Step::NoEntryRecorded, Step::LimitPassed]),
                3 => (
                    Status::Late,
                    Some(at(8, 11)),
                    None,
                    Some(11),
                    vec![
                        Step::EntryRecorded { at: at(8, 11) },
                        Step::RecordedByHand { reason: ManualReason::ForgotCard },
                        Step::LateBy { minutes: 11 },
                    ],
                ),
                7 => (
                    Status::Left,
                    Some(at(7, 50)),
                    Some(at(8, 9)),
                    None,
                    vec![Step::EntryRecorded { at: at(7, 50) }, Step::InTime, Step::WentOut { at: at(8, 9) }],
                ),
                8 => (
                    Status::EarlyLeave,
                    Some(at(7, 51)),
                    Some(at(8, 12)),
                    None,
                    vec![
                        Step::EntryRecorded { at: at(7, 51) },
                        Step::InTime,
                        Step::WentOut { at: at(8, 12) },
                        Step::LeftEarly { authorised_at: at(8, 10), reason: LeaveReason::Unwell },
                    ],
                ),
                10 => (
                    Status::Justified,
                    None,
                    None,
                    None,
                    vec![Step::NoEntryRecorded, Step::Justified { reason: Justification::Illness }],
                ),
                9 => (
                    Status::Unknown,
                    None,
                    None,
                    None,
                    vec![Step::NoEntryRecorded, Step::LimitPassed, Step::GateSilent],
                ),
                _ => {
                    let entry = at(7, 40 + (n as u32 * 3) % 20);
                    (Status::Inside, Some(entry), None, None, vec![Step::EntryRecorded { at: entry }, Step::InTime])
                }
            };
            Pupil {
                id: id(1000 + n as u128),
                name: if n == 12 { PersonName::Erased } else { name(n) },
                status,
                inside: matches!(status, Status::Inside | Status::Late),
                first_entry: entry,
                left_at: left,
                late_minutes: late,
                derivation: [expected, slot].into_iter().chain(more).collect(),
                by_hand: if n == 3 { vec![by_hand(at(8, 11))] } else { Vec::new() },
            }
        };
        let pupils: Vec<Pupil> = (0..32).map(pupil).collect();
        let count = |status| u32::try_from(pupils.iter().filter(|p| p.status == status).count()).expect("small");
        let counts = Counts {
            expected: 32,
            inside: count(Status::Inside) + count(Status::Late),
            unexpected: 0,
            on_time: count(Status::Inside),
            late: count(Status::Late),
            missing: count(Status::Missing),
            unknown: count(Status::Unknown),
            pending: 0,
            left: count(Status::Left) + count(Status::EarlyLeave),
            justified: count(Status::Justified),
        };
        let board = Board::sample();
        Self {
            school: board.school,
            date: board.date,
            course: Course { id: id(104), name: "2° Básico A".to_owned(), nobody: None, counts },
            pupils,
            gates: board.gates,
            freshness: board.freshness,
            form: id(902),
        }
    }

    /// Every name holds markup.
    pub fn sample_hostile() -> Self {
        let mut day = Self::sample();
        day.course.name = HOSTILE.to_owned();
        day.gates = Board::sample_hostile().gates;
        for pupil in &mut day.pupils {
            pupil.name = PersonName::Known { family: HOSTILE.to_owned(), given: HOSTILE.to_owned() };
            for entry in &mut pupil.by_hand {
                (entry.by, entry.note) = (Some(HOSTILE.to_owned()), Some(HOSTILE.to_owned()));
            }
        }
        day
    }
}
