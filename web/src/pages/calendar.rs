//! `/calendario`: the days that are not as the week says. Plain forms that need no scripts, a phone first: at half past
//! seven in the rain, "no classes today" is two taps.

mod day;
mod list;
#[cfg(test)]
mod tests;
mod typed;

pub(super) use day::{Choice, DayPage};
pub(super) use list::{By, CalendarPage, Line, Today};
pub(super) use typed::Typed;

use super::asked::Asked;
use super::reasons;
use super::source::SourceError;
use super::staff::form::Refusal;
use super::staff::{member_names, who};
use super::view::School;
use crate::AppState;
use crate::i18n::key;
use crate::permissions::Permission;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use chrono::{Datelike, Months, NaiveDate};
use commands::Done;
use commands::use_cases::{
    ChangeCourseDays, ChangeSchoolDay, SchoolDayChange, UseCaseError, change_course_days, change_school_day,
};
use domain::calendar::Layer;
use domain::values::school_date;
use domain::{CourseId, course};
use projections::live::queries::load_board;
use projections::roster::rows::Changed;
use projections::{ReadModel, roster};
use std::collections::HashMap;
use typed::{Wanted, WantedDay};

/// The pages of the calendar.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/calendario", get(month))
        .route("/calendario/dia", get(form).post(set))
        .route("/calendario/quitar", post(clear))
}

/// A month as it is shown, `2026-12`; its first day.
fn first_of(month: &str) -> Option<NaiveDate> {
    let first = format!("{month}-01").parse().ok()?;
    school_date::date(first).ok()
}

