//! The schools that wait for a person's answer, on `/cuenta`: which there are, accepting and declining. Until then they
//! give the person nothing, and take nothing from the schools that the person has.

use super::credentials::renewed;
use super::form;
use super::people::role_words;
use super::{Visit, school_name};
use crate::AppState;
use crate::i18n::Lang;
use crate::pages::view::OwnInvitation;
use crate::session::Person;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::AccountError;
use domain::SchoolId;
use domain::account::Error;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Answer {
    escuela: Uuid,
    /// `aceptar` or `rechazar`.
    que: String,
}

/// `POST /cuenta/invitaciones`.
pub(super) async fn answer(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(sent): Form<Answer>,
) -> Response {
    let (account, school) = (person.account_id, SchoolId(sent.escuela));
    let accepts = match sent.que.as_str() {
        "aceptar" => true,
        "rechazar" => false,
        _ => return visit.failed(StatusCode::UNPROCESSABLE_ENTITY),
    };
    let answered = match accepts {
        true => state.accounts.accept(account, school).await,
        false => state.accounts.decline(account, school).await,
    };
    match answered {
        Ok(()) if accepts => accepted(&state, &person, &visit).await,
        Ok(()) => Redirect::to("/cuenta?aviso=rechazada").into_response(),
        // Taken back or answered meanwhile, or nobody asked: the page says what there is.
        Err(AccountError::Refused(Error::NotMember | Error::AlreadyMember)) => Redirect::to("/cuenta").into_response(),
        Err(error) => visit.account_error(&error),
    }
}

/// Other rights are another session; whoever needs more than a password for them comes in anew, and is led to it.
async fn accepted(state: &AppState, person: &Person, visit: &Visit) -> Response {
    match visit.must_enrol(state, person.account_id).await {
        Ok(true) => Redirect::to("/entrar?volver=%2Fcuenta").into_response(),
        Ok(false) => renewed(state, person, visit, "/cuenta?aviso=aceptada").await,
        Err(error) => visit.account_error(&error),
    }
}

/// What waits for an account's answer, with the schools' names.
pub(super) async fn of(state: &AppState, person: &Person) -> Result<Vec<OwnInvitation>, AccountError> {
    let mut all = Vec::new();
    for offer in state.accounts.offers(person.account_id).await? {
        let name = school_name(state, offer.school).await;
        all.push(OwnInvitation { school: offer.school.0, name, roles: offer.roles });
    }
    Ok(all)
}

/// The part of the page; nothing where nobody waits.
pub(super) fn section(invitations: &[OwnInvitation], lang: Lang) -> Markup {
    let button = |invitation: &OwnInvitation, que: &str, class: &str, label: &str| {
        html! {
            form method="post" action="/cuenta/invitaciones" {
                (form::hidden("escuela", &invitation.school.to_string()))
                (form::hidden("que", que))
                button class=(class) type="submit" { (label) }
            }
        }
    };
    html! {
        @if !invitations.is_empty() {
            section class="card" aria-labelledby="invitations-title" {
                h2 id="invitations-title" { (lang.t("invitations-title")) }
                p { (lang.t("invitations-what")) }
                ul class="rows" {
                    @for invitation in invitations {
                        @let roles: Vec<_> = invitation.roles.iter().map(|role| role_words(*role, lang)).collect();
                        @let name = invitation.name.clone().unwrap_or_else(|| invitation.school.to_string());
                        li class="row" {
                            div {
                                b { (name) }
                                p { (roles.join(", ")) }
                            }
                            div class="changes" {
                                (button(invitation, "aceptar", "button", &lang.f("invitation-accept", &[("school", (&name).into())])))
                                (button(invitation, "rechazar", "quiet", &lang.f("invitation-decline", &[("school", (&name).into())])))
                            }
                        }
                    }
                }
            }
        }
    }
}
