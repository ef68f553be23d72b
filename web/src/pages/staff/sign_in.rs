//! `/entrar`, `/entrar/codigo`, `/salir`. Whether an address is known is told to nobody: unknown, not activated,
//! disabled and wrong get one answer.

use super::form::{self, Field, field};
use super::{Visit, note};
use crate::AppState;
use crate::i18n::Lang;
use crate::middleware::{RETURN_TO, return_target};
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::session::{self, Ended};
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
    let person = match session::given(&visit.headers) {
        Some(secret) => state.sessions.person(&secret).await,
        None => Ok(None),
    };
    match person {
        Ok(Some(_)) => Redirect::to(visit.onward()).into_response(),
        Ok(None) => {
            let view = SignInPage {
                wanted: visit.wanted.clone(),
                activated: visit.notice.as_deref() == Some("activada"),
                ..SignInPage::default()
            };
            visit.page(StatusCode::OK, |nonce| view.page(visit.lang, nonce))
        }
        Err(error) => visit.store_error(error),
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
        Ok(SignIn::Done(account)) => {
            note(&state, account, AccountFact::SignedIn(SignInMethod::Password));
            visit.enter(&state, account, visit.onward()).await
        }
        Ok(SignIn::NeedsTotp(account)) => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair(RETURN_TO, visit.onward()).finish();
            visit.begin(&state, account, true, &format!("/entrar/codigo?{query}")).await
        }
        Ok(SignIn::Refused) => {
            let view = SignInPage { email: sent.email, wanted: visit.wanted.clone(), refused: true, activated: false };
            visit.page(StatusCode::UNPROCESSABLE_ENTITY, |nonce| view.page(visit.lang, nonce))
        }
        Err(refused) => refused.into_response(),
    }
}

/// `GET /entrar/codigo`.
pub(super) async fn get_code(visit: Visit) -> Response {
    let view = CodePage { wanted: visit.wanted.clone(), refused: false };
    visit.page(StatusCode::OK, |nonce| view.page(visit.lang, nonce))
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
    let Some(half) = session::given(&visit.headers) else { return Redirect::to("/entrar").into_response() };
    let account = match state.sessions.try_code(&half).await {
        Ok(Some(account)) => account,
        // Too late, or too often: from the beginning.
        Ok(None) => return Redirect::to("/entrar").into_response(),
        Err(error) => return visit.store_error(error),
    };
    match sign_in::code(&state, account, &sent.codigo).await {
        Ok(true) => {
            note(&state, account, AccountFact::SignedIn(SignInMethod::PasswordAndTotp));
            visit.enter(&state, account, visit.onward()).await
        }
        Ok(false) => {
            let view = CodePage { wanted: visit.wanted.clone(), refused: true };
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
    /// Address or password were not right.
    pub refused: bool,
    /// A password was chosen just now.
    pub activated: bool,
}

impl SignInPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("sign-in-title")) } }
                (form::done(self.activated.then(|| lang.t("sign-in-activated"))))
                (form::refused(self.refused.then(|| lang.t("sign-in-refused"))))
                form class="form" method="post" action="/entrar" {
                    (field(&Field { name: "email", label: lang.t("field-email"), kind: "email",
                        autocomplete: "username", value: &self.email, hint: None }))
                    (field(&Field { name: "clave", label: lang.t("field-password"), kind: "password",
                        autocomplete: "current-password", value: "", hint: None }))
                    @if let Some(wanted) = &self.wanted { (form::hidden(RETURN_TO, wanted)) }
                    (form::send(&lang.t("sign-in-send")))
                }
                p class="hint" { (lang.t("sign-in-no-account")) }
                p { a href="/familia/entrar" { (lang.t("sign-in-family")) } }
            }
        };
        outside(lang, nonce, lang.t("sign-in-title"), "/entrar", &main)
    }
}

/// The second factor.
pub(in crate::pages) struct CodePage {
    /// Where the person wanted to go.
    pub wanted: Option<String>,
    /// The code was not right.
    pub refused: bool,
}

impl CodePage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="entry" {
                header class="page-head" { h1 { (lang.t("code-title")) } }
                p { (lang.t("code-what")) }
                (form::refused(self.refused.then(|| lang.t("code-refused"))))
                form class="form" method="post" action="/entrar/codigo" {
                    (field(&Field { name: "codigo", label: lang.t("field-code"), kind: "text",
                        autocomplete: "one-time-code", value: "", hint: None }))
                    @if let Some(wanted) = &self.wanted { (form::hidden(RETURN_TO, wanted)) }
                    (form::send(&lang.t("sign-in-send")))
                }
                p { a href="/entrar" { (lang.t("code-again")) } }
            }
        };
        outside(lang, nonce, lang.t("code-title"), "/entrar/codigo", &main)
    }
}

/// A page of nobody's.
pub(in crate::pages) fn outside(lang: Lang, nonce: &Nonce, title: String, here: &str, main: &Markup) -> Markup {
    let page =
        Page { lang, nonce, title, place: Place::Nowhere, here: here.to_owned(), school: None, who: None, ages: false };
    shell::page(&page, main)
}
