//! What every write of the REST API shares: who asks, and the client's key for it.

use crate::AppState;
use crate::middleware::RequestId;
use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use commands::{Context, ReserveError};
use domain::{Actor, CommandId, SchoolId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

/// The client's own id of the request, for the document.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKey {
    /// A new UUID for each thing that is asked, the same one at each retry.
    #[serde(rename = "Idempotency-Key")]
    #[param(rename = "Idempotency-Key")]
    #[expect(dead_code, reason = "read by `Request`; here for its description")]
    key: Uuid,
}

/// A write as it was asked for, its body aside.
pub struct Request {
    key: CommandId,
    correlation: Uuid,
    what: String,
}

impl FromRequestParts<AppState> for Request {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let mut keys = parts.headers.get_all("idempotency-key").iter();
        let key = match (keys.next(), keys.next()) {
            (Some(key), None) => key.to_str().ok().and_then(|k| Uuid::parse_str(k.trim()).ok()),
            _ => None,
        };
        let key = key.filter(|k| !k.is_nil()).ok_or_else(|| Problem::new(Code::IdempotencyKeyRequired))?;
        let correlation = parts.extensions.get::<RequestId>().map_or_else(|| state.ids.next(), |id| id.0);
        let what = format!("{} {}\n", parts.method, parts.uri.path());
        Ok(Self { key: CommandId(key), correlation, what })
    }
}

impl Request {
    /// Notes what the key stands for and gives the command's context. Until sign-in exists, whoever
    /// reaches the port is one and the same actor.
    pub async fn reserve(self, state: &AppState, school: SchoolId, body: &[u8]) -> Result<Context, Problem> {
        let sha256 = Sha256::new().chain_update(self.what).chain_update(body).finalize().into();
        // In a task of its own: a client that hangs up does not cut it off.
        let (write, key) = (state.write.clone(), self.key);
        let reserved = tokio::spawn(async move { write.reserve_command(school, key, sha256).await }).await;
        match reserved.map_err(Problem::internal)? {
            Ok(()) => {}
            Err(ReserveError::KeyReused) => return Err(Problem::new(Code::IdempotencyKeyReused)),
            Err(ReserveError::Store(error)) => return Err(error.into()),
        }
        let zone = state.write.school_settings(school).await?.zone;
        Ok(Context {
            school,
            zone,
            actor: Actor::system("rest"),
            command_id: Some(self.key),
            correlation_id: self.correlation,
            causation_id: None,
        })
    }
}
