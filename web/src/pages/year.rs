//! `/anio-escolar`: a new school year with the courses and pupils of the one before. Shown first, done when asked again.
//! What a request has no time for is done by the next one ([`progress`]).

use super::asked::Asked;
use super::icon::icon;
use super::progress::{self, Before, Progress, Step};
use super::respond::Nonce;
use super::shell::{self, Place};
use super::staff::form::{self, Field, Refusal};
use super::staff::who;
use super::view::{School, Who};
use crate::AppState;
use crate::i18n::{Lang, key, times};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Form, Router};
use chrono::{Datelike, NaiveDate};
use commands::directory::Kind;
use commands::use_cases::UseCaseError;
use commands::use_cases::roll_over::{Existing, Plan, PlannedCourse, RollOver, advance, plan};
use domain::StudentId;
use domain::values::national_id::NationalId;
use domain::values::school_date;
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::time::Instant;

/// The page.
pub fn router() -> Router<AppState> {
    Router::new().route("/anio-escolar", get(form_alone).post(sent))
}

/// Longest text of those who repeat.
const REPEAT_BYTES: usize = 64 * 1024;

/// The form as it was typed.
#[derive(Debug, Clone, Default, PartialEq)]
struct Typed {
    year: String,
    from: String,
    repeat: String,
    sure: bool,
    before: Before,
}

/// What the page tells.
enum Outcome {
    /// The form alone.
    Nothing,
    /// What would happen.
    Planned(Plan),
    /// What happened so far.
    Going(Progress),
    /// All of it.
    Done { open: bool },
}

struct YearPage {
    who: Who,
    school: School,
    typed: Typed,
    refused: Option<Refusal>,
    outcome: Outcome,
}

impl Typed {
    fn of(sent: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in sent {
            match name.as_str() {
                "anio" => typed.year = value,
                "desde" => typed.from = value,
                "repiten" => typed.repeat = value,
                "seguro" => typed.sure = value == "si",
                _ => {
                    typed.before.take(&name, &value);
                }
            }
        }
        typed
    }

    fn dates(&self, today: NaiveDate) -> Result<(i32, NaiveDate), Refusal> {
        let wrong_year = Refusal::of(&["anio"], key("year-wrong"));
        let year: i32 = self.year.trim().parse().map_err(|_| wrong_year)?;
        // The year that is, while it begins, or the next one.
        if !(today.year()..=today.year() + 1).contains(&year) {
            return Err(wrong_year);
        }
        let from = self.from.trim().parse().ok().and_then(|date| school_date::date(date).ok());
        let from = from.filter(|from| from.year() == year);
        Ok((year, from.ok_or(Refusal::of(&["desde"], key("year-from-wrong")))?))
    }
}

