//! Identifiers of persons: Chile's RUN, the provisional IPE of foreign pupils, passports, others.
//!
//! Check digit: module 11, weights 2 to 7 from the right, again and again; 11 is written `0`, 10 `K`.
//! A RUN is never an id in this program: it can be corrected, and must be erasable.

use std::fmt;

/// From this number on it is an IPE (identificador provisorio escolar): nine digits, same check digit.
const FIRST_IPE: u32 = 100_000_000;
/// Below this nobody alive has a RUN; it is a row number, an age or an RBD in the wrong column.
const LOWEST_RUN: u32 = 100_000;

/// Which register gave the identifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Chile's number of every resident (rol único nacional).
    Run,
    /// Provisional number of a foreign pupil without RUN.
    Ipe,
    /// A passport.
    Passport,
    /// Another identifier of a foreign state.
    Other,
}

/// A country by its ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Chile.
    pub const CHILE: Self = Self(*b"CL");

    /// Reads two letters in either case.
    pub fn parse(text: &str) -> Result<Self, NationalIdError> {
        match text.trim().to_ascii_uppercase().as_bytes() {
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok(Self([*a, *b])),
            _ => Err(NationalIdError::Country),
        }
    }
    /// Two capital letters.
    pub fn as_str(&self) -> &str {
        // Always text: it is built from ASCII letters only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no identifier. Never quotes the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum NationalIdError {
    /// Nothing was written.
    #[error("empty")]
    Empty,
    /// A spreadsheet turned it into a rounded number (`1.23457E+08`): digits are lost, it must be
    /// taken again from the source.
    #[error("a spreadsheet has rounded it to scientific notation; digits are lost")]
    Scientific,
    /// A character that no RUN has.
    #[error("holds a character that does not belong to a RUN")]
    Character,
    /// `K` somewhere else than at the end.
    #[error("K is possible as the check digit only")]
    MisplacedK,
    /// The check digit stands alone or the number is too small to be a person's.
    #[error("too few digits")]
    TooShort,
    /// More than nine digits and a check digit.
    #[error("too many digits")]
    TooLong,
    /// The check digit does not fit the number.
    #[error("the check digit does not fit the number")]
    CheckDigit,
    /// Not two letters.
    #[error("not a country code")]
    Country,
    /// A passport or other document that is not 3 to 20 letters, digits and hyphens.
    #[error("a document number has 3 to 20 letters, digits and hyphens")]
    Document,
}

/// A person's identifier, checked, in one form only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NationalId {
    country: Country,
    kind: Kind,
    /// `12345678-5` for Chile's numbers, the bare document number otherwise.
    value: String,
}

impl NationalId {
    /// Reads a RUN or an IPE as people and spreadsheets write them (`12.345.678-5`, `12345678-5`,
    /// `123456785`, `RUN 12.345.678-5`, `12,345,678-5`, `="12345678-5"`, `'12345678-5`, `123456785.0`,
    /// lower-case `k`, any hyphen, leading zeros), or any normal form of this type.
    ///
    /// The check digit is always required. A number without it is refused in ten cases of eleven: in
    /// the eleventh its last digit happens to fit, and nothing in the text tells.
    pub fn parse(text: &str) -> Result<Self, NationalIdError> {
        match text.trim().split_once(':') {
            Some(("PASSPORT", rest)) => Self::document(Kind::Passport, rest),
            Some(("OTHER", rest)) => Self::document(Kind::Other, rest),
            _ => Self::chilean(text),
        }
    }

    /// A passport.
    pub fn passport(country: Country, number: &str) -> Result<Self, NationalIdError> {
        Ok(Self { country, kind: Kind::Passport, value: document_number(number)? })
    }

    /// Another document.
    pub fn other(country: Country, number: &str) -> Result<Self, NationalIdError> {
        Ok(Self { country, kind: Kind::Other, value: document_number(number)? })
    }

    /// A RUN or an IPE by its number, with the check digit computed.
    pub fn from_number(number: u32) -> Result<Self, NationalIdError> {
        let kind = kind_of(number)?;
        Ok(Self { country: Country::CHILE, kind, value: format!("{number}-{}", check_digit(number)) })
    }

    /// Which register gave it.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// Which country gave it.
    pub fn country(&self) -> Country {
        self.country
    }

    /// The one form that is sealed and looked up: `12345678-5`, `PASSPORT:PE:AB123456`,
    /// `OTHER:CO:998877`. [`Self::parse`] reads it back.
    pub fn normal(&self) -> String {
        match self.kind {
            Kind::Run | Kind::Ipe => self.value.clone(),
            Kind::Passport => format!("PASSPORT:{}:{}", self.country.as_str(), self.value),
            Kind::Other => format!("OTHER:{}:{}", self.country.as_str(), self.value),
        }
    }

