//! What the use cases about people share: ids, checked names, sealing.

use crate::context::Context;
use crate::use_cases::error::{Invalid, UseCaseError};
use crate::vault::{Keyring, VaultError};
use crate::write::Write;
use domain::sealed::SealingClass;
use domain::values::name;
use domain::{Sealed, StreamId};
use uuid::Uuid;

/// A new id: the same for a repeated request, so that a repeat without a RUN finds its own stream.
pub(super) fn new_id(write: &Write, context: &Context, what: &str) -> Uuid {
    subject_of(context, what).unwrap_or_else(|| write.ids().next())
}

/// The id that a use case will give its new `student`, `guardian`, `course` or `kiosk`, where the
/// context has a command id and nothing is reserved yet: whoever writes many people makes their keys
/// together beforehand.
pub fn subject_of(context: &Context, what: &str) -> Option<Uuid> {
    context.command_id.map(|command| Uuid::new_v5(&command.0, what.as_bytes()))
}

/// A name that can be kept.
pub(super) fn checked_name(text: &str) -> Result<String, UseCaseError> {
    name::clean(text).map_err(|_| UseCaseError::Invalid(Invalid::Name))
}

/// Seals the fields of one event of one subject.
pub(super) struct Sealer<'a> {
    pub(super) keys: &'a Keyring,
    pub(super) subject: Uuid,
    pub(super) event: &'static str,
}

impl Sealer<'_> {
    pub(super) fn identity(&self, field: &'static str, plain: &str) -> Result<Sealed, VaultError> {
        self.keys.seal(self.subject, SealingClass::Identity, self.event, field, plain)
    }

    pub(super) fn contact(&self, field: &'static str, plain: Option<&str>) -> Result<Option<Sealed>, VaultError> {
        plain.map(|plain| self.keys.seal(self.subject, SealingClass::Contact, self.event, field, plain)).transpose()
    }
}

/// The keys of a person who is registered already. Makes none: new keys for an erased person would
/// be a person again.
pub(super) async fn keys_of_known(write: &Write, context: &Context, subject: Uuid) -> Result<Keyring, UseCaseError> {
    let keys = write.vault().keys_of(context.school, &[subject]).await?;
    if keys.holds(subject, SealingClass::Identity) { Ok(keys) } else { Err(UseCaseError::Erased) }
}

/// Whether a stream of this type has any event.
pub(super) async fn exists(write: &Write, aggregate: &str, stream: &StreamId) -> Result<bool, UseCaseError> {
    Ok(sqlx::query_scalar!(
        r#"select exists(select from events where aggregate_type = $1 and aggregate_id = $2) as "exists!""#,
        aggregate,
        stream.as_str(),
    )
    .fetch_one(write.pool())
    .await?)
}

/// Lower case without accents (`ñ` too: lists lose it), punctuation or double spaces: how two
/// spellings of a name or a header are compared.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = match c {
            'á' | 'à' | 'ä' | 'â' | 'ã' => 'a',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'í' | 'ì' | 'ï' | 'î' => 'i',
            'ó' | 'ò' | 'ö' | 'ô' | 'õ' => 'o',
            'ú' | 'ù' | 'ü' | 'û' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            // `1º`, `1ª`: ordinals written in place of `1°`.
            'º' | 'ª' => '°',
            c => c,
        };
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn folding_forgets_case_accents_and_punctuation() {
        assert_eq!(fold("  Teléfono   Apoderado (1) "), "telefono apoderado 1");
        assert_eq!(fold("N° MATRÍCULA"), "n matricula");
        assert_eq!(fold("Muñoz-O'Higgins"), fold("MUNOZ O HIGGINS"));
    }
}
