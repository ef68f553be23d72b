//! The batcher's, the relay's and the feeds' seams on the model of Postgres.

use super::bugs::Bug;
use super::chance::{Broken, Fate};
use super::postgres::{Client, Postgres, ReceiptKey, ReceiptRow, State, conflict};
use super::school;
use commands::StoreError;
use commands::append::{Head, NewEvent};
use commands::batcher::Verdict;
use commands::batcher::seam::{
    Acks, At, Key, Known, Moved, Receipt, Receipts, ScanStore, ScanTx, Seen, StoredEvent, StoredMode,
};
use commands::clock::Clock;
use commands::directory::Entry;
use commands::ids::IdSource;
use commands::vault::{Keyring, VaultError};
use domain::{DomainEvent, Epoch, KioskId, QueueId, Recorded, SchoolId, StreamId};
use nats::RawEvent;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{OwnedMutexGuard, oneshot};
use uuid::Uuid;

impl From<Broken> for VaultError {
    fn from(broken: Broken) -> Self {
        sqlx::Error::from(broken).into()
    }
}

/// What a batcher writes to.
pub struct Store {
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

impl ScanStore for Store {
    type Tx = Tx;

    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn ids(&self) -> &dyn IdSource {
        &*self.ids
    }

    async fn keyring(&self, school: SchoolId) -> Result<Keyring, VaultError> {
        self.client.process.run("keyring", || self.client.server.keyring(school).ok_or(VaultError::NotLoaded)).await
    }

    async fn begin(&self) -> Result<(Tx, Epoch, i64), StoreError> {
        let read = |state: &mut State| Ok((state.generation, state.data.epoch, state.data.head()));
        let (generation, epoch, head) = self.client.ask("begin", read).await?;
        let tx = Tx {
            client: self.client.clone(),
            clock: self.clock.clone(),
            generation,
            lock: None,
            head: None,
            events: Vec::new(),
            receipts: BTreeMap::new(),
            queues: BTreeMap::new(),
        };
        Ok((tx, epoch, head))
    }
}

/// The batcher's transaction: what it wrote is seen by nobody else before the commit.
pub struct Tx {
    client: Client,
    clock: Arc<dyn Clock>,
    generation: u64,
    lock: Option<OwnedMutexGuard<()>>,
    head: Option<Head>,
    events: Vec<Arc<RawEvent>>,
    receipts: BTreeMap<ReceiptKey, ReceiptRow>,
    queues: BTreeMap<(Uuid, Uuid), i64>,
}

impl Tx {
    async fn ask<T: Send>(
        &self,
        what: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, sqlx::Error> + Send,
    ) -> Result<T, sqlx::Error> {
        self.client.ask_on(self.generation, what, effect).await
    }

    fn bug(&self, bug: Bug) -> bool {
        self.client.server.chance().has(bug)
    }
}

fn row(key: &Key) -> ReceiptKey {
    (key.kiosk.0, key.queue.0, key.seq, key.scan.0)
}

/// All receipts under a number.
fn under(of: &BTreeMap<ReceiptKey, ReceiptRow>, kiosk: Uuid, queue: Uuid, seq: i64) -> impl Iterator<Item = Uuid> {
    of.range((kiosk, queue, seq, Uuid::nil())..=(kiosk, queue, seq, Uuid::max())).map(|(key, _)| key.3)
}

impl ScanTx for Tx {
    async fn moved(&mut self, after: i64, to: i64, own: (i64, i64)) -> Result<Vec<Moved>, StoreError> {
        let moved = |event: &Arc<RawEvent>| Moved {
            aggregate_type: event.aggregate_type.clone(),
            school: event.school_id,
            stream: event.stream.clone(),
        };
        let read = |state: &mut State| {
            let behind = state.data.events.range(after + 1..=to);
            Ok(behind.filter(|(p, _)| **p <= own.0 || **p > own.1).map(|(_, event)| moved(event)).collect())
        };
        Ok(self.ask("moved", read).await?)
    }

    async fn receipts(&mut self, keys: &[Key]) -> Result<Vec<Known>, StoreError> {
        let known = |state: &mut State, key: &Key| {
            let receipt = state.data.receipts.get(&row(key)).map(|(verdict, reasons, position)| Receipt {
                verdict: match *verdict {
                    "accepted" => Verdict::Accepted,
                    "flagged" => Verdict::Flagged,
                    _ => Verdict::Quarantined,
                },
                reasons: reasons.split(',').filter(|r| !r.is_empty()).map(str::to_owned).collect(),
                at: At::Position(*position),
            });
            let mut others = under(&state.data.receipts, key.kiosk.0, key.queue.0, key.seq);
            let forked = key.seq > 0 && others.any(|scan| scan != key.scan.0);
            Known { receipt, forked }
        };
        let read = |state: &mut State| Ok(keys.iter().map(|key| known(state, key)).collect());
        Ok(self.ask("receipts", read).await?)
    }

