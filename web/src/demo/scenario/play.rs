//! Plays a script, minute by minute.

mod notices;

pub use notices::play as play_notices;

use super::script::{Edit, Script};
use super::{Outcome, Scenario};
use crate::config::Config;
use crate::demo::kiosk::Kiosk;
use crate::demo::ledger::Ledger;
use crate::demo::morning::Tap;
use crate::demo::people;
use crate::demo::stage::{self, Stage};
use crate::{pools, seed, serve};
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use commands::clock::{Clock, ScaledClock};
use commands::ids::{IdSource as _, SystemIds};
use domain::KioskId;
use domain::account::StaffRole;
use reqwest::header::ORIGIN;
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long the board may take to show what the log has, in real time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays a scenario on private servers in a folder of its own, which is emptied first.
pub async fn play(dir: &Path, scenario: Scenario) -> Result<Outcome> {
    let dir = dir.join(scenario.name());
    stage::clear(&dir)?;
    let stage = Stage::open(&dir, ([127, 0, 0, 1], 0).into()).await?;
    let clock = Arc::new(ScaledClock::starting_at(Script::entered(scenario), 0.0));
    let config = stage.config();
    let school = stage.seed(&config, clock.clone()).await?;
    let server = Server::start(&config, clock.clone()).await?;
    let people = people::enrol(server.running.state().context("it runs HTTP")?, school.school_id).await?;
    let inspector = people::sign_in(&server.base, &people, StaffRole::Inspector).await?.build()?;
    let director = people::sign_in(&server.base, &people, StaffRole::Director).await?.build()?;
    let script = Script::of(scenario, &school);
    let log = stage.log_pool().await?;
    let mut play = Play::new(Site { config, school, inspector, director, clock, log }, server)?;
    let outcome = play.all(scenario, &script).await;
    if let Some(server) = play.server {
        server.running.shutdown().await;
    }
    play.site.log.close().await;
    drop(stage);
    outcome
}

/// What stays whether or not the server is there.
struct Site {
    config: Config,
    school: seed::Seeded,
    inspector: reqwest::Client,
    director: reqwest::Client,
    clock: Arc<ScaledClock>,
    log: PgPool,
}

/// The server without its workers, which the play makes look once a minute of its clock.
struct Server {
    running: serve::Running,
    base: String,
    leader: PgConnection,
}

impl Server {
    async fn start(config: &Config, clock: Arc<ScaledClock>) -> Result<Self> {
        use serve::Part::{Http, Projections, Relay};
        let parts = serve::Parts::from_only(&[Http, Relay, Projections]);
        let running = serve::start(config, parts, clock, Arc::new(SystemIds)).await?;
        let base = running.base_url().context("the server has no address")?;
        let leader = PgConnection::connect_with(&pools::worker_options(&config.sides.databases)?).await?;
        Ok(Self { running, base, leader })
    }
}

/// A gate's kiosk with what it has not sent yet.
struct Gate {
    kiosk: Kiosk,
    waiting: Vec<(Uuid, Value)>,
    last_seq: i64,
}

struct Play {
    site: Site,
    server: Option<Server>,
    gates: Vec<Gate>,
    heard: HashMap<KioskId, bool>,
    most_unknown: i64,
}

#[derive(Deserialize)]
struct Live {
    position: i64,
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    expected: i64,
    present: i64,
    late: i64,
    missing: i64,
    unknown: i64,
}

impl Play {
    fn new(site: Site, server: Server) -> Result<Self> {
        let http = crate::demo::local_client().timeout(Duration::from_secs(20)).build()?;
        let ledger = Arc::new(Ledger::default());
        let kiosk = |seeded| Kiosk::new(&server.base, seeded, http.clone(), site.clock.clone(), ledger.clone());
        let gate = |seeded| Gate { kiosk: kiosk(seeded), waiting: Vec::new(), last_seq: 0 };
        let gates = site.school.kiosks.iter().map(gate).collect();
        Ok(Self { site, server: Some(server), gates, heard: HashMap::new(), most_unknown: 0 })
    }

    async fn all(&mut self, scenario: Scenario, script: &Script) -> Result<Outcome> {
        // The evening before it is entered, everything is in order: the kiosks were heard.
        self.every_gate(script, self.site.clock.now()).await?;
        if script.server_away_until.is_some()
            && let Some(server) = self.server.take()
        {
            server.running.shutdown().await;
        }
        let mut now = script.from;
        let (mut taps, mut edits) = (script.taps.iter().peekable(), script.edits.iter().peekable());
        while now <= script.until {
            self.site.clock.set(now);
            if self.server.is_none() && script.server_away_until.is_none_or(|until| now >= until) {
                self.server_returns().await?;
            }
            while let Some((_, edit)) = edits.next_if(|(at, _)| *at <= now) {
                self.edit(edit).await?;
            }
            while let Some(tap) = taps.next_if(|tap| tap.at <= now) {
                self.tapped(tap)?;
            }
            self.every_gate(script, now).await?;
            self.look(now).await?;
            now += TimeDelta::minutes(1);
        }
        self.outcome(scenario).await
    }

