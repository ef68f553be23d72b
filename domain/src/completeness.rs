//! Whether every scan that could still change a day's beginning has arrived.
//!
//! Absence is only concluded when every gate that could have let a pupil in has told that nothing taken before the
//! deadline is waiting on it. A gate that is silent, or behind, makes the answer unknown.

use crate::attendance_day::Direction;
use crate::day_status::{Completeness, Policy, closed_at, word_needed};
use crate::expectation::Expectation;
use crate::kiosk::LaneMode;
use chrono::{DateTime, TimeDelta, Utc};

/// A kiosk of which nothing was heard for this long is out of use, whether or not somebody said so: one that was put
/// away must not make every day of a school unknown. It is longer than any winter holidays, so that a gate which is
/// dead on the first day of classes counts as silent.
pub const OUT_OF_USE_AFTER: TimeDelta = TimeDelta::days(30);

/// A kiosk says how far it is drained once a minute; this long after a deadline, one that has not is behind.
pub const AWAITED_FOR: TimeDelta = TimeDelta::minutes(3);

/// What completeness needs to know of a kiosk, from the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GateFacts {
    /// How it learns the direction.
    pub mode: LaneMode,
    /// No longer trusted.
    pub revoked: bool,
    /// No scan taken before this instant is still waiting on it.
    pub drained_through: Option<DateTime<Utc>>,
    /// It fell silent and has not returned; when it was last heard.
    pub silent_since: Option<DateTime<Utc>>,
    /// Latest corrected time of a scan of it that could be placed.
    pub last_scan_at: Option<DateTime<Utc>>,
}

impl GateFacts {
    /// Whether a pupil may have entered by it on a day whose deadline is `deadline`, so that its word is needed. Not
    /// by one that only lets out, that was revoked, that was never heard, or that is out of use.
    pub fn counts(&self, deadline: DateTime<Utc>) -> bool {
        let heard = self.drained_through.max(self.silent_since).max(self.last_scan_at);
        let since = deadline.checked_sub_signed(OUT_OF_USE_AFTER).unwrap_or(DateTime::<Utc>::MIN_UTC);
        !self.revoked && self.mode.fixed_direction() != Some(Direction::Exit) && heard.is_some_and(|at| at >= since)
    }

    /// What its word is worth for a deadline, at `now`.
    pub fn completeness(&self, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Completeness {
        // Of what it held back nothing is from before the deadline, even if it fell silent since.
        if self.drained_through.is_some_and(|through| through >= deadline) {
            return Completeness::Complete;
        }
        let behind = deadline.checked_add_signed(AWAITED_FOR).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if self.silent_since.is_some() || now >= behind { Completeness::GateSilent } else { Completeness::Awaited }
    }
}

/// What the gates' words are worth together: as much as the worst of those that count. A school none of whose gates
/// counts waits for none; whoever would alarm anybody asks [`any_counts`] too.
pub fn completeness<'a>(
    gates: impl IntoIterator<Item = &'a GateFacts>,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Completeness {
    let counting = gates.into_iter().filter(|gate| gate.counts(deadline));
    counting.map(|gate| gate.completeness(deadline, now)).max().unwrap_or(Completeness::Complete)
}

/// What the gates' words are worth at `weighed` for a day that expects this, about `now`: a replay knows more of an instant
/// than that instant did. A closed day on which no gate counts is not known: nobody could have been read, and that is no
/// absence.
pub fn of_day<'a>(
    gates: impl IntoIterator<Item = &'a GateFacts> + Clone,
    expected: &Expectation,
    policy: &Policy,
    now: DateTime<Utc>,
    weighed: DateTime<Utc>,
) -> Completeness {
    // Of a day that expects nobody nothing is concluded.
    let Some(until) = word_needed(expected, policy, now) else { return Completeness::Complete };
    if closed_at(expected, now).is_some() && !any_counts(gates.clone(), until) {
        return Completeness::GateSilent;
    }
    completeness(gates, until, weighed)
}

