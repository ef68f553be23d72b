//! `/familia/entrar/enlace`: where the link leads. Opening it changes nothing, by whatever means: its secret is in the
//! fragment, which no browser sends, and is sent by the person's own click. Even then it opens a session only in the
//! browser that asked for it, which a scanner of mail is not.

use super::super::staff::Visit;
use super::super::staff::form;
use super::super::staff::sign_in::outside;
use super::{comes_in, entered};
use crate::AppState;
use crate::family::{Opened, tries};
use crate::i18n::Lang;
use crate::pages::respond::Nonce;
use crate::session::{ASKED, FAMILY_BROWSER};
use crate::sign_in::Caller;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::accounts::Secret256;
use maud::{Markup, html};
use serde::Deserialize;

/// `GET /familia/entrar/enlace`: changes nothing.
pub(super) async fn get(visit: Visit) -> Response {
    visit.page(StatusCode::OK, |nonce| page(visit.lang, nonce))
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Sent {
    enlace: String,
}

/// `POST /familia/entrar/enlace`.
pub(super) async fn post(State(state): State<AppState>, visit: Visit, Form(sent): Form<Sent>) -> Response {
    let (network, known) = (visit.network(&state), FAMILY_BROWSER.given(&visit.headers));
    if let Err(refused) = tries::redeem(&state, &Caller { network: &network, browser: known.as_ref() }).await {
        return refused.into_response();
    }
    let token = form::token(&sent.enlace);
    let opened = async {
        let Some(token) = Secret256::parse(token) else { return Ok(Err(Opened::Void)) };
        if let Some(browser) = ASKED.given(&visit.headers) {
            let redeemed = state.families.redeem(&token, &comes_in(&visit, &state, browser)).await?;
            if let Some(secret) = redeemed {
                return Ok(Ok(secret));
            }
        }
        state.families.open_elsewhere(&token).await.map(Err)
    };
    match opened.await {
        Ok(Ok(secret)) => entered(&state, &visit, &secret).await,
        Ok(Err(opened)) => {
            let status = if opened == Opened::Void { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            visit.page(status, |nonce| elsewhere(&opened, visit.lang, nonce))
        }
        Err(error) => visit.store_error(error),
    }
}

/// The button. Without scripts the link is pasted.
pub(super) fn page(lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("family-link-title")) } }
            p { (lang.t("family-link-what")) }
            form class="form" method="post" action="/familia/entrar/enlace" {
                // `web/assets/live.js` fills it from the address, which it then clears, and hides it.
                div class="field" {
                    label for="enlace" { (lang.t("family-link")) }
                    p class="hint" id="enlace-hint" { (lang.t("field-link-hint")) }
                    input id="enlace" name="enlace" type="text" autocomplete="off" required data-alone
                        aria-describedby="enlace-hint" spellcheck="false" autocapitalize="none";
                }
                (form::send(&lang.t("sign-in-send")))
            }
        }
    };
    outside(lang, nonce, lang.t("family-link-title"), "/familia/entrar/enlace", &main)
}

/// What the link is worth in a browser that did not ask for it.
pub(super) fn elsewhere(opened: &Opened, lang: Lang, nonce: &Nonce) -> Markup {
    let (title, main) = match opened {
        Opened::Code(digits) => (
            lang.t("family-elsewhere-title"),
            html! {
                p { (lang.t("family-elsewhere-what")) }
                // Read aloud as digits, not as a number.
                p class="secret" {
                    code aria-hidden="true" { (digits.get(..3).unwrap_or_default()) " " (digits.get(3..).unwrap_or_default()) }
                    span class="unseen" { (digits.chars().map(String::from).collect::<Vec<_>>().join(" ")) }
                }
                p class="hint" { (lang.t("family-elsewhere-warning")) }
            },
        ),
        Opened::Void => (
            lang.t("family-void-title"),
            html! {
                p { (lang.t("family-void-what")) }
                p { a class="button" href="/familia/entrar" { (lang.t("family-again")) } }
            },
        ),
    };
    let main = html! { main class="entry" { header class="page-head" { h1 { (title) } } (main) } };
    outside(lang, nonce, title, "/familia/entrar/enlace", &main)
}
