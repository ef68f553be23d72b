//! Days that have passed, judged once more by other rules, over the tables; and settings that hold from their date on.

use super::board::{morning, statements_of};
use crate::audit::replay::{self, Moment, Trial, load_span};
use crate::live::queries::load_board;
use crate::live::reports::{self, Scope};
use crate::testing::history::{self, Random, course_id, day, kiosk_id, plain_scan, pupil_id};
use crate::testing::{Draft, World, at, id, monday};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::attendance_day::Direction;
use domain::day_status::Status;
use domain::entry_rate::Outcome::{self, InTime, Late};
use domain::school::SettingsChange;
use domain::simulation::{Notices, Simulated};
use domain::{AnyEvent, Recorded, SchoolId, kiosk, school};
use std::collections::BTreeSet;

const PUPILS: u64 = 40;

fn own() -> SchoolId {
    id(1 << 24)
}

/// Events in the order in which they were recorded.
struct Story(Vec<(DateTime<Utc>, Draft)>);

impl Story {
    /// Forty pupils of two courses that begin at eight (11:00 UTC), four kiosks; late after five minutes, missing after
    /// fifteen, a mass from a quarter on, no news after 65.
    fn new() -> Self {
        let founded = at(9, 0, 0) - TimeDelta::days(20);
        let drafts = history::founding(own(), PUPILS, 2, &mut Random(1)).into_iter();
        let drafts =
            drafts.filter(|draft| !matches!(draft.event, AnyEvent::Kiosk(kiosk::Event::DrainedThrough { .. })));
        Self(drafts.map(|draft| (founded, Draft { date: day(-20), ..draft })).collect())
    }

    fn say(&mut self, on: i64, recorded_at: DateTime<Utc>, own_id: uuid::Uuid, event: AnyEvent) {
        self.0.push((recorded_at + TimeDelta::days(on), Draft { date: day(on), ..Draft::of(own(), own_id, event) }));
    }

    fn gate(&mut self, on: i64, kiosk: u64, recorded_at: DateTime<Utc>, event: kiosk::Event) {
        self.say(on, recorded_at, kiosk_id(own(), kiosk), AnyEvent::Kiosk(event));
    }

    /// Nothing from before the moment waits on these kiosks.
    fn drained(&mut self, on: i64, kiosks: impl IntoIterator<Item = u64>, now: DateTime<Utc>) {
        for kiosk in kiosks {
            let through = now + TimeDelta::days(on);
            self.gate(on, kiosk, now, kiosk::Event::DrainedThrough { queue_id: id(9), seq: 0, through });
        }
    }

    fn enters(&mut self, on: i64, pupil: u64, kiosk: u64, entered: DateTime<Utc>, recorded_at: DateTime<Utc>) {
        let entered = entered + TimeDelta::days(on);
        let mut scan = plain_scan(own(), self.0.len() as u128, Direction::Entry, entered);
        scan.kiosk_id = kiosk_id(own(), kiosk).into();
        self.0.push((recorded_at + TimeDelta::days(on), history::scan(own(), pupil, day(on), scan)));
    }

    /// A day on which all but these come at ten to eight and no gate has anything to tell later.
    fn usual(&mut self, on: i64, but: std::ops::Range<u64>) {
        for pupil in (0..PUPILS).filter(|pupil| !but.contains(pupil)) {
            self.enters(on, pupil, 0, at(10, 50, 0), at(10, 50, 0));
        }
        for now in [at(11, 15, 10), at(11, 30, 10), at(23, 0, 0)] {
            self.drained(on, 0..4, now);
        }
    }

    async fn world(mut self) -> World {
        self.0.sort_by_key(|(recorded_at, _)| *recorded_at);
        let placed = self.0.iter().zip(1..);
        let events: Vec<_> = placed
            .map(|((recorded_at, draft), n)| Recorded { recorded_at: *recorded_at, ..draft.recorded(n) })
            .collect();
        let world = World::create().await;
        world.append_recorded(&events).await;
        world.catch_up_all().await;
        world
    }
}

