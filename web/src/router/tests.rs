use crate::testing::{TestApp, refusal};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_answer_is_guarded_and_every_refusal_is_a_problem_in_the_clients_language() {
    let app = TestApp::start().await.unwrap();
    app.school(0).await.unwrap();
    let nowhere = app.get("/nowhere").await.unwrap();
    for (header, value) in
        [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")]
    {
        assert_eq!(nowhere.headers()[header], value);
    }
    assert!(nowhere.headers().contains_key("x-request-id"));
    assert_eq!(refusal(nowhere).await.unwrap(), (404, "not_found".into()));
    let patch = app.client.request(Method::PATCH, format!("{}/healthz", app.base)).send().await.unwrap();
    assert!(patch.headers()["allow"].to_str().unwrap().contains("GET"));
    assert_eq!(refusal(patch).await.unwrap(), (405, "method_not_allowed".into()));
    let long = app.get(&format!("/api/v1/live?school={}", "x".repeat(5000))).await.unwrap();
    assert_eq!(refusal(long).await.unwrap(), (414, "uri_too_long".into()));
    for (path, code) in [
        ("/api/v1/live?surprise=1", "invalid_parameter"),
        ("/api/v1/live?school=x", "invalid_parameter"),
        ("/api/v1/students?limit=201", "invalid_parameter"),
        ("/api/v1/students?limit=0", "invalid_parameter"),
        ("/api/v1/students?cursor=zzz", "invalid_cursor"),
        ("/api/v1/audit?actor=%00", "invalid_parameter"),
        ("/api/v1/audit?date=-9999-01-01", "invalid_parameter"),
        ("/api/v1/audit?from=%2B200000-01-01T00:00:00Z", "invalid_parameter"),
        ("/api/v1/audit?to=-9999-01-01T00:00:00Z", "invalid_parameter"),
        ("/api/v1/live/pupils?date=%2B200000-01-01", "invalid_parameter"),
        ("/api/v1/courses/018f0000-0000-7000-8000-000000000001/day?date=-9999-01-01", "invalid_parameter"),
    ] {
        assert_eq!(refusal(app.get(path).await.unwrap()).await.unwrap().1, code, "{path}");
    }
    let rebound = app.client.get(format!("{}/api/v1/live", app.base)).header("host", "evil.example");
    assert_eq!(refusal(rebound.send().await.unwrap()).await.unwrap(), (421, "misdirected_request".into()));
    let title = async |lang: &str| -> String {
        let request = app.client.get(format!("{}/nowhere", app.base)).header("accept-language", lang);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        body["title"].as_str().unwrap().to_owned()
    };
    assert_ne!(title("en").await, title("es-CL").await);
    app.shutdown().await;
}

#[tokio::test]
async fn lists_come_in_pages_that_together_are_the_whole() {
    // Defect D35: all pupils, guardians and events in one answer.
    let app = TestApp::start().await.unwrap();
    let school = app.school(7).await.unwrap();
    let scans: Vec<_> =
        school.pupils.iter().zip(1..).map(|((_, card), seq)| school.scan(seq, card, app.now())).collect();
    app.scan(&school, &scans).await.unwrap();
    app.settle().await.unwrap();
    for (path, key) in
        [("/api/v1/students", "student_id"), ("/api/v1/live/pupils", "student_id"), ("/api/v1/audit", "position")]
    {
        let whole = app.json(&format!("{path}?limit=200")).await.unwrap();
        assert!(whole.get("next").is_none());
        let keys = |page: &Value| -> Vec<String> {
            page["items"].as_array().unwrap().iter().map(|i| i[key].to_string()).collect()
        };
        let (mut together, mut next) = (Vec::new(), String::new());
        loop {
            let page = app.json(&format!("{path}?limit=3{next}")).await.unwrap();
            assert!(keys(&page).len() <= 3);
            together.extend(keys(&page));
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(together, keys(&whole), "{path}");
        assert!(together.len() >= 7);
    }
    let foreign = app.json("/api/v1/audit?limit=1").await.unwrap();
    let crossed = app.get(&format!("/api/v1/students?cursor={}", foreign["next"].as_str().unwrap())).await.unwrap();
    assert_eq!(refusal(crossed).await.unwrap(), (422, "invalid_cursor".into()));
    let day = app.json(&format!("/api/v1/courses/{}/day?limit=3", school.course)).await.unwrap();
    assert_eq!(day["items"].as_array().unwrap().len(), 3);
    assert!(day["next"].is_string());
    assert_eq!(day["items"][0]["status"]["status"], "present");
    app.shutdown().await;
}

#[tokio::test]
async fn the_document_and_the_server_know_the_same_routes() {
    let app = TestApp::start().await.unwrap();
    let document = app.json("/api/openapi.json").await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let expected: BTreeSet<_> = [
        "/api/openapi.json",
        "/api/v1/acts/waiting",
        "/api/v1/audit",
        "/api/v1/audit/days/{date}",
        "/api/v1/audit/days/{date}/events",
        "/api/v1/audit/days/{date}/pupils",
        "/api/v1/calendar/{date}",
        "/api/v1/courses",
        "/api/v1/courses/{id}/calendar/{date}",
        "/api/v1/courses/{id}/day",
        "/api/v1/courses/{id}/schedule",
        "/api/v1/days/{date}/{student_id}/acts",
        "/api/v1/days/{date}/{student_id}/corrections",
        "/api/v1/days/{date}/{student_id}/corrections/{act_id}/approve",
        "/api/v1/days/{date}/{student_id}/corrections/{act_id}/reject",
        "/api/v1/days/{date}/{student_id}/early-leaves",
        "/api/v1/days/{date}/{student_id}/early-leaves/{act_id}/cancel",
        "/api/v1/days/{date}/{student_id}/early-leaves/{act_id}/record",
        "/api/v1/days/{date}/{student_id}/justifications",
        "/api/v1/days/{date}/{student_id}/justifications/{act_id}/decide",
        "/api/v1/days/{date}/{student_id}/justifications/{act_id}/document",
        "/api/v1/kiosks",
        "/api/v1/kiosks/{kiosk_id}/heartbeat",
        "/api/v1/kiosks/{kiosk_id}/mode",
        "/api/v1/kiosks/{kiosk_id}/revoke",
        "/api/v1/kiosks/{kiosk_id}/roster",
        "/api/v1/kiosks/{kiosk_id}/scans",
        "/api/v1/live",
        "/api/v1/live/pupils",
        "/api/v1/live/stream",
        "/api/v1/no-show",
        "/api/v1/no-show/{date}/{slot_id}/{student_id}",
        "/api/v1/no-show/{date}/{slot_id}/{student_id}/acknowledge",
        "/api/v1/no-show/{date}/{slot_id}/{student_id}/justify",
        "/api/v1/no-show/{date}/{slot_id}/{student_id}/release",
        "/api/v1/reports/absence",
        "/api/v1/reports/class-list",
        "/api/v1/reports/courses/{id}",
        "/api/v1/reports/gates",
        "/api/v1/reports/school",
        "/api/v1/reports/students/{student_id}",
        "/api/v1/roll-call",
        "/api/v1/roll-calls",
        "/api/v1/settings",
        "/api/v1/simulations",
        "/api/v1/roll-calls/{date}/{roll_call_id}",
        "/api/v1/roll-calls/{date}/{roll_call_id}/end",
        "/api/v1/roll-calls/{date}/{roll_call_id}/marks",
        "/api/v1/students",
        "/api/v1/students/{id}/entries",
        "/api/v1/students/{id}/entries/{date}/{entry_id}",
        "/api/v1/tokens",
        "/api/v1/tokens/refresh",
        "/api/v1/tokens/revoke",
        "/api/v1/webhooks/whatsapp",
        "/healthz",
        "/metrics",
        "/readyz",
    ]
    .into();
    assert_eq!(paths.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["responses"]["default"].is_object(), "{method} {path} says how it refuses");
            let url = format!("{}{}", app.base, path.replace("{id}", "x").replace("{kiosk_id}", "x"));
            let method: Method = method.to_uppercase().parse().unwrap();
            let status = app.client.request(method.clone(), url).send().await.unwrap().status();
            assert_ne!(status, 405, "{method} {path}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_says_whether_it_is_ready_and_shows_its_figures() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let ready = app.json("/readyz").await.unwrap();
    assert_eq!((&ready["ready"], &ready["nats"]), (&Value::from(true), &Value::from("not_configured")), "{ready}");
    assert_eq!(ready["read_models"].as_array().unwrap().len(), 4);
    let figures = app.get("/metrics").await.unwrap().text().await.unwrap();
    for name in ["projector_behind_events", "scan_verdicts_total", "http_requests_total", "log_position"] {
        assert!(figures.contains(name), "{name} is missing");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn an_erased_pupil_is_erased_on_the_board_and_in_lists_at_once() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(2).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let student = school.pupils[0].0;
    assert_eq!(app.json("/api/v1/live").await.unwrap()["last_scans"][0]["name"]["state"], "known");
    app.write().vault().shred(school.id, student.0, None).await.unwrap();
    assert_eq!(app.json("/api/v1/live").await.unwrap()["last_scans"][0]["name"]["state"], "erased");
    let students = app.json("/api/v1/students").await.unwrap();
    let of = |id: &str| {
        students["items"].as_array().unwrap().iter().find(|s| s["student_id"] == id).unwrap()["name"]["state"].clone()
    };
    assert_eq!(of(&student.to_string()), "erased");
    assert_eq!(of(&school.pupils[1].0.to_string()), "known");
    app.shutdown().await;
}

#[tokio::test]
async fn a_list_refuses_a_wrong_cursor_and_a_wrong_length_with_stable_codes() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(3).await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.scan(&school, &[school.scan(2, &school.pupils[1].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let lists = [
        "/api/v1/students".to_owned(),
        "/api/v1/courses".to_owned(),
        "/api/v1/live/pupils".to_owned(),
        format!("/api/v1/courses/{}/day", school.course),
        "/api/v1/audit".to_owned(),
        "/api/v1/audit?order=oldest".to_owned(),
    ];
    let with = |list: &str, more: &str| format!("{list}{}{more}", if list.contains('?') { '&' } else { '?' });
    let code = async |path: String| refusal(app.get(&path).await.unwrap()).await.unwrap();
    let mut cursors = Vec::new();
    for list in &lists {
        for limit in ["0", "-1", "201", "abc", "", "9999999999999999999", "1.5"] {
            let path = with(list, &format!("limit={limit}"));
            assert_eq!(code(path.clone()).await, (422, "invalid_parameter".into()), "{path}");
        }
        for cursor in ["zzz", "!", "", "MTo", "MTpzdHVkZW50czp4", "%00"] {
            let path = with(list, &format!("cursor={cursor}"));
            assert_eq!(code(path.clone()).await, (422, "invalid_cursor".into()), "{path}");
        }
        let page = app.json(&with(list, "limit=1")).await.unwrap();
        cursors.push(page["next"].as_str().unwrap_or_else(|| panic!("{list} has a next page")).to_owned());
    }
    for (list, own) in lists.iter().zip(&cursors) {
        for cursor in &cursors {
            let path = with(list, &format!("limit=1&cursor={cursor}"));
            if cursor == own {
                assert_eq!(app.get(&path).await.unwrap().status(), 200, "{path}");
            } else {
                assert_eq!(code(path.clone()).await, (422, "invalid_cursor".into()), "{path}");
            }
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn after_one_scan_every_figure_that_an_operator_watches_is_there() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    let nats = local_services::testing::nats().await.unwrap().url();
    config.transport = crate::config::TransportConfig::for_testing(Some(&nats));
    config.transport.nats_prefix = "figures".to_owned();
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let school = app.school(1).await.unwrap();
    let mut stream = app.get("/api/v1/live/stream").await.unwrap();
    stream.chunk().await.unwrap();
    app.scan(&school, &[school.scan(1, &school.pupils[0].1, app.now())]).await.unwrap();
    app.settle().await.unwrap();
    let wanted = [
        // How far the line is behind, link by link.
        "attendance_relay_leader",
        "attendance_relay_log_head",
        "attendance_relay_lag_events",
        "attendance_relay_published_total",
        "attendance_feed_events_total{",
        "attendance_projection_position{read_model=\"live\"}",
        "attendance_projection_events_total{read_model=\"audit\"}",
        "projector_behind_events{read_model=\"live\"}",
        "projector_behind_events{read_model=\"roster\"}",
        "projector_behind_seconds{read_model=\"live\"}",
        "projector_behind_seconds{read_model=\"audit\"}",
        "log_position",
        "live_tap_to_frame_ms",
        // The scan path.
        "batcher_queue_scans",
        "batcher_batch_scans",
        "batcher_commit_seconds",
        "batcher_verdicts_total{verdict=\"accepted\"}",
        "batcher_overloaded_total",
        "batcher_conflicts_total",
        "batcher_outages_total",
        "scan_verdicts_total{verdict=\"accepted\"}",
        "scan_batch_size",
        // Clients.
        "live_watchers",
        "live_streams",
        "live_clients_lagged_total",
        "http_requests_total{",
        "http_request_seconds{",
        "http_slow_heads_total",
        "http_untaken_answers_total",
        "http_overloaded_total{",
        "kiosk_auth_refused_total",
        "database_connections{",
    ];
    let begun = std::time::Instant::now();
    loop {
        let figures = app.get("/metrics").await.unwrap().text().await.unwrap();
        let missing: Vec<_> =
            wanted.iter().filter(|name| !figures.lines().any(|line| line.starts_with(**name))).collect();
        if missing.is_empty() {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(15), "missing: {missing:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    drop(stream);
    app.shutdown().await;
}
