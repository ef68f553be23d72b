//! The composition of all parts into one process, and its orderly end.

mod files;
mod http;
mod parts;
mod startup;
mod sweep;

use crate::config::{Config, Hooks, SecondFactor, WriteSide};
use crate::family::Families;
use crate::kiosk_auth::KioskSecrets;
use crate::live::LiveHub;
use crate::middleware::Places;
use crate::names::Names;
use crate::pages::Uploads;
use crate::pools::Pools;
use crate::session::Sessions;
use crate::throttle::Throttle;
use crate::tokens::{SigningKeys, Tokens};
use crate::{AppState, observability, pools, router};
use anyhow::Context;
use axum::Router;
use commands::Write;
use commands::accounts::{Accounts, RelyingParty};
use commands::batcher::{Batcher, BatcherConfig};
use commands::clock::Clock;
use commands::directory::Directory;
use commands::ids::IdSource;
use commands::keys::{DirectoryKey, Kek};
use commands::looks::Looks;
use commands::vault::Vault;
pub use files::raise_open_files;
pub use http::Standing;
use nats::Transport;
use parts::Tasks;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use workers::documents::Documents;
use workers::mail::{Mailer, Route, post_office};

/// A part of the server that may run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// API, pages and streams; the batcher of scans.
    Http,
    /// From the log to JetStream.
    Relay,
    /// From the log to the read models.
    Projections,
    /// Whatever acts on events or on time.
    Workers,
}

/// Which parts run in this process.
#[derive(Clone, Debug)]
pub struct Parts(Vec<Part>);

impl Parts {
    /// Everything.
    pub fn all() -> Self {
        Self(vec![Part::Http, Part::Relay, Part::Projections, Part::Workers])
    }

    /// The named parts; no name means everything.
    pub fn from_only(only: &[Part]) -> Self {
        if only.is_empty() { Self::all() } else { Self(only.to_vec()) }
    }

    fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}

/// A running server. Dropped without [`Running::shutdown`] it is cut off.
pub struct Running {
    http: Option<(SocketAddr, AppState, Tasks)>,
    /// No new requests, streams end.
    stop_http: CancellationToken,
    /// Relay and projectors: they stop last.
    stop_parts: CancellationToken,
    parts: Tasks,
    pools: Pools,
}

impl Running {
    /// `http://<address>` without a slash at the end, if HTTP runs in this process.
    pub fn base_url(&self) -> Option<String> {
        self.http.as_ref().map(|(address, _, _)| format!("http://{address}"))
    }

    /// What its handlers reach, if HTTP runs in this process.
    pub fn state(&self) -> Option<&AppState> {
        self.http.as_ref().map(|(_, state, _)| state)
    }

    /// Its pools.
    pub fn pools(&self) -> &Pools {
        &self.pools
    }

    /// Resolves when a part ended although nobody stopped it. The server is then not ready any more; stop it.
    pub async fn failed(&self) {
        self.parts.failed().cancelled().await;
    }

    /// Stops in order: no new connections and the streams end; requests in flight finish; what waits in
    /// the batcher is stored; relay and projectors; the pools.
    pub async fn shutdown(self) {
        self.stop_http.cancel();
        if let Some((_, state, server)) = self.http {
            server.join().await;
            state.batcher.shutdown().await;
        }
        self.stop_parts.cancel();
        self.parts.join().await;
        self.pools.close().await;
        tracing::info!("stopped");
    }
}

