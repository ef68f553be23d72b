//! Commands to several streams, and what they reserve, as one transaction: all or nothing.
//!
//! ```text
//! begin → reserve → read every touched stream → decide in memory → free → the log's lock → append → commit
//! ```
//! A step whose command id is in its stream already is answered from there, as by
//! [`Write::execute`]; the others are decided. So a unit that is repeated appends nothing, and of two
//! units that share a step the second finds it done.

use super::{Done, Parts, Write, belongs_to};
use crate::append::{Head, NewEvent, is_conflict};
use crate::context::Context;
use crate::directory::{Claim, Kind};
use crate::error::StoreError;
use crate::guardians::{self, Address};
use crate::ids::IdSource;
use crate::pool::in_time;
use chrono::{DateTime, Utc};
use domain::event::decode_as;
use domain::{CommandId, DomainEvent, EventId, SchoolId, StreamId};
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use tracing::Instrument;
use uuid::Uuid;

/// What commits together. Every step needs a command id of its own ([`Context::part`]).
pub struct Unit {
    school: SchoolId,
    steps: Vec<Step>,
    /// Each with the step that it belongs to.
    claims: Vec<(usize, Claim)>,
    releases: Vec<(usize, Claim)>,
    /// Each with the step whose event says so.
    addresses: Vec<(usize, Address)>,
}

struct Step {
    context: Context,
    stream: StreamId,
    command: Box<dyn Decide>,
}

/// Why a unit was not done; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// An aggregate refused a step; the error is its own.
    #[error("rejected: {0}")]
    Rejected(Box<dyn std::error::Error + Send + Sync>),
    /// A value that the unit reserves is another subject's since it was made: make it again.
    #[error("a reserved value is another's")]
    Claimed,
    /// Others kept writing to the same streams; it may be tried again.
    #[error("conflict: a stream kept changing")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

// Holds sealed values and hashes only, but says no more than it must.
impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps: Vec<_> = self.steps.iter().map(|s| (s.command.aggregate(), &s.stream)).collect();
        f.debug_struct("Unit").field("steps", &steps).field("claims", &self.claims.len()).finish_non_exhaustive()
    }
}

impl Unit {
    /// An empty unit of a school.
    pub fn of(school: SchoolId) -> Self {
        Self { school, steps: Vec::new(), claims: Vec::new(), releases: Vec::new(), addresses: Vec::new() }
    }

    /// Adds a command to a stream. Steps are decided in order: one sees what earlier ones of the same
    /// stream led to.
    pub fn step<A: domain::Aggregate>(&mut self, context: &Context, stream: StreamId, command: A::Command)
    where
        A::Command: Sync,
    {
        self.steps.push(Step { context: context.clone(), stream, command: Box::new(Typed::<A>(command)) });
    }

    /// Reserves a value in the directory for `subject` (whose owner is `owner`, of a card), with the step that is
    /// added next. Where that step is in the log already, others may have freed the value since: then it reserves none.
    pub fn reserve(&mut self, kind: Kind, hmac: [u8; 16], subject: Uuid, owner: Option<Uuid>) {
        self.claims.push((self.steps.len(), Claim { kind, hmac, subject, owner }));
    }

    /// Frees a value if it is reserved for `subject`, with the step that is added next. Where that step is in the log
    /// already, the subject may be found by the value again since: then it frees none.
    pub fn release(&mut self, kind: Kind, hmac: [u8; 16], subject: Uuid) {
        self.releases.push((self.steps.len(), Claim { kind, hmac, subject, owner: None }));
    }

    /// What is to be free after this try: what its steps free, and of what was `reserved` by it just now, what belongs
    /// to steps that were in the log already and to no other.
    fn freed(&self, answers: &[Answer], reserved: &HashSet<[u8; 16]>) -> Vec<Claim> {
        let is_found = |step: &usize| matches!(answers.get(*step), Some(Answer::Found(_)));
        let kept: HashSet<_> = self.claims.iter().filter(|(step, _)| !is_found(step)).map(|(_, c)| c.hmac).collect();
        let needless =
            self.claims.iter().filter(|(_, claim)| reserved.contains(&claim.hmac) && !kept.contains(&claim.hmac));
        let released = self.releases.iter().filter(|(step, _)| !is_found(step));
        needless.chain(released).map(|(_, claim)| *claim).collect()
    }

    /// By which address a guardian comes in from now on, as the step that was added last says; by none, if there is
    /// none. Where that step is in the log already, others may have said otherwise since: then it changes nothing.
    pub fn reach(&mut self, address: Address) {
        self.addresses.push((self.steps.len().saturating_sub(1), address));
    }

    /// The addresses of steps that have events in this try.
    fn new_addresses(&self, answers: &[Answer]) -> Vec<Address> {
        let is_new = |step: usize| matches!(answers.get(step), Some(Answer::New(events)) if !events.is_empty());
        self.addresses.iter().filter(|(step, _)| is_new(*step)).map(|(_, address)| *address).collect()
    }

