//! The pages of the weeks over HTTP.

use crate::pages::tests::shown::{get, post};
use crate::testing::{TestApp, TestSchool};
use commands::use_cases::{CourseLabel, Grade, OpenCourse, open_course};
use domain::CourseId;
use domain::account::StaffRole;
use uuid::Uuid;

/// The Monday of the tests' morning, 07:30.
const TODAY: &str = "2026-03-09";
/// Two shifts from Monday to Thursday, one on Friday.
const WEEK: &[(&str, &str)] = &[
    ("entrada-1", "08:15"),
    ("salida-1", "13:00"),
    ("dia-1", "1"),
    ("dia-1", "2"),
    ("dia-1", "3"),
    ("dia-1", "4"),
    ("dia-1", "5"),
    ("entrada-2", "14:00"),
    ("salida-2", "16:30"),
    ("dia-2", "1"),
    ("dia-2", "2"),
    ("dia-2", "3"),
    ("dia-2", "4"),
];

async fn weeks_set(app: &TestApp) -> i64 {
    let pool = &app.running().pools().log_reader;
    sqlx::query_scalar("select count(*) from events where event_type = 'weekly_schedule_set'")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Another course without pupils.
async fn second(app: &TestApp, school: &TestSchool) -> CourseId {
    let label = CourseLabel::new(Grade::Basic(2), "B");
    let open = OpenCourse { year: 2026, label };
    let course = open_course(app.write(), &app.context(school.id), open).await.unwrap().course_id;
    app.settle().await.unwrap();
    course
}

#[tokio::test]
async fn a_week_with_two_shifts_is_reviewed_and_then_valid_from_its_date_and_not_before() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let path = format!("/cursos/{}/horario", school.course);
    let page = get(&app, &director, &path).await;
    assert_eq!(page.0, 200);
    for says in [
        "Horario de 1° Básico A",
        "08:00–15:30",
        "atraso desde 08:06, sin ingreso a las 08:30",
        "value=\"2026-03-10\"",
        "value=\"08:00\"",
        "Domingo",
    ] {
        assert!(page.2.contains(says), "{says}: {}", page.2);
    }
    assert!(!page.2.contains("ya fijados"));

    let form = [&[("desde", "2026-03-16")], WEEK].concat();
    let before = weeks_set(&app).await;
    let asked = post(&app, &director, &path, &form).await;
    assert_eq!((asked.0, weeks_set(&app).await), (200, before), "nothing yet: {}", asked.2);
    for says in [
        "¿Cambiar el horario desde el lunes 16 de marzo de 2026?",
        "Afecta a 3 alumnos de 1 curso",
        "antes 08:00–15:30",
        "nuevo 08:15–13:00, 14:00–16:30",
        "nuevo 08:15–13:00<",
        "name=\"seguro\"",
    ] {
        assert!(asked.2.contains(says), "{says}: {}", asked.2);
    }
    assert!(!asked.2.contains("Vale desde hoy") && !asked.2.contains("sábado"), "only what changes: {}", asked.2);
    let again = post(&app, &director, &path, &[&form[..], &[("editar", "si"), ("seguro", "si")]].concat()).await;
    assert!(again.0 == 200 && again.2.contains("value=\"16:30\""), "{}", again.2);
    assert_eq!(weeks_set(&app).await, before);

    let sure = [&form[..], &[("seguro", "si")]].concat();
    let done = post(&app, &director, &path, &sure).await;
    assert_eq!((done.0, weeks_set(&app).await), (303, before + 1), "{}", done.2);
    let page = get(&app, &director, &done.1.unwrap()).await.2;
    for says in [
        "El horario quedó fijado.",
        "Horarios ya fijados para después",
        "Desde el lunes 16 de marzo de 2026",
        "lunes a jueves 08:15–13:00, 14:00–16:30",
        "viernes 08:15–13:00",
        "08:00–15:30",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let list = get(&app, &director, "/horarios").await.2;
    assert!(list.contains("lunes a viernes 08:00–15:30") && list.contains("Otro horario desde el lunes 16"), "{list}");
    assert!(post(&app, &director, &path, &sure).await.1.unwrap().ends_with("aviso=igual"));
    let same = post(&app, &director, &path, &form).await.2;
    assert!(same.contains("no hay nada que cambiar") && !same.contains("Sí, cambiarlo"), "{same}");
    assert_eq!(weeks_set(&app).await, before + 1);
    app.shutdown().await;
}

#[tokio::test]
async fn from_today_it_says_so_and_the_day_is_judged_by_it_and_a_week_without_stays_expects_nobody() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let path = format!("/cursos/{}/horario", school.course);
    let empty = [("desde", TODAY), ("entrada-1", "08:00"), ("salida-1", "15:30"), ("dia-1", "1"), ("quitar-1", "si")];
    let asked = post(&app, &director, &path, &empty).await.2;
    for says in ["Vale desde hoy", "La semana queda vacía", "no se espera a nadie"] {
        assert!(asked.contains(says), "{says}: {asked}");
    }
    let expected = async || {
        app.settle().await.unwrap();
        let board = app.json(&format!("/api/v1/live?school={}", school.id)).await.unwrap();
        board["totals"]["expected"].as_i64().unwrap()
    };
    assert_eq!(expected().await, 3);
    assert_eq!(post(&app, &director, &path, &[&empty[..], &[("seguro", "si")]].concat()).await.0, 303);
    assert_eq!(expected().await, 0);
    let replaced = post(&app, &director, &path, &[&[("desde", TODAY)], WEEK].concat()).await.2;
    assert!(replaced.contains("Reemplaza al horario que ya estaba fijado desde ese mismo día"), "{replaced}");
    app.shutdown().await;
}

