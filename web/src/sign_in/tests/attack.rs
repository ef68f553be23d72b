//! Guessing, in the size that a minute allows; `make attack` does it at full size, and measures time.

use super::*;
use crate::testing::attack_size;
use crate::testing::statistics::{WARM_UP, assert_alike, order};
use futures::StreamExt as _;
use std::time::{Duration, Instant};

#[tokio::test]
async fn p27_of_a_thousand_networks_that_spray_one_account_none_keeps_its_director_out() {
    let databases = TestDatabases::create().await.unwrap();
    let (one, other) = (behind_a_proxy(databases.clone()).await, behind_a_proxy(databases).await);
    let school = one.school(1).await.unwrap();
    let account = one.member(&school, "direccion@escuela.cl", StaffRole::Director).await.unwrap();
    let home = "198.51.100.7";
    let mut cookie = known(&enter(&one, home, "", "direccion@escuela.cl", PASSWORD).await);
    let mut guesses = 0;
    for day in 0..2 {
        let networks = attack_size(100, 1000);
        let mut spray = futures::stream::iter(0..networks)
            .map(|n| {
                let app = if n % 2 == 0 { &one } else { &other };
                async move { status(app, &network(n), "Direccion@escuela.cl", WRONG).await }
            })
            .buffer_unordered(16);
        let mut done = 0;
        while let Some(status) = spray.next().await {
            assert!(status == 422 || status == 429, "{status}");
            guesses += usize::from(status == 422);
            done += 1;
            if done == networks / 2 {
                // In the midst of it, from the network of an attacker even.
                let begun = Instant::now();
                let answer = enter(&other, &network(0), &cookie, "direccion@escuela.cl", PASSWORD).await;
                cookie = known(&answer);
                assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
            }
        }
        // Where the database takes its time each process lets one or two through by itself.
        assert!(guesses <= 55 * (day + 1), "{guesses}");
        // From a browser that nobody knows even the director waits, and is told how long.
        let unknown = enter(&one, "198.51.100.8", "", "direccion@escuela.cl", PASSWORD).await;
        assert_eq!(unknown.status(), 429);
        assert!(unknown.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 24 * 60 * 60 / 50);
        // Nobody else does.
        assert_eq!(status(&other, "198.51.100.8", "otra@escuela.cl", WRONG).await, 422);
        for app in [&one, &other] {
            app.clock.advance(chrono::TimeDelta::days(1));
        }
    }
    assert!(guesses >= 60, "{guesses}");
    // The account's schools are told, once a day at most by each process: where the database takes its time, each
    // decides by itself.
    let mut told = 0_i64;
    for _ in 0..100 {
        told = sqlx::query_scalar("select count(*) from events where aggregate_id = $1 and event_type = 'throttled'")
            .bind(format!("{}/{account}", school.id))
            .fetch_one(&one.running().pools().log_reader)
            .await
            .unwrap();
        if told >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!((2..=4).contains(&told), "{told}");
    other.shutdown().await;
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "fills the cores: `make attack`"]
async fn p27_a_flood_of_strangers_passwords_keeps_nobody_out_who_sits_at_a_known_browser() {
    let app = std::sync::Arc::new(behind_a_proxy(TestDatabases::create().await.unwrap()).await);
    let school = app.school(1).await.unwrap();
    app.member(&school, "direccion@escuela.cl", StaffRole::Director).await.unwrap();
    let cookie = known(&enter(&app, "198.51.100.7", "", "direccion@escuela.cl", PASSWORD).await);
    // Each from a network of its own at an account of its own: no limit stops them. Fewer than a server works on.
    let (strangers, begun) = (200, Instant::now());
    let mut flood: tokio::task::JoinSet<_> = (0..strangers)
        .map(|n| {
            let app = app.clone();
            async move { status(&app, &network(n), &format!("x{n}@escuela.cl"), WRONG).await }
        })
        .collect();
    // Most hear at once that too many wait, and not after the five seconds that a password waits for its turn.
    let mut refused = 0;
    while refused < strangers / 2 {
        refused += usize::from(flood.join_next().await.expect("too few are refused").unwrap() == 503);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "refused after {:?}", begun.elapsed());
    let begun = Instant::now();
    known(&enter(&app, "198.51.100.7", &cookie, "direccion@escuela.cl", PASSWORD).await);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    while flood.try_join_next().is_some() {}
    assert!(!flood.is_empty(), "the flood was over before");
    flood.join_all().await;
    std::sync::Arc::into_inner(app).unwrap().shutdown().await;
}

#[tokio::test]
#[ignore = "measures time: `make attack`"]
async fn a40_how_long_the_door_takes_does_not_tell_whether_an_address_is_known() {
    let app = behind_a_proxy(TestDatabases::create().await.unwrap()).await;
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut took = [Vec::new(), Vec::new()];
    for (n, which) in order(attack_size(100, 2000)).into_iter().enumerate() {
        // Each from a network of its own and at a time of its own.
        let email = ["rosa@escuela.cl", "nadie@escuela.cl"][which];
        app.clock.advance(chrono::TimeDelta::minutes(30));
        let begun = Instant::now();
        let answer = enter(&app, &network(n), "", email, WRONG).await;
        let status = answer.status();
        answer.text().await.unwrap();
        let elapsed = begun.elapsed();
        assert_eq!(status, 422, "{n}");
        if n >= WARM_UP {
            took[which].push(elapsed.as_secs_f64() * 1000.0);
        }
    }
    assert_alike("signing in", took);
    app.shutdown().await;
}
