mod gate;

use super::*;
use crate::no_show::{ask, observe};
use crate::testing::World;
use crate::use_cases::{
    ChangeGuardianLink, CourseLabel, EnrolStudent, Grade, LinkGuardian, OpenCourse, RegisterGuardian, RegisterSchool,
    WithdrawStudent, change_guardian_link, enrol_student, erase_guardian, erase_student, link_guardian, open_course,
    register_guardian, register_school, withdraw_student,
};
use Channel::{Email, Whatsapp};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::delivery::policy::{SPACING, UNKNOWN_FOR};
use domain::delivery::{Channel, Doubt, Failure, Kind, Mode, Says};
use domain::guardian::notices::{Method, Want};
use domain::guardian::{Command as OfGuardian, Guardian};
use domain::no_show::{CaseId, Command, Finding, Justification};
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::values::phone::Phone;
use domain::{CourseId, GuardianId, SlotId, StreamId, StudentId};
use uuid::Uuid;

const BOTH: [Channel; 2] = [Whatsapp, Email];
const TOLD: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: false, may_view: true, restricted: false };
const ACCEPTED: Outcome = Outcome::Accepted { mode: Mode::Live, provider: None };

/// A school with a course, in the morning, whose channels are open.
struct Stage {
    world: World,
    course: CourseId,
}

fn due() -> DateTime<Utc> {
    crate::testing::monday_morning() + TimeDelta::minutes(60)
}

impl Stage {
    async fn set() -> Self {
        let world = World::new().await;
        let school = RegisterSchool { name: "Liceo".into(), rbd: None, settings: crate::testing::settings(5) };
        register_school(&world.write, &world.context(), school).await.unwrap();
        let label = CourseLabel::new(Grade::Basic(1), "A");
        let course = open_course(&world.write, &world.context(), OpenCourse { year: 2026, label }).await.unwrap();
        world.clock.set(due());
        let stage = Self { world, course: course.course_id };
        for channel in BOTH {
            channels::enter(stage.write(), channel).await.unwrap();
        }
        assert_eq!(react(stage.write(), &BOTH).await.unwrap(), Reacted::default());
        stage
    }

    fn write(&self) -> &Write {
        &self.world.write
    }

    async fn pupil(&self, name: &str) -> StudentId {
        let input = EnrolStudent {
            given_names: name.to_owned(),
            family_names: "Pérez".to_owned(),
            national_id: None,
            course_id: self.course,
            from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        };
        enrol_student(self.write(), &self.world.context(), input).await.unwrap().student_id
    }

    /// A guardian with telephone and mail, linked to these pupils.
    async fn guardian(&self, n: u32, pupils: &[StudentId], whatsapp: bool) -> GuardianId {
        let input = RegisterGuardian {
            name: format!("Apoderado {n}"),
            national_id: None,
            phone: Some(Phone::parse(&format!("+5691234{n:04}")).unwrap()),
            mail: Some(Mail::parse(&format!("a{n}@example.com")).unwrap()),
            within: None,
        };
        let guardian_id = register_guardian(self.write(), &self.world.context(), input).await.unwrap().guardian_id;
        for student_id in pupils {
            let link = LinkGuardian { student_id: *student_id, guardian_id, rights: TOLD };
            link_guardian(self.write(), &self.world.context(), link).await.unwrap();
        }
        if whatsapp {
            self.opt(guardian_id, true).await;
        }
        guardian_id
    }

    async fn says(&self, guardian: GuardianId, command: OfGuardian) {
        let stream = StreamId::of(self.world.school, guardian);
        self.write().execute::<Guardian>(&self.world.context(), &stream, command).await.unwrap();
    }

    async fn opt(&self, guardian: GuardianId, in_: bool) {
        let said_at = self.write().clock().now();
        let method = Method::Portal;
        self.says(guardian, OfGuardian::Opt { channel: Whatsapp, kind: None, in_, method, said_at }).await;
    }

    async fn found(&self, pupils: &[StudentId], finding: Finding) {
        let ask = |student: &StudentId| (self.world.context(), case(*student), Command::Observe(finding));
        let asks: Vec<_> = pupils.iter().map(ask).collect();
        observe(self.write(), &asks).await.unwrap();
    }

    /// These pupils are missing, and what follows is asked for.
    async fn missing(&self, pupils: &[StudentId]) {
        self.found(pupils, Finding::Missing { course_id: self.course, due_at: due(), hold: None }).await;
        self.go_on().await;
    }

