//! A replayed day as a table for a spreadsheet.

use super::{Day, Wanted};
use crate::cell::push;
use chrono::{DateTime, Utc};
use domain::StudentId;
use domain::day_status::Status;
use projections::audit::replay::{Change, Line, Place};

/// One line a pupil who is wanted, those who stand otherwise first. `name` gives family and given names, where whoever
/// asks may have them.
pub fn csv(day: &Day, wanted: &Wanted, name: impl Fn(StudentId) -> Option<(String, String)>) -> String {
    let courses = day.courses();
    let zone = day.replayed.now.zone;
    let time = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    // Spreadsheets take a file without this mark for one of another alphabet.
    let mut table = String::from("\u{feff}");
    line(
        &mut table,
        &[
            "student_id",
            "family_names",
            "given_names",
            "date",
            "at",
            "as_of",
            "change",
            "course_then",
            "status_then",
            "late_minutes_then",
            "inside_then",
            "first_entry_then",
            "course_now",
            "status_now",
            "late_minutes_now",
            "inside_now",
            "first_entry_now",
        ]
        .map(str::to_owned),
    );
    let place = |place: Option<&Place>| {
        let course = place.and_then(|place| place.course_id).and_then(|course| courses.get(&course).cloned());
        let status = place.map(|place| place.status.status);
        [
            course.unwrap_or_default(),
            status.map_or("", word).to_owned(),
            match status {
                Some(Status::Late { minutes }) => minutes.to_string(),
                _ => String::new(),
            },
            place.map_or("", |place| if place.status.inside { "yes" } else { "no" }).to_owned(),
            place.and_then(|place| place.first_entry).map(time).unwrap_or_default(),
        ]
    };
    let row = |Line { student_id, then, now, change }: &Line| {
        let (family, given) = name(*student_id).unwrap_or_default();
        let moment = day.replayed.moment;
        let change = match change {
            Change::Status => "status",
            Change::Reasons => "reasons",
            Change::None => "none",
        };
        let date = day.events.date.to_string();
        let mut row = vec![student_id.to_string(), family, given, date, time(moment.at), time(moment.known)];
        row.push(change.to_owned());
        row.extend(place(then.as_ref()));
        row.extend(place(now.as_ref()));
        row
    };
    day.pupils(wanted).into_iter().for_each(|pupil| line(&mut table, &row(pupil)));
    table
}

/// A status as the API calls it.
pub fn word(status: Status) -> &'static str {
    match status {
        Status::NotExpected => "not_expected",
        Status::Pending => "pending",
        Status::Present => "present",
        Status::Late { .. } => "late",
        Status::Missing => "missing",
        Status::Absent => "absent",
        Status::Unknown => "unknown",
        Status::Justified => "justified",
        Status::EarlyLeave => "early_leave",
        Status::Left => "left",
    }
}

fn line(table: &mut String, cells: &[String]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            table.push(',');
        }
        push(table, cell, ',');
    }
    table.push_str("\r\n");
}
