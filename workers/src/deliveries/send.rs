//! One message: asked about once more, opened, sent, and what became of it written down.

use super::{Sent, Ways, phone_key};
use crate::mail::Letter;
use crate::words::{Facts, filled, mail};
use chrono::TimeDelta;
use commands::Write;
use commands::deliveries::{Message, Outcome, Outgoing, channels, judge, opened, record};
use commands::use_cases::UseCaseError;
use commands::vault::Opened;
use domain::delivery::{Channel, Failure, Mode, Says};
use domain::guardian::notices::Language;
use domain::values::mail::Mail;
use domain::values::phone::Phone;
use uuid::Uuid;

/// How long ago the rules may have been asked.
const LOOKED_AT: TimeDelta = TimeDelta::seconds(30);
/// How long a message waits at least whose channel is being paused.
const PAUSES: TimeDelta = TimeDelta::seconds(5);

/// A message with whatever of it was sealed. Holds personal data in clear: neither `Debug` nor `Display`.
struct Plain {
    address: String,
    names: Vec<String>,
    /// Subject and text of a broadcast.
    message: Option<(String, String)>,
}

/// Sends a message that was claimed. An error: what became of it is not written down, and it will be swept.
pub async fn send(ways: &Ways, write: &Write, mut message: Message) -> Result<(), UseCaseError> {
    #[cfg(test)]
    reach("deliveries: before the post").await?;
    let (claimed, began) = (message.clone(), write.clock().now());
    let (outgoing, plain) = match prepare(write, &mut message).await {
        Ok(None) => return Ok(()),
        Ok(Some(ready)) if write.clock().now() - began < LOOKED_AT => ready,
        // Certainly not sent: a hiccup of a database is no doubt about a telephone. Nor is what was looked at too long
        // ago, while this machine slept.
        late => {
            let outcome = Outcome::NotSent { reason: Failure::Unreachable, code: None };
            record(write, &claimed, outcome, fastrand::f64()).await?;
            return late.map(drop);
        }
    };
    let Some(plain) = plain else {
        // Erased between the log's word and the keys'.
        let outcome = Outcome::Failed { reason: Failure::Recipient, code: None };
        return Ok(record(write, &message, outcome, 0.0).await?);
    };
    let sent = match message.channel {
        Channel::Whatsapp => by_whatsapp(ways, write, &message, &outgoing, &plain).await?,
        Channel::Email => by_mail(ways, &message, &outgoing, &plain).await,
    };
    #[cfg(test)]
    reach("deliveries: after the post").await?;
    settle(write, &message, sent).await
}

/// Asks every rule, and opens what is sealed.
async fn prepare(write: &Write, message: &mut Message) -> Result<Option<(Outgoing, Option<Plain>)>, UseCaseError> {
    let Some(outgoing) = judge(write, message).await? else { return Ok(None) };
    let plain = open(write, message, &outgoing).await?;
    Ok(Some((outgoing, plain)))
}

/// For tests.
#[cfg(test)]
async fn reach(place: &'static str) -> Result<(), UseCaseError> {
    Ok(local_services::failpoint::reach(place).await.map_err(sqlx::Error::Io)?)
}

async fn settle(write: &Write, message: &Message, sent: Sent) -> Result<(), UseCaseError> {
    let (channel, says) = (message.channel, message.says);
    // What became of the message is written first: no pause that fails makes a doubt of it.
    let pause = match sent {
        Sent::Pause { reason, code } => Some((None, reason, code)),
        Sent::Template { code } => Some((Some(says), "template", code)),
        _ => None,
    };
    let outcome = match sent {
        Sent::Accepted { id } => {
            let provider = id.map(|id| commands::deliveries::provider_key(write, &id));
            Outcome::Accepted { mode: Mode::Live, provider }
        }
        Sent::Sandbox => Outcome::Accepted { mode: Mode::Sandbox, provider: None },
        Sent::NotSent { reason, code } => Outcome::NotSent { reason, code },
        Sent::Failed { reason, code } => Outcome::Failed { reason, code },
        Sent::Unknown(doubt) => Outcome::Unknown(doubt),
        Sent::Pause { code, .. } => Outcome::PutBack { until: write.clock().now() + PAUSES, code },
        Sent::Template { code } => Outcome::Failed { reason: Failure::Template, code },
    };
    if let Outcome::Failed { reason, code } = outcome {
        // Ids and codes: no address, no name.
        tracing::warn!(message_id = %message.message_id, %channel, %says, ?reason, code, "a notice came to nothing");
    }
    record(write, message, outcome, fastrand::f64()).await?;
    if let Some((of, reason, code)) = pause {
        channels::pause(write, (channel, of), reason, code).await?;
    }
    Ok(())
}

