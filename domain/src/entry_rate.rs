//! The *porcentaje de ingresos*: of the school days of which it is known whether a pupil came, on how many the pupil
//! did. It counts what the gate knows and is never called attendance, which is the class book's.
//!
//! Whole numbers only: 84.96 % is not 85 %. The official scales disagree on which side a bound itself lies, so bounds
//! are data, each with its source, and a band is shown with the scale that gave it.

use crate::day_status::{DayStatus, Status};
use serde::{Deserialize, Serialize};

/// How a day counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Came in time, or at a time that cannot be trusted.
    InTime,
    /// Came late.
    Late,
    /// Did not come, and the day is closed.
    Absent,
    /// Did not come, and the staff accepted why: an absence in every share, also of a day that has not begun.
    Justified,
    /// No entry on record, and nothing final: the day lasts, or an exit says that the pupil was there.
    Missing,
    /// Not due yet.
    Pending,
    /// A gate was silent.
    Unknown,
}

impl Outcome {
    /// How a day that was judged counts; none if nobody expected the pupil. A day counts once, however many stays it
    /// has: by an entry for any of them the pupil came, and lateness is the first one's.
    pub fn of(day: &DayStatus) -> Option<Self> {
        let came = || if day.minutes_late().is_some() { Self::Late } else { Self::InTime };
        match day.status {
            Status::NotExpected => None,
            Status::Present | Status::Late { .. } | Status::Left | Status::EarlyLeave => Some(came()),
            Status::Absent => Some(Self::Absent),
            Status::Justified => Some(Self::Justified),
            Status::Missing => Some(Self::Missing),
            Status::Pending => Some(Self::Pending),
            Status::Unknown => Some(Self::Unknown),
        }
    }
}

/// How many days are how. `expected` is the sum of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Days on which the pupil was expected.
    pub expected: u32,
    /// Came in time.
    pub in_time: u32,
    /// Came late.
    pub late: u32,
    /// Did not come, and nobody accepted why.
    pub absent: u32,
    /// Did not come, and the staff accepted why.
    pub justified: u32,
    /// No entry on record, nothing final.
    pub missing: u32,
    /// Not due yet.
    pub pending: u32,
    /// Not known, since a gate was silent.
    pub unknown: u32,
    /// Of those who came: on days that are not closed. They are in no rate, which would be 100 % until the evening.
    pub open: u32,
    /// Of those who are justified: the same.
    pub open_justified: u32,
}

impl Tally {
    /// Counts a day; `closed` says whether it is over.
    pub fn add(&mut self, outcome: Outcome, closed: bool) {
        let of_outcome = match outcome {
            Outcome::InTime => &mut self.in_time,
            Outcome::Late => &mut self.late,
            Outcome::Absent => &mut self.absent,
            Outcome::Justified => &mut self.justified,
            Outcome::Missing => &mut self.missing,
            Outcome::Pending => &mut self.pending,
            Outcome::Unknown => &mut self.unknown,
        };
        *of_outcome = of_outcome.saturating_add(1);
        match outcome {
            Outcome::InTime | Outcome::Late if !closed => self.open = self.open.saturating_add(1),
            Outcome::Justified if !closed => self.open_justified = self.open_justified.saturating_add(1),
            Outcome::InTime
            | Outcome::Late
            | Outcome::Absent
            | Outcome::Justified
            | Outcome::Missing
            | Outcome::Pending
            | Outcome::Unknown => {}
        }
        self.expected = self.expected.saturating_add(1);
    }

    /// Of the closed days that are known, those on which the pupil came. What is not known is in neither number.
    pub fn rate(&self) -> EntryRate {
        let entered = self.in_time.saturating_add(self.late).saturating_sub(self.open);
        let absent = self.absent.saturating_add(self.justified).saturating_sub(self.open_justified);
        EntryRate { entered, known: entered.saturating_add(absent) }
    }
}

/// A share of days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EntryRate {
    /// Days on which the pupil came.
    pub entered: u32,
    /// Days of which it is known.
    pub known: u32,
}

