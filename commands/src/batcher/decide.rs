//! What becomes of each item, in memory: first what it is (a repeat, a pupil's, a person's to place),
//! then the events. Several scans of one pupil in one transaction build on each other.

use super::by_hand;
use super::cache::{Cache, Day, Quarantined};
use super::load::{At, Known, Receipt, Streams, Wanted};
use super::queue::Job;
use super::{Incoming, IncomingScan, Verdict};
use crate::append::NewEvent;
use crate::clock::micros;
use crate::context::Context;
use crate::directory::Entry;
use crate::ids::IdSource;
use crate::vault::VaultError;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use domain::attendance_day::{self, AttendanceDay, Flag, Scan, TimeConfidence};
use domain::device_time::{Corrected, correct};
use domain::kiosk::LaneMode;
use domain::quarantine::{self, Quarantine, QuarantinedScan, Reason};
use domain::school::Settings;
use domain::sealed::SealingClass;
use domain::values::zone::local_date;
use domain::{
    Actor, Aggregate, CredentialId, EventId, KioskId, QueueId, ScanId, SchoolId, Sealed, StreamId, StudentId,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A scan that arrives later than this after it happened is flagged.
pub(super) const LATE_SYNC: TimeDelta = TimeDelta::minutes(10);
/// A device's claim about the past is believed this far, when the scan has no place of its own.
const BELIEVABLE_PAST: TimeDelta = TimeDelta::days(366);

/// One item of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) job: usize,
    pub(super) item: usize,
    /// It could not be stored in its place: keep it for a person.
    pub(super) forced: bool,
}

/// What identifies a scan over retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Who sent it.
    pub kiosk: KioskId,
    /// The installation of the kiosk's queue.
    pub queue: QueueId,
    /// Its number there; 0 if it cannot be read.
    pub seq: i64,
    /// Its own id.
    pub scan: ScanId,
}

impl Seat {
    pub(super) fn key(self, jobs: &[Job]) -> Key {
        let batch = &jobs[self.job].batch;
        let item = &batch.scans[self.item];
        Key { kiosk: batch.kiosk.kiosk_id, queue: batch.queue_id, seq: item.seq(), scan: item.scan_id() }
    }
}

/// What an item is.
#[derive(Debug)]
pub(super) enum Case {
    /// Answered by an earlier transaction.
    Known(Receipt),
    /// The same as an earlier item of this transaction.
    SameAs(usize),
    /// A pupil's.
    Placed(Placed),
    /// A person's to place.
    Unplaced { reasons: Vec<Reason>, occurred_at: DateTime<Utc> },
}

#[derive(Debug)]
pub(super) struct Placed {
    student: StudentId,
    credential: CredentialId,
    stream: StreamId,
    occurred_at: DateTime<Utc>,
    confidence: TimeConfidence,
    flags: Vec<Flag>,
}

/// Says what each item is, in order.
pub(super) fn classify(
    jobs: &[Job],
    seats: &[Seat],
    known: Vec<Known>,
    cards: &[Option<Entry>],
    settings: &HashMap<SchoolId, Settings>,
) -> Vec<Case> {
    let mut first: HashMap<Key, usize> = HashMap::new();
    let mut numbers: HashMap<(KioskId, QueueId, i64), ScanId> = HashMap::new();
    let mut cases = Vec::with_capacity(seats.len());
    for (i, ((seat, known), card)) in seats.iter().zip(known).zip(cards).enumerate() {
        let key = seat.key(jobs);
        if let Some(same) = first.get(&key) {
            cases.push(Case::SameAs(*same));
            continue;
        }
        first.insert(key, i);
        if let Some(receipt) = known.receipt {
            cases.push(Case::Known(receipt));
            continue;
        }
        let taken = key.seq > 0 && *numbers.entry((key.kiosk, key.queue, key.seq)).or_insert(key.scan) != key.scan;
        let Some(settings) = settings.get(&jobs[seat.job].batch.kiosk.school_id) else {
            // The caller has settings for every school in the transaction.
            continue;
        };
        cases.push(case(&jobs[seat.job], *seat, known.forked || taken, *card, settings));
    }
    cases
}

