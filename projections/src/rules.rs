//! Stands in for `domain::{expectation, day_status}` until they are on main; same signatures.
#![expect(missing_docs, reason = "goes away")]
pub mod expectation {
    use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Utc};
    use chrono_tz::Tz;
    use domain::{SlotId, course};
    #[derive(Clone, Debug, PartialEq)]
    pub struct CourseCalendar {
        pub schedules: Vec<(NaiveDate, Vec<course::Slot>)>,
        pub closed_from: Option<NaiveDate>,
    }
    #[derive(Clone, Copy, Debug)]
    pub struct PupilCalendar<'a> {
        pub enrolled_from: NaiveDate,
        pub withdrawn_from: Option<NaiveDate>,
        pub course: &'a CourseCalendar,
    }
    #[derive(Clone, Debug, PartialEq)]
    pub struct ExpectedSlot {
        pub slot_id: SlotId,
        pub entry: DateTime<Utc>,
        pub exit: DateTime<Utc>,
    }
    #[derive(Clone, Debug, PartialEq)]
    pub struct Expectation {
        pub slots: Vec<ExpectedSlot>,
        pub why: Why,
    }
    #[derive(Clone, Debug, PartialEq)]
    pub enum Why {
        WeeklySchedule { effective_from: NaiveDate },
        NoSlotThatDay,
        NoScheduleYet,
        CourseClosed,
        NotEnrolledYet,
        Withdrawn,
    }
    pub fn expectation(pupil: &PupilCalendar<'_>, date: NaiveDate, zone: Tz) -> Expectation {
        let none = |why| Expectation { slots: vec![], why };
        if pupil.withdrawn_from.is_some_and(|d| d <= date) {
            return none(Why::Withdrawn);
        }
        if pupil.enrolled_from > date {
            return none(Why::NotEnrolledYet);
        }
        if pupil.course.closed_from.is_some_and(|d| d <= date) {
            return none(Why::CourseClosed);
        }
        let Some((effective_from, slots)) =
            pupil.course.schedules.iter().filter(|(d, _)| *d <= date).max_by_key(|(d, _)| *d)
        else {
            return none(Why::NoScheduleYet);
        };
        let at = |t| zone.from_local_datetime(&date.and_time(t)).earliest().map(|t| t.with_timezone(&Utc));
        let slots: Vec<_> = slots
            .iter()
            .filter(|s| s.weekday == date.weekday())
            .filter_map(|s| Some(ExpectedSlot { slot_id: s.slot_id, entry: at(s.entry)?, exit: at(s.exit)? }))
            .collect();
        if slots.is_empty() {
            return none(Why::NoSlotThatDay);
        }
        Expectation { slots, why: Why::WeeklySchedule { effective_from: *effective_from } }
    }
}
pub mod day_status {
    use super::expectation::Expectation;
    use chrono::{DateTime, TimeDelta, Utc};
    use domain::attendance_day::Direction;
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Completeness {
        Complete,
        GateSilent,
    }
    #[derive(Clone, Debug, PartialEq)]
    pub struct DayFacts {
        pub first_entry: Option<DateTime<Utc>>,
        pub first_entry_any: Option<DateTime<Utc>>,
        pub last: Option<(Direction, DateTime<Utc>)>,
        pub completeness: Completeness,
    }
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Policy {
        pub late_after_minutes: u16,
        pub missing_after_minutes: u16,
    }
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Status {
        NotExpected,
        Pending,
        Present,
        Late { minutes: u32 },
        Missing,
        Unknown,
        Left,
    }
    #[derive(Clone, Debug, PartialEq)]
    pub enum Step {}
    #[derive(Clone, Debug, PartialEq)]
    pub struct DayStatus {
        pub status: Status,
        pub inside: bool,
        pub derivation: Vec<Step>,
    }
    pub fn day_status(f: &DayFacts, e: &Expectation, p: &Policy, now: DateTime<Utc>) -> DayStatus {
        let inside = matches!(f.last, Some((Direction::Entry, _)));
        let status = match (e.slots.first(), f.first_entry_any) {
            (None, _) => Status::NotExpected,
            (Some(_), Some(_)) if !inside => Status::Left,
            (Some(s), Some(_)) => match f.first_entry {
                Some(t) if t - s.entry > TimeDelta::minutes(p.late_after_minutes.into()) => {
                    Status::Late { minutes: u32::try_from((t - s.entry).num_minutes()).unwrap_or(0) }
                }
                _ => Status::Present,
            },
            (Some(s), None) if now < s.entry + TimeDelta::minutes(p.missing_after_minutes.into()) => Status::Pending,
            (Some(_), None) if f.completeness == Completeness::GateSilent => Status::Unknown,
            (Some(_), None) => Status::Missing,
        };
        DayStatus { status, inside, derivation: vec![] }
    }
}
