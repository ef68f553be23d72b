//! A second factor that is demanded (A38).

use super::passkeys::{ALONE, SECOND, payloads};
use super::*;
use crate::testing::refusal;
use domain::SchoolId;
use serde_json::json;
use uuid::Uuid;

const FACTOR: (&str, &str) = ("/entrar/factor/reto", "/entrar/factor/llave");

fn codes(page: &str) -> impl Fn(&TestApp) -> String + use<> {
    let base32 = page.split("<code>").nth(1).expect(page).split('<').next().unwrap().to_owned();
    move |app| {
        let secret = totp_rs::Secret::try_from_base32(&base32).unwrap();
        let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
    }
}

#[tokio::test]
async fn a38_whoever_has_no_second_factor_is_led_to_one_before_anything_opens() {
    let app = TestApp::start_strict().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut rosa = Browser::new(&app);
    let form = [("email", "rosa@escuela.cl"), ("clave", PASSWORD), ("volver", "/personas")];
    let led = rosa.post("/entrar", &form).await;
    assert_eq!(led.location.as_deref(), Some("/entrar/factor?volver=%2Fpersonas"));
    assert!(rosa.jar.cookie("known").is_none() && payloads(&app, "signed_in").await.is_empty(), "nobody came in yet");
    let half = rosa.sid().unwrap().to_owned();
    let mut closed = 0;
    for route in ROUTES.iter().filter(|route| matches!(route.access, Access::Person | Access::May(_))) {
        let answer = rosa.send(route.method.parse().unwrap(), route.path, &[]).await;
        let away = answer.location.is_some_and(|to| to.starts_with("/entrar"));
        assert!(away || answer.status == 401, "{route:?}: {} {}", answer.status, answer.text);
        closed += 1;
    }
    assert!(closed > 25, "{closed}");
    assert_eq!(rosa.get("/entrar?volver=/personas").await.location.unwrap(), "/entrar/factor?volver=%2Fpersonas");
    let page = rosa.get("/entrar/factor?volver=/personas").await.text;
    assert!(page.contains("Crear la llave") && page.contains("Usar una aplicación") && page.contains("/personas"));

    let mut device = app.device().unwrap();
    let more = [("nombre", "Mi teléfono"), ("volver", "/personas")];
    let entered = rosa.jar.answer(&app, FACTOR, &more, |options| device.create(options)).await.unwrap();
    assert_eq!(entered.headers()["location"], "/personas");
    assert!(rosa.get("/personas").await.text.contains("rosa@escuela.cl"));
    assert_eq!(rosa.get("/entrar/factor").await.location.as_deref(), Some("/entrar"), "there is one now");
    let mut old = Browser::new(&app);
    old.jar.0.push(("sid".to_owned(), half));
    assert_eq!(old.get("/entrar/factor").await.location.as_deref(), Some("/entrar"), "the half is nobody's any more");
    assert_eq!(old.get("/personas").await.status, 303);

    let mut again = Browser::new(&app);
    assert_eq!(again.sign_in("rosa@escuela.cl").await.location.as_deref(), Some("/entrar/codigo?volver=%2F"));
    assert_eq!(again.get("/entrar/factor").await.location.as_deref(), Some("/entrar"), "A38: no second way in");
    assert_eq!(again.post("/entrar/factor/reto", &[]).await.status, 303);
    assert_eq!(again.passkey(SECOND, |options| device.get(options)).await.location.as_deref(), Some("/"));
    app.shutdown().await;
}

