//! Reports over days that are over, over the tables.

use super::board::{morning, statements_of};
use crate::live::queries::pupil_day;
use crate::live::reports::{self, MAX_DAYS, Report, Scope, late_syncs};
use crate::live::rows::LiveScan;
use crate::testing::history::{self, course_id, day, kiosk_id, pupil_id};
use crate::testing::{Draft, World, at, id, monday};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::attendance_day::{self, Direction, Flag};
use domain::calendar::SchoolDay;
use domain::day_status::Status;
use domain::entry_rate::{Band, Tally};
use domain::expectation::Why;
use domain::kiosk::{self, LaneMode};
use domain::{AnyEvent, CourseId, SchoolId, StudentId, no_show, school, student};

fn own() -> SchoolId {
    id(1 << 24)
}

fn pupil(n: u64) -> StudentId {
    pupil_id(own(), n).into()
}

fn course(n: u64) -> CourseId {
    course_id(own(), n).into()
}

/// Monday night, when the day is closed.
fn night() -> DateTime<Utc> {
    at(23, 50, 0)
}

async fn report(world: &World, scope: Scope, dates: (NaiveDate, NaiveDate), now: DateTime<Utc>) -> Report {
    let found = reports::report(&mut world.snapshot(own()).await, scope, dates, now).await.unwrap().unwrap();
    let sum = |tallies: &mut dyn Iterator<Item = Tally>| {
        tallies.fold(Tally::default(), |sum, tally| Tally {
            expected: sum.expected + tally.expected,
            in_time: sum.in_time + tally.in_time,
            late: sum.late + tally.late,
            absent: sum.absent + tally.absent,
            justified: sum.justified + tally.justified,
            missing: sum.missing + tally.missing,
            pending: sum.pending + tally.pending,
            unknown: sum.unknown + tally.unknown,
            open: sum.open + tally.open,
            open_justified: sum.open_justified + tally.open_justified,
        })
    };
    assert_eq!(sum(&mut found.days.iter().map(|line| line.tally)), found.total, "by day");
    assert_eq!(sum(&mut found.courses.iter().map(|line| line.tally)), found.total, "by course");
    assert_eq!(sum(&mut found.pupils.iter().map(|line| line.tally)), found.total, "by pupil");
    let t = found.total;
    assert_eq!(t.expected, t.in_time + t.late + t.absent + t.justified + t.missing + t.pending + t.unknown);
    found
}

async fn monday_of(world: &World, now: DateTime<Utc>) -> Tally {
    report(world, Scope::School, (monday(), monday()), now).await.total
}

#[tokio::test]
async fn d36_a_month_s_report_takes_as_many_queries_for_1200_pupils_as_for_three() {
    let (small, large) = (World::with_requests_over(1).await, World::with_requests_over(1).await);
    morning(&small, 3, 1).await;
    morning(&large, 1_200, 30).await;
    let mut counts = Vec::new();
    for world in [&small, &large, &small, &large] {
        let mut of = Vec::new();
        for scope in [Scope::School, Scope::Course(course(0)), Scope::Pupil(pupil(1))] {
            let asked = async {
                let dates = (day(1 - MAX_DAYS), monday());
                reports::report(&mut world.snapshot(own()).await, scope, dates, night()).await.unwrap().unwrap();
            };
            of.push(statements_of(asked).await);
        }
        counts.push(of);
    }
    assert!(counts[2].iter().all(|n| *n > 5), "the statements were not counted");
    assert_eq!(counts[2], counts[3]);
}

#[tokio::test]
async fn d40_a_schedule_of_monday_to_friday_expects_everybody_on_each_of_them_and_nobody_on_the_other_two() {
    let world = World::create().await;
    morning(&world, 6, 2).await;
    // Two weeks, one of them before and one from the sample's Monday on.
    let found = report(&world, Scope::School, (day(-7), day(6)), night() + TimeDelta::days(7)).await;
    let expected: Vec<u32> = found.days.iter().map(|line| line.tally.expected).collect();
    assert_eq!(expected, [6, 6, 6, 6, 6, 0, 0, 6, 6, 6, 6, 6, 0, 0]);
    assert!(found.days.iter().all(|line| line.nobody.is_some() == (line.tally.expected == 0)));
    assert_eq!(found.days[5].nobody, Some(Why::NoSlotThatDay));
}

