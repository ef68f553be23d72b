//! `/cuenta/confirmar`: the password or the passkey once more, before something that matters. The session goes on under
//! a new id.

use super::account::page;
use super::form::{self, Field, Refusal, field};
use super::passkey_form::{Answered, PasskeyForm, challenge};
use super::{Visit, who};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::middleware::{RETURN_TO, return_target, with_return};
use crate::pages::respond::Nonce;
use crate::session::Person;
use crate::sign_in;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /cuenta/confirmar`.
pub(super) async fn get(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    show(&state, &person, &visit, visit.onward(), StatusCode::OK, None).await
}

async fn show(
    state: &AppState,
    person: &Person,
    visit: &Visit,
    onward: &str,
    status: StatusCode,
    refused: Option<Refusal>,
) -> Response {
    let has_passkey = match state.accounts.factors(person.account_id).await {
        Ok(factors) => factors.passkey,
        Err(error) => return visit.account_error(&error),
    };
    let origin = state.accounts.relying_party().filter(|_| has_passkey).map(|party| party.origin());
    let who = who(state, person).await;
    visit.page(status, |nonce| {
        let main = main(onward, origin, refused, visit.lang, nonce);
        let here = with_return("/cuenta/confirmar", onward);
        page(&who, visit.lang, nonce, key("confirm-title"), &here, &main)
    })
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Again {
    clave: String,
    #[serde(default)]
    volver: String,
}

/// `POST /cuenta/confirmar`.
pub(super) async fn post(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(sent): Form<Again>,
) -> Response {
    let onward = return_target(&sent.volver).unwrap_or("/cuenta");
    match state.accounts.check_password(person.account_id, &sent.clave).await {
        Ok(true) => stepped_up(&state, &person, &visit, onward).await,
        Ok(false) => {
            metrics::counter!("sign_in_refused_total").increment(1);
            let why = Some(Refusal::of(&["clave"], key("password-wrong")));
            show(&state, &person, &visit, onward, StatusCode::UNPROCESSABLE_ENTITY, why).await
        }
        Err(error) => visit.account_error(&error),
    }
}

/// `POST /cuenta/confirmar/reto`: what the person's device is to sign.
pub(super) async fn begin_passkey(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    challenge(&visit, state.accounts.begin_second_passkey(person.account_id).await)
}

/// `POST /cuenta/confirmar/llave`.
pub(super) async fn post_passkey(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(sent): Form<Answered>,
) -> Response {
    let onward = return_target(&sent.volver).unwrap_or("/cuenta");
    let answered = state.accounts.second_passkey(person.account_id, &sent.reto, &sent.respuesta).await;
    match sign_in::passkey(&state, answered) {
        Ok(Some(_)) => stepped_up(&state, &person, &visit, onward).await,
        Ok(None) => {
            let why = Some(Refusal::whole(key("passkey-refused")));
            show(&state, &person, &visit, onward, StatusCode::UNPROCESSABLE_ENTITY, why).await
        }
        Err(error) => visit.account_error(&error),
    }
}

async fn stepped_up(state: &AppState, person: &Person, visit: &Visit, onward: &str) -> Response {
    match state.sessions.step_up(person.session_id).await {
        Ok(Some(secret)) => visit.with_session(&secret, onward),
        Ok(None) => Redirect::to("/entrar").into_response(),
        Err(error) => visit.store_error(error),
    }
}

pub(in crate::pages) fn main(
    onward: &str,
    origin: Option<&str>,
    refused: Option<Refusal>,
    lang: Lang,
    nonce: &Nonce,
) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("confirm-title")) } }
            p { (lang.t("confirm-what")) }
            (form::refused(refused, lang))
            @if let Some(origin) = origin {
                (by_passkey(onward, origin).form(lang, nonce))
                p class="or" { (lang.t("sign-in-or")) }
            }
            form class="form" method="post" action="/cuenta/confirmar" {
                (field(&Field { name: "clave", label: lang.t("field-password"), kind: "password",
                    autocomplete: "current-password", value: "", hint: None }, refused, lang))
                (form::hidden(RETURN_TO, onward))
                (form::send(&lang.t("confirm-send")))
            }
        }
    }
}

fn by_passkey<'a>(onward: &'a str, origin: &'a str) -> PasskeyForm<'a> {
    PasskeyForm {
        options: "/cuenta/confirmar/reto",
        action: "/cuenta/confirmar/llave",
        origin,
        new: None,
        wanted: Some(onward),
        label: key("passkey-use"),
    }
}
