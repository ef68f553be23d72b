//! The page with made-up values, names that look like markup among them.

use super::{Call, EndedPage, Group, Person, PresencePage, Told};
use crate::i18n::Lang;
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::view::{Board, PersonName, School, Who};
use crate::permissions::Permission;
use chrono::{NaiveDate, TimeDelta};
use domain::RollCallId;
use domain::roll_call::{Key, Reason};
use maud::Markup;
use projections::live::presence::{Place, Tally};
use uuid::Uuid;

fn person(n: u128, place: Place, safe: bool) -> Person {
    let hostile = || HOSTILE.to_owned();
    let name = match n % 4 {
        0 => PersonName::Erased,
        1 => PersonName::Unknown,
        _ => PersonName::Known { given: hostile(), family: hostile() },
    };
    Person { id: Uuid::from_u128(0x100 + n), name, place, safe: safe.then(sample::now) }
}

/// One of every kind.
fn people(course: u128) -> Vec<Person> {
    let places = [Place::Inside { since: Some(sample::now()) }, Place::Inside { since: None }, Place::Unknown];
    let missing = places.into_iter().zip(0..).map(|(place, n)| person(course * 10 + n, place, false));
    let found = places.into_iter().chain([Place::NotInside]).zip(4..);
    missing.chain(found.map(|(place, n)| person(course * 10 + n, place, true))).collect()
}

fn page(reason: Option<Reason>, ended: bool, told: Option<Told>) -> PresencePage {
    let group = |course: u128| Group {
        course: (course > 0).then(|| Uuid::from_u128(course)),
        name: HOSTILE.to_owned(),
        people: people(course),
        tally: Tally { inside: 4, to_find: 5, safe: 4, unknown: 1 },
    };
    let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let started_at = sample::now() - TimeDelta::minutes(9);
    let trouble = Board::sample_trouble();
    PresencePage {
        who: Who { name: None, several_schools: true, may: Permission::ALL.to_vec() },
        school: School { name: HOSTILE.to_owned(), ..sample::school() },
        date,
        now: sample::now(),
        acts: true,
        account: Uuid::from_u128(7),
        position: 40,
        freshness: trouble.freshness,
        gates: trouble.gates,
        course: None,
        silent: vec![HOSTILE.to_owned()],
        groups: [1, 2, 0].into_iter().map(group).collect(),
        tally: Tally { inside: 12, to_find: 15, safe: 12, unknown: 3 },
        call: reason.map(|reason| Call {
            key: Key { date, id: RollCallId(Uuid::from_u128(9)) },
            reason,
            started_at,
            ended_at: ended.then(sample::now),
        }),
        earlier: vec![Call {
            key: Key { date, id: RollCallId(Uuid::from_u128(8)) },
            reason: Reason::Drill,
            started_at,
            ended_at: Some(sample::now()),
        }],
        told,
    }
}

/// Every page: (what it is, its markup).
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let reader = Who { name: None, several_schools: true, may: vec![Permission::BoardRead, Permission::PupilsRead] };
    let mut pages = vec![
        ("presence hostile".to_owned(), page(None, false, None)),
        ("presence hostile, nobody".to_owned(), PresencePage { groups: vec![], ..page(None, false, None) }),
        (
            "presence hostile, may not".to_owned(),
            PresencePage { acts: false, who: reader, ..page(Some(Reason::Drill), false, None) },
        ),
        ("presence hostile of a course".to_owned(), {
            PresencePage { course: Some(Uuid::from_u128(2)), ..page(Some(Reason::Drill), false, None) }
        }),
    ];
    for reason in [Reason::Drill, Reason::Evacuation] {
        for ended in [false, true] {
            pages.push((format!("presence hostile, {reason:?} {ended}"), page(Some(reason), ended, None)));
        }
    }
    pages.extend(
        Told::ALL.map(|told| (format!("presence hostile {told:?}"), page(Some(Reason::Drill), false, Some(told)))),
    );
    let mut pages: Vec<(String, Markup)> =
        pages.into_iter().map(|(name, page)| (name, page.page(lang, nonce))).collect();
    for (name, safe, groups) in [("some", Some(12), true), ("nobody", Some(12), false), ("not known yet", None, false)]
    {
        let PresencePage { who, school, call, silent, groups: all, .. } = page(Some(Reason::Evacuation), true, None);
        let groups = if groups { all } else { vec![] };
        let ended = EndedPage { who, school, call: call.unwrap(), safe, silent, groups };
        pages.push((format!("presence hostile, left to be found: {name}"), ended.page(lang, nonce)));
    }
    pages
}
