//! Tokens of programs that act for a person over the API: an access token for a few minutes, and a refresh
//! token that gives the next pair once.
//!
//! An access token is a JWT (RFC 9068) signed with Ed25519. Its signature is checked first, so what nobody signed
//! costs no round trip; then its family is asked of the database at every request, as a session is: a family that
//! was ended, an account that was disabled or a role that was taken away counts at the next request, in every
//! process. It opens one school.
//!
//! A refresh token is 256 random bits, of which the SHA-256 is kept. It gives one successor. Whoever loses the
//! answer may ask again within ten seconds, as long as nobody used the successor; a refresh token that comes a
//! second time otherwise is a copy in other hands, and ends its family (RFC 9700, 4.14.2).

mod access;
mod families;
mod keys;
mod refresh;

pub use access::ACCESS;
pub use families::{Begin, Ended, Family, Pair, Tokens};
pub use keys::SigningKeys;
pub use refresh::{GRACE, Refreshed};

#[cfg(test)]
mod tests;