    async fn cards(&mut self, cards: &[(SchoolId, String)]) -> Result<Vec<(usize, Entry)>, StoreError> {
        let cast = self.client.server.cast();
        let found = || {
            let known = cards.iter().enumerate().filter_map(|(n, (school, text))| Some((n, cast.card(*school, text)?)));
            Ok(known.collect())
        };
        Ok(self.ask("cards", |_| found()).await?)
    }

    async fn streams(&mut self, types: &[&str], ids: &[StreamId]) -> Result<Vec<StoredEvent>, StoreError> {
        let read = |state: &mut State| {
            let mut rows = Vec::new();
            for (n, (aggregate, id)) in types.iter().zip(ids).enumerate() {
                let n = n as i64 + 1;
                if *aggregate == domain::school::Event::AGGREGATE {
                    rows.push(school::registered(n));
                }
                let positions = state.data.streams.get(&((*aggregate).to_owned(), id.to_string()));
                for event in positions.into_iter().flatten().filter_map(|p| state.data.events.get(p)) {
                    rows.push(StoredEvent {
                        n,
                        position: event.position,
                        sequence: event.sequence,
                        event_type: event.event_type.clone(),
                        event_version: event.event_version.clone(),
                        occurred_at: event.occurred_at,
                        payload: event.payload.get().to_owned(),
                    });
                }
            }
            Ok(rows)
        };
        Ok(self.ask("streams", read).await?)
    }

    async fn lanes(&mut self, _: &[StreamId]) -> Result<Vec<StoredMode>, StoreError> {
        Ok(self.ask("lanes", |_| Ok(Vec::new())).await?)
    }

    async fn take_head(&mut self) -> Result<Head, sqlx::Error> {
        let lock = self.client.server.log_lock().lock_owned().await;
        let last_given = self.bug(Bug::PositionsNotInCommitOrder);
        let now = self.clock.now();
        let head = self
            .ask("take head", |state| {
                let last = state.data.events.last_key_value().map(|(_, event)| event.recorded_at);
                let head = state.data.head();
                let position = if last_given { head.max(state.promised) } else { head };
                Ok(Head { position, recorded_at: last.map_or(now, |last| last.max(now)), clock_behind: None })
            })
            .await?;
        self.lock = Some(lock);
        self.head = Some(head);
        Ok(head)
    }

    async fn numbers_taken(&mut self, keys: &[Key]) -> Result<bool, sqlx::Error> {
        self.ask("numbers taken", |state| {
            let taken = |key: &Key| under(&state.data.receipts, key.kiosk.0, key.queue.0, key.seq).next().is_some();
            Ok(keys.iter().any(taken))
        })
        .await
    }

    async fn append(&mut self, head: Head, events: &[NewEvent]) -> Result<(), sqlx::Error> {
        let new: Vec<RawEvent> =
            events.iter().enumerate().map(|(i, event)| recorded(event, head, i)).collect::<Result<_, _>>()?;
        let ignored = self.bug(Bug::ConflictsIgnored);
        let kept = self
            .ask("append", |state| {
                let mut kept = Vec::new();
                for event in new {
                    let stream = (event.aggregate_type.clone(), event.stream.to_string());
                    let taken = |p: &i64| state.data.events.get(p).is_some_and(|e| e.sequence == event.sequence);
                    match state.data.streams.get(&stream).is_some_and(|positions| positions.iter().any(taken)) {
                        true if ignored => {}
                        true => return Err(conflict()),
                        false => kept.push(Arc::new(event)),
                    }
                }
                Ok(kept)
            })
            .await?;
        self.events = kept;
        if self.bug(Bug::PositionsNotInCommitOrder) {
            let mut state = self.client.server.state();
            state.promised = state.promised.max(head.position + events.len() as i64);
            drop(state);
            self.lock = None;
        }
        Ok(())
    }

    async fn see(&mut self, _: &BTreeMap<Uuid, Seen<'_>>) -> Result<(), sqlx::Error> {
        self.ask("see", |_| Ok(())).await
    }

    async fn give_receipts(&mut self, new: &Receipts) -> Result<(), sqlx::Error> {
        let rows: BTreeMap<ReceiptKey, ReceiptRow> = (0..new.seq.len())
            .map(|i| {
                let key = (new.kiosk[i], new.queue[i], new.seq[i], new.scan[i]);
                (key, (new.verdict[i], new.reasons[i].clone(), new.position[i]))
            })
            .collect();
        let at_once = self.bug(Bug::ReceiptsBeforeEvents);
        let given = self
            .ask("give receipts", |state| {
                if rows.keys().any(|key| state.data.receipts.contains_key(key)) {
                    return Err(conflict());
                }
                if at_once {
                    state.data.receipts.extend(rows.clone());
                    return Ok(BTreeMap::new());
                }
                Ok(rows)
            })
            .await?;
        self.receipts = given;
        Ok(())
    }

