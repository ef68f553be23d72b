//! A backup holds a snapshot for as long as it runs, a forgotten session a transaction: neither may slow a
//! morning down. Two whole systems take turns, one of them with both in its database all the time.

use crate::support::{Kiosk, Line, SANTIAGO, School};
use anyhow::{Context as _, Result, ensure};
use chrono::TimeDelta;
use domain::kiosk::LaneMode;
use futures::future::try_join_all;
use projections::{ReadModel, checkpoint};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const KIOSKS: usize = 48;
/// Kiosks that send at the same time.
const AT_ONCE: usize = 8;

/// Checkpoints that are moved thousands of times, to where they are.
const HOUR: &str = "do $$ begin
  for n in 1..5000 loop
    perform move_checkpoint(c.read_model, c.version, c.epoch, c.position, c.version + 1, c.epoch, c.position, c.recorded_at)
      from unnest(array['roster', 'live', 'audit', 'no_show']) m (name) cross join lateral checkpoint_of(m.name) c;
  end loop;
end $$";

#[tokio::test(flavor = "multi_thread")]
async fn a_long_open_snapshot_and_a_long_idle_transaction_cost_next_to_nothing() {
    let figures = compare(4, Duration::from_millis(1_200)).await.unwrap();
    println_figures(&figures);
    // What they could cost is a walk over dead rows, which is counted and not timed.
    let checkpoints = figures.blocks.get("checkpoints").copied().unwrap();
    assert!(checkpoints < 2.0, "checkpoints: {checkpoints:.2} times the blocks for a scan; {figures:?}");
    assert!(figures.all_blocks < 1.5, "{figures:?}");
    // What the machine does besides slows one round or the other; they would slow every one.
    assert!(figures.throughput.most > 0.7, "{figures:?}");
    assert!(figures.lag.least < 1.5, "{figures:?}");
}

/// By hand, on a quiet machine: `cargo test --release -p e2e snapshot -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; its bounds need a quiet machine"]
async fn they_change_throughput_and_lag_by_less_than_a_fifth() {
    let figures = compare(20, Duration::from_secs(3)).await.unwrap();
    println_figures(&figures);
    assert!(figures.throughput.median > 0.8 && figures.lag.median < 1.2, "{figures:?}");
}

/// With, divided by without.
#[derive(Debug)]
struct Figures {
    /// Scans stored in a round: the median of the pairs, and all of them.
    throughput: Spread,
    /// Time from the log to the board's rows: the same.
    lag: Spread,
    /// Blocks that were looked at for a scan, of all tables and of each.
    all_blocks: f64,
    blocks: BTreeMap<String, f64>,
}

async fn compare(pairs: usize, time: Duration) -> Result<Figures> {
    let (mut without, mut with) = (Site::new().await?, Site::new().await?);
    let options = with.line.owner.connect_options();
    let mut backup = PgConnection::connect_with(&options).await?;
    let mut forgotten = PgConnection::connect_with(&options).await?;
    backup.execute("begin isolation level repeatable read").await?;
    let at_first = length(&mut backup).await?;
    forgotten.execute("begin").await?;
    // One with a number of its own: it holds back more than a snapshot does.
    forgotten.execute("select pg_current_xact_id()").await?;

    // As if that had been an hour ago: every page of a projector leaves a version of its row.
    for site in [&without, &with] {
        sqlx::raw_sql(HOUR).execute(&site.line.owner).await?;
    }

    let (mut throughputs, mut lags) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let (a, b) = if pair % 2 == 0 {
            let a = without.round(time).await?;
            (a, with.round(time).await?)
        } else {
            let b = with.round(time).await?;
            (without.round(time).await?, b)
        };
        throughputs.push(b.scans as f64 / a.scans as f64);
        lags.push(b.lag.as_secs_f64() / a.lag.as_secs_f64());
    }
    ensure!(length(&mut backup).await? == at_first, "the snapshot was not held");
    forgotten.execute("commit").await?;
    backup.execute("commit").await?;
    let (a, b) = (without.blocks().await?, with.blocks().await?);
    let sum = |all: &BTreeMap<String, f64>| all.values().sum::<f64>();
    // A table that is hardly looked at says nothing.
    let blocks = b.iter().filter_map(|(t, n)| Some((t.clone(), n / a.get(t).filter(|n| **n > 0.05)?))).collect();
    Ok(Figures { throughput: Spread::of(throughputs), lag: Spread::of(lags), all_blocks: sum(&b) / sum(&a), blocks })
}