fn case(job: &Job, seat: Seat, forked: bool, card: Option<Entry>, settings: &Settings) -> Case {
    let batch = &job.batch;
    let mut reasons = Vec::new();
    if batch.kiosk.revoked {
        reasons.push(Reason::RevokedKiosk);
    }
    if forked {
        reasons.push(Reason::SequenceFork);
    }
    let scan = match &batch.scans[seat.item] {
        Incoming::Scan(scan) if !seat.forced => scan,
        Incoming::Scan(_) | Incoming::Unreadable { .. } => {
            reasons.push(Reason::Malformed);
            return Case::Unplaced { reasons, occurred_at: job.received_at };
        }
    };
    let corrected = correct(&scan.reading, &batch.device_now, job.received_at);
    match corrected {
        Corrected::Implausible => reasons.push(Reason::ImplausibleTime),
        Corrected::TooOld => reasons.push(Reason::TooOld),
        Corrected::At { .. } => {}
    }
    let owner = card.and_then(|entry| Some((entry.owner?, entry.subject)));
    if owner.is_none() {
        reasons.push(Reason::UnknownCredential);
    }
    match (corrected, owner) {
        (Corrected::At { occurred_at, confidence, mut flags }, Some((student, credential))) if reasons.is_empty() => {
            let occurred_at = micros(occurred_at);
            if job.received_at - occurred_at > LATE_SYNC {
                flags.push(Flag::LateSync);
            }
            let student = StudentId(student);
            let date = local_date(occurred_at, settings.zone);
            let stream = StreamId::of_day(date, batch.kiosk.school_id, student);
            let credential = CredentialId(credential);
            Case::Placed(Placed { student, credential, stream, occurred_at, confidence, flags })
        }
        (Corrected::At { occurred_at, .. }, _) => Case::Unplaced { reasons, occurred_at: micros(occurred_at) },
        (Corrected::TooOld | Corrected::Implausible, _) => {
            Case::Unplaced { reasons, occurred_at: best_guess(scan, job.received_at) }
        }
    }
}

/// The device's time where it is an old one, the server's where it is nonsense.
fn best_guess(scan: &IncomingScan, received_at: DateTime<Utc>) -> DateTime<Utc> {
    let claimed = micros(scan.reading.device_time);
    let believable = claimed <= received_at && received_at.signed_duration_since(claimed) <= BELIEVABLE_PAST;
    if believable { claimed } else { received_at }
}

/// The nearest instant that RFC 3339 can write. A scan's own clock may say any year, when the
/// monotonic one says when it was; the evidence of a clock gone wild stays.
fn writable(at: DateTime<Utc>) -> DateTime<Utc> {
    const YEAR_0: i64 = -62_167_219_200;
    const YEAR_9999_END: i64 = 253_402_300_799;
    DateTime::from_timestamp(at.timestamp().clamp(YEAR_0, YEAR_9999_END), at.timestamp_subsec_nanos())
        .unwrap_or(DateTime::UNIX_EPOCH)
}

/// The streams that the cases need.
pub(super) fn wanted(jobs: &[Job], seats: &[Seat], cases: &[Case]) -> Wanted {
    let (mut days, mut quarantine, mut pupils, mut kiosks) =
        (HashSet::new(), HashSet::new(), HashSet::new(), HashSet::new());
    for (seat, case) in seats.iter().zip(cases) {
        let kiosk = jobs[seat.job].batch.kiosk;
        match case {
            Case::Known(_) | Case::SameAs(_) => {}
            Case::Placed(placed) => {
                days.insert(placed.stream.clone());
                pupils.insert((kiosk.school_id, placed.student));
                kiosks.insert((kiosk.school_id, kiosk.kiosk_id));
            }
            Case::Unplaced { .. } => {
                quarantine.insert(StreamId::of(kiosk.school_id, seat.key(jobs).scan));
            }
        }
    }
    Wanted {
        days: days.into_iter().collect(),
        quarantine: quarantine.into_iter().collect(),
        pupils: pupils.into_iter().collect(),
        kiosks: kiosks.into_iter().collect(),
    }
}

