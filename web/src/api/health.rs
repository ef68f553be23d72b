//! Whether the process runs, whether it can serve, and its figures.

/// The process runs and answers. Looks at nothing else, so that a database that is away does not get
/// a healthy process restarted.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "The process answers", body = str)))]
pub async fn healthz() -> &'static str {
    "ok"
}
