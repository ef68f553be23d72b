//! `/familia/alumnos/{student_id}`: one pupil's day, with its reasons.

use super::super::staff::Visit;
use super::day::{self, Child};
use super::inside;
use crate::AppState;
use crate::family::OwnPupil;
use crate::i18n::{Lang, times};
use crate::pages::course::words;
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

/// `GET /familia/alumnos/{student_id}`.
pub(super) async fn get(State(state): State<AppState>, own: OwnPupil, visit: Visit) -> Response {
    match day::today(&state, &own).await {
        Ok(Some(child)) => visit.page(StatusCode::OK, |nonce| page(&child, visit.lang, nonce)),
        Ok(None) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.source_error(&error),
    }
}

/// The page.
pub(super) fn page(child: &Child, lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="family" {
            a class="back" href="/familia" { (icon("back")) (lang.t("family-back")) }
            header class="page-head" {
                h1 { (child.called(lang)) }
                p class="date" { (times::long_date(child.date, lang)) }
            }
            section class="card" {
                (child.head(lang))
                (child.taps(lang))
                (child.age(lang))
            }
            section class="card" aria-labelledby="why" {
                h2 id="why" { (lang.t("family-why")) }
                ol class="reasons" { @for step in &child.pupil.derivation { li { (words(step, child.school.zone, lang)) } } }
            }
        }
    };
    inside(lang, nonce, child.called(lang), format!("/familia/alumnos/{}", child.pupil.id), &main)
}
