//! Days that are not as the week says: what a school, or one of its courses, expects on a single date.
//!
//! Invariants: a date is within the years that a school can mean; the times of a day are in the order of
//! their entries, do not overlap, and each has an id of its own; reasons are codes, never free text, which
//! would hold what is nobody's business (see [`Reason`]).

use crate::ids::SlotId;
use crate::values::name::{self, NameError};
use crate::values::school_date::{self, NotASchoolDate};
use chrono::{NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The longest name of a holiday, in characters.
pub const MAX_HOLIDAY_NAME: usize = 80;
/// The longest number of a resolution, in characters.
pub const MAX_RESOLUTION: usize = 20;
/// The most stays that one day can have.
pub const MAX_SLOTS: usize = 8;
/// The earliest end of a half day: before it nobody would have come yet.
pub const EARLIEST_HALF_DAY: NaiveTime = NaiveTime::from_hms_opt(6, 0, 0).expect("six in the morning exists");

/// One expected stay of a single date, in the school's local wall time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DaySlot {
    /// The same as long as the place of the stay in its day is.
    pub slot_id: SlotId,
    /// Expected entry, local wall time.
    pub entry: NaiveTime,
    /// Expected exit, local wall time; after `entry`.
    pub exit: NaiveTime,
}

/// Why a day is not as usual. Codes, since a free text of a school soon tells who is ill or who died.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Storm, flood, heat, snow.
    Weather,
    /// No water, power or heating.
    Services,
    /// Earthquake, fire, a danger nearby.
    Emergency,
    /// A measure of public health.
    Health,
    /// Strike, or the school is occupied.
    Strike,
    /// The day between a holiday and a weekend.
    BridgeDay,
    /// The building is a polling place.
    PollingPlace,
    /// Teachers meet or are trained.
    StaffMeeting,
    /// Anniversary, act, graduation.
    Ceremony,
    /// A national test, or another one.
    Assessment,
    /// An outing: expected elsewhere.
    Outing,
    /// Vacations.
    Vacation,
    /// Another one.
    Other,
}

impl Reason {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 13] = [
        Self::Weather,
        Self::Services,
        Self::Emergency,
        Self::Health,
        Self::Strike,
        Self::BridgeDay,
        Self::PollingPlace,
        Self::StaffMeeting,
        Self::Ceremony,
        Self::Assessment,
        Self::Outing,
        Self::Vacation,
        Self::Other,
    ];

    /// The code on the wire, in forms and on the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::Weather => "weather",
            Self::Services => "services",
            Self::Emergency => "emergency",
            Self::Health => "health",
            Self::Strike => "strike",
            Self::BridgeDay => "bridge_day",
            Self::PollingPlace => "polling_place",
            Self::StaffMeeting => "staff_meeting",
            Self::Ceremony => "ceremony",
            Self::Assessment => "assessment",
            Self::Outing => "outing",
            Self::Vacation => "vacation",
            Self::Other => "other",
        }
    }

    /// The reason of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// The resolution (REX) by which the authority suspends classes. At 07:30 there is none yet; the day is set
/// again once it is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resolution {
    /// Its number, such as `1234` or `1234/2026`.
    pub number: String,
    /// Its date.
    pub date: Option<NaiveDate>,
}

/// At which times a recovery day is held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum RecoveryTimes {
    /// Each course as on that weekday.
    Weekday {
        /// Which.
        weekday: Weekday,
    },
    /// All courses at these.
    Own {
        /// The stays.
        slots: Vec<DaySlot>,
    },
}

/// What a date is for the whole school.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SchoolDay {
    /// A holiday: nobody is expected, unless the school sets the day as another kind too.
    Holiday {
        /// As it is called: `Navidad`.
        name: String,
    },
    /// Classes are suspended: nobody is expected.
    NoClasses {
        /// Why.
        reason: Reason,
        /// By which resolution, once it is known.
        resolution: Option<Resolution>,
    },
    /// Classes are made up for, often on a Saturday.
    Recovery {
        /// When.
        times: RecoveryTimes,
    },
    /// The day ends early for everybody.
    HalfDay {
        /// When it ends at the latest, local wall time.
        exit: NaiveTime,
        /// Why.
        reason: Reason,
    },
    /// The whole school is elsewhere: nobody is expected at the gate.
    Outing,
}

/// What a set day is written over. A holiday lies under the day that a school sets, so that clearing the
/// latter on a holiday does not make it a day of classes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The holidays.
    Holiday,
    /// The days that the school sets.
    Day,
}

impl SchoolDay {
    /// Where it lies.
    pub fn layer(&self) -> Layer {
        match self {
            Self::Holiday { .. } => Layer::Holiday,
            Self::NoClasses { .. } | Self::Recovery { .. } | Self::HalfDay { .. } | Self::Outing => Layer::Day,
        }
    }

    /// Its values checked and in their normal form.
    pub fn checked(self) -> Result<Self, DayError> {
        Ok(match self {
            Self::Holiday { name } => {
                Self::Holiday { name: name::clean_up_to(&name, MAX_HOLIDAY_NAME).map_err(DayError::HolidayName)? }
            }
            Self::NoClasses { reason, resolution } => {
                Self::NoClasses { reason, resolution: resolution.map(Resolution::checked).transpose()? }
            }
            Self::Recovery { times: RecoveryTimes::Weekday { weekday } } => {
                Self::Recovery { times: RecoveryTimes::Weekday { weekday } }
            }
            Self::Recovery { times: RecoveryTimes::Own { slots } } => {
                Self::Recovery { times: RecoveryTimes::Own { slots: checked_slots(slots)? } }
            }
            Self::HalfDay { exit, .. } if exit < EARLIEST_HALF_DAY => return Err(DayError::HalfDayTooEarly),
            Self::HalfDay { exit, reason } => Self::HalfDay { exit, reason },
            Self::Outing => Self::Outing,
        })
    }
}

