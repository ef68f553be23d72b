//! The one place where new ids are made: version 7, so that neighbours in time are neighbours in an
//! index.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Where new ids come from.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// An id that was never given before.
    fn next(&self) -> Uuid;
}

impl<I: IdSource + ?Sized> IdSource for std::sync::Arc<I> {
    fn next(&self) -> Uuid {
        (**self).next()
    }
}

/// Ids of this moment and this machine's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The same ids for the same seed, in rising order: for seeds and tests.
#[derive(Debug)]
pub struct SeededIds(Mutex<(u64, fastrand::Rng)>);

impl SeededIds {
    /// Milliseconds since 1970 that the first id carries: 2026-01-01.
    const FIRST_MS: u64 = 1_767_225_600_000;

    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((Self::FIRST_MS, fastrand::Rng::with_seed(seed))))
    }
}

impl IdSource for SeededIds {
    fn next(&self) -> Uuid {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ms, rng) = &mut *guard;
        *ms += 1;
        let mut random = [0u8; 10];
        rng.fill(&mut random);
        uuid::Builder::from_unix_timestamp_millis(*ms, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_rising_sequence_and_another_seed_another() {
        let take = |seed| {
            let ids = SeededIds::new(seed);
            (0..100).map(|_| ids.next()).collect::<Vec<_>>()
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
        assert!(take(7).is_sorted());
        assert_eq!(take(7)[0].get_version_num(), 7);
    }
}
