//! Who looked (P47): every answer that shows pupils' data is recorded, or is none.

use super::*;
use crate::testing::minutes;
use sqlx::PgPool;

async fn owner(app: &TestApp) -> PgPool {
    PgPool::connect_with(app.databases.owner_options()).await.unwrap()
}

/// (who, role, what, why, course, student), oldest first.
type Row = (Uuid, String, String, String, Option<Uuid>, Option<Uuid>);

async fn rows(pool: &PgPool, school: SchoolId) -> Vec<Row> {
    sqlx::query_as(
        "select who_id, role, what, why, course_id, student_id from looks where school_id = $1 order by look_id",
    )
    .bind(school.0)
    .fetch_all(pool)
    .await
    .unwrap()
}

#[test]
fn p47_every_route_that_shows_pupils_says_so() {
    use Permission::{
        AuditRead, AuditReplay, BoardRead, BroadcastsSend, ManualEntry, NoShowAct, NoShowRead, PupilsRead, ReportsRead,
        RosterWrite,
    };
    // The courses' names; how the kiosks are; accounts; who looked; a form with nothing in it.
    let shows_none = [
        "/api/v1/courses",
        "/api/v1/kiosks",
        "/kioscos",
        "/registro",
        "/registro/miradas",
        "/informes/nomina",
        "/matricula",
        "/matricula/nomina",
        "/cursos/nuevo",
        "/avisos",
        "/comunicados",
    ];
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let reads = matches!(
            route.access,
            Access::May(
                ManualEntry
                    | BoardRead
                    | PupilsRead
                    | AuditRead
                    | AuditReplay
                    | NoShowRead
                    | NoShowAct
                    | ReportsRead
                    | RosterWrite
                    | BroadcastsSend
            )
        );
        assert_eq!(route.shows.is_some(), reads && !shows_none.contains(&route.path), "{route:?}");
    }
    // What changes something answers with what was done, or leads to a page; a list that is
    // compared and a month that is tried show pupils.
    // That no other does is seen by the requests of P32.
    let compares = [
        "/api/v1/reports/class-list",
        "/informes/nomina",
        "/matricula/nomina",
        "/api/v1/simulations",
        "/ajustes/probar",
    ];
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        assert_eq!(route.shows.is_some(), compares.contains(&route.path), "{route:?}");
    }
}

#[tokio::test]
async fn p47_each_answer_is_recorded_with_who_what_and_why_and_a_refusal_is_not() {
    let app = TestApp::start_with_documents().await.unwrap();
    let (school, twin) = (app.school(2).await.unwrap(), app.school(1).await.unwrap());
    app.case(&school).await.unwrap();
    app.document(&school).await.unwrap();
    app.broadcast(&school).await.unwrap();
    let drill = domain::roll_call::Reason::Drill;
    commands::roll_call::start(app.write(), &app.context(school.id), drill).await.unwrap();
    let first = nth(school.id, ROLL_CALL_DAY.parse().unwrap(), 1);
    commands::roll_call::end(app.write(), &app.context(school.id), first).await.unwrap();
    app.settle().await.unwrap();
    let director = app.person(school.id, StaffRole::Director).await.unwrap();
    let client = app.browser(&director).unwrap();
    let (pool, ids) = (owner(&app).await, Ids::of(&school, Uuid::nil()));
    let mut expected = Vec::new();
    for route in ROUTES.iter().filter(|route| route.shows.is_some()) {
        let Access::May(permission) = route.access else { panic!("{route:?}") };
        if route.step_up.is_some() {
            let given = "update sessions set stepped_up_at = $2 where account_id = $1";
            sqlx::query(given).bind(director.account_id.0).bind(app.now()).execute(&pool).await.unwrap();
        }
        // Ten answers within five minutes are one look.
        for _ in 0..10 {
            let answer = ask(&app, &client, route, Some(school.id), ids).await;
            assert_eq!(answer.status(), 200, "{route:?}");
            text(answer).await;
        }
        let course = route.path.contains("{id}").then_some(school.course.0);
        let pupil = route.path.contains("{student_id}").then_some(school.pupils[0].0.0);
        let what = route.shows.unwrap().as_str().to_owned();
        let why = permission.as_str().to_owned();
        expected.push((director.account_id.0, "DIRECTOR".to_owned(), what, why, course, pupil));
        assert_eq!(rows(&pool, school.id).await, expected, "{route:?}");
        app.clock.advance(minutes(6));
    }
    assert!(expected.len() >= 14, "{}", expected.len());

    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    for route in ROUTES.iter().filter(|route| route.shows.is_some()) {
        let nowhere = Ids::nowhere(Uuid::nil());
        if ["{id}", "{slot_id}", "{student_id}"].iter().any(|id| route.path.contains(id)) {
            assert_eq!(ask(&app, &client, route, Some(school.id), nowhere).await.status(), 404, "{route:?}");
        }
        assert_eq!(ask(&app, &client, route, Some(twin.id), ids).await.status(), 404, "{route:?}");
        if ![Permission::AuditRead, Permission::AuditReplay, Permission::ReportsRead]
            .map(Access::May)
            .contains(&route.access)
        {
            assert_eq!(ask(&app, &auditor, route, None, ids).await.status(), 403, "{route:?}");
        }
    }
    assert_eq!(rows(&pool, school.id).await, expected, "whoever saw nothing did not look");
    assert_eq!(rows(&pool, twin.id).await, []);
    app.shutdown().await;
}

