//! `/informes`: how days were, by month, day, course and pupil; who is away or late again and again; what gates told
//! late; the class list beside the gate. Each also as CSV (`formato=csv`), and to print.

mod absence;
mod chart;
mod class_list;
mod course;
mod day;
mod gates;
mod month;
mod parts;
mod pupil;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use samples::sample_pages;

use super::asked::{Asked, asked_for, date_asked_for};
use super::source::SourceError;
use super::staff::{Visit, who};
use super::upload::WithFile;
use crate::AppState;
use crate::i18n::Lang;
use crate::middleware::ShownDay;
use crate::names::SchoolNames;
use crate::permissions::Permission;
use crate::reports::class_list::read;
use crate::reports::compare::{CompareError, Comparison, compare};
use crate::reports::csv::{Reader, Sheet};
use crate::reports::sheets;
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use chrono::{Datelike, Months, NaiveDate};
use domain::values::school_date;
use domain::{CourseId, StudentId};
use maud::Markup;
use parts::{Base, Names};
use projections::live::reports::{Report, Scope, late_syncs, pupil, report};
use projections::roster;

/// The pages of the reports.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/informes", get(month_page))
        .route("/informes/dia", get(day_page))
        .route("/informes/accesos", get(gates_page))
        .route("/informes/ausencias", get(absence_page))
        .route("/informes/cursos/{id}", get(course_page))
        .route("/informes/alumnos/{student_id}", get(pupil_page))
        .route("/informes/nomina", get(list_form).post(list_compared))
}

fn date(text: &str) -> Option<NaiveDate> {
    school_date::date(text.parse().ok()?).ok()
}

/// A month by its first day: `mes=2026-11`.
fn month_in(query: &RawQuery) -> Option<NaiveDate> {
    date(&format!("{}-01", asked_for(query, "mes")?))
}

/// A month's last day.
fn last_of(month: NaiveDate) -> NaiveDate {
    month.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(month)
}

/// Whether the sheet is wanted, and for whom.
fn sheet_in(query: &RawQuery, visit: &Visit) -> Option<Reader> {
    (asked_for(query, "formato").as_deref() == Some("csv")).then_some(Reader::Person(visit.lang))
}

/// A report, and what a page says besides.
struct Found {
    base: Base,
    report: Report,
}

impl Asked {
    /// What every page of these says, and today's date; none if the roster does not know the school.
    async fn report_base(&self) -> Result<Option<(Base, NaiveDate)>, SourceError> {
        let found = roster::queries::school(&mut self.state.pools.request.begin(self.school).await?).await?;
        let Some(found) = found else { return Ok(None) };
        let today = self.state.clock.now().with_timezone(&found.settings.zone).date_naive();
        let base = Base {
            who: who(&self.state, &self.person).await,
            school: super::view::School { id: self.school.0, name: found.name, zone: found.settings.zone },
            today,
            names: self.person.may(Permission::PupilsRead, self.school),
        };
        Ok(Some((base, today)))
    }

    /// A month of the scope, this one if none is asked for.
    async fn report_of_month(&self, scope: Scope, query: &RawQuery) -> Result<Option<Found>, SourceError> {
        let Some((base, today)) = self.report_base().await? else { return Ok(None) };
        let month = month_in(query).or_else(|| today.with_day(1)).unwrap_or(today);
        self.report_of(base, scope, (month, last_of(month))).await
    }

    async fn report_of(
        &self,
        base: Base,
        scope: Scope,
        dates: (NaiveDate, NaiveDate),
    ) -> Result<Option<Found>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let found = report(&mut tx, scope, dates, self.state.clock.now()).await?;
        Ok(found.map(|report| Found { base, report }))
    }

    async fn pupil_names(&self) -> Result<std::sync::Arc<SchoolNames>, SourceError> {
        Ok(self.state.names.of_school(self.school).await?)
    }

    /// The page or the sheet of what was found.
    fn page_or_sheet<T>(
        &self,
        query: &RawQuery,
        found: Result<Option<T>, SourceError>,
        sheet: impl FnOnce(&T, Reader) -> (Sheet, String),
        page: impl FnOnce(&T, Lang, &super::Nonce) -> Markup,
    ) -> Response {
        match found {
            Ok(Some(found)) => match sheet_in(query, &self.visit) {
                Some(reader) => {
                    let (sheet, name) = sheet(&found, reader);
                    sheet.response(&name)
                }
                None => self.visit.page(StatusCode::OK, |nonce| page(&found, self.visit.lang, nonce)),
            },
            Ok(None) => self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => self.visit.source_error(&error),
        }
    }
}

