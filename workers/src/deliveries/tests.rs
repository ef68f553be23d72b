//! From a case in the log to telephones and mailboxes, over the real servers' doubles.

use super::*;
use crate::testing::write_side;
use crate::whatsapp::tests::{api, whatsapp};
use crate::whatsapp::webhook;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use commands::Context;
use commands::clock::ManualClock;
use commands::deliveries::{Climbed, Message};
use commands::no_show::observe;
use commands::use_cases::{
    ChangeGuardianLink, CourseLabel, EnrolStudent, Grade, LinkGuardian, OpenCourse, RegisterGuardian, RegisterSchool,
    change_guardian_link, enrol_student, erase_student, link_guardian, open_course, register_guardian, register_school,
};
use domain::guardian::notices::Method;
use domain::guardian::{Command as OfGuardian, Guardian};
use domain::no_show::{CaseId, Command, Finding};
use domain::school::Settings;
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::values::phone::Phone;
use domain::{Actor, CourseId, GuardianId, SchoolId, SlotId, StreamId, StudentId};
use local_services::failpoint::FailPoint;
use local_services::smtp::Gets;
use local_services::testing::TestDatabases;
use local_services::whatsapp::{Does, message, status};
use local_services::{FakeWhatsApp, MailServer};
use sqlx::PgPool;
use uuid::Uuid;

const TOLD: GuardianRights =
    GuardianRights { legal: true, notify: true, may_collect: false, may_view: true, restricted: false };

/// A school, and the telephones and mailboxes of its guardians.
struct Stage {
    write: Write,
    clock: Arc<ManualClock>,
    owner: PgPool,
    ways: Ways,
    phones: FakeWhatsApp,
    mailboxes: MailServer,
    course: CourseId,
}

/// 08:15 in Santiago, on a Monday.
fn due() -> DateTime<Utc> {
    "2026-03-09T11:15:00Z".parse().unwrap()
}

fn context() -> Context {
    Context {
        school: SchoolId(Uuid::from_u128(0x5c00_0001)),
        zone: chrono_tz::America::Santiago,
        actor: Actor::cli("test"),
        command_id: None,
        correlation_id: Uuid::from_u128(0xc0),
        causation_id: None,
    }
}

fn case(student_id: StudentId) -> CaseId {
    CaseId { date: "2026-03-09".parse().unwrap(), slot_id: SlotId(Uuid::from_u128(0x51)), student_id }
}

impl Stage {
    async fn set() -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let (write, clock) = write_side(&databases, due()).await;
        let settings = Settings::of(chrono_tz::America::Santiago);
        let school = RegisterSchool { name: "Liceo".into(), rbd: None, settings };
        register_school(&write, &context(), school).await.unwrap();
        let label = CourseLabel::new(Grade::Basic(1), "A");
        let course = open_course(&write, &context(), OpenCourse { year: 2026, label }).await.unwrap().course_id;
        let (phones, mailboxes) = (api().await, MailServer::start().await.unwrap());
        let route = Route::parse(mailboxes.url(), Some("Liceo <no-reply@liceo.cl>")).unwrap();
        let ways = Ways { whatsapp: whatsapp(&phones), mail: Arc::new(route) };
        for channel in ways.on() {
            channels::enter(&write, channel).await.unwrap();
        }
        react(&write, Channel::ALL).await.unwrap();
        let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
        Self { write, clock, owner, ways, phones, mailboxes, course }
    }

    /// A pupil with one guardian.
    async fn family(&self, n: u32, name: &str, whatsapp: bool) -> (StudentId, GuardianId) {
        let input = EnrolStudent {
            given_names: name.to_owned(),
            family_names: "Pérez".to_owned(),
            national_id: None,
            course_id: self.course,
            from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        };
        let student_id = enrol_student(&self.write, &context(), input).await.unwrap().student_id;
        let input = RegisterGuardian {
            name: format!("Apoderado {n}"),
            national_id: None,
            phone: Some(Phone::parse(&format!("+5691234{n:04}")).unwrap()),
            mail: Some(Mail::parse(&format!("a{n}@example.com")).unwrap()),
            within: None,
        };
        let guardian_id = register_guardian(&self.write, &context(), input).await.unwrap().guardian_id;
        let link = LinkGuardian { student_id, guardian_id, rights: TOLD };
        link_guardian(&self.write, &context(), link).await.unwrap();
        if whatsapp {
            let (channel, kind, method) = (Channel::Whatsapp, None, Method::Portal);
            let said_at = due() - TimeDelta::days(1);
            let opt = OfGuardian::Opt { channel, kind, in_: true, method, said_at };
            let stream = StreamId::of(context().school, guardian_id);
            self.write.execute::<Guardian>(&context(), &stream, opt).await.unwrap();
        }
        (student_id, guardian_id)
    }

    async fn found(&self, student: StudentId, finding: Finding) {
        observe(&self.write, &[(context(), case(student), Command::Observe(finding))]).await.unwrap();
        self.go_on().await;
    }

    async fn missing(&self, student: StudentId) {
        self.found(student, Finding::Missing { course_id: self.course, due_at: due(), hold: None }).await;
    }

    async fn arrives(&self, student: StudentId) {
        self.found(student, Finding::Entered { at: due() + TimeDelta::minutes(20) }).await;
    }

    async fn go_on(&self) -> Climbed {
        react(&self.write, Channel::ALL).await.unwrap();
        climb(&self.write, &self.ways.on()).await.unwrap()
    }

    async fn claimed(&self, channel: Channel) -> Vec<Message> {
        claim(&self.write, channel, 10).await.unwrap()
    }

    /// Sends whatever is due.
    async fn send(&self) {
        for channel in [Channel::Whatsapp, Channel::Email] {
            for message in self.claimed(channel).await {
                send(&self.ways, &self.write, message).await.unwrap();
            }
        }
    }

    /// Time goes on, and what follows is done.
    async fn later(&self, by: TimeDelta) {
        self.clock.advance(by);
        sweep(&self.write).await.unwrap();
        self.go_on().await;
        self.send().await;
    }

    async fn told(&self, body: Vec<u8>) -> webhook::Taken {
        webhook::take(&self.write, webhook::read(&body).unwrap()).await.unwrap()
    }

    /// Templates that telephones show, and how many mails there are.
    fn got(&self) -> (Vec<String>, usize) {
        let shown = self.phones.shown().into_iter().map(|shown| shown.template).collect();
        (shown, self.mailboxes.kept().len())
    }

    async fn states(&self) -> Vec<String> {
        let all = "select channel || ' ' || kind || ' ' || state from deliveries order by requested_at, delivery_id";
        sqlx::query_scalar(all).fetch_all(&self.owner).await.unwrap()
    }
}

