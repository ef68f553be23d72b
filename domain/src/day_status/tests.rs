use super::*;
use crate::sample_values::{at, date, id};

/// Expected from 11:00 to 18:00 UTC; late after five minutes, missing after fifteen.
fn expected() -> Expectation {
    let slot = ExpectedSlot { slot_id: id(0x61), entry: at(11, 0, 0), exit: at(18, 0, 0) };
    Expectation { slots: vec![slot], why: Why::WeeklySchedule { effective_from: date() } }
}
fn nobody() -> Expectation {
    Expectation { slots: vec![], why: Why::NoSlotThatDay }
}
const POLICY: Policy = Policy { late_after_minutes: 5, missing_after_minutes: 15, echo_seconds: 60 };

fn entered(at: DateTime<Utc>) -> DayFacts {
    DayFacts {
        first_entry: Some(at),
        first_entry_any: Some(at),
        last: Some((Direction::Entry, at)),
        first_by_hand: None,
        last_by_hand: None,
        justified: None,
        may_leave: None,
        completeness: Completeness::Complete,
    }
}
fn judge(facts: &DayFacts, now: DateTime<Utc>) -> DayStatus {
    day_status(facts, &expected(), &POLICY, now)
}
fn slot_step() -> Step {
    Step::Slot {
        slot_id: id(0x61),
        entry: at(11, 0, 0),
        exit: at(18, 0, 0),
        late_from: at(11, 6, 0),
        missing_from: at(11, 15, 0),
    }
}
fn expected_step() -> Step {
    Step::Expected { why: Why::WeeklySchedule { effective_from: date() } }
}

#[test]
fn an_entry_up_to_the_last_second_of_the_limit_is_in_time() {
    for entry in [at(9, 0, 0), at(11, 0, 0), at(11, 5, 0), at(11, 5, 59)] {
        let day = judge(&entered(entry), at(12, 0, 0));
        assert_eq!((day.status, day.inside, day.minutes_late()), (Status::Present, true, None), "{entry}");
        assert_eq!(day.derivation, [expected_step(), slot_step(), Step::EntryRecorded { at: entry }, Step::InTime]);
    }
}

#[test]
fn an_entry_after_the_limit_is_late_by_whole_minutes_after_the_expected_entry() {
    for (entry, minutes) in [(at(11, 6, 0), 6), (at(11, 6, 59), 6), (at(13, 0, 30), 120)] {
        let day = judge(&entered(entry), at(14, 0, 0));
        assert_eq!((day.status, day.inside), (Status::Late { minutes }, true));
        assert_eq!(day.derivation.last(), Some(&Step::LateBy { minutes }));
    }
}

#[test]
fn d21_who_comes_at_ten_to_eight_on_the_wall_is_in_time_in_all_four_zones_and_at_twenty_past_late_by_twenty() {
    use crate::calendar::SchoolCalendar;
    use crate::course::Slot;
    use crate::expectation::{CourseCalendar, PupilCalendar, expectation};
    use crate::values::zone::resolve_local;
    use chrono::{Datelike as _, NaiveDate, NaiveTime};
    use chrono_tz::America::{Coyhaique, Punta_Arenas, Santiago};
    let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let time = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap();
    // In summer, in winter, and on both Mondays after a night in which some clocks change.
    for day in [date(2026, 3, 9), date(2026, 7, 6), date(2026, 9, 7), date(2027, 4, 5)] {
        let slot = Slot { slot_id: id(1), weekday: day.weekday(), entry: time(8, 0), exit: time(13, 0) };
        let course = CourseCalendar { schedules: vec![(date(2026, 3, 1), vec![slot])], ..CourseCalendar::default() };
        let school = SchoolCalendar::default();
        let pupil =
            PupilCalendar { enrolled_from: date(2026, 3, 1), withdrawn_from: None, course: &course, school: &school };
        for zone in [Santiago, Punta_Arenas, Coyhaique, chrono_tz::Pacific::Easter] {
            let expected = expectation(&pupil, day, zone);
            let judged = |h, m| {
                let at = resolve_local(day, time(h, m), zone);
                day_status(&entered(at), &expected, &POLICY, resolve_local(day, time(12, 0), zone)).status
            };
            assert_eq!(judged(7, 50), Status::Present, "{zone} {day}");
            assert_eq!(judged(8, 20), Status::Late { minutes: 20 }, "{zone} {day}");
        }
    }
}

