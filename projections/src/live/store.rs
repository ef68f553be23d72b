//! Loads the rows that a page touches and writes those that changed: one statement a table each way.

use super::acts;
use super::apply::{DayKey, Live, ScanKey};
use super::queries::{DayRecord, QuarantineRecord, ScanRecord};
use super::roll_call;
use super::rows::{Gate, LiveScan, PupilDay, Quarantined};
use crate::rows::column;
use crate::{Fact, wire};
use domain::{AnyEvent, KioskId, QueueId, SchoolId, Sealed};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// See [`crate::ReadModel::apply_page_in_tx`].
pub(crate) async fn apply_page_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let mut live = load_in_tx(conn, facts).await?;
    for fact in facts {
        live.apply(fact);
    }
    save_in_tx(conn, &live, facts.first().map_or(0, Fact::position)).await?;
    roll_call::store::apply_page_in_tx(conn, facts).await
}

/// Empties the model.
pub(crate) async fn clear_in_tx(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from pupil_days").execute(&mut *conn).await?;
    sqlx::query!("delete from acts").execute(&mut *conn).await?;
    sqlx::query!("delete from live_scans").execute(&mut *conn).await?;
    sqlx::query!("delete from gates").execute(&mut *conn).await?;
    sqlx::query!("delete from quarantined").execute(&mut *conn).await?;
    roll_call::store::clear_in_tx(conn).await
}

