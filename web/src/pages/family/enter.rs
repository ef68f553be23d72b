//! `/familia/entrar`: asking for a link. Every address gets the same answer, at once.

use super::super::staff::Visit;
use super::super::staff::form::{self, Field, Refusal, field};
use super::super::staff::sign_in::outside;
use crate::AppState;
use crate::family::{Asked, tries};
use crate::i18n::{Lang, key};
use crate::pages::respond::Nonce;
use crate::session::{ASKED, FAMILY, FAMILY_BROWSER};
use crate::sign_in::Caller;
use crate::throttle::limits;
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::Secret256;
use domain::values::mail::Mail;
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /familia/entrar`.
pub(super) async fn get(State(state): State<AppState>, visit: Visit) -> Response {
    let guardian = match FAMILY.given(&visit.headers) {
        Some(secret) => state.families.guardian(&secret).await,
        None => Ok(None),
    };
    match guardian {
        Ok(Some(_)) => Redirect::to("/familia").into_response(),
        Ok(None) => visit.page(StatusCode::OK, |nonce| AskPage::default().page(visit.lang, nonce)),
        Err(error) => visit.store_error(error),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Sent {
    correo: String,
}

/// `POST /familia/entrar`.
pub(super) async fn post(State(state): State<AppState>, visit: Visit, Form(sent): Form<Sent>) -> Response {
    let Ok(mail) = Mail::parse(&sent.correo) else {
        let view = AskPage { mail: sent.correo, refused: Some(Refusal::of(&["correo"], key("field-email-wrong"))) };
        return visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| view.page(visit.lang, nonce));
    };
    let (network, known) = (visit.network(&state), FAMILY_BROWSER.given(&visit.headers));
    let caller = Caller { network: &network, browser: known.as_ref() };
    if let Err(refused) = tries::ask(&state, &caller, &mail).await {
        return refused.into_response();
    }
    let Ok(browser) = Secret256::random() else { return visit.failed(StatusCode::INTERNAL_SERVER_ERROR) };
    let cookie = ASKED.set(&visit.headers, &browser);
    let network = visit.address(&state).map(limits::shown).unwrap_or_default();
    let replaces = ASKED.given(&visit.headers);
    state.families.ask(Asked { mail, browser, replaces, network, lang: visit.lang });
    ([(header::SET_COOKIE, cookie)], Redirect::to("/familia/entrar/codigo")).into_response()
}

/// The form.
#[derive(Default)]
pub(super) struct AskPage {
    /// As it was typed.
    pub mail: String,
    /// What was wrong with it.
    pub refused: Option<Refusal>,
}

impl AskPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("family-enter-title")) } }
                p { (lang.t("family-enter-what")) }
                form class="form" method="post" action="/familia/entrar" {
                    (field(&Field { name: "correo", label: lang.t("field-email"), kind: "email", autocomplete: "email",
                        value: &self.mail, hint: None }, self.refused, lang))
                    (form::send(&lang.t("family-enter-send")))
                }
                p class="hint" { (lang.t("family-enter-no-account")) }
                p { a href="/entrar" { (lang.t("family-enter-staff")) } }
            }
        };
        outside(lang, nonce, lang.t("family-enter-title"), "/familia/entrar", &main)
    }
}
