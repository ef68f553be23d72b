//! The table against the router, and every route as every kind of person.

mod beside;
mod forms;
mod kiosks;
mod looks;

use forms::{ROLL_CALL_DAY, ask, request};
pub(crate) use forms::{date_of, first_roll_call, form, roll_call_body};

use super::*;
use crate::session::{Begin, Stage};
use crate::testing::{
    CASE_DAY, DOCUMENT_DAY, TestApp, TestPerson, TestSchool, case_of, document_of, refusal, with_form,
};
use crate::tokens;
use commands::accounts::Invite;
use commands::roll_call::nth;
use domain::student::GuardianRights;
use domain::{SchoolId, StudentId};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Every route of a router with its methods, by what the router says of itself. The text's shape is axum's own; what
/// is not understood in it makes the comparison fail.
fn of_router(router: &axum::Router) -> BTreeSet<(String, String)> {
    let text = format!("{router:?}");
    let text = text.split("fallback_router").next().unwrap();
    let (routes, paths) = text.split_once("node: Node { paths: {").unwrap();
    let id = |part: &str| part.split(')').next().unwrap().to_owned();
    let mut methods = std::collections::BTreeMap::new();
    for route in routes.split("RouteId(").skip(1) {
        let allowed = route.split("allow_header: Bytes(b\"").nth(1).unwrap().split('"').next().unwrap();
        methods.insert(id(route), allowed.to_owned());
    }
    let mut all = BTreeSet::new();
    for route in paths.split("RouteId(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        for method in methods[&id(route)].split(',').filter(|method| *method != "HEAD") {
            all.insert((method.to_owned(), path.to_owned()));
        }
    }
    assert_eq!(methods.len(), paths.matches("RouteId(").count());
    all
}

#[tokio::test]
async fn a49_the_table_and_the_router_hold_the_same_routes() {
    let app = TestApp::start().await.unwrap();
    let served = of_router(&crate::router::router(app.state().clone()));
    let declared: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(declared.len(), ROUTES.len(), "each once");
    assert_eq!(served, declared);
    app.shutdown().await;
}

#[tokio::test]
async fn a49_a_route_that_nobody_declared_is_not_served() {
    let app = TestApp::start().await.unwrap();
    let routes = axum::Router::new().route("/forgotten", axum::routing::get(|| async { "secret" }));
    let router = crate::router::surrounded(routes, app.state().clone());
    assert!(of_router(&router).contains(&("GET".into(), "/forgotten".into())));
    let request =
        axum::http::Request::get("/forgotten").header("host", "localhost").header("cookie", &app.owner().cookie);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(answer.status(), 404);
    app.shutdown().await;
}

#[test]
fn roles_have_what_the_issue_gives_them() {
    use Permission::{
        AuditRead, AuditReplay, BoardRead, BroadcastsSend, CalendarRead, CalendarWrite, EntriesCorrect, KiosksManage,
        ManualEntry, NoShowAct, NoShowRead, PeopleManage, PeopleRead, PupilsRead, ReportsRead, RollCallAct,
        RosterWrite, ScheduleWrite, SettingsWrite, YearOpen,
    };
    let of = |role| Permission::ALL.into_iter().filter(|permission| permission.is_of(role)).collect::<Vec<_>>();
    assert_eq!(of(StaffRole::Admin), Permission::ALL);
    assert_eq!(of(StaffRole::Owner), Permission::ALL);
    let director = [
        BoardRead,
        PupilsRead,
        ScheduleWrite,
        CalendarRead,
        CalendarWrite,
        RosterWrite,
        YearOpen,
        AuditRead,
        AuditReplay,
        PeopleRead,
        KiosksManage,
        ManualEntry,
        EntriesCorrect,
        NoShowRead,
        NoShowAct,
        SettingsWrite,
        RollCallAct,
        ReportsRead,
        BroadcastsSend,
    ];
    assert_eq!(of(StaffRole::Director), director);
    let inspector = [BoardRead, PupilsRead, CalendarRead, ManualEntry, NoShowRead, NoShowAct, RollCallAct, ReportsRead];
    assert_eq!(of(StaffRole::Inspector), inspector);
    assert_eq!(of(StaffRole::Auditor), [CalendarRead, AuditRead, AuditReplay, ReportsRead]);
    assert!(!of(StaffRole::Director).contains(&PeopleManage));
}

