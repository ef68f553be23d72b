//! `/registro/miradas`: who looked at pupils' data, newest first. Holds no pupil's name; whoever may not see who works
//! here sees ids in place of names.

use super::log::{address, instant};
use super::people::role_words;
use super::{Visit, member_names, who};
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::pages::source::SourceError;
use crate::pages::view::{LookLine, Who};
use crate::permissions::{PARENT_READ, Permission};
use crate::problem::Problem;
use crate::session::{InSchool, Person};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use commands::looks::{SERVER, SERVER_RIGHT};
use domain::SchoolId;
use maud::{Markup, html};
use projections::looks;
use projections::roster::queries::{all_courses, school as found_school};
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 100;

/// Which page.
#[derive(Deserialize, Default)]
pub(super) struct Asked {
    antes: Option<i64>,
}

/// `GET /registro/miradas`.
pub(super) async fn get(
    State(state): State<AppState>,
    person: Person,
    school: Result<InSchool, Problem>,
    asked: Result<Query<Asked>, QueryRejection>,
    visit: Visit,
) -> Response {
    let Ok(InSchool(school)) = school else { return Redirect::to("/escuelas").into_response() };
    let before = asked.ok().and_then(|Query(asked)| asked.antes);
    match view(&state, &person, school, before).await {
        Ok(Some(view)) => visit.page(StatusCode::OK, |nonce| view.page(visit.lang, nonce)),
        Ok(None) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.source_error(&error),
    }
}

async fn view(
    state: &AppState,
    person: &Person,
    school: SchoolId,
    before: Option<i64>,
) -> Result<Option<LooksPage>, SourceError> {
    let mut tx = state.pools.request.begin(school).await?;
    let Some(found) = found_school(&mut tx).await? else { return Ok(None) };
    let looks = looks::newest(&mut tx, before, LINES).await?;
    let next = looks.last().filter(|_| i64::try_from(looks.len()).is_ok_and(|n| n == LINES)).map(|look| look.look_id);
    let of_courses = all_courses(&mut tx).await?.into_iter().map(|course| (course.course_id.0, course.name));
    let of_courses: HashMap<_, _> = of_courses.collect();
    drop(tx);
    let names = match person.may(Permission::PeopleRead, school) {
        true => member_names(state, school).await?,
        false => HashMap::new(),
    };
    let lines = looks.into_iter().map(|look| LookLine {
        at: look.looked_at,
        who: match look.who_id {
            // Nobody whom the program knows: the role says who it was.
            id if id.is_nil() => None,
            id => Some(names.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        },
        role: look.role,
        what: look.what,
        why: look.why,
        course: look.course_id.map(|id| of_courses.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        pupil: look.student_id,
    });
    Ok(Some(LooksPage {
        who: who(state, person).await,
        school: school.0,
        school_name: found.name,
        zone: found.settings.zone,
        lines: lines.collect(),
        before,
        next,
    }))
}

/// The page's values.
pub(in crate::pages) struct LooksPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: Uuid,
    /// What it is called.
    pub school_name: String,
    /// Its zone.
    pub zone: Tz,
    /// Newest first.
    pub lines: Vec<LookLine>,
    /// Where this page begins; none: the newest.
    pub before: Option<i64>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// What was looked at, in words.
pub(in crate::pages) fn what_words(what: &str, lang: Lang) -> String {
    lang.t(match what {
        "board" => key("look-board"),
        "pupils" => key("look-pupils"),
        "course" => key("look-course"),
        "audit" => key("look-audit"),
        "replay" => key("look-replay"),
        "own_pupil" => key("look-own-pupil"),
        "cases" => key("look-cases"),
        "case" => key("look-case"),
        "presence" => key("look-presence"),
        "report" => key("look-report"),
        "pupil" => key("look-pupil"),
        "document" => key("look-document"),
        "simulation" => key("look-simulation"),
        other => return other.to_owned(),
    })
}

/// By which right, in words.
fn right_words(why: &str, lang: Lang) -> String {
    lang.t(match why {
        "board.read" => key("right-board"),
        "pupils.read" => key("right-pupils"),
        "audit.read" => key("right-audit"),
        "audit.replay" => key("right-audit-replay"),
        "reports.read" => key("right-reports"),
        "broadcasts.send" => key("right-broadcasts"),
        "settings.write" => key("right-settings"),
        "no_show.read" => key("right-no-show"),
        "no_show.act" => key("right-no-show-act"),
        SERVER_RIGHT => key("right-server"),
        "entries.manual" => key("right-manual"),
        "roll_call.act" => key("right-roll-call"),
        PARENT_READ => key("right-own-pupil"),
        other => return other.to_owned(),
    })
}

/// `DIRECTOR,INSPECTOR` in words.
pub(in crate::pages) fn roles_words(roles: &str, lang: Lang) -> String {
    let words = roles.split(',').map(|role| match role.parse() {
        Ok(role) => role_words(role, lang),
        Err(_) if role == "GUARDIAN" => lang.t("role-guardian"),
        Err(_) if role == SERVER => lang.t("role-server"),
        Err(_) => role.to_owned(),
    });
    words.collect::<Vec<_>>().join(", ")
}

impl LooksPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="log" {
                a class="back" href={ "/registro?colegio=" (self.school) } { (icon("back")) (lang.t("looks-back")) }
                header class="page-head" { h1 { (lang.t("looks-title")) } p class="date" { (lang.t("looks-what")) } }
                @if self.lines.is_empty() { p class="hint" { (lang.t("looks-empty")) } }
                @else { ol class="rows card" { @for line in &self.lines { (row(line, self.zone, lang)) } } }
                @if let Some(next) = self.next {
                    p { a class="button" href=(address("/registro/miradas", self.school, Some(next))) { (lang.t("log-older")) } }
                }
            }
        };
        let page = Page {
            lang,
            nonce,
            title: lang.t("looks-title"),
            place: Place::Log,
            here: address("/registro/miradas", self.school, self.before),
            school: Some(&self.school_name),
            who: Some(&self.who),
            ages: false,
        };
        shell::page(&page, &main)
    }
}

fn row(line: &LookLine, zone: Tz, lang: Lang) -> Markup {
    html! {
        li class="row" {
            div {
                b { (what_words(&line.what, lang)) }
                @match (&line.course, line.pupil) {
                    (Some(course), _) => { " · " (course) }
                    (None, Some(pupil)) => { " · " (lang.f("looks-of-pupil", &[("id", (&pupil.to_string()).into())])) }
                    (None, None) => { " · " (lang.t("looks-of-school")) }
                }
                p {
                    @if let Some(who) = &line.who { (who) " · " }
                    (roles_words(&line.role, lang))
                }
                p class="hint" {
                    (instant(line.at, zone, lang))
                    " · " (lang.f("looks-why", &[("why", (&right_words(&line.why, lang)).into())]))
                }
            }
        }
    }
}
