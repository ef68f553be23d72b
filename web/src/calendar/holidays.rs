//! A country's holidays, a file a year (`web/data/holidays`): data with their sources, never computed. What a file
//! holds is entered into a school's own calendar once, by a person, and is that school's to change afterwards.
//!
//! How to add one more year: its file, and a line in [`shipped`].

use chrono::{Datelike, NaiveDate};

/// Everybody's.
pub const NATIONAL: &str = "national";

/// A line of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holiday {
    /// The local date.
    pub date: NaiveDate,
    /// As it is called.
    pub name: String,
    /// [`NATIONAL`], or whom alone it is for: `region:AP`.
    pub scope: String,
    /// The law, if it is known.
    pub law: Option<String>,
}

/// What is wrong with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Wrong {
    /// Counting from one.
    pub line: usize,
    /// What.
    pub what: What,
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum What {
    /// Not date, name, scope, law.
    #[error("not date,name,scope,law")]
    Fields,
    /// Not a date of the year.
    #[error("not a date of that year, such as 2026-12-25")]
    Date,
    /// No name, or no scope.
    #[error("a name and a scope are needed")]
    Empty,
}

/// The file that this program carries for a year.
pub fn shipped(year: i32) -> Option<&'static str> {
    match year {
        2026 => Some(include_str!("../../data/holidays/cl-2026.csv")),
        2027 => Some(include_str!("../../data/holidays/cl-2027.csv")),
        _ => None,
    }
}

/// The holidays of a file, in the order of their dates. Lines that begin with `#`, empty ones and the header are none.
pub fn parse(text: &str, year: i32) -> Result<Vec<Holiday>, Wrong> {
    let mut found = Vec::new();
    for (n, line) in text.trim_start_matches('\u{FEFF}').lines().enumerate() {
        let line_text = line.trim();
        if line_text.is_empty() || line_text.starts_with('#') || line_text == "date,name,scope,law" {
            continue;
        }
        let wrong = |what| Wrong { line: n + 1, what };
        let fields: Vec<&str> = line_text.split(',').map(str::trim).collect();
        let [date, name, scope, law] = fields[..] else { return Err(wrong(What::Fields)) };
        let date: NaiveDate = date.parse().map_err(|_| wrong(What::Date))?;
        if date.year() != year {
            return Err(wrong(What::Date));
        }
        if name.is_empty() || scope.is_empty() {
            return Err(wrong(What::Empty));
        }
        let law = Some(law.to_owned()).filter(|law| !law.is_empty());
        found.push(Holiday { date, name: name.to_owned(), scope: scope.to_owned(), law });
    }
    found.sort_by_key(|holiday| holiday.date);
    Ok(found)
}

/// Those that a school has: everybody's, and those of the scopes that it names.
pub fn of_school(all: Vec<Holiday>, also: &[String]) -> Vec<Holiday> {
    all.into_iter().filter(|holiday| holiday.scope == NATIONAL || also.contains(&holiday.scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Weekday;
    use std::collections::BTreeSet;

    fn date(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn every_shipped_file_reads_and_says_where_it_comes_from() {
        for (year, national, regional) in [(2026, 16, 2), (2027, 17, 2)] {
            let text = shipped(year).unwrap();
            assert!(text.starts_with('#') && text.contains("Sources:"), "{year}");
            let all = parse(text, year).unwrap();
            let dates: BTreeSet<_> = all.iter().map(|h| h.date).collect();
            assert_eq!(dates.len(), all.len(), "{year}: a date once");
            let (of_all, of_some): (Vec<_>, Vec<_>) = all.into_iter().partition(|h| h.scope == NATIONAL);
            assert_eq!((of_all.len(), of_some.len()), (national, regional), "{year}");
            assert!(of_all.iter().all(|h| h.law.is_some()), "{year}: a national one names its law");
            for h in of_all.iter().chain(&of_some) {
                let name = domain::values::name::clean_up_to(&h.name, domain::calendar::MAX_HOLIDAY_NAME);
                assert_eq!(name.as_deref(), Ok(h.name.as_str()), "the log takes it as it is");
            }
        }
        assert_eq!(shipped(1999), None);
    }

    /// Those that move say whether a file was copied from the wrong year.
    #[test]
    fn what_moves_is_on_its_day_of_the_week() {
        for (year, peter, worlds, friday) in [
            (2026, date(2026, 6, 29), date(2026, 10, 12), date(2026, 4, 3)),
            (2027, date(2027, 6, 28), date(2027, 10, 11), date(2027, 3, 26)),
        ] {
            let all = parse(shipped(year).unwrap(), year).unwrap();
            let on = |name: &str| all.iter().find(|h| h.name == name).unwrap().date;
            assert_eq!((on("San Pedro y San Pablo"), peter.weekday()), (peter, Weekday::Mon));
            assert_eq!((on("Encuentro de Dos Mundos"), worlds.weekday()), (worlds, Weekday::Mon));
            assert_eq!((on("Viernes Santo"), friday.weekday()), (friday, Weekday::Fri));
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told_by_its_number() {
        let wrong = |text: &str| parse(text, 2026).unwrap_err();
        assert_eq!(wrong("# x\n2026-12-25,Navidad,national"), Wrong { line: 2, what: What::Fields });
        assert_eq!(wrong("2025-12-25,Navidad,national,"), Wrong { line: 1, what: What::Date });
        assert_eq!(wrong("25-12-2026,Navidad,national,"), Wrong { line: 1, what: What::Date });
        assert_eq!(wrong("2026-12-25,,national,"), Wrong { line: 1, what: What::Empty });
    }

    #[test]
    fn what_is_for_others_is_left_out_unless_it_is_asked_for() {
        let all = parse("2026-06-07,Morro,region:AP,\n2026-05-01,Trabajo,national,Ley", 2026).unwrap();
        let names = |also: &[&str]| {
            let also: Vec<String> = also.iter().map(|s| (*s).to_owned()).collect();
            of_school(all.clone(), &also).into_iter().map(|h| h.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["Trabajo"]);
        assert_eq!(names(&["region:AP"]), ["Trabajo", "Morro"]);
        assert_eq!(names(&["region:RM"]), ["Trabajo"]);
    }
}
