//! A pupil's day at the gate: every scan is kept, none is refused, doubts are flags.
//!
//! Invariants: a scan id is recorded once; a scan's direction and time are those of its first
//! arrival and are never changed by a later one; whatever arrives, in whatever order, no scan is
//! lost and no scan is refused. What a person records by hand stands beside the scans under an id of
//! its own, once, and can be refused: a person can be asked again. A passage that a correction took out counts for
//! nothing any more and stays on record.

mod by_hand;
mod correction;
mod decide;
mod early_leave;
mod justification;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::ids::{CorrectionId, CredentialId, JustificationId, KioskId, LeaveId, ManualEntryId, QueueId, ScanId};
use crate::no_show;
pub use by_hand::{AHEAD, Bounds, FIRST_HOUR, KnownEntry, ManualEntry, ManualReason, ONE_COMING, UNDO_WITHIN, Undo};
use chrono::{DateTime, Utc};
pub use correction::{Added, Approval, Change, Correction, CorrectionError, CorrectionReason, KnownCorrection};
pub use decide::{Command, Error};
pub use early_leave::{EarlyLeave, IdentityCheck, KnownLeave, LeaveError, LeaveReason, LeaveStage};
pub use justification::{
    AHEAD_OF_ITS_DAY, Asked, Document, DocumentKind, Justification, JustificationError, KnownJustification,
    MOST_WAITING, Rejection, Verdict,
};
pub use samples::samples;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// A second tap in the same direction within the echo window, or the card's after the pupil was recorded by
    /// hand ([`ONE_COMING`]), with nothing in the other direction between them; tells nobody. The card was there
    /// all the same: the first entry and the last direction of a day count echoes, since the earlier of two taps
    /// may arrive later.
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

/// What of the day is on record.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    /// Ordered by corrected time.
    scans: Vec<KnownScan>,
    /// In the order of the log, with the exits of early leaves and what corrections added.
    by_hand: Vec<KnownEntry>,
    leaves: Vec<KnownLeave>,
    justifications: Vec<KnownJustification>,
    corrections: Vec<KnownCorrection>,
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
    /// A correction took it out.
    pub voided: bool,
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
    /// Whether a passage that counts is on record at that instant.
    pub fn passed(&self, direction: Direction, at: DateTime<Utc>) -> bool {
        self.passages(direction).any(|passed| passed == at)
    }
    /// The first entry that counts.
    pub fn first_entry(&self) -> Option<DateTime<Utc>> {
        self.passages(Direction::Entry).min()
    }
    /// Whether a passage that counts came after that instant.
    pub fn passed_after(&self, direction: Direction, at: DateTime<Utc>) -> bool {
        self.passages(direction).any(|passed| passed > at)
    }
    /// Whether a passage that counts lies between two instants.
    pub fn passed_between(&self, direction: Direction, one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
        let (from, to) = (one.min(other), one.max(other));
        self.passages(direction).any(|passed| from < passed && passed < to)
    }
    fn passages(&self, direction: Direction) -> impl Iterator<Item = DateTime<Utc>> {
        let scans = self.scans.iter().filter(move |s| s.direction == direction && !s.voided).map(|s| s.occurred_at);
        let by_hand = self.by_hand.iter().filter(move |e| e.direction == direction && !e.withdrawn);
        scans.chain(by_hand.map(|e| e.occurred_at))
    }
    /// This entry by hand, if it is on record.
    pub fn by_hand(&self, entry_id: ManualEntryId) -> Option<KnownEntry> {
        self.by_hand.iter().find(|e| e.entry_id == entry_id).copied()
    }

    /// The nearest passages before and after an instant, of cards and by hand; of equal instants the ids
    /// decide. What was taken back or out is none.
    fn beside(&self, at: (DateTime<Utc>, Uuid)) -> (Option<Passage>, Option<Passage>) {
        let n = self.scans.partition_point(|s| (s.occurred_at, s.scan_id.0) < at);
        let (before, after) = self.scans.split_at(n);
        let by_hand = || self.by_hand.iter().filter(|e| !e.withdrawn).map(Passage::from);
        let before = before.iter().rev().find(|s| !s.voided).map(Passage::from);
        let after = after.iter().find(|s| !s.voided).map(Passage::from);
        let before = before.into_iter().chain(by_hand().filter(|p| p.key() < at));
        let after = after.into_iter().chain(by_hand().filter(|p| p.key() > at));
        (before.max_by_key(Passage::key), after.min_by_key(Passage::key))
    }
}

