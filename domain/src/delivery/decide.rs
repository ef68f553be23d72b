//! What may be said of a delivery, and what follows.

use super::{Doubt, Event, Failure, Mode, Notice, State, Status, Suppression};

/// What may be said of a delivery.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Command {
    /// It is to be sent.
    Request(Notice),
    /// The channel took it.
    Accept {
        /// In which try, from 1.
        attempt: u16,
        /// Whether it left this program.
        mode: Mode,
    },
    /// The channel says that it is there.
    Deliver,
    /// The channel says that a person opened it.
    Read,
    /// It did not arrive.
    Fail {
        /// Why.
        reason: Failure,
        /// The channel's own code.
        code: Option<u32>,
    },
    /// Nobody knows whether it arrived.
    Doubt(Doubt),
    /// It is not sent after all.
    Suppress(Suppression),
}

/// Why a command to a delivery is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// Nobody asked for it.
    #[error("there is no such delivery")]
    NotRequested,
    /// It was asked for as another.
    #[error("another delivery stands under this id")]
    Another,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    let status = match (state, command) {
        (State::NotRequested, Command::Request(notice)) => return Ok(vec![Event::Requested { notice }]),
        (State::NotRequested, _) => return Err(Error::NotRequested),
        (State::Known { notice, .. }, Command::Request(again)) => {
            let same = (notice.cause_id, notice.kind, notice.channel, notice.guardian_id)
                == (again.cause_id, again.kind, again.channel, again.guardian_id);
            return if same { Ok(vec![]) } else { Err(Error::Another) };
        }
        (State::Known { status, .. }, _) => *status,
    };
    Ok(said(status, command).into_iter().collect())
}

/// News of a delivery, if it is any: what says less than what is known is none.
fn said(status: Status, command: Command) -> Option<Event> {
    let open = matches!(status, Status::Requested | Status::Unknown | Status::Accepted);
    match command {
        Command::Request(_) => None,
        Command::Accept { attempt, mode } => {
            (open && status != Status::Accepted).then_some(Event::Accepted { attempt, mode })
        }
        // After a failure too: the channel says so now.
        Command::Deliver => (!matches!(status, Status::Delivered | Status::Read)).then_some(Event::Delivered),
        Command::Read => (status != Status::Read).then_some(Event::Read),
        Command::Fail { reason, code } => open.then_some(Event::Failed { reason, code }),
        Command::Doubt(reason) => (status == Status::Requested).then_some(Event::Unknown { reason }),
        // What may have arrived stays so.
        Command::Suppress(reason) => (status == Status::Requested).then_some(Event::Suppressed { reason }),
    }
}
