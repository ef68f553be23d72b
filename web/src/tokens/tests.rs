//! Tokens against the real database and over HTTP.

mod attack;
mod http;

use super::families::{ABSOLUTE, IDLE};
use super::*;
use crate::testing::{TestApp, TestPerson, TestSchool, refusal};
use chrono::TimeDelta;
use commands::accounts::Secret256;
use domain::account::StaffRole;
use reqwest::header::AUTHORIZATION;

/// Begins a family of somebody in a school.
async fn begin(app: &TestApp, person: &TestPerson, school: &TestSchool) -> Pair {
    let proof = person.proof(app.state()).await.unwrap();
    let begin = Begin { proof, school: school.id, client: "planilla".into(), network: String::new() };
    app.state().tokens.begin(&begin).await.unwrap().unwrap()
}

/// The next pair.
async fn next(app: &TestApp, refresh: &Secret256) -> Pair {
    match app.state().tokens.refresh(refresh.clone()).await.unwrap() {
        Refreshed::Pair(pair) => pair,
        other => panic!("{other:?}"),
    }
}

async fn refused(app: &TestApp, refresh: &Secret256) -> bool {
    matches!(app.state().tokens.refresh(refresh.clone()).await.unwrap(), Refreshed::Refused)
}

async fn reused(app: &TestApp, refresh: &Secret256) -> bool {
    matches!(app.state().tokens.refresh(refresh.clone()).await.unwrap(), Refreshed::Reused(_))
}

/// What the list of one's own tokens answers to whoever brings this.
async fn with_token(app: &TestApp, token: &str) -> u16 {
    let url = format!("{}/api/v1/tokens", app.base);
    let answer = app.anonymous.get(url).header(AUTHORIZATION, format!("Bearer {token}")).send().await.unwrap();
    match answer.status().as_u16() {
        200 => 200,
        _ => {
            let (status, code) = refusal(answer).await.unwrap();
            assert_eq!((status, code.as_str()), (401, "unauthenticated"));
            status
        }
    }
}

/// A server, a school and its director.
async fn stage() -> (TestApp, TestSchool, TestPerson) {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let person = app.person(school.id, StaffRole::Director).await.unwrap();
    (app, school, person)
}

#[tokio::test]
async fn p05_a_refresh_token_gives_one_successor_within_a_week_and_a_family_lives_a_month() {
    let (app, school, person) = stage().await;
    let first = begin(&app, &person, &school).await;
    assert_eq!(first.refresh.reveal().len(), 43, "256 bits");
    // Nothing that was given is kept.
    let kept: Vec<String> = sqlx::query_scalar("select t::text || f::text from refresh_tokens t, token_families f")
        .fetch_all(&app.running().pools().auth)
        .await
        .unwrap();
    let (refresh, sha256) = (first.refresh.reveal(), hex::encode(first.refresh.sha256()));
    assert!(kept.len() == 1 && kept[0].contains(&sha256) && !kept[0].contains(refresh.as_str()), "{kept:?}");
    let second = next(&app, &first.refresh).await;
    let chain: Vec<(Option<uuid::Uuid>, bool)> =
        sqlx::query_as("select parent_id, consumed_at is not null from refresh_tokens order by token_id")
            .fetch_all(&app.running().pools().auth)
            .await
            .unwrap();
    assert!(chain[0].0.is_none() && chain[0].1 && chain[1].0.is_some() && !chain[1].1, "{chain:?}");
    // Unused for a week it is nobody's, and so is its family's end.
    app.clock.advance(IDLE);
    assert!(refused(&app, &second.refresh).await);
    let mut pair = begin(&app, &person, &school).await;
    let mut lived = TimeDelta::zero();
    while lived + TimeDelta::days(6) < ABSOLUTE {
        app.clock.advance(TimeDelta::days(6));
        lived += TimeDelta::days(6);
        pair = next(&app, &pair.refresh).await;
    }
    assert_eq!(pair.refresh_until - app.now(), ABSOLUTE - lived, "no token outlives its family");
    app.clock.advance(ABSOLUTE - lived - TimeDelta::seconds(1));
    pair = next(&app, &pair.refresh).await;
    assert_eq!(with_token(&app, &pair.access).await, 200);
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(with_token(&app, &pair.access).await, 401, "an access token neither");
    assert!(refused(&app, &pair.refresh).await);
    app.shutdown().await;
}

