//! Compares the kiosks' book with the log, the receipts, the read models and the board.

use super::clients::Board;
use super::ledger::Ledger;
use crate::support::{eventually, must_equal_a_rebuild, settle};
use anyhow::{Context as _, Result, ensure};
use chrono::NaiveDate;
use domain::SchoolId;
use serde_json::Value;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use uuid::Uuid;

/// What a comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Scans that were acknowledged.
    pub acknowledged: usize,
    /// Of them, committed by a transaction whose answer never came.
    pub found_committed: usize,
    /// Acknowledged, and not in the log at the position that was told.
    pub lost_in_log: usize,
    /// More events than one of a scan.
    pub doubled_in_log: usize,
    /// Acknowledged, and not counted on the board.
    pub lost_on_board: usize,
    /// Counted on the board more often than tapped, or told twice by the stream.
    pub doubled_on_board: usize,
}

impl Counts {
    /// All that is missing anywhere.
    pub fn lost(&self) -> usize {
        self.lost_in_log + self.lost_on_board
    }

    /// All that is anywhere too often.
    pub fn doubled(&self) -> usize {
        self.doubled_in_log + self.doubled_on_board
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.found_committed += other.found_committed;
        self.lost_in_log += other.lost_in_log;
        self.doubled_in_log += other.doubled_in_log;
        self.lost_on_board += other.lost_on_board;
        self.doubled_on_board += other.doubled_on_board;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "acknowledged={} committed_but_unacknowledged={} lost={} (log {}, board {}) doubled={} (log {}, board {})",
            self.acknowledged,
            self.found_committed,
            self.lost(),
            self.lost_in_log,
            self.lost_on_board,
            self.doubled(),
            self.doubled_in_log,
            self.doubled_on_board
        )
    }
}

/// All comparisons. Whoever calls it has no scan on the way.
pub async fn audit(
    owner: &PgPool,
    base: &str,
    school: SchoolId,
    ledger: &Ledger,
    stream: Option<&Board>,
) -> Result<Counts> {
    let mut counts = log(owner, ledger).await?;
    settle(owner).await?;
    counts += board(base, school, ledger).await?;
    if let Some(stream) = stream {
        let last = ledger.book().scans.values().filter_map(|entry| entry.ack.as_ref()).map(|ack| ack.position).max();
        let inside = inside(base, school).await?;
        eventually("the open board shows the log's end", async || {
            let seen = stream.seen();
            Ok(Some(seen.position) >= last && seen.inside == inside)
        })
        .await
        .with_context(|| format!("acknowledged through {last:?}, inside {inside}; seen {:?}", stream.seen()))?;
        counts.doubled_on_board += stream.seen().scans.values().filter(|times| **times > 1).count();
    }
    if counts.lost() + counts.doubled() == 0 {
        must_equal_a_rebuild(owner).await?;
    }
    Ok(counts)
}

/// The book against the log and the receipts.
pub async fn log(owner: &PgPool, ledger: &Ledger) -> Result<Counts> {
    let epoch: Uuid = sqlx::query_scalar("select epoch from log_epoch").fetch_one(owner).await?;
    let stored: Vec<(Uuid, i64)> = sqlx::query_as(
        "select (payload ->> 'scan_id')::uuid, position from events
         where event_type in ('scan_recorded', 'received') order by position",
    )
    .fetch_all(owner)
    .await?;
    let (length, first, last): (i64, Option<i64>, Option<i64>) =
        sqlx::query_as("select count(*), min(position), max(position) from events").fetch_one(owner).await?;
    let receipts: Vec<(Uuid, i64, String)> =
        sqlx::query_as("select scan_id, position, verdict from scan_receipts").fetch_all(owner).await?;
    let book = ledger.book();
    ensure!(book.epochs.iter().eq([&epoch]), "answers name the epochs {:?}, the log is of {epoch}", book.epochs);
    ensure!(first == Some(1) && last == Some(length), "{length} positions from {first:?} to {last:?} are not dense");
    let mut at: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for (scan, position) in &stored {
        at.entry(*scan).or_default().push(*position);
    }
    let unknown: Vec<_> = at.keys().filter(|scan| !book.scans.contains_key(scan)).collect();
    ensure!(unknown.is_empty(), "stored and never tapped: {unknown:?}");
    let acks: Vec<_> = book.scans.values().filter_map(|entry| entry.ack.as_ref()).collect();
    let lost = |scan: &Uuid, position: &i64| !at.get(scan).is_some_and(|all| all.contains(position));
    let counts = Counts {
        acknowledged: acks.len(),
        found_committed: book.found_committed,
        lost_in_log: acks.iter().filter(|ack| lost(&ack.scan_id, &ack.position)).count(),
        doubled_in_log: at.values().map(|all| all.len() - 1).sum(),
        ..Counts::default()
    };
    if counts.lost() + counts.doubled() == 0 {
        let mut told: Vec<_> = acks.iter().map(|ack| (ack.scan_id, ack.position, ack.verdict.clone())).collect();
        let mut kept: Vec<_> = receipts.into_iter().filter(|(scan, ..)| !unanswered(&book.scans, scan)).collect();
        told.sort();
        kept.sort();
        let differs = told.iter().zip(&kept).find(|(a, b)| a != b);
        ensure!(told == kept, "{} answers, {} receipts; first difference {differs:?}", told.len(), kept.len());
        ensure!(at.len() >= told.len(), "a receipt without an event");
    }
    Ok(counts)
}

