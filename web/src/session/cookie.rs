//! The cookie of a session.

use crate::middleware::named_loopback;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use commands::accounts::Secret256;

/// Its name where TLS is: browsers take it only with `Secure`, from this very host, for every path
/// (<https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2>).
const NAME: &str = "__Host-sid";
/// Its name on loopback, which is plain HTTP: there a browser may refuse what is `Secure`.
const PLAIN: &str = "sid";

fn name(headers: &HeaderMap) -> (&'static str, &'static str) {
    if named_loopback(headers) { (PLAIN, "") } else { (NAME, "; Secure") }
}

/// The session that a request says it belongs to. Two of them are none: one was put there by somebody else.
pub fn given(headers: &HeaderMap) -> Option<Secret256> {
    let (name, _) = name(headers);
    let mut all = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(key, value)| (key == name).then_some(value));
    match (all.next(), all.next()) {
        (Some(only), None) => Secret256::parse(only),
        _ => None,
    }
}

/// `Set-Cookie` for a session: it lasts as long as the browser runs, and never longer than the database says.
pub fn set(headers: &HeaderMap, secret: &Secret256) -> HeaderValue {
    let (name, secure) = name(headers);
    let cookie = format!("{name}={}; Path=/; SameSite=Lax; HttpOnly{secure}", *secret.reveal());
    HeaderValue::try_from(cookie).expect("base64 is a header value")
}

/// Makes a browser forget whatever it kept of this server (<https://www.w3.org/TR/clear-site-data/>).
pub const CLEAR: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""));

/// `Set-Cookie` that takes it away.
pub fn cleared(headers: &HeaderMap) -> HeaderValue {
    let (name, secure) = name(headers);
    let cookie = format!("{name}=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly{secure}");
    HeaderValue::try_from(cookie).expect("it is ASCII")
}

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
    fn the_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
        let secret = Secret256::random().unwrap();
        for header in [set(&headers("school.cl", &[]), &secret), cleared(&headers("school.cl", &[]))] {
            let text = header.to_str().unwrap();
            assert!(text.starts_with("__Host-sid="), "{text}");
            for part in ["Path=/", "SameSite=Lax", "HttpOnly", "Secure"] {
                assert!(text.split("; ").any(|p| p == part), "{text}: {part}");
            }
            assert!(!text.contains("Domain"), "{text}");
        }
        assert!(!set(&headers("127.0.0.1:8080", &[]), &secret).to_str().unwrap().contains("Secure"), "plain HTTP");
        assert!(!format!("{secret:?}").contains(secret.reveal().as_str()));
    }
}
