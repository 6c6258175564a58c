//! When to try again: full jitter, and what a `Retry-After` field asks for (RFC 9110 §10.2.3).
//!
//! Knows numbers and one header field. Does not know what is tried.

use crate::entropy::Entropy;
use crate::http::read_date;
use crate::time::Timestamp;

/// How fast the waiting grows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pace {
    /// The other side is expected back soon: anything from nothing to 0.5 s, 1 s, 2 s, ... 30 s.
    Brisk,
    /// Somebody has to change a setting: about 1 to 2 s, 2 to 4 s, ... 30 to 60 s.
    Slow,
}

/// When the try after `failures` failed ones (at least 1) may start.
///
/// Without entropy the longest wait of the range is taken. `retry_after` is a lower bound and is capped at 60 s.
pub(super) fn next_try(
    failures: u32,
    pace: Pace,
    retry_after: Option<&[u8]>,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Timestamp {
    let (first, longest) = match pace {
        Pace::Brisk => (FIRST, LONGEST),
        Pace::Slow => (SLOW_FIRST, SLOW_LONGEST),
    };
    let doublings = failures.saturating_sub(1).min(MAX_DOUBLINGS);
    let cap = first.saturating_mul(1 << doublings).min(longest);
    let wait = match pace {
        Pace::Brisk => up_to(cap, entropy),
        Pace::Slow => (cap / 2).saturating_add(up_to(cap / 2, entropy)),
    };
    // What was asked for is spread too: all writers of a fleet are told the same second.
    let asked = retry_after.and_then(|value| read_retry_after(value, now));
    let wait = asked.map_or(wait, |asked| asked.saturating_add(up_to(FIRST, entropy)).max(wait));
    now.plus_millis(wait)
}

/// A random number of milliseconds from 0 to `most`, both included.
pub(super) fn up_to(most: u64, entropy: &mut dyn Entropy) -> u64 {
    let mut bytes = [0; 8];
    if entropy.fill(&mut bytes).is_err() {
        return most;
    }
    let scaled = u128::from(u64::from_be_bytes(bytes)).saturating_mul(u128::from(most).saturating_add(1)) >> 64;
    u64::try_from(scaled).unwrap_or(most)
}

/// Milliseconds to wait, from a number of seconds or an HTTP date; at most 60 000. `None` when it is neither.
fn read_retry_after(value: &[u8], now: Timestamp) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is a long time.
        return Some(
            text.parse::<u64>().map_or(MAX_RETRY_AFTER, |secs| secs.saturating_mul(1_000)).min(MAX_RETRY_AFTER),
        );
    }
    let date = read_date(text)?;
    Some(date.millis_since(now).min(MAX_RETRY_AFTER))
}

/// Milliseconds. Shorter, and a store that stumbles is hit again before it stands.
const FIRST: u64 = 500;
/// Milliseconds. Longer, and an outage outlives itself by more than that.
const LONGEST: u64 = 30_000;
const SLOW_FIRST: u64 = 2_000;
const SLOW_LONGEST: u64 = 60_000;
/// Milliseconds. A store that asks for more gets another try anyway: nothing here may wait on a stranger's word.
const MAX_RETRY_AFTER: u64 = 60_000;
/// No wait is longer, in milliseconds.
pub(super) const LONGEST_WAIT: u64 = MAX_RETRY_AFTER + FIRST;
/// Keeps the shift in range; the cap is reached long before.
const MAX_DOUBLINGS: u32 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::fixture::{Dry, Seeded};

    #[test]
    fn the_wait_doubles_up_to_thirty_seconds() {
        let now = Timestamp::from_secs(1_000);
        let longest = |failures, pace| next_try(failures, pace, None, now, &mut Dry).millis_since(now);
        let brisk: Vec<u64> = (1..9).map(|failures| longest(failures, Pace::Brisk)).collect();
        assert_eq!(brisk, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        let slow: Vec<u64> = (1..8).map(|failures| longest(failures, Pace::Slow)).collect();
        assert_eq!(slow, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(longest(u32::MAX, Pace::Brisk), 30_000);
    }

    #[test]
    fn retry_after_is_seconds_or_any_of_the_three_date_forms() {
        let now = Timestamp::from_secs(784_111_777);
        for (value, wait) in [
            ("7", Some(7_000)),
            (" 7 ", Some(7_000)),
            ("0", Some(0)),
            ("3600", Some(60_000)),
            ("99999999999999999999999", Some(60_000)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(60_000)),
            ("Sun Nov  6 08:49:47 1994", Some(10_000)),
            ("Sun, 06 Nov 1993 08:49:37 GMT", Some(0)),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("Sun, 06 Nov", None),
        ] {
            assert_eq!(read_retry_after(value.as_bytes(), now), wait, "{value}");
        }
        assert_eq!(read_retry_after(&[0xFF], now), None);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_over_its_cap_nor_before_what_was_asked(
            failures in 1u32..40, seed in any::<u64>(), asked in proptest::option::of(0u64..200),
        ) {
            let now = Timestamp::from_secs(50);
            let text = asked.map(|asked| asked.to_string());
            let value = text.as_ref().map(String::as_bytes);
            let wait = next_try(failures, Pace::Brisk, value, now, &mut Seeded(seed)).millis_since(now);
            let cap = 500u64.saturating_mul(1 << (failures - 1).min(16)).min(30_000);
            let floor = asked.map_or(0, |asked| (asked * 1_000).min(60_000));
            prop_assert!(wait >= floor && wait <= cap.max(floor + 500));
        }

        #[test]
        fn any_bytes_are_read_without_harm(value in proptest::collection::vec(any::<u8>(), 0..60), now in any::<u64>()) {
            let wait = read_retry_after(&value, Timestamp::from_micros(now));
            prop_assert!(wait.is_none_or(|wait| wait <= 60_000));
        }
    }
}