/// What a request is about.
#[derive(Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) course: Uuid,
    pub(crate) member: Uuid,
    pub(crate) kiosk: Uuid,
    pub(crate) school: Uuid,
    pub(crate) slot: Uuid,
    pub(crate) pupil: Uuid,
}

impl Ids {
    /// Of a school, with somebody.
    pub(crate) fn of(school: &TestSchool, member: Uuid) -> Self {
        let case = case_of(school);
        let (slot, pupil) = (case.slot_id.0, case.student_id.0);
        Self { course: school.course.0, member, kiosk: school.kiosk.0, school: school.id.0, slot, pupil }
    }

    /// Things that are nowhere.
    pub(crate) fn nowhere(member: Uuid) -> Self {
        let nothing = Uuid::from_u128(0xbad);
        Self { course: nothing, member, kiosk: nothing, school: nothing, slot: nothing, pupil: nothing }
    }
}

/// Nobody in particular is refused, or shown the way in.
async fn turned_away(route: &Route, refused: Response, what: &str) {
    if route.is_api() || route.path == "/hoy/live" {
        assert_eq!(refusal(refused).await.unwrap(), (401, "unauthenticated".into()), "{what}");
    } else {
        assert_eq!(refused.status(), 303, "{what}");
        assert!(refused.headers()["location"].to_str().unwrap().starts_with("/entrar"), "{what}");
    }
}

/// Whether the answer is the one of a person who was let in. Some forms are let in and then refused for what is in
/// them: a wrong password, a wrong code.
fn lets_in(route: &Route, status: u16) -> bool {
    match (route.method, route.path) {
        // Nobody of these has a passkey.
        ("POST", "/cuenta/confirmar/reto") => status == 404,
        // Somebody before may have cancelled it.
        ("GET", "/comunicados/{broadcast_id}/editar") => matches!(status, 200 | 404),
        // Nothing was recorded by hand.
        ("DELETE", "/api/v1/students/{id}/entries/{date}/{entry_id}") => status == 404,
        ("POST", "/cuenta/confirmar" | "/cuenta/confirmar/llave" | "/cuenta/clave" | "/cuenta/llaves") => status == 422,
        ("GET", "/")
        | (
            "POST",
            "/cuenta/codigo"
            | "/cuenta/codigo/quitar"
            | "/cuenta/sesiones"
            | "/cuenta/programas"
            | "/cuenta/invitaciones",
        ) => status == 303 || status == 422,
        (
            "POST",
            "/personas/rol"
            | "/personas/estado"
            | "/personas/factor"
            | "/cuenta/llaves/quitar"
            | "/kioscos/{kiosk_id}/anular"
            | "/ajustes"
            | "/calendario/dia"
            | "/calendario/quitar"
            | "/cursos/{id}/horario"
            | "/hoy/a-mano"
            | "/hoy/a-mano/deshacer"
            | "/matricula"
            | "/cursos/nuevo"
            | "/cursos/{id}/datos"
            | "/alumnos/{student_id}/ficha/datos"
            | "/alumnos/{student_id}/ficha/contacto"
            | "/alumnos/{student_id}/ficha/tarjeta"
            | "/alumnos/{student_id}/ficha/curso"
            | "/alumnos/{student_id}/ficha/retirar"
            | "/alumnos/{student_id}/ficha/apoderado"
            | "/alumnos/{student_id}/ficha/derechos"
            | "/alumnos/{student_id}/retiro"
            | "/alumnos/{student_id}/retiro/salio"
            | "/alumnos/{student_id}/retiro/anular"
            | "/alumnos/{student_id}/justificar"
            | "/alumnos/{student_id}/corregir"
            | "/familia/alumnos/{student_id}/justificar"
            | "/familia/alumnos/{student_id}/avisos"
            | "/avisos/reanudar"
            | "/comunicados/nuevo"
            | "/comunicados/{broadcast_id}/aprobar"
            | "/comunicados/{broadcast_id}/cancelar"
            | "/comunicados/{broadcast_id}/seguir"
            | "/solicitudes/justificativo"
            | "/solicitudes/correccion"
            | "/hoy/presentes/comenzar"
            | "/hoy/presentes/marcar"
            | "/hoy/presentes/terminar"
            | "/casos/cursos/{id}/avisar"
            | "/casos/{date}/{slot_id}/{student_id}/ver"
            | "/casos/{date}/{slot_id}/{student_id}/avisar"
            | "/casos/{date}/{slot_id}/{student_id}/justificar",
        ) => status == 303,
        // Nobody may collect the pupil, nothing of this id was done, and somebody before may have justified the day.
        ("POST", path) if path.starts_with("/api/v1/days/") => matches!(status, 200 | 404 | 409 | 422),
        // Somebody before may have closed the case.
        ("POST", path) if path.starts_with("/api/v1/no-show/") => status == 200 || status == 409,
        // Somebody before may have revoked it.
        ("POST", "/kioscos/{kiosk_id}/sentido") => status == 303 || status == 409,
        _ => status == 200,
    }
}

