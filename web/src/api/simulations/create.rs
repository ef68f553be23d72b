//! `POST /api/v1/simulations`: whose days would count otherwise, and how many families would have been told.

use crate::AppState;
use crate::api::input::{JsonBytes, Params, SchoolDate, parse_json};
use crate::api::live::OfSchool;
use crate::api::settings::{SettingsView, out_of_range};
use crate::live::{LiveError, NameView};
use crate::names::SchoolNames;
use crate::permissions::Permission;
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::{InSchool, Person};
use crate::simulation::{Asked, Found, Plan, Refused, Wanted, plan};
use axum::Json;
use axum::extract::State;
use chrono::{NaiveDate, NaiveTime};
use domain::CourseId;
use domain::entry_rate::Outcome;
use domain::simulation::{DayEffect, Flip, Notices};
use projections::audit::replay::ReplayError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// The most pupils' days that are told one by one; all of them are in the counts.
const MOST: usize = 1_000;

/// What would be otherwise; what is left out stays as it was on each day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationAsked {
    /// The month, `2026-10`; the one before this one if left out. Days that are not over are not simulated.
    #[schema(example = "2026-10")]
    pub month: Option<String>,
    /// 0 to 240.
    pub late_after_minutes: Option<i64>,
    /// 0 to 240.
    pub missing_after_minutes: Option<i64>,
    /// 1 to 100; 100: never.
    pub mass_alarm_percent: Option<i64>,
    /// 1 to 600.
    pub stale_after_minutes: Option<i64>,
    /// Another hour of entry.
    pub entry: Option<EntryAsked>,
    /// Dates of the month on which nobody would have been expected.
    #[schema(value_type = Option<Vec<NaiveDate>>)]
    pub days_off: Option<Vec<SchoolDate>>,
}

/// The hour at which each weekday's first stay of the schedule begins; one that would end before stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryAsked {
    /// Of this course; of all if left out.
    pub course_id: Option<Uuid>,
    /// Local wall time.
    #[schema(value_type = String, example = "08:15:00")]
    pub time: NaiveTime,
}

impl SimulationAsked {
    fn read(self) -> Result<Asked, Problem> {
        let month = |text: String| {
            let first = format!("{text}-01").parse::<NaiveDate>().ok().filter(|_| text.len() == 7);
            first.and_then(|date| SchoolDate::try_from(date).ok()).map(|SchoolDate(date)| date)
        };
        let wrong = || Problem::new(Code::InvalidBody).at("month");
        Ok(Asked {
            month: self.month.map(|text| month(text).ok_or_else(wrong)).transpose()?,
            settings: Wanted {
                late_after_minutes: self.late_after_minutes,
                missing_after_minutes: self.missing_after_minutes,
                mass_alarm_percent: self.mass_alarm_percent,
                stale_after_minutes: self.stale_after_minutes,
            },
            entry: self.entry.map(|entry| (entry.course_id.map(CourseId), entry.time)),
            days_off: self.days_off.into_iter().flatten().map(|SchoolDate(date)| date).collect(),
        })
    }
}

/// What would have been otherwise.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SimulationView {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The last event of the index that it was computed from.
    pub position: i64,
    /// The settings of today, without the trial.
    pub settings: SettingsView,
    /// Days on which anybody was expected, by either rules.
    pub school_days: usize,
    /// Pupils with a day that would count otherwise.
    pub pupils: usize,
    /// Pupils' days that would count otherwise.
    pub changed_days: usize,
    /// Notices by the rules that there were.
    pub before: NoticesView,
    /// Notices by the others.
    pub after: NoticesView,
    /// Day by day, those on which anybody was expected.
    pub days: Vec<SimulatedDay>,
    /// The first thousand of the pupils' days that would count otherwise, by date and pupil; none to whoever may not
    /// see pupils by name.
    pub changes: Vec<ChangeView>,
}

/// How many families would have been told by themselves, and of how many cases an inspector alone.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct NoticesView {
    /// Families told.
    pub told: u32,
    /// Held because so many were missing at once.
    pub held_mass_alarm: u32,
    /// Held because a gate was silent.
    pub held_gate_silent: u32,
    /// Held because it was found too late to be news.
    pub held_stale: u32,
}

impl From<Notices> for NoticesView {
    fn from(notices: Notices) -> Self {
        Self {
            told: notices.told,
            held_mass_alarm: notices.mass_alarm,
            held_gate_silent: notices.gate_silent,
            held_stale: notices.stale,
        }
    }
}

/// A day.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SimulatedDay {
    /// The date.
    pub date: NaiveDate,
    /// Notices by the rules that there were.
    pub before: NoticesView,
    /// Notices by the others.
    pub after: NoticesView,
    /// How many pupils would go from what to what.
    pub changes: Vec<CountView>,
}

