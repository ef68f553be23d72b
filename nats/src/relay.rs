//! The relay: copies the log to JetStream, in order, as many events a message as it finds waiting.
//!
//! One relay is active (`relay/leadership.rs`); any number may wait. One message at a time is on its way, and it
//! names the sequence number that it must follow (`Nats-Expected-Last-Sequence`), so that whatever a second
//! relay, a paused one that wakes, or a repeated message may do, JetStream stores events only behind their
//! predecessor. An acknowledgement that fails or is missing stops the relay; it looks at the stream
//! (`relay/place.rs`) and goes on from there. Every few seconds it looks without a reason.
//!
//! Doubled, lost or reordered messages would be harmless all the same: the feed sorts them out.

mod leadership;
mod place;

use crate::RawEvent;
use crate::log::{Head, Log};
use crate::message;
use crate::transport::{Conveyor, Transport};
use crate::wake::Wake;
use async_nats::jetstream::context::PublishErrorKind;
use domain::Epoch;
use leadership::in_time;
pub use leadership::{Candidate, Contested};
use place::Place;
use sqlx::PgPool;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Events read at once; what is appended while they are on their way goes with the next.
const PAGE: usize = 256;
/// Bytes of events in one message at most, unless a single event is larger. NATS takes a million by default.
const MESSAGE: usize = 256 * 1024;
/// How often the stream is compared with the log although nothing seems wrong.
const AUDIT: Duration = Duration::from_secs(3);
/// How long a waiting relay waits between two attempts to lead.
const CANDIDACY: Duration = Duration::from_millis(250);
/// The pause after a failure, doubled up to the longest one while failures follow each other.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why the relay ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The pool that it was given was closed.
    #[error("the relay's pool was closed")]
    PoolClosed,
}

/// Why a term ended or must look at the stream again.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("asked to stop")]
    Cancelled,
    #[error("the log began another epoch")]
    EpochChanged,
    #[error("the connection that leads was lost: {0}")]
    Db(#[from] sqlx::Error),
    #[error("NATS: {0}")]
    Nats(String),
    #[error("JetStream takes position {0} for a repeated message")]
    Repeated(i64),
}

impl Broken {
    fn nats(error: impl std::fmt::Display) -> Self {
        Self::Nats(error.to_string())
    }
}

/// Relays until `token` is cancelled. `pool_reader` acts as `attendance_log_reader`; the relay opens
/// two connections beside it. Postgres and NATS may come and go meanwhile.
pub async fn run(pool_reader: PgPool, transport: Transport, token: CancellationToken) -> Result<(), RelayError> {
    let wake = Wake::shared(&pool_reader);
    run_over(pool_reader, wake, transport, token).await
}