const ALARM: &str = "aviso_no_ingreso";

#[tokio::test]
async fn an_alarm_reaches_a_telephone_once_and_a_correction_follows() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    stage.missing(ana).await;
    stage.send().await;
    let shown = stage.phones.shown();
    assert_eq!((shown.len(), shown[0].to.as_str()), (1, "+56912340001"));
    // Meta tells it twice, and the later before the earlier.
    for (what, events) in [("read", 1), ("delivered", 0), ("sent", 0), ("read", 0)] {
        assert_eq!(stage.told(status(&shown[0], what, None)).await.events, events, "{what}");
    }
    stage.later(TimeDelta::minutes(10)).await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 0), "it was read: nothing follows");
    stage.arrives(ana).await;
    stage.send().await;
    stage.later(TimeDelta::minutes(10)).await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned(), "aviso_llegada".to_owned()], 0));
    assert_eq!(stage.states().await, ["whatsapp no_entry read", "whatsapp correction accepted"]);
}

#[tokio::test]
async fn a_mail_is_text_and_html_from_the_school_and_nobody_answers_it_by_machine() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana María", false).await;
    stage.missing(ana).await;
    stage.send().await;
    let kept = stage.mailboxes.kept();
    assert_eq!((kept.len(), kept[0].to.as_str()), (1, "a1@example.com"));
    let mail = &kept[0].text;
    for part in ["multipart/alternative", "text/plain", "text/html", "Auto-Submitted: auto-generated"] {
        assert!(mail.contains(part), "{part}\n{mail}");
    }
    let id: Uuid = sqlx::query_scalar("select delivery_id from deliveries").fetch_one(&stage.owner).await.unwrap();
    assert!(mail.contains(&format!("Message-ID: <{id}@liceo.cl>")), "{mail}");
    assert!(!mail.contains("Pérez") && !mail.contains("P=C3=A9rez"), "{mail}");
    assert_eq!(stage.states().await, ["email no_entry accepted"]);
}

#[tokio::test]
async fn a_telephone_that_is_switched_off_is_followed_by_a_mail() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    stage.missing(ana).await;
    stage.send().await;
    stage.later(TimeDelta::minutes(4)).await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 0));
    stage.later(TimeDelta::minutes(1)).await;
    stage.later(TimeDelta::minutes(30)).await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 1));
    // Switched on after an hour, it shows the alarm; what is corrected is corrected there too.
    stage.arrives(ana).await;
    stage.send().await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned(), "aviso_llegada".to_owned()], 2));
}

