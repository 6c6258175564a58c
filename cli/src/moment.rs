//! Points in time as people and records write them.

use jiff::tz::TimeZone;
use oidc_audit::time::Timestamp;

use crate::failure::Failure;

/// Reads an RFC 3339 time; nothing before 1970.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(at.as_microsecond()).ok().map(Timestamp::from_micros)
}

/// Reads an RFC 3339 time, a date (its midnight in UTC), or a span before `now`: `30m`, `36h`, `7d`.
pub(crate) fn parse_relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return parse(text).or_else(|| parse(&format!("{text}T00:00:00Z"))),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let micros = number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(seconds)?.checked_mul(1_000_000)?;
    Some(Timestamp::from_micros(now.as_micros().saturating_sub(micros)))
}

/// The same, as the value of an option.
///
/// # Errors
///
/// It is none of these.
pub(crate) fn option(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    parse_relative(text, now).ok_or_else(|| {
        Failure::new(format!("{name} is no time"))
            .hint("like 2026-01-15T09:30:00Z, 2026-01-15, or 30m, 36h, 7d before now")
    })
}

/// `2026-01-15T10:00:00.120Z`
pub(crate) fn rfc3339(at: Timestamp) -> String {
    utc(at, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// `2026-01-15`, in UTC.
pub(crate) fn date(at: Timestamp) -> String {
    utc(at, "%Y-%m-%d")
}

/// `10:00:00`, in UTC.
pub(crate) fn clock(at: Timestamp) -> String {
    utc(at, "%H:%M:%S")
}

/// `10:00:00.120`, in UTC.
pub(crate) fn clock_millis(at: Timestamp) -> String {
    utc(at, "%H:%M:%S%.3f")
}

/// `10:00:00`, with the date before it where that is not the one of `other`.
pub(crate) fn clock_beside(at: Timestamp, other: Timestamp) -> String {
    if date(at) == date(other) { clock(at) } else { utc(at, "%Y-%m-%d %H:%M:%S") }
}

/// The same to the millisecond.
pub(crate) fn clock_millis_beside(at: Timestamp, other: Timestamp) -> String {
    if date(at) == date(other) { clock_millis(at) } else { utc(at, "%Y-%m-%d %H:%M:%S%.3f") }
}

/// By the clock on the wall: date, time, and the name of the zone.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> (String, String, String) {
    let zoned = civil(at).to_zoned_datetime(zone.clone());
    let part = |format: &str| zoned.strftime(format).to_string();
    (part("%Y-%m-%d"), part("%H:%M:%S"), part("%Z"))
}

/// `250 ms`, `41 s`, `4 min 12 s`, `3 h 5 min`, `12 d 4 h`.
pub(crate) fn span(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

fn two(major: u64, unit: &str, minor: u64, of: &str) -> String {
    if minor == 0 { format!("{major} {unit}") } else { format!("{major} {unit} {minor} {of}") }
}

fn utc(at: Timestamp, format: &str) -> String {
    civil(at).strftime(format).to_string()
}

/// The last moment of the calendar where `at` lies beyond it.
fn civil(at: Timestamp) -> jiff::Timestamp {
    let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset_and_written_in_utc() {
        let at = parse("2026-01-15T11:00:00.1205+01:00").unwrap();
        assert_eq!(rfc3339(at), "2026-01-15T10:00:00.120Z");
        assert_eq!(clock_beside(at, at), "10:00:00");
        assert_eq!(clock_beside(at, Timestamp::from_secs(0)), "2026-01-15 10:00:00");
        for bad in ["", "2026-01-15", "2026-01-15T10:00:00", "1969-12-31T23:59:59Z", "10:00", "\u{1b}[m"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(rfc3339(Timestamp::from_micros(u64::MAX)).get(..4), Some("9999"));
    }

    #[test]
    fn a_span_counts_back_from_now() {
        let now = parse("2026-01-15T10:00:00Z").unwrap();
        let cases = [
            ("30m", Some("2026-01-15T09:30:00.000Z")),
            ("2d", Some("2026-01-13T10:00:00.000Z")),
            ("2026-01-14", Some("2026-01-14T00:00:00.000Z")),
            ("2026-01-14T12:00:00+01:00", Some("2026-01-14T11:00:00.000Z")),
            ("99999999999999999999d", None),
            ("-5m", None),
            ("m", None),
            ("", None),
            ("yesterday", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_relative(text, now).map(rfc3339).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn spans_are_told_in_two_units() {
        let cases =
            [(0, "0 ms"), (41_000, "41 s"), (252_000, "4 min 12 s"), (3_600_000, "1 h"), (187_200_000, "2 d 4 h")];
        for (millis, text) in cases {
            assert_eq!(span(millis), text);
        }
    }
}
