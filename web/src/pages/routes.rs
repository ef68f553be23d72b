//! The addresses of the pages.

use super::by_hand::{Hand, Told};
use super::chooser::Choice;
use super::live::{Live, Shape};
use super::respond::{self, Nonce};
use super::source::{Source, SourceError};
use super::view::Who;
use super::{board, chooser, course, error, wall};
use crate::i18n::{Lang, negotiate};
use crate::middleware::RequestId;
use crate::permissions::Permission;
use crate::session::{Cookie, InSchool, LANGUAGE, Person, SCHOOL};
use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::SchoolId;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long the figures of all schools together may take; those of the rest are left out, and said to be so.
const FIGURES_WITHIN: Duration = Duration::from_secs(2);

/// What the pages' handlers can reach.
#[derive(Clone)]
struct Pages {
    source: Arc<dyn Source>,
    live: Live,
}

/// All pages, their live stream and their assets. A stream takes one of `streams` for as long as it lasts;
/// all end when `stopping` is cancelled.
pub fn router<S: Clone + Send + Sync + 'static>(
    source: Arc<dyn Source>,
    streams: Arc<Semaphore>,
    stopping: CancellationToken,
) -> Router<S> {
    let live = Live::new(Arc::clone(&source), streams, stopping);
    Router::new()
        .route("/", get(home))
        .route("/hoy", get(today))
        .route("/hoy/muro", get(wall_screen))
        .route("/hoy/live", get(stream))
        .route("/hoy/cursos/{id}", get(course_day))
        .route("/escuelas", get(schools))
        .with_state(Pages { source, live })
        .merge(crate::assets::router())
}

/// Who asks, in which language, about which school.
struct Visit {
    lang: Lang,
    /// Of whoever is let through; a request that nobody let through sees nothing.
    person: Option<Person>,
    /// The one that the person may ask about.
    school: Option<Uuid>,
    wall: bool,
    /// What the address says was done by hand.
    told: Option<Told>,
    headers: HeaderMap,
    /// The request's id, to quote in an error.
    id: Option<String>,
    /// What was asked for.
    asked: error::Asked,
    /// Choices made by this address, to be kept.
    keep: Vec<(Cookie, String)>,
}

#[derive(Deserialize, Default)]
struct Asked {
    lang: Option<String>,
    colegio: Option<String>,
    muro: Option<String>,
    anotado: Option<String>,
    aviso: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let Query(asked) = Query::<Asked>::try_from_uri(&parts.uri).unwrap_or_default();
        let lang = negotiate(asked.lang.as_deref(), &parts.headers);
        let school = parts.extensions.get::<InSchool>().map(|of| of.0.0);
        let chosen = asked.colegio.as_deref().and_then(|id| id.parse::<Uuid>().ok()).filter(|id| school == Some(*id));
        let mut keep = Vec::new();
        // A page that fetches itself again chooses nothing: another tab may have chosen since.
        let chooses = parts.headers.get("hx-request").is_none();
        if let Some(asked) = asked.lang.as_deref().and_then(Lang::from_code).filter(|_| chooses) {
            keep.push((LANGUAGE, asked.code().to_owned()));
        }
        if let Some(id) = chosen.filter(|_| chooses) {
            keep.push((SCHOOL, id.to_string()));
        }
        Ok(Self {
            lang,
            person: parts.extensions.get::<Person>().cloned(),
            school,
            wall: asked.muro.is_some(),
            told: Told::of(asked.anotado.as_deref(), asked.aviso.as_deref()),
            headers: parts.headers.clone(),
            id: parts.extensions.get::<RequestId>().map(|id| id.0.to_string()),
            asked: error::Asked::of(&parts.method, &parts.uri),
            keep,
        })
    }
}

impl Visit {
    /// Whose page it is.
    async fn who(&self, source: &dyn Source) -> Who {
        match &self.person {
            Some(person) => Who::of(person, source.name(person.account_id).await),
            None => Who::default(),
        }
    }

    /// Whether the person may do that in this school.
    fn may(&self, permission: Permission, school: Uuid) -> bool {
        self.person.as_ref().is_some_and(|person| person.may(permission, SchoolId(school)))
    }

    /// The schools of this person, by name, each with the first page that the person may see there.
    async fn schools(&self, source: &dyn Source) -> Result<Vec<Choice>, SourceError> {
        let Some(person) = &self.person else { return Ok(Vec::new()) };
        let listed = source.schools().await?.into_iter();
        let own = listed.filter(|listed| person.belongs_to(SchoolId(listed.school.id))).map(|listed| {
            let may = |permission| person.may(permission, SchoolId(listed.school.id));
            Choice { first: first_page(may), may_see: may(Permission::BoardRead), today: None, listed }
        });
        Ok(own.collect())
    }

    /// The answer, with the choices of this visit kept.
    fn answer(&self, status: StatusCode, nonce: &Nonce, markup: maud::Markup) -> Response {
        let mut response = respond::page(status, nonce, markup);
        for (cookie, choice) in &self.keep {
            response.headers_mut().append(header::SET_COOKIE, cookie.keep(&self.headers, choice));
        }
        response
    }

