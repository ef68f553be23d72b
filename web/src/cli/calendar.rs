//! `attendance calendar`: what single dates are, from the command line.

use super::tools::Tools;
use crate::calendar::{Kind, Said, holidays, time, weekday};
use crate::config;
use anyhow::{Context as _, bail, ensure};
use chrono::{NaiveDate, NaiveTime};
use commands::use_cases::{
    ChangeCourseDays, ChangeSchoolDay, EnterHolidays, SchoolDayChange, change_course_days, change_school_day,
    enter_holidays,
};
use domain::calendar::{Layer, Reason, Resolution};
use domain::{CourseId, SchoolId};
use std::path::PathBuf;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Enter a year's holidays into a school's calendar; without --yes, say which they are.
    Holidays(Holidays),
    /// Say what a date is, for the whole school or for some courses.
    Set(Set),
    /// Take back what a date was set to.
    Clear(Clear),
}

#[derive(Debug, clap::Args)]
struct Holidays {
    /// The year.
    #[arg(long)]
    year: i32,
    /// A file of your own with lines of date,name,scope,law; what this program knows of Chile if not said.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Whom else to enter besides everybody: `region:AP`; may be repeated.
    #[arg(long, value_name = "SCOPE")]
    also: Vec<String>,
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// Enter them.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    sides: config::WriteSide,
}

