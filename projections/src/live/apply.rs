//! Folds events into the live model's rows. Pure.

use super::rows::*;
use crate::Fact;
use crate::rows::Rows;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use domain::attendance_day::{Added, Direction, Flag, ManualEntry, ManualReason, Scan, TimeConfidence};
use domain::{AnyEvent, KioskId, ManualEntryId, ScanId, SchoolId, StudentId};
use domain::{attendance_day, kiosk, quarantine};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Which pupil's day.
pub(crate) type DayKey = (SchoolId, NaiveDate, StudentId);

/// A scan within its day.
pub(crate) type ScanKey = (DayKey, ScanId);

/// The rows that a page touches. A day is summed up scan by scan, so what a page costs does not grow with
/// the scans that its days hold already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    pub days: Rows<DayKey, PupilDay>,
    /// Those of the page, and those of earlier ones that it flags.
    pub scans: Rows<ScanKey, LiveScan>,
    pub acts: Rows<super::acts::ActKey, Act>,
    pub gates: Rows<KioskId, Gate>,
    pub quarantined: Rows<Uuid, Quarantined>,
}

impl Live {
    /// The pupil's day that an event belongs to, if it belongs to one.
    pub(crate) fn day_of(fact: &Fact) -> Option<DayKey> {
        match fact.event.payload {
            AnyEvent::AttendanceDay(_) => Some((fact.event.school_id, fact.event.local_date, StudentId(fact.own_id))),
            _ => None,
        }
    }

    /// The kiosk whose gate an event changes, if it changes one.
    pub(crate) fn gate_of(fact: &Fact) -> Option<KioskId> {
        match &fact.event.payload {
            AnyEvent::Kiosk(_) => Some(KioskId(fact.own_id)),
            AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => Some(scan.kiosk_id),
            _ => None,
        }
    }

