//! The form that a broadcast is written by, new or anew.

use super::words::{pupil_words, role_words};
use super::{Base, id_of, not_read, unavailable};
use crate::i18n::{Lang, key};
use crate::pages::asked::{Asked, asked_for, field};
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Place};
use crate::pages::source::SourceError;
use crate::pages::staff::form::{self, Field, Refusal};
use axum::Form;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use commands::broadcasts::{Opened, Written, draft, listed, opened};
use commands::use_cases::{Invalid, UseCaseError};
use domain::broadcast::{Audience, LONGEST_SUBJECT, LONGEST_TEXT, Role, Stage, Whom};
use domain::delivery::Channel;
use domain::values::zone::resolve_local;
use domain::{BroadcastId, CourseId, StudentId};
use maud::{Markup, html};
use projections::roster::queries;
use projections::roster::rows::Course;
use std::collections::BTreeSet;

/// What was typed, or is written already.
#[derive(Clone, Default)]
pub(super) struct Typed {
    id: String,
    to: String,
    levels: Vec<String>,
    courses: Vec<String>,
    students: Vec<String>,
    role: String,
    subject: String,
    text: String,
    whatsapp: bool,
    at: String,
}

/// The page.
pub(super) struct FormPage {
    pub(super) base: Base,
    pub(super) typed: Typed,
    /// The open courses of this year and later, as the school orders them.
    pub(super) courses: Vec<Course>,
    /// The pupils that it is for, by name, if it is for single ones.
    pub(super) pupils: Vec<String>,
    /// Whether the school sends by WhatsApp.
    pub(super) whatsapp: bool,
    pub(super) refused: Option<Refusal>,
}

/// `GET /comunicados/nuevo`, and `?alumno=…` to the family of one pupil.
pub(super) async fn show(asked: Asked, query: RawQuery) -> Response {
    let student = asked_for(&query, "alumno").and_then(|id| id.parse::<uuid::Uuid>().ok());
    let to = if student.is_some() { "alumnos" } else { "cursos" };
    let typed = Typed {
        id: asked.state.ids.next().to_string(),
        to: to.to_owned(),
        students: student.iter().map(ToString::to_string).collect(),
        role: Role::Told.as_str().to_owned(),
        ..Typed::default()
    };
    answer(asked, typed, None).await
}

/// `GET /comunicados/{id}/editar`.
pub(super) async fn edit(asked: Asked, path: Path<String>) -> Response {
    let Some(id) = id_of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let found = async {
        let zone = asked.state.write.school_settings(asked.school).await.map_err(UseCaseError::from)?.zone;
        let mut found = opened(&asked.state.write, asked.school, &[id]).await?;
        Ok::<_, UseCaseError>(found.remove(&id).map(|one| (one, zone)))
    };
    match found.await {
        Ok(Some((one, zone))) if one.known.stage == Stage::Drafted => {
            answer(asked, Typed::of(id, &one, zone), None).await
        }
        Ok(_) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&not_read(error)),
    }
}

/// `POST /comunicados/nuevo`: written, or written anew.
pub(super) async fn sent(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let typed = Typed::sent(&sent);
    let zone = match asked.state.write.school_settings(asked.school).await {
        Ok(settings) => settings.zone,
        Err(error) => return asked.visit.source_error(&unavailable(error)),
    };
    let written = match typed.read(zone, asked.state.clock.now()) {
        Ok(written) => written,
        Err(refusal) => return answer(asked, typed, Some(refusal)).await,
    };
    let (written, id) = match own_id(&asked, written).await {
        Ok(written) => (written.clone(), written.broadcast_id),
        Err(error) => return asked.visit.source_error(&error),
    };
    let done = match asked.context().await {
        Ok(context) => draft(&asked.state.write, &context, written).await,
        Err(error) => Err(error),
    };
    match done {
        Err(UseCaseError::Invalid(Invalid::Message)) => {
            let wrong = Refusal::of(&["asunto", "texto"], key("broadcast-text-wrong"));
            answer(asked, typed, Some(wrong)).await
        }
        done => asked.to_broadcast(id, done.map(|_| "guardado")),
    }
}

/// A new one's id is made of what the form says and the school: the same for a form that is sent twice, and of no other
/// school.
async fn own_id(asked: &Asked, written: Written) -> Result<Written, SourceError> {
    let sent = written.broadcast_id;
    let known = listed(&asked.state.write, asked.school, sent).await.map_err(unavailable)?;
    let made = || BroadcastId(uuid::Uuid::new_v5(&asked.school.0, sent.0.as_bytes()));
    Ok(Written { broadcast_id: if known.is_some() { sent } else { made() }, ..written })
}

