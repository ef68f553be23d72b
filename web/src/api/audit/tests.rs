use crate::testing::{TestApp, minutes, monday_morning};
use serde_json::{Value, json};
use uuid::Uuid;

/// The whole filtered list, newest first, gathered over pages of two.
async fn all(app: &TestApp, filter: &str) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = app.json(&format!("/api/v1/audit?limit=2&{filter}{next}")).await.unwrap();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn each_filter_gives_exactly_the_events_that_it_names() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    let (ana, card) = &school.pupils[0];
    app.clock.advance(minutes(10));
    let unknown = "THIS CARD IS NOBODYS";
    app.scan(&school, &[school.scan(1, card, app.now()), school.scan(2, unknown, app.now())]).await.unwrap();
    app.clock.advance(minutes(24 * 60));
    app.scan(&school, &[school.scan(3, card, app.now())]).await.unwrap();
    let url = format!("{}/api/v1/courses/{}/schedule", app.base, school.course);
    let put = app.client.put(url).json(&json!({ "effective_from": "2026-03-16", "stays": [] }));
    let put = put.header("idempotency-key", Uuid::from_u128(1).to_string()).send().await.unwrap();
    assert_eq!(put.status(), 200);
    app.settle().await.unwrap();
    let log = all(&app, "").await;
    let whole = app.json("/api/v1/audit?limit=200&order=oldest").await.unwrap()["items"].as_array().unwrap().clone();
    assert_eq!(log.iter().rev().cloned().collect::<Vec<_>>(), whole, "both orders are the same log");
    assert!(log.len() >= 12, "{}", log.len());
    let day = format!("2026-03-09/{}/{ana}", school.id);
    let owner = format!("user:{}", app.owner().account_id);
    let kiosk_actor = format!("kiosk:{}", school.kiosk);
    let at = |n| (monday_morning() + minutes(n)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let is = |item: &Value, field: &str, value: &str| item[field] == value;
    let before = |item: &Value, instant: &str| {
        let recorded: chrono::DateTime<chrono::Utc> = item["recorded_at"].as_str().unwrap().parse().unwrap();
        recorded < instant.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    };
    type Holds<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let cases: Vec<(String, Holds<'_>)> = vec![
        (format!("stream={day}"), Box::new(|i| is(i, "stream", &day))),
        (format!("person={ana}"), Box::new(|i| i["persons"].as_array().unwrap().contains(&json!(ana)))),
        (format!("kiosk={}", school.kiosk), Box::new(|i| i["kiosk_id"] == json!(school.kiosk))),
        (format!("actor={kiosk_actor}"), Box::new(|i| is(i, "actor", &kiosk_actor))),
        (format!("actor={owner}"), Box::new(|i| is(i, "actor", &owner))),
        (format!("from={}", at(10)), Box::new(|i| !before(i, &at(10)))),
        (format!("to={}", at(10)), Box::new(|i| before(i, &at(10)))),
        (format!("from={}&to={}", at(10), at(20)), Box::new(|i| !before(i, &at(10)) && before(i, &at(20)))),
        ("date=2026-03-10".into(), Box::new(|i| is(i, "date", "2026-03-10"))),
        ("aggregate=attendance_day".into(), Box::new(|i| is(i, "aggregate", "attendance_day"))),
        ("event=scan_recorded".into(), Box::new(|i| is(i, "event", "scan_recorded"))),
        (
            format!("event=scan_recorded&person={ana}&date=2026-03-09&actor={kiosk_actor}"),
            Box::new(|i| is(i, "event", "scan_recorded") && is(i, "stream", &day)),
        ),
    ];
    for (filter, holds) in cases {
        let found = all(&app, &filter).await;
        let wanted: Vec<Value> = log.iter().filter(|item| holds(item)).cloned().collect();
        assert!(
            !wanted.is_empty() && wanted.len() < log.len(),
            "{filter} tells apart: {} of {}",
            wanted.len(),
            log.len()
        );
        assert_eq!(found, wanted, "{filter}");
    }
    assert!(all(&app, "event=nothing").await.is_empty());
    assert!(all(&app, &format!("person={}", Uuid::from_u128(9))).await.is_empty());
    app.shutdown().await;
}
