//! The network between the server and its databases is slow, cut, or swallows what it is given: scans
//! end acknowledged or are sent again, and nothing is lost or doubled.

use crate::crash::check::audit;
use crate::crash::clients::{Board, Traffic};
use crate::crash::ledger::Ledger;
use crate::support::{Line, PATIENCE, SANTIAGO, ack, eventually, own_nats, own_postgres};
use anyhow::{Context as _, Result};
use commands::clock::{Clock as _, SystemClock};
use domain::kiosk::LaneMode;
use local_services::proxy::{Commit, Direction, Fault, FaultProxy};
use local_services::{NatsServer, PostgresCluster};
use serde_json::Value;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use web::serve::{Part, Parts};

/// How long a kiosk waits for an answer: longer than the server tries to give one.
const KIOSK_PATIENCE: Duration = Duration::from_secs(15);

/// Three kiosks at a server that reaches its servers through proxies.
pub struct Site {
    /// The server.
    pub line: Line,
    /// The kiosks.
    pub traffic: Traffic,
    /// Their book.
    pub ledger: Arc<Ledger>,
    board: Board,
}

impl Site {
    /// On a cluster reached by `port`, with or without NATS.
    pub async fn on(postgres: &PostgresCluster, port: u16, nats: Option<&str>) -> Result<Self> {
        let url = |name| format!("postgres://attendance@127.0.0.1:{port}/{name}");
        let parts = Parts::from_only(&[Part::Http, Part::Relay, Part::Projections]);
        let mut line = Line::on(&url("events"), &url("vault"), nats, parts).await?;
        // What the test looks at does not pass the proxy.
        line.owner = PgPool::connect_with(postgres.options("events")).await?;
        line.clock.advance(SystemClock.now() - line.now());
        let school = Arc::new(line.school(SANTIAGO, 1, 20).await?);
        let mut kiosks = Vec::new();
        for gate in ["Norte", "Sur", "Poniente"] {
            kiosks.push(line.kiosk(&school, gate, LaneMode::EntryLane).await?);
        }
        let ledger = Arc::new(Ledger::new(school.zone));
        let traffic = Traffic::of(&line.base, school, kiosks, ledger.clone(), KIOSK_PATIENCE);
        let board = Board::open(&line.base, traffic.school.id);
        Ok(Self { line, traffic, ledger, board })
    }

    /// Works while something fails, goes on when it is over, and nothing is lost or doubled.
    pub async fn through(&mut self, what: &str, fails: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
        let outcome = async {
            self.traffic.begin();
            self.traffic.must_go_on(PATIENCE).await?;
            fails().await?;
            self.traffic.must_go_on(PATIENCE).await?;
            self.traffic.end().await?;
            let (base, school) = (&self.line.base, self.traffic.school.id);
            let counts = audit(&self.line.owner, base, school, &self.ledger, Some(&self.board)).await?;
            anyhow::ensure!(counts.lost() + counts.doubled() == 0, "{counts}");
            Ok(())
        };
        outcome.await.with_context(|| what.to_owned())
    }
}