#[tokio::test]
async fn a_day_is_provisional_until_it_is_closed_and_what_comes_late_corrects_it() {
    let world = World::create().await;
    morning(&world, 20, 2).await;
    let while_open = monday_of(&world, at(19, 29, 59)).await;
    assert_eq!((while_open.in_time, while_open.late, while_open.missing, while_open.absent), (18, 1, 1, 0));
    assert_eq!((while_open.rate().entered, while_open.rate().known), (0, 0), "nothing of a day that lasts is in it");
    let closed = monday_of(&world, at(19, 30, 0)).await;
    assert_eq!((closed.in_time, closed.late, closed.missing, closed.absent), (18, 1, 0, 1));
    assert_eq!(closed.rate().tenths(), Some(950));
    let scan = history::plain_scan(own(), 900, Direction::Entry, at(10, 55, 0));
    world.append(&[history::scan(own(), 0, monday(), scan)]).await;
    world.catch_up_all().await;
    let corrected = monday_of(&world, night() + TimeDelta::days(3)).await;
    assert_eq!((corrected.in_time, corrected.late, corrected.absent), (19, 1, 0));
}

/// Something that people did to a pupil's Monday.
fn act(n: u64, event: attendance_day::Event) -> Draft {
    let scan = history::plain_scan(own(), 0, Direction::Entry, at(12, 0, 0));
    Draft { event: AnyEvent::AttendanceDay(event), ..history::scan(own(), n, monday(), scan) }
}

#[tokio::test]
async fn whoever_is_justified_left_early_or_was_corrected_counts_in_a_report_as_on_the_board() {
    use attendance_day::{Added, Change, EarlyLeave, Event, IdentityCheck, LeaveReason};
    let world = World::create().await;
    morning(&world, 20, 2).await;
    let reason = no_show::Justification::Illness;
    // Nobody was read on Sunday's eve; a justification alone is no passage.
    let friday = Draft {
        stream: domain::StreamId::of_day(day(-3), own(), pupil(0)),
        date: day(-3),
        ..act(0, Event::JustificationAccepted { justification_id: id(1), reason })
    };
    let leave = EarlyLeave {
        leave_id: id(2),
        guardian_id: id(3),
        identity: IdentityCheck::DocumentSeen,
        reason: LeaveReason::Unwell,
        occurred_at: at(13, 0, 0),
        note: None,
    };
    let left = Event::EarlyLeaveRecorded {
        leave_id: leave.leave_id,
        reason: leave.reason,
        occurred_at: at(13, 5, 0),
        repeats: false,
    };
    let in_time = Added { direction: Direction::Entry, occurred_at: at(10, 59, 0) };
    let scan_of_late = history::plain_scan(own(), 1, Direction::Entry, at(11, 20, 0)).scan_id;
    let change = Change { voids: Some(scan_of_late.0), adds: Some(in_time) };
    let happened = [
        friday,
        act(0, Event::JustificationAccepted { justification_id: id(1), reason }),
        act(1, Event::CorrectionApproved { correction_id: id(4), change, alone: false }),
        act(2, Event::EarlyLeaveAuthorised { leave }),
        act(2, left),
    ];
    world.append(&happened).await;
    world.catch_up_all().await;
    // While the day lasts whoever is justified is in no share, and when it is closed an absence like any other.
    let while_open = monday_of(&world, at(13, 30, 0)).await;
    assert_eq!((while_open.in_time, while_open.late, while_open.justified, while_open.missing), (19, 0, 1, 0));
    assert_eq!((while_open.rate().entered, while_open.rate().known), (0, 0));
    let closed = monday_of(&world, night()).await;
    assert_eq!((closed.in_time, closed.late, closed.justified, closed.absent), (19, 0, 1, 0));
    assert_eq!((closed.rate().entered, closed.rate().known), (19, 20));
    for (n, status) in [(0, Status::Justified), (1, Status::Present), (2, Status::EarlyLeave)] {
        let dates = (monday(), monday());
        let asked = reports::pupil(&mut world.snapshot(own()).await, pupil(n), dates, night()).await.unwrap();
        let line = pupil_day(&mut world.snapshot(own()).await, pupil(n), monday(), night()).await.unwrap().unwrap();
        let reported = &asked.unwrap().1[0].status;
        assert_eq!((reported.status, reported), (status, &line.pupil.status), "{n}");
    }
    let found = report(&world, Scope::School, (day(-3), day(-3)), night()).await;
    assert_eq!((found.total.justified, found.total.unknown, found.days[0].nobody_read), (1, 19, true));
}

