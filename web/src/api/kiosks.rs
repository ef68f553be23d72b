//! The kiosk API, version 1. Its wire types are in `kiosk-protocol`.

pub mod heartbeat;
pub mod roster;
pub mod scans;

use crate::kiosk_auth::Kiosk;
use crate::problem::{Code, Problem};
use commands::batcher::KioskContext;

/// Longest version text of a kiosk's program, in characters.
const MAX_VERSION: usize = 64;

impl From<Kiosk> for KioskContext {
    fn from(kiosk: Kiosk) -> Self {
        Self { kiosk_id: kiosk.kiosk_id, school_id: kiosk.school_id, revoked: kiosk.revoked }
    }
}

/// A kiosk's program version: short, and without control characters (Postgres takes no NUL).
fn checked_version(version: Option<String>, refusal: Code) -> Result<Option<String>, Problem> {
    match version {
        Some(v) if v.chars().count() > MAX_VERSION || v.chars().any(char::is_control) => {
            Err(Problem::new(refusal).at("app_version"))
        }
        version => Ok(version),
    }
}
