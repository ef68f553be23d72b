//! An event of the log, read and checked: what the models apply.

use domain::no_show::CaseId;
use domain::roll_call;
use domain::{AnyEvent, DecodeError, EventId, Recorded};
use nats::{Carriable, RawEvent};
use std::sync::Arc;
use uuid::Uuid;

/// A decoded event whose stream id could be read. Cheap to clone: the projectors of a process share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The stream's own id: the pupil of a pupil's day, the kiosk of a kiosk's stream, …
    pub own_id: Uuid,
    /// The event.
    pub event: Arc<Recorded<AnyEvent>>,
}

/// An event as a feed gives it to the projectors.
#[derive(Debug, Clone)]
pub struct Decoded {
    position: i64,
    event_id: EventId,
    /// The fact, if it is one.
    pub fact: Result<Fact, Poison>,
}

impl Carriable for Decoded {
    fn read(raw: RawEvent) -> Self {
        Self { position: raw.position, event_id: raw.event_id, fact: Fact::decode(raw) }
    }
    fn position(&self) -> i64 {
        self.position
    }
    fn event_id(&self) -> EventId {
        self.event_id
    }
}

/// An event that this program cannot apply. Nothing behind it is applied: a model with a hole would
/// look whole.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("event at position {position} cannot be applied: {why}")]
pub struct Poison {
    /// Where it stands in the log.
    pub position: i64,
    /// Why.
    pub why: Why,
}

/// Why an event cannot be applied. Never quotes a payload.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Why {
    /// An unknown name or version (an older program, perhaps), or a shape that is not as promised.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The stream's id does not end in an id, or is none of an event of its kind.
    #[error("its stream has no id")]
    Stream,
}

impl Fact {
    /// Checks a typed event.
    pub fn new(event: Recorded<AnyEvent>) -> Result<Self, Poison> {
        let of_its_kind = match &event.payload {
            // Which case or roll call it is, its stream alone says.
            AnyEvent::NoShowCase(_) => CaseId::of_stream(&event.stream).is_some(),
            AnyEvent::RollCall(_) => roll_call::Key::of_stream(&event.stream).is_some(),
            AnyEvent::School(_)
            | AnyEvent::Course(_)
            | AnyEvent::Student(_)
            | AnyEvent::Guardian(_)
            | AnyEvent::Kiosk(_)
            | AnyEvent::AttendanceDay(_)
            | AnyEvent::Quarantine(_)
            | AnyEvent::Delivery(_)
            | AnyEvent::Broadcast(_)
            | AnyEvent::Account(_) => true,
        };
        match event.stream.own_id().filter(|_| of_its_kind) {
            Some(own_id) => Ok(Self { own_id, event: Arc::new(event) }),
            None => Err(Poison { position: event.position, why: Why::Stream }),
        }
    }

    /// Decodes an event as the log holds it.
    pub fn decode(raw: RawEvent) -> Result<Self, Poison> {
        let position = raw.position;
        let payload = domain::decode(&raw.aggregate_type, &raw.event_type, &raw.event_version, raw.payload.get())
            .map_err(|e| Poison { position, why: e.into() })?;
        Self::new(Recorded {
            position,
            event_id: raw.event_id,
            school_id: raw.school_id,
            aggregate_type: raw.aggregate_type,
            stream: raw.stream,
            sequence: raw.sequence,
            event_type: raw.event_type,
            event_version: raw.event_version,
            occurred_at: raw.occurred_at,
            recorded_at: raw.recorded_at,
            local_date: raw.local_date,
            zone: raw.zone,
            utc_offset: raw.utc_offset,
            actor: raw.actor,
            correlation_id: raw.correlation_id,
            causation_id: raw.causation_id,
            command_id: raw.command_id,
            payload,
        })
    }

    /// Its place in the log.
    pub fn position(&self) -> i64 {
        self.event.position
    }
}

/// Decodes a page up to the first event that cannot be applied.
pub fn decode_page(raw: Vec<RawEvent>) -> (Vec<Fact>, Option<Poison>) {
    until_poison(raw.into_iter().map(Fact::decode))
}

/// The facts up to the first event that is none.
pub(crate) fn until_poison(events: impl ExactSizeIterator<Item = Result<Fact, Poison>>) -> (Vec<Fact>, Option<Poison>) {
    let mut facts = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Ok(fact) => facts.push(fact),
            Err(poison) => return (facts, Some(poison)),
        }
    }
    (facts, None)
}
