//! `GET /alumnos?buscar=…`: pupils whose names hold every word that was typed, whatever its accents.

use super::super::asked::{Asked, asked_for};
use super::super::respond::Nonce;
use super::super::source::SourceError;
use super::super::staff::form::{self, Field};
use super::super::staff::who;
use super::super::stream::full_name;
use super::super::view::{PersonName, School, Who};
use super::frame;
use crate::i18n::Lang;
use crate::names::PersonName as Name;
use crate::pages::read_models::name;
use crate::permissions::Permission;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use commands::use_cases::fold;
use domain::StudentId;
use maud::{Markup, html};
use projections::roster::queries;
use std::collections::HashMap;

/// Most that are shown; whoever sees as many types more.
const SHOWN: usize = 50;
/// Longest text that is looked for, in characters.
const LONGEST: usize = 100;

/// A pupil that was found.
#[derive(Clone)]
pub(super) struct Found {
    pub id: StudentId,
    pub name: PersonName,
    /// The course's name; none of whoever is in none any more.
    pub course: Option<String>,
}

/// The page's values.
pub(super) struct FindPage {
    pub who: Who,
    pub school: School,
    /// As it was typed.
    pub typed: String,
    /// By name; none before anything was typed.
    pub found: Option<Vec<Found>>,
    /// Whether there are more than are shown.
    pub more: bool,
}

pub(super) async fn get(asked: Asked, query: RawQuery) -> Response {
    let typed = asked_for(&query, "buscar").unwrap_or_default();
    let typed: String = typed.trim().chars().take(LONGEST).collect();
    match asked.found(typed).await {
        Ok(Some(page)) => asked.visit.page(StatusCode::OK, |nonce| page.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

impl Asked {
    async fn found(&self, typed: String) -> Result<Option<FindPage>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(school) = queries::school(&mut tx).await? else { return Ok(None) };
        let today = self.state.clock.now().with_timezone(&school.settings.zone).date_naive();
        let courses: HashMap<_, _> =
            queries::all_courses(&mut tx).await?.into_iter().map(|course| (course.course_id, course.name)).collect();
        let words: Vec<String> = fold(&typed).split_whitespace().map(str::to_owned).collect();
        let names = self.state.names.of_school(self.school).await?;
        let mut hits: Vec<(String, StudentId)> = match words.is_empty() {
            true => Vec::new(),
            false => names.all().filter_map(|(id, known)| Some((matching(known, &words)?, id))).collect(),
        };
        hits.sort_unstable();
        let more = hits.len() > SHOWN;
        let mut found = Vec::new();
        for (_, id) in hits.into_iter().take(SHOWN) {
            let row = queries::student(&mut tx, id).await?;
            let withdrawn = row.as_ref().and_then(|row| row.withdrawn_from).is_some_and(|from| from <= today);
            let course = row.filter(|_| !withdrawn).and_then(|row| courses.get(&row.course_id).cloned());
            found.push(Found { id, name: name(&names, id), course });
        }
        drop(tx);
        Ok(Some(FindPage {
            who: who(&self.state, &self.person).await,
            school: School { id: self.school.0, name: school.name, zone: school.settings.zone },
            found: (!words.is_empty()).then_some(found),
            typed,
            more,
        }))
    }
}

/// What a name is sorted by, if it holds all words.
fn matching(name: &Name, words: &[String]) -> Option<String> {
    let Name::Known { given, family } = name else { return None };
    let whole = fold(&format!("{family} {given}"));
    words.iter().all(|word| whole.split_whitespace().any(|part| part.starts_with(word.as_str()))).then_some(whole)
}

impl FindPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let field = Field {
            name: "buscar",
            label: lang.t("find-label"),
            kind: "search",
            autocomplete: "off",
            value: &self.typed,
            hint: Some(lang.t("find-hint")),
        };
        let main = html! {
            main class="people" {
                header class="page-head" { h1 { (lang.t("find-title")) } }
                form class="form" method="get" action="/alumnos" {
                    (form::hidden("colegio", &self.school.id.to_string()))
                    (form::field(&field, None, lang))
                    (form::send(&lang.t("find-send")))
                }
                @if self.who.may.contains(&Permission::RosterWrite) {
                    p { a href={ "/matricula?colegio=" (self.school.id) } { (lang.t("admit-title")) } }
                    p { a href={ "/matricula/nomina?colegio=" (self.school.id) } { (lang.t("list-title")) } }
                }
                @if let Some(found) = &self.found { (self.list(found, lang)) }
            }
        };
        frame((&self.who, &self.school), lang.t("find-title"), "/alumnos", (lang, nonce), &main)
    }

    fn list(&self, found: &[Found], lang: Lang) -> Markup {
        html! {
            section class="card" aria-label=(lang.t("find-found")) {
                @if found.is_empty() { p { (lang.t("find-nobody")) } }
                ul class="rows" {
                    @for pupil in found {
                        li class="row" {
                            div {
                                a href={ "/alumnos/" (pupil.id) "?colegio=" (self.school.id) } { b { (full_name(&pupil.name, lang)) } }
                                p class="hint" {
                                    @match &pupil.course {
                                        Some(course) => (course),
                                        None => (lang.t("find-in-no-course")),
                                    }
                                }
                            }
                            @if self.who.may.contains(&Permission::RosterWrite) {
                                a class="button quiet" href={ "/alumnos/" (pupil.id) "/ficha?colegio=" (self.school.id) } {
                                    (lang.t("file-open")) span class="unseen" { ": " (full_name(&pupil.name, lang)) }
                                }
                            }
                        }
                    }
                }
                @if self.more { p class="hint" { (lang.t("find-more")) } }
            }
        }
    }
}
