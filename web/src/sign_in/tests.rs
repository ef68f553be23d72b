//! The door over HTTP, from as many networks as a proxy in front says.

mod attack;

use crate::config::Config;
use crate::sign_in::Caller;
use crate::testing::{PASSWORD, TestApp, with_form};
use commands::accounts::{Scope, Secret256, StaffRole};
use local_services::testing::TestDatabases;
use reqwest::Response;

const WRONG: &str = "una clave que no es de nadie";

/// A server behind one proxy.
async fn behind_a_proxy(databases: TestDatabases) -> TestApp {
    let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
    config.http.proxy_hops = 1;
    TestApp::start_config(databases, &config).await.unwrap()
}

/// Sends the form of the door from an address, with a browser's cookies.
async fn enter(app: &TestApp, from: &str, cookies: &str, email: &str, password: &str) -> Response {
    let request = app.anonymous.post(format!("{}/entrar", app.base)).header("origin", &app.base);
    let request = request.header("x-forwarded-for", from).header("cookie", cookies);
    with_form(request, [("email", email), ("clave", password)]).send().await.unwrap()
}

async fn status(app: &TestApp, from: &str, email: &str, password: &str) -> u16 {
    enter(app, from, "lang=es", email, password).await.status().as_u16()
}

/// The cookie by which a browser is known from now on.
fn known(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    let cookies = answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let known: Vec<_> = cookies.filter(|cookie| cookie.starts_with("known=")).collect();
    assert!(known.len() == 1 && known[0].contains("SameSite=Lax; HttpOnly"), "{known:?}");
    known[0].split(';').next().unwrap().to_owned()
}

/// An address of a network of its own.
fn network(n: usize) -> String {
    format!("10.{}.{}.9", n / 256, n % 256)
}

#[tokio::test]
async fn p27_a_known_browser_has_a_bucket_of_its_own_and_only_for_who_signed_in_there() {
    let databases = TestDatabases::create().await.unwrap();
    let app = behind_a_proxy(databases).await;
    let school = app.school(1).await.unwrap();
    for email in ["rosa@escuela.cl", "luis@escuela.cl"] {
        app.member(&school, email, StaffRole::Director).await.unwrap();
    }
    let here = "203.0.113.9";
    let cookie = known(&enter(&app, here, "", "rosa@escuela.cl", PASSWORD).await);
    // Somebody in the same network empties every bucket that strangers have there.
    for n in 0..29 {
        status(&app, here, &format!("x{n}@escuela.cl"), WRONG).await;
    }
    assert_eq!(status(&app, here, "rosa@escuela.cl", PASSWORD).await, 429);
    let again = enter(&app, here, &cookie, "rosa@escuela.cl", PASSWORD).await;
    let renewed = known(&again);
    assert_ne!(renewed, cookie, "each sign-in makes a new one");
    assert_eq!(enter(&app, here, &cookie, "rosa@escuela.cl", PASSWORD).await.status(), 429, "and the old one is void");
    assert_eq!(enter(&app, here, &renewed, "luis@escuela.cl", PASSWORD).await.status(), 429, "another account");
    let twice = format!("{renewed}; {renewed}");
    assert_eq!(enter(&app, here, &twice, "rosa@escuela.cl", PASSWORD).await.status(), 429, "one was put there");
    // Whoever took the browser guesses at its pace, and no faster.
    let mut guesses = Vec::new();
    for _ in 0..6 {
        guesses.push(enter(&app, here, &renewed, "rosa@escuela.cl", WRONG).await.status().as_u16());
    }
    assert_eq!(guesses, [422, 422, 422, 422, 422, 429], "its own five");
    // Two people at one computer: each is known there.
    app.clock.advance(chrono::TimeDelta::minutes(5));
    let both = known(&enter(&app, here, &renewed, "luis@escuela.cl", PASSWORD).await);
    let known_to: i64 = sqlx::query_scalar("select count(distinct secret_sha256) from known_browsers")
        .fetch_one(&app.running().pools().auth)
        .await
        .unwrap();
    assert_eq!(known_to, 1);
    let secret = commands::accounts::Secret256::parse(both.trim_start_matches("known=")).unwrap();
    assert_eq!(app.state().sessions.known_to(&secret).await.unwrap().len(), 2);
    // Forgotten half a year after the last sign-in.
    app.clock.advance(crate::session::KNOWN);
    assert!(app.state().sessions.known_to(&secret).await.unwrap().is_empty());
    app.shutdown().await;
}

