//! `PUT /api/v1/settings`: changes what the school's day is judged by, from today on.

use super::{out_of_range, refused};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use crate::simulation::Wanted;
use axum::Json;
use axum::extract::State;
use commands::use_cases::change_settings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What changes; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsSet {
    /// 0 to 240.
    pub late_after_minutes: Option<i64>,
    /// 0 to 240.
    pub missing_after_minutes: Option<i64>,
    /// 1 to 100; 100: never.
    pub mass_alarm_percent: Option<i64>,
    /// 1 to 600.
    pub stale_after_minutes: Option<i64>,
}

impl From<&SettingsSet> for Wanted {
    fn from(set: &SettingsSet) -> Self {
        Self {
            late_after_minutes: set.late_after_minutes,
            missing_after_minutes: set.missing_after_minutes,
            mass_alarm_percent: set.mass_alarm_percent,
            stale_after_minutes: set.stale_after_minutes,
        }
    }
}

/// What was done.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct SettingsChanged {
    /// Place in the log of the event; none if they were so already.
    pub position: Option<i64>,
}

/// Changes settings. They hold for the whole of today and from then on; days before keep what was valid on them.
#[utoipa::path(put, path = "/api/v1/settings", tag = "roster", params(OfSchool, IdempotencyKey),
    request_body = SettingsSet,
    responses((status = 200, description = "Committed", body = SettingsChanged)))]
pub async fn put(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<SettingsChanged>, Problem> {
    let set: SettingsSet = parse_json(&body, Code::InvalidBody)?;
    let wanted = Wanted::from(&set);
    let change = move |write: commands::Write, context| async move {
        let now = write.school_settings(school).await?;
        let change = wanted.change(&now).map_err(out_of_range)?;
        change_settings(&write, &context, change).await.map_err(refused)
    };
    let position = request.run(&state, school, &body, change).await?;
    Ok(Json(SettingsChanged { position }))
}
