//! Thousands of connections that say nothing, or never finish what they say (Slowloris), and hundreds that ask and never
//! read what they are answered: the first are closed within ten seconds, the others within fifteen, and those who work
//! meanwhile do not notice.

use crate::process::Server;
use crate::support::{Kiosk, Line, SANTIAGO, durable_postgres, id};
use crate::wire::{Wire, post};
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, SystemClock};
use domain::kiosk::LaneMode;
use local_services::PostgresCluster;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use web::serve::{Part, Parts};
use web::testing::{OWNER_COOKIE, attack_size};

/// Within which every connection that says nothing, or half of it, is closed.
const CLOSED: Duration = Duration::from_secs(10);
/// Within which every connection that takes nothing of its answers is closed: ten seconds, and a look each second.
const CUT: Duration = Duration::from_secs(15);

/// The attackers come so much after each other, a thousand in a second: what opening a connection costs this side is
/// taken from the same processors as the server's, and all at once it would be that which is measured.
const EACH_AFTER: Duration = Duration::from_millis(1);

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

    async fn work_for(self: &Arc<Self>, time: Duration) -> Result<Times> {
        let until = CancellationToken::new();
        let end = async {
            sleep(time).await;
            until.cancel();
        };
        tokio::join!(self.work(until.clone()), end).0
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

/// A connection that sends whole requests, as many as the server takes, and reads nothing; how long the server bore it.
/// None if it bears it still.
async fn never_reads(address: &str, requests: &str) -> Option<Duration> {
    let begun = Instant::now();
    let closed = async {
        let socket = TcpSocket::new_v4().ok()?;
        socket.set_recv_buffer_size(4096).ok()?;
        // What would wait at this side is no load on the server.
        socket.set_send_buffer_size(4096).ok()?;
        let mut stream = socket.connect(address.parse().ok()?).await.ok()?;
        // Once the server waits for this client it takes no more, and the next write ends with the connection.
        while stream.write_all(requests.as_bytes()).await.is_ok() {}
        Some(())
    };
    timeout(CUT * 2, closed).await.ok().map(|_| begun.elapsed())
}

/// A server of its own process with a school that works.
async fn scene(name: &str) -> Result<(PostgresCluster, Server, Arc<School>)> {
    let postgres = durable_postgres(name).await?;
    let mut line = Line::on_cluster(&postgres, None, Parts::from_only(&[Part::Http, Part::Projections])).await?;
    let school = line.school(SANTIAGO, 1, 20).await?;
    let mut kiosks = Vec::new();
    for n in 0..2 {
        let kiosk = line.kiosk(&school, &format!("Puerta {n}"), LaneMode::EntryLane).await?;
        kiosks.push((Kiosk { queue: id(), ..kiosk }, school.pupils[n].card.clone()));
    }
    line.settle().await?;
    line.close().await;
    let server = Server::start(&postgres, None).await?;
    let address = server.base.trim_start_matches("http://").to_owned();
    Ok((postgres, server, Arc::new(School { address, id: school.id.to_string(), kiosks })))
}

/// How long answers took before and during an attack.
struct Measured {
    before: Times,
    during: Times,
    /// How long the clients of the attack were borne, shortest first.
    borne: Vec<Duration>,
}

impl Measured {
    /// Lets the school work for a while, and on while the attack lasts, which ends with its last connection. What the
    /// first second of a server's life takes is not counted.
    async fn of<F>(school: &Arc<School>, clients: usize, client: impl Fn(usize) -> F) -> Result<Self>
    where
        F: Future<Output = Option<Duration>> + Send + 'static,
    {
        school.work_for(Duration::from_secs(2)).await.context("warming up")?;
        let before = school.work_for(Duration::from_secs(5)).await.context("before the attack")?;
        let over = CancellationToken::new();
        let working = tokio::spawn({
            let (school, over) = (school.clone(), over.clone());
            async move { school.work(over).await }
        });
        let attack: JoinSet<_> = (0..clients)
            .map(|n| {
                let client = client(n);
                async move {
                    sleep(EACH_AFTER.saturating_mul(n.try_into().unwrap_or(u32::MAX))).await;
                    client.await
                }
            })
            .collect();
        let borne: Option<Vec<_>> = attack.join_all().await.into_iter().collect();
        over.cancel();
        let mut borne = borne.context("every one is closed")?;
        borne.sort_unstable();
        Ok(Self { before, during: working.await?.context("during the attack")?, borne })
    }

    /// Says what was measured; at full size, nobody who worked waited twice as long as before, on a
    /// kept connection or a new one.
    fn judge(&mut self, what: &str, full: bool) {
        let kept = (p99(&mut self.before.kept), p99(&mut self.during.kept));
        let new = (p99(&mut self.before.new), p99(&mut self.during.new));
        eprintln!(
            "{} {what}: borne {:?} to {:?}; p99 before and during: kept connections {kept:?} ({} answers), new ones \
             {new:?} ({}), the longest {:?}",
            self.borne.len(),
            self.borne.first(),
            self.borne.last(),
            self.during.kept.len(),
            self.during.new.len(),
            &self.during.new[self.during.new.len().saturating_sub(5)..],
        );
        if full {
            for (before, during) in [kept, new] {
                assert!(during <= (before * 2).max(Duration::from_millis(20)), "p99 {before:?}, then {during:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p49_thousands_of_silent_and_half_said_requests_are_closed_in_ten_seconds_and_nobody_else_waits() {
    let each = attack_size(800, 2_000);
    let (_postgres, server, school) = scene("slow-clients").await.unwrap();
    let attack = |n| {
        let address = school.address.clone();
        async move {
            let says = if n % 2 == 0 { "" } else { "GET /hoy HTTP/1.1\r\nHost: localhost\r\nX-Slow: " };
            slow(&address, says).await
        }
    };
    let mut measured = Measured::of(&school, 2 * each, attack).await.unwrap();
    let longest = *measured.borne.last().unwrap();
    assert!(longest < CLOSED, "one was borne for {longest:?}");
    // Nothing is left of it but the figures' own connections.
    assert!(server.open_files().unwrap() < 200, "{} files are open", server.open_files().unwrap());
    let shed = server.figure("http_shed_connections_total").await.unwrap();
    let cut = server.figure("http_slow_heads_total").await.unwrap();
    eprintln!("{shed} made room, {cut} cut");
    assert!(shed > 0.0 && cut > 0.0, "both happen");
    measured.judge("slow clients", each == 2_000);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn p49_hundreds_who_ask_whole_requests_and_never_read_are_cut_in_fifteen_seconds_and_nobody_else_waits() {
    let clients = attack_size(50, 200);
    let (_postgres, server, school) = scene("slow-readers").await.unwrap();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", school.address);
    // What costs the server least and fills a connection soonest.
    let mut wire = Wire::connect(&school.address).await.unwrap();
    let page = wire.ask(&get("/entrar")).await.unwrap().body;
    let mut longest = (0, String::new());
    for path in page.split('"').filter(|part| part.starts_with("/assets/")) {
        let size = wire.ask(&get(path)).await.unwrap().body.len();
        longest = longest.max((size, path.to_owned()));
    }
    assert!(longest.0 > 10_000, "{longest:?}");
    let requests = get(&longest.1).repeat(100);
    let attack = |_| {
        let (address, requests) = (school.address.clone(), requests.clone());
        async move { never_reads(&address, &requests).await }
    };
    let mut measured = Measured::of(&school, clients, attack).await.unwrap();
    let (shortest, longest) = (measured.borne[0], measured.borne[clients - 1]);
    assert!(longest < CUT, "one was borne for {longest:?}");
    assert!(shortest >= Duration::from_secs(9), "there was room, and one was borne for {shortest:?} only");
    assert!(server.open_files().unwrap() < 200, "{} files are open", server.open_files().unwrap());
    let cut = server.figure("http_untaken_answers_total").await.unwrap();
    assert!(cut >= clients as f64, "{cut} were cut");
    measured.judge("clients that never read", clients == 200);
    server.stop().await.unwrap();
}
