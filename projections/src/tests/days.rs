//! A course's page, a pupil's day, the scans and the quarantine, over the tables.

use super::board::{morning, statements_of};
use crate::live::board::board;
use crate::live::queries::{course_page, load_board, pupil_day, quarantine_page, scans_page};
use crate::live::rows::QuarantineState;
use crate::live::{health, kept};
use crate::roster::queries;
use crate::testing::history::{self, Random, course_id, day, pupil_id};
use crate::testing::{Draft, World, at, id, monday};
use domain::attendance_day::{self, Direction, Flag};
use domain::calendar::{CourseDay, CourseTimes, Layer, Reason, SchoolDay};
use domain::day_status::Status;
use domain::expectation::Why;
use domain::quarantine::{self, QuarantinedScan, Reason as WhyKept};
use domain::school;
use domain::{AnyEvent, CourseId, Epoch, SchoolId, StudentId, student};
use uuid::Uuid;

fn school() -> SchoolId {
    id(1 << 24)
}

fn pupil(n: u64) -> StudentId {
    pupil_id(school(), n).into()
}

fn course(n: u64) -> CourseId {
    course_id(school(), n).into()
}

fn of_pupil(n: u64, event: student::Event) -> Draft {
    Draft::of(school(), pupil(n), AnyEvent::Student(event))
}

fn scan(n: u64, id: u128, direction: Direction, hour: u32, minute: u32) -> Draft {
    history::scan(school(), n, monday(), history::plain_scan(school(), id, direction, at(hour, minute, 0)))
}

#[tokio::test]
async fn a_course_s_pages_hold_its_pupils_on_that_date_once_and_as_the_board_counts_them() {
    let world = World::create().await;
    morning(&world, 95, 2).await;
    let (left, came, ahead) = (day(-2), day(-1), day(3));
    world
        .append(&[
            of_pupil(0, student::Event::Moved { course_id: course(1), from: left }),
            of_pupil(1, student::Event::Moved { course_id: course(0), from: came }),
            of_pupil(2, student::Event::Withdrawn { from: left }),
            of_pupil(4, student::Event::Moved { course_id: course(1), from: ahead }),
            of_pupil(6, student::Event::Erased),
        ])
        .await;
    world.catch_up_all().await;
    let now = at(11, 30, 0);
    let board = load_board(&mut world.snapshot(school()).await, monday(), now).await.unwrap().unwrap();
    for line in &board.courses {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = course_page(&mut world.snapshot(school()).await, line.course_id, monday(), now, after, 10).await;
            let page = page.unwrap().unwrap();
            assert_eq!((page.course.course_id, page.as_of), (line.course_id, board.as_of));
            assert!(page.pupils.len() <= 10);
            seen.extend(page.pupils);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(seen.is_sorted_by(|a, b| a.student_id < b.student_id), "each once");
        let count = |f: &dyn Fn(&Status) -> bool| seen.iter().filter(|p| f(&p.status.status)).count() as u32;
        assert_eq!(count(&|_| true), line.counts.pupils);
        assert_eq!(count(&|s| *s == Status::Present), line.counts.present);
        assert_eq!(count(&|s| matches!(s, Status::Late { .. })), line.counts.late);
        assert_eq!(count(&|s| *s == Status::Missing), line.counts.missing);
        assert!(seen.iter().all(|p| p.name.is_some() != p.erased));
        let here = |n| seen.iter().any(|p| p.student_id == pupil(n));
        let first = line.course_id == course(0);
        assert_eq!(
            [here(0), here(1), here(2), here(4)],
            if first { [false, true, false, true] } else { [true, false, false, false] }
        );
        // The day before both moves they were where they had been.
        let page = course_page(&mut world.snapshot(school()).await, line.course_id, day(-3), now, None, 200)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(page.pupils.iter().any(|p| p.student_id == pupil(0)), first);
    }
    // Another school's course, and a page that ends with the last pupil.
    let foreign =
        course_page(&mut world.snapshot(id(2 << 24)).await, course(0), monday(), now, None, 10).await.unwrap();
    assert_eq!(foreign, None);
    assert_eq!(course_page(&mut world.snapshot(school()).await, id(5), monday(), now, None, 10).await.unwrap(), None);
    let all = i64::from(board.courses[0].counts.pupils);
    let page =
        course_page(&mut world.snapshot(school()).await, course(0), monday(), now, None, all).await.unwrap().unwrap();
    assert_eq!((page.pupils.len() as i64, page.next), (all, None));
}

