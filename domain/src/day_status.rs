//! What a pupil's day looks like at an instant, with the steps that lead there.
//!
//! Lateness is never concluded from a clock that cannot be trusted, and absence never from the silence of a
//! gate ([`crate::completeness`]).

use crate::attendance_day::{Direction, LeaveReason, ManualReason};
use crate::expectation::{Expectation, ExpectedSlot, Why};
use crate::ids::SlotId;
use crate::no_show::Justification;
use crate::school::Settings;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Whether every scan that could still change the day has arrived.
///
/// No default: whoever judges a day says which it is. In order: of several gates the worst word counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Every gate that counts has told that nothing from before the deadline is waiting.
    Complete,
    /// The deadline has only just passed: a gate's word is on its way.
    Awaited,
    /// A gate is silent or behind; what it holds is not known.
    GateSilent,
}

/// What the log says of a pupil's day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayFacts {
    /// The first entry whose time can be trusted.
    pub first_entry: Option<DateTime<Utc>>,
    /// The first entry, whether or not its time can be trusted.
    pub first_entry_any: Option<DateTime<Utc>>,
    /// The last scan by corrected time, or entry by hand.
    pub last: Option<(Direction, DateTime<Utc>)>,
    /// Why a person recorded the first entry, if it is by hand. A person's word counts as a time that can be
    /// trusted: who gave it is on record.
    pub first_by_hand: Option<ManualReason>,
    /// The same of the last passage.
    pub last_by_hand: Option<ManualReason>,
    /// Why the pupil is justified, if the staff accepted that.
    pub justified: Option<Justification>,
    /// Since when the pupil may leave early with an adult who may collect, and why, if so.
    pub may_leave: Option<(DateTime<Utc>, LeaveReason)>,
    /// Whether an entry from before the limit may still come.
    pub completeness: Completeness,
}

impl DayFacts {
    /// A day without any entry or exit.
    pub fn none(completeness: Completeness) -> Self {
        Self {
            first_entry: None,
            first_entry_any: None,
            last: None,
            first_by_hand: None,
            last_by_hand: None,
            justified: None,
            may_leave: None,
            completeness,
        }
    }

    /// Why and since when, if the pupil's last passage is that of an early leave from a stay that ends then.
    fn left_early(&self, exit: DateTime<Utc>) -> Option<(DateTime<Utc>, LeaveReason)> {
        match (self.last, self.may_leave) {
            (Some((Direction::Exit, at)), Some((from, _))) if from <= at && at < exit => self.may_leave,
            (Some(_) | None, _) => None,
        }
    }
}

impl From<&Settings> for Policy {
    fn from(settings: &Settings) -> Self {
        Self {
            late_after_minutes: settings.late_after_minutes,
            missing_after_minutes: settings.missing_after_minutes,
            echo_seconds: settings.echo_seconds,
        }
    }
}

impl Policy {
    /// From this instant on, a pupil of whom no entry is on record is missing from a stay.
    pub fn missing_from(&self, slot: &ExpectedSlot) -> DateTime<Utc> {
        after(slot.entry, TimeDelta::minutes(self.missing_after_minutes.into()))
    }
}

/// An instant so late that there is none is the last one.
fn after(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The school's limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// More whole minutes than this after the expected entry are late.
    pub late_after_minutes: u16,
    /// From this many minutes on, a pupil without an entry is missing.
    pub missing_after_minutes: u16,
    /// Two taps at most this many seconds apart are one coming.
    pub echo_seconds: u16,
}

/// What a pupil's day looks like.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// Nobody expects the pupil on that day.
    NotExpected,
    /// Expected, and not due yet, or so recently that the gates' word is still awaited.
    Pending,
    /// Came in time, or at a time that cannot be trusted.
    Present,
    /// Came late.
    Late {
        /// Whole minutes after the expected entry.
        minutes: u32,
    },
    /// No entry on record after the limit ("sin ingreso"), and the day is not over: the pupil may still come.
    Missing,
    /// No entry on record, the day is over and every gate has told all of it ("ausente"). A late sync, or an entry by
    /// hand, still corrects it.
    Absent,
    /// No entry on record after the limit, but a gate is silent.
    Unknown,
    /// No entry on record, and the staff accepted why.
    Justified,
    /// Came, and went out since.
    Left,
    /// Went out before the end with an adult who may collect.
    EarlyLeave,
}

