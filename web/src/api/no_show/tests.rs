//! Cases by the API, over HTTP.

use crate::api::reports::tests::a_day_later;
use crate::testing::{CASE_DAY, TestApp, refusal};
use commands::no_show::observe;
use domain::SlotId;
use domain::account::StaffRole;
use domain::no_show::{CaseId, Command, Finding, Hold};
use domain::student::GuardianRights;
use local_services::testing::TestDatabases;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_program_reads_a_days_cases_and_looks_after_one_once_for_each_key() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(2).await.unwrap(), app.school(1).await.unwrap());
    let (case, theirs) = (app.case(&school).await.unwrap(), app.case(&twin).await.unwrap());
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let list = async |query: &str| -> Value {
        let url = format!("{}/api/v1/no-show?{query}", app.base);
        inspector.get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    };
    assert_eq!(list("").await, json!({"items": []}), "today");
    let day = list(&format!("date={CASE_DAY}&limit=1")).await;
    let item = &day["items"][0];
    assert_eq!(item["student_id"], json!(school.pupils[0].0.0));
    assert_eq!(
        (&item["state"], &item["held_reason"], &item["openings"]),
        (&json!("held"), &json!("mass_alarm"), &json!(1))
    );
    assert_eq!(item["name"]["given"], json!("Ana 0"));
    let next = day["next"].as_str().unwrap();
    assert_eq!(list(&format!("date={CASE_DAY}&cursor={next}")).await, json!({"items": []}));
    let wrong = inspector.get(format!("{}/api/v1/no-show?cursor=x", app.base)).send().await.unwrap();
    assert_eq!(refusal(wrong).await.unwrap(), (422, "invalid_cursor".into()));

    let base = format!("{}/api/v1/no-show/{CASE_DAY}", app.base);
    let own = format!("{base}/{}/{}", case.slot_id, case.student_id);
    let post = async |url: String, key: u128, body: Value| {
        let request = inspector.post(url).header("idempotency-key", Uuid::from_u128(key).to_string());
        request.json(&body).send().await.unwrap()
    };
    let position = async |below: &str, key: u128, body: Value| -> Value {
        let answer = post(format!("{own}/{below}"), key, body).await;
        answer.error_for_status().unwrap().json::<Value>().await.unwrap()["position"].clone()
    };
    let first = position("release", 1, json!({})).await;
    assert!(first.is_i64(), "{first}");
    assert_eq!(position("release", 1, json!({})).await, first, "the same key, the same answer");
    assert_eq!(position("release", 2, json!({})).await, Value::Null, "it was so already");
    assert!(position("acknowledge", 3, json!({})).await.is_i64());
    let refused = async |below: &str, key: u128, body: Value| {
        refusal(post(format!("{own}/{below}"), key, body).await).await.unwrap()
    };
    assert_eq!(refused("release", 4, json!({})).await, (409, "no_show_acknowledged".into()));
    assert_eq!(refused("justify", 5, json!({"reason": "x"})).await, (422, "invalid_body".into()));
    assert!(position("justify", 6, json!({"reason": "appointment"})).await.is_i64());
    assert_eq!(position("justify", 7, json!({"reason": "appointment"})).await, Value::Null);
    assert_eq!(refused("acknowledge", 8, json!({})).await, (409, "no_show_closed".into()));
    app.settle().await.unwrap();
    let told: Value = inspector.get(&own).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["ending"], json!({"how": "justified", "reason": "appointment"}));
    let said: Vec<&str> =
        told["log"].as_array().unwrap().iter().map(|line| line["said"]["type"].as_str().unwrap()).collect();
    assert_eq!(said, ["opened", "held", "notice_requested", "acknowledged", "resolved"]);
    assert!(told["log"][3]["actor"].as_str().unwrap().starts_with("user:"), "{told}");

    for (key, nowhere) in [
        (9, format!("{base}/{}/{}", theirs.slot_id, theirs.student_id)),
        (10, format!("{base}/{}/{}", case.slot_id, Uuid::from_u128(0xbad))),
        (11, format!("{base}/x/y")),
    ] {
        let not_found = (404, "no_show_not_found".to_owned());
        assert_eq!(refusal(inspector.get(&nowhere).send().await.unwrap()).await.unwrap(), not_found, "{nowhere}");
        let answer = post(format!("{nowhere}/acknowledge"), key, json!({})).await;
        assert_eq!(refusal(answer).await.unwrap(), not_found, "{nowhere}");
    }
    let no_key = inspector.post(format!("{own}/acknowledge")).send().await.unwrap();
    assert_eq!(refusal(no_key).await.unwrap(), (422, "idempotency_key_required".into()));
    app.shutdown().await;
}

