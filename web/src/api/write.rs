//! What every write of the REST API shares: who asks, the client's key for it, and the answer that
//! every repeat of it gets.

use crate::AppState;
use crate::middleware::RequestId;
use crate::problem::{Code, Problem};
use crate::session::Person;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use commands::{Context, Done, Outcome, ReserveError, Reserved};
use domain::{Actor, CommandId, SchoolId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tracing::Instrument;
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
    actor: Actor,
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
        let actor = Actor::user(Person::from_request_parts(parts, state).await?.account_id);
        let what = format!("{} {}\n", parts.method, parts.uri.path());
        Ok(Self { key: CommandId(key), actor, correlation, what })
    }
}

impl Request {
    /// An id that each repeat of the request derives alike.
    pub fn derived(&self, name: &str) -> Uuid {
        Uuid::new_v5(&self.key.0, name.as_bytes())
    }

    /// Does `work` once for the key and gives the position of what it appended. A repeat gets the first
    /// answer, a refusal too, whatever happened since, and waits for it if the first still runs; a
    /// failure that may pass is no answer, and the repeat tries again. All in a task of its own: a client
    /// that hangs up does not cut it off.
    pub async fn run<W, F>(
        self,
        state: &AppState,
        school: SchoolId,
        body: &[u8],
        work: W,
    ) -> Result<Option<i64>, Problem>
    where
        W: FnOnce(commands::Write, Context) -> F + Send + 'static,
        F: Future<Output = Result<Done, Problem>> + Send,
    {
        let sha256: [u8; 32] = Sha256::new().chain_update(self.what).chain_update(body).finalize().into();
        let (write, key, actor, correlation_id) = (state.write.clone(), self.key, self.actor, self.correlation);
        let once = async move {
            let claim = match write.reserve_command(school, key, sha256).await {
                Ok(Reserved::Run(claim)) => claim,
                Ok(Reserved::Done(first)) => return answer(first),
                Err(ReserveError::KeyReused) => return Err(Problem::new(Code::IdempotencyKeyReused)),
                Err(ReserveError::Busy) => return Err(Problem::new(Code::Conflict).retry_after(1)),
                Err(ReserveError::Store(error)) => return Err(error.into()),
            };
            let run = async {
                let zone = write.school_settings(school).await?.zone;
                let command_id = Some(key);
                work(write.clone(), Context { school, zone, actor, command_id, correlation_id, causation_id: None })
                    .await
            };
            let outcome = match run.await {
                Ok(done) => Outcome::Done(done.position),
                Err(problem) if problem.passes() => {
                    // Should this fail too, the claim runs out by itself.
                    let _ = write.release_command(&claim).await;
                    return Err(problem);
                }
                Err(problem) => Outcome::Refused(problem.to_kept()),
            };
            match write.finish_command(&claim, outcome.clone()).await {
                Ok(first) => answer(first),
                // The log itself remembers a command that appended something.
                Err(_) if matches!(outcome, Outcome::Done(Some(_))) => answer(outcome),
                Err(error) => Err(error.into()),
            }
        };
        tokio::spawn(once.instrument(tracing::Span::current())).await.map_err(Problem::internal)?
    }
}

fn answer(outcome: Outcome) -> Result<Option<i64>, Problem> {
    match outcome {
        Outcome::Done(position) => Ok(position),
        Outcome::Refused(kept) => Err(Problem::from_kept(&kept)),
    }
}

#[cfg(test)]
mod tests;
