//! What may be asked of a guardian, and what follows.

use super::notices::{Language, Method, Notices, Want};
use super::{Event, State};
use crate::delivery::{Channel, Kind};
use crate::ids::StudentId;
use crate::sealed::Sealed;
use chrono::{DateTime, Utc};

/// What may be asked of a guardian.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Enter into the register.
    Register {
        /// Name, sealed (`identity`, field `name`).
        name: Sealed,
        /// RUN or other identifier in normal form, sealed (`identity`, field `national_id`).
        national_id: Option<Sealed>,
        /// E.164, sealed (`contact`, field `phone`).
        phone: Option<Sealed>,
        /// Mail address, sealed (`contact`, field `mail`).
        mail: Option<Sealed>,
    },
    /// Correct name, identifier or contacts; all fields, not a difference.
    ChangeContact {
        /// Name, sealed.
        name: Sealed,
        /// RUN or other identifier in normal form, sealed.
        national_id: Option<Sealed>,
        /// E.164, sealed.
        phone: Option<Sealed>,
        /// Mail address, sealed.
        mail: Option<Sealed>,
    },
    /// Say which notices are wanted; all kinds, not a difference.
    SetPreferences {
        /// Of which pupil; none: of every pupil of whom nothing else was said.
        student_id: Option<StudentId>,
        /// In which language.
        language: Option<Language>,
        /// By kind.
        wanted: Vec<Want>,
    },
    /// Say whether notices may come by a channel.
    Opt {
        /// The channel.
        channel: Channel,
        /// Of this kind only; none: of all.
        kind: Option<Kind>,
        /// In or out.
        in_: bool,
        /// How it was said.
        method: Method,
        /// When it was said: what was said before something that is known already changes nothing.
        said_at: DateTime<Utc>,
    },
    /// Tell that the keys of the personal data are destroyed.
    Erase,
}

/// Why a command to a guardian is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// Never entered.
    #[error("the guardian is not registered")]
    NotRegistered,
    /// Entered before, with other sealed data.
    #[error("the guardian is already registered")]
    AlreadyRegistered,
    /// The personal data is destroyed.
    #[error("the guardian is erased")]
    Erased,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Register { name, national_id, phone, mail } => match state {
            State::NotRegistered => Ok(vec![Event::Registered { name, national_id, phone, mail }]),
            State::Registered { name: n, national_id: i, phone: p, mail: m, .. }
                if (n, i, p, m) == (&name, &national_id, &phone, &mail) =>
            {
                Ok(vec![])
            }
            State::Registered { .. } => Err(Error::AlreadyRegistered),
            State::Erased => Err(Error::Erased),
        },
        Command::ChangeContact { name, national_id, phone, mail } => match state {
            State::NotRegistered => Err(Error::NotRegistered),
            State::Registered { name: n, national_id: i, phone: p, mail: m, .. }
                if (n, i, p, m) == (&name, &national_id, &phone, &mail) =>
            {
                Ok(vec![])
            }
            State::Registered { .. } => Ok(vec![Event::ContactChanged { name, national_id, phone, mail }]),
            State::Erased => Err(Error::Erased),
        },
        Command::SetPreferences { student_id, language, wanted } => {
            let known = known(state)?;
            let mut after = known.clone();
            after.set(student_id, language, &wanted);
            Ok(if after == *known { vec![] } else { vec![Event::PreferencesSet { student_id, language, wanted }] })
        }
        Command::Opt { channel, kind, in_, method, said_at } => {
            let news = known(state)?.is_news(channel, kind, in_, said_at);
            Ok(match (news, in_) {
                (false, _) => vec![],
                (true, true) => vec![Event::OptedIn { channel, kind, method, said_at }],
                (true, false) => vec![Event::OptedOut { channel, kind, method, said_at }],
            })
        }
        Command::Erase => match state {
            State::NotRegistered => Err(Error::NotRegistered),
            State::Registered { .. } => Ok(vec![Event::Erased]),
            State::Erased => Ok(vec![]),
        },
    }
}

fn known(state: &State) -> Result<&Notices, Error> {
    match state {
        State::NotRegistered => Err(Error::NotRegistered),
        State::Registered { notices, .. } => Ok(notices),
        State::Erased => Err(Error::Erased),
    }
}
