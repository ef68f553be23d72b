//! A kiosk says that it is alive, and how far its queue is drained.

use crate::batcher::KioskContext;
use crate::batcher::facts::missing_after;
use crate::batcher::store::{Seen, advance_in_tx, see_in_tx};
use crate::context::Context;
use crate::error::{StoreError, WriteError};
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::device_time::DeviceNow;
use domain::kiosk::{Command, DRAINED_EVERY, Event, Kiosk};
use domain::{Actor, AnyEvent, DomainEvent, Epoch, QueueId, StreamId, decode};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What the kiosk says.
#[derive(Debug, Clone)]
pub struct KioskHeartbeat {
    /// Who says it.
    pub kiosk: KioskContext,
    /// The installation of its queue.
    pub queue_id: QueueId,
    /// The device's clocks now.
    pub device_now: DeviceNow,
    /// Scans that wait on the device.
    pub queue_depth: u32,
    /// The highest number given in this queue, 0 if none.
    pub last_seq: i64,
    /// Version of the kiosk's program.
    pub app_version: Option<String>,
    /// Shared by all that follows from this request.
    pub correlation_id: Uuid,
}

/// What the server knows.
#[derive(Debug, Clone, PartialEq)]
pub struct HeartbeatAnswer {
    /// The server's time.
    pub server_time: DateTime<Utc>,
    /// The log's life.
    pub epoch: Epoch,
    /// Every number of the queue up to here is stored.
    pub ack_through: i64,
    /// The number to send again from, when nothing waits on the device and yet something is missing.
    pub resend_from: Option<i64>,
}

/// Notes that it was heard, and what follows from it: its queue is drained (a fact at most once a
/// minute), or numbers are missing, or it was silent and is back. A revoked kiosk is noted only.
///
/// Runs in a task of its own: a kiosk that hangs up stops nothing half-way.
pub async fn kiosk_heartbeat(write: &Write, input: KioskHeartbeat) -> Result<HeartbeatAnswer, StoreError> {
    let write = write.clone();
    tokio::spawn(async move { heartbeat(&write, input).await }).await.unwrap_or(Err(StoreError::Interrupted))
}

async fn heartbeat(write: &Write, input: KioskHeartbeat) -> Result<HeartbeatAnswer, StoreError> {
    let server_time = write.clock().now();
    let epoch = write.epoch().await?;
    let zone = write.school_settings(input.kiosk.school_id).await?.zone;
    let (kiosk, school) = (input.kiosk.kiosk_id, input.kiosk.school_id);
    let seen = Seen {
        school: school.0,
        at: server_time,
        queue_depth: input.queue_depth,
        device: &input.device_now,
        app_version: input.app_version.as_deref(),
    };
    let mut tx = write.pool().begin().await?;
    see_in_tx(&mut tx, &BTreeMap::from([(kiosk.0, seen)])).await?;
    let acks = advance_in_tx(&mut tx, &BTreeMap::from([((kiosk.0, input.queue_id.0), school.0)])).await?;
    tx.commit().await?;
    let ack_through = acks.get(&(kiosk, input.queue_id)).copied().unwrap_or(0);
    let missing = input.queue_depth == 0 && ack_through < input.last_seq;
    if !input.kiosk.revoked {
        let context = Context {
            school,
            zone,
            actor: Actor::kiosk(kiosk),
            command_id: None,
            correlation_id: input.correlation_id,
            causation_id: None,
        };
        report(write, &context, &input, ack_through, missing, server_time).await?;
    }
    let resend_from = missing.then_some(ack_through + 1);
    Ok(HeartbeatAnswer { server_time, epoch, ack_through, resend_from })
}

async fn report(
    write: &Write,
    context: &Context,
    input: &KioskHeartbeat,
    ack_through: i64,
    missing: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let kiosk = input.kiosk.kiosk_id;
    let stream = StreamId::of(context.school, kiosk);
    // The end of the stream says whether there is anything to tell: most heartbeats write nothing,
    // and a stream that grows by a fact a minute is not folded for each.
    let told = Told::read(write, &stream, input.queue_id).await?;
    let mut commands = Vec::new();
    if missing
        && let Some((from, to)) =
            missing_after(write.pool(), kiosk, input.queue_id, ack_through, input.last_seq).await?
        && !told.gaps.contains(&(from, to))
    {
        commands.push(Command::ReportGap { queue_id: input.queue_id, from, to });
    }
    let drained = input.queue_depth == 0 && !missing;
    if drained && (told.silent || told.drained.is_none_or(|through| now - through >= DRAINED_EVERY)) {
        commands.push(Command::ReportDrained { queue_id: input.queue_id, seq: ack_through, through: now });
    } else if told.silent {
        commands.push(Command::ReportSeen);
    }
    for command in commands {
        match write.execute::<Kiosk>(context, &stream, command).await {
            Ok(_) => {}
            Err(WriteError::Rejected(why)) => tracing::debug!(%why, %kiosk, "a kiosk's report is refused"),
            // Somebody else is telling something of this kiosk; the next heartbeat looks again.
            Err(WriteError::Conflict) => tracing::warn!(%kiosk, "a kiosk's stream kept changing"),
            Err(WriteError::Store(error)) => return Err(error),
        }
    }
    Ok(())
}

/// What the last events of a kiosk's stream say.
#[derive(Default)]
struct Told {
    silent: bool,
    drained: Option<DateTime<Utc>>,
    gaps: Vec<(i64, i64)>,
}

impl Told {
    /// A silent kiosk's `silent` is followed by gaps and forks at most, so the end is enough; what it
    /// misses, the aggregate's own guard catches.
    const END: i64 = 50;

    async fn read(write: &Write, stream: &StreamId, queue: QueueId) -> Result<Self, StoreError> {
        let rows = sqlx::query!(
            r#"select e.event_type, e.event_version, e.payload::text as "payload!" from events e
               where e.aggregate_type = 'kiosk' and e.aggregate_id = $1
               order by e.sequence desc limit $2"#,
            stream.as_str(),
            Self::END,
        )
        .fetch_all(write.pool())
        .await?;
        let mut told = Self::default();
        for row in rows.iter().rev() {
            let AnyEvent::Kiosk(event) = decode(Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)?
            else {
                continue;
            };
            match event {
                Event::Silent { .. } => told.silent = true,
                Event::Returned => told.silent = false,
                Event::DrainedThrough { queue_id, through, .. } if queue_id == queue => told.drained = Some(through),
                Event::GapDetected { queue_id, from, to } if queue_id == queue => told.gaps.push((from, to)),
                Event::DrainedThrough { .. }
                | Event::GapDetected { .. }
                | Event::Enrolled { .. }
                | Event::ModeChanged { .. }
                | Event::Revoked
                | Event::ForkDetected { .. } => {}
            }
        }
        Ok(told)
    }
}