impl Asked {
    async fn month(&self, month: Option<NaiveDate>) -> Result<Option<CalendarPage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(found) = roster::queries::school(&mut tx).await? else { return Ok(None) };
        let now = self.state.clock.now();
        let today = now.with_timezone(&found.settings.zone).date_naive();
        let month = month.or_else(|| today.with_day(1)).unwrap_or(today);
        let last = month.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(month);
        let days = roster::queries::school_days(&mut tx, month, last).await?;
        let exceptions = roster::queries::course_days(&mut tx, month, last).await?;
        let named = roster::queries::all_courses(&mut tx).await?;
        let Some(board) = load_board(&mut tx, today, now).await? else { return Ok(None) };
        drop(tx);
        let names = match self.person.may(Permission::PeopleRead, self.school) {
            true => member_names(&self.state, self.school).await?,
            false => HashMap::new(),
        };
        let by = |changed: &Changed| By {
            name: changed.by.as_user().and_then(|account| names.get(&account.0).cloned()),
            at: changed.at,
        };
        let called: HashMap<CourseId, String> =
            named.into_iter().map(|course| (course.course_id, course.name)).collect();
        let over: Vec<NaiveDate> =
            days.iter().filter(|day| day.layer == Layer::Day).map(|day| day.local_date).collect();
        let of_school = days.iter().filter_map(|found| {
            Some(Line::School {
                date: found.local_date,
                day: found.day.clone()?,
                covered: found.layer == Layer::Holiday && over.contains(&found.local_date),
                by: by(&found.changed),
            })
        });
        let of_courses = exceptions.iter().filter_map(|found| {
            Some(Line::Course {
                date: found.local_date,
                id: found.course_id.0,
                name: called.get(&found.course_id).cloned().unwrap_or_default(),
                day: found.day.clone()?,
                by: by(&found.changed),
            })
        });
        let mut lines: Vec<Line> = of_school.chain(of_courses).collect();
        // What the school set stands before its holiday, and both before the courses.
        lines.sort_by_key(|line| match line {
            Line::School { date, covered, .. } => (*date, u8::from(*covered), String::new()),
            Line::Course { date, name, .. } => (*date, 2, name.clone()),
        });
        let expecting = board.courses.iter().filter(|course| course.counts.expected > 0).count();
        Ok(Some(CalendarPage {
            who: who(&self.state, &self.person).await,
            school: School { id: self.school.0, name: found.name, zone: found.settings.zone },
            today: Today {
                date: today,
                set: reasons::of_date(&board.calendar, today),
                expected: board.totals.expected,
                courses: u32::try_from(expecting).unwrap_or(u32::MAX),
            },
            month,
            lines,
            manages: self.person.may(Permission::CalendarWrite, self.school),
            done: match self.visit.notice.as_deref() {
                Some("fijado") => Some(key("calendar-done-set")),
                Some("quitado") => Some(key("calendar-done-cleared")),
                Some("igual") => Some(key("calendar-done-same")),
                _ => None,
            },
        }))
    }

    /// The form of a day as it was typed, with the courses of its date.
    async fn day(&self, mut typed: Typed, refused: Option<Refusal>) -> Result<Option<DayPage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(found) = roster::queries::school(&mut tx).await? else { return Ok(None) };
        let now = self.state.clock.now();
        let today = now.with_timezone(&found.settings.zone).date_naive();
        let date = typed.date().unwrap_or(today);
        if typed.date.is_empty() {
            typed.date = today.to_string();
        }
        let Some(board) = load_board(&mut tx, date, now).await? else { return Ok(None) };
        drop(tx);
        let courses = board.courses.iter().map(|course| Choice {
            id: course.course_id.0,
            name: course.name.clone(),
            pupils: course.counts.pupils,
        });
        Ok(Some(DayPage {
            who: who(&self.state, &self.person).await,
            school: School { id: self.school.0, name: found.name, zone: found.settings.zone },
            courses: courses.collect(),
            typed,
            refused,
        }))
    }

    async fn show(&self, status: StatusCode, typed: Typed, refused: Option<Refusal>, shape: Shape<'_>) -> Response {
        match self.day(typed, refused).await {
            Ok(Some(view)) => self.visit.page(status, |nonce| match shape {
                Shape::Form => view.page(self.visit.lang, nonce),
                Shape::Ask(wanted) => view.ask(wanted, self.visit.lang, nonce),
            }),
            Ok(None) => self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => self.visit.source_error(&error),
        }
    }

    async fn change(&self, wanted: Wanted) -> Result<Done, UseCaseError> {
        let context = self.context().await?;
        let Wanted { date, day } = wanted;
        match day {
            WantedDay::School(day) => {
                let input = ChangeSchoolDay { date, change: SchoolDayChange::Set(day) };
                change_school_day(&self.state.write, &context, input).await
            }
            WantedDay::Courses(courses, day) => {
                let input = ChangeCourseDays { courses, date, day: Some(day) };
                change_course_days(&self.state.write, &context, input).await
            }
        }
    }

    /// To the month of the date with a notice, once the calendar shows it.
    async fn done(&self, date: NaiveDate, done: Done, notice: &str) -> Response {
        let same = done.events == 0 && !done.repeated;
        self.wait_for(ReadModel::Roster, done).await;
        let notice = if same { "igual" } else { notice };
        let to = format!("/calendario?colegio={}&mes={}&aviso={notice}", self.school, date.format("%Y-%m"));
        Redirect::to(&to).into_response()
    }

    /// What the log refused, where it stands on the form; or, of what is nobody's mistake, how the answer fails.
    fn refusal(error: UseCaseError) -> Result<Refusal, StatusCode> {
        match error {
            UseCaseError::Course(course::Error::NotOpened | course::Error::Closed) => {
                Ok(Refusal::whole(key("calendar-course-unknown")))
            }
            UseCaseError::Course(course::Error::OtherYear) => Ok(Refusal::of(&["fecha"], key("calendar-other-year"))),
            UseCaseError::Conflict => Ok(Refusal::whole(key("calendar-kept-changing"))),
            error if error.is_temporary() => {
                tracing::warn!(%error, "a day was not set");
                Err(StatusCode::SERVICE_UNAVAILABLE)
            }
            error => {
                tracing::error!(%error, "a day was not set");
                Err(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// Which page of a day.
enum Shape<'a> {
    /// Its form.
    Form,
    /// What will happen; nothing: the reason is still to be chosen.
    Ask(Option<&'a Wanted>),
}

/// `GET /calendario`.
async fn month(asked: Asked, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let month = pairs.find(|(name, _)| name == "mes").and_then(|(_, month)| first_of(&month));
    match asked.month(month).await {
        Ok(Some(view)) => asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /calendario/dia`: the form of a kind; of "no classes today" at once what will happen.
async fn form(asked: Asked, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let typed = Typed::read(query.as_bytes());
    let at_once = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "hoy" && value == "si");
    let shape = if at_once && typed.date().is_some() { Shape::Ask(None) } else { Shape::Form };
    asked.show(StatusCode::OK, typed, None, shape).await
}

/// `POST /calendario/dia`: says what will happen, and does it once that was seen.
async fn set(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let typed = Typed::of(sent);
    let wanted = match typed.wanted(asked.school) {
        Ok(wanted) => wanted,
        Err(refusal) => {
            let lacks_reason = typed.sure && typed.reason.is_empty() && typed.date().is_some();
            let shape = if lacks_reason { Shape::Ask(None) } else { Shape::Form };
            return asked.show(StatusCode::UNPROCESSABLE_ENTITY, typed, Some(refusal), shape).await;
        }
    };
    if !typed.sure {
        return asked.show(StatusCode::OK, typed, None, Shape::Ask(Some(&wanted))).await;
    }
    let date = wanted.date;
    match asked.change(wanted).await {
        Ok(done) => asked.done(date, done, "fijado").await,
        Err(error) => match Asked::refusal(error) {
            Ok(refusal) => asked.show(StatusCode::UNPROCESSABLE_ENTITY, typed, Some(refusal), Shape::Form).await,
            Err(status) => asked.visit.failed(status),
        },
    }
}

/// `POST /calendario/quitar`.
async fn clear(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let of_holiday = sent.iter().any(|(name, value)| name == "capa" && value == "holiday");
    let typed = Typed::of(sent);
    let Some(date) = typed.date() else { return asked.visit.failed(StatusCode::BAD_REQUEST) };
    let cleared = async {
        let context = asked.context().await?;
        let courses: Vec<CourseId> = typed.courses.iter().filter_map(|id| id.parse().ok()).collect();
        if !courses.is_empty() {
            return change_course_days(&asked.state.write, &context, ChangeCourseDays { courses, date, day: None })
                .await;
        }
        let layer = if of_holiday { Layer::Holiday } else { Layer::Day };
        let input = ChangeSchoolDay { date, change: SchoolDayChange::Clear(layer) };
        change_school_day(&asked.state.write, &context, input).await
    };
    match cleared.await {
        Ok(done) => asked.done(date, done, "quitado").await,
        Err(error) => match Asked::refusal(error) {
            Ok(_) => asked.visit.failed(StatusCode::NOT_FOUND),
            Err(status) => asked.visit.failed(status),
        },
    }
}

/// Every page of these with made-up values, names that look like markup among them: (what it is, its markup).
#[cfg(test)]
pub(super) fn sample_pages(lang: crate::i18n::Lang, nonce: &super::Nonce) -> Vec<(String, maud::Markup)> {
    use super::sample::{self, HOSTILE};
    use super::view::Who;
    use crate::calendar::Kind;
    use chrono::{NaiveTime, Weekday};
    use domain::SchoolId;
    use domain::calendar::{CourseDay, CourseTimes, DaySlot, Reason, RecoveryTimes, Resolution, SchoolDay};
    use uuid::Uuid;

    let who = || Who { name: None, several_schools: true, may: Permission::ALL.to_vec() };
    let (school, now) = (sample::school(), sample::now());
    let date = |day| NaiveDate::from_ymd_opt(2026, 12, day).unwrap();
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let by = |name: Option<&str>| By { name: name.map(str::to_owned), at: now };
    let slots = vec![DaySlot { slot_id: domain::SlotId(Uuid::from_u128(1)), entry: time(9), exit: time(13) }];
    let of_school = |day, covered, kind| Line::School { date: date(day), day: kind, covered, by: by(Some(HOSTILE)) };
    let resolution = Some(Resolution { number: HOSTILE.to_owned(), date: None });
    let own = RecoveryTimes::Own { slots: slots.clone() };
    let as_monday = RecoveryTimes::Weekday { weekday: Weekday::Mon };
    let mut lines = vec![
        of_school(1, false, SchoolDay::NoClasses { reason: Reason::Weather, resolution }),
        of_school(8, true, SchoolDay::Holiday { name: HOSTILE.to_owned() }),
        of_school(12, false, SchoolDay::Recovery { times: own }),
        of_school(19, false, SchoolDay::Recovery { times: as_monday }),
        of_school(22, false, SchoolDay::HalfDay { exit: time(12), reason: Reason::Ceremony }),
        of_school(23, false, SchoolDay::Outing),
    ];
    for times in [
        CourseTimes::Nobody,
        CourseTimes::Until { exit: time(12) },
        CourseTimes::Weekday { weekday: Weekday::Fri },
        CourseTimes::Own { slots },
    ] {
        let day = CourseDay { times, reason: Reason::Outing };
        lines.push(Line::Course { date: date(9), id: school.id, name: HOSTILE.to_owned(), day, by: by(None) });
    }
    let month = |lines: Vec<Line>, set, expected, manages| {
        let today = Today { date: date(1), set, expected, courses: 14 };
        let (school, done) = (school.clone(), Some(key("calendar-done-set")));
        CalendarPage { who: who(), school, today, month: date(1), lines, manages, done }.page(lang, nonce)
    };
    let courses =
        || (1..4).map(|n| Choice { id: Uuid::from_u128(n), name: HOSTILE.to_owned(), pupils: 30 }).collect::<Vec<_>>();
    let day = |form: &str, refused| DayPage {
        who: who(),
        school: school.clone(),
        courses: courses(),
        typed: Typed::read(form.as_bytes()),
        refused,
    };
    let asked = |form: &str| {
        let wanted = Typed::read(form.as_bytes()).wanted(SchoolId(school.id)).unwrap();
        day(form, None).ask(Some(&wanted), lang, nonce)
    };
    let hostile: String = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let course = Uuid::from_u128(2);
    let mut pages = vec![
        ("calendar hostile".to_owned(), month(lines.clone(), None, 436, true)),
        ("calendar hostile to look at".to_owned(), month(lines, Some(SchoolDay::Outing), 0, false)),
        ("calendar empty".to_owned(), month(Vec::new(), None, 0, true)),
        (
            "day hostile refused".to_owned(),
            day(
                &format!("tipo=no_classes&fecha={hostile}&resolucion={hostile}&curso={hostile}"),
                Some(Refusal::of(&["motivo"], key("calendar-reason-missing"))),
            )
            .page(lang, nonce),
        ),
        (
            "day today".to_owned(),
            day("tipo=no_classes&fecha=2026-12-01", Some(Refusal::of(&["motivo"], key("calendar-reason-missing"))))
                .ask(None, lang, nonce),
        ),
        ("day asked".to_owned(), asked("tipo=half_day&fecha=2026-12-01&salida=12:00&motivo=ceremony")),
        ("day asked of courses hostile".to_owned(), asked(&format!("tipo=outing&fecha=2026-12-01&curso={course}"))),
        (
            "day asked again".to_owned(),
            asked(&format!("tipo=recovery&fecha=2026-12-05&desde=09:00&hasta=13:00&curso={course}")),
        ),
    ];
    for kind in Kind::ALL {
        let refused = Some(Refusal::whole(key("calendar-kept-changing")));
        let form = format!("tipo={}&fecha=2026-12-01&nombre={hostile}", kind.code());
        pages.push((format!("day {}", kind.code()), day(&form, refused).page(lang, nonce)));
    }
    pages
}
