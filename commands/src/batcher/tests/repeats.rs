//! A scan is stored once, however often it is sent, and each answer about it says the same.

use super::*;
use crate::batcher::seam::Key;
use domain::attendance_day::Direction::Exit;

fn without_verdicts(answer: &BatchAnswer) -> Vec<(ScanId, i64, Vec<String>)> {
    let mut items: Vec<_> = answer.items.iter().map(|i| (i.scan_id, i.position, i.reasons.clone())).collect();
    items.sort();
    items
}

fn morning(site: &Site) -> Vec<IncomingScan> {
    let at = |minutes: i64| TimeDelta::minutes(9 - minutes);
    vec![
        site.scan(1, 1, Entry, at(0)),
        site.scan(2, 2, Entry, at(1)),
        site.scan(3, 1, Entry, at(1) + TimeDelta::seconds(20)), // echo of 1
        site.scan(4, 3, Exit, at(2)),                           // without an entry
        site.scan(5, 2, Exit, at(4)),
        site.scan(6, 2, Entry, at(6)),
    ]
}

#[tokio::test]
async fn a_batch_of_n_leaves_the_same_log_as_n_batches_of_one() {
    let (together, apart) = tokio::join!(Site::new(), Site::new());
    for site in [&together, &apart] {
        site.cards(school(1), 1..4).await;
    }
    let answer = together.submit(morning(&together)).await;
    let mut alone = Vec::new();
    for scan in morning(&apart) {
        alone.extend(apart.submit(vec![scan]).await.items);
    }
    assert_eq!(together.content().await, apart.content().await);
    assert_eq!(answer.items, alone);
    let verdicts: Vec<_> = alone.iter().map(|i| i.verdict.as_str()).collect();
    assert_eq!(verdicts, ["accepted", "accepted", "flagged", "flagged", "accepted", "accepted"]);
    assert_eq!(answer.ack_through, 6);
    together.world.dense_length().await;
}

#[tokio::test]
async fn the_same_batch_again_and_shuffled_adds_nothing_and_is_answered_the_same() {
    let site = Site::new().await;
    site.cards(school(1), 1..4).await;
    let first = site.submit(morning(&site)).await;
    let content = site.content().await;
    let mut shuffled = morning(&site);
    shuffled.reverse();
    shuffled.swap(0, 2);
    for again in [morning(&site), shuffled] {
        site.world.clock.advance(TimeDelta::hours(3));
        let answer = site.submit(again).await;
        assert!(answer.items.iter().all(|i| i.verdict == Verdict::Duplicate));
        assert_eq!(without_verdicts(&answer), without_verdicts(&first));
        let first_of = |id: ScanId| first.items.iter().find(|i| i.scan_id == id).map(|i| i.verdict);
        assert!(answer.items.iter().all(|i| i.first_verdict == first_of(i.scan_id)));
        assert_eq!(answer.ack_through, first.ack_through);
    }
    assert_eq!(site.content().await, content);
    assert_eq!(site.count("select count(*) from scan_receipts").await, 6);
}

#[tokio::test]
async fn a_repeat_inside_its_own_batch_is_a_duplicate_with_the_same_position() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let scan = site.scan(1, 1, Entry, TimeDelta::zero());
    let answer = site.submit(vec![scan.clone(), scan.clone(), scan]).await;
    let verdicts: Vec<_> = answer.items.iter().map(|i| (i.verdict, i.first_verdict)).collect();
    let repeat = (Verdict::Duplicate, Some(Verdict::Accepted));
    assert_eq!(verdicts, [(Verdict::Accepted, None), repeat, repeat]);
    assert!(answer.items.iter().all(|i| i.position == answer.items[0].position));
    assert_eq!(site.recorded().await, 1);
}

