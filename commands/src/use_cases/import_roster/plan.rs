//! What an import would change: a pure function of the rows and of what exists.
//!
//! Rules: a row with an error is skipped whole; an empty cell says nothing; nobody is ever withdrawn,
//! unlinked or deleted; a link that a person ended is not made again; planning a second time after
//! everything was applied gives nothing.

use super::problem::{Place, Problem, ProblemKind};
use super::register::{KnownGuardian, KnownPupil, Register};
use super::row::{GuardianCells, Line, PupilCells, Row};
use crate::use_cases::course_label::CourseLabel;
use crate::use_cases::people::fold;
use domain::student::GuardianRights;
use domain::values::national_id::NationalId;
use domain::{CourseId, GuardianId, StudentId};
use std::collections::{HashMap, HashSet};

/// Everything that would be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Courses to open, in the order of their first row.
    pub courses: Vec<CourseLabel>,
    /// Guardians to register or change; each once, with what all good rows say together.
    pub guardians: Vec<GuardianWork>,
    /// One entry per row, in the order of the file.
    pub rows: Vec<PlannedRow>,
}

/// A course that exists, or the place in [`Plan::courses`] of one that does not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourseRef {
    /// It exists.
    Known(CourseId),
    /// To be opened.
    New(usize),
}

/// One guardian's part of the plan.
#[derive(Clone)]
pub struct GuardianWork {
    /// The guardian, if registered already.
    pub known: Option<GuardianId>,
    /// The events of the guardian's stream that the plan was made from.
    pub sequence: i64,
    /// All fields as they should be.
    pub fields: GuardianFields,
    /// The fields as they are, if registered already.
    pub before: Option<GuardianFields>,
}

/// A guardian's fields in clear.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct GuardianFields {
    /// Name.
    pub name: String,
    /// RUN in normal form.
    pub national_id: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Lower case.
    pub mail: Option<String>,
}

impl GuardianWork {
    /// Whether anything has to be done.
    pub fn is_needed(&self) -> bool {
        self.before.as_ref() != Some(&self.fields)
    }
}

impl std::fmt::Debug for GuardianWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardianWork({:?}, needed: {})", self.known, self.is_needed())
    }
}

/// What becomes of one row.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// Row number as the spreadsheet shows it.
    pub number: u32,
    /// What is done.
    pub outcome: Outcome,
}

/// What becomes of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A new pupil.
    Create(PupilWork),
    /// A known pupil, of whom or of whose guardians something changes.
    Change(PupilWork),
    /// Everything is as the row says.
    Nothing(PupilWork),
    /// The row is skipped.
    Error(Vec<Problem>),
}

/// One pupil's part of the plan.
#[derive(Clone)]
pub struct PupilWork {
    /// The pupil, if enrolled already.
    pub known: Option<StudentId>,
    /// The events of the pupil's stream that the plan was made from.
    pub sequence: i64,
    /// RUN, given and family names as they should be.
    pub pupil: PupilCells,
    /// The course.
    pub course: CourseRef,
    /// Its name.
    pub course_name: String,
    /// Move the known pupil to `course`.
    pub moves: bool,
    /// Write `pupil` over what is known.
    pub details: bool,
    /// Issue a card: there is none that is valid.
    pub card: bool,
    /// Guardians to link: places in [`Plan::guardians`], and the rights.
    pub links: Vec<(usize, GuardianRights)>,
    /// Every guardian of the row, linked or to be linked.
    pub guardians: Vec<usize>,
    /// What changes, for people and machines.
    pub fields: Vec<Field>,
    /// Links that a person had ended, and that are not made again.
    pub kept_unlinked: usize,
}

impl std::fmt::Debug for PupilWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PupilWork({:?}, {:?})", self.known, self.fields)
    }
}

/// A field that a row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The RUN became known, or was corrected.
    Run,
    /// Given or family names.
    Names,
    /// The course.
    Course,
    /// A card is issued.
    Card,
    /// A guardian is registered.
    Guardian,
    /// A known guardian's name.
    GuardianName,
    /// A known guardian's phone.
    GuardianPhone,
    /// A known guardian's mail address.
    GuardianMail,
    /// A guardian is linked to the pupil.
    GuardianLink,
}

impl Field {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Names => "names",
            Self::Course => "course",
            Self::Card => "card",
            Self::Guardian => "guardian",
            Self::GuardianName => "guardian_name",
            Self::GuardianPhone => "guardian_phone",
            Self::GuardianMail => "guardian_mail",
            Self::GuardianLink => "guardian_link",
        }
    }
}

/// What a list that says nothing more than "apoderado" gives: the first guardian is the legal
/// representative, is told and may see; any further one may collect the pupil, and a person at the
/// school gives more. A wrong guess here would tell somebody where a child is.
pub fn rights_of(place: usize) -> GuardianRights {
    GuardianRights { legal: place == 0, notify: place == 0, may_collect: true, may_view: place == 0, restricted: false }
}

