//! Sets a kiosk up at a gate, or gives a known one a new secret.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::people::new_id;
use crate::vault::VaultError;
use crate::write::{Done, Write};
use domain::kiosk::{Command, Kiosk, LaneMode};
use domain::{KioskId, StreamId};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// A kiosk.
#[derive(Debug, Clone)]
pub struct EnrolKiosk {
    /// A known kiosk that needs a new secret (the old one stops working), or `None` for a new one.
    pub kiosk_id: Option<KioskId>,
    /// Name of the gate as people say it.
    pub gate: String,
    /// How it learns the direction.
    pub mode: LaneMode,
}

/// The kiosk as enrolled.
#[derive(Clone)]
pub struct EnrolledKiosk {
    /// Its id.
    pub kiosk_id: KioskId,
    /// The bearer secret, 64 hexadecimal digits. Shown now and never again: only its SHA-256 is
    /// stored.
    pub secret: Zeroizing<String>,
    /// What was appended.
    pub done: Done,
}

impl fmt::Debug for EnrolledKiosk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolledKiosk({}, …)", self.kiosk_id)
    }
}

/// Enrols, and stores the hash of a new secret of 256 random bits. The log first: a secret without
/// a kiosk opens nothing, and a repeat makes a new one.
pub async fn enrol_kiosk(write: &Write, context: &Context, input: EnrolKiosk) -> Result<EnrolledKiosk, UseCaseError> {
    let kiosk_id = input.kiosk_id.unwrap_or_else(|| KioskId(new_id(write, context, "kiosk")));
    let stream = StreamId::of(context.school, kiosk_id);
    let command = Command::Enrol { gate: input.gate, mode: input.mode };
    let done = write.execute::<Kiosk>(context, &stream, command).await?;
    let mut bytes = Zeroizing::new([0u8; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Random)?;
    let secret = Zeroizing::new(hex::encode(bytes.as_slice()));
    let stored = sqlx::query!(
        "insert into kiosk_secrets (kiosk_id, school_id, secret_sha256, created_at)
         values ($1, $2, $3, $4)
         on conflict (kiosk_id) do update
         set secret_sha256 = excluded.secret_sha256, created_at = excluded.created_at
         where kiosk_secrets.school_id = excluded.school_id and kiosk_secrets.revoked_at is null",
        kiosk_id.0,
        context.school.0,
        &Sha256::digest(secret.as_bytes())[..],
        write.clock().now(),
    )
    .execute(write.pool())
    .await?;
    if stored.rows_affected() == 1 {
        Ok(EnrolledKiosk { kiosk_id, secret, done })
    } else {
        Err(UseCaseError::Kiosk(domain::kiosk::Error::Revoked))
    }
}
