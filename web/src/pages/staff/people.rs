//! `/personas`: who works in a school, with which roles. What changes anything asks for the password first.

use super::form::{self, Field, Refusal, field};
use super::{Visit, school_name, who};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::pages::view::{Awaited, Colleague, Who};
use crate::permissions::Permission;
use crate::problem::Problem;
use crate::session::{InSchool, Person};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::accounts::StaffRole;
use domain::SchoolId;
use maud::{Markup, html};
use uuid::Uuid;

/// `GET /personas`.
pub(super) async fn get(
    State(state): State<AppState>,
    person: Person,
    school: Result<InSchool, Problem>,
    visit: Visit,
) -> Response {
    let Ok(InSchool(school)) = school else { return Redirect::to("/escuelas").into_response() };
    show(&state, &person, school, &visit, StatusCode::OK, None).await
}

pub(super) async fn show(
    state: &AppState,
    person: &Person,
    school: SchoolId,
    visit: &Visit,
    status: StatusCode,
    refused: Option<(Refusal, Typed)>,
) -> Response {
    let members = match state.accounts.members(school).await {
        Ok(members) => members,
        Err(error) => return visit.account_error(&error),
    };
    let offered = match state.accounts.offered(school).await {
        Ok(offered) => offered,
        Err(error) => return visit.account_error(&error),
    };
    let awaited = offered.into_iter().map(|one| Awaited { id: one.account_id.0, email: one.email, roles: one.roles });
    let people = members.into_iter().map(|member| Colleague {
        id: member.account_id.0,
        name: member.name,
        email: member.email,
        roles: member.roles,
        activated: member.activated_at.is_some(),
        disabled: member.disabled_at.is_some(),
        has_second_factor: member.has_second_factor,
        this: member.account_id == person.account_id,
    });
    let (refused, typed) = refused.unzip();
    let view = PeoplePage {
        who: who(state, person).await,
        school: school.0,
        school_name: school_name(state, school).await,
        people: people.collect(),
        awaited: awaited.collect(),
        manages: person.may(Permission::PeopleManage, school),
        typed: typed.unwrap_or_default(),
        refused,
    };
    visit.page(status, |nonce| view.page(visit.lang, nonce))
}

/// The page's values.
pub(in crate::pages) struct PeoplePage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: Uuid,
    /// What it is called, if anybody can say.
    pub school_name: Option<String>,
    /// Its people.
    pub people: Vec<Colleague>,
    /// Whom it invited and who have not answered.
    pub awaited: Vec<Awaited>,
    /// Whether who looks may change anything.
    pub manages: bool,
    /// What the form of an invitation holds.
    pub typed: Typed,
    /// What was wrong.
    pub refused: Option<Refusal>,
}

/// An invitation as it was typed.
#[derive(Default)]
pub(in crate::pages) struct Typed {
    /// The person's name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The role.
    pub role: Option<StaffRole>,
}

/// Roles in words.
pub(super) fn role_words(role: StaffRole, lang: Lang) -> String {
    lang.t(match role {
        StaffRole::Admin => key("role-admin"),
        StaffRole::Director => key("role-director"),
        StaffRole::Inspector => key("role-inspector"),
        StaffRole::Auditor => key("role-auditor"),
        StaffRole::Owner => key("role-owner"),
    })
}