/// A scan or an entry by hand, as its neighbours are judged against it.
#[derive(Clone, Copy)]
struct Passage {
    id: Uuid,
    direction: Direction,
    occurred_at: DateTime<Utc>,
    by_hand: bool,
}

impl Passage {
    fn key(&self) -> (DateTime<Utc>, Uuid) {
        (self.occurred_at, self.id)
    }
}

impl From<&KnownScan> for Passage {
    fn from(s: &KnownScan) -> Self {
        Self { id: s.scan_id.0, direction: s.direction, occurred_at: s.occurred_at, by_hand: false }
    }
}

impl From<&KnownEntry> for Passage {
    fn from(e: &KnownEntry) -> Self {
        Self { id: e.entry_id.0, direction: e.direction, occurred_at: e.occurred_at, by_hand: true }
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
    /// A person recorded an entry or an exit.
    #[serde(rename = "manual_entry_recorded")]
    ManualEntryRecorded {
        /// The entry.
        #[serde(flatten)]
        entry: ManualEntry,
        /// What was on record then says the same coming or going: it tells nobody.
        repeats: bool,
    },
    /// It was taken back, by its author soon after or by whoever sets right: nothing counts it any more.
    #[serde(rename = "manual_entry_withdrawn")]
    ManualEntryWithdrawn {
        /// Which entry.
        entry_id: ManualEntryId,
    },
    /// The pupil may leave with an adult.
    #[serde(rename = "early_leave_authorised")]
    EarlyLeaveAuthorised {
        /// With whom, and why.
        #[serde(flatten)]
        leave: EarlyLeave,
    },
    /// The adult who asked for the pupil is barred.
    #[serde(rename = "early_leave_blocked")]
    EarlyLeaveBlocked {
        /// Who asked.
        #[serde(flatten)]
        leave: EarlyLeave,
    },
    /// The pupil left with the adult.
    #[serde(rename = "early_leave_recorded")]
    EarlyLeaveRecorded {
        /// Which.
        leave_id: LeaveId,
        /// Why the pupil left.
        reason: LeaveReason,
        /// When.
        occurred_at: DateTime<Utc>,
        /// What was on record then says the same going: it tells nobody.
        repeats: bool,
    },
    /// The pupil stays after all.
    #[serde(rename = "early_leave_cancelled")]
    EarlyLeaveCancelled {
        /// Which.
        leave_id: LeaveId,
    },
    /// It was said why the pupil does not come, or came late.
    #[serde(rename = "justification_submitted")]
    JustificationSubmitted {
        /// What was said.
        #[serde(flatten)]
        justification: Justification,
    },
    /// The staff accepted it.
    #[serde(rename = "justification_accepted")]
    JustificationAccepted {
        /// Which.
        justification_id: JustificationId,
        /// Why the pupil is justified.
        reason: no_show::Justification,
    },
    /// The staff did not.
    #[serde(rename = "justification_rejected")]
    JustificationRejected {
        /// Which.
        justification_id: JustificationId,
        /// Why not.
        why: Rejection,
    },
    /// A person asks that the day be set right.
    #[serde(rename = "correction_requested")]
    CorrectionRequested {
        /// How.
        #[serde(flatten)]
        correction: Correction,
    },
    /// It was.
    #[serde(rename = "correction_approved")]
    CorrectionApproved {
        /// Which.
        correction_id: CorrectionId,
        /// What is otherwise from now on.
        #[serde(flatten)]
        change: Change,
        /// Whoever asked for it approved it, having the right: there was no second person.
        alone: bool,
    },
    /// It stays as it was.
    #[serde(rename = "correction_rejected")]
    CorrectionRejected {
        /// Which.
        correction_id: CorrectionId,
    },
}

crate::event::domain_event! {
    Event of "attendance_day" {
        ScanRecorded = "scan_recorded": "A card was scanned; the fact is kept whatever the doubts about it.";
        ScanFlagged = "scan_flagged": "Doubts about a scan, judged when it arrived by what was on record then.";
        ManualEntryRecorded = "manual_entry_recorded": "A person of the staff recorded an entry or an exit by hand; when it happened is the person's word, when it was recorded is the envelope's.";
        ManualEntryWithdrawn = "manual_entry_withdrawn": "An entry by hand was taken back: by its author within minutes, or by whoever may set right what others recorded.";
        EarlyLeaveAuthorised = "early_leave_authorised": "A pupil may leave before the end with an adult who may collect, whose identity was checked.";
        EarlyLeaveBlocked = "early_leave_blocked": "A barred adult asked for a pupil and was refused: at the desk, or at the door after an order came in between.";
        EarlyLeaveRecorded = "early_leave_recorded": "The pupil was handed over and left; the exit stands among the day's passages.";
        EarlyLeaveCancelled = "early_leave_cancelled": "An early leave came to nothing: the pupil stays.";
        JustificationSubmitted = "justification_submitted": "A family, or the staff for it, said why the pupil does not come or came late, with a document perhaps.";
        JustificationAccepted = "justification_accepted": "The staff accepted a justification: the pupil is not missing on that day.";
        JustificationRejected = "justification_rejected": "The staff rejected a justification, with a coded reason.";
        CorrectionRequested = "correction_requested": "A person asked that a day be set right: a passage is to count no more, another one is to count, or both.";
        CorrectionApproved = "correction_approved": "A correction was approved and counts from now on: by another person with the right, or alone by whoever has it.";
        CorrectionRejected = "correction_rejected": "A correction was rejected, or taken back by whoever asked for it.";
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
                let (scan_id, direction, occurred_at) = (scan.scan_id, scan.direction, scan.occurred_at);
                let known = KnownScan { scan_id, direction, occurred_at, voided: false };
                let at =
                    state.scans.partition_point(|s| (s.occurred_at, s.scan_id) < (known.occurred_at, known.scan_id));
                state.scans.insert(at, known);
            }
            // What a scan is doubted for changes nothing that later ones are judged against.
            Event::ScanFlagged { .. } => {}
            Event::ManualEntryRecorded { entry, .. } => state.by_hand.push(KnownEntry {
                entry_id: entry.entry_id,
                direction: entry.direction,
                occurred_at: entry.occurred_at,
                withdrawn: false,
            }),
            Event::ManualEntryWithdrawn { entry_id } => {
                let entries = state.by_hand.iter_mut().filter(|e| e.entry_id == *entry_id);
                entries.for_each(|e| e.withdrawn = true);
            }
            Event::EarlyLeaveAuthorised { leave } => {
                state.leaves.push(KnownLeave::of(leave, LeaveStage::Authorised));
            }
            Event::EarlyLeaveBlocked { leave } => {
                state.leaves.retain(|known| known.leave_id != leave.leave_id);
                state.leaves.push(KnownLeave::of(leave, LeaveStage::Blocked));
            }
            Event::EarlyLeaveRecorded { leave_id, occurred_at, .. } => state.handed_over(*leave_id, *occurred_at),
            Event::EarlyLeaveCancelled { leave_id } => state.leave_is(*leave_id, LeaveStage::Cancelled),
            Event::JustificationSubmitted { justification: Justification { justification_id, reason, .. } } => {
                let (justification_id, reason) = (*justification_id, *reason);
                state.justifications.push(KnownJustification { justification_id, reason, accepted: None });
            }
            Event::JustificationAccepted { justification_id, .. } => state.justification_is(*justification_id, true),
            Event::JustificationRejected { justification_id, .. } => state.justification_is(*justification_id, false),
            Event::CorrectionRequested { correction: Correction { correction_id, change, .. } } => {
                let (correction_id, change) = (*correction_id, *change);
                state.corrections.push(KnownCorrection { correction_id, change, approved: None });
            }
            Event::CorrectionApproved { correction_id, change, .. } => state.corrected(*correction_id, *change),
            Event::CorrectionRejected { correction_id } => state.correction_is(*correction_id, false),
        }
        state
    }
}
