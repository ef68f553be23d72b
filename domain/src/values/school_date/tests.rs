use super::*;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_first_and_the_last_year_count_and_their_neighbours_do_not() {
    for good in ["1900-01-01", "2026-11-23", "2200-12-31"] {
        assert_eq!(date(day(good)), Ok(day(good)));
    }
    for bad in ["1899-12-31", "2201-01-01", "-9999-01-01", "+200000-01-01"] {
        assert_eq!(date(day(bad)), Err(NotASchoolDate), "{bad}");
    }
    for bad in [NaiveDate::MIN, NaiveDate::MAX] {
        assert_eq!(date(bad), Err(NotASchoolDate));
    }
    for bad in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert_eq!(instant(bad), Err(NotASchoolDate));
    }
}

proptest! {
    /// Four digits of year: what Postgres, a spreadsheet and RFC 3339 all write and read alike.
    #[test]
    fn what_passes_is_written_with_four_digits_of_year(days in -100_000_000..100_000_000_i32) {
        if let Some(any) = NaiveDate::from_num_days_from_ce_opt(days)
            && let Ok(good) = date(any)
        {
            prop_assert_eq!(good.to_string().len(), 10);
        }
    }
}

/// Every text in an event's JSON that reads as a date.
fn dates(event: &impl crate::DomainEvent) -> Vec<NaiveDate> {
    fn collect(value: &serde_json::Value, found: &mut Vec<NaiveDate>) {
        match value {
            serde_json::Value::String(text) => found.extend(text.parse::<NaiveDate>().ok()),
            serde_json::Value::Array(values) => values.iter().for_each(|v| collect(v, found)),
            serde_json::Value::Object(fields) => fields.values().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::to_value(event).unwrap(), &mut found);
    found
}

/// Asks after every part of a history, and checks what comes out.
fn ask<A: crate::Aggregate>(history: &[A::Event], command: A::Command, on: NaiveDate) -> Result<(), TestCaseError> {
    for n in 0..=history.len() {
        let state = crate::aggregate::fold::<A>(&history[..n]);
        // An error is a refusal, because of the date or before it was looked at.
        for event in A::decide(&state, command.clone()).unwrap_or_default() {
            use crate::DomainEvent;
            prop_assert!(dates(&event).iter().all(|d| date(*d).is_ok()), "{} on {on}", event.name());
        }
    }
    Ok(())
}

proptest! {
    /// What a projector reads it must be able to write: no `decide` lets out a date that Postgres
    /// refuses, whatever happened before.
    #[test]
    fn no_aggregate_lets_a_date_out_that_a_school_cannot_mean(days in -90_000_000..90_000_000_i32) {
        use crate::calendar::{CourseDay, CourseTimes, Reason, Resolution, SchoolDay};
        use crate::{course, quarantine, school, student};
        use crate::sample_values::id;
        let Some(on) = NaiveDate::from_num_days_from_ce_opt(days) else { return Ok(()) };
        let sealed = || crate::Sealed("v1".into());
        let resolution = |date| Some(Resolution { number: "1".into(), date: Some(date) });
        let suspended = |resolution| SchoolDay::NoClasses { reason: Reason::Weather, resolution };
        for command in [
            school::Command::SetDay { date: on, day: suspended(None) },
            school::Command::SetDay { date: "2026-11-23".parse().unwrap(), day: suspended(resolution(on)) },
            school::Command::ClearDay { date: on, layer: crate::calendar::Layer::Day },
        ] {
            ask::<school::School>(&school::samples(), command, on)?;
        }
        for command in [
            course::Command::SetException {
                date: on, day: CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing },
            },
            course::Command::ClearException { date: on },
            course::Command::SetWeeklySchedule { effective_from: on, slots: vec![] },
            course::Command::Close { from: on },
        ] {
            ask::<course::Course>(&course::samples(), command, on)?;
        }
        for command in [
            student::Command::Enrol {
                course_id: id(1), from: on, given_names: sealed(), family_names: sealed(), national_id: None,
            },
            student::Command::Move { course_id: id(9), from: on },
            student::Command::Withdraw { from: on },
        ] {
            ask::<student::Student>(&student::samples(), command, on)?;
        }
        let assign = quarantine::Command::Assign { student_id: id(1), local_date: on };
        ask::<quarantine::Quarantine>(&quarantine::samples(), assign, on)?;
    }
}
