//! What a transaction's decisions are made on, read without a lock.

use super::decide::{Key, Seat};
use super::queue::Job;
use super::store::ScanTx;
use super::{Incoming, Verdict};
use crate::directory::{Directory, Entry, Kind};
use crate::error::StoreError;
use crate::vault::Keyring;
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{self, AttendanceDay};
use domain::kiosk::LaneMode;
use domain::student::{self, Stays};
use domain::{
    Aggregate, AnyEvent, CredentialId, DomainEvent, Epoch, KioskId, ScanId, SchoolId, StreamId, StudentId, decode,
    kiosk, quarantine,
};
use sqlx::PgConnection;
use std::collections::HashMap;
use tokio::time::Instant;
use uuid::Uuid;

/// What stays in memory between transactions; each read adds what is new in the log.
#[derive(Default)]
pub(super) struct Cache {
    epoch: Option<Epoch>,
    pupils: HashMap<(SchoolId, StudentId), Folded<Pupil>>,
    lanes: HashMap<KioskId, Folded<Lane>>,
    pub(super) keyrings: HashMap<SchoolId, (Instant, Keyring)>,
}

#[derive(Clone, Default)]
struct Folded<S> {
    sequence: i64,
    state: S,
}

/// Pupils kept in memory; beyond it the cache starts again.
const MOST_PUPILS: usize = 100_000;

impl Cache {
    /// A new epoch may have taken events back: nothing that was folded counts any more.
    pub(super) fn enter(&mut self, epoch: Epoch) {
        if self.epoch.replace(epoch) != Some(epoch) {
            self.pupils.clear();
            self.lanes.clear();
        }
        if self.pupils.len() > MOST_PUPILS {
            self.pupils.clear();
        }
    }

    pub(super) fn pupil(&self, school: SchoolId, student: StudentId) -> Option<&Pupil> {
        self.pupils.get(&(school, student)).map(|f| &f.state)
    }

    pub(super) fn lane(&self, kiosk: KioskId) -> Option<&Lane> {
        self.lanes.get(&kiosk).map(|f| &f.state)
    }
}

/// What of a pupil's facts puts a scan in doubt, with the instants: a scan is judged by what was true
/// when it was taken, however late it arrives.
#[derive(Clone, Default)]
pub(super) struct Pupil {
    revoked: HashMap<CredentialId, DateTime<Utc>>,
    stays: Stays,
    erased: Option<DateTime<Utc>>,
}

impl Pupil {
    fn add(&mut self, event: &student::Event, at: DateTime<Utc>) {
        match event {
            student::Event::Enrolled { from, .. } => self.stays.decide(*from, true),
            student::Event::Withdrawn { from } => self.stays.decide(*from, false),
            student::Event::CredentialRevoked { credential_id, .. } => {
                _ = self.revoked.entry(*credential_id).or_insert(at)
            }
            student::Event::Erased => self.erased = Some(at),
            student::Event::Moved { .. }
            | student::Event::DetailsChanged { .. }
            | student::Event::CredentialIssued { .. }
            | student::Event::GuardianLinked { .. }
            | student::Event::GuardianLinkChanged { .. }
            | student::Event::GuardianUnlinked { .. } => {}
        }
    }

    /// Whether the card was revoked by then.
    pub(super) fn revoked(&self, credential: CredentialId, at: DateTime<Utc>) -> bool {
        self.revoked.get(&credential).is_some_and(|since| at >= *since)
    }

    /// Whether the pupil had left, or was erased, by then.
    pub(super) fn gone(&self, at: DateTime<Utc>, date: NaiveDate) -> bool {
        !self.stays.is_here(date) || self.erased.is_some_and(|since| at >= since)
    }
}

/// A kiosk's modes, each from an instant on.
#[derive(Clone, Default)]
pub(super) struct Lane(Vec<(DateTime<Utc>, LaneMode)>);

impl Lane {
    /// The mode at an instant; before the first one, the first one.
    pub(super) fn mode(&self, at: DateTime<Utc>) -> Option<LaneMode> {
        self.0.iter().rev().find(|(since, _)| at >= *since).or(self.0.first()).map(|(_, mode)| *mode)
    }
}

/// An answer given before.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// What was answered; never [`Verdict::Duplicate`].
    pub verdict: Verdict,
    /// The doubts, snake_case.
    pub reasons: Vec<String>,
    /// Where the scan is.
    pub at: At,
}