/// One step from the facts to the status, in the order taken. Pages turn them into words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Which rule said whether the pupil is expected.
    Expected {
        /// The rule.
        why: Why,
    },
    /// The stay that is judged, and the limits that follow from it.
    Slot {
        /// The slot.
        slot_id: SlotId,
        /// Expected entry.
        entry: DateTime<Utc>,
        /// Expected exit.
        exit: DateTime<Utc>,
        /// From this instant on an entry is late.
        late_from: DateTime<Utc>,
        /// From this instant on a pupil without an entry is missing.
        missing_from: DateTime<Utc>,
    },
    /// An entry is on record, at a trusted time.
    EntryRecorded {
        /// When.
        at: DateTime<Utc>,
    },
    /// What the step before says was recorded by a person, not by a card.
    RecordedByHand {
        /// Why.
        reason: ManualReason,
    },
    /// The only entries on record have times that cannot be trusted: lateness is not judged.
    EntryTimeNotTrusted {
        /// When, as far as known.
        at: DateTime<Utc>,
    },
    /// An earlier entry is on record, at a time that cannot be trusted: when the pupil first came is not
    /// known, and lateness is not judged by the later, trusted one.
    EarlierEntryTimeNotTrusted {
        /// When the earlier one was, as far as known.
        at: DateTime<Utc>,
    },
    /// No entry is on record.
    NoEntryRecorded,
    /// The entry was in time.
    InTime,
    /// The entry was late.
    LateBy {
        /// Whole minutes after the expected entry.
        minutes: u32,
    },
    /// The limit for a missing entry has not passed.
    NotDueYet,
    /// The limit for a missing entry has passed.
    LimitPassed,
    /// The limit has only just passed: the gates have not all said yet that nothing is waiting.
    GatesAwaited,
    /// A gate is silent: its scans may still come.
    GateSilent,
    /// The day is over: nobody is awaited any more.
    DayClosed {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// The last scan of the day is an exit.
    WentOut {
        /// When.
        at: DateTime<Utc>,
    },
    /// The last scan of the day is an exit, and no entry is on record: an entry was not read.
    ExitWithoutEntry {
        /// When.
        at: DateTime<Utc>,
    },
    /// The staff accepted why the pupil does not come, or came late.
    Justified {
        /// Why.
        reason: Justification,
    },
    /// The pupil left before the end with an adult who may collect.
    LeftEarly {
        /// Since when that was allowed.
        authorised_at: DateTime<Utc>,
        /// Why.
        reason: LeaveReason,
    },
    /// The pupil is not expected but was scanned.
    ScannedThoughNotExpected,
}

/// A status and how it came about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DayStatus {
    /// The status.
    #[serde(flatten)]
    pub status: Status,
    /// Whether the pupil is inside by the record.
    pub inside: bool,
    /// The steps from the facts to the status, in order.
    pub derivation: Vec<Step>,
}

impl DayStatus {
    /// How late the pupil came, also once the pupil has left.
    pub fn minutes_late(&self) -> Option<u32> {
        self.derivation.iter().find_map(|step| match step {
            Step::LateBy { minutes } => Some(*minutes),
            Step::Expected { .. }
            | Step::Slot { .. }
            | Step::EntryRecorded { .. }
            | Step::RecordedByHand { .. }
            | Step::EntryTimeNotTrusted { .. }
            | Step::EarlierEntryTimeNotTrusted { .. }
            | Step::NoEntryRecorded
            | Step::InTime
            | Step::NotDueYet
            | Step::LimitPassed
            | Step::GatesAwaited
            | Step::GateSilent
            | Step::DayClosed { .. }
            | Step::WentOut { .. }
            | Step::ExitWithoutEntry { .. }
            | Step::Justified { .. }
            | Step::LeftEarly { .. }
            | Step::ScannedThoughNotExpected => None,
        })
    }
}

/// The status of the whole day: that of its first expected stay. Whoever is missing from it is absent once the day is
/// closed; one entry on record at whatever hour is a day on which the pupil came.
pub fn day_status(facts: &DayFacts, expected: &Expectation, policy: &Policy, now: DateTime<Utc>) -> DayStatus {
    let mut derivation = vec![Step::Expected { why: expected.why }];
    let Some(slot) = expected.slots.first() else {
        if facts.first_entry_any.is_some() || facts.first_entry.is_some() || facts.last.is_some() {
            derivation.push(Step::ScannedThoughNotExpected);
        }
        return DayStatus { status: Status::NotExpected, inside: inside(facts), derivation };
    };
    let mut judged = slot_status(facts, slot, policy, now);
    derivation.append(&mut judged.derivation);
    // Who was read going out was there, whatever the entry: that is for a person to set right, and no absence.
    if let (Status::Missing, None, Some(at)) = (judged.status, facts.last, closed_at(expected, now)) {
        derivation.push(Step::DayClosed { at });
        judged.status = Status::Absent;
    }
    DayStatus { derivation, ..judged }
}

