//! `/familia/comunicados`: what the school wrote to a guardian, whether or not it came by a channel.

use super::super::staff::Visit;
use super::home::unavailable;
use super::inside;
use crate::AppState;
use crate::family::Guardian;
use crate::i18n::{Lang, times};
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::source::SourceError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use commands::broadcasts::{of_guardians, opened};
use domain::broadcast::Stage;
use maud::{Markup, html};
use projections::roster::queries;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Broadcasts of a school that are shown.
const NEWEST: i64 = 50;

/// A broadcast as a guardian sees it.
pub(super) struct Read {
    pub(super) school: String,
    pub(super) zone: Tz,
    pub(super) at: DateTime<Utc>,
    /// Subject and text; none: the school took it back.
    pub(super) words: Option<(String, String)>,
}

/// `GET /familia/comunicados`.
pub(super) async fn get(State(state): State<AppState>, guardian: Guardian, visit: Visit) -> Response {
    match read(&state, &guardian).await {
        Ok(all) => visit.page(StatusCode::OK, |nonce| page(&all, visit.lang, nonce)),
        Err(error) => visit.source_error(&error),
    }
}

async fn read(state: &AppState, guardian: &Guardian) -> Result<Vec<Read>, SourceError> {
    let mut all = Vec::new();
    for (school, guardians) in guardian.schools() {
        let known = queries::school(&mut state.pools.request.begin(school).await?).await?;
        let Some(known) = known else { continue };
        let mut of = of_guardians(&state.write, school, &guardians, NEWEST).await.map_err(unavailable)?;
        // Who is barred meanwhile reads nothing of the pupil any more.
        let mut seen = BTreeMap::new();
        for one in &of {
            if let Entry::Vacant(free) = seen.entry(one.student_id) {
                let own = state.families.own_pupil(guardian, one.student_id).await.map_err(unavailable)?;
                free.insert(own.is_some_and(|own| own.school == school));
            }
        }
        of.retain(|one| seen.get(&one.student_id) == Some(&true));
        let ids: Vec<_> = of.iter().map(|one| one.broadcast_id).collect();
        let mut found =
            opened(&state.write, school, &ids).await.map_err(|error| SourceError::Unavailable(error.into()))?;
        all.extend(of.iter().filter_map(|one| {
            // One to several guardians of this address is one.
            let opened = found.remove(&one.broadcast_id)?;
            let words = opened.words.filter(|_| opened.known.stage != Stage::Cancelled);
            Some(Read { school: known.name.clone(), zone: known.settings.zone, at: one.at, words })
        }));
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    Ok(all)
}

/// The page.
pub(super) fn page(all: &[Read], lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="family" {
            a class="back" href="/familia" { (icon("back")) (lang.t("family-title")) }
            header class="page-head" { h1 { (lang.t("family-broadcasts")) } }
            @if all.is_empty() { p { (lang.t("family-broadcasts-none")) } }
            @for one in all {
                article class="card" {
                    @match &one.words {
                        Some((subject, text)) => {
                            h2 { (subject) }
                            @for part in text.split("\n\n") { p class="letter" { (part) } }
                        }
                        None => h2 { (lang.t("family-broadcast-taken-back")) },
                    }
                    p class="hint" {
                        (one.school) " · " (times::long_date(one.at.with_timezone(&one.zone).date_naive(), lang)) ", "
                        (times::clock(one.at, one.zone))
                    }
                }
            }
        }
    };
    inside(lang, nonce, lang.t("family-broadcasts"), "/familia/comunicados".to_owned(), &main)
}

/// Made up.
#[cfg(test)]
pub(super) fn sample() -> Vec<Read> {
    use crate::pages::sample::{self, HOSTILE};
    let one = |words| Read { school: HOSTILE.to_owned(), zone: chrono_tz::UTC, at: sample::now(), words };
    vec![one(Some((HOSTILE.to_owned(), format!("{HOSTILE}\n\n{HOSTILE}")))), one(None)]
}
