//! Broken connections: an acknowledgement means stored, and a retry says the same.

use super::*;
use futures::future::join_all;
use local_services::failpoint::FailPoint;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// Where the batcher may break, and whether its batch is committed there.
const PLACES: [(&str, bool); 4] = [
    ("batcher: before insert", false),
    ("batcher: after insert", false),
    ("batcher: after commit", true),
    ("batcher: before answer", true),
];

/// A site whose batcher breaks at a place.
async fn breaking(at: &FailPoint) -> Site {
    at.scope(Site::with(4, BatcherConfig::default())).await
}

/// D19: an error after the commit is not an error for the kiosk, and not a second scan.
#[tokio::test]
async fn a_connection_that_breaks_at_any_step_changes_neither_the_log_nor_the_answer() {
    // At the last place nothing is asked of the connection any more.
    for (place, _) in &PLACES[..3] {
        let point = FailPoint::breaking(place, 2);
        let site = breaking(&point).await;
        site.cards(school(1), 1..4).await;
        let scans = || (1..5).map(|seq| site.scan(seq, seq as u128, Entry, TimeDelta::zero())).collect();
        let answer = site.submit(scans()).await;
        assert_eq!(point.hits(), 2, "{place}");
        let verdicts: Vec<_> = answer.items.iter().map(|i| i.verdict.as_str()).collect();
        assert_eq!(verdicts, ["accepted", "accepted", "accepted", "quarantined"], "{place}");
        let again = site.submit(scans()).await;
        assert!(again.items.iter().all(|i| i.verdict == Verdict::Duplicate));
        assert!(again.items.iter().zip(&answer.items).all(|(a, b)| a.position == b.position));
        assert_eq!((answer.ack_through, again.ack_through, site.recorded().await), (4, 4, 3));
        site.world.dense_length().await;
    }
}

/// The process ends in the middle of a batch; the kiosks send theirs again to the next one.
#[tokio::test]
async fn a_process_that_ends_at_any_step_loses_no_acknowledged_scan_and_stores_none_twice() {
    for (place, committed) in PLACES {
        let point = FailPoint::stopping(place);
        let site = breaking(&point).await;
        site.cards(school(1), 1..4).await;
        site.cards(school(1), 5..6).await;
        // Acknowledged by another process before: those must stay.
        let before = site.another(BatcherConfig::default());
        let first = site.batch(kiosk(2), vec![site.scan(1, 5, Entry, TimeDelta::zero())]);
        let acknowledged = before.submit(first.clone()).await.unwrap();
        let batch =
            site.batch(kiosk(1), (1..5).map(|seq| site.scan(seq, seq as u128, Entry, TimeDelta::zero())).collect());
        let ends = async {
            point.reached().await;
            site.batcher.cut_off().await;
            // As the kernel closes the connections of a process that is gone.
            site.count(
                "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
                 where datname = current_database() and application_name = 'attendance_log_writer'",
            )
            .await
        };
        let (answer, ended) = tokio::join!(site.batcher.submit(batch.clone()), ends);
        assert!(matches!(answer, Err(SubmitError::Unavailable(_))), "{place}: {answer:?}");
        assert!(ended > 0);
        assert_eq!(site.recorded().await, if committed { 4 } else { 1 }, "{place}");

        let next = site.another(BatcherConfig::default());
        let mut answers = Vec::new();
        while answers.len() < 2 {
            // The first tries may meet the connections that were closed.
            answers.extend(next.submit(batch.clone()).await);
        }
        let verdicts: Vec<_> = answers[0].items.iter().map(|i| i.verdict).collect();
        use Verdict::{Accepted, Duplicate, Quarantined};
        let fresh = [Accepted, Accepted, Accepted, Quarantined];
        assert_eq!(verdicts, if committed { [Duplicate; 4] } else { fresh }, "{place}");
        assert_eq!(
            answers[1].items.iter().map(|i| i.position).collect::<Vec<_>>(),
            answers[0].items.iter().map(|i| i.position).collect::<Vec<_>>()
        );
        assert_eq!(answers[0].ack_through, 4);
        let again = next.submit(first).await.unwrap();
        assert_eq!((again.items[0].verdict, again.items[0].position), (Duplicate, acknowledged.items[0].position));
        next.shutdown().await;
        before.shutdown().await;
        let receipts = "select count(*) from scan_receipts r join events e on e.position = r.position
                        where (e.payload ->> 'scan_id')::uuid = r.scan_id";
        assert_eq!((site.recorded().await, site.count(receipts).await), (4, 5), "{place}");
        site.world.dense_length().await;
    }
}

