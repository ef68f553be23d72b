//! What may be asked of a roll call, and what follows.

use super::{Event, Mark, Marks, Reason, Said, State};
use chrono::{DateTime, Utc};

/// What may be asked of a roll call.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Begin it; whoever asks for one that goes on joins it.
    Start {
        /// Why.
        reason: Reason,
        /// When.
        at: DateTime<Utc>,
    },
    /// Take in what somebody says of pupils.
    Mark {
        /// What, in the order in which it was said.
        marks: Vec<Mark>,
        /// When it arrives: a device's clock that is ahead says no more than that.
        now: DateTime<Utc>,
    },
    /// End it.
    End,
}

/// Why a command to a roll call is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("there is no such roll call")]
    NotStarted,
    /// It is over, and does not begin again.
    #[error("the roll call is over")]
    Ended,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match (command, state) {
        (Command::Start { reason, at }, State::NotStarted) => Ok(vec![Event::Started { reason, at }]),
        (Command::Start { reason: Reason::Evacuation, .. }, State::Open(started))
            if started.reason == Reason::Drill =>
        {
            Ok(vec![Event::TurnedIntoEvacuation])
        }
        (Command::Start { .. }, State::Open(_)) => Ok(vec![]),
        (Command::Start { .. }, State::Ended(_)) => Err(Error::Ended),
        (Command::Mark { .. } | Command::End, State::NotStarted) => Err(Error::NotStarted),
        (Command::Mark { marks, now }, State::Open(started) | State::Ended(started)) => {
            Ok(said(&started.marks, marks, |at| at.min(now).max(started.at)))
        }
        (Command::End, State::Open(_)) => Ok(vec![Event::Ended]),
        (Command::End, State::Ended(_)) => Ok(vec![]),
    }
}

/// What is new of what is said. A device's clock is no reason to refuse a mark: what it says lies between the beginning
/// and now.
fn said(known: &Marks, marks: Vec<Mark>, within: impl Fn(DateTime<Utc>) -> DateTime<Utc>) -> Vec<Event> {
    let mut new = Marks::new();
    let mut events = Vec::new();
    for Mark { student_id, safe, at } in marks {
        let at = within(at);
        let last = new.get(&student_id).or_else(|| known.get(&student_id)).copied();
        let is_new = match last {
            None => safe,
            Some(last) => last.safe != safe && last.at <= at,
        };
        if is_new {
            new.insert(student_id, Said { safe, at });
            events.push(match safe {
                true => Event::MarkedSafe { student_id, at },
                false => Event::MarkWithdrawn { student_id, at },
            });
        }
    }
    events
}
