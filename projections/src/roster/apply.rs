//! Folds events into the roster's rows. Pure.

use super::rows::*;
use crate::Fact;
use crate::rows::Rows;
use chrono::NaiveDate;
use domain::calendar::{CourseDay, Layer, SchoolDay};
use domain::student::GuardianRights;
use domain::{AnyEvent, CourseId, CredentialId, GuardianId, KioskId, SchoolId, StudentId};
use domain::{course, guardian, kiosk, school, student};

/// The rows that a page touches.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub schools: Rows<SchoolId, School>,
    pub settings: Rows<(SchoolId, NaiveDate), SchoolSettings>,
    pub courses: Rows<CourseId, Course>,
    pub schedules: Rows<(CourseId, NaiveDate), Schedule>,
    pub school_days: Rows<(SchoolId, NaiveDate, Layer), SchoolDate>,
    pub course_days: Rows<(CourseId, NaiveDate), CourseDate>,
    pub students: Rows<StudentId, Student>,
    pub memberships: Rows<(StudentId, NaiveDate), Membership>,
    pub credentials: Rows<CredentialId, Credential>,
    pub guardians: Rows<GuardianId, Guardian>,
    pub links: Rows<(StudentId, GuardianId), GuardianLink>,
    pub kiosks: Rows<KioskId, Kiosk>,
}

impl Roster {
    pub(crate) fn apply(&mut self, fact: &Fact) {
        match &fact.event.payload {
            AnyEvent::School(event) => self.school(fact, event),
            AnyEvent::Course(event) => self.course(fact, event),
            AnyEvent::Student(event) => self.student(fact, event),
            AnyEvent::Guardian(event) => self.guardian(fact, event),
            AnyEvent::Kiosk(event) => self.kiosk(fact, event),
            AnyEvent::AttendanceDay(_)
            | AnyEvent::Quarantine(_)
            | AnyEvent::NoShowCase(_)
            | AnyEvent::RollCall(_)
            | AnyEvent::Delivery(_)
            | AnyEvent::Broadcast(_)
            | AnyEvent::Account(_) => {}
        }
    }

    fn school(&mut self, fact: &Fact, event: &school::Event) {
        let (school_id, position) = (fact.event.school_id, fact.position());
        match event {
            school::Event::Registered { name, rbd, settings } => {
                let row =
                    School { school_id, name: name.clone(), rbd: rbd.clone(), settings: settings.clone(), position };
                self.schools.upsert(school_id, position, || row.clone(), |s| *s = row.clone());
                self.settings(fact, settings);
            }
            school::Event::SettingsChanged { settings } => {
                self.schools.update(&school_id, position, |s| s.settings = settings.clone());
                self.settings(fact, settings);
            }
            school::Event::CalendarDaySet { date, day } => {
                self.school_day(fact, *date, day.layer(), Some(day.clone()));
            }
            school::Event::CalendarDayCleared { date, layer } => self.school_day(fact, *date, *layer, None),
        }
    }

    /// What was said on a date holds from that date on, and never before it.
    fn settings(&mut self, fact: &Fact, settings: &school::Settings) {
        let (school_id, position, effective_from) = (fact.event.school_id, fact.position(), fact.event.local_date);
        let row = SchoolSettings { school_id, effective_from, settings: settings.clone(), position };
        self.settings.upsert((school_id, effective_from), position, || row.clone(), |s| *s = row.clone());
    }

    /// Every change of a day changes its school's row, too, by which boards learn of it.
    fn school_day(&mut self, fact: &Fact, local_date: NaiveDate, layer: Layer, day: Option<SchoolDay>) {
        let (school_id, position) = (fact.event.school_id, fact.position());
        let row = SchoolDate { school_id, local_date, layer, day, changed: changed(fact), position };
        self.school_days.upsert((school_id, local_date, layer), position, || row.clone(), |d| *d = row.clone());
        self.schools.update(&school_id, position, |_| {});
    }

