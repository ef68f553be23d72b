//! Notices a kiosk that fell silent, and one that returned, and writes it into the log: an inspector
//! must know that a gate says nothing before anybody concludes that a pupil did not come.

use crate::leader::{Leadership, Lock};
use chrono::{DateTime, TimeDelta, Utc};
use commands::{Context, Write};
use domain::kiosk::{Command, Kiosk};
use domain::{Actor, KioskId, SchoolId, StreamId};
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A kiosk says something every 30 seconds; after this long it is silent.
pub const SILENT_AFTER: TimeDelta = TimeDelta::minutes(3);
/// How often the leader looks, in real time.
const EVERY: Duration = Duration::from_secs(5);

/// When a kiosk was last heard, as the server saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its school.
    pub school_id: SchoolId,
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// When it was last heard.
    pub last_seen: DateTime<Utc>,
}

/// What a kiosk's last sign of life means now.
pub fn judge(last_seen: DateTime<Utc>, now: DateTime<Utc>) -> Command {
    if now - last_seen > SILENT_AFTER { Command::ReportSilent { last_seen } } else { Command::ReportSeen }
}

/// Looks again and again until cancelled; leads if nobody else does.
pub async fn run(options: PgConnectOptions, write: Write, stop: CancellationToken) {
    let mut leadership = None;
    let mut known = std::collections::HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if leadership.is_none() {
            known.clear();
            leadership = match Leadership::take(&options, Lock::GateWatch).await {
                Ok(leadership) => leadership,
                Err(error) => {
                    tracing::warn!(%error, "gate watch: cannot reach the database");
                    None
                }
            };
        }
        if let Some(leader) = &mut leadership
            && let Err(error) = look(leader.connection(), &write, &mut known).await
        {
            tracing::warn!(%error, "gate watch: will look again");
            leadership = None;
        }
    }
}

/// Why one look failed.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The operational table could not be read.
    #[error("read the kiosks' last signs")]
    Read(#[from] sqlx::Error),
    /// The fact could not be written.
    #[error("write the fact")]
    Write(#[from] commands::WriteError<domain::kiosk::Error>),
    /// The school's settings could not be read.
    #[error("read the school's settings")]
    Settings(#[from] commands::StoreError),
}

/// Writes what changed since the last look. `known` keeps what was said of each kiosk (silent or not),
/// so that an unchanged kiosk costs nothing; the stream's own decision refuses repeats all the same.
pub async fn look(
    connection: &mut PgConnection,
    write: &Write,
    known: &mut std::collections::HashMap<KioskId, bool>,
) -> Result<usize, LookError> {
    let now = write.clock().now();
    let mut written = 0;
    for seen in last_signs_in_tx(connection).await? {
        let command = judge(seen.last_seen, now);
        let silent = matches!(command, Command::ReportSilent { .. });
        if known.get(&seen.kiosk_id) == Some(&silent) {
            continue;
        }
        let context = Context {
            school: seen.school_id,
            zone: write.school_settings(seen.school_id).await?.zone,
            actor: Actor::system("gate_watch"),
            command_id: None,
            correlation_id: write.ids().next(),
            causation_id: None,
        };
        let done = write.execute::<Kiosk>(&context, &StreamId::of(seen.school_id, seen.kiosk_id), command).await?;
        written += done.events;
        known.insert(seen.kiosk_id, silent);
    }
    Ok(written)
}

/// The last sign of every kiosk that is not revoked.
async fn last_signs_in_tx(connection: &mut PgConnection) -> Result<Vec<Seen>, sqlx::Error> {
    sqlx::query!(
        "select s.school_id, s.kiosk_id, s.last_seen from kiosk_seen s
         join kiosk_secrets k on k.kiosk_id = s.kiosk_id where k.revoked_at is null order by s.kiosk_id"
    )
    .map(|r| Seen { school_id: SchoolId(r.school_id), kiosk_id: KioskId(r.kiosk_id), last_seen: r.last_seen })
    .fetch_all(connection)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_773_052_200 + seconds, 0).unwrap()
    }

    #[test]
    fn a_kiosk_is_silent_only_after_the_limit() {
        assert_eq!(judge(at(0), at(180)), Command::ReportSeen);
        assert_eq!(judge(at(0), at(181)), Command::ReportSilent { last_seen: at(0) });
        // A server clock that went back is no silence.
        assert_eq!(judge(at(100), at(0)), Command::ReportSeen);
    }
}
