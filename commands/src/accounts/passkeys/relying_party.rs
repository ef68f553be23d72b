//! For which host passkeys are: the one that people type, by configuration and never by a request.

use std::fmt;
use std::net::IpAddr;
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::{Url, Webauthn};

/// A host that passkeys are for.
#[derive(Clone)]
pub struct RelyingParty {
    id: String,
    origin: String,
    webauthn: Webauthn,
}

impl RelyingParty {
    /// The host of `https://asistencia.escuela.cl`. None of an address without a name: passkeys know no numbers. This
    /// machine's own number stands for `localhost`, at whatever port.
    pub fn of(public_url: &str) -> Option<Self> {
        let mut url = Url::parse(public_url).ok()?;
        let number = url.host_str()?.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if number.is_some_and(|number| number.to_canonical().is_loopback()) {
            url.set_host(Some("localhost")).ok()?;
        }
        let id = url.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&id, &url).ok()?;
        let webauthn = builder.rp_name("Attendance").allow_any_port(id == "localhost").build().ok()?;
        Some(Self { origin: url.origin().ascii_serialization(), id, webauthn })
    }

    /// `asistencia.escuela.cl`: a passkey made for it is of no use under another name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `https://asistencia.escuela.cl`: from where alone a passkey's answer is taken.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn webauthn(&self) -> &Webauthn {
        &self.webauthn
    }
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelyingParty({})", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_for_a_name_and_on_this_machine_for_localhost() {
        let of = |url: &str| RelyingParty::of(url).map(|party| (party.id, party.origin));
        let pair = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
        assert_eq!(of("https://asistencia.escuela.cl"), pair("asistencia.escuela.cl", "https://asistencia.escuela.cl"));
        assert_eq!(of("https://Escuela.CL:8443/"), pair("escuela.cl", "https://escuela.cl:8443"));
        for here in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert_eq!(of(here), pair("localhost", "http://localhost:8080"), "{here}");
        }
        for nowhere in ["https://192.168.1.10", "https://[2001:db8::1]", "", "escuela.cl"] {
            assert_eq!(of(nowhere), None, "{nowhere}");
        }
    }
}
