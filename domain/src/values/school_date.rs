//! A date that a school can mean. A calendar type holds far more than a database, a phone or a spreadsheet
//! can write down, so a date from outside passes here before it becomes part of an event.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::ops::RangeInclusive;

/// The years that a school can mean.
pub const YEARS: RangeInclusive<i32> = 1900..=2200;

/// A date or instant outside of [`YEARS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not between the years 1900 and 2200")]
pub struct NotASchoolDate;

/// The date itself, if its year is one of [`YEARS`].
pub fn date(date: NaiveDate) -> Result<NaiveDate, NotASchoolDate> {
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(NotASchoolDate) }
}

/// The instant itself, if its year in UTC is one of [`YEARS`].
pub fn instant(at: DateTime<Utc>) -> Result<DateTime<Utc>, NotASchoolDate> {
    if YEARS.contains(&at.year()) { Ok(at) } else { Err(NotASchoolDate) }
}

#[cfg(test)]
mod tests;
