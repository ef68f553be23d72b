//! Schools apart: twins with the same data, and every way to ask in the transaction of the other one.

use crate::audit::queries::{Filter, Order, entries};
use crate::audit::replay::{SpanEvents, Trial, load_span};
use crate::live::acts::queries as acts;
use crate::live::lines::Lines;
use crate::live::{health, kept, presence, queries as live, roll_call::queries as roll_call};
use crate::looks;
use crate::no_show::queries as no_show;
use crate::roster::queries as roster;
use crate::testing::history::{self, Random, course_id, kiosk_id};
use crate::testing::{World, at, id, monday};
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::no_show::CaseId;
use domain::roll_call::Key;
use domain::{CourseId, KioskId, RollCallId, SchoolId, SlotId, StudentId};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

const ONE: u128 = 1 << 24;
const TWIN: u128 = 2 << 24;

/// What only the write side writes, one row a school.
const WRITE_SIDE: &str = "insert into no_show_timers select distinct school, now() from twins;
     insert into kiosk_seen select i, school, now(), 0, 0, i, null from twins;
     insert into documents (school_id, document_id, student_id, local_date, noted_at)
     select school, i, i, '2026-03-09', now() from twins;
     insert into deliveries (school_id, delivery_id, cause_id, kind, channel, guardian_id, student_id, says, local_date,
       slot_id, about_at, state, requested_at, changed_at, expires_at, sequence)
     select school, i, i, 'no_entry', 'email', i, i, 'no_entry', '2026-03-09', i, now(), 'requested', now(), now(), now(), 1
     from twins;
     insert into delivery_attempts (school_id, delivery_id, message_id, guardian_id, channel, started_at)
     select school, i, i, i, 'email', now() from twins;
     insert into delivery_ladders (school_id, cause_id, position, local_date, slot_id, student_id, asked_at, state,
       next_look_at)
     select school, i, 1, '2026-03-09', i, i, now(), 'over', now() from twins;
     insert into broadcasts (school_id, broadcast_id, state, drafted_at, changed_at, epoch)
     select school, i, 'drafted', now(), now(), i from twins;
     insert into broadcast_recipients (school_id, broadcast_id, guardian_id, student_id, why_not)
     select school, i, i, i, 'not_wanted' from twins;
     insert into looks (school_id, looked_at, who_kind, who_id, role, what, why, session_id)
     select school, now(), 'account', school, 'ADMIN', 'board', 'board.read', school from twins";

/// Two schools of which everything exists twice, with the same history but for their ids.
async fn twins() -> World {
    let world = World::create().await;
    for school in [ONE, TWIN] {
        let mut random = Random(7);
        world.append(&history::founding(id(school), 12, 2, &mut random)).await;
        world.append(&history::random(id(school), 12, 2, 400, &mut random)).await;
        world.append(&[history::barred(id(school)), history::authorised(id(school))]).await;
    }
    world.catch_up_all().await;
    // The first kiosk of each school, so that rows about it are found.
    let kiosks = [ONE, TWIN].map(|school| kiosk_id(id(school), 0));
    let schools = [ONE, TWIN].map(id::<Uuid>);
    let mut owner = world.owner.acquire().await.unwrap();
    sqlx::query("select school, i into temporary twins from unnest($1::uuid[], $2::uuid[]) t (school, i)")
        .bind(&schools[..])
        .bind(&kiosks[..])
        .execute(&mut *owner)
        .await
        .unwrap();
    owner.execute(WRITE_SIDE).await.unwrap();
    drop(owner);
    world
}

