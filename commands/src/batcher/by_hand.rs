//! What people record by hand, in the transactions of the scans: the same `decide` on the same days, so that a
//! card and a person who speak of one pupil in one moment are judged one after the other.
//!
//! The day itself is the receipt: it knows each entry, early leave, justification and correction by the id that the
//! client minted, so a command that comes again, or whose commit's answer was lost, is answered from it.

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
use domain::attendance_day::{
    self, Approval, Asked, AttendanceDay, Bounds, Command, Correction, EarlyLeave, Event, Justification, LeaveError,
    ManualEntry, Undo, Verdict,
};
use domain::school::Settings;
use domain::student::GuardianRights;
use domain::values::zone::local_date;
use domain::{
    Actor, Aggregate, CorrectionId, EventId, GuardianId, JustificationId, LeaveId, ManualEntryId, SchoolId, StreamId,
    StudentId,
};
use std::collections::HashMap;
use uuid::Uuid;

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

/// What people do to a day beside its scans.
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
    /// Let an adult take the pupil.
    AuthoriseLeave(EarlyLeave),
    /// Hand the pupil over.
    RecordLeave {
        /// Which leave.
        leave_id: LeaveId,
        /// When the pupil went.
        occurred_at: DateTime<Utc>,
    },
    /// Let the pupil stay after all.
    CancelLeave(LeaveId),
    /// Say why the pupil does not come, or came late.
    Justify {
        /// What is said.
        justification: Justification,
        /// Whoever says it may accept it, and does.
        accepted: bool,
    },
    /// Accept or reject what was said.
    Decide(JustificationId, Verdict),
    /// Ask that the day be set right.
    Correct {
        /// How.
        correction: Correction,
        /// Whoever asks needs no second person.
        alone: bool,
    },
    /// Set it right, or leave it.
    Settle {
        /// Which correction.
        correction_id: CorrectionId,
        /// Who asked for it, as the log has it.
        author: Actor,
        /// Whether whoever decides may set right what others recorded.
        corrects: bool,
        /// It is set right.
        approves: bool,
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

    /// What the day knows it by.
    fn id(&self) -> Uuid {
        match &self.what {
            What::Record(entry) => entry.entry_id.0,
            What::Withdraw { entry_id, .. } => entry_id.0,
            What::AuthoriseLeave(leave) => leave.leave_id.0,
            What::RecordLeave { leave_id, .. } | What::CancelLeave(leave_id) => leave_id.0,
            What::Justify { justification, .. } => justification.justification_id.0,
            What::Decide(justification_id, _) => justification_id.0,
            What::Correct { correction, .. } => correction.correction_id.0,
            What::Settle { correction_id, .. } => correction_id.0,
        }
    }

    /// Whether it puts something on record, and does not end what is there.
    fn begins(&self) -> bool {
        match &self.what {
            What::Record(_) | What::AuthoriseLeave(_) | What::Justify { .. } | What::Correct { .. } => true,
            What::Withdraw { .. }
            | What::RecordLeave { .. }
            | What::CancelLeave(_)
            | What::Decide(..)
            | What::Settle { .. } => false,
        }
    }

    /// The adult whom it is about.
    fn adult(&self, day: &attendance_day::State) -> Option<GuardianId> {
        match &self.what {
            What::AuthoriseLeave(leave) => Some(leave.guardian_id),
            What::RecordLeave { leave_id, .. } => day.leave(*leave_id).map(|leave| leave.guardian_id),
            What::Justify { justification, .. } => justification.guardian_id,
            What::Record(_)
            | What::Withdraw { .. }
            | What::CancelLeave(_)
            | What::Decide(..)
            | What::Correct { .. }
            | What::Settle { .. } => None,
        }
    }

    fn command(&self, bounds: Bounds, rights: Option<GuardianRights>) -> Command {
        let now = bounds.now;
        match &self.what {
            What::Record(entry) => Command::RecordManualEntry {
                entry: ManualEntry { occurred_at: micros(entry.occurred_at), ..entry.clone() },
                bounds,
            },
            What::Withdraw { entry_id, author, recorded_at, corrects } => Command::WithdrawManualEntry(Undo {
                entry_id: *entry_id,
                author: author.clone(),
                recorded_at: *recorded_at,
                by: self.context.actor.clone(),
                corrects: *corrects,
                now,
            }),
            What::AuthoriseLeave(leave) => {
                let leave = EarlyLeave { occurred_at: micros(leave.occurred_at), ..leave.clone() };
                Command::AuthoriseEarlyLeave { leave, rights, bounds }
            }
            What::RecordLeave { leave_id, occurred_at } => {
                let (leave_id, occurred_at) = (*leave_id, micros(*occurred_at));
                Command::RecordEarlyLeave { leave_id, occurred_at, rights, bounds }
            }
            What::CancelLeave(leave_id) => Command::CancelEarlyLeave { leave_id: *leave_id },
            What::Justify { justification, accepted } => Command::SubmitJustification {
                justification: justification.clone(),
                accepted: *accepted,
                asked: Asked {
                    date: self.date,
                    today: local_date(now, bounds.zone),
                    enrolled: bounds.enrolled,
                    linked: rights.is_some(),
                },
            },
            What::Decide(justification_id, verdict) => {
                Command::DecideJustification { justification_id: *justification_id, verdict: *verdict }
            }
            What::Correct { correction, alone } => {
                let mut correction = correction.clone();
                if let Some(added) = &mut correction.change.adds {
                    added.occurred_at = micros(added.occurred_at);
                }
                Command::RequestCorrection { correction, alone: *alone, bounds }
            }
            What::Settle { correction_id, author, corrects, approves } => {
                let approval = Approval {
                    correction_id: *correction_id,
                    author: author.clone(),
                    by: self.context.actor.clone(),
                    corrects: *corrects,
                };
                if *approves { Command::ApproveCorrection(approval) } else { Command::RejectCorrection(approval) }
            }
        }
    }
}

