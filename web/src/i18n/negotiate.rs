//! Which language a page is in: what the address asks for, else what was chosen before, else Spanish.
//! Not what the browser prefers: a borrowed laptop that speaks English must not turn a school's board
//! into English.

use super::Lang;
use axum::http::{HeaderMap, header};

/// Name of the cookie that keeps the choice.
pub const COOKIE: &str = "lang";

/// Chooses by `?lang=`, then by the cookie.
pub fn negotiate(query: Option<&str>, headers: &HeaderMap) -> Lang {
    query.and_then(Lang::from_code).or_else(|| cookie(headers, COOKIE).and_then(Lang::from_code)).unwrap_or_default()
}

/// The value of a cookie of the request.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: Option<&str>, accept: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_address_wins_over_the_cookie() {
        let chosen = headers(Some("a=1; lang=en"), Some("es-CL,es;q=0.9"));
        assert_eq!(negotiate(Some("es"), &chosen), Lang::Es);
        assert_eq!(negotiate(None, &chosen), Lang::En);
    }

    #[test]
    fn nobody_choosing_is_answered_in_spanish_whatever_the_browser_prefers() {
        assert_eq!(negotiate(None, &headers(None, None)), Lang::Es);
        assert_eq!(negotiate(None, &headers(None, Some("en-GB,en;q=0.8"))), Lang::Es);
        assert_eq!(negotiate(Some("de"), &headers(Some("lang=xx"), Some("en"))), Lang::Es);
    }
}
