//! Loads the roster's rows that a page touches: one query a table.

use super::apply::Roster;
use super::rows::*;
use super::save::save_in_tx;
use crate::rows::column;
use crate::{Fact, wire};
use chrono::NaiveDate;
use domain::calendar::{CourseDay, SchoolDay};
use domain::course::Slot;
use domain::student::{self, GuardianRights};
use domain::{Actor, AnyEvent, CourseId, CredentialId, GuardianId, KioskId, SchoolId, Sealed, StudentId};
use domain::{course, school};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// See [`crate::ReadModel::apply_page_in_tx`].
pub(crate) async fn apply_page_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let touched = Touched::by(facts);
    if touched.is_empty() {
        return Ok(());
    }
    let mut roster = Roster::default();
    load_school_in_tx(conn, &mut roster, &touched).await?;
    load_days_in_tx(conn, &mut roster, &touched).await?;
    load_people_in_tx(conn, &mut roster, &touched).await?;
    for fact in facts {
        roster.apply(fact);
    }
    save_in_tx(conn, &roster).await
}

/// Empties the model.
pub(crate) async fn clear_in_tx(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from schools").execute(&mut *conn).await?;
    sqlx::query!("delete from school_settings").execute(&mut *conn).await?;
    sqlx::query!("delete from courses").execute(&mut *conn).await?;
    sqlx::query!("delete from schedules").execute(&mut *conn).await?;
    sqlx::query!("delete from school_days").execute(&mut *conn).await?;
    sqlx::query!("delete from course_days").execute(&mut *conn).await?;
    sqlx::query!("delete from students").execute(&mut *conn).await?;
    sqlx::query!("delete from memberships").execute(&mut *conn).await?;
    sqlx::query!("delete from credentials").execute(&mut *conn).await?;
    sqlx::query!("delete from guardians").execute(&mut *conn).await?;
    sqlx::query!("delete from guardian_links").execute(&mut *conn).await?;
    sqlx::query!("delete from kiosks").execute(&mut *conn).await?;
    Ok(())
}

/// Whose rows a page touches.
#[derive(Default)]
struct Touched {
    schools: BTreeSet<Uuid>,
    settings: BTreeSet<(Uuid, NaiveDate)>,
    courses: BTreeSet<Uuid>,
    school_days: BTreeSet<(Uuid, NaiveDate)>,
    course_days: BTreeSet<(Uuid, Uuid, NaiveDate)>,
    students: BTreeSet<Uuid>,
    credentials: BTreeSet<Uuid>,
    /// Pupils whose cards all change.
    card_holders: BTreeSet<Uuid>,
    guardians: BTreeSet<Uuid>,
    kiosks: BTreeSet<Uuid>,
}

impl Touched {
    fn by(facts: &[Fact]) -> Self {
        let mut touched = Self::default();
        for fact in facts {
            match &fact.event.payload {
                AnyEvent::School(event) => {
                    match event {
                        school::Event::CalendarDaySet { date, .. } | school::Event::CalendarDayCleared { date, .. } => {
                            touched.school_days.insert((fact.event.school_id.0, *date));
                        }
                        school::Event::Registered { .. } | school::Event::SettingsChanged { .. } => {
                            touched.settings.insert((fact.event.school_id.0, fact.event.local_date));
                        }
                    }
                    touched.schools.insert(fact.event.school_id.0)
                }
                AnyEvent::Course(event) => {
                    if let course::Event::ScheduleExceptionSet { date, .. }
                    | course::Event::ScheduleExceptionCleared { date } = event
                    {
                        touched.course_days.insert((fact.event.school_id.0, fact.own_id, *date));
                    }
                    touched.courses.insert(fact.own_id)
                }
                AnyEvent::Student(event) => {
                    if let student::Event::CredentialIssued { credential_id, .. }
                    | student::Event::CredentialRevoked { credential_id, .. } = event
                    {
                        touched.credentials.insert(credential_id.0);
                    }
                    if let student::Event::Enrolled { .. } | student::Event::Withdrawn { .. } | student::Event::Erased =
                        event
                    {
                        touched.card_holders.insert(fact.own_id);
                    }
                    touched.students.insert(fact.own_id)
                }
                AnyEvent::Guardian(_) => touched.guardians.insert(fact.own_id),
                AnyEvent::Kiosk(_) => touched.kiosks.insert(fact.own_id),
                AnyEvent::AttendanceDay(_)
                | AnyEvent::Quarantine(_)
                | AnyEvent::NoShowCase(_)
                | AnyEvent::RollCall(_)
                | AnyEvent::Delivery(_)
                | AnyEvent::Broadcast(_)
                | AnyEvent::Account(_) => false,
            };
        }
        touched
    }

