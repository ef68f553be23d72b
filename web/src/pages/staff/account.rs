//! `/cuenta`: what a person has here: the other pages, their sessions, their password, their second factor.

use super::form::{self, Field, Refusal, field};
use super::{Visit, invitations, note, passkeys, programs, who};
use crate::AppState;
use crate::i18n::{Lang, key, times};
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::pages::view::{OwnInvitation, OwnPasskey, OwnProgram, OwnSession, Who};
use crate::permissions::Permission;
use crate::session::{Ended, Person};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::{AccountError, AccountFact, SessionEnd};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

/// `GET /cuenta`.
pub(super) async fn get(State(state): State<AppState>, person: Person, visit: Visit) -> Response {
    let done = match visit.notice.as_deref() {
        Some("clave") => Some(key("account-password-changed")),
        Some("codigo") => Some(key("account-totp-set")),
        Some("sin-codigo") => Some(key("account-totp-removed")),
        Some("llave") => Some(key("account-passkey-added")),
        Some("sin-llave") => Some(key("account-passkey-removed")),
        Some("sesiones") => Some(key("account-sessions-ended")),
        Some("programas") => Some(key("account-programs-ended")),
        Some("aceptada") => Some(key("invitation-accepted")),
        Some("rechazada") => Some(key("invitation-declined")),
        _ => None,
    };
    show(&state, &person, &visit, StatusCode::OK, Said { done, refused: None }).await
}

/// What the page says above all.
#[derive(Clone, Copy, Default)]
pub(super) struct Said {
    pub(super) done: Option<&'static str>,
    pub(super) refused: Option<Refusal>,
}

/// The page, with what was done or refused.
pub(super) async fn show(state: &AppState, person: &Person, visit: &Visit, status: StatusCode, said: Said) -> Response {
    let made = async {
        let found = state.accounts.person(person.account_id).await?;
        let sessions =
            state.sessions.list(person.account_id).await.map_err(|error| AccountError::Store(error.into()))?;
        let programs = state.tokens.list(person.account_id).await.map_err(|error| AccountError::Store(error.into()))?;
        let own = state.accounts.passkeys(person.account_id).await?;
        let now = state.clock.of_people();
        let sessions = sessions.into_iter().map(|session| OwnSession {
            id: session.session_id,
            device: session.device,
            network: session.network,
            begun: session.created_at,
            minutes_ago: (now - session.last_seen_at).num_minutes().max(0),
            this: session.session_id == person.session_id,
        });
        let view = AccountPage {
            who: Who::of(person, found.name),
            email: found.email,
            invitations: invitations::of(state, person).await?,
            has_totp: found.has_totp,
            passkeys: state
                .accounts
                .relying_party()
                .map(|_| own.into_iter().map(|key| passkeys::passkey(key, now)).collect()),
            sessions: sessions.collect(),
            programs: programs.into_iter().map(|family| programs::program(family, now)).collect(),
            said,
        };
        Ok(visit.page(status, |nonce| view.page(visit.lang, nonce)))
    };
    made.await.unwrap_or_else(|error: AccountError| visit.account_error(&error))
}

/// What the form sends: a session's name, or `otras`.
#[derive(Deserialize)]
pub(super) struct Which {
    sesion: String,
}

/// `POST /cuenta/sesiones`: ends one of the person's own sessions, or all others.
pub(super) async fn end_sessions(
    State(state): State<AppState>,
    person: Person,
    visit: Visit,
    Form(which): Form<Which>,
) -> Response {
    let account = person.account_id;
    let ended = if which.sesion == "otras" {
        state.sessions.end_others(account, Some(person.session_id), Ended::ByPerson).await
    } else {
        let Ok(id) = which.sesion.parse::<Uuid>() else { return visit.failed(StatusCode::NOT_FOUND) };
        match state.sessions.end(account, id, Ended::ByPerson).await {
            Ok(false) => return visit.failed(StatusCode::NOT_FOUND),
            Ok(true) => Ok(1),
            Err(error) => Err(error),
        }
    };
    match ended {
        Ok(0) => Redirect::to("/cuenta").into_response(),
        Ok(_) => {
            note(&state, account, AccountFact::SessionEnded(SessionEnd::EndedByPerson));
            Redirect::to("/cuenta?aviso=sesiones").into_response()
        }
        Err(error) => visit.store_error(error),
    }
}

