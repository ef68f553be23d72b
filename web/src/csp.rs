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
/// `Reporting-Endpoints` of a page (<https://www.w3.org/TR/reporting-1/#header>).
pub(crate) const ENDPOINTS: HeaderValue = HeaderValue::from_static("csp=\"/csp\"");
/// The policy of what is no page: a browser that is led there runs, shows and loads nothing.
pub(crate) const OF_NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// Largest body of reports, in bytes.
const LARGEST: usize = 16 * 1024;
/// Most reports of one body that are counted.
const MOST: usize = 10;

/// The policy of a page: only its own script, our own styles, our own server; nobody may frame it, and only htmx's own
/// Trusted Types policy may write markup. `report-uri` is for browsers that do not know `report-to` yet.
pub(crate) fn of_page(nonce: &str) -> HeaderValue {
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types htmx; report-uri {REPORTS}; report-to csp"
    ))
    .expect("base64 is a header value")
}

/// `POST /csp`.
pub(crate) fn router() -> Router<AppState> {
    Router::new().route(REPORTS, post(reported))
}

/// Both shapes that browsers send. They say more than this, and more with every version: what is not known is let be.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sent {
    /// `application/csp-report`
    One {
        #[serde(rename = "csp-report")]
        report: Report,
    },
    /// `application/reports+json`
    Many(Vec<Envelope>),
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    body: Report,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Report {
    #[serde(alias = "effectiveDirective", alias = "effective-directive")]
    directive: Option<String>,
    /// Of old browsers, which say no other.
    #[serde(alias = "violated-directive")]
    violated: Option<String>,
    #[serde(alias = "blockedURL", alias = "blocked-uri")]
    blocked: Option<String>,
    #[serde(alias = "documentURL", alias = "document-uri")]
    page: Option<String>,
}

impl Report {
    /// Which directive, what kind of thing, on which page.
    fn in_our_words(&self) -> [&'static str; 3] {
        let broken = self.directive.as_deref().or(self.violated.as_deref());
        let [blocked, on] = [&self.blocked, &self.page].map(|text| text.as_deref().unwrap_or_default());
        [directive(broken.unwrap_or_default()), kind_of(blocked), page(on)]
    }
}

async fn reported(request: Request) -> Result<StatusCode, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !["application/csp-report", "application/reports+json"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let body = whole_body(request.into_body(), LARGEST).await?;
    let reports = match parse_json(&body, Code::InvalidBody)? {
        Sent::One { report } => vec![report],
        Sent::Many(all) => all.into_iter().filter(|one| one.kind == "csp-violation").map(|one| one.body).collect(),
    };
    for report in reports.iter().take(MOST) {
        let [directive, blocked, page] = report.in_our_words();
        metrics::counter!("csp_violations_total", "directive" => directive).increment(1);
        tracing::warn!(directive, blocked, page, "a page tried what its policy does not allow");
    }
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
    let is = |pattern: &str| {
        let (mut said, mut known) = (path.split('/'), pattern.split('/'));
        loop {
            match (said.next(), known.next()) {
                (None, None) => return true,
                (Some(said), Some(known)) if said == known || known.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    ROUTES.iter().map(|route| route.path).find(|pattern| is(pattern)).unwrap_or("unmatched")
}

#[cfg(test)]
mod tests;
