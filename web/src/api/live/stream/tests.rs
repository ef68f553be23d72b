use crate::live::FrameId;
use crate::testing::{TestApp, TestSchool, minutes, refusal};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// A client of the stream, event by event.
struct Events {
    body: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: Option<FrameId>,
    data: Value,
}

impl Events {
    async fn open(app: &TestApp, school: &TestSchool, last: Option<FrameId>) -> Self {
        let client = reqwest::Client::builder().build().unwrap();
        let request = client.get(format!("{}/api/v1/live/stream?school={}", app.base, school.id));
        let request = if let Some(id) = last { request.header("last-event-id", id.to_string()) } else { request };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next event; none when the stream ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
                let event = Event {
                    name: field("event").unwrap_or_default().to_owned(),
                    id: field("id").and_then(|id| id.parse().ok()),
                    data: serde_json::from_str(field("data").unwrap()).unwrap(),
                };
                self.text = rest.to_owned();
                return Some(event);
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.expect("an event in time");
            match chunk? {
                Ok(bytes) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Err(_) => return None,
            }
        }
    }

    /// Reads on until every one of these scans was in an event; which, and the last id.
    async fn until(&mut self, wanted: usize) -> (BTreeSet<String>, FrameId) {
        let mut seen = BTreeSet::new();
        let mut last = None;
        while seen.len() < wanted {
            let event = self.next().await.expect("the stream goes on");
            for scan in event.data["scans"].as_array().into_iter().flatten() {
                seen.insert(scan["scan_id"].as_str().unwrap().to_owned());
            }
            last = event.id.or(last);
        }
        (seen, last.unwrap())
    }
}

async fn tap(app: &TestApp, school: &TestSchool, pupils: std::ops::Range<usize>) {
    for n in pupils {
        let seq = i64::try_from(n).unwrap() + 1;
        app.scan(school, &[school.scan(seq, &school.pupils[n].1, app.now())]).await.unwrap();
    }
}

#[tokio::test]
async fn a_scan_is_in_the_stream_and_whoever_comes_back_has_missed_nothing() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(30).await.unwrap();
    let mut events = Events::open(&app, &school, None).await;
    let first = events.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data["totals"]["pupils"]), ("snapshot", &Value::from(30)));
    // Somebody else goes on watching, so the frames go on too.
    let _other = Events::open(&app, &school, None).await;
    tap(&app, &school, 0..3).await;
    let (mut seen, last) = events.until(3).await;
    drop(events);
    tap(&app, &school, 3..25).await;
    app.settle().await.unwrap();
    let mut back = Events::open(&app, &school, Some(last)).await;
    let event = back.next().await.unwrap();
    assert_eq!(event.name, "frame", "the ring still holds what came after");
    let mut also = event.data["scans"].as_array().unwrap().len();
    seen.extend(event.data["scans"].as_array().unwrap().iter().map(|s| s["scan_id"].as_str().unwrap().to_owned()));
    while seen.len() < 25 {
        let event = back.next().await.unwrap();
        also += event.data["scans"].as_array().unwrap().len();
        seen.extend(event.data["scans"].as_array().unwrap().iter().map(|s| s["scan_id"].as_str().unwrap().to_owned()));
    }
    assert_eq!((seen.len(), also), (25, 22), "each scan once");
    let name = &event.data["last_scans"][0]["name"];
    assert_eq!((&name["state"], &name["family"]), (&Value::from("known"), &Value::from("Pérez Soto")));
    app.shutdown().await;
}

#[tokio::test]
async fn an_id_of_another_life_of_the_log_gets_a_snapshot() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let id = FrameId { epoch: domain::Epoch(uuid::Uuid::from_u128(5)), position: 2 };
    let mut events = Events::open(&app, &school, Some(id)).await;
    assert_eq!(events.next().await.unwrap().name, "snapshot");
    app.shutdown().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_slows_nobody_and_the_end_of_the_server_ends_all_streams() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(40).await.unwrap();
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(Events::open(&app, &school, None).await);
    }
    let mut fast = Events::open(&app, &school, None).await;
    fast.next().await.unwrap();
    let begun = std::time::Instant::now();
    tap(&app, &school, 0..40).await;
    assert_eq!(fast.until(40).await.0.len(), 40);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(app.state().live.watchers(), 21);
    let stopped = tokio::time::timeout(Duration::from_secs(10), app.shutdown()).await;
    assert!(stopped.is_ok(), "open streams hold up the end");
    while let Some(event) = fast.next().await {
        assert_ne!(event.name, "");
    }
}

#[tokio::test]
async fn lateness_comes_with_the_clock_without_any_event() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let mut events = Events::open(&app, &school, None).await;
    assert_eq!(events.next().await.unwrap().data["totals"]["pending"], 2);
    app.clock.advance(minutes(61));
    loop {
        let event = events.next().await.unwrap();
        if event.data["totals"]["missing"] == 2 {
            break;
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_school_must_be_named_when_there_are_several_and_must_exist() {
    let app = TestApp::start().await.unwrap();
    assert_eq!(refusal(app.get("/api/v1/live").await.unwrap()).await.unwrap(), (404, "not_found".into()));
    let (one, _other) = (app.school(0).await.unwrap(), app.school(0).await.unwrap());
    for path in ["/api/v1/live", "/api/v1/live/stream", "/api/v1/students", "/api/v1/audit"] {
        assert_eq!(refusal(app.get(path).await.unwrap()).await.unwrap(), (422, "school_required".into()), "{path}");
        let named = format!("{path}?school={}", uuid::Uuid::from_u128(4));
        assert_eq!(refusal(app.get(&named).await.unwrap()).await.unwrap(), (404, "not_found".into()), "{path}");
    }
    let board = app.get(&format!("/api/v1/live?school={}", one.id)).await.unwrap();
    let etag = board.headers()["etag"].to_str().unwrap().to_owned();
    let again = app.client.get(format!("{}/api/v1/live?school={}", app.base, one.id)).header("if-none-match", etag);
    assert_eq!(again.send().await.unwrap().status(), 304);
    app.shutdown().await;
}
