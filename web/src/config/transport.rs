//! NATS.

use super::{Secret, optional};
use std::path::PathBuf;

/// NATS; without it the projectors read the log itself.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TransportConfig {
    /// NATS server with JetStream.
    #[arg(long, env = "NATS_URL", hide_env_values = true, value_name = "URL")]
    nats_url: Option<Secret>,
    /// File that holds NATS_URL.
    #[arg(long, env = "NATS_URL_FILE", value_name = "FILE")]
    nats_url_file: Option<PathBuf>,
    /// Prefix of the stream's name and subjects, so that several installations can share a server.
    #[arg(long, env = "ATTENDANCE_NATS_PREFIX", default_value = "attendance", value_name = "NAME")]
    pub nats_prefix: String,
}

impl TransportConfig {
    /// Where NATS is, if it is configured.
    pub fn url(&self) -> anyhow::Result<Option<Secret>> {
        optional("NATS_URL", self.nats_url.as_ref(), self.nats_url_file.as_ref())
    }
}

impl TransportConfig {
    /// The given NATS server, under the usual prefix.
    pub fn for_testing(url: Option<&str>) -> Self {
        Self { nats_url: url.map(|u| Secret(u.to_owned())), nats_url_file: None, nats_prefix: "attendance".to_owned() }
    }
}
