//! What every answer of every route carries: asked by everybody, let in and refused.

use crate::permissions::tests::{Ids, date_of, first_roll_call, form, member, roll_call_body};
use crate::permissions::{Access, ROUTES, Route};
use crate::testing::{PASSWORD, TestApp, TestPerson, TestSchool, case_of, document_of, with_form};
use domain::account::StaffRole;
use domain::student::GuardianRights;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const EVIL: &str = "https://evil.example";

pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) school: TestSchool,
    member: Uuid,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let app = TestApp::start_with_documents().await.unwrap();
        let school = app.school(1).await.unwrap();
        app.case(&school).await.unwrap();
        app.document(&school).await.unwrap();
        app.broadcast(&school).await.unwrap();
        let member = member(&app, &school).await;
        let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
        app.guardian(&school, "ana@example.com", &[(school.pupils[0].0, rights)]).await.unwrap();
        app.member(&school, "rosa@escuela.cl", StaffRole::Admin).await.unwrap();
        Self { app, school, member }
    }

    /// The address of a route, of what is there or of what is nowhere.
    pub(super) fn path(&self, route: &Route, there: bool) -> String {
        let id = |id: Uuid| if there { id } else { Uuid::from_u128(0xbad) }.to_string();
        let name = if there { crate::assets::STYLE.name } else { "board.css" };
        let path = route
            .path
            .replace("{date}", date_of(route))
            .replace("{slot_id}", &id(case_of(&self.school).slot_id.0))
            .replace("{entry_id}", &Uuid::from_u128(0xbad).to_string())
            .replace("{roll_call_id}", &id(first_roll_call(self.school.id.0)))
            .replace("{act_id}", &id(document_of(self.school.id.0)))
            .replace("{broadcast_id}", &id(self.school.course.0))
            .replace("{id}", &id(self.school.course.0))
            .replace("{name}", name);
        path.replace("{kiosk_id}", &id(self.school.kiosk.0)).replace("{student_id}", &id(self.school.pupils[0].0.0))
    }

    /// A request for a route with what it needs.
    fn request(&self, route: &Route, path: &str) -> RequestBuilder {
        let now = self.app.now();
        let request = self.app.anonymous.request(route.method.parse().unwrap(), format!("{}{path}", self.app.base));
        let request = request.header("sec-fetch-site", "same-origin").header("accept", "text/html, */*");
        if route.method == "GET" {
            return request;
        }
        let ids = Ids::of(&self.school, self.member);
        match (route.path, form(route, ids, self.app.state().ids.next())) {
            ("/entrar", Some(_)) => with_form(request, [("email", "rosa@escuela.cl"), ("clave", PASSWORD)]),
            (_, Some(form)) => with_form(request, form),
            ("/api/v1/kiosks/{kiosk_id}/scans", _) => {
                let scan = self.school.scan(1, &self.school.pupils[0].1, now);
                request.json(&self.school.batch(&[scan], now))
            }
            ("/api/v1/kiosks/{kiosk_id}/heartbeat", _) => request.json(&json!({
                "queue_id": self.school.queue, "boot_id": Uuid::nil(), "device_time": now, "monotonic_ms": 1,
                "queue_depth": 0})),
            ("/api/v1/tokens", _) => request.json(&json!({"email": "rosa@escuela.cl", "password": PASSWORD})),
            ("/api/v1/webhooks/whatsapp", _) => request.json(&json!({"entry": []})),
            ("/csp", _) => request.header("content-type", "application/csp-report").body("{\"csp-report\":{}}"),
            (path, None) if path.starts_with("/api/v1/no-show/") => {
                let key = Uuid::new_v5(&Uuid::nil(), path.as_bytes());
                request.header("idempotency-key", key.to_string()).json(&json!({"reason": "illness"}))
            }
            (path, None) if path.starts_with("/api/v1/roll-calls") => {
                let key = Uuid::new_v5(&Uuid::nil(), path.as_bytes());
                let body = roll_call_body(path, self.school.pupils[0].0.0);
                request.header("idempotency-key", key.to_string()).json(&body)
            }
            (_, None) if route.method == "PUT" => {
                request.header("idempotency-key", Uuid::from_u128(7).to_string()).json(&json!({
                    "effective_from": "2026-03-02", "stays": []}))
            }
            _ => request,
        }
    }

    /// Everybody who may be at the door: what a request of theirs brings. New each time, since some go out.
    pub(super) async fn everybody(&self) -> Vec<(&'static str, [(&'static str, String); 1])> {
        let admin = self.app.person(self.school.id, StaffRole::Admin).await.unwrap();
        let auditor = self.app.person(self.school.id, StaffRole::Auditor).await.unwrap();
        vec![
            ("anonymous", [("accept-language", "en".to_owned())]),
            ("admin", [("cookie", admin.cookie)]),
            ("auditor", [("cookie", auditor.cookie)]),
            ("guardian", [("cookie", self.app.family("ana@example.com").await.unwrap())]),
            ("kiosk", [("authorization", format!("Bearer {}", self.school.secret))]),
        ]
    }
}

