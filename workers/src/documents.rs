//! Documents that families hand in: looked at, made small and free of what a telephone writes into a photo, sealed under
//! the pupil's key, kept by an S3 service. Nothing of a file is believed but its bytes.
//!
//! Kept first, then spoken of by an event: an event never speaks of a document that is not there. What no event speaks
//! of is thrown away by [`sweep`].

mod picture;

use crate::objects::{ObjectError, Objects};
use chrono::NaiveDate;
use commands::documents::{AT_ONCE, Handed, forget, hand_in, open, settle};
use commands::use_cases::UseCaseError;
use commands::{Context, Write};
use domain::attendance_day::{Document, DocumentKind};
use domain::{DocumentId, SchoolId, StudentId};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Largest file that is taken, in bytes: a photo of a telephone is three to six million.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;
/// How long a file waits until those before it were looked at.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before the first sweep.
const SOON: Duration = Duration::from_secs(60);
/// Pause between two sweeps.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Where documents are kept. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    objects: Objects,
    /// One picture is unpacked at a time: each takes as much memory as its pixels.
    unpacks: Arc<Semaphore>,
}

/// Why a file is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Neither PDF nor JPEG nor PNG, whatever its name says.
    #[error("neither PDF nor JPEG nor PNG")]
    Kind,
    /// It begins like one and cannot be read.
    #[error("it cannot be read")]
    Unreadable,
    /// Too many bytes, or too many pixels.
    #[error("it is too large")]
    TooLarge,
}

/// Why a document was not kept, or not opened.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file is none.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Too many files are looked at.
    #[error("too many files at once")]
    Busy,
    /// The service is not there; nothing is on record.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The write side refused, or is not there.
    #[error(transparent)]
    UseCase(#[from] UseCaseError),
}

/// What a file is by its first bytes.
pub fn kind_of(bytes: &[u8]) -> Option<DocumentKind> {
    [
        (&b"%PDF-"[..], DocumentKind::Pdf),
        (&[0xff, 0xd8, 0xff], DocumentKind::Jpeg),
        (b"\x89PNG\r\n\x1a\n", DocumentKind::Png),
    ]
    .into_iter()
    .find(|(start, _)| bytes.starts_with(start))
    .map(|(_, kind)| kind)
}

impl Documents {
    /// In a bucket.
    pub fn new(objects: Objects) -> Self {
        Self { objects, unpacks: Arc::new(Semaphore::new(1)) }
    }

    /// Keeps a file for a pupil's day, to be spoken of by an event of that day. `sheet` was minted with the form: the
    /// same file sent with it again is the same document, another file is another.
    pub async fn keep(
        &self,
        write: &Write,
        context: &Context,
        (student, date): (StudentId, NaiveDate),
        sheet: Uuid,
        file: Vec<u8>,
    ) -> Result<Document, DocumentError> {
        let name = [student.0.as_bytes(), date.to_string().as_bytes(), &Sha256::digest(&file)].concat();
        let document_id = DocumentId(Uuid::new_v5(&sheet, &name));
        let (kind, plain) = self.looked_at(file).await?;
        let bytes = u32::try_from(plain.len()).map_err(|_| Unfit::TooLarge)?;
        let handed = Handed { school: context.school, student, document: document_id };
        let sealed = hand_in(write, context, handed, date, &plain).await?;
        self.objects.put(&handed.key(), sealed).await?;
        metrics::counter!("documents_kept_total").increment(1);
        Ok(Document { document_id, kind, bytes })
    }

    /// What the file is, as it is kept.
    async fn looked_at(&self, file: Vec<u8>) -> Result<(DocumentKind, Vec<u8>), DocumentError> {
        let kind = kind_of(&file).ok_or(Unfit::Kind)?;
        if file.len() > MOST_BYTES {
            return Err(Unfit::TooLarge.into());
        }
        // Nobody takes a PDF apart: it is handed out as a file, never shown within the page.
        if kind == DocumentKind::Pdf {
            return Ok((kind, file));
        }
        let turn = timeout(PATIENCE, self.unpacks.clone().acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(DocumentError::Busy)?;
        let drawn = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller, who may hang up.
            let _turn = turn;
            picture::redrawn(kind, &file)
        });
        Ok(drawn.await.map_err(|_| Unfit::Unreadable)??)
    }

    /// A document as it was kept; none if it is not there any more, or its pupil was erased.
    pub async fn open(
        &self,
        write: &Write,
        (school, student): (SchoolId, StudentId),
        document: DocumentId,
    ) -> Result<Option<Vec<u8>>, DocumentError> {
        let handed = Handed { school, student, document };
        // What is sealed is longer by its key's name, nonce and tag.
        match self.objects.get(&handed.key(), 2 * MOST_BYTES).await? {
            Some(sealed) => Ok(open(write, handed, &sealed).await?),
            None => Ok(None),
        }
    }

    /// Throws away what no event speaks of a day later, and what was an erased pupil's. How many.
    pub async fn sweep(&self, write: &Write) -> Result<usize, DocumentError> {
        let (mut gone, mut failed) = (0, None);
        loop {
            let some = settle(write, write.clock().of_people()).await.map_err(UseCaseError::from)?;
            for handed in &some {
                // One that the service keeps is tried again; the others go.
                match self.objects.delete(&handed.key()).await {
                    Ok(()) => forget(write, *handed).await.map_err(UseCaseError::from)?,
                    Err(error) => failed = Some(error),
                }
            }
            gone += some.len();
            if let Some(error) = failed {
                return Err(error.into());
            }
            if i64::try_from(some.len()).unwrap_or(i64::MAX) < AT_ONCE {
                return Ok(gone);
            }
        }
    }
}

/// Sweeps soon and then once an hour, until it is told to stop. Whoever sweeps beside another process finds less to do.
pub async fn run(documents: Documents, write: Write, stop: CancellationToken) {
    let mut pause = SOON;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = EVERY;
        match stop.run_until_cancelled(documents.sweep(&write)).await {
            Some(Ok(0)) | None => {}
            Some(Ok(gone)) => tracing::info!(gone, "documents were thrown away"),
            Some(Err(error)) => tracing::warn!(%error, "documents are not thrown away this time"),
        }
    }
}

#[cfg(test)]
mod tests;
