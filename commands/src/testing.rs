//! What this crate's tests share: a fresh pair of databases and a write side on it.

use crate::clock::ManualClock;
use crate::directory::Directory;
use crate::ids::SeededIds;
use crate::keys::{DirectoryKey, Kek};
use crate::pool::{self, PoolSettings, Role};
use crate::vault::Vault;
use crate::write::Retry;
use crate::{Context, Write};
use chrono::{DateTime, Utc};
use domain::school::Settings;
use domain::{Actor, CommandId, SchoolId};
use local_services::testing::TestDatabases;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// A write side on databases of its own, with a clock that stands still and ids from a seed.
pub(crate) struct World {
    pub(crate) databases: TestDatabases,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) write: Write,
    /// The owner's pool: sees and may do everything but rewrite the log.
    pub(crate) owner: PgPool,
    pub(crate) school: SchoolId,
}

/// Monday, 2026-03-09, 07:30 in Santiago.
pub(crate) fn monday_morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_052_200, 0).unwrap()
}

impl World {
    /// With so many connections for the log writer.
    pub(crate) async fn with_connections(connections: u32) -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let options = databases.owner_options();
        Self::on(databases, options, connections).await
    }

    /// Whose log writer connects through a proxy.
    pub(crate) async fn behind(cut: Cut) -> (Self, Proxy) {
        let databases = TestDatabases::create().await.unwrap();
        let options = databases.owner_options();
        let proxy = Proxy::start(options.get_port(), cut).await;
        let options = options.port(proxy.port);
        (Self::on(databases, options, 4).await, proxy)
    }

    async fn on(databases: TestDatabases, options: PgConnectOptions, connections: u32) -> Self {
        let clock = Arc::new(ManualClock::at(monday_morning()));
        let ids = Arc::new(SeededIds::new(1));
        let settings = PoolSettings::for_testing(connections);
        let writer = pool::connect(options, Role::LogWriter, &settings).await.unwrap();
        let vault = pool::connect(databases.vault_options(), Role::Vault, &PoolSettings::for_testing(4)).await.unwrap();
        let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
        let vault = Vault::new(vault, Kek::from_bytes([7; 32]), ids.clone(), clock.clone());
        let directory = Directory::new(writer.clone(), DirectoryKey::from_bytes([8; 32]));
        let retry = Retry::with_jitter(fastrand::Rng::with_seed(1));
        let write = Write::with_retry(writer, clock.clone(), ids.clone(), vault, directory, retry);
        Self { databases, clock, ids, write, owner, school: SchoolId(Uuid::from_u128(0x5c00_0001)) }
    }

    pub(crate) async fn new() -> Self {
        Self::with_connections(8).await
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            school: self.school,
            zone: chrono_tz::America::Santiago,
            actor: Actor::cli("test"),
            command_id: None,
            correlation_id: Uuid::from_u128(0xc0),
            causation_id: None,
        }
    }

    pub(crate) fn context_with_id(&self, id: u128) -> Context {
        Context { command_id: Some(CommandId(Uuid::from_u128(id))), ..self.context() }
    }

    /// All positions of the log, in order.
    pub(crate) async fn positions(&self) -> Vec<i64> {
        sqlx::query_scalar("select position from events order by position").fetch_all(&self.owner).await.unwrap()
    }

    /// Asserts that the log is dense from 1 and returns its length.
    pub(crate) async fn dense_length(&self) -> usize {
        let positions = self.positions().await;
        assert!(positions.iter().zip(1..).all(|(p, n)| *p == n), "positions are not dense: {positions:?}");
        positions.len()
    }
}

/// Settings of a school in Santiago.
pub(crate) fn settings(late_after_minutes: u16) -> Settings {
    Settings { zone: chrono_tz::America::Santiago, late_after_minutes, missing_after_minutes: 30, echo_seconds: 60 }
}

/// What a [`Proxy`] does to the first commit that comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never hears of it.
    BeforeCommit,
    /// The server commits, and the client never hears of that.
    AfterCommit,
}

/// Stands between a pool and the server and breaks one connection at its commit.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start(server: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), cuts: Arc::default() };
        let cuts = proxy.cuts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(Self::carry(client, server, cut, cuts.clone()));
            }
        });
        proxy
    }

    /// How many connections were broken.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    async fn carry(client: TcpStream, server: TcpStream, cut: Cut, cuts: Arc<AtomicUsize>) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
            if buffer[..n].windows(6).any(|w| w == b"COMMIT") && cuts.fetch_add(1, Ordering::SeqCst) == 0 {
                answers.abort();
                let _ = answers.await;
                if cut == Cut::AfterCommit {
                    to_server.write_all(&buffer[..n]).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                return;
            }
            to_server.write_all(&buffer[..n]).await.unwrap();
        }
        answers.abort();
    }
}
