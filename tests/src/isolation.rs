//! Requirement P32: whatever anybody asks, nothing of another school comes out and nothing goes in.
//!
//! Three schools whose rows all carry a mark of their own, and thousands of requests made by chance: every
//! route, as every role of each school in a browser and by a program's token, as guardians, as somebody of two
//! schools, as kiosks, as nobody; about own, foreign and random ids, with cursors that others were given. An oracle
//! knows of every mark and id whose it is and looks through every answer, every message and every new event.
//!
//! `make isolation N=1000000 SEED=…` makes as many as wanted.

mod oracle;
mod request;

use crate::canary::{log, logged};
use crate::support::{Kiosk, Line, SANTIAGO, School, id, monday, own_nats};
use anyhow::{Context as _, Result, ensure};
use chrono::TimeDelta;
use commands::accounts::Invite;
use commands::no_show::observe;
use commands::use_cases::{
    LinkGuardian, RecordManualEntry, RegisterGuardian, link_guardian, record_manual_entry, register_guardian,
};
use domain::account::StaffRole;
use domain::attendance_day::{Direction, ManualReason};
use domain::kiosk::LaneMode;
use domain::no_show::{CaseId, Command, Finding, Hold};
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::{ManualEntryId, SchoolId, SlotId};
use futures::StreamExt as _;
use local_services::S3Server;
use local_services::testing::TestDatabases;
use oracle::{Found, Oracle};
use request::{Chance, Way};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;
use web::serve::Parts;
use web::testing::{TestPerson, family, hand_in};
use web::tokens::Begin;

/// Requests of one run of the tests.
const REQUESTS: u64 = 10_000;
/// How many ask at once.
const AT_ONCE: u64 = 8;
/// A word of each school that is in no dictionary.
const MARKS: [&str; 3] = ["Kanariquil", "Kanarizonda", "Kanarupelt"];

/// A school with what somebody might ask for of it.
pub struct Place {
    pub school: School,
    pub kiosk: Kiosk,
    /// A kiosk that may be revoked.
    pub spare: Uuid,
    pub mark: &'static str,
    /// Somebody who was invited and has not come.
    pub member: Uuid,
    /// A guardian of the first pupil.
    pub guardian: Uuid,
    /// The case of the third pupil, who did not come.
    pub case: CaseId,
    /// The second pupil's coming, by hand.
    pub entry: Uuid,
}

/// Somebody who asks.
pub struct Asker {
    /// For messages.
    pub who: String,
    pub way: Way,
    /// Whose data may be in the answers: indexes of places.
    pub of: Vec<usize>,
}

/// The whole scene.
pub struct Scene {
    pub line: Line,
    pub places: Vec<Place>,
    pub askers: Vec<Asker>,
    pub oracle: Oracle,
    /// Cursors that anybody was given.
    pub cursors: Mutex<Vec<String>>,
}

/// Every file below a folder, with its name there.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let below = |entry: std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => files(&entry.path()),
        false => vec![(entry.path().display().to_string(), std::fs::read(entry.path()).unwrap())],
    };
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).flat_map(below).collect()
}

/// Of a place's guardian.
fn address(mark: &str) -> String {
    format!("{}@familia.cl", mark.to_lowercase())
}

async fn place(line: &Line, mark: &'static str) -> Result<Place> {
    let school = line.named_school(&format!("Escuela {mark}"), mark, SANTIAGO, 2, 6).await?;
    let mut kiosk = line.kiosk(&school, &format!("Puerta {mark}"), LaneMode::EntryLane).await?;
    let cards: Vec<_> = school.pupils.iter().map(|pupil| pupil.card.clone()).collect();
    let scans: Vec<_> = cards.iter().map(|card| kiosk.scan(card, "entry", line.now())).collect();
    kiosk.deliver(line, &scans).await?;
    let spare = line.kiosk(&school, &format!("Puerta chica {mark}"), LaneMode::EntryLane).await?.id.0;
    let email = format!("{}@escuela.cl", mark.to_lowercase());
    let invite = Invite { email, name: format!("{mark} Díaz"), role: StaffRole::Inspector };
    let invited = line.state().accounts.invite(&line.context(school.id, SANTIAGO), invite).await?;
    let context = line.context(school.id, SANTIAGO);
    let input = RegisterGuardian {
        name: format!("{mark} Rojas"),
        national_id: None,
        phone: None,
        mail: Some(Mail::parse(&address(mark))?),
        within: None,
    };
    let guardian_id = register_guardian(line.write(), &context, input).await?.guardian_id;
    let rights = GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
    let link = LinkGuardian { student_id: school.pupils[0].id, guardian_id, rights };
    link_guardian(line.write(), &context, link).await?;
    let case = CaseId { date: monday(), slot_id: SlotId(id()), student_id: school.pupils[2].id };
    let due_at = line.now() - TimeDelta::hours(1);
    let found = Finding::Missing { course_id: school.courses[0], due_at, hold: Some(Hold::MassAlarm) };
    observe(line.write(), &[(context.clone(), case, Command::Observe(found))]).await?;
    let entry = ManualEntryId(id());
    let by_hand = RecordManualEntry {
        student_id: school.pupils[1].id,
        date: monday(),
        entry_id: entry,
        direction: Direction::Entry,
        occurred_at: line.now(),
        reason: ManualReason::ForgotCard,
        note: None,
    };
    record_manual_entry(line.write(), &line.state().batcher, &context, by_hand).await?;
    hand_in(line.state(), &context, school.pupils[0].id, mark).await?;
    let (member, guardian) = (invited.account_id.0, guardian_id.0);
    Ok(Place { school, kiosk, spare, mark, member, guardian, case, entry: entry.0 })
}

