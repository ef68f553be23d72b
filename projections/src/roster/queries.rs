//! What readers ask of the roster, each in the transaction of a school; names stay sealed.

use super::rows::{
    Card, Changed, Course, CourseDate, Credential, Guardian, GuardianLink, Kiosk, Schedule, School, SchoolDate, Student,
};
use crate::readers::SchoolTx;
use crate::{page, wire};
use chrono::NaiveDate;
use domain::broadcast::{Audience, Whom};
use domain::calendar::{CourseDay, SchoolDay};
use domain::course::Slot;
use domain::school::{Settings, SettingsHistory};
use domain::student::{GuardianRights, Stays};
use domain::{Actor, CourseId, CredentialId, GuardianId, KioskId, SchoolId, Sealed, StudentId};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::HashMap;
use uuid::Uuid;

/// All schools by id, at most 200 `after` a cursor.
pub(crate) async fn schools_in_tx(
    conn: &mut PgConnection,
    after: Option<SchoolId>,
    limit: i64,
) -> Result<Vec<School>, sqlx::Error> {
    let rows = sqlx::query_as!(
        SchoolRecord,
        "select school_id, name, rbd, zone, late_after_minutes, missing_after_minutes, echo_seconds, \
          mass_alarm_percent, stale_after_minutes, position \
         from schools where $1::uuid is null or school_id > $1 order by school_id limit $2",
        after.map(|s| s.0),
        page::limit(limit)
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(School::try_from).collect()
}

/// The school; none if the roster does not know it.
pub async fn school(tx: &mut SchoolTx) -> Result<Option<School>, sqlx::Error> {
    sqlx::query_as!(
        SchoolRecord,
        "select school_id, name, rbd, zone, late_after_minutes, missing_after_minutes, echo_seconds, \
          mass_alarm_percent, stale_after_minutes, position \
         from schools where school_id = $1",
        tx.school().0
    )
    .fetch_optional(tx.conn())
    .await?
    .map(School::try_from)
    .transpose()
}

/// What the school's day was judged by, up to a date and, if there is no version by then, at first.
pub async fn settings_history(tx: &mut SchoolTx, to: NaiveDate) -> Result<SettingsHistory, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select effective_from, settings as "settings: Json<Settings>" from school_settings
           where school_id = $1 and (effective_from <= $2 or effective_from =
             (select min(effective_from) from school_settings where school_id = $1))"#,
        tx.school().0,
        to
    )
    .fetch_all(tx.conn())
    .await?;
    let mut history = SettingsHistory::default();
    rows.into_iter().for_each(|r| history.hold_from(r.effective_from, r.settings.0));
    Ok(history)
}

/// A school's courses by id, at most 200 `after` a cursor.
pub async fn courses(tx: &mut SchoolTx, after: Option<CourseId>, limit: i64) -> Result<Vec<Course>, sqlx::Error> {
    let rows = sqlx::query!(
        "select school_id, course_id, year, name, level, letter, shift, closed_from, position from courses \
         where school_id = $1 and ($2::uuid is null or course_id > $2) order by course_id limit $3",
        tx.school().0,
        after.map(|c| c.0),
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Course {
                school_id: SchoolId(r.school_id),
                course_id: CourseId(r.course_id),
                year: r.year,
                name: r.name,
                level: r.level,
                letter: r.letter,
                shift: r.shift.as_deref().map(wire::parse).transpose()?,
                closed_from: r.closed_from,
                position: r.position,
            })
        })
        .collect()
}

/// The dates from `from` to `to`, both included, that are set for the whole school, in their order, the holiday
/// before what lies over it.
pub async fn school_days(tx: &mut SchoolTx, from: NaiveDate, to: NaiveDate) -> Result<Vec<SchoolDate>, sqlx::Error> {
    let school_id = tx.school();
    let rows = sqlx::query!(
        r#"select local_date, layer, day as "day: Json<SchoolDay>", changed_by, changed_at, position from school_days
           where school_id = $1 and local_date between $2 and $3 and day is not null
           order by local_date, layer desc"#,
        school_id.0,
        from,
        to
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(SchoolDate {
                school_id,
                local_date: r.local_date,
                layer: wire::parse(&r.layer)?,
                day: r.day.map(|day| day.0),
                changed: Changed { by: Actor(r.changed_by), at: r.changed_at },
                position: r.position,
            })
        })
        .collect()
}

