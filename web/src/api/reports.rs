//! Reports: a school's, a course's and a pupil's days, who is away or late again and again, what gates told late, and
//! the class list beside the gate. As JSON, or as CSV to whoever asks for `text/csv`.

pub mod absence;
pub mod class_list;
pub mod course;
pub mod gates;
pub mod pupil;
pub mod school;

use crate::AppState;
use crate::api::input::SchoolDate;
use crate::live::NameView;
use crate::names::SchoolNames;
use crate::problem::{Code, Problem};
use crate::reports::sheets::{band_code, course_name, outcome_code};
use chrono::{DateTime, NaiveDate, Utc};
use domain::SchoolId;
use domain::entry_rate::{Outcome, Tally};
use projections::live::reports::{CourseLine, DayLine, MAX_DAYS, PupilDate, PupilLine, Report, Scope, report};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which days of which school.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// First school day; the first of the month of `to` if left out.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<SchoolDate>,
    /// Last school day; today if left out. Days that have not begun are in no line.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<SchoolDate>,
}

impl Asked {
    /// From when to when, both included, at most so many days.
    async fn dates(&self, state: &AppState, school: SchoolId, most: i64) -> Result<(NaiveDate, NaiveDate), Problem> {
        let to = match self.to {
            Some(SchoolDate(to)) => to,
            None => state.today(school).await?.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?,
        };
        let from = self.from.map_or_else(|| first_of_month(to), |SchoolDate(from)| from);
        match (to - from).num_days() {
            0.. if (to - from).num_days() < most => Ok((from, to)),
            _ => Err(Problem::new(Code::InvalidParameter).at("from")),
        }
    }

    /// The report of a scope over at most [`MAX_DAYS`]; `at` names what there is none of otherwise.
    async fn report(
        &self,
        state: &AppState,
        school: SchoolId,
        scope: Scope,
        at: &'static str,
    ) -> Result<Report, Problem> {
        let dates = self.dates(state, school, MAX_DAYS).await?;
        let mut tx = state.pools.request.snapshot(school).await?;
        let found = report(&mut tx, scope, dates, state.clock.now()).await?;
        found.ok_or_else(|| Problem::new(Code::NotFound).at(at))
    }
}

fn first_of_month(date: NaiveDate) -> NaiveDate {
    chrono::Datelike::with_day(&date, 1).unwrap_or(date)
}

/// How many days are how. `expected` is the sum of the seven after it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TallyView {
    /// Pupils' days on which somebody expected them.
    pub expected: u32,
    /// Came in time.
    pub in_time: u32,
    /// Came late.
    pub late: u32,
    /// Did not come, the day is closed, and nobody accepted why.
    pub absent: u32,
    /// Did not come, and the staff accepted why: in the entry rate an absence like any other.
    #[serde(default)]
    pub justified: u32,
    /// No entry on record, and nothing final.
    pub missing: u32,
    /// Not due yet.
    pub pending: u32,
    /// A gate was silent: not known.
    pub unknown: u32,
    /// Numerator of the entry rate: the days on which they came.
    pub entered_days: u32,
    /// Its denominator: the days of which it is known whether they came.
    pub known_days: u32,
    /// The entry rate (*porcentaje de ingresos*) in tenths of a percent, rounded down; none of no days. It is what the
    /// gate knows, and not the attendance of the class book.
    pub entry_rate_tenths: Option<u32>,
}

impl From<&Tally> for TallyView {
    fn from(tally: &Tally) -> Self {
        let rate = tally.rate();
        Self {
            expected: tally.expected,
            in_time: tally.in_time,
            late: tally.late,
            absent: tally.absent,
            justified: tally.justified,
            missing: tally.missing,
            pending: tally.pending,
            unknown: tally.unknown,
            entered_days: rate.entered,
            known_days: rate.known,
            entry_rate_tenths: rate.tenths(),
        }
    }
}

/// A date.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DayView {
    /// The date.
    pub date: NaiveDate,
    /// How it was.
    pub tally: TallyView,
    /// Nobody of the whole school was read on it: nothing is concluded.
    pub nobody_read: bool,
    /// Pupils of whom a scan arrived long after it was taken.
    pub late_synced_pupils: u32,
}

fn days(lines: &[DayLine]) -> Vec<DayView> {
    let expected = lines.iter().filter(|line| line.tally.expected > 0);
    let view = |line: &DayLine| DayView {
        date: line.date,
        tally: (&line.tally).into(),
        nobody_read: line.nobody_read,
        late_synced_pupils: line.late_synced,
    };
    expected.map(view).collect()
}

/// A pupil with figures.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PupilFigures {
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The course, on the last of the days on which the pupil was in one.
    pub course: String,
    /// How the days were.
    pub tally: TallyView,
    /// `severe` (85 % or less), `repeated` (90 % or less), `normal`, `outstanding` (97 % or more); none of no days.
    pub band: Option<String>,
}

impl PupilFigures {
    fn of(line: &PupilLine, courses: &[CourseLine], names: &SchoolNames) -> Self {
        Self {
            student_id: line.student_id.0,
            name: names.of(line.student_id).into(),
            course: course_name(courses, line.course_id).to_owned(),
            tally: (&line.tally).into(),
            band: line.band().map(|band| band_code(band).to_owned()),
        }
    }
}

/// A pupil's date.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PupilDateView {
    /// The date.
    pub date: NaiveDate,
    /// `in_time`, `late`, `absent`, `justified`, `missing`, `pending`, `unknown`; none on a day on which nobody expected the pupil.
    pub status: Option<String>,
    /// Whole minutes late.
    pub minutes_late: Option<u32>,
    /// Earliest entry.
    pub first_entry_at: Option<DateTime<Utc>>,
    /// When the pupil went out, if the last passage was an exit.
    pub left_at: Option<DateTime<Utc>>,
    /// A scan arrived long after it was taken.
    pub late_sync: bool,
}

impl From<&PupilDate> for PupilDateView {
    fn from(day: &PupilDate) -> Self {
        Self {
            date: day.date,
            status: Outcome::of(&day.status).map(|outcome| outcome_code(outcome).to_owned()),
            minutes_late: day.status.minutes_late(),
            first_entry_at: day.first_entry,
            left_at: day.left_at,
            late_sync: day.late_synced,
        }
    }
}

/// Up to which event of the log a report is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Head {
    /// First date.
    pub from: NaiveDate,
    /// Last date.
    pub to: NaiveDate,
    /// The moment that the days were judged at: what arrives later still changes them.
    pub now: DateTime<Utc>,
    /// The last event in the live model.
    pub position: i64,
}

impl Head {
    fn of(report: &Report) -> Self {
        Self { from: report.from, to: report.to, now: report.now, position: report.as_of.position }
    }
}

#[cfg(test)]
pub(crate) mod tests;
