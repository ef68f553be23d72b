//! What passes at the gate, and who is told of it.

use super::*;
use crate::use_cases::{ChooseNotices, SetWeeklySchedule, choose_notices, set_weekly_schedule};
use chrono::{NaiveTime, Weekday};
use domain::attendance_day::Direction::{Entry, Exit};
use domain::attendance_day::{
    AttendanceDay, Bounds, Command as OfDay, Direction, Flag, ManualEntry, ManualReason, Method as Read, Scan, Shown,
    TimeConfidence, Undo,
};
use domain::guardian::notices::Language;
use domain::{CredentialId, KioskId, ManualEntryId, QueueId, ScanId};

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
async fn whoever_leaves_before_the_end_is_told_of_and_whoever_goes_home_is_not() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.world.clock.set(local(8, 3));
    stage.now_passes(ana, Exit).await;
    assert_eq!(stage.told().await, [], "a lane that was turned by mistake");
    stage.now_passes(ana, Entry).await;
    stage.world.clock.set(local(11, 0));
    stage.now_passes(ana, Exit).await;
    assert_eq!(stage.told().await, [(mother, Says::LeftBeforeEnd, 1)]);
    for (hour, minute) in [(12, 56), (13, 5)] {
        stage.world.clock.set(local(hour, minute));
        stage.now_passes(ana, Exit).await;
        assert_eq!(stage.told().await, [], "{hour}:{minute}");
    }
}

#[tokio::test]
async fn a_doubtful_passage_an_old_one_and_one_of_yesterday_tell_nobody() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.wants(mother, ana, &[(Kind::Entry, &[Email])]).await;
    stage.world.clock.set(local(8, 0));
    for flag in [Flag::Echo, Flag::RevokedCredential, Flag::LowConfidenceTime, Flag::ClockAhead, Flag::LaneMismatch] {
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
    assert_eq!(stage.told().await.len(), 1);
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
    let (zone, date) = (chrono_tz::America::Santiago, case(ana).date);
    let bounds = Bounds { date, zone, enrolled: true, now, echo_seconds: 60 };
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