#[test]
fn with_no_tolerance_the_first_whole_minute_is_late() {
    let strict = Policy { late_after_minutes: 0, ..POLICY };
    let status = |entry| day_status(&entered(entry), &expected(), &strict, at(12, 0, 0)).status;
    assert_eq!(status(at(11, 0, 59)), Status::Present);
    assert_eq!(status(at(11, 1, 0)), Status::Late { minutes: 1 });
}

#[test]
fn an_entry_at_a_time_that_cannot_be_trusted_is_present_and_never_late() {
    let facts = DayFacts { first_entry: None, ..entered(at(17, 0, 0)) };
    let day = judge(&facts, at(17, 30, 0));
    assert_eq!((day.status, day.inside), (Status::Present, true));
    let steps = [expected_step(), slot_step(), Step::EntryTimeNotTrusted { at: at(17, 0, 0) }];
    assert_eq!(day.derivation, steps);
}

#[test]
fn who_may_have_come_before_at_a_time_that_cannot_be_trusted_is_present_and_never_late() {
    let facts = DayFacts { first_entry_any: Some(at(10, 0, 0)), ..entered(at(11, 30, 0)) };
    let day = judge(&facts, at(12, 0, 0));
    assert_eq!((day.status, day.inside, day.minutes_late()), (Status::Present, true, None));
    assert_eq!(
        day.derivation,
        [
            expected_step(),
            slot_step(),
            Step::EntryRecorded { at: at(11, 30, 0) },
            Step::EarlierEntryTimeNotTrusted { at: at(10, 0, 0) }
        ]
    );
    // Also when the earlier one, by its own doubtful time, would have been late.
    let facts = DayFacts { first_entry_any: Some(at(11, 10, 0)), ..entered(at(11, 30, 0)) };
    assert_eq!(judge(&facts, at(12, 0, 0)).status, Status::Present);
}

#[test]
fn two_taps_within_the_echo_window_are_one_coming_at_the_trusted_time() {
    for (doubtful, status) in [
        (at(11, 19, 30), Status::Late { minutes: 20 }),
        (at(11, 19, 29), Status::Present),
        // A doubtful one after the trusted one changes nothing.
        (at(11, 20, 30), Status::Late { minutes: 20 }),
        (at(11, 25, 0), Status::Late { minutes: 20 }),
    ] {
        let facts = DayFacts { first_entry_any: Some(doubtful), ..entered(at(11, 20, 30)) };
        assert_eq!(judge(&facts, at(12, 0, 0)).status, status, "{doubtful}");
    }
}

#[test]
fn without_an_entry_a_pupil_is_pending_until_the_limit_and_missing_from_it_on() {
    let facts = DayFacts::none(Completeness::Complete);
    let before = judge(&facts, at(11, 14, 59));
    assert_eq!((before.status, before.inside), (Status::Pending, false));
    assert_eq!(before.derivation, [expected_step(), slot_step(), Step::NoEntryRecorded, Step::NotDueYet]);
    let after = judge(&facts, at(11, 15, 0));
    assert_eq!((after.status, after.inside), (Status::Missing, false));
    assert_eq!(after.derivation, [expected_step(), slot_step(), Step::NoEntryRecorded, Step::LimitPassed]);
}

#[test]
fn a_silent_gate_makes_the_answer_unknown_and_not_missing() {
    let facts = DayFacts::none(Completeness::GateSilent);
    assert_eq!(judge(&facts, at(11, 14, 59)).status, Status::Pending);
    let after = judge(&facts, at(11, 15, 0));
    assert_eq!(after.status, Status::Unknown);
    assert_eq!(after.derivation.last(), Some(&Step::GateSilent));
    let came = DayFacts { completeness: Completeness::GateSilent, ..entered(at(11, 0, 0)) };
    assert_eq!(judge(&came, at(11, 15, 0)).status, Status::Present);
}

