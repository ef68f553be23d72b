//! The feeds' ear on JetStream: one ephemeral reading of the stream a process, decoded once and shared by all of
//! its feeds. It starts itself again whenever it ends, for whatever reason. What a feed misses, since the reading
//! was interrupted or the feed was slow, it reads from the log.

use crate::RawEvent;
use crate::message;
use crate::transport::{Conveyor, Transport};
use domain::{Epoch, EventId};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Messages kept for a slow feed, or for one that gathers: a second of the rush, some megabytes at most.
const WAITING: usize = 64;
/// The pause before another attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// What a feed gives: an event as its readers want it, made once for all who share a hub. Cheap to clone.
pub trait Carriable: Clone + Send + Sync + 'static {
    /// Takes an event as the log holds it.
    fn read(raw: RawEvent) -> Self;
    /// Its place in the log.
    fn position(&self) -> i64;
    /// Which event it is.
    fn event_id(&self) -> EventId;
}

impl Carriable for Arc<RawEvent> {
    fn read(raw: RawEvent) -> Self {
        Self::new(raw)
    }
    fn position(&self) -> i64 {
        self.position
    }
    fn event_id(&self) -> EventId {
        self.event_id
    }
}

/// What one message brought: events that follow each other.
#[derive(Debug)]
pub(crate) struct Delivery<E> {
    pub epoch: Epoch,
    /// Position of the first.
    pub first: i64,
    pub events: Vec<E>,
}

impl<E> Delivery<E> {
    /// The position behind the last.
    pub fn end(&self) -> i64 {
        self.first + self.events.len() as i64
    }
}

/// A reading of the stream that feeds share. Clones share it; it ends with the last of them.
#[derive(Debug)]
pub struct Hub<C = Transport, E = Arc<RawEvent>> {
    transport: C,
    shared: Arc<Shared<E>>,
}

#[derive(Debug)]
struct Shared<E> {
    deliveries: broadcast::Sender<Arc<Delivery<E>>>,
    /// Whether a feed is at the log's end: far behind it the log alone is faster, and messages would only be
    /// thrown away.
    wanted: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl<E> Drop for Shared<E> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<C: Clone, E> Clone for Hub<C, E> {
    fn clone(&self) -> Self {
        Self { transport: self.transport.clone(), shared: self.shared.clone() }
    }
}

impl<C: Conveyor, E: Carriable> Hub<C, E> {
    /// A hub that reads nothing before a feed is at the log's end.
    pub fn new(transport: C) -> Self {
        let deliveries = broadcast::Sender::new(WAITING);
        let (wanted, start) = watch::channel(false);
        let task = tokio::spawn(listen(transport.clone(), deliveries.clone(), start));
        Self { transport, shared: Arc::new(Shared { deliveries, wanted, task }) }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.transport.is_connected()
    }

    /// What comes from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Delivery<E>>> {
        let deliveries = self.shared.deliveries.subscribe();
        self.shared.wanted.send_if_modified(|wanted| !std::mem::replace(wanted, true));
        deliveries
    }
}

async fn listen<E: Carriable>(
    transport: impl Conveyor,
    deliveries: broadcast::Sender<Arc<Delivery<E>>>,
    mut wanted: watch::Receiver<bool>,
) {
    if wanted.wait_for(|wanted| *wanted).await.is_err() {
        return;
    }
    loop {
        if transport.is_connected()
            && let Err(error) = listen_once(&transport, &deliveries).await
        {
            tracing::debug!(%error, "a subscription ended; subscribing again");
        }
        sleep(PAUSE).await;
    }
}

/// Until the reading ends. It begins with the stream's last message: what came before it the feeds have, or read
/// from the log.
async fn listen_once<E: Carriable>(
    transport: &impl Conveyor,
    deliveries: &broadcast::Sender<Arc<Delivery<E>>>,
) -> Result<(), async_nats::Error> {
    let mut messages = transport.subscribe().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        match message::decode(message.headers.as_ref(), &message.payload) {
            Some(carried) => {
                let first = carried.events.first().map_or(0, |event| event.position);
                let events = carried.events.into_iter().map(E::read).collect();
                // Nobody may be there to hear it.
                let _ = deliveries.send(Arc::new(Delivery { epoch: carried.epoch, first, events }));
            }
            None => metrics::counter!("attendance_feed_discarded_total", "reason" => "garbage").increment(1),
        }
    }
    Ok(())
}
