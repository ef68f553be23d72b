//! What every handler can reach.

use crate::config::Config;
use crate::live::LiveHub;
use crate::middleware::Places;
use crate::names::Names;
use crate::pools::Pools;
use commands::Write;
use commands::batcher::Batcher;
use commands::clock::Clock;
use commands::ids::IdSource;
use nats::Transport;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Server-sent streams of the API at once; the next client is told to come back.
pub const STREAMS: usize = 1000;

/// The composition of all parts, made once by [`crate::serve`]. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The write side.
    pub write: Write,
    /// The scan path.
    pub batcher: Batcher,
    /// Connection pools by role.
    pub pools: Pools,
    /// Names, opened.
    pub names: Names,
    /// The live board.
    pub live: LiveHub,
    /// Places for streams.
    pub streams: Arc<Semaphore>,
    /// Places for requests.
    pub places: Arc<Places>,
    /// NATS, if it is configured: for its state only.
    pub transport: Option<Transport>,
    /// Where instants come from.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn IdSource>,
    /// The configuration that the process was started with.
    pub config: Arc<Config>,
}
