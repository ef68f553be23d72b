//! What somebody's safety hangs on, and has no ladder, goes another way where one is closed or came to nothing: a leave
//! before the end, a correction. Each way is asked for once; whichever arrives first ends the others ([`super::judge`]).

use super::channels::{is_open, standing};
use super::judge::read;
use super::rows::{Row, Wanted, request_in_tx, stuck};
use super::zones;
use crate::append::append_in_tx;
use crate::error::StoreError;
use crate::pool::in_time;
use crate::write::Write;
use domain::delivery::{Channel, Notice};
use domain::{SchoolId, StreamId};
use std::collections::BTreeSet;

/// Notices of one look, at most.
const TOGETHER: i64 = 500;

/// Asks for another way of those whose way is closed or came to nothing, by the channels that are switched `on`. How
/// many were asked for.
pub async fn detour(write: &Write, on: &[Channel]) -> Result<usize, StoreError> {
    let stuck = in_time(stuck(write, TOGETHER)).await?;
    if stuck.is_empty() {
        return Ok(0);
    }
    let standing = standing(write).await?;
    let schools: BTreeSet<SchoolId> = stuck.iter().map(|row| row.school).collect();
    let zones = zones(write, schools).await?;
    let streams: Vec<_> =
        stuck.iter().map(|row| ("guardian", StreamId::of(row.school, row.notice.guardian_id))).collect();
    let guardians = in_time(read(write.pool(), &streams)).await?.guardians;
    let other = |row: &Row| {
        let guardian = guardians.get(StreamId::of(row.school, row.notice.guardian_id).as_str())?;
        let ways = guardian.ways(row.notice.student_id, row.notice.kind).into_iter();
        let mut open = ways.filter(|by| on.contains(by) && is_open(&standing, *by, row.notice.says));
        let channel = open.find(|by| *by != row.notice.channel)?;
        let notice = Notice { channel, ..row.notice };
        Some(Wanted { school: row.school, notice, about: row.about, about_at: row.about_at })
    };
    let wanted: Vec<Wanted> = stuck.iter().filter_map(other).collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let asked = async {
        let mut tx = write.pool().begin().await?;
        let events = request_in_tx(&mut tx, (write, &zones), &wanted, write.clock().now()).await?;
        if !events.is_empty() {
            append_in_tx(&mut tx, &**write.clock(), &events).await?;
        }
        tx.commit().await?;
        Ok::<_, StoreError>(events.len())
    };
    in_time(asked).await
}