/// Where the event is that holds a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// In the log.
    Position(i64),
    /// The event at this index of those that this transaction will append.
    Index(usize),
}

/// An event that says a kiosk's mode, of the n-th kiosk that was asked for (from 1).
#[derive(Debug)]
#[expect(missing_docs, reason = "columns of the table")]
pub struct StoredMode {
    pub n: i64,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub occurred_at: DateTime<Utc>,
    pub payload: String,
}

/// What receipts say about one item.
#[derive(Debug, Default)]
pub struct Known {
    /// Its own.
    pub receipt: Option<Receipt>,
    /// Another scan has this number.
    pub forked: bool,
}

/// An event as it is stored, of the n-th stream that was asked for (from 1).
#[derive(Debug)]
#[expect(missing_docs, reason = "columns of the table")]
pub struct StoredEvent {
    pub n: i64,
    pub position: i64,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub occurred_at: DateTime<Utc>,
    pub payload: String,
}

/// A pupil's day as it is in the log.
#[derive(Default)]
pub(super) struct Day {
    pub(super) state: attendance_day::State,
    pub(super) sequence: i64,
    /// Each scan's receipt, for one that comes again under another number.
    pub(super) scans: HashMap<ScanId, Receipt>,
}

/// A scan's own quarantine.
#[derive(Default)]
pub(super) struct Quarantined {
    pub(super) state: quarantine::State,
    pub(super) sequence: i64,
    pub(super) receipt: Option<Receipt>,
}

/// The streams that a transaction adds to.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) days: HashMap<StreamId, Day>,
    pub(super) quarantine: HashMap<StreamId, Quarantined>,
}

/// The epoch and the log's end, before anything else is read. Whole-table scans are never this
/// transaction's plan, whatever the planner believes about a table that was small when it last looked.
pub(super) async fn begin_in_tx(conn: &mut PgConnection) -> Result<(Epoch, i64), StoreError> {
    let row = sqlx::query!(
        r#"select epoch, (select coalesce(max(position), 0) from events) as "head!",
             set_config('enable_seqscan', 'off', true) as plan
           from log_epoch"#
    )
    .fetch_one(conn)
    .await?;
    Ok((Epoch(row.epoch), row.head))
}

/// What receipts say about each item.
pub(super) async fn receipts_in_tx(conn: &mut PgConnection, keys: &[Key]) -> Result<Vec<Known>, StoreError> {
    let kiosks: Vec<Uuid> = keys.iter().map(|k| k.kiosk.0).collect();
    let queues: Vec<Uuid> = keys.iter().map(|k| k.queue.0).collect();
    let seqs: Vec<i64> = keys.iter().map(|k| k.seq).collect();
    let scans: Vec<Uuid> = keys.iter().map(|k| k.scan.0).collect();
    let rows = sqlx::query!(
        r#"select t.n as "n!", r.verdict as "verdict?", r.reasons as "reasons?", r.position as "position?",
             t.seq > 0 and exists (
               select from scan_receipts o where o.kiosk_id = t.kiosk_id and o.queue_id = t.queue_id
                 and o.seq = t.seq and o.scan_id <> t.scan_id) as "forked!"
           from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[])
             with ordinality t (kiosk_id, queue_id, seq, scan_id, n)
           left join scan_receipts r on r.kiosk_id = t.kiosk_id and r.queue_id = t.queue_id
             and r.seq = t.seq and r.scan_id = t.scan_id"#,
        &kiosks,
        &queues,
        &seqs,
        &scans,
    )
    .fetch_all(conn)
    .await?;
    let mut known: Vec<Known> = keys.iter().map(|_| Known::default()).collect();
    for row in rows {
        let Some(place) = usize::try_from(row.n - 1).ok().and_then(|n| known.get_mut(n)) else { continue };
        place.forked = row.forked;
        if let (Some(verdict), Some(reasons), Some(position)) = (row.verdict, row.reasons, row.position) {
            place.receipt = Some(Receipt { verdict: stored_verdict(&verdict), reasons, at: At::Position(position) });
        }
    }
    Ok(known)
}

fn stored_verdict(name: &str) -> Verdict {
    match name {
        "accepted" => Verdict::Accepted,
        "flagged" => Verdict::Flagged,
        _ => Verdict::Quarantined,
    }
}

