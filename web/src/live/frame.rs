//! A frame: the board at one moment with its names, its age, and its JSON, written once.

use super::freshness::{Freshness, Recent};
use super::view::{self, BoardView, ScanView};
use super::{Hub, LiveError};
use crate::names::SchoolNames;
use axum::body::Bytes;
use chrono::{DateTime, Utc};
use domain::{Epoch, SchoolId};
use projections::live::board::{Board, board};
use projections::live::kept::Kept;
use projections::live::rows::LiveScan;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Most scans that one frame adds. Past them it is a snapshot, which adds none: who wants each scan reads
/// `/api/v1/live/pupils`.
const MOST_SCANS: usize = 1000;

/// How old what all schools share may be in a frame that follows another: the log's end, and the vault's
/// count of erasures.
const SHARED: Duration = Duration::from_millis(200);

/// A place in the log as the stream names it: `<epoch>.<position>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId {
    /// The log's life.
    pub epoch: Epoch,
    /// The live model's position.
    pub position: i64,
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.position)
    }
}

impl FromStr for FrameId {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        let (epoch, position) = s.split_once('.').ok_or(())?;
        Ok(Self { epoch: epoch.parse().map_err(|_| ())?, position: position.parse().map_err(|_| ())? })
    }
}

/// What a stream's client is told of a frame: all that is kept of one that has gone by.
pub struct Told {
    /// Where in the log.
    pub id: FrameId,
    /// Position of the frame before, in the same epoch: this one adds every scan after it. None: it
    /// follows nothing (the first, another epoch, too many scans for a frame), and adds no scan.
    pub after: Option<i64>,
    /// Whether it adds a scan.
    pub(super) adds: bool,
    /// The board as JSON ([`BoardView`]).
    pub json: Bytes,
    digest: [u8; 32],
}

/// The board of a school at one moment.
pub struct Frame {
    /// As clients of the stream are told of it.
    pub told: Arc<Told>,
    /// The board, for pages.
    pub board: Board,
    /// The names to it.
    pub names: Arc<SchoolNames>,
    /// How old it is.
    pub freshness: Freshness,
    /// Changes whenever what the board says changes, its age aside.
    pub etag: String,
    recent: Recent,
}

impl Told {
    /// Whether a client that has the other one would learn nothing from this one but its age.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.digest == other.digest && self.id == other.id
    }
}

/// The frame after `before`, from what `kept` says now.
pub(super) async fn compute(
    hub: &Hub,
    school: SchoolId,
    before: Option<&Frame>,
    kept: &mut Option<Kept>,
) -> Result<Option<Frame>, LiveError> {
    let now = hub.clock.now();
    let since = before.map(|b| (b.told.id.epoch, b.told.id.position));
    let Some((facts, added)) = facts(hub, school, since, kept.take(), now).await? else { return Ok(None) };
    // Whoever asks once is answered with what is so now.
    let within = if before.is_some() { SHARED } else { Duration::ZERO };
    let names = hub.source.names(&facts, within).await?;
    let board = board(&facts.facts, now);
    let id = FrameId { epoch: board.as_of.epoch, position: board.as_of.position };
    let before_id = before.map(|b| b.told.id);
    let after = before_id.filter(|b| b.epoch == id.epoch && b.position <= id.position).map(|b| b.position);
    // A frame that held some of them would look like one that holds all.
    let (after, added) = if added.len() > MOST_SCANS { (None, Vec::new()) } else { (after, added) };
    let mut recent = before.map(|b| b.recent.clone()).unwrap_or_default();
    recent.note(&added, hub.clock.now(), hub.clock.rate());
    let clock = hub.clock.as_ref();
    let freshness = hub.log_end.measure(&*hub.source, &board.as_of, clock, &recent, within).await?;
    let scans: Vec<ScanView> = added.iter().map(|scan| view::added(scan, &board, &names)).collect();
    let (json, digest) = encode(&view::board(&board, &names), now, freshness, &scans).unwrap_or_default();
    let short: String = hex::encode(digest).chars().take(24).collect();
    let etag = format!("W/\"{short}\"");
    *kept = Some(facts);
    let told = Arc::new(Told { id, after, adds: !scans.is_empty(), json, digest });
    Ok(Some(Frame { told, board, names, freshness, etag, recent }))
}

