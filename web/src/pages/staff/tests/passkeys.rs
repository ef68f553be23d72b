//! Passkeys over HTTP, with a device in software.

use super::*;
use crate::session::KNOWN;
use crate::testing::Authenticator;
use serde_json::{Value, json};

/// Changes options and answer on their way.
type Spoil = fn(&mut Value, &mut Value);

pub(super) const ALONE: (&str, &str) = ("/entrar/llave/reto", "/entrar/llave");
pub(super) const SECOND: (&str, &str) = ("/entrar/codigo/reto", "/entrar/codigo/llave");
const CONFIRM: (&str, &str) = ("/cuenta/confirmar/reto", "/cuenta/confirmar/llave");
const OWN: (&str, &str) = ("/cuenta/llaves/reto", "/cuenta/llaves");

impl Browser<'_> {
    /// The device's answer to a question, sent.
    pub(super) async fn passkey(
        &mut self,
        at: (&str, &str),
        act: impl FnOnce(&Value) -> anyhow::Result<String>,
    ) -> Shown {
        Shown::of(self.jar.answer(self.app, at, &[("nombre", "Teléfono azul")], act).await.unwrap()).await
    }

    /// Signs in with the password and adds a key of the device.
    async fn add(&mut self, email: &str, device: &mut Authenticator) {
        self.sign_in(email).await;
        let added = self.passkey(OWN, |options| device.create(options)).await;
        assert_eq!(added.location.as_deref(), Some("/cuenta?aviso=llave"), "{}", added.text);
    }
}

/// The events of everybody, with what they hold.
pub(super) async fn payloads(app: &TestApp, event: &str) -> Vec<Value> {
    sqlx::query_scalar(
        "select payload from events where aggregate_type = 'account' and event_type = $1 order by position",
    )
    .bind(event)
    .fetch_all(&app.running().pools().log_reader)
    .await
    .unwrap()
}