#[tokio::test]
async fn a_case_that_is_justified_justifies_the_pupils_day_in_the_live_model_and_in_the_report() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let (date, missing) = ("2026-03-09", school.pupils[2].0);
    // The slot that the week has, so that no look of the detector takes it back.
    let slot_id = SlotId(Uuid::new_v5(&school.course.0, b"Mon/0"));
    let case = CaseId { date: date.parse().unwrap(), slot_id, student_id: missing };
    let found = Finding::Missing { course_id: school.course, due_at: app.now(), hold: Some(Hold::Stale) };
    observe(app.write(), &[(app.context(school.id), case, Command::Observe(found))]).await.unwrap();
    let json = async |path: &str| -> Value {
        app.settle().await.unwrap();
        let url = format!("{}/api/v1/{path}", app.base);
        inspector.get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    };
    let month = "reports/school?from=2026-03-01&to=2026-03-31";
    let total = async || {
        let total = json(month).await["total"].clone();
        [total["absent"].clone(), total["justified"].clone()]
    };
    let before = total().await;
    let justify = async |key: u128| {
        let url = format!("{}/api/v1/no-show/{date}/{}/{missing}/justify", app.base, case.slot_id);
        let request = inspector.post(url).header("idempotency-key", Uuid::from_u128(key).to_string());
        request.json(&json!({"reason": "illness"})).send().await.unwrap().error_for_status().unwrap()
    };
    let first: Value = justify(1).await.json().await.unwrap();
    assert!(first["position"].is_i64());
    for key in [1, 2] {
        justify(key).await;
    }
    let count = |value: &Value| value.as_i64().unwrap();
    let after = total().await;
    assert_eq!((count(&before[0]) - count(&after[0]), count(&after[1])), (1, 1), "{before:?} {after:?}");
    let acts = json(&format!("days/{date}/{missing}/acts")).await;
    let acts = acts.as_array().unwrap();
    assert_eq!(acts.len(), 1, "{acts:?}");
    assert_eq!((&acts[0]["state"], &acts[0]["said"]["reason"]), (&json!("accepted"), &json!("illness")));
    assert!(acts[0]["actor"].as_str().unwrap().starts_with("user:"), "{acts:?}");
    let course = json(&format!("courses/{}/day?date={date}", school.course)).await;
    let of = course["items"].as_array().unwrap().iter().find(|one| one["student_id"] == json!(missing.0)).unwrap();
    assert_eq!(of["status"]["status"], "justified", "{of}");
    app.shutdown().await;
}

#[tokio::test]
async fn a_family_is_told_by_mail_once_a_held_case_is_let_go_and_again_when_it_is_over() {
    let (notices, databases) = (crate::config::NoticesConfig::by_mail(), TestDatabases::create().await.unwrap());
    let app = TestApp::start_changed(databases, |config| config.notices = notices).await.unwrap();
    let school = app.school(1).await.unwrap();
    let rights = GuardianRights { notify: true, ..GuardianRights::default() };
    app.guardian(&school, "ana@example.com", &[(school.pupils[0].0, rights)]).await.unwrap();
    let case = app.case(&school).await.unwrap();
    // The reader of the log begins at its end.
    let begun = "select count(*) from delivery_position";
    while sqlx::query_scalar::<_, i64>(begun).fetch_one(app.write().pool()).await.unwrap() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    commands::no_show::ask(app.write(), &app.context(school.id), case, Command::Release).await.unwrap();
    let told = app.letters_to("ana@example.com", 1).await.unwrap();
    assert!(told[0].contains("no hay registro del ingreso de Ana 0"), "{told:?}");
    let came = Command::Observe(Finding::Entered { at: app.now() });
    observe(app.write(), &[(app.context(school.id), case, came)]).await.unwrap();
    let told = app.letters_to("ana@example.com", 2).await.unwrap();
    assert!(told.iter().any(|letter| letter.contains("ya se registró el ingreso de Ana 0")), "{told:?}");
    app.settle().await.unwrap();
    app.shutdown().await;
}
