//! Writes a plan: courses, then the rows, some at a time, each in one transaction.
//!
//! A row is its guardians, the pupil, the links and the card ([`RowPart`]); after a crash it is in the
//! log whole or not at all. A guardian of several rows is a step of each: whichever commits first
//! writes it, the others find it done.
//!
//! Every command's id is a keyed hash of the school, the person, the number of events that the plan
//! was made from and what is written; of somebody new also of how many people were erased before: who is
//! listed again after an erasure gets a stream of their own, not the erased one. So two imports of one file at
//! once append once, and a list that goes back to an earlier value is still written. The hash is keyed because ids are in clear
//! in the log, and a hash of a RUN without a key is a RUN.

use super::plan::{CourseRef, GuardianFields, GuardianWork, Outcome, Plan, PupilWork};
use super::problem::{Place, Problem, ProblemKind};
use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::change_guardian_contact::Contact;
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::part::{Part, commit};
use crate::use_cases::people::{PupilKey, subject_of};
use crate::use_cases::{
    ChangeGuardianContact, ChangeStudentDetails, EnrolStudent, IssueCredential, LinkGuardian, MoveStudent, NewCard,
    OpenCourse, RegisterGuardian, open_course,
};
use crate::write::{Unit, Write};
use chrono::NaiveDate;
use domain::sealed::SealingClass::{Contact as ContactClass, Identity};
use domain::student::Error;
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{CommandId, CourseId, GuardianId, StudentId};
use futures::stream::{self, StreamExt};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How many rows are written at a time. Beyond this the log's lock, not the round trips, is what they
/// wait for.
const AT_ONCE: usize = 12;

/// How many rows are begun before it is asked whether to go on: about a second's, and as many as a statement makes
/// keys for.
const TOGETHER: usize = 240;

/// What was done.
#[derive(Debug, Default)]
pub struct Applied {
    /// Courses opened.
    pub courses: usize,
    /// Guardians registered or changed.
    pub guardians: usize,
    /// Rows of which everything is in the log now.
    pub rows: usize,
    /// Rows that were planned and not begun.
    pub left: usize,
    /// Rows that were planned and of which nothing could be written: run the import again.
    pub failed: HashMap<u32, Problem>,
    /// The first failure, for the log; holds no personal data.
    pub first_error: Option<UseCaseError>,
}

/// Applies, some rows after others for as long as `go_on` says so of how many are left. `from` is the local date on
/// which enrolments and moves begin, `year` the school year. A failure stops its own row and no other.
pub async fn apply(
    write: &Write,
    context: &Context,
    plan: &Plan,
    (year, from): (i32, NaiveDate),
    mut go_on: impl FnMut(usize) -> bool + Send,
) -> Result<Applied, UseCaseError> {
    let mut applied = Applied::default();
    let mut courses: Vec<CourseId> = Vec::with_capacity(plan.courses.len());
    for label in &plan.courses {
        let context = context_of(write, context, &format!("course|{}", label.key(year)));
        courses.push(open_course(write, &context, OpenCourse { year, label: label.clone() }).await?.course_id);
        applied.courses += 1;
    }

    let whose = whose(plan);
    let rows: Vec<RowPart<'_>> = plan
        .rows
        .iter()
        .filter_map(|row| {
            let (Outcome::Create(work) | Outcome::Change(work)) = &row.outcome else { return None };
            let course_id = match work.course {
                CourseRef::Known(id) => id,
                CourseRef::New(i) => *courses.get(i)?,
            };
            Some(RowPart { number: row.number, plan, whose: &whose, work, course_id, from })
        })
        .collect();
    applied.left = rows.len();
    let mut guardians: HashSet<usize> = HashSet::new();
    for some in rows.chunks(TOGETHER) {
        applied.left -= some.len();
        make_keys(write, context, some).await?;
        // Futures are collected before they become a stream: a closure in the stream would make this
        // future less general than `Send` needs.
        let work = some.iter().map(|row| async move { (row, commit(write, context, row).await) });
        let mut writing = stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        while let Some((row, outcome)) = writing.next().await {
            match outcome {
                Ok(_) => {
                    applied.rows += 1;
                    guardians.extend(row.work.guardians.iter().copied().filter(|i| plan.guardians[*i].is_needed()));
                }
                Err(error) => {
                    applied.failed.insert(row.number, Problem::at(Place::Row, kind_of(&error)));
                    applied.first_error.get_or_insert(error);
                }
            }
        }
        if !go_on(applied.left) {
            break;
        }
    }
    applied.guardians = guardians.len();
    Ok(applied)
}

