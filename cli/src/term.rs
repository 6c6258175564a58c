//! The one writer: colours, width, and the escaping of everything that comes from a record.
//!
//! Whatever a record, a file or a peer says is hostile until it went through [`escape`]: a terminal obeys control
//! characters, and a reader obeys the order in which bidirectional marks make the letters appear.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use crate::environment;
use crate::failure::Failure;

/// `--color`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ColourChoice {
    Always,
    Auto,
    Never,
}

/// What a piece of text is, not how it looks: the palette decides that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    /// Something went wrong.
    Bad,
    /// Of less interest than its neighbours.
    Faint,
    /// As it should be.
    Good,
    /// A heading, or the one word to see.
    Strong,
    /// Look at this.
    Warning,
}

/// Whether styles become escape sequences. Copy it out of the [`Term`] before writing to that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Palette {
    coloured: bool,
}

impl Palette {
    /// Styles nothing.
    pub(crate) const fn plain() -> Self {
        Self { coloured: false }
    }

    /// Styles `text`. Width and alignment given to the result apply to the text alone.
    pub(crate) fn paint<T: Display>(self, style: Style, text: T) -> Painted<T> {
        Painted { style: self.coloured.then_some(style), text }
    }
}

/// Text with its style, for `{}`.
#[derive(Debug)]
pub(crate) struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(style) = self.style else { return self.text.fmt(f) };
        f.write_str(match style {
            Style::Bad => "\x1b[31m",
            Style::Faint => "\x1b[2m",
            Style::Good => "\x1b[32m",
            Style::Strong => "\x1b[1m",
            Style::Warning => "\x1b[33m",
        })?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}

/// Standard output and standard error.
pub(crate) struct Term {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    out_palette: Palette,
    err_palette: Palette,
    is_terminal: bool,
    /// Whether a person reads standard error.
    is_watched: bool,
    width: usize,
}

impl Term {
    /// The streams of this process.
    pub(crate) fn standard(choice: ColourChoice) -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            out_palette: Palette { coloured: coloured(choice, is_terminal, environment::variable) },
            err_palette: Palette { coloured: coloured(choice, io::stderr().is_terminal(), environment::variable) },
            is_terminal,
            is_watched: io::stderr().is_terminal(),
            width: terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0)),
        }
    }

    /// Where results go: `writeln!(term.out(), ..)`. Buffered; flushed at the end or by [`Term::flush`].
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Hands on what was written.
    ///
    /// # Errors
    ///
    /// What the stream says.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// `oidc-audit: warning: ..` on standard error.
    ///
    /// # Errors
    ///
    /// What the stream says.
    pub(crate) fn warn(&mut self, text: impl Display) -> io::Result<()> {
        let label = self.err_palette.paint(Style::Warning, "warning");
        writeln!(self.err, "oidc-audit: {label}: {text}")
    }

    /// `oidc-audit: ..` and the hint on standard error.
    ///
    /// # Errors
    ///
    /// What the stream says.
    pub(crate) fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let label = self.err_palette.paint(Style::Bad, "error");
        writeln!(self.err, "oidc-audit: {label}: {}", failure.what())?;
        match failure.hint_text() {
            Some(hint) => writeln!(self.err, "  {hint}"),
            None => Ok(()),
        }
    }

    /// Shows how far a long task is, on a terminal only; an empty text takes it away.
    pub(crate) fn progress(&mut self, text: impl Display) {
        if self.is_watched {
            // Nobody is told of a lost hint.
            let _ = write!(self.err, "\r\x1b[K{text}").and_then(|()| self.err.flush());
        }
    }

    /// Of standard output.
    pub(crate) fn palette(&self) -> Palette {
        self.out_palette
    }

    /// Whether a person reads standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Columns of the terminal; 100 where there is none.
    pub(crate) fn width(&self) -> usize {
        self.width
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Term")
            .field("out_palette", &self.out_palette)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// Text from elsewhere, made harmless and unambiguous for a terminal: control characters, bidirectional marks, invisible
/// characters and line separators become `\u{..}` (`\n`, `\r` and `\t` keep their short forms), a backslash becomes two.
pub(crate) fn escape(text: &str) -> Escaped<'_> {
    Escaped(text)
}

/// See [`escape`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() && f.precision().is_none() {
            return write_escaped(f, self.0);
        }
        let mut text = String::new();
        write_escaped(&mut text, self.0)?;
        f.pad(&text)
    }
}

/// As a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,~".contains(&byte);
    match !word.is_empty() && !word.starts_with('~') && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn write_escaped(to: &mut impl fmt::Write, text: &str) -> fmt::Result {
    for letter in text.chars() {
        match letter {
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            '\\' => to.write_str("\\\\")?,
            hostile if is_hostile(hostile) => write!(to, "\\u{{{:x}}}", u32::from(hostile))?,
            harmless => to.write_char(harmless)?,
        }
    }
    Ok(())
}

/// What [`escape`] escapes, but for the backslash.
pub(crate) fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn coloured(choice: ColourChoice, is_terminal: bool, environment: impl Fn(&str) -> Option<String>) -> bool {
    let unwanted = || {
        environment("NO_COLOR").is_some_and(|value| !value.is_empty())
            || environment("TERM").is_some_and(|value| value == "dumb")
    };
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Auto => is_terminal && !unwanted(),
        ColourChoice::Never => false,
    }
}

const DEFAULT_WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_or_a_reader_would_obey_is_escaped() {
        let cases = [
            ("alice", "alice"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\n\tb", "a\\r\\n\\tb"),
            ("\u{202e}nimda", "\\u{202e}nimda"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("C:\\u{1b}", "C:\\\\u{1b}"),
            ("Zoë 李 🙂", "Zoë 李 🙂"),
        ];
        for (raw, escaped) in cases {
            assert_eq!(escape(raw).to_string(), escaped);
        }
    }

    #[test]
    fn width_applies_to_the_escaped_text() {
        assert_eq!(format!("[{:<8}]", escape("\u{7}")), "[\\u{7}   ]");
        let plain = Palette { coloured: false };
        assert_eq!(format!("[{:>4}]", plain.paint(Style::Bad, "no")), "[  no]");
    }

    #[test]
    fn colour_needs_a_terminal_and_no_objection() {
        let quiet = |_: &str| None;
        let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        assert!(coloured(ColourChoice::Auto, true, quiet));
        assert!(!coloured(ColourChoice::Auto, false, quiet));
        assert!(!coloured(ColourChoice::Auto, true, no_color));
        assert!(coloured(ColourChoice::Always, false, no_color));
        assert!(!coloured(ColourChoice::Never, true, quiet));
    }
}
