//! `/matricula/nomina`: the school's list as a file, read and shown first, written when asked again. What a request has
//! no time for is done by the next one ([`progress`]); the list itself is kept nowhere but on the page.

use super::super::asked::Asked;
use super::super::progress::{self, Before, Progress, Step};
use super::super::respond::Nonce;
use super::super::staff::form::{self, Field, Refusal};
use super::super::staff::who;
use super::super::upload::{AGAIN, WithFile};
use super::super::view::{School, Who};
use super::enrol::date;
use super::{A_RECORD, frame};
use crate::i18n::{Lang, key, times};
use crate::import::text::decode;
use crate::import::{FileProblem, List, Report, read, words};
use crate::pages::icon::icon;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{Datelike, NaiveDate};
use commands::StoreError;
use commands::directory::Kind;
use commands::use_cases::import_roster::{Outcome as OfRow, Plan, Register, apply, plan};
use commands::use_cases::{Taken, UseCaseError};
use maud::{Markup, html};
use std::fmt::Write as _;
use std::time::Instant;

/// How many changes and how many errors a page lists; the figures are of all.
const LISTED: usize = 200;
/// The largest file that a page takes, in bytes as they are and as UTF-8; a list of a thousand pupils has 200 kB.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Most rows of a list, and most courses that it opens: more than any school has. What a request does before it can
/// stop grows with them.
const MOST_ROWS: usize = 10_000;
const MOST_COURSES: usize = 200;

/// The form's fields besides the file.
#[derive(Clone, Default)]
pub(super) struct Typed {
    pub year: String,
    pub from: String,
    pub sure: bool,
    /// What the review showed, so that nothing else is written.
    pub reviewed: String,
    pub before: Before,
}

/// Why nothing was read.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Refused {
    /// No file was chosen.
    NoFile,
    /// The school year is neither this one nor the next.
    Year,
    /// The date is none of that year.
    From,
    /// The file is no list.
    File(FileProblem),
    /// It has more rows or opens more courses than a school has.
    TooLong,
    /// A course of it is there under another name, or closed.
    Course,
}

/// What the page tells.
pub(super) enum Outcome {
    /// The form alone.
    Nothing,
    /// Why it came back.
    Refused(Refused),
    /// What would change.
    Planned {
        report: Report,
        /// The list, to be sent again.
        list: String,
        /// What names all that the review shows.
        reviewed: String,
        /// Whether it is another than what was reviewed before.
        changed: bool,
    },
    /// What is left, what could not be written, and the list to be sent again.
    Going(Progress, Report, String),
    /// All of it, and how many rows were written.
    Done(Report, usize),
}

/// The page's values.
pub(super) struct ImportPage {
    pub who: Who,
    pub school: School,
    pub typed: Typed,
    pub outcome: Outcome,
}

impl Typed {
    fn of(sent: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in sent {
            match name.as_str() {
                "anio" => typed.year = value,
                "desde" => typed.from = value,
                "seguro" => typed.sure = value == "si",
                "revisado" => typed.reviewed = value,
                _ => {
                    typed.before.take(&name, &value);
                }
            }
        }
        typed
    }

    fn of_today(today: NaiveDate) -> Self {
        Self { year: today.year().to_string(), from: today.to_string(), ..Self::default() }
    }

    /// The school year, and the first day of enrolments and moves.
    fn dates(&self, today: NaiveDate) -> Result<(i32, NaiveDate), Refused> {
        let year = self.year.trim().parse().ok().filter(|year| (today.year()..=today.year() + 1).contains(year));
        let year = year.ok_or(Refused::Year)?;
        Ok((year, date(&self.from).filter(|from| from.year() == year).ok_or(Refused::From)?))
    }
}

/// Reads and compares a list; with its text, to be sent again.
fn read_list(file: &[u8], register: &Register, year: i32) -> Result<(List, String, Plan), Refused> {
    let text = decode(file).text;
    if file.len().max(text.len()) > MOST_BYTES {
        return Err(Refused::File(FileProblem::TooLarge));
    }
    let list = read(file).map_err(Refused::File)?;
    if list.lines.len() > MOST_ROWS {
        return Err(Refused::TooLong);
    }
    let plan = plan(&list.lines, register, year);
    if plan.courses.len() > MOST_COURSES { Err(Refused::TooLong) } else { Ok((list, text, plan)) }
}

