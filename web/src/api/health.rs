//! Whether the process runs, whether it can serve, and its figures.

use crate::AppState;
use crate::live::real_ms;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use nats::log::Head;
use projections::Checkpoint;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// How long a probe waits for a database.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process runs and answers. Looks at nothing else, so that a database that is away does not get
/// a healthy process restarted.
#[utoipa::path(get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "The process answers", body = str, content_type = "text/plain")))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// What the server found about itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether it can take scans and answer: the log's database, its schema, the keys, and every part of
    /// this process.
    pub ready: bool,
    /// `ok`, or why not.
    pub database: String,
    /// `ok`, or why not: the schema is one that this program can work with.
    pub migrations: String,
    /// `ok`, or why not.
    pub vault: String,
    /// `connected`, `away` or `not_configured`; never makes the server unready.
    pub nats: String,
    /// The log's last position.
    pub log_position: Option<i64>,
    /// How far each read model is; a lag never makes the server unready, since scans are still taken.
    pub read_models: Vec<Lag>,
}

impl Readiness {
    /// Of a server that waits for its databases.
    pub(crate) fn waiting() -> Self {
        let unknown = || "not known yet".to_owned();
        Self {
            ready: false,
            database: "does not answer".to_owned(),
            migrations: unknown(),
            vault: unknown(),
            nats: unknown(),
            log_position: None,
            read_models: Vec::new(),
        }
    }
}

/// How far a read model is behind the log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Lag {
    /// `roster`, `live`, `audit` or `no_show`.
    pub name: String,
    /// Its position.
    pub position: i64,
    /// Events of the log that are not in it yet.
    pub behind_events: i64,
    /// Age of the newest event in it against the log's newest, milliseconds; 0 when nothing is waiting.
    pub behind_ms: u64,
}

fn lag(checkpoint: &Checkpoint, head: &Head, rate: f64) -> Lag {
    let same = checkpoint.epoch == head.epoch;
    let behind_events = if same { (head.position - checkpoint.position).max(0) } else { head.position };
    let behind_ms = match (head.recorded_at, checkpoint.recorded_at) {
        (Some(newest), Some(reached)) if behind_events > 0 => real_ms(newest - reached, rate),
        _ => 0,
    };
    Lag { name: checkpoint.model.name().to_owned(), position: checkpoint.position, behind_events, behind_ms }
}

async fn in_time<T, E: std::fmt::Display>(asked: impl Future<Output = Result<T, E>>) -> Result<T, &'static str> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a readiness check failed");
            Err("failed")
        }
        Err(_) => Err("no answer in time"),
    }
}

/// Whether the server can do its work, and what is slow about it.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "It can", body = Readiness), (status = 503, description = "It cannot", body = Readiness)))]
pub async fn readyz(State(state): State<AppState>) -> Response {
    let (head, checkpoints, version, vault) = tokio::join!(
        in_time(nats::log::head(&state.pools.log_reader)),
        in_time(state.pools.request.checkpoints()),
        in_time(migrations::applied(&state.pools.log_reader)),
        in_time(state.write.vault().check()),
    );
    let read_models = match (&head, &checkpoints) {
        (Ok(head), Ok(all)) => all.iter().map(|c| lag(c, head, state.clock.rate())).collect(),
        _ => Vec::new(),
    };
    let database = head.as_ref().err().or(checkpoints.as_ref().err()).copied().unwrap_or("ok");
    let migrations = match version {
        Ok(applied) if applied >= migrations::expected() => "ok",
        Ok(_) => "the schema is not of this version: run `attendance migrate`",
        Err(why) => why,
    };
    let vault = vault.err().unwrap_or("ok");
    let nats = match &state.transport {
        None => "not_configured",
        Some(transport) if transport.is_connected() => "connected",
        Some(_) => "away",
    };
    let whole = !state.live.stopping().is_cancelled() && !state.failed.is_cancelled();
    let ready = whole && [database, migrations, vault].iter().all(|part| *part == "ok");
    let found = Readiness {
        ready,
        database: database.to_owned(),
        migrations: migrations.to_owned(),
        vault: vault.to_owned(),
        nats: nats.to_owned(),
        log_position: head.ok().map(|h| h.position),
        read_models,
    };
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(found)).into_response()
}

/// The process's figures, as Prometheus reads them.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "Prometheus text", body = str, content_type = "text/plain")))]
pub async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let found =
        tokio::join!(in_time(nats::log::head(&state.pools.log_reader)), in_time(state.pools.request.checkpoints()));
    metrics::gauge!("live_watchers").set(state.live.watchers() as f64);
    metrics::gauge!("live_streams")
        .set(state.config.http.tuning.streams.saturating_sub(state.streams.available_permits()) as f64);
    for (name, (all, idle)) in state.pools.connections() {
        let busy = usize::try_from(all).unwrap_or(idle).saturating_sub(idle);
        metrics::gauge!("database_connections", "pool" => name, "state" => "idle").set(idle as f64);
        metrics::gauge!("database_connections", "pool" => name, "state" => "busy").set(busy as f64);
    }
    if let (Ok(head), Ok(all)) = found {
        metrics::gauge!("log_position").set(head.position as f64);
        for lag in all.iter().map(|c| lag(c, &head, state.clock.rate())) {
            metrics::gauge!("projector_behind_events", "read_model" => lag.name.clone()).set(lag.behind_events as f64);
            metrics::gauge!("projector_behind_seconds", "read_model" => lag.name).set(lag.behind_ms as f64 / 1000.0);
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], crate::observability::metrics().render())
}
