//! `/familia/alumnos/{student_id}`: one pupil's day with its reasons, today's or another (`fecha=2026-11-20`), the days
//! before it, and who looked.

use super::super::staff::looks::{roles_words, what_words};
use super::super::staff::{Visit, member_names};
use super::day::{self, Child};
use super::inside;
use super::justify;
use crate::AppState;
use crate::family::{Guardian, OwnPupil};
use crate::i18n::{Lang, times};
use crate::pages::asked::asked_for;
use crate::pages::course::words;
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::source::SourceError;
use crate::pages::status::outcome_tag;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use domain::entry_rate::Outcome;
use domain::values::school_date;
use maud::{Markup, html};
use projections::live::reports::{self, PupilDate};
use projections::looks;

/// How far back the days go that one page lists.
const BEFORE: TimeDelta = TimeDelta::days(21);
/// How far back families see who looked.
const SHOWN: TimeDelta = TimeDelta::days(30);

/// `GET /familia/alumnos/{student_id}`.
pub(super) async fn get(
    State(state): State<AppState>,
    guardian: Guardian,
    own: OwnPupil,
    visit: Visit,
    query: RawQuery,
) -> Response {
    let date = match asked_for(&query, "fecha").map(|text| text.parse().ok().and_then(|d| school_date::date(d).ok())) {
        Some(None) => return visit.failed(StatusCode::NOT_FOUND),
        date => date.flatten(),
    };
    let found = async {
        let Some(child) = day::of(&state, &guardian, &own, date).await? else { return Ok(None) };
        let before = before(&state, &own, &child).await?;
        let looked = looked(&state, &guardian, &own, &child).await?;
        Ok(Some((child, before, looked)))
    };
    match found.await {
        Ok(Some((child, before, looked))) => {
            let told = visit.notice.as_deref().and_then(justify::Told::of);
            visit.page(StatusCode::OK, |nonce| page(&child, (&before, &looked), told, visit.lang, nonce))
        }
        Ok(None) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.source_error(&error),
    }
}

/// The days before the one that is shown on which the pupil was expected, newest first.
async fn before(state: &AppState, own: &OwnPupil, child: &Child) -> Result<Vec<(PupilDate, Outcome)>, SourceError> {
    let dates = (child.date - BEFORE, child.date - TimeDelta::days(1));
    let mut tx = state.pools.request.snapshot(own.school).await?;
    // Before the enrolment there is nobody to tell of.
    let Some((_, days)) = reports::pupil(&mut tx, own.student, dates, state.clock.now()).await? else {
        return Ok(vec![]);
    };
    Ok(days.into_iter().rev().filter_map(|day| Some((day.clone(), Outcome::of(&day.status)?))).collect())
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

pub(super) async fn looked(
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
pub(super) fn page(
    child: &Child,
    (before, looked): (&[(PupilDate, Outcome)], &[Looked]),
    told: Option<justify::Told>,
    lang: Lang,
    nonce: &Nonce,
) -> Markup {
    let path = format!("/familia/alumnos/{}", child.pupil.id);
    let main = html! {
        main class="family" {
            a class="back" href="/familia" { (icon("back")) (lang.t("family-back")) }
            header class="page-head" {
                h1 { (child.called(lang)) }
                p { (child.place()) }
                p class="date" { (times::long_date(child.date, lang)) }
                @if !child.is_today { p { a href=(path) { (lang.t("family-today")) } } }
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
            p { a href={ (path) "/avisos" } { (lang.t("family-notices-title")) } }
            section class="card" aria-labelledby="before" {
                h2 id="before" { (lang.t("family-before")) }
                @if before.is_empty() { p class="hint" { (lang.t("family-before-none")) } }
                ul class="rows" { @for (day, outcome) in before { (day_row(day, *outcome, child, lang)) } }
            }
            section class="card" aria-labelledby="looked" {
                h2 id="looked" { (lang.t("looks-title")) }
                p class="hint" { (lang.t("family-looks-what")) }
                ul class="rows" { @for look in looked { (row(look, child, lang)) } }
            }
        }
    };
    let here = if child.is_today { path } else { format!("{path}?fecha={}", child.date) };
    inside(lang, nonce, child.called(lang), here, &main)
}

fn day_row(day: &PupilDate, outcome: Outcome, child: &Child, lang: Lang) -> Markup {
    let at = |at| times::clock(at, child.school.zone);
    html! {
        li class="row" {
            div {
                a href={ "/familia/alumnos/" (child.pupil.id) "?fecha=" (day.date) } { (times::long_date(day.date, lang)) }
                p class="hint" {
                    @if let Some(entry) = day.first_entry { (lang.f("reports-entered-at", &[("time", (&at(entry)).into())])) }
                    @if let Some(left) = day.left_at { " " (lang.f("reports-left-at-time", &[("time", (&at(left)).into())])) }
                }
            }
            (outcome_tag(outcome, &day.status, lang))
        }
    }
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
