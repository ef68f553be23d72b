//! Takes what waits, stores it, answers: again on conflicts and outages, in halves when something in
//! it can never be stored.

use super::by_hand::ByHandError;
use super::cache::Cache;
use super::decide::Seat;
use super::facts::Inbox;
use super::queue::{HandJob, Job, Queue, Taken};
use super::store::{Attempted, Fail, Part, ScanStore, Stored, Transaction};
use super::{BatchAnswer, BatcherConfig, ItemAnswer, SubmitError};
use crate::error::StoreError;
use crate::vault::VaultError;
use crate::write::Done;
use domain::school::Settings;
use domain::{Epoch, SchoolId};
use futures::FutureExt;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A school's own key is asked for again after this long, in case it was destroyed.
const KEYRING_AGE: Duration = Duration::from_secs(60);
/// The reason on a receipt of the second scan under a number.
const FORK: &str = "sequence_fork";
/// How long a round waits for the vault: everybody else waits with it.
const VAULT_PATIENCE: Duration = Duration::from_secs(2);
/// How often a lost race is run again before it is waited a little longer.
const QUICK_TRIES: u32 = 5;

pub(super) async fn run(queue: Arc<Queue>, store: impl ScanStore, inbox: Inbox, config: BatcherConfig) {
    let mut cache = Cache::default();
    loop {
        let taken = queue.take(config.max_scans).await;
        if taken.is_empty() {
            return;
        }
        let round = Round::new(taken, &store, &inbox, &config).store(&mut cache);
        if AssertUnwindSafe(round).catch_unwind().await.is_err() {
            // The jobs went with it, and their callers know. What was cached may be half-made.
            tracing::error!("the batcher's transaction panicked; its batches are not acknowledged");
            cache = Cache::default();
        }
    }
}

struct Round<'a, S> {
    jobs: Vec<Job>,
    by_hand: Vec<HandJob>,
    store: &'a S,
    inbox: &'a Inbox,
    config: &'a BatcherConfig,
    begun: Instant,
    settings: HashMap<SchoolId, Settings>,
    answers: Vec<Answer>,
    /// What each thing by hand will be answered.
    said: Vec<Option<Result<Done, ByHandError>>>,
    attempted: Attempted,
}

/// What a job will be answered.
struct Answer {
    items: Vec<Option<ItemAnswer>>,
    ack_through: i64,
    epoch: Option<Epoch>,
    failed: Option<&'static str>,
}

impl<'a, S: ScanStore> Round<'a, S> {
    fn new(taken: Taken, store: &'a S, inbox: &'a Inbox, config: &'a BatcherConfig) -> Self {
        let Taken { jobs, by_hand } = taken;
        let answers = jobs
            .iter()
            .map(|job| Answer { items: vec![None; job.batch.scans.len()], ack_through: 0, epoch: None, failed: None })
            .collect();
        let (settings, attempted, said) = (HashMap::new(), Attempted::new(), vec![None; by_hand.len()]);
        Self { jobs, by_hand, store, inbox, config, begun: Instant::now(), settings, answers, said, attempted }
    }

    fn seats(&self) -> Vec<Seat> {
        let all = self.jobs.iter().enumerate();
        all.flat_map(|(job, j)| (0..j.batch.scans.len()).map(move |item| Seat { job, item, forced: false })).collect()
    }

    async fn store(mut self, cache: &mut Cache) {
        let mut parts = vec![Part { seats: self.seats(), by_hand: (0..self.by_hand.len()).collect() }];
        // The last is the next, so that halves go in order.
        while let Some(mut part) = parts.pop() {
            part.seats.retain(|seat| self.answers[seat.job].failed.is_none());
            part.by_hand.retain(|n| self.said[*n].is_none());
            if part.is_empty() {
                continue;
            }
            match self.store_part(&part, cache).await {
                Ok(stored) => self.note(&part, stored),
                Err(Stop::Again) => parts.push(part),
                Err(Stop::Fail(why)) => {
                    self.fail(part.seats.iter().map(|seat| seat.job), why);
                    self.fail_by_hand(part.by_hand.into_iter(), why);
                }
                Err(Stop::Split) => parts.extend(self.split(part)),
            }
        }
        #[cfg(test)]
        let _ = local_services::failpoint::reach("batcher: before answer").await;
        self.finish();
    }

    fn fail(&mut self, jobs: impl Iterator<Item = usize>, why: &'static str) {
        for job in jobs {
            self.answers[job].failed = Some(why);
        }
    }

    fn fail_by_hand(&mut self, which: impl Iterator<Item = usize>, why: &'static str) {
        for n in which {
            self.said[n] = Some(Err(SubmitError::Unavailable(why).into()));
        }
    }

