//! What is reported of a kiosk (drained, gap, fork, silent, heard), decided by its aggregate on the few
//! events that matter. A kiosk's stream grows by a fact a minute for years; a report reads as much on
//! its first day as on its last.

use crate::append::{NewEvent, append_in_tx, is_conflict};
use crate::context::Context;
use crate::error::{StoreError, WriteError};
use crate::pool::in_time;
use crate::write::{Done, Write};
use chrono::TimeDelta;
use domain::kiosk::{Command, Error, Event, Kiosk, State};
use domain::{Aggregate, AnyEvent, DomainEvent, EventId, KioskId, QueueId, StreamId, decode};
use sqlx::PgExecutor;
use tracing::Instrument;

/// What a kiosk says of its queue was true when it began to send, and pupils scan while a request
/// uploads: a queue counts as drained up to this long before the request reached the server.
pub const UPLOAD_MARGIN: TimeDelta = TimeDelta::seconds(30);
/// Gaps or forks of one queue that are remembered; an older one that comes up again is told again.
const REMEMBERED: i64 = 200;

/// Appends what follows from a report, if anything does: read, decide, append, again on a conflict. In a
/// task of its own, as [`Write::execute`], and with the same outcome; a report needs no command id,
/// since a repeat changes nothing.
pub async fn report(
    write: &Write,
    context: &Context,
    kiosk: KioskId,
    command: Command,
) -> Result<Done, WriteError<Error>> {
    let (write, context) = (write.clone(), context.clone());
    let work = async move { run(&write, &context, kiosk, command).await }.instrument(tracing::Span::current());
    tokio::spawn(work).await.unwrap_or(Err(WriteError::Store(StoreError::Interrupted)))
}

async fn run(write: &Write, context: &Context, kiosk: KioskId, command: Command) -> Result<Done, WriteError<Error>> {
    let stream = StreamId::of(context.school, kiosk);
    let mut outages = 0;
    for attempt in 0..write.retry().tries {
        write.retry().wait(attempt).await;
        match in_time(once(write, context, &stream, command.clone())).await {
            Ok(done) => return Ok(done),
            Err(Stop::Rejected(why)) => return Err(WriteError::Rejected(why)),
            Err(Stop::Conflict) => {
                metrics::counter!("commands_conflicts_total", "aggregate" => Event::AGGREGATE).increment(1);
            }
            // If its commit came through after all, the next try finds nothing left to tell.
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
    Rejected(Error),
    Conflict,
    Store(StoreError),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) { Self::Conflict } else { Self::Store(error.into()) }
    }
}

async fn once(write: &Write, context: &Context, stream: &StreamId, command: Command) -> Result<Done, Stop> {
    let found = read(write.pool(), stream, queue_of(&command)).await.map_err(Stop::Store)?;
    let decided = Kiosk::decide(&found.state, command).map_err(Stop::Rejected)?;
    if decided.is_empty() {
        return Ok(Done::NOTHING);
    }
    let at = write.clock().now();
    let events: Vec<NewEvent> = decided
        .iter()
        .zip(found.sequence + 1..)
        .map(|(event, sequence)| {
            let id = EventId(write.ids().next());
            NewEvent::new(context, id, stream.clone(), sequence, at, event)
        })
        .collect::<Result<_, _>>()
        .map_err(|e| Stop::Store(StoreError::Library(Box::new(e))))?;
    let mut tx = write.pool().begin().await?;
    let head = append_in_tx(&mut tx, &**write.clock(), &events).await?;
    tx.commit().await?;
    Ok(Done { position: Some(head.position), events: events.len(), repeated: false })
}

fn queue_of(command: &Command) -> Option<QueueId> {
    match command {
        Command::ReportDrained { queue_id, .. }
        | Command::ReportGap { queue_id, .. }
        | Command::ReportFork { queue_id, .. } => Some(*queue_id),
        Command::Enrol { .. }
        | Command::ChangeMode { .. }
        | Command::Revoke
        | Command::ReportSilent { .. }
        | Command::ReportSeen => None,
    }
}

/// A kiosk as far as one command is concerned.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its stream's last sequence, 0 if there is none.
    pub(crate) sequence: i64,
    /// Folded from the last event of each kind, of the command's queue where the kind has one.
    pub(crate) state: State,
}

/// Reads a bounded number of rows through `events_kiosk_kinds`, in one statement: the end of the stream
/// is of the same instant as what the decision is made on.
pub(crate) async fn read(
    executor: impl PgExecutor<'_>,
    stream: &StreamId,
    queue: Option<QueueId>,
) -> Result<Found, StoreError> {
    let mut wanted = vec![
        ("enrolled", None, 1),
        ("mode_changed", None, 1),
        ("revoked", None, 1),
        ("silent", None, 1),
        ("returned", None, 1),
    ];
    if queue.is_some() {
        wanted.extend([
            ("drained_through", queue, 1),
            ("gap_detected", queue, REMEMBERED),
            ("fork_detected", queue, REMEMBERED),
        ]);
    }
    let kinds: Vec<&str> = wanted.iter().map(|w| w.0).collect();
    let queues: Vec<String> = wanted.iter().map(|w| w.1.map_or_else(String::new, |q| q.to_string())).collect();
    let most: Vec<i64> = wanted.iter().map(|w| w.2).collect();
    let rows = sqlx::query!(
        r#"select l.sequence as "sequence!", l.event_type as "event_type!", l.event_version as "event_version!",
             l.payload as "payload!",
             (select coalesce(max(e.sequence), 0) from events e
              where e.aggregate_type = 'kiosk' and e.aggregate_id = $1) as "end!"
           from unnest($2::text[], $3::text[], $4::bigint[]) t (event_type, queue, most)
           cross join lateral (
             select e.sequence, e.event_type, e.event_version, e.payload::text as payload from events e
             where e.aggregate_type = 'kiosk' and e.aggregate_id = $1 and e.event_type = t.event_type
               and coalesce(e.payload->>'queue_id', '') = t.queue
             order by e.sequence desc limit t.most) l
           order by l.sequence"#,
        stream.as_str(),
        &kinds as &[&str],
        &queues,
        &most,
    )
    .fetch_all(executor)
    .await?;
    let mut found = Found { sequence: 0, state: State::default() };
    for row in rows {
        found.sequence = row.end;
        if let AnyEvent::Kiosk(event) = decode(Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)? {
            found.state = Kiosk::evolve(found.state, &event);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
