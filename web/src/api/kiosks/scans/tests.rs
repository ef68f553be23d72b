use crate::testing::{TestApp, minutes, refusal};
use domain::KioskId;
use kiosk_protocol::{CredentialState, RosterResponse, StateChange};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use uuid::Uuid;

fn verdicts(items: &[Value]) -> Vec<&str> {
    items.iter().map(|i| i["verdict"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn p48_a_body_that_is_not_a_batch_is_refused_with_its_own_code() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let good = school.batch(&[school.scan(1, &school.pupils[0].1, app.now())], app.now());
    let without = |key: &str| {
        let mut batch = good.clone();
        batch.as_object_mut().unwrap().remove(key);
        batch.to_string()
    };
    let with = |key: &str, value: Value| {
        let mut batch = good.clone();
        batch[key] = value;
        batch.to_string()
    };
    let many: Vec<_> = (1..=501).map(|n| school.scan(n, "X", app.now())).collect();
    let cases = [
        ("{".to_owned(), 400, "malformed_json"),
        (good.to_string() + "x", 400, "malformed_json"),
        ("[".repeat(40), 400, "malformed_json"),
        ("[]".to_owned(), 422, "invalid_batch"),
        (without("queue_id"), 422, "invalid_batch"),
        (with("surprise", json!(1)), 422, "invalid_batch"),
        (with("queue_depth", json!(-1)), 422, "invalid_batch"),
        (with("last_seq", json!(-1)), 422, "invalid_batch"),
        (with("device_time", json!("yesterday")), 422, "invalid_batch"),
        (with("scans", json!([])), 422, "empty_batch"),
        (with("scans", json!(many)), 422, "too_many_scans"),
        ("x".repeat(3_000_000), 413, "body_too_large"),
    ];
    for (body, status, code) in cases {
        let start: String = body.chars().take(60).collect();
        let response = app.post_scans(&school, body).await.unwrap();
        assert_eq!(refusal(response).await.unwrap(), (status, code.to_owned()), "{start}");
    }
    let url = format!("{}/api/v1/kiosks/{}/scans", app.base, school.kiosk);
    let plain = app.client.post(&url).bearer_auth(&school.secret).body(good.to_string()).send().await.unwrap();
    assert_eq!(refusal(plain).await.unwrap(), (415, "unsupported_media_type".to_owned()));
    // Nothing of all that was stored, and the good batch still is.
    let items = app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    assert_eq!(verdicts(&items), ["accepted"]);
    app.shutdown().await;
}

#[tokio::test]
async fn a_bad_item_gets_its_verdict_and_its_neighbours_are_stored() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(9).await.unwrap();
    let now = app.now();
    let card = |n: usize| school.pupils[n].1.as_str();
    let mut unknown_field = school.scan(3, card(2), now);
    unknown_field["colour"] = json!("red");
    let mut in_1970 = school.scan(5, card(4), now);
    in_1970["device_time"] = json!("1970-01-01T00:00:00Z");
    in_1970["boot_id"] = json!(Uuid::from_u128(1));
    let mut in_three_days = school.scan(6, card(5), now);
    in_three_days["device_time"] = json!(now + minutes(3 * 24 * 60));
    in_three_days["boot_id"] = json!(Uuid::from_u128(2));
    let scans = [
        school.scan(1, card(0), now),
        school.scan(2, "NOSUCHCARD", now),
        unknown_field,
        school.scan(4, "a\u{0}b", now),
        in_1970,
        in_three_days,
        json!("not even an object"),
        // A gap: 8 never came.
        school.scan(9, card(8), now),
    ];
    let items = app.scan(&school, &scans).await.unwrap();
    let quarantined = "quarantined";
    assert_eq!(
        verdicts(&items),
        ["accepted", quarantined, quarantined, quarantined, quarantined, quarantined, quarantined, "accepted"],
        "{items:#?}"
    );
    let reasons: Vec<_> = items.iter().map(|i| i["reasons"].to_string()).collect();
    assert!(reasons[1].contains("unknown"), "{reasons:?}");
    assert!(reasons[2].contains("malformed") && reasons[6].contains("malformed"), "{reasons:?}");
    assert!(items.iter().all(|i| i["position"].as_i64().unwrap() > 0));
    // A repeat gives the same answers and stores nothing.
    let again = app.scan(&school, &scans).await.unwrap();
    assert_eq!(verdicts(&again), ["duplicate"; 8]);
    for (first, second) in items.iter().zip(&again) {
        assert_eq!((&first["position"], &first["verdict"]), (&second["position"], &second["first_verdict"]));
    }
    // The same number with another scan id: kept, and told.
    let mut fork = school.scan(1, card(1), now);
    fork["scan_id"] = json!(Uuid::from_u128(0xf0));
    let forked = app.scan(&school, &[fork, school.scan(10, card(3), now)]).await.unwrap();
    assert_eq!(verdicts(&forked), [quarantined, "accepted"], "{forked:#?}");
    app.settle().await.unwrap();
    let board = app.json("/api/v1/live").await.unwrap();
    assert_eq!(board["totals"]["inside"], 3);
    app.shutdown().await;
}

#[tokio::test]
async fn a_kiosk_proves_who_it_is_and_only_for_itself() {
    let app = TestApp::start().await.unwrap();
    let (one, other) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let body = one.batch(&[one.scan(1, &one.pupils[0].1, app.now())], app.now()).to_string();
    let refused = (401, "kiosk_unauthenticated".to_owned());
    let send = async |kiosk: KioskId, secret: Option<&str>| {
        let url = format!("{}/api/v1/kiosks/{kiosk}/scans", app.base);
        let request = app.client.post(url).header("content-type", "application/json").body(body.clone());
        let request = if let Some(secret) = secret { request.bearer_auth(secret) } else { request };
        request.send().await.unwrap()
    };
    assert_eq!(refusal(send(one.kiosk, None).await).await.unwrap(), refused);
    assert_eq!(refusal(send(one.kiosk, Some("wrong")).await).await.unwrap(), refused);
    assert_eq!(refusal(send(one.kiosk, Some(&other.secret)).await).await.unwrap(), refused);
    assert_eq!(refusal(send(KioskId(Uuid::from_u128(9)), Some(&one.secret)).await).await.unwrap(), refused);
    let url = format!("{}/api/v1/kiosks/not-a-uuid/scans", app.base);
    let odd = app.client.post(url).bearer_auth(&one.secret).send().await.unwrap();
    assert_eq!(refusal(odd).await.unwrap(), refused);
    assert_eq!(send(one.kiosk, Some(&one.secret)).await.status(), 200);
    app.shutdown().await;
}

#[tokio::test]
async fn a_revoked_kiosk_scans_into_quarantine_within_two_seconds_and_is_refused_the_rest() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let scan = async |n| app.scan(&school, &[school.scan(n, &school.pupils[0].1, app.now())]).await.unwrap();
    assert_eq!(verdicts(&scan(1).await), ["accepted"]);
    commands::use_cases::revoke_kiosk(app.write(), &app.context(school.id), school.kiosk).await.unwrap();
    let revoked = Instant::now();
    let items = loop {
        let n = 2 + i64::try_from(revoked.elapsed().as_millis()).unwrap();
        let items = scan(n).await;
        if verdicts(&items) == ["quarantined"] {
            break items;
        }
        assert!(revoked.elapsed() < Duration::from_secs(2), "still trusted: {items:?}");
        sleep(Duration::from_millis(50)).await;
    };
    assert!(items[0]["reasons"].to_string().contains("revoked_kiosk"), "{items:?}");
    let url = format!("{}/api/v1/kiosks/{}/roster", app.base, school.kiosk);
    let roster = app.client.get(url).bearer_auth(&school.secret).send().await.unwrap();
    assert_eq!(refusal(roster).await.unwrap(), (403, "kiosk_revoked".to_owned()));
    app.shutdown().await;
}

