//! A guardian's way in with a real browser: what a scanner of mail may do, and what a person does.

use crate::browser::Browser;
use anyhow::{Context as _, Result, ensure};
use domain::student::GuardianRights;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use web::testing::{TestApp, attack_size};

const PATIENCE: Duration = Duration::from_secs(10);
const ADDRESS: &str = "ana@example.com";
const AXE: &str = "../web/node_modules/axe-core/axe.min.js";

/// A guardian of one of two pupils who has asked for a link in a browser; the link.
async fn asked(app: &TestApp, browser: &Browser) -> Result<String> {
    let school = app.school(2).await?;
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    app.guardian(&school, ADDRESS, &[(school.pupils[0].0, rights)]).await?;
    browser.goto(&format!("{}/familia/entrar", app.base)).await?;
    browser.execute(&format!("document.querySelector('#correo').value = {}", json!(ADDRESS))).await?;
    browser.click("main form button").await?;
    browser.wait_for_text("h1", PATIENCE, |text| text == "Revise su correo").await?;
    let letters = app.letters_to(ADDRESS, 1).await?;
    let at = letters[0].find(&format!("{}/familia/entrar/enlace#t=", app.base)).context("a link")?;
    Ok(letters[0][at..].split_whitespace().next().context("a link")?.to_owned())
}

async fn sessions(app: &TestApp) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from family_sessions");
    Ok(count.fetch_one(&app.state().pools.auth).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_a_browser_that_opens_the_link_and_runs_scripts_and_clicks_never_redeems_and_the_one_that_asked_does() {
    assert!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start().await.unwrap();
    let (phone, scanner) = (Browser::start().await.unwrap(), Browser::start().await.unwrap());
    let link = asked(&app, &phone).await.unwrap();
    let mut digits = String::new();
    for n in 0..attack_size(5, 1000) {
        scanner.goto("about:blank").await.unwrap();
        scanner.goto(&link).await.unwrap();
        scanner.execute("window.scrollTo(0, 9999); return document.title").await.unwrap();
        // As many clicks as the limit on tries lets through.
        if n % 5 == 0 && n < 25 {
            scanner.click("main form button").await.unwrap();
            scanner.wait_for_text("h1", PATIENCE, |text| text == "Su código").await.unwrap();
            digits = scanner.text(".secret code").await.unwrap().unwrap_or_default();
        }
    }
    assert_eq!(sessions(&app).await.unwrap(), 0);
    assert_eq!(digits.chars().filter(char::is_ascii_digit).count(), 6, "{digits}");

    // In the browser that asked, opening alone is nothing either.
    phone.goto(&link).await.unwrap();
    let shown = phone.execute("return [location.href, document.querySelector('#enlace').checkVisibility()]").await;
    let shown = shown.unwrap();
    assert_eq!(shown, json!([format!("{}/familia/entrar/enlace", app.base), false]), "the secret left the address");
    assert_eq!(sessions(&app).await.unwrap(), 0);
    phone.click("main form button").await.unwrap();
    phone.wait_for_text("main", PATIENCE, |text| text.contains("Ana 0 Pérez Soto")).await.unwrap();
    assert_eq!(sessions(&app).await.unwrap(), 1);
    let violations = phone.console().await.unwrap();
    assert!(violations.iter().all(|line| !line.contains("Content Security Policy")), "{violations:?}");
    app.shutdown().await;
}

/// Every page of the families with the address where it is seen.
async fn pages(app: &TestApp, browser: &Browser) -> Result<Vec<String>> {
    let link = asked(app, browser).await?;
    let of = |path: &str| ["es", "en"].map(|lang| format!("{}{path}?lang={lang}", app.base));
    let outside = ["/familia/entrar", "/familia/entrar/codigo", "/familia/entrar/enlace"];
    check(browser, &outside.iter().flat_map(|path| of(path)).collect::<Vec<_>>()).await?;
    browser.goto(&link).await?;
    browser.click("main form button").await?;
    browser.wait_for_text("main", PATIENCE, |text| text.contains("Ana 0")).await?;
    let pupil = browser.execute("return document.querySelector('.family-list a').pathname").await?;
    let pupil = pupil.as_str().context("a pupil's page")?;
    Ok(["/familia", "/familia/sesiones", "/familia/comunicados", pupil, &format!("{pupil}/avisos")]
        .iter()
        .flat_map(|path| of(path))
        .collect())
}

/// Breaks where a page breaks a rule of axe-core or is wider than its window, in light and dark.
pub async fn check(browser: &Browser, pages: &[String]) -> Result<()> {
    for page in pages {
        browser.goto(page).await?;
        check_shown(browser, page).await?;
    }
    Ok(())
}

/// The same of the page that is shown now.
pub async fn check_shown(browser: &Browser, page: &str) -> Result<()> {
    let axe = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE))?;
    browser.execute(&axe).await?;
    for colours in ["light", "dark"] {
        browser.prefer(colours).await?;
        for width in [320, 390, 1280] {
            browser.room(width, 800).await?;
            let broken = "return axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.html)))";
            let broken = browser.execute(broken).await?;
            ensure!(broken == json!([]), "{page}, {colours}, {width} px: {broken}");
            let wide = browser.execute("return document.documentElement.scrollWidth").await?;
            ensure!(wide.as_u64() <= Some(u64::from(width)), "{page} is {wide} px wide on {width} px");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_families_pages_keep_the_rules_of_accessibility_and_fit_a_small_phone() {
    assert!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start().await.unwrap();
    let browser = Browser::start().await.unwrap();
    let pages = pages(&app, &browser).await.unwrap();
    check(&browser, &pages).await.unwrap();
    app.shutdown().await;
}