/// Compares the rows with what exists. `year` is the school year of the list.
pub fn plan(lines: &[Line], register: &Register, year: i32) -> Plan {
    let mut planner = Planner::new(lines, register, year);
    for line in lines {
        let (number, outcome) = match line {
            Line::Bad { number, problems } => (*number, Outcome::Error(problems.clone())),
            Line::Row(row) => (row.number, planner.row(row).unwrap_or_else(Outcome::Error)),
        };
        planner.plan.rows.push(PlannedRow { number, outcome });
    }
    planner.plan
}

struct Planner<'a> {
    register: &'a Register,
    year: i32,
    plan: Plan,
    new_courses: HashMap<String, usize>,
    /// What the file holds, to tell a pupil without RUN who moved from two of one name.
    file_runs: HashSet<String>,
    file_names: HashSet<(String, String)>,
    seen_runs: HashMap<String, u32>,
    /// By folded name and course: the row, and whether it has a RUN.
    seen_names: HashMap<(String, String), Vec<(u32, bool)>>,
    claimed: HashMap<StudentId, u32>,
    /// Per entry of `plan.guardians`: the first row that set its name, phone, mail.
    set_by: Vec<SetBy>,
    guardian_of: HashMap<GuardianId, usize>,
}

#[derive(Clone, Copy, Default)]
struct SetBy {
    name: Option<u32>,
    phone: Option<u32>,
    mail: Option<u32>,
}

/// A guardian cell group placed: which entry of the plan it belongs to (one past the end: new), and
/// what that entry becomes.
struct Placed {
    index: usize,
    work: GuardianWork,
    set_by: SetBy,
    place: usize,
}

