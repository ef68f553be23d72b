//! Connection pools, one per database role: what a part may do is decided by its pool.

use crate::config::{Databases, PoolSizes, PowerfulLogin, Secret};
use anyhow::Context;
use commands::StoreError;
use commands::boot_audit;
use commands::pool::{PoolError, PoolSettings, Role, connect};
use projections::Readers;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::str::FromStr;
use std::time::Duration;

/// How long one connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(5);

/// One pool per role. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Appends to the log and keeps receipts and the directory.
    pub log_writer: PgPool,
    /// Reads the log: relay and feeds.
    pub log_reader: PgPool,
    /// Writes the read models.
    pub projector: PgPool,
    /// Reads the read models for pages and API, a school at a time; has no grant on the log.
    pub request: Readers,
    /// Signs people in: sessions, throttling, credentials; has no grant on the log.
    pub auth: PgPool,
    /// The keys' own database.
    pub vault: PgPool,
}

/// Why there are no pools, as a sentence for the person who set the server up. The URL itself is never
/// quoted: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server does not answer, or not yet: it may by waiting.
    #[error("{url}: the database does not answer: {why}")]
    Away {
        /// The variable that says where.
        url: &'static str,
        /// The driver's words.
        why: String,
    },
    /// The server answers and refuses.
    #[error("{url}: {what}")]
    Refused {
        /// The variable that says where.
        url: &'static str,
        /// What is wrong and what to do.
        what: String,
    },
    /// The configuration itself cannot be read.
    #[error("{0:#}")]
    Configuration(anyhow::Error),
}

const EVENTS: &str = "DATABASE_URL";
const VAULT: &str = "VAULT_DATABASE_URL";

impl Pools {
    /// Connects every role and makes sure that the schema is one that this program can work with.
    pub async fn connect(databases: &Databases, sizes: &PoolSizes) -> Result<Self, ConnectError> {
        let read = |url: anyhow::Result<Secret>, name| {
            url.and_then(|url| parse(&url).context(name)).map_err(ConnectError::Configuration)
        };
        let (events, vault) = (read(databases.events_url(), EVENTS)?, read(databases.vault_url(), VAULT)?);
        let open = async |role: Role, connections| {
            let (url, options) = if role == Role::Vault { (VAULT, &vault) } else { (EVENTS, &events) };
            // One connection by itself first: a pool waits and then tells nothing but that it waited.
            attempt(url, options, role).await?;
            let settings = PoolSettings {
                insist_on_durability: databases.insist_on_durability(),
                ..PoolSettings::new(connections)
            };
            connect(options.clone(), role, &settings).await.map_err(|error| match error {
                PoolError::Connect { source, .. } => explain(url, role, source),
                PoolError::NotDurable(_) => ConnectError::Refused { url, what: error.to_string() },
            })
        };
        let pools = Self {
            log_writer: open(Role::LogWriter, sizes.log_writer).await?,
            log_reader: open(Role::LogReader, sizes.log_reader).await?,
            projector: open(Role::Projector, sizes.projector).await?,
            request: Readers::new(open(Role::Request, sizes.request).await?),
            auth: open(Role::Auth, sizes.auth).await?,
            vault: open(Role::Vault, sizes.vault).await?,
        };
        let expected = migrations::expected();
        match migrations::applied(&pools.log_reader).await {
            // A newer schema is one that was expanded for a newer program and still serves this one.
            Ok(applied) if applied >= expected => {
                pools.audit(databases.powerful_login).await?;
                Ok(pools)
            }
            Ok(applied) => Err(ConnectError::Refused {
                url: EVENTS,
                what: format!("the schema is at {applied}, this program needs {expected}; run `attendance migrate`"),
            }),
            Err(error) => Err(explain(EVENTS, Role::LogReader, error)),
        }
    }

