//! A log restored to an earlier time begins a new epoch.

use crate::live::queries::load_board;
use crate::testing::history::{self, Random};
use crate::testing::{World, at, id, monday};
use crate::{ReadModel, checkpoint};
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
    let board = load_board(&world.request, school(), monday(), at(11, 0, 0)).await.unwrap().unwrap();
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
    let board = load_board(&world.request, school(), monday(), at(11, 0, 0)).await.unwrap().unwrap();
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
            let board = load_board(&world.request, school(), monday(), at(11, 0, 0)).await.unwrap().unwrap();
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