async fn load_in_tx(conn: &mut PgConnection, facts: &[Fact]) -> Result<Live, sqlx::Error> {
    let mut live = Live::default();
    let days: BTreeSet<DayKey> = facts.iter().filter_map(Live::day_of).collect();
    if !days.is_empty() {
        // `offset 0`: each by the primary key, whatever the planner believes of the table.
        let rows = sqlx::query_as!(
            DayRecord,
            r#"select d.school_id as "school_id!", d.local_date as "local_date!", d.student_id as "student_id!",
                      d.first_entry_at, d.first_entry_any_at, d.last_direction, d.last_at, d.last_scan_id,
                      d.scans as "scans!", d.echoes as "echoes!", d.by_hand as "by_hand!", d.first_by_hand,
                      d.last_by_hand, d.flags as "flags!", d.justified, d.leave_from, d.leave_reason,
                      d.position as "position!"
               from unnest($1::uuid[], $2::date[], $3::uuid[]) k (school_id, local_date, student_id)
               cross join lateral (select * from pupil_days p where (p.school_id, p.local_date, p.student_id)
                                   = (k.school_id, k.local_date, k.student_id) offset 0) d"#,
            column!(days, d => d.0.0),
            column!(days, d => d.1),
            column!(days, d => d.2.0)
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in rows {
            let day = PupilDay::try_from(row)?;
            live.days.load((day.school_id, day.local_date, day.student_id), day);
        }
    }
    // A scan is flagged right after it was recorded, so only a page's first event is about an earlier one.
    let flagged: BTreeSet<ScanKey> = Live::flagged_before(facts).collect();
    if !flagged.is_empty() {
        // By date and pupil alone, as the index has them.
        let rows = sqlx::query_as!(
            ScanRecord,
            r#"select s.school_id, s.local_date, s.position, s.scan_id, s.student_id, s.kiosk_id, s.direction, s.method,
                      s.by_hand, s.actor, s.note, s.withdrawn, s.occurred_at, s.recorded_at, s.time_confidence,
                      s.flags, s.last_position
               from unnest($1::uuid[], $2::date[], $3::uuid[], $4::uuid[]) k (school_id, local_date, student_id, scan_id)
               join live_scans s using (school_id, local_date, student_id, scan_id)"#,
            column!(flagged, s => s.0.0.0),
            column!(flagged, s => s.0.1),
            column!(flagged, s => s.0.2.0),
            column!(flagged, s => s.1.0)
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in rows {
            let scan = LiveScan::try_from(row)?;
            live.scans.load(((scan.school_id, scan.local_date, scan.student_id), scan.scan_id), scan);
        }
    }
    let anew: BTreeSet<DayKey> = facts.iter().filter_map(Live::summed_up_anew).collect();
    if !anew.is_empty() {
        let rows = sqlx::query_as!(
            ScanRecord,
            r#"select s.school_id, s.local_date, s.position, s.scan_id, s.student_id, s.kiosk_id, s.direction, s.method,
                      s.by_hand, s.actor, s.note, s.withdrawn, s.occurred_at, s.recorded_at, s.time_confidence,
                      s.flags, s.last_position
               from unnest($1::uuid[], $2::date[], $3::uuid[]) k (school_id, local_date, student_id)
               join live_scans s using (school_id, local_date, student_id)"#,
            column!(anew, d => d.0.0),
            column!(anew, d => d.1),
            column!(anew, d => d.2.0)
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in rows {
            let scan = LiveScan::try_from(row)?;
            live.scans.load(((scan.school_id, scan.local_date, scan.student_id), scan.scan_id), scan);
        }
    }
    acts::store::load_in_tx(conn, &mut live, facts).await?;
    let gates: BTreeSet<KioskId> = facts.iter().filter_map(Live::gate_of).collect();
    if !gates.is_empty() {
        let ids: Vec<Uuid> = gates.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            "select school_id, kiosk_id, drained_queue_id, drained_seq, drained_through, silent_since, last_scan_at, \
             gaps, forks, position from gates where kiosk_id = any($1)",
            &ids
        )
        .fetch_all(&mut *conn)
        .await?;
        for r in rows {
            let gate = Gate {
                school_id: SchoolId(r.school_id),
                kiosk_id: KioskId(r.kiosk_id),
                drained_queue_id: r.drained_queue_id.map(QueueId),
                drained_seq: r.drained_seq,
                drained_through: r.drained_through,
                silent_since: r.silent_since,
                last_scan_at: r.last_scan_at,
                gaps: r.gaps,
                forks: r.forks,
                position: r.position,
            };
            live.gates.load(gate.kiosk_id, gate);
        }
    }
    let quarantined: BTreeSet<Uuid> =
        facts.iter().filter(|f| matches!(f.event.payload, AnyEvent::Quarantine(_))).map(|f| f.own_id).collect();
    if !quarantined.is_empty() {
        let ids: Vec<Uuid> = quarantined.into_iter().collect();
        let rows = sqlx::query_as!(
            QuarantineRecord,
            "select school_id, quarantine_id, local_date, scan_id, kiosk_id, reasons, state, student_id, occurred_at, \
             recorded_at, position from quarantined where quarantine_id = any($1)",
            &ids
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in rows {
            let row = Quarantined::try_from(row)?;
            live.quarantined.load(row.quarantine_id, row);
        }
    }
    Ok(live)
}

/// `first` is the position of the page's first event.
async fn save_in_tx(conn: &mut PgConnection, live: &Live, first: i64) -> Result<(), sqlx::Error> {
    let (new, earlier): (Vec<_>, Vec<_>) = live.scans.changed().into_iter().partition(|scan| scan.position >= first);
    let (by_hand, new): (Vec<_>, Vec<_>) = new.into_iter().partition(|scan| scan.by_hand.is_some());
    add_scans_in_tx(conn, &new).await?;
    add_by_hand_in_tx(conn, &by_hand).await?;
    flag_scans_in_tx(conn, &earlier).await?;
    save_days_in_tx(conn, &live.days.changed()).await?;
    acts::store::save_in_tx(conn, &live.acts.changed()).await?;
    save_gates_in_tx(conn, &live.gates.changed()).await?;
    save_quarantined_in_tx(conn, &live.quarantined.changed()).await
}

/// Scans of the page. A scan is added only to a day that has not got it ([`Live::apply`]), and both are written
/// together, so none of them is there: `on conflict` would cost each a quarter more.
async fn add_scans_in_tx(conn: &mut PgConnection, rows: &[&LiveScan]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into live_scans (school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method,
                                   occurred_at, recorded_at, time_confidence, flags, last_position, withdrawn)
           select school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method,
                  occurred_at, recorded_at, time_confidence, string_to_array(flags, ','), last_position, withdrawn
           from unnest($1::uuid[], $2::date[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[],
                       $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::bigint[], $14::bool[])
             u (school_id, local_date, position, scan_id, student_id, kiosk_id, direction, method,
                occurred_at, recorded_at, time_confidence, flags, last_position, withdrawn)"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.position),
        column!(rows, r => r.scan_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.kiosk_id.map(|id| id.0)) as _,
        column!(rows, r => wire::name(&r.direction)),
        column!(rows, r => r.method.as_ref().map(wire::name)) as _,
        column!(rows, r => r.occurred_at),
        column!(rows, r => r.recorded_at),
        column!(rows, r => wire::name(&r.time_confidence)),
        column!(rows, r => wire::joined(&r.flags)),
        column!(rows, r => r.last_position),
        column!(rows, r => r.withdrawn)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The same of what was recorded by hand: few, so the scans are spared its columns.
async fn add_by_hand_in_tx(conn: &mut PgConnection, rows: &[&LiveScan]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into live_scans (school_id, local_date, position, scan_id, student_id, direction, by_hand, actor, note,
                                   withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position)
           select school_id, local_date, position, scan_id, student_id, direction, by_hand, actor, note,
                  withdrawn, occurred_at, recorded_at, time_confidence, string_to_array(flags, ','), last_position
           from unnest($1::uuid[], $2::date[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                       $9::text[], $10::bool[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[],
                       $15::bigint[])
             u (school_id, local_date, position, scan_id, student_id, direction, by_hand, actor, note,
                withdrawn, occurred_at, recorded_at, time_confidence, flags, last_position)"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.position),
        column!(rows, r => r.scan_id.0),
        column!(rows, r => r.student_id.0),
        column!(rows, r => wire::name(&r.direction)),
        column!(rows, r => r.by_hand.as_ref().map(wire::name)) as _,
        column!(rows, r => r.actor.as_ref().map(|actor| actor.0.as_str())) as _,
        column!(rows, r => r.note.as_ref().map(Sealed::as_str)) as _,
        column!(rows, r => r.withdrawn),
        column!(rows, r => r.occurred_at),
        column!(rows, r => r.recorded_at),
        column!(rows, r => wire::name(&r.time_confidence)),
        column!(rows, r => wire::joined(&r.flags)),
        column!(rows, r => r.last_position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Scans of earlier pages, which the page's first event may flag, and entries by hand that were taken back.
async fn flag_scans_in_tx(conn: &mut PgConnection, rows: &[&LiveScan]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    // `offset 0`: each by the primary key, whatever the planner believes of the table.
    sqlx::query!(
        r#"update live_scans t set flags = string_to_array(u.flags, ','), withdrawn = u.withdrawn,
                                last_position = u.last_position
           from (select * from unnest($1::uuid[], $2::date[], $3::bigint[], $4::text[], $5::bool[], $6::bigint[])
                   k (school_id, local_date, position, flags, withdrawn, last_position) offset 0) u
           where (t.school_id, t.local_date, t.position) = (u.school_id, u.local_date, u.position)
             and u.last_position > t.last_position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.position),
        column!(rows, r => wire::joined(&r.flags)),
        column!(rows, r => r.withdrawn),
        column!(rows, r => r.last_position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_days_in_tx(conn: &mut PgConnection, rows: &[&PupilDay]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into pupil_days as t (school_id, local_date, student_id, first_entry_at, first_entry_any_at,
                                        last_direction, last_at, last_scan_id, scans, echoes, flags, position,
                                        by_hand, first_by_hand, last_by_hand, justified, leave_from, leave_reason)
           select school_id, local_date, student_id, first_entry_at, first_entry_any_at,
                  last_direction, last_at, last_scan_id, scans, echoes, string_to_array(flags, ','), position,
                  by_hand, first_by_hand, last_by_hand, justified, leave_from, leave_reason
           from unnest($1::uuid[], $2::date[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[],
                       $7::timestamptz[], $8::uuid[], $9::int[], $10::int[], $11::text[], $12::bigint[],
                       $13::int[], $14::text[], $15::text[], $16::text[], $17::timestamptz[], $18::text[])
             u (school_id, local_date, student_id, first_entry_at, first_entry_any_at,
                last_direction, last_at, last_scan_id, scans, echoes, flags, position,
                by_hand, first_by_hand, last_by_hand, justified, leave_from, leave_reason)
           on conflict (school_id, local_date, student_id) do update
             set first_entry_at = excluded.first_entry_at, first_entry_any_at = excluded.first_entry_any_at,
                 last_direction = excluded.last_direction, last_at = excluded.last_at,
                 last_scan_id = excluded.last_scan_id, scans = excluded.scans, echoes = excluded.echoes,
                 flags = excluded.flags, position = excluded.position, by_hand = excluded.by_hand,
                 first_by_hand = excluded.first_by_hand, last_by_hand = excluded.last_by_hand,
                 justified = excluded.justified, leave_from = excluded.leave_from, leave_reason = excluded.leave_reason
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.local_date),
        column!(rows, r => r.student_id.0),
        column!(rows, r => r.first_entry_at) as _,
        column!(rows, r => r.first_entry_any_at) as _,
        column!(rows, r => r.last_direction.as_ref().map(wire::name)) as _,
        column!(rows, r => r.last_at) as _,
        column!(rows, r => r.last_scan_id.map(|id| id.0)) as _,
        column!(rows, r => r.scans),
        column!(rows, r => r.echoes),
        column!(rows, r => wire::joined(&r.flags)),
        column!(rows, r => r.position),
        column!(rows, r => r.by_hand),
        column!(rows, r => r.first_by_hand.as_ref().map(wire::name)) as _,
        column!(rows, r => r.last_by_hand.as_ref().map(wire::name)) as _,
        column!(rows, r => r.justified.as_ref().map(wire::name)) as _,
        column!(rows, r => r.leave_from) as _,
        column!(rows, r => r.leave_reason.as_ref().map(wire::name)) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_gates_in_tx(conn: &mut PgConnection, rows: &[&Gate]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into gates as t (school_id, kiosk_id, drained_queue_id, drained_seq, drained_through, silent_since,
                                   last_scan_at, gaps, forks, position)
           select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                                $7::timestamptz[], $8::int[], $9::int[], $10::bigint[])
           on conflict (kiosk_id) do update
             set school_id = excluded.school_id, drained_queue_id = excluded.drained_queue_id, drained_seq = excluded.drained_seq,
                 drained_through = excluded.drained_through, silent_since = excluded.silent_since,
                 last_scan_at = excluded.last_scan_at, gaps = excluded.gaps, forks = excluded.forks,
                 position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.kiosk_id.0),
        column!(rows, r => r.drained_queue_id.map(|id| id.0)) as _,
        column!(rows, r => r.drained_seq) as _,
        column!(rows, r => r.drained_through) as _,
        column!(rows, r => r.silent_since) as _,
        column!(rows, r => r.last_scan_at) as _,
        column!(rows, r => r.gaps),
        column!(rows, r => r.forks),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_quarantined_in_tx(conn: &mut PgConnection, rows: &[&Quarantined]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"insert into quarantined as t (school_id, quarantine_id, local_date, scan_id, kiosk_id, reasons, state,
                                         student_id, occurred_at, recorded_at, position)
           select school_id, quarantine_id, local_date, scan_id, kiosk_id, string_to_array(reasons, ','), state,
                  student_id, occurred_at, recorded_at, position
           from unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                       $8::uuid[], $9::timestamptz[], $10::timestamptz[], $11::bigint[])
             u (school_id, quarantine_id, local_date, scan_id, kiosk_id, reasons, state,
                student_id, occurred_at, recorded_at, position)
           on conflict (quarantine_id) do update
             set school_id = excluded.school_id, local_date = excluded.local_date, scan_id = excluded.scan_id,
                 kiosk_id = excluded.kiosk_id, reasons = excluded.reasons, state = excluded.state,
                 student_id = excluded.student_id, occurred_at = excluded.occurred_at,
                 recorded_at = excluded.recorded_at, position = excluded.position
             where excluded.position > t.position"#,
        column!(rows, r => r.school_id.0),
        column!(rows, r => r.quarantine_id),
        column!(rows, r => r.local_date),
        column!(rows, r => r.scan_id.0),
        column!(rows, r => r.kiosk_id.0),
        column!(rows, r => wire::joined(&r.reasons)),
        column!(rows, r => wire::name(&r.state)),
        column!(rows, r => r.student_id.map(|id| id.0)) as _,
        column!(rows, r => r.occurred_at),
        column!(rows, r => r.recorded_at),
        column!(rows, r => r.position)
    )
    .execute(conn)
    .await?;
    Ok(())
}
