use super::*;
use crate::ids::SlotId;
use crate::sample_values::{at, id};

fn pupil(n: u64) -> StudentId {
    id(n)
}
fn course() -> CourseId {
    id(9)
}
fn flip(n: u64, before: Option<Outcome>, after: Option<Outcome>) -> Flip {
    Flip { student_id: pupil(n), course_id: Some(course()), before, after }
}
fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}
fn case(n: u64) -> CaseId {
    CaseId { date: day(), slot_id: SlotId(uuid::Uuid::nil()), student_id: pupil(n) }
}
fn missing(n: u64, hold: Option<Hold>) -> (CaseId, Finding) {
    (case(n), Finding::Missing { course_id: course(), due_at: at(11, 15, 0), hold })
}
fn ended(outcomes: &[Option<Outcome>]) -> Judged {
    let of = |outcome: &Option<Outcome>| Ended { course_id: Some(course()), outcome: *outcome };
    Judged { ended: (0..).map(pupil).zip(outcomes.iter().map(of)).collect(), cases: Cases::default() }
}
fn found(looks: &[&[(CaseId, Finding)]]) -> Cases {
    let mut cases = Cases::default();
    looks.iter().for_each(|look| cases.observe(look.iter().copied()));
    cases
}

#[test]
fn whose_day_would_count_otherwise_is_told_from_what_to_what() {
    use Outcome::{Absent, InTime, Late};
    let before = ended(&[Some(InTime), Some(Late), Some(Absent), None]);
    let after = ended(&[Some(InTime), Some(InTime), Some(Absent), None]);
    let effect = compare(day(), &before, &after);
    assert_eq!(effect.flips, [flip(1, Some(Late), Some(InTime))]);
    assert!(effect.expected);
    let same = compare(day(), &after, &after);
    assert!(same.flips.is_empty());
    let off = ended(&[None, None]);
    assert!(!compare(day(), &off, &off).expected);
}

#[test]
fn whoever_is_on_one_side_only_was_not_expected_on_the_other() {
    let effect = compare(day(), &ended(&[]), &ended(&[Some(Outcome::Absent), None]));
    assert_eq!(effect.flips, [flip(0, None, Some(Outcome::Absent))]);
}

#[test]
fn a_family_is_told_once_and_a_held_case_that_is_let_go_is_told() {
    let told = found(&[&[missing(1, None)], &[missing(1, None)]]);
    assert_eq!(told.notices(), Notices { told: 1, ..Notices::default() });
    let held = found(&[&[missing(1, Some(Hold::MassAlarm)), missing(2, Some(Hold::GateSilent))]]);
    assert!(held.wait());
    assert_eq!(held.notices(), Notices { mass_alarm: 1, gate_silent: 1, ..Notices::default() });
    let mut let_go = held.clone();
    let_go.observe([missing(1, None), missing(2, Some(Hold::Stale))]);
    assert!(!let_go.wait(), "what is no news any more is not awaited");
    assert_eq!(let_go.notices(), Notices { told: 1, gate_silent: 1, ..Notices::default() });
    assert_eq!(let_go.open(), [case(1), case(2)]);
}

#[test]
fn who_comes_while_the_case_is_held_is_not_told_of() {
    let came = (case(1), Finding::Entered { at: at(11, 20, 0) });
    let cases = found(&[&[missing(1, Some(Hold::MassAlarm))], &[came]]);
    assert_eq!(cases.notices(), Notices { mass_alarm: 1, ..Notices::default() });
    assert!(!cases.wait() && cases.open().is_empty());
    assert_eq!(found(&[&[came]]).notices(), Notices::default(), "never missing");
}

#[test]
fn a_month_is_the_sum_of_its_days() {
    let day_with = |flips: &[u64], told| DayEffect {
        date: day(),
        expected: told > 0,
        flips: flips.iter().map(|n| flip(*n, None, Some(Outcome::Late))).collect(),
        before: Notices { told, ..Notices::default() },
        after: Notices { mass_alarm: told, ..Notices::default() },
    };
    let month = Simulated { days: vec![day_with(&[1, 2], 3), day_with(&[2], 0), day_with(&[], 4)] };
    assert_eq!((month.school_days(), month.flips(), month.pupils().len()), (2, 3, 2));
    let [before, after] = month.notices();
    assert_eq!((before.told, after.told, after.mass_alarm), (7, 0, 7));
}
