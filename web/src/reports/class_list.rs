//! A class list as a sheet: what teachers marked, a row for each pupil and day. `docs/guias/informes.md` is its format.

use crate::import::cells;
use crate::import::sheet::{SheetError, SheetRow, separator_line, split};
use crate::import::text::decode;
use chrono::NaiveDate;
use commands::use_cases::fold;
use domain::class_list::Marked;
use domain::values::national_id::NationalId;
use domain::values::school_date;

/// The largest list taken: a school's month has some 25,000 rows.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A list as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// What could be read.
    pub rows: Vec<Row>,
    /// What could not.
    pub problems: Vec<(u32, RowProblem)>,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As a spreadsheet program numbers it.
    pub number: u32,
    /// The school day.
    pub date: NaiveDate,
    /// The course, as written.
    pub course: String,
    /// The pupil's RUN or IPE, where the list has one.
    pub run: Option<NationalId>,
    /// The pupil's whole name, folded; may be empty where there is a RUN.
    pub name: String,
    /// What was marked.
    pub marked: Marked,
}

/// Why a row was not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowProblem {
    /// Its date is none.
    Date,
    /// Its mark is none of the words.
    Mark,
    /// Neither a RUN nor a name.
    Pupil,
    /// Nobody of that RUN, or of that name in that course on that day.
    UnknownPupil,
    /// Several of that name in that course.
    SeveralPupils,
    /// The day is of another month than the others, or has not begun.
    OtherDates,
    /// The pupil and day stood in a row before.
    Repeated,
}

impl RowProblem {
    /// The stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Mark => "mark",
            Self::Pupil => "pupil",
            Self::UnknownPupil => "unknown_pupil",
            Self::SeveralPupils => "several_pupils",
            Self::OtherDates => "other_dates",
            Self::Repeated => "repeated",
        }
    }
}

/// Why a text is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListProblem {
    /// Nothing in it, or more than [`MAX_BYTES`].
    Size,
    /// No row names columns for the date, the course, the pupil and the mark.
    NoHeader,
    /// A quoted cell never ends.
    OpenQuote,
}

/// The columns, by the place of each.
#[derive(Debug, Clone, Copy)]
struct Columns {
    date: usize,
    course: usize,
    mark: usize,
    run: Option<usize>,
    check_digit: Option<usize>,
    name: Option<usize>,
    family: Option<usize>,
}

impl Columns {
    fn of(row: &SheetRow) -> Option<Self> {
        let heads: Vec<String> = row.cells.iter().map(|cell| fold(&cells::clean(cell))).collect();
        let find = |words: &[&str]| heads.iter().position(|head| words.contains(&head.as_str()));
        let run = find(&["run", "rut", "run alumno", "rut alumno", "run estudiante", "ipe"]);
        let name = find(&["alumno", "alumna", "estudiante", "nombre", "nombres", "nombre completo", "name"]);
        let columns = Self {
            date: find(&["fecha", "dia", "date"])?,
            course: find(&["curso", "course"])?,
            mark: find(&["estado", "asistencia", "marca", "situacion", "status"])?,
            run,
            check_digit: find(&["dv", "digito verificador"]),
            name,
            family: find(&["apellidos", "apellido", "family names"]),
        };
        (run.is_some() || name.is_some()).then_some(columns)
    }
}

/// Reads a list: encoding and separator are found by looking, as in a list of pupils.
pub fn read(bytes: &[u8]) -> Result<List, ListProblem> {
    if bytes.len() > MAX_BYTES {
        return Err(ListProblem::Size);
    }
    let text = decode(bytes).text;
    if text.trim().is_empty() {
        return Err(ListProblem::Size);
    }
    let delimiters = match separator_line(&text) {
        Some((delimiter, _)) => vec![delimiter],
        None => vec![';', ',', '\t', '|'],
    };
    let mut open_quote = false;
    for delimiter in delimiters {
        match split(&text, delimiter) {
            Err(SheetError::OpenQuote { .. }) => open_quote = true,
            Ok(rows) => {
                let header = rows.iter().enumerate().find_map(|(at, row)| Some((at, Columns::of(row)?)));
                if let Some((at, columns)) = header {
                    return Ok(list(rows.into_iter().skip(at.saturating_add(1)), columns));
                }
            }
        }
    }
    Err(if open_quote { ListProblem::OpenQuote } else { ListProblem::NoHeader })
}

