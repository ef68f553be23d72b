//! What people record by hand, in the transactions of the scans: the same `decide` on the same days, so that a
//! card and a person who speak of one pupil in one moment are judged one after the other.
//!
//! The day itself is the receipt: it knows each entry by the id that the client minted, so a command that comes
//! again, or whose commit's answer was lost, is answered from it.

use super::SubmitError;
use super::cache::{Cache, Day};
use super::decide::{DecideError, Plan};
use super::load::{At, Streams, Wanted};
use super::queue::HandJob;
use crate::append::NewEvent;
use crate::clock::micros;
use crate::context::Context;
use crate::ids::IdSource;
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{self, AttendanceDay, Bounds, Command, ManualEntry, Undo};
use domain::school::Settings;
use domain::{Actor, Aggregate, EventId, ManualEntryId, SchoolId, StreamId, StudentId};
use std::collections::HashMap;

/// What a person asks of a pupil's day.
#[derive(Debug, Clone, PartialEq)]
pub struct ByHand {
    /// Who asks, of which school. The zone is taken from the school's settings.
    pub context: Context,
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// What.
    pub what: What,
}

/// An entry, or taking it back.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Put it on record.
    Record(ManualEntry),
    /// Take it back.
    Withdraw {
        /// Which.
        entry_id: ManualEntryId,
        /// Who recorded it, as the log has it.
        author: Actor,
        /// When the log learned it.
        recorded_at: DateTime<Utc>,
        /// Whether whoever asks may set right what others recorded.
        corrects: bool,
    },
}

/// Why nothing was recorded by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ByHandError {
    /// The day refused it.
    #[error("rejected: {0}")]
    Rejected(attendance_day::Error),
    /// It could not be stored, or it is not known whether it was: the same command again finds out.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl ByHand {
    fn stream(&self) -> StreamId {
        StreamId::of_day(self.date, self.context.school, self.student_id)
    }

    fn entry_id(&self) -> ManualEntryId {
        match &self.what {
            What::Record(entry) => entry.entry_id,
            What::Withdraw { entry_id, .. } => *entry_id,
        }
    }

    fn command(&self, settings: &Settings, enrolled: bool, now: DateTime<Utc>) -> Command {
        match &self.what {
            What::Record(entry) => Command::RecordManualEntry {
                entry: ManualEntry { occurred_at: micros(entry.occurred_at), ..entry.clone() },
                bounds: Bounds {
                    date: self.date,
                    zone: settings.zone,
                    enrolled,
                    now,
                    echo_seconds: settings.echo_seconds,
                },
            },
            What::Withdraw { entry_id, author, recorded_at, corrects } => Command::WithdrawManualEntry(Undo {
                entry_id: *entry_id,
                author: author.clone(),
                recorded_at: *recorded_at,
                by: self.context.actor.clone(),
                corrects: *corrects,
                now,
            }),
        }
    }
}

/// What became of one.
pub(super) type Outcome = Result<Done, attendance_day::Error>;

/// It is on record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) at: At,
    /// How many events this transaction adds for it: none for a repeat.
    pub(super) events: usize,
}

/// Where an entry by hand is on record, and where its withdrawal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) entry_id: ManualEntryId,
    pub(super) recorded: At,
    pub(super) withdrawn: Option<At>,
}

/// Adds the streams that these need.
pub(super) fn want(jobs: &[HandJob], asked: &[usize], wanted: &mut Wanted) {
    for asked in asked.iter().map(|n| &jobs[*n].asked) {
        let (day, pupil) = (asked.stream(), (asked.context.school, asked.student_id));
        if !wanted.days.contains(&day) {
            wanted.days.push(day);
        }
        if !wanted.pupils.contains(&pupil) {
            wanted.pupils.push(pupil);
        }
    }
}

/// Decides these on the folded streams, in order, behind the scans.
pub(super) struct HandDecider<'a> {
    pub(super) jobs: &'a [HandJob],
    pub(super) cache: &'a Cache,
    pub(super) settings: &'a HashMap<SchoolId, Settings>,
    pub(super) ids: &'a dyn IdSource,
}

impl HandDecider<'_> {
    pub(super) fn decide(&self, asked: &[usize], streams: &mut Streams, plan: &mut Plan) -> Result<(), DecideError> {
        for n in asked {
            let job = &self.jobs[*n];
            let day = streams.days.entry(job.asked.stream()).or_default();
            plan.by_hand.push(self.one(job, day, &mut plan.events)?);
        }
        Ok(())
    }

    fn one(&self, job: &HandJob, day: &mut Day, events: &mut Vec<NewEvent>) -> Result<Outcome, DecideError> {
        let asked = &job.asked;
        let settings = &self.settings[&asked.context.school];
        let pupil = self.cache.pupil(asked.context.school, asked.student_id);
        let enrolled = pupil.is_some_and(|pupil| pupil.enrolled(job.received_at, asked.date));
        let decided = match AttendanceDay::decide(&day.state, asked.command(settings, enrolled, job.received_at)) {
            Ok(decided) => decided,
            Err(refused) => return Ok(Err(refused)),
        };
        let context = Context { zone: settings.zone, ..asked.context.clone() };
        let (added, before) = (decided.len(), events.len());
        for event in decided {
            let occurred_at = match &event {
                attendance_day::Event::ManualEntryRecorded { entry, .. } => entry.occurred_at,
                attendance_day::Event::ManualEntryWithdrawn { .. }
                | attendance_day::Event::ScanRecorded { .. }
                | attendance_day::Event::ScanFlagged { .. } => job.received_at,
            };
            let (sequence, index) = (day.sequence + 1, events.len());
            let id = EventId(self.ids.next());
            let new = NewEvent::new(&context, id, asked.stream(), sequence, occurred_at, &event)?;
            // A withdrawal belongs to the day of what it takes back, also past midnight.
            events.push(NewEvent { local_date: asked.date, ..new });
            day.add(&event, sequence, At::Index(index));
        }
        let places = day.by_hand.iter().find(|places| places.entry_id == asked.entry_id());
        let at = match (&asked.what, places) {
            (What::Record(_), Some(places)) => Some(places.recorded),
            (What::Withdraw { .. }, Some(places)) => places.withdrawn,
            (_, None) => None,
        };
        let at = at.unwrap_or(At::Index(before));
        Ok(Ok(Done { at, events: added }))
    }
}