/// The keys of these rows' people in one statement, in place of a commit each. A key without a person, should
/// the row not be written, opens nothing.
async fn make_keys(write: &Write, context: &Context, rows: &[RowPart<'_>]) -> Result<(), UseCaseError> {
    let mut keys = HashSet::new();
    for row in rows {
        if row.work.known.is_none() {
            keys.extend(
                subject_of(&row.pupil_context(write, context).part("enrol"), "student").map(|id| (id, Identity)),
            );
        }
        for i in &row.work.guardians {
            let new = row.plan.guardians[*i].known.is_none();
            let id = subject_of(&row.guardian_context(write, context, *i), "guardian").filter(|_| new);
            keys.extend(id.into_iter().flat_map(|id| [(id, Identity), (id, ContactClass)]));
        }
    }
    let keys: Vec<_> = keys.into_iter().collect();
    write.vault().ensure_keys(context.school, &keys).await?;
    Ok(())
}

/// For each guardian of the plan, the first pupil that names them: what tells two of one name apart
/// where nothing else does.
fn whose(plan: &Plan) -> HashMap<usize, String> {
    let mut whose = HashMap::new();
    for row in &plan.rows {
        if let Outcome::Create(work) | Outcome::Change(work) = &row.outcome {
            let key = pupil_key(work);
            for i in &work.guardians {
                whose.entry(*i).or_insert_with(|| key.clone());
            }
        }
    }
    whose
}

fn pupil_key(work: &PupilWork) -> String {
    match (&work.known, &work.pupil.national_id) {
        (Some(id), _) => id.to_string(),
        (None, Some(run)) => run.normal(),
        (None, None) => format!("{}|{}", super::plan::full_name(&work.pupil), work.course_name),
    }
}

fn kind_of(error: &UseCaseError) -> ProblemKind {
    match error {
        UseCaseError::Student(Error::BeforeEnrolment | Error::Date(_)) => ProblemKind::BeforeEnrolment,
        UseCaseError::Conflict
        | UseCaseError::Erased
        | UseCaseError::Taken(_)
        | UseCaseError::Student(_)
        | UseCaseError::Guardian(_) => ProblemKind::ChangedMeanwhile,
        _ => ProblemKind::NotApplied,
    }
}

/// The context of one person's commands, under an id made of what is written.
fn context_of(write: &Write, context: &Context, what: &str) -> Context {
    let hash = write.directory().hmac(context.school, Kind::NationalId, &format!("roster import|{what}"));
    Context { command_id: Some(CommandId(Uuid::new_v5(&context.school.0, &hash))), ..context.clone() }
}

/// One row of the plan.
struct RowPart<'a> {
    number: u32,
    plan: &'a Plan,
    whose: &'a HashMap<usize, String>,
    work: &'a PupilWork,
    course_id: CourseId,
    from: NaiveDate,
}

impl Part for RowPart<'_> {
    type Answer = ();

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let mut guardians = HashMap::with_capacity(self.work.guardians.len());
        for i in &self.work.guardians {
            guardians.insert(*i, self.enter_guardian(write, context, unit, *i).await?);
        }
        let context = self.pupil_context(write, context);
        let student_id = match self.work.known {
            None => self.enrol(write, &context.part("enrol"), unit).await?,
            Some(id) => {
                self.change(write, &context, unit, id).await?;
                id
            }
        };
        for (i, rights) in &self.work.links {
            let Some(guardian_id) = guardians.get(i).copied() else { continue };
            let link = LinkGuardian { student_id, guardian_id, rights: *rights };
            link.enter(write, &context.part(&format!("link {guardian_id}")), unit).await?;
        }
        if self.work.card {
            let card = IssueCredential { student_id, card: NewCard::Qr };
            card.enter(write, &context.part("card"), unit).await?;
        }
        Ok(())
    }
}

