//! Argon2id (RFC 9106), never on an async thread and never more at once than there are cores.
//!
//! Whoever is known passes whoever is not ([`Turn`]): a flood of strangers' passwords waits in a line of its own, of
//! which as many as there are cores stand in the one before the cores. So somebody at a known browser waits for those
//! alone, and no core is ever kept free for nobody.

use super::error::AccountError;
use crate::error::StoreError;
use crate::vault::VaultError;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// How long a password waits for its turn before the caller is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many strangers' passwords are looked at or wait at once; past that the next is told at once to come again. Each
/// holds a place among the requests that a server works on, of which this is a small part.
const STRANGERS: usize = 64;

/// Which line a password waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Of whoever is signed in, holds a link of ours, or sits at a browser in which the account's person signed in
    /// before.
    Known,
    /// Of anybody else.
    Stranger,
}

/// Hashes passwords and checks them. A clone is the same one, with the same limit.
#[derive(Clone)]
pub struct Hashing(Arc<Inner>);

struct Inner {
    params: Params,
    /// One for each that is looked at.
    permits: Arc<Semaphore>,
    /// One for each stranger's that is looked at, or is next.
    strangers_next: Arc<Semaphore>,
    /// One for each stranger's that is looked at, or waits.
    strangers: Arc<Semaphore>,
    runs: AtomicU64,
}

/// Given back when the password was looked at.
type Permits = (OwnedSemaphorePermit, Option<[OwnedSemaphorePermit; 2]>);

impl Default for Hashing {
    /// 19 MiB, two passes, one lane (OWASP ASVS 5.0, appendix C).
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with(Params::DEFAULT, cores)
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hashing(m={}, t={})", self.0.params.m_cost(), self.0.params.t_cost())
    }
}

impl Hashing {
    fn with(params: Params, at_once: usize) -> Self {
        let [permits, strangers_next, strangers] = [at_once, at_once, STRANGERS].map(|n| Arc::new(Semaphore::new(n)));
        Self(Arc::new(Inner { params, permits, strangers_next, strangers, runs: AtomicU64::new(0) }))
    }

    /// The weakest there is, for tests that are not about its strength.
    #[doc(hidden)]
    pub fn for_testing() -> Self {
        Self::with(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap_or(Params::DEFAULT), 4)
    }

    /// How often a password was hashed, to be kept or to be compared.
    pub fn runs(&self) -> u64 {
        self.0.runs.load(Ordering::Relaxed)
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.0.params.clone())
    }

    /// A PHC string with a new salt.
    pub(super) async fn hash(&self, turn: Turn, password: &str) -> Result<String, AccountError> {
        self.run(turn, password, |hashing, bytes| Ok(hashing.argon2().hash_password(bytes)?.to_string())).await
    }

    /// Whether the password is the one of `phc`. Of none, a password that nobody has is compared: as much
    /// work, and always no.
    pub(super) async fn verify(&self, turn: Turn, password: &str, phc: Option<String>) -> Result<bool, AccountError> {
        let phc = phc.map_or_else(|| self.nobodys(), Ok)?;
        self.run(turn, password, move |_, bytes| {
            // The parameters are the stored hash's own.
            let stored = PasswordHash::new(&phc)?;
            Ok(Argon2::default().verify_password(bytes, &stored).is_ok())
        })
        .await
    }

    /// Whether a stored hash was made in another way than new ones are.
    pub(super) fn is_outdated(&self, phc: &str) -> bool {
        let Ok(stored) = PasswordHash::new(phc) else { return true };
        let costs = |p: &Params| (p.m_cost(), p.t_cost(), p.p_cost());
        let same = Params::try_from(&stored).is_ok_and(|params| costs(&params) == costs(&self.0.params));
        stored.algorithm.as_str() != Algorithm::Argon2id.as_str() || !same
    }

    /// A hash of no password: its 32 bytes are random.
    fn nobodys(&self) -> Result<String, AccountError> {
        let mut random = [0; 48];
        getrandom::fill(&mut random).map_err(|_| VaultError::Random)?;
        let (salt, hash) = random.split_at(16);
        let (m, t, p) = (self.0.params.m_cost(), self.0.params.t_cost(), self.0.params.p_cost());
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${hash}"))
    }

    /// Waits until it is a password's turn; none if too many wait already.
    async fn turn(&self, turn: Turn) -> Option<Permits> {
        let inner = &self.0;
        let of_stranger = match turn {
            Turn::Known => None,
            Turn::Stranger => {
                let waits = inner.strangers.clone().try_acquire_owned().ok()?;
                Some([waits, inner.strangers_next.clone().acquire_owned().await.ok()?])
            }
        };
        Some((inner.permits.clone().acquire_owned().await.ok()?, of_stranger))
    }

    /// The bytes are those of the password in normal form C, so that an `ñ` is the same from every keyboard.
    async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        password: &str,
        work: impl FnOnce(&Self, &[u8]) -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, AccountError> {
        let permits = tokio::time::timeout(PATIENCE, self.turn(turn)).await.ok().flatten().ok_or(AccountError::Busy)?;
        let this = self.clone();
        let password = normal(password);
        let task = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller, who may hang up.
            let _permits = permits;
            this.0.runs.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("accounts_password_hashes_total").increment(1);
            work(&this, password.as_bytes())
        });
        let done = task.await.map_err(|_| StoreError::Interrupted)?;
        done.map_err(|error| StoreError::Library(Box::new(error)).into())
    }
}