/// D2: a retry is not another passage.
#[tokio::test]
async fn a_retry_never_flips_a_direction_nor_adds_a_row() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let entry = site.scan(1, 1, Entry, TimeDelta::zero());
    site.submit(vec![entry.clone()]).await;
    for seconds in [0, 2, 90, 7200] {
        site.world.clock.advance(TimeDelta::seconds(seconds));
        let again = site.submit(vec![entry.clone()]).await;
        assert_eq!(again.items[0].verdict, Verdict::Duplicate);
        // Even when the kiosk says otherwise under the same ids: the first word stands.
        let flipped = site.submit(vec![IncomingScan { direction: Exit, ..entry.clone() }]).await;
        assert_eq!(flipped.items[0].verdict, Verdict::Duplicate);
    }
    let directions: Vec<String> =
        sqlx::query_scalar("select payload->>'direction' from events where event_type = 'scan_recorded'")
            .fetch_all(&site.world.owner)
            .await
            .unwrap();
    assert_eq!(directions, ["entry"]);
}

#[tokio::test]
async fn a_scan_that_comes_again_under_another_number_is_not_recorded_twice() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let scan = site.scan(1, 1, Entry, TimeDelta::zero());
    let first = site.submit(vec![scan.clone()]).await;
    let again = site.submit(vec![IncomingScan { seq: 2, ..scan }]).await;
    assert_eq!(again.items[0].verdict, Verdict::Duplicate);
    assert_eq!(again.items[0].position, first.items[0].position);
    assert_eq!((again.ack_through, site.recorded().await), (2, 1));
}

#[tokio::test]
async fn a_number_used_twice_keeps_both_scans_the_second_in_quarantine() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..4).await;
    let (a, b) = (site.scan(1, 1, Entry, TimeDelta::zero()), site.scan(1, 2, Entry, TimeDelta::zero()));
    let c = IncomingScan { seq: 1, ..site.scan(9, 3, Entry, TimeDelta::zero()) };
    let answer = site.submit(vec![a.clone(), b.clone()]).await;
    assert_eq!(answer.items[0].verdict, Verdict::Accepted);
    assert_eq!(
        (answer.items[1].verdict, &answer.items[1].reasons[..]),
        (Verdict::Quarantined, &["sequence_fork".to_owned()][..])
    );
    // In a later batch too, and a repeat of either is told once only.
    let later = site.submit(vec![c]).await;
    assert_eq!(later.items[0].reasons, ["sequence_fork"]);
    let again = site.submit(vec![b, a]).await;
    assert!(again.items.iter().all(|i| i.verdict == Verdict::Duplicate));
    assert_eq!(again.items[0].first_verdict, Some(Verdict::Quarantined));
    assert_eq!(site.kiosk_facts().await, ["fork_detected", "fork_detected"]);
}

#[tokio::test]
async fn acknowledged_through_moves_over_gaps_only_when_they_are_filled() {
    let site = Site::new().await;
    site.cards(school(1), 1..9).await;
    let scan = |seq: i64| site.scan(seq, seq as u128, Entry, TimeDelta::zero());
    assert_eq!(site.submit(vec![scan(2), scan(3)]).await.ack_through, 0);
    assert_eq!(site.submit(vec![scan(5)]).await.ack_through, 0);
    assert_eq!(site.submit(vec![scan(1)]).await.ack_through, 3);
    assert_eq!(site.submit(vec![scan(6), scan(8), scan(4)]).await.ack_through, 6);
    assert_eq!(site.submit(vec![scan(1)]).await.ack_through, 6);
    assert_eq!(site.submit(vec![scan(7)]).await.ack_through, 8);
}

#[tokio::test]
async fn the_same_numbers_of_two_schools_kiosks_are_two_queues() {
    let site = Site::new().await;
    site.register(school(2), chrono_tz::America::Punta_Arenas).await;
    site.cards(school(1), 1..2).await;
    site.cards(school(2), 1..2).await;
    let other = KioskContext { school_id: school(2), ..kiosk(2) };
    let one = site.batch(kiosk(1), vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    let two = ScanBatch { kiosk: other, ..one.clone() };
    let (one, two) = tokio::join!(site.batcher.submit(one), site.batcher.submit(two));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.items[0].verdict, two.items[0].verdict), (Verdict::Accepted, Verdict::Accepted));
    assert_ne!(one.items[0].position, two.items[0].position);
    assert_eq!((one.ack_through, two.ack_through), (1, 1));
    let zones: Vec<String> =
        sqlx::query_scalar("select zone from events where event_type = 'scan_recorded' order by school_id")
            .fetch_all(&site.world.owner)
            .await
            .unwrap();
    assert_eq!(zones, ["America/Santiago", "America/Punta_Arenas"]);
}

