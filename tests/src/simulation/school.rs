//! Who takes part: schools, pupils with cards, kiosks, and what time it is.

use chrono::{DateTime, TimeDelta, Utc};
use commands::batcher::KioskContext;
use commands::batcher::seam::StoredEvent;
use commands::clock::{Clock, micros};
use commands::directory::Entry;
use domain::school::Settings;
use domain::values::card;
use domain::{CredentialId, DomainEvent, Epoch, KioskId, SchoolId, StudentId};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Pupils of each school: few, so that two kiosks meet at one pupil's day.
pub const PUPILS: u128 = 4;

pub fn school(n: u128) -> SchoolId {
    SchoolId(Uuid::from_u128(0x5c00_0000 + n))
}

pub fn pupil(school: u128, n: u128) -> StudentId {
    StudentId(Uuid::from_u128(0x9000_0000 + school * 0x100 + n))
}

fn credential(school: u128, n: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(0xca00_0000 + school * 0x100 + n))
}

/// The text of a pupil's card.
pub fn card_of(school: u128, n: u128) -> String {
    card::encode(credential(school, n))
}

/// The log's n-th life.
pub fn epoch(n: u128) -> Epoch {
    Epoch(Uuid::from_u128(0xe0_0000 + n))
}

pub fn kiosk(n: u128) -> KioskContext {
    let school = school(n % 2);
    KioskContext { kiosk_id: KioskId(Uuid::from_u128(0x6000_0000 + n)), school_id: school, revoked: false }
}

/// What every school is judged by.
pub fn settings() -> Settings {
    Settings {
        late_after_minutes: 10,
        missing_after_minutes: 30,
        echo_seconds: 2,
        ..Settings::of(chrono_tz::America::Santiago)
    }
}

/// How the log tells of a school; the n-th that was asked for.
pub fn registered(n: i64) -> StoredEvent {
    let event = domain::school::Event::Registered { name: "Escuela".to_owned(), rbd: None, settings: settings() };
    StoredEvent {
        n,
        position: 0,
        sequence: 1,
        event_type: event.name().to_owned(),
        event_version: event.version().to_owned(),
        occurred_at: DateTime::UNIX_EPOCH,
        payload: serde_json::to_string(&event).unwrap_or_default(),
    }
}

/// The cards that the directory knows.
#[derive(Clone)]
pub struct Cast(Arc<BTreeMap<(SchoolId, String), Entry>>);

impl Cast {
    pub fn new() -> Self {
        let cards = (0..2).flat_map(|s| (0..PUPILS).map(move |n| (s, n))).map(|(s, n)| {
            let entry = Entry { subject: credential(s, n).0, owner: Some(pupil(s, n).0) };
            ((school(s), card_of(s, n)), entry)
        });
        Self(Arc::new(cards.collect()))
    }

    pub fn card(&self, school: SchoolId, text: &str) -> Option<Entry> {
        self.0.get(&(school, text.to_owned())).copied()
    }

    pub fn schools(&self) -> impl Iterator<Item = SchoolId> {
        (0..2).map(school)
    }
}

/// A clock that goes with simulated time, from a Monday's 07:30 in Santiago on.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedClock {
    began: Instant,
}

impl SimulatedClock {
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(self.began.elapsed()).unwrap_or_default();
        micros(DateTime::from_timestamp(1_773_052_200, 0).unwrap_or_default() + passed)
    }
}
