//! The one transaction of a batch.

use super::decide::{self, Case, DecideError, Decider, Key, Plan, Seat};
use super::load::{self, At, Cache};
use super::queue::Job;
use crate::append::{Head, is_conflict};
use crate::error::StoreError;
use crate::write::Write;
use domain::school::Settings;
use domain::values::app_version::app_version;
use domain::{Epoch, KioskId, QueueId, SchoolId};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Why a transaction did not happen, or may not have happened.
#[derive(Debug)]
pub(super) enum Fail {
    /// Somebody else wrote in between: read again, decide again.
    Conflict,
    /// It may pass, or a person must mend it: no scan is to blame.
    Outage(StoreError),
    /// It will not pass by itself: some item cannot be stored.
    Poison(StoreError),
    /// These schools' keys are needed first, for these jobs.
    KeysOf(HashMap<SchoolId, HashSet<usize>>),
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        if error.is_about_data() { Self::Poison(error) } else { Self::Outage(error) }
    }
}

impl From<sqlx::Error> for Fail {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) { Self::Conflict } else { StoreError::from(error).into() }
    }
}

impl From<DecideError> for Fail {
    fn from(error: DecideError) -> Self {
        let outage = matches!(error, DecideError::Vault(_));
        let error = StoreError::Library(Box::new(error));
        if outage { Self::Outage(error) } else { Self::Poison(error) }
    }
}

/// A transaction that is committed.
pub(super) struct Stored {
    pub(super) plan: Plan,
    /// The log's end before its events.
    pub(super) before: i64,
    pub(super) acks: Acks,
    pub(super) epoch: Epoch,
}

impl Stored {
    pub(super) fn position(&self, at: At) -> i64 {
        position(at, self.before)
    }
}

fn position(at: At, before: i64) -> i64 {
    match at {
        At::Position(position) => position,
        At::Index(index) => before + 1 + index as i64,
    }
}

/// How far each queue is known without a hole.
pub(super) type Acks = HashMap<(KioskId, QueueId), i64>;

/// Positions that commits of unknown outcome would have given, by scan.
pub(super) type Attempted = HashMap<Key, i64>;

pub(super) struct Store<'a> {
    pub(super) write: &'a Write,
    pub(super) jobs: &'a [Job],
    pub(super) settings: &'a HashMap<SchoolId, Settings>,
}