/// The same, once there is one: what is noted beside an answer may come after it.
async fn noted(app: &TestApp, event: &str, holds: &str) {
    let begun = std::time::Instant::now();
    while !payloads(app, event).await.iter().any(|payload| payload.to_string().contains(holds)) {
        assert!(begun.elapsed().as_secs() < 20, "no {event} with {holds}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a38_a_passkey_is_added_after_the_password_and_then_lets_in_alone() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut device = app.device().unwrap();
    let (mut rosa, mut elsewhere) = (Browser::new(&app), Browser::new(&app));
    elsewhere.sign_in("rosa@escuela.cl").await;
    rosa.sign_in("rosa@escuela.cl").await;
    let before = rosa.sid().unwrap().to_owned();
    app.clock.advance(STEP_UP);
    assert!(rosa.get("/cuenta/llaves").await.location.unwrap().starts_with("/cuenta/confirmar?"), "A48");
    let asked = rosa.post("/cuenta/llaves/reto", &[]).await;
    assert!(asked.location.unwrap().starts_with("/cuenta/confirmar?"));
    rosa.post("/cuenta/confirmar", &[("clave", PASSWORD), ("volver", "/cuenta/llaves")]).await;
    assert!(rosa.get("/cuenta/llaves").await.text.contains("Crear la llave"));
    let mut options = Value::Null;
    let added = rosa.passkey(OWN, |asked| {
        options = asked.clone();
        device.create(asked)
    });
    assert_eq!(added.await.location.as_deref(), Some("/cuenta?aviso=llave"));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["rp"]["id"], "localhost");
    assert!(rosa.get("/cuenta?aviso=llave").await.text.contains("Teléfono azul"));
    assert_ne!(rosa.sid(), Some(before.as_str()));
    assert_eq!(elsewhere.get("/cuenta").await.status, 303, "A47: another factor, another session");
    app.letters_to("rosa@escuela.cl", 1).await.unwrap();
    noted(&app, "credential_changed", r#""credential":"passkey""#).await;

    let mut again = Browser::new(&app);
    assert!(again.get("/entrar").await.text.contains("Entrar con llave de acceso"));
    let entered = again.passkey(ALONE, |options| device.get(options)).await;
    assert_eq!(entered.location.as_deref(), Some("/"), "{}", entered.text);
    assert!(again.get("/hoy").await.text.contains("Rosa Díaz"));
    assert!(again.get("/cuenta").await.text.contains("Usada hoy"));
    noted(&app, "signed_in", r#""method":"passkey""#).await;
    let browser = commands::accounts::Secret256::parse(again.jar.cookie("known").unwrap()).unwrap();
    assert_eq!(app.state().sessions.known_to(&browser).await.unwrap().len(), 1, "{KNOWN}");
    // No event holds the key, the device's name for it, or what the person calls it.
    let all: Vec<String> = sqlx::query_scalar("select payload::text from events where aggregate_type = 'account'")
        .fetch_all(&app.running().pools().log_reader)
        .await
        .unwrap();
    assert!(all.iter().all(|text| !text.contains("azul") && !text.contains("EC_EC2") && text.len() < 600), "{all:?}");

    // A48: what matters asks for it again, and the passkey is as good as the password.
    app.clock.advance(STEP_UP);
    assert!(again.get("/cuenta/llaves").await.location.unwrap().starts_with("/cuenta/confirmar?"));
    let sid = again.sid().unwrap().to_owned();
    let confirmed = again.passkey(CONFIRM, |options| device.get(options)).await;
    assert_eq!(confirmed.location.as_deref(), Some("/cuenta"), "{}", confirmed.text);
    assert_ne!(again.sid(), Some(sid.as_str()));
    assert_eq!(again.get("/cuenta/llaves").await.status, 200);
    let page = again.get("/cuenta").await.text;
    let id = page.split("name=\"llave\" value=\"").nth(1).unwrap()[..36].to_owned();
    app.member(&school, "otro@escuela.cl", StaffRole::Admin).await.unwrap();
    let mut stranger = Browser::new(&app);
    stranger.sign_in("otro@escuela.cl").await;
    stranger.post("/cuenta/llaves/quitar", &[("llave", &id)]).await;
    assert!(again.get("/cuenta").await.text.contains("Teléfono azul"), "nobody else removes it");
    let removed = again.post("/cuenta/llaves/quitar", &[("llave", &id)]).await;
    assert_eq!(removed.location.as_deref(), Some("/cuenta?aviso=sin-llave"));
    assert!(!again.get("/cuenta").await.text.contains("Teléfono azul"));
    assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 422);
    noted(&app, "credential_removed", r#""credential":"passkey""#).await;
    app.shutdown().await;
}

#[tokio::test]
async fn t30_a_devices_answer_is_taken_only_if_all_of_it_is_right_and_once() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut device = app.device().unwrap();
    device.count = None;
    Browser::new(&app).add("rosa@escuela.cl", &mut device).await;
    let changed = |change: fn(&mut Authenticator)| {
        let mut other = device.clone();
        change(&mut other);
        other
    };
    let port = app.base.rsplit(':').next().unwrap();
    for (what, mut other, taken) in [
        ("as it is", changed(|_| ()), true),
        ("another site", changed(|d| d.origin = "https://escuela.example".into()), false),
        ("its subdomain", changed(|d| d.origin = d.origin.replace("localhost", "mal.localhost")), false),
        ("another scheme", changed(|d| d.origin = d.origin.replace("http:", "https:")), false),
        ("nobody was verified", changed(|d| d.verifies = false), false),
    ] {
        let mut browser = Browser::new(&app);
        let shown = browser.passkey(ALONE, |options| other.get(options)).await;
        assert_eq!((shown.status == 303, browser.sid().is_some()), (taken, taken), "{what} {port}: {}", shown.text);
    }
    // An answer whose question, key or signature was changed on the way.
    let spoilt: [(&str, Spoil); 4] = [
        ("another challenge", |options, _| options["challenge"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into()),
        ("another key", |_, answer| answer["rawId"] = "AAAA".into()),
        ("another person", |_, answer| answer["response"]["userHandle"] = "AAAAAAAAAAAAAAAAAAAAAA".into()),
        ("another signature", |_, answer| {
            let signature = answer["response"]["signature"].as_str().unwrap_or("AAAAAAAA");
            answer["response"]["signature"] = (signature[..signature.len() - 4].to_owned() + "AAAA").into();
        }),
    ];
    for (what, spoil) in spoilt {
        let mut browser = Browser::new(&app);
        let shown = browser.passkey(ALONE, |options| {
            let mut options = options.clone();
            // Before it is signed, and after.
            spoil(&mut options, &mut json!({}));
            let mut answer = serde_json::from_str(&device.get(&options)?)?;
            spoil(&mut options, &mut answer);
            Ok(answer.to_string())
        });
        assert_eq!((shown.await.status, browser.sid()), (422, None), "{what}");
    }
    for nonsense in ["", "{}", "[]", "null", "x\0"] {
        let mut browser = Browser::new(&app);
        let shown = browser.passkey(ALONE, |_| Ok(nonsense.to_owned())).await;
        assert_eq!((shown.status, browser.sid()), (422, None), "{nonsense:?}");
    }
    // The same answer a second time, and one that took five minutes.
    let mut browser = Browser::new(&app);
    let asked: Value = serde_json::from_str(&browser.post(ALONE.0, &[]).await.text).unwrap();
    let (secret, answer) = (asked["reto"].as_str().unwrap(), device.get(&asked["opciones"]).unwrap());
    let form = [("reto", secret), ("respuesta", answer.as_str())];
    assert_eq!(browser.post(SECOND.1, &form).await.location.as_deref(), Some("/entrar"), "no password was given");
    assert_eq!(browser.post(ALONE.1, &form).await.status, 303);
    assert_eq!(Browser::new(&app).post(ALONE.1, &form).await.status, 422, "once");
    let asked: Value = serde_json::from_str(&browser.post(ALONE.0, &[]).await.text).unwrap();
    let (secret, answer) = (asked["reto"].as_str().unwrap(), device.get(&asked["opciones"]).unwrap());
    app.clock.advance(minutes(5));
    assert_eq!(Browser::new(&app).post(ALONE.1, &[("reto", secret), ("respuesta", &answer)]).await.status, 422);
    // Questions that nobody answered are forgotten as others are asked.
    Browser::new(&app).post(ALONE.0, &[]).await;
    let left: i64 = sqlx::query_scalar("select count(*) from passkey_challenges")
        .fetch_one(&app.running().pools().auth)
        .await
        .unwrap();
    assert_eq!(left, 1);
    app.shutdown().await;
}

#[tokio::test]
async fn d24_a_question_of_one_server_is_answered_at_another_and_of_twenty_at_once_one_comes_in() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let replica = TestApp::start_with(app.databases.clone(), None).await.unwrap();
    let mut device = app.device().unwrap();
    let mut rosa = Browser::new(&app);
    rosa.sign_in("rosa@escuela.cl").await;
    let asked: Value = serde_json::from_str(&rosa.post(OWN.0, &[]).await.text).unwrap();
    let answer = device.create(&asked["opciones"]).unwrap();
    let form = [("reto", asked["reto"].as_str().unwrap()), ("respuesta", &answer), ("nombre", "Una")];
    let mut there = Browser { app: &replica, jar: Jar(rosa.jar.0.clone()) };
    assert_eq!(there.post(OWN.1, &form).await.location.as_deref(), Some("/cuenta?aviso=llave"));

    let asked: Value = serde_json::from_str(&Browser::new(&app).post(ALONE.0, &[]).await.text).unwrap();
    let answer = device.get(&asked["opciones"]).unwrap();
    let form = [("reto", asked["reto"].as_str().unwrap()), ("respuesta", answer.as_str())];
    let tries = (0..20).map(|n| {
        let app = if n % 2 == 0 { &app } else { &replica };
        async move { Browser::new(app).post(ALONE.1, &form).await.status }
    });
    let mut answers = futures::future::join_all(tries).await;
    answers.sort_unstable();
    assert_eq!((answers[0], &answers[1..]), (303, &[422; 19][..]));
    replica.shutdown().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_device_that_counts_back_is_refused_and_the_account_is_told_while_one_that_counts_nothing_is_not() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut device = app.device().unwrap();
    Browser::new(&app).add("rosa@escuela.cl", &mut device).await;
    let mut copy = device.clone();
    for _ in 0..2 {
        assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 303);
    }
    for _ in 0..2 {
        // It counts 1 and 2, which the device itself did before.
        let mut thief = Browser::new(&app);
        assert_eq!(thief.passkey(ALONE, |options| copy.get(options)).await.status, 422);
        assert!(thief.sid().is_none());
    }
    noted(&app, "passkey_copy_suspected", "passkey_copy_suspected").await;
    let told = app.letters_to("rosa@escuela.cl", 2).await.unwrap();
    assert!(told.iter().any(|letter| letter.contains("puede haber una copia")), "{told:?}");
    assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 303, "the device itself");

    app.member(&school, "luis@escuela.cl", StaffRole::Inspector).await.unwrap();
    let mut synced = app.device().unwrap();
    synced.count = None;
    Browser::new(&app).add("luis@escuela.cl", &mut synced).await;
    for _ in 0..3 {
        assert_eq!(Browser::new(&app).passkey(ALONE, |options| synced.get(options)).await.status, 303);
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a38_after_the_password_a_passkey_or_a_code_and_of_whoever_rules_over_others_the_passkey_alone() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    for (email, role) in [("rosa@escuela.cl", StaffRole::Director), ("admin@escuela.cl", StaffRole::Admin)] {
        app.member(&school, email, role).await.unwrap();
        let mut device = app.device().unwrap();
        let mut browser = Browser::new(&app);
        browser.add(email, &mut device).await;
        let page = browser.post("/cuenta/codigo/comenzar", &[]).await.text;
        let base32 = page.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let code = || {
            let secret = totp_rs::Secret::try_from_base32(&base32).unwrap();
            let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
            totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
        };
        assert_eq!(browser.post("/cuenta/codigo", &[("codigo", &code())]).await.status, 303);
        app.clock.advance(minutes(1));

        let mut half = Browser::new(&app);
        assert_eq!(half.sign_in(email).await.location.as_deref(), Some("/entrar/codigo?volver=%2F"));
        assert_eq!(half.get("/cuenta").await.status, 303, "half is nothing");
        let page = half.get("/entrar/codigo").await.text;
        let strict = role == StaffRole::Admin;
        assert!(page.contains("Continuar con la llave de acceso"));
        assert_eq!(page.contains("name=\"codigo\""), !strict, "{role}");
        let by_code = half.post("/entrar/codigo", &[("codigo", &code())]).await;
        assert_eq!(by_code.status, if strict { 422 } else { 303 }, "{role}");

        // Another person's key is none, also where both are on one device.
        let mut half = Browser::new(&app);
        half.sign_in(email).await;
        let mut other = app.device().unwrap();
        app.member(&school, &format!("x{email}"), StaffRole::Inspector).await.unwrap();
        Browser::new(&app).add(&format!("x{email}"), &mut other).await;
        let foreign = half.passkey(SECOND, |options| {
            let mut options = options.clone();
            options["allowCredentials"] = Value::Null;
            other.get(&options)
        });
        assert_eq!(foreign.await.status, 422);
        let entered = half.passkey(SECOND, |options| device.get(options)).await;
        assert_eq!(entered.location.as_deref(), Some("/"), "{}", entered.text);
        assert_eq!(half.get("/cuenta").await.status, 200);
        noted(&app, "signed_in", r#""method":"password_and_passkey""#).await;
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_disabled_or_erased_persons_passkey_opens_nothing() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let accounts = &app.state().accounts;
    let mut device = app.device().unwrap();
    Browser::new(&app).add("rosa@escuela.cl", &mut device).await;
    accounts.disable(&app.context(school.id), rosa).await.unwrap();
    assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 422);
    accounts.enable(&app.context(school.id), rosa).await.unwrap();
    assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 303);
    accounts.disable(&app.context(school.id), rosa).await.unwrap();
    accounts.erase(rosa, &domain::Actor::cli("test")).await.unwrap();
    assert_eq!(Browser::new(&app).passkey(ALONE, |options| device.get(options)).await.status, 422);
    let left: i64 = sqlx::query_scalar("select count(*) from account_passkeys")
        .fetch_one(&app.running().pools().auth)
        .await
        .unwrap();
    assert_eq!(left, 0);
    app.shutdown().await;
}
