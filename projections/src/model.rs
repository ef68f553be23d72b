//! The read models, as one closed list.

use crate::{Fact, audit, live, no_show, roster};
use domain::{AnyEvent, SchoolId};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReadModel {
    /// Who belongs to the school.
    Roster,
    /// The day at the gate.
    Live,
    /// Every event, findable.
    Audit,
    /// Pupils who were expected and did not enter.
    NoShow,
}

/// No such read model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no read model of this name; there are roster, live, audit and no_show")]
pub struct UnknownReadModel;

impl ReadModel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Roster, Self::Live, Self::Audit, Self::NoShow];

    /// Its name: in `checkpoints`, on the command line, and of its schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Live => "live",
            Self::Audit => "audit",
            Self::NoShow => "no_show",
        }
    }

    /// The channel that a commit is announced on, with the schools' ids; none if nobody waits for it.
    pub fn channel(self) -> Option<&'static str> {
        match self {
            Self::Roster => Some("attendance_roster"),
            Self::Live => Some("attendance_live"),
            Self::Audit => None,
            Self::NoShow => Some("attendance_no_show"),
        }
    }

    /// How long a projector waits after a small page, so that a busy log makes few large pages
    /// instead of many small ones. The first event after a quiet time waits for nothing.
    pub(crate) fn gathering(self) -> Duration {
        Duration::from_millis(match self {
            Self::Roster | Self::NoShow => 50,
            // A tap is on the board within 50 ms.
            Self::Live => 5,
            Self::Audit => 200,
        })
    }

    /// Whether somebody who waits for the model is told of an event. Most are taps, and the roster has
    /// nothing of those; a morning's cases and a roll call's marks come at once, and no board has anything of them.
    fn tells_of(self, event: &AnyEvent) -> bool {
        match self {
            Self::Roster => match event {
                AnyEvent::AttendanceDay(_)
                | AnyEvent::Quarantine(_)
                | AnyEvent::NoShowCase(_)
                | AnyEvent::RollCall(_)
                | AnyEvent::Delivery(_)
                | AnyEvent::Broadcast(_)
                | AnyEvent::Account(_) => false,
                AnyEvent::School(_)
                | AnyEvent::Course(_)
                | AnyEvent::Student(_)
                | AnyEvent::Guardian(_)
                | AnyEvent::Kiosk(_) => true,
            },
            Self::Live => !matches!(
                event,
                AnyEvent::NoShowCase(_) | AnyEvent::RollCall(_) | AnyEvent::Delivery(_) | AnyEvent::Broadcast(_)
            ),
            Self::Audit => false,
            Self::NoShow => matches!(event, AnyEvent::NoShowCase(_)),
        }
    }

    /// Applies a page of events to the tables that the connection's `search_path` leads to: loads the
    /// rows that the page touches, folds, writes what changed. Events that were applied before change
    /// nothing. The caller's transaction moves the checkpoint.
    pub async fn apply_page_in_tx(self, conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
        match self {
            Self::Roster => roster::store::apply_page_in_tx(conn, facts).await,
            Self::Live => live::store::apply_page_in_tx(conn, facts).await,
            Self::Audit => audit::store::apply_page_in_tx(conn, facts).await,
            Self::NoShow => no_show::store::apply_page_in_tx(conn, facts).await,
        }
    }

    /// Empties the tables that the connection's `search_path` leads to.
    pub(crate) async fn clear_in_tx(self, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Roster => roster::store::clear_in_tx(conn).await,
            Self::Live => live::store::clear_in_tx(conn).await,
            Self::Audit => audit::store::clear_in_tx(conn).await,
            Self::NoShow => no_show::store::clear_in_tx(conn).await,
        }
    }
}

impl fmt::Display for ReadModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ReadModel {
    type Err = UnknownReadModel;
    fn from_str(s: &str) -> Result<Self, UnknownReadModel> {
        Self::ALL.into_iter().find(|m| m.name() == s).ok_or(UnknownReadModel)
    }
}

/// The schools that a page tells of, as a notification's payload: ids separated by commas, or `*` where
/// they would not fit (Postgres allows 8,000 bytes). Empty if there is nothing to tell.
pub(crate) fn schools_of(model: ReadModel, facts: &[Fact]) -> String {
    let telling = facts.iter().filter(|f| model.tells_of(&f.event.payload));
    let schools: BTreeSet<SchoolId> = telling.map(|f| f.event.school_id).collect();
    if schools.len() > 200 {
        return "*".to_owned();
    }
    schools.iter().map(SchoolId::to_string).collect::<Vec<_>>().join(",")
}
