use super::*;
use crate::calendar::Reason;
use crate::expectation::Why;
use crate::kiosk::LaneMode;
use crate::sample_values::{at, date, id};

const POLICY: Policy = Policy { late_after_minutes: 5, missing_after_minutes: 15, echo_seconds: 60 };

fn slot(n: u64, entry: (u32, u32), exit: (u32, u32)) -> ExpectedSlot {
    ExpectedSlot { slot_id: id(n), entry: at(entry.0, entry.1, 0), exit: at(exit.0, exit.1, 0) }
}
/// Due at 11:15.
fn morning_slot() -> ExpectedSlot {
    slot(0x61, (11, 0), (16, 0))
}
fn expected(slots: Vec<ExpectedSlot>) -> Expectation {
    Expectation { slots, why: Why::WeeklySchedule { effective_from: date() } }
}
fn drained(through: DateTime<Utc>) -> GateFacts {
    GateFacts {
        mode: LaneMode::Choice,
        revoked: false,
        drained_through: Some(through),
        silent_since: None,
        last_scan_at: None,
    }
}
fn morning(gates: &[GateFacts], now: DateTime<Utc>) -> Morning<'_> {
    Morning { date: date(), gates, policy: POLICY, mass_alarm_percent: 25, stale_after_minutes: 90, now }
}
fn absent(n: u64, course: u64, expected: &Expectation) -> Pupil<'_> {
    Pupil {
        student_id: id(n),
        course_id: Some(id(course)),
        expected,
        first_entry: None,
        last: None,
        justified: None,
        may_leave: None,
    }
}
fn present(n: u64, course: u64, expected: &Expectation) -> Pupil<'_> {
    let entry = at(10, 55, 0);
    Pupil { first_entry: Some(entry), last: Some((Direction::Entry, entry)), ..absent(n, course, expected) }
}
/// Ten pupils of a course, the first `absent` of them missing.
fn course(course: u64, missing: u64, expected: &Expectation) -> Vec<Pupil<'_>> {
    let pupil = |n| {
        let n = course.saturating_mul(100).saturating_add(n);
        if n % 100 < missing { absent(n, course, expected) } else { present(n, course, expected) }
    };
    (0..10).map(pupil).collect()
}
fn case(student: u64, slot: u64) -> CaseId {
    CaseId { date: date(), slot_id: id(slot), student_id: id(student) }
}
/// What holds each missing pupil's case, with the pupil.
fn holds(morning: &Morning<'_>, pupils: &[Pupil<'_>]) -> Vec<(CaseId, Option<Hold>)> {
    let of = |(case, finding)| match finding {
        Finding::Missing { hold, .. } => Some((case, hold)),
        Finding::Entered { .. }
        | Finding::NotExpected { .. }
        | Finding::NotDue
        | Finding::Justified { .. }
        | Finding::LeftEarly { .. } => None,
    };
    findings(morning, pupils, &[]).into_iter().filter_map(of).collect()
}

#[test]
fn who_is_expected_and_has_no_entry_when_it_is_due_is_missing_and_nothing_holds_it_back() {
    let expected = expected(vec![morning_slot()]);
    let pupils = course(1, 1, &expected);
    let gates = [drained(at(11, 15, 0))];
    assert_eq!(findings(&morning(&gates, at(11, 14, 59)), &pupils, &[]), []);
    let missing = Finding::Missing { course_id: id(1), due_at: at(11, 15, 0), hold: None };
    assert_eq!(findings(&morning(&gates, at(11, 15, 0)), &pupils, &[]), [(case(100, 0x61), missing)]);
}

