//! Personal data is in clear nowhere but on the pages that show it: not in a row of any table, not in
//! a file of JetStream, not in a line of a log.
//!
//! Invented people with names, numbers and addresses that occur nowhere else go through every path
//! that takes personal data; then everything that is kept is searched for them, in many spellings.

mod search;

use crate::support::{Kiosk, Line, SANTIAGO, School, carried, eventually, id, monday, own_nats, own_postgres};
use anyhow::{Result, ensure};
use commands::use_cases::{
    ChangeGuardianContact, ChangeStudentDetails, Contact, EnrolStudent, IssueCredential, LinkGuardian, NewCard,
    RegisterGuardian, change_guardian_contact, change_student_details, enrol_student, issue_credential, link_guardian,
    register_guardian,
};
use domain::kiosk::LaneMode;
use domain::student::{Command, GuardianRights, Student};
use domain::values::mail::Mail;
use domain::values::national_id::{NationalId, check_digit};
use domain::values::phone::Phone;
use domain::{Sealed, StreamId, StudentId};
use search::{Canaries, Found, in_databases, in_files};
use serde_json::json;
use std::io::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use web::cli::import::{Request, roster};
use web::i18n::Lang;
use web::serve::Parts;

/// All that this process logs: everything from our crates, warnings and worse from all others.
pub fn log() -> Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    #[derive(Clone)]
    struct Into(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Into {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    LOG.get_or_init(|| {
        let buffer = Arc::new(Mutex::new(Vec::new()));
        let writer = Into(buffer.clone());
        let ours = "info,e2e=trace,web=trace,commands=trace,nats=trace,projections=trace,workers=trace,sqlx=info";
        let lines = tracing_subscriber::fmt().json().with_env_filter(ours).with_writer(move || writer.clone());
        lines.try_init().expect("no other test of this process collects logs");
        // A panic's message goes where the logs go.
        let panics = buffer.clone();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = writeln!(panics.lock().unwrap_or_else(PoisonError::into_inner), "{panic}");
            usual(panic);
        }));
        buffer
    })
    .clone()
}

