//! Yesterday's backup is put back while NATS, the kiosks and the screens go on: the log begins a new life,
//! the kiosks send again what it lacks, and nobody goes on believing in the old one.

use crate::process;
use crate::support::{Ack, Kiosk, Line, PATIENCE, SANTIAGO, School, ack, eventually, own_nats, own_postgres};
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, ManualClock};
use domain::kiosk::LaneMode;
use local_services::{NatsServer, PostgresCluster, binaries};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use web::serve::{Part, Parts};

fn no_workers() -> Parts {
    Parts::from_only(&[Part::Http, Part::Relay, Part::Projections])
}

/// Where a kiosk or a screen finds the server, whichever runs there.
#[derive(Clone)]
struct Site {
    base: String,
    http: reqwest::Client,
    clock: Arc<ManualClock>,
}

/// A kiosk as it runs at a gate: it keeps every scan that it took, sends those that are not stored, and
/// believes the newest answer about how far that is.
struct Running {
    kiosk: Kiosk,
    held: Vec<Value>,
    stored_through: i64,
    epochs: Vec<Uuid>,
    acks: BTreeMap<Uuid, Ack>,
}

impl Running {
    fn new(kiosk: Kiosk) -> Self {
        Self { kiosk, held: Vec::new(), stored_through: 0, epochs: Vec::new(), acks: BTreeMap::new() }
    }

    /// Takes scans until `last_tap`, and sends until all are stored after that.
    async fn run(mut self, site: Site, cards: Arc<Vec<String>>, last_tap: CancellationToken) -> Result<Self> {
        loop {
            if !last_tap.is_cancelled() {
                site.clock.advance(chrono::TimeDelta::milliseconds(700));
                let card = &cards[fastrand::usize(..cards.len())];
                let direction = if fastrand::u8(..4) == 0 { "exit" } else { "entry" };
                let scan = self.kiosk.scan(card, direction, site.clock.now());
                self.held.push(scan);
            }
            // A server that is away, or told us to wait: again, with the same ids.
            let _ = self.send(&site).await;
            let all = self.stored_through == self.kiosk.seq;
            if last_tap.is_cancelled() && all && self.heartbeat(&site).await.is_ok_and(|all| all) {
                return Ok(self);
            }
            sleep(Duration::from_millis(15)).await;
        }
    }

    async fn ask(&mut self, site: &Site, what: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/v1/kiosks/{}/{what}", site.base, self.kiosk.id);
        let answer = site.http.post(url).bearer_auth(&self.kiosk.secret).json(body).send().await?;
        ensure!(answer.status() == 200, "{}", answer.status());
        let answer: Value = answer.json().await?;
        let epoch = answer["epoch"].as_str().context("epoch")?.parse()?;
        if self.epochs.last() != Some(&epoch) {
            self.epochs.push(epoch);
        }
        self.stored_through = answer["ack_through"].as_i64().context("ack_through")?;
        Ok(answer)
    }

    async fn send(&mut self, site: &Site) -> Result<()> {
        let from = usize::try_from(self.stored_through)?;
        let some: Vec<Value> = self.held.iter().skip(from).take(40).cloned().collect();
        if some.is_empty() {
            return Ok(());
        }
        let mut body = self.kiosk.batch(&some, site.clock.now());
        body["queue_depth"] = (self.held.len() - from - some.len()).into();
        let answer = self.ask(site, "scans", &body).await?;
        let items = answer["items"].as_array().context("items")?;
        ensure!(items.len() == some.len(), "{} of {} answered", items.len(), some.len());
        self.acks.extend(items.iter().map(ack).map(|ack| (ack.scan_id, ack)));
        Ok(())
    }

    /// Whether the server, too, says that nothing is missing.
    async fn heartbeat(&mut self, site: &Site) -> Result<bool> {
        let body = self.kiosk.device(0, site.clock.now());
        let answer = self.ask(site, "heartbeat", &body).await?;
        Ok(answer["resend_from"].is_null() && self.stored_through == self.kiosk.seq)
    }
}

/// An event of a stream: name, id and board.
type Shown = (String, String, Value);

