//! The one bridge from a pure aggregate of `domain` to cqrs-es.

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::DomainEvent;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An aggregate's folded state, in the shape that cqrs-es wants.
#[derive(Debug)]
pub struct Bridge<A: domain::Aggregate>(A::State);

impl<A: domain::Aggregate> Default for Bridge<A> {
    fn default() -> Self {
        Self(A::State::default())
    }
}

/// cqrs-es asks for serde only to store snapshots, which we do not use: streams are short, and a
/// snapshot would be a second copy of what was sealed. So that nobody turns them on by accident,
/// both directions fail.
const NO_SNAPSHOTS: &str = "snapshots are not used";

impl<A: domain::Aggregate> Serialize for Bridge<A> {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(NO_SNAPSHOTS))
    }
}

impl<'de, A: domain::Aggregate> Deserialize<'de> for Bridge<A> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(NO_SNAPSHOTS))
    }
}

/// How many events the last decision made, which cqrs-es does not say.
#[derive(Debug, Clone, Default)]
pub struct Decided(Arc<AtomicUsize>);

impl Decided {
    /// The number.
    pub fn events(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<A: domain::Aggregate> cqrs_es::Aggregate for Bridge<A> {
    const TYPE: &'static str = <A::Event as DomainEvent>::AGGREGATE;
    type Command = A::Command;
    type Event = BridgeEvent<A::Event>;
    type Error = A::Error;
    type Services = Decided;

    async fn handle(&mut self, command: A::Command, decided: &Decided, sink: &EventSink<Self>) -> Result<(), A::Error> {
        let events = A::decide(&self.0, command)?;
        decided.0.store(events.len(), Ordering::Relaxed);
        for event in events {
            sink.write(BridgeEvent(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.0 = A::evolve(std::mem::take(&mut self.0), &event.0);
    }
}

/// An event of `domain` as cqrs-es stores it. Written as the event itself; read as what
/// [`ReadByDecode`] hands over, so that this path decodes as every other reader does.
#[derive(Debug, Clone, PartialEq)]
pub struct BridgeEvent<E>(pub E);

impl<E: DomainEvent> cqrs_es::DomainEvent for BridgeEvent<E> {
    fn event_type(&self) -> String {
        self.0.name().to_owned()
    }
    fn event_version(&self) -> String {
        self.0.version().to_owned()
    }
}

impl<E: Serialize> Serialize for BridgeEvent<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[derive(Deserialize)]
struct Stored {
    name: String,
    version: String,
    payload: Value,
}

impl<'de, E: DomainEvent + DeserializeOwned> Deserialize<'de> for BridgeEvent<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        domain::event::decode_as::<E>(&stored.name, &stored.version, &stored.payload.to_string())
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// The hook that cqrs-es runs on each stored event before it is read: puts name and version beside
/// the payload, which is all that the typed read is given.
#[derive(Debug)]
pub struct ReadByDecode;

impl EventUpcaster for ReadByDecode {
    fn can_upcast(&self, _: &str, _: &str) -> bool {
        true
    }
    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        event.payload = json!({
            "name": event.event_type, "version": event.event_version, "payload": event.payload,
        });
        event
    }
}

#[cfg(test)]
mod tests;
