//! `/hoy/presentes`: who is inside now, and the roll call of an evacuation or a drill. A phone first: each mark is one
//! tap. `web/assets/rollcall.js` keeps marks on the phone while the server cannot be reached, and sends them later by
//! the API; without scripts every button is a plain form. The page fetches itself again every five seconds.

mod ended;
mod list;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub(super) use ended::EndedPage;
pub(super) use list::PresencePage;
#[cfg(test)]
pub(super) use samples::sample_pages;

use super::asked::Asked;
use super::read_models::{freshness_and_gates, name};
use super::source::SourceError;
use super::staff::who;
use super::view::{PersonName, School};
use crate::AppState;
use crate::api::roll_call::behind_after;
use crate::middleware::ShownDay;
use crate::names::SchoolNames;
use crate::permissions::Permission;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use chrono::{DateTime, Utc};
use commands::use_cases::UseCaseError;
use commands::{Done, roll_call};
use domain::StudentId;
use domain::roll_call::{Key, Mark, Reason};
use domain::values::school_date;
use projections::ReadModel;
use projections::audit::replay::ReplayError;
use projections::live::facts::Course;
use projections::live::presence::{self, Place, PupilHere, Tally};
use projections::live::roll_call::{RollCall, queries};
use projections::roster;
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

/// The page and what it sends.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/hoy/presentes", get(show))
        .route("/hoy/presentes/comenzar", post(start))
        .route("/hoy/presentes/marcar", post(mark))
        .route("/hoy/presentes/terminar", post(end))
        .route("/hoy/presentes/{date}/{roll_call_id}", get(result))
}

/// A pupil to be looked for, or found.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Person {
    /// The pupil.
    pub id: Uuid,
    /// The name.
    pub name: PersonName,
    /// Where the gates have them.
    pub place: Place,
    /// When somebody said that they are safe.
    pub safe: Option<DateTime<Utc>>,
}

/// A course's.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Group {
    /// The course; none of those who are in none today.
    pub course: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// By name.
    pub people: Vec<Person>,
    /// How many are where.
    pub tally: Tally,
}

/// A roll call.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Call {
    /// Which.
    pub key: Key,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// Until when, if it is over.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Call {
    fn of(call: &RollCall) -> Self {
        Self { key: call.key(), reason: call.reason, started_at: call.started_at, ended_at: call.ended_at }
    }

    /// As forms and the script name it.
    fn named(&self) -> String {
        format!("{}/{}", self.key.date, self.key.id)
    }
}

/// Why nothing was done, as the address of the page after it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// The pupil is none of the school.
    UnknownStudent,
    /// There is no such roll call, or it does not begin again.
    NoRollCall,
    /// Others marked at every try.
    KeptChanging,
}

impl Told {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::UnknownStudent, Self::NoRollCall, Self::KeptChanging];

    /// Its word in addresses.
    fn word(self) -> &'static str {
        match self {
            Self::UnknownStudent => "alumno",
            Self::NoRollCall => "pase",
            Self::KeptChanging => "cambiaba",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|told| told.word() == word)
    }
}

/// `GET /hoy/presentes`.
async fn show(asked: Asked, query: RawQuery) -> Response {
    let pairs = form_urlencoded::parse(query.0.as_deref().unwrap_or_default().as_bytes());
    let course = pairs.into_iter().find(|(key, _)| key == "curso").and_then(|(_, id)| id.parse::<Uuid>().ok());
    match asked.presence(course).await {
        Ok(Some(view)) => asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// What the forms send.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Sent {
    /// `simulacro` or `evacuacion`.
    motivo: String,
    /// The roll call: its date, a slash, its id.
    pase: String,
    /// The pupil who is safe, or none.
    salvo: String,
    /// The pupil of whom that is taken back, or none.
    deshacer: String,
    /// The course that the page shows alone.
    curso: String,
}

impl Sent {
    fn key(&self) -> Option<Key> {
        let (date, id) = self.pase.split_once('/')?;
        Some(Key { date: school_date::date(date.parse().ok()?).ok()?, id: id.parse().ok()? })
    }
}

/// `POST /hoy/presentes/comenzar`.
async fn start(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let reason = match sent.motivo.as_str() {
        "simulacro" => Reason::Drill,
        "evacuacion" => Reason::Evacuation,
        _ => return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY),
    };
    let done = match asked.context().await {
        Ok(context) => roll_call::start(&asked.state.write, &context, reason).await,
        Err(error) => Err(error),
    };
    asked.after(&sent, done).await
}