/// The same over any log and stream.
#[doc(hidden)]
pub async fn run_over(
    log: impl Contested,
    mut wake: Wake,
    transport: impl Conveyor,
    token: CancellationToken,
) -> Result<(), RelayError> {
    let mut pause = PAUSE;
    loop {
        if token.is_cancelled() {
            return Ok(());
        }
        if log.is_closed() {
            return Err(RelayError::PoolClosed);
        }
        let begun = Instant::now();
        // In this order, here and below, so that the same events give the same run.
        let outcome = tokio::select! {
            biased;
            outcome = serve_a_term(&log, &transport, &mut wake) => outcome,
            () = token.cancelled() => Err(Broken::Cancelled),
        };
        metrics::gauge!("attendance_relay_leader").set(0);
        match outcome {
            Ok(never) => match never {},
            Err(Broken::Cancelled) => return Ok(()),
            Err(error) => tracing::warn!(%error, "the relay stops and looks again"),
        }
        pause = if begun.elapsed() > AUDIT { PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
        tokio::select! {
            biased;
            () = sleep(pause) => {}
            () = token.cancelled() => return Ok(()),
        }
    }
}

/// Waits for NATS and for the lock, then relays until something breaks. Dropping the future ends the
/// session and so frees the lock.
async fn serve_a_term(log: &impl Contested, transport: &impl Conveyor, wake: &mut Wake) -> Result<Infallible, Broken> {
    while !transport.is_connected() {
        // Without NATS nobody should lead: another relay may have what this one lacks.
        sleep(CANDIDACY).await;
        if let Ok(Ok(head)) = tokio::time::timeout(CANDIDACY, log.clone().head()).await {
            metrics::gauge!("attendance_relay_log_head").set(head.position as f64);
        }
    }
    let mut candidate = log.connect().await?;
    while !candidate.try_lead().await? {
        sleep(CANDIDACY).await;
    }
    metrics::gauge!("attendance_relay_leader").set(1);
    tracing::info!("this relay leads");
    let outcome = lead(&mut candidate, transport, wake).await;
    candidate.step_down().await;
    outcome
}

async fn lead(log: &mut impl Log, transport: &impl Conveyor, wake: &mut Wake) -> Result<Infallible, Broken> {
    let Head { epoch, .. } = in_time(log.head()).await?;
    let mut place = place::find(log, transport, epoch, None).await?;
    let mut pause = PAUSE;
    let mut failed_at = place.position;
    loop {
        match relay(log, transport, wake, epoch, &mut place).await {
            Ok(never) => return Ok(never),
            Err(Broken::Nats(error)) if transport.is_connected() => {
                tracing::warn!(%error, position = place.position, "a message was not confirmed; looking at the stream");
                metrics::counter!("attendance_relay_unconfirmed_total").increment(1);
                let progress = place.position > std::mem::replace(&mut failed_at, place.position);
                pause = if progress { PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
                sleep(pause).await;
                place = place::find(log, transport, epoch, Some(place)).await?;
            }
            Err(Broken::Repeated(position)) => {
                place = place::find(log, transport, epoch, Some(place)).await?;
                if place.position < position {
                    place::start_again(log, transport).await?;
                    place = place::find(log, transport, epoch, None).await?;
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Publishes what the log has and the stream has not, for as long as all goes well.
async fn relay(
    log: &mut impl Log,
    transport: &impl Conveyor,
    wake: &mut Wake,
    epoch: Epoch,
    place: &mut Place,
) -> Result<Infallible, Broken> {
    let mut audit = Instant::now() + AUDIT;
    let mut read_ahead: Option<Vec<RawEvent>> = None;
    loop {
        let page = match read_ahead.take() {
            Some(page) => page,
            None => {
                wake.note();
                read_page(log, epoch, place.position).await?
            }
        };
        if Instant::now() >= audit {
            audit = Instant::now() + AUDIT;
            if !check(log, transport, epoch, place).await? {
                *place = place::find(log, transport, epoch, Some(*place)).await?;
                continue;
            }
        }
        let Some(last) = page.last().map(|event| event.position) else {
            metrics::gauge!("attendance_relay_lag_events").set(0.0);
            tokio::select! {
                biased;
                () = wake.woken() => {}
                () = sleep_until(audit) => {}
            }
            continue;
        };
        // The next page is read while this one is on its way.
        let (published, next) = tokio::join!(publish(transport, epoch, place, &page), async {
            if page.len() == PAGE { read_page(log, epoch, last).await.map(Some) } else { Ok(None) }
        });
        published?;
        read_ahead = next?;
    }
}

async fn read_page(log: &mut impl Log, epoch: Epoch, after: i64) -> Result<Vec<RawEvent>, sqlx::Error> {
    in_time(log.read_after_in_epoch(epoch, after, PAGE as i64)).await
}

/// Whether log and stream are what this relay takes them for.
async fn check(log: &mut impl Log, transport: &impl Conveyor, epoch: Epoch, place: &Place) -> Result<bool, Broken> {
    let head = in_time(log.head()).await?;
    metrics::gauge!("attendance_relay_log_head").set(head.position as f64);
    metrics::gauge!("attendance_relay_lag_events").set((head.position - place.position).max(0) as f64);
    if head.epoch != epoch {
        return Err(Broken::EpochChanged);
    }
    Ok(head.position >= place.position && place::unchanged(transport, place).await)
}

/// Publishes a page and moves `place` along, message by message, up to the first that is not acknowledged.
async fn publish(transport: &impl Conveyor, epoch: Epoch, place: &mut Place, page: &[RawEvent]) -> Result<(), Broken> {
    let (mut left, mut most) = (page, MESSAGE);
    while !left.is_empty() {
        let (message, packed) = message::encode(epoch, left, most).map_err(Broken::nats)?;
        let (events, behind) = left.split_at(packed);
        let last = events[packed - 1].position;
        #[cfg(test)]
        local_services::failpoint::reach("relay: before publish").await.map_err(Broken::nats)?;
        let message = message.expected_last_sequence(place.sequence);
        match transport.publish(message::subject(transport.prefix()), message).await {
            Ok(ack) => {
                #[cfg(test)]
                local_services::failpoint::reach("relay: before confirm").await.map_err(Broken::nats)?;
                let ack = ack.await.map_err(Broken::nats)?;
                if ack.duplicate {
                    return Err(Broken::Repeated(last));
                }
                *place = Place { position: last, sequence: ack.sequence, ..*place };
                metrics::counter!("attendance_relay_published_total").increment(packed as u64);
            }
            // This server takes less.
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded && packed > 1 => {
                most /= 2;
                continue;
            }
            // It stays a hole, which feeds fill from the log.
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                tracing::warn!(
                    position = last,
                    "an event is larger than NATS's largest message; feeds read it from the log"
                );
                metrics::counter!("attendance_relay_oversized_total").increment(1);
                place.position = last;
            }
            Err(error) => return Err(Broken::nats(error)),
        }
        left = behind;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    pub(crate) use place::REPUBLISH;

    /// A page that a relay has read, with the place that it read it for.
    pub(crate) struct LatePage {
        transport: Transport,
        epoch: Epoch,
        place: Place,
        page: Vec<RawEvent>,
    }

    pub(crate) async fn late_page(reader: &PgPool, transport: &Transport, epoch: Epoch) -> LatePage {
        let mut candidate = reader.connect().await.unwrap();
        let place = place::find(&mut candidate, transport, epoch, None).await.unwrap();
        let page = read_page(&mut candidate, epoch, place.position).await.unwrap();
        assert!(!page.is_empty());
        LatePage { transport: transport.clone(), epoch, place, page }
    }

    impl LatePage {
        pub(crate) async fn publish(mut self) -> Result<(), String> {
            let published = publish(&self.transport, self.epoch, &mut self.place, &self.page).await;
            published.map_err(|error| error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sample;
    use crate::transport::{Message, StreamState};
    use async_nats::jetstream::context::PublishError;
    use async_nats::jetstream::message::PublishMessage;
    use async_nats::jetstream::publish::PublishAck;
    use futures::stream::BoxStream;
    use std::future::{Ready, ready};
    use std::sync::{Arc, Mutex};

    /// A server that takes no message larger than this; what it stored, as first and last position.
    #[derive(Clone)]
    struct Narrow(usize, Arc<Mutex<Vec<(i64, i64)>>>);

    impl Conveyor for Narrow {
        type Ack = Ready<Result<PublishAck, PublishError>>;
        fn is_connected(&self) -> bool {
            true
        }
        fn prefix(&self) -> &str {
            "narrow"
        }
        async fn publish(&self, subject: String, message: PublishMessage) -> Result<Self::Ack, PublishError> {
            let message = message.outbound_message(subject);
            if message.payload.len() > self.0 {
                return Err(PublishError::new(PublishErrorKind::MaxPayloadExceeded));
            }
            let carried = message::decode(message.headers.as_ref(), &message.payload).unwrap();
            let mut stored = self.1.lock().unwrap();
            assert_eq!(
                message.headers.unwrap().get("Nats-Expected-Last-Sequence").unwrap().as_str(),
                stored.len().to_string()
            );
            stored.push((carried.events[0].position, carried.events.last().unwrap().position));
            let sequence = stored.len() as u64;
            let (stream, domain) = (String::new(), String::new());
            Ok(ready(Ok(PublishAck { stream, sequence, domain, duplicate: false, value: None })))
        }
        async fn state(&self) -> Result<StreamState, async_nats::Error> {
            unreachable!("not asked")
        }
        async fn message(&self, _: u64) -> Result<Option<Message>, async_nats::Error> {
            unreachable!("not asked")
        }
        async fn replace(&self) -> Result<StreamState, async_nats::Error> {
            unreachable!("not asked")
        }
        async fn subscribe(&self) -> Result<BoxStream<'static, Result<Message, async_nats::Error>>, async_nats::Error> {
            unreachable!("not asked")
        }
    }

    #[tokio::test]
    async fn a_server_that_takes_small_messages_only_gets_small_ones_and_only_what_is_too_large_alone_is_left_out() {
        let large = format!("\"{}\"", "x".repeat(9_000));
        let page: Vec<RawEvent> =
            (1..=60).map(|position| sample(position, if position == 31 { &large } else { "{}" })).collect();
        let server = Narrow(4_000, Arc::default());
        let created = async_nats::datetime::DateTime::UNIX_EPOCH;
        let mut place = Place { created, sequence: 0, position: 0 };
        publish(&server, Epoch(uuid::Uuid::from_u128(1)), &mut place, &page).await.unwrap();
        let stored = server.1.lock().unwrap().clone();
        let positions: Vec<i64> = stored.iter().flat_map(|(first, last)| *first..=*last).collect();
        assert_eq!(positions, (1..=60).filter(|position| *position != 31).collect::<Vec<_>>());
        assert!(stored.len() < 50, "{stored:?}");
        assert_eq!((place.position, place.sequence), (60, stored.len() as u64));
    }
}