#[tokio::test]
async fn a_recipient_without_whatsapp_is_told_by_mail_whether_that_is_said_at_once_or_by_webhook() {
    for at_once in [true, false] {
        let stage = Stage::set().await;
        let (ana, _) = stage.family(1, "Ana", true).await;
        stage.missing(ana).await;
        if at_once {
            stage.phones.then(&[Does::Refuse(400, 131_026)]);
        }
        stage.send().await;
        for shown in stage.phones.shown() {
            stage.told(status(&shown, "failed", Some(131_026))).await;
        }
        stage.later(TimeDelta::seconds(1)).await;
        assert_eq!(stage.got().1, 1, "{at_once}");
        assert_eq!(stage.states().await[0], "whatsapp no_entry failed");
    }
}

#[tokio::test]
async fn d18_an_answer_that_is_lost_costs_an_alarm_one_more_at_most_and_a_correction_none() {
    for (does, alarms) in [(Does::DropBefore, 1), (Does::DropAfter, 2), (Does::ShowAndBreak, 2)] {
        let stage = Stage::set().await;
        let (ana, _) = stage.family(1, "Ana", true).await;
        stage.missing(ana).await;
        stage.phones.then(&[does]);
        stage.send().await;
        assert_eq!(stage.states().await, ["whatsapp no_entry unknown"], "{does:?}");
        stage.later(TimeDelta::minutes(2)).await;
        assert_eq!(stage.phones.shown().len(), alarms, "{does:?}");
        for shown in stage.phones.shown() {
            stage.told(status(&shown, "delivered", None)).await;
        }
        stage.phones.then(&[does]);
        stage.arrives(ana).await;
        stage.send().await;
        stage.later(TimeDelta::minutes(3)).await;
        stage.later(TimeDelta::minutes(30)).await;
        let shown = stage.phones.shown();
        let corrections = shown.iter().filter(|shown| shown.template != ALARM).count();
        assert_eq!(corrections, usize::from(does != Does::DropBefore), "{does:?}");
    }
}

#[tokio::test]
async fn d18_an_alarm_whose_lost_answer_is_made_up_for_by_a_webhook_is_not_sent_again() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    stage.missing(ana).await;
    stage.phones.then(&[Does::DropAfter]);
    stage.send().await;
    stage.told(status(&stage.phones.shown()[0], "delivered", None)).await;
    stage.later(TimeDelta::minutes(30)).await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 0));
}

#[tokio::test]
async fn d17_a_process_that_ends_before_or_after_the_post_loses_no_alarm() {
    for (place, shown) in [("deliveries: before the post", 1), ("deliveries: after the post", 2)] {
        let stage = Stage::set().await;
        let (ana, _) = stage.family(1, "Ana", true).await;
        stage.missing(ana).await;
        let message = stage.claimed(Channel::Whatsapp).await.remove(0);
        let point = FailPoint::stopping(place);
        let (ways, write, armed) = (stage.ways.clone(), stage.write.clone(), point.clone());
        let sender = tokio::spawn(async move { armed.scope(send(&ways, &write, message)).await });
        point.reached().await;
        // As the end of the process would.
        sender.abort();
        stage.later(TimeDelta::minutes(1)).await;
        assert_eq!(stage.phones.shown().len(), shown - 1, "{place}: it may be on its way");
        stage.later(TimeDelta::minutes(1) + TimeDelta::seconds(1)).await;
        stage.later(TimeDelta::minutes(2)).await;
        assert_eq!(stage.phones.shown().len(), shown, "{place}");
        for shown in stage.phones.shown() {
            stage.told(status(&shown, "delivered", None)).await;
        }
        stage.later(TimeDelta::minutes(30)).await;
        assert_eq!(stage.got(), (vec![ALARM.to_owned(); shown], 0), "{place}");
    }
}

#[tokio::test]
async fn a_guardian_restricted_and_a_child_erased_while_the_message_waits_are_never_written_of() {
    for erased in [false, true] {
        let stage = Stage::set().await;
        let (student_id, guardian_id) = stage.family(1, "Ana", true).await;
        stage.missing(student_id).await;
        let claimed = stage.claimed(Channel::Whatsapp).await;
        if erased {
            erase_student(&stage.write, &context(), student_id).await.unwrap();
        } else {
            let rights = Some(GuardianRights { restricted: true, ..TOLD });
            let change = ChangeGuardianLink { student_id, guardian_id, rights };
            change_guardian_link(&stage.write, &context(), change).await.unwrap();
        }
        for message in claimed {
            send(&stage.ways, &stage.write, message).await.unwrap();
        }
        stage.later(TimeDelta::minutes(30)).await;
        assert_eq!((stage.got(), stage.phones.requests()), ((vec![], 0), 0), "{erased}");
        assert_eq!(stage.states().await, ["whatsapp no_entry suppressed"]);
    }
}

