//! The forms of a pupil's page: plain, without scripts. What one page sends is done once, however often it is sent.

use super::acts::{correction_words, what};
use super::{Adult, Passage, PupilPage};
use crate::i18n::{Lang, key, times};
use crate::pages::staff::form::{self, Field};
use crate::pages::{cases, course};
use domain::attendance_day::{CorrectionReason, Direction, LeaveReason};
use domain::no_show::Justification;
use maud::{Markup, html};
use projections::live::rows::ActState;
use serde::Serialize;

/// The reasons of a justification, in the order of the form.
pub(in crate::pages) const JUSTIFICATIONS: [Justification; 4] =
    [Justification::Illness, Justification::Appointment, Justification::Family, Justification::Other];

/// A code as it is on the wire.
pub(in crate::pages) fn code<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The note of a form, by the name that no other field of the page has.
pub(in crate::pages) fn note(name: &str, lang: Lang) -> Markup {
    let field = Field {
        name,
        label: lang.t("by-hand-note"),
        kind: "text",
        autocomplete: "off",
        value: "",
        hint: Some(lang.t("by-hand-note-hint")),
    };
    form::optional(&field, None, lang)
}

/// The document of a form.
pub(in crate::pages) fn document(lang: Lang) -> Markup {
    html! {
        div class="field" {
            label for="archivo" { (lang.t("document-label")) }
            p class="hint" id="archivo-hint" { (lang.t("document-hint")) }
            input id="archivo" name="archivo" type="file" accept="application/pdf,image/jpeg,image/png"
                aria-describedby="archivo-hint";
        }
    }
}

impl PupilPage {
    fn action(&self, below: &str) -> String {
        format!("/alumnos/{}/{below}?colegio={}", self.pupil.id, self.school.id)
    }

    fn sheet(&self) -> Markup {
        html! {
            (form::hidden("fecha", &self.date.to_string()))
            (form::hidden("hoja", &self.sheet.to_string()))
        }
    }

    /// Letting the pupil go with an adult; or, once that is allowed, that the pupil went.
    pub(super) fn leave(&self, lang: Lang) -> Markup {
        let open = self.acts.iter().find(|act| act.state == ActState::Authorised);
        html! {
            section class="card" aria-labelledby="leave-title" {
                h2 id="leave-title" { (lang.t("leave-title")) }
                @match open {
                    Some(act) => {
                        p { b { (what(act, self.school.zone, lang)) } }
                        p class="hint" { (lang.t("leave-hand-over")) }
                        div class="changes" {
                            form method="post" action=(self.action("retiro/salio")) {
                                (self.sheet())
                                button class="button" name="retiro" value=(act.id) { (lang.t("leave-gone")) }
                            }
                            form method="post" action=(self.action("retiro/anular")) {
                                (self.sheet())
                                button class="quiet" name="retiro" value=(act.id) { (lang.t("leave-stays")) }
                            }
                        }
                    }
                    None => (self.new_leave(lang)),
                }
            }
        }
    }

    fn new_leave(&self, lang: Lang) -> Markup {
        let may: Vec<&Adult> = self.adults.iter().filter(|adult| adult.may_collect && !adult.barred).collect();
        let barred: Vec<&Adult> = self.adults.iter().filter(|adult| adult.barred).collect();
        let name = |adult: &Adult| adult.name.clone().unwrap_or_else(|| lang.t("name-unknown"));
        let reasons: Vec<(String, String)> =
            LeaveReason::ALL.into_iter().map(|reason| (code(&reason), course::leave_words(reason, lang))).collect();
        let number = Field {
            name: "documento",
            label: lang.t("leave-number"),
            kind: "text",
            autocomplete: "off",
            value: "",
            hint: Some(lang.t("leave-number-hint")),
        };
        html! {
            @for adult in barred { p class="refused" { (lang.f("leave-barred", &[("who", (&name(adult)).into())])) } }
            @if may.is_empty() { p class="hint" { (lang.t("leave-nobody")) } }
            @else {
                form class="form" method="post" action=(self.action("retiro")) {
                    (self.sheet())
                    fieldset {
                        legend { (lang.t("leave-who")) }
                        @for adult in &may {
                            label class="check" {
                                input type="radio" name="persona" value=(adult.id) required;
                                span {
                                    (name(adult))
                                    @if !adult.has_number { " " small { (lang.t("leave-no-number")) } }
                                }
                            }
                        }
                    }
                    (form::optional(&number, None, lang))
                    label class="check" {
                        input type="checkbox" name="visto" value="si";
                        span { (lang.t("leave-seen")) }
                    }
                    (form::choice("motivo", &lang.t("leave-reason"), &reasons, "unwell", true, None, lang))
                    (note("nota", lang))
                    button class="button" type="submit" { (lang.t("leave-authorise")) }
                }
            }
        }
    }

