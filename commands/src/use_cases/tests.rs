//! The use cases on a real Postgres.

use super::import_roster::Register;
use super::people::keys_of_known;
use super::*;
use crate::directory::Kind;
use crate::testing::{World, settings};
use crate::vault::Opened;
use chrono::{NaiveDate, NaiveTime, Weekday};
use domain::calendar::{CourseDay, CourseTimes, Layer, RecoveryTimes, SchoolDay};
use domain::kiosk::LaneMode;
use domain::sealed::SealingClass;
use domain::student::{GuardianRights, RevocationReason};
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{AnyEvent, CourseId, KioskId, StreamId, StudentId, student};
use sha2::{Digest, Sha256};

fn run(text: &str) -> Option<NationalId> {
    Some(NationalId::parse(text).unwrap())
}

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 9).unwrap()
}

fn ana(course_id: CourseId, national_id: Option<NationalId>) -> EnrolStudent {
    let (given_names, family_names) = ("Ana María".to_owned(), "Ñancupil Soto".to_owned());
    EnrolStudent { given_names, family_names, national_id, course_id, from: monday() }
}

async fn course(world: &World) -> CourseId {
    let input = RegisterSchool { name: "Escuela Los Aromos".into(), rbd: None, settings: settings(5) };
    register_school(&world.write, &world.context(), input).await.unwrap();
    let input = OpenCourse { year: 2026, label: CourseLabel::parse("1° Básico A").unwrap() };
    open_course(&world.write, &world.context(), input).await.unwrap().course_id
}

async fn mother(world: &World) -> domain::GuardianId {
    let input = RegisterGuardian {
        name: "Úrsula Soto".into(),
        national_id: run("12.345.678-5"),
        phone: Some(Phone::parse("912345678").unwrap()),
        mail: Some(Mail::parse("ursula@example.com").unwrap()),
        within: None,
    };
    register_guardian(&world.write, &world.context(), input).await.unwrap().guardian_id
}

async fn student_events(world: &World, id: StudentId) -> Vec<student::Event> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select event_type, event_version, payload::text from events
         where aggregate_type = 'student' and aggregate_id = $1 order by sequence",
    )
    .bind(StreamId::of(world.school, id).as_str())
    .fetch_all(&world.owner)
    .await
    .unwrap();
    let decode = |(name, version, payload): (String, String, String)| {
        let AnyEvent::Student(event) = domain::decode("student", &name, &version, &payload).unwrap() else {
            panic!("a student's stream holds a student's events")
        };
        event
    };
    rows.into_iter().map(decode).collect()
}

#[tokio::test]
async fn a_pupil_with_card_and_guardian_is_enrolled_and_only_sealed_values_are_kept() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let guardian_id = mother(&world).await;
    let context = world.context();
    let enrolled = enrol_student(&world.write, &context, ana(course_id, run("21.111.111-9"))).await.unwrap();
    let student_id = enrolled.student_id;
    let rights = GuardianRights { legal: true, ..GuardianRights::default() };
    link_guardian(&world.write, &context, LinkGuardian { student_id, guardian_id, rights }).await.unwrap();
    let input = IssueCredential { student_id, card: NewCard::Qr };
    let card = issue_credential(&world.write, &context, input).await.unwrap();
    assert_eq!(card.card_text.len(), 26);
    let found = world.write.directory().find(world.school, Kind::Card, &card.card_text).await.unwrap().unwrap();
    assert_eq!((found.subject, found.owner), (card.credential_id.0, Some(student_id.0)));

    let register = Register::load(&world.write, world.school).await.unwrap();
    let known = register.pupil_by_run("21111111-9").unwrap();
    assert_eq!((known.given_names.as_str(), known.family_names.as_str()), ("Ana María", "Ñancupil Soto"));
    assert_eq!(known.guardians.get(&guardian_id), Some(&true));
    let payloads: Vec<String> =
        sqlx::query_scalar("select payload::text from events").fetch_all(&world.owner).await.unwrap();
    let all = payloads.concat();
    for canary in ["Ana", "Ñancupil", "21111111", "12345678", "Úrsula", "912345678", "ursula"] {
        assert!(!all.contains(canary), "{canary} is in an event");
    }
}

