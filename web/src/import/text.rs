//! Bytes of a spreadsheet export → text: the encoding is found by looking, never asked for.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A decoded file.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The text, without a byte order mark, accents composed (`n` + `◌̃` → `ñ`).
    pub text: String,
    /// The encoding that it was read in, by its WHATWG name.
    pub encoding: &'static str,
}

/// Reads UTF-8 with or without a byte order mark, UTF-16 with one (Excel's "Unicode text") and
/// Windows-1252 (Excel's "CSV" in Chile). Never fails: every byte means something in Windows-1252.
pub fn decode(bytes: &[u8]) -> Decoded {
    let (encoding, rest): (&'static Encoding, &[u8]) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (UTF_8, rest),
        [0xFF, 0xFE, rest @ ..] => (UTF_16LE, rest),
        [0xFE, 0xFF, rest @ ..] => (UTF_16BE, rest),
        _ if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        _ => (WINDOWS_1252, bytes),
    };
    let (text, _) = encoding.decode_without_bom_handling(rest);
    Decoded { text: compose(&text), encoding: encoding.name() }
}

/// Joins the combining accents of Spanish with their letters, as macOS exports separate them.
fn compose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let joined = match c {
            '\u{301}' => out.chars().next_back().and_then(|l| pair(l, "aeiouAEIOU", "áéíóúÁÉÍÓÚ")),
            '\u{303}' => out.chars().next_back().and_then(|l| pair(l, "nN", "ñÑ")),
            '\u{308}' => out.chars().next_back().and_then(|l| pair(l, "uU", "üÜ")),
            _ => None,
        };
        if let Some(joined) = joined {
            out.pop();
            out.push(joined);
        } else {
            out.push(c);
        }
    }
    out
}

fn pair(letter: char, plain: &str, accented: &str) -> Option<char> {
    plain.chars().zip(accented.chars()).find(|(p, _)| *p == letter).map(|(_, a)| a)
}

/// Whether the text is UTF-8 that some program read as Windows-1252 and saved again (`PeÃ±a`), or
/// holds characters that were already lost (`Pe�a`, `Pe?a`).
pub fn is_mangled(text: &str) -> bool {
    let mut before = ' ';
    for c in text.chars() {
        if c == '\u{FFFD}'
            || (matches!(before, 'Ã' | 'Â') && !c.is_alphabetic() && !c.is_whitespace() && !c.is_ascii())
            || (before == 'Ã' && c == '\u{AD}')
        {
            return true;
        }
        before = c;
    }
    let letters: Vec<char> = text.chars().collect();
    letters.windows(3).any(|w| matches!(w, [a, '?', b] if a.is_alphabetic() && b.is_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_utf16_and_windows_1252_are_told_apart() {
        for (bytes, encoding) in [
            ("Muñoz".as_bytes().to_vec(), "UTF-8"),
            ([b"\xEF\xBB\xBF".as_slice(), "Muñoz".as_bytes()].concat(), "UTF-8"),
            (b"Mu\xF1oz".to_vec(), "windows-1252"),
            (b"\xFF\xFEM\0u\0\xF1\0o\0z\0".to_vec(), "UTF-16LE"),
            ("Mun\u{303}oz".as_bytes().to_vec(), "UTF-8"),
        ] {
            assert_eq!(decode(&bytes), Decoded { text: "Muñoz".into(), encoding });
        }
    }

    #[test]
    fn mangled_text_is_noticed_and_honest_text_is_not() {
        for bad in ["PeÃ±a", "GarcÃ\u{AD}a", "Pe\u{FFFD}a", "Mu?oz"] {
            assert!(is_mangled(bad), "{bad}");
        }
        for good in ["Peña", "JOÃO", "O'Higgins", "Ana?", "Müller"] {
            assert!(!is_mangled(good), "{good}");
        }
    }
}
