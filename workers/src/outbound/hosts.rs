//! Which addresses a request may be sent to.

use reqwest::Url;

/// The hosts of a configuration, with their ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    listed: Vec<(String, u16)>,
    /// A server of this program's own, by its port on 127.0.0.1, and no other host beside it.
    here: Option<u16>,
    /// Every name, in plain HTTP too, to show what the other rules hold alone. A built program has no such field.
    #[cfg(test)]
    all: bool,
}

/// What is wrong with an origin of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is `https://`, the name of a host, and nothing more: `https://graph.facebook.com`")]
pub struct BadOrigin;

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read as an address.
    #[error("not an address")]
    Unreadable,
    /// It is not `https`.
    #[error("not https")]
    Scheme,
    /// It names a user or a password.
    #[error("an address with a user")]
    User,
    /// Its host is written as an IP address, in whatever notation.
    #[error("an IP address instead of a name")]
    Literal,
    /// Its host and port are not in the configuration.
    #[error("not a host of the configuration")]
    Host,
    /// Its name means no public address now.
    #[error("a name without a public address")]
    NotPublic,
}

impl Hosts {
    pub(super) fn of<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, BadOrigin> {
        let listed = origins.into_iter().map(|origin| host(origin.as_ref()).ok_or(BadOrigin));
        Ok(Self {
            listed: listed.collect::<Result<_, _>>()?,
            here: None,
            #[cfg(test)]
            all: false,
        })
    }

    #[cfg(test)]
    pub(super) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    pub(super) fn of_this_machine(port: u16) -> Self {
        Self { here: Some(port), ..Self::default() }
    }

    pub(super) const fn is_this_machine(&self) -> bool {
        self.here.is_some()
    }

    /// Reads an address by the rules of browsers (WHATWG URL), as the client that connects does: what a host is
    /// after `0x7f.1`, full-width digits and the like have been understood is what counts.
    pub(super) fn admit(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::Unreadable)?;
        if let Some(port) = self.here {
            let is_here = url.scheme() == "http" && url.host_str() == Some("127.0.0.1") && url.port() == Some(port);
            return if is_here && url.username().is_empty() { Ok(url) } else { Err(Refused::Host) };
        }
        if url.scheme() != "https" && !(self.has_all() && url.scheme() == "http") {
            return Err(Refused::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::User);
        }
        // The resolver is not asked for these, and so cannot refuse them.
        let name = url.domain().ok_or(Refused::Literal)?;
        let port = url.port_or_known_default();
        let listed = self.listed.iter().any(|(host, at)| host == name && Some(*at) == port);
        if listed || self.has_all() { Ok(url) } else { Err(Refused::Host) }
    }

    #[cfg(not(test))]
    pub(super) const fn has_all(&self) -> bool {
        false
    }

    #[cfg(test)]
    pub(super) const fn has_all(&self) -> bool {
        self.all
    }
}

/// The host and port of an origin that says nothing else.
fn host(origin: &str) -> Option<(String, u16)> {
    let url = Url::parse(origin).ok().filter(|url| url.scheme() == "https")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let name = url.domain().filter(|name| name.bytes().all(plain) && name.contains('.') && !name.ends_with('.'))?;
    let port = url.port_or_known_default()?;
    let plain = if url.port().is_some() { format!("https://{name}:{port}") } else { format!("https://{name}") };
    // Nothing in front of the host or behind it, and no other spelling of it.
    (origin.strip_suffix('/').unwrap_or(origin) == plain).then(|| (name.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p35_an_origin_of_the_configuration_is_a_plain_name_over_https() {
        let host = |origin: &str| Hosts::of([origin]).map(|hosts| hosts.listed);
        assert_eq!(host("https://graph.facebook.com"), Ok(vec![("graph.facebook.com".into(), 443)]));
        assert_eq!(host("https://graph.facebook.com/"), Ok(vec![("graph.facebook.com".into(), 443)]));
        assert_eq!(host("https://notas.example:8443"), Ok(vec![("notas.example".into(), 8443)]));
        for wrong in [
            "",
            "graph.facebook.com",
            "http://graph.facebook.com",
            "https://*.facebook.com",
            "https://Graph.facebook.com",
            "https://graph.facebook.com.",
            "https://graph.facebook.com/v25.0",
            "https://graph.facebook.com?x=1",
            "https://user@graph.facebook.com",
            "https://localhost",
            "https://127.0.0.1",
            "https://0x7f.1",
            "https://[::1]",
            "ftp://graph.facebook.com",
        ] {
            assert_eq!(host(wrong), Err(BadOrigin), "{wrong}");
        }
    }

    #[test]
    fn p35_a_server_of_ones_own_is_reached_and_nothing_else_beside_it() {
        let hosts = Hosts::of_this_machine(4000);
        assert!(hosts.admit("http://127.0.0.1:4000/v26.0/1/messages").is_ok());
        for wrong in [
            "http://127.0.0.1:4001/",
            "http://127.0.0.2:4000/",
            "http://localhost:4000/",
            "http://a@127.0.0.1:4000/",
            "https://127.0.0.1:4000/",
            "https://graph.facebook.com/",
        ] {
            assert_eq!(hosts.admit(wrong), Err(Refused::Host), "{wrong}");
        }
    }

    #[test]
    fn p35_only_the_listed_hosts_are_admitted_each_at_its_own_port() {
        let hosts = Hosts::of(["https://graph.facebook.com", "https://notas.example:8443"]).unwrap();
        for right in [
            "https://graph.facebook.com/v25.0/1/messages?x=http://127.0.0.1/",
            "https://graph.facebook.com:443/",
            "HTTPS://GRAPH.FACEBOOK.COM/",
            "https://notas.example:8443/",
        ] {
            assert!(hosts.admit(right).is_ok(), "{right}");
        }
        for wrong in [
            "https://graph.facebook.com:8443/",
            "https://notas.example/",
            "https://graph.facebook.com./",
            "https://facebook.com/",
            "https://www.graph.facebook.com/",
            "https://graph.facebook.com.evil.example/",
            "https://evil.example/graph.facebook.com",
            "https://evil.example#@graph.facebook.com/",
            "https://evil.example\\@graph.facebook.com/",
            "https://gr\u{430}ph.facebook.com/",
        ] {
            assert_eq!(hosts.admit(wrong), Err(Refused::Host), "{wrong}");
        }
        assert_eq!(hosts.admit("http://graph.facebook.com/"), Err(Refused::Scheme));
        assert_eq!(hosts.admit("https://a:b@graph.facebook.com/"), Err(Refused::User));
        assert_eq!(Hosts::default().admit("https://graph.facebook.com/"), Err(Refused::Host), "an empty list");
    }
}