#[tokio::test]
async fn a38_a_code_is_enough_for_an_inspector_and_not_for_whoever_rules_over_others() {
    let app = TestApp::start_strict().await.unwrap();
    let school = app.school(1).await.unwrap();
    for (email, role) in [("luis@escuela.cl", StaffRole::Inspector), ("admin@escuela.cl", StaffRole::Admin)] {
        app.member(&school, email, role).await.unwrap();
        let strict = role == StaffRole::Admin;
        let mut browser = Browser::new(&app);
        browser.sign_in(email).await;
        assert_eq!(browser.get("/entrar/factor").await.text.contains("Usar una aplicación"), !strict);
        let code = codes(&browser.post("/entrar/factor/codigo/comenzar", &[("volver", "/hoy")]).await.text);
        assert_eq!(browser.post("/entrar/factor/codigo", &[("codigo", "000000")]).await.status, 422);
        let done = browser.post("/entrar/factor/codigo", &[("codigo", &code(&app)), ("volver", "/hoy")]).await;
        assert_eq!(done.location.as_deref(), Some(if strict { "/entrar/factor?volver=%2Fhoy" } else { "/hoy" }));
        assert_eq!(browser.get("/hoy").await.status, if strict { 303 } else { 200 });
        app.clock.advance(minutes(1));
        // Password and code, and still the passkey.
        let mut again = Browser::new(&app);
        assert_eq!(again.sign_in(email).await.location.as_deref(), Some("/entrar/codigo?volver=%2F"));
        let onward = again.post("/entrar/codigo", &[("codigo", &code(&app))]).await.location;
        assert_eq!(onward.as_deref(), Some(if strict { "/entrar/factor?volver=%2F" } else { "/" }));
        app.clock.advance(minutes(1));
        // A program gets what its person would.
        let token = async |code: Option<String>| {
            let body = json!({ "email": email, "password": PASSWORD, "code": code });
            let sent = app.anonymous.post(format!("{}/api/v1/tokens", app.base)).json(&body).send().await.unwrap();
            if sent.status() == 200 { (200, String::new()) } else { refusal(sent).await.unwrap() }
        };
        let more = (400, "second_factor_required".to_owned());
        assert_eq!(token(None).await, more);
        assert_eq!(token(Some(code(&app))).await, if strict { more } else { (200, String::new()) }, "{role}");
        let mut device = app.device().unwrap();
        if strict {
            let entered = again.passkey(FACTOR, |options| device.create(options)).await;
            assert_eq!(entered.location.as_deref(), Some("/"), "{}", entered.text);
        }
    }
    app.member(&school, "nadie@escuela.cl", StaffRole::Auditor).await.unwrap();
    let body = json!({ "email": "nadie@escuela.cl", "password": PASSWORD });
    let sent = app.anonymous.post(format!("{}/api/v1/tokens", app.base)).json(&body).send().await.unwrap();
    assert_eq!(refusal(sent).await.unwrap(), (400, "second_factor_required".to_owned()));
    app.shutdown().await;
}

