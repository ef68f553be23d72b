//! How old a board is, and how long a tap takes to be on it: measured, in real milliseconds whatever
//! the clock's rate.

use super::source::Source;
use chrono::{DateTime, TimeDelta, Utc};
use commands::clock::Clock;
use domain::attendance_day::TimeConfidence;
use nats::log::Head;
use projections::live::board::AsOf;
use projections::live::rows::LiveScan;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Scans that the times from tap to screen are taken over.
const WINDOW: usize = 200;
/// A scan that reached the log later than this after it happened waited on its kiosk, and says nothing
/// about the line.
const CAME_AT_ONCE: TimeDelta = TimeDelta::seconds(30);

/// How old a board is. In the stream the log's end is up to 200 ms older than the board, and asked for all
/// schools at once: what came since is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Freshness {
    /// Events in the log that are not in the board yet.
    pub behind_events: i64,
    /// For how long the oldest of them has been in the log, milliseconds; 0 if there is none.
    pub behind_ms: u64,
    /// From the tap at the gate to the board, of the recent scans that came at once.
    pub tap_to_screen: Option<Spread>,
}

/// A distribution, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Spread {
    /// Half of them took at most this.
    pub p50_ms: u64,
    /// 99 % of them took at most this.
    pub p99_ms: u64,
    /// How many they are.
    pub samples: usize,
}

/// The times of recent scans, milliseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<u64>);

impl Recent {
    /// Takes in the scans that a frame adds.
    pub(super) fn note(&mut self, scans: &[LiveScan], now: DateTime<Utc>, rate: f64) {
        for scan in scans {
            let waited = scan.recorded_at - scan.occurred_at;
            // What a person typed says when the pupil came, and nothing about the line.
            if scan.by_hand.is_some()
                || scan.time_confidence == TimeConfidence::Low
                || waited > CAME_AT_ONCE
                || waited < TimeDelta::zero()
            {
                continue;
            }
            let took = real_ms(now - scan.occurred_at, rate);
            metrics::histogram!("live_tap_to_frame_ms").record(took as f64);
            if self.0.len() == WINDOW {
                self.0.pop_front();
            }
            self.0.push_back(took);
        }
    }

    fn spread(&self) -> Option<Spread> {
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let at = |part: usize| sorted.get((sorted.len() * part).div_ceil(100).saturating_sub(1)).copied();
        Some(Spread { p50_ms: at(50)?, p99_ms: at(99)?, samples: sorted.len() })
    }
}

/// The log's end as it was last asked for, shared by all schools.
#[derive(Default)]
pub(super) struct LogEnd(Mutex<Option<Seen>>);

#[derive(Clone, Copy)]
struct Seen {
    asked: Instant,
    head: Head,
    /// Where the board was that it was asked for.
    after: i64,
    /// When the event after that was recorded.
    recorded: Option<DateTime<Utc>>,
}

impl LogEnd {
    /// Compares a board with the log's end, which is asked for again unless it was `within` so long: a
    /// board beyond it is not behind.
    pub(super) async fn measure(
        &self,
        source: &dyn Source,
        as_of: &AsOf,
        clock: &dyn Clock,
        recent: &Recent,
        within: Duration,
    ) -> Result<Freshness, sqlx::Error> {
        let mut last = self.0.lock().await;
        // A board that is not stale is of the log's present epoch; an end of another one was before that.
        let tells = |seen: &Seen| {
            seen.asked.elapsed() < within
                && (seen.head.epoch == as_of.epoch || as_of.stale_epoch)
                && seen.after <= place(&seen.head, as_of)
        };
        let seen = match last.filter(tells) {
            Some(seen) => seen,
            None => *last.insert(ask(source, as_of).await?),
        };
        drop(last);
        let at = place(&seen.head, as_of);
        let behind_events = (seen.head.position - at).max(0);
        // Of another board: the oldest that this one waits for came after the last one that it has.
        let since = if at == seen.after { seen.recorded } else { seen.recorded.max(as_of.recorded_at) };
        let behind_ms = match since {
            Some(since) if behind_events > 0 => real_ms(clock.now() - since, clock.rate()),
            _ => 0,
        };
        Ok(Freshness { behind_events, behind_ms, tap_to_screen: recent.spread() })
    }
}

/// Where a board is in the log: at its beginning if it is of another epoch.
fn place(head: &Head, as_of: &AsOf) -> i64 {
    if head.epoch == as_of.epoch { as_of.position } else { 0 }
}

async fn ask(source: &dyn Source, as_of: &AsOf) -> Result<Seen, sqlx::Error> {
    let asked = Instant::now();
    let head = source.head().await?;
    let after = place(&head, as_of);
    let recorded = if head.position > after { source.recorded_after(after).await? } else { None };
    Ok(Seen { asked, head, after, recorded })
}

