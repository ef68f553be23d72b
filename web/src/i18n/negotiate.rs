//! Which language an answer is in: what the address asks for, else what was chosen before, else what
//! the browser prefers, else Spanish.

use super::Lang;
use axum::http::{HeaderMap, header};

/// Name of the cookie that keeps the choice.
pub const COOKIE: &str = "lang";

/// Chooses by `?lang=`, the cookie, `Accept-Language` (RFC 9110, 12.5.4), in that order.
pub fn negotiate(query: Option<&str>, headers: &HeaderMap) -> Lang {
    query
        .and_then(Lang::from_code)
        .or_else(|| cookie(headers, COOKIE).and_then(Lang::from_code))
        .or_else(|| preferred(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?))
        .unwrap_or_default()
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

fn preferred(accept: &str) -> Option<Lang> {
    let mut best: Option<(Lang, f32)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let Some(lang) = Lang::from_code(tag.split('-').next().unwrap_or_default()) else {
            continue;
        };
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((lang, quality));
        }
    }
    best.map(|(lang, _)| lang)
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
    fn the_address_wins_over_the_cookie_and_the_cookie_over_the_browser() {
        let both = headers(Some("a=1; lang=en"), Some("es-CL,es;q=0.9"));
        assert_eq!(negotiate(Some("es"), &both), Lang::Es);
        assert_eq!(negotiate(None, &both), Lang::En);
        assert_eq!(negotiate(None, &headers(None, Some("en-GB,en;q=0.8,es;q=0.2"))), Lang::En);
        assert_eq!(negotiate(None, &headers(None, Some("fr, en;q=0.3, es;q=0.7"))), Lang::Es);
    }

    #[test]
    fn nobody_asking_is_answered_in_spanish() {
        assert_eq!(negotiate(None, &headers(None, None)), Lang::Es);
        assert_eq!(negotiate(Some("de"), &headers(Some("lang=xx"), Some("de"))), Lang::Es);
        assert_eq!(negotiate(None, &headers(None, Some("en;q=0, *"))), Lang::Es);
    }
}