#[tokio::test]
async fn a_whole_school_behind_one_address_is_never_told_to_slow_down() {
    // Defect D23: a limit of 60 scans a minute for each address.
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    for n in 0..150_i64 {
        let items = app.scan(&school, &[school.scan(n + 1, &school.pupils[0].1, app.now())]).await.unwrap();
        assert!(matches!(items[0]["verdict"].as_str(), Some("accepted" | "flagged")), "{n}: {items:?}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_batch() {
    use tokio::io::AsyncWriteExt;
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let body = school.batch(&[school.scan(1, &school.pupils[0].1, app.now())], app.now()).to_string();
    let address = app.base.strip_prefix("http://").unwrap();
    let mut line = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/kiosks/{}/scans HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        school.kiosk,
        school.secret,
        body.len()
    );
    // Nobody can append while this transaction lives: the batch is decided and waits for the log.
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let mut log = owner.begin().await.unwrap();
    sqlx::query("select lock_log()").execute(&mut *log).await.unwrap();
    line.write_all((head + &body).as_bytes()).await.unwrap();
    line.flush().await.unwrap();
    let waits = "select exists (select 1 from pg_locks where locktype = 'advisory' and not granted)";
    let begun = std::time::Instant::now();
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&owner).await.unwrap() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "the batch never came to the log");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // Gone, and the server knows it before the log is free.
    drop(line);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    log.rollback().await.unwrap();
    app.settle().await.unwrap();
    let stored = "select count(*) from scan_receipts";
    while sqlx::query_scalar::<_, i64>(stored).fetch_one(&owner).await.unwrap() == 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "the batch died with its client");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let items = app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    assert_eq!((verdicts(&items), &items[0]["first_verdict"]), (vec!["duplicate"], &json!("accepted")), "{items:?}");
    app.settle().await.unwrap();
    let pupils = app.json("/api/v1/live/pupils").await.unwrap();
    assert_eq!(pupils["items"][0]["scans"], 1);
    owner.close().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_heartbeat_tells_how_far_the_queue_is_and_what_to_send_again() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", app.base, school.kiosk);
    let beat = async |last_seq: i64| {
        let body = json!({ "queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": app.now(),
            "monotonic_ms": 10_000_000, "queue_depth": 0, "last_seq": last_seq });
        app.client.post(&url).bearer_auth(&school.secret).json(&body).send().await.unwrap()
    };
    let answer: Value = beat(1).await.json().await.unwrap();
    assert_eq!((&answer["ack_through"], answer.get("resend_from")), (&json!(1), None));
    let answer: Value = beat(3).await.json().await.unwrap();
    assert_eq!((&answer["ack_through"], &answer["resend_from"]), (&json!(1), &json!(2)));
    assert_eq!(refusal(beat(-1).await).await.unwrap(), (422, "invalid_body".to_owned()));
    app.shutdown().await;
}