impl Asked {
    /// Who repeats, by RUN or IPE, one on each line.
    async fn repeating(&self, text: &str) -> Result<Result<BTreeSet<StudentId>, Refusal>, UseCaseError> {
        const WRONG: Refusal = Refusal::of(&["repiten"], key("year-repeat-wrong"));
        if text.len() > REPEAT_BYTES {
            return Ok(Err(WRONG));
        }
        let mut repeat = BTreeSet::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let Ok(run) = NationalId::parse(line) else { return Ok(Err(WRONG)) };
            let directory = self.state.write.directory();
            match directory.find(self.school, Kind::NationalId, &run.normal()).await? {
                Some(entry) => repeat.insert(StudentId(entry.subject)),
                None => return Ok(Err(WRONG)),
            };
        }
        Ok(Ok(repeat))
    }

    async fn roll_over(&self, typed: &Typed, today: NaiveDate) -> Result<Result<Outcome, Refusal>, UseCaseError> {
        let (year, from) = match typed.dates(today) {
            Ok(dates) => dates,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let repeat = match self.repeating(&typed.repeat).await? {
            Ok(repeat) => repeat,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let asked = RollOver { year, from, repeat };
        if !typed.sure {
            let plan = plan(&Existing::load(&self.state.write, self.school).await?, &asked);
            return Ok(match plan.courses.is_empty() {
                true => Err(Refusal::whole(key("year-nothing"))),
                false => Ok(Outcome::Planned(plan)),
            });
        }
        let (context, begun) = (self.context().await?, Instant::now());
        let at_most = self.state.config.http.tuning.step;
        let progress = advance(&self.state.write, &context, &asked, |_| begun.elapsed() < at_most).await?;
        if let Some(error) = &progress.first_error {
            tracing::warn!(%error, failed = progress.failed.len(), "some pupils did not reach the new year");
        }
        Ok(Ok(match progress.left {
            0 => Outcome::Done { open: progress.open > 0 },
            left => Outcome::Going(typed.before.now(left, progress.failed.len())),
        }))
    }

    async fn year_page(&self, typed: Typed, outcome: Result<Outcome, Refusal>) -> Response {
        let school = match self.school_of_page().await {
            Ok(Some(school)) => school,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let status = if outcome.is_err() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let (outcome, refused) = match outcome {
            Ok(outcome) => (outcome, None),
            Err(refusal) => (Outcome::Nothing, Some(refusal)),
        };
        let view = YearPage { who: who(&self.state, &self.person).await, school, typed, refused, outcome };
        self.visit.page(status, |nonce| view.page(self.visit.lang, nonce))
    }

    async fn today(&self) -> Result<NaiveDate, UseCaseError> {
        let zone = self.context().await?.zone;
        Ok(self.state.clock.now().with_timezone(&zone).date_naive())
    }
}

/// `GET /anio-escolar`.
async fn form_alone(asked: Asked) -> Response {
    let Ok(today) = asked.today().await else { return asked.visit.failed(StatusCode::SERVICE_UNAVAILABLE) };
    // From August on schools prepare the next one.
    let year = today.year() + i32::from(today.month() >= 8);
    let typed = Typed { year: year.to_string(), from: format!("{year}-03-03"), ..Typed::default() };
    asked.year_page(typed, Ok(Outcome::Nothing)).await
}

/// `POST /anio-escolar`: says what would happen, and does it once that was seen.
async fn sent(asked: Asked, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let typed = Typed::of(sent);
    let done = async { asked.roll_over(&typed, asked.today().await?).await };
    match done.await {
        Ok(outcome) => asked.year_page(typed, outcome).await,
        Err(UseCaseError::Taken(_) | UseCaseError::Course(_)) => {
            asked.year_page(typed, Err(Refusal::whole(key("list-course-taken")))).await
        }
        Err(error) => asked.not_written("a school year", &error),
    }
}

impl YearPage {
    fn action(&self) -> String {
        format!("/anio-escolar?colegio={}", self.school.id)
    }

    fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let title = lang.t("year-title");
        let main = html! {
            main class="people calendar" {
                a class="back" href={ "/calendario?colegio=" (self.school.id) } { (icon("back")) (lang.t("calendar-back")) }
                header class="page-head" { h1 { (title) } p class="date" { (lang.t("year-what")) } }
                (form::refused(self.refused, lang))
                @match &self.outcome {
                    Outcome::Nothing => (self.form(lang)),
                    Outcome::Planned(plan) => (self.planned(plan, lang)),
                    Outcome::Going(progress) => (progress::frame(&self.going(*progress, lang, nonce))),
                    Outcome::Done { open } => (progress::frame(&self.done(*open, lang))),
                }
            }
        };
        shell::of_school((&self.who, &self.school), Place::Calendar, title, self.action(), (lang, nonce), &main)
    }

    fn form(&self, lang: Lang) -> Markup {
        let input = |name, label: &'static str, kind, value, hint: &'static str| Field {
            name,
            label: lang.t(label),
            kind,
            autocomplete: "off",
            value,
            hint: Some(lang.t(hint)),
        };
        html! {
            form class="form card" method="post" action=(self.action()) {
                (form::field(&input("anio", key("year-year"), "number", &self.typed.year, key("year-year-hint")), self.refused, lang))
                (form::field(&input("desde", key("year-from"), "date", &self.typed.from, key("year-from-hint")), self.refused, lang))
                (form::text("repiten", (&lang.t("year-repeat"), &lang.t("year-repeat-hint")), &self.typed.repeat, self.refused, lang))
                (form::send(&lang.t("year-review")))
            }
        }
    }

    /// What was typed, to be sent again.
    fn again(&self) -> Markup {
        html! {
            (form::hidden("anio", &self.typed.year))
            (form::hidden("desde", &self.typed.from))
            (form::hidden("repiten", &self.typed.repeat))
            (form::hidden("seguro", "si"))
        }
    }

    fn of_year(&self, words: &'static str, lang: Lang) -> String {
        lang.f(words, &[("year", (&self.typed.year).into())])
    }

    fn planned(&self, plan: &Plan, lang: Lang) -> Markup {
        let n = |n: usize| lang.number(u32::try_from(n).unwrap_or(u32::MAX));
        let from: Option<NaiveDate> = self.typed.from.trim().parse().ok();
        let from = from.map_or_else(|| self.typed.from.clone(), |date| times::long_date(date, lang));
        html! {
            section class="answer" aria-label=(lang.t("year-plan")) {
                p class="headline" {
                    strong class="figure" { (n(plan.pupils.len().saturating_sub(plan.leaving()))) } " " span class="of" { (lang.t("year-pupils")) }
                }
                p { (lang.f("year-begins", &[("date", (&from).into()), ("year", (&self.typed.year).into())])) }
                @if plan.leaving() > 0 {
                    p { (lang.f("year-leaving", &[("n", u32::try_from(plan.leaving()).unwrap_or(u32::MAX).into())])) }
                }
                @for name in &plan.unknown {
                    p class="remark" { (icon("warning")) (lang.f("year-unknown", &[("course", name.into())])) }
                }
            }
            form class="form" method="post" action=(self.action()) {
                (self.again())
                (form::hidden("total", &plan.pupils.len().to_string()))
                (form::send(&self.of_year(key("year-open"), lang)))
            }
            section class="card" aria-labelledby="courses" {
                h2 id="courses" { (lang.f("year-courses", &[("year", (&self.typed.year).into())])) }
                ul class="rows" { @for course in &plan.courses { (row(course, lang)) } }
            }
        }
    }

    fn going(&self, progress: Progress, lang: Lang, nonce: &Nonce) -> Markup {
        let failed = u32::try_from(progress.failed).unwrap_or(u32::MAX);
        let more = html! {
            @if failed > 0 { p class="remark" { (icon("warning")) (lang.f("year-failed", &[("n", failed.into())])) } }
            @else { p { (lang.t("year-going")) } }
        };
        let step = Step {
            progress,
            left: lang.t("year-left"),
            more,
            action: &self.action(),
            enctype: None,
            fields: self.again(),
            send: self.of_year(key("year-go-on"), lang),
        };
        step.show(lang, nonce)
    }

    fn done(&self, open: bool, lang: Lang) -> Markup {
        html! {
            section class="answer" {
                p class="headline" { (icon("inside")) (lang.f("year-done", &[("year", (&self.typed.year).into())])) }
                @if open { p { (lang.t("year-old-open")) } }
                p { (lang.t("year-next")) " " a href={ "/matricula/nomina?colegio=" (self.school.id) } { (lang.t("list-title")) } }
            }
        }
    }
}

fn row(course: &PlannedCourse, lang: Lang) -> Markup {
    let counted = |words: &'static str, n: usize| {
        (n > 0).then(|| lang.f(words, &[("n", u32::try_from(n).unwrap_or(u32::MAX).into())]))
    };
    let who = [
        counted(key("year-promoted"), course.promoted),
        counted(key("year-repeating"), course.repeating),
        counted(key("year-there"), course.there),
    ];
    let who: Vec<String> = who.into_iter().flatten().collect();
    html! {
        li class="row" {
            div {
                b { (course.label) }
                p { @if who.is_empty() { (lang.t("year-nobody")) } @else { (who.join(" · ")) } }
                p class="hint" { (lang.t(week_words(course))) }
            }
        }
    }
}

