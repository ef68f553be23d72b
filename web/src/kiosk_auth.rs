//! The one place where a kiosk proves who it is: today a bearer secret of which only the SHA-256 is
//! stored; signed requests will replace it here and nowhere else.

use crate::AppState;
use crate::problem::{Code, Problem};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::{KioskId, SchoolId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::collections::HashMap;
use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// A kiosk that proved who it is. Read anew at each request, so that a revocation counts at once.
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
        let Some(secret) = bearer(&parts.headers) else { return Err(refused()) };
        let kiosk = authenticate(&state.kiosk_secrets, KioskId(kiosk_id), secret).await?.ok_or_else(refused)?;
        state.places.belongs(kiosk.kiosk_id, kiosk.school_id);
        Ok(kiosk)
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1), if there is exactly one header of it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (only, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 256).then_some(token)
}

/// Most kiosks of one look-up.
const MOST_AT_ONCE: usize = 256;

/// Looks up what is stored of kiosks' secrets. While one look-up is under way the next requests gather for
/// the one after it, so that hundreds at once are a few statements, each begun after it was asked for.
#[derive(Clone, Debug)]
pub struct Secrets(mpsc::Sender<Ask>);

#[derive(Debug)]
struct Ask {
    kiosk: KioskId,
    reply: oneshot::Sender<Result<Option<Stored>, Code>>,
}

#[derive(Clone, Debug)]
struct Stored {
    school: SchoolId,
    sha256: Vec<u8>,
    revoked: bool,
}

impl Secrets {
    /// Over the log writer's pool. The looking up ends with the last clone.
    pub fn start(log_writer: PgPool) -> Self {
        let (asks, mut asked) = mpsc::channel(MOST_AT_ONCE);
        tokio::spawn(async move {
            let mut some = Vec::new();
            while asked.recv_many(&mut some, MOST_AT_ONCE).await > 0 {
                look_up(&log_writer, &mut some).await;
            }
        });
        Self(asks)
    }

    async fn find(&self, kiosk: KioskId) -> Result<Option<Stored>, Problem> {
        let unavailable = || Problem::new(Code::Unavailable).retry_after(2);
        let (reply, answer) = oneshot::channel();
        self.0.send(Ask { kiosk, reply }).await.map_err(|_| unavailable())?;
        let found = answer.await.map_err(|_| unavailable())?;
        found.map_err(|code| if code == Code::Unavailable { unavailable() } else { Problem::new(code) })
    }
}

async fn look_up(log_writer: &PgPool, asks: &mut Vec<Ask>) {
    let ids: Vec<Uuid> = asks.iter().map(|ask| ask.kiosk.0).collect();
    let rows = sqlx::query!(
        "select kiosk_id, school_id, secret_sha256, revoked_at from kiosk_secrets where kiosk_id = any($1)",
        &ids
    )
    .fetch_all(log_writer)
    .await;
    let found = rows.map(|rows| {
        let stored = rows.into_iter().map(|row| {
            let school = SchoolId(row.school_id);
            (row.kiosk_id, Stored { school, sha256: row.secret_sha256, revoked: row.revoked_at.is_some() })
        });
        stored.collect::<HashMap<Uuid, Stored>>()
    });
    // Told and logged once for all who asked.
    let found = found.map_err(|error| Problem::from(error).code);
    for ask in asks.drain(..) {
        let answer = found.as_ref().map(|stored| stored.get(&ask.kiosk.0).cloned()).map_err(|code| *code);
        // Whoever hung up wants no answer.
        let _ = ask.reply.send(answer);
    }
}

/// Compares hashes in constant time; an unknown kiosk takes the same path as a wrong secret.
async fn authenticate(secrets: &Secrets, kiosk_id: KioskId, secret: &str) -> Result<Option<Kiosk>, Problem> {
    let stored = secrets.find(kiosk_id).await?;
    let given = Sha256::digest(secret.as_bytes());
    let hash = stored.as_ref().map_or(&[0; 32][..], |stored| &stored.sha256);
    let same = bool::from(given.as_slice().ct_eq(hash));
    Ok(stored.filter(|_| same).map(|stored| Kiosk { kiosk_id, school_id: stored.school, revoked: stored.revoked }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_token_of_sane_length_is_taken() {
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
        assert_eq!(bearer(&headers(&[&format!("Bearer {}", "x".repeat(300))])), None);
    }
}