/// `GET /informes`.
async fn month_page(asked: Asked, query: RawQuery) -> Response {
    let found = asked.report_of_month(Scope::School, &query).await;
    let sheet =
        |found: &Found, reader| (sheets::by_day(&found.report.days, reader), sheets::file_name("mes", &found.report));
    asked.page_or_sheet(&query, found, sheet, |found, lang, nonce| month::page(&found.base, &found.report, lang, nonce))
}

/// `GET /informes/dia`.
async fn day_page(asked: Asked, query: RawQuery) -> Response {
    let found = async {
        let Some((base, today)) = asked.report_base().await? else { return Ok(None) };
        let date = date_asked_for(&query).unwrap_or(today);
        asked.report_of(base, Scope::School, (date, date)).await
    };
    let found = found.await;
    let shown = found.as_ref().ok().and_then(Option::as_ref).map(|found| ShownDay(found.report.from));
    let sheet = |found: &Found, reader| {
        (sheets::by_course(&found.report.courses, reader), sheets::file_name("dia", &found.report))
    };
    let page = |found: &Found, lang, nonce: &_| day::page(&found.base, &found.report, lang, nonce);
    let mut response = asked.page_or_sheet(&query, found, sheet, page);
    if let Some(shown) = shown {
        response.extensions_mut().insert(shown);
    }
    response
}

/// `GET /informes/accesos`.
async fn gates_page(asked: Asked, query: RawQuery) -> Response {
    let found = async {
        let Some(found) = asked.report_of_month(Scope::School, &query).await? else { return Ok(None) };
        let mut tx = asked.state.pools.request.begin(asked.school).await?;
        let late = late_syncs(&mut tx, (found.report.from, found.report.to)).await?;
        Ok(Some((found, late)))
    };
    let sheet = |(found, late): &(Found, Vec<_>), reader| {
        (sheets::of_gates(late, reader), sheets::file_name("accesos", &found.report))
    };
    asked.page_or_sheet(&query, found.await, sheet, |(found, late), lang, nonce| {
        gates::page(&found.base, &found.report, late, lang, nonce)
    })
}

/// `GET /informes/ausencias`.
async fn absence_page(asked: Asked, query: RawQuery) -> Response {
    let found = async {
        let Some(found) = asked.report_of_month(Scope::School, &query).await? else { return Ok(None) };
        Ok(Some((found, asked.pupil_names().await?)))
    };
    let sheet = |(found, names): &(Found, std::sync::Arc<SchoolNames>), reader| {
        let told = found.report.pupils.iter().filter(|line| line.is_chronic() || line.is_late_again());
        let pupils: Vec<_> = told.cloned().collect();
        (sheets::by_pupil(&pupils, &found.report.courses, names, reader), sheets::file_name("ausencias", &found.report))
    };
    asked.page_or_sheet(&query, found.await, sheet, |(found, names), lang, nonce| {
        absence::page(&found.base, &found.report, &Names::of(names, &found.report.pupils), lang, nonce)
    })
}

