//! What a client's command id (`Idempotency-Key`) stands for, who runs it, and what became of it.
//!
//! The log answers a repeated command that appended something. One that changed nothing or was refused
//! leaves no event, and would be decided again over a newer state: it could overwrite what somebody
//! else changed meanwhile. So its outcome is kept with the reservation before it is answered. A crash
//! between the decision and that mark leaves neither event nor mark: nobody was answered then, and the
//! repeat is executed as the first.
//!
//! Of equal requests at once one runs and the others wait for its outcome: it claims the reservation's
//! row, on any server. No lock is held meanwhile, so nothing waits for a connection while it holds one.

use super::Write;
use crate::error::{ReserveError, StoreError};
use crate::ids::IdSource as _;
use crate::pool::in_time;
use domain::{CommandId, SchoolId};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// For how long a claim stands that nobody ends: its server died, or hangs. Over the time that a request
/// takes unless several of its steps meet a dead connection; then another call may run it, and its outcome
/// counts.
const CLAIM_SECONDS: i32 = 30;

/// How long a repeat waits for the call that runs.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it waits between two looks at first, doubled up to the longest.
const LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_millis(250);

/// What a request came to, as it was answered first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done; the position of its last event, if it changed anything.
    Done(Option<i64>),
    /// It was refused; how, in the caller's own words. Never a value of the request.
    Refused(String),
}

/// What a command id's holder is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// Run it, then [`Write::finish_command`], or [`Write::release_command`] if it may be tried again.
    Run(Claim),
    /// Answer this: it was done before.
    Done(Outcome),
}

/// The right to run a reserved command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    school: SchoolId,
    command_id: CommandId,
    claim: Uuid,
}

impl Write {
    /// Notes which request a client's command id stands for, and claims it. The same id with the same
    /// request is fine any number of times: whoever is not the first waits for the first and gets its
    /// outcome, or takes over if the first gave up. With another request it is refused.
    pub async fn reserve_command(
        &self,
        school: SchoolId,
        command_id: CommandId,
        request_sha256: [u8; 32],
    ) -> Result<Reserved, ReserveError> {
        let claim = Claim { school, command_id, claim: self.ids().next() };
        let begun = Instant::now();
        loop {
            // Never cut short for the caller's sake: a claim that is given and not heard of holds for long.
            if let Some(reserved) = in_time(self.try_to_claim(&claim, request_sha256)).await? {
                return Ok(reserved);
            }
            let mut pause = LOOK;
            while in_time(self.is_running(school, command_id)).await? {
                if begun.elapsed() >= PATIENCE {
                    return Err(ReserveError::Busy);
                }
                tokio::time::sleep(pause).await;
                pause = LONGEST_LOOK.min(pause * 2);
            }
            if begun.elapsed() >= PATIENCE {
                return Err(ReserveError::Busy);
            }
        }
    }

    /// Whether somebody holds the claim. A look writes nothing, however many wait.
    async fn is_running(&self, school: SchoolId, command_id: CommandId) -> Result<bool, StoreError> {
        let running = sqlx::query_scalar!(
            r#"select done_at is null and claim is not null
                      and claimed_at >= now() - make_interval(secs => $3) as "running!"
               from command_reservations where school_id = $1 and command_id = $2"#,
            school.0,
            command_id.0,
            f64::from(CLAIM_SECONDS),
        )
        .fetch_one(self.pool())
        .await?;
        Ok(running)
    }

    /// None: another call runs it.
    async fn try_to_claim(&self, claim: &Claim, request_sha256: [u8; 32]) -> Result<Option<Reserved>, ReserveError> {
        let claimed = sqlx::query!(
            "insert into command_reservations as r
               (school_id, command_id, request_sha256, reserved_at, claim, claimed_at)
             values ($1, $2, $3, $4, $5, now())
             on conflict (school_id, command_id) do update set claim = excluded.claim, claimed_at = excluded.claimed_at
             where r.done_at is null and r.request_sha256 = excluded.request_sha256
               and (r.claim is null or r.claimed_at < now() - make_interval(secs => $6))",
            claim.school.0,
            claim.command_id.0,
            &request_sha256[..],
            self.clock().now(),
            claim.claim,
            f64::from(CLAIM_SECONDS),
        )
        .execute(self.pool())
        .await?;
        if claimed.rows_affected() == 1 {
            return Ok(Some(Reserved::Run(claim.clone())));
        }
        let first = sqlx::query!(
            "select request_sha256, done_at, done_position, done_refusal from command_reservations
             where school_id = $1 and command_id = $2",
            claim.school.0,
            claim.command_id.0,
        )
        .fetch_one(self.pool())
        .await?;
        if first.request_sha256 != request_sha256 {
            return Err(ReserveError::KeyReused);
        }
        Ok(first.done_at.map(|_| Reserved::Done(outcome(first.done_position, first.done_refusal))))
    }

    /// Keeps what a reserved command came to and gives what is to be answered: the outcome that was
    /// kept first, if a claim ran out and the request ran twice. [`StoreError::Interrupted`] if another call
    /// has the claim now: its outcome counts.
    pub async fn finish_command(&self, claim: &Claim, found: Outcome) -> Result<Outcome, StoreError> {
        let (position, refusal) = match &found {
            Outcome::Done(position) => (*position, None),
            Outcome::Refused(how) => (None, Some(how.as_str())),
        };
        let kept = sqlx::query!(
            "update command_reservations set done_at = $3, done_position = $4, done_refusal = $5
             where school_id = $1 and command_id = $2 and claim = $6 and done_at is null",
            claim.school.0,
            claim.command_id.0,
            self.clock().now(),
            position,
            refusal,
            claim.claim,
        )
        .execute(self.pool());
        if in_time(kept).await?.rows_affected() == 1 {
            return Ok(found);
        }
        let first = sqlx::query!(
            r#"select done_at is not null as "done!", done_position, done_refusal from command_reservations
               where school_id = $1 and command_id = $2"#,
            claim.school.0,
            claim.command_id.0,
        )
        .fetch_one(self.pool());
        let first = in_time(first).await?;
        if first.done { Ok(outcome(first.done_position, first.done_refusal)) } else { Err(StoreError::Interrupted) }
    }

    /// Gives a claim up: whoever repeats the request may run it at once.
    pub async fn release_command(&self, claim: &Claim) -> Result<(), StoreError> {
        let released = sqlx::query!(
            "update command_reservations set claim = null
             where school_id = $1 and command_id = $2 and claim = $3 and done_at is null",
            claim.school.0,
            claim.command_id.0,
            claim.claim,
        )
        .execute(self.pool());
        in_time(released).await?;
        Ok(())
    }
}

fn outcome(position: Option<i64>, refusal: Option<String>) -> Outcome {
    refusal.map_or(Outcome::Done(position), Outcome::Refused)
}
