//! `make bench`: what the system does on this machine, each figure beside what it is compared with.
//!
//! Method: contenders take turns in an order that changes every round, each on the same cluster with
//! fsync on, and the disk is measured beside every round; ratios are taken round by round and given as
//! median and range, never the best. Sockets are connected before a clock starts. Open-loop waits
//! count from the instant at which a request was due. At the end the acknowledged scans, the log, the
//! receipts, the board's rows and the audit index are compared; where they differ, nothing is printed.
//!
//! How to add one more figure: measure it in a file of its own, push a [`report::Figure`] with its
//! target, and say in `docs/performance.md` what it means.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod boards;
mod check;
mod child;
mod crowd;
mod deadline;
mod exception;
mod guards;
mod gun;
mod http;
mod ingest;
mod limit;
mod long;
mod models;
mod naive;
mod people;
mod probe;
mod replay;
mod report;
mod server;
mod simulation;
mod stage;
mod statements;

use anyhow::Result;
use clap::Parser;
use mimalloc::MiMalloc;
use report::Figure;
use std::cell::RefCell;
use std::time::Duration;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How the run goes.
#[derive(Debug, Parser)]
#[command(about = "What the system does on this machine, beside what it is compared with")]
struct Options {
    /// Rounds, each with one turn of every contender.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of a turn.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// The order of the contenders.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The figures that take long, too.
    #[arg(long)]
    full: bool,
    /// After every turn, what Postgres spent its time on (needs `pg_stat_statements`). It costs some itself.
    #[arg(long)]
    statements: bool,
    /// Nothing but these, which need nothing of the others.
    #[arg(long, value_enum, value_delimiter = ',')]
    alone: Vec<Alone>,
    /// Only these take turns, to be watched: nothing is compared and no figure printed.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<ingest::Contender>,
    #[command(subcommand)]
    mode: Option<child::Mode>,
    #[arg(skip)]
    order: RefCell<Option<fastrand::Rng>>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Alone {
    /// The pass over all schools at the deadline.
    Deadline,
    /// A course's exception, until its alerts are gone.
    Exception,
    /// The replays of a school's year.
    Replay,
    /// The simulation of a school's month.
    Simulation,
}

impl Options {
    fn alone(&self, what: Alone) -> bool {
        self.alone.is_empty() || self.alone.contains(&what)
    }

    fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn long_turn(&self) -> Duration {
        self.turn() * 3
    }

    fn shuffle<T>(&self, order: &mut [T]) {
        self.order.borrow_mut().get_or_insert_with(|| fastrand::Rng::with_seed(self.seed)).shuffle(order);
    }

    fn say(&self, text: &str) {
        eprintln!("{text}");
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::parse();
    if let Some(mode) = options.mode.take() {
        return child::run(mode).await;
    }
    let mut figures = Vec::new();
    let mut stage = stage::Stage::open(options.statements).await?;
    web::observability::init_logs_to(&stage.dir().join("server.log"))?;
    if options.alone(Alone::Replay) {
        replay::run(&options, &stage, &mut figures).await?;
    }
    if options.alone(Alone::Simulation) {
        simulation::run(&options, &stage, &mut figures).await?;
    }
    if options.alone(Alone::Deadline) {
        deadline::run(&options, &stage, &mut figures).await?;
    }
    if options.alone(Alone::Exception) {
        exception::run(&options, &mut figures).await?;
    }
    if !options.alone.is_empty() {
        print(&figures);
        return Ok(());
    }
    let Some(measured) = ingest::run(&options, &stage, &mut figures).await? else { return Ok(()) };
    guards::run(&options, &measured, &mut figures).await?;
    models::run(&options, &measured, &mut figures).await?;
    if options.full {
        crowd::boards(&options, &stage, &measured, &mut figures).await?;
        drop(measured);
        long::run(&options, &mut stage, &mut figures).await?;
        crowd::morning(&options, &stage, &mut figures).await?;
    }
    print(&figures);
    Ok(())
}

fn print(figures: &[Figure]) {
    println!("{}", Figure::HEAD);
    for figure in figures {
        println!("{}", figure.line());
    }
    for figure in figures {
        println!("{}", figure.json());
    }
}