#[tokio::test]
async fn a_run_belongs_to_one_pupil_and_a_repeated_request_is_answered_alike() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let context = world.context_with_id(7);
    let first = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap();
    let again = enrol_student(&world.write, &context, ana(course_id, run("21.111.111-9"))).await.unwrap();
    assert_eq!(first.student_id, again.student_id);
    assert!(again.done.repeated);
    let other = enrol_student(&world.write, &world.context_with_id(8), ana(course_id, run("21111111-9"))).await;
    assert_eq!(other.unwrap_err().code(), "national_id_taken");
    // The same without RUN: the request's id alone finds the stream again.
    let context = world.context_with_id(9);
    let first = enrol_student(&world.write, &context, ana(course_id, None)).await.unwrap();
    let again = enrol_student(&world.write, &context, ana(course_id, None)).await.unwrap();
    assert_eq!(first.student_id, again.student_id);
    let input = IssueCredential { student_id: first.student_id, card: NewCard::Qr };
    let card = issue_credential(&world.write, &context.part("card"), input.clone()).await.unwrap();
    let again = issue_credential(&world.write, &context.part("card"), input).await.unwrap();
    assert_eq!(card.card_text, again.card_text);
}

#[tokio::test]
async fn a_reservation_that_a_crash_left_behind_is_finished_by_the_next_request() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let left = uuid::Uuid::from_u128(0xdead);
    let directory = world.write.directory();
    directory.reserve(world.school, Kind::NationalId, "21111111-9", left, None).await.unwrap();
    let enrolled = enrol_student(&world.write, &world.context(), ana(course_id, run("21111111-9"))).await.unwrap();
    assert_eq!(enrolled.student_id.0, left);
}

#[tokio::test]
async fn an_erased_pupils_stream_still_loads_and_every_value_reads_as_erased() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let context = world.context();
    let id = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap().student_id;
    let card =
        issue_credential(&world.write, &context, IssueCredential { student_id: id, card: NewCard::Qr }).await.unwrap();

    erase_student(&world.write, &context, id).await.unwrap();
    let again = erase_student(&world.write, &context, id).await.unwrap();
    assert_eq!(again.events, 0);

    let events = student_events(&world, id).await;
    assert_eq!(domain::aggregate::fold::<student::Student>(&events), student::State::Erased);
    let student::Event::Enrolled { given_names, national_id, .. } = &events[0] else { panic!("enrolled first") };
    let keys = world.write.vault().keys_of(world.school, &[id.0]).await.unwrap();
    assert!(matches!(keys.open(id.0, "given_names", given_names).unwrap(), Opened::Erased));
    assert!(matches!(keys.open(id.0, "national_id", national_id.as_ref().unwrap()).unwrap(), Opened::Erased));
    assert!(Register::load(&world.write, world.school).await.unwrap().pupils().next().is_none());
    let found = world.write.directory().find(world.school, Kind::Card, &card.card_text).await.unwrap().unwrap();
    assert_eq!((found.subject, found.owner), (uuid::Uuid::nil(), None), "the card is nobody's");
    let theirs: i64 = sqlx::query_scalar("select count(*) from directory where subject_id = $1 or owner_id = $1")
        .bind(id.0)
        .fetch_one(&world.owner)
        .await
        .unwrap();
    assert_eq!(theirs, 0, "the directory holds nothing of theirs");
    let refused = keys_of_known(&world.write, &context, id.0).await;
    assert_eq!(refused.err().map(|e| e.code()), Some("erased"));
    // The RUN is free: the same child may come back as a new pupil.
    let back = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap();
    assert_ne!(back.student_id, id);
}

