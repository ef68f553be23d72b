//! What the end-to-end tests share: a whole system on servers of its own ([`Line`]), a school in it,
//! and kiosks that remember what was acknowledged to them.

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use commands::clock::{Clock as _, ManualClock};
use commands::ids::{IdSource as _, SystemIds};
use commands::use_cases::{
    CourseLabel, EnrolKiosk, EnrolStudent, Grade, IssueCredential, NewCard, OpenCourse, RegisterSchool,
    SetWeeklySchedule, enrol_kiosk, enrol_student, issue_credential, open_course, register_school, set_weekly_schedule,
};
use commands::{Context, Write};
use domain::kiosk::LaneMode;
use domain::school::Settings;
use domain::{Actor, CourseId, KioskId, SchoolId, StudentId};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use local_services::testing::{EPOCH, TestDatabases, scratch};
use local_services::{NatsServer, PostgresCluster};
use projections::{ReadModel, checkpoint, rebuild};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use uuid::Uuid;
use web::config::{Config, TransportConfig};
use web::serve::{self, Part, Parts, Running};
use web::testing::{OWNER_COOKIE, TestPerson, own};

/// The zone of most tests.
pub const SANTIAGO: Tz = chrono_tz::America::Santiago;

/// How long anything may take to heal on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Monday, 2026-03-09, 07:30 in Santiago (UTC−3).
pub fn monday_morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_052_200, 0).unwrap_or_default()
}

/// That Monday.
pub fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 9).unwrap_or_default()
}

/// A new id.
pub fn id() -> Uuid {
    SystemIds.next()
}

/// Tries again until it is true or [`PATIENCE`] ends.
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    loop {
        let last = check().await;
        if let Ok(true) = last {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?} ({last:?})");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A migrated Postgres cluster of one test, which it may stop, kill and read the files of.
pub async fn own_postgres(name: &str) -> Result<PostgresCluster> {
    let cluster = PostgresCluster::scratch(&scratch(name)).await?;
    migrate(&cluster).await?;
    Ok(cluster)
}

/// The same with fsync, which `attendance serve` insists on.
pub async fn durable_postgres(name: &str) -> Result<PostgresCluster> {
    let cluster = PostgresCluster::durable_scratch(&scratch(name)).await?;
    migrate(&cluster).await?;
    Ok(cluster)
}

/// Makes the two databases of an empty cluster.
pub async fn migrate(cluster: &PostgresCluster) -> Result<()> {
    cluster.ensure_database("events").await?;
    cluster.ensure_database("vault").await?;
    let events = PgPool::connect_with(cluster.options("events")).await?;
    let vault = PgPool::connect_with(cluster.options("vault")).await?;
    migrations::migrate(&events, &vault, EPOCH, DateTime::UNIX_EPOCH).await?;
    events.close().await;
    vault.close().await;
    Ok(())
}

/// The log positions in JetStream's messages, in its order.
pub async fn carried(url: &str) -> Result<Vec<i64>> {
    let context = async_nats::jetstream::new(async_nats::connect(url).await?);
    let mut stream = context.get_stream("attendance").await?;
    let state = stream.info().await?.state.clone();
    let mut positions: Vec<i64> = Vec::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await?;
        let named = |name: &str| anyhow::Ok(message.headers.get(name).context("a position")?.as_str().parse::<i64>()?);
        positions.extend(named("Att-First")?..=named("Att-Position")?);
    }
    Ok(positions)
}

/// A NATS server of one test.
pub async fn own_nats(name: &str) -> Result<NatsServer> {
    NatsServer::scratch(&scratch(name)).await
}

/// A client of this machine that is signed in as the owner of every test's school, as a browser is.
pub fn signed_in() -> reqwest::ClientBuilder {
    let headers = [("cookie", OWNER_COOKIE), ("sec-fetch-site", "same-origin")];
    let named = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    workers::outbound::loopback().default_headers(named.into_iter().collect())
}

