//! Errors as pages: what happened, what was not lost, what to do now, a code to quote.

use super::icon::icon;
use super::respond::{self, Nonce};
use super::shell::{self, Page, Place};
use crate::i18n::{Lang, key};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

/// Whose page failed: where its error leads back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The staff's.
    Staff,
    /// The families'.
    Family,
}

impl Side {
    /// By the path that was asked for.
    pub fn of(path: &str) -> Self {
        if path == "/familia" || path.starts_with("/familia/") { Self::Family } else { Self::Staff }
    }

    /// Where it begins, a page of it, and the text that leads there.
    fn home(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Staff => ("/", "/hoy", key("back-to-today")),
            Self::Family => ("/familia", "/familia", key("family-back")),
        }
    }
}

/// An error page as an answer. Of the request's id it shows the last eight digits, which a person can
/// say on the phone and which find the log line.
pub fn response(status: StatusCode, request_id: Option<&str>, side: Side, lang: Lang) -> Response {
    let nonce = Nonce::fresh();
    let code = request_id.and_then(|id| id.get(id.len().saturating_sub(8)..));
    respond::page(status, &nonce, page(status, code, side, lang, &nonce))
}

pub(super) fn page(status: StatusCode, code: Option<&str>, side: Side, lang: Lang, nonce: &Nonce) -> Markup {
    let (home, here, home_words) = side.home();
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
            p { a class="button" href=(home) { (lang.t(home_words)) } }
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
            here: here.to_owned(),
            school: None,
            who: None,
            ages: false,
        },
        &main,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_leads_guardians_back_to_their_pupils_and_staff_to_today() {
        let html = |path| page(StatusCode::NOT_FOUND, None, Side::of(path), Lang::Es, &Nonce::sample()).into_string();
        for path in ["/familia", "/familia/alumnos/1", "/familia/entrar/enlace"] {
            let html = html(path);
            assert!(html.contains("href=\"/familia\"") && html.contains("Volver a sus pupilos"), "{html}");
            assert!(!html.contains("href=\"/\""), "{html}");
        }
        for path in ["/hoy", "/familiares"] {
            assert!(html(path).contains("href=\"/\""), "{path}");
        }
    }
}