    /// How many steps it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A command whose aggregate is not known any more.
trait Decide: Send + Sync {
    fn aggregate(&self) -> &'static str;
    fn decide(&self, history: &[Stored], next: &Next<'_>) -> Result<Vec<NewEvent>, Failed>;
}

struct Typed<A: domain::Aggregate>(A::Command);

/// What the next events of a stream carry.
struct Next<'a> {
    context: &'a Context,
    stream: &'a StreamId,
    ids: &'a dyn IdSource,
    now: DateTime<Utc>,
}

impl<A: domain::Aggregate> Decide for Typed<A>
where
    A::Command: Sync,
{
    fn aggregate(&self) -> &'static str {
        A::Event::AGGREGATE
    }

    fn decide(&self, history: &[Stored], next: &Next<'_>) -> Result<Vec<NewEvent>, Failed> {
        let mut state = A::State::default();
        for event in history {
            let event = decode_as::<A::Event>(&event.name, &event.version, &event.payload);
            state = A::evolve(state, &event.map_err(StoreError::from)?);
        }
        let last = history.last().map_or(0, |event| event.sequence);
        let decided = A::decide(&state, self.0.clone()).map_err(|error| Failed::Rejected(Box::new(error)))?;
        let events = decided.iter().zip(last + 1..).map(|(event, sequence)| {
            let id = EventId(next.ids.next());
            NewEvent::new(next.context, id, next.stream.clone(), sequence, next.now, event)
                .map_err(|error| Failed::Store(StoreError::Library(Box::new(error))))
        });
        events.collect()
    }
}

/// An event of a touched stream: read, or decided just now and without a position yet.
struct Stored {
    sequence: i64,
    position: Option<i64>,
    command_id: Option<CommandId>,
    name: String,
    version: String,
    payload: String,
}

/// Why one try failed.
enum Failed {
    Rejected(Box<dyn std::error::Error + Send + Sync>),
    Claimed,
    Conflict,
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) { Self::Conflict } else { Self::Store(error.into()) }
    }
}

impl Write {
    /// Does all of a unit or nothing, in a task of its own, so that a caller who hangs up cannot stop
    /// it half-way. The answer has an entry for every step, in order, and means committed.
    pub async fn execute_together(&self, unit: Unit) -> Result<Vec<Done>, UnitError> {
        let parts = self.0.clone();
        let task = tokio::spawn(async move { parts.execute_together(unit).await }.instrument(tracing::Span::current()));
        task.await.unwrap_or(Err(UnitError::Store(StoreError::Interrupted)))
    }

    /// A stream's state as it is in the log now.
    pub(crate) async fn state<A: domain::Aggregate>(&self, stream: &StreamId) -> Result<A::State, StoreError> {
        let load = async {
            let mut conn = self.0.pool.acquire().await?;
            states_in_tx::<A>(&mut conn, &[stream.as_str()]).await
        };
        Ok(in_time(load).await?.remove(stream.as_str()).unwrap_or_default())
    }
}

/// The states of streams that have events, by their ids.
pub(crate) async fn states_in_tx<A: domain::Aggregate>(
    conn: &mut PgConnection,
    streams: &[&str],
) -> Result<HashMap<String, A::State>, StoreError> {
    let aggregates = vec![A::Event::AGGREGATE; streams.len()];
    let mut states = HashMap::new();
    for ((_, stream), events) in load_in_tx(conn, &aggregates, streams).await? {
        let mut state = A::State::default();
        for event in events {
            state = A::evolve(state, &decode_as::<A::Event>(&event.name, &event.version, &event.payload)?);
        }
        states.insert(stream, state);
    }
    Ok(states)
}

impl Parts {
    async fn execute_together(&self, mut unit: Unit) -> Result<Vec<Done>, UnitError> {
        let mut asked = Vec::with_capacity(unit.steps.len());
        for step in &mut unit.steps {
            if step.context.school != unit.school || !belongs_to(&step.stream, unit.school) {
                return Err(StoreError::ForeignStream.into());
            }
            // Every command has an id, so that its outcome can be found in the log.
            asked.push(step.context.command_id.is_some());
            step.context.command_id.get_or_insert_with(|| CommandId(self.ids.next()));
        }
        let mut outages = 0;
        for attempt in 0..self.retry.tries {
            self.retry.wait(attempt).await;
            match in_time(self.try_together(&unit, outages > 0)).await {
                Ok(mut done) => {
                    // After an outage, what is found may be this call's own.
                    done.iter_mut().zip(&asked).for_each(|(d, asked)| d.repeated &= *asked && outages == 0);
                    return Ok(done);
                }
                Err(Failed::Conflict) => {
                    metrics::counter!("commands_conflicts_total", "aggregate" => "several").increment(1);
                }
                Err(Failed::Rejected(error)) => return Err(UnitError::Rejected(error)),
                Err(Failed::Claimed) => return Err(UnitError::Claimed),
                Err(Failed::Store(error)) => {
                    outages += 1;
                    if !error.is_temporary() || outages > self.retry.outages {
                        return Err(error.into());
                    }
                }
            }
        }
        Err(UnitError::Conflict)
    }

