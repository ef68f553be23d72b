//! Requests as bytes on a real socket, over our own accept loop: whatever may be read in two ways (RFC 9112, 11) is
//! read once. The cases are data, in `cases`.

mod cases;

use super::{Part, Parts, Running, start_with};
use crate::api::input::JsonBytes;
use crate::config::Config;
use crate::router::{BODY_LIMIT, surrounded};
use crate::testing::monday_morning;
use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use cases::{Case, Expected};
use commands::clock::ManualClock;
use commands::ids::SystemIds;
use local_services::testing::TestDatabases;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request that is nothing special, and after which the connection is over.
const NEXT: &str = "GET /healthz?next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// How long the server may say nothing: longer than a head may take.
const SILENCE: Duration = Duration::from_secs(2);
/// What stands among the statuses where it said nothing for so long, and did not close.
const STUCK: u16 = 0;

/// What reached the handlers, and how many requests the server took what came for.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Noted>>);

#[derive(Clone, Default)]
struct Noted {
    handled: Vec<String>,
    requests: usize,
}

impl Notes {
    fn handled(&self, what: String) {
        self.0.lock().unwrap().handled.push(what);
    }

    /// What was noted since the last time.
    fn take(&self) -> Noted {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

async fn plain(Extension(notes): Extension<Notes>, method: Method, uri: Uri) -> &'static str {
    notes.handled(format!("{method} {}", uri.path_and_query().unwrap()));
    "done"
}

async fn with_body(Extension(notes): Extension<Notes>, JsonBytes(body): JsonBytes<BODY_LIMIT>) -> &'static str {
    notes.handled(format!("scans {}", String::from_utf8_lossy(&body)));
    "done"
}

async fn without_its_body(Extension(notes): Extension<Notes>) -> &'static str {
    notes.handled("heartbeat".to_owned());
    "done"
}

async fn count(request: Request, next: Next) -> Response {
    let notes: Notes = request.extensions().get::<Notes>().unwrap().clone();
    notes.0.lock().unwrap().requests += 1;
    next.run(request).await
}

/// A server whose handlers note that they were reached, surrounded by what surrounds ours.
async fn server(notes: &Notes) -> Running {
    let databases = TestDatabases::create().await.unwrap();
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.tuning.head_time = Duration::from_millis(400);
    let clock = Arc::new(ManualClock::at(monday_morning()));
    start_with(&config, Parts::from_only(&[Part::Http]), clock, Arc::new(SystemIds), |state| {
        let routes = Router::new()
            .route("/healthz", get(plain))
            .route("/api/v1/kiosks/{kiosk_id}/scans", post(with_body))
            .route("/api/v1/kiosks/{kiosk_id}/heartbeat", post(without_its_body));
        surrounded(routes, state).layer(from_fn(count)).layer(Extension(notes.clone()))
    })
    .await
    .unwrap()
}

/// Reads on until `enough`, until the server closes, or for as long as it may stay silent; whether it closed.
async fn read(line: &mut TcpStream, answer: &mut Vec<u8>, enough: impl Fn(&[u8]) -> bool) -> bool {
    let mut piece = [0; 4096];
    while !enough(answer) {
        match timeout(SILENCE, line.read(&mut piece)).await {
            Ok(Ok(n)) if n > 0 => answer.extend_from_slice(&piece[..n]),
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
    false
}

/// The statuses of the final answers among what a server sent.
fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let all = text.match_indices("HTTP/1.").map(|(at, _)| text[at + 9..at + 12].parse().unwrap());
    all.filter(|status| *status != 100).collect()
}

/// What the server answers to these bytes, and to an ordinary request that follows their first answer.
async fn answers(address: &str, bytes: &[u8]) -> Vec<u16> {
    let mut line = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // It may be closed before all is written.
    let _ = line.write_all(bytes).await;
    let answered = |answer: &[u8]| !statuses_of_whole_heads(answer).is_empty();
    let mut closed = read(&mut line, &mut answer, answered).await;
    if !closed && answered(&answer) {
        let _ = line.write_all(NEXT.as_bytes()).await;
        closed = read(&mut line, &mut answer, |_| false).await;
    }
    let stuck = (!closed).then_some(STUCK);
    statuses(&answer).into_iter().chain(stuck).collect()
}

fn statuses_of_whole_heads(answer: &[u8]) -> Vec<u16> {
    let end = answer.windows(4).rposition(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    statuses(&answer[..end])
}

#[tokio::test]
async fn a28_t03_what_can_be_read_in_two_ways_is_answered_once_and_nothing_hides_in_it() {
    let notes = Notes::default();
    let server = server(&notes).await;
    let address = server.base_url().unwrap().trim_start_matches("http://").to_owned();

    // The notes do see a second request where there is one.
    assert_eq!(answers(&address, format!("{}{}", cases::GET, cases::SMUGGLED).as_bytes()).await, [200, 200, 200]);
    let seen = notes.take();
    assert_eq!(seen.handled, ["GET /healthz", "GET /healthz?smuggled", "GET /healthz?next"]);
    assert_eq!(seen.requests, 3);

    let cases = cases::all();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for Case { name, bytes, expected } in &cases {
        let answered = answers(&address, bytes).await;
        let Noted { mut handled, requests } = notes.take();
        // The ordinary request after it, where the connection is still open, is answered as ever.
        let next = handled.last().is_some_and(|last| last == "GET /healthz?next");
        handled.truncate(handled.len() - usize::from(next));
        let after: &[u16] = if next { &[200] } else { &[] };
        let (answer, reached) = match expected {
            Expected::Refused(status) => (vec![*status], None),
            Expected::Closed => (vec![], None),
            Expected::Served(what) => (vec![200], Some(what)),
        };
        let once = answered == [&answer[..], after].concat() && requests <= 1 + usize::from(next);
        if !once || handled.iter().ne(reached) {
            wrong
                .push(format!("{name}: answered {answered:?}, {requests} requests, handled {handled:?}; {expected:?}"));
        }
        assert_eq!(answers(&address, NEXT.as_bytes()).await, [200], "after {name}");
        assert_eq!(notes.take().handled, ["GET /healthz?next"], "after {name}");
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    server.shutdown().await;
}
