//! The read model's tables: the projector's seam, and what boards are read from.

use super::bugs::Bug;
use super::chance::{Broken, Fate};
use super::postgres::{Client, Postgres, State};
use super::school;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{Epoch, EventId, SchoolId};
use nats::log::Head;
use projections::live::board::{AsOf, Board, board};
use projections::live::facts::{BoardFacts, Pupil, ScanFact, School};
use projections::live::kept::{ChangedScan, Changes, Copies, Kept};
use projections::live::memory::LiveRows;
use projections::live::rows::LiveScan;
use projections::runner::{ModelTx, Models};
use projections::{Checkpoint, Fact, ReadModel};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::Instant;
use web::live::source::{Answer, Source};
use web::names::SchoolNames;

/// What a projector keeps.
#[derive(Clone, Default)]
pub struct Tables {
    pub checkpoint: Option<(Epoch, i64, Option<DateTime<Utc>>)>,
    /// How often it was moved.
    pub version: i64,
    pub rows: LiveRows,
    /// Every event that was applied: rows forgive a repetition, this does not.
    pub applied: Vec<(i64, EventId)>,
    /// The tables a few commits ago, for a replica that is behind.
    pub before: Option<Arc<Tables>>,
}

impl Tables {
    pub fn place(&self) -> Option<(Epoch, i64)> {
        self.checkpoint.map(|(epoch, position, _)| (epoch, position))
    }

    fn apply(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.rows.apply(fact);
            self.applied.push((fact.position(), fact.event.event_id));
        }
    }
}

fn row(checkpoint: &Checkpoint) -> (Epoch, i64, Option<DateTime<Utc>>) {
    (checkpoint.epoch, checkpoint.position, checkpoint.recorded_at)
}

impl Models for Client {
    type Tx = Tx;

    async fn checkpoint(&self, model: ReadModel) -> Result<Checkpoint, sqlx::Error> {
        self.ask("checkpoint", |state| {
            let epoch = state.data.epoch;
            let (epoch, position, recorded_at) = *state.data.tables.checkpoint.get_or_insert((epoch, 0, None));
            let version = state.data.tables.version;
            Ok(Checkpoint { model, version, epoch, position, recorded_at })
        })
        .await
    }

    async fn begin(&self, _: ReadModel) -> Result<Tx, sqlx::Error> {
        let generation = self.ask("begin rows", |state| Ok(state.generation)).await?;
        Ok(Tx { client: self.clone(), generation, lock: None, to: None, changes: Vec::new(), said: None })
    }
}

enum Change {
    Clear,
    Apply(Vec<Fact>),
}

/// A projector's transaction.
pub struct Tx {
    client: Client,
    generation: u64,
    /// The checkpoint's row.
    lock: Option<OwnedMutexGuard<()>>,
    to: Option<Checkpoint>,
    changes: Vec<Change>,
    said: Option<String>,
}

impl Tx {
    async fn ask<T: Send>(
        &self,
        what: &'static str,
        effect: impl FnOnce(&mut State) -> Result<T, sqlx::Error> + Send,
    ) -> Result<T, sqlx::Error> {
        self.client.ask_on(self.generation, what, effect).await
    }

    fn bug(&self, bug: Bug) -> bool {
        self.client.server.chance().has(bug)
    }

    fn apply(self, server: &Postgres) -> Result<(), Broken> {
        server.answers(Some(self.generation))?;
        let mut state = server.state();
        let before = state.data.tables.clone();
        let tables = &mut state.data.tables;
        for change in self.changes {
            match change {
                Change::Clear => (tables.rows, tables.applied) = (LiveRows::default(), Vec::new()),
                Change::Apply(facts) => tables.apply(&facts),
            }
        }
        if let Some(to) = &self.to {
            (tables.checkpoint, tables.version) = (Some(row(to)), to.version);
        }
        tables.before = Some(Arc::new(Tables { before: None, ..before.clone() }));
        let position = tables.place().map_or(0, |(_, position)| position);
        state.unsynced.push_back((Instant::now(), before));
        state.forget_synced();
        drop(state);
        server.chance().note("rows committed", position as u64);
        server.say(self.said.unwrap_or_default());
        Ok(())
    }
}

impl ModelTx for Tx {
    async fn advance(&mut self, from: &Checkpoint, to: &Checkpoint) -> Result<bool, sqlx::Error> {
        let unchecked = self.bug(Bug::CheckpointNotCompared);
        if self.lock.is_none() && !unchecked {
            self.lock = Some(self.client.server.checkpoint_lock().lock_owned().await);
        }
        let (own, at_once) = (self.to, self.bug(Bug::CheckpointOutsideTransaction));
        let moved = self
            .ask("advance checkpoint", |state| {
                let tables = &mut state.data.tables;
                let now = own.as_ref().map_or((tables.version, tables.checkpoint), |to| (to.version, Some(row(to))));
                let is = now.0 == from.version
                    && now.1.is_some_and(|(epoch, position, _)| (epoch, position) == (from.epoch, from.position));
                if at_once && is {
                    (tables.checkpoint, tables.version) = (Some(row(to)), to.version);
                }
                Ok(is || unchecked)
            })
            .await?;
        if moved {
            self.to = Some(*to);
        }
        Ok(moved)
    }

