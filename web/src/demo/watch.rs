//! A viewer of the live stream that writes into the ledger when a scan reached the screen.

use super::ledger::Ledger;
use anyhow::{Result, ensure};
use domain::SchoolId;
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A connected viewer.
#[derive(Debug)]
pub struct Watcher {
    task: JoinHandle<()>,
    ledger: Arc<Ledger>,
}

impl Watcher {
    /// Connects to the school's live stream, and again whenever it ends.
    pub async fn start(http: reqwest::Client, base: &str, school: SchoolId, ledger: Arc<Ledger>) -> Result<Self> {
        let url = format!("{base}/api/v1/live/stream?school={school}");
        let first = http.get(&url).send().await?;
        ensure!(first.status().is_success(), "the live stream answers {}", first.status());
        let book = ledger.clone();
        let task = tokio::spawn(async move {
            let mut answer = Some(first);
            loop {
                if let Some(answer) = answer.take() {
                    follow(answer, &book).await;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                answer = http.get(&url).send().await.ok().filter(|a| a.status().is_success());
            }
        });
        Ok(Self { task, ledger })
    }

    /// Waits until everything acknowledged was on the screen, or the time is over.
    pub async fn catch_up(&self, at_most: Duration) {
        let begun = Instant::now();
        while !self.ledger.book().awaited.is_empty() && begun.elapsed() < at_most {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Disconnects.
    pub fn stop(self) {
        self.task.abort();
    }
}

/// Reads `id: <epoch>.<position>` lines: each frame says how far it shows the log. A frame counts when
/// all of it is here, at the blank line that ends it.
async fn follow(answer: reqwest::Response, ledger: &Ledger) {
    let mut stream = answer.bytes_stream();
    let mut buffer = Vec::new();
    let mut position = None;
    while let Some(Ok(chunk)) = stream.next().await {
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if let Some(id) = line.strip_prefix("id:") {
                position = id.trim().rsplit('.').next().and_then(|p| p.parse().ok());
            } else if line.is_empty()
                && let Some(shown) = position.take()
            {
                ledger.shown_through(shown);
            }
        }
    }
}