fn week_words(course: &PlannedCourse) -> &'static str {
    match (&course.week, course.course) {
        (Some(_), _) => key("year-week-copied"),
        (None, Some(_)) => key("year-week-own"),
        (None, None) => key("year-week-none"),
    }
}

/// The page with made-up values, names that look like markup among them: (what it is, its markup).
#[cfg(test)]
pub(super) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    use super::sample::{self, HOSTILE};
    use crate::permissions::Permission;
    use commands::use_cases::roll_over::Goes;
    use commands::use_cases::{CourseLabel, Grade};
    use uuid::Uuid;

    let label = CourseLabel { grade: Grade::Basic(3), letter: "A".to_owned(), specialty: HOSTILE.to_owned() };
    let course = |course, week, n| PlannedCourse {
        label: label.clone(),
        course,
        week,
        shift: None,
        there: n,
        promoted: n,
        repeating: n,
    };
    let id = Uuid::from_u128(7);
    let plan = Plan {
        courses: vec![course(None, Some(vec![]), 31), course(Some(id.into()), None, 1), course(None, None, 0)],
        pupils: vec![(id.into(), Goes::Leaves)],
        unknown: vec![HOSTILE.to_owned()],
        ..Plan::default()
    };
    let page = |outcome, refused| {
        let who = Who { name: None, several_schools: true, may: Permission::ALL.to_vec() };
        let typed = Typed { year: HOSTILE.into(), from: HOSTILE.into(), repeat: HOSTILE.into(), ..Typed::default() };
        YearPage { who, school: sample::school(), typed, refused, outcome }.page(lang, nonce)
    };
    let wrong = Refusal::of(&["repiten"], key("year-repeat-wrong"));
    let begun = Before { total: Some(40), left: Some(20) };
    [
        ("year", page(Outcome::Nothing, None)),
        ("year refused", page(Outcome::Nothing, Some(wrong))),
        ("year planned", page(Outcome::Planned(plan), None)),
        ("year going", page(Outcome::Going(begun.now(12, 0)), None)),
        ("year failed", page(Outcome::Going(begun.now(12, 1)), None)),
        ("year done", page(Outcome::Done { open: true }, None)),
    ]
    .map(|(name, page)| (name.to_owned(), page))
    .into()
}