    async fn apply(&mut self, _: ReadModel, facts: &[Fact]) -> Result<(), sqlx::Error> {
        self.ask("apply", |_| Ok(())).await?;
        self.changes.push(Change::Apply(facts.to_vec()));
        Ok(())
    }

    async fn clear(&mut self, _: ReadModel) -> Result<(), sqlx::Error> {
        self.ask("clear", |_| Ok(())).await?;
        self.changes.push(Change::Clear);
        Ok(())
    }

    async fn announce(&mut self, _: ReadModel, schools: &str) -> Result<(), sqlx::Error> {
        self.said = Some(schools.to_owned());
        self.ask("announce", |_| Ok(())).await
    }

    async fn commit(self) -> Result<(), sqlx::Error> {
        let process = self.client.process.clone();
        let fate = process.fate("commit rows").await;
        let (answer, heard) = oneshot::channel();
        tokio::spawn(async move {
            let server = self.client.server.clone();
            server.chance().pass().await;
            let _ = answer.send(if fate == Fate::Fails { Err(Broken) } else { self.apply(&server) });
        });
        let done = heard.await.unwrap_or(Err(Broken));
        process.run("rows are committed", || Ok::<_, sqlx::Error>(())).await.ok();
        if fate == Fate::Unheard { Err(Broken.into()) } else { Ok(done?) }
    }
}

/// What a board of a school says of these tables.
pub fn board_of(tables: &Tables, log_epoch: Epoch, school: SchoolId, date: NaiveDate, now: DateTime<Utc>) -> Board {
    board(&facts_of(tables, log_epoch, school, date), now)
}

fn as_of(tables: &Tables, log_epoch: Epoch) -> AsOf {
    let (epoch, position, recorded_at) = tables.checkpoint.unwrap_or((log_epoch, 0, None));
    AsOf { epoch, position, recorded_at, roster_position: 0, stale_epoch: epoch != log_epoch }
}

/// What it is computed from.
fn facts_of(tables: &Tables, log_epoch: Epoch, school: SchoolId, date: NaiveDate) -> BoardFacts {
    let settings = school::settings();
    let days: BTreeMap<_, _> = tables
        .rows
        .pupil_days()
        .into_iter()
        .filter(|day| day.school_id == school && day.local_date == date)
        .map(|day| (day.student_id, day))
        .collect();
    let n = u128::from(school != school::school(0));
    let pupils = (0..school::PUPILS).map(|p| school::pupil(n, p)).map(|student_id| Pupil {
        student_id,
        course_id: None,
        enrolled_from: date,
        withdrawn_from: None,
        day: days.get(&student_id).cloned(),
    });
    let scans = tables.rows.scans().into_iter().rev();
    let shown = scans.filter(|s| s.school_id == school && s.local_date == date && s.is_told()).take(20);
    BoardFacts {
        school: School {
            school_id: school,
            name: "Escuela".to_owned(),
            settings: settings.clone(),
            calendar: domain::calendar::SchoolCalendar::default(),
        },
        date,
        as_of: as_of(tables, log_epoch),
        courses: Vec::new(),
        pupils: pupils.collect(),
        gates: Vec::new(),
        last_scans: shown
            .map(|s| ScanFact {
                position: s.position,
                scan_id: s.scan_id,
                student_id: s.student_id,
                name: None,
                erased: false,
                direction: s.direction,
                occurred_at: s.occurred_at,
                recorded_at: s.recorded_at,
                kiosk_id: s.kiosk_id,
                by_hand: s.by_hand,
                flags: s.flags.clone(),
            })
            .collect(),
        quarantined: tables.rows.waiting(school) as i64,
    }
}

/// The scans of a board's day that it has and the board at `since` had not.
fn scans_since(tables: &Tables, facts: &BoardFacts, since: Option<(Epoch, i64)>, most: usize) -> Vec<LiveScan> {
    let (as_of, school) = (facts.as_of, facts.school.school_id);
    let Some((_, after)) = since.filter(|(epoch, position)| *epoch == as_of.epoch && *position < as_of.position) else {
        return Vec::new();
    };
    let scans = tables.rows.scans().into_iter().filter(|s| s.school_id == school && s.position > after);
    scans.filter(|s| s.local_date == facts.date).take(most).cloned().collect()
}

/// What a web process reads boards from.
pub struct Boards(pub Client);

