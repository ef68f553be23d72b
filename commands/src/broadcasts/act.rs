//! A command to a broadcast: its event and its row in one transaction.

use crate::append::{NewEvent, append_in_tx, is_conflict};
use crate::context::Context;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::use_cases::UseCaseError;
use crate::write::{Done, Write};
use chrono::{DateTime, Utc};
use domain::broadcast::{Broadcast, Command, Event, Stage, State};
use domain::{Aggregate, BroadcastId, EventId, StreamId, decode_as};
use sqlx::PgConnection;
use uuid::Uuid;

/// Runs a command, and again on conflict.
pub(super) async fn act(
    write: &Write,
    context: &Context,
    broadcast_id: BroadcastId,
    command: Command,
) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, broadcast_id);
    for attempt in 0..write.retry().tries {
        write.retry().wait(attempt).await;
        if let Some(id) = context.command_id
            && let Some(done) = write.find_command::<Broadcast>(&stream, id).await?
        {
            return Ok(done);
        }
        match in_time(once(write, context, broadcast_id, command.clone())).await {
            Err(UseCaseError::Store(StoreError::Refused(error))) if is_conflict(&error) => {}
            other => return other,
        }
    }
    Err(UseCaseError::Conflict)
}

async fn once(write: &Write, context: &Context, id: BroadcastId, command: Command) -> Result<Done, UseCaseError> {
    let mut tx = write.pool().begin().await?;
    let events = decide_in_tx(&mut tx, write, context, id, command).await?;
    if events.is_empty() {
        return Ok(Done::NOTHING);
    }
    let head = append_in_tx(&mut tx, &**write.clock(), &events).await?;
    tx.commit().await?;
    Ok(Done { position: Some(head.position), events: events.len(), repeated: false })
}

/// Decides on the broadcast's whole stream and writes its row as it is then.
pub(super) async fn decide_in_tx(
    conn: &mut PgConnection,
    write: &Write,
    context: &Context,
    broadcast_id: BroadcastId,
    command: Command,
) -> Result<Vec<NewEvent>, UseCaseError> {
    let stream = StreamId::of(context.school, broadcast_id);
    // Whoever sends a page of it holds the row.
    let lock = "select from broadcasts where school_id = $1 and broadcast_id = $2 for update";
    sqlx::query(lock).bind(context.school.0).bind(broadcast_id.0).fetch_optional(&mut *conn).await?;
    let (mut state, last) = read_in_tx(conn, &stream).await?;
    let decided = Broadcast::decide(&state, command).map_err(UseCaseError::Broadcast)?;
    let now = write.clock().now();
    let mut events = Vec::with_capacity(decided.len());
    for (event, sequence) in decided.iter().zip(last + 1..) {
        let id = EventId(write.ids().next());
        let new = NewEvent::new(context, id, stream.clone(), sequence, now, event);
        events.push(new.map_err(|error| StoreError::Library(Box::new(error)))?);
        state = Broadcast::evolve(state, event);
        write_row(conn, context.school.0, broadcast_id, (&state, event, id), now).await?;
    }
    Ok(events)
}

/// Where it stands, and the number of its last event.
pub(super) async fn read_in_tx(conn: &mut PgConnection, stream: &StreamId) -> Result<(State, i64), StoreError> {
    let rows = sqlx::query!(
        r#"select sequence, event_type, event_version, payload::text as "payload!" from events
           where aggregate_type = 'broadcast' and aggregate_id = $1 order by sequence"#,
        stream.as_str(),
    );
    let (mut state, mut last) = (State::default(), 0);
    for row in rows.fetch_all(conn).await? {
        let event: Event = decode_as(&row.event_type, &row.event_version, &row.payload)?;
        state = Broadcast::evolve(state, &event);
        last = row.sequence;
    }
    Ok((state, last))
}

async fn write_row(
    conn: &mut PgConnection,
    school: Uuid,
    broadcast_id: BroadcastId,
    (state, event, event_id): (&State, &Event, EventId),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let Some(known) = state.known() else { return Ok(()) };
    let stands = match known.stage {
        Stage::Drafted => "drafted",
        Stage::Approved(_) => "approved",
        Stage::Started(_) => "started",
        Stage::Completed(_) => "completed",
        Stage::Cancelled => "cancelled",
    };
    let approved = matches!(event, Event::Approved { .. }).then_some(event_id.0);
    let send_at = approved.map(|_| known.draft.send_at.unwrap_or(now).max(now));
    sqlx::query!(
        "insert into broadcasts as b (school_id, broadcast_id, state, drafted_at, send_at, approved_id, changed_at, epoch)
         select $1, $2, $3, $4, $5, $6, $4, epoch from log_epoch
         on conflict (school_id, broadcast_id) do update set state = excluded.state, changed_at = excluded.changed_at,
           send_at = coalesce(excluded.send_at, b.send_at), approved_id = coalesce(excluded.approved_id, b.approved_id),
           epoch = case when excluded.approved_id is null then b.epoch else excluded.epoch end",
        school,
        broadcast_id.0,
        stands,
        now,
        send_at,
        approved,
    )
    .execute(conn)
    .await?;
    Ok(())
}