#[tokio::test]
async fn a_gate_that_was_silent_leaves_the_day_unknown_and_never_absent_until_it_has_told_all() {
    let world = World::create().await;
    morning(&world, 20, 2).await;
    let gate = |event| Draft::of(own(), kiosk_id(own(), 9), AnyEvent::Kiosk(event));
    let told = |hour| gate(kiosk::Event::DrainedThrough { queue_id: id(9), seq: 0, through: at(hour, 0, 0) });
    let enrolled = kiosk::Event::Enrolled { gate: "Portón Sur".into(), mode: LaneMode::Choice };
    world.append(&[gate(enrolled), told(12), gate(kiosk::Event::Silent { last_seen: at(12, 0, 0) })]).await;
    world.catch_up_all().await;
    // Over the limit it had told all of the morning: missing; of the rest of the day it told nothing.
    assert_eq!(monday_of(&world, at(19, 0, 0)).await.missing, 1);
    let unknown = monday_of(&world, night()).await;
    assert_eq!((unknown.unknown, unknown.absent, unknown.missing), (1, 0, 0));
    assert_eq!((unknown.rate().entered, unknown.rate().known), (19, 19));
    world.append(&[gate(kiosk::Event::Returned), told(20)]).await;
    world.catch_up_all().await;
    assert_eq!(monday_of(&world, night()).await.absent, 1);
}

#[tokio::test]
async fn a_day_on_which_nobody_at_all_was_read_is_unknown_and_says_so() {
    let world = World::create().await;
    morning(&world, 20, 2).await;
    let friday = day(-3);
    let found = report(&world, Scope::Course(course(0)), (friday, monday()), night()).await;
    let line = &found.days[0];
    assert_eq!((line.tally.unknown, line.tally.absent, line.nobody_read), (10, 0, true));
    assert!(!found.days[3].nobody_read);
}

#[tokio::test]
async fn days_off_are_in_no_number_and_days_that_have_not_begun_in_no_line() {
    let world = World::create().await;
    morning(&world, 6, 2).await;
    let holiday = SchoolDay::Holiday { name: "Feriado".into() };
    let set = school::Event::CalendarDaySet { date: monday(), day: holiday };
    world.append(&[Draft::of(own(), own().0, AnyEvent::School(set))]).await;
    world.catch_up_all().await;
    let found = report(&world, Scope::School, (monday(), day(20)), night()).await;
    assert_eq!((found.total, found.days.len()), (Tally::default(), 1));
    assert_eq!(found.days[0].nobody, Some(Why::Holiday));
}

