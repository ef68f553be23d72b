//! How many rows each query reads, over the history of several schools: as many as its answer needs, and
//! never more because there is more history.

use crate::audit::queries::{Filter, Order, entries};
use crate::testing::at;
use crate::{Readers, live, looks, no_show, roster};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::no_show::CaseId;
use domain::roll_call::Key;
use domain::{CourseId, KioskId, SchoolId, StudentId};
use local_services::testing::{TestDatabases, rolling_back};
use sqlx::PgPool;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows as they are after some years, written straight into the tables: four schools with 1,200 pupils and
/// a past (20,000 audit entries each, 200 a day), and 36 more.
const HISTORY: &str = "
create function an_id(kind int, school bigint, n bigint) returns uuid immutable language sql as $$
  select ('00000000-0000-0000-' || lpad(to_hex(kind), 4, '0') || '-' ||
          lpad(to_hex(school * 1000000 + n), 12, '0'))::uuid $$;
insert into roster.schools
  select an_id(1, s, 0), 'Escuela ' || s, null, 'America/Santiago', 5, 15, 60, s, 25, 90 from generate_series(1, 40) s;
insert into roster.courses
  select an_id(1, s, 0), an_id(2, s, c), 2026, c || '° A', 'basica-' || c, 'A', null, c
  from generate_series(1, 40) s, generate_series(1, 30) c;
insert into roster.schedules
  select school_id, course_id, date '2026-03-02' + n * 40, '[]', n from roster.courses, generate_series(0, 5) n;
insert into roster.kiosks
  select an_id(1, s, 0), an_id(3, s, k), 'Portón ' || k, 'choice', false, k
  from generate_series(1, 40) s, generate_series(1, 4) k;
insert into live.gates select school_id, kiosk_id, null, null, null, null, null, 0, 0, position from roster.kiosks;
insert into kiosk_seen select kiosk_id, school_id, now(), 0, 0, kiosk_id, null from roster.kiosks;
insert into roster.students
  select an_id(1, s, 0), an_id(4, s, p), an_id(2, s, p % 30 + 1), '2026-03-02', null, 'v1:given', 'v1:family', null,
         false, p * 4 + s
  from generate_series(1, 4) s, generate_series(1, 1200) p;
insert into roster.memberships
  select school_id, student_id, enrolled_from, course_id, position from roster.students;
insert into roster.memberships
  select school_id, student_id, '2026-08-03', course_id, position + 9000 from roster.students where position % 10 = 0;
insert into roster.credentials
  select an_id(1, s, 0), an_id(5, s, p), an_id(4, s, p), 'qr', null, false, p * 4 + s
  from generate_series(1, 4) s, generate_series(1, 1200) p;
insert into roster.guardians
  select an_id(1, s, 0), an_id(6, s, p), 'v1:name', null, null, null, false, p * 4 + s
  from generate_series(1, 4) s, generate_series(1, 1200) p;
insert into roster.guardian_links
  select an_id(4, s, p), an_id(6, s, p), an_id(1, s, 0), true, true, true, true, false, true, p * 4 + s
  from generate_series(1, 4) s, generate_series(1, 1200) p;
insert into live.pupil_days
  select school_id, date '2026-11-23' - d, student_id, now(), now(), 'entry', now(), student_id, 2, 0, '{}', position
  from roster.students, generate_series(0, 10) d;
insert into live.live_scans
  select school_id, local_date, row_number() over (order by local_date, student_id, n), student_id, student_id,
         an_id(3, 1, 1), 'entry', 'qr', now(), now(), 'wall_corrected', '{}', 1
  from live.pupil_days, generate_series(1, 2) n;
insert into live.quarantined
  select an_id(1, s, 0), an_id(8, s, n), '2026-11-20', an_id(7, s, n), an_id(3, s, 1), '{unknown_credential}',
         case when n % 20 = 0 then 'waiting' else 'assigned' end, null, now(), now(), n
  from generate_series(1, 4) s, generate_series(1, 4000) n;
