//! The staff's pages in a real browser: their way in through a second factor, and the rules of accessibility on each.

use crate::browser::Browser;
use crate::family::{check, check_shown};
use crate::passkeys::{ASK, PATIENCE, ROSA, named, sign_in};
use anyhow::Result;
use domain::account::StaffRole;
use web::testing::TestApp;

/// The addresses of these pages.
fn of(base: &str, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| format!("{base}{path}")).collect()
}

/// Goes the way in as a director does whom the school invited, looking at each page; then the pages of the owner.
async fn look_at_all(app: &TestApp, browser: &Browser) -> Result<()> {
    let school = app.school(1).await?;
    app.member(&school, ROSA, StaffRole::Director).await?;
    let base = named(app);
    browser.device().await?;
    check(browser, &of(&base, &["/entrar", "/entrar?lang=en", "/entrar/activar"])).await?;
    sign_in(browser, &base).await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Proteja su cuenta").await?;
    check(browser, &of(&base, &["/entrar/factor", "/entrar/factor?lang=en"])).await?;
    browser.goto(&format!("{base}/entrar/factor?lang=es")).await?;
    browser.click("form[action='/entrar/factor/codigo/comenzar'] button").await?;
    browser.wait_for_text("main", PATIENCE, |text| text.contains("Escriba esta clave")).await?;
    check_shown(browser, "the secret").await?;
    browser.goto(&format!("{base}/entrar/factor?volver=/personas&lang=es")).await?;
    browser.click(ASK).await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Personas").await?;
    browser.goto(&format!("{base}/cuenta")).await?;
    browser.click("form[action='/salir'] button").await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Iniciar sesión").await?;
    sign_in(browser, &base).await?;
    browser.wait_for_text("main", PATIENCE, |text| text.contains("Confirme que es usted")).await?;
    check(browser, &of(&base, &["/entrar/codigo", "/entrar/codigo?lang=en"])).await?;
    browser.click(ASK).await?;
    browser.wait_for_text(".person-name", PATIENCE, |text| text == "Rosa Díaz").await?;
    check(browser, &of(&base, &["/cuenta", "/cuenta?lang=en"])).await?;
    browser.sign_in(&base).await?;
    let own = ["/cuenta/llaves", "/cuenta/llaves?lang=en", "/cuenta/codigo", "/cuenta/confirmar"];
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
