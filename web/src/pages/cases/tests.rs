//! The pages of the cases over HTTP, with the worker that finds them.

use crate::pages::tests::shown::{get, post};
use crate::testing::{CASE_DAY, TestApp, TestSchool, minutes};
use commands::use_cases::{LinkGuardian, RegisterGuardian, link_guardian, register_guardian};
use domain::StudentId;
use domain::account::StaffRole;
use domain::student::GuardianRights;
use domain::values::phone::Phone;
use reqwest::Client;
use serde_json::json;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What was said of cases, by whom, oldest first.
async fn told(app: &TestApp) -> Vec<(String, String)> {
    sqlx::query_as(
        "select event_type, split_part(actor, ':', 1) from events where aggregate_type = 'no_show_case' order by position",
    )
    .fetch_all(&app.running().pools().log_reader)
    .await
    .unwrap()
}

fn facts(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(what, who)| ((*what).to_owned(), (*who).to_owned())).collect()
}

/// The first so many pupils come in time.
async fn come(app: &TestApp, school: &TestSchool, pupils: std::ops::Range<usize>) {
    let scans: Vec<_> =
        pupils.map(|n| school.scan(i64::try_from(n).unwrap() + 1, &school.pupils[n].1, app.now())).collect();
    app.scan(school, &scans).await.unwrap();
    app.settle().await.unwrap();
}

