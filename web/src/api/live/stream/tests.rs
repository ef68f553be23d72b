use crate::live::FrameId;
use crate::testing::{TestApp, TestSchool, minutes, refusal};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
        let client = app.owner().client(&app.base).build().unwrap();
        let request = client.get(format!("{}/api/v1/live/stream?school={}", app.base, school.id));
        let request = if let Some(id) = last { request.header("last-event-id", id.to_string()) } else { request };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
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

async fn tuned(change: impl FnOnce(&mut crate::config::Tuning)) -> TestApp {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    change(&mut config.http.tuning);
    TestApp::start_config(databases, &config).await.unwrap()
}

/// Opens the stream on a socket that takes in very little, and reads up to the end of the first event.
async fn open_narrow(app: &TestApp) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = app.base.trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let head = format!("GET /api/v1/live/stream HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\n\r\n", app.owner().cookie);
    stream.write_all(head.as_bytes()).await.unwrap();
    let first = read_until(&mut stream, "event: snapshot").await;
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    stream
}

async fn read_until(stream: &mut tokio::net::TcpStream, wanted: &str) -> String {
    let (mut text, mut piece) = (String::new(), vec![0; 4096]);
    while !text.contains(wanted) {
        let read =
            tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece)).await.expect("in time").unwrap();
        assert!(read > 0, "the stream ended before {wanted}");
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    text
}

