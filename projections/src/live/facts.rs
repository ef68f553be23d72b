//! The facts that a board is computed from, in a constant number of queries over one snapshot.

use super::board::{AsOf, GateLine, SealedName};
use super::rows::PupilDay;
use crate::{ReadModel, checkpoint, wire};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{Direction, Flag};
use domain::expectation::CourseCalendar;
use domain::{CourseId, Epoch, KioskId, ScanId, SchoolId, Sealed, StudentId};
use sqlx::types::Json;
use sqlx::{Executor, PgConnection, PgPool, Postgres, Transaction};
use std::collections::HashMap;

/// How many scans the board's stream shows.
pub const LAST_SCANS: i64 = 20;

/// What a board is computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardFacts {
    /// The school and what its day is judged by.
    pub school: School,
    /// The school day.
    pub date: NaiveDate,
    /// How far the log is in here.
    pub as_of: AsOf,
    /// Its courses with what they expect.
    pub courses: Vec<Course>,
    /// Everybody in a course on the date, and whoever was scanned.
    pub pupils: Vec<Pupil>,
    /// The kiosks.
    pub gates: Vec<GateLine>,
    /// Newest first.
    pub last_scans: Vec<ScanFact>,
    /// Scans that wait for a person.
    pub quarantined: i64,
}

/// A school as the board needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct School {
    /// The tenant.
    pub school_id: SchoolId,
    /// Public name.
    pub name: String,
    /// Zone of its wall clocks.
    pub zone: chrono_tz::Tz,
    /// Minutes after the entry time from which an entry is late.
    pub late_after_minutes: u16,
    /// Minutes after the entry time from which a pupil without entry is missing.
    pub missing_after_minutes: u16,
    /// A second tap within this many seconds is an echo.
    pub echo_seconds: u16,
}

/// A course and what it expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The course.
    pub course_id: CourseId,
    /// As the school writes it.
    pub name: String,
    /// Grade and level.
    pub level: String,
    /// Section letter.
    pub letter: String,
    /// The schedule valid on the date, and when the course closes.
    pub calendar: CourseCalendar,
}

/// A pupil on the date.
#[derive(Debug, Clone, PartialEq)]
pub struct Pupil {
    /// The pupil.
    pub student_id: StudentId,
    /// The course on the date; none when withdrawn, not enrolled yet, or unknown to the roster.
    pub course_id: Option<CourseId>,
    /// First date of the enrolment that counts on the date.
    pub enrolled_from: NaiveDate,
    /// First date on which the pupil is no longer expected.
    pub withdrawn_from: Option<NaiveDate>,
    /// The day's scans summed up; none without a scan.
    pub day: Option<PupilDay>,
}

/// A scan with the pupil's sealed name.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "as in LastScan")]
pub struct ScanFact {
    pub position: i64,
    pub scan_id: ScanId,
    pub student_id: StudentId,
    pub name: Option<SealedName>,
    pub erased: bool,
    pub direction: Direction,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub kiosk_id: KioskId,
    pub flags: Vec<Flag>,
}

/// Begins a reading transaction in which all tables belong to one copy of the read models and show
/// one moment. The lock comes first and takes no snapshot: whoever waits here for a rebuild's swap
/// sees the new copy with its rows, never a new table through an old snapshot (which is empty).
pub(crate) async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut tx = pool.begin_with("begin isolation level repeatable read read only").await?;
    // Not a query that can be described, hence no macro.
    let lock = "lock table schools, courses, schedules, students, memberships, kiosks, \
                pupil_days, live_scans, gates, quarantined in access share mode";
    // Through the trait: the future of `raw_sql(…).execute(…)` cannot be spawned.
    Executor::execute(&mut *tx, lock).await?;
    Ok(tx)
}

/// Loads the facts of a school's board; none if the roster does not know the school.
pub async fn load(pool: &PgPool, school: SchoolId, date: NaiveDate) -> Result<Option<BoardFacts>, sqlx::Error> {
    let mut tx = snapshot(pool).await?;
    let Some(school) = load_school_in_tx(&mut tx, school).await? else {
        return Ok(None);
    };
    let id = school.school_id;
    let facts = BoardFacts {
        as_of: as_of_in_tx(&mut tx).await?,
        courses: load_courses_in_tx(&mut tx, id, date).await?,
        pupils: load_pupils_in_tx(&mut tx, id, date, None).await?,
        gates: load_gates_in_tx(&mut tx, id).await?,
        last_scans: load_last_scans_in_tx(&mut tx, id, date).await?,
        quarantined: sqlx::query_scalar!(
            r#"select count(*) as "n!" from quarantined where school_id = $1 and state = 'waiting'"#,
            id.0
        )
        .fetch_one(&mut *tx)
        .await?,
        school,
        date,
    };
    tx.commit().await?;
    Ok(Some(facts))
}

pub(crate) async fn as_of_in_tx(conn: &mut PgConnection) -> Result<AsOf, sqlx::Error> {
    let all = checkpoint::all_in_tx(conn).await?;
    let of = |model| all.iter().find(|c| c.model == model);
    let live = of(ReadModel::Live);
    Ok(AsOf {
        epoch: live.map_or(Epoch(uuid::Uuid::nil()), |c| c.epoch),
        position: live.map_or(0, |c| c.position),
        recorded_at: live.and_then(|c| c.recorded_at),
        roster_position: of(ReadModel::Roster).map_or(0, |c| c.position),
    })
}

