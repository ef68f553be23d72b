use super::limits::{ACCOUNT, REDEEM, SECOND_FACTOR, SIGN_IN};
use super::*;
use commands::pool::{PoolSettings, Role, connect};
use local_services::testing::TestDatabases;

async fn throttle(databases: &TestDatabases) -> Throttle {
    let settings = PoolSettings { insist_on_durability: false, ..PoolSettings::new(4) };
    Throttle::new(connect(databases.events_url().parse().unwrap(), Role::Auth, &settings).await.unwrap())
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_052_200 + second, 0).unwrap()
}

#[tokio::test]
async fn p29_a_burst_then_the_pace_for_all_processes_together_and_after_a_restart() {
    let databases = TestDatabases::create().await.unwrap();
    let (one, other) = (throttle(&databases).await, throttle(&databases).await);
    for n in 0..5 {
        let replica = if n % 2 == 0 { &one } else { &other };
        assert_eq!(replica.take(at(0), &SIGN_IN, "a").await, Ok(()), "{n}");
    }
    for replica in [&one, &other, &throttle(&databases).await] {
        let refused = replica.take(at(0), &SIGN_IN, "a").await.unwrap_err();
        assert_eq!(refused.seconds(), 30);
    }
    // Another key and another limit have buckets of their own.
    assert_eq!(one.take(at(0), &SIGN_IN, "b").await, Ok(()));
    assert_eq!(one.take(at(0), &REDEEM, "a").await, Ok(()));
    // A refused try costs nothing: 30 s later one is earned, and only one.
    assert_eq!(other.take(at(29), &SIGN_IN, "a").await.unwrap_err().seconds(), 1);
    assert_eq!(other.take(at(30), &SIGN_IN, "a").await, Ok(()));
    assert!(one.take(at(30), &SIGN_IN, "a").await.is_err());
}

#[tokio::test]
async fn of_a_hundred_at_once_only_the_burst_passes() {
    let databases = TestDatabases::create().await.unwrap();
    let throttle = throttle(&databases).await;
    let tries = (0..100).map(|_| throttle.shared(at(0), &SECOND_FACTOR, &[7; 32]));
    let passed = futures::future::join_all(tries).await.into_iter().filter(|v| v.as_ref().unwrap().is_ok()).count();
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn p29_without_the_database_the_local_limit_decides_and_is_not_open() {
    let databases = TestDatabases::create().await.unwrap();
    let throttle = throttle(&databases).await;
    throttle.auth.close().await;
    let mut passed = 0;
    for _ in 0..50 {
        passed += usize::from(throttle.take(at(0), &SIGN_IN, "a").await.is_ok());
    }
    assert_eq!(passed, 5);
}

#[tokio::test]
async fn p29_while_the_database_is_slow_the_local_limit_decides_after_250_ms_and_then_the_shared_one_again() {
    let databases = TestDatabases::create().await.unwrap();
    let throttle = throttle(&databases).await;
    throttle.take(at(0), &REDEEM, "warm").await.unwrap();
    // Somebody holds the table: every statement waits, at most for the two seconds that a lock may take.
    let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
    let mut held = owner.begin().await.unwrap();
    sqlx::query("lock table throttle in access exclusive mode").execute(&mut *held).await.unwrap();
    let mut passed = 0;
    for n in 0..8 {
        let begun = Instant::now();
        let verdict = throttle.take(at(0), &SIGN_IN, "a").await;
        let took = begun.elapsed();
        assert!(took < Duration::from_millis(1200), "{n}: {took:?}");
        assert!(took >= PATIENCE || verdict.is_err(), "{n}: the shared one was asked first, for {took:?}");
        passed += usize::from(verdict.is_ok());
    }
    assert_eq!(passed, 5, "what the limit allows, and neither the shield's ten nor all");
    held.rollback().await.unwrap();
    // Each allowed try is one more in the table as soon as it answers.
    let mut asked = 0;
    while throttle.due(&hash(&REDEEM, "b")).await.ok().flatten().is_none() {
        throttle.take(at(0), &REDEEM, "b").await.unwrap();
        asked += 1;
        assert!(asked < REDEEM.burst.get(), "the shared one decides again");
    }
}

#[tokio::test]
async fn what_nobody_tries_any_more_is_forgotten_and_no_key_is_in_clear() {
    let databases = TestDatabases::create().await.unwrap();
    let throttle = throttle(&databases).await;
    for _ in 0..3 {
        throttle.take(at(0), &SIGN_IN, "director@escuela.cl").await.unwrap();
    }
    let rows: Vec<String> =
        sqlx::query_scalar("select t::text from throttle t").fetch_all(&throttle.auth).await.unwrap();
    assert!(rows.len() == 1 && !rows[0].contains("escuela"), "{rows:?}");
    assert_eq!(throttle.sweep(at(60)).await.unwrap(), 0);
    assert_eq!(throttle.sweep(at(91)).await.unwrap(), 1);
}

#[test]
fn p30_the_keys_kept_in_a_process_are_bounded() {
    let limiter = Limiter::new(SIGN_IN.quota(1));
    let now = Instant::now();
    let key = |n: u32| {
        let mut key = [1; 32];
        key[..4].copy_from_slice(&n.to_be_bytes());
        key
    };
    let passed = (0..u32::try_from(MOST_KEYS).unwrap() + 1000).filter(|n| limiter.check(key(*n), now).is_ok()).count();
    assert!(limiter.keys.len() <= MOST_KEYS + 1, "{}", limiter.keys.len());
    // Past the bound strangers share one bucket: nobody passes without a limit.
    assert!(passed <= MOST_KEYS + 5, "{passed}");
}

#[test]
fn p30_a_flood_of_strangers_makes_a_process_forget_once_a_second_and_not_at_every_try() {
    let limiter = Limiter::new(SIGN_IN.quota(1));
    let begun = Instant::now();
    assert!(limiter.may_forget(begun));
    assert!(!limiter.may_forget(begun) && !limiter.may_forget(begun + Duration::from_millis(999)));
    assert!(limiter.may_forget(begun + FORGETS_EVERY));
    assert!(!limiter.may_forget(begun + FORGETS_EVERY));
}

#[tokio::test]
async fn p27_what_is_given_back_was_no_try_and_a_day_sees_a_hundred_guesses_at_most() {
    let databases = TestDatabases::create().await.unwrap();
    let throttle = throttle(&databases).await;
    while throttle.hold(at(0), &ACCOUNT, "b").await.is_ok() {}
    for _ in 0..200 {
        throttle.hold(at(0), &ACCOUNT, "a").await.unwrap();
        throttle.give_back(&ACCOUNT, "a").await;
    }
    assert!(throttle.hold(at(0), &ACCOUNT, "b").await.is_err(), "it was nobody else's");
    let mut guesses = 0;
    for minute in 0..24 * 60 {
        for _ in 0..if minute == 0 { 60 } else { 1 } {
            guesses += usize::from(throttle.hold(at(minute * 60), &ACCOUNT, "a").await.is_ok());
        }
    }
    assert!((90..=100).contains(&guesses), "{guesses}");
}
