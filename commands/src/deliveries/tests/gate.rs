//! What passes at the gate, and who is told of it.

mod leaves;

use super::*;
use crate::use_cases::{ChooseNotices, SetWeeklySchedule, choose_notices, set_weekly_schedule};
use chrono::{NaiveTime, Weekday};
use domain::attendance_day::Direction::{Entry, Exit};
use domain::attendance_day::{
    AttendanceDay, Bounds, Change, Command as OfDay, Correction, CorrectionReason, Direction, EarlyLeave, Flag,
    IdentityCheck, LeaveReason, ManualEntry, ManualReason, Method as Read, Scan, Shown, TimeConfidence, Undo,
};
use domain::guardian::notices::Language;
use domain::{CorrectionId, CredentialId, KioskId, LeaveId, ManualEntryId, QueueId, ScanId};

impl Stage {
    /// One whose course comes at eight and goes at one.
    async fn with_hours() -> Self {
        let stage = Self::set().await;
        let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap();
        let week = SetWeeklySchedule {
            course_id: stage.course,
            effective_from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
            stays: vec![(Weekday::Mon, hour(8), hour(13))],
        };
        set_weekly_schedule(stage.write(), &stage.world.context(), week).await.unwrap();
        stage
    }

    async fn wants(&self, guardian_id: GuardianId, student_id: StudentId, wanted: &[(Kind, &[Channel])]) {
        let wanted = wanted.iter().map(|(kind, by)| Want { kind: *kind, channels: by.to_vec() }).collect();
        let input = ChooseNotices {
            guardian_id,
            student_id,
            language: Language::Es,
            wanted,
            whatsapp: None,
            method: Method::Portal,
            said_at: self.write().clock().now(),
        };
        choose_notices(self.write(), &self.world.context(), input).await.unwrap();
    }

    async fn of_day(&self, student: StudentId, command: OfDay) {
        let stream = StreamId::of_day(case(student).date, self.world.school, student);
        self.write().execute::<AttendanceDay>(&self.world.context(), &stream, command).await.unwrap();
    }

    /// The card is read at the gate so long ago.
    async fn passes(&self, student: StudentId, direction: Direction, ago: TimeDelta, flags: Vec<Flag>) {
        let ids = || self.write().ids().next();
        let at = self.write().clock().now() - ago;
        let scan = Scan {
            scan_id: ScanId(ids()),
            kiosk_id: KioskId(ids()),
            queue_id: QueueId(ids()),
            seq: 1,
            credential_id: CredentialId(ids()),
            direction,
            method: Read::Qr,
            occurred_at: at,
            time_confidence: TimeConfidence::Monotonic,
            shown: Shown::Welcome,
            device_time: at,
            prev_hash: None,
        };
        self.of_day(student, OfDay::RecordScan { scan, flags, echo_seconds: 60 }).await;
    }

    fn bounds(&self) -> Bounds {
        let (zone, now) = (chrono_tz::America::Santiago, self.write().clock().now());
        Bounds { date: case(StudentId(Uuid::nil())).date, zone, enrolled: true, now, echo_seconds: 60 }
    }

    /// A guardian who may collect comes for the pupil.
    async fn is_asked_for(&self, student: StudentId, guardian_id: GuardianId) -> LeaveId {
        let (leave_id, occurred_at) = (LeaveId(self.write().ids().next()), self.write().clock().now());
        let (identity, reason) = (IdentityCheck::DocumentSeen, LeaveReason::Appointment);
        let leave = EarlyLeave { leave_id, guardian_id, identity, reason, occurred_at, note: None };
        let rights = Some(GuardianRights { may_collect: true, ..TOLD });
        self.of_day(student, OfDay::AuthoriseEarlyLeave { leave, rights, bounds: self.bounds() }).await;
        leave_id
    }

    async fn is_handed_over(&self, student: StudentId, leave_id: LeaveId) {
        let (rights, bounds) = (Some(GuardianRights { may_collect: true, ..TOLD }), self.bounds());
        let occurred_at = bounds.now;
        self.of_day(student, OfDay::RecordEarlyLeave { leave_id, occurred_at, rights, bounds }).await;
        self.go_on().await;
    }

