//! The families' pages over HTTP.

use crate::testing::{Jar, TestApp, TestSchool};
use domain::student::{Command, GuardianRights, Student};
use domain::{GuardianId, StreamId, StudentId};
use reqwest::Method;
use std::time::Instant;

const VIEWS: GuardianRights =
    GuardianRights { legal: false, notify: false, may_collect: false, may_view: true, restricted: false };

struct Browser<'a> {
    app: &'a TestApp,
    jar: Jar,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, jar: Jar::default() }
    }

    fn has(&self, cookie: &str) -> bool {
        self.jar.cookie(cookie).is_some()
    }

    async fn send(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let response = self.jar.send(self.app, method, path, form).await.unwrap();
        let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default(), response.text().await.unwrap())
    }

    async fn get(&mut self, path: &str) -> (u16, String, String) {
        self.send(Method::GET, path, &[]).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        self.send(Method::POST, path, form).await
    }
}

async fn link_in_letter(app: &TestApp, address: &str) -> String {
    let letters = app.letters_to(address, 1).await.unwrap();
    let token = letters[0].split("/familia/entrar/enlace#t=").nth(1).unwrap();
    token[..43].to_owned()
}

async fn restrict(app: &TestApp, school: &TestSchool, student: StudentId, guardian_id: GuardianId) {
    let rights = GuardianRights { restricted: true, ..VIEWS };
    let (stream, command) = (StreamId::of(school.id, student), Command::ChangeGuardianLink { guardian_id, rights });
    app.write().execute::<Student>(&app.context(school.id), &stream, command).await.unwrap();
}

#[tokio::test]
async fn a_guardian_comes_in_by_a_link_sees_the_own_pupils_day_and_goes_out() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let (student, card) = &school.pupils[0];
    app.guardian(&school, "ana@example.com", &[(*student, VIEWS)]).await.unwrap();
    app.scan(&school, &[school.scan(1, card, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let mut phone = Browser::new(&app);
    assert_eq!(phone.get("/familia").await.1, "/familia/entrar");
    let (status, to, _) = phone.post("/familia/entrar", &[("correo", " Ana@Example.com ")]).await;
    assert_eq!((status, to.as_str(), phone.has("ml")), (303, "/familia/entrar/codigo", true));
    assert!(phone.get("/familia/entrar/codigo").await.2.contains("Revise su correo"));
    let token = link_in_letter(&app, "ana@example.com").await;

    // On another device: digits, and no session.
    let mut other = Browser::new(&app);
    let (status, _, page) = other.post("/familia/entrar/enlace", &[("enlace", &token)]).await;
    assert!(status == 200 && page.contains("Su código") && !other.has("fam"), "{page}");

    let (status, to, _) = phone.post("/familia/entrar/enlace", &[("enlace", &token)]).await;
    assert_eq!((status, to.as_str(), phone.has("fam"), phone.has("ml")), (303, "/familia", true, false));
    let (status, _, home) = phone.get("/familia").await;
    assert!(status == 200 && home.contains("Ana 0 Pérez Soto") && home.contains("1° Básico A"), "{home}");
    assert!(home.contains(">07:30</time>") && !home.contains("Ana 1"), "{home}");
    let (status, _, page) = phone.get(&format!("/familia/alumnos/{student}")).await;
    assert!(status == 200 && page.contains("Primer ingreso registrado a las 07:30"), "{page}");
    assert_eq!(phone.get("/familia/entrar").await.1, "/familia", "whoever is in need not ask");
    let (status, _, page) = other.post("/familia/entrar/enlace", &[("enlace", &token)]).await;
    assert!(status == 422 && page.contains("El enlace ya no sirve"), "used: {page}");

    let fam = phone.jar.0.clone();
    let out = phone.jar.send(&app, Method::POST, "/familia/salir", &[]).await.unwrap();
    assert!(out.status() == 303 && out.headers()["location"] == "/familia/entrar");
    assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"storage\"", "nothing of the pupils stays on the phone");
    assert!(!phone.has("fam"));
    phone.jar.0 = fam;
    assert_eq!(phone.get("/familia").await.1, "/familia/entrar", "out is out");
    app.shutdown().await;
}

#[tokio::test]
async fn p10_no_request_but_a_click_in_the_browser_that_asked_redeems() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let mut phone = Browser::new(&app);
    phone.post("/familia/entrar", &[("correo", "ana@example.com")]).await;
    let token = link_in_letter(&app, "ana@example.com").await;
    let path = format!("/familia/entrar/enlace?t={token}&enlace={token}");
    for agent in ["WhatsApp/2.23", "Mozilla/5.0 (compatible; Microsoft-Scanner)", "curl/8"] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            for cookies in [String::new(), format!("ml={}", phone.jar.0[0].1)] {
                for purpose in [("sec-purpose", "prefetch"), ("hx-preloaded", "true"), ("x-moz", "prefetch")] {
                    let request = app.anonymous.request(method.parse().unwrap(), format!("{}{path}", app.base));
                    let request =
                        request.header("user-agent", agent).header(purpose.0, purpose.1).header("cookie", &cookies);
                    let answer = request.header("origin", &app.base).send().await.unwrap();
                    assert!(answer.headers().get("set-cookie").is_none(), "{method} {agent}");
                }
            }
        }
    }
    // A scanner that presses every button has no cookie of the browser that asked.
    for _ in 0..3 {
        let mut scanner = Browser::new(&app);
        assert_eq!(scanner.post("/familia/entrar/enlace", &[("enlace", &token)]).await.0, 200);
        assert!(!scanner.has("fam"));
    }
    let sessions = async || -> i64 {
        sqlx::query_scalar("select count(*) from family_sessions").fetch_one(&app.state().pools.auth).await.unwrap()
    };
    assert_eq!(sessions().await, 0);
    assert_eq!(phone.post("/familia/entrar/enlace", &[("enlace", &token)]).await.1, "/familia");
    assert_eq!(sessions().await, 1);
    app.shutdown().await;
}

