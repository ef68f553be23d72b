//! Many at once.

use super::*;
use futures::future::join_all;

/// D30: nobody holds one connection while waiting for another.
#[tokio::test]
async fn a_pool_of_two_never_waits_for_itself() {
    let site = Site::with(2, BatcherConfig::default()).await;
    site.cards(school(1), 1..65).await;
    let submit = |n: u128| {
        let mut batch = site.batch(kiosk(n), vec![site.scan(1, n, Entry, TimeDelta::zero())]);
        batch.queue_depth = 0;
        site.batcher.submit(batch)
    };
    let all = tokio::time::timeout(Duration::from_secs(20), join_all((1..65).map(submit))).await.unwrap();
    assert!(all.iter().all(|a| a.as_ref().unwrap().items[0].verdict == Verdict::Accepted));
    assert_eq!(site.recorded().await, 64);
}

/// D32: the first scans of a day meet, from two processes.
#[tokio::test]
async fn two_batchers_lose_nothing_when_the_same_pupils_first_scans_meet() {
    let site = Site::new().await;
    site.cards(school(1), 1..41).await;
    let other = site.another(BatcherConfig { max_scans: 7, ..BatcherConfig::default() });
    for round in 0..5 {
        let submit = |k: u128, batcher: Batcher| {
            let scans = (1..41)
                .map(|n| IncomingScan {
                    scan_id: ScanId(Uuid::from_u128((k * 1000 + n) << 32 | round)),
                    ..site.scan(round as i64 * 40 + n as i64, n, Entry, TimeDelta::zero())
                })
                .collect();
            let batch = site.batch(kiosk(k), scans);
            async move { batcher.submit(batch).await.unwrap() }
        };
        let answers =
            join_all((1..7).map(|k| submit(k, if k % 2 == 0 { other.clone() } else { site.batcher.clone() }))).await;
        assert!(answers.iter().flat_map(|a| &a.items).all(|i| i.verdict != Verdict::Duplicate));
        site.world.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(site.recorded().await, 5 * 6 * 40);
    site.world.dense_length().await;
    let wrong = site.count(
        "select count(*) from scan_receipts r left join events e on e.position = r.position
           and e.event_type = 'scan_recorded' and e.payload->>'scan_id' = r.scan_id::text where e.position is null",
    );
    assert_eq!(wrong.await, 0);
}

#[tokio::test]
async fn what_a_batcher_keeps_in_memory_follows_whatever_others_append() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let other = site.another(BatcherConfig::default());
    let doubts = async |batcher: &Batcher, seq: i64, ago: i64| {
        let scan = site.scan(seq, 1, Entry, TimeDelta::seconds(ago));
        batcher.submit(site.batch(kiosk(1), vec![scan])).await.unwrap().items.remove(0).reasons.join(",")
    };
    assert_eq!(doubts(&site.batcher, 1, 300).await, "");
    assert!(!doubts(&other, 2, 100).await.contains("echo"));
    assert!(doubts(&site.batcher, 3, 60).await.contains("echo"), "of the scan that the other one stored");
    let settings = Settings {
        late_after_minutes: 10,
        missing_after_minutes: 30,
        echo_seconds: 10,
        ..Settings::of(chrono_tz::America::Santiago)
    };
    let stream = StreamId::of(school(1), school(1));
    let change = domain::school::Command::ChangeSettings { settings };
    site.world.write.execute::<School>(&site.context(school(1)), &stream, change).await.unwrap();
    assert!(!doubts(&site.batcher, 4, 30).await.contains("echo"), "by the settings of before");
    assert_eq!(site.recorded().await, 4);
}

#[tokio::test]
async fn the_same_number_at_two_batchers_at_once_is_one_scan_and_one_fork() {
    let site = Site::new().await;
    site.cards(school(1), 1..3).await;
    let other = site.another(BatcherConfig::default());
    for seq in 1..40 {
        let one = site.batch(kiosk(1), vec![site.scan(seq, 1, Entry, TimeDelta::zero())]);
        let two = site.batch(kiosk(1), vec![site.scan(seq, 2, Entry, TimeDelta::zero())]);
        let (one, two) = tokio::join!(site.batcher.submit(one), other.submit(two));
        let forks = [one.unwrap(), two.unwrap()].iter().filter(|a| a.items[0].reasons == ["sequence_fork"]).count();
        assert_eq!(forks, 1, "number {seq}");
    }
}