#[tokio::test]
async fn p27_whoever_has_the_password_and_not_the_code_keeps_nobody_out_of_a_known_browser() {
    let databases = TestDatabases::create().await.unwrap();
    let app = behind_a_proxy(databases).await;
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    let cookie = known(&enter(&app, "203.0.113.9", "", "rosa@escuela.cl", PASSWORD).await);
    let setup = app.state().accounts.begin_totp(account).await.unwrap();
    let code = || {
        let secret = totp_rs::Secret::try_from_base32(&*setup.secret_base32).unwrap();
        let totp: totp_rs::Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
    };
    let proof = crate::testing::proof(app.state(), account).await.unwrap();
    app.state().accounts.confirm_totp(proof, &code(), app.now()).await.unwrap();
    app.clock.advance(chrono::TimeDelta::minutes(3));
    let caller = |browser| Caller { network: "", browser };
    let browser = Secret256::parse(cookie.trim_start_matches("known=")).unwrap();
    // What was added elsewhere makes it a stranger; there she came in again.
    let again = crate::testing::proof(app.state(), account).await.unwrap();
    let browser = app.state().sessions.make_known(Some(&browser), again).await.unwrap();
    let stranger = Secret256::random().unwrap();
    let wrong = if code() == "000000" { "000001" } else { "000000" };
    let mut guesses = 0;
    while crate::sign_in::code(app.state(), &caller(Some(&stranger)), account, wrong).await.is_ok() {
        guesses += 1;
    }
    assert_eq!(guesses, 10);
    assert!(crate::sign_in::code(app.state(), &caller(None), account, &code()).await.is_err(), "of no known browser");
    // Right codes cost nothing, wrong ones in the known browser its own tries.
    for _ in 0..12 {
        assert!(crate::sign_in::code(app.state(), &caller(Some(&browser)), account, &code()).await.unwrap());
        app.clock.advance(chrono::TimeDelta::seconds(30));
    }
    let mut guesses = 0;
    while crate::sign_in::code(app.state(), &caller(Some(&browser)), account, wrong).await.is_ok() {
        guesses += 1;
    }
    assert_eq!(guesses, 10);
    app.shutdown().await;
}

#[tokio::test]
async fn p27_a_link_that_was_redeemed_makes_its_browser_known_so_that_guesses_elsewhere_keep_nobody_out() {
    let databases = TestDatabases::create().await.unwrap();
    let app = behind_a_proxy(databases).await;
    let school = app.school(1).await.unwrap();
    let account = app.member(&school, "rosa@escuela.cl", StaffRole::Director).await.unwrap();
    for n in 0..60 {
        status(&app, &network(n), "rosa@escuela.cl", WRONG).await;
    }
    assert_eq!(status(&app, "203.0.113.9", "rosa@escuela.cl", PASSWORD).await, 429);
    let link = app.state().accounts.reset(&app.context(school.id), account, Scope::School).await.unwrap();
    let token = link.secret.reveal().to_string();
    let request = app.anonymous.post(format!("{}/entrar/activar", app.base)).header("origin", &app.base);
    let another = "otra clave bastante larga";
    let form = [("enlace", token.as_str()), ("nueva", another), ("repetida", another)];
    let answer = with_form(request.header("x-forwarded-for", "203.0.113.9"), form).send().await.unwrap();
    let cookie = known(&answer);
    known(&enter(&app, "203.0.113.9", &cookie, "rosa@escuela.cl", another).await);
    app.shutdown().await;
}

#[tokio::test]
async fn p28_one_address_and_one_network_are_one_however_they_are_written() {
    let databases = TestDatabases::create().await.unwrap();
    let app = behind_a_proxy(databases).await;
    let writings = ["rosa@escuela.cl", "ROSA@ESCUELA.CL", "  Rosa@Escuela.Cl ", "rosa@escuela.CL", "rOSA@escuela.cl"];
    for (n, email) in writings.iter().enumerate() {
        // One subscriber's /64, by another address each time.
        assert_eq!(status(&app, &format!("2001:db8:1:2::{n}"), email, WRONG).await, 422, "{email}");
    }
    assert_eq!(status(&app, "2001:db8:1:2:ffff::1", "rosa@escuela.cl", WRONG).await, 429);
    assert_eq!(status(&app, "2001:db8:1:3::1", "rosa@escuela.cl", WRONG).await, 422, "another subscriber");
    for from in ["203.0.113.9", "::ffff:203.0.113.9", "[::ffff:cb00:7109]:443", "203.0.113.9:1", "::ffff:cb00:7109"] {
        assert_eq!(status(&app, from, "luis@escuela.cl", WRONG).await, 422, "{from}");
    }
    assert_eq!(status(&app, "203.0.113.9", "luis@escuela.cl", WRONG).await, 429);
    // What a client says of itself is not asked: only what the proxy appended.
    assert_eq!(status(&app, "6.6.6.6, 203.0.113.9", "luis@escuela.cl", WRONG).await, 429);
    app.shutdown().await;
}

#[tokio::test]
async fn p30_every_route_where_a_secret_can_be_guessed_says_when_the_next_try_may_come() {
    use crate::permissions::{ROUTES, Tries};
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    // What families send counts by the same limit as what the staff does, and needs a pupil of theirs.
    let limited = ROUTES.iter().filter(|route| !route.is_of_families());
    let limited: Vec<_> = limited.filter_map(|route| Some((route, route.tries?))).collect();
    assert_eq!(limited.len(), 20);
    let mut met = std::collections::BTreeSet::new();
    for (route, tries) in limited {
        let (Tries::OfNetwork(limit) | Tries::OfPerson(limit)) = tries;
        let client = app.sign_in(&school, StaffRole::Director).await.unwrap();
        let mut last = None;
        for n in 0..=2 * limit.burst.get() {
            let answer = client.post(format!("{}{}", app.base, route.path)).send().await.unwrap();
            if answer.status() == 429 {
                // The shield before the database goes by the real clock, in which the next route comes at once.
                let again = !met.insert(limit.name) || route.path.starts_with("/api/");
                assert!(again || n >= limit.burst.get(), "{route:?}: after {n}");
                last = Some(answer);
                break;
            }
        }
        let seconds: u64 =
            last.unwrap_or_else(|| panic!("{route:?}")).headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&seconds), "{route:?}: {seconds}");
        // Another limit's tries are its own.
        app.clock.advance(chrono::TimeDelta::hours(1));
    }
    app.shutdown().await;
}