/// A whole system in this process.
pub struct Line {
    /// How it was started.
    pub config: Config,
    /// Its clock; stands until it is moved.
    pub clock: Arc<ManualClock>,
    /// The owner of the main database (superuser).
    pub owner: PgPool,
    /// The owner of the vault.
    pub vault: PgPool,
    /// One HTTP client for everybody: of a person who owns every school.
    pub http: reqwest::Client,
    /// `http://127.0.0.1:<port>`
    pub base: String,
    running: Option<Running>,
}

impl Line {
    /// All parts on fresh databases of the shared cluster, without NATS.
    pub async fn start() -> Result<Self> {
        let databases = TestDatabases::create().await?;
        Self::on(&databases.events_url(), &databases.vault_url(), None, Parts::all()).await
    }

    /// The given parts on given servers.
    pub async fn on(events: &str, vault: &str, nats: Option<&str>, parts: Parts) -> Result<Self> {
        let mut config = Config::for_testing(events, vault);
        config.transport = TransportConfig::for_testing(nats);
        let clock = Arc::new(ManualClock::at(monday_morning()));
        let pool = |url: &str| {
            let options = sqlx::postgres::PgConnectOptions::from_str(url)?;
            anyhow::Ok(PgPoolOptions::new().max_connections(3).connect_lazy_with(options))
        };
        let http = signed_in().timeout(Duration::from_secs(30)).build()?;
        let (owner, vault) = (pool(events)?, pool(vault)?);
        let mut line = Self { config, clock, owner, vault, http, base: String::new(), running: None };
        line.open(parts).await?;
        Ok(line)
    }

    /// On a cluster of the test's own.
    pub async fn on_cluster(postgres: &PostgresCluster, nats: Option<&NatsServer>, parts: Parts) -> Result<Self> {
        let nats = nats.map(NatsServer::url);
        Self::on(&postgres.url("events"), &postgres.url("vault"), nats.as_deref(), parts).await
    }

    /// Starts what was closed: on the address that it had, if it had one.
    pub async fn open(&mut self, parts: Parts) -> Result<()> {
        let running = serve::start(&self.config, parts, self.clock.clone(), Arc::new(SystemIds)).await?;
        if let Some(base) = running.base_url() {
            self.config.http.listen = base.trim_start_matches("http://").parse()?;
            self.base = base;
            TestPerson::owner(running.state().context("it runs HTTP")?).await?;
        }
        self.running = Some(running);
        Ok(())
    }

    /// Ends it in order.
    pub async fn close(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }

    /// More parts in a second process, so to speak, on another port.
    pub async fn another(&self, only: &[Part]) -> Result<Running> {
        let mut config = self.config.clone();
        config.http.listen.set_port(0);
        serve::start(&config, Parts::from_only(only), self.clock.clone(), Arc::new(SystemIds)).await
    }

    /// What the handlers reach.
    pub fn state(&self) -> &web::AppState {
        self.running.as_ref().and_then(Running::state).expect("the test runs HTTP")
    }

    /// The write side.
    pub fn write(&self) -> &Write {
        &self.state().write
    }

    /// The context of a command in a school.
    pub fn context(&self, school: SchoolId, zone: Tz) -> Context {
        let actor = Actor::cli("test");
        Context { school, zone, actor, command_id: None, correlation_id: id(), causation_id: None }
    }

    /// The clock's instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// As [`settle`].
    pub async fn settle(&self) -> Result<()> {
        settle(&self.owner).await
    }

    /// As [`must_equal_a_rebuild`].
    pub async fn must_equal_a_rebuild(&self) -> Result<()> {
        must_equal_a_rebuild(&self.owner).await
    }