    async fn go_on(&self) -> (Reacted, Climbed) {
        (react(self.write(), &BOTH).await.unwrap(), climb(self.write(), &BOTH).await.unwrap())
    }

    async fn claim(&self, channel: Channel) -> Vec<Message> {
        claim(self.write(), channel, 100).await.unwrap()
    }

    /// Sends whatever is due by a channel, with this outcome; to whom it went.
    async fn send(&self, channel: Channel, outcome: Outcome) -> Vec<GuardianId> {
        self.sent(channel, outcome).await.iter().map(|message| message.guardian).collect()
    }

    /// The same; what went.
    async fn sent(&self, channel: Channel, outcome: Outcome) -> Vec<Message> {
        let mut sent = Vec::new();
        for mut message in self.claim(channel).await {
            if judge(self.write(), &mut message).await.unwrap().is_some() {
                record(self.write(), &message, outcome, 0.0).await.unwrap();
                sent.push(message);
            }
        }
        sent
    }

    /// The events of all deliveries, in order, as `email no_entry requested`.
    async fn story(&self) -> Vec<String> {
        let of = "select coalesce(d.channel || ' ' || d.kind || ' ', '') || e.event_type
                    || coalesce(' ' || (e.payload->>'reason'), '')
                  from events e left join deliveries d on d.delivery_id::text = split_part(e.aggregate_id, '/', 2)
                  where e.aggregate_type = 'delivery' order by e.position";
        sqlx::query_scalar(of).fetch_all(&self.world.owner).await.unwrap()
    }
}

fn case(student_id: StudentId) -> CaseId {
    CaseId { date: "2026-03-09".parse().unwrap(), slot_id: SlotId(Uuid::from_u128(0x51)), student_id }
}

fn leaves(student_id: StudentId) -> WithdrawStudent {
    WithdrawStudent { student_id, from: case(student_id).date }
}

fn arrived() -> Finding {
    Finding::Entered { at: due() + TimeDelta::minutes(20) }
}

#[tokio::test]
async fn d17_an_alarm_is_written_down_before_it_is_sent_and_asked_for_once_however_often_the_log_is_read() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.missing(&[ana]).await;
    for _ in 0..3 {
        stage.go_on().await;
    }
    assert_eq!(stage.story().await, ["email no_entry requested"]);
    // Whoever reads the log again from its beginning asks for the same, and it is there.
    sqlx::query("update delivery_position set position = 0").execute(&stage.world.owner).await.unwrap();
    stage.go_on().await;
    let one = stage.claim(Email).await;
    assert_eq!(one.len(), 1);
    assert_eq!(stage.claim(Email).await.len(), 0, "it is being sent");
    let mut message = one[0].clone();
    let outgoing = judge(stage.write(), &mut message).await.unwrap().unwrap();
    assert_eq!((message.guardian, outgoing.pupils[0].0, outgoing.school_name.as_str()), (mother, ana, "Liceo"));
    record(stage.write(), &message, ACCEPTED, 0.0).await.unwrap();
    // Its outcome is told twice.
    record(stage.write(), &message, ACCEPTED, 0.0).await.unwrap();
    stage.go_on().await;
    stage.world.clock.advance(TimeDelta::minutes(20));
    stage.go_on().await;
    assert_eq!(stage.story().await, ["email no_entry requested", "email no_entry accepted"]);
    assert_eq!(stage.world.dense_length().await, stage.world.positions().await.len());
}

#[tokio::test]
async fn what_was_asked_for_before_the_reader_began_is_sent_to_nobody_and_a_restore_begins_quiet() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], false).await;
    sqlx::query("delete from delivery_position").execute(&stage.world.owner).await.unwrap();
    stage.missing(&[ana]).await;
    assert_eq!(stage.story().await, Vec::<String>::new());
    let eva = stage.pupil("Eva").await;
    stage.guardian(2, &[eva], false).await;
    stage.missing(&[eva]).await;
    // A restore: the row that waits was in the backup.
    sqlx::query("update log_epoch set epoch = gen_random_uuid()").execute(&stage.world.owner).await.unwrap();
    let leo = stage.pupil("Leo").await;
    stage.guardian(3, &[leo], false).await;
    stage.missing(&[leo]).await;
    stage.go_on().await;
    assert_eq!(stage.claim(Email).await.len(), 0);
    assert!(channels::standing(stage.write()).await.unwrap().iter().all(|one| one.quiet));
    channels::resume(stage.write(), Email).await.unwrap();
    channels::resume(stage.write(), Whatsapp).await.unwrap();
    assert_eq!(stage.send(Email, ACCEPTED).await.len(), 1, "Eva's, which is news still");
}

