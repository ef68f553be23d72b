//! By which way letters leave: an SMTP server, or a folder in which a person reads them.

use super::Letter;
use crate::deliveries::Sent;
use domain::delivery::{Doubt, Failure};
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a mail server may take for one answer.
const ANSWER: Duration = Duration::from_secs(10);

/// A way out.
pub enum Route {
    /// Nowhere: mail is not configured.
    Nowhere,
    /// Nowhere, and every notice is said to have been taken: for trying things out.
    Sandbox,
    /// A folder: one text file per letter.
    Folder(PathBuf),
    /// A mail server, with the sender's address.
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>, Box<Mailbox>),
}

/// Why a way out is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRoute {
    /// It begins with nothing that is known.
    #[error("it begins with none of smtps://, smtp://, file:")]
    Scheme,
    /// The server's name, port, user or password cannot be read.
    #[error("no mail server can be read from it")]
    Server,
    /// The sender's address is missing or cannot be read.
    #[error("the sender's address is none; it may look like `Escuela <no-reply@escuela.cl>`")]
    From,
}

/// Why a letter was not taken.
pub(super) struct Failed {
    pub(super) what: &'static str,
    /// Another try would be refused too.
    pub(super) for_good: bool,
}

impl Failed {
    const fn for_good(what: &'static str) -> Self {
        Self { what, for_good: true }
    }
}

impl Route {
    /// `smtps://user:password@host` is TLS from the first byte, `smtp://…` STARTTLS and nothing less, except to this
    /// machine itself; `file:folder` writes into a folder.
    pub fn parse(url: &str, from: Option<&str>) -> Result<Self, BadRoute> {
        if let Some(folder) = url.strip_prefix("file:") {
            return Ok(Self::Folder(folder.strip_prefix("//").unwrap_or(folder).into()));
        }
        let from = from.and_then(|from| from.parse::<Mailbox>().ok()).ok_or(BadRoute::From)?;
        // Whatever is asked for after the host, TLS could be turned off by.
        let plain = url.strip_prefix("smtp://");
        if plain.is_none() && !url.starts_with("smtps://") {
            return Err(BadRoute::Scheme);
        }
        if url.contains('?') {
            return Err(BadRoute::Server);
        }
        let here = plain.is_some_and(|rest| {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            let name = host.split('/').next().and_then(|host| host.rsplit_once(':')).map_or(host, |(name, _)| name);
            ["localhost", "127.0.0.1", "[::1]"].contains(&name)
        });
        let url = if plain.is_some() && !here { format!("{url}?tls=required") } else { url.to_owned() };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).map_err(|_| BadRoute::Server)?;
        Ok(Self::Smtp(Box::new(transport.timeout(Some(ANSWER)).build()), Box::new(from)))
    }

    /// Whether letters leave at all.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Nowhere)
    }

    /// Sends a letter once, and says what is known of it: one whose answer was lost may have arrived.
    pub(crate) async fn deliver(&self, letter: &Letter) -> Sent {
        match self {
            Self::Nowhere => Sent::Pause { reason: "off", code: None },
            Self::Sandbox => Sent::Sandbox,
            Self::Folder(folder) => match write(folder, letter).await {
                Ok(()) => Sent::Sandbox,
                Err(_) => Sent::NotSent { reason: Failure::Unreachable, code: None },
            },
            Self::Smtp(transport, from) => {
                let Some(message) = message(letter, from) else {
                    return Sent::Failed { reason: Failure::Program, code: None };
                };
                match tokio::time::timeout(super::PATIENCE, transport.send(message)).await {
                    Ok(Ok(_)) => Sent::Accepted { id: None },
                    Ok(Err(error)) => meaning(&error),
                    Err(_) => Sent::Unknown(Doubt::NoAnswer),
                }
            }
        }
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<(), Failed> {
        match self {
            Self::Nowhere | Self::Sandbox => Err(Failed::for_good("mail is not configured")),
            Self::Folder(folder) => {
                write(folder, letter).await.map_err(|_| Failed::for_good("the folder is not there"))
            }
            Self::Smtp(transport, from) => {
                let message = message(letter, from).ok_or(Failed::for_good("it cannot be written as a mail"))?;
                transport.send(message).await.map(drop).map_err(|error| Failed {
                    what: if error.is_permanent() {
                        "refused for good"
                    } else if error.is_transient() {
                        "refused for now"
                    } else if error.is_timeout() {
                        "no answer in time"
                    } else {
                        "no connection"
                    },
                    for_good: error.is_permanent(),
                })
            }
        }
    }
}

/// What a mail server's answer means, or that there is none.
fn meaning(error: &smtp::Error) -> Sent {
    let code = error.status().map(u16::from).map(u32::from);
    // Whoever is not known to the server is not known for any letter.
    // 454 is for now (RFC 4954, 4.7.0); servers say it, too, of a rate that is exceeded.
    if code.is_some_and(|code| [530, 534, 535, 538].contains(&code)) {
        Sent::Pause { reason: "password", code }
    } else if error.is_permanent() {
        Sent::Failed { reason: Failure::Recipient, code }
    } else if error.is_transient() {
        Sent::NotSent { reason: Failure::PutOff, code }
    } else if error.is_tls() || is_before_connection(error) {
        Sent::NotSent { reason: Failure::Unreachable, code: None }
    } else {
        // After the letter's last line too.
        Sent::Unknown(Doubt::NoAnswer)
    }
}

fn is_before_connection(error: &smtp::Error) -> bool {
    // So lettre says of whatever went wrong before the server greeted: names, connections, their time.
    if error.to_string().starts_with("Connection error") {
        return true;
    }
    use std::io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let mut cause = std::error::Error::source(error);
    while let Some(this) = cause {
        if let Some(io) = this.downcast_ref::<std::io::Error>() {
            return [ConnectionRefused, HostUnreachable, NetworkUnreachable, AddrNotAvailable].contains(&io.kind());
        }
        cause = this.source();
    }
    false
}

fn message(letter: &Letter, from: &Mailbox) -> Option<Message> {
    let to = Mailbox::new(None, letter.to.as_str().parse().ok()?);
    let message = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(letter.subject.as_str())
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())));
    let mut message = match &letter.html {
        None => message.header(ContentType::TEXT_PLAIN).body(letter.text.clone()),
        Some(html) => message.multipart(
            MultiPart::alternative()
                .singlepart(SinglePart::plain(letter.text.clone()))
                .singlepart(SinglePart::html(html.clone())),
        ),
    }
    .ok()?;
    // No holiday note shall answer (RFC 3834).
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
    Some(message)
}

/// As plain as can be: a person copies the link from it.
async fn write(folder: &Path, letter: &Letter) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let text = format!("To: {}\nSubject: {}\n\n{}\n", letter.to.as_str(), letter.subject, letter.text);
    let (path, part) = (folder.join(format!("{}.txt", letter.id)), folder.join(format!("{}.part", letter.id)));
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&part).await?;
    tokio::io::AsyncWriteExt::write_all(&mut file, text.as_bytes()).await?;
    file.sync_all().await?;
    // Whole or not there.
    tokio::fs::rename(part, path).await
}
