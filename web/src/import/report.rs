//! What an import would do or has done: a table for people, JSON for machines.

use super::header::Layout;
use super::read::List;
use super::words;
use crate::i18n::{Lang, key};
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

impl RowError {
    /// Row and column in words.
    pub fn place(&self, lang: Lang) -> String {
        let row = self.row.to_string();
        match (&self.column, &self.header) {
            (Some(column), Some(header)) => lang.f(
                "import-in-column",
                &[("row", (&row).into()), ("column", column.into()), ("header", header.trim().into())],
            ),
            _ => lang.f("import-in-row", &[("row", (&row).into())]),
        }
    }
}

impl Report {
    /// Sums a plan up; `done` is what became of it, if it was applied.
    pub fn new(list: &List, plan: &Plan, done: Option<&Applied>, lang: Lang) -> Self {
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
                report.rejected = report.rejected.saturating_add(1);
                report.errors.extend(problems.iter().map(|p| error(row.number, p, &list.layout, lang)));
                continue;
            }
            match &row.outcome {
                Outcome::Create(work) => report.planned(row.number, "create", work),
                Outcome::Change(work) => report.planned(row.number, "change", work),
                Outcome::Nothing(_) | Outcome::Error(_) => report.unchanged = report.unchanged.saturating_add(1),
            }
        }
        report
    }

    fn planned(&mut self, row: u32, action: &'static str, work: &PupilWork) {
        let count = if action == "create" { &mut self.create } else { &mut self.change };
        *count = count.saturating_add(1);
        self.changes.push(Change { row, action, fields: work.fields.iter().map(|f| f.code()).collect() });
        let pupil = &work.pupil;
        let name = format!("{}, {}", pupil.family_names, pupil.given_names);
        self.people.push(Person { name, course: work.course_name.clone() });
    }

    /// Each row that changes something: its number, what is done, who, which course, what of them. Names pupils.
    pub fn changed(&self, lang: Lang) -> impl Iterator<Item = [String; 5]> {
        self.changes.iter().zip(&self.people).map(move |(change, person)| {
            let what = lang.t(if change.action == "create" { key("import-creates") } else { key("import-changes") });
            let fields = fields(&change.fields, lang);
            [change.row.to_string(), what, person.name.clone(), person.course.clone(), fields]
        })
    }

    /// For a person at the terminal: the sums, what changes, what is wrong, what to do next. Names the
    /// pupils, so it goes to the terminal and nowhere else.
    pub fn table(&self, lang: Lang) -> String {
        let mut out = String::new();
        let sums = [
            (lang.t("import-rows"), self.rows),
            (lang.t("import-new"), self.create),
            (lang.t("import-changed"), self.change),
            (lang.t("import-unchanged"), self.unchanged),
            (lang.t("import-rejected"), self.rejected),
        ];
        let _ = writeln!(out, "{}", sums.map(|(label, n)| format!("{label}: {n}")).join(" · "));
        let _ = writeln!(out, "{}: {}", lang.t("import-guardians"), self.guardians);
        if !self.courses.is_empty() {
            let _ = writeln!(out, "{}: {}", lang.t("import-courses"), self.courses.join(", "));
        }
        if !self.unused_columns.is_empty() {
            let _ = writeln!(out, "{}: {}", lang.t("import-unused-columns"), self.unused_columns.join(", "));
        }
        self.list_changes(&mut out, lang);
        self.list_errors(&mut out, lang);
        let _ = writeln!(out, "\n{}", self.ending(lang));
        out
    }

    fn list_changes(&self, out: &mut String, lang: Lang) {
        if self.changes.is_empty() {
            return;
        }
        let mut table = vec![[
            lang.t("import-row"),
            String::new(),
            lang.t("import-pupil"),
            lang.t("import-course"),
            lang.t("import-data"),
        ]];
        table.extend(self.changed(lang));
        let width =
            |of: fn(&[String; 5]) -> &String| table.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (w0, w1) = (width(|[row, ..]| row), width(|[_, what, ..]| what));
        let (w2, w3) = (width(|[_, _, name, ..]| name), width(|[.., course, _]| course));
        out.push('\n');
        for [row, what, name, course, fields] in &table {
            let line = format!("{row:>w0$}  {what:<w1$}  {name:<w2$}  {course:<w3$}  {fields}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    fn list_errors(&self, out: &mut String, lang: Lang) {
        if self.errors.is_empty() {
            return;
        }
        let places: Vec<String> = self.errors.iter().map(|error| error.place(lang)).collect();
        let width = places.iter().map(|p| p.chars().count()).max().unwrap_or(0);
        let title = lang.t("import-errors");
        let _ = writeln!(out, "\n{title}:");
        for (error, place) in self.errors.iter().zip(&places) {
            let _ = writeln!(out, "  {place:<width$}  {} [{}]", error.message, error.code);
        }
    }

    /// What was saved, what was not, and what to do.
    fn ending(&self, lang: Lang) -> String {
        let text = |n: usize| n.to_string();
        let mut end = match (self.applied, self.create.saturating_add(self.change)) {
            (true, 0) => lang.t("import-end-nothing-saved"),
            (true, _) => {
                let (new, changed) = (text(self.create), text(self.change));
                lang.f("import-end-saved", &[("new", (&new).into()), ("changed", (&changed).into())])
            }
            (false, 0) => lang.t("import-end-nothing-planned"),
            (false, _) => lang.t("import-end-planned"),
        };
        if self.rejected > 0 {
            end.push('\n');
            end.push_str(&lang.f("import-end-rejected", &[("n", (&text(self.rejected)).into())]));
        }
        end
    }
}

/// What a row changes, in words: each once, with how often.
fn fields(codes: &[&'static str], lang: Lang) -> String {
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
        let word = field(code, lang);
        words.push(if n == 1 { word } else { format!("{word} ×{n}") });
    }
    words.join(", ")
}

fn error(row: u32, problem: &Problem, layout: &Layout, lang: Lang) -> RowError {
    let (column, header) = layout.column_of(problem.place).unzip();
    let message = words::problem(problem.kind, lang);
    RowError { row, column, header, code: problem.kind.code(), message }
}

fn field(code: &str, lang: Lang) -> String {
    lang.t(match code {
        "run" => key("import-field-run"),
        "names" => key("import-field-names"),
        "course" => key("import-field-course"),
        "card" => key("import-field-card"),
        "guardian" => key("import-field-guardian"),
        "guardian_run" => key("import-field-guardian-run"),
        "guardian_name" => key("import-field-guardian-name"),
        "guardian_phone" => key("import-field-guardian-phone"),
        "guardian_mail" => key("import-field-guardian-mail"),
        _ => key("import-field-guardian-link"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_guardian_is_named_once_and_what_comes_twice_is_counted() {
        let codes = ["guardian", "guardian_link", "guardian", "guardian_link"];
        assert_eq!(fields(&codes, Lang::Es), "apoderado nuevo ×2");
        assert_eq!(fields(&["course", "guardian_link"], Lang::Es), "curso, vínculo con apoderado");
        assert_eq!(fields(&[], Lang::Es), "");
    }
}
