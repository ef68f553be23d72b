//! A status as colour, icon and word: never one of them alone.

use super::icon::icon;
use super::view::{Counts, Status};
use crate::i18n::{Lang, key};
use domain::day_status::DayStatus;
use domain::entry_rate::Outcome;
use maud::{Markup, html};

impl Status {
    /// The class that colours it, which is also the name of its icon.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Missing | Self::Absent => "missing",
            Self::Unknown => "unknown",
            Self::Late => "late",
            Self::Pending => "pending",
            Self::Inside => "inside",
            Self::Justified => "justified",
            Self::EarlyLeave => "early-leave",
            Self::Left => "left",
            Self::NotExpected => "not-expected",
        }
    }

    /// The word for one pupil.
    pub(super) fn word(self, lang: Lang) -> String {
        lang.t(match self {
            Self::Missing => key("status-missing"),
            Self::Absent => key("status-absent"),
            Self::Unknown => key("status-unknown"),
            Self::Late => key("status-late"),
            Self::Pending => key("status-pending"),
            Self::Inside => key("status-inside"),
            Self::Justified => key("status-justified"),
            Self::EarlyLeave => key("status-early-leave"),
            Self::Left => key("status-left"),
            Self::NotExpected => key("status-not-expected"),
        })
    }

    /// The word after a count.
    pub(super) fn counted(self, count: u32, lang: Lang) -> String {
        let key = match self {
            Self::Missing => key("count-missing"),
            Self::Absent => key("count-absent"),
            Self::Unknown => key("count-unknown"),
            Self::Late => key("count-late"),
            Self::Pending => key("count-pending"),
            Self::Inside => key("count-inside"),
            Self::Justified => key("count-justified"),
            Self::EarlyLeave => key("count-early-leave"),
            Self::Left => key("count-left"),
            Self::NotExpected => key("count-not-expected"),
        };
        lang.f(key, &[("n", count.into())])
    }
}

impl Counts {
    /// Everybody who is expected is in the building, on time or late.
    pub(super) fn is_whole(&self) -> bool {
        self.expected > 0 && self.inside == self.expected
    }

    /// How many are in a state.
    pub(super) fn of(&self, status: Status) -> u32 {
        match status {
            Status::Missing => self.missing,
            Status::Unknown => self.unknown,
            Status::Late => self.late,
            Status::Pending => self.pending,
            Status::Inside => self.on_time,
            Status::Justified => self.justified,
            Status::Left => self.left,
            // Counted with those who are missing, and with those who left.
            Status::Absent | Status::EarlyLeave | Status::NotExpected => 0,
        }
    }
}

/// The status of one pupil: `⏱ atrasado`.
pub(super) fn tag(status: Status, lang: Lang) -> Markup {
    html! {
        span class={ "tag " (status.class()) } { (icon(status.class())) (status.word(lang)) }
    }
}

/// How a day was, as reports say it: `⏱ atrasado 7 min`.
pub(super) fn outcome_tag(outcome: Outcome, day: &DayStatus, lang: Lang) -> Markup {
    let (class, words) = match outcome {
        Outcome::InTime => ("inside", key("reports-one-in-time")),
        Outcome::Late => ("late", key("reports-one-late")),
        Outcome::Absent => ("missing", key("status-absent")),
        Outcome::Justified => ("justified", key("status-justified")),
        Outcome::Missing => ("missing", key("status-missing")),
        Outcome::Pending => ("pending", key("status-pending")),
        Outcome::Unknown => ("unknown", key("status-unknown")),
    };
    html! {
        span class={ "tag " (class) } {
            (icon(class)) (lang.t(words))
            @if let Some(minutes) = day.minutes_late() { " " (lang.f("reports-minutes-late", &[("n", minutes.into())])) }
        }
    }
}

/// The status over a list of so many: `⏱ Atrasados`.
pub(super) fn title(status: Status, count: u32, lang: Lang) -> Markup {
    let word = status.counted(count, lang);
    let mut letters = word.chars();
    let first = letters.next().map(char::to_uppercase);
    html! {
        span class={ "tag " (status.class()) } {
            (icon(status.class()))
            @if let Some(first) = first { (first.to_string()) (letters.as_str()) }
        }
    }
}

/// A count with its status: `⏱ 9 atrasados`.
pub(super) fn counted(status: Status, count: u32, lang: Lang) -> Markup {
    html! {
        span class={ "tag " (status.class()) } {
            (icon(status.class()))
            span { b { (lang.number(count)) } " " (status.counted(count, lang)) }
        }
    }
}

/// Who is in the building though nobody expects them today: `⊖ 2 adentro sin que se esperaran`; nothing if nobody.
pub(super) fn unexpected(counts: &Counts, lang: Lang) -> Markup {
    html! {
        @if counts.unexpected > 0 {
            span class={ "tag " (Status::NotExpected.class()) } {
                (icon(Status::NotExpected.class()))
                span { b { (lang.number(counts.unexpected)) } " " (unexpected_words(counts.unexpected, lang)) }
            }
        }
    }
}

/// The words after a count of [`unexpected`].
pub(super) fn unexpected_words(count: u32, lang: Lang) -> String {
    lang.f("count-unexpected", &[("n", count.into())])
}
