//! What is changed about the people of a school. Each form asks for the password first. A link goes to its person's
//! mailbox; only where no letters leave, it is shown once.

use super::form::Refusal;
use super::people::{Typed, mailed, page, show, shown_once, told};
use super::{Visit, school_name, who};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::letters;
use crate::middleware::RequestId;
use crate::problem::Problem;
use crate::session::{InSchool, Person};
use axum::Form;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use commands::Context;
use commands::accounts::{AccountError, Invite, Link, Scope, StaffRole};
use commands::use_cases::Invalid;
use domain::{AccountId, SchoolId};
use maud::Markup;
use serde::Deserialize;
use uuid::Uuid;

/// A change in a person's name, within a school.
pub(super) struct Act {
    state: AppState,
    person: Person,
    school: SchoolId,
    visit: Visit,
    request: Uuid,
}

impl Act {
    async fn context(&self) -> Result<Context, AccountError> {
        Ok(self.person.context(&self.state.write, self.school, self.request).await?)
    }

    /// Back to the list, or the list with what was wrong.
    async fn answer(&self, done: Result<(), AccountError>) -> Response {
        self.answer_to(Typed::default(), done).await
    }

    /// The same, with the invitation as it was typed.
    async fn answer_to(&self, typed: Typed, done: Result<(), AccountError>) -> Response {
        let why = match done {
            Ok(()) => return Redirect::to(&format!("/personas?colegio={}", self.school)).into_response(),
            Err(error) => match refusal(&error) {
                Some(why) => why,
                None => return self.visit.account_error(&error),
            },
        };
        let Self { state, person, school, visit, .. } = self;
        show(state, person, *school, visit, StatusCode::UNPROCESSABLE_ENTITY, Some((why, typed))).await
    }

    /// Who is to see a link: the person alone, wherever letters leave.
    fn scope(&self) -> Scope {
        if self.state.config.mail.is_on() { Scope::Mailbox } else { Scope::School }
    }

    /// A link: sent to its person, or shown this once.
    async fn link(&self, account: AccountId, link: &Link) -> Response {
        if self.scope() == Scope::Mailbox {
            return match letters::send_link(&self.state, account, link).await {
                Ok(true) => self.show(|lang| mailed(self.school.0, lang)).await,
                Ok(false) => self.visit.failed(StatusCode::SERVICE_UNAVAILABLE),
                Err(error) => self.visit.account_error(&error),
            };
        }
        let url = letters::link_address(&self.state, link);
        self.show(|lang| shown_once(&url, self.school.0, lang)).await
    }

    /// A letter to whoever has to answer an invitation.
    async fn tell(&self, account: AccountId) -> Response {
        match letters::send_invitation(&self.state, account).await {
            Ok(true) => self.show(|lang| told(self.school.0, lang)).await,
            Ok(false) => self.visit.failed(StatusCode::SERVICE_UNAVAILABLE),
            Err(error) => self.visit.account_error(&error),
        }
    }

    async fn show(&self, main: impl FnOnce(Lang) -> Markup) -> Response {
        let who = who(&self.state, &self.person).await;
        let name = school_name(&self.state, self.school).await;
        let main = main(self.visit.lang);
        self.visit
            .page(StatusCode::OK, |nonce| page(&who, self.school.0, name.as_deref(), self.visit.lang, nonce, &main))
    }
}

/// A mistake of whoever asked, in words.
fn refusal(error: &AccountError) -> Option<Refusal> {
    use domain::account::Error;
    Some(Refusal::whole(match error {
        AccountError::Invalid(Invalid::Name) => return Some(Refusal::of(&["nombre"], key("people-invalid-name"))),
        AccountError::Invalid(Invalid::Mail) => return Some(Refusal::of(&["email"], key("field-email-wrong"))),
        AccountError::OfAnotherSchool => key("people-of-another-school"),
        AccountError::Unknown | AccountError::Refused(Error::NotMember) => key("people-not-a-member"),
        AccountError::Refused(Error::LastAdmin) => key("people-last-admin"),
        AccountError::Refused(Error::Pending) => key("people-has-not-answered"),
        AccountError::Refused(Error::AlreadyMember) => key("people-has-answered"),
        AccountError::Refused(Error::Disabled) => key("people-is-disabled"),
        AccountError::Refused(Error::WrongPurpose | Error::Erased) => key("people-cannot"),
        _ => return None,
    }))
}

