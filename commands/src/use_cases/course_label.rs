//! What a school calls a course, in its many spellings, as one normal form.
//!
//! `1° Básico A`, `1ro basico A`, `1°A` are one course; so are `I° Medio B` and `1ero medio b`.

use domain::course::Facts;
use std::fmt;

/// A grade with its section: the natural key of a course within a school year.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CourseLabel {
    /// Stage and number.
    pub grade: Grade,
    /// Section letter, upper case; empty where a grade has one section only.
    pub letter: String,
    /// Specialty of a technical course as written (`Electricidad`); mostly empty.
    pub specialty: String,
}

/// Stage and year of a Chilean school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grade {
    /// Transition level 1 (pre-kínder) or 2 (kínder).
    Transition(u8),
    /// 1° to 8° básico.
    Basic(u8),
    /// 1° to 4° medio.
    Middle(u8),
}

impl Grade {
    /// The code in events: `nt-1`, `basica-8`, `media-4`.
    pub fn level(self) -> String {
        match self {
            Self::Transition(n) => format!("nt-{n}"),
            Self::Basic(n) => format!("basica-{n}"),
            Self::Middle(n) => format!("media-{n}"),
        }
    }

    /// The grade of such a code.
    pub fn of_level(level: &str) -> Option<Self> {
        let (stage, n) = level.split_once('-')?;
        match (stage, n.parse().ok()?) {
            ("nt", n @ 1..=2) => Some(Self::Transition(n)),
            ("basica", n @ 1..=8) => Some(Self::Basic(n)),
            ("media", n @ 1..=4) => Some(Self::Middle(n)),
            _ => None,
        }
    }

    /// The grade a year later, if there is one.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Transition(2..) => Some(Self::Basic(1)),
            Self::Transition(n) => Some(Self::Transition(n + 1)),
            Self::Basic(8..) => Some(Self::Middle(1)),
            Self::Basic(n) => Some(Self::Basic(n + 1)),
            Self::Middle(4..) => None,
            Self::Middle(n) => Some(Self::Middle(n + 1)),
        }
    }
}

impl CourseLabel {
    /// A course without specialty.
    pub fn new(grade: Grade, letter: &str) -> Self {
        Self { grade, letter: letter.to_uppercase(), specialty: String::new() }
    }

    /// The natural key in the directory, within a school: year, level, letter and specialty.
    pub fn key(&self, year: i32) -> String {
        Self::key_of(year, &self.grade.level(), &self.letter, &self.specialty)
    }

    /// The natural key of a course by what its `opened` event says.
    pub fn key_of(year: i32, level: &str, letter: &str, specialty: &str) -> String {
        format!("{year}|{level}|{letter}|{}", fold(specialty).join(" "))
    }

    /// The natural key of a course as it is, which a new name must not change.
    pub fn key_of_facts(facts: &Facts) -> String {
        let specialty = Self::parse(&facts.name).map(|label| label.specialty).unwrap_or_default();
        Self::key_of(facts.year, &facts.level, &facts.letter, &specialty)
    }

