//! The one transaction of a batch, and what it needs of the store.

use super::by_hand::{self, HandDecider};
use super::cache::Cache;
use super::decide::{self, Case, DecideError, Decider, Key, Plan, Seat};
use super::load::{self, At, Known, Moved, StoredEvent, StoredMode};
use super::queue::{HandJob, Job};
use crate::append::{Head, NewEvent, is_conflict};
use crate::clock::Clock;
use crate::directory::Entry;
use crate::error::StoreError;
use crate::ids::IdSource;
use crate::vault::{Keyring, VaultError};
use domain::school::Settings;
use domain::values::app_version::app_version;
use domain::{Epoch, KioskId, QueueId, SchoolId, StreamId};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Where batches are stored. Of the product there is one, on Postgres (`postgres.rs`); the simulation in
/// `tests` has a model.
pub trait ScanStore: Send + Sync + 'static {
    /// One transaction. Dropped, it is rolled back.
    type Tx: ScanTx;
    /// Where instants come from.
    fn clock(&self) -> &dyn Clock;
    /// Where ids come from.
    fn ids(&self) -> &dyn IdSource;
    /// What seals the text of the school's unplaced scans.
    fn keyring(&self, school: SchoolId) -> impl Future<Output = Result<Keyring, VaultError>> + Send;
    /// Begins a transaction that sees what is committed, with the epoch and the log's end.
    fn begin(&self) -> impl Future<Output = Result<(Self::Tx, Epoch, i64), StoreError>> + Send;
}

/// What happens in a transaction, in this order.
pub trait ScanTx: Send {
    /// The streams that gained an event behind `after` and up to `to`, those of `own` (from exclusive, to
    /// inclusive) aside.
    fn moved(
        &mut self,
        after: i64,
        to: i64,
        own: (i64, i64),
    ) -> impl Future<Output = Result<Vec<Moved>, StoreError>> + Send;
    /// What receipts say about each scan.
    fn receipts(&mut self, keys: &[Key]) -> impl Future<Output = Result<Vec<Known>, StoreError>> + Send;
    /// The index of each card that the directory knows, and its entry.
    fn cards(
        &mut self,
        cards: &[(SchoolId, String)],
    ) -> impl Future<Output = Result<Vec<(usize, Entry)>, StoreError>> + Send;
    /// The events of these streams, by stream and sequence number.
    fn streams(
        &mut self,
        types: &[&str],
        ids: &[StreamId],
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send;
    /// The same of the modes in kiosks' streams.
    fn lanes(&mut self, ids: &[StreamId]) -> impl Future<Output = Result<Vec<StoredMode>, StoreError>> + Send;
    /// Takes the log's lock and reads its end.
    fn take_head(&mut self) -> impl Future<Output = Result<Head, sqlx::Error>> + Send;
    /// Whether one of these scans' numbers has a receipt.
    fn numbers_taken(&mut self, keys: &[Key]) -> impl Future<Output = Result<bool, sqlx::Error>> + Send;
    /// Appends events behind the head.
    fn append(&mut self, head: Head, events: &[NewEvent]) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Notes what each device said last.
    fn see(&mut self, seen: &BTreeMap<Uuid, Seen<'_>>) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Writes receipts.
    fn give_receipts(&mut self, receipts: &Receipts) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Moves each queue (kiosk, queue → school) over the numbers known by now, and says where it is.
    fn advance(
        &mut self,
        queues: &BTreeMap<(Uuid, Uuid), Uuid>,
    ) -> impl Future<Output = Result<Acks, sqlx::Error>> + Send;
    /// Commits. After an error the outcome may be unknown.
    fn commit(self) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// Why a transaction did not happen, or may not have happened.
#[derive(Debug)]
pub(super) enum Fail {
    /// Somebody else wrote in between: read again, decide again.
    Conflict,
    /// It may pass, or a person must mend it: no scan is to blame.
    Outage(StoreError),
    /// It will not pass by itself: some item cannot be stored.
    Poison(StoreError),
    /// This school is not registered.
    Unknown(SchoolId),
    /// These schools' keys are needed first, for these jobs.
    KeysOf(BTreeMap<SchoolId, HashSet<usize>>),
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        if let StoreError::UnknownSchool(school) = error {
            return Self::Unknown(school);
        }
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
    /// Of every school in it.
    pub(super) settings: HashMap<SchoolId, Settings>,
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
pub type Acks = HashMap<(KioskId, QueueId), i64>;

/// Positions that commits of unknown outcome would have given, by scan.
pub(super) type Attempted = HashMap<Key, i64>;

pub(super) struct Transaction<'a, S> {
    pub(super) store: &'a S,
    pub(super) jobs: &'a [Job],
    pub(super) by_hand: &'a [HandJob],
}

/// What is stored together.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) seats: Vec<Seat>,
    /// Which of the things by hand.
    pub(super) by_hand: Vec<usize>,
}

impl Part {
    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.by_hand.is_empty()
    }
}

impl<S: ScanStore> Transaction<'_, S> {
    /// Reads, decides, writes, commits. `attempted` says where the scans of commits of unknown outcome
    /// are, if they happened.
    pub(super) async fn transact(
        &self,
        part: &Part,
        cache: &mut Cache,
        attempted: &mut Attempted,
    ) -> Result<Stored, Fail> {
        let seats = &part.seats[..];
        let (mut tx, epoch, read_at) = self.store.begin().await?;
        cache.follow(&mut tx, epoch, read_at).await?;
        let by_hand = part.by_hand.iter().map(|n| self.by_hand[*n].asked.context.school);
        let schools = seats.iter().map(|seat| self.jobs[seat.job].batch.kiosk.school_id).chain(by_hand).collect();
        let settings = load::settings(&mut tx, cache, &schools).await?;
        let keys: Vec<Key> = seats.iter().map(|seat| seat.key(self.jobs)).collect();
        let known = if keys.is_empty() { Vec::new() } else { tx.receipts(&keys).await? };
        let cards = load::cards(&mut tx, self.jobs, seats).await?;
        let cases = decide::classify(self.jobs, seats, known, &cards, &settings);
        let missing = self.missing_keys(seats, &cases, cache);
        if !missing.is_empty() {
            return Err(Fail::KeysOf(missing));
        }
        let mut wanted = decide::wanted(self.jobs, seats, &cases);
        by_hand::want(self.by_hand, &part.by_hand, &mut wanted);
        let mut streams = load::streams(&mut tx, cache, &wanted).await?;
        let decider = Decider { jobs: self.jobs, cache, settings: &settings, ids: self.store.ids() };
        let mut plan = decider.decide(seats, cases, &mut streams)?;
        let decider = HandDecider { jobs: self.by_hand, cache, settings: &settings, ids: self.store.ids() };
        decider.decide(&part.by_hand, &mut streams, &mut plan)?;
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
            let head = tx.take_head().await?;
            before = head.position;
            let numbers = numbers(&keys, &plan, &fresh);
            if head.position != read_at && !numbers.is_empty() && tx.numbers_taken(&numbers).await? {
                return Err(Fail::Conflict);
            }
            tx.append(head, &plan.events).await?;
        }
        self.write_rows(&mut tx, seats, &keys, &plan, &fresh, before).await?;
        let queues: BTreeMap<(Uuid, Uuid), Uuid> = seats
            .iter()
            .map(|seat| &self.jobs[seat.job].batch)
            .map(|b| ((b.kiosk.kiosk_id.0, b.queue_id.0), b.kiosk.school_id.0))
            .collect();
        let acks = if queues.is_empty() { Acks::new() } else { tx.advance(&queues).await? };
        #[cfg(test)]
        local_services::failpoint::reach("batcher: after insert").await.map_err(sqlx::Error::from)?;
        // From here on the outcome may be unknown, also to one who stops waiting for it.
        attempted.extend(fresh.iter().map(|i| (keys[*i], position(plan.outcomes[*i].receipt.at, before))));
        tx.commit().await?;
        #[cfg(test)]
        local_services::failpoint::reach("batcher: after commit").await.map_err(sqlx::Error::from)?;
        cache.keep(streams, read_at, before, plan.events.len());
        for i in &fresh {
            attempted.remove(&keys[*i]);
        }
        Ok(Stored { plan, before, acks, epoch, settings })
    }

    fn missing_keys(&self, seats: &[Seat], cases: &[Case], cache: &Cache) -> BTreeMap<SchoolId, HashSet<usize>> {
        let mut schools = decide::sealing(self.jobs, seats, cases);
        schools.retain(|school, _| !cache.keyrings.contains_key(school));
        schools
    }

    /// Receipts, and what each device said last.
    async fn write_rows(
        &self,
        tx: &mut S::Tx,
        seats: &[Seat],
        keys: &[Key],
        plan: &Plan,
        fresh: &[usize],
        before: i64,
    ) -> Result<(), sqlx::Error> {
        if seats.is_empty() {
            return Ok(());
        }
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
        tx.see(&last).await?;
        if fresh.is_empty() {
            return Ok(());
        }
        tx.give_receipts(&rows).await
    }
}

