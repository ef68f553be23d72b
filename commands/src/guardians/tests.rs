//! On a real Postgres.

use super::*;
use crate::testing::{World, settings};
use crate::use_cases::import_roster::{GuardianCells, Line, PupilCells, Register, Row, apply, plan};
use crate::use_cases::{
    ChangeGuardianContact, Contact, CourseLabel, EnrolStudent, LinkGuardian, OpenCourse, RegisterGuardian,
    RegisterSchool, change_guardian_contact, enrol_student, erase_guardian, link_guardian, open_course,
    register_guardian, register_school,
};
use chrono::NaiveDate;
use domain::student::{Command, GuardianRights};
use domain::values::phone::Phone;

fn mail(text: &str) -> Mail {
    Mail::parse(text).unwrap()
}

async fn guardian(world: &World, name: &str, address: Option<&str>) -> GuardianId {
    let input = RegisterGuardian {
        name: name.into(),
        national_id: None,
        phone: Some(Phone::parse("912345678").unwrap()),
        mail: address.map(mail),
        within: None,
    };
    register_guardian(&world.write, &world.context(), input).await.unwrap().guardian_id
}

/// Whose an address is.
async fn whose(world: &World, address: &str) -> Vec<Uuid> {
    sqlx::query_scalar("select guardian_id from guardian_mails where email_hmac = $1 order by guardian_id")
        .bind(address_key(&world.write, &mail(address)).as_slice())
        .fetch_all(&world.owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_address_leads_to_every_guardian_who_has_it_now_and_to_nobody_who_had_it_or_is_erased() {
    let world = World::new().await;
    let (ana, eva) = (guardian(&world, "Ana", Some("Casa@example.com")).await, guardian(&world, "Eva", None).await);
    assert_eq!(whose(&world, "casa@EXAMPLE.com").await, [ana.0]);
    let contact = |name: &str, address: Option<&str>| Contact {
        name: name.into(),
        national_id: None,
        phone: Some(Phone::parse("912345678").unwrap()),
        mail: address.map(mail),
    };
    let change = |guardian_id, name, from, to| ChangeGuardianContact {
        guardian_id,
        contact: contact(name, to),
        before: contact(name, from),
    };
    let input = change(eva, "Eva", None, Some("casa@example.com"));
    change_guardian_contact(&world.write, &world.context(), input).await.unwrap();
    let mut both = [ana.0, eva.0];
    both.sort_unstable();
    assert_eq!(whose(&world, "casa@example.com").await, both, "two may share one");
    let input = change(eva, "Eva", Some("casa@example.com"), Some("eva@example.com"));
    change_guardian_contact(&world.write, &world.context(), input).await.unwrap();
    assert_eq!(
        (whose(&world, "casa@example.com").await, whose(&world, "eva@example.com").await),
        (vec![ana.0], vec![eva.0])
    );
    let input = change(eva, "Eva", Some("eva@example.com"), None);
    change_guardian_contact(&world.write, &world.context(), input).await.unwrap();
    assert_eq!(whose(&world, "eva@example.com").await, Vec::<Uuid>::new());
    erase_guardian(&world.write, &world.context(), ana).await.unwrap();
    assert_eq!(whose(&world, "casa@example.com").await, Vec::<Uuid>::new());
}

#[tokio::test]
async fn a_sibling_whose_row_comes_later_does_not_bring_an_address_back_that_was_changed_meanwhile() {
    let world = World::new().await;
    let from = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
    let input = RegisterSchool { name: "Escuela Los Aromos".into(), rbd: None, settings: settings(5) };
    register_school(&world.write, &world.context(), input).await.unwrap();
    let row = |number: u32, given: &str| {
        let name = "Ana Soto".to_owned();
        let phone = Some(Phone::parse("912345678").unwrap());
        let guardian = GuardianCells { place: 0, name, national_id: None, phone, mail: Some(mail("old@example.com")) };
        let pupil = PupilCells { national_id: None, given_names: given.into(), family_names: "Soto".into() };
        Line::Row(Row {
            number, pupil, course: CourseLabel::parse("1° Básico A").unwrap(), guardians: vec![guardian]
        })
    };
    let siblings = [row(2, "Eva"), row(3, "Luz")];
    // One list; at first only its first row gets through.
    let register = Register::load(&world.write, world.school).await.unwrap();
    let import = async |rows: usize| {
        let plan = plan(&siblings[..rows], &register, 2026);
        let applied = apply(&world.write, &world.context(), &plan, (2026, from), |_| true).await.unwrap();
        assert_eq!(applied.rows, rows, "{:?}", applied.failed);
    };
    import(1).await;
    let [ana] = whose(&world, "old@example.com").await[..] else { panic!("one guardian") };
    let contact = |address: &str| Contact {
        name: "Ana Soto".into(),
        national_id: None,
        phone: Some(Phone::parse("912345678").unwrap()),
        mail: Some(mail(address)),
    };
    let (guardian_id, before) = (GuardianId(ana), contact("old@example.com"));
    let change = ChangeGuardianContact { guardian_id, contact: contact("new@example.com"), before };
    change_guardian_contact(&world.write, &world.context(), change).await.unwrap();
    import(2).await;
    assert_eq!(whose(&world, "old@example.com").await, Vec::<Uuid>::new());
    assert_eq!(whose(&world, "new@example.com").await, [ana]);
}

#[tokio::test]
async fn guardians_of_before_addresses_were_kept_can_come_in_after_a_backfill_and_a_repeat_changes_nothing() {
    let world = World::new().await;
    let mut old = Vec::new();
    for n in 0..105 {
        let address = format!("g{n}@example.com");
        old.push((guardian(&world, &format!("Ana {n}"), Some(&address)).await, address));
    }
    guardian(&world, "Eva", None).await;
    let contact = |address: &str| Contact {
        name: "Ana 0".into(),
        national_id: None,
        phone: Some(Phone::parse("912345678").unwrap()),
        mail: Some(mail(address)),
    };
    let change = ChangeGuardianContact {
        guardian_id: old[0].0,
        contact: contact("new@example.com"),
        before: contact(&old[0].1),
    };
    change_guardian_contact(&world.write, &world.context(), change).await.unwrap();
    erase_guardian(&world.write, &world.context(), old[1].0).await.unwrap();
    // As an installation was before.
    sqlx::query("delete from guardian_mails").execute(&world.owner).await.unwrap();
    let head = world.dense_length().await;
    assert_eq!(backfill(&world.write).await.unwrap(), Backfilled { looked_at: 106, written: 104 });
    assert_eq!(whose(&world, "new@example.com").await, [old[0].0.0]);
    for gone in [&old[0].1, &old[1].1] {
        assert_eq!(whose(&world, gone).await, Vec::<Uuid>::new());
    }
    for (guardian, address) in &old[2..] {
        assert_eq!(whose(&world, address).await, [guardian.0]);
    }
    assert_eq!(backfill(&world.write).await.unwrap(), Backfilled { looked_at: 2, written: 0 });
    assert_eq!(world.dense_length().await, head, "the log says nothing new");
}

#[tokio::test]
async fn a_restriction_holds_as_soon_as_it_is_in_the_log() {
    let world = World::new().await;
    let input = RegisterSchool { name: "Escuela Los Aromos".into(), rbd: None, settings: settings(5) };
    register_school(&world.write, &world.context(), input).await.unwrap();
    let input = OpenCourse { year: 2026, label: CourseLabel::parse("1° Básico A").unwrap() };
    let course_id = open_course(&world.write, &world.context(), input).await.unwrap().course_id;
    let input = EnrolStudent {
        given_names: "Ana".into(),
        family_names: "Soto".into(),
        national_id: None,
        course_id,
        from: NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(),
    };
    let student_id = enrol_student(&world.write, &world.context(), input).await.unwrap().student_id;
    let guardian_id = guardian(&world, "Ana", Some("casa@example.com")).await;
    let shared = [guardian(&world, "Eva", Some("casa@example.com")).await, guardian_id];
    let sees = async || {
        let seen_as = may_see(&world.write, world.school, &shared, student_id).await.unwrap();
        assert!(seen_as.is_none_or(|guardian| guardian == guardian_id), "the one who is linked");
        seen_as.is_some()
    };
    assert!(!sees().await, "not linked");
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    let input = LinkGuardian { student_id, guardian_id, rights };
    link_guardian(&world.write, &world.context(), input).await.unwrap();
    assert!(sees().await);
    let barred = Command::ChangeGuardianLink { guardian_id, rights: GuardianRights { restricted: true, ..rights } };
    let stream = StreamId::of(world.school, student_id);
    world.write.execute::<Student>(&world.context(), &stream, barred).await.unwrap();
    assert!(!sees().await);
    let other = SchoolId(Uuid::from_u128(0x5c00_0002));
    assert_eq!(may_see(&world.write, other, &[guardian_id], student_id).await.unwrap(), None, "of another school");
}

#[tokio::test]
async fn how_somebody_came_in_by_an_address_is_forgotten_with_the_last_guardian_who_had_it() {
    let world = World::new().await;
    let (ana, eva) = (
        guardian(&world, "Ana", Some("casa@example.com")).await,
        guardian(&world, "Eva", Some("casa@example.com")).await,
    );
    let other = guardian(&world, "Inés", Some("ines@example.com")).await;
    let keys = ["casa@example.com", "ines@example.com"].map(|address| address_key(&world.write, &mail(address)));
    for key in &keys {
        for row in [
            "insert into family_links (email_hmac, token_sha256, browser_sha256, code_sha256, asked_at, asked_from, expires_at)
             values ($1, sha256($1), sha256($1), sha256($1), now(), '', now())",
            "insert into family_sessions
               (session_id, secret_sha256, email_hmac, created_at, last_seen_at, ends_at, device, network)
             values (gen_random_uuid(), sha256($1), $1, now(), now(), now(), '', '')",
            "insert into family_browsers (secret_sha256, email_hmac, known_at) values (sha256($1), $1, now())",
        ] {
            sqlx::query(row).bind(key.as_slice()).execute(&world.owner).await.unwrap();
        }
    }
    let left = async || -> [Vec<Vec<u8>>; 3] {
        let of = async |table: &str| {
            let all = format!("select email_hmac from {table} order by 1");
            sqlx::query_scalar(&all).fetch_all(&world.owner).await.unwrap()
        };
        [of("family_links").await, of("family_sessions").await, of("family_browsers").await]
    };
    erase_guardian(&world.write, &world.context(), ana).await.unwrap();
    assert_eq!(left().await.map(|rows| rows.len()), [2, 2, 2], "Eva has the address still");
    erase_guardian(&world.write, &world.context(), eva).await.unwrap();
    let of_other = vec![keys[1].to_vec()];
    assert_eq!(left().await, [of_other.clone(), of_other.clone(), of_other]);
    assert_eq!(whose(&world, "ines@example.com").await, [other.0]);
}
