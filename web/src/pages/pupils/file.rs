//! `/alumnos/{student_id}/ficha`: in which course a pupil is, and which adults there are.

use super::super::asked::Asked;
use super::super::respond::Nonce;
use super::super::source::SourceError;
use super::super::staff::form::{self, Field};
use super::super::staff::who;
use super::super::stream::full_name;
use super::super::view::{PersonName, School, Who};
use super::cards::Card;
use super::{course_choice, frame, told};
use crate::i18n::{Lang, key, times};
use crate::pages::icon::icon;
use crate::pages::read_models::name;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use domain::StudentId;
use domain::student::GuardianRights;
use maud::{Markup, html};
use projections::roster::queries;
use uuid::Uuid;

/// An adult of the pupil's.
#[derive(Clone)]
pub(super) struct Adult {
    pub id: Uuid,
    /// None if it is erased or not known yet.
    pub name: Option<String>,
    pub run: Option<String>,
    pub phone: Option<String>,
    pub mail: Option<String>,
    /// The last event of the adult's that is shown.
    pub seen: i64,
    pub rights: GuardianRights,
}

/// The page's values.
pub(super) struct FilePage {
    pub who: Who,
    pub school: School,
    pub today: NaiveDate,
    pub id: Uuid,
    pub name: PersonName,
    /// None if there is none, or it is erased.
    pub run: Option<String>,
    pub erased: bool,
    /// The valid ones, or none of an erased pupil's.
    pub cards: Vec<Card>,
    /// The newest course and since when.
    pub course: (Uuid, String),
    pub enrolled_from: NaiveDate,
    pub withdrawn_from: Option<NaiveDate>,
    pub courses: Vec<(Uuid, String)>,
    pub adults: Vec<Adult>,
    /// Minted with the page: what one page sends is done once.
    pub sheet: Uuid,
    /// The last event of the pupil's that is shown: what was changed since is not overwritten unseen.
    pub seen: i64,
    /// What was done, as the address says it.
    pub notice: Option<String>,
}

