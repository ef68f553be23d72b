//! Gives a pupil a card or a tag.

use crate::context::Context;
use crate::directory::{Kind, Reserved};
use crate::use_cases::error::{Invalid, Taken, UseCaseError};
use crate::vault::VaultError;
use crate::write::{Done, Write};
use domain::student::{Command, CredentialKind, Student};
use domain::values::card;
use domain::{CredentialId, StreamId, StudentId};

/// What is given to whom.
#[derive(Debug, Clone)]
pub struct IssueCredential {
    /// The pupil.
    pub student_id: StudentId,
    /// What.
    pub card: NewCard,
}

/// A card to be printed, or a tag that exists.
#[derive(Debug, Clone)]
pub enum NewCard {
    /// A QR that holds the new credential's id.
    Qr,
    /// An NFC card or tag, by the UID that a reader of the same kind gave.
    Nfc {
        /// The raw UID, 4 to 10 bytes.
        uid: Vec<u8>,
    },
}

/// The card as issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCredential {
    /// The credential.
    pub credential_id: CredentialId,
    /// What a reader reads from the card, to be printed or compared.
    pub card_text: String,
    /// What was appended.
    pub done: Done,
}

/// Issues. A tag that was ever another pupil's is refused, even after its revocation: a scan of it
/// that a kiosk still holds back would become the new owner's.
pub async fn issue_credential(
    write: &Write,
    context: &Context,
    input: IssueCredential,
) -> Result<IssuedCredential, UseCaseError> {
    let owner = input.student_id.0;
    let wanted = new_credential(write, context)?;
    let (kind, card_text) = match &input.card {
        NewCard::Qr => (CredentialKind::Qr, card::encode(wanted)),
        NewCard::Nfc { uid } => {
            (CredentialKind::Nfc, card::nfc(uid).map_err(|_| UseCaseError::Invalid(Invalid::Card))?)
        }
    };
    let value = card::normalise(&card_text);
    let directory = write.directory();
    let credential_id = match directory.reserve(context.school, Kind::Card, &value, wanted.0, Some(owner)).await? {
        Reserved::New => wanted,
        Reserved::Existing(entry) if entry.owner == Some(owner) => CredentialId(entry.subject),
        Reserved::Existing(_) => return Err(UseCaseError::Taken(Taken::Card)),
    };
    let command = Command::IssueCredential { credential_id, kind };
    let done = write.execute::<Student>(context, &StreamId::of(context.school, owner), command).await;
    if let Err(crate::error::WriteError::Rejected(_)) = &done
        && credential_id == wanted
    {
        // No such pupil: the card is nobody's.
        directory.release_value(context.school, Kind::Card, &value, wanted.0).await?;
    }
    Ok(IssuedCredential { credential_id, card_text, done: done? })
}

/// An id that nobody can guess, since a card is a bearer's token: random, or, for a repeated request
/// the same, a keyed hash of the command's id.
fn new_credential(write: &Write, context: &Context) -> Result<CredentialId, UseCaseError> {
    let mut bytes = [0; 16];
    match context.command_id {
        Some(command) => {
            let secret = write.directory().hmac(context.school, Kind::Card, &format!("credential of {command}"));
            bytes.copy_from_slice(&secret[..16]);
        }
        None => getrandom::fill(&mut bytes).map_err(|_| VaultError::Random)?,
    }
    Ok(CredentialId(uuid::Builder::from_random_bytes(bytes).into_uuid()))
}
