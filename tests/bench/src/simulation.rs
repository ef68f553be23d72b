//! A month of a school judged once more by other rules, from its audit index.

use crate::Options;
use crate::replay::{Year, at, fill};
use crate::report::{Figure, Target};
use crate::stage::Stage;
use anyhow::{Context as _, Result, ensure};
use commands::pool::Role;
use projections::{Fact, Readers};
use std::sync::Arc;
use std::time::Instant;
use web::simulation::{Asked, Wanted, plan};

/// School days in the index: two months and a bit, so that the month is one of several.
const SCHOOL_DAYS: usize = 50;

/// From the question to what would be otherwise, as the page and the API ask: with a grace, a limit and a bound at once.
pub async fn run(options: &Options, stage: &Stage, figures: &mut Vec<Figure>) -> Result<()> {
    options.say("simulation: a school's months");
    let year = as_recorded(Year::of(SCHOOL_DAYS)?)?;
    let database = stage.database("simulation").await?;
    fill(options, &database, &year).await?;
    let enter = "insert into roster.schools values ($1, 'Liceo', null, 'America/Santiago', 5, 15, 60, 1, 25, 90)";
    sqlx::query(enter).bind(year.school.0).execute(&database.owner).await?;
    let readers = Readers::new(database.pool(Role::Request, 2, "public,roster,live,audit,no_show").await?);
    let now = at(year.days[SCHOOL_DAYS - 1].0, 23, 0);
    let month = chrono::NaiveDate::from_ymd_opt(2026, 3, 1);
    let (mut took, mut held) = (Vec::new(), Vec::new());
    for round in 0..=options.rounds.max(3) {
        // A bound under which every morning is held looks at the day again and again: the dearest question.
        for (bound, figures) in [(60, &mut took), (1, &mut held)] {
            let settings = Wanted {
                late_after_minutes: Some(25),
                missing_after_minutes: Some(10),
                mass_alarm_percent: Some(bound),
                stale_after_minutes: None,
            };
            let begun = Instant::now();
            let asked = Asked { month, settings, ..Asked::default() };
            let plan = Arc::new(plan(&readers, year.school, asked, now).await?);
            let found = plan.run(&readers, |_| true).await?.simulated;
            let spent = begun.elapsed().as_secs_f64();
            ensure!(found.school_days() == 22, "March has 22 weekdays: {}", found.school_days());
            ensure!(found.flips() == 22 * 42, "those who come from six past eight on: {}", found.flips());
            // Who does not come is half of three courses, which the bound of before holds every day.
            let [before, after] = found.notices();
            ensure!((before.told, before.mass_alarm) == (22 * 15, 22 * 60), "notices: {before:?}");
            let told = if bound == 1 { 0 } else { 22 * 90 };
            ensure!((after.told, after.told + after.mass_alarm) == (told, 22 * 90), "notices: {after:?}");
            // The first round finds nothing in memory.
            if round > 0 {
                figures.push(spent);
            }
        }
    }
    figures.push(Figure::new("simulation_month", "s", Target::AtMost(3.0), took));
    figures.push(Figure::new("simulation_month_held", "s", Target::AtMost(3.0), held));
    Ok(())
}

/// The same events in the order of time, as a log has them.
fn as_recorded(mut year: Year) -> Result<Year> {
    year.facts.sort_by_key(|fact| fact.event.recorded_at);
    let facts = year.facts.iter().zip(1..).map(|(fact, position)| {
        let event = domain::Recorded { position, ..(*fact.event).clone() };
        Fact::new(event).ok().context("a fact")
    });
    year.facts = facts.collect::<Result<_>>()?;
    Ok(year)
}
