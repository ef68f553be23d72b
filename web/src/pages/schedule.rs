//! `/horarios` and `/cursos/{id}/horario`: the weeks of the courses, each valid from a date on. `/cursos/nuevo`: one more
//! course. Plain forms that need no scripts; what changes is shown before it is done.

mod ask;
mod course;
mod list;
mod open;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod typed;
mod words;

#[cfg(test)]
pub(super) use samples::sample_pages;

use super::asked::Asked;
use super::respond::Nonce;
use super::shell::{self, Place};
use super::source::SourceError;
use super::staff::form::Refusal;
use super::staff::who;
use super::view::{School, Who};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::permissions::Permission;
use ask::AskPage;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use chrono::{Days, NaiveDate};
use commands::use_cases::{SetWeeklySchedules, UseCaseError, set_weekly_schedules, week_slots};
use course::CoursePage;
use domain::CourseId;
use domain::calendar::SchoolCalendar;
use domain::course::{Shift, Slot};
use domain::expectation::{CourseCalendar, PupilCalendar, expectation};
use domain::school::Settings;
use domain::values::school_date;
use list::ListPage;
use maud::Markup;
use projections::live::board::grade;
use projections::live::queries::load_board;
use projections::{ReadModel, roster};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use typed::{Typed, Wanted};
use uuid::Uuid;

/// The pages of the weeks.
pub fn router() -> Router<AppState> {
    let weeks = Router::new().route("/horarios", get(list)).route("/cursos/{id}/horario", get(show).post(set));
    weeks.merge(open::router())
}

/// What is written here, in the server's own log.
const A_SCHEDULE: &str = "a schedule";
const A_COURSE: &str = "a course";

/// How many days ahead the next school day is looked for: the longest holidays are longer, and then it is tomorrow.
const LOOK_AHEAD: u64 = 31;

/// A week with the first date on which it is valid.
type Version = (NaiveDate, Vec<Slot>);

/// A course with its weeks.
#[derive(Clone, PartialEq, Debug)]
struct Course {
    /// Its id.
    id: Uuid,
    /// What it is called, with its year where the school has courses of several.
    name: String,
    /// The same without a year.
    called: String,
    /// Its shift, if it was said.
    shift: Option<Shift>,
    /// How many pupils it has on the date that is asked for.
    pupils: u32,
    /// Since when it is closed.
    closed_from: Option<NaiveDate>,
    /// Its weeks, by date.
    versions: Vec<Version>,
}

/// The week that is valid on a date.
fn in_force(versions: &[Version], date: NaiveDate) -> Option<&Version> {
    versions.iter().rev().find(|(from, _)| *from <= date)
}

/// A school with its courses.
struct Known {
    school: School,
    settings: Settings,
    today: NaiveDate,
    /// Lowest grade first.
    courses: Vec<Course>,
    calendar: SchoolCalendar,
    exceptions: Vec<roster::rows::CourseDate>,
}

impl Known {
    fn split(&self, id: Uuid) -> Option<(Course, Vec<Course>)> {
        let course = self.courses.iter().find(|course| course.id == id)?.clone();
        let open = self.courses.iter().filter(|one| one.id != id && one.closed_from.is_none());
        Some((course, open.cloned().collect()))
    }

    /// The next day after today on which the course expects its pupils; tomorrow, if that is not soon.
    fn next_school_day(&self, course: &Course) -> NaiveDate {
        let exceptions = self.exceptions.iter().filter(|day| day.course_id.0 == course.id);
        let calendar = CourseCalendar {
            schedules: course.versions.clone(),
            exceptions: exceptions.filter_map(|day| Some((day.local_date, day.day.clone()?))).collect(),
            closed_from: course.closed_from,
        };
        let pupil = PupilCalendar {
            enrolled_from: NaiveDate::MIN,
            withdrawn_from: None,
            course: &calendar,
            school: &self.calendar,
        };
        let ahead = (1..=LOOK_AHEAD).filter_map(|n| self.today.checked_add_days(Days::new(n)));
        let mut days = ahead.filter(|date| !expectation(&pupil, *date, self.school.zone).slots.is_empty());
        days.next().or_else(|| self.today.succ_opt()).unwrap_or(self.today)
    }
}

/// What the address asks of the form.
#[derive(Default)]
struct Wish {
    from: Option<NaiveDate>,
    copy_of: Option<Uuid>,
    /// The date whose week the form holds, if another than that of `from`.
    as_of: Option<NaiveDate>,
}

