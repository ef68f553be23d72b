//! How many scans a second are stored, against what a careful team would build first and against what
//! the machine could do at best. The contenders take turns in an order that changes every round.

use crate::boards::{Boards, room};
use crate::gun::{Acknowledged, Gun, Turn, Way, closed_loop, open_loop};
use crate::people::{self, School};
use crate::probe::Probe;
use crate::report::{Figure, Target, quantile_ms};
use crate::server::{Server, Threads};
use crate::stage::{Database, Stage};
use crate::{Options, check, limit, naive, statements};
use anyhow::Result;
use commands::clock::Clock as _;
use std::collections::HashMap;
use std::time::Duration;
use web::testing::TestPerson;

/// A country in small: the mean school of Chile has some 300 pupils.
pub const SCHOOLS: usize = 100;
const PUPILS: usize = 300;
const KIOSKS_OF_A_SCHOOL: usize = 3;
const BATCHING_KIOSKS: usize = 64;
const BATCH: usize = 100;
const SINGLE_KIOSKS: usize = 256;
const BOARDS: usize = 200;
const OPEN_RATE: f64 = 5_000.0;
const SCREEN_RATE: f64 = 1_000.0;
const SCREENS: usize = 1_000;

/// Who takes turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Contender {
    /// Bare inserts.
    Limit,
    /// The batcher, called in the process.
    Core,
    /// Stock postgres-es, batches over HTTP.
    NaiveBatch,
    /// Ours, batches over HTTP.
    HttpBatch,
    /// Stock postgres-es, single scans over HTTP.
    NaiveSingle,
    /// Ours, single scans over HTTP.
    HttpSingle,
}

impl Contender {
    const ALL: [Self; 6] =
        [Self::Limit, Self::Core, Self::NaiveBatch, Self::HttpBatch, Self::NaiveSingle, Self::HttpSingle];
}

/// The installation that was measured, with all that it acknowledged, for the figures after it.
pub struct Measured {
    /// Its databases.
    pub database: Database,
    /// Its schools.
    pub schools: Vec<School>,
}

