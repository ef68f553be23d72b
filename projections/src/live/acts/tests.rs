//! Given events, then rows; and over the tables, what is asked of them.

use super::*;
use crate::live::board::board;
use crate::live::lines::Lines;
use crate::live::queries::pupil_day;
use crate::testing::history::{self, Random, plain_scan, pupil_id, scan};
use crate::testing::{Draft, World, at, facts, id, monday};
use domain::attendance_day::{
    Correction, CorrectionReason, EarlyLeave, IdentityCheck, Justification, LeaveReason, Rejection,
};
use domain::day_status::Status;
use domain::no_show::Justification::Illness;
use domain::{Actor, SchoolId, StudentId};

fn school() -> SchoolId {
    id(1 << 24)
}

fn pupil() -> StudentId {
    pupil_id(school(), 0).into()
}

/// What somebody does to the pupil's day.
fn act(event: Event) -> Draft {
    let of = scan(school(), 0, monday(), plain_scan(school(), 99, Direction::Entry, at(11, 0, 0)));
    Draft { event: AnyEvent::AttendanceDay(event), actor: Actor("user:1".into()), ..of }
}

fn entry(n: u128, hour: u32, minute: u32) -> Draft {
    scan(school(), 0, monday(), plain_scan(school(), n, Direction::Entry, at(hour, minute, 0)))
}

fn scan_id(of: &Draft) -> Uuid {
    let AnyEvent::AttendanceDay(Event::ScanRecorded { scan }) = &of.event else { panic!("not a scan") };
    scan.scan_id.0
}

fn leave(n: u128) -> EarlyLeave {
    EarlyLeave {
        leave_id: id(0x7000 + n),
        guardian_id: id(0x31),
        identity: IdentityCheck::NumberMatched,
        reason: LeaveReason::Appointment,
        occurred_at: at(13, 0, 0),
        note: None,
    }
}

fn authorised() -> Draft {
    act(Event::EarlyLeaveAuthorised { leave: leave(1) })
}

fn recorded() -> Draft {
    let (leave_id, reason, occurred_at) = (id(0x7001), LeaveReason::Appointment, at(13, 5, 0));
    act(Event::EarlyLeaveRecorded { leave_id, reason, occurred_at, repeats: false })
}

fn submitted(n: u128) -> Draft {
    let justification_id = id(0x8000 + n);
    let guardian_id = Some(id(0x31));
    let justification = Justification { justification_id, reason: Illness, guardian_id, note: None, document: None };
    act(Event::JustificationSubmitted { justification })
}

fn accepted(n: u128) -> Draft {
    act(Event::JustificationAccepted { justification_id: id(0x8000 + n), reason: Illness })
}

/// The scan's passage was at 10:40.
fn correction(of: &Draft) -> [Draft; 2] {
    let adds = Some(Added { direction: Direction::Entry, occurred_at: at(10, 40, 0) });
    let change = Change { voids: Some(scan_id(of)), adds };
    let correction_id = id(0xa001);
    let correction = Correction { correction_id, change, reason: CorrectionReason::WrongTime, note: None };
    [
        act(Event::CorrectionRequested { correction }),
        act(Event::CorrectionApproved { correction_id, change, alone: false }),
    ]
}

fn fold(drafts: &[Draft]) -> Live {
    let mut live = Live::default();
    // Twice: an event that was applied is not applied again.
    facts(drafts).iter().chain(facts(drafts).iter()).for_each(|fact| live.apply(fact));
    live
}

fn the_day(drafts: &[Draft]) -> PupilDay {
    let live = fold(drafts);
    let days = live.days.changed();
    assert_eq!(days.len(), 1);
    days[0].clone()
}

fn the_act(drafts: &[Draft]) -> Act {
    let live = fold(drafts);
    let acts = live.acts.changed();
    assert_eq!(acts.len(), 1);
    acts[0].clone()
}

#[test]
fn given_an_early_leave_then_its_exit_is_the_days_last_passage_and_one_ledger_says_who_is_inside() {
    let drafts = [entry(1, 10, 58), authorised(), recorded()];
    let day = the_day(&drafts);
    assert_eq!((day.last_direction, day.last_at), (Some(Direction::Exit), Some(at(13, 5, 0))));
    assert_eq!(day.last_by_hand, Some(ManualReason::EarlyLeave));
    assert_eq!((day.leave_from, day.leave_reason), (Some(at(13, 0, 0)), Some(LeaveReason::Appointment)));
    let act = the_act(&drafts);
    assert_eq!((act.kind, act.state, act.ended_at.is_some()), (ActKind::EarlyLeave, ActState::Recorded, true));
}

#[test]
fn given_a_leave_that_came_to_nothing_or_a_barred_adult_then_the_day_is_as_before() {
    let before = the_day(&[entry(1, 10, 58)]);
    let cancelled = act(Event::EarlyLeaveCancelled { leave_id: id(0x7001) });
    let barred = act(Event::EarlyLeaveBlocked { leave: leave(1) });
    for (drafts, state) in [
        (vec![entry(1, 10, 58), authorised(), cancelled], ActState::Cancelled),
        (vec![entry(1, 10, 58), barred.clone()], ActState::Blocked),
        (vec![entry(1, 10, 58), authorised(), barred], ActState::Blocked),
    ] {
        assert_eq!(PupilDay { position: 1, ..the_day(&drafts) }, before);
        assert_eq!(the_act(&drafts).state, state);
    }
}

