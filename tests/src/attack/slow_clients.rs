//! Thousands of connections that say nothing, or never finish what they say (Slowloris): all are closed
//! within ten seconds, and those who work meanwhile do not notice.

use crate::process::Server;
use crate::support::{Kiosk, Line, SANTIAGO, durable_postgres, id};
use crate::wire::{Wire, post};
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, SystemClock};
use domain::kiosk::LaneMode;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use web::serve::{Part, Parts};
use web::testing::{OWNER_COOKIE, attack_size};

/// Within which every connection that says nothing, or half of it, is closed.
const CLOSED: Duration = Duration::from_secs(10);

/// Who works while others keep silent: three open boards, two kiosks, one that comes anew each time.
struct School {
    address: String,
    id: String,
    kiosks: Vec<(Kiosk, String)>,
}

/// How long answers took.
#[derive(Default)]
struct Times {
    /// On connections that had been used before.
    kept: Vec<Duration>,
    /// On new connections.
    new: Vec<Duration>,
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

impl School {
    fn get(&self) -> String {
        let (address, school) = (&self.address, &self.id);
        format!("GET /api/v1/live?school={school} HTTP/1.1\r\nHost: {address}\r\nCookie: {OWNER_COOKIE}\r\n\r\n")
    }

    /// Everybody works until told to stop; every answer must be the usual one.
    async fn work(self: &Arc<Self>, until: CancellationToken) -> Result<Times> {
        let mut workers = JoinSet::new();
        for n in 0..6 {
            let (school, until) = (self.clone(), until.clone());
            workers.spawn(async move {
                let (mut times, mut wire) = (Vec::new(), Wire::connect(&school.address).await?);
                let mut kiosk = (3..5).contains(&n).then(|| school.kiosks[n - 3].clone());
                while !until.is_cancelled() {
                    let request = kiosk.as_mut().map_or_else(|| school.get(), |kiosk| school.scan(kiosk));
                    let begun = Instant::now();
                    if n == 5 {
                        wire = Wire::connect(&school.address).await?;
                    }
                    let answer = wire.ask(&request).await.with_context(|| format!("worker {n}"))?;
                    times.push(begun.elapsed());
                    ensure!(answer.status == 200, "{answer:?}");
                    sleep(Duration::from_millis(20)).await;
                }
                anyhow::Ok((n == 5, times))
            });
        }
        let mut all = Times::default();
        while let Some(worked) = workers.join_next().await {
            let (new, times) = worked??;
            if new { all.new.extend(times) } else { all.kept.extend(times) }
        }
        Ok(all)
    }

    fn scan(&self, (kiosk, card): &mut (Kiosk, String)) -> String {
        let now = SystemClock.now();
        let scan = kiosk.scan(card, "entry", now);
        let path = format!("/api/v1/kiosks/{}/scans", kiosk.id);
        post(&self.address, &path, &kiosk.secret, &kiosk.batch(&[scan], now).to_string())
    }
}

/// A connection that says only this; how long the server bore it. None if it bears it still.
async fn slow(address: &str, says: &str) -> Option<Duration> {
    let begun = Instant::now();
    let closed = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(says.as_bytes()).await.ok()?;
        let mut answer = [0; 64];
        while stream.read(&mut answer).await.ok()? > 0 {}
        Some(())
    };
    // A connection that is reset is closed too.
    timeout(CLOSED * 2, closed).await.ok().map(|_| begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn p49_thousands_of_silent_and_half_said_requests_are_closed_in_ten_seconds_and_nobody_else_waits() {
    let each = attack_size(800, 2_000);
    let postgres = durable_postgres("slow-clients").await.unwrap();
    let mut line = Line::on_cluster(&postgres, None, Parts::from_only(&[Part::Http, Part::Projections])).await.unwrap();
    let school = line.school(SANTIAGO, 1, 20).await.unwrap();
    let mut kiosks = Vec::new();
    for n in 0..2 {
        let kiosk = line.kiosk(&school, &format!("Puerta {n}"), LaneMode::EntryLane).await.unwrap();
        kiosks.push((Kiosk { queue: id(), ..kiosk }, school.pupils[n].card.clone()));
    }
    line.settle().await.unwrap();
    line.close().await;
    let server = Server::start(&postgres, None).await.unwrap();
    let address = server.base.trim_start_matches("http://").to_owned();
    let school = Arc::new(School { address: address.clone(), id: school.id.to_string(), kiosks });

    let calm = CancellationToken::new();
    let (mut before, ()) = {
        let end = async {
            sleep(Duration::from_secs(3)).await;
            calm.cancel();
        };
        let (times, ()) = tokio::join!(school.work(calm.clone()), end);
        (times.unwrap(), ())
    };
    let over = CancellationToken::new();
    let working = tokio::spawn({
        let (school, over) = (school.clone(), over.clone());
        async move { school.work(over).await }
    });
    let mut attack = JoinSet::new();
    for n in 0..2 * each {
        let address = address.clone();
        attack.spawn(async move {
            let says = if n % 2 == 0 { "" } else { "GET /hoy HTTP/1.1\r\nHost: localhost\r\nX-Slow: " };
            slow(&address, says).await
        });
    }
    let mut longest = Duration::ZERO;
    while let Some(borne) = attack.join_next().await {
        longest = longest.max(borne.unwrap().expect("every one is closed"));
    }
    over.cancel();
    let mut during = working.await.unwrap().unwrap();
    assert!(longest < CLOSED, "one was borne for {longest:?}");
    // Nothing is left of it but the figures' own connections.
    assert!(server.open_files().unwrap() < 200, "{} files are open", server.open_files().unwrap());
    let shed = server.figure("http_shed_connections_total").await.unwrap();
    let cut = server.figure("http_slow_heads_total").await.unwrap();
    let kept = (p99(&mut before.kept), p99(&mut during.kept));
    let new = (p99(&mut before.new), p99(&mut during.new));
    eprintln!(
        "{} slow clients: longest borne {longest:?}, {shed} made room, {cut} cut; p99 before and during: \
         kept connections {kept:?} ({} answers), new ones {new:?} ({})",
        2 * each,
        during.kept.len(),
        during.new.len()
    );
    assert!(shed > 0.0 && cut > 0.0, "both happen");
    if each == 2_000 {
        assert!(kept.1 <= (kept.0 * 2).max(Duration::from_millis(20)), "p99 {kept:?}");
    }
    server.stop().await.unwrap();
}
