//! From a course's exception, entered as a director does from a phone, until none of its alerts is pending.
//!
//! A whole server in this process: the answer to the request, the roster's projector, the look at who is expected, the
//! events that follow and the projector of the cases.

use crate::Options;
use crate::report::{Figure, Target};
use anyhow::{Result, ensure};
use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use uuid::Uuid;
use web::testing::{TestApp, TestSchool};

/// Of each course; one in four did not come, fewer than hold everything.
const PUPILS: usize = 40;
const CAME: usize = 30;
const PATIENCE: Duration = Duration::from_secs(30);

/// One school for each time that it is measured.
pub async fn run(options: &Options, figures: &mut Vec<Figure>) -> Result<()> {
    options.say("exception: a course's alerts");
    let app = TestApp::start().await?;
    let mut schools = Vec::new();
    for _ in 0..options.rounds.max(5) {
        let school = app.school(PUPILS).await?;
        let scans: Vec<_> =
            (1..).zip(&school.pupils).take(CAME).map(|(seq, (_, card))| school.scan(seq, card, app.now())).collect();
        app.scan(&school, &scans).await?;
        schools.push(school);
    }
    let owner = PgPool::connect_with(app.databases.owner_options()).await?;
    app.clock.advance(TimeDelta::minutes(61));
    for school in &schools {
        heard(&app, school).await?;
    }
    let mut took = Vec::new();
    for school in &schools {
        pending(&owner, school, PUPILS - CAME).await?;
        let begun = Instant::now();
        let path = format!("{}/api/v1/courses/{}/calendar/2026-03-09?school={}", app.base, school.course, school.id);
        let body = json!({"times": {"expects": "nobody"}, "reason": "outing"});
        let request = app.client.put(path).header("idempotency-key", Uuid::new_v5(&school.id.0, b"key").to_string());
        let answer = request.json(&body).send().await?;
        ensure!(answer.status() == 200, "{}", answer.text().await?);
        pending(&owner, school, 0).await?;
        took.push(begun.elapsed().as_secs_f64());
    }
    app.shutdown().await;
    figures.push(Figure::new("exception_to_quiet", "s", Target::AtMost(1.0), took));
    Ok(())
}

/// The gate says that nothing waits on it.
async fn heard(app: &TestApp, school: &TestSchool) -> Result<()> {
    let beat = json!({
        "queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": app.now(),
        "monotonic_ms": 10_000_000 + 61 * 60_000, "queue_depth": 0, "last_seq": CAME,
    });
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", app.base, school.kiosk);
    let answer = app.anonymous.post(url).bearer_auth(&school.secret).json(&beat).send().await?;
    ensure!(answer.status() == 200, "{}", answer.text().await?);
    Ok(())
}

/// Waits until so many cases of the school are pending.
async fn pending(owner: &PgPool, school: &TestSchool, wanted: usize) -> Result<()> {
    let begun = Instant::now();
    loop {
        let open: i64 = sqlx::query_scalar(
            "select count(*) from no_show.cases where school_id = $1 and state not in ('resolved', 'retracted')",
        )
        .bind(school.id.0)
        .fetch_one(owner)
        .await?;
        if usize::try_from(open)? == wanted {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "{open} cases are pending, and not {wanted}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
