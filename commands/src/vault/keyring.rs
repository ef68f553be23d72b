//! The keys of many subjects at once: seals and opens without asking the database again.

use super::{VaultError, cipher};
use crate::keys::Kek;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::sealed::SealingClass;
use domain::{SchoolId, Sealed};
use std::collections::{HashMap, HashSet};
use std::fmt;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What a sealed value says.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The value.
    Plain(String),
    /// Its key was destroyed.
    Erased,
}

impl Opened {
    /// The value, unless it is erased.
    pub fn plain(self) -> Option<String> {
        match self {
            Self::Plain(plain) => Some(plain),
            Self::Erased => None,
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(…)",
            Self::Erased => "Erased",
        })
    }
}

/// One subject's key of one class.
#[derive(Clone)]
pub(super) struct DataKey {
    pub(super) id: Uuid,
    bytes: Zeroizing<[u8; 32]>,
}

impl DataKey {
    pub(super) fn random(id: Uuid) -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Random)?;
        Ok(Self { id, bytes })
    }

    fn aad(id: Uuid, school: SchoolId, subject: Uuid, class: SealingClass) -> String {
        format!("{school}|{subject}|{}|{id}", class.as_str())
    }

    pub(super) fn wrap(
        &self,
        kek: &Kek,
        school: SchoolId,
        subject: Uuid,
        class: SealingClass,
    ) -> Result<Vec<u8>, VaultError> {
        cipher::seal(kek.bytes(), self.bytes.as_slice(), &Self::aad(self.id, school, subject, class))
    }

    pub(super) fn unwrap(
        id: Uuid,
        wrapped: &[u8],
        kek: &Kek,
        school: SchoolId,
        subject: Uuid,
        class: SealingClass,
    ) -> Result<Self, VaultError> {
        let plain = cipher::open(kek.bytes(), wrapped, &Self::aad(id, school, subject, class)).map(Zeroizing::new);
        let bytes = plain.as_deref().and_then(|p| <[u8; 32]>::try_from(p.as_slice()).ok());
        bytes.map(|bytes| Self { id, bytes: Zeroizing::new(bytes) }).ok_or(VaultError::WrongKek)
    }
}

pub(super) fn class(name: &str) -> Option<SealingClass> {
    [SealingClass::Identity, SealingClass::Contact, SealingClass::Evidence, SealingClass::Reason]
        .into_iter()
        .find(|class| class.as_str() == name)
}

/// The first byte of a sealed file.
const FILE_VERSION: u8 = 1;

/// The keys of some subjects of one school, or of all, as they were when it was loaded.
///
/// A keyring that is kept must be loaded again when [`super::Vault::change`] has grown (keys were
/// destroyed) or when [`Keyring::covers`] says no (a subject came later).
#[derive(Clone)]
pub struct Keyring {
    school: SchoolId,
    keys: HashMap<(Uuid, SealingClass), DataKey>,
    /// Whose a key is or was, the destroyed ones included.
    subject_of: HashMap<Uuid, Uuid>,
    shredded: HashSet<Uuid>,
    /// Whom it was loaded for; `None` is the whole school.
    scope: Option<HashSet<Uuid>>,
}

impl Keyring {
    pub(super) fn of(school: SchoolId, subjects: impl IntoIterator<Item = Uuid>) -> Self {
        Self { scope: Some(subjects.into_iter().collect()), ..Self::of_school(school) }
    }

    pub(super) fn of_school(school: SchoolId) -> Self {
        Self { school, keys: HashMap::new(), subject_of: HashMap::new(), shredded: HashSet::new(), scope: None }
    }

    /// A keyring with one new key that no database knows.
    #[doc(hidden)]
    pub fn fresh(school: SchoolId, subject: Uuid, class: SealingClass, id: Uuid) -> Result<Self, VaultError> {
        let mut ring = Self::of(school, [subject]);
        ring.add(subject, class, DataKey::random(id)?);
        Ok(ring)
    }

    pub(super) fn add(&mut self, subject: Uuid, class: SealingClass, key: DataKey) {
        self.subject_of.insert(key.id, subject);
        self.keys.insert((subject, class), key);
    }

    pub(super) fn add_shredded(&mut self, key_id: Uuid, subject: Uuid) {
        self.subject_of.insert(key_id, subject);
        self.shredded.insert(key_id);
    }

    /// The school it belongs to.
    pub fn school(&self) -> SchoolId {
        self.school
    }

    /// Whether it has this subject's key of this class.
    pub fn holds(&self, subject: Uuid, class: SealingClass) -> bool {
        self.keys.contains_key(&(subject, class))
    }

    /// Adds the keys that another keyring of the same school holds.
    pub fn extend(&mut self, other: Self) {
        if other.school == self.school {
            self.keys.extend(other.keys);
            self.subject_of.extend(other.subject_of);
            self.shredded.extend(other.shredded);
            self.scope = match (self.scope.take(), other.scope) {
                (Some(a), Some(b)) => Some(&a | &b),
                _ => None,
            };
        }
    }