insert into audit.entries
  select an_id(1, s, 0), n * 4 + s, date '2026-11-23' - ((19999 - n) / 200)::int,
         case when n % 10 < 6 then 'attendance_day' else 'student' end,
         case when n % 10 < 6
              then date '2026-11-23' - ((19999 - n) / 200)::int || '/' || an_id(1, s, 0) || '/' || an_id(4, s, n % 1200 + 1)
              else 'stream/' || s || '/' || n / 3 end, n % 3 + 1,
         case when n = 7 then 'erased' when n % 10 < 6 then 'scan_recorded' else 'details_changed' end, '1',
         an_id(9, s, n),
         case when n = 11 then 'user:once' when n % 4000 = 5 then 'kiosk:' || an_id(3, s, 4)
              when n % 10 < 6 then 'kiosk:' || an_id(3, s, 1) else 'cli:import' end,
         case when n % 4000 = 5 then an_id(3, s, 4) when n % 10 < 6 then an_id(3, s, 1) end,
         array[an_id(4, s, n % 1200 + 1)] || case when n % 40 = 0 then array[an_id(4, s, 0)] else '{}' end,
         timestamptz '2026-08-15 12:00:00Z' + n * interval '7 minutes',
         timestamptz '2026-08-15 12:00:00Z' + n * interval '7 minutes', an_id(10, s, n), null, null
  from generate_series(0, 19999) n, generate_series(1, 4) s;
insert into live.roll_calls
  select an_id(1, s, 0), date '2026-11-23' - d, an_id(14, s, d * 2 + n), 'drill', now(), 'user:1', now(), 'user:1',
         d * 2 + n
  from generate_series(0, 199) d, generate_series(0, 1) n, generate_series(1, 4) s;
insert into live.roll_call_marks
  select school_id, local_date, roll_call_id, an_id(4, (position % 4) + 1, p), true, now(), 'user:1', position
  from live.roll_calls, generate_series(1, 300) p where local_date > '2026-11-03';
insert into no_show.cases
  select an_id(1, s, 0), date '2026-11-23' - d, an_id(13, s, 0), an_id(4, s, (d * 7 + n) % 1200 + 1), an_id(2, s, n),
         now(), case when d < 2 and n < 10 then 'told' else 'resolved' end, null, now(), now(), null, null, null, null, 1,
         2, d * 100 + n
  from generate_series(0, 199) d, generate_series(1, 30) n, generate_series(1, 4) s;
insert into no_show.log
  select school_id, position * 3 + e, local_date, slot_id, student_id,
         (array['opened', 'notice_requested', 'acknowledged'])[e],
         case e when 1 then jsonb_build_object('type', 'opened', 'course_id', course_id, 'due_at', due_at)
                when 2 then jsonb_build_object('type', 'notice_requested', 'step', 1)
                else jsonb_build_object('type', 'acknowledged') end, 'system:no_show', now()
  from no_show.cases, generate_series(1, 3) e;
insert into looks (school_id, looked_at, who_kind, who_id, role, what, why, student_id, session_id)
  select an_id(1, s, 0), timestamptz '2026-11-23 11:00Z' - n * interval '3 minutes', 'guardian', an_id(6, s, n % 1200 + 1),
         'GUARDIAN', 'own_pupil', 'parent:read', an_id(4, s, n % 1200 + 1), an_id(12, s, n)
  from generate_series(0, 11999) n, generate_series(1, 4) s;
insert into looks (school_id, looked_at, who_kind, who_id, role, what, why, course_id, session_id)
  select an_id(1, s, 0), timestamptz '2026-11-23 11:00Z' - n * interval '6 hours', 'account', an_id(9, s, 1), 'DIRECTOR',
         'course', 'pupils.read', an_id(2, s, n % 30 + 1), an_id(12, s, n)
  from generate_series(0, 3999) n, generate_series(1, 4) s;
