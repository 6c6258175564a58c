//! Keys that a stream made for itself, and the statements that bind them to a writer.
//!
//! A binding is of one key. The keys that a bound key names are its writer's too; a key that names itself is nobody's.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::batch::StreamId;
use crate::record::evidence::{Checkpoint, Kind, PublicKey};
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::record::verify::ranges::Ranges;
use crate::record::verify::statement::Binding;

/// Of one stream, who signed what and who stands behind that.
#[derive(Debug, Default)]
pub(super) struct Enrolled {
    /// Numbers of checkpoints, by the key that signed them and the group that they claim.
    signed: BTreeMap<(PublicKey, Option<String>), Ranges>,
    /// Who signed an `open`.
    opened: BTreeSet<PublicKey>,
    /// The keys that each key names.
    named: BTreeMap<PublicKey, BTreeSet<PublicKey>>,
    /// What is believed, and the id of the statement that says so.
    bindings: BTreeMap<Binding, String>,
}

/// What follows for the stream.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// Who writes it, if that is known.
    pub(super) writer: Option<String>,
    /// The first checkpoint that is bound.
    pub(super) since: Option<u64>,
    pub(super) problems: Vec<Problem>,
}

impl Enrolled {
    /// A checkpoint that such a key signed.
    pub(super) fn sign(&mut self, key: PublicKey, checkpoint: &Checkpoint) {
        let numbers = self.signed.entry((key, checkpoint.group.clone())).or_default();
        numbers.add(checkpoint.number, checkpoint.number);
        if checkpoint.kind == Kind::Open {
            self.opened.insert(key);
        }
    }

    /// One that counts: what it names is named by its key.
    pub(super) fn name(&mut self, key: PublicKey, checkpoint: &Checkpoint) {
        if let Some(next) = checkpoint.next_key.filter(|next| *next != key) {
            self.named.entry(key).or_default().insert(next);
        }
    }

    /// A statement that is believed.
    pub(super) fn bind(&mut self, binding: Binding, statement: String) {
        let known = self.bindings.entry(binding).or_insert_with(|| statement.clone());
        // said twice: which one is named must not depend on the order of lines
        if statement < *known {
            *known = statement;
        }
    }

    /// The keys that are bound by themselves.
    pub(super) fn keys(&self) -> impl Iterator<Item = PublicKey> + '_ {
        self.bindings.keys().map(|binding| binding.key)
    }

    /// Judges: nothing more will come. `whole`: nothing of the stream has expired.
    pub(super) fn judge(&self, stream: StreamId, whole: bool) -> Bound {
        let mut bound = Bound::default();
        let keys = self.bound_keys();
        let own = self.bindings.keys().next();
        let id = |number| format!("{stream}-c{number}");
        for ((key, group), numbers) in &self.signed {
            let numbers = numbers.iter().flat_map(|(first, last)| first..=last);
            let Some(binding) = own.filter(|_| keys.contains(key)) else {
                bound.problems.extend(numbers.map(|number| Problem::at(ProblemKind::Unbound, id(number))));
                continue;
            };
            let right = group.as_deref() == Some(binding.group.as_str());
            for number in numbers {
                bound.since = Some(bound.since.map_or(number, |first| first.min(number)));
                if !right {
                    let problem = Problem::at(ProblemKind::WrongWriter, id(number));
                    bound.problems.push(problem.sides(group_of(binding), group.as_deref().unwrap_or("no group")));
                }
            }
        }
        bound.writer = own.filter(|_| bound.since.is_some()).map(|binding| binding.writer.to_string());
        bound.problems.extend(self.others());
        // what the collector has seen opened is not what is here
        if let Some(own) = own.filter(|_| whole) {
            for opened in self.opened.difference(&keys) {
                let problem = Problem::at(ProblemKind::WrongWriter, id(0));
                bound.problems.push(problem.sides(format!("a key of {}", own.writer), format!("key {opened}")));
            }
        }
        bound
    }

    /// The keys that are bound, and those that they name.
    fn bound_keys(&self) -> BTreeSet<PublicKey> {
        let mut keys: BTreeSet<PublicKey> = self.keys().collect();
        let mut fresh: Vec<PublicKey> = keys.iter().copied().collect();
        while let Some(key) = fresh.pop() {
            let named = self.named.get(&key).into_iter().flatten();
            fresh.extend(named.copied().filter(|next| keys.insert(*next)));
        }
        keys
    }

    /// A stream has one writer: statements that name another.
    fn others(&self) -> impl Iterator<Item = Problem> + '_ {
        let own = self.bindings.keys().next();
        self.bindings.iter().filter_map(move |(binding, statement)| {
            let own = own.filter(|own| who(own) != who(binding))?;
            let problem = Problem::at(ProblemKind::WrongWriter, statement.clone());
            Some(problem.sides(group_of(own), group_of(binding)))
        })
    }
}

/// A statement that a trust file contradicts.
pub(super) fn refused(binding: &Binding, statement: String) -> Problem {
    let problem = Problem::at(ProblemKind::WrongWriter, statement);
    problem.sides(format!("a writer of {}", binding.group), binding.writer.to_string())
}

fn who(binding: &Binding) -> (&str, &str) {
    (binding.writer.as_str(), &binding.group)
}

fn group_of(binding: &Binding) -> String {
    format!("{} of {}", binding.group, binding.writer)
}
