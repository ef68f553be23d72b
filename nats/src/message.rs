//! One event as one NATS message, and back.

use crate::RawEvent;
use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use domain::Epoch;
use std::str::FromStr;
use uuid::Uuid;

/// The log's epoch: a UUID.
pub const EPOCH: &str = "Att-Epoch";
/// The event's position within the epoch: decimal.
pub const POSITION: &str = "Att-Position";
/// The event's stream id. Not in the subject, where each pupil's day would cost NATS memory.
pub const STREAM: &str = "Att-Stream";

/// An event that came by NATS.
#[derive(Debug)]
pub(crate) struct Carried {
    pub epoch: Epoch,
    pub event: RawEvent,
}

/// `<prefix>.<school>.<aggregate>.<event>`.
pub(crate) fn subject(prefix: &str, event: &RawEvent) -> String {
    format!("{prefix}.{}.{}.{}", event.school_id, token(&event.aggregate_type), token(&event.event_type))
}

/// `Nats-Msg-Id`: `epoch:position`.
pub(crate) fn id(epoch: Epoch, position: i64) -> String {
    format!("{epoch}:{position}")
}

/// The message of an event: the whole envelope as JSON with the payload's own bytes in it.
pub(crate) fn encode(epoch: Epoch, event: &RawEvent) -> Result<PublishMessage, serde_json::Error> {
    Ok(PublishMessage::build()
        .message_id(id(epoch, event.position))
        .header(EPOCH, epoch.to_string())
        .header(POSITION, event.position.to_string())
        .header(STREAM, event.stream.as_str())
        .payload(serde_json::to_vec(event)?.into()))
}

/// The event in a message; nothing if it is not one of ours. What was wrong with it is not said: a
/// stranger's text belongs in no log.
pub(crate) fn decode(headers: Option<&HeaderMap>, payload: &[u8]) -> Option<Carried> {
    fn header<T: FromStr>(headers: &HeaderMap, name: &'static str) -> Option<T> {
        headers.get(name)?.as_str().parse().ok()
    }
    let headers = headers?;
    let epoch = Epoch(header::<Uuid>(headers, EPOCH)?);
    let position: i64 = header(headers, POSITION)?;
    let event: RawEvent = serde_json::from_slice(payload).ok()?;
    (event.position == position && position > 0).then_some(Carried { epoch, event })
}

/// Names are snake_case; should the log ever hold another, it must not become a wildcard or a dot.
fn token(name: &str) -> String {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect();
    if safe.is_empty() { "_".to_owned() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sample;
    use async_nats::subject::Subject;

    #[test]
    fn an_event_survives_the_message_with_its_payload_byte_for_byte() {
        let event = sample(7, r#"{"type":"x","text" : "á\u00e1\n",  "n":1.50,"big":12345678901234567890123}"#);
        let epoch = Epoch(Uuid::from_u128(9));
        let message = encode(epoch, &event).unwrap().outbound_message("s");
        let back = decode(message.headers.as_ref(), &message.payload).unwrap();
        assert_eq!(back.epoch, epoch);
        assert_eq!(back.event.payload.get(), event.payload.get());
        assert_eq!(serde_json::to_string(&back.event).unwrap(), serde_json::to_string(&event).unwrap());
    }

    #[test]
    fn a_message_whose_header_and_body_disagree_is_no_event() {
        let epoch = Epoch(Uuid::from_u128(9));
        let seven = encode(epoch, &sample(7, "{}")).unwrap().outbound_message("s");
        let eight = encode(epoch, &sample(8, "{}")).unwrap().outbound_message("s");
        assert!(decode(seven.headers.as_ref(), &eight.payload).is_none());
        assert!(decode(None, &seven.payload).is_none());
        assert!(decode(seven.headers.as_ref(), b"\xff{").is_none());
    }

    #[test]
    fn a_strange_name_cannot_widen_the_subject() {
        let mut event = sample(1, "{}");
        event.event_type = "a.b *>".into();
        event.aggregate_type = String::new();
        let subject = subject("p", &event);
        assert_eq!(subject, format!("p.{}._.a_b___", event.school_id));
        assert!(Subject::from(subject).is_valid());
    }
}
