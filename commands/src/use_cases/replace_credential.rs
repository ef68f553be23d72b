//! A card of a pupil's ends, another is given, or both: whoever finds a lost card finds one that ended before the next
//! one was given.

use super::change_calendar::together;
use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::issue_credential::{IssueCredential, NewCard};
use crate::use_cases::part::{Part, commit};
use crate::write::{Done, Unit, Write};
use domain::student::{Command, RevocationReason, Student};
use domain::{CredentialId, StreamId, StudentId};

/// What is done.
#[derive(Debug, Clone)]
pub struct ReplaceCredential {
    /// The pupil.
    pub student_id: StudentId,
    /// Which card ends, and why.
    pub ends: Option<(CredentialId, RevocationReason)>,
    /// The card that is given.
    pub new: Option<NewCard>,
}

impl Part for ReplaceCredential {
    type Answer = ();

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let stream = StreamId::of(context.school, self.student_id);
        if let Some((credential_id, reason)) = self.ends {
            let state = write.state::<Student>(&stream).await?;
            let valid = |pupil: &domain::student::Pupil| {
                pupil.credentials.get(&credential_id).is_some_and(|card| card.revoked.is_none())
            };
            // Another pupil's card, or one that ended already: nothing takes the place of nothing.
            if !state.pupil().is_some_and(valid) {
                return Ok(());
            }
            unit.step::<Student>(&context.part("end"), stream, Command::RevokeCredential { credential_id, reason });
        }
        if let Some(card) = self.new.clone() {
            let issue = IssueCredential { student_id: self.student_id, card };
            issue.enter(write, &context.part("issue"), unit).await?;
        }
        Ok(())
    }
}

/// Does both or none; the same request again changes nothing.
pub async fn replace_credential(
    write: &Write,
    context: &Context,
    input: ReplaceCredential,
) -> Result<Done, UseCaseError> {
    Ok(together(commit(write, context, &input).await?.1))
}
