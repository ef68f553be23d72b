//! The model of NATS: one JetStream stream with what the product uses of it. Messages are lost, doubled
//! and late on both ways, acknowledgements are lost, the connection breaks, the store is wiped, put back
//! to an older state, or written to by a stranger.

use super::bugs::Bug;
use super::chance::{Bells, Broken, Chance, Process};
use async_nats::HeaderMap;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;
use domain::Epoch;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use nats::message::{EPOCH, FIRST, POSITION};
use nats::transport::{Conveyor, Message, StreamState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// How long an acknowledgement is waited for, as in `nats::transport`.
const PATIENCE: Duration = Duration::from_secs(3);

/// The server with its stream. Cheap to clone.
#[derive(Clone)]
pub struct Nats(Arc<Inner>);

struct Inner {
    chance: Chance,
    store: Mutex<Store>,
    /// Counts changes of the stream.
    changed: Bells,
}

#[derive(Default)]
struct Store {
    /// The how-manieth stream it is.
    made: i128,
    messages: BTreeMap<u64, Message>,
    last_sequence: u64,
    last_id: Option<String>,
    /// The ids that are remembered against repeated messages.
    ids: BTreeMap<String, u64>,
    up_at: Option<Instant>,
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(async_nats::HeaderValue::as_str)
}

/// Epoch and position that a message of ours names.
fn place(message: &Message) -> Option<(String, i64)> {
    let headers = message.headers.as_ref()?;
    Some((header(headers, EPOCH)?.to_owned(), header(headers, POSITION)?.parse().ok()?))
}

impl Nats {
    pub fn new(chance: &Chance) -> Self {
        Self(Arc::new(Inner { chance: chance.clone(), store: Mutex::default(), changed: Bells::default() }))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changed.ring();
    }

    fn up(&self) -> bool {
        self.store().up_at.is_none_or(|at| Instant::now() >= at)
    }

    /// What a process sees of it.
    pub fn of(&self, process: &Process) -> Line {
        Line { server: self.clone(), process: process.clone() }
    }

    /// The place that the last of our messages names.
    pub fn last_place(&self) -> Option<(Epoch, i64)> {
        let (epoch, position) = self.store().messages.values().rev().find_map(place)?;
        Some((epoch.parse().ok()?, position))
    }

    /// It is away for a while.
    pub fn outage(&self) {
        let length = Duration::from_millis(10 + self.0.chance.below(4_000));
        self.store().up_at = Some(Instant::now() + length);
        self.changed();
        self.0.chance.note("nats away", length.as_millis() as u64);
    }

    /// Its store is lost.
    pub fn wipe(&self) {
        let mut store = self.store();
        *store = Store { made: store.made + 1, ..Store::default() };
        drop(store);
        self.outage();
    }

    /// Its store loses its latest messages; the ids may be remembered all the same.
    pub fn lose_tail(&self) {
        let lost = 1 + self.0.chance.below(6);
        let remembers = self.0.chance.often(500);
        let mut store = self.store();
        for _ in 0..lost {
            store.messages.pop_last();
        }
        store.last_sequence = store.messages.last_key_value().map_or(0, |(sequence, _)| *sequence);
        store.last_id = None;
        if !remembers {
            let last = store.last_sequence;
            store.ids.retain(|_, sequence| *sequence <= last);
        }
        drop(store);
        self.0.chance.note("nats loses its tail", lost);
        self.outage();
    }

    /// Somebody else writes to it.
    pub fn stranger(&self) {
        let mut store = self.store();
        store.last_sequence += 1;
        let sequence = store.last_sequence;
        store.last_id = None;
        store.messages.insert(sequence, Message { headers: None, payload: Bytes::from_static(b"hello") });
        drop(store);
        self.0.chance.note("stranger", sequence);
        self.changed();
    }

    /// What JetStream does with a message that arrives.
    fn receive(&self, headers: HeaderMap, payload: Bytes) -> Result<PublishAck, PublishErrorKind> {
        let ack = |sequence, duplicate| PublishAck {
            stream: "simulated".into(),
            sequence,
            domain: String::new(),
            duplicate,
            value: None,
        };
        let mut store = self.store();
        let id = header(&headers, "Nats-Msg-Id").map(str::to_owned);
        if let Some(sequence) = id.as_ref().and_then(|id| store.ids.get(id)) {
            return Ok(ack(*sequence, true));
        }
        if let Some(expected) = header(&headers, "Nats-Expected-Last-Sequence")
            && expected.parse() != Ok(store.last_sequence)
        {
            return Err(PublishErrorKind::WrongLastSequence);
        }
        if let Some(expected) = header(&headers, "Nats-Expected-Last-Msg-Id")
            && store.last_id.as_deref() != Some(expected)
        {
            return Err(PublishErrorKind::WrongLastMessageId);
        }
        let message = Message { headers: Some(headers), payload };
        let ours = place(&message);
        let before = store.messages.values().rev().filter_map(place);
        let first = message.headers.as_ref().and_then(|headers| header(headers, FIRST)?.parse::<i64>().ok());
        if let (Some((epoch, _)), Some(first)) = (&ours, first)
            && let Some((_, behind)) = before.into_iter().find(|(of, _)| of == epoch)
            && behind >= first
        {
            self.0.chance.violated(format!("position {first} was published behind {behind}"));
        }
        store.last_sequence += 1;
        let sequence = store.last_sequence;
        if let Some(id) = &id {
            store.ids.insert(id.clone(), sequence);
        }
        store.last_id = id;
        store.messages.insert(sequence, message);
        drop(store);
        self.0.chance.note("stored", sequence);
        self.changed();
        Ok(ack(sequence, false))
    }

    fn state(&self) -> StreamState {
        let store = self.store();
        StreamState {
            // Any two instants do that differ as the streams do.
            created: async_nats::datetime::from_nanos(1_773_052_200_000_000_000 + store.made)
                .unwrap_or(async_nats::datetime::DateTime::UNIX_EPOCH),
            messages: store.messages.len() as u64,
            first_sequence: store.messages.first_key_value().map_or(0, |(sequence, _)| *sequence),
            last_sequence: store.last_sequence,
        }
    }
}

/// One process's connection.
#[derive(Clone)]
pub struct Line {
    server: Nats,
    process: Process,
}

impl Line {
    async fn ask<T: Send>(
        &self,
        what: &'static str,
        effect: impl FnOnce() -> T + Send,
    ) -> Result<T, async_nats::Error> {
        let up = || self.server.up().then(effect).ok_or(Broken);
        self.process.run(what, up).await.map_err(async_nats::Error::from)
    }
}

impl Conveyor for Line {
    type Ack = BoxFuture<'static, Result<PublishAck, PublishError>>;

    fn is_connected(&self) -> bool {
        self.server.up()
    }

    fn prefix(&self) -> &str {
        "simulated"
    }

    async fn publish(&self, subject: String, message: PublishMessage) -> Result<Self::Ack, PublishError> {
        let broken = |_| PublishError::new(PublishErrorKind::BrokenPipe);
        self.ask("publish", || ()).await.map_err(broken)?;
        let message = message.outbound_message(subject);
        let (headers, payload) = (message.headers.unwrap_or_default(), message.payload);
        let (server, chance) = (self.server.clone(), self.server.0.chance.clone());
        if chance.has(Bug::PublishedOutOfOrder) && chance.often(100) {
            let named = headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-"));
            let nameless = HeaderMap::from_iter(
                named.flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.clone()))),
            );
            let (server, payload) = (server.clone(), payload.clone());
            tokio::spawn(async move {
                sleep(Duration::from_millis(20)).await;
                if server.up() {
                    let _ = server.receive(nameless, payload);
                }
            });
        }
        let (answer, heard) = oneshot::channel();
        let copies = if chance.unlucky(30) { 2 } else { u64::from(!chance.unlucky(30)) };
        let late = chance.delay();
        let mut answer = Some(answer);
        for copy in 0..copies {
            let (server, headers, payload) = (server.clone(), headers.clone(), payload.clone());
            if late.is_zero() && copy == 0 {
                let said = server.receive(headers, payload);
                answer.take().map(|answer| answer.send(said));
                continue;
            }
            let answer = answer.take();
            let late = late + chance.delay();
            tokio::spawn(async move {
                sleep(late).await;
                if server.up() {
                    let said = server.receive(headers, payload);
                    // Nobody may wait for it any more.
                    answer.map(|answer| answer.send(said));
                }
            });
        }
        let (lost, late, deadline) = (chance.unlucky(30), chance.delay(), Instant::now() + PATIENCE);
        Ok(Box::pin(async move {
            let said = async {
                sleep(late).await;
                match heard.await {
                    Ok(said) if !lost => said,
                    Ok(_) | Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                said = said => said.map_err(PublishError::new),
                () = sleep_until(deadline) => Err(PublishError::new(PublishErrorKind::TimedOut)),
            }
        }))
    }

    async fn state(&self) -> Result<StreamState, async_nats::Error> {
        self.ask("stream", || self.server.state()).await
    }

    async fn message(&self, sequence: u64) -> Result<Option<Message>, async_nats::Error> {
        self.ask("message", || self.server.store().messages.get(&sequence).cloned()).await
    }

    async fn replace(&self) -> Result<StreamState, async_nats::Error> {
        self.ask("replace", || {
            let mut store = self.server.store();
            *store = Store { made: store.made + 1, up_at: store.up_at, ..Store::default() };
            drop(store);
            self.server.changed();
            self.server.state()
        })
        .await
    }

    async fn subscribe(&self) -> Result<BoxStream<'static, Result<Message, async_nats::Error>>, async_nats::Error> {
        let start = || {
            let store = self.server.store();
            (store.made, store.messages.last_key_value().map_or(store.last_sequence + 1, |(sequence, _)| *sequence))
        };
        let (made, next) = self.ask("subscribe", start).await?;
        let subscription = Subscription {
            server: self.server.clone(),
            process: self.process.clone(),
            made,
            next,
            delivered: BTreeSet::new(),
            changed: self.server.0.changed.hang(),
        };
        Ok(futures::stream::unfold(Some(subscription), |subscription| async move {
            let mut subscription = subscription?;
            match subscription.next().await {
                Ok(message) => Some((Ok(message), Some(subscription))),
                Err(broken) => Some((Err(broken.into()), None)),
            }
        })
        .boxed())
    }
}