/// An access token by which a program acts for somebody in a school.
async fn program(line: &Line, person: &TestPerson, school: SchoolId) -> Result<Way> {
    let (client, network) = ("planilla".to_owned(), "127.0.0.0/24".to_owned());
    let begin = Begin { proof: person.proof(line.state()).await?, school, client, network };
    let pair = line.state().tokens.begin(&begin).await?.context("a pair of tokens")?;
    Ok(Way::Program(pair.access))
}

async fn scene(line: Line) -> Result<Scene> {
    let mut places = Vec::new();
    for mark in MARKS {
        places.push(place(&line, mark).await?);
    }
    line.settle().await?;
    let mut oracle = Oracle::default();
    let mut askers = vec![Asker { who: "nobody".into(), way: Way::Nobody, of: Vec::new() }];
    for (n, place) in places.iter().enumerate() {
        oracle.knows(n, place);
        let cookie = family(line.state(), &address(place.mark)).await?;
        askers.push(Asker { who: format!("guardian of {n}"), way: Way::Person(cookie), of: vec![n] });
        askers.push(Asker { who: format!("kiosk of {n}"), way: Way::Kiosk(n), of: vec![n] });
        for role in StaffRole::ALL {
            let person = TestPerson::with_role(line.state(), place.school.id, role).await?;
            oracle.id(person.account_id.0, n);
            let program = program(&line, &person, place.school.id).await?;
            askers.push(Asker { who: format!("program of {role} of {n}"), way: program, of: vec![n] });
            askers.push(Asker { who: format!("{role} of {n}"), way: Way::Person(person.cookie), of: vec![n] });
        }
    }
    let both = TestPerson::with_role(line.state(), places[0].school.id, StaffRole::Director).await?;
    both.grant(line.state(), places[1].school.id, StaffRole::Auditor).await?;
    oracle.person_of(both.account_id.0, vec![0, 1]);
    // A token opens one school, also where its person may see two.
    for (n, place) in places.iter().take(2).enumerate() {
        let way = program(&line, &both, place.school.id).await?;
        askers.push(Asker { who: format!("program of somebody of two schools in {n}"), way, of: vec![n] });
    }
    askers.push(Asker { who: "somebody of two schools".into(), way: Way::Person(both.cookie), of: vec![0, 1] });
    let out = TestPerson::with_role(line.state(), places[0].school.id, StaffRole::Admin).await?;
    let disable = "update accounts set disabled_at = created_at where account_id = $1";
    sqlx::query(disable).bind(out.account_id.0).execute(&line.owner).await?;
    askers.push(Asker { who: "somebody disabled".into(), way: Way::Person(out.cookie), of: Vec::new() });
    Ok(Scene { line, places, askers, oracle, cursors: Mutex::default() })
}

/// What came back.
#[derive(Default)]
struct Seen {
    /// By who asks: how many answers were 2xx, and how many held something of the asker's own school.
    by: BTreeMap<String, (u64, u64)>,
    /// Routes that did for somebody what they are for.
    routes: BTreeSet<(&'static str, &'static str)>,
    wrong: Vec<String>,
}

