//! Who is inside now, and roll calls: begun, marked and ended.

pub mod end;
pub mod marks;
pub mod read;
pub mod result;
pub mod start;

use crate::problem::{Code, Problem};
use chrono::{NaiveDate, TimeDelta};
use commands::use_cases::UseCaseError;
use domain::roll_call::{Error, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A kiosk says at least once a minute how far it is drained; after this long of a real clock it is as good as silent.
const BEHIND_AFTER: TimeDelta = TimeDelta::minutes(5);

/// The same of a clock that runs at `rate`.
pub(crate) fn behind_after(rate: f64) -> TimeDelta {
    BEHIND_AFTER * rate.clamp(1.0, 10_000.0).ceil() as i32
}

/// What was done about a roll call.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct RollCallChanged {
    /// Place in the log of the event; none if it was so already.
    pub position: Option<i64>,
}

/// Which roll call goes on, from its beginning.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct RollCallBegun {
    /// The school day.
    pub date: NaiveDate,
    /// Its id.
    pub roll_call_id: Uuid,
    /// Place in the log of its last event.
    pub position: i64,
}

/// To begin one.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRollCall {
    /// `drill` or `evacuation`.
    #[schema(value_type = String, example = "drill")]
    pub reason: Reason,
}

fn refused(error: UseCaseError) -> Problem {
    match error {
        UseCaseError::UnknownStudent => Problem::new(Code::NotFound).at("student"),
        UseCaseError::RollCall(Error::NotStarted) => Problem::new(Code::RollCallNotFound),
        UseCaseError::RollCall(Error::Ended) => Problem::new(Code::RollCallEnded),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