#[tokio::test]
async fn every_rule_is_asked_once_more_just_before_sending() {
    let (no_right, change) = ("suppressed no_right", |rights| {
        move |student_id, guardian_id| ChangeGuardianLink { student_id, guardian_id, rights }
    });
    let barred = GuardianRights { restricted: true, ..TOLD };
    let silent = GuardianRights { notify: false, ..TOLD };
    for (n, expected) in (1..).zip([
        no_right,
        no_right,
        no_right,
        "suppressed no_pupil",
        "suppressed no_pupil",
        "suppressed no_guardian",
        "suppressed not_wanted",
        "suppressed acknowledged",
        "suppressed not_true",
        "suppressed not_true",
        "suppressed expired",
    ]) {
        let stage = Stage::set().await;
        let (write, context) = (stage.write(), stage.world.context());
        let ana = stage.pupil("Ana").await;
        let mother = stage.guardian(1, &[ana], false).await;
        stage.missing(&[ana]).await;
        // It is queued, and even claimed.
        let mut message = stage.claim(Email).await.remove(0);
        match n {
            1 => assert_eq!(
                change_guardian_link(write, &context, change(Some(barred))(ana, mother)).await.unwrap().events,
                1
            ),
            2 => assert_eq!(
                change_guardian_link(write, &context, change(Some(silent))(ana, mother)).await.unwrap().events,
                1
            ),
            3 => assert_eq!(change_guardian_link(write, &context, change(None)(ana, mother)).await.unwrap().events, 1),
            4 => assert_eq!(withdraw_student(write, &context, leaves(ana)).await.unwrap().events, 1),
            5 => assert_eq!(erase_student(write, &context, ana).await.unwrap().events, 1),
            6 => assert_eq!(erase_guardian(write, &context, mother).await.unwrap().events, 1),
            7 => {
                let wanted = vec![Want { kind: Kind::NoEntry, channels: vec![] }];
                let none = OfGuardian::SetPreferences { student_id: None, language: None, wanted };
                stage.says(mother, none).await;
            }
            8 => assert_eq!(ask(write, &context, case(ana), Command::Acknowledge).await.unwrap().events, 1),
            9 => stage.found(&[ana], arrived()).await,
            10 => {
                let reason = Justification::Illness;
                assert_eq!(ask(write, &context, case(ana), Command::Justify { reason }).await.unwrap().events, 1);
            }
            _ => stage.world.clock.advance(Kind::NoEntry.is_news_for()),
        }
        assert!(judge(write, &mut message).await.unwrap().is_none(), "{expected}");
        assert_eq!(stage.story().await, ["email no_entry requested", &format!("email no_entry {expected}")]);
        assert_eq!(stage.claim(Email).await.len(), 0);
        stage.go_on().await;
        assert!(!stage.story().await.iter().any(|event| event.contains("correction")), "nobody was told");
    }
}

#[tokio::test]
async fn of_brothers_one_message_and_of_two_messages_to_one_person_the_second_waits() {
    let stage = Stage::set().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana, eva], true).await;
    stage.missing(&[ana, eva]).await;
    let mut messages = stage.claim(Whatsapp).await;
    assert_eq!(messages.len(), 1);
    let outgoing = judge(stage.write(), &mut messages[0]).await.unwrap().unwrap();
    assert_eq!(outgoing.pupils.len(), 2);
    record(stage.write(), &messages[0], ACCEPTED, 0.0).await.unwrap();
    // Both come, at different minutes.
    stage.found(&[ana], arrived()).await;
    stage.found(&[eva], Finding::Entered { at: due() + TimeDelta::minutes(30) }).await;
    stage.go_on().await;
    assert_eq!(stage.claim(Whatsapp).await.len(), 0, "she was written to just now");
    stage.world.clock.advance(SPACING);
    assert_eq!(stage.send(Whatsapp, ACCEPTED).await, [mother]);
    assert_eq!(stage.send(Whatsapp, ACCEPTED).await, []);
    stage.world.clock.advance(SPACING);
    assert_eq!(stage.send(Whatsapp, ACCEPTED).await, [mother]);
}

