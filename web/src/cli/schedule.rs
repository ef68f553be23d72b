//! `attendance schedule`: the weekly schedule of courses, from the command line.

use super::tools::Tools;
use crate::config;
use anyhow::{Context as _, bail};
use chrono::{NaiveDate, NaiveTime, Weekday};
use commands::use_cases::{SetWeeklySchedule, set_weekly_schedule};
use domain::values::zone;
use domain::{CourseId, SchoolId};
use projections::roster::queries;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Set the same entry and exit on some weekdays for some courses, or for all.
    Set(Set),
}

#[derive(Debug, clap::Args)]
struct Set {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// A course's name as the board shows it (`1° Básico A`); may be repeated. None means all.
    #[arg(long = "course", value_name = "NAME")]
    courses: Vec<String>,
    /// Entry, local wall time: 08:00.
    #[arg(long, value_parser = time)]
    entry: NaiveTime,
    /// Exit, local wall time: 15:30.
    #[arg(long, value_parser = time)]
    exit: NaiveTime,
    /// Weekdays, 1 is Monday.
    #[arg(long, default_value = "1,2,3,4,5", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=7))]
    days: Vec<u8>,
    /// First date on which it is valid; today if not said.
    #[arg(long)]
    from: Option<NaiveDate>,
    #[command(flatten)]
    sides: config::WriteSide,
}

fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| format!("`{text}` is not a time such as 08:00"))
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let What::Set(set) = args.what;
    let tools = Tools::open(&set.sides).await?;
    let school = tools.school(set.school).await?;
    let context = tools.context(school, "schedule set").await?;
    let from = set.from.unwrap_or_else(|| zone::local_date(tools.write.clock().now(), context.zone));
    let courses = tools.courses(school).await?;
    if let Some(unknown) = set.courses.iter().find(|name| !courses.iter().any(|(_, n)| n == *name)) {
        bail!(
            "there is no course `{unknown}`; the courses are: {}",
            courses.iter().map(|(_, n)| n.as_str()).collect::<Vec<_>>().join(", ")
        );
    }
    let days = set.days.iter().filter_map(|d| Weekday::try_from(d - 1).ok());
    let stays: Vec<_> = days.map(|day| (day, set.entry, set.exit)).collect();
    let mut changed = 0;
    for (course_id, name) in courses.iter().filter(|(_, name)| set.courses.is_empty() || set.courses.contains(name)) {
        let input = SetWeeklySchedule { course_id: *course_id, effective_from: from, stays: stays.clone() };
        let done = set_weekly_schedule(&tools.write, &context, input)
            .await
            .with_context(|| format!("set the schedule of {name}"))?;
        changed += usize::from(done.events > 0);
    }
    println!("{changed} schedules set from {from} on");
    Ok(())
}

impl Tools {
    /// Every course of a school that is open, by name.
    async fn courses(&self, school: SchoolId) -> anyhow::Result<Vec<(CourseId, String)>> {
        let (mut courses, mut after) = (Vec::new(), None);
        loop {
            let page = queries::courses(&self.pools.request, school, after, 200).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.course_id);
            courses.extend(page.into_iter().filter(|c| c.closed_from.is_none()).map(|c| (c.course_id, c.name)));
        }
        Ok(courses)
    }
}