/// The answer's text; of a stream its first piece.
async fn text(mut response: Response) -> String {
    if response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream; charset=utf-8") {
        return String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()).into_owned();
    }
    response.text().await.unwrap()
}

/// Somebody whom the school really invited.
pub(crate) async fn member(app: &TestApp, school: &TestSchool) -> Uuid {
    let invite =
        Invite { email: format!("a{}@escuela.cl", school.id), name: "Rosa Díaz".into(), role: StaffRole::Inspector };
    app.state().accounts.invite(&app.context(school.id), invite).await.unwrap().account_id.0
}

/// Who has given the password and is to add a second factor.
const ENROLLING: &str = "second factor to be added";

/// Those who are nobody at the staff's routes, whatever they once were or are about to be; each was given the most that
/// there is in the school.
async fn nobodies(app: &TestApp, school: &TestSchool) -> Vec<(&'static str, Client)> {
    let mut all = vec![("anonymous", app.anonymous.clone())];
    for (who, becomes) in [
        ("disabled", "update accounts set disabled_at = created_at where account_id = $1"),
        ("invited, not confirmed", "update accounts set activated_at = null where account_id = $1"),
    ] {
        let person = app.person(school.id, StaffRole::Admin).await.unwrap();
        let pool = &app.running().pools().log_writer;
        let changed = sqlx::query(becomes).bind(person.account_id.0).execute(pool).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{who}");
        all.push((who, app.browser(&person).unwrap()));
    }
    for (who, stage) in [("second factor to come", Stage::SecondFactor), (ENROLLING, Stage::Enrolment)] {
        let mut person = app.person(school.id, StaffRole::Admin).await.unwrap();
        let proof = person.proof(app.state()).await.unwrap();
        let half = Begin { proof, stage, device: String::new(), network: String::new() };
        let secret = app.state().sessions.begin(&half, None).await.unwrap().unwrap();
        person.cookie = format!("sid={}", *secret.reveal());
        all.push((who, app.browser(&person).unwrap()));
    }
    all.push(("kiosk", kiosks::device(&school.secret)));
    all
}

/// What must be in no answer to anybody of another school.
fn marks(school: &TestSchool) -> Vec<String> {
    let ids = [school.id.0, school.course.0, school.kiosk.0].map(|id| id.to_string());
    ids.into_iter().chain(school.pupils.iter().map(|(id, _)| id.to_string())).collect()
}

