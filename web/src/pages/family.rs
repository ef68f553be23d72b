//! The families' pages: the way in by a link, and their own pupils' day. For a phone first.
//!
//! Who may see what is decided by [`crate::middleware::authorize`]; no handler here asks it.

mod broadcasts;
mod code;
mod data;
mod day;
mod enter;
mod home;
mod justify;
mod link;
mod notices;
mod pupil;
mod sessions;
#[cfg(test)]
mod tests;

use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::staff::Visit;
use crate::AppState;
use crate::family::Redeemed;
use crate::i18n::Lang;
use crate::session::{self, FAMILY, FAMILY_BROWSER};
use crate::throttle::limits;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use commands::accounts::Secret256;
use maud::{Markup, html};

/// The pages of the families.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/familia", get(home::get))
        .route("/familia/datos", get(data::get))
        .route("/familia/alumnos/{student_id}", get(pupil::get))
        .route("/familia/alumnos/{student_id}/justificar", post(justify::post))
        .route("/familia/alumnos/{student_id}/avisos", get(notices::get).post(notices::post))
        .route("/familia/entrar", get(enter::get).post(enter::post))
        .route("/familia/entrar/codigo", get(code::get).post(code::post))
        .route("/familia/entrar/enlace", get(link::get).post(link::post))
        .route("/familia/comunicados", get(broadcasts::get))
        .route("/familia/sesiones", get(sessions::get).post(sessions::post))
        .route("/familia/salir", post(leave))
}

/// This browser, as it comes in.
fn comes_in(visit: &Visit, state: &AppState, browser: Secret256) -> Redeemed {
    Redeemed {
        browser,
        device: session::family(&visit.headers),
        network: visit.address(state).map(limits::shown).unwrap_or_default(),
        replaces: FAMILY.given(&visit.headers),
    }
}

/// Sends a guardian on who has come in. From now on the address knows the browser.
async fn entered(state: &AppState, visit: &Visit, secret: &Secret256) -> Response {
    let cookies = [FAMILY.set(&visit.headers, secret), session::ASKED.cleared(&visit.headers)];
    let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    let mut response = (cookies, Redirect::to("/familia")).into_response();
    match state.families.make_known(FAMILY_BROWSER.given(&visit.headers).as_ref(), secret).await {
        Ok(known) => {
            response.headers_mut().append(header::SET_COOKIE, FAMILY_BROWSER.set(&visit.headers, &known));
        }
        // It is in all the same.
        Err(error) => tracing::warn!(%error, "a guardian's browser is not known"),
    }
    response
}

/// `POST /familia/salir`: also where nobody is there any more.
async fn leave(State(state): State<AppState>, visit: Visit) -> Response {
    if let Some(secret) = FAMILY.given(&visit.headers)
        && let Err(error) = state.families.end(&secret).await
    {
        // The person must not believe that they are out.
        return visit.store_error(error);
    }
    let cookies = [FAMILY.cleared(&visit.headers), session::ASKED.cleared(&visit.headers)];
    let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    (cookies, [session::CLEAR], Redirect::to("/familia/entrar")).into_response()
}

/// A page of a guardian who is in.
fn inside(lang: Lang, nonce: &Nonce, title: String, here: String, main: &Markup) -> Markup {
    let main = html! {
        (main)
        footer class="leave" {
            form method="post" action="/familia/salir" { button class="quiet" type="submit" { (lang.t("sign-out")) } }
        }
    };
    shell::page(&Page { lang, nonce, title, place: Place::Family, here, school: None, who: None, ages: true }, &main)
}

/// Every page of these with made-up values, names that look like markup among them: (what it is, its markup).
#[cfg(test)]
pub(super) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    use super::sample::HOSTILE;
    use super::staff::form::Refusal;
    use crate::family::Opened;
    use crate::i18n::key;

    let children = || vec![day::Child::sample(1), day::Child::sample(2)];
    [
        ("family ask", enter::AskPage::default().page(lang, nonce)),
        (
            "family ask hostile",
            enter::AskPage {
                mail: HOSTILE.to_owned(),
                refused: Some(Refusal::of(&["correo"], key("field-email-wrong"))),
            }
            .page(lang, nonce),
        ),
        ("family code", code::CodePage { refused: None }.page(lang, nonce)),
        (
            "family code refused",
            code::CodePage { refused: Some(Refusal::of(&["codigo"], key("family-code-refused"))) }.page(lang, nonce),
        ),
        ("family link", link::page(lang, nonce)),
        ("family link elsewhere", link::elsewhere(&Opened::Code("012345".to_owned()), lang, nonce)),
        ("family link void", link::elsewhere(&Opened::Void, lang, nonce)),
        ("family home hostile", home::page(&children(), lang, nonce)),
        ("family home empty", home::page(&[], lang, nonce)),
        (
            "family sessions hostile",
            sessions::page(&sessions::sample(), uuid::Uuid::nil(), chrono_tz::UTC, lang, nonce),
        ),
        ("family notices hostile", notices::sample(true, &["whatsapp", "email"]).page(lang, nonce)),
        ("family broadcasts hostile", broadcasts::page(&broadcasts::sample(), lang, nonce)),
        ("family broadcasts none", broadcasts::page(&[], lang, nonce)),
        ("family notices silent", notices::sample(false, &[]).page(lang, nonce)),
        ("family pupil hostile", pupil::page(&day::Child::sample(1), (&[], &pupil::sample()), None, lang, nonce)),
    ]
    .map(|(name, markup)| (name.to_owned(), markup))
    .into()
}
