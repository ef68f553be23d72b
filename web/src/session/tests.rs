//! Sessions against the real database and over HTTP.

use super::*;
use crate::permissions::{Access, ROUTES};
use crate::testing::{TestApp, TestPerson, TestSchool, minutes, refusal};
use crate::tokens;
use chrono::TimeDelta;
use commands::accounts::Secret256;
use domain::AccountId;
use domain::account::StaffRole;
use reqwest::StatusCode;
use std::time::{Duration, Instant};

/// The status of the board's answer to whoever has this cookie.
async fn board(app: &TestApp, school: &TestSchool, person: &TestPerson) -> u16 {
    let url = format!("{}/api/v1/live?school={}", app.base, school.id);
    app.browser(person).unwrap().get(url).send().await.unwrap().status().as_u16()
}

async fn with_cookie(app: &TestApp, cookie: &str) -> (u16, String) {
    let request = app.anonymous.get(format!("{}/api/v1/live", app.base)).header("cookie", cookie);
    refusal(request.send().await.unwrap()).await.unwrap()
}

async fn begin(app: &TestApp, person: &TestPerson) -> Begin {
    let proof = person.proof(app.state()).await.unwrap();
    Begin { proof, stage: Stage::Open, device: String::new(), network: String::new() }
}

fn cookie(secret: &Secret256) -> String {
    format!("sid={}", *secret.reveal())
}

/// Something that ends, or changes, a session's right in the database.
async fn sql(app: &TestApp, statement: &str, person: &TestPerson) {
    let pool = &app.running().pools().log_writer;
    assert_eq!(sqlx::query(statement).bind(person.account_id.0).execute(pool).await.unwrap().rows_affected(), 1);
}

const REVOKE: &str = "delete from account_roles where account_id = $1";
const DISABLE: &str = "update accounts set disabled_at = created_at where account_id = $1";
const CHANGE: &str = "update accounts set authz_epoch = authz_epoch + 1 where account_id = $1";

#[tokio::test]
async fn a44_a_cookie_that_was_put_there_never_becomes_a_session() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let sessions = &app.state().sessions;
    let planted = Secret256::random().unwrap();
    assert_eq!(with_cookie(&app, &cookie(&planted)).await, (401, "unauthenticated".into()));
    // The browser that holds it signs in: under an id that nobody knew before.
    let person = app.person(school.id, StaffRole::Inspector).await.unwrap();
    let fresh = sessions.begin(&begin(&app, &person).await, Some(&planted)).await.unwrap().unwrap();
    assert_ne!(fresh.sha256(), planted.sha256());
    assert_eq!(with_cookie(&app, &cookie(&planted)).await, (401, "unauthenticated".into()));
    // Whoever signs in again leaves no session behind.
    let again = sessions.begin(&begin(&app, &person).await, Some(&fresh)).await.unwrap().unwrap();
    assert_eq!(with_cookie(&app, &cookie(&fresh)).await, (401, "unauthenticated".into()));
    // The password again: another id, the same session.
    let signed_in = sessions.person(&again).await.unwrap().unwrap();
    let stepped = sessions.step_up(signed_in.session_id).await.unwrap().unwrap();
    assert_eq!(with_cookie(&app, &cookie(&again)).await, (401, "unauthenticated".into()));
    assert_eq!(sessions.person(&stepped).await.unwrap().unwrap().session_id, signed_in.session_id);
    app.shutdown().await;
}