    /// As [`Self::school_day`], with the row of the course.
    fn course_day(&mut self, fact: &Fact, local_date: NaiveDate, day: Option<CourseDay>) {
        let (school_id, position, course_id) = (fact.event.school_id, fact.position(), CourseId(fact.own_id));
        let row = CourseDate { school_id, course_id, local_date, day, changed: changed(fact), position };
        self.course_days.upsert((course_id, local_date), position, || row.clone(), |d| *d = row.clone());
        self.courses.update(&course_id, position, |_| {});
    }

    fn course(&mut self, fact: &Fact, event: &course::Event) {
        let (school_id, position, id) = (fact.event.school_id, fact.position(), CourseId(fact.own_id));
        match event {
            course::Event::Opened { year, name, level, letter } => {
                let row = Course {
                    school_id,
                    course_id: id,
                    year: *year,
                    name: name.clone(),
                    level: level.clone(),
                    letter: letter.clone(),
                    shift: None,
                    closed_from: None,
                    position,
                };
                self.courses.upsert(id, position, || row.clone(), |c| *c = row.clone());
            }
            course::Event::Renamed { name } => self.courses.update(&id, position, |c| c.name = name.clone()),
            course::Event::ShiftSet { shift } => self.courses.update(&id, position, |c| c.shift = Some(*shift)),
            course::Event::WeeklyScheduleSet { effective_from, slots } => {
                let row = Schedule {
                    school_id,
                    course_id: id,
                    effective_from: *effective_from,
                    slots: slots.clone(),
                    position,
                };
                self.schedules.upsert((id, *effective_from), position, || row.clone(), |s| *s = row.clone());
            }
            course::Event::ScheduleExceptionSet { date, day } => self.course_day(fact, *date, Some(day.clone())),
            course::Event::ScheduleExceptionCleared { date } => self.course_day(fact, *date, None),
            course::Event::Closed { from } => self.courses.update(&id, position, |c| c.closed_from = Some(*from)),
        }
    }

    fn student(&mut self, fact: &Fact, event: &student::Event) {
        let (school_id, position, id) = (fact.event.school_id, fact.position(), StudentId(fact.own_id));
        match event {
            student::Event::Enrolled { course_id, from, given_names, family_names, national_id } => {
                let row = Student {
                    school_id,
                    student_id: id,
                    course_id: *course_id,
                    enrolled_from: *from,
                    withdrawn_from: None,
                    given_names: Some(given_names.clone()),
                    family_names: Some(family_names.clone()),
                    national_id: national_id.clone(),
                    erased: false,
                    position,
                };
                self.students.upsert(id, position, || row.clone(), |s| *s = row.clone());
                self.membership(fact, id, *from, Some(*course_id));
                self.tell_kiosks(fact, id);
            }
            student::Event::Moved { course_id, from } => {
                self.students.update(&id, position, |s| s.course_id = *course_id);
                self.membership(fact, id, *from, Some(*course_id));
            }
            student::Event::DetailsChanged { given_names, family_names, national_id } => {
                self.students.update(&id, position, |s| {
                    // What was erased does not come back.
                    if !s.erased {
                        s.given_names = Some(given_names.clone());
                        s.family_names = Some(family_names.clone());
                        s.national_id.clone_from(national_id);
                    }
                });
            }
            student::Event::Withdrawn { from } => {
                self.students.update(&id, position, |s| s.withdrawn_from = Some(*from));
                self.membership(fact, id, *from, None);
                self.tell_kiosks(fact, id);
            }
            student::Event::CredentialIssued { credential_id, kind } => {
                let row = Credential {
                    school_id,
                    credential_id: *credential_id,
                    student_id: id,
                    kind: *kind,
                    revoked: None,
                    erased: false,
                    position,
                };
                self.credentials.upsert(*credential_id, position, || row.clone(), |c| *c = row.clone());
            }
            student::Event::CredentialRevoked { credential_id, reason } => {
                self.credentials.update(credential_id, position, |c| c.revoked = Some(*reason));
            }
            student::Event::GuardianLinked { guardian_id, rights }
            | student::Event::GuardianLinkChanged { guardian_id, rights } => {
                self.link(fact, id, *guardian_id, Some(*rights));
            }
            student::Event::GuardianUnlinked { guardian_id } => self.link(fact, id, *guardian_id, None),
            student::Event::Erased => {
                self.students.update(&id, position, |s| {
                    s.erased = true;
                    s.given_names = None;
                    s.family_names = None;
                    s.national_id = None;
                });
                self.credentials.update_where(position, |c| c.student_id == id, |c| c.erased = true);
            }
        }
    }

