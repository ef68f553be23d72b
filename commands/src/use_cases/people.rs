//! What the use cases about people share: ids, checked names, sealing.

use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::error::{Invalid, UseCaseError};
use crate::use_cases::part::{release, reserve_for};
use crate::vault::Opened;
use crate::vault::{Keyring, VaultError};
use crate::write::Unit;
use crate::write::Write;
use domain::sealed::SealingClass;
use domain::student::Student;
use domain::values::name;
use domain::{CourseId, Sealed, StreamId, StudentId};
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

/// What a pupil is reserved by in the directory: the RUN, else name and course, so that two imports at
/// once do not enrol one twice. The two never meet, since a RUN holds no `|`.
#[derive(Clone, PartialEq)]
pub(super) struct PupilKey {
    /// In normal form.
    pub(super) national_id: Option<String>,
    pub(super) given_names: String,
    pub(super) family_names: String,
    pub(super) course_id: CourseId,
}

impl PupilKey {
    /// The directory's value.
    pub(super) fn value(&self) -> String {
        let nameless =
            || format!("{}|{}", fold(&format!("{} {}", self.given_names, self.family_names)), self.course_id);
        self.national_id.clone().unwrap_or_else(nameless)
    }

    /// The key of a pupil as the log has it now; none for whoever was never enrolled or is erased.
    pub(super) async fn of_registered(
        write: &Write,
        context: &Context,
        id: StudentId,
    ) -> Result<Option<Self>, UseCaseError> {
        let state = write.state::<Student>(&StreamId::of(context.school, id)).await?;
        let Some(pupil) = state.pupil() else { return Ok(None) };
        let keys = write.vault().keys_of(context.school, &[id.0]).await?;
        let open = |field: &str, sealed: &Sealed| {
            Ok::<_, VaultError>(match keys.open(id.0, field, sealed)? {
                Opened::Plain(text) => Some(text),
                Opened::Erased => None,
            })
        };
        let names = open("given_names", &pupil.given_names)?.zip(open("family_names", &pupil.family_names)?);
        let Some((given_names, family_names)) = names else { return Ok(None) };
        let national_id = pupil.national_id.as_ref().map(|sealed| open("national_id", sealed)).transpose()?.flatten();
        Ok(Some(Self { national_id, given_names, family_names, course_id: pupil.course_id }))
    }

    /// Reserves what the pupil is found by from now on, and frees what it was. Says `false`, and
    /// reserves nothing, where the new value is another's.
    pub(super) async fn replace(
        &self,
        before: &Self,
        write: &Write,
        context: &Context,
        unit: &mut Unit,
        id: StudentId,
    ) -> Result<bool, UseCaseError> {
        let (value, old) = (self.value(), before.value());
        if value != old {
            release(write, context, unit, (Kind::NationalId, &old), id.0);
        }
        reserve_for(write, context, unit, (Kind::NationalId, &value), id.0).await
    }
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
