//! Mail goes out here, and nowhere else: a bounded queue in memory, and a few senders that empty it.
//!
//! Whoever posts a letter never waits for a mail server, and never learns what it answered: so neither the time nor
//! the outcome of a request depends on whether somebody has an address. What does not fit is dropped and counted.
//! A letter is tried twice at most; one whose answer was lost may arrive twice. Nothing of a letter is stored or
//! logged: those of today hold a secret that is worth minutes, and whoever misses one asks again. A kind that must
//! not be lost has rows of its own, and goes by [`Route::deliver`] past this queue ([`crate::deliveries`], ADR 0035).
//!
//! How to add one more kind of letter: whoever writes it makes a [`Letter`] and posts it.

mod route;

use domain::values::mail::Mail;
pub use route::{BadRoute, Route};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Letters that wait at most.
const WAITING: usize = 256;
/// Letters on their way at once.
const AT_ONCE: usize = 8;
/// How often one letter is sent at most.
const TRIES: u32 = 2;
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause before the second try; up to as much again is added by chance.
const PAUSE: Duration = Duration::from_secs(4);
/// How long a server that is stopped waits for letters on their way.
const LAST_CALL: Duration = Duration::from_secs(5);

/// A letter. Holds personal data and secrets in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Letter {
    /// Its name in logs, and in its `Message-ID`: the same for every try.
    pub id: Uuid,
    /// What it is about, in logs and figures.
    pub kind: &'static str,
    /// To whom.
    pub to: Mail,
    /// Its subject.
    pub subject: String,
    /// Its text, plain.
    pub text: String,
    /// The same as HTML, if it is sent as that too.
    pub html: Option<String>,
}

/// Takes letters. A clone is the same one.
#[derive(Clone)]
pub struct Mailer(mpsc::Sender<Letter>);

impl Mailer {
    /// Leaves a letter to be sent; `false` if the queue is full, and the letter is gone. Returns at once.
    pub fn post(&self, letter: Letter) -> bool {
        let (id, kind) = (letter.id, letter.kind);
        let taken = self.0.try_send(letter).is_ok();
        if !taken {
            metrics::counter!("mail_dropped_total", "kind" => kind).increment(1);
            tracing::warn!(letter_id = %id, kind, "a letter was dropped: too many wait");
        }
        taken
    }
}

/// What empties the queue.
pub struct Post {
    letters: mpsc::Receiver<Letter>,
    route: Arc<Route>,
    pause: Duration,
}

/// A queue, and what empties it by a route.
pub fn post_office(route: Route) -> (Mailer, Post) {
    let (mailer, letters) = mpsc::channel(WAITING);
    (Mailer(mailer), Post { letters, route: Arc::new(route), pause: PAUSE })
}

impl Post {
    /// Sends what is posted until it is stopped; what is on its way then is waited for a moment, what waits is gone.
    pub async fn run(mut self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut under_way = JoinSet::new();
        loop {
            // The place first: a letter that was taken out of the queue is sent.
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((place, self.letters.recv().await?))
            };
            let Some(Some((place, letter))) = stop.run_until_cancelled(next).await else { break };
            let (route, pause) = (Arc::clone(&self.route), self.pause);
            under_way.spawn(async move {
                deliver(&route, &letter, pause).await;
                drop(place);
            });
            while under_way.try_join_next().is_some() {}
        }
        let rest = async { while under_way.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_CALL, rest).await;
    }
}

async fn deliver(route: &Route, letter: &Letter, pause: Duration) {
    let outcome = |outcome: &'static str| {
        metrics::counter!("mail_total", "kind" => letter.kind, "outcome" => outcome).increment(1);
    };
    for tried in 1..=TRIES {
        let failed = match tokio::time::timeout(PATIENCE, route.send(letter)).await {
            Ok(Ok(())) => return outcome("sent"),
            Ok(Err(failed)) => failed,
            Err(_) => route::Failed { what: "no answer in time", for_good: false },
        };
        // The server's own words may name the address.
        tracing::warn!(letter_id = %letter.id, kind = letter.kind, tried, why = failed.what, "a letter was not taken");
        if failed.for_good {
            break;
        }
        if tried < TRIES {
            tokio::time::sleep(pause + pause.mul_f64(fastrand::f64())).await;
        }
    }
    outcome("failed");
}

#[cfg(test)]
mod tests;
