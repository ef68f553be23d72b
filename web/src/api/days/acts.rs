//! `GET /api/v1/days/{date}/{student_id}/acts`: what was done to a pupil's day.

use super::{ActView, PathDay};
use crate::AppState;
use crate::api::input::Params;
use crate::api::live::OfSchool;
use crate::middleware::ShownDay;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use projections::live::acts::queries;
use projections::roster::queries as roster;

/// Early leaves, justifications and corrections of a pupil's day, oldest first.
#[utoipa::path(get, path = "/api/v1/days/{date}/{student_id}/acts", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool),
    responses((status = 200, description = "What was done", body = Vec<ActView>)))]
pub async fn get(
    PathDay(date, student): PathDay,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<Vec<ActView>>), Problem> {
    let mut tx = state.pools.request.begin(school).await?;
    if roster::student(&mut tx, student).await?.is_none() {
        return Err(Problem::new(Code::NotFound).at("student"));
    }
    let acts = queries::of_day(&mut tx, student, date).await?;
    Ok((Extension(ShownDay(date)), Json(acts.into_iter().map(ActView::from).collect())))
}
