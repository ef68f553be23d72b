//! The kiosk API, version 1. Its wire types are in `kiosk-protocol`.

pub mod heartbeat;
pub mod roster;
pub mod scans;

use crate::kiosk_auth::Kiosk;
use commands::batcher::KioskContext;

impl From<Kiosk> for KioskContext {
    fn from(kiosk: Kiosk) -> Self {
        Self { kiosk_id: kiosk.kiosk_id, school_id: kiosk.school_id, revoked: kiosk.revoked }
    }
}
