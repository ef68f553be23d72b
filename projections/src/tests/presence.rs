//! Who is inside, and what a roll call says of them, over the tables.

use crate::live::presence::{Place, Presence, Tally, load};
use crate::live::queries::{load_board, pupil_day};
use crate::testing::history::{self, Random, pupil_id};
use crate::testing::{Draft, World, at, id, monday};
use chrono::{DateTime, TimeDelta, Utc};
use domain::attendance_day::Direction;
use domain::roll_call::{Event, Key, Reason};
use domain::{Actor, AnyEvent, SchoolId, StudentId, kiosk};
use uuid::Uuid;

fn school() -> SchoolId {
    id(1 << 24)
}
fn pupil(n: u64) -> StudentId {
    pupil_id(school(), n).into()
}
fn passes(n: u64, way: Direction, when: DateTime<Utc>) -> Draft {
    let number = u128::from(n) * 1_000 + u128::from(when.timestamp().unsigned_abs() % 100_000) * 10_000;
    history::scan(school(), n, monday(), history::plain_scan(school(), number, way, when))
}
fn key() -> Key {
    history::roll_call_key(school(), monday(), 0)
}
fn said(events: &[Event]) -> Vec<Draft> {
    let draft = |event: &Event| history::of_roll_call(school(), key(), event.clone());
    events.iter().map(draft).map(|draft| Draft { actor: Actor::user(id(0xacc)), ..draft }).collect()
}
fn begun() -> Event {
    Event::Started { reason: Reason::Drill, at: at(14, 0, 0) }
}
fn safe(n: u64, minute: u32) -> Event {
    Event::MarkedSafe { student_id: pupil(n), at: at(14, minute, 0) }
}
fn silent() -> Draft {
    let silent = kiosk::Event::Silent { last_seen: at(10, 40, 0) };
    Draft::of(school(), history::kiosk_id(school(), 1), AnyEvent::Kiosk(silent))
}

impl World {
    /// Six pupils: two inside, one who went out, one who came again, two who were never seen.
    async fn somebody_inside() -> Self {
        let world = Self::create().await;
        world.append(&history::founding(school(), 6, 2, &mut Random(1))).await;
        let (came, went) = (at(10, 50, 0), at(13, 0, 0));
        let enters = |n| passes(n, Direction::Entry, came);
        world.append(&[enters(0), enters(1), enters(2), enters(3)]).await;
        let leaves = |n| passes(n, Direction::Exit, went);
        world.append(&[leaves(2), leaves(3), passes(3, Direction::Entry, at(13, 30, 0))]).await;
        world
    }

    async fn presence(&self, now: DateTime<Utc>) -> Presence {
        self.catch_up_all().await;
        load(&mut self.snapshot(school()).await, monday(), now, TimeDelta::minutes(5)).await.unwrap().unwrap()
    }
}

fn places(presence: &Presence) -> Vec<(StudentId, Place)> {
    presence.pupils.iter().map(|pupil| (pupil.student_id, pupil.place)).collect()
}
fn inside(n: u64, since: DateTime<Utc>) -> (StudentId, Place) {
    (pupil(n), Place::Inside { since: Some(since) })
}

#[tokio::test]
async fn whoever_entered_and_did_not_go_out_is_inside_since_then_and_nobody_else_is_listed() {
    let world = World::somebody_inside().await;
    let yesterday = history::roll_call_key(school(), history::day(-1), 0);
    world.append(&[history::of_roll_call(school(), yesterday, begun())]).await;
    let found = world.presence(at(14, 0, 0)).await;
    let came = at(10, 50, 0);
    assert_eq!(places(&found), [inside(0, came), inside(1, came), inside(3, at(13, 30, 0))]);
    assert_eq!(found.pupils[0].course_id, Some(history::course_id(school(), 0).into()));
    assert!(found.roll_call.is_none());
    assert_eq!(Tally::of(&found.pupils), Tally { inside: 3, to_find: 3, safe: 0, unknown: 0 });
}

