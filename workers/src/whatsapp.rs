//! WhatsApp's Cloud API: one message with a template, and what its answer means. Nothing of a number or a name is logged.
//!
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>

mod codes;
#[cfg(test)]
pub(crate) mod tests;
pub mod webhook;

use crate::deliveries::Sent;
use crate::outbound::{Answer, Failed, Outbound, Refused, Unfit};
use crate::words::Filled;
use codes::{Class, class};
use domain::delivery::{Doubt, Failure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Where the API is.
const GRAPH: &str = "https://graph.facebook.com";

/// Who sends. Holds a secret: no `Debug`.
#[derive(Clone)]
pub struct Account {
    /// Of the Graph API: `v26.0`.
    pub version: String,
    /// Meta's id of the number that sends.
    pub phone_number_id: String,
    /// A system user's token.
    pub token: String,
}

/// A way to send.
#[derive(Clone)]
pub enum WhatsApp {
    /// None.
    Off,
    /// Messages are written down as accepted, and not sent.
    Sandbox,
    /// The real one.
    Live(Arc<Live>),
}

/// An account, and the way to the API.
pub struct Live {
    account: Account,
    line: Outbound,
    origin: String,
}

impl WhatsApp {
    /// By Meta's servers.
    pub fn live(account: Account) -> Result<Self, Unfit> {
        let line = Outbound::to([GRAPH])?;
        Ok(Self::Live(Arc::new(Live { account, line, origin: GRAPH.to_owned() })))
    }

    /// By a server that this program started on this machine: for the demo and for tests.
    pub fn on_this_machine(account: Account, port: u16) -> Result<Self, Unfit> {
        let (line, origin) = (Outbound::to_this_machine(port)?, format!("http://127.0.0.1:{port}"));
        Ok(Self::Live(Arc::new(Live { account, line, origin })))
    }

    /// Whether it takes messages.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Sends one message, once.
    pub async fn send(&self, to: &str, template: &Filled, message: Uuid) -> Sent {
        match self {
            Self::Off => Sent::Pause { reason: "off", code: None },
            Self::Sandbox => Sent::Sandbox,
            Self::Live(live) => live.send(to, template, message).await,
        }
    }
}

impl Live {
    async fn send(&self, to: &str, template: &Filled, message: Uuid) -> Sent {
        let Account { version, phone_number_id, token } = &self.account;
        let url = format!("{}/{version}/{phone_number_id}/messages", self.origin);
        let answer = match self.line.call(Method::POST, &url) {
            Ok(call) => call.bearer(token).json(&body(to, template, message)).send().await,
            Err(refused) => Err(refused.into()),
        };
        match answer {
            Ok(answer) => meaning(&answer),
            Err(failed) => unanswered(failed),
        }
    }
}

fn body(to: &str, template: &Filled, message: Uuid) -> Value {
    let parameter =
        |(name, text): &(&'static str, String)| json!({ "type": "text", "parameter_name": name, "text": text });
    let parameters: Vec<Value> = template.parameters.iter().map(parameter).collect();
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "template": {
            "name": template.name,
            "language": { "code": template.language },
            "components": [{ "type": "body", "parameters": parameters }],
        },
        "biz_opaque_callback_data": message,
    })
}

/// What it means that there is no answer.
fn unanswered(failed: Failed) -> Sent {
    match failed {
        // Not a byte was sent.
        Failed::NotSent => Sent::NotSent { reason: Failure::Unreachable, code: None },
        // A router that answers for the world while its line is down.
        Failed::Refused(Refused::NotPublic) => Sent::NotSent { reason: Failure::Unreachable, code: None },
        Failed::Refused(_) | Failed::Unwritable => Sent::Failed { reason: Failure::Program, code: None },
        Failed::NoAnswer | Failed::TooLarge => Sent::Unknown(Doubt::NoAnswer),
    }
}

#[derive(Deserialize)]
struct Taken {
    messages: Vec<TakenMessage>,
}

#[derive(Deserialize)]
struct TakenMessage {
    id: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalError,
}

#[derive(Deserialize)]
struct RefusalError {
    code: u32,
}

/// What an answer means, by the code in it and not by its status or words.
fn meaning(answer: &Answer) -> Sent {
    if answer.status.is_success() {
        // Taken, even if its id cannot be read.
        let taken = serde_json::from_slice::<Taken>(&answer.body).ok();
        let id = taken.and_then(|taken| taken.messages.into_iter().next()).map(|message| message.id);
        return Sent::Accepted { id };
    }
    let code = serde_json::from_slice::<Refusal>(&answer.body).ok().map(|refusal| refusal.error.code);
    let broke = answer.status.is_server_error();
    if code.is_none() && answer.status.as_u16() == 429 {
        return Sent::NotSent { reason: Failure::PutOff, code };
    }
    match code.map(class) {
        Some(Class::Throttled) => Sent::NotSent { reason: Failure::PutOff, code },
        Some(Class::Pause(reason)) => Sent::Pause { reason, code },
        Some(Class::Template) => Sent::Template { code },
        Some(Class::Recipient) => Sent::Failed { reason: Failure::Recipient, code },
        Some(Class::Program) => Sent::Failed { reason: Failure::Program, code },
        Some(Class::Transient | Class::Other) | None if broke => Sent::Unknown(Doubt::ServerError),
        Some(Class::Transient) => Sent::NotSent { reason: Failure::PutOff, code },
        Some(Class::Other) | None => Sent::Failed { reason: Failure::Program, code },
    }
}