#[tokio::test]
async fn p05_what_one_program_does_touches_no_other_and_none_begins_where_its_person_has_no_role() {
    let (app, school, person) = stage().await;
    let mut others = Vec::new();
    for role in [StaffRole::Inspector, StaffRole::Auditor] {
        others.push(app.person(school.id, role).await.unwrap());
    }
    // One began before and one after, so that whichever row comes first is somebody else's.
    let before = begin(&app, &others[0], &school).await;
    let first = begin(&app, &person, &school).await;
    let after = begin(&app, &others[1], &school).await;
    let mut pair = next(&app, &first.refresh).await;
    for _ in 0..2 {
        assert_eq!(pair.family_id, first.family_id, "nobody becomes somebody else");
        pair = next(&app, &pair.refresh).await;
    }
    assert!(refused(&app, &Secret256::random().unwrap()).await);
    let mut kept = Vec::new();
    for pair in [&before, &after] {
        assert_eq!(with_token(&app, &pair.access).await, 200);
        let successor = next(&app, &pair.refresh).await;
        assert_eq!(successor.family_id, pair.family_id);
        kept.push(successor);
    }
    // A copy ends the program that it is a copy of.
    assert!(reused(&app, &first.refresh).await);
    assert_eq!(with_token(&app, &pair.access).await, 401);
    for pair in &kept {
        assert_eq!(with_token(&app, &pair.access).await, 200);
        assert_eq!(next(&app, &pair.refresh).await.family_id, pair.family_id);
    }
    let foreign = app.school(1).await.unwrap();
    let begin = Begin {
        proof: person.proof(app.state()).await.unwrap(),
        school: foreign.id,
        client: String::new(),
        network: String::new(),
    };
    assert!(app.state().tokens.begin(&begin).await.unwrap().is_none());
    app.shutdown().await;
}

#[tokio::test]
async fn p06_whoever_lost_the_answer_asks_again_within_ten_seconds_unless_the_successor_was_used() {
    let (app, school, person) = stage().await;
    let first = begin(&app, &person, &school).await;
    let lost = next(&app, &first.refresh).await;
    app.clock.advance(GRACE - TimeDelta::seconds(1));
    let again = next(&app, &first.refresh).await;
    // The pair that was lost opens nothing any more, the new one does.
    assert_eq!((with_token(&app, &lost.access).await, with_token(&app, &again.access).await), (401, 200));
    // Its successor is in use now: the first token is a copy.
    assert!(reused(&app, &first.refresh).await);
    assert_eq!(with_token(&app, &again.access).await, 401);
    assert!(refused(&app, &again.refresh).await, "the whole family");

    // Used as a refresh token.
    let first = begin(&app, &person, &school).await;
    let second = next(&app, &first.refresh).await;
    let third = next(&app, &second.refresh).await;
    assert!(reused(&app, &first.refresh).await);
    assert!(refused(&app, &third.refresh).await);

    // Too late.
    let first = begin(&app, &person, &school).await;
    let second = next(&app, &first.refresh).await;
    app.clock.advance(GRACE);
    assert!(reused(&app, &first.refresh).await);
    assert!(refused(&app, &second.refresh).await && refused(&app, &first.refresh).await, "told once");

    // The pair that was taken back, in other hands.
    let first = begin(&app, &person, &school).await;
    let lost = next(&app, &first.refresh).await;
    let again = next(&app, &first.refresh).await;
    assert!(reused(&app, &lost.refresh).await);
    assert_eq!(with_token(&app, &again.access).await, 401);

    // What is unknown ends nothing.
    let pair = begin(&app, &person, &school).await;
    assert!(refused(&app, &Secret256::random().unwrap()).await);
    assert_eq!(with_token(&app, &pair.access).await, 200);
    app.shutdown().await;
}

