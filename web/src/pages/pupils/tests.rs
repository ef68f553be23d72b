//! A director who looks somebody up, enrols, moves and withdraws, and says what which adult may do.

use crate::pages::tests::shown;
use crate::pages::upload::AGAIN;
use crate::testing::{TestApp, TestSchool};
use chrono::TimeDelta;
use domain::StudentId;
use domain::account::StaffRole;
use domain::values::card;
use local_services::testing::TestDatabases;
use projections::roster::queries;
use reqwest::Client;
use uuid::Uuid;

struct Site {
    app: TestApp,
    school: TestSchool,
    director: Client,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::start().await.unwrap();
        let school = app.school(3).await.unwrap();
        let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
        Self { app, school, director }
    }

    async fn page(&self, path: &str) -> String {
        self.app.settle().await.unwrap();
        let (status, _, text) = shown::get(&self.app, &self.director, path).await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// Sends a form; where it leads to.
    async fn send(&self, path: &str, form: &[(&str, &str)]) -> String {
        let (status, to, text) = shown::post(&self.app, &self.director, path, form).await;
        assert_eq!(status, 303, "{path}: {text}");
        to.unwrap()
    }

    async fn file(&self, of: Uuid, below: &str, form: &[(&str, &str)]) -> String {
        let to = self.send(&format!("/alumnos/{of}/ficha/{below}"), form).await;
        to.rsplit_once("aviso=").unwrap_or_else(|| panic!("{to}")).1.to_owned()
    }

    /// Sends a form of a pupil's file as the page holds it, with these fields filled in.
    async fn filled(&self, of: Uuid, below: &str, form: &[(&str, &str)]) -> String {
        let page = self.page(&format!("/alumnos/{of}/ficha")).await;
        let of_form = page.split(&format!("/ficha/{below}?")).nth(1).unwrap_or_default().to_owned();
        let hidden = ["hoja", "visto"].map(|name| (name, value_of(&of_form, name)));
        let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
        self.file(of, below, &form.iter().copied().chain(hidden).collect::<Vec<_>>()).await
    }

    async fn student(&self, id: Uuid) -> projections::roster::rows::Student {
        self.app.settle().await.unwrap();
        let mut tx = self.app.state().pools.request.begin(self.school.id).await.unwrap();
        queries::student(&mut tx, StudentId(id)).await.unwrap().unwrap()
    }
}

