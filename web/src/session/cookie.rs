//! Every cookie there is. Those that hold a secret: sessions, which browser asked for a link, and in which one somebody
//! signed in before. Those that hold a choice: the language, the school.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use crate::middleware::named_loopback;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use commands::accounts::Secret256;

/// A cookie.
pub struct Cookie {
    /// Its name where TLS is: browsers take it only with `Secure`, from this very host, for every path
    /// (<https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2>).
    host: &'static str,
    /// Its name on loopback, which is plain HTTP: there a browser may refuse what is `Secure`.
    plain: &'static str,
    /// How long a browser keeps it, in seconds; none: for as long as the browser runs.
    seconds: Option<u32>,
}

/// A session of the staff: never longer than the database says.
const STAFF: Cookie = Cookie { host: "__Host-sid", plain: "sid", seconds: None };
/// A session of a guardian: a phone ends its browser whenever it likes.
pub const FAMILY: Cookie = Cookie { host: "__Host-fam", plain: "fam", seconds: Some(30 * 24 * 3600) };
/// The browser that asked for a guardian's link.
pub const ASKED: Cookie = Cookie { host: "__Host-ml", plain: "ml", seconds: Some(600) };
/// A browser in which a guardian came in before.
pub const FAMILY_BROWSER: Cookie = Cookie { host: "__Host-family", plain: "family", seconds: Some(180 * 24 * 3600) };
/// A browser in which somebody of the staff signed in before.
pub const BROWSER: Cookie = Cookie { host: "__Host-known", plain: "known", seconds: Some(180 * 24 * 3600) };
/// The chosen language: its code.
pub const LANGUAGE: Cookie = Cookie { host: "__Host-lang", plain: "lang", seconds: Some(365 * 24 * 3600) };
/// The chosen school: its id.
pub const SCHOOL: Cookie = Cookie { host: "__Host-colegio", plain: "colegio", seconds: Some(365 * 24 * 3600) };

impl Cookie {
    fn name(&self, headers: &HeaderMap) -> (&'static str, &'static str) {
        if named_loopback(headers) { (self.plain, "") } else { (self.host, "; Secure") }
    }

    fn all<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> + use<'a> {
        let (name, _) = self.name(headers);
        let lines = headers.get_all(header::COOKIE).iter();
        lines
            .flat_map(|value| value.to_str().unwrap_or_default().split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(move |(key, value)| (key == name).then_some(value))
    }

