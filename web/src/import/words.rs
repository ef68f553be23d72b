//! The words about an import, in Spanish and English, by the stable codes.

use super::read::FileProblem;
use commands::use_cases::import_roster::ProblemKind;

/// Which language a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// Spanish of Chile.
    #[default]
    Es,
    /// English.
    En,
}

impl Language {
    /// One of two texts.
    pub fn of(self, es: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Es => es,
            Self::En => en,
        }
    }
}

/// What is wrong with a row and what to do about it.
pub fn problem(kind: ProblemKind, language: Language) -> String {
    let text = |(es, en): (&'static str, &'static str)| language.of(es, en);
    let words = text(match kind {
        ProblemKind::RunScientific => (
            "la planilla redondeó el RUN (por ejemplo 1,2E+07) y perdió sus dígitos; dé formato de texto a la columna y vuelva a escribirlo",
            "the spreadsheet rounded the RUN (such as 1.2E+07) and lost its digits; format the column as text and write it again",
        ),
        ProblemKind::RunCheckDigit => (
            "el dígito verificador no corresponde al RUN; revise si hay un error de tipeo",
            "the check digit does not belong to the RUN; look for a typing error",
        ),
        ProblemKind::RunWithoutCheckDigit => (
            "al RUN le falta el dígito verificador; escríbalo completo, como 12.345.678-5",
            "the RUN lacks its check digit; write it whole, such as 12.345.678-5",
        ),
        ProblemKind::RunTwoCheckDigits => (
            "el dígito verificador de su columna es distinto del que trae el RUN; deje solo el correcto",
            "the check digit in its own column differs from the one in the RUN; leave the right one only",
        ),
        ProblemKind::RunUnreadable => (
            "no se entiende como RUN; escríbalo como 12.345.678-5, o deje la celda vacía si no tiene",
            "not understood as a RUN; write it as 12.345.678-5, or leave the cell empty if there is none",
        ),
        ProblemKind::NameMissing => ("falta el nombre; escríbalo", "the name is missing; write it"),
        ProblemKind::NameIncomplete => (
            "faltan los nombres o los apellidos: hay una sola palabra; escriba ambos",
            "given or family names are missing: there is one word only; write both",
        ),
        ProblemKind::NameUnreadable => (
            "el nombre contiene números o signos que no son de un nombre; déjelo solo con letras",
            "the name holds digits or signs that do not belong in a name; leave letters only",
        ),
        ProblemKind::TextMangled => (
            "los acentos o la eñe están dañados; exporte de nuevo la lista como «CSV UTF-8»",
            "accents or ñ are damaged; export the list again as \"CSV UTF-8\"",
        ),
        ProblemKind::TextTooLong => ("el texto es demasiado largo; acórtelo", "the text is too long; shorten it"),
        ProblemKind::CourseMissing => {
            ("falta el curso; escríbalo como 1° Básico A", "the course is missing; write it as 1° Básico A")
        }
        ProblemKind::CourseUnreadable => (
            "no se entiende el curso; escríbalo como 1° Básico A, 4° Medio C, NT1 o Kínder A",
            "the course is not understood; write it as 1° Básico A, 4° Medio C, NT1 or Kínder A",
        ),
        ProblemKind::PhoneUnreadable => (
            "no se entiende el teléfono; escríbalo como 9 1234 5678 o +56 9 1234 5678",
            "the phone is not understood; write it as 9 1234 5678 or +56 9 1234 5678",
        ),
        ProblemKind::PhoneEightDigits => (
            "el teléfono tiene ocho dígitos: agregue el 9 si es celular, o el código de área si es fijo",
            "the phone has eight digits: add the 9 of a mobile, or the area code of a landline",
        ),
        ProblemKind::MailUnreadable => (
            "no se entiende el correo; revise que tenga la forma nombre@dominio.cl",
            "the mail address is not understood; it should look like name@domain.cl",
        ),
        ProblemKind::GuardianNameMissing => (
            "hay RUN, teléfono o correo de un apoderado, pero falta su nombre; escríbalo",
            "there is a guardian's RUN, phone or mail, but no name; write it",
        ),
        ProblemKind::TooManyCells => (
            "la fila tiene más celdas que el encabezado: un separador dentro de una celda corrió las columnas; quítelo, o ponga esa celda entre comillas",
            "the row has more cells than the header: a separator inside a cell has moved the columns; remove it, or put that cell in quotes",
        ),
        ProblemKind::DuplicateRun { .. } => ("este RUN ya está en la fila {}", "this RUN stands in row {} already"),
        ProblemKind::AmbiguousPupil { .. } => (
            "no se distingue del estudiante de la fila {} (mismo nombre y curso); agregue el RUN a ambos",
            "cannot be told from the pupil of row {} (same name and course); add the RUN to both",
        ),
        ProblemKind::AmbiguousRegistered => (
            "hay varios estudiantes registrados con este nombre y curso; agregue el RUN",
            "several pupils of this name and course are registered; add the RUN",
        ),
        ProblemKind::AmbiguousMove => (
            "hay un estudiante registrado con este nombre en otro curso; agregue el RUN, o cámbielo de curso a mano",
            "a pupil of this name is registered in another course; add the RUN, or move them by hand",
        ),
        ProblemKind::GuardianContradiction { .. } => (
            "este apoderado tiene otros datos en la fila {}; deje los mismos en ambas",
            "this guardian has other data in row {}; make them the same in both",
        ),
        ProblemKind::PupilWithdrawn => (
            "este estudiante fue retirado del establecimiento; reincorpórelo a mano si corresponde",
            "this pupil was withdrawn from the school; take them back by hand if that is meant",
        ),
        ProblemKind::ChangedMeanwhile => (
            "alguien cambió estos datos mientras se aplicaba la lista; ejecútela de nuevo",
            "somebody changed this while the list was applied; run it again",
        ),
        ProblemKind::NotApplied => {
            ("no se pudo guardar; ejecute la importación de nuevo", "could not be saved; run the import again")
        }
    });
    match kind.first_row() {
        Some(row) => words.replace("{}", &row.to_string()),
        None => words.to_owned(),
    }
}

/// Why a file cannot be read and what to do about it.
pub fn file_problem(problem: FileProblem, language: Language) -> String {
    let (es, en) = match problem {
        FileProblem::Empty => ("el archivo está vacío", "the file is empty"),
        FileProblem::Workbook => (
            "es un libro de Excel; guárdelo como «CSV UTF-8 (delimitado por comas)» e importe ese archivo",
            "it is an Excel workbook; save it as \"CSV UTF-8 (comma delimited)\" and import that file",
        ),
        FileProblem::TooLarge => {
            ("el archivo es demasiado grande (máximo 16 MB)", "the file is too large (at most 16 MB)")
        }
        FileProblem::NoHeader => (
            "no se encontró una fila de encabezado con al menos «Nombre» y «Curso»",
            "no header row with at least \"Name\" and \"Course\" was found",
        ),
        FileProblem::OpenQuote { .. } => (
            "unas comillas que se abren en la fila {} no se cierran",
            "a quotation mark that opens in row {} is never closed",
        ),
    };
    let row = if let FileProblem::OpenQuote { row } = problem { row.to_string() } else { String::new() };
    language.of(es, en).replace("{}", &row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_row_is_named_in_both_languages() {
        let kind = ProblemKind::DuplicateRun { first_row: 7 };
        assert!(problem(kind, Language::Es).contains("fila 7"));
        assert!(problem(kind, Language::En).contains("row 7"));
    }
}
