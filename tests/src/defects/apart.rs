//! Schools, secrets and sessions: keys that open everything, connections that remember, processes that
//! forget, schools that cannot be.

use super::{Kiosk, Line, SANTIAGO, School, id, scene};
use crate::process::{Server, run};
use crate::support::{durable_postgres, eventually};
use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use commands::accounts::Invite;
use commands::clock::{Clock as _, SystemClock};
use commands::use_cases::{RegisterSchool, register_school};
use domain::SchoolId;
use domain::account::StaffRole;
use domain::kiosk::LaneMode;
use domain::school::Settings;
use futures::StreamExt as _;
use serde_json::json;
use std::time::Duration;
use web::permissions::{Access, ROUTES};
use web::serve::{Part, Parts};
use web::session::Begin;
use web::testing::{TestPerson, own, with_form};

/// A client of nobody that follows no redirect.
fn nobody() -> reqwest::ClientBuilder {
    workers::outbound::loopback().redirect(reqwest::redirect::Policy::none())
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_no_key_is_served_and_each_opens_its_own_kiosk_and_nothing_else() {
    let (line, school, kiosk) = scene(1, 2).await.unwrap();
    let other = line.school(SANTIAGO, 1, 1).await.unwrap();
    let others = line.kiosk(&other, "Sur", LaneMode::Choice).await.unwrap();
    let second = line.kiosk(&school, "Sur", LaneMode::Choice).await.unwrap();
    let secrets = [&kiosk.secret, &others.secret, &second.secret];
    assert!(secrets[0] != secrets[1] && secrets[0] != secrets[2] && secrets[1] != secrets[2]);
    // Whatever anybody may read, as the seed's kiosk page could read its key, and the usual places.
    let anybody = nobody().build().unwrap();
    let public = ROUTES.iter().filter(|route| route.method == "GET" && route.access == Access::Public);
    let page = anybody.get(format!("{}/entrar", line.base)).send().await.unwrap().text().await.unwrap();
    let assets: Vec<String> = page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect();
    assert!(assets.len() >= 2, "{assets:?}");
    let usual = ["/kiosk/data/config.json", "/config.json", "/.env", "/assets/config.json"].map(str::to_owned);
    for path in public.map(|route| route.path.to_owned()).chain(assets).chain(usual) {
        let text = anybody.get(format!("{}{path}", line.base)).send().await.unwrap().text().await.unwrap();
        assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "{path}");
    }
    // A kiosk's secret at another kiosk, of the same school or another, under whatever school's name.
    let other_id = other.id.to_string();
    for target in [&others, &second] {
        for named in ["x-tenant-id", "x-school-id", "x-device-key", "x-attendance"] {
            for path in ["scans", "heartbeat", "roster"] {
                let url = format!("{}/api/v1/kiosks/{}/{path}?school={other_id}", line.base, target.id);
                let request = if path == "roster" { anybody.get(url) } else { anybody.post(url).body("{}") };
                let request = request.bearer_auth(&kiosk.secret).header(named, &other_id);
                let answer = request.header("content-type", "application/json").send().await.unwrap();
                assert_eq!(answer.status(), 401, "{path} {named}");
            }
        }
    }
    // Nor anything that is a person's.
    for route in ROUTES.iter().filter(|route| route.is_api() && matches!(route.access, Access::May(_))) {
        let path = route.path.replace("{id}", &school.courses[0].to_string());
        let request = anybody.request(route.method.parse().unwrap(), format!("{}{path}", line.base));
        let answer = request.bearer_auth(&kiosk.secret).header("x-device-key", &kiosk.secret).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{} {path}", route.method);
    }
    kiosk.heartbeat(&line).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_on_three_connections_for_all_no_request_is_answered_with_another_schools_rows() {
    let mut line = Line::start().await.unwrap();
    line.close().await;
    line.config.sides.pools.request = 3;
    line.open(Parts::all()).await.unwrap();
    let mut schools = Vec::new();
    for _ in 0..3 {
        schools.push(line.school(SANTIAGO, 1, 4).await.unwrap());
    }
    line.settle().await.unwrap();
    let ids = |school: &School| school.pupils.iter().map(|pupil| pupil.id.to_string()).collect::<Vec<_>>();
    let ids: Vec<Vec<String>> = schools.iter().map(ids).collect();
    // In turn and at once; some hang up in the middle, some ask for what is not there.
    let answers = (0..900_usize).map(|n| {
        let (line, schools, ids) = (&line, &schools, &ids);
        async move {
            let of = n % 3;
            let school = schools[of].id;
            let path = match n % 7 {
                0 => format!("/api/v1/students?school={school}&cursor=zzz"),
                1 => format!("/api/v1/courses/{}/day?school={school}", schools[(of + 1) % 3].courses[0]),
                _ => format!("/api/v1/students?school={school}"),
            };
            let request = line.http.get(format!("{}{path}", line.base)).send();
            let patience = if n % 5 == 0 { Duration::from_micros(n as u64 * 7) } else { Duration::from_secs(30) };
            let Ok(answer) = tokio::time::timeout(patience, request).await else { return Ok(0) };
            let text = answer?.text().await?;
            for (other, ids) in ids.iter().enumerate() {
                let found = ids.iter().filter(|id| text.contains(*id)).count();
                anyhow::ensure!(found == 0 || other == of, "{path} answered with school {other}'s");
            }
            anyhow::Ok(ids[of].iter().filter(|id| text.contains(*id)).count())
        }
    });
    let seen: Vec<_> = futures::stream::iter(answers).buffer_unordered(24).collect().await;
    let whole = seen.into_iter().map(Result::unwrap).filter(|n| *n == 4).count();
    assert!(whole > 400, "{whole} answers were whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn d24_what_one_process_began_is_finished_by_another_and_after_a_restart() {
    let (mut line, school, _) = scene(1, 1).await.unwrap();
    let person = TestPerson::with_role(line.state(), school.id, StaffRole::Inspector).await.unwrap();
    // A password was given and a code is waited for; a link was made and not opened.
    let begin = Begin {
        proof: person.proof(line.state()).await.unwrap(),
        stage: web::session::Stage::SecondFactor,
        device: "Firefox".to_owned(),
        network: "127.0.0.0/24".to_owned(),
    };
    let secret = line.state().sessions.begin(&begin, None).await.unwrap().unwrap();
    let half = format!("sid={}", *secret.reveal());
    let invite = |n: u8| Invite {
        email: format!("nueva{n}@escuela.cl"),
        name: "Nueva Persona".to_owned(),
        role: StaffRole::Inspector,
    };
    let mut links = Vec::new();
    for n in 0..2 {
        let context = line.context(school.id, SANTIAGO);
        let invited = line.state().accounts.invite(&context, invite(n)).await.unwrap();
        links.push(invited.link.unwrap().secret.reveal().to_string());
    }
    let client = nobody().build().unwrap();
    let finish = async |base: &str, half: &str, link: &str| {
        // Where the first half of a sign-in is not known, its second leads back to the beginning.
        let code = client.post(format!("{base}/entrar/codigo")).header("cookie", half).header("origin", base);
        let code = with_form(code, [("codigo", "000000")]).send().await?;
        let password = "una frase bastante larga";
        let form = [("enlace", link), ("nueva", password), ("repetida", password)];
        let opened = with_form(client.post(format!("{base}/entrar/activar")), form).send().await?;
        let to = opened.headers().get("location").map(|to| to.to_str().map(str::to_owned)).transpose()?;
        anyhow::Ok((code.headers().contains_key("location"), to))
    };
    let done = (false, Some("/entrar?aviso=activada".to_owned()));
    let another = line.another(&[Part::Http]).await.unwrap();
    assert_eq!(finish(&another.base_url().unwrap(), &half, &links[0]).await.unwrap(), done);
    another.shutdown().await;
    line.close().await;
    line.open(Parts::all()).await.unwrap();
    assert_eq!(finish(&line.base, &half, &links[1]).await.unwrap(), done);
    let nobodys = format!("sid={}", "A".repeat(43));
    assert_eq!(finish(&line.base, &nobodys, "x").await.unwrap(), (true, None), "nobody began that");
}

/// A school under a name, with a kiosk.
async fn named(line: &Line, name: &str) -> Result<(SchoolId, Kiosk)> {
    let school = School { id: SchoolId(id()), zone: SANTIAGO, courses: Vec::new(), pupils: Vec::new() };
    let settings =
        Settings { late_after_minutes: 5, missing_after_minutes: 30, echo_seconds: 60, ..Settings::of(SANTIAGO) };
    let input = RegisterSchool { name: name.to_owned(), rbd: None, settings };
    register_school(line.write(), &line.context(school.id, SANTIAGO), input).await.with_context(|| name.to_owned())?;
    own(&line.owner, school.id, line.now()).await?;
    let kiosk = line.kiosk(&school, "Norte", LaneMode::Choice).await?;
    Ok((school.id, kiosk))
}

#[tokio::test(flavor = "multi_thread")]
async fn d38_a_school_of_any_name_is_there_its_scans_are_kept_and_its_workers_work() {
    let line = Line::start().await.unwrap();
    let names = [
        "demo-local",
        "Liceo A-17 “Ñuñoa” & Cía.",
        "O'Higgins; drop table events; --",
        "<b>Escuela</b>",
        "public",
        "tenant_demo-local",
        "学校 🏫",
        "1",
    ];
    let mut schools = Vec::new();
    for name in names {
        schools.push(named(&line, name).await.unwrap());
    }
    for (_, kiosk) in &mut schools {
        kiosk.heartbeat(&line).await.unwrap();
        let scan = kiosk.scan("una tarjeta que nadie conoce", "entry", line.now());
        let (items, _) = kiosk.deliver(&line, &[scan]).await.unwrap();
        assert_eq!(items[0]["verdict"], "quarantined");
    }
    line.settle().await.unwrap();
    for (name, (school, _)) in names.iter().zip(&schools) {
        let page = line.text(&format!("/hoy?colegio={school}")).await.unwrap();
        let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.contains(&escaped), "{name} is on its board");
    }
    // What works by itself works for each.
    line.clock.advance(TimeDelta::minutes(4));
    eventually("the gate watch writes for every school", async || {
        let told = "select count(distinct school_id) from events where event_type = 'silent'";
        let told: i64 = sqlx::query_scalar(told).fetch_one(&line.owner).await?;
        Ok(usize::try_from(told)? == names.len())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d28_a_school_is_created_by_one_command_and_is_whole_and_one_that_is_refused_leaves_nothing() {
    let postgres = durable_postgres("school-created").await.unwrap();
    let (events, vault) = (postgres.url("events"), postgres.url("vault"));
    let keys = ["11", "22"].map(|byte| byte.repeat(32));
    let sides =
        ["--database-url", &events, "--vault-database-url", &vault, "--kek", &keys[0], "--directory-key", &keys[1]];
    let by_command = |words: &[&str]| run(&[words, &sides].concat());
    let said = |printed: &str, what: &str| {
        let line = printed.lines().find_map(|line| line.split_once(what)).expect(what);
        line.1.split_whitespace().next().expect(what).to_owned()
    };
    let count = async |table: &str| -> i64 {
        let owner = sqlx::PgPool::connect(&events).await.unwrap();
        sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(&owner).await.unwrap()
    };
    // What cannot be is refused whole.
    for wrong in [["--name", "", "--rbd", "12345-6"], ["--name", "Escuela", "--late-after-minutes", "60000"]] {
        assert!(by_command(&[&["school", "add"][..], &wrong].concat()).is_err(), "{wrong:?}");
    }
    assert_eq!((count("events").await, count("roster.schools").await), (0, 0));

    let server = Server::start(&postgres, None).await.unwrap();
    let client = nobody().build().unwrap();
    for (n, name) in ["Liceo A-17 “Ñuñoa”", "demo-local"].into_iter().enumerate() {
        let school = said(&by_command(&["school", "add", "--name", name]).unwrap(), "school ");
        // Everything that a school consists of, one command each; nobody writes a schema or restarts a server.
        let email = format!("direccion{n}@escuela.cl");
        let invited = ["user", "add", "--school", &school, "--email", &email, "--name", "Rosa Díaz", "--role", "admin"];
        let link = said(&by_command(&invited).unwrap(), "#t=");
        let gate = ["kiosk", "enrol", "--school", &school, "--gate", "Portón Norte", "--mode", "entry"];
        let enrolled = by_command(&gate).unwrap();
        let (kiosk, secret) = (said(&enrolled, "kiosk "), said(&enrolled, "secret "));
        let scan = json!({"queue_id": id(), "boot_id": id(), "device_time": SystemClock.now(), "monotonic_ms": 1000,
            "queue_depth": 0, "scans": [{"scan_id": id(), "seq": 1, "read": "una tarjeta", "direction": "entry",
            "method": "qr", "device_time": SystemClock.now(), "monotonic_ms": 1000, "shown": "welcome"}]});
        let scans = client.post(format!("{}/api/v1/kiosks/{kiosk}/scans", server.base)).bearer_auth(&secret);
        let stored: serde_json::Value = scans.json(&scan).send().await.unwrap().json().await.unwrap();
        assert_eq!(stored["items"][0]["verdict"], "quarantined", "{name}: {stored}");
        const PASSWORD: &str = "caballo correcto bateria grapa";
        let form = async |path: &str, form: &[(&str, &str)]| {
            let request = client.post(format!("{}{path}", server.base)).header("origin", &server.base);
            with_form(request, form.iter().copied()).send().await.unwrap()
        };
        let chosen = [("enlace", link.as_str()), ("nueva", PASSWORD), ("repetida", PASSWORD)];
        assert_eq!(form("/entrar/activar", &chosen).await.status(), 303, "{name}");
        let entered = form("/entrar", &[("email", email.as_str()), ("clave", PASSWORD)]).await;
        let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        eventually("its board is there", async || {
            let page = client.get(format!("{}/hoy?colegio={school}", server.base)).header("cookie", &cookie);
            Ok(page.send().await?.text().await?.contains(name))
        })
        .await
        .unwrap();
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn d29_a_school_brings_no_schema_of_its_own_and_is_served_as_soon_as_it_is_registered() {
    let line = Line::start().await.unwrap();
    // Every column of every table; a school adds rows.
    let columns = async || -> Vec<String> {
        let all = "select concat_ws(' ', table_schema, table_name, column_name, data_type, is_nullable)
                   from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
                   order by 1";
        sqlx::query_scalar(all).fetch_all(&line.owner).await.unwrap()
    };
    let before = columns().await;
    assert!(before.len() > 100, "{} columns", before.len());
    for n in 0..3 {
        let school = line.school(SANTIAGO, 1, 2).await.unwrap();
        let mut kiosk = line.kiosk(&school, "Norte", LaneMode::EntryLane).await.unwrap();
        let scan = kiosk.scan(&school.pupils[0].card, "entry", line.now());
        let (items, failed) = kiosk.deliver(&line, &[scan]).await.unwrap();
        assert_eq!((&items[0]["verdict"], failed), (&"accepted".into(), 0), "school {n}: {items:?}");
        line.settle().await.unwrap();
        let totals = &line.json(&format!("/api/v1/live?school={}", school.id)).await.unwrap()["totals"];
        assert_eq!(totals["inside"], 1, "school {n}: {totals}");
    }
    assert_eq!(columns().await, before);
}
