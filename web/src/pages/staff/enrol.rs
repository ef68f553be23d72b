//! `/entrar/factor`: whoever gave the password and has nothing beside it adds a second factor here, before anything
//! else opens (A38). The session that leads here opens these pages and no other.

use super::Visit;
use super::credentials::{self, Totp};
use super::form::{self, Refusal};
use super::passkey_form::{Answered, NewName, PasskeyForm, challenge, refusal};
use super::sign_in::{asked, outside};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::letters;
use crate::middleware::{return_target, with_return};
use crate::pages::respond::Nonce;
use crate::session::{self, Enrolling};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::{AccountError, SignInMethod};
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /entrar/factor`.
pub(super) async fn get(State(state): State<AppState>, person: Enrolling, visit: Visit) -> Response {
    show(&state, person, &visit, StatusCode::OK, None, None).await
}

async fn show(
    state: &AppState,
    Enrolling(proof): Enrolling,
    visit: &Visit,
    status: StatusCode,
    typed: Option<String>,
    refused: Option<Refusal>,
) -> Response {
    let factors = match state.accounts.factors(proof.account).await {
        Ok(factors) => factors,
        Err(error) => return visit.account_error(&error),
    };
    let view = EnrolPage {
        origin: state.accounts.relying_party().map(|party| party.origin().to_owned()),
        name: typed.unwrap_or_else(|| session::family(&visit.headers)),
        passkey_only: factors.strict,
        wanted: visit.wanted.clone(),
        refused,
    };
    visit.page(status, |nonce| view.page(visit.lang, nonce))
}

/// `POST /entrar/factor/reto`: what the device is to sign.
pub(super) async fn begin_passkey(
    State(state): State<AppState>,
    Enrolling(proof): Enrolling,
    visit: Visit,
) -> Response {
    challenge(&visit, state.accounts.begin_passkey(proof.account).await)
}

/// `POST /entrar/factor/llave`.
pub(super) async fn add_passkey(
    State(state): State<AppState>,
    person: Enrolling,
    mut visit: Visit,
    Form(sent): Form<Answered>,
) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    let Enrolling(proof) = person;
    match state.accounts.add_passkey(proof, &sent.reto, &sent.respuesta, &sent.nombre).await {
        Ok(()) => {
            letters::tell_of_change(&state, proof.account, key("letter-passkey-added"));
            visit.enter(&state, proof.after_own_change(), SignInMethod::PasswordAndPasskey).await
        }
        Err(error) => match refusal(&error) {
            Some(why) => {
                let typed = Some(sent.nombre);
                show(&state, person, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed, Some(why)).await
            }
            None => visit.account_error(&error),
        },
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Onward {
    #[serde(default)]
    volver: String,
}

/// `POST /entrar/factor/codigo/comenzar`: a new secret for an app, shown once.
pub(super) async fn begin_totp(
    State(state): State<AppState>,
    Enrolling(proof): Enrolling,
    mut visit: Visit,
    Form(sent): Form<Onward>,
) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    match state.accounts.begin_totp(proof.account).await {
        Ok(setup) => {
            let form = Totp::enrolling(visit.wanted.clone());
            let main = credentials::secret(&form, &setup.secret_base32, &setup.otpauth_uri, visit.lang);
            visit.page(StatusCode::OK, |nonce| framed(&main, visit.wanted.as_deref(), visit.lang, nonce))
        }
        Err(AccountError::TotpExists) => back_to_choice(visit).await,
        Err(error) => visit.account_error(&error),
    }
}

/// `GET /entrar/factor/codigo`, and wherever nothing is begun: back to the choice.
pub(super) async fn back_to_choice(visit: Visit) -> Response {
    Redirect::to(&with_return("/entrar/factor", visit.onward())).into_response()
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct First {
    codigo: String,
    #[serde(default)]
    volver: String,
}

/// `POST /entrar/factor/codigo`.
pub(super) async fn confirm_totp(
    State(state): State<AppState>,
    Enrolling(proof): Enrolling,
    mut visit: Visit,
    Form(sent): Form<First>,
) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    match state.accounts.confirm_totp(proof, &sent.codigo, state.clock.of_people()).await {
        Ok(()) => {
            letters::tell_of_change(&state, proof.account, key("letter-totp-set"));
            visit.enter(&state, proof.after_own_change(), SignInMethod::PasswordAndTotp).await
        }
        Err(AccountError::WrongCode) => {
            let main = credentials::again(&Totp::enrolling(visit.wanted.clone()), visit.lang);
            let wanted = visit.wanted.as_deref();
            visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| framed(&main, wanted, visit.lang, nonce))
        }
        Err(AccountError::NoTotp) => back_to_choice(visit).await,
        Err(error) => visit.account_error(&error),
    }
}

pub(in crate::pages) fn framed(main: &Markup, wanted: Option<&str>, lang: Lang, nonce: &Nonce) -> Markup {
    outside(lang, nonce, lang.t("totp-title"), &asked("/entrar/factor", wanted), main)
}

/// The page's values.
pub(in crate::pages) struct EnrolPage {
    /// From where passkeys are taken; none: they are not.
    pub origin: Option<String>,
    /// What a passkey would be called: as this device is, or as it was typed.
    pub name: String,
    /// Whether nothing less will do.
    pub passkey_only: bool,
    /// Where the person wanted to go.
    pub wanted: Option<String>,
    /// What was not right.
    pub refused: Option<Refusal>,
}

impl EnrolPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("enrol-title")) } }
                p { (lang.t(if self.passkey_only { key("enrol-what-strict") } else { key("enrol-what") })) }
                (form::refused(self.refused, lang))
                @if let Some(origin) = &self.origin {
                    section class="card" aria-labelledby="passkey-title" {
                        h2 id="passkey-title" { (lang.t("enrol-passkey")) }
                        p { (lang.t("passkey-what")) }
                        (self.passkey(origin).form(lang, nonce))
                    }
                }
                @if !self.passkey_only {
                    section class="card" aria-labelledby="code-title" {
                        h2 id="code-title" { (lang.t("enrol-code")) }
                        p { (lang.t("enrol-code-what")) }
                        (credentials::begin(&Totp::enrolling(self.wanted.clone()), key("enrol-code-begin"), "button", lang))
                    }
                }
                form class="leave" method="post" action="/salir" {
                    button class="quiet" type="submit" { (lang.t("sign-out")) }
                }
            }
        };
        outside(lang, nonce, lang.t("enrol-title"), &asked("/entrar/factor", self.wanted.as_deref()), &main)
    }

    fn passkey<'a>(&'a self, origin: &'a str) -> PasskeyForm<'a> {
        PasskeyForm {
            options: "/entrar/factor/reto",
            action: "/entrar/factor/llave",
            origin,
            new: Some(NewName { name: &self.name, refused: self.refused }),
            wanted: self.wanted.as_deref(),
            label: key("passkey-create"),
        }
    }
}