/// What shows an id of no course, kiosk or pupil on a morning on which nobody has come: figures, forms, lists of what
/// happened, people.
const SHOW_NO_ID: [&str; 31] = [
    "/alumnos",
    "/anio-escolar",
    "/api/v1/acts/waiting",
    "/api/v1/audit/days/{date}/events",
    "/api/v1/calendar/{date}",
    "/api/v1/days/{date}/{student_id}/acts",
    "/api/v1/live/pupils",
    "/api/v1/live/stream",
    "/api/v1/no-show",
    "/api/v1/reports/absence",
    "/api/v1/reports/gates",
    "/api/v1/roll-calls/{date}/{roll_call_id}",
    "/api/v1/settings",
    "/auditoria/dia.csv",
    "/avisos",
    "/calendario",
    "/casos",
    "/comunicados/{broadcast_id}/resultados",
    "/cursos/nuevo",
    "/hoy/muro",
    "/hoy/presentes/{date}/{roll_call_id}",
    "/informes",
    "/informes/accesos",
    "/informes/ausencias",
    "/informes/dia",
    "/informes/nomina",
    "/kioscos",
    "/matricula/nomina",
    "/personas",
    "/registro",
    "/solicitudes",
];

#[tokio::test]
async fn a50_p31_every_route_as_every_kind_of_person_over_own_foreign_and_random_ids() {
    let app = TestApp::start_with_documents().await.unwrap();
    let (own, twin) = (app.school(2).await.unwrap(), app.school(2).await.unwrap());
    let members = [member(&app, &own).await, member(&app, &twin).await];
    for school in [&own, &twin] {
        app.case(school).await.unwrap();
        app.document(school).await.unwrap();
        app.broadcast(school).await.unwrap();
    }
    let ids = |school: SchoolId| if school == own.id { Ids::of(&own, members[0]) } else { Ids::of(&twin, members[1]) };
    let nobodies = nobodies(&app, &own).await;
    let mut people: Vec<(StaffRole, TestPerson, &TestSchool, &TestSchool)> = Vec::new();
    for role in StaffRole::ALL {
        people.push((role, app.person(own.id, role).await.unwrap(), &own, &twin));
        people.push((role, app.person(twin.id, role).await.unwrap(), &twin, &own));
    }
    let mut programs = Vec::new();
    for (_, person, school, _) in &people {
        let begin = tokens::Begin {
            proof: person.proof(app.state()).await.unwrap(),
            school: school.id,
            client: String::new(),
            network: String::new(),
        };
        programs.push(kiosks::device(&app.state().tokens.begin(&begin).await.unwrap().unwrap().access));
    }
    let beside = beside::Beside::of(&app, &own).await;
    let (had, things) = (beside.has(&app).await, beside.things());
    let random = SchoolId(Uuid::from_u128(0xdead));
    let (mut cells, mut empty) = (0, BTreeSet::new());
    for route in ROUTES.iter().filter(|route| matches!(route.access, Access::Person | Access::May(_))) {
        for (who, client) in &nobodies {
            for school in [Some(own.id), Some(random), None] {
                let refused = ask(&app, client, route, school, ids(own.id)).await;
                let what = format!("{who} {route:?} {school:?}");
                turned_away(route, refused, &what).await;
                cells += 1;
            }
        }
        for ((role, person, own, foreign), program) in people.iter().zip(&programs) {
            let client = app.browser(person).unwrap();
            let what = format!("{role} {route:?}");
            let allowed = match route.access {
                Access::May(permission) => permission.is_of(*role),
                _ => true,
            };
            for school in [Some(own.id), None] {
                let answer = ask(&app, &client, route, school, ids(own.id)).await;
                let status = answer.status();
                let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
                let text = text(answer).await;
                if allowed {
                    assert!(lets_in(route, status.as_u16()), "{what}: {status} {text}");
                    let away = location.is_some_and(|to| to.starts_with("/entrar") || to.contains("confirmar"));
                    assert!(!away, "{what}: {status}");
                    let shows = route.method == "GET" && matches!(route.access, Access::May(_));
                    // Not the school's own id, which stands in every page's links.
                    if shows && !marks(own).iter().skip(1).any(|mark| text.contains(mark)) {
                        empty.insert(route.path);
                    }
                } else {
                    assert_eq!(status, 403, "{what}: {text}");
                }
                for mark in marks(foreign) {
                    assert!(!text.contains(&mark), "{what}: what is another school's");
                }
                for thing in &things {
                    assert!(!text.contains(thing), "{what}: what is another person's: {thing}");
                }
                cells += 1;
            }
            cells += beside.is_out_of_reach(&app, &client, route, &what).await;
            if route.is_api() {
                // A program may what its person may, in the one school of its token.
                let answer = ask(&app, program, route, Some(own.id), ids(own.id)).await;
                let (status, text) = (answer.status(), text(answer).await);
                let right = if allowed { lets_in(route, status.as_u16()) } else { status == 403 };
                assert!(right, "program of {what}: {status} {text}");
                let others = marks(foreign).into_iter().chain(things.iter().cloned());
                others.for_each(|other| assert!(!text.contains(&other), "program of {what}: {other}"));
                cells += 1;
            }
            if matches!(route.access, Access::May(_)) {
                // A school of others and one that is nowhere are the same to everybody.
                let mut answers = Vec::new();
                for school in [foreign.id, random] {
                    let refused = ask(&app, &client, route, Some(school), ids(foreign.id)).await;
                    answers.push(refusal(refused).await.unwrap());
                    cells += 1;
                }
                assert_eq!(answers, [(404, "not_found".to_owned()), (404, "not_found".to_owned())], "{what}");
            }
            let about_somebody =
                form(route, ids(own.id), Uuid::nil()).is_some_and(|f| f.iter().any(|(k, _)| *k == "cuenta"));
            let names_something =
                ["{id}", "{kiosk_id}", "{slot_id}", "{student_id}", "{roll_call_id}", "{broadcast_id}"]
                    .iter()
                    .any(|id| route.path.contains(id));
            if allowed && (names_something || about_somebody) {
                // The asker's own school, and what is in it only by name.
                let mut answers = Vec::new();
                for ids in [ids(foreign.id), Ids::nowhere(Uuid::from_u128(0xbad))] {
                    let refused = ask(&app, &client, route, Some(own.id), ids).await;
                    let status = refused.status();
                    let text = refused.text().await.unwrap();
                    assert!(status == 404 || about_somebody && status == 422, "{what}: {status}");
                    assert!(marks(foreign).iter().all(|mark| !text.contains(mark)), "{what}");
                    cells += 1;
                    answers.push((status, text.len()));
                }
                assert_eq!(answers[0], answers[1], "{what}");
            }
        }
    }
    for (n, school) in [&own, &twin].into_iter().enumerate() {
        let found = app.state().accounts.members(school.id).await.unwrap();
        assert!(found.iter().all(|found| found.account_id.0 != members[1 - n]), "nobody crossed over");
    }
    assert_eq!(beside.has(&app).await, had, "what is another person's is as it was");
    // What adds a second factor is for who is to add one, and for nobody else.
    let open = ("open", app.browser(&people[0].1).unwrap());
    for route in ROUTES.iter().filter(|route| route.access == Access::Enrolling) {
        for (who, client) in nobodies.iter().chain([&open]) {
            let answer = ask(&app, client, route, None, ids(own.id)).await;
            let away = answer.headers().get("location").is_some_and(|to| to == "/entrar");
            assert_eq!(away, *who != ENROLLING, "{who} {route:?}: {}", answer.status());
            cells += 1;
        }
    }
    assert!(cells > 1500, "{cells}");
    assert_eq!(empty, SHOW_NO_ID.into_iter().collect(), "who may look sees what is there");
    app.shutdown().await;
}

