//! Erases a guardian's personal data everywhere at once, by destroying its keys.

use crate::context::Context;
use crate::deliveries;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::people::exists;
use crate::write::{Done, Write};
use domain::guardian::{Command, Error, Guardian};
use domain::{GuardianId, StreamId};

/// Destroys the keys of every class, forgets by which address messages went, frees what the directory
/// held, appends `erased`. Each step
/// again changes nothing, so a repeat finishes what a crash left. The keys go first: they are what
/// the erasure is, and the event must not say so before it is true. They go once more after it: a write
/// that was under way meanwhile may have sealed under a new key, and after the event none can.
///
/// Streams still load: readers see "erased" in place of each value.
pub async fn erase_guardian(write: &Write, context: &Context, id: GuardianId) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, id);
    if !exists(write, "guardian", &stream).await? {
        return Err(UseCaseError::Guardian(Error::NotRegistered));
    }
    write.vault().shred(context.school, id.0, None).await?;
    deliveries::forget(write, context.school, id).await?;
    write.directory().release(context.school, id.0).await?;
    let done = write.execute::<Guardian>(context, &stream, Command::Erase).await?;
    write.vault().shred(context.school, id.0, None).await?;
    deliveries::forget(write, context.school, id).await?;
    write.directory().release(context.school, id.0).await?;
    Ok(done)
}
