//! Writes a plan: courses, then guardians, then pupils, some at a time.
//!
//! Every command's id is a keyed hash of the school, the person, the number of events that the plan
//! was made from and what is written. So two imports of one file at once append once, and a list
//! that goes back to an earlier value is still written. The hash is keyed because ids are in clear
//! in the log, and a hash of a RUN without a key is a RUN.

use super::plan::{CourseRef, GuardianFields, GuardianWork, Outcome, Plan, PupilWork};
use super::problem::{Place, Problem, ProblemKind};
use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::issue_credential::{IssueCredential, NewCard, issue_credential};
use crate::use_cases::{
    ChangeGuardianContact, ChangeStudentDetails, EnrolStudent, LinkGuardian, MoveStudent, OpenCourse, RegisterGuardian,
    change_guardian_contact, change_student_details, enrol_student, link_guardian, move_student, open_course,
    register_guardian,
};
use crate::write::Write;
use chrono::NaiveDate;
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{CommandId, CourseId, GuardianId, StudentId};
use futures::stream::{self, StreamExt};
use std::collections::HashMap;
use uuid::Uuid;

/// How many people are written at a time. Beyond this the log's lock, not the round trips, is what
/// they wait for.
const AT_ONCE: usize = 12;

/// What was done.
#[derive(Debug, Default)]
pub struct Applied {
    /// Courses opened.
    pub courses: usize,
    /// Guardians registered or changed.
    pub guardians: usize,
    /// Rows of which everything is in the log now.
    pub rows: usize,
    /// Rows that were planned and could not be finished: run the import again.
    pub failed: HashMap<u32, Problem>,
    /// The first failure, for the log; holds no personal data.
    pub first_error: Option<UseCaseError>,
}

/// Applies. `from` is the local date on which enrolments and moves begin, `year` the school year.
/// A failure stops its row, and the rows that need the same guardian, and no other.
pub async fn apply(
    write: &Write,
    context: &Context,
    plan: &Plan,
    year: i32,
    from: NaiveDate,
) -> Result<Applied, UseCaseError> {
    let mut applied = Applied::default();
    let mut courses: Vec<CourseId> = Vec::with_capacity(plan.courses.len());
    for label in &plan.courses {
        let context = context_of(write, context, &format!("course|{}", label.key(year)));
        courses.push(open_course(write, &context, OpenCourse { year, label: label.clone() }).await?.course_id);
        applied.courses += 1;
    }

    let within = whose(plan);
    let mut guardians: Vec<Option<GuardianId>> = vec![None; plan.guardians.len()];
    let mut failed_guardians: HashMap<usize, ProblemKind> = HashMap::new();
    // Futures are collected before they become a stream: a closure in the stream would make this
    // future less general than `Send` needs.
    let work = plan.guardians.iter().enumerate().map(|(i, work)| {
        let within = within.get(&i).cloned();
        async move { (i, work.is_needed(), write_guardian(write, context, work, within).await) }
    });
    let mut writing = stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some((i, needed, outcome)) = writing.next().await {
        match outcome {
            Ok(id) => {
                guardians[i] = Some(id);
                applied.guardians += usize::from(needed);
            }
            Err(error) => {
                failed_guardians.insert(i, kind_of(&error));
                applied.first_error.get_or_insert(error);
            }
        }
    }
    drop(writing);

    let work = plan.rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Create(work) | Outcome::Change(work) => Some((row.number, work)),
        Outcome::Nothing(_) | Outcome::Error(_) => None,
    });
    let (courses, guardians, failed_guardians) = (&courses, &guardians, &failed_guardians);
    let work = work.map(|(number, work)| async move {
        if let Some(kind) = work.guardians.iter().find_map(|i| failed_guardians.get(i)) {
            return (number, Err(None), Some(*kind));
        }
        let course = match work.course {
            CourseRef::Known(id) => Some(id),
            CourseRef::New(i) => courses.get(i).copied(),
        };
        let links = work.links.iter().filter_map(|(i, rights)| Some(((*guardians.get(*i)?)?, *rights)));
        let links: Vec<_> = links.collect();
        match course {
            Some(course) => (number, write_pupil(write, context, work, course, &links, from).await.map_err(Some), None),
            None => (number, Err(None), Some(ProblemKind::NotApplied)),
        }
    });
    let mut writing = stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some((number, outcome, kind)) = writing.next().await {
        match outcome {
            Ok(()) => applied.rows += 1,
            Err(error) => {
                let kind = kind.or(error.as_ref().map(kind_of)).unwrap_or(ProblemKind::NotApplied);
                applied.failed.insert(number, Problem::at(Place::Row, kind));
                if let (None, Some(error)) = (&applied.first_error, error) {
                    applied.first_error = Some(error);
                }
            }
        }
    }
    drop(writing);
    Ok(applied)
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

