//! Every route of kiosks, as whoever is not the kiosk that its address names (A27).

use super::*;

/// What speaks with a kiosk's secret; it follows no redirect.
pub(super) fn device(secret: &str) -> Client {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {secret}").parse().unwrap());
    let client = workers::outbound::loopback().default_headers(headers);
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The request that a school's kiosk makes there, without its proof.
fn says(app: &TestApp, client: &Client, route: &Route, school: &TestSchool, query: &str) -> RequestBuilder {
    let path = route.path.replace("{kiosk_id}", &school.kiosk.to_string());
    let request = client.request(route.method.parse().unwrap(), format!("{}{path}{query}", app.base));
    match route.path.rsplit('/').next() {
        Some("scans") => {
            let scan = school.scan(1, &school.pupils[0].1, app.now());
            request.json(&school.batch(&[scan], app.now()))
        }
        Some("heartbeat") => request.json(&json!({"queue_id": school.queue, "boot_id": Uuid::from_u128(0xb007),
            "device_time": app.now(), "monotonic_ms": 10_000_000, "queue_depth": 0, "last_seq": 1})),
        _ => request,
    }
}

#[tokio::test]
async fn a27_what_a_kiosk_says_is_taken_with_its_own_secret_and_with_nothing_else_on_every_route_of_kiosks() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let context = app.context(school.id);
    let beside = commands::use_cases::EnrolKiosk {
        kiosk_id: None,
        gate: "Portón Sur".into(),
        mode: domain::kiosk::LaneMode::EntryLane,
    };
    let beside = commands::use_cases::enrol_kiosk(app.write(), &context, beside).await.unwrap().secret.to_string();
    let admin = app.person(school.id, StaffRole::Admin).await.unwrap();
    let begin = tokens::Begin {
        proof: admin.proof(app.state()).await.unwrap(),
        school: school.id,
        client: String::new(),
        network: String::new(),
    };
    let program = app.state().tokens.begin(&begin).await.unwrap().unwrap();
    app.guardian(&school, "ana@example.com", &[]).await.unwrap();
    let guardian = app.family("ana@example.com").await.unwrap();
    let secret = school.secret.as_str();
    let flipped = format!("{}{}", if secret.starts_with('A') { 'B' } else { 'A' }, &secret[1..]);
    let other_case: String = secret
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let bearer = |secret: &str| vec![("authorization", format!("Bearer {secret}"))];
    let ways = [
        ("nothing", vec![]),
        ("an empty secret", bearer("")),
        ("a wrong one", bearer(&flipped)),
        ("part of it", bearer(&secret[1..])),
        ("more than it", bearer(&format!("{secret}A"))),
        ("another case", bearer(&other_case)),
        ("a long one", bearer(&secret.repeat(100))),
        ("the kiosk's beside it", bearer(&beside)),
        ("another school's kiosk's", bearer(&twin.secret)),
        ("another scheme", vec![("authorization", format!("Basic {secret}"))]),
        ("it twice", [bearer(secret), bearer(secret)].concat()),
        ("it beside a wrong one", [bearer(secret), bearer(&flipped)].concat()),
        ("it in another header", vec![("x-device-key", secret.to_owned())]),
        ("it as a cookie", vec![("cookie", format!("sid={secret}")), ("origin", app.base.clone())]),
        ("a person's session", vec![("cookie", admin.cookie.clone()), ("origin", app.base.clone())]),
        ("a guardian's session", vec![("cookie", guardian), ("origin", app.base.clone())]),
        ("a program's token", bearer(&program.access)),
    ];
    let head = async || nats::log::head(&app.running().pools().log_reader).await.unwrap().position;
    let before = head().await;
    let routes: Vec<_> = ROUTES.iter().filter(|route| route.access == Access::Kiosk).collect();
    assert!(routes.len() >= 3, "{routes:?}");
    for route in &routes {
        for (what, headers) in &ways {
            // Whatever is in the query proves nothing.
            let request = says(&app, &app.anonymous, route, &school, &format!("?secret={secret}"));
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
            let refused = request.send().await.unwrap();
            assert_eq!(refused.status(), 401, "{what} {route:?}");
            assert_eq!(refusal(refused).await.unwrap().1, "kiosk_unauthenticated", "{what} {route:?}");
        }
    }
    assert_eq!(head().await, before, "nothing was written");
    for route in &routes {
        // Whichever kiosk was enrolled first, its secret opens itself alone.
        let refused = says(&app, &device(secret), route, &twin, "").send().await.unwrap();
        assert_eq!(refused.status(), 401, "{route:?}");
        for kiosk in [&school, &twin] {
            let answer = says(&app, &device(&kiosk.secret), route, kiosk, "").send().await.unwrap();
            assert_eq!(answer.status(), 200, "{route:?}");
        }
    }
    assert!(head().await > before, "its own secret writes");
    app.shutdown().await;
}

#[tokio::test]
async fn a50_nobody_of_another_school_takes_a_kiosks_trust_away() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let client = app.sign_in(&twin, StaffRole::Admin).await.unwrap();
    let ends = ["/{kiosk_id}/revoke", "/{kiosk_id}/anular"];
    for route in ROUTES.iter().filter(|route| ends.iter().any(|end| route.path.ends_with(end))) {
        let refused = ask(&app, &client, route, Some(twin.id), Ids::of(&school, Uuid::nil())).await;
        assert_eq!(refused.status(), 404, "{route:?}");
    }
    for route in ROUTES.iter().filter(|route| route.access == Access::Kiosk) {
        let answer = says(&app, &device(&school.secret), route, &school, "").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{route:?}");
    }
    app.shutdown().await;
}
