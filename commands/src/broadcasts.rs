//! Messages of the school to many: writing, approving and cancelling one, whom it reaches, and sending it.
//!
//! ```text
//! draft ─▶ approve ─▶ (its time) start: whom it goes to is fixed ─▶ ask, a page at once ─▶ deliveries ─▶ complete
//! ```
//! Where a broadcast stands is a row, written in the transaction of the event that says so. Whoever goes on after a
//! crash goes on with the recipients whose notice is not asked for yet; each is asked for once.

mod act;
mod progress;
mod reach;
mod run;
#[cfg(test)]
mod tests;

pub use progress::{Line, Of, Outcome, Results, of_guardians, progress, results};
pub use reach::{Reach, WhyNot, reach};
pub use run::{Due, ask, due, start};

use crate::context::Context;
use crate::deliveries::broadcasts;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::use_cases::{Invalid, UseCaseError};
use crate::write::{Done, Write};
use act::act;
use chrono::{DateTime, Utc};
use domain::broadcast::{Audience, Broadcast, Command, Draft, Known, LONGEST_SUBJECT, LONGEST_TEXT, State};
use domain::sealed::SealingClass;
use domain::{Actor, BroadcastId, SchoolId, StreamId};
use std::collections::BTreeMap;

/// What is written. Holds free text in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Written {
    /// Minted by the client, the same at every retry.
    pub broadcast_id: BroadcastId,
    /// One line, in clear; sealed here.
    pub subject: String,
    /// The message, in clear; sealed here.
    pub text: String,
    /// To whom.
    pub audience: Audience,
    /// By WhatsApp too.
    pub whatsapp: bool,
    /// Not before this instant.
    pub send_at: Option<DateTime<Utc>>,
}

/// Writes a draft, or writes it anew.
pub async fn draft(write: &Write, context: &Context, input: Written) -> Result<Done, UseCaseError> {
    let (subject, text) = (input.subject.trim(), input.text.trim().replace("\r\n", "\n"));
    let fits = |text: &str, longest, line: bool| {
        let control = |c: char| c.is_control() && (line || c != '\n');
        !text.is_empty()
            && u32::try_from(text.chars().count()).is_ok_and(|n| n <= longest)
            && !text.chars().any(control)
    };
    if !fits(subject, LONGEST_SUBJECT, true) || !fits(&text, LONGEST_TEXT, false) {
        return Err(UseCaseError::Invalid(Invalid::Message));
    }
    let (id, class) = (input.broadcast_id.0, SealingClass::Reason);
    let keys = write.vault().ensure_keys(context.school, &[(id, class)]).await?;
    let draft = Draft {
        subject: keys.seal(id, class, "drafted", "subject", subject)?,
        text: keys.seal(id, class, "drafted", "text", &text)?,
        audience: input.audience,
        whatsapp: input.whatsapp,
        send_at: input.send_at,
    };
    act(write, context, input.broadcast_id, Command::Draft(draft)).await
}

/// Lets it go out: the draft that was seen, to so many people.
pub async fn approve(
    write: &Write,
    context: &Context,
    broadcast_id: BroadcastId,
    (version, people): (u32, u32),
) -> Result<Done, UseCaseError> {
    let author = author(write, context.school, broadcast_id).await?.unwrap_or_else(|| context.actor.clone());
    let command = Command::Approve { version, people, author, by: context.actor.clone() };
    act(write, context, broadcast_id, command).await
}

/// Sends nothing of it any more.
pub async fn cancel(write: &Write, context: &Context, broadcast_id: BroadcastId) -> Result<Done, UseCaseError> {
    act(write, context, broadcast_id, Command::Cancel).await
}

/// A person lets a broadcast go on after the log was restored. Whether it stood still.
pub async fn go_on(write: &Write, school: SchoolId, broadcast_id: BroadcastId) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        "update broadcasts b set epoch = e.epoch from log_epoch e
         where b.school_id = $1 and b.broadcast_id = $2 and b.epoch <> e.epoch",
        school.0,
        broadcast_id.0,
    );
    Ok(in_time(row.execute(write.pool())).await?.rows_affected() > 0)
}

