//! A WhatsApp Cloud API that looks at requests as the documented one does and answers as it does, on a free loopback port;
//! and whatever can go wrong on the way, on demand. It counts what telephones would have shown.

use anyhow::Context;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A template as the account has it.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// The code of its translation.
    pub language: String,
    /// The names of its parameters.
    pub parameters: Vec<String>,
}

/// What happens to a request. The usual is [`Does::Answer`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Does {
    /// It is looked at, and answered.
    #[default]
    Answer,
    /// It is refused with this status and code.
    Refuse(u16, u32),
    /// The message is shown, and the answer is a server's error without a code.
    ShowAndBreak,
    /// Nobody ever answers.
    Hang,
    /// The connection closes before the message is taken.
    DropBefore,
    /// The message is shown, and the connection closes before the answer.
    DropAfter,
}

/// What a telephone shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Whose.
    pub to: String,
    /// The template's name.
    pub template: String,
    /// The code of its translation.
    pub language: String,
    /// Its parameters, by name.
    pub parameters: Vec<(String, String)>,
    /// What is said back with every status.
    pub callback: String,
    /// The API's id of it, which holds the number.
    pub wamid: String,
}

struct Account {
    token: String,
    phone_number_id: String,
    templates: Vec<Registered>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: VecDeque<Does>,
    usual: Does,
    shown: Vec<Shown>,
    refused: Vec<Shown>,
    /// How many are shown.
    count: watch::Sender<usize>,
    requests: usize,
}

impl State {
    fn show(&mut self, shown: Shown) {
        self.shown.push(shown);
        self.count.send_replace(self.shown.len());
    }
}

/// The API, for as long as it is held.
pub struct FakeWhatsApp {
    port: u16,
    account: Arc<Account>,
    server: JoinHandle<()>,
}

impl FakeWhatsApp {
    /// Of an account with this token, number and templates.
    pub async fn start(token: &str, phone_number_id: &str, templates: Vec<Registered>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a port for the WhatsApp API")?;
        let (token, phone_number_id) = (token.to_owned(), phone_number_id.to_owned());
        let account = Arc::new(Account { token, phone_number_id, templates, state: Mutex::default() });
        let (port, of_server) = (listener.local_addr()?.port(), Arc::clone(&account));
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&of_server)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, account, server })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What happens to the requests that follow, one each; to those after them, the usual.
    pub fn then(&self, does: &[Does]) {
        self.account.lock().next.extend(does);
    }

    /// What telephones show, in order.
    pub fn shown(&self) -> Vec<Shown> {
        self.account.lock().shown.clone()
    }

    /// What happens from now on whenever nothing else is said.
    pub fn usually(&self, does: Does) {
        self.account.lock().usual = does;
    }

    /// What telephones would show of the messages that were refused on demand.
    pub fn refused(&self) -> Vec<Shown> {
        self.account.lock().refused.clone()
    }

    /// What telephones show beyond the first `n`, once there is any.
    pub async fn beyond(&self, n: usize) -> Vec<Shown> {
        let mut count = self.account.lock().count.subscribe();
        // It ends with its sender, which this holds.
        let _ = count.wait_for(|count| *count > n).await;
        self.account.lock().shown.iter().skip(n).cloned().collect()
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.account.lock().requests
    }
}

impl Drop for FakeWhatsApp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A webhook's body that says how a message fares; without the number, as of people with usernames.
pub fn status(shown: &Shown, status: &str, code: Option<u32>) -> Vec<u8> {
    status_at(shown, status, code, 1_773_054_000)
}

/// The same, since that second.
pub fn status_at(shown: &Shown, status: &str, code: Option<u32>, at: i64) -> Vec<u8> {
    let errors: Vec<Value> = code.iter().map(|code| json!({ "code": code, "title": "…" })).collect();
    let status = json!({
        "id": shown.wamid, "status": status, "timestamp": at.to_string(), "recipient_user_id": "CL.1234567890",
        "biz_opaque_callback_data": shown.callback, "errors": errors,
    });
    webhook(&json!({ "statuses": [status] }))
}

/// A webhook's body that brings a message of somebody.
pub fn message(from: Option<&str>, text: &str, at: i64) -> Vec<u8> {
    let mut message =
        json!({ "id": "wamid.in", "timestamp": at.to_string(), "type": "text", "text": { "body": text } });
    if let Some(from) = from {
        message["from"] = json!(from.trim_start_matches('+'));
    }
    webhook(&json!({ "messages": [message] }))
}

fn webhook(value: &Value) -> Vec<u8> {
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": value }] }],
    });
    body.to_string().into_bytes()
}

