//! The pages' own static files, embedded at build time and named after their content, so that a
//! browser may keep them for ever.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One embedded file.
pub(crate) struct Asset {
    /// Its name with the first 16 hexadecimal digits of its SHA-256: `board.0123456789abcdef.css`.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What a browser compares it with before it is used (<https://www.w3.org/TR/sri/>): a proxy or a cache
    /// that changes it breaks the page instead of taking it over.
    pub integrity: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

impl Asset {
    /// Its address on this server.
    pub(crate) fn href(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// The script, if the build had one to embed.
pub(crate) fn script() -> Option<&'static Asset> {
    (!SCRIPT.bytes.is_empty()).then_some(&SCRIPT)
}

/// `GET /assets/{name}`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(file))
}

async fn file(Path(name): Path<String>) -> Response {
    match [
        &STYLE,
        &OFFICE,
        &CASES,
        &FAMILY,
        &KIOSKS,
        &PUPIL,
        &REPLAY,
        &REPORTS,
        &PRESENCE,
        &SCHEDULE,
        &TELEPHONES,
        &WALL,
        &SCRIPT,
        &PASSKEY,
        &ROLLCALL,
        &BADGE,
    ]
    .into_iter()
    .find(|asset| asset.name == name)
    {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            asset.bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