    fn is_empty(&self) -> bool {
        [&self.schools, &self.courses, &self.students, &self.guardians, &self.kiosks]
            .into_iter()
            .all(BTreeSet::is_empty)
    }
}

fn ids(of: &BTreeSet<Uuid>) -> Vec<Uuid> {
    of.iter().copied().collect()
}

async fn load_school_in_tx(conn: &mut PgConnection, roster: &mut Roster, t: &Touched) -> Result<(), sqlx::Error> {
    if !t.schools.is_empty() {
        let rows = sqlx::query!(
            "select school_id, name, rbd, zone, late_after_minutes, missing_after_minutes, echo_seconds, \
          mass_alarm_percent, stale_after_minutes, position \
             from schools where school_id = any($1)",
            &ids(&t.schools)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let settings = wire::settings(&wire::SettingsRecord {
                zone: &r.zone,
                late_after_minutes: r.late_after_minutes,
                missing_after_minutes: r.missing_after_minutes,
                echo_seconds: r.echo_seconds,
                mass_alarm_percent: r.mass_alarm_percent,
                stale_after_minutes: r.stale_after_minutes,
            })?;
            let id = SchoolId(r.school_id);
            let row = School { school_id: id, name: r.name, rbd: r.rbd, settings, position: r.position };
            roster.schools.load(id, row);
        }
    }
    if !t.courses.is_empty() {
        let rows = sqlx::query!(
            "select school_id, course_id, year, name, level, letter, shift, closed_from, position \
             from courses where course_id = any($1)",
            &ids(&t.courses)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let course = Course {
                school_id: SchoolId(r.school_id),
                course_id: CourseId(r.course_id),
                year: r.year,
                name: r.name,
                level: r.level,
                letter: r.letter,
                shift: r.shift.as_deref().map(wire::parse).transpose()?,
                closed_from: r.closed_from,
                position: r.position,
            };
            roster.courses.load(course.course_id, course);
        }
        let rows = sqlx::query!(
            r#"select school_id, course_id, effective_from, slots as "slots: Json<Vec<Slot>>", position
               from schedules where course_id = any($1)"#,
            &ids(&t.courses)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let schedule = Schedule {
                school_id: SchoolId(r.school_id),
                course_id: CourseId(r.course_id),
                effective_from: r.effective_from,
                slots: r.slots.0,
                position: r.position,
            };
            roster.schedules.load((schedule.course_id, schedule.effective_from), schedule);
        }
    }
    if !t.kiosks.is_empty() {
        let rows = sqlx::query!(
            "select school_id, kiosk_id, gate, mode, revoked, position from kiosks where kiosk_id = any($1)",
            &ids(&t.kiosks)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let kiosk = Kiosk {
                school_id: SchoolId(r.school_id),
                kiosk_id: KioskId(r.kiosk_id),
                gate: r.gate,
                mode: wire::parse(&r.mode)?,
                revoked: r.revoked,
                position: r.position,
            };
            roster.kiosks.load(kiosk.kiosk_id, kiosk);
        }
    }
    Ok(())
}

