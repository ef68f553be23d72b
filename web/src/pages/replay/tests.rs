//! `/auditoria` over HTTP.

use crate::pages::tests::shown::get;
use crate::testing::{TestApp, minutes};
use domain::account::StaffRole;

#[tokio::test]
async fn the_auditor_sees_what_was_known_what_is_known_and_what_is_behind_it_and_takes_it_along() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let (ana, card) = &school.pupils[0];
    let entered = app.now() + minutes(20);
    app.clock.advance(minutes(100));
    app.scan(&school, &[school.scan(1, card, entered)]).await.unwrap();
    app.settle().await.unwrap();
    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    let page = async |query: &str| get(&app, &auditor, &format!("/auditoria?fecha=2026-03-09&{query}")).await;

    let (status, _, then) = page("hora=08:45").await;
    assert_eq!(status, 200);
    assert!(then.contains("<strong class=\"figure\">1</strong>"), "{then}");
    assert!(then.contains("sin información") || then.contains("sin ingreso"), "{then}");
    assert!(then.contains("Ingreso a las 07:50:00") && then.contains("aún no se sabía"), "{then}");
    assert!(then.contains(&format!("id=\"pupil-{ana}\"")));
    assert!(!then.contains(&format!("id=\"pupil-{}\"", school.pupils[1].0)), "who stands the same is not listed");
    let (_, _, all) = page("hora=08:45&ver=todos").await;
    assert!(all.contains(&format!("id=\"pupil-{}\"", school.pupils[1].0)));
    let (_, _, later) = page("hora=08:45&sabido=2026-03-09T09:10").await;
    assert!(later.contains("<strong class=\"figure\">0</strong>"), "{later}");

    for (wrong, words) in [
        ("hora=nueve", "Esa hora no se entiende"),
        ("hora=23:00", "todavía no llega"),
        ("hora=08:45&sabido=2026-03-09T08:00", "nadie sabía aún"),
        ("hora=08:45&sabido=ayer", "Ese momento no se entiende"),
    ] {
        let (status, _, text) = page(wrong).await;
        assert_eq!(status, 422, "{wrong}");
        assert!(text.contains(words), "{wrong}: {text}");
    }
    let (status, _, text) = get(&app, &auditor, "/auditoria?fecha=mañana").await;
    assert!(status == 422 && text.contains("Esa fecha no se entiende"), "{text}");

    let url = format!("{}/auditoria/dia.csv?fecha=2026-03-09&hora=08:45", app.base);
    let answer = auditor.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"dia-2026-03-09.csv\"");
    let table = answer.text().await.unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.contains(&ana.to_string()) && table.contains("present,,yes"), "{table}");

    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert_eq!(get(&app, &inspector, "/auditoria").await.0, 403);
    app.shutdown().await;
}
