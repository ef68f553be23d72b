//! What is reported of a kiosk (drained, gap, fork, silent, heard) and what people ask of it, decided by its
//! aggregate on the few events that matter. A kiosk's stream grows by a fact a minute for years; a report reads
//! as much on its first day as on its last.

use crate::append::{NewEvent, is_conflict};
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
/// task of its own, as [`Write::execute`], and with the same outcome: a command id that is in the stream
/// already is answered from the log. A kiosk's own report needs none, since a repeat changes nothing.
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
    if let Some(id) = context.command_id
        && let Some(done) = write.find_command::<Kiosk>(stream, id).await.map_err(Stop::Store)?
    {
        return Ok(done);
    }
    let found = read(write.pool(), stream, queue_of(&command)).await.map_err(Stop::Store)?;
    let decided = Kiosk::decide(&found.state, command).map_err(Stop::Rejected)?;
    Ok(write.append(&written(write, context, stream, &found, &decided)?).await?)
}

/// The events that follow from a report, behind what was found of its stream.
fn written(
    write: &Write,
    context: &Context,
    stream: &StreamId,
    found: &Found,
    decided: &[Event],
) -> Result<Vec<NewEvent>, Stop> {
    let at = write.clock().now();
    let numbered = decided.iter().zip(found.sequence + 1..);
    let new =
        |(event, sequence)| NewEvent::new(context, EventId(write.ids().next()), stream.clone(), sequence, at, event);
    numbered.map(new).collect::<Result<_, _>>().map_err(|e| Stop::Store(StoreError::Library(Box::new(e))))
}

/// How often reports are tried together while others write to some of their streams.
const TOGETHER_TRIES: u32 = 4;
/// Reports of one transaction, at most.
pub const TOGETHER: usize = 500;

/// What is told of a kiosk, and as whose fact.
pub type Report = (Context, KioskId, Command);

/// Appends what follows from many reports at once ([`TOGETHER`] at most), of as many kiosks; a refused one is left out, as if told.
/// In the rush all kiosks of a country tell at the same time, and each append holds the log's lock. Returns how
/// many events there were. None: nothing is known to be written, since somebody else wrote to one of the
/// streams or the store failed; [`report`] them one by one.
pub async fn report_together(write: &Write, reports: &[Report]) -> Option<usize> {
    if reports.is_empty() {
        return Some(0);
    }
    for attempt in 0..TOGETHER_TRIES {
        write.retry().wait(attempt).await;
        match in_time(once_together(write, reports)).await {
            Ok(done) => return Some(done.events),
            Err(Stop::Conflict) => {
                metrics::counter!("commands_conflicts_total", "aggregate" => Event::AGGREGATE).increment(1);
            }
            Err(Stop::Rejected(_)) => return None,
            Err(Stop::Store(error)) => {
                tracing::warn!(%error, kiosks = reports.len(), "kiosks' reports are told one by one");
                return None;
            }
        }
    }
    None
}

async fn once_together(write: &Write, reports: &[Report]) -> Result<Done, Stop> {
    let streams: Vec<StreamId> = reports.iter().map(|(c, kiosk, _)| StreamId::of(c.school, *kiosk)).collect();
    let asked: Vec<_> = streams.iter().zip(reports).map(|(stream, r)| (stream, queue_of(&r.2))).collect();
    let found = read_many(write.pool(), &asked).await.map_err(Stop::Store)?;
    let mut events = Vec::new();
    for ((stream, found), (context, kiosk, command)) in streams.iter().zip(&found).zip(reports) {
        match Kiosk::decide(&found.state, command.clone()) {
            Ok(decided) => events.extend(written(write, context, stream, found, &decided)?),
            Err(why) => tracing::debug!(%why, %kiosk, "a kiosk's report is refused"),
        }
    }
    Ok(write.append(&events).await?)
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
#[derive(Debug, Default)]
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
    Ok(read_many(executor, &[(stream, queue)]).await?.pop().unwrap_or_default())
}

/// The same of many streams, in their order.
async fn read_many(
    executor: impl PgExecutor<'_>,
    asked: &[(&StreamId, Option<QueueId>)],
) -> Result<Vec<Found>, StoreError> {
    const ONE_EACH: [&str; 5] = ["enrolled", "mode_changed", "revoked", "silent", "returned"];
    const OF_A_QUEUE: [(&str, i64); 3] =
        [("drained_through", 1), ("gap_detected", REMEMBERED), ("fork_detected", REMEMBERED)];
    let (mut n, mut kinds, mut queues, mut most) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, (_, queue)) in asked.iter().enumerate() {
        let of_queue = queue.iter().flat_map(|q| OF_A_QUEUE.map(|(kind, most)| (kind, q.to_string(), most)));
        for (kind, of, rows) in ONE_EACH.map(|kind| (kind, String::new(), 1)).into_iter().chain(of_queue) {
            n.push(i as i64 + 1);
            kinds.push(kind);
            queues.push(of);
            most.push(rows);
        }
    }
    let streams: Vec<&str> = asked.iter().map(|(stream, _)| stream.as_str()).collect();
    let rows = sqlx::query!(
        r#"with s as materialized (
             select stream, n, (select coalesce(max(e.sequence), 0) from events e
               where e.aggregate_type = 'kiosk' and e.aggregate_id = stream) as "end"
             from unnest($1::text[]) with ordinality u (stream, n))
           select s.n as "n!", s."end" as "end!", l.sequence as "sequence!", l.event_type as "event_type!",
             l.event_version as "event_version!", l.payload as "payload!"
           from unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[]) t (n, event_type, queue, most)
           join s on s.n = t.n
           cross join lateral (
             select e.sequence, e.event_type, e.event_version, e.payload::text as payload from events e
             where e.aggregate_type = 'kiosk' and e.aggregate_id = s.stream and e.event_type = t.event_type
               and coalesce(e.payload->>'queue_id', '') = t.queue
             order by e.sequence desc limit t.most) l
           order by s.n, l.sequence"#,
        &streams as &[&str],
        &n,
        &kinds as &[&str],
        &queues,
        &most,
    )
    .fetch_all(executor)
    .await?;
    let mut found: Vec<Found> = asked.iter().map(|_| Found::default()).collect();
    for row in rows {
        let Some(found) = usize::try_from(row.n - 1).ok().and_then(|n| found.get_mut(n)) else { continue };
        found.sequence = row.end;
        if let AnyEvent::Kiosk(event) = decode(Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)? {
            found.state = Kiosk::evolve(std::mem::take(&mut found.state), &event);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
