//! The facts that a board is computed from, in a constant number of queries over one snapshot.

use super::board::{AsOf, GateLine, SealedName};
use super::rows::PupilDay;
use crate::{ReadModel, wire};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{Direction, Flag, ManualReason};
use domain::calendar::{CourseDay, SchoolCalendar, SchoolDay};
use domain::expectation::CourseCalendar;
use domain::school::Settings;
use domain::{CourseId, Epoch, KioskId, ScanId, SchoolId, Sealed, StudentId};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::HashMap;
use uuid::Uuid;

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
    /// Its zone, and what its day is judged by: on a board as on that date, whatever was changed since.
    pub settings: Settings,
    /// What the date is, if it was set.
    pub calendar: SchoolCalendar,
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
    /// The schedule valid on the date, the exception on it, and when the course closes.
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
    pub kiosk_id: Option<KioskId>,
    pub by_hand: Option<ManualReason>,
    pub flags: Vec<Flag>,
}

/// Loads the facts of a school's board, within a snapshot; none if the roster does not know the school.
pub(crate) async fn load_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Option<BoardFacts>, sqlx::Error> {
    let Some(school) = load_school_in_tx(conn, school, date).await? else {
        return Ok(None);
    };
    let id = school.school_id;
    let facts = BoardFacts {
        as_of: as_of_in_tx(conn).await?,
        courses: load_courses_in_tx(conn, id, date).await?,
        pupils: load_pupils_in_tx(conn, id, date).await?,
        gates: load_gates_in_tx(conn, id).await?,
        last_scans: load_last_scans_in_tx(conn, id, date).await?,
        quarantined: sqlx::query_scalar!(
            r#"select count(*) as "n!" from quarantined where school_id = $1 and state = 'waiting'"#,
            id.0
        )
        .fetch_one(&mut *conn)
        .await?,
        school,
        date,
    };
    Ok(Some(facts))
}

pub(crate) async fn as_of_in_tx(conn: &mut PgConnection) -> Result<AsOf, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select c.read_model as "read_model!", c.epoch as "epoch!", c.position as "position!",
                  c.recorded_at as "recorded_at?", l.epoch is null as "stale!"
           from unnest(array[$1, $2]) m (name) cross join lateral checkpoint_of(m.name) c
           left join log_epoch l on l.epoch = c.epoch"#,
        ReadModel::Live.name(),
        ReadModel::Roster.name()
    )
    .fetch_all(conn)
    .await?;
    let of = |model: ReadModel| rows.iter().find(|r| r.read_model == model.name());
    let live = of(ReadModel::Live);
    Ok(AsOf {
        epoch: Epoch(live.map_or(Uuid::nil(), |c| c.epoch)),
        position: live.map_or(0, |c| c.position),
        recorded_at: live.and_then(|c| c.recorded_at),
        roster_position: of(ReadModel::Roster).map_or(0, |c| c.position),
        stale_epoch: rows.iter().any(|c| c.stale),
    })
}

pub(crate) async fn load_school_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Option<School>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select s.name, s.zone, s.late_after_minutes, s.missing_after_minutes, s.echo_seconds,
                  s.mass_alarm_percent, s.stale_after_minutes,
                  coalesce(
                    (select v.settings from school_settings v where v.school_id = $1 and v.effective_from <= $2
                     order by v.effective_from desc limit 1),
                    (select v.settings from school_settings v where v.school_id = $1
                     order by v.effective_from limit 1)) as "then?: Json<Settings>",
                  h.day as "holiday?: Json<SchoolDay>", d.day as "day?: Json<SchoolDay>"
           from schools s
           left join school_days h on h.school_id = $1 and h.local_date = $2 and h.layer = 'holiday'
           left join school_days d on d.school_id = $1 and d.local_date = $2 and d.layer = 'day'
           where s.school_id = $1"#,
        school.0,
        date
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        let mut calendar = SchoolCalendar::default();
        for day in [r.holiday, r.day].into_iter().flatten() {
            calendar.set(date, day.0);
        }
        Ok(School {
            school_id: school,
            name: r.name,
            settings: match r.then {
                Some(then) => then.0,
                None => wire::settings(&wire::SettingsRecord {
                    zone: &r.zone,
                    late_after_minutes: r.late_after_minutes,
                    missing_after_minutes: r.missing_after_minutes,
                    echo_seconds: r.echo_seconds,
                    mass_alarm_percent: r.mass_alarm_percent,
                    stale_after_minutes: r.stale_after_minutes,
                })?,
            },
            calendar,
        })
    })
    .transpose()
}

