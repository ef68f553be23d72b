//! The pages of the reports over HTTP.

use crate::pages::tests::shown::{get, post};
use crate::testing::TestApp;
use domain::account::StaffRole;

#[tokio::test]
async fn a_month_is_shown_with_its_chart_its_table_and_its_sheet_and_each_look_is_recorded() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let scans = [school.scan(1, &school.pupils[0].1, app.now())];
    app.scan(&school, &scans).await.unwrap();
    app.settle().await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let (status, _, page) = get(&app, &director, "/informes?mes=2026-03").await;
    assert_eq!(status, 200);
    for told in ["marzo de 2026", "lunes 9 de marzo", "1° Básico A", "<figure class=\"chart\">", "No son la asistencia"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("Ana 0"), "figures hold no names");
    let sheet = director.get(format!("{}/informes?mes=2026-03&formato=csv", app.base)).send().await.unwrap();
    assert_eq!(sheet.headers()["content-disposition"], "attachment; filename=\"mes-2026-03-01-2026-03-31.csv\"");
    let text = sheet.text().await.unwrap();
    assert!(text.starts_with('\u{FEFF}') && text.contains("\r\n2026-03-09;3;1;0;0;0;0;2;0;0;0;;0;0\r\n"), "{text}");
    for (path, told) in [
        ("/informes/dia?fecha=2026-03-09".to_owned(), "El día está en curso"),
        (format!("/informes/cursos/{}?mes=2026-03", school.course), "Ana 0 Pérez Soto"),
        (format!("/informes/alumnos/{}?anio=2026", school.pupils[0].0), "Ana 0 Pérez Soto"),
        ("/informes/ausencias".to_owned(), "alumnos con inasistencia reiterada o grave"),
        ("/informes/accesos".to_owned(), "días de los que no se sabe todo"),
        ("/informes/nomina".to_owned(), "La lista no se guarda"),
    ] {
        let (status, _, page) = get(&app, &director, &path).await;
        assert_eq!(status, 200, "{path}");
        assert!(page.contains(told), "{path}: {told}: {page}");
    }
    let looks: i64 = sqlx::query_scalar("select count(*) from looks where school_id = $1 and what = 'report'")
        .bind(school.id.0)
        .fetch_one(&app.running().pools().log_writer)
        .await
        .unwrap();
    assert!(looks >= 4, "{looks}");
    app.shutdown().await;
}

#[tokio::test]
async fn an_auditor_sees_figures_and_no_way_to_names() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    let (status, _, page) = get(&app, &auditor, "/informes").await;
    assert_eq!(status, 200);
    assert!(!page.contains("/informes/cursos/") && !page.contains("/informes/ausencias"), "{page}");
    assert_eq!(get(&app, &auditor, "/informes/ausencias").await.0, 403);
    app.shutdown().await;
}

#[tokio::test]
async fn a_list_that_is_pasted_is_compared_and_one_that_is_none_is_said_to_be_none() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let list = "fecha\tcurso\talumno\testado\r\n2026-03-09\t1° Básico A\tAna 0 Pérez Soto\tAusente\r\n";
    let (status, _, page) = post(&app, &inspector, "/informes/nomina", &[("lista", list)]).await;
    assert_eq!(status, 200);
    assert!(page.contains("Ingresó y no estaba en la sala") && page.contains("No aparecen en la lista"), "{page}");
    let (status, _, page) = post(&app, &inspector, "/informes/nomina", &[("lista", "nada")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("No se encontró la fila de encabezados"), "{page}");
    app.shutdown().await;
}