/// Milliseconds of a real clock in a span of one that runs at `rate`.
pub(crate) fn real_ms(span: TimeDelta, rate: f64) -> u64 {
    if rate <= 0.0 {
        return 0;
    }
    (span.num_microseconds().unwrap_or(i64::MAX).max(0) as f64 / 1000.0 / rate) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::source::Answer;
    use crate::names::{NamesError, SchoolNames};
    use chrono::NaiveDate;
    use chrono_tz::Tz;
    use commands::clock::ManualClock;
    use domain::{Epoch, SchoolId};
    use projections::live::kept::{Changes, Kept};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A log whose n-th event was recorded at second n; counts who asks.
    struct Log {
        head: Head,
        asked: AtomicU64,
    }

    fn away<T: Send>() -> Answer<'static, T> {
        Box::pin(async { Err(sqlx::Error::PoolClosed) })
    }

    fn second(n: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(n, 0)
    }

    impl Source for Log {
        fn zone(&self, _: SchoolId) -> Answer<'_, Option<Tz>> {
            away()
        }
        fn load(
            &self,
            _: SchoolId,
            _: NaiveDate,
            _: Option<(Epoch, i64)>,
            _: usize,
        ) -> Answer<'_, Option<(Kept, Vec<LiveScan>)>> {
            away()
        }
        fn changes<'a>(&'a self, _: &'a Kept, _: usize) -> Answer<'a, Option<Changes>> {
            away()
        }
        fn names<'a>(&'a self, _: &'a Kept, _: Duration) -> Answer<'a, Arc<SchoolNames>, NamesError> {
            Box::pin(async { Ok(Arc::default()) })
        }
        fn head(&self) -> Answer<'_, Head> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(self.head) })
        }
        fn recorded_after(&self, position: i64) -> Answer<'_, Option<DateTime<Utc>>> {
            Box::pin(async move { Ok(second(position + 1)) })
        }
        fn reached(&self) -> Answer<'_, Option<(Epoch, i64)>> {
            away()
        }
        fn follow<'a>(&'a self, _: &'a (dyn Fn(&str) + Send + Sync)) -> Answer<'a, ()> {
            away()
        }
    }

    #[tokio::test]
    async fn the_log_s_end_is_asked_for_once_for_all_boards_and_a_board_beyond_it_is_not_behind() {
        let epoch = |n| Epoch(uuid::Uuid::from_u128(n));
        let mut log = Log { head: Head { epoch: epoch(1), position: 12, recorded_at: None }, asked: AtomicU64::new(0) };
        let (end, clock) = (LogEnd::default(), ManualClock::at(second(20).unwrap()));
        let measure = async |log: &Log, of, position, within| {
            let as_of = AsOf {
                epoch: epoch(of),
                position,
                recorded_at: second(position),
                roster_position: 0,
                stale_epoch: false,
            };
            let found =
                end.measure(log, &as_of, &clock, &Recent::default(), Duration::from_secs(within)).await.unwrap();
            (found.behind_events, found.behind_ms, log.asked.load(Ordering::Relaxed))
        };
        let long = 3_600;
        assert_eq!(measure(&log, 1, 10, long).await, (2, 9_000, 1));
        // The eleventh was recorded after second 11 at the earliest, which this board says itself.
        assert_eq!(measure(&log, 1, 11, long).await, (1, 9_000, 1));
        assert_eq!(measure(&log, 1, 14, long).await, (0, 0, 1));
        assert_eq!(
            measure(&log, 1, 9, long).await,
            (3, 10_000, 2),
            "one that was read before tells what waited longer"
        );
        log.head.position = 15;
        assert_eq!(measure(&log, 1, 14, 0).await, (1, 5_000, 3), "whoever asks once is told what is so now");
        log.head = Head { epoch: epoch(2), position: 15, recorded_at: None };
        assert_eq!(measure(&log, 2, 15, long).await, (0, 0, 4), "the end of another epoch says nothing of this one");
    }

    #[test]
    fn percentiles_are_the_smallest_value_that_covers_the_part() {
        let recent = Recent((1..=100).collect());
        assert_eq!(recent.spread(), Some(Spread { p50_ms: 50, p99_ms: 99, samples: 100 }));
        assert_eq!(Recent(VecDeque::from([7])).spread(), Some(Spread { p50_ms: 7, p99_ms: 7, samples: 1 }));
        assert_eq!(Recent::default().spread(), None);
    }

    #[test]
    fn a_minute_of_a_clock_at_rate_sixty_is_a_real_second() {
        assert_eq!(real_ms(TimeDelta::minutes(1), 60.0), 1000);
        assert_eq!(real_ms(TimeDelta::minutes(-1), 60.0), 0);
        assert_eq!(real_ms(TimeDelta::minutes(1), 0.0), 0);
    }
}
