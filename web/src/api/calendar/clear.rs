//! `DELETE /api/v1/calendar/{date}`: takes back what a date was set to.

use super::{DayChanged, refused};
use crate::AppState;
use crate::api::input::{Params, PathDate};
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::use_cases::{ChangeSchoolDay, SchoolDayChange, change_school_day};
use domain::calendar::Layer;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// What of the date.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// `day`: what the school set; `holiday`: the holiday under it. `day` if left out.
    #[param(value_type = Option<String>)]
    layer: Option<Layer>,
}

/// Takes back what the school set on a date, or its holiday. What is not set is cleared already.
#[utoipa::path(delete, path = "/api/v1/calendar/{date}", tag = "roster",
    params(("date" = NaiveDate, Path, description = "The local date"), Asked, IdempotencyKey),
    responses((status = 200, description = "Committed", body = DayChanged)))]
pub async fn delete(
    PathDate(date): PathDate,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<DayChanged>, Problem> {
    let layer = asked.layer.unwrap_or(Layer::Day);
    let input = ChangeSchoolDay { date, change: SchoolDayChange::Clear(layer) };
    let change = move |write, context| async move { change_school_day(&write, &context, input).await.map_err(refused) };
    // Which layer is part of what was asked under the key.
    let asked: &[u8] = match layer {
        Layer::Day => b"day",
        Layer::Holiday => b"holiday",
    };
    let position = request.run(&state, school, asked, change).await?;
    Ok(Json(DayChanged { date, position }))
}
