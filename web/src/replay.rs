//! A day as it was known at a moment and as it is known now, as API, pages and the command line ask for it.

mod csv;
mod moment;

pub use csv::{csv, word};
pub use moment::{moment, wall};

use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::Event;
use domain::{Actor, AnyEvent, CourseId, KioskId, SchoolId, StudentId};
use projections::audit::replay::{self, Change, DayEvents, Line, Moment, ReplayError, Replayed};
use projections::live::board::Board;
use projections::{Fact, Readers};
use std::collections::{HashMap, HashSet};

/// Which day, as known when, about which instant.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The school day.
    pub date: NaiveDate,
    /// What the log learned later does not count; now if left out.
    pub as_of: Option<DateTime<Utc>>,
    /// What happened later does not count; the same moment if left out.
    pub at: Option<DateTime<Utc>>,
}

/// Why there is no such day.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The moment has not come yet.
    #[error("the moment has not come yet")]
    InFuture,
    /// About an instant later than the moment: nobody can have known it.
    #[error("the instant is later than the moment as of which it is asked")]
    AfterKnown,
    /// The log has nothing of the school.
    #[error("the log has nothing of this school yet")]
    NoSchool,
    /// It cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Replay(error.into())
    }
}

/// A replayed day.
#[derive(Debug)]
pub struct Day {
    /// The events behind it.
    pub events: DayEvents,
    /// Both boards, and everybody on either.
    pub replayed: Replayed,
    /// What is known now, about the same instant.
    pub later: Moment,
}

/// Replays a school's day.
pub async fn day(readers: &Readers, school: SchoolId, asked: Asked, now: DateTime<Utc>) -> Result<Day, Refused> {
    let known = asked.as_of.unwrap_or(now);
    let moment = Moment { at: asked.at.unwrap_or(known), known };
    if moment.known > now {
        return Err(Refused::InFuture);
    }
    if moment.at > moment.known {
        return Err(Refused::AfterKnown);
    }
    let mut tx = readers.begin(school).await?;
    let events = replay::load(&mut tx, asked.date, moment).await?.ok_or(Refused::NoSchool)?;
    drop(tx);
    // Some thousands of events are folded twice: not on the threads that serve.
    let folded = tokio::task::spawn_blocking(move || {
        let replayed = events.replay(moment, now);
        (events, replayed)
    });
    let (events, replayed) = folded.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    let replayed = replayed.ok_or(Refused::NoSchool)?;
    Ok(Day { events, replayed, later: Moment { known: now, ..moment } })
}

/// Whom of a day; nothing means everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// In this course, then or now.
    pub course: Option<CourseId>,
    /// These pupils.
    pub students: Option<HashSet<StudentId>>,
    /// To whose day this actor did something: `user:<id>`.
    pub actor: Option<String>,
    /// Who passed this kiosk.
    pub kiosk: Option<KioskId>,
    /// Only who stands otherwise now than then.
    pub changed: bool,
}

/// An event of a pupil's day, and on which of the two boards it counts.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// The pupil.
    pub student_id: StudentId,
    /// The event.
    pub fact: &'a Fact,
    /// It was known at the moment, and happened by the instant.
    pub then: bool,
    /// It is known now, and happened by the instant.
    pub now: bool,
}

impl Day {
    /// Those who are wanted: who stands otherwise first, then by id.
    pub fn pupils(&self, wanted: &Wanted) -> Vec<&Line> {
        let touched: Option<HashSet<StudentId>> = (wanted.actor.is_some() || wanted.kiosk.is_some())
            .then(|| self.events(wanted).into_iter().map(|happened| happened.student_id).collect());
        let in_course = |line: &Line| {
            let courses = [&line.then, &line.now].map(|place| place.as_ref().and_then(|place| place.course_id));
            wanted.course.is_none_or(|course| courses.contains(&Some(course)))
        };
        let mut lines: Vec<&Line> = self
            .replayed
            .pupils
            .iter()
            .filter(|line| !wanted.changed || line.change != Change::None)
            .filter(|line| in_course(line))
            .filter(|line| wanted.students.as_ref().is_none_or(|students| students.contains(&line.student_id)))
            .filter(|line| touched.as_ref().is_none_or(|touched| touched.contains(&line.student_id)))
            .collect();
        lines.sort_by_key(|line| (line.change, line.student_id));
        lines
    }

    /// The events of those who are wanted, in the order of the log; those of the actor and the kiosk alone, if one
    /// is.
    pub fn events(&self, wanted: &Wanted) -> Vec<Happened<'_>> {
        let of_day = self.events.day.iter();
        let of_day = of_day.filter(|fact| wanted.actor.as_ref().is_none_or(|actor| fact.event.actor.0 == *actor));
        let of_day = of_day.filter(|fact| wanted.kiosk.is_none_or(|kiosk| kiosk_of(fact) == Some(kiosk)));
        let of_day = of_day.map(|fact| Happened {
            student_id: StudentId(fact.own_id),
            fact,
            then: self.replayed.moment.has(fact),
            now: self.later.has(fact),
        });
        let students = |student: &StudentId| wanted.students.as_ref().is_none_or(|students| students.contains(student));
        of_day.filter(|happened| students(&happened.student_id)).collect()
    }

    /// Who did something to a pupil's day, each once.
    pub fn actors(&self) -> Vec<&Actor> {
        let mut actors: Vec<&Actor> = self.events.day.iter().map(|fact| &fact.event.actor).collect();
        actors.sort_by(|a, b| a.0.cmp(&b.0));
        actors.dedup();
        actors
    }

    /// How many stand otherwise, and how many for other reasons only.
    pub fn changed(&self) -> (usize, usize) {
        let of = |change| self.replayed.pupils.iter().filter(|line| line.change == change).count();
        (of(Change::Status), of(Change::Reasons))
    }

    /// What the courses are called, by the newest name.
    pub fn courses(&self) -> HashMap<CourseId, String> {
        let both = self.replayed.then.iter().chain([&self.replayed.now]);
        both.flat_map(|board: &Board| &board.courses).map(|line| (line.course_id, line.name.clone())).collect()
    }

    /// What the gates are called.
    pub fn gates(&self) -> HashMap<KioskId, String> {
        self.replayed.now.gates.iter().map(|gate| (gate.kiosk_id, gate.gate.clone())).collect()
    }
}

/// The kiosk that an event of a pupil's day came by.
pub fn kiosk_of(fact: &Fact) -> Option<KioskId> {
    match &fact.event.payload {
        AnyEvent::AttendanceDay(Event::ScanRecorded { scan }) => Some(scan.kiosk_id),
        _ => fact.event.actor.0.strip_prefix("kiosk:").and_then(|id| id.parse().ok()),
    }
}
