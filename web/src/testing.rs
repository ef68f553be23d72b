//! A whole server in a test: fresh databases, a clock that stands still, a free port, projectors in
//! process. For this crate's tests and, behind the feature `testing`, the end-to-end ones.

#![cfg_attr(not(test), expect(clippy::expect_used, clippy::indexing_slicing, reason = "for tests"))]

mod authenticator;
mod jar;
mod people;
#[cfg(test)]
pub(crate) mod statistics;

use crate::AppState;
use crate::config::{Config, DocumentsConfig, SecondFactor};
use crate::problem::ProblemBody;
use crate::serve::{self, Parts, Running};
use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use commands::accounts::Invite;
use commands::broadcasts::{Written, draft};
use commands::clock::ManualClock;
use commands::ids::{IdSource as _, SystemIds};
use commands::no_show::observe;
use commands::use_cases::{
    CourseLabel, EnrolKiosk, EnrolStudent, Grade, IssueCredential, JustifyDay, LinkGuardian, NewCard, OpenCourse,
    RegisterGuardian, RegisterSchool, SetWeeklySchedule, enrol_kiosk, enrol_student, issue_credential, justify_day,
    link_guardian, open_course, register_guardian, register_school, set_weekly_schedule,
};
use commands::{Context, Write};
use domain::account::StaffRole;
use domain::broadcast::{Audience, Role, Whom};
use domain::kiosk::LaneMode;
use domain::no_show::{CaseId, Command, Finding, Hold, Justification};
use domain::school::Settings;
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::{
    AccountId, Actor, BroadcastId, CourseId, GuardianId, JustificationId, KioskId, SchoolId, SlotId, StudentId,
};
use local_services::S3Server;
use local_services::testing::TestDatabases;
use projections::ReadModel;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub use authenticator::Authenticator;
pub use jar::{Jar, with_form};
pub use people::{OWNER_COOKIE, TestPerson, family, own, proof};

/// The password of [`TestApp::member`].
pub const PASSWORD: &str = "caballo correcto bateria grapa";

/// Monday, 2026-03-09, 07:30 in Santiago (UTC−3).
pub fn monday_morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_052_200, 0).unwrap_or_default()
}

/// A running server.
pub struct TestApp {
    /// Its databases.
    pub databases: TestDatabases,
    /// Its clock; stands at [`monday_morning`] until it is moved.
    pub clock: Arc<ManualClock>,
    /// `http://127.0.0.1:<port>`
    pub base: String,
    /// One HTTP client, without retries, of a person who owns every school of this server.
    pub client: reqwest::Client,
    /// One of nobody; it follows no redirect.
    pub anonymous: reqwest::Client,
    owner: TestPerson,
    running: Running,
    /// Where its letters are written.
    letters: PathBuf,
    /// Where its documents are kept, and in which folder.
    objects: (Option<S3Server>, PathBuf),
}

/// A school with one course that expects its pupils on weekdays at 08:00, and a kiosk at its gate.
pub struct TestSchool {
    /// The school.
    pub id: SchoolId,
    /// Its course.
    pub course: CourseId,
    /// Its pupils with the text of their card.
    pub pupils: Vec<(StudentId, String)>,
    /// Its kiosk.
    pub kiosk: KioskId,
    /// The kiosk's secret.
    pub secret: String,
    /// The kiosk's queue.
    pub queue: Uuid,
}

impl TestApp {
    /// A server without NATS.
    pub async fn start() -> Result<Self> {
        let databases = TestDatabases::create().await?;
        Self::start_with(databases, None).await
    }

    /// The same, where a second factor is demanded, as everywhere but in tests of other things.
    pub async fn start_strict() -> Result<Self> {
        Self::start_as(TestDatabases::create().await?, None, SecondFactor::Required).await
    }

