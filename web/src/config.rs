//! Configuration: clap and environment variables, one struct per section. Every secret may also come
//! from a file (`…_FILE`), as container platforms hand them over.

use anyhow::{Context, bail};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use workers::mail::Route;

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
    /// Tests run on a cluster without fsync; nothing else may.
    #[arg(skip)]
    may_forget: bool,
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

/// The two keys that are in no database. 64 hexadecimal digits each.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Keys {
    /// Wraps every data key of the vault.
    #[arg(long = "kek", env = "ATTENDANCE_KEK", hide_env_values = true, value_name = "HEX")]
    kek: Option<Secret>,
    /// File that holds ATTENDANCE_KEK.
    #[arg(long = "kek-file", env = "ATTENDANCE_KEK_FILE", value_name = "FILE")]
    kek_file: Option<PathBuf>,
    /// Makes the directory's look-up hashes.
    #[arg(long, env = "ATTENDANCE_DIRECTORY_KEY", hide_env_values = true, value_name = "HEX")]
    directory_key: Option<Secret>,
    /// File that holds ATTENDANCE_DIRECTORY_KEY.
    #[arg(long, env = "ATTENDANCE_DIRECTORY_KEY_FILE", value_name = "FILE")]
    directory_key_file: Option<PathBuf>,
}

impl Keys {
    /// The key-encryption key, as hexadecimal digits.
    pub fn kek_hex(&self) -> anyhow::Result<Secret> {
        required("ATTENDANCE_KEK", self.kek.as_ref(), self.kek_file.as_ref())
    }

    /// The directory's key, as hexadecimal digits.
    pub fn directory_hex(&self) -> anyhow::Result<Secret> {
        required("ATTENDANCE_DIRECTORY_KEY", self.directory_key.as_ref(), self.directory_key_file.as_ref())
    }
}

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

/// Mail; without it guardians cannot come in, and nobody is told of a changed password.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MailConfig {
    /// The mail server: `smtps://user:password@host` (TLS) or `smtp://user:password@host:587` (STARTTLS, nothing
    /// less); `file:folder` writes letters into a folder.
    #[arg(long, env = "ATTENDANCE_MAIL_URL", hide_env_values = true, value_name = "URL")]
    mail_url: Option<Secret>,
    /// File that holds ATTENDANCE_MAIL_URL.
    #[arg(long, env = "ATTENDANCE_MAIL_URL_FILE", value_name = "FILE")]
    mail_url_file: Option<PathBuf>,
    /// Whom letters come from: `Colegio <no-reply@colegio.cl>`.
    #[arg(long, env = "ATTENDANCE_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
}

impl MailConfig {
    /// Whether letters leave at all.
    pub fn is_on(&self) -> bool {
        self.mail_url.is_some() || self.mail_url_file.is_some()
    }

    /// By which way letters leave.
    pub fn route(&self) -> anyhow::Result<Route> {
        let url = optional("ATTENDANCE_MAIL_URL", self.mail_url.as_ref(), self.mail_url_file.as_ref())?;
        match url {
            // The error never quotes it: it holds a password.
            Some(url) => Route::parse(url.reveal(), self.mail_from.as_deref()).context("ATTENDANCE_MAIL_URL"),
            None => Ok(Route::Nowhere),
        }
    }

    /// A mail server.
    #[cfg(test)]
    pub fn over(url: &str, from: &str) -> Self {
        Self { mail_url: Some(Secret(url.to_owned())), mail_from: Some(from.to_owned()), ..Self::default() }
    }

    /// A folder.
    pub fn in_folder(folder: &std::path::Path) -> Self {
        Self { mail_url: Some(Secret(format!("file:{}", folder.display()))), ..Self::default() }
    }
}

/// Tokens of programs that act for a person; without keys the API gives none.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TokenConfig {
    /// Keys that sign access tokens, `<kid>:<64 hexadecimal digits>` a line; the first signs, all are believed.
    #[arg(long, env = "ATTENDANCE_TOKEN_KEYS", hide_env_values = true, value_name = "KEYS")]
    token_keys: Option<Secret>,
    /// File that holds ATTENDANCE_TOKEN_KEYS.
    #[arg(long, env = "ATTENDANCE_TOKEN_KEYS_FILE", value_name = "FILE")]
    token_keys_file: Option<PathBuf>,
}

impl TokenConfig {
    /// The keys, if there are any.
    pub fn keys(&self) -> anyhow::Result<Option<Secret>> {
        optional("ATTENDANCE_TOKEN_KEYS", self.token_keys.as_ref(), self.token_keys_file.as_ref())
    }

    /// Keys of a file.
    pub fn of_file(file: PathBuf) -> Self {
        Self { token_keys: None, token_keys_file: Some(file) }
    }

