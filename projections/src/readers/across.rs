//! What requests ask across schools: nothing of it is about a pupil.

use super::Readers;
use crate::roster::{queries, rows::School};
use crate::{Checkpoint, checkpoint};
use domain::SchoolId;
use sqlx::Executor;
use sqlx::postgres::PgListener;

impl Readers {
    /// How far each read model is: of the whole log, and asked by probes and figures, which belong to no school.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, sqlx::Error> {
        checkpoint::all(&self.0).await
    }

    /// Schools by id, at most 200 `after` a cursor: to choose one, nobody's may be known yet. The transaction
    /// says that it lists them, and meets no other table's rows.
    pub async fn schools(&self, after: Option<SchoolId>, limit: i64) -> Result<Vec<School>, sqlx::Error> {
        let mut connection = self.0.acquire().await?;
        connection.execute("begin read only; set local app.list_of_schools = 'on'").await?;
        queries::schools_in_tx(&mut connection, after, limit).await
    }

    /// Calls `told` with what is notified on a channel, or with nothing where something may have been missed,
    /// until the line breaks: one connection hears for the boards of all schools.
    pub async fn follow(&self, channel: &str, told: &(dyn Fn(Option<&str>) + Send + Sync)) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.0).await?;
        listener.listen(channel).await?;
        loop {
            // None: the connection was lost and made again, and what was said meanwhile is lost.
            told(listener.try_recv().await?.as_ref().map(|said| said.payload()));
        }
    }
}
