use super::*;
use local_services::PostgresCluster;
use local_services::proxy::{Direction, Fault, FaultProxy};
use local_services::testing::{TestDatabases, scratch};

async fn pool(databases: &TestDatabases, role: Role) -> PgPool {
    let options = if role == Role::Vault { databases.vault_options() } else { databases.owner_options() };
    connect(options, role, &PoolSettings::for_testing(2)).await.unwrap()
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned()
}

/// One event, written by the owner past every use case.
async fn seed(databases: &TestDatabases) -> PgPool {
    let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         values ('kiosk', '00000000-0000-0000-0000-000000000001/00000000-0000-0000-0000-000000000002', 1,
           'revoked', '1', '{\"type\":\"revoked\"}',
           '{\"event_id\":\"00000000-0000-0000-0000-000000000003\",
             \"school_id\":\"00000000-0000-0000-0000-000000000001\",
             \"occurred_at\":\"2026-03-09T10:30:00Z\",\"recorded_at\":\"2026-03-09T10:30:00Z\",
             \"local_date\":\"2026-03-09\",\"zone\":\"America/Santiago\",\"utc_offset\":\"-10800\",
             \"actor\":\"cli:test\",\"correlation_id\":\"00000000-0000-0000-0000-000000000004\"}')",
    )
    .execute(&owner)
    .await
    .unwrap();
    owner
}

const REWRITES: [&str; 9] = [
    "update events set payload = '{}' where position = 1",
    "delete from events where position = 1",
    "truncate events",
    "alter table events disable trigger all",
    "alter table events drop column metadata",
    "drop table events",
    "drop trigger events_append_only on events",
    "create or replace function refuse_rewrite() returns trigger language plpgsql as 'begin return null; end'",
    "alter table events owner to current_user",
];

#[tokio::test]
async fn no_runtime_role_can_rewrite_the_log() {
    let databases = TestDatabases::create().await.unwrap();
    let owner = seed(&databases).await;
    for role in Role::ALL {
        let pool = connect(databases.owner_options(), role, &PoolSettings::for_testing(1)).await.unwrap();
        for statement in REWRITES {
            let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
            assert_eq!(code(&error), "42501", "{role:?}: {statement}: {error}");
        }
    }
    let kept: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&owner).await.unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn only_the_log_writer_appends_and_the_request_role_does_not_even_read() {
    let databases = TestDatabases::create().await.unwrap();
    seed(&databases).await;
    let insert = "insert into events select * from events where false";
    for role in [Role::LogReader, Role::Projector, Role::Request, Role::Worker, Role::Auth] {
        let pool = pool(&databases, role).await;
        assert_eq!(code(&sqlx::query(insert).execute(&pool).await.unwrap_err()), "42501", "{role:?}");
    }
    sqlx::query(insert).execute(&pool(&databases, Role::LogWriter).await).await.unwrap();
    for role in [Role::Request, Role::Projector, Role::Worker, Role::Auth] {
        let read = sqlx::query("select position from events").execute(&pool(&databases, role).await).await;
        assert_eq!(code(&read.unwrap_err()), "42501", "{role:?}");
    }
}

#[tokio::test]
async fn the_owner_cannot_rewrite_the_log_either() {
    let databases = TestDatabases::create().await.unwrap();
    let owner = seed(&databases).await;
    for statement in REWRITES.iter().take(3) {
        let error = sqlx::query(statement).execute(&owner).await.unwrap_err();
        assert_eq!(code(&error), "42501", "{statement}");
        assert!(error.to_string().contains("append-only"), "by the trigger: {error}");
    }
    let kept: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&owner).await.unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn p48_writers_are_held_to_short_timeouts() {
    let databases = TestDatabases::create().await.unwrap();
    let pool = pool(&databases, Role::LogWriter).await;
    for (setting, value) in [
        ("idle_in_transaction_session_timeout", "2s"),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("search_path", "public,roster,live,audit,no_show"),
        ("role", "attendance_log_writer"),
    ] {
        let got: String =
            sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(&pool).await.unwrap();
        assert_eq!(got, value, "{setting}");
    }
}

#[tokio::test]
async fn a_connection_that_comes_back_inside_a_transaction_is_rolled_back() {
    let databases = TestDatabases::create().await.unwrap();
    let settings = PoolSettings::for_testing(1);
    let pool = connect(databases.owner_options(), Role::LogWriter, &settings).await.unwrap();
    // As after a cancelled `begin`: open in the server, unknown to the driver.
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("begin").await.unwrap();
    drop(connection);
    let insert = "insert into command_reservations values
        ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', '', now())";
    pool.execute(insert).await.unwrap();
    pool.close().await;
    let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
    let kept: i64 = sqlx::query_scalar("select count(*) from command_reservations").fetch_one(&owner).await.unwrap();
    assert_eq!(kept, 1, "an acknowledged write vanished");
}

#[tokio::test]
async fn a_server_that_may_forget_is_refused() {
    let databases = TestDatabases::create().await.unwrap(); // fsync is off there
    for role in [Role::LogWriter, Role::Vault] {
        let options = if role == Role::Vault { databases.vault_options() } else { databases.owner_options() };
        let refused = connect(options, role, &PoolSettings::new(1)).await;
        assert!(matches!(refused, Err(PoolError::NotDurable("fsync"))), "{refused:?}");
    }
    connect(databases.owner_options(), Role::LogReader, &PoolSettings::new(1)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_answers_before_it_has_written_is_refused() {
    let cluster = PostgresCluster::start(&scratch("durable")).await.unwrap();
    cluster.ensure_database("log").await.unwrap();
    let owner = PgPool::connect_with(cluster.options("log")).await.unwrap();
    sqlx::query("create role attendance_log_writer").execute(&owner).await.unwrap();
    let settings = PoolSettings::new(1);
    let writer = || connect(cluster.options("log"), Role::LogWriter, &settings);
    writer().await.unwrap().close().await;
    sqlx::query("alter database log set synchronous_commit = off").execute(&owner).await.unwrap();
    let refused = writer().await;
    assert!(matches!(refused, Err(PoolError::NotDurable("synchronous_commit"))), "{refused:?}");
    owner.close().await;
    drop(cluster);
    std::fs::remove_dir_all(scratch("durable")).unwrap();
}

#[tokio::test]
async fn a_connection_that_hangs_gives_its_place_in_the_pool_back() {
    let databases = TestDatabases::create().await.unwrap();
    let proxy = FaultProxy::before(databases.owner_options().get_port()).await.unwrap();
    let options = databases.owner_options().port(proxy.port());
    let pool = connect(options, Role::LogWriter, &PoolSettings::for_testing(2)).await.unwrap();
    let mut both = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    proxy.set(Direction::ToServer, Fault::Swallow);
    for connection in &mut both {
        let asked = sqlx::query("select 1").execute(&mut **connection);
        assert!(tokio::time::timeout(Duration::from_millis(100), asked).await.is_err());
    }
    drop(both);
    proxy.set(Direction::ToServer, Fault::None);
    let again = tokio::time::timeout(ROLLBACK * 2, sqlx::query("select 1").execute(&pool));
    again.await.expect("both places are taken for ever").unwrap();
}