/// What the board is computed from, and the scans that it adds to the frame at `since`: that frame's facts
/// brought up to now if they are of today and can be, and otherwise loaded.
async fn facts(
    hub: &Hub,
    school: SchoolId,
    since: Option<(Epoch, i64)>,
    kept: Option<Kept>,
    now: DateTime<Utc>,
) -> Result<Option<(Kept, Vec<LiveScan>)>, LiveError> {
    let followed = kept.filter(|Kept { facts, .. }| {
        facts.date == now.with_timezone(&facts.school.settings.zone).date_naive()
            && since == Some((facts.as_of.epoch, facts.as_of.position))
    });
    if let Some(kept) = followed
        && let Some(changes) = hub.source.changes(&kept, MOST_SCANS).await?
        && let Some(followed) = kept.follow(changes)
    {
        return Ok(Some(followed));
    }
    let Some(zone) = hub.source.zone(school).await? else { return Ok(None) };
    let date = now.with_timezone(&zone).date_naive();
    Ok(hub.source.load(school, date, since, MOST_SCANS + 1).await?)
}

/// The board as JSON with its age and the scans that it adds, and a digest of what it says without them.
pub(super) fn encode(
    lasting: &BoardView,
    now: DateTime<Utc>,
    freshness: Freshness,
    scans: &[ScanView],
) -> serde_json::Result<(Bytes, [u8; 32])> {
    let mut json = serde_json::to_vec(lasting)?;
    let digest = Sha256::digest(&json).into();
    // Written once: what differs goes in where the empty list of scans ends it.
    json.truncate(json.len() - b"[]}".len());
    serde_json::to_writer(&mut json, scans)?;
    json.extend_from_slice(b",\"now\":");
    serde_json::to_writer(&mut json, &now)?;
    json.extend_from_slice(b",\"freshness\":");
    serde_json::to_writer(&mut json, &freshness)?;
    json.push(b'}');
    // Kept for as long as the ring holds it: without the room to grow.
    json.shrink_to_fit();
    Ok((json.into(), digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_frame_of_kept_facts_is_the_one_of_loaded_facts_and_reads_back() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(4).await.unwrap();
        let hub = &app.state().live.0;
        let mut kept = None;
        let first = compute(hub, school.id, None, &mut kept).await.unwrap().unwrap();
        for n in 0..3 {
            let tap = |seq: i64| school.scan(seq, &school.pupils[seq as usize % 4].1, app.now());
            let scans = [tap(2 * n + 1), tap(2 * n + 2)];
            app.scan(&school, &scans).await.unwrap();
            app.settle().await.unwrap();
            let mut again = kept.clone();
            let followed = compute(hub, school.id, Some(&first), &mut again).await.unwrap().unwrap();
            let loaded = compute(hub, school.id, Some(&first), &mut None).await.unwrap().unwrap();
            assert_eq!(again.map(|kept| kept.roster_read_at), kept.as_ref().map(|kept| kept.roster_read_at));
            assert!(followed.told.says_the_same(&loaded.told));
            let (said, wanted) =
                [&followed, &loaded].map(|f| serde_json::from_slice::<BoardView>(&f.told.json).unwrap()).into();
            assert_eq!((said.scans.len() as i64, &said.scans), (2 * (n + 1), &wanted.scans));
            assert_eq!((said.position, said.freshness), (followed.told.id.position, Some(followed.freshness)));
            assert_eq!(said.now, Some(app.now()));
            assert_eq!((said.totals, &said.last_scans), (wanted.totals, &wanted.last_scans));
        }
        app.shutdown().await;
    }

    #[test]
    fn an_id_reads_back_and_nothing_else_is_one() {
        let id = FrameId { epoch: Epoch(uuid::Uuid::from_u128(7)), position: 42 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in
            ["", "42", "x.42", "00000000-0000-0000-0000-000000000007.", "00000000-0000-0000-0000-000000000007.x"]
        {
            assert!(wrong.parse::<FrameId>().is_err(), "{wrong}");
        }
    }
}