fn assert_guarded(what: &str, headers: &HeaderMap, kept: bool) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("cache-control", if kept { "public, max-age=31536000, immutable" } else { "no-store" }),
    ] {
        let all: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(all, [value], "{what}: {name}");
    }
    let policies: Vec<_> = headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1, "{what}");
    let policy = policies[0].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{what}: {policy}");
    if is_page(headers) {
        let nonce = policy.split("script-src 'nonce-").nth(1).expect(what).split('\'').next().unwrap();
        assert_eq!(policy, crate::csp::of_page(nonce).to_str().unwrap(), "{what}");
        assert!(nonce.len() >= 22, "{what}: 128 bits");
    } else {
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'; sandbox", "{what}");
    }
    let cross: Vec<_> = headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
    assert!(cross.is_empty(), "{what}: no other origin reads anything: {cross:?}");
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Types say how their text is written, where a type can (RFC 8259, 11: JSON has one encoding and no parameter).
fn assert_typed(what: &str, headers: &HeaderMap, body: &[u8]) {
    let kinds: Vec<_> = headers.get_all("content-type").iter().map(|kind| kind.to_str().unwrap()).collect();
    if body.is_empty() {
        return;
    }
    let known = [
        "text/html; charset=utf-8",
        "text/plain; charset=utf-8",
        "text/plain; version=0.0.4; charset=utf-8",
        "text/css; charset=utf-8",
        "text/csv; charset=utf-8",
        "text/javascript; charset=utf-8",
        "image/svg+xml; charset=utf-8",
        "text/event-stream; charset=utf-8",
        "application/json",
        "application/problem+json",
        "application/pdf",
    ];
    assert!(kinds.len() == 1 && known.contains(&kinds[0]), "{what}: {kinds:?}");
    let text = std::str::from_utf8(body).unwrap_or_else(|_| panic!("{what}: not what it says"));
    match kinds[0] {
        "application/json" | "application/problem+json" => {
            serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        "text/html; charset=utf-8" => assert!(text.starts_with("<!DOCTYPE html>"), "{what}"),
        _ => assert!(!text.starts_with("<!DOCTYPE") && !text.starts_with('{'), "{what}"),
    }
}

/// Every address in a page is of this server, and what it runs and is drawn by cannot be exchanged on the way.
fn assert_at_home(what: &str, page: &str) {
    for attribute in [" src=\"", " href=\"", " action=\"", " content=\"http"] {
        for value in page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let here = value.starts_with('/') && !value.starts_with("//") || value.starts_with(['#', '?']);
            assert!(here || value.starts_with("otpauth:") || value.starts_with("tel:"), "{what}:{attribute}{value}");
        }
    }
    for tag in page.split('<').filter(|tag| tag.starts_with("script") || tag.contains("rel=\"stylesheet\"")) {
        let named = tag.split("/assets/").nth(1).unwrap_or_else(|| panic!("{what}: <{tag}"));
        assert!(named.split('.').nth(1).is_some_and(|hash| hash.len() == 16), "{what}: <{tag}");
        assert!(tag.contains("integrity=\"sha384-"), "{what}: <{tag}");
    }
}

fn assert_leads_home(what: &str, headers: &HeaderMap) {
    for to in headers.get_all("location") {
        let to = to.to_str().unwrap();
        assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\t']), "{what}: {to}");
    }
}

async fn assert_whole(what: &str, answer: Response) -> (u16, Option<String>) {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let what = format!("{what}: {status}");
    assert_guarded(&what, &headers, what.contains("/assets/") && status == 200);
    assert_leads_home(&what, &headers);
    let is_stream = headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let guarded = crate::middleware::STREAMS.iter().any(|stream| what.contains(stream));
    assert!(guarded || !is_stream, "{what}: a stream that other sites may hold open");
    let mut answer = answer;
    let body = if is_stream { answer.chunk().await.unwrap().unwrap() } else { answer.bytes().await.unwrap() };
    assert_typed(&what, &headers, &body);
    let nonce = is_page(&headers).then(|| {
        let page = std::str::from_utf8(&body).unwrap();
        assert_at_home(&what, page);
        let policy = headers["content-security-policy"].to_str().unwrap();
        policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned()
    });
    (status, nonce)
}

