//! The one way a page leaves the server: with a fresh nonce, the strict policy, and never stored.

use crate::csp;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use maud::Markup;

/// A number used once: what lets this page's own script and htmx attributes run, and nothing else's.
#[derive(Clone, Debug)]
pub struct Nonce(String);

impl Nonce {
    /// 128 bits from the operating system.
    ///
    /// # Panics
    /// If the operating system has no random numbers; a page without them must not leave.
    #[expect(clippy::expect_used, reason = "nothing that anybody sends takes the system's random numbers away")]
    pub fn fresh() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
        Self(STANDARD_NO_PAD.encode(bytes))
    }

    /// A fixed one for rendering samples.
    pub fn sample() -> Self {
        Self("c2FtcGxlLW5vbmNl".to_owned())
    }
}

impl maud::Render for Nonce {
    fn render_to(&self, buffer: &mut String) {
        self.0.render_to(buffer);
    }
}

/// A page as an answer.
pub fn page(status: StatusCode, nonce: &Nonce, markup: Markup) -> Response {
    (
        status,
        [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, csp::of_page(&nonce.0)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::VARY, HeaderValue::from_static("cookie")),
        ],
        markup.into_string(),
    )
        .into_response()
}

/// For answers that are not pages.
pub(super) fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
