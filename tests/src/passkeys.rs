//! Passkeys in a real browser with a device of its own.

use crate::browser::Browser;
use anyhow::Result;
use domain::account::StaffRole;
use std::time::Duration;
use web::testing::{PASSWORD, TestApp};

/// How long a page may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A person of the staff.
pub const ROSA: &str = "rosa@escuela.cl";
/// The button of a form that a device answers.
pub const ASK: &str = "form[data-passkey] button";

/// By the name that passkeys are for: they know no numbers.
pub fn named(app: &TestApp) -> String {
    app.base.replace("127.0.0.1", "localhost")
}

/// Gives her address and password.
pub async fn sign_in(browser: &Browser, base: &str) -> Result<()> {
    browser.goto(&format!("{base}/entrar")).await?;
    browser.fill("#email", ROSA).await?;
    browser.fill("#clave", PASSWORD).await?;
    browser.click("form[action='/entrar'] button").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a38_a_passkey_is_added_in_a_browser_and_lets_in_alone_and_after_the_password() {
    assert!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, ROSA, StaffRole::Director).await.unwrap();
    let (browser, base) = (Browser::start().await.unwrap(), named(&app));
    let device = browser.device().await.unwrap();
    sign_in(&browser, &base).await.unwrap();
    browser.wait_for_text("main", PATIENCE, |text| !text.contains("Contraseña")).await.unwrap();
    browser.goto(&format!("{base}/cuenta/llaves")).await.unwrap();
    browser.fill("#nombre", "Teléfono azul").await.unwrap();
    browser.click(ASK).await.unwrap();
    let added = |text: &str| text.contains("quedó agregada") && text.contains("Teléfono azul");
    browser.wait_for_text("main", PATIENCE, added).await.unwrap();
    // The same device makes no second one.
    browser.goto(&format!("{base}/cuenta/llaves")).await.unwrap();
    browser.click(ASK).await.unwrap();
    let already = |text: &str| text.contains("ya tiene una llave de acceso");
    browser.wait_for_text("[data-said]", PATIENCE, already).await.unwrap();

    let out = "form[action='/salir'] button";
    browser.goto(&format!("{base}/cuenta")).await.unwrap();
    browser.click(out).await.unwrap();
    browser.wait_for_text("h1", PATIENCE, |text| text == "Iniciar sesión").await.unwrap();
    // Nobody shows a finger: nobody comes in.
    browser.verify(&device, false).await.unwrap();
    browser.click(ASK).await.unwrap();
    let cancelled = |text: &str| text.contains("se canceló");
    browser.wait_for_text("[data-said]", PATIENCE, cancelled).await.unwrap();
    browser.verify(&device, true).await.unwrap();
    browser.click(ASK).await.unwrap();
    browser.wait_for_text(".person-name", PATIENCE, |text| text == "Rosa Díaz").await.unwrap();

    browser.goto(&format!("{base}/cuenta")).await.unwrap();
    browser.click(out).await.unwrap();
    browser.wait_for_text("h1", PATIENCE, |text| text == "Iniciar sesión").await.unwrap();
    sign_in(&browser, &base).await.unwrap();
    browser.wait_for_text("main", PATIENCE, |text| text.contains("Confirme que es usted")).await.unwrap();
    browser.click(ASK).await.unwrap();
    browser.wait_for_text(".person-name", PATIENCE, |text| text == "Rosa Díaz").await.unwrap();
    let console = browser.console().await.unwrap();
    assert!(console.iter().all(|line| !line.contains("Content Security") && !line.contains("Trusted")), "{console:?}");
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_passkeys_cannot_work_the_page_says_why_and_what_to_do() {
    assert!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start().await.unwrap();
    let browser = Browser::start().await.unwrap();
    browser.goto(&format!("{}/entrar", app.base)).await.unwrap();
    let elsewhere = |text: &str| text.contains(&named(&app));
    browser.wait_for_text("[data-said]", PATIENCE, elsewhere).await.unwrap();
    let disabled = format!("return document.querySelector(`{ASK}`).disabled");
    assert_eq!(browser.execute(&disabled).await.unwrap(), true);
    browser.disable_scripts().await.unwrap();
    browser.goto(&format!("{}/entrar", named(&app))).await.unwrap();
    let without = |text: &str| text.contains("necesitan JavaScript");
    browser.wait_for_text("form[data-passkey]", PATIENCE, without).await.unwrap();
    app.shutdown().await;
}