/// A screen: it comes back whenever its stream ends, with the last id that it saw.
#[derive(Debug, Default, Clone)]
struct Screen(Arc<Mutex<Vec<Shown>>>);

impl Screen {
    fn seen(&self) -> MutexGuard<'_, Vec<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self, site: Site, school: String) {
        loop {
            // Cut off, or nobody listens: that is what a browser comes back from.
            let _ = self.watch(&site, &school).await;
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn watch(&self, site: &Site, school: &str) -> Result<()> {
        let mut request = site.http.get(format!("{}/api/v1/live/stream?school={school}", site.base));
        if let Some((_, id, _)) = self.seen().last() {
            request = request.header("Last-Event-ID", id);
        }
        let mut answer = request.send().await?.error_for_status()?;
        let mut text = String::new();
        while let Some(bytes) = answer.chunk().await? {
            text.push_str(std::str::from_utf8(&bytes)?);
            while let Some((event, rest)) = text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let (Some(name), Some(id), Some(data)) = (field("event: "), field("id: "), field("data: ")) {
                    self.seen().push((name, id, serde_json::from_str(&data)?));
                }
                text = rest.to_owned();
            }
        }
        Ok(())
    }
}

/// A backup as an operator makes one, while everything runs.
fn back_up(postgres: &PostgresCluster) -> Result<PathBuf> {
    let data = postgres.data();
    let backup = data.with_file_name("backup");
    let options = postgres.options("postgres");
    let owner = std::fs::metadata(&data)?;
    let port = options.get_port().to_string();
    let out = std::process::Command::new(binaries::postgres("pg_basebackup")?)
        .args(["-h", "127.0.0.1", "-p", &port, "-U", options.get_username(), "-X", "stream", "-c", "fast", "--no-sync"])
        .arg("-D")
        .arg(&backup)
        .current_dir("/")
        .gid(owner.gid())
        .uid(owner.uid())
        .output()?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Ok(backup)
}

fn put_back(postgres: &PostgresCluster, backup: &Path) -> Result<()> {
    std::fs::remove_dir_all(postgres.data())?;
    Ok(std::fs::rename(backup, postgres.data())?)
}

async fn length(line: &Line) -> Result<i64> {
    Ok(nats::log::head(&line.owner).await?.position)
}

