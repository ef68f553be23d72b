//! Reports on a stream that has grown for months.

use super::*;
use crate::testing::{World, monday_morning};
use crate::use_cases::{ChangeKioskMode, UseCaseError, change_kiosk_mode, revoke_kiosk};
use domain::ScanId;
use domain::kiosk::LaneMode;
use uuid::Uuid;

const MONTHS: i64 = 100_000;
const KIOSK: KioskId = KioskId(Uuid::from_u128(0x6000_0001));
const QUEUE: QueueId = QueueId(Uuid::from_u128(0x9e00_0001));

fn enrol() -> Command {
    Command::Enrol { gate: "Portón Norte".into(), mode: LaneMode::Choice }
}

async fn months_later() -> (World, StreamId) {
    later(MONTHS, drained().version()).await
}

fn drained() -> Event {
    Event::DrainedThrough { queue_id: QUEUE, seq: 9, through: monday_morning() }
}

/// A kiosk that told something odd on its first day, and then every minute that its queue is drained.
async fn later(facts: i64, version: &str) -> (World, StreamId) {
    let world = World::new().await;
    let stream = StreamId::of(world.school, KIOSK);
    let context = world.context();
    for command in [
        enrol(),
        Command::ReportGap { queue_id: QUEUE, from: 2, to: 3 },
        Command::ReportFork { queue_id: QUEUE, seq: 5, scan_id: ScanId(Uuid::from_u128(5)) },
        Command::ReportSilent { last_seen: monday_morning() },
        Command::ReportSeen,
    ] {
        assert_eq!(report(&world.write, &context, KIOSK, command).await.unwrap().events, 1);
    }
    let drained = drained();
    // With positions, in one statement: it is what a batch does.
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
           position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id)
         select e.aggregate_type, e.aggregate_id, e.sequence + n, $2, $3, $4::json, e.metadata, e.position + n,
           gen_random_uuid(), e.school_id, e.occurred_at, e.recorded_at, e.local_date, e.zone, e.utc_offset, e.actor,
           e.correlation_id
         from (select * from events order by position desc limit 1) e, generate_series(1, $1) n",
    )
    .bind(facts)
    .bind(drained.name())
    .bind(version)
    .bind(serde_json::to_string(&drained).unwrap())
    .execute(&world.owner)
    .await
    .unwrap();
    (world, stream)
}

