//! The rows of deliveries.

use super::{Zones, context};
use crate::append::NewEvent;
use crate::context::Context;
use crate::error::StoreError;
use crate::write::Write;
use chrono::{DateTime, NaiveDate, Utc};
use domain::delivery::ladder::{Rung, Tried};
use domain::delivery::{Channel, Command, Delivery, Event, Kind, Notice, Says, State, Status};
use domain::no_show::CaseId;
use domain::{Aggregate, BroadcastId, DeliveryId, EventId, GuardianId, SchoolId, SlotId, StreamId, StudentId};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A delivery of a school.
pub(super) type Key = (SchoolId, DeliveryId);

/// A delivery as its row says.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) school: SchoolId,
    pub(super) delivery: DeliveryId,
    pub(super) notice: Notice,
    pub(super) about: About,
    pub(super) about_at: DateTime<Utc>,
    pub(super) state: String,
    pub(super) requested_at: DateTime<Utc>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) attempts: i16,
    pub(super) doubts: i16,
    pub(super) message_id: Option<Uuid>,
    pub(super) sequence: i64,
}

/// Of which day it speaks, and of which stay if it is of a case, or which broadcast it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct About {
    pub(crate) date: NaiveDate,
    pub(crate) slot: Option<SlotId>,
    pub(crate) broadcast: Option<BroadcastId>,
}

impl About {
    /// The case of a pupil, if it is of one.
    pub(super) fn case(self, student_id: StudentId) -> Option<CaseId> {
        Some(CaseId { date: self.date, slot_id: self.slot?, student_id })
    }
}

impl From<CaseId> for About {
    fn from(case: CaseId) -> Self {
        Self { date: case.date, slot: Some(case.slot_id), broadcast: None }
    }
}

/// The row as it is stored.
pub(super) struct Stored {
    school_id: Uuid,
    delivery_id: Uuid,
    cause_id: Uuid,
    kind: String,
    channel: String,
    guardian_id: Uuid,
    student_id: Uuid,
    says: String,
    local_date: NaiveDate,
    slot_id: Option<Uuid>,
    broadcast_id: Option<Uuid>,
    about_at: DateTime<Utc>,
    state: String,
    requested_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    attempts: i16,
    doubts: i16,
    message_id: Option<Uuid>,
    sequence: i64,
}

/// A code that this program does not know, in a row that another one wrote.
fn unknown(what: &str) -> StoreError {
    StoreError::Library(format!("a delivery's {what} is not known to this program").into())
}

impl TryFrom<Stored> for Row {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            school: SchoolId(row.school_id),
            delivery: DeliveryId(row.delivery_id),
            notice: Notice {
                cause_id: EventId(row.cause_id),
                kind: Kind::of_code(&row.kind).ok_or_else(|| unknown("kind"))?,
                says: Says::of_code(&row.says).ok_or_else(|| unknown("words"))?,
                channel: Channel::of_code(&row.channel).ok_or_else(|| unknown("channel"))?,
                guardian_id: GuardianId(row.guardian_id),
                student_id: StudentId(row.student_id),
                expires_at: row.expires_at,
            },
            about: About {
                date: row.local_date,
                slot: row.slot_id.map(SlotId),
                broadcast: row.broadcast_id.map(BroadcastId),
            },
            about_at: row.about_at,
            state: row.state,
            requested_at: row.requested_at,
            changed_at: row.changed_at,
            attempts: row.attempts,
            doubts: row.doubts,
            message_id: row.message_id,
            sequence: row.sequence,
        })
    }
}

impl Row {
    /// How much is known of it.
    pub(super) fn status(&self) -> Status {
        // What is being sent is no news; what may have arrived before still may.
        Status::of_code(&self.state).filter(|status| *status != Status::Requested).unwrap_or(match self.doubts {
            0 => Status::Requested,
            _ => Status::Unknown,
        })
    }

    /// As the ladder of an alarm sees it.
    pub(super) fn tried(&self) -> Tried {
        let rung = Rung { guardian_id: self.notice.guardian_id, channel: self.notice.channel };
        // Until the channel took it, it is as old as its asking: tries do not make it young.
        let status = self.status();
        let since =
            if matches!(status, Status::Requested | Status::Unknown) { self.requested_at } else { self.changed_at };
        Tried { rung, status, since }
    }

    /// The case that it is of, if it is of one.
    pub(super) fn case(&self) -> Option<CaseId> {
        self.about.case(self.notice.student_id)
    }

    /// Whether it is being sent, and nothing of it is known from before: it may still be stopped, or not be taken.
    pub(super) fn is_under_way(&self) -> bool {
        self.state == "sending" && self.doubts == 0
    }

    /// Whether it may be on a telephone or in a mailbox.
    pub(super) fn may_have_arrived(&self) -> bool {
        self.doubts > 0 || matches!(self.state.as_str(), "sending" | "accepted" | "delivered" | "read")
    }

    /// The events that follow from what is said of it.
    pub(super) fn decide(&self, command: Command) -> Vec<Event> {
        let state = State::Known { notice: self.notice, status: self.status() };
        Delivery::decide(&state, command).unwrap_or_default()
    }
}

/// An event of a delivery, which happened at an instant, on the day of what it is about: a notice of Friday that is sent on
/// Monday is Friday's.
pub(super) fn event(
    write: &Write,
    context: &Context,
    (key, date): (Key, NaiveDate),
    (sequence, at): (i64, DateTime<Utc>),
    event: &Event,
) -> Result<NewEvent, StoreError> {
    let id = EventId(write.ids().next());
    NewEvent::new(context, id, StreamId::of(key.0, key.1), sequence, at, event)
        .map(|new| NewEvent { local_date: date, ..new })
        .map_err(|error| StoreError::Library(Box::new(error)))
}

