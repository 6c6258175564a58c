//! The sample: which records are looked at. It follows from the list of records and a seed (`docs/pack.md`), so that nobody who
//! knows both has to believe anybody.

use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};

use oidc_audit::record::evidence::{CheckpointLine, Digest};
use sha2::{Digest as _, Sha256};

use crate::term::is_hostile;

/// What the sample is drawn by.
#[derive(Debug)]
pub(super) struct Seed {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Whose word a seed is.
#[derive(Debug)]
pub(super) enum Origin {
    /// The newest checkpoint, whose digest it is.
    Checkpoint(Box<CheckpointLine>),
    /// Nobody's: there is no checkpoint.
    Constant,
    Option,
}

/// A record of the sample, and its leaf in the list.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Drawn {
    rank: [u8; 32],
    pub(super) id: String,
    pub(super) leaf: String,
}

impl Seed {
    pub(super) fn choose(named: Option<&str>, newest: Option<&CheckpointLine>) -> Self {
        match (named, newest) {
            (Some(text), _) => Self { text: text.to_owned(), origin: Origin::Option },
            (None, Some(line)) => Self {
                text: Digest::of(line.jws.as_bytes()).to_string(),
                origin: Origin::Checkpoint(Box::new(line.clone())),
            },
            (None, None) => Self { text: CONSTANT.to_owned(), origin: Origin::Constant },
        }
    }
}

/// The `count` records of a list that come first by [`rank`], in that order.
pub(super) fn sample(mut population: &File, seed: &Seed, count: usize) -> io::Result<Vec<Drawn>> {
    population.rewind()?;
    let mut first: BinaryHeap<Drawn> = BinaryHeap::new();
    for line in BufReader::new(population).lines().skip(1) {
        let line = line?;
        let (id, rest) = line.split_once('\t').unwrap_or_default();
        let rank = rank(&seed.text, id);
        if first.len() < count || first.peek().is_some_and(|last| rank < last.rank) {
            let leaf = rest.rsplit('\t').next().unwrap_or_default().to_owned();
            first.push(Drawn { rank, id: id.to_owned(), leaf });
        }
        if first.len() > count {
            first.pop();
        }
    }
    Ok(first.into_sorted_vec())
}

/// SHA-256(seed || 0x00 || id).
fn rank(seed: &str, id: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed).chain_update([0]).chain_update(id).finalize().into()
}

/// Reads the value of `--seed`.
pub(super) fn seed_text(text: &str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.chars().count() <= 200 && !text.chars().any(is_hostile);
    fits.then(|| text.to_owned()).ok_or("expected 1 to 200 visible characters")
}

const CONSTANT: &str = "oidc-audit";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_first_by_hash_are_drawn_whatever_their_order_is() {
        let draw = |ids: &[&str], count| -> Vec<String> {
            let mut file = crate::spool::create().unwrap();
            let rows: String = ids.iter().map(|id| format!("{id}\tx\tleaf of {id}\n")).collect();
            file.write_all(format!("id\n{rows}").as_bytes()).unwrap();
            let seed = Seed { text: "s".to_owned(), origin: Origin::Option };
            sample(&file, &seed, count)
                .unwrap()
                .into_iter()
                .map(|drawn| format!("{}: {}", drawn.id, drawn.leaf))
                .collect()
        };
        let all = draw(&["a", "b", "c", "d", "e"], 9);
        assert_eq!(all.len(), 5);
        assert_eq!(draw(&["e", "b", "a", "d", "c"], 2), all[..2]);
        assert!(all.contains(&"c: leaf of c".to_owned()));
        assert_eq!(draw(&["a"], 0), Vec::<String>::new());
        // printf 's\0a' | sha256sum
        assert_eq!(rank("s", "a")[..4], [0x4c, 0xfd, 0x23, 0x08]);
    }
}
