//! What makes no sense, sent to every route: it is refused, in time, and nobody panics.

use super::FORM_LIMIT;
use super::answers::Scene;
use crate::permissions::tests::{Ids, form};
use crate::permissions::{Access, ROUTES};
use crate::testing::with_form;
use domain::account::StaffRole;
use std::time::{Duration, Instant};
use uuid::Uuid;

const LONG: usize = 300_000;

/// Bodies with the types that they claim.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let texts: [(&str, &str); 21] = [
        (JSON, ""),
        (JSON, "{"),
        (JSON, "null"),
        (JSON, "[]"),
        (JSON, "\"\""),
        (JSON, "1e400"),
        (JSON, "{\"a\":1,\"a\":2}"),
        (JSON, "{\"scans\":[{}],\"queue_id\":\"\\u0000\"}"),
        (JSON, "{\"effective_from\":\"+294277-01-01\",\"stays\":[]}"),
        (
            JSON,
            "{\"effective_from\":\"-9999-12-31\",\"stays\":[{\"weekday\":\"Mon\",\"entry\":\"24:00\",\"exit\":\"\"}]}",
        ),
        (JSON, "{\"email\":9223372036854775808,\"password\":[]}"),
        (JSON, "{\"refresh_token\":\"\\ud800\"}"),
        ("application/json; charset=utf-16", "{}"),
        ("application/csp-report", "{\"csp-report\":[]}"),
        ("multipart/form-data; boundary=x", "--x\r\n\r\n--x--"),
        (FORM, ""),
        (FORM, "&&&==%"),
        (FORM, "clave=%00&email=%00&nombre=%00&codigo=%00&enlace=%00&correo=%00&rol=%00&cuenta=%00&sesion=%00"),
        (FORM, "clave=a&clave=b&email=a&email=b&enlace=a&enlace=b"),
        (FORM, "email=a%0d%0aBcc:x@evil.example&nombre=%0d%0a&rol=ADMIN&correo=a%0d%0ab@x.cl"),
        (FORM, "cuenta=../../etc&que=dar&rol=ROOT&sesion=otras&programa=%F0%9F&volver=%2F%2Fx"),
    ];
    let mut all: Vec<_> = texts.into_iter().map(|(kind, text)| (kind, text.as_bytes().to_vec())).collect();
    for kind in [JSON, FORM, "application/csp-report"] {
        all.push((kind, vec![0xff, 0xfe, 0xc0, 0x80]));
        all.push((kind, vec![b'['; LONG]));
    }
    all
}

const QUERIES: [&str; 12] = [
    "?school=%00&colegio=%00&date=%00&cursor=%00",
    "?limit=-1&cursor=-1&date=0000-00-00",
    "?limit=18446744073709551616&date=%2B294277-01-01",
    "?from=9999-12-31T23:59:60Z&to=0000-01-01T00:00:00Z",
    "?school=' or 1=1 --&colegio=' or 1=1 --",
    "?lang=%F0%9F%98&lang=en&muro=%FF",
    "?%00=%00&&&=",
    "?antes=9223372036854775808&antes=x&pagina=-1",
    "?volver=%2F%2Fevil.example&aviso=%3Cscript%3E",
    "?person=x&actor=%5C&stream=..%2F..&order=sideways",
    "?date=2026-02-30&position=1e9",
    "?school[]=1&school.x=2",
];

