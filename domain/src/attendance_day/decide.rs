//! What may be asked of a pupil's day, and what follows.

use super::{Direction, Event, Flag, KnownScan, Scan, State};
use chrono::TimeDelta;

/// What may be asked of a pupil's day.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Put a scan on record.
    RecordScan {
        /// The scan, its time already corrected.
        scan: Scan,
        /// Doubts that the caller knows already (about the time, the credential, the pupil).
        flags: Vec<Flag>,
        /// The school's echo window, in seconds.
        echo_seconds: u16,
    },
}

/// Nothing can be wrong enough to refuse a scan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::RecordScan { scan, flags, echo_seconds } => {
            if state.knows(scan.scan_id) {
                return Ok(vec![]);
            }
            let flags = doubts(state, &scan, flags, TimeDelta::seconds(echo_seconds.into()));
            let scan_id = scan.scan_id;
            let mut events = vec![Event::ScanRecorded { scan }];
            if !flags.is_empty() {
                events.push(Event::ScanFlagged { scan_id, flags });
            }
            Ok(events)
        }
    }
}

/// The caller's flags and the day's own, sorted, each once. Judged by the order of the corrected
/// times of what is on record so far; what arrives later is judged then and changes nothing here.
fn doubts(state: &State, scan: &Scan, mut flags: Vec<Flag>, echo_window: TimeDelta) -> Vec<Flag> {
    let scans = state.scans();
    let at = scans.partition_point(|s| (s.occurred_at, s.scan_id) < (scan.occurred_at, scan.scan_id));
    let (before, after) = scans.split_at(at);
    // The nearest scan on either side decides: with a scan in the other direction between them, two
    // taps within the window are two real passages (out to the car and in again), not an echo.
    let repeats = |other: &KnownScan| {
        other.direction == scan.direction
            && scan.occurred_at.signed_duration_since(other.occurred_at).abs() <= echo_window
    };
    if before.last().is_some_and(repeats) || after.first().is_some_and(repeats) {
        flags.push(Flag::Echo);
    } else {
        match (scan.direction, before.last().map(|s| s.direction)) {
            (Direction::Entry, Some(Direction::Entry)) => flags.push(Flag::RepeatedEntry),
            (Direction::Exit, None | Some(Direction::Exit)) => flags.push(Flag::ExitWithoutEntry),
            (Direction::Entry, None | Some(Direction::Exit)) | (Direction::Exit, Some(Direction::Entry)) => {}
        }
    }
    flags.sort_unstable();
    flags.dedup();
    flags
}
