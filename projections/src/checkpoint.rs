//! How far each read model is.

use crate::ReadModel;
use chrono::{DateTime, Utc};
use domain::Epoch;
use sqlx::{PgConnection, PgPool};

/// How far a read model is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checkpoint {
    /// The model.
    pub model: ReadModel,
    /// The log's life that the position belongs to.
    pub epoch: Epoch,
    /// Last event in the model; 0 before the first.
    pub position: i64,
    /// When the log learned that event.
    pub recorded_at: Option<DateTime<Utc>>,
}

/// All checkpoints; a model that has not begun yet has none.
pub async fn all(pool: &PgPool) -> Result<Vec<Checkpoint>, sqlx::Error> {
    all_in_tx(&mut *pool.acquire().await?).await
}

/// As [`all`], within a snapshot.
pub async fn all_in_tx(conn: &mut PgConnection) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query!("select read_model, epoch, position, recorded_at from checkpoints order by read_model")
        .fetch_all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|r| {
            Some(Checkpoint {
                model: r.read_model.parse().ok()?,
                epoch: Epoch(r.epoch),
                position: r.position,
                recorded_at: r.recorded_at,
            })
        })
        .collect())
}

/// A model's checkpoint; begins at 0 of the log's present epoch if there is none.
pub async fn begin(pool: &PgPool, model: ReadModel) -> Result<Checkpoint, sqlx::Error> {
    let row = sqlx::query!(
        r#"with begun as (
             insert into checkpoints (read_model, epoch, position)
             select $1, epoch, 0 from log_epoch
             on conflict do nothing
             returning epoch, position, recorded_at
           )
           select epoch as "epoch!", position as "position!", recorded_at from begun
           union all
           select epoch, position, recorded_at from checkpoints where read_model = $1
           limit 1"#,
        model.name()
    )
    .fetch_one(pool)
    .await?;
    Ok(Checkpoint { model, epoch: Epoch(row.epoch), position: row.position, recorded_at: row.recorded_at })
}

/// Moves a checkpoint, if it is still where `from` says. False: another projector moved it. Holds the
/// row until the transaction ends, so it comes first in it: of two projectors with the same page, one
/// waits here and then writes nothing.
pub(crate) async fn advance_in_tx(
    conn: &mut PgConnection,
    from: &Checkpoint,
    to: &Checkpoint,
) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query!(
        "update checkpoints set epoch = $4, position = $5, recorded_at = $6 \
         where read_model = $1 and epoch = $2 and position = $3",
        from.model.name(),
        from.epoch.0,
        from.position,
        to.epoch.0,
        to.position,
        to.recorded_at
    )
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Sets a checkpoint, whatever it was. The caller holds the row.
pub(crate) async fn set_in_tx(conn: &mut PgConnection, to: &Checkpoint) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into checkpoints (read_model, epoch, position, recorded_at) values ($1, $2, $3, $4) \
         on conflict (read_model) do update \
         set epoch = excluded.epoch, position = excluded.position, recorded_at = excluded.recorded_at",
        to.model.name(),
        to.epoch.0,
        to.position,
        to.recorded_at
    )
    .execute(conn)
    .await?;
    Ok(())
}
