//! The own passkeys, on `/cuenta`: which there are, another one, one less. Every change of them ends all sessions of
//! the account; this browser gets a new one.

use super::Visit;
use super::account::page;
use super::credentials::{keep, needed, renewed};
use super::form::{self, Refusal};
use super::passkey_form::{Answered, NewName, PasskeyForm, challenge, refusal};
use super::who;
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::letters;
use crate::pages::respond::Nonce;
use crate::pages::view::OwnPasskey;
use crate::session::{self, Person};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use commands::accounts::{AccountError, Factors, Passkey};
use domain::Actor;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

/// `GET /cuenta/llaves`: the form of another one.
pub(super) async fn get(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    show(&state, &person, &visit, StatusCode::OK, None, None).await
}

async fn show(
    state: &AppState,
    person: &Person,
    visit: &Visit,
    status: StatusCode,
    typed: Option<String>,
    refused: Option<Refusal>,
) -> Response {
    let Some(party) = state.accounts.relying_party() else { return visit.failed(StatusCode::NOT_FOUND) };
    let (who, name) = (who(state, person).await, typed.unwrap_or_else(|| session::family(&visit.headers)));
    visit.page(status, |nonce| {
        let main = main(party.origin(), &name, refused, visit.lang, nonce);
        page(&who, visit.lang, nonce, key("passkey-add"), "/cuenta/llaves", &main)
    })
}

/// `POST /cuenta/llaves/reto`: what the device is to sign, for the form's script.
pub(super) async fn begin(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    challenge(&visit, state.accounts.begin_passkey(person.account_id).await)
}

/// `POST /cuenta/llaves`.
pub(super) async fn add(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(sent): Form<Answered>,
) -> Response {
    let account = person.account_id;
    match state.accounts.add_passkey(person.proof(), &sent.reto, &sent.respuesta, &sent.nombre).await {
        Ok(()) => {
            letters::tell_of_change(&state, account, key("letter-passkey-added"));
            renewed(&state, &person, &visit, "/cuenta?aviso=llave").await
        }
        Err(error) => match refusal(&error) {
            Some(why) => {
                let typed = Some(sent.nombre);
                show(&state, &person, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed, Some(why)).await
            }
            None => visit.account_error(&error),
        },
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Which {
    llave: Uuid,
}

/// `POST /cuenta/llaves/quitar`.
pub(super) async fn remove(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(which): Form<Which>,
) -> Response {
    let account = person.account_id;
    match needed(&state, &person, |factors, passkeys| Factors { passkey: passkeys > 1, ..factors }).await {
        Ok(false) => {}
        Ok(true) => return keep(&state, &person, &visit).await,
        Err(error) => return visit.account_error(&error),
    }
    match state.accounts.remove_passkey(account, which.llave, &Actor::user(account)).await {
        Ok(()) => {
            letters::tell_of_change(&state, account, key("letter-passkey-removed"));
            renewed(&state, &person, &visit, "/cuenta?aviso=sin-llave").await
        }
        Err(AccountError::NoPasskey) => Redirect::to("/cuenta").into_response(),
        Err(error) => visit.account_error(&error),
    }
}

pub(super) fn passkey(passkey: Passkey, now: DateTime<Utc>) -> OwnPasskey {
    OwnPasskey {
        id: passkey.passkey_id,
        name: passkey.name.unwrap_or_default(),
        used_days_ago: passkey.last_used_at.map(|at| (now - at).num_days().max(0)),
    }
}

/// The page of another one.
pub(in crate::pages) fn main(origin: &str, name: &str, refused: Option<Refusal>, lang: Lang, nonce: &Nonce) -> Markup {
    let form = PasskeyForm {
        options: "/cuenta/llaves/reto",
        action: "/cuenta/llaves",
        origin,
        new: Some(NewName { name, refused }),
        wanted: None,
        label: key("passkey-create"),
    };
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("passkey-add")) } }
            p { (lang.t("passkey-what")) }
            (form::refused(refused, lang))
            (form.form(lang, nonce))
            p { a href="/cuenta" { (lang.t("account-back")) } }
        }
    }
}

/// The list on the account's page; nothing where there can be none.
pub(super) fn section(passkeys: Option<&[OwnPasskey]>, lang: Lang) -> Markup {
    html! {
        @if let Some(passkeys) = passkeys {
            section class="card" aria-labelledby="passkeys-title" {
                h2 id="passkeys-title" { (lang.t("passkeys-title")) }
                p class="hint" { (lang.t("passkeys-what")) }
                @if !passkeys.is_empty() { ul class="rows" { @for passkey in passkeys { (row(passkey, lang)) } } }
                p { a class="button" href="/cuenta/llaves" { (lang.t("passkey-add")) } }
            }
        }
    }
}

fn row(passkey: &OwnPasskey, lang: Lang) -> Markup {
    html! {
        li class="row" {
            div {
                b { (passkey.name) }
                p class="hint" {
                    @match passkey.used_days_ago {
                        Some(days) => (lang.f("passkey-used", &[("days", days.into())])),
                        None => (lang.t("passkey-unused")),
                    }
                }
            }
            form method="post" action="/cuenta/llaves/quitar" {
                (form::hidden("llave", &passkey.id.to_string()))
                button class="quiet" type="submit" {
                    (lang.t("passkey-remove")) span class="unseen" { " " (passkey.name) }
                }
            }
        }
    }
}
