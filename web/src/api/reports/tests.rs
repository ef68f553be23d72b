//! Reports over HTTP.

use crate::testing::{TestApp, TestSchool, minutes, refusal};
use domain::account::StaffRole;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// Monday 2026-03-09: the first came in time, the second late, the third not at all; it is Tuesday morning and the gate
/// has told all of it.
pub(crate) async fn a_day_later(app: &TestApp) -> TestSchool {
    let school = app.school(3).await.unwrap();
    let first = school.scan(1, &school.pupils[0].1, app.now());
    app.scan(&school, &[first]).await.unwrap();
    app.clock.advance(minutes(60));
    let second = school.scan(2, &school.pupils[1].1, app.now());
    app.scan(&school, &[second]).await.unwrap();
    app.clock.advance(minutes(24 * 60));
    let beat = json!({
        "queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": app.now(),
        "monotonic_ms": 10_000_000_i64 + 25 * 60 * 60_000, "queue_depth": 0, "last_seq": 2,
    });
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", app.base, school.kiosk);
    let answer = app.anonymous.post(url).bearer_auth(&school.secret).json(&beat).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    app.settle().await.unwrap();
    school
}

async fn get(app: &TestApp, client: &Client, path: &str, accept: &str) -> Response {
    client.get(format!("{}/api/v1/reports{path}", app.base)).header("accept", accept).send().await.unwrap()
}

const DAY: &str = "from=2026-03-09&to=2026-03-09";

#[tokio::test]
async fn a_closed_day_in_figures_as_json_and_as_csv_by_school_course_and_pupil() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let json = async |path: &str| -> Value {
        get(&app, &inspector, path, "application/json").await.error_for_status().unwrap().json().await.unwrap()
    };
    let text = async |path: &str| {
        let answer = get(&app, &inspector, path, "text/csv").await;
        assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
        answer.text().await.unwrap()
    };
    let found = json(&format!("/school?{DAY}")).await;
    insta::assert_json_snapshot!(found["total"], @r#"
    {
      "absent": 1,
      "entered_days": 2,
      "entry_rate_tenths": 666,
      "expected": 3,
      "in_time": 1,
      "justified": 0,
      "known_days": 3,
      "late": 1,
      "missing": 0,
      "pending": 0,
      "unknown": 0
    }
    "#);
    assert_eq!((&found["days"][0]["tally"], &found["courses"][0]["tally"]), (&found["total"], &found["total"]));
    let sheet = text(&format!("/school?{DAY}")).await;
    let row = format!("{},1° Básico A,3,1,1,1,0,0,0,0,2,3,66.6\r\n", school.course);
    assert!(sheet.ends_with(&row), "{sheet}");

    let course = json(&format!("/courses/{}?{DAY}", school.course)).await;
    assert_eq!(course["pupils"].as_array().unwrap().len(), 3);
    let sheet = text(&format!("/courses/{}?{DAY}", school.course)).await;
    assert!(sheet.contains(&format!("{},Pérez Soto,Ana 2,1° Básico A,1,0,0,1,", school.pupils[2].0)), "{sheet}");

    let pupil = json(&format!("/students/{}?{DAY}", school.pupils[1].0)).await;
    assert_eq!((&pupil["days"][0]["status"], &pupil["name"]["given"]), (&json!("late"), &json!("Ana 1")));
    let absence = json(&format!("/absence?{DAY}")).await;
    assert_eq!(absence["chronic_absence"][0]["student_id"], json!(school.pupils[2].0.0));
    assert_eq!((&absence["chronic_absence"][0]["band"], &absence["repeated_late"]), (&json!("severe"), &json!([])));
    let gates = json(&format!("/gates?{DAY}")).await;
    assert_eq!(gates["unknown_days"], json!([]));
    app.shutdown().await;
}

#[tokio::test]
async fn a_report_over_more_days_than_a_month_or_backwards_is_refused_and_of_another_s_course_not_found() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let refused = async |path: &str| refusal(get(&app, &director, path, "*/*").await).await.unwrap();
    let invalid = (422, "invalid_parameter".to_owned());
    assert_eq!(refused("/school?from=2026-03-01&to=2026-04-01").await, invalid);
    assert_eq!(refused("/school?from=2026-03-02&to=2026-03-01").await, invalid);
    assert_eq!(refused("/school?from=x").await, invalid);
    assert_eq!(get(&app, &director, "/school?from=2026-03-01&to=2026-03-31", "*/*").await.status(), 200);
    let nowhere = (404, "not_found".to_owned());
    assert_eq!(refused(&format!("/courses/{}", twin.course)).await, nowhere);
    assert_eq!(refused(&format!("/students/{}", twin.pupils[0].0)).await, nowhere);
    app.shutdown().await;
}

#[tokio::test]
async fn a_class_list_is_compared_with_the_gate_and_nothing_of_it_is_kept() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    // Cases of who did not come may open meanwhile.
    let kept = async || -> i64 {
        sqlx::query_scalar("select count(*) from events where aggregate_type <> 'no_show_case'")
            .fetch_one(&app.running().pools().log_reader)
            .await
            .unwrap()
    };
    let before = kept().await;
    let post = async |kind: &str, body: &str| {
        let url = format!("{}/api/v1/reports/class-list", app.base);
        inspector.post(url).header("content-type", kind.to_owned()).body(body.to_owned()).send().await.unwrap()
    };
    let list = "fecha;curso;alumno;estado\n09-03-2026;1º básico A;Ana 0 Pérez Soto;A\n\
                09-03-2026;1° Básico A;PEREZ SOTO ANA 2;P\n09-03-2026;1° Básico A;Juan Nadie;P\n\
                09-03-2026;1° Básico A;Ana 2 Pérez Soto;P\n";
    let found: Value = post("text/csv", list).await.error_for_status().unwrap().json().await.unwrap();
    assert_eq!(found["compared"], json!(2));
    let differences: Vec<_> = found["differences"].as_array().unwrap().iter().collect();
    let told: Vec<_> = differences.iter().map(|d| (d["row"].clone(), d["difference"].clone())).collect();
    assert_eq!(told, [(json!(2), json!("entered_not_in_class")), (json!(3), json!("in_class_not_entered"))]);
    assert_eq!(found["unlisted"][0]["student_id"], json!(school.pupils[1].0.0));
    assert_eq!(found["problems"], json!([{"row": 4, "problem": "unknown_pupil"}, {"row": 5, "problem": "repeated"}]));
    let refused = async |kind: &str, body: &str| refusal(post(kind, body).await).await.unwrap();
    assert_eq!(refused("application/json", "{}").await, (415, "unsupported_media_type".into()));
    assert_eq!(refused("text/csv", "a;b\n1;2\n").await, (422, "invalid_body".into()));
    assert_eq!(kept().await, before);
    app.shutdown().await;
}