impl RowPart<'_> {
    fn guardian_context(&self, write: &Write, context: &Context, i: usize) -> Context {
        let GuardianWork { known, sequence, fields, .. } = &self.plan.guardians[i];
        let GuardianFields { name, national_id, phone, mail } = fields;
        let new = || format!("{}|{}", self.whose.get(&i).map_or("", String::as_str), self.plan.erased);
        let who = known.map_or_else(new, |id| id.to_string());
        context_of(write, context, &format!("guardian|{who}|{sequence}|{name}|{national_id:?}|{phone:?}|{mail:?}"))
    }

    fn pupil_context(&self, write: &Write, context: &Context) -> Context {
        let (pupil, course_id, from) = (&self.work.pupil, self.course_id, self.from);
        let (given, family) = (&pupil.given_names, &pupil.family_names);
        let (mut who, sequence) = (pupil_key(self.work), self.work.sequence);
        if self.work.known.is_none() {
            who = format!("{who}|{}", self.plan.erased);
        }
        let run = pupil.national_id.as_ref().map(NationalId::normal);
        context_of(write, context, &format!("pupil|{who}|{sequence}|{course_id}|{from}|{run:?}|{given}|{family}"))
    }

    async fn enter_guardian(
        &self,
        write: &Write,
        context: &Context,
        unit: &mut Unit,
        i: usize,
    ) -> Result<GuardianId, UseCaseError> {
        let work = &self.plan.guardians[i];
        let contact = contact(&work.fields);
        let context = self.guardian_context(write, context, i);
        let Some(guardian_id) = work.known else {
            let Contact { name, national_id, phone, mail } = contact;
            let new = RegisterGuardian { name, national_id, phone, mail, within: self.whose.get(&i).cloned() };
            return new.enter(write, &context, unit).await;
        };
        if let Some(before) = work.before.as_ref().filter(|_| work.is_needed()) {
            let before = self::contact(before);
            ChangeGuardianContact { guardian_id, contact, before }.enter(write, &context, unit).await?;
        }
        Ok(guardian_id)
    }

    async fn enrol(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<StudentId, UseCaseError> {
        let pupil = &self.work.pupil;
        let new = EnrolStudent {
            given_names: pupil.given_names.clone(),
            family_names: pupil.family_names.clone(),
            national_id: pupil.national_id.clone(),
            course_id: self.course_id,
            from: self.from,
        };
        new.enter(write, context, unit).await
    }

    /// New details and a new course at once: the pupil's place in the directory changes once.
    async fn change(
        &self,
        write: &Write,
        context: &Context,
        unit: &mut Unit,
        student_id: StudentId,
    ) -> Result<(), UseCaseError> {
        let (pupil, course_id) = (&self.work.pupil, self.course_id);
        if !self.work.details && !self.work.moves {
            return Ok(());
        }
        if let Some(before) = PupilKey::of_registered(write, context, student_id).await? {
            let after = PupilKey {
                national_id: pupil.national_id.as_ref().map(NationalId::normal),
                given_names: pupil.given_names.clone(),
                family_names: pupil.family_names.clone(),
                course_id,
            };
            let free = after.replace(&before, write, context, unit, student_id).await?;
            if !free && after.national_id.is_some() {
                return Err(UseCaseError::Taken(Taken::NationalId));
            }
        }
        if self.work.details {
            let change = ChangeStudentDetails {
                student_id,
                given_names: pupil.given_names.clone(),
                family_names: pupil.family_names.clone(),
                national_id: pupil.national_id.clone(),
            };
            change.step(write, &context.part("details"), unit).await?;
        }
        if self.work.moves {
            MoveStudent { student_id, course_id, from: self.from }.step(&context.part("move"), unit);
        }
        Ok(())
    }
}

/// The fields were checked when they were read, from the file or into the log.
fn contact(fields: &GuardianFields) -> Contact {
    let GuardianFields { name, national_id, phone, mail } = fields;
    Contact {
        name: name.clone(),
        national_id: national_id.as_deref().and_then(|id| NationalId::parse(id).ok()),
        phone: phone.as_deref().and_then(|phone| Phone::parse(phone).ok()),
        mail: mail.as_deref().and_then(|mail| Mail::parse(mail).ok()),
    }
}
