use crate::config::NoticesConfig;
use crate::testing::{TestApp, TestSchool};
use commands::use_cases::{ChangeGuardianLink, change_guardian_link};
use domain::account::StaffRole;
use domain::student::GuardianRights;
use reqwest::Client;
use std::time::Duration;

const TOLD: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: false, may_view: true, restricted: false };

/// A school that sends mails, with a family for its first pupil.
async fn school() -> (TestApp, TestSchool) {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let notices = NoticesConfig::for_testing(&"s".repeat(32), &"w".repeat(32));
    let app = TestApp::start_changed(databases, |config| config.notices = notices).await.unwrap();
    let school = app.school(2).await.unwrap();
    app.guardian(&school, "ana@example.com", &[(school.pupils[0].0, TOLD)]).await.unwrap();
    app.settle().await.unwrap();
    (app, school)
}

async fn read(app: &TestApp, client: &Client, path: &str) -> (u16, String) {
    let answer = client.get(format!("{}{path}", app.base)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Sends a form; where it leads to, and what stands there.
async fn send(app: &TestApp, client: &Client, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let sent = client.post(format!("{}{path}", app.base)).header("origin", &app.base);
    let answer = sent.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
    let to = match answer.headers().get("location") {
        Some(to) => to.to_str().unwrap().to_owned(),
        None => answer.url().path().to_owned() + "?" + answer.url().query().unwrap_or_default(),
    };
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

const NEW: [(&str, &str); 5] = [
    ("id", "01935a7c-0000-7000-8000-000000000001"),
    ("para", "colegio"),
    ("rol", "told"),
    ("asunto", "Reunión de apoderados"),
    ("texto", "El lunes.\n\nA las 19:00."),
];

#[tokio::test]
async fn a_director_writes_sees_whom_it_reaches_approves_and_the_family_reads_it() {
    let (app, school) = school().await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let (_, page) = read(&app, &director, "/comunicados/nuevo").await;
    assert!(page.contains("Todo el colegio") && page.contains(&format!("value=\"{}\"", school.course)), "{page}");
    let (_, to, page) = send(&app, &director, "/comunicados/nuevo", &NEW).await;
    assert!(to.contains("aviso=guardado"), "{to} {page}");
    let path = to.split('?').next().unwrap().to_owned();
    let (_, page) = read(&app, &director, &path).await;
    for words in ["Reunión de apoderados", "Sin aprobar", "1 persona", "1 por Correo", "Aprobar y enviar a 1 persona"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("hx-get"), "nothing moves yet: {page}");
    // The same form again is the same broadcast.
    let (_, again, _) = send(&app, &director, "/comunicados/nuevo", &NEW).await;
    assert_eq!(again.split('?').next(), Some(path.as_str()));
    // Whoever saw the first draft approves no other.
    let (_, to, _) = send(&app, &director, &format!("{path}/aprobar"), &[("version", "1")]).await;
    assert!(to.contains("aviso=cambio"), "{to}");
    let (_, to, _) = send(&app, &director, &format!("{path}/aprobar"), &[("version", "2")]).await;
    assert!(to.contains("aviso=aprobado"), "{to}");

    let mut page = String::new();
    for _ in 0..500 {
        page = read(&app, &director, &path).await.1;
        if page.contains("Terminado, a 1 persona") {
            break;
        }
        app.clock.advance(chrono::TimeDelta::seconds(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(page.contains("Terminado, a 1 persona") && page.contains("Recibido por el canal"), "{page}");
    let (status, sheet) = read(&app, &director, &format!("{path}/resultados")).await;
    assert!(status == 200 && sheet.contains("Ana 0 Pérez Soto;Correo;Recibido por el canal"), "{sheet}");
    let (_, list) = read(&app, &director, "/comunicados").await;
    assert!(list.contains("Reunión de apoderados") && list.contains("Terminado"), "{list}");

    let cookie = app.family("ana@example.com").await.unwrap();
    let home =
        app.anonymous.get(format!("{}/familia/comunicados", app.base)).header("cookie", &cookie).send().await.unwrap();
    let page = home.text().await.unwrap();
    assert!(page.contains("<h2>Reunión de apoderados</h2>") && page.contains("A las 19:00."), "{page}");
    // Barred by an order afterwards, a guardian reads nothing of the pupil any more.
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let guardian = "select guardian_id from broadcast_recipients";
    let guardian_id = domain::GuardianId(sqlx::query_scalar(guardian).fetch_one(&owner).await.unwrap());
    let rights = Some(GuardianRights { restricted: true, ..TOLD });
    let change = ChangeGuardianLink { student_id: school.pupils[0].0, guardian_id, rights };
    change_guardian_link(app.write(), &app.context(school.id), change).await.unwrap();
    let again = app.anonymous.get(format!("{}/familia/comunicados", app.base)).header("cookie", &cookie);
    let page = again.send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("A las 19:00."), "{page}");
    app.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_beside_what_was_typed_and_only_who_may_writes() {
    let (app, school) = school().await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let with = |name: &'static str, value: &'static str| {
        let mut fields = NEW.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        fields
    };
    for (fields, words) in [
        (with("para", "cursos"), "Elija a quién va"),
        (with("asunto", ""), "Escriba un asunto y un mensaje"),
        (with("cuando", "2020-01-01T08:00"), "Esa hora ya pasó"),
        (with("cuando", "mañana"), "Esa hora ya pasó"),
    ] {
        let (status, _, page) = send(&app, &director, "/comunicados/nuevo", &fields).await;
        assert!(status == 422 && page.contains(words) && page.contains("A las 19:00."), "{words}: {status} {page}");
    }
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert_eq!(read(&app, &inspector, "/comunicados").await.0, 403);
    assert_eq!(send(&app, &inspector, "/comunicados/nuevo", &NEW).await.0, 403);
    // What goes to nobody, later, and is cancelled.
    let mut later = with("rol", "collect");
    later.push(("cuando", "2026-12-01T08:00"));
    let (_, to, _) = send(&app, &director, "/comunicados/nuevo", &later).await;
    let path = to.split('?').next().unwrap().to_owned();
    let (_, page) = read(&app, &director, &path).await;
    assert!(page.contains("No llegaría a nadie") && !page.contains("Aprobar y enviar"), "{page}");
    let (_, form) = read(&app, &director, &format!("{path}/editar")).await;
    assert!(form.contains("value=\"2026-12-01T08:00\"") && form.contains("Reunión de apoderados"), "{form}");
    let (_, to, _) = send(&app, &director, &format!("{path}/cancelar"), &[]).await;
    assert!(to.contains("aviso=cancelado"), "{to}");
    assert_eq!(read(&app, &director, &format!("{path}/editar")).await.0, 404);
    let (_, to, _) = send(&app, &director, &format!("{path}/aprobar"), &[("version", "1")]).await;
    assert!(to.contains("aviso=ya-cancelado") || to.contains("aviso=a-nadie"), "{to}");
    app.shutdown().await;
}
