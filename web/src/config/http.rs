//! The HTTP server.

use anyhow::bail;
use std::net::SocketAddr;
use std::time::Duration;

/// The HTTP server.
#[derive(Debug, Clone, clap::Args)]
pub struct Http {
    /// Address to listen on, in plain HTTP: beyond loopback only with `--host`, behind a proxy that speaks TLS.
    #[arg(long, env = "ATTENDANCE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Host names that a proxy in front passes on, separated by commas; loopback names always count.
    #[arg(long = "host", env = "ATTENDANCE_HOSTS", value_delimiter = ',', value_name = "NAME")]
    pub hosts: Vec<String>,
    /// Proxies in front, each of which appends the address that it was reached from to X-Forwarded-For.
    #[arg(long, env = "ATTENDANCE_PROXY_HOPS", default_value_t = 0, value_name = "N")]
    pub proxy_hops: usize,
    /// How people reach it, for links in letters: `https://asistencia.colegio.cl`. Unless it is said, https and the
    /// first `--host`, or the address that it listens on.
    #[arg(long, env = "ATTENDANCE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Bounds that are the same everywhere but in tests.
    #[arg(skip)]
    pub tuning: Tuning,
}

/// Bounds of the HTTP server.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Bytes that the kernel may hold for a client that does not read.
    pub send_buffer: u32,
    /// Frames of a school's board kept for clients that come back.
    pub ring: usize,
    /// Silence after which a stream sends a sign of life: proxies and clients see that the line stands.
    pub heartbeat: Duration,
    /// Age at which a stream ends, to be made again: load spreads over servers, leaks end.
    pub stream_age: Duration,
    /// Time for a connection's first byte, and for the head of a request.
    pub head_time: Duration,
    /// Time in which a client takes nothing of an answer that waits for it. Only what does not
    /// fit into `send_buffer` waits, and that is full until a third of it went: 20 kB a second are always enough.
    pub untaken_time: Duration,
    /// Connections at once; three quarters of them may be of people and programs that have not signed in. The
    /// next ones wait until a silent one of these makes room.
    pub connections: usize,
    /// Connections of one account, guardian or kiosk that never make room; others of theirs do, as a stranger's. Ten
    /// browsers with the six that each may open, and a few: nobody honest has more at once, and a secret that is
    /// known to many, or stolen, holds a thirtieth of all.
    pub proven_each: usize,
    /// Streams at once, of the API and of the pages together: well under `connections`, which leaves the
    /// rest to kiosks, probes and pages. A school gets half of them at most, so that others find a place.
    pub streams: usize,
    /// Streams at once of one person.
    pub streams_each: usize,
    /// Requests of kiosks at once.
    pub kiosks_at_once: usize,
    /// Other requests at once.
    pub requests_at_once: usize,
    /// How long one request works on what many do together, such as an import: less than anybody waits for an answer.
    pub step: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            send_buffer: 256 * 1024,
            ring: 256,
            heartbeat: Duration::from_secs(15),
            stream_age: Duration::from_secs(60 * 60),
            head_time: Duration::from_secs(5),
            untaken_time: Duration::from_secs(10),
            connections: 2000,
            proven_each: 64,
            streams: 1000,
            streams_each: 20,
            kiosks_at_once: 512,
            requests_at_once: 256,
            step: Duration::from_secs(4),
        }
    }
}

impl Http {
    /// Refuses to be reached from other machines unless a name says under which a proxy in front speaks TLS: the
    /// server itself speaks plain HTTP, on which whoever listens reads passwords and pupils' days.
    pub fn check(&self) -> anyhow::Result<()> {
        if let Some(url) = &self.public_url
            && !url.starts_with("https://")
            && !url.starts_with("http://localhost")
            && !url.starts_with("http://127.0.0.1")
        {
            bail!("{url} is no https:// address: whoever listens on the way would read the links of letters");
        }
        let address = self.listen;
        if !address.ip().is_loopback() && self.hosts.iter().all(|host| host.trim().is_empty()) {
            bail!(
                "{address} is not a loopback address, and this server speaks plain HTTP. Put a proxy in front that \
                 speaks TLS and name its host (--host, ATTENDANCE_HOSTS), or listen on 127.0.0.1"
            );
        }
        Ok(())
    }
}

impl Http {
    /// Where links in letters lead, without a slash at the end. Never from a request: its `Host` is the asker's.
    pub fn public_url(&self, listens: SocketAddr) -> String {
        let said = self.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        let host = || self.hosts.iter().find(|host| !host.trim().is_empty()).map(|host| format!("https://{host}"));
        said.or_else(host).unwrap_or_else(|| format!("http://{listens}"))
    }
}

impl Http {
    /// A free loopback port.
    pub fn for_testing() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            hosts: Vec::new(),
            proxy_hops: 0,
            public_url: None,
            // One person is many boards.
            tuning: Tuning { streams_each: 1000, proven_each: 1000, ..Tuning::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_can_reach_is_refused_unless_a_proxys_name_is_known() {
        let check = |listen: &str, hosts: &[&str]| {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            Http { listen: listen.parse().unwrap(), hosts, ..Http::for_testing() }.check()
        };
        for reachable in ["0.0.0.0:8080", "192.168.1.10:80", "[::]:8080"] {
            let refused = check(reachable, &[]).unwrap_err().to_string();
            assert!(refused.contains("TLS") && refused.contains(reachable), "{refused}");
            assert!(check(reachable, &[""]).is_err());
            assert!(check(reachable, &["gate.school.cl"]).is_ok());
        }
        assert!(check("[::1]:8080", &[]).is_ok() && check("127.0.0.1:0", &[]).is_ok());
    }
}