    /// The scan of an earlier page that an event may flag: one that none of `facts` before it records.
    pub(crate) fn flagged_before<'a>(facts: &'a [Fact]) -> impl Iterator<Item = ScanKey> + 'a {
        let mut recorded = BTreeSet::new();
        facts.iter().filter_map(move |fact| {
            let key = Self::day_of(fact)?;
            match &fact.event.payload {
                AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => {
                    recorded.insert((key, scan.scan_id));
                    None
                }
                AnyEvent::AttendanceDay(attendance_day::Event::ScanFlagged { scan_id, .. }) => {
                    Some((key, *scan_id)).filter(|scan| !recorded.contains(scan))
                }
                _ => None,
            }
        })
    }

    /// The pupil's day that an event takes something back from: it is summed up anew, from all its scans.
    pub(crate) fn summed_up_anew(fact: &Fact) -> Option<DayKey> {
        match &fact.event.payload {
            AnyEvent::AttendanceDay(
                attendance_day::Event::ManualEntryWithdrawn { .. } | attendance_day::Event::CorrectionApproved { .. },
            ) => Self::day_of(fact),
            _ => None,
        }
    }

    pub(crate) fn apply(&mut self, fact: &Fact) {
        match &fact.event.payload {
            AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => self.scan(fact, scan),
            AnyEvent::AttendanceDay(attendance_day::Event::ScanFlagged { scan_id, flags }) => {
                self.flag(fact, *scan_id, flags);
            }
            AnyEvent::AttendanceDay(attendance_day::Event::ManualEntryRecorded { entry, repeats }) => {
                self.by_hand(fact, entry, *repeats);
            }
            AnyEvent::AttendanceDay(attendance_day::Event::ManualEntryWithdrawn { entry_id }) => {
                self.withdraw(fact, *entry_id);
            }
            AnyEvent::AttendanceDay(event) => self.act(fact, event),
            AnyEvent::Kiosk(event) => self.kiosk(fact, event),
            AnyEvent::Quarantine(event) => self.quarantine(fact, event),
            AnyEvent::School(_)
            | AnyEvent::Course(_)
            | AnyEvent::Student(_)
            | AnyEvent::Guardian(_)
            | AnyEvent::NoShowCase(_)
            | AnyEvent::RollCall(_)
            | AnyEvent::Delivery(_)
            | AnyEvent::Broadcast(_)
            | AnyEvent::Account(_) => {}
        }
    }

    fn scan(&mut self, fact: &Fact, scan: &Scan) {
        let (event, position) = (&fact.event, fact.position());
        let key = (event.school_id, event.local_date, StudentId(fact.own_id));
        let row = LiveScan {
            school_id: event.school_id,
            local_date: event.local_date,
            position,
            scan_id: scan.scan_id,
            student_id: key.2,
            kiosk_id: Some(scan.kiosk_id),
            direction: scan.direction,
            method: Some(scan.method),
            by_hand: None,
            actor: None,
            note: None,
            withdrawn: false,
            occurred_at: stored(scan.occurred_at),
            recorded_at: event.recorded_at,
            time_confidence: scan.time_confidence,
            flags: Vec::new(),
            last_position: position,
        };
        self.passage(row);
        self.gate(fact, scan.kiosk_id, |gate| {
            gate.last_scan_at = gate.last_scan_at.max(Some(stored(scan.occurred_at)))
        });
    }

    pub(super) fn passage(&mut self, row: LiveScan) {
        let (key, position) = ((row.school_id, row.local_date, row.student_id), row.position);
        if self.days.get(&key).is_none_or(|day| day.position < position) {
            self.days.upsert(key, position, || PupilDay::without_scans(key), |day| day.add(&row));
            self.scans.upsert((key, row.scan_id), position, || row, |_| ());
        }
    }

    fn by_hand(&mut self, fact: &Fact, entry: &ManualEntry, repeats: bool) {
        let passage = Added { direction: entry.direction, occurred_at: entry.occurred_at };
        let row = LiveScan::by_hand(fact, ScanId(entry.entry_id.0), passage, entry.reason, repeats);
        self.passage(LiveScan { note: entry.note.clone(), ..row });
    }

    fn withdraw(&mut self, fact: &Fact, entry_id: ManualEntryId) {
        let key = (fact.event.school_id, fact.event.local_date, StudentId(fact.own_id));
        let (scan, position) = ((key, ScanId(entry_id.0)), fact.position());
        if self.scans.get(&scan).is_none_or(|row| row.by_hand.is_none()) {
            return;
        }
        self.scans.update(&scan, position, |row| row.withdrawn = true);
        self.sum_up_anew(key, position);
    }

    /// A sum over the earliest and the latest cannot be undone. What the staff said of the day stays.
    pub(super) fn sum_up_anew(&mut self, key: DayKey, position: i64) {
        let all = self.scans.between((key, ScanId(Uuid::nil())), (key, ScanId(Uuid::max())));
        let anew = PupilDay::of(key, all);
        let (fresh, change) = (anew.clone(), |day: &mut PupilDay| {
            let (justified, leave_from, leave_reason) = (day.justified, day.leave_from, day.leave_reason);
            *day = PupilDay { justified, leave_from, leave_reason, ..anew };
        });
        self.days.upsert(key, position, || fresh, change);
    }

    fn flag(&mut self, fact: &Fact, scan_id: ScanId, flags: &[Flag]) {
        let key = (fact.event.school_id, fact.event.local_date, StudentId(fact.own_id));
        let Some(scan) = self.scans.get(&(key, scan_id)) else { return };
        let (was_echo, mut all) = (scan.is_echo(), scan.flags.clone());
        all.extend_from_slice(flags);
        all.sort_unstable();
        all.dedup();
        self.days.update(&key, fact.position(), |day| day.doubt(was_echo, &all));
        self.scans.update(&(key, scan_id), fact.position(), |scan| scan.flags = all.clone());
    }

    fn gate(&mut self, fact: &Fact, kiosk_id: KioskId, change: impl FnOnce(&mut Gate)) {
        let (school_id, position) = (fact.event.school_id, fact.position());
        let fresh = || Gate {
            school_id,
            kiosk_id,
            drained_queue_id: None,
            drained_seq: None,
            drained_through: None,
            silent_since: None,
            last_scan_at: None,
            gaps: 0,
            forks: 0,
            position,
        };
        self.gates.upsert(kiosk_id, position, fresh, change);
    }

    fn kiosk(&mut self, fact: &Fact, event: &kiosk::Event) {
        self.gate(fact, KioskId(fact.own_id), |gate| match event {
            kiosk::Event::Enrolled { .. } | kiosk::Event::ModeChanged { .. } | kiosk::Event::Revoked => {}
            kiosk::Event::DrainedThrough { queue_id, seq, through } => {
                gate.drained_queue_id = Some(*queue_id);
                gate.drained_seq = Some(*seq);
                gate.drained_through = gate.drained_through.max(Some(stored(*through)));
            }
            kiosk::Event::Silent { last_seen } => gate.silent_since = Some(stored(*last_seen)),
            kiosk::Event::Returned => gate.silent_since = None,
            kiosk::Event::GapDetected { .. } => gate.gaps += 1,
            kiosk::Event::ForkDetected { .. } => gate.forks += 1,
        });
    }

    fn quarantine(&mut self, fact: &Fact, event: &quarantine::Event) {
        let (position, id) = (fact.position(), fact.own_id);
        match event {
            quarantine::Event::Received { scan, reasons } => {
                let row = Quarantined {
                    school_id: fact.event.school_id,
                    quarantine_id: id,
                    local_date: fact.event.local_date,
                    scan_id: scan.scan_id,
                    kiosk_id: scan.kiosk_id,
                    reasons: reasons.clone(),
                    state: QuarantineState::Waiting,
                    student_id: None,
                    occurred_at: stored(scan.occurred_at),
                    recorded_at: fact.event.recorded_at,
                    position,
                };
                self.quarantined.upsert(id, position, || row.clone(), |q| *q = row.clone());
            }
            quarantine::Event::Assigned { student_id, local_date } => self.quarantined.update(&id, position, |q| {
                q.state = QuarantineState::Assigned;
                q.student_id = Some(*student_id);
                q.local_date = *local_date;
            }),
            quarantine::Event::Dismissed => {
                self.quarantined.update(&id, position, |q| q.state = QuarantineState::Dismissed);
            }
        }
    }
}

