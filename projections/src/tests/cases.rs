//! The no-show cases, over the tables.

use crate::audit::queries::{Filter, Order, entries};
use crate::fact::{Fact, Why};
use crate::no_show::queries::{Metrics, Seconds, case, cases, log, metrics, open_cases_in_tx, open_days_in_tx};
use crate::no_show::rows::CaseState;
use crate::roster::queries as roster;
use crate::testing::history::{self, course_id, day, of_case, pupil_id};
use crate::testing::{Draft, World, at, facts, id, monday};
use crate::{ReadModel, model, rebuild};
use chrono::NaiveDate;
use domain::attendance_day::Direction;
use domain::no_show::{CaseId, Event, Hold, Justification, Resolution, Retraction};
use domain::{Actor, AnyEvent, SchoolId, StreamId};
use sqlx::{Executor, Postgres, Transaction};
use std::time::Duration;

fn school(n: u128) -> SchoolId {
    id(n << 24)
}

fn a_case(date: NaiveDate, slot: u128, pupil: u64) -> CaseId {
    CaseId { date, slot_id: id(0x7000 + slot), student_id: pupil_id(school(1), pupil).into() }
}

fn opened(course: u64) -> Event {
    Event::Opened { course_id: course_id(school(1), course).into(), due_at: at(11, 15, 0) }
}

const TOLD: Event = Event::NoticeRequested { step: 1 };

fn arrived() -> Event {
    Event::Resolved { resolution: Resolution::Arrived { at: at(11, 40, 0) } }
}

fn retracted() -> Event {
    Event::Retracted { retraction: Retraction::NotDue }
}

/// Appends what is said of cases of the first school, and projects it.
async fn say(world: &World, said: &[(CaseId, Event)]) {
    let drafts: Vec<Draft> = said.iter().map(|(case, event)| of_case(school(1), *case, event.clone())).collect();
    world.append(&drafts).await;
    world.catch_up(ReadModel::NoShow).await;
}

/// A transaction of the worker.
async fn as_worker(world: &World) -> Transaction<'static, Postgres> {
    let mut tx = world.projector.begin().await.unwrap();
    // The session's own user may take any role.
    tx.execute("set local role attendance_worker").await.unwrap();
    tx
}

#[tokio::test]
async fn a_day_s_cases_are_there_once_as_they_stand_by_course_and_pupil() {
    let world = World::create().await;
    let of = |slot, pupil| a_case(monday(), slot, pupil);
    let yesterday = a_case(day(-1), 0, 1);
    say(
        &world,
        &[
            (of(0, 3), opened(1)),
            (of(0, 3), Event::Held { reason: Hold::MassAlarm }),
            (of(1, 1), opened(0)),
            (of(0, 2), opened(1)),
            (of(0, 2), TOLD),
            (of(0, 2), arrived()),
            (of(0, 1), opened(0)),
            (yesterday, opened(0)),
        ],
    )
    .await;
    world.append(&[of_case(school(2), of(0, 9), opened(0))]).await;
    world.catch_up(ReadModel::NoShow).await;
    let mut tx = world.tx(school(1)).await;
    let found = cases(&mut tx, monday()).await.unwrap();
    let mut keys: Vec<_> = found.iter().map(|case| (case.course_id, case.student_id, case.slot_id)).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    keys.dedup();
    assert_eq!(keys.len(), 4);
    let stands = |id: CaseId| found.iter().find(|case| case.id() == id).map(|case| (case.state, case.held_reason));
    assert_eq!(stands(of(0, 3)), Some((CaseState::Held, Some(Hold::MassAlarm))));
    assert_eq!(stands(of(0, 2)), Some((CaseState::Resolved, None)));
    assert_eq!(stands(of(0, 1)), Some((CaseState::Open, None)));
    for one in &found {
        assert_eq!(case(&mut tx, one.id()).await.unwrap().as_ref(), Some(one));
    }
    assert_eq!(cases(&mut tx, day(-1)).await.unwrap().len(), 1);
    assert_eq!(case(&mut tx, of(0, 9)).await.unwrap(), None, "another school's");
}

