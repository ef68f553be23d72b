//! The staff's pages over HTTP, from the invitation to the way out.

mod enrol;
mod known;
mod passkeys;
mod second_school;

use crate::permissions::{Access, ROUTES};
use crate::session::STEP_UP;
use crate::testing::{Jar, PASSWORD, TestApp, TestPerson, minutes, with_form};
use crate::tokens;
use commands::accounts::{Invite, Scope, StaffRole};
use reqwest::Method;

struct Browser<'a> {
    app: &'a TestApp,
    jar: Jar,
}

/// What it got.
struct Shown {
    status: u16,
    location: Option<String>,
    cleared: bool,
    text: String,
}

impl Shown {
    async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            location: response.headers().get("location").map(|to| to.to_str().unwrap().to_owned()),
            cleared: response.headers().get("clear-site-data").is_some(),
            text: response.text().await.unwrap(),
        }
    }
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, jar: Jar::default() }
    }

    fn sid(&self) -> Option<&str> {
        self.jar.cookie("sid")
    }

    async fn send(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> Shown {
        Shown::of(self.jar.send(self.app, method, path, form).await.unwrap()).await
    }

    async fn get(&mut self, path: &str) -> Shown {
        self.send(Method::GET, path, &[]).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Shown {
        self.send(Method::POST, path, form).await
    }

    async fn sign_in(&mut self, email: &str) -> Shown {
        self.post("/entrar", &[("email", email), ("clave", PASSWORD)]).await
    }
}

/// A page without what differs at each rendering.
fn without_nonce(text: &str) -> String {
    let mut parts = text.split("nonce=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.split_once('"').unwrap().1)
}

#[tokio::test]
async fn from_the_invitation_to_the_way_out() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let mut admin = Browser::new(&app);
    let asked = admin.get("/personas").await;
    assert_eq!((asked.status, asked.location.as_deref()), (303, Some("/entrar?volver=%2Fpersonas")));
    assert!(admin.get(&asked.location.unwrap()).await.text.contains("value=\"/personas\""));
    let form = [("email", "Admin@Escuela.cl"), ("clave", PASSWORD), ("volver", "/personas")];
    let entered = admin.post("/entrar", &form).await;
    assert_eq!((entered.status, entered.location.as_deref()), (303, Some("/personas")), "{}", entered.text);
    let people = admin.get("/personas").await;
    assert!(people.status == 200 && people.text.contains("admin@escuela.cl") && people.text.contains("Cerrar sesión"));

    let invite = [("nombre", "Luis Soto"), ("email", "luis@escuela.cl"), ("rol", "DIRECTOR")];
    let invited = admin.post("/personas/invitar", &invite).await;
    let letters = app.letters_to("luis@escuela.cl", 1).await.unwrap();
    let link = letters[0].split("#t=").nth(1).expect(&letters[0])[..43].to_owned();
    assert!(letters[0].contains(&format!("{}/entrar/activar#t={link}", app.base)));
    assert!(!invited.text.contains(&link) && invited.text.contains("por correo"), "{}", invited.text);

    // Looking at the page uses nothing up; the person's own click does, once.
    let mut luis = Browser::new(&app);
    for _ in 0..3 {
        assert_eq!(luis.get(&format!("/entrar/activar?t={link}")).await.status, 200);
        assert_eq!(luis.send(Method::HEAD, "/entrar/activar", &[]).await.status, 200);
    }
    let short = [("enlace", link.as_str()), ("nueva", "corta"), ("repetida", "corta")];
    let refused = luis.post("/entrar/activar", &short).await;
    assert!(refused.status == 422 && refused.text.contains("al menos 15"));
    let whole = format!("{}/entrar/activar#t={link}", app.base);
    let differs = [("enlace", whole.as_str()), ("nueva", PASSWORD), ("repetida", "otra cosa muy distinta")];
    assert_eq!(luis.post("/entrar/activar", &differs).await.status, 422);
    let chosen = [("enlace", whole.as_str()), ("nueva", PASSWORD), ("repetida", PASSWORD)];
    assert_eq!(luis.post("/entrar/activar", &chosen).await.location.as_deref(), Some("/entrar?aviso=activada"));
    assert!(luis.sid().is_none(), "who only has the link is not signed in");
    assert!(luis.post("/entrar/activar", &chosen).await.text.contains("El enlace no es válido"));
    assert_eq!(luis.sign_in("luis@escuela.cl").await.location.as_deref(), Some("/"));
    assert_eq!(luis.get("/").await.location.as_deref(), Some("/hoy"));
    assert!(luis.get("/hoy").await.text.contains("Luis Soto"));
    assert_eq!(luis.get("/entrar?volver=//evil.example").await.location.as_deref(), Some("/"));

    // A14: out is out.
    let sid = luis.sid().unwrap().to_owned();
    let out = luis.post("/salir", &[]).await;
    assert!(out.cleared && out.location.as_deref() == Some("/entrar") && luis.sid().is_none());
    luis.jar.0.push(("sid".to_owned(), sid));
    assert_eq!(luis.get("/hoy").await.location.as_deref(), Some("/entrar?volver=%2Fhoy"), "replayed");
    app.shutdown().await;
}

#[tokio::test]
async fn a40_whether_an_address_is_known_is_told_to_nobody() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap();
    let disabled = app.member(&school, "fuera@escuela.cl", StaffRole::Inspector).await.unwrap();
    app.state().accounts.disable(&app.context(school.id), disabled).await.unwrap();
    let invite = Invite { email: "nueva@escuela.cl".into(), name: "Nueva".into(), role: StaffRole::Inspector };
    app.state().accounts.invite(&app.context(school.id), invite).await.unwrap();
    let mut answers = Vec::new();
    for (email, password) in [
        ("rosa@escuela.cl", "otra contraseña larga y mala"),
        ("nadie@escuela.cl", PASSWORD),
        ("fuera@escuela.cl", PASSWORD),
        ("nueva@escuela.cl", PASSWORD),
        ("no es un correo", PASSWORD),
    ] {
        let mut browser = Browser::new(&app);
        let shown = browser.post("/entrar", &[("email", email), ("clave", password)]).await;
        assert!(browser.sid().is_none());
        answers.push((shown.status, without_nonce(&shown.text).replace(email, "…")));
    }
    assert_eq!(answers[0].0, 422);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    app.shutdown().await;
}

