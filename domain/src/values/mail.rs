//! Mail addresses.

use std::fmt;

/// Why a text is no mail address. Never quotes the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum MailError {
    /// Nothing was written.
    #[error("empty")]
    Empty,
    /// Not exactly one `@` with something on either side.
    #[error("an address has one @ with something on either side")]
    At,
    /// Longer than mail can carry (RFC 5321 section 4.5.3.1: 64 before, 254 in all).
    #[error("too long")]
    TooLong,
    /// A character that a mailbox's name does not have, or a dot at its edge or twice.
    #[error("not a mailbox name before the @")]
    Local,
    /// Not labels of letters, digits and hyphens with a dot between them.
    #[error("not a domain after the @")]
    Domain,
}

/// A mail address, checked, in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mail(String);

impl Mail {
    /// Reads an address. Quoted mailbox names, address literals and non-ASCII addresses are refused:
    /// in a school's list they are typing errors. All of it becomes lower case, since no provider that
    /// families use tells `Ana@` from `ana@`.
    pub fn parse(text: &str) -> Result<Self, MailError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(MailError::Empty);
        }
        let (local, domain) = text.split_once('@').ok_or(MailError::At)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(MailError::At);
        }
        if local.len() > 64 || text.len() > 254 {
            return Err(MailError::TooLong);
        }
        let atom = |a: &str| !a.is_empty() && a.bytes().all(is_atext);
        if !local.split('.').all(atom) {
            return Err(MailError::Local);
        }
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        let top = domain.rsplit('.').next().unwrap_or_default();
        let top_is_name = top.len() >= 2 && top.bytes().any(|b| b.is_ascii_alphabetic());
        if !domain.contains('.') || !domain.split('.').all(label) || !top_is_name {
            return Err(MailError::Domain);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail(…)")
    }
}

/// RFC 5322 section 3.2.3.
fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

#[cfg(test)]
mod tests;
