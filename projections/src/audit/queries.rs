//! What readers ask of the audit index, in the transaction of a school.

use super::apply::{KIOSK, sender};
use super::rows::Entry;
use crate::readers::SchoolTx;
use crate::{page, wire};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{CommandId, EventId, KioskId, SchoolId};
use uuid::Uuid;

/// Which entries; an empty filter means all of the school.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Of one stream (its whole id).
    pub stream: Option<String>,
    /// About one pupil or guardian.
    pub subject: Option<Uuid>,
    /// About or from one kiosk.
    pub kiosk: Option<KioskId>,
    /// By one actor (`kiosk:<id>`, `user:<id>`, `cli:<name>`, …).
    pub actor: Option<String>,
    /// Recorded at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Recorded before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Belonging to one school day.
    pub date: Option<NaiveDate>,
    /// Of one aggregate type.
    pub aggregate_type: Option<String>,
    /// Of one event name.
    pub event_type: Option<String>,
}

/// In which order a page goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// From the end of the log backwards.
    #[default]
    NewestFirst,
    /// From its beginning.
    OldestFirst,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The position to go on from, if there are more.
    pub next: Option<i64>,
}

/// Entries of a school, at most 200 a page, going on from the position `cursor` (exclusive).
pub async fn entries(
    tx: &mut SchoolTx,
    filter: &Filter,
    order: Order,
    cursor: Option<i64>,
    limit: i64,
) -> Result<EntryPage, sqlx::Error> {
    let limit = page::limit(limit);
    // The log never records an event before the one ahead of it, so a range of time is a range of
    // positions: a page walks along those, and Postgres knows how many they are.
    let from = match filter.from {
        None => None,
        Some(from) => match first_recorded(tx, from).await? {
            None => return Ok(EntryPage { entries: Vec::new(), next: None }),
            first => first,
        },
    };
    let to = match filter.to {
        None => None,
        Some(to) => first_recorded(tx, to).await?,
    };
    // Streams, actors and types have indexes of the rare ones only; the others are found by other columns.
    let actor = filter.actor.as_deref();
    let (by_kiosk, sender) = (actor.is_some_and(|actor| actor.starts_with(KIOSK)), actor.and_then(sender));
    if by_kiosk && sender.is_none() {
        return Ok(EntryPage { entries: Vec::new(), next: None });
    }
    let day = filter.stream.as_deref().and_then(day_of);
    // A person's entries are found by the person alone, by a function that may use the index of persons.
    //
    // One statement for every filter: what is not asked is null, and Postgres plans for the filters that
    // are there (a generic plan of thirteen "or null" never looks cheaper). The two orders differ in text
    // only, and a macro wants a literal.
    macro_rules! select {
        ($order:literal, $beyond:literal) => {
            sqlx::query_as!(
                EntryRecord,
                "select school_id, position, local_date, aggregate_type, stream, sequence, event_type, event_version, \
                 event_id, actor, kiosk_id, subjects, occurred_at, recorded_at, correlation_id, causation_id, command_id, \
                 reason \
                 from entries where school_id = $1 \
                 and ($2::text is null or stream = $2) \
                 and ($3::uuid is null or position = any(array(select entries_about($3)))) \
                 and ($4::uuid is null or kiosk_id = $4) \
                 and ($5::text is null or actor = $5) \
                 and ($6::bigint is null or position >= $6) \
                 and ($7::bigint is null or position < $7) \
                 and ($8::date is null or local_date = $8) \
                 and ($9::text is null or aggregate_type = $9) \
                 and ($10::text is null or event_type = $10) \
                 and ($13::bool is false or aggregate_type <> 'attendance_day') \
                 and ($14::bool is false or actor not like 'kiosk:%') \
                 and ($11::bigint is null or position "
                    + $beyond
                    + " $11) order by position "
                    + $order
                    + " limit $12",
                tx.school().0,
                filter.stream.as_deref(),
                filter.subject,
                filter.kiosk.or(sender).map(|k| k.0),
                actor,
                from,
                to,
                filter.date.or(day),
                filter.aggregate_type.as_deref(),
                filter.event_type.as_deref(),
                cursor,
                limit + 1,
                filter.stream.is_some() && day.is_none(),
                actor.is_some() && !by_kiosk
            )
            .fetch_all(tx.conn())
            .await?
        };
    }
    let mut rows = match order {
        Order::NewestFirst => select!("desc", "<"),
        Order::OldestFirst => select!("asc", ">"),
    };
    let wanted = usize::try_from(limit).unwrap_or(1);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = if more { rows.last().map(|r| r.position) } else { None };
    // What was recorded since the range was looked up.
    rows.retain(|r| filter.to.is_none_or(|to| r.recorded_at < to));
    let entries = rows.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
    Ok(EntryPage { entries, next })
}

/// The date of a pupil's day's stream, `<date>/<school>/<student>`: that of its events. A no-show case's has a slot,
/// too, and what is said of it may be said on another date.
fn day_of(stream: &str) -> Option<NaiveDate> {
    let mut parts = stream.split('/');
    let date = parts.next()?.parse().ok()?;
    (parts.count() == 2).then_some(date)
}

/// Position of a school's first entry that was recorded at an instant or later: halves the range that it is
/// in, from the school's first position to behind its last, one step into the index each time.
pub(super) async fn first_recorded(tx: &mut SchoolTx, at: DateTime<Utc>) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"with recursive range (low, high) as (
             select first.position, last.position + 1
             from (select position from entries where school_id = $1 order by position limit 1) first,
                  (select position from entries where school_id = $1 order by position desc limit 1) last
             union all
             select case when middle.recorded_at < $2 then middle.position + 1 else low end,
                    case when middle.recorded_at < $2 then high else (low + high) / 2 end
             from range cross join lateral (
               select position, recorded_at from entries
               where school_id = $1 and position >= (low + high) / 2 order by position limit 1
             ) middle
             where low < high
           )
           select found.position as "position!" from range cross join lateral (
             select position from entries where school_id = $1 and position >= low order by position limit 1
           ) found
           where low >= high"#,
        tx.school().0,
        at
    )
    .fetch_optional(tx.conn())
    .await
}

/// `entries` as stored.
struct EntryRecord {
    school_id: Uuid,
    position: i64,
    local_date: NaiveDate,
    aggregate_type: String,
    stream: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    event_id: Uuid,
    actor: String,
    kiosk_id: Option<Uuid>,
    subjects: Vec<Uuid>,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
    command_id: Option<Uuid>,
    reason: Option<String>,
}

impl TryFrom<EntryRecord> for Entry {
    type Error = sqlx::Error;
    fn try_from(r: EntryRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            position: r.position,
            local_date: r.local_date,
            aggregate_type: r.aggregate_type,
            stream: r.stream,
            sequence: r.sequence,
            event_type: r.event_type,
            event_version: r.event_version,
            event_id: EventId(r.event_id),
            actor: r.actor,
            kiosk_id: r.kiosk_id.map(KioskId),
            subjects: r.subjects,
            occurred_at: r.occurred_at,
            recorded_at: r.recorded_at,
            correlation_id: r.correlation_id,
            causation_id: r.causation_id,
            command_id: r.command_id.map(CommandId),
            reason: r.reason.as_deref().map(wire::parse).transpose()?,
        })
    }
}