    /// Refuses a database that does not keep schools apart, and says what was decided to be otherwise.
    async fn audit(&self, powerful_login: PowerfulLogin) -> Result<(), ConnectError> {
        let failed = |error| explain(EVENTS, Role::LogReader, error);
        let mut connection = self.log_reader.acquire().await.map_err(failed)?;
        let audited = boot_audit::audit(&mut connection).await.map_err(failed)?;
        if !audited.findings.is_empty() {
            let what = format!("the database does not keep schools apart: {}", audited.findings.join("; "));
            return Err(ConnectError::Refused { url: EVENTS, what });
        }
        if audited.powerful_login && powerful_login == PowerfulLogin::Refuse {
            let what = "its login may do more than act as the server's roles (it is a superuser, or owns tables): \
                        let the server log in as attendance_app, see docs/runbook/install.md; \
                        for a trial on one's own machine, ATTENDANCE_POWERFUL_LOGIN=allow";
            return Err(ConnectError::Refused { url: EVENTS, what: what.to_owned() });
        }
        tracing::info!(
            exceptions = ?audited.exceptions,
            "the database keeps schools apart, with these exceptions"
        );
        Ok(())
    }

    /// Closes every pool, waiting for the connections in use.
    pub async fn close(&self) {
        for (_, pool) in self.across_schools() {
            pool.close().await;
        }
        self.request.close().await;
    }

    /// The pools whose work is not a school's, with their names in figures.
    fn across_schools(&self) -> [(&'static str, &PgPool); 5] {
        [
            ("log_writer", &self.log_writer),
            ("log_reader", &self.log_reader),
            ("projector", &self.projector),
            ("auth", &self.auth),
            ("vault", &self.vault),
        ]
    }

    /// How many connections each pool has open, and how many of them nobody uses.
    pub fn connections(&self) -> impl Iterator<Item = (&'static str, (u32, usize))> {
        let across = self.across_schools().map(|(name, pool)| (name, (pool.size(), pool.num_idle())));
        across.into_iter().chain([("request", self.request.connections())])
    }
}

async fn attempt(url: &'static str, options: &PgConnectOptions, role: Role) -> Result<(), ConnectError> {
    let options = options.clone().options([("role", role.as_str())]);
    match tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await {
        Ok(Ok(connection)) => {
            // It worked; how its end goes does not matter.
            let _ = connection.close().await;
            Ok(())
        }
        Ok(Err(error)) => Err(explain(url, role, error)),
        Err(_) => Err(ConnectError::Away { url, why: format!("nothing within {} s", PATIENCE.as_secs()) }),
    }
}

/// Says what an error of a connection means for whoever set the server up. SQLSTATEs:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn explain(url: &'static str, role: Role, error: sqlx::Error) -> ConnectError {
    let refused = |what: String| ConnectError::Refused { url, what };
    let role = role.as_str();
    let code = match &error {
        sqlx::Error::Database(answer) => answer.code().map(std::borrow::Cow::into_owned).unwrap_or_default(),
        _ => String::new(),
    };
    match code.as_str() {
        "28P01" | "28000" => refused("the database refuses the user or the password".to_owned()),
        "3D000" => refused("there is no such database; create it and run `attendance migrate`".to_owned()),
        "22023" | "42704" => refused(format!("there is no role {role}; run `attendance migrate`")),
        "42501" => {
            refused(format!("the user may not act as {role}; run `attendance migrate` as the owner, or grant it"))
        }
        "42P01" | "3F000" => refused("the schema is not there; run `attendance migrate`".to_owned()),
        _ => {
            let why = error.to_string();
            if StoreError::from(error).is_temporary() { ConnectError::Away { url, why } } else { refused(why) }
        }
    }
}

/// How a worker connects for the lock that makes it the leader: one connection of its own.
pub fn worker_options(databases: &Databases) -> anyhow::Result<PgConnectOptions> {
    let options = parse(&databases.events_url()?).context(EVENTS)?;
    Ok(options.options([
        ("role", Role::Worker.as_str()),
        ("statement_timeout", "5s"),
        ("search_path", &PoolSettings::new(1).search_path),
    ]))
}

/// A small pool of the databases' owner: `migrate`, `rebuild` and `log` only.
pub async fn owner(url: &Secret) -> anyhow::Result<PgPool> {
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(10));
    Ok(pool.connect_with(parse(url)?).await?)
}