#[tokio::test]
async fn a_kiosk_gets_its_roster_whole_and_then_what_changed() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let url = format!("{}/api/v1/kiosks/{}/roster", app.base, school.kiosk);
    let ask = async |query: String| -> Value {
        let request = app.client.get(format!("{url}{query}")).bearer_auth(&school.secret);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    };
    let all = ask(String::new()).await;
    assert_eq!((all["full"].as_bool(), all["credentials"].as_array().unwrap().len()), (Some(true), 3));
    assert!(!all.to_string().contains("Ana"));
    let nothing = ask(format!("?since={}", all["position"])).await;
    assert_eq!((nothing["full"].as_bool(), nothing["credentials"].as_array().unwrap().len()), (Some(false), 0));
    // A position of another life of the log means nothing in this one.
    let restored = ask(format!("?since={}&epoch={}", all["position"], Uuid::from_u128(3))).await;
    assert_eq!(restored["credentials"].as_array().unwrap().len(), 3);
    // An erased pupil's card is no longer welcome, and the delta says so.
    let pupil = school.pupils[0].0;
    commands::use_cases::erase_student(app.write(), &app.context(school.id), pupil).await.unwrap();
    app.settle().await.unwrap();
    let gone = ask(format!("?since={}", all["position"])).await;
    let states: Vec<_> = gone["credentials"].as_array().unwrap().iter().map(|c| c["state"].clone()).collect();
    assert_eq!(states, [json!("revoked")]);
    app.shutdown().await;
}

