//! What readers ask of the live model, each in the transaction of a school.

use super::board::{AsOf, Board, Judge, SealedName, board};
use super::facts::{self, BoardFacts, Course, Pupil, sealed_name};
use super::rows::{LiveScan, PupilDay, QuarantineState, Quarantined};
use crate::readers::{SchoolSnapshot, SchoolTx};
use crate::{page, wire};
use chrono::{DateTime, NaiveDate, Utc};
use domain::day_status::DayStatus;
use domain::expectation::Expectation;
use domain::{Actor, CourseId, KioskId, ScanId, SchoolId, Sealed, StudentId};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// The board of the school on a day, judged at `now`; none if the roster does not know the school.
pub async fn load_board(
    tx: &mut SchoolSnapshot,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<Board>, sqlx::Error> {
    let school = tx.school();
    let facts = facts::load_in_tx(tx.conn(), school, date).await?;
    Ok(facts.map(|facts| board(&facts, now)))
}

/// A pupil and how the day stands, with the derivation.
#[derive(Debug, Clone, PartialEq)]
pub struct PupilLine {
    /// The pupil.
    pub student_id: StudentId,
    /// None once erased, or while the roster does not know the pupil yet.
    pub name: Option<SealedName>,
    /// The pupil was erased.
    pub erased: bool,
    /// What the day expects.
    pub expectation: Expectation,
    /// How it stands, and why.
    pub status: DayStatus,
    /// The day's scans summed up; none without a scan.
    pub day: Option<PupilDay>,
    /// What stands by hand, by its time.
    pub by_hand: Vec<LiveScan>,
}

/// A course's pupils on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct CoursePage {
    /// The course.
    pub course: Course,
    /// The school.
    pub school: facts::School,
    /// The school day.
    pub date: NaiveDate,
    /// How far the log is in here.
    pub as_of: AsOf,
    /// By student id; names are sorted by whoever can open them.
    pub pupils: Vec<PupilLine>,
    /// Cursor of the next page, if there is one.
    pub next: Option<StudentId>,
}