#[tokio::test]
async fn a48_what_matters_asks_for_the_password_again_and_gives_the_session_another_id() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let target = app.member(&school, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap().to_string();
    let mut admin = Browser::new(&app);
    admin.sign_in("admin@escuela.cl").await;
    app.clock.advance(STEP_UP);
    let give = [("cuenta", target.as_str()), ("rol", "AUDITOR"), ("que", "dar")];
    let refused = admin.post("/personas/rol", &give).await;
    assert_eq!(refused.location.as_deref(), Some("/cuenta/confirmar?volver=%2Fpersonas"));
    assert!(admin.get(&refused.location.unwrap()).await.text.contains("value=\"/personas\""));
    for route in ROUTES.iter().filter(|route| route.step_up == Some(STEP_UP)) {
        let method = route.method.parse().unwrap();
        let asked = admin.send(method, route.path, &give).await;
        if route.is_api() {
            assert!(asked.status == 401 && asked.text.contains("step_up"), "{route:?}: {}", asked.text);
            continue;
        }
        assert!(asked.location.unwrap().starts_with("/cuenta/confirmar?"), "{route:?}");
        assert!(route.method != "GET" || !matches!(route.access, Access::Public), "{route:?}");
    }
    let before = admin.sid().unwrap().to_owned();
    let wrong = admin.post("/cuenta/confirmar", &[("clave", "x"), ("volver", "/personas")]).await;
    assert_eq!((wrong.status, admin.sid()), (422, Some(before.as_str())));
    let evil = [("clave", PASSWORD), ("volver", "//evil.example")];
    assert_eq!(admin.post("/cuenta/confirmar", &evil).await.location.as_deref(), Some("/cuenta"));
    assert_ne!(admin.sid(), Some(before.as_str()));
    let mut old = Browser::new(&app);
    old.jar.0.push(("sid".to_owned(), before));
    assert_eq!(old.get("/cuenta").await.status, 303, "the old id is nobody's");
    assert_eq!(admin.post("/personas/rol", &give).await.status, 303);
    assert!(admin.get("/personas").await.text.contains("Inspectoría, Auditoría"));
    app.shutdown().await;
}