/// The value of a page's first hidden field of that name; empty if there is none.
fn value_of(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_pupil_is_found_by_the_beginning_of_each_word_whatever_its_accents() {
    let site = Site::new().await;
    assert!(!site.page("/alumnos").await.contains("Nadie se llama"), "nothing was asked for");
    for typed in ["perez", "P%C3%89REZ+ana", "so+an"] {
        let page = site.page(&format!("/alumnos?buscar={typed}")).await;
        assert_eq!(page.matches("Pérez Soto</b>").count(), 3, "{typed}: {page}");
        assert!(page.contains("1° Básico A") && page.contains("/ficha?colegio="), "{page}");
    }
    for typed in ["erez", "ana+zzz", "%3Cscript%3E"] {
        assert!(site.page(&format!("/alumnos?buscar={typed}")).await.contains("Nadie se llama así"), "{typed}");
    }
    let inspector = site.app.sign_in(&site.school, StaffRole::Inspector).await.unwrap();
    let (status, _, page) = shown::get(&site.app, &inspector, "/alumnos?buscar=ana").await;
    assert_eq!((status, page.contains("/ficha")), (200, false), "whoever may not change it sees no way to");
    let (status, ..) = shown::get(&site.app, &inspector, &format!("/alumnos/{}/ficha", site.school.pupils[0].0)).await;
    assert_eq!(status, 403);
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_pupil_is_enrolled_moved_and_withdrawn_and_what_will_not_do_is_said_beside_its_field() {
    let site = Site::new().await;
    let (course, other) = (site.school.course.0.to_string(), site.app.school(1).await.unwrap().course.0.to_string());
    let form = |run, curso, desde| {
        [("nombres", "Rosa"), ("apellidos", "Ñiquén Muñoz"), ("run", run), ("curso", curso), ("desde", desde)]
    };
    for (run, curso, desde, says) in [
        ("12.345.678-0", course.as_str(), "2026-03-09", "no es válido"),
        ("", "", "2026-03-09", "Elija un curso"),
        ("", &course, "mañana", "Esa fecha no sirve"),
    ] {
        let (status, _, page) = shown::post(&site.app, &site.director, "/matricula", &form(run, curso, desde)).await;
        assert_eq!((status, page.contains(says)), (422, true), "{page}");
        assert!(page.contains("value=\"Ñiquén Muñoz\""), "what was typed is there: {page}");
    }
    let to = site.send("/matricula", &form("12.345.678-5", &course, "2026-03-09")).await;
    let id: Uuid = to.split('/').nth(2).unwrap().parse().unwrap();
    assert!(site.page(&to).await.contains("Quedó matriculado"));
    assert!(site.page("/alumnos?buscar=niquen").await.contains("Ñiquén"));
    let (status, _, page) =
        shown::post(&site.app, &site.director, "/matricula", &form("12.345.678-5", &course, "2026-03-09")).await;
    assert_eq!((status, page.contains("es de otro alumno matriculado")), (422, true), "{page}");

    let same = form("", &course, "2026-03-09");
    assert!(site.send("/matricula", &same).await.contains("aviso=matriculado"), "known by name and course");
    let (status, _, page) = shown::post(&site.app, &site.director, "/matricula", &same).await;
    assert_eq!((status, page.contains("con ese nombre en ese curso")), (422, true), "{page}");

    assert_eq!(site.file(id, "curso", &[("curso", &course), ("desde", "2026-03-09")]).await, "sin-cambio");
    assert_eq!(
        site.file(id, "curso", &[("curso", &other), ("desde", "2026-03-10")]).await,
        "curso",
        "another school's"
    );
    assert_eq!(site.file(id, "retirar", &[("hasta", "2026-03-01")]).await, "fecha", "before the enrolment");
    assert_eq!(site.file(id, "retirar", &[("hasta", "2026-03-12")]).await, "retirado");
    assert_eq!(site.student(id).await.withdrawn_from, "2026-03-12".parse().ok());
    assert_eq!(site.file(id, "retirar", &[("hasta", "2026-03-20")]).await, "ya-retirado");
    assert!(site.page(&format!("/alumnos/{id}/ficha")).await.contains("Retirado desde el"));
    site.app.shutdown().await;
}

#[tokio::test]
async fn an_adult_is_added_once_for_brothers_and_an_order_of_a_court_counts_at_once() {
    let site = Site::new().await;
    let [ana, eva] = [0, 1].map(|n| site.school.pupils[n].0.0);
    let mother = |run| {
        [("nombre", "Marta Soto"), ("run", run), ("correo", "marta@example.com"), ("ver", "si"), ("retirar", "si")]
    };
    assert_eq!(site.file(ana, "apoderado", &mother("1-2")).await, "run");
    assert_eq!(site.file(ana, "apoderado", &[("nombre", "Marta"), ("correo", "no")]).await, "contacto");
    assert_eq!(site.file(ana, "apoderado", &[("nombre", " ")]).await, "nombre");
    assert_eq!(site.file(ana, "apoderado", &mother("11.111.111-1")).await, "vinculado");
    assert_eq!(site.file(ana, "apoderado", &mother("11.111.111-1")).await, "sin-cambio");
    assert_eq!(site.file(eva, "apoderado", &mother("11.111.111-1")).await, "conocido");
    let page = site.page(&format!("/alumnos/{eva}/ficha")).await;
    assert!(page.contains("Marta Soto") && page.contains("marta@example.com"), "{page}");
    let (_, rest) = page.split_once("name=\"persona\" value=\"").unwrap();
    let guardian = rest.split('"').next().unwrap().to_owned();

    // She sees both, until an order says otherwise of one of them.
    let cookie = site.app.family("marta@example.com").await.unwrap();
    let sees = async |id: Uuid| {
        let request = site.app.anonymous.get(format!("{}/familia/alumnos/{id}", site.app.base));
        request.header("cookie", &cookie).send().await.unwrap().status().as_u16()
    };
    assert_eq!((sees(ana).await, sees(eva).await), (200, 200));
    let barred = [("persona", guardian.as_str()), ("que", "cambiar"), ("ver", "si"), ("impedido", "si")];
    assert_eq!(site.file(eva, "derechos", &barred).await, "cambiado");
    assert_eq!((sees(ana).await, sees(eva).await), (200, 404));
    assert_eq!(site.file(eva, "derechos", &barred).await, "sin-cambio");
    assert_eq!(site.file(ana, "derechos", &[("persona", &guardian), ("que", "quitar")]).await, "quitado");
    assert_eq!(sees(ana).await, 404);
    assert!(site.page(&format!("/alumnos/{ana}/ficha")).await.contains("Nadie está vinculado"));
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_list_is_shown_before_it_is_written_and_an_error_skips_its_row_alone() {
    let site = Site::new().await;
    let list = "Nombres;Apellidos;Curso;RUN;Apoderado;Correo\n\
                Rosa;Ñiquén Muñoz;1° Básico A;12.345.678-5;Marta Muñoz;marta@example.com\n\
                Luis;Soto;1° Básico A;12.345.678-0;;\n\
                Eva;Soto;2° Básico C;;;\n";
    let page = async |form: &[(&str, &str)]| {
        let (status, _, page) = shown::post(&site.app, &site.director, "/matricula/nomina", form).await;
        (status, page)
    };
    let dates = [("anio", "2026"), ("desde", "2026-03-09")];
    for (form, says) in [
        (vec![dates[0], dates[1]], "Elija un archivo"),
        (vec![dates[0], dates[1], (AGAIN, "PK\u{3}\u{4}")], "es un libro de Excel"),
        (vec![("anio", "2031"), dates[1], (AGAIN, list)], "Tiene que ser este año o el próximo"),
        (vec![dates[0], ("desde", "2027-03-09"), (AGAIN, list)], "Tiene que ser un día de ese año"),
    ] {
        let (status, page) = page(&form).await;
        assert!(status == 422 && page.contains(says), "{says}: {page}");
    }
    let sent = [dates[0], dates[1], (AGAIN, list)];
    let (status, shown) = page(&sent).await;
    for says in
        ["<strong class=\"figure\">2</strong>", "2° Básico C", "fila 3", "el dígito verificador", "Guardar 2 filas"]
    {
        assert!(status == 200 && shown.contains(says), "{says}: {shown}");
    }
    assert!(shown.contains("value=\"Nombres;Apellidos;Curso") && shown.contains("Ñiquén Muñoz"), "{shown}");
    assert!(site.page("/alumnos?buscar=niquen").await.contains("Nadie se llama"), "nothing is written yet");

    let reviewed = value_of(&shown, "revisado");
    let sure = [&sent[..], &[("seguro", "si"), ("total", "2"), ("revisado", &reviewed)]].concat();
    // Reading it took longer than the password counts as just given, and somebody else moved a pupil meanwhile.
    site.app.clock.advance(TimeDelta::minutes(6));
    let forged = [&sent[..], &[("seguro", "si"), ("total", "2"), ("revisado", "x")]].concat();
    let (status, anew) = page(&forged).await;
    assert!(status == 200 && anew.contains("Algo cambió en el registro"), "{anew}");
    let (status, done) = page(&sure).await;
    assert!(status == 200 && done.contains("guardada: 2 filas") && done.contains("fila 3"), "{done}");
    assert!(site.page("/alumnos?buscar=niquen").await.contains("1° Básico A"));
    assert!(site.page("/horarios").await.contains("2° Básico C"));
    let (_, again) = page(&sent).await;
    assert!(again.contains("no hay nada que cambiar") && !again.contains("name=\"seguro\""), "{again}");
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_name_a_run_and_a_contact_are_corrected_and_nobody_elses_is_touched() {
    let site = Site::new().await;
    let [ana, eva] = [0, 1].map(|n| site.school.pupils[n].0.0);
    let named = |run| [("nombres", "Ana María"), ("apellidos", "Pérez Soto"), ("run", run)];
    assert_eq!(site.filled(ana, "datos", &named("12.345.678-0")).await, "run");
    assert_eq!(site.filled(ana, "datos", &named("12.345.678-5")).await, "corregido");
    assert_eq!(site.filled(ana, "datos", &named("12.345.678-5")).await, "sin-cambio");
    assert_eq!(site.filled(eva, "datos", &named("12.345.678-5")).await, "run-ajeno");
    assert_eq!(site.filled(ana, "datos", &[("nombres", " "), ("apellidos", "x")]).await, "nombre");
    let page = site.page(&format!("/alumnos/{ana}/ficha")).await;
    assert!(page.contains("Ana María") && page.contains("value=\"12345678-5\""), "{page}");

    let mother = [("nombre", "Marta Soto"), ("correo", "marta@example.com"), ("ver", "si")];
    assert_eq!(site.file(ana, "apoderado", &mother).await, "vinculado");
    let page = site.page(&format!("/alumnos/{ana}/ficha")).await;
    let (_, rest) = page.split_once("name=\"persona\" value=\"").unwrap();
    let guardian = rest.split('"').next().unwrap().to_owned();
    let contact =
        |fono, correo| [("persona", guardian.as_str()), ("nombre", "Marta Soto"), ("fono", fono), ("correo", correo)];
    assert_eq!(site.filled(ana, "contacto", &contact("123", "marta@example.com")).await, "contacto");
    assert_eq!(site.filled(eva, "contacto", &contact("912345678", "")).await, "sin-cambio", "no adult of hers");
    let twin = site.app.school(1).await.unwrap();
    let stranger = site.app.sign_in(&twin, StaffRole::Director).await.unwrap();
    let path = format!("/alumnos/{}/ficha/contacto", twin.pupils[0].0);
    let (_, to, _) = shown::post(&site.app, &stranger, &path, &contact("912345678", "")).await;
    assert!(to.unwrap().ends_with("aviso=sin-cambio"), "nor another school's");
    let stale = [("visto", "1")];
    let overtaken = [&contact("9 1234 5678", "vieja@example.com")[..], &stale].concat();
    assert_eq!(site.file(ana, "contacto", &overtaken).await, "cambio-ajeno", "somebody else changed it meanwhile");
    assert_eq!(site.file(ana, "datos", &[&named("")[..], &stale].concat()).await, "cambio-ajeno");
    let old = site.app.family("marta@example.com").await.unwrap();
    assert_eq!(site.filled(ana, "contacto", &contact("9 1234 5678", "nueva@example.com")).await, "contacto-cambiado");
    let with_old = site.app.anonymous.get(format!("{}/familia", site.app.base)).header("cookie", &old);
    let with_old = with_old.header("accept", "text/html").send().await.unwrap();
    assert!(!with_old.text().await.unwrap().contains("Ana María"), "what the old address opened is closed");
    let page = site.page(&format!("/alumnos/{ana}/ficha")).await;
    assert!(page.contains("nueva@example.com") && page.contains("+56912345678"), "{page}");
    assert!(!page.contains("marta@example.com"), "{page}");
    let sees = site.app.family("nueva@example.com").await.unwrap();
    let own = site.app.anonymous.get(format!("{}/familia/alumnos/{ana}", site.app.base)).header("cookie", &sees);
    assert_eq!(own.send().await.unwrap().status(), 200, "the new address opens the portal");
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_lost_card_ends_before_the_next_one_is_given_and_a_chip_is_one_pupils() {
    let site = Site::new().await;
    let [ana, eva] = [0, 1].map(|n| site.school.pupils[n].0.0);
    let lost = card::decode(&site.school.pupils[0].1).unwrap().to_string();
    let ends = |card, que| [("tarjeta", card), ("motivo", "perdida"), ("que", que)];
    assert_eq!(site.filled(eva, "tarjeta", &ends(&lost, "anular")).await, "sin-cambio", "another pupil's");
    assert!(site.page(&format!("/alumnos/{ana}/ficha")).await.contains(&site.school.pupils[0].1));
    let twice = [&ends(&lost, "reemplazar")[..], &[("hoja", "018f0000-0000-7000-8000-000000000001")]].concat();
    assert_eq!(site.file(ana, "tarjeta", &twice).await, "tarjeta-nueva");
    assert_eq!(site.file(ana, "tarjeta", &twice).await, "sin-cambio", "two taps are one card");
    let page = site.page(&format!("/alumnos/{ana}/ficha")).await;
    assert!(!page.contains(&site.school.pupils[0].1) && page.contains("Tarjeta QR 1"), "{page}");
    assert_eq!(site.filled(ana, "tarjeta", &ends(&lost, "anular")).await, "sin-cambio");

    let chip = |number| [("chip", number), ("que", "nueva")];
    for (pupil, number, says) in [
        (ana, "04:C4 9a-E1 77 61 80", "tarjeta-nueva"),
        (eva, "04c49ae1776180", "tarjeta-ajena"),
        (eva, "04c49ae177618", "tarjeta-ajena"),
        (eva, "zz", "tarjeta-ajena"),
    ] {
        assert_eq!(site.filled(pupil, "tarjeta", &chip(number)).await, says, "{number}");
    }
    let page = site.page(&format!("/alumnos/{ana}/ficha")).await;
    assert!(page.contains("Chip 2") && !page.contains("Tarjeta QR 3"), "{page}");
    let chip_id = page.split("motivo-").last().unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(site.filled(ana, "tarjeta", &ends(&chip_id, "anular")).await, "tarjeta-anulada");
    assert_eq!(
        site.filled(ana, "tarjeta", &chip("04c49ae1776180")).await,
        "tarjeta-ajena",
        "an ended chip stays ended"
    );
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_long_list_goes_on_step_by_step_and_is_whole_in_the_end() {
    let databases = TestDatabases::create().await.unwrap();
    let step = std::time::Duration::ZERO;
    let app = TestApp::start_changed(databases, |config| config.http.tuning.step = step).await.unwrap();
    let school = app.school(1).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let mut list = "Nombres;Apellidos;Curso\n".to_owned();
    for n in 0..300_u32 {
        let name: String = n.to_string().chars().map(|digit| char::from(b'a' + (digit as u8 - b'0'))).collect();
        list.push_str(&format!("Eva;Soto {name}x;1° Básico A\n"));
    }
    let sent = [("anio", "2026"), ("desde", "2026-03-09"), (AGAIN, list.as_str())];
    let post = async |form: &[(&str, &str)]| shown::post(&app, &director, "/matricula/nomina", form).await.2;
    let reviewed = value_of(&post(&sent).await, "revisado");
    let first = [&sent[..], &[("seguro", "si"), ("total", "300"), ("revisado", &reviewed)]].concat();
    let going = post(&first).await;
    for says in ["240 de 300", "hx-trigger=\"load, submit\"", "name=\"quedaban\" value=\"60\"", "Detener"] {
        assert!(going.contains(says), "{says}: {going}");
    }
    let next = [&sent[..], &[("seguro", "si"), ("total", "300"), ("quedaban", "60")]].concat();
    assert!(post(&next).await.contains("guardada: 300 filas"));
    app.settle().await.unwrap();
    let mut tx = app.state().pools.request.begin(school.id).await.unwrap();
    let (mut pupils, mut after) = (0, None);
    loop {
        let page = queries::students(&mut tx, None, after, 200).await.unwrap();
        let Some(last) = page.last() else { break };
        (pupils, after) = (pupils + page.len(), Some(last.student_id));
    }
    assert_eq!(pupils, 301, "each once, and who was there before");
    drop(tx);
    app.shutdown().await;
}
