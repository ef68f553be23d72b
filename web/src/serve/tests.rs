use super::*;
use crate::testing::{TestApp, monday_morning, refusal};
use chrono::TimeDelta;
use commands::clock::ManualClock;
use commands::ids::SystemIds;
use local_services::PostgresCluster;
use local_services::testing::{EPOCH, TestDatabases, scratch};
use serde_json::Value;
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A cluster of the test's own with both databases migrated.
async fn own_cluster(name: &str) -> PostgresCluster {
    let cluster = PostgresCluster::scratch(&scratch(name)).await.unwrap();
    for database in ["events", "vault"] {
        cluster.ensure_database(database).await.unwrap();
    }
    let pools = [cluster.options("events"), cluster.options("vault")].map(PgPool::connect_lazy_with);
    migrations::migrate(&pools[0], &pools[1], EPOCH, chrono::DateTime::UNIX_EPOCH).await.unwrap();
    for pool in pools {
        pool.close().await;
    }
    cluster
}

fn on(cluster: &PostgresCluster) -> Config {
    Config::for_testing(&cluster.url("events"), &cluster.url("vault"))
}

async fn start_parts(config: &Config, parts: Parts) -> anyhow::Result<Running> {
    start(config, parts, Arc::new(ManualClock::at(monday_morning())), Arc::new(SystemIds)).await
}

async fn until<F: Future<Output = bool>>(what: &str, limit: Duration, mut holds: impl FnMut() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_that_starts_before_postgres_says_so_and_serves_when_it_is_there() {
    let mut cluster = own_cluster("startup").await;
    cluster.stop();
    let mut config = on(&cluster);
    let port = local_services::postgres::free_port().unwrap();
    config.http.listen.set_port(port);
    let base = format!("http://127.0.0.1:{port}");
    let starting = tokio::spawn(async move { start_parts(&config, Parts::all()).await });
    let http = workers::outbound::loopback().build().unwrap();
    let get = |path: &str| http.get(format!("{base}{path}")).send();
    let status = async |path: &str| get(path).await.ok().map(|r| r.status().as_u16());
    until("alive", Duration::from_secs(5), || async { status("/healthz").await == Some(200) }).await;
    let ready = get("/readyz").await.unwrap();
    assert_eq!((ready.status().as_u16(), ready.headers().contains_key("retry-after")), (503, true));
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["ready"], false);
    assert_eq!(ready["database"], "does not answer", "no word of the driver's: {ready}");
    assert_eq!(status("/metrics").await, Some(503), "for this machine alone, once the server serves");
    let live = get("/api/v1/live").await.unwrap();
    assert!((1..=4).contains(&live.headers()["retry-after"].to_str().unwrap().parse().unwrap()));
    assert_eq!(live.json::<Value>().await.unwrap()["code"], "unavailable");
    assert!(!starting.is_finished());
    cluster.resume().await.unwrap();
    let running = tokio::time::timeout(Duration::from_secs(10), starting).await.unwrap().unwrap().unwrap();
    assert_eq!((status("/healthz").await, status("/readyz").await), (Some(200), Some(200)));
    running.shutdown().await;
}

