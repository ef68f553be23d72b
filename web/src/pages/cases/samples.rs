//! Every page of the cases with made-up values, names that look like markup among them.

use super::list::CasesPage;
use super::one::Line;
use super::{By, Case, CasePage, CoursePage, Guardian, Nothing, Stage, Told};
use crate::i18n::Lang;
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::view::{PersonName, School, Who};
use crate::permissions::Permission;
use chrono::{NaiveDate, TimeDelta};
use domain::calendar::SchoolDay;
use domain::expectation::Why;
use domain::no_show::{CaseId, Event, Hold, Justification, Resolution, Retraction};
use domain::student::GuardianRights;
use domain::{CourseId, SlotId, StudentId};
use maud::Markup;
use projections::no_show::queries::{Metrics, Seconds};
use projections::no_show::rows::Ending;
use uuid::Uuid;

fn who() -> Who {
    Who { name: None, several_schools: true, may: Permission::ALL.to_vec() }
}

fn school() -> School {
    School { name: HOSTILE.to_owned(), ..sample::school() }
}

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn case(n: u128, course: u128, stage: Stage) -> Case {
    let hostile = || HOSTILE.to_owned();
    Case {
        id: CaseId { date: date(), slot_id: SlotId(Uuid::from_u128(7)), student_id: StudentId(Uuid::from_u128(n)) },
        name: PersonName::Known { given: hostile(), family: hostile() },
        course_id: Uuid::from_u128(course),
        course: hostile(),
        due_at: sample::now() - TimeDelta::minutes(12),
        stage,
    }
}

fn endings() -> Vec<Ending> {
    let at = sample::now();
    vec![
        Ending::Resolved(Resolution::Arrived { at }),
        Ending::Resolved(Resolution::Justified { reason: Justification::Illness }),
        Ending::Retracted(Retraction::EnteredBefore { at: at - TimeDelta::days(1) }),
        Ending::Retracted(Retraction::NotExpected { why: Why::Holiday }),
        Ending::Retracted(Retraction::NotDue),
    ]
}

/// One of each stage, and a mass of two.
fn stages() -> Vec<Stage> {
    let at = sample::now();
    let held = [Hold::GateSilent, Hold::Stale, Hold::MassAlarm, Hold::MassAlarm].map(|why| Stage::Review(Some(why)));
    let by = [By::You, By::Name(HOSTILE.to_owned()), By::Program, By::Somebody].map(|by| Stage::Seen { by, at });
    let ended = endings().into_iter().map(|ending| Stage::Ended { ending, at });
    [Stage::Review(None), Stage::Told(at)].into_iter().chain(held).chain(by).chain(ended).collect()
}

fn list(cases: Vec<Case>, nothing: Option<Nothing>, acts: bool, told: Option<Told>) -> CasesPage {
    let seconds = Some(Seconds { median: 95.0, p95: 400.0 });
    let metrics = Metrics {
        opened: 40,
        told: 31,
        false_alarms: 2,
        due_to_opened: seconds,
        opened_to_acknowledged: seconds,
        ..Metrics::default()
    };
    let notice = told.map(|told| (told, cases.first().map(|case| case.name.clone())));
    CasesPage {
        who: who(),
        school: school(),
        date: date(),
        today: if acts { date() } else { date() + TimeDelta::days(3) },
        now: sample::now(),
        acts,
        cases,
        nothing,
        metrics: acts.then_some(metrics),
        notice,
    }
}

fn one(stage: Stage, acts: bool, told: Option<Told>) -> CasePage {
    let guardian = |phone: Option<&str>, legal: bool, restricted: bool| Guardian {
        name: (!restricted || legal).then(|| HOSTILE.to_owned()),
        phone: phone.map(str::to_owned),
        rights: GuardianRights { legal, notify: legal, may_collect: legal, restricted, ..GuardianRights::default() },
    };
    let said = [
        Event::Opened { course_id: CourseId(Uuid::from_u128(1)), due_at: sample::now() },
        Event::Held { reason: Hold::MassAlarm },
        Event::NoticeRequested { step: 1 },
        Event::Acknowledged,
        Event::Retracted { retraction: Retraction::NotDue },
        Event::Resolved { resolution: Resolution::Justified { reason: Justification::Other } },
    ];
    let by = [By::Program, By::Name(HOSTILE.to_owned()), By::You, By::Somebody];
    let log = said.into_iter().zip(by.into_iter().cycle()).map(|(said, by)| Line { said, by, at: sample::now() });
    CasePage {
        who: who(),
        school: school(),
        now: sample::now(),
        acts,
        case: case(1, 1, stage),
        guardians: vec![
            guardian(Some("+56912345678"), true, false),
            guardian(None, false, false),
            guardian(None, true, true),
            guardian(None, false, true),
        ],
        log: log.collect(),
        told,
    }
}

/// (what it is, its markup).
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let cases = || stages().into_iter().zip(1..).map(|(stage, n)| case(n, n / 4, stage)).collect::<Vec<_>>();
    let many = |stage: Stage| (1..60).map(|n| case(n, 1, stage.clone())).collect::<Vec<_>>();
    let mut pages = vec![
        ("cases hostile".to_owned(), list(cases(), None, true, None).page(lang, nonce)),
        ("cases hostile to look at".to_owned(), list(cases(), None, false, None).page(lang, nonce)),
        (
            "cases hostile, a mass".to_owned(),
            list(many(Stage::Review(Some(Hold::MassAlarm))), None, true, None).page(lang, nonce),
        ),
        (
            "cases hostile, many".to_owned(),
            list(many(Stage::Review(Some(Hold::Stale))), None, true, None).page(lang, nonce),
        ),
        (
            "cases hostile, many told".to_owned(),
            list(many(Stage::Told(sample::now())), None, true, None).page(lang, nonce),
        ),
        ("case hostile to look at".to_owned(), one(Stage::Told(sample::now()), false, None).page(lang, nonce)),
    ];
    for (n, stage) in stages().into_iter().enumerate() {
        pages.push((format!("case hostile {n}"), one(stage, true, None).page(lang, nonce)));
    }
    for told in Told::ALL {
        pages.push((format!("cases hostile {told:?}"), list(cases(), None, true, Some(told)).page(lang, nonce)));
        pages.push((format!("case hostile {told:?}"), one(Stage::Review(None), true, Some(told)).page(lang, nonce)));
    }
    for nothing in [
        Nothing::NobodyExpected(None),
        Nothing::NobodyExpected(Some(SchoolDay::Outing)),
        Nothing::NotYetLookedAt(3),
        Nothing::NotDue(400),
        Nothing::SomeToCome(1),
        Nothing::AllCame(400),
        Nothing::OnThatDay,
    ] {
        pages.push((format!("cases none {nothing:?}"), list(Vec::new(), Some(nothing), true, None).page(lang, nonce)));
    }
    for cases in [cases(), Vec::new()] {
        let page = CoursePage {
            who: who(),
            school: school(),
            course_id: Uuid::from_u128(1),
            course: HOSTILE.to_owned(),
            date: date(),
            cases,
        };
        pages.push((format!("cases of a course hostile {}", page.cases.len()), page.page(lang, nonce)));
    }
    pages
}
