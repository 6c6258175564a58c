//! The Merkle tree of a batch ([RFC 6962 §2.1]): its root as leaves come, and proofs that a leaf is under a root.
//!
//! [RFC 6962 §2.1]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

use super::hash::Digest;

/// A tree that leaves are added to: holds one node per bit of their number.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    leaves: u64,
    /// Roots of the full subtrees, the largest first.
    peaks: Vec<Digest>,
}

/// That the leaf of an index is in the tree with a root ([RFC 6962 §2.1.1]).
///
/// [RFC 6962 §2.1.1]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof {
    /// Place of the leaf, from 0.
    pub index: u64,
    /// Leaves of the tree.
    pub size: u64,
    /// The nodes beside the way from the leaf to the root, the leaf's neighbour first.
    pub path: Vec<Digest>,
}

impl Tree {
    /// Adds the next leaf. One hash on average.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = Digest::node(left, node);
        }
        self.peaks.push(node);
        self.leaves = self.leaves.saturating_add(1);
    }

    /// How many leaves it has.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root; `None` without leaves, for which no root is ever stated.
    #[must_use]
    pub fn root(&self) -> Option<Digest> {
        self.peaks.iter().rev().copied().reduce(|right, left| Digest::node(left, right))
    }
}

impl Extend<Digest> for Tree {
    fn extend<T: IntoIterator<Item = Digest>>(&mut self, leaves: T) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

impl FromIterator<Digest> for Tree {
    fn from_iter<T: IntoIterator<Item = Digest>>(leaves: T) -> Self {
        let mut tree = Self::default();
        tree.extend(leaves);
        tree
    }
}

impl Proof {
    /// The proof for one of `leaves`; `None` when there is no such index.
    #[must_use]
    pub fn of(leaves: &[Digest], index: usize) -> Option<Self> {
        let mut path = Vec::new();
        let (mut part, mut at) = (leaves, index);
        leaves.get(index)?;
        while part.len() > 1 {
            let (left, right) = part.split_at_checked(split(part.len()))?;
            let beside = if at < left.len() { right } else { left };
            path.extend(beside.iter().copied().collect::<Tree>().root());
            (part, at) = if at < left.len() { (left, at) } else { (right, at.checked_sub(left.len())?) };
        }
        path.reverse();
        Some(Self { index: u64::try_from(index).ok()?, size: u64::try_from(leaves.len()).ok()?, path })
    }

    /// The root that the leaf is under; `None` when the proof has not the length that its index and size demand
    /// ([RFC 9162 §2.1.3.2]).
    ///
    /// [RFC 9162 §2.1.3.2]: https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2
    #[must_use]
    pub fn root(&self, leaf: Digest) -> Option<Digest> {
        let mut last = self.size.checked_sub(1)?;
        let mut at = self.index;
        if at > last {
            return None;
        }
        let mut root = leaf;
        for beside in &self.path {
            if last == 0 {
                return None;
            }
            if at & 1 == 1 || at == last {
                root = Digest::node(*beside, root);
                while at & 1 == 0 && at != 0 {
                    (at, last) = (at >> 1, last >> 1);
                }
            } else {
                root = Digest::node(root, *beside);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        (last == 0).then_some(root)
    }
}

/// The largest power of two that is smaller than `leaves`, which is at least 2.
fn split(leaves: usize) -> usize {
    leaves.checked_next_power_of_two().unwrap_or(leaves) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|n| Digest::leaf(n.to_string().as_bytes())).collect()
    }

    /// MTH of RFC 6962 §2.1, as it is written there.
    fn reference(leaves: &[Digest]) -> Digest {
        match leaves {
            [leaf] => *leaf,
            _ => {
                let k = (1..leaves.len()).filter(|n| n.is_power_of_two()).max().unwrap();
                Digest::node(reference(&leaves[..k]), reference(&leaves[k..]))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_the_rfc_for_every_size() {
        assert_eq!(Tree::default().root(), None);
        for count in 1..130 {
            let leaves = leaves(count);
            let tree: Tree = leaves.iter().copied().collect();
            assert_eq!((tree.root(), tree.leaves()), (Some(reference(&leaves)), count as u64));
        }
    }

    #[test]
    fn every_leaf_has_a_proof_and_no_other_leaf_index_or_size_fits_it() {
        for count in 1..70 {
            let leaves = leaves(count);
            let root = Some(reference(&leaves));
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = Proof::of(&leaves, index).unwrap();
                assert!(proof.path.len() <= 7);
                assert_eq!(proof.root(*leaf), root);
                assert_ne!(proof.root(Digest::leaf(b"another")), root);
                for other in (0..=count as u64).filter(|other| *other != index as u64) {
                    assert_ne!(Proof { index: other, ..proof.clone() }.root(*leaf), root, "{count} {index} {other}");
                }
                let mut longer = proof.clone();
                longer.path.push(*leaf);
                assert_eq!(longer.root(*leaf), None);
                for at in 0..proof.path.len() {
                    let mut changed = proof.clone();
                    changed.path[at] = Digest::leaf(b"another");
                    assert_ne!(changed.root(*leaf), root);
                }
            }
            assert_eq!(Proof::of(&leaves, count), None);
        }
    }
}