/// How many rows are to be written.
fn to_write(plan: &Plan) -> usize {
    plan.rows.iter().filter(|row| matches!(row.outcome, OfRow::Create(_) | OfRow::Change(_))).count()
}

/// `GET /matricula/nomina`.
pub(super) async fn get(asked: Asked) -> Response {
    asked.import_page(None, Outcome::Nothing).await
}

/// `POST /matricula/nomina`: says what would change, and does it once that was seen.
pub(super) async fn post(asked: Asked, form: WithFile<Vec<(String, String)>>) -> Response {
    let typed = Typed::of(form.sent);
    let outcome = match form.file {
        Some(file) => asked.import(&typed, file).await,
        None => Ok(Outcome::Refused(Refused::NoFile)),
    };
    drop(form.place);
    match outcome {
        Ok(outcome) => asked.import_page(Some(typed), outcome).await,
        Err(UseCaseError::Taken(Taken::Course) | UseCaseError::Course(_)) => {
            asked.import_page(Some(typed), Outcome::Refused(Refused::Course)).await
        }
        Err(error) => asked.not_written(A_RECORD, &error),
    }
}

impl Asked {
    async fn import(&self, typed: &Typed, file: Vec<u8>) -> Result<Outcome, UseCaseError> {
        let (write, context) = (&self.state.write, self.context().await?);
        let today = self.state.clock.now().with_timezone(&context.zone).date_naive();
        let dates = match typed.dates(today) {
            Ok(dates) => dates,
            Err(refused) => return Ok(Outcome::Refused(refused)),
        };
        let register = Register::load(write, self.school).await?;
        // A long list is read in a thread that nobody else waits for.
        let reading = tokio::task::spawn_blocking(move || read_list(&file, &register, dates.0));
        let (list, text, plan) = match reading.await {
            Ok(Ok(read)) => read,
            Ok(Err(refused)) => return Ok(Outcome::Refused(refused)),
            Err(_) => return Err(StoreError::Interrupted.into()),
        };
        let lang = self.visit.lang;
        let reviewed = self.digest(&plan);
        // What goes on was the same a moment ago, but for what it wrote itself.
        let is_another = typed.sure && typed.before.left.is_none() && typed.reviewed != reviewed;
        if !typed.sure || is_another {
            let report = Report::new(&list, &plan, None, lang);
            return Ok(Outcome::Planned { report, list: text, reviewed, changed: is_another });
        }
        let begun = Instant::now();
        let at_most = self.state.config.http.tuning.step;
        let applied = apply(write, &context, &plan, dates, |_| begun.elapsed() < at_most).await?;
        if let Some(error) = &applied.first_error {
            tracing::warn!(code = error.code(), failed = applied.failed.len(), "some rows of a list were not written");
        }
        let report = Report::new(&list, &plan, Some(&applied), lang);
        if applied.left > 0 {
            let left = applied.left.saturating_add(applied.failed.len());
            return Ok(Outcome::Going(typed.before.now(left, applied.failed.len()), report, text));
        }
        // Of all requests, not of the last.
        let written = typed.before.total.unwrap_or(to_write(&plan)).saturating_sub(applied.failed.len());
        Ok(Outcome::Done(report, written))
    }

