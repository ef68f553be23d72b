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
    people: Vec<Person>,
}

/// Who a change is about: for the terminal only.
struct Person {
    name: String,
    course: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
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
        let name = format!("{}, {}", pupil.family_names, pupil.given_names);
        self.people.push(Person { name, course: work.course_name.clone() });
    }

    /// For a person at the terminal: the sums, what changes, what is wrong, what to do next. Names the
    /// pupils, so it goes to the terminal and nowhere else.
    pub fn table(&self, language: Language) -> String {
        let t = |es, en| language.of(es, en);
        let mut out = String::new();
        let sums = [
            (t("Filas", "Rows"), self.rows),
            (t("nuevos", "new"), self.create),
            (t("con cambios", "changed"), self.change),
            (t("sin cambios", "unchanged"), self.unchanged),
            (t("con errores", "with errors"), self.rejected),
        ];
        let _ = writeln!(out, "{}", sums.map(|(label, n)| format!("{label}: {n}")).join(" · "));
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
        self.list_changes(&mut out, language);
        self.list_errors(&mut out, language);
        let _ = writeln!(out, "\n{}", self.ending(language));
        out
    }

    fn list_changes(&self, out: &mut String, language: Language) {
        if self.changes.is_empty() {
            return;
        }
        let t = |es, en: &'static str| language.of(es, en).to_owned();
        let mut table =
            vec![[t("Fila", "Row"), String::new(), t("Estudiante", "Pupil"), t("Curso", "Course"), t("Datos", "Data")]];
        for (change, person) in self.changes.iter().zip(&self.people) {
            let what = if change.action == "create" { t("nuevo", "new") } else { t("cambia", "changes") };
            let fields = fields(&change.fields, language);
            table.push([change.row.to_string(), what, person.name.clone(), person.course.clone(), fields]);
        }
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (w0, w1, w2, w3) = (width(0), width(1), width(2), width(3));
        out.push('\n');
        for [row, what, name, course, fields] in &table {
            let line = format!("{row:>w0$}  {what:<w1$}  {name:<w2$}  {course:<w3$}  {fields}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    fn list_errors(&self, out: &mut String, language: Language) {
        if self.errors.is_empty() {
            return;
        }
        let t = |es, en: &'static str| language.of(es, en);
        let place = |error: &RowError| {
            let row = format!("{} {}", t("fila", "row"), error.row);
            match (&error.column, &error.header) {
                (Some(column), Some(header)) => {
                    format!("{row}, {} {column} «{}»", t("columna", "column"), header.trim())
                }
                _ => row,
            }
        };
        let places: Vec<String> = self.errors.iter().map(place).collect();
        let width = places.iter().map(|p| p.chars().count()).max().unwrap_or(0);
        let title = t("Errores (una fila con error se salta entera)", "Errors (a row with an error is skipped whole)");
        let _ = writeln!(out, "\n{title}:");
        for (error, place) in self.errors.iter().zip(&places) {
            let _ = writeln!(out, "  {place:<width$}  {} [{}]", error.message, error.code);
        }
    }

    /// What was saved, what was not, and what to do.
    fn ending(&self, language: Language) -> String {
        let (es, good) = (language == Language::Es, self.create + self.change);
        let rejected = self.rejected;
        let mut end = match (self.applied, good, es) {
            (true, 0, true) => "No había nada que cambiar.".to_owned(),
            (true, 0, false) => "There was nothing to change.".to_owned(),
            (true, _, true) => format!("Guardado. Filas nuevas: {}; con cambios: {}.", self.create, self.change),
            (true, _, false) => format!("Saved. New rows: {}; changed: {}.", self.create, self.change),
            (false, 0, true) => "No se ha guardado nada, y no hay nada que cambiar.".to_owned(),
            (false, 0, false) => "Nothing was saved, and there is nothing to change.".to_owned(),
            (false, _, true) => "No se ha guardado nada todavía; con --apply se guarda lo de arriba.".to_owned(),
            (false, _, false) => "Nothing was saved yet; with --apply what is above is saved.".to_owned(),
        };
        if rejected > 0 {
            end.push_str(&if es {
                format!(
                    "\nFilas con errores, que no se guardan: {rejected}. Corríjalas e importe el archivo completo otra \
                     vez; lo que ya está guardado no se pierde ni se repite."
                )
            } else {
                format!(
                    "\nRows with errors, which are not saved: {rejected}. Correct them and import the whole file again; \
                     what is saved already is neither lost nor repeated."
                )
            });
        }
        end
    }
}

/// What a row changes, in words: each once, with how often.
fn fields(codes: &[&'static str], language: Language) -> String {
    let count = |code| codes.iter().filter(|c| **c == code).count();
    // A guardian who is new is linked, too; that goes without saying.
    let links = count("guardian_link").saturating_sub(count("guardian"));
    let mut seen: Vec<&str> = Vec::new();
    let mut words = Vec::new();
    for code in codes {
        let n = if *code == "guardian_link" { links } else { count(code) };
        if n == 0 || seen.contains(code) {
            continue;
        }
        seen.push(code);
        let word = field(code, language);
        words.push(if n == 1 { word.to_owned() } else { format!("{word} ×{n}") });
    }
    words.join(", ")
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
        "guardian_run" => ("RUN del apoderado", "guardian's RUN"),
        "guardian_name" => ("nombre del apoderado", "guardian's name"),
        "guardian_phone" => ("teléfono del apoderado", "guardian's phone"),
        "guardian_mail" => ("correo del apoderado", "guardian's mail"),
        _ => ("vínculo con apoderado", "guardian linked"),
    };
    language.of(es, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_guardian_is_named_once_and_what_comes_twice_is_counted() {
        let codes = ["guardian", "guardian_link", "guardian", "guardian_link"];
        assert_eq!(fields(&codes, Language::Es), "apoderado nuevo ×2");
        assert_eq!(fields(&["course", "guardian_link"], Language::Es), "curso, vínculo con apoderado");
        assert_eq!(fields(&[], Language::Es), "");
    }
}