#[tokio::test]
async fn p47_what_cannot_be_recorded_is_not_shown_and_no_look_is_ever_changed() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    app.guardian(&school, "ana@example.com", &[(school.pupils[0].0, rights)]).await.unwrap();
    let cookie = app.family("ana@example.com").await.unwrap();
    let guardian = app.browser(&TestPerson { account_id: app.owner().account_id, cookie }).unwrap();
    let client = app.browser(app.owner()).unwrap();
    let pool = owner(&app).await;
    let paths = [
        (&client, format!("/hoy/cursos/{}", school.course)),
        (&client, "/hoy".to_owned()),
        (&client, format!("/api/v1/students?school={}", school.id)),
        (&client, format!("/api/v1/live/stream?school={}", school.id)),
        (&guardian, "/familia".to_owned()),
        (&guardian, format!("/familia/alumnos/{}", school.pupils[0].0)),
    ];
    let get = async |client: &Client, path: &str| {
        let answer = client.get(format!("{}{path}", app.base)).send().await.unwrap();
        (answer.status().as_u16(), text(answer).await)
    };
    sqlx::query("revoke insert on looks from attendance_log_writer").execute(&pool).await.unwrap();
    for (client, path) in &paths {
        let (status, text) = get(client, path).await;
        assert!(status >= 500, "{path}: {status}");
        assert!(!text.contains("Ana") && !text.contains("Pérez"), "{path}: {text}");
    }
    assert_eq!(rows(&pool, school.id).await, []);
    sqlx::query("grant insert on looks to attendance_log_writer").execute(&pool).await.unwrap();
    for (client, path) in &paths {
        assert_eq!(get(client, path).await.0, 200, "{path}");
    }
    assert!(!rows(&pool, school.id).await.is_empty());
    for statement in ["update looks set why = ''", "delete from looks", "truncate looks"] {
        for pool in [&pool, &app.running().pools().log_writer] {
            let refused = sqlx::query(statement).execute(pool).await.unwrap_err();
            assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"), "{statement}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn p47_of_two_who_share_an_address_the_look_names_the_one_who_is_linked_with_the_pupil() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    let mut expected = Vec::new();
    for (pupil, _) in &school.pupils {
        let guardian = app.guardian(&school, "casa@example.com", &[(*pupil, rights)]).await.unwrap();
        expected.push((guardian.0, Some(pupil.0)));
    }
    let cookie = app.family("casa@example.com").await.unwrap();
    let client = app.browser(&TestPerson { account_id: app.owner().account_id, cookie }).unwrap();
    assert_eq!(client.get(format!("{}/familia", app.base)).send().await.unwrap().status(), 200);
    let rows = rows(&owner(&app).await, school.id).await;
    let mut seen: Vec<_> = rows.into_iter().map(|(who, .., student)| (who, student)).collect();
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
    app.shutdown().await;
}

#[tokio::test]
async fn p47_the_family_and_the_auditor_see_who_looked() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(2).await.unwrap(), app.school(1).await.unwrap());
    let rights = GuardianRights { may_view: true, ..GuardianRights::default() };
    app.guardian(&school, "ana@example.com", &[(school.pupils[0].0, rights)]).await.unwrap();
    app.guardian(&school, "eva@example.com", &[(school.pupils[0].0, rights)]).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let elsewhere = app.sign_in(&twin, StaffRole::Inspector).await.unwrap();
    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    let family = async |address: &str| {
        let cookie = app.family(address).await.unwrap();
        app.browser(&TestPerson { account_id: app.owner().account_id, cookie }).unwrap()
    };
    let (ana, eva) = (family("ana@example.com").await, family("eva@example.com").await);
    let get = async |client: &Client, path: &str| {
        let answer = client.get(format!("{}{path}", app.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    get(&director, &format!("/hoy/cursos/{}", school.course)).await;
    get(&elsewhere, "/hoy").await;
    let own = format!("/familia/alumnos/{}", school.pupils[0].0);
    get(&eva, &own).await;
    let page = get(&ana, &own).await;
    for told in ["Marta Rojas, Dirección", "Día de un curso", "Otra persona de la familia", "Usted"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("Panel del día"), "of another school: {page}");
    let log = get(&auditor, "/registro/miradas").await;
    for told in [
        "Día de un curso",
        "1° Básico A",
        "por su permiso para ver datos de alumnos",
        "Dirección",
        "por su permiso para ver a sus pupilos",
        "Apoderado o apoderada",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    // Above the page's own part stands the auditor's name.
    let (_, log) = log.split_once("<main").unwrap();
    assert!(!log.contains("Marta") && !log.contains("Pérez"), "an auditor sees ids: {log}");
    app.shutdown().await;
}

#[tokio::test]
async fn p47_a_look_at_another_school_day_says_which() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    let director = app.sign_in(&school, StaffRole::Director).await.unwrap();
    let day = format!("{}/api/v1/courses/{}/day", app.base, school.course);
    for asked in
        [format!("{day}?date=2026-03-06"), day.clone(), format!("{day}?date=2026-03-06"), format!("{day}?date=x")]
    {
        director.get(asked).send().await.unwrap();
    }
    // A page that takes no date shows today, whatever its address says.
    director.get(format!("{}/hoy/cursos/{}?date=2026-03-06", app.base, school.course)).send().await.unwrap();
    let days: Vec<Option<chrono::NaiveDate>> =
        sqlx::query_scalar("select of_date from looks order by look_id").fetch_all(&owner(&app).await).await.unwrap();
    let on = |day| chrono::NaiveDate::from_ymd_opt(2026, 3, day);
    assert_eq!(days, [on(6), on(9), None], "the third is the first again, the fourth was refused");
    app.shutdown().await;
}
