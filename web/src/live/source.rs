//! What boards are computed from: of the product Postgres, and a model in the simulation in `tests`.

use crate::names::{Names, NamesError, SchoolNames};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{Epoch, SchoolId};
use futures::future::BoxFuture;
use nats::log::Head;
use projections::live::kept::{self, Changes, Kept};
use projections::live::lines::Lines;
use projections::live::rows::LiveScan;
use projections::{ReadModel, Readers};
use sqlx::PgPool;
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

/// The read models and the log in Postgres, the names from the vault.
pub(super) struct Postgres {
    pub(super) readers: Readers,
    pub(super) lines: Lines,
    pub(super) log_reader: PgPool,
    pub(super) names: Names,
}

impl Source for Postgres {
    fn zone(&self, school: SchoolId) -> Answer<'_, Option<Tz>> {
        Box::pin(async move {
            let row = projections::roster::queries::school(&mut self.readers.begin(school).await?).await?;
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
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Box::pin(async move { kept::load(&mut self.readers.snapshot(school).await?, date, since, most).await })
    }

    fn changes<'a>(&'a self, kept: &'a Kept, most: usize) -> Answer<'a, Option<Changes>> {
        Box::pin(self.lines.changes(kept, i64::try_from(most).unwrap_or(i64::MAX)))
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
            let all = self.readers.checkpoints().await?;
            Ok(all.into_iter().find(|c| c.model == ReadModel::Live).map(|c| (c.epoch, c.position)))
        })
    }

    fn follow<'a>(&'a self, changed: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()> {
        Box::pin(async move { self.readers.follow(CHANNEL, &|said| changed(said.unwrap_or("*"))).await })
    }
}