    async fn now_passes(&self, student: StudentId, direction: Direction) {
        self.passes(student, direction, TimeDelta::zero(), vec![]).await;
        self.go_on().await;
    }

    /// What is sent once brothers were waited for, by mail: to whom, and what it says.
    async fn told(&self) -> Vec<(GuardianId, Says, usize)> {
        self.world.clock.advance(Kind::Entry.waits_for());
        let sent = self.sent(Email, ACCEPTED).await;
        sent.iter().map(|message| (message.guardian, message.says, message.parts.len())).collect()
    }
}

fn local(hour: u32, minute: u32) -> DateTime<Utc> {
    let noon = case(StudentId(Uuid::nil())).date.and_hms_opt(hour, minute, 0).unwrap();
    noon.and_local_timezone(chrono_tz::America::Santiago).unwrap().to_utc()
}

#[tokio::test]
async fn d10_an_entry_is_told_to_whoever_asked_for_it_alone_and_a_late_one_as_such() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], false).await;
    let mother = stage.guardian(2, &[ana], false).await;
    let aunt = stage.guardian(3, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Late, &[Email]), (Kind::Entry, &[Email])]).await;
    stage.wants(aunt, ana, &[(Kind::Entry, &[Whatsapp, Email])]).await;
    stage.world.clock.set(local(7, 50));
    stage.now_passes(ana, Entry).await;
    let all = [(mother, Says::Entered, 1), (aunt, Says::Entered, 1)];
    let mut told = stage.told().await;
    told.sort_by_key(|(guardian, ..)| *guardian != mother);
    assert_eq!(told, all, "whoever did not ask is not told, and nobody by a way that was not opened");
    // A second coming is not late, whatever the hour.
    stage.world.clock.set(local(9, 0));
    stage.now_passes(ana, Exit).await;
    stage.world.clock.set(local(9, 30));
    stage.now_passes(ana, Entry).await;
    assert!(stage.told().await.iter().all(|(_, says, _)| *says != Says::CameLate));

    let eva = stage.pupil("Eva").await;
    let father = stage.guardian(4, &[eva], false).await;
    stage.wants(father, eva, &[(Kind::Late, &[Email]), (Kind::Entry, &[Email])]).await;
    stage.now_passes(eva, Entry).await;
    assert_eq!(stage.told().await, [(father, Says::CameLate, 1)], "one notice, the exception");
}

#[tokio::test]
async fn a_doubtful_passage_an_old_one_and_one_of_yesterday_tell_nobody() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email])]).await;
    stage.world.clock.set(local(8, 0));
    let doubts = [Flag::Echo, Flag::RevokedCredential, Flag::LowConfidenceTime, Flag::ClockAhead, Flag::LaneMismatch];
    for flag in doubts.into_iter().chain([Flag::WithdrawnPupil]) {
        stage.passes(ana, Entry, TimeDelta::zero(), vec![flag]).await;
        stage.go_on().await;
        assert_eq!(stage.told().await, [], "{flag:?}");
        stage.world.clock.advance(TimeDelta::minutes(2));
    }
    stage.passes(ana, Entry, Kind::Entry.is_news_for(), vec![Flag::LateSync]).await;
    stage.go_on().await;
    assert_eq!(stage.told().await, [], "it is news no more");
    stage.passes(ana, Entry, Kind::Entry.is_news_for() - TimeDelta::minutes(1), vec![Flag::LateSync]).await;
    stage.go_on().await;
    assert_eq!(stage.told().await.len(), 1, "late, and news; none of those before it was told");
    let today = stage.story().await.len();
    // D11: the same on another day is another notice; read again, none.
    sqlx::query("update delivery_position set position = 0").execute(&stage.world.owner).await.unwrap();
    stage.go_on().await;
    assert_eq!(stage.story().await.len(), today);
}

#[tokio::test]
async fn an_entry_that_is_taken_back_before_it_is_told_is_told_to_nobody() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email])]).await;
    let now = local(8, 0);
    stage.world.clock.set(now);
    let entry_id = ManualEntryId(Uuid::from_u128(7));
    let bounds = stage.bounds();
    let reason = ManualReason::ForgotCard;
    let entry = ManualEntry { entry_id, direction: Entry, occurred_at: now, reason, note: None };
    stage.of_day(ana, OfDay::RecordManualEntry { entry, bounds }).await;
    stage.go_on().await;
    let by = stage.world.context().actor;
    let undo = Undo { entry_id, author: by.clone(), recorded_at: now, by, corrects: false, now };
    stage.of_day(ana, OfDay::WithdrawManualEntry(undo)).await;
    assert_eq!(stage.told().await, []);
    assert_eq!(stage.story().await, ["email entry requested", "email entry suppressed not_true"]);
}

