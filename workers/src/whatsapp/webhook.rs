//! What Meta tells by webhook: how messages fare, and words of whoever got one. It tells things twice, late, in any order,
//! and of some without a telephone number; all of it may be forged until its signature was checked.
//!
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks>

use crate::deliveries::phone_key;
use chrono::{DateTime, Utc};
use commands::deliveries::{Heard, heard, provider_key, word};
use commands::use_cases::fold;
use commands::{StoreError, Write};
use domain::delivery::Channel;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

/// Whole messages that mean: no more. Folded, so in any case, with or without accents and marks.
const OUT: [&str; 6] = ["baja", "stop", "alto", "cancelar", "no mas", "desuscribir"];
/// And: again.
const IN: [&str; 1] = ["alta"];

/// Whether a body was signed with the app's secret: the header is `sha256=` and the hexadecimal HMAC of its raw bytes.
pub fn is_signed(secret: &str, body: &[u8], header: &str) -> bool {
    let Some(Ok(tag)) = header.strip_prefix("sha256=").map(hex::decode) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    // In constant time.
    mac.verify_slice(&tag).is_ok()
}

/// What a body tells. Whatever cannot be read in it is counted and stops nothing beside it. Holds numbers in clear: no
/// `Debug`.
#[derive(Default)]
pub struct News {
    fates: Vec<Fate>,
    words: Vec<Word>,
    /// Parts that mean nothing here or cannot be read.
    pub other: usize,
}

struct Fate {
    message: Option<Uuid>,
    provider: Option<String>,
    what: Heard,
    at: Option<DateTime<Utc>>,
}

struct Word {
    from: String,
    in_: bool,
    said_at: DateTime<Utc>,
}

/// What came of news.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// Events of deliveries.
    pub events: usize,
    /// Guardians who said something new.
    pub words: usize,
}

#[derive(Deserialize)]
struct Body {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize, Default)]
struct Changed {
    #[serde(default)]
    statuses: Vec<Value>,
    #[serde(default)]
    messages: Vec<Value>,
}

#[derive(Deserialize)]
struct Status {
    id: Option<String>,
    status: String,
    timestamp: Option<String>,
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    code: u32,
}

#[derive(Deserialize)]
struct Message {
    /// None of somebody with a username: then nobody here knows who it is.
    from: Option<String>,
    timestamp: String,
    text: Option<Text>,
    button: Option<Button>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct Button {
    text: String,
}

/// Reads a body whose signature was checked; none: it is none of Meta's.
pub fn read(body: &[u8]) -> Option<News> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let mut news = News::default();
    for value in body.entry.into_iter().flat_map(|entry| entry.changes).map(|change| change.value) {
        let Ok(changed) = serde_json::from_value::<Changed>(value) else {
            news.other += 1;
            continue;
        };
        for status in changed.statuses {
            match serde_json::from_value(status).ok().and_then(fate) {
                Some(fate) => news.fates.push(fate),
                None => news.other += 1,
            }
        }
        for message in changed.messages {
            match serde_json::from_value(message).ok().and_then(said) {
                Some(word) => news.words.push(word),
                None => news.other += 1,
            }
        }
    }
    Some(news)
}

fn fate(status: Status) -> Option<Fate> {
    let what = match status.status.as_str() {
        "sent" => Heard::Sent,
        "delivered" => Heard::Delivered,
        "read" => Heard::Read,
        "failed" => Heard::Failed { code: status.errors.first().map(|error| error.code) },
        _ => return None,
    };
    let message = status.biz_opaque_callback_data.and_then(|id| Uuid::parse_str(&id).ok());
    let at = status.timestamp.and_then(|at| DateTime::from_timestamp(at.parse().ok()?, 0));
    (message.is_some() || status.id.is_some()).then_some(Fate { message, provider: status.id, what, at })
}

fn said(message: Message) -> Option<Word> {
    let text = message.text.map(|text| text.body).or(message.button.map(|button| button.text))?;
    let in_ = wish(&text)?;
    let digits = message.from.filter(|from| !from.is_empty() && from.bytes().all(|byte| byte.is_ascii_digit()))?;
    let said_at = DateTime::from_timestamp(message.timestamp.parse().ok()?, 0)?;
    Some(Word { from: format!("+{digits}"), in_, said_at })
}

/// Whether a message, as a whole, asks for notices to come (again) or not; none: it says something else.
pub fn wish(text: &str) -> Option<bool> {
    // Nobody's message is folded that is too long to be one of these.
    if text.len() > 64 {
        return None;
    }
    let folded = fold(text);
    if OUT.contains(&folded.as_str()) { Some(false) } else { IN.contains(&folded.as_str()).then_some(true) }
}

/// Takes in what was told. An error: whoever tells it again loses nothing.
pub async fn take(write: &Write, news: News) -> Result<Taken, StoreError> {
    let mut taken = Taken::default();
    for Fate { message, provider, what, at } in news.fates {
        let provider = provider.map(|id| provider_key(write, &id));
        taken.events += heard(write, message, provider, (what, at)).await?;
    }
    for Word { from, in_, said_at } in news.words {
        // What is said to be in the future was said now.
        let said_at = said_at.min(write.clock().now());
        taken.words += word(write, Channel::Whatsapp, phone_key(write, &from), in_, said_at).await?;
    }
    Ok(taken)
}