#[tokio::test]
async fn an_alarm_of_which_nobody_knows_whether_it_arrived_is_sent_once_more_and_a_correction_is_not() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], false).await;
    stage.missing(&[ana]).await;
    let lost = Outcome::Unknown(Doubt::NoAnswer);
    assert_eq!(stage.send(Email, lost).await.len(), 1);
    assert_eq!(stage.send(Email, lost).await.len(), 0, "the channel's own word is waited for");
    stage.world.clock.advance(UNKNOWN_FOR);
    assert_eq!(stage.send(Email, lost).await.len(), 1);
    stage.world.clock.advance(UNKNOWN_FOR);
    assert_eq!(stage.send(Email, lost).await.len(), 0);
    stage.found(&[ana], arrived()).await;
    stage.go_on().await;
    assert_eq!(stage.send(Email, lost).await.len(), 1, "she may have had the alarm");
    stage.world.clock.advance(TimeDelta::minutes(10));
    assert_eq!(stage.send(Email, lost).await.len(), 0);
    let twice = ["requested", "unknown no_answer"];
    let story: Vec<_> = ["no_entry", "correction"]
        .iter()
        .flat_map(|kind| twice.iter().map(move |event| format!("email {kind} {event}")))
        .collect();
    assert_eq!(stage.story().await, story);
}

#[tokio::test]
async fn a_message_whose_sender_went_is_unknown_and_never_takes_back_what_is_known() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], false).await;
    stage.missing(&[ana]).await;
    let message = stage.claim(Email).await.remove(0);
    assert_eq!(sweep(stage.write()).await.unwrap(), 0, "it is on its way");
    stage.world.clock.advance(TimeDelta::minutes(2) + TimeDelta::seconds(1));
    assert_eq!(sweep(stage.write()).await.unwrap(), 1);
    assert_eq!(sweep(stage.write()).await.unwrap(), 0);
    // It was only slow: what it says of another try is not believed, that its own was taken is.
    let not_sent = Outcome::NotSent { reason: Failure::Unreachable, code: None };
    record(stage.write(), &message, not_sent, 0.0).await.unwrap();
    record(stage.write(), &message, ACCEPTED, 0.0).await.unwrap();
    let story = ["requested", "unknown crash", "accepted"].map(|event| format!("email no_entry {event}"));
    assert_eq!(stage.story().await, story);
    stage.world.clock.advance(UNKNOWN_FOR);
    assert_eq!(stage.claim(Email).await.len(), 0, "it arrived after all");
}

#[tokio::test]
async fn d18_d39_a_channel_that_fails_is_tried_again_and_then_the_next_one_then_the_next_guardian_then_a_person_calls()
{
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], true).await;
    let father = stage.guardian(2, &[ana], true).await;
    stage.guardian(3, &[ana], true).await;
    stage.missing(&[ana]).await;
    let away = Outcome::NotSent { reason: Failure::Unreachable, code: None };
    let mut first = Vec::new();
    for _ in 0..100 {
        first.extend(stage.send(Whatsapp, away).await);
        stage.world.clock.advance(TimeDelta::seconds(10));
        if stage.story().await.len() > 1 {
            break;
        }
    }
    assert_eq!(stage.story().await[1], "whatsapp no_entry failed unreachable", "after as many tries as may be");
    assert_eq!(first.len(), 6);
    let bounced = Outcome::Failed { reason: Failure::Recipient, code: Some(131_026) };
    let mut asked = vec![];
    for channel in [Email, Whatsapp, Email] {
        stage.go_on().await;
        asked.extend(stage.send(channel, bounced).await);
    }
    let (one, other) = (first[0], if first[0] == mother { father } else { mother });
    assert!(asked[0] == one && asked[1] == asked[2] && asked[1] != one, "{asked:?} {other}");
    let (_, climbed) = stage.go_on().await;
    assert_eq!((climbed.asked, climbed.to_call), (0, 1), "a third one is called");
    let state = "select state from delivery_ladders";
    assert_eq!(sqlx::query_scalar::<_, String>(state).fetch_one(&stage.world.owner).await.unwrap(), "call");
}

