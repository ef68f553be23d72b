//! What may be asked of a broadcast, and what follows.

use super::{ALONE_UP_TO, Draft, Event, Known, Stage, State, Whom};
use crate::envelope::Actor;

/// What may be asked of a broadcast.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Write it, or write it anew.
    Draft(Draft),
    /// Let it go out.
    Approve {
        /// Which draft was seen.
        version: u32,
        /// To how many people it would go now.
        people: u32,
        /// Who wrote that draft.
        author: Actor,
        /// Who approves.
        by: Actor,
    },
    /// Its time has come.
    Start {
        /// To how many people it goes.
        people: u32,
    },
    /// Send nothing of it any more.
    Cancel,
    /// Nothing of it waits any more.
    Complete,
}

/// Why a command to a broadcast is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// Nobody wrote it.
    #[error("there is no such broadcast")]
    NotDrafted,
    /// Its audience names nothing.
    #[error("the audience names nobody")]
    EmptyAudience,
    /// It would go to nobody.
    #[error("it would go to nobody")]
    Nobody,
    /// So many people need a second person who approves.
    #[error("somebody else than who wrote it must approve it")]
    NeedsAnother,
    /// It was written anew since it was seen.
    #[error("it was changed meanwhile")]
    Changed,
    /// It goes out, or went.
    #[error("it goes out already")]
    GoesOut,
    /// It was cancelled.
    #[error("it was cancelled")]
    Cancelled,
    /// It is not to go out (yet).
    #[error("it is not approved")]
    NotApproved,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match (state, command) {
        (State::NotDrafted, Command::Draft(draft)) => drafted(draft),
        (State::NotDrafted, _) => Err(Error::NotDrafted),
        (State::Known(known), command) => of_known(known, command),
    }
}

fn drafted(draft: Draft) -> Result<Vec<Event>, Error> {
    let names_nobody = match &draft.audience.whom {
        Whom::School => false,
        Whom::Levels { levels } => levels.is_empty(),
        Whom::Courses { courses } => courses.is_empty(),
        Whom::Pupils { students } => students.is_empty(),
    };
    if names_nobody { Err(Error::EmptyAudience) } else { Ok(vec![Event::Drafted { draft }]) }
}

fn of_known(known: &Known, command: Command) -> Result<Vec<Event>, Error> {
    match (command, known.stage) {
        (Command::Cancel, Stage::Cancelled) => Ok(vec![]),
        (Command::Cancel, Stage::Completed(_)) => Err(Error::GoesOut),
        (Command::Cancel, _) => Ok(vec![Event::Cancelled]),
        (_, Stage::Cancelled) => Err(Error::Cancelled),
        (Command::Draft(draft), Stage::Drafted) => drafted(draft),
        (Command::Draft(_), _) => Err(Error::GoesOut),
        (Command::Approve { version, people, author, by }, Stage::Drafted) => {
            if version != known.version {
                Err(Error::Changed)
            } else if people == 0 {
                Err(Error::Nobody)
            } else if people > ALONE_UP_TO && author == by {
                Err(Error::NeedsAnother)
            } else {
                Ok(vec![Event::Approved { people }])
            }
        }
        (Command::Approve { .. }, _) => Ok(vec![]),
        (Command::Start { people }, Stage::Approved(_)) => Ok(vec![Event::Started { people }]),
        (Command::Start { .. } | Command::Complete, Stage::Drafted) => Err(Error::NotApproved),
        (Command::Start { .. }, _) => Ok(vec![]),
        (Command::Complete, Stage::Started(_)) => Ok(vec![Event::Completed]),
        (Command::Complete, Stage::Approved(_)) => Err(Error::NotApproved),
        (Command::Complete, _) => Ok(vec![]),
    }
}
