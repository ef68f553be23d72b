//! A day as it was known at a moment and as it is known now, from the audit index alone.

pub mod events;
pub mod pupils;
pub mod read;

#[cfg(test)]
mod tests;

use crate::AppState;
use crate::api::input::SchoolInstant;
use crate::problem::{Code, Problem};
use crate::replay::{self, Asked, Day, Refused};
use chrono::NaiveDate;
use domain::SchoolId;
use projections::audit::replay::ReplayError;

/// Replays the day, or says what is wrong with the question.
async fn day(
    state: &AppState,
    school: SchoolId,
    date: NaiveDate,
    as_of: Option<SchoolInstant>,
    at: Option<SchoolInstant>,
) -> Result<Day, Problem> {
    let asked = Asked { date, as_of: as_of.map(|at| at.0), at: at.map(|at| at.0) };
    Ok(replay::day(&state.pools.request, school, asked, state.clock.now()).await?)
}

/// An actor as it stands in the log; Postgres is not asked for it, but no longer one exists.
fn actor(text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.len() > 200 || text.chars().any(char::is_control) => {
            Err(Problem::new(Code::InvalidParameter).at("actor"))
        }
        other => Ok(other),
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::InFuture => Self::new(Code::TimeInFuture).at("as_of"),
            Refused::AfterKnown => Self::new(Code::InvalidParameter).at("at: later than as_of"),
            Refused::NoSchool => Self::new(Code::NotFound).at("school"),
            Refused::Replay(ReplayError::Store(error)) => error.into(),
            Refused::Replay(ReplayError::Unfilled) => {
                tracing::error!("the audit index was filled by an earlier program: attendance rebuild audit");
                Self::new(Code::ReplayNeedsRebuild)
            }
            Refused::Replay(ReplayError::Poison(poison)) => Self::internal(poison),
        }
    }
}
