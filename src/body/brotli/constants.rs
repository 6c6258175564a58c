//! What a brotli decoder knows beforehand. It is kept packed: 59 KB instead of 125.

use super::BROKEN;
use crate::body::coding::{Undecoded, inflate};

/// The dictionary (RFC 7932 appendix A), the contexts of literals (§7.1), the transformations (appendix B: prefix, kind,
/// suffix), and what those put before and behind a word, each ended by a NUL.
pub(super) struct Constants(Vec<u8>);

impl Constants {
    /// Unpacks them, which is a hundredth of what a body may take.
    pub(super) fn unpack() -> Result<Self, Undecoded> {
        inflate(PACKED, LENGTH).map(Self)
    }

    /// Half of the context of a literal: of the last byte, or, with 256 added, of the one before it.
    pub(super) fn context(&self, mode: usize, place: usize) -> Result<u8, Undecoded> {
        self.0.get(DICTIONARY + mode * 512 + place).copied().ok_or(BROKEN)
    }

    /// A word of the dictionary, transformed (RFC 7932 §8).
    pub(super) fn word(&self, length: usize, id: usize) -> Result<Vec<u8>, Undecoded> {
        let bits = *WORD_BITS.get(length).filter(|bits| **bits > 0).ok_or(BROKEN)?;
        let shorter = WORD_BITS.iter().zip(0_usize..).take(length);
        let offset: usize = shorter.map(|(bits, length)| if *bits > 0 { length << bits } else { 0 }).sum();
        let start = offset + length * (id & ((1 << bits) - 1));
        let word = self.0.get(start..start + length).ok_or(BROKEN)?;
        let transformation = Some(id >> bits).filter(|number| *number < TRANSFORMATIONS).ok_or(BROKEN)?;
        let at = DICTIONARY + CONTEXTS + transformation * 3;
        let Some([prefix, kind, suffix]) = self.0.get(at..at + 3) else { return Err(BROKEN) };
        let mut text = self.affix(*prefix).to_vec();
        let kind = usize::from(*kind);
        match kind {
            0..=9 => text.extend_from_slice(word.get(..length.saturating_sub(kind)).unwrap_or_default()),
            12.. => text.extend_from_slice(word.get(kind - 11..).unwrap_or_default()),
            _ => text.extend(upper_case(word, kind == 11)),
        }
        text.extend_from_slice(self.affix(*suffix));
        Ok(text)
    }

    fn affix(&self, at: u8) -> &[u8] {
        let affixes = self.0.get(DICTIONARY + CONTEXTS + TRANSFORMATIONS * 3..).unwrap_or_default();
        affixes.get(usize::from(at)..).and_then(|rest| rest.split(|byte| *byte == 0).next()).unwrap_or_default()
    }
}

/// RFC 7932 §8, `ToUpperCase`: of the first character or of all.
fn upper_case(word: &[u8], all: bool) -> Vec<u8> {
    let mut text = word.to_vec();
    let mut at = 0;
    while let Some(first) = text.get(at).copied() {
        let (length, mask) = match first {
            b'a'..=b'z' => (1, 32),
            0..0xc0 => (1, 0),
            0xc0..0xe0 => (2, 32),
            _ => (3, 5),
        };
        if let Some(last) = text.get_mut(at + length - 1) {
            *last ^= mask;
        }
        at += length;
        if !all {
            break;
        }
    }
    text
}

const PACKED: &[u8] = include_bytes!("constants.deflate");
const DICTIONARY: usize = 122_784;
const CONTEXTS: usize = 4 * 512;
const TRANSFORMATIONS: usize = 121;
const LENGTH: usize = DICTIONARY + CONTEXTS + TRANSFORMATIONS * 3 + 208;

/// Bits of the index of a word, by its length (RFC 7932 appendix A, `NDBITS`).
const WORD_BITS: [u8; 25] = [0, 0, 0, 0, 10, 10, 11, 11, 10, 10, 10, 10, 10, 9, 9, 8, 7, 7, 8, 7, 7, 6, 6, 5, 5];

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_dictionary_and_the_tables_are_those_of_rfc_7932() {
        let Constants(all) = Constants::unpack().unwrap();
        assert_eq!(all.len(), LENGTH);
        let digest =
            |bytes: &[u8]| format!("{:x}", u128::from_be_bytes(Sha256::digest(bytes)[..16].try_into().unwrap()));
        assert_eq!(digest(&all[..DICTIONARY]), "20e42eb1b511c21806d4d227d07e5dd0");
        assert_eq!(digest(&all), "c00607b6c3125082fc1d9860348911a4");
    }

    #[test]
    fn words_are_transformed_and_bounded() {
        let constants = Constants::unpack().unwrap();
        assert_eq!(constants.word(4, 0), Ok(b"time".to_vec()));
        assert_eq!(constants.word(4, 4 << 10), Ok(b"Time ".to_vec()));
        assert_eq!(constants.word(4, 5 << 10), Ok(b"time the ".to_vec()));
        assert_eq!(constants.word(4, TRANSFORMATIONS << 10), Err(Undecoded::Broken));
        assert_eq!(constants.word(3, 0), Err(Undecoded::Broken));
        assert_eq!(constants.word(25, 0), Err(Undecoded::Broken));
        assert_eq!(upper_case("aéж".as_bytes(), true), "AÉЖ".as_bytes());
    }
}
