//! Reads the members of a JSON tree one by one and writes down everything that is wrong, instead of stopping at the
//! first mistake. Knows no member of the configuration.

use super::json::Json;
use super::problem::{Problem, ProblemKind, Warning, WarningKind};

/// What has been found wrong or remarkable so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
    /// The configuration is written for a newer minor version: members that we do not know are expected.
    pub(super) newer: bool,
}

/// A JSON value and where it stands.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) pointer: String,
    json: &'a Json,
}

/// A JSON object whose member names have been checked.
#[derive(Debug)]
pub(super) struct Members<'a> {
    pub(super) pointer: String,
    members: &'a [(String, Json)],
}

impl Report {
    pub(super) fn problem(&mut self, pointer: &str, kind: ProblemKind) {
        self.problems.push(Problem::at(pointer, kind));
    }

    pub(super) fn warning(&mut self, pointer: &str, kind: WarningKind) {
        self.warnings.push(Warning { pointer: pointer.to_owned(), kind });
    }
}

impl<'a> Node<'a> {
    pub(super) fn root(json: &'a Json) -> Self {
        Self { pointer: String::new(), json }
    }

    /// An object that has none but the `known` members, each at most once.
    pub(super) fn members(&self, known: &'static [&'static str], report: &mut Report) -> Option<Members<'a>> {
        let members = self.open(report)?;
        for (name, _) in members.members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let pointer = extend(&self.pointer, name);
            if report.newer {
                report.warning(&pointer, WarningKind::Unknown);
            } else {
                report.problem(&pointer, ProblemKind::Unknown { hint: nearest(name, known) });
            }
        }
        Some(members)
    }

    /// An object whose member names are the user's.
    pub(super) fn open(&self, report: &mut Report) -> Option<Members<'a>> {
        let Json::Object(members) = self.json else {
            return self.expected("an object", report);
        };
        for (i, (name, _)) in members.iter().enumerate() {
            if members.iter().take(i).any(|(earlier, _)| earlier == name) {
                report.problem(&extend(&self.pointer, name), ProblemKind::DuplicateMember);
            }
        }
        Some(Members { pointer: self.pointer.clone(), members })
    }

    /// The entries of a list that has between `min` and `max` of them. Entries over the limit are not looked at.
    pub(super) fn entries(&self, min: usize, max: usize, report: &mut Report) -> Vec<Node<'a>> {
        let Json::List(entries) = self.json else {
            return self.expected("a list", report).unwrap_or_default();
        };
        if !(min..=max).contains(&entries.len()) {
            report.problem(&self.pointer, ProblemKind::Count { min, max });
        }
        let node = |(i, json): (usize, &'a Json)| Node { pointer: extend(&self.pointer, &i.to_string()), json };
        entries.iter().enumerate().take(max).map(node).collect()
    }

    /// A text of 1 to `max` bytes that `is` what the words of `expected` say.
    pub(super) fn text(
        &self,
        max: usize,
        expected: &'static str,
        is: &dyn Fn(&str) -> bool,
        report: &mut Report,
    ) -> Option<&'a str> {
        match self.json {
            Json::Text(text) if !text.is_empty() && text.len() <= max && is(text) => Some(text),
            _ => self.expected(expected, report),
        }
    }

    /// A whole number in a range.
    pub(super) fn number(&self, min: u64, max: u64, report: &mut Report) -> Option<u64> {
        match self.json {
            Json::Number(number) if (min..=max).contains(number) => Some(*number),
            _ => {
                report.problem(&self.pointer, ProblemKind::Range { min, max });
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn bool(&self, report: &mut Report) -> Option<bool> {
        match self.json {
            Json::Bool(value) => Some(*value),
            _ => self.expected("true or false", report),
        }
    }

    /// The position of a word among `words`.
    pub(super) fn word(&self, words: &'static [&'static str], report: &mut Report) -> Option<usize> {
        let position = match self.json {
            Json::Text(text) => words.iter().position(|word| word == text),
            _ => None,
        };
        if position.is_none() {
            report.problem(&self.pointer, ProblemKind::OneOf(words));
        }
        position
    }

    /// The value in one notation, whatever the order of its members; but for `routes`, of which the first that fits counts.
    pub(super) fn canonical(&self) -> String {
        let mut text = String::new();
        write_canonical(self.json, false, &mut text);
        text
    }

    /// Whether it is this text.
    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self.json, Json::Text(text) if text == wanted)
    }

    /// Whether it is a text, of whatever content.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.json, Json::Text(_))
    }

    fn expected<T>(&self, what: &'static str, report: &mut Report) -> Option<T> {
        report.problem(&self.pointer, ProblemKind::Expected(what));
        None
    }
}

