//! What is left when reading and deciding cost nothing: the same rows (event and receipt), made
//! beforehand, inserted 500 at a time on one connection.

use crate::gun::Turn;
use crate::people::{ZONE, context};
use anyhow::Result;
use commands::Write;
use commands::append::{NewEvent, append_in_tx};
use domain::attendance_day::{self, Direction, Method, Scan, Shown, TimeConfidence};
use domain::values::zone::local_date;
use domain::{CredentialId, EventId, KioskId, QueueId, ScanId, SchoolId, StreamId, StudentId};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Rows of one transaction.
const ROWS: usize = 500;

/// Only the appending counts, not the making of its rows.
pub async fn turn(write: &Write, time: Duration) -> Result<Turn> {
    let mut turn = Turn::default();
    let mut spent = Duration::ZERO;
    while spent < time {
        spent += append(write, ROWS, &mut turn.waits).await?;
        turn.scans += ROWS;
    }
    turn.seconds = spent.as_secs_f64();
    Ok(turn)
}

/// Appends the first scans of so many pupils' days, with their receipts; how long that took.
pub async fn append(write: &Write, rows: usize, waits: &mut Vec<Duration>) -> Result<Duration> {
    let new = || write.ids().next();
    let context = context(SchoolId(Uuid::from_u128(0x5c00)));
    let (now, kiosk) = (write.clock().now(), KioskId(new()));
    let scans: Vec<Scan> = (0..rows)
        .map(|seq| Scan {
            scan_id: ScanId(new()),
            kiosk_id: kiosk,
            queue_id: QueueId(kiosk.0),
            seq: seq as i64 + 1,
            credential_id: CredentialId(new()),
            direction: Direction::Entry,
            method: Method::Qr,
            occurred_at: now,
            time_confidence: TimeConfidence::Monotonic,
            shown: Shown::Welcome,
            device_time: now,
            prev_hash: None,
        })
        .collect();
    let events = scans
        .iter()
        .map(|scan| {
            let stream = StreamId::of_day(local_date(now, ZONE), context.school, StudentId(new()));
            let event = attendance_day::Event::ScanRecorded { scan: scan.clone() };
            NewEvent::new(&context, EventId(new()), stream, 1, now, &event)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let (seqs, ids): (Vec<i64>, Vec<Uuid>) = scans.iter().map(|scan| (scan.seq, scan.scan_id.0)).unzip();
    let begun = Instant::now();
    let mut tx = write.pool().begin().await?;
    let head = append_in_tx(&mut tx, &**write.clock(), &events).await?;
    // Not checked at compile time: the cache of checked queries is the program's, and this is none.
    sqlx::query(
        "insert into scan_receipts (kiosk_id, queue_id, seq, scan_id, school_id, verdict, reasons, position, received_at)
         select $1, $1, t.seq, t.scan_id, $4, 'accepted', '{}', $5 + t.seq, $6
         from unnest($2::bigint[], $3::uuid[]) t (seq, scan_id)",
    )
    .bind(kiosk.0)
    .bind(&seqs)
    .bind(&ids)
    .bind(context.school.0)
    .bind(head.position - rows as i64)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    let took = begun.elapsed();
    waits.push(took);
    Ok(took)
}
