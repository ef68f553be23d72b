//! `/ajustes`: what the school's day is judged by; what other rules would have made of a month that has passed; and only
//! then the button that saves them. Plain forms that need no scripts.
//!
//! A simulation takes a second or two. Its page begins at once and says how far it is as it goes on; whoever leaves the
//! page ends it.

mod form;
mod result;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod typed;

#[cfg(test)]
pub(super) use samples::sample_pages;

use super::asked::Asked;
use super::source::SourceError;
use super::staff::form::Refusal;
use super::staff::who;
use super::view::School;
use crate::AppState;
use crate::i18n::{Lang, key};
use crate::permissions::Permission;
use crate::simulation::{Found, Refused, last_month, plan};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use chrono::NaiveDate;
use commands::use_cases::{UseCaseError, change_settings};
use domain::school::{Error, Settings};
use form::SettingsPage;
use maud::{Markup, PreEscaped, html};
use projections::audit::replay::ReplayError;
use projections::{ReadModel, roster};
use result::{Names, TrialPage};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use typed::Typed;

/// Where in its page stands how far a simulation is, and what came of it.
const PLACES: [&str; 2] = ["<!--steps-->", "<!--result-->"];
/// Words on their way to a browser that is slower than the simulation; more are left out.
const ON_THE_WAY: usize = 64;

/// The pages of the settings.
pub fn router() -> Router<AppState> {
    Router::new().route("/ajustes", get(show).post(save)).route("/ajustes/probar", post(try_it))
}

/// A school with its settings and courses.
struct Known {
    school: School,
    settings: Settings,
    courses: Vec<(uuid::Uuid, String)>,
    today: NaiveDate,
}

impl Asked {
    async fn known(&self) -> Result<Option<Known>, SourceError> {
        let mut tx = self.state.pools.request.begin(self.school).await?;
        let Some(found) = roster::queries::school(&mut tx).await? else { return Ok(None) };
        let courses = roster::queries::all_courses(&mut tx).await?;
        let zone = found.settings.zone;
        Ok(Some(Known {
            school: School { id: self.school.0, name: found.name, zone },
            settings: found.settings,
            courses: courses.into_iter().map(|course| (course.course_id.0, course.name)).collect(),
            today: self.state.clock.now().with_timezone(&zone).date_naive(),
        }))
    }

