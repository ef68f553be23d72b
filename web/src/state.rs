//! What every handler can reach.

use crate::config::Config;
use crate::pools::Pools;
use commands::Write;
use commands::clock::Clock;
use commands::ids::IdSource;
use std::sync::Arc;

/// The composition of all parts, made once by [`crate::serve`]. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The write side.
    pub write: Write,
    /// Connection pools by role.
    pub pools: Pools,
    /// Where instants come from.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn IdSource>,
    /// The configuration that the process was started with.
    pub config: Arc<Config>,
}
