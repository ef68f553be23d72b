//! The whole line behind the log: relay, JetStream, feed, projectors.

use crate::testing::history::{self, Random};
use crate::testing::{World, id};
use crate::{ReadModel, runner};
use domain::SchoolId;
use local_services::NatsServer;
use local_services::testing::scratch;
use nats::Transport;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn projectors_fed_by_nats_that_stops_and_loses_its_store_end_with_the_rows_of_a_rebuild() {
    let mut server = NatsServer::scratch(&scratch("projections-nats")).await.unwrap();
    let world = World::create().await;
    let transport = Transport::connect(&server.url(), "projections").await.unwrap();
    let token = CancellationToken::new();
    let relay = tokio::spawn(nats::relay::run(world.reader.clone(), transport.clone(), token.clone()));
    let projecting =
        tokio::spawn(runner::run_all(world.projector.clone(), world.reader.clone(), Some(transport), token.clone()));
    let school: SchoolId = id(1 << 24);
    let mut random = Random(77);
    let mut drafts = history::founding(school, 20, 4, &mut random);
    drafts.extend(history::random(school, 20, 4, 1_500, &mut random));
    for (n, chunk) in drafts.chunks(40).enumerate() {
        world.append(chunk).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        match n {
            12 => server.stop(),
            16 => server.resume().await.unwrap(),
            24 => {
                server.stop();
                server.wipe().unwrap();
            }
            28 => server.resume().await.unwrap(),
            _ => {}
        }
    }
    let head = world.head().await;
    for model in ReadModel::ALL {
        while world.position(model).await < head {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    token.cancel();
    projecting.await.unwrap().unwrap();
    relay.await.unwrap().unwrap();
    world.assert_live_equals_rebuild().await;
}