#[tokio::test]
async fn p23_two_session_cookies_are_none_and_nothing_but_the_exact_cookie_is_one() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let (mine, other) = (app.owner().cookie.clone(), app.person(school.id, StaffRole::Admin).await.unwrap().cookie);
    let host = mine.replace("sid=", "__Host-sid=");
    let secret = mine.trim_start_matches("sid=");
    let stored = hex::encode(Secret256::parse(secret).unwrap().sha256());
    for tossed in [
        format!("{mine}; {other}"),
        format!("{other}; {mine}"),
        format!("{mine}; {mine}"),
        format!("{mine}; sid="),
        host,
        format!("sid={stored}"),
        format!("sid={}", &secret[..42]),
        format!("sid=\"{secret}\""),
        format!("SID={secret}"),
    ] {
        assert_eq!(with_cookie(&app, &tossed).await, (401, "unauthenticated".into()), "{tossed}");
    }
    let url = format!("{}/api/v1/live", app.base);
    let two = app.anonymous.get(&url).header("cookie", &mine).header("cookie", &other).send().await.unwrap();
    assert_eq!(two.status(), 401, "in two headers");
    let one = app.anonymous.get(&url).header("cookie", format!("lang=en; {mine}")).send().await.unwrap();
    assert_eq!(one.status(), 200);
    app.shutdown().await;
}

#[tokio::test]
async fn d26_a45_a_session_ends_half_an_hour_after_its_last_use_and_twelve_hours_after_it_began() {
    assert_eq!((STAFF.idle, STAFF.absolute), (minutes(30), TimeDelta::hours(12)));
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let idle = app.person(school.id, StaffRole::Inspector).await.unwrap();
    let used = app.person(school.id, StaffRole::Inspector).await.unwrap();
    app.clock.advance(STAFF.idle - minutes(1));
    assert_eq!(board(&app, &school, &used).await, 200);
    app.clock.advance(minutes(2));
    assert_eq!((board(&app, &school, &idle).await, board(&app, &school, &used).await), (401, 200));
    // However much it is used, it ends when it must.
    let mut open = STAFF.idle + minutes(1);
    while open + minutes(20) < STAFF.absolute {
        app.clock.advance(minutes(20));
        open += minutes(20);
        assert_eq!(board(&app, &school, &used).await, 200, "{open}");
    }
    app.clock.advance(STAFF.absolute - open - TimeDelta::seconds(1));
    assert_eq!(board(&app, &school, &used).await, 200);
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(board(&app, &school, &used).await, 401);
    // Not even when the clock is set back a little: it was used too long ago in any case.
    assert_eq!(app.state().sessions.list(used.account_id).await.unwrap(), []);
    app.shutdown().await;
}

#[tokio::test]
async fn a46_sign_out_disabling_and_a_lost_role_count_at_the_next_request_on_every_replica() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let databases = app.databases.clone();
    let replica = TestApp::start_with(databases, None).await.unwrap();
    let person = || app.person(school.id, StaffRole::Director);
    let both = async |person: &TestPerson| (board(&app, &school, person).await, board(&replica, &school, person).await);
    let signed_out = person().await.unwrap();
    assert_eq!(both(&signed_out).await, (200, 200));
    let secret = Secret256::parse(signed_out.cookie.trim_start_matches("sid=")).unwrap();
    let sessions = &app.state().sessions;
    assert_eq!(sessions.end_secret(&secret, Ended::SignedOut).await.unwrap(), Some(signed_out.account_id));
    assert_eq!(both(&signed_out).await, (401, 401), "what was signed out of is never signed in again");
    assert_eq!(sessions.end_secret(&secret, Ended::SignedOut).await.unwrap(), None);

    let disabled = person().await.unwrap();
    assert_eq!(both(&disabled).await, (200, 200));
    sql(&app, DISABLE, &disabled).await;
    assert_eq!(both(&disabled).await, (401, 401));
    assert!(sessions.begin(&begin(&app, &disabled).await, None).await.unwrap().is_none());

    let changed = person().await.unwrap();
    sql(&app, CHANGE, &changed).await;
    assert_eq!(both(&changed).await, (401, 401), "rights changed: the session is not the one that was begun");
    assert!(sessions.begin(&begin(&app, &changed).await, None).await.unwrap().is_some());

    let lost = person().await.unwrap();
    sql(&app, REVOKE, &lost).await;
    assert_eq!(both(&lost).await, (404, 404), "a school that is not the person's is nowhere");
    app.grant(lost.account_id, school.id, StaffRole::Auditor).await.unwrap();
    assert_eq!(both(&lost).await, (403, 403), "a lesser role");
    replica.shutdown().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a47_a_person_lists_and_ends_own_sessions_and_nobody_elses() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let sessions = &app.state().sessions;
    let mut person = app.person(school.id, StaffRole::Inspector).await.unwrap();
    let first = person.clone();
    app.clock.advance(minutes(5));
    person.sign_in(app.state()).await.unwrap();
    let stranger = app.person(school.id, StaffRole::Admin).await.unwrap();
    let list = sessions.list(person.account_id).await.unwrap();
    assert_eq!(list.len(), 2);
    assert!(list[0].last_seen_at > list[1].last_seen_at && list[0].device == "Firefox · Linux");
    let older = list[1].session_id;
    assert!(!sessions.end(stranger.account_id, older, Ended::ByPerson).await.unwrap());
    assert_eq!(board(&app, &school, &first).await, 200);
    assert!(sessions.end(person.account_id, older, Ended::ByPerson).await.unwrap());
    assert_eq!((board(&app, &school, &first).await, board(&app, &school, &person).await), (401, 200));
    let kept = list[0].session_id;
    for _ in 0..3 {
        person.clone().sign_in(app.state()).await.unwrap();
    }
    assert_eq!(sessions.end_others(person.account_id, Some(kept), Ended::CredentialChanged).await.unwrap(), 3);
    let left: Vec<_> = sessions.list(person.account_id).await.unwrap().into_iter().map(|s| s.session_id).collect();
    assert_eq!(left, [kept]);
    assert_eq!(board(&app, &school, &stranger).await, 200);
    let secret = Secret256::parse(person.cookie.trim_start_matches("sid=")).unwrap();
    let own = sessions.person(&secret).await.unwrap().unwrap();
    assert!(sessions.renew(&own).await.unwrap().is_some());
    assert_eq!((board(&app, &school, &person).await, board(&app, &school, &stranger).await), (401, 200));
    app.shutdown().await;
}

