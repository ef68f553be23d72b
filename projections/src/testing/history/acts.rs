//! What people do to days beside entries by hand, in whatever order it comes.

use super::{Random, by_hand, day, plain_scan, scan as scan_of, sealed, some_time};
use crate::testing::{Draft, at, id, monday};
use domain::attendance_day::{
    Added, Change, Correction, CorrectionReason, Direction, EarlyLeave, Event, IdentityCheck, Justification,
    LeaveReason, ManualEntry, ManualReason, Rejection,
};
use domain::{AnyEvent, LeaveId, SchoolId, no_show};

/// Something that begins, then perhaps its end.
pub(super) fn act_events(school: SchoolId, pupils: u64, r: &mut Random) -> Vec<Draft> {
    let (pupil, date) = (r.below(pupils), if r.chance(85) { monday() } else { day(-1) });
    let n = u128::from(r.next() % (1 << 40));
    let said: Vec<Event> = match r.below(3) {
        0 => leave(n, r),
        1 => justification(n, r),
        _ => correction(n, r),
    };
    // Everything of the draft but its event.
    let entry = ManualEntry {
        entry_id: id(n),
        direction: Direction::Entry,
        occurred_at: some_time(r),
        reason: ManualReason::Other,
        note: None,
    };
    let of = by_hand(school, pupil, date, entry, false);
    let most = if r.chance(70) { 2 } else { 1 };
    let draft = |event| Draft { event: AnyEvent::AttendanceDay(event), ..of.clone() };
    said.into_iter().take(most).map(draft).collect()
}

/// A barred adult asked for the first pupil on Monday.
pub(crate) fn barred(school: SchoolId) -> Draft {
    asked(school, id(0x7), |leave| Event::EarlyLeaveBlocked { leave })
}

/// Another one may collect that pupil, and has not come yet.
pub(crate) fn authorised(school: SchoolId) -> Draft {
    asked(school, id(0x8), |leave| Event::EarlyLeaveAuthorised { leave })
}

fn asked(school: SchoolId, leave_id: LeaveId, said: impl FnOnce(EarlyLeave) -> Event) -> Draft {
    let leave = EarlyLeave {
        leave_id,
        guardian_id: id(0x31),
        identity: IdentityCheck::NumberMatched,
        reason: LeaveReason::Other,
        occurred_at: at(13, 0, 0),
        note: None,
    };
    let scan = plain_scan(school, 0, Direction::Entry, leave.occurred_at);
    let event = AnyEvent::AttendanceDay(said(leave));
    Draft { event, ..scan_of(school, 0, monday(), scan) }
}

fn leave(n: u128, r: &mut Random) -> Vec<Event> {
    let leave = EarlyLeave {
        leave_id: id(0x7_0000 + n),
        guardian_id: id(0x31),
        identity: IdentityCheck::DocumentSeen,
        reason: r.pick(&LeaveReason::ALL),
        occurred_at: some_time(r),
        note: r.chance(30).then(|| sealed(r)),
    };
    let (leave_id, reason) = (leave.leave_id, leave.reason);
    let end = match r.below(4) {
        0 => Event::EarlyLeaveCancelled { leave_id },
        1 => Event::EarlyLeaveBlocked { leave: leave.clone() },
        _ => Event::EarlyLeaveRecorded { leave_id, reason, occurred_at: some_time(r), repeats: r.chance(20) },
    };
    vec![Event::EarlyLeaveAuthorised { leave }, end]
}

fn justification(n: u128, r: &mut Random) -> Vec<Event> {
    let justification_id = id(0x8_0000 + n);
    let reason = r.pick(&[no_show::Justification::Illness, no_show::Justification::Family]);
    let note = r.chance(30).then(|| sealed(r));
    let justification = Justification { justification_id, reason, guardian_id: Some(id(0x31)), note, document: None };
    let end = if r.chance(70) {
        Event::JustificationAccepted { justification_id, reason }
    } else {
        Event::JustificationRejected { justification_id, why: Rejection::Other }
    };
    vec![Event::JustificationSubmitted { justification }, end]
}

fn correction(n: u128, r: &mut Random) -> Vec<Event> {
    let correction_id = id(0xa_0000 + n);
    let adds = Added { direction: r.pick(&[Direction::Entry, Direction::Exit]), occurred_at: some_time(r) };
    // What is taken out may be of another day, or nowhere.
    let voids = r.chance(50).then(|| id(u128::from(r.below(400))));
    let change = Change { voids, adds: r.chance(80).then_some(adds) };
    let correction = Correction { correction_id, change, reason: CorrectionReason::Other, note: None };
    let end = if r.chance(70) {
        Event::CorrectionApproved { correction_id, change, alone: r.chance(30) }
    } else {
        Event::CorrectionRejected { correction_id }
    };
    vec![Event::CorrectionRequested { correction }, end]
}
