//! Changes how a kiosk learns the direction of a scan.

use crate::context::Context;
use crate::kiosk_reports::report;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::KioskId;
use domain::kiosk::{Command, Error, LaneMode};

/// The change.
#[derive(Debug, Clone, Copy)]
pub struct ChangeKioskMode {
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// The mode that it has, as far as whoever asks knows.
    pub from: LaneMode,
    /// The new mode.
    pub mode: LaneMode,
}

/// Changes it; to the mode that it has already is nothing. Refused if somebody changed it to a third one meanwhile.
/// What the kiosk scanned before is judged by the lane that it had then.
pub async fn change_kiosk_mode(write: &Write, context: &Context, input: ChangeKioskMode) -> Result<Done, UseCaseError> {
    let ChangeKioskMode { kiosk_id, from, mode } = input;
    match report(write, context, kiosk_id, Command::ChangeMode { from, mode }).await.map_err(UseCaseError::from) {
        Err(UseCaseError::Kiosk(Error::NotEnrolled)) => Err(UseCaseError::UnknownKiosk),
        done => done,
    }
}
