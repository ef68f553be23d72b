//! Events that follow each other as one NATS message, and back.

use crate::RawEvent;
use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use domain::Epoch;
use std::str::FromStr;
use uuid::Uuid;

/// The log's epoch: a UUID.
pub const EPOCH: &str = "Att-Epoch";
/// The position of the message's first event within the epoch: decimal.
pub const FIRST: &str = "Att-First";
/// The position of its last event: decimal.
pub const POSITION: &str = "Att-Position";

/// Events that came by NATS in one message: at least one, dense and in order.
#[derive(Debug)]
pub(crate) struct Carried {
    pub epoch: Epoch,
    pub events: Vec<RawEvent>,
}

/// `<prefix>.log`.
pub(crate) fn subject(prefix: &str) -> String {
    format!("{prefix}.log")
}

/// The message of the first of these events: as many of them as fit into `most` bytes of body, one at least;
/// and how many they are. The body is an array of envelopes as JSON, with the payloads' own bytes in them;
/// `Nats-Msg-Id` is `epoch:first-last`. There must be an event.
pub(crate) fn encode(
    epoch: Epoch,
    events: &[RawEvent],
    most: usize,
) -> Result<(PublishMessage, usize), serde_json::Error> {
    let (mut body, mut packed) = (vec![b'['], 0);
    for event in events {
        let end = body.len();
        if packed > 0 {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, event)?;
        if packed > 0 && body.len() >= most {
            body.truncate(end);
            break;
        }
        packed += 1;
    }
    body.push(b']');
    let (first, last) = (events[0].position, events[packed - 1].position);
    let message = PublishMessage::build()
        .message_id(format!("{epoch}:{first}-{last}"))
        .header(EPOCH, epoch.to_string())
        .header(FIRST, first.to_string())
        .header(POSITION, last.to_string())
        .payload(body.into());
    Ok((message, packed))
}

/// The epoch and the last position that a message names, if it names them.
pub(crate) fn place(headers: Option<&HeaderMap>) -> Option<(Epoch, i64)> {
    let headers = headers?;
    Some((Epoch(header::<Uuid>(headers, EPOCH)?), header(headers, POSITION)?))
}

/// The events in a message; nothing if it is not one of ours. What was wrong with it is not said: a
/// stranger's text belongs in no log.
pub(crate) fn decode(headers: Option<&HeaderMap>, payload: &[u8]) -> Option<Carried> {
    let (epoch, last) = place(headers)?;
    let first: i64 = header(headers?, FIRST)?;
    let events: Vec<RawEvent> = serde_json::from_slice(payload).ok()?;
    let dense = first > 0 && first <= last && events.iter().map(|event| event.position).eq(first..=last);
    dense.then_some(Carried { epoch, events })
}

fn header<T: FromStr>(headers: &HeaderMap, name: &'static str) -> Option<T> {
    headers.get(name)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sample;
    use async_nats::jetstream::message::OutboundMessage;

    const EPOCH: Epoch = Epoch(Uuid::from_u128(9));

    fn message(events: &[RawEvent], most: usize) -> (OutboundMessage, usize) {
        let (message, packed) = encode(EPOCH, events, most).unwrap();
        (message.outbound_message("s"), packed)
    }

    #[test]
    fn events_survive_the_message_with_their_payloads_byte_for_byte() {
        let events = [
            sample(7, r#"{"type":"x","text" : "á\u00e1\n",  "n":1.50,"big":12345678901234567890123}"#),
            sample(8, "[ 1 , 2 ]"),
        ];
        let (message, packed) = message(&events, 1 << 20);
        assert_eq!(packed, 2);
        let back = decode(message.headers.as_ref(), &message.payload).unwrap();
        assert_eq!((back.epoch, place(message.headers.as_ref())), (EPOCH, Some((EPOCH, 8))));
        assert_eq!(serde_json::to_string(&back.events).unwrap(), serde_json::to_string(&events).unwrap());
        assert_eq!(back.events[0].payload.get(), events[0].payload.get());
    }

    #[test]
    fn a_message_holds_what_fits_and_one_event_at_least() {
        let events: Vec<RawEvent> = (1..=10).map(|position| sample(position, "{}")).collect();
        let one = serde_json::to_vec(&events[0]).unwrap().len();
        for (most, fit) in [(0, 1), (one, 1), (3 * one + 10, 3), (1 << 20, 10)] {
            let (message, packed) = message(&events, most);
            assert_eq!(packed, fit, "{most} bytes");
            assert_eq!(decode(message.headers.as_ref(), &message.payload).unwrap().events.len(), fit);
            assert!(packed == 1 || message.payload.len() <= most + 1);
        }
    }

    #[test]
    fn a_message_whose_headers_and_body_disagree_is_none_of_ours() {
        let [seven, eight] = [7, 8].map(|position| message(&[sample(position, "{}")], 0).0);
        assert!(decode(seven.headers.as_ref(), &eight.payload).is_none());
        assert!(decode(None, &seven.payload).is_none());
        assert!(decode(seven.headers.as_ref(), b"\xff{").is_none());
        assert!(decode(seven.headers.as_ref(), b"[]").is_none());
        let (with_a_hole, _) = message(&[sample(7, "{}"), sample(9, "{}")], 1 << 20);
        assert!(decode(with_a_hole.headers.as_ref(), &with_a_hole.payload).is_none());
    }
}