#[test]
fn who_went_out_has_left_and_who_came_back_is_inside() {
    let out = DayFacts { last: Some((Direction::Exit, at(13, 0, 0))), ..entered(at(11, 20, 0)) };
    let day = judge(&out, at(14, 0, 0));
    assert_eq!((day.status, day.inside, day.minutes_late()), (Status::Left, false, Some(20)));
    assert_eq!(day.derivation.last(), Some(&Step::WentOut { at: at(13, 0, 0) }));
    let back = DayFacts { last: Some((Direction::Entry, at(13, 40, 0))), ..entered(at(11, 0, 0)) };
    let day = judge(&back, at(14, 0, 0));
    assert_eq!((day.status, day.inside), (Status::Present, true));
}

#[test]
fn an_exit_without_an_entry_is_no_entry_and_is_told() {
    let facts = DayFacts { last: Some((Direction::Exit, at(16, 0, 0))), ..DayFacts::none(Completeness::Complete) };
    let day = judge(&facts, at(17, 0, 0));
    assert_eq!((day.status, day.inside), (Status::Missing, false));
    assert_eq!(day.derivation.last(), Some(&Step::ExitWithoutEntry { at: at(16, 0, 0) }));
}

#[test]
fn who_is_not_expected_is_never_missing_and_inside_as_the_scans_say() {
    let judge = |facts: &DayFacts| day_status(facts, &nobody(), &POLICY, at(20, 0, 0));
    let absent = judge(&DayFacts::none(Completeness::Complete));
    assert_eq!((absent.status, absent.inside), (Status::NotExpected, false));
    assert_eq!(absent.derivation, [Step::Expected { why: Why::NoSlotThatDay }]);
    let came = judge(&entered(at(12, 0, 0)));
    assert_eq!((came.status, came.inside), (Status::NotExpected, true));
    assert_eq!(came.derivation.last(), Some(&Step::ScannedThoughNotExpected));
    let left = judge(&DayFacts { last: Some((Direction::Exit, at(13, 0, 0))), ..entered(at(12, 0, 0)) });
    assert_eq!((left.status, left.inside), (Status::NotExpected, false));
}

#[test]
fn the_first_stay_governs_the_day_and_each_can_be_judged_by_itself() {
    let afternoon = ExpectedSlot { slot_id: id(0x62), entry: at(17, 0, 0), exit: at(20, 0, 0) };
    let mut two = expected();
    two.slots.push(afternoon);
    let facts = DayFacts::none(Completeness::Complete);
    assert_eq!(day_status(&facts, &two, &POLICY, at(12, 0, 0)).status, Status::Missing);
    assert_eq!(slot_status(&facts, &afternoon, &POLICY, at(12, 0, 0)).status, Status::Pending);
}

