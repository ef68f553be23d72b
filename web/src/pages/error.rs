//! Errors as pages: what happened, what was not lost, what to do now, a code to quote.

use super::icon::icon;
use super::respond::{self, Nonce};
use super::shell::{self, Page, Place};
use crate::i18n::{Lang, key};
use crate::middleware::is_ours;
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
    /// The same address without its language. What was sent there cannot be sent again by a link: then it is the page of
    /// that address, or where its side begins.
    pub fn of(method: &Method, uri: &Uri) -> Self {
        let side = Side::of(uri.path());
        let opens = matches!(*method, Method::GET | Method::HEAD) || has_page(uri.path());
        let query = uri.query().unwrap_or_default().split('&');
        let query: Vec<_> = query.filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("lang")).collect();
        let here = match query.is_empty() {
            true => uri.path().to_owned(),
            false => format!("{}?{}", uri.path(), query.join("&")),
        };
        let here = if opens && is_ours(&here) { here } else { side.home().0.to_owned() };
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
            ("/nada", "/nada"),
            ("/nada?lang=en", "/nada"),
            ("/hoy/cursos/x?colegio=1&lang=en&muro=1", "/hoy/cursos/x?colegio=1&muro=1"),
            ("/registro?language=x&lang", "/registro?language=x"),
            ("/entrar/activar?lang=es", "/entrar/activar"),
            ("//evil.example/x", "/"),
            ("/\\evil.example", "/"),
            ("/familia/alumnos/1?a=b", "/familia/alumnos/1?a=b"),
        ] {
            assert_eq!(asked(&Method::GET, uri), here, "{uri}");
            let page = page(
                StatusCode::NOT_FOUND,
                None,
                &Asked::of(&Method::HEAD, &uri.parse().unwrap()),
                Lang::Es,
                &Nonce::sample(),
            );
            let mark = if here.contains('?') { "&amp;" } else { "?" };
            let link = format!("href=\"{}{mark}lang=en\"", here.replace('&', "&amp;"));
            assert!(page.into_string().contains(&link), "{uri}");
        }
        // A form's answer has no address of its own.
        for (uri, here) in [
            ("/personas/rol?colegio=1", "/"),
            ("/entrar/activar", "/entrar/activar"),
            ("/kioscos/1/anular?colegio=1", "/kioscos/1/anular?colegio=1"),
            ("/familia/salir", "/familia"),
            ("/nada", "/"),
        ] {
            assert_eq!(asked(&Method::POST, uri), here, "{uri}");
        }
    }
}