#[tokio::test]
async fn a_ladder_waits_for_word_and_ends_with_it_or_with_the_case() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], true).await;
    stage.missing(&[ana]).await;
    let provider = Some(provider_key(stage.write(), "wamid.1"));
    let accepted = Outcome::Accepted { mode: Mode::Live, provider };
    assert_eq!(stage.send(Whatsapp, accepted).await.len(), 1);
    stage.world.clock.advance(TimeDelta::minutes(4));
    assert_eq!(stage.go_on().await.1.asked, 0);
    // The channel's word: late, twice and in no order.
    for what in [Heard::Read, Heard::Delivered, Heard::Failed { code: Some(1) }, Heard::Sent, Heard::Read] {
        heard(stage.write(), None, provider, (what, None)).await.unwrap();
    }
    stage.world.clock.advance(TimeDelta::minutes(4));
    assert_eq!(stage.go_on().await.1, Climbed { looked_at: 1, ..Climbed::default() });
    stage.world.clock.advance(TimeDelta::minutes(40));
    assert_eq!(stage.go_on().await.1, Climbed::default());
    let story = ["requested", "accepted", "read"].map(|event| format!("whatsapp no_entry {event}"));
    assert_eq!(stage.story().await, story);
    assert_eq!(heard(stage.write(), Some(Uuid::from_u128(5)), None, (Heard::Read, None)).await.unwrap(), 0, "nobody's");
}

#[tokio::test]
async fn a_message_that_is_taken_and_not_delivered_is_followed_by_a_mail_and_both_are_corrected_once() {
    let stage = Stage::set().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana], true).await;
    stage.guardian(2, &[eva], false).await;
    stage.missing(&[ana, eva]).await;
    stage.send(Whatsapp, ACCEPTED).await;
    stage.world.clock.advance(TimeDelta::minutes(5));
    stage.go_on().await;
    // Eva's alarm is not sent yet when both have come.
    stage.found(&[ana, eva], arrived()).await;
    assert_eq!(stage.send(Email, ACCEPTED).await, [], "it is not true any more");
    for _ in 0..3 {
        stage.go_on().await;
    }
    assert_eq!(stage.send(Whatsapp, ACCEPTED).await, [mother]);
    assert_eq!(stage.send(Email, ACCEPTED).await, []);
    let corrections: Vec<_> = stage.story().await.into_iter().filter(|event| event.contains("correction")).collect();
    assert_eq!(corrections, ["whatsapp correction requested", "whatsapp correction accepted"]);
}

#[tokio::test]
async fn a_correction_waits_for_the_alarm_that_is_on_its_way_and_is_not_sent_where_that_was_not() {
    for (outcome, sent) in [(ACCEPTED, 1), (Outcome::Failed { reason: Failure::Recipient, code: None }, 0)] {
        let stage = Stage::set().await;
        let ana = stage.pupil("Ana").await;
        stage.guardian(1, &[ana], false).await;
        stage.missing(&[ana]).await;
        let mut alarm = stage.claim(Email).await.remove(0);
        assert!(judge(stage.write(), &mut alarm).await.unwrap().is_some());
        stage.found(&[ana], arrived()).await;
        assert_eq!(stage.go_on().await.0.corrections, 1);
        assert_eq!(stage.send(Email, ACCEPTED).await.len(), 0);
        record(stage.write(), &alarm, outcome, 0.0).await.unwrap();
        stage.world.clock.advance(TimeDelta::seconds(10));
        assert_eq!(stage.send(Email, ACCEPTED).await.len(), sent, "{outcome:?}");
    }
}

#[tokio::test]
async fn d10_a_word_that_comes_back_is_its_readers_and_moves_alarms_to_mail() {
    let stage = Stage::set().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    let mother = stage.guardian(1, &[ana, eva], true).await;
    stage.missing(&[ana]).await;
    let message = stage.claim(Whatsapp).await.remove(0);
    let address = address_key(stage.write(), "+56912340001");
    opened(stage.write(), &message, address).await.unwrap();
    record(stage.write(), &message, ACCEPTED, 0.0).await.unwrap();
    let now = stage.write().clock().now() + TimeDelta::seconds(1);
    assert_eq!(word(stage.write(), Whatsapp, address, false, now).await.unwrap(), 1);
    assert_eq!(word(stage.write(), Whatsapp, address, false, now).await.unwrap(), 0, "it comes twice");
    let stranger = address_key(stage.write(), "+56912349999");
    assert_eq!(word(stage.write(), Whatsapp, stranger, false, now).await.unwrap(), 0);
    stage.missing(&[eva]).await;
    assert_eq!(stage.send(Whatsapp, ACCEPTED).await, []);
    assert_eq!(stage.send(Email, ACCEPTED).await, [mother]);
}