#[test]
fn until_every_gate_has_said_that_nothing_waits_nothing_is_said_and_a_silent_one_holds_the_news_back() {
    let expected = expected(vec![morning_slot()]);
    let pupils = course(1, 1, &expected);
    let gates = [drained(at(11, 15, 0)), drained(at(11, 14, 59))];
    assert_eq!(findings(&morning(&gates, at(11, 17, 0)), &pupils, &[]), []);
    let awaited = |hour, minute| awaits(&morning(&gates, at(hour, minute, 0)), &pupils);
    assert_eq!([awaited(11, 14), awaited(11, 15), awaited(11, 17), awaited(11, 18)], [false, true, true, false]);
    assert_eq!(holds(&morning(&gates, at(11, 18, 0)), &pupils), [(case(100, 0x61), Some(Hold::GateSilent))]);
    let silent = GateFacts { silent_since: Some(at(10, 52, 0)), ..drained(at(10, 51, 0)) };
    assert_eq!(
        holds(&morning(&[drained(at(11, 15, 0)), silent], at(11, 15, 0)), &pupils),
        [(case(100, 0x61), Some(Hold::GateSilent))]
    );
    // No gate that counts: nobody could have been seen.
    assert_eq!(holds(&morning(&[], at(11, 15, 0)), &pupils), [(case(100, 0x61), Some(Hold::GateSilent))]);
}

#[test]
fn a_server_that_starts_at_two_in_the_afternoon_tells_no_family_of_the_morning() {
    let expected = expected(vec![morning_slot()]);
    let pupils = course(1, 1, &expected);
    let gates = [drained(at(17, 0, 0))];
    assert_eq!(holds(&morning(&gates, at(12, 44, 59)), &pupils), [(case(100, 0x61), None)]);
    assert_eq!(holds(&morning(&gates, at(12, 45, 0)), &pupils), [(case(100, 0x61), Some(Hold::Stale))]);
    assert_eq!(holds(&morning(&gates, at(17, 0, 0)), &pupils), [(case(100, 0x61), Some(Hold::Stale))]);
}

#[test]
fn more_than_a_quarter_of_a_course_is_a_mass_and_exactly_a_quarter_is_none() {
    let expected = expected(vec![morning_slot()]);
    let gates = [drained(at(11, 15, 0))];
    let now = morning(&gates, at(11, 15, 0));
    // Another course is whole, so that the school's share stays small.
    let others: Vec<Pupil<'_>> = (5..20).flat_map(|n| course(n, 0, &expected)).collect();
    let mut four_of_sixteen: Vec<Pupil<'_>> = (0..4).map(|n| absent(n, 1, &expected)).collect();
    four_of_sixteen.extend((4..16).map(|n| present(n, 1, &expected)));
    assert!(holds(&now, &[four_of_sixteen.clone(), others.clone()].concat()).iter().all(|(_, hold)| hold.is_none()));
    four_of_sixteen.pop();
    let held = holds(&now, &[four_of_sixteen, others.clone()].concat());
    assert_eq!(held.iter().map(|(_, hold)| *hold).collect::<Vec<_>>(), [Some(Hold::MassAlarm); 4]);
    // One child of two is no mass.
    let two = vec![absent(1, 1, &expected), present(2, 1, &expected)];
    assert_eq!(holds(&now, &[two, others].concat()), [(case(1, 0x61), None)]);
}

#[test]
fn a_bus_of_forty_holds_the_whole_school_until_it_arrives() {
    let expected = expected(vec![morning_slot()]);
    let gates = [drained(at(11, 15, 0))];
    // Ten of each of four courses of thirty, and of no course more than the school's share.
    let pupils: Vec<Pupil<'_>> = (1..5)
        .flat_map(|course| {
            let of = move |n: u64| course * 100 + n;
            let bus = (0..10).map(move |n| (of(n), course, true));
            bus.chain((10..30).map(move |n| (of(n), course, false)))
        })
        .map(|(n, course, away)| if away { absent(n, course, &expected) } else { present(n, course, &expected) })
        .collect();
    let held = holds(&morning(&gates, at(11, 15, 0)), &pupils);
    assert_eq!(held.len(), 40);
    assert!(held.iter().all(|(_, hold)| *hold == Some(Hold::MassAlarm)));
    // It arrives, but for two children: of those the families are told.
    let arrived: Vec<Pupil<'_>> = pupils
        .iter()
        .map(|pupil| {
            let entry = at(11, 40, 0);
            let stays = pupil.first_entry.is_some() || [id(100), id(200)].contains(&pupil.student_id);
            if stays {
                *pupil
            } else {
                Pupil { first_entry: Some(entry), last: Some((Direction::Entry, entry)), ..*pupil }
            }
        })
        .collect();
    let open: Vec<CaseId> = held.iter().map(|(case, _)| *case).collect();
    let found = findings(&morning(&gates, at(11, 41, 0)), &arrived, &open);
    let entered = found.iter().filter(|(_, f)| *f == Finding::Entered { at: at(11, 40, 0) }).count();
    assert_eq!((entered, found.len()), (38, 40));
    let missing = Finding::Missing { course_id: id(1), due_at: at(11, 15, 0), hold: None };
    assert!(found.contains(&(case(100, 0x61), missing)));
}

