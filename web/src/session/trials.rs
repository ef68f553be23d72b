//! A thousand cookies that somebody made up, stole too late or put there (T14), asked of the router itself.

use super::*;
use crate::AppState;
use crate::router::router;
use crate::testing::{TestApp, TestPerson, attack_size};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use commands::accounts::Secret256;
use domain::SchoolId;
use domain::account::StaffRole;
use fastrand::Rng;
use tower::ServiceExt as _;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The status and the cookies of the answer to a request with these lines of cookies.
async fn ask(app: &Router, path: &str, cookies: &[String]) -> (StatusCode, HeaderMap) {
    let mut request = Request::get(path).header("host", "localhost");
    for line in cookies {
        request = request.header("cookie", line.as_bytes());
    }
    let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    (answer.status(), answer.headers().clone())
}

/// What the trials are made of: sessions that are open, sessions that ended.
struct Scene {
    school: SchoolId,
    /// Open sessions of this school's people.
    open: Vec<String>,
    /// Open ones of another school's.
    elsewhere: Vec<String>,
    /// Signed out, disabled, of rights that changed, replaced, half signed in.
    ended: Vec<String>,
    /// A guardian's.
    family: String,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        let (state, school, other) = (app.state(), app.school(1).await.unwrap(), app.school(1).await.unwrap());
        let secret = |person: &TestPerson| person.cookie.trim_start_matches("sid=").to_owned();
        let mut scene = Self {
            school: school.id,
            open: Vec::new(),
            elsewhere: Vec::new(),
            ended: Vec::new(),
            family: app.family("ana@familia.cl").await.unwrap().trim_start_matches("fam=").to_owned(),
        };
        for _ in 0..4 {
            scene.open.push(secret(&app.person(school.id, StaffRole::Director).await.unwrap()));
            scene.elsewhere.push(secret(&app.person(other.id, StaffRole::Admin).await.unwrap()));
            for end in 0..5 {
                let person = app.person(school.id, StaffRole::Director).await.unwrap();
                let parsed = Secret256::parse(&secret(&person)).unwrap();
                let pool = &app.running().pools().log_writer;
                let sql = async |statement: &str| {
                    sqlx::query(statement).bind(person.account_id.0).execute(pool).await.unwrap();
                };
                let proof = person.proof(state).await.unwrap();
                let begin = |stage| Begin { proof, stage, device: String::new(), network: String::new() };
                let ended = match end {
                    0 => {
                        assert!(state.sessions.end_secret(&parsed, Ended::SignedOut).await.unwrap().is_some());
                        secret(&person)
                    }
                    1 => {
                        sql("update accounts set disabled_at = created_at where account_id = $1").await;
                        secret(&person)
                    }
                    2 => {
                        sql("update accounts set authz_epoch = authz_epoch + 1 where account_id = $1").await;
                        secret(&person)
                    }
                    3 => {
                        state.sessions.begin(&begin(Stage::Open), Some(&parsed)).await.unwrap();
                        secret(&person)
                    }
                    _ => {
                        let half = state.sessions.begin(&begin(Stage::SecondFactor), None).await.unwrap().unwrap();
                        half.reveal().to_string()
                    }
                };
                scene.ended.push(ended);
            }
        }
        scene
    }

    /// The lines of cookies of a trial, and what kind it is of.
    fn trial(&self, rng: &mut Rng) -> (&'static str, Vec<String>) {
        let own = rng.choice(&self.open).unwrap().clone();
        let foreign = rng.choice(&self.elsewhere).unwrap();
        let random: String = (0..43).map(|_| char::from(*rng.choice(ALPHABET).unwrap())).collect();
        let line = |text: String| vec![text];
        match rng.u8(0..16) {
            0 => ("random", line(format!("sid={random}"))),
            1 => ("of any length", line(format!("sid={}", &random.repeat(40)[..rng.usize(0..1500)]))),
            2 => ("cut short", line(format!("sid={}", &own[..rng.usize(0..own.len())]))),
            3 => (
                "with more after it",
                line(format!("sid={own}{}", rng.choice(["=", "A", "%00", ".x", "\u{e9}"]).unwrap())),
            ),
            4 => {
                // All but the last letter stand for six bits each; of the last one two are not read.
                let at = rng.usize(0..42);
                let other = ALPHABET.iter().copied().filter(|letter| *letter != own.as_bytes()[at]).collect::<Vec<_>>();
                let letter = char::from(*rng.choice(&other).unwrap());
                ("with another letter", line(format!("sid={}{letter}{}", &own[..at], &own[at + 1..])))
            }
            5 => {
                let turned = own
                    .chars()
                    .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
                ("in the other case", line(format!("sid={}", turned.collect::<String>())))
            }
            6 => {
                let names = [
                    "SID",
                    "Sid",
                    "__Host-sid",
                    "__Secure-sid",
                    "__host-sid",
                    "xsid",
                    "sid2",
                    "sid[]",
                    "$sid",
                    "fam",
                    "known",
                    "ml",
                    "",
                ];
                ("under another name", line(format!("{}={own}", rng.choice(names).unwrap())))
            }
            7 => ("in quotes or escaped", {
                let forms =
                    [format!("\"{own}\""), format!("'{own}'"), format!("%{:02x}{}", own.as_bytes()[0], &own[1..])];
                line(format!("sid={}", rng.choice(forms).unwrap()))
            }),
            8 => ("of another school", line(format!("sid={foreign}"))),
            9 => ("ended", line(format!("sid={}", rng.choice(&self.ended).unwrap()))),
            10 => {
                let second = rng.choice([&own, foreign, &random, &String::new()]).unwrap().clone();
                ("two of them", line(format!("sid={own}; sid={second}")))
            }
            11 => {
                let second = rng.choice([&own, foreign, &random]).unwrap().clone();
                ("two of them on two lines", vec![format!("sid={second}; lang=es"), format!("sid={own}")])
            }
            12 => ("of a guardian", line(format!("sid={}", self.family))),
            13 => {
                let stored = Secret256::parse(&own).unwrap().sha256();
                let text: String = stored.iter().map(|byte| format!("{byte:02x}")).collect();
                ("as it is stored", line(format!("sid={}", rng.choice([&text[..], &text[..43], &text[21..]]).unwrap())))
            }
            14 => ("with blanks in it", line(format!("sid={} {}", &own[..20], &own[20..]))),
            _ => (
                "parted by what parts no cookies",
                line(format!("lang=es{}sid={own}", rng.choice([",", "&", "\t", " "]).unwrap())),
            ),
        }
    }
}