impl FromRequestParts<AppState> for Act {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let person = Person::from_request_parts(parts, state).await?;
        let InSchool(school) = InSchool::from_request_parts(parts, state).await?;
        let Ok(visit) = Visit::from_request_parts(parts, state).await;
        let request = parts.extensions.get::<RequestId>().map_or_else(|| state.ids.next(), |id| id.0);
        Ok(Self { state: state.clone(), person, school, visit, request })
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Invitation {
    nombre: String,
    email: String,
    rol: String,
}

/// `POST /personas/invitar`.
pub(super) async fn invite(act: Act, Form(sent): Form<Invitation>) -> Response {
    let Ok(role) = sent.rol.parse::<StaffRole>() else { return act.visit.failed(StatusCode::UNPROCESSABLE_ENTITY) };
    let invited = async {
        let invite = Invite { email: sent.email.clone(), name: sent.nombre.clone(), role };
        act.state.accounts.invite_for(&act.context().await?, invite, act.scope()).await
    };
    match invited.await {
        Ok(invited) => match invited.link {
            Some(link) => act.link(invited.account_id, &link).await,
            None if invited.pending && act.scope() == Scope::Mailbox => act.tell(invited.account_id).await,
            None => act.answer(Ok(())).await,
        },
        Err(error) => {
            let typed = Typed { name: sent.nombre, email: sent.email, role: Some(role) };
            act.answer_to(typed, Err(error)).await
        }
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct RoleChange {
    cuenta: Uuid,
    rol: String,
    /// `dar` or `quitar`.
    que: String,
}

/// `POST /personas/rol`.
pub(super) async fn change_role(act: Act, Form(sent): Form<RoleChange>) -> Response {
    let grants = match sent.que.as_str() {
        "dar" => true,
        "quitar" => false,
        _ => return act.visit.failed(StatusCode::UNPROCESSABLE_ENTITY),
    };
    let Ok(role) = sent.rol.parse::<StaffRole>() else { return act.visit.failed(StatusCode::UNPROCESSABLE_ENTITY) };
    let changed = async {
        let (context, account) = (act.context().await?, AccountId(sent.cuenta));
        match grants {
            true => act.state.accounts.grant(&context, account, role).await,
            false => act.state.accounts.revoke(&context, account, role).await,
        }
    };
    act.answer(changed.await).await
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct StateChange {
    cuenta: Uuid,
    /// `suspender`, `reponer` or `sesiones`, which ends what is open; of whoever has not answered an invitation, `retirar`.
    que: String,
}

/// `POST /personas/estado`.
pub(super) async fn change_state(act: Act, Form(sent): Form<StateChange>) -> Response {
    if !["reponer", "suspender", "sesiones", "retirar"].contains(&sent.que.as_str()) {
        return act.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let changed = async {
        let (context, account) = (act.context().await?, AccountId(sent.cuenta));
        match sent.que.as_str() {
            "reponer" => act.state.accounts.enable(&context, account).await,
            "sesiones" => act.state.accounts.end_sessions(&context, account).await,
            "suspender" => act.state.accounts.disable(&context, account).await,
            _ => act.state.accounts.withdraw(&context, account).await,
        }
    };
    act.answer(changed.await).await
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct LinkWanted {
    cuenta: Uuid,
}

/// `POST /personas/enlace`.
pub(super) async fn new_link(act: Act, Form(sent): Form<LinkWanted>) -> Response {
    let account = AccountId(sent.cuenta);
    let made = async { act.state.accounts.reset(&act.context().await?, account, act.scope()).await };
    match made.await {
        Ok(link) => act.link(account, &link).await,
        Err(error) => act.answer(Err(error)).await,
    }
}

/// `POST /personas/factor`: takes everything beside the password away, of a person who lost it.
pub(super) async fn reset_factors(act: Act, Form(sent): Form<LinkWanted>) -> Response {
    let account = AccountId(sent.cuenta);
    let reset = async { act.state.accounts.reset_factors(&act.context().await?, account, Scope::School).await };
    let reset = reset.await;
    if matches!(reset, Ok(true)) {
        letters::tell_of_change(&act.state, account, key("letter-factors-reset"));
    }
    act.answer(reset.map(drop)).await
}
