//! What people and programs see while the read models still belong to the log of before a restore.

use crate::support::{Line, SANTIAGO, eventually, id};
use domain::kiosk::LaneMode;
use serde_json::Value;
use web::serve::{Part, Parts};

const BANNER: [(&str, &str, &str); 2] = [
    ("es", "Se restauró un respaldo del registro.", "De antes de una restauración"),
    ("en", "A backup of the log was restored.", "From before a restore"),
];

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_before_a_restore_are_shown_as_such_until_the_projector_has_caught_up() {
    let mut line = Line::start().await.unwrap();
    let school = line.school(SANTIAGO, 1, 3).await.unwrap();
    let mut kiosk = line.kiosk(&school, "Portón Norte", LaneMode::EntryLane).await.unwrap();
    let scan = kiosk.scan(&school.pupils[0].card, "entry", line.now());
    kiosk.deliver(&line, &[scan]).await.unwrap();
    line.settle().await.unwrap();
    let api = format!("/api/v1/live?school={}", school.id);
    let day = format!("/api/v1/courses/{}/day?school={}", school.courses[0], school.id);
    let course = format!("/hoy/cursos/{}", school.courses[0]);
    let pages = async |line: &Line| {
        let mut all = Vec::new();
        for page in ["/hoy", "/hoy/muro", &course] {
            for (lang, ..) in BANNER {
                all.push(line.text(&format!("{page}?colegio={}&lang={lang}", school.id)).await.unwrap());
            }
        }
        all
    };
    let etag = async |line: &Line| {
        let answer = line.http.get(format!("{}{api}", line.base)).send().await.unwrap();
        answer.headers()["etag"].to_str().unwrap().to_owned()
    };
    assert_eq!(line.json(&api).await.unwrap()["stale_epoch"], false);
    let fresh = etag(&line).await;

    // The log is another one, and nothing projects yet.
    line.close().await;
    line.open(Parts::from_only(&[Part::Http])).await.unwrap();
    assert_eq!(etag(&line).await, fresh, "another server says the same");
    sqlx::query("update log_epoch set epoch = $1").bind(id()).execute(&line.owner).await.unwrap();
    let board = line.json(&api).await.unwrap();
    assert_eq!(board["stale_epoch"], true);
    assert_eq!(board["totals"]["inside"], 1, "the figures of before stand");
    assert_ne!(board["freshness"]["behind_events"], 0);
    assert_ne!(etag(&line).await, fresh, "whoever has the board of before is told");
    assert_eq!(line.json(&day).await.unwrap()["stale_epoch"], true);
    for (n, html) in pages(&line).await.iter().enumerate() {
        let (lang, title, words) = BANNER[n % 2];
        assert!(html.contains(title), "{lang}: {html}");
        for live in ["Al día", "Actualizado", "Sin actualizar", "Up to date", "Updated", "Not updated"] {
            assert!(!html.contains(live), "{lang}, {live}: {html}");
        }
        // The wall has no room for the words beside its clock.
        assert!(html.contains(words) || html.contains("wall-screen"), "{lang}: {html}");
    }

    let projector = line.another(&[Part::Projections]).await.unwrap();
    line.settle().await.unwrap();
    eventually("the notice goes", async || Ok(line.json(&api).await?["stale_epoch"] == Value::Bool(false)))
        .await
        .unwrap();
    assert_eq!(line.json(&day).await.unwrap()["stale_epoch"], false);
    for html in pages(&line).await {
        assert!(BANNER.iter().all(|(_, title, words)| !html.contains(title) && !html.contains(words)), "{html}");
    }
    projector.shutdown().await;
    line.close().await;
}
