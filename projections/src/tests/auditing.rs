//! The audit index: each filter, all of them together, and walks over a log that goes on.

use crate::ReadModel;
use crate::audit::queries::{Filter, Order, entries};
use crate::audit::rows::Entry;
use crate::testing::history::{self, Random};
use crate::testing::{World, id};
use domain::SchoolId;

fn school(n: u128) -> SchoolId {
    id(n << 24)
}

async fn two_schools(events: usize) -> World {
    let world = World::create().await;
    let mut random = Random(31);
    for n in [1, 2] {
        world.append(&history::founding(school(n), 8, 2, &mut random)).await;
    }
    for _ in 0..events / 40 {
        for n in [1, 2] {
            world.append(&history::random(school(n), 8, 2, 20, &mut random)).await;
        }
    }
    world.catch_up(ReadModel::Audit).await;
    world
}

/// Every page from the first on.
async fn walk(world: &World, filter: &Filter, order: Order, page: i64) -> Vec<Entry> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let found = entries(&mut world.tx(school(1)).await, filter, order, cursor, page).await.unwrap();
        assert!(found.entries.len() <= usize::try_from(page).unwrap());
        all.extend(found.entries);
        cursor = found.next;
        if cursor.is_none() {
            return all;
        }
    }
}

/// The same filter, read plainly.
fn wanted(filter: &Filter, e: &Entry) -> bool {
    fn is<T: PartialEq>(asked: &Option<T>, value: &T) -> bool {
        asked.as_ref().is_none_or(|asked| asked == value)
    }
    is(&filter.stream, &e.stream)
        && filter.subject.is_none_or(|s| e.subjects.contains(&s))
        && filter.kiosk.is_none_or(|k| e.kiosk_id == Some(k))
        && is(&filter.actor, &e.actor)
        && filter.from.is_none_or(|from| e.recorded_at >= from)
        && filter.to.is_none_or(|to| e.recorded_at < to)
        && is(&filter.date, &e.local_date)
        && is(&filter.aggregate_type, &e.aggregate_type)
        && is(&filter.event_type, &e.event_type)
}

/// The filters that the bits of `which` name, with values that `like` has.
fn filter_like(like: &Entry, which: u32) -> Filter {
    let on = |bit: u32| which & (1 << bit) != 0;
    Filter {
        stream: on(0).then(|| like.stream.clone()),
        subject: like.subjects.first().copied().filter(|_| on(1)),
        kiosk: like.kiosk_id.filter(|_| on(2)),
        actor: on(3).then(|| like.actor.clone()),
        from: on(4).then_some(like.recorded_at),
        to: on(5).then(|| like.recorded_at + chrono::TimeDelta::milliseconds(900)),
        date: on(6).then_some(like.local_date),
        aggregate_type: on(7).then(|| like.aggregate_type.clone()),
        event_type: on(8).then(|| like.event_type.clone()),
    }
}

#[tokio::test]
async fn every_filter_alone_and_combined_finds_exactly_what_it_says_in_both_orders() {
    let world = two_schools(400).await;
    let all = walk(&world, &Filter::default(), Order::OldestFirst, 200).await;
    let log: Vec<i64> = sqlx::query_scalar("select position from events where school_id = $1 order by 1")
        .bind(school(1).0)
        .fetch_all(&world.owner)
        .await
        .unwrap();
    assert_eq!(all.iter().map(|e| e.position).collect::<Vec<_>>(), log, "without a filter: every event of the school");
    // Scans have a person and a kiosk, so that all nine filters can be asked together.
    let whole: Vec<&Entry> = all.iter().filter(|e| e.kiosk_id.is_some() && !e.subjects.is_empty()).collect();
    let mut random = Random(32);
    let (mut narrowed, mut many) = (0, 0);
    for which in 0..512_u32 {
        let filter = filter_like(random.pick(&whole), which);
        let mut expected: Vec<&Entry> = all.iter().filter(|e| wanted(&filter, e)).collect();
        assert!(!expected.is_empty());
        narrowed += usize::from(expected.len() < all.len());
        let page = i64::try_from(expected.len().div_ceil(2).clamp(1, 60)).unwrap();
        many += usize::from(expected.len() > 1);
        let found = walk(&world, &filter, Order::OldestFirst, page).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
        expected.reverse();
        let found = walk(&world, &filter, Order::NewestFirst, page).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
    assert!(narrowed > 500 && many > 250, "{narrowed} {many}");
}

#[tokio::test]
async fn each_filter_alone_leaves_something_out() {
    let world = two_schools(200).await;
    let all = walk(&world, &Filter::default(), Order::OldestFirst, 200).await;
    let like = all.iter().rev().find(|e| e.kiosk_id.is_some() && !e.subjects.is_empty()).unwrap();
    for bit in 0..9 {
        let filter = filter_like(like, 1 << bit);
        assert_ne!(filter, Filter::default());
        let found = walk(&world, &filter, Order::NewestFirst, 200).await;
        assert!(found.contains(like), "{filter:?}");
        // A moment's end is checked from the other side: nothing of this history is later.
        let filter = if bit == 5 { Filter { to: Some(like.recorded_at), ..Filter::default() } } else { filter };
        let found = walk(&world, &filter, Order::NewestFirst, 200).await;
        assert!(found.len() < all.len(), "{filter:?} finds everything");
        assert_eq!(found.contains(like), bit != 5, "from is included, to is not");
    }
}

#[tokio::test]
async fn a_walk_gives_every_row_exactly_once_while_rows_are_appended() {
    let world = two_schools(200).await;
    for (order, page) in [(Order::NewestFirst, 7), (Order::OldestFirst, 7), (Order::NewestFirst, 1)] {
        let before = walk(&world, &Filter::default(), Order::OldestFirst, 200).await;
        let (mut seen, mut cursor, mut random) = (Vec::new(), None, Random(33));
        let mut appended = 0;
        loop {
            let found = entries(&mut world.tx(school(1)).await, &Filter::default(), order, cursor, page).await.unwrap();
            seen.extend(found.entries.iter().map(|e| e.position));
            cursor = found.next;
            if cursor.is_none() {
                break;
            }
            if appended < 60 {
                let more = history::random(school(1), 8, 2, 6, &mut random);
                appended += more.len();
                world.append(&more).await;
                world.catch_up(ReadModel::Audit).await;
            }
        }
        assert!(appended > 0);
        let mut expected: Vec<i64> = match order {
            Order::NewestFirst => before.iter().map(|e| e.position).collect(),
            Order::OldestFirst => {
                let now = walk(&world, &Filter::default(), Order::OldestFirst, 200).await;
                assert!(now.len() > before.len());
                now.iter().map(|e| e.position).collect()
            }
        };
        if order == Order::NewestFirst {
            expected.reverse();
        }
        assert_eq!(seen, expected, "{order:?}");
    }
}
