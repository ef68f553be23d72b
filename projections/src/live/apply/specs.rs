//! Given events, then rows.

use super::*;
use crate::testing::history::{self, Random, kiosk_id, plain_scan, pupil_id, scan};
use crate::testing::{Draft, at, facts, id, monday};
use domain::attendance_day::ManualReason;
use domain::kiosk::LaneMode;

fn school() -> SchoolId {
    id(1 << 24)
}

fn fold(drafts: &[Draft]) -> Live {
    let mut live = Live::default();
    facts(drafts).iter().for_each(|fact| live.apply(fact));
    live
}

fn entry(n: u128, hour: u32, minute: u32) -> Draft {
    scan(school(), 0, monday(), plain_scan(school(), n, Direction::Entry, at(hour, minute, 0)))
}

fn exit(n: u128, hour: u32, minute: u32) -> Draft {
    scan(school(), 0, monday(), plain_scan(school(), n, Direction::Exit, at(hour, minute, 0)))
}

fn flagged(of: &Draft, flags: &[Flag]) -> Draft {
    let AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) = &of.event else { panic!("not a scan") };
    let event = attendance_day::Event::ScanFlagged { scan_id: scan.scan_id, flags: flags.to_vec() };
    Draft { event: AnyEvent::AttendanceDay(event), ..of.clone() }
}

fn the_day(drafts: &[Draft]) -> PupilDay {
    let live = fold(drafts);
    let days = live.days.changed();
    assert_eq!(days.len(), 1);
    days[0].clone()
}

/// Everything but positions, which tell the order of arrival.
fn facts_of(day: PupilDay) -> PupilDay {
    PupilDay { position: 0, ..day }
}

#[test]
fn given_an_entry_then_the_pupil_came_at_that_time() {
    let day = the_day(&[entry(1, 10, 58)]);
    assert_eq!(day.student_id.0, pupil_id(school(), 0));
    assert_eq!((day.first_entry_at, day.first_entry_any_at), (Some(at(10, 58, 0)), Some(at(10, 58, 0))));
    assert_eq!((day.last_direction, day.last_at), (Some(Direction::Entry), Some(at(10, 58, 0))));
    assert_eq!((day.scans, day.echoes, day.position), (1, 0, 1));
}

#[test]
fn given_a_scan_synced_late_then_it_does_not_overwrite_a_later_one() {
    let day = the_day(&[exit(2, 18, 0), entry(1, 10, 58)]);
    assert_eq!(day.last_direction, Some(Direction::Exit));
    assert_eq!(day.last_at, Some(at(18, 0, 0)));
    assert_eq!(day.first_entry_at, Some(at(10, 58, 0)));
}

#[test]
fn given_an_echo_then_it_is_counted_and_its_doubts_are_not_the_day_s() {
    let (in_, out, echo) = (entry(1, 10, 58), exit(2, 18, 0), exit(3, 18, 1));
    let day = the_day(&[in_, out, echo.clone(), flagged(&echo, &[Flag::Echo, Flag::LaneMismatch])]);
    assert_eq!((day.scans, day.echoes, day.position), (3, 1, 4));
    assert_eq!((day.last_direction, day.first_entry_at), (Some(Direction::Exit), Some(at(10, 58, 0))));
    assert!(day.flags.is_empty());
}

#[test]
fn given_a_time_that_cannot_be_trusted_then_it_is_an_entry_but_not_a_time_of_entry() {
    let mut low = plain_scan(school(), 1, Direction::Entry, at(9, 0, 0));
    low.time_confidence = TimeConfidence::Low;
    let day = the_day(&[scan(school(), 0, monday(), low), entry(2, 11, 30)]);
    assert_eq!((day.first_entry_at, day.first_entry_any_at), (Some(at(11, 30, 0)), Some(at(9, 0, 0))));
}

#[test]
fn given_flags_then_the_scan_and_the_day_hold_them_once_and_sorted() {
    let scan = entry(1, 10, 58);
    let flags = [Flag::LateSync, Flag::ClockAhead];
    let live = fold(&[scan.clone(), flagged(&scan, &flags), flagged(&scan, &[Flag::LateSync])]);
    assert_eq!(live.scans.changed()[0].flags, [Flag::ClockAhead, Flag::LateSync]);
    assert_eq!(live.days.changed()[0].flags, [Flag::ClockAhead, Flag::LateSync]);
    assert_eq!(live.days.changed()[0].position, 3);
}

#[test]
fn given_a_flag_of_a_scan_that_never_came_then_nothing_changes() {
    let never = entry(9, 10, 0);
    assert!(fold(&[flagged(&never, &[Flag::Echo])]).days.changed().is_empty());
}

#[test]
fn scans_in_whatever_order_give_the_same_day() {
    let mut random = Random(17);
    for _ in 0..300 {
        let mut scans: Vec<Vec<Draft>> = (0..1 + random.below(7))
            .map(|n| {
                let minute = u32::try_from(random.below(6)).unwrap();
                let direction = random.pick(&[Direction::Entry, Direction::Exit]);
                let mut plain = plain_scan(school(), n.into(), direction, at(11, minute, 0));
                plain.time_confidence = random.pick(&[TimeConfidence::Monotonic, TimeConfidence::Low]);
                let recorded = scan(school(), 0, monday(), plain);
                let flag = flagged(&recorded, &[random.pick(&[Flag::Echo, Flag::LateSync])]);
                if random.chance(40) { vec![recorded, flag] } else { vec![recorded] }
            })
            .collect();
        let in_order = facts_of(the_day(&scans.concat()));
        random.shuffle(&mut scans);
        assert_eq!(facts_of(the_day(&scans.concat())), in_order);
    }
}

