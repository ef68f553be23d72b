//! What the kiosks know by themselves: each scan, when it was tapped, and what was acknowledged.

use domain::StudentId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// One scan in the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose card, as the plan knows.
    pub student: Option<StudentId>,
    /// When it was tapped.
    pub tapped: Instant,
    /// Kept back by a network failure that the plan wanted.
    pub held_back: bool,
    /// The position that the server acknowledged, if it did.
    pub position: Option<i64>,
    /// The first verdict.
    pub verdict: Option<kiosk_protocol::Verdict>,
    /// When the live stream showed the log at or past that position.
    pub on_screen: Option<Instant>,
}

/// The kiosks' own book. Nothing in it comes from the server but acknowledgements.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

/// The ledger's content.
#[derive(Debug, Default)]
pub struct Book {
    /// By scan id.
    pub scans: HashMap<Uuid, Entry>,
    /// Requests' items that were sent again on purpose.
    pub duplicates_sent: u64,
    /// How many of those were answered `duplicate`, with the first position.
    pub duplicates_absorbed: u64,
    /// Positions not yet seen on the live stream: position → scan.
    pub awaited: Vec<(i64, Uuid)>,
    /// How far the live stream has shown the log.
    pub screen: i64,
}

impl Ledger {
    /// The book.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A card was tapped.
    pub fn tapped(&self, scan: Uuid, student: Option<StudentId>, held_back: bool) {
        let entry =
            Entry { student, tapped: Instant::now(), held_back, position: None, verdict: None, on_screen: None };
        self.book().scans.insert(scan, entry);
    }

    /// The server acknowledged a scan for the first time.
    pub fn acknowledged(&self, scan: Uuid, position: i64, verdict: kiosk_protocol::Verdict) {
        let mut book = self.book();
        let screen = book.screen;
        if let Some(entry) = book.scans.get_mut(&scan)
            && entry.position.is_none()
        {
            entry.position = Some(position);
            entry.verdict = Some(verdict);
            if screen >= position {
                // The screen was faster than the acknowledgement.
                entry.on_screen = Some(Instant::now());
            } else {
                book.awaited.push((position, scan));
            }
        }
    }

    /// The live stream showed the log up to a position.
    pub fn shown_through(&self, position: i64) {
        let now = Instant::now();
        let mut book = self.book();
        book.screen = book.screen.max(position);
        let (seen, awaited) = std::mem::take(&mut book.awaited).into_iter().partition(|(p, _)| *p <= position);
        book.awaited = awaited;
        let seen: Vec<(i64, Uuid)> = seen;
        for (_, scan) in seen {
            if let Some(entry) = book.scans.get_mut(&scan) {
                entry.on_screen = Some(now);
            }
        }
    }
}

impl Book {
    /// Times from tap to screen, sorted; scans that were held back on purpose are left out.
    pub fn tap_to_screen(&self) -> Vec<Duration> {
        let mut times: Vec<Duration> = self
            .scans
            .values()
            .filter(|e| !e.held_back)
            .filter_map(|e| Some(e.on_screen?.duration_since(e.tapped)))
            .collect();
        times.sort();
        times
    }
}

/// The `q`-quantile of sorted times, in milliseconds; none of none.
pub fn quantile_ms(sorted: &[Duration], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let index = ((last as f64) * q).round() as usize;
    sorted.get(index).map(|d| (d.as_secs_f64() * 10_000.0).round() / 10.0)
}
