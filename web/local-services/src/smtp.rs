//! A mail server (RFC 5321) on a free loopback port, which keeps what it is sent and breaks where it is told to.

use anyhow::Context;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to a mail. The usual is [`Gets::Taken`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gets {
    /// It is in the mailbox.
    Taken,
    /// Its recipient is refused for now, as by a grey list.
    Greylisted,
    /// Its recipient is refused for good.
    Refused,
    /// The sender's password is.
    Unknown,
    /// It is in the mailbox, and nobody ever says so.
    TakenInSilence,
    /// It is in the mailbox, and the connection closes before that is said.
    TakenAndClosed,
    /// The connection closes as it begins.
    Closed,
}

/// A mail in a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// To whom.
    pub to: String,
    /// Head and body as they came.
    pub text: String,
}

#[derive(Default)]
struct State {
    next: VecDeque<Gets>,
    kept: Vec<Kept>,
    /// How many are kept.
    count: watch::Sender<usize>,
}

impl State {
    fn keep(&mut self, mail: Kept) {
        self.kept.push(mail);
        self.count.send_replace(self.kept.len());
    }
}

/// The server, for as long as it is held.
pub struct MailServer {
    url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl MailServer {
    /// Starts one.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a port for the mail server")?;
        let url = format!("smtp://127.0.0.1:{}", listener.local_addr()?.port());
        let state = Arc::<Mutex<State>>::default();
        let of_server = Arc::clone(&state);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&of_server)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { url, state, server })
    }

    /// `smtp://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What happens to the mails that follow, one each; to those after them, the usual.
    pub fn then(&self, gets: &[Gets]) {
        self.lock().next.extend(gets);
    }

    /// What is in the mailboxes, in order.
    pub fn kept(&self) -> Vec<Kept> {
        self.lock().kept.clone()
    }

    /// What is in the mailboxes beyond the first `n`, once there is any.
    pub async fn beyond(&self, n: usize) -> Vec<Kept> {
        let mut count = self.lock().count.subscribe();
        // It ends with its sender, which this holds.
        let _ = count.wait_for(|count| *count > n).await;
        self.lock().kept.iter().skip(n).cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let gets = lock().next.pop_front().unwrap_or(Gets::Taken);
    if gets == Gets::Closed {
        return None;
    }
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await.ok()?;
    let (mut to, mut text, mut in_data) = (String::new(), String::new(), false);
    while let Some(line) = lines.next_line().await.ok()? {
        if in_data && line != "." {
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
            continue;
        }
        let answer = if in_data {
            in_data = false;
            lock().keep(Kept { to: std::mem::take(&mut to), text: std::mem::take(&mut text) });
            match gets {
                Gets::TakenInSilence => return std::future::pending().await,
                Gets::TakenAndClosed => return None,
                _ => "250 taken",
            }
        } else if let Some(address) = line.strip_prefix("RCPT TO:<") {
            to = address.trim_end_matches('>').to_owned();
            match gets {
                Gets::Greylisted => "451 4.7.1 come again",
                Gets::Refused => "550 5.1.1 nobody here",
                _ => "250 ok",
            }
        } else {
            match line.get(..4) {
                Some("DATA") => {
                    in_data = true;
                    "354 go on"
                }
                Some("MAIL") if gets == Gets::Unknown => "530 5.7.0 who are you",
                Some("QUIT") => "221 bye",
                _ => "250 ok",
            }
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}
