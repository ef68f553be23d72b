//! What a client's command id (`Idempotency-Key`) stands for, and what became of it.
//!
//! The log answers a repeated command that appended something. One that changed nothing or was refused
//! leaves no event, and would be decided again over a newer state: it could overwrite what somebody
//! else changed meanwhile. So its outcome is kept with the reservation before it is answered. A crash
//! between the decision and that mark leaves neither event nor mark: nobody was answered then, and the
//! repeat is executed as the first.

use super::Write;
use crate::error::{ReserveError, StoreError};
use domain::{CommandId, SchoolId};

/// What a request came to, as it was answered first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done; the position of its last event, if it changed anything.
    Done(Option<i64>),
    /// It was refused; how, in the caller's own words. Never a value of the request.
    Refused(String),
}

impl Write {
    /// Notes which request a client's command id stands for. The same id with the same request is
    /// fine any number of times, and brings the first answer if there was one; with another request it
    /// is refused.
    pub async fn reserve_command(
        &self,
        school: SchoolId,
        command_id: CommandId,
        request_sha256: [u8; 32],
    ) -> Result<Option<Outcome>, ReserveError> {
        sqlx::query!(
            "insert into command_reservations (school_id, command_id, request_sha256, reserved_at)
             values ($1, $2, $3, $4) on conflict do nothing",
            school.0,
            command_id.0,
            &request_sha256[..],
            self.clock().now(),
        )
        .execute(self.pool())
        .await?;
        let first = sqlx::query!(
            "select request_sha256, done_at, done_position, done_refusal from command_reservations
             where school_id = $1 and command_id = $2",
            school.0,
            command_id.0,
        )
        .fetch_one(self.pool())
        .await?;
        if first.request_sha256 != request_sha256 {
            return Err(ReserveError::KeyReused);
        }
        Ok(first.done_at.map(|_| outcome(first.done_position, first.done_refusal)))
    }

    /// Keeps what a reserved command came to and gives what is to be answered: the outcome that was
    /// kept first, if the same request ran twice at once.
    pub async fn finish_command(
        &self,
        school: SchoolId,
        command_id: CommandId,
        found: Outcome,
    ) -> Result<Outcome, StoreError> {
        let (position, refusal) = match &found {
            Outcome::Done(position) => (*position, None),
            Outcome::Refused(how) => (None, Some(how.as_str())),
        };
        let kept = sqlx::query!(
            "update command_reservations set done_at = $3, done_position = $4, done_refusal = $5
             where school_id = $1 and command_id = $2 and done_at is null",
            school.0,
            command_id.0,
            self.clock().now(),
            position,
            refusal,
        )
        .execute(self.pool())
        .await?;
        if kept.rows_affected() == 1 {
            return Ok(found);
        }
        let first = sqlx::query!(
            "select done_position, done_refusal from command_reservations where school_id = $1 and command_id = $2",
            school.0,
            command_id.0,
        )
        .fetch_one(self.pool())
        .await?;
        Ok(outcome(first.done_position, first.done_refusal))
    }
}

fn outcome(position: Option<i64>, refusal: Option<String>) -> Outcome {
    refusal.map_or(Outcome::Done(position), Outcome::Refused)
}
