//! Trying to sign in, whether by the page or by the API: the same limits, the same one answer to every mistake.
//!
//! A browser in which the person signed in before has one bucket of its own. All others share those of their
//! network, of account and network, and of the account in all networks together: whoever guesses at an account
//! from a thousand networks gets a hundred guesses a day, and keeps nobody out who has a known browser (P27). Nor does
//! whoever tries a thousand accounts at once: what comes from a known browser has its own line before the cores.

use crate::AppState;
use crate::i18n::key;
use crate::letters;
use crate::problem::Problem;
use crate::throttle::limits::{ACCOUNT, KNOWN, NETWORK, SECOND_FACTOR, SECOND_FACTOR_KNOWN, SIGN_IN, TOLD, both};
use commands::accounts::{AccountError, AccountFact, PasskeySignIn, Proof, Secret256, SignIn, Turn};
use domain::AccountId;
use domain::values::mail::Mail;

/// Somebody at the door.
pub struct Caller<'a> {
    /// The network that tries count by.
    pub network: &'a str,
    /// The browser that the request says it comes from.
    pub browser: Option<&'a Secret256>,
}

/// Tries an address and a password.
pub async fn password(state: &AppState, caller: &Caller<'_>, email: &str, password: &str) -> Result<SignIn, Problem> {
    let now = state.clock.of_people();
    // The same for every address, known or not, however it is written (P28); what is no address is nobody's.
    let address = Mail::parse(email).map_or_else(|_| String::new(), |mail| mail.as_str().to_owned());
    let known = match caller.browser {
        Some(browser) if knows(state, browser, email).await? => Some(hex::encode(browser.sha256())),
        _ => None,
    };
    if let Some(browser) = &known {
        state.throttle.take(now, &KNOWN, &both(&address, browser)).await?;
    } else {
        state.throttle.take(now, &NETWORK, caller.network).await?;
        state.throttle.take(now, &SIGN_IN, &both(&address, caller.network)).await?;
        if let Err(too_many) = state.throttle.hold(now, &ACCOUNT, &address).await {
            tell(state, address, email.to_owned());
            return Err(too_many.into());
        }
    }
    let turn = if known.is_some() { Turn::Known } else { Turn::Stranger };
    let found = state.accounts.sign_in(turn, email, password).await;
    if known.is_none() && !matches!(found, Ok(SignIn::Refused)) {
        state.throttle.give_back(&ACCOUNT, &address).await;
    }
    let found = found?;
    if found == SignIn::Refused {
        metrics::counter!("sign_in_refused_total").increment(1);
    }
    Ok(found)
}

/// Whether the person of an address signed in in this browser before.
async fn knows(state: &AppState, browser: &Secret256, email: &str) -> Result<bool, AccountError> {
    let accounts = state.sessions.known_to(browser).await.map_err(|error| AccountError::Store(error.into()))?;
    if accounts.is_empty() {
        return Ok(false);
    }
    Ok(state.accounts.by_email(email).await?.is_some_and(|account| accounts.contains(&account)))
}

/// Tells an account's schools once a day that guesses at it are slowed down; beside the answer, which takes as
/// long for an address that nobody has.
fn tell(state: &AppState, address: String, email: String) {
    let state = state.clone();
    tokio::spawn(async move {
        if state.throttle.hold(state.clock.of_people(), &TOLD, &address).await.is_err() {
            return;
        }
        match state.accounts.by_email(&email).await {
            Ok(Some(account)) => note(&state, account, AccountFact::Throttled),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "nobody is told of guesses at an account"),
        }
    });
}

/// Tries a code of the second factor; the password was right. A right code is no guess.
pub async fn code(state: &AppState, caller: &Caller<'_>, account: AccountId, code: &str) -> Result<bool, Problem> {
    let now = state.clock.of_people();
    let (limit, key) = match caller.browser {
        Some(browser) if state.sessions.known_to(browser).await?.contains(&account) => {
            (&SECOND_FACTOR_KNOWN, both(&account.to_string(), &hex::encode(browser.sha256())))
        }
        _ => (&SECOND_FACTOR, account.to_string()),
    };
    state.throttle.hold(now, limit, &key).await?;
    // Whoever rules over others and has a passkey gives no code, whichever form it comes by.
    let takes_code = state.accounts.factors(account).await?.takes_code();
    let right = takes_code && state.accounts.check_totp(account, code, now).await?;
    if right {
        state.throttle.give_back(limit, &key).await;
    } else {
        metrics::counter!("sign_in_refused_total").increment(1);
    }
    Ok(right)
}

/// Whom a device's answer lets in. That a key may have been copied is told to the account's schools and its person.
pub fn passkey(state: &AppState, answered: Result<PasskeySignIn, AccountError>) -> Result<Option<Proof>, AccountError> {
    match answered {
        Ok(PasskeySignIn::Done(proof)) => return Ok(Some(proof)),
        Ok(PasskeySignIn::Copied(account)) => {
            note(state, account, AccountFact::PasskeyCopied);
            letters::tell_of_change(state, account, key("letter-passkey-copied"));
        }
        Ok(PasskeySignIn::Refused)
        | Err(AccountError::PasskeyLate | AccountError::NoPasskey | AccountError::NoPasskeys) => {}
        Err(error) => return Err(error),
    }
    metrics::counter!("sign_in_refused_total").increment(1);
    Ok(None)
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

#[cfg(test)]
mod tests;