/// The pupils of a course on a date, at most 200 a page, `after` a cursor. None: no such course.
pub async fn course_page(
    tx: &mut SchoolSnapshot,
    course: CourseId,
    date: NaiveDate,
    now: DateTime<Utc>,
    after: Option<StudentId>,
    limit: i64,
) -> Result<Option<CoursePage>, sqlx::Error> {
    let school = tx.school();
    let Some(mut facts) = facts_of_nobody_in_tx(tx.conn(), school, date).await? else { return Ok(None) };
    let Some(found) = facts::load_course_in_tx(tx.conn(), school, course, date).await? else { return Ok(None) };
    let limit = page::limit(limit);
    let mut ids = facts::course_members_in_tx(tx.conn(), school, course, date, after, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(1);
    let more = ids.len() > wanted;
    ids.truncate(wanted);
    facts.courses = vec![found.clone()];
    facts.pupils = facts::load_these_pupils_in_tx(tx.conn(), school, date, &ids).await?;
    let next = facts.pupils.last().map(|p| p.student_id).filter(|_| more);
    let pupils = lines_in_tx(tx.conn(), &facts, now).await?;
    Ok(Some(CoursePage { course: found, school: facts.school, date, as_of: facts.as_of, pupils, next }))
}

/// One pupil's day.
#[derive(Debug, Clone, PartialEq)]
pub struct PupilDayPage {
    /// The pupil and how the day stands.
    pub pupil: PupilLine,
    /// The course on that date.
    pub course: Option<Course>,
    /// The school.
    pub school: facts::School,
    /// The school day.
    pub date: NaiveDate,
    /// How far the log is in here.
    pub as_of: AsOf,
    /// The day's scans by corrected time, echoes and what was recorded by hand and taken back included; the first 200.
    pub scans: Vec<LiveScan>,
}

/// One pupil's day with every scan. None: the school has no such pupil.
pub async fn pupil_day(
    tx: &mut SchoolSnapshot,
    student: StudentId,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<PupilDayPage>, sqlx::Error> {
    let school = tx.school();
    let Some(mut facts) = facts_of_nobody_in_tx(tx.conn(), school, date).await? else { return Ok(None) };
    facts.pupils = facts::load_these_pupils_in_tx(tx.conn(), school, date, &[student.0]).await?;
    if facts.pupils.is_empty() {
        let known = sqlx::query_scalar!(
            r#"select min(from_date) as "first?" from memberships where school_id = $1 and student_id = $2"#,
            school.0,
            student.0
        )
        .fetch_one(tx.conn())
        .await?;
        let Some(first) = known else { return Ok(None) };
        facts.pupils.push(Pupil {
            student_id: student,
            course_id: None,
            enrolled_from: first,
            withdrawn_from: None,
            day: None,
        });
    }
    if let Some(course) = facts.pupils[0].course_id {
        facts.courses.extend(facts::load_course_in_tx(tx.conn(), school, course, date).await?);
    }
    let Some(pupil) = lines_in_tx(tx.conn(), &facts, now).await?.pop() else { return Ok(None) };
    let scans = sqlx::query_as!(
        ScanRecord,
        "select school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method, by_hand, actor, note, \
         withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position from live_scans \
         where school_id = $1 and local_date = $2 and student_id = $3 order by occurred_at, scan_id limit $4",
        school.0,
        date,
        student.0,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    let course = facts.courses.pop();
    let scans = scans.into_iter().map(LiveScan::try_from).collect::<Result<_, _>>()?;
    Ok(Some(PupilDayPage { pupil, course, school: facts.school, date, as_of: facts.as_of, scans }))
}

/// What a day's page needs before anybody is on it.
async fn facts_of_nobody_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Option<BoardFacts>, sqlx::Error> {
    let Some(school) = facts::load_school_in_tx(conn, school, date).await? else { return Ok(None) };
    Ok(Some(BoardFacts {
        as_of: facts::as_of_in_tx(conn).await?,
        courses: Vec::new(),
        pupils: Vec::new(),
        gates: facts::load_gates_in_tx(conn, school.school_id).await?,
        last_scans: Vec::new(),
        quarantined: 0,
        school,
        date,
    }))
}

async fn lines_in_tx(
    conn: &mut PgConnection,
    facts: &BoardFacts,
    now: DateTime<Utc>,
) -> Result<Vec<PupilLine>, sqlx::Error> {
    let ids: Vec<Uuid> = facts.pupils.iter().map(|p| p.student_id.0).collect();
    let names = sqlx::query!(
        "select student_id, given_names, family_names, erased from students where student_id = any($1) and school_id = $2",
        &ids,
        facts.school.school_id.0
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut by_hand = by_hand_in_tx(conn, facts).await?;
    let mut names: HashMap<Uuid, _> = names.into_iter().map(|r| (r.student_id, r)).collect();
    let mut judge = Judge::new(facts, now);
    Ok(facts
        .pupils
        .iter()
        .map(|p| {
            let (expectation, status) = judge.judge(p);
            let row = names.remove(&p.student_id.0);
            let erased = row.as_ref().is_some_and(|r| r.erased);
            let name = row.and_then(|r| sealed_name(r.given_names, r.family_names));
            let by_hand = by_hand.remove(&p.student_id).unwrap_or_default();
            PupilLine { student_id: p.student_id, name, erased, expectation, status, day: p.day.clone(), by_hand }
        })
        .collect())
}

/// What stands by hand of those who have any, by its time.
async fn by_hand_in_tx(
    conn: &mut PgConnection,
    facts: &BoardFacts,
) -> Result<HashMap<StudentId, Vec<LiveScan>>, sqlx::Error> {
    let some = |p: &&Pupil| p.day.as_ref().is_some_and(|day| day.by_hand > 0);
    let ids: Vec<Uuid> = facts.pupils.iter().filter(some).map(|p| p.student_id.0).collect();
    let mut found: HashMap<StudentId, Vec<LiveScan>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let rows = sqlx::query_as!(
        ScanRecord,
        "select school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method, by_hand, actor, note, \
         withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position from live_scans \
         where school_id = $1 and local_date = $2 and student_id = any($3) and by_hand is not null and not withdrawn \
         order by occurred_at, scan_id",
        facts.school.school_id.0,
        facts.date,
        &ids
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let row = LiveScan::try_from(row)?;
        found.entry(row.student_id).or_default().push(row);
    }
    Ok(found)
}

/// Pupils who were scanned on a day, by student id: at most 200 `after` a cursor. Says how many scans
/// each has, so that a client can compare its own ledger of acknowledgements.
pub async fn pupils_seen(
    tx: &mut SchoolTx,
    date: NaiveDate,
    after: Option<StudentId>,
    limit: i64,
) -> Result<Vec<PupilDay>, sqlx::Error> {
    let rows = sqlx::query_as!(
        DayRecord,
        "select school_id, local_date, student_id, first_entry_at, first_entry_any_at, last_direction, last_at, \
         last_scan_id, scans, echoes, by_hand, first_by_hand, last_by_hand, flags, justified, leave_from, leave_reason, \
         position from pupil_days \
         where school_id = $1 and local_date = $2 and ($3::uuid is null or student_id > $3) \
         order by student_id limit $4",
        tx.school().0,
        date,
        after.map(|s| s.0),
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(PupilDay::try_from).collect()
}

/// Scans of a day in the order of the log, at most 200 `after` a position, echoes included.
pub async fn scans_page(
    tx: &mut SchoolTx,
    date: NaiveDate,
    after: i64,
    limit: i64,
) -> Result<Vec<LiveScan>, sqlx::Error> {
    let school = tx.school();
    scans_after_in_tx(tx.conn(), school, date, after, page::limit(limit)).await
}

pub(crate) async fn scans_after_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
    after: i64,
    limit: i64,
) -> Result<Vec<LiveScan>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ScanRecord,
        "select school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method, by_hand, actor, note, \
         withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position from live_scans \
         where school_id = $1 and local_date = $2 and position > $3 order by position limit $4",
        school.0,
        date,
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(LiveScan::try_from).collect()
}

/// Scans that wait for a person, at most 200 `after` a cursor (the quarantine id).
pub async fn quarantine_page(
    tx: &mut SchoolTx,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Quarantined>, sqlx::Error> {
    let rows = sqlx::query_as!(
        QuarantineRecord,
        "select school_id, quarantine_id, local_date, scan_id, kiosk_id, reasons, state, student_id, occurred_at, \
         recorded_at, position from quarantined \
         where school_id = $1 and state = 'waiting' and ($2::uuid is null or quarantine_id > $2) \
         order by quarantine_id limit $3",
        tx.school().0,
        after,
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Quarantined::try_from).collect()
}

/// Everybody's day.
pub(crate) async fn days_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Vec<PupilDay>, sqlx::Error> {
    let rows = sqlx::query_as!(
        DayRecord,
        "select school_id, local_date, student_id, first_entry_at, first_entry_any_at, last_direction, last_at, \
         last_scan_id, scans, echoes, by_hand, first_by_hand, last_by_hand, flags, justified, leave_from, leave_reason, \
         position from pupil_days where school_id = $1 and local_date = $2",
        school.0,
        date
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(PupilDay::try_from).collect()
}

/// The days of these pupils.
pub(crate) async fn days_of_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
    ids: &[Uuid],
) -> Result<Vec<PupilDay>, sqlx::Error> {
    let rows = sqlx::query_as!(
        DayRecord,
        "select school_id, local_date, student_id, first_entry_at, first_entry_any_at, last_direction, last_at, \
         last_scan_id, scans, echoes, by_hand, first_by_hand, last_by_hand, flags, justified, leave_from, leave_reason, \
         position from pupil_days \
         where school_id = $1 and local_date = $2 and student_id = any($3)",
        school.0,
        date,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(PupilDay::try_from).collect()
}

/// `pupil_days` as stored.
pub(crate) struct DayRecord {
    pub school_id: Uuid,
    pub local_date: NaiveDate,
    pub student_id: Uuid,
    pub first_entry_at: Option<DateTime<Utc>>,
    pub first_entry_any_at: Option<DateTime<Utc>>,
    pub last_direction: Option<String>,
    pub last_at: Option<DateTime<Utc>>,
    pub last_scan_id: Option<Uuid>,
    pub scans: i32,
    pub echoes: i32,
    pub by_hand: i32,
    pub first_by_hand: Option<String>,
    pub last_by_hand: Option<String>,
    pub flags: Vec<String>,
    pub justified: Option<String>,
    pub leave_from: Option<DateTime<Utc>>,
    pub leave_reason: Option<String>,
    pub position: i64,
}

impl TryFrom<DayRecord> for PupilDay {
    type Error = sqlx::Error;
    fn try_from(r: DayRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            local_date: r.local_date,
            student_id: StudentId(r.student_id),
            first_entry_at: r.first_entry_at,
            first_entry_any_at: r.first_entry_any_at,
            last_direction: r.last_direction.as_deref().map(wire::parse).transpose()?,
            last_at: r.last_at,
            last_scan_id: r.last_scan_id.map(ScanId),
            scans: r.scans,
            echoes: r.echoes,
            by_hand: r.by_hand,
            first_by_hand: r.first_by_hand.as_deref().map(wire::parse).transpose()?,
            last_by_hand: r.last_by_hand.as_deref().map(wire::parse).transpose()?,
            flags: wire::parse_all(&r.flags)?,
            justified: r.justified.as_deref().map(wire::parse).transpose()?,
            leave_from: r.leave_from,
            leave_reason: r.leave_reason.as_deref().map(wire::parse).transpose()?,
            position: r.position,
        })
    }
}

/// `live_scans` as stored.
pub(crate) struct ScanRecord {
    pub school_id: Uuid,
    pub local_date: NaiveDate,
    pub position: i64,
    pub scan_id: Uuid,
    pub student_id: Uuid,
    pub kiosk_id: Option<Uuid>,
    pub direction: String,
    pub method: Option<String>,
    pub by_hand: Option<String>,
    pub actor: Option<String>,
    pub note: Option<String>,
    pub withdrawn: bool,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub time_confidence: String,
    pub flags: Vec<String>,
    pub last_position: i64,
}

impl TryFrom<ScanRecord> for LiveScan {
    type Error = sqlx::Error;
    fn try_from(r: ScanRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            local_date: r.local_date,
            position: r.position,
            scan_id: ScanId(r.scan_id),
            student_id: StudentId(r.student_id),
            kiosk_id: r.kiosk_id.map(KioskId),
            direction: wire::parse(&r.direction)?,
            method: r.method.as_deref().map(wire::parse).transpose()?,
            by_hand: r.by_hand.as_deref().map(wire::parse).transpose()?,
            actor: r.actor.map(Actor),
            note: r.note.map(Sealed),
            withdrawn: r.withdrawn,
            occurred_at: r.occurred_at,
            recorded_at: r.recorded_at,
            time_confidence: wire::parse(&r.time_confidence)?,
            flags: wire::parse_all(&r.flags)?,
            last_position: r.last_position,
        })
    }
}

/// `quarantined` as stored.
pub(crate) struct QuarantineRecord {
    pub school_id: Uuid,
    pub quarantine_id: Uuid,
    pub local_date: NaiveDate,
    pub scan_id: Uuid,
    pub kiosk_id: Uuid,
    pub reasons: Vec<String>,
    pub state: String,
    pub student_id: Option<Uuid>,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub position: i64,
}

impl TryFrom<QuarantineRecord> for Quarantined {
    type Error = sqlx::Error;
    fn try_from(r: QuarantineRecord) -> Result<Self, sqlx::Error> {
        let state: QuarantineState = wire::parse(&r.state)?;
        Ok(Self {
            school_id: SchoolId(r.school_id),
            quarantine_id: r.quarantine_id,
            local_date: r.local_date,
            scan_id: ScanId(r.scan_id),
            kiosk_id: KioskId(r.kiosk_id),
            reasons: wire::parse_all(&r.reasons)?,
            state,
            student_id: r.student_id.map(StudentId),
            occurred_at: r.occurred_at,
            recorded_at: r.recorded_at,
            position: r.position,
        })
    }
}
