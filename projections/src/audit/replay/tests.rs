//! Given events with the moments at which they were recorded, then two boards; and the same over the tables.

use super::*;
use crate::audit::replay;
use crate::testing::history::{self, Random, course_id, day, kiosk_id, plain_scan, pupil_id, schedule};
use crate::testing::{Draft, World, at, id, monday};
use crate::tests::board::statements_of;
use chrono::{NaiveTime, TimeDelta};
use domain::attendance_day::{Direction, ManualEntry, ManualReason};
use domain::calendar::{CourseDay, CourseTimes, DaySlot, Reason};
use domain::day_status::Status;
use domain::{Recorded, course, kiosk, student};

fn school() -> SchoolId {
    id(1 << 24)
}

/// Three pupils of one course that begins at eight (11:00 UTC), four kiosks, all known since Sunday.
struct Story(Vec<Recorded<AnyEvent>>);

impl Story {
    fn new() -> Self {
        let mut story = Self(Vec::new());
        for draft in history::founding(school(), 3, 1, &mut Random(1)) {
            // Each story says itself how far its gates are drained.
            if !matches!(draft.event, AnyEvent::Kiosk(kiosk::Event::DrainedThrough { .. })) {
                story.said(at(11, 0, 0) - TimeDelta::days(1), draft);
            }
        }
        story
    }

    fn said(&mut self, recorded_at: DateTime<Utc>, draft: Draft) {
        let position = self.0.len() as i64 + 1;
        self.0.push(Recorded { recorded_at, ..draft.recorded(position) });
    }

    fn drained(&mut self, kiosk: u64, through: DateTime<Utc>, recorded_at: DateTime<Utc>) {
        self.of_kiosk(kiosk, recorded_at, kiosk::Event::DrainedThrough { queue_id: id(9), seq: 0, through });
    }

    fn of_kiosk(&mut self, kiosk: u64, recorded_at: DateTime<Utc>, event: kiosk::Event) {
        self.said(recorded_at, Draft::of(school(), kiosk_id(school(), kiosk), AnyEvent::Kiosk(event)));
    }

    fn entered(&mut self, pupil: u64, kiosk: u64, occurred_at: DateTime<Utc>, recorded_at: DateTime<Utc>) {
        let mut scan = plain_scan(school(), self.0.len() as u128, Direction::Entry, occurred_at);
        scan.kiosk_id = kiosk_id(school(), kiosk).into();
        self.said(recorded_at, history::scan(school(), pupil, monday(), scan));
    }

    fn events(&self, date: NaiveDate) -> DayEvents {
        let facts: Vec<Fact> = self.0.iter().map(|event| Fact::new(event.clone()).unwrap()).collect();
        let of_day = |fact: &Fact| matches!(fact.event.payload, AnyEvent::AttendanceDay(_));
        let (day, rules): (Vec<Fact>, Vec<Fact>) = facts.into_iter().partition(of_day);
        let day = day.into_iter().filter(|fact| fact.event.local_date == date).collect();
        DayEvents { school: school(), date, as_of: no_log(), rules, words: vec![], day }
    }

    /// The status of each pupil then and now, of Monday at an instant as it was known in it.
    fn replay(&self, moment: DateTime<Utc>) -> Vec<(Status, Status, Change)> {
        let replayed = self.events(monday()).replay(Moment { at: moment, known: moment }, at(20, 0, 0)).unwrap();
        assert!(replayed.then.as_ref().unwrap().totals.holds() && replayed.now.totals.holds());
        let of = |place: &Option<Place>| place.as_ref().unwrap().status.status;
        replayed.pupils.iter().map(|line| (of(&line.then), of(&line.now), line.change)).collect()
    }
}

use Change::{None as Same, Reasons, Status as Other};
use Status::{Late, Missing, Pending, Present, Unknown};