/// D23: there is no limit that a whole school's morning meets.
#[tokio::test]
async fn six_hundred_scans_of_one_school_in_a_minute_are_all_accepted() {
    let site = Site::new().await;
    site.cards(school(1), 1..601).await;
    let one =
        |n: u128| site.batcher.submit(site.batch(kiosk(n % 4), vec![site.scan(n as i64, n, Entry, TimeDelta::zero())]));
    let answers = join_all((1..601).map(one)).await;
    assert!(answers.iter().all(|a| a.as_ref().unwrap().items[0].verdict == Verdict::Accepted));
    assert_eq!(site.recorded().await, 600);
}

#[tokio::test]
async fn a_flooding_school_is_told_to_wait_and_does_not_starve_another() {
    let config = BatcherConfig { max_scans: 50, school_scans: 400, queue_scans: 2_000, ..BatcherConfig::default() };
    let site = Site::with(8, config).await;
    site.register(school(2), chrono_tz::America::Santiago).await;
    site.cards(school(1), 1..2).await;
    site.cards(school(2), 1..2).await;
    let flood = |k: u128| {
        let scans = (1..51).map(|seq| site.scan(seq, 1, Entry, TimeDelta::zero())).collect();
        site.batcher.submit(site.batch(kiosk(k), scans))
    };
    let other = KioskContext { school_id: school(2), ..kiosk(900) };
    let quiet = site.batch(other, vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    let quiet = async {
        let answer = site.batcher.submit(quiet).await.unwrap();
        (answer, site.count("select count(distinct payload->>'kiosk_id') from events where event_type = 'scan_recorded' and school_id::text like '%5c000001'").await)
    };
    let (flooded, (quiet, before)) = tokio::join!(join_all((1..101).map(flood)), quiet);
    assert_eq!(quiet.items[0].verdict, Verdict::Accepted);
    assert!(before <= 4, "{before} batches of the flood went first");
    let refused = flooded.iter().filter(|a| matches!(a, Err(SubmitError::Overloaded { retry_after_s: 1..=5 }))).count();
    assert_eq!((refused, flooded.iter().filter(|a| a.is_ok()).count()), (92, 8));
    // It recovers by itself.
    assert_eq!(flood(200).await.unwrap().items.len(), 50);
}

#[tokio::test]
async fn shutting_down_stores_what_waits_and_takes_no_more() {
    let site = Site::with(8, BatcherConfig { max_scans: 10, ..BatcherConfig::default() }).await;
    site.cards(school(1), 1..201).await;
    let one =
        |n: u128| site.batcher.submit(site.batch(kiosk(1), vec![site.scan(n as i64, n, Entry, TimeDelta::zero())]));
    let (answers, ()) = tokio::join!(join_all((1..201).map(one)), site.batcher.shutdown());
    assert!(answers.iter().all(Result::is_ok));
    assert!(matches!(one(1).await, Err(SubmitError::Unavailable(_))));
    assert_eq!(site.recorded().await, 200);
}

#[tokio::test]
async fn a_caller_who_hangs_up_stops_nothing() {
    let site = Site::new().await;
    site.cards(school(1), 1..51).await;
    for n in 1..51_u128 {
        let mut submit =
            Box::pin(site.batcher.submit(site.batch(kiosk(1), vec![site.scan(n as i64, n, Entry, TimeDelta::zero())])));
        // Polled once, then dropped.
        assert!(futures::poll!(&mut submit).is_pending());
    }
    site.batcher.shutdown().await;
    assert_eq!(site.recorded().await, 50);
}

#[tokio::test]
async fn however_many_schools_flood_a_quiet_one_finds_room() {
    let config = BatcherConfig { max_scans: 50, school_scans: 500, queue_scans: 1_000, ..BatcherConfig::default() };
    let site = Site::with(8, config).await;
    for n in 1..8 {
        if n > 1 {
            site.register(school(n), chrono_tz::America::Santiago).await;
        }
        site.cards(school(n), 1..2).await;
    }
    let batch = |school_n: u128, k: u128, scans: i64| {
        let scans = (1..=scans).map(|seq| site.scan(seq, 1, Entry, TimeDelta::zero())).collect();
        let from = KioskContext { school_id: school(school_n), ..kiosk(school_n * 100 + k) };
        site.batcher.submit(site.batch(from, scans))
    };
    // Six schools offer six times what there is room for; the seventh comes last.
    let flood = (0..20).flat_map(|k| (1..7).map(move |n| (n, k))).map(|(n, k)| batch(n, k, 50));
    let (flooded, quiet) = tokio::join!(join_all(flood), batch(7, 0, 50));
    assert_eq!(quiet.unwrap().items.len(), 50);
    let stored = flooded.iter().filter(|answer| answer.is_ok()).count();
    assert!(stored > 6 && stored < 20, "{stored} of the flood's 120 batches were let in");
}
