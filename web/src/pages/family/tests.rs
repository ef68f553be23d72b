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
    from: String,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self::from(app, "127.0.0.1")
    }

    /// One whose proxy says where it is.
    fn from(app: &'a TestApp, address: &str) -> Self {
        Self { app, jar: Jar::default(), from: address.to_owned() }
    }

    fn has(&self, cookie: &str) -> bool {
        self.jar.cookie(cookie).is_some()
    }

    async fn send(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let response = self.jar.send_from(self.app, &self.from, method, path, form).await.unwrap();
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

async fn comes_in<'a>(app: &'a TestApp, address: &str) -> Browser<'a> {
    let mut phone = Browser::new(app);
    phone.post("/familia/entrar", &[("correo", address)]).await;
    let token = link_in_letter(app, address).await;
    assert_eq!(phone.post("/familia/entrar/enlace", &[("enlace", &token)]).await.1, "/familia");
    phone
}

#[tokio::test]
async fn d10_what_a_guardian_chooses_on_the_page_is_what_is_sent_from_then_on() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let notices = crate::config::NoticesConfig::for_testing(&"s".repeat(32), &"w".repeat(32));
    let app = TestApp::start_changed(databases, |config| config.notices = notices).await.unwrap();
    let school = app.school(1).await.unwrap();
    let (student, card) = &school.pupils[0];
    let rights = GuardianRights { notify: true, ..VIEWS };
    app.guardian(&school, "ana@example.com", &[(*student, rights)]).await.unwrap();
    app.guardian(&school, "tio@example.com", &[(*student, VIEWS)]).await.unwrap();
    let path = format!("/familia/alumnos/{student}/avisos");
    let mut uncle = comes_in(&app, "tio@example.com").await;
    assert!(uncle.get(&path).await.2.contains("no tiene anotado que se le avise de Ana 0"));
    assert_eq!(uncle.post(&path, &[("no_entry", "email"), ("idioma", "es")]).await.0, 303);
    let (_, _, page) = uncle.get(&format!("{path}?aviso=guardado")).await;
    assert!(page.contains("No recibirá aviso si no hay ingreso de Ana 0"), "whatever is chosen: {page}");
    let mut phone = comes_in(&app, "ana@example.com").await;
    assert!(phone.get(&format!("/familia/alumnos/{student}")).await.2.contains(&format!("href=\"{path}\"")));

    // By default exceptions alone, and by WhatsApp nothing: the school has no telephone number.
    let ticked = |page: &str, kind: &str, by: &str| page.contains(&format!("name=\"{kind}\" value=\"{by}\" checked"));
    let (status, _, page) = phone.get(&path).await;
    assert!(status == 200 && page.contains("El colegio no tiene su teléfono"), "{page}");
    assert!(ticked(&page, "no_entry", "email") && ticked(&page, "early_leave", "email"), "{page}");
    assert!(!ticked(&page, "entry", "email") && !page.contains("name=\"whatsapp\""), "{page}");

    assert_eq!(phone.post(&path, &[("entry", "email")]).await.0, 422, "a form without its language");
    let chosen = [("entry", "email"), ("entry", "carrier-pigeon"), ("idioma", "en")];
    let (status, to, _) = phone.post(&path, &chosen).await;
    assert_eq!((status, to), (303, format!("{path}?aviso=guardado")));
    let (_, _, page) = phone.get(&format!("{path}?aviso=guardado")).await;
    assert!(page.contains("No recibirá aviso si no hay ingreso de Ana 0 Pérez Soto"), "{page}");
    assert!(ticked(&page, "entry", "email") && !ticked(&page, "no_entry", "email"), "{page}");
    assert!(page.contains("<option value=\"en\" selected>"), "{page}");

    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let sent = async |n: usize| {
        for _ in 0..500 {
            let all = "select kind || ' ' || says || ' ' || state from deliveries order by requested_at";
            let rows: Vec<String> = sqlx::query_scalar(all).fetch_all(&owner).await.unwrap();
            if rows.len() == n && rows.iter().all(|row| row.ends_with("accepted")) {
                return rows;
            }
            app.clock.advance(chrono::TimeDelta::seconds(1));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{n} notices were waited for");
    };
    app.scan(&school, &[school.scan(1, card, app.now())]).await.unwrap();
    assert_eq!(sent(1).await, ["entry entered accepted"]);

    // Somebody barred by an order sees the page no more, and nothing goes out.
    let guardian: uuid::Uuid =
        sqlx::query_scalar("select guardian_id from deliveries").fetch_one(&owner).await.unwrap();
    restrict(&app, &school, *student, GuardianId(guardian)).await;
    assert_eq!(phone.get(&path).await.0, 404);
    assert_eq!(phone.post(&path, &chosen).await.0, 404);
    app.clock.advance(chrono::TimeDelta::minutes(5));
    app.scan(&school, &[school.scan(2, card, app.now())]).await.unwrap();
    let unread = "select exists (select from delivery_position p, events e
                    where e.position > p.position and e.aggregate_type = 'attendance_day')";
    while sqlx::query_scalar::<_, bool>(unread).fetch_one(&owner).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(sent(1).await, ["entry entered accepted"], "nothing follows for somebody who is barred");
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