insert into log_epoch (epoch, started_at) select an_id(11, 1, 0), now() where not exists (select from log_epoch);
insert into checkpoints
  select model, 1, epoch, 105600, now() from log_epoch, unnest(array['roster', 'live']) model;
-- Of all rows: what a sample says by chance is no plan to rest on.
set default_statistics_target = 1000;
analyze;
";

fn an_id<T: From<Uuid>>(kind: u128, n: u128) -> T {
    T::from(Uuid::from_u128((kind << 48) + 1_000_000 + n))
}

fn school() -> SchoolId {
    an_id(1, 0)
}

fn monday() -> NaiveDate {
    crate::testing::monday()
}

/// When the n-th of the school's audit entries was recorded.
fn recorded(n: i32) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-08-15T12:00:00Z").unwrap().to_utc() + TimeDelta::minutes(7) * n
}

/// The readers' pool, of one connection, and what it read.
struct Meter {
    readers: Readers,
    request: PgPool,
    owner: PgPool,
    /// How often each query is asked.
    times: usize,
    /// Rows read at most, by query.
    most: BTreeMap<String, i64>,
}

impl Meter {
    fn over(request: PgPool, owner: PgPool, times: usize) -> Self {
        Self { readers: Readers::new(request.clone()), request, owner, times, most: BTreeMap::new() }
    }

