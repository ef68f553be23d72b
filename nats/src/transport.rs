//! The connection to JetStream. NATS may be away at any moment, at the start too: nothing here
//! waits for it, and nothing is lost without it.

use crate::definition::definitions;
use async_nats::jetstream::stream::{Config, Info, Stream};
use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event, connection::State};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Publishes in flight: a larger window starves the consumers of the same server.
pub(crate) const WINDOW: usize = 512;
/// How long a JetStream request or an acknowledgement may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_secs(1);

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
        let jetstream = ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .max_ack_inflight(2 * WINDOW)
            .build(client.clone());
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

    pub(crate) fn jetstream(&self) -> &jetstream::Context {
        &self.inner.jetstream
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

    /// Deletes the stream and makes it again. Emptying it is not enough: a purged stream still
    /// remembers the ids of its messages, and takes the same events for repeated ones.
    pub(crate) async fn replace_stream(&self) -> Result<Info, async_nats::Error> {
        self.inner.jetstream.delete_stream(self.stream_name()).await?;
        Ok(self.inner.jetstream.create_or_update_stream(self.definition()).await?)
    }

    /// The stream was not found or not as it should be: apply the definition at the next use.
    pub(crate) fn forget(&self) {
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