#[tokio::test]
async fn d11_what_is_said_of_a_day_is_that_days_whenever_it_is_sent_and_a_second_case_has_messages_of_its_own() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.missing(&[ana]).await;
    assert_eq!(stage.send(Email, ACCEPTED).await, [mother]);
    // An offline scan of Monday arrives on Thursday; on Thursday the pupil is missing too.
    stage.world.clock.advance(TimeDelta::days(3));
    stage.found(&[ana], Finding::Entered { at: due() - TimeDelta::minutes(20) }).await;
    let thursday = CaseId { date: "2026-03-12".parse().unwrap(), ..case(ana) };
    let due_at = due() + TimeDelta::days(3);
    let missing = Command::Observe(Finding::Missing { course_id: stage.course, due_at, hold: None });
    observe(stage.write(), &[(stage.world.context(), thursday, missing)]).await.unwrap();
    stage.go_on().await;
    assert_eq!(stage.send(Email, ACCEPTED).await, [mother, mother]);
    let dates = "select local_date::text || ' ' || count(*) from events where aggregate_type = 'delivery'
                 group by local_date order by local_date";
    let dates: Vec<String> = sqlx::query_scalar(dates).fetch_all(&stage.world.owner).await.unwrap();
    assert_eq!(dates, ["2026-03-09 4", "2026-03-12 2"]);
    // The case is opened again on the same day: another cause, another message.
    stage.found(&[ana], Finding::Missing { course_id: stage.course, due_at: due(), hold: None }).await;
    stage.go_on().await;
    assert_eq!(stage.send(Email, ACCEPTED).await, [mother]);
}

#[tokio::test]
async fn a_channel_that_is_paused_keeps_what_waits_and_alarms_go_round_it() {
    let stage = Stage::set().await;
    let (ana, eva) = (stage.pupil("Ana").await, stage.pupil("Eva").await);
    stage.guardian(1, &[ana], true).await;
    stage.guardian(2, &[eva], true).await;
    stage.missing(&[ana]).await;
    let until = stage.write().clock().now();
    let message = stage.claim(Whatsapp).await.remove(0);
    channels::pause(stage.write(), (Whatsapp, None), "token", Some(190)).await.unwrap();
    record(stage.write(), &message, Outcome::PutBack { until, code: Some(190) }, 0.0).await.unwrap();
    assert_eq!(stage.claim(Whatsapp).await.len(), 0);
    stage.missing(&[eva]).await;
    assert_eq!(stage.send(Email, ACCEPTED).await.len(), 2, "the one that waits is followed by a mail at once");
    channels::resume(stage.write(), Whatsapp).await.unwrap();
    stage.world.clock.advance(SPACING);
    let mut waited = stage.claim(Whatsapp).await.remove(0);
    assert!(judge(stage.write(), &mut waited).await.unwrap().is_none(), "somebody was told meanwhile");
    assert_eq!(stage.story().await.last().unwrap(), "whatsapp no_entry suppressed told");
    // A template alone.
    channels::pause(stage.write(), (Email, Some(Says::NoEntry)), "template", Some(132_001)).await.unwrap();
    let leo = stage.pupil("Leo").await;
    stage.guardian(3, &[leo], false).await;
    stage.missing(&[leo]).await;
    assert_eq!(stage.claim(Email).await.len(), 0);
}

#[tokio::test]
async fn of_many_who_claim_at_once_each_message_has_one() {
    let stage = Stage::set().await;
    let mut pupils = Vec::new();
    for n in 1..=8 {
        let pupil = stage.pupil(&format!("Niño {n}")).await;
        stage.guardian(n, &[pupil], false).await;
        pupils.push(pupil);
    }
    stage.missing(&pupils).await;
    let all = futures::future::join_all((0..6).map(|_| claim(stage.write(), Email, 3))).await;
    let mut claimed: Vec<_> = all.into_iter().flat_map(|some| some.unwrap()).map(|message| message.guardian).collect();
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 8);
    let states = "select count(*) from delivery_attempts";
    assert_eq!(sqlx::query_scalar::<_, i64>(states).fetch_one(&stage.world.owner).await.unwrap(), 8);
}

