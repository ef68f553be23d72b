//! Where a scan goes: the pupil's day by the school's own clock, or a person's hands; never nowhere.

use super::*;
use crate::append::tests::rows_whose_metadata_differs;
use chrono::{NaiveDate, NaiveTime};
use domain::attendance_day::Direction::Exit;
use domain::sealed::SealingClass;
use domain::student::{Command, CredentialKind, RevocationReason, Student};
use domain::values::zone::resolve_local;
use domain::{CourseId, Sealed};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn day_of(site: &Site, position: i64) -> (NaiveDate, String) {
    sqlx::query_as("select local_date, aggregate_id from events where position = $1")
        .bind(position)
        .fetch_one(&site.world.owner)
        .await
        .unwrap()
}

/// D22: the day is the school's, not UTC's.
#[tokio::test]
async fn a_scan_at_half_past_nine_in_the_evening_belongs_to_that_local_day() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let evening =
        resolve_local(date("2026-03-09"), NaiveTime::from_hms_opt(21, 30, 0).unwrap(), chrono_tz::America::Santiago);
    assert_eq!(evening.date_naive(), date("2026-03-10"), "the next day already in UTC");
    site.world.clock.set(evening - TimeDelta::hours(13));
    site.submit_one(1, 1).await;
    site.world.clock.set(evening);
    let exit = site.submit(vec![site.scan(2, 1, Exit, TimeDelta::zero())]).await.items.remove(0);
    assert_eq!((exit.verdict, &exit.reasons[..]), (Verdict::Accepted, &[][..]));
    let (day, stream) = day_of(&site, exit.position).await;
    assert_eq!(day, date("2026-03-09"));
    assert_eq!(stream, StreamId::of_day(day, school(1), pupil(1)).as_str());
}

/// The nights on which a Chilean zone changes its clock, and those where it does not.
#[tokio::test]
async fn each_chilean_zone_has_its_own_day_on_the_nights_when_clocks_change() {
    let site = Site::new().await;
    let zones = [
        chrono_tz::America::Santiago,
        chrono_tz::America::Punta_Arenas,
        chrono_tz::America::Coyhaique,
        chrono_tz::Pacific::Easter,
    ];
    let mut seq = 0;
    for (n, zone) in zones.into_iter().enumerate() {
        let school = school(10 + n as u128);
        site.register(school, zone).await;
        site.cards(school, 1..2).await;
        let kiosk = KioskContext { school_id: school, ..kiosk(10 + n as u128) };
        for night in ["2026-04-04", "2026-04-05", "2026-09-05", "2026-09-06"].map(date) {
            let midnight = domain::values::zone::day_range(night, zone).start;
            for (at, expected) in [
                (midnight - TimeDelta::seconds(1), night.pred_opt().unwrap()),
                (midnight, night),
                (midnight + TimeDelta::hours(22), night),
            ] {
                seq += 1;
                site.world.clock.set(at);
                let batch = site.batch(kiosk, vec![site.scan(seq, 1, Entry, TimeDelta::zero())]);
                let answer = site.batcher.submit(batch).await.unwrap();
                let (day, stream) = day_of(&site, answer.items[0].position).await;
                assert_eq!(
                    (day, stream),
                    (expected, StreamId::of_day(expected, school, pupil(1)).to_string()),
                    "{zone} {at}"
                );
            }
        }
    }
    assert_eq!(rows_whose_metadata_differs(&site.world.owner).await, [""; 0]);
}

#[tokio::test]
async fn a_bad_item_goes_to_a_person_and_costs_its_neighbours_nothing() {
    let site = Site::new().await;
    site.cards(school(1), 1..9).await;
    let now = site.now();
    let wrong_clock = |seq: i64, at: DateTime<Utc>| {
        let mut scan = site.scan(seq, seq as u128, Entry, TimeDelta::zero());
        scan.reading = DeviceReading { device_time: at, mono_ms: None, boot_id: Uuid::nil(), clock_offset_ms: None };
        scan
    };
    let good = |seq: i64| Incoming::Scan(site.scan(seq, seq as u128, Entry, TimeDelta::zero()));
    let unknown = IncomingScan { read: "a\0b NFC:00".into(), ..site.scan(2, 2, Exit, TimeDelta::zero()) };
    let year_200_000 = DateTime::from_timestamp(6_248_000_000_000, 0).unwrap();
    let scans = vec![
        good(1),
        Incoming::Scan(unknown),
        Incoming::Scan(wrong_clock(3, DateTime::UNIX_EPOCH)),
        Incoming::Scan(wrong_clock(4, now + TimeDelta::days(3))),
        Incoming::Unreadable { scan_id: ScanId(Uuid::from_u128(5)), seq: 0, raw: "{\"seq\":\"\0x\"}".into() },
        Incoming::Scan(wrong_clock(6, now - TimeDelta::days(8))),
        Incoming::Scan(wrong_clock(7, year_200_000)),
        good(8),
    ];
    let batch = ScanBatch { scans, ..site.batch(kiosk(1), vec![]) };
    let answer = site.batcher.submit(batch.clone()).await.unwrap();
    let told: Vec<_> = answer.items.iter().map(|i| (i.verdict.as_str(), i.reasons.join(","))).collect();
    let quarantined = |why: &str| ("quarantined", why.to_owned());
    assert_eq!(
        told,
        [
            ("accepted", String::new()),
            quarantined("unknown_credential"),
            quarantined("too_old"),
            quarantined("implausible_time"),
            quarantined("malformed"),
            quarantined("too_old"),
            quarantined("implausible_time"),
            ("accepted", String::new()),
        ]
    );
    // Number 5 was not readable, so it is still missing.
    assert_eq!(answer.ack_through, 4);
    assert_eq!(
        site.batcher.submit(batch).await.unwrap().items.iter().filter(|i| i.verdict == Verdict::Duplicate).count(),
        8
    );
    assert_eq!(rows_whose_metadata_differs(&site.world.owner).await, [""; 0]);
    site.world.dense_length().await;
}

