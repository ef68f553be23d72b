//! Consumers of the feed, as a sender or the notary is one: each keeps a place of its own, and what it
//! did up to there.

use super::chance::{Chance, Process};
use super::postgres::{Client, Postgres};
use super::stream::{Line, Nats};
use domain::{Epoch, EventId};
use nats::wake::Wake;
use nats::{Carriable, Feed, FeedError, Hub};
use projections::fact::Decoded;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// What outlives its crashes: place and work, moved together.
#[derive(Default, Clone)]
pub struct Done(Arc<Mutex<Work>>);

#[derive(Default)]
pub struct Work {
    pub epoch: Option<Epoch>,
    pub events: Vec<(i64, EventId)>,
}

impl Done {
    pub fn get(&self) -> MutexGuard<'_, Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the feeds of a process share, if NATS carries them.
pub type Shared = Option<Hub<Line, Decoded>>;

pub fn shared(nats: &Nats, process: &Process, carried: bool) -> Shared {
    carried.then(|| Hub::new(nats.of(process)))
}

/// A feed of a process.
pub fn feed(postgres: &Postgres, process: &Process, shared: Shared) -> Feed<Client, Line, Decoded> {
    Feed::over(postgres.of(process), Wake::counted(postgres.grown()), shared)
}

/// Reads pages and moves on, for as long as the process lives.
pub async fn consume(postgres: Postgres, process: Process, shared: Shared, done: Done) {
    let chance: Chance = postgres.chance().clone();
    let mut feed = feed(&postgres, &process, shared);
    loop {
        let before = postgres.state().data.epoch;
        let (epoch, after) = {
            let work = done.get();
            (work.epoch.unwrap_or(before), work.events.last().map_or(0, |(position, _)| *position))
        };
        let max = 1 + chance.below(20) as usize;
        match feed.next_page(after, epoch, max).await {
            Ok(page) => {
                if page.events.len() > max {
                    chance.violated(format!("a page of {} events, where {max} were wanted", page.events.len()));
                }
                if !page.events.is_empty() && epoch != before {
                    chance.violated(format!("events of epoch {epoch} after the log had begun {before}"));
                }
                check(&postgres, epoch, after, &page.events);
                // What it does with them, and its place, in one transaction.
                chance.pass().await;
                process.alive().await;
                let mut work = done.get();
                work.epoch = Some(epoch);
                work.events.extend(page.events.iter().map(|event| (event.position(), event.event_id())));
            }
            Err(FeedError::EpochChanged(epoch)) => *done.get() = Work { epoch: Some(epoch), events: Vec::new() },
            Err(FeedError::AheadOfLog { after, head }) => {
                // No log of ours ever loses its end without beginning another life.
                chance.violated(format!("the log ends at {head}, and had given {after}"));
                *done.get() = Work::default();
            }
            Err(FeedError::Db(_)) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Whether a page is what follows a position in the log.
fn check(postgres: &Postgres, epoch: Epoch, after: i64, page: &[Decoded]) {
    let state = postgres.state();
    let history = state.history(epoch);
    let known = |position| history.and_then(|log| log.get(&position)).map(|event| event.event_id);
    for (event, expected) in page.iter().zip(after + 1..) {
        if event.position() != expected || known(expected) != Some(event.event_id()) {
            postgres.chance().violated(format!("a feed gave {} where {expected} follows", event.position()));
        }
    }
}