/// Every row of what these have open, as text.
async fn open_of(app: &TestApp, of: &[AccountId]) -> Vec<String> {
    let ids: Vec<uuid::Uuid> = of.iter().map(|account| account.0).collect();
    let (mut all, pool) = (Vec::new(), &app.running().pools().auth);
    for rows in [
        "select 'session ' || t::text from sessions t where account_id = any($1) order by 1",
        "select 'program ' || t::text from token_families t where account_id = any($1) order by 1",
        "select 'token ' || t::text from refresh_tokens t join token_families f using (family_id) where account_id = any($1) order by 1",
        "select 'browser ' || t::text from known_browsers t where account_id = any($1) order by 1",
    ] {
        let rows: Vec<String> = sqlx::query_scalar(rows).bind(&ids).fetch_all(pool).await.unwrap();
        assert!(!rows.is_empty());
        all.extend(rows);
    }
    all
}

#[tokio::test]
async fn a47_p05_whatever_one_person_does_leaves_what_others_have_open_as_it_was_whoever_came_first() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let (sessions, tokens) = (&app.state().sessions, &app.state().tokens);
    let program = async |person: &TestPerson| {
        let proof = person.proof(app.state()).await.unwrap();
        let begin = tokens::Begin { proof, school: school.id, client: String::new(), network: String::new() };
        tokens.begin(&begin).await.unwrap().unwrap()
    };
    let stage = async |person: &TestPerson, stage| {
        let begin = Begin { stage, ..begin(&app, person).await };
        sessions.begin(&begin, None).await.unwrap().unwrap()
    };
    // One before and one after: sessions at every stage, a program of two pairs, a browser, an open stream.
    let (mut others, mut shared, mut programs) = (Vec::new(), Vec::new(), Vec::new());
    let mut person = None;
    for n in 0..3 {
        let own = app.person(school.id, StaffRole::Inspector).await.unwrap();
        if n == 1 {
            person = Some(own);
            continue;
        }
        for waits in [Stage::SecondFactor, Stage::Enrolment] {
            stage(&own, waits).await;
        }
        programs.push(program(&own).await);
        shared.push(sessions.make_known(None, own.proof(app.state()).await.unwrap()).await.unwrap());
        others.push(own.account_id);
    }
    let mut person = person.unwrap();
    app.clock.advance(minutes(5));
    for pair in programs {
        // A moment ago, so that whoever lost the answer might ask again.
        assert!(matches!(tokens.refresh(pair.refresh).await.unwrap(), tokens::Refreshed::Pair(_)));
    }
    let as_it_was = open_of(&app, &others).await;
    let unchanged = async |what: &str| assert_eq!(open_of(&app, &others).await, as_it_was, "{what}");

    // Sessions.
    let secret = |person: &TestPerson| Secret256::parse(person.cookie.trim_start_matches("sid=")).unwrap();
    let own = sessions.person(&secret(&person)).await.unwrap().unwrap();
    assert_eq!(own.account_id, person.account_id);
    unchanged("used").await;
    let half = stage(&person, Stage::SecondFactor).await;
    assert_eq!(sessions.waits_for(&half).await.unwrap().unwrap().account, person.account_id);
    assert_eq!(sessions.try_code(&half).await.unwrap().unwrap().account, person.account_id);
    assert!(sessions.enrolling(&half).await.unwrap().is_none(), "another stage");
    let half = stage(&person, Stage::Enrolment).await;
    assert_eq!(sessions.enrolling(&half).await.unwrap().unwrap().account, person.account_id);
    for half in [&half, &Secret256::random().unwrap()] {
        assert!(sessions.waits_for(half).await.unwrap().is_none(), "another stage, nobody's");
    }
    unchanged("half-way in").await;
    person.sign_in(app.state()).await.unwrap();
    let first = sessions.person(&secret(&person)).await.unwrap().unwrap();
    person.sign_in(app.state()).await.unwrap();
    let second = sessions.person(&secret(&person)).await.unwrap().unwrap();
    assert!(sessions.end(person.account_id, first.session_id, Ended::ByPerson).await.unwrap());
    let listed: Vec<_> = sessions.list(person.account_id).await.unwrap().into_iter().map(|s| s.session_id).collect();
    assert!(!listed.contains(&first.session_id) && listed.contains(&second.session_id), "the one that was named");
    assert!(sessions.step_up(second.session_id).await.unwrap().is_some());
    unchanged("ended one, proved it again").await;
    let renewed = sessions.renew(&second).await.unwrap().unwrap();
    assert_eq!(sessions.person(&renewed).await.unwrap().unwrap().account_id, person.account_id);
    assert_eq!(sessions.list(person.account_id).await.unwrap().len(), 1, "the one in which it was changed goes on");
    unchanged("another credential").await;
    sessions.end_others(person.account_id, None, Ended::SignedOut).await.unwrap();
    unchanged("ended all").await;
    let again = stage(&person, Stage::Open).await;
    sessions.end_secret(&again, Ended::SignedOut).await.unwrap();
    unchanged("signed out").await;

    // Programs, later than the others used theirs.
    app.clock.advance(chrono::TimeDelta::seconds(1));
    let pairs = [program(&person).await, program(&person).await];
    assert_eq!(tokens.person(&pairs[0].access).await.unwrap().unwrap().account_id, person.account_id);
    unchanged("a program was used").await;
    let next = tokens.refresh(pairs[0].refresh.clone()).await.unwrap();
    assert!(matches!(next, tokens::Refreshed::Pair(ref pair) if pair.family_id == pairs[0].family_id), "{next:?}");
    unchanged("another pair").await;
    // The answer was lost, and then the first one comes once more: a copy.
    let again = tokens.refresh(pairs[0].refresh.clone()).await.unwrap();
    let tokens::Refreshed::Pair(again) = again else { panic!("{again:?}") };
    assert_eq!(again.family_id, pairs[0].family_id);
    unchanged("asked again").await;
    assert!(tokens.person(&again.access).await.unwrap().is_some());
    let copy = tokens.refresh(pairs[0].refresh.clone()).await.unwrap();
    assert!(matches!(copy, tokens::Refreshed::Reused(account) if account == person.account_id), "{copy:?}");
    unchanged("a copy").await;
    assert!(tokens.person(&pairs[1].access).await.unwrap().is_some(), "the person's other program goes on");
    assert_eq!(tokens.end(person.account_id, Some(pairs[1].family_id), tokens::Ended::ByPerson).await.unwrap(), 1);
    let pairs = [program(&person).await, program(&person).await];
    assert_eq!(tokens.end(person.account_id, Some(pairs[0].family_id), tokens::Ended::ByPerson).await.unwrap(), 1);
    assert!(tokens.person(&pairs[1].access).await.unwrap().is_some(), "the one that was named");
    unchanged("ended one").await;
    assert_eq!(
        tokens.end_secret(&program(&person).await.refresh, tokens::Ended::SignedOut).await.unwrap(),
        Some(person.account_id)
    );
    assert!(tokens.person(&pairs[1].access).await.unwrap().is_some(), "the one that signed out");
    unchanged("a program signed out").await;
    for _ in 0..21 {
        program(&person).await;
    }
    unchanged("too many programs").await;

    // Browsers.
    let proof = person.proof(app.state()).await.unwrap();
    let browser = sessions.make_known(None, proof).await.unwrap();
    let browser = sessions.make_known(Some(&browser), proof).await.unwrap();
    assert_eq!(sessions.known_to(&browser).await.unwrap(), [person.account_id]);
    unchanged("a browser").await;
    // Whoever sits at somebody else's browser is known there too, and takes nothing from them.
    let both = sessions.make_known(Some(&shared[0]), proof).await.unwrap();
    let mut known = sessions.known_to(&both).await.unwrap();
    known.sort_unstable();
    let mut expected = [others[0], person.account_id];
    expected.sort_unstable();
    assert_eq!(known, expected);
    assert_eq!(sessions.known_to(&browser).await.unwrap(), [person.account_id], "at the own one still");
    assert_eq!(sessions.known_to(&shared[1]).await.unwrap(), [others[1]]);
    app.shutdown().await;
}

