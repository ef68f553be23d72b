//! `/registro`: what happened to the accounts of a school, newest first. Whoever may not see who works here sees
//! ids in place of names.

use super::{Visit, member_names, who};
use crate::AppState;
use crate::i18n::{Lang, key, times};
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::pages::source::SourceError;
use crate::pages::view::{LogLine, Who};
use crate::permissions::Permission;
use crate::problem::Problem;
use crate::session::{InSchool, Person};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::SchoolId;
use maud::{Markup, html};
use projections::audit::queries::{self, Filter, Order};
use projections::roster::rows::School;
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

/// `GET /registro`.
pub(super) async fn get(
    State(state): State<AppState>,
    person: Person,
    school: Result<InSchool, Problem>,
    asked: Result<Query<Asked>, QueryRejection>,
    visit: Visit,
) -> Response {
    let Ok(InSchool(school)) = school else { return Redirect::to("/escuelas").into_response() };
    let before = asked.ok().and_then(|Query(asked)| asked.antes);
    match lines(&state, &person, school, before, visit.lang).await {
        Ok(Some((found, lines, next))) => {
            let who = who(&state, &person).await;
            let (school_name, zone) = (found.name, found.settings.zone);
            let view = LogPage { who, school: school.0, school_name, zone, lines, before, next };
            visit.page(StatusCode::OK, |nonce| view.page(visit.lang, nonce))
        }
        Ok(None) => visit.failed(StatusCode::NOT_FOUND),
        Err(error) => visit.source_error(&error),
    }
}

type Lines = (School, Vec<LogLine>, Option<i64>);

async fn lines(
    state: &AppState,
    person: &Person,
    school: SchoolId,
    before: Option<i64>,
    lang: Lang,
) -> Result<Option<Lines>, SourceError> {
    let mut tx = state.pools.request.begin(school).await?;
    let Some(found) = projections::roster::queries::school(&mut tx).await? else { return Ok(None) };
    let filter = Filter { aggregate_type: Some("account".to_owned()), ..Filter::default() };
    let page = queries::entries(&mut tx, &filter, Order::NewestFirst, before, LINES).await?;
    drop(tx);
    let names = match person.may(Permission::PeopleRead, school) {
        true => member_names(state, school).await?,
        false => HashMap::new(),
    };
    let called = |id: Uuid| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let lines = page.entries.into_iter().map(|entry| {
        let about = entry.stream.rsplit('/').next().and_then(|id| id.parse().ok()).map(called).unwrap_or_default();
        let by = match entry.actor.split_once(':') {
            Some(("user", id)) => id.parse().ok().map(called),
            Some(("cli", _)) => Some(lang.t("log-actor-cli")),
            Some(("system", _)) => Some(lang.t("log-actor-system")),
            _ => None,
        };
        LogLine { at: entry.recorded_at, event: entry.event_type, about, by: by.unwrap_or(entry.actor) }
    });
    Ok(Some((found, lines.collect(), page.next)))
}

/// The page's values.
pub(in crate::pages) struct LogPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: Uuid,
    /// What it is called.
    pub school_name: String,
    /// Its zone.
    pub zone: Tz,
    /// Newest first.
    pub lines: Vec<LogLine>,
    /// Where this page begins; none: the newest.
    pub before: Option<i64>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// The words of an event, for as many as are known.
fn words(event: &str, lang: Lang) -> String {
    lang.t(match event {
        "invited" => key("log-invited"),
        "membership_offered" => key("log-membership-offered"),
        "membership_accepted" => key("log-membership-accepted"),
        "membership_declined" => key("log-membership-declined"),
        "membership_withdrawn" => key("log-membership-withdrawn"),
        "link_issued" => key("log-link-issued"),
        "activated" => key("log-activated"),
        "role_granted" => key("log-role-granted"),
        "role_revoked" => key("log-role-revoked"),
        "disabled" => key("log-disabled"),
        "enabled" => key("log-enabled"),
        "credential_changed" => key("log-credential-changed"),
        "credential_removed" => key("log-credential-removed"),
        "signed_in" => key("log-signed-in"),
        "session_ended" => key("log-session-ended"),
        "throttled" => key("log-throttled"),
        "refresh_reuse_detected" => key("log-refresh-reuse-detected"),
        "passkey_copy_suspected" => key("log-passkey-copy-suspected"),
        "erased" => key("log-erased"),
        other => return other.to_owned(),
    })
}

impl LogPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="log" {
                header class="page-head" { h1 { (lang.t("nav-log")) } p class="date" { (lang.t("log-what")) } }
                p { a href={ "/registro/miradas?colegio=" (self.school) } { (lang.t("looks-title")) } }
                @if self.who.may(Permission::AuditReplay) {
                    p { a href={ "/auditoria?colegio=" (self.school) } { (lang.t("replay-title")) } }
                }
                @if self.lines.is_empty() { p class="hint" { (lang.t("log-empty")) } }
                @else {
                    ol class="rows card" { @for line in &self.lines { (row(line, self.zone, lang)) } }
                }
                @if let Some(next) = self.next {
                    p { a class="button" href=(address("/registro", self.school, Some(next))) { (lang.t("log-older")) } }
                }
            }
        };
        let page = Page {
            lang,
            nonce,
            title: lang.t("nav-log"),
            place: Place::Log,
            here: address("/registro", self.school, self.before),
            school: Some(&self.school_name),
            who: Some(&self.who),
            ages: false,
        };
        shell::page(&page, &main)
    }
}

/// A page of a list.
pub(super) fn address(path: &str, school: Uuid, before: Option<i64>) -> String {
    let before = before.map_or_else(String::new, |before| format!("&antes={before}"));
    format!("{path}?colegio={school}{before}")
}

/// An instant in a list: its day in words, with the year, and its second.
pub(in crate::pages) fn instant(at: DateTime<Utc>, zone: Tz, lang: Lang) -> Markup {
    let day = at.with_timezone(&zone).date_naive();
    html! {
        time datetime=(times::machine(at, zone)) { (times::full_date(day, lang)) ", " (times::clock_seconds(at, zone)) }
    }
}

fn row(line: &LogLine, zone: Tz, lang: Lang) -> Markup {
    html! {
        li class="row" {
            div {
                b { (words(&line.event, lang)) }
                p { (line.about) @if line.by != line.about { " · " (lang.f("log-by", &[("who", (&line.by).into())])) } }
                p class="hint" { (instant(line.at, zone, lang)) }
            }
        }
    }
}