    /// Every acknowledged scan is in the log once, at the position that was acknowledged.
    pub async fn must_hold<'a>(&self, acks: impl IntoIterator<Item = &'a Ack>) -> Result<usize> {
        let stored: Vec<(Uuid, i64)> = sqlx::query_as(
            "select (payload ->> 'scan_id')::uuid, position from events
             where event_type in ('scan_recorded', 'received') order by position",
        )
        .fetch_all(&self.owner)
        .await?;
        let mut by_id: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
        for (scan, position) in stored {
            by_id.entry(scan).or_default().push(position);
        }
        let mut n = 0;
        for ack in acks {
            let found = by_id.get(&ack.scan_id);
            ensure!(
                found == Some(&vec![ack.position]),
                "scan {} acknowledged at {}: {found:?}",
                ack.scan_id,
                ack.position
            );
            n += 1;
        }
        Ok(n)
    }

    /// A GET that must answer 200; its text.
    pub async fn text(&self, path: &str) -> Result<String> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status == 200, "{path}: {status} {text}");
        Ok(text)
    }

    /// A GET that must answer 200 with JSON.
    pub async fn json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.text(path).await?)?)
    }

    /// All items of a list, page by page.
    pub async fn all_items(&self, path: &str) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.json(&format!("{path}&limit=200{cursor}")).await?;
            items.extend(page["items"].as_array().context("items")?.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// A school with so many courses of so many pupils, who are expected on weekdays from 08:00 to 15:30.
    pub async fn school(&self, zone: Tz, courses: u8, pupils: usize) -> Result<School> {
        self.named_school("Escuela de la línea", "Núñez", zone, courses, pupils).await
    }

    /// The same under a name, its pupils of one family.
    pub async fn named_school(&self, name: &str, family: &str, zone: Tz, courses: u8, pupils: usize) -> Result<School> {
        let (write, school) = (self.write(), SchoolId(id()));
        let context = self.context(school, zone);
        let settings =
            Settings { late_after_minutes: 5, missing_after_minutes: 30, echo_seconds: 60, ..Settings::of(zone) };
        register_school(write, &context, RegisterSchool { name: name.to_owned(), rbd: None, settings }).await?;
        own(&self.owner, school, self.now()).await?;
        let at = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default();
        let from = NaiveDate::from_ymd_opt(2026, 3, 2).context("a date")?;
        let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let mut ids = Vec::new();
        for n in 0..courses {
            let letter = char::from(b'A' + n / 8).to_string();
            let label = CourseLabel::new(Grade::Basic(1 + n % 8), &letter);
            let course_id = open_course(write, &context, OpenCourse { year: 2026, label }).await?.course_id;
            let stays = days.map(|d| (d, at(8, 0), at(15, 30))).to_vec();
            set_weekly_schedule(write, &context, SetWeeklySchedule { course_id, effective_from: from, stays }).await?;
            ids.push(course_id);
        }
        let work: Vec<_> = (0..usize::from(courses) * pupils)
            .map(|n| enrol(write, &context, ids[n % ids.len()], from, given_name(n), family))
            .collect();
        let pupils = stream::iter(work).buffered(12).try_collect().await?;
        Ok(School { id: school, zone, courses: ids, pupils })
    }

    /// A kiosk with a secret of its own.
    pub async fn kiosk(&self, school: &School, gate: &str, mode: LaneMode) -> Result<Kiosk> {
        let input = EnrolKiosk { kiosk_id: None, gate: gate.to_owned(), mode };
        let enrolled = enrol_kiosk(self.write(), &self.context(school.id, school.zone), input).await?;
        Ok(Kiosk {
            id: enrolled.kiosk_id,
            secret: enrolled.secret.to_string(),
            queue: id(),
            boot: id(),
            seq: 0,
            acks: Vec::new(),
        })
    }
}

fn given_name(n: usize) -> String {
    const NAMES: [&str; 8] = ["Amanda", "Benjamín", "Catalina", "Diego", "Emilia", "Felipe", "Gabriela", "Hugo"];
    format!("{} {}", NAMES[n % NAMES.len()], char::from(b'A' + u8::try_from(n / 8 % 26).unwrap_or(0)))
}

async fn enrol(
    write: &Write,
    context: &Context,
    course: CourseId,
    from: NaiveDate,
    given: String,
    family: &str,
) -> Result<Pupil> {
    // Without a RUN a name is unique in its course: the family name makes it so.
    let family = format!("{family} {}", id().simple());
    let input = EnrolStudent {
        given_names: given.clone(),
        family_names: family.clone(),
        national_id: None,
        course_id: course,
        from,
    };
    let student_id = enrol_student(write, context, input).await?.student_id;
    let card = issue_credential(write, context, IssueCredential { student_id, card: NewCard::Qr }).await?.card_text;
    Ok(Pupil { id: student_id, card, name: format!("{given} {family}") })
}

