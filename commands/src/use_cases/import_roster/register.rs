//! What a school's streams say about people, in clear, in memory, for the time of one import.
//!
//! Folded from the log, never from a read model: a read model may lag, and an import that plans from
//! an old state would enrol a pupil twice.

use super::plan::GuardianFields;
use crate::error::StoreError;
use crate::use_cases::course_label::CourseLabel;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::people::fold;
use crate::vault::{Keyring, Opened, VaultError};
use crate::write::Write;
use domain::aggregate::Aggregate;
use domain::course::Course;
use domain::guardian::{self, Guardian};
use domain::student::{self, Student};
use domain::{AnyEvent, CourseId, GuardianId, SchoolId, Sealed, StreamId, StudentId, decode};
use std::collections::HashMap;
use uuid::Uuid;

/// What exists.
#[derive(Default)]
pub struct Register {
    courses: HashMap<String, CourseId>,
    pupils: Vec<KnownPupil>,
    guardians: Vec<KnownGuardian>,
    by_run: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    erased: usize,
}

/// A pupil as registered.
pub struct KnownPupil {
    /// The pupil.
    pub id: StudentId,
    /// Events in the stream.
    pub sequence: i64,
    /// RUN in normal form.
    pub national_id: Option<String>,
    /// Given names.
    pub given_names: String,
    /// Family names.
    pub family_names: String,
    /// The course.
    pub course_id: Option<CourseId>,
    /// Its school year.
    pub course_year: Option<i32>,
    /// The course's natural key.
    pub course_key: Option<String>,
    /// Whether the pupil left.
    pub withdrawn: bool,
    /// Whether there is a card that is valid.
    pub has_card: bool,
    /// Guardians: `true` linked, `false` the link was ended.
    pub guardians: HashMap<GuardianId, bool>,
}

/// A guardian as registered.
pub struct KnownGuardian {
    /// The guardian.
    pub id: GuardianId,
    /// Events in the stream.
    pub sequence: i64,
    /// The fields in clear.
    pub fields: GuardianFields,
}

impl Register {
    /// Makes the look-up tables.
    pub fn new(courses: HashMap<String, CourseId>, pupils: Vec<KnownPupil>, guardians: Vec<KnownGuardian>) -> Self {
        let mut register = Self { courses, pupils, guardians, ..Self::default() };
        for (i, p) in register.pupils.iter().enumerate() {
            if let Some(run) = &p.national_id {
                register.by_run.insert(run.clone(), i);
            }
            register.by_name.entry(fold(&format!("{} {}", p.given_names, p.family_names))).or_default().push(i);
        }
        register
    }

    /// The course of a natural key.
    pub fn course(&self, key: &str) -> Option<CourseId> {
        self.courses.get(key).copied()
    }

    /// The pupil of a RUN in normal form.
    pub fn pupil_by_run(&self, run: &str) -> Option<&KnownPupil> {
        self.by_run.get(run).map(|i| &self.pupils[*i])
    }

    /// The pupils of a folded whole name.
    pub fn pupils_named(&self, folded: &str) -> Vec<&KnownPupil> {
        self.by_name.get(folded).map(|places| places.iter().map(|i| &self.pupils[*i]).collect()).unwrap_or_default()
    }

    /// All pupils.
    pub fn pupils(&self) -> impl Iterator<Item = &KnownPupil> {
        self.pupils.iter()
    }

    /// All guardians.
    pub fn guardians(&self) -> impl Iterator<Item = &KnownGuardian> {
        self.guardians.iter()
    }

    /// How many people were erased. Whoever is listed again after an erasure is somebody new, under an id of their own.
    pub fn erased(&self) -> usize {
        self.erased
    }

    /// Folds a school's courses, pupils and guardians, and opens what is sealed. Erased people are
    /// left out: nothing is known of them.
    pub async fn load(write: &Write, school: SchoolId) -> Result<Self, UseCaseError> {
        let keys = write.vault().school_keys(school).await?;
        let mut courses = HashMap::new();
        let mut keys_of_courses = HashMap::new();
        for (id, _, state) in streams::<Course>(write, school).await? {
            if let domain::course::State::Open(facts) = state {
                let key = CourseLabel::key_of_facts(&facts);
                keys_of_courses.insert(CourseId(id), (facts.year, key.clone()));
                courses.insert(key, CourseId(id));
            }
        }
        let (mut pupils, mut guardians, mut erased) = (Vec::new(), Vec::new(), 0);
        for (id, sequence, state) in streams::<Student>(write, school).await? {
            let known = known_pupil(&keys, id, sequence, &state, &keys_of_courses)?;
            erased += usize::from(known.is_none());
            pupils.extend(known);
        }
        for (id, sequence, state) in streams::<Guardian>(write, school).await? {
            let known = known_guardian(&keys, id, sequence, &state)?;
            erased += usize::from(known.is_none());
            guardians.extend(known);
        }
        Ok(Self { erased, ..Self::new(courses, pupils, guardians) })
    }
}