#[tokio::test]
async fn a_course_s_page_and_a_pupil_s_day_take_as_many_queries_in_a_large_school_as_in_a_small_one() {
    // A connection's first reading also asks the catalogue: with one connection, the second does not.
    let (small, large) = (World::with_requests_over(1).await, World::with_requests_over(1).await);
    morning(&small, 3, 1).await;
    morning(&large, 1_200, 30).await;
    let mut counts = Vec::new();
    for world in [&small, &large, &small, &large] {
        let course = statements_of(async {
            course_page(&mut world.snapshot(school()).await, course(0), monday(), at(11, 30, 0), None, 200)
                .await
                .unwrap()
                .unwrap();
        });
        let course = course.await;
        let pupil = statements_of(async {
            pupil_day(&mut world.snapshot(school()).await, pupil(1), monday(), at(11, 30, 0)).await.unwrap().unwrap();
        });
        counts.push((course, pupil.await));
    }
    assert!(counts[2].0 > 5 && counts[2].1 > 5, "the statements were not counted");
    assert_eq!(counts[2], counts[3]);
}

#[tokio::test]
async fn a_pupil_s_day_tells_the_scans_in_order_and_what_was_expected() {
    let world = World::create().await;
    world.append(&history::founding(school(), 6, 2, &mut Random(1))).await;
    let echo = scan(0, 3, Direction::Exit, 18, 0);
    let AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan: tapped }) = &echo.event else { panic!() };
    let flagged = attendance_day::Event::ScanFlagged { scan_id: tapped.scan_id, flags: vec![Flag::Echo] };
    let flagged = Draft { event: AnyEvent::AttendanceDay(flagged), ..echo.clone() };
    world.append(&[scan(0, 2, Direction::Exit, 17, 59), echo, flagged, scan(0, 1, Direction::Entry, 11, 20)]).await;
    world
        .append(&[
            of_pupil(2, student::Event::Withdrawn { from: day(-2) }),
            scan(2, 4, Direction::Entry, 10, 50),
            of_pupil(3, student::Event::Erased),
            scan(90, 5, Direction::Entry, 10, 50),
        ])
        .await;
    world.catch_up_all().await;
    let of =
        async |n, date| pupil_day(&mut world.snapshot(school()).await, pupil(n), date, at(19, 0, 0)).await.unwrap();

    let page = of(0, monday()).await.unwrap();
    let told: Vec<_> = page.scans.iter().map(|s| (s.occurred_at, s.is_echo())).collect();
    assert_eq!(told, [(at(11, 20, 0), false), (at(17, 59, 0), false), (at(18, 0, 0), true)]);
    assert_eq!(page.course.as_ref().map(|c| c.course_id), Some(course(0)));
    assert_eq!(page.pupil.status.status, Status::Left);
    assert_eq!(page.pupil.expectation.slots[0].entry, at(11, 0, 0));
    assert_eq!(page.pupil.day.as_ref().map(|d| (d.scans, d.echoes)), Some((3, 1)));
    let (date, position) = (page.date, page.as_of.position);
    assert_eq!((date, position), (monday(), world.head().await));
    assert!(page.pupil.name.is_some());

    let absent = of(1, monday()).await.unwrap();
    assert_eq!((absent.pupil.status.status, absent.scans.len(), absent.pupil.day), (Status::Missing, 0, None));
    assert_eq!(of(0, day(-1)).await.unwrap().scans, [], "another day's scans are not this day's");
    assert_eq!(of(0, day(-60)).await.unwrap().pupil.expectation.why, Why::NotEnrolledYet);

    let gone = of(2, monday()).await.unwrap();
    assert_eq!((gone.pupil.expectation.why, gone.course, gone.scans.len()), (Why::Withdrawn, None, 1));
    let erased = of(3, monday()).await.unwrap();
    assert_eq!((erased.pupil.erased, erased.pupil.name), (true, None));
    let unknown = of(90, monday()).await.unwrap();
    assert_eq!((unknown.pupil.status.status, unknown.scans.len()), (Status::NotExpected, 1));
    assert_eq!(of(91, monday()).await, None, "nobody knows this one");
    let foreign = pupil_day(&mut world.snapshot(id(2 << 24)).await, pupil(0), monday(), at(19, 0, 0)).await.unwrap();
    assert_eq!(foreign, None);
}

