//! `/auditoria`: a day as it was known at a moment and as it is known now. A plain form whose address can be kept and
//! sent on; nothing of it needs scripts.

mod day;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod typed;

pub(super) use day::{ByWhom, DayView, EventView, GateWord, LineView, ReplayPage, Told};
#[cfg(test)]
pub(super) use samples::sample_pages;
pub(super) use typed::Typed;

use super::asked::Asked;
use super::read_models::{counts, name, status};
use super::source::SourceError;
use super::staff::form::Refusal;
use super::staff::{member_names, who};
use super::view::{PersonName, Pupil, School};
use crate::AppState;
use crate::i18n::key;
use crate::middleware::ShownDay;
use crate::names::SchoolNames;
use crate::permissions::Permission;
use crate::replay::{self, Day, Happened, Refused, Wanted};
use axum::Router;
use axum::extract::RawQuery;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::NaiveDate;
use domain::StudentId;
use domain::attendance_day::Event;
use domain::day_status::Step;
use domain::{Actor, AnyEvent};
use projections::audit::replay::{Line, Place, ReplayError, passed_at};
use projections::roster;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Pupils on a page, each with its reasons twice and what is behind it: a page stays under 100 kB.
const LINES: usize = 20;

/// The pages of a replayed day.
pub fn router() -> Router<AppState> {
    Router::new().route("/auditoria", get(show)).route("/auditoria/dia.csv", get(table))
}

/// A day found, or why the form comes back.
enum Found {
    Day(Box<Replay>),
    Refused(Refusal),
}

/// A replayed day with what of it is wanted.
struct Replay {
    day: Day,
    names: Arc<SchoolNames>,
    wanted: Wanted,
}

impl Asked {
    /// The school, and the form as it is shown: what was left empty is filled in.
    async fn filled(&self, typed: &mut Typed) -> Result<Option<(School, Vec<(Uuid, String)>)>, SourceError> {
        let mut tx = self.state.pools.request.begin(self.school).await?;
        let Some(found) = roster::queries::school(&mut tx).await? else { return Ok(None) };
        let courses = roster::queries::all_courses(&mut tx).await?;
        drop(tx);
        let zone = found.settings.zone;
        typed.fill(self.state.clock.now().with_timezone(&zone));
        let courses = courses.into_iter().map(|course| (course.course_id.0, course.name)).collect();
        Ok(Some((School { id: self.school.0, name: found.name, zone }, courses)))
    }

    async fn find(&self, typed: &Typed, school: &School) -> Result<Found, SourceError> {
        let now = self.state.clock.now();
        let asked = match typed.moment(school.zone, now) {
            Ok(asked) => asked,
            Err(refusal) => return Ok(Found::Refused(refusal)),
        };
        let day = match replay::day(&self.state.pools.request, self.school, asked, now).await {
            Ok(day) => day,
            Err(Refused::InFuture) => return Ok(Found::Refused(Refusal::of(&["hora"], key("replay-in-future")))),
            Err(Refused::AfterKnown) => return Ok(Found::Refused(Refusal::of(&["sabido"], key("replay-after-known")))),
            Err(Refused::NoSchool) => return Ok(Found::Refused(Refusal::whole(key("replay-no-school")))),
            Err(Refused::Replay(ReplayError::Unfilled)) => {
                tracing::error!("the audit index was filled by an earlier program: attendance rebuild audit");
                return Ok(Found::Refused(Refusal::whole(key("replay-needs-rebuild"))));
            }
            Err(Refused::Replay(ReplayError::Store(error))) => return Err(error.into()),
            Err(Refused::Replay(ReplayError::Poison(poison))) => return Err(SourceError::Internal(poison.into())),
        };
        let names = self.state.names.of_school(self.school).await?;
        let students = typed.pupils(|id| called(&name(&names, id)), day.replayed.pupils.iter().map(|l| l.student_id));
        Ok(Found::Day(Box::new(Replay { day, names, wanted: typed.wanted(students) })))
    }

