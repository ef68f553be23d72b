//! Browsers with an open board: they read server-sent events, lose their connection, and come back with
//! the id of the last event that they saw.

use super::chance::Chance;
use super::postgres::Postgres;
use super::tables::{Tables, board_of};
use domain::{Epoch, SchoolId};
use futures::StreamExt;
use projections::Fact;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use web::config::Tuning;
use web::live::{BoardView, FrameId, LiveHub, events};

/// Where boards are served, if they are.
pub type Slot = Arc<Mutex<Option<LiveHub>>>;

pub struct Watcher {
    pub chance: Chance,
    pub postgres: Postgres,
    /// Its browser comes to one server or another. Of each school there is one watcher, since the product
    /// wakes several in no particular order.
    pub hubs: Vec<Slot>,
    pub school: SchoolId,
    /// The last event that was seen.
    pub seen: Arc<Mutex<Option<FrameId>>>,
}

impl Watcher {
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(1));
        let tuning = Tuning { stream_age: Duration::from_secs(5), ..Tuning::default() };
        loop {
            sleep(Duration::from_millis(20 + self.chance.below(800))).await;
            let hub = &self.hubs[self.chance.below(self.hubs.len() as u64) as usize];
            let hub = hub.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let (Some(hub), Ok(place)) = (hub, places.clone().acquire_owned().await) else { continue };
            let watched = tokio::select! {
                biased;
                () = hub.stopping().cancelled() => continue,
                watched = hub.watch(self.school) => watched,
            };
            let Ok(Some(watcher)) = watched else { continue };
            let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let mut stream = pin!(events(watcher, seen, place, &tuning));
            let mut text = Vec::new();
            while let Some(Ok(bytes)) = stream.next().await {
                text.extend_from_slice(&bytes);
                if text.ends_with(b"\n\n") {
                    self.see(&String::from_utf8_lossy(&std::mem::take(&mut text)));
                    // A slow line, or one that breaks.
                    self.chance.pass().await;
                    if self.chance.unlucky(100) {
                        break;
                    }
                }
            }
        }
    }

    fn see(&self, message: &str) {
        let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name));
        let (kind, data) = (field("event: ").unwrap_or_default(), field("data: ").unwrap_or_default());
        if kind == "heartbeat" {
            return;
        }
        let id = field("id: ").and_then(|id| id.parse::<FrameId>().ok());
        let (Some(id), Ok(view)) = (id, serde_json::from_str::<BoardView>(data)) else {
            return self.chance.violated(format!("not a message: {message}"));
        };
        self.chance.note(if kind == "frame" { "frame seen" } else { "snapshot seen" }, id.position as u64);
        let before = self.seen.lock().unwrap_or_else(PoisonError::into_inner).replace(id);
        if (id.epoch.0, id.position) != (view.epoch, view.position) {
            self.chance.violated(format!("{kind} {id} says that it is {}.{}", view.epoch, view.position));
        }
        if kind == "frame" {
            self.follows(before, id, &view);
        }
        self.says_what_was(id, &view);
    }

    /// A frame adds every scan since the event before it, and each once.
    fn follows(&self, before: Option<FrameId>, id: FrameId, view: &BoardView) {
        let after = before.filter(|before| before.epoch == id.epoch && before.position <= id.position);
        let Some(after) = after else {
            return self.chance.violated(format!("frame {id} follows {before:?}"));
        };
        let given: Vec<i64> = view.scans.iter().map(|scan| scan.position).collect();
        let tables = self.tables_at(id.epoch, id.position);
        let scans = tables.rows.scans().into_iter().filter(|scan| scan.school_id == self.school);
        let wanted: Vec<i64> = scans.map(|scan| scan.position).filter(|p| *p > after.position).collect();
        if given != wanted {
            let name = after.position;
            self.chance.violated(format!("frame {id} after {name} gives the scans {given:?} instead of {wanted:?}"));
        }
    }

    /// A board at a position is the one that the log up to there makes.
    fn says_what_was(&self, id: FrameId, view: &BoardView) {
        let tables = self.tables_at(id.epoch, id.position);
        let board = board_of(&tables, id.epoch, self.school, view.date, view.now.unwrap_or_default());
        let wanted: Vec<_> = board.last_scans.iter().map(|scan| (scan.position, scan.flags.clone())).collect();
        let given: Vec<_> = view.last_scans.iter().map(|scan| (scan.position, scan.flags.clone())).collect();
        let counts = (board.quarantined, board.totals.inside);
        if given != wanted || (view.quarantined, view.totals.inside) != counts {
            self.chance.violated(format!("the board at {id} is not what the log makes of it"));
        }
    }

    fn tables_at(&self, epoch: Epoch, position: i64) -> Tables {
        let state = self.postgres.state();
        let none = BTreeMap::new();
        let events = state.history(epoch).unwrap_or(&none).range(..=position);
        let mut tables = Tables { checkpoint: Some((epoch, position, None)), ..Tables::default() };
        for (_, event) in events {
            if let Ok(fact) = Fact::decode((**event).clone()) {
                tables.rows.apply(&fact);
            }
        }
        tables
    }
}
