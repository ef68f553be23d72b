//! What became of a message that was claimed.

use super::claim::Message;
use super::rows::{Key, Row};
use super::settle::{Change, Ended, settle};
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, TimeDelta, Utc};
use domain::delivery::policy::{UNKNOWN_FOR, pause_after};
use domain::delivery::{Command, Doubt, Failure, Mode};
use domain::{DeliveryId, SchoolId};
use uuid::Uuid;

/// How long a message may be on its way before whoever sends it is taken for gone: longer than any try may take.
const GONE_AFTER: TimeDelta = TimeDelta::minutes(2);
/// How many are swept at once.
const SWEPT: i64 = 500;

/// What a try came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Outcome {
    /// The channel took it.
    Accepted {
        /// Whether it left this program.
        mode: Mode,
        /// The channel's id of it, hashed ([`super::provider_key`]).
        provider: Option<[u8; 16]>,
    },
    /// It was certainly not sent, and another try may do better.
    NotSent {
        /// What it is if the tries are used up.
        reason: Failure,
        /// The channel's own code.
        code: Option<u32>,
    },
    /// It was certainly not sent, and no try is counted: the channel is paused, or something is waited for.
    PutBack {
        /// For how long.
        until: DateTime<Utc>,
        /// The channel's own code.
        code: Option<u32>,
    },
    /// It will not arrive by this channel.
    Failed {
        /// Why.
        reason: Failure,
        /// The channel's own code.
        code: Option<u32>,
    },
    /// It may have arrived, or not.
    Unknown(Doubt),
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted { mode: Mode::Live, .. } => "accepted",
            Self::Accepted { mode: Mode::Sandbox, .. } => "sandbox",
            Self::NotSent { .. } => "not_sent",
            Self::PutBack { .. } => "put_back",
            Self::Failed { .. } => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    fn code(self) -> Option<i32> {
        match self {
            Self::NotSent { code, .. } | Self::PutBack { code, .. } | Self::Failed { code, .. } => {
                code.and_then(|code| i32::try_from(code).ok())
            }
            Self::Accepted { .. } | Self::Unknown(_) => None,
        }
    }
}

/// Writes what a try came to, of every delivery of the message: rows, attempts and events at once. `jitter` is from 0
/// to 1.
pub async fn record(write: &Write, message: &Message, outcome: Outcome, jitter: f64) -> Result<(), StoreError> {
    let now = write.clock().now();
    let provider_hmac = match outcome {
        Outcome::Accepted { provider, .. } => provider,
        _ => None,
    };
    let ended = Ended { message_id: message.message_id, outcome: outcome.name(), code: outcome.code(), provider_hmac };
    let change = |row: &Row| became(row, message.message_id, outcome, now, jitter);
    settle(write, &message.keys(), Some(ended), None, change).await?;
    Ok(())
}

fn became(row: &Row, message: Uuid, outcome: Outcome, now: DateTime<Utc>, jitter: f64) -> Option<Change> {
    let attempt = u16::try_from(row.attempts).unwrap_or(u16::MAX);
    // Whoever was taken for gone, and comes back, has only news of what it sent.
    let mine = row.state == "sending" && row.message_id == Some(message);
    let waits = |due_at, attempts| {
        let state = if row.doubts == 0 { "requested" } else { "unknown" };
        Change { command: None, state, due_at: Some(due_at), attempts, doubts: row.doubts }
    };
    match outcome {
        Outcome::Accepted { mode, .. } => Change::said(row, Command::Accept { attempt, mode }),
        Outcome::Failed { reason, code } => Change::said(row, Command::Fail { reason, code }),
        Outcome::PutBack { until, .. } => mine.then(|| waits(until, row.attempts - 1)),
        Outcome::NotSent { reason, code } => match pause_after(attempt, jitter) {
            Some(pause) => mine.then(|| waits(now + pause, row.attempts)),
            None if mine => Change::said(row, Command::Fail { reason, code }),
            None => None,
        },
        Outcome::Unknown(doubt) => mine.then(|| in_doubt(row, doubt, now)),
    }
}

/// A message of which nothing is known: sent once more where its kind says so.
fn in_doubt(row: &Row, doubt: Doubt, now: DateTime<Utc>) -> Change {
    let again = row.notice.kind.is_sent_again() && row.doubts == 0;
    Change {
        command: Some(Command::Doubt(doubt)),
        state: "unknown",
        due_at: again.then(|| now + UNKNOWN_FOR),
        attempts: row.attempts,
        doubts: row.doubts + 1,
    }
}

/// Keeps, of a message that is about to be sent, the hashed address: by it a word that comes back is understood.
pub async fn opened(write: &Write, message: &Message, address: [u8; 16]) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "update delivery_attempts set address_hmac = $2 where message_id = $1",
        message.message_id,
        &address[..],
    );
    in_time(row.execute(write.pool())).await?;
    Ok(())
}

/// Of messages whose sender went without a word nobody knows what became. How many there were.
pub async fn sweep(write: &Write) -> Result<usize, StoreError> {
    let now = write.clock().now();
    let late = sqlx::query!(
        "select school_id, delivery_id from deliveries where state = 'sending' and changed_at < $1
         order by changed_at limit $2",
        now - GONE_AFTER,
        SWEPT,
    );
    let late = in_time(late.fetch_all(write.pool())).await?;
    let keys: Vec<Key> = late.into_iter().map(|row| (SchoolId(row.school_id), DeliveryId(row.delivery_id))).collect();
    if keys.is_empty() {
        return Ok(0);
    }
    let gone = |row: &Row| row.state == "sending" && row.changed_at < now - GONE_AFTER;
    settle(write, &keys, None, None, |row| gone(row).then(|| in_doubt(row, Doubt::Crash, now))).await?;
    Ok(keys.len())
}