#[tokio::test]
async fn a47_another_password_ends_every_other_session_and_gives_this_one_another_id() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap();
    let (mut here, mut there, mut third) = (Browser::new(&app), Browser::new(&app), Browser::new(&app));
    for browser in [&mut here, &mut there, &mut third] {
        browser.sign_in("rosa@escuela.cl").await;
    }
    let page = here.get("/cuenta").await.text;
    assert_eq!(page.matches("name=\"sesion\"").count(), 3, "two others, and all of them");
    let id = page.split("name=\"sesion\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // Nobody else ends it.
    let mut stranger = Browser::new(&app);
    app.member(&school, "otro@escuela.cl", StaffRole::Admin).await.unwrap();
    stranger.sign_in("otro@escuela.cl").await;
    assert_eq!(stranger.post("/cuenta/sesiones", &[("sesion", &id)]).await.status, 404);
    assert_eq!(
        here.post("/cuenta/sesiones", &[("sesion", &id)]).await.location.as_deref(),
        Some("/cuenta?aviso=sesiones")
    );
    let others = [there.get("/cuenta").await.status, third.get("/cuenta").await.status];
    assert!(others == [200, 303] || others == [303, 200], "{others:?}");
    let before = here.sid().unwrap().to_owned();
    const NEW: &str = "otra frase larga de verdad";
    let of_session = async || -> (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) {
        let query = "select stepped_up_at, ends_at from sessions s join accounts using (account_id)
                     where session_is_open(s, accounts, $1) and account_id = $2 order by s.rotated_at desc limit 1";
        sqlx::query_as(query).bind(app.now()).bind(rosa.0).fetch_one(&app.running().pools().auth).await.unwrap()
    };
    let begun = of_session().await;
    app.clock.advance(minutes(20));
    let wrong = [("actual", "x"), ("nueva", NEW), ("repetida", NEW)];
    assert!(here.post("/cuenta/clave", &wrong).await.text.contains("La contraseña no es correcta"));
    let change = [("actual", PASSWORD), ("nueva", NEW), ("repetida", NEW)];
    assert_eq!(here.post("/cuenta/clave", &change).await.location.as_deref(), Some("/cuenta?aviso=clave"));
    assert_ne!(here.sid(), Some(before.as_str()));
    assert_eq!(of_session().await, begun, "it ends when it was to, and is stepped up since then");
    assert!(here.get("/cuenta?aviso=clave").await.text.contains("Su contraseña cambió"));
    assert_eq!([there.get("/cuenta").await.status, third.get("/cuenta").await.status], [303, 303]);
    assert_eq!(Browser::new(&app).sign_in("rosa@escuela.cl").await.status, 422, "the old password");
    app.shutdown().await;
}

#[tokio::test]
async fn a38_with_a_second_factor_the_password_alone_opens_nothing() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let mut rosa = Browser::new(&app);
    rosa.sign_in("rosa@escuela.cl").await;
    let page = rosa.post("/cuenta/codigo/comenzar", &[]).await.text;
    assert!(page.contains("otpauth://totp/"), "{page}");
    let base32 = page.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let code = || {
        let secret = totp_rs::Secret::try_from_base32(&base32).unwrap();
        let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
    };
    assert_eq!(rosa.post("/cuenta/codigo", &[("codigo", "000000")]).await.status, 422);
    assert_eq!(
        rosa.post("/cuenta/codigo", &[("codigo", &code())]).await.location.as_deref(),
        Some("/cuenta?aviso=codigo")
    );
    assert!(rosa.get("/cuenta").await.text.contains("Quitar la verificación en dos pasos"));

    let mut again = Browser::new(&app);
    let half =
        again.post("/entrar", &[("email", "rosa@escuela.cl"), ("clave", PASSWORD), ("volver", "/personas")]).await;
    assert_eq!(half.location.as_deref(), Some("/entrar/codigo?volver=%2Fpersonas"));
    let pending = again.sid().unwrap().to_owned();
    assert_eq!(again.get("/personas").await.status, 303, "half is nothing");
    let used = again.post("/entrar/codigo", &[("codigo", &code()), ("volver", "/personas")]).await;
    assert_eq!(used.status, 422, "a code counts once");
    app.clock.advance(minutes(1));
    let entered = again.post("/entrar/codigo", &[("codigo", &code()), ("volver", "/personas")]).await;
    assert_eq!(entered.location.as_deref(), Some("/personas"));
    assert_ne!(again.sid(), Some(pending.as_str()));
    assert_eq!(again.get("/personas").await.status, 200);

    let mut guesser = Browser::new(&app);
    guesser.sign_in("rosa@escuela.cl").await;
    for _ in 0..5 {
        assert_eq!(guesser.post("/entrar/codigo", &[("codigo", "123456")]).await.status, 422);
    }
    app.clock.advance(minutes(1));
    let late = guesser.post("/entrar/codigo", &[("codigo", &code())]).await;
    assert_eq!(late.location.as_deref(), Some("/entrar"), "five guesses for a password");
    app.shutdown().await;
}