/// Waits until every read model holds the log as it is when this begins, whatever is appended meanwhile.
pub async fn settle(owner: &PgPool) -> Result<()> {
    let begun = OnceLock::new();
    eventually("the read models hold the log as it was", async || {
        let head = match begun.get() {
            Some(head) => *head,
            None => {
                let head = nats::log::head(owner).await?;
                *begun.get_or_init(|| head)
            }
        };
        let all = checkpoint::all(owner).await?;
        let there =
            |model| all.iter().any(|c| c.model == model && c.epoch == head.epoch && c.position >= head.position);
        Ok(ReadModel::ALL.into_iter().all(there))
    })
    .await
}

/// Waits for the read models, then rebuilds each from the log: not a row and not a column may differ.
pub async fn must_equal_a_rebuild(owner: &PgPool) -> Result<()> {
    let begun = Instant::now();
    loop {
        settle(owner).await?;
        let live = rows_of(owner, &["roster", "live", "audit", "no_show"]).await?;
        let before = nats::log::head(owner).await?.position;
        for model in ReadModel::ALL {
            rebuild::rebuild(owner, owner, model).await?;
        }
        let rebuilt = rows_of(owner, &["roster", "live", "audit", "no_show"]).await?;
        let checkpoints = checkpoint::all(owner).await?;
        // What follows from a batch (a drained queue) is written a moment after its answer: two
        // copies are compared only if they are of the same log.
        if checkpoints.iter().all(|c| c.position == before) && log_of(&live) == before {
            return same(&live, &rebuilt);
        }
        ensure!(begun.elapsed() < PATIENCE, "the log does not come to rest");
    }
}

/// The last position in the audit index, which has every event.
fn log_of(rows: &BTreeMap<String, Vec<String>>) -> i64 {
    let position = |row: &String| serde_json::from_str::<Value>(row).ok()?["position"].as_i64();
    rows.get("audit.entries").into_iter().flatten().filter_map(position).max().unwrap_or(0)
}

fn same(live: &BTreeMap<String, Vec<String>>, rebuilt: &BTreeMap<String, Vec<String>>) -> Result<()> {
    ensure!(live.values().map(Vec::len).sum::<usize>() > 0, "there is nothing to compare");
    ensure!(live.keys().eq(rebuilt.keys()), "tables differ: {:?} {:?}", live.keys(), rebuilt.keys());
    for (table, rows) in live {
        let other = &rebuilt[table];
        let differs = rows.iter().zip(other).find(|(a, b)| a != b);
        ensure!(rows == other, "{table}: {} rows, rebuilt {}; first difference {differs:?}", rows.len(), other.len());
    }
    Ok(())
}

/// Every row of the tables of some schemas as JSON texts, sorted.
pub async fn rows_of(pool: &PgPool, schemas: &[&str]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut tx = pool.begin().await?;
    sqlx::raw_sql("set transaction isolation level repeatable read, read only").execute(&mut *tx).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = any($1) order by 1",
    )
    .bind(schemas)
    .fetch_all(&mut *tx)
    .await?;
    let mut all = BTreeMap::new();
    for table in tables {
        // The catalogue's own name, quoted by it.
        let rows: Vec<String> = sqlx::query_scalar(&format!("select row_to_json(t)::text from {table} t order by 1"))
            .fetch_all(&mut *tx)
            .await?;
        all.insert(table, rows);
    }
    Ok(all)
}

/// A school in the log.
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// Its zone.
    pub zone: Tz,
    /// Its courses.
    pub courses: Vec<CourseId>,
    /// Its pupils.
    pub pupils: Vec<Pupil>,
}

/// A pupil.
pub struct Pupil {
    /// The pupil.
    pub id: StudentId,
    /// What a kiosk reads from the card.
    pub card: String,
    /// As the board shows it.
    pub name: String,
}

