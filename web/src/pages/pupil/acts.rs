//! What was done to a day, as the pages tell it.

use super::PupilPage;
use crate::i18n::{Lang, key, times};
use crate::pages::{cases, course};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::attendance_day::{Change, CorrectionReason, Direction, DocumentKind, Event, Rejection};
use maud::{Markup, html};
use projections::live::rows::{ActKind, ActState};
use uuid::Uuid;

/// An early leave, a justification or a correction.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) struct Act {
    /// Which.
    pub id: Uuid,
    /// What kind.
    pub kind: ActKind,
    /// Where it stands.
    pub state: ActState,
    /// What was said at its beginning.
    pub said: Event,
    /// What was said at its end.
    pub ending: Option<Event>,
    /// Who began it; none if nobody knows any more.
    pub by: Option<String>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// The adult whom it names.
    pub adult: Option<String>,
    /// The note, opened.
    pub note: Option<String>,
    /// What was handed in with it.
    pub document: Option<Handed>,
}

/// A document, as a link to it says.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) struct Handed {
    /// What it is.
    pub kind: DocumentKind,
    /// Its size, in bytes.
    pub bytes: u32,
    /// Where it is read.
    pub href: String,
}

impl Handed {
    fn link(&self, lang: Lang) -> Markup {
        let kind = match self.kind {
            DocumentKind::Pdf => "PDF",
            DocumentKind::Jpeg => "JPG",
            DocumentKind::Png => "PNG",
        };
        let kilobytes = self.bytes.div_ceil(1000);
        html! {
            a href=(self.href) target="_blank" rel="noopener" {
                (lang.f("document-open", &[("kind", kind.into()), ("kb", kilobytes.into())]))
            }
        }
    }
}

/// The word for where an act stands.
pub(super) fn state(act: &Act, lang: Lang) -> String {
    lang.t(match act.state {
        ActState::Authorised => key("act-authorised"),
        ActState::Recorded => key("act-recorded"),
        ActState::Cancelled => key("act-cancelled"),
        ActState::Blocked => key("act-blocked"),
        ActState::Submitted | ActState::Requested => key("act-waiting"),
        ActState::Accepted => key("act-accepted"),
        ActState::Approved => match act.ending {
            Some(Event::CorrectionApproved { alone: true, .. }) => key("act-approved-alone"),
            _ => key("act-approved"),
        },
        ActState::Rejected => key("act-rejected"),
    })
}

/// What an event says of an act, for whoever reads the day's events and not the register; none of passages.
pub(in crate::pages) fn event_words(event: &Event, zone: Tz, lang: Lang) -> Option<String> {
    let (kind, state, more) = match event {
        Event::EarlyLeaveAuthorised { leave } => {
            (key("act-kind-leave"), key("act-authorised"), Some(course::leave_words(leave.reason, lang)))
        }
        Event::EarlyLeaveBlocked { .. } => (key("act-kind-leave"), key("act-blocked"), None),
        Event::EarlyLeaveRecorded { .. } => (key("act-kind-leave"), key("act-recorded"), None),
        Event::EarlyLeaveCancelled { .. } => (key("act-kind-leave"), key("act-cancelled"), None),
        Event::JustificationSubmitted { justification } => {
            let reason = cases::reason_words(justification.reason, lang);
            (key("act-kind-justification"), key("act-submitted"), Some(reason))
        }
        Event::JustificationAccepted { reason, .. } => {
            (key("act-kind-justification"), key("act-accepted"), Some(cases::reason_words(*reason, lang)))
        }
        Event::JustificationRejected { why, .. } => {
            (key("act-kind-justification"), key("act-rejected"), Some(rejection_words(*why, lang)))
        }
        Event::CorrectionRequested { correction } => {
            (key("act-kind-correction"), key("act-requested"), Some(change(correction.change, zone, lang)))
        }
        Event::CorrectionApproved { change: changed, alone, .. } => {
            let state = if *alone { key("act-approved-alone") } else { key("act-approved") };
            (key("act-kind-correction"), state, Some(change(*changed, zone, lang)))
        }
        Event::CorrectionRejected { .. } => (key("act-kind-correction"), key("act-rejected"), None),
        Event::ScanRecorded { .. }
        | Event::ScanFlagged { .. }
        | Event::ManualEntryRecorded { .. }
        | Event::ManualEntryWithdrawn { .. } => return None,
    };
    let said = format!("{}: {}", lang.t(kind), lang.t(state));
    Some(match more {
        Some(more) => format!("{said} ({more})"),
        None => said,
    })
}