#[tokio::test]
async fn erasing_somebody_takes_nothing_from_anybody_else_whoever_was_there_first() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let (context, vault) = (world.context(), world.databases.vault_options());
    let vault = sqlx::PgPool::connect_with(vault).await.unwrap();
    let (mut pupils, mut guardians) = (Vec::new(), Vec::new());
    for (pupil, guardian, n) in
        [("21111111-9", "12345678-5", 1), ("22222222-2", "11111111-1", 2), ("23333333-6", "13333333-9", 3)]
    {
        let student_id = enrol_student(&world.write, &context, ana(course_id, run(pupil))).await.unwrap().student_id;
        issue_credential(&world.write, &context, IssueCredential { student_id, card: NewCard::Qr }).await.unwrap();
        let input = RegisterGuardian {
            name: "Úrsula Soto".into(),
            national_id: run(guardian),
            phone: None,
            mail: Some(Mail::parse(&format!("g{n}@example.com")).unwrap()),
            within: None,
        };
        pupils.push(student_id);
        guardians.push(register_guardian(&world.write, &context, input).await.unwrap().guardian_id);
    }
    let of = |n: usize| [pupils[n].0, guardians[n].0];
    let rows = async |of: [uuid::Uuid; 2]| {
        let mut all = Vec::new();
        for (pool, rows) in [
            (
                &world.owner,
                "select d::text from directory d where subject_id = any($1) or owner_id = any($1) order by 1",
            ),
            (&world.owner, "select m::text from guardian_mails m where guardian_id = any($1) order by 1"),
            (&vault, "select k::text from data_keys k where subject_id = any($1) order by 1"),
        ] {
            all.push(sqlx::query_scalar::<_, String>(rows).bind(&of[..]).fetch_all(pool).await.unwrap());
        }
        all
    };
    let before = [rows(of(0)).await, rows(of(2)).await];
    assert!(before.iter().flatten().all(|rows| !rows.is_empty()), "{before:?}");
    erase_student(&world.write, &context, pupils[1]).await.unwrap();
    erase_guardian(&world.write, &context, guardians[1]).await.unwrap();
    assert_eq!([rows(of(0)).await, rows(of(2)).await], before);
    assert!(rows(of(1)).await.iter().all(Vec::is_empty));
}

/// Waits until the subject has keys, or none.
async fn keys_appear(vault: &sqlx::PgPool, subject: uuid::Uuid, wanted: bool) {
    for _ in 0..400 {
        let any: bool = sqlx::query_scalar("select exists (select from data_keys where subject_id = $1)")
            .bind(subject)
            .fetch_one(vault)
            .await
            .unwrap();
        if any == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the keys did not change");
}

#[tokio::test]
async fn a_key_that_a_racing_write_made_does_not_survive_the_erasure() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let context = world.context();
    let id = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap().student_id;
    let guardian = mother(&world).await;
    let vault = world.databases.vault_pool().await.unwrap();
    for (subject, is_student) in [(id.0, true), (guardian.0, false)] {
        // Nobody appends while the test holds the log: the erasure stops before its event.
        let mut held = world.owner.begin().await.unwrap();
        sqlx::query("select lock_log()").execute(&mut *held).await.unwrap();
        let (write, at) = (world.write.clone(), context.clone());
        let erasure = tokio::spawn(async move {
            if is_student {
                erase_student(&write, &at, StudentId(subject)).await
            } else {
                erase_guardian(&write, &at, domain::GuardianId(subject)).await
            }
        });
        keys_appear(&vault, subject, false).await;
        // What an enrolment or an edit does first that found the subject before.
        let classes = [(subject, SealingClass::Identity), (subject, SealingClass::Contact)];
        world.write.vault().ensure_keys(world.school, &classes).await.unwrap();
        keys_appear(&vault, subject, true).await;
        held.commit().await.unwrap();
        assert_eq!(erasure.await.unwrap().unwrap().events, 1);
        keys_appear(&vault, subject, false).await;
    }
}

#[tokio::test]
async fn an_erased_pupils_tag_is_never_given_to_another() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let context = world.context();
    let nfc = || NewCard::Nfc { uid: vec![4, 1, 2, 3] };
    let id = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap().student_id;
    issue_credential(&world.write, &context, IssueCredential { student_id: id, card: nfc() }).await.unwrap();
    erase_student(&world.write, &context, id).await.unwrap();
    let back = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap().student_id;
    let again = issue_credential(&world.write, &context, IssueCredential { student_id: back, card: nfc() }).await;
    assert_eq!(again.unwrap_err().code(), "card_taken");
}