#[tokio::test]
async fn a_heartbeat_that_makes_no_sense_is_refused_with_a_stable_code_and_never_a_fault() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(0).await.unwrap();
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", app.base, school.kiosk);
    let good = json!({ "queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": app.now(),
        "monotonic_ms": 10_000_000, "queue_depth": 0, "last_seq": 0 });
    let with = |key: &str, value: Value| {
        let mut beat = good.clone();
        beat[key] = value;
        beat.to_string()
    };
    let without = |key: &str| {
        let mut beat = good.clone();
        beat.as_object_mut().unwrap().remove(key);
        beat.to_string()
    };
    let replaced = |key: &str, raw: &str| with(key, json!("@")).replace("\"@\"", raw);
    let send = async |body: String| {
        let request = app.client.post(&url).bearer_auth(&school.secret).header("content-type", "application/json");
        request.body(body).send().await.unwrap()
    };
    for (body, status, code) in [
        (String::new(), 400, "malformed_json"),
        ("{".to_owned(), 400, "malformed_json"),
        (good.to_string() + "x", 400, "malformed_json"),
        ("[".repeat(40), 400, "malformed_json"),
        ("null".to_owned(), 422, "invalid_body"),
        ("[]".to_owned(), 422, "invalid_body"),
        (without("queue_id"), 422, "invalid_body"),
        (without("last_seq"), 422, "invalid_body"),
        (with("surprise", json!(1)), 422, "invalid_body"),
        (with("queue_id", json!("x")), 422, "invalid_body"),
        (with("device_time", json!("yesterday")), 422, "invalid_body"),
        (with("queue_depth", json!(-1)), 422, "invalid_body"),
        (with("queue_depth", json!(4_294_967_296_i64)), 422, "invalid_body"),
        (with("queue_depth", json!(1.5)), 422, "invalid_body"),
        (with("last_seq", json!(-1)), 422, "invalid_body"),
        (replaced("last_seq", "9223372036854775808"), 422, "invalid_body"),
        (replaced("monotonic_ms", "-9223372036854775809"), 422, "invalid_body"),
        (with("app_version", json!("v".repeat(20_000))), 413, "body_too_large"),
    ] {
        let start: String = body.chars().take(60).collect();
        assert_eq!(refusal(send(body).await).await.unwrap(), (status, code.to_owned()), "{start}");
    }
    let plain = app.client.post(&url).bearer_auth(&school.secret).body(good.to_string()).send().await.unwrap();
    assert_eq!(refusal(plain).await.unwrap(), (415, "unsupported_media_type".to_owned()));
    // Odd, but well formed: taken, and nothing overflows.
    for body in [
        with("queue_depth", json!(u32::MAX)),
        with("last_seq", json!(i64::MAX)),
        with("monotonic_ms", json!(i64::MIN)),
        with("monotonic_ms", json!(i64::MAX)),
        with("device_time", json!("1970-01-01T00:00:00Z")),
        with("device_time", json!("9999-12-31T23:59:59Z")),
        with("app_version", json!("a\u{0}b")),
        with("app_version", json!("v".repeat(65))),
        with("app_version", json!("María José")),
        good.to_string(),
    ] {
        let answer = send(body.clone()).await;
        assert_eq!(answer.status(), 200, "{body}: {}", answer.text().await.unwrap());
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_kiosk_knows_beforehand_who_leaves_and_comes_back_on_a_day_ahead() {
    use domain::student::{Command, Student};
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let url = format!("{}/api/v1/kiosks/{}/roster", app.base, school.kiosk);
    let ask = async |since: i64| -> RosterResponse {
        let request = app.client.get(format!("{url}?since={since}")).bearer_auth(&school.secret);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    };
    let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
    let (yes, no) = (CredentialState::Active, CredentialState::Revoked);
    let known = ask(0).await;
    assert_eq!(known.zone.as_deref(), Some("America/Santiago"));
    assert!(known.credentials.iter().all(|card| card.state == yes && card.changes.is_empty()));

    let stream = domain::StreamId::of(school.id, school.pupils[0].0);
    let context = app.context(school.id);
    app.write().execute::<Student>(&context, &stream, Command::Withdraw { from: day(13) }).await.unwrap();
    app.settle().await.unwrap();
    let told = ask(known.position).await;
    let [card] = &told.credentials[..] else { panic!("{told:?}") };
    assert_eq!((card.state, &card.changes[..]), (yes, &[StateChange { from: day(13), state: no }][..]));

    // Taken back from a later day on, before anybody left.
    let sealed = || domain::Sealed("v1:sealed".into());
    let back = Command::Enrol {
        course_id: school.course,
        from: day(20),
        given_names: sealed(),
        family_names: sealed(),
        national_id: None,
    };
    app.write().execute::<Student>(&context, &stream, back).await.unwrap();
    app.settle().await.unwrap();
    let told = ask(told.position).await;
    let [card] = &told.credentials[..] else { panic!("{told:?}") };
    let ahead = [StateChange { from: day(13), state: no }, StateChange { from: day(20), state: yes }];
    assert_eq!((card.state, &card.changes[..]), (yes, &ahead[..]));

    // The days come. Nothing happens in the log, so a delta has nothing to tell: what the kiosk holds says
    // the same as a roster that is read anew.
    let mut n = app.now();
    for (date, state) in [(12, yes), (13, no), (19, no), (20, yes)] {
        while domain::values::zone::local_date(n, chrono_tz::America::Santiago) < day(date) {
            app.clock.advance(minutes(24 * 60));
            n = app.now();
        }
        assert_eq!(ask(told.position).await.credentials, []);
        let anew = ask(0).await;
        let same = anew.credentials.iter().find(|c| c.credential_id == card.credential_id).unwrap();
        assert_eq!((card.state_on(day(date)), same.state), (state, state), "on the {date}th");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_roster_from_a_place_that_makes_no_sense_is_refused_or_whole_and_never_a_fault() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let url = format!("{}/api/v1/kiosks/{}/roster", app.base, school.kiosk);
    let ask =
        async |query: &str| app.client.get(format!("{url}?{query}")).bearer_auth(&school.secret).send().await.unwrap();
    for query in [
        "since=-1",
        "since=x",
        "since=",
        "since=1.5",
        "since=9223372036854775808",
        "since=%00",
        "since=1&since=2",
        "epoch=x",
        "epoch=%00",
        "surprise=1",
    ] {
        assert_eq!(refusal(ask(query).await).await.unwrap(), (422, "invalid_parameter".to_owned()), "{query}");
    }
    // Beyond the end of this log: the kiosk knows another life of it, and gets everything.
    for query in ["since=9223372036854775807", "since=0", &format!("since=1&epoch={}", Uuid::nil())] {
        let answer: Value = ask(query).await.error_for_status().unwrap().json().await.unwrap();
        assert_eq!((&answer["full"], answer["credentials"].as_array().unwrap().len()), (&json!(true), 2), "{query}");
    }
    app.shutdown().await;
}
