//! The pure board.

use super::*;
use crate::live::facts::{Course, School};
use crate::live::rows::PupilDay;
use crate::testing::history::{Random, day, schedule};
use crate::testing::{at, id, monday};
use domain::calendar::{CourseDay, CourseTimes, Reason, SchoolDay};
use domain::course;
use domain::expectation::CourseCalendar;

fn course(n: u128, hour: u32) -> Course {
    let course::Event::WeeklyScheduleSet { effective_from, slots } = schedule(day(-20), hour) else {
        panic!("not a schedule")
    };
    Course {
        course_id: id(n),
        name: format!("{n}° Básico A"),
        level: format!("basica-{n}"),
        letter: "A".into(),
        calendar: CourseCalendar { schedules: vec![(effective_from, slots)], ..CourseCalendar::default() },
    }
}

fn facts(pupils: Vec<Pupil>) -> BoardFacts {
    BoardFacts {
        school: School {
            school_id: id(1),
            name: "Liceo".into(),
            settings: domain::school::Settings::of(chrono_tz::America::Santiago),
            calendar: SchoolCalendar::default(),
        },
        date: monday(),
        as_of: AsOf { epoch: id(2), position: 9, recorded_at: None, roster_position: 9, stale_epoch: false },
        courses: vec![course(2, 8), course(1, 8)],
        pupils,
        gates: vec![],
        last_scans: vec![],
        quarantined: 3,
    }
}

fn pupil(n: u128, entry: Option<DateTime<Utc>>, last: Option<(Direction, DateTime<Utc>)>) -> Pupil {
    let day = (entry.is_some() || last.is_some()).then(|| PupilDay {
        school_id: id(1),
        local_date: monday(),
        student_id: id(n),
        first_entry_at: entry,
        first_entry_any_at: entry,
        last_direction: last.map(|l| l.0),
        last_at: last.map(|l| l.1),
        last_scan_id: None,
        scans: 1,
        echoes: 0,
        by_hand: 0,
        first_by_hand: None,
        last_by_hand: None,
        flags: vec![],
        justified: None,
        leave_from: None,
        leave_reason: None,
        position: 1,
    });
    Pupil { student_id: id(n), course_id: Some(id(1 + n % 2)), enrolled_from: day_before(), withdrawn_from: None, day }
}

fn day_before() -> NaiveDate {
    day(-1)
}

fn came(n: u128, entered: DateTime<Utc>) -> Pupil {
    pupil(n, Some(entered), Some((Direction::Entry, entered)))
}

#[test]
fn each_pupil_is_counted_once_in_the_totals_and_once_in_a_course() {
    let left = pupil(3, Some(at(10, 55, 0)), Some((Direction::Exit, at(12, 0, 0))));
    let withdrawn = Pupil { course_id: None, withdrawn_from: Some(day(-3)), ..came(5, at(10, 50, 0)) };
    let facts = facts(vec![came(1, at(10, 59, 0)), came(2, at(11, 20, 0)), left, pupil(4, None, None), withdrawn]);
    // Entry is due at 08:00 local, 11:00 UTC.
    let late = board(&facts, at(12, 30, 0));
    let t = late.totals;
    assert_eq!((t.pupils, t.expected, t.not_expected), (5, 4, 1));
    assert_eq!((t.present, t.late, t.left, t.missing, t.pending, t.unknown), (1, 1, 1, 1, 0, 0));
    assert_eq!((t.inside, t.not_expected_inside), (3, 1));
    assert_eq!(late.elsewhere.pupils, 1);
    assert_eq!(late.courses.iter().map(|c| c.level.as_str()).collect::<Vec<_>>(), ["basica-1", "basica-2"]);
    assert_eq!(late.quarantined, 3);
    let early = board(&facts, at(10, 40, 0));
    assert_eq!((early.totals.missing, early.totals.pending), (0, 1));
}