pub(crate) async fn load_school_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
) -> Result<Option<School>, sqlx::Error> {
    let row = sqlx::query!(
        "select name, zone, late_after_minutes, missing_after_minutes, echo_seconds from schools where school_id = $1",
        school.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(School {
            school_id: school,
            name: r.name,
            zone: wire::zone(&r.zone)?,
            late_after_minutes: r.late_after_minutes.unsigned_abs(),
            missing_after_minutes: r.missing_after_minutes.unsigned_abs(),
            echo_seconds: r.echo_seconds.unsigned_abs(),
        })
    })
    .transpose()
}

pub(crate) async fn load_courses_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Vec<Course>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select c.course_id, c.name, c.level, c.letter, c.closed_from,
                  s.effective_from as "effective_from?",
                  s.slots as "slots?: Json<Vec<domain::course::Slot>>"
           from courses c
           left join lateral (
             select effective_from, slots from schedules
             where course_id = c.course_id and effective_from <= $2
             order by effective_from desc limit 1
           ) s on true
           where c.school_id = $1"#,
        school.0,
        date
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Course {
            course_id: CourseId(r.course_id),
            name: r.name,
            level: r.level,
            letter: r.letter,
            calendar: CourseCalendar {
                schedules: r.effective_from.into_iter().zip(r.slots.map(|s| s.0)).collect(),
                closed_from: r.closed_from,
            },
        })
        .collect())
}

/// Everybody in a course on the date, and whoever was scanned; or one pupil alone.
pub(crate) async fn load_pupils_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
    only: Option<StudentId>,
) -> Result<Vec<Pupil>, sqlx::Error> {
    let members = sqlx::query!(
        r#"select distinct on (student_id) student_id, from_date, course_id,
                  min(from_date) over (partition by student_id) as "first!"
           from memberships
           where school_id = $1 and from_date <= $2 and ($3::uuid is null or student_id = $3)
           order by student_id, position desc"#,
        school.0,
        date,
        only.map(|s| s.0)
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut days: HashMap<StudentId, PupilDay> = super::queries::days_in_tx(&mut *conn, school, date, only)
        .await?
        .into_iter()
        .map(|d| (d.student_id, d))
        .collect();
    let mut pupils = Vec::with_capacity(members.len());
    for m in members {
        let student_id = StudentId(m.student_id);
        let day = days.remove(&student_id);
        // Whoever left the school before and was not scanned is not on the board.
        if m.course_id.is_none() && day.is_none() && only.is_none() {
            continue;
        }
        pupils.push(Pupil {
            student_id,
            course_id: m.course_id.map(CourseId),
            enrolled_from: m.first,
            withdrawn_from: m.course_id.is_none().then_some(m.from_date),
            day,
        });
    }
    // Scanned, but not in a course by that date.
    pupils.extend(days.into_values().map(|day| Pupil {
        student_id: day.student_id,
        course_id: None,
        enrolled_from: date.succ_opt().unwrap_or(date),
        withdrawn_from: None,
        day: Some(day),
    }));
    pupils.sort_by_key(|p| p.student_id);
    Ok(pupils)
}

async fn load_gates_in_tx(conn: &mut PgConnection, school: SchoolId) -> Result<Vec<GateLine>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select k.kiosk_id, k.gate, k.mode, k.revoked,
                  g.drained_through as "drained_through?", g.last_scan_at as "last_scan_at?",
                  g.silent_since as "silent_since?", g.gaps as "gaps?", g.forks as "forks?",
                  s.last_seen as "last_seen?", s.queue_depth as "queue_depth?", s.clock_skew_ms as "skew_ms?"
           from kiosks k
           left join gates g on g.kiosk_id = k.kiosk_id
           left join kiosk_seen s on s.kiosk_id = k.kiosk_id
           where k.school_id = $1
           order by k.gate, k.kiosk_id"#,
        school.0
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(GateLine {
                kiosk_id: KioskId(r.kiosk_id),
                gate: r.gate,
                mode: wire::parse(&r.mode)?,
                last_seen: r.last_seen,
                queue_depth: r.queue_depth,
                skew_ms: r.skew_ms,
                drained_through: r.drained_through,
                last_scan_at: r.last_scan_at,
                silent: r.silent_since.is_some(),
                revoked: r.revoked,
                gaps: r.gaps.unwrap_or(0),
                forks: r.forks.unwrap_or(0),
            })
        })
        .collect()
}

async fn load_last_scans_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Vec<ScanFact>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select l.position, l.scan_id, l.student_id, l.direction, l.occurred_at, l.recorded_at, l.kiosk_id, l.flags,
                  s.given_names as "given_names?", s.family_names as "family_names?", s.erased as "erased?"
           from live_scans l left join students s on s.student_id = l.student_id
           where l.school_id = $1 and l.local_date = $2 and not ('echo' = any(l.flags))
           order by l.position desc limit $3"#,
        school.0,
        date,
        LAST_SCANS
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(ScanFact {
                position: r.position,
                scan_id: ScanId(r.scan_id),
                student_id: StudentId(r.student_id),
                name: sealed_name(r.given_names, r.family_names),
                erased: r.erased.unwrap_or(false),
                direction: wire::parse(&r.direction)?,
                occurred_at: r.occurred_at,
                recorded_at: r.recorded_at,
                kiosk_id: KioskId(r.kiosk_id),
                flags: wire::parse_all(&r.flags)?,
            })
        })
        .collect()
}

/// Both parts of a name, or none.
pub(crate) fn sealed_name(given: Option<String>, family: Option<String>) -> Option<SealedName> {
    Some(SealedName { given: Sealed(given?), family: Sealed(family?) })
}
