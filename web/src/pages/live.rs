//! The live stream of the board as htmx reads it: server-sent events, each an unnamed message with
//! one `<hx-partial>` for each panel that changed. A message's id is `<epoch>.<position>`.
//!
//! A school's board is rendered once for each language and shape, however many look at it, and its
//! bytes are shared. A client that comes back with `Last-Event-ID` gets what changed since; one
//! without, or with an id that is not known any more, gets every panel. A client that is slow skips
//! to the newest state and holds up nobody.

mod frame;

use super::respond::no_store;
use super::source::{Source, SourceError};
use crate::i18n::Lang;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use frame::Frame;
use futures::{Stream, StreamExt as _, stream};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(super) use frame::Shape;

/// Shortest time between two messages: a browser draws a change in some milliseconds, a person reads
/// no faster than this.
const GAP: Duration = Duration::from_millis(250);

/// Longest wait for the first board.
const FIRST: Duration = Duration::from_secs(5);

type Key = (Uuid, Lang, Shape);
type Sender = watch::Sender<Arc<Frame>>;

/// The renderers that run, one for each school, language and shape that somebody looks at.
#[derive(Clone)]
pub(super) struct Live {
    source: Arc<dyn Source>,
    running: Arc<Mutex<HashMap<Key, Weak<Sender>>>>,
    places: Arc<Semaphore>,
    stopping: CancellationToken,
}

impl Live {
    /// `places`: streams at once; the next is told to come back.
    pub(super) fn new(source: Arc<dyn Source>, places: Arc<Semaphore>, stopping: CancellationToken) -> Self {
        Self { source, running: Arc::default(), places, stopping }
    }

    /// `GET /hoy/live`: 200 with the stream, 403 for a school that is not there, 503 when there are
    /// too many streams or no values. Never anything else: htmx would read it as a broken stream and
    /// come back at once.
    pub(super) async fn response(&self, school: Uuid, lang: Lang, shape: Shape, headers: &HeaderMap) -> Response {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return unavailable();
        };
        let frames = match self.join((school, lang, shape)).await {
            Ok(Some(frames)) => frames,
            Ok(None) => return StatusCode::FORBIDDEN.into_response(),
            Err(error) => {
                tracing::warn!(%error, "no live board");
                return unavailable();
            }
        };
        let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let body = messages(frames, known, place, self.stopping.clone());
        let mut response = Body::from_stream(body.map(Ok::<_, Infallible>)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        no_store(headers);
        response
    }

    /// The frames of a renderer that runs already, or of a new one.
    async fn join(&self, key: Key) -> Result<Option<watch::Receiver<Arc<Frame>>>, SourceError> {
        let running = self.lock().get(&key).and_then(Weak::upgrade).map(|sender| sender.subscribe());
        if running.is_some() {
            return Ok(running);
        }
        let (school, lang, shape) = key;
        let Some(mut boards) = self.source.boards(school).await? else { return Ok(None) };
        let first =
            tokio::time::timeout(FIRST, boards.next()).await.map_err(|late| SourceError::Unavailable(late.into()))?;
        let Some(board) = first else { return Ok(None) };
        let (sender, receiver) = watch::channel(Arc::new(Frame::first(&board, lang, shape)));
        let sender = Arc::new(sender);
        self.lock().insert(key, Arc::downgrade(&sender));
        let live = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(GAP).await;
                let board = tokio::select! {
                    () = live.stopping.cancelled() => break,
                    board = boards.next() => board,
                };
                // Nobody looks: end, unless somebody comes in between.
                let mut running = live.lock();
                if board.is_none() || sender.receiver_count() == 0 {
                    if running.get(&key).is_some_and(|own| own.as_ptr() == Arc::as_ptr(&sender)) {
                        running.remove(&key);
                    }
                    break;
                }
                drop(running);
                if let Some(board) = board {
                    let next = sender.borrow().next(&board, lang, shape);
                    sender.send_replace(Arc::new(next));
                }
            }
        });
        Ok(Some(receiver))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Weak<Sender>>> {
        // The map is never left half changed, so a panic elsewhere does not spoil it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's messages: first what it lacks, then each new frame; ends when the server stops.
fn messages(
    frames: watch::Receiver<Arc<Frame>>,
    known: Option<String>,
    place: OwnedSemaphorePermit,
    stopping: CancellationToken,
) -> impl Stream<Item = Bytes> + Send + 'static {
    struct Client {
        frames: watch::Receiver<Arc<Frame>>,
        seen: Option<u64>,
        known: Option<String>,
        stopping: CancellationToken,
        _place: OwnedSemaphorePermit,
    }
    let client = Client { frames, seen: None, known, stopping, _place: place };
    stream::unfold(client, |mut client| async move {
        let Some(seen) = client.seen else {
            let frame = Arc::clone(&client.frames.borrow_and_update());
            client.seen = Some(frame.number);
            let message = frame.resume(client.known.take().as_deref());
            return Some((message, client));
        };
        tokio::select! {
            () = client.stopping.cancelled() => return None,
            changed = client.frames.changed() => changed.ok()?,
        }
        let frame = Arc::clone(&client.frames.borrow_and_update());
        client.seen = Some(frame.number);
        Some((frame.after(seen), client))
    })
}

fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, crate::problem::soon().to_string())]).into_response()
}
