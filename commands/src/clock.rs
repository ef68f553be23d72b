//! The one place where the machine's clock is read. Instants have microseconds, as Postgres does,
//! so that what was written equals what is read back.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Where instants come from.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The instant now, in whole microseconds.
    fn now(&self) -> DateTime<Utc>;
    /// How many of its seconds pass in a real one; 1 unless a demo runs faster.
    fn rate(&self) -> f64 {
        1.0
    }
    /// The instant by which sessions and limits of people count: a person's minutes do not pass faster
    /// because a demo's morning does.
    fn of_people(&self) -> DateTime<Utc> {
        self.now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> DateTime<Utc> {
        (**self).now()
    }
    fn rate(&self) -> f64 {
        (**self).rate()
    }
    fn of_people(&self) -> DateTime<Utc> {
        (**self).of_people()
    }
}

/// Cuts an instant to whole microseconds.
pub fn micros(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        micros(Utc::now())
    }
}

/// A clock that stands still until it is set: for tests.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// Stands at `at`.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self(Mutex::new(micros(at)))
    }
    /// Sets it; backwards too.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = micros(at);
    }
    /// Moves it by `by`, which may be negative.
    pub fn advance(&self, by: TimeDelta) {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *at = micros(*at + by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that starts anywhere and runs at any rate: for a demo's morning.
#[derive(Debug)]
pub struct ScaledClock(Mutex<Scale>);

#[derive(Debug, Clone, Copy)]
struct Scale {
    anchor: DateTime<Utc>,
    since: Instant,
    rate: f64,
}

impl Scale {
    fn now(&self) -> DateTime<Utc> {
        let passed = self.since.elapsed().as_secs_f64() * self.rate;
        micros(self.anchor + TimeDelta::microseconds((passed * 1e6) as i64))
    }
}

impl ScaledClock {
    /// Starts at `anchor`; `rate` of its seconds pass in a real one.
    pub fn starting_at(anchor: DateTime<Utc>, rate: f64) -> Self {
        Self(Mutex::new(Scale { anchor: micros(anchor), since: Instant::now(), rate }))
    }
    /// Goes on from where it is, at another rate.
    pub fn set_rate(&self, rate: f64) {
        let mut scale = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *scale = Scale { anchor: scale.now(), since: Instant::now(), rate };
    }
    /// Goes on from `at`, at the rate it has.
    pub fn set(&self, at: DateTime<Utc>) {
        let mut scale = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *scale = Scale { anchor: micros(at), since: Instant::now(), rate: scale.rate };
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now()
    }
    fn rate(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rate
    }
    fn of_people(&self) -> DateTime<Utc> {
        SystemClock.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_whole_microseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1000, 0);
        let clock = ManualClock::at(DateTime::from_timestamp_nanos(1_999));
        assert_eq!(clock.now().timestamp_subsec_nanos(), 1_000);
    }

    #[test]
    fn a_scaled_clock_keeps_its_instant_when_its_rate_changes() {
        let start = DateTime::UNIX_EPOCH;
        let clock = ScaledClock::starting_at(start, 3600.0);
        std::thread::sleep(std::time::Duration::from_millis(20));
        let before = clock.now();
        assert!(before - start >= TimeDelta::seconds(72));
        clock.set_rate(0.0);
        let stopped = clock.now();
        assert!(stopped >= before);
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(clock.now(), stopped);
        assert_eq!(clock.rate(), 0.0);
    }
}
