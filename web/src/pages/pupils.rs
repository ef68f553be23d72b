//! `/alumnos`: looking a pupil up. `/matricula`: a new pupil. `/matricula/nomina`: the whole school's list as a file.
//! `/alumnos/{student_id}/ficha`: names, course, cards and adults of a pupil.

mod cards;
mod details;
mod enrol;
mod file;
mod find;
mod import;
mod post;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use samples::sample_pages;

use super::asked::Asked;
use super::respond::Nonce;
use super::shell::{self, Place};
use super::source::SourceError;
use super::staff::form;
use super::view::{School, Who};
use crate::AppState;
use crate::i18n::{Lang, key};
use axum::Router;
use axum::routing::{get, post as posted};
use chrono::NaiveDate;
use maud::{Markup, html};
use projections::live::board::grade;
use projections::roster::queries;
use uuid::Uuid;

/// The pages of the school's pupils.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/alumnos", get(find::get))
        .route("/matricula", get(enrol::get).post(enrol::post))
        .route("/matricula/nomina", get(import::get).post(import::post))
        .route("/alumnos/{student_id}/ficha", get(file::get))
        .route("/alumnos/{student_id}/ficha/datos", posted(details::pupil))
        .route("/alumnos/{student_id}/ficha/contacto", posted(details::guardian))
        .route("/alumnos/{student_id}/ficha/tarjeta", posted(cards::post))
        .route("/alumnos/{student_id}/ficha/curso", posted(post::course))
        .route("/alumnos/{student_id}/ficha/retirar", posted(post::withdraw))
        .route("/alumnos/{student_id}/ficha/apoderado", posted(post::guardian))
        .route("/alumnos/{student_id}/ficha/derechos", posted(post::rights))
}

/// What was done, as the address of the page after it says: its word, its text, whether it was refused.
const TOLD: [(&str, &str, bool); 23] = [
    ("matriculado", key("file-enrolled"), false),
    ("movido", key("file-moved"), false),
    ("retirado", key("file-withdrawn"), false),
    ("vinculado", key("file-linked"), false),
    ("conocido", key("file-linked-known"), false),
    ("cambiado", key("file-changed"), false),
    ("quitado", key("file-unlinked"), false),
    ("corregido", key("file-corrected"), false),
    ("contacto-cambiado", key("file-contact-changed"), false),
    ("tarjeta-nueva", key("file-card-new"), false),
    ("tarjeta-anulada", key("file-card-ended"), false),
    ("sin-cambio", key("file-same"), false),
    ("fecha", key("file-wrong-date"), true),
    ("curso", key("file-wrong-course"), true),
    ("ya-retirado", key("file-gone"), true),
    ("nombre", key("file-wrong-name"), true),
    ("run", key("file-wrong-run"), true),
    ("contacto", key("file-wrong-contact"), true),
    ("ya-vinculado", key("file-already-linked"), true),
    ("cambio-ajeno", key("file-changed-meanwhile"), true),
    ("run-ajeno", key("file-run-taken"), true),
    ("persona-ajena", key("file-person-taken"), true),
    ("tarjeta-ajena", key("file-card-taken"), true),
];

/// What was done, in words.
fn told(word: Option<&str>, lang: Lang) -> Markup {
    let found = TOLD.into_iter().find(|(known, ..)| Some(*known) == word);
    match found {
        Some((_, words, true)) => form::wrong(&lang.t(words), true),
        Some((_, words, false)) => form::done(Some(lang.t(words))),
        None => html! {},
    }
}

/// What is written here, in the server's own log.
const A_RECORD: &str = "a pupil's record";

/// A page of these.
fn frame(
    (who, school): (&Who, &School),
    title: String,
    path: &str,
    (lang, nonce): (Lang, &Nonce),
    main: &Markup,
) -> Markup {
    shell::of_school((who, school), Place::Pupils, title, format!("{path}?colegio={}", school.id), (lang, nonce), main)
}

/// The school with its open courses, lowest grade first.
struct Known {
    school: School,
    today: NaiveDate,
    courses: Vec<(Uuid, String)>,
}

impl Asked {
    async fn open_courses(&self) -> Result<Option<Known>, SourceError> {
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(found) = queries::school(&mut tx).await? else { return Ok(None) };
        let mut rows = queries::all_courses(&mut tx).await?;
        drop(tx);
        let zone = found.settings.zone;
        let today = self.state.clock.now().with_timezone(&zone).date_naive();
        rows.retain(|row| row.closed_from.is_none_or(|from| from > today));
        rows.sort_by_cached_key(|row| (row.year, grade(&row.level), row.letter.clone(), row.name.clone()));
        let several = rows.first().map(|row| row.year) != rows.last().map(|row| row.year);
        let name = |name: String, year: i32| if several { format!("{name} ({year})") } else { name };
        Ok(Some(Known {
            school: School { id: self.school.0, name: found.name, zone },
            today,
            courses: rows.into_iter().map(|row| (row.course_id.0, name(row.name, row.year))).collect(),
        }))
    }
}

/// The choice of one of these courses.
fn course_choice(
    courses: &[(Uuid, String)],
    chosen: Option<Uuid>,
    refused: Option<form::Refusal>,
    lang: Lang,
) -> Markup {
    let none = (String::new(), lang.t("file-choose"));
    let all: Vec<(String, String)> =
        std::iter::once(none).chain(courses.iter().map(|(id, name)| (id.to_string(), name.clone()))).collect();
    let chosen = chosen.map_or_else(String::new, |id| id.to_string());
    form::choice("curso", &lang.t("file-course"), &all, &chosen, true, refused, lang)
}