    /// Halves of what cannot be stored together, the second one first.
    fn split(&mut self, part: Part) -> Vec<Part> {
        match part {
            Part { seats, by_hand } if by_hand.is_empty() => {
                let part = |seats| Part { seats, by_hand: vec![] };
                self.split_seats(seats).into_iter().map(part).collect()
            }
            Part { seats, by_hand } if seats.is_empty() => match by_hand[..] {
                [one] => {
                    self.fail_by_hand(std::iter::once(one), "it cannot be stored");
                    vec![]
                }
                _ => {
                    let (first, second) = by_hand.split_at(by_hand.len() / 2);
                    [second, first].map(|by_hand| Part { by_hand: by_hand.to_vec(), ..Part::default() }).into()
                }
            },
            Part { seats, by_hand } => {
                vec![Part { by_hand, ..Part::default() }, Part { seats, ..Part::default() }]
            }
        }
    }

    /// The same of scans; a lone item goes to a person.
    fn split_seats(&mut self, part: Vec<Seat>) -> Vec<Vec<Seat>> {
        let first_job = part[0].job;
        let at = match part.iter().position(|seat| seat.job != first_job) {
            // Between two submissions, near the middle.
            Some(_) => {
                let middle = part[part.len() / 2].job;
                let cut = part.partition_point(|seat| seat.job < middle);
                if cut == 0 { part.partition_point(|seat| seat.job <= middle) } else { cut }
            }
            None => part.len() / 2,
        };
        match &part[..] {
            [Seat { forced: true, job, .. }] => {
                let job = *job;
                self.fail(std::iter::once(job), "an item cannot be stored");
                vec![]
            }
            [seat] => vec![vec![Seat { forced: true, ..*seat }]],
            _ => vec![part[at..].to_vec(), part[..at].to_vec()],
        }
    }

    async fn store_part(&mut self, part: &Part, cache: &mut Cache) -> Result<Stored, Stop> {
        let mut tries = 0;
        loop {
            cache.keyrings.retain(|_, (loaded, _)| loaded.elapsed() < KEYRING_AGE);
            let begun = Instant::now();
            let transaction = Transaction { store: self.store, jobs: &self.jobs, by_hand: &self.by_hand };
            let transact = transaction.transact(part, cache, &mut self.attempted);
            // A server that neither answers nor breaks: the pool rolls back what is left behind, and a commit
            // that is still under way holds the log's lock against the next try.
            let stored = tokio::time::timeout(self.config.deadline, transact)
                .await
                .unwrap_or(Err(Fail::Outage(StoreError::Interrupted)));
            let fail = match stored {
                Ok(stored) => {
                    metrics::histogram!("batcher_batch_scans").record(part.seats.len() as f64);
                    metrics::histogram!("batcher_commit_seconds").record(begun.elapsed().as_secs_f64());
                    return Ok(stored);
                }
                Err(fail) => fail,
            };
            match fail {
                Fail::Unknown(school) => {
                    tracing::warn!(%school, "scans of a school that is not registered");
                    let why = "the school is not registered";
                    let jobs = self.jobs_of(&part.seats, |s| s == school);
                    self.fail(jobs.into_iter(), why);
                    let by_hand = part.by_hand.iter().copied();
                    let of_school: Vec<_> =
                        by_hand.filter(|n| self.by_hand[*n].asked.context.school == school).collect();
                    self.fail_by_hand(of_school.into_iter(), why);
                    return Err(Stop::Again);
                }
                Fail::KeysOf(needed) => self.load_keys(needed, cache).await?,
                Fail::Conflict => {
                    metrics::counter!("batcher_conflicts_total").increment(1);
                    tries += 1;
                    self.pause(tries, &"others kept writing")?.await;
                }
                Fail::Outage(error) => {
                    metrics::counter!("batcher_outages_total").increment(1);
                    tries = tries.max(QUICK_TRIES) + 1;
                    self.pause(tries, &error)?.await;
                }
                Fail::Poison(error) => {
                    // The error quotes no value; its source is the database's and may.
                    tracing::error!(%error, scans = part.seats.len(), by_hand = part.by_hand.len(), "scans cannot be stored together");
                    return Err(Stop::Split);
                }
            }
        }
    }

    /// How long to wait before the next try, unless the callers have waited long enough.
    fn pause(&self, tries: u32, why: &dyn std::fmt::Display) -> Result<tokio::time::Sleep, Stop> {
        if self.begun.elapsed() >= self.config.deadline {
            tracing::error!(%why, "scans cannot be stored; their kiosks send them again");
            return Err(Stop::Fail("the store is not available"));
        }
        let longest = if tries <= QUICK_TRIES { 5 } else { 20 << (tries - QUICK_TRIES).min(4) };
        Ok(tokio::time::sleep(Duration::from_micros(fastrand::u64(100..=longest * 1000))))
    }