    /// Reads a label. `None` if it names no grade, or one that does not exist (`9° Básico`).
    /// A number alone is a básico grade, as Chilean lists write it.
    pub fn parse(text: &str) -> Option<Self> {
        let words = fold(text);
        let mut words = words.iter().map(String::as_str).peekable();
        let mut number: Option<u8> = None;
        let mut stage: Option<Stage> = None;
        let mut letter = String::new();
        let mut rest: Vec<&str> = Vec::new();
        while let Some(word) = words.next() {
            let stage_of_word = stage_of(word);
            if let Some((s, n)) = stage_of_word {
                if stage.is_some_and(|had| had != s) {
                    return None;
                }
                stage = Some(s);
                if n.is_some() {
                    number = n;
                }
            } else if let (None, Some((n, s))) = (number, number_of(word)) {
                number = Some(n);
                stage = stage.or(s);
            } else if matches!(
                word,
                "ro" | "do" | "to" | "mo" | "vo" | "er" | "ero" | "no" | "ano" | "nivel" | "de" | "curso"
            ) && rest.is_empty()
            {
                // What is left of an ordinal, or a filler.
            } else if number.is_none() && word == "transicion" {
                stage = Some(Stage::Transition);
            } else if letter.is_empty() && word.len() == 1 && word.chars().all(|c| c.is_ascii_lowercase()) {
                // `1 B A`: a stage letter followed by the section.
                let next_is_letter = words.peek().is_some_and(|w| w.len() == 1);
                match (word, stage, next_is_letter) {
                    ("b", None, true) => stage = Some(Stage::Basic),
                    ("m", None, true) => stage = Some(Stage::Middle),
                    _ => letter = word.to_uppercase(),
                }
            } else {
                rest.push(word);
            }
        }
        let grade = match (stage, number) {
            (Some(Stage::Transition), Some(n @ 1..=2)) => Grade::Transition(n),
            (Some(Stage::Basic) | None, Some(n @ 1..=8)) => Grade::Basic(n),
            (Some(Stage::Middle), Some(n @ 1..=4)) => Grade::Middle(n),
            _ => return None,
        };
        if !rest.is_empty() && !matches!(grade, Grade::Middle(_)) {
            return None;
        }
        Some(Self { grade, letter, specialty: capitalise(&rest, text) })
    }
}

impl fmt::Display for CourseLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.grade {
            Grade::Transition(n) => write!(f, "NT{n}")?,
            Grade::Basic(n) => write!(f, "{n}° Básico")?,
            Grade::Middle(n) => write!(f, "{n}° Medio")?,
        }
        for part in [&self.letter, &self.specialty] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Transition,
    Basic,
    Middle,
}

fn stage_of(word: &str) -> Option<(Stage, Option<u8>)> {
    Some(match word {
        "basico" | "basica" | "bas" | "basicos" | "eb" | "egb" => (Stage::Basic, None),
        "medio" | "media" | "med" | "em" | "medios" => (Stage::Middle, None),
        "nt" => (Stage::Transition, None),
        "prekinder" | "prek" | "pk" => (Stage::Transition, Some(1)),
        "kinder" | "k" | "kindergarten" => (Stage::Transition, Some(2)),
        _ => return None,
    })
}

/// A number in digits, Roman numerals or words; Roman numerals mean Media in Chilean usage.
fn number_of(word: &str) -> Option<(u8, Option<Stage>)> {
    let roman = Some(Stage::Middle);
    Some(match word {
        "1" | "primero" | "primer" | "1ro" | "1er" | "1ero" => (1, None),
        "2" | "segundo" | "2do" => (2, None),
        "3" | "tercero" | "tercer" | "3ro" | "3er" | "3ero" => (3, None),
        "4" | "cuarto" | "4to" => (4, None),
        "5" | "quinto" | "5to" => (5, None),
        "6" | "sexto" | "6to" => (6, None),
        "7" | "septimo" | "7mo" => (7, None),
        "8" | "octavo" | "8vo" => (8, None),
        "i" => (1, roman),
        "ii" => (2, roman),
        "iii" => (3, roman),
        "iv" => (4, roman),
        _ => return None,
    })
}

/// Lower case without accents, split at everything that is no letter or digit and between digits
/// and letters (`1°A`, `8B`, `NT1`), `pre kinder` joined.
fn fold(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        let c = match c {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            c => c,
        };
        let boundary = !c.is_ascii_alphanumeric()
            || (c.is_ascii_digit() != before.is_ascii_digit() && before.is_ascii_alphanumeric());
        if boundary {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.push(c);
        }
        before = c;
    }
    words.retain(|w| !w.is_empty());
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(last) if last == "pre" && word.starts_with('k') => *last = "prekinder".into(),
            // `IA`, `IVB`, `1BA`, `2MA`: numeral or stage glued to the section letter.
            _ => joined.extend(unglue(&word)),
        }
    }
    joined
}