#[tokio::test]
async fn a14_a17_a18_a19_a22_a24_every_answer_of_every_route_carries_what_guards_it() {
    let scene = Scene::new().await;
    let mut seen: BTreeMap<(&str, &str), BTreeSet<u16>> = BTreeMap::new();
    let mut nonces = BTreeSet::new();
    let mut pages = 0;
    for route in ROUTES {
        let (there, nowhere) = (scene.path(route, true), scene.path(route, false));
        let schools = format!("{there}?school={0}&colegio={0}", Uuid::from_u128(0xbad));
        let wrong = format!("{there}?school=x&colegio=x&limit=-1&volver=//evil.example&surprise=%00");
        for (who, brings) in scene.everybody().await {
            for path in [&there, &nowhere, &schools, &wrong] {
                for origin in [None, Some(EVIL), Some("null")] {
                    // One foreign page is enough; its writes are refused before anything is looked at.
                    if origin.is_some() && path != &there {
                        continue;
                    }
                    let request =
                        brings.iter().fold(scene.request(route, path), |r, (name, value)| r.header(*name, value));
                    let request = if let Some(origin) = origin { request.header("origin", origin) } else { request };
                    let what = format!("{who} {} {path} {origin:?}", route.method);
                    let (status, nonce) = assert_whole(&what, request.send().await.unwrap()).await;
                    seen.entry((route.method, route.path)).or_default().insert(status);
                    if let Some(nonce) = nonce {
                        pages += 1;
                        nonces.insert(nonce);
                    }
                }
            }
        }
        // What a browser asks before it lets another site's page ask.
        let preflight = scene.app.anonymous.request(Method::OPTIONS, format!("{}{there}", scene.app.base));
        let preflight = preflight.header("origin", EVIL).header("access-control-request-method", route.method);
        let (status, _) = assert_whole(&format!("preflight {there}"), preflight.send().await.unwrap()).await;
        assert!(status == 405 || status == 403, "{there}: {status}");
        seen.entry((route.method, route.path)).or_default().insert(status);
    }
    assert_eq!(nonces.len(), pages, "a nonce is one answer's");
    let of = |holds: fn(&u16) -> bool| seen.values().filter(|all| all.iter().any(holds)).count();
    assert_eq!((seen.len(), of(|status| *status >= 400)), (ROUTES.len(), ROUTES.len()), "an error of every route");
    // Meta's alone, who knows a word.
    let seen_by_all = seen.iter().filter(|((method, path), _)| *method == "GET" && !path.contains("/webhooks/"));
    let dull: Vec<_> = seen_by_all.filter(|(_, all)| all.first() >= Some(&400)).collect();
    assert!(dull.is_empty(), "not every page and every list was seen: {dull:?}");
    assert!(of(|status| *status < 400) * 4 >= ROUTES.len() * 3, "{seen:?}");
    scene.app.shutdown().await;
}

#[tokio::test]
async fn a14_a19_a24_refusals_that_no_route_makes_carry_it_too() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let get = |path: &str| app.anonymous.get(format!("{}{path}", app.base));
    let long = format!("/api/v1/live?school={}", "x".repeat(5000));
    let post = |path: &str, bytes: usize| app.anonymous.post(format!("{}{path}", app.base)).body("x".repeat(bytes));
    let json = ("content-type", "application/json");
    let scans = scene.path(ROUTES.iter().find(|route| route.path.ends_with("/scans")).unwrap(), true);
    for (what, request, status) in [
        ("nowhere", get("/nowhere"), 404),
        ("nowhere, a page", get("/nowhere").header("accept", "text/html"), 404),
        ("too long", get(&long), 414),
        ("another's host", get("/hoy").header("host", "evil.example"), 421),
        ("too large", post(&scans, 2_000_000).bearer_auth(&scene.school.secret).header(json.0, json.1), 413),
        ("too large a form", post("/entrar", 70_000).header("content-type", "application/x-www-form-urlencoded"), 413),
        ("no form", post("/entrar", 10).header("accept", "text/html"), 415),
        ("another site's", post("/entrar", 10).header("sec-fetch-site", "cross-site"), 403),
    ] {
        assert_eq!(assert_whole(what, request.send().await.unwrap()).await.0, status, "{what}");
    }
    app.state().pools.auth.close().await;
    for accept in ["text/html", "application/json"] {
        let request = get("/hoy").header("accept", accept).header("cookie", &app.owner().cookie);
        assert_eq!(assert_whole("no database", request.send().await.unwrap()).await.0, 503);
    }
    scene.app.shutdown().await;
}

