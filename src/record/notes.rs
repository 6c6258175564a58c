//! Collects what `integrity` says of the members of a record, while they are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::record::model::UriSection;
use crate::record::text::{Clean, NAME_LIMIT, TEXT_LIMIT, clean, name};
use crate::record::uri::{Sanitised, sanitise};
use crate::seen::{Malformation, Seen};

/// Members that were cut, and members that were sent and are no value. Names are the record's (`request.scope`).
#[derive(Debug, Default)]
pub(super) struct Notes {
    cut: Vec<&'static str>,
    malformed: BTreeMap<&'static str, Malformation>,
}

impl Notes {
    /// A text, at most 256 characters.
    pub(super) fn text(&mut self, member: &'static str, seen: &Seen<Cow<'_, str>>) -> Option<String> {
        let text = self.present(member, seen)?;
        self.keep(member, clean(text, TEXT_LIMIT))
    }

    /// A text that is made fit already; nothing left of it is malformed.
    pub(super) fn keep(&mut self, member: &'static str, clean: Clean) -> Option<String> {
        if clean.cut {
            self.cut(member);
        }
        if clean.text.is_empty() {
            self.malformed(member, Malformation::Type);
            return None;
        }
        Some(clean.text)
    }

    /// A list of words, at most `limit` of them.
    pub(super) fn words(&mut self, member: &'static str, seen: &Seen<Vec<Cow<'_, str>>>, limit: usize) -> Vec<String> {
        let Some(words) = self.present(member, seen) else { return Vec::new() };
        self.list(member, words, limit)
    }

    /// The same of a parameter that may be repeated.
    pub(super) fn list(&mut self, member: &'static str, words: &[Cow<'_, str>], limit: usize) -> Vec<String> {
        let mut cut = words.len() > limit;
        let mut kept = Vec::with_capacity(words.len().min(limit));
        for word in words.iter().take(limit) {
            let clean = clean(word, TEXT_LIMIT);
            cut |= clean.cut;
            if !clean.text.is_empty() {
                kept.push(clean.text);
            }
        }
        if cut {
            self.cut(member);
        }
        kept
    }

    /// Names that others chose, of parameters or claims; sorted, without repetition.
    pub(super) fn names(&mut self, member: &'static str, names: &[Cow<'_, str>], limit: usize) -> Vec<String> {
        if names.len() > limit || names.iter().any(|name| name.len() > NAME_LIMIT) {
            self.cut(member);
        }
        let mut kept: Vec<String> = names.iter().take(limit).map(|text| name(text)).collect();
        kept.retain(|name| !name.is_empty());
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    /// A number; beyond what JSON readers agree on (2^53 - 1), it is out of range.
    pub(super) fn number(&mut self, member: &'static str, seen: &Seen<u64>) -> Option<u64> {
        let number = *self.present(member, seen)?;
        if number > MAX_INTEGER {
            self.malformed(member, Malformation::Range);
            return None;
        }
        Some(number)
    }

    /// A length.
    pub(super) fn length(&mut self, member: &'static str, seen: &Seen<usize>) -> Option<u64> {
        self.present(member, seen).and_then(|length| u64::try_from(*length).ok())
    }

    /// A yes or no.
    pub(super) fn flag(&mut self, member: &'static str, seen: &Seen<bool>) -> Option<bool> {
        self.present(member, seen).copied()
    }

    /// A URL with what is safe to keep of it.
    pub(super) fn uri(&mut self, member: &'static str, seen: &Seen<Cow<'_, str>>) -> Option<UriSection> {
        let Sanitised { section, cut } = sanitise(self.present(member, seen)?);
        if cut {
            self.cut(member);
        }
        if section.uri.is_empty() {
            self.malformed(member, Malformation::Type);
            return None;
        }
        Some(section)
    }

    /// The value, if there is one; malformed ones are noted.
    pub(super) fn present<'s, T>(&mut self, member: &'static str, seen: &'s Seen<T>) -> Option<&'s T> {
        if let Seen::Malformed(why) = seen {
            self.malformed(member, *why);
        }
        seen.as_ref().present()
    }

    /// Something of this member was left out at a limit.
    pub(super) fn cut(&mut self, member: &'static str) {
        self.cut.push(member);
    }

    /// This member was sent and is no value. The first reason stays.
    pub(super) fn malformed(&mut self, member: &'static str, why: Malformation) {
        self.malformed.entry(member).or_insert(why);
    }

    /// `integrity.cut` and `integrity.malformed`.
    pub(super) fn finish(mut self) -> (Vec<String>, BTreeMap<String, String>) {
        self.cut.sort_unstable();
        self.cut.dedup();
        let malformed = self.malformed.into_iter().map(|(member, why)| (member.to_owned(), why.as_str().to_owned()));
        (self.cut.into_iter().map(str::to_owned).collect(), malformed.collect())
    }
}

/// 2^53 - 1: RFC 8785 §3.1, RFC 7493 §2.2.
pub(super) const MAX_INTEGER: u64 = 9_007_199_254_740_991;