/// Monday to Thursday of last week.
const DATES: [i64; 4] = [-7, -6, -5, -4];

/// Monday: one comes at eight past eight, one does not. Tuesday: the bus with twelve of them is there at 08:25. Wednesday:
/// a gate falls silent before eight and tells at nine whom it let in. Thursday: nothing.
async fn week() -> World {
    let mut story = Story::new();
    story.usual(-7, 0..2);
    story.enters(-7, 0, 0, at(11, 8, 0), at(11, 8, 0));
    story.usual(-6, 0..12);
    for pupil in 0..12 {
        story.enters(-6, pupil, 0, at(11, 25, 0), at(11, 25, 0));
    }
    for pupil in 3..PUPILS {
        story.enters(-5, pupil, 0, at(10, 50, 0), at(10, 50, 0));
    }
    story.enters(-5, 0, 0, at(10, 50, 0), at(10, 50, 0));
    story.drained(-5, [1], at(10, 40, 0));
    story.gate(-5, 1, at(10, 44, 0), kiosk::Event::Silent { last_seen: at(10, 41, 0) - TimeDelta::days(5) });
    for now in [at(11, 15, 10), at(12, 5, 0), at(23, 0, 0)] {
        story.drained(-5, [0, 2, 3], now);
    }
    story.enters(-5, 2, 1, at(10, 55, 0), at(12, 0, 0));
    story.gate(-5, 1, at(12, 0, 0), kiosk::Event::Returned);
    story.drained(-5, [1], at(12, 0, 0));
    story.drained(-5, [1], at(23, 0, 0));
    story.usual(-4, 0..0);
    story.world().await
}

async fn simulated(world: &World, trial: &Trial) -> Simulated {
    let dates = (day(DATES[0]), day(DATES[3]));
    let span = load_span(&mut world.tx(own()).await, dates, trial).await.unwrap().unwrap();
    let mut steps = Vec::new();
    let simulated = span.simulate(trial, |done| {
        steps.push(done);
        true
    });
    assert_eq!(steps, [0, 1, 2, 3], "each day is told");
    assert_eq!(
        span.simulate(trial, |done| done < 2),
        None,
        "whoever does not want it any more does not get half of it"
    );
    simulated.unwrap()
}

/// From what to what, of each day.
fn flips(simulated: &Simulated, on: usize) -> Vec<(u64, Option<Outcome>, Option<Outcome>)> {
    let number = |student| (0..PUPILS).find(|n| pupil_id(own(), *n) == student).unwrap();
    let flips = simulated.days[on].flips.iter();
    let mut flips: Vec<_> = flips.map(|flip| (number(flip.student_id.0), flip.before, flip.after)).collect();
    flips.sort_by_key(|flip| flip.0);
    flips
}

fn told(told: u32) -> Notices {
    Notices { told, ..Notices::default() }
}

fn settings(change: SettingsChange) -> Trial {
    Trial { settings: change, ..Trial::default() }
}

#[tokio::test]
async fn without_a_change_nobody_flips_and_the_notices_are_those_that_went() {
    let found = simulated(&week().await, &Trial::default()).await;
    assert_eq!((found.flips(), found.school_days()), (0, 4));
    let of = |on: usize| (found.days[on].before, found.days[on].after);
    let monday = told(1);
    let tuesday = Notices { mass_alarm: 12, ..Notices::default() };
    // Of two whom nobody had seen one was told of at nine, when the gate said that it had not let him in.
    let wednesday = Notices { told: 1, gate_silent: 1, ..Notices::default() };
    for (on, notices) in [monday, tuesday, wednesday, told(0)].into_iter().enumerate() {
        assert_eq!(of(on), (notices, notices), "{on}");
    }
}

