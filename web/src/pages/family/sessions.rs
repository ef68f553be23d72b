//! `/familia/sesiones`: when somebody came in by this address, from which browser; and ending what is still open.

use super::super::staff::Visit;
use super::super::staff::form;
use super::inside;
use crate::AppState;
use crate::family::{Guardian, Listed};
use crate::i18n::{Lang, times};
use crate::pages::respond::Nonce;
use crate::pages::source::SourceError;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

/// `GET /familia/sesiones`.
pub(super) async fn get(State(state): State<AppState>, guardian: Guardian, visit: Visit) -> Response {
    let listed = match state.families.list(&guardian).await {
        Ok(listed) => listed,
        Err(error) => return visit.store_error(error),
    };
    match zone(&state, &guardian).await {
        Ok(zone) => visit.page(StatusCode::OK, |nonce| page(&listed, guardian.session_id, zone, visit.lang, nonce)),
        Err(error) => visit.source_error(&error),
    }
}

/// By whose clock the list is: the guardian's first school's.
async fn zone(state: &AppState, guardian: &Guardian) -> Result<Tz, SourceError> {
    let Some((school, _)) = guardian.of.first() else { return Ok(chrono_tz::UTC) };
    let found = projections::roster::queries::school(&mut state.pools.request.begin(*school).await?).await?;
    Ok(found.map_or(chrono_tz::UTC, |school| school.settings.zone))
}

/// What the form sends: a session's name, or `otras`.
#[derive(Deserialize)]
pub(super) struct Sent {
    sesion: String,
}

/// `POST /familia/sesiones`: ends another session of the address, or all others.
pub(super) async fn post(
    State(state): State<AppState>,
    guardian: Guardian,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Response {
    let only = match sent.sesion.as_str() {
        "otras" => None,
        id => match id.parse::<Uuid>() {
            Ok(id) => Some(id),
            Err(_) => return visit.failed(StatusCode::NOT_FOUND),
        },
    };
    match state.families.end_others(&guardian, only).await {
        Ok(0) if only.is_some() => visit.failed(StatusCode::NOT_FOUND),
        Ok(_) => Redirect::to("/familia/sesiones").into_response(),
        Err(error) => visit.store_error(error),
    }
}

/// The page.
pub(super) fn page(listed: &[Listed], this: Uuid, zone: Tz, lang: Lang, nonce: &Nonce) -> Markup {
    let others = listed.iter().any(|session| session.open && session.session_id != this);
    let main = html! {
        main class="family" {
            a class="back" href="/familia" { (crate::pages::icon::icon("back")) (lang.t("family-back")) }
            header class="page-head" { h1 { (lang.t("family-sessions-title")) } p { (lang.t("family-sessions-what")) } }
            section class="card" aria-label=(lang.t("family-sessions-title")) {
                ul class="rows" { @for session in listed { (row(session, this, zone, lang)) } }
                @if others {
                    form method="post" action="/familia/sesiones" {
                        (form::hidden("sesion", "otras"))
                        button class="quiet" type="submit" { (lang.t("session-end-others")) }
                    }
                }
            }
        }
    };
    inside(lang, nonce, lang.t("family-sessions-title"), "/familia/sesiones".to_owned(), &main)
}

fn row(session: &Listed, this: Uuid, zone: Tz, lang: Lang) -> Markup {
    let day = session.created_at.with_timezone(&zone).date_naive();
    html! {
        li class="row" {
            div {
                b { @if session.device.is_empty() { (lang.t("session-device-unknown")) } @else { (session.device) } }
                p class="hint" {
                    time datetime=(times::machine(session.created_at, zone)) {
                        (times::long_date(day, lang)) ", " (times::clock(session.created_at, zone))
                    }
                    @if !session.network.is_empty() { " · " (session.network) }
                }
                p class="hint" {
                    @if session.session_id == this { (lang.t("session-this")) }
                    @else if session.open { (lang.t("family-session-open")) }
                    @else { (lang.t("family-session-over")) }
                }
            }
            @if session.open && session.session_id != this {
                form method="post" action="/familia/sesiones" {
                    (form::hidden("sesion", &session.session_id.to_string()))
                    button class="quiet" type="submit" { (lang.t("session-end")) }
                }
            }
        }
    }
}

/// Made up, with names that look like markup.
#[cfg(test)]
pub(super) fn sample() -> Vec<Listed> {
    use crate::pages::sample::{self, HOSTILE};
    let session = |n: u128| Listed {
        session_id: Uuid::from_u128(n),
        device: if n == 2 { String::new() } else { HOSTILE.to_owned() },
        network: if n == 2 { String::new() } else { HOSTILE.to_owned() },
        created_at: sample::now(),
        open: n < 2,
    };
    (0..4).map(session).collect()
}
