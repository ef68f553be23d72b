//! What comes back from outside: how a message fares, and words of whoever got one. All of it comes twice, late and in any
//! order; none of it is refused.

use super::rows::{Key, Row};
use super::settle::{Change, settle};
use crate::accounts::INSTALLATION;
use crate::directory::Kind;
use crate::error::{StoreError, WriteError};
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::delivery::{Channel, Command, Failure, Mode};
use domain::guardian::notices::Method;
use domain::guardian::{self, Guardian};
use domain::{DeliveryId, GuardianId, SchoolId, StreamId};
use uuid::Uuid;

/// How a message fares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The channel took it.
    Sent,
    /// It is on the telephone.
    Delivered,
    /// A person opened it.
    Read,
    /// It did not arrive.
    Failed {
        /// The channel's own code.
        code: Option<u32>,
    },
}

/// The keyed hash of an address by which words of whoever reads it are understood; the same for all schools.
pub fn address_key(write: &Write, phone: &str) -> [u8; 16] {
    write.directory().hmac(INSTALLATION, Kind::Phone, phone)
}

/// The keyed hash of a channel's own id of a message.
pub fn provider_key(write: &Write, id: &str) -> [u8; 16] {
    write.directory().hmac(INSTALLATION, Kind::Message, id)
}

/// Takes in how a message fares, since when by the channel's own word: of one that is named by its own id, or by the channel's. How many events followed; of a
/// message that nobody here sent, none.
pub async fn heard(
    write: &Write,
    message: Option<Uuid>,
    provider: Option<[u8; 16]>,
    (what, at): (Heard, Option<DateTime<Utc>>),
) -> Result<usize, StoreError> {
    let rows = sqlx::query!(
        "select school_id, delivery_id from delivery_attempts where message_id = $1
         union
         select school_id, delivery_id from delivery_attempts where provider_hmac = $2",
        message,
        provider.as_ref().map(<[u8; 16]>::as_slice),
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let key = |school: Option<Uuid>, delivery: Option<Uuid>| Some((SchoolId(school?), DeliveryId(delivery?)));
    let keys: Vec<Key> = rows.into_iter().filter_map(|row| key(row.school_id, row.delivery_id)).collect();
    if keys.is_empty() {
        return Ok(0);
    }
    let said = |row: &Row| {
        let attempt = u16::try_from(row.attempts).unwrap_or(u16::MAX);
        let command = match what {
            Heard::Sent => Command::Accept { attempt, mode: Mode::Live },
            Heard::Delivered => Command::Deliver,
            Heard::Read => Command::Read,
            Heard::Failed { code } => Command::Fail { reason: Failure::CameBack, code },
        };
        Change::said(row, command)
    };
    settle(write, &keys, None, at, said).await
}

/// A guardian is erased: nothing is left by which an address or a message of theirs could be known again.
pub(crate) async fn forget(write: &Write, school: SchoolId, guardian: GuardianId) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        "update delivery_attempts set address_hmac = null, provider_hmac = null where school_id = $1 and guardian_id = $2",
        school.0,
        guardian.0,
    );
    in_time(rows.execute(write.pool())).await?;
    Ok(())
}

/// A word of whoever reads an address, said at that instant: no more messages by this channel, or messages again. Of
/// every guardian, of whatever school, who was ever written to there; how many said something new.
pub async fn word(
    write: &Write,
    channel: Channel,
    address: [u8; 16],
    in_: bool,
    said_at: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let rows = sqlx::query!(
        "select distinct school_id, guardian_id from delivery_attempts where address_hmac = $1 and channel = $2",
        &address[..],
        channel.as_str(),
    );
    let mut news = 0;
    for row in in_time(rows.fetch_all(write.pool())).await? {
        let (school, guardian) = (SchoolId(row.school_id), GuardianId(row.guardian_id));
        let command = guardian::Command::Opt { channel, kind: None, in_, method: Method::Reply, said_at };
        let context = crate::Context {
            actor: domain::Actor::guardian(guardian),
            causation_id: None,
            ..super::context(&super::zones(write, [school]).await?, school, domain::EventId(write.ids().next()))?
        };
        match write.execute::<Guardian>(&context, &StreamId::of(school, guardian), command).await {
            Ok(done) => news += usize::from(done.events > 0),
            // Who was erased is written to no more.
            Err(WriteError::Rejected(guardian::Error::NotRegistered | guardian::Error::Erased)) => {}
            Err(WriteError::Rejected(guardian::Error::AlreadyRegistered)) => {}
            Err(WriteError::Conflict) => return Err(StoreError::Interrupted),
            Err(WriteError::Store(error)) => return Err(error),
        }
    }
    Ok(news)
}
