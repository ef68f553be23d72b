//! The connection to JetStream. NATS may be away at any moment, at the start too: nothing here
//! waits for it, and nothing is lost without it.

use crate::definition::definitions;
use async_nats::datetime::DateTime;
use async_nats::jetstream;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::context::{ContextBuilder, PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{Config, Info, RawMessageErrorKind, Stream};
use async_nats::{Client, ConnectOptions, Event, HeaderMap, connection::State};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a JetStream request or an acknowledgement may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// What feeds and relays use of JetStream: one stream on a server that may be away. Of the product
/// there is one, [`Transport`]; the simulation in `tests` has a model.
pub trait Conveyor: Clone + Send + Sync + 'static {
    /// The answer to a message, when it comes.
    type Ack: Future<Output = Result<PublishAck, PublishError>> + Send;
    /// Whether the connection stands at this moment.
    fn is_connected(&self) -> bool;
    /// The first token of every subject.
    fn prefix(&self) -> &str;
    /// Sends a message without waiting for its answer.
    fn publish(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> impl Future<Output = Result<Self::Ack, PublishError>> + Send;
    /// How the stream is now; it is made first if it is not there.
    fn state(&self) -> impl Future<Output = Result<StreamState, async_nats::Error>> + Send;
    /// The message with this sequence number, if the stream holds it.
    fn message(&self, sequence: u64) -> impl Future<Output = Result<Option<Message>, async_nats::Error>> + Send;
    /// Deletes the stream and makes it again. Emptying it is not enough: a purged stream still
    /// remembers the ids of its messages, and takes the same events for repeated ones.
    fn replace(&self) -> impl Future<Output = Result<StreamState, async_nats::Error>> + Send;
    /// The stream's last message and then what comes, until it fails.
    fn subscribe(
        &self,
    ) -> impl Future<Output = Result<BoxStream<'static, Result<Message, async_nats::Error>>, async_nats::Error>> + Send;
}

/// What a stream holds.
#[derive(Debug, Clone, Copy)]
pub struct StreamState {
    /// When it was made: another time means another stream.
    pub created: DateTime,
    /// How many messages it holds.
    pub messages: u64,
    /// Sequence number of the first of them.
    pub first_sequence: u64,
    /// Sequence number of the last that it ever held.
    pub last_sequence: u64,
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its headers, if it has any.
    pub headers: Option<HeaderMap>,
    /// Its body.
    pub payload: Bytes,
}

/// A connection to one installation's stream. Clones share it.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    jetstream: jetstream::Context,
    prefix: String,
    options: Options,
    /// Whether the stream's definition was applied since the connection was made.
    applied: Arc<AtomicBool>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("prefix", &self.inner.prefix).finish_non_exhaustive()
    }
}

/// What an installation may set otherwise than `streams.json`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Copies of the stream in a NATS cluster, 1 to 5.
    pub replicas: Option<usize>,
    /// Size of the stream's store in bytes; JetStream reserves it.
    pub max_bytes: Option<i64>,
}

/// Why a transport cannot be made. The URL may hold a password and is never quoted.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The prefix is a stream's name and a subject's first token: letters, digits, `-` and `_`.
    #[error("the NATS prefix must be of letters, digits, `-` and `_`")]
    Prefix,
    /// The URL is not one of a NATS server.
    #[error("the NATS URL is not valid")]
    Url,
    /// The client refused its options.
    #[error("the NATS client did not start: {0}")]
    Client(async_nats::ConnectErrorKind),
}

impl Transport {
    /// Starts to connect and returns at once, whether NATS is there or not. `url` names one server or
    /// several separated by commas; `prefix` is the first token of every subject and the stream's name.
    pub async fn connect(url: &str, prefix: &str) -> Result<Self, TransportError> {
        Self::connect_with(url, prefix, Options::default()).await
    }

