//! What is found of cases of "no ingreso", and what people ask of them: decided by their aggregate on the whole of each
//! short stream, appended many at a time. At a deadline a country's cases open together, and each append holds the
//! log's lock.

use crate::append::{NewEvent, is_conflict};
use crate::context::Context;
use crate::error::{StoreError, WriteError};
use crate::pool::in_time;
use crate::write::{Done, Write};
use domain::no_show::{CaseId, Command, Error, Event, NoShowCase, State};
use domain::{Aggregate, DomainEvent, EventId, SchoolId, StreamId, decode_as};
use sqlx::PgExecutor;
use std::collections::HashMap;
use tracing::Instrument;

/// Cases of one transaction, at most.
pub const TOGETHER: usize = 1_000;

/// What was found or asked of a case, and as whose fact. The context's school is the case's.
pub type Ask = (Context, CaseId, Command);

/// What came of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// Events appended.
    pub events: usize,
    /// Cases that were left out: their stream cannot be read.
    pub broken: usize,
}

/// Appends what follows from findings, as many as there are; the same again gives nothing. A case whose stream cannot
/// be read is left out, counted and logged, and stops no other. An error: of what was asked from the failed
/// thousand on nothing is known to be written, and whoever looks again finds it again.
pub async fn observe(write: &Write, asks: &[Ask]) -> Result<Told, StoreError> {
    let mut told = Told::default();
    for some in asks.chunks(TOGETHER) {
        let (write, some) = (write.clone(), some.to_vec());
        let work = async move { observe_some(&write, &some).await }.instrument(tracing::Span::current());
        let of_some = tokio::spawn(work).await.unwrap_or(Err(StoreError::Interrupted))?;
        told = Told { events: told.events + of_some.events, broken: told.broken + of_some.broken };
    }
    Ok(told)
}

async fn observe_some(write: &Write, asks: &[Ask]) -> Result<Told, StoreError> {
    for attempt in 0..write.retry().tries {
        write.retry().wait(attempt).await;
        match in_time(once(write, asks)).await {
            Ok((done, broken)) => return Ok(Told { events: done.events, broken }),
            Err(Stop::Conflict) => {
                metrics::counter!("commands_conflicts_total", "aggregate" => Event::AGGREGATE).increment(1);
            }
            Err(Stop::Store(error)) => return Err(error),
        }
    }
    Err(StoreError::Interrupted)
}

/// What a person asks of a case. In a task of its own, and with the outcome of [`Write::execute`]: a command id that is
/// in the stream already is answered from the log.
pub async fn ask(write: &Write, context: &Context, case: CaseId, command: Command) -> Result<Done, WriteError<Error>> {
    let (write, context) = (write.clone(), context.clone());
    let work = async move { ask_now(&write, context, case, command).await }.instrument(tracing::Span::current());
    tokio::spawn(work).await.unwrap_or(Err(WriteError::Store(StoreError::Interrupted)))
}

/// Where a case stands, by its stream.
pub async fn state_of(write: &Write, school: SchoolId, case: CaseId) -> Result<State, StoreError> {
    let stream = case.stream(school);
    let mut found = in_time(read(write.pool(), &[stream.as_str()])).await?;
    Ok(found.remove(stream.as_str()).unwrap_or_else(|| Ok(Found::default()))?.state)
}

async fn ask_now(write: &Write, context: Context, case: CaseId, command: Command) -> Result<Done, WriteError<Error>> {
    let stream = case.stream(context.school);
    let mut outages = 0;
    for attempt in 0..write.retry().tries {
        write.retry().wait(attempt).await;
        if let Some(id) = context.command_id
            && let Some(done) = write.find_command::<NoShowCase>(&stream, id).await?
        {
            return Ok(done);
        }
        let mut found = read(write.pool(), &[stream.as_str()]).await?;
        let found = found.remove(stream.as_str()).unwrap_or_else(|| Ok(Found::default()))?;
        let decided = NoShowCase::decide(&found.state, command).map_err(WriteError::Rejected)?;
        let events = written(write, &context, case, &found, &decided)?;
        match in_time(write.append(&events)).await.map_err(Stop::from) {
            Ok(done) => return Ok(done),
            Err(Stop::Conflict) => {
                metrics::counter!("commands_conflicts_total", "aggregate" => Event::AGGREGATE).increment(1);
            }
            // If its commit came through after all, the next try finds it.
            Err(Stop::Store(error)) => {
                outages += 1;
                if !error.is_temporary() || outages > write.retry().outages {
                    return Err(error.into());
                }
            }
        }
    }
    Err(WriteError::Conflict)
}