#[tokio::test]
async fn all_that_was_said_of_a_case_is_told_from_the_oldest_on_with_who_said_it() {
    let world = World::create().await;
    let (ours, other) = (a_case(monday(), 0, 1), a_case(monday(), 0, 2));
    let justified = Event::Resolved { resolution: Resolution::Justified { reason: Justification::Illness } };
    let said = [opened(0), Event::Held { reason: Hold::GateSilent }, TOLD, Event::Acknowledged, justified];
    let mut drafts: Vec<Draft> = said.iter().map(|event| of_case(school(1), ours, event.clone())).collect();
    // Said the day after.
    drafts[4].date = day(1);
    drafts[4].actor = Actor::user(id(0xacc0));
    drafts.insert(2, of_case(school(1), other, opened(0)));
    drafts.push(of_case(school(1), a_case(monday(), 1, 1), opened(0)));
    world.append(&drafts).await;
    world.catch_up(ReadModel::NoShow).await;
    let lines = log(&mut world.tx(school(1)).await, ours).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.said.clone()).collect::<Vec<_>>(), said);
    assert_eq!(lines.iter().map(|line| line.position).collect::<Vec<_>>(), [1, 2, 4, 5, 6]);
    assert_eq!((&lines[0].actor, &lines[4].actor), (&Actor::system("no_show"), &Actor::user(id(0xacc0))));
    assert_eq!(lines[4].recorded_at, drafts[4].recorded(6).recorded_at);

    say(&world, &vec![(ours, TOLD); 250]).await;
    let lines = log(&mut world.tx(school(1)).await, ours).await.unwrap();
    assert_eq!((lines.len(), lines[0].position), (200, 1));
}

#[tokio::test]
async fn the_audit_of_a_case_s_stream_has_what_was_said_on_whatever_date() {
    let world = World::create().await;
    let ours = a_case(monday(), 0, 1);
    let drafts = [of_case(school(1), ours, opened(0)), Draft { date: day(1), ..of_case(school(1), ours, arrived()) }];
    world.append(&drafts).await;
    world.catch_up(ReadModel::Audit).await;
    let filter = Filter { stream: Some(ours.stream(school(1)).to_string()), ..Filter::default() };
    let mut tx = world.tx(school(1)).await;
    let found = entries(&mut tx, &filter, Order::OldestFirst, None, 200).await.unwrap().entries;
    assert_eq!(found.iter().map(|entry| entry.local_date).collect::<Vec<_>>(), [monday(), day(1)]);
}

