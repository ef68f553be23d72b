//! Facts that are kept and brought up to now: always those that would be loaded.

use crate::live::board::board;
use crate::live::kept::{self, Kept};
use crate::live::rows::LiveScan;
use crate::testing::history::{self, Random};
use crate::testing::{Draft, World, at, id, monday};
use crate::{ReadModel, rebuild};
use domain::attendance_day::{self, Direction, Flag, ManualEntry, ManualReason};
use domain::calendar::{CourseDay, CourseTimes, Layer, Reason, SchoolDay};
use domain::{AnyEvent, SchoolId, course, school};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const PUPILS: u64 = 40;

fn school() -> SchoolId {
    id(1 << 24)
}

async fn founded(seed: u64) -> (World, Random) {
    let (world, mut random) = (World::create().await, Random(seed));
    // One more: histories move and withdraw that one, too, and only those who were enrolled can be.
    world.append(&history::founding(school(), PUPILS + 1, 3, &mut random)).await;
    world.catch_up_all().await;
    // Two of the four kiosks called, each with something else to say.
    sqlx::query(
        "insert into kiosk_seen (kiosk_id, school_id, last_seen, queue_depth, clock_skew_ms, boot_id)
         select kiosk_id, school_id, $1, row_number() over (order by kiosk_id), 0, kiosk_id from roster.kiosks
         order by kiosk_id limit 2",
    )
    .bind(at(11, 0, 0))
    .execute(&world.owner)
    .await
    .unwrap();
    (world, random)
}

async fn load(world: &World, before: Option<&Kept>) -> (Kept, Vec<LiveScan>) {
    let since = before.map(|kept| (kept.facts.as_of.epoch, kept.facts.as_of.position));
    kept::load(&mut world.snapshot(school()).await, monday(), since, 1_000).await.unwrap().unwrap()
}

async fn changes(world: &World, kept: &Kept, most: i64) -> Option<kept::Changes> {
    kept::changes(&mut world.request.acquire().await.unwrap(), kept, most).await.unwrap()
}

async fn follow(world: &World, kept: &Kept) -> Option<(Kept, Vec<LiveScan>)> {
    kept.clone().follow(changes(world, kept, 1_000).await?)
}

/// The facts as they are now, which they must be whichever way they come; counts those that were followed.
async fn next(world: &World, kept: Kept, followed: &mut usize) -> Kept {
    let loaded = load(world, Some(&kept)).await;
    let Some(changed) = follow(world, &kept).await else { return loaded.0 };
    assert_eq!((&changed.0.facts, &changed.1), (&loaded.0.facts, &loaded.1));
    *followed += 1;
    changed.0
}

fn entry(pupil: u64, number: u128) -> Draft {
    let scan = history::plain_scan(school(), number, Direction::Entry, at(11, 0, u32::try_from(number % 60).unwrap()));
    history::scan(school(), pupil, monday(), scan)
}

fn flagged(pupil: u64, number: u128, flag: Flag) -> Draft {
    let scan_id = history::plain_scan(school(), number, Direction::Entry, at(11, 0, 0)).scan_id;
    let event = attendance_day::Event::ScanFlagged { scan_id, flags: vec![flag] };
    Draft { event: AnyEvent::AttendanceDay(event), ..entry(pupil, number) }
}

#[tokio::test]
async fn followed_facts_are_the_loaded_ones_after_every_page_of_a_random_history() {
    let (world, mut random) = founded(7).await;
    let (mut kept, mut followed) = (load(&world, None).await.0, 0);
    for page in history::random(school(), PUPILS, 3, 1_500, &mut random).chunks(10) {
        world.append(page).await;
        // In either order: a board may meet the one model ahead of the other.
        let mut order = [ReadModel::Live, ReadModel::Roster];
        if random.chance(50) {
            order.reverse();
        }
        for model in order {
            world.catch_up(model).await;
            kept = next(&world, kept, &mut followed).await;
        }
    }
    assert!(followed > 50, "only {followed} times");
    // Nothing of the roster, as in the rush.
    let mut live = history::random(school(), PUPILS, 3, 1_500, &mut random);
    live.retain(|d| !matches!(d.event, AnyEvent::School(_) | AnyEvent::Course(_) | AnyEvent::Student(_)));
    let (pages, before) = (live.chunks(10), followed);
    let all = pages.len();
    for page in pages {
        world.append(page).await;
        world.catch_up_all().await;
        kept = next(&world, kept, &mut followed).await;
    }
    assert!(followed - before > all * 9 / 10, "only {} of {all}", followed - before);
}

