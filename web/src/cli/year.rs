//! `attendance year open`: a school year with the courses and pupils of the one before.

use super::tools::Tools;
use crate::config;
use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use commands::Context;
use commands::directory::Kind;
use commands::use_cases::roll_over::{Existing, Plan, RollOver, advance, plan};
use domain::values::national_id::NationalId;
use domain::values::school_date;
use domain::{SchoolId, StudentId};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// How many pupils go between two lines of progress.
const SOME: usize = 200;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The same courses once more, with their weeks; everybody goes into the next grade. Import the new year's list
    /// afterwards: it moves whoever went another way. Nothing changes before the first day of classes.
    Open(Open),
}

#[derive(Debug, clap::Args)]
struct Open {
    /// The new school year.
    #[arg(long)]
    year: i32,
    /// Its first day of classes (YYYY-MM-DD).
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// Who repeats the grade: a file with a RUN or a pupil's id on each line.
    #[arg(long, value_name = "FILE")]
    repeat: Option<PathBuf>,
    /// Apply what is shown. Without it nothing is saved.
    #[arg(long)]
    apply: bool,
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    #[command(flatten)]
    sides: config::WriteSide,
}

/// Runs it. Exit code 2 if somebody could not be written: ask again.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let What::Open(open) = args.what;
    let tools = Tools::open(&open.sides).await?;
    let (context, asked) = asked(&tools, &open).await?;
    let planned = plan(&Existing::load(&tools.write, context.school).await?, &asked);
    print!("{}", table(&planned));
    if !open.apply {
        println!("nothing is saved: say --apply to do it");
        return Ok(ExitCode::SUCCESS);
    }
    let mut told = usize::MAX;
    let progress = advance(&tools.write, &context, &asked, |left| {
        if left == 0 || told.saturating_sub(left) >= SOME {
            told = left;
            println!("{left} pupils left");
        }
        true
    })
    .await?;
    if let Some(error) = &progress.first_error {
        println!("{} pupils could not be written, the first one: {error}", progress.failed.len());
        return Ok(ExitCode::from(2));
    }
    if progress.open > 0 {
        println!("the courses of {} stay open: ask again once {} is there", asked.year - 1, asked.from);
    }
    Ok(ExitCode::SUCCESS)
}

async fn asked(tools: &Tools, open: &Open) -> anyhow::Result<(Context, RollOver)> {
    let school = tools.school(open.school).await?;
    let context = tools.context(school, "year open").await?;
    let from = school_date::date(open.from).context("the first day of classes")?;
    let repeat = match &open.repeat {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
            repeating(tools, school, &text).await?
        }
        None => BTreeSet::new(),
    };
    Ok((context, RollOver { year: open.year, from, repeat }))
}

async fn repeating(tools: &Tools, school: SchoolId, text: &str) -> anyhow::Result<BTreeSet<StudentId>> {
    let mut repeat = BTreeSet::new();
    for (n, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        let id = match (line.parse::<StudentId>(), NationalId::parse(line)) {
            (Ok(id), _) => Some(id),
            (_, Ok(run)) => {
                let found = tools.write.directory().find(school, Kind::NationalId, &run.normal()).await?;
                found.map(|entry| StudentId(entry.subject))
            }
            _ => None,
        };
        let Some(id) = id else { bail!("line {}: nobody of this school has this RUN or id", n + 1) };
        repeat.insert(id);
    }
    Ok(repeat)
}

/// `1° Básico A  31 come, 2 repeat, 0 are there`
fn table(plan: &Plan) -> String {
    let mut table = String::new();
    for course in &plan.courses {
        let week = match (&course.week, course.course) {
            (Some(_), _) => "the week of the year before",
            (None, Some(_)) => "open already",
            (None, None) => "no week yet",
        };
        let _ = writeln!(
            table,
            "{}  {} come, {} repeat, {} are there  ({week})",
            course.label, course.promoted, course.repeating, course.there
        );
    }
    let _ = writeln!(table, "{} leave the school", plan.leaving());
    for name in &plan.unknown {
        let _ = writeln!(table, "`{name}` is no grade that can be told: its pupils stay where they are");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::TestApp;

    fn open(words: &[&str]) -> Open {
        let What::Open(open) =
            parsed::<Args>(&[&["open", "--year", "2027", "--from", "2027-03-03"], words].concat()).unwrap().what;
        open
    }

    #[tokio::test]
    async fn a_year_is_shown_and_opened_from_the_command_line() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(3).await.unwrap();
        let tools = Tools::of(&app).await;
        let file = std::env::temp_dir().join(format!("repeat-{}", school.id));
        std::fs::write(&file, format!("{}\n\n", school.pupils[1].0)).unwrap();
        let (context, wanted) = asked(&tools, &open(&["--repeat", file.to_str().unwrap()])).await.unwrap();
        assert_eq!(wanted.repeat, BTreeSet::from([school.pupils[1].0]));
        let shown = table(&plan(&Existing::load(&tools.write, school.id).await.unwrap(), &wanted));
        assert_eq!(
            shown,
            "1° Básico A  0 come, 1 repeat, 0 are there  (the week of the year before)\n\
             2° Básico A  2 come, 0 repeat, 0 are there  (the week of the year before)\n\
             0 leave the school\n"
        );
        let progress = advance(&tools.write, &context, &wanted, |_| true).await.unwrap();
        assert_eq!((progress.left, progress.open, progress.failed.len()), (0, 1, 0));
        std::fs::write(&file, "11.111.111-1\n").unwrap();
        let unknown = asked(&tools, &open(&["--repeat", file.to_str().unwrap()])).await.unwrap_err();
        assert!(unknown.to_string().contains("line 1"), "{unknown}");
        std::fs::remove_file(&file).unwrap();
        app.shutdown().await;
    }
}
