//! Disks that are full: answers say so with 503, nothing acknowledged is lost, and with room again it
//! goes on by itself.
//!
//! They need the right to mount a small file system (root); without it they say that they are ignored.

use crate::network::{Site, carries_again};
use crate::support::{eventually, migrate, own_postgres};
use anyhow::{Result, ensure};
use futures::future::try_join_all;
use local_services::testing::scratch;
use local_services::{NatsServer, PostgresCluster, SmallDisk};
use std::time::Duration;

/// A small disk, or the reason why this test proves nothing here.
fn small_disk(name: &str, megabytes: u64) -> Option<SmallDisk> {
    SmallDisk::mount(&scratch(name), megabytes)
        .inspect_err(|error| eprintln!("ignored: a small file system cannot be mounted here: {error:#}"))
        .ok()
}

/// What a person's browser and a probe are told while the disk is full: an answer, or 503.
async fn must_not_break(http: &reqwest::Client, base: &str) -> Result<()> {
    let paths = ["/hoy", "/hoy/muro", "/api/v1/live", "/api/v1/live/pupils", "/api/v1/courses", "/readyz", "/healthz"];
    let asked = paths.map(async |path| {
        let answer = http.get(format!("{base}{path}")).send().await?;
        let (status, waits) = (answer.status(), answer.headers().contains_key("retry-after"));
        ensure!(status == 200 || status == 503, "{path}: {status} {}", answer.text().await?);
        ensure!(status == 200 || waits, "{path}: 503 without Retry-After");
        Ok(())
    });
    try_join_all(asked).await?;
    Ok(())
}

/// Whether the server crashed, rather than refused (53100).
fn is_gone(error: &sqlx::Error) -> bool {
    // 57P02, 57P03: it crashed, or is not up again.
    error.as_database_error().is_none_or(|refused| refused.code().is_some_and(|code| code.starts_with("57P")))
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_on_a_full_disk_refuses_with_503_and_goes_on_by_itself_when_there_is_room() {
    let Some(disk) = small_disk("disk-postgres", 400) else { return };
    let mut postgres = PostgresCluster::scratch(&disk.dir().join("postgres")).await.unwrap();
    migrate(&postgres).await.unwrap();
    let mut site = Site::on(&postgres, postgres.port(), None).await.unwrap();
    let refused = site.traffic.refusals();
    let (http, base) = (site.line.http.clone(), site.line.base.clone());
    site.through("the tables cannot grow", async || {
        disk.fill()?;
        eventually("kiosks are told that there is no room", async || Ok(refused.count() >= 3)).await?;
        must_not_break(&http, &base).await?;
        disk.resize(400)
    })
    .await
    .unwrap();

    // And when the write-ahead log itself has no room: Postgres ends, and whoever runs it starts it again.
    let before = refused.count();
    let owner = site.line.owner.clone();
    site.through("the write-ahead log cannot grow", async || {
        disk.fill()?;
        eventually("Postgres crashes", async || {
            // As much log as a morning writes.
            let filler = "select pg_logical_emit_message(true, 'filler', repeat('x', 1000000))";
            Ok(sqlx::query(filler).execute(&owner).await.is_err_and(|error| is_gone(&error)))
        })
        .await?;
        eventually("kiosks are told", async || Ok(refused.count() >= before + 3)).await?;
        must_not_break(&http, &base).await?;
        disk.resize(400)?;
        postgres.resume().await
    })
    .await
    .unwrap();
    must_not_break(&site.line.http, &site.line.base).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_on_a_full_disk_delays_no_scan_and_carries_again_when_there_is_room() {
    // The stream may take a gigabyte, and the server promises it only where there is that much.
    let Some(disk) = small_disk("disk-nats", 3_000) else { return };
    let postgres = own_postgres("disk-nats-pg").await.unwrap();
    let mut nats = NatsServer::scratch(&disk.dir().join("nats")).await.unwrap();
    let mut site = Site::on(&postgres, postgres.port(), Some(&nats.url())).await.unwrap();
    carries_again(&site.line, &nats).await.unwrap();
    let log = disk.dir().join("nats/server.log");
    site.through("NATS has no room", async || {
        disk.fill()?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    })
    .await
    .unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("no space left on device"), "the disk was not full: {said}");
    assert_eq!(site.traffic.failed(), 0, "a kiosk was not answered");
    disk.resize(3_000).unwrap();
    // nats-server (2.15.1) keeps its write error, whatever room there is, until it is started again.
    nats.stop();
    nats.resume().await.unwrap();
    site.through("NATS has room again", async || Ok(())).await.unwrap();
    carries_again(&site.line, &nats).await.unwrap();
}
