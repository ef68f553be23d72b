//! Which pupil and course each row means, and what becomes of the row.

use super::guardians::{Placed, SetBy};
use super::names::{full_name, keep_better};
use super::{CourseRef, Field, Outcome, Plan, PupilWork};
use crate::use_cases::import_roster::problem::{Place, Problem, ProblemKind};
use crate::use_cases::import_roster::register::{KnownPupil, Register};
use crate::use_cases::import_roster::row::{Line, PupilCells, Row};
use domain::values::national_id::NationalId;
use domain::{GuardianId, StudentId};
use std::collections::{HashMap, HashSet};

/// Goes through the rows in the order of the file.
pub(super) struct Planner<'a> {
    pub(super) register: &'a Register,
    year: i32,
    pub(super) plan: Plan,
    new_courses: HashMap<String, usize>,
    /// What the file holds, to tell a pupil without RUN who moved from two of one name.
    file_runs: HashSet<String>,
    file_names: HashSet<(String, String)>,
    seen_runs: HashMap<String, u32>,
    /// By folded name and course: the row, and whether it has a RUN.
    seen_names: HashMap<(String, String), Vec<(u32, bool)>>,
    claimed: HashMap<StudentId, u32>,
    /// Per entry of `plan.guardians`: the first row that set its name, phone, mail.
    pub(super) set_by: Vec<SetBy>,
    pub(super) guardian_of: HashMap<GuardianId, usize>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(lines: &[Line], register: &'a Register, year: i32) -> Self {
        let rows = || lines.iter().filter_map(|l| if let Line::Row(row) = l { Some(row) } else { None });
        Self {
            register,
            year,
            plan: Plan { erased: register.erased(), ..Plan::default() },
            new_courses: HashMap::new(),
            file_runs: rows().filter_map(|r| r.pupil.national_id.as_ref()).map(NationalId::normal).collect(),
            file_names: rows().map(|r| (full_name(&r.pupil), r.course.key(year))).collect(),
            seen_runs: HashMap::new(),
            seen_names: HashMap::new(),
            claimed: HashMap::new(),
            set_by: Vec::new(),
            guardian_of: HashMap::new(),
        }
    }

    /// Decides a row without touching the plan, then enters it: an error leaves no trace.
    pub(super) fn row(&mut self, row: &Row) -> Result<Outcome, Vec<Problem>> {
        let name = full_name(&row.pupil);
        let course_key = row.course.key(self.year);
        self.refuse_repeated(row, &name, &course_key).map_err(|p| vec![p])?;
        let known = self.find_pupil(&row.pupil, &name, &course_key).map_err(|p| vec![p])?;
        if let Some(pupil) = known {
            if let Some(first_row) = self.claimed.insert(pupil.id, row.number) {
                return Err(vec![Problem::at(Place::Names, ProblemKind::AmbiguousPupil { first_row })]);
            }
            if pupil.withdrawn {
                return Err(vec![Problem::at(Place::Row, ProblemKind::PupilWithdrawn)]);
            }
            if pupil.course_year.is_some_and(|year| year > self.year) {
                return Err(vec![Problem::at(Place::Course, ProblemKind::LaterYear)]);
            }
        }
        let mut problems = Vec::new();
        let mut placed: Vec<Placed> = Vec::new();
        for cells in &row.guardians {
            match self.place_guardian(cells, known, row.number, &placed) {
                Ok(one) => match placed.iter_mut().find(|p| p.index == one.index) {
                    Some(same) => (same.work, same.set_by) = (one.work, one.set_by),
                    None => placed.push(one),
                },
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(self.enter(row, known, placed))
    }

    fn refuse_repeated(&mut self, row: &Row, name: &str, course: &str) -> Result<(), Problem> {
        let run = row.pupil.national_id.as_ref().map(NationalId::normal);
        if let Some(run) = &run {
            if let Some(first_row) = self.seen_runs.get(run) {
                return Err(Problem::at(Place::Run, ProblemKind::DuplicateRun { first_row: *first_row }));
            }
            self.seen_runs.insert(run.clone(), row.number);
        }
        let seen = self.seen_names.entry((name.to_owned(), course.to_owned())).or_default();
        let twin = seen.iter().find(|(_, has_run)| run.is_none() || !has_run).map(|(first, _)| *first);
        seen.push((row.number, run.is_some()));
        match twin {
            Some(first_row) => Err(Problem::at(Place::Names, ProblemKind::AmbiguousPupil { first_row })),
            None => Ok(()),
        }
    }

    /// The registered pupil that the row means: by RUN, else by name and course.
    fn find_pupil(&self, cells: &PupilCells, name: &str, course: &str) -> Result<Option<&'a KnownPupil>, Problem> {
        let run = cells.national_id.as_ref().map(NationalId::normal);
        if let Some(run) = &run
            && let Some(pupil) = self.register.pupil_by_run(run)
        {
            return Ok(Some(pupil));
        }
        let named = self.register.pupils_named(name);
        let here =
            |p: &&KnownPupil| p.course_key.as_deref() == Some(course) && (run.is_none() || p.national_id.is_none());
        let mut in_course = named.iter().copied().filter(here);
        match (in_course.next(), in_course.next()) {
            (Some(pupil), None) => return Ok(Some(pupil)),
            (Some(_), Some(_)) => return Err(Problem::at(Place::Names, ProblemKind::AmbiguousRegistered)),
            (None, _) => {}
        }
        let elsewhere = |p: &&&KnownPupil| {
            let in_file = p.national_id.as_ref().is_some_and(|run| self.file_runs.contains(run))
                || p.course_key.as_ref().is_some_and(|c| self.file_names.contains(&(name.to_owned(), c.clone())));
            !p.withdrawn && !in_file && (run.is_none() || p.national_id.is_none())
        };
        match named.iter().find(elsewhere) {
            Some(_) => Err(Problem::at(Place::Names, ProblemKind::AmbiguousMove)),
            None => Ok(None),
        }
    }

    fn enter(&mut self, row: &Row, known: Option<&KnownPupil>, placed: Vec<Placed>) -> Outcome {
        let key = row.course.key(self.year);
        let course = match (self.register.course(&key), self.new_courses.get(&key)) {
            (Some(id), _) => CourseRef::Known(id),
            (None, Some(index)) => CourseRef::New(*index),
            (None, None) => {
                let index = self.plan.courses.len();
                self.plan.courses.push(row.course.clone());
                self.new_courses.insert(key, index);
                CourseRef::New(index)
            }
        };
        let mut work = PupilWork {
            known: known.map(|p| p.id),
            sequence: known.map_or(0, |p| p.sequence),
            pupil: row.pupil.clone(),
            course,
            course_name: row.course.to_string(),
            moves: false,
            details: false,
            card: known.is_none_or(|p| !p.has_card),
            links: Vec::new(),
            guardians: Vec::new(),
            fields: Vec::new(),
            kept_unlinked: 0,
        };
        if let Some(pupil) = known {
            work.moves = course != pupil.course_id.map_or(CourseRef::New(usize::MAX), CourseRef::Known);
            keep_better(&pupil.given_names, &mut work.pupil.given_names);
            keep_better(&pupil.family_names, &mut work.pupil.family_names);
            let names =
                (&work.pupil.given_names, &work.pupil.family_names) != (&pupil.given_names, &pupil.family_names);
            let run = work.pupil.national_id.is_some() && pupil.national_id.is_none();
            if work.pupil.national_id.is_none() {
                // An empty cell says nothing: corrected names do not take the RUN away.
                work.pupil.national_id = pupil.national_id.as_deref().and_then(|id| NationalId::parse(id).ok());
            }
            work.details = names || run;
            for (is, field) in
                [(run, Field::Run), (names, Field::Names), (work.moves, Field::Course), (work.card, Field::Card)]
            {
                if is {
                    work.fields.push(field);
                }
            }
        }
        self.enter_guardians(known, placed, &mut work);
        match (known, work.fields.is_empty()) {
            (None, _) => Outcome::Create(work),
            (Some(_), false) => Outcome::Change(work),
            (Some(_), true) => Outcome::Nothing(work),
        }
    }
}