    /// The pupil's cards are valid on other days from now on, which their place in the delta says.
    fn tell_kiosks(&mut self, fact: &Fact, student_id: StudentId) {
        self.credentials.update_where(fact.position(), |c| c.student_id == student_id, |_| {});
    }

    fn membership(&mut self, fact: &Fact, student_id: StudentId, from_date: NaiveDate, course_id: Option<CourseId>) {
        let (school_id, position) = (fact.event.school_id, fact.position());
        self.memberships.upsert(
            (student_id, from_date),
            position,
            || Membership { school_id, student_id, from_date, course_id, position },
            |m| m.course_id = course_id,
        );
    }

    fn link(&mut self, fact: &Fact, student_id: StudentId, guardian_id: GuardianId, rights: Option<GuardianRights>) {
        let (school_id, position) = (fact.event.school_id, fact.position());
        let key = (student_id, guardian_id);
        match rights {
            Some(rights) => self.links.upsert(
                key,
                position,
                || GuardianLink { school_id, student_id, guardian_id, rights, active: true, position },
                |link| {
                    link.rights = rights;
                    link.active = true;
                },
            ),
            None => self.links.update(&key, position, |link| link.active = false),
        }
    }

    fn guardian(&mut self, fact: &Fact, event: &guardian::Event) {
        let (school_id, position, id) = (fact.event.school_id, fact.position(), GuardianId(fact.own_id));
        match event {
            guardian::Event::Registered { name, national_id, phone, mail } => {
                let row = Guardian {
                    school_id,
                    guardian_id: id,
                    name: Some(name.clone()),
                    national_id: national_id.clone(),
                    phone: phone.clone(),
                    mail: mail.clone(),
                    erased: false,
                    position,
                };
                self.guardians.upsert(id, position, || row.clone(), |g| *g = row.clone());
            }
            guardian::Event::ContactChanged { name, national_id, phone, mail } => {
                self.guardians.update(&id, position, |g| {
                    if !g.erased {
                        g.name = Some(name.clone());
                        g.national_id.clone_from(national_id);
                        g.phone.clone_from(phone);
                        g.mail.clone_from(mail);
                    }
                });
            }
            guardian::Event::PreferencesSet { .. }
            | guardian::Event::OptedOut { .. }
            | guardian::Event::OptedIn { .. } => {}
            guardian::Event::Erased => self.guardians.update(&id, position, |g| {
                g.erased = true;
                g.name = None;
                g.national_id = None;
                g.phone = None;
                g.mail = None;
            }),
        }
    }

    fn kiosk(&mut self, fact: &Fact, event: &kiosk::Event) {
        let (school_id, position, id) = (fact.event.school_id, fact.position(), KioskId(fact.own_id));
        match event {
            kiosk::Event::Enrolled { gate, mode } => {
                let row = Kiosk { school_id, kiosk_id: id, gate: gate.clone(), mode: *mode, revoked: false, position };
                self.kiosks.upsert(id, position, || row.clone(), |k| *k = row.clone());
            }
            kiosk::Event::ModeChanged { mode } => self.kiosks.update(&id, position, |k| k.mode = *mode),
            kiosk::Event::Revoked => self.kiosks.update(&id, position, |k| k.revoked = true),
            // The day at the gate is the live model's.
            kiosk::Event::DrainedThrough { .. }
            | kiosk::Event::Silent { .. }
            | kiosk::Event::Returned
            | kiosk::Event::GapDetected { .. }
            | kiosk::Event::ForkDetected { .. } => {}
        }
    }
}

