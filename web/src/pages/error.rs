//! Errors as pages: what happened, what was not lost, what to do now, a code to quote.

use super::icon::icon;
use super::respond::{self, Nonce};
use super::shell::{self, Page, Place};
use crate::i18n::{Lang, key};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

/// An error page as an answer. Of the request's id it shows the last eight digits, which a person can
/// say on the phone and which find the log line.
pub fn response(status: StatusCode, request_id: Option<&str>, lang: Lang) -> Response {
    let nonce = Nonce::fresh();
    let code = request_id.and_then(|id| id.get(id.len().saturating_sub(8)..));
    respond::page(status, &nonce, page(status, code, lang, &nonce))
}

pub(super) fn page(status: StatusCode, code: Option<&str>, lang: Lang, nonce: &Nonce) -> Markup {
    let (title, what) = match status {
        StatusCode::NOT_FOUND => (key("error-not-found-title"), key("error-not-found")),
        StatusCode::SERVICE_UNAVAILABLE => (key("error-unavailable-title"), key("error-unavailable")),
        StatusCode::FORBIDDEN => (key("error-forbidden-title"), key("error-forbidden")),
        StatusCode::TOO_MANY_REQUESTS => (key("error-too-many-title"), key("error-too-many")),
        s if s.is_client_error() => (key("error-request-title"), key("error-request")),
        _ => (key("error-internal-title"), key("error-internal")),
    };
    let main = html! {
        main class="error" {
            header class="page-head" { h1 { (icon("warning")) (lang.t(title)) } }
            p { (lang.t(what)) }
            @if !status.is_client_error() { p { (lang.t("error-nothing-lost")) } }
            p { a class="button" href="/" { (lang.t("back-to-today")) } }
            p class="hint" {
                (lang.f("error-code", &[("code", (&match code {
                    Some(code) => format!("{}-{code}", status.as_u16()),
                    None => status.as_u16().to_string(),
                }).into())]))
            }
        }
    };
    shell::page(
        &Page {
            lang,
            nonce,
            title: lang.t(title),
            place: Place::Nowhere,
            here: "/hoy".to_owned(),
            school: None,
            who: None,
            ages: false,
        },
        &main,
    )
}
