//! Names of people, schools, courses and gates.

/// The longest name kept, in characters.
pub const MAX_CHARS: usize = 100;

/// Why a text cannot be a name. Never quotes the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing but spaces.
    #[error("empty")]
    Empty,
    /// More characters than allowed.
    #[error("too long")]
    TooLong,
    /// NUL or another control character, a character that reorders text, or the replacement
    /// character that a wrong decoding leaves behind.
    #[error("holds a character that cannot be printed")]
    Unprintable,
}

/// Trims, and makes one space of any run of white space. At most [`MAX_CHARS`] characters.
pub fn clean(text: &str) -> Result<String, NameError> {
    clean_up_to(text, MAX_CHARS)
}

/// As [`clean`], with a limit of its own.
pub fn clean_up_to(text: &str, max_chars: usize) -> Result<String, NameError> {
    // A tab or line break inside a spreadsheet cell is white space; other controls are not.
    let unprintable = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || invisible(c);
    if text.chars().any(unprintable) {
        return Err(NameError::Unprintable);
    }
    let most = max_chars.saturating_mul(4);
    let mut name = String::with_capacity(text.len().min(most));
    for word in text.split_whitespace() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
        if name.len() > most {
            return Err(NameError::TooLong);
        }
    }
    if name.is_empty() {
        Err(NameError::Empty)
    } else if name.chars().count() > max_chars {
        Err(NameError::TooLong)
    } else {
        Ok(name)
    }
}

/// Zero-width and direction-changing characters, the byte order mark and the replacement character.
fn invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFD}')
}

#[cfg(test)]
mod tests;