impl PeoplePage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="people" {
                header class="page-head" { h1 { (lang.t("nav-people")) } }
                (form::refused(self.refused, lang))
                ul class="rows card" {
                    @for person in &self.people { (self.row(person, lang)) }
                    @for person in &self.awaited { (self.waiting(person, lang)) }
                }
                @if self.manages { (self.invitation(lang)) }
            }
        };
        page(&self.who, self.school, self.school_name.as_deref(), lang, nonce, &main)
    }

    fn action(&self, path: &str) -> String {
        format!("/personas/{path}?colegio={}", self.school)
    }

    fn row(&self, person: &Colleague, lang: Lang) -> Markup {
        let roles: Vec<String> = person.roles.iter().map(|role| role_words(*role, lang)).collect();
        let name = person.name.clone().unwrap_or_else(|| lang.t("erased"));
        html! {
            li class="row" {
                div {
                    b { (name) }
                    @if let Some(email) = &person.email { p class="hint" { (email) } }
                    p { (roles.join(", ")) }
                    p class="hint" {
                        @if person.disabled { (lang.t("people-disabled")) }
                        @else if !person.activated { (lang.t("people-not-activated")) }
                        @else if person.has_second_factor { (lang.t("people-two-steps")) }
                    }
                }
                @if self.manages && !person.this {
                    details {
                        summary { (lang.f("people-change", &[("name", (&name).into())])) }
                        (self.changes(person, lang))
                    }
                }
            }
        }
    }

    /// Whoever has not answered: the address that was typed, and nothing of the account.
    fn waiting(&self, person: &Awaited, lang: Lang) -> Markup {
        let roles: Vec<String> = person.roles.iter().map(|role| role_words(*role, lang)).collect();
        html! {
            li class="row" {
                div {
                    b { (person.email.clone().unwrap_or_else(|| lang.t("erased"))) }
                    p { (roles.join(", ")) }
                    p class="hint" { (lang.t("people-pending")) }
                }
                @if self.manages { (self.one(person.id, "estado", Some("retirar"), key("people-withdraw"), lang)) }
            }
        }
    }

    /// A button that changes one thing about a person.
    fn one(&self, person: Uuid, path: &str, que: Option<&str>, label: &str, lang: Lang) -> Markup {
        html! {
            form method="post" action=(self.action(path)) {
                (form::hidden("cuenta", &person.to_string()))
                @if let Some(que) = que { (form::hidden("que", que)) }
                button class="quiet" type="submit" { (lang.t(label)) }
            }
        }
    }

    fn changes(&self, person: &Colleague, lang: Lang) -> Markup {
        let id = person.id.to_string();
        let one = |path: &str, que: Option<&str>, label: &str| self.one(person.id, path, que, label, lang);
        html! {
            div class="changes" {
                @if person.disabled { (one("estado", Some("reponer"), key("people-enable"))) }
                @else {
                    @for role in StaffRole::ALL {
                        @let held = person.roles.contains(&role);
                        form method="post" action=(self.action("rol")) {
                            (form::hidden("cuenta", &id))
                            (form::hidden("rol", role.as_str()))
                            (form::hidden("que", if held { "quitar" } else { "dar" }))
                            button class="quiet" type="submit" {
                                @let words = role_words(role, lang);
                                @if held { (lang.f("people-revoke", &[("role", (&words).into())])) }
                                @else { (lang.f("people-grant", &[("role", (&words).into())])) }
                            }
                        }
                    }
                    (one("enlace", None, key("people-new-link")))
                    @if person.has_second_factor { (one("factor", None, key("people-reset-factors"))) }
                    (one("estado", Some("sesiones"), key("people-end-sessions")))
                    (one("estado", Some("suspender"), key("people-disable")))
                }
            }
        }
    }

    fn invitation(&self, lang: Lang) -> Markup {
        html! {
            section class="card" aria-labelledby="invite-title" {
                h2 id="invite-title" { (lang.t("people-invite")) }
                form class="form" method="post" action=(self.action("invitar")) {
                    (field(&Field { name: "nombre", label: lang.t("field-name"), kind: "text", autocomplete: "off",
                        value: &self.typed.name, hint: None }, self.refused, lang))
                    (field(&Field { name: "email", label: lang.t("field-email"), kind: "email", autocomplete: "off",
                        value: &self.typed.email, hint: None }, self.refused, lang))
                    div class="field" {
                        label for="rol" { (lang.t("field-role")) }
                        select id="rol" name="rol" required {
                            @for role in [StaffRole::Inspector, StaffRole::Director, StaffRole::Auditor, StaffRole::Admin, StaffRole::Owner] {
                                option value=(role.as_str()) selected[self.typed.role == Some(role)] { (role_words(role, lang)) }
                            }
                        }
                    }
                    (form::send(&lang.t("people-invite-send")))
                }
            }
        }
    }
}

/// The one-time link.
pub(in crate::pages) fn shown_once(url: &str, school: Uuid, lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("link-title")) } }
            p { (lang.t("link-what")) }
            p class="secret" { code { (url) } }
            p { a class="button" href={ "/personas?colegio=" (school) } { (lang.t("link-back")) } }
        }
    }
}

/// The person has to answer, and was told so.
pub(in crate::pages) fn told(school: Uuid, lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("people-told-title")) } }
            p { (lang.t("people-told")) }
            p { a class="button" href={ "/personas?colegio=" (school) } { (lang.t("link-back")) } }
        }
    }
}

/// The one-time link is on its way to its person.
pub(in crate::pages) fn mailed(school: Uuid, lang: Lang) -> Markup {
    html! {
        main class="entry" {
            header class="page-head" { h1 { (lang.t("link-title")) } }
            p { (lang.t("link-mailed")) }
            p { a class="button" href={ "/personas?colegio=" (school) } { (lang.t("link-back")) } }
        }
    }
}

pub(in crate::pages) fn page(
    who: &Who,
    school: Uuid,
    school_name: Option<&str>,
    lang: Lang,
    nonce: &Nonce,
    main: &Markup,
) -> Markup {
    let page = Page {
        lang,
        nonce,
        title: lang.t("nav-people"),
        place: Place::People,
        here: format!("/personas?colegio={school}"),
        school: school_name,
        who: Some(who),
        ages: false,
    };
    shell::page(&page, main)
}
