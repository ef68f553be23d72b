//! Which notices a guardian wants, of which pupil and by which channels.
//!
//! By default only exceptions are told: what goes as expected costs a message for every pupil and day, and teaches
//! families to read none. By WhatsApp nobody is written to who did not say so (Meta's policy asks for it). A notice that
//! somebody's safety hangs on is turned off by saying so for its kind, and never by leaving one channel: then it comes
//! by the other one.

use crate::delivery::{Channel, Kind};
use crate::ids::StudentId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By which channels a kind of notice is wanted, in order; by none: it is not wanted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Want {
    /// The kind.
    pub kind: Kind,
    /// The channels, the one to try first first.
    pub channels: Vec<Channel>,
}

/// In which language notices are written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Spanish.
    Es,
    /// English.
    En,
}

/// How somebody said that notices may come or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By a word sent to the school's number.
    Reply,
    /// On the guardian's own pages.
    Portal,
    /// By the link of a mail.
    Link,
    /// To the staff, or on paper.
    Staff,
}

/// What is known of a guardian's wishes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Notices {
    wanted: BTreeMap<Option<StudentId>, BTreeMap<Kind, Vec<Channel>>>,
    language: Option<Language>,
    said: BTreeMap<(Channel, Option<Kind>), Said>,
}

/// What was said last of a channel.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Said {
    in_: bool,
    at: DateTime<Utc>,
}

/// By which channels a kind comes to whoever said nothing.
pub const fn by_default(kind: Kind) -> &'static [Channel] {
    match kind {
        Kind::NoEntry | Kind::EarlyLeave | Kind::Correction => &[Channel::Whatsapp, Channel::Email],
        // WhatsApp takes what goes to many for advertising, at four times the price.
        Kind::Broadcast => &[Channel::Email],
        Kind::Entry | Kind::Exit | Kind::Late => &[],
    }
}

impl Notices {
    /// By which channels a guardian wants a kind of notice of a pupil and may be reached, in order, where `has` says for
    /// which of them there is an address.
    pub(super) fn channels(&self, student: StudentId, kind: Kind, has: impl Fn(Channel) -> bool) -> Vec<Channel> {
        let wanted = self.wants(student, kind);
        let usable = |channel: &Channel| has(*channel) && self.allows(*channel, kind);
        let allowed: Vec<_> = wanted.iter().copied().filter(usable).collect();
        if allowed.is_empty() && !wanted.is_empty() && kind.is_of_safety() {
            return Channel::ALL.iter().copied().filter(usable).collect();
        }
        allowed
    }

    /// By which channels a kind of notice of a pupil is wanted, whether or not they may be used.
    pub fn wants(&self, student: StudentId, kind: Kind) -> &[Channel] {
        let of = |whose| self.wanted.get(&whose);
        let set = of(Some(student)).or_else(|| of(None)).and_then(|kinds| kinds.get(&kind));
        set.map_or(by_default(kind), Vec::as_slice)
    }

    /// Whether anything may come by a channel.
    pub fn takes(&self, channel: Channel) -> bool {
        self.said.get(&(channel, None)).map_or(!matches!(channel, Channel::Whatsapp), |said| said.in_)
    }

    /// In which language, if that is known.
    pub fn language(&self) -> Option<Language> {
        self.language
    }

    fn allows(&self, channel: Channel, kind: Kind) -> bool {
        self.takes(channel) && self.said.get(&(channel, Some(kind))).is_none_or(|said| said.in_)
    }

    /// Whether what is said of a channel at that instant changes anything.
    pub(super) fn is_news(&self, channel: Channel, kind: Option<Kind>, in_: bool, at: DateTime<Utc>) -> bool {
        self.said.get(&(channel, kind)).is_none_or(|said| said.in_ != in_ && said.at < at)
    }

