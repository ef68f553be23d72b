//! Which address a request comes from.

use axum::http::HeaderMap;
use std::net::{IpAddr, SocketAddr};

/// The other end of the connection: the client, or the last proxy before us. A request's extension.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The client's address: what the outermost of `hops` trusted proxies saw. Each appends the address that
/// it was reached from to `X-Forwarded-For`, so what is left of those entries was said by the client
/// itself and counts for nothing (OWASP ASVS 5.0, 4.1.3).
pub fn address(headers: &HeaderMap, peer: Peer, hops: usize) -> IpAddr {
    // Whatever bytes the client sent, what the proxy appended to them is read.
    let said = headers.get_all("x-forwarded-for").iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let said: Vec<_> = said.collect();
    let mut entries = said.iter().flat_map(|value| value.split(',')).map(str::trim).rev();
    let seen = hops.checked_sub(1).and_then(|past| entries.nth(past)).and_then(parse);
    seen.unwrap_or(peer.0.ip()).to_canonical()
}

/// An address, with or without a port (some proxies add it).
fn parse(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a25_only_what_trusted_proxies_appended_counts() {
        let peer = Peer("10.0.0.1:4711".parse().unwrap());
        let of = |values: &[&str], hops| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            headers.insert("forwarded", "for=6.6.6.6".parse().unwrap());
            headers.insert("x-real-ip", "6.6.6.6".parse().unwrap());
            address(&headers, peer, hops).to_string()
        };
        assert_eq!(of(&["6.6.6.6"], 0), "10.0.0.1", "nobody is trusted");
        assert_eq!(of(&["6.6.6.6, 203.0.113.9"], 1), "203.0.113.9");
        assert_eq!(of(&["6.6.6.6", "203.0.113.9:1234"], 1), "203.0.113.9");
        assert_eq!(of(&["6.6.6.6, 203.0.113.9, 10.0.0.2"], 2), "203.0.113.9");
        assert_eq!(of(&["6.6.6.6 ñ, 203.0.113.9"], 1), "203.0.113.9", "whatever the client said before");
        assert_eq!(of(&["::ffff:203.0.113.9"], 1), "203.0.113.9");
        assert_eq!(of(&["[2001:db8::1]:80"], 1), "2001:db8::1");
        for broken in [&[][..], &["unknown"], &["6.6.6.6, "]] {
            assert_eq!(of(broken, 1), "10.0.0.1", "{broken:?}");
        }
        assert_eq!(of(&["6.6.6.6"], 2), "10.0.0.1", "fewer entries than proxies");
    }
}
