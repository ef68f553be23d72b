//! Roll calls: begun, marked and ended by people. A roll call's stream is read whole, and many marks of one command are
//! one append.
//!
//! A school has one open roll call a day at most: its n-th of a day has the n-th id, so that two who begin one at the
//! same moment write to the same stream, and whoever comes second finds it open and joins it.

use crate::append::{NewEvent, is_conflict};
use crate::clock::micros;
use crate::context::Context;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::use_cases::UseCaseError;
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::roll_call::{Command, Event, Key, Mark, Reason, RollCall, State};
use domain::values::zone::local_date;
use domain::{
    Aggregate, CommandId, DomainEvent, EventId, RollCallId, SchoolId, StreamId, StudentId, decode_as, student,
};
use std::collections::{BTreeSet, HashMap};
use tracing::Instrument;
use uuid::Uuid;

/// Marks of one command, at most.
pub const TOGETHER: usize = 500;

/// How many of a day's roll calls are looked at together.
const OF_A_DAY: u32 = 20;

/// What is asked.
#[derive(Clone)]
enum Asked {
    Start(Reason),
    Mark(Key, Vec<Mark>),
    End(Key),
}

/// Begins today's next roll call, or joins the one that goes on; [`at`] says which it is by the position, which there
/// always is.
pub async fn start(write: &Write, context: &Context, reason: Reason) -> Result<Done, UseCaseError> {
    ask(write, context, Asked::Start(reason)).await
}

/// Takes in what is said of pupils, at most [`TOGETHER`]. The same again gives nothing.
pub async fn mark(write: &Write, context: &Context, key: Key, marks: Vec<Mark>) -> Result<Done, UseCaseError> {
    let marks: Vec<Mark> = marks.into_iter().map(|mark| Mark { at: micros(mark.at), ..mark }).collect();
    ask(write, context, Asked::Mark(key, marks)).await
}

/// Ends a roll call. Again gives nothing.
pub async fn end(write: &Write, context: &Context, key: Key) -> Result<Done, UseCaseError> {
    ask(write, context, Asked::End(key)).await
}

/// The roll call that an event at a position belongs to, if it does to one of the school.
pub async fn at(write: &Write, school: SchoolId, position: i64) -> Result<Option<Key>, StoreError> {
    let found = sqlx::query_scalar!(
        "select aggregate_id from events where position = $1 and school_id = $2 and aggregate_type = 'roll_call'",
        position,
        school.0
    )
    .fetch_optional(write.pool());
    Ok(in_time(found).await?.and_then(|stream| Key::of_stream(&StreamId::from_stored(stream))))
}

/// In a task of its own: whoever hangs up cuts nothing off.
async fn ask(write: &Write, context: &Context, asked: Asked) -> Result<Done, UseCaseError> {
    let (write, context) = (write.clone(), context.clone());
    let work = async move { ask_now(&write, &context, asked).await }.instrument(tracing::Span::current());
    tokio::spawn(work).await.unwrap_or(Err(UseCaseError::Store(StoreError::Interrupted)))
}

async fn ask_now(write: &Write, context: &Context, asked: Asked) -> Result<Done, UseCaseError> {
    if let Asked::Mark(_, marks) = &asked {
        all_are_pupils(write, context.school, marks).await?;
    }
    let mut outages = 0;
    for attempt in 0..write.retry().tries {
        write.retry().wait(attempt).await;
        let error = match once(write, context, &asked).await {
            Ok(done) => return Ok(done),
            Err(Stop::Conflict) => {
                metrics::counter!("commands_conflicts_total", "aggregate" => Event::AGGREGATE).increment(1);
                continue;
            }
            Err(Stop::Refused(error)) => return Err(UseCaseError::RollCall(error)),
            Err(Stop::Store(error)) => error,
        };
        // If its commit came through after all, the next try finds it.
        outages += 1;
        if !error.is_temporary() || outages > write.retry().outages {
            return Err(error.into());
        }
    }
    Err(UseCaseError::Conflict)
}

