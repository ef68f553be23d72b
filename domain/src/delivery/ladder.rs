//! Whom an alarm goes to next: the first guardian by the first channel, then by the other one, then the second guardian,
//! then the list of those whom the inspector calls. Bounded, and a pure function of what happened so far.

use super::{Channel, Status};
use crate::ids::GuardianId;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// Guardians who are written to at most; then a person calls.
pub const MOST_GUARDIANS: usize = 2;
/// How long a message may wait, or go without word that it is there, before the next one is asked for.
pub const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// A guardian and a way to reach the guardian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Rung {
    /// Whom.
    pub guardian_id: GuardianId,
    /// How.
    pub channel: Channel,
}

/// A rung that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tried {
    /// Which.
    pub rung: Rung,
    /// How much is known of it.
    pub status: Status,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// This one is to be asked for.
    Ask(Rung),
    /// Nothing before then, unless something is heard.
    Wait(DateTime<Utc>),
    /// Somebody was told.
    Told,
    /// Nobody is known to have been told, and nobody is left: a person calls.
    Call,
}

/// What follows from what happened so far. The rungs are those that may be tried now, in order.
pub fn next(rungs: &[Rung], tried: &[Tried], now: DateTime<Utc>) -> Next {
    if tried.iter().any(Tried::is_told) {
        return Next::Told;
    }
    // One that is not allowed any more may be on its way all the same.
    let waits = tried.iter().filter_map(|tried| word_until(tried).filter(|until| *until > now)).max();
    if let Some(until) = waits {
        return Next::Wait(until);
    }
    let known: BTreeSet<GuardianId> = tried.iter().map(|tried| tried.rung.guardian_id).collect();
    let may_be = |rung: &Rung| known.contains(&rung.guardian_id) || known.len() < MOST_GUARDIANS;
    let untried = rungs.iter().find(|rung| may_be(rung) && !tried.iter().any(|tried| tried.rung == **rung));
    untried.map_or(Next::Call, |rung| Next::Ask(*rung))
}

impl Tried {
    /// Whether somebody is known to have been told by it. A mail server's word is the last that is heard of a mail.
    pub fn is_told(&self) -> bool {
        match self.status {
            Status::Delivered | Status::Read => true,
            Status::Accepted => self.rung.channel == Channel::Email,
            Status::Requested | Status::Unknown | Status::Failed | Status::Suppressed => false,
        }
    }
}

/// Until when word of it is waited for, if it is.
fn word_until(tried: &Tried) -> Option<DateTime<Utc>> {
    match tried.status {
        Status::Requested | Status::Unknown | Status::Accepted => tried.since.checked_add_signed(PATIENCE),
        Status::Delivered | Status::Read | Status::Failed | Status::Suppressed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_values::{at, id};

    fn rung(guardian: u64, channel: Channel) -> Rung {
        Rung { guardian_id: id(guardian), channel }
    }
    fn rungs() -> [Rung; 4] {
        [1, 2].map(|n| [Channel::Whatsapp, Channel::Email].map(|channel| rung(n, channel))).concat().try_into().unwrap()
    }
    fn tried(n: usize, status: Status, minute: u32) -> Tried {
        Tried { rung: rungs()[n], status, since: at(11, minute, 0) }
    }

    #[test]
    fn d39_each_rung_is_asked_for_once_and_the_next_where_it_came_to_nothing() {
        let mut so_far = Vec::new();
        for n in 0..4 {
            assert_eq!(next(&rungs(), &so_far, at(11, 15, 0)), Next::Ask(rungs()[n]));
            so_far.push(tried(n, if n % 2 == 0 { Status::Failed } else { Status::Suppressed }, 15));
        }
        assert_eq!(next(&rungs(), &so_far, at(11, 15, 0)), Next::Call);
        assert_eq!(next(&[], &[], at(11, 15, 0)), Next::Call, "a pupil without guardians");
    }

    #[test]
    fn a_message_of_which_no_word_comes_is_waited_for_and_then_no_more() {
        for status in [Status::Requested, Status::Unknown, Status::Accepted] {
            let first = [tried(0, status, 15)];
            assert_eq!(next(&rungs(), &first, at(11, 19, 59)), Next::Wait(at(11, 20, 0)), "{status:?}");
            assert_eq!(next(&rungs(), &first, at(11, 20, 0)), Next::Ask(rungs()[1]), "{status:?}");
        }
    }

    #[test]
    fn once_somebody_is_told_nobody_else_is() {
        for (n, status) in [(0, Status::Delivered), (0, Status::Read), (1, Status::Accepted), (3, Status::Accepted)] {
            let so_far = [tried(0, Status::Failed, 15), tried(n, status, 16)];
            assert_eq!(next(&rungs(), &so_far, at(12, 0, 0)), Next::Told, "{n} {status:?}");
        }
        // Nor where the one who was told may not be told any more.
        assert_eq!(next(&rungs()[2..], &[tried(0, Status::Read, 15)], at(12, 0, 0)), Next::Told);
    }

    #[test]
    fn a_third_guardian_is_called_and_not_written_to() {
        let third = [rungs(), [5, 6, 7, 8].map(|n| rung(n, Channel::Email))].concat();
        let so_far: Vec<_> = (0..4).map(|n| tried(n, Status::Failed, 15)).collect();
        assert_eq!(next(&third, &so_far, at(11, 15, 0)), Next::Call);
        assert_eq!(
            next(&third[4..], &so_far[..2], at(11, 15, 0)),
            Next::Ask(third[4]),
            "the first may not be told now"
        );
    }

    #[test]
    fn what_is_not_allowed_any_more_is_waited_for_while_it_may_be_on_its_way() {
        let gone = [tried(0, Status::Accepted, 15)];
        assert_eq!(next(&rungs()[2..], &gone, at(11, 16, 0)), Next::Wait(at(11, 20, 0)));
        assert_eq!(next(&rungs()[2..], &gone, at(11, 20, 0)), Next::Ask(rungs()[2]));
    }
}
