//! Documents that families hand in: each is sealed under the pupil's key and kept outside of the log, by whoever hands
//! it over ([`hand_in`] seals it and writes its row first). What no event speaks of a day later is thrown away, and so
//! is whatever was an erased pupil's: [`settle`] says which.

use crate::context::Context;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::use_cases::UseCaseError;
use crate::write::Write;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::sealed::SealingClass;
use domain::{DocumentId, SchoolId, StudentId};

/// Until when an event that speaks of a document may be on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::hours(1);
/// How long a document waits for an event that speaks of it.
const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// How many are thrown away at once.
pub const AT_ONCE: i64 = 200;

/// A document of a pupil.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handed {
    /// The school.
    pub school: SchoolId,
    /// The pupil.
    pub student: StudentId,
    /// Which.
    pub document: DocumentId,
}

impl Handed {
    /// The name that it is kept under: it says nothing of the pupil.
    pub fn key(&self) -> String {
        format!("evidence/{}/{}", self.school, self.document)
    }
}

/// Seals a document and writes its row, to be handed over now. The day's event may speak of it once it is kept. Refused
/// for whoever is no pupil of the school, or none any more; a conflict while an earlier copy is being thrown away.
pub async fn hand_in(
    write: &Write,
    context: &Context,
    handed: Handed,
    date: NaiveDate,
    plain: &[u8],
) -> Result<Vec<u8>, UseCaseError> {
    let (student, class) = (handed.student.0, SealingClass::Evidence);
    // The row first: a pupil who is erased meanwhile has either a row that says so, or no key to seal with.
    let row = sqlx::query_scalar!(
        "insert into documents as d (school_id, document_id, student_id, local_date, noted_at) values ($1, $2, $3, $4, $5)
         on conflict (school_id, document_id) do update set noted_at = excluded.noted_at
         where d.student_id = excluded.student_id and not d.erased and d.claimed_at is null
         returning 1",
        handed.school.0,
        handed.document.0,
        student,
        date,
        write.clock().of_people(),
    );
    if in_time(row.fetch_optional(write.pool())).await?.is_none() {
        return Err(UseCaseError::Conflict);
    }
    // A key for a pupil who is erased, or never was here, would make a person of nobody.
    let known = write.vault().keys_of(context.school, &[student]).await?;
    if !known.holds(student, SealingClass::Identity) {
        return Err(UseCaseError::UnknownStudent);
    }
    let keys = write.vault().ensure_keys(context.school, &[(student, class)]).await?;
    Ok(keys.seal_file(student, class, handed.document.0, plain)?)
}

/// What was sealed; none if the pupil was erased.
pub async fn open(write: &Write, handed: Handed, sealed: &[u8]) -> Result<Option<Vec<u8>>, UseCaseError> {
    let keys = write.vault().keys_of(handed.school, &[handed.student.0]).await?;
    Ok(keys.open_file(handed.student.0, SealingClass::Evidence, handed.document.0, sealed)?)
}

/// Marks those as kept that an event speaks of, and says which are to be thrown away: some of them, oldest first. What
/// it costs grows with what was handed in lately and not with what is kept.
pub async fn settle(write: &Write, now: DateTime<Utc>) -> Result<Vec<Handed>, StoreError> {
    let kept = sqlx::query!(
        "update documents d set kept_at = $1
         where d.kept_at is null and not d.erased and d.claimed_at is null and d.noted_at < $2 and exists (
           select from events e
           where e.aggregate_type = 'attendance_day' and e.event_type = 'justification_submitted'
             and e.aggregate_id = to_char(d.local_date, 'YYYY-MM-DD') || '/' || d.school_id || '/' || d.student_id
             and e.payload #>> '{document,document_id}' = d.document_id::text)",
        now,
        now - ON_ITS_WAY,
    );
    in_time(kept.execute(write.pool())).await?;
    // Whoever sees none of its conditions change between here and the claim has it: it is handed over no more.
    let gone = sqlx::query!(
        "update documents d set claimed_at = coalesce(d.claimed_at, $1)
         from (
           select school_id, document_id from documents c
           where c.claimed_at is not null or (c.erased and c.noted_at < $2) or (c.kept_at is null and c.noted_at < $3)
           order by c.noted_at limit $4 for update skip locked
         ) late
         where d.school_id = late.school_id and d.document_id = late.document_id and (
           d.claimed_at is not null or d.erased or not exists (
             select from events e
             where e.aggregate_type = 'attendance_day' and e.event_type = 'justification_submitted'
               and e.aggregate_id = to_char(d.local_date, 'YYYY-MM-DD') || '/' || d.school_id || '/' || d.student_id
               and e.payload #>> '{document,document_id}' = d.document_id::text))
         returning d.school_id, d.student_id, d.document_id",
        now,
        now - ON_ITS_WAY,
        now - PATIENCE,
        AT_ONCE,
    );
    let gone = in_time(gone.fetch_all(write.pool())).await?;
    Ok(gone
        .into_iter()
        .map(|row| Handed {
            school: SchoolId(row.school_id),
            student: StudentId(row.student_id),
            document: DocumentId(row.document_id),
        })
        .collect())
}

/// Forgets the row of one that was thrown away.
pub async fn forget(write: &Write, handed: Handed) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "delete from documents where school_id = $1 and document_id = $2",
        handed.school.0,
        handed.document.0,
    );
    in_time(row.execute(write.pool())).await?;
    Ok(())
}

/// A pupil is erased: all of its documents are to be thrown away.
pub(crate) async fn erase(write: &Write, school: SchoolId, student: StudentId) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        "update documents set erased = true where school_id = $1 and student_id = $2",
        school.0,
        student.0,
    );
    in_time(rows.execute(write.pool())).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
