use crate::testing::{TestApp, refusal};
use serde_json::{Value, json};
use uuid::Uuid;

fn week(entry: &str) -> Value {
    json!({ "effective_from": "2026-03-16", "stays": [{ "weekday": "Mon", "entry": entry, "exit": "15:30:00" }] })
}

#[tokio::test]
async fn a_repeated_key_is_answered_again_and_another_request_under_it_is_refused() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(0).await.unwrap();
    let url = format!("{}/api/v1/courses/{}/schedule", app.base, school.course);
    let put = async |key: Option<Uuid>, body: &Value| {
        let request = app.client.put(&url).json(body);
        let request = if let Some(key) = key { request.header("idempotency-key", key.to_string()) } else { request };
        request.send().await.unwrap()
    };
    let key = Some(Uuid::from_u128(0x1d));
    let first: Value = put(key, &week("08:15:00")).await.error_for_status().unwrap().json().await.unwrap();
    let again: Value = put(key, &week("08:15:00")).await.error_for_status().unwrap().json().await.unwrap();
    assert_eq!(first, again);
    assert!(first["position"].as_i64().unwrap() > 0);
    let code = async |key, body: &Value| refusal(put(key, body).await).await.unwrap();
    assert_eq!(code(key, &week("09:00:00")).await, (422, "idempotency_key_reused".into()));
    assert_eq!(code(None, &week("09:00:00")).await, (422, "idempotency_key_required".into()));
    let other = Some(Uuid::from_u128(0x2d));
    assert_eq!(code(other, &week("16:00:00")).await, (422, "schedule_invalid".into()));
    for far in ["-9999-01-01", "+200000-01-01"] {
        let mut dated = week("08:15:00");
        dated["effective_from"] = json!(far);
        let key = Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, far.as_bytes()));
        assert_eq!(code(key, &dated).await, (422, "schedule_invalid".into()), "{far}");
    }
    let mut unknown = week("08:00:00");
    unknown["colour"] = json!(1);
    assert_eq!(code(other, &unknown).await, (422, "invalid_body".into()));
    let missing = app.client.put(url.replace(&school.course.to_string(), &Uuid::from_u128(1).to_string()));
    let missing = missing.header("idempotency-key", Uuid::from_u128(3).to_string()).json(&week("08:00:00"));
    assert_eq!(refusal(missing.send().await.unwrap()).await.unwrap(), (404, "not_found".into()));
    app.settle().await.unwrap();
    let audit = app.json("/api/v1/audit?event=weekly_schedule_set&order=oldest").await.unwrap();
    assert_eq!(audit["items"].as_array().unwrap().len(), 2, "the school's first, and the key's one");
    app.shutdown().await;
}

#[tokio::test]
async fn a_repeat_of_what_changed_nothing_or_was_refused_undoes_no_later_change() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(0).await.unwrap();
    let put = async |course: Uuid, key: u128, body: &Value| {
        let url = format!("{}/api/v1/courses/{course}/schedule", app.base);
        let request = app.client.put(url).json(body).header("idempotency-key", Uuid::from_u128(key).to_string());
        request.send().await.unwrap()
    };
    let course = school.course.0;
    let (a, b) = (week("08:15:00"), week("09:00:00"));
    let set =
        |response: reqwest::Response| async { response.error_for_status().unwrap().json::<Value>().await.unwrap() };
    assert!(set(put(course, 1, &a).await).await["position"].is_i64());
    // The same schedule under another key: nothing to do. Then somebody sets another one.
    let nothing = set(put(course, 2, &a).await).await;
    assert!(nothing["position"].is_null());
    assert!(set(put(course, 3, &b).await).await["position"].is_i64());
    assert_eq!(set(put(course, 2, &a).await).await, nothing, "the first answer");
    // A course that is opened only after it was asked for.
    let later = domain::CourseId(Uuid::from_u128(0xc0));
    assert_eq!(refusal(put(later.0, 4, &a).await).await.unwrap(), (404, "not_found".into()));
    let open =
        domain::course::Command::Open {
            year: 2026, name: "2º Básico A".into(), level: "2".into(), letter: "A".into()
        };
    let stream = domain::StreamId::of(school.id, later);
    app.write().execute::<domain::course::Course>(&app.context(school.id), &stream, open).await.unwrap();
    assert!(set(put(later.0, 5, &b).await).await["position"].is_i64());
    assert_eq!(refusal(put(later.0, 4, &a).await).await.unwrap(), (404, "not_found".into()), "the first answer");
    app.settle().await.unwrap();
    let audit = app.json("/api/v1/audit?event=weekly_schedule_set").await.unwrap();
    assert_eq!(audit["items"].as_array().unwrap().len(), 4, "the school's own, keys 1, 3 and 5");
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_equal_requests_at_once_have_one_effect_and_one_answer() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(0).await.unwrap();
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let put = async |course: Uuid, key: u128, entry: String| {
        let url = format!("{}/api/v1/courses/{course}/schedule", app.base);
        let request =
            app.client.put(url).json(&week(&entry)).header("idempotency-key", Uuid::from_u128(key).to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let mut body: Value = response.json().await.unwrap();
        body.as_object_mut().unwrap().remove("instance");
        (status, body)
    };
    let events = async |key: u128| {
        let count = "select count(*) from events where command_id = $1";
        sqlx::query_scalar::<_, i64>(count).bind(Uuid::from_u128(key)).fetch_one(&owner).await.unwrap()
    };
    let course = school.course.0;
    for round in 0..8 {
        let (changes, nothing, other, refused) = (round * 4 + 1, round * 4 + 2, round * 4 + 3, round * 4 + 4);
        let minute = |n: u128| format!("08:{:02}:00", round * 2 + n);
        let set = futures::future::join_all((0..16).map(|_| put(course, changes, minute(10)))).await;
        assert!(set.iter().all(|answer| *answer == set[0] && answer.0 == 200), "{set:?}");
        assert_eq!(events(changes).await, 1);

        // The same schedule under another key, while somebody sets another one.
        let same = futures::future::join_all((0..16).map(|_| put(course, nothing, minute(10))));
        let (same, changed) = tokio::join!(same, put(course, other, minute(11)));
        assert!(same.iter().all(|answer| *answer == same[0] && answer.0 == 200), "{same:?}");
        assert_eq!((changed.0, events(other).await), (200, 1));
        assert_eq!(events(nothing).await, i64::from(same[0].1["position"].is_i64()), "the answer says what was done");

        let none = Uuid::from_u128(0xdead + round);
        let missing = futures::future::join_all((0..16).map(|_| put(none, refused, minute(10)))).await;
        assert!(missing.iter().all(|answer| *answer == missing[0] && answer.0 == 404), "{missing:?}");
        assert_eq!(events(refused).await, 0);
    }
    app.shutdown().await;
}