#[tokio::test]
async fn a_snapshot_s_cases_are_there_however_often_they_are_rebuilt_under_it() {
    let world = World::create().await;
    say(&world, &[(a_case(monday(), 0, 1), opened(0))]).await;
    let mut reader = world.snapshot(school(1)).await;
    // The moment that it shows begins here, before the rebuild.
    roster::school(&mut reader).await.unwrap();
    let (owner, log) = (world.owner.clone(), world.reader.clone());
    let rebuilding = tokio::spawn(async move { rebuild::rebuild(&owner, &log, ReadModel::NoShow).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!rebuilding.is_finished(), "it swapped under a reader");
    assert_eq!(cases(&mut reader, monday()).await.unwrap().len(), 1);
    drop(reader);
    assert_eq!(rebuilding.await.unwrap().unwrap().events, 1);
    assert_eq!(cases(&mut world.tx(school(1)).await, monday()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn figures_count_every_opening_of_the_days_and_know_false_alarms_from_what_nobody_heard_of() {
    let world = World::create().await;
    let mut tx = world.tx(school(1)).await;
    assert_eq!(metrics(&mut tx, day(-30), monday()).await.unwrap(), Metrics::default(), "without cases, none");
    let of = |pupil| a_case(monday(), 0, pupil);
    let justified = Event::Resolved { resolution: Resolution::Justified { reason: Justification::Family } };
    let held = Event::Held { reason: Hold::Stale };
    say(
        &world,
        &[
            // Told, looked after, arrived.
            (of(1), opened(0)),
            (of(1), TOLD),
            (of(1), Event::Acknowledged),
            (of(1), arrived()),
            // Held, then told and retracted: a false alarm, and it stays one where the case is opened again.
            (of(2), opened(0)),
            (of(2), held.clone()),
            (of(2), TOLD),
            (of(2), retracted()),
            (of(2), opened(0)),
            (of(2), held.clone()),
            (of(2), Event::Acknowledged),
            (of(2), justified),
            // Held and retracted: nobody was alarmed.
            (a_case(day(-1), 0, 3), opened(0)),
            (a_case(day(-1), 0, 3), held),
            (a_case(day(-1), 0, 3), retracted()),
            // Of other days.
            (a_case(day(-2), 0, 1), opened(0)),
            (a_case(day(1), 0, 1), opened(0)),
        ],
    )
    .await;
    world.append(&[of_case(school(2), of(1), opened(0))]).await;
    world.catch_up(ReadModel::NoShow).await;
    let found = metrics(&mut tx, day(-1), monday()).await.unwrap();
    // All were due at 11:15; the log learned each event 7 ms after the one before, the first at 12:00.
    let expected = Metrics {
        opened: 4,
        held: 3,
        told: 2,
        acknowledged: 2,
        arrived: 1,
        justified: 1,
        retracted: 2,
        false_alarms: 1,
        due_to_opened: Some(Seconds { median: 2_700.035, p95: 2_700.091 }),
        opened_to_acknowledged: Some(Seconds { median: 0.014, p95: 0.014 }),
    };
    assert_eq!(found, expected);
    let sunday = metrics(&mut tx, day(-1), day(-1)).await.unwrap();
    assert_eq!((sunday.opened, sunday.false_alarms, sunday.opened_to_acknowledged), (1, 0, None));
}

#[tokio::test]
async fn a_worker_finds_the_open_cases_of_all_schools_and_leaves_what_is_too_old() {
    let world = World::create().await;
    let of = |pupil| a_case(monday(), 0, pupil);
    say(
        &world,
        &[
            (of(4), opened(0)),
            (of(1), opened(0)),
            (of(1), Event::Acknowledged),
            (of(2), opened(0)),
            (of(2), TOLD),
            (of(2), arrived()),
            (of(3), opened(0)),
            (of(3), retracted()),
            (of(3), opened(0)),
            (a_case(day(-8), 0, 1), opened(0)),
            (a_case(day(-9), 0, 1), opened(0)),
            (a_case(day(-3), 0, 1), opened(0)),
            (a_case(day(-3), 0, 1), retracted()),
        ],
    )
    .await;
    world.append(&[of_case(school(2), a_case(day(-1), 0, 1), opened(0))]).await;
    world.catch_up(ReadModel::NoShow).await;
    let mut worker = as_worker(&world).await;
    let mut expected = [of(1), of(3), of(4)];
    expected.sort_unstable();
    assert_eq!(open_cases_in_tx(&mut worker, school(1), monday()).await.unwrap(), expected);
    assert_eq!(open_cases_in_tx(&mut worker, school(1), day(-3)).await.unwrap(), []);
    let days = open_days_in_tx(&mut worker, monday()).await.unwrap();
    assert_eq!(days, [(school(1), day(-8)), (school(2), day(-1)), (school(1), monday())]);
}

#[tokio::test]
async fn a_commit_of_cases_tells_whose_they_are_and_wakes_nobody_who_waits_for_roster_or_board() {
    let world = World::create().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&world.request).await.unwrap();
    listener.listen_all(["attendance_no_show", "attendance_roster", "attendance_live"]).await.unwrap();
    let tap = history::plain_scan(school(3), 1, Direction::Entry, at(11, 0, 0));
    let drafts = [of_case(school(2), a_case(monday(), 0, 1), opened(0)), history::scan(school(3), 0, monday(), tap)];
    world.append(&drafts).await;
    world.catch_up_all().await;
    let mut told = Vec::new();
    while let Ok(said) = tokio::time::timeout(Duration::from_millis(500), listener.recv()).await {
        let said = said.unwrap();
        told.push((said.channel().to_owned(), said.payload().to_owned()));
    }
    told.sort_unstable();
    let expected = [("attendance_live", school(3)), ("attendance_no_show", school(2))];
    assert_eq!(told, expected.map(|(channel, school)| (channel.to_owned(), school.to_string())));
    let case = facts(&drafts[..1]);
    assert_eq!(model::schools_of(ReadModel::Roster, &case), "");
}

#[test]
fn a_case_s_event_in_a_stream_that_names_no_case_cannot_be_applied() {
    let draft = of_case(school(1), a_case(monday(), 0, 1), TOLD);
    assert!(Fact::new(draft.recorded(7)).is_ok());
    let student = id(0x31);
    let day = StreamId::of_day(monday(), school(1), student);
    for stream in [StreamId::of(school(1), student), day.clone()] {
        let poison = Fact::new(Draft { stream, ..draft.clone() }.recorded(7)).unwrap_err();
        assert_eq!((poison.position, poison.why), (7, Why::Stream));
    }
    let scan = history::plain_scan(school(1), 1, Direction::Entry, at(11, 0, 0));
    let scan = domain::attendance_day::Event::ScanRecorded { scan };
    let of_day = Draft { stream: day, event: AnyEvent::AttendanceDay(scan), ..draft };
    assert!(Fact::new(of_day.recorded(7)).is_ok(), "of a pupil's day it is one");
}