#[tokio::test]
async fn whoever_is_expected_and_was_not_seen_may_be_inside_as_long_as_a_gate_is_silent() {
    let world = World::somebody_inside().await;
    world.append(&[silent()]).await;
    let unknown = |found: &Presence| {
        let unknown = found.pupils.iter().filter(|pupil| pupil.place == Place::Unknown);
        unknown.map(|pupil| pupil.student_id).collect::<Vec<_>>()
    };
    let nobody_known = [pupil(4), pupil(5)];
    // Before an entry was due, too: whoever came early came by that gate. Not in the night.
    for (now, expected) in [
        (at(14, 0, 0), &nobody_known[..]),
        (at(10, 30, 0), &[pupil(4), pupil(5)]),
        (at(9, 59, 59), &[]),
        (at(22, 0, 0), &[]),
    ] {
        let found = world.presence(now).await;
        let listed: Vec<_> = unknown(&found).into_iter().filter(|of| nobody_known.contains(of)).collect();
        assert_eq!(listed, expected, "{now}");
    }
    let back = Draft::of(school(), history::kiosk_id(school(), 1), AnyEvent::Kiosk(kiosk::Event::Returned));
    world.append(&[back]).await;
    assert_eq!(unknown(&world.presence(at(14, 0, 0)).await), []);
}

#[tokio::test]
async fn whoever_was_marked_stays_counted_when_the_gate_lets_them_out_and_marks_come_after_the_end() {
    let world = World::somebody_inside().await;
    // One that was over before has marks of its own.
    let before = history::roll_call_key(school(), monday(), 1);
    let earlier = Event::Started { reason: Reason::Evacuation, at: at(12, 0, 0) };
    let of_before = |event| history::of_roll_call(school(), before, event);
    world.append(&[earlier, safe(4, 1), Event::Ended].map(of_before)).await;
    world.append(&said(&[begun(), safe(0, 2), safe(1, 3)])).await;
    world.append(&[passes(0, Direction::Exit, at(14, 5, 0))]).await;
    world.append(&said(&[Event::Ended, safe(3, 4)])).await;
    let found = world.presence(at(14, 10, 0)).await;
    let of = |n| found.pupils.iter().find(|other| other.student_id == pupil(n)).unwrap();
    assert_eq!((of(0).place, of(0).is_safe()), (Place::NotInside, true));
    assert_eq!(of(3).mark.as_ref().map(|mark| (mark.said_at, mark.said_by.clone())), {
        Some((at(14, 4, 0), Actor::user(id(0xacc))))
    });
    assert_eq!(Tally::of(&found.pupils), Tally { inside: 2, to_find: 3, safe: 3, unknown: 0 });
    let call = found.roll_call.unwrap();
    assert_eq!((call.key(), call.reason, call.started_at), (key(), Reason::Drill, at(14, 0, 0)));
    assert!(call.ended_at.is_some());
    // Taken back, whoever left is looked for no more.
    let back = Event::MarkWithdrawn { student_id: pupil(0), at: at(14, 8, 0) };
    world.append(&said(&[back, Event::TurnedIntoEvacuation])).await;
    let found = world.presence(at(14, 10, 0)).await;
    assert!(found.pupils.iter().all(|other| other.student_id != pupil(0)));
    assert_eq!(found.roll_call.unwrap().reason, Reason::Evacuation);
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn a_pupil_whom_the_roster_lost_and_who_is_said_to_be_safe_is_not_lost() {
    let world = World::somebody_inside().await;
    let stranger = StudentId(Uuid::from_u128(0xabc));
    let mark = Event::MarkedSafe { student_id: stranger, at: at(14, 1, 0) };
    world.append(&said(&[begun(), mark])).await;
    let found = world.presence(at(14, 10, 0)).await;
    let of = found.pupils.iter().find(|other| other.student_id == stranger).unwrap();
    assert_eq!((of.place, of.course_id, of.is_safe()), (Place::NotInside, None, true));
}

#[tokio::test]
async fn an_entry_of_yesterday_without_an_exit_is_no_presence_of_today_and_no_entry() {
    let world = World::create().await;
    world.append(&history::founding(school(), 2, 1, &mut Random(1))).await;
    let then = at(10, 50, 0) - TimeDelta::days(1);
    let forgot = history::plain_scan(school(), 7, Direction::Entry, then);
    world.append(&[history::scan(school(), 0, history::day(-1), forgot)]).await;
    let found = world.presence(at(14, 0, 0)).await;
    let seen =
        |n| found.pupils.iter().any(|one| one.student_id == pupil(n) && matches!(one.place, Place::Inside { .. }));
    assert!(!seen(0), "{:?}", places(&found));
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(14, 0, 0)).await.unwrap().unwrap();
    assert_eq!((board.totals.present, board.totals.late, board.totals.left), (0, 0, 0));
    let then = pupil_day(&mut world.snapshot(school()).await, pupil(0), history::day(-1), at(14, 0, 0)).await;
    let then = then.unwrap().unwrap().pupil.day.unwrap();
    let stays = (then.first_entry_at.is_some(), then.last_direction);
    assert_eq!(stays, (true, Some(Direction::Entry)), "that day it stays as it was");
}
