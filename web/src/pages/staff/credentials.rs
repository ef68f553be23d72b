//! The own password and the second factor. Every change of them ends all sessions of the account; this browser
//! gets a new one.

use super::Visit;
use super::account::{Said, framed, show};
use super::activate::unfit_words;
use super::form::{self, Field, Refusal, field};
use crate::AppState;
use crate::config::SecondFactor;
use crate::i18n::{Lang, key};
use crate::letters;
use crate::middleware::RETURN_TO;
use crate::session::Person;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::{AccountError, Factors};
use domain::Actor;
use maud::{Markup, html};
use serde::Deserialize;

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Passwords {
    actual: String,
    nueva: String,
    repetida: String,
}

/// `POST /cuenta/clave`.
pub(super) async fn change_password(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(sent): Form<Passwords>,
) -> Response {
    let why = if sent.nueva != sent.repetida {
        Refusal::of(&["repetida"], key("password-differs"))
    } else {
        let changed = state.accounts.change_password(person.account_id, &sent.actual, &sent.nueva);
        match changed.await {
            Ok(()) => {
                letters::tell_of_change(&state, person.account_id, key("letter-password-changed"));
                return renewed(&state, &person, &visit, "/cuenta?aviso=clave").await;
            }
            Err(AccountError::WrongPassword) => Refusal::of(&["actual"], key("password-wrong")),
            Err(AccountError::Unfit(unfit)) => unfit_words(unfit),
            Err(error) => return visit.account_error(&error),
        }
    };
    let said = Said { done: None, refused: Some(why) };
    show(&state, &person, &visit, StatusCode::UNPROCESSABLE_ENTITY, said).await
}

/// A session of the account as it is now, in place of all others. Of all browsers the account knows this one alone.
pub(super) async fn renewed(state: &AppState, person: &Person, visit: &Visit, to: &str) -> Response {
    match state.sessions.renew(person).await {
        Ok(Some(secret)) => {
            let mut response = visit.with_session(&secret, to);
            visit.keep_known(state, person.proof().after_own_change(), &mut response).await;
            response
        }
        // Something else changed at this very moment.
        Ok(None) => Redirect::to("/entrar").into_response(),
        Err(error) => visit.store_error(error),
    }
}

/// `GET /cuenta/codigo`: what will happen, and the button that begins it.
pub(super) async fn offer_totp(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    match state.accounts.factors(person.account_id).await {
        Ok(factors) if factors.code => Redirect::to("/cuenta").into_response(),
        Ok(_) => {
            framed(&state, &person, &visit, StatusCode::OK, key("totp-title"), "/cuenta/codigo", offer(visit.lang))
                .await
        }
        Err(error) => visit.account_error(&error),
    }
}

