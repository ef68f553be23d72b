//! Every page of the reports with made-up values, names that look like markup among them.

use super::class_list::Outcome;
use super::parts::{Base, Names};
use super::{absence, class_list, course, day, gates, month, pupil};
use crate::i18n::Lang;
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::view::{PersonName, School, Who};
use crate::permissions::Permission;
use crate::reports::class_list::{ListProblem, RowProblem};
use crate::reports::compare::{Comparison, Found, Unlisted};
use chrono::{NaiveDate, TimeDelta};
use domain::calendar::SchoolCalendar;
use domain::class_list::{Difference, Marked};
use domain::day_status::{DayStatus, Status, Step};
use domain::entry_rate::Tally;
use domain::expectation::Why;
use domain::school::Settings;
use domain::{CourseId, Epoch, KioskId, SchoolId, StudentId};
use maud::Markup;
use projections::live::board::AsOf;
use projections::live::facts;
use projections::live::reports::{CourseLine, DayLine, LateSync, PupilDate, PupilLine, Report};
use uuid::Uuid;

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn student(n: u128) -> StudentId {
    StudentId(Uuid::from_u128(n))
}

fn base(names: bool) -> Base {
    Base {
        who: Who { name: None, several_schools: true, may: Permission::ALL.to_vec() },
        school: School { name: HOSTILE.to_owned(), ..sample::school() },
        today: date(23),
        names,
    }
}

fn tally(in_time: u32, late: u32, absent: u32, unknown: u32) -> Tally {
    let justified = 4;
    let expected = in_time + late + absent + justified + unknown;
    Tally { expected, in_time, late, absent, justified, unknown, ..Tally::default() }
}

fn report(from: NaiveDate, to: NaiveDate, nobody: bool) -> Report {
    let course_id = CourseId(Uuid::from_u128(1));
    let line = |date: NaiveDate| DayLine {
        date,
        nobody: nobody.then_some(Why::Holiday),
        tally: if nobody { Tally::default() } else { tally(380, 20, 12, u32::from(date == to) * 30) },
        nobody_read: date == to,
        late_synced: u32::from(date == from) * 3,
    };
    let pupil = |n: u128| PupilLine {
        student_id: student(n),
        course_id: Some(course_id),
        tally: if n == 3 { Tally::default() } else { tally(14, 3, 3, 0) },
    };
    Report {
        school: facts::School {
            school_id: SchoolId(Uuid::from_u128(9)),
            name: HOSTILE.to_owned(),
            settings: Settings::of(chrono_tz::America::Santiago),
            calendar: SchoolCalendar::default(),
        },
        from,
        to,
        now: sample::now(),
        as_of: AsOf {
            epoch: Epoch(Uuid::nil()),
            position: 1,
            recorded_at: None,
            roster_position: 1,
            stale_epoch: false,
        },
        total: if nobody { Tally::default() } else { tally(7_600, 400, 240, 30) },
        days: from.iter_days().take_while(|date| *date <= to).map(line).collect(),
        courses: if nobody {
            vec![]
        } else {
            vec![CourseLine { course_id, name: HOSTILE.to_owned(), tally: tally(170, 0, 30, 0) }]
        },
        pupils: if nobody { vec![] } else { (1..4).map(pupil).collect() },
    }
}

fn names() -> Names {
    let hostile = PersonName::Known { given: HOSTILE.to_owned(), family: HOSTILE.to_owned() };
    Names::sample([(student(1), hostile), (student(2), PersonName::Erased)])
}