async fn write_guardian(
    write: &Write,
    context: &Context,
    work: &GuardianWork,
    within: Option<String>,
) -> Result<GuardianId, UseCaseError> {
    let GuardianFields { name, national_id, phone, mail } = &work.fields;
    let parsed = |phone: &Option<String>, mail: &Option<String>| {
        // They were checked when they were read, from the file or into the log.
        let phone = phone.as_deref().and_then(|p| Phone::parse(p).ok());
        (phone, mail.as_deref().and_then(|m| Mail::parse(m).ok()))
    };
    let (new_phone, new_mail) = parsed(phone, mail);
    let who = work.known.map_or_else(|| within.clone().unwrap_or_default(), |id| id.to_string());
    let content = format!("guardian|{who}|{}|{name}|{national_id:?}|{phone:?}|{mail:?}", work.sequence);
    let context = context_of(write, context, &content);
    match (work.known, &work.before) {
        (Some(id), Some(before)) if work.is_needed() => {
            let (phone, mail) = parsed(&before.phone, &before.mail);
            let input = ChangeGuardianContact {
                guardian_id: id,
                name: name.clone(),
                phone: new_phone,
                mail: new_mail,
                found_by_before: before.national_id.is_none().then(|| (before.name.clone(), phone, mail)),
            };
            change_guardian_contact(write, &context, input).await?;
            Ok(id)
        }
        (Some(id), _) => Ok(id),
        (None, _) => {
            let national_id = national_id.as_deref().and_then(|id| NationalId::parse(id).ok());
            let input = RegisterGuardian { name: name.clone(), national_id, phone: new_phone, mail: new_mail, within };
            Ok(register_guardian(write, &context, input).await?.guardian_id)
        }
    }
}

async fn write_pupil(
    write: &Write,
    context: &Context,
    work: &PupilWork,
    course_id: CourseId,
    links: &[(GuardianId, domain::student::GuardianRights)],
    from: NaiveDate,
) -> Result<(), UseCaseError> {
    let pupil = &work.pupil;
    let (given, family) = (&pupil.given_names, &pupil.family_names);
    let run = pupil.national_id.as_ref().map(NationalId::normal);
    let content = format!("pupil|{}|{}|{course_id}|{from}|{run:?}|{given}|{family}", pupil_key(work), work.sequence);
    let context = context_of(write, context, &content);
    let student_id: StudentId = match work.known {
        None => {
            let input = EnrolStudent {
                given_names: given.clone(),
                family_names: family.clone(),
                national_id: pupil.national_id.clone(),
                course_id,
                from,
            };
            enrol_student(write, &context.part("enrol"), input).await?.student_id
        }
        Some(id) => {
            if work.details {
                let input = ChangeStudentDetails {
                    student_id: id,
                    given_names: given.clone(),
                    family_names: family.clone(),
                    national_id: pupil.national_id.clone(),
                    national_id_before: None,
                };
                change_student_details(write, &context.part("details"), input).await?;
            }
            if work.moves {
                let input = MoveStudent { student_id: id, course_id, from };
                move_student(write, &context.part("move"), input).await?;
            }
            id
        }
    };
    for (guardian_id, rights) in links {
        let input = LinkGuardian { student_id, guardian_id: *guardian_id, rights: *rights };
        link_guardian(write, &context.part(&format!("link {guardian_id}")), input).await?;
    }
    if work.card {
        issue_credential(write, &context.part("card"), IssueCredential { student_id, card: NewCard::Qr }).await?;
    }
    Ok(())
}
