//! HTTP dates ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).

use crate::time::Timestamp;

/// Reads a date in one of the three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
/// `Sun Nov  6 08:49:37 1994`. The day of the week is not compared with the date; two digits of a year are in this century.
/// `None`: it is none, or before 1970.
#[must_use]
pub fn read_date(text: &str) -> Option<Timestamp> {
    let mut words = text.split([' ', ',', '-', ':']).filter(|word| !word.is_empty());
    let _weekday = words.next()?;
    let (second, third) = (words.next()?, words.next()?);
    let (month, day, year_first) = match month(second) {
        Some(month) => (month, number(third)?, None),
        None => (month(third)?, number(second)?, Some(number(words.next()?)?)),
    };
    let clock = [number(words.next()?)?, number(words.next()?)?, number(words.next()?)?];
    let year = match year_first {
        Some(year) if year < 100 => year.saturating_add(2_000),
        Some(year) => year,
        None => number(words.next()?)?,
    };
    Timestamp::from_utc([year, month, day], clock)
}

/// 1 for `Jan`.
fn month(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.iter().zip(1..).find(|(name, _)| **name == word).map(|(_, month)| month)
}

fn number(word: &str) -> Option<i64> {
    if word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit()) { word.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sunday, 06-Nov-1994 08:49:37 GMT"] {
            assert_eq!(read_date(text), Some(Timestamp::from_secs(784_111_777)), "{text}");
        }
        assert_eq!(read_date("Sunday, 06-Nov-94 08:49:37 GMT"), Timestamp::parse_rfc3339("2094-11-06T08:49:37Z"));
    }

    #[test]
    fn leap_days_are_counted() {
        for (day, days) in
            [("01 Jan 1970", 0), ("29 Feb 2000", 11_016), ("01 Mar 2000", 11_017), ("24 Nov 2026", 20_781)]
        {
            let read = read_date(&format!("Xxx, {day} 00:00:00 GMT"));
            assert_eq!(read, Some(Timestamp::from_secs(days * 86_400)), "{day}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "Sun, 06 Nov",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 2023 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }
}
