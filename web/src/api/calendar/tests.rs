use crate::testing::{TestApp, refusal};
use serde_json::{Value, json};
use uuid::Uuid;

/// The Monday of the tests' morning, on which the school's course is expected at 08:00.
const MONDAY: &str = "2026-03-09";

struct Caller(TestApp);

impl Caller {
    async fn send(&self, method: &str, path: &str, key: u128, body: Option<&Value>) -> reqwest::Response {
        let request = self.0.client.request(method.parse().unwrap(), format!("{}/api/v1/{path}", self.0.base));
        let request = request.header("idempotency-key", Uuid::from_u128(key).to_string());
        let request = if let Some(body) = body { request.json(body) } else { request };
        request.send().await.unwrap()
    }

    async fn done(&self, method: &str, path: &str, key: u128, body: Option<&Value>) -> Value {
        let answer = self.send(method, path, key, body).await;
        let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
        self.0.settle().await.unwrap();
        answer
    }

    async fn code(&self, method: &str, path: &str, key: u128, body: Option<&Value>) -> (u16, String) {
        refusal(self.send(method, path, key, body).await).await.unwrap()
    }

    async fn day(&self) -> Value {
        self.0.json(&format!("/api/v1/calendar/{MONDAY}")).await.unwrap()
    }

    async fn board(&self) -> Value {
        self.0.json("/api/v1/live").await.unwrap()
    }
}

#[tokio::test]
async fn a_day_is_set_shown_on_the_board_and_cleared_layer_by_layer() {
    let app = TestApp::start().await.unwrap();
    app.school(2).await.unwrap();
    app.settle().await.unwrap();
    let at = Caller(app);
    let path = format!("calendar/{MONDAY}");
    assert_eq!(at.day().await, json!({"date": MONDAY, "holiday": null, "set": null, "courses": []}));
    assert_eq!(at.board().await["totals"]["expected"], 2);

    let holiday = json!({"kind": "holiday", "name": "Aniversario"});
    assert!(at.done("PUT", &path, 1, Some(&holiday)).await["position"].is_i64());
    assert!(at.done("PUT", &path, 2, Some(&holiday)).await["position"].is_null(), "entered twice it is one");
    let board = at.board().await;
    assert_eq!(
        (&board["totals"]["expected"], &board["nobody"], &board["holiday"]),
        (&json!(0), &json!({"rule": "holiday"}), &json!("Aniversario"))
    );

    let half = json!({"kind": "half_day", "exit": "12:00:00", "reason": "ceremony"});
    at.done("PUT", &path, 3, Some(&half)).await;
    let (board, day) = (at.board().await, at.day().await);
    assert_eq!((&board["totals"]["expected"], &board["set"]), (&json!(2), &half), "over the holiday");
    assert_eq!(day["set"]["day"], half);
    assert_eq!(day["holiday"]["day"], holiday);
    assert!(day["set"]["changed_by"].as_str().unwrap().starts_with("user:"));

    at.done("DELETE", &path, 4, None).await;
    assert_eq!(at.board().await["nobody"], json!({"rule": "holiday"}), "the holiday is still there");
    assert!(at.done("DELETE", &path, 5, None).await["position"].is_null());
    at.done("DELETE", &format!("{path}?layer=holiday"), 6, None).await;
    assert_eq!(at.board().await["totals"]["expected"], 2);
    assert_eq!(at.code("DELETE", &format!("{path}?layer=day"), 6, None).await, (422, "idempotency_key_reused".into()));
    assert_eq!(at.code("DELETE", &format!("{path}?layer=x"), 7, None).await, (422, "invalid_parameter".into()));
    at.0.shutdown().await;
}