#[tokio::test]
async fn the_security_log_says_what_happened_and_names_to_those_who_may_know_them() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let admin = app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let target = app.member(&school, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap().to_string();
    app.member(&school, "auditor@escuela.cl", StaffRole::Auditor).await.unwrap();
    let mut browser = Browser::new(&app);
    browser.sign_in("admin@escuela.cl").await;
    let last = [("cuenta", admin.to_string()), ("rol", "ADMIN".into()), ("que", "quitar".into())];
    let last: Vec<_> = last.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(browser.post("/personas/rol", &last).await.text.contains("Es la última persona"));
    let suspend = [("cuenta", target.as_str()), ("que", "suspender")];
    // A word that is none changes nothing: it is not taken for the other one.
    let odd = [("cuenta", target.as_str()), ("que", "Suspender"), ("rol", "AUDITOR")];
    for page in ["/personas/estado", "/personas/rol"] {
        assert_eq!(browser.post(page, &odd).await.status, 422, "{page}");
    }
    assert_eq!(browser.post("/personas/estado", &suspend).await.status, 303);
    let begun = std::time::Instant::now();
    let log = loop {
        app.settle().await.unwrap();
        let log = browser.get("/registro").await.text;
        // The sign-in is noted beside its answer.
        if log.contains("Inicio de sesión") {
            break log;
        }
        assert!(begun.elapsed().as_secs() < 20, "{log}");
    };
    assert!(log.contains("por la línea de comandos del servidor") && !log.contains("cli:"), "{log}");
    for words in ["Cuenta suspendida", "Invitación", "Cuenta activada", "Rosa Díaz", "por Rosa Díaz"] {
        assert!(words == "por Rosa Díaz" || log.contains(words), "{words}: {log}");
    }
    let mut auditor = Browser::new(&app);
    auditor.sign_in("auditor@escuela.cl").await;
    let seen = auditor.get("/registro").await.text;
    assert!(seen.contains("Cuenta suspendida") && seen.contains(&target));
    assert_eq!(seen.matches("Rosa Díaz").count(), 1, "the auditor's own name");
    assert_eq!(auditor.get("/personas").await.status, 403);
    assert_eq!(auditor.get("/").await.location.as_deref(), Some("/registro"));
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_is_disabled_or_loses_a_role_is_out_at_once() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let accounts = &app.state().accounts;
    let mut browser = Browser::new(&app);
    browser.sign_in("rosa@escuela.cl").await;
    assert_eq!(browser.get("/personas").await.status, 200);
    let before = browser.sid().unwrap().to_owned();
    accounts.grant(&app.context(school.id), rosa, StaffRole::Inspector).await.unwrap();
    accounts.revoke(&app.context(school.id), rosa, StaffRole::Director).await.unwrap();
    assert_eq!(browser.get("/personas").await.status, 303, "other rights are another session");
    browser.sign_in("rosa@escuela.cl").await;
    assert_ne!(browser.sid(), Some(before.as_str()));
    assert_eq!((browser.get("/hoy").await.status, browser.get("/personas").await.status), (200, 403));
    accounts.disable(&app.context(school.id), rosa).await.unwrap();
    assert_eq!(browser.get("/hoy").await.status, 303);
    assert_eq!(browser.sign_in("rosa@escuela.cl").await.status, 422);
    accounts.enable(&app.context(school.id), rosa).await.unwrap();
    assert_eq!(browser.get("/hoy").await.status, 303, "what was over stays over");
    assert_eq!(browser.sign_in("rosa@escuela.cl").await.status, 303);
    app.shutdown().await;
}