#[test]
fn what_an_offline_gate_held_back_until_ten_past_nine_is_unknown_at_twenty_past_eight_and_known_now() {
    let mut story = Story::new();
    story.drained(0, at(10, 30, 0), at(10, 30, 0));
    story.drained(1, at(10, 30, 0), at(10, 30, 0));
    story.of_kiosk(1, at(10, 40, 0), kiosk::Event::Silent { last_seen: at(10, 31, 0) });
    story.entered(0, 0, at(10, 55, 0), at(10, 55, 0));
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    story.entered(1, 1, at(10, 58, 0), at(12, 10, 0));
    story.of_kiosk(1, at(12, 10, 0), kiosk::Event::Returned);
    story.drained(1, at(12, 9, 0), at(12, 10, 0));
    assert_eq!(
        story.replay(at(11, 20, 0)),
        [(Present, Present, Same), (Unknown, Present, Other), (Unknown, Missing, Other)]
    );
    // Before anything was due, and once everything had come.
    assert_eq!(story.replay(at(10, 56, 0))[2], (Pending, Pending, Same));
    assert_eq!(story.replay(at(10, 59, 0))[1], (Pending, Present, Other));
    assert!(story.replay(at(12, 11, 0)).iter().all(|(then, now, change)| then == now && *change == Same));
}

#[test]
fn an_entry_by_hand_that_was_taken_back_counted_then_and_counts_at_no_instant_now() {
    let mut story = Story::new();
    story.drained(0, at(10, 30, 0), at(10, 30, 0));
    let (entry_id, occurred_at) = (id(77), at(11, 0, 0));
    let entry =
        ManualEntry { entry_id, direction: Direction::Entry, occurred_at, reason: ManualReason::OtherDoor, note: None };
    let by_hand = history::by_hand(school(), 0, monday(), entry, false);
    story.said(at(11, 6, 0), by_hand.clone());
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    let taken_back = domain::attendance_day::Event::ManualEntryWithdrawn { entry_id };
    story.said(
        at(11, 40, 0),
        Draft { event: AnyEvent::AttendanceDay(taken_back), occurred_at: at(11, 40, 0), ..by_hand },
    );
    assert_eq!(story.replay(at(11, 20, 0))[0], (Present, Missing, Other));
    assert_eq!(story.replay(at(11, 5, 0))[0], (Pending, Pending, Same), "not recorded yet");
    assert_eq!(story.replay(at(11, 41, 0))[0], (Missing, Missing, Same));
}

/// Something that people did to the pupil's Monday.
fn act(event: domain::attendance_day::Event) -> Draft {
    let scan = plain_scan(school(), 0, Direction::Entry, at(11, 0, 0));
    Draft { event: AnyEvent::AttendanceDay(event), ..history::scan(school(), 0, monday(), scan) }
}

#[test]
fn a_justification_counts_from_when_it_was_accepted_and_a_correction_puts_nobody_in_before_the_time_it_says() {
    use domain::attendance_day::{Added, Change as Corrected, Event};
    let mut story = Story::new();
    story.entered(0, 0, at(10, 55, 0), at(10, 55, 0));
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    let AnyEvent::AttendanceDay(Event::ScanRecorded { scan }) =
        story.0.iter().find(|e| matches!(e.payload, AnyEvent::AttendanceDay(_))).unwrap().payload.clone()
    else {
        panic!("not a scan")
    };
    // The entry at 7:55 was another pupil's; this one came at 8:40.
    let adds = Some(Added { direction: Direction::Entry, occurred_at: at(11, 40, 0) });
    let change = Corrected { voids: Some(scan.scan_id.0), adds };
    story.said(at(12, 0, 0), act(Event::CorrectionApproved { correction_id: id(5), change, alone: false }));
    let late = Late { minutes: 40 };
    assert_eq!(story.replay(at(11, 20, 0))[0], (Present, Missing, Other), "what was taken out is known now");
    assert_eq!(story.replay(at(11, 41, 0))[0], (Present, late, Other));
    assert_eq!(story.replay(at(12, 1, 0))[0], (late, late, Same));
    let accepted =
        Event::JustificationAccepted { justification_id: id(6), reason: domain::no_show::Justification::Illness };
    story.said(at(12, 30, 0), act(accepted));
    assert_eq!(story.replay(at(11, 20, 0))[0], (Present, Status::Justified, Other));
    assert_eq!(story.replay(at(12, 10, 0))[0], (late, late, Reasons), "late all the same, with a reason");
}

