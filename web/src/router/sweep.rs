//! What holds on every route at once.

use crate::testing::{TestApp, refusal};
use reqwest::{Method, Response, StatusCode};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Every route of the API as the document names it, with ids that exist nowhere.
async fn operations(app: &TestApp) -> Vec<(Method, String)> {
    let document = app.json("/api/openapi.json").await.unwrap();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let nowhere = uuid::Uuid::from_u128(1).to_string();
        let path = path.replace("{id}", &nowhere).replace("{kiosk_id}", &nowhere).replace("{date}", "2026-03-16");
        let path = path.replace("{entry_id}", &nowhere);
        for method in operations.as_object().unwrap().keys() {
            all.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(all.len() > 12, "{all:?}");
    all
}

async fn ask(app: &TestApp, method: &Method, path: &str) -> Response {
    let client = app.browser(app.owner()).unwrap();
    client.request(method.clone(), format!("{}{path}", app.base)).send().await.unwrap()
}

#[tokio::test]
async fn a16_under_a_name_that_is_served_by_tls_a_browser_asks_for_nothing_else_any_more() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.hosts = vec!["gate.school.cl".to_owned()];
    let app = TestApp::start_config(databases, &config).await.unwrap();
    for path in ["/healthz", "/entrar", "/hoy", "/nowhere", "/api/v1/live", "/assets/board.css"] {
        let of = async |host: &str| {
            let answer = app.anonymous.get(format!("{}{path}", app.base)).header("host", host).send().await.unwrap();
            answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap().to_owned())
        };
        let kept = of("gate.school.cl").await.unwrap_or_default();
        assert_eq!(kept, "max-age=31536000; includeSubDomains", "{path}");
        // On this machine there is no TLS, and a browser told so could not come any more.
        assert_eq!(of("localhost").await, None, "{path}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn p24_a_page_of_another_site_gets_no_write_and_no_stream_from_any_route() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let mut guarded = operations(&app).await;
    guarded.retain(|(method, path)| *method != Method::GET || path == "/api/v1/live/stream");
    guarded.push((Method::GET, format!("/hoy/live?colegio={}", school.id)));
    assert!(guarded.len() >= 5, "{guarded:?}");
    for (method, path) in guarded {
        let send = async |site: Option<&str>| {
            let request = app.client.request(method.clone(), format!("{}{path}", app.base));
            let request = if let Some(site) = site { request.header("sec-fetch-site", site) } else { request };
            request.send().await.unwrap()
        };
        for site in ["cross-site", "same-site", "surprise"] {
            let refused = refusal(send(Some(site)).await).await.unwrap();
            assert_eq!(refused, (403, "cross_site".to_owned()), "{method} {path} {site}");
        }
        let plain = send(None).await.status();
        assert_ne!(plain, StatusCode::FORBIDDEN, "{method} {path}");
        for site in ["same-origin", "none"] {
            assert_eq!(send(Some(site)).await.status(), plain, "{method} {path} {site}");
        }
    }
    let scan = school.batch(&[school.scan(1, &school.pupils[0].1, app.now())], app.now());
    assert_eq!(app.post_scans(&school, scan.to_string()).await.unwrap().status(), 200, "a kiosk says no site");
    app.shutdown().await;
}

/// The status of the answer to raw bytes; none if the connection just ends.
async fn raw(app: &TestApp, request: &str) -> Option<u16> {
    let mut line = tokio::net::TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    line.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(10), line.read_exact(&mut answer)).await.expect("an answer");
    read.ok().map(|_| std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap())
}

#[tokio::test]
async fn p26_only_a_request_for_one_of_our_names_is_looked_at() {
    let app = TestApp::start().await.unwrap();
    let ours = app.base.trim_start_matches("http://").to_owned();
    // Refused before routing: the address that nothing serves gets the same answer.
    for path in ["/healthz", "/nowhere"] {
        for (target, hosts, allowed) in [
            (path.to_owned(), vec![], &[400, 421][..]),
            (path.to_owned(), vec!["evil.example"], &[421]),
            (path.to_owned(), vec![""], &[400, 421]),
            (path.to_owned(), vec![ours.as_str(), ours.as_str()], &[400, 421]),
            (path.to_owned(), vec![ours.as_str(), "evil.example"], &[400, 421]),
            (path.to_owned(), vec!["localhost.evil.example"], &[421]),
            (path.to_owned(), vec!["user@localhost"], &[400, 421]),
            (format!("http://evil.example{path}"), vec![ours.as_str()], &[421]),
            (format!("http://{ours}{path}"), vec!["evil.example"], &[421]),
        ] {
            for version in ["1.1", "1.0"] {
                let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
                let status = raw(&app, &format!("GET {target} HTTP/{version}\r\n{hosts}\r\n")).await;
                assert!(status.is_some_and(|s| allowed.contains(&s)), "{target} {version} {hosts}: {status:?}");
            }
        }
    }
    for host in [ours.as_str(), "LOCALHOST", "localhost:1", "[::1]"] {
        assert_eq!(raw(&app, &format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")).await, Some(200), "{host}");
    }
    assert_eq!(raw(&app, &format!("GET http://{ours}/healthz HTTP/1.1\r\nHost: {ours}\r\n\r\n")).await, Some(200));
    app.shutdown().await;
}

#[tokio::test]
async fn a28_p48_a_head_that_is_ambiguous_or_too_large_is_refused() {
    let app = TestApp::start().await.unwrap();
    let post =
        |fields: &str| format!("POST /api/v1/kiosks/x/scans HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n{{}}");
    for fields in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: +2",
        "Content-Length : 2",
        "Content-Length: 2\r\n folded: yes",
        "Transfer-Encoding: chunked, identity",
    ] {
        assert_eq!(raw(&app, &post(fields)).await, Some(400), "{fields}");
    }
    let get = |fields: &str| format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let many: String = (0..70).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(raw(&app, &get(&many)).await, Some(431));
    assert_eq!(raw(&app, &get(&format!("x: {}\r\n", "y".repeat(12 * 1024)))).await, Some(200));
    assert_eq!(raw(&app, &get(&format!("x: {}\r\n", "y".repeat(20 * 1024)))).await, Some(431));
    app.shutdown().await;
}

#[tokio::test]
async fn streams_of_both_kinds_share_their_places_and_leave_connections_to_everybody_else() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    // One school has half of them.
    (config.http.tuning.streams, config.http.tuning.connections) = (4, 6);
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    let paths = [format!("/api/v1/live/stream?school={}", school.id), format!("/hoy/live?colegio={}", school.id)];
    let mut open = Vec::new();
    for path in &paths {
        let mut stream = ask(&app, &Method::GET, path).await;
        assert_eq!(stream.status(), 200, "{path}");
        stream.chunk().await.unwrap();
        open.push(stream);
    }
    for path in &paths {
        let refused = app.get(path).await.unwrap();
        assert_eq!(refused.status(), 503, "{path}");
        assert!(refused.headers().contains_key("retry-after"), "{path}");
    }
    assert_eq!(app.get("/healthz").await.unwrap().status(), 200);
    let scan = school.scan(1, &school.pupils[0].1, app.now());
    assert_eq!(app.scan(&school, &[scan]).await.unwrap()[0]["verdict"], "accepted");
    // A place is free again when its stream ended.
    drop(open.pop());
    let begun = std::time::Instant::now();
    while app.get(&paths[0]).await.unwrap().status() != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the place was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.shutdown().await;
}