#[tokio::test]
async fn p31_every_route_as_somebody_whom_the_school_has_invited_and_another_school_has() {
    let app = TestApp::start_with_documents().await.unwrap();
    let (home, asks) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let ids = Ids::of(&asks, member(&app, &asks).await);
    app.case(&asks).await.unwrap();
    app.document(&asks).await.unwrap();
    app.broadcast(&asks).await.unwrap();
    let mut people = Vec::new();
    for role in StaffRole::ALL {
        let email = format!("{role}@escuela.cl");
        // What the person may do at home opens nothing elsewhere, whatever was offered there.
        let account_id = app.member(&home, &email, StaffRole::Owner).await.unwrap();
        let invite = Invite { email, name: "Rosa Díaz".into(), role };
        assert!(app.state().accounts.invite(&app.context(asks.id), invite).await.unwrap().pending);
        people.push((role, TestPerson { account_id, cookie: String::new() }));
    }
    let mut cells = 0;
    for accepted in [false, true] {
        for (_, person) in &mut people {
            if accepted {
                app.state().accounts.accept(person.account_id, asks.id).await.unwrap();
            }
            person.sign_in(app.state()).await.unwrap();
        }
        for route in ROUTES {
            let Access::May(permission) = route.access else { continue };
            for (role, person) in &people {
                let what = format!("{role} {accepted} {route:?}");
                let client = app.browser(person).unwrap();
                let answer = ask(&app, &client, route, Some(asks.id), ids).await;
                let status = answer.status().as_u16();
                match (accepted, permission.is_of(*role)) {
                    (false, _) => {
                        let random = SchoolId(Uuid::from_u128(0xdead));
                        let nowhere = ask(&app, &client, route, Some(random), ids).await;
                        let answers = [refusal(answer).await.unwrap(), refusal(nowhere).await.unwrap()];
                        assert_eq!(answers, [(404, "not_found".to_owned()), (404, "not_found".to_owned())], "{what}");
                    }
                    (true, true) => assert!(lets_in(route, status), "{what}: {status}"),
                    (true, false) => assert_eq!(status, 403, "{what}"),
                }
                cells += 1;
            }
        }
    }
    assert!(cells > 200, "{cells}");
    app.shutdown().await;
}

