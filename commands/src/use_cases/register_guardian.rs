//! Registers a guardian (apoderado).

use crate::context::Context;
use crate::directory::Kind;
use crate::guardians::Address;
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::part::{Part, commit_one, reserve_for_somebody};
use crate::use_cases::people::{Sealer, checked_name, fold, new_id};
use crate::write::{Done, Unit, Write};
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

impl Part for RegisterGuardian {
    type Answer = GuardianId;

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<GuardianId, UseCaseError> {
        let name = checked_name(&self.name)?;
        let key = natural_key(&name, self.national_id.as_ref(), self.phone.as_ref(), self.mail.as_ref())
            .or_else(|| self.within.as_ref().map(|within| format!("{}|within|{within}", fold(&name))));
        let wanted = new_id(write, context, "guardian");
        let id = match key {
            None => wanted,
            Some(key) => reserve_for_somebody(write, context, unit, (Kind::Guardian, &key), wanted).await?,
        };
        let wanted_keys = [(id, SealingClass::Identity), (id, SealingClass::Contact)];
        let keys = write.vault().ensure_keys(context.school, &wanted_keys).await?;
        let sealer = Sealer { keys: &keys, subject: id, event: "guardian.registered" };
        let national_id = self.national_id.as_ref().map(|id| sealer.identity("national_id", &id.normal()));
        let command = Command::Register {
            name: sealer.identity("name", &name)?,
            national_id: national_id.transpose()?,
            phone: sealer.contact("phone", self.phone.as_ref().map(Phone::e164))?,
            mail: sealer.contact("mail", self.mail.as_ref().map(Mail::as_str))?,
        };
        unit.step::<Guardian>(context, StreamId::of(context.school, id), command);
        unit.reach(Address::of(write, GuardianId(id), self.mail.as_ref()));
        Ok(GuardianId(id))
    }
}

/// Registers. One of the same RUN, or of the same name and contact, is refused as taken.
pub async fn register_guardian(
    write: &Write,
    context: &Context,
    input: RegisterGuardian,
) -> Result<RegisteredGuardian, UseCaseError> {
    match commit_one(write, context, &input).await {
        Ok((guardian_id, done)) => Ok(RegisteredGuardian { guardian_id, done }),
        Err(UseCaseError::Guardian(guardian::Error::AlreadyRegistered)) => Err(UseCaseError::Taken(Taken::Guardian)),
        Err(other) => Err(other),
    }
}
