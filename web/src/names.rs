//! Pupils' names, opened: read models hold them sealed, and this is the one place of the server that
//! keeps them in clear, in memory only. Never stored, never logged.

use commands::vault::{Keyring, Opened, Vault, VaultError};
use domain::{Epoch, SchoolId, Sealed, StudentId};
use projections::roster::queries;
use projections::roster::rows::Student;
use projections::{Checkpoint, ReadModel, Readers};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names of a school that nobody asked for in so long are forgotten.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// Rows per query.
const PAGE: i64 = 200;

/// A pupil's name as far as it can be said.
#[derive(Clone, PartialEq, Eq)]
pub enum PersonName {
    /// As the family writes it.
    Known {
        /// `María José`
        given: String,
        /// `Pérez Soto`
        family: String,
    },
    /// Its key was destroyed; a page says "eliminado".
    Erased,
    /// The roster does not know the pupil (yet).
    Unknown,
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known { .. } => "Known(…)",
            Self::Erased => "Erased",
            Self::Unknown => "Unknown",
        })
    }
}

/// Why names cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// The read models cannot be asked.
    #[error("the roster cannot be read: {0}")]
    Roster(#[from] sqlx::Error),
    /// The vault cannot be asked.
    #[error("the vault cannot be read: {0}")]
    Vault(#[from] VaultError),
}

/// The names of one school as of one moment.
#[derive(Clone, Default)]
pub struct SchoolNames {
    names: HashMap<StudentId, PersonName>,
    as_of: Option<AsOf>,
}

/// What the names were opened from: the same again means the same names.
#[derive(Clone, Copy, PartialEq, Eq)]
struct AsOf {
    epoch: Epoch,
    position: i64,
    /// The last row read; new ones lie beyond.
    last_row: i64,
    erasures: i64,
}

impl SchoolNames {
    /// A pupil's name.
    pub fn of(&self, student: StudentId) -> PersonName {
        self.names.get(&student).cloned().unwrap_or(PersonName::Unknown)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (StudentId, &PersonName)> {
        self.names.iter().map(|(id, name)| (*id, name))
    }

    /// How many pupils are known.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no pupil is known.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The cache, per school. Cheap to clone.
#[derive(Clone)]
pub struct Names(Arc<Inner>);

struct Inner {
    readers: Readers,
    vault: Vault,
    schools: Mutex<HashMap<SchoolId, Slot>>,
    /// The vault's count of erasures, and when it was asked.
    erasures: tokio::sync::Mutex<Option<(Instant, i64)>>,
}

struct Slot {
    used: Instant,
    names: Arc<tokio::sync::Mutex<Arc<SchoolNames>>>,
}

impl Names {
    /// Over the readers and the vault.
    pub fn new(readers: Readers, vault: Vault) -> Self {
        Self(Arc::new(Inner { readers, vault, schools: Mutex::default(), erasures: tokio::sync::Mutex::default() }))
    }

    /// The names of a school as of the roster and the vault now: what changed since the last call is
    /// opened; after any erasure everything is opened again.
    pub async fn of_school(&self, school: SchoolId) -> Result<Arc<SchoolNames>, NamesError> {
        let Some(roster) = self.roster().await? else { return Ok(self.slot(school).lock().await.clone()) };
        self.at_least(school, roster.epoch, roster.position, Duration::ZERO).await
    }

    /// The same as of this position of the roster or a later one, for whoever has read there what it shows;
    /// the vault is not asked again `within` so long of the last time, whichever school that was for.
    pub async fn at_least(
        &self,
        school: SchoolId,
        epoch: Epoch,
        position: i64,
        within: Duration,
    ) -> Result<Arc<SchoolNames>, NamesError> {
        let slot = self.slot(school);
        let mut kept = slot.lock().await;
        let erasures = self.erasures(within).await?;
        match kept.as_of.filter(|a| a.epoch == epoch && a.erasures == erasures) {
            Some(as_of) if as_of.position >= position => return Ok(kept.clone()),
            Some(as_of) => {
                let changed = self.rows_after(school, as_of.last_row).await?;
                let last_row = changed.last().map_or(as_of.last_row, |s| s.position);
                let next = AsOf { position, last_row, ..as_of };
                if changed.is_empty() {
                    Arc::make_mut(&mut kept).as_of = Some(next);
                } else {
                    let subjects: Vec<_> = changed.iter().map(|s| s.student_id.0).collect();
                    let keys = self.0.vault.keys_of(school, &subjects).await?;
                    let names = Arc::make_mut(&mut kept);
                    names.names.extend(changed.iter().map(|s| (s.student_id, open(&keys, s))));
                    names.as_of = Some(next);
                }
            }
            None => {
                let all = self.rows_after(school, 0).await?;
                let keys = self.0.vault.school_keys(school).await?;
                let last_row = all.last().map_or(0, |s| s.position);
                // Thousands of names take milliseconds: not on the threads that serve.
                let opened =
                    tokio::task::spawn_blocking(move || all.iter().map(|s| (s.student_id, open(&keys, s))).collect());
                let names = opened.await.map_err(|_| NamesError::Roster(sqlx::Error::WorkerCrashed))?;
                let as_of = AsOf { epoch, position, last_row, erasures };
                *kept = Arc::new(SchoolNames { names, as_of: Some(as_of) });
            }
        }
        Ok(kept.clone())
    }

    async fn erasures(&self, within: Duration) -> Result<i64, VaultError> {
        let began = Instant::now();
        let mut asked = self.0.erasures.lock().await;
        // All who waited here share what the first of them asks.
        if let Some((at, erasures)) = *asked
            && (at.elapsed() < within || at >= began)
        {
            return Ok(erasures);
        }
        // Before the answer: what is destroyed meanwhile counts as after it.
        let at = Instant::now();
        let erasures = self.0.vault.change().await?;
        *asked = Some((at, erasures));
        Ok(erasures)
    }

    async fn roster(&self) -> Result<Option<Checkpoint>, sqlx::Error> {
        Ok(self.0.readers.checkpoints().await?.into_iter().find(|c| c.model == ReadModel::Roster))
    }

    async fn rows_after(&self, school: SchoolId, mut after: i64) -> Result<Vec<Student>, sqlx::Error> {
        let mut tx = self.0.readers.begin(school).await?;
        let mut all = Vec::new();
        loop {
            let page = queries::students_changed_since(&mut tx, after, PAGE).await?;
            let full = i64::try_from(page.len()).is_ok_and(|n| n == PAGE);
            after = page.last().map_or(after, |s| s.position);
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    fn slot(&self, school: SchoolId) -> Arc<tokio::sync::Mutex<Arc<SchoolNames>>> {
        let mut schools = self.0.schools.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        schools.retain(|id, slot| *id == school || now.duration_since(slot.used) < KEPT);
        let slot = schools.entry(school).or_insert_with(|| Slot { used: now, names: Arc::default() });
        slot.used = now;
        slot.names.clone()
    }
}

fn open(keys: &Keyring, student: &Student) -> PersonName {
    let (Some(given), Some(family)) = (&student.given_names, &student.family_names) else {
        return if student.erased { PersonName::Erased } else { PersonName::Unknown };
    };
    let part = |field, sealed: &Sealed| keys.open(student.student_id.0, field, sealed);
    match (part("given_names", given), part("family_names", family)) {
        (Ok(Opened::Plain(given)), Ok(Opened::Plain(family))) => PersonName::Known { given, family },
        (Ok(_), Ok(_)) => PersonName::Erased,
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(student_id = %student.student_id, %error, "a name cannot be opened");
            PersonName::Unknown
        }
    }
}
