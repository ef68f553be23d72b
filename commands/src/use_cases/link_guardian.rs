//! Links a guardian to a pupil.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::student::{Command, GuardianRights, Student};
use domain::{GuardianId, StreamId, StudentId};

/// A link.
#[derive(Debug, Clone, Copy)]
pub struct LinkGuardian {
    /// The pupil.
    pub student_id: StudentId,
    /// The guardian.
    pub guardian_id: GuardianId,
    /// What the guardian may do for this pupil.
    pub rights: GuardianRights,
}

/// Links; the same link with the same rights again changes nothing, with other rights it is refused.
pub async fn link_guardian(write: &Write, context: &Context, input: LinkGuardian) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, input.student_id);
    let command = Command::LinkGuardian { guardian_id: input.guardian_id, rights: input.rights };
    Ok(write.execute::<Student>(context, &stream, command).await?)
}