#[test]
fn times_that_were_set_after_the_fact_judge_the_day_now_and_not_then() {
    let mut story = Story::new();
    story.entered(0, 0, at(11, 2, 0), at(11, 2, 0));
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    let wall = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    let slots = vec![DaySlot { slot_id: id(0x7100), entry: wall(7, 30), exit: wall(13, 0) }];
    let day = CourseDay { times: CourseTimes::Own { slots }, reason: Reason::Ceremony };
    let edited = course::Event::ScheduleExceptionSet { date: monday(), day };
    story.said(at(14, 0, 0), Draft::of(school(), course_id(school(), 0), AnyEvent::Course(edited)));
    assert_eq!(story.replay(at(11, 20, 0))[0], (Present, Late { minutes: 32 }, Other));
    assert_eq!(story.replay(at(11, 20, 0))[2], (Missing, Missing, Reasons), "missing, from another hour on");
    // Another day's exception says nothing of this one.
    let other = course::Event::ScheduleExceptionSet {
        date: day_after(monday()),
        day: CourseDay { times: CourseTimes::Nobody, reason: Reason::Other },
    };
    story.said(at(14, 5, 0), Draft::of(school(), course_id(school(), 0), AnyEvent::Course(other)));
    assert_eq!(story.replay(at(14, 1, 0))[2], (Missing, Missing, Same));
}

fn day_after(date: NaiveDate) -> NaiveDate {
    date.succ_opt().unwrap()
}

#[test]
fn a_scan_that_is_dated_back_three_days_later_was_not_known_then_and_is_of_its_day_only() {
    let mut story = Story::new();
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    story.entered(0, 0, at(10, 57, 0), at(15, 0, 0) + TimeDelta::days(3));
    let replayed = |date, known| {
        let moment = Moment { at: at(11, 20, 0), known };
        story.events(date).replay(moment, at(20, 0, 0) + TimeDelta::days(3)).unwrap().pupils[0].clone()
    };
    let line = replayed(monday(), at(23, 0, 0));
    assert_eq!((line.then.unwrap().status.status, line.now.unwrap().status.status), (Missing, Present));
    let line = replayed(day_after(monday()), at(23, 0, 0));
    assert_eq!(line.now.unwrap().first_entry, None);
    assert_eq!(replayed(monday(), at(16, 0, 0) + TimeDelta::days(3)).change, Same);
}

#[test]
fn a_pupil_who_was_erased_or_enrolled_since_is_on_the_board_as_on_that_day() {
    let mut story = Story::new();
    story.entered(0, 0, at(10, 57, 0), at(10, 57, 0));
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    let erased = AnyEvent::Student(student::Event::Erased);
    story.said(at(15, 0, 0), Draft::of(school(), pupil_id(school(), 0), erased));
    let enrolled = student::Event::Enrolled {
        course_id: course_id(school(), 0).into(),
        from: monday(),
        given_names: history::sealed(&mut Random(8)),
        family_names: history::sealed(&mut Random(9)),
        national_id: None,
    };
    story.said(at(15, 5, 0), Draft::of(school(), pupil_id(school(), 7), AnyEvent::Student(enrolled)));
    let replayed = story.events(monday()).replay(Moment { at: at(11, 20, 0), known: at(11, 20, 0) }, at(20, 0, 0));
    let pupils = replayed.unwrap().pupils;
    assert_eq!((pupils.len(), pupils[0].change), (4, Same));
    let of = |place: &Option<Place>| place.as_ref().map(|place| place.status.status);
    assert_eq!(of(&pupils[0].now), Some(Present));
    assert_eq!((of(&pupils[3].then), of(&pupils[3].now), pupils[3].change), (None, Some(Missing), Other));
}

