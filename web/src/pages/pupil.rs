//! `/alumnos/{student_id}`: one pupil's day, and what an inspector does to it: an early leave, a justification, a
//! correction. `/solicitudes`: what waits for an answer, and barred adults who asked for a pupil.

mod acts;
mod facts;
mod forms;
mod post;
mod requests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub(super) use acts::event_words;
pub(super) use forms::{JUSTIFICATIONS, code, document as document_field, note};
pub(super) use post::{kept, said_with};
#[cfg(test)]
pub(super) use samples::sample_pages;

use super::asked::{Asked, asked_for, date_asked_for};
use super::icon::icon;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::staff::form;
use super::view::{ByHand, PersonName, Pupil, School, Who};
use super::{course, status, stream};
use crate::i18n::{Lang, key, times};
use crate::middleware::ShownDay;
use crate::permissions::Permission;
use crate::{AppState, documents};
use acts::Act;
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::StudentId;
use domain::attendance_day::Direction;
use domain::values::school_date;
use maud::{Markup, html};
use projections::roster::queries as roster;
use uuid::Uuid;

/// The pages of a pupil and of what waits.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/alumnos/{student_id}", get(show))
        .route("/alumnos/{student_id}/retiro", post(post::leave))
        .route("/alumnos/{student_id}/retiro/salio", post(post::gone))
        .route("/alumnos/{student_id}/retiro/anular", post(post::stays))
        .route("/alumnos/{student_id}/justificar", post(post::justify))
        .route("/alumnos/{student_id}/documento/{date}/{act_id}", get(document))
        .route("/alumnos/{student_id}/corregir", post(post::correct))
        .route("/solicitudes", get(requests::get))
        .route("/solicitudes/justificativo", post(post::decide))
        .route("/solicitudes/correccion", post(post::settle))
}

/// An adult who is linked to the pupil.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Adult {
    /// Which.
    pub id: Uuid,
    /// The name; none if it is erased or not known yet.
    pub name: Option<String>,
    /// Whether the adult may collect the pupil.
    pub may_collect: bool,
    /// Barred by a court or protection order.
    pub barred: bool,
    /// The register has the number of the adult's document.
    pub has_number: bool,
}

/// A passage of the day.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Passage {
    /// Which.
    pub id: Uuid,
    /// Which way.
    pub direction: Direction,
    /// When.
    pub at: DateTime<Utc>,
    /// It counts no more.
    pub withdrawn: bool,
}

/// The page's values.
pub(super) struct PupilPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The school day.
    pub date: NaiveDate,
    /// Whether it is today's.
    pub today: bool,
    /// The pupil with the day's status.
    pub pupil: Pupil,
    /// The course on that day: its id and name.
    pub course: Option<(Uuid, String)>,
    /// In the order of time.
    pub passages: Vec<Passage>,
    /// Those who may collect first.
    pub adults: Vec<Adult>,
    /// Oldest first.
    pub acts: Vec<Act>,
    /// Whether who looks may do something about it.
    pub may: bool,
    /// Whether who looks may set right what others recorded.
    pub corrects: bool,
    /// Whether documents are kept.
    pub documents: bool,
    /// Minted with the page: what one page sends is done once.
    pub sheet: Uuid,
    /// What was done.
    pub told: Option<Told>,
}

/// What was done, as the address of the page after it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    Authorised,
    Gone,
    Stays,
    Justified,
    Rejected,
    Requested,
    Corrected,
    Left,
    Barred,
    MayNot,
    Identity,
    OneIsOpen,
    Ended,
    Already,
    TooMany,
    NoPassage,
    Time,
    Note,
    NotEnrolled,
    NoAdult,
    NoDocument,
    TooLarge,
    NotKept,
}

impl Told {
    /// All of them, with their words in addresses and on the page.
    const ALL: [(Self, &'static str, &'static str); 23] = [
        (Self::Authorised, "autorizado", key("act-told-authorised")),
        (Self::Gone, "salio", key("act-told-gone")),
        (Self::Stays, "se-queda", key("act-told-stays")),
        (Self::Justified, "justificado", key("act-told-justified")),
        (Self::Rejected, "rechazado", key("act-told-rejected")),
        (Self::Requested, "solicitada", key("act-told-requested")),
        (Self::Corrected, "corregido", key("act-told-corrected")),
        (Self::Left, "sin-cambio", key("act-told-left")),
        (Self::Barred, "impedido", key("act-told-barred")),
        (Self::MayNot, "no-autorizado", key("act-told-may-not")),
        (Self::Identity, "identidad", key("act-told-identity")),
        (Self::OneIsOpen, "ya-hay-uno", key("act-told-one-is-open")),
        (Self::Ended, "ya-decidido", key("act-told-ended")),
        (Self::Already, "ya-justificado", key("act-told-already")),
        (Self::TooMany, "demasiados", key("act-told-too-many")),
        (Self::NoPassage, "sin-registro", key("act-told-no-passage")),
        (Self::Time, "hora", key("act-told-time")),
        (Self::Note, "nota", key("act-told-note")),
        (Self::NotEnrolled, "matricula", key("act-told-not-enrolled")),
        (Self::NoAdult, "persona", key("act-told-no-adult")),
        (Self::NoDocument, "archivo", key("document-unfit")),
        (Self::TooLarge, "archivo-grande", key("document-too-large")),
        (Self::NotKept, "no-guardado", key("document-not-kept")),
    ];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(told, ..)| *told == self).map_or("", |(_, word, _)| word)
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known, _)| *known == word).map(|(told, ..)| told)
    }

    fn is_refusal(self) -> bool {
        !matches!(
            self,
            Self::Authorised
                | Self::Gone
                | Self::Stays
                | Self::Justified
                | Self::Rejected
                | Self::Requested
                | Self::Corrected
                | Self::Left
        )
    }

    /// What is said above the page.
    pub(super) fn markup(told: Option<Self>, lang: Lang) -> Markup {
        let words =
            |told: Self| Self::ALL.into_iter().find(|(known, ..)| *known == told).map(|(.., text)| lang.t(text));
        match told {
            Some(told) if told.is_refusal() => form::wrong(&words(told).unwrap_or_default(), true),
            told => form::done(told.and_then(words)),
        }
    }
}