/// What was logged until now.
pub fn logged() -> Vec<u8> {
    log().lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Invented people. Their words are in no dictionary.
struct People {
    canaries: Canaries,
    n: u32,
}

impl People {
    fn word(&mut self, stem: &str) -> String {
        self.n += 1;
        let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
        let word = format!("{stem}{}{}{}", letter(self.n / 26), letter(self.n), "uqëx".replace('ë', "ú"));
        self.canaries.add(&word);
        word
    }

    fn given(&mut self) -> String {
        self.word("Xilvéndra")
    }

    fn family(&mut self) -> String {
        format!("{} {}", self.word("Ñancuvil"), self.word("Zúkwar"))
    }

    fn run(&mut self) -> String {
        self.n += 1;
        let number = 27_318_000 + self.n * 37;
        let (dotted, digit) = (number.to_string(), check_digit(number));
        let run = format!("{}.{}.{}-{digit}", &dotted[..2], &dotted[2..5], &dotted[5..]);
        self.canaries.add(&run);
        self.canaries.add(&format!("{number}-{digit}"));
        run
    }

    fn phone(&mut self) -> String {
        self.n += 1;
        let phone = format!("9{:08}", 61_427_000 + self.n * 41);
        self.canaries.add(&phone);
        self.canaries.add(&format!("+56{phone}"));
        format!("+56 {} {} {}", &phone[..1], &phone[1..5], &phone[5..])
    }

    fn mail(&mut self) -> String {
        self.n += 1;
        let mail = format!("quiltrexo{}@correo-de-prueba.cl", self.n);
        self.canaries.add(&mail);
        mail
    }
}

/// Through every use case that takes a person's data.
async fn through_use_cases(line: &Line, school: &School, people: &mut People) -> Result<(StudentId, String)> {
    let write = line.write();
    let context = line.context(school.id, SANTIAGO);
    let national_id = |text: &str| NationalId::parse(text).map_err(anyhow::Error::from);
    let input = EnrolStudent {
        given_names: people.given(),
        family_names: people.family(),
        national_id: Some(national_id(&people.run())?),
        course_id: school.courses[0],
        from: monday(),
    };
    let student_id = enrol_student(write, &context, input).await?.student_id;
    let family_names = people.family();
    let input = ChangeStudentDetails {
        student_id,
        given_names: people.given(),
        family_names: family_names.clone(),
        national_id: Some(national_id(&people.run())?),
    };
    change_student_details(write, &context, input).await?;
    let input = RegisterGuardian {
        name: format!("{} {}", people.given(), people.family()),
        national_id: Some(national_id(&people.run())?),
        phone: Some(Phone::parse(&people.phone())?),
        mail: Some(Mail::parse(&people.mail())?),
        within: None,
    };
    let before = Contact {
        name: input.name.clone(),
        national_id: input.national_id.clone(),
        phone: input.phone.clone(),
        mail: input.mail.clone(),
    };
    let guardian_id = register_guardian(write, &context, input).await?.guardian_id;
    let contact = Contact {
        name: format!("{} {}", people.given(), people.family()),
        national_id: Some(national_id(&people.run())?),
        phone: Some(Phone::parse(&people.phone())?),
        mail: Some(Mail::parse(&people.mail())?),
    };
    change_guardian_contact(write, &context, ChangeGuardianContact { guardian_id, contact, before }).await?;
    let rights = GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
    link_guardian(write, &context, LinkGuardian { student_id, guardian_id, rights }).await?;
    // The number of a chip is as good as a name.
    let uid = *b"\x04\xC4\x9A\xE1\x77\x61\x80";
    people.canaries.add(&hex::encode(uid));
    let card =
        issue_credential(write, &context, IssueCredential { student_id, card: NewCard::Nfc { uid: uid.into() } })
            .await?;
    // Refused by the rules: an error may be logged, a value may not.
    let refused = EnrolStudent {
        given_names: format!("{}\u{0}", people.given()),
        family_names: people.family(),
        national_id: None,
        course_id: school.courses[0],
        from: monday(),
    };
    ensure!(enrol_student(write, &context, refused).await.is_err(), "a NUL in a name is refused");
    Ok((student_id, card.card_text))
}

/// A school's own list: good rows, a bad one, applied twice.
async fn through_import(line: &Line, school: &School, people: &mut People) -> Result<()> {
    let mut list = String::from("RUN;Nombres;Apellidos;Curso;Apoderado;RUN apoderado;Teléfono;Correo\r\n");
    for _ in 0..3 {
        let (run, given, family) = (people.run(), people.given(), people.family());
        let guardian = format!("{} {}", people.given(), people.family());
        let (guardian_run, phone, mail) = (people.run(), people.phone(), people.mail());
        list += &format!("{run};{given};{family};2° Básico B;{guardian};{guardian_run};{phone};{mail}\r\n");
    }
    // A wrong check digit, a phone that is none, a mail that is none.
    let run = people.run();
    let wrong = format!("{}{}", &run[..run.len() - 1], if run.ends_with('7') { '8' } else { '7' });
    let (given, family, guardian) = (people.given(), people.family(), people.given());
    let (phone, mail) = (people.phone(), people.mail());
    list += &format!("{wrong};{given};{family};2° Básico B;{guardian};;{phone}99999;{mail}@\r\n");
    for apply in [false, true, true] {
        let request = Request { apply, school: Some(school.id), year: Some(2026), from: Some(monday()) };
        let report = roster(line.write(), list.as_bytes(), request, Lang::default()).await?;
        let report = report.map_err(|problem| anyhow::anyhow!("the list cannot be read: {}", problem.code()))?;
        ensure!(!report.errors.is_empty(), "the bad row is told");
        // What a program reads of it names nobody.
        let printed = serde_json::to_string(&report)?;
        ensure!(people.canaries.found_in(printed.as_bytes()).is_empty(), "the report in JSON names somebody");
    }
    Ok(())
}

/// Everything that a kiosk can send, good and bad.
async fn through_kiosk(line: &Line, kiosk: &mut Kiosk, known: &str, people: &mut People) -> Result<()> {
    let now = line.now();
    let mut scans = vec![kiosk.scan(known, "entry", now)];
    // Somebody types a RUN, or a name, in place of a card; a reader gives rubbish.
    for read in [people.run(), people.given(), format!("{}\u{0}\u{7}", people.family()), people.mail(), people.phone()]
    {
        let mut scan = kiosk.scan(&read, "entry", now);
        scan["method"] = "typed".into();
        scans.push(scan);
    }
    // Items that cannot be read are kept as they came.
    for _ in 0..2 {
        let mut scan = kiosk.scan(&people.run(), "entry", now);
        scan["direction"] = people.given().into();
        scan[people.family()] = people.mail().into();
        scans.push(scan);
    }
    scans.push(json!({"name": people.given(), "seq": people.run()}));
    scans.push(json!(people.family()));
    let (items, _) = kiosk.deliver(line, &scans).await?;
    let quarantined = items.iter().filter(|item| item["verdict"] == "quarantined").count();
    ensure!(quarantined == scans.len() - 1, "{items:?}");
    // Whole requests that are refused; the answer does not repeat them.
    for body in [
        format!("{{\"queue_id\": \"{}\"", people.run()),
        json!({"queue_id": kiosk.queue, "scans": [], people.given(): people.family()}).to_string(),
        json!({"queue_id": people.mail()}).to_string(),
        people.phone(),
    ] {
        let answer = kiosk.post_body(line, body).await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_client_error(), "{status}");
        ensure!(people.canaries.found_in(text.as_bytes()).is_empty(), "the refusal repeats the request: {text}");
    }
    let mut wrong = kiosk.clone();
    wrong.secret = people.given();
    ensure!(wrong.post(line, &scans).await?.status() == 401, "a wrong secret");
    // A device's own version is kept in clear: whatever a person is called by does not come through.
    let told = [people.given(), people.family(), people.run(), people.phone(), people.mail()];
    let plain = |text: &String| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let spellings = told.iter().flat_map(|text| [text.replace(' ', ""), text.replace(['.', ' '], ""), plain(text)]);
    for version in spellings {
        let mut beat = kiosk.device(0, now);
        beat["app_version"] = version.clone().into();
        let url = format!("{}/api/v1/kiosks/{}/heartbeat", line.base, kiosk.id);
        let answer = line.http.post(&url).bearer_auth(&kiosk.secret).json(&beat).send().await?;
        ensure!(answer.status() == 200, "{}", answer.status());
        let scan = kiosk.scan(known, "entry", now);
        let mut batch = kiosk.batch(&[scan], now);
        batch["app_version"] = version.into();
        let answer = kiosk.post_body(line, batch.to_string()).await?;
        ensure!(answer.status() == 200, "{}", answer.status());
    }
    // A heartbeat with more in it than it should have.
    let mut beat = kiosk.device(0, now);
    beat["app_version"] = people.given().into();
    beat[people.family()] = people.run().into();
    let url = format!("{}/api/v1/kiosks/{}/heartbeat", line.base, kiosk.id);
    let answer = line.http.post(&url).bearer_auth(&kiosk.secret).json(&beat).send().await?;
    ensure!(answer.status().is_client_error(), "{}", answer.status());
    kiosk.heartbeat(line).await?;
    Ok(())
}