    /// The form that people read: `12.345.678-5`, `AB123456 (PE)`.
    pub fn display(&self) -> String {
        match (self.kind, self.value.split_once('-')) {
            (Kind::Run | Kind::Ipe, Some((number, digit))) => format!("{}-{digit}", dotted(number)),
            (Kind::Run | Kind::Ipe, None) => self.value.clone(),
            (Kind::Passport | Kind::Other, _) => format!("{} ({})", self.value, self.country.as_str()),
        }
    }

    fn document(kind: Kind, rest: &str) -> Result<Self, NationalIdError> {
        let (country, number) = rest.split_once(':').ok_or(NationalIdError::Country)?;
        Ok(Self { country: Country::parse(country)?, kind, value: document_number(number)? })
    }

    fn chilean(text: &str) -> Result<Self, NationalIdError> {
        let (number, digit) = split(text)?;
        let kind = kind_of(number)?;
        if check_digit(number) != digit {
            return Err(NationalIdError::CheckDigit);
        }
        Ok(Self { country: Country::CHILE, kind, value: format!("{number}-{digit}") })
    }
}

impl fmt::Debug for NationalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NationalId({:?} {:?} …)", self.country, self.kind)
    }
}

/// The check digit of a number: `0` to `9` or `K`.
pub fn check_digit(number: u32) -> char {
    let digits = std::iter::successors(Some(number), |rest| Some(rest / 10)).take_while(|rest| *rest > 0);
    let weighted = digits.zip((2_u32..=7).cycle()).map(|(rest, weight)| (rest % 10).saturating_mul(weight));
    // What the sum lacks to a multiple of eleven.
    match weighted.sum::<u32>() % 11 {
        0 => '0',
        1 => 'K',
        over => char::from_digit(11_u32.abs_diff(over), 10).unwrap_or('0'),
    }
}

fn kind_of(number: u32) -> Result<Kind, NationalIdError> {
    match number {
        0..LOWEST_RUN => Err(NationalIdError::TooShort),
        LOWEST_RUN..FIRST_IPE => Ok(Kind::Run),
        FIRST_IPE..=999_999_999 => Ok(Kind::Ipe),
        1_000_000_000.. => Err(NationalIdError::TooLong),
    }
}

/// The number and the check digit out of whatever people, keyboards and spreadsheets put around them.
fn split(text: &str) -> Result<(u32, char), NationalIdError> {
    let text = text.to_uppercase();
    let text = text.trim().trim_start_matches(['=', '\'']).trim().trim_matches('"').trim();
    let prefix = ["RUN", "RUT", "IPE"].iter().find_map(|prefix| text.strip_prefix(prefix));
    let text = prefix.map_or(text, |rest| rest.trim_start_matches([':', '.', ' ']));
    if text.is_empty() {
        return Err(NationalIdError::Empty);
    }
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('E')
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 'E' | '+' | '-' | '.' | ','))
    {
        return Err(NationalIdError::Scientific);
    }
    // A cell that a spreadsheet took for a number: `123456785.0`. Groups have three digits, so one or two
    // zeros after plain digits are decimals.
    let text = [".0", ",0", ".00", ",00"]
        .iter()
        .find_map(|zeros| text.strip_suffix(zeros))
        .filter(|whole| whole.bytes().all(|b| b.is_ascii_digit()))
        .unwrap_or(text);
    if let Some((_, digit)) = text.rsplit_once(is_hyphen)
        && digit.trim().chars().count() != 1
    {
        return Err(NationalIdError::CheckDigit);
    }
    let mut bare = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' | 'K' => bare.push(c),
            '.' | ',' => {}
            c if c.is_whitespace() || is_hyphen(c) => {}
            _ => return Err(NationalIdError::Character),
        }
    }
    let digit = bare.pop().ok_or(NationalIdError::Empty)?;
    if bare.contains('K') {
        return Err(NationalIdError::MisplacedK);
    }
    let number = bare.trim_start_matches('0');
    if number.len() > 9 {
        return Err(NationalIdError::TooLong);
    }
    Ok((number.parse().map_err(|_| NationalIdError::TooShort)?, digit))
}

/// The hyphen of the keyboard and those that word processors make of it.
fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn document_number(text: &str) -> Result<String, NationalIdError> {
    let number: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let good = number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    if good && (3..=20).contains(&number.len()) { Ok(number) } else { Err(NationalIdError::Document) }
}

/// `12345678` as `12.345.678`.
fn dotted(digits: &str) -> String {
    let mut dotted = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && digits.len().abs_diff(i).is_multiple_of(3) {
            dotted.push('.');
        }
        dotted.push(digit);
    }
    dotted
}

#[cfg(test)]
mod tests;
