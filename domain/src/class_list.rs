//! The gate against the class list: what the teacher marked in the room, and what the gate knows of the same day.
//!
//! Neither is set right by the other. The class list is the legal act and the gate is not, so each difference is a
//! question for a person.

use crate::day_status::{DayStatus, Status};
use serde::{Deserialize, Serialize};

/// What the teacher marked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marked {
    /// In the room.
    Present,
    /// In the room, late.
    Late,
    /// Not in the room.
    Absent,
}

/// Where the two do not agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Entered by the gate and was not in the room: the first to ask after, since nobody may know where the child is.
    EnteredNotInClass,
    /// In the room without an entry on record: an entry that was not read.
    InClassNotEntered,
    /// In the room, and of the gate nothing is known, since one was silent. What the teacher saw is all there is.
    GateUnknown,
}

/// Where what was marked and the pupil's day do not agree; none where they do. Whether an entry is on record counts,
/// not whether the pupil was expected: whoever comes on a free day is in the building all the same.
pub fn difference(marked: Marked, day: &DayStatus, entered: bool) -> Option<Difference> {
    match (marked, entered) {
        (Marked::Absent, true) => Some(Difference::EnteredNotInClass),
        (Marked::Absent, false) | (Marked::Present | Marked::Late, true) => None,
        (Marked::Present | Marked::Late, false) => Some(match day.status {
            Status::Unknown | Status::Pending => Difference::GateUnknown,
            Status::NotExpected
            | Status::Present
            | Status::Late { .. }
            | Status::Missing
            | Status::Absent
            | Status::Justified
            | Status::Left
            | Status::EarlyLeave => Difference::InClassNotEntered,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_and_the_class_list_agree_or_differ_in_one_of_three_ways() {
        let day = |status| DayStatus { status, inside: false, derivation: vec![] };
        for (marked, status, entered, expected) in [
            (Marked::Present, Status::Present, true, None),
            (Marked::Late, Status::Late { minutes: 20 }, true, None),
            (Marked::Absent, Status::Absent, false, None),
            (Marked::Absent, Status::Unknown, false, None),
            (Marked::Absent, Status::Left, true, Some(Difference::EnteredNotInClass)),
            (Marked::Absent, Status::EarlyLeave, true, Some(Difference::EnteredNotInClass)),
            (Marked::Absent, Status::Justified, false, None),
            (Marked::Present, Status::Justified, false, Some(Difference::InClassNotEntered)),
            (Marked::Absent, Status::NotExpected, true, Some(Difference::EnteredNotInClass)),
            (Marked::Present, Status::Absent, false, Some(Difference::InClassNotEntered)),
            (Marked::Late, Status::Missing, false, Some(Difference::InClassNotEntered)),
            (Marked::Present, Status::NotExpected, false, Some(Difference::InClassNotEntered)),
            (Marked::Present, Status::Unknown, false, Some(Difference::GateUnknown)),
            (Marked::Late, Status::Pending, false, Some(Difference::GateUnknown)),
        ] {
            assert_eq!(difference(marked, &day(status), entered), expected, "{marked:?} {status:?}");
        }
    }
}
