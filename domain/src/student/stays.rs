//! When a pupil is at the school, by what was decided about it.

use chrono::NaiveDate;

/// Decisions about a pupil's stay, in the order in which they were made: from a local date on at the
/// school, or not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stays(Vec<(NaiveDate, bool)>);

impl Stays {
    /// Adds the next decision.
    pub fn decide(&mut self, from: NaiveDate, here: bool) {
        self.0.push((from, here));
    }

    /// Whether the pupil is at the school on a date. Of the decisions that reach the date the last one made
    /// counts; before the first of them nothing speaks against it.
    pub fn is_here(&self, date: NaiveDate) -> bool {
        self.0.iter().rev().find(|(from, _)| date >= *from).is_none_or(|(_, here)| *here)
    }

    /// Whether the pupil is enrolled on a date: as [`Stays::is_here`], but before the first decision not.
    pub fn is_enrolled(&self, date: NaiveDate) -> bool {
        self.0.iter().rev().find(|(from, _)| date >= *from).is_some_and(|(_, here)| *here)
    }

    /// What changes after a date by what is decided already: from that local date on here or not, in the
    /// order of the dates.
    pub fn changes_after(&self, date: NaiveDate) -> Vec<(NaiveDate, bool)> {
        let mut dates: Vec<NaiveDate> = self.0.iter().map(|(from, _)| *from).filter(|from| *from > date).collect();
        dates.sort_unstable();
        let mut here = self.is_here(date);
        let mut changes = Vec::new();
        for from in dates {
            if self.is_here(from) != here {
                here = !here;
                changes.push((from, here));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    fn stays(decisions: &[(u32, bool)]) -> Stays {
        let mut stays = Stays::default();
        decisions.iter().for_each(|(from, here)| stays.decide(day(*from), *here));
        stays
    }

    #[test]
    fn a_withdrawal_ahead_and_a_return_ahead_take_effect_on_their_days() {
        let stays = stays(&[(2, true), (13, false), (20, true)]);
        let here = [1, 2, 12, 13, 19, 20, 31].map(|n| stays.is_here(day(n)));
        assert_eq!(here, [true, true, true, false, false, true, true]);
        assert_eq!([1, 2, 13, 20].map(|n| stays.is_enrolled(day(n))), [false, true, false, true]);
        assert_eq!(stays.changes_after(day(9)), [(day(13), false), (day(20), true)]);
        assert_eq!(stays.changes_after(day(13)), [(day(20), true)], "what has come is no change ahead");
        assert_eq!(stays.changes_after(day(20)), []);
    }

    #[test]
    fn a_move_to_another_course_changes_nothing() {
        assert_eq!(stays(&[(2, true), (13, true)]).changes_after(day(3)), []);
    }

    #[test]
    fn a_later_decision_with_an_earlier_date_replaces_what_was_planned_after_it() {
        let stays = stays(&[(2, true), (20, false), (20, true), (16, false)]);
        assert!(stays.is_here(day(14)) && !stays.is_here(day(17)) && !stays.is_here(day(25)));
        assert_eq!(stays.changes_after(day(9)), [(day(16), false)]);
    }
}