/// The header by which a webhook's body is signed.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// An answer: status and body.
type Answer = (u16, Value);

fn refusal(status: u16, code: u32) -> Answer {
    (status, json!({ "error": { "message": format!("(#{code})"), "type": "OAuthException", "code": code } }))
}

impl Account {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a request as the API does.
    fn look(&self, head: &str, body: &[u8]) -> Result<Shown, Answer> {
        let bearer = format!("authorization: bearer {}", self.token.to_lowercase());
        if !head.to_lowercase().lines().any(|line| line == bearer) {
            return Err(refusal(401, 190));
        }
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match segments[..] {
            [version, id, "messages"] if version.starts_with('v') && id == self.phone_number_id => {}
            _ => return Err(refusal(400, 33)),
        }
        let message: Value = serde_json::from_slice(body).map_err(|_| refusal(400, 100))?;
        self.taken(&message).map_err(|code| refusal(if code == 132_001 { 404 } else { 400 }, code))
    }

    fn taken(&self, message: &Value) -> Result<Shown, u32> {
        let text =
            |pointer: &str| message.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or(131_008_u32);
        let right = [("/messaging_product", "whatsapp"), ("/recipient_type", "individual"), ("/type", "template")];
        if right.iter().any(|(pointer, value)| message.pointer(pointer).and_then(Value::as_str) != Some(value)) {
            return Err(100);
        }
        let to = text("/to")?;
        let digits = to.strip_prefix('+').unwrap_or(&to);
        if digits.len() < 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(131_009);
        }
        let (template, language) = (text("/template/name")?, text("/template/language/code")?);
        let known = self.templates.iter().find(|known| known.name == template && known.language == language);
        let known = known.ok_or(132_001_u32)?;
        let given = message.pointer("/template/components/0/parameters").and_then(Value::as_array).cloned();
        let given = given.unwrap_or_default();
        if given.len() != known.parameters.len() {
            return Err(132_000);
        }
        let mut parameters = Vec::new();
        for one in &given {
            let name = one["parameter_name"].as_str().filter(|name| known.parameters.iter().any(|known| known == name));
            let value = one["text"].as_str().filter(|_| one["type"] == "text").ok_or(132_012_u32)?;
            if value.is_empty() {
                return Err(100);
            }
            if value.contains(['\n', '\r', '\t']) || value.contains("     ") {
                return Err(132_012);
            }
            parameters.push((name.ok_or(132_012_u32)?.to_owned(), value.to_owned()));
        }
        let callback = message["biz_opaque_callback_data"].as_str().unwrap_or_default().to_owned();
        let wamid = format!("wamid.{}", hex::encode(format!("{digits}/{callback}")));
        Ok(Shown { to, template, language, parameters, callback, wamid })
    }
}

async fn serve(mut stream: TcpStream, account: Arc<Account>) {
    // One request a connection: where it breaks is then known.
    let Some((head, body)) = request(&mut stream).await else { return };
    let does = {
        let mut state = account.lock();
        state.requests += 1;
        let usual = state.usual;
        state.next.pop_front().unwrap_or(usual)
    };
    let (status, answer) = match does {
        Does::Hang => return std::future::pending().await,
        Does::DropBefore => return,
        Does::Refuse(status, code) => {
            if let Ok(shown) = account.look(&head, &body) {
                account.lock().refused.push(shown);
            }
            refusal(status, code)
        }
        Does::Answer | Does::ShowAndBreak | Does::DropAfter => match account.look(&head, &body) {
            Ok(shown) => {
                let (to, wamid) = (shown.to.clone(), shown.wamid.clone());
                account.lock().show(shown);
                match does {
                    Does::DropAfter => return,
                    Does::ShowAndBreak => (500, Value::Null),
                    _ => (
                        200,
                        json!({
                            "messaging_product": "whatsapp",
                            "contacts": [{ "input": to, "wa_id": to.trim_start_matches('+') }],
                            "messages": [{ "id": wamid, "message_status": "accepted" }],
                        }),
                    ),
                }
            }
            Err(refused) => refused,
        },
    };
    let body = answer.to_string();
    let answer = format!(
        "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// The head and the body of a request.
async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let (head, mut body) = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&read[..end]).into_owned(), read[end + 4..].to_vec());
        }
        more(stream, &mut read).await?;
    };
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    while body.len() < length.unwrap_or(0) {
        more(stream, &mut body).await?;
    }
    Some((head, body))
}

async fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 4096];
    let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
    into.extend_from_slice(&piece[..read]);
    Some(())
}