fn unglue(word: &str) -> Vec<String> {
    let split = |at: usize| vec![word[..at].to_owned(), word[at..].to_owned()];
    match word.len() {
        2 if (word.starts_with('i') && !matches!(word, "ii" | "iv"))
            || matches!(word, "ba" | "bb" | "bc" | "bd" | "ma" | "mb" | "mc" | "md") =>
        {
            split(1)
        }
        3 if (word.starts_with("ii") && word != "iii") || word.starts_with("iv") => split(2),
        4 if word.starts_with("iii") => split(3),
        _ => vec![word.to_owned()],
    }
}

/// The words of a specialty with the accents that they were written with.
fn capitalise(folded: &[&str], original: &str) -> String {
    let written: Vec<&str> = original.split(|c: char| !c.is_alphanumeric()).collect();
    let words = folded.iter().map(|word| {
        let word = written.iter().find(|w| fold(w).concat() == *word).copied().unwrap_or(word);
        let mut letters = word.chars();
        letters
            .next()
            .map(|c| c.to_uppercase().collect::<String>() + &letters.as_str().to_lowercase())
            .unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_course_is_one_normal_form() {
        for (written, name, level, letter) in [
            ("1° Básico A", "1° Básico A", "basica-1", "A"),
            ("1ro basico A", "1° Básico A", "basica-1", "A"),
            ("1°A", "1° Básico A", "basica-1", "A"),
            ("1º a", "1° Básico A", "basica-1", "A"),
            ("PRIMERO BÁSICO A", "1° Básico A", "basica-1", "A"),
            ("1er año básico \"A\"", "1° Básico A", "basica-1", "A"),
            ("8B", "8° Básico B", "basica-8", "B"),
            ("8 B A", "8° Básico A", "basica-8", "A"),
            ("7mo Básico-C", "7° Básico C", "basica-7", "C"),
            ("8vo básico", "8° Básico", "basica-8", ""),
            ("I° Medio B", "1° Medio B", "media-1", "B"),
            ("IV B", "4° Medio B", "media-4", "B"),
            ("IIIA", "3° Medio A", "media-3", "A"),
            ("IA", "1° Medio A", "media-1", "A"),
            ("II° A", "2° Medio A", "media-2", "A"),
            ("4to medio C", "4° Medio C", "media-4", "C"),
            ("2° EM A", "2° Medio A", "media-2", "A"),
            ("2MA", "2° Medio A", "media-2", "A"),
            ("NT1", "NT1", "nt-1", ""),
            ("NT2 A", "NT2 A", "nt-2", "A"),
            ("Kínder A", "NT2 A", "nt-2", "A"),
            ("Pre-Kínder B", "NT1 B", "nt-1", "B"),
            ("PREKINDER", "NT1", "nt-1", ""),
            ("Nivel Transición 1 A", "NT1 A", "nt-1", "A"),
            ("3° Medio A Electricidad", "3° Medio A Electricidad", "media-3", "A"),
            ("3° Medio Telecomunicación B", "3° Medio B Telecomunicación", "media-3", "B"),
        ] {
            let label = CourseLabel::parse(written).map(|l| (l.to_string(), l.grade.level(), l.letter));
            assert_eq!(label, Some((name.into(), level.into(), letter.into())), "{written}");
        }
    }

    #[test]
    fn what_is_no_course_is_refused() {
        for written in
            ["", "9° Básico A", "5° Medio A", "NT3", "Básico A", "egresado", "Total", "1° Básico Medio A", "0°A"]
        {
            assert_eq!(CourseLabel::parse(written), None, "{written}");
        }
    }

    #[test]
    fn the_normal_form_reads_as_itself() {
        for n in 1..=4 {
            for letter in ["", "A", "B", "M", "I", "K"] {
                for grade in [Grade::Middle(n), Grade::Basic(n + 4), Grade::Transition(n.min(2))] {
                    let label = CourseLabel::new(grade, letter);
                    // The letter K after a transition level would read as kínder; no school has eleven of them.
                    if letter != "K" {
                        assert_eq!(CourseLabel::parse(&label.to_string()), Some(label));
                    }
                }
            }
        }
    }
}
