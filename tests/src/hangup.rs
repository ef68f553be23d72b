//! A client that hangs up never takes a write with it, and leaves no transaction open.

use crate::support::{Ack, Line, SANTIAGO, School, ack, id};
use anyhow::{Context as _, Result, ensure};
use domain::kiosk::LaneMode;
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const REQUESTS: usize = 2_000;
const AT_ONCE: usize = 40;

/// How a request ends.
enum Cut {
    /// After so many bytes were sent.
    Sending(usize),
    /// After all was sent and so long was waited.
    Waiting(Duration),
    /// Not at all: the answer is read.
    Never,
}

/// One scan over a raw socket; the answered item if the answer was read whole.
async fn request(address: &str, path: &str, secret: &str, body: String, cut: Cut) -> Result<Option<Ack>> {
    let text = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {secret}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(address).await?;
    match cut {
        Cut::Sending(bytes) => {
            socket.write_all(&text.as_bytes()[..bytes.min(text.len() - 1)]).await?;
            Ok(None)
        }
        Cut::Waiting(time) => {
            socket.write_all(text.as_bytes()).await?;
            tokio::time::sleep(time).await;
            // Reset rather than closed: the server's next write fails.
            socket.set_zero_linger()?;
            Ok(None)
        }
        Cut::Never => {
            socket.write_all(text.as_bytes()).await?;
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await?;
            if answer.starts_with("HTTP/1.1 503") {
                return Ok(None);
            }
            ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let (from, to) = (answer.find('{').context("a body")?, answer.rfind('}').context("a body")?);
            let body: Value = serde_json::from_str(&answer[from..=to])?;
            Ok(Some(ack(&body["items"][0])))
        }
    }
}

/// Looks for transactions that nobody works on, until told to stop: how many looks, and what was seen.
async fn watch(line: &Line, stop: &AtomicBool) -> Result<(usize, Vec<String>)> {
    let idle = "select concat_ws(' ', usename, query) from pg_stat_activity
                where state like 'idle in transaction%' and datname = current_database()
                  and clock_timestamp() - state_change > interval '1 second'";
    let (mut looks, mut seen) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        seen.extend(sqlx::query_scalar::<_, String>(idle).fetch_all(&line.owner).await?);
        looks += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok((looks, seen))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_requests_cut_at_random_lose_no_acknowledged_scan_and_leave_no_transaction_open() {
    let mut line = Line::start().await.unwrap();
    let school = line.school(SANTIAGO, 1, 30).await.unwrap();
    let kiosk = line.kiosk(&school, "Norte", LaneMode::EntryLane).await.unwrap();
    let (address, path) =
        (line.base.trim_start_matches("http://").to_owned(), format!("/api/v1/kiosks/{}/scans", kiosk.id));
    let stop = AtomicBool::new(false);
    let storm = async {
        let answers: Vec<Result<Option<Ack>>> = stream::iter(0..REQUESTS)
            .map(|n| {
                let (address, path, secret) = (address.clone(), path.clone(), kiosk.secret.clone());
                let body = one_scan(&line, &school, &kiosk, n);
                async move {
                    let cut = match n % 4 {
                        0 => Cut::Never,
                        1 => Cut::Sending(fastrand::usize(1..700)),
                        _ => Cut::Waiting(Duration::from_micros(fastrand::u64(0..30_000))),
                    };
                    request(&address, &path, &secret, body, cut).await
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        // Whatever was cut off goes on in the server for a while.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stop.store(true, Ordering::Relaxed);
        answers
    };
    let (answers, watched) = tokio::join!(storm, watch(&line, &stop));
    let (looks, seen) = watched.unwrap();
    assert!(looks >= 10, "{looks} looks only");
    assert_eq!(seen, Vec::<String>::new());
    let mut acks = Vec::new();
    for answer in answers {
        // A cut may meet a socket that the server closed first; an answer must not.
        if let Some(ack) = answer.unwrap() {
            acks.push(ack);
        }
    }
    assert!(acks.len() > REQUESTS / 5, "{} answers were read", acks.len());
    line.must_equal_a_rebuild().await.unwrap();
    assert_eq!(line.must_hold(&acks).await.unwrap(), acks.len());
    // Of those that nobody waited for, most are in the log too: the write went on alone.
    let stored: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'scan_recorded'")
        .fetch_one(&line.owner)
        .await
        .unwrap();
    let alone = usize::try_from(stored).unwrap() - acks.len();
    assert!(alone > REQUESTS / 10, "only {alone} of {} whole requests went on alone", REQUESTS / 2);
    // And the server is as good as new.
    let mut fresh = kiosk.clone();
    fresh.queue = id();
    let scan = fresh.scan(&school.pupils[0].card, "entry", line.now());
    fresh.deliver(&line, &[scan]).await.unwrap();
    line.close().await;
}

/// A batch of one scan from a queue of its own.
fn one_scan(line: &Line, school: &School, kiosk: &crate::support::Kiosk, n: usize) -> String {
    let mut kiosk = kiosk.clone();
    kiosk.queue = id();
    let scan = kiosk.scan(&school.pupils[n % school.pupils.len()].card, "entry", line.now());
    let mut batch = kiosk.batch(&[scan], line.now());
    // More waits, it says: a drained queue would be one more event for each request.
    batch["queue_depth"] = 1.into();
    batch.to_string()
}
