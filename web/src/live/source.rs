//! What boards are computed from: of the product Postgres, and a model in the simulation in `tests`.

use crate::names::{Names, NamesError, SchoolNames};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{Epoch, SchoolId};
use futures::future::BoxFuture;
use nats::log::Head;
use projections::live::board::Board;
use projections::live::queries;
use projections::live::rows::LiveScan;
use projections::{ReadModel, checkpoint};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::sync::Arc;

/// What the projector tells at a commit.
const CHANNEL: &str = "attendance_live";

/// An answer that takes a while.
pub type Answer<'a, T, E = sqlx::Error> = BoxFuture<'a, Result<T, E>>;

/// Where boards come from.
pub trait Source: Send + Sync + 'static {
    /// A school's zone; none if there is no such school.
    fn zone(&self, school: SchoolId) -> Answer<'_, Option<Tz>>;
    /// The board of a school on a day, judged at `now`, and at most `most` of the day's scans that it has
    /// and the board at `since` had not: of one moment of the read models.
    fn board(
        &self,
        school: SchoolId,
        date: NaiveDate,
        now: DateTime<Utc>,
        since: Option<(Epoch, i64)>,
        most: usize,
    ) -> Answer<'_, Option<(Board, Vec<LiveScan>)>>;
    /// The names of its pupils.
    fn names(&self, school: SchoolId) -> Answer<'_, Arc<SchoolNames>, NamesError>;
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

/// The read models and the log in Postgres, the names from the vault.
pub(super) struct Postgres {
    pub(super) request: PgPool,
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

    fn board(
        &self,
        school: SchoolId,
        date: NaiveDate,
        now: DateTime<Utc>,
        since: Option<(Epoch, i64)>,
        most: usize,
    ) -> Answer<'_, Option<(Board, Vec<LiveScan>)>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Box::pin(queries::load_board_since(&self.request, school, date, now, since, most))
    }

    fn names(&self, school: SchoolId) -> Answer<'_, Arc<SchoolNames>, NamesError> {
        Box::pin(self.names.of_school(school))
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