#[tokio::test]
async fn a38_a_password_alone_opens_nothing_where_a_code_is_asked_for_and_five_codes_may_be_tried() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let sessions = &app.state().sessions;
    let person = app.person(school.id, StaffRole::Director).await.unwrap();
    let half = Begin { stage: Stage::SecondFactor, ..begin(&app, &person).await };
    let secret = sessions.begin(&half, None).await.unwrap().unwrap();
    assert_eq!(with_cookie(&app, &cookie(&secret)).await, (401, "unauthenticated".into()));
    assert_eq!(sessions.list(person.account_id).await.unwrap().len(), 1, "it is no session");
    let nobodys = Secret256::random().unwrap();
    assert_eq!(sessions.waits_for(&nobodys).await.unwrap(), None);
    assert_eq!(sessions.try_code(&nobodys).await.unwrap(), None);
    for _ in 0..5 {
        assert_eq!(sessions.try_code(&secret).await.unwrap(), Some(half.proof));
    }
    assert_eq!(sessions.try_code(&secret).await.unwrap(), None);
    let secret = sessions.begin(&half, Some(&secret)).await.unwrap().unwrap();
    app.clock.advance(STAFF.second_factor);
    assert_eq!(sessions.try_code(&secret).await.unwrap(), None, "too late");
    let open = sessions.begin(&begin(&app, &person).await, None).await.unwrap().unwrap();
    assert_eq!(sessions.try_code(&open).await.unwrap(), None);
    app.shutdown().await;
}