impl Store<'_> {
    /// Reads, decides, writes, commits. `attempted` says where the scans of commits of unknown outcome
    /// are, if they happened.
    pub(super) async fn transact(
        &self,
        seats: &[Seat],
        cache: &mut Cache,
        attempted: &mut Attempted,
    ) -> Result<Stored, Fail> {
        let mut tx = self.write.pool().begin().await?;
        let (epoch, read_at) = load::begin_in_tx(&mut tx).await?;
        cache.enter(epoch);
        let keys: Vec<Key> = seats.iter().map(|seat| seat.key(self.jobs)).collect();
        let known = load::receipts_in_tx(&mut tx, &keys).await?;
        let cards = load::cards_in_tx(&mut tx, self.write.directory(), self.jobs, seats).await?;
        let cases = decide::classify(self.jobs, seats, known, &cards, self.settings);
        let missing = self.missing_keys(seats, &cases, cache);
        if !missing.is_empty() {
            return Err(Fail::KeysOf(missing));
        }
        let wanted = decide::wanted(self.jobs, seats, &cases);
        let mut streams = load::streams_in_tx(&mut tx, cache, &wanted).await?;
        let decider = Decider { jobs: self.jobs, cache, settings: self.settings, ids: &**self.write.ids() };
        let mut plan = decider.decide(seats, cases, &mut streams)?;
        let mut met = HashSet::new();
        for (key, outcome) in keys.iter().zip(&mut plan.outcomes) {
            // Ours: stored by a commit whose answer was lost, and never answered.
            if let At::Position(at) = outcome.receipt.at
                && met.insert(key)
                && attempted.get(key) == Some(&at)
            {
                outcome.repeat = false;
            }
        }
        #[cfg(test)]
        local_services::failpoint::reach("batcher: before insert").await.map_err(sqlx::Error::from)?;
        let fresh: Vec<usize> = (0..seats.len()).filter(|i| plan.outcomes[*i].new).collect();
        let mut before = read_at;
        if !plan.events.is_empty() {
            let head = Head::take_in_tx(&mut tx, &**self.write.clock()).await?;
            before = head.position;
            if head.position != read_at && numbers_taken_in_tx(&mut tx, &keys, &plan, &fresh).await? {
                return Err(Fail::Conflict);
            }
            head.append_in_tx(&mut tx, &plan.events).await?;
        }
        self.write_rows_in_tx(&mut tx, seats, &keys, &plan, &fresh, before).await?;
        let queues: BTreeMap<(Uuid, Uuid), Uuid> = seats
            .iter()
            .map(|seat| &self.jobs[seat.job].batch)
            .map(|b| ((b.kiosk.kiosk_id.0, b.queue_id.0), b.kiosk.school_id.0))
            .collect();
        let acks = advance_in_tx(&mut tx, &queues).await?;
        #[cfg(test)]
        local_services::failpoint::reach("batcher: after insert").await.map_err(sqlx::Error::from)?;
        // From here on the outcome may be unknown, also to one who stops waiting for it.
        attempted.extend(fresh.iter().map(|i| (keys[*i], position(plan.outcomes[*i].receipt.at, before))));
        tx.commit().await?;
        #[cfg(test)]
        local_services::failpoint::reach("batcher: after commit").await.map_err(sqlx::Error::from)?;
        for i in &fresh {
            attempted.remove(&keys[*i]);
        }
        Ok(Stored { plan, before, acks, epoch })
    }

    fn missing_keys(&self, seats: &[Seat], cases: &[Case], cache: &Cache) -> HashMap<SchoolId, HashSet<usize>> {
        let mut schools = decide::sealing(self.jobs, seats, cases);
        schools.retain(|school, _| !cache.keyrings.contains_key(school));
        schools
    }

    /// Receipts, and what each device said last.
    async fn write_rows_in_tx(
        &self,
        conn: &mut PgConnection,
        seats: &[Seat],
        keys: &[Key],
        plan: &Plan,
        fresh: &[usize],
        before: i64,
    ) -> Result<(), sqlx::Error> {
        let mut rows = Receipts::default();
        for i in fresh {
            let (job, receipt) = (&self.jobs[seats[*i].job], &plan.outcomes[*i].receipt);
            rows.kiosk.push(keys[*i].kiosk.0);
            rows.queue.push(keys[*i].queue.0);
            rows.seq.push(keys[*i].seq);
            rows.scan.push(keys[*i].scan.0);
            rows.school.push(job.batch.kiosk.school_id.0);
            rows.verdict.push(receipt.verdict.as_str());
            rows.reasons.push(receipt.reasons.join(","));
            rows.position.push(position(receipt.at, before));
            rows.received_at.push(job.received_at);
        }
        // Each kiosk once, by its last word, in one order everywhere.
        let mut last: BTreeMap<Uuid, Seen> = BTreeMap::new();
        for job in seats.iter().map(|seat| &self.jobs[seat.job]) {
            let seen = Seen::of(job);
            last.entry(job.batch.kiosk.kiosk_id.0).and_modify(|s| *s = s.later(seen)).or_insert(seen);
        }
        see_in_tx(&mut *conn, &last).await?;
        if fresh.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "insert into scan_receipts (kiosk_id, queue_id, seq, scan_id, school_id, verdict, reasons, position, received_at)
             select t.kiosk_id, t.queue_id, t.seq, t.scan_id, t.school_id, t.verdict,
               string_to_array(t.reasons, ','), t.position, t.received_at
             from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
               $8::bigint[], $9::timestamptz[])
               t (kiosk_id, queue_id, seq, scan_id, school_id, verdict, reasons, position, received_at)",
            &rows.kiosk,
            &rows.queue,
            &rows.seq,
            &rows.scan,
            &rows.school,
            &rows.verdict as &[&str],
            &rows.reasons,
            &rows.position,
            &rows.received_at,
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
struct Receipts {
    kiosk: Vec<Uuid>,
    queue: Vec<Uuid>,
    seq: Vec<i64>,
    scan: Vec<Uuid>,
    school: Vec<Uuid>,
    verdict: Vec<&'static str>,
    reasons: Vec<String>,
    position: Vec<i64>,
    received_at: Vec<chrono::DateTime<chrono::Utc>>,
}

/// Whether a number was used by another scan since the receipts were read: two batchers met.
async fn numbers_taken_in_tx(
    conn: &mut PgConnection,
    keys: &[Key],
    plan: &Plan,
    fresh: &[usize],
) -> Result<bool, sqlx::Error> {
    let keys: Vec<Key> =
        fresh.iter().filter(|i| !plan.outcomes[**i].fork).map(|i| keys[*i]).filter(|key| key.seq > 0).collect();
    let kiosks: Vec<Uuid> = keys.iter().map(|k| k.kiosk.0).collect();
    let queues: Vec<Uuid> = keys.iter().map(|k| k.queue.0).collect();
    let seqs: Vec<i64> = keys.iter().map(|k| k.seq).collect();
    sqlx::query_scalar!(
        r#"select exists (
             select from unnest($1::uuid[], $2::uuid[], $3::bigint[]) t (kiosk_id, queue_id, seq)
             join scan_receipts r on r.kiosk_id = t.kiosk_id and r.queue_id = t.queue_id and r.seq = t.seq
           ) as "taken!""#,
        &kiosks,
        &queues,
        &seqs,
    )
    .fetch_one(conn)
    .await
}

