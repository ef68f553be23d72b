//! Two owners at once of everything that should have one: no lock is believed in more than the log.

use crate::support::{Ack, Kiosk, Line, PATIENCE, SANTIAGO, School, ack, carried, eventually, own_nats};
use anyhow::{Context as _, Result, ensure};
use chrono::TimeDelta;
use domain::kiosk::LaneMode;
use local_services::testing::TestDatabases;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, PgPool};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use web::serve::{Part, Parts};
use workers::gate_watch;

/// From now on whoever asks this database to lead is told yes.
async fn let_everybody_lead(databases: &TestDatabases) -> Result<()> {
    let owner = PgPool::connect_with(databases.owner_options()).await?;
    let forged = "alter function pg_catalog.pg_try_advisory_lock(bigint) rename to pg_try_advisory_lock_as_it_was;
                  create function pg_catalog.pg_try_advisory_lock(bigint) returns boolean language sql as 'select true'";
    sqlx::raw_sql(forged).execute(&owner).await?;
    owner.close().await;
    Ok(())
}

/// The same batch to both servers at once, until both acknowledge it; they must say the same.
async fn deliver_to_both(line: &Line, other: &str, kiosk: &Kiosk, scans: &[Value]) -> Result<Vec<Ack>> {
    let body = kiosk.batch(scans, line.now()).to_string();
    let one = async |base: &str| {
        let (begun, url) = (Instant::now(), format!("{base}/api/v1/kiosks/{}/scans", kiosk.id));
        loop {
            let request = line.http.post(&url).bearer_auth(&kiosk.secret).header("content-type", "application/json");
            let answer = request.body(body.clone()).send().await?;
            if answer.status() == 200 {
                let answer: Value = answer.json().await?;
                return anyhow::Ok(answer["items"].as_array().context("items")?.iter().map(ack).collect::<Vec<_>>());
            }
            ensure!(answer.status() == 503 && begun.elapsed() < PATIENCE, "{}", answer.status());
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (here, there) = tokio::join!(one(&line.base), one(other));
    let (here, there) = (here?, there?);
    ensure!(here == there, "two answers: {here:?} {there:?}");
    Ok(here)
}

/// Relays that hold a connection and do not wait to lead.
async fn leading(line: &Line) -> Result<i64> {
    let relays = "select count(*) from pg_stat_activity where datname = current_database()
                  and application_name = 'attendance relay' and query not like '%pg_try_advisory_lock%'";
    Ok(sqlx::query_scalar(relays).fetch_one(&line.owner).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_leaders_of_everything_the_stream_the_log_and_the_read_models_stay_right() {
    let nats = own_nats("owners-nats").await.unwrap();
    let databases = TestDatabases::create().await.unwrap();
    let_everybody_lead(&databases).await.unwrap();
    let mut line =
        Line::on(&databases.events_url(), &databases.vault_url(), Some(&nats.url()), Parts::all()).await.unwrap();
    let second = line.another(&[Part::Http, Part::Relay, Part::Projections, Part::Workers]).await.unwrap();
    let other = second.base_url().unwrap();
    let school: School = line.school(SANTIAGO, 2, 20).await.unwrap();
    let mut kiosks = Vec::new();
    for gate in ["Norte", "Sur"] {
        kiosks.push(line.kiosk(&school, gate, LaneMode::Choice).await.unwrap());
    }
    eventually("both relays lead", async || Ok(leading(&line).await? == 2)).await.unwrap();

    let mut acks = Vec::new();
    for n in 0..40 {
        line.clock.advance(TimeDelta::milliseconds(700));
        let now = line.now();
        let mut batches = Vec::new();
        for kiosk in &mut kiosks {
            // The same pupils at both gates: their streams are written by both batchers.
            let cards = (0..4).map(|i| &school.pupils[(n + i * 7) % school.pupils.len()].card);
            batches.push(cards.map(|card| kiosk.scan(card, "entry", now)).collect::<Vec<Value>>());
        }
        let (a, b) = tokio::join!(
            deliver_to_both(&line, &other, &kiosks[0], &batches[0]),
            deliver_to_both(&line, &other, &kiosks[1], &batches[1])
        );
        acks.extend(a.unwrap());
        acks.extend(b.unwrap());
    }
    assert_eq!(leading(&line).await.unwrap(), 2, "both led all the time");
    assert_eq!(line.must_hold(&acks).await.unwrap(), 40 * 2 * 4);
    line.must_equal_a_rebuild().await.unwrap();
    eventually("JetStream holds the log, each event once and in order", async || {
        let head = ::nats::log::head(&line.owner).await?.position;
        Ok(carried(&nats.url()).await? == (1..=head).collect::<Vec<_>>())
    })
    .await
    .unwrap();

    // Gates: both look at the same moment, again and again, and so do the two workers behind them.
    let look = async || {
        let mut connection = PgConnection::connect_with(&line.owner.connect_options()).await?;
        anyhow::Ok(gate_watch::look(&mut connection, line.write(), &mut HashMap::new()).await?)
    };
    for _ in 0..4 {
        for (minutes, speaks) in [(4, false), (0, true)] {
            line.clock.advance(TimeDelta::minutes(minutes));
            if speaks {
                for kiosk in &kiosks {
                    kiosk.heartbeat(&line).await.unwrap();
                }
            }
            let (a, b) = tokio::join!(look(), look());
            a.unwrap();
            b.unwrap();
        }
    }
    let facts: Vec<(String, String)> = sqlx::query_as(
        "select aggregate_id, event_type from events where event_type in ('silent', 'returned') order by position",
    )
    .fetch_all(&line.owner)
    .await
    .unwrap();
    for kiosk in &kiosks {
        let of_kiosk: Vec<&str> = facts
            .iter()
            .filter(|(stream, _)| stream.ends_with(&kiosk.id.to_string()))
            .map(|(_, event)| event.as_str())
            .collect();
        assert_eq!(of_kiosk, ["silent", "returned"].repeat(4), "each was told once");
    }
    line.must_equal_a_rebuild().await.unwrap();
    second.shutdown().await;
    line.close().await;
}