/// What every query answers in the transaction of one school about the persons and things of a school.
async fn answers(world: &World, of: SchoolId, about: SchoolId) -> Vec<(&'static str, String)> {
    let (course, now) = (CourseId(course_id(about, 0)), at(11, 30, 0));
    let (mut tx, mut moment) = (world.tx(of).await, world.snapshot(of).await);
    // Somebody who was scanned that day and has a guardian.
    let guarded: Uuid = sqlx::query_scalar(
        "select student_id from roster.guardian_links join live.live_scans using (school_id, student_id) \
         where active and local_date = $1 and school_id = $2 limit 1",
    )
    .bind(monday())
    .bind(about.0)
    .fetch_one(&world.owner)
    .await
    .unwrap();
    let pupil = StudentId(guarded);
    let (slot_id, student_id): (Uuid, Uuid) = sqlx::query_as(
        "select slot_id, student_id from no_show.cases where local_date = $1 and school_id = $2 limit 1",
    )
    .bind(monday())
    .bind(about.0)
    .fetch_one(&world.owner)
    .await
    .unwrap();
    let acted: Uuid =
        sqlx::query_scalar("select student_id from live.acts where local_date = $1 and school_id = $2 limit 1")
            .bind(monday())
            .bind(about.0)
            .fetch_one(&world.owner)
            .await
            .unwrap();
    let acted = StudentId(acted);
    let case = CaseId { date: monday(), slot_id: SlotId(slot_id), student_id: StudentId(student_id) };
    let marked: Uuid = sqlx::query_scalar(
        "select roll_call_id from live.roll_call_marks join live.roll_calls using (school_id, local_date, roll_call_id)
         where local_date = $1 and school_id = $2 order by 1 limit 1",
    )
    .bind(monday())
    .bind(about.0)
    .fetch_one(&world.owner)
    .await
    .unwrap();
    let call = Key { date: monday(), id: RollCallId(marked) };
    let subject = Filter { subject: Some(pupil.0), ..Filter::default() };
    let kiosk = Filter { kiosk: Some(KioskId(kiosk_id(about, 0))), ..Filter::default() };
    let from = Filter { from: Some(at(0, 0, 0)), ..Filter::default() };
    let found = kept::load(&mut world.snapshot(about).await, monday(), None, 0).await.unwrap();
    let (mut board_of, _) = found.unwrap();
    // Asked about a board of the other school, if it is another: only what the caller says it is.
    board_of.facts.as_of.position = 0;
    board_of.facts.school.school_id = of;
    let lines = Lines::new(&world.readers, 1);
    vec![
        ("school", format!("{:?}", roster::school(&mut tx).await.unwrap())),
        ("courses", format!("{:?}", roster::courses(&mut tx, None, 200).await.unwrap())),
        ("schedules", format!("{:?}", roster::schedules(&mut tx).await.unwrap())),
        ("kiosks", format!("{:?}", roster::kiosks(&mut tx, None, 200).await.unwrap())),
        ("health", format!("{:?}", health::kiosks(&mut tx, None, 200).await.unwrap())),
        ("health of one", format!("{:?}", health::kiosk(&mut tx, KioskId(kiosk_id(about, 0))).await.unwrap())),
        ("students", format!("{:?}", roster::students(&mut tx, None, None, 200).await.unwrap())),
        (
            "students of course",
            format!("{:?}", roster::students(&mut tx, Some((course, monday())), None, 200).await.unwrap()),
        ),
        ("student", format!("{:?}", roster::student(&mut tx, pupil).await.unwrap())),
        ("students changed", format!("{:?}", roster::students_changed_since(&mut tx, 0, 200).await.unwrap())),
        ("cards", format!("{:?}", roster::cards_since(&mut tx, 0, 200).await.unwrap().cards)),
        ("looks", format!("{:?}", looks::newest(&mut tx, None, 200).await.unwrap())),
        (
            "looks about",
            format!("{:?}", looks::about(&mut tx, pupil, Tz::UTC, chrono::DateTime::UNIX_EPOCH).await.unwrap()),
        ),
        ("guardians", format!("{:?}", roster::guardians_of(&mut tx, pupil).await.unwrap())),
        ("board", format!("{:?}", live::load_board(&mut moment, monday(), now).await.unwrap())),
        ("facts", format!("{:?}", kept::load(&mut moment, monday(), None, 0).await.unwrap())),
        ("changes", format!("{:?}", lines.changes(&board_of, 1_000).await.unwrap())),
        (
            "course page",
            format!("{:?}", live::course_page(&mut moment, course, monday(), now, None, 200).await.unwrap()),
        ),
        ("pupil day", format!("{:?}", live::pupil_day(&mut moment, pupil, monday(), now).await.unwrap())),
        ("pupils seen", format!("{:?}", live::pupils_seen(&mut tx, monday(), None, 200).await.unwrap())),
        ("scans", format!("{:?}", live::scans_page(&mut tx, monday(), 0, 200).await.unwrap())),
        ("quarantine", format!("{:?}", live::quarantine_page(&mut tx, None, 200).await.unwrap())),
        ("acts", format!("{:?}", acts::of_day(&mut tx, acted, monday()).await.unwrap())),
        ("acts that wait", format!("{:?}", acts::waiting(&mut tx).await.unwrap())),
        ("barred adults", format!("{:?}", acts::blocked(&mut tx, at(0, 0, 0) - TimeDelta::days(3650)).await.unwrap())),
        ("leaves that are open", format!("{:?}", acts::authorised(&mut tx, monday()).await.unwrap())),
        ("cases", format!("{:?}", no_show::cases(&mut tx, monday()).await.unwrap())),
        ("case", format!("{:?}", no_show::case(&mut tx, case).await.unwrap())),
        ("said of case", format!("{:?}", no_show::log(&mut tx, case).await.unwrap())),
        ("roll calls", format!("{:?}", roll_call::of_day(&mut tx, monday()).await.unwrap())),
        ("roll call", format!("{:?}", roll_call::one(&mut tx, call).await.unwrap())),
        ("marks", format!("{:?}", roll_call::marks(&mut tx, call).await.unwrap())),
        (
            "presence",
            format!("{:?}", presence::load(&mut moment, monday(), now, chrono::TimeDelta::minutes(5)).await.unwrap()),
        ),
        ("entries", format!("{:?}", audit(&mut tx, &Filter::default()).await)),
        ("entries of subject", format!("{:?}", audit(&mut tx, &subject).await)),
        ("entries of kiosk", format!("{:?}", audit(&mut tx, &kiosk).await)),
        ("days to simulate", format!("{:?}", simulate(&mut tx).await)),
        ("entries from", format!("{:?}", audit(&mut tx, &from).await)),
    ]
}

