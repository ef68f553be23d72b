//! Notices a kiosk that fell silent, and one that returned, and writes it into the log: an inspector
//! must know that a gate says nothing before anybody concludes that a pupil did not come.

use crate::leader::{Leadership, Lock, in_time};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::kiosk_reports::{Report, TOGETHER, report, report_together};
use commands::{Context, Write, WriteError};
use domain::kiosk::Command;
use domain::{Actor, KioskId, SchoolId};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::collections::{HashMap, HashSet};
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
    let mut known = HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if leadership.is_none() {
            leadership = match Leadership::take(&options, Lock::GateWatch).await {
                Ok(leadership) => leadership,
                Err(error) => {
                    tracing::warn!(%error, "gate watch: cannot reach the database");
                    None
                }
            };
            if leadership.is_some() {
                // Whoever led meanwhile may have said something else.
                known.clear();
            }
        }
        if let Some(leader) = &mut leadership
            && let Err(error) = look(leader.connection(), &write, &mut known).await
        {
            tracing::warn!(%error, "gate watch: no longer leads");
            leadership = None;
        }
    }
}

/// Writes what changed since the last look, and returns how many facts that were. `known` keeps what was
/// said of each kiosk (silent or not), so that an unchanged kiosk costs nothing; the stream's own
/// decision refuses repeats all the same.
///
/// A kiosk whose fact cannot be written is looked at again next time, and hides no other. An error is
/// one of `connection`: who gets it leads no more.
pub async fn look(
    connection: &mut PgConnection,
    write: &Write,
    known: &mut HashMap<KioskId, bool>,
) -> Result<usize, sqlx::Error> {
    let now = write.clock().now();
    let mut written = 0;
    let signs = in_time(last_signs_in_tx(connection)).await?;
    let there: HashSet<KioskId> = signs.iter().map(|seen| seen.kiosk_id).collect();
    known.retain(|kiosk, _| there.contains(kiosk));
    let news = signs.into_iter().filter_map(|seen| {
        let command = judge(seen.last_seen, now);
        let silent = matches!(command, Command::ReportSilent { .. });
        (known.get(&seen.kiosk_id) != Some(&silent)).then_some((seen, command, silent))
    });
    let news: Vec<(Seen, Command, bool)> = news.collect();
    for some in news.chunks(TOGETHER) {
        if let Some(events) = tell_together(write, some).await {
            written += events;
            known.extend(some.iter().map(|(seen, _, silent)| (seen.kiosk_id, *silent)));
            continue;
        }
        for (seen, command, silent) in some {
            match tell(write, seen, command.clone()).await {
                Ok(events) => written += events,
                // It was revoked since, or never enrolled: there is nothing to tell.
                Err(WriteError::Rejected(why)) => {
                    tracing::debug!(%why, kiosk = %seen.kiosk_id, "gate watch: a fact is refused");
                }
                Err(error @ (WriteError::Conflict | WriteError::Store(_))) => {
                    tracing::warn!(%error, kiosk = %seen.kiosk_id, "gate watch: a kiosk's fact is not written yet");
                    if matches!(&error, WriteError::Store(error) if error.is_temporary()) {
                        // Still leading?
                        in_time(connection.ping()).await?;
                    }
                    continue;
                }
            }
            known.insert(seen.kiosk_id, *silent);
        }
    }
    Ok(written)
}

/// In the evening all kiosks of a country fall silent, and in the morning all are heard again: each fact by
/// itself would hold the log's lock against their scans. None: tell them one by one.
async fn tell_together(write: &Write, news: &[(Seen, Command, bool)]) -> Option<usize> {
    let mut zones = HashMap::new();
    let mut reports: Vec<Report> = Vec::with_capacity(news.len());
    for (seen, command, _) in news {
        let zone = match zones.get(&seen.school_id) {
            Some(zone) => *zone,
            None => *zones.entry(seen.school_id).or_insert(write.school_settings(seen.school_id).await.ok()?.zone),
        };
        reports.push((context(write, seen, zone), seen.kiosk_id, command.clone()));
    }
    report_together(write, &reports).await
}

async fn tell(write: &Write, seen: &Seen, command: Command) -> Result<usize, WriteError<domain::kiosk::Error>> {
    let zone = write.school_settings(seen.school_id).await?.zone;
    Ok(report(write, &context(write, seen, zone), seen.kiosk_id, command).await?.events)
}

fn context(write: &Write, seen: &Seen, zone: Tz) -> Context {
    Context {
        school: seen.school_id,
        zone,
        actor: Actor::system("gate_watch"),
        command_id: None,
        correlation_id: write.ids().next(),
        causation_id: None,
    }
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
mod tests;