#[tokio::test]
async fn a47_an_administrator_ends_the_sessions_of_a_person_of_this_school_alone() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap().to_string();
    let (mut admin, mut browser) = (Browser::new(&app), Browser::new(&app));
    admin.sign_in("admin@escuela.cl").await;
    browser.sign_in("rosa@escuela.cl").await;
    assert!(admin.get("/personas").await.text.contains("Cerrar sus sesiones"));
    let end = [("cuenta", rosa.as_str()), ("que", "sesiones")];
    assert_eq!(admin.post("/personas/estado", &end).await.status, 303);
    assert_eq!((browser.get("/hoy").await.status, admin.get("/hoy").await.status), (303, 200));
    assert_eq!(browser.sign_in("rosa@escuela.cl").await.status, 303, "the person may come in again");
    assert_eq!(browser.get("/hoy").await.status, 200);
    app.settle().await.unwrap();
    assert!(admin.get("/registro").await.text.contains("Fin de sesión"));

    // Where another school has the person, too, the sessions are not this school's to end.
    let also = Invite { email: "rosa@escuela.cl".into(), name: "Rosa".into(), role: StaffRole::Inspector };
    app.state().accounts.invite_for(&app.context(twin.id), also, Scope::Installation).await.unwrap();
    let refused = admin.post("/personas/estado", &end).await;
    assert!(refused.status == 422 && refused.text.contains("también es de otro colegio"), "{}", refused.text);
    assert_eq!(browser.sign_in("rosa@escuela.cl").await.status, 303);
    app.shutdown().await;
}

#[tokio::test]
async fn p27_whoever_guesses_from_one_network_waits_and_hears_how_long() {
    let app = TestApp::start().await.unwrap();
    let guess = async |email: &str| {
        let request = app
            .anonymous
            .post(format!("{}/entrar", app.base))
            .header("origin", &app.base)
            .header("accept", "text/html");
        with_form(request, [("email", email), ("clave", "una clave que no es")]).send().await.unwrap()
    };
    for n in 0..5 {
        assert_eq!(guess("marta@escuela.cl").await.status(), 422, "{n}");
    }
    let refused = guess("Marta@Escuela.CL ").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert!(refused.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(guess("otra@escuela.cl").await.status(), 422, "another address is another bucket");
    app.clock.advance(chrono::TimeDelta::seconds(30));
    assert_eq!(guess("marta@escuela.cl").await.status(), 422, "one try is earned");
    assert_eq!(guess("marta@escuela.cl").await.status(), 429);
    app.shutdown().await;
}

#[tokio::test]
async fn a_link_goes_to_its_persons_mailbox_alone_and_is_shown_once_only_where_no_letters_leave() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    app.member(&twin, "admin@otra.cl", StaffRole::Admin).await.unwrap();
    let teacher = app.member(&twin, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap().0.to_string();
    let (mut admin, mut other) = (Browser::new(&app), Browser::new(&app));
    admin.sign_in("admin@escuela.cl").await;
    other.sign_in("admin@otra.cl").await;
    // Somebody whom no school has yet, then both: each time the mailbox gets the newest link, and no administrator.
    let invite = [("nombre", "Luis Soto"), ("email", "luis@escuela.cl"), ("rol", "ADMIN")];
    for (n, browser) in [&mut admin, &mut other].into_iter().enumerate() {
        let page = browser.post("/personas/invitar", &invite).await;
        assert!(page.status == 200 && !page.text.contains("#t="), "{}", page.text);
        app.letters_to("luis@escuela.cl", n + 1).await.unwrap();
    }
    // Of a person of two schools, too.
    let also = Invite { email: "rosa@escuela.cl".into(), name: "Rosa".into(), role: StaffRole::Inspector };
    app.state().accounts.invite_for(&app.context(school.id), also, Scope::Installation).await.unwrap();
    let reset = other.post("/personas/enlace", &[("cuenta", &teacher)]).await;
    assert!(reset.status == 200 && !reset.text.contains("#t="), "{}", reset.text);
    app.letters_to("rosa@escuela.cl", 1).await.unwrap();
    app.shutdown().await;

    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let mut admin = Browser::new(&app);
    admin.sign_in("admin@escuela.cl").await;
    let page = admin.post("/personas/invitar", &invite).await;
    let link = page.text.split("#t=").nth(1).expect(&page.text)[..43].to_owned();
    assert!(page.text.contains(&format!("{}/entrar/activar#t={link}", app.base)));
    assert!(!admin.get("/personas").await.text.contains(&link), "shown once");
    app.shutdown().await;
}

#[tokio::test]
async fn what_was_typed_stays_and_the_words_stand_at_the_field_that_is_wrong() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.member(&school, "admin@escuela.cl", StaffRole::Admin).await.unwrap();
    let mut admin = Browser::new(&app);
    let wrong = admin.post("/entrar", &[("email", "admin@escuela.cl"), ("clave", "no es esta")]).await.text;
    assert!(wrong.contains("value=\"admin@escuela.cl\"") && !wrong.contains("no es esta"), "{wrong}");
    assert_eq!(wrong.matches("aria-invalid").count(), 2, "which of both is told to nobody");
    admin.sign_in("admin@escuela.cl").await;

    let invite = |name, email| [("nombre", name), ("email", email), ("rol", "AUDITOR")];
    let input = |page: &str, name: &str| {
        let start = page.find(&format!("<input id=\"{name}\"")).expect(page);
        page[start..].split('>').next().unwrap().to_owned()
    };
    for (name, email, at) in [("Luis Soto", "luis@", "email"), ("\u{200b}", "luis@escuela.cl", "nombre")] {
        let page = admin.post("/personas/invitar", &invite(name, email)).await;
        assert_eq!(page.status, 422);
        for (field, typed) in [("nombre", name), ("email", email)] {
            let input = input(&page.text, field);
            assert!(input.contains(&format!("value=\"{typed}\"")), "{input}");
            assert_eq!(input.contains("aria-invalid=\"true\""), field == at, "{input}");
            assert_eq!(input.contains("autofocus"), field == at, "{input}");
        }
        assert!(page.text.contains("<option value=\"AUDITOR\" selected>"), "{}", page.text);
    }
    let long = "otra frase larga de verdad";
    for (actual, new, again, at) in
        [("x", long, long, "actual"), (PASSWORD, "corta", "corta", "nueva"), (PASSWORD, long, "otra", "repetida")]
    {
        let page = admin.post("/cuenta/clave", &[("actual", actual), ("nueva", new), ("repetida", again)]).await.text;
        for field in ["actual", "nueva", "repetida"] {
            let input = input(&page, field);
            assert!(input.contains("value=\"\""), "{input}");
            assert_eq!(input.contains(&format!("{field}-wrong\"")), field == at, "{input}");
        }
    }
    app.shutdown().await;
}

