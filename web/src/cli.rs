//! The command line. One file per subcommand: `Args` (clap) and `run(args)`.

mod calendar;
mod card;
mod demo;
mod docs;
mod guardian;
mod healthcheck;
pub mod import;
mod kiosk;
mod log;
mod migrate;
mod notices;
mod rebuild;
mod replay;
mod schedule;
mod school;
mod seed;
mod serve;
mod student;
pub mod tools;
mod user;
mod year;

use clap::Parser;
use std::process::ExitCode;

/// A school's gate as a log of facts: server, tools and demo in one program.
#[derive(Debug, Parser)]
#[command(name = "attendance", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One line per subcommand; each variant's `Args` and `run` are in the file of its name.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the server, or parts of it.
    Serve(Box<serve::Args>),
    /// Bring both databases to this program's schema.
    Migrate(migrate::Args),
    /// Enter a school.
    School(school::Args),
    /// Set the weekly schedule of courses.
    Schedule(schedule::Args),
    /// Say what single dates are: holidays, no classes, half days, outings.
    Calendar(calendar::Args),
    /// Begin a school year with the courses and pupils of the one before.
    Year(year::Args),
    /// List what to print on the pupils' cards.
    Card(card::Args),
    /// Write an invented school to try the program with.
    Seed(seed::Args),
    /// Bring a school's own list into the log.
    Import(import::Args),
    /// Fill a fresh copy of a read model from the log and swap it in.
    Rebuild(rebuild::Args),
    /// A day as it was known at a moment and as it is known now.
    Replay(replay::Args),
    /// One pupil: find, withdraw, revoke or issue a card, erase.
    Student(student::Args),
    /// Enrol or revoke a kiosk.
    Kiosk(kiosk::Args),
    /// One guardian: find, erase; the guardians' way in.
    Guardian(guardian::Args),
    /// The channels by which guardians are told: whether they send, and letting one go on.
    Notices(notices::Args),
    /// The people of a school: invite, list, roles, disable, reset.
    User(user::Args),
    /// The log as a whole.
    Log(log::Args),
    /// Ask the server on this machine whether it answers.
    Healthcheck(healthcheck::Args),
    /// Start a school on this machine and replay a morning.
    Demo(demo::Args),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the catalogue of events.
    EventsDoc,
}

/// Parses the command line, runs the subcommand, prints a failure with its causes.
pub fn main() -> ExitCode {
    run(Cli::parse())
}

/// The same with given words, of which the first is the program's name.
pub fn main_with<I: IntoIterator<Item = String>>(words: I) -> ExitCode {
    run(Cli::parse_from(words))
}

fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("start the async runtime")),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(*args).await.map(done),
            Command::Migrate(args) => migrate::run(args).await.map(done),
            Command::School(args) => school::run(args).await.map(done),
            Command::Schedule(args) => schedule::run(args).await.map(done),
            Command::Calendar(args) => calendar::run(args).await.map(done),
            Command::Year(args) => year::run(args).await,
            Command::Card(args) => card::run(args).await.map(done),
            Command::Seed(args) => seed::run(args).await.map(done),
            Command::Import(args) => import::run(args).await,
            Command::Rebuild(args) => rebuild::run(args).await.map(done),
            Command::Replay(args) => replay::run(args).await.map(done),
            Command::Student(args) => student::run(args).await.map(done),
            Command::Kiosk(args) => kiosk::run(args).await.map(done),
            Command::Guardian(args) => guardian::run(args).await.map(done),
            Command::Notices(args) => notices::run(args).await.map(done),
            Command::User(args) => user::run(args).await.map(done),
            Command::Log(args) => log::run(args).await.map(done),
            Command::Healthcheck(args) => healthcheck::run(args).await.map(done),
            Command::Demo(args) => demo::run(args).await.map(done),
            Command::Openapi => docs::openapi().map(done),
            Command::EventsDoc => {
                docs::events();
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match outcome {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("attendance: {error:#}");
    ExitCode::FAILURE
}

fn done(_: ()) -> ExitCode {
    ExitCode::SUCCESS
}
