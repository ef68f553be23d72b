//! A kiosk says that it is alive, and how far its queue is drained.

use crate::batcher::KioskContext;
use crate::batcher::facts::missing_after;
use crate::batcher::store::{Seen, advance_in_tx, see_in_tx};
use crate::context::Context;
use crate::error::{StoreError, WriteError};
use crate::kiosk_reports::{UPLOAD_MARGIN, report};
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::device_time::DeviceNow;
use domain::kiosk::Command;
use domain::{Actor, Epoch, QueueId};
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
        tell(write, &context, &input, ack_through, missing, server_time).await?;
    }
    let resend_from = missing.then_some(ack_through + 1);
    Ok(HeartbeatAnswer { server_time, epoch, ack_through, resend_from })
}

async fn tell(
    write: &Write,
    context: &Context,
    input: &KioskHeartbeat,
    ack_through: i64,
    missing: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (kiosk, queue_id) = (input.kiosk.kiosk_id, input.queue_id);
    let mut commands = Vec::new();
    if missing
        && let Some((from, to)) = missing_after(write.pool(), kiosk, queue_id, ack_through, input.last_seq).await?
    {
        commands.push(Command::ReportGap { queue_id, from, to });
    }
    commands.push(if input.queue_depth == 0 && !missing {
        Command::ReportDrained { queue_id, seq: ack_through, through: now - UPLOAD_MARGIN }
    } else {
        Command::ReportSeen
    });
    for command in commands {
        match report(write, context, kiosk, command).await {
            Ok(_) => {}
            Err(WriteError::Rejected(why)) => tracing::debug!(%why, %kiosk, "a kiosk's report is refused"),
            // Somebody else is telling something of this kiosk; the next heartbeat looks again.
            Err(WriteError::Conflict) => tracing::warn!(%kiosk, "a kiosk's stream kept changing"),
            Err(WriteError::Store(error)) => return Err(error),
        }
    }
    Ok(())
}
