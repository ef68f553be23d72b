//! Use cases that commit together with others.
//!
//! A [`Part`] enters its commands, and what must be unique, into a [`Unit`]; [`commit`] does that and
//! the transaction. A part may consist of others: a row of a list is a pupil, the guardians, the links
//! and the card.

use super::error::UseCaseError;
use crate::context::Context;
use crate::directory::Kind;
use crate::write::{Done, Unit, UnitError, Write};
use std::future::Future;
use uuid::Uuid;

/// How often a part is entered anew because a value was taken between look-up and commit. The second
/// time, the look-up finds whose it is.
const TRIES: usize = 4;

/// Something that is done as a whole or not at all, alone or within a larger whole.
pub trait Part: Sync {
    /// What the caller learns, besides what was appended.
    type Answer: Send;

    /// Checks, looks up, seals; enters commands and reservations. Writes nothing but missing keys, so
    /// it may be done again. Every command gets `context`'s id or a [`Context::part`] of it.
    fn enter(
        &self,
        write: &Write,
        context: &Context,
        unit: &mut Unit,
    ) -> impl Future<Output = Result<Self::Answer, UseCaseError>> + Send;
}

/// Does a part in one transaction; says what each of its commands did, in their order.
pub async fn commit<P: Part>(
    write: &Write,
    context: &Context,
    part: &P,
) -> Result<(P::Answer, Vec<Done>), UseCaseError> {
    for _ in 0..TRIES {
        let mut unit = Unit::of(context.school);
        let answer = part.enter(write, context, &mut unit).await?;
        match write.execute_together(unit).await {
            Ok(done) => return Ok((answer, done)),
            Err(UnitError::Claimed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(UseCaseError::Conflict)
}

/// The same for a part of one command.
pub(super) async fn commit_one<P: Part>(
    write: &Write,
    context: &Context,
    part: &P,
) -> Result<(P::Answer, Done), UseCaseError> {
    let (answer, done) = commit(write, context, part).await?;
    Ok((answer, done.first().copied().unwrap_or(Done::NOTHING)))
}

/// Reserves `value` for `wanted`, or for whoever it is reserved for already; says for whom.
pub(super) async fn reserve_for_somebody(
    write: &Write,
    context: &Context,
    unit: &mut Unit,
    (kind, value): (Kind, &str),
    wanted: Uuid,
) -> Result<Uuid, UseCaseError> {
    let found = write.directory().find(context.school, kind, value).await?;
    let (subject, owner) = found.map_or((wanted, None), |entry| (entry.subject, entry.owner));
    unit.reserve(kind, write.directory().hmac(context.school, kind, value), subject, owner);
    Ok(subject)
}

/// Reserves `value` for `subject`, unless it is another's; says whether.
pub(super) async fn reserve_for(
    write: &Write,
    context: &Context,
    unit: &mut Unit,
    (kind, value): (Kind, &str),
    subject: Uuid,
) -> Result<bool, UseCaseError> {
    Ok(match write.directory().find(context.school, kind, value).await? {
        Some(entry) if entry.subject != subject => false,
        found => {
            let hmac = write.directory().hmac(context.school, kind, value);
            unit.reserve(kind, hmac, subject, found.and_then(|entry| entry.owner));
            true
        }
    })
}

/// Frees `value` if it is `subject`'s.
pub(super) fn release(write: &Write, context: &Context, unit: &mut Unit, (kind, value): (Kind, &str), subject: Uuid) {
    unit.release(kind, write.directory().hmac(context.school, kind, value), subject);
}
