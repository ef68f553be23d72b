//! `GET /api/v1/audit/days/{date}/events`: what is behind the marks of a day: who passed which gate, who recorded what
//! by hand, what was doubted or taken back, and which of it was known then.

use super::{actor, day};
use crate::AppState;
use crate::api::input::{Params, PathDate, SchoolInstant};
use crate::api::page::{self, Page};
use crate::live::{LiveError, NameView};
use crate::middleware::ShownDay;
use crate::problem::Problem;
use crate::replay::{Happened, Wanted, kiosk_of};
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use domain::attendance_day::{Direction, Event, Flag, ManualReason};
use domain::{AnyEvent, KioskId, StudentId};
use projections::audit::replay::passed_at;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const LIST: &str = "audit-day-events";

/// Which events, as known when, about which instant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// As it was known at this moment. Now if left out.
    #[param(value_type = Option<DateTime<Utc>>)]
    as_of: Option<SchoolInstant>,
    /// About this instant; the same as `as_of` if left out, never later.
    #[param(value_type = Option<DateTime<Utc>>)]
    at: Option<SchoolInstant>,
    /// Of one pupil.
    student: Option<Uuid>,
    /// By one actor: `user:<id>`, `kiosk:<id>`.
    actor: Option<String>,
    /// By one kiosk.
    kiosk: Option<Uuid>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200, 100 if left out.
    limit: Option<i64>,
}

/// An event of a pupil's day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EventReplayed {
    /// Place in the log.
    pub position: i64,
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// `scan_recorded`, `scan_flagged`, `manual_entry_recorded`, `manual_entry_withdrawn`, `early_leave_recorded`, …
    pub event: String,
    /// Who did it: `kiosk:<id>`, `user:<id>`, …
    pub actor: String,
    /// The kiosk, of what came by one.
    pub kiosk_id: Option<Uuid>,
    /// The name of its gate.
    pub gate: Option<String>,
    /// Which way, of a passage.
    #[schema(value_type = Option<String>)]
    pub direction: Option<Direction>,
    /// When the pupil passed, of a passage.
    pub passed_at: Option<DateTime<Utc>>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// Of what was recorded by hand, why.
    #[schema(value_type = Option<String>)]
    pub reason: Option<ManualReason>,
    /// Of doubts, which.
    #[schema(value_type = Vec<String>)]
    pub flags: Vec<Flag>,
    /// The passage that it is, or is about.
    pub passage_id: Option<Uuid>,
    /// It counts on the board as it was known then.
    pub counts_then: bool,
    /// It counts on the board as it is known now.
    pub counts_now: bool,
}

/// What an event says of a passage.
#[derive(Default)]
struct Told {
    passage_id: Option<Uuid>,
    direction: Option<Direction>,
    reason: Option<ManualReason>,
    flags: Vec<Flag>,
}

fn told(event: &AnyEvent) -> Told {
    match event {
        AnyEvent::AttendanceDay(Event::ScanRecorded { scan }) => {
            Told { passage_id: Some(scan.scan_id.0), direction: Some(scan.direction), ..Told::default() }
        }
        AnyEvent::AttendanceDay(Event::ScanFlagged { scan_id, flags }) => {
            Told { passage_id: Some(scan_id.0), flags: flags.clone(), ..Told::default() }
        }
        AnyEvent::AttendanceDay(Event::ManualEntryRecorded { entry, .. }) => Told {
            passage_id: Some(entry.entry_id.0),
            direction: Some(entry.direction),
            reason: Some(entry.reason),
            flags: Vec::new(),
        },
        AnyEvent::AttendanceDay(Event::ManualEntryWithdrawn { entry_id }) => {
            Told { passage_id: Some(entry_id.0), ..Told::default() }
        }
        AnyEvent::AttendanceDay(Event::EarlyLeaveRecorded { leave_id, .. }) => Told {
            passage_id: Some(leave_id.0),
            direction: Some(Direction::Exit),
            reason: Some(ManualReason::EarlyLeave),
            flags: Vec::new(),
        },
        AnyEvent::AttendanceDay(Event::CorrectionApproved { correction_id, change, .. }) => Told {
            passage_id: change.adds.map_or(change.voids, |_| Some(correction_id.0)),
            direction: change.adds.map(|added| added.direction),
            reason: change.adds.map(|_| ManualReason::Correction),
            flags: Vec::new(),
        },
        _ => Told::default(),
    }
}

/// The events of a replayed day, in the order of the log.
#[utoipa::path(get, path = "/api/v1/audit/days/{date}/events", tag = "audit",
    params(("date" = NaiveDate, Path, description = "The school day"), Asked),
    responses((status = 200, description = "A page", body = Page<EventReplayed>)))]
pub async fn list(
    PathDate(date): PathDate,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<Page<EventReplayed>>), Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<i64>(LIST, asked.cursor.as_deref())?.unwrap_or(0);
    let wanted = Wanted {
        students: asked.student.map(|id| HashSet::from([StudentId(id)])),
        actor: actor(asked.actor)?,
        kiosk: asked.kiosk.map(KioskId),
        ..Wanted::default()
    };
    let day = day(&state, school, date, asked.as_of, asked.at).await?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let gates = day.gates();
    let later = day.events(&wanted).into_iter().filter(|happened| happened.fact.position() > after);
    let rows: Vec<Happened<'_>> = later.take(usize::try_from(limit).unwrap_or(1)).collect();
    let item = |happened: Happened<'_>| {
        let (event, kiosk) = (&happened.fact.event, kiosk_of(happened.fact));
        let told = told(&event.payload);
        EventReplayed {
            position: event.position,
            student_id: happened.student_id.0,
            name: names.of(happened.student_id).into(),
            event: event.event_type.clone(),
            actor: event.actor.0.clone(),
            kiosk_id: kiosk.map(|kiosk| kiosk.0),
            gate: kiosk.and_then(|kiosk| gates.get(&kiosk).cloned()),
            direction: told.direction,
            passed_at: passed_at(happened.fact),
            recorded_at: event.recorded_at,
            reason: told.reason,
            flags: told.flags,
            passage_id: told.passage_id,
            counts_then: happened.then,
            counts_now: happened.now,
        }
    };
    Ok((Extension(ShownDay(date)), Json(Page::of(LIST, limit, rows, |row| row.fact.position(), item))))
}