/// The schools whose own key is needed to seal what was read, and the jobs that need it.
pub(super) fn sealing(jobs: &[Job], seats: &[Seat], cases: &[Case]) -> BTreeMap<SchoolId, HashSet<usize>> {
    let mut needed: BTreeMap<SchoolId, HashSet<usize>> = BTreeMap::new();
    for (seat, case) in seats.iter().zip(cases) {
        if matches!(case, Case::Unplaced { .. }) {
            needed.entry(jobs[seat.job].batch.kiosk.school_id).or_default().insert(seat.job);
        }
    }
    needed
}

/// What an item is answered.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) receipt: Receipt,
    /// It was stored before, or earlier in this transaction.
    pub(super) repeat: bool,
    /// Its receipt is to be written.
    pub(super) new: bool,
    /// It is the second scan under its number.
    pub(super) fork: bool,
}

/// What a transaction writes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) events: Vec<NewEvent>,
    /// One per seat.
    pub(super) outcomes: Vec<Outcome>,
    /// One per thing by hand.
    pub(super) by_hand: Vec<by_hand::Outcome>,
}

/// Why nothing can be decided.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecideError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("an event cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("a quarantined scan is refused: {0}")]
    Quarantine(#[from] quarantine::Error),
    #[error("a scan is refused: {0}")]
    Day(#[from] attendance_day::Error),
}

/// Decides every item on the folded streams.
pub(super) struct Decider<'a> {
    pub(super) jobs: &'a [Job],
    pub(super) cache: &'a Cache,
    pub(super) settings: &'a HashMap<SchoolId, Settings>,
    pub(super) ids: &'a dyn IdSource,
}

