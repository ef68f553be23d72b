//! A program over HTTP, from the sign-in to the way out.

use super::*;
use crate::testing::PASSWORD;
use domain::AccountId;
use serde_json::{Value, json};

async fn post(app: &TestApp, path: &str, body: Value) -> reqwest::Response {
    app.anonymous.post(format!("{}/api/v1/tokens{path}", app.base)).json(&body).send().await.unwrap()
}

async fn given(response: reqwest::Response) -> Value {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.json().await.unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// The account's events so far, once so many are there: some are noted beside the answer.
async fn events(app: &TestApp, account: AccountId, wanted: &str) -> Vec<String> {
    let begun = std::time::Instant::now();
    loop {
        let names: Vec<String> =
            sqlx::query_scalar("select event_type from events where aggregate_id like '%' || $1 order by sequence")
                .bind(account.to_string())
                .fetch_all(&app.running().pools().log_reader)
                .await
                .unwrap();
        if names.iter().any(|name| name == wanted) {
            return names;
        }
        assert!(begun.elapsed().as_secs() < 10, "{wanted}: {names:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_signs_in_asks_refreshes_is_listed_and_signs_out() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let credentials = json!({"email": " Rosa@Escuela.CL", "password": PASSWORD, "client": "Planilla"});
    let first = given(post(&app, "", credentials).await).await;
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!((first["expires_in"].as_i64(), text(&first, "school_id")), (Some(300), school.id.to_string().as_str()));
    assert_eq!(with_token(&app, text(&first, "access_token")).await, 200);
    events(&app, account, "signed_in").await;

    let second = given(post(&app, "/refresh", json!({"refresh_token": first["refresh_token"]})).await).await;
    let list = app.anonymous.get(format!("{}/api/v1/tokens", app.base)).bearer_auth(text(&second, "access_token"));
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((text(&items[0], "client"), items[0]["this"].as_bool()), ("Planilla", Some(true)));
    assert_eq!(text(&items[0], "network"), "127.0.0.0/24");

    for _ in 0..2 {
        let out = post(&app, "/revoke", json!({"refresh_token": second["refresh_token"]})).await;
        assert_eq!((out.status().as_u16(), out.text().await.unwrap()), (204, String::new()));
    }
    assert_eq!(with_token(&app, text(&second, "access_token")).await, 401);
    let refused = post(&app, "/refresh", json!({"refresh_token": second["refresh_token"]})).await;
    assert_eq!(refusal(refused).await.unwrap(), (400, "invalid_grant".into()));
    assert_eq!(post(&app, "/revoke", json!({"refresh_token": "nobody's"})).await.status(), 204);
    events(&app, account, "session_ended").await;
    app.shutdown().await;
}

#[tokio::test]
async fn p06_a_copy_is_an_event_of_the_account_and_its_page_says_so() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let sign_in = json!({"email": "rosa@escuela.cl", "password": PASSWORD, "client": "Planilla"});
    let first = given(post(&app, "", sign_in.clone()).await).await;
    given(post(&app, "", json!({"email": "rosa@escuela.cl", "password": PASSWORD, "client": "Otra"})).await).await;
    let mut person = TestPerson { account_id: account, cookie: String::new() };
    person.sign_in(app.state()).await.unwrap();
    let browser = app.browser(&person).unwrap();
    let page = async || browser.get(format!("{}/cuenta", app.base)).send().await.unwrap().text().await.unwrap();
    let before = page().await;
    assert!(before.contains("Planilla") && before.contains("Otra") && before.contains("Quitar el acceso a todos"));

    let refresh = json!({"refresh_token": first["refresh_token"]});
    given(post(&app, "/refresh", refresh.clone()).await).await;
    app.clock.advance(GRACE);
    let refused = post(&app, "/refresh", refresh).await;
    assert_eq!(refusal(refused).await.unwrap(), (400, "invalid_grant".into()));
    let names = events(&app, account, "refresh_reuse_detected").await;
    assert_eq!(names.iter().filter(|name| *name == "refresh_reuse_detected").count(), 1);
    let after = page().await;
    assert!(after.contains("alguien usó una copia") && !after.contains("Quitar el acceso a todos"), "{after}");

    // The other one is ended by the person, on the page.
    let id = after.split("name=\"programa\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let end = async |id: &str| {
        let request = browser.post(format!("{}/cuenta/programas", app.base));
        crate::testing::with_form(request, [("programa", id)]).send().await.unwrap()
    };
    assert_eq!(end("otra cosa").await.status(), 404);
    assert_eq!(end(&uuid::Uuid::nil().to_string()).await.status(), 404);
    assert_eq!(end(&id).await.headers()["location"], "/cuenta?aviso=programas");
    assert!(!page().await.contains("Otra"));
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_has_a_second_factor_needs_its_code_and_every_mistake_gets_one_answer() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let other = json!({"email": "rosa@escuela.cl", "password": "otra clave que no es"});
    let nobody = json!({"email": "nadie@escuela.cl", "password": PASSWORD});
    for wrong in [other, nobody] {
        assert_eq!(refusal(post(&app, "", wrong).await).await.unwrap(), (400, "invalid_grant".into()));
    }
    let setup = app.state().accounts.begin_totp(account).await.unwrap();
    let code = || {
        let secret = totp_rs::Secret::try_from_base32(&*setup.secret_base32).unwrap();
        let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
    };
    let proof = crate::testing::proof(app.state(), account).await.unwrap();
    app.state().accounts.confirm_totp(proof, &code(), app.now()).await.unwrap();
    app.clock.advance(TimeDelta::minutes(3));
    let with = |code: Option<String>| json!({"email": "rosa@escuela.cl", "password": PASSWORD, "code": code});
    let refused = post(&app, "", with(None)).await;
    assert_eq!(refusal(refused).await.unwrap(), (400, "second_factor_required".into()));
    let refused = post(&app, "", with(Some("000000".into()))).await;
    assert_eq!(refusal(refused).await.unwrap(), (400, "invalid_grant".into()));
    given(post(&app, "", with(Some(code()))).await).await;
    let refused = post(&app, "", with(Some(code()))).await;
    assert_eq!(refusal(refused).await.unwrap(), (400, "invalid_grant".into()), "a code counts once");
    app.shutdown().await;
}

#[tokio::test]
async fn of_several_schools_one_is_named_and_nothing_odd_is_read() {
    let app = TestApp::start().await.unwrap();
    let (one, two, three) = (app.school(1).await.unwrap(), app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let account = app.member(&one, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    app.grant(account, two.id, StaffRole::Auditor).await.unwrap();
    let sign_in = async |more: Value| {
        app.clock.advance(TimeDelta::minutes(1));
        let mut body = json!({"email": "rosa@escuela.cl", "password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let response = post(&app, "", body).await;
        if response.status() == 200 { (200, String::new()) } else { refusal(response).await.unwrap() }
    };
    assert_eq!(sign_in(json!({})).await, (422, "school_required".into()));
    assert_eq!(sign_in(json!({"school": two.id.0})).await, (200, String::new()));
    for nowhere in [three.id.0, uuid::Uuid::nil()] {
        assert_eq!(sign_in(json!({"school": nowhere})).await, (404, "not_found".into()));
    }
    for odd in [
        json!({"client": "x".repeat(61)}),
        json!({"client": "a\nb"}),
        json!({"client": "a\u{0}b"}),
        json!({"role": "OWNER"}),
        json!({"school": "x"}),
        json!({"code": 123456}),
    ] {
        assert_eq!(sign_in(odd.clone()).await, (422, "invalid_body".into()), "{odd}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn without_a_key_no_tokens_are_given() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.tokens = crate::config::TokenConfig::default();
    let app = TestApp::start_config(databases, &config).await.unwrap();
    for (path, body) in [("", json!({"email": "a@b.cl", "password": "x"})), ("/refresh", json!({"refresh_token": "x"}))]
    {
        assert_eq!(refusal(post(&app, path, body).await).await.unwrap(), (501, "tokens_off".into()));
    }
    assert_eq!(with_token(&app, "x").await, 401);
    app.shutdown().await;
}
