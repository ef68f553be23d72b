//! What is told about the kiosks themselves.

use super::*;
use crate::use_cases::{HeartbeatAnswer, KioskHeartbeat, kiosk_heartbeat};

impl Site {
    pub(super) async fn heartbeat(&self, kiosk: KioskContext, queue_depth: u32, last_seq: i64) -> HeartbeatAnswer {
        let batch = self.batch(kiosk, vec![]);
        let input = KioskHeartbeat {
            kiosk,
            queue_id: batch.queue_id,
            device_now: batch.device_now,
            queue_depth,
            last_seq,
            app_version: None,
            correlation_id: Uuid::from_u128(0xc1),
        };
        kiosk_heartbeat(&self.world.write, input).await.unwrap()
    }

    /// Waits until so many facts besides the enrolment are in the log.
    async fn told(&self, facts: i64) {
        for _ in 0..500 {
            if self.count(&format!("select count(*) from ({FACTS}) f")).await >= facts {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{facts} facts are not told in ten seconds");
    }
}

#[tokio::test]
async fn a_queue_is_told_to_be_drained_at_most_once_a_minute() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..30).await;
    let mut seq = 0;
    for _ in 0..4 {
        for _ in 0..5 {
            seq += 1;
            let scans = vec![site.scan(seq, seq as u128, Entry, TimeDelta::zero())];
            let batch = ScanBatch { queue_depth: 0, ..site.batch(kiosk(1), scans) };
            site.batcher.submit(batch).await.unwrap();
            site.heartbeat(kiosk(1), 0, seq).await;
            site.world.clock.advance(TimeDelta::seconds(10));
        }
    }
    // 200 seconds: at 0, 60, 120 and 180.
    assert_eq!(site.kiosk_facts().await, ["drained_through"; 4]);
}

#[tokio::test]
async fn a_batch_after_which_numbers_are_missing_tells_the_gap_once() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..9).await;
    for _ in 0..3 {
        let scans = vec![site.scan(1, 1, Entry, TimeDelta::zero()), site.scan(4, 4, Entry, TimeDelta::zero())];
        let batch = ScanBatch { queue_depth: 0, last_seq: Some(6), ..site.batch(kiosk(1), scans) };
        site.batcher.submit(batch).await.unwrap();
    }
    assert_eq!(site.kiosk_facts().await, ["gap_detected"]);
    let gap: String = sqlx::query_scalar(
        "select (payload->>'from') || '-' || (payload->>'to') from events where event_type = 'gap_detected'",
    )
    .fetch_one(&site.world.owner)
    .await
    .unwrap();
    assert_eq!(gap, "2-3");
}

#[tokio::test]
async fn a_heartbeat_says_what_to_send_again_until_it_came() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..9).await;
    let scan = |seq: i64| site.scan(seq, seq as u128, Entry, TimeDelta::zero());
    assert_eq!(site.heartbeat(kiosk(1), 0, 0).await.resend_from, None);
    site.submit(vec![scan(1), scan(3)]).await;
    assert_eq!(site.heartbeat(kiosk(1), 2, 3).await.resend_from, None, "two still wait on the device");
    for _ in 0..2 {
        let answer = site.heartbeat(kiosk(1), 0, 3).await;
        assert_eq!((answer.ack_through, answer.resend_from), (1, Some(2)));
    }
    site.submit(vec![scan(2)]).await;
    site.world.clock.advance(TimeDelta::seconds(61));
    let answer = site.heartbeat(kiosk(1), 0, 3).await;
    assert_eq!((answer.ack_through, answer.resend_from), (3, None));
    assert_eq!(answer.epoch, Epoch(local_services::testing::EPOCH));
    assert_eq!(site.kiosk_facts().await, ["drained_through", "gap_detected", "drained_through"]);
}

#[tokio::test]
async fn a_silent_kiosk_that_is_heard_returns() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    let stream = StreamId::of(school(1), kiosk(1).kiosk_id);
    let silent = domain::kiosk::Command::ReportSilent { last_seen: site.now() };
    site.world.write.execute::<Kiosk>(&site.context(school(1)), &stream, silent).await.unwrap();
    site.heartbeat(kiosk(1), 3, 9).await;
    site.heartbeat(kiosk(1), 3, 9).await;
    assert_eq!(site.kiosk_facts().await, ["silent", "returned"]);
}

