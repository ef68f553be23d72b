//! What a transaction's decisions are made on, read without a lock.

use super::cache::{Cache, Day, Lane, Pupil, Quarantined};
use super::decide::{Key, Seat};
use super::queue::Job;
use super::store::ScanTx;
use super::{Incoming, Verdict};
use crate::directory::{Directory, Entry, Kind};
use crate::error::StoreError;
use chrono::{DateTime, Utc};
use domain::school::{self, Settings};
use domain::{
    AnyEvent, DomainEvent, Epoch, KioskId, SchoolId, StreamId, StudentId, attendance_day, decode, kiosk, quarantine,
    student,
};
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

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

/// A stream that gained an event.
#[derive(Debug)]
#[expect(missing_docs, reason = "columns of the table")]
pub struct Moved {
    pub aggregate_type: String,
    pub school: SchoolId,
    pub stream: StreamId,
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

/// The streams of pupils and their days, of schools, and of kiosks' modes that gained an event behind `after`
/// and up to `to`, those at the positions of `own` (from exclusive, to inclusive) aside.
pub(super) async fn moved_in_tx(
    conn: &mut PgConnection,
    after: i64,
    to: i64,
    own: (i64, i64),
) -> Result<Vec<Moved>, StoreError> {
    let rows = sqlx::query!(
        // `offset 0`: by position first, whatever the planner believes of the rest.
        "select school_id, aggregate_type, aggregate_id
         from (select school_id, aggregate_type, aggregate_id, event_type from events
               where position > $1 and position <= $2 and not (position > $3 and position <= $4) offset 0) e
         where aggregate_type in ('attendance_day', 'student', 'school')
           or aggregate_type = 'kiosk' and event_type in ('enrolled', 'mode_changed')",
        after,
        to,
        own.0,
        own.1,
    )
    .fetch_all(conn)
    .await?;
    let moved = rows.into_iter().map(|row| Moved {
        aggregate_type: row.aggregate_type,
        school: SchoolId(row.school_id),
        stream: StreamId::from_stored(row.aggregate_id),
    });
    Ok(moved.collect())
}

/// What receipts say about each item.
pub(super) async fn receipts_in_tx(conn: &mut PgConnection, keys: &[Key]) -> Result<Vec<Known>, StoreError> {
    let kiosks: Vec<Uuid> = keys.iter().map(|k| k.kiosk.0).collect();
    let queues: Vec<Uuid> = keys.iter().map(|k| k.queue.0).collect();
    let seqs: Vec<i64> = keys.iter().map(|k| k.seq).collect();
    let scans: Vec<Uuid> = keys.iter().map(|k| k.scan.0).collect();
    // Two probes an item, its own receipt's whole key and the first other one under its number: a number that
    // a broken device uses again and again costs no more than another. `offset 0` keeps them probes.
    let rows = sqlx::query!(
        r#"select t.n as "n!", r.verdict as "verdict?", r.reasons as "reasons?", r.position as "position?",
             t.seq > 0 and exists (
               select from scan_receipts o where o.kiosk_id = t.kiosk_id and o.queue_id = t.queue_id
                 and o.seq = t.seq and o.scan_id <> t.scan_id) as "forked!"
           from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[])
             with ordinality t (kiosk_id, queue_id, seq, scan_id, n)
           left join lateral (
             select s.verdict, s.reasons, s.position from scan_receipts s
             where s.kiosk_id = t.kiosk_id and s.queue_id = t.queue_id and s.seq = t.seq and s.scan_id = t.scan_id
             offset 0) r on true"#,
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
           cross join lateral (
             select c.subject_id, c.owner_id from directory c
             where c.school_id = t.school_id and c.kind = 'card' and c.hmac = t.hmac offset 0) d"#,
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

/// The settings of these schools; the first that is not registered is an error.
pub(super) async fn settings(
    tx: &mut impl ScanTx,
    cache: &mut Cache,
    schools: &BTreeSet<SchoolId>,
) -> Result<HashMap<SchoolId, Settings>, StoreError> {
    let missing: Vec<SchoolId> = schools.iter().copied().filter(|school| cache.settings(*school).is_none()).collect();
    if !missing.is_empty() {
        let ids: Vec<StreamId> = missing.iter().map(|school| StreamId::of(*school, *school)).collect();
        let mut found: HashMap<SchoolId, Settings> = HashMap::new();
        for row in tx.streams(&vec![school::Event::AGGREGATE; ids.len()], &ids).await? {
            let Some(school) = usize::try_from(row.n - 1).ok().and_then(|n| missing.get(n)) else { continue };
            if let AnyEvent::School(
                school::Event::Registered { settings, .. } | school::Event::SettingsChanged { settings },
            ) = decode(school::Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)?
            {
                found.insert(*school, settings);
            }
        }
        for school in missing {
            cache.put_settings(school, found.remove(&school).ok_or(StoreError::UnknownSchool(school))?);
        }
    }
    Ok(schools.iter().filter_map(|school| Some((*school, cache.settings(*school)?.clone()))).collect())
}

/// All wanted streams: from memory, or read whole. Days leave the memory until [`Cache::keep`].
pub(super) async fn streams(tx: &mut impl ScanTx, cache: &mut Cache, wanted: &Wanted) -> Result<Streams, StoreError> {
    let mut streams = Streams::default();
    let (mut types, mut ids) = (Vec::new(), Vec::new());
    for stream in &wanted.days {
        match cache.take_day(stream) {
            Some(day) => _ = streams.days.insert(stream.clone(), day),
            None => {
                types.push(attendance_day::Event::AGGREGATE);
                ids.push(stream.clone());
            }
        }
    }
    for stream in &wanted.quarantine {
        types.push(quarantine::Event::AGGREGATE);
        ids.push(stream.clone());
    }
    let others = ids.len();
    let pupils: Vec<_> = wanted.pupils.iter().filter(|(s, id)| !cache.knows_pupil(*s, *id)).copied().collect();
    for (school, student) in &pupils {
        types.push(student::Event::AGGREGATE);
        ids.push(StreamId::of(*school, *student));
    }
    let mut read = vec![Pupil::default(); pupils.len()];
    let rows = if ids.is_empty() { Vec::new() } else { tx.streams(&types, &ids).await? };
    for row in rows {
        let Some(n) = usize::try_from(row.n - 1).ok().filter(|n| *n < ids.len()) else { continue };
        match decode(types[n], &row.event_type, &row.event_version, &row.payload)? {
            AnyEvent::AttendanceDay(event) => {
                let day: &mut Day = streams.days.entry(ids[n].clone()).or_default();
                day.add(&event, row.sequence, At::Position(row.position));
            }
            AnyEvent::Quarantine(event) => {
                let kept: &mut Quarantined = streams.quarantine.entry(ids[n].clone()).or_default();
                kept.add(&event, row.sequence, At::Position(row.position));
            }
            AnyEvent::Student(event) => {
                if let Some(pupil) = n.checked_sub(others).and_then(|i| read.get_mut(i)) {
                    pupil.add(&event, row.occurred_at);
                }
            }
            AnyEvent::School(_)
            | AnyEvent::Course(_)
            | AnyEvent::Guardian(_)
            | AnyEvent::Kiosk(_)
            | AnyEvent::NoShowCase(_)
            | AnyEvent::RollCall(_)
            | AnyEvent::Delivery(_)
            | AnyEvent::Broadcast(_)
            | AnyEvent::Account(_) => {}
        }
    }
    let kiosks: Vec<_> = wanted.kiosks.iter().filter(|(_, id)| !cache.knows_lane(*id)).copied().collect();
    let lanes = if kiosks.is_empty() { Vec::new() } else { lanes(tx, &kiosks).await? };
    // Nothing half-read is kept: whoever stops waiting for this stops before here.
    for ((school, student), pupil) in pupils.into_iter().zip(read) {
        cache.put_pupil(school, student, pupil);
    }
    for ((_, id), lane) in kiosks.into_iter().zip(lanes) {
        cache.put_lane(id, lane);
    }
    Ok(streams)
}

/// The events of these streams, by stream and sequence number.
pub(super) async fn streams_in_tx(
    conn: &mut PgConnection,
    types: &[&str],
    ids: &[StreamId],
) -> Result<Vec<StoredEvent>, StoreError> {
    let texts: Vec<&str> = ids.iter().map(StreamId::as_str).collect();
    let rows = sqlx::query_as!(
        StoredEvent,
        r#"select t.n as "n!", e.position, e.sequence, e.event_type, e.event_version, e.occurred_at,
             e.payload::text as "payload!"
           from unnest($1::text[], $2::text[]) with ordinality t (aggregate_type, aggregate_id, n)
           join events e on e.aggregate_type = t.aggregate_type and e.aggregate_id = t.aggregate_id
           order by t.n, e.sequence"#,
        types as &[&str],
        &texts as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Each kiosk's modes.
async fn lanes(tx: &mut impl ScanTx, kiosks: &[(SchoolId, KioskId)]) -> Result<Vec<Lane>, StoreError> {
    let ids: Vec<StreamId> = kiosks.iter().map(|(school, kiosk)| StreamId::of(*school, *kiosk)).collect();
    let mut lanes = vec![Lane::default(); kiosks.len()];
    for row in tx.lanes(&ids).await? {
        let Some(lane) = usize::try_from(row.n - 1).ok().and_then(|n| lanes.get_mut(n)) else { continue };
        if let AnyEvent::Kiosk(kiosk::Event::Enrolled { mode, .. } | kiosk::Event::ModeChanged { mode }) =
            decode(kiosk::Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)?
        {
            lane.0.push((row.occurred_at, mode));
        }
    }
    Ok(lanes)
}

/// The events of kiosks' streams that say a mode, by kiosk and sequence number. A kiosk's stream grows
/// by a fact a minute, so they are found through `events_kiosk_kinds`.
pub(super) async fn lanes_in_tx(conn: &mut PgConnection, ids: &[StreamId]) -> Result<Vec<StoredMode>, StoreError> {
    let texts: Vec<&str> = ids.iter().map(StreamId::as_str).collect();
    let rows = sqlx::query_as!(
        StoredMode,
        r#"select t.n as "n!", m.sequence as "sequence!", m.occurred_at as "occurred_at!",
             m.event_type as "event_type!", m.event_version as "event_version!", m.payload as "payload!"
           from unnest($1::text[]) with ordinality t (stream, n)
           cross join (values ('enrolled'), ('mode_changed')) k (kind)
           cross join lateral (
             select e.sequence, e.occurred_at, e.event_type, e.event_version, e.payload::text as payload
             from events e
             where e.aggregate_type = 'kiosk' and e.aggregate_id = t.stream and e.event_type = k.kind
               and coalesce(e.payload->>'queue_id', '') = '') m
           order by t.n, m.sequence"#,
        &texts as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
