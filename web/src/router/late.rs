//! A request's head may come long before its body. What counts is who may when all of it is there.

use crate::testing::TestApp;
use domain::account::StaffRole;
use std::time::Duration;
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