#[tokio::test]
async fn a44_t14_of_a_thousand_cookies_none_opens_anything_and_none_becomes_a_session() {
    let app = TestApp::start().await.unwrap();
    let scene = Scene::new(&app).await;
    let state: &AppState = app.state();
    let router = router(state.clone());
    let api = format!("/api/v1/live?school={}", scene.school);
    let page = format!("/hoy?colegio={}", scene.school);
    for open in &scene.open {
        assert_eq!(ask(&router, &api, &[format!("lang=es; sid={open}")]).await.0, 200, "what is right opens");
    }
    let whoever = app.person(scene.school, StaffRole::Director).await.unwrap();
    let proof = whoever.proof(state).await.unwrap();
    let known = scene.open.iter().chain(&scene.elsewhere).map(|text| Secret256::parse(text).unwrap().sha256());
    let known: Vec<_> = known.collect();
    let (seed, mut kinds, mut planted) = (fastrand::u64(..), std::collections::BTreeMap::new(), 0);
    let mut rng = Rng::with_seed(seed);
    for n in 0..1000 {
        let (kind, cookies) = scene.trial(&mut rng);
        *kinds.entry(kind).or_insert(0) += 1;
        let what = format!("trial {n} of seed {seed}, {kind}: {cookies:?}");
        for path in [&api, &page] {
            let (status, headers) = ask(&router, path, &cookies).await;
            let refused: &[u16] = if kind == "of another school" { &[404] } else { &[401, 303] };
            assert!(refused.contains(&status.as_u16()), "{status} {path}: {what}");
            assert!(!headers.contains_key("set-cookie"), "{path}: {what}");
        }
        // Whoever signs in with it gets another one, and it stays what it was: nothing.
        let brought: Vec<_> =
            cookies.iter().flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('=')).collect();
        for secret in brought.iter().filter_map(|(_, value)| Secret256::parse(value)) {
            if known.contains(&secret.sha256()) {
                continue;
            }
            let begin = Begin { proof, stage: Stage::Open, device: String::new(), network: String::new() };
            let fresh = state.sessions.begin(&begin, Some(&secret)).await.unwrap().unwrap();
            assert_ne!(fresh.sha256(), secret.sha256(), "{what}");
            assert!(state.sessions.person(&secret).await.unwrap().is_none(), "{what}");
            assert!(state.sessions.end_secret(&fresh, Ended::SignedOut).await.unwrap().is_some());
            planted += 1;
        }
    }
    assert!(kinds.len() == 16 && planted > 50, "{kinds:?}, {planted} planted");
    for open in &scene.open {
        assert_eq!(ask(&router, &api, &[format!("sid={open}")]).await.0, 200, "what was right is right still");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a46_of_a_thousand_rights_that_are_taken_away_none_counts_any_more_at_either_replica() {
    let app = TestApp::start().await.unwrap();
    let replica = TestApp::start_with(app.databases.clone(), None).await.unwrap();
    let school = app.school(1).await.unwrap();
    let routers = [router(app.state().clone()), router(replica.state().clone())];
    let path = format!("/api/v1/live?school={}", school.id);
    for n in 0..attack_size(200, 1000) {
        let person = app.person(school.id, StaffRole::Director).await.unwrap();
        let (mut statuses, cookie) = (Vec::new(), [person.cookie.clone()]);
        for router in &routers {
            statuses.push(ask(router, &path, &cookie).await.0.as_u16());
        }
        assert_eq!(statuses, [200, 200], "{n}");
        let pool = &app.running().pools().log_writer;
        let sql = async |statement: &str| {
            let done = sqlx::query(statement).bind(person.account_id.0).execute(pool).await.unwrap();
            assert_eq!(done.rows_affected(), 1);
        };
        // By turns it is done at the one replica and at the other.
        let sessions = if n % 2 == 0 { &app.state().sessions } else { &replica.state().sessions };
        let gone = match n / 2 % 5 {
            0 => {
                let secret = Secret256::parse(person.cookie.trim_start_matches("sid=")).unwrap();
                assert!(sessions.end_secret(&secret, Ended::SignedOut).await.unwrap().is_some());
                401
            }
            1 => {
                assert_eq!(sessions.end_others(person.account_id, None, Ended::CredentialChanged).await.unwrap(), 1);
                401
            }
            2 => {
                sql("update accounts set disabled_at = created_at where account_id = $1").await;
                401
            }
            3 => {
                sql("update accounts set authz_epoch = authz_epoch + 1 where account_id = $1").await;
                401
            }
            _ => {
                sql("delete from account_roles where account_id = $1").await;
                404
            }
        };
        for router in &routers {
            assert_eq!(ask(router, &path, &cookie).await.0, gone, "{n}");
        }
    }
    replica.shutdown().await;
    app.shutdown().await;
}
