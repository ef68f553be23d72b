//! Says why a pupil of a case does not come: the day is justified with it.

use super::justify_day::{JustifyDay, justify_day};
use crate::batcher::Batcher;
use crate::context::Context;
use crate::no_show;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::JustificationId;
use domain::attendance_day::{Error as DayError, JustificationError};
use domain::no_show::{CaseId, Command, Error, Justification, State};
use tracing::Instrument;
use uuid::Uuid;

/// The justification of a day that comes of a case, the same at every retry.
pub fn justification_of(case: CaseId) -> JustificationId {
    JustificationId(Uuid::new_v5(&case.student_id.0, format!("case {}/{}", case.date, case.slot_id).as_bytes()))
}

/// Justifies the pupil's day and ends the case, with the same reason. The day goes first: should the second half fail,
/// whoever tries again completes it, and if nobody does, the detector ends the case of a justified pupil. In a task of
/// its own: whoever hangs up cuts nothing off.
pub async fn justify_case(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    case: CaseId,
    reason: Justification,
) -> Result<Done, UseCaseError> {
    let (write, batcher, context) = (write.clone(), batcher.clone(), context.clone());
    let work = async move { both(&write, &batcher, &context, case, reason).await };
    let done = tokio::spawn(work.instrument(tracing::Span::current())).await;
    done.unwrap_or(Err(UseCaseError::Store(crate::StoreError::Interrupted)))
}

async fn both(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    case: CaseId,
    reason: Justification,
) -> Result<Done, UseCaseError> {
    match no_show::state_of(write, context.school, case).await? {
        State::NotOpened => return Err(UseCaseError::NoShow(Error::NotOpened)),
        State::Closed => return Err(UseCaseError::NoShow(Error::Closed)),
        // Justified: by an older version of the program the day is not, or its half failed.
        State::Open { .. } | State::Justified => {}
    }
    let day = justified(write, batcher, context, case, reason).await?;
    match no_show::ask(write, context, case, Command::Justify { reason }).await.map_err(UseCaseError::from) {
        Ok(done) => Ok(Done {
            position: done.position.or(day.position.filter(|_| !day.repeated)),
            events: done.events + day.events,
            repeated: done.repeated,
        }),
        // It came to its end meanwhile: the pupil came, late with a reason.
        Err(UseCaseError::NoShow(Error::Closed)) => Ok(day),
        Err(error) => Err(error),
    }
}

/// The day's half. A day that is justified already is; one on which the pupil is not enrolled has nothing to justify.
async fn justified(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    case: CaseId,
    reason: Justification,
) -> Result<Done, UseCaseError> {
    let input = JustifyDay {
        student_id: case.student_id,
        date: case.date,
        justification_id: justification_of(case),
        reason,
        guardian_id: None,
        note: None,
        document: None,
        accepted: true,
    };
    match justify_day(write, batcher, &context.part("day"), input).await {
        Err(
            UseCaseError::Day(DayError::Justification(JustificationError::AlreadyJustified) | DayError::NotEnrolled)
            | UseCaseError::UnknownStudent,
        ) => Ok(Done::NOTHING),
        other => other,
    }
}
