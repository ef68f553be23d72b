//! The version that a kiosk says its program has: text of a device, kept in clear, and so bounded to
//! what a version can look like. Whoever types a person's number or address there writes nothing.

/// Longest version, in characters.
const MAX_LENGTH: usize = 32;
/// Most digits: fewer than a RUN or a phone number has, with or without its check digit.
const MAX_DIGITS: usize = 6;

/// The text if it can be a version: at most 32 of `A-Z a-z 0-9 . _ + -`, beginning with a digit or with
/// `v` and a digit, with at most six digits in all. Anything else is none, never an error: a scan is not
/// refused because of it.
pub fn app_version(text: &str) -> Option<&str> {
    let of_a_version = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let number = text.strip_prefix('v').unwrap_or(text);
    let is_one = text.len() <= MAX_LENGTH
        && text.chars().all(of_a_version)
        && number.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().filter(char::is_ascii_digit).count() <= MAX_DIGITS;
    is_one.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_are_kept_as_they_are() {
        let long = format!("1.{}", "a".repeat(30));
        for version in ["1.0", "v2.14.0", "0.1.0-rc.1+build_7", "2026.11", "1", &long] {
            assert_eq!(app_version(version), Some(version));
        }
    }

    #[test]
    fn what_is_not_a_version_and_what_could_be_a_persons_is_dropped() {
        let long = format!("1.{}", "a".repeat(31));
        for text in [
            "",
            "v",
            "María",
            "Xilvendra",
            "v.1",
            "1.0 beta",
            "1.0\0",
            "1,0",
            "1.0/2",
            "ana@correo.cl",
            "１.0",
            &long,
            "12.345.678-5",
            "12345678",
            "1.000.000",
            "v12345678-5",
            "1.0+961427000",
            "+56961427000",
            "961427000",
        ] {
            assert_eq!(app_version(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_short_plain_ascii_comes_through(text in "\\PC{0,40}") {
            if let Some(kept) = app_version(&text) {
                prop_assert!(kept == text && kept.len() <= 32 && kept.is_ascii());
            }
        }
    }
}