#[test]
fn before_the_school_was_known_there_is_no_board() {
    let story = Story::new();
    let long_ago = at(11, 0, 0) - TimeDelta::days(9);
    let replayed = story.events(monday()).replay(Moment { at: long_ago, known: long_ago }, at(20, 0, 0)).unwrap();
    assert_eq!((replayed.then, replayed.now.totals.pupils), (None, 3));
    let nothing = DayEvents { rules: vec![], ..story.events(monday()) };
    assert_eq!(nothing.replay(Moment { at: long_ago, known: long_ago }, at(20, 0, 0)), None);
}

async fn loaded(world: &World, of: SchoolId, moment: Moment) -> DayEvents {
    replay::load(&mut world.tx(of).await, monday(), moment).await.unwrap().unwrap()
}

/// At every moment of a history what is replayed is what the board was computed from, and another school's events
/// take no part.
#[tokio::test]
async fn as_it_was_known_is_what_the_board_was_computed_from_at_every_moment() {
    let world = World::create().await;
    let random = &mut Random(26);
    for n in 1..=2 {
        world.append(&history::founding(id(n << 24), 12, 2, random)).await;
    }
    let mut moments = Vec::new();
    for _ in 0..8 {
        let mut drafts = history::random(school(), 12, 2, 40, random);
        drafts.extend(history::random(id(2 << 24), 12, 2, 40, random));
        random.shuffle(&mut drafts);
        world.append(&drafts).await;
        world.catch_up_all().await;
        let mut tx = world.snapshot(school()).await;
        let mut facts = crate::live::facts::load_in_tx(tx.conn(), school(), monday()).await.unwrap().unwrap();
        facts.courses.sort_by_key(|course| course.course_id);
        moments.push((at(12, 0, 0) + TimeDelta::milliseconds(world.head().await * 7), facts));
    }
    for (known, live) in moments {
        let moment = Moment { at: DateTime::<Utc>::MAX_UTC, known };
        let replayed = loaded(&world, school(), moment).await.facts(moment).unwrap();
        assert_eq!(replayed.school, live.school);
        assert_eq!(replayed.courses, live.courses);
        assert_eq!(replayed.pupils, live.pupils);
        let gate = |line: &crate::live::board::GateLine| (line.kiosk_id, line.gate.clone(), line.mode, line.revoked);
        let gates = |facts: &crate::live::facts::BoardFacts| facts.gates.iter().map(gate).collect::<Vec<_>>();
        assert_eq!(gates(&replayed), gates(&live));
    }
}

/// What a gate says each minute is not read minute by minute, and judges the same.
#[tokio::test]
async fn the_last_words_of_the_gates_are_all_that_is_read_of_them() {
    let mut story = Story::new();
    for minute in 0..50 {
        story.drained(0, at(10, minute, 0), at(10, minute, 1));
        story.drained(1, at(10, minute.min(20), 0), at(10, minute, 2));
    }
    story.of_kiosk(1, at(10, 55, 0), kiosk::Event::Silent { last_seen: at(10, 50, 0) });
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    story.of_kiosk(1, at(12, 0, 0), kiosk::Event::Returned);
    story.drained(1, at(12, 0, 0), at(12, 0, 0));
    let world = World::create().await;
    world.append_recorded(&story.0).await;
    world.catch_up(crate::ReadModel::Audit).await;
    let moment = Moment { at: at(11, 20, 0), known: at(11, 20, 0) };
    let events = loaded(&world, school(), moment).await;
    assert_eq!(events.words.len(), 5, "the last of each kind at two moments, of two gates");
    let (few, all) = (events.replay(moment, at(20, 0, 0)), story.events(monday()).replay(moment, at(20, 0, 0)));
    let (few, all) = (few.unwrap(), all.unwrap());
    assert_eq!(few.pupils, all.pupils);
    assert!(few.pupils.iter().all(|line| line.then.as_ref().unwrap().status.status == Unknown));
    assert!(few.pupils.iter().all(|line| line.now.as_ref().unwrap().status.status == Missing));
}