/// `GET /alumnos/{student_id}`.
async fn show(asked: Asked, Path(id): Path<String>, query: RawQuery) -> Response {
    let Ok(student) = id.parse().map(StudentId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match asked.pupil(student, date_asked_for(&query)).await {
        Ok(Some(view)) => {
            let mut page = asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce));
            page.extensions_mut().insert(ShownDay(view.date));
            page
        }
        Ok(None) if asked_for(&query, "colegio").is_none() => elsewhere(&asked, student).await,
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /alumnos/{student_id}/documento/{date}/{act_id}`: what a family handed in.
async fn document(asked: Asked, Path((student, date, act)): Path<(String, String, String)>) -> Response {
    let date = date.parse().ok().and_then(|date| school_date::date(date).ok());
    let (Some(date), Ok(student), Ok(act)) = (date, student.parse().map(StudentId), act.parse()) else {
        return asked.visit.failed(StatusCode::NOT_FOUND);
    };
    documents::answer(&asked.state, asked.school, (date, student), act)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// The pupil's page at another of the person's schools: one that was chosen in another tab since.
async fn elsewhere(asked: &Asked, student: StudentId) -> Response {
    let others = asked.person.roles.iter().map(|(school, _)| *school).filter(|school| *school != asked.school);
    for school in others.filter(|school| asked.person.may(Permission::PupilsRead, *school)) {
        let found = async {
            let mut tx = asked.state.pools.request.begin(school).await?;
            roster::student(&mut tx, student).await
        };
        match found.await {
            Ok(Some(_)) => return Redirect::to(&format!("/alumnos/{student}?colegio={school}")).into_response(),
            Ok(None) => {}
            Err(error) => return asked.visit.source_error(&error.into()),
        }
    }
    asked.visit.failed(StatusCode::NOT_FOUND)
}

impl PupilPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="kiosk-page pupil-page" {
                @if let Some((course, name)) = &self.course {
                    a class="back" href={ "/hoy/cursos/" (course) "?colegio=" (self.school.id) } { (icon("back")) (name) }
                }
                header class="page-head" {
                    h1 { (stream::full_name(&self.pupil.name, lang)) }
                    p class="date" { (times::long_date(self.date, lang)) }
                    @if self.who.may.contains(&Permission::RosterWrite) {
                        a href={ "/alumnos/" (self.pupil.id) "/ficha?colegio=" (self.school.id) } { (lang.t("file-open")) }
                    }
                    @if self.who.may.contains(&Permission::BroadcastsSend) {
                        a href={ "/comunicados/nuevo?colegio=" (self.school.id) "&alumno=" (self.pupil.id) } {
                            (lang.t("broadcast-to-this-family"))
                        }
                    }
                }
                (Told::markup(self.told, lang))
                (self.stands(lang))
                @if self.may {
                    @if self.today { (self.leave(lang)) }
                    (self.justification(lang))
                    (self.correction(lang))
                }
                (self.story(lang))
            }
        };
        let here = format!("/alumnos/{}?colegio={}&fecha={}", self.pupil.id, self.school.id, self.date);
        shell::page(
            &Page {
                lang,
                nonce,
                title: self.title(lang),
                place: Place::Pupil,
                here,
                school: Some(&self.school.name),
                who: Some(&self.who),
                ages: false,
            },
            &main,
        )
    }

    fn title(&self, lang: Lang) -> String {
        match &self.pupil.name {
            PersonName::Known { given, family } => format!("{given} {family}"),
            PersonName::Erased => lang.t("erased"),
            PersonName::Unknown => lang.t("name-unknown"),
        }
    }

    fn stands(&self, lang: Lang) -> Markup {
        let zone = self.school.zone;
        html! {
            section class="card" aria-labelledby="stands-title" {
                h2 id="stands-title" { (status::tag(self.pupil.status, lang)) }
                p { (course::fact(&self.pupil, zone, lang)) }
                ol class="reasons" { @for step in &self.pupil.derivation { li { (course::words(step, zone, lang)) } } }
                @let by_hand: &[ByHand] = &self.pupil.by_hand;
                @if !by_hand.is_empty() {
                    ul class="rows" { @for entry in by_hand { li class="row" { (course::by_hand_time(entry, zone, lang)) } } }
                }
            }
        }
    }
}