async fn answer(asked: Asked, typed: Typed, refused: Option<Refusal>) -> Response {
    let found = async {
        let Some(base) = asked.broadcast_base().await? else { return Ok(None) };
        let today = asked.state.clock.now().with_timezone(&base.school.zone).date_naive();
        let courses = {
            let mut tx = asked.state.pools.request.begin(asked.school).await?;
            queries::all_courses(&mut tx).await?
        };
        let open = |course: &Course| course.closed_from.is_none_or(|from| from > today);
        let newest = courses.iter().filter(|course| open(course)).map(|course| course.year).max();
        let courses = courses.into_iter().filter(|course| open(course) && Some(course.year) == newest).collect();
        let names = asked.state.names.of_school(asked.school).await?;
        let student = |id: &String| id.parse().ok().map(StudentId);
        let called = |student| pupil_words(&names.of(student), asked.visit.lang);
        let pupils = typed.students.iter().filter_map(student).map(called).collect();
        let whatsapp = asked.channels_on().contains(&Channel::Whatsapp);
        Ok::<_, SourceError>(Some(FormPage { base, typed, courses, pupils, whatsapp, refused }))
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    match found.await {
        Ok(Some(page)) => asked.visit.page(status, |nonce| page.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

impl Typed {
    fn of(id: BroadcastId, one: &Opened, zone: Tz) -> Self {
        let draft = &one.known.draft;
        let (subject, text) = one.words.clone().unwrap_or_default();
        let at = draft.send_at.map(|at| at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string());
        let typed = Self {
            id: id.to_string(),
            role: draft.audience.role.as_str().to_owned(),
            subject,
            text,
            whatsapp: draft.whatsapp,
            at: at.unwrap_or_default(),
            ..Self::default()
        };
        match &draft.audience.whom {
            Whom::School => Self { to: "colegio".into(), ..typed },
            Whom::Levels { levels } => Self { to: "niveles".into(), levels: levels.clone(), ..typed },
            Whom::Courses { courses } => {
                Self { to: "cursos".into(), courses: courses.iter().map(ToString::to_string).collect(), ..typed }
            }
            Whom::Pupils { students } => {
                Self { to: "alumnos".into(), students: students.iter().map(ToString::to_string).collect(), ..typed }
            }
        }
    }

    fn sent(sent: &[(String, String)]) -> Self {
        let of = |name: &str| field(sent, name).unwrap_or_default().to_owned();
        let all = |name: &str| sent.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect();
        Self {
            id: of("id"),
            to: of("para"),
            levels: all("nivel"),
            courses: all("curso"),
            students: all("alumno"),
            role: of("rol"),
            subject: of("asunto"),
            text: of("texto"),
            whatsapp: of("whatsapp") == "si",
            at: of("cuando"),
        }
    }

    /// What was typed as what it is; else what is wrong.
    fn read(&self, zone: Tz, now: DateTime<Utc>) -> Result<Written, Refusal> {
        let nobody = || Refusal::whole(key("broadcast-audience-wrong"));
        let ids = |of: &[String]| of.iter().map(|id| id.parse::<uuid::Uuid>().ok()).collect::<Option<Vec<_>>>();
        let whom = match self.to.as_str() {
            "colegio" => Whom::School,
            "niveles" => Whom::Levels { levels: self.levels.clone() },
            "cursos" => {
                Whom::Courses { courses: ids(&self.courses).ok_or_else(nobody)?.into_iter().map(CourseId).collect() }
            }
            "alumnos" => {
                Whom::Pupils { students: ids(&self.students).ok_or_else(nobody)?.into_iter().map(StudentId).collect() }
            }
            _ => return Err(nobody()),
        };
        let empty = match &whom {
            Whom::School => false,
            Whom::Levels { levels } => levels.is_empty(),
            Whom::Courses { courses } => courses.is_empty(),
            Whom::Pupils { students } => students.is_empty(),
        };
        if empty {
            return Err(nobody());
        }
        let role = Role::ALL.into_iter().find(|role| role.as_str() == self.role).ok_or_else(nobody)?;
        let wrong_time = || Refusal::of(&["cuando"], key("broadcast-time-wrong"));
        let send_at = match self.at.as_str() {
            "" => None,
            typed => {
                let local = NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M").map_err(|_| wrong_time())?;
                let at = resolve_local(local.date(), local.time(), zone);
                // What lies a little back is meant as now; what lies a year ahead is a slip.
                if at < now - chrono::TimeDelta::minutes(10) || at > now + chrono::TimeDelta::days(366) {
                    return Err(wrong_time());
                }
                Some(at)
            }
        };
        Ok(Written {
            broadcast_id: BroadcastId(self.id.parse().map_err(|_| nobody())?),
            subject: self.subject.clone(),
            text: self.text.clone(),
            audience: Audience { whom, role },
            whatsapp: self.whatsapp,
            send_at,
        })
    }
}

impl FormPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let (school, typed) = (self.base.school.id, &self.typed);
        let main = html! {
            main class="reports-page" {
                header class="page-head" { h1 { (lang.t("broadcasts-new")) } }
                form class="card form" method="post" action={ "/comunicados/nuevo?colegio=" (school) } {
                    (form::refused(self.refused, lang))
                    (form::hidden("id", &typed.id))
                    (self.audience(lang))
                    @let roles = Role::ALL.map(|role| (role.as_str().to_owned(), role_words(role, lang)));
                    (form::choice("rol", &lang.t("broadcast-role"), &roles, &typed.role, true, self.refused, lang))
                    (form::field(&Field {
                        name: "asunto", label: lang.t("broadcast-subject"), kind: "text", autocomplete: "off",
                        value: &typed.subject, hint: Some(lang.f("broadcast-longest", &[("n", LONGEST_SUBJECT.into())])),
                    }, self.refused, lang))
                    @let label = (lang.t("broadcast-text"), lang.f("broadcast-text-hint", &[("n", LONGEST_TEXT.into())]));
                    (form::text("texto", (&label.0, &label.1), &typed.text, self.refused, lang))
                    (form::optional(&Field {
                        name: "cuando", label: lang.t("broadcast-when"), kind: "datetime-local", autocomplete: "off",
                        value: &typed.at, hint: Some(lang.t("broadcast-when-hint")),
                    }, self.refused, lang))
                    @if self.whatsapp {
                        fieldset class="ticks" {
                            legend { (lang.t("broadcast-whatsapp")) }
                            label {
                                input type="checkbox" name="whatsapp" value="si" aria-describedby="whatsapp-what" checked[typed.whatsapp];
                                span { (lang.t("broadcast-whatsapp-too")) }
                            }
                            p class="hint" id="whatsapp-what" { (lang.t("broadcast-whatsapp-what")) }
                        }
                    }
                    (form::send(&lang.t("broadcast-look")))
                    p class="hint" { (lang.t("broadcast-look-what")) }
                }
            }
        };
        let here = format!("/comunicados/nuevo?colegio={school}");
        let (who, title) = ((&self.base.who, &self.base.school), lang.t("broadcasts-new"));
        shell::of_school(who, Place::Broadcasts, title, here, (lang, nonce), &main)
    }

    fn audience(&self, lang: Lang) -> Markup {
        let typed = &self.typed;
        let levels: BTreeSet<&str> = self.courses.iter().map(|course| course.level.as_str()).collect();
        let to = |value: &str, words| (value.to_owned(), words);
        let mut options = vec![
            to("cursos", lang.t("broadcast-to-courses")),
            to("niveles", lang.t("broadcast-to-levels")),
            to("colegio", lang.t("broadcast-to-school")),
        ];
        if !self.pupils.is_empty() {
            let names = self.pupils.join(", ");
            options.insert(0, to("alumnos", lang.f("broadcast-to-pupils", &[("names", (&names).into())])));
        }
        html! {
            (form::choice("para", &lang.t("broadcast-to"), &options, &typed.to, true, self.refused, lang))
            @for id in &typed.students { (form::hidden("alumno", id)) }
            details open[typed.to == "cursos"] {
                summary { (lang.t("broadcast-courses")) }
                fieldset class="ticks" {
                    legend { (lang.t("broadcast-courses")) }
                    @for course in &self.courses {
                        @let id = course.course_id.to_string();
                        label {
                            input type="checkbox" name="curso" value=(id) checked[typed.courses.contains(&id)];
                            span { (course.name) }
                        }
                    }
                }
            }
            details open[typed.to == "niveles"] {
                summary { (lang.t("broadcast-levels")) }
                fieldset class="ticks" {
                    legend { (lang.t("broadcast-levels")) }
                    @for level in levels {
                        label {
                            input type="checkbox" name="nivel" value=(level) checked[typed.levels.iter().any(|one| one == level)];
                            span { (level) }
                        }
                    }
                }
            }
        }
    }
}

/// Made up.
#[cfg(test)]
pub(super) fn sample() -> Typed {
    use crate::pages::sample::HOSTILE;
    Typed {
        to: "cursos".into(),
        levels: vec![HOSTILE.into()],
        subject: HOSTILE.into(),
        text: HOSTILE.into(),
        students: vec![uuid::Uuid::nil().to_string()],
        ..Typed::default()
    }
}
