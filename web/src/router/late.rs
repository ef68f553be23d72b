//! A request's head may come long before its body. What counts is who may when all of it is there.

use crate::testing::TestApp;
use domain::account::StaffRole;
use sqlx::Connection as _;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request whose head was sent.
struct HalfSent {
    line: TcpStream,
    body: String,
}

impl HalfSent {
    /// Sends the head, and waits until the server has looked at it and at what it keeps for a second.
    async fn begin(app: &TestApp, request: &str, fields: &[(&str, &str)], body: &str) -> Self {
        let host = app.base.trim_start_matches("http://");
        let mut line = TcpStream::connect(host).await.unwrap();
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{request} HTTP/1.1\r\nhost: {host}\r\norigin: {}\r\nconnection: close\r\ncontent-length: {}\r\n{fields}\r\n",
            app.base,
            body.len()
        );
        line.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Self { line, body: body.to_owned() }
    }

    /// Sends the rest; the whole answer.
    async fn end(mut self) -> String {
        self.line.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        self.line.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[tokio::test]
async fn a46_a_form_or_a_write_of_which_the_head_came_before_the_revocation_and_the_body_after_it_is_refused() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let invite = (
        format!("POST /personas/invitar?colegio={}", school.id),
        "application/x-www-form-urlencoded",
        "nombre=Eva&email=eva%40escuela.cl&rol=ADMIN".to_owned(),
    );
    let schedule = (
        format!("PUT /api/v1/courses/{}/schedule?school={}", school.course, school.id),
        "application/json",
        r#"{"effective_from":"2026-03-16","stays":[]}"#.to_owned(),
    );
    for (request, kind, body) in [invite, schedule] {
        for revoked in [false, true] {
            let person = app.person(school.id, StaffRole::Admin).await.unwrap();
            let key = uuid::Uuid::from_u128(u128::from(revoked) + 7).to_string();
            let fields = [("cookie", person.cookie.as_str()), ("content-type", kind), ("idempotency-key", &key)];
            let half = HalfSent::begin(&app, &request, &fields, &body).await;
            if revoked {
                sqlx::query("delete from account_roles where account_id = $1")
                    .bind(person.account_id.0)
                    .execute(&app.running().pools().log_writer)
                    .await
                    .unwrap();
            }
            let answer = half.end().await;
            let status = &answer[9..12];
            assert_eq!(status, if revoked { "404" } else { "200" }, "{request}: {answer}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_kiosk_that_is_revoked_while_its_body_comes_is_not_trusted() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let bearer = format!("Bearer {}", school.secret);
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let to = |what: &str| format!("POST /api/v1/kiosks/{}/{what}", school.kiosk);
    let scan = school.scan(1, &school.pupils[0].1, app.now());
    let scans = school.batch(&[scan], app.now()).to_string();
    let beat = HalfSent::begin(&app, &to("heartbeat"), &fields, "{}").await;
    let batch = HalfSent::begin(&app, &to("scans"), &fields, &scans).await;
    sqlx::query("update kiosk_secrets set revoked_at = now() where kiosk_id = $1")
        .bind(school.kiosk.0)
        .execute(&app.running().pools().log_writer)
        .await
        .unwrap();
    let answer = beat.end().await;
    assert!(answer[9..12] == *"403" && answer.contains("kiosk_revoked"), "{answer}");
    let answer = batch.end().await;
    assert!(answer[9..12] == *"200" && answer.contains("quarantined"), "kept, and counted by nobody: {answer}");
    app.shutdown().await;
}

/// A server with four places for kiosks, and a school whose kiosk proved who it is a moment ago.
async fn few_places() -> (TestApp, crate::testing::TestSchool) {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.tuning.kiosks_at_once = 4;
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    let scan = school.scan(1, &school.pupils[0].1, app.now());
    assert_eq!(app.scan(&school, &[scan]).await.unwrap()[0]["verdict"], "accepted");
    (app, school)
}

#[tokio::test]
async fn p50_a_kiosk_that_is_revoked_takes_no_place_of_its_school() {
    let (app, school) = few_places().await;
    let bearer = format!("Bearer {}", school.secret).parse().unwrap();
    let headers = axum::http::HeaderMap::from_iter([(axum::http::header::AUTHORIZATION, bearer)]);
    let taken = || app.state().secrets.school_of(school.kiosk, &headers);
    assert_eq!(taken(), Some(school.id));
    sqlx::query("update kiosk_secrets set revoked_at = now() where kiosk_id = $1")
        .bind(school.kiosk.0)
        .execute(&app.running().pools().log_writer)
        .await
        .unwrap();
    let (begun, mut seq) = (Instant::now(), 2);
    while taken().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it has its places still");
        app.scan(&school, &[school.scan(seq, &school.pupils[0].1, app.now())]).await.unwrap();
        seq += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p50_whoever_knows_a_kiosks_id_and_sends_200_bodies_slowly_takes_no_place_of_its_school() {
    let (app, school) = few_places().await;
    let host = app.base.trim_start_matches("http://");
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut line = TcpStream::connect(host).await.unwrap();
        let secret = if n % 2 == 0 { "" } else { "authorization: Bearer guessed\r\n" };
        let what = if n % 3 == 0 { "heartbeat" } else { "scans" };
        let head = format!(
            "POST /api/v1/kiosks/{}/{what} HTTP/1.1\r\nhost: {host}\r\n{secret}content-type: application/json\r\n\
             content-length: 100000\r\n\r\n{{\"queue_id\"",
            school.kiosk
        );
        line.write_all(head.as_bytes()).await.unwrap();
        slow.push(line);
    }
    for seq in 2..22 {
        let begun = Instant::now();
        let scan = school.scan(seq, &school.pupils[0].1, app.now());
        // Whoever is refused would be answered with 503.
        app.scan(&school, &[scan]).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        for line in slow.iter_mut().skip(usize::try_from(seq).unwrap()).step_by(20) {
            let _ = line.write_all(b" ").await;
        }
    }
    drop(slow);
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p50_whoever_has_not_proved_to_be_a_kiosk_waits_for_the_database_in_no_place_of_its_school() {
    let (app, school) = few_places().await;
    // Whether a guess is right is asked of a table that answers nobody now.
    let mut owner = sqlx::PgConnection::connect_with(&app.databases.owner_options()).await.unwrap();
    sqlx::raw_sql("begin; lock table kiosk_secrets in access exclusive mode").execute(&mut owner).await.unwrap();
    let url = format!("{}/api/v1/kiosks/{}/roster", app.base, school.kiosk);
    let guesses: Vec<_> =
        (0..8).map(|n| tokio::spawn(app.anonymous.get(&url).bearer_auth(format!("guess-{n}")).send())).collect();
    let waiting = "select count(*) from pg_stat_activity
                   where wait_event_type = 'Lock' and query like '%kiosk_secrets%' and datname = current_database()";
    // By another connection: within one transaction the view stays what it was.
    let mut looks = sqlx::PgConnection::connect_with(&app.databases.owner_options()).await.unwrap();
    let begun = Instant::now();
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut looks).await.unwrap() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The kiosk itself is known, for a second without asking; longer than that and it waits for the table too.
    let scan = school.scan(2, &school.pupils[0].1, app.now());
    let batch = school.batch(&[scan], app.now()).to_string();
    let (answer, ()) = tokio::join!(app.post_scans(&school, batch), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sqlx::raw_sql("rollback").execute(&mut owner).await.unwrap();
    });
    assert_eq!(answer.unwrap().status(), 200);
    let mut refused = 0;
    for guess in guesses {
        let status = guess.await.unwrap().unwrap().status().as_u16();
        assert!(matches!(status, 401 | 503), "{status}");
        refused += usize::from(status == 503);
    }
    assert!(refused >= 4, "strangers share what strangers have: {refused}");
    app.shutdown().await;
}
