//! The settings' pages over HTTP.

use crate::api::reports::tests::a_day_later;
use crate::pages::tests::shown::{get, post};
use crate::testing::TestApp;
use domain::account::StaffRole;

const AS_IS: [(&str, &str); 5] =
    [("atraso", "5"), ("limite", "30"), ("masivo", "25"), ("viejo", "90"), ("mes", "2026-03")];

fn with(changed: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let same = AS_IS.into_iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    same.chain(changed.iter().copied()).collect()
}

#[tokio::test]
async fn the_settings_are_shown_tried_with_a_month_and_only_then_saved() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let (status, _, page) = get(&app, &director, "/ajustes").await;
    assert_eq!(status, 200);
    for says in ["Un ingreso es atraso después de 5 minutos.", "name=\"mes\" type=\"month\"", "value=\"2026-02\""] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("Guardar los ajustes"), "{page}");
    let (status, _, page) = post(&app, &director, "/ajustes/probar", &with(&[("atraso", "60")])).await;
    assert_eq!(status, 200);
    let said = [
        "Tolerancia para el atraso: de 5 a 60 minutos",
        "Leyendo lo registrado…",
        "0 de 9 días revisados",
        "8 de 9 días revisados",
        "alumno con algún día distinto",
        "lunes 9 de marzo",
        "atrasado → a la hora",
        "Ana 1 Pérez Soto",
        "Guardar los ajustes",
        "</html>",
    ];
    let places: Vec<usize> =
        said.iter().map(|said| page.find(said).unwrap_or_else(|| panic!("{said}: {page}"))).collect();
    assert!(places.is_sorted(), "in this order: {places:?}");
    assert!(page.contains("name=\"atraso\" value=\"60\"") && page.ends_with("</html>"), "{page}");

    let (status, to, _) = post(&app, &director, "/ajustes", &with(&[("atraso", "60")])).await;
    assert_eq!(status, 303);
    let (_, _, page) = get(&app, &director, &to.unwrap()).await;
    for says in ["Los ajustes quedaron guardados y valen desde hoy.", "Un ingreso es atraso después de 60 minutos."] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let (_, to, _) = post(&app, &director, "/ajustes", &with(&[("atraso", "60")])).await;
    assert!(get(&app, &director, &to.unwrap()).await.2.contains("ya eran esos"));
    let report = get(&app, &director, "/informes/dia?fecha=2026-03-09").await.2;
    assert!(report.contains("<td data-head=\"Atrasos\"><span>1</span></td>"), "yesterday keeps its late one: {report}");
    let looks: i64 = sqlx::query_scalar("select count(*) from looks where school_id = $1 and what = 'simulation'")
        .bind(school.id.0)
        .fetch_one(&app.running().pools().log_writer)
        .await
        .unwrap();
    assert_eq!(looks, 1);
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_nothing_is_tried_or_saved() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    for (changed, field) in [
        (("atraso", "-1"), "atraso"),
        (("atraso", "500"), "atraso"),
        (("limite", "mucho"), "limite"),
        (("masivo", "0"), "masivo"),
        (("viejo", "601"), "viejo"),
        (("mes", "2026-04"), "mes"),
        (("mes", "abril"), "mes"),
        (("sin_clases", "2026-04-01"), "sin_clases"),
        (("entrada", "tarde"), "entrada"),
    ] {
        let (status, _, page) = post(&app, &director, "/ajustes/probar", &with(&[changed])).await;
        assert_eq!(status, 422, "{changed:?}");
        assert!(page.contains(&format!("id=\"{field}-wrong\"")), "{changed:?}: {page}");
    }
    for changed in [("atraso", "-1"), ("masivo", "101")] {
        assert_eq!(post(&app, &director, "/ajustes", &with(&[changed])).await.0, 422, "{changed:?}");
    }
    assert!(get(&app, &director, "/ajustes").await.2.contains("después de 5 minutos"));
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert_eq!(post(&app, &inspector, "/ajustes", &with(&[])).await.0, 403);
    app.shutdown().await;
}

#[tokio::test]
async fn a_day_off_and_an_hour_of_entry_are_tried_and_lead_to_where_they_are_saved() {
    let app = TestApp::start().await.unwrap();
    let school = a_day_later(&app).await;
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let tried = with(&[("sin_clases", "2026-03-09"), ("entrada", "08:45")]);
    let (status, _, page) = post(&app, &director, "/ajustes/probar", &tried).await;
    assert_eq!(status, 200);
    for says in [
        "Sin clases el lunes 9 de marzo",
        "Entrada a las 08:45 en todos los cursos",
        "a la hora → no se esperaba",
        "tipo=no_classes&amp;fecha=2026-03-09",
        "se cambia en el horario de cada curso",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("Guardar los ajustes"), "no setting changed: {page}");
    app.shutdown().await;
}
