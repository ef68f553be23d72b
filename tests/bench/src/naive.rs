//! The contender that a careful team would build first: the same front and authentication, and one
//! `CqrsFramework::execute` of stock postgres-es a scan, on its stock table, without views.

use crate::gun::Acknowledged;
use crate::people::{ECHO_SECONDS, ZONE};
use crate::stage::Database;
use anyhow::{Result, ensure};
use axum::extract::State;
use axum::routing::post;
use axum::{Extension, Json, Router};
use commands::adapter::{Bridge, Decided, ReadByDecode};
use commands::batcher::Incoming;
use commands::clock::Clock;
use commands::directory::{Directory, Kind};
use commands::keys::DirectoryKey;
use commands::pool::Role;
use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use domain::attendance_day::{AttendanceDay, Command, Scan};
use domain::device_time::{Corrected, correct};
use domain::values::card;
use domain::values::zone::local_date;
use domain::{CredentialId, Epoch, StreamId, StudentId};
use kiosk_protocol::{ItemResult, MAX_BATCH_BYTES, ScansResponse, Verdict};
use postgres_es::PostgresEventRepository;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;
use web::AppState;
use web::api::input::JsonBytes;
use web::kiosk_auth::Kiosk;
use web::middleware::RequestId;
use web::problem::{Code, Problem};

/// Connections that the commands share.
const POOL: u32 = 64;

/// As in postgres-es 0.5.0, `db/init.sql`.
const STOCK: [&str; 4] = [
    "create schema if not exists stock",
    "create table stock.events (
       aggregate_type text not null, aggregate_id text not null, sequence bigint check (sequence >= 0) not null,
       event_type text not null, event_version text not null, payload json not null, metadata json not null,
       primary key (aggregate_type, aggregate_id, sequence))",
    "grant usage on schema stock to attendance_log_writer",
    "grant select, insert on stock.events to attendance_log_writer",
];

type Cqrs = CqrsFramework<Bridge<AttendanceDay>, PersistedEventStore<PostgresEventRepository, Bridge<AttendanceDay>>>;

#[derive(Clone)]
struct Naive {
    cqrs: Arc<Cqrs>,
    directory: Directory,
}

/// Gives the contender's database the kiosks and cards of another one, and the stock table.
pub async fn prepare(naive: &Database, from: &Database) -> Result<()> {
    for statement in STOCK {
        sqlx::query(statement).execute(&naive.owner).await?;
    }
    for table in ["kiosk_secrets", "directory"] {
        let rows: String =
            sqlx::query_scalar(&format!("select json_agg(t)::text from {table} t")).fetch_one(&from.owner).await?;
        sqlx::query(&format!("insert into {table} select * from json_populate_recordset(null::{table}, $1::json)"))
            .bind(rows)
            .execute(&naive.owner)
            .await?;
    }
    Ok(())
}

/// Its routes.
pub async fn routes(database: &Database) -> Result<Router<AppState>> {
    let pool = database.pool(Role::LogWriter, POOL, "stock,public").await?;
    let key = DirectoryKey::from_hex(database.config.sides.keys.directory_hex()?.reveal())?;
    let store = PersistedEventStore::new_event_store(PostgresEventRepository::new(pool.clone()));
    let store = store.with_upcasters(vec![Box::new(ReadByDecode)]);
    let cqrs = Arc::new(CqrsFramework::new(store, vec![], Decided::default()));
    let naive = Naive { cqrs, directory: Directory::new(pool, key) };
    Ok(Router::new().route("/api/v1/kiosks/{kiosk_id}/scans", post(scans)).layer(Extension(naive)))
}

async fn scans(
    kiosk: Kiosk,
    State(state): State<AppState>,
    Extension(request): Extension<RequestId>,
    Extension(naive): Extension<Naive>,
    JsonBytes(body): JsonBytes<MAX_BATCH_BYTES>,
) -> Result<Json<ScansResponse>, Problem> {
    let batch = web::api::kiosks::scans::read(kiosk, request, &body)?;
    let received_at = state.clock.now();
    let unavailable = || Problem::new(Code::Unavailable);
    let mut items = Vec::with_capacity(batch.scans.len());
    for incoming in &batch.scans {
        let Incoming::Scan(scan) = incoming else { return Err(unavailable()) };
        let entry = naive
            .directory
            .find(kiosk.school_id, Kind::Card, &card::normalise(&scan.read))
            .await
            .ok()
            .flatten()
            .ok_or_else(unavailable)?;
        let student = StudentId(entry.owner.ok_or_else(unavailable)?);
        let corrected = correct(&scan.reading, &batch.device_now, received_at);
        let Corrected::At { occurred_at, confidence, flags } = corrected else { return Err(unavailable()) };
        let stream = StreamId::of_day(local_date(occurred_at, ZONE), kiosk.school_id, student);
        let command = Command::RecordScan {
            scan: Scan {
                scan_id: scan.scan_id,
                kiosk_id: kiosk.kiosk_id,
                queue_id: batch.queue_id,
                seq: scan.seq,
                credential_id: CredentialId(entry.subject),
                direction: scan.direction,
                method: scan.method,
                occurred_at,
                time_confidence: confidence,
                shown: scan.shown,
                device_time: scan.reading.device_time,
                prev_hash: None,
            },
            flags,
            echo_seconds: ECHO_SECONDS,
        };
        let metadata = HashMap::from([("actor".to_owned(), format!("kiosk:{}", kiosk.kiosk_id))]);
        naive.cqrs.execute_with_metadata(stream.as_str(), command, metadata).await.map_err(|_| unavailable())?;
        items.push(ItemResult {
            scan_id: scan.scan_id,
            seq: scan.seq,
            verdict: Verdict::Accepted,
            first_verdict: None,
            reasons: Vec::new(),
            position: 0,
        });
    }
    Ok(Json(ScansResponse {
        ack_through: batch.scans.len() as i64,
        items,
        epoch: Epoch(Uuid::nil()),
        server_time: state.clock.now(),
    }))
}

/// Whether what was acknowledged is stored, and nothing twice. What was given up may be there or not.
pub async fn agree(database: &Database, acknowledged: &[Acknowledged]) -> Result<()> {
    let stored: Vec<Uuid> =
        sqlx::query_scalar("select (payload->>'scan_id')::uuid from stock.events where event_type = 'scan_recorded'")
            .fetch_all(&database.owner)
            .await?;
    let distinct: HashSet<&Uuid> = stored.iter().collect();
    ensure!(distinct.len() == stored.len(), "naive: a scan is stored twice");
    let lost = acknowledged.iter().filter(|a| !distinct.contains(&a.scan)).count();
    ensure!(lost == 0, "naive: {lost} acknowledged scans are not stored");
    Ok(())
}
