//! The calendar's pages over HTTP.

use crate::pages::tests::shown::{get, post};
use crate::testing::{TestApp, TestSchool};
use domain::account::StaffRole;

/// The Monday of the tests' morning, 07:30.
const TODAY: &str = "2026-03-09";

/// What happened to the calendar, in the order of the log.
async fn told(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar(
        "select event_type from events
         where event_type like 'calendar_day%' or event_type like 'schedule_exception%' order by position",
    )
    .fetch_all(&app.running().pools().log_reader)
    .await
    .unwrap()
}

async fn expected(app: &TestApp, school: &TestSchool) -> i64 {
    app.settle().await.unwrap();
    let board = app.json(&format!("/api/v1/live?school={}", school.id)).await.unwrap();
    board["totals"]["expected"].as_i64().unwrap()
}

#[tokio::test]
async fn no_classes_today_is_one_tap_a_reason_and_a_yes_that_says_whom_it_touches() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let page = get(&app, &director, "/calendario").await.2;
    for says in ["Hoy, lunes 9 de marzo", "Hay clases", "Se espera a 3 alumnos de 1 curso", "Hoy no hay clases"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let first = page.find("class=\"answer\"").unwrap();
    assert!(["<ul", "<form"].iter().all(|tag| page[page.find("<main").unwrap()..first].find(tag).is_none()), "first");
    let tap = page.split("href=\"").find(|link| link.contains("hoy=si")).unwrap().split('"').next().unwrap();
    let asked = get(&app, &director, &tap.replace("&amp;", "&")).await;
    assert_eq!(asked.0, 200);
    for says in ["¿Sin clases, el lunes 9 de marzo?", "Afecta a 3 alumnos de 1 curso", "name=\"motivo\""] {
        assert!(asked.2.contains(says), "{says}: {}", asked.2);
    }
    assert_eq!(told(&app).await, Vec::<String>::new(), "looking at it does nothing");

    let yes = [("tipo", "no_classes"), ("fecha", TODAY), ("seguro", "si")];
    let without = post(&app, &director, "/calendario/dia", &yes).await;
    assert_eq!(without.0, 422);
    assert!(without.2.contains("id=\"motivo-wrong\"") && without.2.contains("Elija un motivo."), "{}", without.2);
    let done = post(&app, &director, "/calendario/dia", &[&yes[..], &[("motivo", "weather")]].concat()).await;
    assert_eq!((done.0, told(&app).await), (303, vec!["calendar_day_set".to_owned()]), "{}", done.2);
    let page = get(&app, &director, &done.1.unwrap()).await.2;
    for says in [
        "El día quedó fijado.",
        "Sin clases: temporal o emergencia climática",
        "Lo fijó Marta Rojas el lunes 9 de marzo",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("hoy=si"), "it is so already");
    assert_eq!(expected(&app, &school).await, 0);
    let board = get(&app, &director, "/hoy").await.2;
    assert!(board.contains("Hoy no se espera a nadie") && board.contains("Sin clases: temporal"), "{board}");

    let again = post(&app, &director, "/calendario/dia", &[&yes[..], &[("motivo", "weather")]].concat()).await;
    assert!(again.1.unwrap().ends_with("aviso=igual"));
    let undone = post(&app, &director, "/calendario/quitar", &[("fecha", TODAY), ("capa", "day")]).await;
    assert!(undone.1.unwrap().ends_with("aviso=quitado"));
    assert_eq!(told(&app).await, ["calendar_day_set", "calendar_day_cleared"]);
    assert_eq!(expected(&app, &school).await, 3);
    app.shutdown().await;
}

#[tokio::test]
async fn a_form_is_reviewed_before_it_does_anything_and_comes_back_with_what_was_wrong() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let form = get(&app, &director, "/calendario/dia?tipo=half_day").await;
    assert_eq!(form.0, 200);
    for says in [&format!("value=\"{TODAY}\""), "name=\"salida\"", "name=\"motivo\"", "1° Básico A"] {
        assert!(form.2.contains(says), "{says}: {}", form.2);
    }
    let half = [("tipo", "half_day"), ("fecha", TODAY), ("motivo", "ceremony")];
    let wrong = post(&app, &director, "/calendario/dia", &[&half[..], &[("salida", "05:00")]].concat()).await;
    assert_eq!(wrong.0, 422);
    assert!(wrong.2.contains("id=\"salida-wrong\"") && wrong.2.contains("value=\"05:00\""), "{}", wrong.2);

    let course = school.course.to_string();
    let good = [&half[..], &[("salida", "12:30"), ("curso", &course)]].concat();
    let asked = post(&app, &director, "/calendario/dia", &good).await;
    assert_eq!((asked.0, told(&app).await), (200, vec![]), "nothing yet");
    for says in ["Media jornada, hasta las 12:30", "Afecta a 3 alumnos de 1 curso", "name=\"seguro\""] {
        assert!(asked.2.contains(says), "{says}: {}", asked.2);
    }
    let done = post(&app, &director, "/calendario/dia", &[&good[..], &[("seguro", "si")]].concat()).await;
    assert_eq!((done.0, told(&app).await), (303, vec!["schedule_exception_set".to_owned()]));
    let page = get(&app, &director, "/calendario").await.2;
    assert!(page.contains("1° Básico A: Media jornada, hasta las 12:30"), "{page}");
    let cleared = post(&app, &director, "/calendario/quitar", &[("fecha", TODAY), ("curso", &course)]).await;
    assert_eq!((cleared.0, told(&app).await.len()), (303, 2));

    // A course of nobody: none of them is changed.
    let unknown = uuid::Uuid::from_u128(9).to_string();
    let both = [&good[..], &[("curso", &unknown), ("seguro", "si")]].concat();
    let refused = post(&app, &director, "/calendario/dia", &both).await;
    assert_eq!((refused.0, told(&app).await.len()), (422, 2), "{}", refused.2);
    assert_eq!(post(&app, &director, "/calendario/quitar", &[("fecha", "ayer")]).await.0, 400);
    app.shutdown().await;
}