    /// Writing down why the pupil does not come.
    pub(super) fn justification(&self, lang: Lang) -> Markup {
        let reasons: Vec<(String, String)> =
            JUSTIFICATIONS.into_iter().map(|reason| (code(&reason), cases::reason_words(reason, lang))).collect();
        html! {
            section class="card" aria-labelledby="justify-title" {
                h2 id="justify-title" { (lang.t("justify-title")) }
                details {
                    summary { (lang.t("justify-open")) }
                    form class="form" method="post" action=(self.action("justificar"))
                        enctype=[self.documents.then_some("multipart/form-data")] {
                        (self.sheet())
                        (form::choice("causa", &lang.t("justify-reason"), &reasons, "illness", true, None, lang))
                        (note("detalle", lang))
                        @if self.documents { (document(lang)) }
                        button class="button" type="submit" { (lang.t("justify-accept")) }
                    }
                }
            }
        }
    }

    /// Asking that the day be set right.
    pub(super) fn correction(&self, lang: Lang) -> Markup {
        let zone = self.school.zone;
        let said = |passage: &Passage| {
            let time = times::clock(passage.at, zone);
            match passage.direction {
                Direction::Entry => lang.f("by-hand-entry", &[("time", (&time).into())]),
                Direction::Exit => lang.f("by-hand-exit", &[("time", (&time).into())]),
            }
        };
        let none = (String::new(), lang.t("correction-no-passage"));
        let counts = self.passages.iter().filter(|passage| !passage.withdrawn);
        let passages: Vec<(String, String)> =
            std::iter::once(none).chain(counts.map(|passage| (passage.id.to_string(), said(passage)))).collect();
        let directions =
            [("", key("correction-nothing")), ("entry", key("correction-entry")), ("exit", key("correction-exit"))];
        let directions = directions.map(|(value, words)| (value.to_owned(), lang.t(words)));
        let reasons: Vec<(String, String)> =
            CorrectionReason::ALL.into_iter().map(|reason| (code(&reason), correction_words(reason, lang))).collect();
        let time = Field {
            name: "hora",
            label: lang.t("correction-time"),
            kind: "time",
            autocomplete: "off",
            value: "",
            hint: None,
        };
        html! {
            section class="card" aria-labelledby="correct-title" {
                h2 id="correct-title" { (lang.t("correct-title")) }
                details {
                    summary { (lang.t("correct-open")) }
                    p class="hint" {
                        @if self.corrects { (lang.t("correct-alone")) } @else { (lang.t("correct-second")) }
                    }
                    form class="form" method="post" action=(self.action("corregir")) {
                        (self.sheet())
                        (form::choice("quita", &lang.t("correction-voids"), &passages, "", false, None, lang))
                        (form::choice("sentido", &lang.t("correction-adds"), &directions, "", false, None, lang))
                        (form::optional(&time, None, lang))
                        (form::choice("porque", &lang.t("correction-reason"), &reasons, "wrong_time", true, None, lang))
                        (note("explicacion", lang))
                        button class="button" type="submit" {
                            @if self.corrects { (lang.t("correct-do")) } @else { (lang.t("correct-ask")) }
                        }
                    }
                }
            }
        }
    }
}