/// Waits until the log has so many more events than now.
async fn grow(line: &Line, by: i64) -> Result<i64> {
    let before = length(line).await?;
    eventually("the log grows", async || Ok(length(line).await? >= before + by)).await?;
    length(line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_backup_put_back_under_running_kiosks_screens_and_nats_loses_and_doubles_nothing() {
    let nats = own_nats("restore-nats").await.unwrap();
    restore("restore", Some(&nats)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_yesterdays_backup_put_back_ends_the_same() {
    restore("restore-alone", None).await.unwrap();
}

async fn restore(name: &str, nats: Option<&NatsServer>) -> Result<()> {
    let mut postgres = own_postgres(name).await?;
    let mut line = Line::on_cluster(&postgres, nats, no_workers()).await?;
    let school: School = line.school(SANTIAGO, 2, 15).await?;
    let site = Site { base: line.base.clone(), http: line.http.clone(), clock: line.clock.clone() };
    let cards: Arc<Vec<String>> = Arc::new(school.pupils.iter().map(|pupil| pupil.card.clone()).collect());
    let last_tap = CancellationToken::new();
    let mut kiosks: Vec<JoinHandle<Result<Running>>> = Vec::new();
    let mut spare = None;
    for (gate, mode) in [("Norte", LaneMode::EntryLane), ("Sur", LaneMode::Choice), ("Patio", LaneMode::Choice)] {
        let kiosk = line.kiosk(&school, gate, mode).await?;
        spare = Some(kiosk.clone());
        kiosks.push(tokio::spawn(Running::new(kiosk).run(site.clone(), cards.clone(), last_tap.clone())));
    }
    let screen = Screen::default();
    let watching = tokio::spawn(screen.clone().run(site.clone(), school.id.to_string()));
    let spare = spare.context("a kiosk")?;
    let roster = async |since: &str| {
        let url = format!("{}/api/v1/kiosks/{}/roster?{since}", site.base, spare.id);
        let answer = site.http.get(url).bearer_auth(&spare.secret).send().await?.error_for_status()?;
        anyhow::Ok(answer.json::<Value>().await?)
    };

    grow(&line, 60).await?;
    let backup = back_up(&postgres)?;
    let lost_to = grow(&line, 150).await?;
    line.settle().await?;
    let known = roster("").await?;
    let old_epoch = nats::log::head(&line.owner).await?.epoch;

    // As the runbook says: stop, put it back, begin a new epoch, start. Kiosks, screens and NATS go on.
    line.close().await;
    let ends_at = length(&line).await?;
    ensure!(ends_at >= lost_to, "the log shrank");
    postgres.stop();
    put_back(&postgres, &backup)?;
    timeout(PATIENCE, postgres.resume()).await??;
    eventually("Postgres answers", async || Ok(length(&line).await.is_ok())).await?;
    let kept = length(&line).await?;
    ensure!(kept + 100 < ends_at, "the backup lacks little: {kept} of {ends_at}");
    let (events, vault) = (postgres.url("events"), postgres.url("vault"));
    let printed = process::run(&["log", "new-epoch", "--database-url", &events, "--vault-database-url", &vault])?;
    let epoch: Uuid =
        printed.split("epoch ").nth(1).and_then(|e| e.split_whitespace().next()).context("epoch")?.parse()?;
    line.open(no_workers()).await?;

    grow(&line, 60).await?;
    // A kiosk that asks for what changed since a place in the old life gets everything.
    line.settle().await?;
    let since = format!("since={}&epoch={}", known["position"], known["epoch"].as_str().context("epoch")?);
    let anew = roster(&since).await?;
    ensure!(anew["full"] == true && anew["epoch"] == epoch.to_string(), "{anew}");
    ensure!(anew["credentials"].as_array().map(Vec::len) == Some(school.pupils.len()), "{anew}");

    last_tap.cancel();
    let mut acks = Vec::new();
    let mut minted = 0;
    for kiosk in kiosks {
        let kiosk = timeout(PATIENCE, kiosk).await.context("a kiosk never has all of its scans stored")???;
        ensure!(kiosk.epochs == [old_epoch.0, epoch], "{:?}", kiosk.epochs);
        minted += kiosk.held.len();
        ensure!(kiosk.acks.len() == kiosk.held.len(), "{} of {}", kiosk.acks.len(), kiosk.held.len());
        acks.extend(kiosk.acks.into_values());
    }
    // The newest answer about each scan is true, each scan is in the log once, and nothing else is.
    line.must_hold(&acks).await?;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from events where event_type in ('scan_recorded', 'received')")
            .fetch_one(&line.owner)
            .await?;
    ensure!(usize::try_from(stored)? == minted, "{minted} scans were taken, {stored} are stored");
    line.must_equal_a_rebuild().await?;
    let epochs: Vec<Uuid> = sqlx::query_scalar("select epoch from checkpoints union select epoch from log_epoch")
        .fetch_all(&line.owner)
        .await?;
    ensure!(epochs == [epoch], "a read model is in the old life: {epochs:?}");

    // Whatever the screen showed of the old life it forgot, and it shows what a look now shows.
    let epoch_of = |id: &str| id.split('.').next().unwrap_or_default().to_owned();
    eventually("the screen shows what a look now shows", async || {
        let totals = line.json(&format!("/api/v1/live?school={}", school.id)).await?["totals"].clone();
        let shown = screen.seen().last().cloned().context("something is shown")?;
        Ok(epoch_of(&shown.1) == epoch.to_string() && shown.2["totals"] == totals)
    })
    .await?;
    watching.abort();
    let seen = screen.seen().clone();
    for pair in seen.windows(2) {
        let ((_, before, _), (name, id, _)) = (&pair[0], &pair[1]);
        ensure!(epoch_of(before) == epoch_of(id) || name == "snapshot", "{name} {id} after {before}");
    }
    let first = seen.first().context("a first event")?;
    ensure!(epoch_of(&first.1) == old_epoch.to_string(), "{first:?}");
    line.close().await;
    Ok(())
}