#[tokio::test]
async fn d20_no_row_and_no_event_of_a_delivery_holds_an_address_or_a_name() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Anastasia").await;
    stage.guardian(1, &[ana], true).await;
    stage.missing(&[ana]).await;
    let message = stage.claim(Whatsapp).await.remove(0);
    opened(stage.write(), &message, address_key(stage.write(), "+56912340001")).await.unwrap();
    // As Meta makes them: the number in base64.
    let provider = Some(provider_key(stage.write(), "wamid.HBgLNTY5MTIzNDAwMDE="));
    record(stage.write(), &message, Outcome::Accepted { mode: Mode::Live, provider }, 0.0).await.unwrap();
    let all = "select string_agg(t, ' ') from (
                 select d::text as t from deliveries d union all select a::text from delivery_attempts a
                 union all select l::text from delivery_ladders l
                 union all select e::text from events e where aggregate_type = 'delivery') x";
    let all: String = sqlx::query_scalar(all).fetch_one(&stage.world.owner).await.unwrap();
    erase_guardian(stage.write(), &stage.world.context(), message.guardian).await.unwrap();
    let known = "select count(*) from delivery_attempts where address_hmac is not null or provider_hmac is not null";
    assert_eq!(sqlx::query_scalar::<_, i64>(known).fetch_one(&stage.world.owner).await.unwrap(), 0, "of an erased one");
    for secret in ["Anastasia", "12340001", "example.com", "Apoderado", "HBgL"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_alarm_whose_only_channel_is_paused_waits_and_goes_out_when_it_goes_on() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    channels::pause(stage.write(), (Email, None), "password", Some(535)).await.unwrap();
    stage.missing(&[ana]).await;
    for _ in 0..4 {
        stage.world.clock.advance(TimeDelta::minutes(1));
        let (_, climbed) = stage.go_on().await;
        assert_eq!((climbed.asked, climbed.to_call), (0, 0), "it is news still");
    }
    channels::resume(stage.write(), Email).await.unwrap();
    stage.world.clock.advance(TimeDelta::minutes(1));
    stage.go_on().await;
    assert_eq!(stage.send(Email, ACCEPTED).await, [mother]);
}

#[tokio::test]
async fn a_channel_that_is_quiet_and_switched_off_holds_up_no_other() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], true).await;
    let quiet = "update delivery_channels set epoch = gen_random_uuid() where channel = 'whatsapp'";
    sqlx::query(quiet).execute(&stage.world.owner).await.unwrap();
    stage.found(&[ana], Finding::Missing { course_id: stage.course, due_at: due(), hold: None }).await;
    react(stage.write(), &BOTH).await.unwrap();
    assert_eq!(climb(stage.write(), &BOTH).await.unwrap(), Climbed::default(), "a person lets it go on first");
    assert_eq!(climb(stage.write(), &[Email]).await.unwrap().asked, 1);
    assert_eq!(stage.send(Email, ACCEPTED).await, [mother]);
}

#[tokio::test]
async fn what_a_channel_tells_late_happened_when_it_says_and_never_in_the_future() {
    let stage = Stage::set().await;
    let ana = stage.pupil("Ana").await;
    stage.guardian(1, &[ana], true).await;
    stage.missing(&[ana]).await;
    let provider = Some(provider_key(stage.write(), "wamid.1"));
    assert_eq!(stage.send(Whatsapp, Outcome::Accepted { mode: Mode::Live, provider }).await.len(), 1);
    let there = stage.write().clock().now() + TimeDelta::minutes(1);
    stage.world.clock.advance(TimeDelta::hours(3));
    heard(stage.write(), None, provider, (Heard::Delivered, Some(there))).await.unwrap();
    let ahead = stage.write().clock().now() + TimeDelta::hours(9);
    heard(stage.write(), None, provider, (Heard::Read, Some(ahead))).await.unwrap();
    let at = "select occurred_at from events where event_type = $1 and aggregate_type = 'delivery'";
    let at =
        async |of| sqlx::query_scalar::<_, DateTime<Utc>>(at).bind(of).fetch_one(&stage.world.owner).await.unwrap();
    assert_eq!((at("delivered").await, at("read").await), (there, stage.write().clock().now()));
}
