//! A log of years: healing after NATS lost its store, and the price of an append.

use crate::gun::{Gun, Turn, Way, closed_loop};
use crate::people::School;
use crate::report::{Figure, Target};
use crate::stage::{Database, Stage};
use crate::{Options, limit, people};
use anyhow::{Context, Result, ensure};
use commands::Write;
use commands::batcher::{Batcher, BatcherConfig};
use commands::pool::Role;
use nats::{Transport, relay};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const HEALED: i64 = 1_000_000;
const GROWN: i64 = 5_000_000;
/// Rows of a transaction that fills.
const ROWS: usize = 5_000;
const PATIENCE: Duration = Duration::from_secs(120);

/// Fills a log, heals its stream, fills it further, appends.
pub async fn run(options: &Options, stage: &mut Stage, figures: &mut Vec<Figure>) -> Result<()> {
    let (fresh, grown) = (stage.database("fresh").await?, stage.database("grown").await?);
    let mut contenders = [Contender::new(&fresh).await?, Contender::new(&grown).await?];
    let filler = grown.write(2).await?;
    fill(options, &grown, &filler, HEALED).await?;
    let healed = heal(options, stage, &grown).await?;
    fill(options, &grown, &filler, GROWN).await?;
    sqlx::query("vacuum (analyze) events, scan_receipts").execute(&grown.owner).await?;
    let mut ratios = Vec::new();
    for round in 0..options.rounds.max(5) {
        stage.clock.next_day();
        let mut rates = [0.0; 2];
        for n in [round % 2, (round + 1) % 2] {
            rates[n] = contenders[n].turn(stage, options.turn()).await?.rate();
        }
        options.say(&format!("growth, round {}: {:.0} and {:.0} scans/s", round + 1, rates[0], rates[1]));
        ratios.push(rates[0] / rates[1]);
    }
    for contender in contenders {
        contender.batcher.shutdown().await;
    }
    figures.push(Figure::once("heal_1m_events", "s", Target::AtMost(30.0), healed));
    figures.push(Figure::new("growth_5m_cost_ratio", "ratio", Target::AtMost(1.2), ratios));
    Ok(())
}

/// The batcher alone over a log.
struct Contender {
    batcher: Batcher,
    schools: Vec<School>,
    guns: Vec<Gun>,
}

impl Contender {
    async fn new(database: &Database) -> Result<Self> {
        let schools = people::schools(database, 16, 300, 1).await?;
        let batcher = Batcher::start_on(database.write(4).await?, BatcherConfig::default());
        Ok(Self { batcher, schools, guns: Vec::new() })
    }

    async fn turn(&mut self, stage: &Stage, time: Duration) -> Result<Turn> {
        if self.guns.is_empty() {
            let of = |s: &School| Gun::new(&s.kiosks[0], s.cards.iter().map(|c| c.1.clone()).collect(), &stage.clock);
            self.guns = self.schools.iter().map(of).collect();
        }
        closed_loop(&mut self.guns, &Way::InProcess(self.batcher.clone()), 100, time).await
    }
}

async fn fill(options: &Options, database: &Database, write: &Write, to: i64) -> Result<()> {
    options.say(&format!("filling a log up to {to} events"));
    let mut head = nats::log::head(&database.owner).await?.position;
    while head < to {
        limit::append(write, ROWS, &mut Vec::new()).await?;
        head += ROWS as i64;
    }
    Ok(())
}

/// Seconds from NATS's start with an empty store to a stream that ends where the log does.
async fn heal(options: &Options, stage: &mut Stage, database: &Database) -> Result<f64> {
    options.say("wiping the store of NATS");
    let url = stage.nats()?.url();
    let reader = database.pool(Role::LogReader, 4, "public").await?;
    let head = nats::log::head(&reader).await?.position;
    let token = CancellationToken::new();
    let transport = Transport::connect(&url, database.name).await?;
    let relay = tokio::spawn(relay::run(reader, transport, token.clone()));
    reaches(&url, database.name, head).await?;
    stage.nats()?.stop();
    stage.nats()?.wipe()?;
    stage.nats()?.resume().await?;
    let begun = Instant::now();
    reaches(&url, database.name, head).await?;
    let took = begun.elapsed().as_secs_f64();
    token.cancel();
    relay.await??;
    Ok(took)
}

/// Waits until the last message of the stream is the event at `head`.
async fn reaches(url: &str, stream: &str, head: i64) -> Result<()> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(url).await?);
    let begun = Instant::now();
    loop {
        if last_of(&jetstream, stream).await.ok() == Some(head) {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "the stream does not reach the log's end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn last_of(jetstream: &async_nats::jetstream::Context, stream: &str) -> Result<i64> {
    let mut stream = jetstream.get_stream(stream).await?;
    let last = stream.info().await?.state.last_sequence;
    let message = stream.get_raw_message(last).await?;
    message.headers.get("Att-Position").and_then(|p| p.as_str().parse().ok()).context("no position")
}
