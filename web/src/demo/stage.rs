//! The demo's private servers, keys and school.

use crate::config::{Config, DocumentsConfig, MailConfig, NoticesConfig, TokenConfig};
use crate::{seed, serve};
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use commands::clock::{Clock, SystemClock};
use commands::ids::{IdSource, SystemIds};
use domain::values::zone;
use local_services::{NatsServer, PostgresCluster, S3Server};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the keys that sign access tokens.
const TOKEN_KEYS: &str = "token_keys";
/// The demo school's zone.
pub const ZONE: Tz = chrono_tz::America::Santiago;
/// The demo school's seed: the same pupils at every start.
pub const SCHOOL_SEED: u64 = 2026;
const EVENTS: &str = "attendance";
const VAULT: &str = "attendance_vault";

/// Private Postgres, NATS and S3 servers under one folder. Dropped, they stop; the folder stays.
pub struct Stage {
    postgres: PostgresCluster,
    nats: NatsServer,
    objects: S3Server,
    dir: PathBuf,
    listen: SocketAddr,
    /// Held while the servers run: two demos on one folder would break each other.
    _alone: std::fs::File,
}

impl Stage {
    /// Starts the servers, makes keys and databases if this is the first time, and migrates.
    pub async fn open(dir: &Path, listen: SocketAddr) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let alone = std::fs::File::create(dir.join("lock"))?;
        ensure!(
            alone.try_lock().is_ok(),
            "another demo runs on {}: stop it, or choose another folder with --dir",
            dir.display()
        );
        for (key, before) in [("kek", ""), ("directory_key", ""), (TOKEN_KEYS, "demo:")] {
            make_key(&dir.join(key), before)?;
        }
        let postgres = PostgresCluster::start(&cluster_folder(&dir)?).await?;
        let nats = NatsServer::start(&dir.join("nats")).await?;
        let objects = S3Server::start(&dir.join("objects")).await?;
        postgres.ensure_database(EVENTS).await?;
        postgres.ensure_database(VAULT).await?;
        let stage = Self { postgres, nats, objects, dir, listen, _alone: alone };
        let events = owner_pool(&stage.postgres, EVENTS).await?;
        let vault = owner_pool(&stage.postgres, VAULT).await?;
        migrations::migrate(&events, &vault, SystemIds.next(), SystemClock.now()).await?;
        events.close().await;
        vault.close().await;
        Ok(stage)
    }

    /// The server's configuration over these servers.
    pub fn config(&self) -> Config {
        let mut config = Config::on_this_machine(
            (&self.postgres.url(EVENTS), &self.postgres.url(VAULT)),
            &self.nats.url(),
            (self.dir.join("kek"), self.dir.join("directory_key")),
            self.listen,
        );
        config.tokens = TokenConfig::of_file(self.dir.join(TOKEN_KEYS));
        config.mail = MailConfig::in_folder(&self.letters());
        config.notices = NoticesConfig::by_mail();
        config.documents = DocumentsConfig::at(self.objects.url());
        config
    }

    /// Where letters are written in place of being sent.
    pub fn letters(&self) -> PathBuf {
        self.dir.join("letters")
    }

    /// The NATS server, for a demonstration of its failure.
    pub fn nats(&mut self) -> &mut NatsServer {
        &mut self.nats
    }

    /// A reader of the log, for the ledger's comparison.
    pub async fn log_pool(&self) -> Result<PgPool> {
        let options = self.postgres.options(EVENTS).options([("role", "attendance_log_reader")]);
        Ok(PgPoolOptions::new().max_connections(1).connect_with(options).await?)
    }

    /// A reader of whatever there is, past every right: for counts.
    pub async fn owner_pool(&self) -> Result<PgPool> {
        owner_pool(&self.postgres, EVENTS).await
    }

    /// Where the clock starts: the small hours of today, or of the first school day after the last
    /// one that was replayed here.
    pub async fn clock_start(&self) -> Result<DateTime<Utc>> {
        let pool = owner_pool(&self.postgres, EVENTS).await?;
        let last: Option<NaiveDate> =
            sqlx::query_scalar("select max(local_date) from events where aggregate_type = 'attendance_day'")
                .fetch_one(&pool)
                .await?;
        let recorded: Option<DateTime<Utc>> =
            sqlx::query_scalar("select recorded_at from events order by position desc limit 1")
                .fetch_optional(&pool)
                .await?;
        pool.close().await;
        let today = zone::local_date(SystemClock.now(), ZONE);
        let mut date = last.map_or(today, |d| today.max(d + Days::new(1)));
        while matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
            date = date + Days::new(1);
        }
        let early = zone::day_range(date, ZONE).start + TimeDelta::hours(5);
        // Time in the log never goes back, so neither does the demo's.
        Ok(recorded.map_or(early, |r| early.max(r)))
    }

    /// The seeded school; the same at every start, with fresh kiosk secrets.
    pub async fn seed(&self, config: &Config, clock: Arc<dyn Clock>) -> Result<seed::Seeded> {
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let pools = crate::pools::Pools::connect(&config.sides.databases, &config.sides.pools).await?;
        let write = serve::write_side(&config.sides, &pools, &clock, &ids)?;
        let seeded = seed::school(&write, SCHOOL_SEED).await?;
        pools.close().await;
        Ok(seeded)
    }
}

async fn owner_pool(postgres: &PostgresCluster, database: &str) -> Result<PgPool> {
    Ok(PgPoolOptions::new().max_connections(1).connect_with(postgres.options(database)).await?)
}

/// Forgets what an earlier stage left in a folder.
pub fn clear(dir: &Path) -> Result<()> {
    if let Ok(elsewhere) = std::fs::read_link(dir.join("postgres")) {
        std::fs::remove_dir_all(elsewhere).ok();
    }
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("empty {}", dir.display()))
        }
        _ => Ok(()),
    }
}

/// As root the cluster runs as the `postgres` user, who cannot enter a folder under `/root`: then it
/// lives under `/var/tmp`, and a link in our folder says where.
fn cluster_folder(dir: &Path) -> Result<PathBuf> {
    let here = dir.join("postgres");
    let enterable = {
        use std::os::unix::fs::PermissionsExt;
        dir.ancestors().all(|a| std::fs::metadata(a).is_ok_and(|m| m.permissions().mode() & 0o001 != 0))
    };
    if enterable || std::fs::metadata("/root").is_ok_and(|_| std::fs::read_dir("/root").is_err()) {
        return Ok(here);
    }
    if let Ok(elsewhere) = std::fs::read_link(&here) {
        std::fs::create_dir_all(&elsewhere)?;
        return Ok(elsewhere);
    }
    let elsewhere = PathBuf::from(format!("/var/tmp/attendance-demo-{}", SystemIds.next()));
    std::fs::create_dir_all(&elsewhere)?;
    std::os::unix::fs::symlink(&elsewhere, &here)?;
    Ok(elsewhere)
}

/// A key of 32 random bytes as hexadecimal digits, readable by its owner alone.
/// Makes a key file; `before` is what stands before the key in it.
fn make_key(path: &Path, before: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if path.exists() {
        return Ok(());
    }
    let mut key = [0u8; 32];
    getrandom::fill(&mut key).map_err(|e| anyhow::anyhow!("no random numbers: {e}"))?;
    ensure!(key != [0u8; 32], "no random numbers");
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{before}{}", hex::encode(key)).as_bytes())?;
    Ok(())
}
