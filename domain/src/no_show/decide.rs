//! What may be asked of a case, and what follows.

use super::{Event, Hold, Justification, Resolution, Retraction, Stage, State};
use crate::expectation::Why;
use crate::ids::CourseId;
use chrono::{DateTime, Utc};

/// What a look at the school's day found of a pupil's slot.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Finding {
    /// Expected, due, and no entry on record.
    Missing {
        /// The pupil's course.
        course_id: CourseId,
        /// When the entry was due.
        due_at: DateTime<Utc>,
        /// Why the families are not told by themselves, if they are not.
        hold: Option<Hold>,
    },
    /// An entry is on record.
    Entered {
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody expects the pupil.
    NotExpected {
        /// Which rule says so.
        why: Why,
    },
    /// The entry is not due yet.
    NotDue,
    /// No entry is on record, and the staff accepted why.
    Justified {
        /// Why.
        reason: Justification,
    },
    /// The pupil left early with an adult who may collect, and did not come back.
    LeftEarly {
        /// When the pupil went.
        at: DateTime<Utc>,
    },
}

/// What may be asked of a case.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Command {
    /// Take in what was found.
    Observe(Finding),
    /// Look after it: nobody else is told any more.
    Acknowledge,
    /// Tell the families although it was held.
    Release,
    /// Say why the pupil does not come.
    Justify {
        /// Why.
        reason: Justification,
    },
}

/// Why a command to a case is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("there is no such case")]
    NotOpened,
    /// It came to its end.
    #[error("the case is closed")]
    Closed,
    /// A person looks after it already, and has told or not told the families.
    #[error("somebody looks after the case already")]
    Acknowledged,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Observe(finding) => Ok(observe(state, finding)),
        Command::Acknowledge => Ok(match open(state)?.1 {
            Stage::Acknowledged => vec![],
            Stage::Opened | Stage::Held(_) | Stage::Notified { .. } => vec![Event::Acknowledged],
        }),
        Command::Release => match open(state)?.1 {
            Stage::Opened | Stage::Held(_) => Ok(vec![Event::NoticeRequested { step: 1 }]),
            Stage::Notified { .. } => Ok(vec![]),
            Stage::Acknowledged => Err(Error::Acknowledged),
        },
        Command::Justify { .. } if matches!(state, State::Justified) => Ok(vec![]),
        Command::Justify { reason } => {
            open(state)?;
            Ok(vec![Event::Resolved { resolution: Resolution::Justified { reason } }])
        }
    }
}

fn open(state: &State) -> Result<(DateTime<Utc>, Stage), Error> {
    match state {
        State::NotOpened => Err(Error::NotOpened),
        State::Open { due_at, stage } => Ok((*due_at, *stage)),
        State::Closed | State::Justified => Err(Error::Closed),
    }
}

/// A finding is never refused: it may have been overtaken by what a person did.
fn observe(state: &State, finding: Finding) -> Vec<Event> {
    let retracted = |retraction| vec![Event::Retracted { retraction }];
    match (state, finding) {
        (State::NotOpened | State::Closed, Finding::Missing { course_id, due_at, hold }) => {
            vec![Event::Opened { course_id, due_at }, told(hold)]
        }
        (State::Justified, _)
        | (
            State::NotOpened | State::Closed,
            Finding::Entered { .. }
            | Finding::NotExpected { .. }
            | Finding::NotDue
            | Finding::Justified { .. }
            | Finding::LeftEarly { .. },
        ) => vec![],
        (State::Open { stage, .. }, Finding::Missing { hold, .. }) => match (stage, hold) {
            (Stage::Opened | Stage::Held(_), None) => vec![told(None)],
            (Stage::Held(before), Some(now)) if *before == now => vec![],
            (Stage::Opened | Stage::Held(_), Some(_)) => vec![told(hold)],
            // What was said is not unsaid, and what a person looks after is no longer the program's.
            (Stage::Notified { .. } | Stage::Acknowledged, _) => vec![],
        },
        (State::Open { due_at, .. }, Finding::Entered { at }) if at < *due_at => {
            retracted(Retraction::EnteredBefore { at })
        }
        (State::Open { .. }, Finding::Entered { at }) => {
            vec![Event::Resolved { resolution: Resolution::Arrived { at } }]
        }
        (State::Open { .. }, Finding::NotExpected { why }) => retracted(Retraction::NotExpected { why }),
        (State::Open { .. }, Finding::NotDue) => retracted(Retraction::NotDue),
        (State::Open { .. }, Finding::Justified { reason }) => {
            vec![Event::Resolved { resolution: Resolution::Justified { reason } }]
        }
        (State::Open { .. }, Finding::LeftEarly { at }) => retracted(Retraction::LeftEarly { at }),
    }
}

fn told(hold: Option<Hold>) -> Event {
    hold.map_or(Event::NoticeRequested { step: 1 }, |reason| Event::Held { reason })
}
