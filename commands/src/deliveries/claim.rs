//! Takes what is due, to be sent by whoever took it, and commits that before anything is sent.

use super::rows::{About, Key, Row, lock_in_tx};
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::delivery::policy::SPACING;
use domain::delivery::{Channel, Kind, Says};
use domain::no_show::CaseId;
use domain::{BroadcastId, DeliveryId, EventId, GuardianId, SchoolId, StudentId};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Several deliveries to one guardian that say the same: of brothers, one message.
#[derive(Clone, Debug)]
pub struct Message {
    /// What the channel is told to say with its answers. Of this try alone.
    pub message_id: Uuid,
    /// The school.
    pub school: SchoolId,
    /// By which way.
    pub channel: Channel,
    /// To whom.
    pub guardian: GuardianId,
    /// What it is about.
    pub kind: Kind,
    /// What it says.
    pub says: Says,
    /// Of which instant.
    pub about_at: DateTime<Utc>,
    /// Of whom. Never empty as it is claimed.
    pub parts: Vec<Part>,
}

/// One delivery of a message.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which.
    pub delivery: DeliveryId,
    /// Of which pupil.
    pub student: StudentId,
    pub(super) cause: EventId,
    pub(super) about: About,
    pub(super) about_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

impl Part {
    /// The case that it is of, if it is of one.
    pub(super) fn case(&self) -> Option<CaseId> {
        self.about.case(self.student)
    }
}

impl Message {
    /// Its deliveries.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.parts.iter().map(|part| (self.school, part.delivery)).collect()
    }
}

/// Takes up to `limit` messages of a channel that are due, alarms first, and what is to be said together with each. None
/// of a channel or template that is paused, or quiet after a restore; none to whoever was written to just now.
pub async fn claim(write: &Write, channel: Channel, limit: i64) -> Result<Vec<Message>, StoreError> {
    in_time(once(write, channel, limit)).await
}

/// A message tells the minute: what is of the same is told together.
fn the_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

/// What is one message: of a kind, to a guardian, with these words, of a minute and one broadcast, of a school. What
/// others may wait for comes first.
type SaidTogether = (u8, Kind, GuardianId, Says, DateTime<Utc>, Option<BroadcastId>, SchoolId);

async fn once(write: &Write, channel: Channel, limit: i64) -> Result<Vec<Message>, StoreError> {
    let now = write.clock().now();
    let mut tx = write.pool().begin().await?;
    // Of two who claim at once, one sees whom the other writes to.
    let turn = format!("claim of deliveries by {channel}");
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", turn).execute(&mut *tx).await?;
    let leads = leads_in_tx(&mut tx, channel, now, limit).await?;
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let rows = lock_in_tx(&mut tx, &leads).await?;
    let mut messages: BTreeMap<SaidTogether, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        let notice = row.notice;
        let kind = notice.kind;
        let said_together = (
            kind.rank(),
            kind,
            notice.guardian_id,
            notice.says,
            the_minute(row.about_at),
            row.about.broadcast,
            row.school,
        );
        messages.entry(said_together).or_default().push(row);
    }
    // One message a person at once; alarms come first.
    let mut written_to = HashSet::new();
    let mut taken = Vec::new();
    for ((_, kind, guardian, says, about_at, _, school), rows) in &messages {
        if channel == Channel::Email || written_to.insert((*school, *guardian)) {
            taken.push(message(write, channel, (*school, *guardian), (*kind, *says, *about_at), rows));
        }
    }
    for message in &mut taken {
        // What changed since it was found due is not taken: a word of the channel may have come.
        let held = take_in_tx(&mut tx, message, now).await?;
        message.parts.retain(|part| held.contains(&part.delivery.0));
    }
    tx.commit().await?;
    taken.retain(|message| !message.parts.is_empty());
    Ok(taken)
}

fn message(
    write: &Write,
    channel: Channel,
    (school, guardian): (SchoolId, GuardianId),
    (kind, says, about_at): (Kind, Says, DateTime<Utc>),
    rows: &[&Row],
) -> Message {
    let part = |row: &&Row| Part {
        delivery: row.delivery,
        student: row.notice.student_id,
        cause: row.notice.cause_id,
        about: row.about,
        about_at: row.about_at,
        expires_at: row.notice.expires_at,
    };
    let parts = rows.iter().map(part).collect();
    Message { message_id: write.ids().next(), school, channel, guardian, kind, says, about_at, parts }
}

/// The deliveries that are due, each with all that are said together with it.
async fn leads_in_tx(
    conn: &mut PgConnection,
    channel: Channel,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Key>, sqlx::Error> {
    let spacing = if channel == Channel::Whatsapp { SPACING } else { TimeDelta::zero() };
    let rows = sqlx::query!(
        r#"with due as (
             select d.* from deliveries d
             where d.channel = $1 and d.due_at <= $2
               and exists (select from delivery_channels c join log_epoch e on e.epoch = c.epoch
                 where c.channel = $1 and c.says = '' and c.paused_at is null)
               and not exists (select from delivery_channels c
                 where c.channel = $1 and c.says = d.says and c.paused_at is not null)
               and not exists (select from delivery_attempts a
                 where a.school_id = d.school_id and a.guardian_id = d.guardian_id and a.channel = $1
                   and a.started_at > $3 and a.started_at <= $2 and $3 < $2)
             order by d.rank, d.due_at, d.delivery_id limit $4
           )
           select distinct d.school_id, d.delivery_id from due l
           join deliveries d on d.school_id = l.school_id and d.guardian_id = l.guardian_id and d.channel = $1
             and d.kind = l.kind and d.says = l.says and d.broadcast_id is not distinct from l.broadcast_id
             and date_trunc('minute', d.about_at) = date_trunc('minute', l.about_at)
             and (d.due_at <= $2 or d.due_at is not null and d.attempts = 0)"#,
        channel.as_str(),
        now,
        now - spacing,
        limit,
    );
    let rows = rows.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (SchoolId(row.school_id), DeliveryId(row.delivery_id))).collect())
}

async fn take_in_tx(conn: &mut PgConnection, message: &Message, now: DateTime<Utc>) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = message.parts.iter().map(|part| part.delivery.0).collect();
    sqlx::query_scalar!(
        "with taken as (
           update deliveries set state = 'sending', changed_at = $3, due_at = null, attempts = attempts + 1,
             message_id = $4
           where school_id = $1 and delivery_id = any($2) and (due_at <= $3 or due_at is not null and attempts = 0)
           returning delivery_id
         )
         insert into delivery_attempts (school_id, delivery_id, message_id, guardian_id, channel, started_at)
         select $1, delivery_id, $4, $5, $6, $3 from taken returning delivery_id",
        message.school.0,
        &ids,
        now,
        message.message_id,
        message.guardian.0,
        message.channel.as_str(),
    )
    .fetch_all(conn)
    .await
}
