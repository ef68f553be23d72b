//! `/cuenta/confirmar`: the password once more, before something that matters. The session goes on under a new id.

use super::Visit;
use super::account::framed;
use super::form::{self, Field, field};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::middleware::{RETURN_TO, return_target};
use crate::session::Person;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /cuenta/confirmar`.
pub(super) async fn get(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    let main = main(visit.onward(), false, visit.lang);
    framed(&state, &person, &visit, StatusCode::OK, key("confirm-title"), main).await
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
        Ok(true) => match state.sessions.step_up(person.session_id).await {
            Ok(Some(secret)) => visit.with_session(&secret, onward),
            Ok(None) => Redirect::to("/entrar").into_response(),
            Err(error) => visit.store_error(error),
        },
        Ok(false) => {
            metrics::counter!("sign_in_refused_total").increment(1);
            let main = main(onward, true, visit.lang);
            framed(&state, &person, &visit, StatusCode::UNPROCESSABLE_ENTITY, key("confirm-title"), main).await
        }
        Err(error) => visit.account_error(&error),
    }
}

pub(in crate::pages) fn main(onward: &str, refused: bool, lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("confirm-title")) } }
            p { (lang.t("confirm-what")) }
            (form::refused(refused.then(|| lang.t("password-wrong"))))
            form class="form" method="post" action="/cuenta/confirmar" {
                (field(&Field { name: "clave", label: lang.t("field-password"), kind: "password",
                    autocomplete: "current-password", value: "", hint: None }))
                (form::hidden(RETURN_TO, onward))
                (form::send(&lang.t("confirm-send")))
            }
        }
    }
}
