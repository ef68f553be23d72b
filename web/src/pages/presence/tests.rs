//! The page over HTTP, as a browser without scripts takes it.

use crate::pages::tests::shown::{get, post};
use crate::testing::{TestApp, TestSchool, minutes};
use domain::account::StaffRole;
use reqwest::Client;
use uuid::Uuid;

use local_services::NatsServer;
use local_services::testing::TestDatabases;
use std::time::Duration;

const PAGE: &str = "/hoy/presentes";

/// Two of three came.
async fn scene() -> (TestApp, TestSchool, Client) {
    morning(TestApp::start().await.unwrap()).await
}

async fn morning(app: TestApp) -> (TestApp, TestSchool, Client) {
    let school = app.school(3).await.unwrap();
    let scans = [0, 1].map(|n| school.scan(n + 1, &school.pupils[usize::try_from(n).unwrap()].1, app.now()));
    app.scan(&school, &scans).await.unwrap();
    app.settle().await.unwrap();
    let client = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    (app, school, client)
}

async fn page(app: &TestApp, client: &Client) -> String {
    let (status, _, text) = get(app, client, PAGE).await;
    assert_eq!(status, 200, "{text}");
    text
}

/// The roll call that a page's form names.
fn call(text: &str) -> String {
    let at = text.split("data-pase=\"").nth(1).expect("a roll call goes on");
    at.split('"').next().unwrap().to_owned()
}

/// The part of a page with who is not found, and the part with who is.
fn parts(text: &str) -> (&str, &str) {
    let (_, rest) = text.split_once("id=\"por-encontrar\"").unwrap();
    rest.split_once("id=\"a-salvo\"").unwrap()
}

#[tokio::test]
async fn whoever_is_inside_is_listed_by_name_and_time_and_the_roll_is_called_by_plain_forms() {
    let (app, school, client) = scene().await;
    let text = page(&app, &client).await;
    assert!(text.contains(">2</strong>") && text.contains("Pérez Soto, Ana 1"), "{text}");
    assert!(text.contains("07:30") && !text.contains("Ana 2") && !text.contains("data-pase"), "{text}");
    assert!(get(&app, &client, "/hoy").await.2.contains("href=\"/hoy/presentes\""), "the board leads there");
    let course = get(&app, &client, &format!("/hoy/cursos/{}", school.course)).await.2;
    assert!(course.contains(&format!("/hoy/presentes?curso={}", school.course)));

    let begin = post(&app, &client, &format!("{PAGE}/comenzar"), &[("motivo", "simulacro")]).await;
    assert_eq!((begin.0, begin.1), (303, Some(format!("{PAGE}?colegio={}", school.id))));
    let text = page(&app, &client).await;
    let call = call(&text);
    assert!(text.contains("Simulacro desde las 07:30"), "{text}");
    let pupil = school.pupils[0].0.to_string();
    assert!(parts(&text).0.contains(&pupil) && !parts(&text).1.contains(&pupil));
    for (said, found) in [("salvo", true), ("salvo", true), ("deshacer", false), ("salvo", true)] {
        let form = [("pase", call.as_str()), (said, pupil.as_str())];
        assert_eq!(post(&app, &client, &format!("{PAGE}/marcar"), &form).await.0, 303);
        let text = page(&app, &client).await;
        assert_eq!((parts(&text).0.contains(&pupil), parts(&text).1.contains(&pupil)), (!found, found), "{said}");
        assert!(text.contains(&format!("id=\"salvos\">{}</strong>", u8::from(found))), "{text}");
    }
    // Somebody else says that it is one in earnest, and ends it.
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    post(&app, &director, &format!("{PAGE}/comenzar"), &[("motivo", "evacuacion")]).await;
    let text = page(&app, &client).await;
    assert!(text.contains("Evacuación desde las 07:30") && self::call(&text) == call, "{text}");
    app.clock.advance(minutes(3));
    assert_eq!(post(&app, &director, &format!("{PAGE}/terminar"), &[("pase", &call)]).await.0, 303);
    let text = page(&app, &client).await;
    assert!(text.contains("terminó a las 07:33: un alumno a salvo"), "{text}");
    app.shutdown().await;
}

