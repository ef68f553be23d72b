//! `/informes/accesos`: what gates told late, and the days of which not all is known.

use super::super::respond::Nonce;
use super::day;
use super::parts::{Base, Row, Tab, month_words, of_month, table};
use crate::i18n::{Lang, times};
use chrono::TimeDelta;
use maud::{Markup, html};
use projections::live::reports::{LateSync, Report};

pub(super) fn page(base: &Base, report: &Report, late: &[LateSync], lang: Lang, nonce: &Nonce) -> Markup {
    let unknown: Vec<_> = report.days.iter().filter(|line| line.tally.unknown > 0).collect();
    let rows: Vec<Row<'_>> = unknown
        .iter()
        .map(|line| Row {
            head: html! {
                a href=(base.href("/dia", &format!("&fecha={}", line.date))) { (times::long_date(line.date, lang)) }
                (day::notes(line, lang))
            },
            tally: &line.tally,
        })
        .collect();
    let n = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
    let main = html! {
        (base.months("/accesos", report.from, lang))
        section class="card answer" aria-label=(lang.t("reports-gates-title")) {
            p class="headline" {
                strong class="figure" { (lang.number(n)) } " "
                span class="of" { (lang.f("reports-unknown-days", &[("n", n.into())])) }
            }
            p { (lang.t("reports-unknown-why")) }
        }
        (table("report-unknown", &lang.t("reports-unknown-title"), &lang.t("reports-day"), &rows, lang))
        section class="card" aria-labelledby="report-synced" {
            h2 id="report-synced" { (lang.t("reports-synced-title")) }
            @if late.is_empty() { p class="hint" { (lang.t("reports-synced-none")) } }
            @else {
                ul class="rows" {
                    @for sync in late {
                        li class="row" {
                            div { b { (times::long_date(sync.date, lang)) } p class="hint" { (sync.gate) } }
                            span {
                                (lang.f("reports-synced-scans", &[
                                    ("n", sync.scans.into()),
                                    ("span", (&times::span(TimeDelta::seconds(sync.longest_seconds), lang)).into()),
                                ]))
                            }
                        }
                    }
                }
            }
        }
    };
    let what = html! { (month_words(report.from, lang)) };
    let title = lang.t("reports-gates-title");
    base.page((Some(Tab::Gates), title, &what), ("/accesos", &of_month(report.from)), true, &main, (lang, nonce))
}