/// The credential and pupil of each item's card, in the items' order.
pub(super) async fn cards(
    tx: &mut impl ScanTx,
    jobs: &[Job],
    seats: &[Seat],
) -> Result<Vec<Option<Entry>>, StoreError> {
    let (mut cards, mut places) = (Vec::new(), Vec::new());
    for (i, seat) in seats.iter().enumerate() {
        let batch = &jobs[seat.job].batch;
        if let Incoming::Scan(scan) = &batch.scans[seat.item] {
            cards.push((batch.kiosk.school_id, domain::values::card::normalise(&scan.read)));
            places.push(i);
        }
    }
    let mut found = vec![None; seats.len()];
    if places.is_empty() {
        return Ok(found);
    }
    for (n, entry) in tx.cards(&cards).await? {
        if let Some(place) = places.get(n) {
            found[*place] = Some(entry);
        }
    }
    Ok(found)
}

/// What the directory knows of these cards: the index of each one that it knows, and its entry.
pub(super) async fn cards_in_tx(
    conn: &mut PgConnection,
    directory: &Directory,
    cards: &[(SchoolId, String)],
) -> Result<Vec<(usize, Entry)>, StoreError> {
    let schools: Vec<Uuid> = cards.iter().map(|(school, _)| school.0).collect();
    let hmacs: Vec<Vec<u8>> =
        cards.iter().map(|(school, text)| directory.hmac(*school, Kind::Card, text).to_vec()).collect();
    let rows = sqlx::query!(
        r#"select t.n as "n!", d.subject_id, d.owner_id
           from unnest($1::uuid[], $2::bytea[]) with ordinality t (school_id, hmac, n)
           join directory d on d.school_id = t.school_id and d.kind = 'card' and d.hmac = t.hmac"#,
        &schools,
        &hmacs,
    )
    .fetch_all(conn)
    .await?;
    let entry = |n: i64, subject, owner| Some((usize::try_from(n - 1).ok()?, Entry { subject, owner }));
    Ok(rows.into_iter().filter_map(|row| entry(row.n, row.subject_id, row.owner_id)).collect())
}

/// Which streams are wanted.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) days: Vec<StreamId>,
    pub(super) quarantine: Vec<StreamId>,
    pub(super) pupils: Vec<(SchoolId, StudentId)>,
    pub(super) kiosks: Vec<(SchoolId, KioskId)>,
}

/// Reads all wanted streams: days and quarantine whole, pupils from where the cache is.
pub(super) async fn streams(tx: &mut impl ScanTx, cache: &mut Cache, wanted: &Wanted) -> Result<Streams, StoreError> {
    let (mut types, mut ids, mut after) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |aggregate: &'static str, stream: StreamId, sequence: i64| {
        types.push(aggregate);
        ids.push(stream);
        after.push(sequence);
    };
    for stream in &wanted.days {
        add(attendance_day::Event::AGGREGATE, stream.clone(), 0);
    }
    for stream in &wanted.quarantine {
        add(quarantine::Event::AGGREGATE, stream.clone(), 0);
    }
    for (school, student) in &wanted.pupils {
        let folded = cache.pupils.entry((*school, *student)).or_default();
        add(student::Event::AGGREGATE, StreamId::of(*school, *student), folded.sequence);
    }
    let rows = tx.streams(&types, &ids, &after).await?;
    let mut streams = Streams::default();
    for row in rows {
        let Some(n) = usize::try_from(row.n - 1).ok().filter(|n| *n < ids.len()) else { continue };
        match decode(types[n], &row.event_type, &row.event_version, &row.payload)? {
            AnyEvent::AttendanceDay(event) => {
                streams.days.entry(ids[n].clone()).or_default().add(&event, row.sequence, At::Position(row.position));
            }
            AnyEvent::Quarantine(event) => {
                streams.quarantine.entry(ids[n].clone()).or_default().add(
                    &event,
                    row.sequence,
                    At::Position(row.position),
                );
            }
            AnyEvent::Student(event) => {
                let pupil = n.checked_sub(wanted.days.len() + wanted.quarantine.len());
                if let Some(folded) = pupil.and_then(|i| wanted.pupils.get(i)).and_then(|key| cache.pupils.get_mut(key))
                {
                    folded.state.add(&event, row.occurred_at);
                    folded.sequence = row.sequence;
                }
            }
            AnyEvent::School(_) | AnyEvent::Course(_) | AnyEvent::Guardian(_) | AnyEvent::Kiosk(_) => {}
        }
    }
    lanes(tx, cache, &wanted.kiosks).await?;
    Ok(streams)
}

