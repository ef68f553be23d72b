//! What boards are computed from: of the product Postgres, and a model in the simulation in `tests`.

use super::lines::Lines;
use crate::names::{Names, NamesError, SchoolNames};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{Epoch, SchoolId};
use futures::future::BoxFuture;
use nats::log::Head;
use projections::live::kept::{self, Changes, Kept};
use projections::live::rows::LiveScan;
use projections::{ReadModel, checkpoint};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::sync::Arc;
use std::time::Duration;

/// What the projector tells at a commit.
const CHANNEL: &str = "attendance_live";

/// An answer that takes a while.
pub type Answer<'a, T, E = sqlx::Error> = BoxFuture<'a, Result<T, E>>;

/// Where boards come from.
pub trait Source: Send + Sync + 'static {
    /// A school's zone; none if there is no such school.
    fn zone(&self, school: SchoolId) -> Answer<'_, Option<Tz>>;
    /// What a school's board on a day is computed from, and at most `most` of the day's scans that it has
    /// and the board at `since` had not: of one moment of the read models.
    fn load(
        &self,
        school: SchoolId,
        date: NaiveDate,
        since: Option<(Epoch, i64)>,
        most: usize,
    ) -> Answer<'_, Option<(Kept, Vec<LiveScan>)>>;
    /// What differs from the kept facts, of one moment of the read models; none if it is more than `most`
    /// scans.
    fn changes<'a>(&'a self, kept: &'a Kept, most: usize) -> Answer<'a, Option<Changes>>;
    /// The names of its pupils, as of these facts or later; of erasures one may be missing that happened
    /// `within` the last moment.
    fn names<'a>(&'a self, kept: &'a Kept, within: Duration) -> Answer<'a, Arc<SchoolNames>, NamesError>;
    /// The log's end.
    fn head(&self) -> Answer<'_, Head>;
    /// When the event after a position was recorded; none if there is none.
    fn recorded_after(&self, position: i64) -> Answer<'_, Option<DateTime<Utc>>>;
    /// How far the live model is.
    fn reached(&self) -> Answer<'_, Option<(Epoch, i64)>>;
    /// Calls `changed` with the schools (ids separated by commas, or `*`) that a commit was about, until
    /// the line breaks.
    fn follow<'a>(&'a self, changed: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()>;
}

/// Whether the server cut a statement off (`query_canceled`).
fn took_too_long(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "57014")
}

/// The read models and the log in Postgres, the names from the vault.
pub(super) struct Postgres {
    pub(super) request: PgPool,
    pub(super) lines: Lines,
    pub(super) log_reader: PgPool,
    pub(super) names: Names,
}

impl Source for Postgres {
    fn zone(&self, school: SchoolId) -> Answer<'_, Option<Tz>> {
        Box::pin(async move {
            let row = projections::roster::queries::school(&self.request, school).await?;
            Ok(row.map(|row| row.settings.zone))
        })
    }

    fn load(
        &self,
        school: SchoolId,
        date: NaiveDate,
        since: Option<(Epoch, i64)>,
        most: usize,
    ) -> Answer<'_, Option<(Kept, Vec<LiveScan>)>> {
        Box::pin(kept::load(&self.request, school, date, since, i64::try_from(most).unwrap_or(i64::MAX)))
    }

    fn changes<'a>(&'a self, kept: &'a Kept, most: usize) -> Answer<'a, Option<Changes>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Box::pin(async move {
            let mut line = self.lines.take().await?;
            match kept::changes(&mut line.connection, kept, most).await {
                Ok(changes) => {
                    self.lines.keep(line);
                    Ok(changes)
                }
                // The server was started again, or the network broke. A statement that took too long is not asked
                // a second time: a slow server is not helped by it.
                Err(error) if line.kept && !took_too_long(&error) => {
                    drop(line);
                    self.lines.clear();
                    kept::changes(&self.request, kept, most).await
                }
                Err(error) => Err(error),
            }
        })
    }

    fn names<'a>(&'a self, kept: &'a Kept, within: Duration) -> Answer<'a, Arc<SchoolNames>, NamesError> {
        let (school, as_of) = (kept.facts.school.school_id, kept.facts.as_of);
        Box::pin(async move {
            // The roster may be of another epoch than the live model.
            if as_of.stale_epoch {
                return self.names.of_school(school).await;
            }
            self.names.at_least(school, as_of.epoch, kept.roster_read_at, within).await
        })
    }

    fn head(&self) -> Answer<'_, Head> {
        Box::pin(nats::log::head(&self.log_reader))
    }

    fn recorded_after(&self, position: i64) -> Answer<'_, Option<DateTime<Utc>>> {
        Box::pin(async move {
            let waiting = nats::log::read_after(&self.log_reader, position, 1).await?;
            Ok(waiting.first().map(|event| event.recorded_at))
        })
    }

    fn reached(&self) -> Answer<'_, Option<(Epoch, i64)>> {
        Box::pin(async move {
            let all = checkpoint::all(&self.request).await?;
            Ok(all.into_iter().find(|c| c.model == ReadModel::Live).map(|c| (c.epoch, c.position)))
        })
    }

    fn follow<'a>(&'a self, changed: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut listener = PgListener::connect_with(&self.request).await?;
            listener.listen(CHANNEL).await?;
            loop {
                // None: the connection was lost and made again, and what was said meanwhile is lost.
                match listener.try_recv().await? {
                    Some(said) => changed(said.payload()),
                    None => changed("*"),
                }
            }
        })
    }
}