/// Rows of the log that this session has read and not yet handed to the statistics. Not this
/// transaction's alone, whatever the view's name says: a difference of two counts is.
async fn rows_read(tx: &mut sqlx::PgConnection) -> i64 {
    sqlx::query_scalar(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
         where relname = 'events'",
    )
    .fetch_one(tx)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_report_on_a_stream_of_100_000_facts_reads_a_handful_of_rows() {
    let (world, stream) = months_later().await;
    // Both before the planner knows the table and after.
    for analyze in [false, true] {
        if analyze {
            sqlx::query("analyze events").execute(&world.owner).await.unwrap();
        }
        for queue in [None, Some(QUEUE), Some(QueueId(Uuid::from_u128(0x9e00_0002)))] {
            let mut tx = world.write.pool().begin().await.unwrap();
            let before = rows_read(&mut tx).await;
            let found = read(&mut *tx, &stream, queue).await.unwrap();
            assert_eq!(found.sequence, MONTHS + 5);
            let rows = rows_read(&mut tx).await - before;
            // The stream's end and one row of each kind of fact that there is: 3, and 3 of its queue.
            assert!((1..=9).contains(&rows), "{rows} rows are read for {queue:?}, analyzed: {analyze}");
        }
    }
}

#[tokio::test]
async fn what_was_told_months_ago_is_not_told_again_and_news_goes_behind_the_last_event() {
    let (world, stream) = months_later().await;
    let context = world.context();
    let tell = async |command| report(&world.write, &context, KIOSK, command).await.unwrap().events;
    let at = |seconds| monday_morning() + TimeDelta::seconds(seconds);
    for old in [
        Command::ReportGap { queue_id: QUEUE, from: 2, to: 3 },
        Command::ReportFork { queue_id: QUEUE, seq: 5, scan_id: ScanId(Uuid::from_u128(5)) },
        Command::ReportSeen,
        Command::ReportDrained { queue_id: QUEUE, seq: 9, through: at(59) },
    ] {
        assert_eq!(tell(old.clone()).await, 0, "{old:?}");
    }
    assert_eq!(tell(Command::ReportGap { queue_id: QUEUE, from: 2, to: 4 }).await, 1);
    assert_eq!(tell(Command::ReportSilent { last_seen: at(0) }).await, 1);
    assert_eq!(tell(Command::ReportDrained { queue_id: QUEUE, seq: 9, through: at(60) }).await, 2);
    let end: Vec<(i64, String)> = sqlx::query_as(
        "select sequence, event_type from events where aggregate_id = $1 order by sequence desc limit 4",
    )
    .bind(stream.as_str())
    .fetch_all(&world.owner)
    .await
    .unwrap();
    let end: Vec<_> = end.iter().rev().map(|(n, name)| (n - MONTHS, &name[..])).collect();
    assert_eq!(end, [(6, "gap_detected"), (7, "silent"), (8, "returned"), (9, "drained_through")]);
    world.dense_length().await;
}

/// The ordinary write would read the whole stream into memory, and some day not in time.
#[tokio::test]
async fn a_lane_is_turned_and_a_kiosk_revoked_without_reading_what_the_kiosk_reported() {
    // Whoever reads one of these facts cannot.
    let (world, stream) = later(10, "unreadable").await;
    let asked = |id| world.context_with_id(id);
    let turn = async |id, from, mode| {
        change_kiosk_mode(&world.write, &asked(id), ChangeKioskMode { kiosk_id: KIOSK, from, mode }).await
    };
    let turned = turn(1, LaneMode::Choice, LaneMode::ExitLane).await.unwrap();
    assert_eq!((turned.events, turned.repeated), (1, false));
    assert_eq!(turn(2, LaneMode::Choice, LaneMode::ExitLane).await.unwrap(), Done::NOTHING, "it is so already");
    let late = turn(3, LaneMode::Choice, LaneMode::EntryLane).await;
    assert!(matches!(late, Err(UseCaseError::Kiosk(Error::AnotherMode))), "{late:?}");
    assert_eq!(turn(4, LaneMode::ExitLane, LaneMode::Choice).await.unwrap().events, 1);
    // The first request again: its own answer, and nothing is turned back.
    assert_eq!(turn(1, LaneMode::Choice, LaneMode::ExitLane).await.unwrap(), Done { repeated: true, ..turned });
    assert_eq!(revoke_kiosk(&world.write, &asked(5), KIOSK).await.unwrap().events, 1);
    assert_eq!(revoke_kiosk(&world.write, &asked(6), KIOSK).await.unwrap().events, 0);
    let gone = turn(7, LaneMode::Choice, LaneMode::ExitLane).await;
    assert!(matches!(gone, Err(UseCaseError::Kiosk(Error::Revoked))), "{gone:?}");
    let nobody = ChangeKioskMode { kiosk_id: KioskId(Uuid::nil()), from: LaneMode::Choice, mode: LaneMode::ExitLane };
    let nobody = change_kiosk_mode(&world.write, &asked(8), nobody).await;
    assert!(matches!(nobody, Err(UseCaseError::UnknownKiosk)), "{nobody:?}");
    let told: Vec<(String, String)> = sqlx::query_as(
        "select event_type, actor from events where aggregate_id = $1 and sequence > 15 order by sequence",
    )
    .bind(stream.as_str())
    .fetch_all(&world.owner)
    .await
    .unwrap();
    let who = world.context().actor.0;
    let told: Vec<_> = told.iter().map(|(event, by)| (event.as_str(), *by == who)).collect();
    assert_eq!(told, [("mode_changed", true), ("mode_changed", true), ("revoked", true)]);
    world.dense_length().await;
}

#[tokio::test]
async fn reports_that_meet_are_told_once() {
    let world = World::new().await;
    let context = world.context();
    report(&world.write, &context, KIOSK, enrol()).await.unwrap();
    let told = futures::future::join_all((0..6).flat_map(|_| {
        (1..4).map(|from| report(&world.write, &context, KIOSK, Command::ReportGap { queue_id: QUEUE, from, to: 9 }))
    }))
    .await;
    assert_eq!(told.into_iter().map(|done| done.unwrap().events).sum::<usize>(), 3);
    assert_eq!(world.dense_length().await, 4);
}

#[tokio::test]
async fn a_kiosk_that_was_never_enrolled_or_is_revoked_drains_nothing() {
    let world = World::new().await;
    let context = world.context();
    let drained = || Command::ReportDrained { queue_id: QUEUE, seq: 1, through: monday_morning() };
    let refused = async || match report(&world.write, &context, KIOSK, drained()).await {
        Err(WriteError::Rejected(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused().await, Error::NotEnrolled);
    report(&world.write, &context, KIOSK, enrol()).await.unwrap();
    report(&world.write, &context, KIOSK, Command::Revoke).await.unwrap();
    assert_eq!(refused().await, Error::Revoked);
}

#[tokio::test]
async fn what_one_kiosk_told_keeps_no_other_from_telling_the_same() {
    let world = World::new().await;
    for n in [2, 1, 3] {
        let kiosk = KioskId(Uuid::from_u128(0x6000_0000 + n));
        let tell = async |command| report(&world.write, &world.context(), kiosk, command).await.unwrap().events;
        assert_eq!(tell(enrol()).await, 1);
        for queue_id in [QUEUE, QueueId(Uuid::from_u128(0x9e00_0002))] {
            let gap = Command::ReportGap { queue_id, from: 2, to: 3 };
            let fork = Command::ReportFork { queue_id, seq: 5, scan_id: ScanId(Uuid::from_u128(5)) };
            for command in [gap, fork] {
                assert_eq!((tell(command.clone()).await, tell(command).await), (1, 0), "{n}");
            }
        }
    }
}
