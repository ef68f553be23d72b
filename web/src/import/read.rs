//! A file → typed rows, each with everything that is wrong with it.

use super::cells;
use super::header::{Field, GuardianField, Layout, find};
use super::sheet::{SheetError, SheetRow, separator_line, split};
use super::text::decode;
use commands::use_cases::import_roster::{GuardianCells, Line, Place, Problem, ProblemKind, PupilCells, Row};
use commands::use_cases::{CourseLabel, fold};

/// The largest file taken: a list of a thousand pupils has 200 kB.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A list as it was read.
#[derive(Debug)]
pub struct List {
    /// Its columns.
    pub layout: Layout,
    /// WHATWG name of its encoding.
    pub encoding: &'static str,
    /// What separates its cells.
    pub delimiter: char,
    /// Its rows, without blank ones, totals and repeated headers.
    pub lines: Vec<Line>,
    /// How many of those were left out.
    pub skipped: usize,
}

/// Why a file is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileProblem {
    /// Nothing in it.
    Empty,
    /// A workbook of a spreadsheet program; it has to be saved as CSV.
    Workbook,
    /// Larger than [`MAX_BYTES`].
    TooLarge,
    /// No row names a column for the pupil's name and one for the course.
    NoHeader,
    /// A quoted cell never ends.
    OpenQuote {
        /// The row in which it begins.
        row: u32,
    },
}

impl FileProblem {
    /// The stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "file_empty",
            Self::Workbook => "file_is_workbook",
            Self::TooLarge => "file_too_large",
            Self::NoHeader => "file_without_header",
            Self::OpenQuote { .. } => "file_with_open_quote",
        }
    }
}

/// Reads a list. The delimiter is the one that makes most headers understood.
pub fn read(bytes: &[u8]) -> Result<List, FileProblem> {
    if bytes.len() > MAX_BYTES {
        return Err(FileProblem::TooLarge);
    }
    // xlsx and ods are zip files; xls is an OLE file.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(FileProblem::Workbook);
    }
    let decoded = decode(bytes);
    if decoded.text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let delimiters = match separator_line(&decoded.text) {
        Some((delimiter, _)) => vec![delimiter],
        None => vec![';', ',', '\t', '|'],
    };
    let mut best: Option<(usize, char, Vec<SheetRow>, Layout)> = None;
    let mut open_quote = None;
    for delimiter in delimiters {
        match split(&decoded.text, delimiter) {
            Err(SheetError::OpenQuote { row }) => open_quote = open_quote.or(Some(row)),
            Ok(rows) => {
                if let Some(layout) = find(&rows)
                    && best.as_ref().is_none_or(|(score, ..)| layout.score() > *score)
                {
                    best = Some((layout.score(), delimiter, rows, layout));
                }
            }
        }
    }
    let Some((_, delimiter, rows, layout)) = best else {
        return Err(open_quote.map_or(FileProblem::NoHeader, |row| FileProblem::OpenQuote { row }));
    };
    let mut lines = Vec::with_capacity(rows.len());
    let mut skipped = 0;
    for row in rows.iter().filter(|r| r.number > layout.row) {
        if is_no_pupil(row, &layout) {
            skipped = usize::saturating_add(skipped, 1);
        } else {
            lines.push(line(row, &layout));
        }
    }
    Ok(List { layout, encoding: decoded.encoding, delimiter, lines, skipped })
}

/// A blank row, a total below the list, or the header printed again on the next page.
fn is_no_pupil(row: &SheetRow, layout: &Layout) -> bool {
    let filled: Vec<&str> = row.cells.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
    let Some(first) = filled.first() else { return true };
    let cell = |field| layout.column(field).and_then(|i| row.cells.get(i)).map(|c| c.trim()).unwrap_or_default();
    let total = fold(first);
    let is_total = total == "total" || total.starts_with("total ") || total.starts_with("cantidad ");
    let fields = cell(Field::Course).is_empty() || cell(Field::Run).is_empty();
    (is_total && fields && filled.len() <= 3) || row.cells == layout.headers
}

fn line(row: &SheetRow, layout: &Layout) -> Line {
    let mut problems = Vec::new();
    let reader = Reader { row, layout };
    let number = row.number;
    if row.cells.iter().skip(layout.headers.len()).any(|c| !c.trim().is_empty()) {
        // Every column after the stray separator has moved: nothing in the row can be trusted.
        let problems = vec![Problem::at(Place::Row, ProblemKind::TooManyCells)];
        return Line::Bad { number, problems };
    }
    let mut keep = |place, outcome: Result<_, ProblemKind>| match outcome {
        Ok(value) => Some(value),
        Err(kind) => {
            problems.push(Problem::at(place, kind));
            None
        }
    };
    let run = cells::run(reader.cell(Field::Run), reader.optional(Field::CheckDigit));
    let run = match run {
        Ok(run) => Some(run),
        Err(kind) => {
            keep(Place::Run, Err(kind));
            None
        }
    };
    let names = reader.names(&mut keep);
    let course = match reader.course() {
        Ok(course) => Some(course),
        Err(kind) => {
            keep(Place::Course, Err(kind));
            None
        }
    };
    let mut guardians = Vec::new();
    for n in 0..layout.guardians {
        match reader.guardian(n) {
            Ok(guardian) => guardians.extend(guardian),
            Err(more) => problems.extend(more),
        }
    }
    match (run, names, course) {
        (Some(national_id), Some((given_names, family_names)), Some(course)) if problems.is_empty() => {
            let pupil = PupilCells { national_id, given_names, family_names };
            Line::Row(Row { number, pupil, course, guardians })
        }
        _ => Line::Bad { number, problems },
    }
}

