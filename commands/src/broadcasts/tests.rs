use super::*;
use crate::deliveries::{self, Message, channels};
use crate::testing::World;
use crate::use_cases::{
    CourseLabel, EnrolStudent, Grade, LinkGuardian, OpenCourse, RegisterGuardian, RegisterSchool, enrol_student,
    erase_guardian, link_guardian, open_course, register_guardian, register_school,
};
use chrono::{NaiveDate, TimeDelta};
use domain::broadcast::{Error, Role, Stage, Whom};
use domain::delivery::{Channel, Failure, Kind, Mode};
use domain::guardian::notices::{Method, Want};
use domain::guardian::{Command as OfGuardian, Guardian};
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::values::phone::Phone;
use domain::{AccountId, GuardianId, StudentId};
use uuid::Uuid;

const BOTH: [Channel; 2] = [Channel::Whatsapp, Channel::Email];
const TOLD: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: false, may_view: true, restricted: false };
const ACCEPTED: deliveries::Outcome = deliveries::Outcome::Accepted { mode: Mode::Live, provider: None };

/// A school with families, whose channels are open.
struct School {
    world: World,
    family: Vec<(GuardianId, StudentId)>,
}

fn id() -> BroadcastId {
    BroadcastId(Uuid::from_u128(0xb0))
}

impl School {
    async fn set(families: u32) -> Self {
        let world = World::new().await;
        let (write, context) = (&world.write, world.context());
        let school = RegisterSchool { name: "Liceo".into(), rbd: None, settings: crate::testing::settings(5) };
        register_school(write, &context, school).await.unwrap();
        let label = CourseLabel::new(Grade::Basic(1), "A");
        let course_id = open_course(write, &context, OpenCourse { year: 2026, label }).await.unwrap().course_id;
        let mut family = Vec::new();
        for n in 0..families {
            let pupil = EnrolStudent {
                given_names: format!("Ana {n}"),
                family_names: "Pérez".into(),
                national_id: None,
                course_id,
                from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
            };
            let student_id = enrol_student(write, &context, pupil).await.unwrap().student_id;
            let guardian = RegisterGuardian {
                name: format!("Apoderado {n}"),
                national_id: None,
                phone: Some(Phone::parse(&format!("+5691234{n:04}")).unwrap()),
                mail: (n != 1).then(|| Mail::parse(&format!("a{n}@example.com")).unwrap()),
                within: None,
            };
            let guardian_id = register_guardian(write, &context, guardian).await.unwrap().guardian_id;
            link_guardian(write, &context, LinkGuardian { student_id, guardian_id, rights: TOLD }).await.unwrap();
            family.push((guardian_id, student_id));
        }
        for channel in BOTH {
            channels::enter(write, channel).await.unwrap();
        }
        deliveries::react(write, &BOTH).await.unwrap();
        Self { world, family }
    }

    fn write(&self) -> &Write {
        &self.world.write
    }

    fn by(&self, person: u128) -> Context {
        Context { actor: Actor::user(AccountId(Uuid::from_u128(person))), ..self.world.context() }
    }

    async fn written(&self, whatsapp: bool, send_at: Option<DateTime<Utc>>) {
        let audience = Audience { whom: Whom::School, role: Role::Told };
        let (subject, text) = (" Reunión ".to_owned(), "El lunes.\r\n\r\nA las 19:00.".to_owned());
        let input = Written { broadcast_id: id(), subject, text, audience, whatsapp, send_at };
        draft(self.write(), &self.by(1), input).await.unwrap();
    }

    async fn reached(&self, whatsapp: bool) -> Vec<Reach> {
        reach(self.write(), self.world.school, &self.family, (&BOTH, whatsapp)).await.unwrap()
    }

    /// One look of whoever sends broadcasts.
    async fn look(&self) -> usize {
        let mut asked = 0;
        for one in due(self.write()).await.unwrap() {
            if one.starts {
                let whatsapp = one.draft(self.write()).await.unwrap().unwrap().whatsapp;
                start(self.write(), &one, &self.reached(whatsapp).await).await.unwrap();
            }
            asked += ask(self.write(), &one).await.unwrap();
        }
        asked
    }