#[tokio::test]
async fn one_week_is_set_for_several_courses_at_once_of_all_or_of_none_and_copied_from_another() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let other = second(&app, &school).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let list = get(&app, &director, "/horarios").await.2;
    assert!(
        list.contains("Todos los cursos con alumnos")
            && list.contains("2° Básico B")
            && list.contains("Todavía no tiene horario"),
        "{list}"
    );
    let copied =
        get(&app, &director, &format!("/cursos/{other}/horario?desde=2026-03-16&de={}", school.course)).await.2;
    assert!(copied.contains("Abajo está el horario de 1° Básico A") && copied.contains("value=\"15:30\""), "{copied}");
    assert!(copied.contains("value=\"2026-03-16\""), "{copied}");

    let (path, before) = (format!("/cursos/{}/horario", school.course), weeks_set(&app).await);
    let (ticked, unknown) = (other.to_string(), Uuid::from_u128(9).to_string());
    let form = [&[("desde", "2026-03-16"), ("curso", ticked.as_str())], WEEK].concat();
    let asked = post(&app, &director, &path, &form).await.2;
    assert!(asked.contains("Afecta a 3 alumnos de 2 cursos") && asked.contains("2° Básico B"), "{asked}");
    let bad = [&form[..], &[("curso", unknown.as_str()), ("seguro", "si")]].concat();
    let refused = post(&app, &director, &path, &bad).await;
    assert_eq!((refused.0, weeks_set(&app).await), (422, before), "{}", refused.2);
    assert_eq!(post(&app, &director, &path, &[&form[..], &[("seguro", "si")]].concat()).await.0, 303);
    assert_eq!(weeks_set(&app).await, before + 2);
    let page = get(&app, &director, &format!("/cursos/{other}/horario")).await.2;
    assert!(page.contains("lunes a jueves 08:15–13:00, 14:00–16:30"), "{page}");
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_row_and_what_was_typed_stays() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let path = format!("/cursos/{}/horario", school.course);
    let row = [("entrada-1", "08:15"), ("salida-1", "07:00"), ("dia-1", "1"), ("seguro", "si")];
    let turned = post(&app, &director, &path, &[&[("desde", "2026-03-16")], &row[..]].concat()).await;
    assert_eq!(turned.0, 422);
    for says in ["id=\"salida-1-wrong\"", "La salida va después de la entrada.", "value=\"07:00\""] {
        assert!(turned.2.contains(says), "{says}: {}", turned.2);
    }
    let past = post(&app, &director, &path, &[&[("desde", "2026-03-08")], WEEK].concat()).await;
    assert!(past.0 == 422 && past.2.contains("id=\"desde-wrong\""), "{}", past.2);
    for nowhere in [Uuid::from_u128(9).to_string(), "x".to_owned()] {
        let path = format!("/cursos/{nowhere}/horario");
        assert_eq!(get(&app, &director, &path).await.0, 404);
        for sure in ["si", ""] {
            let form = [&[("desde", "2026-03-16"), ("seguro", sure)], WEEK].concat();
            assert_eq!(post(&app, &director, &path, &form).await.0, 404, "{nowhere}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn the_next_school_day_is_offered_and_whoever_may_not_change_is_shown_no_form() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    for day in ["2026-03-10", "2026-03-11"] {
        let outing = [("tipo", "outing"), ("fecha", day), ("seguro", "si")];
        assert_eq!(post(&app, &director, "/calendario/dia", &outing).await.0, 303);
    }
    let path = format!("/cursos/{}/horario", school.course);
    let page = get(&app, &director, &path).await.2;
    assert!(page.contains("value=\"2026-03-12\""), "two days on which nobody is expected: {page}");
    for role in [StaffRole::Inspector, StaffRole::Auditor] {
        let reader = app.sign_in(&school, role).await.unwrap();
        let page = get(&app, &reader, &path).await;
        assert!(page.0 == 200 && page.2.contains("08:00–15:30") && !page.2.contains("name=\"desde\""), "{role}");
        assert_eq!(post(&app, &reader, &path, &[&[("desde", TODAY)], WEEK].concat()).await.0, 403, "{role}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_course_is_opened_once_and_has_a_name_and_a_shift() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let form = |curso, anio| [("curso", curso), ("anio", anio), ("jornada", "manana")];
    for (curso, anio, says) in
        [("9° Básico A", "2026", "Ese nivel no existe"), ("Kínder B", "2031", "Tiene que ser este año o el próximo")]
    {
        let (status, _, page) = post(&app, &director, "/cursos/nuevo", &form(curso, anio)).await;
        assert!(status == 422 && page.contains(says), "{says}: {page}");
    }
    assert_eq!(post(&app, &inspector, "/cursos/nuevo", &form("Kínder B", "2026")).await.0, 403);
    let to = post(&app, &director, "/cursos/nuevo", &form("kinder b", "2026")).await.1.unwrap();
    let page = get(&app, &director, &to).await.2;
    assert!(page.contains("El curso está abierto") && page.contains("Horario de NT2 B"), "{page}");
    assert!(page.contains("Jornada: Mañana"), "{page}");
    let again = post(&app, &director, "/cursos/nuevo", &form("NT2 B", "2026")).await.1.unwrap();
    assert!(again.ends_with("aviso=ya-abierto"), "{again}");

    let path = to.split("/horario").next().unwrap().to_owned() + "/datos";
    let change = |nombre| [("nombre", nombre), ("jornada", "completa")];
    for (nombre, says) in [("Kínder Azul", "cambiado"), ("Kínder Azul", "igual"), ("\u{7}", "nombre")] {
        let to = post(&app, &director, &path, &change(nombre)).await.1.unwrap();
        assert!(to.ends_with(&format!("aviso={says}")), "{nombre}: {to}");
        assert!(says != "nombre" || get(&app, &director, &to).await.2.contains("Ese nombre no sirve"));
    }
    for another in ["Kínder C", "1° Básico B"] {
        let to = post(&app, &director, &path, &change(another)).await.1.unwrap();
        assert!(to.ends_with("aviso=nombre-ajeno"), "{another}: lists would find another course by it");
    }
    let list = get(&app, &inspector, "/horarios").await.2;
    assert!(list.contains("Kínder Azul") && list.contains("Completa") && !list.contains("/cursos/nuevo"), "{list}");
    let twin = app.school(1).await.unwrap();
    let stranger = app.sign_in(&twin, StaffRole::Director).await.unwrap();
    assert_eq!(post(&app, &stranger, &path, &change("Suyo")).await.0, 404, "another school's course");
    app.shutdown().await;
}

#[tokio::test]
async fn a_week_that_is_not_to_be_gives_way_to_the_one_before() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let path = format!("/cursos/{}/horario", school.course);
    let sure = [&[("desde", "2026-03-16"), ("seguro", "si")], WEEK].concat();
    let page = get(&app, &director, &post(&app, &director, &path, &sure).await.1.unwrap()).await.2;
    let undo = format!("{path}?colegio={}&amp;desde=2026-03-16&amp;como=2026-03-15#cambiar", school.id);
    assert!(page.contains(&undo), "{page}");
    let form = get(&app, &director, &undo.replace("&amp;", "&").replace("#cambiar", "")).await.2;
    assert!(form.contains("value=\"2026-03-16\"") && form.contains("value=\"15:30\""), "{form}");
    assert!(!form.contains("value=\"16:30\""), "the week before, from that date on: {form}");
    app.shutdown().await;
}
