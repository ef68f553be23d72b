//! The log as feeds and relays read it, and the lock that relays compete for.

use super::postgres::{Client, State};
use domain::{Epoch, EventId};
use nats::RawEvent;
use nats::log::{Head, Log};
use nats::relay::{Candidate, Contested};
use std::ops::Bound;

fn head(state: &mut State) -> Result<Head, sqlx::Error> {
    let last = state.data.events.last_key_value();
    Ok(Head {
        epoch: state.data.epoch,
        position: last.map_or(0, |(position, _)| *position),
        recorded_at: last.map(|(_, event)| event.recorded_at),
    })
}

fn event_at(state: &mut State, position: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
    Ok((state.data.epoch, state.data.events.get(&position).map(|event| event.event_id)))
}

fn read(state: &mut State, epoch: Epoch, after: i64, limit: i64) -> Result<Vec<RawEvent>, sqlx::Error> {
    if state.data.epoch != epoch {
        return Ok(Vec::new());
    }
    let following = state.data.events.range((Bound::Excluded(after), Bound::Unbounded));
    Ok(following.take(usize::try_from(limit).unwrap_or(0)).map(|(_, event)| (**event).clone()).collect())
}

/// The log through a pool: each statement on whatever connection stands.
impl Log for Client {
    async fn head(&mut self) -> Result<Head, sqlx::Error> {
        self.ask("head", head).await
    }
    async fn event_at(&mut self, position: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
        self.ask("event at", |state| event_at(state, position)).await
    }
    async fn read_after_in_epoch(
        &mut self,
        epoch: Epoch,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RawEvent>, sqlx::Error> {
        self.ask("read", |state| read(state, epoch, after, limit)).await
    }
}

impl Contested for Client {
    type Candidate = Session;

    async fn connect(&self) -> Result<Session, sqlx::Error> {
        let connect = |state: &mut State| {
            state.sessions += 1;
            Ok((state.sessions, state.generation))
        };
        let (id, generation) = self.ask("connect", connect).await?;
        Ok(Session { client: self.clone(), id, generation })
    }

    fn is_closed(&self) -> bool {
        false
    }
}

/// A connection of its own, which may hold the relay's lock.
pub struct Session {
    client: Client,
    id: u64,
    generation: u64,
}

impl Session {
    async fn ask<T: Send>(
        &self,
        what: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, sqlx::Error> + Send,
    ) -> Result<T, sqlx::Error> {
        self.client.ask_on(self.generation, what, effect).await
    }
}

impl Drop for Session {
    /// The server notices a while later, or at once.
    fn drop(&mut self) {
        let (server, id) = (self.client.server.clone(), self.id);
        let free = move |server: &super::postgres::Postgres| {
            let mut state = server.state();
            if state.leader == Some(id) {
                state.leader = None;
            }
        };
        let delay = server.chance().delay();
        // Without a runtime the whole simulation is over.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !delay.is_zero() => {
                drop(runtime.spawn(async move {
                    tokio::time::sleep(delay).await;
                    free(&server);
                }));
            }
            Ok(_) | Err(_) => free(&server),
        }
    }
}

impl Log for Session {
    async fn head(&mut self) -> Result<Head, sqlx::Error> {
        self.ask("leader's head", head).await
    }
    async fn event_at(&mut self, position: i64) -> Result<(Epoch, Option<EventId>), sqlx::Error> {
        self.ask("leader's event at", |state| event_at(state, position)).await
    }
    async fn read_after_in_epoch(
        &mut self,
        epoch: Epoch,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RawEvent>, sqlx::Error> {
        self.ask("leader's read", |state| read(state, epoch, after, limit)).await
    }
}

impl Candidate for Session {
    async fn try_lead(&mut self) -> Result<bool, sqlx::Error> {
        let id = self.id;
        self.ask("try to lead", |state| Ok(*state.leader.get_or_insert(id) == id)).await
    }

    async fn step_down(self) {}
}
