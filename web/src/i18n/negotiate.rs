//! Which language a page is in: what the address asks for, else what was chosen before, else Spanish.
//! Not what the browser prefers: a borrowed laptop that speaks English must not turn a school's board
//! into English.

use super::Lang;
use crate::session::LANGUAGE;
use axum::http::{HeaderMap, header};

/// Chooses by `?lang=`, then by the cookie.
pub fn negotiate(query: Option<&str>, headers: &HeaderMap) -> Lang {
    query.and_then(Lang::from_code).or_else(|| LANGUAGE.text(headers).and_then(Lang::from_code)).unwrap_or_default()
}

/// The one of our languages that `Accept-Language` (RFC 9110, 12.5.4) ranks first, else Spanish: for the
/// refusals of the API, whose clients are programs and choose nothing.
pub fn accepted(headers: &HeaderMap) -> Lang {
    let ranges = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best: Option<(Lang, f32)> = None;
    for range in ranges.split(',') {
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
    best.map_or_else(Lang::default, |(lang, _)| lang)
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
        let chosen = headers(Some("a=1; __Host-lang=en"), Some("es-CL,es;q=0.9"));
        assert_eq!(negotiate(Some("es"), &chosen), Lang::Es);
        assert_eq!(negotiate(None, &chosen), Lang::En);
    }

    #[test]
    fn nobody_choosing_is_answered_in_spanish_whatever_the_browser_prefers() {
        assert_eq!(negotiate(None, &headers(None, None)), Lang::Es);
        assert_eq!(negotiate(None, &headers(None, Some("en-GB,en;q=0.8"))), Lang::Es);
        assert_eq!(negotiate(Some("de"), &headers(Some("__Host-lang=xx"), Some("en"))), Lang::Es);
    }

    #[test]
    fn a_program_is_answered_in_the_language_that_it_ranks_first() {
        let lang = |accept| accepted(&headers(None, accept));
        assert_eq!(lang(None), Lang::Es);
        assert_eq!(lang(Some("en")), Lang::En);
        assert_eq!(lang(Some("es-CL,es;q=0.9,en;q=0.8")), Lang::Es);
        assert_eq!(lang(Some("fr, es;q=0.4, en-US;q=0.7")), Lang::En);
        assert_eq!(lang(Some("en;q=0, *")), Lang::Es);
        assert_eq!(lang(Some("de")), Lang::Es);
    }
}
