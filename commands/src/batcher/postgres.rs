//! The store of the product: the log writer's connections, the vault, the directory.

use super::decide::Key;
use super::load::{self, Known, Moved, StoredEvent, StoredMode};
use super::store::{self, Acks, Receipts, ScanStore, ScanTx, Seen};
use crate::append::{Head, NewEvent};
use crate::clock::Clock;
use crate::directory::Entry;
use crate::error::StoreError;
use crate::ids::IdSource;
use crate::vault::{Keyring, VaultError};
use crate::write::Write;
use domain::sealed::SealingClass;
use domain::{Epoch, SchoolId, StreamId};
use sqlx::{Postgres, Transaction};
use std::collections::BTreeMap;
use uuid::Uuid;

impl ScanStore for Write {
    type Tx = PostgresTx;

    fn clock(&self) -> &dyn Clock {
        &**self.clock()
    }

    fn ids(&self) -> &dyn IdSource {
        &**self.ids()
    }

    async fn keyring(&self, school: SchoolId) -> Result<Keyring, VaultError> {
        self.vault().ensure_keys(school, &[(school.0, SealingClass::Evidence)]).await
    }

    async fn begin(&self) -> Result<(PostgresTx, Epoch, i64), StoreError> {
        let mut tx = self.pool().begin().await?;
        let (epoch, head) = load::begin_in_tx(&mut tx).await?;
        Ok((PostgresTx { tx, write: self.clone() }, epoch, head))
    }
}

/// A transaction of the log writer's pool.
pub struct PostgresTx {
    tx: Transaction<'static, Postgres>,
    write: Write,
}

impl ScanTx for PostgresTx {
    async fn moved(&mut self, after: i64, to: i64, own: (i64, i64)) -> Result<Vec<Moved>, StoreError> {
        load::moved_in_tx(&mut self.tx, after, to, own).await
    }

    async fn receipts(&mut self, keys: &[Key]) -> Result<Vec<Known>, StoreError> {
        load::receipts_in_tx(&mut self.tx, keys).await
    }

    async fn cards(&mut self, cards: &[(SchoolId, String)]) -> Result<Vec<(usize, Entry)>, StoreError> {
        load::cards_in_tx(&mut self.tx, self.write.directory(), cards).await
    }

    async fn streams(&mut self, types: &[&str], ids: &[StreamId]) -> Result<Vec<StoredEvent>, StoreError> {
        load::streams_in_tx(&mut self.tx, types, ids).await
    }

    async fn lanes(&mut self, ids: &[StreamId]) -> Result<Vec<StoredMode>, StoreError> {
        load::lanes_in_tx(&mut self.tx, ids).await
    }

    async fn take_head(&mut self) -> Result<Head, sqlx::Error> {
        Head::take_in_tx(&mut self.tx, &**self.write.clock()).await
    }

    async fn numbers_taken(&mut self, keys: &[Key]) -> Result<bool, sqlx::Error> {
        store::numbers_taken_in_tx(&mut self.tx, keys).await
    }

    async fn append(&mut self, head: Head, events: &[NewEvent]) -> Result<(), sqlx::Error> {
        head.append_in_tx(&mut self.tx, events).await.map(|_| ())
    }

    async fn see(&mut self, seen: &BTreeMap<Uuid, Seen<'_>>) -> Result<(), sqlx::Error> {
        store::see_in_tx(&mut self.tx, seen).await
    }

    async fn give_receipts(&mut self, receipts: &Receipts) -> Result<(), sqlx::Error> {
        store::give_receipts_in_tx(&mut self.tx, receipts).await
    }

    async fn advance(&mut self, queues: &BTreeMap<(Uuid, Uuid), Uuid>) -> Result<Acks, sqlx::Error> {
        store::advance_in_tx(&mut self.tx, queues).await
    }

    async fn commit(self) -> Result<(), sqlx::Error> {
        self.tx.commit().await
    }
}
