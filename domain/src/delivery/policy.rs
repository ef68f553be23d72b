//! What holds for each kind of notice, and when a try that came to nothing is made again: data, and no clock.

use super::Kind;
use chrono::TimeDelta;

/// About what one message costs that Meta takes for advertising, in thousandths of a dollar: Chile, rate card of
/// 2026-10-01 (<https://developers.facebook.com/docs/whatsapp/pricing>). For a person who decides, not for a bill.
pub const MARKETING_MILLIS_OF_DOLLAR: u64 = 89;
/// How long whoever was written to is left alone: WhatsApp takes about one message in six seconds to one person.
pub const SPACING: TimeDelta = TimeDelta::seconds(6);
/// How long the channel's own word is waited for, before a message of which nothing is known is sent again.
pub const UNKNOWN_FOR: TimeDelta = TimeDelta::minutes(2);
/// Pauses after tries that certainly sent nothing, in seconds.
const PAUSES: [i64; 5] = [6, 16, 64, 256, 600];

impl Kind {
    /// Whether a message that may have arrived is sent once more: a second alarm harms nobody, a missing one does. All
    /// others are sent at most once.
    pub const fn is_sent_again(self) -> bool {
        match self {
            Self::NoEntry => true,
            Self::Entry | Self::Exit | Self::Late | Self::EarlyLeave | Self::Correction | Self::Broadcast => false,
        }
    }

    /// Whether somebody's safety hangs on it: whoever is reached by one channel no more is reached by another.
    pub const fn is_of_safety(self) -> bool {
        match self {
            Self::NoEntry | Self::Correction | Self::EarlyLeave => true,
            Self::Entry | Self::Exit | Self::Late | Self::Broadcast => false,
        }
    }

    /// How long others may wait for it: of what is due at once the lowest goes first.
    pub const fn rank(self) -> u8 {
        match self {
            Self::NoEntry => 0,
            Self::EarlyLeave => 1,
            Self::Correction => 2,
            Self::Late => 3,
            Self::Entry | Self::Exit => 4,
            Self::Broadcast => 5,
        }
    }

    /// How long it waits for what says the same of a brother, before it is sent.
    pub const fn waits_for(self) -> TimeDelta {
        match self {
            Self::Entry | Self::Exit | Self::Late => TimeDelta::seconds(15),
            Self::NoEntry | Self::EarlyLeave | Self::Correction | Self::Broadcast => TimeDelta::zero(),
        }
    }

    /// For how long it is news, from when it is asked for; of what passed at the gate, from when it passed.
    pub const fn is_news_for(self) -> TimeDelta {
        match self {
            Self::Entry | Self::Exit => TimeDelta::minutes(30),
            Self::NoEntry | Self::Late => TimeDelta::minutes(90),
            Self::EarlyLeave => TimeDelta::hours(2),
            Self::Correction => TimeDelta::hours(12),
            Self::Broadcast => TimeDelta::hours(24),
        }
    }
}

/// The pause after so many tries that certainly sent nothing (from 1), longer by up to a half; none if there were
/// enough. `jitter` is from 0 to 1.
pub fn pause_after(tries: u16, jitter: f64) -> Option<TimeDelta> {
    let seconds = *PAUSES.get(usize::from(tries).checked_sub(1)?)?;
    let more = std::time::Duration::from_secs(seconds.unsigned_abs()).mul_f64(jitter.clamp(0.0, 1.0) / 2.0);
    TimeDelta::seconds(seconds).checked_add(&TimeDelta::from_std(more).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d18_a_try_that_sent_nothing_is_made_again_after_ever_longer_pauses_and_not_for_ever() {
        let pauses: Vec<_> = (1..=9).map_while(|tries| pause_after(tries, 0.0)).map(|p| p.num_seconds()).collect();
        assert_eq!(pauses, PAUSES);
        assert_eq!(pause_after(1, 1.0), Some(TimeDelta::seconds(9)));
        assert_eq!(pause_after(1, 7.0), Some(TimeDelta::seconds(9)), "no number makes it longer than that");
        assert_eq!(pause_after(0, 0.5), None);
        assert!(pause_after(1, 0.0).unwrap() >= SPACING);
    }

    #[test]
    fn only_an_alarm_is_sent_again_where_nobody_knows_whether_it_arrived() {
        let again: Vec<_> = Kind::ALL.iter().filter(|kind| kind.is_sent_again()).collect();
        assert_eq!(again, [&Kind::NoEntry]);
    }
}