/// A page of one's own account with something else on it.
pub(super) async fn framed(
    state: &AppState,
    person: &Person,
    visit: &Visit,
    status: StatusCode,
    title: &'static str,
    here: &'static str,
    main: Markup,
) -> Response {
    let who = who(state, person).await;
    visit.page(status, |nonce| page(&who, visit.lang, nonce, title, here, &main))
}

pub(super) fn page(who: &Who, lang: Lang, nonce: &Nonce, title: &str, here: &str, main: &Markup) -> Markup {
    let page = Page {
        lang,
        nonce,
        title: lang.t(title),
        place: Place::Account,
        here: here.to_owned(),
        school: None,
        who: Some(who),
        ages: false,
    };
    shell::page(&page, main)
}

/// The page's values.
pub(in crate::pages) struct AccountPage {
    /// Whose.
    pub who: Who,
    /// The address; none once erased.
    pub email: Option<String>,
    /// The schools that wait for an answer.
    pub invitations: Vec<OwnInvitation>,
    /// Whether a code is asked for at signing in.
    pub has_totp: bool,
    /// The passkeys; none where there can be none.
    pub passkeys: Option<Vec<OwnPasskey>>,
    /// The open sessions.
    pub sessions: Vec<OwnSession>,
    /// The programs that act for the person.
    pub programs: Vec<OwnProgram>,
    said: Said,
}

impl AccountPage {
    #[cfg(test)]
    pub(in crate::pages) fn sample(who: Who, email: String, sessions: Vec<OwnSession>, has_totp: bool) -> Self {
        let programs = sessions.iter().map(programs::sample).collect();
        let passkey = |session: &OwnSession| OwnPasskey {
            id: session.id,
            name: session.device.clone(),
            used_days_ago: Some(session.minutes_ago).filter(|days| *days > 0),
        };
        let passkeys = Some(sessions.iter().map(passkey).collect());
        let said = Said {
            done: Some(key("account-password-changed")),
            refused: Some(Refusal::of(&["nueva"], key("password-too-short"))),
        };
        let invitation = |session: &OwnSession| OwnInvitation {
            school: session.id,
            name: Some(session.device.clone()).filter(|name| !name.is_empty()),
            roles: commands::accounts::StaffRole::ALL.into(),
        };
        let invitations = sessions.iter().map(invitation).collect();
        Self { who, email: Some(email), invitations, has_totp, passkeys, sessions, programs, said }
    }

    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="account" {
                header class="page-head" {
                    h1 { (self.who.name.as_deref().unwrap_or(&lang.t("nav-account"))) }
                    @if let Some(email) = &self.email { p class="date" { (email) } }
                }
                (form::done(self.said.done.map(|done| lang.t(done))))
                (form::refused(self.said.refused, lang))
                (invitations::section(&self.invitations, lang))
                (passkeys::section(self.passkeys.as_deref(), lang))
                (second_factor(self.has_totp, lang))
                (password(self.said.refused, lang))
                (sessions(&self.sessions, lang))
                (programs::section(&self.programs, lang))
                form method="post" action="/salir" { (form::send(&lang.t("sign-out"))) }
                ul class="ways" {
                    @if self.who.may(Permission::BoardRead) {
                        li { a class="card" href="/hoy/muro" { (icon("wall")) b { (lang.t("nav-wall")) } (icon("next")) } }
                        @if self.who.may(Permission::ManualEntry) {
                            li { a class="card" href="/solicitudes" { (icon("inbox")) b { (lang.t("nav-requests")) } (icon("next")) } }
                        }
                        li { a class="card" href="/kioscos" { (icon("gate")) b { (lang.t("nav-kiosks")) } (icon("next")) } }
                        @if self.who.may(Permission::ReportsRead) {
                            li { a class="card" href="/informes" { (icon("reports")) b { (lang.t("nav-reports")) } (icon("next")) } }
                        }
                        @if self.who.may(Permission::BroadcastsSend) {
                            li { a class="card" href="/comunicados" { (icon("mail")) b { (lang.t("nav-broadcasts")) } (icon("next")) } }
                        }
                        @if self.who.may(Permission::SettingsWrite) {
                            li { a class="card" href="/ajustes" { (icon("settings")) b { (lang.t("nav-settings")) } (icon("next")) } }
                        }
                        @if self.who.may(Permission::PeopleRead) {
                            li { a class="card" href="/personas" { (icon("people")) b { (lang.t("nav-people")) } (icon("next")) } }
                        }
                        @if self.who.may(Permission::AuditRead) {
                            li { a class="card" href="/registro" { (icon("log")) b { (lang.t("nav-log")) } (icon("next")) } }
                        }
                    }
                    @for other in Lang::ALL.into_iter().filter(|other| *other != lang) {
                        li {
                            a class="card" href={ "/cuenta?lang=" (other.code()) } lang=(other.tag()) hreflang=(other.tag()) {
                                (icon("language")) b { (other.own_name()) } (icon("next"))
                            }
                        }
                    }
                }
            }
        };
        page(&self.who, lang, nonce, key("nav-account"), "/cuenta", &main)
    }
}

