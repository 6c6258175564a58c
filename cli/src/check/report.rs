//! What was found, for a person and for a program.

use std::io;

use serde::Serialize;

use crate::term::{Style, Term, escape};

/// What is said of one file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) file: String,
    pub(crate) ok: bool,
    pub(crate) plugins: Vec<Checked>,
}

/// What is said of one plugin.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) name: String,
    /// JSON pointer of the plugin in the file, prefixed by the number of the document where a file has several.
    pub(crate) place: String,
    /// How often it is there, configured alike.
    pub(crate) count: usize,
    pub(crate) errors: Vec<Finding>,
    pub(crate) warnings: Vec<Finding>,
    /// A value of a variable is missing, which may be so here only.
    #[serde(skip)]
    pub(crate) misses_value: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) coverage: Vec<Covered>,
}

/// One thing that is wrong, or that should be known.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// JSON pointer into the plugin configuration, or what it is about.
    pub(crate) at: String,
    pub(crate) what: String,
}

/// What one proxy sees of one issuer.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Covered {
    pub(crate) issuer: String,
    pub(crate) vantage: &'static str,
    /// Where that was taken from.
    pub(crate) because: &'static str,
    pub(crate) sees: Vec<Sight>,
    /// What takes even that away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unless: Option<&'static str>,
}

/// One of the five things, and how much of it is seen.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Sight {
    pub(crate) what: &'static str,
    pub(crate) seen: Seen,
    pub(crate) why: &'static str,
}

/// How much of a thing is seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Seen {
    No,
    Part,
    Yes,
}

impl Checked {
    pub(crate) fn error(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.errors.push(Finding { at: at.into(), what: what.into() });
    }

    pub(crate) fn warning(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.warnings.push(Finding { at: at.into(), what: what.into() });
    }
}

impl Report {
    pub(crate) fn misses_values(&self) -> bool {
        self.plugins.iter().any(|plugin| plugin.misses_value)
    }

    /// # Errors
    ///
    /// What the stream says.
    pub(crate) fn print(&self, term: &mut Term) -> io::Result<()> {
        for plugin in &self.plugins {
            plugin.print(&self.file, term)?;
        }
        Ok(())
    }
}

impl Checked {
    fn print(&self, file: &str, term: &mut Term) -> io::Result<()> {
        let palette = term.palette();
        let verdict = match (self.errors.len(), self.warnings.len()) {
            (0, 0) => palette.paint(Style::Good, "ok".to_owned()),
            (0, warnings) => palette.paint(Style::Good, format!("ok, {}", counted(warnings, "warning"))),
            (errors, 0) => palette.paint(Style::Bad, counted(errors, "error")),
            (errors, warnings) => {
                palette.paint(Style::Bad, format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")))
            }
        };
        let name = palette.paint(Style::Strong, escape(&self.name));
        write!(term.out(), "{}: {name}: {verdict}", escape(file))?;
        if !self.place.is_empty() {
            let times = if self.count > 1 { format!(", {} times", self.count) } else { String::new() };
            write!(term.out(), "  {}", palette.paint(Style::Faint, format!("at {}{times}", escape(&self.place))))?;
        }
        writeln!(term.out())?;
        let errors = self.errors.iter().map(|finding| (palette.paint(Style::Bad, "error  "), finding));
        let warnings = self.warnings.iter().map(|finding| (palette.paint(Style::Warning, "warning"), finding));
        for (label, Finding { at, what }) in errors.chain(warnings) {
            writeln!(term.out(), "  {label}  {}: {}", palette.paint(Style::Strong, escape(at)), escape(what))?;
        }
        self.coverage.iter().try_for_each(|covered| covered.print(term))
    }
}

impl Covered {
    fn print(&self, term: &mut Term) -> io::Result<()> {
        let palette = term.palette();
        let issuer = palette.paint(Style::Strong, escape(&self.issuer));
        writeln!(term.out(), "\n  {issuer}  {} ({})", self.vantage, self.because)?;
        let width = self.sees.iter().map(|sight| sight.what.len()).max().unwrap_or_default();
        for Sight { what, seen, why } in &self.sees {
            let seen = match seen {
                Seen::No => palette.paint(Style::Bad, "no  "),
                Seen::Part => palette.paint(Style::Warning, "part"),
                Seen::Yes => palette.paint(Style::Good, "yes "),
            };
            writeln!(term.out(), "    {what:width$}  {seen}  {why}")?;
        }
        self.unless.map_or(Ok(()), |unless| writeln!(term.out(), "    {}", palette.paint(Style::Warning, unless)))
    }
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
