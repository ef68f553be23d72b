//! A TCP proxy that a test puts before a server to let the network fail: it delays, swallows and cuts,
//! in either direction, and it can cut a Postgres connection in the moment of its COMMIT.

use anyhow::Result;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the client says.
    ToServer,
    /// What the server says.
    ToClient,
}

/// What happens to the bytes of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// They pass.
    #[default]
    None,
    /// Each piece waits for so long.
    Delay(Duration),
    /// They are taken and go nowhere: the half-open connection of a broken cable. It stays so for a
    /// connection that lost bytes, also when the fault has passed.
    Swallow,
}

/// When a connection is cut that says COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The server never hears of it.
    Unheard,
    /// The server has done it, and its answer is lost.
    Unanswered,
}

/// A proxy before one server; it ends, and cuts everything, when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    to_server: Mutex<Fault>,
    to_client: Mutex<Fault>,
    /// New connections are accepted and cut at once.
    refuses: AtomicBool,
    cuts: watch::Sender<u64>,
    /// When, and what the client's first words must contain, such as its `application_name`.
    commits: Mutex<Option<(Commit, &'static str)>>,
    commits_cut: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultProxy {
    /// Before the server on this loopback port.
    pub async fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, shared) = (listener.local_addr()?, Arc::new(Shared::default()));
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, port, serving.clone()));
            }
        });
        Ok(Self { address, shared, task })
    }

    /// The port to connect to in the server's place.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What happens to the bytes of a direction from now on, in the connections that stand too.
    pub fn set(&self, direction: Direction, fault: Fault) {
        *lock(self.shared.of(direction)) = fault;
    }

    /// Cuts every connection, as a reset does.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|n| *n += 1);
    }

    /// Cuts every connection, and new ones as they come, or lets them through again.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuses.store(refuse, Ordering::SeqCst);
        self.cut();
    }

    /// Cuts the next Postgres connection that says COMMIT and whose first words contain `of`, and all
    /// others with it; refuses everybody from then on.
    pub fn cut_commit(&self, when: Commit, of: &'static str) {
        *lock(&self.shared.commits) = Some((when, of));
    }

    /// How many were cut at COMMIT.
    pub fn commits_cut(&self) -> usize {
        self.shared.commits_cut.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Shared {
    fn of(&self, direction: Direction) -> &Mutex<Fault> {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    /// Whether a COMMIT of this client is to be cut.
    fn take_commit(&self, first_words: &[u8]) -> Option<Commit> {
        let (when, _) = lock(&self.commits).take_if(|(_, of)| contains(first_words, of.as_bytes()))?;
        Some(when)
    }

    fn commit_was_cut(&self) {
        self.refuses.store(true, Ordering::SeqCst);
        self.commits_cut.fetch_add(1, Ordering::SeqCst);
        self.cuts.send_modify(|n| *n += 1);
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn connection(mut client: TcpStream, port: u16, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    if shared.refuses.load(Ordering::SeqCst) {
        let _ = client.set_zero_linger();
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let unanswered = AtomicBool::new(false);
    let was_cut = {
        let ((client_says, to_client), (server_says, to_server)) = (client.split(), server.split());
        let there = Pump { shared: &shared, direction: Direction::ToServer, unanswered: &unanswered };
        let back = Pump { direction: Direction::ToClient, ..there };
        tokio::select! {
            ended = there.run(client_says, to_server) => ended == Ended::Cut,
            ended = back.run(server_says, to_client) => ended == Ended::Cut,
            _ = cuts.changed() => true,
        }
    };
    if was_cut {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

#[derive(PartialEq)]
enum Ended {
    /// One side closed.
    Closed,
    /// On purpose.
    Cut,
}

#[derive(Clone, Copy)]
struct Pump<'a> {
    shared: &'a Shared,
    direction: Direction,
    /// The server has been told to commit, and its next word is lost.
    unanswered: &'a AtomicBool,
}

impl Pump<'_> {
    async fn run(self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Ended {
        let (mut buffer, mut dead) = (vec![0; 16 * 1024], false);
        let mut first_words = Vec::new();
        loop {
            let Ok(n @ 1..) = from.read(&mut buffer).await else { return Ended::Closed };
            let bytes = &buffer[..n];
            if self.direction == Direction::ToServer && first_words.len() < 1_024 {
                first_words.extend_from_slice(bytes);
            }
            if self.direction == Direction::ToClient && self.unanswered.load(Ordering::SeqCst) {
                self.shared.commit_was_cut();
                return Ended::Cut;
            }
            let fault = *lock(self.shared.of(self.direction));
            dead |= fault == Fault::Swallow;
            if dead {
                continue;
            }
            if let Fault::Delay(time) = fault {
                tokio::time::sleep(time).await;
            }
            // The text of a simple query, and of a prepared one, ends with a zero byte.
            if self.direction == Direction::ToServer
                && contains(bytes, b"COMMIT\0")
                && let Some(when) = self.shared.take_commit(&first_words)
            {
                match when {
                    Commit::Unheard => {
                        self.shared.commit_was_cut();
                        return Ended::Cut;
                    }
                    Commit::Unanswered => self.unanswered.store(true, Ordering::SeqCst),
                }
            }
            if to.write_all(bytes).await.is_err() {
                return Ended::Closed;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::testing::TestDatabases;
    use sqlx::{Connection, PgConnection};
    use tokio::time::{Instant, timeout};

    /// A server that repeats what it hears, and a client of it through a proxy.
    async fn echo() -> (FaultProxy, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = FaultProxy::before(listener.local_addr().unwrap().port()).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = socket.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        (proxy, client)
    }

    async fn says(client: &mut TcpStream) -> std::io::Result<u8> {
        client.write_all(b"x").await?;
        client.read_u8().await
    }

    const WHILE: Duration = Duration::from_millis(150);

    #[tokio::test]
    async fn bytes_pass_wait_or_vanish_in_either_direction_and_a_cut_resets() {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (proxy, mut client) = echo().await;
            assert_eq!(says(&mut client).await.unwrap(), b'x');
            proxy.set(direction, Fault::Delay(WHILE));
            let begun = Instant::now();
            assert_eq!(says(&mut client).await.unwrap(), b'x');
            assert!(begun.elapsed() >= WHILE);
            proxy.set(direction, Fault::Swallow);
            assert!(timeout(WHILE, says(&mut client)).await.is_err(), "{direction:?}");
            proxy.set(direction, Fault::None);
            assert!(timeout(WHILE, says(&mut client)).await.is_err(), "what lost bytes stays dead");
            proxy.cut();
            assert!(timeout(WHILE, says(&mut client)).await.unwrap().is_err());
            let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
            assert_eq!(says(&mut client).await.unwrap(), b'x', "new ones work");
            proxy.refuse(true);
            let mut refused = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
            assert!(timeout(WHILE, says(&mut refused)).await.unwrap().is_err());
        }
    }

    #[tokio::test]
    async fn a_commit_is_cut_before_or_after_the_server_did_it() {
        let databases = TestDatabases::create().await.unwrap();
        let mut direct = PgConnection::connect_with(&databases.owner_options()).await.unwrap();
        sqlx::query("create table t (n int)").execute(&mut direct).await.unwrap();
        let proxy = FaultProxy::before(databases.owner_options().get_port()).await.unwrap();
        for (when, stored) in [(Commit::Unheard, 0), (Commit::Unanswered, 1)] {
            proxy.refuse(false);
            let options = databases.owner_options().port(proxy.port()).application_name("cut me");
            let mut other = PgConnection::connect_with(&options.clone().application_name("spare")).await.unwrap();
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            proxy.cut_commit(when, "cut me");
            let spared = other.begin().await.unwrap();
            spared.commit().await.unwrap();
            let mut tx = connection.begin().await.unwrap();
            sqlx::query("insert into t values (1)").execute(&mut *tx).await.unwrap();
            assert!(tx.commit().await.is_err(), "{when:?}");
            let count = "select count(*) from t";
            assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut direct).await.unwrap(), stored, "{when:?}");
            assert!(PgConnection::connect_with(&options).await.is_err(), "everybody is refused");
        }
        assert_eq!(proxy.commits_cut(), 2);
    }
}