#[tokio::test]
async fn an_outage_longer_than_the_deadline_is_told_and_the_retry_finds_the_truth() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let slow = BatcherConfig { deadline: Duration::from_millis(300), ..BatcherConfig::default() };
    let broken = FailPoint::breaking("batcher: after insert", 1_000).scope(async { site.another(slow) }).await;
    let batch = site.batch(kiosk(1), vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    assert!(matches!(broken.submit(batch.clone()).await, Err(SubmitError::Unavailable(_))));
    assert_eq!(site.recorded().await, 0);
    let slow = BatcherConfig { deadline: Duration::from_millis(300), ..BatcherConfig::default() };
    let unsure = FailPoint::breaking("batcher: after commit", 1_000).scope(async { site.another(slow) }).await;
    assert!(matches!(unsure.submit(batch.clone()).await, Err(SubmitError::Unavailable(_))), "stored, and not known");
    assert_eq!(site.recorded().await, 1);
    assert_eq!(site.batcher.submit(batch.clone()).await.unwrap().items[0].verdict, Verdict::Duplicate);
    assert_eq!(site.batcher.submit(batch).await.unwrap().items[0].verdict, Verdict::Duplicate);
}

#[tokio::test]
async fn connections_killed_under_load_lose_no_acknowledged_scan_and_store_none_twice() {
    const ROUNDS: i64 = 60;
    let site = Site::with(4, BatcherConfig { max_scans: 40, ..BatcherConfig::default() }).await;
    site.cards(school(1), 1..11).await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let killer = async {
        let mut killed = 0;
        while killed < 60 && !done.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(5..40))).await;
            killed += site
                .count(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where datname = current_database() and application_name = 'attendance_log_writer'",
                )
                .await;
        }
        killed
    };
    let kiosks = async {
        let of = async |k: u128| {
            let mut acknowledged = HashMap::new();
            for round in 0..ROUNDS {
                let scans: Vec<_> = (1..11_u128)
                    .map(|n| IncomingScan {
                        scan_id: ScanId(Uuid::from_u128(k << 96 | (round as u128) << 64 | n)),
                        ..site.scan(round * 10 + n as i64, n, Entry, TimeDelta::zero())
                    })
                    .collect();
                let batch = site.batch(kiosk(k), scans);
                let answer = loop {
                    match site.batcher.submit(batch.clone()).await {
                        Ok(answer) => break answer,
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                };
                for item in answer.items {
                    acknowledged.insert((k, item.scan_id), item.position);
                }
            }
            acknowledged
        };
        let all: HashMap<_, _> = join_all((1..9).map(of)).await.into_iter().flatten().collect();
        done.store(true, Ordering::Relaxed);
        all
    };
    let (killed, acknowledged) = tokio::join!(killer, kiosks);
    assert!(killed > 10, "only {killed} connections were killed");
    assert_eq!(acknowledged.len(), 8 * ROUNDS as usize * 10);
    let stored: Vec<(Uuid, i64)> =
        sqlx::query_as("select (payload->>'scan_id')::uuid, position from events where event_type = 'scan_recorded'")
            .fetch_all(&site.world.owner)
            .await
            .unwrap();
    assert_eq!(stored.len(), acknowledged.len(), "one event for each acknowledged scan");
    let stored: HashMap<_, _> = stored.into_iter().collect();
    assert!(acknowledged.iter().all(|((_, scan), position)| stored.get(&scan.0) == Some(position)));
    site.world.dense_length().await;
}

