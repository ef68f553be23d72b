//! Links a guardian to a pupil.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::part::Part;
use crate::write::{Done, Unit, Write};
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

impl LinkGuardian {
    fn command(&self) -> Command {
        Command::LinkGuardian { guardian_id: self.guardian_id, rights: self.rights }
    }
}

impl Part for LinkGuardian {
    type Answer = ();

    async fn enter(&self, _: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        unit.step::<Student>(context, StreamId::of(context.school, self.student_id), self.command());
        Ok(())
    }
}

/// Links; the same link with the same rights again changes nothing, with other rights it is refused.
pub async fn link_guardian(write: &Write, context: &Context, input: LinkGuardian) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, input.student_id);
    Ok(write.execute::<Student>(context, &stream, input.command()).await?)
}

/// What a guardian who is linked to a pupil may do from now on; none: linked no more.
#[derive(Debug, Clone, Copy)]
pub struct ChangeGuardianLink {
    /// The pupil.
    pub student_id: StudentId,
    /// The guardian.
    pub guardian_id: GuardianId,
    /// All rights, not a difference.
    pub rights: Option<GuardianRights>,
}

/// Changes a link or ends it; the same again changes nothing.
pub async fn change_guardian_link(
    write: &Write,
    context: &Context,
    input: ChangeGuardianLink,
) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, input.student_id);
    let guardian_id = input.guardian_id;
    let command = match input.rights {
        Some(rights) => Command::ChangeGuardianLink { guardian_id, rights },
        None => Command::UnlinkGuardian { guardian_id },
    };
    Ok(write.execute::<Student>(context, &stream, command).await?)
}