    async fn try_together(&self, unit: &Unit, after_outage: bool) -> Result<Vec<Done>, Failed> {
        if after_outage {
            // The commit may have come through although its answer did not, or be under way still:
            // then it holds the log's lock. In a transaction of its own, since what is reserved below
            // is never waited for under that lock.
            let mut tx = self.pool.begin().await?;
            sqlx::query!("select lock_log()").execute(&mut *tx).await?;
            tx.rollback().await?;
        }
        // Whole-table scans are never this transaction's plan, whatever the planner believes about a
        // table that was small when it last looked.
        let mut tx = self.pool.begin_with("begin; set local enable_seqscan = off").await?;
        let claims: Vec<_> = unit.claims.iter().map(|(_, claim)| *claim).collect();
        let Some(reserved) = self.directory.reserve_in_tx(&mut tx, unit.school, &claims).await? else {
            return Err(Failed::Claimed);
        };
        let aggregates: Vec<_> = unit.steps.iter().map(|s| s.command.aggregate()).collect();
        let streams: Vec<_> = unit.steps.iter().map(|s| s.stream.as_str()).collect();
        let mut histories = load_in_tx(&mut tx, &aggregates, &streams).await?;
        let now = self.clock.now();
        let mut events = Vec::new();
        let mut answers = Vec::with_capacity(unit.steps.len());
        for step in &unit.steps {
            let key = (step.command.aggregate().to_owned(), step.stream.to_string());
            let history = histories.entry(key).or_default();
            if let Some(found) = find(history, step.context.command_id) {
                answers.push(Answer::Found(found));
                continue;
            }
            let next = Next { context: &step.context, stream: &step.stream, ids: &*self.ids, now };
            let decided = step.command.decide(history, &next)?;
            history.extend(decided.iter().map(Stored::of));
            answers.push(Answer::New(events.len()..events.len() + decided.len()));
            events.extend(decided);
        }
        if answers.iter().all(|a| matches!(a, Answer::Found(_))) {
            tx.rollback().await?;
            return Ok(answers.into_iter().map(|a| a.done(0)).collect());
        }
        self.directory.release_in_tx(&mut tx, unit.school, &unit.freed(&answers, &reserved)).await?;
        let mut before = 0;
        if !events.is_empty() {
            let head = Head::take_in_tx(&mut tx, &*self.clock).await?;
            before = head.position;
            head.append_in_tx(&mut tx, &events).await?;
            // Under the log's lock, as whoever writes what the log says of addresses does (`guardians::backfill`).
            guardians::write_in_tx(&mut tx, unit.school, &unit.new_addresses(&answers)).await?;
        }
        tx.commit().await?;
        Ok(answers.into_iter().map(|a| a.done(before)).collect())
    }
}

/// What became of a step.
enum Answer {
    /// It was in the log.
    Found(Done),
    /// Its events among those appended.
    New(Range<usize>),
}

impl Answer {
    /// `before` is the last position before the events that were appended.
    fn done(self, before: i64) -> Done {
        match self {
            Self::Found(done) => done,
            Self::New(events) if events.is_empty() => Done::NOTHING,
            Self::New(events) => {
                Done { position: Some(before + events.end as i64), events: events.len(), repeated: false }
            }
        }
    }
}

impl Stored {
    fn of(event: &NewEvent) -> Self {
        Self {
            sequence: event.sequence,
            position: None,
            command_id: event.command_id,
            name: event.event_type.to_owned(),
            version: event.event_version.to_owned(),
            payload: event.payload.clone(),
        }
    }
}

/// What a command did to a stream before, if it did.
fn find(history: &[Stored], command: Option<CommandId>) -> Option<Done> {
    let positions: Vec<_> =
        history.iter().filter(|e| e.command_id == command).filter_map(|event| event.position).collect();
    let position = positions.iter().max().copied()?;
    Some(Done { position: Some(position), events: positions.len(), repeated: true })
}

/// Whole streams, by aggregate type and stream, with one statement. A stream that is named twice is
/// read once.
async fn load_in_tx(
    conn: &mut PgConnection,
    aggregates: &[&str],
    streams: &[&str],
) -> Result<HashMap<(String, String), Vec<Stored>>, StoreError> {
    let rows = sqlx::query!(
        r#"select e.aggregate_type, e.aggregate_id, e.sequence, e.position, e.command_id,
             e.event_type, e.event_version, e.payload::text as "payload!"
           from (select distinct u.a, u.s from unnest($1::text[], $2::text[]) u (a, s)) t
           join events e on e.aggregate_type = t.a and e.aggregate_id = t.s
           order by e.aggregate_type, e.aggregate_id, e.sequence"#,
        aggregates as &[&str],
        streams as &[&str],
    )
    .fetch_all(conn)
    .await?;
    let mut histories: HashMap<_, Vec<Stored>> = HashMap::new();
    for row in rows {
        histories.entry((row.aggregate_type, row.aggregate_id)).or_default().push(Stored {
            sequence: row.sequence,
            position: Some(row.position),
            command_id: row.command_id.map(CommandId),
            name: row.event_type,
            version: row.event_version,
            payload: row.payload,
        });
    }
    Ok(histories)
}

#[cfg(test)]
mod tests;
