//! Corrects a guardian's name, identifier, phone or mail, or adds what became known.

use crate::context::Context;
use crate::directory::Kind;
use crate::guardians::Address;
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::part::{Part, commit_one, release, reserve_for};
use crate::use_cases::people::{Sealer, checked_name, keys_of_known};
use crate::use_cases::register_guardian::natural_key;
use crate::write::{Done, Unit, Write};
use domain::guardian::{Command, Guardian, State};
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{GuardianId, SchoolId, Sealed, StreamId};

/// Who a guardian is and how to reach them. Holds personal data in clear: neither `Debug` nor
/// `Display`.
#[derive(Clone, PartialEq)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// RUN or other identifier.
    pub national_id: Option<NationalId>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Mail address.
    pub mail: Option<Mail>,
}

impl Contact {
    /// How a guardian is called and reached by the log; none if nobody is, or the guardian is erased.
    pub async fn of(write: &Write, school: SchoolId, guardian: GuardianId) -> Result<Option<Self>, UseCaseError> {
        let state = write.state::<Guardian>(&StreamId::of(school, guardian)).await?;
        let State::Registered { name, national_id, phone, mail, .. } = state else { return Ok(None) };
        let keys = write.vault().keys_of(school, &[guardian.0]).await?;
        let open = |field, sealed: Option<&Sealed>| keys.open(guardian.0, field, sealed?).ok()?.plain();
        let Some(name) = open("name", Some(&name)) else { return Ok(None) };
        Ok(Some(Self {
            name,
            national_id: open("national_id", national_id.as_ref()).and_then(|id| NationalId::parse(&id).ok()),
            phone: open("phone", phone.as_ref()).and_then(|phone| Phone::parse(&phone).ok()),
            mail: open("mail", mail.as_ref()).and_then(|mail| Mail::parse(&mail).ok()),
        }))
    }

    fn key(&self) -> Option<String> {
        natural_key(&self.name, self.national_id.as_ref(), self.phone.as_ref(), self.mail.as_ref())
    }
}

/// A change.
#[derive(Clone)]
pub struct ChangeGuardianContact {
    /// The guardian.
    pub guardian_id: GuardianId,
    /// All fields as they should be, not a difference.
    pub contact: Contact,
    /// All fields as the caller knew them: what the guardian was found by becomes free.
    pub before: Contact,
}

impl Part for ChangeGuardianContact {
    type Answer = ();

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let id = self.guardian_id.0;
        let contact = Contact { name: checked_name(&self.contact.name)?, ..self.contact.clone() };
        if contact == self.before {
            return Ok(());
        }
        let keys = keys_of_known(write, context, id).await?;
        let (key, before) = (contact.key(), self.before.key());
        if let Some(before) = before.filter(|before| key.as_ref() != Some(before)) {
            release(write, context, unit, (Kind::Guardian, &before), id);
        }
        if let Some(key) = &key
            && !reserve_for(write, context, unit, (Kind::Guardian, key), id).await?
        {
            return Err(UseCaseError::Taken(Taken::Guardian));
        }
        let sealer = Sealer { keys: &keys, subject: id, event: "guardian.contact_changed" };
        let national_id = contact.national_id.as_ref().map(|id| sealer.identity("national_id", &id.normal()));
        let command = Command::ChangeContact {
            name: sealer.identity("name", &contact.name)?,
            national_id: national_id.transpose()?,
            phone: sealer.contact("phone", contact.phone.as_ref().map(Phone::e164))?,
            mail: sealer.contact("mail", contact.mail.as_ref().map(Mail::as_str))?,
        };
        unit.step::<Guardian>(context, StreamId::of(context.school, id), command);
        unit.reach(Address::of(write, self.guardian_id, contact.mail.as_ref()));
        Ok(())
    }
}

/// Writes the fields; those that are known already change nothing. Where the guardian would be found by what is another guardian's (the RUN; name
/// and phone or mail), it is refused as taken.
pub async fn change_guardian_contact(
    write: &Write,
    context: &Context,
    input: ChangeGuardianContact,
) -> Result<Done, UseCaseError> {
    Ok(commit_one(write, context, &input).await?.1)
}