/// `GET /alumnos/{student_id}/ficha`.
pub(super) async fn get(asked: Asked, Path(id): Path<String>) -> Response {
    let Ok(student) = id.parse().map(StudentId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match asked.file(student).await {
        Ok(Some(page)) => asked.visit.page(StatusCode::OK, |nonce| page.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

impl Asked {
    async fn file(&self, student: StudentId) -> Result<Option<FilePage>, SourceError> {
        let Some(known) = self.open_courses().await? else { return Ok(None) };
        let mut tx = self.state.pools.request.snapshot(self.school).await?;
        let Some(pupil) = queries::student(&mut tx, student).await? else { return Ok(None) };
        let linked = queries::guardians_of(&mut tx, student).await?;
        let cards = queries::cards_of(&mut tx, student).await?;
        let of_pupil = queries::all_courses(&mut tx).await?.into_iter().find(|row| row.course_id == pupil.course_id);
        drop(tx);
        let subjects: Vec<Uuid> = linked.iter().map(|found| found.link.guardian_id.0).chain([student.0]).collect();
        let keys = self.state.write.vault().keys_of(self.school, &subjects).await;
        let keys = keys.map_err(|error| SourceError::Unavailable(error.into()))?;
        let adults = linked.iter().map(|found| {
            let id = found.link.guardian_id.0;
            let open = |field, sealed: Option<&domain::Sealed>| keys.open(id, field, sealed?).ok()?.plain();
            let row = found.guardian.as_ref();
            Adult {
                id,
                name: row.and_then(|row| open("name", row.name.as_ref())),
                run: row.and_then(|row| open("national_id", row.national_id.as_ref())),
                phone: row.and_then(|row| open("phone", row.phone.as_ref())),
                mail: row.and_then(|row| open("mail", row.mail.as_ref())),
                seen: row.map_or(0, |row| row.position),
                rights: found.link.rights,
            }
        });
        let mut adults: Vec<Adult> = adults.collect();
        adults.sort_by(|a, b| (a.rights.restricted, &a.name, a.id).cmp(&(b.rights.restricted, &b.name, b.id)));
        let names = self.state.names.of_school(self.school).await?;
        let run = pupil.national_id.as_ref().and_then(|run| keys.open(student.0, "national_id", run).ok()?.plain());
        Ok(Some(FilePage {
            who: who(&self.state, &self.person).await,
            school: known.school,
            today: known.today,
            id: student.0,
            name: if pupil.erased { PersonName::Erased } else { name(&names, student) },
            run,
            erased: pupil.erased,
            cards: cards.iter().filter_map(Card::of).collect(),
            course: (pupil.course_id.0, of_pupil.map(|row| row.name).unwrap_or_default()),
            enrolled_from: pupil.enrolled_from,
            withdrawn_from: pupil.withdrawn_from,
            courses: known.courses,
            adults,
            sheet: self.state.ids.next(),
            seen: pupil.position,
            notice: self.visit.notice.clone(),
        }))
    }
}

/// The rights with their names in the form and their words.
pub(super) const RIGHTS: [(&str, &str); 5] = [
    ("legal", key("right-legal")),
    ("avisar", key("right-notify")),
    ("retirar", key("right-collect")),
    ("ver", key("right-view")),
    ("impedido", key("right-restricted")),
];

fn has(rights: GuardianRights) -> [bool; 5] {
    [rights.legal, rights.notify, rights.may_collect, rights.may_view, rights.restricted]
}

/// A tick for each right.
fn ticks(of: &str, rights: GuardianRights, lang: Lang) -> Markup {
    html! {
        fieldset {
            legend { (lang.t("right-legend")) span class="unseen" { ": " (of) } }
            @for ((name, words), ticked) in RIGHTS.into_iter().zip(has(rights)) {
                label class="check" {
                    input type="checkbox" name=(name) value="si" checked[ticked];
                    span { (lang.t(words)) }
                }
            }
        }
    }
}

impl FilePage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="kiosk-page pupil-page" {
                header class="page-head" {
                    h1 { (full_name(&self.name, lang)) }
                    p { a href={ "/alumnos/" (self.id) "?colegio=" (self.school.id) } { (lang.t("file-day")) } }
                }
                (told(self.notice.as_deref(), lang))
                (self.enrolment(lang))
                @if !self.erased && self.withdrawn_from.is_none() { (self.cards(lang)) }
                section class="card" aria-labelledby="adults-title" {
                    h2 id="adults-title" { (lang.t("file-adults")) }
                    @if self.adults.is_empty() { p class="hint" { (lang.t("file-no-adults")) } }
                    ul class="rows" { @for adult in &self.adults { li class="row" { (self.adult(adult, lang)) } } }
                }
                @if !self.erased { (self.another(lang)) }
            }
        };
        let path = format!("/alumnos/{}/ficha", self.id);
        frame((&self.who, &self.school), lang.t("file-title"), &path, (lang, nonce), &main)
    }

    pub(super) fn action(&self, below: &str) -> String {
        format!("/alumnos/{}/ficha/{below}?colegio={}", self.id, self.school.id)
    }

    fn enrolment(&self, lang: Lang) -> Markup {
        let date = |date| times::full_date(date, lang);
        let today = self.today.to_string();
        let from = |name| Field {
            name,
            label: lang.t("file-from"),
            kind: "date",
            autocomplete: "off",
            value: &today,
            hint: None,
        };
        html! {
            section class="card" aria-labelledby="course-title" {
                h2 id="course-title" { (lang.t("file-course")) }
                p { b { (self.course.1) } " · " (lang.f("file-since", &[("date", (&date(self.enrolled_from)).into())])) }
                @if let Some(left) = self.withdrawn_from {
                    p class="hint" { (lang.f("file-gone-from", &[("date", (&date(left)).into())])) }
                    p class="hint" { (lang.t("file-again")) " " a href={ "/matricula?colegio=" (self.school.id) } { (lang.t("admit-title")) } }
                } @else if !self.erased {
                    (self.details(lang))
                    details {
                        summary { (lang.t("file-move")) }
                        form class="form" method="post" action=(self.action("curso")) {
                            (course_choice(&self.courses, None, None, lang))
                            (form::field(&from("desde"), None, lang))
                            (form::send(&lang.t("file-move")))
                        }
                    }
                    details {
                        summary { (lang.t("file-withdraw")) }
                        p class="hint" { (lang.t("file-withdraw-what")) }
                        form class="form" method="post" action=(self.action("retirar")) {
                            (form::field(&from("hasta"), None, lang))
                            (form::send(&lang.t("file-withdraw")))
                        }
                    }
                }
            }
        }
    }

    fn adult(&self, adult: &Adult, lang: Lang) -> Markup {
        let name = adult.name.clone().unwrap_or_else(|| lang.t("name-unknown"));
        html! {
            div {
                b { (name) }
                @for way in adult.phone.iter().chain(&adult.mail) { p class="hint" { (way) } }
                @if adult.rights.restricted { p { span class="tag missing" { (icon("warning")) (lang.t("right-restricted")) } } }
                @let held = RIGHTS.into_iter().zip(has(adult.rights)).take(4).filter(|(_, has)| *has);
                p { (held.map(|((_, words), _)| lang.t(words)).collect::<Vec<_>>().join(" · ")) }
                details {
                    summary { (lang.t("right-change")) span class="unseen" { ": " (name) } }
                    form class="form" method="post" action=(self.action("derechos")) {
                        (form::hidden("persona", &adult.id.to_string()))
                        (ticks(&name, adult.rights, lang))
                        p class="hint" { (lang.t("right-restricted-what")) }
                        div class="changes" {
                            button class="button" name="que" value="cambiar" { (lang.t("right-save")) }
                            button class="quiet" name="que" value="quitar" { (lang.t("right-unlink")) }
                        }
                    }
                }
                @if adult.name.is_some() { (self.contact_of(adult, lang)) }
            }
        }
    }

    fn another(&self, lang: Lang) -> Markup {
        let field = |name, label: &'static str, kind, hint: Option<&'static str>| Field {
            name,
            label: lang.t(label),
            kind,
            autocomplete: "off",
            value: "",
            hint: hint.map(|hint| lang.t(hint)),
        };
        let usual = GuardianRights { notify: true, may_view: true, ..GuardianRights::default() };
        html! {
            section class="card" aria-labelledby="another-title" {
                h2 id="another-title" { (lang.t("file-another")) }
                details {
                    summary { (lang.t("file-another")) }
                    p class="hint" { (lang.t("file-another-what")) }
                    form class="form" method="post" action=(self.action("apoderado")) {
                        (form::field(&field("nombre", key("file-name"), "text", None), None, lang))
                        (form::optional(&field("run", key("admit-run"), "text", Some(key("admit-run-hint"))), None, lang))
                        (form::optional(&field("fono", key("file-phone"), "tel", None), None, lang))
                        (form::optional(&field("correo", key("field-email"), "email", None), None, lang))
                        (ticks(&lang.t("file-another"), usual, lang))
                        (form::send(&lang.t("file-link")))
                    }
                }
            }
        }
    }
}
