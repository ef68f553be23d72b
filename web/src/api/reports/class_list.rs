//! `POST /api/v1/reports/class-list`: a class list beside what the gate knows. Nothing of it is kept.

use super::PupilDateView;
use crate::AppState;
use crate::api::input::{Params, whole_body};
use crate::live::{LiveError, NameView};
use crate::problem::{Code, Problem};
use crate::reports::class_list::{ListProblem, MAX_BYTES, read};
use crate::reports::compare::{CompareError, compare};
use crate::session::InSchool;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use chrono::NaiveDate;
use domain::class_list::{Difference, Marked};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Of which school.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
}

/// Where the class list and the gate do not agree.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ClassListReport {
    /// Rows that were compared.
    pub compared: usize,
    /// By date, kind and row.
    pub differences: Vec<DifferenceView>,
    /// Pupils of the listed courses and days of whom the list says nothing.
    pub unlisted: Vec<UnlistedView>,
    /// Rows that were not compared.
    pub problems: Vec<RowView>,
}

/// A difference.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// The row of the list, as a spreadsheet program numbers it.
    pub row: u32,
    /// `entered_not_in_class`, `in_class_not_entered`, `gate_unknown`.
    #[schema(value_type = String)]
    pub difference: Difference,
    /// `present`, `late`, `absent`.
    #[schema(value_type = String)]
    pub marked: Marked,
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The course.
    pub course: String,
    /// What the gate knows.
    pub gate: PupilDateView,
}

/// A pupil who is not in the list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UnlistedView {
    /// The school day.
    pub date: NaiveDate,
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The course.
    pub course: String,
}

/// A row that was not compared.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RowView {
    /// As a spreadsheet program numbers it.
    pub row: u32,
    /// `date`, `mark`, `pupil`, `unknown_pupil`, `several_pupils`, `other_dates`, `repeated`.
    pub problem: String,
}

impl From<CompareError> for Problem {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Rows(error) => error.into(),
            CompareError::Directory(error) => error.into(),
            CompareError::Names(error) => LiveError::Names(error).into(),
        }
    }
}

/// Compares a class list (`text/csv`, at most 2 MiB, days within 31 of the first) with what the gate knows. It reads and
/// keeps nothing, so it takes no `Idempotency-Key`.
#[utoipa::path(post, path = "/api/v1/reports/class-list", tag = "reports", params(Asked),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "Where they do not agree", body = ClassListReport)))]
pub async fn post(
    State(state): State<AppState>,
    Params(_): Params<Asked>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<ClassListReport>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv") {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let body = whole_body(request.into_body(), MAX_BYTES).await?;
    let list = read(&body).map_err(|problem| {
        Problem::new(Code::InvalidBody).at(match problem {
            ListProblem::Size => "empty",
            ListProblem::NoHeader => "header",
            ListProblem::OpenQuote => "open quote",
        })
    })?;
    let found = compare(&state, school, list).await?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let differences = found.differences.into_iter().map(|found| DifferenceView {
        row: found.row,
        difference: found.difference,
        marked: found.marked,
        student_id: found.student_id.0,
        name: names.of(found.student_id).into(),
        course: found.course,
        gate: (&found.day).into(),
    });
    let unlisted = found.unlisted.into_iter().map(|pupil| UnlistedView {
        date: pupil.date,
        student_id: pupil.student_id.0,
        name: names.of(pupil.student_id).into(),
        course: pupil.course,
    });
    Ok(Json(ClassListReport {
        compared: found.compared,
        differences: differences.collect(),
        unlisted: unlisted.collect(),
        problems: found
            .problems
            .into_iter()
            .map(|(row, why)| RowView { row, problem: why.code().to_owned() })
            .collect(),
    }))
}
