//! Where the pages' values come from.

use super::view::{Board, CourseDay, Listed};
use chrono::{DateTime, Utc};
use domain::AccountId;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::sync::Arc;
use uuid::Uuid;

/// Why there are no values.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A database did not answer in time, or too much is asked at once.
    #[error("unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A defect of ours.
    #[error("internal: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A stream of a school's board, newest value only: whoever is slow misses the ones between.
pub type Boards = BoxStream<'static, Arc<Board>>;

/// The values of the pages, opened and counted. The server's is over the read models, that of
/// `examples/board.rs` is made up.
pub trait Source: Send + Sync + 'static {
    /// The name of a person of the staff; none if it is erased or cannot be had.
    fn name(&self, account: AccountId) -> BoxFuture<'_, Option<String>>;

    /// Every school, by name.
    fn schools(&self) -> BoxFuture<'_, Result<Vec<Listed>, SourceError>>;

    /// What the figures are judged at.
    fn now(&self) -> DateTime<Utc>;

    /// A school's board now; none if there is no such school.
    fn board(&self, school: Uuid) -> BoxFuture<'_, Result<Option<Arc<Board>>, SourceError>>;

    /// How many times a barred adult asked for a pupil of the school today.
    fn barred(&self, school: Uuid) -> BoxFuture<'_, Result<u32, SourceError>>;

    /// A school's board from now on, the present one first, again whenever it changes and at least
    /// every two seconds; none if there is no such school. It ends when the server stops.
    fn boards(&self, school: Uuid) -> BoxFuture<'_, Result<Option<Boards>, SourceError>>;

    /// A course's day; none if the school has no such course.
    fn course(&self, school: Uuid, course: Uuid) -> BoxFuture<'_, Result<Option<CourseDay>, SourceError>>;
}
