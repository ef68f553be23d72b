//! The Cloud API's error codes, by what is to be done.
//!
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Certainly not sent: later.
    Throttled,
    /// Their trouble; of a server's error nobody knows whether it was sent.
    Transient,
    /// Nothing will be sent until a person looks: why, for the list of channels.
    Pause(&'static str),
    /// This template is not taken.
    Template,
    /// This recipient is not reached.
    Recipient,
    /// They do not understand us.
    Program,
    /// A code that is not known here.
    Other,
}

pub(super) const fn class(code: u32) -> Class {
    match code {
        4 | 80_007 | 130_429 | 131_056 => Class::Throttled,
        1 | 2 | 131_000 | 131_016 | 131_057 | 133_004 => Class::Transient,
        0 | 190 => Class::Pause("token"),
        3 | 10 | 200..=299 | 131_005 => Class::Pause("permission"),
        131_042 => Class::Pause("payment"),
        368 | 131_031 | 131_048 | 133_010 => Class::Pause("account"),
        132_000 | 132_001 | 132_005 | 132_007 | 132_012 | 132_015 | 132_016 => Class::Template,
        130_472 | 130_497 | 131_021 | 131_026 | 131_030 | 131_047 | 131_049 | 131_050 | 131_051 => Class::Recipient,
        33 | 100 | 131_008 | 131_009 => Class::Program,
        _ => Class::Other,
    }
}