    /// What names all that a plan writes, and what it was made from: a change in between makes it another.
    fn digest(&self, plan: &Plan) -> String {
        let mut text = String::new();
        for row in &plan.rows {
            if let OfRow::Create(work) | OfRow::Change(work) = &row.outcome {
                let guardians = work.guardians.iter().filter_map(|i| plan.guardians.get(*i));
                let of_guardians: Vec<_> = guardians.map(|of| (of.known, of.sequence)).collect();
                let _ = write!(text, "{}|{:?}|{}|{:?}|", row.number, work.known, work.sequence, work.fields);
                let _ = writeln!(text, "{}|{of_guardians:?}", work.course_name);
            }
        }
        let hash = self.state.write.directory().hmac(self.school, Kind::NationalId, &format!("review|{text}"));
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn import_page(&self, typed: Option<Typed>, outcome: Outcome) -> Response {
        let school = match self.school_of_page().await {
            Ok(Some(school)) => school,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let today = self.state.clock.now().with_timezone(&school.zone).date_naive();
        let page = ImportPage {
            who: who(&self.state, &self.person).await,
            school,
            typed: typed.unwrap_or_else(|| Typed::of_today(today)),
            outcome,
        };
        let refused = matches!(page.outcome, Outcome::Refused(_));
        let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        self.visit.page(status, |nonce| page.page(self.visit.lang, nonce))
    }
}

fn n(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl ImportPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="people import" {
                a class="back" href={ "/alumnos?colegio=" (self.school.id) } { (icon("back")) (lang.t("find-title")) }
                header class="page-head" { h1 { (lang.t("list-title")) } p { (lang.t("list-what")) } }
                @match &self.outcome {
                    Outcome::Nothing => (self.form(None, lang)),
                    Outcome::Refused(refused) => (self.form(Some(*refused), lang)),
                    Outcome::Planned { report, list, reviewed, changed } => {
                        @if *changed { (form::wrong(&lang.t("list-changed-meanwhile"), true)) }
                        (self.planned(report, (list, reviewed), lang))
                    }
                    Outcome::Going(progress, report, list) => {
                        (progress::frame(&self.going(*progress, report, list, lang, nonce)))
                    }
                    Outcome::Done(report, written) => (progress::frame(&self.done(report, *written, lang))),
                }
            }
        };
        frame((&self.who, &self.school), lang.t("list-title"), "/matricula/nomina", (lang, nonce), &main)
    }

    fn action(&self) -> String {
        format!("/matricula/nomina?colegio={}", self.school.id)
    }

    fn form(&self, refused: Option<Refused>, lang: Lang) -> Markup {
        let why = refused.map(|refused| match refused {
            Refused::NoFile => lang.t("list-no-file"),
            Refused::Year | Refused::From => String::new(),
            Refused::TooLong => lang.t("list-too-long"),
            Refused::Course => lang.t("list-course-taken"),
            Refused::File(problem) => lang.f("list-no-list", &[("why", (&words::file_problem(problem, lang)).into())]),
        });
        let field = |name, label: &'static str, kind, value, hint: &'static str| Field {
            name,
            label: lang.t(label),
            kind,
            autocomplete: "off",
            value,
            hint: Some(lang.t(hint)),
        };
        html! {
            @let of_field = match refused {
                Some(Refused::Year) => Some(Refusal::of(&["anio"], key("year-wrong"))),
                Some(Refused::From) => Some(Refusal::of(&["desde"], key("year-from-wrong"))),
                _ => None,
            };
            @if let Some(why) = why.filter(|_| of_field.is_none()) { (form::wrong(&why, true)) }
            form class="form card" method="post" action=(self.action()) enctype="multipart/form-data" {
                div class="field" {
                    label for="archivo" { (lang.t("list-file")) }
                    p class="hint" id="archivo-hint" { (lang.t("list-file-hint")) }
                    input id="archivo" name="archivo" type="file" required aria-describedby="archivo-hint"
                        accept=".csv,.txt,.tsv,text/csv,text/plain";
                }
                (form::field(&field("anio", key("year-year"), "number", &self.typed.year, key("list-year-hint")), of_field, lang))
                (form::field(&field("desde", key("file-from"), "date", &self.typed.from, key("list-from-hint")), of_field, lang))
                (form::send(&lang.t("list-review")))
            }
        }
    }

    /// What was sent, to be sent again.
    fn again(&self, list: &str) -> Markup {
        html! {
            (form::hidden("anio", &self.typed.year))
            (form::hidden("desde", &self.typed.from))
            (form::hidden("seguro", "si"))
            (form::hidden(AGAIN, list))
        }
    }

