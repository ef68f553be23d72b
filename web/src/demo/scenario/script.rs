//! What happens in each scenario. Pure: from the seeded school to who does what at which minute.

use super::Scenario;
use crate::demo::morning::Tap;
use crate::demo::stage::ZONE;
use crate::seed::{Seeded, SeededCourse, SeededStudent};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::CourseId;
use domain::values::zone::resolve_local;
use kiosk_protocol::Direction;
use serde_json::{Value, json};

/// The seeded kiosks that let in.
const GATES: [usize; 3] = [0, 1, 3];

/// A scenario's morning.
pub(super) struct Script {
    /// The first minute that is played.
    pub(super) from: DateTime<Utc>,
    /// The last.
    pub(super) until: DateTime<Utc>,
    /// Everybody's taps, by time.
    pub(super) taps: Vec<Tap>,
    /// When gates have no network: which, from when, until when.
    pub(super) cut_off: Vec<(usize, DateTime<Utc>, DateTime<Utc>)>,
    /// Until when the server is away.
    pub(super) server_away_until: Option<DateTime<Utc>>,
    /// Whether gates send what they held back in reverse order.
    pub(super) reversed: bool,
    /// What the director asks of the API, and when.
    pub(super) edits: Vec<(DateTime<Utc>, Edit)>,
}

/// A request of the director.
pub(super) struct Edit {
    /// Behind `/api/v1`.
    pub(super) path: String,
    pub(super) body: Value,
}

struct Morning<'a> {
    school: &'a Seeded,
    date: NaiveDate,
}

impl Script {
    /// The script of a scenario for a school.
    pub(super) fn of(scenario: Scenario, school: &Seeded) -> Self {
        let date = Self::date(scenario);
        let morning = Morning { school, date };
        let at = |hour, minute| morning.at(hour, minute);
        let quiet = Self {
            from: at(7, 0),
            until: at(9, 10),
            taps: Vec::new(),
            cut_off: Vec::new(),
            server_away_until: None,
            reversed: false,
            edits: Vec::new(),
        };
        match scenario {
            Scenario::SilentGate => {
                Self { taps: morning.taps(|_, _| true), cut_off: vec![(GATES[1], at(7, 30), at(9, 0))], ..quiet }
            }
            Scenario::BusOf40 => {
                let mut taps = morning.taps(|_, pupil| !morning.on_the_bus(pupil));
                let bus = school.students.iter().filter(|pupil| morning.on_the_bus(pupil));
                taps.extend(
                    bus.zip(0..).map(|(pupil, n)| morning.tap(pupil, GATES[0], at(8, 40) + TimeDelta::seconds(3 * n))),
                );
                Self { taps, ..quiet }
            }
            Scenario::HolidayException => {
                let course = morning.course(10);
                let stays = json!([{ "entry": course.entry, "exit": course.exit }]);
                let own = json!({ "times": { "expects": "own", "stays": stays }, "reason": "assessment" });
                Self {
                    taps: morning.taps(|_, pupil| pupil.course_id == course.course_id),
                    edits: vec![
                        (at(7, 5), morning.edit_day(json!({ "kind": "holiday", "name": "Día del Liceo" }))),
                        (at(7, 6), morning.edit_course_day(course.course_id, own)),
                    ],
                    ..quiet
                }
            }
            Scenario::ServerStartedAt14 => Self {
                taps: morning.taps(|n, _| n % 100 != 7),
                server_away_until: Some(at(14, 0)),
                until: at(14, 15),
                ..quiet
            },
            Scenario::ReversedSync => Self {
                taps: morning.taps(|_, _| true),
                cut_off: vec![(GATES[0], at(7, 20), at(8, 10)), (GATES[1], at(7, 20), at(8, 10))],
                reversed: true,
                ..quiet
            },
            Scenario::DoubleTap => {
                let mut taps = morning.taps(|_, _| true);
                let again: Vec<Tap> =
                    taps.iter().map(|tap| Tap { at: tap.at + TimeDelta::seconds(3), ..tap.clone() }).collect();
                let elsewhere = taps.iter().take(30).map(|tap| Tap {
                    at: tap.at + TimeDelta::seconds(20),
                    kiosk: if tap.kiosk == GATES[0] { GATES[1] } else { GATES[0] },
                    ..tap.clone()
                });
                let elsewhere: Vec<Tap> = elsewhere.collect();
                taps.extend(again.into_iter().chain(elsewhere));
                Self { taps, ..quiet }
            }
            Scenario::ScheduleEditedAfterAlert => {
                let course = morning.course(6);
                let mut late = school.students.iter().filter(|pupil| pupil.course_id == course.course_id);
                let three: Vec<&SeededStudent> = late.by_ref().take(3).collect();
                let mut taps = morning.taps(|_, pupil| three.iter().all(|one| one.student_id != pupil.student_id));
                taps.extend(three.iter().map(|pupil| morning.tap(pupil, GATES[0], at(9, 20))));
                let entry = NaiveTime::from_hms_opt(9, 30, 0).unwrap_or_default();
                let edit = morning.edit_week(course, entry);
                Self { taps, edits: vec![(at(8, 40), edit)], until: at(9, 55), ..quiet }
            }
            Scenario::DstMonday => Self { taps: morning.taps(|n, _| n % 240 != 11), ..quiet },
        }
        .in_order()
    }

