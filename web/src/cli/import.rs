//! `attendance import roster FILE.csv`: a school's one-sheet list of pupils and guardians.

use super::tools::Tools;
use crate::config;
use crate::i18n::Lang;
use crate::import::{FileProblem, Report, words};
use anyhow::{Context as _, bail};
use chrono::{Datelike, NaiveDate};
use commands::use_cases::import_roster::{self, Register};
use commands::{Context, Write};
use domain::values::{school_date, zone};
use domain::{Actor, SchoolId};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `attendance import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

/// What is imported.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Pupils with their courses and guardians, from a CSV file as a school has it.
    Roster(RosterArgs),
}

/// Options of `attendance import roster`.
#[derive(Debug, clap::Args)]
pub struct RosterArgs {
    /// The list. `,`, `;` or tab; UTF-8 or Windows-1252: found by itself.
    file: PathBuf,
    #[command(flatten)]
    sides: config::WriteSide,
    /// Apply what is shown. Without it nothing is saved.
    #[arg(long)]
    apply: bool,
    /// The school; not needed where there is only one.
    #[arg(long, value_name = "ID")]
    school: Option<SchoolId>,
    /// School year of the list; by default the current one at the school.
    #[arg(long)]
    year: Option<i32>,
    /// First day of new enrolments and moves (YYYY-MM-DD); by default today at the school.
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<NaiveDate>,
    /// One JSON object in place of the table. It names no pupil.
    #[arg(long)]
    json: bool,
    /// Language of the messages.
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

/// Reads, compares, shows, and with `--apply` writes. Exit code 0 if every row was good, 2 if any was
/// not, even though the others were applied; 1 if nothing could be done.
#[expect(clippy::print_stdout, reason = "the command line speaks to a person")]
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let What::Roster(args) = args.what;
    let bytes = std::fs::read(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let write = Tools::open(&args.sides).await?.write;
    let request = Request { apply: args.apply, school: args.school, year: args.year, from: args.from };
    match roster(&write, &bytes, request, args.lang).await? {
        Err(problem) => {
            let message = words::file_problem(problem, args.lang);
            if args.json {
                println!("{}", serde_json::json!({"code": problem.code(), "message": message}));
            }
            bail!("{}: {message}", args.file.display())
        }
        Ok(report) => {
            if args.json {
                println!("{}", serde_json::to_string(&report)?);
            } else {
                print!("{}", report.table(args.lang));
            }
            Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
        }
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let date: NaiveDate = text.parse().map_err(|_| "not a date: YYYY-MM-DD".to_owned())?;
    school_date::date(date).map_err(|error| error.to_string())
}

/// What is asked of an import.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// Write, or only show.
    pub apply: bool,
    /// The school; `None`: the only one.
    pub school: Option<SchoolId>,
    /// School year; `None`: this one.
    pub year: Option<i32>,
    /// First day of enrolments and moves; `None`: today.
    pub from: Option<NaiveDate>,
}

/// The import itself, whoever asks for it.
pub async fn roster(
    write: &Write,
    bytes: &[u8],
    request: Request,
    lang: Lang,
) -> anyhow::Result<Result<Report, FileProblem>> {
    let list = match crate::import::read(bytes) {
        Ok(list) => list,
        Err(problem) => return Ok(Err(problem)),
    };
    let school = match request.school {
        Some(school) => school,
        None => super::tools::only_school(write).await?,
    };
    let zone = write.school_settings(school).await?.zone;
    let today = zone::local_date(write.clock().now(), zone);
    let (year, from) = (request.year.unwrap_or(today.year()), request.from.unwrap_or(today));
    let register = Register::load(write, school).await?;
    let plan = import_roster::plan(&list.lines, &register, year);
    if !request.apply {
        return Ok(Ok(Report::new(&list, &plan, None, lang)));
    }
    let context = Context {
        school,
        zone,
        actor: Actor::cli("import"),
        command_id: None,
        correlation_id: write.ids().next(),
        causation_id: None,
    };
    let applied = import_roster::apply(write, &context, &plan, (year, from), |_| true).await?;
    if let Some(error) = &applied.first_error {
        tracing::warn!(code = error.code(), failed = applied.failed.len(), "some rows were not applied");
    }
    Ok(Ok(Report::new(&list, &plan, Some(&applied), lang)))
}
