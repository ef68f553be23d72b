//! `/casos`: who was expected and did not come, and what is done about it. A phone first: each act is one tap, by a
//! plain form that needs no scripts; the list fetches itself again every ten seconds.

mod course;
mod facts;
mod list;
mod one;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod words;

pub(super) use course::CoursePage;
#[cfg(test)]
pub(super) use list::Nothing;
pub(super) use list::{CasesPage, days};
pub(super) use one::{CasePage, Guardian};
#[cfg(test)]
pub(super) use samples::sample_pages;
pub(super) use words::reason_words;

use super::asked::{Asked, asked_for, date_asked_for, field};
use super::source::SourceError;
use super::view::PersonName;
use crate::AppState;
use crate::middleware::ShownDay;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use chrono::{DateTime, NaiveDate, Utc};
use commands::no_show;
use commands::use_cases::{UseCaseError, justify_case};
use domain::no_show::{CaseId, Command, Error, Hold, Justification};
use domain::values::school_date;
use domain::{CourseId, SlotId, StudentId};
use projections::ReadModel;
use projections::no_show::rows::Ending;
use uuid::Uuid;

/// The pages of the cases.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/casos", get(list))
        .route("/casos/cursos/{id}/avisar", get(ask).post(release_course))
        .route("/casos/{date}/{slot_id}/{student_id}", get(show))
        .route("/casos/{date}/{slot_id}/{student_id}/ver", post(acknowledge))
        .route("/casos/{date}/{slot_id}/{student_id}/avisar", post(release))
        .route("/casos/{date}/{slot_id}/{student_id}/justificar", post(justify))
}

/// A case as the pages show it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Case {
    /// Which.
    pub id: CaseId,
    /// The pupil.
    pub name: PersonName,
    /// The pupil's course.
    pub course_id: Uuid,
    /// What it is called.
    pub course: String,
    /// When the entry was due.
    pub due_at: DateTime<Utc>,
    /// Where it stands.
    pub stage: Stage,
}

impl Case {
    fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Ended { .. })
    }

    fn is_held_as_mass(&self) -> bool {
        self.stage == Stage::Review(Some(Hold::MassAlarm))
    }
}

/// Where a case stands.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Stage {
    /// A person has to look at it, for this reason.
    Review(Option<Hold>),
    /// The family is to be told, since then.
    Told(DateTime<Utc>),
    /// Somebody looks after it.
    Seen {
        /// Who.
        by: By,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It came to its end.
    Ended {
        /// How.
        ending: Ending,
        /// When.
        at: DateTime<Utc>,
    },
}

/// Who did something.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum By {
    /// Whoever looks.
    You,
    /// Somebody of the staff.
    Name(String),
    /// The program, by its rules.
    Program,
    /// Somebody whose name is not known here.
    Somebody,
}

/// What was done, as the address of the page after it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// Whoever looks, looks after it.
    Seen,
    /// The family is to be told.
    Released,
    /// The families of a course are.
    CourseReleased,
    /// It is justified.
    Justified,
    /// Nothing was done: it came to its end.
    Closed,
    /// Nothing was done: somebody looks after it.
    Acknowledged,
    /// Nothing was done: it changed at every try.
    KeptChanging,
    /// Nothing was done: no reason was chosen.
    NoReason,
}

impl Told {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Seen,
        Self::Released,
        Self::CourseReleased,
        Self::Justified,
        Self::Closed,
        Self::Acknowledged,
        Self::KeptChanging,
        Self::NoReason,
    ];

    /// Its word in addresses.
    fn word(self) -> &'static str {
        match self {
            Self::Seen => "visto",
            Self::Released => "avisado",
            Self::CourseReleased => "avisados",
            Self::Justified => "justificado",
            Self::Closed => "cerrado",
            Self::Acknowledged => "atendido",
            Self::KeptChanging => "cambiaba",
            Self::NoReason => "motivo",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|told| told.word() == word)
    }

    fn is_refusal(self) -> bool {
        matches!(self, Self::Closed | Self::Acknowledged | Self::KeptChanging | Self::NoReason)
    }
}

/// What was done, and with whose case.
pub(super) type Notice = (Told, Option<PersonName>);

/// The reasons, with the names that the forms send.
const REASONS: [(Justification, &str); 4] = [
    (Justification::Illness, "enfermedad"),
    (Justification::Appointment, "hora-medica"),
    (Justification::Family, "familia"),
    (Justification::Other, "otro"),
];

/// A case as it stands in addresses; what no school can mean is none.
struct Named(Option<CaseId>);

impl Named {
    fn of(Path((date, slot, student)): &Path<(String, String, String)>) -> Self {
        let case = || {
            let date = school_date::date(date.parse().ok()?).ok()?;
            Some(CaseId { date, slot_id: SlotId(slot.parse().ok()?), student_id: StudentId(student.parse().ok()?) })
        };
        Self(case())
    }
}

/// A page that shows a school day.
fn of_day(date: NaiveDate, mut response: Response) -> Response {
    response.extensions_mut().insert(ShownDay(date));
    response
}

