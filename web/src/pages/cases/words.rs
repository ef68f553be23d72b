//! What the pages of the cases say in the same words.

use super::super::icon::icon;
use super::super::reasons;
use super::super::staff::form;
use super::super::stream::full_name;
use super::super::view::PersonName;
use super::{By, Case, Notice, REASONS, Stage, Told, one};
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::no_show::{CaseId, Event, Hold, Justification, Resolution, Retraction};
use maud::{Markup, html};
use projections::no_show::rows::Ending;
use uuid::Uuid;

/// So many of a course that are held as a mass are one card.
pub(super) const MASS_AT_LEAST: usize = domain::no_show::pass::MASS_AT_LEAST as usize;

impl Stage {
    pub(super) fn hold(&self) -> Option<Hold> {
        match self {
            Self::Review(hold) => *hold,
            Self::Told(_) | Self::Seen { .. } | Self::Ended { .. } => None,
        }
    }
}

/// The id of a case's name on a page.
pub(super) fn id(case: CaseId) -> String {
    format!("case-{}-{}", case.slot_id, case.student_id)
}

/// What was done, or why it was not.
pub(super) fn notice(notice: Option<&Notice>, lang: Lang) -> Markup {
    let words = |told: Told, name: &Option<PersonName>| {
        html! { (lang.t(text(told))) @if let Some(name) = name { " " b { (full_name(name, lang)) } } }
    };
    html! {
        @match notice {
            None => {}
            Some((told, name)) if told.is_refusal() => {
                p class="refused" id="refused" role="alert" tabindex="-1" autofocus {
                    (icon("warning")) span { (words(*told, name)) }
                }
            }
            Some((told, name)) => p class="done" role="status" { (icon("inside")) span { (words(*told, name)) } },
        }
    }
}

fn text(told: Told) -> &'static str {
    match told {
        Told::Seen => key("case-done-seen"),
        Told::Released => key("case-done-released"),
        Told::CourseReleased => key("case-done-released-all"),
        Told::Justified => key("case-done-justified"),
        Told::Closed => key("case-refused-closed"),
        Told::Acknowledged => key("case-refused-seen"),
        Told::KeptChanging => key("case-refused-changing"),
        Told::NoReason => key("case-refused-reason"),
    }
}

/// Why the family is not told by itself.
pub(super) fn hold(hold: Option<Hold>, lang: Lang) -> String {
    lang.t(match hold {
        Some(Hold::GateSilent) => key("case-held-gate"),
        Some(Hold::MassAlarm) => key("case-held-mass"),
        Some(Hold::Stale) => key("case-held-stale"),
        None => key("case-held-new"),
    })
}

/// `plazo 08:30, hace 12 min`
pub(super) fn due(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz, lang: Lang) -> String {
    let (time, since) = (times::clock(at, zone), times::ago_minutes((now - at).num_minutes(), lang));
    lang.f("case-due", &[("time", (&time).into()), ("ago", (&since).into())])
}

/// Where it stands, as a sentence.
pub(super) fn stage(case: &Case, zone: Tz, lang: Lang) -> String {
    let time = |at: DateTime<Utc>| when(at, case.id.date, zone, lang);
    match &case.stage {
        Stage::Review(why) => hold(*why, lang),
        Stage::Told(at) => lang.f("case-told", &[("time", (&time(*at)).into())]),
        Stage::Seen { by: By::You, at } => lang.f("case-seen-you", &[("time", (&time(*at)).into())]),
        Stage::Seen { by, at } => {
            lang.f("case-seen", &[("who", (&self::by(by, lang)).into()), ("time", (&time(*at)).into())])
        }
        Stage::Ended { ending, .. } => end(ending, case.id.date, zone, lang),
    }
}

fn end(ending: &Ending, date: NaiveDate, zone: Tz, lang: Lang) -> String {
    let time = |at: DateTime<Utc>| when(at, date, zone, lang);
    match *ending {
        Ending::Resolved(Resolution::Arrived { at }) => lang.f("case-arrived", &[("time", (&time(at)).into())]),
        Ending::Resolved(Resolution::Justified { reason }) => {
            lang.f("case-justified", &[("reason", (&reason_words(reason, lang)).into())])
        }
        Ending::Retracted(Retraction::EnteredBefore { at }) => {
            lang.f("case-entered-before", &[("time", (&time(at)).into())])
        }
        Ending::Retracted(Retraction::NotExpected { why }) => {
            lang.f("case-not-expected", &[("why", (&reasons::why(why, lang)).into())])
        }
        Ending::Retracted(Retraction::NotDue) => lang.t("case-not-due"),
        Ending::Retracted(Retraction::LeftEarly { at }) => lang.f("case-left-early", &[("time", (&time(at)).into())]),
    }
}

