//! Connections that boards keep, beside the pool's, to ask for [`kept::changes`].
//!
//! The pool rolls a connection back and tries it when it comes back, and tries one that rested before it lends
//! it: two or three round trips beside each statement, of which boards ask some hundreds a second in the rush. And
//! their statement takes longer to plan than to run, so that here its plan is kept.

use super::kept::{self, Changes, Kept};
use crate::readers::Readers;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A few connections. A statement that fails or is cancelled closes its own.
pub struct Lines {
    options: PgConnectOptions,
    most: usize,
    idle: Mutex<Vec<PgConnection>>,
}

impl Lines {
    /// At most so many are kept, each like those of the readers.
    pub fn new(readers: &Readers, most: usize) -> Self {
        Self { options: readers.options().options(kept::SETTINGS), most, idle: Mutex::default() }
    }

    /// What differs from the kept facts, of one moment of the read models. None: more than `most` scans, or
    /// no such model.
    pub async fn changes(&self, kept: &Kept, most: i64) -> Result<Option<Changes>, sqlx::Error> {
        let idle = self.idle().pop();
        if let Some(mut connection) = idle {
            match kept::changes(&mut connection, kept, most).await {
                Ok(changes) => {
                    self.keep(connection);
                    return Ok(changes);
                }
                // A statement that took too long is not asked a second time: a slow server is not helped by it.
                Err(error) if took_too_long(&error) => return Err(error),
                // The server was started again, or the network broke: the others have lost their other end, too.
                Err(_) => self.idle().clear(),
            }
        }
        let mut connection = self.options.connect().await?;
        let changes = kept::changes(&mut connection, kept, most).await?;
        self.keep(connection);
        Ok(changes)
    }

    fn keep(&self, connection: PgConnection) {
        let mut idle = self.idle();
        if idle.len() < self.most {
            idle.push(connection);
        }
    }

    /// What is kept.
    #[cfg(test)]
    pub(crate) fn take_all(&self) -> Vec<PgConnection> {
        std::mem::take(&mut *self.idle())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server cut a statement off (`query_canceled`).
fn took_too_long(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "57014")
}
