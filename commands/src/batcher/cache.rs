//! What stays in memory between transactions: streams as far as the log is known.
//!
//! A transaction first learns which streams gained an event since ([`Cache::follow`]) and forgets those: one
//! look at the positions behind the known ones, and none while nobody else appends. So whoever appends, in
//! this process or another one, what is decided on is what the log holds when the transaction reads it.

use super::Verdict;
use super::by_hand::Places;
use super::load::{At, Moved, Receipt, Streams};
use super::store::ScanTx;
use crate::error::StoreError;
use crate::vault::Keyring;
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{self, AttendanceDay, Flag};
use domain::kiosk::LaneMode;
use domain::school::Settings;
use domain::student::{self, GuardianRights, Stays};
use domain::{
    Aggregate, CredentialId, DomainEvent, Epoch, GuardianId, KioskId, ScanId, SchoolId, StreamId, StudentId, kiosk,
    quarantine, school,
};
use std::collections::HashMap;
use std::hash::Hash;
use tokio::time::Instant;
use uuid::Uuid;

/// Pupils kept at least, and at most twice as many.
const PUPILS: usize = 50_000;
/// Scans in pupils' days, a day itself counting as one more, likewise: 25,000 days of four scans are a
/// country's morning in one process. Counted by weight, since one pupil's day may hold any number.
const DAYS: usize = 125_000;
/// Kiosks and schools, likewise.
const PLACES: usize = 10_000;
/// The most events of others that are looked at; behind more of them the cache starts again.
const MOST_FOLLOWED: i64 = 5_000;

/// What is kept.
pub(super) struct Cache {
    epoch: Option<Epoch>,
    /// What is kept here holds every event of its stream up to this position.
    reached: i64,
    /// Behind it, the positions (from exclusive, to inclusive) of events that this batcher appended and
    /// that what is kept holds already.
    own: (i64, i64),
    settings: Recent<SchoolId, Settings>,
    days: Recent<StreamId, Day>,
    pupils: Recent<(SchoolId, StudentId), Pupil>,
    lanes: Recent<KioskId, Lane>,
    pub(super) keyrings: HashMap<SchoolId, (Instant, Keyring)>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            epoch: None,
            reached: 0,
            own: (0, 0),
            settings: Recent::new(PLACES, |_| 1),
            days: Recent::new(DAYS, |day| 1 + day.scans.len() + day.by_hand.len()),
            pupils: Recent::new(PUPILS, |_| 1),
            lanes: Recent::new(PLACES, |_| 1),
            keyrings: HashMap::new(),
        }
    }
}

impl Cache {
    /// Forgets what others appended to, up to the log's end `head` as the transaction sees it. A new epoch
    /// may have taken events back: nothing that was folded counts any more.
    pub(super) async fn follow(&mut self, tx: &mut impl ScanTx, epoch: Epoch, head: i64) -> Result<(), StoreError> {
        let followed = self.epoch == Some(epoch) && (self.reached..=self.reached + MOST_FOLLOWED).contains(&head);
        if !followed {
            self.forget();
        } else if head > self.reached {
            for moved in tx.moved(self.reached, head, self.own).await? {
                self.drop_stream(&moved);
            }
        }
        (self.epoch, self.reached, self.own) = (Some(epoch), head, (head, head));
        Ok(())
    }

    fn forget(&mut self) {
        self.settings.clear();
        self.days.clear();
        self.pupils.clear();
        self.lanes.clear();
    }

    fn drop_stream(&mut self, moved: &Moved) {
        match (moved.aggregate_type.as_str(), moved.stream.own_id()) {
            (attendance_day::Event::AGGREGATE, _) => _ = self.days.take(&moved.stream),
            (school::Event::AGGREGATE, _) => _ = self.settings.take(&moved.school),
            (student::Event::AGGREGATE, Some(id)) => _ = self.pupils.take(&(moved.school, StudentId(id))),
            (kiosk::Event::AGGREGATE, Some(id)) => _ = self.lanes.take(&KioskId(id)),
            _ => {}
        }
    }