/// `courses` with the schedule valid on a date, as stored.
struct CourseRecord {
    course_id: Uuid,
    name: String,
    level: String,
    letter: String,
    closed_from: Option<NaiveDate>,
    effective_from: Option<NaiveDate>,
    slots: Option<Json<Vec<domain::course::Slot>>>,
    /// The date that was asked for, if the course has an exception on it.
    exception_on: Option<NaiveDate>,
    exception: Option<Json<CourseDay>>,
}

impl From<CourseRecord> for Course {
    fn from(r: CourseRecord) -> Self {
        Self {
            course_id: CourseId(r.course_id),
            name: r.name,
            level: r.level,
            letter: r.letter,
            calendar: CourseCalendar {
                schedules: r.effective_from.into_iter().zip(r.slots.map(|s| s.0)).collect(),
                exceptions: r.exception_on.into_iter().zip(r.exception.map(|day| day.0)).collect(),
                closed_from: r.closed_from,
            },
        }
    }
}

pub(crate) async fn load_courses_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Vec<Course>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CourseRecord,
        r#"select c.course_id, c.name, c.level, c.letter, c.closed_from,
                  s.effective_from as "effective_from?",
                  s.slots as "slots?: Json<Vec<domain::course::Slot>>",
                  e.local_date as "exception_on?", e.day as "exception?: Json<CourseDay>"
           from courses c
           left join course_days e on e.school_id = $1 and e.course_id = c.course_id and e.local_date = $2
           left join lateral (
             select effective_from, slots from schedules
             where school_id = $1 and course_id = c.course_id and effective_from <= $2
             order by effective_from desc limit 1
           ) s on true
           where c.school_id = $1"#,
        school.0,
        date
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Course::from).collect())
}

/// One course; none if the school has no such course.
pub(crate) async fn load_course_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    course: CourseId,
    date: NaiveDate,
) -> Result<Option<Course>, sqlx::Error> {
    let row = sqlx::query_as!(
        CourseRecord,
        r#"select c.course_id, c.name, c.level, c.letter, c.closed_from,
                  s.effective_from as "effective_from?",
                  s.slots as "slots?: Json<Vec<domain::course::Slot>>",
                  e.local_date as "exception_on?", e.day as "exception?: Json<CourseDay>"
           from courses c
           left join course_days e on e.school_id = $1 and e.course_id = c.course_id and e.local_date = $2
           left join lateral (
             select effective_from, slots from schedules
             where school_id = $1 and course_id = c.course_id and effective_from <= $2
             order by effective_from desc limit 1
           ) s on true
           where c.school_id = $1 and c.course_id = $3"#,
        school.0,
        date,
        course.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Course::from))
}

/// Where a pupil is on a date.
pub(crate) struct MemberRecord {
    pub(crate) student_id: Uuid,
    /// Since when.
    pub(crate) from_date: NaiveDate,
    /// None: withdrawn.
    pub(crate) course_id: Option<Uuid>,
    /// First date of the first enrolment.
    pub(crate) first: NaiveDate,
}

