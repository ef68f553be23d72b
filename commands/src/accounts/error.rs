//! Why nothing was done to an account.

use super::password::Unfit;
use crate::append::is_conflict;
use crate::error::StoreError;
use crate::use_cases::Invalid;
use crate::vault::VaultError;
use domain::account;

/// Why an account was not changed or read. Holds no personal data and no secret.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A value is not what it should be.
    #[error("invalid value: {0}")]
    Invalid(Invalid),
    /// The password must not be chosen.
    #[error("the password is {0}")]
    Unfit(Unfit),
    /// Unknown, used, replaced or expired: a link does not say which.
    #[error("the link is not valid")]
    Link,
    /// The current password is another one.
    #[error("wrong password")]
    WrongPassword,
    /// The code is wrong, or was used.
    #[error("wrong code")]
    WrongCode,
    /// There is a second factor already: it is removed first.
    #[error("there is a second factor already")]
    TotpExists,
    /// No second factor was begun within the last minutes, or there is none.
    #[error("no second factor")]
    NoTotp,
    /// This host has no passkeys: it is not reached by a name.
    #[error("no passkeys: this installation is not reached by a name")]
    NoPasskeys,
    /// The account has no such passkey.
    #[error("no such passkey")]
    NoPasskey,
    /// The device's answer came too late, a second time, or to somebody else's question.
    #[error("the passkey's answer came too late")]
    PasskeyLate,
    /// The device's answer is not what was asked for, or its key is somebody's already.
    #[error("the passkey's answer is not valid")]
    PasskeyRefused,
    /// Roles, credentials or state changed since the person proved who they are: they come in anew.
    #[error("the account changed meanwhile")]
    Changed,
    /// No such account.
    #[error("unknown account")]
    Unknown,
    /// The account is another school's, too: only whoever runs the installation may do this to it.
    #[error("the account belongs to another school, too")]
    OfAnotherSchool,
    /// The school's stream refused.
    #[error(transparent)]
    Refused(#[from] account::Error),
    /// Too many passwords are being checked; it may be tried again.
    #[error("too many passwords are being checked")]
    Busy,
    /// Others kept changing the account; it may be tried again.
    #[error("conflict: the account kept changing")]
    Conflict,
    /// Keys.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountError {
    /// The stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(Invalid::Name) => "invalid_name",
            Self::Invalid(Invalid::Mail) => "invalid_mail",
            Self::Invalid(
                Invalid::CourseName | Invalid::Card | Invalid::Note | Invalid::Identity | Invalid::Message,
            ) => "invalid_value",
            Self::Unfit(unfit) => unfit.code(),
            Self::Link => "link_not_valid",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::TotpExists => "totp_exists",
            Self::NoTotp => "no_totp",
            Self::NoPasskeys => "no_passkeys",
            Self::NoPasskey => "no_passkey",
            Self::PasskeyLate => "passkey_late",
            Self::PasskeyRefused => "passkey_refused",
            Self::Changed => "account_changed",
            Self::Unknown => "unknown_account",
            Self::OfAnotherSchool => "account_of_another_school",
            Self::Refused(account::Error::NotMember) => "not_a_member",
            Self::Refused(account::Error::Pending) => "membership_pending",
            Self::Refused(account::Error::AlreadyMember) => "already_a_member",
            Self::Refused(account::Error::Disabled) => "account_disabled",
            Self::Refused(account::Error::LastAdmin) => "last_admin",
            Self::Refused(account::Error::WrongPurpose) => "wrong_link_purpose",
            Self::Refused(account::Error::NotDisabled) => "account_not_disabled",
            Self::Refused(account::Error::Erased) => "erased",
            Self::Conflict => "conflict",
            Self::Busy | Self::Vault(_) | Self::Store(_) => "unavailable",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy | Self::Conflict => true,
            Self::Store(error) | Self::Vault(VaultError::Store(error)) => error.is_temporary(),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) { Self::Conflict } else { Self::Store(error.into()) }
    }
}

impl From<serde_json::Error> for AccountError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(StoreError::Library(Box::new(error)))
    }
}