#[test]
fn nobody_is_missing_while_a_gate_may_hold_an_entry_back() {
    let gate = |drained: DateTime<Utc>, silent_since| GateLine {
        kiosk_id: id(9),
        gate: "Norte".into(),
        mode: domain::kiosk::LaneMode::Choice,
        last_seen: None,
        queue_depth: None,
        skew_ms: None,
        drained_through: Some(drained),
        last_scan_at: None,
        silent_since,
        revoked: false,
        gaps: 0,
        forks: 0,
    };
    // Missing from 11:15 UTC on.
    let at_gates = |gates: Vec<GateLine>, now| {
        let totals =
            board(&BoardFacts { gates, ..facts(vec![pupil(1, None, None), came(2, at(10, 59, 0))]) }, now).totals;
        assert!(totals.holds());
        (totals.pending, totals.missing, totals.unknown, totals.present)
    };
    let silent = gate(at(11, 0, 0), Some(at(11, 1, 0)));
    assert_eq!(at_gates(vec![gate(at(11, 15, 0), None)], at(11, 16, 0)), (0, 1, 0, 1));
    assert_eq!(at_gates(vec![gate(at(11, 14, 0), None)], at(11, 16, 0)), (1, 0, 0, 1));
    assert_eq!(at_gates(vec![gate(at(11, 14, 0), None)], at(11, 18, 0)), (0, 0, 1, 1));
    assert_eq!(at_gates(vec![gate(at(11, 15, 0), None), silent.clone()], at(11, 16, 0)), (0, 0, 1, 1));
    assert_eq!(at_gates(vec![GateLine { revoked: true, ..silent }], at(11, 16, 0)), (0, 1, 0, 1));
}

#[test]
fn the_identities_hold_for_whatever_happened() {
    let mut random = Random(23);
    for _ in 0..300 {
        let n = 1 + random.below(40);
        let pupils = (0..n)
            .map(|n| {
                let time = |r: &mut Random| at(10 + u32::try_from(r.below(4)).unwrap(), 30, 0);
                let entry = random.chance(60).then(|| time(&mut random));
                let exit = random.chance(30).then(|| (Direction::Exit, time(&mut random)));
                let mut p = pupil(n.into(), entry, exit.or(entry.map(|at| (Direction::Entry, at))));
                if random.chance(10) {
                    p.course_id = None;
                    p.withdrawn_from = Some(day(-1));
                }
                if random.chance(10)
                    && let Some(day) = &mut p.day
                {
                    day.first_entry_at = None;
                }
                p
            })
            .collect();
        let b = board(&facts(pupils), at(10 + u32::try_from(random.below(4)).unwrap(), 5, 0));
        assert!(b.totals.holds(), "{:?}", b.totals);
        assert!(b.courses.iter().all(|c| c.counts.holds()));
        assert_eq!(b.courses.iter().fold(b.elsewhere, |sum, c| sum.plus(c.counts)), b.totals);
        assert_eq!(u64::from(b.totals.pupils), n);
    }
}

#[test]
fn a_pupil_who_may_have_come_before_at_an_untrusted_time_is_not_called_late() {
    let mut p = came(1, at(15, 0, 0));
    p.day.as_mut().unwrap().first_entry_any_at = Some(at(10, 50, 0));
    let facts = facts(vec![p]);
    let b = board(&facts, at(16, 0, 0));
    assert_eq!((b.totals.present, b.totals.late), (1, 0));
}

#[test]
fn a_trusted_echo_of_an_untrusted_tap_says_how_late_the_pupil_came() {
    let mut p = came(1, at(11, 20, 30));
    p.day.as_mut().unwrap().first_entry_any_at = Some(at(11, 20, 0));
    let b = board(&facts(vec![p]), at(12, 0, 0));
    assert_eq!((b.totals.present, b.totals.late), (0, 1));
}

#[test]
fn the_scan_that_made_a_pupil_late_says_by_how_much_and_the_next_one_does_not() {
    let mut facts = facts(vec![came(2, at(11, 20, 0))]);
    let scan = |position, occurred_at| ScanFact {
        position,
        scan_id: id(position.unsigned_abs().into()),
        student_id: id(2),
        name: None,
        erased: true,
        direction: Direction::Entry,
        occurred_at,
        recorded_at: occurred_at,
        kiosk_id: Some(id(9)),
        by_hand: None,
        flags: vec![],
    };
    facts.last_scans = vec![scan(8, at(13, 0, 0)), scan(7, at(11, 20, 0))];
    let b = board(&facts, at(13, 30, 0));
    assert_eq!(b.last_scans.iter().map(|s| s.late_minutes).collect::<Vec<_>>(), [None, Some(20)]);
    assert!(b.last_scans.iter().all(|s| s.course_name.as_deref() == Some("1° Básico A") && s.erased));
}

