//! Places in a program where a test breaks it: by an error, or by standing still for ever, so that the
//! test can drop the task there, as the end of a process would.
//!
//! A place is a line that is compiled into a crate's own tests only, so a program that is not a test
//! has none that could be switched on:
//!
//! ```ignore
//! #[cfg(test)]
//! local_services::failpoint::reach("relay: before publish").await?;
//! ```
//!
//! What a test arms counts for the futures that run in its [`FailPoint::scope`], and for no test beside.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

tokio::task_local! {
    static ARMED: FailPoint;
}

/// An armed place. A clone is the same one.
#[derive(Clone, Debug)]
pub struct FailPoint(Arc<Armed>);

#[derive(Debug)]
struct Armed {
    place: &'static str,
    stops: bool,
    /// How often it still breaks.
    left: AtomicUsize,
    hits: AtomicUsize,
    reached: Notify,
}

impl FailPoint {
    fn new(place: &'static str, stops: bool, times: usize) -> Self {
        Self(Arc::new(Armed {
            place,
            stops,
            left: AtomicUsize::new(times),
            hits: AtomicUsize::new(0),
            reached: Notify::new(),
        }))
    }

    /// The first `times` that reach the place get an error, as from a broken connection.
    pub fn breaking(place: &'static str, times: usize) -> Self {
        Self::new(place, false, times)
    }

    /// The first who reaches the place goes no further.
    pub fn stopping(place: &'static str) -> Self {
        Self::new(place, true, 1)
    }

    /// Runs a future in which the place is armed.
    pub async fn scope<F: Future>(&self, work: F) -> F::Output {
        ARMED.scope(self.clone(), work).await
    }

    /// How often it broke something: a test that never came there proved nothing.
    pub fn hits(&self) -> usize {
        self.0.hits.load(Ordering::SeqCst)
    }

    /// Waits until somebody broke here.
    pub async fn reached(&self) {
        while self.hits() == 0 {
            self.0.reached.notified().await;
        }
    }

    async fn reach(&self) -> io::Result<()> {
        let Armed { stops, left, hits, reached, .. } = &*self.0;
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err() {
            return Ok(());
        }
        hits.fetch_add(1, Ordering::SeqCst);
        reached.notify_one();
        if *stops {
            std::future::pending::<()>().await;
        }
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

/// The place itself: goes on unless a test armed it for the future that this runs in.
pub async fn reach(place: &'static str) -> io::Result<()> {
    match ARMED.try_with(Clone::clone) {
        Ok(armed) if armed.0.place == place => armed.reach().await,
        Ok(_) | Err(_) => Ok(()),
    }
}

/// For a future that is spawned: what is armed here is armed in it too.
pub fn inherited<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let armed = ARMED.try_with(Clone::clone);
    async move {
        match armed {
            Ok(armed) => armed.scope(work).await,
            Err(_) => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_place_breaks_as_often_as_armed_and_only_in_its_scope() {
        let point = FailPoint::breaking("here", 2);
        point
            .scope(async {
                assert!(reach("there").await.is_ok());
                assert!(reach("here").await.is_err());
                let spawned = tokio::spawn(inherited(async { reach("here").await.is_err() }));
                assert!(spawned.await.unwrap());
                assert!(reach("here").await.is_ok(), "it was armed for two");
            })
            .await;
        assert!(FailPoint::breaking("here", 1).reach().await.is_err());
        assert!(reach("here").await.is_ok(), "nothing is armed outside");
        assert_eq!(point.hits(), 2);
    }

    #[tokio::test]
    async fn who_stops_at_a_place_stays_until_it_is_dropped() {
        let point = FailPoint::stopping("here");
        let task = tokio::spawn({
            let point = point.clone();
            async move { point.scope(reach("here")).await }
        });
        point.reached().await;
        assert!(!task.is_finished());
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
}
