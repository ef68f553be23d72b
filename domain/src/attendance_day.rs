//! A pupil's day at the gate: every scan is kept, none is refused, doubts are flags.
//!
//! Invariants: a scan id is recorded once; a scan's direction and time are those of its first
//! arrival and are never changed by a later one; whatever arrives, in whatever order, no scan is
//! lost and no command fails.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::ids::{CredentialId, KioskId, QueueId, ScanId};
use chrono::{DateTime, Utc};
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};

/// Which way through the gate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the school (ingreso).
    Entry,
    /// Out of the school (salida).
    Exit,
}

/// How the pupil was read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Printed QR.
    Qr,
    /// NFC card or tag.
    Nfc,
    /// Number typed at the kiosk.
    Typed,
}

/// How far a corrected time can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeConfidence {
    /// Same boot: computed from the monotonic clock, immune to a wrong wall clock.
    Monotonic,
    /// Another boot, but the wall clock's offset was known.
    WallCorrected,
    /// A bare wall clock: never used for lateness or in a message.
    Low,
}

/// What the kiosk's door or screen showed the pupil, by its local decision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Known card.
    Welcome,
    /// Card unknown to the kiosk's roster.
    Unknown,
    /// Card revoked in the kiosk's roster.
    Revoked,
    /// Roster too old to say.
    Unverified,
}

/// A doubt about a scan. Flags never refuse it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// A second tap in the same direction within the echo window, with no scan in the other direction
    /// between them; tells nobody. The card was there all the same: the first entry and the last
    /// direction of a day count echoes, since the earlier of two taps may arrive later.
    Echo,
    /// Entry after an entry without an exit between them, beyond the echo window.
    RepeatedEntry,
    /// Exit without an entry before it.
    ExitWithoutEntry,
    /// The time cannot be trusted.
    LowConfidenceTime,
    /// The kiosk's clock was ahead; the time was clamped to the server's.
    ClockAhead,
    /// It arrived long after it happened.
    LateSync,
    /// The credential had been revoked.
    RevokedCredential,
    /// The pupil is no longer enrolled.
    WithdrawnPupil,
    /// The lane's fixed direction says otherwise.
    LaneMismatch,
}

/// A scan as the log keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scan {
    /// Minted by the kiosk.
    pub scan_id: ScanId,
    /// The kiosk that read it.
    pub kiosk_id: KioskId,
    /// The kiosk's queue.
    pub queue_id: QueueId,
    /// Number in that queue, gap-free from 1.
    pub seq: i64,
    /// The credential read.
    pub credential_id: CredentialId,
    /// Which way, from the lane or an explicit choice; never from toggling.
    pub direction: Direction,
    /// How it was read.
    pub method: Method,
    /// When it happened, corrected.
    pub occurred_at: DateTime<Utc>,
    /// How far that time can be trusted.
    pub time_confidence: TimeConfidence,
    /// What the kiosk showed.
    pub shown: Shown,
    /// The device's wall clock at the scan, as it said.
    pub device_time: DateTime<Utc>,
    /// Hash chain value that the kiosk sent, if it did.
    pub prev_hash: Option<String>,
}

/// The scans of the day that are on record, ordered by corrected time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    scans: Vec<KnownScan>,
}

/// What later scans are judged against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownScan {
    /// Which scan.
    pub scan_id: ScanId,
    /// Which way.
    pub direction: Direction,
    /// When, corrected.
    pub occurred_at: DateTime<Utc>,
}

impl State {
    /// The scans on record, ordered by corrected time, then by id.
    pub fn scans(&self) -> &[KnownScan] {
        &self.scans
    }
    /// Whether this scan is on record.
    pub fn knows(&self, scan_id: ScanId) -> bool {
        self.scans.iter().any(|s| s.scan_id == scan_id)
    }
}

/// What can have happened in a pupil's day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A card was scanned.
    #[serde(rename = "scan_recorded")]
    ScanRecorded {
        /// The scan.
        #[serde(flatten)]
        scan: Scan,
    },
    /// Doubts about a scan.
    #[serde(rename = "scan_flagged")]
    ScanFlagged {
        /// Which scan.
        scan_id: ScanId,
        /// The doubts, sorted, at least one.
        flags: Vec<Flag>,
    },
}

crate::event::domain_event! {
    Event of "attendance_day" {
        ScanRecorded = "scan_recorded": "A card was scanned; the fact is kept whatever the doubts about it.";
        ScanFlagged = "scan_flagged": "Doubts about a scan, judged when it arrived by what was on record then.";
    }
}

/// The aggregate: one pupil on one local date.
#[derive(Clone, Copy, Debug)]
pub struct AttendanceDay;

impl Aggregate for AttendanceDay {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::ScanRecorded { scan } => {
                let known =
                    KnownScan { scan_id: scan.scan_id, direction: scan.direction, occurred_at: scan.occurred_at };
                let at =
                    state.scans.partition_point(|s| (s.occurred_at, s.scan_id) < (known.occurred_at, known.scan_id));
                state.scans.insert(at, known);
            }
            // What a scan is doubted for changes nothing that later ones are judged against.
            Event::ScanFlagged { .. } => {}
        }
        state
    }
}