/// Normal form C.
pub(super) fn normal(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::Turn::{Known, Stranger};
    use super::*;
    use tokio::task::{JoinSet, yield_now};

    #[tokio::test]
    async fn a36_a_password_is_the_same_in_either_unicode_form_and_differs_after_its_72nd_byte() {
        let hashing = Hashing::for_testing();
        let phc = hashing.hash(Known, "contrase\u{f1}a de prueba").await.unwrap();
        assert!(hashing.verify(Known, "contrasen\u{303}a de prueba", Some(phc.clone())).await.unwrap());
        assert!(!hashing.verify(Known, "contrasena de prueba", Some(phc.clone())).await.unwrap());
        assert!(!hashing.verify(Known, " contrase\u{f1}a de prueba", Some(phc)).await.unwrap(), "no byte is trimmed");
        // bcrypt would not see what follows 72 bytes.
        let long = "0123456789".repeat(8);
        let phc = hashing.hash(Known, &format!("{long}a")).await.unwrap();
        assert!(hashing.verify(Known, &format!("{long}a"), Some(phc.clone())).await.unwrap());
        assert!(!hashing.verify(Known, &format!("{long}b"), Some(phc)).await.unwrap());
    }

    #[tokio::test]
    async fn a54_the_usual_hash_is_argon2id_with_19_mib_and_two_passes_and_weaker_ones_are_outdated() {
        let usual = Hashing::default();
        let phc = usual.hash(Known, "a password of these tests").await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", &phc[..31]);
        assert!(!usual.is_outdated(&phc));
        let weak = Hashing::for_testing().hash(Known, "a password of these tests").await.unwrap();
        assert!(usual.is_outdated(&weak));
        assert!(usual.is_outdated("$2b$12$not.argon2"));
        assert!(!usual.is_outdated(&usual.nobodys().unwrap()));
        assert!(!usual.verify(Known, "", None).await.unwrap());
    }

    #[tokio::test]
    async fn p48_no_more_passwords_are_hashed_at_once_than_permitted_and_a_caller_waits_for_a_while_only() {
        let hashing = Hashing::with(Params::new(8, 1, 1, None).unwrap(), 1);
        let held = hashing.0.permits.clone().acquire_owned().await.unwrap();
        tokio::time::pause();
        assert!(matches!(hashing.hash(Known, "x").await, Err(AccountError::Busy)));
        assert_eq!(hashing.runs(), 0);
        tokio::time::resume();
        drop(held);
        hashing.hash(Known, "x").await.unwrap();
        assert_eq!(hashing.runs(), 1);
    }

    #[tokio::test]
    async fn p27_whoever_is_known_passes_a_flood_of_strangers_whose_line_is_bounded() {
        let hashing = Hashing::with(Params::new(8, 1, 1, None).unwrap(), 1);
        let held = hashing.0.permits.clone().acquire_owned().await.unwrap();
        let mut flood = JoinSet::new();
        for _ in 0..1000 {
            let hashing = hashing.clone();
            flood.spawn(async move { hashing.verify(Stranger, "x", None).await });
        }
        let known = hashing.clone();
        // Counted by the work itself: until the caller is told, strangers may have had their turn.
        let known = tokio::spawn(async move { known.run(Known, "x", |hashing, _| Ok(hashing.runs())).await });
        while flood.len() > STRANGERS {
            let refused = flood.join_next().await.unwrap().unwrap();
            assert!(matches!(refused, Err(AccountError::Busy)), "past the bound at once");
        }
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!(hashing.runs(), 0);
        drop(held);
        let runs = known.await.unwrap().unwrap();
        assert!(runs <= 2, "{} strangers came first", runs - 1);
        // Nobody is forgotten.
        while let Some(looked_at) = flood.join_next().await {
            assert!(!looked_at.unwrap().unwrap());
        }
        assert_eq!(hashing.runs(), 1 + u64::try_from(STRANGERS).unwrap());
        assert!(!hashing.verify(Stranger, "x", None).await.unwrap(), "their places are free again");
    }
}
