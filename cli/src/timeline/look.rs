//! How text looks on the terminal at hand: its width, its letters, its colours.

use jiff::tz::TimeZone;
use oidc_audit::time::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::term::{Palette, Style, escape};
use crate::timeline::entry::Outcome;

/// Of one output.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) palette: Palette,
    /// Columns.
    pub(crate) width: usize,
    pub(crate) signs: &'static Signs,
    /// Of the reader.
    pub(crate) zone: TimeZone,
}

/// The letters beyond ASCII, or what stands for them.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Signs {
    success: &'static str,
    failure: &'static str,
    pending: &'static str,
    unknown: &'static str,
    /// What was left out.
    pub(crate) more: &'static str,
    /// Between two things.
    pub(crate) dot: &'static str,
    /// Between two times.
    pub(crate) to: &'static str,
    /// Between a count and what is counted.
    pub(crate) times: &'static str,
    /// Before what is said of the line above.
    pub(crate) below: &'static str,
    ascii: bool,
}

pub(crate) const UNICODE: Signs = Signs {
    success: "✓",
    failure: "✗",
    pending: "…",
    unknown: "?",
    more: "…",
    dot: " · ",
    to: " – ",
    times: "×",
    below: "└ ",
    ascii: false,
};

pub(crate) const ASCII: Signs = Signs {
    success: "+",
    failure: "x",
    pending: "~",
    unknown: "?",
    more: "..",
    dot: " | ",
    to: " - ",
    times: "x",
    below: "`- ",
    ascii: true,
};

impl Signs {
    /// By the locale, as the C library chooses it: a character set that is named and is not UTF-8 needs ASCII.
    pub(crate) fn of(environment: impl Fn(&str) -> Option<String>) -> &'static Self {
        let set = |name: &&str| environment(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
        let is_utf8 = |locale: String| {
            let folded = locale.to_ascii_lowercase();
            folded.contains("utf-8") || folded.contains("utf8")
        };
        if locale.is_none_or(is_utf8) { &UNICODE } else { &ASCII }
    }
}

impl Look {
    /// Text of a record, harmless.
    pub(crate) fn text(&self, text: &str) -> String {
        let escaped = escape(text).to_string();
        if !self.signs.ascii || escaped.is_ascii() {
            return escaped;
        }
        let letter = |letter: char| match letter.is_ascii() {
            true => letter.to_string(),
            false => letter.escape_unicode().to_string(),
        };
        escaped.chars().map(letter).collect()
    }

    /// The same in at most so many columns.
    pub(crate) fn fit(&self, text: &str, columns: usize) -> String {
        self.cut(&self.text(text), columns)
    }

    /// Of text that is harmless already.
    pub(crate) fn cut(&self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let Some(room) = columns.checked_sub(self.signs.more.width()) else { return String::new() };
        let mut kept = String::new();
        for letter in text.chars() {
            kept.push(letter);
            if kept.width() > room {
                kept.pop();
                break;
            }
        }
        kept.truncate(kept.trim_end().len());
        kept.push_str(self.signs.more);
        kept
    }

    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        self.palette.paint(style, text).to_string()
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> String {
        match outcome {
            Outcome::Success => self.paint(Style::Good, self.signs.success),
            Outcome::Failure => self.paint(Style::Bad, self.signs.failure),
            Outcome::Pending => self.paint(Style::Faint, self.signs.pending),
            Outcome::Unknown => self.paint(Style::Warning, self.signs.unknown),
            Outcome::Unstated => " ".to_owned(),
        }
    }

    /// A pseudonym, short enough for a column and long enough for `--subject`.
    pub(crate) fn pseudonym(&self, value: &str) -> String {
        let (key, hash) = value.split_once('.').map_or(("", value), |(key, hash)| (key, hash));
        let short: String = hash.chars().take(PSEUDONYM).collect();
        let key: String = key.chars().take(KEY_ID).collect();
        let point = if key.is_empty() { "" } else { "." };
        self.text(&format!("{key}{point}{short}"))
    }
}

/// Padded on the right to so many columns; wide letters count twice.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Padded on the left.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// What is written beside a span that ends in the future.
pub(crate) fn remaining(end: Timestamp, now: Timestamp) -> String {
    crate::moment::span(end.millis_since(now))
}

/// Characters of a hash: 36 bits.
const PSEUDONYM: usize = 6;
/// PROTOCOL §3.2: at most 8 characters, of a well-behaved writer.
const KEY_ID: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn look(signs: &'static Signs) -> Look {
        Look { palette: Palette::plain(), width: 100, signs, zone: TimeZone::UTC }
    }

    #[test]
    fn a_locale_that_names_another_character_set_gets_ascii() {
        let locale = |pairs: &'static [(&str, &str)]| {
            Signs::of(move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(*locale(&[]), UNICODE);
        assert_eq!(*locale(&[("LANG", "de_DE.UTF-8")]), UNICODE);
        assert_eq!(*locale(&[("LANG", "C.utf8"), ("LC_ALL", "")]), UNICODE);
        assert_eq!(*locale(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), ASCII);
        assert_eq!(*locale(&[("LC_CTYPE", "de_DE.ISO-8859-1")]), ASCII);
    }

    #[test]
    fn text_is_cut_by_columns_and_never_inside_its_escape_alone() {
        let look = look(&UNICODE);
        assert_eq!(look.fit("openid email", 8), "openid…");
        assert_eq!(look.fit("李李李", 5), "李李…");
        assert_eq!(look.fit("\u{1b}[2J", 20), "\\u{1b}[2J");
        assert_eq!(pad("李", 4), "李  ");
    }

    #[test]
    fn ascii_is_ascii() {
        let look = look(&ASCII);
        assert_eq!(look.text("Zoë"), "Zo\\u{eb}");
        assert!([ASCII.success, ASCII.failure, ASCII.pending, ASCII.more, ASCII.dot, ASCII.below].concat().is_ascii());
    }

    #[test]
    fn a_pseudonym_is_short() {
        assert_eq!(look(&UNICODE).pseudonym("k1.yDruvDnbCf8WWSFjGLWD5g"), "k1.yDruvD");
        assert_eq!(look(&UNICODE).pseudonym("\u{202e}abc"), "\\u{202e}abc");
    }
}
