//! Errors as pages: what happened, what was not lost, what to do now, a code to quote.

use super::icon::icon;
use super::respond::{self, Nonce};
use super::shell::{self, Page, Place};
use crate::i18n::{Lang, key};
use crate::permissions::ROUTES;
use axum::http::{Method, StatusCode, Uri};
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

    /// Where it begins, and the text that leads there.
    fn home(self) -> (&'static str, &'static str) {
        match self {
            Self::Staff => ("/", key("back-to-today")),
            Self::Family => ("/familia", key("family-back")),
        }
    }
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    side: Side,
    /// Where the same is in the other language.
    here: String,
}

impl Asked {
    /// The same address without its language, as a link that says no path: nothing of what somebody else made up stands
    /// on the page, and the link stays on this server. What was sent there cannot be sent again by a link: then it is the
    /// page of that address, or where its side begins.
    pub fn of(method: &Method, uri: &Uri) -> Self {
        let side = Side::of(uri.path());
        if !matches!(*method, Method::GET | Method::HEAD) && !has_page(uri.path()) {
            return Self { side, here: side.home().0.to_owned() };
        }
        let plain = |pair: &&str| {
            let said = pair.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'=');
            said && pair.contains('=') && !pair.starts_with("lang=")
        };
        let query: Vec<_> = uri.query().unwrap_or_default().split('&').filter(plain).collect();
        let here = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        Self { side, here }
    }
}

/// Whether a page is shown at a path.
fn has_page(path: &str) -> bool {
    ROUTES.iter().any(|route| route.method == "GET" && !route.is_api() && route.is_at(path))
}

/// An error page as an answer. Of the request's id it shows the last eight digits, which a person can
/// say on the phone and which find the log line.
pub fn response(status: StatusCode, request_id: Option<&str>, asked: &Asked, lang: Lang) -> Response {
    let nonce = Nonce::fresh();
    let code = request_id.and_then(|id| id.get(id.len().saturating_sub(8)..));
    respond::page(status, &nonce, page(status, code, asked, lang, &nonce))
}

pub(super) fn page(status: StatusCode, code: Option<&str>, asked: &Asked, lang: Lang, nonce: &Nonce) -> Markup {
    let (home, home_words) = asked.side.home();
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
            here: asked.here.clone(),
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
        let html = |path: &'static str| {
            let asked = Asked::of(&Method::GET, &Uri::from_static(path));
            page(StatusCode::NOT_FOUND, None, &asked, Lang::Es, &Nonce::sample()).into_string()
        };
        for path in ["/familia", "/familia/alumnos/1", "/familia/entrar/enlace"] {
            let html = html(path);
            assert!(html.contains("href=\"/familia\"") && html.contains("Volver a sus pupilos"), "{html}");
            assert!(!html.contains("href=\"/\""), "{html}");
        }
        for path in ["/hoy", "/familiares"] {
            assert!(html(path).contains("href=\"/\""), "{path}");
        }
    }

    #[test]
    fn a23_the_other_language_of_an_error_is_at_the_same_address_and_on_this_server() {
        let asked = |method: &Method, uri: &str| Asked::of(method, &uri.parse().unwrap()).here;
        for (uri, here) in [
            ("/nada", ""),
            ("/nada?lang=en", ""),
            ("/hoy/cursos/x?colegio=1&lang=en&muro=1", "?colegio=1&muro=1"),
            ("/registro?antes=7&lang", "?antes=7"),
            ("/entrar/activar?lang=es", ""),
            ("//evil.example/x?colegio=1", "?colegio=1"),
            ("/entrar?volver=//evil.example", ""),
            ("/entrar?a=%22%3E", ""),
        ] {
            assert_eq!(asked(&Method::GET, uri), here, "{uri}");
            let asked = Asked::of(&Method::HEAD, &uri.parse().unwrap());
            let page = page(StatusCode::NOT_FOUND, None, &asked, Lang::Es, &Nonce::sample()).into_string();
            let mark = if here.contains('?') { "&amp;" } else { "?" };
            let link = format!("href=\"{}{mark}lang=en\"", here.replace('&', "&amp;"));
            assert!(page.contains(&link) && !page.contains("evil"), "{uri}: {page}");
        }
        // A form's answer has no address of its own.
        for (uri, here) in [
            ("/personas/rol?colegio=1", "/"),
            ("/entrar/activar", ""),
            ("/kioscos/1/anular?colegio=1", "?colegio=1"),
            ("/familia/salir", "/familia"),
            ("/nada", "/"),
        ] {
            assert_eq!(asked(&Method::POST, uri), here, "{uri}");
        }
    }
}
