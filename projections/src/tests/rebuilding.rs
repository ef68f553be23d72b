//! Rebuild equals live, and readers notice nothing.

use crate::live::queries::load_board;
use crate::testing::history::{self, Random};
use crate::testing::{Draft, World, assert_same, at, id, monday};
use crate::{ReadModel, rebuild, roster, runner};
use domain::SchoolId;
use nats::Feed;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, atomic::AtomicBool};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn schools() -> [SchoolId; 2] {
    [id(1 << 24), id(2 << 24)]
}

/// Every sample of the domain, then two schools with random histories mixed into each other.
fn everything(seed: u64, events: usize) -> Vec<Draft> {
    let mut random = Random(seed);
    let mut drafts = history::samples(id(9 << 24));
    for school in schools() {
        drafts.extend(history::founding(school, 15, 3, &mut random));
    }
    for _ in 0..events / 20 {
        let school = random.pick(&schools());
        drafts.extend(history::random(school, 15, 3, 20, &mut random));
    }
    drafts
}

/// In chunks of random sizes, the projectors following in pages of random sizes.
async fn drive(world: &World, drafts: &[Draft], seed: u64) {
    let mut random = Random(seed);
    let mut rest = drafts;
    while !rest.is_empty() {
        let (chunk, more) = rest.split_at(rest.len().min(1 + usize::try_from(random.below(90)).unwrap()));
        world.append(chunk).await;
        rest = more;
        for model in ReadModel::ALL {
            let mut projector = world.projector_of(model);
            while world.position(model).await < world.head().await {
                projector.set_page(1 + usize::try_from(random.below(40)).unwrap());
                projector.step(&CancellationToken::new()).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn rebuild_equals_live_over_every_event_type_and_every_column() {
    let drafts = everything(42, 2_000);
    let known: BTreeSet<(&str, &str)> =
        domain::event::all_samples().iter().map(|e| (e.aggregate(), e.name())).collect();
    let driven: BTreeSet<(&str, &str)> = drafts.iter().map(|d| (d.event.aggregate(), d.event.name())).collect();
    assert_eq!(driven, known, "every event type is driven");
    let world = World::create().await;
    drive(&world, &drafts, 43).await;
    // Every column says something somewhere: one that is null or the same in all rows proves nothing.
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_schema || '.' || table_name, column_name::text from information_schema.columns \
         where table_schema in ('roster', 'live', 'audit', 'no_show')",
    )
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert!(columns.len() > 80);
    for (table, column) in columns {
        let distinct: i64 = sqlx::query_scalar(&format!("select count(distinct {column}) from {table}"))
            .fetch_one(&world.owner)
            .await
            .unwrap();
        // One zone, one echo window, one limit, one year of shapes.
        let constant =
            ["zone", "missing_after_minutes", "echo_seconds", "event_version", "correlation_id", "rbd", "year"]
                .contains(&column.as_str())
                || ["causation_id", "command_id"].contains(&column.as_str());
        assert!(distinct >= if constant { 1 } else { 2 }, "{table}.{column} has {distinct} values");
    }
    world.assert_live_equals_rebuild().await;
}

#[tokio::test]
async fn random_histories_in_random_pages_rebuild_to_the_same_rows() {
    for seed in 100..106 {
        let world = World::create().await;
        drive(&world, &everything(seed, 300), seed).await;
        world.assert_live_equals_rebuild().await;
    }
}

#[tokio::test]
async fn a_rebuild_brings_back_what_was_lost_and_drops_what_never_was() {
    let world = World::create().await;
    drive(&world, &everything(1, 100), 2).await;
    for model in ReadModel::ALL {
        let before = world.dump(model).await;
        let table = match model {
            ReadModel::Roster => "roster.students",
            ReadModel::Live => "live.pupil_days",
            ReadModel::Audit => "audit.entries",
            ReadModel::NoShow => "no_show.cases",
        };
        sqlx::query(&format!("delete from {table} where ctid in (select ctid from {table} limit 3)"))
            .execute(&world.owner)
            .await
            .unwrap();
        sqlx::query(&format!("update {table} set school_id = $1 where ctid in (select ctid from {table} limit 1)"))
            .bind(uuid::Uuid::nil())
            .execute(&world.owner)
            .await
            .unwrap();
        assert_ne!(before, world.dump(model).await);
        rebuild::rebuild(&world.owner, &world.reader, model).await.unwrap();
        assert_same(&before, &world.dump(model).await, model.name());
    }
}

#[tokio::test]
async fn the_swapped_in_copy_has_the_indexes_grants_policies_and_storage_of_the_old_one() {
    let world = World::create().await;
    drive(&world, &everything(1, 20), 2).await;
    let shape = "select string_agg(s, E'\n' order by s) from (
        select c.relname || ' ' || coalesce(c.relacl::text, '') || coalesce(c.reloptions::text, '')
               || c.relrowsecurity || c.relforcerowsecurity as s
          from pg_class c where c.relnamespace = to_regnamespace($1) and c.relkind = 'r'
        union all
        select i.indrelid::regclass::text || ' ' || i.indisprimary || i.indisunique || i.indkey::text
               || coalesce(pg_get_expr(i.indpred, i.indrelid), '')
          from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = to_regnamespace($1)
        union all
        select conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) from pg_constraint
          where connamespace = to_regnamespace($1)
        union all
        select p::text from pg_policies p where schemaname = $1
        union all
        select nspacl::text from pg_namespace where nspname = $1) t";
    for model in ReadModel::ALL {
        let before: String = sqlx::query_scalar(shape).bind(model.name()).fetch_one(&world.owner).await.unwrap();
        rebuild::rebuild(&world.owner, &world.reader, model).await.unwrap();
        let after: String = sqlx::query_scalar(shape).bind(model.name()).fetch_one(&world.owner).await.unwrap();
        assert!(before.contains("own_school") && before.contains("truetrue"), "{before}");
        assert_eq!(before, after);
    }
    let schemas: Vec<String> =
        sqlx::query_scalar("select nspname::text from pg_namespace where nspname ~ '_(next|old)$'")
            .fetch_all(&world.owner)
            .await
            .unwrap();
    assert!(schemas.is_empty(), "left over: {schemas:?}");
}

/// The board is read over and over by connections that keep their prepared statements, while scans come
/// in and all models are rebuilt: each time the whole school is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_see_an_empty_or_mixed_board_while_rebuilds_swap_under_them() {
    let world = Arc::new(World::create().await);
    let school = schools()[0];
    let pupils = 40;
    world.append(&history::founding(school, pupils, 3, &mut Random(1))).await;
    world.catch_up_all().await;
    let token = CancellationToken::new();
    let mut running = tokio::task::JoinSet::new();
    for model in ReadModel::ALL {
        let feed = Feed::new(world.reader.clone(), None);
        running.spawn(runner::run(model, world.projector.clone(), feed, token.clone()));
    }
    let reads = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (world, reads, done) = (Arc::clone(&world), Arc::clone(&reads), Arc::clone(&done));
        readers.spawn(async move {
            let mut last = 0;
            let mut entered = 0;
            while !done.load(Ordering::Relaxed) {
                let board =
                    load_board(&mut world.snapshot(school).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
                assert_eq!(u64::from(board.totals.pupils), pupils, "everybody is on the board");
                assert!(board.totals.holds());
                assert_eq!(board.courses.len(), 3);
                assert_eq!(board.gates.len(), 4);
                // One scan a pupil, entries only: whoever came stays, and never more than the log says.
                assert!(board.totals.inside >= entered, "somebody who had come is gone");
                assert!(i64::from(board.totals.inside) <= board.as_of.position);
                assert!(board.as_of.position >= last, "the board went back");
                (last, entered) = (board.as_of.position, board.totals.inside);
                let students = roster::queries::students(&mut world.tx(school).await, None, None, 200).await.unwrap();
                assert_eq!(students.len() as u64, pupils);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let writer = {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            for n in 0..pupils {
                let scan =
                    history::plain_scan(school, n.into(), domain::attendance_day::Direction::Entry, at(10, 55, 0));
                world.append(&[history::scan(school, n, monday(), scan)]).await;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        })
    };
    let mut rebuilds = 0;
    while !writer.is_finished() || rebuilds < 6 {
        for model in [ReadModel::Live, ReadModel::Roster] {
            rebuild::rebuild(&world.owner, &world.reader, model).await.unwrap();
            rebuilds += 1;
        }
    }
    writer.await.unwrap();
    let head = world.head().await;
    for model in ReadModel::ALL {
        while world.position(model).await < head {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    done.store(true, Ordering::Relaxed);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    token.cancel();
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 20);
    world.assert_live_equals_rebuild().await;
    let board = load_board(&mut world.snapshot(school).await, monday(), at(11, 0, 0)).await.unwrap().unwrap();
    assert_eq!(u64::from(board.totals.present), pupils);
}

#[tokio::test]
async fn a_rebuild_waits_for_a_reader_and_gives_way_to_the_next() {
    let world = World::create().await;
    drive(&world, &everything(1, 20), 2).await;
    // The samples' school, which has scans.
    let mut reader = world.snapshot(id(9 << 24)).await;
    let (owner, log) = (world.owner.clone(), world.reader.clone());
    let rebuilding = tokio::spawn(async move { rebuild::rebuild(&owner, &log, ReadModel::Live).await });
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let board = async { load_board(&mut world.snapshot(schools()[0]).await, monday(), at(11, 0, 0)).await };
        let board = tokio::time::timeout(Duration::from_millis(2_000), board).await;
        assert!(board.expect("no reader waits long behind a swap").unwrap().is_some());
    }
    assert!(!rebuilding.is_finished(), "it swapped under a reader");
    let n: i64 = sqlx::query_scalar("select count(*) from live_scans").fetch_one(reader.conn()).await.unwrap();
    assert!(n > 0);
    drop(reader);
    rebuilding.await.unwrap().unwrap();
}

/// Row-level security is forced: such an owner, where it inherits nothing of the runtime roles, meets no rows of
/// its own tables, and yet rebuilds them.
#[tokio::test]
async fn an_owner_who_is_no_superuser_rebuilds_every_model() {
    let world = World::create().await;
    drive(&world, &everything(1, 60), 2).await;
    sqlx::raw_sql(
        "do $$ declare t regclass; s text; r text; begin
           begin create role plain_owner nologin noinherit; exception when duplicate_object or unique_violation then null; end;
           foreach r in array array['log_writer', 'log_reader', 'projector', 'request', 'worker'] loop
             execute format('grant attendance_%s to plain_owner', r);
           end loop;
           execute format('alter database %I owner to plain_owner', current_database());
           foreach s in array array['roster', 'live', 'audit', 'no_show'] loop
             execute format('alter schema %I owner to plain_owner', s);
           end loop;
           for t in select oid from pg_class where relkind = 'r'
             and relnamespace::regnamespace::text in ('roster', 'live', 'audit', 'no_show', 'public') loop
             execute format('alter table %s owner to plain_owner', t);
           end loop;
         end $$",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let options = sqlx::postgres::PgConnectOptions::clone(&world.owner.connect_options());
    let plain = sqlx::PgPool::connect_with(options.options([("role", "plain_owner")])).await.unwrap();
    let none: i64 = sqlx::query_scalar("select count(*) from roster.students").fetch_one(&plain).await.unwrap();
    assert_eq!(none, 0);
    for model in ReadModel::ALL {
        let live = world.dump(model).await;
        rebuild::rebuild(&plain, &world.reader, model).await.unwrap();
        assert_same(&live, &world.dump(model).await, model.name());
    }
    plain.close().await;
}

#[tokio::test]
async fn a_model_is_rebuilt_by_one_at_a_time() {
    let world = World::create().await;
    drive(&world, &everything(1, 20), 2).await;
    // The first one cannot end: it waits for this reader before it swaps.
    let mut reader = world.request.begin().await.unwrap();
    sqlx::query("lock table entries in access share mode").execute(&mut *reader).await.unwrap();
    let (owner, log) = (world.owner.clone(), world.reader.clone());
    let first = tokio::spawn(async move { rebuild::rebuild(&owner, &log, ReadModel::Audit).await });
    let filled = "select to_regclass('audit_next.entries') is not null and exists \
                  (select from pg_locks where locktype = 'advisory' and objsubid = 1 \
                   and database = (select oid from pg_database where datname = current_database()))";
    while !sqlx::query_scalar::<_, bool>(filled).fetch_one(&world.owner).await.unwrap() {
        assert!(!first.is_finished(), "{:?}", first.await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = rebuild::rebuild(&world.owner, &world.reader, ReadModel::Audit).await;
    assert!(matches!(second, Err(rebuild::RebuildError::Running)), "{second:?}");
    let copy: bool = sqlx::query_scalar("select to_regclass('audit_next.entries') is not null")
        .fetch_one(&world.owner)
        .await
        .unwrap();
    assert!(copy, "the refused one left the first one's copy alone");
    rebuild::rebuild(&world.owner, &world.reader, ReadModel::Roster).await.expect("another model is free");
    assert!(!first.is_finished());
    reader.commit().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap().position, world.head().await);
    // The first one's session may still be ending.
    let mut again = rebuild::rebuild(&world.owner, &world.reader, ReadModel::Audit).await;
    for _ in 0..200 {
        if !matches!(again, Err(rebuild::RebuildError::Running)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = rebuild::rebuild(&world.owner, &world.reader, ReadModel::Audit).await;
    }
    again.expect("it is free again");
}

#[test]
fn a_rebuild_can_be_spawned_with_pools_that_are_only_lent() {
    fn spawnable<F: Future + Send>(_: impl FnOnce(&'static sqlx::PgPool, &'static sqlx::PgPool) -> F) {}
    spawnable(|owner, reader| rebuild::rebuild(owner, reader, ReadModel::Live));
}