    /// Takes in the days of a transaction that is committed: what it read up to `read_at`, and `events` of its
    /// own behind `before`.
    pub(super) fn keep(&mut self, streams: Streams, read_at: i64, before: i64, events: usize) {
        let end = before + events as i64;
        // What others appended between the reading and the lock is still to be followed.
        (self.reached, self.own) = if before == read_at { (end, (end, end)) } else { (read_at, (before, end)) };
        for (stream, mut day) in streams.days {
            day.commit(before);
            self.days.put(stream, day);
        }
    }

    /// Takes a day out; [`Cache::keep`] puts it back once what is decided on it is committed.
    pub(super) fn take_day(&mut self, stream: &StreamId) -> Option<Day> {
        self.days.take(stream)
    }

    pub(super) fn settings(&mut self, school: SchoolId) -> Option<&Settings> {
        self.settings.get(&school)
    }

    pub(super) fn knows_pupil(&mut self, school: SchoolId, student: StudentId) -> bool {
        self.pupils.get(&(school, student)).is_some()
    }

    pub(super) fn knows_lane(&mut self, kiosk: KioskId) -> bool {
        self.lanes.get(&kiosk).is_some()
    }

    pub(super) fn pupil(&self, school: SchoolId, student: StudentId) -> Option<&Pupil> {
        self.pupils.peek(&(school, student))
    }

    pub(super) fn lane(&self, kiosk: KioskId) -> Option<&Lane> {
        self.lanes.peek(&kiosk)
    }

    /// Takes in what was read of schools, pupils and kiosks in this transaction.
    pub(super) fn put_settings(&mut self, school: SchoolId, settings: Settings) {
        self.settings.put(school, settings);
    }

    pub(super) fn put_pupil(&mut self, school: SchoolId, student: StudentId, pupil: Pupil) {
        self.pupils.put((school, student), pupil);
    }

    pub(super) fn put_lane(&mut self, kiosk: KioskId, lane: Lane) {
        self.lanes.put(kiosk, lane);
    }
}

/// The most recently used of many: once as much as `most` came in, what was not used since the last time goes.
/// What is kept weighs at most twice `most` and the two heaviest values.
struct Recent<K, V> {
    most: usize,
    weigh: fn(&V) -> usize,
    /// What `young` weighs.
    weight: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V> Recent<K, V> {
    fn new(most: usize, weigh: fn(&V) -> usize) -> Self {
        Self { most, weigh, weight: 0, young: HashMap::new(), old: HashMap::new() }
    }

    fn put(&mut self, key: K, value: V) {
        if self.weight >= self.most {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.old.remove(&key);
        self.weight += (self.weigh)(&value);
        if let Some(before) = self.young.insert(key, value) {
            self.weight -= (self.weigh)(&before);
        }
    }

    fn take(&mut self, key: &K) -> Option<V> {
        let young = self.young.remove(key);
        self.weight -= young.as_ref().map_or(0, self.weigh);
        let old = self.old.remove(key);
        young.or(old)
    }

    /// Looks up and marks as used.
    fn get(&mut self, key: &K) -> Option<&V> {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.put(key, value);
        }
        self.young.get(key)
    }

    fn peek(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
        self.weight = 0;
    }
}

/// What of a pupil's facts puts a scan in doubt, with the instants: a scan is judged by what was true
/// when it was taken, however late it arrives. And what the adults linked to the pupil may do now.
#[derive(Clone, Default)]
pub(super) struct Pupil {
    revoked: HashMap<CredentialId, DateTime<Utc>>,
    stays: Stays,
    erased: Option<DateTime<Utc>>,
    guardians: Vec<(GuardianId, GuardianRights)>,
}

impl Pupil {
    pub(super) fn add(&mut self, event: &student::Event, at: DateTime<Utc>) {
        match event {
            student::Event::Enrolled { from, .. } => self.stays.decide(*from, true),
            student::Event::Withdrawn { from } => self.stays.decide(*from, false),
            student::Event::CredentialRevoked { credential_id, .. } => {
                _ = self.revoked.entry(*credential_id).or_insert(at)
            }
            student::Event::Erased => self.erased = Some(at),
            student::Event::Moved { .. }
            | student::Event::DetailsChanged { .. }
            | student::Event::CredentialIssued { .. } => {}
            student::Event::GuardianLinked { guardian_id, rights }
            | student::Event::GuardianLinkChanged { guardian_id, rights } => self.link(*guardian_id, Some(*rights)),
            student::Event::GuardianUnlinked { guardian_id } => self.link(*guardian_id, None),
        }
    }

