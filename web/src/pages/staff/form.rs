//! What forms are made of.

use crate::i18n::Lang;
use crate::pages::icon::icon;
use maud::{Markup, html};

/// A labelled input.
pub(in crate::pages) struct Field<'a> {
    /// Its id and name.
    pub name: &'a str,
    /// The words beside it.
    pub label: String,
    /// Its type.
    pub kind: &'a str,
    /// What a browser may fill in (<https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill>).
    pub autocomplete: &'a str,
    /// What it holds at first.
    pub value: &'a str,
    /// More words under the label.
    pub hint: Option<String>,
}

pub(in crate::pages) fn field(field: &Field<'_>) -> Markup {
    let hint = format!("{}-hint", field.name);
    let code = field.autocomplete == "one-time-code";
    html! {
        div class="field" {
            label for=(field.name) { (field.label) }
            @if let Some(words) = &field.hint { p class="hint" id=(hint) { (words) } }
            input id=(field.name) name=(field.name) type=(field.kind) autocomplete=(field.autocomplete)
                value=(field.value) required inputmode=[code.then_some("numeric")]
                aria-describedby=[field.hint.is_some().then_some(hint)]
                spellcheck="false" autocapitalize="none";
        }
    }
}

/// The button that sends a form.
pub(in crate::pages) fn send(label: &str) -> Markup {
    html! { button class="button" type="submit" { (label) } }
}

/// What was wrong.
pub(in crate::pages) fn refused(words: Option<String>) -> Markup {
    html! {
        @if let Some(words) = words { p class="refused" role="alert" { (icon("warning")) span { (words) } } }
    }
}

/// What was done.
pub(in crate::pages) fn done(words: Option<String>) -> Markup {
    html! {
        @if let Some(words) = words { p class="done" role="status" { (icon("inside")) span { (words) } } }
    }
}

/// A hidden value.
pub(in crate::pages) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// The secret of a one-time link: a whole link is as good as what is in it.
pub(in crate::pages) fn token(sent: &str) -> &str {
    let sent = sent.trim();
    sent.rsplit_once("#t=").map_or(sent, |(_, token)| token)
}

/// What a new password must be, in words.
pub(in crate::pages) fn password_hint(lang: Lang) -> String {
    lang.t("password-hint")
}
