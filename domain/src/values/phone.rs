//! Phone numbers in E.164.
//!
//! Chile: nine national digits; mobiles begin with 9, landlines with 2 to 7. An old mobile of eight
//! digits is never completed by guessing: a wrong guess tells a stranger where a child is.

use std::fmt;

/// Why a text is no phone number. Never quotes the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was written.
    #[error("empty")]
    Empty,
    /// A spreadsheet turned it into a rounded number; digits are lost.
    #[error("a spreadsheet has rounded it to scientific notation; digits are lost")]
    Scientific,
    /// More than one number, or an extension.
    #[error("holds more than one number")]
    Several,
    /// A character that no phone number has.
    #[error("holds a character that does not belong to a phone number")]
    Character,
    /// Eight national digits: an old mobile without its 9, or a landline without its area. Ask.
    #[error("eight digits: an old mobile or a landline without its area; ask for the full number")]
    EightDigits,
    /// `+` and nine digits from 9 on: a Chilean mobile without its 56, or a foreign number. Ask.
    #[error("+ without a country code, it seems; ask for the full number")]
    Ambiguous,
    /// Fewer than eight digits.
    #[error("too few digits")]
    TooShort,
    /// More than a number can have, or a foreign number without `+`.
    #[error("too many digits; a foreign number needs + and its country code")]
    TooLong,
    /// Nine digits that no person's phone in Chile has.
    #[error("no such number in Chile")]
    NotInChile,
}

/// A phone number, checked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people and spreadsheets write it: `912345678`, `9 1234 5678`,
    /// `56912345678`, `+56 9 1234 5678`, `09 1234 5678`, `(2) 2345 6789`, `0056…`, `912345678.0`;
    /// foreign numbers with `+` or `00`.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        // Copied out of a chat or a contact, a number comes wrapped in marks of direction.
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_mark(c));
        let text = text.trim_start_matches(['=', '\'']).trim().trim_matches('"').trim();
        if text.is_empty() {
            return Err(PhoneError::Empty);
        }
        if is_scientific(text) {
            return Err(PhoneError::Scientific);
        }
        let text = [".0", ",0"]
            .iter()
            .find_map(|zeros| text.strip_suffix(zeros))
            .filter(|whole| whole.bytes().all(|b| b.is_ascii_digit()))
            .unwrap_or(text);
        let (plus, digits) = digits(text)?;
        let full = match (plus, digits.strip_prefix("00")) {
            (true, _) => digits,
            (false, Some(after)) => after.to_owned(),
            (false, None) => return Self::without_prefix(&digits),
        };
        match full.strip_prefix("56") {
            Some(national) => Self::national(national),
            // Nine digits from 9 on look like a mobile of ours whose 56 was forgotten, and may be a
            // foreigner's.
            None if full.len() == 9 && full.starts_with('9') => Err(PhoneError::Ambiguous),
            // ITU-T E.164: at most fifteen digits, no country code begins with 0.
            None if full.len() < 8 => Err(PhoneError::TooShort),
            None if full.len() > 15 || full.starts_with('0') => Err(PhoneError::TooLong),
            None => Ok(Self(format!("+{full}"))),
        }
    }

    /// The stored form, `+56912345678`.
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// The form that people read: `+56 9 1234 5678`; foreign numbers as they are stored.
    pub fn display(&self) -> String {
        let parts = |n: &str| Some(format!("+56 {} {} {}", n.get(..1)?, n.get(1..5)?, n.get(5..)?));
        let national = self.0.strip_prefix("+56").filter(|n| n.len() == 9);
        national.and_then(parts).unwrap_or_else(|| self.0.clone())
    }

    /// A number with no `+` and no `00`: national, or with Chile's country code.
    fn without_prefix(digits: &str) -> Result<Self, PhoneError> {
        match digits.strip_prefix("56") {
            Some(national) if digits.len() >= 10 => Self::national(national),
            Some(_) | None => Self::national(digits),
        }
    }

    /// National digits, with or without the trunk 0.
    fn national(digits: &str) -> Result<Self, PhoneError> {
        let national = digits.strip_prefix('0').unwrap_or(digits);
        match (national.len(), national.bytes().next()) {
            (0..=7, _) => Err(PhoneError::TooShort),
            (8, _) => Err(PhoneError::EightDigits),
            (9, Some(b'2'..=b'7' | b'9')) => Ok(Self(format!("+56{national}"))),
            (9, _) => Err(PhoneError::NotInChile),
            (10.., _) => Err(PhoneError::TooLong),
        }
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

fn is_scientific(text: &str) -> bool {
    text.contains(['e', 'E'])
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '+' | '-' | '.' | ','))
}

/// An invisible mark of direction, or a word joiner.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{202A}' | '\u{202C}' | '\u{2060}')
}

/// Whether it begins with `+`, and its digits.
fn digits(text: &str) -> Result<(bool, String), PhoneError> {
    let (international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut digits = String::with_capacity(15);
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            '/' | ';' | ',' | '+' | '|' => return Err(PhoneError::Several),
            c if c.is_whitespace() || is_mark(c) => {}
            _ => return Err(PhoneError::Character),
        }
    }
    if digits.len() >= 18 { Err(PhoneError::Several) } else { Ok((international, digits)) }
}

#[cfg(test)]
mod tests;