async fn ask(scene: &Arc<Scene>, seed: u64, n: u64, seen: &Mutex<Seen>) -> Result<()> {
    let mut chance = Chance::new(seed, n);
    let asker = &scene.askers[chance.below(scene.askers.len())];
    let asked = chance.request(scene, asker);
    let what = format!("seed {seed} request {n}: {} asks {}", asker.who, asked.says);
    let mut answer = asked.builder.send().await.with_context(|| what.clone())?;
    let status = answer.status().as_u16();
    let mut text: String = answer.headers().iter().fold(String::new(), |text, (name, value)| {
        text + name.as_str() + ": " + &String::from_utf8_lossy(value.as_bytes()) + "\n"
    });
    if text.contains("text/event-stream") {
        // A stream says all that there is with its first piece.
        if let Ok(Ok(Some(piece))) = tokio::time::timeout(Duration::from_secs(2), answer.chunk()).await {
            text += &String::from_utf8_lossy(&piece);
        }
    } else {
        text += &answer.text().await?;
    }
    if let Some((_, rest)) = text.split_once("\"next\":\"") {
        let cursor = rest.split('"').next().unwrap_or_default().to_owned();
        let mut cursors = scene.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        if cursors.len() < 100 { cursors.push(cursor) } else { cursors[chance.below(100)] = cursor }
    }
    let Found { foreign, own, pupils } = scene.oracle.look(&text, &asker.of, &asked.ids);
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let by = seen.by.entry(asker.who.clone()).or_default();
    by.0 += u64::from((200..300).contains(&status));
    by.1 += u64::from(own);
    let away = text.contains("location: /entrar") || text.contains("location: /cuenta/confirmar");
    if (200..300).contains(&status) || status == 303 && !away {
        seen.routes.insert((asked.route.method, asked.route.path));
    }
    // Families' pages record each pupil by themselves; a kiosk is nobody who looks; who looked at whom is told by ids.
    let silent = asked.route.shows.is_none()
        && asked.route.path != "/registro/miradas"
        && !asked.route.is_of_families()
        && !matches!(asker.way, Way::Kiosk(_));
    if pupils && silent {
        seen.wrong.push(format!("{what}: {status} shows pupils, and no look is recorded"));
    }
    if !foreign.is_empty() || status >= 500 {
        seen.wrong.push(format!("{what}: {status} {foreign:?}"));
    }
    Ok(())
}

/// Every message that NATS carries meanwhile: whose it says it is, and all of it.
async fn listen(url: &str) -> Result<tokio::task::JoinHandle<Result<Vec<Value>>>> {
    let client = async_nats::connect(url).await?;
    let mut messages = client.subscribe("attendance.>").await?;
    client.flush().await?;
    Ok(tokio::spawn(async move {
        let mut all = Vec::new();
        // Until nothing more comes.
        while let Ok(Some(message)) = tokio::time::timeout(Duration::from_secs(3), messages.next()).await {
            // What surrounds the events says which they are and nothing of what is in them.
            all.extend(serde_json::from_slice::<Vec<Value>>(&message.payload)?);
        }
        Ok(all)
    }))
}

/// Every event of the run belongs to a school of whoever made it, and holds nothing of another.
async fn events(scene: &Scene, after: i64, at_least: usize) -> Result<Vec<String>> {
    let all: Vec<(i64, Uuid, String, String)> = sqlx::query_as(
        "select position, school_id, actor, concat_ws(' ', aggregate_id, payload::text, metadata::text) from events
         where position > $1 order by position",
    )
    .bind(after)
    .fetch_all(&scene.line.owner)
    .await?;
    ensure!(all.len() >= at_least, "only {} events were written", all.len());
    let mut wrong = Vec::new();
    for (position, school, actor, text) in all {
        let of: Vec<usize> = scene.oracle.whose(school).to_vec();
        let (kind, name) = actor.split_once(':').context("an actor")?;
        // The program itself works for all.
        let actor_id = Uuid::parse_str(name).ok();
        ensure!(actor_id.is_some() || ["system", "cli"].contains(&kind), "{actor}");
        let may = actor_id.map_or(&of[..], |id| scene.oracle.whose(id));
        if !of.iter().all(|n| may.contains(n)) {
            wrong.push(format!("event {position} of school {of:?} was made by {actor} of {may:?}"));
        }
        let foreign = scene.oracle.look(&text, &of, actor_id.as_slice()).foreign;
        if !foreign.is_empty() {
            wrong.push(format!("event {position} of school {of:?} holds {foreign:?}"));
        }
    }
    Ok(wrong)
}