#[tokio::test]
async fn whoever_had_an_alarm_is_told_of_the_coming_by_its_correction_and_not_twice() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email]), (Kind::Late, &[Email])]).await;
    stage.missing(&[ana]).await;
    assert_eq!(stage.told().await, [(mother, Says::NoEntry, 1)]);
    stage.now_passes(ana, Entry).await;
    stage.found(&[ana], Finding::Entered { at: stage.write().clock().now() }).await;
    stage.go_on().await;
    assert_eq!(stage.told().await, [(mother, Says::Arrived, 1)]);
}

#[tokio::test]
async fn brothers_who_come_together_are_one_message_and_whoever_says_no_meanwhile_gets_none() {
    let stage = Stage::with_hours().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana, eva], false).await;
    for pupil in [ana, eva] {
        stage.wants(mother, pupil, &[(Kind::Entry, &[Email])]).await;
    }
    stage.world.clock.set(local(7, 50));
    stage.now_passes(ana, Entry).await;
    stage.world.clock.advance(TimeDelta::seconds(9));
    stage.now_passes(eva, Entry).await;
    stage.world.clock.set(local(7, 50));
    assert_eq!(stage.told().await, [(mother, Says::Entered, 2)]);
    stage.world.clock.set(local(8, 30));
    stage.now_passes(ana, Exit).await;
    stage.wants(mother, ana, &[(Kind::EarlyLeave, &[])]).await;
    stage.world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(stage.told().await, []);
    assert_eq!(stage.story().await.last().unwrap(), "email early_leave suppressed not_wanted");
}

#[tokio::test]
async fn an_overview_says_what_became_of_a_day_and_counts_no_alarm_that_reached_somebody_late() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], false).await;
    stage.missing(&[ana]).await;
    let (school, date) = (stage.world.school, case(ana).date);
    let waiting = overview(stage.write(), school, date).await.unwrap();
    assert_eq!((waiting.lines[0].waiting, waiting.due_since.len(), waiting.to_call), (1, 1, 0));
    let failed = Outcome::Failed { reason: Failure::Recipient, code: Some(550) };
    stage.send(Email, failed).await;
    stage.go_on().await;
    let found = overview(stage.write(), school, date).await.unwrap();
    let line = found.lines[0];
    assert_eq!((line.kind, line.channel, line.failed, line.waiting), (Kind::NoEntry, Email, 1, 0));
    let why = (found.failures[0].reason.as_str(), found.failures[0].code, found.failures[0].notices);
    assert_eq!((why, found.to_call, found.due_since.len()), (("recipient", Some(550), 1), 1, 0));
    let late = "update deliveries set state = 'delivered'";
    sqlx::query(late).execute(&stage.world.owner).await.unwrap();
    assert_eq!(overview(stage.write(), school, date).await.unwrap().to_call, 0);
    let other = overview(stage.write(), domain::SchoolId(Uuid::from_u128(9)), date).await.unwrap();
    assert_eq!(other, Overview::default(), "another school's");
}

#[tokio::test]
async fn a_second_tap_the_same_way_says_nothing_new_and_one_after_turning_round_does() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email]), (Kind::Exit, &[Email])]).await;
    stage.world.clock.set(local(7, 40));
    for (direction, says) in [
        (Entry, Some(Says::Entered)),
        (Entry, None),
        (Exit, Some(Says::WentOut)),
        (Exit, None),
        (Entry, Some(Says::Entered)),
    ] {
        stage.now_passes(ana, direction).await;
        let told: Vec<_> = stage.told().await.into_iter().map(|(_, says, _)| says).collect();
        assert_eq!(told, Vec::from_iter(says), "{direction:?}");
        stage.world.clock.advance(TimeDelta::minutes(3));
    }
}