/// The URL itself is never quoted: it may hold a password.
fn parse(url: &Secret) -> anyhow::Result<PgConnectOptions> {
    let text = url.reveal();
    let ours = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    // The driver would take any scheme.
    let options = PgConnectOptions::from_str(text).ok().filter(|_| ours);
    options.context("not a Postgres URL, such as postgres://user:password@host:5432/database")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::testing::TestApp;
    use domain::SchoolId;
    use domain::account::StaffRole;

    #[tokio::test]
    async fn p33_a_database_that_does_not_keep_schools_apart_is_refused_with_the_table_and_the_finding() {
        let test = local_services::testing::TestDatabases::create().await.unwrap();
        let mut owner = PgConnection::connect_with(&test.owner_options()).await.unwrap();
        sqlx::query("alter table live.pupil_days no force row level security").execute(&mut owner).await.unwrap();
        let databases = Databases::for_testing(&test.events_url(), &test.vault_url());
        let refused = Pools::connect(&databases, &PoolSizes::default()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "DATABASE_URL: the database does not keep schools apart: \
             live.pupil_days: row-level security is not enabled and forced"
        );
        assert!(matches!(refused, ConnectError::Refused { .. }), "no waiting mends it");
    }

    #[tokio::test]
    async fn p33_a57_the_server_logs_in_as_somebody_who_owns_nothing_and_as_nobody_else() {
        let test = local_services::testing::TestDatabases::create().await.unwrap();
        let mut powerful = Databases::for_testing(&test.events_url(), &test.vault_url());
        powerful.powerful_login = PowerfulLogin::Refuse;
        let refused = Pools::connect(&powerful, &PoolSizes::default()).await.unwrap_err();
        let said = refused.to_string();
        assert!(said.starts_with("DATABASE_URL: its login may do more") && said.contains("attendance_app"), "{said}");
        assert!(matches!(refused, ConnectError::Refused { .. }), "no waiting mends it");
        // A whole server by the login that is meant for it.
        let owner = PgPoolOptions::new().connect_with(test.owner_options()).await.unwrap();
        sqlx::query("alter role attendance_app login").execute(&owner).await.unwrap();
        let app = |url: String| url.replace("attendance@", "attendance_app@");
        let mut config = Config::for_testing(&app(test.events_url()), &app(test.vault_url()));
        config.sides.databases.powerful_login = PowerfulLogin::Refuse;
        let app = TestApp::start_config(test, &config).await.unwrap();
        let school = app.school(2).await.unwrap();
        app.case(&school).await.unwrap();
        let person = app.person(school.id, StaffRole::Director).await.unwrap();
        for page in ["/hoy", "/personas", "/casos"] {
            let page = format!("{}{page}?colegio={}", app.base, school.id);
            let shown = app.browser(&person).unwrap().get(&page).send().await.unwrap().status().as_u16();
            assert!([200, 403].contains(&shown), "{page}: {shown}");
        }
        app.shutdown().await;
    }

    /// What keeps the request role's pool private is that nobody else makes one.
    #[test]
    fn the_request_role_is_taken_in_this_file_alone() {
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut takers = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let role = ["Role", "Request"].join("::");
                    if text.contains(&role) || text.contains("attendance_request") || text.contains("Readers::new") {
                        takers.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned());
                    }
                }
            }
        }
        assert_eq!(takers, [std::path::Path::new("src/pools.rs")]);
    }

    #[tokio::test]
    async fn each_pool_opens_as_many_connections_as_it_was_given_and_no_more() {
        let test = local_services::testing::TestDatabases::create().await.unwrap();
        let databases = Databases::for_testing(&test.events_url(), &test.vault_url());
        let sizes = PoolSizes { log_writer: 3, log_reader: 4, projector: 5, request: 6, auth: 7, vault: 8 };
        let pools = Pools::connect(&databases, &sizes).await.unwrap();
        for ((name, pool), size) in pools.across_schools().into_iter().zip([3, 4, 5, 7, 8]) {
            let mut held = Vec::new();
            for _ in 0..size {
                held.push(pool.acquire().await.unwrap());
            }
            assert!(pool.try_acquire().is_none() && pool.size() == size, "{name}");
        }
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(pools.request.begin(SchoolId(uuid::Uuid::nil())).await.unwrap());
        }
        assert_eq!(pools.request.connections(), (6, 0));
        let seventh = tokio::time::timeout(Duration::from_millis(200), pools.request.begin(held[0].school())).await;
        assert!(seventh.is_err(), "a seventh was opened");
    }
}
