//! What an import would do or has done: a table for people, JSON for machines.

use super::header::Layout;
use super::read::List;
use super::words::{self, Language};
use commands::use_cases::import_roster::{Applied, Outcome, Plan, Problem, PupilWork};
use serde::Serialize;
use std::fmt::Write;

/// The outcome of an import.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether anything was written, or only planned.
    pub applied: bool,
    /// Encoding of the file.
    pub encoding: String,
    /// Delimiter of the file.
    pub delimiter: char,
    /// Rows of pupils.
    pub rows: usize,
    /// Blank rows, totals and repeated headers.
    pub skipped: usize,
    /// New pupils.
    pub create: usize,
    /// Known pupils of whom something changes.
    pub change: usize,
    /// Rows that change nothing.
    pub unchanged: usize,
    /// Rows with errors; none of their cells is applied.
    pub rejected: usize,
    /// Courses that are opened.
    pub courses: Vec<String>,
    /// Guardians that are registered or changed.
    pub guardians: usize,
    /// Headers of columns that were not taken.
    pub unused_columns: Vec<String>,
    /// What each row changes. Names nobody.
    pub changes: Vec<Change>,
    /// Everything that is wrong, in the order of the rows.
    pub errors: Vec<RowError>,
    #[serde(skip)]
    people: Vec<(u32, String)>,
}

/// What a row changes.
#[derive(Debug, Serialize)]
pub struct Change {
    /// Row as the spreadsheet shows it.
    pub row: u32,
    /// `create` or `change`.
    pub action: &'static str,
    /// Codes of the fields.
    pub fields: Vec<&'static str>,
}

/// One thing wrong with one row.
#[derive(Debug, Serialize)]
pub struct RowError {
    /// Row as the spreadsheet shows it; the header is row 1, unless there is a title above it.
    pub row: u32,
    /// Column letter, where one is to blame.
    pub column: Option<String>,
    /// Its header.
    pub header: Option<String>,
    /// Stable code.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

impl Report {
    /// Sums a plan up; `done` is what became of it, if it was applied.
    pub fn new(list: &List, plan: &Plan, done: Option<&Applied>, language: Language) -> Self {
        let mut report = Self {
            applied: done.is_some(),
            encoding: list.encoding.to_owned(),
            delimiter: list.delimiter,
            rows: plan.rows.len(),
            skipped: list.skipped,
            create: 0,
            change: 0,
            unchanged: 0,
            rejected: 0,
            courses: plan.courses.iter().map(ToString::to_string).collect(),
            guardians: plan.guardians.iter().filter(|g| g.is_needed()).count(),
            unused_columns: list.layout.unused(),
            changes: Vec::new(),
            errors: Vec::new(),
            people: Vec::new(),
        };
        for row in &plan.rows {
            let failed = done.and_then(|d| d.failed.get(&row.number)).cloned().map(|p| vec![p]);
            let problems = if let Outcome::Error(problems) = &row.outcome { Some(problems.clone()) } else { failed };
            if let Some(problems) = problems {
                report.rejected += 1;
                report.errors.extend(problems.iter().map(|p| error(row.number, p, &list.layout, language)));
                continue;
            }
            match &row.outcome {
                Outcome::Create(work) => report.planned(row.number, "create", work),
                Outcome::Change(work) => report.planned(row.number, "change", work),
                Outcome::Nothing(_) | Outcome::Error(_) => report.unchanged += 1,
            }
        }
        report
    }

    fn planned(&mut self, row: u32, action: &'static str, work: &PupilWork) {
        *(if action == "create" { &mut self.create } else { &mut self.change }) += 1;
        self.changes.push(Change { row, action, fields: work.fields.iter().map(|f| f.code()).collect() });
        let pupil = &work.pupil;
        self.people.push((row, format!("{}, {} · {}", pupil.family_names, pupil.given_names, work.course_name)));
    }

    /// For a person at the terminal: the sums, what changes, what is wrong. Names the pupils, so it
    /// goes to the terminal and nowhere else.
    pub fn table(&self, language: Language) -> String {
        let t = |es, en| language.of(es, en);
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}: {} · {}: {} · {}: {} · {}: {} · {}: {}",
            t("Filas", "Rows"),
            self.rows,
            t("nuevos", "new"),
            self.create,
            t("con cambios", "changed"),
            self.change,
            t("sin cambios", "unchanged"),
            self.unchanged,
            t("con errores", "with errors"),
            self.rejected,
        );
        let _ =
            writeln!(out, "{}: {}", t("Apoderados nuevos o con cambios", "Guardians new or changed"), self.guardians);
        if !self.courses.is_empty() {
            let label = t("Cursos que se abren (después fije su horario)", "Courses to open (then set their schedule)");
            let _ = writeln!(out, "{label}: {}", self.courses.join(", "));
        }
        if !self.unused_columns.is_empty() {
            let label = t("Columnas que no se usan", "Columns not used");
            let _ = writeln!(out, "{label}: {}", self.unused_columns.join(", "));
        }
        for (change, (_, who)) in self.changes.iter().zip(&self.people) {
            let what = if change.action == "create" { t("nuevo ", "new   ") } else { t("cambio", "change") };
            let fields: Vec<_> = change.fields.iter().map(|f| field(f, language)).collect();
            let _ = writeln!(out, "{:>6}  {what}  {who}  {}", change.row, fields.join(", "));
        }
        for error in &self.errors {
            let column = match (&error.column, &error.header) {
                (Some(column), Some(header)) => format!(", {} {column} «{}»", t("columna", "column"), header.trim()),
                _ => String::new(),
            };
            let _ = writeln!(
                out,
                "{} {}{column}: {} [{}]",
                t("Error en fila", "Error in row"),
                error.row,
                error.message,
                error.code
            );
        }
        let end = if self.applied {
            t("Aplicado.", "Applied.")
        } else {
            t("No se ha guardado nada; agregue --apply para aplicar.", "Nothing was saved; add --apply to apply.")
        };
        let _ = writeln!(out, "{end}");
        out
    }
}

fn error(row: u32, problem: &Problem, layout: &Layout, language: Language) -> RowError {
    let (column, header) = layout.column_of(problem.place).unzip();
    let message = words::problem(problem.kind, language);
    RowError { row, column, header, code: problem.kind.code(), message }
}

fn field(code: &str, language: Language) -> &'static str {
    let (es, en) = match code {
        "run" => ("RUN", "RUN"),
        "names" => ("nombre", "name"),
        "course" => ("curso", "course"),
        "card" => ("tarjeta", "card"),
        "guardian" => ("apoderado nuevo", "new guardian"),
        "guardian_name" => ("nombre del apoderado", "guardian's name"),
        "guardian_phone" => ("teléfono del apoderado", "guardian's phone"),
        "guardian_mail" => ("correo del apoderado", "guardian's mail"),
        _ => ("vínculo con apoderado", "guardian linked"),
    };
    language.of(es, en)
}