impl Wish {
    fn of(query: &RawQuery) -> Self {
        let mut wish = Self::default();
        let date = |value: &str| value.parse().ok().and_then(|date| school_date::date(date).ok());
        for (name, value) in form_urlencoded::parse(query.0.as_deref().unwrap_or_default().as_bytes()) {
            match &*name {
                "desde" => wish.from = date(&value),
                "como" => wish.as_of = date(&value),
                "de" => wish.copy_of = value.parse().ok(),
                _ => {}
            }
        }
        wish
    }
}

impl Asked {
    /// The school's courses, with their pupils on a date, or today's.
    async fn weeks(&self, on: Option<NaiveDate>) -> Result<Option<Known>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(found) = roster::queries::school(&mut tx).await? else { return Ok(None) };
        let (now, zone) = (self.state.clock.now(), found.settings.zone);
        let today = now.with_timezone(&zone).date_naive();
        let last = today.checked_add_days(Days::new(LOOK_AHEAD)).unwrap_or(today);
        let mut rows = roster::queries::all_courses(&mut tx).await?;
        let mut versions: BTreeMap<CourseId, Vec<Version>> = BTreeMap::new();
        for week in roster::queries::schedules(&mut tx).await? {
            versions.entry(week.course_id).or_default().push((week.effective_from, week.slots));
        }
        let mut calendar = SchoolCalendar::default();
        for day in roster::queries::school_days(&mut tx, today, last).await? {
            day.day.into_iter().for_each(|what| calendar.set(day.local_date, what));
        }
        let exceptions = roster::queries::course_days(&mut tx, today, last).await?;
        let Some(board) = load_board(&mut tx, on.unwrap_or(today), now).await? else { return Ok(None) };
        drop(tx);
        let pupils: HashMap<CourseId, u32> =
            board.courses.iter().map(|course| (course.course_id, course.counts.pupils)).collect();
        let open = |closed: Option<NaiveDate>| closed.is_none_or(|from| from > today);
        let years: BTreeSet<i32> = rows.iter().filter(|row| open(row.closed_from)).map(|row| row.year).collect();
        rows.sort_by_cached_key(|row| (row.year, grade(&row.level), row.letter.clone(), row.name.clone()));
        let courses = rows.into_iter().map(|row| Course {
            id: row.course_id.0,
            called: row.name.clone(),
            name: if years.len() > 1 { format!("{} ({})", row.name, row.year) } else { row.name },
            shift: row.shift,
            pupils: pupils.get(&row.course_id).copied().unwrap_or_default(),
            closed_from: row.closed_from,
            versions: versions.remove(&row.course_id).unwrap_or_default(),
        });
        Ok(Some(Known {
            courses: courses.collect(),
            school: School { id: self.school.0, name: found.name, zone },
            settings: found.settings,
            today,
            calendar,
            exceptions,
        }))
    }

    /// The page of a course, with its form as it was typed or as things are.
    async fn course_weeks(&self, id: &str, wish: Wish, typed: Option<Typed>, refused: Option<Refusal>) -> Response {
        let Ok(id) = id.parse::<Uuid>() else { return self.visit.failed(StatusCode::NOT_FOUND) };
        let known = match self.weeks(None).await {
            Ok(Some(known)) => known,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let Some((course, others)) = known.split(id) else { return self.visit.failed(StatusCode::NOT_FOUND) };
        let copied = wish.copy_of.and_then(|of| others.iter().find(|course| course.id == of));
        let typed = typed.unwrap_or_else(|| {
            let from = wish.from.unwrap_or_else(|| known.next_school_day(&course));
            let of = copied.unwrap_or(&course);
            // The course's week then, or the first one that it will have.
            let week = in_force(&of.versions, wish.as_of.unwrap_or(from)).or_else(|| of.versions.first());
            Typed::as_is(week.map_or(&[], |(_, slots)| slots), from)
        });
        let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let page = CoursePage {
            who: who(&self.state, &self.person).await,
            today: known.today,
            limits: (known.settings.late_after_minutes, known.settings.missing_after_minutes),
            manages: self.person.may(Permission::ScheduleWrite, self.school),
            copied: copied.map(|course| course.name.clone()),
            school: known.school,
            course,
            others,
            typed,
            refused,
            done: match self.visit.notice.as_deref() {
                Some("fijado") => Some(key("schedule-done")),
                Some("igual") => Some(key("calendar-done-same")),
                Some("abierto") => Some(key("open-done")),
                Some("ya-abierto") => Some(key("open-there")),
                Some("cambiado") => Some(key("open-changed")),
                _ => None,
            },
            names: self.person.may(Permission::RosterWrite, self.school),
            wrong_name: match self.visit.notice.as_deref() {
                Some("nombre") => Some(key("open-wrong-name")),
                Some("nombre-ajeno") => Some(key("open-others-name")),
                _ => None,
            },
        };
        self.visit.page(status, |nonce| page.page(self.visit.lang, nonce))
    }

    /// What will change.
    async fn ask_of_week(&self, id: Uuid, wanted: &Wanted, typed: Typed) -> Response {
        let known = match self.weeks(Some(wanted.from)).await {
            Ok(Some(known)) => known,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let Some((course, _)) = known.split(id) else { return self.visit.failed(StatusCode::NOT_FOUND) };
        let touched = known.courses.iter().filter(|course| wanted.courses.contains(&CourseId(course.id)));
        let page = AskPage {
            who: who(&self.state, &self.person).await,
            today: known.today,
            touched: touched.cloned().collect(),
            school: known.school,
            from: wanted.from,
            week: week_slots(CourseId(course.id), &wanted.stays),
            course,
            typed,
        };
        self.visit.page(StatusCode::OK, |nonce| page.page(self.visit.lang, nonce))
    }
}

/// `GET /horarios`.
async fn list(asked: Asked) -> Response {
    match asked.weeks(None).await {
        Ok(Some(known)) => {
            let open = known.courses.into_iter().filter(|course| course.closed_from.is_none());
            let page = ListPage {
                who: who(&asked.state, &asked.person).await,
                school: known.school,
                today: known.today,
                courses: open.collect(),
                opens: asked.person.may(Permission::RosterWrite, asked.school),
            };
            asked.visit.page(StatusCode::OK, |nonce| page.page(asked.visit.lang, nonce))
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /cursos/{id}/horario`.
async fn show(asked: Asked, Path(id): Path<String>, query: RawQuery) -> Response {
    asked.course_weeks(&id, Wish::of(&query), None, None).await
}

/// `POST /cursos/{id}/horario`: says what will change, and does it once that was seen.
async fn set(asked: Asked, Path(id): Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let typed = Typed::of(sent);
    let Ok(course) = id.parse::<Uuid>() else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    if typed.edit {
        return asked.course_weeks(&id, Wish::default(), Some(typed), None).await;
    }
    let context = match asked.context().await {
        Ok(context) => context,
        Err(error) => return asked.not_written(A_SCHEDULE, &error),
    };
    let today = asked.state.clock.now().with_timezone(&context.zone).date_naive();
    let wanted = match typed.wanted(course, today) {
        Ok(wanted) => wanted,
        Err(refusal) => return asked.course_weeks(&id, Wish::default(), Some(typed), Some(refusal)).await,
    };
    if !typed.sure {
        return asked.ask_of_week(course, &wanted, typed).await;
    }
    let input = SetWeeklySchedules { courses: wanted.courses, effective_from: wanted.from, stays: wanted.stays };
    let refusal = match set_weekly_schedules(&asked.state.write, &context, input).await {
        Ok(done) => {
            let notice = if done.events == 0 && !done.repeated { "igual" } else { "fijado" };
            asked.wait_for(ReadModel::Roster, done).await;
            let to = format!("/cursos/{id}/horario?colegio={}&aviso={notice}", asked.school);
            return Redirect::to(&to).into_response();
        }
        // A course that is nobody's has no page either.
        Err(UseCaseError::Course(_)) => Refusal::whole(key("schedule-course-unknown")),
        Err(UseCaseError::Conflict) => Refusal::whole(key("calendar-kept-changing")),
        Err(error) => return asked.not_written(A_SCHEDULE, &error),
    };
    asked.course_weeks(&id, Wish::default(), Some(typed), Some(refusal)).await
}

/// A page of the weeks.
fn frame(
    (who, school): (&Who, &School),
    title: String,
    path: &str,
    lang: Lang,
    nonce: &Nonce,
    main: &Markup,
) -> Markup {
    shell::of_school(
        (who, school),
        Place::Schedule,
        title,
        format!("{path}?colegio={}", school.id),
        (lang, nonce),
        main,
    )
}
