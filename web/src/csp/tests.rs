use super::*;
use crate::testing::{TestApp, refusal};
use serde_json::json;

const KIND: &str = "application/csp-report";

async fn send(app: &TestApp, kind: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let request = app.anonymous.post(format!("{}{REPORTS}", app.base)).header("content-type", kind);
    request.body(body).send().await.unwrap()
}

/// How often a directive was counted. Other tests of this process count too, other directives.
async fn counted(app: &TestApp, directive: &str) -> u64 {
    let figures = app.get("/metrics").await.unwrap().text().await.unwrap();
    let name = format!("csp_violations_total{{directive=\"{directive}\"}} ");
    figures.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a20_what_browsers_report_is_counted_by_our_words() {
    let app = TestApp::start().await.unwrap();
    let page = "https://gate.school.cl/familia/alumnos/018f";
    let of = |directive: &str| {
        json!({"csp-report": {"document-uri": page, "violated-directive": directive,
        "effective-directive": directive, "blocked-uri": "https://evil.example/x", "status-code": 200, "new": [1]}})
    };
    let old = json!({"csp-report": {"violated-directive": "media-src 'none'", "blocked-uri": null}});
    for (body, counts) in [(of("media-src"), 1), (old, 2), (of("style-src"), 2), (of("media-src"), 3)] {
        assert_eq!(send(&app, KIND, body.to_string()).await.status(), 204, "{body}");
        assert_eq!(counted(&app, "media-src").await, counts, "{body}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a20_a_report_is_bounded_in_size_and_pace_and_must_be_one() {
    let app = TestApp::start().await.unwrap();
    let code = async |kind, body: Vec<u8>| refusal(send(&app, kind, body).await).await.unwrap();
    assert_eq!(code(KIND, vec![b' '; 1_000_000]).await, (413, "body_too_large".into()), "a megabyte");
    assert_eq!(code(KIND, vec![b' '; LARGEST + 1]).await, (413, "body_too_large".into()));
    assert_eq!(code("application/json", b"{}".to_vec()).await, (415, "unsupported_media_type".into()));
    for (body, is) in [("{}", "invalid_body"), ("x", "malformed_json"), ("", "malformed_json"), ("[1]", "invalid_body")]
    {
        assert_eq!(code(KIND, body.into()).await, (if is == "invalid_body" { 422 } else { 400 }, is.into()), "{body}");
    }
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(code(KIND, deep.into()).await, (400, "malformed_json".into()));
    // One network's reports are no more than so many.
    let mut last = 0;
    for _ in 0..40 {
        let answer = send(&app, KIND, r#"{"csp-report":{}}"#).await;
        last = answer.status().as_u16();
        if last == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(last, 429);
    app.shutdown().await;
}

#[test]
fn a20_nothing_that_a_browser_says_is_repeated() {
    for (said, is) in [
        ("script-src-elem", "script-src-elem"),
        ("script-src 'nonce-abc'", "script-src"),
        ("Ana Pérez", "other"),
        ("", "other"),
    ] {
        assert_eq!(directive(said), is);
    }
    for (said, is) in [
        ("inline", "inline"),
        ("trusted-types-sink", "trusted-types-sink"),
        ("https://evil.example/?Ana", "address"),
        ("data:text/html,Ana", "data"),
        ("Ana", "other"),
    ] {
        assert_eq!(kind_of(said), is);
    }
    for (said, is) in [
        ("https://gate.school.cl/hoy?colegio=018f", "/hoy"),
        ("http://localhost:8080/hoy/cursos/018f#x", "/hoy/cursos/{id}"),
        ("https://gate.school.cl/", "/"),
        ("https://gate.school.cl", "/"),
        ("https://gate.school.cl/Ana", "unmatched"),
        ("https://gate.school.cl/hoy/cursos/018f/Ana", "unmatched"),
        ("Ana Pérez", "unmatched"),
        ("", "unmatched"),
    ] {
        assert_eq!(page(said), is, "{said}");
    }
}

#[test]
fn a18_the_policy_of_a_page_allows_nothing_unsafe_and_reports() {
    let policy = of_page("abc");
    let policy = policy.to_str().unwrap();
    let parts: Vec<&str> = policy.split("; ").collect();
    for part in [
        "default-src 'none'",
        "script-src 'nonce-abc'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types htmx",
        "report-uri /csp",
    ] {
        assert!(parts.contains(&part), "{policy}: {part}");
    }
    for never in ["unsafe", "http:", "https:", "data:", "*", "strict-dynamic", "allow-duplicates"] {
        assert!(!policy.contains(never), "{policy}: {never}");
    }
    assert!(OF_NO_PAGE.contains("default-src 'none'") && OF_NO_PAGE.ends_with("; sandbox"));
}