fn changed(fact: &Fact) -> Changed {
    Changed { by: fact.event.actor.clone(), at: fact.event.recorded_at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::history::Random;
    use crate::testing::{Draft, facts, history, id};
    use domain::calendar::{CourseTimes, Reason};

    fn school() -> SchoolId {
        id(1 << 24)
    }

    fn fold(events: &[student::Event]) -> Roster {
        let drafts: Vec<Draft> =
            events.iter().map(|e| Draft::of(school(), id::<StudentId>(5), AnyEvent::Student(e.clone()))).collect();
        let mut roster = Roster::default();
        facts(&drafts).iter().for_each(|fact| roster.apply(fact));
        roster
    }

    fn enrolled(course: u128, from: i64) -> student::Event {
        student::Event::Enrolled {
            course_id: id(course),
            from: history::day(from),
            given_names: history::sealed(&mut Random(1)),
            family_names: history::sealed(&mut Random(2)),
            national_id: Some(history::sealed(&mut Random(3))),
        }
    }

    #[test]
    fn given_an_enrolment_and_a_move_then_the_pupil_has_dated_memberships() {
        let roster = fold(&[enrolled(1, -30), student::Event::Moved { course_id: id(2), from: history::day(-2) }]);
        let memberships: Vec<_> =
            roster.memberships.changed().iter().map(|m| (m.from_date, m.course_id, m.position)).collect();
        assert_eq!(memberships, [(history::day(-30), Some(id(1)), 1), (history::day(-2), Some(id(2)), 2)]);
        assert_eq!(roster.students.changed()[0].course_id, id(2));
    }

    #[test]
    fn given_a_withdrawal_then_the_pupil_is_in_no_course_from_that_date_on() {
        let roster = fold(&[enrolled(1, -30), student::Event::Withdrawn { from: history::day(3) }]);
        assert_eq!(roster.memberships.changed()[1].course_id, None);
        assert_eq!(roster.students.changed()[0].withdrawn_from, Some(history::day(3)));
    }

    #[test]
    fn given_a_day_set_and_cleared_then_its_layer_is_empty_and_the_school_has_moved() {
        let date = history::day(1);
        let navidad = SchoolDay::Holiday { name: "Navidad".into() };
        let set = |day: &SchoolDay| school::Event::CalendarDaySet { date, day: day.clone() };
        let cleared = school::Event::CalendarDayCleared { date, layer: Layer::Day };
        let events = [history::registered("Liceo"), set(&navidad), set(&SchoolDay::Outing), cleared];
        let drafts: Vec<Draft> =
            events.into_iter().map(|e| Draft::of(school(), school().0, AnyEvent::School(e))).collect();
        let folded = |n: usize| {
            let mut roster = Roster::default();
            facts(&drafts[..n]).iter().for_each(|fact| roster.apply(fact));
            // The same again changes nothing.
            facts(&drafts[..n]).iter().for_each(|fact| roster.apply(fact));
            let days: Vec<_> =
                roster.school_days.changed().iter().map(|d| (d.layer, d.day.clone(), d.position)).collect();
            (days, roster.schools.changed()[0].position)
        };
        let holiday = (Layer::Holiday, Some(navidad), 2);
        assert_eq!(folded(3), (vec![holiday.clone(), (Layer::Day, Some(SchoolDay::Outing), 3)], 3));
        assert_eq!(folded(4), (vec![holiday, (Layer::Day, None, 4)], 4));
    }

    #[test]
    fn given_an_exception_of_a_course_then_it_says_by_whom_and_the_course_has_moved() {
        let (course_id, date) = (id::<CourseId>(4), history::day(1));
        let level = "basica-1".to_owned();
        let opened = course::Event::Opened { year: 2026, name: "1° A".into(), level, letter: "A".into() };
        let day = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
        let events = [
            opened,
            course::Event::ScheduleExceptionSet { date, day: day.clone() },
            course::Event::ScheduleExceptionCleared { date },
        ];
        let drafts: Vec<Draft> =
            events.into_iter().map(|e| Draft::of(school(), course_id, AnyEvent::Course(e))).collect();
        let mut roster = Roster::default();
        let facts = facts(&drafts);
        for (n, expected) in [(1, Some(day)), (2, None)] {
            roster.apply(&facts[n - 1]);
            roster.apply(&facts[n]);
            let row = roster.course_days.get(&(course_id, date)).unwrap();
            assert_eq!((&row.day, &row.changed.by), (&expected, &facts[n].event.actor));
            assert_eq!(roster.courses.get(&course_id).unwrap().position, facts[n].position());
        }
    }

    #[test]
    fn given_an_erasure_then_no_sealed_value_is_left_and_none_comes_back() {
        let details = student::Event::DetailsChanged {
            given_names: history::sealed(&mut Random(4)),
            family_names: history::sealed(&mut Random(5)),
            national_id: None,
        };
        let roster = fold(&[enrolled(1, -30), student::Event::Erased, details]);
        let row = roster.students.changed()[0];
        assert!(row.erased);
        assert_eq!((&row.given_names, &row.family_names, &row.national_id), (&None, &None, &None));
    }

    #[test]
    fn given_an_erased_guardian_then_no_sealed_value_is_left() {
        let mut roster = Roster::default();
        let drafts: Vec<Draft> = guardian::samples()
            .into_iter()
            .chain([guardian::Event::Erased])
            .map(|e| Draft::of(school(), id::<GuardianId>(6), AnyEvent::Guardian(e)))
            .collect();
        facts(&drafts).iter().for_each(|fact| roster.apply(fact));
        let row = roster.guardians.changed()[0];
        assert!(row.erased);
        assert_eq!((&row.name, &row.national_id, &row.phone, &row.mail), (&None, &None, &None, &None));
    }

    #[test]
    fn given_a_revoked_card_then_it_says_why_and_moves_up_in_the_delta() {
        let roster = fold(&[
            enrolled(1, -30),
            student::Event::CredentialIssued { credential_id: id(7), kind: student::CredentialKind::Nfc },
            student::Event::CredentialRevoked { credential_id: id(7), reason: student::RevocationReason::Lost },
        ]);
        let row = roster.credentials.changed()[0];
        assert_eq!((row.revoked, row.position), (Some(student::RevocationReason::Lost), 3));
    }

    #[test]
    fn given_a_pupil_who_left_came_back_or_was_erased_then_the_cards_move_up_in_the_delta() {
        let card = |n| student::Event::CredentialIssued { credential_id: id(n), kind: student::CredentialKind::Nfc };
        let row = |roster: &Roster| -> Vec<_> {
            roster.credentials.changed().iter().map(|c| (c.erased, c.position)).collect()
        };
        let left = student::Event::Withdrawn { from: history::day(5) };
        let history = [enrolled(1, -30), card(7), card(8), left, card(9)];
        assert_eq!(row(&fold(&history)), [(false, 4), (false, 4), (false, 5)]);
        let back = fold(&[&history[..], &[enrolled(1, 30)]].concat());
        assert_eq!(row(&back), [(false, 6); 3]);
        let moved = student::Event::Moved { course_id: id(2), from: history::day(6) };
        assert_eq!(row(&fold(&[enrolled(1, -30), card(7), moved])), [(false, 2)], "at the door nothing changed");
        assert_eq!(row(&fold(&[enrolled(1, -30), card(7), student::Event::Erased])), [(true, 3)]);
    }

    #[test]
    fn given_an_ended_link_then_a_repeat_of_its_beginning_does_not_bring_it_back() {
        let linked = student::Event::GuardianLinked { guardian_id: id(8), rights: GuardianRights::default() };
        let events = [enrolled(1, -30), linked, student::Event::GuardianUnlinked { guardian_id: id(8) }];
        let mut roster = fold(&events);
        assert!(!roster.links.changed()[0].active);
        let drafts: Vec<Draft> =
            events.iter().map(|e| Draft::of(school(), id::<StudentId>(5), AnyEvent::Student(e.clone()))).collect();
        roster.apply(&facts(&drafts)[1]);
        assert!(!roster.links.changed()[0].active);
    }
}
