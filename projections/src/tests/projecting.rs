//! Pages, checkpoints, and what happens when they are cut off, doubled or poisoned.

use crate::fact::decode_page;
use crate::runner::StepError;
use crate::testing::history::{self, Random};
use crate::testing::{Draft, World, assert_same, id};
use crate::{Checkpoint, ReadModel, checkpoint, runner};
use domain::SchoolId;
use nats::Feed;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn school(n: u128) -> SchoolId {
    id(n << 24)
}

/// A founded school and a random history over it.
fn some_history(seed: u64, events: usize) -> Vec<Draft> {
    let mut random = Random(seed);
    let mut drafts = history::founding(school(1), 20, 4, &mut random);
    drafts.extend(history::random(school(1), 20, 4, events, &mut random));
    drafts
}

#[tokio::test]
async fn applying_a_page_twice_changes_nothing() {
    let world = World::create().await;
    world.append(&some_history(3, 800)).await;
    world.catch_up_all().await;
    for model in ReadModel::ALL {
        let before = world.dump(model).await;
        let mut random = Random(5);
        for _ in 0..10 {
            let after = i64::try_from(random.below(700)).unwrap();
            let events = nats::log::read_after(&world.reader, after, 1 + i64::try_from(random.below(200)).unwrap());
            let (facts, poison) = decode_page(events.await.unwrap());
            assert_eq!(poison, None);
            let mut tx = world.projector.begin().await.unwrap();
            model.apply_page_in_tx(&mut tx, &facts).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_same(&before, &world.dump(model).await, model.name());
    }
}

#[tokio::test]
async fn a_projector_killed_between_rows_and_checkpoint_leaves_neither() {
    let world = World::create().await;
    world.append(&some_history(7, 100)).await;
    world.catch_up_all().await;
    let head = world.head().await;
    world.append(&history::random(school(1), 20, 4, 200, &mut Random(8))).await;
    for model in ReadModel::ALL {
        let before = world.dump(model).await;
        let events = nats::log::read_after(&world.reader, head, 200).await.unwrap();
        let (facts, _) = decode_page(events);
        let mut tx = world.projector.begin().await.unwrap();
        model.apply_page_in_tx(&mut tx, &facts).await.unwrap();
        let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
        sqlx::query("select pg_terminate_backend($1, 5000)").bind(pid).execute(&world.owner).await.unwrap();
        assert!(tx.commit().await.is_err());
        assert_same(&before, &world.dump(model).await, model.name());
        world.catch_up(model).await;
        assert_ne!(before, world.dump(model).await);
    }
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn two_projectors_at_once_whose_connections_die_give_the_rows_of_one() {
    let world = World::create().await;
    let token = CancellationToken::new();
    let mut running = tokio::task::JoinSet::new();
    for model in ReadModel::ALL {
        for page in [7, 50] {
            let mut projector = world.projector_of(model);
            // Often full, so that one page is read while another is written.
            projector.set_page(page);
            running.spawn(projector.run(token.clone()));
        }
    }
    let drafts = some_history(11, 3_000);
    let mut random = Random(12);
    let mut rest = &drafts[..];
    let mut killed = 0_i64;
    while !rest.is_empty() {
        let (chunk, more) = rest.split_at(rest.len().min(1 + usize::try_from(random.below(120)).unwrap()));
        world.append(chunk).await;
        rest = more;
        if random.chance(50) {
            // Whoever is in a statement or between two of them, but for those that read the log.
            let n: i64 = sqlx::query_scalar(
                "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity \
                 where datname = current_database() and backend_type = 'client backend' and state <> 'idle' \
                 and pid <> pg_backend_pid() and query !~ 'events|log_epoch' limit 2) t",
            )
            .fetch_one(&world.owner)
            .await
            .unwrap();
            killed += n;
        }
        tokio::time::sleep(Duration::from_millis(random.below(15))).await;
    }
    let head = world.head().await;
    for model in ReadModel::ALL {
        while world.position(model).await < head {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    token.cancel();
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    assert!(killed > 0, "no connection was killed, the test proved less than it says");
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn a_checkpoint_that_somebody_else_moved_is_not_moved_again() {
    let world = World::create().await;
    let from = checkpoint::begin(&world.projector, ReadModel::Live).await.unwrap();
    assert_eq!(from.position, 0);
    let to = |position| Checkpoint { version: from.version + 1, position, ..from };
    let mut conn = world.projector.acquire().await.unwrap();
    assert!(checkpoint::advance_in_tx(&mut conn, &from, &to(5)).await.unwrap());
    assert!(!checkpoint::advance_in_tx(&mut conn, &from, &to(7)).await.unwrap());
    assert_eq!(checkpoint::begin(&world.projector, ReadModel::Live).await.unwrap().position, 5);
}

#[tokio::test]
async fn an_event_of_a_newer_program_stops_the_projector_in_front_of_it() {
    let world = World::create().await;
    let mut events: Vec<_> = some_history(13, 50).iter().zip(1..).map(|(d, p)| d.recorded(p)).collect();
    let poisoned = 30;
    events[poisoned - 1].event_version = "2".to_owned();
    world.append_recorded(&events).await;
    for model in ReadModel::ALL {
        let mut projector = world.projector_of(model);
        let stopped = projector.step(&CancellationToken::new()).await;
        let Err(StepError::Poison(poison)) = stopped else { panic!("not stopped: {stopped:?}") };
        assert_eq!(poison.position, 30);
        assert_eq!(world.position(model).await, 29, "what stands before it is applied");
        let again = projector.step(&CancellationToken::new()).await;
        assert!(matches!(again, Err(StepError::Poison(_))), "it does not step over it later either");
        assert_eq!(world.position(model).await, 29);
    }
    assert_eq!(world.dump(ReadModel::Audit).await.len(), 29 + 1);
}

#[tokio::test]
async fn a_commit_of_the_live_model_tells_which_schools_changed() {
    let world = World::create().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&world.request).await.unwrap();
    listener.listen("attendance_live").await.unwrap();
    world.append(&history::founding(school(2), 1, 1, &mut Random(1))).await;
    world.append(&history::founding(school(3), 1, 1, &mut Random(2))).await;
    world.catch_up(ReadModel::Live).await;
    let told = tokio::time::timeout(Duration::from_secs(5), listener.recv()).await.unwrap().unwrap();
    assert_eq!(told.payload(), format!("{},{}", school(2), school(3)));
}

#[tokio::test]
async fn a_busy_log_makes_few_pages_and_the_first_event_after_a_quiet_time_waits_for_none() {
    let world = World::create().await;
    let drafts = some_history(9, 100);
    let token = CancellationToken::new();
    let feed = Feed::new(world.reader.clone(), None);
    let running = tokio::spawn(runner::run(ReadModel::Audit, world.projector.clone(), feed, token.clone()));
    let (quiet, busy) = drafts.split_at(3);
    let mut quickest = Duration::MAX;
    for draft in quiet {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.append(std::slice::from_ref(draft)).await;
        let begun = std::time::Instant::now();
        while world.position(ReadModel::Audit).await < world.head().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        quickest = quickest.min(begun.elapsed());
    }
    assert!(quickest < ReadModel::Audit.gathering(), "one event alone took {quickest:?}");
    let moves = async || checkpoint::begin(&world.projector, ReadModel::Audit).await.unwrap().version;
    let (before, begun) = (moves().await, std::time::Instant::now());
    for draft in busy {
        world.append(std::slice::from_ref(draft)).await;
    }
    while world.position(ReadModel::Audit).await < world.head().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let most = begun.elapsed().as_millis() / ReadModel::Audit.gathering().as_millis() + 2;
    let pages = moves().await - before;
    assert!(u128::from(pages.unsigned_abs()) <= most, "{pages} pages of {} events", busy.len());
    token.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn what_boards_show_is_committed_durably_and_what_can_be_folded_again_need_not_be() {
    let world = World::create().await;
    // Test clusters do without; a session of the product has what the server is set to.
    let durable =
        "do $$ begin execute format('alter database %I set synchronous_commit = on', current_database()); end $$";
    sqlx::query(durable).execute(&world.owner).await.unwrap();
    let options = sqlx::postgres::PgConnectOptions::clone(&world.projector.connect_options());
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    for (model, expected) in
        [(ReadModel::Live, "on"), (ReadModel::Roster, "off"), (ReadModel::Audit, "off"), (ReadModel::NoShow, "off")]
    {
        let mut tx = crate::runner::Models::begin(&pool, model).await.unwrap();
        let set: String =
            sqlx::query_scalar("select current_setting('synchronous_commit')").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(set, expected, "{model:?}");
    }
}