impl<'a> Planner<'a> {
    fn new(lines: &[Line], register: &'a Register, year: i32) -> Self {
        let rows = || lines.iter().filter_map(|l| if let Line::Row(row) = l { Some(row) } else { None });
        Self {
            register,
            year,
            plan: Plan::default(),
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
    fn row(&mut self, row: &Row) -> Result<Outcome, Vec<Problem>> {
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

    /// Which guardian the cells mean: by RUN; else by name with the same phone or mail; else the
    /// pupil's own guardian of that name; else a new one.
    fn place_guardian(
        &self,
        cells: &GuardianCells,
        pupil: Option<&KnownPupil>,
        row: u32,
        placed: &[Placed],
    ) -> Result<Placed, Problem> {
        let wanted = GuardianFields {
            name: cells.name.clone(),
            national_id: cells.national_id.as_ref().map(NationalId::normal),
            phone: cells.phone.as_ref().map(|p| p.e164().to_owned()),
            mail: cells.mail.as_ref().map(|m| m.as_str().to_owned()),
        };
        let planned = |by: &dyn Fn(&GuardianFields) -> bool| {
            let of_row = placed.iter().find(|p| by(&p.work.fields)).map(|p| (p.index, p.work.clone(), p.set_by));
            of_row.or_else(|| {
                let index = self.plan.guardians.iter().position(|w| by(&w.fields))?;
                Some((index, self.plan.guardians[index].clone(), self.set_by[index]))
            })
        };
        let registered = |by: &dyn Fn(&KnownGuardian) -> bool| {
            let known = self.register.guardians().find(|g| by(g))?;
            // One that an earlier row changed is in the plan, with the change.
            let index = self.guardian_of.get(&known.id).copied();
            let of_row = placed.iter().find(|p| p.work.known == Some(known.id));
            Some(match (of_row, index) {
                (Some(p), _) => (p.index, p.work.clone(), p.set_by),
                (None, Some(i)) => (i, self.plan.guardians[i].clone(), self.set_by[i]),
                (None, None) => (self.free_index(placed), work_of(known), SetBy::default()),
            })
        };
        let same_run = |f: &GuardianFields| f.national_id.is_some() && f.national_id == wanted.national_id;
        let same_contact = |f: &GuardianFields| {
            let run_differs =
                f.national_id.is_some() && wanted.national_id.is_some() && f.national_id != wanted.national_id;
            let shares = (f.phone.is_some() && f.phone == wanted.phone) || (f.mail.is_some() && f.mail == wanted.mail);
            !run_differs && shares && fold(&f.name) == fold(&wanted.name)
        };
        let own = |g: &KnownGuardian| {
            let run_differs = g.fields.national_id.is_some()
                && wanted.national_id.is_some()
                && g.fields.national_id != wanted.national_id;
            pupil.is_some_and(|p| p.guardians.contains_key(&g.id))
                && !run_differs
                && fold(&g.fields.name) == fold(&wanted.name)
        };
        let (index, work, set_by) = planned(&same_run)
            .or_else(|| registered(&|g| same_run(&g.fields)))
            .or_else(|| planned(&same_contact))
            .or_else(|| registered(&|g| same_contact(&g.fields)))
            .or_else(|| registered(&own))
            .unwrap_or_else(|| {
                let work = GuardianWork { known: None, sequence: 0, fields: GuardianFields::default(), before: None };
                (self.free_index(placed), work, SetBy::default())
            });
        merge(work, set_by, wanted, row, cells.place).map(|(work, set_by)| Placed {
            index,
            work,
            set_by,
            place: cells.place,
        })
    }

    fn free_index(&self, placed: &[Placed]) -> usize {
        let of_row = placed.iter().map(|p| p.index + 1).max().unwrap_or(0);
        self.plan.guardians.len().max(of_row)
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
            work.details = names || run;
            for (is, field) in
                [(run, Field::Run), (names, Field::Names), (work.moves, Field::Course), (work.card, Field::Card)]
            {
                if is {
                    work.fields.push(field);
                }
            }
        }
        for one in placed {
            let before = self.plan.guardians.get(one.index).map(|w| &w.fields).or(one.work.before.as_ref());
            match before {
                None => work.fields.push(Field::Guardian),
                Some(before) => {
                    let after = &one.work.fields;
                    for (is, field) in [
                        (before.name != after.name, Field::GuardianName),
                        (before.phone != after.phone, Field::GuardianPhone),
                        (before.mail != after.mail, Field::GuardianMail),
                    ] {
                        if is {
                            work.fields.push(field);
                        }
                    }
                }
            }
            match one.work.known.and_then(|id| known.and_then(|p| p.guardians.get(&id))) {
                Some(true) => {}
                Some(false) => work.kept_unlinked += 1,
                None => {
                    work.links.push((one.index, rights_of(one.place)));
                    work.fields.push(Field::GuardianLink);
                }
            }
            work.guardians.push(one.index);
            if let Some(id) = one.work.known {
                self.guardian_of.insert(id, one.index);
            }
            if one.index < self.plan.guardians.len() {
                self.plan.guardians[one.index] = one.work;
                self.set_by[one.index] = one.set_by;
            } else {
                self.plan.guardians.push(one.work);
                self.set_by.push(one.set_by);
            }
        }
        match (known, work.fields.is_empty()) {
            (None, _) => Outcome::Create(work),
            (Some(_), false) => Outcome::Change(work),
            (Some(_), true) => Outcome::Nothing(work),
        }
    }
}

fn work_of(known: &KnownGuardian) -> GuardianWork {
    GuardianWork {
        known: Some(known.id),
        sequence: known.sequence,
        fields: known.fields.clone(),
        before: Some(known.fields.clone()),
    }
}

/// Puts what a row says over what is known, unless an earlier row of the file said otherwise: with
/// two answers in one file, which of them wins would depend on the order, and a second run would
/// change it back.
fn merge(
    mut work: GuardianWork,
    mut set_by: SetBy,
    wanted: GuardianFields,
    row: u32,
    place: usize,
) -> Result<(GuardianWork, SetBy), Problem> {
    let contradiction = |place, first_row| Err(Problem::at(place, ProblemKind::GuardianContradiction { first_row }));
    let mut name = wanted.name;
    keep_better(&work.fields.name, &mut name);
    match set_by.name {
        Some(first) if !same_person_name(&work.fields.name, &name) => {
            return contradiction(Place::GuardianName(place), first);
        }
        Some(_) => {}
        None => (work.fields.name, set_by.name) = (name, Some(row)),
    }
    for (had, new, set, place) in [
        (&mut work.fields.phone, wanted.phone, &mut set_by.phone, Place::GuardianPhone(place)),
        (&mut work.fields.mail, wanted.mail, &mut set_by.mail, Place::GuardianMail(place)),
    ] {
        let Some(new) = new else { continue };
        match *set {
            Some(first) if had.as_ref() != Some(&new) => return contradiction(place, first),
            Some(_) => {}
            None => (*had, *set) = (Some(new), Some(row)),
        }
    }
    // The RUN of a registered guardian cannot be added later; a new one's may come from a later row.
    if work.known.is_none() && work.fields.national_id.is_none() {
        work.fields.national_id = wanted.national_id;
    }
    Ok((work, set_by))
}

/// `María Pérez` and `María José Pérez` may be one person; `Ana Soto` is another.
fn same_person_name(a: &str, b: &str) -> bool {
    let (a, b) = (fold(a), fold(b));
    let words = |s: &str| s.split(' ').map(str::to_owned).collect::<HashSet<_>>();
    let (a, b) = (words(&a), words(&b));
    a.is_subset(&b) || b.is_subset(&a)
}

/// A list without accents does not take them away from a name that has them.
fn keep_better(known: &str, new: &mut String) {
    let marks = |s: &str| s.chars().filter(|c| !c.is_ascii()).count();
    if fold(known) == fold(new) && marks(new) <= marks(known) {
        known.clone_into(new);
    }
}

/// The folded whole name, the natural key of a pupil without RUN together with the course.
pub(super) fn full_name(pupil: &PupilCells) -> String {
    fold(&format!("{} {}", pupil.given_names, pupil.family_names))
}
