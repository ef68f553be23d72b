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
    let What::Set(what) = args.what;
    let (changed, from) = set(&Tools::open(&what.sides).await?, what).await?;
    println!("{changed} schedules set from {from} on");
    Ok(())
}

/// How many schedules changed, and from when on.
async fn set(tools: &Tools, set: Set) -> anyhow::Result<(usize, NaiveDate)> {
    let school = tools.school(set.school).await?;
    let context = tools.context(school, "schedule set").await?;
    let from = set.from.unwrap_or_else(|| zone::local_date(tools.write.clock().now(), context.zone));
    tools.roster_is_current().await?;
    let courses = tools.courses(school).await?;
    if courses.is_empty() {
        bail!("the school has no open course yet: import its roster first");
    }
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
    Ok((changed, from))
}

impl Tools {
    /// Every course of a school that is open, by name.
    pub(super) async fn courses(&self, school: SchoolId) -> anyhow::Result<Vec<(CourseId, String)>> {
        let mut tx = self.pools.request.begin(school).await?;
        let open = queries::all_courses(&mut tx).await?.into_iter().filter(|c| c.closed_from.is_none());
        Ok(open.map(|c| (c.course_id, c.name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::{TestApp, TestSchool};
    use commands::use_cases::{CourseLabel, Grade, OpenCourse, open_course};
    use projections::live::queries::load_board;

    fn asked(options: &[&str]) -> Result<Set, clap::Error> {
        let Args { what: What::Set(set) } = parsed(&[&["set"], options].concat())?;
        Ok(set)
    }

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    /// The first entry of a day on the school's wall, if anybody is expected.
    async fn first_entry(tools: &Tools, school: &TestSchool, day: u32) -> Option<String> {
        let now = tools.write.clock().now();
        let mut tx = tools.pools.request.snapshot(school.id).await.unwrap();
        let board = load_board(&mut tx, date(day), now).await.unwrap().unwrap();
        board.first_entry.map(|at| at.with_timezone(&board.zone).format("%H:%M").to_string())
    }

    #[tokio::test]
    async fn a_schedule_is_set_for_all_courses_or_those_named_from_the_date_on() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(2).await.unwrap();
        let label = CourseLabel::new(Grade::Basic(2), "B");
        open_course(app.write(), &app.context(school.id), OpenCourse { year: 2026, label }).await.unwrap();
        app.settle().await.unwrap();
        let tools = Tools::of(&app).await;

        // From Monday the 16th on; the school's own says 08:00 from Monday to Friday.
        let all = ["--entry", "09:15", "--exit", "13:00", "--days", "1,3", "--from", "2026-03-16"];
        assert_eq!(set(&tools, asked(&all).unwrap()).await.unwrap(), (2, date(16)));
        assert_eq!(set(&tools, asked(&all).unwrap()).await.unwrap(), (0, date(16)), "the same again changes nothing");
        app.settle().await.unwrap();
        let wall = |time: &str| Some(time.to_owned());
        assert_eq!(first_entry(&tools, &school, 13).await, wall("08:00"), "the Friday before");
        assert_eq!(first_entry(&tools, &school, 16).await, wall("09:15"));
        assert_eq!(first_entry(&tools, &school, 17).await, None, "a Tuesday");

        // A course without pupils alone: the others keep theirs.
        let one = ["--entry", "10:00", "--exit", "12:00", "--from", "2026-03-16", "--course", "2° Básico B"];
        assert_eq!(set(&tools, asked(&one).unwrap()).await.unwrap().0, 1);
        app.settle().await.unwrap();
        assert_eq!(first_entry(&tools, &school, 16).await, wall("09:15"));

        let unknown = ["--entry", "10:00", "--exit", "12:00", "--course", "9° Básico Z"];
        let refused = set(&tools, asked(&unknown).unwrap()).await.unwrap_err().to_string();
        assert_eq!(refused, "there is no course `9° Básico Z`; the courses are: 1° Básico A, 2° Básico B");
        let turned = ["--entry", "12:00", "--exit", "10:00", "--from", "2026-03-23"];
        assert!(set(&tools, asked(&turned).unwrap()).await.is_err(), "nobody leaves before coming");
        app.shutdown().await;
    }

    #[tokio::test]
    async fn a_course_that_the_roster_does_not_show_yet_is_not_silently_left_out() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(1).await.unwrap();
        app.settle().await.unwrap();
        let tools = Tools::of(&app).await;
        // As if no server ran: the roster's projector gets no further.
        let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
        let mut hold = owner.begin().await.unwrap();
        let row = "select from checkpoints where read_model = 'roster' for update";
        sqlx::query(row).execute(&mut *hold).await.unwrap();
        let label = CourseLabel::new(Grade::Basic(2), "B");
        open_course(app.write(), &app.context(school.id), OpenCourse { year: 2026, label }).await.unwrap();
        let all = ["--entry", "09:15", "--exit", "13:00", "--from", "2026-03-16"];
        let refused = set(&tools, asked(&all).unwrap()).await.unwrap_err().to_string();
        assert!(refused.contains("is `attendance serve` running?"), "{refused}");

        hold.rollback().await.unwrap();
        app.settle().await.unwrap();
        assert_eq!(set(&tools, asked(&all).unwrap()).await.unwrap().0, 2);
        app.shutdown().await;
    }

    #[test]
    fn times_and_days_that_are_none_are_refused_with_the_reason() {
        let refused = asked(&["--entry", "8 AM", "--exit", "15:30"]).err().unwrap().to_string();
        assert!(refused.contains("`8 AM` is not a time such as 08:00"), "{refused}");
        assert!(asked(&["--entry", "08:00", "--exit", "15:30", "--days", "0"]).is_err());
        assert!(asked(&["--entry", "08:00", "--exit", "15:30", "--days", "1,8"]).is_err());
        assert!(asked(&["--entry", "08:00"]).is_err());
    }
}