/// A server behind one proxy, whose letters are written down.
async fn behind_a_proxy() -> TestApp {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    TestApp::start_changed(databases, |config| config.http.proxy_hops = 1).await.unwrap()
}

#[tokio::test]
async fn p12_a_stranger_who_asks_and_guesses_keeps_nobody_out_of_a_browser_that_the_address_knows() {
    let app = behind_a_proxy().await;
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let ask = [("correo", "ana@example.com")];
    let mut phone = Browser::from(&app, "203.0.113.9");
    phone.post("/familia/entrar", &ask).await;
    let token = link_in_letter(&app, "ana@example.com").await;
    assert_eq!(phone.post("/familia/entrar/enlace", &[("enlace", &token)]).await.1, "/familia");
    assert!(phone.has("family"), "known from now on");
    phone.post("/familia/salir", &[]).await;
    app.clock.advance(crate::testing::minutes(180));

    // A stranger, in the same network too, uses up whatever strangers have.
    let mut asked = 0;
    for n in 0..12 {
        let from = if n % 2 == 0 { "203.0.113.9".to_owned() } else { format!("198.51.100.{n}") };
        let mut stranger = Browser::from(&app, &from);
        asked += usize::from(stranger.post("/familia/entrar", &ask).await.0 == 303);
        for _ in 0..6 {
            stranger.post("/familia/entrar/codigo", &[("codigo", "000000")]).await;
        }
    }
    assert_eq!(asked, 4, "what strangers get for one address");
    let mut other = Browser::from(&app, "203.0.113.9");
    assert_eq!(other.post("/familia/entrar", &ask).await.0, 429);
    assert_eq!(other.post("/familia/entrar/enlace", &[("enlace", "x")]).await.0, 429, "the network's");

    let before = app.letters_to("ana@example.com", 5).await.unwrap();
    assert_eq!(phone.post("/familia/entrar", &ask).await.0, 303);
    let letters = app.letters_to("ana@example.com", 6).await.unwrap();
    let new = letters.iter().find(|letter| !before.contains(letter)).unwrap();
    let token = &new.split("#t=").nth(1).unwrap()[..43];
    // On another device, whose digits are typed in the one that asked.
    app.clock.advance(crate::testing::minutes(2));
    let shown = Browser::from(&app, "192.0.2.1").post("/familia/entrar/enlace", &[("enlace", token)]).await.2;
    let digits = shown.split("<code aria-hidden=\"true\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    assert_eq!(phone.post("/familia/entrar/codigo", &[("codigo", &digits)]).await.1, "/familia");
    app.shutdown().await;
}

#[tokio::test]
async fn p10_wrong_digits_are_counted_by_the_address_and_its_limit_says_nothing() {
    let app = behind_a_proxy().await;
    let school = app.school(1).await.unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    // A stranger's letter is opened by who reads the address: from then on its digits can be guessed. Five wrong ones
    // in the stranger's browser, then a right one in another.
    let mut answers = Vec::new();
    for address in ["ana@example.com", "eva@example.com"] {
        let mut stranger = Browser::from(&app, "198.51.100.1");
        stranger.post("/familia/entrar", &[("correo", address)]).await;
        if address == "ana@example.com" {
            let token = link_in_letter(&app, address).await;
            Browser::from(&app, "192.0.2.1").post("/familia/entrar/enlace", &[("enlace", &token)]).await;
        }
        let mut of = Vec::new();
        for _ in 0..7 {
            let (status, _, page) = stranger.post("/familia/entrar/codigo", &[("codigo", "000000")]).await;
            of.push((status, page.len()));
        }
        answers.push(of);
        app.clock.advance(crate::testing::minutes(5));
    }
    assert_eq!(answers[0], answers[1], "whether a guardian has the address is not told");
    let mut phone = Browser::from(&app, "203.0.113.9");
    let before = app.letters_to("ana@example.com", 1).await.unwrap();
    phone.post("/familia/entrar", &[("correo", "ana@example.com")]).await;
    let letters = app.letters_to("ana@example.com", 2).await.unwrap();
    let new = letters.iter().find(|letter| !before.contains(letter)).unwrap();
    let token = &new.split("#t=").nth(1).unwrap()[..43];
    let shown = Browser::from(&app, "192.0.2.1").post("/familia/entrar/enlace", &[("enlace", token)]).await.2;
    let digits = shown.split("<code aria-hidden=\"true\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    assert_eq!(phone.post("/familia/entrar/codigo", &[("codigo", &digits)]).await.0, 422, "no more today");
    assert_eq!(phone.post("/familia/entrar/enlace", &[("enlace", token)]).await.1, "/familia", "the link is good");
    app.shutdown().await;
}

#[tokio::test]
async fn a_guardian_sees_when_somebody_came_in_and_ends_what_is_open() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    for address in ["ana@example.com", "eva@example.com"] {
        app.guardian(&school, address, &[]).await.unwrap();
    }
    let enter = async |address: &str| {
        let cookie = app.family(address).await.unwrap();
        let mut browser = Browser::new(&app);
        browser.jar.0.push(("fam".to_owned(), cookie.trim_start_matches("fam=").to_owned()));
        browser
    };
    let (mut eva, mut lost) = (enter("eva@example.com").await, enter("ana@example.com").await);
    app.clock.advance(crate::testing::minutes(60));
    let mut ana = enter("ana@example.com").await;
    let page = ana.get("/familia/sesiones").await.2;
    assert_eq!(page.matches("<li class=\"row\"").count(), 2, "{page}");
    assert!(
        page.contains("07:30") && page.contains("08:30") && page.contains("Esta sesión") && page.contains("Abierta"),
        "{page}"
    );
    let other = page.split("name=\"sesion\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(eva.post("/familia/sesiones", &[("sesion", &other)]).await.0, 404, "another address");
    assert_eq!(lost.get("/familia").await.0, 200);
    assert_eq!(ana.post("/familia/sesiones", &[("sesion", &other)]).await.1, "/familia/sesiones");
    assert_eq!(lost.get("/familia").await.1, "/familia/entrar");
    let page = ana.get("/familia/sesiones").await.2;
    assert!(page.contains("Cerrada") && !page.contains("Abierta"), "{page}");
    app.shutdown().await;
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

#[tokio::test]
async fn a_guardian_looks_at_an_earlier_day_with_its_reasons_and_at_no_day_that_is_to_come() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let (student, card) = &school.pupils[0];
    app.guardian(&school, "ana@example.com", &[(*student, VIEWS)]).await.unwrap();
    app.scan(&school, &[school.scan(1, card, app.now())]).await.unwrap();
    app.clock.advance(chrono::TimeDelta::days(1));
    app.settle().await.unwrap();
    let cookie = app.family("ana@example.com").await.unwrap();
    let get = async |path: String| {
        let request = app.anonymous.get(format!("{}{path}", app.base)).header("cookie", &cookie);
        let answer = request.header("accept", "text/html").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let path = format!("/familia/alumnos/{student}");
    let (_, today) = get(path.clone()).await;
    assert!(today.contains("martes 10 de marzo") && today.contains("Hoy no hay ingresos"), "{today}");
    assert!(today.contains(&format!("{path}?fecha=2026-03-09")) && today.contains("a la hora"), "{today}");
    let (status, then) = get(format!("{path}?fecha=2026-03-09")).await;
    assert!(status == 200 && then.contains("class=\"taps\"") && then.contains("lunes 9 de marzo"), "{then}");
    assert!(then.contains("class=\"reasons\"") && then.contains("Ver hoy"), "{then}");
    assert!(then.contains("Justificar la ausencia o el atraso de ese día"), "{then}");
    let (_, silent) = get(format!("{path}?fecha=2026-03-06")).await;
    let head = silent.split("id=\"why\"").next().unwrap();
    assert!(head.contains("sin información") && !head.contains("usente"), "no gate read anybody: {head}");
    let staffs = app.get(&format!("/alumnos/{student}?colegio={}&fecha=2026-03-06", school.id)).await.unwrap();
    let staffs = staffs.text().await.unwrap();
    let head = staffs.split("class=\"reasons\"").next().unwrap();
    assert!(head.contains("sin información") && !head.contains("usente"), "the staff reads the same: {head}");
    for none in ["2026-03-11", "2024-03-11", "ayer", "-9999-01-01"] {
        assert_eq!(get(format!("{path}?fecha={none}")).await.0, 404, "{none}");
    }
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let of_that_day = "select count(*) from looks where who_kind = 'guardian' and of_date = '2026-03-09'";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(of_that_day).fetch_one(&owner).await.unwrap(),
        1,
        "which day was looked at"
    );
    app.shutdown().await;
}

#[tokio::test]
async fn a_guardian_takes_along_what_is_kept_and_nothing_of_a_child_they_may_not_see() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let [(ana, card), (eva, _), (luz, _)] = &school.pupils[..] else { panic!("three") };
    let guardian = app.guardian(&school, "ana@example.com", &[(*ana, VIEWS), (*eva, VIEWS)]).await.unwrap();
    restrict(&app, &school, *eva, guardian).await;
    app.scan(&school, &[school.scan(1, card, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let cookie = app.family("ana@example.com").await.unwrap();
    let answer =
        app.anonymous.get(format!("{}/familia/datos", app.base)).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"mis-datos.json\"");
    let data: serde_json::Value = answer.json().await.unwrap();
    let pupils = data["schools"][0]["pupils"].as_array().unwrap();
    assert_eq!(pupils.len(), 1, "{data}");
    assert_eq!(pupils[0]["name"], "Ana 0 Pérez Soto");
    assert_eq!(pupils[0]["guardian"]["mail"], "ana@example.com");
    assert_eq!(
        (&pupils[0]["guardian"]["rights"]["may_view"], &pupils[0]["guardian"]["rights"]["legal"]),
        (&true.into(), &false.into())
    );
    let day = pupils[0]["days"].as_array().unwrap().last().unwrap();
    assert_eq!((&day["date"], &day["status"]), (&"2026-03-09".into(), &"present".into()), "{data}");
    assert_eq!(pupils[0]["looked"][0]["who"], "you", "that it was taken is a look");
    for other in [eva, luz] {
        assert!(!data.to_string().contains(&other.to_string()) && !data.to_string().contains("Ana 1"), "{data}");
    }
    app.shutdown().await;
}