    /// Rows that the tables of the read models gave so far, to scans of tables and of indexes.
    async fn so_far(&self) -> i64 {
        // At the end of this statement the connection's figures are everybody's.
        sqlx::query("select pg_stat_force_next_flush()").execute(&self.request).await.unwrap();
        sqlx::query_scalar(
            "select ((select sum(seq_tup_read) from pg_stat_user_tables) +
               (select sum(greatest(idx_tup_read, idx_tup_fetch)) from pg_stat_user_indexes))::bigint",
        )
        .fetch_one(&self.owner)
        .await
        .unwrap()
    }

    async fn of<T>(&mut self, name: &str, ask: impl AsyncFn(&Readers) -> Result<T, sqlx::Error>) {
        for _ in 0..self.times {
            let before = self.so_far().await;
            ask(&self.readers).await.unwrap();
            let read = self.so_far().await - before;
            let most = self.most.entry(name.to_owned()).or_default();
            *most = read.max(*most);
        }
    }

    /// Every query of the roster and of the live model.
    async fn of_roster_and_live(&mut self) {
        let (course, student, date, now) =
            (an_id::<CourseId>(2, 7), an_id::<StudentId>(4, 606), monday(), at(11, 0, 0));
        let middle = Some(an_id::<StudentId>(4, 600));
        self.of("schools", async |r| r.schools(None, 100).await).await;
        self.of("school", async |r| roster::queries::school(&mut r.begin(school()).await?).await).await;
        self.of("courses", async |r| roster::queries::courses(&mut r.begin(school()).await?, None, 100).await).await;
        self.of("schedules", async |r| roster::queries::schedules(&mut r.begin(school()).await?).await).await;
        self.of("kiosks", async |r| roster::queries::kiosks(&mut r.begin(school()).await?, None, 100).await).await;
        self.of("health", async |r| live::health::kiosks(&mut r.begin(school()).await?, None, 100).await).await;
        let gate = an_id::<KioskId>(3, 2);
        self.of("health_of_one", async |r| live::health::kiosk(&mut r.begin(school()).await?, gate).await).await;
        self.of("students", async |r| {
            roster::queries::students(&mut r.begin(school()).await?, None, middle, 100).await
        })
        .await;
        let in_course = Some((course, date));
        self.of("students_of_course", async |r| {
            roster::queries::students(&mut r.begin(school()).await?, in_course, None, 100).await
        })
        .await;
        self.of("student", async |r| roster::queries::student(&mut r.begin(school()).await?, student).await).await;
        self.of("students_changed", async |r| {
            roster::queries::students_changed_since(&mut r.begin(school()).await?, 2_000, 100).await
        })
        .await;
        self.of("cards", async |r| roster::queries::cards_since(&mut r.begin(school()).await?, 2_000, 100).await).await;
        self.of("guardians", async |r| roster::queries::guardians_of(&mut r.begin(school()).await?, student).await)
            .await;
        self.of("board", async |r| live::queries::load_board(&mut r.snapshot(school()).await?, date, now).await).await;
        let since = at(11, 0, 0) - TimeDelta::days(30);
        self.of("looks_about", async |r| {
            looks::about(&mut r.begin(school()).await?, student, chrono_tz::Tz::UTC, since).await
        })
        .await;
        // The last fifty scans of the school's 2,400 that day.
        let loaded =
            live::kept::load(&mut self.readers.snapshot(school()).await.unwrap(), date, None, 0).await.unwrap();
        let (mut kept, _) = loaded.unwrap();
        kept.facts.as_of.position = 98_350;
        let keeps_plans = |on: &'static str| sqlx::query("select set_config('plan_cache_mode', $1, false)").bind(on);
        keeps_plans("force_generic_plan").execute(&self.request).await.unwrap();
        let request = self.request.clone();
        self.of("changes", async |_| live::kept::changes(&mut *request.acquire().await?, &kept, 1_000).await).await;
        keeps_plans("auto").execute(&self.request).await.unwrap();
        self.of("course_day", async |r| {
            live::queries::course_page(&mut r.snapshot(school()).await?, course, date, now, None, 100).await
        })
        .await;
        self.of("pupil_day", async |r| {
            live::queries::pupil_day(&mut r.snapshot(school()).await?, student, date, now).await
        })
        .await;
        self.of("pupils_seen", async |r| {
            live::queries::pupils_seen(&mut r.begin(school()).await?, date, middle, 100).await
        })
        .await;
        self.of("scans", async |r| live::queries::scans_page(&mut r.begin(school()).await?, date, 97_000, 100).await)
            .await;
        let after = Some(an_id(8, 1_000));
        self.of("quarantine", async |r| {
            live::queries::quarantine_page(&mut r.begin(school()).await?, after, 100).await
        })
        .await;
    }

    /// Who is inside, and a day's roll call among those of years.
    async fn of_roll_calls(&mut self) {
        let date = monday();
        self.of("roll_call", async |r| {
            let found = live::roll_call::queries::of_day(&mut r.begin(school()).await?, date).await?;
            assert!(!found.is_empty());
            Ok(())
        })
        .await;
        let key = Key { date, id: an_id(14, 0) };
        self.of("roll_call_one", async |r| {
            let found = live::roll_call::queries::one(&mut r.begin(school()).await?, key).await?;
            assert!(found.is_some());
            Ok(())
        })
        .await;
        self.of("roll_call_marks", async |r| {
            let found = live::roll_call::queries::marks(&mut r.begin(school()).await?, key).await?;
            assert_eq!(found.len(), 300);
            Ok(())
        })
        .await;
        self.of("presence", async |r| {
            let (now, behind_after) = (at(12, 0, 0), TimeDelta::minutes(5));
            live::presence::load(&mut r.snapshot(school()).await?, date, now, behind_after).await
        })
        .await;
    }

    /// Every query of the no-show cases: of the school, and of the worker, who sees all schools.
    async fn of_no_show(&mut self) {
        let date = monday();
        let case = CaseId { date: date - TimeDelta::days(90), slot_id: an_id(13, 0), student_id: an_id(4, 635) };
        self.of("cases", async |r| no_show::queries::cases(&mut r.begin(school()).await?, case.date).await).await;
        self.of("case", async |r| {
            let found = no_show::queries::case(&mut r.begin(school()).await?, case).await?;
            assert!(found.is_some());
            Ok(())
        })
        .await;
        self.of("said_of_case", async |r| no_show::queries::log(&mut r.begin(school()).await?, case).await).await;
        let from = date - TimeDelta::days(30);
        self.of("no_show_metrics", async |r| {
            no_show::queries::metrics(&mut r.begin(school()).await?, from, date).await
        })
        .await;
        let request = self.request.clone();
        let as_worker = async || {
            let mut tx = request.begin().await?;
            sqlx::query("set local role attendance_worker").execute(&mut *tx).await?;
            Ok::<_, sqlx::Error>(tx)
        };
        self.of("open_cases", async |_| {
            no_show::queries::open_cases_in_tx(&mut *as_worker().await?, school(), date).await
        })
        .await;
        self.of("open_days", async |_| no_show::queries::open_days_in_tx(&mut *as_worker().await?, date).await).await;
    }

    /// The audit with each filter alone, within a time, and on a day, in both orders, from both ends and
    /// from the middle.
    async fn of_audit(&mut self) {
        let none = Filter::default();
        let kiosk = |n| format!("kiosk:{}", an_id::<KioskId>(3, n));
        let day_of_pupil = format!("2026-09-30/{}/{}", school(), an_id::<StudentId>(4, 601));
        let singles = [
            ("all", none.clone()),
            ("stream", Filter { stream: Some("stream/1/3002".into()), ..none.clone() }),
            ("day_stream", Filter { stream: Some(day_of_pupil), ..none.clone() }),
            ("subject", Filter { subject: Some(an_id(4, 606)), ..none.clone() }),
            ("busy_subject", Filter { subject: Some(an_id(4, 0)), ..none.clone() }),
            ("kiosk", Filter { kiosk: Some(an_id::<KioskId>(3, 1)), ..none.clone() }),
            ("quiet_kiosk", Filter { kiosk: Some(an_id::<KioskId>(3, 4)), ..none.clone() }),
            ("actor", Filter { actor: Some("cli:import".into()), ..none.clone() }),
            ("rare_actor", Filter { actor: Some("user:once".into()), ..none.clone() }),
            ("kiosk_as_actor", Filter { actor: Some(kiosk(1)), ..none.clone() }),
            ("quiet_kiosk_as_actor", Filter { actor: Some(kiosk(4)), ..none.clone() }),
            ("usual_aggregate", Filter { aggregate_type: Some("attendance_day".into()), ..none.clone() }),
            ("aggregate", Filter { aggregate_type: Some("student".into()), ..none.clone() }),
            ("event", Filter { event_type: Some("scan_recorded".into()), ..none.clone() }),
            ("rare_event", Filter { event_type: Some("erased".into()), ..none }),
        ];
        for (name, single) in singles {
            let mut within = vec![("", single.clone())];
            for (part, from, to) in [
                ("_between", Some(8_000), Some(8_050)),
                ("_from_late", Some(19_000), None),
                ("_from_early", Some(1_000), None),
                ("_to_early", None, Some(1_000)),
                ("_to_late", None, Some(19_000)),
                ("_after_all", Some(30_000), None),
            ] {
                let (from, to) = (from.map(recorded), to.map(recorded));
                within.push((part, Filter { from, to, ..single.clone() }));
            }
            for (part, ago) in [("_today", 0), ("_long_ago", 90)] {
                within.push((part, Filter { date: Some(monday() - TimeDelta::days(ago)), ..single.clone() }));
            }
            let orders_of =
                [Order::NewestFirst, Order::OldestFirst].into_iter().flat_map(|o| [(o, None), (o, Some(40_000))]);
            // Without indexes each takes seconds: few tell as much.
            let (parts, orders) = if self.times > 1 { (within.len(), 4) } else { (2, 1) };
            for (part, filter) in within.into_iter().take(parts) {
                for (order, cursor) in orders_of.clone().take(orders) {
                    let before = self.so_far().await;
                    entries(&mut self.readers.begin(school()).await.unwrap(), &filter, order, cursor, 100)
                        .await
                        .unwrap();
                    let read = self.so_far().await - before;
                    let most = self.most.entry(format!("audit_{name}{part}")).or_default();
                    *most = read.max(*most);
                }
            }
        }
    }

    fn beyond(&self) -> Vec<(&str, i64)> {
        self.most.iter().map(|(name, rows)| (name.as_str(), *rows)).filter(|(name, rows)| *rows > bound(name)).collect()
    }
}