#[test]
fn a_status_is_written_with_its_steps() {
    let day = judge(&DayFacts::none(Completeness::Complete), at(11, 15, 0));
    insta::assert_json_snapshot!(day, @r#"
    {
      "status": "missing",
      "inside": false,
      "derivation": [
        {
          "step": "expected",
          "why": {
            "rule": "weekly_schedule",
            "effective_from": "2026-11-23"
          }
        },
        {
          "step": "slot",
          "slot_id": "018f0000-0000-7000-8000-000000000061",
          "entry": "2026-11-23T11:00:00Z",
          "exit": "2026-11-23T18:00:00Z",
          "late_from": "2026-11-23T11:06:00Z",
          "missing_from": "2026-11-23T11:15:00Z"
        },
        {
          "step": "no_entry_recorded"
        },
        {
          "step": "limit_passed"
        }
      ]
    }
    "#);
}

#[test]
fn right_after_the_limit_nobody_is_missing_until_the_gates_have_said_that_nothing_waits() {
    let day = judge(&DayFacts::none(Completeness::Awaited), at(11, 15, 0));
    assert_eq!((day.status, day.derivation.last()), (Status::Pending, Some(&Step::GatesAwaited)));
    let came = DayFacts { completeness: Completeness::Awaited, ..entered(at(11, 0, 0)) };
    assert_eq!(judge(&came, at(11, 15, 0)).status, Status::Present);
}

#[test]
fn an_entry_by_hand_is_judged_as_any_and_its_step_says_so() {
    let reason = ManualReason::ForgotCard;
    let facts = |at| DayFacts { first_by_hand: Some(reason), last_by_hand: Some(reason), ..entered(at) };
    let day = judge(&facts(at(11, 1, 0)), at(12, 0, 0));
    assert_eq!((day.status, day.inside), (Status::Present, true));
    let by_hand = Step::RecordedByHand { reason };
    let entry = Step::EntryRecorded { at: at(11, 1, 0) };
    assert_eq!(day.derivation, [expected_step(), slot_step(), entry, by_hand, Step::InTime]);
    assert_eq!(judge(&facts(at(11, 20, 0)), at(12, 0, 0)).status, Status::Late { minutes: 20 });
}

#[test]
fn of_a_pupil_who_left_the_step_by_hand_stands_behind_what_was_by_hand() {
    let out = DayFacts { last: Some((Direction::Exit, at(13, 0, 0))), ..entered(at(11, 0, 0)) };
    let by_hand = Step::RecordedByHand { reason: ManualReason::GateFailed };
    let day = judge(&DayFacts { last_by_hand: Some(ManualReason::GateFailed), ..out }, at(14, 0, 0));
    assert_eq!(day.derivation[3..], [Step::InTime, Step::WentOut { at: at(13, 0, 0) }, by_hand]);
    let day = judge(&DayFacts { first_by_hand: Some(ManualReason::GateFailed), ..out }, at(14, 0, 0));
    assert_eq!(day.derivation[3..], [by_hand, Step::InTime, Step::WentOut { at: at(13, 0, 0) }]);
}

#[test]
fn absence_is_provisional_until_an_hour_after_the_end_of_the_last_stay_and_final_from_then_on() {
    let nobody_came = DayFacts::none(Completeness::Complete);
    let before = judge(&nobody_came, at(18, 59, 59));
    assert_eq!((before.status, before.derivation.last()), (Status::Missing, Some(&Step::LimitPassed)));
    let closed = judge(&nobody_came, at(19, 0, 0));
    assert_eq!((closed.status, closed.inside), (Status::Absent, false));
    assert_eq!(closed.derivation.last(), Some(&Step::DayClosed { at: at(19, 0, 0) }));
    let mut two = expected();
    two.slots.push(ExpectedSlot { slot_id: id(0x62), entry: at(19, 0, 0), exit: at(21, 0, 0) });
    let status = |now| day_status(&nobody_came, &two, &POLICY, now).status;
    assert_eq!([status(at(21, 59, 59)), status(at(22, 0, 0))], [Status::Missing, Status::Absent], "the last stay ends");
}

#[test]
fn a_closed_day_is_unknown_and_never_absent_while_a_gate_is_silent_and_corrected_by_what_comes_late() {
    let late_at_night = at(23, 0, 0);
    for (word, status) in [(Completeness::GateSilent, Status::Unknown), (Completeness::Awaited, Status::Pending)] {
        assert_eq!(judge(&DayFacts::none(word), late_at_night).status, status);
    }
    assert_eq!(judge(&DayFacts::none(Completeness::Complete), late_at_night).status, Status::Absent);
    assert_eq!(judge(&entered(at(11, 0, 0)), late_at_night).status, Status::Present);
    assert_eq!(judge(&entered(at(17, 30, 0)), late_at_night).status, Status::Late { minutes: 390 });
}

#[test]
fn who_was_read_going_out_is_never_absent() {
    let facts = DayFacts { last: Some((Direction::Exit, at(16, 0, 0))), ..DayFacts::none(Completeness::Complete) };
    let day = judge(&facts, at(23, 0, 0));
    assert_eq!(
        (day.status, day.derivation.last()),
        (Status::Missing, Some(&Step::ExitWithoutEntry { at: at(16, 0, 0) }))
    );
}

#[test]
fn the_gates_word_is_needed_up_to_the_limit_while_the_day_lasts_and_up_to_its_end_once_it_is_closed() {
    assert_eq!(word_needed(&expected(), &POLICY, at(12, 0, 0)), Some(at(11, 15, 0)));
    assert_eq!(word_needed(&expected(), &POLICY, at(18, 59, 59)), Some(at(11, 15, 0)));
    assert_eq!(word_needed(&expected(), &POLICY, at(19, 0, 0)), Some(at(18, 0, 0)));
    assert_eq!((word_needed(&nobody(), &POLICY, at(19, 0, 0)), closed_at(&nobody(), at(23, 0, 0))), (None, None));
}

#[test]
fn who_has_no_entry_and_is_justified_is_not_missing_whatever_the_gates_say() {
    let reason = Justification::Illness;
    for completeness in [Completeness::Complete, Completeness::Awaited, Completeness::GateSilent] {
        let facts = DayFacts { justified: Some(reason), ..DayFacts::none(completeness) };
        for now in [at(10, 0, 0), at(11, 15, 0)] {
            let day = judge(&facts, now);
            assert_eq!((day.status, day.inside), (Status::Justified, false));
            assert_eq!(day.derivation[2..], [Step::NoEntryRecorded, Step::Justified { reason }]);
        }
    }
}

#[test]
fn a_late_pupil_stays_late_and_the_reason_says_that_it_is_justified() {
    let reason = Justification::Appointment;
    let late = judge(&DayFacts { justified: Some(reason), ..entered(at(11, 20, 0)) }, at(12, 0, 0));
    assert_eq!(late.status, Status::Late { minutes: 20 });
    assert_eq!(late.derivation[3..], [Step::LateBy { minutes: 20 }, Step::Justified { reason }]);
    // Of whoever came in time there is nothing to justify.
    let came = judge(&DayFacts { justified: Some(reason), ..entered(at(11, 0, 0)) }, at(12, 0, 0));
    assert_eq!((came.status, came.derivation.last()), (Status::Present, Some(&Step::InTime)));
}

#[test]
fn who_goes_with_an_adult_before_the_end_left_early_and_who_goes_at_the_end_left() {
    let reason = LeaveReason::Appointment;
    let authorised_at = at(13, 0, 0);
    let facts = |out| DayFacts {
        last: Some((Direction::Exit, out)),
        may_leave: Some((authorised_at, reason)),
        ..entered(at(11, 20, 0))
    };
    let day = judge(&facts(at(13, 5, 0)), at(14, 0, 0));
    assert_eq!((day.status, day.inside, day.minutes_late()), (Status::EarlyLeave, false, Some(20)));
    assert_eq!(day.derivation[4..], [Step::WentOut { at: at(13, 5, 0) }, Step::LeftEarly { authorised_at, reason }]);
    // At the end of the day, having come back; before anybody was allowed to take the pupil.
    assert_eq!(judge(&facts(at(18, 0, 0)), at(19, 0, 0)).status, Status::Left);
    assert_eq!(judge(&facts(at(12, 59, 59)), at(14, 0, 0)).status, Status::Left);
    let back = DayFacts { last: Some((Direction::Entry, at(15, 0, 0))), ..facts(at(13, 5, 0)) };
    assert_eq!(judge(&back, at(15, 1, 0)).status, Status::Late { minutes: 20 });
    // Whom the school handed over was there, also if no card was read.
    let unread = DayFacts { first_entry: None, first_entry_any: None, ..facts(at(13, 5, 0)) };
    assert_eq!(judge(&unread, at(14, 0, 0)).status, Status::EarlyLeave);
}