/// Everybody in a course on the date, and whoever was scanned.
pub(crate) async fn load_pupils_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Vec<Pupil>, sqlx::Error> {
    let members = sqlx::query_as!(
        MemberRecord,
        r#"select distinct on (student_id) student_id, from_date, course_id,
                  min(from_date) over (partition by student_id) as "first!"
           from memberships
           where school_id = $1 and from_date <= $2
           order by student_id, position desc"#,
        school.0,
        date
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(on_the_board(members, super::queries::days_in_tx(conn, school, date).await?, date))
}

/// Puts places and days together: everybody in a course, and whoever was scanned. Whoever left the school before and
/// was not scanned is not on the board.
pub(crate) fn on_the_board(members: Vec<MemberRecord>, days: Vec<PupilDay>, date: NaiveDate) -> Vec<Pupil> {
    let mut pupils = pupils_of(members, days, date);
    pupils.retain(|p| p.course_id.is_some() || p.day.is_some());
    pupils
}

/// These pupils, as far as they were enrolled by the date or scanned on it. A statement of its own: one
/// with "or null" would be planned for the whole school as soon as Postgres keeps its plan.
pub(crate) async fn load_these_pupils_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
    ids: &[Uuid],
) -> Result<Vec<Pupil>, sqlx::Error> {
    let members = sqlx::query_as!(
        MemberRecord,
        r#"select distinct on (student_id) student_id, from_date, course_id,
                  min(from_date) over (partition by student_id) as "first!"
           from memberships
           where school_id = $1 and from_date <= $2 and student_id = any($3)
           order by student_id, position desc"#,
        school.0,
        date,
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(pupils_of(members, super::queries::days_of_in_tx(conn, school, date, ids).await?, date))
}

/// Puts places and days together, by pupil.
fn pupils_of(members: Vec<MemberRecord>, days: Vec<PupilDay>, date: NaiveDate) -> Vec<Pupil> {
    let mut days: HashMap<StudentId, PupilDay> = days.into_iter().map(|d| (d.student_id, d)).collect();
    let mut pupils: Vec<Pupil> = members
        .into_iter()
        .map(|m| Pupil {
            student_id: StudentId(m.student_id),
            course_id: m.course_id.map(CourseId),
            enrolled_from: m.first,
            withdrawn_from: m.course_id.is_none().then_some(m.from_date),
            day: days.remove(&StudentId(m.student_id)),
        })
        .collect();
    // Scanned, but not in a course by that date.
    pupils.extend(days.into_values().map(|day| Pupil {
        student_id: day.student_id,
        course_id: None,
        enrolled_from: date.succ_opt().unwrap_or(date),
        withdrawn_from: None,
        day: Some(day),
    }));
    pupils.sort_by_key(|p| p.student_id);
    pupils
}

/// The pupils of a course on a date, by id, `after` a cursor.
pub(crate) async fn course_members_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    course: CourseId,
    date: NaiveDate,
    after: Option<StudentId>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    // Whoever was ever sent to the course by that date, and then those who are there still.
    sqlx::query_scalar!(
        r#"select student_id as "student_id!"
           from (select distinct student_id from memberships
                 where school_id = $1 and course_id = $2 and from_date <= $3 and student_id > $4) sent
           where $2 = (select m.course_id from memberships m
                       where m.school_id = $1 and m.student_id = sent.student_id and m.from_date <= $3
                       order by m.position desc limit 1)
           order by student_id limit $5"#,
        school.0,
        course.0,
        date,
        after.map_or(Uuid::nil(), |s| s.0),
        limit
    )
    .fetch_all(conn)
    .await
}

pub(crate) async fn load_gates_in_tx(conn: &mut PgConnection, school: SchoolId) -> Result<Vec<GateLine>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select k.kiosk_id, k.gate, k.mode, k.revoked,
                  g.drained_through as "drained_through?", g.last_scan_at as "last_scan_at?",
                  g.silent_since as "silent_since?", g.gaps as "gaps?", g.forks as "forks?",
                  s.last_seen as "last_seen?", s.queue_depth as "queue_depth?", s.clock_skew_ms as "skew_ms?"
           from kiosks k
           left join gates g on g.kiosk_id = k.kiosk_id and g.school_id = $1
           left join kiosk_seen s on s.kiosk_id = k.kiosk_id and s.school_id = $1
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
                silent_since: r.silent_since,
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
        r#"select l.position, l.scan_id, l.student_id, l.direction, l.occurred_at, l.recorded_at, l.kiosk_id,
                  l.by_hand, l.flags,
                  s.given_names as "given_names?", s.family_names as "family_names?", s.erased as "erased?"
           from live_scans l left join students s on s.student_id = l.student_id and s.school_id = $1
           where l.school_id = $1 and l.local_date = $2 and not ('echo' = any(l.flags)) and not l.withdrawn
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
                kiosk_id: r.kiosk_id.map(KioskId),
                by_hand: r.by_hand.as_deref().map(wire::parse).transpose()?,
                flags: wire::parse_all(&r.flags)?,
            })
        })
        .collect()
}

/// Both parts of a name, or none.
pub(crate) fn sealed_name(given: Option<String>, family: Option<String>) -> Option<SealedName> {
    Some(SealedName { given: Sealed(given?), family: Sealed(family?) })
}
