//! A frame: the board at one moment with its names, its age, and its JSON, written once.

use super::freshness::{self, Freshness, Recent};
use super::view::{self, BoardView, ScanView};
use super::{Hub, LiveError};
use crate::names::SchoolNames;
use axum::body::Bytes;
use domain::{Epoch, SchoolId};
use projections::live::board::Board;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Most scans that one frame adds. Past them it is a snapshot, which adds none: who wants each scan reads
/// `/api/v1/live/pupils`.
const MOST_SCANS: usize = 1000;

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

/// The board of a school at one moment.
pub struct Frame {
    /// Where in the log.
    pub id: FrameId,
    /// Position of the frame before, in the same epoch: this one adds every scan after it. None: it
    /// follows nothing (the first, another epoch, too many scans for a frame), and adds no scan.
    pub after: Option<i64>,
    /// Whether it adds a scan.
    pub(super) adds: bool,
    /// The board, for pages.
    pub board: Board,
    /// The names to it.
    pub names: Arc<SchoolNames>,
    /// How old it is.
    pub freshness: Freshness,
    /// The same as JSON ([`BoardView`]).
    pub json: Bytes,
    /// Changes whenever what the board says changes, its age aside.
    pub etag: String,
    digest: [u8; 32],
    recent: Recent,
}

impl Frame {
    /// Whether a client that has the other one would learn nothing from this one but its age.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.digest == other.digest && self.id == other.id
    }
}

pub(super) async fn compute(hub: &Hub, school: SchoolId, before: Option<&Frame>) -> Result<Option<Frame>, LiveError> {
    let now = hub.clock.now();
    let Some(zone) = hub.source.zone(school).await? else { return Ok(None) };
    let date = now.with_timezone(&zone).date_naive();
    let since = before.map(|b| (b.id.epoch, b.id.position));
    let Some((board, added)) = hub.source.board(school, date, now, since, MOST_SCANS + 1).await? else {
        return Ok(None);
    };
    let names = hub.source.names(school).await?;
    let id = FrameId { epoch: board.as_of.epoch, position: board.as_of.position };
    let after = before.filter(|b| b.id.epoch == id.epoch && b.id.position <= id.position).map(|b| b.id.position);
    // A frame that held some of them would look like one that holds all.
    let (after, added) = if added.len() > MOST_SCANS { (None, Vec::new()) } else { (after, added) };
    let adds = !added.is_empty();
    let mut recent = before.map(|b| b.recent.clone()).unwrap_or_default();
    recent.note(&added, hub.clock.now(), hub.clock.rate());
    let freshness = freshness::measure(&*hub.source, &board.as_of, hub.clock.as_ref(), &recent).await?;
    let added = added.iter().map(|scan| view::added(scan, &board, &names)).collect::<Vec<ScanView>>();
    let mut said = view::board(&board, &names, added);
    let digest = digest(&said);
    said.now = Some(board.now);
    said.freshness = Some(freshness);
    let json = Bytes::from(serde_json::to_vec(&said).unwrap_or_default());
    let etag = format!("W/\"{}\"", hex::encode(&digest[..12]));
    Ok(Some(Frame { id, after, adds, board, names, freshness, json, etag, digest, recent }))
}

/// What the board says, its age and the scans that are news aside.
fn digest(said: &BoardView) -> [u8; 32] {
    let lasting = BoardView { scans: Vec::new(), ..said.clone() };
    Sha256::digest(serde_json::to_vec(&lasting).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