fn list(rows: impl Iterator<Item = SheetRow>, columns: Columns) -> List {
    let mut list = List { rows: Vec::new(), problems: Vec::new() };
    for row in rows.filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty())) {
        match typed(&row, columns) {
            Ok(typed) => list.rows.push(typed),
            Err(problem) => list.problems.push((row.number, problem)),
        }
    }
    list
}

fn typed(row: &SheetRow, columns: Columns) -> Result<Row, RowProblem> {
    let cell = |at: usize| cells::clean(row.cells.get(at).map_or("", String::as_str));
    let date = date(&cell(columns.date)).ok_or(RowProblem::Date)?;
    let marked = marked(&cell(columns.mark)).ok_or(RowProblem::Mark)?;
    let check_digit = columns.check_digit.map(cell);
    let run = columns.run.map(|at| cells::run(&cell(at), check_digit.as_deref()));
    let run = run.transpose().map_err(|_| RowProblem::Pupil)?.flatten();
    let name = [columns.name, columns.family].into_iter().flatten().map(cell).collect::<Vec<_>>().join(" ");
    if run.is_none() && name.trim().is_empty() {
        return Err(RowProblem::Pupil);
    }
    Ok(Row { number: row.number, date, course: cell(columns.course), run, name: fold(&name), marked })
}

/// `2026-11-23`, `23-11-2026`, `23/11/2026`: the day before the month, as Chile writes it.
fn date(text: &str) -> Option<NaiveDate> {
    let found = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y"]
        .into_iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
    school_date::date(found).ok()
}

fn marked(text: &str) -> Option<Marked> {
    Some(match fold(text).as_str() {
        "p" | "presente" | "present" => Marked::Present,
        "t" | "atrasado" | "atrasada" | "atraso" | "tarde" | "late" => Marked::Late,
        "a" | "ausente" | "absent" => Marked::Absent,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_run_or_name_and_what_cannot_be_read_is_told_by_its_row() {
        let text = "Fecha;Curso;RUT;Alumno;Estado\r\n23-11-2026;1° Básico A;11.111.111-1;Ana Pérez;Presente\r\n\r\n\
                    2026-11-23;1° Básico A;;PÉREZ SOTO, Luis;A\r\n32-11-2026;1° Básico A;;Ana;P\r\n\
                    23/11/2026;1° Básico A;;Ana;quizás\r\n23/11/2026;1° Básico A;;;P\r\n";
        let list = read(text.as_bytes()).unwrap();
        let told: Vec<_> =
            list.rows.iter().map(|row| (row.number, row.run.is_some(), row.name.as_str(), row.marked)).collect();
        assert_eq!(told, [(2, true, "ana perez", Marked::Present), (4, false, "perez soto luis", Marked::Absent)]);
        assert!(list.rows.iter().all(|row| row.date.to_string() == "2026-11-23"));
        assert_eq!(list.problems, [(5, RowProblem::Date), (6, RowProblem::Mark), (7, RowProblem::Pupil)]);
    }

    #[test]
    fn what_is_pasted_from_a_spreadsheet_has_tabs_and_is_read_too() {
        let list = read("fecha\tcurso\tnombres\tapellidos\tmarca\n2026-11-23\t2° Medio B\tAna\tPérez\tT\n".as_bytes());
        let list = list.unwrap();
        assert_eq!((list.rows[0].name.as_str(), list.rows[0].marked), ("ana perez", Marked::Late));
    }

    #[test]
    fn what_is_no_list_is_said_to_be_none() {
        assert_eq!(read(b"  \n"), Err(ListProblem::Size));
        assert_eq!(read(&vec![b'x'; MAX_BYTES + 1]), Err(ListProblem::Size));
        assert_eq!(read(b"curso;alumno;estado\n"), Err(ListProblem::NoHeader));
        assert_eq!(read(b"fecha;curso;alumno;estado\n\"2026"), Err(ListProblem::OpenQuote));
    }
}
