//! Text → rows of cells, numbered as a spreadsheet program shows them.
//!
//! A splitter of our own: the usual CSV reader skips blank lines and counts physical lines, and a
//! person who looks for "row 214" in Excel must find that row even after blank lines and cells with
//! line breaks.

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetRow {
    /// Number as Excel shows it: the first row is 1.
    pub number: u32,
    /// Cells, as written.
    pub cells: Vec<String>,
}

/// Why a file is no sheet.
#[derive(Debug, Clone, PartialEq)]
pub enum SheetError {
    /// A quoted cell that begins in this row never ends.
    OpenQuote {
        /// Row as Excel shows it.
        row: u32,
    },
}

/// Splits by RFC 4180 as spreadsheet programs write it: `"` quotes, doubled inside; any of `\r\n`,
/// `\n`, `\r` ends a row; a quote in the middle of a cell is an ordinary character. A first line
/// `sep=;` is an instruction to Excel, not a row.
pub fn split(text: &str, delimiter: char) -> Result<Vec<SheetRow>, SheetError> {
    let text = separator_line(text).map_or(text, |(_, rest)| rest);
    let mut rows = Vec::new();
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut was_quoted = false;
    let mut chars = text.chars().peekable();
    let mut number = 1_u32;
    while let Some(c) = chars.next() {
        if quoted {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => quoted = false,
                c => cell.push(c),
            }
        } else if c == '"' && cell.trim().is_empty() && !was_quoted {
            cell.clear();
            quoted = true;
            was_quoted = true;
        } else if c == delimiter {
            cells.push(std::mem::take(&mut cell));
            was_quoted = false;
        } else if c == '\n' || c == '\r' {
            if c == '\r' && chars.peek() == Some(&'\n') {
                chars.next();
            }
            cells.push(std::mem::take(&mut cell));
            was_quoted = false;
            rows.push(SheetRow { number, cells: std::mem::take(&mut cells) });
            number = number.saturating_add(1);
        } else {
            cell.push(c);
        }
    }
    if quoted {
        return Err(SheetError::OpenQuote { row: number });
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        rows.push(SheetRow { number, cells });
    }
    Ok(rows)
}

/// The delimiter named by a `sep=;` line, and the text after that line.
pub fn separator_line(text: &str) -> Option<(char, &str)> {
    let rest = text.strip_prefix("sep=").or_else(|| text.strip_prefix("SEP="))?;
    let mut chars = rest.chars();
    let delimiter = chars.next()?;
    let rest = chars.as_str();
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).or_else(|| rest.strip_prefix('\r'))?;
    Some((delimiter, rest))
}

/// The name that a spreadsheet gives the column: 0 → `A`, 26 → `AA`.
pub fn column_letters(index: usize) -> String {
    let higher = std::iter::successors(Some(index), |index| (index / 26).checked_sub(1));
    let letters: Vec<char> = higher.filter_map(|index| ('A'..='Z').nth(index % 26)).collect();
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn cells(text: &str, delimiter: char) -> Vec<(u32, Vec<String>)> {
        split(text, delimiter).unwrap().into_iter().map(|r| (r.number, r.cells)).collect()
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn rows_are_numbered_as_excel_shows_them_across_blank_lines_and_line_breaks_in_cells() {
        assert_eq!(
            cells("a;b\r\n\r\n\"c\nc\";\"d;\"\"d\"\"\"\r\ne;f", ';'),
            [row(1, &["a", "b"]), row(2, &[""]), row(3, &["c\nc", "d;\"d\""]), row(4, &["e", "f"])]
        );
    }

    #[test]
    fn a_separator_line_is_not_a_row() {
        assert_eq!(cells("sep=;\r\na;b\r\n", ';'), [row(1, &["a", "b"])]);
    }

    #[test]
    fn a_quote_inside_a_word_is_a_character() {
        assert_eq!(cells("O\"Higgins,x\n", ','), [row(1, &["O\"Higgins", "x"])]);
    }

    #[test]
    fn a_quote_that_never_ends_is_named_with_its_row() {
        assert_eq!(split("a,b\n\"c,d\n", ','), Err(SheetError::OpenQuote { row: 2 }));
    }

    #[test]
    fn columns_are_named_as_excel_names_them() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(column_letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