#[test]
fn grades_go_from_kindergarten_to_the_last_of_the_middle_school() {
    let mut levels = ["media-1", "basica-10", "adultos", "basica-2", "nt-2", "nt-1", "media-4"];
    levels.sort_by_cached_key(|l| grade(l));
    assert_eq!(levels, ["nt-1", "nt-2", "basica-2", "basica-10", "media-1", "media-4", "adultos"]);
}

#[test]
fn the_first_entry_is_the_earliest_that_is_expected_of_anybody_on_the_board() {
    let mut both = facts(vec![pupil(2, None, None), pupil(1, None, None)]);
    both.courses = vec![course(2, 9), course(1, 8)];
    let of = |facts: &BoardFacts| board(facts, at(10, 0, 0)).first_entry;
    assert_eq!(of(&both), Some(at(11, 0, 0)), "08:00 in Santiago");
    // Of the later course alone: an hour that nobody is expected at does not count.
    both.pupils.retain(|p| p.course_id == Some(id(2)));
    assert_eq!(of(&both), Some(at(12, 0, 0)));
    assert_eq!(board(&both, at(10, 0, 0)).nobody, None, "somebody is expected");
    both.pupils.clear();
    assert_eq!(of(&both), None);
}

#[test]
fn a_day_without_anybody_expected_says_why_if_it_is_one_rule_for_all() {
    let rule = |change: &dyn Fn(&mut BoardFacts)| {
        let mut facts = facts(vec![pupil(1, None, None), pupil(2, None, None)]);
        change(&mut facts);
        let b = board(&facts, at(12, 0, 0));
        assert_eq!((b.totals.expected, b.totals.missing, b.first_entry), (0, 0, None));
        b.nobody
    };
    assert_eq!(rule(&|f| f.date = day(-1)), Some(Why::NoSlotThatDay), "a Sunday");
    assert_eq!(rule(&|f| f.courses.clear()), Some(Why::NoScheduleYet));
    let closed = |f: &mut BoardFacts| f.courses.iter_mut().for_each(|c| c.calendar.closed_from = Some(monday()));
    assert_eq!(rule(&closed), Some(Why::CourseClosed));
    let set = |day: SchoolDay| move |f: &mut BoardFacts| f.school.calendar.set(monday(), day.clone());
    assert_eq!(rule(&set(SchoolDay::Holiday { name: "Feriado".into() })), Some(Why::Holiday));
    assert_eq!(rule(&set(SchoolDay::Outing)), Some(Why::Outing));
    let nobody = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let all_out = |f: &mut BoardFacts| {
        f.courses.iter_mut().for_each(|c| _ = c.calendar.exceptions.insert(monday(), nobody.clone()));
    };
    assert_eq!(rule(&all_out), Some(Why::CourseNobody { reason: Reason::Outing }));
    let left = |f: &mut BoardFacts| {
        f.pupils.iter_mut().for_each(|p| (p.course_id, p.withdrawn_from) = (None, Some(day(-1))));
    };
    assert_eq!(rule(&left), Some(Why::Withdrawn));
    let mixed = |f: &mut BoardFacts| {
        closed(f);
        (f.pupils[0].course_id, f.pupils[0].withdrawn_from) = (None, Some(day(-1)));
    };
    assert_eq!(rule(&mixed), None, "two rules are no single reason");
    assert_eq!(rule(&|f| f.pupils.clear()), None, "a school without pupils has no rule");
}

#[test]
fn a_course_that_is_out_says_why_on_its_line_while_the_others_are_expected() {
    let mut facts = facts(vec![pupil(1, None, None), pupil(2, None, None), pupil(4, None, None)]);
    let out = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    facts.courses.iter_mut().find(|c| c.course_id == id(2)).unwrap().calendar.exceptions.insert(monday(), out);
    let b = board(&facts, at(12, 0, 0));
    let lines: Vec<_> = b.courses.iter().map(|c| (c.course_id, c.nobody, c.counts.expected)).collect();
    let why = Why::CourseNobody { reason: Reason::Outing };
    let expected = facts.pupils.iter().filter(|p| p.course_id == Some(id(1))).count() as u32;
    assert_eq!(lines, [(id(1), None, expected), (id(2), Some(why), 0)]);
    assert_eq!((b.nobody, b.totals.missing), (None, expected));
    assert!(expected > 0 && b.totals.not_expected > 0);
}