#[tokio::test]
async fn the_pages_of_a_day_s_scans_hold_each_once_in_the_order_of_the_log() {
    let world = World::create().await;
    morning(&world, 60, 2).await;
    let yesterday = history::plain_scan(school(), 900, Direction::Entry, at(10, 0, 0));
    world.append(&[history::scan(school(), 1, day(-1), yesterday)]).await;
    world.append(&history::founding(id(2 << 24), 1, 1, &mut Random(2))).await;
    world.catch_up_all().await;
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = scans_page(&mut world.tx(school()).await, monday(), after, 10).await.unwrap();
        assert!(page.len() <= 10);
        let Some(last) = page.last() else { break };
        after = last.position;
        seen.extend(page.into_iter().map(|s| s.position));
        // One comes while we read: it is at the end of the last page.
        if seen.len() == 20 {
            world.append(&[scan(0, 901, Direction::Entry, 9, 0)]).await;
            world.catch_up_all().await;
        }
    }
    let log = "select position from events where school_id = $1 and local_date = $2 and event_type = 'scan_recorded' order by 1";
    let log: Vec<i64> = sqlx::query_scalar(log).bind(school().0).bind(monday()).fetch_all(&world.owner).await.unwrap();
    assert_eq!(log.len(), 57 + 1);
    assert_eq!(seen, log);
    assert_eq!(scans_page(&mut world.tx(id(2 << 24)).await, monday(), 0, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_board_comes_with_the_scans_that_another_one_had_not() {
    let world = World::create().await;
    morning(&world, 30, 2).await;
    world.catch_up_all().await;
    let since = async |since: Option<(Epoch, i64)>, most: i64| {
        let found = kept::load(&mut world.snapshot(school()).await, monday(), since, most).await;
        let (kept, scans) = found.unwrap().unwrap();
        let board = board(&kept.facts, at(12, 0, 0));
        assert_eq!(
            Some(board.clone()),
            load_board(&mut world.snapshot(school()).await, monday(), at(12, 0, 0)).await.unwrap()
        );
        (board.as_of, scans.into_iter().map(|scan| scan.position).collect::<Vec<i64>>())
    };
    let pages = scans_page(&mut world.tx(school()).await, monday(), 0, 200).await.unwrap();
    let all: Vec<i64> = pages.into_iter().map(|scan| scan.position).collect();
    let (as_of, first) = since(None, 200).await;
    assert_eq!(first, all[..0], "a first board adds nothing");
    assert_eq!(since(Some((as_of.epoch, 0)), 200).await.1, all);
    assert_eq!(since(Some((as_of.epoch, all[9])), 200).await.1, all[10..]);
    assert_eq!(since(Some((as_of.epoch, 0)), 5).await.1, all[..5]);
    assert_eq!(since(Some((as_of.epoch, as_of.position)), 200).await.1, all[..0]);
    assert_eq!(since(Some((id(9), 0)), 200).await.1, all[..0], "positions of another epoch mean nothing here");
}

#[tokio::test]
async fn the_quarantine_s_pages_hold_what_waits_for_a_person_and_nothing_decided() {
    let world = World::create().await;
    world.append(&history::founding(school(), 2, 1, &mut Random(1))).await;
    let own = |n: u128| id::<Uuid>(0xe000 + n);
    let received = |of: SchoolId, n: u128| {
        let scan = QuarantinedScan {
            scan_id: id(n),
            kiosk_id: id(2),
            queue_id: id(3),
            seq: 1,
            read: history::sealed(&mut Random(1)),
            direction: None,
            method: None,
            occurred_at: at(11, 0, 0),
            device_time: None,
            shown: None,
        };
        let reasons = vec![WhyKept::UnknownCredential];
        Draft::of(of, own(n), AnyEvent::Quarantine(quarantine::Event::Received { scan, reasons }))
    };
    let decided = |n: u128, event| Draft::of(school(), own(n), AnyEvent::Quarantine(event));
    let mut drafts: Vec<Draft> = (0..25).map(|n| received(school(), n)).collect();
    drafts.push(received(id(2 << 24), 100));
    drafts.push(decided(3, quarantine::Event::Dismissed));
    drafts.push(decided(4, quarantine::Event::Assigned { student_id: pupil(0), local_date: monday() }));
    world.append(&drafts).await;
    world.catch_up_all().await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = quarantine_page(&mut world.tx(school()).await, after, 10).await.unwrap();
        assert!(page.len() <= 10 && page.iter().all(|q| q.state == QuarantineState::Waiting));
        let Some(last) = page.last() else { break };
        after = Some(last.quarantine_id);
        seen.extend(page.iter().map(|q| q.quarantine_id));
    }
    let waiting: Vec<Uuid> = (0..25).filter(|n| ![3, 4].contains(n)).map(own).collect();
    assert_eq!(seen, waiting);
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
    assert_eq!(board.quarantined, 23);
}

/// D1: nobody is missing on a holiday, nor on a day without classes, on no page that says who is.
#[tokio::test]
async fn d1_a_day_that_is_set_expects_nobody_on_the_board_the_course_and_the_pupil_s_day_until_it_is_cleared() {
    let world = World::create().await;
    morning(&world, 12, 2).await;
    world.catch_up_all().await;
    let now = at(12, 30, 0);
    let missing = async |why: Option<Why>| {
        let mut tx = world.snapshot(school()).await;
        let board = load_board(&mut tx, monday(), now).await.unwrap().unwrap();
        assert_eq!(board.nobody, why);
        let page = course_page(&mut tx, course(0), monday(), now, None, 200).await.unwrap().unwrap();
        let of_page = page.pupils.iter().filter(|p| p.status.status == Status::Missing).count();
        assert_eq!(of_page as u32, board.courses[0].counts.missing);
        if let Some(why) = why {
            let one = pupil_day(&mut tx, pupil(0), monday(), now).await.unwrap().unwrap();
            assert_eq!((one.pupil.expectation.why, one.pupil.status.status), (why, Status::NotExpected));
        }
        board.totals.missing
    };
    let of_school = async |event: school::Event| {
        world.append(&[Draft::of(school(), school().0, AnyEvent::School(event))]).await;
        world.catch_up_all().await;
    };
    let before = missing(None).await;
    assert!(before > 0, "or nothing is shown");
    let (date, reason) = (monday(), Reason::Weather);
    let set = |day| school::Event::CalendarDaySet { date, day };
    of_school(set(SchoolDay::Holiday { name: "Feriado".into() })).await;
    assert_eq!(missing(Some(Why::Holiday)).await, 0);
    of_school(set(SchoolDay::NoClasses { reason, resolution: None })).await;
    assert_eq!(missing(Some(Why::NoClasses { reason })).await, 0);
    of_school(school::Event::CalendarDayCleared { date, layer: Layer::Day }).await;
    assert_eq!(missing(Some(Why::Holiday)).await, 0, "the holiday is still there");
    of_school(school::Event::CalendarDayCleared { date, layer: Layer::Holiday }).await;
    assert_eq!(missing(None).await, before);

    // One course alone; and a day of another date touches nothing.
    of_school(school::Event::CalendarDaySet { date: day(1), day: SchoolDay::Outing }).await;
    let out = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let event = domain::course::Event::ScheduleExceptionSet { date, day: out };
    world.append(&[Draft::of(school(), course(0), AnyEvent::Course(event))]).await;
    world.catch_up_all().await;
    let board = load_board(&mut world.snapshot(school()).await, date, now).await.unwrap().unwrap();
    assert_eq!(board.courses[0].nobody, Some(Why::CourseNobody { reason: Reason::Outing }));
    assert_eq!((board.courses[0].counts.missing, board.courses[1].nobody), (0, None));
    assert!(board.totals.missing < before && board.totals.expected > 0);
}

#[tokio::test]
async fn the_calendar_lists_what_is_set_within_its_dates_and_who_set_it() {
    let world = World::create().await;
    morning(&world, 4, 2).await;
    let by = domain::Actor::user(id(0xacc));
    let navidad = SchoolDay::Holiday { name: "Navidad".into() };
    let of_school = |date, day| AnyEvent::School(school::Event::CalendarDaySet { date, day });
    let out = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let of_course = AnyEvent::Course(domain::course::Event::ScheduleExceptionSet { date: day(2), day: out.clone() });
    let draft = |own: Uuid, event| Draft { actor: by.clone(), ..Draft::of(school(), own, event) };
    let cleared = school::Event::CalendarDayCleared { date: day(1), layer: Layer::Day };
    world
        .append(&[
            draft(school().0, of_school(day(3), navidad.clone())),
            draft(school().0, of_school(day(3), SchoolDay::Outing)),
            draft(school().0, of_school(day(1), SchoolDay::Outing)),
            draft(school().0, AnyEvent::School(cleared)),
            draft(school().0, of_school(day(4), SchoolDay::Outing)),
            draft(course(1).0, of_course),
        ])
        .await;
    world.catch_up_all().await;
    let mut tx = world.snapshot(school()).await;
    let days = queries::school_days(&mut tx, day(0), day(3)).await.unwrap();
    let told: Vec<_> = days.iter().map(|d| (d.local_date, d.day.clone().unwrap(), d.changed.by.clone())).collect();
    assert_eq!(told, [(day(3), navidad, by.clone()), (day(3), SchoolDay::Outing, by.clone())]);
    let of_courses = queries::course_days(&mut tx, day(2), day(2)).await.unwrap();
    let told: Vec<_> = of_courses.into_iter().map(|d| (d.course_id, d.day, d.changed.by)).collect();
    assert_eq!(told, [(course(1), Some(out), by)]);
    let mut foreign = world.snapshot(id(2 << 24)).await;
    assert_eq!(queries::school_days(&mut foreign, day(0), day(9)).await.unwrap(), []);
    assert_eq!(queries::course_days(&mut foreign, day(0), day(9)).await.unwrap(), []);
}

#[tokio::test]
async fn a_course_is_expected_by_its_own_hours_and_its_own_exception_whatever_the_others_have() {
    let world = World::create().await;
    // The first course has other hours than the second since Friday, and the third is out today.
    world.append(&history::founding(school(), 6, 3, &mut Random(1))).await;
    let of_course = |n, event| Draft::of(school(), course(n), AnyEvent::Course(event));
    let out = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let exception = domain::course::Event::ScheduleExceptionSet { date: monday(), day: out };
    world.append(&[of_course(0, history::schedule(day(-3), 10)), of_course(2, exception)]).await;
    world.catch_up_all().await;
    let mut tx = world.snapshot(school()).await;
    // Half past nine in Santiago: who comes at eight is missing, who comes at ten is not late yet.
    let now = at(12, 30, 0);
    let wanted = [Status::Pending, Status::Missing, Status::NotExpected];
    for (n, status) in (0..).zip(&wanted) {
        let page = course_page(&mut tx, course(n), monday(), now, None, 200).await.unwrap().unwrap();
        let told: Vec<_> = page.pupils.iter().map(|p| p.status.status).collect();
        assert_eq!(told, [*status, *status], "{n}");
        let one = pupil_day(&mut tx, pupil(n), monday(), now).await.unwrap().unwrap();
        assert_eq!((one.pupil.status.status, one.course.unwrap().course_id), (*status, course(n)));
    }
}

#[tokio::test]
async fn the_board_expects_of_each_course_its_own_hours_and_its_own_exception() {
    let world = World::create().await;
    world.append(&history::founding(school(), 6, 3, &mut Random(1))).await;
    let of_course = |n, event| Draft::of(school(), course(n), AnyEvent::Course(event));
    let out = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let exception = domain::course::Event::ScheduleExceptionSet { date: monday(), day: out };
    world.append(&[of_course(0, history::schedule(day(-3), 10)), of_course(2, exception)]).await;
    world.catch_up_all().await;
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(12, 30, 0)).await.unwrap().unwrap();
    let told: Vec<_> =
        board.courses.iter().map(|c| (c.counts.pending, c.counts.missing, c.counts.not_expected)).collect();
    assert_eq!(told, [(2, 0, 0), (0, 2, 0), (0, 0, 2)]);
}

