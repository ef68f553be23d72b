//! Long work, done some seconds at a time: each request does what it has time for, and its answer says how far the work
//! is and holds the form that goes on. With scripts it goes on by itself while it gets further; without, by its button.

use super::respond::Nonce;
use super::staff::form;
use crate::i18n::Lang;
use maud::{Markup, html};
use std::time::Duration;

/// How long one request works: less than anybody waits for an answer.
pub(super) const AT_MOST: Duration = Duration::from_secs(4);

/// The id of what a page's next step replaces: its `main`.
pub(super) const STEP: &str = "paso";

/// What the form that goes on says of the work besides what was typed.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Before {
    /// How much there was at first.
    pub total: Option<usize>,
    /// How much was left before this request.
    pub left: Option<usize>,
}

/// How far the work is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Progress {
    /// How much there was at first.
    pub total: usize,
    /// How much is left.
    pub left: usize,
    /// How much of it could not be done now.
    pub failed: usize,
    /// Whether this request brought it further: what stands still is no work for a script.
    moves: bool,
}

impl Before {
    /// Takes one field of the form; whether it was one of these.
    pub(super) fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "total" => self.total = value.parse().ok(),
            "quedaban" => self.left = value.parse().ok(),
            _ => return false,
        }
        true
    }

    /// How far the work is now.
    pub(super) fn now(self, left: usize, failed: usize) -> Progress {
        let total = self.total.unwrap_or(left).max(left);
        Progress { total, left, failed, moves: failed == 0 && left < self.left.unwrap_or(total) }
    }
}

impl Progress {
    /// How much is left, in figures, with the words after the figure and what more is to be said.
    pub(super) fn answer(&self, left: &str, more: &Markup, lang: Lang) -> Markup {
        let n = |n: usize| lang.number(u32::try_from(n).unwrap_or(u32::MAX));
        let done = self.total.saturating_sub(self.left);
        html! {
            section class="answer" role="status" {
                p class="headline" { strong class="figure" { (n(self.left)) } " " span class="of" { (left) } }
                progress max=(self.total) value=(done) aria-label=(lang.t("progress-label")) {}
                p class="hint" { (lang.f("progress-of", &[("done", (&n(done)).into()), ("total", (&n(self.total)).into())])) }
                (more)
            }
        }
    }

    /// The form that goes on; `enctype` where it holds a file.
    pub(super) fn form(
        &self,
        (action, enctype): (&str, Option<&str>),
        fields: &Markup,
        send: &str,
        nonce: &Nonce,
    ) -> Markup {
        let by_itself = |value: &'static str| self.moves.then_some(value);
        html! {
            form class="form" method="post" action=(action) enctype=[enctype]
                hx-post=[self.moves.then_some(action)] hx-trigger=[by_itself("load")]
                hx-target=[self.moves.then(|| format!("#{STEP}"))] hx-select=[self.moves.then(|| format!("#{STEP}"))]
                hx-swap=[by_itself("outerHTML")] hx-nonce=[self.moves.then_some(nonce)] {
                (fields)
                (form::hidden("total", &self.total.to_string()))
                (form::hidden("quedaban", &self.left.to_string()))
                (form::send(send))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_further_goes_on_by_itself_and_what_stands_still_or_fails_waits_for_a_person() {
        let before = Before { total: Some(100), left: Some(60) };
        assert!(before.now(40, 0).moves);
        assert!(!before.now(60, 0).moves && !before.now(40, 1).moves);
        assert_eq!(Before::default().now(30, 0), Progress { total: 30, left: 30, failed: 0, moves: false });
        // More than there was at first: a pupil came to it meanwhile.
        assert_eq!(before.now(120, 0).total, 120);
    }
}