#[tokio::test(flavor = "multi_thread")]
async fn p52_whatever_is_sent_to_any_route_is_refused_in_time_and_nobody_panics() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let (mut asked, mut refused) = (0, 0);
    for route in ROUTES {
        let person = app.person(scene.school.id, StaffRole::Admin).await.unwrap();
        let guardian = app.family("ana@example.com").await.unwrap();
        // The kiosk is trusted to the end.
        let there = scene.path(route, !(route.path.ends_with("/revoke") || route.path.ends_with("/anular")));
        let odd = |id: &str| {
            let path = ["{id}", "{kiosk_id}", "{student_id}", "{slot_id}", "{name}", "{date}", "{entry_id}"];
            path.iter().chain(&["{roll_call_id}"]).fold(route.path.to_owned(), |path, name| path.replace(name, id))
        };
        let paths = QUERIES.map(|query| format!("{there}{}", query.replace(' ', "%20").replace('\'', "%27")));
        let odd = ["%00", "..%2f..%2fetc", "%F0%9F", "00000000-0000-0000-0000-00000000000g", "x".repeat(2000).as_str()]
            .map(odd);
        let without = paths.into_iter().chain(odd).map(|path| (path, None));
        let with = bodies().into_iter().map(|body| (there.clone(), Some(body)));
        for (path, body) in without.chain(with.filter(|_| route.method != "GET")) {
            let request = app.anonymous.request(route.method.parse().unwrap(), format!("{}{path}", app.base));
            let request = request.header("sec-fetch-site", "same-origin").header("idempotency-key", "no id");
            let request = match route.access {
                Access::Guardian | Access::OwnPupil => request.header("cookie", &guardian),
                Access::Kiosk => request.bearer_auth(&scene.school.secret),
                _ => request.header("cookie", &person.cookie),
            };
            let size = body.as_ref().map_or(0, |(_, body)| body.len());
            let kind = body.as_ref().map_or("", |(kind, _)| kind);
            let what = format!("{} {} {kind} {size}", route.method, path.chars().take(120).collect::<String>());
            let request =
                if let Some((kind, body)) = body { request.header("content-type", kind).body(body) } else { request };
            // It may be closed before all of it is read.
            let request = if size == LONG { request.header("connection", "close") } else { request };
            let begun = Instant::now();
            let answer = match request.send().await {
                Ok(answer) => answer,
                // Whoever is refused in the middle of a large body may not get to read why.
                Err(error) if size == LONG => {
                    assert!(error.is_request() || error.is_body(), "{what}: {error}");
                    continue;
                }
                Err(error) => panic!("{what}: {error}"),
            };
            let status = answer.status().as_u16();
            assert!(status < 500, "{what}: {status}");
            // Two, on a machine that does nothing else.
            assert!(begun.elapsed() < Duration::from_secs(6), "{what}: {:?}", begun.elapsed());
            asked += 1;
            refused += usize::from(status >= 400);
        }
    }
    assert!(asked > 1_500 && refused * 3 > asked, "{refused} of {asked} refused");
    let scan = scene.school.scan(1, &scene.school.pupils[0].1, app.now());
    assert_eq!(app.scan(&scene.school, &[scan]).await.unwrap()[0]["verdict"], "accepted", "it works as before");
    scene.app.shutdown().await;
}

#[tokio::test]
async fn p48_a_form_is_of_64_kib_at_most_on_every_page_that_takes_one() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let mut forms = 0;
    let ids = Ids::of(&scene.school, Uuid::nil());
    for route in ROUTES.iter().filter(|route| route.method == "POST" && !route.is_api()) {
        // What takes no form does not read one.
        if form(route, ids, Uuid::nil()).is_none_or(|form| form.is_empty()) {
            continue;
        }
        let send = async |bytes: usize| {
            let person = app.person(scene.school.id, StaffRole::Admin).await.unwrap();
            let request = app.anonymous.post(format!("{}{}", app.base, route.path)).header("origin", &app.base);
            let filler = "x".repeat(bytes - "de-mas=".len());
            let answer = with_form(request.header("cookie", person.cookie), [("de-mas", filler)]).send().await.unwrap();
            answer.status().as_u16()
        };
        let fits = send(FORM_LIMIT).await;
        assert_ne!(fits, 413, "{}", route.path);
        if fits != 429 {
            // Whoever has nothing to enrol, or is no guardian, is sent on before a form is read.
            let elsewhere =
                matches!(route.access, Access::Enrolling | Access::Guardian | Access::OwnPupil) && fits == 303;
            assert_eq!(send(FORM_LIMIT + 1).await, if elsewhere { 303 } else { 413 }, "{}", route.path);
            forms += 1;
        }
    }
    assert!(forms >= 10, "{forms}");
    scene.app.shutdown().await;
}