/// The exceptions of courses from `from` to `to`, both included, by date and course.
pub async fn course_days(tx: &mut SchoolTx, from: NaiveDate, to: NaiveDate) -> Result<Vec<CourseDate>, sqlx::Error> {
    let school_id = tx.school();
    let rows = sqlx::query!(
        r#"select course_id, local_date, day as "day: Json<CourseDay>", changed_by, changed_at, position from course_days
           where school_id = $1 and local_date between $2 and $3 and day is not null
           order by local_date, course_id"#,
        school_id.0,
        from,
        to
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| CourseDate {
            school_id,
            course_id: CourseId(r.course_id),
            local_date: r.local_date,
            day: r.day.map(|day| day.0),
            changed: Changed { by: Actor(r.changed_by), at: r.changed_at },
            position: r.position,
        })
        .collect())
}

/// Every version of the weekly schedules of a school's courses, by course and date.
pub async fn schedules(tx: &mut SchoolTx) -> Result<Vec<Schedule>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select school_id, course_id, effective_from, slots as "slots: Json<Vec<Slot>>", position
           from schedules where school_id = $1 order by course_id, effective_from"#,
        tx.school().0
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Schedule {
            school_id: SchoolId(r.school_id),
            course_id: CourseId(r.course_id),
            effective_from: r.effective_from,
            slots: r.slots.0,
            position: r.position,
        })
        .collect())
}

/// All of a school's courses, page by page.
pub async fn all_courses(tx: &mut SchoolTx) -> Result<Vec<Course>, sqlx::Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = courses(tx, after, page::MAX).await?;
        after = page.last().map(|course| course.course_id);
        let full = page.len() as i64 == page::MAX;
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}

/// A school's kiosks by id, at most 200 `after` a cursor.
pub async fn kiosks(tx: &mut SchoolTx, after: Option<KioskId>, limit: i64) -> Result<Vec<Kiosk>, sqlx::Error> {
    let rows = sqlx::query!(
        "select school_id, kiosk_id, gate, mode, revoked, position from kiosks \
         where school_id = $1 and ($2::uuid is null or kiosk_id > $2) order by kiosk_id limit $3",
        tx.school().0,
        after.map(|k| k.0),
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Kiosk {
                school_id: SchoolId(r.school_id),
                kiosk_id: KioskId(r.kiosk_id),
                gate: r.gate,
                mode: wire::parse(&r.mode)?,
                revoked: r.revoked,
                position: r.position,
            })
        })
        .collect()
}

/// A school's pupils by id, at most 200 `after` a cursor; those of one course on a date, if asked.
pub async fn students(
    tx: &mut SchoolTx,
    in_course: Option<(CourseId, NaiveDate)>,
    after: Option<StudentId>,
    limit: i64,
) -> Result<Vec<Student>, sqlx::Error> {
    let rows = sqlx::query_as!(
        StudentRecord,
        "select s.school_id, s.student_id, s.course_id, s.enrolled_from, s.withdrawn_from, s.given_names, \
                s.family_names, s.national_id, s.erased, s.position \
         from students s \
         where s.school_id = $1 and ($2::uuid is null or s.student_id > $2) \
           and ($4::uuid is null or $4 = (select m.course_id from memberships m \
                where m.school_id = $1 and m.student_id = s.student_id and m.from_date <= $5 order by m.position desc limit 1)) \
         order by s.student_id limit $3",
        tx.school().0,
        after.map(|s| s.0),
        page::limit(limit),
        in_course.map(|(course, _)| course.0),
        in_course.map(|(_, date)| date)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Student::from).collect())
}

/// One pupil.
pub async fn student(tx: &mut SchoolTx, student: StudentId) -> Result<Option<Student>, sqlx::Error> {
    let school = tx.school();
    let found = students_by_id_in_tx(tx.conn(), &[student.0]).await?.pop();
    Ok(found.filter(|s| s.school_id == school))
}

/// Pupils whose row changed after a position, in the order of their changes, at most 200: what a cache
/// of opened names needs to follow the roster. The last row's position is the next cursor.
pub async fn students_changed_since(tx: &mut SchoolTx, since: i64, limit: i64) -> Result<Vec<Student>, sqlx::Error> {
    let rows = sqlx::query_as!(
        StudentRecord,
        "select school_id, student_id, course_id, enrolled_from, withdrawn_from, given_names, family_names, \
         national_id, erased, position from students \
         where school_id = $1 and position > $2 order by position limit $3",
        tx.school().0,
        since,
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Student::from).collect())
}

/// A part of a kiosk's roster delta.
#[derive(Debug, Clone, PartialEq)]
pub struct CardPage {
    /// In the order of their changes; no names.
    pub cards: Vec<Card>,
    /// Whether there are more, after the last one's position.
    pub more: bool,
}