#[tokio::test]
async fn what_an_unknown_card_said_is_sealed_under_the_school_and_opens_for_it() {
    let site = Site::new().await;
    let secret = IncomingScan { read: "12.345.678-5".into(), ..site.scan(1, 1, Entry, TimeDelta::zero()) };
    let answer = site.submit(vec![secret]).await;
    let payload: String = sqlx::query_scalar("select payload::text from events where position = $1")
        .bind(answer.items[0].position)
        .fetch_one(&site.world.owner)
        .await
        .unwrap();
    assert!(!payload.contains("12.345.678") && !payload.contains("12345678"));
    let read: Sealed =
        serde_json::from_value(serde_json::from_str::<serde_json::Value>(&payload).unwrap()["read"].clone()).unwrap();
    let ring = site.world.write.vault().ensure_keys(school(1), &[(school(1).0, SealingClass::Evidence)]).await.unwrap();
    assert_eq!(ring.open(school(1).0, "read", &read).unwrap().plain().as_deref(), Some("12.345.678-5"));
}

#[tokio::test]
async fn every_scan_of_a_revoked_kiosk_is_kept_in_quarantine() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let revoked = KioskContext { revoked: true, ..kiosk(1) };
    let answer =
        site.batcher.submit(site.batch(revoked, vec![site.scan(1, 1, Entry, TimeDelta::zero())])).await.unwrap();
    assert_eq!(
        (answer.items[0].verdict, &answer.items[0].reasons[..]),
        (Verdict::Quarantined, &["revoked_kiosk".to_owned()][..])
    );
    assert_eq!((answer.ack_through, site.recorded().await), (1, 0));
}

#[tokio::test]
async fn a_revoked_card_a_withdrawn_pupil_and_a_wrong_lane_are_recorded_with_their_doubts() {
    let site = Site::new().await;
    site.cards(school(1), 1..3).await;
    site.enrol(kiosk(1), LaneMode::EntryLane).await;
    let context = site.context(school(1));
    // Another kiosk's lane was turned: it is that kiosk's.
    site.enrol(kiosk(2), LaneMode::EntryLane).await;
    let turn = domain::kiosk::Command::ChangeMode { from: LaneMode::EntryLane, mode: LaneMode::ExitLane };
    let other = StreamId::of(school(1), kiosk(2).kiosk_id);
    site.world.write.execute::<Kiosk>(&context, &other, turn).await.unwrap();
    let ask = async |n: u128, command: Command| {
        let stream = StreamId::of(school(1), pupil(n));
        site.world.write.execute::<Student>(&context, &stream, command).await.unwrap();
    };
    for n in [1, 2] {
        let sealed = || Sealed("v1:test".into());
        let (given_names, family_names) = (sealed(), sealed());
        let course_id = CourseId(Uuid::from_u128(3));
        ask(n, Command::Enrol { course_id, from: date("2026-03-02"), given_names, family_names, national_id: None })
            .await;
        ask(n, Command::IssueCredential { credential_id: credential(n), kind: CredentialKind::Qr }).await;
    }
    assert_eq!(site.submit_one(1, 1).await.verdict, Verdict::Accepted);
    // After the first scan: what the batcher keeps in memory follows the log.
    ask(1, Command::RevokeCredential { credential_id: credential(1), reason: RevocationReason::Lost }).await;
    ask(2, Command::Withdraw { from: date("2026-03-09") }).await;
    site.world.clock.advance(TimeDelta::minutes(30));
    let revoked = site.submit_one(2, 1).await;
    assert_eq!(
        (revoked.verdict, &revoked.reasons.join(",")[..]),
        (Verdict::Flagged, "repeated_entry,revoked_credential")
    );
    let withdrawn = site.submit(vec![site.scan(3, 2, Exit, TimeDelta::zero())]).await.items.remove(0);
    assert_eq!(withdrawn.reasons, ["exit_without_entry", "withdrawn_pupil", "lane_mismatch"]);
    assert_eq!(site.recorded().await, 3);
}

