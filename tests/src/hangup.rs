//! Clients that hang up at every byte of a request and of its answer: they take no write with them, leave no
//! transaction open, and leave nothing of themselves in the server.

use crate::process::Server;
use crate::support::{Ack, Kiosk, Line, SANTIAGO, School, ack, durable_postgres, eventually, id};
use crate::wire::{Answer, Wire, post};
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, SystemClock};
use domain::kiosk::LaneMode;
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;
use web::serve::{Part, Parts};

const REQUESTS: usize = 20_000;
const AT_ONCE: usize = 64;

/// How a request ends.
#[derive(Clone, Copy)]
enum Cut {
    /// After so many bytes were sent, fewer than all.
    Sending(usize),
    /// After all was sent and so long was waited.
    Waiting(Duration),
    /// After so many bytes of the answer.
    Reading(usize),
    /// Not at all: the answer is read.
    Never,
}

impl Cut {
    fn of(n: usize, text: &str) -> Self {
        let body = text.find("\r\n\r\n").unwrap_or(0) + 4;
        match n % 5 {
            0 => Self::Sending(fastrand::usize(1..body)),
            1 => Self::Sending(fastrand::usize(body..text.len())),
            2 => Self::Waiting(Duration::from_micros(fastrand::u64(0..30_000))),
            3 => Self::Reading(fastrand::usize(1..400)),
            _ => Self::Never,
        }
    }
}

/// One scan on a connection of its own; the answered item if the answer was read whole.
async fn request(address: &str, text: &str, cut: Cut) -> Result<Option<Ack>> {
    let mut wire = Wire::connect(address).await?;
    match cut {
        Cut::Never => return stored(&wire.ask(text).await?),
        // What the server closed first cannot be cut any more.
        Cut::Sending(bytes) => _ = wire.socket.write_all(&text.as_bytes()[..bytes]).await,
        Cut::Waiting(time) => {
            let _ = wire.socket.write_all(text.as_bytes()).await;
            tokio::time::sleep(time).await;
        }
        Cut::Reading(bytes) => {
            let _ = wire.socket.write_all(text.as_bytes()).await;
            let _ = wire.socket.read_exact(&mut vec![0; bytes]).await;
        }
    }
    // Reset or closed in order: of one the server's next write fails, the other it reads as an end.
    if fastrand::bool() {
        wire.socket.set_zero_linger()?;
    }
    Ok(None)
}

fn stored(answer: &Answer) -> Result<Option<Ack>> {
    if answer.status == 503 {
        return Ok(None);
    }
    ensure!(answer.status == 200, "{answer:?}");
    let body: Value = serde_json::from_str(&answer.body)?;
    Ok(Some(ack(&body["items"][0])))
}

/// A batch of one scan from a queue of its own.
fn one_scan(address: &str, school: &School, kiosk: &Kiosk, n: usize) -> String {
    let mut kiosk = Kiosk { queue: id(), seq: 0, ..kiosk.clone() };
    let now = SystemClock.now();
    let scan = kiosk.scan(&school.pupils[n % school.pupils.len()].card, "entry", now);
    let mut batch = kiosk.batch(&[scan], now);
    // More waits, it says: a drained queue would be one more event for each request.
    batch["queue_depth"] = 1.into();
    post(address, &format!("/api/v1/kiosks/{}/scans", kiosk.id), &kiosk.secret, &batch.to_string())
}