/// `POST /hoy/presentes/marcar`.
async fn mark(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let (safe, pupil) = if sent.deshacer.is_empty() { (true, &sent.salvo) } else { (false, &sent.deshacer) };
    let (Some(key), Ok(student)) = (sent.key(), pupil.parse::<Uuid>()) else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let mark = Mark { student_id: StudentId(student), safe, at: asked.state.clock.now() };
    let done = match asked.context().await {
        Ok(context) => roll_call::mark(&asked.state.write, &context, key, vec![mark]).await,
        Err(error) => Err(error),
    };
    asked.after(&sent, done).await
}

/// `POST /hoy/presentes/terminar`.
async fn end(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let Some(key) = sent.key() else { return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY) };
    let done = match asked.context().await {
        Ok(context) => roll_call::end(&asked.state.write, &context, key).await,
        Err(error) => Err(error),
    };
    match done {
        // To whom it left to be found.
        Ok(done) => {
            asked.wait_for(ReadModel::Live, done).await;
            let to = format!("/hoy/presentes/{}/{}?colegio={}", key.date, key.id, asked.school);
            Redirect::to(&to).into_response()
        }
        refused => asked.after(&sent, refused).await,
    }
}

/// `GET /hoy/presentes/{date}/{roll_call_id}`: whom a roll call left to be found.
async fn result(asked: Asked, Path((date, id)): Path<(String, String)>) -> Response {
    let date = date.parse().ok().and_then(|date| school_date::date(date).ok());
    let (Some(date), Ok(id)) = (date, id.parse()) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match asked.ended(Key { date, id }).await {
        Ok(Some(view)) if view.call.ended_at.is_none() => {
            Redirect::to(&format!("/hoy/presentes?colegio={}", asked.school)).into_response()
        }
        Ok(Some(view)) => {
            let mut page = asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce));
            page.extensions_mut().insert(ShownDay(date));
            page
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

impl Asked {
    /// Back to the page, once it shows what was done.
    async fn after(&self, sent: &Sent, done: Result<Done, UseCaseError>) -> Response {
        let told = match done {
            Ok(done) => {
                self.wait_for(ReadModel::Live, done).await;
                None
            }
            Err(UseCaseError::UnknownStudent) => Some(Told::UnknownStudent),
            Err(UseCaseError::RollCall(_)) => Some(Told::NoRollCall),
            Err(UseCaseError::Conflict) => Some(Told::KeptChanging),
            Err(error) if error.is_temporary() => {
                return self.visit.source_error(&SourceError::Unavailable(error.into()));
            }
            Err(error) => return self.visit.source_error(&SourceError::Internal(error.into())),
        };
        let course = sent.curso.parse::<Uuid>().map_or_else(|_| String::new(), |id| format!("&curso={id}"));
        let told = told.map_or_else(String::new, |told| format!("&aviso={}", told.word()));
        Redirect::to(&format!("/hoy/presentes?colegio={}{course}{told}", self.school)).into_response()
    }

    /// Who is inside; none if the roster does not know the school.
    async fn presence(&self, course: Option<Uuid>) -> Result<Option<PresencePage>, SourceError> {
        let (state, school) = (&self.state, self.school);
        let found = roster::queries::school(&mut state.pools.request.begin(school).await?).await?;
        let Some(found) = found else { return Ok(None) };
        let now = state.clock.now();
        let date = now.with_timezone(&found.settings.zone).date_naive();
        // The figures' age and the gates are the board's, which somebody mostly looks at already.
        let Some((freshness, gates)) = freshness_and_gates(state, school).await? else { return Ok(None) };
        let behind_after = behind_after(state.clock.rate());
        let mut tx = state.pools.request.snapshot(school).await?;
        let Some(mut here) = presence::load(&mut tx, date, now, behind_after).await? else { return Ok(None) };
        drop(tx);
        let tally = Tally::of(&here.pupils);
        // Of one that is over only how many were found is told, and not who.
        if here.roll_call.as_ref().is_none_or(|call| call.ended_at.is_some()) {
            here.pupils.retain(|pupil| pupil.place != Place::NotInside);
        }
        let names = state.names.of_school(school).await?;
        let of = |pupil: &PupilHere| person(&names, pupil);
        Ok(Some(PresencePage {
            who: who(state, &self.person).await,
            school: School { id: school.0, name: found.name, zone: found.settings.zone },
            date,
            now,
            acts: self.person.may(Permission::RollCallAct, school),
            account: self.person.account_id.0,
            position: here.as_of.position,
            freshness: super::view::Freshness {
                as_of: now,
                recorded_until: here.as_of.recorded_at,
                before_restore: here.as_of.stale_epoch,
                ..freshness
            },
            gates,
            course,
            silent: here.silent_gates(behind_after),
            groups: groups(&here.courses, &here.pupils, of),
            tally,
            call: here.roll_call.as_ref().map(Call::of),
            earlier: here.earlier.iter().map(Call::of).collect(),
            told: self.visit.notice.as_deref().and_then(Told::of),
        }))
    }

    /// Whom a roll call left to be found; none if the school has no such roll call.
    async fn ended(&self, key: Key) -> Result<Option<EndedPage>, SourceError> {
        let (state, school) = (&self.state, self.school);
        let mut tx = state.pools.request.begin(school).await?;
        let found = roster::queries::school(&mut tx).await?;
        let (Some(found), Some(call)) = (found, queries::one(&mut tx, key).await?) else { return Ok(None) };
        drop(tx);
        // Who was inside then is told by the index, which may be a moment behind.
        self.wait_until(ReadModel::Audit, call.position).await;
        let mut tx = state.pools.request.snapshot(school).await?;
        let here = presence::at_end(&mut tx, &call, behind_after(state.clock.rate())).await;
        drop(tx);
        let here = here.map_err(|error| match error {
            ReplayError::Store(error) => error.into(),
            other @ (ReplayError::Unfilled | ReplayError::Poison(_)) => SourceError::Internal(other.into()),
        })?;
        let names = state.names.of_school(school).await?;
        let of = |pupil: &PupilHere| person(&names, pupil);
        let left = here.as_ref().zip(call.ended_at).map(|(here, ended)| here.left_at(ended));
        let known = here.as_ref().zip(left.as_ref());
        Ok(Some(EndedPage {
            who: who(state, &self.person).await,
            school: School { id: school.0, name: found.name, zone: found.settings.zone },
            call: Call::of(&call),
            safe: left.as_ref().map(|left| left.safe),
            silent: here.as_ref().map(|here| here.silent_gates(behind_after(state.clock.rate()))).unwrap_or_default(),
            groups: known.map(|(here, left)| groups(&here.courses, &left.not_found, of)).unwrap_or_default(),
        }))
    }
}

fn person(names: &SchoolNames, pupil: &PupilHere) -> Person {
    Person {
        id: pupil.student_id.0,
        name: name(names, pupil.student_id),
        place: pupil.place,
        safe: pupil.mark.as_ref().filter(|mark| mark.safe).map(|mark| mark.said_at),
    }
}

/// By course, lowest grade first; those who are in none today last.
fn groups(courses: &[Course], pupils: &[PupilHere], person: impl Fn(&PupilHere) -> Person) -> Vec<Group> {
    let mut by_course: HashMap<Option<Uuid>, Vec<&PupilHere>> = HashMap::new();
    for pupil in pupils {
        let known = pupil.course_id.filter(|id| courses.iter().any(|course| course.course_id == *id));
        by_course.entry(known.map(|id| id.0)).or_default().push(pupil);
    }
    let courses = courses.iter().map(|course| (Some(course.course_id.0), course.name.clone()));
    courses
        .chain([(None, String::new())])
        .filter_map(|(course, name)| {
            let pupils = by_course.remove(&course)?;
            let mut people: Vec<Person> = pupils.iter().map(|pupil| person(pupil)).collect();
            people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
            Some(Group { course, name, people, tally: Tally::of(pupils) })
        })
        .collect()
}
