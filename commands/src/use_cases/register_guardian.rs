//! Registers a guardian (apoderado).

use crate::context::Context;
use crate::directory::{Kind, Reserved};
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::people::{Sealer, checked_name, fold, new_id};
use crate::write::{Done, Write};
use domain::guardian::{self, Command, Guardian};
use domain::sealed::SealingClass;
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{GuardianId, StreamId};

/// A guardian. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct RegisterGuardian {
    /// Name as the family writes it.
    pub name: String,
    /// RUN or other identifier.
    pub national_id: Option<NationalId>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Mail address.
    pub mail: Option<Mail>,
    /// What tells two people of one name apart where there is neither RUN nor phone nor mail: the
    /// pupil's key in a list. Without it, such a guardian is always a new one.
    pub within: Option<String>,
}

/// The guardian as registered.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredGuardian {
    /// The guardian's id.
    pub guardian_id: GuardianId,
    /// What was appended.
    pub done: Done,
}

/// The directory's value of a guardian: the RUN, else the name with the phone, or with the mail.
/// Phone and mail alone are no key: a father and a mother may share them.
pub(super) fn natural_key(
    name: &str,
    national_id: Option<&NationalId>,
    phone: Option<&Phone>,
    mail: Option<&Mail>,
) -> Option<String> {
    match (national_id, phone, mail) {
        (Some(id), _, _) => Some(id.normal()),
        (None, Some(phone), _) => Some(format!("{}|{}", fold(name), phone.e164())),
        (None, None, Some(mail)) => Some(format!("{}|{}", fold(name), mail.as_str())),
        (None, None, None) => None,
    }
}

/// Registers. One of the same RUN, or of the same name and contact, is refused as taken.
pub async fn register_guardian(
    write: &Write,
    context: &Context,
    input: RegisterGuardian,
) -> Result<RegisteredGuardian, UseCaseError> {
    let name = checked_name(&input.name)?;
    let key = natural_key(&name, input.national_id.as_ref(), input.phone.as_ref(), input.mail.as_ref())
        .or_else(|| input.within.as_ref().map(|within| format!("{}|within|{within}", fold(&name))));
    let wanted = new_id(write, context, "guardian");
    let id = match key {
        None => wanted,
        Some(key) => match write.directory().reserve(context.school, Kind::Guardian, &key, wanted, None).await? {
            Reserved::New => wanted,
            Reserved::Existing(entry) => entry.subject,
        },
    };
    let wanted_keys = [(id, SealingClass::Identity), (id, SealingClass::Contact)];
    let keys = write.vault().ensure_keys(context.school, &wanted_keys).await?;
    let sealer = Sealer { keys: &keys, subject: id, event: "guardian.registered" };
    let national_id = input.national_id.as_ref().map(|id| sealer.identity("national_id", &id.normal())).transpose()?;
    let command = Command::Register {
        name: sealer.identity("name", &name)?,
        national_id,
        phone: sealer.contact("phone", input.phone.as_ref().map(Phone::e164))?,
        mail: sealer.contact("mail", input.mail.as_ref().map(Mail::as_str))?,
    };
    match write.execute::<Guardian>(context, &StreamId::of(context.school, id), command).await.map_err(Into::into) {
        Ok(done) => Ok(RegisteredGuardian { guardian_id: GuardianId(id), done }),
        Err(UseCaseError::Guardian(guardian::Error::AlreadyRegistered)) => Err(UseCaseError::Taken(Taken::Guardian)),
        Err(other) => Err(other),
    }
}