impl Resolution {
    /// A number is of digits, letters and what is written between them; its date one that a school can mean.
    fn checked(self) -> Result<Self, DayError> {
        let number = name::clean_up_to(&self.number, MAX_RESOLUTION).map_err(|_| DayError::Resolution)?;
        let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '/' | '-' | '°' | 'º');
        if !number.chars().all(usual) || !number.chars().any(|c| c.is_ascii_digit()) {
            return Err(DayError::Resolution);
        }
        let date = self.date.map(school_date::date).transpose().map_err(DayError::ResolutionDate)?;
        Ok(Self { number, date })
    }
}

/// What a course expects on a single date.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "expects", rename_all = "snake_case")]
pub enum CourseTimes {
    /// Nobody.
    Nobody,
    /// Its pupils as on another weekday.
    Weekday {
        /// Which.
        weekday: Weekday,
    },
    /// Its pupils as the week says, until an hour.
    Until {
        /// When the day ends at the latest, local wall time.
        exit: NaiveTime,
    },
    /// Its pupils at these times.
    Own {
        /// The stays.
        slots: Vec<DaySlot>,
    },
}

/// A course's exception on a date.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CourseDay {
    /// What it expects.
    pub times: CourseTimes,
    /// Why.
    pub reason: Reason,
}

impl CourseDay {
    /// Its values checked and in their normal form.
    pub fn checked(self) -> Result<Self, DayError> {
        let Self { times, reason } = self;
        let times = match times {
            CourseTimes::Nobody => CourseTimes::Nobody,
            CourseTimes::Weekday { weekday } => CourseTimes::Weekday { weekday },
            CourseTimes::Until { exit } if exit < EARLIEST_HALF_DAY => return Err(DayError::HalfDayTooEarly),
            CourseTimes::Until { exit } => CourseTimes::Until { exit },
            CourseTimes::Own { slots } => CourseTimes::Own { slots: checked_slots(slots)? },
        };
        Ok(Self { times, reason })
    }
}

/// The days that a school has set, by date.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SchoolCalendar {
    /// Names of the holidays.
    pub holidays: BTreeMap<NaiveDate, String>,
    /// What the school set, never a holiday.
    pub days: BTreeMap<NaiveDate, SchoolDay>,
}

impl SchoolCalendar {
    /// What a date is in a layer.
    pub fn get(&self, date: NaiveDate, layer: Layer) -> Option<SchoolDay> {
        match layer {
            Layer::Holiday => self.holidays.get(&date).map(|name| SchoolDay::Holiday { name: name.clone() }),
            Layer::Day => self.days.get(&date).cloned(),
        }
    }

    /// Sets a date, in the layer of what it becomes.
    pub fn set(&mut self, date: NaiveDate, day: SchoolDay) {
        match day {
            SchoolDay::Holiday { name } => _ = self.holidays.insert(date, name),
            other @ (SchoolDay::NoClasses { .. }
            | SchoolDay::Recovery { .. }
            | SchoolDay::HalfDay { .. }
            | SchoolDay::Outing) => _ = self.days.insert(date, other),
        }
    }

    /// Clears a date in a layer.
    pub fn clear(&mut self, date: NaiveDate, layer: Layer) {
        match layer {
            Layer::Holiday => _ = self.holidays.remove(&date),
            Layer::Day => _ = self.days.remove(&date),
        }
    }
}

/// Why a day cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DayError {
    /// The date is none that a school can mean.
    #[error("the date is {0}")]
    Date(NotASchoolDate),
    /// The holiday's name is not usable.
    #[error("the holiday's name: {0}")]
    HolidayName(NameError),
    /// Not a number of a resolution.
    #[error("not the number of a resolution")]
    Resolution,
    /// The resolution's date is none that a school can mean.
    #[error("the resolution's date is {0}")]
    ResolutionDate(NotASchoolDate),
    /// The half day would end before six in the morning.
    #[error("the half day ends before six in the morning")]
    HalfDayTooEarly,
    /// Times of its own, and none given.
    #[error("no times are given")]
    NoSlots,
    /// More than [`MAX_SLOTS`].
    #[error("more than {MAX_SLOTS} stays on one day")]
    TooManySlots,
    /// A stay ends before it begins.
    #[error("a stay ends before it begins")]
    SlotEndsBeforeItBegins,
    /// Two stays overlap.
    #[error("two stays overlap")]
    SlotsOverlap,
    /// A slot id occurs twice.
    #[error("a slot id occurs twice")]
    SlotIdTwice,
}

/// The stays of a day in the order of their entries, checked.
fn checked_slots(mut slots: Vec<DaySlot>) -> Result<Vec<DaySlot>, DayError> {
    if slots.is_empty() {
        return Err(DayError::NoSlots);
    }
    if slots.len() > MAX_SLOTS {
        return Err(DayError::TooManySlots);
    }
    let mut ids = BTreeSet::new();
    for slot in &slots {
        if slot.exit <= slot.entry {
            return Err(DayError::SlotEndsBeforeItBegins);
        }
        if !ids.insert(slot.slot_id) {
            return Err(DayError::SlotIdTwice);
        }
    }
    slots.sort_by_key(|slot| slot.entry);
    if slots.windows(2).any(|pair| matches!(pair, [a, b] if b.entry < a.exit)) {
        return Err(DayError::SlotsOverlap);
    }
    Ok(slots)
}

#[cfg(test)]
mod tests;
