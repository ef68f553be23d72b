//! `attendance replay`: a day as it was known at a moment and as it is known now, from the audit index. Ids and no
//! names: nobody is asked here who looks.

use super::tools::Tools;
use crate::config;
use crate::replay::{self, Asked, Day, Wanted, csv, moment, word};
use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::values::school_date;
use domain::{CourseId, KioskId, SchoolId, StudentId};
use projections::audit::replay::Place;
use projections::live::board::Counts;
use projections::roster::queries;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Options of `attendance replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The school day.
    #[arg(long)]
    date: NaiveDate,
    /// As it was known at this moment: 08:20 of that day, 2026-11-24T10:00 on the school's wall, or an instant
    /// (2026-11-24T13:00:00Z). Now if not said.
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,
    /// About this instant; the same if not said, never later.
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// Only this course, by its name as the board shows it (`1° Básico A`).
    #[arg(long, value_name = "NAME")]
    course: Option<String>,
    /// Only this pupil.
    #[arg(long)]
    student: Option<StudentId>,
    /// Only to whose day this actor did something: `user:<id>`.
    #[arg(long)]
    actor: Option<String>,
    /// Only who passed this kiosk.
    #[arg(long)]
    kiosk: Option<KioskId>,
    /// Everybody, not only who stands otherwise now.
    #[arg(long)]
    all: bool,
    /// As a table for a spreadsheet.
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    sides: config::WriteSide,
}

/// Prints it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let tools = Tools::open(&args.sides).await?;
    print!("{}", told(&tools, &args, tools.write.clock().now()).await?);
    Ok(())
}

/// The answer's text.
async fn told(tools: &Tools, args: &Args, now: DateTime<Utc>) -> anyhow::Result<String> {
    school_date::date(args.date).context("--date")?;
    let school = tools.school(args.school).await?;
    let readers = &tools.pools.request;
    let mut tx = readers.begin(school).await?;
    let found = queries::school(&mut tx).await?.context("the roster does not know this school")?;
    let courses = queries::all_courses(&mut tx).await?;
    drop(tx);
    let zone = found.settings.zone;
    let read = |text: &Option<String>, of: &str| match text {
        None => Ok(None),
        Some(text) => moment(text, args.date, zone)
            .map(Some)
            .with_context(|| format!("--{of}: `{text}` is not a moment such as 08:20 or 2026-11-24T10:00")),
    };
    let asked = Asked { date: args.date, as_of: read(&args.as_of, "as-of")?, at: read(&args.at, "at")? };
    let day = replay::day(readers, school, asked, now).await?;
    let course: Option<CourseId> = match &args.course {
        None => None,
        Some(name) => match courses.iter().find(|course| course.name == *name) {
            Some(course) => Some(course.course_id),
            None => bail!("no course is called `{name}`"),
        },
    };
    let wanted = Wanted {
        course,
        students: args.student.map(|student| HashSet::from([student])),
        actor: args.actor.clone(),
        kiosk: args.kiosk,
        changed: !args.all,
    };
    Ok(if args.csv { csv(&day, &wanted, |_| None) } else { text(&day, &wanted, zone) })
}

fn text(day: &Day, wanted: &Wanted, zone: Tz) -> String {
    let clock = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
    let moment = day.replayed.moment;
    let mut text = format!("{} about {}, as known at {}\n", day.events.date, clock(moment.at), clock(moment.known));
    match &day.replayed.then {
        Some(then) => text.push_str(&counts("then", &then.totals)),
        None => text.push_str("then: the school was not known\n"),
    }
    text.push_str(&counts("now ", &day.replayed.now.totals));
    let (changed, reasons) = day.changed();
    let _ = writeln!(text, "{changed} stand otherwise now, {reasons} the same for other reasons");
    let place = |place: Option<&Place>| match place {
        None => "-".to_owned(),
        Some(place) => match place.first_entry {
            Some(at) => format!("{} ({})", word(place.status.status), at.with_timezone(&zone).format("%H:%M:%S")),
            None => word(place.status.status).to_owned(),
        },
    };
    for line in day.pupils(wanted) {
        let (then, now) = (place(line.then.as_ref()), place(line.now.as_ref()));
        let _ = writeln!(text, "{}  {then} -> {now}", line.student_id);
    }
    text
}

fn counts(when: &str, c: &Counts) -> String {
    format!(
        "{when}: {} expected, {} present, {} late, {} missing, {} unknown, {} pending, {} left\n",
        c.expected, c.present, c.late, c.missing, c.unknown, c.pending, c.left
    )
}

#[cfg(test)]
mod tests {
    use super::super::tools::parsed;
    use super::*;
    use crate::testing::{TestApp, minutes};

    async fn of(app: &TestApp, tools: &Tools, words: &[&str]) -> anyhow::Result<String> {
        told(tools, &parsed::<Args>(words)?, app.now()).await
    }

    #[tokio::test]
    async fn a_day_is_replayed_from_the_command_line_with_ids_and_no_names() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(2).await.unwrap();
        let (ana, card) = &school.pupils[0];
        let entered = app.now() + minutes(20);
        // Half past eight has passed when the kiosk comes back with what it held.
        app.clock.advance(minutes(100));
        app.scan(&school, &[school.scan(1, card, entered)]).await.unwrap();
        app.settle().await.unwrap();
        let tools = Tools::of(&app).await;
        let id = school.id.to_string();
        let day = ["--school", &id, "--date", "2026-03-09"];
        let then = of(&app, &tools, &[&day[..], &["--as-of", "08:45"]].concat()).await.unwrap();
        assert!(then.starts_with("2026-03-09 about 2026-03-09 08:45:00, as known at 2026-03-09 08:45:00\n"), "{then}");
        assert!(then.contains("now : 2 expected, 1 present"), "{then}");
        assert!(then.contains("1 stand otherwise now"), "{then}");
        assert!(then.contains(&format!("{ana}  ")) && then.contains(" -> present (07:50:00)"), "{then}");
        assert!(!then.contains("Ana") && !then.contains(&school.pupils[1].0.to_string()), "{then}");
        let all = of(&app, &tools, &[&day[..], &["--as-of", "08:45", "--all", "--csv"]].concat()).await.unwrap();
        assert_eq!(all.lines().count(), 3, "{all}");
        let now = of(&app, &tools, &day).await.unwrap();
        assert!(now.contains("0 stand otherwise now"), "{now}");
        for (wrong, why) in [
            (["--as-of", "nueve"], "is not a moment"),
            (["--as-of", "2026-03-10T08:00"], "has not come yet"),
            (["--course", "9° Z"], "no course is called"),
        ] {
            let error = of(&app, &tools, &[&day[..], &wrong].concat()).await.unwrap_err();
            assert!(format!("{error:#}").contains(why), "{error:#}");
        }
        let later = of(&app, &tools, &[&day[..], &["--as-of", "08:00", "--at", "08:30"]].concat()).await.unwrap_err();
        assert!(format!("{later:#}").contains("later than the moment"), "{later:#}");
        app.shutdown().await;
    }
}