/// How many pupils of a day.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct CountView {
    /// `in_time`, `late`, `absent`, `missing`, `pending`, `unknown`; none: not expected.
    #[schema(value_type = Option<String>)]
    pub before: Option<Outcome>,
    /// The same.
    #[schema(value_type = Option<String>)]
    pub after: Option<Outcome>,
    /// How many.
    pub pupils: u32,
}

/// A pupil's day.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct ChangeView {
    /// The date.
    pub date: NaiveDate,
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The course on the date.
    pub course: Option<String>,
    /// As it counts.
    #[schema(value_type = Option<String>)]
    pub before: Option<Outcome>,
    /// As it would.
    #[schema(value_type = Option<String>)]
    pub after: Option<Outcome>,
}

/// How many go from what to what, in the order in which the first of each stand.
pub(crate) fn counted(flips: &[Flip]) -> Vec<CountView> {
    let mut counts: Vec<CountView> = Vec::new();
    for Flip { before, after, .. } in flips {
        match counts.iter_mut().find(|count| (count.before, count.after) == (*before, *after)) {
            Some(count) => count.pupils = count.pupils.saturating_add(1),
            None => counts.push(CountView { before: *before, after: *after, pupils: 1 }),
        }
    }
    counts
}

impl From<&DayEffect> for SimulatedDay {
    fn from(day: &DayEffect) -> Self {
        Self { date: day.date, before: day.before.into(), after: day.after.into(), changes: counted(&day.flips) }
    }
}

impl SimulationView {
    fn of(plan: &Plan, found: &Found, names: Option<&SchoolNames>) -> Self {
        let simulated = &found.simulated;
        let [before, after] = simulated.notices();
        let flips = simulated.days.iter().flat_map(|day| day.flips.iter().map(move |flip| (day.date, flip)));
        let change = |(date, flip): (NaiveDate, &Flip)| {
            Some(ChangeView {
                date,
                student_id: flip.student_id.0,
                name: names?.of(flip.student_id).into(),
                course: flip.course_id.and_then(|course| plan.courses.get(&course).cloned()),
                before: flip.before,
                after: flip.after,
            })
        };
        Self {
            from: plan.dates.0,
            to: plan.dates.1,
            position: found.position,
            settings: (&plan.settings).into(),
            school_days: simulated.school_days(),
            pupils: simulated.pupils().len(),
            changed_days: simulated.flips(),
            before: before.into(),
            after: after.into(),
            days: simulated.days.iter().filter(|day| day.expected).map(SimulatedDay::from).collect(),
            changes: flips.take(MOST).filter_map(change).collect(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::InFuture => Self::new(Code::MonthInFuture).at("month"),
            Refused::Setting(error) => out_of_range(error),
            Refused::UnknownCourse => Self::new(Code::NotFound).at("course"),
            Refused::AnotherMonth => Self::new(Code::DayOfAnotherMonth).at("days_off"),
            Refused::NoSchool => Self::new(Code::NotFound).at("school"),
            Refused::Replay(ReplayError::Store(error)) => error.into(),
            Refused::Replay(ReplayError::Unfilled) => {
                tracing::error!("the audit index was filled by an earlier program: attendance rebuild audit");
                Self::new(Code::ReplayNeedsRebuild)
            }
            Refused::Replay(ReplayError::Poison(poison)) => Self::internal(poison),
            Refused::Cancelled => Self::new(Code::Unavailable).retry_soon(),
        }
    }
}

/// Judges the days of a month once more, as if the settings, the hour of entry or the days off had been others. It reads
/// and keeps nothing, so it takes no `Idempotency-Key`. How a day counts is judged by all that is known of it now; whether a
/// family would have been told by itself, by what was known at each moment, and as if nobody of the staff had touched
/// the case. A client that hangs up ends it.
#[utoipa::path(post, path = "/api/v1/simulations", tag = "reports", params(OfSchool),
    request_body = SimulationAsked,
    responses((status = 200, description = "What would have been otherwise", body = SimulationView)))]
pub async fn post(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    person: Person,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<SimulationView>, Problem> {
    let asked = parse_json::<SimulationAsked>(&body, Code::InvalidBody)?.read()?;
    let plan = Arc::new(plan(&state.pools.request, school, asked, state.clock.now()).await?);
    let found = Arc::clone(&plan).run(&state.pools.request, |_| true).await?;
    let names = match person.may(Permission::PupilsRead, school) {
        true => Some(state.names.of_school(school).await.map_err(LiveError::Names)?),
        false => None,
    };
    Ok(Json(SimulationView::of(&plan, &found, names.as_deref())))
}
