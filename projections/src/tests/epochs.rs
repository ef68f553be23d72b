//! A log restored to an earlier time begins a new epoch.

use crate::live::queries::load_board;
use crate::runner::StepError;
use crate::testing::history::{self, Random};
use crate::testing::{World, at, id, monday};
use crate::{ReadModel, checkpoint, rebuild};
use domain::attendance_day::Direction;
use domain::{Epoch, SchoolId};
use tokio_util::sync::CancellationToken;

/// As a restore would: the log's end is gone, other events come, under another epoch or the same one.
async fn restore(world: &World, keep: i64, epoch: Option<Epoch>) {
    let mut tx = world.owner.begin().await.unwrap();
    for statement in [
        "alter table events disable trigger user".to_owned(),
        format!("delete from events where position > {keep}"),
        "alter table events enable trigger user".to_owned(),
    ] {
        sqlx::query(&statement).execute(&mut *tx).await.unwrap();
    }
    if let Some(epoch) = epoch {
        sqlx::query("update log_epoch set epoch = $1").bind(epoch.0).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn step_until_caught_up(world: &World) {
    let head = nats::log::head(&world.reader).await.unwrap();
    for model in ReadModel::ALL {
        let mut projector = world.projector_of(model);
        for _ in 0..50 {
            projector.step(&CancellationToken::new()).await.unwrap();
            let now = checkpoint::begin(&world.projector, model).await.unwrap();
            if (now.epoch, now.position) == (head.epoch, head.position) {
                break;
            }
        }
        let now = checkpoint::begin(&world.projector, model).await.unwrap();
        assert_eq!((now.epoch, now.position), (head.epoch, head.position));
    }
}

fn school() -> SchoolId {
    id(1 << 24)
}

async fn a_day(world: &World) -> i64 {
    world.append(&history::founding(school(), 10, 2, &mut Random(1))).await;
    let founded = world.head().await;
    for n in 0..10 {
        let scan = history::plain_scan(school(), n.into(), Direction::Entry, at(10, 50, 0));
        world.append(&[history::scan(school(), n, monday(), scan)]).await;
    }
    founded
}

#[tokio::test]
async fn a_new_epoch_ends_in_the_rows_of_the_restored_log() {
    let world = World::create().await;
    let founded = a_day(&world).await;
    world.catch_up_all().await;
    restore(&world, founded + 4, Some(id(0xe2))).await;
    world.append(&history::random(school(), 10, 2, 300, &mut Random(5))).await;
    step_until_caught_up(&world).await;
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn a_new_epoch_shorter_than_the_old_one_takes_back_what_was_lost() {
    let world = World::create().await;
    let founded = a_day(&world).await;
    world.catch_up_all().await;
    restore(&world, founded + 4, Some(id(0xe2))).await;
    step_until_caught_up(&world).await;
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
    assert_eq!(board.totals.inside, 4);
    assert_eq!(board.as_of.epoch, id::<Epoch>(0xe2));
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn a_log_that_lost_its_tail_without_a_new_epoch_is_noticed() {
    let world = World::create().await;
    let founded = a_day(&world).await;
    world.catch_up_all().await;
    restore(&world, founded + 2, None).await;
    step_until_caught_up(&world).await;
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
    assert_eq!(board.totals.inside, 2);
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn readers_see_the_old_rows_until_all_of_the_new_epoch_are_there() {
    let world = World::create().await;
    let founded = a_day(&world).await;
    world.catch_up_all().await;
    restore(&world, founded + 3, Some(id(0xe3))).await;
    let reading = async {
        let mut seen = Vec::new();
        while seen.last() != Some(&3) {
            let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
            if seen.last() != Some(&board.totals.inside) {
                seen.push(board.totals.inside);
            }
            assert_eq!(board.totals.pupils, 10);
        }
        seen
    };
    let (seen, ()) = tokio::join!(reading, step_until_caught_up(&world));
    assert!(seen == [10, 3] || seen == [3], "{seen:?}");
}

#[tokio::test]
async fn a_board_left_in_the_old_epoch_by_an_event_that_cannot_be_applied_says_so() {
    let world = World::create().await;
    let founded = a_day(&world).await;
    world.catch_up_all().await;
    let board =
        async || load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
    assert!(!board().await.as_of.stale_epoch);
    restore(&world, founded + 4, Some(id(0xe2))).await;
    assert!(board().await.as_of.stale_epoch, "as soon as the log is another one");
    let scan = history::plain_scan(school(), 77, Direction::Entry, at(10, 51, 0));
    let mut poisoned = history::scan(school(), 7, monday(), scan).recorded(founded + 5);
    poisoned.event_version = "99".to_owned();
    world.append_recorded(&[poisoned]).await;

    for model in ReadModel::ALL {
        let mut projector = world.projector_of(model);
        for _ in 0..2 {
            let stopped = projector.step(&CancellationToken::new()).await;
            assert!(matches!(stopped, Err(StepError::Poison(_))), "{stopped:?}");
        }
        let rebuilt = rebuild::rebuild(&world.owner, &world.reader, model).await;
        assert!(matches!(rebuilt, Err(rebuild::RebuildError::Poison(_))), "{rebuilt:?}");
    }
    let stopped = board().await;
    assert_eq!(stopped.totals.inside, 10, "the rows of before the restore stand");
    assert!(stopped.as_of.stale_epoch, "and the board says that they are of another epoch");
    assert_ne!(stopped.as_of.epoch, id::<Epoch>(0xe2));

    // A program that knows the event comes: here, an event that this one knows.
    restore(&world, founded + 4, None).await;
    step_until_caught_up(&world).await;
    let healed = board().await;
    assert!(!healed.as_of.stale_epoch);
    assert_eq!((healed.as_of.epoch, healed.totals.inside), (id::<Epoch>(0xe2), 4));
}

#[tokio::test]
async fn a_board_whose_roster_alone_is_of_the_old_epoch_says_so_too() {
    let world = World::create().await;
    let founded = a_day(&world).await;
    world.catch_up_all().await;
    restore(&world, founded + 4, Some(id(0xe2))).await;
    for model in [ReadModel::Live, ReadModel::Roster] {
        let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
        assert!(board.as_of.stale_epoch);
        rebuild::rebuild(&world.owner, &world.reader, model).await.unwrap();
    }
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
    assert!(!board.as_of.stale_epoch);
}
