//! What the kiosks know by themselves. Nothing in it comes from the server but its answers.

use crate::support::{Ack, ack};
use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::StudentId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// One scan.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose card, if it is a pupil's.
    pub student: Option<StudentId>,
    /// The school day of the tap.
    pub date: NaiveDate,
    /// The first answer.
    pub ack: Option<Ack>,
}

/// Everything that was tapped, and what was answered.
#[derive(Debug)]
pub struct Ledger {
    zone: Tz,
    book: Mutex<Book>,
}

/// The ledger's content.
#[derive(Debug, Default)]
pub struct Book {
    /// By scan id.
    pub scans: BTreeMap<Uuid, Entry>,
    /// Scans whose first answer said that they were stored before: the answer of that commit was lost.
    pub found_committed: usize,
    /// The log's lives that answers named.
    pub epochs: BTreeSet<Uuid>,
}

impl Ledger {
    /// Of a school in this zone.
    pub fn new(zone: Tz) -> Self {
        Self { zone, book: Mutex::default() }
    }

    /// The book.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A card was tapped; `scan` is what will be sent.
    pub fn taken(&self, scan: &Value, student: Option<StudentId>) {
        let at: DateTime<Utc> = scan["device_time"].as_str().and_then(|at| at.parse().ok()).unwrap_or_default();
        let date = at.with_timezone(&self.zone).date_naive();
        let scan_id = scan["scan_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        self.book().scans.insert(scan_id, Entry { student, date, ack: None });
    }

    /// The answer to a batch that was sent for the first time, or `again` although it was answered.
    pub fn answered(&self, answer: &Value, again: bool) -> Result<()> {
        let epoch = answer["epoch"].as_str().and_then(|epoch| epoch.parse().ok()).context("an epoch")?;
        self.book().epochs.insert(epoch);
        for item in answer["items"].as_array().context("items")? {
            let repeated = item["verdict"] == "duplicate";
            ensure!(repeated || !again, "an acknowledged scan is new to the server: {item}");
            self.book().found_committed += usize::from(repeated && !again);
            let (ack, before) = (ack(item), self.note(ack(item)));
            ensure!(before.is_none_or(|before| before == ack), "another answer than the first: {item}");
        }
        Ok(())
    }

    /// Notes an acknowledgement; gives the one that was there.
    pub fn note(&self, ack: Ack) -> Option<Ack> {
        let mut book = self.book();
        let entry = book.scans.get_mut(&ack.scan_id)?;
        let before = entry.ack.clone();
        entry.ack.get_or_insert(ack);
        before
    }

    /// Takes a scan out of the book.
    pub fn forget(&self, scan: Uuid) {
        self.book().scans.remove(&scan);
    }
}
