//! What people ask a day to be, at the command line and in forms, before it is what the domain knows: one set of
//! words for the whole school and for some of its courses.

pub mod holidays;

use chrono::{NaiveDate, NaiveTime, Weekday};
use commands::use_cases::day_slots;
use domain::SchoolId;
use domain::calendar::{CourseDay, CourseTimes, Reason, RecoveryTimes, Resolution, SchoolDay};
use uuid::Uuid;

/// What kind of day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Kind {
    /// Classes are suspended.
    NoClasses,
    /// The day ends early.
    HalfDay,
    /// Everybody is elsewhere.
    Outing,
    /// Classes are made up for.
    Recovery,
    /// A holiday, of the whole school only.
    Holiday,
}

impl Kind {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 5] = [Self::NoClasses, Self::HalfDay, Self::Outing, Self::Recovery, Self::Holiday];

    /// Its code in forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoClasses => "no_classes",
            Self::HalfDay => "half_day",
            Self::Outing => "outing",
            Self::Recovery => "recovery",
            Self::Holiday => "holiday",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What was said of a day; which of it is needed depends on the kind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Said {
    /// The holiday's name.
    pub name: String,
    /// Why.
    pub reason: Option<Reason>,
    /// By which resolution.
    pub resolution: Option<Resolution>,
    /// As which weekday classes are made up for.
    pub weekday: Option<Weekday>,
    /// Or from when to when.
    pub stays: Vec<(NaiveTime, NaiveTime)>,
    /// When a half day ends.
    pub exit: Option<NaiveTime>,
}

/// What must be said and was not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Missing {
    /// The reason.
    #[error("a reason is needed")]
    Reason,
    /// A weekday to follow, or times.
    #[error("a weekday to follow, or times of its own, are needed")]
    Times,
    /// When the half day ends.
    #[error("the end of the half day is needed")]
    Exit,
    /// A holiday is of the whole school.
    #[error("a holiday is of the whole school")]
    WholeSchool,
}

impl Said {
    /// The day of the whole school.
    pub fn of_school(self, kind: Kind, school: SchoolId, date: NaiveDate) -> Result<SchoolDay, Missing> {
        Ok(match kind {
            Kind::Holiday => SchoolDay::Holiday { name: self.name },
            Kind::NoClasses => {
                SchoolDay::NoClasses { reason: self.reason.ok_or(Missing::Reason)?, resolution: self.resolution }
            }
            Kind::Outing => SchoolDay::Outing,
            Kind::HalfDay => SchoolDay::HalfDay {
                exit: self.exit.ok_or(Missing::Exit)?,
                reason: self.reason.ok_or(Missing::Reason)?,
            },
            Kind::Recovery => SchoolDay::Recovery {
                times: match self.weekday {
                    Some(weekday) => RecoveryTimes::Weekday { weekday },
                    None if self.stays.is_empty() => return Err(Missing::Times),
                    None => RecoveryTimes::Own { slots: day_slots(school, date, &self.stays) },
                },
            },
        })
    }

    /// The day of courses.
    pub fn of_course(self, kind: Kind, date: NaiveDate) -> Result<CourseDay, Missing> {
        let (times, usual) = match kind {
            Kind::Holiday => return Err(Missing::WholeSchool),
            Kind::NoClasses => (CourseTimes::Nobody, None),
            Kind::Outing => (CourseTimes::Nobody, Some(Reason::Outing)),
            Kind::HalfDay => (CourseTimes::Until { exit: self.exit.ok_or(Missing::Exit)? }, None),
            Kind::Recovery => {
                let times = match self.weekday {
                    Some(weekday) => CourseTimes::Weekday { weekday },
                    None if self.stays.is_empty() => return Err(Missing::Times),
                    // Each course gives them ids of its own.
                    None => CourseTimes::Own { slots: day_slots(Uuid::nil(), date, &self.stays) },
                };
                (times, Some(Reason::Other))
            }
        };
        // An outing is one whatever else is said; a recovery needs no reason.
        let said = if kind == Kind::Outing { None } else { self.reason };
        Ok(CourseDay { times, reason: said.or(usual).ok_or(Missing::Reason)? })
    }
}

/// The weekday of a number, 1 is Monday.
pub fn weekday(number: u8) -> Option<Weekday> {
    number.checked_sub(1).and_then(|n| Weekday::try_from(n).ok())
}

/// A wall time such as `08:00`.
pub fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn school() -> SchoolId {
        SchoolId(Uuid::from_u128(1))
    }
    fn date() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 6, 23).unwrap()
    }

    #[test]
    fn each_kind_asks_for_what_it_needs_and_no_more() {
        let school = |kind, said: Said| said.of_school(kind, school(), date());
        let course = |kind, said: Said| said.of_course(kind, date());
        let nothing = Said::default;
        assert_eq!(school(Kind::NoClasses, nothing()), Err(Missing::Reason));
        assert_eq!(school(Kind::HalfDay, nothing()), Err(Missing::Exit));
        assert_eq!(school(Kind::Recovery, nothing()), Err(Missing::Times));
        assert_eq!(school(Kind::Outing, nothing()), Ok(SchoolDay::Outing));
        assert_eq!(course(Kind::Holiday, nothing()), Err(Missing::WholeSchool));
        assert_eq!(course(Kind::NoClasses, nothing()), Err(Missing::Reason));
        let out = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
        assert_eq!(course(Kind::Outing, Said { reason: Some(Reason::Strike), ..nothing() }), Ok(out));
        let said = Said { reason: Some(Reason::Ceremony), exit: time("12:30"), ..nothing() };
        let (exit, reason) = (time("12:30").unwrap(), Reason::Ceremony);
        assert_eq!(school(Kind::HalfDay, said.clone()), Ok(SchoolDay::HalfDay { exit, reason }));
        assert_eq!(course(Kind::HalfDay, said), Ok(CourseDay { times: CourseTimes::Until { exit }, reason }));
        let both =
            Said { weekday: weekday(1), stays: vec![(time("09:00").unwrap(), time("13:00").unwrap())], ..nothing() };
        let monday = RecoveryTimes::Weekday { weekday: Weekday::Mon };
        assert_eq!(school(Kind::Recovery, both.clone()), Ok(SchoolDay::Recovery { times: monday }));
        let own = course(Kind::Recovery, Said { weekday: None, ..both }).unwrap();
        assert!(
            matches!(own, CourseDay { times: CourseTimes::Own { slots }, reason: Reason::Other } if slots.len() == 1)
        );
    }

    #[test]
    fn a_weekday_counts_from_monday() {
        assert_eq!([0, 1, 7, 8].map(weekday), [None, Some(Weekday::Mon), Some(Weekday::Sun), None]);
    }
}
