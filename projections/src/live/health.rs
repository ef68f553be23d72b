//! How a school's kiosks are: what the log says of each, and what each said of itself when it last called.

use crate::readers::SchoolTx;
use crate::{page, wire};
use chrono::{DateTime, Utc};
use domain::KioskId;
use domain::kiosk::LaneMode;

/// A kiosk.
#[derive(Debug, Clone, PartialEq)]
pub struct KioskHealth {
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Name of the gate.
    pub gate: String,
    /// How it learns the direction.
    pub mode: LaneMode,
    /// No longer trusted.
    pub revoked: bool,
    /// An event of the log says that it fell silent and has not returned; when it was last heard before that.
    pub silent_since: Option<DateTime<Utc>>,
    /// No scan taken before this instant is still waiting on the device.
    pub drained_through: Option<DateTime<Utc>>,
    /// Latest corrected time of a scan that could be placed.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// Gaps found in its queues.
    pub gaps: i32,
    /// Numbers used twice.
    pub forks: i32,
    /// What it said when it last called; none if it never did.
    pub said: Option<Said>,
}

/// What a kiosk said, by the server's clock (operational, not from the log).
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// When.
    pub at: DateTime<Utc>,
    /// Scans still waiting on the device.
    pub queue_depth: i32,
    /// Device wall clock minus server clock, milliseconds.
    pub skew_ms: i64,
    /// The version of its program, the last one that it told.
    pub app_version: Option<String>,
}

/// A school's kiosks by id, revoked ones too, at most 200 `after` a cursor.
pub async fn kiosks(tx: &mut SchoolTx, after: Option<KioskId>, limit: i64) -> Result<Vec<KioskHealth>, sqlx::Error> {
    read(tx, after, None, limit).await
}

/// One of them; none if the school has no such kiosk.
pub async fn kiosk(tx: &mut SchoolTx, kiosk: KioskId) -> Result<Option<KioskHealth>, sqlx::Error> {
    Ok(read(tx, None, Some(kiosk), 1).await?.pop())
}

async fn read(
    tx: &mut SchoolTx,
    after: Option<KioskId>,
    only: Option<KioskId>,
    limit: i64,
) -> Result<Vec<KioskHealth>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select k.kiosk_id, k.gate, k.mode, k.revoked,
                  g.drained_through as "drained_through?", g.last_scan_at as "last_scan_at?",
                  g.silent_since as "silent_since?", g.gaps as "gaps?", g.forks as "forks?",
                  s.last_seen as "last_seen?", s.queue_depth as "queue_depth?", s.clock_skew_ms as "skew_ms?",
                  s.app_version as "app_version?"
           from kiosks k
           left join gates g on g.kiosk_id = k.kiosk_id and g.school_id = $1
           left join kiosk_seen s on s.kiosk_id = k.kiosk_id and s.school_id = $1
           where k.school_id = $1 and ($2::uuid is null or k.kiosk_id > $2) and ($3::uuid is null or k.kiosk_id = $3)
           order by k.kiosk_id limit $4"#,
        tx.school().0,
        after.map(|kiosk| kiosk.0),
        only.map(|kiosk| kiosk.0),
        page::limit(limit)
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(KioskHealth {
                kiosk_id: KioskId(r.kiosk_id),
                gate: r.gate,
                mode: wire::parse(&r.mode)?,
                revoked: r.revoked,
                silent_since: r.silent_since,
                drained_through: r.drained_through,
                last_scan_at: r.last_scan_at,
                gaps: r.gaps.unwrap_or(0),
                forks: r.forks.unwrap_or(0),
                said: r.last_seen.map(|at| Said {
                    at,
                    queue_depth: r.queue_depth.unwrap_or(0),
                    skew_ms: r.skew_ms.unwrap_or(0),
                    app_version: r.app_version,
                }),
            })
        })
        .collect()
}
