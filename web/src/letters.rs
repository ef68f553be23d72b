//! What the server writes to people by mail. Nobody waits for a letter, and none of them names a pupil.

use crate::AppState;
use crate::i18n::Lang;
use commands::accounts::{AccountError, Link};
use domain::AccountId;
use domain::values::mail::Mail;
use uuid::Uuid;
use workers::mail::Letter;

/// Tells a person of the staff that a credential of theirs changed: whoever took the account over cannot keep that
/// from the mailbox (OWASP ASVS 5.0, 6.3.7). `what` is the key of a text. Beside the answer, which never waits.
pub fn tell_of_change(state: &AppState, account: AccountId, what: &'static str) {
    let state = state.clone();
    tokio::spawn(async move {
        match state.accounts.person(account).await {
            // Erased people have no address.
            Ok(person) => {
                if let Some(to) = person.email.and_then(|email| Mail::parse(&email).ok()) {
                    state.mailer.post(of_change(&state, to, what, Lang::default()));
                }
            }
            Err(error) => tracing::warn!(%error, account_id = %account, "nobody was told of a changed credential"),
        }
    });
}

/// Sends a person of the staff the link by which they choose a password: nobody else sees it. `false` if too many
/// letters wait; an error where nobody can say what the address is.
pub async fn send_link(state: &AppState, account: AccountId, link: &Link) -> Result<bool, AccountError> {
    let address = state.accounts.person(account).await?.email.and_then(|email| Mail::parse(&email).ok());
    let to = address.ok_or(AccountError::Unknown)?;
    Ok(state.mailer.post(with_staff_link(state.ids.next(), to, &link_address(state, link), Lang::default())))
}

/// Where a link leads: never what the request called us.
pub fn link_address(state: &AppState, link: &Link) -> String {
    format!("{}/entrar/activar#t={}", state.public_url, *link.secret.reveal())
}

/// Tells a person who can sign in that a school waits for their answer. `false` if too many letters wait; an error where
/// nobody can say what the address is.
pub async fn send_invitation(state: &AppState, account: AccountId) -> Result<bool, AccountError> {
    let address = state.accounts.person(account).await?.email.and_then(|email| Mail::parse(&email).ok());
    let to = address.ok_or(AccountError::Unknown)?;
    let url = format!("{}/cuenta", state.public_url);
    Ok(state.mailer.post(of_invitation(state.ids.next(), to, &url, Lang::default())))
}

/// Names no school: who reads the address by mistake learns nothing.
fn of_invitation(id: Uuid, to: Mail, url: &str, lang: Lang) -> Letter {
    let product = lang.t("product");
    Letter {
        id,
        kind: "staff_invitation",
        to,
        subject: lang.f("letter-invitation-subject", &[("product", (&product).into())]),
        text: lang.f("letter-invitation-text", &[("product", (&product).into()), ("url", url.into())]),
        html: None,
    }
}

/// Names no school: who reads the address by mistake learns nothing.
fn with_staff_link(id: Uuid, to: Mail, link: &str, lang: Lang) -> Letter {
    let product = lang.t("product");
    Letter {
        id,
        kind: "staff_link",
        to,
        subject: lang.f("letter-staff-link-subject", &[("product", (&product).into())]),
        text: lang.f("letter-staff-link-text", &[("product", (&product).into()), ("link", link.into())]),
        html: None,
    }
}

fn of_change(state: &AppState, to: Mail, what: &'static str, lang: Lang) -> Letter {
    let (product, what) = (lang.t("product"), lang.t(what));
    Letter {
        id: state.ids.next(),
        kind: "credential_changed",
        to,
        subject: lang.f("letter-change-subject", &[("product", (&product).into())]),
        text: lang.f("letter-change-text", &[("what", (&what).into()), ("url", (&*state.public_url).into())]),
        html: None,
    }
}

/// The link by which a guardian comes in. Names neither a pupil nor a school: who reads the address by mistake learns
/// nothing (P14).
pub fn with_link(id: Uuid, to: Mail, link: &str, lang: Lang) -> Letter {
    let product = lang.t("product");
    Letter {
        id,
        kind: "family_link",
        to,
        subject: lang.f("letter-link-subject", &[("product", (&product).into())]),
        text: lang.f("letter-link-text", &[("product", (&product).into()), ("link", link.into())]),
        html: None,
    }
}

#[cfg(test)]
mod tests;