#[tokio::test]
async fn a46_whatever_ends_a_family_counts_at_the_next_request_on_every_replica() {
    let (app, school, _) = stage().await;
    let replica = TestApp::start_with(app.databases.clone(), None).await.unwrap();
    let log_writer = &app.running().pools().log_writer;
    for (what, sql) in [
        ("disabled", "update accounts set disabled_at = created_at where account_id = $1"),
        ("other rights", "update accounts set authz_epoch = authz_epoch + 1 where account_id = $1"),
        ("the program", ""),
        ("the person", ""),
    ] {
        let person = app.person(school.id, StaffRole::Director).await.unwrap();
        let pair = begin(&app, &person, &school).await;
        let both = async || (with_token(&app, &pair.access).await, with_token(&replica, &pair.access).await);
        assert_eq!(both().await, (200, 200), "{what}");
        let tokens = &app.state().tokens;
        match what {
            "the program" => {
                assert_eq!(tokens.end_secret(&pair.refresh, Ended::SignedOut).await.unwrap(), Some(person.account_id));
                assert_eq!(tokens.end_secret(&pair.refresh, Ended::SignedOut).await.unwrap(), None);
            }
            "the person" => {
                let stranger = app.owner().account_id;
                assert_eq!(tokens.end(stranger, Some(pair.family_id), Ended::ByPerson).await.unwrap(), 0);
                assert_eq!(with_token(&app, &pair.access).await, 200);
                assert_eq!(tokens.end(person.account_id, Some(pair.family_id), Ended::ByPerson).await.unwrap(), 1);
            }
            _ => drop(sqlx::query(sql).bind(person.account_id.0).execute(log_writer).await.unwrap()),
        }
        assert_eq!(both().await, (401, 401), "{what}");
        assert!(refused(&replica, &pair.refresh).await, "{what}");
    }
    // A role that is gone: the school is nowhere.
    let person = app.person(school.id, StaffRole::Director).await.unwrap();
    let pair = begin(&app, &person, &school).await;
    let board = async |app: &TestApp| {
        let url = format!("{}/api/v1/live?school={}", app.base, school.id);
        app.anonymous.get(url).bearer_auth(&pair.access).send().await.unwrap().status().as_u16()
    };
    assert_eq!((board(&app).await, board(&replica).await), (200, 200));
    let revoke = "delete from account_roles where account_id = $1";
    sqlx::query(revoke).bind(person.account_id.0).execute(log_writer).await.unwrap();
    assert_eq!((board(&app).await, board(&replica).await), (404, 404));
    replica.shutdown().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a46_a_stream_of_a_program_ends_within_two_seconds_of_its_family() {
    let (app, school, person) = stage().await;
    let pair = begin(&app, &person, &school).await;
    let url = format!("{}/api/v1/live/stream?school={}", app.base, school.id);
    let mut stream = app.anonymous.get(url).bearer_auth(&pair.access).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    stream.chunk().await.unwrap().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert!(app.state().sessions.open_streams() == 1, "looked after, and open");
    let begun = std::time::Instant::now();
    app.state().tokens.end(person.account_id, None, Ended::ByPerson).await.unwrap();
    while tokio::time::timeout(std::time::Duration::from_secs(10), stream.chunk()).await.unwrap().unwrap().is_some() {}
    assert!(begun.elapsed() <= std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
    app.shutdown().await;
}

#[tokio::test]
async fn where_a_person_has_too_many_programs_the_one_that_was_used_longest_ago_ends() {
    let (app, school, person) = stage().await;
    let most = usize::try_from(super::families::MOST).unwrap();
    let mut pairs = Vec::new();
    for _ in 0..most {
        pairs.push(begin(&app, &person, &school).await);
        app.clock.advance(TimeDelta::seconds(10));
    }
    // The eldest is in use, the second is not; and somebody else's are not counted.
    pairs[0] = next(&app, &pairs[0].refresh).await;
    let other = app.person(school.id, StaffRole::Director).await.unwrap();
    let others = begin(&app, &other, &school).await;
    app.clock.advance(TimeDelta::seconds(10));
    pairs.push(begin(&app, &person, &school).await);
    let listed = app.state().tokens.list(person.account_id).await.unwrap();
    assert_eq!(listed.len(), most);
    assert!(listed.iter().all(|family| family.family_id != pairs[1].family_id && !family.reused));
    assert!(refused(&app, &pairs[1].refresh).await);
    assert_eq!(with_token(&app, &pairs[1].access).await, 401);
    for good in [&pairs[0], &pairs[2], &pairs[most], &others] {
        next(&app, &good.refresh).await;
    }
    app.shutdown().await;
}