    /// A server with a place for documents.
    pub async fn start_with_documents() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("documents-{}", SystemIds.next()));
        let service = S3Server::start(&folder).await?;
        let kept = DocumentsConfig::at(service.url());
        let mut app = Self::start_changed(TestDatabases::create().await?, |config| config.documents = kept).await?;
        app.objects = (Some(service), folder);
        Ok(app)
    }

    /// The place for documents is there no more; the folder stays.
    pub fn lose_documents(&mut self) {
        self.objects.0 = None;
    }

    /// A server on given databases, with NATS if given.
    pub async fn start_with(databases: TestDatabases, nats_url: Option<&str>) -> Result<Self> {
        Self::start_as(databases, nats_url, SecondFactor::Optional).await
    }

    async fn start_as(databases: TestDatabases, nats_url: Option<&str>, second_factor: SecondFactor) -> Result<Self> {
        let nats = crate::config::TransportConfig::for_testing(nats_url);
        let change = |config: &mut Config| {
            config.transport = nats;
            config.people.second_factor = second_factor;
        };
        Self::start_changed(databases, change).await
    }

    /// A server without NATS whose configuration is changed first.
    pub async fn start_changed(databases: TestDatabases, change: impl FnOnce(&mut Config)) -> Result<Self> {
        let mut config = Config::for_testing(&databases.events_url(), &databases.vault_url());
        config.transport = crate::config::TransportConfig::for_testing(None);
        config.people.second_factor = SecondFactor::Optional;
        change(&mut config);
        let letters = std::env::temp_dir().join(format!("letters-{}", SystemIds.next()));
        config.mail = crate::config::MailConfig::in_folder(&letters);
        let mut app = Self::start_config(databases, &config).await?;
        app.letters = letters;
        Ok(app)
    }

    /// A server as configured; `databases` are those that it was configured with, if it has them of the
    /// shared cluster.
    pub async fn start_config(databases: TestDatabases, config: &Config) -> Result<Self> {
        let clock = Arc::new(ManualClock::at(monday_morning()));
        let running = serve::start(config, Parts::all(), clock.clone(), Arc::new(SystemIds)).await?;
        let base = running.base_url().context("HTTP runs")?;
        let state = running.state().context("HTTP runs")?;
        let owner = TestPerson::owner(state).await?;
        let client = owner.client(&base).build()?;
        let anonymous = http().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self {
            databases,
            clock,
            base,
            client,
            anonymous,
            owner,
            running,
            letters: PathBuf::new(),
            objects: (None, PathBuf::new()),
        })
    }

    /// The person behind [`TestApp::client`].
    pub fn owner(&self) -> &TestPerson {
        &self.owner
    }

    /// Somebody new who holds a role in a school, signed in.
    pub async fn person(&self, school: SchoolId, role: StaffRole) -> Result<TestPerson> {
        TestPerson::with_role(self.state(), school, role).await
    }

    /// The browser of somebody new who holds a role in a school; it follows no redirect.
    pub async fn sign_in(&self, school: &TestSchool, role: StaffRole) -> Result<reqwest::Client> {
        self.browser(&self.person(school.id, role).await?)
    }

    /// A browser with a person's cookie; it follows no redirect.
    pub fn browser(&self, person: &TestPerson) -> Result<reqwest::Client> {
        Ok(person.client(&self.base).redirect(reqwest::redirect::Policy::none()).build()?)
    }

    /// Gives a role as if it had always been there: sessions go on, and no event says so.
    pub async fn grant(&self, account: AccountId, school: SchoolId, role: StaffRole) -> Result<()> {
        people::grant(&self.running.pools().log_writer, account, school, role, self.now()).await
    }

    /// The server itself.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// What the handlers reach.
    pub fn state(&self) -> &crate::AppState {
        self.running.state().expect("the test server runs HTTP")
    }

    /// The write side.
    pub fn write(&self) -> &Write {
        &self.state().write
    }

    /// The context of a command in a school.
    pub fn context(&self, school: SchoolId) -> Context {
        Context {
            school,
            zone: chrono_tz::America::Santiago,
            actor: Actor::cli("test"),
            command_id: None,
            correlation_id: self.state().ids.next(),
            causation_id: None,
        }
    }

    /// A school with so many pupils, in the read models already.
    pub async fn school(&self, pupils: usize) -> Result<TestSchool> {
        let id = SchoolId(self.state().ids.next());
        self.grant(self.owner.account_id, id, StaffRole::Owner).await?;
        let (write, context) = (self.write(), self.context(id));
        let settings = Settings {
            late_after_minutes: 5,
            missing_after_minutes: 30,
            echo_seconds: 60,
            ..Settings::of(chrono_tz::America::Santiago)
        };
        register_school(write, &context, RegisterSchool { name: "Escuela de prueba".into(), rbd: None, settings })
            .await?;
        let label = CourseLabel::new(Grade::Basic(1), "A");
        let course = open_course(write, &context, OpenCourse { year: 2026, label }).await?.course_id;
        let at = |h, m| NaiveTime::from_hms_opt(h, m, 0).context("a time of day");
        let from = NaiveDate::from_ymd_opt(2026, 3, 2).context("a date")?;
        let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let stays = days.into_iter().map(|d| Ok((d, at(8, 0)?, at(15, 30)?))).collect::<Result<Vec<_>>>()?;
        set_weekly_schedule(write, &context, SetWeeklySchedule { course_id: course, effective_from: from, stays })
            .await?;
        let mut school = TestSchool {
            id,
            course,
            pupils: Vec::new(),
            kiosk: KioskId(Uuid::nil()),
            secret: String::new(),
            queue: self.state().ids.next(),
        };
        for n in 0..pupils {
            let input = EnrolStudent {
                given_names: format!("Ana {n}"),
                family_names: "Pérez Soto".into(),
                national_id: None,
                course_id: course,
                from,
            };
            let student_id = enrol_student(write, &context, input).await?.student_id;
            let card = issue_credential(write, &context, IssueCredential { student_id, card: NewCard::Qr }).await?;
            school.pupils.push((student_id, card.card_text));
        }
        let input = EnrolKiosk { kiosk_id: None, gate: "Portón Norte".into(), mode: LaneMode::EntryLane };
        let enrolled = enrol_kiosk(write, &context, input).await?;
        school.kiosk = enrolled.kiosk_id;
        school.secret = enrolled.secret.to_string();
        self.settle().await?;
        Ok(school)
    }

    /// Waits until every read model holds the whole log.
    pub async fn settle(&self) -> Result<()> {
        let pools = self.running.pools();
        let begun = Instant::now();
        loop {
            let head = nats::log::head(&pools.log_reader).await?;
            let all = pools.request.checkpoints().await?;
            let there =
                |model| all.iter().any(|c| c.model == model && c.epoch == head.epoch && c.position >= head.position);
            if ReadModel::ALL.into_iter().all(there) {
                return Ok(());
            }
            ensure!(begun.elapsed() < Duration::from_secs(20), "the read models do not catch up: {all:?} {head:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Result<reqwest::Response> {
        Ok(self.client.get(format!("{}{path}", self.base)).send().await?)
    }

    /// A GET that must answer 200 with JSON.
    pub async fn json(&self, path: &str) -> Result<Value> {
        Ok(self.get(path).await?.error_for_status()?.json().await?)
    }

    /// Sends a batch as the school's kiosk.
    pub async fn post_scans(&self, school: &TestSchool, body: impl Into<reqwest::Body>) -> Result<reqwest::Response> {
        let url = format!("{}/api/v1/kiosks/{}/scans", self.base, school.kiosk);
        let request = self.client.post(url).bearer_auth(&school.secret).header("content-type", "application/json");
        Ok(request.body(body).send().await?)
    }

    /// Sends a batch that must be stored; its items.
    pub async fn scan(&self, school: &TestSchool, scans: &[Value]) -> Result<Vec<Value>> {
        let response = self.post_scans(school, school.batch(scans, self.now()).to_string()).await?;
        let status = response.status();
        let body: Value = response.json().await?;
        ensure!(status == 200, "{status}: {body}");
        Ok(body["items"].as_array().context("items")?.clone())
    }

    /// A guardian with an address, linked to pupils, in the read models already.
    pub async fn guardian(
        &self,
        school: &TestSchool,
        address: &str,
        links: &[(StudentId, GuardianRights)],
    ) -> Result<GuardianId> {
        let (write, context) = (self.write(), self.context(school.id));
        let input = RegisterGuardian {
            name: format!("Úrsula Soto {address} {}", self.state().ids.next()),
            national_id: None,
            phone: None,
            mail: Some(Mail::parse(address)?),
            within: None,
        };
        let guardian_id = register_guardian(write, &context, input).await?.guardian_id;
        for (student_id, rights) in links {
            let input = LinkGuardian { student_id: *student_id, guardian_id, rights: *rights };
            link_guardian(write, &context, input).await?;
        }
        self.settle().await?;
        Ok(guardian_id)
    }

    /// Somebody who was invited and chose [`PASSWORD`].
    pub async fn member(&self, school: &TestSchool, email: &str, role: StaffRole) -> Result<AccountId> {
        let accounts = &self.state().accounts;
        let invite = Invite { email: email.to_owned(), name: "Rosa Díaz".to_owned(), role };
        let invited = accounts.invite(&self.context(school.id), invite).await?;
        let token = invited.link.context("a link")?.secret.reveal().to_string();
        accounts.activate(&token, PASSWORD, self.now()).await?;
        Ok(invited.account_id)
    }

    /// A device in the browser of somebody who opened this server's pages by its name.
    pub fn device(&self) -> Result<Authenticator> {
        let party = self.state().accounts.relying_party().context("this server has passkeys")?;
        Ok(Authenticator::at(party.origin()))
    }

    /// As [`family`].
    pub async fn family(&self, address: &str) -> Result<String> {
        family(self.state(), address).await
    }

    /// Opens a case of a school's first pupil, held as a mass alarm, in the read models already: see [`case_of`].
    pub async fn case(&self, school: &TestSchool) -> Result<CaseId> {
        let (case, due_at) = (case_of(school), self.now() - TimeDelta::days(35));
        let found = Finding::Missing { course_id: school.course, due_at, hold: Some(Hold::MassAlarm) };
        observe(self.write(), &[(self.context(school.id), case, Command::Observe(found))]).await?;
        self.settle().await?;
        Ok(case)
    }

    /// A broadcast of the school, under its course's id, which nobody approved.
    pub async fn broadcast(&self, school: &TestSchool) -> Result<()> {
        let audience = Audience { whom: Whom::School, role: Role::Told };
        let (subject, text) = ("Reunión".to_owned(), "El lunes.".to_owned());
        let broadcast_id = BroadcastId(school.course.0);
        let written = Written { broadcast_id, subject, text, audience, whatsapp: false, send_at: None };
        draft(self.write(), &self.context(school.id), written).await?;
        Ok(())
    }

    /// Hands in a document for a school's first pupil, with the pupil's id in it, in the read models already: see
    /// [`hand_in`].
    pub async fn document(&self, school: &TestSchool) -> Result<()> {
        let student = school.pupils.first().context("a school of somebody")?.0;
        hand_in(self.state(), &self.context(school.id), student, &student.to_string()).await?;
        self.settle().await
    }

    /// The letters to an address, once there are so many.
    pub async fn letters_to(&self, address: &str, at_least: usize) -> Result<Vec<String>> {
        let begun = Instant::now();
        loop {
            let mut found = Vec::new();
            for file in std::fs::read_dir(&self.letters).into_iter().flatten() {
                let path = file?.path();
                if path.extension().is_some_and(|kind| kind == "txt") {
                    found.push(std::fs::read_to_string(path)?);
                }
            }
            found.retain(|text| text.starts_with(&format!("To: {address}\n")));
            if found.len() >= at_least {
                return Ok(found);
            }
            ensure!(begun.elapsed() < Duration::from_secs(10), "{} letters to {address}", found.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The clock's instant.
    pub fn now(&self) -> DateTime<Utc> {
        use commands::clock::Clock;
        self.clock.now()
    }

    /// Stops the server in order.
    pub async fn shutdown(self) {
        self.running.shutdown().await;
        // There may be none.
        let _ = std::fs::remove_dir_all(self.letters);
        let _ = std::fs::remove_dir_all(self.objects.1);
    }
}

fn http() -> reqwest::ClientBuilder {
    workers::outbound::loopback().timeout(Duration::from_secs(20))
}

impl TestSchool {
    /// A scan of a card at an instant, on the batch's boot.
    pub fn scan(&self, seq: i64, card: &str, at: DateTime<Utc>) -> Value {
        json!({
            "scan_id": Uuid::new_v5(&self.queue, &seq.to_be_bytes()), "seq": seq, "read": card, "direction": "entry",
            "method": "qr", "device_time": at, "monotonic_ms": (at - monday_morning()).num_milliseconds() + 10_000_000_i64,
            "shown": "welcome",
        })
    }

    /// A batch of scans, sent at `now` by the device's right clock.
    pub fn batch(&self, scans: &[Value], now: DateTime<Utc>) -> Value {
        json!({
            "queue_id": self.queue, "boot_id": Uuid::from_u128(0xb007), "device_time": now,
            "monotonic_ms": (now - monday_morning()).num_milliseconds() + 10_000_000_i64,
            "queue_depth": 0, "scans": scans,
        })
    }
}

/// What a refusal says: status, code, and that it is a problem in all ways.
pub async fn refusal(response: reqwest::Response) -> Result<(u16, String)> {
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let body = response.text().await?;
    ensure!(kind == "application/problem+json", "{status} {kind}: {body}");
    let problem: ProblemBody = serde_json::from_str(&body)?;
    ensure!(problem.status == status && problem.instance.is_some(), "{body}");
    Ok((status, problem.code))
}

/// How often something heavy is done: `full` times by `make attack`, `reduced` otherwise.
pub fn attack_size(reduced: usize, full: usize) -> usize {
    if std::env::var_os("ATTACK").is_some_and(|value| !value.is_empty()) { full } else { reduced }
}

/// A day that no worker looks at any more.
pub const CASE_DAY: &str = "2026-02-02";

/// The day of [`hand_in`].
pub const DOCUMENT_DAY: &str = "2026-03-10";

/// The justification that [`hand_in`] puts on record.
pub fn document_of(school: Uuid) -> Uuid {
    Uuid::new_v5(&school, b"document")
}

/// Hands in a document for a pupil, with these words in it.
pub async fn hand_in(state: &AppState, context: &Context, student_id: StudentId, words: &str) -> Result<()> {
    let (date, id) = (DOCUMENT_DAY.parse()?, document_of(context.school.0));
    let documents = state.documents.as_ref().context("a place for documents")?;
    let file = format!("%PDF-1.7 {words}").into_bytes();
    let document = documents.keep(&state.write, context, (student_id, date), id, file).await?;
    let input = JustifyDay {
        student_id,
        date,
        justification_id: JustificationId(id),
        reason: Justification::Illness,
        guardian_id: None,
        note: None,
        document: Some(document),
        accepted: true,
    };
    justify_day(&state.write, &state.batcher, context, input).await?;
    Ok(())
}

/// The case that [`TestApp::case`] opens.
pub fn case_of(school: &TestSchool) -> CaseId {
    CaseId {
        date: CASE_DAY.parse().expect("a date"),
        slot_id: SlotId(Uuid::new_v5(&school.id.0, b"slot")),
        student_id: school.pupils.first().expect("a school of somebody").0,
    }
}

/// A span of minutes.
pub fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}