#[tokio::test]
async fn a46_what_was_proved_before_a_change_of_the_account_begins_nothing_after_it() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let (sessions, tokens) = (&app.state().sessions, &app.state().tokens);
    let person = app.person(school.id, StaffRole::Director).await.unwrap();
    // A password was right; while the code is looked at, the person changes the password.
    let proved = begin(&app, &person).await;
    let half = sessions.begin(&Begin { stage: Stage::SecondFactor, ..proved.clone() }, None).await.unwrap().unwrap();
    let tried = sessions.try_code(&half).await.unwrap().unwrap();
    assert_eq!(tried, proved.proof);
    sql(&app, CHANGE, &person).await;
    for stage in [Stage::SecondFactor, Stage::Enrolment, Stage::Open] {
        let late = Begin { stage, proof: tried, ..proved.clone() };
        assert!(sessions.begin(&late, None).await.unwrap().is_none(), "{stage:?}");
    }
    let program = |proof| tokens::Begin { proof, school: school.id, client: String::new(), network: String::new() };
    assert!(tokens.begin(&program(tried)).await.unwrap().is_none());
    // Whoever proves it now comes in, and whoever made that change in the session for it.
    for now in [begin(&app, &person).await.proof, tried.after_own_change()] {
        assert!(sessions.begin(&Begin { proof: now, ..proved.clone() }, None).await.unwrap().is_some());
        assert!(tokens.begin(&program(now)).await.unwrap().is_some());
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a46_an_open_stream_ends_within_two_seconds_of_the_right_to_it() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let paths = [format!("/api/v1/live/stream?school={}", school.id), format!("/hoy/live?colegio={}", school.id)];
    let mut stays = open(&app, &app.person(school.id, StaffRole::Inspector).await.unwrap(), &paths[0]).await;
    for end in ["sign out", REVOKE, DISABLE, CHANGE, "too old"] {
        for path in &paths {
            let person = app.person(school.id, StaffRole::Inspector).await.unwrap();
            let mut stream = open(&app, &person, path).await;
            let begun = Instant::now();
            match end {
                "sign out" => {
                    let all = app.state().sessions.end_others(person.account_id, None, Ended::SignedOut).await;
                    assert_eq!(all.unwrap(), 1);
                }
                "too old" => {
                    let old = "update sessions set ends_at = created_at where account_id = $1";
                    let pool = &app.running().pools().auth;
                    sqlx::query(old).bind(person.account_id.0).execute(pool).await.unwrap();
                }
                statement => sql(&app, statement, &person).await,
            }
            while tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await.expect(end).unwrap().is_some() {}
            let took = begun.elapsed();
            assert!(took <= Duration::from_secs(2), "{end} {path}: {took:?}");
        }
    }
    assert!(stays.chunk().await.unwrap().is_some(), "who may see it goes on");
    let begun = Instant::now();
    drop(stays);
    while app.state().sessions.open_streams() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "streams that ended are forgotten");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.shutdown().await;
}