#[tokio::test]
async fn whoever_is_late_by_the_limit_is_not_late_and_a_lateness_that_is_none_any_more_is_not_told() {
    let stage = Stage::with_hours().await;
    let (ana, eva, leo) = (stage.pupil("Ana").await, stage.pupil("Eva").await, stage.pupil("Leo").await);
    let mother = stage.guardian(1, &[ana, eva, leo], false).await;
    for pupil in [ana, eva, leo] {
        stage.wants(mother, pupil, &[(Kind::Late, &[Email]), (Kind::EarlyLeave, &[Email])]).await;
    }
    stage.world.clock.set(local(8, 5));
    stage.now_passes(ana, Entry).await;
    assert_eq!(stage.told().await, [], "five minutes are let pass");
    stage.world.clock.set(local(8, 6));
    stage.now_passes(eva, Entry).await;
    stage.now_passes(leo, Entry).await;
    // A gate that was cut off tells that Leo came before.
    stage.passes(leo, Entry, TimeDelta::minutes(10), vec![Flag::LateSync]).await;
    assert_eq!(stage.told().await, [(mother, Says::CameLate, 1)], "Eva");
    assert!(stage.story().await.contains(&"email late suppressed not_true".to_owned()));
    // Out, and in again before anybody was told.
    stage.world.clock.set(local(10, 0));
    stage.now_passes(eva, Exit).await;
    stage.world.clock.advance(TimeDelta::seconds(5));
    stage.now_passes(eva, Entry).await;
    assert_eq!(stage.told().await, []);
    assert_eq!(stage.story().await.last().unwrap(), "email early_leave suppressed not_true");
}

#[tokio::test]
async fn an_entry_is_told_where_the_alarm_did_not_arrive_or_is_over_and_waits_while_it_is_on_its_way() {
    let stage = Stage::with_hours().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana, eva], false).await;
    for pupil in [ana, eva] {
        stage.wants(mother, pupil, &[(Kind::Entry, &[Email])]).await;
    }
    stage.missing(&[ana]).await;
    let mut alarm = stage.claim(Email).await.remove(0);
    assert!(judge(stage.write(), &mut alarm).await.unwrap().is_some());
    stage.now_passes(ana, Entry).await;
    assert_eq!(stage.told().await, [], "whether the alarm arrives is not known yet");
    let failed = Outcome::Failed { reason: Failure::Recipient, code: None };
    record(stage.write(), &alarm, failed, 0.0).await.unwrap();
    stage.found(&[ana], Finding::Entered { at: stage.write().clock().now() }).await;
    stage.go_on().await;
    assert_eq!(stage.told().await, [(mother, Says::Entered, 1)], "no alarm, no correction: the entry");
    // Eva's arrived; the school then knew why, and she comes all the same.
    stage.missing(&[eva]).await;
    assert_eq!(stage.told().await, [(mother, Says::NoEntry, 1)]);
    let reason = Justification::Illness;
    ask(stage.write(), &stage.world.context(), case(eva), Command::Justify { reason }).await.unwrap();
    stage.go_on().await;
    assert_eq!(stage.told().await, [(mother, Says::Justified, 1)]);
    stage.world.clock.advance(TimeDelta::minutes(5));
    stage.now_passes(eva, Entry).await;
    assert_eq!(stage.told().await, [(mother, Says::Entered, 1)]);
    // Whoever had the alarm of the morning is told of later comings too.
    stage.world.clock.advance(TimeDelta::minutes(5));
    stage.now_passes(eva, Exit).await;
    stage.told().await;
    stage.world.clock.advance(TimeDelta::minutes(5));
    stage.now_passes(eva, Entry).await;
    assert_eq!(stage.told().await, [(mother, Says::Entered, 1)]);
}

#[tokio::test]
async fn of_what_is_due_to_one_person_the_alarm_goes_first() {
    let stage = Stage::with_hours().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana, eva], true).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Whatsapp])]).await;
    stage.world.clock.set(due() - TimeDelta::minutes(5));
    stage.now_passes(ana, Entry).await;
    stage.world.clock.set(due());
    stage.missing(&[eva]).await;
    for says in [Says::NoEntry, Says::Entered] {
        let sent: Vec<_> = stage.sent(Whatsapp, ACCEPTED).await.iter().map(|message| message.says).collect();
        assert_eq!(sent, [says]);
        stage.world.clock.advance(SPACING);
    }
}

