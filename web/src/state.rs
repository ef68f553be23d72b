//! What every handler can reach.

use crate::config::{Config, Hooks};
use crate::family::Families;
use crate::kiosk_auth::KioskSecrets;
use crate::live::LiveHub;
use crate::middleware::Places;
use crate::names::Names;
use crate::pages::Uploads;
use crate::pools::Pools;
use crate::session::Sessions;
use crate::throttle::Throttle;
use crate::tokens::Tokens;
use commands::Write;
use commands::accounts::Accounts;
use commands::batcher::Batcher;
use commands::clock::Clock;
use commands::ids::IdSource;
use commands::looks::Looks;
use nats::Transport;
use projections::ReadModel;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use workers::documents::Documents;
use workers::mail::Mailer;

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
    /// Places for streams, of the API and of the pages: together they leave connections to everybody else.
    pub streams: Arc<Semaphore>,
    /// Places for requests.
    pub places: Arc<Places>,
    /// The staff's accounts.
    pub accounts: Accounts,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Who looked at pupils' data.
    pub looks: Looks,
    /// Guardians who come in.
    pub families: Families,
    /// For whom programs ask.
    pub tokens: Tokens,
    /// How often somebody may try.
    pub throttle: Throttle,
    /// Where documents are kept, if anywhere.
    pub documents: Option<Documents>,
    /// What webhooks of Meta are believed by, if they are taken.
    pub hooks: Option<Arc<Hooks>>,
    /// Places for forms with a file.
    pub uploads: Uploads,
    /// Takes letters.
    pub mailer: Mailer,
    /// Where links in letters lead, without a slash at the end.
    pub public_url: Arc<str>,
    /// What kiosks prove who they are with.
    pub secrets: KioskSecrets,
    /// Cancelled when a part of the server ended by itself: it is not ready any more.
    pub failed: CancellationToken,
    /// NATS, if it is configured: for its state only.
    pub transport: Option<Transport>,
    /// Where instants come from.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn IdSource>,
    /// The configuration that the process was started with.
    pub config: Arc<Config>,
}

impl AppState {
    /// Waits a moment until a read model has this place of the log.
    pub(crate) async fn wait_until(&self, model: ReadModel, position: i64) {
        for _ in 0..40 {
            let known = self.pools.request.checkpoints().await.unwrap_or_default();
            if known.iter().any(|known| known.model == model && known.position >= position) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}
