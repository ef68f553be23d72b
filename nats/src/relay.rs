//! The relay: copies the log to JetStream, in order, one message an event.
//!
//! One relay is active (`relay/leadership.rs`); any number may wait. Every message names what it must
//! follow (`Nats-Expected-Last-Sequence` for the first of a page, `Nats-Expected-Last-Msg-Id` for the
//! others), so that whatever a second relay, a paused one that wakes, or a repeated message may do,
//! JetStream stores an event only behind its predecessor. An acknowledgement that fails or is missing stops the relay; it looks at the stream
//! (`relay/place.rs`) and goes on from there. Every few seconds it looks without a reason.
//!
//! Doubled, lost or reordered messages would be harmless all the same: the feed sorts them out.

mod leadership;
mod place;

use crate::RawEvent;
use crate::log::{Head, Log};
use crate::message;
use crate::transport::{Conveyor, Transport, WINDOW};
use crate::wake::Wake;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::publish::PublishAck;
use domain::Epoch;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use leadership::in_time;
pub use leadership::{Candidate, Contested};
use place::Place;
use sqlx::PgPool;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

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
        let full = page.len() == WINDOW;
        #[cfg(test)]
        local_services::failpoint::reach("relay: before publish").await.map_err(Broken::nats)?;
        let acks = send(transport, epoch, *place, &page).await;
        #[cfg(test)]
        local_services::failpoint::reach("relay: before confirm").await.map_err(Broken::nats)?;
        // The next page is read while this one is being confirmed.
        let (confirmed, next) = tokio::join!(confirm(place, acks), async {
            if full { read_page(log, epoch, last).await.map(Some) } else { Ok(None) }
        });
        confirmed?;
        read_ahead = next?;
    }
}

async fn read_page(log: &mut impl Log, epoch: Epoch, after: i64) -> Result<Vec<RawEvent>, sqlx::Error> {
    in_time(log.read_after_in_epoch(epoch, after, WINDOW as i64)).await
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

/// A message on its way.
struct Sent<A> {
    position: i64,
    /// Nothing for a message that NATS can never take: it stays a hole, which feeds fill from the log.
    ack: Option<A>,
}

/// Sends a page without waiting for acknowledgements. Ends early where sending fails; what was sent
/// is awaited all the same, so that its outcome is known.
async fn send<C: Conveyor>(
    transport: &C,
    epoch: Epoch,
    place: Place,
    page: &[RawEvent],
) -> (Vec<Sent<C::Ack>>, Result<(), Broken>) {
    let mut sent = Vec::with_capacity(page.len());
    let mut previous = None;
    for event in page {
        let position = event.position;
        let message = match message::encode(epoch, event) {
            // The first follows what was confirmed; each other one follows its predecessor by name. By
            // number it would not do: behind a stranger's message the first is refused, and the
            // numbers of some later ones would be right again.
            Ok(message) => match previous {
                None => message.expected_last_sequence(place.sequence),
                Some(previous) => message.expected_last_message_id(message::id(epoch, previous)),
            },
            Err(error) => return (sent, Err(Broken::nats(error))),
        };
        match transport.publish(message::subject(transport.prefix(), event), message).await {
            Ok(ack) => {
                previous = Some(position);
                sent.push(Sent { position, ack: Some(ack) });
            }
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                tracing::warn!(position, "an event is larger than NATS's largest message; feeds read it from the log");
                metrics::counter!("attendance_relay_oversized_total").increment(1);
                sent.push(Sent { position, ack: None });
            }
            Err(error) => return (sent, Err(Broken::nats(error))),
        }
    }
    (sent, Ok(()))
}

/// Awaits every acknowledgement and moves `place` along in order, up to the first that fails. They are
/// awaited together: one by one, a window of lost ones would take its length times the patience.
async fn confirm<A>(place: &mut Place, (sent, outcome): (Vec<Sent<A>>, Result<(), Broken>)) -> Result<(), Broken>
where
    A: Future<Output = Result<PublishAck, PublishError>>,
{
    let mut acks: FuturesOrdered<_> = sent
        .into_iter()
        .map(|Sent { position, ack }| async move {
            match ack {
                Some(ack) => (position, Some(ack.await)),
                None => (position, None),
            }
        })
        .collect();
    let mut failed = None;
    let mut published = 0;
    while let Some((position, ack)) = acks.next().await {
        match ack {
            // Behind a failure nothing of ours can have been stored; the look at the stream will tell.
            _ if failed.is_some() => {}
            None => place.position = position,
            Some(Ok(ack)) if ack.duplicate => failed = Some(Broken::Repeated(position)),
            Some(Ok(ack)) => {
                *place = Place { position, sequence: ack.sequence, ..*place };
                published += 1;
            }
            Some(Err(error)) => failed = Some(Broken::nats(error)),
        }
    }
    metrics::counter!("attendance_relay_published_total").increment(published);
    failed.map_or(outcome, Err)
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
            let sent = send(&self.transport, self.epoch, self.place, &self.page).await;
            confirm(&mut self.place, sent).await.map_err(|error| error.to_string())
        }
    }
}