impl Decider<'_> {
    pub(super) fn decide(&self, seats: &[Seat], cases: Vec<Case>, streams: &mut Streams) -> Result<Plan, DecideError> {
        let mut plan = Plan::default();
        for (seat, case) in seats.iter().zip(cases) {
            let outcome = match case {
                Case::Known(receipt) => Outcome { receipt, repeat: true, new: false, fork: false },
                Case::SameAs(first) => {
                    Outcome { repeat: true, new: false, fork: false, ..plan.outcomes[first].clone() }
                }
                Case::Placed(placed) => {
                    let day = streams.days.entry(placed.stream.clone()).or_default();
                    self.place(*seat, placed, day, &mut plan.events)?
                }
                Case::Unplaced { reasons, occurred_at } => {
                    let kept = StreamId::of(self.jobs[seat.job].batch.kiosk.school_id, seat.key(self.jobs).scan);
                    let state = streams.quarantine.entry(kept.clone()).or_default();
                    self.keep(*seat, kept, reasons, occurred_at, state, &mut plan.events)?
                }
            };
            plan.outcomes.push(outcome);
        }
        Ok(plan)
    }

    fn context(&self, job: &Job) -> Context {
        let batch = &job.batch;
        Context {
            school: batch.kiosk.school_id,
            zone: self.settings[&batch.kiosk.school_id].zone,
            actor: Actor::kiosk(batch.kiosk.kiosk_id),
            command_id: None,
            correlation_id: batch.correlation_id,
            causation_id: None,
        }
    }

    fn place(
        &self,
        seat: Seat,
        placed: Placed,
        day: &mut Day,
        events: &mut Vec<NewEvent>,
    ) -> Result<Outcome, DecideError> {
        let job = &self.jobs[seat.job];
        let (batch, key) = (&job.batch, seat.key(self.jobs));
        let Incoming::Scan(scan) = &batch.scans[seat.item] else { unreachable!("only a scan is placed") };
        let settings = &self.settings[&batch.kiosk.school_id];
        let pupil = self.cache.pupil(batch.kiosk.school_id, placed.student);
        let mut flags = placed.flags;
        let at = placed.occurred_at;
        if pupil.is_some_and(|pupil| pupil.revoked(placed.credential, at)) {
            flags.push(Flag::RevokedCredential);
        }
        if pupil.is_some_and(|pupil| pupil.gone(at, local_date(at, settings.zone))) {
            flags.push(Flag::WithdrawnPupil);
        }
        let lane = self.cache.lane(key.kiosk).and_then(|lane| lane.mode(at)).and_then(LaneMode::fixed_direction);
        if lane.is_some_and(|fixed| fixed != scan.direction) {
            flags.push(Flag::LaneMismatch);
        }
        let command = attendance_day::Command::RecordScan {
            scan: Scan {
                scan_id: key.scan,
                kiosk_id: key.kiosk,
                queue_id: key.queue,
                seq: key.seq,
                credential_id: placed.credential,
                direction: scan.direction,
                method: scan.method,
                occurred_at: placed.occurred_at,
                time_confidence: placed.confidence,
                shown: scan.shown,
                device_time: writable(scan.reading.device_time),
                prev_hash: scan.prev_hash.clone(),
            },
            flags,
            echo_seconds: settings.echo_seconds,
        };
        let decided = AttendanceDay::decide(&day.state, command)?;
        let repeat = decided.is_empty();
        for event in decided {
            let (sequence, index) = (day.sequence + 1, events.len());
            events.push(NewEvent::new(
                &self.context(job),
                EventId(self.ids.next()),
                placed.stream.clone(),
                sequence,
                placed.occurred_at,
                &event,
            )?);
            day.add(&event, sequence, At::Index(index));
        }
        let receipt = day.scans.get(&key.scan).expect("the day knows the scan, by now or from before").receipt();
        Ok(Outcome { receipt, repeat, new: true, fork: false })
    }

    fn keep(
        &self,
        seat: Seat,
        stream: StreamId,
        reasons: Vec<Reason>,
        occurred_at: DateTime<Utc>,
        kept: &mut Quarantined,
        events: &mut Vec<NewEvent>,
    ) -> Result<Outcome, DecideError> {
        let job = &self.jobs[seat.job];
        let key = seat.key(self.jobs);
        let fork = reasons.contains(&Reason::SequenceFork);
        let school = job.batch.kiosk.school_id;
        let seal = |text: &str| -> Result<Sealed, DecideError> {
            let (_, ring) = self.cache.keyrings.get(&school).ok_or(VaultError::NotLoaded)?;
            Ok(ring.seal(school.0, SealingClass::Evidence, "quarantine.received", "read", text)?)
        };
        let (scan, text) = match &job.batch.scans[seat.item] {
            Incoming::Scan(scan) => (Some(scan), &scan.read),
            Incoming::Unreadable { raw, .. } => (None, raw),
        };
        // A year that RFC 3339 cannot write is no time that a device could mean.
        let device_time = scan.map(|s| s.reading.device_time).filter(|at| (0..=9999).contains(&at.year()));
        let command = quarantine::Command::Receive {
            scan: QuarantinedScan {
                scan_id: key.scan,
                kiosk_id: key.kiosk,
                queue_id: key.queue,
                seq: key.seq,
                read: seal(text)?,
                direction: scan.map(|s| s.direction),
                method: scan.map(|s| s.method),
                occurred_at,
                device_time,
                shown: scan.map(|s| s.shown),
            },
            reasons,
        };
        let decided = Quarantine::decide(&kept.state, command)?;
        let repeat = decided.is_empty();
        for event in decided {
            let (sequence, index) = (kept.sequence + 1, events.len());
            events.push(NewEvent::new(
                &self.context(job),
                EventId(self.ids.next()),
                stream.clone(),
                sequence,
                occurred_at,
                &event,
            )?);
            kept.add(&event, sequence, At::Index(index));
        }
        let receipt = kept.receipt.clone().expect("its quarantine knows the scan, by now or from before");
        Ok(Outcome { receipt, repeat, new: true, fork })
    }
}

/// The snake_case names of flags or reasons, in the order given.
pub(super) fn codes<T: serde::Serialize>(values: &[T]) -> Vec<String> {
    values.iter().filter_map(|v| serde_json::to_value(v).ok()?.as_str().map(str::to_owned)).collect()
}

impl Outcome {
    /// What the caller is told: a repeat is a duplicate.
    pub(super) fn verdicts(&self) -> (Verdict, Option<Verdict>) {
        if self.repeat { (Verdict::Duplicate, Some(self.receipt.verdict)) } else { (self.receipt.verdict, None) }
    }
}
