//! Addresses of guardians who were registered before their addresses were kept (migration 0009): without them they
//! cannot come in.

use super::{Address, write_in_tx};
use crate::Write;
use crate::use_cases::UseCaseError;
use crate::vault::Opened;
use crate::write::states_in_tx;
use domain::guardian::{Guardian, State};
use domain::values::mail::Mail;
use domain::{GuardianId, SchoolId, StreamId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Guardians that are looked at in one transaction: the log waits for it.
const STEP: i64 = 100;

/// What was missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backfilled {
    /// Guardians without an address, of all schools.
    pub looked_at: usize,
    /// Of them, those whose address stands in the log and is kept now.
    pub written: usize,
}

/// Keeps the address of every guardian, of whatever school, whose address stands in the log and is not kept yet. May be
/// given again, and while others write: each step holds the log's lock, so that what it writes is what the log says.
pub async fn backfill(write: &Write) -> Result<Backfilled, UseCaseError> {
    let (mut done, mut after) = (Backfilled::default(), String::new());
    loop {
        let found = without_address(write, &after).await?;
        let Some((_, last)) = found.last() else { return Ok(done) };
        after = last.clone();
        done.looked_at += found.len();
        let mut schools: BTreeMap<SchoolId, Vec<StreamId>> = BTreeMap::new();
        for (school, stream) in found {
            schools.entry(school).or_default().push(StreamId::from_stored(stream));
        }
        for (school, streams) in schools {
            done.written += of_school(write, school, &streams).await?;
        }
    }
}

/// The next guardians of whom no address is kept, by school and stream.
async fn without_address(write: &Write, after: &str) -> Result<Vec<(SchoolId, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select e.school_id, e.aggregate_id from events e
         where e.aggregate_type = 'guardian' and e.sequence = 1 and e.aggregate_id > $1
           and not exists (select from guardian_mails m
             where m.school_id = e.school_id and m.guardian_id = split_part(e.aggregate_id, '/', 2)::uuid)
         order by e.aggregate_id limit $2",
        after,
        STEP,
    );
    let rows = rows.fetch_all(write.pool()).await?;
    Ok(rows.into_iter().map(|row| (SchoolId(row.school_id), row.aggregate_id)).collect())
}

async fn of_school(write: &Write, school: SchoolId, streams: &[StreamId]) -> Result<usize, UseCaseError> {
    let ids: Vec<Uuid> = streams.iter().filter_map(StreamId::own_id).collect();
    // Before the lock. Who is erased meanwhile is erased after it, address and all.
    let keys = write.vault().keys_of(school, &ids).await?;
    let mut tx = write.pool().begin().await?;
    sqlx::query!("select lock_log()").execute(&mut *tx).await?;
    let names: Vec<&str> = streams.iter().map(StreamId::as_str).collect();
    let states = states_in_tx::<Guardian>(&mut tx, &names).await?;
    let mut addresses = Vec::new();
    for (stream, id) in streams.iter().filter_map(|stream| Some((stream, stream.own_id()?))) {
        let Some(State::Registered { mail: Some(sealed), .. }) = states.get(stream.as_str()) else { continue };
        if let Opened::Plain(text) = keys.open(id, "mail", sealed)?
            && let Ok(mail) = Mail::parse(&text)
        {
            addresses.push(Address::of(write, GuardianId(id), Some(&mail)));
        }
    }
    write_in_tx(&mut tx, school, &addresses).await?;
    tx.commit().await?;
    Ok(addresses.len())
}