#[tokio::test]
async fn a_recovery_saturday_a_holiday_and_other_months_are_in_the_list() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let set = async |form: &[(&str, &str)]| {
        let done = post(&app, &director, "/calendario/dia", &[form, &[("seguro", "si")]].concat()).await;
        assert_eq!(done.0, 303, "{form:?}: {}", done.2);
        done.1.unwrap()
    };
    set(&[("tipo", "recovery"), ("fecha", "2026-03-21"), ("dia", "1")]).await;
    let to = set(&[("tipo", "holiday"), ("fecha", "2026-05-01"), ("nombre", "Día del Trabajo")]).await;
    assert!(to.contains("mes=2026-05"), "{to}");
    set(&[("tipo", "outing"), ("fecha", "2026-05-01")]).await;
    let march = get(&app, &director, "/calendario?mes=2026-03").await.2;
    assert!(march.contains("sábado 21 de marzo") && march.contains("con el horario del lunes"), "{march}");
    assert!(!march.contains("Día del Trabajo") && march.contains("mes=2026-02") && march.contains("mes=2026-04"));
    let may = get(&app, &director, "/calendario?mes=2026-05").await.2;
    let (outing, holiday) = (may.find("Salida de todo el colegio"), may.find("Día del Trabajo"));
    assert!(outing.is_some() && outing < holiday && may.contains("(el colegio fijó otra cosa)"), "{may}");
    for odd in ["mes=2026-13", "mes=x", "mes=0000-01", "mes=99999-01"] {
        assert!(get(&app, &director, &format!("/calendario?{odd}")).await.2.contains("marzo de 2026"), "{odd}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn an_inspector_and_an_auditor_read_and_are_offered_nothing_else() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    for role in [StaffRole::Inspector, StaffRole::Auditor] {
        let reader = app.sign_in(&school, role).await.unwrap();
        let page = get(&app, &reader, "/calendario").await;
        assert_eq!(page.0, 200, "{role}");
        assert!(!page.2.contains("/calendario/dia") && !page.2.contains("/calendario/quitar"), "{role}");
        let form = [("tipo", "outing"), ("fecha", TODAY), ("seguro", "si")];
        assert_eq!(post(&app, &reader, "/calendario/dia", &form).await.0, 403, "{role}");
        assert_eq!(get(&app, &reader, "/calendario/dia").await.0, 403, "{role}");
    }
    assert_eq!(told(&app).await, Vec::<String>::new());
    app.shutdown().await;
}

#[tokio::test]
async fn a_new_school_year_is_shown_before_it_is_opened_and_moves_everybody_but_who_repeats() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert_eq!(get(&app, &inspector, "/anio-escolar").await.0, 403);
    assert!(get(&app, &director, "/calendario").await.2.contains("/anio-escolar"));
    assert!(get(&app, &director, "/anio-escolar").await.2.contains("Ver qué pasaría"));
    for (wrong, says) in [
        ([("anio", "2031"), ("desde", "2031-03-03"), ("repiten", "")], "Tiene que ser este año o el próximo."),
        ([("anio", "2027"), ("desde", "2026-03-03"), ("repiten", "")], "Tiene que ser un día de ese año."),
        ([("anio", "2027"), ("desde", "2027-03-03"), ("repiten", "11.111.111-1")], "Alguna línea no es el RUN"),
    ] {
        let refused = post(&app, &director, "/anio-escolar", &wrong).await;
        assert!(refused.0 == 422 && refused.2.contains(says), "{}", refused.2);
    }
    let count = async || -> i64 {
        let pool = &app.running().pools().log_reader;
        sqlx::query_scalar("select count(*) from events").fetch_one(pool).await.unwrap()
    };
    let (wanted, before) = ([("anio", "2027"), ("desde", "2027-03-03"), ("repiten", "")], count().await);
    let shown = post(&app, &director, "/anio-escolar", &wanted).await;
    for says in ["2° Básico A", "3 pasan", "Con el horario del año anterior", "Abrir el año 2027"] {
        assert!(shown.0 == 200 && shown.2.contains(says), "{says}: {}", shown.2);
    }
    assert_eq!(count().await, before, "looking at it does nothing");
    let sure = [&wanted[..], &[("seguro", "si")]].concat();
    let done = post(&app, &director, "/anio-escolar", &sure).await;
    assert!(done.0 == 200 && done.2.contains("El año 2027 está listo."), "{}", done.2);
    assert!(done.2.contains("siguen abiertos"), "the year before lasts until the new one begins");
    let moved = count().await;
    // Two courses, their weeks, three pupils; again it changes nothing.
    assert_eq!(moved - before, 2 + 2 + 3);
    assert!(post(&app, &director, "/anio-escolar", &sure).await.2.contains("está listo"));
    assert_eq!(count().await, moved);
    assert_eq!(expected(&app, &school).await, 3, "today everybody is where they were");
    app.shutdown().await;
}
