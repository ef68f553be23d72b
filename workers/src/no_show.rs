//! Finds pupils who did not come, and lets their cases follow the facts: opens, holds, lets go, resolves, retracts.
//!
//! What is found is a pure function of the read models at one moment (`domain::no_show::pass`), and what follows is
//! decided on the case's own stream: whoever looks twice, after a restart or beside another process, finds the same
//! and adds nothing. When a school is looked at next is a row ([`timers`]); what happens meanwhile (a scan, a gate
//! that returns, a day that is set) is heard ([`wakes`]). Replaying a read model wakes nobody and tells nobody.

mod timers;
mod wakes;

use crate::leader::{Leadership, Lock, in_time};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::no_show::{Ask, observe};
use commands::{Context, StoreError, Write};
use domain::no_show::Command;
use domain::values::zone::{day_range, local_date};
use domain::{Actor, SchoolId};
use projections::live::absence::{self, Look};
use projections::no_show::queries as cases;
use projections::readers::Everywhere;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;
use timers::Timer;
use tokio_util::sync::CancellationToken;
pub use wakes::Woken;

/// How often the leader looks whether a school is due, in real time.
const EVERY: Duration = Duration::from_secs(1);
/// How long changes of who is expected are gathered: an import is many.
const GATHERS: Duration = Duration::from_millis(200);
/// Schools of one snapshot of the read models, at most.
const TOGETHER: usize = 50;
/// While a gate's word is awaited.
const AWAITED: TimeDelta = TimeDelta::seconds(5);
/// While a case is open: a gate may have fallen behind, or the news grown old, without anything to hear.
const OPEN: TimeDelta = TimeDelta::minutes(1);
/// In case something was not heard.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// Schools that were looked at.
    pub schools: usize,
    /// Events that followed.
    pub events: usize,
    /// Schools or cases that were left out, since their data cannot be read.
    pub broken: usize,
    /// The read models did not reach the log's end: what is left is looked at in the next round.
    pub behind: bool,
}

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The leader's own connection failed: it leads no more.
    #[error("the leader's connection failed")]
    Leader(#[from] sqlx::Error),
    /// What was found is not written yet: it is found again.
    #[error("the findings are not written")]
    Write(#[from] StoreError),
}

/// Looks again and again until cancelled; leads if nobody else does. The options are those of the worker's role, with
/// the read models in their search path.
pub async fn run(options: PgConnectOptions, write: Write, stop: CancellationToken) {
    let woken = Woken::default();
    tokio::select! {
        () = stop.cancelled() => {}
        () = woken.listen(&options) => {}
        () = lead(&options, &write, &woken) => {}
    }
}

async fn lead(options: &PgConnectOptions, write: &Write, woken: &Woken) {
    let mut leadership = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            // An exception for a course at half past seven: its alerts are gone within the second.
            () = woken.changed() => tokio::time::sleep(GATHERS).await,
        }
        if leadership.is_none() {
            leadership = match Leadership::take(options, Lock::NoShow).await {
                Ok(leadership) => leadership,
                Err(error) => {
                    tracing::warn!(%error, "no-show: cannot reach the database");
                    None
                }
            };
            if leadership.is_some() {
                // Whatever happened while nobody led was heard by nobody.
                woken.all();
            }
        }
        let Some(leader) = &mut leadership else { continue };
        match round(leader.connection(), write, woken).await {
            Ok(Round { behind: true, .. }) => tracing::warn!("no-show: the read models are behind the log"),
            Ok(Round { schools: 0, .. }) => {}
            Ok(round) => tracing::debug!(?round, "no-show: looked"),
            Err(error @ RoundError::Write(_)) => tracing::warn!(%error, "no-show: not written yet"),
            Err(RoundError::Leader(error)) => {
                tracing::warn!(%error, "no-show: no longer leads");
                leadership = None;
            }
        }
    }
}

