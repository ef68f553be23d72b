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
/// The place of the last.
const LAST: usize = QR_CHARS - 1;

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
    // Five bits at a time, the highest first; 26 characters hold 130 bits: the last two are zero.
    let rests = std::iter::successors(Some(id.0.as_u128()), |rest| Some(rest << 5)).take(QR_CHARS);
    rests.filter_map(|rest| ALPHABET.get((rest >> 123) as usize)).map(|letter| char::from(*letter)).collect()
}

/// The credential id in a QR's text, trimmed and in either case.
pub fn decode(text: &str) -> Result<CredentialId, CardError> {
    let text = normalise(text);
    if text.chars().count() != QR_CHARS {
        return Err(CardError::Length);
    }
    let mut bits: u128 = 0;
    for (i, byte) in text.bytes().enumerate() {
        let letter = (0_u128..).zip(ALPHABET).find(|(_, letter)| **letter == byte);
        let (value, _) = letter.ok_or(CardError::Character)?;
        if i < LAST {
            bits = bits << 5 | value;
        } else if value & 0b11 == 0 {
            bits = bits << 3 | value >> 2;
        } else {
            return Err(CardError::NotCanonical);
        }
    }
    Ok(CredentialId(Uuid::from_u128(bits)))
}

/// The text of an NFC tag by its UID, in the byte order that the reader gives.
pub fn nfc(uid: &[u8]) -> Result<String, CardError> {
    if !(4..=10).contains(&uid.len()) {
        return Err(CardError::Uid);
    }
    Ok(uid.iter().fold(String::from("NFC:"), |text, byte| text + &format!("{byte:02X}")))
}

/// The form in which any card's text is looked up: trimmed, ASCII letters in upper case.
pub fn normalise(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
