//! The pass over all schools at the deadline: from stored rows to appended cases.
//!
//! One leader on one connection: what it computes and what Postgres does for it take turns, so that it is the time of
//! one core.

use crate::Options;
use crate::report::{Figure, Target};
use crate::stage::{Database, Stage};
use anyhow::{Result, ensure};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};
use commands::clock::{Clock, ManualClock};
use commands::pool::Role;
use domain::SlotId;
use domain::course::Slot;
use domain::values::zone::resolve_local;
use sqlx::PgPool;
use sqlx::types::Json;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;
use workers::no_show::{Woken, round};

const SCHOOLS: i32 = 500;
/// Of each school, in courses of forty.
const PUPILS: i32 = 1_000;
/// One in so many did not come.
const MISSING: i32 = 50;
/// School days that lie between the first rounds and those with a history.
const HISTORY: i32 = 10;
const ZONE: chrono_tz::Tz = chrono_tz::America::Santiago;

/// Schools, courses, pupils and gates, as the roster's projector leaves them.
const ROSTER: [&str; 6] = [
    "insert into roster.schools
     select id('5c', s), 'Escuela ' || s, null, 'America/Santiago', 5, 15, 10, 1, 25, 90 from generate_series(1, $1) s",
    "insert into roster.courses
     select id('5c', s), id('c0', s * 1000 + c), 2026, 'Curso ' || c, '1B', 'A', null, 1
     from generate_series(1, $1) s, generate_series(0, 24) c",
    "insert into roster.schedules
     select school_id, course_id, '2026-03-02', $1, 1 from roster.courses",
    "insert into roster.memberships
     select id('5c', s), id('a0', s * 10000 + p), '2026-03-02', id('c0', s * 1000 + p / 40), 1
     from generate_series(1, $1) s, generate_series(0, $2 - 1) p",
    "insert into roster.kiosks
     select id('5c', s), id('d0', s * 10 + k), 'Portón ' || k, 'choice', false, 1
     from generate_series(1, $1) s, generate_series(1, 2) k",
    "insert into live.gates
     select school_id, kiosk_id, null, null, null, null, null, 0, 0, 1 from roster.kiosks",
];

/// An id that tells what it is of.
const ID: &str = "create function id(kind text, n int) returns uuid language sql immutable as
    $$ select (kind || '000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$";

/// A day on which all but every fiftieth came in time.
const CAME: &str = "insert into live.pupil_days
    select id('5c', s), $1, id('a0', s * 10000 + p), $2, $2, 'entry', $2, null, 1, 0, '{}', 1
    from generate_series(1, $3) s, generate_series(0, $4 - 1) p where p % $5 <> 0";

/// The pass, and the same with some days of history in the rows.
pub async fn run(options: &Options, stage: &Stage, figures: &mut Vec<Figure>) -> Result<()> {
    let database = stage.database("deadline").await?;
    let clock = Arc::new(ManualClock::at(DateTime::<Utc>::UNIX_EPOCH));
    options.say("deadline: half a million pupils");
    enter(&database.owner).await?;
    let mut day = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap_or_default();
    let (mut young, mut old) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.min(3) {
        young.push(pass(&database, &clock, day).await?);
        day = following(day);
    }
    for _ in 0..HISTORY {
        came(&database.owner, day).await?;
        day = following(day);
    }
    sqlx::query("vacuum analyze live.pupil_days").execute(&database.owner).await?;
    for _ in 0..options.rounds.min(3) {
        old.push(pass(&database, &clock, day).await?);
        day = following(day);
    }
    let grown = young.iter().zip(&old).map(|(young, old)| old / young).collect();
    figures.push(Figure::new("deadline_pass", "s", Target::AtMost(5.0), young));
    figures.push(Figure::new("deadline_pass_history", "ratio", Target::AtMost(1.3), grown));
    Ok(())
}

/// The next weekday.
fn following(day: NaiveDate) -> NaiveDate {
    let away = if day.weekday() == Weekday::Fri { 3 } else { 1 };
    day.checked_add_days(Days::new(away)).unwrap_or(day)
}

fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    resolve_local(day, NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default(), ZONE)
}

async fn enter(owner: &PgPool) -> Result<()> {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let slots: Vec<Slot> = (1..)
        .zip(week)
        .map(|(n, weekday)| Slot { slot_id: SlotId(Uuid::from_u128(n)), weekday, entry: time(8), exit: time(13) })
        .collect();
    let [schools, courses, schedules, memberships, kiosks, gates] = ROSTER;
    sqlx::query(ID).execute(owner).await?;
    for statement in [schools, courses] {
        sqlx::query(statement).bind(SCHOOLS).execute(owner).await?;
    }
    sqlx::query(schedules).bind(Json(slots)).execute(owner).await?;
    sqlx::query(memberships).bind(SCHOOLS).bind(PUPILS).execute(owner).await?;
    sqlx::query(kiosks).bind(SCHOOLS).execute(owner).await?;
    sqlx::query(gates).execute(owner).await?;
    for table in ["roster.memberships", "roster.courses", "roster.schedules", "roster.kiosks"] {
        sqlx::query(&format!("vacuum analyze {table}")).execute(owner).await?;
    }
    Ok(())
}

async fn came(owner: &PgPool, day: NaiveDate) -> Result<()> {
    let day = sqlx::query(CAME).bind(day).bind(at(day, 7, 50)).bind(SCHOOLS).bind(PUPILS).bind(MISSING);
    day.execute(owner).await?;
    Ok(())
}

/// Seconds of a day's pass, at the minute of the deadline.
async fn pass(database: &Database, clock: &Arc<ManualClock>, day: NaiveDate) -> Result<f64> {
    let owner = &database.owner;
    came(owner, day).await?;
    let now = at(day, 8, 15);
    clock.advance(now - clock.now());
    sqlx::query("update live.gates set drained_through = $1").bind(now).execute(owner).await?;
    // The models have the log's end, and no case is there from before.
    let reach = "insert into checkpoints (read_model, version, epoch, position)
                 select m, 1, e.epoch, coalesce((select max(position) from events), 0)
                 from log_epoch e, unnest(array['roster', 'live', 'no_show']) m
                 on conflict (read_model, version) do update set position = excluded.position";
    sqlx::query(reach).execute(owner).await?;
    sqlx::query("vacuum analyze live.pupil_days").execute(owner).await?;
    sqlx::query("vacuum analyze live.gates").execute(owner).await?;
    sqlx::query("checkpoint").execute(owner).await?;
    let write = database.write_at(clock.clone(), 4).await?;
    let path = "public,roster,live,audit,no_show";
    let leader = database.pool(Role::Worker, 1, path).await?;
    let mut leader = leader.acquire().await?;
    let woken = Woken::default();
    woken.all();
    let begun = Instant::now();
    let done = round(&mut leader, &write, &woken).await?;
    let took = begun.elapsed().as_secs_f64();
    ensure!(done.schools == usize::try_from(SCHOOLS)?, "not every school was looked at: {done:?}");
    let cases = SCHOOLS * PUPILS / MISSING;
    ensure!(
        done.events == usize::try_from(cases)? * 2,
        "each case is opened, and its family's notice asked for: {done:?}"
    );
    Ok(took)
}