/// A day is closed this long after the end of its last expected stay. The gates tell of the last minute within three
/// ([`crate::completeness::AWAITED_FOR`]); the rest of the hour is the inspectors', who still write down by hand whom
/// they saw at another door.
pub const CLOSES_AFTER: TimeDelta = TimeDelta::hours(1);

/// Since when the day is closed; none while it is not, and of a day that expects nobody.
pub fn closed_at(expected: &Expectation, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    last_exit(expected).map(|exit| after(exit, CLOSES_AFTER)).filter(|at| *at <= now)
}

/// Until when the gates must have told all for [`DayFacts::completeness`] to be complete at `now`; none if nobody is
/// expected. While the day lasts that is the limit for a missing entry; of a closed day it is the end of its last stay,
/// since whoever came at noon by a gate that fell silent at nine is no less there.
pub fn word_needed(expected: &Expectation, policy: &Policy, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match closed_at(expected, now) {
        Some(_) => last_exit(expected),
        None => expected.slots.first().map(|slot| policy.missing_from(slot)),
    }
}

fn last_exit(expected: &Expectation) -> Option<DateTime<Utc>> {
    expected.slots.iter().map(|slot| slot.exit).max()
}

/// The status of one expected stay, judged by the facts of the day.
pub fn slot_status(facts: &DayFacts, slot: &ExpectedSlot, policy: &Policy, now: DateTime<Utc>) -> DayStatus {
    let missing_from = policy.missing_from(slot);
    let mut derivation = vec![Step::Slot {
        slot_id: slot.slot_id,
        entry: slot.entry,
        exit: slot.exit,
        // Whole minutes are compared, as the clocks on the wall and on the board show them: with a limit
        // of five minutes 08:05:59 is in time and 08:06:00 is late.
        late_from: after(slot.entry, TimeDelta::minutes(i64::from(policy.late_after_minutes).saturating_add(1))),
        missing_from,
    }];
    let by_hand = |reason: Option<ManualReason>| reason.map(|reason| Step::RecordedByHand { reason });
    let mut status = match (facts.first_entry, facts.first_entry_any) {
        (Some(at), Some(earlier)) if after(earlier, TimeDelta::seconds(policy.echo_seconds.into())) < at => {
            derivation.push(Step::EntryRecorded { at });
            derivation.extend(by_hand(facts.first_by_hand));
            derivation.push(Step::EarlierEntryTimeNotTrusted { at: earlier });
            Status::Present
        }
        (Some(at), _) => {
            derivation.push(Step::EntryRecorded { at });
            derivation.extend(by_hand(facts.first_by_hand));
            let minutes = u32::try_from(at.signed_duration_since(slot.entry).num_minutes()).unwrap_or(0);
            if minutes > u32::from(policy.late_after_minutes) {
                derivation.push(Step::LateBy { minutes });
                Status::Late { minutes }
            } else {
                derivation.push(Step::InTime);
                Status::Present
            }
        }
        (None, Some(at)) => {
            derivation.push(Step::EntryTimeNotTrusted { at });
            Status::Present
        }
        (None, None) => {
            derivation.push(Step::NoEntryRecorded);
            if facts.justified.is_some() {
                Status::Justified
            } else if now < missing_from {
                derivation.push(Step::NotDueYet);
                Status::Pending
            } else {
                derivation.push(Step::LimitPassed);
                match facts.completeness {
                    Completeness::Complete => Status::Missing,
                    Completeness::Awaited => {
                        derivation.push(Step::GatesAwaited);
                        Status::Pending
                    }
                    Completeness::GateSilent => {
                        derivation.push(Step::GateSilent);
                        Status::Unknown
                    }
                }
            }
        }
    };
    if matches!(status, Status::Justified | Status::Late { .. }) {
        derivation.extend(facts.justified.map(|reason| Step::Justified { reason }));
    }
    if let Some((Direction::Exit, at)) = facts.last {
        if matches!(status, Status::Present | Status::Late { .. }) {
            derivation.push(Step::WentOut { at });
            status = Status::Left;
        } else {
            derivation.push(Step::ExitWithoutEntry { at });
        }
        derivation.extend(by_hand(facts.last_by_hand));
        if let Some((authorised_at, reason)) = facts.left_early(slot.exit) {
            derivation.push(Step::LeftEarly { authorised_at, reason });
            status = Status::EarlyLeave;
        }
    }
    DayStatus { status, inside: inside(facts), derivation }
}

fn inside(facts: &DayFacts) -> bool {
    match facts.last {
        Some((Direction::Entry, _)) => true,
        Some((Direction::Exit, _)) => false,
        None => facts.first_entry.is_some() || facts.first_entry_any.is_some(),
    }
}

#[cfg(test)]
mod tests;
