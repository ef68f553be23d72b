//! By which address a guardian comes in, and whom a guardian may see.
//!
//! Who reads an address is one person, in whatever schools: all guardians that have it. What they may see is asked of
//! the log itself at every request, not of a read model, so that a restriction holds from the next request on,
//! however far behind the projectors are.

mod backfill;

pub use backfill::{Backfilled, backfill};

use crate::Write;
use crate::accounts::INSTALLATION;
use crate::directory::Kind;
use crate::error::StoreError;
use domain::student::Student;
use domain::values::mail::Mail;
use domain::{GuardianId, SchoolId, StreamId, StudentId};
use sqlx::PgConnection;
use uuid::Uuid;

/// The keyed hash by which an address is found, the same in all schools.
pub fn address_key(write: &Write, mail: &Mail) -> [u8; 16] {
    write.directory().hmac(INSTALLATION, Kind::Mail, mail.as_str())
}

/// A guardian's address, hashed; none where there is none.
#[derive(Debug, Clone, Copy)]
pub struct Address {
    guardian: GuardianId,
    hmac: Option<[u8; 16]>,
}

impl Address {
    /// Of a guardian.
    pub fn of(write: &Write, guardian: GuardianId, mail: Option<&Mail>) -> Self {
        Self { guardian, hmac: mail.map(|mail| address_key(write, mail)) }
    }
}

/// Writes what guardians come in by; of two of one guardian the later counts.
pub(crate) async fn write_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    addresses: &[Address],
) -> Result<(), sqlx::Error> {
    if addresses.is_empty() {
        return Ok(());
    }
    let last: std::collections::BTreeMap<Uuid, Option<[u8; 16]>> =
        addresses.iter().map(|address| (address.guardian.0, address.hmac)).collect();
    let guardians: Vec<Uuid> = last.keys().copied().collect();
    let hmacs: Vec<Option<Vec<u8>>> = last.values().map(|hmac| hmac.map(|hmac| hmac.to_vec())).collect();
    sqlx::query!(
        "with gone as (
           delete from guardian_mails m using unnest($2::uuid[], $3::bytea[]) t (guardian_id, hmac)
           where m.school_id = $1 and m.guardian_id = t.guardian_id and t.hmac is null
         )
         insert into guardian_mails (school_id, guardian_id, email_hmac)
         select $1, t.guardian_id, t.hmac from unnest($2::uuid[], $3::bytea[]) t (guardian_id, hmac)
         where t.hmac is not null order by t.guardian_id
         on conflict (school_id, guardian_id) do update set email_hmac = excluded.email_hmac",
        school.0,
        &guardians,
        &hmacs as &[Option<Vec<u8>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// As which of these guardians of a school, who are one person, a pupil may be seen now; none, if by none of them.
pub async fn may_see(
    write: &Write,
    school: SchoolId,
    guardians: &[GuardianId],
    student: StudentId,
) -> Result<Option<GuardianId>, StoreError> {
    Ok(write.state::<Student>(&StreamId::of(school, student)).await?.may_be_seen_by(guardians))
}

#[cfg(test)]
mod tests;