/// Receipts, column by column.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "columns of the table")]
pub struct Receipts {
    pub kiosk: Vec<Uuid>,
    pub queue: Vec<Uuid>,
    pub seq: Vec<i64>,
    pub scan: Vec<Uuid>,
    pub school: Vec<Uuid>,
    pub verdict: Vec<&'static str>,
    /// Separated by commas.
    pub reasons: Vec<String>,
    pub position: Vec<i64>,
    pub received_at: Vec<chrono::DateTime<chrono::Utc>>,
}

/// The scans whose numbers must be free: those that are not the second under theirs.
fn numbers(keys: &[Key], plan: &Plan, fresh: &[usize]) -> Vec<Key> {
    fresh.iter().filter(|i| !plan.outcomes[**i].fork).map(|i| keys[*i]).filter(|key| key.seq > 0).collect()
}

/// Whether a number was used by another scan since the receipts were read: two batchers met.
pub(super) async fn numbers_taken_in_tx(conn: &mut PgConnection, keys: &[Key]) -> Result<bool, sqlx::Error> {
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

pub(super) async fn give_receipts_in_tx(conn: &mut PgConnection, rows: &Receipts) -> Result<(), sqlx::Error> {
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

/// What a device said about itself.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its school.
    pub school: Uuid,
    /// When it said so.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Scans that wait on it.
    pub queue_depth: u32,
    /// Its clocks.
    pub device: &'a domain::device_time::DeviceNow,
    /// The version of its program.
    pub app_version: Option<&'a str>,
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