/// Everything that people and programs read; names and numbers in what they ask, too.
async fn through_reading(line: &Line, school: &School, people: &mut People) -> Result<()> {
    let (id, course) = (school.id, school.courses[0]);
    let shown = [
        format!("/api/v1/students?school={id}"),
        format!("/api/v1/live?school={id}"),
        format!("/api/v1/courses/{course}/day?school={id}"),
        format!("/hoy?colegio={id}"),
        format!("/hoy/cursos/{course}?colegio={id}"),
    ];
    for path in &shown {
        let text = line.text(path).await?;
        ensure!(!people.canaries.found_in(text.as_bytes()).is_empty(), "{path} names nobody: nothing was opened");
    }
    for path in [format!("/api/v1/audit?school={id}"), format!("/api/v1/live/pupils?school={id}"), "/metrics".into()] {
        let text = line.text(&path).await?;
        ensure!(people.canaries.found_in(text.as_bytes()).is_empty(), "{path} names somebody");
    }
    let encoded = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let query = |pairs: &[(&str, &str)], path: &str| {
        let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        line.http.get(format!("{}{path}?{}", line.base, pairs.join("&"))).send()
    };
    let (run, name) = (people.run(), people.given());
    for path in ["/api/v1/students", "/api/v1/audit", "/api/v1/live", "/hoy", "/escuelas"] {
        query(
            &[("q", &run), ("name", &name), ("actor", &name), ("stream", &run), ("cursor", &name), ("colegio", &run)],
            path,
        )
        .await?;
    }
    line.http.get(format!("{}/api/v1/students/{run}", line.base)).send().await?;
    line.http.get(format!("{}/hoy/cursos/{run}", line.base)).header("cookie", format!("colegio={name}")).send().await?;
    // A browser's report of a page that broke its policy repeats the page's address, and pieces of it.
    let page = format!("{}/hoy?q={}", line.base, people.given());
    let sample = people.family();
    let report = json!({"csp-report": {"document-uri": page, "effective-directive": name, "blocked-uri": page,
        "script-sample": sample}});
    let reported = line.http.post(format!("{}/csp", line.base)).header("content-type", "application/csp-report");
    ensure!(reported.body(report.to_string()).send().await?.status() == 204, "a report is taken");
    // A write with more in it than it should have.
    let schedule = json!({"effective_from": people.given(), "stays": [people.family()]});
    let url = format!("{}/api/v1/courses/{course}/schedule?school={id}", line.base);
    let put = line.http.put(&url).header("idempotency-key", crate::support::id().to_string());
    let answer = put.json(&schedule).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_client_error(), "{status}");
    ensure!(people.canaries.found_in(text.as_bytes()).is_empty(), "the refusal repeats the request: {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_in_no_table_no_file_and_no_log_and_the_search_would_find_it() {
    log();
    let postgres = own_postgres("canary-pg").await.unwrap();
    let mut nats = own_nats("canary-nats").await.unwrap();
    let mut line = Line::on_cluster(&postgres, Some(&nats), Parts::all()).await.unwrap();
    let school = line.school(SANTIAGO, 1, 2).await.unwrap();
    let mut kiosk = line.kiosk(&school, "Portón Norte", LaneMode::EntryLane).await.unwrap();
    let mut people = People { canaries: Canaries::default(), n: 0 };

    let (_, card) = through_use_cases(&line, &school, &mut people).await.unwrap();
    through_import(&line, &school, &mut people).await.unwrap();
    through_kiosk(&line, &mut kiosk, &card, &mut people).await.unwrap();
    line.settle().await.unwrap();
    through_reading(&line, &school, &mut people).await.unwrap();
    // A database that goes away in the middle of it: errors are logged too.
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()";
    sqlx::query(end).execute(&line.owner).await.unwrap();
    let scans = [kiosk.scan(&people.run(), "entry", line.now())];
    kiosk.deliver(&line, &scans).await.unwrap();
    line.must_equal_a_rebuild().await.unwrap();
    held_by_jetstream(&line, &nats).await.unwrap();

    let canaries = &people.canaries;
    assert!(canaries.values.len() > 80, "{} canaries", canaries.values.len());
    assert_eq!(in_databases(&line, canaries).await.unwrap(), Found::new());
    nats.stop();
    assert_eq!(in_files(&nats.store(), canaries, 10_000).unwrap(), Found::new());
    let server_logs = |nats: &local_services::NatsServer| {
        let folders = [local_services::testing::scratch("canary-pg"), nats.store().parent().unwrap().to_owned()];
        folders.map(|folder| std::fs::read(folder.join("server.log")).unwrap()).concat()
    };
    assert_eq!(canaries.found_in(&server_logs(&nats)), Vec::<&str>::new());
    let logs = logged();
    assert!(logs.len() > 2_000, "{} bytes of logs", logs.len());
    assert_eq!(canaries.found_in(&logs), Vec::<&str>::new());

    // The same search sees one field that is left unsealed, wherever it comes to lie.
    nats.resume().await.unwrap();
    let bare = people.given();
    let unsealed = Command::Enrol {
        course_id: school.courses[0],
        from: monday(),
        given_names: Sealed(bare.clone()),
        family_names: Sealed("v1:sealed".into()),
        national_id: None,
    };
    let stream = StreamId::of(school.id, StudentId(id()));
    let context = line.context(school.id, SANTIAGO);
    line.write().execute::<Student>(&context, &stream, unsealed).await.unwrap();
    tracing::error!(name = bare, "a line that should never be written");
    line.settle().await.unwrap();
    held_by_jetstream(&line, &nats).await.unwrap();
    let canaries = &people.canaries;
    let found = in_databases(&line, canaries).await.unwrap();
    let only = vec![bare.clone()];
    assert_eq!(
        found,
        Found::from(
            ["audit.entries", "public.events", "roster.students"].map(|t| (format!("events: {t}"), only.clone()))
        )
    );
    line.close().await;
    nats.stop();
    let found = in_files(&nats.store(), canaries, 10_000).unwrap();
    assert!(found.values().any(|hits| hits == &only), "{found:?}");
    assert_eq!(canaries.found_in(&logged()), [bare.as_str()]);
}

async fn held_by_jetstream(line: &Line, nats: &local_services::NatsServer) -> Result<()> {
    eventually("JetStream holds the log", async || {
        let head = ::nats::log::head(&line.owner).await?.position;
        Ok(carried(&nats.url()).await?.last() == Some(&head))
    })
    .await
}
