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

/// Why a form came back, and which of its fields are not right. Beside one field the words stand there; about several or
/// none they stand above the form ([`refused`]). The first wrong field has the focus, or else the words have it, without
/// any script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::pages) struct Refusal {
    why: &'static str,
    fields: &'static [&'static str],
}

impl Refusal {
    /// About the form as a whole.
    pub(in crate::pages) const fn whole(why: &'static str) -> Self {
        Self { why, fields: &[] }
    }

    /// About these fields, by their names.
    pub(in crate::pages) const fn of(fields: &'static [&'static str], why: &'static str) -> Self {
        Self { why, fields }
    }

    /// The same words about the form as a whole, where it has no such field.
    pub(in crate::pages) const fn above(self) -> Self {
        Self::whole(self.why)
    }

    /// Whether the words stand above the form.
    fn is_above(&self) -> bool {
        self.fields.len() != 1
    }
}

/// The id of the words above a form.
const ABOVE: &str = "refused";

/// An input with its label, its hint and what was wrong with it.
pub(in crate::pages) fn field(field: &Field<'_>, refused: Option<Refusal>, lang: Lang) -> Markup {
    input(field, true, refused, lang)
}

/// The same, which may be left empty.
pub(in crate::pages) fn optional(field: &Field<'_>, refused: Option<Refusal>, lang: Lang) -> Markup {
    input(field, false, refused, lang)
}

/// Lines of text with a label and a hint, which may be left empty.
pub(in crate::pages) fn text(
    name: &str,
    (label, hint): (&str, &str),
    value: &str,
    refused: Option<Refusal>,
    lang: Lang,
) -> Markup {
    let (described, wrong) = (format!("{name}-hint"), format!("{name}-wrong"));
    let refused = refused.filter(|refused| refused.fields.contains(&name));
    html! {
        div class="field" {
            label for=(name) { (label) }
            p class="hint" id=(described) { (hint) }
            @if let Some(refused) = refused { p class="refused" id=(wrong) { (icon("warning")) span { (lang.t(refused.why)) } } }
            textarea id=(name) name=(name) rows="4" spellcheck="false" autocapitalize="none"
                aria-describedby={ (described) @if refused.is_some() { " " (wrong) } }
                aria-invalid=[refused.is_some().then_some("true")] autofocus[refused.is_some()] { (value) }
        }
    }
}

/// A choice of one among these values with their words.
pub(in crate::pages) fn choice(
    name: &str,
    label: &str,
    options: &[(String, String)],
    chosen: &str,
    required: bool,
    refused: Option<Refusal>,
    lang: Lang,
) -> Markup {
    let wrong = format!("{name}-wrong");
    let refused = refused.filter(|refused| refused.fields.contains(&name));
    let first = refused.is_some_and(|refused| refused.fields.first() == Some(&name));
    let beside = refused.filter(|refused| !refused.is_above());
    let described = refused.map(|refused| if refused.is_above() { ABOVE } else { wrong.as_str() });
    html! {
        div class="field" {
            label for=(name) { (label) }
            @if let Some(refused) = beside { p class="refused" id=(wrong) { (icon("warning")) span { (lang.t(refused.why)) } } }
            select id=(name) name=(name) required[required] aria-describedby=[described]
                aria-invalid=[refused.is_some().then_some("true")] autofocus[first] {
                @for (value, words) in options { option value=(value) selected[value == chosen] { (words) } }
            }
        }
    }
}

fn input(field: &Field<'_>, required: bool, refused: Option<Refusal>, lang: Lang) -> Markup {
    let code = field.autocomplete == "one-time-code";
    let (hint, wrong) = (format!("{}-hint", field.name), format!("{}-wrong", field.name));
    let refused = refused.filter(|refused| refused.fields.contains(&field.name));
    let first = refused.is_some_and(|refused| refused.fields.first() == Some(&field.name));
    let beside = refused.filter(|refused| !refused.is_above());
    let described: Vec<&str> = [
        field.hint.is_some().then_some(hint.as_str()),
        refused.map(|refused| if refused.is_above() { ABOVE } else { wrong.as_str() }),
    ]
    .into_iter()
    .flatten()
    .collect();
    html! {
        div class="field" {
            label for=(field.name) { (field.label) }
            @if let Some(words) = &field.hint { p class="hint" id=(hint) { (words) } }
            @if let Some(refused) = beside { p class="refused" id=(wrong) { (icon("warning")) span { (lang.t(refused.why)) } } }
            input id=(field.name) name=(field.name) type=(field.kind) autocomplete=(field.autocomplete)
                value=(field.value) required[required] inputmode=[code.then_some("numeric")]
                aria-describedby=[(!described.is_empty()).then(|| described.join(" "))]
                aria-invalid=[refused.is_some().then_some("true")] autofocus[first]
                spellcheck="false" autocapitalize="none";
        }
    }
}

/// The button that sends a form.
pub(in crate::pages) fn send(label: &str) -> Markup {
    html! { button class="button" type="submit" { (label) } }
}

/// Above a form: what was wrong, unless it stands beside its field.
pub(in crate::pages) fn refused(refused: Option<Refusal>, lang: Lang) -> Markup {
    html! {
        @if let Some(refused) = refused.filter(Refusal::is_above) { (wrong(&lang.t(refused.why), refused.fields.is_empty())) }
    }
}

/// What was wrong, in words, with the focus unless a field has it.
pub(in crate::pages) fn wrong(words: &str, focus: bool) -> Markup {
    html! {
        p class="refused" id=(ABOVE) role="alert" tabindex=[focus.then_some("-1")] autofocus[focus] {
            (icon("warning")) span { (words) }
        }
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
