//! Callers that hang up and connections that break, at the worst moments.

use super::*;
use crate::testing::{Cut, World};
use domain::kiosk::{self, Kiosk, LaneMode};
use domain::{KioskId, QueueId};
use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

async fn enrolled(world: &World, id: u128) -> StreamId {
    let stream = StreamId::of(world.school, KioskId(Uuid::from_u128(id)));
    let command = kiosk::Command::Enrol { gate: "Portón Norte".into(), mode: LaneMode::EntryLane };
    world.write.execute::<Kiosk>(&world.context_with_id(1 << 64 | id), &stream, command).await.unwrap();
    stream
}

fn gap(n: u128) -> kiosk::Command {
    let n = i64::try_from(n).unwrap();
    kiosk::Command::ReportGap { queue_id: QueueId(Uuid::from_u128(9)), from: n, to: n }
}

async fn stored_commands(world: &World) -> Vec<Uuid> {
    sqlx::query_scalar("select command_id from events where event_type = 'gap_detected'")
        .fetch_all(&world.owner)
        .await
        .unwrap()
}

async fn sessions_in(world: &World, state: &str) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
           and state like $1",
    )
    .bind(state)
    .fetch_one(&world.owner)
    .await
    .unwrap()
}

/// P01 of security.md.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p01_a_write_is_done_although_its_caller_hangs_up() {
    const WRITES: u128 = 600;
    let world = World::with_connections(8).await;
    let mut streams = Vec::new();
    for id in 0..60 {
        streams.push(enrolled(&world, id).await);
    }
    let mut random = fastrand::Rng::with_seed(1);
    let mut acknowledged = HashSet::new();
    let mut dropped = 0;
    for wave in 0..(WRITES / 60) {
        let calls = streams.iter().zip(0u128..).map(|(stream, n)| {
            let id = wave * 60 + n + 1;
            // A tenth of a millisecond up to a second, short ones as often as long ones.
            let patience = Duration::from_micros(100).mul_f64(10f64.powf(4.0 * random.f64()));
            let world = &world;
            let call = async move {
                world.write.execute::<Kiosk>(&world.context_with_id(id), stream, gap(id)).await.map(|_| id)
            };
            tokio::time::timeout(patience, call)
        });
        for outcome in futures::future::join_all(calls).await {
            match outcome {
                Ok(answer) => drop(acknowledged.insert(Uuid::from_u128(answer.unwrap()))),
                Err(_) => dropped += 1,
            }
        }
    }
    assert!(dropped > 30 && acknowledged.len() > 30, "{dropped} dropped, {} acknowledged", acknowledged.len());
    let begun = std::time::Instant::now();
    while stored_commands(&world).await.len() < WRITES as usize && begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stored = stored_commands(&world).await;
    let distinct: HashSet<Uuid> = stored.iter().copied().collect();
    assert!(acknowledged.is_subset(&distinct), "acknowledged and not stored");
    assert_eq!((stored.len(), distinct.len()), (WRITES as usize, WRITES as usize), "begun and not finished, or twice");
    assert_eq!(sessions_in(&world, "idle in transaction%").await, 0);
    world.dense_length().await;
}

/// What `pool::connect` guards against: the driver's own cancelled `begin`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p01_no_acknowledged_write_is_lost_to_cancelled_begins() {
    const WRITES: i64 = 1_500;
    let world = World::with_connections(4).await;
    let pool = world.write.pool();
    let mut random = fastrand::Rng::with_seed(2);
    for n in 0..WRITES {
        let patience = Duration::from_micros(random.u64(0..600));
        if let Ok(Ok(tx)) = tokio::time::timeout(patience, pool.begin()).await {
            tx.rollback().await.unwrap();
        }
        sqlx::query("insert into command_reservations values ($1, $1, '', now())")
            .bind(Uuid::from_u128(n as u128))
            .execute(pool)
            .await
            .unwrap();
    }
    assert_eq!(sessions_in(&world, "idle in transaction%").await, 0);
    pool.close().await;
    let kept: i64 =
        sqlx::query_scalar("select count(*) from command_reservations").fetch_one(&world.owner).await.unwrap();
    assert_eq!(kept, WRITES);
}

/// Defect D19: an error after a commit, which makes the caller send it again.
#[tokio::test]
async fn d19_a_commit_whose_answer_is_lost_is_found_in_the_log_and_acknowledged() {
    let (world, proxy) = World::behind(Cut::AfterCommit).await;
    let stream = enrolled(&world, 1).await;
    assert_eq!(proxy.cuts(), 1, "the proxy cut nothing");
    assert_eq!(world.dense_length().await, 1, "appended twice");
    let done = world.write.execute::<Kiosk>(&world.context(), &stream, gap(1)).await.unwrap();
    assert_eq!(done.position, Some(2));
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_done_again() {
    let (world, proxy) = World::behind(Cut::BeforeCommit).await;
    let stream = StreamId::of(world.school, KioskId(Uuid::from_u128(1)));
    let command = kiosk::Command::Enrol { gate: "Portón Norte".into(), mode: LaneMode::EntryLane };
    let done = world.write.execute::<Kiosk>(&world.context(), &stream, command).await.unwrap();
    assert!(proxy.cuts() >= 2, "the proxy cut nothing, or nothing was tried again");
    assert_eq!(done, Done { position: Some(1), events: 1, repeated: false });
    assert_eq!(world.dense_length().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_command_is_done_once_while_connections_are_killed() {
    const EACH: u128 = 40;
    let world = World::with_connections(6).await;
    let mut streams = Vec::new();
    for id in 0..6 {
        streams.push(enrolled(&world, id).await);
    }
    let killed = Arc::new(AtomicI64::new(0));
    let killer = tokio::spawn({
        let (pool, killed) = (world.owner.clone(), killed.clone());
        async move {
            loop {
                let now: i64 = sqlx::query_scalar(
                    "select count(*) from (
                       select pg_terminate_backend(pid) from pg_stat_activity
                       where datname = current_database() and application_name = 'attendance_log_writer'
                         and (state = 'active' or state like 'idle in%') order by random() limit 1) t",
                )
                .fetch_one(&pool)
                .await
                .unwrap();
                killed.fetch_add(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        }
    });
    let writers = streams.iter().zip(0u128..).map(|(stream, writer)| {
        let world = &world;
        async move {
            for n in 0..EACH {
                let id = writer * EACH + n + 1;
                // As a client would: the same request under the same id until it is answered.
                loop {
                    match world.write.execute::<Kiosk>(&world.context_with_id(id), stream, gap(id)).await {
                        Ok(done) => break assert_eq!(done.events, 1),
                        Err(WriteError::Store(error)) if error.is_temporary() => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
        }
    });
    futures::future::join_all(writers).await;
    killer.abort();
    let killed = killed.load(Ordering::SeqCst);
    assert!(killed > 5, "only {killed} connections were killed");
    let stored = stored_commands(&world).await;
    let distinct: HashSet<Uuid> = stored.iter().copied().collect();
    assert_eq!((stored.len(), distinct.len()), (6 * EACH as usize, 6 * EACH as usize));
    world.dense_length().await;
}