fn unanswered(scans: &BTreeMap<Uuid, super::ledger::Entry>, scan: &Uuid) -> bool {
    scans.get(scan).is_some_and(|entry| entry.ack.is_none())
}

/// The book against the board over REST.
pub async fn board(base: &str, school: SchoolId, ledger: &Ledger) -> Result<Counts> {
    let mut tapped: BTreeMap<(NaiveDate, Uuid), i64> = BTreeMap::new();
    for entry in ledger.book().scans.values() {
        if let (Some(student), Some(ack)) = (entry.student, &entry.ack)
            && ack.verdict != "quarantined"
        {
            *tapped.entry((entry.date, student.0)).or_default() += 1;
        }
    }
    let dates: BTreeSet<NaiveDate> = tapped.keys().map(|(date, _)| *date).collect();
    let mut shown = BTreeMap::new();
    for date in &dates {
        let mut cursor = String::new();
        loop {
            let page = get(&format!("{base}/api/v1/live/pupils?school={school}&date={date}&limit=200{cursor}")).await?;
            for item in page["items"].as_array().context("items")? {
                let student = item["student_id"].as_str().and_then(|id| id.parse().ok()).context("a student")?;
                shown.insert((*date, student), item["scans"].as_i64().context("scans")?);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    let days: BTreeSet<_> = tapped.keys().chain(shown.keys()).collect();
    let difference =
        |day: &(NaiveDate, Uuid)| shown.get(day).copied().unwrap_or(0) - tapped.get(day).copied().unwrap_or(0);
    let sum = |sign: i64| days.iter().map(|day| (sign * difference(day)).max(0)).sum::<i64>();
    let counts = Counts {
        lost_on_board: usize::try_from(sum(-1))?,
        doubled_on_board: usize::try_from(sum(1))?,
        ..Counts::default()
    };
    if counts.lost() + counts.doubled() == 0 {
        let live = get(&format!("{base}/api/v1/live?school={school}")).await?;
        let today: NaiveDate = live["date"].as_str().context("a date")?.parse()?;
        // All taps are entries.
        let entered = tapped.keys().filter(|(date, _)| *date == today).count();
        ensure!(live["totals"]["inside"] == entered, "{entered} pupils entered, the board says {}", live["totals"]);
    }
    Ok(counts)
}

async fn inside(base: &str, school: SchoolId) -> Result<u64> {
    let live = get(&format!("{base}/api/v1/live?school={school}")).await?;
    live["totals"]["inside"].as_u64().context("inside")
}

async fn get(url: &str) -> Result<Value> {
    let http = super::clients::http(std::time::Duration::from_secs(10))?;
    let mut answer = None;
    eventually("the board answers", async || {
        let got = http.get(url).send().await?.error_for_status()?.text().await?;
        answer = Some(serde_json::from_str(&got)?);
        Ok(true)
    })
    .await?;
    answer.context("an answer")
}
