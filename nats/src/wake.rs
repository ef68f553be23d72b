//! Says when the log may have grown: one `LISTEN attendance_log` a process and database, shared by
//! all who wait, with a poll of the log's head every 100 ms behind it.
//!
//! A wake-up is a hint. Who is woken reads the log; who is never woken loses nothing but time, since
//! every waiting here has an end.

use crate::log::{self, Head};
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The channel that the log's trigger notifies, once an insert statement.
const CHANNEL: &str = "attendance_log";
/// How often the head is read even if nothing was notified.
const POLL: Duration = Duration::from_millis(100);
/// How long a connection attempt or a query may hang before it counts as broken.
const PATIENCE: Duration = Duration::from_secs(2);

/// Wake-ups of one log. Clones share the listener, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Wake {
    seen: watch::Receiver<u64>,
    _tasks: Option<Arc<Tasks>>,
}

impl Wake {
    /// The wake-ups that whoever holds the other end counts, instead of Postgres's.
    #[doc(hidden)]
    pub fn counted(seen: watch::Receiver<u64>) -> Self {
        Self { seen, _tasks: None }
    }
}

#[derive(Debug)]
struct Tasks {
    count: watch::Sender<u64>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in self.running.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

/// Host, port, database, user: what makes two pools pools of one log.
type Key = (String, u16, Option<String>, String);
static SHARED: LazyLock<Mutex<HashMap<Key, Weak<Tasks>>>> = LazyLock::new(Mutex::default);

impl Wake {
    /// The wake-ups of this pool's log. The first caller starts the listener on a connection of its
    /// own; it needs no connection of the pool but a short one for each poll.
    pub fn shared(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        let key = (
            options.get_host().to_owned(),
            options.get_port(),
            options.get_database().map(str::to_owned),
            options.get_username().to_owned(),
        );
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tasks) = shared.get(&key).and_then(Weak::upgrade) {
            return Self { seen: tasks.count.subscribe(), _tasks: Some(tasks) };
        }
        shared.retain(|_, tasks| tasks.strong_count() > 0);
        let tasks = Arc::new(Tasks { count: watch::Sender::new(0), running: Mutex::default() });
        *tasks.running.lock().unwrap_or_else(PoisonError::into_inner) = vec![
            tokio::spawn(listen(pool.clone(), tasks.count.clone())),
            tokio::spawn(poll(pool.clone(), tasks.count.clone())),
        ];
        shared.insert(key, Arc::downgrade(&tasks));
        Self { seen: tasks.count.subscribe(), _tasks: Some(tasks) }
    }

    /// Takes note of all wake-ups so far. Call it before reading the log, so that what is appended
    /// after the reading wakes.
    pub fn note(&mut self) {
        self.seen.borrow_and_update();
    }

    /// Waits for a wake-up that was not noted. Cancelling is safe.
    pub async fn woken(&mut self) {
        if self.seen.changed().await.is_err() {
            // The tasks live as long as `self` does, so the sender does too; waiting is harmless.
            std::future::pending::<()>().await;
        }
    }
}

/// Listens for as long as the process wants it, through every restart of the server.
async fn listen(pool: PgPool, count: watch::Sender<u64>) {
    loop {
        if let Err(error) = listen_once(&pool, &count).await {
            tracing::debug!(%error, "the log's listener lost its connection; polling until it is back");
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn listen_once(pool: &PgPool, count: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(pool.connect_options().as_ref().clone());
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    // What was appended while nobody listened.
    bump(count);
    while listener.try_recv().await?.is_some() {
        while listener.next_buffered().is_some() {}
        bump(count);
    }
    Ok(())
}

/// The backstop: a connection that is half dead notifies nobody and says so to nobody.
async fn poll(pool: PgPool, count: watch::Sender<u64>) {
    let mut last: Option<Head> = None;
    loop {
        tokio::time::sleep(POLL).await;
        if let Ok(Ok(head)) = timeout(PATIENCE, log::head(&pool)).await
            && last.replace(head) != Some(head)
        {
            bump(&count);
        }
    }
}

fn bump(count: &watch::Sender<u64>) {
    count.send_modify(|n| *n = n.wrapping_add(1));
}