/// The routes that did for nobody what they are for.
fn not_done(done: &BTreeSet<(&'static str, &'static str)>) -> Vec<(&'static str, &'static str)> {
    let all = web::permissions::ROUTES.iter().map(|route| (route.method, route.path));
    all.filter(|route| !done.contains(route)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn p32_of_ten_thousand_requests_none_reads_or_writes_anything_of_another_school() {
    let from_env =
        |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty()).map(|text| text.parse().unwrap());
    let requests = from_env("ISOLATION_REQUESTS").unwrap_or(REQUESTS);
    let seed = from_env("ISOLATION_SEED").unwrap_or_else(|| fastrand::u64(..));
    log();
    let (databases, nats) = (TestDatabases::create().await.unwrap(), own_nats("isolation-nats").await.unwrap());
    let mut line =
        Line::on(&databases.events_url(), &databases.vault_url(), Some(&nats.url()), Parts::all()).await.unwrap();
    let letters = std::env::temp_dir().join(format!("letters-{}", id()));
    line.close().await;
    line.config.mail = web::config::MailConfig::in_folder(&letters);
    let objects = std::env::temp_dir().join(format!("objects-{}", id()));
    let service = S3Server::start(&objects).await.unwrap();
    line.config.documents = web::config::DocumentsConfig::at(service.url());
    line.open(Parts::all()).await.unwrap();
    let scene = Arc::new(scene(line).await.unwrap());
    let before = ::nats::log::head(&scene.line.owner).await.unwrap().position;
    let messages = listen(&nats.url()).await.unwrap();

    let (next, seen) = (AtomicU64::new(0), Mutex::new(Seen::default()));
    let workers = (0..AT_ONCE).map(|_| async {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= requests {
                return anyhow::Ok(());
            }
            ask(&scene, seed, n, &seen).await?;
        }
    });
    futures::future::try_join_all(workers).await.unwrap();
    let seen = seen.into_inner().unwrap();
    scene.line.settle().await.unwrap();
    assert_eq!(seen.wrong, Vec::<String>::new(), "seed {seed}");
    // Most requests only read.
    let written = usize::try_from(requests / 200).unwrap();
    assert_eq!(events(&scene, before, written).await.unwrap(), Vec::<String>::new(), "seed {seed}");
    let sent = messages.await.unwrap().unwrap();
    assert!(sent.len() >= written, "{} events", sent.len());
    for event in &sent {
        let school: Uuid = event["school_id"].as_str().unwrap().parse().unwrap();
        let of = scene.oracle.whose(school);
        assert_eq!(scene.oracle.look(&event.to_string(), of, &[]).foreign, BTreeSet::new(), "{}", event["position"]);
    }
    let mut sent = 0;
    for file in std::fs::read_dir(&letters).unwrap() {
        let letter = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert_eq!(scene.oracle.astray(&letter), Vec::<&str>::new(), "{letter}");
        sent += 1;
    }
    assert!(sent >= 3, "{sent} letters");
    std::fs::remove_dir_all(&letters).unwrap();
    // What the S3 service has, names and bytes, says nothing of anybody.
    let kept = files(&objects);
    assert!(kept.len() >= MARKS.len(), "{} documents", kept.len());
    for (name, bytes) in &kept {
        let said = format!("{name} {}", String::from_utf8_lossy(bytes));
        assert!(MARKS.iter().all(|mark| !said.contains(mark)) && !said.contains("%PDF"), "{name}");
    }
    drop(service);
    std::fs::remove_dir_all(&objects).unwrap();
    let logs = String::from_utf8_lossy(&logged()).into_owned();
    assert!(MARKS.iter().all(|mark| !logs.contains(mark)), "a name is in the log");

    // It was not all refusals,
    for asker in &scene.askers {
        let (well, own) = seen.by.get(&asker.who).copied().unwrap_or_default();
        assert!(well > 0, "{} was never let in", asker.who);
        assert!(asker.of.is_empty() || own > 0, "{} saw nothing of their own school", asker.who);
    }
    let (all, done) = (web::permissions::ROUTES.len(), seen.routes.len());
    assert!(done * 10 > all * 7, "{done} of {all} routes; not {:?}", not_done(&seen.routes));
    let (well, own) = seen.by.values().fold((0, 0), |(well, own), by| (well + by.0, own + by.1));
    assert!(own * 20 > requests, "{own} of {requests} answers held something of the asker's own school");
    eprintln!("{requests} requests (seed {seed}): {well} let in, {own} with own data, {done} of {all} routes");

    // and one row that came to lie in another school is seen.
    let [one, two] = [0, 1].map(|n| &scene.places[n].school);
    let astray = "update roster.students set school_id = $1 where student_id = $2";
    sqlx::query(astray).bind(two.id.0).bind(one.pupils[0].id.0).execute(&scene.line.owner).await.unwrap();
    let students = scene.line.text(&format!("/api/v1/students?school={}", two.id)).await.unwrap();
    let foreign = scene.oracle.look(&students, &[1], &[]).foreign;
    assert!(foreign.contains(&one.pupils[0].id.to_string()), "{foreign:?}");
}