/// `POST /cuenta/codigo/comenzar`: a new secret, shown once. It counts when a first code was shown.
pub(super) async fn begin_totp(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    match state.accounts.begin_totp(person.account_id).await {
        Ok(setup) => {
            let main = secret(&Totp::own(), &setup.secret_base32, &setup.otpauth_uri, visit.lang);
            framed(&state, &person, &visit, StatusCode::OK, key("totp-title"), "/cuenta/codigo", main).await
        }
        Err(AccountError::TotpExists) => Redirect::to("/cuenta").into_response(),
        Err(error) => visit.account_error(&error),
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct First {
    codigo: String,
}

/// `POST /cuenta/codigo`.
pub(super) async fn confirm_totp(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(sent): Form<First>,
) -> Response {
    let confirmed = state.accounts.confirm_totp(person.proof(), &sent.codigo, state.clock.of_people());
    match confirmed.await {
        Ok(()) => {
            letters::tell_of_change(&state, person.account_id, key("letter-totp-set"));
            renewed(&state, &person, &visit, "/cuenta?aviso=codigo").await
        }
        Err(AccountError::WrongCode) => {
            let main = again(&Totp::own(), visit.lang);
            framed(&state, &person, &visit, StatusCode::UNPROCESSABLE_ENTITY, key("totp-title"), "/cuenta/codigo", main)
                .await
        }
        Err(AccountError::NoTotp) => Redirect::to("/cuenta").into_response(),
        Err(error) => visit.account_error(&error),
    }
}

/// Whether the account would have too little left without this. What is taken away ends all sessions, so nobody takes
/// two at once.
pub(super) async fn needed(
    state: &AppState,
    person: &Person,
    without: impl FnOnce(Factors, usize) -> Factors,
) -> Result<bool, AccountError> {
    let factors = state.accounts.factors(person.account_id).await?;
    let passkeys = state.accounts.passkeys(person.account_id).await?.len();
    let required = state.config.people.second_factor == SecondFactor::Required;
    Ok(required && factors.suffice() && !without(factors, passkeys).suffice())
}

/// The page that says so.
pub(super) async fn keep(state: &AppState, person: &Person, visit: &Visit) -> Response {
    let said = Said { done: None, refused: Some(Refusal::whole(key("factor-needed"))) };
    show(state, person, visit, StatusCode::UNPROCESSABLE_ENTITY, said).await
}

/// `POST /cuenta/codigo/quitar`.
pub(super) async fn remove_totp(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    match needed(&state, &person, |factors, _| Factors { code: false, ..factors }).await {
        Ok(false) => {}
        Ok(true) => return keep(&state, &person, &visit).await,
        Err(error) => return visit.account_error(&error),
    }
    match state.accounts.remove_totp(person.account_id, &Actor::user(person.account_id)).await {
        Ok(()) => {
            letters::tell_of_change(&state, person.account_id, key("letter-totp-removed"));
            renewed(&state, &person, &visit, "/cuenta?aviso=sin-codigo").await
        }
        Err(AccountError::NoTotp) => Redirect::to("/cuenta").into_response(),
        Err(error) => visit.account_error(&error),
    }
}

/// For whom a secret of an app is.
pub(in crate::pages) struct Totp {
    /// Where it begins.
    begin: &'static str,
    /// Where its first code goes.
    action: &'static str,
    /// Where the person wanted to go.
    wanted: Option<String>,
}

impl Totp {
    /// For whoever is signed in.
    pub(in crate::pages) fn own() -> Self {
        Self { begin: "/cuenta/codigo/comenzar", action: "/cuenta/codigo", wanted: None }
    }

    /// For whoever must have one before anything opens.
    pub(in crate::pages) fn enrolling(wanted: Option<String>) -> Self {
        Self { begin: "/entrar/factor/codigo/comenzar", action: "/entrar/factor/codigo", wanted }
    }
}

/// What an app's code is, before there is one.
pub(in crate::pages) fn offer(lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("totp-title")) } }
            p { (lang.t("enrol-code-what")) }
            p { (lang.t("totp-off")) }
            (begin(&Totp::own(), key("totp-start"), "button", lang))
            p { a href="/cuenta" { (lang.t("account-back")) } }
        }
    }
}

/// The button that makes a new secret: no address does.
pub(in crate::pages) fn begin(of: &Totp, label: &'static str, class: &str, lang: Lang) -> Markup {
    html! {
        form method="post" action=(of.begin) {
            @if let Some(wanted) = &of.wanted { (form::hidden(RETURN_TO, wanted)) }
            button class=(class) type="submit" { (lang.t(label)) }
        }
    }
}

/// The secret, to be typed or opened on the phone itself.
pub(in crate::pages) fn secret(of: &Totp, base32: &str, uri: &str, lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("totp-title")) } }
            p { (lang.t("totp-type-it")) }
            p class="secret" { code { (base32) } }
            p { a href=(uri) { (lang.t("totp-open")) } }
            (first_code(of, None, lang))
        }
    }
}

/// The code was wrong; the secret is in the app already.
pub(in crate::pages) fn again(of: &Totp, lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("totp-title")) } }
            (first_code(of, Some(Refusal::of(&["codigo"], key("code-refused"))), lang))
            (begin(of, key("totp-begin-again"), "quiet", lang))
        }
    }
}

fn first_code(of: &Totp, refused: Option<Refusal>, lang: Lang) -> Markup {
    html! {
        form class="form" method="post" action=(of.action) {
            @if let Some(wanted) = &of.wanted { (form::hidden(RETURN_TO, wanted)) }
            (field(&Field { name: "codigo", label: lang.t("field-code"), kind: "text", autocomplete: "one-time-code",
                value: "", hint: None }, refused, lang))
            (form::send(&lang.t("totp-confirm")))
        }
    }
}
