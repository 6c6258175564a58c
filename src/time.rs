//! Points in time and spans, as numbers: nothing here reads a clock.

/// Microseconds since 1970-01-01T00:00:00Z, by the proxy's clock.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Milliseconds from `earlier` to this; 0 where the clock went backwards.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1_000
    }

    /// This, `millis` later; stays at the end of time.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }
}

/// A civil date and time of day in UTC.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
}

impl Timestamp {
    /// `2026-01-15T09:30:00.120Z` (RFC 3339 §5.6), rounded down to the millisecond; years beyond 9999 show as 9999-12-31.
    #[must_use]
    pub fn rfc3339_millis(self) -> String {
        let shown = self.0.min(LAST_MICROSECOND);
        let Civil { year, month, day, second_of_day } = civil(shown / 1_000_000);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        let milli = shown / 1_000 % 1_000;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    /// Reads an RFC 3339 time with any offset and fraction; what is finer than a microsecond is cut off, a leap second is
    /// the second after it. `None` for anything else, and for times before 1970.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = (text.get(..10)?, text.get(10..)?);
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
        let local = seconds_since_epoch(numbers(date, '-', &[4, 2, 2])?, numbers(clock, ':', &[2, 2, 2])?)?;
        let (micros, zone) = fraction(rest)?;
        let utc = local.checked_sub(offset_seconds(zone)?)?;
        let utc = u64::try_from(utc).ok()?;
        Some(Self(utc.checked_mul(1_000_000)?.checked_add(micros)?))
    }

    /// A date (year, month, day) and a time of day (hour, minute, second) in UTC; a leap second is the second after it. `None`
    /// where the calendar has none such, and before 1970.
    pub(crate) fn from_utc(date: [i64; 3], clock: [i64; 3]) -> Option<Self> {
        u64::try_from(seconds_since_epoch(date, clock)?).ok().map(Self::from_secs)
    }
}

fn seconds_since_epoch(date: [i64; 3], clock: [i64; 3]) -> Option<i64> {
    days_since_epoch(date)?.checked_mul(86_400)?.checked_add(seconds_of_day(clock)?)
}

/// 9999-12-31T23:59:59.999999Z: RFC 3339 has four digits for a year.
const LAST_MICROSECOND: u64 = 253_402_300_799_999_999;

/// Proleptic Gregorian calendar, after "chrono-compatible low-level date algorithms" by Howard Hinnant.
fn civil(seconds: u64) -> Civil {
    let days = seconds / 86_400 + 719_468;
    let era_day = days % 146_097;
    let era_year = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let shifted = (5 * year_day + 2) / 153;
    let day = year_day - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era_year + days / 146_097 * 400 + u64::from(month <= 2);
    Civil { year, month, day, second_of_day: seconds % 86_400 }
}

fn days_since_epoch([year, month, day]: [i64; 3]) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || year < 1 {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let year_day = (153 * shifted_month + 2) / 5 + day - 1;
    let leaps = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    Some(shifted_year * 365 + leaps + year_day - 719_468)
}

fn seconds_of_day([hour, minute, second]: [i64; 3]) -> Option<i64> {
    (hour <= 23 && minute <= 59 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn numbers(text: &str, separator: char, widths: &[usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = |width: usize| {
        let part = parts.next()?;
        let digits = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| digits)
    };
    let [first, second, third] = *widths;
    let read = [next(first)?, next(second)?, next(third)?];
    parts.next().is_none().then_some(read)
}

/// Microseconds of the fraction, and what follows it.
fn fraction(rest: &str) -> Option<(u64, &str)> {
    let Some(digits_on) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = digits_on.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits_on.len());
    let (digits, zone) = (digits_on.get(..end)?, digits_on.get(end..)?);
    let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = padded.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit.saturating_sub(b'0')));
    (!digits.is_empty()).then_some((micros, zone))
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, clock) =
        zone.strip_prefix('+').map(|clock| (1, clock)).or_else(|| Some((-1, zone.strip_prefix('-')?)))?;
    let whole = format!("{clock}:00");
    Some(sign * seconds_of_day(numbers(&whole, ':', &[2, 2, 2])?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_times_are_written_and_read() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (1_768_469_400_120_000, "2026-01-15T09:30:00.120Z"),
            (4_107_542_399_999_000, "2100-02-28T23:59:59.999Z"),
            (LAST_MICROSECOND / 1000 * 1000, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_micros(micros).rfc3339_millis(), text);
            assert_eq!(Timestamp::parse_rfc3339(text), Some(Timestamp::from_micros(micros)));
        }
        assert_eq!(Timestamp::from_micros(u64::MAX).rfc3339_millis(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn offsets_and_fractions_of_others_are_read() {
        let expected = Timestamp::parse_rfc3339("2026-01-15T09:30:00Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-01-15T10:30:00+01:00"), expected);
        assert_eq!(Timestamp::parse_rfc3339("2026-01-15t04:00:00.0-05:30"), expected);
        assert_eq!(
            Timestamp::parse_rfc3339("2026-01-15 09:30:00.123456789z").map(Timestamp::as_micros),
            expected.map(|time| time.as_micros() + 123_456)
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-01-15",
            "2026-01-15T09:30:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-15T24:00:00Z",
            "2026-01-15T09:30:00.Z",
            "2026-1-15T09:30:000Z",
            "1969-12-31T23:59:59Z",
            "2026-01-15T09:30:00+1:00",
            "2026-01-15T09:30:00Zx",
            "２０26-01-15T09:30:00Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(millis in 0..=(LAST_MICROSECOND / 1000)) {
            let time = Timestamp::from_micros(millis * 1000);
            prop_assert_eq!(Timestamp::parse_rfc3339(&time.rfc3339_millis()), Some(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}", almost in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.0-9]{0,9}(Z|[+-][0-9:]{5})") {
            let _ = Timestamp::parse_rfc3339(&text);
            let _ = Timestamp::parse_rfc3339(&almost);
        }
    }
}