async fn simulate(tx: &mut crate::SchoolTx) -> Option<SpanEvents> {
    load_span(tx, (history::day(-7), monday()), &Trial::default()).await.unwrap()
}

async fn audit(tx: &mut crate::SchoolTx, filter: &Filter) -> Vec<crate::audit::rows::Entry> {
    entries(tx, filter, Order::OldestFirst, None, 200).await.unwrap().entries
}

/// The ids of a school's own: the school, its courses, pupils, guardians, cards and kiosks.
async fn own_ids(world: &World, school: SchoolId) -> BTreeSet<String> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select course_id from roster.courses where school_id = $1 union all \
         select student_id from roster.students where school_id = $1 union all \
         select guardian_id from roster.guardians where school_id = $1 union all \
         select credential_id from roster.credentials where school_id = $1 union all \
         select kiosk_id from roster.kiosks where school_id = $1 union all select $1",
    )
    .bind(school.0)
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert!(ids.len() > 30, "{}", ids.len());
    ids.into_iter().map(|id| id.to_string()).collect()
}

fn says_one_of(answer: &str, ids: &BTreeSet<String>) -> bool {
    ids.iter().any(|id| answer.contains(id.as_str()))
}

#[tokio::test]
async fn no_query_tells_anything_of_a_school_in_the_transaction_of_its_twin() {
    let world = twins().await;
    let (one, twin) = (id::<SchoolId>(ONE), id::<SchoolId>(TWIN));
    let (ours, theirs) = (own_ids(&world, one).await, own_ids(&world, twin).await);
    for (query, answer) in answers(&world, one, one).await {
        assert!(says_one_of(&answer, &ours), "{query} tells nothing of its own school: {answer}");
        assert!(!says_one_of(&answer, &theirs), "{query} tells of the twin");
    }
    // The twin's ids, asked in ours: nothing of theirs comes, and what is asked by an id is not there at all.
    for (query, answer) in answers(&world, one, twin).await {
        assert!(!says_one_of(&answer, &theirs), "{query} tells of the twin: {answer}");
        let by_id = ["students of course", "student", "guardians", "course page", "pupil day", "health of one", "case"];
        let of_one = ["said of case", "acts", "marks", "entries of subject", "entries of kiosk"];
        if by_id.contains(&query) || of_one.contains(&query) {
            assert!(answer == "None" || answer == "[]", "{query}: {answer}");
        }
    }
    // A school that is not there.
    let nobody = id::<SchoolId>(3 << 24);
    for (query, answer) in answers(&world, nobody, twin).await {
        let empty = ["None", "[]"].contains(&answer.as_str());
        assert!(empty || query == "changes" && !says_one_of(&answer, &theirs), "{query}: {answer}");
    }
    let listed = world.readers.schools(None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|s| s.school_id).collect::<Vec<_>>(), [one, twin], "and to choose from, both");
}

