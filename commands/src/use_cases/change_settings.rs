//! Changes what a school's day is judged by, from today on.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::StreamId;
use domain::school::{Command, School, SettingsChange};

/// Changes some settings; the same again changes nothing.
pub async fn change_settings(write: &Write, context: &Context, change: SettingsChange) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, context.school);
    Ok(write.execute::<School>(context, &stream, Command::AdjustSettings { change }).await?)
}
