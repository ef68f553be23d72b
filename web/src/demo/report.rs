//! What the ledger finds when it is laid beside the board and the log.

use super::ledger::{Ledger, quantile_ms};
use super::told::Told;
use crate::seed::Seeded;
use anyhow::{Context, Result};
use chrono::NaiveDate;
use kiosk_protocol::Verdict;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use uuid::Uuid;

/// One JSON object, as `attendance demo --headless --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Taps that became scans on the kiosks.
    pub scans_sent: usize,
    /// Scans that the server acknowledged.
    pub acknowledged: usize,
    /// Scans of this morning found in the log by SQL.
    pub stored: usize,
    /// Items sent again on purpose.
    pub duplicates_sent: u64,
    /// Of those, answered `duplicate` with the first position.
    pub duplicates_absorbed: u64,
    /// Scans that were kept for a person to place.
    pub quarantined: usize,
    /// On the board: came in time.
    pub present: i64,
    /// On the board: came late.
    pub late: i64,
    /// On the board: no entry on record.
    pub missing: i64,
    /// From the tap to the live stream, scans held back on purpose left out.
    pub tap_to_screen_ms: Quantiles,
    /// Acknowledged scans that the log, or the board, does not have.
    pub lost: usize,
    /// Of those, not in the log.
    pub lost_in_log: usize,
    /// Of those, not on the board.
    pub lost_on_board: usize,
    /// Scans in the log that no kiosk took, or took twice.
    pub invented: usize,
    /// How long the replay took.
    pub replay_seconds: f64,
    /// Which families were told, where anybody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notices: Option<Told>,
}

/// Two quantiles in milliseconds; null when nothing was measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Quantiles {
    /// Half are faster.
    pub p50: Option<f64>,
    /// 99 of 100 are faster.
    pub p99: Option<f64>,
    /// How many were measured.
    pub measured: usize,
}

/// Twentieths of a second that the board may take to follow the log.
const PATIENCE: u32 = 400;

#[derive(Deserialize)]
struct Live {
    position: i64,
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    present: i64,
    late: i64,
    missing: i64,
}

#[derive(Deserialize)]
struct PupilsPage {
    items: Vec<PupilSeen>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct PupilSeen {
    student_id: Uuid,
    scans: u64,
}

/// The board, once it has the log as it ends now: whether anybody is missing rests on what the gates said last.
async fn board(http: &reqwest::Client, base: &str, school: &Seeded, log: &PgPool) -> Result<Live> {
    let end: i64 = sqlx::query_scalar("select coalesce(max(position), 0) from events").fetch_one(log).await?;
    for _ in 0..PATIENCE {
        let live: Live = get(http, &format!("{base}/api/v1/live?school={}", school.school_id)).await?;
        if live.position >= end {
            return Ok(live);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the board does not follow the log")
}

/// Compares the ledger with the board over REST and with the log over SQL.
pub async fn compare(
    http: &reqwest::Client,
    base: &str,
    school: &Seeded,
    date: NaiveDate,
    ledger: &Ledger,
    log: &PgPool,
    took: Duration,
) -> Result<Report> {
    let live = board(http, base, school, log).await?;
    let on_board = pupils_on_board(http, base, school, date).await?;
    let in_log = scans_in_log(log, school, date).await?;

    let book = ledger.book();
    let acknowledged: HashMap<Uuid, &super::ledger::Entry> =
        book.scans.iter().filter(|(_, e)| e.position.is_some()).map(|(id, e)| (*id, e)).collect();
    let placed = |e: &super::ledger::Entry| e.verdict != Some(Verdict::Quarantined);
    let counted: HashMap<Uuid, u64> =
        acknowledged.values().filter(|e| placed(e)).filter_map(|e| e.student).fold(HashMap::new(), |mut n, s| {
            *n.entry(s.0).or_default() += 1;
            n
        });
    let stored: HashSet<Uuid> = in_log.iter().copied().collect();
    let lost_in_log = acknowledged.keys().filter(|id| !stored.contains(id)).count();
    let lost_on_board: u64 =
        counted.iter().map(|(student, n)| n.saturating_sub(on_board.get(student).copied().unwrap_or(0))).sum();
    let times = book.tap_to_screen();
    Ok(Report {
        scans_sent: book.scans.len(),
        acknowledged: acknowledged.len(),
        stored: stored.iter().filter(|id| book.scans.contains_key(id)).count(),
        duplicates_sent: book.duplicates_sent,
        duplicates_absorbed: book.duplicates_absorbed,
        quarantined: acknowledged.values().filter(|e| !placed(e)).count(),
        present: live.totals.present,
        late: live.totals.late,
        missing: live.totals.missing,
        tap_to_screen_ms: Quantiles {
            p50: quantile_ms(&times, 0.5),
            p99: quantile_ms(&times, 0.99),
            measured: times.len(),
        },
        lost: lost_in_log + usize::try_from(lost_on_board)?,
        lost_in_log,
        lost_on_board: usize::try_from(lost_on_board)?,
        invented: in_log.len() - stored.len() + stored.iter().filter(|id| !book.scans.contains_key(id)).count(),
        replay_seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
        notices: None,
    })
}

async fn get<T: for<'de> Deserialize<'de>>(http: &reqwest::Client, url: &str) -> Result<T> {
    let answer = http.get(url).send().await?.error_for_status()?;
    answer.json().await.with_context(|| format!("read {url}"))
}

/// How many scans the board counts for each pupil.
async fn pupils_on_board(
    http: &reqwest::Client,
    base: &str,
    school: &Seeded,
    date: NaiveDate,
) -> Result<HashMap<Uuid, u64>> {
    let mut seen = HashMap::new();
    let mut cursor = String::new();
    loop {
        let url = format!("{base}/api/v1/live/pupils?school={}&date={date}&limit=200{cursor}", school.school_id);
        let page: PupilsPage = get(http, &url).await?;
        seen.extend(page.items.into_iter().map(|p| (p.student_id, p.scans)));
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(seen),
        }
    }
}

/// Every scan of the morning in the log, placed or quarantined.
async fn scans_in_log(log: &PgPool, school: &Seeded, date: NaiveDate) -> Result<Vec<Uuid>> {
    let ids = sqlx::query_scalar!(
        r#"select (payload ->> 'scan_id')::uuid as "scan_id!" from events
           where school_id = $1 and local_date = $2 and event_type in ('scan_recorded', 'received')"#,
        school.school_id.0,
        date
    )
    .fetch_all(log)
    .await?;
    Ok(ids)
}
