//! What kiosks send and ask (wire types in `kiosk-protocol`), and what people ask about kiosks.

pub mod heartbeat;
pub(super) mod list;
pub(super) mod mode;
pub(super) mod revoke;
pub mod roster;
pub mod scans;

use crate::kiosk_auth::Kiosk;
use commands::batcher::KioskContext;

impl From<Kiosk> for KioskContext {
    fn from(kiosk: Kiosk) -> Self {
        Self { kiosk_id: kiosk.kiosk_id, school_id: kiosk.school_id, revoked: kiosk.revoked }
    }
}