#[tokio::test]
async fn a_longer_grace_makes_of_the_late_one_one_in_time_and_tells_nobody_else() {
    let world = week().await;
    let found =
        simulated(&world, &settings(SettingsChange { late_after_minutes: Some(8), ..Default::default() })).await;
    assert_eq!(flips(&found, 0), [(0, Some(Late), Some(InTime))]);
    assert_eq!((found.flips(), found.notices()[0]), (1, found.notices()[1]));
    let all = simulated(&world, &settings(SettingsChange { late_after_minutes: Some(25), ..Default::default() })).await;
    assert_eq!((flips(&all, 1).len(), all.flips(), all.pupils().len()), (12, 13, 12));
}

#[tokio::test]
async fn another_mass_alarm_bound_and_another_limit_change_who_is_told_and_no_day() {
    let world = week().await;
    let bound = settings(SettingsChange { mass_alarm_percent: Some(30), ..Default::default() });
    let found = simulated(&world, &bound).await;
    assert_eq!((found.flips(), found.days[1].before.mass_alarm), (0, 12));
    assert_eq!(found.days[1].after, told(12), "exactly thirty of a hundred is no mass");
    // At half past eight the bus is there.
    let later = settings(SettingsChange { missing_after_minutes: Some(30), ..Default::default() });
    let found = simulated(&world, &later).await;
    assert_eq!((found.flips(), found.days[1].after, found.days[0].after), (0, told(0), told(1)));
    // Before the gate tells, what it holds is no news any more.
    let stale = settings(SettingsChange { stale_after_minutes: Some(40), ..Default::default() });
    let found = simulated(&world, &stale).await;
    assert_eq!(found.days[2].after, Notices { gate_silent: 2, ..Notices::default() });
}

#[tokio::test]
async fn another_hour_of_entry_is_of_its_course_and_a_day_off_of_all() {
    let world = week().await;
    let entry = NaiveTime::from_hms_opt(8, 10, 0).unwrap();
    let of = |course: u64| Trial { entry: Some((Some(course_id(own(), course).into()), entry)), ..Trial::default() };
    let found = simulated(&world, &of(0)).await;
    assert_eq!(flips(&found, 0), [(0, Some(Late), Some(InTime))]);
    // Six of its twenty and six of the others: those of 08:25 are there when the first are due at 08:25.
    assert_eq!(found.days[1].after, Notices { mass_alarm: 6, ..Notices::default() });
    assert_eq!(simulated(&world, &of(1)).await.flips(), 0);
    let thursday = BTreeSet::from([day(-4)]);
    let found = simulated(&world, &Trial { days_off: thursday, ..Trial::default() }).await;
    assert_eq!((found.flips(), found.days[3].flips.len(), found.school_days()), (40, 40, 4));
    assert!(found.days[3].flips.iter().all(|flip| (flip.before, flip.after) == (Some(InTime), None)));
    let tuesday = BTreeSet::from([day(-6)]);
    let found = simulated(&world, &Trial { days_off: tuesday, ..Trial::default() }).await;
    assert_eq!(found.days[1].after, Notices::default());
}

#[tokio::test]
async fn of_a_day_on_which_nobody_was_read_nothing_is_known_by_either_rules() {
    let mut story = Story::new();
    story.usual(-7, 0..0);
    for now in [at(11, 15, 10), at(23, 0, 0)] {
        story.drained(-6, 0..4, now);
    }
    let world = story.world().await;
    let later = settings(SettingsChange { late_after_minutes: Some(20), ..Default::default() });
    let found = simulated(&world, &later).await;
    assert_eq!((found.flips(), found.school_days()), (0, 4));
    let off = Trial { days_off: BTreeSet::from([day(-6)]), ..Trial::default() };
    let found = simulated(&world, &off).await;
    assert!(found.days[1].flips.iter().all(|flip| flip.before == Some(Outcome::Unknown)));
    assert_eq!(found.days[1].flips.len(), 40);
}