/// What was said of a case, as a sentence.
pub(super) fn said(event: &Event, date: NaiveDate, zone: Tz, lang: Lang) -> String {
    match event {
        Event::Opened { due_at, .. } => {
            lang.f("case-said-opened", &[("time", (&when(*due_at, date, zone, lang)).into())])
        }
        Event::Held { reason } => lang.f("case-said-held", &[("why", (&hold(Some(*reason), lang)).into())]),
        Event::NoticeRequested { .. } => lang.t("case-said-told"),
        Event::Acknowledged => lang.t("case-said-seen"),
        Event::Resolved { resolution } => end(&Ending::Resolved(*resolution), date, zone, lang),
        Event::Retracted { retraction } => end(&Ending::Retracted(*retraction), date, zone, lang),
    }
}

/// Who.
pub(super) fn by(by: &By, lang: Lang) -> String {
    match by {
        By::You => lang.t("case-by-you"),
        By::Name(name) => name.clone(),
        By::Program => lang.t("case-by-program"),
        By::Somebody => lang.t("case-by-somebody"),
    }
}

/// `08:14`, or with its day where that is another one than the case's.
pub(super) fn when(at: DateTime<Utc>, date: NaiveDate, zone: Tz, lang: Lang) -> String {
    let (day, clock) = (at.with_timezone(&zone).date_naive(), times::clock(at, zone));
    if day == date { clock } else { format!("{}, {clock}", times::long_date(day, lang)) }
}

/// Why a pupil does not come.
pub(in crate::pages) fn reason_words(reason: Justification, lang: Lang) -> String {
    lang.t(match reason {
        Justification::Illness => key("case-reason-illness"),
        Justification::Appointment => key("case-reason-appointment"),
        Justification::Family => key("case-reason-family"),
        Justification::Other => key("case-reason-other"),
    })
}

/// `+56 9 1234 5678`; a number of another country as it is.
pub(super) fn phone(number: &str) -> String {
    match number.strip_prefix("+56") {
        Some(national) if national.len() == 9 && national.is_ascii() => {
            format!("+56 {} {} {}", &national[..1], &national[1..5], &national[5..])
        }
        _ => number.to_owned(),
    }
}

/// What can be done about a case, one tap each.
pub(super) struct Acts<'a> {
    /// Which.
    pub case: &'a Case,
    /// Of this school.
    pub school: Uuid,
    /// Which page to come back to.
    pub from: &'static str,
    /// Whether the way to the family leads to another page.
    pub leads: bool,
}

impl Acts<'_> {
    pub(super) fn markup(&self, lang: Lang) -> Markup {
        let Self { case, school, from, leads } = *self;
        let name = html! { span class="unseen" { ": " (full_name(&case.name, lang)) } };
        let act = |below: &str, class: &str, text: &'static str| {
            html! {
                form method="post" action=(one::address(case.id, school, below)) {
                    (form::hidden("desde", from))
                    button class=(class) type="submit" { (lang.t(text)) (name) }
                }
            }
        };
        html! {
            @if case.is_open() {
                div class="acts" {
                    @if !matches!(case.stage, Stage::Seen { .. }) { (act("/ver", "button", key("case-see"))) }
                    @if leads { (self.call(lang)) }
                    @if matches!(case.stage, Stage::Review(_)) { (act("/avisar", "quiet", key("case-release"))) }
                    details {
                        summary { (lang.t("case-justify")) (name) }
                        form class="choices" method="post" action=(one::address(case.id, school, "/justificar")) {
                            (form::hidden("desde", from))
                            @for (reason, word) in REASONS {
                                button class="choice" type="submit" name="motivo" value=(word) {
                                    b { (reason_words(reason, lang)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The way to the family.
    pub(super) fn call(&self, lang: Lang) -> Markup {
        html! {
            a class="button quiet" href=(one::address(self.case.id, self.school, "")) {
                (lang.t("case-call")) span class="unseen" { ": " (full_name(&self.case.name, lang)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_chile_is_written_as_people_read_it_and_another_as_it_is() {
        assert_eq!(phone("+56912345678"), "+56 9 1234 5678");
        assert_eq!(phone("+56223456789"), "+56 2 2345 6789");
        assert_eq!(phone("+5491123456789"), "+5491123456789");
    }
}
