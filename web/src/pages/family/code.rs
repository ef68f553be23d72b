//! `/familia/entrar/codigo`: what the browser that asked shows meanwhile, and where the digits are typed that the link
//! shows on another device.

use super::super::staff::Visit;
use super::super::staff::form::{self, Field, Refusal, field};
use super::super::staff::sign_in::outside;
use super::{comes_in, entered};
use crate::AppState;
use crate::family::tries;
use crate::i18n::{Lang, key};
use crate::pages::respond::Nonce;
use crate::session::{ASKED, FAMILY_BROWSER};
use crate::sign_in::Caller;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /familia/entrar/codigo`.
pub(super) async fn get(visit: Visit) -> Response {
    if ASKED.given(&visit.headers).is_none() {
        return Redirect::to("/familia/entrar").into_response();
    }
    visit.page(StatusCode::OK, |nonce| CodePage { refused: None }.page(visit.lang, nonce))
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Sent {
    codigo: String,
}

/// `POST /familia/entrar/codigo`.
pub(super) async fn post(State(state): State<AppState>, visit: Visit, Form(sent): Form<Sent>) -> Response {
    let (network, known) = (visit.network(&state), FAMILY_BROWSER.given(&visit.headers));
    let caller = Caller { network: &network, browser: known.as_ref() };
    if let Err(refused) = tries::redeem(&state, &caller).await {
        return refused.into_response();
    }
    let Some(browser) = ASKED.given(&visit.headers) else { return Redirect::to("/familia/entrar").into_response() };
    match tries::code(&state, &caller, &sent.codigo, &comes_in(&visit, &state, browser)).await {
        Ok(Some(secret)) => entered(&state, &visit, &secret).await,
        Ok(None) => {
            metrics::counter!("sign_in_refused_total").increment(1);
            let view = CodePage { refused: Some(Refusal::of(&["codigo"], key("family-code-refused"))) };
            visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| view.page(visit.lang, nonce))
        }
        Err(refused) => refused.into_response(),
    }
}

/// The page.
pub(super) struct CodePage {
    /// What was wrong with the digits.
    pub refused: Option<Refusal>,
}

impl CodePage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("family-sent-title")) } }
                p { (lang.t("family-sent-what")) }
                p { (lang.t("family-sent-how")) }
                section class="card" aria-labelledby="elsewhere" {
                    h2 id="elsewhere" { (lang.t("family-code-title")) }
                    form class="form" method="post" action="/familia/entrar/codigo" {
                        (field(&Field { name: "codigo", label: lang.t("family-code"), kind: "text",
                            autocomplete: "one-time-code", value: "", hint: Some(lang.t("family-code-hint")) }, self.refused, lang))
                        (form::send(&lang.t("sign-in-send")))
                    }
                }
                p class="hint" { (lang.t("family-sent-nothing")) }
                p { a href="/familia/entrar" { (lang.t("family-again")) } }
            }
        };
        outside(lang, nonce, lang.t("family-sent-title"), "/familia/entrar/codigo", &main)
    }
}