fn dates() -> Vec<PupilDate> {
    let late = vec![Step::LateBy { minutes: 12 }];
    let all = [
        (Status::Present, vec![]),
        (Status::Late { minutes: 12 }, late.clone()),
        (Status::Left, late),
        (Status::Absent, vec![]),
        (Status::Missing, vec![]),
        (Status::Pending, vec![]),
        (Status::Unknown, vec![]),
        (Status::Justified, vec![]),
        (Status::EarlyLeave, vec![]),
        (Status::NotExpected, vec![]),
    ];
    let of = |(n, (status, derivation)): (u32, (Status, Vec<Step>))| PupilDate {
        date: date(n),
        status: DayStatus { status, inside: false, derivation },
        first_entry: (n < 4).then(sample::now),
        left_at: (n == 3).then(|| sample::now() + TimeDelta::hours(7)),
        late_synced: n == 2,
    };
    (1..).zip(all).map(of).collect()
}

fn comparison() -> Comparison {
    let kinds = [Difference::EnteredNotInClass, Difference::InClassNotEntered, Difference::GateUnknown];
    let marks = [Marked::Absent, Marked::Present, Marked::Late];
    let problems = [
        RowProblem::Date,
        RowProblem::Mark,
        RowProblem::Pupil,
        RowProblem::UnknownPupil,
        RowProblem::SeveralPupils,
        RowProblem::OtherDates,
        RowProblem::Repeated,
    ];
    let found = (2..).zip(kinds.into_iter().zip(marks)).zip(dates()).map(|((row, (difference, marked)), day)| Found {
        row,
        difference,
        marked,
        student_id: student(row.into()),
        course: HOSTILE.to_owned(),
        day,
    });
    Comparison {
        compared: 40,
        differences: found.collect(),
        unlisted: vec![Unlisted { date: date(23), student_id: student(1), course: HOSTILE.to_owned() }],
        problems: (9..).zip(problems).collect(),
    }
}

/// (what it is, its markup).
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let month_of = |nobody| report(date(1), date(30), nobody);
    let late = LateSync {
        date: date(3),
        kiosk_id: KioskId(Uuid::nil()),
        gate: HOSTILE.to_owned(),
        scans: 41,
        longest_seconds: 7_300,
    };
    let course = (CourseId(Uuid::from_u128(1)), HOSTILE);
    let name = PersonName::Known { given: HOSTILE.to_owned(), family: HOSTILE.to_owned() };
    let mut pages = Vec::new();
    for names_shown in [true, false] {
        let base = base(names_shown);
        pages.push((format!("report hostile month {names_shown}"), month::page(&base, &month_of(false), lang, nonce)));
        pages.push((
            format!("report hostile month of nothing {names_shown}"),
            month::page(&base, &month_of(true), lang, nonce),
        ));
        for (what, on, nobody) in [("past", 20, false), ("today", 23, false), ("off", 22, true), ("ahead", 28, true)] {
            let report = report(date(on), date(on), nobody);
            pages.push((format!("report hostile day {what} {names_shown}"), day::page(&base, &report, lang, nonce)));
        }
        for late in [vec![late.clone()], vec![]] {
            let page = gates::page(&base, &month_of(late.is_empty()), &late, lang, nonce);
            pages.push((format!("report hostile gates {} {names_shown}", late.len()), page));
        }
    }
    let base = base(true);
    for nobody in [false, true] {
        let report = month_of(nobody);
        pages.push((format!("report hostile absence {nobody}"), absence::page(&base, &report, &names(), lang, nonce)));
        pages.push((
            format!("report hostile course {nobody}"),
            course::page(&base, &report, course, &names(), lang, nonce),
        ));
        let days = if nobody { vec![] } else { dates() };
        let page = pupil::page(&base, &report, (student(1), &name), &days, lang, nonce);
        pages.push((format!("report hostile pupil {nobody}"), page));
    }
    let outcomes = [
        Outcome::Nothing,
        Outcome::Refused(ListProblem::Size),
        Outcome::Refused(ListProblem::NoHeader),
        Outcome::Refused(ListProblem::OpenQuote),
        Outcome::Compared(comparison(), names()),
    ];
    for (n, outcome) in outcomes.iter().enumerate() {
        pages.push((format!("report hostile class list {n}"), class_list::page(&base, outcome, lang, nonce)));
    }
    pages
}