#[tokio::test]
async fn p12_known_and_unknown_addresses_get_one_answer_whatever_becomes_of_the_letter() {
    for mail_url in ["smtp://127.0.0.1:1", "black hole"] {
        // A mail server that takes the connection and says nothing.
        let hole = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = match mail_url {
            "black hole" => format!("smtp://127.0.0.1:{}", hole.local_addr().unwrap().port()),
            refused => refused.to_owned(),
        };
        let databases = local_services::testing::TestDatabases::create().await.unwrap();
        let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
        config.mail = crate::config::MailConfig::over(&url, "no-reply@escuela.cl");
        let app = TestApp::start_config(databases, &config).await.unwrap();
        let school = app.school(1).await.unwrap();
        app.guardian(&school, "ana@example.com", &[]).await.unwrap();
        let mut answers = Vec::new();
        for address in ["ana@example.com", "eva@example.com"] {
            let mut browser = Browser::new(&app);
            let begun = Instant::now();
            let (status, to, text) = browser.post("/familia/entrar", &[("correo", address)]).await;
            assert!(begun.elapsed().as_secs() < 2, "{address}: {:?}", begun.elapsed());
            assert!(browser.has("ml"), "{address}");
            let page = browser.get("/familia/entrar/codigo").await;
            answers.push((status, to, text.len(), page.0, page.2.len()));
        }
        assert_eq!(answers[0], answers[1]);
        // Two more letters to one address in this hour are too many, whoever has it.
        for address in ["ana@example.com", "eva@example.com"] {
            let mut browser = Browser::new(&app);
            assert_eq!(browser.post("/familia/entrar", &[("correo", address)]).await.0, 303);
            assert_eq!(browser.post("/familia/entrar", &[("correo", address)]).await.0, 429, "{address}");
        }
        app.shutdown().await;
    }
}

#[tokio::test]
async fn a_restriction_wins_at_the_next_request_also_while_the_read_models_are_behind() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let (ana, eva) = (school.pupils[0].0, school.pupils[1].0);
    let guardian = app.guardian(&school, "ana@example.com", &[(ana, VIEWS), (eva, VIEWS)]).await.unwrap();
    let cookie = app.family("ana@example.com").await.unwrap();
    let mut phone = Browser::new(&app);
    phone.jar.0.push(("fam".to_owned(), cookie.trim_start_matches("fam=").to_owned()));
    assert!(phone.get("/familia").await.2.contains("Ana 0"));
    // Nothing is projected meanwhile.
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let mut held = owner.begin().await.unwrap();
    sqlx::query("lock table roster.guardian_links in exclusive mode").execute(&mut *held).await.unwrap();
    restrict(&app, &school, ana, guardian).await;
    let (status, _, home) = phone.get("/familia").await;
    assert!(status == 200 && !home.contains("Ana 0") && home.contains("Ana 1"), "{home}");
    assert_eq!(phone.get(&format!("/familia/alumnos/{ana}")).await.0, 404);
    assert_eq!(phone.get(&format!("/familia/alumnos/{eva}")).await.0, 200);
    held.rollback().await.unwrap();
    app.shutdown().await;
}