fn known_pupil(
    keys: &Keyring,
    id: Uuid,
    sequence: i64,
    state: &student::State,
    courses: &HashMap<CourseId, (i32, String)>,
) -> Result<Option<KnownPupil>, VaultError> {
    let Some(pupil) = state.pupil() else { return Ok(None) };
    let (Some(given_names), Some(family_names)) =
        (open(keys, id, "given_names", &pupil.given_names)?, open(keys, id, "family_names", &pupil.family_names)?)
    else {
        return Ok(None);
    };
    let national_id = open_some(keys, id, "national_id", pupil.national_id.as_ref())?;
    Ok(Some(KnownPupil {
        id: StudentId(id),
        sequence,
        national_id,
        given_names,
        family_names,
        course_id: Some(pupil.course_id),
        course_year: courses.get(&pupil.course_id).map(|(year, _)| *year),
        course_key: courses.get(&pupil.course_id).map(|(_, key)| key.clone()),
        withdrawn: matches!(state, student::State::Withdrawn { .. }),
        has_card: pupil.credentials.values().any(|c| c.revoked.is_none()),
        guardians: pupil.guardians.iter().map(|(id, rights)| (*id, rights.is_some())).collect(),
    }))
}

fn known_guardian(
    keys: &Keyring,
    id: Uuid,
    sequence: i64,
    state: &guardian::State,
) -> Result<Option<KnownGuardian>, VaultError> {
    let guardian::State::Registered { name, national_id, phone, mail, notices: _ } = state else { return Ok(None) };
    let Some(name) = open(keys, id, "name", name)? else { return Ok(None) };
    let fields = GuardianFields {
        name,
        national_id: open_some(keys, id, "national_id", national_id.as_ref())?,
        phone: open_some(keys, id, "phone", phone.as_ref())?,
        mail: open_some(keys, id, "mail", mail.as_ref())?,
    };
    Ok(Some(KnownGuardian { id: GuardianId(id), sequence, fields }))
}

fn open(keys: &Keyring, subject: Uuid, field: &str, sealed: &Sealed) -> Result<Option<String>, VaultError> {
    Ok(match keys.open(subject, field, sealed)? {
        Opened::Plain(text) => Some(text),
        Opened::Erased => None,
    })
}

fn open_some(
    keys: &Keyring,
    subject: Uuid,
    field: &str,
    sealed: Option<&Sealed>,
) -> Result<Option<String>, VaultError> {
    sealed.map_or(Ok(None), |sealed| open(keys, subject, field, sealed))
}

/// Every stream of one aggregate type of a school, folded: own id, events, state.
pub(in crate::use_cases) async fn streams<A: Aggregate>(
    write: &Write,
    school: SchoolId,
) -> Result<Vec<(Uuid, i64, A::State)>, StoreError>
where
    A::Event: TryFromAny,
{
    use domain::DomainEvent;
    // The ids of a school's streams are its own, `/` and another id, whose first digit is before `g`. The
    // range is there for the index; `school_id` decides.
    let rows = sqlx::query!(
        r#"select aggregate_id, event_type, event_version, payload::text as "payload!"
           from events
           where aggregate_type = $1 and aggregate_id >= $2 and aggregate_id < $3 and school_id = $4
           order by aggregate_id, sequence"#,
        A::Event::AGGREGATE,
        format!("{school}/"),
        format!("{school}/g"),
        school.0,
    )
    .fetch_all(write.pool())
    .await?;
    let mut folded: Vec<(Uuid, i64, A::State)> = Vec::new();
    for row in rows {
        let Some(id) = StreamId::from_stored(row.aggregate_id).own_id() else { continue };
        let event = decode(A::Event::AGGREGATE, &row.event_type, &row.event_version, &row.payload)?;
        let Some(event) = A::Event::try_from_any(event) else { continue };
        if folded.last().is_none_or(|(last, ..)| *last != id) {
            folded.push((id, 0, A::State::default()));
        }
        if let Some((_, sequence, state)) = folded.last_mut() {
            *state = A::evolve(std::mem::take(state), &event);
            *sequence += 1;
        }
    }
    Ok(folded)
}

/// Takes one aggregate's event out of the common type.
pub(in crate::use_cases) trait TryFromAny: Sized {
    fn try_from_any(event: AnyEvent) -> Option<Self>;
}

macro_rules! from_any {
    ($($module:ident $variant:ident),+) => {$(
        impl TryFromAny for domain::$module::Event {
            fn try_from_any(event: AnyEvent) -> Option<Self> {
                if let AnyEvent::$variant(event) = event { Some(event) } else { None }
            }
        }
    )+};
}
from_any!(course Course, student Student, guardian Guardian);
