//! A projector that breaks, or ends, between rows and checkpoint.

use crate::testing::history::{self, Random};
use crate::testing::{World, assert_same, id};
use crate::{ReadModel, runner};
use local_services::failpoint::FailPoint;
use nats::Feed;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where a projector may break, and whether its page is committed there.
const PLACES: [(&str, bool); 3] =
    [("projector: before rows", false), ("projector: before commit", false), ("projector: after commit", true)];

/// A world whose read models lack the last 200 events of the log.
async fn behind() -> World {
    let (world, mut random) = (World::create().await, Random(21));
    world.append(&history::founding(id(1 << 24), 20, 4, &mut random)).await;
    world.catch_up_all().await;
    world.append(&history::random(id(1 << 24), 20, 4, 200, &mut random)).await;
    world
}

/// A projector in which a place is armed.
fn running(world: &World, model: ReadModel, point: &FailPoint) -> (JoinHandle<()>, CancellationToken) {
    let (token, point) = (CancellationToken::new(), point.clone());
    let feed = Feed::new(world.reader.clone(), None);
    let run = runner::run(model, world.projector.clone(), feed, token.clone());
    (tokio::spawn(async move { point.scope(run).await }), token)
}

#[tokio::test]
async fn a_projector_whose_connection_breaks_anywhere_in_its_transaction_goes_on_by_itself() {
    for (place, _) in PLACES {
        let world = behind().await;
        let head = world.head().await;
        for model in ReadModel::ALL {
            let point = FailPoint::breaking(place, 2);
            let (task, token) = running(&world, model, &point);
            while world.position(model).await < head || point.hits() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            token.cancel();
            task.await.unwrap();
        }
        world.assert_live_equals_rebuild().await;
    }
}

#[tokio::test]
async fn a_process_that_ends_between_rows_and_checkpoint_leaves_both_or_neither() {
    for (place, committed) in PLACES {
        let world = behind().await;
        for model in ReadModel::ALL {
            let before = world.dump(model).await;
            let point = FailPoint::stopping(place);
            let (task, _) = running(&world, model, &point);
            point.reached().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            if committed {
                assert_eq!(world.position(model).await, world.head().await, "{place}");
            } else {
                assert_same(&before, &world.dump(model).await, place);
            }
            world.catch_up(model).await;
            assert_ne!(before, world.dump(model).await);
        }
        world.assert_live_equals_rebuild().await;
    }
}
