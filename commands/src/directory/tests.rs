use super::*;
use crate::testing::World;
use std::sync::Arc;

const RUN: &str = "12345678-5";

#[tokio::test]
async fn a_value_is_reserved_once_and_everybody_else_is_told_for_whom() {
    let world = World::new().await;
    let directory = world.write.directory();
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let reserve = |subject| directory.reserve(world.school, Kind::NationalId, RUN, subject, None);
    assert_eq!(reserve(first).await.unwrap(), Reserved::New);
    let taken = Reserved::Existing(Entry { subject: first, owner: None });
    assert_eq!(reserve(second).await.unwrap(), taken);
    assert_eq!(reserve(first).await.unwrap(), taken, "a repeated request finds its own");
    assert_eq!(directory.find(world.school, Kind::NationalId, "1-9").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_that_reserve_one_run_at_once_one_wins() {
    let world = Arc::new(World::with_connections(16).await);
    let tries = (0..16u128).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            let subject = Uuid::from_u128(n + 1);
            let answer = world.write.directory().reserve(world.school, Kind::NationalId, RUN, subject, None).await;
            (subject, answer.unwrap())
        })
    });
    let answers: Vec<_> = futures::future::join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<_> = answers.iter().filter(|(_, answer)| *answer == Reserved::New).collect();
    assert_eq!(winners.len(), 1);
    let winner = winners[0].0;
    for (subject, answer) in &answers {
        if *subject != winner {
            assert_eq!(*answer, Reserved::Existing(Entry { subject: winner, owner: None }));
        }
    }
}

#[tokio::test]
async fn schools_and_kinds_are_apart() {
    let world = World::new().await;
    let directory = world.write.directory();
    let other = SchoolId(Uuid::from_u128(77));
    let subject = Uuid::from_u128(1);
    directory.reserve(world.school, Kind::NationalId, RUN, subject, None).await.unwrap();
    assert_eq!(directory.find(other, Kind::NationalId, RUN).await.unwrap(), None);
    assert_eq!(directory.find(world.school, Kind::Guardian, RUN).await.unwrap(), None);
    assert_ne!(directory.hmac(world.school, Kind::NationalId, RUN), directory.hmac(other, Kind::NationalId, RUN));
    assert_eq!(directory.release(other, subject).await.unwrap(), 0, "another school frees nothing");
}

#[tokio::test]
async fn another_key_finds_nothing_and_the_table_does_not_hold_the_value() {
    let world = World::new().await;
    world.write.directory().reserve(world.school, Kind::Phone, "+56912345678", Uuid::from_u128(1), None).await.unwrap();
    let other = Directory::new(world.write.pool().clone(), DirectoryKey::from_bytes([9; 32]));
    assert_eq!(other.find(world.school, Kind::Phone, "+56912345678").await.unwrap(), None);
    let rows: Vec<String> =
        sqlx::query_scalar("select row(d.*)::text from directory d").fetch_all(&world.owner).await.unwrap();
    assert!(rows.iter().all(|row| !row.contains("912345678")), "{rows:?}");
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn many_cards_are_found_in_the_order_asked_and_are_nobodys_once_their_pupil_is_released() {
    let world = World::new().await;
    let directory = world.write.directory();
    let pupil = Uuid::from_u128(50);
    for n in 0..5u128 {
        let subject = Uuid::from_u128(100 + n);
        directory.reserve(world.school, Kind::Card, &format!("CARD{n}"), subject, Some(pupil)).await.unwrap();
    }
    let asked = ["CARD3", "NOBODY", "CARD0", "CARD3"];
    let found = directory.find_many(world.school, Kind::Card, &asked).await.unwrap();
    let card = |n: u128| Some(Entry { subject: Uuid::from_u128(100 + n), owner: Some(pupil) });
    assert_eq!(found, [card(3), None, card(0), card(3)]);
    assert!(directory.find_many::<&str>(world.school, Kind::Card, &[]).await.unwrap().is_empty());
    assert_eq!(directory.release(world.school, pupil).await.unwrap(), 5);
    // They stay taken, and are nobody's.
    let nobodys = Some(Entry { subject: Uuid::nil(), owner: None });
    let found = directory.find_many(world.school, Kind::Card, &asked).await.unwrap();
    assert_eq!(found, [nobodys, None, nobodys, nobodys]);
    assert_eq!(directory.release(world.school, pupil).await.unwrap(), 0);
}