#[tokio::test]
async fn a27_a_kiosk_that_names_anothers_queue_uses_none_of_its_numbers_and_fills_none_of_its_gaps() {
    let site = Site::new().await;
    site.register(school(2), chrono_tz::America::Santiago).await;
    for n in [1, 2] {
        site.cards(school(n), 1..9).await;
    }
    let elsewhere = KioskContext { school_id: school(2), ..kiosk(2) };
    for kiosk in [kiosk(1), elsewhere, kiosk(3)] {
        site.enrol(kiosk, LaneMode::Choice).await;
    }
    let submit = async |kiosk: KioskContext, scans: &[(i64, u128)]| {
        let scans = scans.iter().map(|(seq, pupil)| site.scan(*seq, *pupil, Entry, TimeDelta::zero())).collect();
        let batch = ScanBatch { kiosk, ..site.batch(super::kiosk(1), scans) };
        let answer = site.batcher.submit(batch).await.unwrap();
        assert!(answer.items.iter().all(|item| item.verdict == Verdict::Accepted), "{answer:?}");
        answer.ack_through
    };
    assert_eq!(submit(kiosk(1), &[(1, 1), (3, 3)]).await, 1);
    // The first number is the very scan that kiosk 1 sent.
    assert_eq!(submit(elsewhere, &[(1, 1), (2, 2)]).await, 2);
    assert_eq!(submit(kiosk(3), &[(1, 5)]).await, 1, "nor is it used twice");
    let answer = site.heartbeat(kiosk(1), 0, 3).await;
    assert_eq!((answer.ack_through, answer.resend_from), (1, Some(2)));
    assert_eq!(submit(kiosk(1), &[(2, 4)]).await, 3);
    assert!(site.kiosk_facts().await.contains(&"gap_detected".to_owned()), "it was told of");
}

/// A counter that stands still, or items that cannot be read, must not make everybody's transactions long.
#[tokio::test]
async fn a_number_that_was_used_ten_thousand_times_costs_no_more_than_another() {
    let site = Site::new().await;
    let batch = site.batch(kiosk(1), vec![]);
    sqlx::query(
        "insert into scan_receipts (kiosk_id, queue_id, seq, scan_id, school_id, verdict, reasons, position, received_at)
         select $1, $2, n % 2, gen_random_uuid(), $3, 'quarantined', '{}', n, now() from generate_series(1, 20000) n",
    )
    .bind(kiosk(1).kiosk_id.0)
    .bind(batch.queue_id.0)
    .bind(school(1).0)
    .execute(&site.world.owner)
    .await
    .unwrap();
    let key = |n: u128| Key {
        kiosk: kiosk(1).kiosk_id,
        queue: batch.queue_id,
        seq: (n % 2) as i64,
        scan: ScanId(Uuid::from_u128(n)),
    };
    let keys: Vec<Key> = (0..100).map(key).collect();
    for analyze in [false, true] {
        if analyze {
            sqlx::query("analyze scan_receipts").execute(&site.world.owner).await.unwrap();
        }
        let mut tx = site.world.write.pool().begin().await.unwrap();
        crate::batcher::load::begin_in_tx(&mut tx).await.unwrap();
        let read = "select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
                    from pg_stat_xact_user_tables where relname = 'scan_receipts'";
        let before: i64 = sqlx::query_scalar(read).fetch_one(&mut *tx).await.unwrap();
        let known = crate::batcher::load::receipts_in_tx(&mut tx, &keys).await.unwrap();
        let rows: i64 = sqlx::query_scalar::<_, i64>(read).fetch_one(&mut *tx).await.unwrap() - before;
        assert_eq!(known.iter().filter(|k| k.forked).count(), 50, "of those that have a number");
        assert!(known.iter().all(|k| k.receipt.is_none()));
        assert!(rows <= 200, "{rows} receipts are read for 100 items, analyzed: {analyze}");
    }
}