enum Stop {
    Conflict,
    Refused(domain::roll_call::Error),
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

async fn once(write: &Write, context: &Context, asked: &Asked) -> Result<Done, Stop> {
    if let Some(id) = context.command_id
        && let Some(done) = done_before(write, context.school, id).await?
    {
        return Ok(done);
    }
    let now = micros(write.clock().now());
    let (key, found, command) = match asked {
        Asked::Start(reason) => {
            let (key, found) = next(write, context.school, local_date(now, context.zone)).await?;
            (key, found, Command::Start { reason: *reason, at: now })
        }
        Asked::Mark(key, marks) => {
            (*key, one(write, context.school, *key).await?, Command::Mark { marks: marks.clone(), now })
        }
        Asked::End(key) => (*key, one(write, context.school, *key).await?, Command::End),
    };
    let decided = RollCall::decide(&found.state, command).map_err(Stop::Refused)?;
    if decided.is_empty() && matches!(asked, Asked::Start(_)) {
        return Ok(Done { position: Some(found.position), ..Done::NOTHING });
    }
    let events = written(write, context, key, found.sequence, &decided)?;
    Ok(in_time(write.append(&events)).await?)
}

/// The events, each at the instant that it tells of, all of the roll call's own day.
fn written(
    write: &Write,
    context: &Context,
    key: Key,
    sequence: i64,
    decided: &[Event],
) -> Result<Vec<NewEvent>, StoreError> {
    let (now, stream) = (write.clock().now(), key.stream(context.school));
    let new = |(event, sequence): (&Event, i64)| {
        let at = match event {
            Event::Started { at, .. } | Event::MarkedSafe { at, .. } | Event::MarkWithdrawn { at, .. } => *at,
            Event::TurnedIntoEvacuation | Event::Ended => now,
        };
        NewEvent::new(context, EventId(write.ids().next()), stream.clone(), sequence, at, event)
            .map(|new| NewEvent { local_date: key.date, ..new })
            .map_err(|e| StoreError::Library(Box::new(e)))
    };
    decided.iter().zip(sequence + 1..).map(new).collect()
}

/// What the log says of a command's id, if a roll call holds it.
async fn done_before(write: &Write, school: SchoolId, id: CommandId) -> Result<Option<Done>, StoreError> {
    let found = sqlx::query!(
        r#"select max(position) as position, count(*) as "events!" from events
           where command_id = $1 and school_id = $2 and aggregate_type = 'roll_call'"#,
        id.0,
        school.0
    )
    .fetch_one(write.pool());
    let row = in_time(found).await?;
    let events = usize::try_from(row.events).unwrap_or_default();
    Ok(row.position.map(|position| Done { position: Some(position), events, repeated: true }))
}

/// Refuses marks of anybody who is no pupil of the school.
async fn all_are_pupils(write: &Write, school: SchoolId, marks: &[Mark]) -> Result<(), UseCaseError> {
    let named: BTreeSet<StudentId> = marks.iter().map(|mark| mark.student_id).collect();
    let streams: Vec<String> = named.iter().map(|id| StreamId::of(school, *id).as_str().to_owned()).collect();
    let strangers = sqlx::query_scalar!(
        r#"select count(*) as "n!" from unnest($1::text[]) stream
           where not exists (select from events where aggregate_type = $2 and aggregate_id = stream)"#,
        &streams,
        student::Event::AGGREGATE
    )
    .fetch_one(write.pool());
    match in_time::<_, sqlx::Error>(strangers).await? {
        0 => Ok(()),
        _ => Err(UseCaseError::UnknownStudent),
    }
}

/// A roll call as its stream tells.
#[derive(Debug, Default)]
struct Found {
    /// Its stream's last sequence, 0 if there is none.
    sequence: i64,
    /// Its last event's place in the log.
    position: i64,
    state: State,
}

/// The n-th roll call of a school's day, from 1.
pub fn nth(school: SchoolId, date: NaiveDate, n: u32) -> Key {
    let id = Uuid::new_v5(&school.0, format!("roll call {n} of {date}").as_bytes());
    Key { date, id: RollCallId(id) }
}

/// The day's first roll call that is not over.
async fn next(write: &Write, school: SchoolId, date: NaiveDate) -> Result<(Key, Found), StoreError> {
    let mut first = 1;
    loop {
        let keys: Vec<Key> = (first..first + OF_A_DAY).map(|n| nth(school, date, n)).collect();
        let mut found = read(write, school, &keys).await?;
        for key in keys {
            let found = found.remove(&key).unwrap_or_default();
            if !matches!(found.state, State::Ended(_)) {
                return Ok((key, found));
            }
        }
        first += OF_A_DAY;
    }
}

async fn one(write: &Write, school: SchoolId, key: Key) -> Result<Found, StoreError> {
    Ok(read(write, school, &[key]).await?.remove(&key).unwrap_or_default())
}

/// Reads streams whole: a roll call has some events a pupil.
async fn read(write: &Write, school: SchoolId, keys: &[Key]) -> Result<HashMap<Key, Found>, StoreError> {
    let streams: Vec<String> = keys.iter().map(|key| key.stream(school).as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"select aggregate_id, sequence, position, event_type, event_version, payload::text as "payload!" from events
           where aggregate_type = 'roll_call' and aggregate_id = any($1) order by aggregate_id, sequence"#,
        &streams
    )
    .fetch_all(write.pool());
    let mut found: HashMap<Key, Found> = HashMap::new();
    for row in in_time::<_, sqlx::Error>(rows).await? {
        let Some(key) = Key::of_stream(&StreamId::from_stored(row.aggregate_id)) else { continue };
        let now = found.entry(key).or_default();
        let event = decode_as::<Event>(&row.event_type, &row.event_version, &row.payload)?;
        now.state = RollCall::evolve(std::mem::take(&mut now.state), &event);
        (now.sequence, now.position) = (row.sequence, row.position);
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
