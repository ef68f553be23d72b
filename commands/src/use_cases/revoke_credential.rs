//! Ends a card's or tag's validity.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::student::{Command, Error, RevocationReason, Student};
use domain::{CredentialId, StreamId, StudentId};

/// What ends and why.
#[derive(Debug, Clone, Copy)]
pub struct RevokeCredential {
    /// The pupil.
    pub student_id: StudentId,
    /// The credential.
    pub credential_id: CredentialId,
    /// Why.
    pub reason: RevocationReason,
}

/// Revokes; again for the same reason changes nothing. The directory keeps the card, so that a scan
/// of it is known as this pupil's revoked card and not as an unknown one.
pub async fn revoke_credential(
    write: &Write,
    context: &Context,
    input: RevokeCredential,
) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, input.student_id);
    let command = Command::RevokeCredential { credential_id: input.credential_id, reason: input.reason };
    Ok(write.execute::<Student>(context, &stream, command).await?)
}

/// The credentials of a pupil that were not revoked. Refused for whoever is not enrolled here, or is erased.
pub async fn valid_credentials(
    write: &Write,
    context: &Context,
    student_id: StudentId,
) -> Result<Vec<CredentialId>, UseCaseError> {
    let state = write.state::<Student>(&StreamId::of(context.school, student_id)).await?;
    let pupil = state.pupil().ok_or(UseCaseError::Student(Error::NotEnrolled))?;
    Ok(pupil.credentials.iter().filter(|(_, card)| card.revoked.is_none()).map(|(id, _)| *id).collect())
}