/// What a kiosk was told about a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Ack {
    /// Whose.
    pub scan_id: Uuid,
    /// `accepted`, `flagged` or `quarantined`: the first verdict.
    pub verdict: String,
    /// Place in the log.
    pub position: i64,
}

/// A kiosk's client: mints numbers without gaps, and keeps what was acknowledged.
#[derive(Clone)]
pub struct Kiosk {
    /// Its id.
    pub id: KioskId,
    /// Its bearer secret.
    pub secret: String,
    /// Its queue.
    pub queue: Uuid,
    /// Its boot.
    pub boot: Uuid,
    /// The last number given.
    pub seq: i64,
    /// Everything acknowledged, first answers first.
    pub acks: Vec<Ack>,
}

impl Kiosk {
    /// A scan with the next number.
    pub fn scan(&mut self, card: &str, direction: &str, at: DateTime<Utc>) -> Value {
        self.seq += 1;
        json!({
            "scan_id": id(), "seq": self.seq, "read": card, "direction": direction, "method": "qr",
            "device_time": at, "monotonic_ms": monotonic_ms(at), "shown": "welcome",
        })
    }

    /// The device's part of a message.
    pub fn device(&self, waiting: u32, now: DateTime<Utc>) -> Value {
        json!({
            "queue_id": self.queue, "boot_id": self.boot, "device_time": now, "monotonic_ms": monotonic_ms(now),
            "queue_depth": waiting, "last_seq": self.seq,
        })
    }

    /// The body of a batch.
    pub fn batch(&self, scans: &[Value], now: DateTime<Utc>) -> Value {
        let mut body = self.device(0, now);
        body["scans"] = json!(scans);
        body
    }

    /// One try.
    pub async fn post(&self, line: &Line, scans: &[Value]) -> reqwest::Result<reqwest::Response> {
        self.post_body(line, self.batch(scans, line.now()).to_string()).await
    }

    /// One try with any body.
    pub async fn post_body(&self, line: &Line, body: impl Into<reqwest::Body>) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/api/v1/kiosks/{}/scans", line.base, self.id);
        let request = line.http.post(url).bearer_auth(&self.secret).header("content-type", "application/json");
        request.body(body).send().await
    }

    /// Sends until it is acknowledged, as a kiosk does: the same ids again after a failure. Gives the
    /// items and how many tries failed.
    pub async fn deliver(&mut self, line: &Line, scans: &[Value]) -> Result<(Vec<Value>, usize)> {
        let begun = Instant::now();
        let mut failed = 0;
        loop {
            match self.post(line, scans).await {
                Ok(answer) if answer.status() == 200 => {
                    let body: Value = answer.json().await?;
                    let items = body["items"].as_array().context("items")?.clone();
                    ensure!(items.len() == scans.len(), "{} of {} answered", items.len(), scans.len());
                    self.acks.extend(items.iter().map(ack));
                    return Ok((items, failed));
                }
                Ok(answer) => {
                    let status = answer.status();
                    ensure!(status == 503, "{status}: {}", answer.text().await?);
                }
                // Nobody listens, or the answer was cut off.
                Err(_) => {}
            }
            failed += 1;
            ensure!(begun.elapsed() < PATIENCE, "not acknowledged within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Says that it lives and that nothing waits.
    pub async fn heartbeat(&self, line: &Line) -> Result<Value> {
        let url = format!("{}/api/v1/kiosks/{}/heartbeat", line.base, self.id);
        let request = line.http.post(url).bearer_auth(&self.secret).json(&self.device(0, line.now()));
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

/// One answered item.
pub fn ack(item: &Value) -> Ack {
    let verdict = item["first_verdict"].as_str().or(item["verdict"].as_str()).unwrap_or_default().to_owned();
    Ack {
        scan_id: item["scan_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default(),
        verdict,
        position: item["position"].as_i64().unwrap_or_default(),
    }
}

/// A device's monotonic clock that started a while before [`monday_morning`].
fn monotonic_ms(at: DateTime<Utc>) -> i64 {
    (at - monday_morning() + TimeDelta::hours(72)).num_milliseconds()
}