#[tokio::test]
async fn the_last_factor_is_not_taken_away_by_its_person_but_by_an_administrator_who_leads_to_another() {
    let app = TestApp::start_strict().await.unwrap();
    let school = app.school(1).await.unwrap();
    let mut devices = Vec::new();
    for (email, role) in [("admin@escuela.cl", StaffRole::Admin), ("rosa@escuela.cl", StaffRole::Director)] {
        app.member(&school, email, role).await.unwrap();
        let (mut browser, mut device) = (Browser::new(&app), app.device().unwrap());
        browser.sign_in(email).await;
        browser.passkey(FACTOR, |options| device.create(options)).await;
        devices.push((browser, device));
    }
    let [(mut admin, _), (mut rosa, mut device)] = <[_; 2]>::try_from(devices).ok().unwrap();
    let page = rosa.get("/cuenta").await.text;
    let id = page.split("name=\"llave\" value=\"").nth(1).unwrap()[..36].to_owned();
    let kept = rosa.post("/cuenta/llaves/quitar", &[("llave", &id)]).await;
    assert!(kept.status == 422 && kept.text.contains("Agregue primero otra"), "{}", kept.text);

    let rosa_id = app.state().accounts.by_email("rosa@escuela.cl").await.unwrap().unwrap().to_string();
    assert!(admin.get("/personas").await.text.contains("Quitar la verificación en dos pasos"));
    let reset = admin.post("/personas/factor", &[("cuenta", &rosa_id)]).await;
    assert_eq!(reset.status, 303, "{}", reset.text);
    assert_eq!(rosa.get("/hoy").await.status, 303, "every session ended");
    assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 422);
    let removed: Vec<String> = sqlx::query_scalar(
        "select actor from events where event_type = 'credential_removed' and payload->>'credential' = 'passkey'",
    )
    .fetch_all(&app.running().pools().log_reader)
    .await
    .unwrap();
    let by = app.state().accounts.by_email("admin@escuela.cl").await.unwrap().unwrap();
    assert_eq!(removed, [format!("user:{by}")]);
    let told = app.letters_to("rosa@escuela.cl", 2).await.unwrap();
    assert!(told.iter().any(|letter| letter.contains("agregue de nuevo la verificación en dos pasos")), "{told:?}");
    assert_eq!(rosa.sign_in("rosa@escuela.cl").await.location.as_deref(), Some("/entrar/factor?volver=%2F"));
    // Nothing was left to take: nothing happens, and nobody is told.
    assert_eq!(admin.post("/personas/factor", &[("cuenta", &rosa_id)]).await.status, 303);
    assert!(rosa.get("/entrar/factor").await.text.contains("Crear la llave"), "the way goes on");
    assert_eq!(app.letters_to("rosa@escuela.cl", 2).await.unwrap().len(), 2);

    // Not of an account that another school has, too.
    let twin = app.school(1).await.unwrap();
    let both = app.state().accounts.by_email("rosa@escuela.cl").await.unwrap().unwrap();
    let invite = Invite { email: "rosa@escuela.cl".into(), name: "Rosa".into(), role: StaffRole::Auditor };
    let accounts = &app.state().accounts;
    accounts.invite_for(&app.context(twin.id), invite, Scope::Installation).await.unwrap();
    let refused = admin.post("/personas/factor", &[("cuenta", &both.to_string())]).await;
    assert!(refused.status == 422 && refused.text.contains("también es de otro colegio"));
    // And not of a school that it is no member of.
    let elsewhere = app.context(SchoolId(Uuid::nil()));
    let refused = app.state().accounts.reset_factors(&elsewhere, by, Scope::School).await.unwrap_err();
    assert_eq!(refused.code(), "not_a_member");
    app.shutdown().await;
}

#[tokio::test]
async fn the_way_to_a_second_factor_is_open_for_a_quarter_of_an_hour_and_for_the_account_as_it_was() {
    let app = TestApp::start_strict().await.unwrap();
    let school = app.school(1).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let (mut slow, mut changed, mut out) = (Browser::new(&app), Browser::new(&app), Browser::new(&app));
    slow.sign_in("rosa@escuela.cl").await;
    app.clock.advance(minutes(15));
    assert_eq!(slow.get("/entrar/factor").await.location.as_deref(), Some("/entrar"));
    out.sign_in("rosa@escuela.cl").await;
    assert_eq!(out.get("/entrar/factor").await.status, 200);
    out.post("/salir", &[]).await;
    assert_eq!(out.get("/entrar/factor").await.status, 303);
    changed.sign_in("rosa@escuela.cl").await;
    app.state().accounts.grant(&app.context(school.id), rosa, StaffRole::Admin).await.unwrap();
    assert_eq!(changed.get("/entrar/factor").await.status, 303, "another account than the one that gave the password");
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_is_reached_by_a_number_does_not_start_and_demand_passkeys() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.people.second_factor = crate::config::SecondFactor::Required;
    config.http.public_url = Some("https://192.168.1.10".to_owned());
    let refused = TestApp::start_config(databases, &config).await.err().unwrap().to_string();
    assert!(refused.contains("192.168.1.10") && refused.contains("ATTENDANCE_SECOND_FACTOR"), "{refused}");
}