    fn planned(&self, report: &Report, (list, reviewed): (&str, &str), lang: Lang) -> Markup {
        let changes = report.create.saturating_add(report.change);
        html! {
            section class="answer" aria-label=(lang.t("list-plan")) {
                p class="headline" {
                    strong class="figure" { (lang.number(n(report.create))) } " " span class="of" { (lang.t("list-new")) }
                }
                (counts(report, lang))
                p { (lang.f("list-of-year", &[("year", (&self.typed.year).into()), ("from", (&self.from(lang)).into())])) }
                @if !report.courses.is_empty() { p { (lang.t("import-courses")) ": " (report.courses.join(", ")) } }
                @if !report.unused_columns.is_empty() {
                    p class="hint" { (lang.t("import-unused-columns")) ": " (report.unused_columns.join(", ")) }
                }
            }
            @if changes > 0 {
                form class="form" method="post" action=(self.action()) enctype="multipart/form-data" {
                    (self.again(list))
                    (form::hidden("total", &changes.to_string()))
                    (form::hidden("revisado", reviewed))
                    (form::send(&lang.f("list-write", &[("n", n(changes).into())])))
                }
            } @else { p { (lang.t("import-end-nothing-planned")) } }
            (errors(report, lang))
            @if changes > 0 {
                section class="card" aria-labelledby="changes" {
                    h2 id="changes" { (lang.t("list-changes")) }
                    (some(changes, lang))
                    ul class="rows" {
                        @for [row, what, name, course, fields] in report.changed(lang).take(LISTED) {
                            li class="row" {
                                div {
                                    b { (name) } " " span class="tag" { (what) }
                                    p class="hint" { (course) " · " (lang.f("import-in-row", &[("row", (&row).into())])) }
                                    p { (fields) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The first day, in words.
    fn from(&self, lang: Lang) -> String {
        date(&self.typed.from).map_or_else(|| self.typed.from.clone(), |date| times::full_date(date, lang))
    }

    fn going(&self, progress: Progress, report: &Report, list: &str, lang: Lang, nonce: &Nonce) -> Markup {
        let more = html! {
            @if progress.failed > 0 {
                p class="remark" { (icon("warning")) (lang.f("list-failed", &[("n", n(progress.failed).into())])) }
            } @else { p { (lang.t("list-going")) } }
        };
        let step = Step {
            progress,
            left: lang.t("list-left"),
            more,
            action: &self.action(),
            enctype: Some("multipart/form-data"),
            fields: self.again(list),
            send: lang.t("list-go-on"),
        };
        html! { (step.show(lang, nonce)) @if progress.failed > 0 { (errors(report, lang)) } }
    }

    fn done(&self, report: &Report, written: usize, lang: Lang) -> Markup {
        html! {
            section class="answer" {
                p class="headline" {
                    @if report.errors.is_empty() { (icon("inside")) } @else { (icon("warning")) }
                    (lang.f("list-done", &[("n", n(written).into())]))
                }
                @if !report.errors.is_empty() { p { (lang.f("list-not-all", &[("n", n(report.rejected).into())])) } }
                p { a href={ "/horarios?colegio=" (self.school.id) } { (lang.t("list-next")) } }
                p { a href=(self.action()) { (lang.t("list-another")) } }
            }
            (errors(report, lang))
        }
    }
}

fn counts(report: &Report, lang: Lang) -> Markup {
    let counts = [
        (key("import-changed"), report.change),
        (key("import-unchanged"), report.unchanged),
        (key("import-rejected"), report.rejected),
        (key("import-guardians"), report.guardians),
    ];
    let counts = counts.map(|(words, count)| format!("{}: {}", lang.t(words), lang.number(n(count))));
    html! { p { (counts.join(" · ")) } }
}

/// That not all of so many are listed.
fn some(all: usize, lang: Lang) -> Markup {
    html! {
        @if all > LISTED {
            p class="hint" { (lang.f("list-some", &[("listed", n(LISTED).into()), ("n", n(all).into())])) }
        }
    }
}

fn errors(report: &Report, lang: Lang) -> Markup {
    html! {
        @if !report.errors.is_empty() {
            section class="card" aria-labelledby="errors" {
                h2 id="errors" { (icon("warning")) (lang.t("import-errors")) }
                p class="hint" { (lang.f("import-end-rejected", &[("n", (&lang.number(n(report.rejected))).into())])) }
                (some(report.errors.len(), lang))
                ul class="rows" {
                    @for error in report.errors.iter().take(LISTED) {
                        li { b { (error.place(lang)) } ": " (error.message) }
                    }
                }
            }
        }
    }
}