    /// The day that is played.
    pub(super) fn date(scenario: Scenario) -> NaiveDate {
        // Clocks go forward in the night to Sunday, 6 September 2026.
        let (month, day) = if scenario == Scenario::DstMonday { (9, 7) } else { (5, 12) };
        NaiveDate::from_ymd_opt(2026, month, day).unwrap_or_default()
    }

    /// When the school is entered: on the Friday before.
    pub(super) fn entered(scenario: Scenario) -> DateTime<Utc> {
        let days = if scenario == Scenario::DstMonday { 3 } else { 4 };
        let friday = Self::date(scenario) - TimeDelta::days(days);
        resolve_local(friday, NaiveTime::from_hms_opt(17, 0, 0).unwrap_or_default(), ZONE)
    }

    fn in_order(mut self) -> Self {
        self.taps.sort_by_key(|tap| tap.at);
        self.edits.sort_by_key(|edit| edit.0);
        self
    }
}

impl Morning<'_> {
    fn at(&self, hour: u32, minute: u32) -> DateTime<Utc> {
        resolve_local(self.date, NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default(), ZONE)
    }

    /// The course in a place of the school's list.
    fn course(&self, place: usize) -> &SeededCourse {
        self.school.courses.get(place).unwrap_or_else(|| unreachable!("the seeded school has thirty courses"))
    }

    /// In the quarter of an hour before the pupil's own entry, for whoever `comes`.
    fn taps(&self, comes: impl Fn(usize, &SeededStudent) -> bool) -> Vec<Tap> {
        let pupils = self.school.students.iter().enumerate().filter(|(n, pupil)| comes(*n, pupil));
        pupils
            .map(|(n, pupil)| {
                let course = self.school.courses.iter().find(|course| course.course_id == pupil.course_id);
                let entry = resolve_local(self.date, course.map_or(NaiveTime::MIN, |course| course.entry), ZONE);
                let before = TimeDelta::seconds(60 + i64::try_from(n % 800).unwrap_or_default());
                let gate = GATES.get(n % GATES.len()).copied().unwrap_or_default();
                self.tap(pupil, gate, entry - before)
            })
            .collect()
    }

    fn tap(&self, pupil: &SeededStudent, kiosk: usize, at: DateTime<Utc>) -> Tap {
        let (read, student) = (pupil.card_text.clone(), Some(pupil.student_id));
        Tap { at, kiosk, read, student, direction: Direction::Entry }
    }

    /// Twenty of each of two courses.
    fn on_the_bus(&self, pupil: &SeededStudent) -> bool {
        [4, 5].map(|place| self.course(place).course_id).into_iter().any(|course| {
            let mut first = self.school.students.iter().filter(|other| other.course_id == course).take(20);
            first.any(|other| other.student_id == pupil.student_id)
        })
    }

    fn edit_day(&self, body: Value) -> Edit {
        Edit { path: format!("/calendar/{}", self.date), body }
    }

    fn edit_course_day(&self, course: CourseId, body: Value) -> Edit {
        Edit { path: format!("/courses/{course}/calendar/{}", self.date), body }
    }

    /// From this day on the course enters at another time.
    fn edit_week(&self, course: &SeededCourse, entry: NaiveTime) -> Edit {
        let stays = ["Mon", "Tue", "Wed", "Thu", "Fri"]
            .map(|weekday| json!({ "weekday": weekday, "entry": entry, "exit": course.exit }));
        let body = json!({ "effective_from": self.date, "stays": stays });
        Edit { path: format!("/courses/{}/schedule", course.course_id), body }
    }
}