/// An instant as Postgres keeps it: a scan just come compares with those that were loaded.
pub(super) fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

impl LiveScan {
    /// A passage that stands by a person's word, as an event puts it on record.
    pub(super) fn by_hand(fact: &Fact, id: ScanId, passage: Added, reason: ManualReason, repeats: bool) -> Self {
        let (event, position) = (&fact.event, fact.position());
        Self {
            school_id: event.school_id,
            local_date: event.local_date,
            position,
            scan_id: id,
            student_id: StudentId(fact.own_id),
            kiosk_id: None,
            direction: passage.direction,
            method: None,
            by_hand: Some(reason),
            actor: Some(event.actor.clone()),
            note: None,
            withdrawn: false,
            occurred_at: stored(passage.occurred_at),
            recorded_at: event.recorded_at,
            // A person's word, whose name stands beside it.
            time_confidence: TimeConfidence::Monotonic,
            flags: if repeats { vec![Flag::Echo] } else { vec![] },
            last_position: position,
        }
    }
}

/// A day is summed up from its scans, in whatever order they come: by corrected time, and by the id that
/// the kiosk minted where two times are equal. An entry by hand is one of them until it is taken back.
impl PupilDay {
    /// The day before its first scan.
    pub(crate) fn without_scans((school_id, local_date, student_id): DayKey) -> Self {
        Self {
            school_id,
            local_date,
            student_id,
            first_entry_at: None,
            first_entry_any_at: None,
            last_direction: None,
            last_at: None,
            last_scan_id: None,
            scans: 0,
            echoes: 0,
            by_hand: 0,
            first_by_hand: None,
            last_by_hand: None,
            flags: Vec::new(),
            justified: None,
            leave_from: None,
            leave_reason: None,
            position: 0,
        }
    }

    /// The day of all of its scans.
    pub(crate) fn of<'a>(key: DayKey, scans: impl Iterator<Item = &'a LiveScan>) -> Self {
        let mut day = Self::without_scans(key);
        for scan in scans {
            day.add(scan);
            if scan.by_hand.is_none() {
                day.doubt(false, &scan.flags);
            }
        }
        day
    }

    /// One scan more, whose flags are not counted yet, or one entry by hand. An echo is an entry too: of two taps
    /// the earlier may arrive later, and be the echo.
    pub(crate) fn add(&mut self, scan: &LiveScan) {
        if scan.withdrawn {
            return;
        }
        let at = scan.occurred_at;
        if scan.direction == Direction::Entry {
            self.first_entry_any_at = Some(self.first_entry_any_at.map_or(at, |known| known.min(at)));
            // Of the same instant, the card before the person.
            if scan.time_confidence != TimeConfidence::Low
                && self.first_entry_at.is_none_or(|known| (at, scan.by_hand) < (known, self.first_by_hand))
            {
                (self.first_entry_at, self.first_by_hand) = (Some(at), scan.by_hand);
            }
        }
        if (self.last_at, self.last_scan_id) < (Some(at), Some(scan.scan_id)) {
            (self.last_at, self.last_scan_id) = (Some(at), Some(scan.scan_id));
            (self.last_direction, self.last_by_hand) = (Some(scan.direction), scan.by_hand);
        }
        match scan.by_hand {
            None => self.scans += 1,
            Some(_) => self.by_hand += 1,
        }
    }

    /// One of its scans has these flags now, all of them. A scan is flagged once, right when it is recorded,
    /// so an echo had no other doubts before.
    pub(crate) fn doubt(&mut self, was_echo: bool, flags: &[Flag]) {
        if !flags.contains(&Flag::Echo) {
            self.flags.extend_from_slice(flags);
            self.flags.sort_unstable();
            self.flags.dedup();
        } else if !was_echo {
            self.echoes += 1;
        }
    }
}

#[cfg(test)]
mod specs;
#[cfg(test)]
mod tests;