/// Whatever happened: the two sides differ by nothing but the trial.
#[tokio::test]
async fn without_a_change_both_sides_of_any_history_are_the_same() {
    let world = World::create().await;
    let random = &mut Random(33);
    world.append(&history::founding(own(), 12, 2, random)).await;
    world.append(&history::random(own(), 12, 2, 400, random)).await;
    world.catch_up_all().await;
    let none = Trial::default();
    let span = load_span(&mut world.tx(own()).await, (day(-15), monday()), &none).await.unwrap().unwrap();
    let found = span.simulate(&none, |_| true).unwrap();
    assert_eq!(found.flips(), 0);
    assert!(found.days.iter().all(|day| day.before == day.after));
    let nobody = load_span(&mut world.tx(id(5)).await, (day(-15), monday()), &none).await.unwrap();
    assert_eq!(nobody, None);
}

#[tokio::test]
async fn a_month_takes_as_many_statements_as_a_day_in_a_large_school_as_in_a_small_one() {
    let (small, large) = (World::with_requests_over(1).await, World::with_requests_over(1).await);
    morning(&small, 3, 1).await;
    morning(&large, 1_200, 30).await;
    let mut counts = Vec::new();
    for (world, from) in [(&small, 0), (&large, -30), (&small, 0), (&large, -30)] {
        let asked = async {
            let dates = (day(from), monday());
            load_span(&mut world.tx(own()).await, dates, &Trial::default()).await.unwrap().unwrap();
        };
        counts.push(statements_of(asked).await);
    }
    assert!(counts[2] > 5, "the statements were not counted");
    assert_eq!(counts[2], counts[3]);
}

async fn late_in_report(world: &World, date: NaiveDate, now: DateTime<Utc>) -> u32 {
    let mut tx = world.snapshot(own()).await;
    reports::report(&mut tx, Scope::School, (date, date), now).await.unwrap().unwrap().total.late
}

async fn late_in_replay(world: &World, date: NaiveDate, moment: DateTime<Utc>, now: DateTime<Utc>) -> usize {
    let moment = Moment { at: moment, known: moment };
    let events = replay::load(&mut world.tx(own()).await, date, moment).await.unwrap().unwrap();
    let pupils = events.replay(moment, now).unwrap().pupils;
    let late = |line: &replay::Line| matches!(line.now.as_ref().unwrap().status.status, Status::Late { .. });
    pupils.iter().filter(|line| late(line)).count()
}

async fn late_on_board(world: &World, date: NaiveDate, now: DateTime<Utc>) -> u32 {
    load_board(&mut world.snapshot(own()).await, date, now).await.unwrap().unwrap().totals.late
}

#[tokio::test]
async fn a_grace_that_is_saved_today_judges_today_and_neither_last_week_s_board_nor_its_report_nor_its_replay() {
    let mut story = Story::new();
    for on in [-7, 0] {
        story.usual(on, 0..1);
        story.enters(on, 0, 0, at(11, 8, 0), at(11, 8, 0));
    }
    let changed = school::Event::SettingsChanged { settings: history::settings(10) };
    story.say(0, at(13, 0, 0), own().0, AnyEvent::School(changed));
    let world = story.world().await;
    let now = at(23, 30, 0);
    for (date, late) in [(day(-7), 1), (monday(), 0)] {
        let noon = at(15, 0, 0) + (date - monday());
        assert_eq!(late_on_board(&world, date, noon).await, late, "board of {date}");
        assert_eq!(late_in_report(&world, date, now).await, late, "report of {date}");
        assert_eq!(late_in_replay(&world, date, noon, now).await, late as usize, "replay of {date}");
    }
    // Before it was saved nobody knew of it.
    let noon = Moment { at: at(12, 0, 0), known: at(12, 0, 0) };
    let events = replay::load(&mut world.tx(own()).await, monday(), noon).await.unwrap().unwrap();
    let replayed = events.replay(noon, now).unwrap();
    let of = |place: &Option<replay::Place>| place.as_ref().unwrap().status.status;
    let line = replayed.pupils.iter().find(|line| line.student_id.0 == pupil_id(own(), 0)).unwrap();
    assert_eq!((of(&line.then), of(&line.now)), (Status::Late { minutes: 8 }, Status::Present));
    world.assert_live_equals_rebuild().await;
}