/// What a device said about itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) school: Uuid,
    pub(crate) at: chrono::DateTime<chrono::Utc>,
    pub(crate) queue_depth: u32,
    pub(crate) device: &'a domain::device_time::DeviceNow,
    pub(crate) app_version: Option<&'a str>,
}

impl<'a> Seen<'a> {
    fn of(job: &'a Job) -> Self {
        Self {
            school: job.batch.kiosk.school_id.0,
            at: job.received_at,
            queue_depth: job.batch.queue_depth,
            device: &job.batch.device_now,
            app_version: job.batch.app_version.as_deref(),
        }
    }

    fn later(self, other: Self) -> Self {
        if other.at >= self.at { other } else { self }
    }
}

/// Notes what devices said, each kiosk's newest word.
pub(crate) async fn see_in_tx(conn: &mut PgConnection, seen: &BTreeMap<Uuid, Seen<'_>>) -> Result<(), sqlx::Error> {
    let kiosks: Vec<Uuid> = seen.keys().copied().collect();
    let schools: Vec<Uuid> = seen.values().map(|s| s.school).collect();
    let at: Vec<_> = seen.values().map(|s| s.at).collect();
    let depth: Vec<i32> = seen.values().map(|s| i32::try_from(s.queue_depth).unwrap_or(i32::MAX)).collect();
    let skew: Vec<i64> = seen.values().map(|s| s.device.wall.signed_duration_since(s.at).num_milliseconds()).collect();
    let boot: Vec<Uuid> = seen.values().map(|s| s.device.boot_id).collect();
    let version: Vec<Option<&str>> = seen.values().map(|s| s.app_version.and_then(app_version)).collect();
    sqlx::query!(
        "insert into kiosk_seen (kiosk_id, school_id, last_seen, queue_depth, clock_skew_ms, boot_id, app_version)
         select t.kiosk_id, t.school_id, t.last_seen, t.queue_depth, t.clock_skew_ms, t.boot_id, t.app_version
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int[], $5::bigint[], $6::uuid[], $7::text[])
           t (kiosk_id, school_id, last_seen, queue_depth, clock_skew_ms, boot_id, app_version)
         order by t.kiosk_id
         on conflict (kiosk_id) do update set last_seen = excluded.last_seen, queue_depth = excluded.queue_depth,
           clock_skew_ms = excluded.clock_skew_ms, boot_id = excluded.boot_id,
           app_version = coalesce(excluded.app_version, kiosk_seen.app_version)
         where kiosk_seen.last_seen <= excluded.last_seen",
        &kiosks,
        &schools,
        &at,
        &depth,
        &skew,
        &boot,
        &version as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves each queue's `ack_through` (kiosk, queue → school) over the numbers that are known by now,
/// at most 2,000 at a time, and returns where it is.
pub(crate) async fn advance_in_tx(
    conn: &mut PgConnection,
    queues: &BTreeMap<(Uuid, Uuid), Uuid>,
) -> Result<Acks, sqlx::Error> {
    let kiosks: Vec<Uuid> = queues.keys().map(|k| k.0).collect();
    let ids: Vec<Uuid> = queues.keys().map(|k| k.1).collect();
    let schools: Vec<Uuid> = queues.values().copied().collect();
    let rows = sqlx::query!(
        r#"insert into kiosk_queues (kiosk_id, queue_id, school_id, ack_through)
           select t.kiosk_id, t.queue_id, t.school_id, a.known + (
             select count(*) from (
               select s.seq, row_number() over (order by s.seq) as n from (
                 select distinct r.seq from scan_receipts r
                 where r.kiosk_id = t.kiosk_id and r.queue_id = t.queue_id and r.seq > a.known
                 order by r.seq limit 2000) s) w
             where w.seq = a.known + w.n)
           from unnest($1::uuid[], $2::uuid[], $3::uuid[]) t (kiosk_id, queue_id, school_id)
           left join kiosk_queues q on q.kiosk_id = t.kiosk_id and q.queue_id = t.queue_id
           cross join lateral (select coalesce(q.ack_through, 0) as known) a
           order by t.kiosk_id, t.queue_id
           on conflict (kiosk_id, queue_id) do update
             set ack_through = greatest(kiosk_queues.ack_through, excluded.ack_through)
           returning kiosk_id, queue_id, ack_through"#,
        &kiosks,
        &ids,
        &schools,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| ((KioskId(r.kiosk_id), QueueId(r.queue_id)), r.ack_through)).collect())
}