#[test]
fn given_a_justification_then_the_day_is_justified_once_it_is_accepted() {
    let rejected = act(Event::JustificationRejected { justification_id: id(0x8001), why: Rejection::Illegible });
    assert!(fold(&[submitted(1)]).days.changed().is_empty());
    assert!(fold(&[submitted(1), rejected.clone()]).days.changed().is_empty());
    assert_eq!(the_act(&[submitted(1), rejected]).state, ActState::Rejected);
    let day = the_day(&[submitted(1), accepted(1)]);
    assert_eq!((day.justified, day.scans, day.last_direction), (Some(Illness), 0, None));
}

#[test]
fn given_a_correction_then_the_day_is_what_counts_and_keeps_what_the_staff_said() {
    let first = entry(1, 10, 58);
    let [asked, approved] = correction(&first);
    let day = the_day(&[first.clone(), submitted(1), accepted(1), authorised(), asked.clone()]);
    assert_eq!(day.first_entry_at, Some(at(10, 58, 0)), "what is only asked for changes nothing");
    let drafts = [first, submitted(1), accepted(1), authorised(), asked, approved];
    let day = the_day(&drafts);
    assert_eq!((day.first_entry_at, day.first_by_hand), (Some(at(10, 40, 0)), Some(ManualReason::Correction)));
    assert_eq!((day.scans, day.by_hand), (0, 1));
    assert_eq!((day.justified, day.leave_from), (Some(Illness), Some(at(13, 0, 0))));
    let live = fold(&drafts);
    let withdrawn: Vec<bool> = live.scans.changed().iter().map(|row| row.withdrawn).collect();
    assert_eq!(withdrawn.iter().filter(|gone| **gone).count(), 1, "the scan stays, marked");
    assert_eq!(withdrawn.len(), 2);
}

async fn world() -> World {
    let world = World::create().await;
    world.append(&history::founding(school(), 6, 2, &mut Random(1))).await;
    world
}

#[tokio::test]
async fn page_by_page_and_event_by_event_the_tables_hold_the_same_and_a_rebuild_too() {
    let first = entry(1, 10, 58);
    let [asked, approved] = correction(&first);
    let drafts = [first, submitted(1), accepted(1), authorised(), asked, approved, recorded(), submitted(2)];
    let (at_once, one_by_one) = (world().await, world().await);
    at_once.append(&drafts).await;
    at_once.catch_up_all().await;
    for draft in &drafts {
        one_by_one.append(std::slice::from_ref(draft)).await;
        one_by_one.catch_up_all().await;
    }
    let mut told = Vec::new();
    for world in [&at_once, &one_by_one] {
        let page = pupil_day(&mut world.snapshot(school()).await, pupil(), monday(), at(14, 0, 0)).await;
        let page = page.unwrap().unwrap();
        let acts = queries::of_day(&mut world.tx(school()).await, pupil(), monday()).await.unwrap();
        let acts: Vec<_> = acts.into_iter().map(|act| (act.act_id, act.kind, act.state)).collect();
        let scans: Vec<_> = page.scans.iter().map(|s| (s.scan_id, s.withdrawn, s.by_hand)).collect();
        told.push((page.pupil.status, scans, acts));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].0.status, Status::EarlyLeave);
    at_once.assert_live_equals_rebuild().await;
    let waiting = queries::waiting(&mut at_once.tx(school()).await).await.unwrap();
    assert_eq!(waiting.iter().map(|act| act.act_id).collect::<Vec<_>>(), [id::<Uuid>(0x8002)]);
    // The other school sees nothing of it.
    assert!(queries::waiting(&mut at_once.tx(id(2 << 24)).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_board_that_is_kept_learns_that_a_pupil_without_a_scan_is_justified() {
    let world = world().await;
    world.catch_up_all().await;
    let mut snapshot = world.snapshot(school()).await;
    let (kept, _) = crate::live::kept::load(&mut snapshot, monday(), None, 0).await.unwrap().unwrap();
    drop(snapshot);
    world.append(&[submitted(1), accepted(1)]).await;
    world.catch_up_all().await;
    let lines = Lines::new(&world.readers, 1);
    let changes = lines.changes(&kept, 100).await.unwrap().unwrap();
    let (kept, _) = kept.follow(changes).unwrap();
    assert_eq!(board(&kept.facts, at(12, 0, 0)).totals.justified, 1);
}

#[tokio::test]
async fn barred_adults_who_asked_are_told_and_those_who_may_go_are_listed() {
    let world = world().await;
    let barred = act(Event::EarlyLeaveBlocked { leave: leave(2) });
    world.append(&[authorised(), barred]).await;
    world.catch_up_all().await;
    let mut tx = world.tx(school()).await;
    let since = |hour| at(hour, 0, 0);
    let blocked = queries::blocked(&mut tx, since(0)).await.unwrap();
    assert_eq!(
        blocked.iter().map(|act| (act.act_id, act.state)).collect::<Vec<_>>(),
        [(id(0x7002), ActState::Blocked)]
    );
    assert_eq!(queries::of_day(&mut tx, pupil(), monday()).await.unwrap().len(), 2);
    let (another, tuesday) = (pupil_id(school(), 1).into(), monday().succ_opt().unwrap());
    assert!(queries::of_day(&mut tx, another, monday()).await.unwrap().is_empty(), "of another pupil");
    assert!(queries::of_day(&mut tx, pupil(), tuesday).await.unwrap().is_empty(), "of another day");
    let open = queries::authorised(&mut tx, monday()).await.unwrap();
    assert_eq!(open.iter().map(|act| act.act_id).collect::<Vec<_>>(), [id::<Uuid>(0x7001)]);
}
