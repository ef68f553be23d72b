//! What of broadcasts is called how.

use crate::i18n::{Lang, key};
use crate::names::PersonName;
use commands::broadcasts::{Outcome, WhyNot};
use domain::broadcast::{Role, Stage};

pub(super) fn subject_words(words: Option<&(String, String)>, lang: Lang) -> String {
    words.map_or_else(|| lang.t("broadcast-erased"), |(subject, _)| subject.clone())
}

/// A pupil, in a sentence or a sheet.
pub(super) fn pupil_words(name: &PersonName, lang: Lang) -> String {
    match name {
        PersonName::Known { given, family } => format!("{given} {family}"),
        PersonName::Erased => lang.t("erased"),
        PersonName::Unknown => lang.t("name-unknown"),
    }
}

pub(super) fn stage_words(stage: Stage, quiet: bool, lang: Lang) -> String {
    if quiet {
        return lang.t("broadcast-stands-still");
    }
    match stage {
        Stage::Drafted => lang.t("broadcast-drafted"),
        Stage::Approved(_) => lang.t("broadcast-waits"),
        Stage::Started(people) => lang.f("broadcast-started", &[("n", people.into())]),
        Stage::Completed(people) => lang.f("broadcast-completed", &[("n", people.into())]),
        Stage::Cancelled => lang.t("broadcast-is-cancelled"),
    }
}

pub(super) fn role_words(role: Role, lang: Lang) -> String {
    lang.t(match role {
        Role::Told => key("broadcast-role-told"),
        Role::Legal => key("broadcast-role-legal"),
        Role::Collect => key("broadcast-role-collect"),
    })
}

pub(super) fn why_words(why: WhyNot, lang: Lang) -> String {
    lang.t(match why {
        WhyNot::NotWanted => key("broadcast-why-not-wanted"),
        WhyNot::NoAddress => key("broadcast-why-no-address"),
        WhyNot::NoChannel => key("broadcast-why-no-channel"),
        WhyNot::NoGuardian => key("broadcast-why-no-guardian"),
    })
}

pub(super) fn outcome_words(outcome: Outcome, lang: Lang) -> String {
    lang.t(match outcome {
        Outcome::Waiting => key("notices-waiting"),
        Outcome::Accepted => key("notices-accepted"),
        Outcome::Delivered => key("notices-delivered"),
        Outcome::Unknown => key("notices-unknown"),
        Outcome::Failed => key("notices-failed"),
        Outcome::Suppressed => key("notices-suppressed"),
        Outcome::None(why) => return lang.f("broadcast-not-sent", &[("why", (&why_words(why, lang)).into())]),
    })
}
