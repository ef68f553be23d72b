//! Who looked at pupils' data (ADR 0017). Rows beside the log, only ever added; whoever shows something to a person
//! records it first and shows nothing if that fails.

use crate::clock::Clock;
use crate::error::StoreError;
use crate::pool::in_time;
use chrono::{NaiveDate, TimeDelta};
use domain::{AccountId, CourseId, GuardianId, SchoolId, StudentId};
use sqlx::PgPool;
use std::sync::Arc;
use tracing::Instrument;
use uuid::Uuid;

/// The same person looking at the same thing within so long is one look: a page that fetches itself again, a stream
/// whose line breaks, cost a row each few minutes and not each few seconds.
const ONE_LOOK: TimeDelta = TimeDelta::minutes(5);

/// The role of whoever runs the server.
pub const SERVER: &str = "SERVER";
/// The right of whoever runs the server.
pub const SERVER_RIGHT: &str = "server";

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looker {
    /// Somebody of the staff.
    Account(AccountId),
    /// A guardian.
    Guardian(GuardianId),
    /// Whoever runs the server, at its command line: the program knows no more of that person.
    Server,
}

/// At what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The board: figures and the last scans by name; a stream counts when it begins.
    Board,
    /// A list of the school's pupils.
    Pupils,
    /// A course's day, pupil by pupil.
    Course,
    /// The index of the log, which holds ids and no names.
    Audit,
    /// A day as it was known at some moment, pupil by pupil.
    Replay,
    /// A guardian's own pupil.
    OwnPupil,
    /// A day's cases of who did not come, of the school or of a course.
    Cases,
    /// The case of one pupil, and the ways to reach the family.
    Case,
    /// Who is inside now, by name, for a roll call.
    Presence,
    /// A report over days, of the school, of a course or of a pupil.
    Report,
    /// A pupil's day, with what was done to it and by whom the pupil may be collected.
    Pupil,
    /// A document that a family handed in.
    Document,
    /// What other rules would have made of pupils' days.
    Simulation,
}

impl What {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Pupils => "pupils",
            Self::Course => "course",
            Self::Audit => "audit",
            Self::Replay => "replay",
            Self::OwnPupil => "own_pupil",
            Self::Cases => "cases",
            Self::Case => "case",
            Self::Presence => "presence",
            Self::Report => "report",
            Self::Pupil => "pupil",
            Self::Document => "document",
            Self::Simulation => "simulation",
        }
    }
}

/// Of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of all pupils.
    School,
    /// Of a course's.
    Course(CourseId),
    /// Of one.
    Pupil(StudentId),
}

/// A look.
#[derive(Clone, Debug)]
pub struct Look {
    /// In this school.
    pub school: SchoolId,
    /// Who looks.
    pub who: Looker,
    /// What the person is there: `ADMIN`, `DIRECTOR,INSPECTOR`, `GUARDIAN`, `SERVER`.
    pub role: String,
    /// At what.
    pub what: What,
    /// Of whom.
    pub whose: Whose,
    /// The school day that it shows, where one was asked for; the day itself otherwise.
    pub of_date: Option<NaiveDate>,
    /// The right by which.
    pub why: &'static str,
    /// In which session.
    pub session_id: Uuid,
}

/// The looks. Cheap to clone.
#[derive(Clone)]
pub struct Looks {
    pool: PgPool,
    clock: Arc<dyn Clock>,
}

impl Looks {
    /// Over the log writer's pool.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock }
    }

    /// Records a look, in a task of its own, so that a caller who hangs up does not undo it. Whether it is a new one:
    /// not if the same person looked at the same thing within five minutes.
    pub async fn record(&self, look: Look) -> Result<bool, StoreError> {
        let this = self.clone();
        let task = async move { in_time(this.insert(&look)).await };
        tokio::spawn(task.instrument(tracing::Span::current())).await.unwrap_or(Err(StoreError::Interrupted))
    }

    async fn insert(&self, look: &Look) -> Result<bool, StoreError> {
        let now = self.clock.of_people();
        let (kind, who) = match look.who {
            Looker::Account(account) => ("account", account.0),
            Looker::Guardian(guardian) => ("guardian", guardian.0),
            Looker::Server => ("server", Uuid::nil()),
        };
        let (course, student) = match look.whose {
            Whose::School => (None, None),
            Whose::Course(course) => (Some(course.0), None),
            Whose::Pupil(student) => (None, Some(student.0)),
        };
        let recorded = sqlx::query!(
            "insert into looks
               (school_id, looked_at, who_kind, who_id, role, what, why, course_id, student_id, session_id, of_date)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12
             where not exists (
               select from looks where school_id = $1 and who_id = $4 and looked_at > $11 and looked_at <= $2
                 and who_kind = $3 and role = $5 and what = $6 and why = $7 and session_id = $10
                 and course_id is not distinct from $8 and student_id is not distinct from $9
                 and of_date is not distinct from $12)",
            look.school.0,
            now,
            kind,
            who,
            look.role,
            look.what.as_str(),
            look.why,
            course,
            student,
            look.session_id,
            now - ONE_LOOK,
            look.of_date,
        )
        .execute(&self.pool)
        .await?;
        Ok(recorded.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn p47_the_same_look_within_five_minutes_is_one_and_whatever_differs_is_another() {
        let world = World::new().await;
        let looks = Looks::new(world.write.pool().clone(), world.clock.clone());
        let id = Uuid::from_u128;
        let look = |whose: Whose, what: What| Look {
            school: world.school,
            who: Looker::Account(AccountId(id(1))),
            role: "DIRECTOR".to_owned(),
            what,
            whose,
            of_date: NaiveDate::from_ymd_opt(2026, 3, 9),
            why: "pupils.read",
            session_id: id(2),
        };
        let course = look(Whose::Course(CourseId(id(20))), What::Course);
        let own = look(Whose::Pupil(StudentId(id(30))), What::OwnPupil);
        // Whoever differs in one thing alone; no two of these are the same look.
        let different = [
            course.clone(),
            Look { school: SchoolId(id(9)), ..course.clone() },
            Look { who: Looker::Account(AccountId(id(9))), ..course.clone() },
            Look { who: Looker::Guardian(GuardianId(id(1))), ..course.clone() },
            Look { role: "INSPECTOR".to_owned(), ..course.clone() },
            Look { what: What::Pupils, ..course.clone() },
            Look { whose: Whose::Course(CourseId(id(21))), ..course.clone() },
            Look { of_date: None, ..course.clone() },
            Look { why: "board.read", ..course.clone() },
            Look { session_id: id(9), ..course },
            own.clone(),
            Look { whose: Whose::Pupil(StudentId(id(31))), ..own },
        ];
        for look in &different {
            assert!(looks.record(look.clone()).await.unwrap(), "{look:?}");
        }
        for look in &different {
            assert!(!looks.record(look.clone()).await.unwrap(), "{look:?}");
        }
        world.clock.advance(ONE_LOOK);
        assert!(looks.record(different[0].clone()).await.unwrap());
    }
}
