//! One cell → one value, undoing what spreadsheet programs do to numbers, and refusing to guess.

use super::text::is_mangled;
use commands::use_cases::fold;
use commands::use_cases::import_roster::ProblemKind;
use domain::values::mail::Mail;
use domain::values::name::{self, NameError};
use domain::values::national_id::NationalId;
use domain::values::phone::{Phone, PhoneError};

/// What stands in a cell once the spreadsheet's own marks are gone: outer spaces, no-break spaces, a
/// leading apostrophe (`'12345678-5`), a formula around a text (`="12345678-5"`).
pub fn clean(cell: &str) -> String {
    let text: String = cell.chars().map(|c| if c.is_whitespace() || c == '\u{A0}' { ' ' } else { c }).collect();
    let text = text.trim().trim_start_matches(['\'', '’', '\u{200B}', '\u{FEFF}']);
    let text = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    text.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Nothing, in the ways in which people write it.
fn is_nothing(text: &str) -> bool {
    let folded = fold(text);
    // `#N/A`, `#REF!`: a formula that failed, where there should be a value.
    !text.starts_with('#')
        && matches!(
            folded.as_str(),
            "" | "s r"
                | "s rut"
                | "s run"
                | "sin rut"
                | "sin run"
                | "no tiene"
                | "n a"
                | "na"
                | "sin informacion"
                | "s i"
                | "no"
                | "0"
                | "sin correo"
                | "sin telefono"
                | "sin mail"
                | "no aplica"
                | "none"
                | "null"
                | "ninguno"
        )
}

/// Reads a RUN (or IPE) from its cell and, where there is one, the check digit's own cell.
/// `Ok(None)`: empty.
pub fn run(cell: &str, check_digit: Option<&str>) -> Result<Option<NationalId>, ProblemKind> {
    let text = clean(cell).to_uppercase().replace(['–', '—', '‑', '‐', '−', '_'], "-");
    if is_nothing(&text) {
        return Ok(None);
    }
    if is_scientific(&text) {
        return Err(ProblemKind::RunScientific);
    }
    let text = without_decimals(&text);
    // Thousands separators of either country, and spaces.
    let text: String = text.chars().filter(|c| !matches!(c, '.' | ',' | ' ' | '\'' | '’')).collect();
    let (body, own) = match text.split_once('-') {
        Some((body, dv)) => (body, Some(dv)),
        None => (text.as_str(), None),
    };
    let ends_in_k = own.is_none() && body.strip_suffix('K').is_some_and(digits);
    if !digits(body) && !ends_in_k {
        return Err(ProblemKind::RunUnreadable);
    }
    if own.is_some_and(|dv| !(dv.len() == 1 && dv.chars().all(|c| c.is_ascii_digit() || c == 'K'))) {
        return Err(if own == Some("") { ProblemKind::RunWithoutCheckDigit } else { ProblemKind::RunUnreadable });
    }
    let column =
        check_digit.map(|dv| without_decimals(&clean(dv).to_uppercase()).to_owned()).filter(|dv| !dv.is_empty());
    let body = body.trim_start_matches('0');
    let whole = match (own, column) {
        (Some(own), Some(column)) if own != column => return Err(ProblemKind::RunTwoCheckDigits),
        (Some(dv), _) => format!("{body}-{dv}"),
        (None, Some(dv)) if !body.ends_with('K') => {
            // `123456785` with `5` in the next column: the check digit stands in both.
            match parse(&format!("{body}-{dv}")) {
                Ok(id) => return Ok(Some(id)),
                Err(_) if body.ends_with(&dv) && body.len() >= 8 => glued(body)?,
                Err(e) => return Err(e),
            }
        }
        (None, _) => glued(body)?,
    };
    parse(&whole).map(Some)
}

/// A RUN without its dash. Eight digits that begin with 1 or 2 are far more likely a RUN of today
/// that lost its check digit than one of a person of ninety, so they are refused: one in eleven
/// would pass the check by chance and be another person's.
fn glued(body: &str) -> Result<String, ProblemKind> {
    if body.len() < 8 || (body.len() == 8 && body.starts_with(['1', '2'])) && !body.ends_with('K') {
        return Err(ProblemKind::RunWithoutCheckDigit);
    }
    let mut body = body.chars();
    let dv = body.next_back().map(String::from).unwrap_or_default();
    Ok(format!("{}-{dv}", body.as_str()))
}

fn parse(whole: &str) -> Result<NationalId, ProblemKind> {
    let body = whole.split('-').next().unwrap_or_default();
    if !(6..=9).contains(&body.len()) {
        return Err(ProblemKind::RunUnreadable);
    }
    NationalId::parse(whole).map_err(|_| ProblemKind::RunCheckDigit)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// `1,2E+07`, `2.1345678E+7`.
fn is_scientific(text: &str) -> bool {
    text.split_once('E').is_some_and(|(mantissa, exponent)| {
        mantissa.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' '))
            && mantissa.starts_with(|c: char| c.is_ascii_digit())
            && digits(exponent.trim_start_matches(['+', '-']))
    })
}

