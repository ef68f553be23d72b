//! Whether what was acknowledged, what is stored and what is read are the same. A run of which that is
//! not true has no figures.

use crate::gun::Acknowledged;
use crate::stage::Database;
use anyhow::{Result, ensure};
use projections::{ReadModel, checkpoint};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long the read models may take to catch up.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until every read model holds the whole log; says how long that took.
pub async fn settle(database: &Database) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let head = nats::log::head(&database.owner).await?;
        let all = checkpoint::all(&database.owner).await?;
        let there = |model| all.iter().any(|c| c.model == model && c.position >= head.position);
        if ReadModel::ALL.into_iter().all(there) {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < PATIENCE, "the read models do not catch up: {all:?} {head:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Compares the ledger with the log, the receipts, the board's rows and the audit index.
pub async fn agree(database: &Database, ledger: &[Acknowledged]) -> Result<()> {
    settle(database).await?;
    let mut acknowledged = ledger.to_vec();
    acknowledged.sort_unstable();
    let owner = &database.owner;
    let (events, last): (i64, i64) =
        sqlx::query_as("select count(*), coalesce(max(position), 0) from events").fetch_one(owner).await?;
    ensure!(events == last, "{events} events and {last} positions");
    let sets = [
        ("log", "select (payload->>'scan_id')::uuid, position from events where event_type = 'scan_recorded'"),
        ("receipts", "select scan_id, position from scan_receipts"),
        ("board", "select scan_id, position from live.live_scans"),
    ];
    for (name, query) in sets {
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(query).fetch_all(owner).await?;
        let mut stored: Vec<_> = rows.into_iter().map(|(scan, position)| Acknowledged { scan, position }).collect();
        stored.sort_unstable();
        ensure!(
            stored == acknowledged,
            "{}: the {name} holds {} scans, {} were acknowledged, and they are not the same",
            database.name,
            stored.len(),
            acknowledged.len()
        );
    }
    let (summed, entries): (i64, i64) = sqlx::query_as(
        "select (select coalesce(sum(scans), 0)::bigint from live.pupil_days), 
           (select count(*) from audit.entries where position <= $1)",
    )
    // Whoever watches the gates may have told something since.
    .bind(last)
    .fetch_one(owner)
    .await?;
    ensure!(summed == acknowledged.len() as i64, "the pupils' days count {summed} of {} scans", acknowledged.len());
    ensure!(entries == events, "the audit index holds {entries} of {events} events");
    Ok(())
}
