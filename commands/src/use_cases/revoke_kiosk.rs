//! Stops trusting a kiosk.

use crate::context::Context;
use crate::kiosk_reports::report;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use domain::KioskId;
use domain::kiosk::{Command, Error};

/// Revokes; again changes nothing. The secret's row stays, marked: what the kiosk still sends is
/// authenticated, stored and quarantined, since no scan is ever refused. The row is marked first:
/// if the second step fails, the kiosk is already out, and a repeat writes the event.
pub async fn revoke_kiosk(write: &Write, context: &Context, kiosk_id: KioskId) -> Result<Done, UseCaseError> {
    sqlx::query!(
        "update kiosk_secrets set revoked_at = coalesce(revoked_at, $3) where kiosk_id = $1 and school_id = $2",
        kiosk_id.0,
        context.school.0,
        write.clock().now(),
    )
    .execute(write.pool())
    .await?;
    match report(write, context, kiosk_id, Command::Revoke).await.map_err(UseCaseError::from) {
        Err(UseCaseError::Kiosk(Error::NotEnrolled)) => Err(UseCaseError::UnknownKiosk),
        done => done,
    }
}