/// It is 08:31, a minute after the deadline, and the gate says that nothing waits on it.
async fn past_the_deadline(app: &TestApp, school: &TestSchool, last_seq: usize) {
    app.clock.advance(minutes(61));
    let beat = json!({
        "queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": app.now(),
        "monotonic_ms": 10_000_000 + 61 * 60_000, "queue_depth": 0, "last_seq": last_seq,
    });
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", app.base, school.kiosk);
    let answer = app.anonymous.post(url).bearer_auth(&school.secret).json(&beat).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// The page, once it says something.
async fn until(app: &TestApp, client: &Client, path: &str, says: &str) -> String {
    let begun = Instant::now();
    loop {
        let (status, _, page) = get(app, client, path).await;
        assert_eq!(status, 200, "{path}");
        if page.contains(says) {
            return page;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{says}: {page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The addresses that forms of the page send to, by their end.
fn actions(page: &str, end: &str) -> Vec<String> {
    let all = page.split("action=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
    all.filter(|action| action.split('?').next().unwrap().ends_with(end)).collect()
}

#[tokio::test]
async fn who_did_not_come_is_on_the_page_and_one_tap_says_who_looks_after_it() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(4).await.unwrap();
    let early = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert!(get(&app, &early, "/casos").await.2.contains("Todavía no vence ningún plazo"));
    come(&app, &school, 0..3).await;
    let page = get(&app, &early, "/casos").await.2;
    assert!(page.contains("Nadie sin ingreso") && page.contains("Falta 1 por llegar"), "{page}");
    assert!(!page.contains("Últimos 30 días"), "there is nothing to measure");

    past_the_deadline(&app, &school, 3).await;
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let page = until(&app, &inspector, "/casos", "Aviso a la familia pedido").await;
    for says in ["Ana 3", "1° Básico A", "plazo 08:30, hace 1 min", "Últimos 30 días", "1 caso"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("Ana 2"), "who came has no case");
    assert_eq!(actions(&page, "/avisar"), Vec::<String>::new(), "it was asked for already");
    let see = actions(&page, "/ver").remove(0);
    let by_rule = [("opened", "system"), ("notice_requested", "system")];
    assert_eq!(told(&app).await, facts(&by_rule));

    let done = post(&app, &inspector, &see, &[("desde", "lista")]).await;
    let back = format!("/casos?colegio={}&fecha=2026-03-09&aviso=visto&alumno={}", school.id, school.pupils[3].0);
    assert_eq!((done.0, done.1.as_deref()), (303, Some(back.as_str())));
    // What the next page shows is what was done.
    let page = get(&app, &inspector, &back).await.2;
    assert!(page.contains("Quedó anotado que usted lo está viendo.") && page.contains("Lo está viendo usted desde"));
    assert!(actions(&page, "/ver").is_empty(), "once is enough");
    // A second tap, and a colleague's.
    let other = app.sign_in(&school, StaffRole::Director).await.unwrap();
    for client in [&inspector, &other] {
        assert_eq!(post(&app, client, &see, &[]).await.0, 303);
    }
    assert_eq!(told(&app).await.len(), 3);
    let page = get(&app, &other, "/casos").await.2;
    assert!(page.contains("Lo está viendo Marta Rojas desde"), "{page}");
    // The other still has the page of before.
    let late = post(&app, &other, &see.replace("/ver?", "/avisar?"), &[("desde", "caso")]).await;
    let page = get(&app, &other, late.1.as_deref().unwrap()).await.2;
    assert!(page.contains("Alguien ya lo está viendo: no se pidió avisar"), "{page}");

    let justify = see.replace("/ver?", "/justificar?");
    for wrong in [vec![], vec![("motivo", "\"><script>")]] {
        let refused = post(&app, &inspector, &justify, &wrong).await.1.unwrap();
        assert!(get(&app, &inspector, &refused).await.2.contains("Elija un motivo."));
    }
    for _ in 0..2 {
        let done = post(&app, &inspector, &justify, &[("motivo", "hora-medica")]).await.1.unwrap();
        let page = get(&app, &inspector, &done).await.2;
        assert!(page.contains("Quedó justificado.") && page.contains("Justificado: hora médica."), "{page}");
    }
    app.settle().await.unwrap();
    let day = get(&app, &inspector, &format!("/hoy/cursos/{}", school.course)).await.2;
    assert!(day.contains("id=\"group-justified\"") && day.contains("hora médica"), "the day is justified too: {day}");
    let closed = post(&app, &other, &see, &[("desde", "lista")]).await.1.unwrap();
    let page = get(&app, &other, &closed).await.2;
    assert!(page.contains("El caso ya se cerró. No se hizo nada.") && page.contains("Ana 3"), "{page}");
    let all = [by_rule[0], by_rule[1], ("acknowledged", "user"), ("resolved", "user")];
    assert_eq!(told(&app).await, facts(&all));
    app.shutdown().await;
}

#[tokio::test]
async fn the_families_of_a_mass_are_told_together_of_whom_the_page_named_and_who_is_still_held() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(8).await.unwrap();
    come(&app, &school, 0..3).await;
    past_the_deadline(&app, &school, 3).await;
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let page = until(&app, &inspector, "/casos", "Avisar a las 5 familias").await;
    assert!(page.contains("Faltan demasiados a la vez"), "{page}");
    let asks = format!("/casos/cursos/{}/avisar?colegio={}&fecha=2026-03-09", school.course, school.id);
    assert!(page.contains(&asks.replace('&', "&amp;")), "{page}");
    let page = get(&app, &inspector, &asks).await.2;
    for n in 3..8 {
        assert!(page.contains(&format!("Ana {n}")), "{n}: {page}");
    }
    let named = |n: usize| {
        let student = school.pupils[n].0.to_string();
        let mut all =
            page.split("name=\"caso\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        all.find(|value| value.ends_with(&student)).unwrap()
    };
    // One comes while the question is on the screen.
    come(&app, &school, 3..4).await;
    until(&app, &inspector, "/casos", "Ingresó a las 08:31.").await;
    let (came, one, two) = (named(3), named(4), named(5));
    let form = [("fecha", "2026-03-09"), ("caso", came.as_str()), ("caso", &one), ("caso", &two)];
    let post_to = format!("/casos/cursos/{}/avisar?colegio={}", school.course, school.id);
    for _ in 0..2 {
        let done = post(&app, &inspector, &post_to, &form).await;
        let back = format!("/casos?colegio={}&fecha=2026-03-09&aviso=avisados", school.id);
        assert_eq!((done.0, done.1.as_deref()), (303, Some(back.as_str())));
        let page = get(&app, &inspector, &back).await.2;
        assert!(page.contains("Quedó pedido el aviso a las familias"), "{page}");
        assert!(page.contains("Avisar a las 2 familias"), "those whom the form did not name wait on: {page}");
    }
    let released = told(&app).await.into_iter().filter(|(what, _)| what == "notice_requested").collect::<Vec<_>>();
    assert_eq!(released, facts(&[("notice_requested", "user"), ("notice_requested", "user")]));
    app.shutdown().await;
}

#[tokio::test]
async fn a_case_says_whom_to_call_in_order_and_nobody_who_must_not_be() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(2).await.unwrap(), app.school(1).await.unwrap());
    let case = app.case(&school).await.unwrap();
    let guardian = async |name: &str, phone: Option<&str>, rights: GuardianRights| {
        let context = app.context(school.id);
        let phone = phone.map(|number| Phone::parse(number).unwrap());
        let input =
            RegisterGuardian { name: name.into(), national_id: None, phone, mail: None, within: Some(name.into()) };
        let guardian_id = register_guardian(app.write(), &context, input).await.unwrap().guardian_id;
        let link = LinkGuardian { student_id: school.pupils[0].0, guardian_id, rights };
        link_guardian(app.write(), &context, link).await.unwrap();
    };
    let none = GuardianRights::default();
    guardian("Tía Paz", Some("9 8765 4321"), none).await;
    guardian(
        "Padre Barrido",
        Some("9 1111 2222"),
        GuardianRights { legal: true, notify: true, restricted: true, ..none },
    )
    .await;
    guardian("Abuelo Luis", None, GuardianRights { notify: true, ..none }).await;
    guardian("Madre Rosa", Some("9 1234 5678"), GuardianRights { legal: true, ..none }).await;
    app.settle().await.unwrap();
    let inspector = app.person(school.id, StaffRole::Inspector).await.unwrap();
    let client = app.browser(&inspector).unwrap();
    let path = format!("/casos/{CASE_DAY}/{}/{}", case.slot_id, case.student_id);
    let (status, _, page) = get(&app, &client, &path).await;
    assert_eq!(status, 200);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    let order = ["Madre Rosa", "Abuelo Luis", "Tía Paz", "Padre Barrido"].map(at);
    assert!(order.is_sorted(), "{order:?}");
    assert!(page.contains("href=\"tel:+56912345678\"") && page.contains("+56 9 1234 5678"), "{page}");
    assert_eq!(page.matches("href=\"tel:").count(), 2, "{page}");
    assert!(!page.contains("11112222") && !page.contains("1111 2222") && page.contains("No llamar"), "{page}");
    assert!(page.contains("sin teléfono registrado") && page.contains("Faltan demasiados a la vez"));
    let looks: Vec<(String, Option<Uuid>, Option<chrono::NaiveDate>)> =
        sqlx::query_as("select what, student_id, of_date from looks where who_id = $1")
            .bind(inspector.account_id.0)
            .fetch_all(&app.running().pools().log_writer)
            .await
            .unwrap();
    assert_eq!(looks, [("case".to_owned(), Some(case.student_id.0), Some(case.date))]);

    // A held case is released from here, and stays on its page.
    let release = format!("{path}/avisar");
    for _ in 0..2 {
        let done = post(&app, &client, &release, &[("desde", "caso")]).await;
        assert_eq!(done.1, Some(format!("{path}?colegio={}&aviso=avisado", school.id)));
        let page = get(&app, &client, &done.1.unwrap()).await.2;
        for says in
            ["Quedó pedido el aviso a la familia.", "Se pidió avisar a la familia.", "usted", "Quedó por revisar."]
        {
            assert!(page.contains(says), "{says}: {page}");
        }
    }
    assert_eq!(told(&app).await, facts(&[("opened", "cli"), ("held", "cli"), ("notice_requested", "user")]));

    // Of another school, of another pupil, of no day.
    let theirs = app.case(&twin).await.unwrap();
    let nowhere = StudentId(Uuid::from_u128(0xbad));
    for (slot, student) in
        [(theirs.slot_id, theirs.student_id), (case.slot_id, nowhere), (theirs.slot_id, case.student_id)]
    {
        for below in ["", "/ver", "/avisar", "/justificar"] {
            let path = format!("/casos/{CASE_DAY}/{slot}/{student}{below}");
            let (status, _, page) = match below {
                "" => get(&app, &client, &path).await,
                _ => post(&app, &client, &path, &[("motivo", "familia")]).await,
            };
            assert_eq!(status, 404, "{path}");
            assert!(!page.contains("Ana"), "{path}");
        }
    }
    assert_eq!(get(&app, &client, &format!("/casos/hoy/{}/{}", case.slot_id, case.student_id)).await.0, 404);
    assert_eq!(told(&app).await.len(), 5, "another school's was opened and nothing else");
    let auditor = app.sign_in(&school, StaffRole::Auditor).await.unwrap();
    assert_eq!(get(&app, &auditor, "/casos").await.0, 403);
    app.shutdown().await;
}

#[tokio::test]
async fn an_empty_day_says_why_and_another_day_is_one_tap_away() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.case(&school).await.unwrap();
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    let page = get(&app, &inspector, "/casos?fecha=2026-02-03").await.2;
    assert!(page.contains("Ese día no se abrió ningún caso") && page.contains("martes 3 de febrero"), "{page}");
    assert!(page.contains(&format!("fecha={CASE_DAY}")), "the day before");
    let page = get(&app, &inspector, &format!("/casos?fecha={CASE_DAY}")).await.2;
    assert!(page.contains("Ana 0") && page.contains("Por revisar"), "{page}");
    assert!(page.contains(&format!("hx-get=\"/casos?lang=es&amp;colegio={}&amp;fecha={CASE_DAY}\"", school.id)));
    for odd in ["x", "2026-02-30", "9999-01-01"] {
        let page = get(&app, &inspector, &format!("/casos?fecha={odd}")).await.2;
        assert!(page.contains("lunes 9 de marzo"), "{odd}: {page}");
    }
    // A Sunday: nobody is expected.
    app.clock.advance(chrono::TimeDelta::days(6));
    let inspector = app.sign_in(&school, StaffRole::Inspector).await.unwrap();
    assert!(get(&app, &inspector, "/casos").await.2.contains("Hoy no se espera a nadie"));
    app.shutdown().await;
}