    async fn sent(&self, channel: Channel, limit: i64) -> Vec<Message> {
        let mut sent = Vec::new();
        for mut message in deliveries::claim(self.write(), channel, limit).await.unwrap() {
            if deliveries::judge(self.write(), &mut message).await.unwrap().is_some() {
                deliveries::record(self.write(), &message, ACCEPTED, 0.0).await.unwrap();
                sent.push(message);
            }
        }
        sent
    }

    async fn stage(&self) -> Stage {
        of(self.write(), self.world.school, id()).await.unwrap().unwrap().stage
    }

    async fn lines(&self) -> Vec<(Option<Channel>, Outcome, i64)> {
        let lines = progress(self.write(), self.world.school, id()).await.unwrap();
        lines.into_iter().map(|line| (line.channel, line.outcome, line.people)).collect()
    }

    async fn guardian_says(&self, n: usize, command: OfGuardian) {
        let stream = StreamId::of(self.world.school, self.family[n].0);
        self.write().execute::<Guardian>(&self.world.context(), &stream, command).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_approved_reaches_everybody_once_and_says_of_each_what_became_of_it() {
    let stage = School::set(4).await;
    stage.written(false, None).await;
    // The third wants none, the fourth is erased before it goes out.
    let wanted = vec![Want { kind: Kind::Broadcast, channels: vec![] }];
    stage.guardian_says(2, OfGuardian::SetPreferences { student_id: None, language: None, wanted }).await;
    assert_eq!(stage.look().await, 0, "nobody approved it");
    approve(stage.write(), &stage.by(1), id(), (1, 4)).await.unwrap();
    erase_guardian(stage.write(), &stage.world.context(), stage.family[3].0).await.unwrap();
    assert_eq!(stage.look().await, 1);
    assert_eq!(stage.stage().await, Stage::Started(4));
    let email = Some(Channel::Email);
    let none = |why| (None, Outcome::None(why), 1);
    let nones = [none(WhyNot::NotWanted), none(WhyNot::NoAddress), none(WhyNot::NoGuardian)];
    assert_eq!(stage.lines().await, [&nones[..], &[(email, Outcome::Waiting, 1)]].concat());
    let message = stage.sent(Channel::Email, 10).await.remove(0);
    assert_eq!((message.kind, message.guardian), (Kind::Broadcast, stage.family[0].0));
    assert_eq!((stage.look().await, stage.look().await), (0, 0));
    assert_eq!(stage.stage().await, Stage::Completed(4));
    assert_eq!(stage.lines().await, [&nones[..], &[(email, Outcome::Accepted, 1)]].concat());
    assert_eq!(stage.sent(Channel::Email, 10).await.len(), 0);
    let results = results(stage.write(), stage.world.school, id(), (None, 10)).await.unwrap();
    let named: Vec<_> = results.iter().filter_map(|row| row.name.clone()).collect();
    assert_eq!((results.len(), named.len()), (4, 3), "the erased one has no name");
    // On the page of families it is there for all of them; its words were tidied.
    let of = of_guardians(stage.write(), stage.world.school, &[stage.family[2].0], 5).await.unwrap();
    let found = opened(stage.write(), stage.world.school, &[of[0].broadcast_id]).await.unwrap();
    let words = found[&id()].words.clone().unwrap();
    assert_eq!(words, ("Reunión".to_owned(), "El lunes.\n\nA las 19:00.".to_owned()));
}

#[tokio::test]
async fn a12_to_many_it_takes_a_second_person_and_the_draft_that_was_seen() {
    let stage = School::set(1).await;
    stage.written(false, None).await;
    let refused = |done: Result<Done, UseCaseError>| match done {
        Err(UseCaseError::Broadcast(error)) => error,
        other => panic!("{other:?}"),
    };
    let (write, many) = (stage.write(), domain::broadcast::ALONE_UP_TO + 1);
    assert_eq!(refused(approve(write, &stage.by(1), id(), (1, many)).await), Error::NeedsAnother);
    stage.written(false, None).await;
    assert_eq!(refused(approve(write, &stage.by(2), id(), (1, many)).await), Error::Changed);
    approve(write, &stage.by(2), id(), (2, many)).await.unwrap();
    assert_eq!(author(write, stage.world.school, id()).await.unwrap(), Some(stage.by(1).actor));
    let other = BroadcastId(Uuid::from_u128(9));
    assert_eq!(refused(approve(write, &stage.by(2), other, (1, 1)).await), Error::NotDrafted);
}

#[tokio::test]
async fn it_waits_for_its_time_and_what_is_cancelled_midway_goes_no_further() {
    let stage = School::set(4).await;
    let at = stage.write().clock().now() + TimeDelta::hours(2);
    stage.written(false, Some(at)).await;
    approve(stage.write(), &stage.by(2), id(), (1, 4)).await.unwrap();
    assert_eq!(stage.look().await, 0);
    stage.world.clock.set(at);
    assert_eq!(stage.look().await, 3);
    assert_eq!(stage.sent(Channel::Email, 1).await.len(), 1);
    cancel(stage.write(), &stage.by(2), id()).await.unwrap();
    assert_eq!(stage.sent(Channel::Email, 10).await.len(), 0, "two were asked for and not sent");
    assert_eq!((stage.look().await, stage.stage().await), (0, Stage::Cancelled));
    let email = Some(Channel::Email);
    let ended = [(email, Outcome::Accepted, 1), (email, Outcome::Suppressed, 2)];
    assert_eq!(stage.lines().await[1..], ended);
}

#[tokio::test]
async fn whoever_goes_on_after_a_crash_asks_for_the_rest_and_a_restore_goes_on_by_a_person_alone() {
    let stage = School::set(5).await;
    stage.written(false, None).await;
    approve(stage.write(), &stage.by(2), id(), (1, 5)).await.unwrap();
    let one = due(stage.write()).await.unwrap().remove(0);
    start(stage.write(), &one, &stage.reached(false).await).await.unwrap();
    // Two processes start it, and one of them ends before it asked for any.
    start(stage.write(), &one, &[]).await.unwrap();
    assert_eq!(stage.lines().await.iter().map(|(.., people)| people).sum::<i64>(), 5);
    sqlx::query("update log_epoch set epoch = gen_random_uuid()").execute(&stage.world.owner).await.unwrap();
    assert_eq!(stage.look().await, 0);
    assert!(listed(stage.write(), stage.world.school, id()).await.unwrap().unwrap().quiet);
    assert!(go_on(stage.write(), stage.world.school, id()).await.unwrap());
    assert!(!go_on(stage.write(), stage.world.school, id()).await.unwrap());
    assert_eq!((stage.look().await, stage.look().await), (4, 0));
    // Asked for again, each is the same delivery.
    sqlx::query("update broadcast_recipients set asked = false").execute(&stage.world.owner).await.unwrap();
    stage.look().await;
    let rows = "select count(*) from deliveries";
    assert_eq!(sqlx::query_scalar::<_, i64>(rows).fetch_one(&stage.world.owner).await.unwrap(), 4);
}

#[tokio::test]
async fn by_whatsapp_goes_what_was_chosen_there_alone_and_alarms_go_before_all_of_it() {
    let stage = School::set(3).await;
    let chosen = |channels: &[Channel]| OfGuardian::SetPreferences {
        student_id: None,
        language: None,
        wanted: vec![Want { kind: Kind::Broadcast, channels: channels.to_vec() }],
    };
    let said_at = stage.write().clock().now();
    let opt = OfGuardian::Opt { channel: Channel::Whatsapp, kind: None, in_: true, method: Method::Portal, said_at };
    for n in 0..2 {
        stage.guardian_says(n, opt.clone()).await;
    }
    stage.guardian_says(0, chosen(&BOTH)).await;
    let ways = |reached: Vec<Reach>| reached.into_iter().map(|one| one.way).collect::<Vec<_>>();
    let (whatsapp, email) = (Ok(Channel::Whatsapp), Ok(Channel::Email));
    // The second opted in, and did not choose broadcasts there; and has no mail.
    assert_eq!(ways(stage.reached(true).await), [whatsapp, Err(WhyNot::NoAddress), email]);
    assert_eq!(ways(stage.reached(false).await), [email, Err(WhyNot::NoAddress), email]);
    let on = reach(stage.write(), stage.world.school, &stage.family, (&[], true)).await.unwrap();
    assert_eq!(ways(on), [Err(WhyNot::NoChannel), Err(WhyNot::NoAddress), Err(WhyNot::NoChannel)]);
    stage.written(true, None).await;
    approve(stage.write(), &stage.by(2), id(), (1, 3)).await.unwrap();
    assert_eq!(stage.look().await, 2);
    // Two that are due by mail: whatever others may not wait for is taken first.
    let late = "insert into deliveries (school_id, delivery_id, cause_id, kind, channel, guardian_id, student_id, says,
                  local_date, about_at, state, requested_at, changed_at, due_at, expires_at, sequence)
                select school_id, gen_random_uuid(), gen_random_uuid(), 'no_entry', channel, gen_random_uuid(), student_id,
                  'no_entry', local_date, about_at, state, requested_at, changed_at, due_at, expires_at, 1
                from deliveries where channel = 'email'";
    sqlx::query(late).execute(&stage.world.owner).await.unwrap();
    let first = deliveries::claim(stage.write(), Channel::Email, 1).await.unwrap().remove(0);
    assert_eq!(first.kind, Kind::NoEntry);
    assert_eq!(stage.sent(Channel::Whatsapp, 10).await.len(), 1);
}

#[tokio::test]
async fn words_that_cannot_be_a_message_are_refused_and_two_broadcasts_are_two_messages() {
    let stage = School::set(1).await;
    let audience = || Audience { whom: Whom::School, role: Role::Told };
    let long = "a".repeat(usize::try_from(LONGEST_TEXT).unwrap() + 1);
    for (subject, text) in [("", "x"), ("x", " \n "), ("a\nb", "x"), ("x", "a\u{7}b"), ("x", long.as_str())] {
        let (subject, text) = (subject.to_owned(), text.to_owned());
        let input = Written { broadcast_id: id(), subject, text, audience: audience(), whatsapp: false, send_at: None };
        let refused = draft(stage.write(), &stage.by(1), input).await.unwrap_err();
        assert_eq!(refused.code(), "invalid_message");
    }
    assert!(of(stage.write(), stage.world.school, id()).await.unwrap().is_none());
    for n in 1..=2_u128 {
        let (broadcast_id, text) = (BroadcastId(Uuid::from_u128(n)), "x".to_owned());
        let input =
            Written { broadcast_id, subject: "x".into(), text, audience: audience(), whatsapp: false, send_at: None };
        draft(stage.write(), &stage.by(1), input).await.unwrap();
        approve(stage.write(), &stage.by(1), broadcast_id, (1, 1)).await.unwrap();
    }
    assert_eq!(stage.look().await, 2);
    let messages = stage.sent(Channel::Email, 10).await;
    assert_eq!(messages.iter().map(|message| message.parts.len()).collect::<Vec<_>>(), [1, 1]);
    let newest = newest(stage.write(), stage.world.school, None, 1).await.unwrap();
    let older = super::newest(stage.write(), stage.world.school, Some(newest[0].drafted_at), 5).await.unwrap();
    assert!(older.iter().all(|one| one.broadcast_id != newest[0].broadcast_id));
    let failed = deliveries::Outcome::Failed { reason: Failure::CameBack, code: None };
    deliveries::record(stage.write(), &messages[0], failed, 0.0).await.unwrap();
}
