//! `GET /api/v1/live/stream`: the board as server-sent events.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Each message is one line of JSON, so
//! the framing is written by hand and a frame's bytes are shared by all clients.

use super::OfSchool;
use crate::AppState;
use crate::api::input::Params;
use crate::config::Tuning;
use crate::live::{FrameId, Given, Told, Watcher};
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

/// How long a client waits before it comes back, milliseconds.
const RETRY_MS: u32 = 2000;

/// The board whenever it changes, at most twenty times a second. The first event is a `snapshot`, or, with
/// the `Last-Event-ID` of a frame that the server still holds, the `frame`s after it. Every frame is a
/// whole board; its `scans` are those that it adds. `heartbeat` comes after 15 s of silence.
#[utoipa::path(get, path = "/api/v1/live/stream", tag = "live",
    params(OfSchool, ("Last-Event-ID" = Option<String>, Header, description = "`<epoch>.<position>` of the last event seen")),
    responses((status = 200, description = "Events `snapshot`, `frame` and `heartbeat`; the data of the first two is a `BoardView`",
        content_type = "text/event-stream", body = crate::live::BoardView)))]
pub async fn get(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = state.streams.clone().try_acquire_owned().map_err(|_| Problem::new(Code::Overloaded).retry_soon())?;
    let watcher = state.live.watch(school).await?.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let body = Body::from_stream(events(watcher, seen, place, &state.config.http.tuning));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would gather the events into blocks.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Client {
    watcher: Watcher,
    /// Bytes that are ready to go.
    ready: VecDeque<Bytes>,
    ends: Instant,
    heartbeat: Duration,
    _place: OwnedSemaphorePermit,
}

/// What the client of a watcher gets, if it saw everything up to `seen`.
pub fn events(
    mut watcher: Watcher,
    seen: Option<FrameId>,
    place: OwnedSemaphorePermit,
    tuning: &Tuning,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let mut ready = VecDeque::new();
    if !seen.is_some_and(|seen| watcher.resume(&seen)) {
        let snapshot = watcher.snapshot();
        ready.extend(message("snapshot", &snapshot, true));
    }
    let ends = Instant::now() + tuning.stream_age;
    let client = Client { watcher, ready, ends, heartbeat: tuning.heartbeat, _place: place };
    futures::stream::unfold(client, |mut client| async move {
        loop {
            if let Some(bytes) = client.ready.pop_front() {
                return Some((Ok(bytes), client));
            }
            // Also of a client that finds a frame whenever it comes back.
            if Instant::now() >= client.ends {
                return None;
            }
            let quiet = Instant::now() + client.heartbeat;
            tokio::select! {
                biased;
                given = client.watcher.next() => match given? {
                    Given::Next(frame) => client.ready.extend(message("frame", &frame, false)),
                    Given::Snapshot(frame) => client.ready.extend(message("snapshot", &frame, true)),
                },
                () = sleep_until(quiet.min(client.ends)) => {
                    if Instant::now() >= client.ends {
                        return None;
                    }
                    client.ready.push_back(Bytes::from_static(b"event: heartbeat\ndata: {}\n\n"));
                }
            }
        }
    })
}

/// One event in three pieces, the middle one shared. `retry` counts only in a message with data.
fn message(event: &str, frame: &Told, retry: bool) -> [Bytes; 3] {
    let retry = if retry { format!("retry: {RETRY_MS}\n") } else { String::new() };
    let head = format!("event: {event}\nid: {}\n{retry}data: ", frame.id);
    [Bytes::from(head), frame.json.clone(), Bytes::from_static(b"\n\n")]
}

#[cfg(test)]
mod tests;
