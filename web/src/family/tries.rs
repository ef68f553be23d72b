//! How often somebody may ask for a link, redeem one and type its digits, and by whose count.
//!
//! Whoever asks for an address need not be who reads it. So a browser in which its reader came in before has buckets
//! of its own, one for each address; all others share those of their network and of the address. What a stranger does
//! with an address keeps no known browser out, whatever network it is in. The answers are the same for addresses that
//! a guardian has and for all others.

use super::Redeemed;
use crate::AppState;
use crate::problem::Problem;
use crate::sign_in::Caller;
use crate::throttle::limits::{CODE, CODE_KNOWN, LINK, LINK_KNOWN, LINK_NETWORK, LINK_STRANGERS, REDEEM, both};
use commands::accounts::Secret256;
use commands::guardians::address_key;
use domain::values::mail::Mail;

/// Counts that a link is asked for, or refuses it.
pub async fn ask(state: &AppState, caller: &Caller<'_>, mail: &Mail) -> Result<(), Problem> {
    let (now, throttle) = (state.clock.of_people(), &state.throttle);
    let address = address_key(&state.write, mail);
    if let Some(browser) = known(state, caller, Some(&address)).await? {
        throttle.take(now, &LINK_KNOWN, &both(mail.as_str(), &browser)).await?;
        return Ok(());
    }
    throttle.take(now, &LINK_NETWORK, caller.network).await?;
    throttle.take(now, &LINK, &both(mail.as_str(), caller.network)).await?;
    throttle.take(now, &LINK_STRANGERS, mail.as_str()).await?;
    Ok(())
}

/// Counts that a link or its digits are sent, or refuses it.
pub async fn redeem(state: &AppState, caller: &Caller<'_>) -> Result<(), Problem> {
    let key = known(state, caller, None).await?.unwrap_or_else(|| caller.network.to_owned());
    Ok(state.throttle.take(state.clock.of_people(), &REDEEM, &key).await?)
}

/// A session by the digits that a link showed elsewhere; none if they are wrong, too late, or too many were. Right
/// digits are no guess. That there were too many is not said: it would tell that a guardian has the address.
pub async fn code(
    state: &AppState,
    caller: &Caller<'_>,
    typed: &str,
    by: &Redeemed,
) -> Result<Option<Secret256>, Problem> {
    let asked = state.families.asked_by(&by.browser).await?;
    let (limit, key) = match (&asked, known(state, caller, asked.as_deref()).await?) {
        (Some(address), Some(browser)) => (&CODE_KNOWN, both(&hex::encode(address), &browser)),
        (Some(address), None) => (&CODE, hex::encode(address)),
        // As long as for the others.
        (None, _) => (&CODE, hex::encode(by.browser.sha256())),
    };
    if state.throttle.hold(state.clock.of_people(), limit, &key).await.is_err() {
        return Ok(None);
    }
    let session = state.families.redeem_code(typed, by).await?;
    if session.is_some() {
        state.throttle.give_back(limit, &key).await;
    }
    Ok(session)
}

/// The browser, as part of a key, if the address is read there (of no address: if any is).
async fn known(state: &AppState, caller: &Caller<'_>, address: Option<&[u8]>) -> Result<Option<String>, Problem> {
    let Some(browser) = caller.browser else { return Ok(None) };
    let known = state.families.knows(browser, address).await?;
    Ok(known.then(|| hex::encode(browser.sha256())))
}
