//! The kiosks' pages and their API over HTTP.

use crate::pages::tests::shown::{get, post};
use crate::session::STEP_UP;
use crate::testing::{PASSWORD, TestApp, TestSchool, minutes, refusal};
use domain::account::StaffRole;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

async fn beat(app: &TestApp, school: &TestSchool, says: Value) -> reqwest::Response {
    let mut beat = json!({
        "queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": app.now(),
        "monotonic_ms": 10_000_000, "queue_depth": 0, "last_seq": 0,
    });
    beat.as_object_mut().unwrap().extend(says.as_object().unwrap().clone());
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", app.base, school.kiosk);
    app.anonymous.post(url).bearer_auth(&school.secret).json(&beat).send().await.unwrap()
}

/// What happened to kiosks, by whom, after their enrolment.
async fn told(app: &TestApp) -> Vec<(String, String)> {
    sqlx::query_as(
        "select event_type, actor from events
         where aggregate_type = 'kiosk' and event_type in ('mode_changed', 'revoked') order by position",
    )
    .fetch_all(&app.running().pools().log_reader)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_page_and_the_api_say_what_a_kiosk_told_and_that_it_never_told_anything() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let page = get(&app, &inspector, "/kioscos").await;
    assert_eq!(page.0, 200);
    for says in ["Portón Norte", "ingreso", "nunca se ha comunicado", "no lo ha dicho", "de 1 se comunican"] {
        assert!(page.2.contains(says), "{says}: {}", page.2);
    }
    let ahead = app.now() + chrono::TimeDelta::milliseconds(90_500);
    let says = json!({"queue_depth": 3, "last_seq": 3, "device_time": ahead, "app_version": "1.4.2"});
    assert_eq!(beat(&app, &school, says).await.status(), 200);
    app.clock.advance(chrono::TimeDelta::seconds(7));
    let page = get(&app, &inspector, "/kioscos").await.2;
    for says in ["se comunica", "hace 7,0 s", "3 en espera", "adelantado 90 s", "1.4.2", "todavía ninguna"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("/kioscos/"), "an inspector is not led to what an inspector may not do");
    let item = app.json(&format!("/api/v1/kiosks?school={}", school.id)).await.unwrap()["items"][0].clone();
    assert_eq!(
        (&item["queue_depth"], &item["clock_skew_ms"], &item["mode"]),
        (&json!(3), &json!(90_500), &json!("entry_lane"))
    );
    assert_eq!((&item["app_version"], &item["silent_since"]), (&json!("1.4.2"), &Value::Null));

    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    app.clock.advance(minutes(4));
    let page = get(&app, &inspector, "/kioscos").await.2;
    for says in ["sin noticias", ">07:30<", "nada en espera"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_lane_is_turned_in_a_persons_name_and_not_over_the_head_of_another() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let person = app.person(school.id, StaffRole::Director).await.unwrap();
    let (one, other) = (app.browser(&person).unwrap(), app.sign_in(&school, StaffRole::Admin).await.unwrap());
    let (page, turn) = (format!("/kioscos/{}", school.kiosk), format!("/kioscos/{}/sentido", school.kiosk));
    let offers = |text: &str| {
        let lanes = ["entry_lane", "exit_lane", "choice"].into_iter();
        lanes.filter(|lane| text.contains(&format!("name=\"sentido\" value=\"{lane}\""))).collect::<Vec<_>>()
    };
    let before = get(&app, &other, &page).await.2;
    assert!(before.contains("name=\"desde\" value=\"entry_lane\""), "{before}");
    assert_eq!(offers(&before), ["exit_lane", "choice"]);

    let done = post(&app, &one, &turn, &[("desde", "entry_lane"), ("sentido", "exit_lane")]).await;
    let list = format!("/kioscos?colegio={}&aviso=sentido", school.id);
    assert_eq!((done.0, done.1.as_deref()), (303, Some(list.as_str())));
    // What the next page shows is what was done.
    let after = get(&app, &one, &list).await.2;
    assert!(after.contains("El sentido quedó cambiado.") && after.contains("salida"), "{after}");
    let by = format!("user:{}", person.account_id);
    assert_eq!(told(&app).await, [("mode_changed".to_owned(), by.clone())]);

    // Whoever still has the page of before.
    let late = post(&app, &other, &turn, &[("desde", "entry_lane"), ("sentido", "choice")]).await;
    assert_eq!(late.0, 409);
    assert!(late.2.contains("ahora es salida. No se hizo el cambio"), "{}", late.2);
    assert!(late.2.contains("name=\"desde\" value=\"exit_lane\"") && offers(&late.2) == ["entry_lane", "choice"]);
    for wrong in [vec![("desde", "exit_lane")], vec![("desde", "exit_lane"), ("sentido", "\"><script>")], vec![]] {
        let refused = post(&app, &other, &turn, &wrong).await;
        assert!(refused.0 == 422 && refused.2.contains("Elija un sentido."), "{wrong:?}: {}", refused.2);
        assert!(!refused.2.contains("<script>"));
    }
    // The same again is nothing new.
    let again = post(&app, &one, &turn, &[("desde", "entry_lane"), ("sentido", "exit_lane")]).await;
    assert_eq!(again.0, 303);
    assert_eq!(told(&app).await.len(), 1);

    let url = format!("{}/api/v1/kiosks/{}/mode", app.base, school.kiosk);
    let put = async |key: u128, body: Value| {
        let request = other.put(&url).header("idempotency-key", Uuid::from_u128(key).to_string()).json(&body);
        request.send().await.unwrap()
    };
    let late = put(1, json!({"from": "entry_lane", "mode": "choice"})).await;
    assert_eq!(refusal(late).await.unwrap(), (409, "lane_changed".into()));
    let turned = put(2, json!({"from": "exit_lane", "mode": "choice"})).await;
    assert_eq!(turned.status(), 200);
    let first: Value = turned.json().await.unwrap();
    assert!(first["position"].is_i64(), "{first}");
    put(3, json!({"from": "choice", "mode": "entry_lane"})).await.error_for_status().unwrap();
    let again: Value = put(2, json!({"from": "exit_lane", "mode": "choice"})).await.json().await.unwrap();
    assert_eq!(again, first, "the same key, the same answer");
    assert_eq!(
        refusal(put(4, json!({"from": "x", "mode": "choice"})).await).await.unwrap(),
        (422, "invalid_body".into())
    );
    assert_eq!(told(&app).await.len(), 3);
    app.shutdown().await;
}

#[tokio::test]
async fn a46_a_kiosk_is_revoked_after_the_password_and_no_replica_trusts_it_two_seconds_later() {
    let app = TestApp::start().await.unwrap();
    let replica = TestApp::start_with(app.databases.clone(), None).await.unwrap();
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "director@escuela.cl", StaffRole::Director).await.unwrap();
    let mut jar = crate::testing::Jar::default();
    let mut ask = async |method: &str, path: &str, form: &[(&str, &str)]| {
        let answer = jar.send(&app, method.parse().unwrap(), path, form).await.unwrap();
        let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location, answer.text().await.unwrap())
    };
    ask("POST", "/entrar", &[("email", "director@escuela.cl"), ("clave", PASSWORD)]).await;
    app.clock.advance(STEP_UP);
    replica.clock.advance(STEP_UP);
    for server in [&app, &replica] {
        assert_eq!(beat(server, &school, json!({"queue_depth": 2, "last_seq": 2})).await.status(), 200);
    }
    let asks = format!("/kioscos/{}/anular", school.kiosk);
    for method in ["GET", "POST"] {
        let (status, to, _) = ask(method, &asks, &[]).await;
        assert_eq!(status, 303, "{method}");
        assert!(to.unwrap().starts_with("/cuenta/confirmar?volver=%2Fkioscos"), "{method}");
    }
    assert_eq!(told(&app).await, [], "the password first");
    let (_, back, _) = ask("POST", "/cuenta/confirmar", &[("clave", PASSWORD), ("volver", &asks)]).await;
    assert_eq!(back.as_deref(), Some(asks.as_str()));
    let (status, _, page) = ask("GET", &asks, &[]).await;
    assert_eq!(status, 200);
    for says in ["¿Anular Portón Norte?", "tenía 2 lecturas en espera", "Ningún otro lector", "No se puede deshacer"]
    {
        assert!(page.contains(says), "{says}: {page}");
    }
    let (status, to, _) = ask("POST", &asks, &[]).await;
    let revoked = Instant::now();
    assert_eq!((status, to), (303, Some(format!("/kioscos?colegio={}&aviso=anulado", school.id))));
    for server in [&app, &replica] {
        loop {
            let answer = beat(server, &school, json!({})).await;
            if answer.status() != 200 {
                assert_eq!(refusal(answer).await.unwrap(), (403, "kiosk_revoked".into()));
                break;
            }
            assert!(revoked.elapsed() < Duration::from_secs(2), "still trusted");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    assert_eq!(told(&app).await, [("revoked".to_owned(), format!("user:{account}"))]);
    let (_, _, list) = ask("GET", "/kioscos", &[]).await;
    assert!(list.contains("Anulados") && list.contains("attendance kiosk enrol"), "{list}");
    // Again is nothing new; and its lane stays as it is.
    assert_eq!(ask("POST", &asks, &[]).await.0, 303);
    let turn = format!("/kioscos/{}/sentido", school.kiosk);
    let (status, _, page) = ask("POST", &turn, &[("desde", "entry_lane"), ("sentido", "choice")]).await;
    assert!(status == 409 && page.contains("está anulado"), "{page}");
    assert_eq!(told(&app).await.len(), 1);
    // What it sends is kept, for a person.
    let items = app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    assert_eq!(items[0]["verdict"], "quarantined");
    replica.shutdown().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_program_revokes_a_kiosk_by_the_api_once_for_each_key() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let revoke = async |kiosk: String, key: u128| {
        let url = format!("{}/api/v1/kiosks/{kiosk}/revoke", app.base);
        director.post(url).header("idempotency-key", Uuid::from_u128(key).to_string()).send().await.unwrap()
    };
    let first: Value = revoke(school.kiosk.to_string(), 1).await.json().await.unwrap();
    assert!(first["position"].is_i64(), "{first}");
    let again: Value = revoke(school.kiosk.to_string(), 1).await.json().await.unwrap();
    assert_eq!(again, first);
    let other: Value = revoke(school.kiosk.to_string(), 2).await.json().await.unwrap();
    assert_eq!(other["position"], Value::Null, "it was so already");
    for (key, nowhere) in [(3, twin.kiosk.to_string()), (4, Uuid::from_u128(9).to_string()), (5, "x".into())] {
        assert_eq!(refusal(revoke(nowhere, key).await).await.unwrap(), (404, "not_found".into()));
    }
    assert_eq!(told(&app).await.len(), 1, "the twin's goes on");
    app.shutdown().await;
}
