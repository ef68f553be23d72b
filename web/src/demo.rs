//! A school's morning on one machine: private Postgres and NATS servers, a seeded school, four kiosks
//! that replay the morning through the HTTP API, and a ledger kept outside the server that counts
//! what was lost; and families' telephones and mailboxes, to which the server sends what it tells them ([`outside`]).
//!
//! The client side ([`kiosk`], [`watch`], [`ledger`]) shares no code with the server but the wire
//! types: what it says about the server it learned over HTTP and SQL.

pub mod kiosk;
pub mod ledger;
pub mod morning;
pub mod outside;
pub mod pace;
pub mod people;
pub mod report;
pub mod scenario;
pub mod stage;
pub mod told;
pub mod watch;

use crate::serve;
use anyhow::{Context, Result};
use commands::clock::{Clock, ScaledClock};
use commands::ids::SystemIds;
use domain::account::StaffRole;
use domain::values::zone;
use ledger::Ledger;
use morning::Plan;
use outside::Outside;
use report::Report;
use stage::Stage;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How the demo runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the private servers and keys; found again by the next start.
    pub dir: PathBuf,
    /// How many seconds of the morning pass in a real one.
    pub speed: f64,
    /// Random seed of the morning.
    pub seed: u64,
    /// Address of the board.
    pub listen: std::net::SocketAddr,
    /// Whether to speak to a person while it runs.
    pub talk: bool,
}

/// A demo whose morning is over; the board still serves.
pub struct Finished {
    /// What the ledger found.
    pub report: Report,
    /// The server, still running.
    pub running: serve::Running,
    /// Families' telephones and mailboxes, gone when dropped.
    pub outside: Outside,
    /// The private servers, stopped when dropped.
    pub stage: Stage,
    /// Where the server is.
    pub base: String,
    /// Where the board is.
    pub board: String,
    /// The kiosks, which stay on the wall until aborted.
    pub kiosks: tokio::task::JoinHandle<()>,
}

/// Starts a server on a stage, whose letters and notices arrive outside.
pub async fn serve(stage: &Stage, outside: &mut Outside, clock: Arc<ScaledClock>) -> Result<serve::Running> {
    let (config, pool) = (outside.reached_by(stage.config()), stage.owner_pool().await?);
    let routes = |state| outside.routes(state, pool);
    let running = serve::start_with(&config, serve::Parts::all(), clock, Arc::new(SystemIds), routes).await?;
    outside.follow(&running.base_url().context("the server has no address")?)?;
    Ok(running)
}

/// Starts everything, replays one morning, and compares the ledger with the board and the log.
pub async fn run(options: &Options) -> Result<Finished> {
    let say = |text: &str| {
        if options.talk {
            eprintln!("{text}");
        }
    };
    say("Starting a private Postgres cluster and NATS server …");
    let stage = Stage::open(&options.dir, options.listen).await?;
    let clock = Arc::new(ScaledClock::starting_at(stage.clock_start().await?, 1.0));
    let mut outside = Outside::start(clock.clone()).await?;
    let running = serve(&stage, &mut outside, clock.clone()).await?;
    let base = running.base_url().context("the server has no address")?;

    say("Seeding a school of 1,200 pupils in 30 courses …");
    let school = stage.seed(&stage.config(), clock.clone()).await?;
    let board = format!("{base}/hoy?colegio={}", school.school_id);

    let people = people::enrol(running.state().context("it runs HTTP")?, school.school_id).await?;
    people::guardian(running.state().context("it runs HTTP")?, &school).await?;
    people::opt_in(running.state().context("it runs HTTP")?, school.school_id).await?;
    let mut doors = String::new();
    for person in &people {
        doors.push_str(&format!("    {:<10} {:<34} {}\n", person.role.as_str(), person.email, person.password));
    }

    let date = zone::local_date(clock.now(), stage::ZONE);
    let plan = Plan::of(&school, date, options.seed);
    clock.set(plan.start);
    let pace = tokio::spawn(pace::keep(clock.clone(), options.speed, stage.owner_pool().await?));
    let named = base.replace("127.0.0.1", "localhost");
    say(&format!(
        "\n  The board:  {board}\n  Sign in as one of these (the passwords are this start's):\n{doors}\n\
         \x20 No second factor is asked for here, as a school's own server does of everybody (ATTENDANCE_SECOND_FACTOR);\n\
         \x20 passkeys can be tried under {named}\n\
         \x20 Families' telephones and mailboxes, and what arrives there:\n    {base}{}\n\
         \x20 What became of the notices, as the school sees it: {base}/avisos\n\
         \x20 A guardian comes in at {base}/familia as {}; the letter with the link arrives in the mailbox\n\n\
         Replaying the morning of {date} at {} times its speed: {} pupils, {} taps at {} gates …",
        outside::PAGE,
        people::GUARDIAN,
        options.speed,
        school.students.len(),
        plan.taps.len(),
        school.kiosks.len(),
    ));

    let ledger = Arc::new(Ledger::default());
    let http = people::sign_in(&base, &people, StaffRole::Inspector).await?.build()?;
    let watcher = watch::Watcher::start(http.clone(), &base, school.school_id, ledger.clone()).await?;
    let replay = Instant::now();
    let kiosks = kiosk::replay(&base, &school, &plan, clock.clone(), ledger.clone()).await?;
    let took = replay.elapsed();

    pace.abort();
    // The last entries become late or missing only when their time is over.
    clock.set(plan.end);
    clock.set_rate(1.0);
    // And missing only when every gate has said that nothing is waiting.
    kiosk::all_quiet(&kiosks).await;
    watcher.catch_up(Duration::from_secs(20)).await;
    let pool = stage.log_pool().await?;
    let mut report = report::compare(&http, &base, &school, date, &ledger, &pool, took).await?;
    pool.close().await;
    report.notices = Some(told::settled(&stage, &outside, &school, date, report.missing).await?);
    watcher.stop();
    let kiosks = tokio::spawn(kiosk::stay(kiosks));
    Ok(Finished { report, running, outside, stage, base, board, kiosks })
}

/// A client of this machine's own server.
fn local_client() -> reqwest::ClientBuilder {
    workers::outbound::loopback().connect_timeout(Duration::from_secs(5))
}
