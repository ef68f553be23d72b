//! Configuration: clap and environment variables, one struct per section. Every secret may also come
//! from a file (`…_FILE`), as container platforms hand them over.

mod databases;
mod documents;
mod http;
mod keys;
mod mail;
mod notices;
mod tokens;
mod transport;

pub use databases::{Databases, PoolSizes, PowerfulLogin};
pub use documents::DocumentsConfig;
pub use http::{Http, Tuning};
pub use keys::Keys;
pub use mail::MailConfig;
pub use notices::{Here, Hooks, NoticesConfig};
pub use tokens::TokenConfig;
pub use transport::TransportConfig;

use anyhow::{Context, bail};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// A text that is never printed: a URL with a password, a key.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(Self(s.trim().to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// All sections that a server needs.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Databases and keys.
    #[command(flatten)]
    pub sides: WriteSide,
    /// NATS.
    #[command(flatten)]
    pub transport: TransportConfig,
    /// Tokens of programs.
    #[command(flatten)]
    pub tokens: TokenConfig,
    /// How people prove who they are.
    #[command(flatten)]
    pub people: PeopleConfig,
    /// The HTTP server.
    #[command(flatten)]
    pub http: Http,
    /// Mail.
    #[command(flatten)]
    pub mail: MailConfig,
    /// Documents.
    #[command(flatten)]
    pub documents: DocumentsConfig,
    /// Notices to guardians.
    #[command(flatten)]
    pub notices: NoticesConfig,
}

/// What a command needs that writes: databases and keys.
#[derive(Debug, Clone, clap::Args)]
pub struct WriteSide {
    /// The two databases.
    #[command(flatten)]
    pub databases: Databases,
    /// Connections to them.
    #[command(flatten)]
    pub pools: PoolSizes,
    /// The two keys.
    #[command(flatten)]
    pub keys: Keys,
}

/// How people of the staff prove who they are.
#[derive(Debug, Clone, clap::Args)]
pub struct PeopleConfig {
    /// Whether whoever has nothing beside the password must add it before anything opens: a passkey, or codes of an
    /// app; of ADMIN and OWNER a passkey.
    #[arg(long, env = "ATTENDANCE_SECOND_FACTOR", value_enum, default_value_t = SecondFactor::Required)]
    pub second_factor: SecondFactor,
}

/// Whether a second factor must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SecondFactor {
    /// Yes.
    Required,
    /// No: for trying things out.
    Optional,
}

fn required(name: &str, value: Option<&Secret>, file: Option<&PathBuf>) -> anyhow::Result<Secret> {
    optional(name, value, file)?.with_context(|| format!("set {name}, or {name}_FILE to a file that holds it"))
}

fn optional(name: &str, value: Option<&Secret>, file: Option<&PathBuf>) -> anyhow::Result<Option<Secret>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("{name} and {name}_FILE are both set; keep one"),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("read {name}_FILE {}", path.display()))?;
            Ok(Some(Secret(text.trim().to_owned())))
        }
        (None, None) => Ok(None),
    }
}

impl Config {
    /// A server over private servers on this machine, as the demo starts them. Nothing of it comes from
    /// the environment.
    pub fn on_this_machine(
        (events_url, vault_url): (&str, &str),
        nats_url: &str,
        (kek_file, directory_key_file): (PathBuf, PathBuf),
        listen: SocketAddr,
    ) -> Self {
        let mut config = Self::for_testing(events_url, vault_url);
        config.sides.databases.may_forget = false;
        config.sides.keys = Keys::of_files(kek_file, directory_key_file);
        config.transport = TransportConfig::for_testing(Some(nats_url));
        config.tokens = TokenConfig::default();
        config.http.listen = listen;
        config
    }

    /// A server on a free loopback port over given databases, with fixed keys and without NATS.
    pub fn for_testing(events_url: &str, vault_url: &str) -> Self {
        Self {
            sides: WriteSide {
                databases: Databases::for_testing(events_url, vault_url),
                pools: PoolSizes::default(),
                keys: Keys::for_testing(),
            },
            transport: TransportConfig::for_testing(None),
            tokens: TokenConfig::for_testing(&format!("test:{}", "33".repeat(32))),
            people: PeopleConfig { second_factor: SecondFactor::Optional },
            http: Http::for_testing(),
            mail: MailConfig::default(),
            documents: DocumentsConfig::default(),
            notices: NoticesConfig::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn a38_a_second_factor_must_be_there_unless_somebody_says_otherwise() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            people: PeopleConfig,
        }
        let read =
            |args: &[&str]| Line::try_parse_from([&["attendance"], args].concat()).map(|l| l.people.second_factor);
        assert_eq!(read(&[]).unwrap(), SecondFactor::Required);
        assert_eq!(read(&["--second-factor", "optional"]).unwrap(), SecondFactor::Optional);
        assert!(read(&["--second-factor", "none"]).is_err());
    }

    #[test]
    fn a_secret_is_never_printed() {
        let config = Config::for_testing("postgres://u:hunter2@h/d", "postgres://v");
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("1111"), "{printed}");
    }
}
