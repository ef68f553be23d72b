//! `/entrar/codigo`, `/entrar/llave`: what follows the password, a code or a passkey; and the passkey that comes in
//! place of both.

use super::Visit;
use super::form::{self, Field, Refusal, field};
use super::passkey_form::{Answered, PasskeyForm, challenge};
use super::sign_in::{SignInPage, asked, outside};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::middleware::{RETURN_TO, return_target};
use crate::pages::respond::Nonce;
use crate::session;
use crate::sign_in::{self, Caller};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::{Factors, Proof, SignInMethod};
use domain::AccountId;
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /entrar/codigo`.
pub(super) async fn get(State(state): State<AppState>, visit: Visit) -> Response {
    match waiting(&state, &visit).await {
        Ok(proof) => show(&state, &visit, proof.account, StatusCode::OK, None).await,
        Err(response) => response,
    }
}

/// Whose second factor this browser's session waits for, or the way back to the beginning.
async fn waiting(state: &AppState, visit: &Visit) -> Result<Proof, Response> {
    let again = || Redirect::to("/entrar").into_response();
    let half = session::given(&visit.headers).ok_or_else(again)?;
    match state.sessions.waits_for(&half).await {
        Ok(Some(proof)) => Ok(proof),
        Ok(None) => Err(again()),
        Err(error) => Err(visit.store_error(error)),
    }
}

/// The same, counting one more try.
async fn one_more(state: &AppState, visit: &Visit) -> Result<Proof, Response> {
    let again = || Redirect::to("/entrar").into_response();
    let half = session::given(&visit.headers).ok_or_else(again)?;
    match state.sessions.try_code(&half).await {
        Ok(Some(proof)) => Ok(proof),
        // Too late, or too often: from the beginning.
        Ok(None) => Err(again()),
        Err(error) => Err(visit.store_error(error)),
    }
}

async fn show(
    state: &AppState,
    visit: &Visit,
    account: AccountId,
    status: StatusCode,
    refused: Option<Refusal>,
) -> Response {
    let factors = match state.accounts.factors(account).await {
        Ok(factors) => factors,
        Err(error) => return visit.account_error(&error),
    };
    let origin = state.accounts.relying_party().map(|party| party.origin().to_owned());
    let view = SecondStep { wanted: visit.wanted.clone(), refused, factors, origin: origin.unwrap_or_default() };
    visit.page(status, |nonce| view.page(visit.lang, nonce))
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Code {
    codigo: String,
    #[serde(default)]
    volver: String,
}

/// `POST /entrar/codigo`.
pub(super) async fn post_code(State(state): State<AppState>, mut visit: Visit, Form(sent): Form<Code>) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    let proof = match one_more(&state, &visit).await {
        Ok(proof) => proof,
        Err(response) => return response,
    };
    let (network, browser) = (visit.network(&state), session::BROWSER.given(&visit.headers));
    let caller = Caller { network: &network, browser: browser.as_ref() };
    match sign_in::code(&state, &caller, proof.account, &sent.codigo).await {
        Ok(true) => visit.enter(&state, proof, SignInMethod::PasswordAndTotp).await,
        Ok(false) => {
            let why = Refusal::of(&["codigo"], key("code-refused"));
            show(&state, &visit, proof.account, StatusCode::UNPROCESSABLE_ENTITY, Some(why)).await
        }
        Err(refused) => refused.into_response(),
    }
}

/// `POST /entrar/codigo/reto`: what the account's device is to sign.
pub(super) async fn begin_passkey(State(state): State<AppState>, visit: Visit) -> Response {
    match waiting(&state, &visit).await {
        Ok(proof) => challenge(&visit, state.accounts.begin_second_passkey(proof.account).await),
        Err(response) => response,
    }
}

/// `POST /entrar/codigo/llave`.
pub(super) async fn post_passkey(
    State(state): State<AppState>,
    mut visit: Visit,
    Form(sent): Form<Answered>,
) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    let proof = match one_more(&state, &visit).await {
        Ok(proof) => proof,
        Err(response) => return response,
    };
    let answered = state.accounts.second_passkey(proof.account, &sent.reto, &sent.respuesta).await;
    match sign_in::passkey(&state, answered) {
        // As the account was when the password was given.
        Ok(Some(_)) => visit.enter(&state, proof, SignInMethod::PasswordAndPasskey).await,
        Ok(None) => {
            let why = Refusal::whole(key("passkey-refused"));
            show(&state, &visit, proof.account, StatusCode::UNPROCESSABLE_ENTITY, Some(why)).await
        }
        Err(error) => visit.account_error(&error),
    }
}

/// `POST /entrar/llave/reto`: what any device is to sign.
pub(super) async fn begin_alone(State(state): State<AppState>, visit: Visit) -> Response {
    challenge(&visit, state.accounts.begin_passkey_sign_in().await)
}

/// `POST /entrar/llave`.
pub(super) async fn post_alone(
    State(state): State<AppState>,
    mut visit: Visit,
    Form(sent): Form<Answered>,
) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    let answered = state.accounts.passkey_sign_in(&sent.reto, &sent.respuesta).await;
    match sign_in::passkey(&state, answered) {
        Ok(Some(proof)) => visit.enter(&state, proof, SignInMethod::Passkey).await,
        Ok(None) => {
            let view = SignInPage::of(&state, &visit).refused(Refusal::whole(key("passkey-refused")));
            visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| view.page(visit.lang, nonce))
        }
        Err(error) => visit.account_error(&error),
    }
}

/// The second factor.
pub(in crate::pages) struct SecondStep {
    /// Where the person wanted to go.
    pub wanted: Option<String>,
    /// What was not right.
    pub refused: Option<Refusal>,
    /// What the account has.
    pub factors: Factors,
    /// From where passkeys are taken.
    pub origin: String,
}

impl SecondStep {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let passkey = PasskeyForm {
            options: "/entrar/codigo/reto",
            action: "/entrar/codigo/llave",
            origin: &self.origin,
            new: None,
            wanted: self.wanted.as_deref(),
            label: key("passkey-use"),
        };
        let refused = self.refused.map(|why| if self.factors.takes_code() { why } else { why.above() });
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("code-title")) } }
                (form::refused(refused, lang))
                @if self.factors.passkey {
                    p { (lang.t("passkey-second")) }
                    (passkey.form(lang, nonce))
                }
                @if self.factors.takes_code() {
                    @if self.factors.passkey { p class="or" { (lang.t("sign-in-or")) } }
                    p { (lang.t("code-what")) }
                    form class="form" method="post" action="/entrar/codigo" {
                        (field(&Field { name: "codigo", label: lang.t("field-code"), kind: "text",
                            autocomplete: "one-time-code", value: "", hint: None }, refused, lang))
                        @if let Some(wanted) = &self.wanted { (form::hidden(RETURN_TO, wanted)) }
                        (form::send(&lang.t("sign-in-send")))
                    }
                }
                p { a href="/entrar" { (lang.t("code-again")) } }
                p class="hint" { (lang.t("code-lost")) }
            }
        };
        let here = asked("/entrar/codigo", self.wanted.as_deref());
        outside(lang, nonce, lang.t("code-title"), &here, &main)
    }
}