async fn other(browser: &mut Browser<'_>, path: &str) {
    let page = browser.get(path).await;
    let mark = if path.contains('?') { "&amp;" } else { "?" };
    let link = format!("href=\"{}{mark}lang=en\" lang=\"en\"", path.replace('&', "&amp;"));
    assert!(page.status == 200 && page.text.contains(&link), "{path}: {} {}", page.status, page.text);
    let onward = page.text.contains("name=\"volver\" value=\"/personas\"");
    assert_eq!(onward, path.contains("volver="), "{path}");
}

#[tokio::test]
async fn the_other_language_shows_the_same_page() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let twin = app.school(1).await.unwrap();
    let rosa = app.member(&school, "rosa@escuela.cl", StaffRole::Admin).await.unwrap();
    app.grant(rosa, twin.id, StaffRole::Admin).await.unwrap();
    let mut rosa = Browser::new(&app);
    other(&mut rosa, "/entrar?volver=%2Fpersonas").await;
    rosa.sign_in("rosa@escuela.cl").await;
    for path in ["/cuenta", "/cuenta/llaves", "/cuenta/codigo", "/cuenta/confirmar?volver=%2Fpersonas", "/escuelas"] {
        other(&mut rosa, path).await;
    }
    for place in [&school, &twin] {
        for path in ["/personas", "/registro", "/registro/miradas", "/hoy", "/kioscos"] {
            other(&mut rosa, &format!("{path}?colegio={}", place.id)).await;
        }
        other(&mut rosa, &format!("/registro?colegio={}&antes=900", place.id)).await;
        other(&mut rosa, &format!("/kioscos/{}?colegio={}", place.kiosk, place.id)).await;
        other(&mut rosa, &format!("/kioscos/{}/anular?colegio={}", place.kiosk, place.id)).await;
        other(&mut rosa, &format!("/hoy/cursos/{}?colegio={}", place.course, place.id)).await;
    }
    // A form that comes back leads to the page that holds it.
    let page = rosa
        .post(&format!("/personas/invitar?colegio={}", twin.id), &[("nombre", "x"), ("email", "x"), ("rol", "AUDITOR")])
        .await;
    assert!(page.text.contains(&format!("href=\"/personas?colegio={}&amp;lang=en\"", twin.id)), "{}", page.text);
    app.shutdown().await;
}