#[tokio::test]
async fn every_kind_of_day_reads_and_what_contradicts_itself_is_refused_by_its_reason() {
    let app = TestApp::start().await.unwrap();
    app.school(1).await.unwrap();
    let at = Caller(app);
    let path = format!("calendar/{MONDAY}");
    for (n, good) in [
        json!({"kind": "no_classes", "reason": "weather"}),
        json!({"kind": "no_classes", "reason": "weather", "resolution": {"number": "1234", "date": "2026-03-13"}}),
        json!({"kind": "recovery", "as_weekday": "Fri"}),
        json!({"kind": "recovery", "stays": [{"entry": "09:00:00", "exit": "13:00:00"}]}),
        json!({"kind": "outing"}),
    ]
    .iter()
    .enumerate()
    {
        assert!(at.done("PUT", &path, 10 + n as u128, Some(good)).await["position"].is_i64(), "{good}");
        let kind = &at.day().await["set"]["day"]["kind"];
        assert_eq!(*kind, good["kind"]);
    }
    for (n, (bad, code)) in [
        (json!({"kind": "holiday", "name": " "}), "day_invalid"),
        (json!({"kind": "holiday"}), "invalid_body"),
        (json!({"kind": "holiday", "name": "X", "colour": 1}), "invalid_body"),
        (json!({"kind": "party"}), "invalid_body"),
        (json!({"kind": "no_classes", "reason": "rain"}), "invalid_body"),
        (json!({"kind": "no_classes", "reason": "weather", "resolution": {"number": "x"}}), "day_invalid"),
        (json!({"kind": "recovery"}), "day_invalid"),
        (json!({"kind": "recovery", "stays": [{"entry": "13:00:00", "exit": "09:00:00"}]}), "day_invalid"),
        (json!({"kind": "half_day", "exit": "05:00:00", "reason": "weather"}), "day_invalid"),
        (json!({"kind": "outing", "reason": "weather"}), "invalid_body"),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(at.code("PUT", &path, 30 + n as u128, Some(bad)).await, (422, (*code).into()), "{bad}");
    }
    let good = json!({"kind": "outing"});
    for nowhere in ["calendar/2026-02-30", "calendar/1492-10-12", "calendar/today", "calendar/+200000-01-01"] {
        assert_eq!(at.code("PUT", nowhere, 50, Some(&good)).await, (404, "not_found".into()), "{nowhere}");
    }
    at.0.shutdown().await;
}

#[tokio::test]
async fn a_course_s_exception_is_set_before_the_school_s_day_and_cleared() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    app.settle().await.unwrap();
    let at = Caller(app);
    let path = format!("courses/{}/calendar/{MONDAY}", school.course);
    let out = json!({"times": {"expects": "nobody"}, "reason": "outing"});
    assert!(at.done("PUT", &path, 1, Some(&out)).await["position"].is_i64());
    assert!(at.done("PUT", &path, 2, Some(&out)).await["position"].is_null());
    let why = json!({"rule": "course_nobody", "reason": "outing"});
    assert_eq!(at.board().await["nobody"], why);
    let day = at.day().await;
    assert_eq!(day["courses"][0]["course_id"], school.course.to_string());
    assert_eq!(day["courses"][0]["day"], out);
    for (n, times) in [
        json!({"expects": "weekday", "weekday": "Fri"}),
        json!({"expects": "until", "exit": "12:00:00"}),
        json!({"expects": "own", "stays": [{"entry": "10:00:00", "exit": "12:00:00"}]}),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"times": times, "reason": "assessment"});
        assert!(at.done("PUT", &path, 10 + n as u128, Some(&body)).await["position"].is_i64(), "{body}");
        assert_eq!(at.board().await["totals"]["expected"], 2, "{body}");
    }
    assert!(at.done("DELETE", &path, 20, None).await["position"].is_i64());
    assert!(at.done("DELETE", &path, 21, None).await["position"].is_null());
    assert_eq!(at.day().await["courses"], json!([]));
    let own = json!({"times": {"expects": "own", "stays": []}, "reason": "outing"});
    assert_eq!(at.code("PUT", &path, 22, Some(&own)).await, (422, "day_invalid".into()));
    let far = path.replace("2026", "2036");
    assert_eq!(at.code("PUT", &far, 23, Some(&out)).await, (422, "day_invalid".into()));
    let unknown = path.replace(&school.course.to_string(), &Uuid::from_u128(9).to_string());
    for (n, (method, body)) in [("PUT", Some(&out)), ("DELETE", None)].into_iter().enumerate() {
        assert_eq!(at.code(method, &unknown, 24 + n as u128, body).await, (404, "not_found".into()), "{method}");
    }
    at.0.shutdown().await;
}
