//! A form that a device answers (`web/assets/passkey.js`). Without scripts it says what to do.

use super::Visit;
use super::form::{self, Field, Refusal, field};
use crate::assets;
use crate::i18n::{Lang, key};
use crate::middleware::RETURN_TO;
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::accounts::{AccountError, PasskeyChallenge};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

/// The form's values.
pub(in crate::pages) struct PasskeyForm<'a> {
    /// Where it asks what to sign.
    pub options: &'a str,
    /// Where it goes.
    pub action: &'a str,
    /// From where alone the answer is taken: `https://asistencia.escuela.cl`
    pub origin: &'a str,
    /// A new passkey; none: one that is there.
    pub new: Option<NewName<'a>>,
    /// Where the person wants to go.
    pub wanted: Option<&'a str>,
    /// The key of the words on its button.
    pub label: &'static str,
}

/// What a new passkey is called.
pub(in crate::pages) struct NewName<'a> {
    /// The name proposed, or as it was typed.
    pub name: &'a str,
    /// What was not right.
    pub refused: Option<Refusal>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Answered {
    /// The question's secret.
    pub(super) reto: String,
    /// The device's answer, JSON.
    pub(super) respuesta: String,
    /// What the person calls a new one.
    #[serde(default)]
    pub(super) nombre: String,
    #[serde(default)]
    pub(super) volver: String,
}

impl PasskeyForm<'_> {
    /// The form. The script sends it; until that runs the button does nothing.
    pub(in crate::pages) fn form(&self, lang: Lang, nonce: &Nonce) -> Markup {
        html! {
            form class="form" method="post" action=(self.action)
                data-passkey=(if self.new.is_some() { "create" } else { "get" })
                data-options=(self.options) data-origin=(self.origin)
                data-elsewhere=(lang.f("passkey-elsewhere", &[("origin", self.origin.into())]))
                data-unable=(lang.t("passkey-unable")) data-waiting=(lang.t("passkey-waiting"))
                data-cancelled=(lang.t("passkey-cancelled")) data-already=(lang.t("passkey-already"))
                data-often=(lang.t("passkey-often")) data-failed=(lang.t("passkey-failed")) {
                (form::hidden("reto", ""))
                (form::hidden("respuesta", ""))
                @if let Some(NewName { name, refused }) = &self.new {
                    (field(&Field { name: "nombre", label: lang.t("passkey-name"), kind: "text", autocomplete: "off",
                        value: name, hint: Some(lang.t("passkey-name-hint")) }, *refused, lang))
                }
                @if let Some(wanted) = self.wanted { (form::hidden(RETURN_TO, wanted)) }
                p class="refused" role="status" data-said hidden {}
                noscript { p class="refused" { (icon("warning")) span { (lang.t("passkey-without-scripts")) } } }
                button class="button" type="submit" disabled { (icon("passkey")) span { (lang.t(self.label)) } }
            }
            script nonce=(nonce) src=(assets::PASSKEY.href()) integrity=(assets::PASSKEY.integrity) defer {}
        }
    }
}

/// What the script is told to ask of the device.
pub(super) fn challenge(visit: &Visit, asked: Result<PasskeyChallenge, AccountError>) -> Response {
    match asked {
        Ok(asked) => Json(json!({ "reto": *asked.secret.reveal(), "opciones": asked.options })).into_response(),
        Err(AccountError::NoPasskeys | AccountError::NoPasskey) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.account_error(&error),
    }
}

/// Why an answer was not taken; none where it is nobody's mistake.
pub(super) fn refusal(error: &AccountError) -> Option<Refusal> {
    match error {
        AccountError::PasskeyLate => Some(Refusal::whole(key("passkey-late"))),
        AccountError::PasskeyRefused => Some(Refusal::whole(key("passkey-refused"))),
        AccountError::Invalid(_) => Some(Refusal::of(&["nombre"], key("passkey-name-wrong"))),
        _ => None,
    }
}
