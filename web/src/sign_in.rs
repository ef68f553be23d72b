//! Trying to sign in, whether by the page or by the API: the same limits, the same one answer to every mistake.

use crate::AppState;
use crate::problem::Problem;
use crate::throttle::limits::{self, NETWORK, SECOND_FACTOR, SIGN_IN};
use commands::accounts::{AccountFact, SignIn};
use domain::AccountId;

/// Tries an address and a password from a network.
pub async fn password(state: &AppState, network: &str, email: &str, password: &str) -> Result<SignIn, Problem> {
    let now = state.clock.of_people();
    // The same for every address, known or not; its case does not make it another one.
    let account = limits::both(&email.trim().to_lowercase(), network);
    state.throttle.take(now, &NETWORK, network).await?;
    state.throttle.take(now, &SIGN_IN, &account).await?;
    let found = state.accounts.sign_in(email, password).await?;
    if found == SignIn::Refused {
        metrics::counter!("sign_in_refused_total").increment(1);
    }
    Ok(found)
}

/// Tries a code of the second factor; the password was right.
pub async fn code(state: &AppState, account: AccountId, code: &str) -> Result<bool, Problem> {
    let now = state.clock.of_people();
    state.throttle.take(now, &SECOND_FACTOR, &account.to_string()).await?;
    let right = state.accounts.check_totp(account, code, now).await?;
    if !right {
        metrics::counter!("sign_in_refused_total").increment(1);
    }
    Ok(right)
}

/// Notes what happened to an account, beside the answer: what counts is in the session's row already.
pub fn note(state: &AppState, account_id: AccountId, fact: AccountFact) {
    let accounts = state.accounts.clone();
    tokio::spawn(async move {
        if let Err(error) = accounts.note(account_id, fact).await {
            tracing::warn!(%error, "an account's event was not appended");
        }
    });
}