/// `123456785,0` → `123456785`: a number cell that was formatted with decimals.
fn without_decimals(text: &str) -> &str {
    match text.rsplit_once(['.', ',']) {
        Some((whole, "0" | "00")) => whole,
        _ => text,
    }
}

/// A person's name: spaces and case put right (all capitals become capitals at the beginning of
/// words), never shortened. `Ok("")`: empty.
pub fn name(cell: &str) -> Result<String, ProblemKind> {
    let text = clean(cell);
    if matches!(fold(&text).as_str(), "" | "n a" | "sin informacion") {
        return Ok(String::new());
    }
    if is_mangled(&text) {
        return Err(ProblemKind::TextMangled);
    }
    let text = name::clean(&text).map_err(|error| match error {
        NameError::TooLong => ProblemKind::TextTooLong,
        NameError::Empty | NameError::Unprintable => ProblemKind::NameUnreadable,
    })?;
    if text.chars().any(|c| c.is_numeric() || matches!(c, '@' | ';' | '=' | '<' | '>' | '|')) {
        return Err(ProblemKind::NameUnreadable);
    }
    Ok(if text.chars().any(char::is_lowercase) && text.chars().any(char::is_uppercase) { text } else { titled(&text) })
}

fn titled(text: &str) -> String {
    let words = text.split(' ').enumerate().map(|(i, word)| {
        let lower = word.to_lowercase();
        if i > 0 && PARTICLES.contains(&lower.as_str()) {
            return lower;
        }
        let mut out = String::new();
        let mut starts = true;
        for c in lower.chars() {
            if starts {
                out.extend(c.to_uppercase());
            } else {
                out.push(c);
            }
            starts = matches!(c, '-' | '\'' | '’');
        }
        out
    });
    words.collect::<Vec<_>>().join(" ")
}

const PARTICLES: [&str; 10] = ["de", "del", "la", "las", "los", "y", "von", "van", "da", "dos"];

/// Given and family names out of one cell. With a comma: `Pérez Soto, Juan`. Without one, two family
/// names are taken from the end (or, `family_first`, from the beginning), one if there are only two
/// words; `de la`, `del`, `San` and the like stay with the word that follows them.
pub fn split_name(whole: &str, family_first: bool) -> Result<(String, String), ProblemKind> {
    if let Some((family, given)) = whole.split_once(',') {
        let (family, given) = (family.trim(), given.trim());
        return if family.is_empty() || given.is_empty() {
            Err(ProblemKind::NameIncomplete)
        } else {
            Ok((given.to_owned(), family.to_owned()))
        };
    }
    let mut units: Vec<String> = Vec::new();
    let mut open = false;
    for word in whole.split(' ') {
        match units.last_mut() {
            Some(last) if open => {
                last.push(' ');
                last.push_str(word);
            }
            _ => units.push(word.to_owned()),
        }
        let folded = fold(word);
        open = PARTICLES.contains(&folded.as_str()) && folded != "y" || matches!(folded.as_str(), "san" | "santa");
    }
    let families = match units.len() {
        0 | 1 => return Err(ProblemKind::NameIncomplete),
        2 => 1,
        _ => 2,
    };
    let at = if family_first { families } else { units.len().saturating_sub(families) };
    let (first, second) = units.split_at(at);
    let (first, second) = (first.join(" "), second.join(" "));
    Ok(if family_first { (second, first) } else { (first, second) })
}

/// A phone. Of several in one cell the first is taken. `Ok(None)`: empty.
pub fn phone(cell: &str) -> Result<Option<Phone>, ProblemKind> {
    let text = clean(cell);
    if is_nothing(&text) {
        return Ok(None);
    }
    let first = text.split(['/', ';']).next().unwrap_or_default();
    Phone::parse(first).map(Some).map_err(|error| match error {
        PhoneError::EightDigits => ProblemKind::PhoneEightDigits,
        _ => ProblemKind::PhoneUnreadable,
    })
}

