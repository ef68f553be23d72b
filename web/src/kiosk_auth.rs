//! The one place where a kiosk proves who it is: today a bearer secret of which only the SHA-256 is
//! stored; signed requests will replace it here and nowhere else.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use crate::AppState;
use crate::api::input::JsonBytes;
use crate::problem::{Code, Problem};
use crate::serve::Standing;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::{KioskId, SchoolId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// How old what is known of a kiosk's secret may be: in the rush each kiosk is asked after once a second,
/// and not at every scan.
const KEPT: Duration = Duration::from_secs(1);

/// Longest secret that is looked at.
const LONGEST: usize = 256;

/// A kiosk that proved who it is. A revocation counts for requests that begin a second later, in every process.
#[derive(Clone, Copy, Debug)]
pub struct Kiosk {
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Its school: what the kiosk says about schools does not matter.
    pub school_id: SchoolId,
    /// No longer trusted. Its scans are still taken, and quarantined.
    pub revoked: bool,
}

impl Kiosk {
    /// Refuses a revoked kiosk, for whatever is not a scan.
    pub fn trusted(self) -> Result<Self, Problem> {
        if self.revoked { Err(Problem::new(Code::KioskRevoked)) } else { Ok(self) }
    }
}

#[derive(Deserialize)]
struct OfKiosk {
    kiosk_id: Uuid,
}

impl FromRequestParts<AppState> for Kiosk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let refused = || {
            metrics::counter!("kiosk_auth_refused_total").increment(1);
            Problem::new(Code::KioskUnauthenticated)
        };
        let Ok(Path(OfKiosk { kiosk_id })) = Path::<OfKiosk>::from_request_parts(parts, state).await else {
            return Err(refused());
        };
        let Some(secret) = bearer(&parts.headers).filter(|secret| secret.len() <= LONGEST) else {
            return Err(refused());
        };
        let kiosk = state
            .secrets
            .authenticate(&state.pools.log_writer, KioskId(kiosk_id), secret)
            .await?
            .ok_or_else(refused)?;
        if let Some(standing) = parts.extensions.get::<Standing>() {
            standing.proven(kiosk_id);
        }
        Ok(kiosk)
    }
}

/// A kiosk with what it sent. It is asked before, so that nobody else's bytes are read, and once more when they are
/// there: that may take seconds, in which it may be revoked.
pub struct KioskBytes<const LIMIT: usize>(pub Kiosk, pub Bytes);

impl<const LIMIT: usize> FromRequest<AppState> for KioskBytes<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        Kiosk::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts.clone(), body);
        let JsonBytes(bytes) = JsonBytes::<LIMIT>::from_request(request, state).await?;
        Ok(Self(Kiosk::from_request_parts(&mut parts, state).await?, bytes))
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1), if there is exactly one header of it.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (only, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The secrets' hashes of kiosks that proved lately who they are. Cheap to clone. Holds the kiosks of the
/// installation at most: whoever cannot prove it is not kept.
#[derive(Clone, Default)]
pub struct KioskSecrets(Arc<Mutex<HashMap<KioskId, Kept>>>);

#[derive(Clone, Copy)]
struct Kept {
    read: Instant,
    sha256: [u8; 32],
    kiosk: Kiosk,
}

impl KioskSecrets {
    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<KioskId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The school of a kiosk, if the request brings the secret that the kiosk proved itself by here before, however
    /// long ago. Whose places a request takes rests on it; a kiosk that is revoked takes none of its school's.
    pub(crate) fn school_of(&self, kiosk_id: KioskId, headers: &HeaderMap) -> Option<SchoolId> {
        let secret = bearer(headers).filter(|secret| secret.len() <= LONGEST)?;
        let known = self.kept().get(&kiosk_id).copied()?;
        let given: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        (bool::from(given.ct_eq(&known.sha256)) && !known.kiosk.revoked).then_some(known.kiosk.school_id)
    }

    /// Compares hashes in constant time; an unknown kiosk takes the same path as a wrong secret. A secret
    /// that is not the one that is known may be a new one, so the database is asked.
    async fn authenticate(
        &self,
        log_writer: &PgPool,
        kiosk_id: KioskId,
        secret: &str,
    ) -> Result<Option<Kiosk>, Problem> {
        let given: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let known = self.kept().get(&kiosk_id).copied();
        if let Some(known) = known
            && known.read.elapsed() < KEPT
            && bool::from(given.ct_eq(&known.sha256))
        {
            return Ok(Some(known.kiosk));
        }
        let read = Instant::now();
        let row = sqlx::query!(
            "select school_id, secret_sha256, revoked_at from kiosk_secrets where kiosk_id = $1",
            kiosk_id.0
        )
        .fetch_optional(log_writer)
        .await?;
        let stored = row.as_ref().map_or(&[0; 32][..], |r| &r.secret_sha256);
        let same = bool::from(given.as_slice().ct_eq(stored));
        let Some(row) = row.filter(|_| same) else { return Ok(None) };
        let kiosk = Kiosk { kiosk_id, school_id: SchoolId(row.school_id), revoked: row.revoked_at.is_some() };
        self.kept().insert(kiosk_id, Kept { read, sha256: given, kiosk });
        Ok(Some(kiosk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_token_is_taken() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            headers
        };
        assert_eq!(bearer(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["bearer  abc "])), Some("abc"));
        assert_eq!(bearer(&headers(&[])), None);
        assert_eq!(bearer(&headers(&["Bearer"])), None);
        assert_eq!(bearer(&headers(&["Bearer "])), None);
        assert_eq!(bearer(&headers(&["Basic abc"])), None);
        assert_eq!(bearer(&headers(&["Bearer a", "Bearer b"])), None);
    }
}