#[tokio::test]
async fn each_gate_is_told_of_by_what_it_said_itself_and_each_scan_by_its_own_pupils_name() {
    let world = World::create().await;
    morning(&world, 4, 2).await;
    let kiosks: Vec<Uuid> = (0..4).map(|n| history::kiosk_id(school(), n)).collect();
    // All scans are of one kiosk; another one called.
    sqlx::query("insert into kiosk_seen (kiosk_id, school_id, last_seen, queue_depth, clock_skew_ms, boot_id) values ($1, $2, $3, 7, 0, $1)")
        .bind(kiosks[2])
        .bind(school().0)
        .bind(at(11, 0, 0))
        .execute(&world.owner)
        .await
        .unwrap();
    let scanned: Vec<Uuid> =
        sqlx::query_scalar("select distinct kiosk_id from live.live_scans").fetch_all(&world.owner).await.unwrap();
    let [scanned] = scanned[..] else { panic!("{scanned:?}") };
    let mut tx = world.tx(school()).await;
    for (n, kiosk) in kiosks.iter().enumerate() {
        let health = health::kiosk(&mut tx, (*kiosk).into()).await.unwrap().unwrap();
        assert_eq!((health.kiosk_id.0, health.gate), (*kiosk, format!("Portón {n}")));
        assert_eq!(health.last_scan_at.is_some(), *kiosk == scanned, "{n}");
        assert_eq!(health.said.map(|said| said.queue_depth), (n == 2).then_some(7), "{n}");
    }
    assert_eq!(health::kiosks(&mut tx, None, 200).await.unwrap().len(), 4);
    let mut tx = world.snapshot(school()).await;
    let board = load_board(&mut tx, monday(), at(11, 30, 0)).await.unwrap().unwrap();
    assert_eq!(board.gates.len(), 4);
    for gate in &board.gates {
        assert_eq!(gate.last_scan_at.is_some(), gate.kiosk_id.0 == scanned, "{}", gate.gate);
        assert_eq!(gate.queue_depth, (gate.kiosk_id.0 == kiosks[2]).then_some(7), "{}", gate.gate);
    }
    assert_eq!(board.last_scans.len(), 3);
    for scan in &board.last_scans {
        let one = pupil_day(&mut tx, scan.student_id, monday(), at(11, 30, 0)).await.unwrap().unwrap();
        assert!(scan.name.is_some() && scan.name == one.pupil.name);
    }
}

