//! Ten thousand open boards on one process, and the memory of a process after the demo's morning.

use crate::boards::Boards;
use crate::child::Process;
use crate::gun::{Gun, open_loop};
use crate::ingest::Measured;
use crate::report::{Figure, Target, quantile_ms};
use crate::stage::Stage;
use crate::{Options, check};
use anyhow::{Context, Result};
use std::time::Duration;

const BOARDS: usize = 10_000;
/// Each scan is a frame of its school: four a second to every board.
const SCANS_OF_A_SCHOOL: f64 = 4.0;

/// The crowd.
pub async fn boards(options: &Options, stage: &Stage, measured: &Measured, figures: &mut Vec<Figure>) -> Result<()> {
    let (database, schools) = (&measured.database, &measured.schools);
    options.say("ten thousand boards");
    stage.clock.next_day();
    let server = Process::serve(database, stage.dir(), BOARDS).await?;
    let address = server.said.strip_prefix("http://").context("not HTTP")?.to_owned();
    let ids: Vec<_> = schools.iter().map(|school| school.id).collect();
    // One board a school first: what a school itself costs is not the boards'.
    let first = Boards::open(&address, &ids, ids.len(), false).await?;
    let before = server.resident()?;
    let boards = Boards::open(&address, &ids, BOARDS - ids.len(), false).await?;
    let mut guns: Vec<Gun> = schools
        .iter()
        .map(|s| Gun::new(&s.kiosks[0], s.cards.iter().map(|c| c.1.clone()).collect(), &stage.clock))
        .collect();
    for gun in &mut guns {
        gun.connect(&address).await?;
    }
    let frames = boards.frames() + first.frames();
    let turn = open_loop(&mut guns, SCANS_OF_A_SCHOOL * schools.len() as f64, options.long_turn()).await?;
    let frames = (boards.frames() + first.frames() - frames) as f64 / turn.seconds;
    let each = (server.resident()? - before) / (BOARDS - ids.len()) as f64;
    check::settle(database).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    first.close().await?;
    let sent: Vec<_> = guns.iter().flat_map(|gun| gun.sent.iter().copied()).collect();
    let mut times = boards.times(&sent).await?;
    drop(server);
    figures.push(Figure::once("crowd_kb_per_board", "kB", Target::AtMost(25.0), each / 1024.0));
    figures.push(Figure::once("crowd_frames", "frames/s", Target::AtLeast(40_000.0), frames));
    figures.push(Figure::once("crowd_p50", "ms", Target::None, quantile_ms(&mut times, 0.5)));
    figures.push(Figure::once("crowd_p99", "ms", Target::AtMost(250.0), quantile_ms(&mut times, 0.99)));
    Ok(())
}

/// The demo in a process of its own, kiosks and seeding included: an upper bound for the server.
pub async fn morning(options: &Options, stage: &Stage, figures: &mut Vec<Figure>) -> Result<()> {
    options.say("the demo's morning");
    let demo = Process::demo(&stage.dir().join("demo")).await?;
    let resident = demo.resident()? / 1e6;
    figures.push(Figure::once("memory_after_morning", "MB", Target::AtMost(150.0), resident));
    Ok(())
}
