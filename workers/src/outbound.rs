//! Requests to other machines go out here, and nowhere else: one client, which speaks TLS to a short list of hosts.
//!
//! An address may come from outside (a webhook says where its certificate is; an answer says where to go next), and
//! a school's server stands where much else listens that trusts its network. So: only hosts that the configuration
//! names, only `https`, no user in the address, no IP literal, names only where they mean a public address at the
//! moment of the connection ([`public`]), no redirect followed, no proxy from the environment, a limit on time and on
//! size. What is refused is refused before a byte is sent (security.md P34 to P36).
//!
//! How to add one more host: an origin in the configuration of whoever calls it, handed to [`Outbound::to`].

mod hosts;
mod public;

use hosts::Hosts;
pub use hosts::{BadOrigin, Refused};
use public::Guard;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How long it may take until a connection stands, finding the address included.
const CONNECT: Duration = Duration::from_secs(3);
/// How long all of it may take, to the last byte of the answer.
const TOTAL: Duration = Duration::from_secs(10);
/// How many bytes of an answer's body are taken at most.
pub const MOST_BODY: usize = 1024 * 1024;

/// Sends requests to a few hosts. A clone is the same one.
#[derive(Clone)]
pub struct Outbound {
    client: Client,
    hosts: Hosts,
}

/// Why there is no client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// An origin of the list is none.
    #[error(transparent)]
    Origin(#[from] BadOrigin),
    /// This machine has no list of certificate authorities (Debian: the package `ca-certificates`).
    #[error("no certificate authority is trusted on this machine")]
    NoRoots,
    /// The TLS library and the HTTP library do not fit each other.
    #[error("the client cannot be built")]
    Library,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The address is not one to send to; nothing was sent.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The request cannot be written (a header's value, a body that is no JSON). Nothing was sent.
    #[error("the request cannot be written")]
    Unwritable,
    /// No connection: nothing was sent; another try may do better.
    #[error("no connection")]
    NotSent,
    /// It may have arrived and been acted on, or not.
    #[error("no whole answer in time")]
    NoAnswer,
    /// It arrived; the answer is larger than [`MOST_BODY`] and was not read to its end.
    #[error("the answer is too large")]
    TooLarge,
}

/// An answer, whatever its status; a redirect is one like any other.
#[derive(Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, [`MOST_BODY`] at most.
    pub body: Vec<u8>,
}

/// A request to be sent.
pub struct Call(RequestBuilder);

impl Outbound {
    /// A client of these origins (`https://graph.facebook.com`) and no others, which trusts the system's certificate
    /// authorities.
    pub fn to<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, Unfit> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Unfit::NoRoots);
        }
        Self::build(Hosts::of(origins)?, roots, Guard::system())
    }

    /// A client of one server that this program started itself on this machine, for the demo and for tests, and of
    /// nothing else.
    pub fn to_this_machine(port: u16) -> Result<Self, Unfit> {
        Self::build(Hosts::of_this_machine(port), RootCertStore::empty(), Guard::system())
    }

    fn build(hosts: Hosts, roots: RootCertStore, guard: Guard) -> Result<Self, Unfit> {
        let client = builder(roots)?
            .https_only(!hosts.has_all() && !hosts.is_this_machine())
            .dns_resolver(Arc::new(guard))
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("attendance/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { client: client.map_err(|_| Unfit::Library)?, hosts })
    }

    /// A request to this address, if it is one to send to.
    pub fn call(&self, method: Method, url: &str) -> Result<Call, Refused> {
        let url = self.hosts.admit(url).inspect_err(|_| count("refused"))?;
        Ok(Call(self.client.request(method, url)))
    }
}

impl Call {
    /// With `Authorization: Bearer …`.
    pub fn bearer(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// With a header.
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a body of JSON.
    pub fn json(self, body: &impl Serialize) -> Self {
        Self(self.0.json(body))
    }

    /// Sends it, once, and takes the whole answer.
    pub async fn send(self) -> Result<Answer, Failed> {
        let answered = async {
            let response = self.0.send().await.map_err(|error| failed(&error))?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok(Answer { status, headers, body: body(response).await? })
        };
        let answered = answered.await;
        count(match answered {
            Ok(_) => "answered",
            Err(Failed::Refused(_) | Failed::Unwritable) => "refused",
            Err(Failed::NotSent) => "not_sent",
            Err(Failed::NoAnswer) => "no_answer",
            Err(Failed::TooLarge) => "too_large",
        });
        answered
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    // What the answer says of its length is only what it says.
    if response.content_length().is_some_and(|length| length > MOST_BODY as u64) {
        return Err(Failed::TooLarge);
    }
    while let Some(piece) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + piece.len() > MOST_BODY {
            return Err(Failed::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What an error means for whoever sends. Its text is dropped: it holds the address, and that may hold a secret.
fn failed(error: &reqwest::Error) -> Failed {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(refused) = this.downcast_ref::<Refused>() {
            return Failed::Refused(*refused);
        }
        cause = this.source();
    }
    if error.is_builder() {
        Failed::Unwritable
    } else if error.is_connect() {
        Failed::NotSent
    } else {
        Failed::NoAnswer
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("outbound_total", "outcome" => outcome).increment(1);
}

/// A client of what runs on this machine: the health check, the demo's kiosks, tests. It trusts no certificate
/// authority, so whatever it reaches it reaches in plain HTTP.
pub fn loopback() -> ClientBuilder {
    builder(RootCertStore::empty()).expect("the TLS versions of its own library")
}

/// The one place where a client begins: over ring and these roots, with no proxy.
#[expect(clippy::disallowed_methods, reason = "this is the place to use instead")]
fn builder(roots: RootCertStore) -> Result<ClientBuilder, Unfit> {
    // Handed over here instead of installed for the whole process: no order of starting matters.
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Unfit::Library)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder().tls_backend_preconfigured(tls).no_proxy())
}

#[cfg(test)]
mod tests;
