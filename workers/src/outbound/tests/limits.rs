//! Time, size, certificates, proxies, redirects.

use super::*;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

#[tokio::test]
async fn an_answer_comes_back_whole_with_status_and_headers() {
    let port = says(
        listen(HONEST, 0).await,
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 4\r\nconnection: close\r\n\r\nwait".into(),
    );
    let answer = get(&to_honest(), &format!("http://honest.example:{port}/")).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (429, &b"wait"[..]));
    assert_eq!(answer.headers["retry-after"], "7");
}

#[tokio::test(start_paused = true)]
async fn p34_a_connection_stands_within_3_seconds_or_there_is_none() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(std::future::pending())
        }
    }
    let guard = Guard { asks: Arc::new(Silent), passes: |_| true };
    let outbound = Outbound::build(Hosts::all(), RootCertStore::empty(), guard).unwrap();
    let began = Instant::now();
    assert_eq!(get(&outbound, "http://nowhere.example/").await.err(), Some(Failed::NotSent));
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn p34_whoever_answers_a_byte_a_second_is_given_up_after_10_seconds() {
    let port = serve(listen(HONEST, 0).await, |mut line| async move {
        let _ = line.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while line.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let began = Instant::now();
    let answered = get(&to_honest(), &format!("http://honest.example:{port}/")).await;
    assert_eq!(answered.err(), Some(Failed::NoAnswer));
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn p34_no_more_of_a_body_is_taken_than_its_limit_whatever_its_length_is_said_to_be() {
    let of = async |head: &'static str, bytes: usize| {
        let port = serve(listen(HONEST, 0).await, move |mut line| async move {
            let _ = line.write_all(format!("HTTP/1.1 200 OK\r\n{head}connection: close\r\n\r\n").as_bytes()).await;
            let _ = line.write_all(&vec![b'x'; bytes]).await;
        });
        get(&to_honest(), &format!("http://honest.example:{port}/")).await.map(|answer| answer.body.len())
    };
    assert_eq!(of("", MOST_BODY).await, Ok(MOST_BODY));
    assert_eq!(of("", MOST_BODY + 1).await, Err(Failed::TooLarge));
    assert_eq!(of("", 64 * MOST_BODY).await, Err(Failed::TooLarge));
    // Refused by what it says, before any of it came.
    assert_eq!(of("content-length: 1048577\r\n", 0).await, Err(Failed::TooLarge));
    assert_eq!(of("content-length: 10\r\n", 4).await, Err(Failed::NoAnswer), "cut off");
    // Not unpacked: what is taken is what came over the line.
    assert_eq!(of("content-encoding: gzip\r\n", 5).await, Ok(5));
}

#[tokio::test]
async fn p34_no_redirect_is_followed() {
    let trap_at = listen(Ipv4Addr::LOCALHOST, 0).await;
    let there = format!("http://127.0.0.1:{}/", trap_at.local_addr().unwrap().port());
    let came = trap(trap_at);
    for status in [300, 301, 302, 303, 305, 307, 308] {
        let head = format!("HTTP/1.1 {status} Go\r\nlocation: {there}\r\nrefresh: 0;url={there}\r\n");
        let port = says(listen(HONEST, 0).await, format!("{head}content-length: 0\r\nconnection: close\r\n\r\n"));
        // To anywhere else it would go by a name too; no rule about addresses is what stops it here.
        let outbound = only_guarded(always(HONEST), |_| true);
        let answer = get(&outbound, &format!("http://honest.example:{port}/")).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.headers["location"].to_str().unwrap()), (status, &*there));
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

/// A server over TLS with a certificate of its own for `honest.example`, and that certificate.
async fn over_tls() -> (u16, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(["honest.example".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = listen(HONEST, 0).await;
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut line = acceptor.accept(line).await?;
                let mut head = [0; 2048];
                let read = line.read(&mut head).await?;
                let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {read}\r\nconnection: close\r\n\r\n");
                line.write_all(text.as_bytes()).await?;
                line.write_all(&head[..read]).await?;
                line.shutdown().await
            });
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    (port, roots)
}

#[tokio::test]
async fn p34_what_is_listed_is_reached_over_tls_and_only_with_a_certificate_that_is_trusted() {
    let (port, roots) = over_tls().await;
    let (listed, url) = (format!("https://honest.example:{port}"), format!("https://honest.example:{port}/v1"));
    let to = |listed: &str, roots| {
        let guard = Guard { asks: Arc::new(Tells(always(HONEST))), passes: |ip| ip == IpAddr::V4(HONEST) };
        Outbound::build(Hosts::of([listed]).unwrap(), roots, guard).unwrap()
    };
    let call = to(&listed, roots.clone()).call(Method::POST, &url).unwrap();
    let answer = call.bearer("secret").json(&[1, 2]).send().await.unwrap();
    let sent = String::from_utf8(answer.body).unwrap();
    assert!(sent.starts_with("POST /v1 HTTP/1.1\r\n") && sent.ends_with("\r\n\r\n[1,2]"), "{sent}");
    assert!(sent.contains("authorization: Bearer secret\r\n") && sent.contains("user-agent: attendance/"), "{sent}");

    // Another name than the certificate's; and nobody's certificates, as the system would have them.
    let other = format!("https://other.example:{port}");
    assert_eq!(get(&to(&other, roots), &other).await.err(), Some(Failed::NotSent));
    assert_eq!(get(&to(&listed, RootCertStore::empty()), &url).await.err(), Some(Failed::NotSent));
    // Nor is any certificate good enough for the clients of this machine itself.
    assert!(loopback().build().unwrap().get(format!("https://127.0.0.2:{port}")).send().await.is_err());
}

/// Runs [`as_a_child_of`] in a process of its own, since what is in the environment is the process's.
#[tokio::test]
async fn p34_a_proxy_of_the_environment_is_not_asked() {
    let trap_at = listen(Ipv4Addr::LOCALHOST, 0).await;
    let proxy = format!("http://{}", trap_at.local_addr().unwrap());
    let came = trap(trap_at);
    let honest = says(listen(HONEST, 0).await, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".into());
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["outbound::tests::limits::as_a_child_of", "--exact", "--ignored"]).env(HONEST_AT, honest.to_string());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, &proxy);
    }
    let output = child.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

const HONEST_AT: &str = "HONEST_AT";

#[tokio::test]
#[ignore = "another test's child process"]
async fn as_a_child_of() {
    let Ok(port) = std::env::var(HONEST_AT) else { return };
    let answer = get(&to_honest(), &format!("http://honest.example:{port}/")).await.unwrap();
    assert_eq!(answer.status.as_u16(), 204);
    let answer = loopback().build().unwrap().get(format!("http://127.0.0.2:{port}/")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
}

#[test]
fn an_error_says_nothing_of_the_address() {
    let outbound = to_honest();
    let call = outbound.call(Method::GET, "http://honest.example/secret-in-the-path").unwrap();
    let broken = call.header(HeaderName::from_static("x"), HeaderValue::from_static("y"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let failed = runtime.block_on(async { broken.send().await.err().unwrap() });
    assert!(!format!("{failed} {failed:?}").contains("secret"));
}