/// Which date of whom.
#[derive(Debug, clap::Args)]
struct Date {
    /// The local date.
    #[arg(long)]
    date: NaiveDate,
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// A course's name as the board shows it (`1° Básico A`); may be repeated. None means the whole school.
    #[arg(long = "course", value_name = "NAME")]
    courses: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Set {
    #[command(flatten)]
    of: Date,
    /// What it is.
    #[arg(long, value_enum)]
    kind: Kind,
    /// Why: weather, services, emergency, health, strike, bridge_day, polling_place, staff_meeting, ceremony,
    /// assessment, outing, vacation, other.
    #[arg(long, value_parser = reason)]
    reason: Option<Reason>,
    /// The holiday's name.
    #[arg(long, default_value = "")]
    name: String,
    /// The number of the resolution that suspends classes.
    #[arg(long)]
    resolution: Option<String>,
    /// The date of that resolution.
    #[arg(long, requires = "resolution")]
    resolution_date: Option<NaiveDate>,
    /// A recovery day is held as this weekday; 1 is Monday.
    #[arg(long = "as", value_name = "WEEKDAY", value_parser = clap::value_parser!(u8).range(1..=7))]
    weekday: Option<u8>,
    /// Or at these times: 09:00-13:00; may be repeated.
    #[arg(long = "at", value_name = "FROM-TO", value_parser = stay)]
    stays: Vec<(NaiveTime, NaiveTime)>,
    /// When a half day ends: 12:30.
    #[arg(long, value_parser = wall)]
    until: Option<NaiveTime>,
    #[command(flatten)]
    sides: config::WriteSide,
}

#[derive(Debug, clap::Args)]
struct Clear {
    #[command(flatten)]
    of: Date,
    /// Take back the holiday, not what the school set over it.
    #[arg(long)]
    holiday: bool,
    #[command(flatten)]
    sides: config::WriteSide,
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::from_code(text).ok_or_else(|| {
        let known: Vec<&str> = Reason::ALL.into_iter().map(Reason::code).collect();
        format!("`{text}` is no reason; there are {}", known.join(", "))
    })
}

fn wall(text: &str) -> Result<NaiveTime, String> {
    time(text).ok_or_else(|| format!("`{text}` is not a time such as 12:30"))
}

fn stay(text: &str) -> Result<(NaiveTime, NaiveTime), String> {
    let (from, to) = text.split_once('-').ok_or_else(|| format!("`{text}` is not 09:00-13:00"))?;
    Ok((wall(from)?, wall(to)?))
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let said = match args.what {
        What::Holidays(what) => enter(&Tools::open(&what.sides).await?, what).await?,
        What::Set(what) => set(&Tools::open(&what.sides).await?, what).await?,
        What::Clear(what) => clear(&Tools::open(&what.sides).await?, what).await?,
    };
    println!("{said}");
    Ok(())
}

async fn enter(tools: &Tools, asked: Holidays) -> anyhow::Result<String> {
    let text = match &asked.file {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?,
        None => holidays::shipped(asked.year)
            .with_context(|| format!("no holidays of {} are known here: give them with --file", asked.year))?
            .to_owned(),
    };
    let all = holidays::parse(&text, asked.year).context("read the holidays")?;
    let known: Vec<String> = all.iter().map(|holiday| holiday.scope.clone()).collect();
    if let Some(unknown) = asked.also.iter().find(|scope| !known.contains(scope)) {
        bail!("the file has no holiday of `{unknown}`");
    }
    let (count, wanted) = (all.len(), holidays::of_school(all, &asked.also));
    ensure!(!wanted.is_empty(), "the file has no holidays for this school");
    let school = tools.school(asked.school).await?;
    let mut lines: Vec<String> = wanted.iter().map(|holiday| format!("{}  {}", holiday.date, holiday.name)).collect();
    let others = count - wanted.len();
    if others > 0 {
        lines.push(format!("{others} of single regions or communes left out: enter them with --also"));
    }
    if !asked.yes {
        lines.push(format!("{} holidays of {}; nothing was entered: say --yes", wanted.len(), asked.year));
        return Ok(lines.join("\n"));
    }
    let context = tools.context(school, "calendar holidays").await?;
    let holidays = wanted.iter().map(|holiday| (holiday.date, holiday.name.clone())).collect();
    let done =
        enter_holidays(&tools.write, &context, EnterHolidays { holidays }).await.context("enter the holidays")?;
    lines.push(format!("{} holidays of {}, {} of them new", wanted.len(), asked.year, done.events));
    Ok(lines.join("\n"))
}

async fn set(tools: &Tools, asked: Set) -> anyhow::Result<String> {
    let Date { date, school, courses } = asked.of;
    let school = tools.school(school).await?;
    let context = tools.context(school, "calendar set").await?;
    let resolution = asked.resolution.map(|number| Resolution { number, date: asked.resolution_date });
    let said = Said {
        name: asked.name,
        reason: asked.reason,
        resolution,
        weekday: asked.weekday.and_then(weekday),
        stays: asked.stays,
        exit: asked.until,
    };
    if courses.is_empty() {
        let day = said.of_school(asked.kind, school, date)?;
        let change = SchoolDayChange::Set(day);
        let done = change_school_day(&tools.write, &context, ChangeSchoolDay { date, change }).await?;
        return Ok(answer(date, done.events, 1, "set"));
    }
    let ids = tools.open_courses(school, &courses).await?;
    let (of, day) = (ids.len(), Some(said.of_course(asked.kind, date)?));
    let done = change_course_days(&tools.write, &context, ChangeCourseDays { courses: ids, date, day }).await?;
    Ok(answer(date, done.events, of, "set"))
}

async fn clear(tools: &Tools, asked: Clear) -> anyhow::Result<String> {
    let Date { date, school, courses } = asked.of;
    let school = tools.school(school).await?;
    let context = tools.context(school, "calendar clear").await?;
    if courses.is_empty() {
        let change = SchoolDayChange::Clear(if asked.holiday { Layer::Holiday } else { Layer::Day });
        let done = change_school_day(&tools.write, &context, ChangeSchoolDay { date, change }).await?;
        return Ok(answer(date, done.events, 1, "cleared"));
    }
    ensure!(!asked.holiday, "a holiday is of the whole school");
    let courses = tools.open_courses(school, &courses).await?;
    let of = courses.len();
    let input = ChangeCourseDays { courses, date, day: None };
    Ok(answer(date, change_course_days(&tools.write, &context, input).await?.events, of, "cleared"))
}

fn answer(date: NaiveDate, changed: usize, of: usize, what: &str) -> String {
    if changed == 0 { format!("{date} was {what} so already") } else { format!("{date} {what}: {changed} of {of}") }
}

impl Tools {
    /// The open courses of these names.
    async fn open_courses(&self, school: SchoolId, names: &[String]) -> anyhow::Result<Vec<CourseId>> {
        self.roster_is_current().await?;
        let known = self.courses(school).await?;
        names
            .iter()
            .map(|name| {
                let found = known.iter().find(|(_, known)| known == name).map(|(id, _)| *id);
                found.with_context(|| {
                    let names: Vec<&str> = known.iter().map(|(_, name)| name.as_str()).collect();
                    format!("there is no course `{name}`; the courses are: {}", names.join(", "))
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::TestApp;
    use projections::roster::queries;

    fn asked(words: &[&str]) -> Result<What, clap::Error> {
        parsed::<Args>(words).map(|args| args.what)
    }

    async fn run(tools: &Tools, words: &[&str]) -> anyhow::Result<String> {
        match asked(words)? {
            What::Holidays(what) => enter(tools, what).await,
            What::Set(what) => set(tools, what).await,
            What::Clear(what) => clear(tools, what).await,
        }
    }

    #[tokio::test]
    async fn a_year_s_holidays_are_shown_then_entered_once_and_changed_afterwards() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(1).await.unwrap();
        let tools = Tools::of(&app).await;
        let all = ["holidays", "--year", "2027"];
        let shown = run(&tools, &all).await.unwrap();
        assert!(shown.contains("2027-12-25  Navidad") && shown.ends_with("nothing was entered: say --yes"), "{shown}");
        assert!(!shown.contains("Morro de Arica"), "{shown}");
        let yes = [&all[..], &["--yes"]].concat();
        assert!(run(&tools, &yes).await.unwrap().ends_with("17 holidays of 2027, 17 of them new"));
        assert!(run(&tools, &yes).await.unwrap().ends_with("17 holidays of 2027, 0 of them new"));
        let also = [&yes[..], &["--also", "region:AP"]].concat();
        assert!(run(&tools, &also).await.unwrap().ends_with("18 holidays of 2027, 1 of them new"));
        assert!(run(&tools, &[&yes[..], &["--also", "region:XX"]].concat()).await.is_err());
        assert!(run(&tools, &["holidays", "--year", "1999", "--yes"]).await.is_err());

        let clear = ["clear", "--date", "2027-10-31", "--holiday"];
        assert_eq!(run(&tools, &clear).await.unwrap(), "2027-10-31 cleared: 1 of 1");
        assert_eq!(run(&tools, &clear).await.unwrap(), "2027-10-31 was cleared so already");
        app.settle().await.unwrap();
        let mut tx = tools.pools.request.begin(school.id).await.unwrap();
        let date = |m, d| NaiveDate::from_ymd_opt(2027, m, d).unwrap();
        let days = queries::school_days(&mut tx, date(1, 1), date(12, 31)).await.unwrap();
        assert_eq!(days.len(), 17);
        assert!(days.iter().all(|day| day.changed.by.0 == "cli:calendar holidays"));
        app.shutdown().await;
    }

    #[tokio::test]
    async fn a_day_is_set_for_the_school_or_for_a_course_and_cleared() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(1).await.unwrap();
        app.settle().await.unwrap();
        let tools = Tools::of(&app).await;
        let on = ["--date", "2026-03-16"];
        let say = async |verb: &str, words: &[&str]| run(&tools, &[&[verb], &on[..], words].concat()).await;
        let suspended = ["--kind", "no-classes", "--reason", "weather", "--resolution", "1234"];
        assert_eq!(say("set", &suspended).await.unwrap(), "2026-03-16 set: 1 of 1");
        assert_eq!(say("set", &suspended).await.unwrap(), "2026-03-16 was set so already");
        let half = ["--kind", "half-day", "--until", "12:30", "--reason", "ceremony", "--course", "1° Básico A"];
        assert_eq!(say("set", &half).await.unwrap(), "2026-03-16 set: 1 of 1");
        let recovery = ["--kind", "recovery", "--at", "09:00-13:00", "--course", "1° Básico A"];
        assert_eq!(say("set", &recovery).await.unwrap(), "2026-03-16 set: 1 of 1");
        assert_eq!(say("set", &recovery).await.unwrap(), "2026-03-16 was set so already");
        app.settle().await.unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 3, 16).unwrap();
        let of_course = async || {
            let mut tx = tools.pools.request.begin(school.id).await.unwrap();
            queries::course_days(&mut tx, date, date).await.unwrap().len()
        };
        assert_eq!(of_course().await, 1);
        assert!(say("clear", &["--course", "1° Básico A"]).await.unwrap().ends_with("1 of 1"));
        app.settle().await.unwrap();
        assert_eq!(of_course().await, 0);
        for wrong in [
            &["--kind", "no-classes"][..],
            &["--kind", "recovery"],
            &["--kind", "half-day", "--reason", "weather"],
            &["--kind", "holiday"],
            &["--kind", "holiday", "--name", "X", "--course", "1° Básico A"],
            &["--kind", "outing", "--course", "9° Básico Z"],
            &["--kind", "no-classes", "--reason", "weather", "--resolution", "sin número"],
        ] {
            assert!(say("set", wrong).await.is_err(), "{wrong:?}");
        }
        app.shutdown().await;
    }

    #[test]
    fn reasons_and_times_that_are_none_are_refused_with_those_that_are() {
        let set = ["set", "--date", "2026-03-16", "--kind", "no-classes"];
        let refused = |words: &[&str]| asked(&[&set[..], words].concat()).err().unwrap().to_string();
        assert!(refused(&["--reason", "rain"]).contains("`rain` is no reason; there are weather, services"));
        assert!(refused(&["--at", "9 to 13"]).contains("`9 to 13` is not 09:00-13:00"));
        assert!(refused(&["--until", "noon"]).contains("`noon` is not a time such as 12:30"));
        assert!(asked(&[&set[..], &["--as", "8"]].concat()).is_err());
    }
}