#[test]
fn an_open_case_is_judged_by_what_the_facts_say_now() {
    let gates = [drained(at(11, 15, 0))];
    let now = morning(&gates, at(11, 20, 0));
    let open = [case(1, 0x61)];
    let found = |pupil: Pupil<'_>| findings(&now, &[pupil], &open);
    let weekly = expected(vec![morning_slot()]);
    assert_eq!(found(present(1, 1, &weekly)), [(open[0], Finding::Entered { at: at(10, 55, 0) })]);
    // Suspended, moved to later, another slot instead, in no course any more.
    let why = Why::NoClasses { reason: Reason::Weather };
    assert_eq!(found(absent(1, 1, &Expectation { slots: vec![], why })), [(open[0], Finding::NotExpected { why })]);
    assert_eq!(found(absent(1, 1, &expected(vec![slot(0x61, (12, 0), (16, 0))]))), [(open[0], Finding::NotDue)]);
    let other = expected(vec![slot(0x62, (12, 0), (16, 0))]);
    assert_eq!(found(absent(1, 1, &other)), [(open[0], Finding::NotExpected { why: other.why })]);
    assert_eq!(findings(&now, &[], &open), [(open[0], Finding::NotExpected { why: Why::Withdrawn })]);
    // A case of another day is not this day's.
    let yesterday = CaseId { date: date().pred_opt().unwrap(), ..open[0] };
    assert_eq!(findings(&now, &[present(1, 1, &weekly)], &[yesterday]), []);
}

#[test]
fn of_two_stays_each_is_judged_by_itself() {
    let two = expected(vec![slot(0x61, (11, 0), (16, 0)), slot(0x62, (17, 0), (20, 0))]);
    let gates = [drained(at(17, 15, 0))];
    let found = |first_entry: Option<(u32, u32)>, last: Option<(Direction, (u32, u32))>| {
        let first_entry = first_entry.map(|(h, m)| at(h, m, 0));
        let last = last.map(|(direction, (h, m))| (direction, at(h, m, 0)));
        let pupil = Pupil { first_entry, last, ..absent(1, 1, &two) };
        holds(&morning(&gates, at(17, 15, 0)), &[pupil])
    };
    let afternoon = |hold| (case(1, 0x62), hold);
    // Stayed over noon; went home and came back; came for the afternoon only.
    assert_eq!(found(Some((10, 50)), Some((Direction::Entry, (10, 50)))), []);
    assert_eq!(found(Some((10, 50)), Some((Direction::Entry, (16, 55)))), []);
    assert_eq!(found(Some((16, 50)), Some((Direction::Entry, (16, 50)))), []);
    // Went home and did not come back; left early, after the afternoon began.
    assert_eq!(found(Some((10, 50)), Some((Direction::Exit, (16, 5)))), [afternoon(None)]);
    assert_eq!(found(Some((10, 50)), Some((Direction::Exit, (17, 5)))), []);
    // Never came: the morning's case is stale by now, the afternoon's is not.
    assert_eq!(found(None, None), [(case(1, 0x61), Some(Hold::Stale)), afternoon(None)]);
}

