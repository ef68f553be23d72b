//! `GET /comunicados`: the newest first.

use super::words::{stage_words, subject_words};
use super::{Base, not_read, unavailable};
use crate::i18n::{Lang, times};
use crate::pages::asked::{Asked, asked_for};
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Place};
use crate::pages::source::SourceError;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::broadcasts::{Listed, Opened, newest, opened};
use maud::{Markup, html};

/// Broadcasts of a page.
const PAGE: i64 = 30;

/// The page.
pub(super) struct ListPage {
    pub(super) base: Base,
    pub(super) rows: Vec<(Listed, Opened)>,
    /// There may be older ones than these.
    pub(super) more: bool,
}

/// `GET /comunicados`, and `?antes=…` for older ones.
pub(super) async fn show(asked: Asked, query: RawQuery) -> Response {
    let before = asked_for(&query, "antes").and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    let found = async {
        let Some(base) = asked.broadcast_base().await? else { return Ok(None) };
        let (write, before) = (&asked.state.write, before.map(|at| at.to_utc()));
        let listed = newest(write, asked.school, before, PAGE).await.map_err(unavailable)?;
        let ids: Vec<_> = listed.iter().map(|one| one.broadcast_id).collect();
        let mut all = opened(write, asked.school, &ids).await.map_err(not_read)?;
        let more = i64::try_from(listed.len()).is_ok_and(|n| n == PAGE);
        let rows = listed.into_iter().filter_map(|one| Some((one, all.remove(&one.broadcast_id)?))).collect();
        Ok::<_, SourceError>(Some(ListPage { base, rows, more }))
    };
    match found.await {
        Ok(Some(page)) => asked.visit.page(StatusCode::OK, |nonce| page.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

impl ListPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let school = self.base.school.id;
        let main = html! {
            main class="reports-page" {
                header class="page-head" {
                    h1 { (lang.t("broadcasts-title")) }
                    p { (lang.t("broadcasts-what")) }
                    p { a class="button" href={ "/comunicados/nuevo?colegio=" (school) } { (lang.t("broadcasts-new")) } }
                }
                section class="card" aria-label=(lang.t("broadcasts-title")) {
                    @if self.rows.is_empty() { p class="hint" { (lang.t("broadcasts-none")) } }
                    ul class="rows" { @for (listed, one) in &self.rows { (self.row(listed, one, lang)) } }
                    @if let Some((last, _)) = self.rows.last().filter(|_| self.more) {
                        p { a class="button quiet" href={ "/comunicados?colegio=" (school) "&antes=" (machine(last.drafted_at)) } {
                            (lang.t("broadcasts-older"))
                        } }
                    }
                }
            }
        };
        let here = format!("/comunicados?colegio={school}");
        let (who, title) = ((&self.base.who, &self.base.school), lang.t("broadcasts-title"));
        shell::of_school(who, Place::Broadcasts, title, here, (lang, nonce), &main)
    }

    fn row(&self, listed: &Listed, one: &Opened, lang: Lang) -> Markup {
        let (at, zone) = (listed.send_at.unwrap_or(listed.drafted_at), self.base.school.zone);
        html! {
            li class="row" {
                div {
                    a href={ "/comunicados/" (listed.broadcast_id) "?colegio=" (self.base.school.id) } {
                        b { (subject_words(one.words.as_ref(), lang)) } (icon("next"))
                    }
                    p class="hint" {
                        (times::long_date(at.with_timezone(&zone).date_naive(), lang)) ", " (times::clock(at, zone)) " · "
                        (stage_words(one.known.stage, listed.quiet, lang))
                    }
                }
            }
        }
    }
}

fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