    /// Seals a value of `subject` for one field of one event (`student.enrolled`, `given_names`).
    /// The key must have been ensured.
    pub fn seal(
        &self,
        subject: Uuid,
        class: SealingClass,
        event: &'static str,
        field: &'static str,
        plain: &str,
    ) -> Result<Sealed, VaultError> {
        if [event, field].iter().any(|name| name.is_empty() || name.contains([':', '|'])) {
            return Err(VaultError::Name);
        }
        let key = self.keys.get(&(subject, class)).ok_or(VaultError::NotLoaded)?;
        let bytes = cipher::seal(&key.bytes, plain.as_bytes(), &self.aad(subject, event, field, key.id))?;
        let (class, id, text) = (class.as_str(), key.id, URL_SAFE_NO_PAD.encode(bytes));
        Ok(Sealed(format!("v1:{event}:{field}:{class}:{id}:{text}")))
    }

    /// Opens a value that stands at `subject` in `field`.
    pub fn open(&self, subject: Uuid, field: &str, sealed: &Sealed) -> Result<Opened, VaultError> {
        let parts = Parts::of(sealed).ok_or(VaultError::Malformed)?;
        if parts.field != field || self.subject_of.get(&parts.key_id).is_some_and(|owner| *owner != subject) {
            return Err(VaultError::Tampered);
        }
        if self.scope.as_ref().is_some_and(|scope| !scope.contains(&subject)) {
            return Err(VaultError::NotLoaded);
        }
        if self.shredded.contains(&parts.key_id) {
            return Ok(Opened::Erased);
        }
        let Some(key) = self.keys.get(&(subject, parts.class)) else { return Ok(Opened::Erased) };
        if key.id != parts.key_id {
            return Err(VaultError::Tampered); // neither the key there is nor one that there was
        }
        let plain = cipher::open(&key.bytes, &parts.bytes, &self.aad(subject, parts.event, field, key.id))
            .and_then(|bytes| String::from_utf8(bytes).ok());
        plain.map(Opened::Plain).ok_or(VaultError::Tampered)
    }

    /// Seals a file of `subject` that is kept outside of the log under `file`: one byte of version, the key's id, then
    /// nonce and ciphertext. The key must have been ensured.
    pub fn seal_file(
        &self,
        subject: Uuid,
        class: SealingClass,
        file: Uuid,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.keys.get(&(subject, class)).ok_or(VaultError::NotLoaded)?;
        let sealed = cipher::seal(&key.bytes, plain, &self.aad_of_file(subject, file, key.id))?;
        Ok([&[FILE_VERSION], &key.id.as_bytes()[..], &sealed].concat())
    }

    /// Opens a file that is kept of `subject` under `file`; none if its key is gone.
    pub fn open_file(
        &self,
        subject: Uuid,
        class: SealingClass,
        file: Uuid,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let (version, rest) = sealed.split_first().ok_or(VaultError::Malformed)?;
        let (key_id, sealed) = rest.split_first_chunk::<16>().ok_or(VaultError::Malformed)?;
        let key_id = Uuid::from_bytes(*key_id);
        if *version != FILE_VERSION {
            return Err(VaultError::Malformed);
        }
        if self.subject_of.get(&key_id).is_some_and(|owner| *owner != subject) {
            return Err(VaultError::Tampered);
        }
        if self.scope.as_ref().is_some_and(|scope| !scope.contains(&subject)) {
            return Err(VaultError::NotLoaded);
        }
        match self.keys.get(&(subject, class)) {
            _ if self.shredded.contains(&key_id) => Ok(None),
            None => Ok(None),
            Some(key) if key.id != key_id => Err(VaultError::Tampered),
            Some(key) => {
                let plain = cipher::open(&key.bytes, sealed, &self.aad_of_file(subject, file, key_id));
                plain.map(Some).ok_or(VaultError::Tampered)
            }
        }
    }

    fn aad_of_file(&self, subject: Uuid, file: Uuid, key_id: Uuid) -> String {
        format!("{}|{subject}|file|{file}|{key_id}", self.school)
    }

    fn aad(&self, subject: Uuid, event: &str, field: &str, key_id: Uuid) -> String {
        format!("{}|{subject}|{event}|{field}|{key_id}", self.school)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys of {})", self.keys.len(), self.school)
    }
}

struct Parts<'a> {
    event: &'a str,
    field: &'a str,
    class: SealingClass,
    key_id: Uuid,
    bytes: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a Sealed) -> Option<Self> {
        let mut parts = sealed.as_str().splitn(6, ':');
        let mut next = || parts.next();
        if next()? != "v1" {
            return None;
        }
        Some(Self {
            event: next()?,
            field: next()?,
            class: class(next()?)?,
            key_id: Uuid::parse_str(next()?).ok()?,
            bytes: URL_SAFE_NO_PAD.decode(next()?).ok()?,
        })
    }
}
