//! Which browsers an account knows, after what it proves itself by has changed.

use super::*;
use commands::accounts::Secret256;
use domain::AccountId;

const NEW: &str = "otra frase larga de verdad";

/// Whether the account knows the browser.
async fn knows(app: &TestApp, browser: &Browser<'_>, account: AccountId) -> bool {
    let secret = Secret256::parse(browser.jar.cookie("known").unwrap()).unwrap();
    app.state().sessions.known_to(&secret).await.unwrap().contains(&account)
}

#[tokio::test]
async fn p27_a_browser_is_known_no_longer_than_the_secrets_by_which_somebody_came_in_there() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let context = || app.context(school.id);
    let accounts = &app.state().accounts;
    let (mut here, mut there) = (Browser::new(&app), Browser::new(&app));
    let enter = async |browser: &mut Browser<'_>, password: &str| {
        app.clock.advance(minutes(10));
        let entered = browser.post("/entrar", &[("email", "rosa@escuela.cl"), ("clave", password)]).await;
        assert_eq!(entered.location.as_deref(), Some("/"), "{}", entered.text);
    };
    for browser in [&mut here, &mut there] {
        enter(browser, PASSWORD).await;
        assert!(knows(&app, browser, rosa).await);
    }
    // Other roles are other sessions, and the same person.
    accounts.grant(&context(), rosa, StaffRole::Auditor).await.unwrap();
    assert!(knows(&app, &here, rosa).await && knows(&app, &there, rosa).await);
    enter(&mut here, PASSWORD).await;
    enter(&mut there, PASSWORD).await;

    // Who changes the password is known where it was changed, and nowhere else.
    let change = [("actual", PASSWORD), ("nueva", NEW), ("repetida", NEW)];
    let old = here.jar.cookie("known").unwrap().to_owned();
    assert_eq!(here.post("/cuenta/clave", &change).await.location.as_deref(), Some("/cuenta?aviso=clave"));
    assert_ne!(here.jar.cookie("known"), Some(old.as_str()), "under a new secret");
    assert!(knows(&app, &here, rosa).await && !knows(&app, &there, rosa).await);
    // So with a second factor, added and taken away.
    enter(&mut there, NEW).await;
    enter(&mut here, NEW).await;
    let page = here.post("/cuenta/codigo/comenzar", &[]).await.text;
    let base32 = page.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let code = || {
        let secret = totp_rs::Secret::try_from_base32(&base32).unwrap();
        let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
    };
    assert_eq!(here.post("/cuenta/codigo", &[("codigo", &code())]).await.status, 303);
    assert!(knows(&app, &here, rosa).await && !knows(&app, &there, rosa).await);

    // Somebody else takes the factors away: the person is known nowhere.
    assert!(accounts.reset_factors(&context(), rosa, Scope::School).await.unwrap());
    assert!(!knows(&app, &here, rosa).await);
    enter(&mut here, NEW).await;
    enter(&mut there, NEW).await;
    // A link: where it was opened, and nowhere else.
    let link = accounts.reset(&context(), rosa, Scope::School).await.unwrap().secret.reveal().to_string();
    assert!(knows(&app, &here, rosa).await, "nobody opened it yet");
    let chosen = [("enlace", link.as_str()), ("nueva", PASSWORD), ("repetida", PASSWORD)];
    assert_eq!(there.post("/entrar/activar", &chosen).await.status, 303);
    assert!(!knows(&app, &here, rosa).await && knows(&app, &there, rosa).await);
    // Shut out, and let in again.
    accounts.disable(&context(), rosa).await.unwrap();
    accounts.enable(&context(), rosa).await.unwrap();
    assert!(!knows(&app, &there, rosa).await);
    enter(&mut there, PASSWORD).await;
    assert!(knows(&app, &there, rosa).await);
    // What is known by secrets of before is deleted by and by.
    let rows: i64 = sqlx::query_scalar("select count(*) from known_browsers where account_id = $1")
        .bind(rosa.0)
        .fetch_one(&app.running().pools().auth)
        .await
        .unwrap();
    assert_eq!(rows, 1);
    app.shutdown().await;
}

#[tokio::test]
async fn p27_whoever_came_in_by_an_old_proof_makes_no_browser_known() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let proof = crate::testing::proof(app.state(), account).await.unwrap();
    // Between the password that was right and the browser's row, the person chose another one.
    app.state().accounts.change_password(account, PASSWORD, NEW).await.unwrap();
    let secret = app.state().sessions.make_known(None, proof).await.unwrap();
    assert!(app.state().sessions.known_to(&secret).await.unwrap().is_empty());
    let secret = app.state().sessions.make_known(None, proof.after_own_change()).await.unwrap();
    assert_eq!(app.state().sessions.known_to(&secret).await.unwrap(), [account]);
    app.shutdown().await;
}