/// The most rows that a query may read.
fn bound(name: &str) -> i64 {
    match name {
        // A page, a day, a person's own entries (500 of somebody busy) or a span of time (1,000) and what finds
        // them. A school's history is 20,000.
        audit if audit.starts_with("audit_busy") => 1_600,
        audit if audit.starts_with("audit_") => 700,
        // Everybody's place and day, and what is on the page besides; nothing of other days.
        "board" | "presence" => 5_000,
        // What changed, the courses with their schedules, and what waits for a person.
        "changes" => 700,
        // A month of cases, with what was said of them.
        "no_show_metrics" => 3_000,
        // Every pupil's place.
        "students_of_course" => 4_000,
        "cards" => 2_000,
        "course_day" => 2_000,
        // Few rows in all, whatever the index: one school's, or all schools'.
        "schools" | "school" => 50,
        "kiosks" => 170,
        _ => 450,
    }
}

#[tokio::test]
async fn every_query_reads_what_its_answer_needs_however_much_history_there_is() {
    let databases = TestDatabases::create().await.unwrap();
    let options = databases
        .owner_options()
        // A table of a few thousand rows is cheap to read whole, and Postgres does; here the ways around it count.
        .options([
            ("role", "attendance_request"),
            ("search_path", "public,roster,live,audit,no_show"),
            ("enable_seqscan", "off"),
        ]);
    let one = async || rolling_back().max_connections(1).connect_with(options.clone()).await.unwrap();
    let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
    sqlx::raw_sql(HISTORY).execute(&owner).await.unwrap();

    // Often enough that Postgres may keep one plan for whatever is asked.
    let mut meter = Meter::over(one().await, owner.clone(), 7);
    meter.of_roster_and_live().await;
    meter.of_no_show().await;
    meter.of_roll_calls().await;
    meter.of_audit().await;
    assert_eq!(meter.beyond(), [], "{:?}", meter.most);

    // The same test sees that the indexes are what it rests on.
    let indexes: Vec<String> = sqlx::query_scalar(
        "select case when c.conname is null then format('drop index %s', i.indexrelid::regclass)
                else format('alter table %s drop constraint %I', i.indrelid::regclass, c.conname) end
         from pg_index i join pg_class t on t.oid = i.indrelid
         left join pg_constraint c on c.conindid = i.indexrelid
         where t.relnamespace in ('roster'::regnamespace, 'live'::regnamespace, 'audit'::regnamespace,
                                  'no_show'::regnamespace)
           or t.oid = 'looks'::regclass",
    )
    .fetch_all(&owner)
    .await
    .unwrap();
    sqlx::raw_sql(&indexes.join("; ")).execute(&owner).await.unwrap();
    let mut bare = Meter::over(one().await, owner, 1);
    bare.of_roster_and_live().await;
    bare.of_no_show().await;
    bare.of_roll_calls().await;
    bare.of_audit().await;
    let beyond: Vec<&str> = bare.beyond().into_iter().map(|(name, _)| name).collect();
    let within: Vec<&String> = bare.most.keys().filter(|name| !beyond.contains(&name.as_str())).collect();
    assert_eq!(
        within,
        ["health", "health_of_one", "kiosks", "school", "schools"],
        "too small to tell: {:?}",
        bare.most
    );
}