    /// [`Transport::connect`] with a stream that differs from `streams.json`.
    pub async fn connect_with(url: &str, prefix: &str, options: Options) -> Result<Self, TransportError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if prefix.is_empty() || !prefix.chars().all(allowed) {
            return Err(TransportError::Prefix);
        }
        let servers: Vec<async_nats::ServerAddr> =
            url.split(',').map(|url| url.trim().parse()).collect::<Result<_, _>>().map_err(|_| TransportError::Url)?;
        let applied = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&applied);
        let client = ConnectOptions::new()
            .name(format!("attendance {prefix}"))
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| {
                LONGEST_RECONNECT_DELAY.min(Duration::from_millis(20 * attempts.min(1_000) as u64))
            })
            .ping_interval(Duration::from_secs(5))
            .request_timeout(Some(PATIENCE))
            .event_callback(move |event| {
                // Another server, or the same one with another store: apply the definition again.
                lost.store(false, Ordering::Release);
                async move {
                    match event {
                        Event::Connected | Event::Disconnected => tracing::info!(%event, "nats"),
                        // Among them one for every attempt to connect.
                        _ => tracing::debug!(%event, "nats"),
                    }
                }
            })
            .connect(servers)
            .await
            .map_err(|error| TransportError::Client(error.kind()))?;
        let jetstream = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client.clone());
        Ok(Self { inner: Arc::new(Inner { client, jetstream, prefix: prefix.to_owned(), options, applied }) })
    }

    /// Whether the connection stands at this moment.
    pub fn is_connected(&self) -> bool {
        self.inner.client.connection_state() == State::Connected
    }

    /// The first token of every subject.
    pub fn prefix(&self) -> &str {
        &self.inner.prefix
    }

    /// The stream, made or brought to its definition first if that was not done on this connection.
    pub(crate) async fn stream(&self) -> Result<Stream<()>, async_nats::Error> {
        if !self.inner.applied.load(Ordering::Acquire) {
            // Set before the request: a connection lost meanwhile clears it again.
            self.inner.applied.store(true, Ordering::Release);
            if let Err(error) = self.inner.jetstream.create_or_update_stream(self.definition()).await {
                self.forget();
                return Err(error.into());
            }
        }
        Ok(self.inner.jetstream.get_stream_no_info(self.stream_name()).await?)
    }

    /// The stream was not found or not as it should be: apply the definition at the next use.
    fn forget(&self) {
        self.inner.applied.store(false, Ordering::Release);
    }

    fn stream_name(&self) -> String {
        definitions().stream.name(self.prefix())
    }

    fn definition(&self) -> Config {
        let Options { replicas, max_bytes } = self.inner.options;
        definitions().stream.config(self.prefix(), replicas, max_bytes)
    }
}

impl From<Info> for StreamState {
    fn from(info: Info) -> Self {
        Self {
            created: info.created,
            messages: info.state.messages,
            first_sequence: info.state.first_sequence,
            last_sequence: info.state.last_sequence,
        }
    }
}

impl Conveyor for Transport {
    type Ack = <PublishAckFuture as IntoFuture>::IntoFuture;

    fn is_connected(&self) -> bool {
        self.is_connected()
    }

    fn prefix(&self) -> &str {
        self.prefix()
    }

    async fn publish(&self, subject: String, message: PublishMessage) -> Result<Self::Ack, PublishError> {
        Ok(self.inner.jetstream.send_publish(subject, message).await?.into_future())
    }

    async fn state(&self) -> Result<StreamState, async_nats::Error> {
        let info = self.stream().await?.get_info().await;
        Ok(info.inspect_err(|_| self.forget())?.into())
    }

    async fn message(&self, sequence: u64) -> Result<Option<Message>, async_nats::Error> {
        match self.stream().await?.get_raw_message(sequence).await {
            Ok(message) => Ok(Some(Message { headers: Some(message.headers), payload: message.payload })),
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn replace(&self) -> Result<StreamState, async_nats::Error> {
        self.inner.jetstream.delete_stream(self.stream_name()).await?;
        Ok(self.inner.jetstream.create_or_update_stream(self.definition()).await?.into())
    }

    async fn subscribe(&self) -> Result<BoxStream<'static, Result<Message, async_nats::Error>>, async_nats::Error> {
        let definition = &definitions().consumer;
        let messages = self
            .stream()
            .await?
            .create_consumer(definition.config(DeliverPolicy::Last))
            .await?
            .stream()
            .max_messages_per_batch(definition.batch)
            .heartbeat(definition.heartbeat())
            .expires(definition.expires())
            .messages()
            .await?;
        let plain = messages.map(|message| {
            let (message, _) = message?.split();
            Ok(Message { headers: message.headers, payload: message.payload })
        });
        Ok(plain.boxed())
    }
}
