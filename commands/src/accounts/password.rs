//! What may be chosen as a password: long, and not what somebody would try first. No rules of composition,
//! no expiry (NIST SP 800-63B-4, section 3.1.1).

use super::hashing::normal;
use crate::use_cases::fold;
use std::collections::BTreeSet;

/// It is the only factor of most, so fifteen; with a second factor eight would do.
const SHORTEST: usize = 15;
/// More is refused and never cut.
const LONGEST: usize = 128;
/// The logarithm of how many guesses it must last, by the lists of the thirty thousand most frequent passwords of what
/// leaked, of names, words and rows of keys that zxcvbn brings: what its authors call safely unguessable.
const GUESSES_LOG10: f64 = 10.0;
/// How much must be left that is not a listed word, a year, or a run of keys.
const OWN: usize = 8;

const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password must not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Fewer than fifteen characters.
    #[error("too short")]
    TooShort,
    /// More than 128 characters.
    #[error("too long")]
    TooLong,
    /// Little but common words, the school's, product's or person's names, years and runs.
    #[error("too easy to guess")]
    Guessable,
}

impl Unfit {
    /// The stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::Guessable => "password_guessable",
        }
    }
}

/// Whether somebody to whom `context` belongs (names, address, schools) may choose this password.
pub(super) fn check(password: &str, context: &[String]) -> Result<(), Unfit> {
    let normal = normal(password);
    match normal.chars().count() {
        n if n < SHORTEST => return Err(Unfit::TooShort),
        n if n > LONGEST => return Err(Unfit::TooLong),
        _ => {}
    }
    let folded: String = fold(&normal).chars().filter(|c| *c != ' ').collect();
    // Signs alone, or of an alphabet that has no case: nothing is listed of them.
    let text = if folded.is_empty() { normal.to_string() } else { folded };
    let own = without_runs(&without_words(&text, context));
    let different: BTreeSet<char> = text.chars().collect();
    let enough = own.chars().count() >= OWN || normal.chars().filter(|c| !c.is_alphanumeric()).count() >= SHORTEST;
    if enough && different.len() >= 5 && !repeats(&text) && lasts(&normal, context) && lasts(&text, context) {
        Ok(())
    } else {
        Err(Unfit::Guessable)
    }
}

fn lasts(password: &str, context: &[String]) -> bool {
    let words: Vec<&str> = context.iter().flat_map(|words| words.split_whitespace()).collect();
    zxcvbn::zxcvbn(password, &words).guesses_log10() >= GUESSES_LOG10
}

fn without_words(text: &str, context: &[String]) -> String {
    let folded = context.iter().map(|words| fold(words));
    let own: BTreeSet<String> =
        folded.flat_map(|w| w.split(' ').map(str::to_owned).chain([w.replace(' ', "")]).collect::<Vec<_>>()).collect();
    let listed = COMMON.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
    let mut words: Vec<String> = own.into_iter().chain(listed).filter(|word| word.chars().count() >= 4).collect();
    // A longer one may hold a shorter one.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    // A mark in each place: what stood apart does not become a word.
    words.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), "\u{0}"))
}

/// Without years, and without three or more keys that count up, count down or repeat.
fn without_runs(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let step = |i: usize| {
        i32::try_from(u32::from(chars[i + 1])).unwrap_or(0) - i32::try_from(u32::from(chars[i])).unwrap_or(0)
    };
    let (mut own, mut i) = (String::new(), 0);
    while i < chars.len() {
        let mut end = i + 1;
        if end < chars.len() && step(i).abs() <= 1 {
            while end < chars.len() && step(end - 1) == step(i) {
                end += 1;
            }
        }
        let year = chars[i..].iter().take(4).collect::<String>();
        let is_year =
            year.len() == 4 && (year.starts_with("19") || year.starts_with("20")) && year.parse::<u16>().is_ok();
        if is_year {
            i += 4;
        } else if end - i >= 3 {
            i = end;
        } else {
            own.extend(Some(chars[i]).filter(|c| *c != '\u{0}'));
            i += 1;
        }
    }
    own
}

/// Whether it is one piece again and again.
fn repeats(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=chars.len() / 2).any(|period| chars.iter().skip(period).eq(chars.iter().take(chars.len() - period)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(password: &str) -> Result<(), Unfit> {
        let context = ["Liceo Bicentenario Los Aromos", "Úrsula Ñancupil", "unancupil@losaromos.cl"].map(str::to_owned);
        check(password, &context)
    }

    #[test]
    fn a34_a36_fifteen_to_128_characters_and_no_other_rule_of_composition() {
        assert_eq!(asked("tren verde luna").map_err(|e| e.code()), Ok(()));
        assert_eq!(asked("tren verde lun"), Err(Unfit::TooShort));
        let signs: Vec<char> = ('!'..='~').chain('¡'..='ÿ').take(128).collect();
        let long: String = (0..128).map(|n| signs[n * 53 % 128]).collect();
        assert_eq!(asked(&long), Ok(()));
        assert_eq!(asked(&format!("{long}x")), Err(Unfit::TooLong));
        // Characters, not bytes, and after composing them.
        assert_eq!(asked(&"n\u{303}".repeat(14)), Err(Unfit::TooShort));
        assert_eq!(asked("caballo correcto bateria grapa"), Ok(()));
        assert_eq!(asked("84729105736284910573"), Ok(()));
        assert_eq!(asked("пароль из пяти слов"), Ok(()));
        assert_eq!(asked("  spaces are bytes too  "), Ok(()));
    }

    #[test]
    fn a35_what_somebody_would_try_first_is_refused() {
        for guessable in [
            "colegio2026colegio",
            "Colegio2026!!!!",
            "Contraseña123456",
            "contrasenaSegura2026",
            "passwordpassword",
            "123456789012345",
            "qwertyuiopasdfghjkl",
            "aaaaaaaaaaaaaaaaaaa",
            "ababababababababab",
            "xkcdxkcdxkcdxkcd",
            "LosAromos-2026-LosAromos",
            "Bicentenario Los Aromos 7",
            "Úrsula.Ñancupil.1984",
            "unancupil@losaromos.cl",
            "Attendance-Admin-2026",
            "Inspectoria#Liceo#2026",
            // Of the lists of what leaked, and what is put around it.
            "dragonmonkey2019",
            "letmein12345678!",
            "trustno1trustno2",
            "juanperez19851985",
            "1q2w3e4r5t6y7u8i",
            "zxcvbnmasdfghjkl",
        ] {
            assert_eq!(asked(guessable), Err(Unfit::Guessable), "{guessable}");
        }
    }
}