    /// Who is behind an actor, as far as whoever looks may see it.
    async fn people(&self) -> Result<HashMap<Uuid, String>, SourceError> {
        match self.person.may(Permission::PeopleRead, self.school) {
            true => member_names(&self.state, self.school).await,
            false => Ok(HashMap::new()),
        }
    }

    async fn view(&self, mut typed: Typed) -> Result<Option<(ReplayPage, Option<NaiveDate>)>, SourceError> {
        let Some((school, courses)) = self.filled(&mut typed).await? else { return Ok(None) };
        let found = self.find(&typed, &school).await?;
        let people = self.people().await?;
        let mut page = ReplayPage {
            who: who(&self.state, &self.person).await,
            school,
            courses,
            actors: Vec::new(),
            kiosks: Vec::new(),
            typed,
            refused: None,
            day: None,
        };
        match found {
            Found::Refused(refusal) => page.refused = Some(refusal),
            Found::Day(replay) => {
                let (day, gates) = (&replay.day, replay.day.gates());
                page.kiosks = gates.iter().map(|(id, gate)| (id.0, gate.clone())).collect();
                page.kiosks.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
                let persons = day.actors().into_iter().filter(|actor| !actor.0.starts_with("kiosk:"));
                page.actors = persons.map(|actor| (actor.0.clone(), by_whom(actor, &people))).collect();
                page.day = Some(replay.view(page.typed.from, &people));
            }
        }
        let date = page.day.is_some().then(|| page.typed.date()).flatten();
        Ok(Some((page, date)))
    }
}

/// `María José Pérez Soto`, for whoever searches.
fn called(name: &PersonName) -> String {
    match name {
        PersonName::Known { family, given } => format!("{given} {family}"),
        PersonName::Erased | PersonName::Unknown => String::new(),
    }
}

fn by_whom(actor: &Actor, people: &HashMap<Uuid, String>) -> ByWhom {
    match (actor.as_user(), actor.0.split_once(':')) {
        (Some(account), _) => match people.get(&account.0) {
            Some(name) => ByWhom::Name(name.clone()),
            None => ByWhom::Account(account.0),
        },
        (None, Some(("kiosk", _))) => ByWhom::Gate,
        (None, Some(("guardian", _))) => ByWhom::Family,
        (None, Some(("cli", _))) => ByWhom::CommandLine,
        (None, _) => ByWhom::Program,
    }
}

impl Replay {
    fn view(&self, from: usize, people: &HashMap<Uuid, String>) -> DayView {
        let (day, gates, courses) = (&self.day, self.day.gates(), self.day.courses());
        let lines = day.pupils(&self.wanted);
        let shown: Vec<&&Line> = lines.iter().skip(from).take(LINES).collect();
        let students = shown.iter().map(|line| line.student_id).collect();
        let of_shown = Wanted { students: Some(students), ..Wanted::default() };
        let mut events: HashMap<StudentId, Vec<EventView>> = HashMap::new();
        for happened in day.events(&of_shown) {
            let gate = replay::kiosk_of(happened.fact).and_then(|kiosk| gates.get(&kiosk).cloned());
            events.entry(happened.student_id).or_default().push(event(&happened, gate, people));
        }
        let pupil = |id: StudentId, place: &Place| pupil(id, place, name(&self.names, id));
        let course = |place: &Place| place.course_id.and_then(|course| courses.get(&course).cloned());
        let line = |line: &&&Line| LineView {
            id: line.student_id.0,
            name: name(&self.names, line.student_id),
            change: line.change,
            then: line.then.as_ref().map(|place| (pupil(line.student_id, place), course(place))),
            now: line.now.as_ref().map(|place| (pupil(line.student_id, place), course(place))),
            events: events.remove(&line.student_id).unwrap_or_default(),
        };
        let words = |board: &projections::live::board::Board| {
            let word = |gate: &projections::live::board::GateLine| GateWord {
                gate: gate.gate.clone(),
                drained_through: gate.drained_through,
                silent_since: gate.silent_since,
            };
            board.gates.iter().filter(|gate| !gate.revoked).map(word).collect()
        };
        let shown_lines = shown.iter().map(line).collect();
        DayView {
            moment: day.replayed.moment,
            recorded_until: day.events.as_of.recorded_at,
            then: day.replayed.then.as_ref().map(|board| counts(&board.totals)),
            now: counts(&day.replayed.now.totals),
            gates: day.replayed.then.as_ref().map(words).unwrap_or_default(),
            changed: day.changed(),
            lines: shown_lines,
            found: lines.len(),
            next: (from.saturating_add(LINES) < lines.len()).then(|| from.saturating_add(LINES)),
        }
    }
}