fn sessions(sessions: &[OwnSession], lang: Lang) -> Markup {
    html! {
        section class="card" aria-labelledby="sessions-title" {
            h2 id="sessions-title" { (lang.t("sessions-title")) }
            ul class="rows" {
                @for session in sessions {
                    li class="row" {
                        div {
                            b { @if session.device.is_empty() { (lang.t("session-device-unknown")) } @else { (session.device) } }
                            p class="hint" {
                                @if session.this { (lang.t("session-this")) }
                                @else { (lang.f("session-last-seen", &[("ago", (&times::ago_minutes(session.minutes_ago, lang)).into())])) }
                                @if !session.network.is_empty() { " · " (session.network) }
                            }
                        }
                        @if !session.this {
                            form method="post" action="/cuenta/sesiones" {
                                (form::hidden("sesion", &session.id.to_string()))
                                button class="quiet" type="submit" { (lang.t("session-end")) }
                            }
                        }
                    }
                }
            }
            @if sessions.len() > 1 {
                form method="post" action="/cuenta/sesiones" {
                    (form::hidden("sesion", "otras"))
                    button class="quiet" type="submit" { (lang.t("session-end-others")) }
                }
            }
        }
    }
}

fn password(refused: Option<Refusal>, lang: Lang) -> Markup {
    let of = |name, label, autocomplete, hint| {
        field(&Field { name, label, kind: "password", autocomplete, value: "", hint }, refused, lang)
    };
    html! {
        section class="card" aria-labelledby="password-title" {
            h2 id="password-title" { (lang.t("password-title")) }
            form class="form" method="post" action="/cuenta/clave" {
                (of("actual", lang.t("field-current-password"), "current-password", None))
                (of("nueva", lang.t("field-new-password"), "new-password", Some(form::password_hint(lang))))
                (of("repetida", lang.t("field-repeat-password"), "new-password", None))
                p class="hint" { (lang.t("password-ends-sessions")) }
                (form::send(&lang.t("password-send")))
            }
        }
    }
}

fn second_factor(has: bool, lang: Lang) -> Markup {
    html! {
        section class="card" aria-labelledby="totp-title" {
            h2 id="totp-title" { (lang.t("totp-title")) }
            @if has {
                p { (lang.t("totp-on")) }
                form method="post" action="/cuenta/codigo/quitar" {
                    button class="quiet" type="submit" { (lang.t("totp-remove")) }
                }
            } @else {
                p { (lang.t("totp-off")) }
                p { a class="button" href="/cuenta/codigo" { (lang.t("totp-begin")) } }
            }
        }
    }
}
