//! Access tokens: what they say, and whether to believe it.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use super::keys::SigningKeys;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long one is good.
pub const ACCESS: TimeDelta = TimeDelta::minutes(5);
/// How far the clocks of two processes may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(5);
/// Longest one that is read; ours have some 500 characters.
const LONGEST: usize = 1024;
/// Who gives them.
const ISSUER: &str = "urn:attendance";
/// For what.
const AUDIENCE: &str = "urn:attendance:api";
/// What they are (RFC 9068, 2.1): nothing else that such a key might sign.
const TYPE: &str = "at+jwt";

/// What an access token says. No name, no role: what its person may do is asked of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    /// The account.
    pub(super) sub: Uuid,
    /// The school.
    pub(super) school: Uuid,
    /// The family.
    pub(super) sid: Uuid,
    /// The pair.
    pub(super) jti: Uuid,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
}

impl Claims {
    pub(super) fn new(sub: Uuid, school: Uuid, sid: Uuid, jti: Uuid, now: DateTime<Utc>) -> Self {
        let at = now.timestamp();
        let exp = at.saturating_add(ACCESS.num_seconds());
        Self { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), sub, school, sid, jti, iat: at, nbf: at, exp }
    }

    fn is_good(&self, now: DateTime<Utc>) -> bool {
        let (now, skew) = (now.timestamp(), SKEW.num_seconds());
        let soon = now.saturating_add(skew);
        let begun = self.iat <= soon && self.nbf <= soon;
        let life = self.exp.checked_sub(self.iat);
        begun && now < self.exp && life.is_some_and(|life| life <= ACCESS.num_seconds())
    }
}

fn header(kid: &str) -> Header {
    Header { typ: Some(TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }
}

/// Signs what a token says.
pub(super) fn sign(keys: &SigningKeys, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
    encode(&header(&keys.kid), claims, &keys.signs)
}

/// What a token says, if one of our keys signed it for this and it is good now. Its header is exactly what ours
/// are: a key that it brings along or points to, and what it calls critical, make it somebody else's.
pub(super) fn read(keys: &SigningKeys, token: &str, now: DateTime<Utc>) -> Option<Claims> {
    if token.len() > LONGEST {
        return None;
    }
    let said = decode_header(token).ok()?;
    let kid = said.kid.as_deref()?;
    let key = keys.believed.get(kid)?;
    if said != header(kid) {
        return None;
    }
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    // By the injected clock, below.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, key, &validation).ok()?.claims;
    claims.is_good(now).then_some(claims)
}
