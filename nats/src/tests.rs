//! The transport against real servers: whatever happens to NATS, to Postgres or to a relay, a
//! consumer ends with exactly the log, in order, byte for byte.

mod failpoints;
mod healing;
mod outages;
mod relaying;
mod steady;

use crate::testing::{Consumer, append_raw};
use crate::transport::Options;
use crate::{Feed, Hub, Transport, log, relay};
use async_nats::jetstream;
use domain::Epoch;
use local_services::failpoint;
use local_services::testing::{TestDatabases, nats};
use sqlx::PgPool;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A log of its own and a prefix of its own on the shared NATS server.
struct World {
    databases: TestDatabases,
    writer: PgPool,
    reader: PgPool,
    epoch: Epoch,
    prefix: String,
    url: String,
}

impl World {
    async fn new() -> Self {
        Self::on(nats().await.unwrap().url()).await
    }

    async fn on(url: String) -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let writer = databases.pool_as("attendance_log_writer", 2).await.unwrap();
        let reader = databases.pool_as("attendance_log_reader", 6).await.unwrap();
        let epoch = log::head(&reader).await.unwrap().epoch;
        let prefix = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { databases, writer, reader, epoch, prefix, url }
    }

    async fn append(&self, n: i64) {
        append_raw(&self.writer, n).await.unwrap();
    }

    async fn transport(&self) -> Transport {
        transport(&self.url, &self.prefix).await
    }

    async fn consumer(&self) -> Consumer {
        Consumer::new(Feed::new(self.reader.clone(), Some(Hub::new(self.transport().await))), self.epoch)
    }

    async fn relay(&self) -> Relay {
        Relay::start(&self.reader, self.transport().await)
    }

    /// The stream as an outsider sees it.
    async fn stream(&self) -> jetstream::stream::Stream {
        let client = async_nats::connect(&self.url).await.unwrap();
        jetstream::new(client).get_stream(&self.prefix).await.unwrap()
    }

    /// Waits until the stream's last message ends with the event at `position`.
    async fn relayed(&self, position: i64) {
        until("the relay is at the log's end", async || {
            let stream = transport(&self.url, &self.prefix).await.stream().await.unwrap();
            // The relay may be replacing the stream at this moment.
            let Ok(info) = stream.get_info().await else { return false };
            match stream.get_raw_message(info.state.last_sequence).await {
                Ok(message) => {
                    crate::message::decode(Some(&message.headers), &message.payload).is_some_and(|carried| {
                        let last = carried.events.last().map(|event| event.position);
                        carried.epoch == self.epoch && last >= Some(position)
                    })
                }
                Err(_) => false,
            }
        })
        .await;
    }

    /// Every position that the stream holds, as it lies there; nothing for a message of someone else.
    async fn stored_positions(&self) -> Vec<Option<i64>> {
        let client = async_nats::connect(&self.url).await.unwrap();
        // None while the relay replaces it.
        let Ok(stream) = jetstream::new(client).get_stream(&self.prefix).await else { return Vec::new() };
        let state = &stream.cached_info().state;
        let mut positions = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            if let Ok(message) = stream.get_raw_message(sequence).await {
                let carried = crate::message::decode(Some(&message.headers), &message.payload);
                match carried.filter(|carried| carried.epoch == self.epoch) {
                    Some(ours) => positions.extend(ours.events.iter().map(|event| Some(event.position))),
                    None => positions.push(None),
                }
            }
        }
        positions
    }
}

async fn transport(url: &str, prefix: &str) -> Transport {
    let options = Options { replicas: None, max_bytes: Some(256 << 20) };
    let transport = Transport::connect_with(url, prefix, options).await.unwrap();
    let begun = Instant::now();
    while !transport.is_connected() && begun.elapsed() < Duration::from_millis(500) {
        sleep(Duration::from_millis(5)).await;
    }
    transport
}

struct Relay {
    token: CancellationToken,
    task: JoinHandle<Result<(), relay::RelayError>>,
}

impl Relay {
    fn start(reader: &PgPool, transport: Transport) -> Self {
        let token = CancellationToken::new();
        let running = failpoint::inherited(relay::run(reader.clone(), transport, token.clone()));
        Self { task: tokio::spawn(running), token }
    }

    /// Drops it where it is, as the end of its process would.
    async fn cut_off(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    async fn stop(self) {
        self.token.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
