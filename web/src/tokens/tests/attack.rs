//! Races and replays, in the size that a minute allows; `make attack` runs them at full size.

mod forged;

use super::*;
use crate::testing::attack_size;
use futures::future::join_all;

#[tokio::test]
async fn p07_of_twenty_who_refresh_with_one_token_at_once_one_has_the_successor_that_lives() {
    let (app, school, person) = stage().await;
    let replica = TestApp::start_with(app.databases.clone(), None).await.unwrap();
    let auth = &app.running().pools().auth;
    for round in 0..attack_size(20, 1000) {
        let first = begin(&app, &person, &school).await;
        let at_once = (0..20).map(|n| {
            let tokens = if n % 2 == 0 { &app.state().tokens } else { &replica.state().tokens };
            tokens.refresh(first.refresh.clone())
        });
        let pairs: Vec<Pair> = join_all(at_once)
            .await
            .into_iter()
            .map(|answer| match answer.unwrap() {
                Refreshed::Pair(pair) => pair,
                other => panic!("{round}: {other:?}"),
            })
            .collect();
        let live: Vec<Vec<u8>> = sqlx::query_scalar(
            "select token_sha256 from refresh_tokens
            where family_id = $1 and consumed_at is null and revoked_at is null",
        )
        .bind(first.family_id)
        .fetch_all(auth)
        .await
        .unwrap();
        assert_eq!(live.len(), 1, "{round}: live successors");
        // Exactly one of the access tokens opens anything, too.
        let mut open = Vec::new();
        for pair in &pairs {
            if app.state().tokens.person(&pair.access).await.unwrap().is_some() {
                open.push(pair.refresh.sha256().to_vec());
            }
        }
        assert_eq!(open, live, "{round}");
    }
    replica.shutdown().await;
    app.shutdown().await;
}

#[tokio::test]
async fn p06_a_first_use_and_a_repeat_at_once_never_leave_two_pairs_that_open() {
    let (app, school, person) = stage().await;
    let tokens = &app.state().tokens;
    for round in 0..attack_size(20, 1000) {
        let first = begin(&app, &person, &school).await;
        let second = next(&app, &first.refresh).await;
        let (used, again) = tokio::join!(tokens.person(&second.access), tokens.refresh(first.refresh.clone()));
        let used = used.unwrap().is_some();
        match again.unwrap() {
            Refreshed::Pair(third) => {
                assert!(!used, "{round}: replaced although it was used");
                assert!(tokens.person(&second.access).await.unwrap().is_none(), "{round}");
                assert!(tokens.person(&third.access).await.unwrap().is_some(), "{round}");
            }
            // The use came first, and the repeat was a copy's.
            Refreshed::Reused(_) => assert!(tokens.person(&second.access).await.unwrap().is_none(), "{round}"),
            Refreshed::Refused => panic!("{round}"),
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn p08_after_a_reuse_no_access_token_of_the_family_opens_anything_on_either_replica() {
    let (app, school, person) = stage().await;
    let replica = TestApp::start_with(app.databases.clone(), None).await.unwrap();
    for round in 0..attack_size(10, 1000) {
        let first = begin(&app, &person, &school).await;
        let second = next(&app, &first.refresh).await;
        for server in [&app, &replica] {
            assert_eq!(with_token(server, &first.access).await, 200, "{round}");
            assert_eq!(with_token(server, &second.access).await, 200, "{round}");
        }
        let begun = std::time::Instant::now();
        let thief = if round % 2 == 0 { &replica } else { &app };
        assert!(reused(thief, &first.refresh).await, "{round}");
        for server in [&app, &replica] {
            for token in [&first.access, &second.access] {
                assert_eq!(with_token(server, token).await, 401, "{round}");
            }
            assert!(refused(server, &second.refresh).await, "{round}");
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{round}: {:?}", begun.elapsed());
    }
    replica.shutdown().await;
    app.shutdown().await;
}
