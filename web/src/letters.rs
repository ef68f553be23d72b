//! What the server writes to people by mail. Nobody waits for a letter, and none of them names a pupil.

use crate::AppState;
use crate::i18n::Lang;
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

fn of_change(state: &AppState, to: Mail, what: &'static str, lang: Lang) -> Letter {
    let (product, what) = (lang.t("product"), lang.t(what));
    Letter {
        id: state.ids.next(),
        kind: "credential_changed",
        to,
        subject: lang.f("letter-change-subject", &[("product", (&product).into())]),
        text: lang.f("letter-change-text", &[("what", (&what).into()), ("url", (&*state.public_url).into())]),
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
    }
}

#[cfg(test)]
mod tests;