async fn by_whatsapp(
    ways: &Ways,
    write: &Write,
    message: &Message,
    outgoing: &Outgoing,
    plain: &Plain,
) -> Result<Sent, UseCaseError> {
    let Ok(phone) = Phone::parse(&plain.address) else {
        return Ok(Sent::Failed { reason: Failure::Recipient, code: None });
    };
    if opened(write, message, phone_key(write, phone.e164())).await.is_err() {
        return Ok(Sent::NotSent { reason: Failure::Unreachable, code: None });
    }
    let template = filled(message.says, language(outgoing), &facts(message, outgoing, plain));
    Ok(ways.whatsapp.send(phone.e164(), &template, message.message_id).await)
}

async fn by_mail(ways: &Ways, message: &Message, outgoing: &Outgoing, plain: &Plain) -> Sent {
    let Ok(to) = Mail::parse(&plain.address) else {
        return Sent::Failed { reason: Failure::Recipient, code: None };
    };
    let (subject, text, html) = mail(message.says, language(outgoing), &facts(message, outgoing, plain));
    // The same for every try: a mail server may know the second one by it.
    let id = message.parts.iter().map(|part| part.delivery.0).min().unwrap_or(message.message_id);
    ways.mail.deliver(&Letter { id, kind: kind(message.says), to, subject, text, html: Some(html) }).await
}

const fn kind(says: Says) -> &'static str {
    says.as_str()
}

fn language(outgoing: &Outgoing) -> Language {
    outgoing.language.unwrap_or(Language::Es)
}

fn facts<'a>(message: &Message, outgoing: &'a Outgoing, plain: &'a Plain) -> Facts<'a> {
    let words = plain.message.as_ref().map(|(subject, text)| (subject.as_str(), text.as_str()));
    Facts {
        names: &plain.names,
        at: message.about_at,
        zone: outgoing.zone,
        school: &outgoing.school_name,
        message: words,
    }
}

/// Opens what is sealed; none: somebody was erased.
async fn open(write: &Write, message: &Message, outgoing: &Outgoing) -> Result<Option<Plain>, UseCaseError> {
    let guardian = message.guardian.0;
    let subjects: Vec<Uuid> = outgoing.pupils.iter().map(|(pupil, _)| pupil.0).chain([guardian]).collect();
    let keys = write.vault().keys_of(message.school, &subjects).await?;
    let field = match message.channel {
        Channel::Whatsapp => "phone",
        Channel::Email => "mail",
    };
    let Opened::Plain(address) = keys.open(guardian, field, &outgoing.address)? else { return Ok(None) };
    let mut names = Vec::with_capacity(outgoing.pupils.len());
    for (pupil, sealed) in &outgoing.pupils {
        match keys.open(pupil.0, "given_names", sealed)? {
            Opened::Plain(name) => names.push(name),
            Opened::Erased => return Ok(None),
        }
    }
    names.sort();
    let message = match &outgoing.broadcast {
        None => None,
        Some((id, draft)) => {
            let keys = write.vault().keys_of(message.school, &[id.0]).await?;
            let subject = keys.open(id.0, "subject", &draft.subject)?.plain();
            let text = keys.open(id.0, "text", &draft.text)?.plain();
            let Some(words) = subject.zip(text) else { return Ok(None) };
            Some(words)
        }
    };
    Ok(Some(Plain { address, names, message }))
}
