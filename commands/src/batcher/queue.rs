//! The batches that wait: bounded over all schools and for each, taken from each school in turn.

use super::{BatchAnswer, ScanBatch, SubmitError};
use chrono::{DateTime, Utc};
use domain::SchoolId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};

/// A batch and who waits for its answer.
pub(super) struct Job {
    pub(super) batch: ScanBatch,
    /// When it reached the server: the counterpart of the device's clocks in it.
    pub(super) received_at: DateTime<Utc>,
    reply: Option<oneshot::Sender<Result<BatchAnswer, SubmitError>>>,
    place: Option<Place>,
}

impl Job {
    pub(super) fn new(
        batch: ScanBatch,
        received_at: DateTime<Utc>,
        reply: oneshot::Sender<Result<BatchAnswer, SubmitError>>,
    ) -> Self {
        Self { batch, received_at, reply: Some(reply), place: None }
    }

    /// Gives up its place in the queue and answers, if anybody still waits.
    pub(super) fn answer(&mut self, answer: Result<BatchAnswer, SubmitError>) {
        self.place = None;
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }
}

/// The room that a batch takes until it is answered.
struct Place {
    queue: Arc<Queue>,
    school: SchoolId,
    scans: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.leave(self.school, self.scans);
    }
}

#[derive(Default)]
struct State {
    waiting: HashMap<SchoolId, VecDeque<Job>>,
    turns: VecDeque<SchoolId>,
    /// Scans waiting or being stored.
    scans: usize,
    scans_of: HashMap<SchoolId, usize>,
    closed: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Notify,
    most: usize,
    most_of_a_school: usize,
    jitter: Mutex<fastrand::Rng>,
}

impl Queue {
    pub(super) fn new(most: usize, most_of_a_school: usize) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            most,
            most_of_a_school,
            jitter: Mutex::new(fastrand::Rng::new()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a batch in, or says when to come back. Whatever its size, a batch finds room when
    /// nothing else of its school (or of any) is there.
    pub(super) fn offer(queue: &Arc<Self>, mut job: Job) -> Result<(), SubmitError> {
        let (school, scans) = (job.batch.kiosk.school_id, job.batch.scans.len());
        let mut state = queue.state();
        if state.closed {
            return Err(SubmitError::Unavailable("the server is stopping"));
        }
        let of_school = state.scans_of.get(&school).copied().unwrap_or(0);
        let too_many = |now: usize, most: usize| now > 0 && now + scans > most;
        // However many schools flood, each leaves as much room as it takes: a quiet one finds some.
        let share = queue.most_of_a_school.min(queue.most.saturating_sub(state.scans));
        if too_many(state.scans, queue.most) || too_many(of_school, share) {
            drop(state);
            metrics::counter!("batcher_overloaded_total").increment(1);
            let retry_after_s = queue.jitter.lock().unwrap_or_else(PoisonError::into_inner).u32(1..=5);
            return Err(SubmitError::Overloaded { retry_after_s });
        }
        state.scans += scans;
        *state.scans_of.entry(school).or_default() += scans;
        metrics::gauge!("batcher_queue_scans").set(state.scans as f64);
        job.place = Some(Place { queue: queue.clone(), school, scans });
        let line = state.waiting.entry(school).or_default();
        line.push_back(job);
        if line.len() == 1 {
            state.turns.push_back(school);
        }
        drop(state);
        queue.arrived.notify_one();
        Ok(())
    }

    /// What goes into the next transaction, one batch of each school in turn: waits until there is
    /// something; nothing once it is closed and empty.
    pub(super) async fn take(&self, most: usize) -> Vec<Job> {
        loop {
            let arrived = self.arrived.notified();
            let (jobs, closed) = self.take_now(most);
            if !jobs.is_empty() || closed {
                return jobs;
            }
            arrived.await;
        }
    }

    fn take_now(&self, most: usize) -> (Vec<Job>, bool) {
        let mut state = self.state();
        let (mut jobs, mut scans) = (Vec::new(), 0);
        while let Some(school) = state.turns.front().copied() {
            let Some(line) = state.waiting.get_mut(&school) else { break };
            let next = line.front().map_or(0, |job| job.batch.scans.len());
            if !jobs.is_empty() && scans + next > most {
                break;
            }
            jobs.extend(line.pop_front());
            scans += next;
            let empty = line.is_empty();
            state.turns.pop_front();
            if empty {
                state.waiting.remove(&school);
            } else {
                state.turns.push_back(school);
            }
        }
        (jobs, state.closed)
    }

    fn leave(&self, school: SchoolId, scans: usize) {
        let mut state = self.state();
        state.scans -= scans;
        if let Some(n) = state.scans_of.get_mut(&school) {
            *n -= scans;
            if *n == 0 {
                state.scans_of.remove(&school);
            }
        }
        metrics::gauge!("batcher_queue_scans").set(state.scans as f64);
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }
}