fn pupil(id: StudentId, place: &Place, name: PersonName) -> Pupil {
    Pupil {
        id: id.0,
        name,
        status: status(place.status.status),
        inside: place.status.inside,
        first_entry: place.first_entry,
        left_at: place.left_at,
        late_minutes: place.status.derivation.iter().find_map(|step| match step {
            Step::LateBy { minutes } => Some(*minutes),
            _ => None,
        }),
        derivation: place.status.derivation.clone(),
        by_hand: Vec::new(),
    }
}

fn event(happened: &Happened<'_>, gate: Option<String>, people: &HashMap<Uuid, String>) -> EventView {
    let event = &happened.fact.event;
    let told = match &event.payload {
        AnyEvent::AttendanceDay(Event::ScanRecorded { scan }) => Told::Scan(scan.direction),
        AnyEvent::AttendanceDay(Event::ScanFlagged { flags, .. }) => Told::Doubts(flags.clone()),
        AnyEvent::AttendanceDay(Event::ManualEntryRecorded { entry, .. }) => {
            Told::ByHand(entry.direction, entry.reason)
        }
        AnyEvent::AttendanceDay(Event::ManualEntryWithdrawn { .. }) => Told::TakenBack,
        AnyEvent::AttendanceDay(said) => Told::Act(said.clone()),
        _ => Told::Other(event.event_type.clone()),
    };
    EventView {
        told,
        passed_at: passed_at(happened.fact),
        gate,
        by: by_whom(&event.actor, people),
        recorded_at: event.recorded_at,
        then: happened.then,
        now: happened.now,
    }
}

/// `GET /auditoria`.
async fn show(asked: Asked, RawQuery(query): RawQuery) -> Response {
    let typed = Typed::read(query.unwrap_or_default().as_bytes());
    match asked.view(typed).await {
        Ok(Some((view, date))) => {
            let status = if view.refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let mut response = asked.visit.page(status, |nonce| view.page(asked.visit.lang, nonce));
            if let Some(date) = date {
                response.extensions_mut().insert(ShownDay(date));
            }
            response
        }
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `GET /auditoria/dia.csv`: the same pupils as a table.
async fn table(asked: Asked, RawQuery(query): RawQuery) -> Response {
    let mut typed = Typed::read(query.unwrap_or_default().as_bytes());
    let found = async {
        let Some((school, _)) = asked.filled(&mut typed).await? else { return Ok(None) };
        asked.find(&typed, &school).await.map(Some)
    };
    match found.await {
        Ok(Some(Found::Day(replay))) => {
            let of = |id| match replay.names.of(id) {
                crate::names::PersonName::Known { given, family } => Some((family, given)),
                crate::names::PersonName::Erased | crate::names::PersonName::Unknown => None,
            };
            let text = replay::csv(&replay.day, &replay.wanted, of);
            let file = format!("attachment; filename=\"dia-{}.csv\"", replay.day.events.date);
            let headers =
                [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)];
            let mut response = (headers, text).into_response();
            response.extensions_mut().insert(ShownDay(replay.day.events.date));
            response
        }
        Ok(Some(Found::Refused(_))) => asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}
