//! What an inspector records by hand from a course's page: one tap for a pupil without an entry, two for one who goes
//! out or comes again, and taking it back.
//!
//! The reason and the time stand in one form above the list; each pupil's button sends that form. Without a time it is
//! now, so the tap alone is right however long the page was open.

mod post;
#[cfg(test)]
mod tests;

pub use post::router;

use super::staff::form;
use super::stream::full_name;
use super::view::{ByHand, CourseDay, Pupil, Status};
use crate::i18n::{Lang, key, times};
use domain::attendance_day::{Direction, Error, ManualReason, UNDO_WITHIN};
use maud::{Markup, html};
use uuid::Uuid;

/// Id of the form that the pupils' buttons send.
const FORM: &str = "a-mano";

/// Who looks at a course's day, and what the address says was done.
#[derive(Clone, Default)]
pub(super) struct Hand {
    /// Whether the person may record by hand in this school.
    pub may: bool,
    /// Whether the person may take back what others recorded, and what is older.
    pub corrects: bool,
    /// The person's account.
    pub account: Option<Uuid>,
    /// What was done.
    pub told: Option<Told>,
}

/// What was done, as the address of the page after it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// This entry stands.
    Recorded(Uuid),
    /// An entry was taken back.
    Undone,
    /// Nothing was done.
    Refused(Refused),
}

/// Why nothing was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// No time of day.
    BadTime,
    /// A note that cannot be kept.
    BadNote,
    /// The day's own rule.
    Day(Error),
}

impl Refused {
    /// All of them.
    pub(super) const ALL: [Self; 10] = [
        Self::BadTime,
        Self::BadNote,
        Self::Day(Error::NotEnrolled),
        Self::Day(Error::InTheFuture),
        Self::Day(Error::AnotherDay),
        Self::Day(Error::BeforeTheDay),
        Self::Day(Error::UnknownEntry),
        Self::Day(Error::NotItsAuthor),
        Self::Day(Error::TooLateToUndo),
        Self::Day(Error::Withdrawn),
    ];

    /// Its word in addresses.
    fn word(self) -> &'static str {
        match self {
            Self::BadTime => "hora",
            Self::BadNote => "nota",
            Self::Day(Error::NotEnrolled) => "matricula",
            Self::Day(Error::InTheFuture) => "futuro",
            Self::Day(Error::AnotherDay) => "otro-dia",
            Self::Day(Error::BeforeTheDay) => "madrugada",
            Self::Day(Error::UnknownEntry) => "no-esta",
            Self::Day(Error::NotItsAuthor) => "de-otra-persona",
            Self::Day(Error::TooLateToUndo) => "tarde",
            Self::Day(Error::Withdrawn) => "deshecha",
            // Not of an entry by hand.
            Self::Day(Error::Leave(_) | Error::Justification(_) | Error::Correction(_)) => "otra-cosa",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::BadTime => key("by-hand-bad-time"),
            Self::BadNote => key("by-hand-bad-note"),
            Self::Day(Error::NotEnrolled) => key("by-hand-not-enrolled"),
            Self::Day(Error::InTheFuture) => key("by-hand-in-the-future"),
            Self::Day(Error::AnotherDay) => key("by-hand-another-day"),
            Self::Day(Error::BeforeTheDay) => key("by-hand-before-day"),
            Self::Day(Error::UnknownEntry) => key("by-hand-unknown"),
            Self::Day(Error::NotItsAuthor) => key("by-hand-not-its-author"),
            Self::Day(Error::TooLateToUndo) => key("by-hand-too-late"),
            Self::Day(Error::Withdrawn) => key("by-hand-withdrawn"),
            Self::Day(Error::Leave(_) | Error::Justification(_) | Error::Correction(_)) => key("by-hand-unknown"),
        }
    }
}

impl Told {
    /// What `?anotado=` and `?aviso=` say.
    pub(super) fn of(recorded: Option<&str>, notice: Option<&str>) -> Option<Self> {
        match (recorded.and_then(|id| id.parse().ok()), notice) {
            (Some(id), _) => Some(Self::Recorded(id)),
            (None, Some("deshecho")) => Some(Self::Undone),
            (None, Some(word)) => Refused::ALL.into_iter().find(|r| r.word() == word).map(Self::Refused),
            (None, None) => None,
        }
    }
}

impl Hand {
    /// Whether this person may take it back now.
    fn may_undo(&self, entry: &ByHand, day: &CourseDay) -> bool {
        let own = self.account.is_some() && self.account == entry.author;
        let soon = day.freshness.as_of - entry.recorded_at <= UNDO_WITHIN;
        self.may && (self.corrects || own && soon)
    }

    /// Above the list: what was done, and how to take it back.
    pub(super) fn notice(&self, day: &CourseDay, lang: Lang) -> Markup {
        html! {
            @match self.told {
                None => {}
                Some(Told::Undone) => (form::done(Some(lang.t("by-hand-undone")))),
                Some(Told::Refused(why)) => (form::wrong(&lang.t(why.text()), true)),
                Some(Told::Recorded(id)) => {
                    @let of = |pupil: &&Pupil| pupil.by_hand.iter().any(|entry| entry.id == id);
                    // Not there any more: taken back since, or of another day.
                    @if let Some(pupil) = day.pupils.iter().find(of) {
                        @for entry in pupil.by_hand.iter().filter(|entry| entry.id == id) {
                            div class="done by-hand-done" role="status" {
                                p {
                                    @let at = times::clock(entry.at, day.school.zone);
                                    @match entry.direction {
                                        Direction::Entry => (lang.f("by-hand-done", &[("time", (&at).into())])),
                                        Direction::Exit => (lang.f("by-hand-done-exit", &[("time", (&at).into())])),
                                    }
                                    " " b { (full_name(&pupil.name, lang)) }
                                }
                                (self.undo(entry, pupil, day, lang))
                            }
                        }
                    }
                }
            }
        }
    }