fn by_hand(pupil: u64, number: u128) -> Draft {
    let entry = ManualEntry {
        entry_id: id(0x7000 + number),
        direction: Direction::Entry,
        occurred_at: at(11, 0, u32::try_from(number % 60).unwrap()),
        reason: ManualReason::ForgotCard,
        note: None,
    };
    history::by_hand(school(), pupil, monday(), entry, false)
}

fn taken_back(pupil: u64, number: u128) -> Draft {
    let event = attendance_day::Event::ManualEntryWithdrawn { entry_id: id(0x7000 + number) };
    Draft { event: AnyEvent::AttendanceDay(event), ..by_hand(pupil, number) }
}

#[tokio::test]
async fn what_is_recorded_by_hand_is_followed_as_scans_are_and_what_is_taken_back_is_shown_no_more() {
    let (world, _) = founded(1).await;
    world.append(&[entry(0, 0)]).await;
    world.catch_up_all().await;
    let (mut kept, mut followed) = (load(&world, None).await.0, 0);
    let shown = |kept: &Kept| kept.facts.last_scans.iter().map(|scan| scan.by_hand.is_some()).collect::<Vec<_>>();
    let inside = |kept: &Kept| board(&kept.facts, at(11, 30, 0)).totals.inside;
    for (page, by_hand, inside_now) in [
        (vec![by_hand(1, 1)], vec![true, false], 2),
        (vec![taken_back(1, 1)], vec![false], 1),
        // Between two looks both: nobody is told.
        (vec![by_hand(2, 2), taken_back(2, 2)], vec![false], 1),
        (vec![by_hand(0, 3), by_hand(3, 4)], vec![true, true, false], 2),
        (vec![taken_back(0, 3)], vec![true, false], 2),
    ] {
        world.append(&page).await;
        world.catch_up_all().await;
        kept = next(&world, kept, &mut followed).await;
        assert_eq!((shown(&kept), inside(&kept)), (by_hand, inside_now));
    }
    assert_eq!(followed, 5);
}

#[tokio::test]
async fn a_scan_that_turns_out_to_be_an_echo_leaves_the_last_ones_and_another_moves_up() {
    let (world, _) = founded(1).await;
    let scans: Vec<_> = (0..30).map(|n| entry(n, n.into())).collect();
    world.append(&scans).await;
    world.catch_up_all().await;
    let (mut kept, mut followed) = (load(&world, None).await.0, 0);
    for (page, follows) in [
        (vec![flagged(20, 20, Flag::LateSync)], true),
        // Long gone from the last ones, or coming with one that takes its place.
        (vec![flagged(2, 2, Flag::Echo)], true),
        (vec![flagged(21, 21, Flag::Echo), entry(30, 30)], true),
        // Which one moves up is not among what is kept.
        (vec![flagged(22, 22, Flag::Echo)], false),
        (vec![entry(31, 31), flagged(31, 31, Flag::Echo)], true),
    ] {
        let before = followed;
        world.append(&page).await;
        world.catch_up_all().await;
        kept = next(&world, kept, &mut followed).await;
        assert_eq!(followed > before, follows, "{page:?}");
        assert_eq!(kept.facts.last_scans.len(), 20);
    }
}