#[tokio::test]
async fn erasing_somebody_who_is_not_there_destroys_no_keys() {
    let world = World::new().await;
    let course_id = course(&world).await;
    enrol_student(&world.write, &world.context(), ana(course_id, None)).await.unwrap();
    let guardian = mother(&world).await;
    let mixed_up = erase_student(&world.write, &world.context(), StudentId(guardian.0)).await;
    assert_eq!(mixed_up.unwrap_err().code(), "student_refused");
    assert_eq!(Register::load(&world.write, world.school).await.unwrap().guardians().count(), 1);
    erase_guardian(&world.write, &world.context(), guardian).await.unwrap();
    assert_eq!(Register::load(&world.write, world.school).await.unwrap().guardians().count(), 0);
}

#[tokio::test]
async fn a_corrected_run_frees_the_old_one_and_cannot_take_anothers() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let context = world.context();
    let one = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap().student_id;
    enrol_student(&world.write, &context, ana(course_id, run("22222222-2"))).await.unwrap();
    let change = |to: &str| ChangeStudentDetails {
        student_id: one,
        given_names: "Ana".into(),
        family_names: "Ñancupil Soto".into(),
        national_id: run(to),
    };
    let taken = change_student_details(&world.write, &context, change("22222222-2")).await;
    assert_eq!(taken.unwrap_err().code(), "national_id_taken");
    change_student_details(&world.write, &context, change("23456789-6")).await.unwrap();
    let found = world.write.directory().find(world.school, Kind::NationalId, "21111111-9").await.unwrap();
    assert_eq!(found, None);
    let register = Register::load(&world.write, world.school).await.unwrap();
    assert_eq!(register.pupil_by_run("23456789-6").unwrap().id, one);
}

#[tokio::test]
async fn a_tag_belongs_to_one_pupil_even_after_it_was_revoked() {
    let world = World::new().await;
    let course_id = course(&world).await;
    let context = world.context();
    let one = enrol_student(&world.write, &context, ana(course_id, run("21111111-9"))).await.unwrap().student_id;
    let two = enrol_student(&world.write, &context, ana(course_id, run("22222222-2"))).await.unwrap().student_id;
    let tag = |student_id| IssueCredential { student_id, card: NewCard::Nfc { uid: vec![4, 0xA2, 7, 1, 9, 3, 8] } };
    let issued = issue_credential(&world.write, &context, tag(one)).await.unwrap();
    assert_eq!(issued.card_text, "NFC:04A20701090308");
    let again = issue_credential(&world.write, &context, tag(one)).await.unwrap();
    assert_eq!((again.credential_id, again.done.events), (issued.credential_id, 0));
    let credential_id = issued.credential_id;
    let input = RevokeCredential { student_id: one, credential_id, reason: RevocationReason::Lost };
    revoke_credential(&world.write, &context, input).await.unwrap();
    assert_eq!(issue_credential(&world.write, &context, tag(two)).await.unwrap_err().code(), "card_taken");
    let short = IssueCredential { student_id: two, card: NewCard::Nfc { uid: vec![1, 2] } };
    assert_eq!(issue_credential(&world.write, &context, short).await.unwrap_err().code(), "invalid_card");
    let nobody = IssueCredential { student_id: StudentId(uuid::Uuid::from_u128(1)), card: NewCard::Qr };
    assert_eq!(issue_credential(&world.write, &context, nobody).await.unwrap_err().code(), "student_refused");
}

