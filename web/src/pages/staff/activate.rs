//! `/entrar/activar`: the one-time link by which a password is chosen. Its secret is in the fragment, which no
//! browser sends and no mail scanner's request carries; it is sent by the person's own click, and typed where
//! there are no scripts.

use super::Visit;
use super::form::{self, Field, Refusal, field};
use super::sign_in::outside;
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::letters;
use crate::pages::respond::Nonce;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::{AccountError, Proof, Unfit};
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /entrar/activar`: changes nothing.
pub(super) async fn get(visit: Visit) -> Response {
    visit.page(StatusCode::OK, |nonce| ActivatePage::default().page(visit.lang, nonce))
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Chosen {
    enlace: String,
    nueva: String,
    repetida: String,
}

/// `POST /entrar/activar`.
pub(super) async fn post(State(state): State<AppState>, visit: Visit, Form(sent): Form<Chosen>) -> Response {
    let token = form::token(&sent.enlace).to_owned();
    let why = if sent.nueva != sent.repetida {
        Refusal::of(&["repetida"], key("password-differs"))
    } else {
        match state.accounts.activate(&token, &sent.nueva, state.clock.now()).await {
            // Signing in asks for the second factor too, where there is one.
            Ok(proof) => {
                letters::tell_of_change(&state, proof.account, key("letter-password-by-link"));
                return activated(&state, &visit, proof).await;
            }
            Err(AccountError::Unfit(unfit)) => unfit_words(unfit),
            Err(AccountError::Link | AccountError::Refused(_) | AccountError::Unknown) => {
                Refusal::of(&["enlace"], key("activate-link-not-valid"))
            }
            Err(error) => return visit.account_error(&error),
        }
    };
    let view = ActivatePage { token, refused: Some(why) };
    visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| view.page(visit.lang, nonce))
}

/// Sends whoever chose a password on to sign in. The account knows the browser from now on: while somebody guesses at
/// it elsewhere, this is the way in for a person who has no known browser.
async fn activated(state: &AppState, visit: &Visit, proof: Proof) -> Response {
    let mut response = Redirect::to("/entrar?aviso=activada").into_response();
    visit.keep_known(state, proof, &mut response).await;
    response
}

/// Why a password must not be chosen.
pub(super) fn unfit_words(unfit: Unfit) -> Refusal {
    let why = match unfit {
        Unfit::TooShort => key("password-too-short"),
        Unfit::TooLong => key("password-too-long"),
        Unfit::Guessable => key("password-guessable"),
    };
    Refusal::of(&["nueva"], why)
}

/// The form.
#[derive(Default)]
pub(in crate::pages) struct ActivatePage {
    /// What was sent, to be sent again.
    pub token: String,
    /// What was wrong with it.
    pub refused: Option<Refusal>,
}

impl ActivatePage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let new = |name, label, hint| {
            let input = Field { name, label, kind: "password", autocomplete: "new-password", value: "", hint };
            field(&input, self.refused, lang)
        };
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("activate-title")) } }
                p { (lang.t("activate-what")) }
                (form::refused(self.refused, lang))
                form class="form" method="post" action="/entrar/activar" {
                    // `web/assets/live.js` fills it from the address, which it then clears.
                    (field(&Field { name: "enlace", label: lang.t("field-link"), kind: "text", autocomplete: "off",
                        value: &self.token, hint: Some(lang.t("field-link-hint")) }, self.refused, lang))
                    (new("nueva", lang.t("field-new-password"), Some(form::password_hint(lang))))
                    (new("repetida", lang.t("field-repeat-password"), None))
                    (form::send(&lang.t("activate-send")))
                }
            }
        };
        outside(lang, nonce, lang.t("activate-title"), "/entrar/activar", &main)
    }
}