    /// Given keys.
    pub fn for_testing(keys: &str) -> Self {
        Self { token_keys: Some(Secret(keys.to_owned())), token_keys_file: None }
    }
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

/// The HTTP server.
#[derive(Debug, Clone, clap::Args)]
pub struct Http {
    /// Address to listen on, in plain HTTP: beyond loopback only with `--host`, behind a proxy that speaks TLS.
    #[arg(long, env = "ATTENDANCE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Host names that a proxy in front passes on, separated by commas; loopback names always count.
    #[arg(long = "host", env = "ATTENDANCE_HOSTS", value_delimiter = ',', value_name = "NAME")]
    pub hosts: Vec<String>,
    /// Proxies in front, each of which appends the address that it was reached from to X-Forwarded-For.
    #[arg(long, env = "ATTENDANCE_PROXY_HOPS", default_value_t = 0, value_name = "N")]
    pub proxy_hops: usize,
    /// How people reach it, for links in letters: `https://asistencia.colegio.cl`. Unless it is said, https and the
    /// first `--host`, or the address that it listens on.
    #[arg(long, env = "ATTENDANCE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Bounds that are the same everywhere but in tests.
    #[arg(skip)]
    pub tuning: Tuning,
}

/// Bounds of the HTTP server.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Bytes that the kernel may hold for a client that does not read.
    pub send_buffer: u32,
    /// Frames of a school's board kept for clients that come back.
    pub ring: usize,
    /// Silence after which a stream sends a sign of life: proxies and clients see that the line stands.
    pub heartbeat: Duration,
    /// Age at which a stream ends, to be made again: load spreads over servers, leaks end.
    pub stream_age: Duration,
    /// Time for a connection's first byte, and for the head of a request.
    pub head_time: Duration,
    /// Connections at once; three quarters of them may be of people and programs that have not signed in. The
    /// next ones wait until a silent one of these makes room.
    pub connections: usize,
    /// Streams at once, of the API and of the pages together: well under `connections`, which leaves the
    /// rest to kiosks, probes and pages. A school gets half of them at most, so that others find a place.
    pub streams: usize,
    /// Streams at once of one person.
    pub streams_each: usize,
    /// Requests of kiosks at once.
    pub kiosks_at_once: usize,
    /// Other requests at once.
    pub requests_at_once: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            send_buffer: 256 * 1024,
            ring: 256,
            heartbeat: Duration::from_secs(15),
            stream_age: Duration::from_secs(60 * 60),
            head_time: Duration::from_secs(5),
            connections: 2000,
            streams: 1000,
            streams_each: 20,
            kiosks_at_once: 512,
            requests_at_once: 256,
        }
    }
}

impl Http {
    /// Refuses to be reached from other machines unless a name says under which a proxy in front speaks TLS: the
    /// server itself speaks plain HTTP, on which whoever listens reads passwords and pupils' days.
    pub fn check(&self) -> anyhow::Result<()> {
        if let Some(url) = &self.public_url
            && !url.starts_with("https://")
            && !url.starts_with("http://localhost")
            && !url.starts_with("http://127.0.0.1")
        {
            bail!("{url} is no https:// address: whoever listens on the way would read the links of letters");
        }
        let address = self.listen;
        if !address.ip().is_loopback() && self.hosts.iter().all(|host| host.trim().is_empty()) {
            bail!(
                "{address} is not a loopback address, and this server speaks plain HTTP. Put a proxy in front that \
                 speaks TLS and name its host (--host, ATTENDANCE_HOSTS), or listen on 127.0.0.1"
            );
        }
        Ok(())
    }
}

impl Http {
    /// Where links in letters lead, without a slash at the end. Never from a request: its `Host` is the asker's.
    pub fn public_url(&self, listens: SocketAddr) -> String {
        let said = self.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        let host = || self.hosts.iter().find(|host| !host.trim().is_empty()).map(|host| format!("https://{host}"));
        said.or_else(host).unwrap_or_else(|| format!("http://{listens}"))
    }
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
        config.sides.keys =
            Keys { kek_file: Some(kek_file), directory_key_file: Some(directory_key_file), ..Keys::default() };
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
        }
    }
}

impl Databases {
    /// The given databases.
    pub fn for_testing(events_url: &str, vault_url: &str) -> Self {
        Self {
            database_url: Some(Secret(events_url.to_owned())),
            vault_database_url: Some(Secret(vault_url.to_owned())),
            may_forget: true,
            ..Self::default()
        }
    }
}

impl Keys {
    /// Two fixed keys.
    pub fn for_testing() -> Self {
        Self { kek: Some(Secret("11".repeat(32))), directory_key: Some(Secret("22".repeat(32))), ..Self::default() }
    }
}

impl TransportConfig {
    /// The given NATS server, under the usual prefix.
    pub fn for_testing(url: Option<&str>) -> Self {
        Self { nats_url: url.map(|u| Secret(u.to_owned())), nats_url_file: None, nats_prefix: "attendance".to_owned() }
    }
}

impl Http {
    /// A free loopback port.
    pub fn for_testing() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            hosts: Vec::new(),
            proxy_hops: 0,
            public_url: None,
            // One person is many boards.
            tuning: Tuning { streams_each: 1000, ..Tuning::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn an_address_that_others_can_reach_is_refused_unless_a_proxys_name_is_known() {
        let check = |listen: &str, hosts: &[&str]| {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            Http { listen: listen.parse().unwrap(), hosts, ..Http::for_testing() }.check()
        };
        for reachable in ["0.0.0.0:8080", "192.168.1.10:80", "[::]:8080"] {
            let refused = check(reachable, &[]).unwrap_err().to_string();
            assert!(refused.contains("TLS") && refused.contains(reachable), "{refused}");
            assert!(check(reachable, &[""]).is_err());
            assert!(check(reachable, &["gate.school.cl"]).is_ok());
        }
        assert!(check("[::1]:8080", &[]).is_ok() && check("127.0.0.1:0", &[]).is_ok());
    }

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
