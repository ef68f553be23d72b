//! What telephones do with a message, and how well the network tells of it: by the number's last digit, so that the same
//! family has the same telephone every morning.

use crate::pages::telephones::Fate::{self, Delivered, Read, Sent};

/// What is told of a message to a number: after how many seconds since it was taken, and what.
pub(super) fn of(number: &str) -> Vec<(u32, Fate)> {
    match number.bytes().last().unwrap_or_default() {
        // So late that the ladder went on.
        b'0' => vec![(2, Sent), (500, Delivered), (560, Read)],
        // All of it twice.
        b'1' => vec![(2, Sent), (2, Sent), (4, Delivered), (5, Delivered), (90, Read), (91, Read)],
        // In no order.
        b'2' => vec![(3, Read), (3, Delivered), (4, Sent)],
        // Nobody looks.
        b'3' | b'4' => vec![(2, Sent), (4, Delivered)],
        digit => vec![(2, Sent), (4, Delivered), (u32::from(digit.saturating_sub(b'0')) * 40, Read)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_telephones_are_late_some_say_it_twice_some_in_no_order_and_time_never_goes_back() {
        let told = |last: char| of(&format!("+5690000000{last}"));
        assert!(('0'..='9').all(|last| told(last).is_sorted_by_key(|(seconds, _)| *seconds)));
        assert!(told('0').contains(&(500, Delivered)));
        assert_eq!(told('1').iter().filter(|(_, fate)| *fate == Read).count(), 2);
        assert!(!told('2').is_sorted_by_key(|(_, fate)| *fate));
        assert!(!told('3').iter().any(|(_, fate)| *fate == Read));
    }
}
