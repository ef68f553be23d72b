//! Writes the roster's changed rows: one upsert a table.

use super::apply::Roster;
use super::rows::*;
use crate::rows::column;
use crate::wire;
use domain::Sealed;
use sqlx::PgConnection;

pub(crate) async fn save_in_tx(conn: &mut PgConnection, roster: &Roster) -> Result<(), sqlx::Error> {
    save_schools_in_tx(conn, &roster.schools.changed()).await?;
    save_settings_in_tx(conn, &roster.settings.changed()).await?;
    save_courses_in_tx(conn, &roster.courses.changed()).await?;
    save_schedules_in_tx(conn, &roster.schedules.changed()).await?;
    save_school_days_in_tx(conn, &roster.school_days.changed()).await?;
    save_course_days_in_tx(conn, &roster.course_days.changed()).await?;
    save_students_in_tx(conn, &roster.students.changed()).await?;
    save_memberships_in_tx(conn, &roster.memberships.changed()).await?;
    save_credentials_in_tx(conn, &roster.credentials.changed()).await?;
    save_guardians_in_tx(conn, &roster.guardians.changed()).await?;
    save_guardian_links_in_tx(conn, &roster.links.changed()).await?;
    save_kiosks_in_tx(conn, &roster.kiosks.changed()).await?;
    Ok(())
}

fn sealed(value: &Option<Sealed>) -> Option<String> {
    value.as_ref().map(|s| s.0.clone())
}

/// Minutes and seconds of the settings; the columns are signed.
fn small(value: u16) -> i16 {
    i16::try_from(value).unwrap_or(i16::MAX)
}

