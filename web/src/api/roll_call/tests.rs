//! Roll calls by the API, over HTTP.

use crate::testing::{TestApp, TestSchool, minutes, refusal};
use domain::account::StaffRole;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a person's program asks, each write under a key of its own.
struct Program {
    client: Client,
    base: String,
}

impl Program {
    async fn of(app: &TestApp, school: &TestSchool, role: StaffRole) -> Self {
        Self { client: app.sign_in(school, role).await.unwrap(), base: format!("{}/api/v1", app.base) }
    }

    async fn ask(&self, method: Method, path: &str, key: u128, body: &Value) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.base));
        request.header("idempotency-key", Uuid::from_u128(key).to_string()).json(body).send().await.unwrap()
    }

    async fn begin(&self, key: u128, reason: &str) -> Value {
        let answer = self.ask(Method::POST, "/roll-calls", key, &json!({"reason": reason})).await;
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn mark(&self, call: &str, key: u128, marks: Value) -> Response {
        self.ask(Method::PUT, &format!("/roll-calls/{call}/marks"), key, &json!({"marks": marks})).await
    }

    async fn read(&self) -> Value {
        let answer = self.client.get(format!("{}/roll-call", self.base)).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}

fn named(begun: &Value) -> String {
    format!("{}/{}", begun["date"].as_str().unwrap(), begun["roll_call_id"].as_str().unwrap())
}

async fn position(answer: Response) -> Value {
    answer.error_for_status().unwrap().json::<Value>().await.unwrap()["position"].clone()
}

fn figures(told: &Value) -> [u64; 4] {
    ["inside", "to_find", "safe", "unknown"].map(|name| told[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_program_calls_the_roll_and_each_mark_counts_once_and_after_the_end_too() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let scans: Vec<Value> =
        (0..2).map(|n| school.scan(n + 1, &school.pupils[usize::try_from(n).unwrap()].1, app.now())).collect();
    app.scan(&school, &scans).await.unwrap();
    app.settle().await.unwrap();
    let program = Program::of(&app, &school, StaffRole::Inspector).await;
    let told = program.read().await;
    assert_eq!((figures(&told), &told["roll_call"]), ([2, 2, 0, 0], &Value::Null));
    assert_eq!(told["silent_gates"], json!([]));

    let begun = program.begin(1, "drill").await;
    assert_eq!(program.begin(1, "drill").await, begun, "the same key, the same answer");
    assert_eq!(program.begin(2, "drill").await, begun, "there is one");
    let director = Program::of(&app, &school, StaffRole::Director).await;
    assert_eq!(named(&director.begin(3, "evacuation").await), named(&begun));
    let call = named(&begun);
    let pupil = |n: usize| school.pupils[n].0.0;
    let said = app.now() + minutes(1);
    app.clock.advance(minutes(4));
    let marks = json!([{"student_id": pupil(0), "safe": true, "at": said}, {"student_id": pupil(2), "safe": true}]);
    assert!(position(program.mark(&call, 4, marks.clone()).await).await.is_i64());
    assert_eq!(position(program.mark(&call, 5, marks).await).await, Value::Null, "it was said");
    app.settle().await.unwrap();
    let told = program.read().await;
    assert_eq!(figures(&told), [2, 3, 2, 0], "whoever no gate saw is found, too");
    assert_eq!(told["roll_call"]["reason"], "evacuation");
    let of = |told: &Value, n: usize| {
        told["pupils"].as_array().unwrap().iter().find(|one| one["student_id"] == json!(pupil(n))).unwrap().clone()
    };
    assert_eq!((of(&told, 0)["said_at"].clone(), of(&told, 0)["name"]["given"].clone()), (json!(said), json!("Ana 0")));
    assert_eq!((&of(&told, 2)["place"], &of(&told, 2)["safe"]), (&json!("not_inside"), &json!(true)));

    let end = format!("/roll-calls/{call}/end");
    assert!(position(program.ask(Method::POST, &end, 6, &json!({})).await).await.is_i64());
    assert_eq!(position(program.ask(Method::POST, &end, 7, &json!({})).await).await, Value::Null);
    let late = json!([{"student_id": pupil(1), "safe": true, "at": said}, {"student_id": pupil(2), "safe": false}]);
    assert!(position(program.mark(&call, 8, late).await).await.is_i64());
    app.settle().await.unwrap();
    let told = program.read().await;
    assert_eq!(figures(&told), [2, 2, 2, 0]);
    assert!(told["roll_call"]["ended_at"].is_string());
    assert_ne!(named(&program.begin(9, "drill").await), call, "another one");
    assert_eq!(program.begin(1, "drill").await, begun, "what was answered once");
    app.shutdown().await;
}

#[tokio::test]
async fn what_a_roll_call_does_not_take_is_refused_with_a_stable_code_and_of_another_school_nothing_is_there() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let program = Program::of(&app, &school, StaffRole::Inspector).await;
    let theirs = Program::of(&app, &twin, StaffRole::Inspector).await.begin(1, "drill").await;
    let call = named(&program.begin(2, "drill").await);
    let own = json!({"student_id": school.pupils[0].0.0, "safe": true});
    let code = async |answer: Response| refusal(answer).await.unwrap();
    let not_found = (404, "roll_call_not_found".to_owned());
    let nowhere = format!("2026-03-09/{}", Uuid::from_u128(0xbad));
    for (key, call) in [(3, named(&theirs)), (4, nowhere), (5, "2026-03-09/x".into()), (6, "+9999-01-01/x".into())] {
        assert_eq!(code(program.mark(&call, key, json!([own])).await).await, not_found, "{call}");
        let end = program.ask(Method::POST, &format!("/roll-calls/{call}/end"), key + 100, &json!({})).await;
        assert_eq!(code(end).await, not_found, "{call}");
    }
    let stranger = json!([own, {"student_id": twin.pupils[0].0.0, "safe": true}]);
    assert_eq!(code(program.mark(&call, 10, stranger).await).await, (404, "not_found".into()));
    let many: Vec<&Value> = std::iter::repeat_n(&own, 501).collect();
    for (key, marks) in [(11, json!([])), (12, json!(many)), (13, json!([{"student_id": "x", "safe": true}]))] {
        assert_eq!(code(program.mark(&call, key, marks).await).await, (422, "invalid_body".into()));
    }
    let begin = program.ask(Method::POST, "/roll-calls", 14, &json!({"reason": "fire"})).await;
    assert_eq!(code(begin).await, (422, "invalid_body".into()));
    let no_key = program.client.put(format!("{}/roll-calls/{call}/marks", program.base)).json(&json!({})).send().await;
    assert_eq!(code(no_key.unwrap()).await, (422, "idempotency_key_required".into()));
    let auditor = Program::of(&app, &school, StaffRole::Auditor).await;
    assert_eq!(code(auditor.mark(&call, 15, json!([own])).await).await, (403, "forbidden".into()));
    app.settle().await.unwrap();
    assert_eq!(figures(&program.read().await), [0, 0, 0, 0], "nothing of it was taken");
    app.shutdown().await;
}

#[tokio::test]
async fn of_whom_it_is_not_known_as_a_gate_is_silent_is_told_from_the_last_known_state() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let program = Program::of(&app, &school, StaffRole::Inspector).await;
    assert_eq!(figures(&program.read().await), [1, 1, 0, 0]);
    // Nothing is heard of the only gate any more, and nothing else changes.
    app.clock.advance(minutes(20));
    let told = program.read().await;
    assert_eq!(figures(&told), [1, 1, 0, 1]);
    assert_eq!(told["silent_gates"], json!(["Portón Norte"]));
    let since =
        told["pupils"].as_array().unwrap().iter().find(|one| one["place"] == "inside").unwrap()["since"].clone();
    assert!(since.is_string() && told["recorded_at"].is_string(), "{told}");
    app.shutdown().await;
}

#[tokio::test]
async fn whom_a_roll_call_left_to_be_found_is_told_as_it_was_known_at_its_end_with_what_was_said_late() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(4).await.unwrap(), app.school(1).await.unwrap());
    let scan = |n: usize| school.scan(i64::try_from(n).unwrap() + 1, &school.pupils[n].1, app.now());
    app.scan(&school, &[scan(0), scan(1), scan(2)]).await.unwrap();
    app.settle().await.unwrap();
    let program = Program::of(&app, &school, StaffRole::Inspector).await;
    let call = named(&program.begin(1, "drill").await);
    let pupil = |n: usize| school.pupils[n].0.0;
    app.clock.advance(minutes(2));
    let said = app.now();
    program.mark(&call, 2, json!([{"student_id": pupil(0), "safe": true}])).await.error_for_status().unwrap();
    let result = async || -> Value {
        app.settle().await.unwrap();
        let answer = program.client.get(format!("{}/roll-calls/{call}", program.base)).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    };
    let told = result().await;
    assert_eq!((&told["safe"], &told["not_found"]), (&Value::Null, &Value::Null), "it goes on");
    app.clock.advance(minutes(2));
    program.ask(Method::POST, &format!("/roll-calls/{call}/end"), 3, &json!({})).await.error_for_status().unwrap();
    // Whoever comes after the end was not looked for.
    app.clock.advance(minutes(2));
    app.scan(&school, &[scan(3)]).await.unwrap();
    let missing = |told: &Value| {
        let all = told["not_found"].as_array().unwrap().clone();
        all.into_iter().map(|one| (one["student_id"].clone(), one["safe_since"].clone())).collect::<Vec<_>>()
    };
    let of = |n: usize, since: Value| (json!(pupil(n)), since);
    let sorted = |mut all: Vec<(Value, Value)>| {
        all.sort_by_key(|(id, _)| id.as_str().unwrap().to_owned());
        all
    };
    let told = result().await;
    assert_eq!(missing(&told), sorted(vec![of(1, Value::Null), of(2, Value::Null)]));
    assert_eq!((&told["safe"], &told["roll_call"]["reason"]), (&json!(1), &json!("drill")));
    let first = &told["not_found"][0];
    assert_eq!((&first["place"], first["name"]["family"].as_str()), (&json!("inside"), Some("Pérez Soto")));
    // One was found before the end by a phone that was cut off, the other after it.
    let late = json!([{"student_id": pupil(1), "safe": true, "at": said}, {"student_id": pupil(2), "safe": true}]);
    program.mark(&call, 4, late).await.error_for_status().unwrap();
    let told = result().await;
    assert_eq!((missing(&told), &told["safe"]), (vec![of(2, json!(app.now()))], &json!(2)));
    let next = program.begin(5, "evacuation").await;
    app.settle().await.unwrap();
    let now = program.read().await;
    assert_eq!(now["roll_call"]["roll_call_id"], next["roll_call_id"]);
    assert_eq!(now["earlier"][0]["roll_call_id"], told["roll_call"]["roll_call_id"]);

    let others = Program::of(&app, &twin, StaffRole::Inspector).await;
    let nowhere = format!("2026-03-09/{}", Uuid::from_u128(0xbad));
    for (client, call) in [(&others, &call), (&program, &nowhere)] {
        let answer = client.client.get(format!("{}/roll-calls/{call}", client.base)).send().await.unwrap();
        assert_eq!(refusal(answer).await.unwrap(), (404, "roll_call_not_found".into()));
    }
    app.shutdown().await;
}
