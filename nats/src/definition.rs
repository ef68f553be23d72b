//! `streams.json`: what the stream and its consumers are, as data that an operator can read.

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, ReplayPolicy, pull};
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType};
use serde::Deserialize;
use std::sync::LazyLock;
use std::time::Duration;

static DEFINITIONS: LazyLock<Definitions> =
    LazyLock::new(|| serde_json::from_str(include_str!("../streams.json")).expect("streams.json is checked by a test"));

/// The embedded definitions.
pub(crate) fn definitions() -> &'static Definitions {
    &DEFINITIONS
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definitions {
    pub stream: StreamDefinition,
    pub consumer: ConsumerDefinition,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamDefinition {
    description: String,
    /// `{prefix}` stands for the installation's prefix.
    name: String,
    subjects: Vec<String>,
    storage: Storage,
    retention: Retention,
    discard: Discard,
    max_age_seconds: u64,
    max_bytes: i64,
    duplicate_window_seconds: u64,
    replicas: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsumerDefinition {
    description: String,
    lifetime: Lifetime,
    acknowledge: Acknowledge,
    storage: Storage,
    replicas: usize,
    inactive_threshold_seconds: u64,
    pub batch: usize,
    heartbeat_seconds: u64,
    expires_seconds: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Storage {
    File,
    Memory,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Retention {
    Limits,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Discard {
    Old,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Lifetime {
    Ephemeral,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Acknowledge {
    None,
}

impl From<Storage> for StorageType {
    fn from(storage: Storage) -> Self {
        match storage {
            Storage::File => Self::File,
            Storage::Memory => Self::Memory,
        }
    }
}

impl StreamDefinition {
    /// The stream's name under a prefix.
    pub fn name(&self, prefix: &str) -> String {
        self.name.replace("{prefix}", prefix)
    }

    /// What JetStream is told.
    pub fn config(&self, prefix: &str, replicas: Option<usize>, max_bytes: Option<i64>) -> stream::Config {
        stream::Config {
            name: self.name(prefix),
            description: Some(self.description.clone()),
            subjects: self.subjects.iter().map(|subject| subject.replace("{prefix}", prefix)).collect(),
            storage: self.storage.into(),
            retention: match self.retention {
                Retention::Limits => RetentionPolicy::Limits,
            },
            discard: match self.discard {
                Discard::Old => DiscardPolicy::Old,
            },
            max_age: Duration::from_secs(self.max_age_seconds),
            max_bytes: max_bytes.unwrap_or(self.max_bytes),
            duplicate_window: Duration::from_secs(self.duplicate_window_seconds),
            num_replicas: replicas.unwrap_or(self.replicas),
            ..stream::Config::default()
        }
    }
}

impl ConsumerDefinition {
    /// What JetStream is told; `start` is where to begin.
    pub fn config(&self, start: DeliverPolicy) -> pull::Config {
        pull::Config {
            description: Some(self.description.clone()),
            durable_name: match self.lifetime {
                Lifetime::Ephemeral => None,
            },
            deliver_policy: start,
            ack_policy: match self.acknowledge {
                Acknowledge::None => AckPolicy::None,
            },
            replay_policy: ReplayPolicy::Instant,
            inactive_threshold: Duration::from_secs(self.inactive_threshold_seconds),
            memory_storage: matches!(self.storage, Storage::Memory),
            num_replicas: self.replicas,
            ..pull::Config::default()
        }
    }

    /// The longest silence of the server while a request waits.
    pub fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_seconds)
    }

    /// How long one request for messages waits.
    pub fn expires(&self) -> Duration {
        Duration::from_secs(self.expires_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_definitions_are_read_and_name_the_prefix() {
        let config = definitions().stream.config("gate", Some(3), None);
        assert_eq!(config.name, "gate");
        assert_eq!(config.subjects, ["gate.>"]);
        assert_eq!(config.num_replicas, 3);
        assert_eq!(config.max_age, Duration::from_secs(2 * 24 * 3600));
        assert!(config.max_bytes > 0, "the store is bounded");
        assert!(definitions().consumer.config(DeliverPolicy::New).durable_name.is_none());
    }

    #[test]
    fn a_definition_with_an_unknown_field_is_refused() {
        let misspelt = include_str!("../streams.json").replace("max_age_seconds", "max_age");
        assert!(serde_json::from_str::<Definitions>(&misspelt).is_err());
    }
}