struct Reader<'a> {
    row: &'a SheetRow,
    layout: &'a Layout,
}

impl Reader<'_> {
    fn optional(&self, field: Field) -> Option<&str> {
        let cell = self.row.cells.get(self.layout.column(field)?)?;
        Some(cell.as_str())
    }

    fn cell(&self, field: Field) -> &str {
        self.optional(field).unwrap_or_default()
    }

    fn names(
        &self,
        keep: &mut impl FnMut(Place, Result<String, ProblemKind>) -> Option<String>,
    ) -> Option<(String, String)> {
        for (field, family_first) in [(Field::FullName, false), (Field::FullNameFamilyFirst, true)] {
            if self.layout.column(field).is_some() {
                let whole = keep(Place::Names, filled(cells::name(self.cell(field))))?;
                return match cells::split_name(&whole, family_first) {
                    Ok(names) => Some(names),
                    Err(kind) => {
                        keep(Place::Names, Err(kind));
                        None
                    }
                };
            }
        }
        let joined = |fields: &[Field]| -> Result<String, ProblemKind> {
            let parts = fields.iter().map(|f| cells::name(self.cell(*f))).collect::<Result<Vec<_>, _>>()?;
            Ok(parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" "))
        };
        let given = keep(Place::Names, filled(joined(&[Field::Given, Field::SecondGiven])));
        let family = keep(Place::Family, filled(joined(&[Field::Family, Field::Paternal, Field::Maternal])));
        given.zip(family)
    }

    fn course(&self) -> Result<CourseLabel, ProblemKind> {
        let whole = [Field::Course, Field::Grade, Field::Letter].map(|f| cells::clean(self.cell(f)));
        let [course, grade, letter] = &whole;
        let text = match (course.is_empty(), grade.is_empty()) {
            (true, true) => return Err(ProblemKind::CourseMissing),
            (false, _) => match CourseLabel::parse(course) {
                Some(label) if label.letter.is_empty() && !letter.is_empty() => format!("{course} {letter}"),
                Some(label) => return Ok(label),
                // "Curso" holds the letter only, beside "Nivel" or "Grado".
                None if !grade.is_empty() => format!("{grade} {course}"),
                None => return Err(ProblemKind::CourseUnreadable),
            },
            (true, false) => format!("{grade} {letter}"),
        };
        CourseLabel::parse(&text).ok_or(ProblemKind::CourseUnreadable)
    }

    fn guardian(&self, n: usize) -> Result<Option<GuardianCells>, Vec<Problem>> {
        let cell = |field| self.cell(Field::Guardian(n, field));
        let mut problems = Vec::new();
        let mut name = String::new();
        for field in [GuardianField::Name, GuardianField::Family, GuardianField::Maternal] {
            match cells::name(cell(field)) {
                Ok(part) if part.is_empty() => {}
                Ok(part) => {
                    if !name.is_empty() {
                        name.push(' ');
                    }
                    name.push_str(&part);
                }
                Err(kind) => problems.push(Problem::at(Place::GuardianName(n), kind)),
            }
        }
        let dv = self.optional(Field::Guardian(n, GuardianField::CheckDigit));
        let national_id = cells::run(cell(GuardianField::Run), dv)
            .map_err(|kind| problems.push(Problem::at(Place::GuardianRun(n), kind)))
            .unwrap_or_default();
        let phone = cells::phone(cell(GuardianField::Phone))
            .map_err(|kind| problems.push(Problem::at(Place::GuardianPhone(n), kind)))
            .unwrap_or_default();
        let mail = cells::mail(cell(GuardianField::Mail))
            .map_err(|kind| problems.push(Problem::at(Place::GuardianMail(n), kind)))
            .unwrap_or_default();
        if problems.is_empty() && name.is_empty() && (national_id.is_some() || phone.is_some() || mail.is_some()) {
            problems.push(Problem::at(Place::GuardianName(n), ProblemKind::GuardianNameMissing));
        }
        match (problems.is_empty(), name.is_empty()) {
            (false, _) => Err(problems),
            (true, true) => Ok(None),
            (true, false) => Ok(Some(GuardianCells { place: n, name, national_id, phone, mail })),
        }
    }
}

fn filled(name: Result<String, ProblemKind>) -> Result<String, ProblemKind> {
    name.and_then(|name| if name.is_empty() { Err(ProblemKind::NameMissing) } else { Ok(name) })
}
