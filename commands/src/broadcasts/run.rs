//! Sending a broadcast: whom it goes to is fixed when it starts; then their notices are asked for, a page at once.

use super::act::decide_in_tx;
use super::reach::Reach;
use crate::append::append_in_tx;
use crate::context::Context;
use crate::deliveries::{About, Wanted, Zones, request_in_tx, zones};
use crate::error::StoreError;
use crate::pool::in_time;
use crate::use_cases::UseCaseError;
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::broadcast::{Command, Draft};
use domain::delivery::{Channel, Kind, Notice, Says};
use domain::{Actor, BroadcastId, EventId, GuardianId, SchoolId, StudentId};
use sqlx::PgConnection;
use uuid::Uuid;

/// Notices that are asked for in one transaction.
const PAGE: i64 = 500;
/// Broadcasts of one look.
const AT_ONCE: i64 = 20;

/// A broadcast whose time has come.
#[derive(Clone, Debug)]
pub struct Due {
    /// The school.
    pub school: SchoolId,
    /// Which.
    pub broadcast_id: BroadcastId,
    /// It is approved, and whom it goes to is to be fixed; else it goes on.
    pub starts: bool,
    cause: EventId,
    send_at: DateTime<Utc>,
}

/// Those that are to start, to go on or to end, in the log's present epoch. One that only waits for its channel holds up
/// no other.
pub async fn due(write: &Write) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query!(
        r#"select school_id, broadcast_id, state = 'approved' as "starts!", approved_id as "approved_id!",
             send_at as "send_at!"
           from broadcasts b join log_epoch e on e.epoch = b.epoch
           where b.state in ('approved', 'started') and send_at <= $1 and approved_id is not null
             and (b.state = 'approved'
               or exists (select from broadcast_recipients r where r.school_id = b.school_id
                 and r.broadcast_id = b.broadcast_id and r.channel is not null and not r.asked)
               or not exists (select from deliveries d where d.school_id = b.school_id
                 and d.broadcast_id = b.broadcast_id and d.state in ('requested', 'sending')))
           order by send_at limit $2"#,
        write.clock().now(),
        AT_ONCE,
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let due = rows.into_iter().map(|row| Due {
        school: SchoolId(row.school_id),
        broadcast_id: BroadcastId(row.broadcast_id),
        starts: row.starts,
        cause: EventId(row.approved_id),
        send_at: row.send_at,
    });
    Ok(due.collect())
}

impl Due {
    /// What is to be sent, as the log says now.
    pub async fn draft(&self, write: &Write) -> Result<Option<Draft>, StoreError> {
        Ok(super::of(write, self.school, self.broadcast_id).await?.map(|known| known.draft))
    }

    fn context(&self, zones: &Zones) -> Result<Context, StoreError> {
        Ok(Context {
            school: self.school,
            zone: *zones.get(&self.school).ok_or(StoreError::UnknownSchool(self.school))?,
            actor: Actor::system("broadcasts"),
            command_id: None,
            correlation_id: self.cause.0,
            causation_id: Some(self.cause.0),
        })
    }
}

/// Fixes whom it goes to, and says that it started, in one transaction.
pub async fn start(write: &Write, due: &Due, reached: &[Reach]) -> Result<(), UseCaseError> {
    let zones = zones(write, [due.school]).await?;
    let context = due.context(&zones)?;
    in_time(start_once(write, &context, due, reached)).await
}

async fn start_once(write: &Write, context: &Context, due: &Due, reached: &[Reach]) -> Result<(), UseCaseError> {
    let people = u32::try_from(reached.len()).unwrap_or(u32::MAX);
    let mut tx = write.pool().begin().await?;
    let command = Command::Start { people };
    let decided = decide_in_tx(&mut tx, write, context, due.broadcast_id, command).await?;
    // Another process was first.
    if decided.is_empty() {
        return Ok(());
    }
    insert_in_tx(&mut tx, due, reached).await?;
    append_in_tx(&mut tx, &**write.clock(), &decided).await?;
    tx.commit().await?;
    Ok(())
}

