//! The keys that sign access tokens, and the one algorithm.

use anyhow::{Context, Result, bail, ensure};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use std::collections::HashMap;
use std::fmt;

/// The keys of an installation by their ids: the first signs, all of them are believed. To change it, the new one
/// is put first; the old one may go once the tokens that it signed are over.
pub struct SigningKeys {
    pub(super) kid: String,
    pub(super) signs: EncodingKey,
    pub(super) believed: HashMap<String, DecodingKey>,
}

impl SigningKeys {
    /// Reads `<kid>:<64 hexadecimal digits>` a line, the seeds of Ed25519 keys.
    pub fn parse(text: &str) -> Result<Self> {
        // Once in a process; a second time changes nothing.
        let _ = PROVIDER.install_default();
        let mut first = None;
        let mut believed = HashMap::new();
        for line in text.split_whitespace() {
            // What is wrong is a secret, and not quoted.
            let (kid, seed) = line.split_once(':').context("a key is <kid>:<64 hexadecimal digits>")?;
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            ensure!((1..=32).contains(&kid.len()) && kid.bytes().all(plain), "a kid is 1 to 32 of A-Z a-z 0-9 - _ .");
            let mut bytes = [0; 32];
            if hex::decode_to_slice(seed, &mut bytes).is_err() {
                bail!("key {kid} is not 64 hexadecimal digits");
            }
            let key = SigningKey::from_bytes(&bytes);
            let public = DecodingKey::from_ed_der(key.verifying_key().as_bytes());
            ensure!(believed.insert(kid.to_owned(), public).is_none(), "key {kid} is there twice");
            first.get_or_insert_with(|| (kid.to_owned(), EncodingKey::from_ed_der(&bytes)));
        }
        let (kid, signs) = first.context("no key")?;
        Ok(Self { kid, signs, believed })
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({} of {})", self.kid, self.believed.len())
    }
}

/// EdDSA and nothing else: whatever a token says, there is no other way to check it. (jsonwebtoken's own RustCrypto
/// provider would bring RSA and the NIST curves along.)
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::EdDSA => Ok(Box::new(EdSigner(SigningKey::from_bytes(&seed(key.as_bytes())?)))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::EdDSA => {
            let key = VerifyingKey::from_bytes(&seed(key.try_get_as_bytes()?)?);
            Ok(Box::new(EdVerifier(key.map_err(|_| ErrorKind::InvalidEddsaKey)?)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    // Of keys that tokens bring along: none is looked at.
    key_utils: KeyUtils::new_unimplemented(),
};

fn seed(bytes: &[u8]) -> JwtResult<[u8; 32]> {
    bytes.try_into().map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

struct EdSigner(SigningKey);

impl Signer<Vec<u8>> for EdSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

impl JwtSigner for EdSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EdVerifier(VerifyingKey);

impl Verifier<Vec<u8>> for EdVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let signature = Signature::from_slice(signature).map_err(|_| SignatureError::new())?;
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for EdVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_signs_and_what_is_no_key_is_refused_without_being_quoted() {
        let (one, two) = ("11".repeat(32), "22".repeat(32));
        let keys = SigningKeys::parse(&format!("2026-11:{one}\n2026-10:{two}\n")).unwrap();
        assert_eq!((keys.kid.as_str(), keys.believed.len()), ("2026-11", 2));
        assert!(!format!("{keys:?}").contains("11111"));
        for wrong in [
            String::new(),
            one.clone(),
            format!(":{one}"),
            format!("../a:{one}"),
            format!("a:{one}\na:{two}"),
            format!("a:{}", &one[2..]),
            format!("a:{}zz", &one[2..]),
            format!("{}:{one}", "k".repeat(33)),
        ] {
            let refused = SigningKeys::parse(&wrong).unwrap_err().to_string();
            assert!(!refused.contains(&one[2..]), "{refused}");
        }
    }
}