impl EntryRate {
    /// Tenths of a percent, rounded down so that no bound is shown that was not reached; none of no days.
    pub fn tenths(self) -> Option<u32> {
        let tenths = u64::from(self.entered).saturating_mul(1000).checked_div(self.known.into())?;
        u32::try_from(tenths).ok()
    }

    /// Whether it is on the upper side of a bound; none of no days.
    pub fn reaches(self, bound: Bound) -> Option<bool> {
        let (entered, known) = (u64::from(self.entered).saturating_mul(100), u64::from(self.known));
        let bounded = known.saturating_mul(bound.percent.into());
        (known > 0).then_some(if bound.included { entered >= bounded } else { entered > bounded })
    }
}

/// A bound between two bands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// Percent.
    pub percent: u8,
    /// Whether the bound itself is on its upper side.
    pub included: bool,
}

const fn from(percent: u8) -> Bound {
    Bound { percent, included: true }
}

const fn above(percent: u8) -> Bound {
    Bound { percent, included: false }
}

/// What a share is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// *inasistencia grave*
    Severe,
    /// *inasistencia reiterada*
    Repeated,
    /// *normal*
    Normal,
    /// *destacada*
    Outstanding,
}

/// Where one band ends and the next begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scale {
    /// From where on it is not severe any more.
    pub repeated: Bound,
    /// From where on it is normal.
    pub normal: Bound,
    /// From where on it is outstanding.
    pub outstanding: Bound,
    /// Who says so.
    pub source: &'static str,
}

/// The scale of the national curriculum's site: severe is 85 % or less, normal is more than 90 %. An absence that is
/// justified is an absence in it. The one that reports use, as it is the stricter one on both bounds.
pub const CURRICULUM_NACIONAL: Scale =
    Scale { repeated: above(85), normal: above(90), outstanding: from(97), source: "curriculumnacional.cl" };

/// The scale of the ministry's campaign: repeated begins at 85 % and normal at 90 %.
pub const VOLVAMOS_A_CLASES: Scale =
    Scale { repeated: from(85), normal: from(90), outstanding: from(97), source: "volvamosaclases.mineduc.cl" };

/// What promotion to the next year asks for, by attendance in the class book: 85 % or more (Decreto 67/2018, article
/// 10). A pupil at exactly 85 % is promoted and, by [`CURRICULUM_NACIONAL`], severe.
pub const PROMOTION: Bound = from(85);

/// So many late entries in a month are repeated. A school's rules of living together have the family called at the
/// third; there is no law about it.
pub const REPEATED_LATENESS: u32 = 3;

