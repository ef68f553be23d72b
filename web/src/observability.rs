//! Logs and metrics. A log line reads alone: JSON, ids as fields, never personal data, no query
//! strings, no bodies.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

const UPKEEP: Duration = Duration::from_secs(5);

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts JSON logs on standard error, filtered by `RUST_LOG` (default: `info`).
pub fn init_logs() -> anyhow::Result<()> {
    init(std::io::stderr)
}

/// Starts JSON logs at the end of a file, for a program that talks to a person on the terminal.
pub fn init_logs_to(path: &Path) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    init(std::sync::Mutex::new(file))
}

fn init<W>(writer: W) -> anyhow::Result<()>
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,async_nats=warn"));
    let lines =
        fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(writer);
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    Ok(())
}

/// Counts of what should not happen begin at 0: an alarm on their growth needs a first value, and a
/// missing name would look like a server that does not know it.
fn begin_counting() {
    for name in [
        "attendance_feed_holes_total",
        "attendance_relay_unconfirmed_total",
        "batcher_conflicts_total",
        "batcher_outages_total",
        "batcher_overloaded_total",
        "http_slow_heads_total",
        "http_untaken_answers_total",
        "kiosk_auth_refused_total",
        "live_clients_lagged_total",
    ] {
        metrics::counter!(name).absolute(0);
    }
    for lane in ["kiosks", "rest"] {
        metrics::counter!("http_overloaded_total", "lane" => lane).absolute(0);
    }
}

/// Takes what was measured into the histograms every few seconds: without it a process whose figures
/// nobody reads would keep each measurement.
pub async fn keep_up(stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
        metrics().run_upkeep();
    }
}

/// The process's metrics, as Prometheus text. The first call installs the recorder.
pub fn metrics() -> &'static PrometheusHandle {
    METRICS.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder was installed first; /metrics shows nothing");
        }
        begin_counting();
        handle
    })
}
