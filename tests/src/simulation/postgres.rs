//! The model of Postgres: the log with its lock, receipts, the read model's tables, sessions that
//! break, restarts, and restores of a backup.

use super::chance::{Bells, Broken, Chance, Process};
use super::school::{self, Cast};
use super::tables::Tables;
use commands::vault::Keyring;
use domain::sealed::SealingClass;
use domain::{Epoch, SchoolId};
use nats::RawEvent;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use uuid::Uuid;

/// A receipt: kiosk, queue, number, scan → verdict, reasons, position.
pub type ReceiptKey = (Uuid, Uuid, i64, Uuid);
pub type ReceiptRow = (&'static str, String, i64);

/// What a backup holds.
#[derive(Clone)]
pub struct Data {
    pub epoch: Epoch,
    pub events: BTreeMap<i64, Arc<RawEvent>>,
    pub streams: BTreeMap<(String, String), Vec<i64>>,
    pub receipts: BTreeMap<ReceiptKey, ReceiptRow>,
    pub queues: BTreeMap<(Uuid, Uuid), i64>,
    pub tables: Tables,
}

impl Data {
    pub fn head(&self) -> i64 {
        self.events.last_key_value().map_or(0, |(position, _)| *position)
    }
}

pub struct State {
    pub data: Data,
    /// Grows with each restart: what was connected before is broken.
    pub generation: u64,
    up_at: Instant,
    pub leader: Option<u64>,
    pub sessions: u64,
    /// Events given away and not committed yet count here too ([`super::bugs::Bug::PositionsNotInCommitOrder`]).
    pub promised: i64,
    backup: Option<Data>,
    /// Every event that was ever committed, by epoch.
    pub histories: BTreeMap<Epoch, BTreeMap<i64, Arc<RawEvent>>>,
    /// The read model before its latest commits, which a restart may lose.
    pub unsynced: VecDeque<(Instant, Tables)>,
}

/// The server. Cheap to clone.
#[derive(Clone)]
pub struct Postgres(Arc<Inner>);

struct Inner {
    chance: Chance,
    cast: Cast,
    state: Mutex<State>,
    log_lock: Arc<tokio::sync::Mutex<()>>,
    checkpoint_lock: Arc<tokio::sync::Mutex<()>>,
    grown: Bells,
    said: broadcast::Sender<String>,
    keyrings: BTreeMap<SchoolId, Keyring>,
}

/// How long the read model's commits may stay unsynced: three times `wal_writer_delay`.
const UNSYNCED: Duration = Duration::from_millis(600);

impl Postgres {
    pub fn new(chance: &Chance, cast: &Cast) -> Self {
        let epoch = school::epoch(0);
        let data = Data {
            epoch,
            events: BTreeMap::new(),
            streams: BTreeMap::new(),
            receipts: BTreeMap::new(),
            queues: BTreeMap::new(),
            tables: Tables::default(),
        };
        let state = State {
            data,
            generation: 0,
            up_at: Instant::now(),
            leader: None,
            sessions: 0,
            promised: 0,
            backup: None,
            histories: BTreeMap::from([(epoch, BTreeMap::new())]),
            unsynced: VecDeque::new(),
        };
        let ring = |school: SchoolId| {
            Keyring::fresh(school, school.0, SealingClass::Evidence, Uuid::from_u128(0xee)).expect("random numbers")
        };
        Self(Arc::new(Inner {
            chance: chance.clone(),
            cast: cast.clone(),
            state: Mutex::new(state),
            log_lock: Arc::default(),
            checkpoint_lock: Arc::default(),
            grown: Bells::default(),
            said: broadcast::Sender::new(64),
            keyrings: cast.schools().map(|school| (school, ring(school))).collect(),
        }))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn chance(&self) -> &Chance {
        &self.0.chance
    }

    pub fn cast(&self) -> &Cast {
        &self.0.cast
    }

    pub fn keyring(&self, school: SchoolId) -> Option<Keyring> {
        self.0.keyrings.get(&school).cloned()
    }

    pub fn log_lock(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.0.log_lock.clone()
    }

    pub fn checkpoint_lock(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.0.checkpoint_lock.clone()
    }

    /// What a process sees of it.
    pub fn of(&self, process: &Process) -> Client {
        Client { server: self.clone(), process: process.clone() }
    }

    /// Counts the log's growth.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.0.grown.hang()
    }

    /// Tells who listens that the log grew; may be lost.
    pub fn notify_log(&self) {
        if !self.0.chance.unlucky(200) {
            self.0.grown.ring();
        }
    }

    /// What commits of the read model say.
    pub fn said(&self) -> broadcast::Receiver<String> {
        self.0.said.subscribe()
    }

    pub fn say(&self, schools: String) {
        if !self.0.chance.unlucky(200) {
            // Nobody may listen.
            let _ = self.0.said.send(schools);
        }
    }

    /// The backstop behind lost notifications, as `nats::wake` has it.
    pub async fn poll(self) {
        let mut last = (Epoch(Uuid::nil()), 0);
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = {
                let state = self.state();
                (state.data.epoch, state.data.head())
            };
            if std::mem::replace(&mut last, now) != now {
                self.0.grown.ring();
            }
        }
    }

    /// It is killed and comes back: transactions and sessions are gone, and so may be the last commits of
    /// the read model, which does not wait for the disk.
    pub fn restart(&self) {
        let down = Duration::from_millis(10 + self.0.chance.below(3_000));
        let lost = self.0.chance.below(4);
        let mut state = self.state();
        state.break_connections(down);
        state.forget_synced();
        for _ in 0..lost {
            if let Some((_, before)) = state.unsynced.pop_back() {
                state.data.tables = before;
            }
        }
        drop(state);
        self.0.chance.note("postgres restarts", lost);
    }

    /// Keeps a copy for a later restore.
    pub fn back_up(&self) {
        let mut state = self.state();
        state.backup = Some(state.data.clone());
        let head = state.data.head();
        drop(state);
        self.0.chance.note("backup", head as u64);
    }

    /// Puts the backup in place: the log begins another epoch.
    pub fn restore(&self) {
        let keeps_epoch = self.0.chance.has(super::bugs::Bug::RestoreKeepsEpoch);
        let mut state = self.state();
        let Some(backup) = state.backup.clone() else { return };
        state.break_connections(Duration::from_millis(500));
        let epoch = if keeps_epoch { backup.epoch } else { school::epoch(state.histories.len() as u128) };
        state.data = Data { epoch, ..backup };
        state.promised = 0;
        state.unsynced.clear();
        let events = state.data.events.clone();
        state.histories.insert(epoch, events);
        let head = state.data.head();
        drop(state);
        self.0.chance.note("restore", head as u64);
    }

    /// Whether any answer can be had, on a connection of this generation.
    pub fn answers(&self, generation: Option<u64>) -> Result<(), Broken> {
        let state = self.state();
        let connected = generation.is_none_or(|generation| generation == state.generation);
        if connected && Instant::now() >= state.up_at { Ok(()) } else { Err(Broken) }
    }
}