impl Boards {
    /// Reads from the tables, and scans from a replica, which is the same; and where the tables are. With a
    /// bug the one is behind, or the other of another moment.
    async fn read<T: Send>(
        &self,
        what: &'static str,
        read: impl Fn(&Tables, &Tables, Epoch) -> Option<T> + Send + Sync,
    ) -> Result<(Option<T>, AsOf), sqlx::Error> {
        let (apart, behind) = {
            let chance = self.0.server.chance();
            (chance.has(Bug::BoardAndPlaceReadApart), chance.has(Bug::ScansFromALaggingReplica))
        };
        let read_all = |state: &mut State| {
            let tables = &state.data.tables;
            let replica = tables.before.as_deref().filter(|_| behind).unwrap_or(tables);
            Ok((read(tables, replica, state.data.epoch), as_of(tables, state.data.epoch)))
        };
        let (answer, place) = self.0.ask(what, read_all).await?;
        if !apart {
            return Ok((answer, place));
        }
        let place = self.0.ask("place", |state| Ok(as_of(&state.data.tables, state.data.epoch))).await?;
        Ok((answer, place))
    }
}

impl Source for Boards {
    fn zone(&self, _: SchoolId) -> Answer<'_, Option<Tz>> {
        Box::pin(self.0.ask("zone", |_| Ok(Some(school::settings().zone))))
    }

    fn load(
        &self,
        school: SchoolId,
        date: NaiveDate,
        since: Option<(Epoch, i64)>,
        most: usize,
    ) -> Answer<'_, Option<(Kept, Vec<LiveScan>)>> {
        let read = move |tables: &Tables, replica: &Tables, epoch| {
            let facts = tables.checkpoint.map(|_| facts_of(tables, epoch, school, date))?;
            let scans = scans_since(replica, &facts, since, most);
            Some((Kept { facts, roster_read_at: 0, copies: Copies::default() }, scans))
        };
        Box::pin(async move {
            let (loaded, place) = self.read("board", read).await?;
            Ok(loaded.map(|(kept, scans)| (Kept { facts: BoardFacts { as_of: place, ..kept.facts }, ..kept }, scans)))
        })
    }

    fn changes<'a>(&'a self, kept: &'a Kept, most: usize) -> Answer<'a, Option<Changes>> {
        let facts = &kept.facts;
        let (school, date, then) = (facts.school.school_id, facts.date, facts.as_of.position);
        let read = move |tables: &Tables, replica: &Tables, epoch| {
            let now = tables.checkpoint.map(|_| facts_of(tables, epoch, school, date))?;
            let days = now.pupils.into_iter().filter_map(|pupil| pupil.day).filter(|day| day.position > then);
            let scans = replica.rows.scans().into_iter().filter(|s| s.school_id == school && s.local_date == date);
            let scans = scans.filter(|s| s.last_position > then).cloned();
            let scans: Vec<_> = scans.map(|scan| ChangedScan { scan, name: None, erased: false }).collect();
            (scans.len() <= most).then(|| Changes {
                as_of: now.as_of,
                copies: Copies::default(),
                roster_changed: false,
                days: days.collect(),
                scans,
                gates: now.gates,
                quarantined: now.quarantined,
            })
        };
        Box::pin(async move {
            let (changes, as_of) = self.read("changes", read).await?;
            Ok(changes.map(|changes| Changes { as_of, ..changes }))
        })
    }

    fn names<'a>(&'a self, _: &'a Kept, _: Duration) -> Answer<'a, Arc<SchoolNames>, web::names::NamesError> {
        Box::pin(async { Ok(self.0.ask("names", |_| Ok(Arc::default())).await?) })
    }

    fn head(&self) -> Answer<'_, Head> {
        let head =
            |state: &mut State| Ok(Head { epoch: state.data.epoch, position: state.data.head(), recorded_at: None });
        Box::pin(self.0.ask("board's head", head))
    }

    fn recorded_after(&self, position: i64) -> Answer<'_, Option<DateTime<Utc>>> {
        let read = move |state: &mut State| {
            let mut following = state.data.events.range(position + 1..);
            Ok(following.next().map(|(_, event)| event.recorded_at))
        };
        Box::pin(self.0.ask("recorded after", read))
    }

    fn reached(&self) -> Answer<'_, Option<(Epoch, i64)>> {
        Box::pin(self.0.ask("reached", |state| Ok(state.data.tables.place())))
    }

    fn follow<'a>(&'a self, changed: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()> {
        Box::pin(async move {
            let generation = self.0.ask("listen", |state| Ok(state.generation)).await?;
            let mut said = self.0.server.said();
            loop {
                let Ok(schools) = said.recv().await else { return Err(Broken.into()) };
                self.0.process.alive().await;
                self.0.server.answers(Some(generation))?;
                self.0.server.chance().pass().await;
                changed(&schools);
            }
        })
    }
}