impl<'a> Members<'a> {
    /// A member that may be left out. `null` is not leaving out: it is of the wrong type.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let (name, json) = self.members.iter().find(|(member, _)| member == name)?;
        Some(Node { pointer: extend(&self.pointer, name), json })
    }

    /// A member that must be there.
    pub(super) fn require(&self, name: &'static str, report: &mut Report) -> Option<Node<'a>> {
        let node = self.get(name);
        if node.is_none() {
            report.problem(&extend(&self.pointer, name), ProblemKind::Missing);
        }
        node
    }

    /// All members, in the order of the text.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.members.iter().map(|(name, json)| (name.as_str(), Node { pointer: extend(&self.pointer, name), json }))
    }
}

/// Lengths stand before texts, so that no two values have the same notation.
fn write_canonical(json: &Json, ordered: bool, text: &mut String) {
    match json {
        Json::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Json::List(entries) => {
            text.push('[');
            entries.iter().for_each(|entry| write_canonical(entry, false, text));
            text.push(']');
        }
        Json::Null | Json::OtherNumber => text.push('-'),
        Json::Number(number) => *text += &number.to_string(),
        Json::Object(members) => {
            let mut members: Vec<&(String, Json)> = members.iter().collect();
            if !ordered {
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
            text.push('{');
            for (name, value) in members {
                write_text(name, text);
                write_canonical(value, name == "routes", text);
            }
            text.push('}');
        }
        Json::Text(value) => write_text(value, text),
    }
    text.push(',');
}

fn write_text(value: &str, text: &mut String) {
    *text += &value.len().to_string();
    text.push(':');
    *text += value;
}

/// The pointer of a member (RFC 6901 §3). A name that is not ours may be anything: it is cut, and what could confuse a
/// log or a terminal is replaced.
pub(super) fn extend(pointer: &str, name: &str) -> String {
    let mut extended = format!("{pointer}/");
    for character in name.chars().take(NAME_SHOWN) {
        match character {
            '~' => extended.push_str("~0"),
            '/' => extended.push_str("~1"),
            ' '..='~' => extended.push(character),
            _ => extended.push('?'),
        }
    }
    extended
}

/// The known name that takes the fewest changes of a letter to become from `name`, if they are few.
fn nearest(name: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let near = |candidate: &&'static str| (distance(name, candidate), *candidate);
    let (changes, candidate) = known.iter().map(near).min()?;
    (name.len() <= NAME_SHOWN && changes <= candidate.len().div_ceil(3)).then_some(candidate)
}

/// Levenshtein's distance, in bytes.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, from) in from.bytes().take(NAME_SHOWN).enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        for (cell, to) in row.iter_mut().skip(1).zip(to.bytes()) {
            let changed = diagonal.saturating_add(usize::from(from != to));
            diagonal = *cell;
            left = changed.min(left.saturating_add(1)).min(cell.saturating_add(1));
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// Longest part of a foreign member name that a log line shows.
const NAME_SHOWN: usize = 48;

#[cfg(test)]
mod tests {
    use super::{distance, extend, nearest};

    #[test]
    fn distances_are_levenshteins() {
        for (from, to, changes) in
            [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("isuers", "issuers", 1)]
        {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn a_hint_is_given_when_a_name_is_near() {
        const KNOWN: &[&str] = &["issuers", "sinks", "keys"];
        assert_eq!(nearest("isuers", KNOWN), Some("issuers"));
        assert_eq!(nearest("sink", KNOWN), Some("sinks"));
        assert_eq!(nearest("completely_else", KNOWN), None);
    }

    #[test]
    fn foreign_names_are_cut_and_escaped_in_pointers() {
        assert_eq!(extend("/a", "b/c~d\n\u{202e}é"), "/a/b~1c~0d???");
        assert_eq!(extend("", &"x".repeat(1_000)).len(), 49);
    }
}