/// Runs all of it; nothing is measured of those who take turns alone.
pub async fn run(options: &Options, stage: &Stage, figures: &mut Vec<Figure>) -> Result<Option<Measured>> {
    let threads = Threads::new()?;
    let mut ours = stage.database("ours").await?;
    options.say("writing the schools");
    let schools = people::schools(&ours, SCHOOLS, PUPILS, KIOSKS_OF_A_SCHOOL).await?;
    let naive_database = stage.database("naive").await?;
    naive::prepare(&naive_database, &ours).await?;
    let limit = stage.database("bare").await?.write(2).await?;

    ours.config.http.tuning = room(SCREENS);
    let server = Server::start(&threads, &ours).await?;
    TestPerson::owner(server.state()?).await?;
    for school in &schools {
        web::testing::own(&ours.owner, school.id, stage.clock.now()).await?;
    }
    check::settle(&ours).await?;
    let naive_routes = naive::routes(&naive_database).await?;
    let naive_server = Server::with_routes(&threads, &naive_database, naive_routes).await?;
    let mut field = Field::new(stage, &schools, &server, &naive_server);
    let ids: Vec<_> = schools.iter().map(|s| s.id).collect();
    let boards = Boards::open(&server.address, &ids, BOARDS, false).await?;

    let mut turns: HashMap<Contender, Vec<Turn>> = HashMap::new();
    let (mut probes, mut behind) = (Vec::new(), Vec::new());
    let mut order = if options.only.is_empty() { Contender::ALL.to_vec() } else { options.only.clone() };
    for round in 0..options.rounds {
        let probe = Probe::take(stage.dir())?;
        options.say(&format!("round {}: {probe:?}", round + 1));
        probes.push(probe);
        options.shuffle(&mut order);
        for contender in order.iter().copied() {
            stage.clock.next_day();
            statements::reset(options, &ours).await?;
            let turn = match contender {
                Contender::Limit => limit::turn(&limit, options.turn()).await?,
                contender => field.turn(contender, options.turn()).await?,
            };
            // The next one meets a quiet machine.
            let after = check::settle(&ours).await?;
            if matches!(contender, Contender::Core | Contender::HttpBatch) {
                behind.push(after.as_secs_f64());
            }
            options.say(&format!(
                "  {contender:?}: {:.0} scans/s; read models there {:.1} s later",
                turn.rate(),
                after.as_secs_f64()
            ));
            statements::tell(options, &ours).await?;
            turns.entry(contender).or_default().push(turn);
        }
    }

    if !options.only.is_empty() {
        return Ok(Option::None);
    }

    options.say("open loop");
    stage.clock.next_day();
    connect(&mut field.single, &server.address).await?;
    statements::reset(options, &ours).await?;
    let mut open = open_loop(&mut field.single, OPEN_RATE, options.long_turn()).await?;
    check::settle(&ours).await?;
    statements::tell(options, &ours).await?;
    boards.close().await?;

    options.say("tap to screen");
    stage.clock.next_day();
    let boards = Boards::open(&server.address, &ids, SCREENS, true).await?;
    field.single.iter_mut().for_each(|gun| gun.sent.clear());
    connect(&mut field.single, &server.address).await?;
    let frames = boards.frames();
    statements::reset(options, &ours).await?;
    let screen = open_loop(&mut field.single, SCREEN_RATE, options.long_turn()).await?;
    let frames = (boards.frames() - frames) as f64 / screen.seconds;
    check::settle(&ours).await?;
    statements::tell(options, &ours).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let sent: Vec<_> = field.single.iter().flat_map(|gun| gun.sent.iter().copied()).collect();
    let mut times = boards.times(&sent).await?;

    let (stored, refused) = field.finish();
    options.say("comparing what was acknowledged with what is stored");
    check::agree(&ours, &stored.ours).await?;
    naive::agree(&naive_database, &stored.naive).await?;
    server.stop().await?;
    naive_server.stop().await?;
    if refused > 0 {
        options.say(&format!("{refused} requests were refused for now and sent again"));
    }

    let rates = |c: Contender| turns.get(&c).map(|t| t.iter().map(Turn::rate).collect::<Vec<_>>()).unwrap_or_default();
    let ratio = |a, b| rates(a).iter().zip(rates(b)).map(|(a, b)| a / b).collect::<Vec<f64>>();
    use Contender as C;
    use Target::{AtLeast, AtMost, None};
    let add = |f: &mut Vec<Figure>, name, unit, target, values| f.push(Figure::new(name, unit, target, values));
    add(figures, "fsync", "µs", None, probes.iter().map(|p| p.fsync_us).collect());
    let tool: Vec<f64> = probes.iter().filter_map(|p| p.pg_test_fsync_us).collect();
    if !tool.is_empty() {
        add(figures, "pg_test_fsync", "µs", None, tool);
    }
    add(figures, "spin", "ms", None, probes.iter().map(|p| p.spin_ms).collect());
    add(figures, "limit", "scans/s", None, rates(C::Limit));
    add(figures, "core", "scans/s", None, rates(C::Core));
    add(figures, "core_ratio_vs_limit", "ratio", AtLeast(0.30), ratio(C::Core, C::Limit));
    add(figures, "naive_batch", "scans/s", None, rates(C::NaiveBatch));
    add(figures, "http_batch", "scans/s", AtLeast(20_000.0), rates(C::HttpBatch));
    add(figures, "http_batch_ratio_vs_naive", "ratio", AtLeast(8.0), ratio(C::HttpBatch, C::NaiveBatch));
    add(figures, "naive_single", "scans/s", None, rates(C::NaiveSingle));
    add(figures, "http_single", "scans/s", None, rates(C::HttpSingle));
    add(figures, "http_single_ratio_vs_naive", "ratio", AtLeast(5.0), ratio(C::HttpSingle, C::NaiveSingle));
    add(figures, "read_models_behind", "s", None, behind);
    let mut waits = std::mem::take(&mut open.waits);
    figures.push(Figure::once("open_loop_rate", "scans/s", None, open.rate()));
    figures.push(Figure::once("open_loop_p50", "ms", None, quantile_ms(&mut waits, 0.5)));
    figures.push(Figure::once("open_loop_p99", "ms", AtMost(100.0), quantile_ms(&mut waits, 0.99)));
    figures.push(Figure::once("screen_rate", "scans/s", None, screen.rate()));
    figures.push(Figure::once("screen_frames", "frames/s", None, frames));
    figures.push(Figure::once("tap_to_screen_p50", "ms", AtMost(50.0), quantile_ms(&mut times, 0.5)));
    figures.push(Figure::once("tap_to_screen_p99", "ms", AtMost(300.0), quantile_ms(&mut times, 0.99)));
    Ok(Some(Measured { database: ours, schools }))
}