async fn length(connection: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from events").fetch_one(connection).await?)
}

/// The ratios of all pairs.
#[derive(Debug)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        Self { least: all[0], median: all[all.len() / 2], most: all[all.len() - 1] }
    }
}

struct Site {
    line: Line,
    school: School,
    kiosks: Vec<Kiosk>,
    scans: usize,
}

struct Round {
    scans: usize,
    lag: Duration,
}

impl Site {
    async fn new() -> Result<Self> {
        let line = Line::start().await?;
        let school = line.school(SANTIAGO, 2, 50).await?;
        let mut kiosks = Vec::new();
        for n in 0..KIOSKS {
            kiosks.push(line.kiosk(&school, &format!("Puerta {n}"), LaneMode::Choice).await?);
        }
        line.settle().await?;
        Ok(Self { line, school, kiosks, scans: 0 })
    }

    /// Another day's load for a while, as much as there is; then all is read before the next one begins.
    async fn round(&mut self, time: Duration) -> Result<Round> {
        self.line.clock.advance(TimeDelta::days(1));
        let (line, school, over) = (&self.line, &self.school, AtomicBool::new(false));
        let end = Instant::now() + time;
        let senders = self.kiosks.chunks_mut(KIOSKS / AT_ONCE).map(async |kiosks| {
            let mut stored = 0;
            while Instant::now() < end {
                for kiosk in &mut *kiosks {
                    let card = |_| &school.pupils[fastrand::usize(..school.pupils.len())].card;
                    let cards: Vec<&String> = (0..4).map(card).collect();
                    let scans: Vec<Value> =
                        cards.into_iter().map(|card| kiosk.scan(card, "entry", line.now())).collect();
                    kiosk.deliver(line, &scans).await?;
                    kiosk.acks.clear();
                    stored += scans.len();
                }
            }
            anyhow::Ok(stored)
        });
        let load = async {
            let stored = try_join_all(senders).await;
            over.store(true, Ordering::Relaxed);
            stored
        };
        let (stored, lags) = tokio::join!(load, watch(line, &over));
        let (scans, mut lags) = (stored?.into_iter().sum(), lags?);
        lags.sort();
        let lag = *lags.get(lags.len() / 2).context("no lag was measured")?;
        line.settle().await?;
        self.scans += scans;
        Ok(Round { scans, lag })
    }

    /// Blocks of every table and its indexes that were looked at, for each scan; ends the system, whose
    /// sessions say at their end what they had not said before.
    async fn blocks(&mut self) -> Result<BTreeMap<String, f64>> {
        self.line.close().await;
        sleep(Duration::from_millis(500)).await;
        let looks = "select relname::text, (coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0)
                       + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0))::bigint from pg_statio_user_tables";
        let rows: Vec<(String, i64)> = sqlx::query_as(looks).fetch_all(&self.line.owner).await?;
        Ok(rows.into_iter().map(|(table, n)| (table, n as f64 / self.scans as f64)).collect())
    }
}

/// How long the board's rows take to reach what the log has, again and again.
async fn watch(line: &Line, over: &AtomicBool) -> Result<Vec<Duration>> {
    let mut lags = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let (begun, head) = (Instant::now(), nats::log::head(&line.owner).await?.position);
        while !checkpoint::all(&line.owner).await?.iter().any(|c| c.model == ReadModel::Live && c.position >= head) {
            ensure!(begun.elapsed() < crate::support::PATIENCE, "the board's rows stand still");
            sleep(Duration::from_millis(2)).await;
        }
        lags.push(begun.elapsed());
        sleep(Duration::from_millis(20)).await;
    }
    Ok(lags)
}

#[expect(clippy::print_stdout, reason = "the measured figures, seen with --nocapture")]
fn println_figures(figures: &Figures) {
    let show = |s: &Spread| format!("{:.2} ({:.2} to {:.2})", s.median, s.least, s.most);
    println!(
        "with a snapshot and an idle transaction, divided by without: throughput {}, lag {}, blocks a scan {:.2}: {:.2?}",
        show(&figures.throughput),
        show(&figures.lag),
        figures.all_blocks,
        figures.blocks
    );
}