impl Scale {
    /// The band of a share; none of no days.
    pub fn band(&self, rate: EntryRate) -> Option<Band> {
        Some(if !rate.reaches(self.repeated)? {
            Band::Severe
        } else if !rate.reaches(self.normal)? {
            Band::Repeated
        } else if !rate.reaches(self.outstanding)? {
            Band::Normal
        } else {
            Band::Outstanding
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(entered: u32, known: u32) -> EntryRate {
        EntryRate { entered, known }
    }

    #[test]
    fn exactly_85_percent_is_promoted_and_severe_by_one_scale_and_repeated_by_the_other() {
        // 170 of 200; 17 of 20 is the same share.
        for exactly in [rate(170, 200), rate(17, 20)] {
            assert_eq!(exactly.reaches(PROMOTION), Some(true));
            assert_eq!(CURRICULUM_NACIONAL.band(exactly), Some(Band::Severe));
            assert_eq!(VOLVAMOS_A_CLASES.band(exactly), Some(Band::Repeated));
            assert_eq!(exactly.tenths(), Some(850));
        }
        let (below, over) = (rate(16_999, 20_000), rate(17_001, 20_000));
        assert_eq!([below, over].map(|rate| rate.reaches(PROMOTION)), [Some(false), Some(true)]);
        assert_eq!([below, over].map(|rate| VOLVAMOS_A_CLASES.band(rate)), [Some(Band::Severe), Some(Band::Repeated)]);
        assert_eq!(
            [below, over].map(|rate| CURRICULUM_NACIONAL.band(rate)),
            [Some(Band::Severe), Some(Band::Repeated)]
        );
        assert_eq!(below.tenths(), Some(849), "never shown as a bound that it did not reach");
    }

    #[test]
    fn exactly_90_percent_is_repeated_by_one_scale_and_normal_by_the_other() {
        let exactly = rate(171, 190);
        assert_eq!(CURRICULUM_NACIONAL.band(exactly), Some(Band::Repeated));
        assert_eq!(VOLVAMOS_A_CLASES.band(exactly), Some(Band::Normal));
        for scale in [CURRICULUM_NACIONAL, VOLVAMOS_A_CLASES] {
            assert_eq!(scale.band(rate(899, 1000)), Some(Band::Repeated), "{}", scale.source);
            assert_eq!(scale.band(rate(901, 1000)), Some(Band::Normal), "{}", scale.source);
        }
    }

    #[test]
    fn exactly_97_percent_is_outstanding_by_both_scales() {
        for scale in [CURRICULUM_NACIONAL, VOLVAMOS_A_CLASES] {
            assert_eq!(scale.band(rate(194, 200)), Some(Band::Outstanding), "{}", scale.source);
            assert_eq!(scale.band(rate(969, 1000)), Some(Band::Normal), "{}", scale.source);
            assert_eq!(scale.band(rate(20, 20)), Some(Band::Outstanding), "{}", scale.source);
        }
    }

    #[test]
    fn of_no_days_there_is_no_share_and_no_number_is_too_large() {
        assert_eq!((rate(0, 0).tenths(), rate(0, 0).reaches(PROMOTION)), (None, None));
        assert_eq!(CURRICULUM_NACIONAL.band(rate(0, 0)), None);
        assert_eq!(rate(u32::MAX, u32::MAX).tenths(), Some(1000));
        assert_eq!(rate(u32::MAX, u32::MAX).reaches(PROMOTION), Some(true));
    }

    #[test]
    fn a_day_counts_by_its_status_and_what_is_not_known_is_in_neither_number() {
        let day = |status| DayStatus { status, inside: false, derivation: vec![] };
        assert_eq!(Outcome::of(&day(Status::NotExpected)), None);
        let mut tally = Tally::default();
        for (status, times) in [
            (Status::Present, 5),
            (Status::Left, 3),
            (Status::EarlyLeave, 1),
            (Status::Absent, 2),
            (Status::Justified, 1),
            (Status::Missing, 2),
            (Status::Pending, 1),
            (Status::Unknown, 7),
        ] {
            for _ in 0..times {
                tally.add(Outcome::of(&day(status)).unwrap(), true);
            }
        }
        let counted = Tally {
            expected: 22,
            in_time: 9,
            absent: 2,
            justified: 1,
            missing: 2,
            pending: 1,
            unknown: 7,
            ..Tally::default()
        };
        assert_eq!(tally, counted);
        assert_eq!(tally.rate(), rate(9, 12), "whoever is justified did not come, either");
        // Of a day that lasts nobody is absent yet: whoever came is counted, and in no rate.
        for outcome in [Outcome::InTime, Outcome::Late, Outcome::Missing, Outcome::Justified] {
            tally.add(outcome, false);
        }
        assert_eq!((tally.expected, tally.in_time, tally.late, tally.open), (26, 10, 1, 2));
        assert_eq!((tally.justified, tally.open_justified), (2, 1));
        assert_eq!(tally.rate(), rate(9, 12));
    }

    #[test]
    fn who_came_late_and_left_was_late() {
        use crate::day_status::Step;
        let left = DayStatus { status: Status::Left, inside: false, derivation: vec![Step::LateBy { minutes: 12 }] };
        assert_eq!(Outcome::of(&left), Some(Outcome::Late));
    }
}