/// `GET /informes/cursos/{id}`.
async fn course_page(asked: Asked, Path(id): Path<String>, query: RawQuery) -> Response {
    let Ok(id) = id.parse().map(CourseId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let found = async {
        let Some(found) = asked.report_of_month(Scope::Course(id), &query).await? else { return Ok(None) };
        let mut tx = asked.state.pools.request.begin(asked.school).await?;
        let courses = roster::queries::all_courses(&mut tx).await?;
        let name = courses.into_iter().find(|course| course.course_id == id).map(|course| course.name);
        Ok(Some((found, name.unwrap_or_default(), asked.pupil_names().await?)))
    };
    let sheet = |(found, _, names): &(Found, String, std::sync::Arc<SchoolNames>), reader| {
        let report = &found.report;
        (sheets::by_pupil(&report.pupils, &report.courses, names, reader), sheets::file_name("curso", report))
    };
    asked.page_or_sheet(&query, found.await, sheet, |(found, name, names), lang, nonce| {
        let names = Names::of(names, &found.report.pupils);
        course::page(&found.base, &found.report, (id, name), &names, lang, nonce)
    })
}

/// `GET /informes/alumnos/{student_id}`: the year's days so far, or another year's.
async fn pupil_page(asked: Asked, Path(id): Path<String>, query: RawQuery) -> Response {
    let Ok(id) = id.parse().map(StudentId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let found = async {
        let Some((base, today)) = asked.report_base().await? else { return Ok(None) };
        let year = asked_for(&query, "anio")
            .and_then(|year| date(&format!("{year}-01-01")))
            .map_or(today.year(), |d| d.year());
        let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or(today);
        let mut tx = asked.state.pools.request.snapshot(asked.school).await?;
        let dates = (day(1, 1), day(12, 31));
        let Some((report, days)) = pupil(&mut tx, id, dates, asked.state.clock.now()).await? else { return Ok(None) };
        drop(tx);
        Ok(Some((Found { base, report }, days, asked.pupil_names().await?)))
    };
    let sheet = |(found, days, names): &(Found, Vec<_>, std::sync::Arc<SchoolNames>), reader| {
        let zone = found.base.school.zone;
        (sheets::of_pupil(id, days, names, zone, reader), sheets::file_name("alumno", &found.report))
    };
    asked.page_or_sheet(&query, found.await, sheet, |(found, days, names), lang, nonce| {
        let name = super::read_models::name(names, id);
        pupil::page(&found.base, &found.report, (id, &name), days, lang, nonce)
    })
}

/// `GET /informes/nomina`.
async fn list_form(asked: Asked) -> Response {
    asked.list_page(StatusCode::OK, class_list::Outcome::Nothing).await
}

/// `POST /informes/nomina`: compared, and nothing of it kept.
async fn list_compared(asked: Asked, form: WithFile<Vec<(String, String)>>) -> Response {
    let pasted = form.sent.iter().find(|(key, _)| key == "lista").map_or("", |(_, value)| value.as_str());
    match read(form.file.as_deref().unwrap_or(pasted.as_bytes())) {
        Err(problem) => asked.list_page(StatusCode::UNPROCESSABLE_ENTITY, class_list::Outcome::Refused(problem)).await,
        Ok(list) => match asked.compared_list(list).await {
            Ok((found, names)) => asked.list_page(StatusCode::OK, class_list::Outcome::Compared(found, names)).await,
            Err(error) => asked.visit.source_error(&error),
        },
    }
}

impl Asked {
    async fn compared_list(&self, list: crate::reports::class_list::List) -> Result<(Comparison, Names), SourceError> {
        let found = compare(&self.state, self.school, list).await.map_err(|error| match error {
            CompareError::Rows(error) => error.into(),
            CompareError::Names(error) => error.into(),
            CompareError::Directory(error) => SourceError::Unavailable(error.into()),
        })?;
        let names = self.pupil_names().await?;
        let told = found.differences.iter().map(|found| found.student_id);
        let told: Vec<StudentId> = told.chain(found.unlisted.iter().map(|pupil| pupil.student_id)).collect();
        Ok((found, Names::of_these(&names, told)))
    }

    async fn list_page(&self, status: StatusCode, outcome: class_list::Outcome) -> Response {
        match self.report_base().await {
            Ok(Some((base, _))) => {
                self.visit.page(status, |nonce| class_list::page(&base, &outcome, self.visit.lang, nonce))
            }
            Ok(None) => self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => self.visit.source_error(&error),
        }
    }
}
