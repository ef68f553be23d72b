//! Sends notices to guardians. What is sent, to whom and when is in rows (`commands::deliveries`); here is who does it.
//!
//! Any number of processes may: each message is claimed, and that is committed, before its first byte leaves; a process
//! that ends in between leaves a message that is *unknown*, which is swept.

mod send;
#[cfg(test)]
mod tests;

use crate::mail::Route;
use crate::whatsapp::WhatsApp;
use commands::deliveries::{Message, channels, claim, climb, detour, react, sweep};
use commands::{StoreError, Write};
use domain::delivery::{Channel, Doubt, Failure};
pub use send::send;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the log and what is due are looked at.
const EVERY: Duration = Duration::from_millis(400);
/// The same while more is due than there is room for.
const SOON: Duration = Duration::from_millis(20);
/// How often messages are looked for whose sender went.
const SWEEPS: Duration = Duration::from_secs(20);
/// Messages of one channel on their way at once.
const AT_ONCE: usize = 8;
/// How long one message may take, well within the time after which it is swept.
const CARRIED: Duration = Duration::from_secs(90);
/// How long a process that is stopped waits for messages on their way.
const LAST_CALL: Duration = Duration::from_secs(12);

/// By which ways notices leave.
#[derive(Clone)]
pub struct Ways {
    /// WhatsApp.
    pub whatsapp: WhatsApp,
    /// Mail.
    pub mail: Arc<Route>,
}

impl Ways {
    /// The channels that are switched on.
    pub fn on(&self) -> Vec<Channel> {
        let whatsapp = self.whatsapp.is_on().then_some(Channel::Whatsapp);
        let email = self.mail.is_on().then_some(Channel::Email);
        whatsapp.into_iter().chain(email).collect()
    }
}

/// What one try came to, as the channel says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It was taken.
    Accepted {
        /// The channel's own id of it.
        id: Option<String>,
    },
    /// It was written down, and not sent.
    Sandbox,
    /// It was certainly not sent; later.
    NotSent {
        /// What it is if it never is.
        reason: Failure,
        /// The channel's code.
        code: Option<u32>,
    },
    /// It was certainly not sent, and nothing will be until a person looks.
    Pause {
        /// Why.
        reason: &'static str,
        /// The channel's code.
        code: Option<u32>,
    },
    /// It was certainly not sent, and nothing that says the same will be.
    Template {
        /// The channel's code.
        code: Option<u32>,
    },
    /// It will not arrive.
    Failed {
        /// Why.
        reason: Failure,
        /// The channel's code.
        code: Option<u32>,
    },
    /// Nobody knows.
    Unknown(Doubt),
}

/// The keyed hash of a telephone number.
pub(crate) fn phone_key(write: &Write, phone: &str) -> [u8; 16] {
    commands::deliveries::address_key(write, phone)
}

/// Sends what is due until it is stopped.
pub async fn run(ways: Ways, write: Write, stop: CancellationToken) {
    for channel in ways.on() {
        while let Err(error) = channels::enter(&write, channel).await {
            tracing::warn!(%error, "deliveries: cannot reach the database");
            if stop.run_until_cancelled(tokio::time::sleep(SWEEPS)).await.is_none() {
                return;
            }
        }
    }
    let asks = asking(&ways, &write, &stop);
    let sweeps = sweeping(&write, &stop);
    let by_whatsapp = sending(&ways, &write, Channel::Whatsapp, &stop);
    let by_mail = sending(&ways, &write, Channel::Email, &stop);
    tokio::join!(asks, sweeps, by_whatsapp, by_mail);
}

/// Looks at the log, and at what follows from it.
async fn asking(ways: &Ways, write: &Write, stop: &CancellationToken) {
    let on = ways.on();
    let mut pause = Duration::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = EVERY;
        match ask(write, &on).await {
            Ok(true) => pause = Duration::ZERO,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "deliveries: what is to be sent is not asked for yet"),
        }
    }
}

/// One look; whether there is more to look at.
async fn ask(write: &Write, on: &[Channel]) -> Result<bool, StoreError> {
    // What cannot be read of one school's log holds up nobody's alarm.
    let (reacted, climbed) = (react(write, on).await, climb(write, on).await?);
    detour(write, on).await?;
    Ok(reacted?.more || climbed.looked_at > 0)
}

async fn sweeping(write: &Write, stop: &CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEPS)).await.is_some() {
        match sweep(write).await {
            Ok(0) => {}
            Ok(swept) => tracing::warn!(swept, "deliveries: of messages on their way nobody knows what became"),
            Err(error) => tracing::warn!(%error, "deliveries: not swept this time"),
        }
        if let Ok(waiting) = channels::waiting(write).await {
            show(write, &waiting);
        }
    }
}

/// How much waits, and since when, in figures.
fn show(write: &Write, waiting: &[channels::Waiting]) {
    let now = write.clock().now();
    for channel in Channel::ALL {
        let due = waiting.iter().find(|waiting| waiting.channel == *channel);
        let age = due.map_or(0.0, |due| (now - due.since).as_seconds_f64());
        metrics::gauge!("deliveries_due", "channel" => channel.as_str())
            .set(due.map_or(0, |due| due.deliveries) as f64);
        metrics::gauge!("deliveries_due_age_seconds", "channel" => channel.as_str()).set(age);
    }
}

/// Sends what is due by one channel.
async fn sending(ways: &Ways, write: &Write, channel: Channel, stop: &CancellationToken) {
    if !ways.on().contains(&channel) {
        return;
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let (mut under_way, mut pause) = (JoinSet::new(), EVERY);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        while under_way.try_join_next().is_some() {}
        // No more than there is room for: what is claimed is sent.
        let room = i64::try_from(places.available_permits()).unwrap_or_default();
        pause = EVERY;
        if room == 0 {
            pause = if channel == Channel::Email { SOON } else { EVERY };
            continue;
        }
        match claim(write, channel, room).await {
            Ok(messages) => {
                // A mail server takes as many as it can; WhatsApp is left below its twenty a second.
                if channel == Channel::Email && !messages.is_empty() {
                    pause = SOON;
                }
                for message in messages {
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
                    under_way.spawn(carry(ways.clone(), write.clone(), message, place));
                }
            }
            Err(error) => tracing::warn!(%error, %channel, "deliveries: nothing is taken this time"),
        }
    }
    let rest = async { while under_way.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_CALL, rest).await;
}

async fn carry(ways: Ways, write: Write, message: Message, _place: OwnedSemaphorePermit) {
    let (id, channel) = (message.message_id, message.channel);
    let sent = tokio::time::timeout(CARRIED, send(&ways, &write, message)).await;
    if let Err(error) = sent.unwrap_or(Err(StoreError::Interrupted.into())) {
        // It is swept.
        tracing::error!(%error, message_id = %id, %channel, "what became of a message is not written down");
    }
}
