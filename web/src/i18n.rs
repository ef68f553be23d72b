//! What pages, refusals of the API and the import say, in Spanish and English. All texts are in `web/locales/*.ftl` (Project Fluent);
//! a text is asked for by its key.
//!
//! How to add one more text: the key in both files, then `lang.t("key")` or `lang.f("key", …)`; a key
//! chosen at run time is written as `key("…")`. Tests compare the files with each other and with the
//! keys in the code.

mod negotiate;
pub mod times;

pub use negotiate::{accepted, negotiate};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

/// A language that people read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, clap::ValueEnum)]
pub enum Lang {
    /// Spanish of Chile, unless somebody asks for another.
    #[default]
    Es,
    /// English.
    En,
}

static ES: LazyLock<Bundle> = LazyLock::new(|| bundle("es-CL", include_str!("../locales/es-CL.ftl")));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle("en", include_str!("../locales/en.ftl")));

impl Lang {
    /// All languages, the first choice first.
    pub const ALL: [Self; 2] = [Self::Es, Self::En];

    /// The value of `?lang=`, of the cookie and of a form.
    pub fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The value of the `lang` attribute (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Es => "es-CL",
            Self::En => "en",
        }
    }

    /// Its own name, as its speakers write it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::Es => "Español",
            Self::En => "English",
        }
    }

    /// The language with this code, if the pages have it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    fn bundle(self) -> &'static Bundle {
        match self {
            Self::Es => &ES,
            Self::En => &EN,
        }
    }

    /// The text of a key without arguments.
    pub fn t(self, key: &str) -> String {
        self.f(key, &[])
    }

    /// The text of a key with arguments; a number chooses the plural form and is written with the
    /// language's own separators.
    ///
    /// A key that does not exist gives the key itself (a test keeps that from happening).
    pub fn f(self, key: &str, args: &[(&'static str, Arg<'_>)]) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, lang = self.code(), "a text is missing");
            return key.to_owned();
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            match value {
                Arg::Number(number) => values.set(*name, *number),
                Arg::Text(text) => values.set(*name, *text),
            }
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, lang = self.code(), "a text lacks an argument");
        }
        text
    }
}

/// An argument of a text.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// A count.
    Number(i64),
    /// Words.
    Text(&'a str),
}

impl From<u32> for Arg<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}
impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}
impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

/// Marks a text's key that is chosen at run time, so that the test over all keys sees it.
pub const fn key(key: &'static str) -> &'static str {
    key
}

#[expect(clippy::expect_used, clippy::panic, reason = "our own texts, which every test reads")]
fn bundle(tag: &str, source: &str) -> Bundle {
    let tag: LanguageIdentifier = tag.parse().expect("our own language tags are well formed");
    let spanish = tag.language == "es";
    let resource =
        FluentResource::try_new(source.to_owned()).unwrap_or_else(|(_, errors)| panic!("{tag}.ftl: {errors:?}"));
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Isolation marks are for mixed writing directions; both languages run left to right, and people
    // copy these texts.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(if spanish { dotted } else { comma }));
    bundle.add_resource(resource).expect("no key stands twice");
    bundle
}

fn dotted<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    grouped(value, '.')
}

fn comma<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    grouped(value, ',')
}

fn grouped(value: &FluentValue<'_>, separator: char) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    (number.value.fract() == 0.0).then(|| group(number.value as i64, separator))
}

/// A whole number in groups of three digits.
fn group(number: i64, separator: char) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

impl Lang {
    /// A count as the language writes it: `1.200`, `1,200`.
    pub fn number(self, number: u32) -> String {
        group(number.into(), if self == Self::Es { '.' } else { ',' })
    }
}

#[cfg(test)]
mod tests;
