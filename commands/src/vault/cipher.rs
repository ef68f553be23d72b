//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce in front of the ciphertext.

use super::VaultError;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

const NONCE: usize = 24;

/// nonce ‖ ciphertext ‖ tag.
pub(super) fn seal(key: &[u8; 32], plain: &[u8], aad: &str) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0u8; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| VaultError::Random)?;
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: aad.as_bytes() })
        .map_err(|_| VaultError::Malformed)?; // only a text of more than 256 GiB
    Ok([&nonce[..], &sealed].concat())
}

/// The plain bytes, if key, associated data and every bit are those it was sealed with.
pub(super) fn open(key: &[u8; 32], sealed: &[u8], aad: &str) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE>()?;
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: aad.as_bytes() }).ok()
}