/// When an event happened, if it says so itself.
fn happened(event: &Event) -> Option<DateTime<Utc>> {
    match event {
        Event::ManualEntryRecorded { entry, .. } => Some(entry.occurred_at),
        Event::EarlyLeaveAuthorised { leave } | Event::EarlyLeaveBlocked { leave } => Some(leave.occurred_at),
        Event::EarlyLeaveRecorded { occurred_at, .. } => Some(*occurred_at),
        Event::ManualEntryWithdrawn { .. }
        | Event::ScanRecorded { .. }
        | Event::ScanFlagged { .. }
        | Event::EarlyLeaveCancelled { .. }
        | Event::JustificationSubmitted { .. }
        | Event::JustificationAccepted { .. }
        | Event::JustificationRejected { .. }
        | Event::CorrectionRequested { .. }
        | Event::CorrectionApproved { .. }
        | Event::CorrectionRejected { .. } => None,
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
    /// What is on record is that it was refused.
    pub(super) refused: Option<attendance_day::Error>,
}

/// Where something that people did is on record, and where its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) id: Uuid,
    pub(super) began: At,
    pub(super) ended: Option<At>,
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
        let rights = asked.adult(&day.state).and_then(|adult| pupil?.rights_of(adult));
        let bounds = Bounds {
            date: asked.date,
            zone: settings.zone,
            enrolled,
            now: job.received_at,
            echo_seconds: settings.echo_seconds,
        };
        let decided = match AttendanceDay::decide(&day.state, asked.command(bounds, rights)) {
            Ok(decided) => decided,
            Err(refused) => return Ok(Err(refused)),
        };
        let blocked = decided.iter().any(|event| matches!(event, Event::EarlyLeaveBlocked { .. }));
        let context = Context { zone: settings.zone, ..asked.context.clone() };
        let (added, before) = (decided.len(), events.len());
        for event in decided {
            let occurred_at = happened(&event).unwrap_or(job.received_at);
            let (sequence, index) = (day.sequence + 1, events.len());
            let id = EventId(self.ids.next());
            let new = NewEvent::new(&context, id, asked.stream(), sequence, occurred_at, &event)?;
            // A withdrawal belongs to the day of what it takes back, also past midnight.
            events.push(NewEvent { local_date: asked.date, ..new });
            day.add(&event, sequence, At::Index(index));
        }
        let places = day.by_hand.iter().find(|places| places.id == asked.id());
        let at = places.and_then(|places| if asked.begins() { Some(places.began) } else { places.ended });
        let at = at.unwrap_or(At::Index(before));
        let refused = blocked.then_some(LeaveError::Barred.into());
        Ok(Ok(Done { at, events: added, refused }))
    }
}