impl State {
    fn break_connections(&mut self, down: Duration) {
        self.generation += 1;
        self.leader = None;
        self.up_at = Instant::now() + down;
        self.promised = 0;
    }

    /// Commits of the read model that a restart no longer loses.
    pub fn forget_synced(&mut self) {
        let now = Instant::now();
        while self.unsynced.front().is_some_and(|(at, _)| now.duration_since(*at) > UNSYNCED) {
            self.unsynced.pop_front();
        }
    }

    /// The log of an epoch, as far as it ever came.
    pub fn history(&self, epoch: Epoch) -> Option<&BTreeMap<i64, Arc<RawEvent>>> {
        self.histories.get(&epoch)
    }
}

/// One process's use of the server.
#[derive(Clone)]
pub struct Client {
    pub server: Postgres,
    pub process: Process,
}

impl Client {
    /// A statement outside of a transaction.
    pub async fn ask<T: Send>(
        &self,
        what: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, sqlx::Error> + Send,
    ) -> Result<T, sqlx::Error> {
        self.process
            .run(what, || {
                self.server.answers(None)?;
                effect(&mut self.server.state())
            })
            .await
    }

    /// A statement on a connection of this generation.
    pub async fn ask_on<T: Send>(
        &self,
        generation: u64,
        what: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, sqlx::Error> + Send,
    ) -> Result<T, sqlx::Error> {
        self.process
            .run(what, || {
                self.server.answers(Some(generation))?;
                effect(&mut self.server.state())
            })
            .await
    }
}

/// A row is there already.
#[derive(Debug)]
pub struct UniqueViolation;

impl std::fmt::Display for UniqueViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("duplicate key value violates unique constraint")
    }
}

impl std::error::Error for UniqueViolation {}

impl sqlx::error::DatabaseError for UniqueViolation {
    fn message(&self) -> &str {
        "duplicate key value violates unique constraint"
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        Some("23505".into())
    }
    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }
    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }
    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }
    fn kind(&self) -> sqlx::error::ErrorKind {
        sqlx::error::ErrorKind::UniqueViolation
    }
}

pub fn conflict() -> sqlx::Error {
    sqlx::Error::Database(Box::new(UniqueViolation))
}