#[tokio::test]
async fn a_pupil_who_moved_counts_in_each_course_on_the_days_there_and_one_who_left_on_none_after() {
    let world = World::create().await;
    morning(&world, 6, 2).await;
    let of = |n, event| Draft::of(own(), pupil(n), AnyEvent::Student(event));
    world
        .append(&[
            of(0, student::Event::Moved { course_id: course(1), from: monday() }),
            of(2, student::Event::Withdrawn { from: monday() }),
        ])
        .await;
    world.catch_up_all().await;
    let dates = (day(-3), monday());
    let before = report(&world, Scope::Course(course(0)), dates, night()).await;
    let days: Vec<u32> = before.days.iter().map(|line| line.tally.expected).collect();
    assert_eq!(days, [3, 0, 0, 1], "0, 2 and 4 on Friday, 4 on Monday");
    let after = report(&world, Scope::Course(course(1)), dates, night()).await;
    assert_eq!(after.days.iter().map(|line| line.tally.expected).collect::<Vec<_>>(), [3, 0, 0, 4]);
    let whole = report(&world, Scope::School, dates, night()).await;
    assert_eq!(whole.total.expected, before.total.expected + after.total.expected);
    let moved = whole.pupils.iter().find(|line| line.student_id == pupil(0)).unwrap();
    assert_eq!((moved.tally.expected, moved.course_id), (2, Some(course(1))));
}

#[tokio::test]
async fn a_pupil_s_dates_say_how_each_was_as_the_board_of_that_day_does() {
    let world = World::create().await;
    morning(&world, 20, 2).await;
    let dates = (day(-1), monday());
    let asked = reports::pupil(&mut world.snapshot(own()).await, pupil(1), dates, night()).await.unwrap();
    let (found, days) = asked.unwrap();
    assert_eq!(
        days.iter().map(|day| day.status.status).collect::<Vec<_>>(),
        [Status::NotExpected, Status::Late { minutes: 20 }]
    );
    assert_eq!((days[1].first_entry, found.total.late, found.total.expected), (Some(at(11, 20, 0)), 1, 1));
    assert_eq!(found.pupils[0].band(), Some(Band::Outstanding));
    let unknown = reports::pupil(&mut world.snapshot(own()).await, id(5), dates, night()).await.unwrap();
    assert_eq!(unknown, None);
    // Another school's pupil is nobody.
    let foreign = reports::pupil(&mut world.snapshot(id(2 << 24)).await, pupil(1), dates, night()).await.unwrap();
    assert_eq!(foreign, None);
}

#[tokio::test]
async fn what_gates_told_late_is_summed_up_by_date_and_gate_and_counted_by_pupil() {
    let world = World::create().await;
    morning(&world, 20, 2).await;
    let scans: Vec<LiveScan> =
        crate::live::queries::scans_page(&mut world.tx(own()).await, monday(), 0, 3).await.unwrap();
    let flagged: Vec<Draft> = scans
        .iter()
        .map(|scan| Draft {
            stream: domain::StreamId::of_day(monday(), own(), scan.student_id),
            ..Draft::of(
                own(),
                scan.student_id,
                AnyEvent::AttendanceDay(attendance_day::Event::ScanFlagged {
                    scan_id: scan.scan_id,
                    flags: vec![Flag::LateSync],
                }),
            )
        })
        .collect();
    world.append(&flagged).await;
    world.catch_up_all().await;
    let late = late_syncs(&mut world.tx(own()).await, (day(-5), monday())).await.unwrap();
    assert_eq!(late.len(), 1);
    assert_eq!((late[0].date, late[0].gate.as_str(), late[0].scans), (monday(), "Portón 0", 3));
    let found = report(&world, Scope::School, (monday(), monday()), night()).await;
    assert_eq!(found.days[0].late_synced, 3);
}

#[tokio::test]
async fn a_month_in_which_a_pupil_came_on_17_of_20_days_is_chronic_and_three_late_entries_are_repeated() {
    let line = |in_time, late, absent| reports::PupilLine {
        student_id: pupil(0),
        course_id: None,
        tally: Tally { expected: in_time + late + absent, in_time, late, absent, ..Tally::default() },
    };
    let told = |line: reports::PupilLine| (line.is_chronic(), line.is_late_again());
    assert_eq!(told(line(17, 0, 3)), (true, false), "85 %");
    assert_eq!(told(line(18, 0, 2)), (true, false), "90 %");
    assert_eq!(told(line(19, 0, 1)), (false, false), "95 %");
    assert_eq!(told(line(17, 3, 0)), (false, true));
    assert_eq!(told(line(18, 2, 0)), (false, false));
    assert_eq!(told(line(0, 0, 0)), (false, false), "of no days nothing is said");
}
