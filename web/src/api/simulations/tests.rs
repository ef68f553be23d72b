//! Settings and simulations over HTTP.

use crate::api::reports::tests::a_day_later;
use crate::testing::{TestApp, TestSchool, refusal};
use domain::account::StaffRole;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use uuid::Uuid;

async fn simulate(app: &TestApp, client: &Client, body: Value) -> Response {
    client.post(format!("{}/api/v1/simulations", app.base)).json(&body).send().await.unwrap()
}

async fn set(app: &TestApp, client: &Client, body: Value) -> Response {
    let key = app.state().ids.next().to_string();
    let request = client.put(format!("{}/api/v1/settings", app.base)).header("idempotency-key", key);
    request.json(&body).send().await.unwrap()
}

async fn late(app: &TestApp, client: &Client) -> Value {
    let path = format!("{}/api/v1/reports/school?from=2026-03-09&to=2026-03-09", app.base);
    let found: Value = client.get(path).send().await.unwrap().json().await.unwrap();
    found["total"]["late"].clone()
}

#[tokio::test]
async fn a_longer_grace_is_tried_over_a_month_by_name_and_kept_nowhere() {
    let app = TestApp::start().await.unwrap();
    let school: TestSchool = a_day_later(&app).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let body = json!({"month": "2026-03", "late_after_minutes": 60, "missing_after_minutes": 60});
    let found: Value = simulate(&app, &director, body).await.error_for_status().unwrap().json().await.unwrap();
    let of = |key: &str| found[key].clone();
    assert_eq!(
        (of("from"), of("to"), of("school_days")),
        (json!("2026-03-01"), json!("2026-03-09"), json!(6)),
        "{found}"
    );
    assert_eq!((of("pupils"), of("changed_days")), (json!(1), json!(1)), "{found}");
    let change = &found["changes"][0];
    assert_eq!(change["student_id"], json!(school.pupils[1].0.0));
    assert_eq!((&change["before"], &change["after"]), (&json!("late"), &json!("in_time")));
    assert!(change["name"].to_string().contains("Ana 1") && change["course"] == "1° Básico A", "{change}");
    let monday = found["days"].as_array().unwrap().last().unwrap();
    assert_eq!(monday["changes"], json!([{"before": "late", "after": "in_time", "pupils": 1}]));
    // The third, of whom the gate had told nothing by then.
    for side in ["before", "after"] {
        let held = json!({"told": 0, "held_mass_alarm": 0, "held_gate_silent": 1, "held_stale": 0});
        assert_eq!(monday[side], held, "{monday}");
    }
    assert_eq!(found["settings"]["late_after_minutes"], json!(5));
    assert_eq!(late(&app, &director).await, json!(1), "nothing was saved");
    app.shutdown().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_a_stable_code_and_nothing_is_saved() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let course = Uuid::from_u128(0xbad);
    for (body, code) in [
        (json!({"late_after_minutes": -1}), "setting_out_of_range"),
        (json!({"late_after_minutes": 500}), "setting_out_of_range"),
        (json!({"missing_after_minutes": 65_551}), "setting_out_of_range"),
        (json!({"mass_alarm_percent": 0}), "setting_out_of_range"),
        (json!({"stale_after_minutes": 601}), "setting_out_of_range"),
        (json!({"month": "2026-04"}), "month_in_future"),
        (json!({"month": "marzo"}), "invalid_body"),
        (json!({"month": "2026-3"}), "invalid_body"),
        (json!({"late_after_minutes": "5"}), "invalid_body"),
        (json!({"grace": 5}), "invalid_body"),
        (json!({"month": "2026-03", "days_off": ["2026-02-27"]}), "day_of_another_month"),
        (json!({"month": "2026-03", "days_off": ["2026-03-10"]}), "day_of_another_month"),
        (json!({"entry": {"course_id": course, "time": "08:15:00"}}), "not_found"),
    ] {
        let (status, found) = refusal(simulate(&app, &director, body.clone()).await).await.unwrap();
        assert_eq!((found.as_str(), status), (code, if code == "not_found" { 404 } else { 422 }), "{body}");
    }
    for body in [json!({"late_after_minutes": -1}), json!({"missing_after_minutes": 500})] {
        let refused = refusal(set(&app, &director, body).await).await.unwrap();
        assert_eq!(refused, (422, "setting_out_of_range".to_owned()));
    }
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert_eq!(refusal(simulate(&app, &inspector, json!({})).await).await.unwrap(), (403, "forbidden".to_owned()));
    let settings: Value = app.json(&format!("/api/v1/settings?school={}", school.id)).await.unwrap();
    assert_eq!((&settings["late_after_minutes"], &settings["missing_after_minutes"]), (&json!(5), &json!(30)));
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_saved_holds_from_today_on_and_says_nothing_of_yesterday() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let body = json!({"late_after_minutes": 90});
    let saved: Value = set(&app, &director, body.clone()).await.error_for_status().unwrap().json().await.unwrap();
    assert!(saved["position"].is_i64(), "{saved}");
    app.settle().await.unwrap();
    let again: Value = set(&app, &director, body).await.error_for_status().unwrap().json().await.unwrap();
    assert_eq!(again["position"], Value::Null);
    let settings: Value = app.json(&format!("/api/v1/settings?school={}", school.id)).await.unwrap();
    assert_eq!((&settings["late_after_minutes"], &settings["missing_after_minutes"]), (&json!(90), &json!(30)));
    assert_eq!(late(&app, &director).await, json!(1), "yesterday is judged by yesterday's grace");
    let found: Value = simulate(&app, &director, json!({"month": "2026-03"})).await.json().await.unwrap();
    assert_eq!(found["changed_days"], json!(0), "by what was valid then");
    app.shutdown().await;
}