/// `GET /casos`.
async fn list(asked: Asked, query: RawQuery) -> Response {
    let about = asked_for(&query, "alumno").and_then(|id| id.parse().ok()).map(StudentId);
    match asked.cases(date_asked_for(&query), about).await {
        Ok(Some(view)) => {
            of_day(view.date, asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce)))
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /casos/{date}/{slot_id}/{student_id}`.
async fn show(asked: Asked, path: Path<(String, String, String)>) -> Response {
    let Named(Some(case)) = Named::of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match asked.case(case).await {
        Ok(Some(view)) => {
            of_day(case.date, asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce)))
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /casos/cursos/{id}/avisar`: who would be told.
async fn ask(asked: Asked, Path(id): Path<String>, query: RawQuery) -> Response {
    let Ok(course) = id.parse().map(CourseId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match asked.course(course, date_asked_for(&query)).await {
        Ok(Some(view)) => {
            of_day(view.date, asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce)))
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// A form's fields, in their order.
type Sent = Form<Vec<(String, String)>>;

/// `POST …/ver`.
async fn acknowledge(asked: Asked, path: Path<(String, String, String)>, Form(sent): Sent) -> Response {
    asked.act(Named::of(&path), Ok(Command::Acknowledge), Told::Seen, &sent).await
}

/// `POST …/avisar`.
async fn release(asked: Asked, path: Path<(String, String, String)>, Form(sent): Sent) -> Response {
    asked.act(Named::of(&path), Ok(Command::Release), Told::Released, &sent).await
}

/// `POST …/justificar`.
async fn justify(asked: Asked, path: Path<(String, String, String)>, Form(sent): Sent) -> Response {
    let chosen = field(&sent, "motivo").and_then(|word| REASONS.iter().find(|(_, name)| *name == word));
    let command = chosen.map(|(reason, _)| Command::Justify { reason: *reason }).ok_or(Told::NoReason);
    asked.act(Named::of(&path), command, Told::Justified, &sent).await
}

/// `POST /casos/cursos/{id}/avisar`: tells the families whom the page showed, of those who are still held.
async fn release_course(asked: Asked, Path(id): Path<String>, Form(sent): Sent) -> Response {
    let Ok(course) = id.parse().map(CourseId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let date = field(&sent, "fecha").and_then(|date| date.parse().ok()).and_then(|date| school_date::date(date).ok());
    let view = match asked.course(course, date).await {
        Ok(Some(view)) => view,
        Ok(None) => return asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => return asked.visit.source_error(&error),
    };
    let shown: Vec<&str> = sent.iter().filter(|(key, _)| key == "caso").map(|(_, value)| value.as_str()).collect();
    let released = async {
        let context = asked.context().await?;
        let held = view.cases.iter().filter(|case| shown.contains(&course::in_form(case.id).as_str()));
        let asks: Vec<no_show::Ask> = held.map(|case| (context.clone(), case.id, Command::Release)).collect();
        no_show::observe(&asked.state.write, &asks).await?;
        asked.wait_until(ReadModel::NoShow, asked.state.write.log_end().await?.1).await;
        Ok(())
    };
    match released.await {
        Ok(()) => Redirect::to(&asked.back_to(view.date, Told::CourseReleased, None)).into_response(),
        Err(error) => asked.visit.source_error(&unwritten(error)),
    }
}

impl Asked {
    /// Does it, and shows the page that it was asked on.
    async fn act(
        &self,
        case: Named,
        command: Result<Command, Told>,
        done: Told,
        sent: &[(String, String)],
    ) -> Response {
        let Named(Some(case)) = case else { return self.visit.failed(StatusCode::NOT_FOUND) };
        let told = match command {
            Ok(command) => self.asked_of(case, command).await.map(|refused| refused.unwrap_or(done)),
            Err(refused) => Ok(refused),
        };
        let told = match told {
            Ok(told) => told,
            Err(Failed::NoCase) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(Failed::Store(error)) => return self.visit.source_error(&unwritten(error)),
        };
        let to = if field(sent, "desde") == Some("caso") {
            format!("{}&aviso={}", one::address(case, self.school.0, ""), told.word())
        } else {
            self.back_to(case.date, told, Some(case.student_id))
        };
        Redirect::to(&to).into_response()
    }

    /// Why it was refused, if it was.
    async fn asked_of(&self, case: CaseId, command: Command) -> Result<Option<Told>, Failed> {
        let context = self.context().await.map_err(Failed::Store)?;
        let (write, batcher) = (&self.state.write, &self.state.batcher);
        let done = match command {
            Command::Justify { reason } => justify_case(write, batcher, &context, case, reason).await,
            other => no_show::ask(write, &context, case, other).await.map_err(UseCaseError::from),
        };
        match done {
            Ok(done) => {
                if let Some(position) = done.position {
                    self.wait_until(ReadModel::NoShow, position).await;
                }
                Ok(None)
            }
            Err(UseCaseError::NoShow(Error::NotOpened)) => Err(Failed::NoCase),
            Err(UseCaseError::NoShow(Error::Closed)) => Ok(Some(Told::Closed)),
            Err(UseCaseError::NoShow(Error::Acknowledged)) => Ok(Some(Told::Acknowledged)),
            Err(UseCaseError::Conflict) => Ok(Some(Told::KeptChanging)),
            Err(error) => Err(Failed::Store(error)),
        }
    }

    fn back_to(&self, date: NaiveDate, told: Told, about: Option<StudentId>) -> String {
        let about = about.map_or_else(String::new, |student| format!("&alumno={student}"));
        format!("/casos?colegio={}&fecha={date}&aviso={}{about}", self.school, told.word())
    }
}

/// Why there is nothing to say about what was asked.
enum Failed {
    NoCase,
    Store(UseCaseError),
}

fn unwritten(error: UseCaseError) -> SourceError {
    if error.is_temporary() { SourceError::Unavailable(error.into()) } else { SourceError::Internal(error.into()) }
}
