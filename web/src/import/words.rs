//! The words about an import, by what is wrong. The texts are in `web/locales`.

use super::read::FileProblem;
use crate::i18n::{Lang, key};
use commands::use_cases::import_roster::ProblemKind;

/// What is wrong with a row and what to do about it.
pub fn problem(kind: ProblemKind, lang: Lang) -> String {
    let text = match kind {
        ProblemKind::RunScientific => key("import-run-scientific"),
        ProblemKind::RunCheckDigit => key("import-run-check-digit"),
        ProblemKind::RunWithoutCheckDigit => key("import-run-without-check-digit"),
        ProblemKind::RunTwoCheckDigits => key("import-run-two-check-digits"),
        ProblemKind::RunUnreadable => key("import-run-unreadable"),
        ProblemKind::NameMissing => key("import-name-missing"),
        ProblemKind::NameIncomplete => key("import-name-incomplete"),
        ProblemKind::NameUnreadable => key("import-name-unreadable"),
        ProblemKind::TextMangled => key("import-text-mangled"),
        ProblemKind::TextTooLong => key("import-text-too-long"),
        ProblemKind::CourseMissing => key("import-course-missing"),
        ProblemKind::CourseUnreadable => key("import-course-unreadable"),
        ProblemKind::PhoneUnreadable => key("import-phone-unreadable"),
        ProblemKind::PhoneEightDigits => key("import-phone-eight-digits"),
        ProblemKind::MailUnreadable => key("import-mail-unreadable"),
        ProblemKind::GuardianNameMissing => key("import-guardian-name-missing"),
        ProblemKind::TooManyCells => key("import-too-many-cells"),
        ProblemKind::DuplicateRun { .. } => key("import-duplicate-run"),
        ProblemKind::AmbiguousPupil { .. } => key("import-ambiguous-pupil"),
        ProblemKind::AmbiguousRegistered => key("import-ambiguous-registered"),
        ProblemKind::AmbiguousMove => key("import-ambiguous-move"),
        ProblemKind::GuardianContradiction { .. } => key("import-guardian-contradiction"),
        ProblemKind::LaterYear => key("import-later-year"),
        ProblemKind::BeforeEnrolment => key("import-before-enrolment"),
        ProblemKind::PupilWithdrawn => key("import-pupil-withdrawn"),
        ProblemKind::ChangedMeanwhile => key("import-changed-meanwhile"),
        ProblemKind::NotApplied => key("import-not-applied"),
    };
    match kind.first_row() {
        Some(row) => lang.f(text, &[("row", (&row.to_string()).into())]),
        None => lang.t(text),
    }
}

/// Why a file cannot be read and what to do about it.
pub fn file_problem(problem: FileProblem, lang: Lang) -> String {
    let text = match problem {
        FileProblem::Empty => key("import-file-empty"),
        FileProblem::Workbook => key("import-file-is-workbook"),
        FileProblem::TooLarge => key("import-file-too-large"),
        FileProblem::NoHeader => key("import-file-without-header"),
        FileProblem::OpenQuote { row } => {
            return lang.f("import-file-with-open-quote", &[("row", (&row.to_string()).into())]);
        }
    };
    lang.t(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_row_is_named_in_both_languages_and_never_grouped() {
        let kind = ProblemKind::DuplicateRun { first_row: 1007 };
        assert_eq!(problem(kind, Lang::Es), "este RUN ya está en la fila 1007");
        assert_eq!(problem(kind, Lang::En), "this RUN stands in row 1007 already");
        let open = FileProblem::OpenQuote { row: 12 };
        assert_eq!(file_problem(open, Lang::Es), "unas comillas que se abren en la fila 12 no se cierran");
    }

    #[test]
    fn a_text_with_quotes_and_a_plus_reads_as_it_was_written() {
        let mangled = problem(ProblemKind::TextMangled, Lang::En);
        assert_eq!(mangled, "accents or ñ are damaged; export the list again as \"CSV UTF-8\"");
        assert!(problem(ProblemKind::PhoneUnreadable, Lang::Es).ends_with("9 1234 5678 o +56 9 1234 5678"));
    }
}
