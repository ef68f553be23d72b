//! `/comunicados/{id}`: what is written, whom it reaches, by which way and at what price, before it goes out; how far it
//! is, once it does.

use super::words::{outcome_words, pupil_words, role_words, stage_words, subject_words, why_words};
use super::{Base, SAID, id_of, not_read, unavailable};
use crate::i18n::{Lang, key, times};
use crate::pages::asked::{Asked, field};
use crate::pages::icon::icon;
use crate::pages::notices::channel_words;
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Place};
use crate::pages::source::SourceError;
use crate::pages::staff::form;
use crate::reports::csv::{Reader, Sheet};
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use commands::broadcasts::{self, Line, Listed, Opened, Outcome, WhyNot};
use commands::use_cases::UseCaseError;
use domain::broadcast::{ALONE_UP_TO, Error, Stage, Whom};
use domain::delivery::Channel;
use domain::delivery::policy::MARKETING_MILLIS_OF_DOLLAR;
use domain::{Actor, BroadcastId};
use maud::{Markup, html};
use projections::roster::queries;
use std::collections::BTreeMap;

/// Rows of results that are read at once.
const ROWS: i64 = 1_000;

/// The page.
pub(super) struct OnePage {
    pub(super) base: Base,
    pub(super) listed: Listed,
    pub(super) one: Opened,
    /// Courses or pupils that it is for, by name.
    pub(super) named: Vec<String>,
    /// Whether it is another one's.
    pub(super) by_another: bool,
    /// How many would get it by a channel, or would not for a reason; of one that did not start.
    pub(super) reached: BTreeMap<Result<&'static str, WhyNot>, u32>,
    /// How far it is; of one that started.
    pub(super) lines: Vec<Line>,
    pub(super) said: Option<(bool, &'static str)>,
}

/// `GET /comunicados/{id}`.
pub(super) async fn show(asked: Asked, path: Path<String>) -> Response {
    let Some(id) = id_of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match page(&asked, id).await {
        Ok(Some(page)) => asked.visit.page(StatusCode::OK, |nonce| page.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

async fn page(asked: &Asked, id: BroadcastId) -> Result<Option<OnePage>, SourceError> {
    let (write, school) = (&asked.state.write, asked.school);
    let Some(base) = asked.broadcast_base().await? else { return Ok(None) };
    let Some(listed) = broadcasts::listed(write, school, id).await.map_err(unavailable)? else { return Ok(None) };
    let Some(one) = broadcasts::opened(write, school, &[id]).await.map_err(not_read)?.remove(&id) else {
        return Ok(None);
    };
    let author = broadcasts::author(write, school, id).await.map_err(unavailable)?;
    let mut reached = BTreeMap::new();
    let mut lines = Vec::new();
    match one.known.stage {
        Stage::Drafted | Stage::Approved(_) => {
            for reach in asked.reached(&one.known.draft).await? {
                *reached.entry(reach.way.map(Channel::as_str)).or_default() += 1;
            }
        }
        Stage::Started(_) | Stage::Completed(_) | Stage::Cancelled => {
            lines = broadcasts::progress(write, school, id).await.map_err(unavailable)?;
        }
    }
    Ok(Some(OnePage {
        named: named(asked, &one.known.draft.audience.whom).await?,
        by_another: author.is_some_and(|author| author != Actor::user(asked.person.account_id)),
        said: asked
            .visit
            .notice
            .as_deref()
            .and_then(|word| SAID.iter().find(|(said, ..)| *said == word))
            .map(|(_, done, words)| (*done, *words)),
        base,
        listed,
        one,
        reached,
        lines,
    }))
}

async fn named(asked: &Asked, whom: &Whom) -> Result<Vec<String>, SourceError> {
    Ok(match whom {
        Whom::School => vec![],
        Whom::Levels { levels } => levels.clone(),
        Whom::Courses { courses } => {
            let mut tx = asked.state.pools.request.begin(asked.school).await?;
            let all = queries::all_courses(&mut tx).await?;
            all.into_iter().filter(|course| courses.contains(&course.course_id)).map(|course| course.name).collect()
        }
        Whom::Pupils { students } => {
            let names = asked.state.names.of_school(asked.school).await?;
            students.iter().map(|student| pupil_words(&names.of(*student), asked.visit.lang)).collect()
        }
    })
}

/// `POST /comunicados/{id}/aprobar`: the draft that was seen goes out.
pub(super) async fn approve(asked: Asked, path: Path<String>, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let Some(id) = id_of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let Some(version) = field(&sent, "version").and_then(|version| version.parse().ok()) else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let write = &asked.state.write;
    let people = async {
        let known = broadcasts::of(write, asked.school, id).await.map_err(unavailable)?;
        let Some(known) = known else { return Ok(0) };
        Ok::<_, SourceError>(u32::try_from(asked.reached(&known.draft).await?.len()).unwrap_or(u32::MAX))
    };
    let people = match people.await {
        Ok(people) => people,
        Err(error) => return asked.visit.source_error(&error),
    };
    let done = match asked.context().await {
        Ok(context) => broadcasts::approve(write, &context, id, (version, people)).await,
        Err(error) => Err(error),
    };
    asked.to_broadcast(id, done.map(|_| "aprobado"))
}

/// `POST /comunicados/{id}/cancelar`.
pub(super) async fn cancel(asked: Asked, path: Path<String>) -> Response {
    let Some(id) = id_of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let done = match asked.context().await {
        Ok(context) => broadcasts::cancel(&asked.state.write, &context, id).await,
        Err(error) => Err(error),
    };
    asked.to_broadcast(id, done.map(|_| "cancelado"))
}

/// `POST /comunicados/{id}/seguir`: a person lets it go on after the log was restored.
pub(super) async fn go_on(asked: Asked, path: Path<String>) -> Response {
    let Some(id) = id_of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let done = async {
        broadcasts::of(&asked.state.write, asked.school, id)
            .await?
            .ok_or(Error::NotDrafted)
            .map_err(UseCaseError::Broadcast)?;
        broadcasts::go_on(&asked.state.write, asked.school, id).await?;
        Ok("sigue")
    };
    asked.to_broadcast(id, done.await)
}

/// `GET /comunicados/{id}/resultados`: what became of each notice, as a sheet.
pub(super) async fn results(asked: Asked, path: Path<String>) -> Response {
    let Some(id) = id_of(&path) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    match sheet(&asked, id).await {
        Ok(Some(sheet)) => sheet.response("comunicado"),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

async fn sheet(asked: &Asked, id: BroadcastId) -> Result<Option<Sheet>, SourceError> {
    let (write, school, lang) = (&asked.state.write, asked.school, asked.visit.lang);
    let Some(base) = asked.broadcast_base().await? else { return Ok(None) };
    if broadcasts::listed(write, school, id).await.map_err(unavailable)?.is_none() {
        return Ok(None);
    }
    let names = asked.state.names.of_school(school).await?;
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = broadcasts::results(write, school, id, (after, ROWS)).await.map_err(not_read)?;
        after = page.last().map(|row| row.guardian_id);
        let full = i64::try_from(page.len()).is_ok_and(|n| n == ROWS);
        rows.extend(page.into_iter().map(|row| {
            vec![
                row.name.unwrap_or_else(|| lang.t("broadcast-erased")),
                pupil_words(&names.of(row.student_id), lang),
                row.channel.map(|channel| lang.t(channel_words(channel))).unwrap_or_default(),
                outcome_words(row.outcome, lang),
                row.since
                    .map(|at| at.with_timezone(&base.school.zone).format("%Y-%m-%d %H:%M").to_string())
                    .unwrap_or_default(),
            ]
        }));
        if !full {
            break;
        }
    }
    let columns = [
        ("guardian", key("broadcast-column-guardian")),
        ("pupil", key("broadcast-column-pupil")),
        ("channel", key("broadcast-column-channel")),
        ("outcome", key("broadcast-column-outcome")),
        ("since", key("broadcast-column-since")),
    ];
    Ok(Some(Sheet::new(Reader::Person(lang), columns, rows)))
}

impl OnePage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let (id, school) = (self.listed.broadcast_id, self.base.school.id);
        let here = format!("/comunicados/{id}?colegio={school}");
        let title = subject_words(self.one.words.as_ref(), lang);
        let main = html! {
            main class="reports-page" {
                a class="back" href={ "/comunicados?colegio=" (school) } { (icon("back")) (lang.t("broadcasts-title")) }
                header class="page-head" { h1 { (title) } }
                @match self.said {
                    Some((true, words)) => (form::done(Some(lang.t(words)))),
                    Some((false, words)) => (form::wrong(&lang.t(words), true)),
                    None => {}
                }
                // What is written stands still; how far it is fetches itself again while it goes out.
                div id="state" hx-get=[self.moves().then(|| format!("{here}&lang={}", lang.code()))]
                    hx-trigger="every 2s" hx-target="#state" hx-select="#state" hx-swap="outerMorph" hx-sync="this:drop"
                    hx-nonce=(nonce) aria-live="polite" {
                    (self.state(lang))
                }
                (self.written(lang))
            }
        };
        shell::of_school((&self.base.who, &self.base.school), Place::Broadcasts, title, here, (lang, nonce), &main)
    }

    fn moves(&self) -> bool {
        matches!(self.one.known.stage, Stage::Approved(_) | Stage::Started(_)) && !self.listed.quiet
    }

    fn written(&self, lang: Lang) -> Markup {
        html! {
            section class="card" aria-labelledby="written" {
                h2 id="written" { (lang.t("broadcast-written")) }
                @match &self.one.words {
                    Some((_, text)) => @for part in text.split("\n\n") { p class="letter" { (part) } },
                    None => p class="hint" { (lang.t("broadcast-erased")) },
                }
            }
        }
    }

    fn state(&self, lang: Lang) -> Markup {
        let known = &self.one.known;
        let audience = match &known.draft.audience.whom {
            Whom::School => lang.t("broadcast-to-school"),
            _ => self.named.join(", "),
        };
        let zone = self.base.school.zone;
        let when = self.listed.send_at.or(known.draft.send_at);
        html! {
            section class="card" aria-labelledby="stands" {
                h2 id="stands" { (stage_words(known.stage, self.listed.quiet, lang)) }
                dl class="facts" {
                    dt { (lang.t("broadcast-to")) } dd { (audience) }
                    dt { (lang.t("broadcast-role")) } dd { (role_words(known.draft.audience.role, lang)) }
                    dt { (lang.t("broadcast-when")) }
                    dd {
                        @match when {
                            Some(at) => { (times::long_date(at.with_timezone(&zone).date_naive(), lang)) ", " (times::clock(at, zone)) }
                            None => (lang.t("broadcast-at-once")),
                        }
                    }
                }
                @match known.stage {
                    Stage::Drafted | Stage::Approved(_) => (self.before(lang)),
                    Stage::Started(_) | Stage::Completed(_) | Stage::Cancelled => (self.after(lang)),
                }
                (self.actions(lang))
            }
        }
    }

    fn people(&self) -> u32 {
        self.reached.values().sum()
    }

    /// Whom it reaches and what it costs.
    fn before(&self, lang: Lang) -> Markup {
        let by_whatsapp = self.reached.get(&Ok(Channel::Whatsapp.as_str())).copied().unwrap_or_default();
        html! {
            p { b { (lang.f("broadcast-people", &[("n", self.people().into())])) } }
            ul {
                @for (way, n) in &self.reached {
                    li {
                        @match way {
                            Ok(channel) => (lang.f("broadcast-by", &[("n", (*n).into()), ("channel", (&by(channel, lang)).into())])),
                            Err(why) => (lang.f("broadcast-not", &[("n", (*n).into()), ("why", (&why_words(*why, lang)).into())])),
                        }
                    }
                }
            }
            @if by_whatsapp > 0 {
                p class="hint" { (lang.f("broadcast-cost", &[("usd", (&dollars(by_whatsapp, lang)).into())])) }
            }
            p class="hint" { (lang.t("broadcast-portal")) }
        }
    }

    /// How far it is.
    fn after(&self, lang: Lang) -> Markup {
        let head = [key("broadcast-column-outcome"), key("broadcast-column-channel"), key("broadcast-column-people")];
        html! {
            @if self.lines.is_empty() { p class="hint" { (lang.t("broadcast-none-went")) } }
            @else {
                table class="figures" aria-labelledby="stands" {
                    thead { tr { @for words in head { th scope="col" { (lang.t(words)) } } } }
                    tbody {
                        @for line in &self.lines {
                            tr {
                                th scope="row" { (outcome_words(line.outcome, lang)) }
                                td data-head=(lang.t(head[1])) { span { @if let Some(channel) = line.channel { (lang.t(channel_words(channel))) } } }
                                td data-head=(lang.t(head[2])) { span { (lang.number(u32::try_from(line.people).unwrap_or(u32::MAX))) } }
                            }
                        }
                    }
                }
                @if self.lines.iter().any(|line| line.outcome == Outcome::Accepted) { p class="hint" { (lang.t("notices-words")) } }
            }
        }
    }

    fn actions(&self, lang: Lang) -> Markup {
        let (id, school) = (self.listed.broadcast_id, self.base.school.id);
        let to = |what: &str| format!("/comunicados/{id}/{what}?colegio={school}");
        let alone = self.people() <= ALONE_UP_TO || self.by_another;
        html! {
            div class="steps" {
                @if self.listed.quiet {
                    p { (lang.t("broadcast-quiet")) }
                    form method="post" action=(to("seguir")) { (form::send(&lang.t("broadcast-go-on"))) }
                }
                @if self.one.known.stage == Stage::Drafted {
                    @if self.people() == 0 { p class="refused" { (icon("warning")) span { (lang.t("broadcast-nobody")) } } }
                    @else if alone {
                        form method="post" action=(to("aprobar")) {
                            (form::hidden("version", &self.one.known.version.to_string()))
                            (form::send(&lang.f("broadcast-approve", &[("n", self.people().into())])))
                        }
                    } @else { p { b { (lang.f("broadcast-waits-for-another", &[("n", ALONE_UP_TO.into())])) } } }
                    a class="button quiet" href=(to("editar")) { (lang.t("broadcast-edit")) }
                }
                @if !self.lines.is_empty() {
                    a class="button quiet" download href=(to("resultados")) { (lang.t("broadcast-results")) }
                }
                @if matches!(self.one.known.stage, Stage::Drafted | Stage::Approved(_) | Stage::Started(_)) {
                    form method="post" action=(to("cancelar")) {
                        button class="quiet" type="submit" { (lang.t("broadcast-cancel")) }
                    }
                    @if matches!(self.one.known.stage, Stage::Started(_)) {
                        p class="hint" { (lang.t("broadcast-cancel-what")) }
                    }
                }
            }
        }
    }
}

fn by(channel: &str, lang: Lang) -> String {
    Channel::of_code(channel).map(|channel| lang.t(channel_words(channel))).unwrap_or_default()
}

/// About what so many messages cost.
fn dollars(messages: u32, lang: Lang) -> String {
    let cents = u64::from(messages) * MARKETING_MILLIS_OF_DOLLAR / 10;
    let mark = if lang == Lang::Es { ',' } else { '.' };
    format!("{}{mark}{:02}", cents / 100, cents % 100)
}

/// Made up.
#[cfg(test)]
pub(super) fn reached() -> BTreeMap<Result<&'static str, WhyNot>, u32> {
    let mut reached: BTreeMap<_, _> = WhyNot::ALL.into_iter().map(|why| (Err(why), 2)).collect();
    reached.extend(Channel::ALL.iter().map(|channel| (Ok(channel.as_str()), 70)));
    reached
}
