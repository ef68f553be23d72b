//! Waiting between tries: bounded, growing, jittered.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a conflict is tried again and how long is waited in between.
#[derive(Debug)]
pub struct Retry {
    /// Tries in all; the first is one of them.
    pub tries: u32,
    /// How many outages of the database one command rides out.
    pub outages: u32,
    /// The most that is waited before the second try; doubles with each.
    pub first: Duration,
    /// The most that is ever waited.
    pub longest: Duration,
    jitter: Mutex<fastrand::Rng>,
}

impl Default for Retry {
    fn default() -> Self {
        Self::with_jitter(fastrand::Rng::new())
    }
}

impl Retry {
    /// The usual retry, with a source of jitter of your own.
    pub fn with_jitter(jitter: fastrand::Rng) -> Self {
        Self {
            tries: 12,
            outages: 3,
            first: Duration::from_millis(8),
            longest: Duration::from_millis(250),
            jitter: Mutex::new(jitter),
        }
    }

    /// A random time up to the bound of this try ("full jitter": those who collided part).
    fn pause(&self, attempt: u32) -> Duration {
        if attempt == 0 {
            return Duration::ZERO;
        }
        let bound = self.first.saturating_mul(1 << (attempt - 1).min(16)).min(self.longest);
        bound.mul_f64(self.jitter.lock().unwrap_or_else(PoisonError::into_inner).f64())
    }

    pub(crate) async fn wait(&self, attempt: u32) {
        let pause = self.pause(attempt);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded_and_differ() {
        let retry = Retry::with_jitter(fastrand::Rng::with_seed(1));
        assert_eq!(retry.pause(0), Duration::ZERO);
        let pauses: Vec<_> = (1..12).map(|attempt| retry.pause(attempt)).collect();
        assert!(pauses.iter().all(|p| *p <= retry.longest));
        assert!(pauses[0] <= retry.first);
        let other = Retry::with_jitter(fastrand::Rng::with_seed(2));
        assert_ne!(pauses, (1..12).map(|attempt| other.pause(attempt)).collect::<Vec<_>>());
    }
}