/// Starts the parts in this process and returns when they accept work. As long as a database is away it
/// waits, and the port says so; what no waiting mends is an error.
pub async fn start(
    config: &Config,
    parts: Parts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> anyhow::Result<Running> {
    start_with(config, parts, clock, ids, router::router).await
}

/// [`start`] with other routes than the server's own, behind the same listener.
pub async fn start_with(
    config: &Config,
    parts: Parts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    routes: impl FnOnce(AppState) -> Router,
) -> anyhow::Result<Running> {
    config.http.check()?;
    let route = config.mail.route()?;
    let documents = config.documents.documents()?;
    let ways = config.notices.ways(config.mail.route()?)?;
    let hooks = config.notices.hooks()?.map(Arc::new);
    if let Some(ends) = config.notices.version_ends().filter(|ends| (*ends - clock.now().date_naive()).num_days() < 90)
    {
        tracing::warn!(%ends, "the version of Meta's Graph API ends: set ATTENDANCE_WHATSAPP_VERSION to a newer one");
    }
    let keys = config.tokens.keys()?.map(|text| SigningKeys::parse(text.reveal()));
    let keys = keys.transpose().context("ATTENDANCE_TOKEN_KEYS")?;
    let (stop_http, stop_parts) = (CancellationToken::new(), CancellationToken::new());
    observability::metrics();
    let listener = if parts.has(Part::Http) { Some(startup::listen(&config.http)?) } else { None };
    let transport = match config.transport.url()? {
        Some(url) => Some(Transport::connect(url.reveal(), &config.transport.nats_prefix).await.context("NATS_URL")?),
        None => None,
    };
    let (pools, write) = startup::databases(&config.sides, listener.as_ref(), &clock, &ids).await?;
    let mut running = Tasks::new();
    running.start("metrics", &stop_parts, observability::keep_up);
    if let Some(transport) = transport.clone().filter(|_| parts.has(Part::Relay)) {
        let pool = pools.log_reader.clone();
        running.start("relay", &stop_parts, |token| async move {
            if let Err(error) = nats::relay::run(pool, transport, token).await {
                tracing::error!(%error, "the relay ended");
            }
        });
    }
    if parts.has(Part::Projections) {
        let (pools, transport) = (pools.clone(), transport.clone());
        running.start("projections", &stop_parts, |token| async move {
            let run = projections::runner::run_all(pools.projector, pools.log_reader, transport, token);
            if let Err(error) = run.await {
                tracing::error!(%error, "the projectors ended");
            }
        });
    }
    if parts.has(Part::Workers) {
        let options = pools::worker_options(&config.sides.databases)?;
        let for_watch = (options.clone(), write.clone());
        running.start("gate watch", &stop_parts, |token| async move {
            let watch = workers::gate_watch::run(for_watch.0, for_watch.1, token.clone());
            // A look that is cut off is made again; each write in it is a task of its own.
            let _ = token.run_until_cancelled(watch).await;
        });
        if let Some(documents) = documents.clone() {
            let write = write.clone();
            running.start("documents", &stop_parts, |token| workers::documents::run(documents, write, token));
        }
        let on = ways.as_ref().map(workers::deliveries::Ways::on).unwrap_or_default();
        let for_broadcasts = (write.clone(), pools.request.clone());
        running.start("broadcasts", &stop_parts, |token| {
            workers::broadcasts::run(on, for_broadcasts.0, for_broadcasts.1, token)
        });
        match ways {
            Some(ways) => {
                let write = write.clone();
                running.start("deliveries", &stop_parts, |token| workers::deliveries::run(ways, write, token));
            }
            None => tracing::warn!("guardians are told of nothing (ATTENDANCE_EMAIL_NOTICES, ATTENDANCE_WHATSAPP)"),
        }
        let write = write.clone();
        running.start("no-show", &stop_parts, |token| workers::no_show::run(options, write, token));
    }
    let http = if let Some(listener) = listener {
        let address = listener.local_addr()?;
        let failed = running.failed().clone();
        let tokens = Tokens::new(pools.auth.clone(), clock.clone(), ids.clone(), keys);
        if matches!(route, Route::Nowhere) {
            tracing::warn!("mail is not configured: guardians cannot come in (ATTENDANCE_MAIL_URL)");
        }
        let (mailer, post) = post_office(route);
        if documents.is_none() {
            tracing::warn!("no S3 service is configured: nobody is asked for documents (ATTENDANCE_S3_URL)");
        }
        let outside = Outside { mailer, documents, hooks, public_url: config.http.public_url(address).into() };
        // Passkeys know no numbers, and whoever administers a school would be asked for one.
        anyhow::ensure!(
            config.people.second_factor == SecondFactor::Optional || RelyingParty::of(&outside.public_url).is_some(),
            "people reach this server by {}, which is no name, and passkeys are for names alone: give it one \
             (ATTENDANCE_PUBLIC_URL, ATTENDANCE_HOSTS), or set ATTENDANCE_SECOND_FACTOR=optional",
            outside.public_url
        );
        let state = compose(config, &pools, transport, write, tokens, clock, ids, stop_http.clone(), failed, outside);
        // Letters of the last requests leave too.
        running.start("mail", &stop_parts, |token| post.run(token));
        let live = state.live.clone();
        let (throttle, of_limits) = (state.throttle.clone(), state.clock.clone());
        running.start("limits", &stop_http, |token| throttle.keep_small(of_limits, token));
        let (auth, of_sweep) = (pools.auth.clone(), state.clock.clone());
        running.start("sweep", &stop_http, |token| sweep::keep_small(auth, of_sweep, token));
        running.start("live", &stop_http, |_| live.listen());
        running.start("sessions", &stop_http, |token| state.sessions.clone().keep_watch(token));
        tracing::info!(%address, "listening");
        let limits = http::Limits::from(&config.http.tuning);
        let (app, mut server) = (routes(state.clone()), running.beside());
        server.start("http", &stop_http, |token| http::serve(listener, app, limits, token));
        Some((address, state, server))
    } else {
        None
    };
    Ok(Running { http, stop_http, stop_parts, parts: running, pools })
}

/// How letters leave, and where their links lead; where documents go; whose webhooks are believed.
struct Outside {
    mailer: Mailer,
    documents: Option<Documents>,
    hooks: Option<Arc<Hooks>>,
    public_url: Arc<str>,
}

#[expect(clippy::too_many_arguments, reason = "the parts of one composition")]
fn compose(
    config: &Config,
    pools: &Pools,
    transport: Option<Transport>,
    write: Write,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    stop: CancellationToken,
    failed: CancellationToken,
    outside: Outside,
) -> AppState {
    let names = Names::new(pools.request.clone(), write.vault().clone());
    let tuning = &config.http.tuning;
    let live =
        LiveHub::new(pools.request.clone(), pools.log_reader.clone(), names.clone(), clock.clone(), stop, tuning.ring);
    AppState {
        batcher: Batcher::start_on(write.clone(), BatcherConfig::default()),
        accounts: Accounts::new(write.clone(), pools.auth.clone()).with_passkeys(RelyingParty::of(&outside.public_url)),
        pools: pools.clone(),
        names,
        live,
        streams: Arc::new(Semaphore::new(tuning.streams)),
        failed,
        places: Arc::new(Places::new(tuning)),
        sessions: Sessions::new(pools.auth.clone(), clock.clone(), ids.clone()),
        tokens,
        throttle: Throttle::new(pools.auth.clone()),
        looks: Looks::new(pools.log_writer.clone(), clock.clone()),
        families: Families::new(
            pools.auth.clone(),
            write.clone(),
            (clock.clone(), ids.clone()),
            (outside.mailer.clone(), outside.public_url.clone()),
        ),
        documents: outside.documents,
        hooks: outside.hooks,
        uploads: Uploads::default(),
        mailer: outside.mailer,
        public_url: outside.public_url,
        secrets: KioskSecrets::default(),
        write,
        transport,
        clock,
        ids,
        config: Arc::new(config.clone()),
    }
}

/// The write side over its pools, with the keys of the configuration.
pub fn write_side(
    config: &WriteSide,
    pools: &Pools,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> anyhow::Result<Write> {
    let (kek, key) = keys(config)?;
    let vault = Vault::new(pools.vault.clone(), kek, ids.clone(), clock.clone());
    let directory = Directory::new(pools.log_writer.clone(), key);
    Ok(Write::new(pools.log_writer.clone(), clock.clone(), ids.clone(), vault, directory))
}

fn keys(config: &WriteSide) -> anyhow::Result<(Kek, DirectoryKey)> {
    let kek = Kek::from_hex(config.keys.kek_hex()?.reveal()).context("ATTENDANCE_KEK")?;
    let key = DirectoryKey::from_hex(config.keys.directory_hex()?.reveal()).context("ATTENDANCE_DIRECTORY_KEY")?;
    Ok((kek, key))
}

/// Resolves at SIGINT or SIGTERM.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listen for SIGINT")?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod raw;
#[cfg(test)]
mod tests;