#[tokio::test]
async fn an_expired_token_pauses_the_channel_and_every_alarm_goes_by_mail() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    let (eva, _) = stage.family(2, "Eva", true).await;
    stage.missing(ana).await;
    stage.phones.then(&[Does::Refuse(401, 190)]);
    stage.send().await;
    stage.missing(eva).await;
    stage.later(TimeDelta::seconds(1)).await;
    assert_eq!((stage.got(), stage.phones.requests()), ((vec![], 2), 1));
    let standing = channels::standing(&stage.write).await.unwrap();
    assert!(standing.iter().any(|one| one.paused.as_ref().is_some_and(|(_, why)| why == "token")), "{standing:?}");
    // Let go on, what is news still would be sent; they were told.
    stage.arrives(ana).await;
    stage.arrives(eva).await;
    channels::resume(&stage.write, Channel::Whatsapp).await.unwrap();
    stage.later(TimeDelta::minutes(1)).await;
    assert_eq!(stage.got(), (vec![], 4), "each was told by mail, and so each correction");
}

#[tokio::test]
async fn a_template_that_is_paused_sends_its_notices_by_mail_and_others_by_telephone() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    stage.missing(ana).await;
    stage.phones.then(&[Does::Refuse(400, 132_015)]);
    stage.send().await;
    stage.later(TimeDelta::seconds(1)).await;
    assert_eq!(stage.got(), (vec![], 1));
    let (eva, _) = stage.family(2, "Eva", true).await;
    stage.missing(eva).await;
    stage.send().await;
    assert_eq!((stage.got().1, stage.phones.requests()), (2, 1));
}

#[tokio::test]
async fn a_mail_server_that_greylists_refuses_falls_silent_or_hangs_up_loses_no_alarm() {
    // What it does once, mails after five minutes, and what is known then.
    for (gets, mails, known) in [
        (Gets::Greylisted, 1, "accepted"),
        (Gets::Closed, 1, "accepted"),
        (Gets::Refused, 0, "failed"),
        (Gets::Unknown, 0, "requested"),
        (Gets::TakenAndClosed, 2, "accepted"),
    ] {
        let stage = Stage::set().await;
        let (ana, _) = stage.family(1, "Ana", false).await;
        stage.missing(ana).await;
        stage.mailboxes.then(&[gets]);
        stage.send().await;
        stage.later(TimeDelta::minutes(2)).await;
        stage.later(TimeDelta::minutes(2)).await;
        assert_eq!((stage.got().1, stage.states().await), (mails, vec![format!("email no_entry {known}")]), "{gets:?}");
    }
}

#[tokio::test]
async fn d10_baja_by_reply_moves_alarms_to_mail_and_alta_brings_them_back_whatever_is_told_twice() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    stage.missing(ana).await;
    stage.send().await;
    let to = stage.phones.shown()[0].to.clone();
    let baja = message(Some(&to), "¡Baja!", due().timestamp() - 60);
    assert_eq!(stage.told(message(Some(&to), "dar de baja la alerta del jueves", due().timestamp())).await.words, 0);
    assert_eq!(stage.told(baja.clone()).await.words, 1);
    assert_eq!(stage.told(baja.clone()).await.words, 0);
    stage.later(TimeDelta::minutes(5)).await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 1), "no word of the first: a mail");
    stage.arrives(ana).await;
    stage.send().await;
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 2), "nothing more by telephone");
    assert_eq!(stage.told(message(Some(&to), "Alta", due().timestamp() - 30)).await.words, 1);
    assert_eq!(stage.told(baja).await.words, 0, "Meta tells it again days later");
}

#[tokio::test]
async fn the_running_worker_sends_what_the_log_asks_for() {
    let stage = Stage::set().await;
    let (ana, _) = stage.family(1, "Ana", true).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(run(stage.ways.clone(), stage.write.clone(), stop.clone()));
    let finding = Finding::Missing { course_id: stage.course, due_at: due(), hold: None };
    observe(&stage.write, &[(context(), case(ana), Command::Observe(finding))]).await.unwrap();
    for _ in 0..1_000 {
        if !stage.phones.shown().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(stage.got(), (vec![ALARM.to_owned()], 0));
    assert_eq!(stage.states().await, ["whatsapp no_entry accepted"]);
}
