//! Every limit there is, as data, and the keys that they count by.

use super::TooMany;
use chrono::{DateTime, Utc};
use governor::Quota;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// How often something may be tried: `burst` at once, then one in `one_in`.
#[derive(Debug)]
pub struct Limit {
    /// Its name, part of its keys.
    pub name: &'static str,
    pub(super) shield_name: &'static str,
    /// Tries at once.
    pub burst: NonZeroU32,
    /// Time in which one more try is earned.
    pub one_in: Duration,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $id:ident $name:literal $burst:literal, one in $one_in:expr;)+) => {
        $($(#[$doc])*
        pub const $id: Limit = Limit {
            name: $name,
            shield_name: concat!($name, "/shield"),
            burst: NonZeroU32::new($burst).expect("a burst"),
            one_in: $one_in,
        };)+

        /// All of them.
        pub const ALL: &[&Limit] = &[$(&$id,)+];
    };
}

limits! {
    /// Signing in to one account from one network (P27).
    SIGN_IN "sign_in" 5, one in Duration::from_secs(30);
    /// Signing in to one account from a browser in which its person signed in before, whatever others do (P27).
    KNOWN "sign_in_known" 5, one in Duration::from_secs(30);
    /// Guesses at one account from all other browsers and all networks together: no day sees more than a hundred
    /// (P27). A right password is no guess.
    ///
    /// P27 asks for delay and never for a lockout. Past its hundred the account is tried once in 29 minutes by all
    /// unknown browsers together, and the others are told when to come again: to verify each try after a pause would
    /// verify thousands a day from a thousand networks. So while somebody keeps guessing, whoever has no known browser
    /// may have to wait for as long; not a known browser, and not one in which a link of the administrator's was
    /// redeemed, which makes it known. Programs have no browser and count as unknown ones on purpose: what a program
    /// could show in its place is a secret that it had stored, and that it has already, its refresh token, which is
    /// good for thirty days and never meets this limit.
    ACCOUNT "sign_in_account" 50, one in Duration::from_secs(24 * 60 * 60 / 50);
    /// Telling an account's schools that guesses at it are slowed down.
    TOLD "sign_in_told" 1, one in Duration::from_secs(24 * 60 * 60);
    /// Signing in from one network, to whatever account: thirty at once, and then thirty a minute (P27). A whole school
    /// may be behind one address.
    NETWORK "sign_in_network" 30, one in Duration::from_secs(2);
    /// Wrong codes of one account, from all browsers that it does not know together and whatever sessions they are
    /// tried in: about a hundred a day, of which each is right by chance in three of a million cases. Only who has the
    /// password gets here.
    SECOND_FACTOR "second_factor" 10, one in Duration::from_secs(15 * 60);
    /// Wrong codes of one account from a browser in which its person signed in before, whatever others do.
    SECOND_FACTOR_KNOWN "second_factor_known" 10, one in Duration::from_secs(15 * 60);
    /// Passkeys asked for and answered from one network, two for each sign-in: nothing is guessed by trying, but each
    /// question is a row. A whole school may be behind one address.
    PASSKEY "passkey" 60, one in Duration::from_secs(1);
    /// Choosing a password by a link, and confirming the first code after it, from one network.
    ACTIVATE "activate" 10, one in Duration::from_secs(10);
    /// Redeeming a guardian's link or its digits from one network.
    REDEEM "redeem" 10, one in Duration::from_secs(10);
    /// Letters with a link to one address, asked for from one network: never more than three in an hour (P12).
    LINK "link" 2, one in Duration::from_secs(40 * 60);
    /// The same for a browser in which whoever reads the address came in before, whatever others do.
    LINK_KNOWN "link_known" 2, one in Duration::from_secs(40 * 60);
    /// The same for all browsers that the address does not know and all networks together: never more than six in an
    /// hour. So a stranger in one network leaves a guardian who comes from another, with a new telephone, three. That
    /// is also how many links of strangers an address has at once.
    LINK_STRANGERS "link_strangers" 4, one in Duration::from_secs(30 * 60);
    /// Asking for such letters from one network in unknown browsers: never more than ten in an hour (P12).
    LINK_NETWORK "link_network" 7, one in Duration::from_secs(20 * 60);
    /// Wrong digits for the links of one address, typed in browsers that it does not know: seven on the first day, two
    /// on every other. A try is right in one of a million cases, and only while a guardian has the guesser's own link
    /// open: the digits of a link that nobody opened open nothing. So of a thousand guardians who open whatever link
    /// they are sent, twice a day for a whole year, fewer than one is guessed; of those who do not, none.
    CODE "family_code" 5, one in Duration::from_secs(12 * 60 * 60);
    /// The same in a browser in which whoever reads the address came in before, whatever others do.
    CODE_KNOWN "family_code_known" 5, one in Duration::from_secs(60 * 60);
    /// Programs' refresh tokens from one network, right or wrong: a school's programs need one in minutes.
    REFRESH "refresh" 120, one in Duration::from_millis(500);
    /// Browsers' reports of broken policies from one network: a page that breaks one breaks it at every look.
    REPORT "csp_report" 20, one in Duration::from_secs(3);
    /// What channels tell from one network: Meta tells of eighty messages a second at most, of many at once, and tells
    /// what is refused again.
    WEBHOOK "webhook" 300, one in Duration::from_millis(50);
    /// Forms that may bring a file, from one person.
    UPLOAD "upload" 12, one in Duration::from_secs(30);
    /// Steps of an import, each of some seconds, from one person.
    IMPORT "import" 40, one in Duration::from_secs(4);
    /// Proving again who one is, per account.
    STEP_UP "step_up" 5, one in Duration::from_secs(30);
}