#[tokio::test]
async fn only_the_hash_of_a_kiosks_secret_is_stored_and_a_revoked_kiosk_gets_no_new_one() {
    let world = World::new().await;
    course(&world).await;
    let context = world.context();
    let input = EnrolKiosk { kiosk_id: None, gate: "Portón Norte".into(), mode: LaneMode::EntryLane };
    let first = enrol_kiosk(&world.write, &context, input).await.unwrap();
    let input = EnrolKiosk { kiosk_id: Some(first.kiosk_id), gate: "Portón Norte".into(), mode: LaneMode::EntryLane };
    let second = enrol_kiosk(&world.write, &context, input.clone()).await.unwrap();
    assert_ne!(*first.secret, *second.secret);
    assert_eq!(second.done.events, 0, "a new secret is no event");
    let stored: Vec<u8> =
        sqlx::query_scalar("select secret_sha256 from kiosk_secrets").fetch_one(&world.owner).await.unwrap();
    assert_eq!(stored, Sha256::digest(second.secret.as_bytes()).to_vec());
    assert!(!format!("{second:?}").contains(second.secret.as_str()));

    // Whatever another school enrols by that id takes no kiosk over, and another kiosk's secret is its own.
    let twin = crate::Context { school: domain::SchoolId(uuid::Uuid::from_u128(0x5c00_0002)), ..context.clone() };
    assert_eq!(enrol_kiosk(&world.write, &twin, input.clone()).await.unwrap_err().code(), "kiosk_refused");
    let beside = EnrolKiosk { kiosk_id: None, ..input.clone() };
    let beside = enrol_kiosk(&world.write, &context, beside).await.unwrap();
    let kept: Vec<(uuid::Uuid, Vec<u8>)> =
        sqlx::query_as("select kiosk_id, secret_sha256 from kiosk_secrets").fetch_all(&world.owner).await.unwrap();
    let of = |kiosk: &EnrolledKiosk| (kiosk.kiosk_id.0, Sha256::digest(kiosk.secret.as_bytes()).to_vec());
    assert!(kept.len() == 2 && kept.contains(&of(&second)) && kept.contains(&of(&beside)), "{kept:?}");

    revoke_kiosk(&world.write, &context, first.kiosk_id).await.unwrap();
    assert_eq!(revoke_kiosk(&world.write, &context, first.kiosk_id).await.unwrap().events, 0);
    let trusted: Vec<uuid::Uuid> = sqlx::query_scalar("select kiosk_id from kiosk_secrets where revoked_at is null")
        .fetch_all(&world.owner)
        .await
        .unwrap();
    assert_eq!(trusted, [beside.kiosk_id.0]);
    assert_eq!(enrol_kiosk(&world.write, &context, input).await.unwrap_err().code(), "kiosk_refused");
    let unknown = revoke_kiosk(&world.write, &context, KioskId(uuid::Uuid::from_u128(5))).await;
    assert_eq!(unknown.unwrap_err().code(), "unknown_kiosk");
}