#[tokio::test]
async fn a_pupil_who_is_moved_at_noon_keeps_the_mornings_entry_and_is_counted_once_in_the_new_course() {
    let world = World::create().await;
    morning(&world, 10, 2).await;
    let now = at(15, 0, 0);
    let of = |n| [course(0), course(1)].map(|of| (of, n));
    let count = async |courses: [(CourseId, u64); 2]| {
        let board = load_board(&mut world.snapshot(school()).await, monday(), now).await.unwrap().unwrap();
        let counts = courses.map(|(of, _)| board.courses.iter().find(|line| line.course_id == of).unwrap().counts);
        (board.totals, counts)
    };
    let (totals, [first, second]) = count(of(0)).await;
    world.append(&[of_pupil(2, student::Event::Moved { course_id: course(1), from: monday() })]).await;
    world.catch_up_all().await;
    let (moved, [first_now, second_now]) = count(of(0)).await;
    assert_eq!((moved.expected, moved.present, moved.missing), (totals.expected, totals.present, totals.missing));
    assert_eq!((first_now.pupils, second_now.pupils), (first.pupils - 1, second.pupils + 1));
    assert_eq!((first_now.present, second_now.present), (first.present - 1, second.present + 1));
    let day = pupil_day(&mut world.snapshot(school()).await, pupil(2), monday(), now).await.unwrap().unwrap();
    assert_eq!(
        (day.course.map(|of| of.course_id), day.pupil.day.unwrap().first_entry_at),
        (Some(course(1)), Some(at(10, 50, 0)))
    );
}
