//! Folds events by the code that the roster's and the live model's rows are folded by, and puts a date together from
//! them as the statements over those rows do.

use crate::Fact;
use crate::live::apply::Live;
use crate::live::board::{AsOf, GateLine};
use crate::live::facts::{BoardFacts, Course, MemberRecord, School, on_the_board};
use crate::roster::apply::Roster;
use chrono::NaiveDate;
use domain::calendar::{Layer, SchoolCalendar};
use domain::expectation::CourseCalendar;
use domain::school::SettingsHistory;
use domain::{KioskId, SchoolId};
use std::borrow::Cow;

/// What is known of a school beside its pupils' days.
#[derive(Debug, Default)]
pub(crate) struct Known {
    roster: Roster,
    gates: Live,
}

impl Known {
    /// Takes what an event says.
    pub(crate) fn apply(&mut self, fact: &Fact) {
        self.roster.apply(fact);
        self.gates.apply(fact);
    }

    /// What a board of a date is computed from, with the passages of these events of the date. None: no such school.
    pub(crate) fn on<'a>(
        &self,
        school: SchoolId,
        date: NaiveDate,
        as_of: AsOf,
        day: impl Iterator<Item = Cow<'a, Fact>>,
    ) -> Option<BoardFacts> {
        let mut passed = Live::default();
        day.for_each(|fact| passed.apply(&fact));
        self.with(school, date, as_of, &passed)
    }

    /// The same, with passages that were folded before.
    pub(crate) fn with(&self, school: SchoolId, date: NaiveDate, as_of: AsOf, passed: &Live) -> Option<BoardFacts> {
        let days = passed.days.all().filter(|day| (day.school_id, day.local_date) == (school, date));
        Some(BoardFacts {
            school: self.school(school, date)?,
            date,
            as_of,
            courses: self.courses(school, date),
            pupils: on_the_board(self.members(school, date), days.cloned().collect(), date),
            gates: self.gates(school, passed),
            last_scans: Vec::new(),
            quarantined: 0,
        })
    }

    /// The kiosks that were ever set up.
    pub(crate) fn kiosks(&self) -> Vec<KioskId> {
        self.roster.kiosks.all().map(|kiosk| kiosk.kiosk_id).collect()
    }

    fn school(&self, school_id: SchoolId, date: NaiveDate) -> Option<School> {
        let row = self.roster.schools.get(&school_id)?;
        let mut calendar = SchoolCalendar::default();
        for layer in [Layer::Holiday, Layer::Day] {
            let day = self.roster.school_days.get(&(school_id, date, layer)).and_then(|row| row.day.clone());
            day.into_iter().for_each(|day| calendar.set(date, day));
        }
        let mut history = SettingsHistory::default();
        let versions = self.roster.settings.between((school_id, NaiveDate::MIN), (school_id, NaiveDate::MAX));
        versions.for_each(|version| history.hold_from(version.effective_from, version.settings.clone()));
        let settings = history.on(date).unwrap_or(&row.settings).clone();
        Some(School { school_id, name: row.name.clone(), settings, calendar })
    }

    fn courses(&self, school: SchoolId, date: NaiveDate) -> Vec<Course> {
        let of_school = self.roster.courses.all().filter(|course| course.school_id == school);
        let course = |row: &crate::roster::rows::Course| {
            let versions = self.roster.schedules.between((row.course_id, NaiveDate::MIN), (row.course_id, date));
            let exception = self.roster.course_days.get(&(row.course_id, date)).and_then(|row| row.day.clone());
            Course {
                course_id: row.course_id,
                name: row.name.clone(),
                level: row.level.clone(),
                letter: row.letter.clone(),
                calendar: CourseCalendar {
                    schedules: versions.last().map(|s| (s.effective_from, s.slots.clone())).into_iter().collect(),
                    exceptions: exception.map(|day| (date, day)).into_iter().collect(),
                    closed_from: row.closed_from,
                },
            }
        };
        of_school.map(course).collect()
    }

    /// Of each pupil what was said last of the time up to the date.
    fn members(&self, school: SchoolId, date: NaiveDate) -> Vec<MemberRecord> {
        let mut members: Vec<(i64, MemberRecord)> = Vec::new();
        let by_pupil = self.roster.memberships.all().filter(|m| m.school_id == school && m.from_date <= date);
        for m in by_pupil {
            let said = (m.from_date, m.course_id.map(|course| course.0));
            match members.last_mut().filter(|(_, member)| member.student_id == m.student_id.0) {
                Some((position, member)) if *position < m.position => {
                    *position = m.position;
                    (member.from_date, member.course_id) = said;
                }
                Some(_) => {}
                None => {
                    let (from_date, course_id) = said;
                    let member = MemberRecord { student_id: m.student_id.0, from_date, course_id, first: from_date };
                    members.push((m.position, member));
                }
            }
        }
        members.into_iter().map(|(_, member)| member).collect()
    }

    /// As the board shows them, without what kiosks say of themselves, which is no event.
    pub(crate) fn gates(&self, school: SchoolId, passed: &Live) -> Vec<GateLine> {
        let of_school = self.roster.kiosks.all().filter(|kiosk| kiosk.school_id == school);
        let mut gates: Vec<GateLine> = of_school
            .map(|kiosk| {
                let (told, scans) = (self.gates.gates.get(&kiosk.kiosk_id), passed.gates.get(&kiosk.kiosk_id));
                let last = |gate: Option<&crate::live::rows::Gate>| gate.and_then(|gate| gate.last_scan_at);
                GateLine {
                    kiosk_id: kiosk.kiosk_id,
                    gate: kiosk.gate.clone(),
                    mode: kiosk.mode,
                    last_seen: None,
                    queue_depth: None,
                    skew_ms: None,
                    drained_through: told.and_then(|gate| gate.drained_through),
                    last_scan_at: last(told).max(last(scans)),
                    silent_since: told.and_then(|gate| gate.silent_since),
                    revoked: kiosk.revoked,
                    gaps: told.map_or(0, |gate| gate.gaps),
                    forks: told.map_or(0, |gate| gate.forks),
                }
            })
            .collect();
        gates.sort_by(|a, b| (&a.gate, a.kiosk_id).cmp(&(&b.gate, b.kiosk_id)));
        gates
    }
}