    fn jobs_of(&self, part: &[Seat], which: impl Fn(SchoolId) -> bool) -> HashSet<usize> {
        part.iter().map(|seat| seat.job).filter(|job| which(self.jobs[*job].batch.kiosk.school_id)).collect()
    }

    /// Loads what seals quarantined text. Without it only the batches that need it go unanswered.
    async fn load_keys(&mut self, needed: BTreeMap<SchoolId, HashSet<usize>>, cache: &mut Cache) -> Result<(), Stop> {
        let mut failed = false;
        for (school, jobs) in needed {
            match tokio::time::timeout(VAULT_PATIENCE, self.store.keyring(school)).await {
                Ok(Ok(ring)) => _ = cache.keyrings.insert(school, (Instant::now(), ring)),
                Ok(Err(error)) => {
                    let error: VaultError = error;
                    tracing::error!(%error, %school, "no key to seal an unplaced scan with");
                    failed = true;
                    self.fail(jobs.into_iter(), "the vault is not available");
                }
                Err(_) => {
                    tracing::error!(%school, "the vault does not answer; an unplaced scan cannot be sealed");
                    failed = true;
                    self.fail(jobs.into_iter(), "the vault is not available");
                }
            }
        }
        // The others of the round go on without them.
        if failed { Err(Stop::Again) } else { Ok(()) }
    }

    fn note(&mut self, part: &Part, mut stored: Stored) {
        self.settings.extend(stored.settings.drain());
        for (n, outcome) in part.by_hand.iter().zip(&stored.plan.by_hand) {
            let said = outcome.map_err(ByHandError::Rejected).and_then(|done| match done.refused {
                // That it was asked and refused is on record.
                Some(why) => Err(ByHandError::Rejected(why)),
                None => Ok(Done {
                    position: Some(stored.position(done.at)),
                    events: done.events,
                    repeated: done.events == 0,
                }),
            });
            let outcome = match said {
                Ok(Done { repeated: false, .. }) => "recorded",
                Ok(_) => "repeated",
                Err(_) => "refused",
            };
            metrics::counter!("batcher_by_hand_total", "outcome" => outcome).increment(1);
            self.said[*n] = Some(said);
        }
        for (seat, outcome) in part.seats.iter().zip(&stored.plan.outcomes) {
            let (job, key) = (&self.jobs[seat.job], seat.key(&self.jobs));
            let (verdict, first_verdict) = outcome.verdicts();
            metrics::counter!("batcher_verdicts_total", "verdict" => verdict.as_str()).increment(1);
            // Also of a repeat: whoever stored it may have ended before it told. A fork told before is
            // not told again.
            if outcome.receipt.reasons.iter().any(|reason| reason == FORK) {
                let zone = self.settings[&job.batch.kiosk.school_id].zone;
                self.inbox.fork(job, zone, key.seq, key.scan);
            }
            let answer = &mut self.answers[seat.job];
            answer.items[seat.item] = Some(ItemAnswer {
                scan_id: key.scan,
                seq: key.seq,
                verdict,
                first_verdict,
                reasons: outcome.receipt.reasons.clone(),
                position: stored.position(outcome.receipt.at),
            });
            answer.epoch = Some(stored.epoch);
            answer.ack_through = stored.acks.get(&(key.kiosk, key.queue)).copied().unwrap_or(0);
        }
    }

    fn finish(self) {
        let server_time = self.store.clock().now();
        for (mut job, answer) in self.jobs.into_iter().zip(self.answers) {
            let items: Option<Vec<ItemAnswer>> = answer.items.into_iter().collect();
            let reply = match (answer.failed, items, answer.epoch) {
                (None, Some(items), Some(epoch)) => {
                    let zone = self.settings[&job.batch.kiosk.school_id].zone;
                    self.inbox.progress(&job, zone, answer.ack_through);
                    Ok(BatchAnswer { items, ack_through: answer.ack_through, epoch, server_time })
                }
                (failed, ..) => Err(SubmitError::Unavailable(failed.unwrap_or("the batch is empty"))),
            };
            job.answer(reply);
        }
        for (mut job, said) in self.by_hand.into_iter().zip(self.said) {
            job.answer(said.unwrap_or(Err(SubmitError::Unavailable("it was not decided").into())));
        }
        self.inbox.wake();
    }
}

/// Why a part is not stored.
enum Stop {
    /// Some jobs are out; the others go on.
    Again,
    /// All of it failed.
    Fail(&'static str),
    /// Something in it can never be stored.
    Split,
}