impl Limit {
    /// How far ahead of its pace a key may be.
    pub(super) fn tolerance(&self) -> Duration {
        self.one_in * (self.burst.get() - 1)
    }

    /// Whether a key whose next try is `due` may try `now`.
    pub(super) fn allows(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), TooMany> {
        let ahead = (due - now).to_std().unwrap_or_default();
        match ahead.checked_sub(self.tolerance()) {
            Some(wait) if !wait.is_zero() => Err(TooMany { retry_after: wait }),
            _ => Ok(()),
        }
    }

    /// The same, `times` as wide.
    pub(super) fn quota(&self, times: u32) -> Quota {
        let burst = self.burst.saturating_mul(NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN));
        let period = self.one_in.checked_div(times).and_then(Quota::with_period);
        // A limit without a pace would be none at all: one try a second.
        period.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst)
    }
}

/// The network that an address belongs to, as one text: an IPv4 address is its own, an IPv6 one counts
/// by its /64, which one subscriber has whole (RFC 6177); an IPv4 address written as IPv6 is an IPv4 one
/// (P28).
pub fn network(address: IpAddr) -> String {
    prefix(address, 32, 64)
}

/// What of an address may be shown and kept: the /24 of IPv4, the /48 of IPv6.
pub fn shown(address: IpAddr) -> String {
    prefix(address, 24, 48)
}

/// The network of so many bits, by the kind of the address.
fn prefix(address: IpAddr, v4: u8, v6: u8) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(v4)).unwrap_or(0);
            format!("{}/{v4}", Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(v6)).unwrap_or(0);
            format!("{}/{v6}", Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// Two keys as one.
pub fn both(one: &str, other: &str) -> String {
    format!("{one}\0{other}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p28_an_address_counts_by_the_network_that_one_subscriber_has() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("203.0.113.9"), "203.0.113.9/32");
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.9"));
        assert_ne!(of("203.0.113.9"), of("203.0.113.8"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(shown("203.0.113.9".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(shown("2001:db8:1:2::9".parse().unwrap()), "2001:db8:1::/48");
    }

    #[test]
    fn p12_letters_with_links_keep_to_their_hour() {
        let most_in_an_hour = |limit: &Limit| limit.burst.get() + u32::try_from(3600 / limit.one_in.as_secs()).unwrap();
        assert!(most_in_an_hour(&LINK) <= 3 && most_in_an_hour(&LINK_KNOWN) <= 3);
        assert!(most_in_an_hour(&LINK_NETWORK) <= 10);
        // What one network leaves of an address is another's.
        assert!(most_in_an_hour(&LINK_STRANGERS) <= 2 * most_in_an_hour(&LINK));
        assert!(LINK_STRANGERS.burst.get() >= 2 * LINK.burst.get());
    }

    #[test]
    fn names_of_limits_are_unique() {
        let mut names: Vec<_> = ALL.iter().flat_map(|l| [l.name, l.shield_name]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 2 * ALL.len());
    }
}