#[tokio::test]
async fn of_whom_it_is_not_known_is_said_beside_with_the_silent_gate_by_name() {
    let (app, school, client) = scene().await;
    app.clock.advance(minutes(20));
    let text = page(&app, &client).await;
    assert!(text.contains("Ana 2") && text.contains("no se sabe"), "{text}");
    assert!(text.contains("de quien no se sabe") && text.contains("Portón Norte"), "{text}");
    post(&app, &client, &format!("{PAGE}/comenzar"), &[("motivo", "evacuacion")]).await;
    let text = page(&app, &client).await;
    assert!(parts(&text).0.contains(&school.pupils[2].0.to_string()), "whoever may be inside is to be found");
    assert!(text.contains("id=\"total\">2</span>"), "and is not counted as inside: {text}");
    app.shutdown().await;
}

#[tokio::test]
async fn a_course_alone_is_shown_and_what_cannot_be_done_is_told() {
    let (app, school, client) = scene().await;
    let alone = get(&app, &client, &format!("{PAGE}?curso={}", school.course)).await.2;
    let another = get(&app, &client, &format!("{PAGE}?curso={}", Uuid::from_u128(5))).await.2;
    let section = |hidden| format!("data-seccion=\"{}\"{hidden}>", school.course);
    assert!(alone.contains(&section("")) && another.contains(&section(" hidden")), "{another}");
    post(&app, &client, &format!("{PAGE}/comenzar"), &[("motivo", "simulacro")]).await;
    let call = call(&page(&app, &client).await);
    let (pupil, nobody) = (school.pupils[0].0.to_string(), Uuid::from_u128(0xbad).to_string());
    let nowhere = format!("2026-03-09/{nobody}");
    for (path, form, told) in [
        ("marcar", vec![("pase", &call), ("salvo", &nobody)], "ese alumno no es del colegio"),
        ("marcar", vec![("pase", &nowhere), ("salvo", &pupil)], "ese pase de lista no existe"),
        ("terminar", vec![("pase", &nowhere)], "ese pase de lista no existe"),
    ] {
        let form: Vec<(&str, &str)> = form.into_iter().map(|(name, value)| (name, value.as_str())).collect();
        let (status, to, _) = post(&app, &client, &format!("{PAGE}/{path}"), &form).await;
        assert_eq!(status, 303, "{path} {form:?}");
        let text = get(&app, &client, &to.unwrap()).await.2;
        assert!(text.contains(told), "{text}");
    }
    for (path, form) in [("comenzar", [("motivo", "x")]), ("marcar", [("pase", "x")]), ("terminar", [("pase", "x")])] {
        assert_eq!(post(&app, &client, &format!("{PAGE}/{path}"), &form).await.0, 422, "{path}");
    }
    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    assert_eq!(get(&app, &auditor, PAGE).await.0, 403);
    assert_eq!(post(&app, &auditor, &format!("{PAGE}/comenzar"), &[("motivo", "simulacro")]).await.0, 403);
    app.shutdown().await;
}

