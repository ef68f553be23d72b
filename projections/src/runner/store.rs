//! What a projector needs of the place where it writes.

use super::announce_in_tx;
use crate::{Checkpoint, Fact, ReadModel, checkpoint};
use sqlx::{Executor, PgPool, Postgres, Transaction};

/// Where read models are kept. Of the product there is one, Postgres; the simulation in `tests` has a
/// model.
pub trait Models: Send + Sync {
    /// One transaction. Dropped, it is rolled back.
    type Tx: ModelTx;
    /// A model's checkpoint; begins at 0 of the log's present epoch if there is none.
    fn checkpoint(&self, model: ReadModel) -> impl Future<Output = Result<Checkpoint, sqlx::Error>> + Send;
    /// Begins a transaction of a model.
    fn begin(&self, model: ReadModel) -> impl Future<Output = Result<Self::Tx, sqlx::Error>> + Send;
}

/// What happens in a projector's transaction: the checkpoint moves first, and only one that moved it
/// goes on.
pub trait ModelTx: Send {
    /// Moves the checkpoint, if it is still where `from` says. False: another projector moved it.
    fn advance(&mut self, from: &Checkpoint, to: &Checkpoint)
    -> impl Future<Output = Result<bool, sqlx::Error>> + Send;
    /// Applies a page to the rows.
    fn apply(&mut self, model: ReadModel, facts: &[Fact]) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Empties the model.
    fn clear(&mut self, model: ReadModel) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Tells waiting readers at commit which schools changed.
    fn announce(&mut self, model: ReadModel, schools: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
    /// Commits.
    fn commit(self) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl Models for PgPool {
    type Tx = Transaction<'static, Postgres>;

    async fn checkpoint(&self, model: ReadModel) -> Result<Checkpoint, sqlx::Error> {
        checkpoint::begin(self, model).await
    }

    async fn begin(&self, model: ReadModel) -> Result<Self::Tx, sqlx::Error> {
        match model {
            // What is on a board stays there: were its last commits lost with the server, every board would go
            // back and tell their scans a second time.
            ReadModel::Live => self.begin_with("begin").await,
            // A lost commit is folded again from the log.
            ReadModel::Roster | ReadModel::Audit | ReadModel::NoShow => {
                self.begin_with("begin; set local synchronous_commit = off").await
            }
        }
    }
}

impl ModelTx for Transaction<'static, Postgres> {
    async fn advance(&mut self, from: &Checkpoint, to: &Checkpoint) -> Result<bool, sqlx::Error> {
        checkpoint::advance_in_tx(self, from, to).await
    }
    async fn apply(&mut self, model: ReadModel, facts: &[Fact]) -> Result<(), sqlx::Error> {
        model.apply_page_in_tx(self, facts).await
    }
    async fn clear(&mut self, model: ReadModel) -> Result<(), sqlx::Error> {
        // The one statement here that takes as long as the model is large.
        self.execute("set local statement_timeout = '10min'").await?;
        model.clear_in_tx(self).await
    }
    async fn announce(&mut self, model: ReadModel, schools: &str) -> Result<(), sqlx::Error> {
        announce_in_tx(self, model, schools).await
    }
    async fn commit(self) -> Result<(), sqlx::Error> {
        self.commit().await
    }
}
