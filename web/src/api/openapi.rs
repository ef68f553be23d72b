//! The OpenAPI 3.1 document, generated from the handlers.

use crate::AppState;
use crate::permissions::{self, Access, Found, Route};
use crate::problem::{Code, ProblemBody};
use axum::http::{Method, header};
use axum::response::IntoResponse;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

/// What the document says about the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "attendance",
        description = "A school's gate as a log of facts. Errors are `application/problem+json` (RFC 9457) with a \
                       stable `code`; lists are cursor pages of at most 200. A person's write takes an `Idempotency-Key`; \
                       scans carry ids of their own, tokens have rules of their own."
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "live", description = "The day at the gate, now"),
        (name = "roster", description = "Courses, schedules, pupils"),
        (name = "reports", description = "Days that are over, summed up"),
        (name = "tokens", description = "Signing programs in"),
        (name = "audit", description = "Every event of the log, findable, and days replayed from them"),
        (name = "kiosk", description = "What kiosks send and ask"),
        (name = "operation", description = "For those who run the server"),
    ),
    modifiers(&Everywhere)
)]
struct Api;

/// What holds for every operation: how kiosks authenticate, and the shape of a refusal.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        if let Some(components) = document.components.as_mut() {
            let bearer = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("The kiosk's secret, as `attendance kiosk enrol` printed it"))
                .build();
            components.add_security_scheme("kiosk", SecurityScheme::Http(bearer));
            let cookie = ApiKeyValue::with_description("__Host-sid", "A person's session, as `/entrar` begins one");
            components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
            let token = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("An access token, as `POST /api/v1/tokens` gives one"))
                .build();
            components.add_security_scheme("token", SecurityScheme::Http(token));
        }
    }
}

fn code_of_problem(schema: &mut RefOr<Schema>) -> Option<&mut Object> {
    let RefOr::T(Schema::Object(problem)) = schema else { return None };
    match problem.properties.get_mut("code")? {
        RefOr::T(Schema::Object(code)) => Some(code),
        _ => None,
    }
}

pub(super) fn base() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Api::openapi())
}

/// The whole document: every route, each with the refusals that any request may meet.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = super::router().split_for_parts();
    let problem = document.components.as_mut().and_then(|all| all.schemas.get_mut("ProblemBody"));
    if let Some(code) = problem.and_then(code_of_problem) {
        code.enum_values = Some(Code::ALL.iter().map(|code| code.as_str().into()).collect());
    }
    let refusal = || {
        ResponseBuilder::new()
            .description("A refusal, as its `code` says")
            .content("application/problem+json", Content::new(Some(Ref::from_schema_name("ProblemBody"))))
            .build()
    };
    for (path, item) in &mut document.paths.paths {
        let methods = [
            (Method::GET, &mut item.get),
            (Method::PUT, &mut item.put),
            (Method::POST, &mut item.post),
            (Method::DELETE, &mut item.delete),
            (Method::PATCH, &mut item.patch),
        ];
        for (method, operation) in methods.into_iter().filter_map(|(m, o)| Some((m, o.as_mut()?))) {
            let responses = &mut operation.responses.responses;
            for status in refusals(&method, path) {
                responses.entry((*status).to_owned()).or_insert_with(|| refusal().into());
            }
            if is_for_persons(&method, path) {
                let either = ["token", "session"].map(|by| SecurityRequirement::new(by, Vec::<String>::new()));
                operation.security = Some(either.into());
            }
        }
    }
    document
}

/// The refusals that the permission table brings, and that of all others.
fn refusals(method: &Method, path: &str) -> &'static [&'static str] {
    match permissions::find(method, path) {
        Found::Route(Route { access: Access::Person | Access::May(_), .. }) => &["401", "403", "default"],
        Found::Route(Route { access: Access::Guardian | Access::OwnPupil, .. }) => &["401", "404", "default"],
        Found::Route(Route { access: Access::Kiosk | Access::Enrolling, .. }) => &["401", "default"],
        Found::Route(Route { access: Access::Local, .. }) => &["403", "default"],
        Found::Route(Route { access: Access::Public, .. }) | Found::Methods(_) | Found::Nothing => &["default"],
    }
}

fn is_for_persons(method: &Method, path: &str) -> bool {
    let route = permissions::find(method, path);
    matches!(route, Found::Route(Route { access: Access::Person | Access::May(_), .. }))
}

/// The same document that `attendance openapi` prints.
#[utoipa::path(get, path = "/api/openapi.json", tag = "operation",
    responses((status = 200, description = "This document", body = serde_json::Value)))]
pub async fn get() -> impl IntoResponse {
    static TEXT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let text = TEXT.get_or_init(|| serde_json::to_string(&document()).unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_every_code_that_a_refusal_may_have() {
        let own = serde_json::to_value(document()).unwrap();
        let listed = own["components"]["schemas"]["ProblemBody"]["properties"]["code"]["enum"].as_array().unwrap();
        assert!(listed.iter().eq(Code::ALL.iter().map(|code| code.as_str())), "{listed:?}");
    }

    #[test]
    fn the_document_in_the_repository_is_the_servers() {
        let kept: serde_json::Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        let own = serde_json::to_value(document()).unwrap();
        if std::env::var_os("WRITE_OPENAPI").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
            std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(&document()).unwrap())).unwrap();
            return;
        }
        assert!(kept == own, "docs/openapi.json is old: run `make generate`");
    }
}
