//! Long work, done some seconds at a time: each request does what it has time for, and its answer says how far the work
//! is and holds the form that goes on. With scripts it goes on by itself while it gets further; without, by its button.

use super::respond::Nonce;
use super::staff::form;
use crate::i18n::Lang;
use maud::{Markup, html};

/// The id of what a page's next step takes the place of.
const STEP: &str = "paso";

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

/// What a step of long work shows: how far it is, and the form that goes on.
pub(super) struct Step<'a> {
    /// How far it is.
    pub progress: Progress,
    /// The words after the figure of what is left.
    pub left: String,
    /// What more is to be said.
    pub more: Markup,
    /// Where the form is sent to, which is also the page without it.
    pub action: &'a str,
    /// How it is sent, where it holds a file.
    pub enctype: Option<&'static str>,
    /// What was typed, to be sent again.
    pub fields: Markup,
    /// The words of its button.
    pub send: String,
}

/// What a page's steps take the place of each other in. What is said in it is read out.
pub(super) fn frame(content: &Markup) -> Markup {
    html! { div role="status" { div id=(STEP) { (content) } } }
}

impl Step<'_> {
    pub(super) fn show(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let Progress { total, left, moves, .. } = self.progress;
        let n = |n: usize| lang.number(u32::try_from(n).unwrap_or(u32::MAX));
        let done = total.saturating_sub(left);
        let by_itself = |value: &'static str| moves.then_some(value);
        let of_steps = || moves.then(|| format!("#{STEP}"));
        html! {
            section class="answer" aria-label=(lang.t("progress-label")) {
                p class="headline" { strong class="figure" { (n(left)) } " " span class="of" { (self.left) } }
                progress max=(total) value=(done) aria-label=(lang.t("progress-label")) {}
                p class="hint" { (lang.f("progress-of", &[("done", (&n(done)).into()), ("total", (&n(total)).into())])) }
                (self.more)
            }
            // A tap on the button while it goes on by itself is one step and not two.
            form class="form" method="post" action=(self.action) enctype=[self.enctype]
                hx-post=[moves.then_some(self.action)] hx-trigger=[by_itself("load, submit")] hx-sync=[by_itself("this:drop")]
                hx-target=[of_steps()] hx-select=[of_steps()] hx-swap=[by_itself("outerHTML")] hx-nonce=[moves.then_some(nonce)] {
                (self.fields)
                (form::hidden("total", &total.to_string()))
                (form::hidden("quedaban", &left.to_string()))
                (form::send(&self.send))
            }
            p { a href=(self.action) { (lang.t("progress-stop")) } " " span class="hint" { (lang.t("progress-stop-what")) } }
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