async fn save_schools_in_tx(conn: &mut PgConnection, rows: &[&School]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into schools as t (school_id, name, rbd, zone, late_after_minutes, missing_after_minutes, echo_seconds,
                 mass_alarm_percent, stale_after_minutes, position)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[],
                                $6::smallint[], $7::smallint[], $8::smallint[], $9::smallint[], $10::bigint[])
           on conflict (school_id) do update
             set name = excluded.name, rbd = excluded.rbd, zone = excluded.zone,
                 late_after_minutes = excluded.late_after_minutes,
                 missing_after_minutes = excluded.missing_after_minutes, echo_seconds = excluded.echo_seconds,
                 mass_alarm_percent = excluded.mass_alarm_percent,
                 stale_after_minutes = excluded.stale_after_minutes, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.name.clone()),
        column!(rows, r => r.rbd.clone()) as _,
        column!(rows, r => r.settings.zone.name().to_owned()),
        column!(rows, r => small(r.settings.late_after_minutes)),
        column!(rows, r => small(r.settings.missing_after_minutes)),
        column!(rows, r => small(r.settings.echo_seconds)),
        column!(rows, r => i16::from(r.settings.mass_alarm_percent)),
        column!(rows, r => small(r.settings.stale_after_minutes)),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_settings_in_tx(conn: &mut PgConnection, rows: &[&SchoolSettings]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into school_settings as t (school_id, effective_from, settings, position)
           select * from unnest($1::uuid[], $2::date[], $3::jsonb[], $4::bigint[])
           on conflict (school_id, effective_from) do update
             set settings = excluded.settings, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.effective_from),
        column!(rows, r => serde_json::json!(r.settings)),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_courses_in_tx(conn: &mut PgConnection, rows: &[&Course]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into courses as t (school_id, course_id, year, name, level, letter, shift, closed_from, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[],
                                $7::text[], $8::date[], $9::bigint[])
           on conflict (course_id) do update
             set school_id = excluded.school_id, year = excluded.year, name = excluded.name,
                 level = excluded.level, letter = excluded.letter, shift = excluded.shift, closed_from = excluded.closed_from,
                 position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.course_id.0),
        column!(rows, r => r.year),
        column!(rows, r => r.name.clone()),
        column!(rows, r => r.level.clone()),
        column!(rows, r => r.letter.clone()),
        column!(rows, r => r.shift.as_ref().map(wire::name)) as _,
        column!(rows, r => r.closed_from) as _,
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_schedules_in_tx(conn: &mut PgConnection, rows: &[&Schedule]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into schedules as t (school_id, course_id, effective_from, slots, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::date[], $4::jsonb[], $5::bigint[])
           on conflict (course_id, effective_from) do update
             set school_id = excluded.school_id, slots = excluded.slots, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.course_id.0),
        column!(rows, r => r.effective_from),
        column!(rows, r => serde_json::json!(r.slots)),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_school_days_in_tx(conn: &mut PgConnection, rows: &[&SchoolDate]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into school_days as t (school_id, local_date, layer, day, changed_by, changed_at, position)
           select * from unnest($1::uuid[], $2::date[], $3::text[], $4::jsonb[], $5::text[], $6::timestamptz[],
                                $7::bigint[])
           on conflict (school_id, local_date, layer) do update
             set day = excluded.day, changed_by = excluded.changed_by, changed_at = excluded.changed_at,
                 position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => wire::name(&r.layer)),
        column!(rows, r => r.day.as_ref().map(|day| serde_json::json!(day))) as _,
        column!(rows, r => r.changed.by.0.clone()),
        column!(rows, r => r.changed.at),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_course_days_in_tx(conn: &mut PgConnection, rows: &[&CourseDate]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into course_days as t (school_id, course_id, local_date, day, changed_by, changed_at, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::date[], $4::jsonb[], $5::text[], $6::timestamptz[],
                                $7::bigint[])
           on conflict (school_id, course_id, local_date) do update
             set day = excluded.day, changed_by = excluded.changed_by, changed_at = excluded.changed_at,
                 position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.course_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.day.as_ref().map(|day| serde_json::json!(day))) as _,
        column!(rows, r => r.changed.by.0.clone()),
        column!(rows, r => r.changed.at),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_students_in_tx(conn: &mut PgConnection, rows: &[&Student]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into students as t (school_id, student_id, course_id, enrolled_from, withdrawn_from, given_names, family_names,
                 national_id, erased, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::date[], $6::text[],
                                $7::text[], $8::text[], $9::bool[], $10::bigint[])
           on conflict (student_id) do update
             set school_id = excluded.school_id, course_id = excluded.course_id,
                 enrolled_from = excluded.enrolled_from, withdrawn_from = excluded.withdrawn_from,
                 given_names = excluded.given_names, family_names = excluded.family_names,
                 national_id = excluded.national_id, erased = excluded.erased, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.course_id.0),
        column!(rows, r => r.enrolled_from),
        column!(rows, r => r.withdrawn_from) as _,
        column!(rows, r => sealed(&r.given_names)) as _,
        column!(rows, r => sealed(&r.family_names)) as _,
        column!(rows, r => sealed(&r.national_id)) as _,
        column!(rows, r => r.erased),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_memberships_in_tx(conn: &mut PgConnection, rows: &[&Membership]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into memberships as t (school_id, student_id, from_date, course_id, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::bigint[])
           on conflict (student_id, from_date) do update
             set school_id = excluded.school_id, course_id = excluded.course_id, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.from_date),
        column!(rows, r => r.course_id.map(|c| c.0)) as _,
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_credentials_in_tx(conn: &mut PgConnection, rows: &[&Credential]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into credentials as t (school_id, credential_id, student_id, kind, revoked, erased, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bool[], $7::bigint[])
           on conflict (credential_id) do update
             set school_id = excluded.school_id, student_id = excluded.student_id, kind = excluded.kind,
                 revoked = excluded.revoked, erased = excluded.erased, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.credential_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => wire::name(&r.kind)),
        column!(rows, r => r.revoked.as_ref().map(wire::name)) as _,
        column!(rows, r => r.erased),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_guardians_in_tx(conn: &mut PgConnection, rows: &[&Guardian]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into guardians as t (school_id, guardian_id, name, national_id, phone, mail, erased, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                                $7::bool[], $8::bigint[])
           on conflict (guardian_id) do update
             set school_id = excluded.school_id, name = excluded.name, national_id = excluded.national_id,
                 phone = excluded.phone, mail = excluded.mail, erased = excluded.erased,
                 position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.guardian_id.0),
        column!(rows, r => sealed(&r.name)) as _,
        column!(rows, r => sealed(&r.national_id)) as _,
        column!(rows, r => sealed(&r.phone)) as _,
        column!(rows, r => sealed(&r.mail)) as _,
        column!(rows, r => r.erased),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_guardian_links_in_tx(conn: &mut PgConnection, rows: &[&GuardianLink]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into guardian_links as t (school_id, student_id, guardian_id, legal, notify, may_collect, may_view, restricted,
                 active, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bool[], $5::bool[], $6::bool[],
                                $7::bool[], $8::bool[], $9::bool[], $10::bigint[])
           on conflict (student_id, guardian_id) do update
             set school_id = excluded.school_id, legal = excluded.legal, notify = excluded.notify,
                 may_collect = excluded.may_collect, may_view = excluded.may_view,
                 restricted = excluded.restricted, active = excluded.active, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.guardian_id.0),
        column!(rows, r => r.rights.legal),
        column!(rows, r => r.rights.notify),
        column!(rows, r => r.rights.may_collect),
        column!(rows, r => r.rights.may_view),
        column!(rows, r => r.rights.restricted),
        column!(rows, r => r.active),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_kiosks_in_tx(conn: &mut PgConnection, rows: &[&Kiosk]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into kiosks as t (school_id, kiosk_id, gate, mode, revoked, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bool[], $6::bigint[])
           on conflict (kiosk_id) do update
             set school_id = excluded.school_id, gate = excluded.gate, mode = excluded.mode,
                 revoked = excluded.revoked, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.kiosk_id.0),
        column!(rows, r => r.gate.clone()),
        column!(rows, r => wire::name(&r.mode)),
        column!(rows, r => r.revoked),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}