    fn link(&mut self, guardian: GuardianId, rights: Option<GuardianRights>) {
        self.guardians.retain(|(linked, _)| *linked != guardian);
        self.guardians.extend(rights.map(|rights| (guardian, rights)));
    }

    /// What an adult may do for the pupil; none of whoever is not linked.
    pub(super) fn rights_of(&self, guardian: GuardianId) -> Option<GuardianRights> {
        self.guardians.iter().find(|(linked, _)| *linked == guardian).map(|(_, rights)| *rights)
    }

    /// Whether the card was revoked by then.
    pub(super) fn revoked(&self, credential: CredentialId, at: DateTime<Utc>) -> bool {
        self.revoked.get(&credential).is_some_and(|since| at >= *since)
    }

    /// Whether the pupil is enrolled on a date, by what is known at an instant.
    pub(super) fn enrolled(&self, at: DateTime<Utc>, date: NaiveDate) -> bool {
        self.stays.is_enrolled(date) && self.erased.is_none_or(|since| at < since)
    }

    /// Whether the pupil had left, or was erased, by then.
    pub(super) fn gone(&self, at: DateTime<Utc>, date: NaiveDate) -> bool {
        !self.stays.is_here(date) || self.erased.is_some_and(|since| at >= since)
    }
}

/// A kiosk's modes, each from an instant on.
#[derive(Clone, Default)]
pub(super) struct Lane(pub(super) Vec<(DateTime<Utc>, LaneMode)>);

impl Lane {
    /// The mode at an instant; before the first one, the first one.
    pub(super) fn mode(&self, at: DateTime<Utc>) -> Option<LaneMode> {
        self.0.iter().rev().find(|(since, _)| at >= *since).or(self.0.first()).map(|(_, mode)| *mode)
    }
}

/// A pupil's day as it is in the log.
#[derive(Default)]
pub(super) struct Day {
    pub(super) state: attendance_day::State,
    pub(super) sequence: i64,
    /// What was said of each scan, for one that comes again under another number.
    pub(super) scans: HashMap<ScanId, Said>,
    /// Where each thing that people do to the day is.
    pub(super) by_hand: Vec<Places>,
}

/// What was said of a scan, small: there is one for each of a country's morning.
pub(super) struct Said {
    at: At,
    flags: Box<[Flag]>,
}

impl Said {
    /// As it was answered.
    pub(super) fn receipt(&self) -> Receipt {
        let verdict = if self.flags.is_empty() { Verdict::Accepted } else { Verdict::Flagged };
        Receipt { verdict, reasons: super::decide::codes(&self.flags), at: self.at }
    }
}

/// A scan's own quarantine.
#[derive(Default)]
pub(super) struct Quarantined {
    pub(super) state: quarantine::State,
    pub(super) sequence: i64,
    pub(super) receipt: Option<Receipt>,
}

impl Day {
    /// Folds one more event, stored or just decided.
    pub(super) fn add(&mut self, event: &attendance_day::Event, sequence: i64, at: At) {
        match event {
            attendance_day::Event::ScanRecorded { scan } => {
                self.scans.insert(scan.scan_id, Said { at, flags: Box::default() });
            }
            attendance_day::Event::ScanFlagged { scan_id, flags } => {
                if let Some(said) = self.scans.get_mut(scan_id) {
                    said.flags = flags.as_slice().into();
                }
            }
            attendance_day::Event::ManualEntryRecorded { entry, .. } => self.begins(entry.entry_id.0, at),
            attendance_day::Event::ManualEntryWithdrawn { entry_id } => self.ends(entry_id.0, at),
            attendance_day::Event::EarlyLeaveAuthorised { leave }
            | attendance_day::Event::EarlyLeaveBlocked { leave } => self.begins(leave.leave_id.0, at),
            attendance_day::Event::EarlyLeaveRecorded { leave_id, .. }
            | attendance_day::Event::EarlyLeaveCancelled { leave_id } => self.ends(leave_id.0, at),
            attendance_day::Event::JustificationSubmitted { justification } => {
                self.begins(justification.justification_id.0, at);
            }
            attendance_day::Event::JustificationAccepted { justification_id, .. }
            | attendance_day::Event::JustificationRejected { justification_id, .. } => {
                self.ends(justification_id.0, at);
            }
            attendance_day::Event::CorrectionRequested { correction } => self.begins(correction.correction_id.0, at),
            attendance_day::Event::CorrectionApproved { correction_id, .. }
            | attendance_day::Event::CorrectionRejected { correction_id } => self.ends(correction_id.0, at),
        }
        self.state = AttendanceDay::evolve(std::mem::take(&mut self.state), event);
        self.sequence = sequence;
    }