    pub(super) fn opt(&mut self, channel: Channel, kind: Option<Kind>, in_: bool, at: DateTime<Utc>) {
        self.said.insert((channel, kind), Said { in_, at });
    }

    pub(super) fn set(&mut self, student: Option<StudentId>, language: Option<Language>, wanted: &[Want]) {
        // What is said of one pupil says nothing of the language, unless it does.
        if student.is_none() || language.is_some() {
            self.language = language;
        }
        self.wanted.insert(student, wanted.iter().map(|want| (want.kind, want.channels.clone())).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_values::{at, id};
    use Channel::{Email, Whatsapp};

    fn who_said(said: &[(Channel, Option<Kind>, bool)]) -> Notices {
        let mut notices = Notices::default();
        said.iter().for_each(|(channel, kind, in_)| notices.opt(*channel, *kind, *in_, at(12, 0, 0)));
        notices
    }
    fn of(notices: &Notices, kind: Kind) -> Vec<Channel> {
        notices.channels(id(0x31), kind, |_| true)
    }

    #[test]
    fn whoever_said_nothing_is_told_of_exceptions_and_by_mail() {
        let told: Vec<_> = Kind::ALL.iter().filter(|kind| !of(&Notices::default(), **kind).is_empty()).collect();
        assert_eq!(told, [&Kind::NoEntry, &Kind::EarlyLeave, &Kind::Correction, &Kind::Broadcast]);
        assert!(Kind::ALL.iter().all(|kind| !of(&Notices::default(), *kind).contains(&Whatsapp)));
        assert_eq!(of(&who_said(&[(Whatsapp, None, true)]), Kind::NoEntry), [Whatsapp, Email]);
    }

    #[test]
    fn d10_an_alarm_that_is_turned_off_is_off() {
        let mut notices = who_said(&[(Whatsapp, None, true)]);
        notices.set(None, None, &[Want { kind: Kind::NoEntry, channels: vec![] }]);
        assert_eq!(of(&notices, Kind::NoEntry), []);
        assert_eq!(of(&notices, Kind::EarlyLeave), [Whatsapp, Email], "the others are as by default");
    }

    #[test]
    fn d10_whoever_leaves_whatsapp_gets_alarms_by_mail_and_everything_else_there_no_more() {
        let mut notices = who_said(&[(Whatsapp, None, false)]);
        let only_there = |kind| Want { kind, channels: vec![Whatsapp] };
        notices.set(None, None, &[only_there(Kind::NoEntry), only_there(Kind::Exit)]);
        assert_eq!(of(&notices, Kind::NoEntry), [Email]);
        assert_eq!(of(&notices, Kind::Exit), []);
        notices.opt(Email, None, false, at(12, 1, 0));
        assert_eq!(of(&notices, Kind::NoEntry), [], "whoever leaves both has left");
        let no_phone = |channel| channel == Email;
        let only = Want { kind: Kind::NoEntry, channels: vec![Whatsapp] };
        let mut notices = who_said(&[(Whatsapp, None, true)]);
        notices.set(None, None, &[only]);
        assert_eq!(
            notices.channels(id(0x31), Kind::NoEntry, no_phone),
            [Email],
            "who has no telephone has left it too"
        );
    }

    #[test]
    fn what_is_said_of_one_pupil_counts_for_that_pupil_alone() {
        let mut notices = who_said(&[(Whatsapp, None, true), (Email, Some(Kind::NoEntry), false)]);
        notices.set(Some(id(0x31)), Some(Language::En), &[Want { kind: Kind::Entry, channels: vec![Email] }]);
        assert_eq!(of(&notices, Kind::Entry), [Email]);
        assert_eq!(notices.channels(id(0x32), Kind::Entry, |_| true), []);
        assert_eq!(of(&notices, Kind::NoEntry), [Whatsapp]);
        assert_eq!(of(&notices, Kind::Correction), [Whatsapp, Email]);
        assert_eq!(notices.language(), Some(Language::En));
    }
}