#[tokio::test]
async fn a_client_that_falls_out_of_the_ring_gets_a_snapshot_holds_little_memory_and_slows_nobody() {
    const SCANS: usize = 60;
    let app = tuned(|tuning| {
        (tuning.ring, tuning.send_buffer) = (4, 8 * 1024);
        // It may be a device that sleeps.
        (tuning.untaken_time, tuning.head_time) = (Duration::from_millis(50), Duration::from_millis(250));
    })
    .await;
    let school = app.school(SCANS + 1).await.unwrap();
    let mut slow = open_narrow(&app).await;
    let mut fast = Events::open(&app, &school, None).await;
    fast.next().await.unwrap();
    let (mut sent, mut longest) = (0, Duration::ZERO);
    for n in 0..SCANS {
        let begun = std::time::Instant::now();
        tap(&app, &school, n..n + 1).await;
        let event = fast.next().await.unwrap();
        assert_eq!(event.name, "frame", "whoever keeps up gets every frame");
        sent += event.data.to_string().len();
        longest = longest.max(begun.elapsed());
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    // What the server and both kernels held for it is all that comes before the fresh start.
    let held = read_until(&mut slow, "event: snapshot").await;
    assert!(held.len() < sent / 2, "{} of {sent} bytes", held.len());
    assert!(held.len() < 250_000, "{} bytes", held.len());
    let fresh = read_until(&mut slow, "\n\n").await;
    let last = uuid::Uuid::new_v5(&school.queue, &i64::try_from(SCANS).unwrap().to_be_bytes());
    assert!(fresh.contains(&last.to_string()), "the snapshot is the newest board");
    // It goes on like everybody else.
    tap(&app, &school, SCANS..SCANS + 1).await;
    let next = uuid::Uuid::new_v5(&school.queue, &i64::try_from(SCANS + 1).unwrap().to_be_bytes());
    assert!(read_until(&mut slow, &next.to_string()).await.contains("event: frame"));
    let figures = app.get("/metrics").await.unwrap().text().await.unwrap();
    assert!(figures.contains("live_clients_lagged_total"), "{figures}");
    app.shutdown().await;
}

#[tokio::test]
async fn a_stream_that_nobody_takes_ends_by_its_age() {
    let (age, look) = (Duration::from_secs(2), Duration::from_millis(250));
    let app = tuned(|tuning| (tuning.send_buffer, tuning.stream_age, tuning.head_time) = (8 * 1024, age, look)).await;
    let school = app.school(40).await.unwrap();
    let _slow = open_narrow(&app).await;
    tap(&app, &school, 0..40).await;
    let begun = std::time::Instant::now();
    while app.state().live.watchers() > 0 {
        assert!(begun.elapsed() < age * 3, "it still has its place");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives_and_an_old_one_ends_and_can_be_resumed() {
    let (heartbeat, age) = (Duration::from_millis(300), Duration::from_millis(1500));
    let app = tuned(|tuning| (tuning.heartbeat, tuning.stream_age) = (heartbeat, age)).await;
    let school = app.school(1).await.unwrap();
    let begun = std::time::Instant::now();
    let mut events = Events::open(&app, &school, None).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.name, "snapshot");
    let mut beats = 0;
    while let Some(event) = events.next().await {
        assert_eq!((event.name.as_str(), event.id, event.data), ("heartbeat", None, serde_json::json!({})));
        beats += 1;
    }
    let lived = begun.elapsed();
    assert!((2..=5).contains(&beats), "{beats}");
    assert!(lived >= age && lived < age * 3, "{lived:?}");
    assert_eq!(app.state().live.watchers(), 0, "the end frees its place");
    let mut back = Events::open(&app, &school, first.id).await;
    tap(&app, &school, 0..1).await;
    back.until(1).await;
    app.shutdown().await;
}

/// A school that is told at half past seven that there are no classes alarms nobody a second later.
#[tokio::test]
async fn a_day_that_is_set_or_cleared_is_on_open_boards_within_a_second() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(5).await.unwrap();
    let mut events = Events::open(&app, &school, None).await;
    let first = events.next().await.unwrap();
    assert_eq!((&first.data["totals"]["expected"], &first.data["nobody"]), (&Value::from(5), &Value::Null));
    let url = format!("{}/api/v1/calendar/2026-03-09?school={}", app.base, school.id);
    let set = serde_json::json!({"kind": "no_classes", "reason": "weather"});
    let rule = serde_json::json!({"rule": "no_classes", "reason": "weather"});
    for (key, request, expected, why) in
        [(1, app.client.put(&url).json(&set), 0, rule), (2, app.client.delete(&url), 5, Value::Null)]
    {
        let request = request.header("idempotency-key", uuid::Uuid::from_u128(key).to_string());
        assert_eq!(request.send().await.unwrap().status(), 200);
        let begun = std::time::Instant::now();
        let board = loop {
            let event = events.next().await.expect("the stream goes on");
            if event.data["totals"]["expected"] == expected {
                break event.data;
            }
        };
        assert!(begun.elapsed() < Duration::from_secs(1), "{key}: {:?}", begun.elapsed());
        assert_eq!(board["nobody"], why);
    }
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_recorded_by_hand_and_taken_back_is_on_open_boards_within_a_second() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let mut events = Events::open(&app, &school, None).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.data["totals"]["pending"], 2);
    let person = app.person(school.id, domain::account::StaffRole::Inspector).await.unwrap();
    let inspector = app.browser(&person).unwrap();
    let post = async |path: &str, form: &[(&str, &str)]| {
        let request = inspector.post(format!("{}{path}", app.base));
        let answer = crate::testing::with_form(request, form.iter().copied()).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    let (course, pupil) = (school.course.to_string(), school.pupils[0].0.to_string());
    let sheet = uuid::Uuid::from_u128(1).to_string();
    let of = [("curso", course.as_str()), ("alumno", pupil.as_str())];
    let form = [&of[..], &[("entra", &pupil), ("hoja", &sheet), ("motivo", "forgot_card")]].concat();
    let begun = std::time::Instant::now();
    let to = post("/hoy/a-mano", &form).await;
    let event = events.next().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(
        (&event.data["totals"]["present"], &event.data["totals"]["pending"]),
        (&serde_json::json!(1), &serde_json::json!(1))
    );
    assert_eq!(event.data["scans"][0]["by_hand"], "forgot_card");
    let entry = to.split_once("anotado=").unwrap().1;
    let form = [&of[..], &[("anotacion", entry), ("fecha", "2026-03-09")]].concat();
    let begun = std::time::Instant::now();
    post("/hoy/a-mano/deshacer", &form).await;
    let event = events.next().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(
        (&event.data["totals"]["pending"], &event.data["last_scans"]),
        (&serde_json::json!(2), &Value::Array(vec![]))
    );
    app.shutdown().await;
}
