//! `/informes/nomina`: a class list beside what the gate knows. Nothing of it is kept.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::staff::form;
use super::parts::{Base, Names, Tab};
use crate::i18n::{Lang, key, times};
use crate::reports::class_list::{ListProblem, RowProblem};
use crate::reports::compare::{Comparison, Found};
use domain::class_list::{Difference, Marked};
use maud::{Markup, html};

/// What the page tells.
pub(super) enum Outcome {
    /// The form alone.
    Nothing,
    /// The text was no list.
    Refused(ListProblem),
    /// What was found.
    Compared(Comparison, Names),
}

/// The differences in the order in which somebody must ask after them.
const KINDS: [(Difference, &str, &str); 3] = [
    (Difference::EnteredNotInClass, key("reports-list-not-in-class"), "missing"),
    (Difference::InClassNotEntered, key("reports-list-not-entered"), "warning"),
    (Difference::GateUnknown, key("reports-list-gate-unknown"), "unknown"),
];

pub(super) fn page(base: &Base, outcome: &Outcome, lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        @match outcome {
            Outcome::Nothing => {}
            Outcome::Refused(problem) => {
                p class="refused" id="refused" role="alert" tabindex="-1" autofocus { (icon("warning")) span { (refused(*problem, lang)) } }
            }
            Outcome::Compared(found, names) => (compared(base, found, names, lang)),
        }
        section class="card" aria-labelledby="list-form" {
            h2 id="list-form" { (lang.t("reports-list-form")) }
            form method="post" action=(base.href("/nomina", "")) class="list-form" enctype="multipart/form-data" {
                div class="field" {
                    label for="archivo" { (lang.t("reports-list-file")) }
                    input id="archivo" name="archivo" type="file" accept=".csv,.txt,.tsv,text/csv,text/plain";
                }
                div class="field" {
                    label for="lista" { (lang.t("reports-list-label")) }
                    p class="hint" id="lista-hint" { (lang.t("reports-list-hint")) }
                    textarea id="lista" name="lista" rows="10" spellcheck="false" aria-describedby="lista-hint" {}
                }
                (form::send(&lang.t("reports-list-send")))
            }
            p class="hint" { (lang.t("reports-list-kept")) }
        }
    };
    let what = html! { (lang.t("reports-list-what")) };
    let title = lang.t("reports-list-title");
    base.page((Some(Tab::List), title, &what), ("/nomina", ""), false, &main, (lang, nonce))
}

fn refused(problem: ListProblem, lang: Lang) -> String {
    lang.t(match problem {
        ListProblem::Size => key("reports-list-size"),
        ListProblem::NoHeader => key("reports-list-no-header"),
        ListProblem::OpenQuote => key("reports-list-open-quote"),
    })
}

fn compared(base: &Base, found: &Comparison, names: &Names, lang: Lang) -> Markup {
    let n = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    html! {
        section class="card answer" aria-label=(lang.t("reports-list-found")) {
            p class="headline" {
                strong class="figure" { (lang.number(n(found.differences.len()))) } " "
                span class="of" { (lang.f("reports-list-differences", &[("n", n(found.differences.len()).into())])) }
            }
            p { (lang.f("reports-list-compared", &[("n", n(found.compared).into())])) }
        }
        @for (kind, words, icon_name) in KINDS {
            @let of_kind: Vec<&Found> = found.differences.iter().filter(|found| found.difference == kind).collect();
            @if !of_kind.is_empty() {
                section class="card" aria-labelledby={ "list-" (icon_name) } {
                    h2 id={ "list-" (icon_name) } { (icon(icon_name)) (lang.t(words)) " " small { (lang.number(n(of_kind.len()))) } }
                    ul class="rows" { @for found in of_kind { (difference(base, found, names, lang)) } }
                }
            }
        }
        @if !found.unlisted.is_empty() {
            section class="card" aria-labelledby="list-unlisted" {
                h2 id="list-unlisted" { (lang.t("reports-list-unlisted")) " " small { (lang.number(n(found.unlisted.len()))) } }
                ul class="rows" {
                    @for pupil in &found.unlisted {
                        li class="row" {
                            div {
                                b { (names.link(base, pupil.student_id, lang)) }
                                p class="hint" { (pupil.course) " · " (times::long_date(pupil.date, lang)) }
                            }
                        }
                    }
                }
            }
        }
        @if !found.problems.is_empty() {
            section class="card" aria-labelledby="list-problems" {
                h2 id="list-problems" { (lang.t("reports-list-problems")) " " small { (lang.number(n(found.problems.len()))) } }
                ul class="rows" {
                    @for (row, why) in &found.problems {
                        li { (lang.f("reports-list-row", &[("row", (*row).into())])) ": " (problem(*why, lang)) }
                    }
                }
            }
        }
    }
}

fn difference(base: &Base, found: &Found, names: &Names, lang: Lang) -> Markup {
    let marked = lang.t(match found.marked {
        Marked::Present => key("reports-marked-present"),
        Marked::Late => key("reports-marked-late"),
        Marked::Absent => key("reports-marked-absent"),
    });
    let gate = match found.day.first_entry {
        Some(at) => lang.f("reports-entered-at", &[("time", (&times::clock(at, base.school.zone)).into())]),
        None => lang.t("why-no-entry"),
    };
    html! {
        li class="row" {
            div {
                b { (names.link(base, found.student_id, lang)) }
                p class="hint" { (found.course) " · " (times::long_date(found.day.date, lang)) }
                p {
                    (lang.f("reports-list-marked", &[("mark", (&marked).into())])) " · " (gate) " "
                    small { (lang.f("reports-list-row", &[("row", found.row.into())])) }
                }
            }
        }
    }
}

fn problem(why: RowProblem, lang: Lang) -> String {
    lang.t(match why {
        RowProblem::Date => key("reports-row-date"),
        RowProblem::Mark => key("reports-row-mark"),
        RowProblem::Pupil => key("reports-row-pupil"),
        RowProblem::UnknownPupil => key("reports-row-unknown"),
        RowProblem::SeveralPupils => key("reports-row-several"),
        RowProblem::OtherDates => key("reports-row-dates"),
        RowProblem::Repeated => key("reports-row-repeated"),
    })
}
