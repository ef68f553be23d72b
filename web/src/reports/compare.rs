//! A class list beside what the gate knows of the same days.

use super::class_list::{List, Row, RowProblem};
use crate::AppState;
use crate::names::{PersonName, SchoolNames};
use chrono::NaiveDate;
use commands::StoreError;
use commands::directory::Kind;
use commands::use_cases::{CourseLabel, fold};
use domain::class_list::{Difference, Marked, difference};
use domain::{CourseId, SchoolId, StudentId};
use projections::live::reports::{Everybody, MAX_DAYS, PupilDate, everybody};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Rows that were compared.
    pub compared: usize,
    /// Where the two do not agree: by date, kind, course and pupil.
    pub differences: Vec<Found>,
    /// Pupils of the listed courses and days of whom the list says nothing, who were expected or came.
    pub unlisted: Vec<Unlisted>,
    /// Rows that were not compared.
    pub problems: Vec<(u32, RowProblem)>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The row of the list.
    pub row: u32,
    /// What it is.
    pub difference: Difference,
    /// What was marked.
    pub marked: Marked,
    /// The pupil.
    pub student_id: StudentId,
    /// The course.
    pub course: String,
    /// What the gate knows.
    pub day: PupilDate,
}

/// A pupil who is not in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Unlisted {
    /// The school day.
    pub date: NaiveDate,
    /// The pupil.
    pub student_id: StudentId,
    /// The course.
    pub course: String,
}

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The read models cannot be asked.
    #[error(transparent)]
    Rows(#[from] sqlx::Error),
    /// The directory cannot be asked.
    #[error(transparent)]
    Directory(#[from] StoreError),
    /// Nor can the names.
    #[error(transparent)]
    Names(#[from] crate::names::NamesError),
}

/// Compares a list with the days of the school. Its first date says which month; of a list of several months the rows
/// of the others are told and not compared.
pub async fn compare(state: &AppState, school: SchoolId, list: List) -> Result<Comparison, CompareError> {
    let mut problems = list.problems;
    let dates = dates(&list.rows);
    let Some((from, to)) = dates else {
        return Ok(Comparison { compared: 0, differences: vec![], unlisted: vec![], problems });
    };
    let (rows, others): (Vec<Row>, Vec<Row>) = list.rows.into_iter().partition(|row| (from..=to).contains(&row.date));
    problems.extend(others.into_iter().map(|row| (row.number, RowProblem::OtherDates)));
    let mut tx = state.pools.request.snapshot(school).await?;
    let Some(known) = everybody(&mut tx, (from, to), state.clock.now()).await? else {
        return Ok(Comparison { compared: 0, differences: vec![], unlisted: vec![], problems });
    };
    drop(tx);
    let names = state.names.of_school(school).await?;
    let runs: Vec<String> =
        rows.iter().map(|row| row.run.as_ref().map(|run| run.normal()).unwrap_or_default()).collect();
    let runs = state.write.directory().find_many(school, Kind::NationalId, &runs).await?;
    let runs: Vec<Option<StudentId>> =
        runs.into_iter().map(|entry| entry.map(|entry| StudentId(entry.subject))).collect();
    Ok(compared(&known, &names, &rows, &runs, problems))
}

/// From the first date to the last one within a month of it.
fn dates(rows: &[Row]) -> Option<(NaiveDate, NaiveDate)> {
    let from = rows.iter().map(|row| row.date).min()?;
    let last = rows.iter().map(|row| row.date).filter(|date| (*date - from).num_days() < MAX_DAYS).max()?;
    Some((from, last))
}

/// A course as people write it in several ways: `1º básico A`, `1° Básico A`.
fn course_key(name: &str) -> String {
    CourseLabel::parse(name).map_or_else(|| fold(name), |label| label.key(0))
}

fn compared(
    known: &Everybody,
    names: &SchoolNames,
    rows: &[Row],
    runs: &[Option<StudentId>],
    mut problems: Vec<(u32, RowProblem)>,
) -> Comparison {
    let by_name = by_name(known, names);
    let mut seen: HashSet<(NaiveDate, StudentId)> = HashSet::new();
    let mut listed: HashSet<(NaiveDate, CourseId)> = HashSet::new();
    let mut differences = Vec::new();
    for (row, run) in rows.iter().zip(runs) {
        let found = match run {
            Some(student) => Ok(*student),
            None => match by_name
                .get(&(row.date, course_key(&row.course), row.name.clone()))
                .map(|who| who.iter().collect::<Vec<_>>())
            {
                Some(who) if who.len() > 1 => Err(RowProblem::SeveralPupils),
                Some(who) => who.first().map(|student| **student).ok_or(RowProblem::UnknownPupil),
                None => Err(RowProblem::UnknownPupil),
            },
        };
        let day = found.and_then(|student| {
            let day = known.days.get(&(row.date, student)).ok_or(RowProblem::UnknownPupil)?;
            if seen.insert((row.date, student)) { Ok((student, day)) } else { Err(RowProblem::Repeated) }
        });
        match day {
            Err(problem) => problems.push((row.number, problem)),
            Ok((student_id, (course, day))) => {
                listed.insert((row.date, *course));
                if let Some(difference) = difference(row.marked, &day.status, day.first_entry.is_some()) {
                    let course = known.courses.get(course).cloned().unwrap_or_default();
                    let (row, marked) = (row.number, row.marked);
                    differences.push(Found { row, difference, marked, student_id, course, day: day.clone() });
                }
            }
        }
    }
    differences.sort_by(|a, b| {
        let key = |found: &Found| (found.day.date, found.difference, found.row);
        key(a).cmp(&key(b)).then_with(|| a.course.cmp(&b.course))
    });
    let unlisted = known.days.iter().filter(|((date, student), (course, day))| {
        let counts = domain::entry_rate::Outcome::of(&day.status).is_some() || day.first_entry.is_some();
        counts && listed.contains(&(*date, *course)) && !seen.contains(&(*date, *student))
    });
    let unlisted = unlisted.map(|((date, student_id), (course, _))| Unlisted {
        date: *date,
        student_id: *student_id,
        course: known.courses.get(course).cloned().unwrap_or_default(),
    });
    problems.sort_by_key(|(row, _)| *row);
    Comparison { compared: seen.len(), unlisted: unlisted.collect(), differences, problems }
}

/// Who is called so in a course on a date, names before family names and the other way round.
fn by_name(known: &Everybody, names: &SchoolNames) -> HashMap<(NaiveDate, String, String), BTreeSet<StudentId>> {
    let keys: HashMap<CourseId, String> = known.courses.iter().map(|(id, name)| (*id, course_key(name))).collect();
    let mut found: HashMap<(NaiveDate, String, String), BTreeSet<StudentId>> = HashMap::new();
    for ((date, student), (course, _)) in &known.days {
        let (Some(key), PersonName::Known { given, family }) = (keys.get(course), names.of(*student)) else { continue };
        for name in [format!("{given} {family}"), format!("{family} {given}")] {
            found.entry((*date, key.clone(), fold(&name))).or_default().insert(*student);
        }
    }
    found
}
