//! Gives a pupil a card or a tag.

use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::error::{Invalid, Taken, UseCaseError};
use crate::use_cases::part::{Part, commit_one};
use crate::vault::VaultError;
use crate::write::{Done, Unit, Write};
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

impl Part for IssueCredential {
    /// The credential, and the card's text.
    type Answer = (CredentialId, String);

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<Self::Answer, UseCaseError> {
        let owner = self.student_id.0;
        let wanted = new_credential(write, context)?;
        let (kind, card_text) = match &self.card {
            NewCard::Qr => (CredentialKind::Qr, card::encode(wanted)),
            NewCard::Nfc { uid } => {
                (CredentialKind::Nfc, card::nfc(uid).map_err(|_| UseCaseError::Invalid(Invalid::Card))?)
            }
        };
        let value = card::normalise(&card_text);
        let directory = write.directory();
        let credential_id = match directory.find(context.school, Kind::Card, &value).await? {
            None => wanted,
            Some(entry) if entry.owner == Some(owner) => CredentialId(entry.subject),
            Some(_) => return Err(UseCaseError::Taken(Taken::Card)),
        };
        let hmac = directory.hmac(context.school, Kind::Card, &value);
        unit.reserve(Kind::Card, hmac, credential_id.0, Some(owner));
        let command = Command::IssueCredential { credential_id, kind };
        unit.step::<Student>(context, StreamId::of(context.school, owner), command);
        Ok((credential_id, card_text))
    }
}

/// Issues. A tag that was ever another pupil's is refused, even after its revocation or the
/// pupil's erasure: a scan of it that a kiosk still holds back would become the new owner's.
pub async fn issue_credential(
    write: &Write,
    context: &Context,
    input: IssueCredential,
) -> Result<IssuedCredential, UseCaseError> {
    let ((credential_id, card_text), done) = commit_one(write, context, &input).await?;
    Ok(IssuedCredential { credential_id, card_text, done })
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
