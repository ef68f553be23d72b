//! A kiosk may be offline for days: the same facts in whatever order they arrive.

use crate::ReadModel;
use crate::live::queries::load_board;
use crate::testing::history::{self, Random, pupil_id};
use crate::testing::{Draft, World, at, id, monday};
use domain::attendance_day::{self, Direction, Flag, TimeConfidence};
use domain::{AnyEvent, SchoolId};
use tokio_util::sync::CancellationToken;

fn school() -> SchoolId {
    id(1 << 24)
}

/// A scan and what was said of it: these two never arrive apart or reversed.
type Arrival = Vec<Draft>;

fn arrival(pupil: u64, n: u128, direction: Direction, minute: u32, flags: &[Flag]) -> Arrival {
    let mut scan = history::plain_scan(school(), n, direction, at(11, minute, 0));
    if flags.contains(&Flag::LowConfidenceTime) {
        scan.time_confidence = TimeConfidence::Low;
    }
    let scan_id = scan.scan_id;
    let scan = history::scan(school(), pupil, monday(), scan);
    let flagged = attendance_day::Event::ScanFlagged { scan_id, flags: flags.to_vec() };
    let flagged = Draft { event: AnyEvent::AttendanceDay(flagged), ..scan.clone() };
    if flags.is_empty() { vec![scan] } else { vec![scan, flagged] }
}

fn a_day() -> Vec<Arrival> {
    use Direction::{Entry, Exit};
    vec![
        arrival(0, 1, Entry, 2, &[]),
        arrival(0, 2, Exit, 40, &[]),
        arrival(0, 3, Exit, 40, &[Flag::Echo]),
        arrival(1, 4, Entry, 10, &[]),
        arrival(1, 5, Entry, 9, &[Flag::Echo, Flag::LateSync]),
        arrival(2, 6, Entry, 1, &[Flag::LowConfidenceTime]),
        arrival(2, 7, Entry, 20, &[Flag::LateSync]),
        arrival(2, 8, Exit, 50, &[Flag::LaneMismatch]),
        arrival(2, 9, Entry, 55, &[Flag::LateSync, Flag::RepeatedEntry]),
    ]
}

/// The live rows without what tells of the arrival itself.
async fn rows_after(order: &[Arrival], seed: u64) -> Vec<String> {
    let world = World::create().await;
    world.append(&history::founding(school(), 3, 1, &mut Random(1))).await;
    let mut random = Random(seed);
    for arrival in order {
        world.append(arrival).await;
        // Some are met alone, some in one page with others, some with a scan and its flags cut apart.
        if random.chance(50) {
            let mut projector = world.projector_of(ReadModel::Live);
            projector.set_page(1 + usize::try_from(random.below(3)).unwrap());
            projector.step(&CancellationToken::new()).await.unwrap();
        }
    }
    world.catch_up_all().await;
    let mut rows = Vec::new();
    for table in ["pupil_days", "live_scans", "gates"] {
        let select = format!(
            "select (to_jsonb(t) - 'position' - 'last_position' - 'recorded_at')::text from live.{table} t order by 1"
        );
        rows.extend(sqlx::query_scalar::<_, String>(&select).fetch_all(&world.owner).await.unwrap());
    }
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(12, 0, 0)).await.unwrap().unwrap();
    rows.push(format!("{:?}", board.totals));
    world.assert_live_equals_rebuild().await;
    rows
}

#[tokio::test]
async fn the_same_facts_in_any_order_of_arrival_give_the_same_rows() {
    let in_time = a_day();
    let expected = rows_after(&in_time, 0).await;
    assert_eq!(expected.len(), 3 + 9 + 4 + 1, "three pupils, nine scans, four gates, the totals");

    let mut backwards = in_time.clone();
    backwards.reverse();
    assert_eq!(rows_after(&backwards, 1).await, expected, "the latest first, each echo before its first tap");

    let (late, mut first): (Vec<_>, Vec<_>) = in_time.iter().cloned().partition(|a| a.len() == 1);
    first.extend(late);
    assert_eq!(rows_after(&first, 2).await, expected, "all that is flagged, then all that is not");

    for seed in 3..7 {
        let mut any = in_time.clone();
        Random(seed).shuffle(&mut any);
        assert_eq!(rows_after(&any, seed).await, expected, "seed {seed}");
    }
}

#[tokio::test]
async fn an_earlier_scan_synced_hours_later_takes_back_that_a_pupil_was_late() {
    let world = World::create().await;
    world.append(&history::founding(school(), 1, 1, &mut Random(1))).await;
    world.append(&arrival(0, 1, Direction::Entry, 30, &[])).await;
    world.catch_up_all().await;
    let totals =
        async || load_board(&mut world.snapshot(school()).await, monday(), at(15, 0, 0)).await.unwrap().unwrap().totals;
    assert_eq!((totals().await.late, totals().await.present), (1, 0));
    world.append(&arrival(0, 2, Direction::Entry, 1, &[Flag::LateSync])).await;
    world.catch_up_all().await;
    assert_eq!((totals().await.late, totals().await.present), (0, 1));
    let student = pupil_id(school(), 0).into();
    let mut tx = world.snapshot(school()).await;
    let day = crate::live::queries::pupil_day(&mut tx, student, monday(), at(15, 0, 0));
    let scans = day.await.unwrap().unwrap().scans;
    assert_eq!(scans.iter().map(|s| s.occurred_at).collect::<Vec<_>>(), [at(11, 1, 0), at(11, 30, 0)]);
}
