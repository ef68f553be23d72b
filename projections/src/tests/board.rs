//! The board of a whole school, over the tables.

use crate::live::absence;
use crate::live::queries::{self, load_board};
use crate::testing::history::{self, Random};
use crate::testing::{World, at, id, monday};
use domain::SchoolId;
use domain::attendance_day::Direction;
use std::cell::Cell;
use std::sync::Once;

fn school() -> SchoolId {
    id(1 << 24)
}

/// A morning: nine in ten in time, one in twenty late, the rest not there.
pub(crate) async fn morning(world: &World, pupils: u64, courses: u64) {
    world.append(&history::founding(school(), pupils, courses, &mut Random(1))).await;
    let scans: Vec<_> = (0..pupils)
        .filter(|n| n % 20 != 0)
        .map(|n| {
            let entered = if n % 20 == 1 { at(11, 20, 0) } else { at(10, 50, 0) };
            history::scan(school(), n, monday(), history::plain_scan(school(), n.into(), Direction::Entry, entered))
        })
        .collect();
    for chunk in scans.chunks(500) {
        world.append(chunk).await;
    }
    world.catch_up_all().await;
}

thread_local! {
    static STATEMENTS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the statements that sqlx logs on each thread.
struct Statements;

impl tracing::Subscriber for Statements {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Counted);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Counts a statement by its summary. Not a rollback: who drops a transaction leaves it to whoever has the connection
/// next, or to the pool, and so it falls into this reading or the next one.
struct Counted;

impl tracing::field::Visit for Counted {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "summary" && !value.eq_ignore_ascii_case("rollback") {
            STATEMENTS.set(STATEMENTS.get() + 1);
        }
    }
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, format!("{value:?}").trim_matches('"'));
    }
}

/// How many statements a reading takes. The subscriber is the whole process's: a place that logs asks once who is
/// interested and keeps the answer for every thread, so one that another test's thread reached first would never ask
/// a subscriber of this thread alone.
pub(crate) async fn statements_of(reading: impl Future<Output = ()>) -> usize {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing::subscriber::set_global_default(Statements).expect("the only one");
        tracing::callsite::rebuild_interest_cache();
    });
    let before = STATEMENTS.get();
    reading.await;
    STATEMENTS.get() - before
}

async fn statements(world: &World) -> usize {
    statements_of(async {
        load_board(&mut world.snapshot(school()).await, monday(), at(11, 30, 0)).await.unwrap().unwrap();
    })
    .await
}

#[tokio::test]
async fn a_board_takes_as_many_queries_for_1200_pupils_as_for_three() {
    let (small, large) = (World::create().await, World::create().await);
    morning(&small, 3, 1).await;
    morning(&large, 1_200, 30).await;
    // The first reading of a connection also asks the catalogue, so the fewest of three count.
    let (mut few, mut many) = (usize::MAX, usize::MAX);
    for _ in 0..3 {
        few = statements(&small).await.min(few);
        many = statements(&large).await.min(many);
    }
    assert!(few > 5, "the statements were not counted");
    assert_eq!(few, many);
}

#[tokio::test]
async fn d36_whoever_looks_for_who_did_not_come_asks_as_often_of_1200_pupils_as_of_three() {
    let (small, large) = (World::create().await, World::create().await);
    morning(&small, 3, 1).await;
    morning(&large, 1_200, 30).await;
    let looks = async |world: &World| {
        statements_of(async {
            let mut snapshot = world.snapshot(school()).await;
            let facts = absence::load_in_tx(snapshot.conn(), school(), monday()).await.unwrap().unwrap();
            assert_eq!(facts.look(at(11, 30, 0), &[]).next_deadline, None);
        })
        .await
    };
    let (mut few, mut many) = (usize::MAX, usize::MAX);
    for _ in 0..3 {
        few = looks(&small).await.min(few);
        many = looks(&large).await.min(many);
    }
    assert!(few > 3, "the statements were not counted");
    assert_eq!(few, many);
}

#[tokio::test]
async fn the_totals_of_a_school_are_the_sum_of_its_courses_and_of_its_pupils() {
    let world = World::create().await;
    morning(&world, 1_200, 30).await;
    let board = load_board(&mut world.snapshot(school()).await, monday(), at(11, 30, 0)).await.unwrap().unwrap();
    assert_eq!((board.totals.pupils, board.totals.expected), (1_200, 1_200));
    assert_eq!((board.totals.present, board.totals.late, board.totals.missing), (1_080, 60, 60));
    assert!(board.totals.holds());
    let sum = board.courses.iter().fold(board.elsewhere, |sum, c| sum.plus(c.counts));
    assert_eq!(sum, board.totals);
    assert_eq!(board.courses.len(), 30);
    assert_eq!(board.courses[9].level, "basica-10", "in the order of grades, not of letters");
    assert_eq!(board.last_scans.len(), 20);
    assert!(board.last_scans.iter().all(|s| s.name.is_some() && s.course_name.is_some()));

    // The same by pages: every course's pupils, and the ledger of everybody seen.
    let mut seen = 0;
    for course in &board.courses {
        let mut tx = world.snapshot(school()).await;
        let page = queries::course_page(&mut tx, course.course_id, monday(), at(11, 30, 0), None, 200);
        let page = page.await.unwrap().unwrap();
        assert_eq!(page.pupils.len() as u32, course.counts.pupils);
        let inside = page.pupils.iter().filter(|p| p.status.inside).count() as u32;
        assert_eq!(inside, course.counts.inside);
    }
    let mut after = None;
    loop {
        let page = queries::pupils_seen(&mut world.tx(school()).await, monday(), after, 200).await.unwrap();
        assert!(page.len() <= 200);
        seen += page.len();
        let Some(last) = page.last() else { break };
        after = Some(last.student_id);
    }
    assert_eq!(seen, 1_140);
}