    async fn advance(&mut self, queues: &BTreeMap<(Uuid, Uuid), Uuid>) -> Result<Acks, sqlx::Error> {
        let over_gaps = self.bug(Bug::AcknowledgedOverAGap);
        let own = &self.receipts;
        let moved: BTreeMap<(Uuid, Uuid), i64> = self
            .ask("advance", |state| {
                let through = |kiosk: Uuid, queue: Uuid| {
                    let known = state.data.queues.get(&(kiosk, queue)).copied().unwrap_or(0);
                    let of = |(k, q, seq, _): &ReceiptKey| (*k == kiosk && *q == queue).then_some(*seq);
                    let seqs: BTreeSet<i64> = state
                        .data
                        .receipts
                        .keys()
                        .chain(own.keys())
                        .filter_map(of)
                        .filter(|seq| *seq > known)
                        .collect();
                    if over_gaps {
                        return seqs.last().copied().unwrap_or(known);
                    }
                    known + seqs.iter().zip(known + 1..).take_while(|(seq, next)| **seq == *next).count() as i64
                };
                Ok(queues.keys().map(|(kiosk, queue)| ((*kiosk, *queue), through(*kiosk, *queue))).collect())
            })
            .await?;
        self.queues = moved.clone();
        Ok(moved.into_iter().map(|((k, q), through)| ((KioskId(k), QueueId(q)), through)).collect())
    }

    async fn commit(self) -> Result<(), sqlx::Error> {
        let fate = self.client.process.fate("commit").await;
        let (process, at_once, taken_for_good) = (
            self.client.process.clone(),
            self.bug(Bug::AcknowledgedBeforeCommit),
            self.bug(Bug::LostAnswerTakenForCommit),
        );
        let (answer, heard) = oneshot::channel();
        // The server's part: it goes on when the client is gone.
        tokio::spawn(async move {
            let server = self.client.server.clone();
            server.chance().pass().await;
            let done = if fate == Fate::Fails { Err(Broken) } else { self.apply(&server) };
            let _ = answer.send(done);
        });
        if at_once {
            return Ok(());
        }
        let done = heard.await.unwrap_or(Err(Broken));
        process.run("committed", || Ok::<_, sqlx::Error>(())).await.ok();
        let told = if fate == Fate::Unheard { Err(Broken) } else { done };
        if taken_for_good { Ok(()) } else { Ok(told?) }
    }
}

impl Tx {
    /// Commits, and frees the lock.
    fn apply(self, server: &Postgres) -> Result<(), Broken> {
        server.answers(Some(self.generation))?;
        let mut state = server.state();
        // Events were inserted under the lock, receipts perhaps without it: the second of two would have
        // waited for the first, and failed.
        if self.receipts.keys().any(|key| state.data.receipts.contains_key(key)) {
            return Err(Broken);
        }
        let epoch = state.data.epoch;
        for event in self.events {
            let stream = (event.aggregate_type.clone(), event.stream.to_string());
            state.data.streams.entry(stream).or_default().push(event.position);
            state.histories.entry(epoch).or_default().insert(event.position, event.clone());
            state.data.events.insert(event.position, event);
        }
        state.data.receipts.extend(self.receipts);
        for (queue, through) in self.queues {
            let known = state.data.queues.entry(queue).or_default();
            *known = through.max(*known);
        }
        let head = state.data.head();
        drop(state);
        server.chance().note("committed", head as u64);
        server.notify_log();
        Ok(())
    }
}

fn recorded(event: &NewEvent, head: Head, index: usize) -> Result<RawEvent, sqlx::Error> {
    Ok(Recorded {
        position: head.position_of(index),
        event_id: event.event_id,
        school_id: event.school_id,
        aggregate_type: event.aggregate_type.to_owned(),
        stream: event.stream.clone(),
        sequence: event.sequence,
        event_type: event.event_type.to_owned(),
        event_version: event.event_version.to_owned(),
        occurred_at: event.occurred_at,
        recorded_at: head.recorded_at,
        local_date: event.local_date,
        zone: event.zone.name().to_owned(),
        utc_offset: -10_800,
        actor: event.actor.clone(),
        correlation_id: event.correlation_id,
        causation_id: event.causation_id,
        command_id: event.command_id,
        payload: RawValue::from_string(event.payload.clone()).map_err(|e| sqlx::Error::Encode(Box::new(e)))?,
    })
}
