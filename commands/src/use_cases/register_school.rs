//! Enters a school: the tenant that everything else belongs to.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::school::{Command, School, Settings};
use domain::{SchoolId, StreamId};

/// A school.
#[derive(Debug, Clone)]
pub struct RegisterSchool {
    /// Its public name.
    pub name: String,
    /// RBD with check digit, where it has one.
    pub rbd: Option<String>,
    /// What its day is judged by.
    pub settings: Settings,
}

/// The school as entered.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredSchool {
    /// Its id: that of the context.
    pub school_id: SchoolId,
    /// What was appended.
    pub done: Done,
}

/// Registers the school whose id the context carries. The same data again changes nothing.
pub async fn register_school(
    write: &Write,
    context: &Context,
    input: RegisterSchool,
) -> Result<RegisteredSchool, UseCaseError> {
    let school_id = context.school;
    let RegisterSchool { name, rbd, settings } = input;
    let command = Command::Register { name, rbd, settings };
    let done = write.execute::<School>(context, &StreamId::of(school_id, school_id), command).await?;
    Ok(RegisteredSchool { school_id, done })
}
