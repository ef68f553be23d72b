//! What single dates are: of the whole school here, of one course in [`super::courses::calendar`].

pub mod clear;
pub mod read;
pub mod set;

use crate::problem::{Code, Problem};
use chrono::{NaiveDate, NaiveTime};
use commands::use_cases::UseCaseError;
use domain::{course, school};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One stay of a date, in the school's local wall time.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayStay {
    /// Expected entry: `09:00:00`.
    #[schema(value_type = String, example = "09:00:00")]
    pub entry: NaiveTime,
    /// Expected exit, after `entry`.
    #[schema(value_type = String, example = "13:00:00")]
    pub exit: NaiveTime,
}

/// What was done about a date.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct DayChanged {
    /// The local date.
    pub date: NaiveDate,
    /// Place in the log of the event; none if it was so already.
    pub position: Option<i64>,
}

pub(super) fn refused(error: UseCaseError) -> Problem {
    match error {
        UseCaseError::School(school::Error::Day(why)) | UseCaseError::Course(course::Error::Day(why)) => {
            Problem::new(Code::DayInvalid).at(why.to_string())
        }
        UseCaseError::Course(course::Error::NotOpened) => Problem::new(Code::NotFound).at("course"),
        UseCaseError::Course(course::Error::Closed) => Problem::new(Code::CourseClosed),
        UseCaseError::Course(why) => Problem::new(Code::DayInvalid).at(why.to_string()),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
