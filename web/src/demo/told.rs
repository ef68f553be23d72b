//! Which families were told, by what their telephones and mailboxes show.

use super::outside::{About, Outside};
use super::stage::Stage;
use crate::seed::Seeded;
use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use domain::StudentId;
use serde::Serialize;
use sqlx::PgPool;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

const ALARM: &str = "no_entry";
const CORRECTION: &str = "correction";
/// How long notices may take when the morning is over.
const PATIENCE: Duration = Duration::from_secs(45);

/// What arrived of a morning's notices. The log says whose families are to be told, and rows which pupil a message is
/// about; whether it arrived, only where it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Pupils with an open case of which families are to be told.
    pub due: usize,
    /// Of them, those of whom a telephone or a mailbox shows the alarm.
    pub told: usize,
    /// Of them, those of whom none does.
    pub lost: usize,
    /// Alarms, and corrections of them, that one telephone or mailbox shows again.
    pub doubled: usize,
    /// Telephones and mailboxes that show an alarm, one for each pupil.
    pub alarms: usize,
    /// The same of corrections.
    pub corrections: usize,
    /// Everything that arrived by WhatsApp.
    pub messages: usize,
    /// Everything that arrived by mail, letters with links too.
    pub mails: usize,
}

/// Waits until the families of all of `missing` pupils were told, or the time is over, and counts.
pub async fn settled(stage: &Stage, outside: &Outside, school: &Seeded, date: NaiveDate, missing: i64) -> Result<Told> {
    let pool = stage.owner_pool().await?;
    let begun = Instant::now();
    loop {
        let (open, told) = count(&pool, outside, school, date).await?;
        if (open >= missing && told.lost == 0) || begun.elapsed() > PATIENCE {
            pool.close().await;
            return Ok(told);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How many cases are open, and who was told of those of which families are.
async fn count(pool: &PgPool, outside: &Outside, school: &Seeded, date: NaiveDate) -> Result<(i64, Told)> {
    let cases: Vec<(String, bool)> = sqlx::query_as(
        "select aggregate_id, bool_or(event_type = 'notice_requested') from events
         where school_id = $1 and aggregate_type = 'no_show_case' and aggregate_id like $2 || '/%'
         group by aggregate_id having not bool_or(event_type in ('resolved', 'retracted', 'acknowledged'))",
    )
    .bind(school.school_id.0)
    .bind(date.to_string())
    .fetch_all(pool)
    .await?;
    let open = i64::try_from(cases.len())?;
    let due = cases.iter().filter(|(_, told)| *told).map(|(case, _)| {
        let pupil = case.rsplit('/').next().and_then(|pupil| pupil.parse().ok());
        pupil.map(StudentId).context("whose case is it?")
    });
    let due: HashSet<StudentId> = due.collect::<Result<_>>()?;
    let (about, all) = (About::read(pool).await?, outside.arrived());
    let mut shown: HashMap<(&str, StudentId, &str), usize> = HashMap::new();
    for one in &all {
        for carried in about.carried(one) {
            *shown.entry((&one.to, carried.pupil, &carried.kind)).or_default() += 1;
        }
    }
    let kind = |kind: &'static str| shown.keys().filter(move |(_, _, of)| *of == kind);
    let alarmed: HashSet<StudentId> = kind(ALARM).map(|(_, pupil, _)| *pupil).collect();
    let reached = due.intersection(&alarmed).count();
    let messages = all.iter().filter(|arrived| arrived.subject.is_none()).count();
    let counted = shown.iter().filter(|((_, _, of), _)| [ALARM, CORRECTION].contains(of));
    let told = Told {
        due: due.len(),
        told: reached,
        lost: due.len() - reached,
        doubled: counted.map(|(_, times)| times - 1).sum(),
        alarms: kind(ALARM).count(),
        corrections: kind(CORRECTION).count(),
        messages,
        mails: all.len() - messages,
    };
    Ok((open, told))
}
