//! The staff's pages in a real browser: their way in through a second factor, and the rules of accessibility on each.

use crate::browser::Browser;
use crate::family::{check, check_shown};
use crate::passkeys::{ASK, PATIENCE, ROSA, named, sign_in};
use anyhow::{Context as _, Result};
use commands::accounts::{Invite, StaffRole};
use serde_json::json;
use web::testing::{PASSWORD, TestApp};

/// The addresses of these pages.
fn of(base: &str, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| format!("{base}{path}")).collect()
}

/// Goes the way in as a director does whom the school invited, looking at each page; then the pages of the owner.
async fn look_at_all(app: &TestApp, browser: &Browser) -> Result<()> {
    let school = app.school(1).await?;
    app.member(&school, ROSA, StaffRole::Director).await?;
    let base = named(app);
    // A language that was chosen is kept: each list ends in Spanish.
    browser.device().await?;
    check(browser, &of(&base, &["/entrar?lang=en", "/entrar?lang=es", "/entrar/activar"])).await?;
    sign_in(browser, &base).await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Proteja su cuenta").await?;
    check(browser, &of(&base, &["/entrar/factor?lang=en", "/entrar/factor?lang=es"])).await?;
    browser.goto(&format!("{base}/entrar/factor")).await?;
    browser.click("form[action='/entrar/factor/codigo/comenzar'] button").await?;
    browser.wait_for_text("main", PATIENCE, |text| text.contains("Escriba esta clave")).await?;
    check_shown(browser, "the secret").await?;
    browser.goto(&format!("{base}/entrar/factor?volver=/personas")).await?;
    browser.click(ASK).await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Personas").await?;
    browser.goto(&format!("{base}/cuenta")).await?;
    browser.click("form[action='/salir'] button").await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Iniciar sesión").await?;
    sign_in(browser, &base).await?;
    browser.wait_for_text("main", PATIENCE, |text| text.contains("Confirme que es usted")).await?;
    check(browser, &of(&base, &["/entrar/codigo?lang=en", "/entrar/codigo?lang=es"])).await?;
    browser.click(ASK).await?;
    browser.wait_for_text(".person-name", PATIENCE, |text| text == "Rosa Díaz").await?;
    check(browser, &of(&base, &["/cuenta?lang=en", "/cuenta?lang=es"])).await?;
    browser.sign_in(&base).await?;
    let own = ["/cuenta/llaves?lang=en", "/cuenta/llaves?lang=es", "/cuenta/codigo", "/cuenta/confirmar"];
    check(browser, &of(&base, &own)).await?;
    let of_school = ["/personas", "/registro", "/registro/miradas"].map(|path| format!("{path}?colegio={}", school.id));
    check(browser, &of(&base, &of_school.each_ref().map(String::as_str))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_staffs_pages_keep_the_rules_of_accessibility_and_fit_a_small_phone() {
    assert!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start_strict().await.unwrap();
    let browser = Browser::start().await.unwrap();
    look_at_all(&app, &browser).await.unwrap();
    app.shutdown().await;
}

/// Opens a link of each kind, changes the language back and forth, and goes on by it.
async fn change_languages(app: &TestApp, browser: &Browser) -> Result<()> {
    let school = app.school(1).await?;
    let (base, accounts) = (&app.base, &app.state().accounts);
    let invite = Invite { email: ROSA.into(), name: "Rosa Díaz".into(), role: StaffRole::Director };
    let link = accounts.invite(&app.context(school.id), invite).await?.link.context("a link")?;
    let token = link.secret.reveal().to_string();
    for path in ["/entrar/activar", "/familia/entrar/enlace"] {
        browser.goto(&format!("{base}{path}?lang=es#t={token}")).await?;
        for (other, lang) in [("en", "en"), ("es-CL", "es"), ("en", "en")] {
            browser.click(&format!("a[hreflang='{other}']")).await?;
            let script =
                "return [document.documentElement.lang, location.href, document.querySelector('#enlace').value]";
            let shown = browser.execute(script).await?;
            assert_eq!(
                shown,
                json!([other, format!("{base}{path}?lang={lang}"), token]),
                "the secret is out of the address"
            );
        }
    }
    // A whole link that was pasted goes along as well.
    browser.goto(&format!("{base}/entrar/activar?lang=es")).await?;
    browser.fill("#enlace", &format!("{base}/entrar/activar#t={token}")).await?;
    browser.click("a[hreflang='en']").await?;
    // What is sent from the page is answered in its language, and loses the link no more.
    browser.fill("#nueva", "short").await?;
    browser.fill("#repetida", "short").await?;
    browser.click("main form button").await?;
    browser.wait_for_text("main", PATIENCE, |text| text.contains("at least 15 characters")).await?;
    browser.click("a[hreflang='es-CL']").await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Elegir contraseña").await?;
    browser.fill("#nueva", PASSWORD).await?;
    browser.fill("#repetida", PASSWORD).await?;
    browser.click("main form button").await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Iniciar sesión").await?;
    let violations = browser.console().await?;
    assert!(violations.iter().all(|line| !line.contains("Content Security Policy")), "{violations:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_the_language_keeps_the_link_that_they_opened() {
    assert!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start().await.unwrap();
    let browser = Browser::start().await.unwrap();
    change_languages(&app, &browser).await.unwrap();
    app.shutdown().await;
}