#[tokio::test]
async fn a_course_is_opened_once_and_its_slots_keep_their_ids_when_times_change() {
    let world = World::new().await;
    let course_id = course(&world).await;
    assert_eq!(course(&world).await, course_id);
    let at = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap();
    let week = |from, entry| SetWeeklySchedule {
        course_id,
        effective_from: from,
        stays: vec![
            (Weekday::Tue, entry, at(15, 30)),
            (Weekday::Mon, entry, at(13, 0)),
            (Weekday::Mon, at(14, 0), at(16, 0)),
        ],
    };
    let context = world.context();
    set_weekly_schedule(&world.write, &context, week(monday(), at(8, 0))).await.unwrap();
    assert_eq!(set_weekly_schedule(&world.write, &context, week(monday(), at(8, 0))).await.unwrap().events, 0);
    set_weekly_schedule(&world.write, &context, week(monday() + chrono::Days::new(7), at(8, 15))).await.unwrap();
    let payloads: Vec<serde_json::Value> =
        sqlx::query_scalar("select payload from events where event_type = 'weekly_schedule_set' order by position")
            .fetch_all(&world.owner)
            .await
            .unwrap();
    let ids =
        |p: &serde_json::Value| p["slots"].as_array().unwrap().iter().map(|s| s["slot_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&payloads[0]).len(), 3);
    assert_eq!(ids(&payloads[0]), ids(&payloads[1]));
}

#[tokio::test]
async fn a_changed_phone_frees_the_old_key_of_a_guardian_without_run() {
    let world = World::new().await;
    course(&world).await;
    let context = world.context();
    let phone = |p| Some(Phone::parse(p).unwrap());
    let register =
        |p| RegisterGuardian { name: "Eva Soto".into(), national_id: None, phone: phone(p), mail: None, within: None };
    let contact = |national_id, p| Contact { name: "Eva Soto".into(), national_id, phone: phone(p), mail: None };
    let eva = register_guardian(&world.write, &context, register("912345678")).await.unwrap().guardian_id;
    let taken = register_guardian(&world.write, &context, register("912345678")).await;
    assert_eq!(taken.unwrap_err().code(), "guardian_taken");
    let input = ChangeGuardianContact {
        guardian_id: eva,
        contact: contact(None, "987654321"),
        before: contact(None, "912345678"),
    };
    change_guardian_contact(&world.write, &context, input).await.unwrap();
    let other = register_guardian(&world.write, &context, register("912345678")).await.unwrap().guardian_id;
    assert_ne!(other, eva);
    let taken = register_guardian(&world.write, &context, register("987654321")).await;
    assert_eq!(taken.unwrap_err().code(), "guardian_taken");

    // Her RUN becomes known: she is found by it from then on, and by it alone.
    let input = ChangeGuardianContact {
        guardian_id: eva,
        contact: contact(run("12.345.678-5"), "987654321"),
        before: contact(None, "987654321"),
    };
    change_guardian_contact(&world.write, &context, input.clone()).await.unwrap();
    let registered = Register::load(&world.write, world.school).await.unwrap();
    let fields = |id| registered.guardians().find(|g| g.id == id).unwrap().fields.clone();
    assert_eq!(fields(eva).national_id.as_deref(), Some("12345678-5"));
    assert_eq!(world.find(Kind::Guardian, "12345678-5").await, Some(eva.0));
    assert_eq!(world.find(Kind::Guardian, "eva soto|+56987654321").await, None);
    // Nobody else can have it.
    let input = ChangeGuardianContact { guardian_id: other, before: contact(None, "912345678"), ..input };
    let taken = change_guardian_contact(&world.write, &context, input).await;
    assert_eq!(taken.unwrap_err().code(), "guardian_taken");
    assert_eq!(world.find(Kind::Guardian, "eva soto|+56912345678").await, Some(other.0), "a refusal frees nothing");
}

#[tokio::test]
async fn a_pupil_without_run_is_found_in_the_new_course_after_a_move_and_by_the_run_once_it_is_known() {
    let world = World::new().await;
    let first = course(&world).await;
    let input = OpenCourse { year: 2026, label: CourseLabel::parse("2° Básico A").unwrap() };
    let second = open_course(&world.write, &world.context(), input).await.unwrap().course_id;
    let context = world.context();
    let one = enrol_student(&world.write, &context, ana(first, None)).await.unwrap().student_id;
    let key = |course: CourseId| format!("ana maria nancupil soto|{course}");
    assert_eq!(world.find(Kind::NationalId, &key(first)).await, Some(one.0));

    let input = MoveStudent { student_id: one, course_id: second, from: monday() };
    move_student(&world.write, &context, input).await.unwrap();
    assert_eq!(world.find(Kind::NationalId, &key(first)).await, None);
    assert_eq!(world.find(Kind::NationalId, &key(second)).await, Some(one.0));
    assert_eq!(move_student(&world.write, &context, input).await.unwrap().events, 0);
    assert_eq!(world.find(Kind::NationalId, &key(second)).await, Some(one.0), "the same move again frees nothing");
    // Her namesake in the first course is another pupil; in the second there is one already.
    let two = enrol_student(&world.write, &context, ana(first, None)).await.unwrap().student_id;
    assert_ne!(two, one);
    let taken = enrol_student(&world.write, &context, ana(second, None)).await;
    assert_eq!(taken.unwrap_err().code(), "national_id_taken");
    // A move that the aggregate refuses moves no reservation.
    let early = MoveStudent { student_id: one, course_id: first, from: monday() - chrono::Days::new(9) };
    assert_eq!(move_student(&world.write, &context, early).await.unwrap_err().code(), "student_refused");
    assert_eq!(world.find(Kind::NationalId, &key(second)).await, Some(one.0));
    // A person moves the second one beside the first: done, and the first keeps the entry.
    let beside = MoveStudent { student_id: two, course_id: second, from: monday() };
    assert_eq!(move_student(&world.write, &context, beside).await.unwrap().events, 1);
    assert_eq!(world.find(Kind::NationalId, &key(second)).await, Some(one.0));

    let (given_names, family_names) = ("Ana María".to_owned(), "Ñancupil Soto".to_owned());
    let input = ChangeStudentDetails { student_id: one, given_names, family_names, national_id: run("21111111-9") };
    change_student_details(&world.write, &context, input).await.unwrap();
    assert_eq!(world.find(Kind::NationalId, &key(second)).await, None);
    assert_eq!(world.find(Kind::NationalId, "21111111-9").await, Some(one.0));
}

async fn payloads(world: &World, event: &str) -> Vec<serde_json::Value> {
    sqlx::query_scalar("select payload from events where event_type = $1 order by position")
        .bind(event)
        .fetch_all(&world.owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_day_of_the_school_is_set_once_replaced_and_cleared() {
    let world = World::new().await;
    course(&world).await;
    let at = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap();
    let change = async |change| {
        let input = ChangeSchoolDay { date: monday(), change };
        change_school_day(&world.write, &world.context(), input).await.map(|done| done.events)
    };
    let slots = |stays: &[_]| day_slots(world.school, monday(), stays);
    let own = |stays: &[_]| SchoolDay::Recovery { times: RecoveryTimes::Own { slots: slots(stays) } };
    let (morning, both) = ([(at(9), at(13))], [(at(14), at(16)), (at(8), at(12))]);
    assert_eq!(change(SchoolDayChange::Set(own(&morning))).await.unwrap(), 1);
    assert_eq!(change(SchoolDayChange::Set(own(&morning))).await.unwrap(), 0, "the same times are the same stays");
    assert_eq!(change(SchoolDayChange::Set(own(&both))).await.unwrap(), 1);
    assert_eq!(slots(&morning)[0].slot_id, slots(&both)[0].slot_id, "a stay keeps its id when its times change");
    assert_ne!(day_slots(world.school, monday().succ_opt().unwrap(), &morning)[0].slot_id, slots(&morning)[0].slot_id);
    assert_eq!(change(SchoolDayChange::Clear(Layer::Holiday)).await.unwrap(), 0);
    assert_eq!(change(SchoolDayChange::Clear(Layer::Day)).await.unwrap(), 1);
    let refused = change(SchoolDayChange::Set(own(&[(at(13), at(9))]))).await.unwrap_err();
    assert_eq!(refused.code(), "school_refused");
    assert_eq!(world.write.school_settings(world.school).await.unwrap(), settings(5), "its settings are as before");
}

#[tokio::test]
async fn a_day_of_several_courses_is_set_for_all_of_them_or_for_none() {
    let world = World::new().await;
    let first = course(&world).await;
    let input = OpenCourse { year: 2026, label: CourseLabel::parse("2° Básico A").unwrap() };
    let second = open_course(&world.write, &world.context(), input).await.unwrap().course_id;
    let out = CourseDay { times: CourseTimes::Nobody, reason: domain::calendar::Reason::Outing };
    let change = async |courses: &[CourseId], day: Option<CourseDay>| {
        let input = ChangeCourseDays { courses: courses.to_vec(), date: monday(), day };
        change_course_days(&world.write, &world.context(), input).await.map(|done| done.events)
    };
    let unknown = CourseId(uuid::Uuid::from_u128(5));
    let refused = change(&[first, unknown], Some(out.clone())).await.unwrap_err();
    assert_eq!(refused.code(), "course_refused");
    assert_eq!(payloads(&world, "schedule_exception_set").await.len(), 0, "none of them");
    assert_eq!(change(&[first, second, first], Some(out.clone())).await.unwrap(), 2);
    assert_eq!(change(&[second], Some(out)).await.unwrap(), 0);
    assert_eq!(change(&[first, second], None).await.unwrap(), 2);
    assert_eq!(change(&[first], None).await.unwrap(), 0);
    assert_eq!(change(&[], None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_list_of_holidays_entered_twice_is_harmless() {
    let world = World::new().await;
    course(&world).await;
    let enter = async |holidays: &[(u32, u32, &str)]| {
        let date = |m, d| NaiveDate::from_ymd_opt(2026, m, d).unwrap();
        let holidays = holidays.iter().map(|(m, d, name)| (date(*m, *d), (*name).to_owned())).collect();
        enter_holidays(&world.write, &world.context(), EnterHolidays { holidays }).await.map(|done| done.events)
    };
    assert_eq!(enter(&[(5, 1, "Día del Trabajo"), (12, 25, "Navidad")]).await.unwrap(), 2);
    assert_eq!(enter(&[(5, 1, "Día del Trabajo"), (12, 25, "Navidad"), (12, 8, "Inmaculada")]).await.unwrap(), 1);
    assert!(enter(&[(6, 29, "San Pedro y San Pablo"), (7, 16, "")]).await.is_err());
    assert_eq!(payloads(&world, "calendar_day_set").await.len(), 3, "all or none");
}