/// A reading of the stream from a sequence number on.
struct Subscription {
    server: Nats,
    process: Process,
    made: i128,
    next: u64,
    /// Beyond `next`: came before its turn.
    delivered: BTreeSet<u64>,
    changed: watch::Receiver<u64>,
}

impl Subscription {
    async fn next(&mut self) -> Result<Message, Broken> {
        loop {
            self.process.alive().await;
            self.changed.borrow_and_update();
            let chance = self.server.0.chance.clone();
            let taken = {
                let store = self.server.store();
                if store.made != self.made || store.up_at.is_some_and(|at| Instant::now() < at) {
                    return Err(Broken);
                }
                let mut waiting = store.messages.range(self.next..).filter(|(s, _)| !self.delivered.contains(s));
                let first = waiting.next();
                let second = waiting.next();
                if second.is_some() && chance.unlucky(50) { second } else { first }
                    .map(|(sequence, message)| (*sequence, message.clone()))
            };
            let Some((sequence, message)) = taken else {
                if self.changed.changed().await.is_err() {
                    return Err(Broken);
                }
                continue;
            };
            chance.pass().await;
            if !chance.unlucky(30) {
                self.delivered.insert(sequence);
                while self.delivered.remove(&self.next) {
                    self.next += 1;
                }
            }
            if !chance.unlucky(30) {
                chance.note("delivered", sequence);
                return Ok(message);
            }
        }
    }
}