/// Looks at every school that is due or was woken, and writes what follows. An error: nothing is lost, since what was
/// found is found again.
pub async fn round(leader: &mut PgConnection, write: &Write, woken: &Woken) -> Result<Round, RoundError> {
    let now = write.clock().now();
    let mut done = Round::default();
    // The log's end is read after the deadlines: a model that has it has every scan that was stored before them.
    let (epoch, end) = write.log_end().await?;
    // Which cases are open is asked once the models have what was heard: a case may be hardly older than its end.
    if woken.any() && !in_time(Everywhere::reached(leader, epoch, end)).await? {
        return Ok(Round { behind: true, ..done });
    }
    let mut open: BTreeMap<SchoolId, BTreeSet<NaiveDate>> = BTreeMap::new();
    for (school, date) in in_time(cases::open_days_in_tx(leader, now.date_naive())).await? {
        open.entry(school).or_default().insert(date);
    }
    let wake = woken.take(open.keys().copied());
    let due = in_time(timers::due_in_tx(leader, now, &wake)).await?;
    for some in due.chunks(TOGETHER) {
        let Some(mut read) = Everywhere::at(leader, epoch, end).await? else {
            woken.again(some.iter().map(|timer| timer.school_id).filter(|school| wake.has(*school)));
            return Ok(Round { behind: true, ..done });
        };
        let mut asks: Vec<Ask> = Vec::new();
        let mut next: HashMap<SchoolId, DateTime<Utc>> = HashMap::new();
        for timer in some {
            let days = open.get(&timer.school_id).filter(|_| wake.has(timer.school_id));
            match look(read.conn(), timer, now, days).await {
                Ok(seen) => {
                    next.insert(timer.school_id, seen.next_look_at);
                    let context = context(write, timer.school_id, timer.zone);
                    asks.extend(
                        seen.looks
                            .into_iter()
                            .flat_map(|look| look.findings)
                            .map(|(case, finding)| (context.clone(), case, Command::Observe(finding))),
                    );
                }
                // One school whose rows cannot be read stops no other.
                Err(error @ (sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. })) => {
                    tracing::error!(%error, school = %timer.school_id, "no-show: a school cannot be read");
                    metrics::counter!("no_show_broken_schools_total").increment(1);
                    done.broken += 1;
                    next.insert(timer.school_id, now + OPEN);
                }
                Err(error) => return Err(error.into()),
            }
        }
        read.end().await?;
        let told = observe(write, &asks).await.inspect_err(|_| {
            woken.again(some.iter().map(|timer| timer.school_id).filter(|school| wake.has(*school)));
        })?;
        // Only now: whoever is stopped before it looks at these schools again.
        in_time(timers::set_in_tx(leader, &next)).await?;
        done.schools += some.len();
        done.events += told.events;
        done.broken += told.broken;
    }
    Ok(done)
}

/// What was seen of a school.
struct Seen {
    looks: Vec<Look>,
    next_look_at: DateTime<Utc>,
}

/// Looks at a school's today, and at the days before of which a case is open, if there are any to look at.
async fn look(
    conn: &mut PgConnection,
    timer: &Timer,
    now: DateTime<Utc>,
    open_days: Option<&BTreeSet<NaiveDate>>,
) -> Result<Seen, sqlx::Error> {
    let today = local_date(now, timer.zone);
    let tomorrow = day_range(today, timer.zone).end;
    let mut seen = Seen { looks: Vec::new(), next_look_at: tomorrow.min(now + LONGEST) };
    let dates: BTreeSet<NaiveDate> = open_days.into_iter().flatten().copied().chain([today]).collect();
    for date in dates {
        let Some(facts) = absence::load_in_tx(conn, timer.school_id, date).await? else { continue };
        let open = cases::open_cases_in_tx(conn, timer.school_id, date).await?;
        let look = facts.look(now, &open);
        if date == today {
            let again = [
                look.next_deadline,
                look.awaits.then_some(now + AWAITED),
                (!look.findings.is_empty()).then_some(now + OPEN),
            ];
            seen.next_look_at = again.into_iter().flatten().chain([seen.next_look_at]).min().unwrap_or(now);
        }
        seen.looks.push(look);
    }
    Ok(seen)
}

fn context(write: &Write, school: SchoolId, zone: Tz) -> Context {
    Context {
        school,
        zone,
        actor: Actor::system("no_show"),
        command_id: None,
        correlation_id: write.ids().next(),
        causation_id: None,
    }
}

#[cfg(test)]
mod tests;