#[tokio::test]
async fn at_its_end_whoever_was_inside_and_not_marked_is_shown_by_name_and_later_from_the_days_list() {
    let (app, school, client) = scene().await;
    post(&app, &client, &format!("{PAGE}/comenzar"), &[("motivo", "simulacro")]).await;
    let text = page(&app, &client).await;
    let call = call(&text);
    assert!(!text.contains("Pases de lista de hoy"), "none is over");
    let going = get(&app, &client, &format!("{PAGE}/{call}")).await;
    assert_eq!((going.0, going.1), (303, Some(format!("{PAGE}?colegio={}", school.id))), "it goes on");
    let found = school.pupils[0].0.to_string();
    post(&app, &client, &format!("{PAGE}/marcar"), &[("pase", &call), ("salvo", &found)]).await;
    app.clock.advance(minutes(3));
    let (status, to, _) = post(&app, &client, &format!("{PAGE}/terminar"), &[("pase", &call)]).await;
    let to = to.unwrap();
    assert_eq!((status, to.as_str()), (303, format!("{PAGE}/{call}?colegio={}", school.id).as_str()));
    let left = get(&app, &client, &to).await.2;
    for says in
        ["A quién no se encontró", "Simulacro, de 07:30 a 07:33", ">1</strong>", "Pérez Soto, Ana 1", "1° Básico A"]
    {
        assert!(left.contains(says), "{says}: {left}");
    }
    assert!(left.contains("Un alumno fue marcado a salvo.") && left.contains("class=\"box\""), "{left}");
    assert!(!left.contains("Ana 0") && !left.contains("Ana 2"), "{left}");
    // Later, whoever came since is not among them, and what is said of somebody is.
    app.clock.advance(minutes(5));
    app.scan(&school, &[school.scan(3, &school.pupils[2].1, app.now())]).await.unwrap();
    let late = school.pupils[1].0.to_string();
    post(&app, &client, &format!("{PAGE}/marcar"), &[("pase", &call), ("salvo", &late)]).await;
    app.settle().await.unwrap();
    let text = page(&app, &client).await;
    assert!(text.contains("Pases de lista de hoy") && text.contains(&format!("{PAGE}/{call}?colegio=")), "{text}");
    let left = get(&app, &client, &to).await.2;
    assert!(left.contains("Ana 1") && left.contains("a salvo a las 07:38") && !left.contains("Ana 2"), "{left}");
    let looks: i64 = sqlx::query_scalar("select count(*) from looks where school_id = $1 and what = 'presence'")
        .bind(school.id.0)
        .fetch_one(&app.running().pools().log_writer)
        .await
        .unwrap();
    assert!(looks > 0, "each look is recorded");
    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    assert_eq!(get(&app, &auditor, &to).await.0, 403);
    for nowhere in [format!("2026-03-09/{}", Uuid::from_u128(9)), "x/y".to_owned(), format!("+9999-01-01/{call}")] {
        assert_eq!(get(&app, &client, &format!("{PAGE}/{nowhere}")).await.0, 404, "{nowhere}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_lost_nats_breaks_nothing_and_while_nothing_new_reaches_the_page_it_says_until_when_it_is_known() {
    let home = std::env::temp_dir().join(format!("presence-nats-{}", std::process::id()));
    let mut nats = NatsServer::scratch(&home).await.unwrap();
    let app = TestApp::start_with(TestDatabases::create().await.unwrap(), Some(&nats.url())).await.unwrap();
    let (app, school, client) = morning(app).await;
    nats.stop();
    post(&app, &client, &format!("{PAGE}/comenzar"), &[("motivo", "evacuacion")]).await;
    app.settle().await.unwrap();
    let text = page(&app, &client).await;
    assert!(text.contains("Evacuación desde las 07:30") && text.contains("Ana 1"), "{text}");

    // The read model itself stands still.
    let owner = sqlx::PgPool::connect_with(app.databases.owner_options()).await.unwrap();
    let mut hold = owner.begin().await.unwrap();
    let row = "select from checkpoints where read_model = 'live' for update";
    sqlx::query(row).execute(&mut *hold).await.unwrap();
    app.clock.advance(minutes(2));
    app.scan(&school, &[school.scan(3, &school.pupils[2].1, app.now())]).await.unwrap();
    app.clock.advance(minutes(1));
    let mut text = String::new();
    for _ in 0..200 {
        text = page(&app, &client).await;
        if text.contains("Estas cifras no están al día") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for says in ["Estas cifras no están al día.", "Muestran lo registrado hasta las 07:30", "Ana 0", "Ana 1"] {
        assert!(text.contains(says), "{says}: {text}");
    }
    assert!(!text.contains("Ana 2"), "the last that was known: {text}");
    hold.rollback().await.unwrap();
    app.settle().await.unwrap();
    let text = page(&app, &client).await;
    assert!(text.contains("Ana 2"), "without NATS, from the log: {text}");
    app.shutdown().await;
}