/// Before the clock of a turn starts, and shortly before: the server closes connections that say nothing.
async fn connect(guns: &mut [Gun], address: &str) -> Result<()> {
    for gun in guns {
        gun.connect(address).await?;
    }
    Ok(())
}

/// The kiosks of each contender.
struct Field<'a> {
    server: &'a Server<'a>,
    naive_address: String,
    core: Vec<Gun>,
    batch: Vec<Gun>,
    single: Vec<Gun>,
    naive_batch: Vec<Gun>,
    naive_single: Vec<Gun>,
}

struct Stored {
    ours: Vec<Acknowledged>,
    naive: Vec<Acknowledged>,
}

impl<'a> Field<'a> {
    fn new(stage: &Stage, schools: &[School], server: &'a Server<'a>, naive: &Server<'_>) -> Self {
        let batching = || -> Vec<Gun> {
            let of = |s: &School| Gun::new(&s.kiosks[0], s.cards.iter().map(|c| c.1.clone()).collect(), &stage.clock);
            schools.iter().take(BATCHING_KIOSKS).map(of).collect()
        };
        let singles = || -> Vec<Gun> {
            let all = (0..KIOSKS_OF_A_SCHOOL).flat_map(|k| schools.iter().map(move |s| (s, k)));
            let of = |(s, k): (&School, usize)| {
                let cards = s.cards.iter().skip(k).step_by(KIOSKS_OF_A_SCHOOL).map(|c| c.1.clone());
                Gun::new(&s.kiosks[k], cards.collect(), &stage.clock)
            };
            all.take(SINGLE_KIOSKS).map(of).collect()
        };
        let (mut naive_batch, mut naive_single) = (batching(), singles());
        // A batch of commits may take longer than the front lets any request take.
        naive_batch.iter_mut().chain(&mut naive_single).for_each(|gun| gun.gives_up = true);
        Self {
            server,
            naive_address: naive.address.clone(),
            core: batching(),
            batch: batching(),
            single: singles(),
            naive_batch,
            naive_single,
        }
    }

    async fn turn(&mut self, contender: Contender, time: Duration) -> Result<Turn> {
        let (guns, address, scans) = match contender {
            Contender::Core => {
                let way = Way::InProcess(self.server.state()?.batcher.clone());
                return closed_loop(&mut self.core, &way, BATCH, time).await;
            }
            Contender::HttpBatch => (&mut self.batch, &self.server.address, BATCH),
            Contender::HttpSingle => (&mut self.single, &self.server.address, 1),
            Contender::NaiveBatch => (&mut self.naive_batch, &self.naive_address, BATCH),
            Contender::NaiveSingle => (&mut self.naive_single, &self.naive_address, 1),
            Contender::Limit => anyhow::bail!("the limit has no kiosks"),
        };
        connect(guns, address).await?;
        closed_loop(guns, &Way::Http, scans, time).await
    }

    fn finish(self) -> (Stored, usize) {
        let Self { core, batch, single, naive_batch, naive_single, .. } = self;
        let refused = core.iter().chain(&batch).chain(&single).map(|gun| gun.refused).sum();
        let all = |guns: Vec<Gun>| guns.into_iter().flat_map(|gun| gun.ledger);
        let ours = all(core).chain(all(batch)).chain(all(single)).collect();
        (Stored { ours, naive: all(naive_batch).chain(all(naive_single)).collect() }, refused)
    }
}