#[tokio::test]
async fn d10_nobody_is_told_who_may_not_be_whatever_was_wished_before() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let (barred, silent) = (stage.guardian(1, &[ana], false).await, stage.guardian(2, &[ana], false).await);
    let rights =
        [(barred, GuardianRights { restricted: true, ..TOLD }), (silent, GuardianRights { notify: false, ..TOLD })];
    for (guardian_id, rights) in rights {
        stage.wants(guardian_id, ana, &[(Kind::Entry, &[Email]), (Kind::Exit, &[Email])]).await;
        let change = ChangeGuardianLink { student_id: ana, guardian_id, rights: Some(rights) };
        change_guardian_link(stage.write(), &stage.world.context(), change).await.unwrap();
    }
    stage.world.clock.set(local(7, 50));
    stage.now_passes(ana, Entry).await;
    stage.world.clock.set(local(11, 0));
    stage.now_passes(ana, Exit).await;
    assert_eq!((stage.told().await, stage.story().await), (vec![], vec![]));
}

#[tokio::test]
async fn what_a_correction_took_out_meanwhile_is_told_to_nobody() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email])]).await;
    stage.world.clock.set(local(7, 50));
    stage.now_passes(ana, Entry).await;
    let scan = "select (payload->>'scan_id')::uuid from events where event_type = 'scan_recorded'";
    let scan_id: Uuid = sqlx::query_scalar(scan).fetch_one(&stage.world.owner).await.unwrap();
    let change = Change { voids: Some(scan_id), adds: None };
    let (correction_id, reason) = (CorrectionId(Uuid::from_u128(3)), CorrectionReason::DidNotHappen);
    let correction = Correction { correction_id, change, reason, note: None };
    stage.of_day(ana, OfDay::RequestCorrection { correction, alone: true, bounds: stage.bounds() }).await;
    assert_eq!(stage.told().await, []);
    assert_eq!(stage.story().await.last().unwrap(), "email entry suppressed not_true");
}

#[tokio::test]
async fn a_log_that_is_longer_than_a_page_is_read_to_its_end_and_what_is_broken_holds_up_no_alarm() {
    let stage = Stage::with_hours().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana, eva], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email])]).await;
    stage.go_on().await;
    stage.world.clock.set(local(7, 50));
    for _ in 0..1_020 {
        let stranger = StudentId(stage.write().ids().next());
        stage.passes(stranger, Entry, TimeDelta::zero(), vec![Flag::Echo]).await;
    }
    stage.passes(ana, Entry, TimeDelta::zero(), vec![]).await;
    let pages = [react(stage.write(), &BOTH).await.unwrap(), react(stage.write(), &BOTH).await.unwrap()];
    let third = react(stage.write(), &BOTH).await.unwrap();
    assert!(pages.iter().all(|page| page.more), "{pages:?}");
    assert_eq!(pages.iter().chain([&third]).map(|page| page.passages).sum::<usize>(), 1);
    assert_eq!(stage.told().await, [(mother, Says::Entered, 1)]);
    // What the gate's part reads cannot be read for a while.
    let rename = |from: &str, to: &str| format!("alter table {from} rename to {to}");
    sqlx::query(&rename("delivery_channels", "gone")).execute(&stage.world.owner).await.unwrap();
    stage.world.clock.set(due());
    stage.passes(ana, Exit, TimeDelta::zero(), vec![]).await;
    stage.found(&[eva], Finding::Missing { course_id: stage.course, due_at: due(), hold: None }).await;
    let alarms = react(stage.write(), &BOTH).await.unwrap();
    assert_eq!((alarms.alarms, alarms.passages, alarms.more), (1, 0, false));
    sqlx::query(&rename("gone", "delivery_channels")).execute(&stage.world.owner).await.unwrap();
    let after = react(stage.write(), &BOTH).await.unwrap();
    assert_eq!((after.alarms, after.passages), (1, 1), "the place stayed");
    climb(stage.write(), &BOTH).await.unwrap();
    let mut told: Vec<_> = stage.told().await.into_iter().map(|(_, says, n)| (says, n)).collect();
    told.sort();
    assert_eq!(told, [(Says::NoEntry, 1), (Says::LeftBeforeEnd, 1)]);
}