#[tokio::test]
async fn a_day_takes_as_many_statements_in_a_large_school_as_in_a_small_one() {
    let (small, large) = (World::with_requests_over(1).await, World::with_requests_over(1).await);
    crate::tests::board::morning(&small, 3, 1).await;
    crate::tests::board::morning(&large, 1_200, 30).await;
    let moment = Moment { at: at(11, 20, 0), known: at(15, 0, 0) };
    let mut counts = Vec::new();
    for world in [&small, &large, &small, &large] {
        counts.push(statements_of(async { drop(loaded(world, school(), moment).await) }).await);
    }
    assert_eq!(counts[2], counts[3], "{counts:?}");
}

#[tokio::test]
async fn an_index_that_an_earlier_program_filled_says_so_instead_of_leaving_days_out() {
    let world = World::create().await;
    crate::tests::board::morning(&world, 3, 1).await;
    let moment = Moment { at: at(11, 20, 0), known: at(15, 0, 0) };
    assert_eq!(loaded(&world, school(), moment).await.day.len(), 2);
    sqlx::query("update audit.entries set payload = null where aggregate_type = 'attendance_day'")
        .execute(&world.owner)
        .await
        .unwrap();
    let refused = replay::load(&mut world.tx(school()).await, monday(), moment).await;
    assert!(matches!(refused, Err(ReplayError::Unfilled)), "{refused:?}");
    let nobody = replay::load(&mut world.tx(id(5)).await, monday(), moment).await.unwrap();
    assert_eq!(nobody, None);
    crate::rebuild::rebuild(&world.owner, &world.reader, crate::ReadModel::Audit).await.unwrap();
    assert_eq!(loaded(&world, school(), moment).await.day.len(), 2);
}

#[test]
fn a_schedule_that_begins_later_is_not_the_day_s() {
    let mut story = Story::new();
    story.drained(0, at(11, 16, 0), at(11, 16, 0));
    story.said(at(9, 0, 0), Draft::of(school(), course_id(school(), 0), AnyEvent::Course(schedule(day(1), 6))));
    assert_eq!(story.replay(at(11, 10, 0))[0], (Pending, Pending, Same));
}

#[test]
fn many_days_at_once_stand_as_each_of_them_does() {
    let mut story = Story::new();
    for kiosk in 0..2 {
        story.drained(kiosk, at(11, 16, 0), at(11, 16, 0));
    }
    story.entered(0, 0, at(10, 57, 0), at(10, 57, 0));
    story.entered(1, 1, at(11, 9, 0), at(11, 9, 0));
    let events = story.events(monday());
    let days = [(monday(), events.day.as_slice()), (day_after(monday()), &[])];
    let moment = |date: NaiveDate| at(11, 20, 0) + (date - monday());
    let all = replay::statuses(school(), &events.rules, days, moment).unwrap();
    let of = |day: usize| all[day].1.iter().map(|(_, status)| status.status).collect::<Vec<_>>();
    assert_eq!(of(0), [Present, Late { minutes: 9 }, Missing]);
    let one = events.replay(Moment { at: at(11, 20, 0), known: at(11, 20, 0) }, at(11, 20, 0)).unwrap();
    let alone: Vec<_> = one.pupils.iter().map(|line| line.now.as_ref().unwrap().status.clone()).collect();
    assert_eq!(all[0].1.iter().map(|(_, status)| status.clone()).collect::<Vec<_>>(), alone);
    assert_eq!(of(1), [Unknown; 3], "no gate has said anything of Tuesday");
    assert_eq!(replay::statuses(id(5), &events.rules, days, moment), None);
}