/// Who wrote the newest draft: its envelope never changes.
pub async fn author(write: &Write, school: SchoolId, broadcast_id: BroadcastId) -> Result<Option<Actor>, StoreError> {
    let stream = StreamId::of(school, broadcast_id);
    let author = sqlx::query_scalar!(
        "select actor from events
         where aggregate_type = 'broadcast' and aggregate_id = $1 and event_type = 'drafted'
         order by sequence desc limit 1",
        stream.as_str(),
    );
    Ok(in_time(author.fetch_optional(write.pool())).await?.map(Actor))
}

/// A broadcast as the log says now; none if nobody wrote it.
pub async fn of(write: &Write, school: SchoolId, broadcast_id: BroadcastId) -> Result<Option<Known>, StoreError> {
    let state = write.state::<Broadcast>(&StreamId::of(school, broadcast_id)).await?;
    Ok(state.known().cloned())
}

/// A broadcast in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub broadcast_id: BroadcastId,
    /// When it was first written.
    pub drafted_at: DateTime<Utc>,
    /// When it goes or went out, once it is approved.
    pub send_at: Option<DateTime<Utc>>,
    /// It stands still: the log was restored since.
    pub quiet: bool,
}

/// A school's newest broadcasts, the newest first; those before `before`, of the same list.
pub async fn newest(
    write: &Write,
    school: SchoolId,
    before: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let rows = sqlx::query!(
        r#"select broadcast_id, drafted_at, send_at, b.state in ('approved', 'started') and b.epoch <> e.epoch as "quiet!"
           from broadcasts b, log_epoch e
           where school_id = $1 and ($2::timestamptz is null or drafted_at < $2)
           order by drafted_at desc, broadcast_id limit $3"#,
        school.0,
        before,
        limit,
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let listed = rows.into_iter().map(|row| Listed {
        broadcast_id: BroadcastId(row.broadcast_id),
        drafted_at: row.drafted_at,
        send_at: row.send_at,
        quiet: row.quiet,
    });
    Ok(listed.collect())
}

/// One of the list.
pub async fn listed(write: &Write, school: SchoolId, broadcast_id: BroadcastId) -> Result<Option<Listed>, StoreError> {
    let row = sqlx::query!(
        r#"select drafted_at, send_at, b.state in ('approved', 'started') and b.epoch <> e.epoch as "quiet!"
           from broadcasts b, log_epoch e where school_id = $1 and broadcast_id = $2"#,
        school.0,
        broadcast_id.0,
    );
    let row = in_time(row.fetch_optional(write.pool())).await?;
    Ok(row.map(|row| Listed { broadcast_id, drafted_at: row.drafted_at, send_at: row.send_at, quiet: row.quiet }))
}

/// A broadcast with its subject and its text; without them once its key was destroyed.
#[derive(Clone)]
pub struct Opened {
    /// What the log says of it.
    pub known: Known,
    /// Subject and text, in clear.
    pub words: Option<(String, String)>,
}

/// These broadcasts of a school, opened. One that cannot be read is left out.
pub async fn opened(
    write: &Write,
    school: SchoolId,
    ids: &[BroadcastId],
) -> Result<BTreeMap<BroadcastId, Opened>, UseCaseError> {
    let states = broadcasts(write, school, ids).await?;
    let subjects: Vec<_> = ids.iter().map(|id| id.0).collect();
    let keys = write.vault().keys_of(school, &subjects).await?;
    let mut all = BTreeMap::new();
    for id in ids {
        let Some(known) = states.get(StreamId::of(school, *id).as_str()).and_then(State::known) else { continue };
        let subject = keys.open(id.0, "subject", &known.draft.subject)?.plain();
        let text = keys.open(id.0, "text", &known.draft.text)?.plain();
        all.insert(*id, Opened { known: known.clone(), words: subject.zip(text) });
    }
    Ok(all)
}