    fn failed(&self, error: &SourceError) -> Response {
        let status = match error {
            SourceError::Unavailable(_) => {
                tracing::warn!(%error, "page not made");
                StatusCode::SERVICE_UNAVAILABLE
            }
            SourceError::Internal(_) => {
                tracing::error!(%error, "page not made");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        error::response(status, self.id.as_deref(), &self.asked, self.lang)
    }

    fn not_found(&self) -> Response {
        error::response(StatusCode::NOT_FOUND, self.id.as_deref(), &self.asked, self.lang)
    }
}

/// The first page that this person may see.
async fn home(visit: Visit) -> Redirect {
    let may = |permission| visit.person.as_ref().is_some_and(|person| person.may_somewhere(permission));
    Redirect::to(first_page(may))
}

fn first_page(may: impl Fn(Permission) -> bool) -> &'static str {
    match () {
        () if may(Permission::BoardRead) => "/hoy",
        () if may(Permission::AuditRead) => "/registro",
        () => "/cuenta",
    }
}

async fn today(State(pages): State<Pages>, visit: Visit) -> Response {
    // Who directs the school is told of it here, and everybody else whom the list of what waits tells.
    let directs = visit.school.filter(|school| visit.may(Permission::EntriesCorrect, *school));
    let barred = match directs {
        Some(school) => pages.source.barred(school).await,
        None => Ok(0),
    };
    match barred {
        Ok(barred) => {
            shown(&pages, &visit, |found, who, lang, nonce| board::page(found, who, barred, lang, nonce)).await
        }
        Err(error) => visit.failed(&error),
    }
}

async fn wall_screen(State(pages): State<Pages>, visit: Visit) -> Response {
    shown(&pages, &visit, |found, _, lang, nonce| wall::page(found, lang, nonce)).await
}

/// A page over the board of the visit's school, or the choice of a school.
async fn shown(
    pages: &Pages,
    visit: &Visit,
    draw: impl FnOnce(&super::view::Board, &Who, Lang, &Nonce) -> maud::Markup,
) -> Response {
    let made = async {
        let (nonce, who) = (Nonce::fresh(), visit.who(&*pages.source).await);
        let Some(school) = visit.school else {
            let schools = visit.schools(&*pages.source).await?;
            let markup = chooser::page(&schools, None, &who, visit.lang, &nonce);
            return Ok(visit.answer(StatusCode::OK, &nonce, markup));
        };
        Ok(match pages.source.board(school).await? {
            Some(found) => {
                let markup = draw(&found, &who, visit.lang, &nonce);
                visit.answer(StatusCode::OK, &nonce, markup)
            }
            None => visit.not_found(),
        })
    };
    made.await.unwrap_or_else(|error| visit.failed(&error))
}

async fn schools(State(pages): State<Pages>, visit: Visit) -> Response {
    match visit.schools(&*pages.source).await {
        Ok(mut schools) => {
            // One after the other: whoever has a hundred schools takes one place among those who compute boards.
            let computed = async {
                for school in schools.iter_mut().filter(|school| school.may_see) {
                    school.today = pages.source.board(school.listed.school.id).await.unwrap_or_else(|error| {
                        tracing::warn!(%error, "no figures of a school");
                        None
                    });
                }
            };
            let _ = tokio::time::timeout(FIGURES_WITHIN, computed).await;
            let (nonce, who) = (Nonce::fresh(), visit.who(&*pages.source).await);
            let markup = chooser::page(&schools, Some(pages.source.now()), &who, visit.lang, &nonce);
            visit.answer(StatusCode::OK, &nonce, markup)
        }
        Err(error) => visit.failed(&error),
    }
}

async fn course_day(State(pages): State<Pages>, visit: Visit, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return visit.not_found() };
    let made = async {
        let Some(school) = visit.school else { return Ok(visit.not_found()) };
        Ok(match pages.source.course(school, id).await? {
            Some(day) => {
                let (nonce, who) = (Nonce::fresh(), visit.who(&*pages.source).await);
                let hand = Hand {
                    may: visit.may(Permission::ManualEntry, school),
                    corrects: visit.may(Permission::EntriesCorrect, school),
                    account: visit.person.as_ref().map(|person| person.account_id.0),
                    told: visit.told,
                };
                let markup = course::page(&day, &who, &hand, visit.lang, &nonce);
                visit.answer(StatusCode::OK, &nonce, markup)
            }
            None => visit.not_found(),
        })
    };
    made.await.unwrap_or_else(|error| visit.failed(&error))
}

async fn stream(State(pages): State<Pages>, visit: Visit) -> Response {
    let shape = if visit.wall { Shape::Wall } else { Shape::Board };
    let Some(school) = visit.school else { return StatusCode::FORBIDDEN.into_response() };
    pages.live.response(school, visit.lang, shape, &visit.headers).await
}
