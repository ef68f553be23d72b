//! Given events, then rows.

use super::*;
use crate::testing::history::of_case;
use crate::testing::{Draft, at, facts, id, monday};
use chrono::TimeDelta;
use domain::Actor;
use domain::no_show::{Hold, Justification, Resolution, Retraction};

fn school() -> SchoolId {
    id(1 << 24)
}

fn the_case() -> CaseId {
    CaseId { date: monday(), slot_id: id(0x7000), student_id: id(0x31) }
}

fn say(event: Event) -> Draft {
    of_case(school(), the_case(), event)
}

fn opened(course: u128, minute: u32) -> Draft {
    say(Event::Opened { course_id: id(course), due_at: at(11, minute, 0) })
}

fn held(reason: Hold) -> Draft {
    say(Event::Held { reason })
}

fn told() -> Draft {
    say(Event::NoticeRequested { step: 1 })
}

fn acknowledged() -> Draft {
    Draft { actor: Actor::user(id(0xacc0)), ..say(Event::Acknowledged) }
}

fn arrived() -> Resolution {
    Resolution::Arrived { at: at(11, 40, 0) }
}

fn fold(drafts: &[Draft]) -> Option<Case> {
    let mut model = NoShow::default();
    facts(drafts).iter().for_each(|fact| model.apply(fact));
    model.cases.changed().first().map(|case| Case::clone(case))
}

/// When the log learned the event at a position.
fn learned(position: i64) -> DateTime<Utc> {
    opened(1, 0).recorded(position).recorded_at
}

#[test]
fn given_an_opening_then_there_is_a_case_that_nobody_was_told_of() {
    let case = fold(&[opened(0x21, 15)]).unwrap();
    let expected = Case {
        school_id: school(),
        local_date: monday(),
        slot_id: id(0x7000),
        student_id: id(0x31),
        course_id: id(0x21),
        due_at: at(11, 15, 0),
        state: CaseState::Open,
        held_reason: None,
        opened_at: learned(1),
        told_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        closed_at: None,
        ending: None,
        openings: 1,
        sequence: 1,
        position: 1,
    };
    assert_eq!((case.id(), &case), (the_case(), &expected));
}

#[test]
fn given_a_hold_then_its_newest_reason_stands_until_the_families_are_told() {
    let case = fold(&[opened(0x21, 15), held(Hold::GateSilent), held(Hold::MassAlarm)]).unwrap();
    assert_eq!((case.state, case.held_reason, case.told_at), (CaseState::Held, Some(Hold::MassAlarm), None));
    let case = fold(&[opened(0x21, 15), held(Hold::GateSilent), told()]).unwrap();
    assert_eq!((case.state, case.held_reason, case.told_at), (CaseState::Told, None, Some(learned(3))));
}

#[test]
fn given_two_notices_then_the_first_says_when_the_families_were_told() {
    let case = fold(&[opened(0x21, 15), told(), say(Event::NoticeRequested { step: 2 })]).unwrap();
    assert_eq!((case.told_at, case.sequence, case.position), (Some(learned(2)), 3, 3));
}

#[test]
fn given_that_somebody_looks_after_it_then_it_says_who() {
    for before in [held(Hold::Stale), told()] {
        let was_told = matches!(before.event, AnyEvent::NoShowCase(Event::NoticeRequested { .. }));
        let case = fold(&[opened(0x21, 15), before, acknowledged()]).unwrap();
        assert_eq!((case.state, case.held_reason), (CaseState::Acknowledged, None));
        let by = (case.acknowledged_at, case.acknowledged_by);
        assert_eq!(by, (Some(learned(3)), Some(Actor::user(id(0xacc0)))));
        assert_eq!(case.told_at.is_some(), was_told);
    }
}

#[test]
fn given_an_end_then_it_says_which_and_what_came_before_stays() {
    let justified = Resolution::Justified { reason: Justification::Illness };
    for resolution in [arrived(), justified] {
        let case = fold(&[opened(0x21, 15), told(), acknowledged(), say(Event::Resolved { resolution })]).unwrap();
        assert_eq!((case.state, case.ending), (CaseState::Resolved, Some(Ending::Resolved(resolution))));
        assert_eq!((case.told_at, case.acknowledged_at), (Some(learned(2)), Some(learned(3))));
        assert_eq!(case.closed_at, Some(learned(4)));
    }
    let retraction = Retraction::EnteredBefore { at: at(11, 0, 0) };
    let case = fold(&[opened(0x21, 15), held(Hold::Stale), say(Event::Retracted { retraction })]).unwrap();
    assert_eq!((case.state, case.ending), (CaseState::Retracted, Some(Ending::Retracted(retraction))));
    assert_eq!((case.held_reason, case.closed_at), (None, Some(learned(3))));
}

#[test]
fn given_a_second_opening_then_the_case_begins_anew_and_counts_it() {
    let end = say(Event::Resolved { resolution: arrived() });
    let case = fold(&[opened(0x21, 15), told(), acknowledged(), end, opened(0x22, 20)]).unwrap();
    let first = fold(&[opened(0x22, 20)]).unwrap();
    let anew = Case { opened_at: learned(5), openings: 2, sequence: 5, position: 5, ..first };
    assert_eq!(case, anew);
}

#[test]
fn given_an_end_then_nothing_but_an_opening_changes_where_it_stands() {
    let end = say(Event::Resolved { resolution: arrived() });
    let case = fold(&[opened(0x21, 15), end.clone()]).unwrap();
    for late in [held(Hold::Stale), told(), acknowledged()] {
        let after = fold(&[opened(0x21, 15), end.clone(), late]).unwrap();
        assert_eq!(after, Case { sequence: 3, position: 3, ..case.clone() });
    }
}

#[test]
fn given_what_was_said_on_another_date_then_it_is_of_the_case_s_own() {
    let late = Draft { date: monday() + TimeDelta::days(1), ..told() };
    let case = fold(&[opened(0x21, 15), late]).unwrap();
    assert_eq!((case.state, case.local_date), (CaseState::Told, monday()));
}

#[test]
fn given_what_was_applied_before_or_what_was_never_opened_then_nothing_changes() {
    let drafts = [opened(0x21, 15), told(), say(Event::Resolved { resolution: arrived() })];
    let mut model = NoShow::default();
    for _ in 0..2 {
        facts(&drafts).iter().for_each(|fact| model.apply(fact));
    }
    assert_eq!(model.cases.changed().len(), 1);
    assert_eq!(model.cases.changed().first().map(|case| Case::clone(case)), fold(&drafts));
    assert_eq!(fold(&drafts[1..]), None);
}

#[test]
fn every_end_reads_back_as_it_was_said() {
    for event in domain::no_show::samples() {
        let ending = match event {
            Event::Resolved { resolution } => Ending::Resolved(resolution),
            Event::Retracted { retraction } => Ending::Retracted(retraction),
            Event::Opened { .. } | Event::Held { .. } | Event::NoticeRequested { .. } | Event::Acknowledged => continue,
        };
        let json = serde_json::to_value(ending).unwrap();
        assert!(json.get("how").is_some() || json.get("cause").is_some(), "{json}");
        assert_eq!(serde_json::from_value::<Ending>(json).unwrap(), ending);
    }
}