#[tokio::test]
async fn a_scan_that_comes_late_or_from_a_wrong_clock_is_recorded_with_its_doubts() {
    let site = Site::new().await;
    site.cards(school(1), 1..5).await;
    let late = site.scan(1, 1, Entry, TimeDelta::minutes(11));
    let mut ahead = site.scan(2, 2, Entry, TimeDelta::minutes(-3));
    ahead.reading.mono_ms = None;
    let mut bare = site.scan(3, 3, Entry, TimeDelta::minutes(5));
    bare.reading.boot_id = Uuid::nil();
    let mut cleared = site.scan(4, 4, Entry, TimeDelta::minutes(5));
    // The tablet's wall clock woke up in 2010; its monotonic clock knows better.
    cleared.reading.device_time = DateTime::from_timestamp(1_262_304_000, 0).unwrap();
    let answer = site.submit(vec![late, ahead, bare, cleared]).await;
    let reasons: Vec<_> = answer.items.iter().map(|i| i.reasons.join(",")).collect();
    assert_eq!(reasons, ["late_sync", "low_confidence_time,clock_ahead", "low_confidence_time", ""]);
    let early: i64 = site.count("select count(*) from events where occurred_at > recorded_at").await;
    assert_eq!(early, 0);
}

#[tokio::test]
async fn a_pupil_whose_stored_day_cannot_be_read_costs_the_others_nothing() {
    let site = Site::new().await;
    site.cards(school(1), 1..9).await;
    site.submit_one(1, 3).await;
    // A day that a newer program wrote, as far as this one can tell.
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         select aggregate_type, aggregate_id, sequence + 1, 'scan_teleported', '9', payload, metadata from events
         where event_type = 'scan_recorded'",
    )
    .execute(&site.world.owner)
    .await
    .unwrap();
    let scans = (2..9).map(|seq| site.scan(seq, seq as u128, Entry, TimeDelta::zero())).collect();
    let neighbour = site.batch(kiosk(2), vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    let (answer, neighbour) = tokio::join!(site.submit(scans), site.batcher.submit(neighbour));
    let odd: Vec<_> = answer.items.iter().filter(|i| i.verdict != Verdict::Accepted).collect();
    assert_eq!(odd.len(), 1);
    assert_eq!(
        (odd[0].seq, odd[0].verdict, odd[0].reasons.join(",")),
        (3, Verdict::Quarantined, "malformed".to_owned())
    );
    assert_eq!(neighbour.unwrap().items[0].verdict, Verdict::Accepted);
    assert_eq!(answer.ack_through, 8);
}

#[tokio::test]
async fn scans_of_a_school_that_is_not_registered_fail_alone() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    let nowhere = KioskContext { school_id: school(99), ..kiosk(9) };
    let lost = site.batch(nowhere, vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    let good = site.batch(kiosk(1), vec![site.scan(1, 1, Entry, TimeDelta::zero())]);
    let (lost, good) = tokio::join!(site.batcher.submit(lost), site.batcher.submit(good));
    assert!(matches!(lost, Err(SubmitError::Unavailable(_))), "{lost:?}");
    assert_eq!(good.unwrap().items[0].verdict, Verdict::Accepted);
}

/// What is kept in memory follows a lane that turns, and forgets what a restore took back.
#[tokio::test]
async fn a_lane_that_turned_and_a_log_that_was_restored_count_at_the_next_scan() {
    let site = Site::new().await;
    site.cards(school(1), 1..2).await;
    site.enrol(kiosk(1), LaneMode::EntryLane).await;
    let context = site.context(school(1));
    assert_eq!(site.submit_one(1, 1).await.reasons, [""; 0]);
    let turn = domain::kiosk::Command::ChangeMode { from: LaneMode::EntryLane, mode: LaneMode::ExitLane };
    let lane = StreamId::of(school(1), kiosk(1).kiosk_id);
    site.world.write.execute::<Kiosk>(&context, &lane, turn).await.unwrap();
    site.world.clock.advance(TimeDelta::minutes(5));
    assert!(site.submit_one(2, 1).await.reasons.contains(&"lane_mismatch".to_owned()));
    // Yesterday's log again, in a new epoch: the lane never turned, the second scan never came.
    for statement in [
        "alter table events disable trigger user",
        "delete from events where position >= (select position from events where event_type = 'mode_changed')",
        "alter table events enable trigger user",
        "delete from scan_receipts where seq = 2",
        "update log_epoch set epoch = gen_random_uuid()",
    ] {
        sqlx::query(statement).execute(&site.world.owner).await.unwrap();
    }
    site.world.clock.advance(TimeDelta::minutes(5));
    let again = site.submit_one(3, 1).await;
    assert!(!again.reasons.contains(&"lane_mismatch".to_owned()), "{again:?}");
    let sequence: i64 = site.count("select max(sequence) from events where aggregate_type = 'attendance_day'").await;
    let n = site.count("select count(*) from events where aggregate_type = 'attendance_day'").await;
    assert_eq!(sequence, n, "the day goes on where the restored log ends");
    site.world.dense_length().await;
}