/// Whether any gate counts.
pub fn any_counts<'a>(gates: impl IntoIterator<Item = &'a GateFacts>, deadline: DateTime<Utc>) -> bool {
    gates.into_iter().any(|gate| gate.counts(deadline))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_values::at;

    const DEADLINE: (u32, u32, u32) = (11, 15, 0);

    fn deadline() -> DateTime<Utc> {
        at(DEADLINE.0, DEADLINE.1, DEADLINE.2)
    }
    fn gate(drained_through: DateTime<Utc>) -> GateFacts {
        GateFacts {
            mode: LaneMode::Choice,
            revoked: false,
            drained_through: Some(drained_through),
            silent_since: None,
            last_scan_at: None,
        }
    }
    fn of(gates: &[GateFacts]) -> Completeness {
        completeness(gates, deadline(), at(11, 16, 0))
    }

    #[test]
    fn a_day_is_complete_once_every_gate_is_drained_past_the_deadline() {
        let (past, before) = (gate(deadline()), gate(at(11, 14, 59)));
        assert_eq!(of(&[past, past]), Completeness::Complete);
        assert_eq!(of(&[past, before]), Completeness::Awaited);
        assert_eq!(of(&[]), Completeness::Complete);
    }

    #[test]
    fn a_gate_that_has_not_said_so_after_three_minutes_is_as_good_as_silent() {
        let behind = [gate(deadline()), gate(at(11, 14, 59))];
        assert_eq!(completeness(&behind, deadline(), at(11, 17, 59)), Completeness::Awaited);
        assert_eq!(completeness(&behind, deadline(), at(11, 18, 0)), Completeness::GateSilent);
    }

    #[test]
    fn a_silent_gate_makes_the_day_unknown_unless_it_was_drained_past_the_deadline_before() {
        let silent = |drained| GateFacts { silent_since: Some(at(10, 52, 0)), ..gate(drained) };
        assert_eq!(of(&[gate(deadline()), silent(at(10, 51, 0))]), Completeness::GateSilent);
        assert_eq!(of(&[gate(deadline()), silent(deadline())]), Completeness::Complete);
    }

    #[test]
    fn a_gate_counts_if_a_pupil_may_have_entered_by_it() {
        let silent = GateFacts { silent_since: Some(at(10, 52, 0)), drained_through: None, ..gate(deadline()) };
        assert_eq!(of(&[silent]), Completeness::GateSilent);
        for other in [
            GateFacts { revoked: true, ..silent },
            GateFacts { mode: LaneMode::ExitLane, ..silent },
            GateFacts { silent_since: None, ..silent },
            GateFacts { silent_since: Some(deadline() - OUT_OF_USE_AFTER - TimeDelta::seconds(1)), ..silent },
        ] {
            assert_eq!((of(&[other]), any_counts(&[other], deadline())), (Completeness::Complete, false), "{other:?}");
        }
        let over_winter = GateFacts { silent_since: Some(deadline() - OUT_OF_USE_AFTER), ..silent };
        assert_eq!((of(&[over_winter]), any_counts(&[over_winter], deadline())), (Completeness::GateSilent, true));
        // By its last scan alone.
        let scanned = GateFacts { last_scan_at: Some(at(11, 0, 0)), silent_since: None, ..silent };
        assert_eq!(of(&[scanned]), Completeness::Awaited);
    }

    #[test]
    fn a_closed_day_asks_for_every_gate_s_word_up_to_its_end_and_of_no_gate_at_all_nothing_is_known() {
        use crate::expectation::{ExpectedSlot, Why};
        use crate::sample_values::id;
        let slot = ExpectedSlot { slot_id: id(0x61), entry: at(11, 0, 0), exit: at(18, 0, 0) };
        let expected = Expectation { slots: vec![slot], why: Why::NoSlotThatDay };
        let policy = Policy { late_after_minutes: 5, missing_after_minutes: 15, echo_seconds: 60 };
        let (noon, night) = (at(12, 0, 0), at(20, 0, 0));
        let word = |gates: &[GateFacts], now| of_day(gates, &expected, &policy, now, now);
        // Drained past the limit, then silent.
        let silent = [GateFacts { silent_since: Some(at(13, 0, 0)), ..gate(at(12, 59, 0)) }];
        assert_eq!([word(&silent, noon), word(&silent, night)], [Completeness::Complete, Completeness::GateSilent]);
        let told = [gate(at(18, 0, 0))];
        assert_eq!([word(&told, noon), word(&told, night)], [Completeness::Complete; 2]);
        assert_eq!([word(&[], noon), word(&[], night)], [Completeness::Complete, Completeness::GateSilent]);
        let nobody = Expectation { slots: vec![], why: Why::Holiday };
        assert_eq!(of_day(&silent, &nobody, &policy, night, night), Completeness::Complete);
    }
}
