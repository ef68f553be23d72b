//! `/familia`: a guardian's own pupils, each with how the day stands.

use super::super::staff::Visit;
use super::day::{self, Child};
use super::inside;
use crate::AppState;
use crate::family::Guardian;
use crate::i18n::{Lang, times};
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::source::SourceError;
use crate::pages::stream::full_name;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use projections::roster::queries::pupils_of;

/// `GET /familia`.
pub(super) async fn get(State(state): State<AppState>, guardian: Guardian, visit: Visit) -> Response {
    match children(&state, &guardian).await {
        Ok(children) => visit.page(StatusCode::OK, |nonce| page(&children, visit.lang, nonce)),
        Err(error) => visit.source_error(&error),
    }
}

/// The read model says who is linked, the log whether they may be seen.
async fn children(state: &AppState, guardian: &Guardian) -> Result<Vec<Child>, SourceError> {
    let mut children = Vec::new();
    for (school, guardians) in guardian.schools() {
        let linked = pupils_of(&mut state.pools.request.begin(school).await?, &guardians).await?;
        for student in linked {
            let own = state.families.own_pupil(guardian, student).await.map_err(unavailable)?;
            if let Some(own) = own.filter(|own| own.school == school)
                && let Some(child) = day::of(state, guardian, &own, None).await?
            {
                children.push(child);
            }
        }
    }
    Ok(children)
}

pub(super) fn unavailable(error: commands::StoreError) -> SourceError {
    SourceError::Unavailable(error.into())
}

/// The page. It fetches itself again every half minute.
pub(super) fn page(children: &[Child], lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="family" {
            header class="page-head" {
                h1 { (lang.t("family-title")) }
                @if let Some(child) = children.first() { p class="date" { (times::long_date(child.date, lang)) } }
            }
            div id="family" class="family-list" hx-get={ "/familia?lang=" (lang.code()) } hx-trigger="every 30s"
                hx-target="#family" hx-select="#family" hx-swap="outerMorph" hx-sync="this:drop" hx-nonce=(nonce) {
                @if children.is_empty() { p { (lang.t("family-empty")) } }
                @for child in children {
                    section class="card" {
                        h2 { (full_name(&child.pupil.name, lang)) small { (child.place()) } }
                        (child.stands(lang))
                        (child.taps(lang))
                        (child.age(lang))
                        p { a href={ "/familia/alumnos/" (child.pupil.id) }
                            aria-label=(lang.f("family-more-of", &[("name", (&child.called(lang)).into())])) {
                            (lang.t("family-more")) (icon("next"))
                        } }
                    }
                }
            }
            p { a href="/familia/comunicados" { (lang.t("family-broadcasts")) } }
            p { a href="/familia/sesiones" { (lang.t("family-sessions-title")) } }
            p {
                a href="/familia/datos" download { (lang.t("family-data")) }
                span class="hint" { " " (lang.t("family-data-what")) }
            }
        }
    };
    inside(lang, nonce, lang.t("family-title"), "/familia".to_owned(), &main)
}