#[tokio::test]
async fn what_no_waiting_mends_ends_the_start_with_a_sentence() {
    let databases = TestDatabases::create().await.unwrap();
    let (events, vault) = (databases.events_url(), databases.vault_url());
    let unmigrated = events.replace(&databases.events, "postgres");
    let mut wrong_key = Config::for_testing(&events, &vault);
    wrong_key.sides.keys = crate::config::Keys::default();
    // Nothing listens there: the configuration is read before anything is waited for.
    wrong_key.sides.databases =
        crate::config::Databases::for_testing("postgres://127.0.0.1:1/x", "postgres://127.0.0.1:1/y");
    for (config, says) in [
        (
            Config::for_testing(&events.replace("attendance@", "nobody:hunter2@"), &vault),
            "DATABASE_URL: the database refuses",
        ),
        (
            Config::for_testing(&events, &vault.replace(&databases.vault, "nowhere")),
            "VAULT_DATABASE_URL: there is no such database",
        ),
        (Config::for_testing(&unmigrated, &vault), "DATABASE_URL: the schema is not there; run `attendance migrate`"),
        (
            Config::for_testing(&events, &unmigrated),
            "VAULT_DATABASE_URL: the keys cannot be read; run `attendance migrate`",
        ),
        (Config::for_testing("mysql://x", &vault), "DATABASE_URL: not a Postgres URL"),
        (wrong_key, "set ATTENDANCE_KEK, or ATTENDANCE_KEK_FILE"),
    ] {
        let ended = tokio::time::timeout(Duration::from_secs(10), start_parts(&config, Parts::all())).await;
        let message = format!("{:#}", ended.expect(says).err().expect(says));
        assert!(message.starts_with(says), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p51_while_postgres_restarts_refusals_are_503_with_retry_after_and_service_is_back_in_ten_seconds() {
    let mut cluster = own_cluster("restart").await;
    let app = Arc::new(TestApp::start_config(TestDatabases::create().await.unwrap(), &on(&cluster)).await.unwrap());
    let school = Arc::new(app.school(1).await.unwrap());
    let stop = CancellationToken::new();
    let mut callers = Vec::new();
    let kiosk = format!("/api/v1/kiosks/{}/roster", school.kiosk);
    for path in
        ["/api/v1/live", "/api/v1/students", "/api/v1/audit", "/api/v1/live/pupils", "/hoy", "scan", "schedule", &kiosk]
    {
        let (app, school, stop, path) = (app.clone(), school.clone(), stop.clone(), path.to_owned());
        callers.push(tokio::spawn(async move {
            let (mut seen, mut seq) = (BTreeMap::<(u16, bool), usize>::new(), 0);
            while !stop.is_cancelled() {
                seq += 1;
                let response = match path.as_str() {
                    "scan" => {
                        let scan = school.scan(seq, &school.pupils[0].1, app.now());
                        app.post_scans(&school, school.batch(&[scan], app.now()).to_string()).await
                    }
                    "schedule" => {
                        let url = format!("{}/api/v1/courses/{}/schedule", app.base, school.course);
                        let key = app.state().ids.next().to_string();
                        let body = serde_json::json!({ "effective_from": "2026-03-16", "stays": [] });
                        Ok(app.client.put(url).json(&body).header("idempotency-key", key).send().await.unwrap())
                    }
                    path => {
                        let url = format!("{}{path}", app.base);
                        let request = app.client.get(url).header("accept", "text/html, */*");
                        let request =
                            if path.contains("kiosks") { request.bearer_auth(&school.secret) } else { request };
                        Ok(request.send().await.unwrap())
                    }
                };
                let response = response.unwrap();
                let status = response.status().as_u16();
                *seen.entry((status, response.headers().contains_key("retry-after"))).or_default() += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            (path, seen)
        }));
    }
    for round in 0..2 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if round == 0 {
            cluster.stop()
        } else {
            cluster.signal("KILL").unwrap()
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(app.get("/healthz").await.unwrap().status(), 200);
        assert_eq!(app.get("/readyz").await.unwrap().status(), 503);
        cluster.resume().await.unwrap();
        until("ready again", Duration::from_secs(10), || async {
            let (ready, board) = (app.get("/readyz").await.unwrap(), app.get("/api/v1/live").await.unwrap());
            ready.status() == 200 && board.status() == 200
        })
        .await;
    }
    stop.cancel();
    let mut refused = 0;
    for caller in callers {
        let (path, seen) = caller.await.unwrap();
        refused += seen.iter().filter(|((status, _), _)| *status != 200).map(|(_, n)| n).sum::<usize>();
        assert!(seen.keys().all(|answer| matches!(answer, (200, _) | (503, true))), "{path}: {seen:?}");
        assert!(seen.keys().any(|(status, _)| *status == 200), "{path}: {seen:?}");
    }
    // Whoever asked at the outage's end may have waited it out; not everybody can have.
    assert!(refused > 0, "nobody noticed the outages");
    // The relay of events into the read models goes on too.
    app.settle().await.unwrap();
    let Ok(app) = Arc::try_unwrap(app) else { panic!("the callers ended") };
    app.shutdown().await;
}

#[tokio::test]
async fn workers_run_alone_notice_a_silent_kiosk_and_stop_when_told() {
    let databases = TestDatabases::create().await.unwrap();
    let app = TestApp::start_with(databases.clone(), None).await.unwrap();
    let school = app.school(1).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    let config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    app.shutdown().await;
    let clock = Arc::new(ManualClock::at(monday_morning() + TimeDelta::minutes(10)));
    let running = start(&config, Parts::from_only(&[Part::Workers]), clock, Arc::new(SystemIds)).await.unwrap();
    assert!(running.base_url().is_none());
    until("the kiosk's silence is in the log", Duration::from_secs(20), || async {
        let count = "select count(*) from events where event_type = 'silent'";
        sqlx::query_scalar::<_, i64>(count).fetch_one(&running.pools().log_reader).await.unwrap() == 1
    })
    .await;
    tokio::time::timeout(Duration::from_secs(5), running.shutdown()).await.expect("it stops");
}

/// What the server answers to raw bytes until it closes, and how long that took.
async fn raw(app: &TestApp, pieces: &[&str]) -> (String, Duration) {
    let begun = Instant::now();
    let mut stream = tokio::net::TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    for piece in pieces {
        stream.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.expect("it closes");
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn p49_a_head_that_dribbles_is_cut_off_and_a_connection_between_two_requests_is_not() {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.tuning.head_time = Duration::from_millis(600);
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let host = "host: localhost\r\n";
    let (nothing, took) = raw(&app, &[]).await;
    assert!(nothing.is_empty() && took < Duration::from_secs(3), "{took:?}");
    let (half, took) = raw(&app, &["GET /healthz HTTP/1.1\r\n", host, "x: y\r\n"]).await;
    assert!(half.is_empty() && took < Duration::from_secs(3), "{took:?}");
    // A second request after a pause longer than a head may take; then half a head.
    let mut stream = tokio::net::TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    for _ in 0..2 {
        stream.write_all(format!("GET /healthz HTTP/1.1\r\n{host}\r\n").as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let n = stream.read(&mut answer).await.unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    stream.write_all(b"GET /hea").await.unwrap();
    let cut = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut [0; 64])).await.expect("cut off");
    assert!(matches!(cut, Ok(0) | Err(_)));
    app.shutdown().await;
}

#[tokio::test]
async fn p49_whoever_sends_heads_and_never_their_bodies_keeps_nobody_out() {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.tuning.connections = 40;
    config.http.tuning.requests_at_once = 4;
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let address = app.base.trim_start_matches("http://");
    let mut silent = Vec::new();
    for _ in 0..30 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!("POST /entrar HTTP/1.1\r\nhost: {address}\r\norigin: {}\r\n", app.base);
        let form = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nemail=";
        stream.write_all(format!("{head}{form}").as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let begun = Instant::now();
    for _ in 0..10 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /entrar HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 4096];
        let n = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await.expect("it is answered");
        assert!(answer[..n.unwrap()].starts_with(b"HTTP/1.1 200"));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // Whoever says all of it is answered meanwhile, slowly or not, while there is room.
    drop(silent);
    let (answer, _) = raw(&app, &["POST /entrar HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n", 
        "sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 15\r\n\r\n",
        "email=x", "&clave=y"]).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    app.shutdown().await;
}

/// Asks on, and reads nothing; how long it was borne.
async fn never_reads(address: std::net::SocketAddr) -> Duration {
    let begun = Instant::now();
    let mut stream = narrow(address).await;
    while stream.write_all(b"GET /entrar HTTP/1.1\r\nhost: localhost\r\n\r\n").await.is_ok() {}
    begun.elapsed()
}

/// A connection that takes in very little.
async fn narrow(address: std::net::SocketAddr) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(address).await.unwrap()
}

#[tokio::test]
async fn p49_whoever_asks_on_and_never_reads_makes_room_and_is_closed_and_whoever_reads_slowly_is_not() {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.tuning.connections = 40;
    config.http.tuning.send_buffer = 8 * 1024;
    config.http.tuning.untaken_time = Duration::from_secs(4);
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let address = app.base.trim_start_matches("http://").parse().unwrap();
    let mut slow = narrow(address).await;
    slow.write_all("GET /entrar HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40).as_bytes()).await.unwrap();
    let slow = tokio::spawn(async move {
        let (begun, mut took) = (Instant::now(), vec![0; 4096]);
        while begun.elapsed() < Duration::from_secs(10) {
            assert!(slow.read(&mut took).await.expect("it is not closed") > 0);
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    let mut attack: tokio::task::JoinSet<_> = (0..29).map(|_| never_reads(address)).collect();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(attack.try_join_next().is_none(), "while there is room, nobody has to go");
    let mut others = Vec::new();
    for _ in 0..5 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /entrar HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let answered = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut [0; 12])).await;
        assert_eq!(answered.expect("it is answered").unwrap(), 12);
        others.push(stream);
    }
    let borne = tokio::time::timeout(Duration::from_secs(10), attack.join_all()).await.expect("every one is closed");
    let made_room = borne.iter().filter(|borne| **borne < Duration::from_secs(4)).count();
    assert!(made_room < 10, "{borne:?}");
    slow.await.unwrap();
    app.shutdown().await;
}

#[tokio::test]
async fn p49_one_secret_holds_few_connections_and_leaves_the_others_to_everybody() {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    (config.http.tuning.connections, config.http.tuning.proven_each) = (12, 2);
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    let mut families = Vec::new();
    app.guardian(&school, "ursula@example.cl", &[]).await.unwrap();
    for _ in 0..2 {
        families.push(app.family("ursula@example.cl").await.unwrap());
    }
    let address = app.base.trim_start_matches("http://");
    let ask = async |path: &str, fields: &str| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await;
        read.expect("it is answered").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200", "{path}");
        stream
    };
    let roster = format!("/api/v1/kiosks/{}/roster", school.kiosk);
    let secret = format!("authorization: Bearer {}\r\n", school.secret);
    let mut kept = Vec::new();
    for n in 0..16 {
        kept.push(match n % 4 {
            0 => ask("/api/v1/live", &format!("cookie: {}\r\n", app.owner().cookie)).await,
            1 => ask(&roster, &secret).await,
            // The same guardian, in two browsers.
            browser => ask("/familia", &format!("cookie: {}\r\n", families[browser - 2])).await,
        });
    }
    for _ in 0..6 {
        ask("/entrar", "").await;
    }
    // Of each, the first two are never shown out.
    let mut open = Vec::new();
    for (n, stream) in kept.iter_mut().enumerate() {
        let mut rest = vec![0; 1 << 20];
        loop {
            match tokio::time::timeout(Duration::from_millis(100), stream.read(&mut rest)).await {
                Err(_) => break open.push(n),
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
            }
        }
    }
    assert!([0, 4, 1, 5, 2, 3].iter().all(|first| open.contains(first)), "{open:?}");
    assert!(open.len() < 12, "{open:?}");
    app.shutdown().await;
}

#[tokio::test]
async fn p50_past_its_bound_a_lane_is_refused_at_once_and_the_other_and_the_probes_are_not() {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.tuning.requests_at_once = 0;
    let app = TestApp::start_config(databases.clone(), &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    let live = app.get("/api/v1/live").await.unwrap();
    assert!((1..=4).contains(&live.headers()["retry-after"].to_str().unwrap().parse().unwrap()));
    assert_eq!(refusal(live).await.unwrap(), (503, "overloaded".into()));
    for probe in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(app.get(probe).await.unwrap().status(), 200);
    }
    assert_eq!(
        app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap()[0]["verdict"],
        "accepted"
    );
    app.shutdown().await;
    config.http.tuning.requests_at_once = 1;
    config.http.tuning.kiosks_at_once = 0;
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let refused = app.post_scans(&school, "{}").await.unwrap();
    assert_eq!(refusal(refused).await.unwrap(), (503, "overloaded".into()));
    for _ in 0..3 {
        assert_eq!(app.get("/api/v1/live").await.unwrap().status(), 200, "a place is given back");
    }
    app.shutdown().await;
}