#[test]
fn the_next_look_is_at_the_next_deadline() {
    let early = expected(vec![morning_slot()]);
    let late = expected(vec![slot(0x63, (17, 0), (20, 0))]);
    let pupils = [absent(1, 1, &late), absent(2, 2, &early)];
    let next = |now| next_deadline(&morning(&[], now), &pupils);
    assert_eq!(next(at(11, 14, 59)), Some(at(11, 15, 0)));
    assert_eq!(next(at(11, 15, 0)), Some(at(17, 15, 0)));
    assert_eq!(next(at(17, 15, 0)), None);
}

#[test]
fn one_pupil_whose_data_break_stops_no_other() {
    let early = expected(vec![morning_slot()]);
    // Times that nothing can be added to, and a course that nobody knows.
    let far = ExpectedSlot { slot_id: id(0x69), entry: DateTime::<Utc>::MAX_UTC, exit: DateTime::<Utc>::MIN_UTC };
    let broken = expected(vec![far]);
    let mut pupils = vec![absent(1, 77, &broken), Pupil { course_id: None, ..absent(2, 1, &early) }];
    pupils.extend(course(3, 1, &early));
    let gates = [drained(at(11, 15, 0))];
    assert_eq!(holds(&morning(&gates, at(11, 15, 0)), &pupils), [(case(300, 0x61), None)]);
}

#[test]
fn who_is_justified_opens_no_case_and_an_open_one_is_told_why() {
    let expected = expected(vec![morning_slot()]);
    let gates = [drained(at(11, 15, 0))];
    let now = morning(&gates, at(11, 15, 0));
    let reason = Justification::Illness;
    let justified = Pupil { justified: Some(reason), ..absent(1, 1, &expected) };
    assert_eq!(findings(&now, &[justified], &[]), []);
    assert_eq!(findings(&now, &[justified], &[case(1, 0x61)]), [(case(1, 0x61), Finding::Justified { reason })]);
    // Who comes all the same came.
    let came = Pupil { justified: Some(reason), ..present(1, 1, &expected) };
    let entered = Finding::Entered { at: at(10, 55, 0) };
    assert_eq!(findings(&now, &[came], &[case(1, 0x61)]), [(case(1, 0x61), entered)]);
}

#[test]
fn justified_pupils_are_no_mass() {
    let expected = expected(vec![morning_slot()]);
    let gates = [drained(at(11, 15, 0))];
    let now = morning(&gates, at(11, 15, 0));
    let mut pupils = course(1, 3, &expected);
    assert!(holds(&now, &pupils).iter().all(|(_, hold)| *hold == Some(Hold::MassAlarm)));
    pupils[0].justified = Some(Justification::Other);
    assert_eq!(holds(&now, &pupils), [(case(101, 0x61), None), (case(102, 0x61), None)]);
}

#[test]
fn d33_who_left_early_with_an_adult_or_left_the_school_is_never_missing() {
    let two = expected(vec![slot(0x61, (11, 0), (16, 0)), slot(0x62, (17, 0), (20, 0))]);
    let gates = [drained(at(17, 15, 0))];
    let now = morning(&gates, at(17, 15, 0));
    let out = |out| Pupil { last: Some((Direction::Exit, out)), may_leave: Some(at(13, 0, 0)), ..present(1, 1, &two) };
    let gone = at(13, 5, 0);
    assert_eq!(findings(&now, &[out(gone)], &[]), []);
    let open = [case(1, 0x62)];
    assert_eq!(findings(&now, &[out(gone)], &open), [(open[0], Finding::LeftEarly { at: gone })]);
    // Allowed to go and gone by oneself before: the afternoon is missed as ever.
    assert_eq!(holds(&now, &[out(at(12, 59, 0))]), [(case(1, 0x62), None)]);
    // Left the school: in no course, so nobody is alarmed, and an open case is taken back.
    let left = Pupil { course_id: None, ..absent(1, 1, &two) };
    assert_eq!(findings(&now, &[left], &[]), []);
    let found = findings(&now, &[left], &open);
    assert_eq!(found, [(open[0], Finding::NotExpected { why: two.why })]);
}