/// What is asked for, in a sentence.
pub(super) fn what(act: &Act, zone: Tz, lang: Lang) -> String {
    match &act.said {
        Event::EarlyLeaveAuthorised { leave } | Event::EarlyLeaveBlocked { leave } => {
            let who = act.adult.clone().unwrap_or_else(|| lang.t("name-unknown"));
            let reason = course::leave_words(leave.reason, lang);
            let time = times::clock(leave.occurred_at, zone);
            lang.f("act-leave", &[("who", (&who).into()), ("time", (&time).into()), ("reason", (&reason).into())])
        }
        Event::JustificationSubmitted { justification } => {
            let reason = cases::reason_words(justification.reason, lang);
            lang.f("act-justification", &[("reason", (&reason).into())])
        }
        Event::CorrectionRequested { correction } => {
            let reason = correction_words(correction.reason, lang);
            format!(
                "{} {}",
                change(correction.change, zone, lang),
                lang.f("act-because", &[("reason", (&reason).into())])
            )
        }
        _ => String::new(),
    }
}

fn change(change: Change, zone: Tz, lang: Lang) -> String {
    let added = change.adds.map(|added| {
        let time = times::clock(added.occurred_at, zone);
        match added.direction {
            Direction::Entry => lang.f("act-adds-entry", &[("time", (&time).into())]),
            Direction::Exit => lang.f("act-adds-exit", &[("time", (&time).into())]),
        }
    });
    let voided = change.voids.map(|_| lang.t("act-voids"));
    voided.into_iter().chain(added).collect::<Vec<_>>().join(" ")
}

/// `la hora no es correcta`
pub(super) fn correction_words(reason: CorrectionReason, lang: Lang) -> String {
    lang.t(match reason {
        CorrectionReason::OtherPupil => key("correction-other-pupil"),
        CorrectionReason::WrongTime => key("correction-wrong-time"),
        CorrectionReason::WrongDirection => key("correction-wrong-direction"),
        CorrectionReason::DidNotHappen => key("correction-did-not-happen"),
        CorrectionReason::NotRecorded => key("correction-not-recorded"),
        CorrectionReason::Other => key("correction-other"),
    })
}

/// `el documento no se lee`
pub(super) fn rejection_words(why: Rejection, lang: Lang) -> String {
    lang.t(match why {
        Rejection::Illegible => key("rejection-illegible"),
        Rejection::NoDocument => key("rejection-no-document"),
        Rejection::NotOfThisDay => key("rejection-not-of-this-day"),
        Rejection::Other => key("rejection-other"),
    })
}

/// One of them with who did it and when.
pub(super) fn row(act: &Act, date: NaiveDate, zone: Tz, lang: Lang) -> Markup {
    let kind = lang.t(match act.kind {
        ActKind::EarlyLeave => key("act-kind-leave"),
        ActKind::Justification => key("act-kind-justification"),
        ActKind::Correction => key("act-kind-correction"),
    });
    let day = act.at.with_timezone(&zone).date_naive();
    html! {
        div {
            b { (kind) ": " (state(act, lang)) }
            p { (what(act, zone, lang)) }
            @if let Some(Event::JustificationRejected { why, .. }) = &act.ending { p { (rejection_words(*why, lang)) } }
            @if let Some(note) = &act.note { p { q { (note) } } }
            @if let Some(document) = &act.document { p { (document.link(lang)) } }
            p class="hint" {
                (act.by.clone().unwrap_or_else(|| lang.t("by-hand-somebody"))) ", "
                time datetime=(times::machine(act.at, zone)) {
                    @if day != date { (times::long_date(day, lang)) ", " }
                    (times::clock(act.at, zone))
                }
                @if let Some(by) = &act.ended_by { " · " (by) }
            }
        }
    }
}

impl PupilPage {
    pub(super) fn story(&self, lang: Lang) -> Markup {
        html! {
            @if !self.acts.is_empty() {
                section class="card" aria-labelledby="acts-title" {
                    h2 id="acts-title" { (lang.t("acts-title")) }
                    ol class="rows" {
                        @for act in &self.acts { li class="row" { (row(act, self.date, self.school.zone, lang)) } }
                    }
                }
            }
        }
    }
}