/// The events of these streams after a sequence number each, by stream and sequence number.
pub(super) async fn streams_in_tx(
    conn: &mut PgConnection,
    types: &[&str],
    ids: &[StreamId],
    after: &[i64],
) -> Result<Vec<StoredEvent>, StoreError> {
    let texts: Vec<&str> = ids.iter().map(StreamId::as_str).collect();
    let rows = sqlx::query_as!(
        StoredEvent,
        r#"select t.n as "n!", e.position, e.sequence, e.event_type, e.event_version, e.occurred_at,
             e.payload::text as "payload!"
           from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality t (aggregate_type, aggregate_id, after, n)
           join events e on e.aggregate_type = t.aggregate_type and e.aggregate_id = t.aggregate_id
             and e.sequence > t.after
           order by t.n, e.sequence"#,
        types as &[&str],
        &texts as &[&str],
        after,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Each kiosk's modes since the last that the cache knows.
async fn lanes(tx: &mut impl ScanTx, cache: &mut Cache, kiosks: &[(SchoolId, KioskId)]) -> Result<(), StoreError> {
    let ids: Vec<StreamId> = kiosks.iter().map(|(school, kiosk)| StreamId::of(*school, *kiosk)).collect();
    let after: Vec<i64> = kiosks.iter().map(|(_, k)| cache.lanes.get(k).map_or(0, |f| f.sequence)).collect();
    for row in tx.lanes(&ids, &after).await? {
        let Some((_, id)) = usize::try_from(row.n - 1).ok().and_then(|n| kiosks.get(n)) else { continue };
        let folded = cache.lanes.entry(*id).or_default();
        if let AnyEvent::Kiosk(kiosk::Event::Enrolled { mode, .. } | kiosk::Event::ModeChanged { mode }) =
            decode(kiosk::Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)?
        {
            folded.state.0.push((row.occurred_at, mode));
        }
        folded.sequence = row.sequence;
    }
    Ok(())
}

/// The events of kiosks' streams that say a mode, after a sequence number each. A kiosk's stream grows
/// by a fact a minute, so they are found through `events_kiosk_kinds`.
pub(super) async fn lanes_in_tx(
    conn: &mut PgConnection,
    ids: &[StreamId],
    after: &[i64],
) -> Result<Vec<StoredMode>, StoreError> {
    let texts: Vec<&str> = ids.iter().map(StreamId::as_str).collect();
    let rows = sqlx::query_as!(
        StoredMode,
        r#"select t.n as "n!", m.sequence as "sequence!", m.occurred_at as "occurred_at!",
             m.event_type as "event_type!", m.event_version as "event_version!", m.payload as "payload!"
           from unnest($1::text[], $2::bigint[]) with ordinality t (stream, after, n)
           cross join (values ('enrolled'), ('mode_changed')) k (kind)
           cross join lateral (
             select e.sequence, e.occurred_at, e.event_type, e.event_version, e.payload::text as payload
             from events e
             where e.aggregate_type = 'kiosk' and e.aggregate_id = t.stream and e.event_type = k.kind
               and coalesce(e.payload->>'queue_id', '') = '' and e.sequence > t.after) m
           order by t.n, m.sequence"#,
        &texts as &[&str],
        after,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

impl Day {
    /// Folds one more event, stored or just decided.
    pub(super) fn add(&mut self, event: &attendance_day::Event, sequence: i64, at: At) {
        match event {
            attendance_day::Event::ScanRecorded { scan } => {
                let receipt = Receipt { verdict: Verdict::Accepted, reasons: vec![], at };
                self.scans.insert(scan.scan_id, receipt);
            }
            attendance_day::Event::ScanFlagged { scan_id, flags } => {
                if let Some(receipt) = self.scans.get_mut(scan_id) {
                    receipt.verdict = Verdict::Flagged;
                    receipt.reasons = super::decide::codes(flags);
                }
            }
        }
        self.state = AttendanceDay::evolve(std::mem::take(&mut self.state), event);
        self.sequence = sequence;
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