async fn for_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Each fault in turn, and what must hold after it.
async fn every_fault(site: &mut Site, proxy: &FaultProxy) -> Result<()> {
    use Direction::{ToClient, ToServer};
    for direction in [ToServer, ToClient] {
        site.through(&format!("delayed {direction:?}"), async || {
            proxy.set(direction, Fault::Delay(Duration::from_millis(30)));
            for_ms(1_500).await;
            proxy.set(direction, Fault::None);
            Ok(())
        })
        .await?;
        site.through(&format!("half-open {direction:?}"), async || {
            proxy.set(direction, Fault::Swallow);
            for_ms(1_500).await;
            proxy.set(direction, Fault::None);
            Ok(())
        })
        .await?;
    }
    site.through("cut again and again", async || {
        for _ in 0..8 {
            for_ms(fastrand::u64(20..150)).await;
            proxy.cut();
        }
        Ok(())
    })
    .await?;
    site.through("out of reach", async || {
        proxy.refuse(true);
        for_ms(1_500).await;
        proxy.refuse(false);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_before_postgres_does_scans_are_acknowledged_or_sent_again() {
    let postgres = own_postgres("network-pg").await.unwrap();
    let proxy = FaultProxy::before(postgres.port()).await.unwrap();
    let mut site = Site::on(&postgres, proxy.port(), None).await.unwrap();
    every_fault(&mut site, &proxy).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_before_nats_does_no_kiosk_notices() {
    let (postgres, nats) = (own_postgres("network-nats-pg").await.unwrap(), own_nats("network-nats").await.unwrap());
    let proxy = FaultProxy::before(nats.port()).await.unwrap();
    let url = format!("nats://127.0.0.1:{}", proxy.port());
    let mut site = Site::on(&postgres, postgres.port(), Some(&url)).await.unwrap();
    every_fault(&mut site, &proxy).await.unwrap();
    assert_eq!(site.traffic.failed(), 0, "a kiosk was not answered");
    carries_again(&site.line, &nats).await.unwrap();
}

/// Waits until JetStream holds the log's end again.
pub async fn carries_again(line: &Line, nats: &NatsServer) -> Result<()> {
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await?);
    eventually("JetStream holds the log's end", async || {
        let mut stream = context.get_stream("attendance").await?;
        let last = stream.info().await?.state.last_sequence;
        let message = stream.get_raw_message(last).await?;
        let position: i64 = message.headers.get("Att-Position").context("a position")?.as_str().parse()?;
        Ok(position == ::nats::log::head(&line.owner).await?.position)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_at_commit_is_resolved_from_the_receipts_before_any_answer() {
    let postgres = own_postgres("network-commit").await.unwrap();
    let proxy = FaultProxy::before(postgres.port()).await.unwrap();
    let Site { line, traffic, .. } = Site::on(&postgres, proxy.port(), None).await.unwrap();
    let mut kiosk = line.kiosk(&traffic.school, "Oriente", LaneMode::EntryLane).await.unwrap();
    for (n, (when, stored)) in [(Commit::Unheard, 0), (Commit::Unanswered, 3)].into_iter().enumerate() {
        let scans: Vec<Value> = traffic.school.pupils[3 * n..][..3]
            .iter()
            .map(|pupil| kiosk.scan(&pupil.card, "entry", line.now()))
            .collect();
        let ids: Vec<uuid::Uuid> =
            scans.iter().map(|scan| scan["scan_id"].as_str().unwrap().parse().unwrap()).collect();
        let positions = async || {
            let found = "select position from events where event_type = 'scan_recorded'
                         and (payload ->> 'scan_id')::uuid = any($1) order by position";
            sqlx::query_scalar::<_, i64>(found).bind(&ids).fetch_all(&line.owner).await.unwrap()
        };
        proxy.cut_commit(when, "attendance_log_writer");
        let sender = kiosk.clone();
        let post = sender.post(&line, &scans);
        tokio::pin!(post);
        let unanswered = async {
            eventually("a commit is cut", async || Ok(proxy.commits_cut() == n + 1)).await.unwrap();
            // Nobody can read what became of it.
            for_ms(1_000).await;
        };
        tokio::select! {
            answer = &mut post => panic!("{when:?}: answered before anybody could know: {answer:?}"),
            () = unanswered => {}
        }
        assert_eq!(positions().await.len(), stored, "{when:?}");
        proxy.refuse(false);
        let answer = post.await.unwrap();
        assert_eq!(answer.status(), 200, "{when:?}");
        let answer: Value = answer.json().await.unwrap();
        let told: Vec<_> = answer["items"].as_array().unwrap().iter().map(ack).collect();
        assert!(told.iter().all(|ack| ack.verdict == "accepted"), "{when:?}: {told:?}");
        // Whatever happened is the first time for the kiosk.
        assert!(answer["items"].as_array().unwrap().iter().all(|item| item["verdict"] == "accepted"));
        assert_eq!(told.iter().map(|ack| ack.position).collect::<Vec<_>>(), positions().await, "{when:?}");
        let (again, _) = kiosk.deliver(&line, &scans).await.unwrap();
        assert!(again.iter().all(|item| item["verdict"] == "duplicate"));
        assert_eq!(again.iter().map(ack).collect::<Vec<_>>(), told, "{when:?}");
        assert_eq!(positions().await.len(), 3, "{when:?}");
        // What a batch says of its kiosk has a commit of its own, which is not the one to be cut next.
        eventually("the kiosk's queue is told to be drained", async || {
            let told =
                "select count(*) from events where event_type = 'drained_through' and right(aggregate_id, 36) = $1";
            let told: i64 = sqlx::query_scalar(told).bind(kiosk.id.to_string()).fetch_one(&line.owner).await?;
            Ok(told > 0)
        })
        .await
        .unwrap();
    }
    line.must_equal_a_rebuild().await.unwrap();
}