    fn tapped(&mut self, tap: &Tap) -> Result<()> {
        let gate = self.gates.get_mut(tap.kiosk).context("no such gate")?;
        gate.last_seq += 1;
        let scan = gate.kiosk.scan(tap, gate.last_seq);
        gate.waiting.push(scan);
        Ok(())
    }

    async fn server_returns(&mut self) -> Result<()> {
        let server = Server::start(&self.site.config, self.site.clock.clone()).await?;
        self.gates.iter_mut().for_each(|gate| gate.kiosk.move_to(&server.base));
        self.server = Some(server);
        Ok(())
    }

    /// Every gate that reaches the server sends what it has, and then says that nothing waits.
    async fn every_gate(&mut self, script: &Script, now: DateTime<Utc>) -> Result<()> {
        if self.server.is_none() {
            return Ok(());
        }
        for (place, gate) in self.gates.iter_mut().enumerate() {
            if script.cut_off.iter().any(|(of, from, until)| *of == place && now >= *from && now < *until) {
                continue;
            }
            if script.reversed {
                gate.waiting.reverse();
            }
            while !gate.waiting.is_empty() {
                let batch: Vec<_> = gate.waiting.drain(..gate.waiting.len().min(100)).collect();
                gate.kiosk.post_scans(&batch, gate.waiting.len(), gate.last_seq).await?;
            }
            gate.kiosk.heartbeat(gate.last_seq).await;
        }
        Ok(())
    }

    /// The director asks the API for something.
    async fn edit(&self, edit: &Edit) -> Result<()> {
        let base = &self.server.as_ref().context("the server is away")?.base;
        let url = format!("{base}/api/v1{}?school={}", edit.path, self.site.school.school_id);
        let key = SystemIds.next().to_string();
        let asked = self.site.director.put(url).header(ORIGIN, base).header("idempotency-key", key).json(&edit.body);
        let answer = asked.send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{} answers {status}: {}", edit.path, answer.text().await.unwrap_or_default());
        Ok(())
    }

    /// What the workers do once a second, here once a minute of the play's clock.
    async fn look(&mut self, now: DateTime<Utc>) -> Result<()> {
        let Some(server) = &mut self.server else { return Ok(()) };
        let write = &server.running.state().context("it runs HTTP")?.write;
        workers::gate_watch::look(&mut server.leader, write, &mut self.heard).await?;
        // Nobody listens here: whatever may have changed is looked at.
        let woken = workers::no_show::Woken::default();
        woken.all();
        workers::no_show::round(&mut server.leader, write, &woken).await?;
        let live = self.live().await.with_context(|| format!("the board at {now}"))?;
        self.most_unknown = self.most_unknown.max(live.totals.unknown);
        Ok(())
    }

    /// The board, once it has the whole log.
    async fn live(&self) -> Result<Live> {
        let base = &self.server.as_ref().context("the server is away")?.base;
        let end: i64 =
            sqlx::query_scalar("select coalesce(max(position), 0) from events").fetch_one(&self.site.log).await?;
        let url = format!("{base}/api/v1/live?school={}", self.site.school.school_id);
        let shown = async {
            loop {
                let live: Live = self.site.inspector.get(&url).send().await?.error_for_status()?.json().await?;
                if live.position >= end {
                    return anyhow::Ok(live);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.context("the board does not follow the log")?
    }

    async fn outcome(&self, scenario: Scenario) -> Result<Outcome> {
        let Live { totals, .. } = self.live().await?;
        let count = async |kind: &str, of: &str| -> Result<i64> {
            let statement = "select count(distinct aggregate_id) from events where event_type = $1 and aggregate_type = $2 \
                             and school_id = $3";
            let counted = sqlx::query_scalar(statement).bind(kind).bind(of).bind(self.site.school.school_id.0);
            Ok(counted.fetch_one(&self.site.log).await?)
        };
        let of_cases = async |kind: &str| count(kind, "no_show_case").await;
        let cases_opened = of_cases("opened").await?;
        Ok(Outcome {
            scenario: scenario.name(),
            expected: totals.expected,
            present: totals.present,
            late: totals.late,
            missing: totals.missing,
            unknown: totals.unknown,
            most_unknown: self.most_unknown,
            cases_opened,
            cases_held: of_cases("held").await?,
            cases_retracted: of_cases("retracted").await?,
            cases_resolved: of_cases("resolved").await?,
            parents_to_notify: of_cases("notice_requested").await?,
            inspector_told: cases_opened > 0 || count("silent", "kiosk").await? > 0,
        })
    }
}