/// Cards that changed after a position, in the order of their changes, at most 2,000, each with what is
/// decided about its pupil's stay. All that one event
/// changed (a pupil's cards) come on one page, unless they are more than a page by themselves.
pub async fn cards_since(tx: &mut SchoolTx, since: i64, limit: i64) -> Result<CardPage, sqlx::Error> {
    let limit = limit.clamp(1, page::MAX_DELTA);
    let mut rows = sqlx::query!(
        "select school_id, credential_id, student_id, kind, revoked, erased, position from credentials \
         where school_id = $1 and position > $2 order by position, credential_id limit $3",
        tx.school().0,
        since,
        limit + 1
    )
    .fetch_all(tx.conn())
    .await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more && let Some(beyond) = rows.pop() {
        let whole = rows.partition_point(|r| r.position < beyond.position);
        if whole > 0 {
            rows.truncate(whole);
        }
    }
    let holders: Vec<Uuid> = rows.iter().map(|r| r.student_id).collect();
    let stays = stays_of(tx, &holders).await?;
    let cards = rows
        .into_iter()
        .map(|r| {
            let credential = Credential {
                school_id: SchoolId(r.school_id),
                credential_id: CredentialId(r.credential_id),
                student_id: StudentId(r.student_id),
                kind: wire::parse(&r.kind)?,
                revoked: r.revoked.as_deref().map(wire::parse).transpose()?,
                erased: r.erased,
                position: r.position,
            };
            // A pupil may have several cards.
            let stays = stays.get(&r.student_id).cloned().unwrap_or_default();
            Ok(Card { credential, stays })
        })
        .collect::<Result<_, sqlx::Error>>()?;
    Ok(CardPage { cards, more })
}

/// A pupil's cards, the newest change last; the first 200.
pub async fn cards_of(tx: &mut SchoolTx, student: StudentId) -> Result<Vec<Credential>, sqlx::Error> {
    let rows = sqlx::query!(
        "select school_id, credential_id, student_id, kind, revoked, erased, position from credentials \
         where school_id = $1 and student_id = $2 order by position, credential_id limit $3",
        tx.school().0,
        student.0,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Credential {
                school_id: SchoolId(r.school_id),
                credential_id: CredentialId(r.credential_id),
                student_id: StudentId(r.student_id),
                kind: wire::parse(&r.kind)?,
                revoked: r.revoked.as_deref().map(wire::parse).transpose()?,
                erased: r.erased,
                position: r.position,
            })
        })
        .collect()
}

/// What is decided about the stays of these pupils, in the order in which it was. Read after the cards, so
/// it may be newer than they are; a decision that came in between moves its cards up in the delta.
async fn stays_of(tx: &mut SchoolTx, students: &[Uuid]) -> Result<HashMap<Uuid, Stays>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select student_id, from_date, course_id is not null as "here!" from memberships
           where school_id = $1 and student_id = any($2) order by student_id, position"#,
        tx.school().0,
        students
    )
    .fetch_all(tx.conn())
    .await?;
    let mut stays: HashMap<Uuid, Stays> = HashMap::new();
    for row in rows {
        stays.entry(row.student_id).or_default().decide(row.from_date, row.here);
    }
    Ok(stays)
}

/// A guardian with what the link to one pupil allows.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedGuardian {
    /// The link.
    pub link: GuardianLink,
    /// The guardian; none while the roster does not know the guardian yet.
    pub guardian: Option<Guardian>,
}

/// The guardians linked to a pupil now, by id; the first 200.
pub async fn guardians_of(tx: &mut SchoolTx, student: StudentId) -> Result<Vec<LinkedGuardian>, sqlx::Error> {
    let school = tx.school();
    let rows = sqlx::query!(
        r#"select l.guardian_id, l.legal, l.notify, l.may_collect, l.may_view, l.restricted, l.position as link_position,
                  g.name as "name?", g.national_id as "national_id?", g.phone as "phone?", g.mail as "mail?",
                  g.erased as "erased?", g.position as "position?"
           from guardian_links l left join guardians g on g.guardian_id = l.guardian_id and g.school_id = l.school_id
           where l.school_id = $1 and l.student_id = $2 and l.active
           order by l.guardian_id limit $3"#,
        tx.school().0,
        student.0,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let guardian_id = GuardianId(r.guardian_id);
            LinkedGuardian {
                link: GuardianLink {
                    school_id: school,
                    student_id: student,
                    guardian_id,
                    rights: GuardianRights {
                        legal: r.legal,
                        notify: r.notify,
                        may_collect: r.may_collect,
                        may_view: r.may_view,
                        restricted: r.restricted,
                    },
                    active: true,
                    position: r.link_position,
                },
                guardian: r.erased.zip(r.position).map(|(erased, position)| Guardian {
                    school_id: school,
                    guardian_id,
                    name: r.name.map(Sealed),
                    national_id: r.national_id.map(Sealed),
                    phone: r.phone.map(Sealed),
                    mail: r.mail.map(Sealed),
                    erased,
                    position,
                }),
            }
        })
        .collect())
}

