//! The one kind of secret that this program gives out: 256 random bits, shown once.

use crate::vault::VaultError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// 256 bits of the operating system's random numbers. Kept as their SHA-256 only: a value that nobody can
/// guess needs no slow hash.
#[derive(Clone)]
pub struct Secret256(Zeroizing<[u8; 32]>);

impl Secret256 {
    /// A new one.
    pub fn random() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Random)?;
        Ok(Self(bytes))
    }

    /// Reads base64url without padding, 43 characters; none of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.get(..43).filter(|_| text.len() == 43)?).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// Base64url without padding, to be shown once.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// What is stored, and looked up by.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_slice()).into()
    }
}

impl fmt::Debug for Secret256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret256(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_from_what_was_shown_and_is_never_printed() {
        let secret = Secret256::random().unwrap();
        let shown = secret.reveal();
        assert_eq!(shown.len(), 43);
        assert_eq!(Secret256::parse(&shown).unwrap().sha256(), secret.sha256());
        assert_ne!(Secret256::random().unwrap().sha256(), secret.sha256());
        assert_eq!(format!("{secret:?}"), "Secret256(…)");
        for wrong in ["", &shown[1..], &format!("{}=", *shown), &format!("{}*", &shown[1..]), &"ñ".repeat(43)] {
            assert!(Secret256::parse(wrong).is_none(), "{}", wrong.len());
        }
    }
}
