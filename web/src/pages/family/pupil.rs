//! `/familia/alumnos/{student_id}`: one pupil's day, with its reasons, and who looked at it.

use super::super::staff::looks::{roles_words, what_words};
use super::super::staff::{Visit, member_names};
use super::day::{self, Child};
use super::inside;
use super::justify;
use crate::AppState;
use crate::family::{Guardian, OwnPupil};
use crate::i18n::{Lang, times};
use crate::pages::course::words;
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::source::SourceError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use projections::looks;

/// How far back families see who looked.
const SHOWN: TimeDelta = TimeDelta::days(30);

/// `GET /familia/alumnos/{student_id}`.
pub(super) async fn get(State(state): State<AppState>, guardian: Guardian, own: OwnPupil, visit: Visit) -> Response {
    let found = async {
        let Some(child) = day::today(&state, &guardian, &own).await? else { return Ok(None) };
        let looked = looked(&state, &guardian, &own, &child).await?;
        Ok(Some((child, looked)))
    };
    match found.await {
        Ok(Some((child, looked))) => {
            let told = visit.notice.as_deref().and_then(justify::Told::of);
            visit.page(StatusCode::OK, |nonce| page(&child, &looked, told, visit.lang, nonce))
        }
        Ok(None) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.source_error(&error),
    }
}

/// Who looked.
pub(super) enum Who {
    /// Somebody of the staff; without a name once erased.
    Staff(Option<String>),
    /// The guardian who asks.
    You,
    /// Another guardian, who is not named.
    Relative,
}

/// Somebody's looks of a day.
pub(super) struct Looked {
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many.
    pub times: i64,
    /// Who.
    pub who: Who,
    /// `DIRECTOR,INSPECTOR`
    pub role: String,
    /// At what.
    pub what: String,
}

async fn looked(
    state: &AppState,
    guardian: &Guardian,
    own: &OwnPupil,
    child: &Child,
) -> Result<Vec<Looked>, SourceError> {
    let since = state.clock.of_people() - SHOWN;
    let mut tx = state.pools.request.begin(own.school).await?;
    let days = looks::about(&mut tx, own.student, child.school.zone, since).await?;
    drop(tx);
    let names = member_names(state, own.school).await?;
    let who = |day: &looks::DayOfLooks| match day.by_guardian {
        false => Who::Staff(names.get(&day.who_id).cloned()),
        true if guardian.of.iter().any(|(_, own)| own.0 == day.who_id) => Who::You,
        true => Who::Relative,
    };
    Ok(days
        .into_iter()
        .map(|day| Looked { who: who(&day), last: day.last, times: day.times, role: day.role, what: day.what })
        .collect())
}

/// The page.
pub(super) fn page(child: &Child, looked: &[Looked], told: Option<justify::Told>, lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="family" {
            a class="back" href="/familia" { (icon("back")) (lang.t("family-back")) }
            header class="page-head" {
                h1 { (child.called(lang)) }
                p { (child.place()) }
                p class="date" { (times::long_date(child.date, lang)) }
            }
            (justify::notice(told, lang))
            section class="card" aria-label=(lang.t("answer-label")) {
                (child.stands(lang))
                (child.taps(lang))
                (child.age(lang))
            }
            section class="card" aria-labelledby="why" {
                h2 id="why" { (lang.t("family-why")) }
                ol class="reasons" { @for step in &child.pupil.derivation { li { (words(step, child.school.zone, lang)) } } }
            }
            (justify::form(child, lang))
            section class="card" aria-labelledby="looked" {
                h2 id="looked" { (lang.t("looks-title")) }
                p class="hint" { (lang.t("family-looks-what")) }
                ul class="rows" { @for look in looked { (row(look, child, lang)) } }
            }
        }
    };
    inside(lang, nonce, child.called(lang), format!("/familia/alumnos/{}", child.pupil.id), &main)
}

fn row(look: &Looked, child: &Child, lang: Lang) -> Markup {
    let zone = child.school.zone;
    let day = look.last.with_timezone(&zone).date_naive();
    html! {
        li class="row" {
            div {
                b {
                    @match &look.who {
                        Who::Staff(name) => {
                            @if let Some(name) = name { (name) ", " }
                            (roles_words(&look.role, lang))
                        }
                        Who::You => (lang.t("family-looks-you")),
                        Who::Relative => (lang.t("family-looks-relative")),
                    }
                }
                p { (what_words(&look.what, lang)) " · " (lang.f("look-times", &[("n", look.times.into())])) }
                p class="hint" {
                    time datetime=(times::machine(look.last, zone)) {
                        (times::long_date(day, lang)) ", " (times::clock(look.last, zone))
                    }
                }
            }
        }
    }
}

/// Made up, with names that look like markup.
#[cfg(test)]
pub(super) fn sample() -> Vec<Looked> {
    use crate::pages::sample::{self, HOSTILE};
    let look = |who| Looked { last: sample::now(), times: 2, who, role: "DIRECTOR".into(), what: "course".into() };
    vec![look(Who::Staff(Some(HOSTILE.to_owned()))), look(Who::Staff(None)), look(Who::You), look(Who::Relative)]
}