    /// What a request brings. Two of them are none: one was put there by somebody else.
    pub fn text<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut all = self.all(headers);
        all.next().filter(|_| all.next().is_none())
    }

    /// The secret that a request brings.
    pub fn given(&self, headers: &HeaderMap) -> Option<Secret256> {
        Secret256::parse(self.text(headers)?)
    }

    /// `Set-Cookie` that keeps a choice, of which the text is a code or an id of ours.
    pub fn keep(&self, headers: &HeaderMap, choice: &str) -> HeaderValue {
        self.header(headers, choice, &self.age())
    }

    /// `Set-Cookie` with a secret.
    pub fn set(&self, headers: &HeaderMap, secret: &Secret256) -> HeaderValue {
        self.header(headers, &secret.reveal(), &self.age())
    }

    fn age(&self) -> String {
        self.seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default()
    }

    /// `Set-Cookie` that takes it away.
    pub fn cleared(&self, headers: &HeaderMap) -> HeaderValue {
        self.header(headers, "", "; Max-Age=0")
    }

    fn header(&self, headers: &HeaderMap, value: &str, age: &str) -> HeaderValue {
        let (name, secure) = self.name(headers);
        let cookie = format!("{name}={value}; Path=/{age}; SameSite=Lax; HttpOnly{secure}");
        // Base64, codes and ids are header values; of anything else there is no cookie.
        HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Whether a `Set-Cookie` is as every one of ours must be (OWASP ASVS 5.0, 3.3): out of reach of scripts and of other
/// sites, of this very host alone, and by TLS alone wherever there is TLS.
pub(crate) fn is_guarded(cookie: &HeaderValue, by_tls: bool) -> bool {
    let Ok(text) = cookie.to_str() else { return false };
    let (pair, attributes) = text.split_once("; ").unwrap_or((text, ""));
    let has = |part: &str| attributes.split("; ").any(|attribute| attribute == part);
    let host = !by_tls || pair.starts_with("__Host-") && has("Secure");
    host && has("Path=/") && has("HttpOnly") && has("SameSite=Lax") && !attributes.contains("Domain")
}

/// Whether a request brings any cookie of a session along, good or not.
pub(crate) fn is_sent(headers: &HeaderMap) -> bool {
    STAFF.all(headers).next().is_some() || FAMILY.all(headers).next().is_some()
}

/// The session of the staff that a request says it belongs to.
pub fn given(headers: &HeaderMap) -> Option<Secret256> {
    STAFF.given(headers)
}

/// `Set-Cookie` for a session of the staff.
pub fn set(headers: &HeaderMap, secret: &Secret256) -> HeaderValue {
    STAFF.set(headers, secret)
}

/// `Set-Cookie` that takes a session of the staff away.
pub fn cleared(headers: &HeaderMap) -> HeaderValue {
    STAFF.cleared(headers)
}

/// Makes a browser forget whatever it kept of this server (<https://www.w3.org/TR/clear-site-data/>), its cookies
/// aside: the session's is taken away by name, and the browser stays known, which opens nothing.
pub const CLEAR: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        headers
    }

    #[test]
    fn exactly_one_cookie_of_the_right_name_is_a_session() {
        let (secret, other) = (Secret256::random().unwrap(), Secret256::random().unwrap().reveal().to_string());
        let text = secret.reveal().to_string();
        let read = |host: &str, cookies: &[&str]| given(&headers(host, cookies)).map(|found| found.sha256());
        let plain = format!("sid={text}");
        let host = format!("__Host-sid={text}");
        assert_eq!(read("localhost:8080", &[&format!("lang=en; {plain}")]), Some(secret.sha256()));
        assert_eq!(read("school.cl", &[&host]), Some(secret.sha256()));
        assert_eq!(read("school.cl", &[&plain]), None, "a name that another site of the domain can set");
        assert_eq!(read("localhost", &[&host]), None);
        assert_eq!(read("localhost", &[&plain, &format!("sid={other}")]), None, "P23: tossed");
        assert_eq!(read("localhost", &[&format!("{plain}; sid={other}")]), None);
        assert_eq!(read("localhost", &[&format!("{plain}; {plain}")]), None);
        for wrong in ["sid=", "sid=x", &format!("sid={text}="), &format!("sid={text}A"), "sid=é", &plain[..40]] {
            assert_eq!(read("localhost", &[wrong]), None, "{wrong}");
        }
    }

    #[test]
    fn a15_every_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
        let secret = Secret256::random().unwrap();
        let at = headers("school.cl", &[]);
        let (all, plain) =
            ([STAFF, FAMILY, ASKED, BROWSER, FAMILY_BROWSER, LANGUAGE, SCHOOL], headers("localhost", &[]));
        for cookie in &all {
            for header in [cookie.set(&at, &secret), cookie.cleared(&at), cookie.keep(&at, "es")] {
                assert!(is_guarded(&header, true), "{header:?}");
                let text = header.to_str().unwrap();
                for part in ["__Host-", "; Path=/", "; SameSite=Lax", "; HttpOnly", "; Secure"] {
                    let without = HeaderValue::try_from(text.replacen(part, "", 1)).unwrap();
                    assert!(!is_guarded(&without, true), "{without:?}");
                }
                assert!(!is_guarded(&HeaderValue::try_from(format!("{text}; Domain=school.cl")).unwrap(), true));
            }
            let header = cookie.set(&plain, &secret);
            assert!(is_guarded(&header, false) && !is_guarded(&header, true), "{header:?}");
        }
        assert!(!set(&headers("127.0.0.1:8080", &[]), &secret).to_str().unwrap().contains("Secure"), "plain HTTP");
        assert!(!format!("{secret:?}").contains(secret.reveal().as_str()));
    }
}