async fn open(app: &TestApp, person: &TestPerson, path: &str) -> reqwest::Response {
    let mut stream = app.browser(person).unwrap().get(format!("{}{path}", app.base)).send().await.unwrap();
    assert_eq!(stream.status(), 200, "{path}");
    stream.chunk().await.unwrap().unwrap();
    stream
}

#[tokio::test]
async fn an_open_board_counts_as_use_of_its_session() {
    let app = TestApp::start().await.unwrap();
    let school = app.school(1).await.unwrap();
    let person = app.person(school.id, StaffRole::Inspector).await.unwrap();
    let mut stream = open(&app, &person, &format!("/api/v1/live/stream?school={}", school.id)).await;
    let idle = app.person(school.id, StaffRole::Inspector).await.unwrap();
    let seen = async || app.state().sessions.list(person.account_id).await.unwrap()[0].last_seen_at;
    for _ in 0..3 {
        app.clock.advance(minutes(25));
        let begun = Instant::now();
        while seen().await != app.now() {
            assert!(begun.elapsed() < Duration::from_secs(10), "nobody noted the use");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert!(stream.chunk().await.unwrap().is_some());
    assert_eq!(board(&app, &school, &person).await, 200);
    assert_eq!(board(&app, &school, &idle).await, 401, "and of nobody else's");
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_cannot_be_known_is_refused_and_told_to_come_back() {
    let app = TestApp::start().await.unwrap();
    app.school(1).await.unwrap();
    app.running().pools().auth.close().await;
    for route in ROUTES.iter().filter(|route| matches!(route.access, Access::Person | Access::May(_))) {
        let path = route.path.replace("{id}", "x").replace("{kiosk_id}", "x");
        let method = route.method.parse().unwrap();
        let answer = app.client.request(method, format!("{}{path}", app.base)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{route:?}");
        assert!(answer.headers().contains_key("retry-after"), "{route:?}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn one_person_and_one_school_leave_streams_to_everybody_else() {
    let databases = local_services::testing::TestDatabases::create().await.unwrap();
    let mut config = crate::config::Config::for_testing(&databases.events_url(), &databases.vault_url());
    (config.http.tuning.streams, config.http.tuning.streams_each) = (7, 2);
    let app = TestApp::start_config(databases, &config).await.unwrap();
    let (school, other) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let person = async |school: &TestSchool| app.person(school.id, StaffRole::Inspector).await.unwrap();
    let path = |school: &TestSchool| format!("/api/v1/live/stream?school={}", school.id);
    let status = async |person: &TestPerson, path: &str| {
        app.browser(person).unwrap().get(format!("{}{path}", app.base)).send().await.unwrap().status().as_u16()
    };
    let greedy = person(&school).await;
    let mut streams = vec![open(&app, &greedy, &path(&school)).await, open(&app, &greedy, &path(&school)).await];
    // Not by the pages' stream, nor in another session.
    let again = app.state().sessions.begin(&begin(&app, &greedy).await, None).await.unwrap().unwrap();
    let again = TestPerson { cookie: cookie(&again), ..greedy.clone() };
    assert_eq!(status(&greedy, &format!("/hoy/live?colegio={}", school.id)).await, 503);
    assert_eq!(status(&again, &path(&school)).await, 503);
    let refused = app.browser(&again).unwrap().get(format!("{}{}", app.base, path(&school))).send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    // A colleague finds one; then the school has its share, and another school its own.
    streams.push(open(&app, &person(&school).await, &path(&school)).await);
    let colleague = person(&school).await;
    streams.push(open(&app, &colleague, &path(&school)).await);
    assert_eq!(status(&colleague, &path(&school)).await, 503);
    streams.push(open(&app, &person(&other).await, &path(&other)).await);
    // What ended is free again.
    drop(streams.pop());
    drop(streams.swap_remove(0));
    let begun = Instant::now();
    while status(&greedy, &path(&school)).await != 200 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the place was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a46_what_one_school_takes_away_is_gone_within_two_seconds_and_the_other_school_stays_open() {
    let app = TestApp::start().await.unwrap();
    let (school, twin) = (app.school(1).await.unwrap(), app.school(1).await.unwrap());
    let account_id = app.member(&school, "rosa@escuela.cl", StaffRole::Inspector).await.unwrap();
    let accounts = &app.state().accounts;
    let mut person = TestPerson { account_id, cookie: String::new() };
    person.sign_in(app.state()).await.unwrap();
    let invite =
        commands::accounts::Invite { email: "rosa@escuela.cl".into(), name: "Rosa".into(), role: StaffRole::Inspector };
    let scope = commands::accounts::Scope::Installation;
    accounts.invite_for(&app.context(twin.id), invite, scope).await.unwrap();
    assert_eq!(
        (board(&app, &school, &person).await, board(&app, &twin, &person).await),
        (200, 200),
        "the same session"
    );
    let path = |school: &TestSchool| format!("/api/v1/live/stream?school={}", school.id);
    let (mut stays, mut ends) = (open(&app, &person, &path(&school)).await, open(&app, &person, &path(&twin)).await);
    let begun = Instant::now();
    accounts.disable(&app.context(twin.id), account_id).await.unwrap();
    assert_eq!((board(&app, &school, &person).await, board(&app, &twin, &person).await), (200, 404));
    while tokio::time::timeout(Duration::from_secs(10), ends.chunk()).await.unwrap().unwrap().is_some() {}
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
    let more = tokio::time::timeout(Duration::from_secs(20), stays.chunk()).await.unwrap().unwrap();
    assert!(more.is_some(), "who may see it goes on");
    app.shutdown().await;
}