/// These deliveries, locked.
pub(super) async fn lock_in_tx(conn: &mut PgConnection, keys: &[Key]) -> Result<Vec<Row>, StoreError> {
    let (schools, ids): (Vec<Uuid>, Vec<Uuid>) = keys.iter().map(|(school, id)| (school.0, id.0)).unzip();
    let rows = sqlx::query_as!(
        Stored,
        "select d.school_id, d.delivery_id, cause_id, kind, channel, guardian_id, student_id, says, local_date, slot_id,
           broadcast_id, about_at, state, requested_at, changed_at, expires_at, attempts, doubts, message_id, sequence
         from deliveries d
         join unnest($1::uuid[], $2::uuid[]) t (school_id, delivery_id)
           on t.school_id = d.school_id and t.delivery_id = d.delivery_id
         order by d.school_id, d.delivery_id for update of d",
        &schools,
        &ids,
    );
    rows.fetch_all(conn).await?.into_iter().map(Row::try_from).collect()
}

/// All that was asked for of these pupils' days, each of a school and named once.
pub(super) async fn of_days_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    days: &BTreeSet<(NaiveDate, StudentId)>,
) -> Result<Vec<Row>, StoreError> {
    let (dates, students): (Vec<NaiveDate>, Vec<Uuid>) = days.iter().map(|(date, student)| (*date, student.0)).unzip();
    let rows = sqlx::query_as!(
        Stored,
        "select d.school_id, delivery_id, cause_id, kind, channel, guardian_id, d.student_id, says, d.local_date, d.slot_id,
           broadcast_id, about_at, state, requested_at, changed_at, expires_at, attempts, doubts, message_id, sequence
         from deliveries d
         join unnest($2::date[], $3::uuid[]) t (local_date, student_id)
           on t.local_date = d.local_date and t.student_id = d.student_id
         where d.school_id = $1 order by d.delivery_id",
        school.0,
        &dates,
        &students,
    );
    rows.fetch_all(conn).await?.into_iter().map(Row::try_from).collect()
}

/// Of what somebody's safety hangs on and has no ladder: those that wait for a channel that does not send, that did not arrive, and that are not wanted by their channel any
/// more, of which no other way was asked for.
pub(super) async fn stuck(write: &Write, limit: i64) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query_as!(
        Stored,
        "select d.school_id, d.delivery_id, d.cause_id, d.kind, d.channel, d.guardian_id, d.student_id, d.says,
           d.local_date, d.slot_id, d.broadcast_id, d.about_at, d.state, d.requested_at, d.changed_at, d.expires_at, d.attempts,
           d.doubts, d.message_id, d.sequence
         from deliveries d
         where d.kind in ('early_leave', 'correction') and d.state in ('requested', 'failed', 'suppressed')
           and d.expires_at > $1
           and case d.state
             when 'failed' then true
             when 'requested' then d.due_at <= $1 and not exists (
               select from delivery_channels c join log_epoch e on e.epoch = c.epoch
               where c.channel = d.channel and c.says = '' and c.paused_at is null
                 and not exists (select from delivery_channels t
                   where t.channel = d.channel and t.says = d.says and t.paused_at is not null))
             else exists (
               select from events e where e.aggregate_type = 'delivery' and e.sequence = d.sequence
                 and e.aggregate_id = d.school_id::text || '/' || d.delivery_id::text
                 and e.payload ->> 'reason' in ('not_wanted', 'no_address'))
           end
           and not exists (
             select from deliveries o where o.school_id = d.school_id and o.cause_id = d.cause_id
               and o.guardian_id = d.guardian_id and o.kind = d.kind and o.channel <> d.channel)
         order by d.expires_at limit $2",
        write.clock().now(),
        limit,
    );
    rows.fetch_all(write.pool()).await?.into_iter().map(Row::try_from).collect()
}

/// A delivery that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) school: SchoolId,
    pub(crate) notice: Notice,
    pub(crate) about: About,
    pub(crate) about_at: DateTime<Utc>,
}

/// Writes the rows of deliveries that are asked for, to be sent as soon as their kind says, and gives the events of those
/// that were not there. The caller appends them in the same transaction.
pub(crate) async fn request_in_tx(
    conn: &mut PgConnection,
    (write, zones): (&Write, &Zones),
    wanted: &[Wanted],
    now: DateTime<Utc>,
) -> Result<Vec<NewEvent>, StoreError> {
    let mut events = Vec::new();
    for one in wanted {
        let Notice { cause_id, kind, says, channel, guardian_id, student_id, expires_at } = one.notice;
        let delivery = DeliveryId::of(cause_id, guardian_id, kind, channel);
        let made = sqlx::query!(
            "insert into deliveries (school_id, delivery_id, cause_id, kind, channel, guardian_id, student_id, says,
               local_date, slot_id, broadcast_id, about_at, state, requested_at, changed_at, due_at, expires_at, sequence)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $15, $11, 'requested', $12, $12, $14, $13, 1)
             on conflict do nothing",
            one.school.0,
            delivery.0,
            cause_id.0,
            kind.as_str(),
            channel.as_str(),
            guardian_id.0,
            student_id.0,
            says.as_str(),
            one.about.date,
            one.about.slot.map(|slot| slot.0),
            one.about_at,
            now,
            expires_at,
            now + kind.waits_for(),
            one.about.broadcast.map(|broadcast| broadcast.0),
        );
        if made.execute(&mut *conn).await?.rows_affected() == 1 {
            let context = context(zones, one.school, cause_id)?;
            let requested = Event::Requested { notice: one.notice };
            events.push(event(write, &context, ((one.school, delivery), one.about.date), (1, now), &requested)?);
        }
    }
    Ok(events)
}
