//! Folds events into the live model's rows. Pure.

use super::rows::*;
use crate::Fact;
use crate::rows::Rows;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use domain::attendance_day::{Direction, Flag, Scan, TimeConfidence};
use domain::{AnyEvent, KioskId, ScanId, SchoolId, StudentId};
use domain::{attendance_day, kiosk, quarantine};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Which pupil's day.
pub(crate) type DayKey = (SchoolId, NaiveDate, StudentId);

/// The rows that a page touches. `pupil_days` are not among them: they are summed up from the scans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    /// All scans of every touched day.
    pub days: BTreeMap<DayKey, BTreeMap<ScanId, LiveScan>>,
    /// Which scans came or changed.
    pub changed: BTreeSet<(DayKey, ScanId)>,
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

    /// Puts in a scan as it is stored.
    pub(crate) fn load_scan(&mut self, scan: LiveScan) {
        let key = (scan.school_id, scan.local_date, scan.student_id);
        self.days.entry(key).or_default().insert(scan.scan_id, scan);
    }

    pub(crate) fn apply(&mut self, fact: &Fact) {
        match &fact.event.payload {
            AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => self.scan(fact, scan),
            AnyEvent::AttendanceDay(attendance_day::Event::ScanFlagged { scan_id, flags }) => {
                self.flag(fact, *scan_id, flags);
            }
            AnyEvent::Kiosk(event) => self.kiosk(fact, event),
            AnyEvent::Quarantine(event) => self.quarantine(fact, event),
            AnyEvent::School(_)
            | AnyEvent::Course(_)
            | AnyEvent::Student(_)
            | AnyEvent::Guardian(_)
            | AnyEvent::Account(_) => {}
        }
    }

    fn scan(&mut self, fact: &Fact, scan: &Scan) {
        let event = &fact.event;
        let key = (event.school_id, event.local_date, StudentId(fact.own_id));
        self.days.entry(key).or_default().entry(scan.scan_id).or_insert_with(|| {
            self.changed.insert((key, scan.scan_id));
            LiveScan {
                school_id: event.school_id,
                local_date: event.local_date,
                position: event.position,
                scan_id: scan.scan_id,
                student_id: key.2,
                kiosk_id: scan.kiosk_id,
                direction: scan.direction,
                method: scan.method,
                occurred_at: stored(scan.occurred_at),
                recorded_at: event.recorded_at,
                time_confidence: scan.time_confidence,
                flags: Vec::new(),
                last_position: event.position,
            }
        });
        self.gate(fact, scan.kiosk_id, |gate| {
            gate.last_scan_at = gate.last_scan_at.max(Some(stored(scan.occurred_at)))
        });
    }

    fn flag(&mut self, fact: &Fact, scan_id: ScanId, flags: &[Flag]) {
        let key = (fact.event.school_id, fact.event.local_date, StudentId(fact.own_id));
        let Some(scan) = self.days.get_mut(&key).and_then(|day| day.get_mut(&scan_id)) else { return };
        if scan.last_position >= fact.position() {
            return;
        }
        scan.flags.extend_from_slice(flags);
        scan.flags.sort_unstable();
        scan.flags.dedup();
        scan.last_position = fact.position();
        self.changed.insert((key, scan_id));
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

    /// The touched days that have a scan that came or changed, summed up.
    pub(crate) fn pupil_days(&self) -> Vec<PupilDay> {
        let keys: BTreeSet<DayKey> = self.changed.iter().map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| Some(sum_up(key, self.days.get(&key)?.values()))).collect()
    }

    /// The scans that came or changed.
    pub(crate) fn changed_scans(&self) -> Vec<&LiveScan> {
        self.changed.iter().filter_map(|(key, id)| self.days.get(key)?.get(id)).collect()
    }
}

/// An instant as Postgres keeps it: a scan just come compares with those that were loaded.
fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

/// A pupil's day from all of its scans, in whatever order they came: by corrected time, and by the id
/// that the kiosk minted where two times are equal.
pub(crate) fn sum_up<'a>(key: DayKey, scans: impl Iterator<Item = &'a LiveScan> + Clone) -> PupilDay {
    // Echoes count here: of two taps the earlier may arrive later, and be the echo.
    let entries = || scans.clone().filter(|s| s.direction == Direction::Entry);
    let last = scans.clone().max_by_key(|s| (s.occurred_at, s.scan_id));
    let telling = scans.clone().filter(|s| !s.is_echo());
    let flags: BTreeSet<Flag> = telling.flat_map(|s| s.flags.iter().copied()).collect();
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    PupilDay {
        school_id: key.0,
        local_date: key.1,
        student_id: key.2,
        first_entry_at: entries().filter(|s| s.time_confidence != TimeConfidence::Low).map(|s| s.occurred_at).min(),
        first_entry_any_at: entries().map(|s| s.occurred_at).min(),
        last_direction: last.map(|s| s.direction),
        last_at: last.map(|s| s.occurred_at),
        last_scan_id: last.map(|s| s.scan_id),
        scans: count(scans.clone().count()),
        echoes: count(scans.clone().filter(|s| s.is_echo()).count()),
        flags: flags.into_iter().collect(),
        position: scans.clone().map(|s| s.last_position).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod specs;
#[cfg(test)]
mod tests;
