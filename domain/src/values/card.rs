//! What a card says: the text that a reader types.
//!
//! A QR holds the credential's id in upper-case Base32 (RFC 4648 section 6) without padding: digits and
//! capital letters are all that survive a keyboard-wedge reader on any keyboard layout. An NFC tag
//! reads as `NFC:` and its UID in upper-case hexadecimal. Neither ever holds a RUN or a name.

use crate::ids::CredentialId;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of a QR's text: 128 bits at 5 bits each.
pub const QR_CHARS: usize = 26;

/// Why a text is no credential id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CardError {
    /// Not [`QR_CHARS`] characters.
    #[error("a card's text has 26 characters")]
    Length,
    /// A character outside of Base32.
    #[error("a card's text holds A to Z and 2 to 7 only")]
    Character,
    /// The last character carries bits beyond the id, so another text means the same id.
    #[error("a card's text ends in an unused bit that is set")]
    NotCanonical,
    /// An NFC UID has 4 to 10 bytes (ISO/IEC 14443-3: 4, 7 or 10).
    #[error("an NFC UID has 4 to 10 bytes")]
    Uid,
}

/// The text of a printed QR.
pub fn encode(id: CredentialId) -> String {
    let bits = id.0.as_u128();
    (0..QR_CHARS)
        .map(|i| {
            // 26 characters hold 130 bits: the last two are zero.
            let value = match 123_usize.checked_sub(5 * i) {
                Some(shift) => bits >> shift,
                None => bits << 2,
            };
            char::from(ALPHABET[(value & 31) as usize])
        })
        .collect()
}

/// The credential id in a QR's text, trimmed and in either case.
pub fn decode(text: &str) -> Result<CredentialId, CardError> {
    let text = normalise(text);
    if text.chars().count() != QR_CHARS {
        return Err(CardError::Length);
    }
    let mut bits: u128 = 0;
    for (i, byte) in text.bytes().enumerate() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return Err(CardError::Character),
        };
        if i < QR_CHARS - 1 {
            bits = bits << 5 | u128::from(value);
        } else if value & 0b11 == 0 {
            bits = bits << 3 | u128::from(value >> 2);
        } else {
            return Err(CardError::NotCanonical);
        }
    }
    Ok(CredentialId(Uuid::from_u128(bits)))
}

/// The text of an NFC tag by its UID, in the byte order that the reader gives.
pub fn nfc(uid: &[u8]) -> Result<String, CardError> {
    use std::fmt::Write;
    if !(4..=10).contains(&uid.len()) {
        return Err(CardError::Uid);
    }
    let mut text = String::from("NFC:");
    for byte in uid {
        write!(text, "{byte:02X}").expect("writing to a string cannot fail");
    }
    Ok(text)
}

/// The form in which any card's text is looked up: trimmed, ASCII letters in upper case.
pub fn normalise(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