#[tokio::test]
async fn a26_a_method_that_a_route_does_not_have_is_told_which_it_has() {
    let scene = Scene::new().await;
    for route in ROUTES {
        let path = scene.path(route, true);
        let of_path: BTreeSet<_> = ROUTES.iter().filter(|r| r.path == route.path).map(|r| r.method).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "SURPRISE", "get"] {
            if of_path.contains(method) {
                continue;
            }
            let request = scene.app.anonymous.request(method.parse().unwrap(), format!("{}{path}", scene.app.base));
            let answer = request.send().await.unwrap();
            let allow = answer.headers().get("allow").map(|allow| allow.to_str().unwrap().to_owned());
            assert_eq!(answer.status(), 405, "{method} {path}");
            let allow: BTreeSet<_> = allow.as_deref().unwrap_or_default().split(',').filter(|m| *m != "HEAD").collect();
            assert_eq!(allow, of_path, "{method} {path}");
        }
    }
    scene.app.shutdown().await;
}

/// Method, path, form, status.
type Step<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16);

#[tokio::test]
async fn a15_by_tls_every_cookie_is_of_this_host_alone_and_out_of_reach() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.hosts = vec!["gate.school.cl".to_owned()];
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Admin).await.unwrap();
    let mut jar = BTreeMap::new();
    let mut set = BTreeSet::new();
    let hoy = format!("/hoy?lang=en&colegio={}", school.id);
    let rosa = [("email", "rosa@escuela.cl"), ("clave", PASSWORD)];
    let steps: [Step<'_>; 7] = [
        ("POST", "/entrar", &rosa, 303),
        ("GET", &hoy, &[], 200),
        ("POST", "/cuenta/confirmar", &[("clave", PASSWORD)], 303),
        ("GET", "/cuenta", &[], 200),
        ("POST", "/familia/entrar", &[("correo", "ana@example.com")], 303),
        ("POST", "/familia/salir", &[], 303),
        ("POST", "/salir", &[], 303),
    ];
    for (method, path, form, status) in steps {
        let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = app.anonymous.request(method.parse().unwrap(), format!("{}{path}", app.base));
        let request = request.header("host", "gate.school.cl").header("origin", "https://gate.school.cl");
        let request = with_form(request.header("cookie", cookies.join("; ")), form.iter().copied());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        for cookie in answer.headers().get_all("set-cookie") {
            assert!(crate::session::is_guarded(cookie, true), "{path}: {cookie:?}");
            let (name, value) = cookie.to_str().unwrap().split_once('=').unwrap();
            jar.insert(name.to_owned(), value.split(';').next().unwrap().to_owned());
            set.insert(name.to_owned());
        }
    }
    let all = ["colegio", "fam", "known", "lang", "ml", "sid"].map(|name| format!("__Host-{name}"));
    assert_eq!(set, BTreeSet::from(all));
    app.shutdown().await;
}

#[tokio::test]
async fn a23_wherever_a_way_back_is_said_it_stays_on_this_server() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let inside = app.person(scene.school.id, StaffRole::Admin).await.unwrap();
    for wicked in
        ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example", "\\\\evil", "/\t/evil"]
    {
        let said = form_urlencoded::byte_serialize(wicked.as_bytes()).collect::<String>();
        for route in ROUTES.iter().filter(|route| route.method == "GET" && route.access != Access::Local) {
            for person in [None, Some(&inside)] {
                let path = format!("{}?volver={said}", scene.path(route, true));
                let request = scene.request(route, &path);
                let request = if let Some(TestPerson { cookie, .. }) = person {
                    request.header("cookie", cookie)
                } else {
                    request
                };
                let answer = request.send().await.unwrap();
                assert_leads_home(&path, answer.headers());
                if answer.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
                    let page = answer.text().await.unwrap();
                    assert!(!page.contains("name=\"volver\" value=\"//") && !page.contains("evil"), "{path}");
                }
            }
        }
        let form = [("email", "rosa@escuela.cl"), ("clave", PASSWORD), ("volver", wicked)];
        let entered = app.anonymous.post(format!("{}/entrar", app.base)).header("origin", &app.base);
        let entered = with_form(entered, form).send().await.unwrap();
        assert_eq!(entered.headers()["location"], "/", "{wicked}");
        let sid = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let confirmed = app.anonymous.post(format!("{}/cuenta/confirmar", app.base)).header("origin", &app.base);
        let confirmed = with_form(confirmed.header("cookie", sid), [("clave", PASSWORD), ("volver", wicked)]);
        assert_eq!(confirmed.send().await.unwrap().headers()["location"], "/cuenta", "{wicked}");
        app.clock.advance(chrono::TimeDelta::minutes(1));
    }
    scene.app.shutdown().await;
}
