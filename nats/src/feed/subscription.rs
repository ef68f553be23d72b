//! The feed's ear on JetStream: an ephemeral, ordered reading of the stream that starts itself again
//! whenever it ends, for whatever reason. What it misses meanwhile, the feed reads from the log.

use crate::message::{self, Carried};
use crate::transport::Conveyor;
use domain::Epoch;
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Messages that wait here for a slow consumer; the others wait in JetStream.
const WAITING: usize = 2_048;
/// The pause before another attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// What the consumer has: the next subscription starts behind it.
pub(super) type Reached = (Epoch, i64);

#[derive(Debug)]
pub(super) struct Subscription {
    pub messages: mpsc::Receiver<Carried>,
    reached: watch::Sender<Option<Reached>>,
    task: JoinHandle<()>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Subscription {
    pub fn start(transport: impl Conveyor) -> Self {
        let (sender, messages) = mpsc::channel(WAITING);
        let (reached, start) = watch::channel(None);
        Self { messages, reached, task: tokio::spawn(listen(transport, sender, start)) }
    }

    /// Notes how far the consumer is.
    pub fn note(&self, reached: Reached) {
        self.reached.send_replace(Some(reached));
    }
}

async fn listen(
    transport: impl Conveyor,
    sender: mpsc::Sender<Carried>,
    mut reached: watch::Receiver<Option<Reached>>,
) {
    // Nobody is at the log's end yet: there is no place to start from.
    if reached.wait_for(Option::is_some).await.is_err() {
        return;
    }
    loop {
        if transport.is_connected() {
            let start = *reached.borrow();
            if let Some(start) = start
                && let Err(error) = listen_once(&transport, &sender, start).await
            {
                tracing::debug!(%error, "a subscription ended; subscribing again");
            }
            if sender.is_closed() {
                return;
            }
        }
        sleep(PAUSE).await;
    }
}

async fn listen_once(
    transport: &impl Conveyor,
    sender: &mpsc::Sender<Carried>,
    reached: Reached,
) -> Result<(), async_nats::Error> {
    let start_sequence = first_wanted(transport, reached).await?;
    let mut messages = transport.subscribe(start_sequence).await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        match message::decode(message.headers.as_ref(), &message.payload) {
            Some(carried) => {
                if sender.send(carried).await.is_err() {
                    return Ok(());
                }
            }
            None => metrics::counter!("attendance_feed_discarded_total", "reason" => "garbage").increment(1),
        }
    }
    Ok(())
}

/// Where the stream probably holds the event that follows `reached`: counted back from its last
/// message, as if nothing were missing or doubled. A wrong guess costs a reading of the log.
async fn first_wanted(transport: &impl Conveyor, (epoch, after): Reached) -> Result<u64, async_nats::Error> {
    let state = transport.state().await?;
    let end = state.last_sequence + 1;
    if state.messages == 0 {
        return Ok(end);
    }
    let Ok(Some(last)) = transport.message(state.last_sequence).await else { return Ok(end) };
    let start = match message::decode(last.headers.as_ref(), &last.payload) {
        Some(carried) if carried.epoch == epoch => {
            end.saturating_sub(u64::try_from(carried.event.position - after).unwrap_or(0))
        }
        _ => end,
    };
    Ok(start.clamp(state.first_sequence.max(1), end.max(1)))
}