/// Whom a broadcast on a date is for, by guardian, each with the first of the pupils: every guardian of the audience
/// who may be told, of pupils who are enrolled then.
pub async fn audience(
    tx: &mut SchoolTx,
    audience: &Audience,
    date: NaiveDate,
) -> Result<Vec<(GuardianId, StudentId)>, sqlx::Error> {
    let (mut courses, mut students) = (None, None);
    match &audience.whom {
        Whom::School => {}
        Whom::Pupils { students: of } => students = Some(of.iter().map(|student| student.0).collect::<Vec<_>>()),
        Whom::Courses { courses: of } => courses = Some(of.iter().map(|course| course.0).collect::<Vec<_>>()),
        Whom::Levels { levels } => {
            let all = all_courses(tx).await?;
            let of = all.iter().filter(|course| levels.contains(&course.level));
            courses = Some(of.map(|course| course.course_id.0).collect());
        }
    }
    let rows = sqlx::query!(
        "select distinct on (l.guardian_id) l.guardian_id, l.student_id
         from guardian_links l
         join students s on s.school_id = l.school_id and s.student_id = l.student_id
         where l.school_id = $1 and l.active and l.notify and not l.restricted
           and ($2 <> 'legal' or l.legal) and ($2 <> 'collect' or l.may_collect)
           and not s.erased and s.enrolled_from <= $5 and (s.withdrawn_from is null or s.withdrawn_from > $5)
           and ($3::uuid[] is null or s.student_id = any($3))
           and ($4::uuid[] is null or (select m.course_id from memberships m
                where m.school_id = $1 and m.student_id = s.student_id and m.from_date <= $5
                order by m.position desc limit 1) = any($4))
         order by l.guardian_id, l.student_id",
        tx.school().0,
        audience.role.as_str(),
        students.as_deref(),
        courses.as_deref(),
        date,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (GuardianId(row.guardian_id), StudentId(row.student_id))).collect())
}

/// The pupils to whom any of these guardians is linked now, by id; the first 200. Whether they may see them is the
/// log's to say.
pub async fn pupils_of(tx: &mut SchoolTx, guardians: &[GuardianId]) -> Result<Vec<StudentId>, sqlx::Error> {
    let guardians: Vec<Uuid> = guardians.iter().map(|guardian| guardian.0).collect();
    let rows = sqlx::query_scalar!(
        "select distinct student_id from guardian_links \
         where school_id = $1 and guardian_id = any($2) and active order by student_id limit $3",
        tx.school().0,
        &guardians,
        page::MAX
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(StudentId).collect())
}

pub(crate) async fn students_by_id_in_tx(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Student>, sqlx::Error> {
    let rows = sqlx::query_as!(
        StudentRecord,
        "select school_id, student_id, course_id, enrolled_from, withdrawn_from, given_names, family_names, \
         national_id, erased, position from students where student_id = any($1)",
        ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Student::from).collect())
}

/// `schools` as stored.
struct SchoolRecord {
    school_id: Uuid,
    name: String,
    rbd: Option<String>,
    zone: String,
    late_after_minutes: i16,
    missing_after_minutes: i16,
    echo_seconds: i16,
    mass_alarm_percent: i16,
    stale_after_minutes: i16,
    position: i64,
}

impl TryFrom<SchoolRecord> for School {
    type Error = sqlx::Error;
    fn try_from(r: SchoolRecord) -> Result<Self, sqlx::Error> {
        Ok(Self {
            school_id: SchoolId(r.school_id),
            name: r.name,
            rbd: r.rbd,
            settings: wire::settings(&wire::SettingsRecord {
                zone: &r.zone,
                late_after_minutes: r.late_after_minutes,
                missing_after_minutes: r.missing_after_minutes,
                echo_seconds: r.echo_seconds,
                mass_alarm_percent: r.mass_alarm_percent,
                stale_after_minutes: r.stale_after_minutes,
            })?,
            position: r.position,
        })
    }
}

/// `students` as stored.
struct StudentRecord {
    school_id: Uuid,
    student_id: Uuid,
    course_id: Uuid,
    enrolled_from: NaiveDate,
    withdrawn_from: Option<NaiveDate>,
    given_names: Option<String>,
    family_names: Option<String>,
    national_id: Option<String>,
    erased: bool,
    position: i64,
}

impl From<StudentRecord> for Student {
    fn from(r: StudentRecord) -> Self {
        Self {
            school_id: SchoolId(r.school_id),
            student_id: StudentId(r.student_id),
            course_id: CourseId(r.course_id),
            enrolled_from: r.enrolled_from,
            withdrawn_from: r.withdrawn_from,
            given_names: r.given_names.map(Sealed),
            family_names: r.family_names.map(Sealed),
            national_id: r.national_id.map(Sealed),
            erased: r.erased,
            position: r.position,
        }
    }
}