/// A table with the school's column, and a role that may read it.
type Seen = (String, String);

/// Every table of schools that requests may read or that has policies, with each role that may read any of it.
async fn seen(connection: &mut PgConnection) -> Vec<Seen> {
    sqlx::query_as(
        "select c.oid::regclass::text, r.rolname::text
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'school_id'
           cross join pg_roles r
          where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('public', 'roster', 'live', 'audit', 'no_show')
            and (c.relrowsecurity or has_any_column_privilege('attendance_request', c.oid, 'select'))
            and r.rolname like 'attendance%' and has_any_column_privilege(r.rolname, c.oid, 'select')
          order by 1, 2",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

/// What each role sees that it should not, or does not see that it should, with statements that name no
/// school. Within a transaction of the owner.
async fn faults(connection: &mut PgConnection) -> Vec<Seen> {
    let mut faults = Vec::new();
    for (table, role) in seen(connection).await {
        let count = format!("select array_agg(distinct school_id order by school_id) from {table}");
        let begin = format!("set local app.school = '{}'; set local role {role}", id::<Uuid>(ONE));
        connection.execute(begin.as_str()).await.unwrap();
        let schools: Option<Vec<Uuid>> = sqlx::query_scalar(&count).fetch_one(&mut *connection).await.unwrap();
        connection.execute("reset role").await.unwrap();
        let own = role == "attendance_request";
        let should: Vec<Uuid> = if own { vec![id(ONE)] } else { vec![id(ONE), id(TWIN)] };
        if schools.unwrap_or_default() != should {
            faults.push((table, role));
        }
    }
    faults
}

#[tokio::test]
async fn a_statement_that_forgets_the_school_meets_its_own_rows_only_and_no_policy_can_be_missed() {
    let world = twins().await;
    let mut owner = world.owner.acquire().await.unwrap();
    let tables: BTreeSet<String> = seen(&mut owner).await.into_iter().map(|(table, _)| table).collect();
    assert!(tables.len() >= 15, "{tables:?}");
    let mut tx = owner.begin().await.unwrap();
    assert_eq!(faults(&mut tx).await, [], "a new table wants rows of both schools here, and policies");
    tx.rollback().await.unwrap();

    // The same through the only way that requests have.
    let mut tx = world.tx(id(ONE)).await;
    for (table, role) in seen(&mut owner).await {
        if role != "attendance_request" {
            continue;
        }
        let schools: Vec<Uuid> =
            sqlx::query_scalar(&format!("select distinct school_id from {table}")).fetch_all(tx.conn()).await.unwrap();
        assert_eq!(schools, [id::<Uuid>(ONE)], "{table}");
    }
    drop(tx);
    // And with no school at all, nothing: neither where none was ever set nor where one was.
    for _ in 0..2 {
        let n: i64 =
            sqlx::query_scalar("select count(*) from live.pupil_days").fetch_one(&world.request).await.unwrap();
        assert_eq!(n, 0);
        drop(world.tx(id(ONE)).await);
    }

    let policies: Vec<(String, String, String)> = sqlx::query_as(
        "select format('%I.%I', schemaname, tablename), policyname::text, \
                format('create policy %I on %I.%I to %s using (true)', policyname, schemaname, tablename, roles[1]) \
         from pg_policies where policyname <> 'list_of_schools' order by 1, 2",
    )
    .fetch_all(&mut *owner)
    .await
    .unwrap();
    assert!(policies.len() > 40);
    for (table, policy, open) in policies {
        // Missing, a role finds nothing; too open, the request role finds the twin.
        let mut tx = owner.begin().await.unwrap();
        tx.execute(format!("drop policy {policy} on {table}").as_str()).await.unwrap();
        assert_eq!(faults(&mut tx).await.len(), 1, "nobody misses {policy} on {table}");
        if policy == "own_school" {
            tx.execute(open.as_str()).await.unwrap();
            assert_eq!(faults(&mut tx).await.len(), 1, "nobody notices that {policy} on {table} is open");
        }
        tx.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn d6_a_transaction_that_is_dropped_or_cut_off_leaves_no_school_behind() {
    let world = twins().await;
    let aborted = async {
        for n in 0..200_u64 {
            // Cut off at any place between the wait for a connection and the answer.
            let cut = std::time::Duration::from_micros(n * 10);
            let _ = tokio::time::timeout(cut, async {
                let mut tx = world.readers.begin(id(ONE)).await.unwrap();
                roster::courses(&mut tx, None, 200).await.unwrap();
            })
            .await;
        }
    };
    aborted.await;
    let open = "select count(*) from pg_stat_activity \
                where datname = current_database() and state like 'idle in transaction%'";
    let begun = std::time::Instant::now();
    while sqlx::query_scalar::<_, i64>(open).fetch_one(&world.owner).await.unwrap() > 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "a transaction stays open");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(world.request.acquire().await.unwrap());
    }
    for connection in &mut connections {
        let left: (Option<String>, i64) =
            sqlx::query_as("select current_setting('app.school', true), (select count(*) from roster.students)")
                .fetch_one(&mut **connection)
                .await
                .unwrap();
        assert!(left.0.is_none_or(|school| school.is_empty()) && left.1 == 0);
    }
}

#[tokio::test]
async fn a_school_s_transaction_writes_nothing() {
    let world = twins().await;
    let write = "update roster.schools set name = 'x'";
    let mut tx = world.tx(id(ONE)).await;
    let refused = tx.conn().execute(write).await.unwrap_err();
    assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("25006"), "it only reads");
    let refused = world.request.execute(write).await.unwrap_err();
    assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("42501"), "nor may its role");
}

