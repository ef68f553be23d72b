//! How far each read model is.

use crate::ReadModel;
use chrono::{DateTime, Utc};
use domain::Epoch;
use sqlx::{Connection, PgConnection, PgPool};

/// How far a read model is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checkpoint {
    /// The model.
    pub model: ReadModel,
    /// How often it was moved.
    pub version: i64,
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
    let names = ReadModel::ALL.map(|model| model.name().to_owned());
    let rows = sqlx::query!(
        r#"select c.read_model as "read_model!", c.version as "version!", c.epoch as "epoch!",
                  c.position as "position!", c.recorded_at as "recorded_at?"
             from unnest($1::text[]) m (name) cross join lateral checkpoint_of(m.name) c
            order by 1"#,
        &names
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|r| {
            Some(Checkpoint {
                model: r.read_model.parse().ok()?,
                version: r.version,
                epoch: Epoch(r.epoch),
                position: r.position,
                recorded_at: r.recorded_at,
            })
        })
        .collect())
}

/// A model's checkpoint; begins at 0 of the log's present epoch if there is none.
pub async fn begin(pool: &PgPool, model: ReadModel) -> Result<Checkpoint, sqlx::Error> {
    begin_on(&mut *pool.acquire().await?, model).await
}

/// As [`begin`].
pub(crate) async fn begin_on(conn: &mut PgConnection, model: ReadModel) -> Result<Checkpoint, sqlx::Error> {
    if let Some(there) = find(conn, model).await? {
        return Ok(there);
    }
    let mut tx = conn.begin().await?;
    // Of two who begin, one waits here and then finds the other's row, wherever that has moved to.
    sqlx::query!("lock table checkpoints in share row exclusive mode").execute(&mut *tx).await?;
    sqlx::query!(
        "insert into checkpoints (read_model, version, epoch, position)
         select $1, 0, epoch, 0 from log_epoch where not exists (select from checkpoint_of($1))",
        model.name()
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    find(conn, model).await?.ok_or(sqlx::Error::RowNotFound)
}

async fn find(conn: &mut PgConnection, model: ReadModel) -> Result<Option<Checkpoint>, sqlx::Error> {
    Ok(all_in_tx(conn).await?.into_iter().find(|checkpoint| checkpoint.model == model))
}

/// Moves a checkpoint, if it is still where `from` says, to `to`, which has the next version. False: another
/// projector moved it. Holds the row until the transaction ends, so it comes first in it: of two projectors
/// with the same page, one waits here and then writes nothing.
pub(crate) async fn advance_in_tx(
    conn: &mut PgConnection,
    from: &Checkpoint,
    to: &Checkpoint,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select move_checkpoint($1, $2, $3, $4, $5, $6, $7, $8) as "moved!""#,
        from.model.name(),
        from.version,
        from.epoch.0,
        from.position,
        to.version,
        to.epoch.0,
        to.position,
        to.recorded_at
    )
    .fetch_one(conn)
    .await
}

/// Sets a checkpoint that has begun, whatever it was. The caller holds the row.
pub(crate) async fn set_in_tx(conn: &mut PgConnection, to: &Checkpoint) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update checkpoints set version = version + 1, epoch = $2, position = $3, recorded_at = $4 where read_model = $1",
        to.model.name(),
        to.epoch.0,
        to.position,
        to.recorded_at
    )
    .execute(conn)
    .await?;
    Ok(())
}