/// A mail address in lower case. Checked for its shape only. `Ok(None)`: empty.
pub fn mail(cell: &str) -> Result<Option<Mail>, ProblemKind> {
    let text = clean(cell).to_lowercase();
    if is_nothing(&text) {
        return Ok(None);
    }
    Mail::parse(text.trim_start_matches("mailto:")).map(Some).map_err(|_| ProblemKind::MailUnreadable)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(cell: &str, dv: Option<&str>) -> Result<Option<String>, ProblemKind> {
        run(cell, dv).map(|id| id.map(|id| id.normal()))
    }

    #[test]
    fn a_run_is_read_in_every_form_in_which_it_is_written() {
        for (cell, dv) in [
            ("12.345.678-5", None),
            ("12345678-5", None),
            (" 12345678 - 5 ", None),
            ("123456785", None),
            ("'12345678-5", None),
            ("=\"12345678-5\"", None),
            ("12,345,678-5", None),
            ("12 345 678-5", None),
            ("12.345.678–5", None),
            ("123456785,0", None),
            ("123456785.00", None),
            ("123.456.785", None),
            ("012345678-5", None),
            ("12345678", Some("5")),
            ("12345678,0", Some("5,0")),
            ("12.345.678", Some("5")),
            ("12345678-5", Some("5")),
            ("123456785", Some("5")),
        ] {
            assert_eq!(read(cell, dv), Ok(Some("12345678-5".into())), "{cell} {dv:?}");
        }
        for (cell, dv) in [("10.000.013-k", None), ("10000013K", None), ("10000013", Some("k"))] {
            assert_eq!(read(cell, dv), Ok(Some("10000013-K".into())), "{cell}");
        }
        // A leading zero that the spreadsheet dropped, and one that it kept.
        assert_eq!(read("07.654.321-6", None), read("7654321-6", None));
        // An IPE.
        assert_eq!(read("100.000.000-7", None), Ok(Some("100000000-7".into())));
    }

    #[test]
    fn a_run_that_cannot_be_known_is_refused_with_its_reason() {
        use ProblemKind::*;
        for (cell, dv, why) in [
            ("1,2E+07", None, RunScientific),
            ("1.2345678E+7", None, RunScientific),
            ("2E+08", None, RunScientific),
            ("12345678,0", None, RunWithoutCheckDigit),
            ("12.345.678", None, RunWithoutCheckDigit),
            ("21345678", None, RunWithoutCheckDigit),
            ("12345678-", None, RunWithoutCheckDigit),
            ("12.345.678-6", None, RunCheckDigit),
            ("123456786", None, RunCheckDigit),
            ("12345678", Some("6"), RunCheckDigit),
            ("12345678-5", Some("6"), RunTwoCheckDigits),
            ("AB123456", None, RunUnreadable),
            ("12345678-55", None, RunUnreadable),
            ("#N/A", None, RunUnreadable),
            ("12-5", None, RunUnreadable),
        ] {
            assert_eq!(read(cell, dv), Err(why), "{cell} {dv:?}");
        }
        for cell in ["", "  ", "-", "S/RUT", "sin run"] {
            assert_eq!(read(cell, None), Ok(None), "{cell}");
        }
    }

    #[test]
    fn names_keep_their_letters_and_capitals_are_calmed() {
        assert_eq!(name("  JUAN   ANDRÉS "), Ok("Juan Andrés".into()));
        assert_eq!(name("MARÍA DE LOS ÁNGELES O'HIGGINS-ÑÁÑEZ"), Ok("María de los Ángeles O'Higgins-Ñáñez".into()));
        assert_eq!(name("Ana McDonald"), Ok("Ana McDonald".into()));
        assert_eq!(name("PeÃ±a"), Err(ProblemKind::TextMangled));
        assert_eq!(name("Juan 2"), Err(ProblemKind::NameUnreadable));
        assert_eq!(name("Ju\0an"), Err(ProblemKind::NameUnreadable));
    }

    #[test]
    fn one_cell_is_split_into_given_and_family_names() {
        let split = |whole: &str, first| split_name(whole, first).unwrap();
        assert_eq!(split("Juan Carlos Pérez Soto", false), ("Juan Carlos".into(), "Pérez Soto".into()));
        assert_eq!(split("Pérez Soto Juan Carlos", true), ("Juan Carlos".into(), "Pérez Soto".into()));
        assert_eq!(split("Pérez Soto, Juan", false), ("Juan".into(), "Pérez Soto".into()));
        assert_eq!(split("Ana Pérez", false), ("Ana".into(), "Pérez".into()));
        assert_eq!(split("Ana de la Fuente San Martín", false), ("Ana".into(), "de la Fuente San Martín".into()));
        assert_eq!(split_name("Ana", false), Err(ProblemKind::NameIncomplete));
    }

    #[test]
    fn phones_and_mails_are_read_or_refused() {
        let p = |cell: &str| phone(cell).map(|p| p.map(|p| p.e164().to_owned()));
        for cell in
            ["912345678", "9 1234 5678", "+56 9 1234 5678", "56912345678", "912345678,0", "+56912345678 / 922222222"]
        {
            assert_eq!(p(cell), Ok(Some("+56912345678".into())), "{cell}");
        }
        assert_eq!(p("12345678"), Err(ProblemKind::PhoneEightDigits));
        assert_eq!(p("9,12E+08"), Err(ProblemKind::PhoneUnreadable));
        assert_eq!(p("llamar al abuelo"), Err(ProblemKind::PhoneUnreadable));
        assert_eq!(p("-"), Ok(None));
        assert_eq!(mail(" Ana.Perez@Example.CL ").unwrap().unwrap().as_str(), "ana.perez@example.cl");
        assert_eq!(mail("sin correo"), Ok(None));
        assert_eq!(mail("ana.perez.example.cl"), Err(ProblemKind::MailUnreadable));
    }
}
