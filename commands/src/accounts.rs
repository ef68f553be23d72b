//! Accounts of the staff: invitations, roles, passwords, second factors, passkeys.
//!
//! An account belongs to the installation and may be a member of several schools. Every change is an event
//! in the streams of the schools that it concerns and rows of `accounts…`, in one transaction ([`change`]);
//! the rows of roles are what the streams say. Credentials are apart from identity, and no event holds one.
//!
//! Every change of roles, credentials or state raises the account's `authz_epoch`, by which whoever keeps
//! sessions ends them; it is announced on the channel `attendance_accounts` with the account's id.
//!
//! Whether the caller may ask is the caller's part, as with every use case.

mod change;
mod erase;
mod error;
mod factors;
mod hashing;
mod links;
mod membership;
mod offers;
mod passkeys;
mod password;
mod read;
mod second_factor;
mod secret;
mod sign_in;

pub use domain::account::{AccountFact, Credential, LinkPurpose, SessionEnd, SignInMethod, StaffRole};
pub use erase::after_restore;
pub use error::AccountError;
pub use factors::Factors;
pub use hashing::{Hashing, Turn};
pub use links::LinkOf;
pub use membership::{Invite, Invited, Link, Scope};
pub use offers::{Offer, Offered};
pub use passkeys::{Passkey, PasskeyChallenge, PasskeySignIn, RelyingParty};
pub use password::Unfit;
pub use read::{Member, Person};
pub use second_factor::TotpSetup;
pub use secret::Secret256;
pub use sign_in::{Proof, SignIn};

use crate::Write;
use crate::error::StoreError;
use crate::pool::in_time;
use domain::SchoolId;
use sqlx::PgPool;
use std::sync::Arc;
use tracing::Instrument;
use uuid::Uuid;

/// Whose the keys of accounts are in the vault, and their addresses in the directory's hash: no school has
/// this id.
pub(crate) const INSTALLATION: SchoolId = SchoolId(Uuid::nil());

/// How often a change is tried that another change of the same account got in the way of.
const TRIES: u32 = 6;

/// All that is done with accounts. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Accounts {
    write: Write,
    auth: PgPool,
    hashing: Hashing,
    relying_party: Option<Arc<RelyingParty>>,
}

impl Accounts {
    /// `auth` is the pool of role `attendance_auth`.
    pub fn new(write: Write, auth: PgPool) -> Self {
        Self::with_hashing(write, auth, Hashing::default())
    }

    /// The same, with hashing of your own.
    pub fn with_hashing(write: Write, auth: PgPool, hashing: Hashing) -> Self {
        Self { write, auth, hashing, relying_party: None }
    }

    /// The same, with passkeys for a host.
    pub fn with_passkeys(self, relying_party: Option<RelyingParty>) -> Self {
        Self { relying_party: relying_party.map(Arc::new), ..self }
    }

    /// Runs a change in a task of its own, so that a caller who hangs up cannot stop it half-way, and again
    /// where another change of the account got in the way.
    async fn change<T, F>(&self, attempt: impl Fn(Self) -> F + Send + 'static) -> Result<T, AccountError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AccountError>> + Send + 'static,
    {
        let this = self.clone();
        let task = async move {
            for n in 0..TRIES {
                this.write.retry().wait(n).await;
                match in_time(attempt(this.clone())).await {
                    Err(AccountError::Conflict) => {}
                    answer => return answer,
                }
            }
            Err(AccountError::Conflict)
        };
        let task = tokio::spawn(task.instrument(tracing::Span::current()));
        task.await.unwrap_or(Err(AccountError::Store(StoreError::Interrupted)))
    }
}

#[cfg(test)]
mod tests;
