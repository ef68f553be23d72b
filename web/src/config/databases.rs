//! The two databases and the pools of connections to them.

use super::{Secret, required};
use std::path::PathBuf;

/// The log's database and the vault's.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Databases {
    /// Main database: the log and the read models.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<Secret>,
    /// File that holds DATABASE_URL.
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE")]
    database_url_file: Option<PathBuf>,
    /// The keys' own database.
    #[arg(long, env = "VAULT_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    vault_database_url: Option<Secret>,
    /// File that holds VAULT_DATABASE_URL.
    #[arg(long, env = "VAULT_DATABASE_URL_FILE", value_name = "FILE")]
    vault_database_url_file: Option<PathBuf>,
    /// Whether the server may log in as somebody who can change the database itself: `allow` for a trial on one's own
    /// machine. Else it logs in as `attendance_app` (docs/runbook/install.md).
    #[arg(long, env = "ATTENDANCE_POWERFUL_LOGIN", value_enum, default_value_t, value_name = "WHETHER")]
    pub(crate) powerful_login: PowerfulLogin,
    /// Tests run on a cluster without fsync; nothing else may.
    #[arg(skip)]
    pub(super) may_forget: bool,
}

/// What becomes of a start whose login is a superuser, or owns the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum PowerfulLogin {
    /// It ends with a sentence.
    #[default]
    Refuse,
    /// It goes on.
    Allow,
}

impl Databases {
    /// Whether a server that may forget what it committed is refused.
    pub(crate) fn insist_on_durability(&self) -> bool {
        !self.may_forget
    }

    /// Where the log is.
    pub fn events_url(&self) -> anyhow::Result<Secret> {
        required("DATABASE_URL", self.database_url.as_ref(), self.database_url_file.as_ref())
    }

    /// Where the keys are.
    pub fn vault_url(&self) -> anyhow::Result<Secret> {
        required("VAULT_DATABASE_URL", self.vault_database_url.as_ref(), self.vault_database_url_file.as_ref())
    }
}

impl Databases {
    /// The given databases.
    pub fn for_testing(events_url: &str, vault_url: &str) -> Self {
        Self {
            database_url: Some(Secret(events_url.to_owned())),
            vault_database_url: Some(Secret(vault_url.to_owned())),
            may_forget: true,
            powerful_login: PowerfulLogin::Allow,
            ..Self::default()
        }
    }
}

/// The most connections of each role's pool, of one process; boards keep three more once one was watched.
/// All processes together stay below the server's `max_connections`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct PoolSizes {
    /// Most connections that append to the log.
    #[arg(long = "pool-log-writer", env = "ATTENDANCE_POOL_LOG_WRITER", default_value_t = Self::USUAL.log_writer,
        value_parser = connections(), value_name = "N")]
    pub log_writer: u32,
    /// Most connections that read the log.
    #[arg(long = "pool-log-reader", env = "ATTENDANCE_POOL_LOG_READER", default_value_t = Self::USUAL.log_reader,
        value_parser = connections(), value_name = "N")]
    pub log_reader: u32,
    /// Most connections that write read models.
    #[arg(long = "pool-projector", env = "ATTENDANCE_POOL_PROJECTOR", default_value_t = Self::USUAL.projector,
        value_parser = connections(), value_name = "N")]
    pub projector: u32,
    /// Most connections that answer pages and API.
    #[arg(long = "pool-request", env = "ATTENDANCE_POOL_REQUEST", default_value_t = Self::USUAL.request,
        value_parser = connections(), value_name = "N")]
    pub request: u32,
    /// Most connections that sign people in and know their sessions.
    #[arg(long = "pool-auth", env = "ATTENDANCE_POOL_AUTH", default_value_t = Self::USUAL.auth,
        value_parser = connections(), value_name = "N")]
    pub auth: u32,
    /// Most connections to the keys.
    #[arg(long = "pool-vault", env = "ATTENDANCE_POOL_VAULT", default_value_t = Self::USUAL.vault,
        value_parser = connections(), value_name = "N")]
    pub vault: u32,
}

impl PoolSizes {
    /// For a small server: 50 connections in all, of the 100 that Postgres allows by default.
    pub const USUAL: Self = Self { log_writer: 12, log_reader: 8, projector: 6, request: 12, auth: 6, vault: 6 };
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self::USUAL
    }
}

/// Some parts keep a connection for as long as they run, so fewer than three would leave none.
fn connections() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(3..=1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn pools_have_the_usual_sizes_unless_others_are_asked_for_and_never_too_few_connections() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            pools: PoolSizes,
        }
        let read = |args: &[&str]| Line::try_parse_from([&["attendance"], args].concat()).map(|line| line.pools);
        assert_eq!(
            read(&[]).unwrap(),
            PoolSizes { log_writer: 12, log_reader: 8, projector: 6, request: 12, auth: 6, vault: 6 }
        );
        let asked = read(&["--pool-request", "40", "--pool-log-writer=24"]).unwrap();
        assert_eq!(asked, PoolSizes { log_writer: 24, request: 40, ..PoolSizes::USUAL });
        for few in ["2", "0", "-1", "1001", "many"] {
            assert!(read(&["--pool-vault", few]).is_err(), "{few}");
        }
    }

    #[test]
    fn a_secret_comes_from_its_file_too_but_not_from_both() {
        let path = std::env::temp_dir().join(format!("attendance-secret-{}", std::process::id()));
        std::fs::write(&path, "postgres://from-file\n").unwrap();
        let mut databases = Databases { database_url_file: Some(path.clone()), ..Databases::default() };
        assert_eq!(databases.events_url().unwrap().reveal(), "postgres://from-file");
        databases.database_url = Some(Secret("postgres://x".into()));
        assert!(databases.events_url().is_err());
        assert!(databases.vault_url().unwrap_err().to_string().contains("VAULT_DATABASE_URL_FILE"));
        std::fs::remove_file(path).unwrap();
    }
}
