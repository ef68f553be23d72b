//! Tables as CSV (RFC 4180), for spreadsheet programs and for programs.

use crate::cell::push;
use crate::i18n::Lang;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The media type.
pub const CSV: &str = "text/csv; charset=utf-8";

/// A column: its name for programs, and the key of its words for people.
pub type Column = (&'static str, &'static str);

/// For whom a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// A program: stable names, commas, points.
    Program,
    /// A person with a spreadsheet program set to that language, which in Chile takes semicolons and decimal commas.
    Person(Lang),
}

impl Reader {
    fn delimiter(self) -> char {
        if self == Self::Person(Lang::Es) { ';' } else { ',' }
    }

    /// Tenths as a number with one decimal; nothing of nothing.
    pub fn tenths(self, tenths: Option<u32>) -> String {
        let mark = if self == Self::Person(Lang::Es) { ',' } else { '.' };
        tenths.map(|tenths| format!("{}{mark}{}", tenths / 10, tenths % 10)).unwrap_or_default()
    }

    fn head(self, (name, key): Column) -> String {
        match self {
            Self::Program => name.to_owned(),
            Self::Person(lang) => lang.t(key),
        }
    }
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    reader: Reader,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// A table of these columns.
    pub fn new(reader: Reader, columns: impl IntoIterator<Item = Column>, rows: Vec<Vec<String>>) -> Self {
        Self { reader, heads: columns.into_iter().map(|column| reader.head(column)).collect(), rows }
    }

    /// Its text. A spreadsheet program takes the byte order mark for what says that it is UTF-8.
    pub fn text(&self) -> String {
        let mut text = String::from(if self.reader == Reader::Program { "" } else { "\u{FEFF}" });
        for row in std::iter::once(&self.heads).chain(&self.rows) {
            for (at, cell) in row.iter().enumerate() {
                if at > 0 {
                    text.push(self.reader.delimiter());
                }
                push(&mut text, cell, self.reader.delimiter());
            }
            text.push_str("\r\n");
        }
        text
    }

    /// It as a file of that name.
    pub fn response(&self, name: &str) -> Response {
        let mut response =
            ([(header::CONTENT_TYPE, CSV), (header::CACHE_CONTROL, "no-store")], self.text()).into_response();
        if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\"")) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// Whether the caller would have CSV: it names it and does not name JSON before it (RFC 9110, 12.5.1).
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        accepted.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.find(|kind| matches!(*kind, "text/csv" | "application/json")).is_some_and(|kind| kind == "text/csv")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::key;

    fn of(reader: Reader, cells: &[&str]) -> String {
        let row = cells.iter().map(ToString::to_string).collect();
        let text = Sheet::new(reader, [], vec![row]).text();
        text.trim_start_matches('\u{FEFF}').trim_start_matches("\r\n").trim_end_matches("\r\n").to_owned()
    }

    #[test]
    fn a_cell_that_begins_like_a_formula_is_a_text() {
        let text = of(Reader::Program, &["=1+1", "+56 9", "-2", "@SUM(A1)", " =1", "\tx", "1-1", "a=b"]);
        assert_eq!(text, "'=1+1,'+56 9,'-2,'@SUM(A1),' =1,\"'\tx\",1-1,a=b");
    }

    #[test]
    fn cells_are_quoted_where_they_must_be_and_read_back_as_they_were() {
        let cells = ["a;b", "c,d", "e\"f", "g\r\nh", "ñ 1°"];
        for reader in [Reader::Program, Reader::Person(Lang::Es)] {
            let rows = crate::import::sheet::split(&of(reader, &cells), reader.delimiter()).unwrap();
            assert_eq!(rows[0].cells, cells);
        }
    }

    #[test]
    fn a_person_s_sheet_has_words_and_the_marks_of_the_language_and_a_program_s_has_stable_names() {
        let sheet = |reader: Reader| {
            Sheet::new(
                reader,
                [("date", key("reports-date")), ("rate", key("reports-rate"))],
                vec![vec!["2026-11-23".to_owned(), reader.tenths(Some(849))]],
            )
            .text()
        };
        assert_eq!(sheet(Reader::Program), "date,rate\r\n2026-11-23,84.9\r\n");
        assert_eq!(sheet(Reader::Person(Lang::Es)), "\u{FEFF}Fecha;Porcentaje de ingresos\r\n2026-11-23;\"84,9\"\r\n");
        assert_eq!(Reader::Program.tenths(None), "");
    }

    #[test]
    fn csv_is_given_to_whoever_names_it_first() {
        let wanted =
            |accept: &'static str| is_wanted(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]));
        assert!(wanted("text/csv") && wanted("text/csv; charset=utf-8, application/json") && wanted("*/*, text/csv"));
        assert!(!wanted("application/json") && !wanted("application/json, text/csv") && !wanted("*/*"));
        assert!(!is_wanted(&HeaderMap::new()));
    }
}