    /// The form as it was typed, or as things are.
    async fn settings_page(&self, status: StatusCode, typed: Option<Typed>, refused: Option<Refusal>) -> Response {
        let known = match self.known().await {
            Ok(Some(known)) => known,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let typed = typed.unwrap_or_else(|| Typed::as_is(&known.settings, last_month(known.today)));
        let page = SettingsPage {
            who: who(&self.state, &self.person).await,
            school: known.school,
            settings: known.settings,
            courses: known.courses,
            typed,
            refused,
            done: match self.visit.notice.as_deref() {
                Some("guardado") => Some(key("settings-done")),
                Some("igual") => Some(key("settings-done-same")),
                _ => None,
            },
        };
        self.visit.page(status, |nonce| page.page(self.visit.lang, nonce))
    }

    /// What is wrong with a simulation as it was asked for, where it stands on the form; or how the answer fails.
    async fn not_simulated(&self, typed: Typed, refused: Refused) -> Response {
        let refusal = match refused {
            Refused::InFuture => Refusal::of(&["mes"], key("simulation-in-future")),
            Refused::Setting(error) => typed::beyond(error),
            Refused::UnknownCourse => Refusal::of(&["curso"], key("simulation-course-unknown")),
            Refused::AnotherMonth => Refusal::of(&["sin_clases"], key("simulation-another-month")),
            Refused::NoSchool => Refusal::whole(key("replay-no-school")),
            Refused::Replay(ReplayError::Unfilled) => Refusal::whole(key("replay-needs-rebuild")),
            Refused::Replay(ReplayError::Store(error)) => return self.visit.source_error(&error.into()),
            Refused::Replay(ReplayError::Poison(poison)) => {
                return self.visit.source_error(&SourceError::Internal(poison.into()));
            }
            Refused::Cancelled => return self.visit.failed(StatusCode::SERVICE_UNAVAILABLE),
        };
        self.settings_page(StatusCode::UNPROCESSABLE_ENTITY, Some(typed), Some(refusal)).await
    }
}

/// `GET /ajustes`.
async fn show(asked: Asked) -> Response {
    asked.settings_page(StatusCode::OK, None, None).await
}

/// `POST /ajustes`: saves the settings.
async fn save(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let typed = Typed::of(sent);
    let wanted = match typed.settings() {
        Ok(wanted) => wanted,
        Err(refusal) => {
            return asked.settings_page(StatusCode::UNPROCESSABLE_ENTITY, Some(typed), Some(refusal)).await;
        }
    };
    let saved = async {
        let context = asked.context().await?;
        let now = asked.state.write.school_settings(asked.school).await?;
        let change = wanted.change(&now).map_err(|error| UseCaseError::School(Error::Settings(error)))?;
        change_settings(&asked.state.write, &context, change).await
    };
    match saved.await {
        Ok(done) => {
            let notice = if done.events == 0 && !done.repeated { "igual" } else { "guardado" };
            asked.wait_for(ReadModel::Roster, done).await;
            Redirect::to(&format!("/ajustes?colegio={}&aviso={notice}", asked.school)).into_response()
        }
        Err(UseCaseError::School(Error::Settings(error))) => {
            let refusal = Some(typed::beyond(error));
            asked.settings_page(StatusCode::UNPROCESSABLE_ENTITY, Some(typed), refusal).await
        }
        Err(error) if error.is_temporary() => {
            tracing::warn!(%error, "settings were not saved");
            asked.visit.failed(StatusCode::SERVICE_UNAVAILABLE)
        }
        Err(error) => {
            tracing::error!(%error, "settings were not saved");
            asked.visit.failed(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// `POST /ajustes/probar`: what the rules of the form would have made of the month.
async fn try_it(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let typed = Typed::of(sent);
    let wanted = match typed.asked() {
        Ok(wanted) => wanted,
        Err(refusal) => {
            return asked.settings_page(StatusCode::UNPROCESSABLE_ENTITY, Some(typed), Some(refusal)).await;
        }
    };
    let plan = match plan(&asked.state.pools.request, asked.school, wanted, asked.state.clock.now()).await {
        Ok(plan) => Arc::new(plan),
        Err(refused) => return asked.not_simulated(typed, refused).await,
    };
    let known = match asked.known().await {
        Ok(Some(known)) => known,
        Ok(None) => return asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => return asked.visit.source_error(&error),
    };
    let page = TrialPage { who: who(&asked.state, &asked.person).await, school: known.school, typed, plan };
    let lang = asked.visit.lang;
    let begun = asked
        .visit
        .page(StatusCode::OK, |nonce| page.page(&PLACES.map(|place| PreEscaped(place.to_owned())), lang, nonce));
    let (parts, body) = begun.into_parts();
    let Ok(whole) = to_bytes(body, usize::MAX).await else {
        return asked.visit.failed(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let whole = String::from_utf8_lossy(&whole).into_owned();
    let (before, rest) = whole.split_once(PLACES[0]).unwrap_or((&whole, ""));
    let (between, after) = rest.split_once(PLACES[1]).unwrap_or((rest, ""));
    let (words, heard) = mpsc::channel(ON_THE_WAY);
    // The first one: there is room.
    let _ = words.try_send(before.to_owned());
    let rest = [between.to_owned(), after.to_owned()];
    tokio::spawn(told(asked, page, lang, words, rest));
    let said = futures::stream::unfold(heard, |mut heard| async move {
        let words: String = heard.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(words)), heard))
    });
    Response::from_parts(parts, Body::from_stream(said))
}

/// Simulates, and says how far it is and what came of it, and how the page ends.
async fn told(asked: Asked, page: TrialPage, lang: Lang, words: mpsc::Sender<String>, rest: [String; 2]) {
    let (all, steps) = (page.plan.days(), words.clone());
    let step = move |done: usize| {
        let said = html! { p { (progress(done, all, lang)) } };
        !matches!(steps.try_send(said.into_string()), Err(TrySendError::Closed(_)))
    };
    let found = Arc::clone(&page.plan).run(&asked.state.pools.request, step).await;
    let markup = match found {
        Ok(found) => outcome(&asked, &page, &found, lang).await,
        Err(Refused::Cancelled) => return,
        Err(error) => {
            tracing::error!(%error, "a simulation failed");
            failed(key("simulation-failed"), lang)
        }
    };
    let [between, after] = rest;
    let _ = words.send([between, markup.into_string(), after].concat()).await;
}

async fn outcome(asked: &Asked, page: &TrialPage, found: &Found, lang: Lang) -> Markup {
    let names = match asked.person.may(Permission::PupilsRead, asked.school) {
        true => asked.state.names.of_school(asked.school).await.map(|names| Some(Names::of(&names, found))),
        false => Ok(None),
    };
    match names {
        Ok(names) => page.result(found, names.as_ref(), lang),
        Err(error) => {
            tracing::warn!(%error, "no names for a simulation");
            failed(key("simulation-failed"), lang)
        }
    }
}

fn progress(done: usize, all: usize, lang: Lang) -> String {
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    lang.f("simulation-progress", &[("done", n(done).into()), ("all", n(all).into())])
}

fn failed(why: &'static str, lang: Lang) -> Markup {
    html! { section class="answer" { (super::staff::form::wrong(&lang.t(why), true)) } }
}