    fn begins(&mut self, id: Uuid, at: At) {
        self.by_hand.push(Places { id, began: at, ended: None });
    }

    fn ends(&mut self, id: Uuid, at: At) {
        let places = self.by_hand.iter_mut().filter(|places| places.id == id);
        places.for_each(|places| places.ended = Some(at));
    }

    /// What was decided stands behind position `before` by now.
    fn commit(&mut self, before: i64) {
        let scans = self.scans.values_mut().map(|said| &mut said.at);
        let by_hand = self.by_hand.iter_mut().flat_map(|p| std::iter::once(&mut p.began).chain(&mut p.ended));
        for at in scans.chain(by_hand) {
            if let At::Index(index) = *at {
                *at = At::Position(before + 1 + index as i64);
            }
        }
    }
}

impl Quarantined {
    /// Folds one more event, stored or just decided.
    pub(super) fn add(&mut self, event: &quarantine::Event, sequence: i64, at: At) {
        if let quarantine::Event::Received { reasons, .. } = event {
            self.receipt = Some(Receipt { verdict: Verdict::Quarantined, reasons: super::decide::codes(reasons), at });
        }
        self.state = quarantine::Quarantine::evolve(std::mem::take(&mut self.state), event);
        self.sequence = sequence;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes_and_no_more_than_twice_the_bound_is_kept() {
        let mut kept = Recent::new(10, |_| 1);
        for n in 0..1_000 {
            kept.put(n, n);
            assert_eq!(kept.get(&0), Some(&0), "in use all the time");
            assert!(kept.young.len() + kept.old.len() <= 20);
        }
        assert_eq!((kept.peek(&1), kept.peek(&999)), (None, Some(&999)));
        kept.put(999, 7);
        assert_eq!((kept.take(&999), kept.take(&999)), (Some(7), None), "nothing older comes to light");
    }

    #[test]
    fn what_is_kept_is_bounded_by_its_weight_however_it_grows() {
        let mut kept: Recent<u32, Vec<u8>> = Recent::new(100, |value| 1 + value.len());
        for round in 0..50 {
            for key in 0..5 {
                let mut value = kept.take(&key).unwrap_or_default();
                value.push(round);
                kept.put(key, value);
                let all: usize = kept.young.values().chain(kept.old.values()).map(|value| 1 + value.len()).sum();
                assert!(all <= 200 + 2 * 51, "{all}");
                assert_eq!(kept.weight, kept.young.values().map(|value| 1 + value.len()).sum::<usize>());
            }
        }
        kept.clear();
        assert_eq!(kept.weight, 0);
    }
}
