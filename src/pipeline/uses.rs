//! Which uses of an access token are recorded: the first of each token at each authority in a window, so that a busy
//! resource server does not drown the trail. The others are counted, and the token's next record says how many it stands
//! for.
//!
//! Knows short hashes of tokens and times; never forgets a token that is used again and again for the sake of one that was
//! seen once, because anybody can send made-up tokens where none is asked for.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::time::Timestamp;

/// The tokens of the last while. At most [`ONCE`] + [`AGAIN`] entries of about 100 bytes.
#[derive(Debug, Default)]
pub(super) struct Uses {
    known: BTreeMap<Key, Known>,
    /// Tokens in the order of their first use; some are [`Known::again`] meanwhile, or gone.
    once: VecDeque<Key>,
    /// Tokens that were used again, in the order in which they are asked to go.
    again: VecDeque<Key>,
}

/// What becomes of a use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Use {
    /// It is counted, and not recorded.
    Counted,
    /// It is recorded, alone.
    First,
    /// It is recorded, and stands for others of its token too.
    Next {
        /// How many were counted since the record before.
        others: u64,
        /// When that was.
        since: Timestamp,
    },
}

/// Half of a SHA-256: it stays in memory, where the tokens themselves pass.
type Key = [u8; 16];

#[derive(Debug)]
struct Known {
    since: Timestamp,
    counted: u64,
    again: bool,
    /// Used since it was last asked to go.
    fresh: bool,
}

impl Uses {
    /// Takes a use that a resource server accepted. Adds to `evicted` for each token that was forgotten within its window.
    pub(super) fn offer(&mut self, token: &[u8], authority: &[u8], now: Timestamp, evicted: &mut u64) -> Use {
        let key = key(token, authority);
        let Some(known) = self.known.get_mut(&key) else {
            self.known.insert(key, Known { since: now, counted: 0, again: false, fresh: false });
            self.once.push_back(key);
            self.forget_once(now, evicted);
            return Use::First;
        };
        let promoted = !std::mem::replace(&mut known.again, true);
        // Two uses are as cheap as one: only a third keeps a token.
        known.fresh = !promoted;
        let use_ = if now >= known.since && now.millis_since(known.since) < WINDOW_MS {
            known.counted = known.counted.saturating_add(1);
            Use::Counted
        } else {
            let (others, since) = (known.counted, known.since);
            (known.counted, known.since) = (0, now);
            if others > 0 { Use::Next { others, since } } else { Use::First }
        };
        if promoted {
            self.again.push_back(key);
            self.forget_again(now, evicted);
        }
        use_
    }

    fn forget_once(&mut self, now: Timestamp, evicted: &mut u64) {
        while self.once.len() > ONCE {
            let Some(key) = self.once.pop_front() else { return };
            if self.known.get(&key).is_some_and(|known| !known.again) {
                self.remove(&key, now, evicted);
            }
        }
    }

    /// A token that was used since it was last asked may stay for another round; after one round each has been asked.
    fn forget_again(&mut self, now: Timestamp, evicted: &mut u64) {
        let mut asked = 0;
        while self.again.len() > AGAIN {
            let Some(key) = self.again.pop_front() else { return };
            let fresh = self.known.get_mut(&key).is_some_and(|known| std::mem::take(&mut known.fresh));
            if fresh && asked < AGAIN {
                asked = asked.saturating_add(1);
                self.again.push_back(key);
            } else {
                self.remove(&key, now, evicted);
            }
        }
    }

    fn remove(&mut self, key: &Key, now: Timestamp, evicted: &mut u64) {
        if let Some(known) = self.known.remove(key)
            && now.millis_since(known.since) < WINDOW_MS
        {
            *evicted = evicted.saturating_add(1);
        }
    }
}

/// Of a token at an authority, whose spelling does not matter.
fn key(token: &[u8], authority: &[u8]) -> Key {
    let mut digest = Sha256::new();
    digest.update(authority.to_ascii_lowercase());
    digest.update([0]);
    digest.update(token);
    let mut key = Key::default();
    key.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    key
}

/// Milliseconds for which a token's uses are one record (PROTOCOL §1.7.3): longer hides when a token was used.
const WINDOW_MS: u64 = 300_000;

/// Tokens that were used once: with fewer, made-up ones push out real ones before their second use.
const ONCE: usize = 1_024;

/// Tokens that were used again: with fewer, a busy server's tokens are recorded more often than once in a window.
const AGAIN: usize = 3_072;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(1_000 + seconds)
    }

    #[test]
    fn a_token_is_recorded_once_in_a_window_and_then_says_for_how_many_uses() {
        let (mut uses, mut evicted) = (Uses::default(), 0);
        assert_eq!(uses.offer(b"t", b"api", at(0), &mut evicted), Use::First);
        for second in 1..10 {
            assert_eq!(uses.offer(b"t", b"API", at(second), &mut evicted), Use::Counted);
        }
        assert_eq!(uses.offer(b"t", b"other", at(1), &mut evicted), Use::First);
        assert_eq!(uses.offer(b"t", b"api", at(300), &mut evicted), Use::Next { others: 9, since: at(0) });
        assert_eq!(uses.offer(b"t", b"api", at(301), &mut evicted), Use::Counted);
        // A clock that was set back ends the window.
        assert_eq!(uses.offer(b"t", b"api", at(0), &mut evicted), Use::Next { others: 1, since: at(300) });
        assert_eq!(uses.offer(b"t", b"api", at(400), &mut evicted), Use::First);
        assert_eq!(evicted, 0);
    }

    #[test]
    fn made_up_tokens_push_out_only_each_other() {
        let (mut uses, mut evicted) = (Uses::default(), 0);
        uses.offer(b"real", b"api", at(0), &mut evicted);
        uses.offer(b"real", b"api", at(0), &mut evicted);
        for number in 0..20_000_u32 {
            uses.offer(&number.to_be_bytes(), b"api", at(1), &mut evicted);
        }
        assert_eq!(uses.offer(b"real", b"api", at(2), &mut evicted), Use::Counted);
        assert_eq!(evicted, 20_000 - u64::try_from(ONCE).unwrap());
        assert!(uses.known.len() <= ONCE + AGAIN && uses.once.len() <= ONCE && uses.again.len() <= AGAIN);
    }

    #[test]
    fn a_token_in_use_outlives_made_up_ones_that_are_sent_twice() {
        let (mut uses, mut evicted) = (Uses::default(), 0);
        uses.offer(b"real", b"api", at(0), &mut evicted);
        for number in 0..20_000_u32 {
            uses.offer(&number.to_be_bytes(), b"api", at(1), &mut evicted);
            uses.offer(&number.to_be_bytes(), b"api", at(1), &mut evicted);
            if number.is_multiple_of(100) {
                assert_eq!(uses.offer(b"real", b"api", at(1), &mut evicted), Use::Counted, "{number}");
            }
        }
        assert!(evicted > 0 && uses.known.len() <= ONCE + AGAIN + 1);
    }
}
