//! What families' telephones and mailboxes show. A page of the demo alone, which serves it beside the product's routes:
//! nobody is signed in, and everybody on it is made up.

use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::staff::Visit;
use crate::i18n::{Lang, key, times};
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::delivery::Channel;
use maud::{Markup, html};

/// How often the page loads itself again, in seconds.
const REFRESH: &str = "5";

/// The page's values.
pub struct Telephones {
    /// The school's zone.
    pub zone: Tz,
    /// How many messages and mails arrived.
    pub messages: usize,
    /// Of them, those that arrived once.
    pub once: usize,
    /// Of them, those that were there already.
    pub doubled: usize,
    /// Telephones and mailboxes, the one that got something last first.
    pub addresses: Vec<Address>,
}

/// A telephone or a mailbox.
pub struct Address {
    /// Which of both.
    pub by: Channel,
    /// Its number or address.
    pub to: String,
    /// What it got, in order.
    pub got: Vec<Got>,
}

/// A message or a mail.
pub struct Got {
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// Subject of a mail.
    pub subject: Option<String>,
    /// What is read.
    pub text: String,
    /// How it fares, of a message.
    pub fate: Option<Fate>,
}

/// How a message fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is on its way.
    Sent,
    /// It is on the telephone.
    Delivered,
    /// Somebody opened it.
    Read,
}

impl Fate {
    /// As Meta calls it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Sent => key("demo-phones-sent"),
            Self::Delivered => key("demo-phones-delivered"),
            Self::Read => key("demo-phones-read"),
        }
    }
}

/// The page under `path`, of what `look` sees.
pub fn router<W>(path: &'static str, look: impl Fn() -> W + Clone + Send + Sync + 'static) -> Router
where
    W: Future<Output = sqlx::Result<Telephones>> + Send,
{
    let show = async move |visit: Visit| -> Response {
        let found = match look().await {
            Ok(found) => found,
            Err(error) => return visit.store_error(error),
        };
        let mut response = visit.page(StatusCode::OK, |nonce| found.page(path, visit.lang, nonce));
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(REFRESH));
        response
    };
    Router::new().route(path, get(show))
}

impl Telephones {
    fn page(&self, path: &str, lang: Lang, nonce: &Nonce) -> Markup {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let counts = [
            ("n", count(self.messages).into()),
            ("once", count(self.once).into()),
            ("doubled", count(self.doubled).into()),
        ];
        let main = html! {
            main class="telephones" {
                h1 { (lang.t("demo-phones-title")) }
                p class="hint" { (lang.t("demo-phones-what")) }
                p { b { (lang.f("demo-phones-counts", &counts)) } }
                nav class="changes" aria-label=(lang.t("demo-phones-title")) {
                    a class="button quiet" href="#phones" { (lang.t("demo-phones-phones")) }
                    a class="button quiet" href="#mailboxes" { (lang.t("demo-phones-mailboxes")) }
                }
                (self.pile(Channel::Whatsapp, "phones", lang.t("demo-phones-phones"), lang))
                (self.pile(Channel::Email, "mailboxes", lang.t("demo-phones-mailboxes"), lang))
            }
        };
        let (title, here) = (lang.t("demo-phones-title"), path.to_owned());
        let page = Page { lang, nonce, title, place: Place::Telephones, here, school: None, who: None, ages: false };
        shell::page(&page, &main)
    }

    fn pile(&self, by: Channel, id: &str, title: String, lang: Lang) -> Markup {
        let mut addresses = self.addresses.iter().filter(|address| address.by == by).peekable();
        html! {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                @if addresses.peek().is_none() { p { (lang.t("demo-phones-none")) } }
                div class="pile" {
                    @for address in addresses {
                        article class="card" {
                            h3 { (address.to) }
                            ul class="rows" { @for got in &address.got { (self.got(got, lang)) } }
                        }
                    }
                }
            }
        }
    }

    fn got(&self, got: &Got, lang: Lang) -> Markup {
        html! {
            li {
                @if let Some(subject) = &got.subject { b { (subject) } }
                @for line in got.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    p {
                        @if line.starts_with("http://") || line.starts_with("https://") {
                            a href=(line) { (line) }
                        } @else { (line) }
                    }
                }
                small {
                    time datetime=(times::machine(got.at, self.zone)) { (times::clock_seconds(got.at, self.zone)) }
                    @if let Some(fate) = got.fate { " · " (lang.t(fate.words())) }
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    use super::sample::{self, HOSTILE};
    let got = |subject: Option<&str>, text: &str, fate| Got {
        at: sample::now(),
        subject: subject.map(str::to_owned),
        text: text.to_owned(),
        fate,
    };
    let address = |by, got| Address { by, to: HOSTILE.to_owned(), got };
    let (message, sent) = (got(None, HOSTILE, Some(Fate::Read)), got(None, "a", Some(Fate::Sent)));
    let mail = got(Some(HOSTILE), "a\n\nhttp://127.0.0.1/familia\njavascript:alert(1)", None);
    let delivered = got(None, HOSTILE, Some(Fate::Delivered));
    let addresses =
        vec![address(Channel::Whatsapp, vec![message, sent, delivered]), address(Channel::Email, vec![mail])];
    let zone = chrono_tz::America::Santiago;
    let some = Telephones { zone, messages: 4, once: 2, doubled: 1, addresses };
    let none = Telephones { zone, messages: 0, once: 0, doubled: 0, addresses: Vec::new() };
    let page = |what: &str, of: &Telephones| (format!("telephones {what}"), of.page("/demo/telefonos", lang, nonce));
    vec![page("hostile", &some), page("none", &none)]
}
