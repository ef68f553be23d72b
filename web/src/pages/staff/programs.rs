//! The programs that act for a person over the API, on `/cuenta`: which there are, and ending them.

use super::Visit;
use super::form;
use crate::AppState;
use crate::i18n::{Lang, times};
use crate::pages::view::OwnProgram;
use crate::session::Person;
use crate::sign_in::note;
use crate::tokens::{Ended, Family};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use commands::accounts::{AccountFact, SessionEnd};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

/// What the form sends: a family's name, or `todos`.
#[derive(Deserialize)]
pub(super) struct Which {
    programa: String,
}

/// `POST /cuenta/programas`: ends one of the person's own programs, or all.
pub(super) async fn end(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(which): Form<Which>,
) -> Response {
    let one = which.programa.parse::<Uuid>().ok();
    if one.is_none() && which.programa != "todos" {
        return visit.failed(StatusCode::NOT_FOUND);
    }
    match state.tokens.end(person.account_id, one, Ended::ByPerson).await {
        Ok(0) if one.is_some() => visit.failed(StatusCode::NOT_FOUND),
        Ok(0) => Redirect::to("/cuenta").into_response(),
        Ok(_) => {
            note(&state, person.account_id, AccountFact::SessionEnded(SessionEnd::EndedByPerson));
            Redirect::to("/cuenta?aviso=programas").into_response()
        }
        Err(error) => visit.store_error(error),
    }
}

pub(super) fn program(family: Family, now: DateTime<Utc>) -> OwnProgram {
    OwnProgram {
        id: family.family_id,
        client: family.client,
        network: family.network,
        minutes_ago: (now - family.last_used_at).num_minutes().max(0),
        reused: family.reused,
    }
}

#[cfg(test)]
pub(super) fn sample(like: &crate::pages::view::OwnSession) -> OwnProgram {
    OwnProgram {
        id: like.id,
        client: like.device.clone(),
        network: like.network.clone(),
        minutes_ago: like.minutes_ago,
        reused: like.minutes_ago == 1,
    }
}

/// Nothing, as long as there is none.
pub(super) fn section(programs: &[OwnProgram], lang: Lang) -> Markup {
    html! {
        @if !programs.is_empty() {
            section class="card" aria-labelledby="programs-title" {
                h2 id="programs-title" { (lang.t("programs-title")) }
                p class="hint" { (lang.t("programs-what")) }
                ul class="rows" { @for program in programs { (row(program, lang)) } }
                @if programs.iter().filter(|program| !program.reused).count() > 1 {
                    form method="post" action="/cuenta/programas" {
                        (form::hidden("programa", "todos"))
                        button class="quiet" type="submit" { (lang.t("program-end-all")) }
                    }
                }
            }
        }
    }
}

fn row(program: &OwnProgram, lang: Lang) -> Markup {
    html! {
        li class="row" {
            div {
                b { @if program.client.is_empty() { (lang.t("program-unknown")) } @else { (program.client) } }
                p class="hint" {
                    (lang.f("session-last-seen", &[("ago", (&times::ago_minutes(program.minutes_ago, lang)).into())]))
                    @if !program.network.is_empty() { " · " (program.network) }
                }
                @if program.reused { p { (lang.t("program-reused")) } }
            }
            @if !program.reused {
                form method="post" action="/cuenta/programas" {
                    (form::hidden("programa", &program.id.to_string()))
                    button class="quiet" type="submit" { (lang.t("program-end")) }
                }
            }
        }
    }
}