#[tokio::test]
async fn facts_are_loaded_again_where_changes_do_not_tell() {
    let (world, mut random) = founded(3).await;
    world.append(&[entry(0, 0)]).await;
    world.catch_up_all().await;
    let kept = load(&world, None).await.0;
    assert!(follow(&world, &kept).await.is_some(), "nothing happened");

    let with = |change: &dyn Fn(&mut Kept)| {
        let mut other = kept.clone();
        change(&mut other);
        other
    };
    let ahead = with(&|kept| kept.facts.as_of.position += 1);
    assert!(follow(&world, &ahead).await.is_none(), "the model lost its last commits");
    let ahead = with(&|kept| kept.facts.as_of.roster_position += 1);
    assert!(follow(&world, &ahead).await.is_none(), "the roster lost its last commits");
    let other = with(&|kept| kept.facts.as_of.epoch = id(9));
    assert!(follow(&world, &other).await.is_none(), "the log began another epoch");

    for model in [ReadModel::Live, ReadModel::Roster] {
        let kept = load(&world, None).await.0;
        rebuild::rebuild(&world.owner, &world.reader, model).await.unwrap();
        assert!(follow(&world, &kept).await.is_none(), "{model:?} was rebuilt");
    }

    let kept = load(&world, None).await.0;
    world.append(&history::random(school(), PUPILS, 3, 30, &mut random)).await;
    world.catch_up(ReadModel::Roster).await;
    assert!(follow(&world, &kept).await.is_none(), "the roster changed");

    let date = monday();
    let day = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let course = history::course_id(school(), 0);
    for event in [
        AnyEvent::School(school::Event::CalendarDaySet { date, day: SchoolDay::Outing }),
        AnyEvent::School(school::Event::CalendarDayCleared { date, layer: Layer::Day }),
        AnyEvent::Course(course::Event::ScheduleExceptionSet { date, day }),
        AnyEvent::Course(course::Event::ScheduleExceptionCleared { date }),
    ] {
        let kept = load(&world, None).await.0;
        let own = if let AnyEvent::School(_) = event { school().0 } else { course };
        world.append(&[Draft::of(school(), own, event.clone())]).await;
        world.catch_up_all().await;
        assert!(follow(&world, &kept).await.is_none(), "{}", event.name());
    }

    let kept = load(&world, None).await.0;
    world.append(&[entry(PUPILS + 7, 77)]).await;
    world.catch_up_all().await;
    assert!(follow(&world, &kept).await.is_none(), "somebody whom the roster does not know was scanned");

    let kept = load(&world, None).await.0;
    world.append(&(0..3).map(|n| entry(n, 100 + u128::from(n))).collect::<Vec<_>>()).await;
    world.catch_up_all().await;
    assert!(changes(&world, &kept, 3).await.is_some());
    assert!(changes(&world, &kept, 2).await.is_none(), "too much came at once");
}

/// The statement takes no lock by hand: while rebuilds swap under it, it sees one copy with its rows, or
/// that it is another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_never_those_of_an_empty_table_while_rebuilds_swap_under_them() {
    let (world, _) = founded(1).await;
    let kept = load(&world, None).await.0;
    world.append(&(0..PUPILS).map(|n| entry(n, n.into())).collect::<Vec<_>>()).await;
    world.catch_up_all().await;
    let (world, kept) = (Arc::new(world), Arc::new(kept));
    let (done, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (world, kept, done, reads) = (world.clone(), kept.clone(), done.clone(), reads.clone());
        readers.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let changes = changes(&world, &kept, 1_000).await.unwrap();
                assert_eq!((changes.days.len() as u64, changes.scans.len() as u64), (PUPILS, PUPILS));
                assert_eq!(changes.gates.len(), 4);
                assert!(changes.scans.iter().all(|scan| scan.name.is_some()));
                if let Some((kept, _)) = kept.as_ref().clone().follow(changes) {
                    assert_eq!(u64::from(board(&kept.facts, at(11, 30, 0)).totals.inside), PUPILS);
                }
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for _ in 0..4 {
        for model in [ReadModel::Live, ReadModel::Roster] {
            rebuild::rebuild(&world.owner, &world.reader, model).await.unwrap();
        }
    }
    done.store(true, Ordering::Relaxed);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 20);
}