/// A server that refuses every write says nothing about a scan.
#[tokio::test]
async fn a_good_scan_is_never_quarantined_because_the_server_refuses_all_writes() {
    let site = Site::with(4, BatcherConfig { deadline: Duration::from_millis(300), ..BatcherConfig::default() }).await;
    site.cards(school(1), 1..4).await;
    let database = &site.world.databases.events;
    let run = async |sql: &str| sqlx::raw_sql(sql).execute(&site.world.owner).await.unwrap();
    // What is set for a database counts for new connections.
    let anew = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name = 'attendance_log_writer'";
    let troubles = [
        // 42501
        ("revoke insert on scan_receipts from attendance_log_writer".to_owned(), "grant insert on scan_receipts to attendance_log_writer".to_owned()),
        // 25006
        (format!("alter database {database} set default_transaction_read_only = on"), format!("alter database {database} reset default_transaction_read_only")),
        // XX: an internal error.
        (
            "create function broken() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = 'XX001'; end $$;
             create trigger broken before insert on scan_receipts for each row execute function broken()".to_owned(),
            "drop function broken cascade".to_owned(),
        ),
    ];
    for (seq, (begins, ends)) in (1..).zip(troubles) {
        run(&begins).await;
        run(anew).await;
        let batch = site.batch(kiosk(1), vec![site.scan(seq, seq as u128, Entry, TimeDelta::zero())]);
        let answer = site.batcher.submit(batch.clone()).await;
        assert!(matches!(answer, Err(SubmitError::Unavailable(_))), "{begins}: {answer:?}");
        run(&ends).await;
        run(anew).await;
        // The kiosk sends it again; its first tries may meet connections that were just closed.
        let mut again = site.batcher.submit(batch.clone()).await;
        for _ in 0..20 {
            if again.is_ok() {
                break;
            }
            again = site.batcher.submit(batch.clone()).await;
        }
        assert_eq!(again.unwrap().items[0].verdict, Verdict::Accepted, "{begins}");
    }
    assert_eq!(
        (site.recorded().await, site.count("select count(*) from events where aggregate_type = 'quarantine'").await),
        (3, 0)
    );
}

#[tokio::test]
async fn a_fork_is_told_although_the_answer_of_its_commit_was_lost() {
    let site = breaking(&FailPoint::breaking("batcher: after commit", 1)).await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..4).await;
    let fork = IncomingScan { seq: 1, ..site.scan(9, 2, Entry, TimeDelta::zero()) };
    let answer = site.submit(vec![site.scan(1, 1, Entry, TimeDelta::zero()), fork]).await;
    assert_eq!(answer.items[1].reasons, ["sequence_fork"]);
    assert_eq!(site.kiosk_facts().await, ["fork_detected"]);
}

#[tokio::test]
async fn without_the_vault_only_batches_that_need_it_go_unanswered() {
    let site = Site::new().await;
    site.cards(school(1), 1..4).await;
    let vault = sqlx::PgPool::connect_with(site.world.databases.vault_options()).await.unwrap();
    let rights = async |sql: &'static str| _ = sqlx::raw_sql(sql).execute(&vault).await.unwrap();
    rights("revoke all on all tables in schema public from attendance_vault").await;
    let unknown = IncomingScan { read: "NFC:00".into(), ..site.scan(1, 9, Entry, TimeDelta::zero()) };
    let odd = site.batch(kiosk(1), vec![unknown, site.scan(2, 1, Entry, TimeDelta::zero())]);
    let good = site.batch(kiosk(2), vec![site.scan(1, 2, Entry, TimeDelta::zero())]);
    // All wait before the worker runs, so they go into one round.
    let (before, failed, after) = tokio::join!(
        site.batcher.submit(good.clone()),
        site.batcher.submit(odd.clone()),
        site.batcher.submit(site.batch(kiosk(3), vec![site.scan(1, 3, Entry, TimeDelta::zero())])),
    );
    assert_eq!(before.unwrap().items[0].verdict, Verdict::Accepted);
    assert_eq!(after.unwrap().items[0].verdict, Verdict::Accepted);
    assert_eq!(failed, Err(SubmitError::Unavailable("the vault is not available")));
    rights("grant select, insert on data_keys, shredded to attendance_vault").await;
    let verdicts: Vec<_> = site.batcher.submit(odd).await.unwrap().items.iter().map(|i| i.verdict.as_str()).collect();
    assert_eq!(verdicts, ["quarantined", "accepted"]);
}