#[tokio::test]
async fn p13_p31_every_route_as_a_guardian_and_the_families_routes_as_everybody() {
    let app = TestApp::start().await.unwrap();
    let (own, twin) = (app.school(4).await.unwrap(), app.school(1).await.unwrap());
    let rights = |may_view, restricted| GuardianRights { may_view, restricted, ..GuardianRights::default() };
    let pupil = |n: usize| own.pupils[n].0;
    // One to be seen, a sibling without a link, one with a restriction beside the right, one with a link for notices.
    let links = [
        (pupil(0), rights(true, false)),
        (pupil(2), rights(true, true)),
        (pupil(3), GuardianRights { notify: true, legal: true, may_collect: true, ..rights(false, false) }),
    ];
    app.guardian(&own, "ana@example.com", &links).await.unwrap();
    app.guardian(&own, "leo@example.com", &[(pupil(1), rights(true, false))]).await.unwrap();
    app.guardian(&twin, "eva@example.com", &[(twin.pupils[0].0, rights(true, false))]).await.unwrap();
    // Others have come in, and somebody else's child has come.
    let others_in = [app.family("leo@example.com").await.unwrap(), app.family("eva@example.com").await.unwrap()];
    app.scan(&own, &[own.scan(1, &own.pupils[1].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let cookie = app.family("ana@example.com").await.unwrap();
    let guardian = app.browser(&TestPerson { account_id: app.owner().account_id, cookie }).unwrap();
    let random = StudentId(Uuid::from_u128(0xbad));
    let others = [pupil(1), pupil(2), pupil(3), twin.pupils[0].0, random];
    let mut staff = vec![("anonymous".to_owned(), app.anonymous.clone())];
    for role in StaffRole::ALL {
        staff.push((role.to_string(), app.sign_in(&own, role).await.unwrap()));
    }
    let send = async |client: &Client, route: &Route, path: &str| {
        let request = client.request(route.method.parse().unwrap(), format!("{}{path}", app.base));
        let ids = Ids::of(&own, Uuid::nil());
        let request = match form(route, ids, random.0).filter(|_| route.method == "POST") {
            Some(form) => with_form(request, form),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location, answer.text().await.unwrap())
    };
    let mut cells = 0;
    for route in ROUTES {
        match route.access {
            // The staff's: a guardian is nobody there.
            Access::Person | Access::May(_) => {
                for school in [Some(own.id), Some(twin.id), None] {
                    let ids = Ids::of(&own, Uuid::nil());
                    let refused = ask(&app, &guardian, route, school, ids).await;
                    let what = format!("guardian {route:?} {school:?}");
                    turned_away(route, refused, &what).await;
                    cells += 1;
                }
            }
            Access::Guardian | Access::OwnPupil => {
                let of = |student: StudentId| route.path.replace("{student_id}", &student.to_string());
                for (who, client) in &staff {
                    for student in [pupil(0), pupil(1), twin.pupils[0].0, random] {
                        let (status, location, text) = send(client, route, &of(student)).await;
                        assert_eq!((status, location.as_deref()), (303, Some("/familia/entrar")), "{who} {route:?}");
                        assert!(!text.contains("Ana"), "{who} {route:?}");
                        cells += 1;
                    }
                }
                let (status, to, text) = send(&guardian, route, &of(pupil(0))).await;
                // How somebody came in, and what the school wrote, name no pupil.
                let shows = match route.path {
                    "/familia/sesiones" => "Esta sesión",
                    "/familia/comunicados" => "El colegio no le ha escrito",
                    _ => "Ana 0 Pérez Soto",
                };
                assert!(!text.contains("class=\"taps\""), "{route:?}: the one who came is another's");
                for session in beside::family_sessions(&app, &others_in).await {
                    assert!(!text.contains(&session), "{route:?}: a session of another guardian");
                }
                match route.method {
                    // What is said of a pupil ends on the pupil's page.
                    "POST" if route.access == Access::OwnPupil => {
                        let to = to.unwrap_or_default();
                        assert!(status == 303 && of(pupil(0)).starts_with(to.split('?').next().unwrap()), "{route:?}");
                    }
                    "POST" => assert_eq!((status, to.as_deref()), (303, Some(route.path)), "{route:?}"),
                    _ => assert!(status == 200 && text.contains(shows), "{route:?}: {status} {text}"),
                }
                for other in ["Ana 1", "Ana 2", "Ana 3"].into_iter().map(str::to_owned).chain(marks(&twin)) {
                    assert!(!text.contains(&other), "{route:?}: {other}");
                }
                cells += 1;
                if route.access == Access::OwnPupil {
                    // Nobody can tell an unlinked, restricted or foreign pupil from one who is nowhere.
                    let mut answers = Vec::new();
                    for other in others {
                        let (status, _, text) = send(&guardian, route, &of(other)).await;
                        assert!(!text.contains("Ana"), "{route:?} {other}");
                        answers.push((status, text.len()));
                        cells += 1;
                    }
                    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 404), "{answers:?}");
                    assert_eq!(send(&guardian, route, &route.path.replace("{student_id}", "x")).await.0, 404);
                }
            }
            Access::Public | Access::Local | Access::Kiosk | Access::Enrolling => {}
        }
    }
    assert!(cells > 100, "{cells}");
    assert_eq!(beside::family_sessions(&app, &others_in).await.len(), 2, "those of others are open still");
    app.shutdown().await;
}

#[tokio::test]
async fn a_person_of_two_schools_names_one_and_sees_both_in_the_choice_and_no_third() {
    let app = TestApp::start().await.unwrap();
    let (one, two, three) = (app.school(1).await.unwrap(), app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let person = app.person(one.id, StaffRole::Director).await.unwrap();
    app.grant(person.account_id, two.id, StaffRole::Auditor).await.unwrap();
    let client = app.browser(&person).unwrap();
    let status = async |path: String| {
        let answer = client.get(format!("{}{path}", app.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(status("/api/v1/live".into()).await.0, 422, "one of two");
    assert_eq!(status(format!("/api/v1/live?school={}", one.id)).await.0, 200);
    assert_eq!(status(format!("/api/v1/live?school={}", two.id)).await.0, 403);
    assert_eq!(status(format!("/api/v1/audit?school={}", two.id)).await.0, 200);
    assert_eq!(status(format!("/api/v1/live?school={}", three.id)).await.0, 404);
    assert_eq!(status(format!("/api/v1/live?school={0}&school={0}", one.id)).await.0, 422);
    let (code, page) = status("/escuelas".into()).await;
    let shows = |school: &TestSchool| page.contains(&school.id.to_string());
    assert_eq!((code, shows(&one), shows(&two), shows(&three)), (200, true, true, false));
    assert_eq!(page.matches("de 1 adentro").count(), 1, "the figures of the one where the person may see the day");
    app.shutdown().await;
}

#[tokio::test]
async fn a21_p24_no_page_of_another_site_writes_by_any_route_however_its_request_is_made() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let head = async || nats::log::head(&app.running().pools().log_reader).await.unwrap().position;
    let before = head().await;
    let (ours, site) = (app.base.as_str(), "sec-fetch-site");
    // What the browser says beside the cookie that it brings; whether that is a page of ours.
    let says: [(&[(&str, &str)], bool); 13] = [
        (&[], false),
        (&[(site, "cross-site")], false),
        (&[(site, "same-site")], false),
        (&[(site, "surprise")], false),
        (&[(site, "same-origin"), (site, "cross-site")], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[(site, "cross-site"), ("origin", ours)], false),
        (&[("origin", "http://127.0.0.1:1")], false),
        (&[("origin", ours), ("origin", ours)], false),
        (&[(site, "same-origin")], true),
        (&[(site, "none")], true),
        (&[("origin", ours)], true),
    ];
    let (mut cells, mut last) = (0, before);
    for (says, is_ours) in says {
        for route in ROUTES.iter().filter(|route| route.method != "GET") {
            let person =
                if is_ours { app.person(school.id, StaffRole::Admin).await.unwrap() } else { app.owner().clone() };
            let ids = Ids::of(&school, Uuid::nil());
            let asked = request(&app, &app.anonymous, route, None, ids).header("cookie", &person.cookie);
            let asked = says.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value));
            let answer = asked.send().await.unwrap();
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert_eq!(status == 403 && text.contains("cross_site"), !is_ours, "{route:?} {says:?}: {status}");
            cells += 1;
        }
        if !is_ours {
            last = head().await;
        }
    }
    assert!(cells >= 12 * 20, "{cells}");
    assert_eq!(last, before, "nothing was written");
    assert!(head().await > before, "a page of ours writes");
    app.shutdown().await;
}

#[tokio::test]
async fn figures_are_for_this_machine_alone() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.hosts = vec!["gate.school.cl".to_owned()];
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let of = async |host: &str| {
        let request = app.anonymous.get(format!("{}/metrics", app.base)).header("host", host);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(of("localhost").await, 200);
    assert_eq!(of("gate.school.cl").await, 403, "through the proxy");
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_is_sent_to_sign_in_comes_back_to_the_same_page() {
    let app = TestApp::start().await.unwrap();
    let to = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = app.anonymous.get(format!("{}{path}", app.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()))
    };
    assert_eq!(to("/", &[]).await, (303, Some("/entrar".into())));
    assert_eq!(to("/hoy?lang=en", &[]).await, (303, Some("/entrar?volver=%2Fhoy%3Flang%3Den".into())));
    assert_eq!(to("/hoy", &[("hx-request", "true")]).await, (401, None), "a fragment is no place for a form");
    assert_eq!(to("/hoy/live", &[]).await, (401, None));
    let fragment = app.anonymous.get(format!("{}/hoy", app.base)).header("hx-request", "true").send().await.unwrap();
    assert_eq!(fragment.headers()["hx-refresh"], "true");
    app.shutdown().await;
}
