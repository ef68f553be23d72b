//! Corrects a guardian's name, phone or mail.

use crate::context::Context;
use crate::directory::{Kind, Reserved};
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::people::{Sealer, checked_name, keys_of_known};
use crate::use_cases::register_guardian::natural_key;
use crate::write::{Done, Write};
use domain::guardian::{Command, Guardian};
use domain::values::mail::Mail;
use domain::values::phone::Phone;
use domain::{GuardianId, StreamId};

/// All contact fields, not a difference. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct ChangeGuardianContact {
    /// The guardian.
    pub guardian_id: GuardianId,
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: Option<Phone>,
    /// Mail address.
    pub mail: Option<Mail>,
    /// Whether the guardian has no RUN and is found by name and contact: then what was reserved for
    /// them before (name, phone, mail) is given back.
    pub found_by_before: Option<(String, Option<Phone>, Option<Mail>)>,
}

/// Writes the fields. Where they are the guardian's natural key and another guardian's too, it is
/// refused as taken.
pub async fn change_guardian_contact(
    write: &Write,
    context: &Context,
    input: ChangeGuardianContact,
) -> Result<Done, UseCaseError> {
    let id = input.guardian_id.0;
    let name = checked_name(&input.name)?;
    let keys = keys_of_known(write, context, id).await?;
    let key = input
        .found_by_before
        .as_ref()
        .and_then(|_| natural_key(&name, None, input.phone.as_ref(), input.mail.as_ref()));
    let before = input.found_by_before.as_ref().and_then(|(n, p, m)| natural_key(n, None, p.as_ref(), m.as_ref()));
    if let Some(key) = &key {
        match write.directory().reserve(context.school, Kind::Guardian, key, id, None).await? {
            Reserved::Existing(entry) if entry.subject != id => return Err(UseCaseError::Taken(Taken::Guardian)),
            Reserved::New | Reserved::Existing(_) => {}
        }
    }
    let sealer = Sealer { keys: &keys, subject: id, event: "guardian.contact_changed" };
    let command = Command::ChangeContact {
        name: sealer.identity("name", &name)?,
        phone: sealer.contact("phone", input.phone.as_ref().map(Phone::e164))?,
        mail: sealer.contact("mail", input.mail.as_ref().map(Mail::as_str))?,
    };
    let done = write.execute::<Guardian>(context, &StreamId::of(context.school, id), command).await?;
    if let Some(before) = before.filter(|before| key.as_ref() != Some(before)) {
        write.directory().release_value(context.school, Kind::Guardian, &before, id).await?;
    }
    Ok(done)
}
