//! `/entrar`, `/salir`. Whether an address is known is told to nobody: unknown, not activated,
//! disabled and wrong get one answer.

use super::form::{self, Field, Refusal, field};
use super::passkey_form::PasskeyForm;
use super::{Visit, note};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::middleware::{RETURN_TO, return_target, with_return};
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::session::{self, Ended, Stage};
use crate::sign_in::{self, Caller};
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::{AccountFact, SessionEnd, SignIn, SignInMethod};
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /entrar`.
pub(super) async fn get(State(state): State<AppState>, visit: Visit) -> Response {
    let (person, enrolling) = match session::given(&visit.headers) {
        Some(secret) => (state.sessions.person(&secret).await, state.sessions.enrolling(&secret).await),
        None => (Ok(None), Ok(None)),
    };
    match (person, enrolling) {
        (Ok(Some(_)), _) => Redirect::to(visit.onward()).into_response(),
        (_, Ok(Some(_))) => Redirect::to(&with_return("/entrar/factor", visit.onward())).into_response(),
        (Ok(None), Ok(None)) => {
            let view =
                SignInPage { activated: visit.notice.as_deref() == Some("activada"), ..SignInPage::of(&state, &visit) };
            visit.page(StatusCode::OK, |nonce| view.page(visit.lang, nonce))
        }
        (Err(error), _) | (_, Err(error)) => visit.store_error(error),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    clave: String,
    #[serde(default)]
    volver: String,
}

/// `POST /entrar`.
pub(super) async fn post(State(state): State<AppState>, mut visit: Visit, Form(sent): Form<Credentials>) -> Response {
    visit.wanted = return_target(&sent.volver).map(str::to_owned);
    let (network, browser) = (visit.network(&state), session::BROWSER.given(&visit.headers));
    let caller = Caller { network: &network, browser: browser.as_ref() };
    match sign_in::password(&state, &caller, &sent.email, &sent.clave).await {
        Ok(SignIn::Done(proof)) => visit.enter(&state, proof, SignInMethod::Password).await,
        Ok(SignIn::NeedsMore(proof, _)) => {
            let to = with_return("/entrar/codigo", visit.onward());
            visit.begin(&state, proof, Stage::SecondFactor, &to).await
        }
        Ok(SignIn::Refused) => {
            let why = Refusal::of(&["email", "clave"], key("sign-in-refused"));
            let view = SignInPage { email: sent.email, ..SignInPage::of(&state, &visit).refused(why) };
            visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| view.page(visit.lang, nonce))
        }
        Err(refused) => refused.into_response(),
    }
}

/// `POST /salir`: also where nobody is signed in any more.
pub(super) async fn sign_out(State(state): State<AppState>, visit: Visit) -> Response {
    if let Some(secret) = session::given(&visit.headers) {
        match state.sessions.end_secret(&secret, Ended::SignedOut).await {
            Ok(Some(account)) => note(&state, account, AccountFact::SessionEnded(SessionEnd::SignedOut)),
            Ok(None) => {}
            // The person must not believe that they are out.
            Err(error) => return visit.store_error(error),
        }
    }
    let mut response = Redirect::to("/entrar").into_response();
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, session::cleared(&visit.headers));
    let (name, value) = session::CLEAR;
    headers.insert(name, value);
    response
}

/// The form.
#[derive(Default)]
pub(in crate::pages) struct SignInPage {
    /// As it was typed.
    pub email: String,
    /// Where the person wanted to go.
    pub wanted: Option<String>,
    /// What was not right.
    pub refused: Option<Refusal>,
    /// A password was chosen just now.
    pub activated: bool,
    /// From where passkeys are taken; none: they are not.
    pub origin: Option<String>,
}

impl SignInPage {
    /// For this visit.
    pub(super) fn of(state: &AppState, visit: &Visit) -> Self {
        let origin = state.accounts.relying_party().map(|party| party.origin().to_owned());
        Self { wanted: visit.wanted.clone(), origin, ..Self::default() }
    }

    /// The same, after something was not right.
    pub(super) fn refused(self, why: Refusal) -> Self {
        Self { refused: Some(why), ..self }
    }

    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("sign-in-title")) } }
                (form::done(self.activated.then(|| lang.t("sign-in-activated"))))
                (form::refused(self.refused, lang))
                form class="form" method="post" action="/entrar" {
                    (field(&Field { name: "email", label: lang.t("field-email"), kind: "email",
                        autocomplete: "username", value: &self.email, hint: None }, self.refused, lang))
                    (field(&Field { name: "clave", label: lang.t("field-password"), kind: "password",
                        autocomplete: "current-password", value: "", hint: None }, self.refused, lang))
                    @if let Some(wanted) = &self.wanted { (form::hidden(RETURN_TO, wanted)) }
                    (form::send(&lang.t("sign-in-send")))
                }
                @if let Some(origin) = &self.origin {
                    p class="or" { (lang.t("sign-in-or")) }
                    (self.by_passkey(origin, lang, nonce))
                }
                p class="hint" { (lang.t("sign-in-no-account")) }
                p { a href="/familia/entrar" { (lang.t("sign-in-family")) } }
            }
        };
        outside(lang, nonce, lang.t("sign-in-title"), &asked("/entrar", self.wanted.as_deref()), &main)
    }

    fn by_passkey(&self, origin: &str, lang: Lang, nonce: &Nonce) -> Markup {
        let form = PasskeyForm {
            options: "/entrar/llave/reto",
            action: "/entrar/llave",
            origin,
            new: None,
            wanted: self.wanted.as_deref(),
            label: key("sign-in-passkey"),
        };
        form.form(lang, nonce)
    }
}

/// A page's address with where to go after it, if somewhere.
pub(super) fn asked(page: &str, wanted: Option<&str>) -> String {
    wanted.map_or_else(|| page.to_owned(), |wanted| with_return(page, wanted))
}

/// A page of nobody's.
pub(in crate::pages) fn outside(lang: Lang, nonce: &Nonce, title: String, here: &str, main: &Markup) -> Markup {
    let page =
        Page { lang, nonce, title, place: Place::Nowhere, here: here.to_owned(), school: None, who: None, ages: false };
    shell::page(&page, main)
}