async fn insert_in_tx(conn: &mut PgConnection, due: &Due, reached: &[Reach]) -> Result<(), sqlx::Error> {
    let guardians: Vec<Uuid> = reached.iter().map(|one| one.guardian_id.0).collect();
    let students: Vec<Uuid> = reached.iter().map(|one| one.student_id.0).collect();
    let channels: Vec<Option<&str>> = reached.iter().map(|one| one.way.ok().map(Channel::as_str)).collect();
    let why_not: Vec<Option<&str>> = reached.iter().map(|one| one.way.err().map(super::WhyNot::as_str)).collect();
    sqlx::query!(
        "insert into broadcast_recipients (school_id, broadcast_id, guardian_id, student_id, channel, why_not)
         select $1, $2, guardian_id, student_id, channel, why_not
         from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) t (guardian_id, student_id, channel, why_not)
         on conflict do nothing",
        due.school.0,
        due.broadcast_id.0,
        &guardians,
        &students,
        &channels as &[Option<&str>],
        &why_not as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Asks for the next page of notices of one that started, and says that it is over once nothing of it waits any more.
/// How many were asked for.
pub async fn ask(write: &Write, due: &Due) -> Result<usize, UseCaseError> {
    let zones = zones(write, [due.school]).await?;
    in_time(ask_once(write, &zones, due)).await
}

async fn ask_once(write: &Write, zones: &Zones, due: &Due) -> Result<usize, UseCaseError> {
    let context = due.context(zones)?;
    let mut tx = write.pool().begin().await?;
    // One sends a page at a time; who cancels waits for it, and it is the last.
    let mine = sqlx::query_scalar!(
        "select 1 from broadcasts where school_id = $1 and broadcast_id = $2 and state = 'started'
         for update skip locked",
        due.school.0,
        due.broadcast_id.0,
    );
    if mine.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(0);
    }
    let wanted = page_in_tx(&mut tx, due, &context).await?;
    if wanted.is_empty() {
        if is_over_in_tx(&mut tx, due).await? {
            let decided = decide_in_tx(&mut tx, write, &context, due.broadcast_id, Command::Complete).await?;
            append_in_tx(&mut tx, &**write.clock(), &decided).await?;
            tx.commit().await?;
        }
        return Ok(0);
    }
    let events = request_in_tx(&mut tx, (write, zones), &wanted, write.clock().now()).await?;
    append_in_tx(&mut tx, &**write.clock(), &events).await?;
    tx.commit().await?;
    Ok(wanted.len())
}

/// The next recipients, marked as asked for.
async fn page_in_tx(conn: &mut PgConnection, due: &Due, context: &Context) -> Result<Vec<Wanted>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"update broadcast_recipients r set asked = true
           from (select guardian_id from broadcast_recipients
             where school_id = $1 and broadcast_id = $2 and channel is not null and not asked
             order by guardian_id limit $3) next
           where r.school_id = $1 and r.broadcast_id = $2 and r.guardian_id = next.guardian_id
           returning r.guardian_id, r.student_id, r.channel as "channel!""#,
        due.school.0,
        due.broadcast_id.0,
        PAGE,
    );
    let date = due.send_at.with_timezone(&context.zone).date_naive();
    let wanted = |guardian: Uuid, student: Uuid, channel: Channel| Wanted {
        school: due.school,
        notice: Notice {
            cause_id: due.cause,
            kind: Kind::Broadcast,
            says: Says::Broadcast,
            channel,
            guardian_id: GuardianId(guardian),
            student_id: StudentId(student),
            expires_at: due.send_at + Kind::Broadcast.is_news_for(),
        },
        about: About { date, slot: None, broadcast: Some(due.broadcast_id) },
        about_at: due.send_at,
    };
    let rows = rows.fetch_all(conn).await?.into_iter();
    Ok(rows.filter_map(|row| Some(wanted(row.guardian_id, row.student_id, Channel::of_code(&row.channel)?))).collect())
}

async fn is_over_in_tx(conn: &mut PgConnection, due: &Due) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select not exists (select from deliveries where school_id = $1 and broadcast_id = $2
             and state in ('requested', 'sending')) as "over!""#,
        due.school.0,
        due.broadcast_id.0,
    )
    .fetch_one(conn)
    .await
}