#[tokio::test]
async fn a_revoked_kiosk_is_seen_and_drains_nothing() {
    let site = Site::new().await;
    let revoked = KioskContext { revoked: true, ..kiosk(1) };
    site.heartbeat(revoked, 0, 0).await;
    let batch = ScanBatch { queue_depth: 0, ..site.batch(revoked, vec![site.scan(1, 1, Entry, TimeDelta::zero())]) };
    site.batcher.submit(batch).await.unwrap();
    assert_eq!(site.kiosk_facts().await, [""; 0]);
    assert_eq!(site.count("select count(*) from kiosk_seen").await, 1);
}

#[tokio::test]
async fn what_a_device_said_last_is_kept_and_an_older_word_changes_nothing() {
    let site = Site::new().await;
    site.cards(school(1), 1..3).await;
    let mut batch = site.batch(kiosk(1), vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    batch.device_now.wall += TimeDelta::milliseconds(1500);
    batch.queue_depth = u32::MAX;
    batch.app_version = Some("1.2".into());
    site.batcher.submit(batch).await.unwrap();
    let row: (i64, i32, String) = sqlx::query_as("select clock_skew_ms, queue_depth, app_version from kiosk_seen")
        .fetch_one(&site.world.owner)
        .await
        .unwrap();
    assert_eq!(row, (1500, i32::MAX, "1.2".to_owned()));
    // What cannot be a version takes nothing away and adds nothing.
    for (seq, text) in (2..).zip(["1\0.2", "12.345.678-5", "Ana"]) {
        let mut batch = site.batch(kiosk(1), vec![site.scan(seq, 1, Entry, TimeDelta::zero())]);
        batch.queue_depth = u32::MAX;
        batch.app_version = Some(text.into());
        site.batcher.submit(batch).await.unwrap();
        let kept: String =
            sqlx::query_scalar("select app_version from kiosk_seen").fetch_one(&site.world.owner).await.unwrap();
        assert_eq!(kept, "1.2");
    }
    site.world.clock.advance(TimeDelta::seconds(-30));
    site.heartbeat(kiosk(1), 7, 1).await;
    assert_eq!(site.count("select queue_depth::bigint from kiosk_seen").await, i64::from(i32::MAX));
}

/// Pupils scan while a batch uploads: such a scan lies before the batch's arrival, and waits.
#[tokio::test]
async fn a_scan_taken_while_the_last_batch_was_uploading_is_not_behind_a_drained_through() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..4).await;
    let first = ScanBatch { queue_depth: 0, ..site.batch(kiosk(1), vec![site.scan(1, 1, Entry, TimeDelta::zero())]) };
    // Taken after the device wrote the batch, and 20 seconds before the batch reached the server.
    let meanwhile = site.scan(2, 2, Entry, TimeDelta::seconds(20));
    site.batcher.submit(first).await.unwrap();
    // What a batch says is told after its answer; the clock moves on when it is.
    site.told(1).await;
    site.world.clock.advance(TimeDelta::minutes(2));
    site.heartbeat(kiosk(1), 0, 1).await;
    site.world.clock.advance(TimeDelta::minutes(-2));
    site.submit(vec![meanwhile]).await;
    assert_eq!(site.kiosk_facts().await, ["drained_through"; 2]);
    let early: i64 = site
        .count(
            "select count(*) from events d join events s on s.event_type = 'scan_recorded' and s.position > d.position
             where d.event_type = 'drained_through' and d.sequence = 2
               and s.occurred_at < (d.payload->>'through')::timestamptz",
        )
        .await;
    assert_eq!(early, 0);
    let behind: i64 = site
        .count(
            "select extract(epoch from recorded_at - (payload->>'through')::timestamptz)::bigint from events
             where event_type = 'drained_through' and sequence = 3",
        )
        .await;
    assert_eq!(behind, 30, "a heartbeat's too");
}

#[tokio::test]
async fn a_gap_that_is_never_filled_is_told_once_however_far_the_queue_goes_on() {
    let site = Site::new().await;
    site.enrol(kiosk(1), LaneMode::Choice).await;
    site.cards(school(1), 1..30).await;
    site.submit_one(1, 1).await;
    for seq in 3..9 {
        let scans = vec![site.scan(seq, seq as u128, Entry, TimeDelta::zero())];
        site.batcher.submit(ScanBatch { queue_depth: 0, ..site.batch(kiosk(1), scans) }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(site.kiosk_facts().await, ["gap_detected"]);
}