/// A gate without a network: what was true at the scan counts, not what is true on arrival.
#[tokio::test]
async fn a_scan_that_syncs_after_a_revocation_a_withdrawal_or_a_new_mode_is_judged_by_its_own_instant() {
    let site = Site::new().await;
    site.cards(school(1), 1..4).await;
    site.enrol(kiosk(1), LaneMode::EntryLane).await;
    let context = site.context(school(1));
    let ask = async |n: u128, command: Command| {
        let stream = StreamId::of(school(1), pupil(n));
        site.world.write.execute::<Student>(&context, &stream, command).await.unwrap();
    };
    for n in 1..4 {
        let sealed = || Sealed("v1:test".into());
        let (given_names, family_names) = (sealed(), sealed());
        let course_id = CourseId(Uuid::from_u128(3));
        ask(n, Command::Enrol { course_id, from: date("2026-03-02"), given_names, family_names, national_id: None })
            .await;
        ask(n, Command::IssueCredential { credential_id: credential(n), kind: CredentialKind::Qr }).await;
    }
    // 08:30: a card is lost, a pupil is erased, one leaves from tomorrow on, and the lane turns round.
    site.world.clock.advance(TimeDelta::minutes(60));
    ask(1, Command::RevokeCredential { credential_id: credential(1), reason: RevocationReason::Lost }).await;
    ask(2, Command::Erase).await;
    ask(3, Command::Withdraw { from: date("2026-03-10") }).await;
    let turn = domain::kiosk::Command::ChangeMode { from: LaneMode::EntryLane, mode: LaneMode::ExitLane };
    let stream = StreamId::of(school(1), kiosk(1).kiosk_id);
    site.world.write.execute::<Kiosk>(&context, &stream, turn).await.unwrap();
    // 09:00: the scans of 07:45 arrive, and one of each pupil from just now.
    site.world.clock.advance(TimeDelta::minutes(30));
    let early = (1..4).map(|n| site.scan(n, n as u128, Entry, TimeDelta::minutes(75))).collect();
    let early: Vec<_> = site.submit(early).await.items.iter().map(|i| i.reasons.join(",")).collect();
    assert_eq!(early, ["late_sync"; 3]);
    let now = (1..4).map(|n| site.scan(3 + n, n as u128, Exit, TimeDelta::zero())).collect();
    let now: Vec<_> = site.submit(now).await.items.iter().map(|i| i.reasons.join(",")).collect();
    assert_eq!(now, ["revoked_credential", "withdrawn_pupil", ""]);
    site.world.clock.advance(TimeDelta::days(1));
    let tomorrow = site.submit(vec![site.scan(7, 3, Entry, TimeDelta::zero())]).await.items.remove(0);
    assert_eq!(tomorrow.reasons, ["withdrawn_pupil", "lane_mismatch"]);
}

#[tokio::test]
async fn a_wall_clock_in_a_year_that_cannot_be_written_is_kept_as_the_last_that_can() {
    let site = Site::new().await;
    site.cards(school(1), 1..3).await;
    let mut scans = vec![site.scan(1, 1, Entry, TimeDelta::minutes(5)), site.scan(2, 2, Entry, TimeDelta::minutes(5))];
    // The monotonic clock says when it was.
    scans[0].reading.device_time = DateTime::<Utc>::MAX_UTC;
    scans[1].reading.device_time = DateTime::<Utc>::MIN_UTC;
    let answer = site.submit(scans).await;
    assert!(answer.items.iter().all(|i| i.verdict == Verdict::Accepted), "{answer:?}");
    let years: Vec<String> = sqlx::query_scalar(
        "select left(payload->>'device_time', 5) from events where event_type = 'scan_recorded' order by position",
    )
    .fetch_all(&site.world.owner)
    .await
    .unwrap();
    assert_eq!(years, ["9999-", "0000-"]);
    // And can be read again.
    assert_eq!(site.submit_one(3, 1).await.reasons, ["repeated_entry"]);
}
