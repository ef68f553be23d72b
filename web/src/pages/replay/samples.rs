//! The page with made-up values, names that look like markup among them.

use super::{ByWhom, DayView, EventView, GateWord, LineView, ReplayPage, Told, Typed};
use crate::i18n::{Lang, key};
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::staff::form::Refusal;
use crate::pages::view::{CourseDay, PersonName, Pupil, School, Who};
use crate::permissions::Permission;
use chrono::TimeDelta;
use domain::attendance_day::{Direction, Flag, ManualReason};
use maud::Markup;
use projections::audit::replay::{Change, Moment};
use uuid::Uuid;

fn events() -> Vec<EventView> {
    let at = sample::now();
    let event = |told, by, then, now| EventView {
        told,
        passed_at: Some(at),
        gate: Some(HOSTILE.to_owned()),
        by,
        recorded_at: at + TimeDelta::minutes(50),
        then,
        now,
    };
    vec![
        event(Told::Scan(Direction::Entry), ByWhom::Gate, true, true),
        event(Told::Doubts(vec![Flag::Echo, Flag::LateSync]), ByWhom::Gate, false, true),
        event(Told::ByHand(Direction::Exit, ManualReason::OtherDoor), ByWhom::Name(HOSTILE.to_owned()), false, false),
        event(Told::TakenBack, ByWhom::Account(Uuid::from_u128(1)), true, true),
        event(Told::Other(HOSTILE.to_owned()), ByWhom::Program, true, true),
        event(Told::Act(domain::attendance_day::samples()[10].clone()), ByWhom::Family, true, true),
        event(Told::TakenBack, ByWhom::CommandLine, true, true),
    ]
}

fn lines() -> Vec<LineView> {
    let pupils = CourseDay::sample().pupils;
    let hostile = || PersonName::Known { family: HOSTILE.to_owned(), given: HOSTILE.to_owned() };
    let place = |pupil: &Pupil| Some((pupil.clone(), Some(HOSTILE.to_owned())));
    let pairs = pupils.iter().zip(pupils.iter().rev());
    let mut lines: Vec<LineView> = pairs
        .map(|(then, now)| LineView {
            id: then.id,
            name: hostile(),
            change: Change::Status,
            then: place(then),
            now: place(now),
            events: events(),
        })
        .collect();
    let (first, id) = (&pupils[0], |n: u128| Uuid::from_u128(0xa000 + n));
    let line =
        |n, change, then, now| LineView { id: id(n), name: PersonName::Erased, change, then, now, events: vec![] };
    lines.push(line(1, Change::Status, None, place(first)));
    lines.push(line(2, Change::Status, place(first), None));
    lines.push(line(3, Change::Reasons, place(first), place(first)));
    lines.push(line(4, Change::None, place(first), place(first)));
    lines
}

fn day(known: bool) -> DayView {
    let (at, counts) = (sample::now(), CourseDay::sample().course.counts);
    let gate = |silent: bool, drained: bool| GateWord {
        gate: HOSTILE.to_owned(),
        drained_through: drained.then_some(at),
        silent_since: silent.then_some(at),
    };
    let mut now = counts;
    now.missing += 2;
    now.late = 0;
    DayView {
        moment: Moment { at, known: if known { at } else { at + TimeDelta::hours(3) } },
        recorded_until: Some(at),
        then: known.then_some(counts),
        now,
        gates: vec![gate(true, true), gate(false, true), gate(false, false)],
        changed: (if known { 1 } else { 25 }, if known { 0 } else { 3 }),
        lines: if known { lines() } else { vec![] },
        found: if known { 400 } else { 0 },
        next: known.then_some(100),
    }
}

/// (what it is, its markup).
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let id = Uuid::from_u128(7);
    let typed = Typed {
        date: "2026-11-23".to_owned(),
        time: "08:20".to_owned(),
        pupil: HOSTILE.to_owned(),
        actor: HOSTILE.to_owned(),
        all: true,
        ..Typed::default()
    };
    let page = |typed: Typed, refused, day| {
        let page = ReplayPage {
            who: Who { name: None, several_schools: true, may: Permission::ALL.to_vec() },
            school: School { name: HOSTILE.to_owned(), ..sample::school() },
            courses: vec![(id, HOSTILE.to_owned())],
            actors: vec![
                ("user:1".to_owned(), ByWhom::Name(HOSTILE.to_owned())),
                ("cli:x".to_owned(), ByWhom::CommandLine),
            ],
            kiosks: vec![(id, HOSTILE.to_owned())],
            typed,
            refused,
            day,
        };
        page.page(lang, nonce)
    };
    let plain = || Typed { date: "2026-11-23".to_owned(), time: "00:03".to_owned(), ..Typed::default() };
    let mut pages = vec![
        ("replay hostile, as it was known".to_owned(), page(typed.clone(), None, Some(day(true)))),
        ("replay hostile, of a school that was not known".to_owned(), page(plain(), None, Some(day(false)))),
    ];
    for (fields, why) in [
        (&["fecha"][..], key("replay-wrong-date")),
        (&["hora"][..], key("replay-in-future")),
        (&["sabido"][..], key("replay-after-known")),
        (&[][..], key("replay-needs-rebuild")),
    ] {
        pages.push((
            format!("replay hostile, refused, {why}"),
            page(typed.clone(), Some(Refusal::of(fields, why)), None),
        ));
    }
    pages
}
