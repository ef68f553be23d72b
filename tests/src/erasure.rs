//! A pupil whose keys are destroyed is gone from every page, and every stream and read model still loads.

use crate::support::{Line, Pupil, SANTIAGO, School};
use anyhow::{Result, ensure};
use commands::use_cases::erase_student;
use domain::kiosk::LaneMode;
use projections::{ReadModel, rebuild};
use serde_json::Value;
use web::serve::Parts;

struct Scene {
    line: Line,
    school: School,
    kiosk: crate::support::Kiosk,
}

/// A school where two pupils entered this morning.
async fn scene() -> Result<Scene> {
    let line = Line::start().await?;
    let school = line.school(SANTIAGO, 1, 4).await?;
    let mut kiosk = line.kiosk(&school, "Norte", LaneMode::EntryLane).await?;
    let now = line.now();
    let scans: Vec<Value> = school.pupils[..2].iter().map(|p| kiosk.scan(&p.card, "entry", now)).collect();
    kiosk.deliver(&line, &scans).await?;
    line.settle().await?;
    Ok(Scene { line, school, kiosk })
}

impl Scene {
    /// Everything that shows a pupil, as (address, text).
    async fn seen(&self) -> Result<Vec<(String, String)>> {
        let (school, course) = (self.school.id, self.school.courses[0]);
        let mut all = Vec::new();
        for path in [
            format!("/api/v1/students?school={school}"),
            format!("/api/v1/live?school={school}"),
            format!("/api/v1/live/pupils?school={school}"),
            format!("/api/v1/courses/{course}/day?school={school}"),
            format!("/api/v1/audit?school={school}"),
            format!("/hoy?colegio={school}"),
            format!("/hoy/muro?colegio={school}"),
            format!("/hoy/cursos/{course}?colegio={school}"),
        ] {
            let text = self.line.text(&path).await?;
            all.push((path, text));
        }
        Ok(all)
    }

    /// The pupil is named where names are, before.
    async fn must_show(&self, pupil: &Pupil) -> Result<()> {
        let family = family(pupil);
        let named = self.seen().await?.iter().filter(|(_, text)| text.contains(&family)).count();
        ensure!(named >= 5, "only {named} answers name the pupil, so their silence would say nothing");
        Ok(())
    }

    /// No answer names the pupil, and where the name was, it says that it was erased.
    async fn must_not_show(&self, pupil: &Pupil, other: &Pupil) -> Result<()> {
        for (path, text) in self.seen().await? {
            ensure!(!text.contains(&family(pupil)), "{path} still names the pupil");
            let (api, names) = (path.starts_with("/api"), !path.contains("audit") && !path.contains("live/pupils"));
            if names && !path.contains("muro") {
                let word = if api { "\"erased\"" } else { "eliminado" };
                ensure!(text.contains(word), "{path} does not say that somebody was erased: {text}");
                ensure!(text.contains(&family(other)), "{path} lost somebody else");
            }
        }
        Ok(())
    }

    async fn rebuild(&self) -> Result<()> {
        for model in ReadModel::ALL {
            rebuild::rebuild(&self.line.owner, &self.line.owner, model).await?;
        }
        Ok(())
    }
}

fn family(pupil: &Pupil) -> String {
    pupil.name.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_pupil_is_shown_as_eliminado_at_once_and_after_everything_was_rebuilt() {
    let mut scene = scene().await.unwrap();
    let (gone, stays) = (&scene.school.pupils[0], &scene.school.pupils[1]);
    scene.must_show(gone).await.unwrap();

    let context = scene.line.context(scene.school.id, SANTIAGO);
    erase_student(scene.line.write(), &context, gone.id).await.unwrap();
    scene.line.settle().await.unwrap();
    // The first words after it are already without the name: nothing kept in memory survives.
    scene.must_not_show(gone, stays).await.unwrap();
    scene.line.must_equal_a_rebuild().await.unwrap();
    scene.must_not_show(gone, stays).await.unwrap();

    // The card is nobody's any more; it is kept for a person, and the gate goes on.
    let now = scene.line.now();
    let (card, other) = (gone.card.clone(), scene.school.pupils[2].card.clone());
    let scans = [scene.kiosk.scan(&card, "entry", now), scene.kiosk.scan(&other, "entry", now)];
    let (items, _) = scene.kiosk.deliver(&scene.line, &scans).await.unwrap();
    assert_eq!(items[0]["verdict"], "quarantined");
    assert_eq!(items[1]["verdict"], "accepted");
    scene.line.settle().await.unwrap();
    scene.must_not_show(gone, stays).await.unwrap();
    scene.line.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_whose_key_rows_are_gone_still_replays_and_is_shown_as_eliminado() {
    let mut scene = scene().await.unwrap();
    let (gone, stays) = (&scene.school.pupils[0], &scene.school.pupils[1]);
    scene.must_show(gone).await.unwrap();

    // As after the loss of the vault's newest rows: no event tells anybody. A fresh process, since
    // names are kept in memory.
    let deleted = sqlx::query("delete from data_keys where subject_id = $1")
        .bind(gone.id.0)
        .execute(&scene.line.vault)
        .await
        .unwrap();
    assert!(deleted.rows_affected() > 0);
    scene.line.close().await;
    scene.line.open(Parts::all()).await.unwrap();
    scene.rebuild().await.unwrap();
    scene.line.settle().await.unwrap();
    scene.must_not_show(gone, stays).await.unwrap();

    // The stream loads: the pupil can still leave the school.
    let stream = domain::StreamId::of(scene.school.id, gone.id);
    let context = scene.line.context(scene.school.id, SANTIAGO);
    let withdraw = domain::student::Command::Withdraw { from: crate::support::monday() };
    let done = scene.line.write().execute::<domain::student::Student>(&context, &stream, withdraw).await.unwrap();
    assert_eq!(done.events, 1);
    // And the day's stream takes another scan.
    let now = scene.line.now() + chrono::TimeDelta::minutes(5);
    scene.line.clock.set(now);
    let scan = scene.kiosk.scan(&gone.card.clone(), "exit", now);
    let (items, _) = scene.kiosk.deliver(&scene.line, &[scan]).await.unwrap();
    assert!(["accepted", "flagged"].contains(&items[0]["verdict"].as_str().unwrap()), "{items:?}");
    scene.line.settle().await.unwrap();
    scene.line.must_equal_a_rebuild().await.unwrap();
    scene.line.close().await;
}
