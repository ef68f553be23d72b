use crate::testing::{TestApp, TestSchool, minutes, refusal};
use commands::use_cases::erase_student;
use domain::account::StaffRole;
use serde_json::{Value, json};

/// Ana came at ten to eight by a kiosk that was offline until ten past nine.
async fn morning(app: &TestApp) -> TestSchool {
    let school = app.school(3).await.unwrap();
    let entered = app.now() + minutes(20);
    app.clock.advance(minutes(100));
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, entered)]).await.unwrap();
    app.settle().await.unwrap();
    school
}

/// Half past eight in Santiago has passed by a quarter of an hour.
const THEN: &str = "2026-03-09T11:45:00Z";

async fn ask(app: &TestApp, school: &TestSchool, rest: &str) -> Value {
    let mark = if rest.contains('?') { '&' } else { '?' };
    app.json(&format!("/api/v1/audit/days/2026-03-09{rest}{mark}school={}", school.id)).await.unwrap()
}

#[tokio::test]
async fn a_day_is_told_as_it_was_known_and_as_it_is_known_with_what_is_behind_it() {
    let app = TestApp::start().await.unwrap();
    let school = morning(&app).await;
    let (twin, ana) = (app.school(2).await.unwrap(), school.pupils[0].0.to_string());
    app.scan(&twin, &[twin.scan(1, &twin.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let day = ask(&app, &school, &format!("?as_of={THEN}")).await;
    assert_eq!((&day["as_of"], &day["at"]), (&json!(THEN), &json!(THEN)));
    assert_eq!((&day["changed"], &day["zone"]), (&json!(1), &json!("America/Santiago")));
    assert_eq!(day["then"]["totals"]["present"], 0);
    assert_eq!((&day["now"]["totals"]["present"], &day["now"]["totals"]["pupils"]), (&json!(1), &json!(3)));

    let changed = ask(&app, &school, &format!("/pupils?as_of={THEN}&changed=true")).await;
    assert_eq!(changed["items"].as_array().unwrap().len(), 1);
    let line = &changed["items"][0];
    assert_eq!((&line["student_id"], &line["change"]), (&json!(ana), &json!("status")));
    assert_eq!(line["name"]["state"], "known");
    assert_eq!(line["now"]["status"]["status"], "present");
    assert_eq!(line["now"]["first_entry_at"], "2026-03-09T10:50:00Z");
    assert!(line["then"]["derivation"].as_array().unwrap().iter().any(|step| step["step"] == "no_entry_recorded"));
    // Page by page it is everybody, once.
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = ask(&app, &school, &format!("/pupils?as_of={THEN}&limit=1{next}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["student_id"].to_string()));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    let kiosk = school.kiosk;
    for (filter, found) in [
        (format!("kiosk={kiosk}"), 1),
        (format!("actor=kiosk:{kiosk}"), 1),
        ("actor=user:nobody".to_owned(), 0),
        (format!("student={}", school.pupils[2].0), 1),
        (format!("course={}", school.course), 3),
        (format!("course={}", twin.course), 0),
    ] {
        let page = ask(&app, &school, &format!("/pupils?{filter}")).await;
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{filter}");
    }

    let events = ask(&app, &school, &format!("/events?as_of={THEN}")).await;
    let scan = &events["items"][0];
    assert_eq!(
        (&scan["event"], &scan["student_id"], &scan["direction"]),
        (&json!("scan_recorded"), &json!(ana), &json!("entry"))
    );
    assert_eq!((&scan["actor"], &scan["kiosk_id"]), (&json!(format!("kiosk:{kiosk}")), &json!(kiosk)));
    assert!(scan["gate"].is_string());
    assert_eq!((&scan["counts_then"], &scan["counts_now"]), (&json!(false), &json!(true)));
    let all = events["items"].as_array().unwrap();
    assert!(all.iter().all(|event| event["student_id"] == json!(ana)), "of this school alone: {events}");
    app.shutdown().await;
}

#[tokio::test]
async fn an_erased_pupil_is_replayed_without_a_name() {
    let app = TestApp::start().await.unwrap();
    let school = morning(&app).await;
    let ana = school.pupils[0].0;
    erase_student(app.write(), &app.context(school.id), ana).await.unwrap();
    app.settle().await.unwrap();
    let page = ask(&app, &school, &format!("/pupils?as_of={THEN}&student={ana}")).await;
    assert_eq!(page["items"][0]["name"], json!({ "state": "erased" }));
    assert_eq!(page["items"][0]["now"]["status"]["status"], "present");
    let events = ask(&app, &school, &format!("/events?student={ana}")).await;
    assert_eq!(events["items"][0]["name"], json!({ "state": "erased" }));
    assert!(!events.to_string().contains("v1:"), "nothing sealed leaves");
    app.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_day_has_a_code() {
    let app = TestApp::start().await.unwrap();
    let school = morning(&app).await;
    for (path, status, code) in [
        ("/2026-03-09?as_of=2026-03-10T00:00:00Z", 422, "time_in_future"),
        ("/2026-03-09?as_of=2026-03-09T11:00:00Z&at=2026-03-09T11:00:01Z", 422, "invalid_parameter"),
        ("/2026-03-09?as_of=ayer", 422, "invalid_parameter"),
        ("/2026-03-09?at=%2B200000-01-01T00:00:00Z", 422, "invalid_parameter"),
        ("/2026-03-09?unknown=1", 422, "invalid_parameter"),
        ("/ayer?as_of=2026-03-09T11:00:00Z", 404, "not_found"),
        ("/0001-01-01", 404, "not_found"),
        ("/2026-03-09/pupils?changed=quizas", 422, "invalid_parameter"),
        ("/2026-03-09/pupils?actor=%00", 422, "invalid_parameter"),
        ("/2026-03-09/pupils?limit=0", 422, "invalid_parameter"),
        ("/2026-03-09/pupils?cursor=x", 422, "invalid_cursor"),
        ("/2026-03-09/events?student=1", 422, "invalid_parameter"),
        ("/2026-03-09/events?cursor=x", 422, "invalid_cursor"),
    ] {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}/api/v1/audit/days{path}{mark}school={}", app.base, school.id);
        let answer = app.client.get(url).send().await.unwrap();
        assert_eq!(refusal(answer).await.unwrap(), (status, code.to_owned()), "{path}");
    }
    // An index of an earlier program says so.
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    sqlx::query("update audit.entries set payload = null").execute(&owner).await.unwrap();
    let url = format!("{}/api/v1/audit/days/2026-03-09?school={}", app.base, school.id);
    assert_eq!(
        refusal(app.client.get(url).send().await.unwrap()).await.unwrap(),
        (503, "replay_needs_rebuild".to_owned())
    );
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let answer = inspector.get(format!("{}/api/v1/audit/days/2026-03-09", app.base)).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    app.shutdown().await;
}
