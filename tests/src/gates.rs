//! A gate that says nothing is noticed before anybody concludes that a pupil did not come.

use crate::support::{Line, SANTIAGO, eventually, monday};
use anyhow::Result;
use chrono::TimeDelta;
use domain::kiosk::LaneMode;
use sqlx::Connection as _;
use std::collections::HashMap;
use workers::gate_watch;

async fn facts(line: &Line) -> Result<Vec<String>> {
    let kinds = "select event_type from events where aggregate_type = 'kiosk' and event_type in ('silent', 'returned')
                 order by position";
    Ok(sqlx::query_scalar(kinds).fetch_all(&line.owner).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_silent_for_four_minutes_is_shown_as_silent_once_until_it_is_heard_again() {
    let mut line = Line::start().await.unwrap();
    let school = line.school(SANTIAGO, 1, 1).await.unwrap();
    let kiosk = line.kiosk(&school, "Portón Callado", LaneMode::EntryLane).await.unwrap();
    let board = format!("/api/v1/live?school={}", school.id);
    let page = format!("/hoy?colegio={}", school.id);
    let silent = async || Ok(line.json(&board).await?["gates"][0]["silent"] == true);
    // Looks now, beside the worker that looks every few seconds: as after a change of the leader.
    let look = async || {
        let mut connection = sqlx::PgConnection::connect_with(&line.owner.connect_options()).await?;
        anyhow::Ok(gate_watch::look(&mut connection, line.write(), &mut HashMap::new()).await?)
    };

    kiosk.heartbeat(&line).await.unwrap();
    look().await.unwrap();
    line.settle().await.unwrap();
    assert!(!silent().await.unwrap());
    assert_eq!(facts(&line).await.unwrap(), Vec::<String>::new(), "a kiosk that speaks is no news");

    line.clock.advance(TimeDelta::minutes(4));
    eventually("the worker writes that the gate is silent", async || Ok(!facts(&line).await?.is_empty()))
        .await
        .unwrap();
    assert_eq!(look().await.unwrap(), 0, "it is written once");
    line.clock.advance(TimeDelta::minutes(4));
    assert_eq!(look().await.unwrap(), 0, "it is written once, however long it lasts");
    assert_eq!(facts(&line).await.unwrap(), ["silent"]);
    line.settle().await.unwrap();
    eventually("the board says so", silent).await.unwrap();
    eventually("the page says so", async || Ok(line.text(&page).await?.contains("class=\"gate silent\"")))
        .await
        .unwrap();

    kiosk.heartbeat(&line).await.unwrap();
    eventually("the worker writes that the gate returned", async || Ok(facts(&line).await?.len() == 2)).await.unwrap();
    assert_eq!(look().await.unwrap(), 0, "its return is written once");
    assert_eq!(facts(&line).await.unwrap(), ["silent", "returned"]);
    line.settle().await.unwrap();
    eventually("the board shows it again", async || Ok(!silent().await?)).await.unwrap();
    let text = line.text(&page).await.unwrap();
    assert!(text.contains("Portón Callado") && !text.contains("class=\"gate silent\""));

    // The fact belongs to the school day on which it happened.
    let dates: Vec<chrono::NaiveDate> =
        sqlx::query_scalar("select distinct local_date from events where event_type in ('silent', 'returned')")
            .fetch_all(&line.owner)
            .await
            .unwrap();
    assert_eq!(dates, [monday()]);
    line.close().await;
}
