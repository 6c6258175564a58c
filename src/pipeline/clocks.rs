//! How far providers' clocks are from the proxy's, as their answers show: for the next checkpoint.

use crate::http::read_date;
use crate::record::evidence::Skew;
use crate::time::Timestamp;

/// One range for each provider that answered since the last checkpoint.
#[derive(Debug, Default)]
pub(super) struct Clocks(Vec<Skew>);

impl Clocks {
    /// Takes an answer to a request that came at `started` and ended at `ended`: its `Date` (RFC 9110 §6.6.1) was the provider's
    /// second at some moment between, and a token that is in it was issued (`iat`) no later than at its end. Of several
    /// answers the ranges are cut with each other; where they do not meet, a clock was set, and the latest holds.
    pub(super) fn note(
        &mut self,
        issuer: &str,
        date: &[u8],
        iat: Option<u64>,
        (started, ended): (Timestamp, Timestamp),
    ) {
        let Some(date) = std::str::from_utf8(date).ok().and_then(read_date) else { return };
        let from = between(date, ended).max(iat.map_or(i64::MIN, |iat| between(Timestamp::from_secs(iat), ended)));
        // rounded up, as the other is rounded down: the truth lies between
        let to = between(started, date.plus_millis(1_000)).saturating_neg();
        if from > to {
            return;
        }
        let room = self.0.len() < PROVIDERS;
        match self.0.iter_mut().find(|known| known.issuer == issuer) {
            Some(known) if known.from_ms.max(from) <= known.to_ms.min(to) => {
                (known.from_ms, known.to_ms) = (known.from_ms.max(from), known.to_ms.min(to));
            }
            Some(known) => (known.from_ms, known.to_ms) = (from, to),
            None if room => {
                self.0.push(Skew { issuer: issuer.to_owned(), from_ms: from, to_ms: to });
            }
            None => {}
        }
    }

    pub(super) fn take(&mut self) -> Vec<Skew> {
        std::mem::take(&mut self.0)
    }
}

/// Milliseconds from `earlier` to `later`, rounded down; negative where they are the other way round.
fn between(later: Timestamp, earlier: Timestamp) -> i64 {
    let micros = i128::from(later.as_micros()).saturating_sub(i128::from(earlier.as_micros()));
    i64::try_from(micros.div_euclid(1_000)).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
}

/// Providers of one checkpoint: it stays short.
const PROVIDERS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &[u8] = b"Thu, 15 Jan 2026 09:30:00 GMT";

    fn at(millis: u64) -> Timestamp {
        Timestamp::parse_rfc3339("2026-01-15T09:30:00Z").unwrap().plus_millis(millis)
    }

    fn seen(answers: &[(&[u8], Option<u64>, u64, u64)]) -> Vec<(i64, i64)> {
        let mut clocks = Clocks::default();
        for (date, iat, started, ended) in answers {
            clocks.note("https://idp.example.test", date, *iat, (at(*started), at(*ended)));
        }
        clocks.take().into_iter().map(|skew| (skew.from_ms, skew.to_ms)).collect()
    }

    #[test]
    fn a_date_says_it_to_a_second_and_the_time_that_the_answer_took() {
        assert_eq!(seen(&[(DATE, None, 200, 300)]), [(-300, 800)]);
        assert_eq!(seen(&[(DATE, None, 60_200, 60_300)]), [(-60_300, -59_200)]);
    }

    #[test]
    fn several_answers_narrow_it_and_a_clock_that_was_set_begins_anew() {
        assert_eq!(seen(&[(DATE, None, 200, 300), (DATE, None, 900, 950)]), [(-300, 100)]);
        assert_eq!(seen(&[(DATE, None, 200, 300), (DATE, None, 60_200, 60_300)]), [(-60_300, -59_200)]);
    }

    #[test]
    fn a_token_cannot_be_issued_later_than_it_is_seen() {
        let issued = at(0).as_secs();
        assert_eq!(seen(&[(DATE, Some(issued), 200, 300)]), [(-300, 800)]);
        assert_eq!(seen(&[(DATE, Some(issued + 1), 200, 300)]), [(700, 800)]);
        // signed for the future: nothing that a clock says
        assert_eq!(seen(&[(DATE, Some(issued + 100), 200, 300)]), []);
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        for date in [b"".as_slice(), b"yesterday", b"\xff", b"Thu, 99 Jan 2026 09:30:00 GMT"] {
            assert_eq!(seen(&[(date, None, 200, 300)]), []);
        }
    }
}