/// Only the dates that the page touches: what is loaded does not grow with the years.
async fn load_days_in_tx(conn: &mut PgConnection, roster: &mut Roster, t: &Touched) -> Result<(), sqlx::Error> {
    let settings = &t.settings;
    if !settings.is_empty() {
        let rows = sqlx::query!(
            r#"select school_id, effective_from, settings as "settings: Json<school::Settings>", position
               from school_settings
               where (school_id, effective_from) in (select * from unnest($1::uuid[], $2::date[]))"#,
            column!(settings, s => s.0),
            column!(settings, s => s.1)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let row = SchoolSettings {
                school_id: SchoolId(r.school_id),
                effective_from: r.effective_from,
                settings: r.settings.0,
                position: r.position,
            };
            roster.settings.load((row.school_id, row.effective_from), row);
        }
    }
    let days = &t.school_days;
    if !days.is_empty() {
        let rows = sqlx::query!(
            r#"select school_id, local_date, layer, day as "day: Json<SchoolDay>", changed_by, changed_at, position
               from school_days
               where (school_id, local_date) in (select * from unnest($1::uuid[], $2::date[]))"#,
            column!(days, d => d.0),
            column!(days, d => d.1)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let row = SchoolDate {
                school_id: SchoolId(r.school_id),
                local_date: r.local_date,
                layer: wire::parse(&r.layer)?,
                day: r.day.map(|day| day.0),
                changed: Changed { by: Actor(r.changed_by), at: r.changed_at },
                position: r.position,
            };
            roster.school_days.load((row.school_id, row.local_date, row.layer), row);
        }
    }
    let days = &t.course_days;
    if !days.is_empty() {
        let rows = sqlx::query!(
            r#"select school_id, course_id, local_date, day as "day: Json<CourseDay>", changed_by, changed_at, position
               from course_days
               where (school_id, course_id, local_date) in (select * from unnest($1::uuid[], $2::uuid[], $3::date[]))"#,
            column!(days, d => d.0),
            column!(days, d => d.1),
            column!(days, d => d.2)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let row = CourseDate {
                school_id: SchoolId(r.school_id),
                course_id: CourseId(r.course_id),
                local_date: r.local_date,
                day: r.day.map(|day| day.0),
                changed: Changed { by: Actor(r.changed_by), at: r.changed_at },
                position: r.position,
            };
            roster.course_days.load((row.course_id, row.local_date), row);
        }
    }
    Ok(())
}

async fn load_people_in_tx(conn: &mut PgConnection, roster: &mut Roster, t: &Touched) -> Result<(), sqlx::Error> {
    if !t.students.is_empty() {
        let students = ids(&t.students);
        for student in super::queries::students_by_id_in_tx(conn, &students).await? {
            roster.students.load(student.student_id, student);
        }
        let rows = sqlx::query!(
            "select school_id, student_id, from_date, course_id, position from memberships where student_id = any($1)",
            &students
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let row = Membership {
                school_id: SchoolId(r.school_id),
                student_id: StudentId(r.student_id),
                from_date: r.from_date,
                course_id: r.course_id.map(CourseId),
                position: r.position,
            };
            roster.memberships.load((row.student_id, row.from_date), row);
        }
        let rows = sqlx::query!(
            "select school_id, student_id, guardian_id, legal, notify, may_collect, may_view, restricted, active, position \
             from guardian_links where student_id = any($1)",
            &students
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let link = GuardianLink {
                school_id: SchoolId(r.school_id),
                student_id: StudentId(r.student_id),
                guardian_id: GuardianId(r.guardian_id),
                rights: GuardianRights {
                    legal: r.legal,
                    notify: r.notify,
                    may_collect: r.may_collect,
                    may_view: r.may_view,
                    restricted: r.restricted,
                },
                active: r.active,
                position: r.position,
            };
            roster.links.load((link.student_id, link.guardian_id), link);
        }
    }
    if !(t.credentials.is_empty() && t.card_holders.is_empty()) {
        let rows = sqlx::query!(
            "select school_id, credential_id, student_id, kind, revoked, erased, position \
             from credentials where credential_id = any($1) or student_id = any($2)",
            &ids(&t.credentials),
            &ids(&t.card_holders)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let credential = Credential {
                school_id: SchoolId(r.school_id),
                credential_id: CredentialId(r.credential_id),
                student_id: StudentId(r.student_id),
                kind: wire::parse(&r.kind)?,
                revoked: r.revoked.as_deref().map(wire::parse).transpose()?,
                erased: r.erased,
                position: r.position,
            };
            roster.credentials.load(credential.credential_id, credential);
        }
    }
    if !t.guardians.is_empty() {
        let rows = sqlx::query!(
            "select school_id, guardian_id, name, national_id, phone, mail, erased, position \
             from guardians where guardian_id = any($1)",
            &ids(&t.guardians)
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let guardian = Guardian {
                school_id: SchoolId(r.school_id),
                guardian_id: GuardianId(r.guardian_id),
                name: r.name.map(Sealed),
                national_id: r.national_id.map(Sealed),
                phone: r.phone.map(Sealed),
                mail: r.mail.map(Sealed),
                erased: r.erased,
                position: r.position,
            };
            roster.guardians.load(guardian.guardian_id, guardian);
        }
    }
    Ok(())
}
