//! The pages with made-up broadcasts.

use super::form::{self, FormPage};
use super::list::ListPage;
use super::one::{self, OnePage};
use super::{Base, SAID};
use crate::i18n::{Lang, key};
use crate::pages::respond::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::staff::form::Refusal;
use crate::pages::view::{School, Who};
use crate::permissions::Permission;
use commands::broadcasts::{Line, Listed, Opened};
use commands::broadcasts::{Outcome, WhyNot};
use domain::broadcast::{Audience, Draft, Known, Whom};
use domain::broadcast::{Role, Stage};
use domain::delivery::Channel;
use domain::{BroadcastId, CourseId, Sealed};
use maud::Markup;
use projections::roster::rows::Course;
use uuid::Uuid;

fn base() -> Base {
    let who = Who { name: None, several_schools: true, may: Permission::ALL.to_vec() };
    Base { who, school: School { name: HOSTILE.to_owned(), ..sample::school() } }
}

fn opened(stage: Stage, words: bool) -> Opened {
    let sealed = || Sealed(String::new());
    let audience = Audience { whom: Whom::Levels { levels: vec![HOSTILE.into()] }, role: Role::Told };
    let draft = Draft { subject: sealed(), text: sealed(), audience, whatsapp: true, send_at: Some(sample::now()) };
    let words = words.then(|| (HOSTILE.to_owned(), format!("{HOSTILE}\n\n{HOSTILE}")));
    Opened { known: Known { draft, version: 1, stage }, words }
}

fn listed(quiet: bool) -> Listed {
    let broadcast_id = BroadcastId(Uuid::from_u128(7));
    Listed { broadcast_id, drafted_at: sample::now(), send_at: Some(sample::now()), quiet }
}

/// Made up.
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let stages = [Stage::Drafted, Stage::Approved(40), Stage::Started(40), Stage::Completed(40), Stage::Cancelled];
    let outcomes = [
        Outcome::Waiting,
        Outcome::Accepted,
        Outcome::Delivered,
        Outcome::Unknown,
        Outcome::Failed,
        Outcome::Suppressed,
        Outcome::None(WhyNot::NoAddress),
    ];
    let line = |outcome| Line { channel: Some(Channel::Email), outcome, people: 1_234 };
    let one = |stage, quiet, words, n: usize| OnePage {
        base: base(),
        listed: listed(quiet),
        one: opened(stage, words),
        named: vec![HOSTILE.to_owned()],
        by_another: n.is_multiple_of(2),
        reached: one::reached(),
        lines: outcomes.map(line).to_vec(),
        said: SAID.get(n).map(|(_, done, words)| (*done, *words)),
    };
    let rows = |words| stages.map(|stage| (listed(false), opened(stage, words))).to_vec();
    let course = Course {
        school_id: domain::SchoolId(sample::school().id),
        course_id: CourseId(Uuid::from_u128(3)),
        year: 2026,
        name: HOSTILE.to_owned(),
        level: HOSTILE.to_owned(),
        letter: String::new(),
        shift: None,
        closed_from: None,
        position: 1,
    };
    let form = |refused| FormPage {
        base: base(),
        typed: form::sample(),
        courses: vec![course.clone()],
        pupils: vec![HOSTILE.to_owned()],
        whatsapp: true,
        refused,
    };
    let mut pages = vec![
        ("broadcasts".to_owned(), ListPage { base: base(), rows: rows(true), more: true }.page(lang, nonce)),
        ("broadcasts erased".to_owned(), ListPage { base: base(), rows: rows(false), more: false }.page(lang, nonce)),
        ("broadcasts none".to_owned(), ListPage { base: base(), rows: vec![], more: false }.page(lang, nonce)),
        ("broadcast form".to_owned(), form(None).page(lang, nonce)),
        (
            "broadcast form refused".to_owned(),
            form(Some(Refusal::of(&["cuando"], key("broadcast-time-wrong")))).page(lang, nonce),
        ),
    ];
    for (n, stage) in stages.into_iter().enumerate() {
        pages.push((format!("broadcast {n}"), one(stage, false, true, n).page(lang, nonce)));
        pages.push((format!("broadcast quiet {n}"), one(stage, n < 3, n != 2, n + 5).page(lang, nonce)));
    }
    pages
}