enum Stop {
    Conflict,
    Store(StoreError),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) { Self::Conflict } else { Self::Store(error.into()) }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn once(write: &Write, asks: &[Ask]) -> Result<(Done, usize), Stop> {
    let streams: Vec<StreamId> = asks.iter().map(|(context, case, _)| case.stream(context.school)).collect();
    let names: Vec<&str> = streams.iter().map(StreamId::as_str).collect();
    let mut found = read(write.pool(), &names).await?;
    let (mut events, mut broken) = (Vec::new(), 0);
    for ((context, case, command), stream) in asks.iter().zip(&streams) {
        let found = match found.entry(stream.as_str().to_owned()).or_insert_with(|| Ok(Found::default())) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, %stream, "a case cannot be read and is left out");
                metrics::counter!("no_show_broken_cases_total").increment(1);
                broken += 1;
                continue;
            }
        };
        match NoShowCase::decide(&found.state, *command) {
            Ok(decided) => {
                events.extend(written(write, context, *case, found, &decided)?);
                decided.iter().for_each(|event| found.apply(event));
            }
            Err(why) => tracing::debug!(%why, %stream, "a finding is refused"),
        }
    }
    Ok((write.append(&events).await?, broken))
}

/// A case as its stream tells.
#[derive(Debug, Default)]
struct Found {
    /// Its stream's last sequence, 0 if there is none.
    sequence: i64,
    state: State,
}

impl Found {
    fn apply(&mut self, event: &Event) {
        self.sequence += 1;
        self.state = NoShowCase::evolve(self.state, event);
    }
}

/// Reads streams whole: a case has a handful of events.
async fn read(
    executor: impl PgExecutor<'_>,
    streams: &[&str],
) -> Result<HashMap<String, Result<Found, StoreError>>, StoreError> {
    let rows = sqlx::query!(
        r#"select aggregate_id, event_type, event_version, payload::text as "payload!" from events
           where aggregate_type = 'no_show_case' and aggregate_id = any($1) order by aggregate_id, sequence"#,
        streams as &[&str]
    )
    .fetch_all(executor)
    .await?;
    let mut found: HashMap<String, Result<Found, StoreError>> = HashMap::new();
    for row in rows {
        let of_stream = found.entry(row.aggregate_id).or_insert_with(|| Ok(Found::default()));
        let Ok(now) = of_stream else { continue };
        match decode_as::<Event>(&row.event_type, &row.event_version, &row.payload) {
            Ok(event) => now.apply(&event),
            Err(error) => *of_stream = Err(error.into()),
        }
    }
    Ok(found)
}

fn written(
    write: &Write,
    context: &Context,
    case: CaseId,
    found: &Found,
    decided: &[Event],
) -> Result<Vec<NewEvent>, StoreError> {
    let at = write.clock().now();
    let stream = case.stream(context.school);
    let numbered = decided.iter().zip(found.sequence + 1..);
    let new = |(event, sequence)| {
        let id = EventId(write.ids().next());
        // A case that is retracted days later is of its own day all the same.
        NewEvent::new(context, id, stream.clone(), sequence, at, event)
            .map(|new| NewEvent { local_date: case.date, ..new })
            .map_err(|e| StoreError::Library(Box::new(e)))
    };
    numbered.map(new).collect()
}

#[cfg(test)]
mod tests;