#[test]
fn given_a_kiosk_s_events_then_its_gate_tells_of_them() {
    let of = |event| Draft::of(school(), kiosk_id(school(), 0), AnyEvent::Kiosk(event));
    let drained = |seq, minute| kiosk::Event::DrainedThrough { queue_id: id(4), seq, through: at(11, minute, 0) };
    let mut drafts = vec![
        of(kiosk::Event::Enrolled { gate: "Portón Norte".into(), mode: LaneMode::Choice }),
        of(drained(7, 1)),
        of(kiosk::Event::Silent { last_seen: at(11, 2, 0) }),
        of(kiosk::Event::GapDetected { queue_id: id(4), from: 3, to: 4 }),
        of(kiosk::Event::ForkDetected { queue_id: id(4), seq: 3, scan_id: id(9) }),
        entry(1, 10, 58),
    ];
    let gate = fold(&drafts).gates.changed()[0].clone();
    assert_eq!((gate.drained_seq, gate.drained_through), (Some(7), Some(at(11, 1, 0))));
    assert_eq!((gate.gaps, gate.forks, gate.position), (1, 1, 6));
    assert_eq!((gate.silent_since, gate.last_scan_at), (Some(at(11, 2, 0)), Some(at(10, 58, 0))));
    drafts.push(of(kiosk::Event::Returned));
    drafts.push(of(drained(9, 5)));
    let gate = fold(&drafts).gates.changed()[0].clone();
    assert_eq!((gate.silent_since, gate.drained_seq), (None, Some(9)));
}

#[test]
fn given_a_quarantined_scan_then_it_waits_until_a_person_decides() {
    let samples: Vec<Draft> = quarantine::samples()
        .into_iter()
        .map(|event| Draft::of(school(), id::<Uuid>(5), AnyEvent::Quarantine(event)))
        .collect();
    let received = fold(&samples[..1]).quarantined.changed()[0].clone();
    assert_eq!(received.state, QuarantineState::Waiting);
    assert!(!received.reasons.is_empty());
    let assigned = quarantine::Event::Assigned { student_id: id(6), local_date: monday() };
    let assigned = fold(&[samples[0].clone(), Draft { event: AnyEvent::Quarantine(assigned), ..samples[0].clone() }]);
    let row = assigned.quarantined.changed()[0].clone();
    assert_eq!((row.state, row.student_id), (QuarantineState::Assigned, Some(id(6))));
    let dismissed = Draft { event: AnyEvent::Quarantine(quarantine::Event::Dismissed), ..samples[0].clone() };
    let row = fold(&[samples[0].clone(), dismissed]).quarantined.changed()[0].clone();
    assert_eq!(row.state, QuarantineState::Dismissed);
}

#[test]
fn an_event_applied_again_changes_nothing() {
    let drafts = crate::testing::history::random(school(), 5, 2, 400, &mut Random(3));
    let once = fold(&drafts);
    let mut again = once.clone();
    facts(&drafts).iter().for_each(|fact| again.apply(fact));
    assert_eq!(again.days.changed(), once.days.changed());
    assert_eq!(again.gates.changed(), once.gates.changed());
    assert_eq!(again.quarantined.changed(), once.quarantined.changed());
}

fn by_hand(n: u128, direction: Direction, hour: u32, minute: u32) -> Draft {
    let (entry_id, occurred_at) = (id(0x6000 + n), at(hour, minute, 0));
    let entry = ManualEntry { entry_id, direction, occurred_at, reason: ManualReason::ForgotCard, note: None };
    history::by_hand(school(), 0, monday(), entry, false)
}

fn taken_back(n: u128, of: &Draft) -> Draft {
    let event = attendance_day::Event::ManualEntryWithdrawn { entry_id: id(0x6000 + n) };
    Draft { event: AnyEvent::AttendanceDay(event), ..of.clone() }
}

#[test]
fn given_an_entry_by_hand_then_the_pupil_came_and_no_gate_was_heard() {
    let drafts = [by_hand(1, Direction::Entry, 11, 1)];
    let day = the_day(&drafts);
    assert_eq!((day.first_entry_at, day.first_by_hand), (Some(at(11, 1, 0)), Some(ManualReason::ForgotCard)));
    assert_eq!((day.last_direction, day.last_by_hand), (Some(Direction::Entry), Some(ManualReason::ForgotCard)));
    assert_eq!((day.scans, day.by_hand), (0, 1));
    let live = fold(&drafts);
    let rows = live.scans.changed();
    assert_eq!((rows[0].kiosk_id, rows[0].actor.as_ref()), (None, Some(&drafts[0].actor)));
    assert!(live.gates.changed().is_empty());
}

#[test]
fn given_an_entry_taken_back_then_the_day_is_what_the_others_say() {
    let (first, card, person) = (entry(1, 11, 20), exit(2, 18, 0), by_hand(1, Direction::Entry, 11, 1));
    let echo = flagged(&first, &[Flag::Echo]);
    let without = the_day(&[first.clone(), echo.clone(), card.clone()]);
    for drafts in [
        vec![person.clone(), first.clone(), echo.clone(), card.clone(), taken_back(1, &person)],
        vec![person.clone(), taken_back(1, &person), first.clone(), echo.clone(), card.clone()],
        vec![first, echo, card, person.clone(), taken_back(1, &person), taken_back(1, &person)],
    ] {
        assert_eq!(facts_of(the_day(&drafts)), facts_of(without.clone()));
        let live = fold(&drafts);
        assert!(live.scans.changed().iter().all(|row| row.withdrawn == row.by_hand.is_some()));
    }
    // Of what was never recorded there is nothing to take back.
    let day = the_day(&[person.clone(), taken_back(2, &person)]);
    assert_eq!((day.by_hand, day.position), (1, 1));
}
