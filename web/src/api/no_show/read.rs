//! `GET /api/v1/no-show/{date}/{slot_id}/{student_id}`: a case with what was said of it.

use super::CaseView;
use crate::AppState;
use crate::api::input::{Params, PathCase};
use crate::api::live::OfSchool;
use crate::live::LiveError;
use crate::middleware::ShownDay;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use domain::no_show::Event;
use projections::no_show::queries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A case and its story.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CaseTold {
    /// As it stands.
    #[serde(flatten)]
    pub case: CaseView,
    /// What was said of it, oldest first.
    pub log: Vec<Said>,
}

/// Something that was said of a case.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Said {
    /// Place in the log of the event.
    pub position: i64,
    /// `{"type": "held", "reason": "mass_alarm"}`
    #[schema(value_type = Object)]
    pub said: Event,
    /// Who said it, as in the audit index.
    pub actor: String,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
}

/// A case. How its family is reached is on the page alone.
#[utoipa::path(get, path = "/api/v1/no-show/{date}/{slot_id}/{student_id}", tag = "live",
    params(
        ("date" = NaiveDate, Path, description = "The school day"),
        ("slot_id" = Uuid, Path, description = "The slot of the schedule"),
        ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool
    ),
    responses((status = 200, description = "The case", body = CaseTold)))]
pub async fn get(
    PathCase(id): PathCase,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<CaseTold>), Problem> {
    let mut tx = state.pools.request.snapshot(school).await?;
    let case = queries::case(&mut tx, id).await?.ok_or_else(|| Problem::new(Code::NoShowNotFound))?;
    let log = queries::log(&mut tx, id).await?;
    drop(tx);
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let said = |line: projections::no_show::rows::LogLine| Said {
        position: line.position,
        said: line.said,
        actor: line.actor.0,
        recorded_at: line.recorded_at,
    };
    let told = CaseTold { case: CaseView::of(case, &names), log: log.into_iter().map(said).collect() };
    Ok((Extension(ShownDay(id.date)), Json(told)))
}
