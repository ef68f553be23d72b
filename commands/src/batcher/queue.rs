//! What waits, batches of scans and what people record by hand: bounded over all schools and for each, taken from
//! each school in turn.

use super::by_hand::{ByHand, ByHandError};
use super::{BatchAnswer, ScanBatch, SubmitError};
use crate::write::Done;
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
    reply: Reply<Result<BatchAnswer, SubmitError>>,
}

impl Job {
    pub(super) fn new(
        batch: ScanBatch,
        received_at: DateTime<Utc>,
        reply: oneshot::Sender<Result<BatchAnswer, SubmitError>>,
    ) -> Self {
        Self { batch, received_at, reply: Reply { to: Some(reply), place: None } }
    }

    pub(super) fn answer(&mut self, answer: Result<BatchAnswer, SubmitError>) {
        self.reply.send(answer);
    }
}

/// Something by hand and who waits for its answer.
pub(super) struct HandJob {
    pub(super) asked: ByHand,
    /// When it reached the server: what is "now" for it, at every try.
    pub(super) received_at: DateTime<Utc>,
    reply: Reply<Result<Done, ByHandError>>,
}

impl HandJob {
    pub(super) fn new(
        asked: ByHand,
        received_at: DateTime<Utc>,
        reply: oneshot::Sender<Result<Done, ByHandError>>,
    ) -> Self {
        Self { asked, received_at, reply: Reply { to: Some(reply), place: None } }
    }

    pub(super) fn answer(&mut self, answer: Result<Done, ByHandError>) {
        self.reply.send(answer);
    }
}

/// Who waits, and the room that is theirs until then.
struct Reply<A> {
    to: Option<oneshot::Sender<A>>,
    place: Option<Place>,
}

impl<A> Reply<A> {
    /// Gives up the place in the queue and answers, if anybody still waits.
    fn send(&mut self, answer: A) {
        self.place = None;
        if let Some(to) = self.to.take() {
            let _ = to.send(answer);
        }
    }
}

/// What can wait.
#[expect(clippy::large_enum_variant, reason = "nearly all of it is scans, which are not to cost an allocation each")]
pub(super) enum Work {
    Scans(Job),
    ByHand(Box<HandJob>),
}

impl Work {
    fn school(&self) -> SchoolId {
        match self {
            Self::Scans(job) => job.batch.kiosk.school_id,
            Self::ByHand(job) => job.asked.context.school,
        }
    }

    /// The room that it takes, in scans.
    fn scans(&self) -> usize {
        match self {
            Self::Scans(job) => job.batch.scans.len(),
            Self::ByHand(_) => 1,
        }
    }

    fn take_place(&mut self, place: Place) {
        match self {
            Self::Scans(job) => job.reply.place = Some(place),
            Self::ByHand(job) => job.reply.place = Some(place),
        }
    }
}

/// What goes into one round.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) jobs: Vec<Job>,
    pub(super) by_hand: Vec<HandJob>,
}

impl Taken {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.by_hand.is_empty()
    }

    fn add(&mut self, work: Work) {
        match work {
            Work::Scans(job) => self.jobs.push(job),
            Work::ByHand(job) => self.by_hand.push(*job),
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
    waiting: HashMap<SchoolId, VecDeque<Work>>,
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

    /// Lets something in, or says when to come back. Whatever its size, a batch finds room when
    /// nothing else of its school (or of any) is there.
    pub(super) fn offer(queue: &Arc<Self>, mut work: Work) -> Result<(), SubmitError> {
        let (school, scans) = (work.school(), work.scans());
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
        work.take_place(Place { queue: queue.clone(), school, scans });
        let line = state.waiting.entry(school).or_default();
        line.push_back(work);
        if line.len() == 1 {
            state.turns.push_back(school);
        }
        drop(state);
        queue.arrived.notify_one();
        Ok(())
    }

    /// What goes into the next transaction, one batch of each school in turn: waits until there is
    /// something; nothing once it is closed and empty.
    pub(super) async fn take(&self, most: usize) -> Taken {
        loop {
            let arrived = self.arrived.notified();
            let (taken, closed) = self.take_now(most);
            if !taken.is_empty() || closed {
                return taken;
            }
            arrived.await;
        }
    }

    fn take_now(&self, most: usize) -> (Taken, bool) {
        let mut state = self.state();
        let (mut taken, mut scans) = (Taken::default(), 0);
        while let Some(school) = state.turns.front().copied() {
            let Some(line) = state.waiting.get_mut(&school) else { break };
            let next = line.front().map_or(0, Work::scans);
            if !taken.is_empty() && scans + next > most {
                break;
            }
            if let Some(work) = line.pop_front() {
                taken.add(work);
            }
            scans += next;
            let empty = line.is_empty();
            state.turns.pop_front();
            if empty {
                state.waiting.remove(&school);
            } else {
                state.turns.push_back(school);
            }
        }
        (taken, state.closed)
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
