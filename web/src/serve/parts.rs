//! The tasks of a server, and what happens when one ends although nobody asked it to: the server is then
//! no server any more, says so, and ends as a whole, so that whoever runs it starts it again.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The running tasks.
pub(super) struct Tasks {
    tasks: Vec<(&'static str, JoinHandle<()>)>,
    failed: CancellationToken,
}

impl Tasks {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { tasks: Vec::new(), failed: CancellationToken::new() }
    }

    /// Cancelled when a task ended, or panicked, before it was stopped.
    pub(super) fn failed(&self) -> &CancellationToken {
        &self.failed
    }

    /// More tasks with the same fate, to be joined at another time.
    pub(super) fn beside(&self) -> Self {
        Self { tasks: Vec::new(), failed: self.failed.clone() }
    }

    /// Starts a task that runs until `stop` is cancelled. It gets a token of its own under that one: a part
    /// that ends by itself stops nobody else that way, since they end in order or not at all.
    pub(super) fn start<F>(
        &mut self,
        name: &'static str,
        stop: &CancellationToken,
        part: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let end = End { name, stop: stop.clone(), failed: self.failed.clone() };
        let running = part(stop.child_token());
        let task = async move {
            let _end = end;
            running.await;
        };
        self.tasks.push((name, tokio::spawn(task)));
    }

    /// Waits for every task; they have been told to stop.
    pub(super) async fn join(self) {
        for (name, task) in self.tasks {
            joined(name, task).await;
        }
    }

    /// Cuts a task off, as a defect would.
    #[cfg(test)]
    pub(super) fn cut_off(&self, name: &str) {
        self.tasks.iter().filter(|(part, _)| *part == name).for_each(|(_, task)| task.abort());
    }
}

/// Waits for a task and logs how it ended, if badly.
pub(super) async fn joined(part: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(part, %error, "a part ended badly");
    }
}

/// Dropped when its task ends, in whatever way.
struct End {
    name: &'static str,
    stop: CancellationToken,
    failed: CancellationToken,
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            tracing::error!(part = self.name, "a part ended although nobody stopped it");
            metrics::counter!("server_parts_ended_total", "part" => self.name).increment(1);
            self.failed.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use std::time::Duration;

    #[tokio::test]
    async fn a_part_that_panics_fails_the_server_and_stops_no_other_part() {
        let (stop, mut tasks) = (CancellationToken::new(), Tasks::new());
        let other = CancellationToken::new();
        let seen = other.clone();
        tasks.start("other", &stop, |token| async move {
            token.cancelled().await;
            seen.cancel();
        });
        // As the projectors do: they cancel the token that they were given, then pass the panic on.
        tasks.start("broken", &stop, |token| async move {
            token.cancel();
            panic!("on purpose");
        });
        tokio::time::timeout(Duration::from_secs(5), tasks.failed().cancelled()).await.expect("it is noticed");
        assert!(!stop.is_cancelled() && !other.is_cancelled());
        stop.cancel();
        tasks.join().await;
        assert!(other.is_cancelled());
    }

    #[tokio::test]
    async fn a_part_that_ends_when_it_is_told_to_fails_nothing() {
        let (stop, mut tasks) = (CancellationToken::new(), Tasks::new());
        tasks.start("part", &stop, |token| async move { token.cancelled().await });
        stop.cancel();
        let failed = tasks.failed().clone();
        tasks.join().await;
        assert!(!failed.is_cancelled());
    }

    #[tokio::test]
    async fn a_server_that_lost_a_part_is_not_ready_and_still_stops_in_order() {
        for part in ["projections", "gate watch", "live"] {
            let app = TestApp::start().await.unwrap();
            let school = app.school(1).await.unwrap();
            assert_eq!(app.get("/readyz").await.unwrap().status(), 200);
            app.running().parts.cut_off(part);
            tokio::time::timeout(Duration::from_secs(5), app.running().failed()).await.expect(part);
            assert_eq!(app.get("/readyz").await.unwrap().status(), 503, "{part}");
            // Whoever is still sent here loses nothing.
            let scan = school.scan(1, &school.pupils[0].1, app.now());
            assert_eq!(app.scan(&school, &[scan]).await.unwrap()[0]["verdict"], "accepted");
            tokio::time::timeout(Duration::from_secs(10), app.shutdown()).await.expect("it stops");
        }
    }
}
