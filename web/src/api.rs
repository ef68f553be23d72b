//! The REST API: one folder per resource, one file per verb.

mod health;

use crate::AppState;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the OpenAPI document says about the API as a whole.
#[derive(OpenApi)]
#[openapi(info(
    title = "attendance",
    description = "A school's gate as a log of facts: kiosks, the live board, the audit index."
))]
struct Api;

/// Every route of the API with its OpenAPI description.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Api::openapi()).routes(routes!(health::healthz))
}
