use super::*;
use crate::import::tests::World;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_of_a_seed_finds_everything_and_appends_nothing() {
    let world = World::empty().await;
    let first = school(&world.write, 7).await.unwrap();
    let events = world.events().await;
    let second = school(&world.write, 7).await.unwrap();
    assert_eq!(world.events().await, events);
    assert_eq!((first.courses.len(), first.students.len(), first.kiosks.len()), (30, 1200, 4));
    let cards = |s: &Seeded| s.students.iter().map(|s| (s.student_id, s.card_text.clone())).collect::<Vec<_>>();
    assert_eq!(cards(&first), cards(&second));
    assert_eq!(cards(&first).iter().map(|c| c.1.clone()).collect::<HashSet<_>>().len(), 1200);
    assert_ne!(first.kiosks[0].secret, second.kiosks[0].secret, "a secret cannot be read back: it is issued again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_was_interrupted_is_finished_by_the_next_run() {
    let whole = World::empty().await;
    let expected = school(&whole.write, 7).await.unwrap();
    let world = World::empty().await;
    let write = world.write.clone();
    let task = tokio::spawn(async move { school(&write, 7).await });
    while world.events().await < 1000 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    task.abort();
    let _ = task.await;
    let seeded = school(&world.write, 7).await.unwrap();
    assert_eq!(world.events().await, whole.events().await);
    let cards = |s: &Seeded| s.students.iter().map(|s| s.card_text.clone()).collect::<Vec<_>>();
    assert_eq!(cards(&seeded), cards(&expected));
}
