//! Open boards: clients of the stream of server-sent events.

use crate::gun::Sent;
use crate::http::{Connection, Events};
use anyhow::{Result, ensure};
use domain::SchoolId;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use web::config::Tuning;

/// Room for so many boards of one person, even if all are of one school: a school has half of the places.
pub fn room(boards: usize) -> Tuning {
    let each = Tuning { streams_each: boards, proven_each: boards, ..Tuning::default() };
    Tuning { streams: 2 * boards, connections: boards + 1_000, ..each }
}

/// What one board saw.
struct Seen {
    school: SchoolId,
    /// Each frame's position, and when its last byte came.
    frames: Vec<(i64, Instant)>,
    /// The scans that its frames added, if it reads them.
    scans: Option<Vec<Uuid>>,
}

/// Boards that are open.
pub struct Boards {
    tasks: JoinSet<Result<Seen>>,
    frames: Arc<AtomicUsize>,
    stop: CancellationToken,
}

/// A stream; one that is refused for now is asked for again.
async fn open(address: &str, school: SchoolId) -> Result<Events> {
    let begun = Instant::now();
    loop {
        let connection = Connection::open(address).await?;
        match connection.events(&format!("/api/v1/live/stream?school={school}")).await {
            Ok(events) => return Ok(events),
            Err(error) if begun.elapsed() > Duration::from_secs(30) => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

impl Boards {
    /// Opens `n` boards, spread evenly over the schools, and waits until each has its first frame. The
    /// first of each school reads its frames' content if `reading`.
    pub async fn open(address: &str, schools: &[SchoolId], n: usize, reading: bool) -> Result<Self> {
        let (mut tasks, frames, stop) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let opened = Arc::new(AtomicUsize::new(0));
        for i in 0..n {
            let school = schools[i % schools.len()];
            let mut events = open(address, school).await?;
            let (frames, stop, opened) = (frames.clone(), stop.clone(), opened.clone());
            let reads = reading && i < schools.len();
            tasks.spawn(async move {
                let mut seen = Seen { school, frames: Vec::new(), scans: reads.then(Vec::new) };
                let mut data = Vec::new();
                loop {
                    let next = events.next(reads.then_some(&mut data));
                    let Some(next) = stop.run_until_cancelled(next).await else { return Ok(seen) };
                    let position = next?;
                    if seen.frames.is_empty() {
                        opened.fetch_add(1, Ordering::Relaxed);
                    }
                    seen.frames.push((position, Instant::now()));
                    frames.fetch_add(1, Ordering::Relaxed);
                    if let Some(scans) = &mut seen.scans {
                        let board: web::live::BoardView = serde_json::from_slice(&data)?;
                        scans.extend(board.scans.iter().map(|scan| scan.scan_id));
                    }
                }
            });
        }
        let begun = Instant::now();
        while opened.load(Ordering::Relaxed) < n {
            ensure!(begun.elapsed() < Duration::from_secs(60), "not every board got its first frame");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Self { tasks, frames, stop })
    }

    /// Frames received so far, over all boards.
    pub fn frames(&self) -> usize {
        self.frames.load(Ordering::Relaxed)
    }

    /// Closes them.
    pub async fn close(self) -> Result<()> {
        self.seen().await.map(|_| ())
    }

    /// Closes them, makes sure that every scan came to every board of its school (in a frame of its
    /// place or a later one) and once to each that reads, and says how long each took to each board.
    pub async fn times(self, sent: &[Sent]) -> Result<Vec<Duration>> {
        let mut by_school: HashMap<SchoolId, Vec<&Sent>> = HashMap::new();
        for sent in sent {
            by_school.entry(sent.school).or_default().push(sent);
        }
        let mut times = Vec::new();
        for seen in self.seen().await? {
            for sent in by_school.get(&seen.school).into_iter().flatten() {
                let first = seen.frames.partition_point(|(position, _)| *position < sent.position);
                let Some((_, at)) = seen.frames.get(first) else {
                    anyhow::bail!("a scan never came to a board");
                };
                times.push(at.saturating_duration_since(sent.at));
            }
            if let Some(read) = seen.scans {
                let once: HashSet<Uuid> = read.iter().copied().collect();
                ensure!(once.len() == read.len(), "a board was given a scan twice");
                let sent = by_school.get(&seen.school).into_iter().flatten();
                let missed = sent.filter(|sent| !once.contains(&sent.scan)).count();
                ensure!(missed == 0, "a board was never given {missed} scans");
            }
        }
        Ok(times)
    }

    async fn seen(mut self) -> Result<Vec<Seen>> {
        self.stop.cancel();
        let mut all = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            all.push(ended??);
        }
        Ok(all)
    }
}