/// Looks for transactions that nobody works on, until told to stop: how many looks, and what was seen.
async fn watch(owner: PgPool, stop: CancellationToken) -> Result<(usize, Vec<String>)> {
    let idle = "select concat_ws(' ', usename, query) from pg_stat_activity
                where state like 'idle in transaction%' and datname = current_database()
                  and clock_timestamp() - state_change > interval '1 second'";
    let (mut looks, mut seen) = (0, Vec::new());
    while !stop.is_cancelled() {
        seen.extend(sqlx::query_scalar::<_, String>(idle).fetch_all(&owner).await?);
        looks += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok((looks, seen))
}

async fn sessions(owner: &PgPool) -> Result<i64> {
    let ours = "select count(*) from pg_stat_activity where datname = current_database() and usename is not null";
    Ok(sqlx::query_scalar(ours).fetch_one(owner).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_requests_cut_at_random_bytes_lose_no_acknowledged_scan_and_leave_nothing_behind() {
    let postgres = durable_postgres("hangup").await.unwrap();
    let mut line = Line::on_cluster(&postgres, None, Parts::from_only(&[Part::Http, Part::Projections])).await.unwrap();
    let school = line.school(SANTIAGO, 4, 50).await.unwrap();
    let kiosk = line.kiosk(&school, "Norte", LaneMode::EntryLane).await.unwrap();
    line.close().await;
    let server = Server::start(&postgres, None).await.unwrap();
    let address = server.base.trim_start_matches("http://").to_owned();
    let storm = async |requests: usize, whole: bool| {
        stream::iter(0..requests)
            .map(|n| {
                let text = one_scan(&address, &school, &kiosk, n);
                let cut = if whole { Cut::Never } else { Cut::of(n, &text) };
                let address = &address;
                async move { request(address, &text, cut).await }
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<Result<Option<Ack>>>>()
            .await
    };
    // As much as it takes when nobody hangs up.
    let mut answers = storm(500, true).await;
    let before = (server.memory().unwrap(), server.open_files().unwrap(), sessions(&line.owner).await.unwrap());

    let stop = CancellationToken::new();
    let watching = tokio::spawn(watch(line.owner.clone(), stop.clone()));
    let begun = Instant::now();
    answers.extend(storm(REQUESTS, false).await);
    let took = begun.elapsed();
    // It answers at once: whoever was cut off holds nobody up.
    let begun = Instant::now();
    let first = storm(1, true).await;
    let at_once = begun.elapsed();
    assert!(first[0].as_ref().unwrap().is_some(), "{first:?}");
    assert!(at_once < Duration::from_secs(2), "the next request took {at_once:?}");
    answers.extend(first);
    // Its pools may have opened more connections meanwhile, which they keep for the next storm.
    eventually("its open files are back", async || {
        let opened = usize::try_from(sessions(&line.owner).await? - before.2).unwrap_or(0);
        Ok(server.open_files()? <= before.1 + opened + 8)
    })
    .await
    .unwrap();
    // Whatever was cut off goes on in the server for a while, and is watched meanwhile.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop.cancel();
    let (looks, seen) = watching.await.unwrap().unwrap();
    assert!(looks >= 10, "{looks} looks only");
    assert_eq!(seen, Vec::<String>::new());
    let after = (server.memory().unwrap(), server.open_files().unwrap(), sessions(&line.owner).await.unwrap());
    println_figures(took, at_once, before, after);
    assert!(after.0 < before.0 + (48 << 20), "memory: {before:?}, {after:?}");
    // All pools of the server, its listeners, and this test's own three.
    assert!(after.2 <= 60, "sessions: {before:?}, {after:?}");
    assert_eq!(server.figure("http_overloaded_total").await.unwrap(), 0.0, "a place was not given back");

    let acks: Vec<Ack> = answers.into_iter().filter_map(|answer| answer.context("an answer").unwrap()).collect();
    assert!(acks.len() > REQUESTS / 6, "{} answers were read", acks.len());
    line.must_equal_a_rebuild().await.unwrap();
    assert_eq!(line.must_hold(&acks).await.unwrap(), acks.len());
    // Of those that nobody waited for, most are in the log too: the write went on alone.
    let stored: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'scan_recorded'")
        .fetch_one(&line.owner)
        .await
        .unwrap();
    let alone = usize::try_from(stored).unwrap() - acks.len();
    assert!(alone > REQUESTS / 10, "only {alone} of {} whole requests went on alone", REQUESTS * 2 / 5);
    server.stop().await.unwrap();
}

#[expect(clippy::print_stdout, reason = "the measured figures, seen with --nocapture")]
fn println_figures(took: Duration, at_once: Duration, before: (u64, usize, i64), after: (u64, usize, i64)) {
    println!(
        "{REQUESTS} requests in {took:?}, the next one answered in {at_once:?}; \
         memory, open files, sessions: {} MB, {}, {} before, {} MB, {}, {} after",
        before.0 >> 20,
        before.1,
        before.2,
        after.0 >> 20,
        after.1,
        after.2
    );
}