#[tokio::test]
async fn lines_are_kept_are_the_readers_role_and_leave_no_school_behind() {
    let world = twins().await;
    let lines = Lines::new(&world.readers, 2);
    let (kept, _) = kept::load(&mut world.snapshot(id(ONE)).await, monday(), None, 0).await.unwrap().unwrap();
    let ask = async || lines.changes(&kept, 1_000).await.unwrap().unwrap();
    let _ = tokio::join!(ask(), ask(), ask());
    let sessions = "select array_agg(pid order by pid) from pg_stat_activity where datname = current_database() \
                    and query like 'select live.epoch%' and pid <> pg_backend_pid()";
    let kept_open = async || {
        let pids: Option<Vec<i32>> = sqlx::query_scalar(sessions).fetch_one(&world.owner).await.unwrap();
        pids.unwrap_or_default()
    };
    let begun = std::time::Instant::now();
    while kept_open().await.len() != 2 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "two of three are kept");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let before = kept_open().await;
    ask().await;
    assert_eq!(kept_open().await, before, "none is opened anew");
    for mut connection in lines.take_all() {
        let said: (String, String, Option<String>, i64) = sqlx::query_as(
            "select current_user::text, current_setting('plan_cache_mode'), current_setting('app.school', true), \
                    (select count(*) from live.live_scans)",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(said, ("attendance_request".into(), "force_generic_plan".into(), Some(String::new()), 0));
    }
    // The server cuts them: the next one who asks is answered all the same.
    ask().await;
    sqlx::query(&format!("select pg_terminate_backend(pid) from unnest(({sessions})) pid"))
        .execute(&world.owner)
        .await
        .unwrap();
    ask().await;
}
