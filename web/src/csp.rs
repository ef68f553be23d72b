//! What a page may do in a browser (<https://www.w3.org/TR/CSP3/>), and what browsers report of pages that tried more.
//!
//! A report is counted and logged by words of ours alone: of an address only which page it is, of what was refused only
//! its kind. What else a report holds (whole addresses, pieces of the page) is read by nobody.

use crate::AppState;
use crate::api::input::{parse_json, whole_body};
use crate::permissions::ROUTES;
use crate::problem::{Code, Problem};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::routing::post;
use serde::Deserialize;

/// Where reports go.
pub(crate) const REPORTS: &str = "/csp";
/// The policy of what is no page: a browser that is led there runs, shows and loads nothing.
pub(crate) const OF_NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// Largest body of reports, in bytes.
const LARGEST: usize = 16 * 1024;

/// The policy of a page: only its own script, our own styles, our own server; nobody may frame it, and only htmx's own
/// Trusted Types policy may write markup. Reports come by `report-uri`, which every browser knows and follows at once, as
/// a page of this origin: Chromium knows no `report-to` where there is no TLS, and then sends none at all.
pub(crate) fn of_page(nonce: &str) -> HeaderValue {
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types htmx; report-uri {REPORTS}"
    ))
    // Of a nonce that is no base64 it is no header value: then a page may nothing.
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// `POST /csp`.
pub(crate) fn router() -> Router<AppState> {
    Router::new().route(REPORTS, post(reported))
}

/// What browsers send. They say more than this, and more with every version: what is not known is let be.
#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "csp-report")]
    report: Report,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    effective_directive: Option<String>,
    /// Of old browsers, which say no other.
    violated_directive: Option<String>,
    blocked_uri: Option<String>,
    document_uri: Option<String>,
}

impl Report {
    /// Which directive, what kind of thing, on which page.
    fn in_our_words(&self) -> [&'static str; 3] {
        let broken = self.effective_directive.as_deref().or(self.violated_directive.as_deref());
        let [blocked, on] = [&self.blocked_uri, &self.document_uri].map(|text| text.as_deref().unwrap_or_default());
        [directive(broken.unwrap_or_default()), kind_of(blocked), page(on)]
    }
}

async fn reported(request: Request) -> Result<StatusCode, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/csp-report") {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let body = whole_body(request.into_body(), LARGEST).await?;
    let Sent { report } = parse_json(&body, Code::InvalidBody)?;
    let [directive, blocked, page] = report.in_our_words();
    metrics::counter!("csp_violations_total", "directive" => directive).increment(1);
    tracing::warn!(directive, blocked, page, "a page tried what its policy does not allow");
    Ok(StatusCode::NO_CONTENT)
}

/// Which directive it was, in a word of ours.
fn directive(said: &str) -> &'static str {
    const KNOWN: [&str; 19] = [
        "base-uri",
        "child-src",
        "connect-src",
        "default-src",
        "font-src",
        "form-action",
        "frame-ancestors",
        "frame-src",
        "img-src",
        "media-src",
        "object-src",
        "require-trusted-types-for",
        "script-src",
        "script-src-attr",
        "script-src-elem",
        "style-src",
        "style-src-attr",
        "style-src-elem",
        "trusted-types",
    ];
    // The old shape repeats the directive's whole value.
    let name = said.split(' ').next().unwrap_or_default();
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("other")
}

/// What kind of thing was refused.
fn kind_of(blocked: &str) -> &'static str {
    const WORDS: [&str; 6] = ["inline", "eval", "wasm-eval", "trusted-types-policy", "trusted-types-sink", "self"];
    match WORDS.into_iter().find(|word| *word == blocked) {
        Some(word) => word,
        None if blocked.starts_with("data") => "data",
        None if blocked.starts_with("blob") => "blob",
        None if blocked.contains("://") => "address",
        None => "other",
    }
}

/// The page by its route's pattern: no ids, no query.
fn page(address: &str) -> &'static str {
    let uri = address.parse::<Uri>().ok();
    let path = uri.as_ref().map_or("", Uri::path);
    ROUTES.iter().find(|route| route.is_at(path)).map_or("unmatched", |route| route.path)
}

#[cfg(test)]
mod tests;
