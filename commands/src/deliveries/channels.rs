//! Whether each channel sends.

use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use chrono::{DateTime, Utc};
use domain::AccountId;
use domain::delivery::{Channel, Says};

/// A channel, or one of its templates, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The channel.
    pub channel: Channel,
    /// The template; none: the channel itself.
    pub says: Option<Says>,
    /// Since when it is paused, and why.
    pub paused: Option<(DateTime<Utc>, String)>,
    /// The log was restored, and nobody let it go on since.
    pub quiet: bool,
}

/// Enters a channel that was never used. It sends from now on: nothing waits for it.
pub async fn enter(write: &Write, channel: Channel) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "insert into delivery_channels (channel, says, epoch) select $1, '', epoch from log_epoch on conflict do nothing",
        channel.as_str(),
    );
    in_time(row.execute(write.pool())).await?;
    Ok(())
}

/// Every channel that was entered, and every template that is paused.
pub async fn standing(write: &Write) -> Result<Vec<Standing>, StoreError> {
    let rows = sqlx::query!(
        r#"select channel, says, paused_at, paused_reason, c.epoch <> e.epoch as "quiet!"
           from delivery_channels c, log_epoch e where says = '' or paused_at is not null order by channel, says"#
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let standing = rows.into_iter().filter_map(|row| {
        Some(Standing {
            channel: Channel::of_code(&row.channel)?,
            says: if row.says.is_empty() { None } else { Some(Says::of_code(&row.says)?) },
            paused: row.paused_at.map(|at| (at, row.paused_reason.unwrap_or_default())),
            quiet: row.quiet && row.says.is_empty(),
        })
    });
    Ok(standing.collect())
}

/// Whether notices with these words go out by a channel now.
pub(super) fn is_open(standing: &[Standing], channel: Channel, says: Says) -> bool {
    let closes = |one: &Standing| one.quiet || one.paused.is_some() && one.says.is_none_or(|of| of == says);
    !standing.iter().any(|one| one.channel == channel && closes(one))
}

/// Pauses a channel or one of its templates, until a person lets it go on.
pub async fn pause(
    write: &Write,
    (channel, says): (Channel, Option<Says>),
    reason: &'static str,
    code: Option<u32>,
) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "insert into delivery_channels as c (channel, says, epoch, paused_at, paused_reason, paused_code)
         select $1, $2, epoch, $3, $4, $5 from log_epoch
         on conflict (channel, says) do update set paused_at = coalesce(c.paused_at, excluded.paused_at),
           paused_reason = excluded.paused_reason, paused_code = excluded.paused_code",
        channel.as_str(),
        says.map_or("", Says::as_str),
        write.clock().now(),
        reason,
        code.and_then(|code| i32::try_from(code).ok()),
    );
    in_time(row.execute(write.pool())).await?;
    tracing::error!(%channel, says = says.map(Says::as_str), reason, code, "a channel of notices is paused");
    metrics::counter!("delivery_channel_pauses_total", "channel" => channel.as_str(), "reason" => reason).increment(1);
    Ok(())
}

/// What is due by a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The channel.
    pub channel: Channel,
    /// How many deliveries.
    pub deliveries: i64,
    /// Since when the first of them is due.
    pub since: DateTime<Utc>,
}

/// What is due and not sent yet.
pub async fn waiting(write: &Write) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query!(
        r#"select channel, count(*) as "deliveries!", min(due_at) as "since!" from deliveries
           where due_at <= $1 group by channel order by channel"#,
        write.clock().now(),
    );
    let rows = in_time(rows.fetch_all(write.pool())).await?;
    let of = |channel: &str| Channel::of_code(channel);
    let waiting = rows
        .into_iter()
        .filter_map(|row| Some(Waiting { channel: of(&row.channel)?, deliveries: row.deliveries, since: row.since }));
    Ok(waiting.collect())
}

/// Whoever keeps the server lets a channel go on, with all its templates, in the log's present epoch: after a pause, and
/// after a restore. What waited and is news still is sent.
pub async fn resume(write: &Write, channel: Channel) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "update delivery_channels c set epoch = e.epoch, paused_at = null, paused_reason = null, paused_code = null,
           resumed_at = $2, resumed_by = null
         from log_epoch e where channel = $1",
        channel.as_str(),
        write.clock().now(),
    );
    in_time(row.execute(write.pool())).await?;
    tracing::warn!(%channel, "a channel of notices goes on");
    Ok(())
}

/// A person of the staff lets a channel go on that is paused, with all its templates. One that is quiet after a restore
/// stays so: that is asked of whoever restored the log. Whether anything was paused.
pub async fn unpause(write: &Write, channel: Channel, by: AccountId) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        "update delivery_channels set paused_at = null, paused_reason = null, paused_code = null, resumed_at = $2,
           resumed_by = $3
         where channel = $1 and paused_at is not null",
        channel.as_str(),
        write.clock().now(),
        by.0,
    );
    let changed = in_time(row.execute(write.pool())).await?.rows_affected() > 0;
    if changed {
        tracing::warn!(%channel, account_id = %by, "a channel of notices goes on");
    }
    Ok(changed)
}