    /// The form that the buttons send: its reason and time are what they record.
    pub(super) fn form(&self, day: &CourseDay, lang: Lang) -> Markup {
        html! {
            // Also while nobody lacks an entry: the list below fetches itself again, and its buttons send this form.
            @if self.may && !day.pupils.is_empty() {
                form id=(FORM) class="by-hand" method="post" action={ "/hoy/a-mano?colegio=" (day.school.id) } {
                    // Enter in a field sends the first button's form: this one, which does nothing.
                    button type="submit" disabled hidden { }
                    (form::hidden("curso", &day.course.id.to_string()))
                    (form::hidden("hoja", &day.form.to_string()))
                    details {
                        summary { (lang.t("by-hand-options")) }
                        div class="by-hand-fields" {
                            div class="field" {
                                label for="motivo" { (lang.t("by-hand-reason")) }
                                select id="motivo" name="motivo" {
                                    @for reason in ManualReason::ALL {
                                        option value=(code(reason)) selected[reason == ManualReason::ForgotCard] {
                                            (super::course::reason_words(reason, lang))
                                        }
                                    }
                                }
                            }
                            div class="field" {
                                label for="hora" { (lang.t("by-hand-time")) }
                                input id="hora" name="hora" type="time" autocomplete="off" aria-describedby="hora-hint";
                                p class="hint" id="hora-hint" { (lang.t("by-hand-time-hint")) }
                            }
                            div class="field" {
                                label for="nota" { (lang.t("by-hand-note")) }
                                input id="nota" name="nota" type="text" maxlength="200" autocomplete="off"
                                    aria-describedby="nota-hint";
                                p class="hint" id="nota-hint" { (lang.t("by-hand-note-hint")) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Beside a pupil: the one tap for whoever has no entry.
    pub(super) fn beside(&self, pupil: &Pupil, lang: Lang) -> Markup {
        html! {
            @if self.may && !came(pupil) {
                button class="quiet" form=(FORM) name="entra" value=(pupil.id) {
                    (lang.t("by-hand-record")) span class="unseen" { ": " (full_name(&pupil.name, lang)) }
                }
            }
        }
    }

    /// Under the reasons of a pupil's status: going out of whoever is in, coming again of whoever went. There are many
    /// of these on a page, so they are short; the pupil's name stands right above.
    pub(super) fn within(&self, pupil: &Pupil, lang: Lang) -> Markup {
        html! {
            @if self.may && came(pupil) {
                @match wants(pupil) {
                    Direction::Entry => button class="quiet" form=(FORM) name="entra" value=(pupil.id) {
                        (lang.t("by-hand-record"))
                    },
                    Direction::Exit => button class="quiet" form=(FORM) name="sale" value=(pupil.id) {
                        (lang.t("by-hand-record-exit"))
                    },
                }
            }
        }
    }

    /// Takes it back, where this person may.
    pub(super) fn undo(&self, entry: &ByHand, pupil: &Pupil, day: &CourseDay, lang: Lang) -> Markup {
        html! {
            @if self.may_undo(entry, day) {
                form class="by-hand-undo" method="post" action={ "/hoy/a-mano/deshacer?colegio=" (day.school.id) } {
                    (form::hidden("curso", &day.course.id.to_string()))
                    (form::hidden("alumno", &pupil.id.to_string()))
                    (form::hidden("fecha", &day.date.to_string()))
                    button class="quiet" name="anotacion" value=(entry.id) {
                        (lang.t("by-hand-undo"))
                        span class="unseen" {
                            ": " (super::course::by_hand_time(entry, day.school.zone, lang)) " "
                            (full_name(&pupil.name, lang))
                        }
                    }
                }
            }
        }
    }
}

/// Which way the pupil goes next.
fn wants(pupil: &Pupil) -> Direction {
    match pupil.status {
        Status::Missing
        | Status::Absent
        | Status::Unknown
        | Status::Pending
        | Status::Justified
        | Status::EarlyLeave
        | Status::Left => Direction::Entry,
        Status::Late | Status::Inside => Direction::Exit,
        Status::NotExpected if pupil.inside => Direction::Exit,
        Status::NotExpected => Direction::Entry,
    }
}

/// Whether the pupil came today.
fn came(pupil: &Pupil) -> bool {
    match pupil.status {
        Status::Missing | Status::Absent | Status::Unknown | Status::Pending | Status::Justified => false,
        Status::Late | Status::Inside | Status::EarlyLeave | Status::Left => true,
        Status::NotExpected => pupil.inside || pupil.first_entry.is_some(),
    }
}

/// The reason's word in forms, as it is on the wire.
fn code(reason: ManualReason) -> String {
    serde_json::to_value(reason).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
