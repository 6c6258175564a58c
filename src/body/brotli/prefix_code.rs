//! Prefix codes (RFC 7932 §3), read bit by bit: there are no tables to build.

use super::BROKEN;
use super::bits::Bits;
use crate::body::coding::Undecoded;

/// A prefix code (RFC 7932 §3.2): how many codes there are of each length, and what they stand for in order.
pub(super) struct Code {
    counts: [u16; LONGEST + 1],
    symbols: Vec<u16>,
}

/// Bits of the longest code (RFC 7932 §3.5).
const LONGEST: usize = 15;

impl Code {
    pub(super) fn read(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, Undecoded> {
        match bits.size(2)? {
            1 => Self::simple(bits, alphabet),
            skipped => Self::complex(bits, alphabet, skipped),
        }
    }

    /// RFC 7932 §3.4
    fn simple(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, Undecoded> {
        let width = usize::BITS - alphabet.saturating_sub(1).leading_zeros();
        let number = bits.size(2)? + 1;
        let mut symbols = [0_usize; 4];
        for index in 0..number {
            let symbol = bits.size(width)?;
            let known = symbols.get(..index).is_some_and(|before| before.contains(&symbol));
            *symbols.get_mut(index).filter(|_| symbol < alphabet && !known).ok_or(BROKEN)? = symbol;
        }
        let deep = number == 4 && bits.bit()? == 1;
        let lengths: &[u8] = match number {
            1 => &[0],
            2 => &[1, 1],
            3 => &[1, 2, 2],
            _ if deep => &[1, 2, 3, 3],
            _ => &[2, 2, 2, 2],
        };
        let mut all = vec![0_u8; alphabet];
        for (symbol, length) in symbols.iter().zip(lengths) {
            *all.get_mut(*symbol).ok_or(BROKEN)? = *length;
        }
        if number == 1 { Self::single(symbols.first().copied()) } else { Self::of_lengths(&all) }
    }

    /// RFC 7932 §3.5
    fn complex(bits: &mut Bits<'_>, alphabet: usize, skipped: usize) -> Result<Self, Undecoded> {
        let lengths_code = Self::of_code_lengths(bits, skipped)?;
        let mut lengths: Vec<u8> = Vec::with_capacity(alphabet);
        let mut space = 1_u32 << LONGEST;
        let (mut before, mut repeated, mut repeats) = (8_u8, 0_u8, 0_usize);
        while lengths.len() < alphabet && space > 0 {
            let code = lengths_code.symbol(bits)?;
            let (length, more) = if let (Ok(length), true) = (u8::try_from(code), code < 16) {
                repeats = 0;
                before = if length > 0 { length } else { before };
                (length, 1)
            } else {
                let extra = if code == 16 { 2 } else { 3 };
                let length = if code == 16 { before } else { 0 };
                repeats = if length == repeated { repeats } else { 0 };
                repeated = length;
                let old = repeats;
                repeats = if repeats > 0 { (repeats - 2).checked_shl(extra).ok_or(BROKEN)? } else { 0 };
                repeats = repeats.saturating_add(bits.size(extra)?).saturating_add(3);
                (length, repeats.saturating_sub(old))
            };
            if more > alphabet.saturating_sub(lengths.len()) {
                return Err(BROKEN);
            }
            lengths.resize(lengths.len().saturating_add(more), length);
            if length > 0 {
                let taken = u32::try_from(more).unwrap_or(u32::MAX).saturating_mul((1 << LONGEST) >> length);
                space = space.checked_sub(taken).ok_or(BROKEN)?;
            }
        }
        if space > 0 { Err(BROKEN) } else { Self::of_lengths(&lengths) }
    }

    /// The code in which code lengths are written.
    fn of_code_lengths(bits: &mut Bits<'_>, skipped: usize) -> Result<Self, Undecoded> {
        let mut lengths = [0_u8; 18];
        let mut space = 32_u32;
        let mut used = None;
        let mut number = 0_usize;
        for place in ORDER.iter().skip(skipped) {
            let length = match bits.number(2)? {
                0 => 0,
                1 => 4,
                2 => 3,
                _ if bits.bit()? == 0 => 2,
                _ if bits.bit()? == 0 => 1,
                _ => 5,
            };
            *lengths.get_mut(*place).ok_or(BROKEN)? = length;
            if length > 0 {
                space = space.checked_sub(32 >> length).ok_or(BROKEN)?;
                used = Some(*place);
                number += 1;
            }
            if space == 0 {
                break;
            }
        }
        match number {
            1 => Self::single(used),
            _ if space == 0 => Self::of_lengths(&lengths),
            _ => Err(BROKEN),
        }
    }

    /// One symbol, which takes no bits.
    fn single(symbol: Option<usize>) -> Result<Self, Undecoded> {
        let symbol = symbol.and_then(|symbol| u16::try_from(symbol).ok()).ok_or(BROKEN)?;
        Ok(Self { counts: [0; LONGEST + 1], symbols: vec![symbol] })
    }

    fn of_lengths(lengths: &[u8]) -> Result<Self, Undecoded> {
        let mut counts = [0_u16; LONGEST + 1];
        let mut symbols = Vec::new();
        for wanted in 1..=LONGEST {
            let of_length = lengths.iter().zip(0_u16..).filter(|(length, _)| usize::from(**length) == wanted);
            let before = symbols.len();
            symbols.extend(of_length.map(|(_, symbol)| symbol));
            let count = counts.get_mut(wanted).ok_or(BROKEN)?;
            *count = u16::try_from(symbols.len().saturating_sub(before)).map_err(|_| BROKEN)?;
        }
        Ok(Self { counts, symbols })
    }

    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<usize, Undecoded> {
        if let [only] = self.symbols.as_slice() {
            return Ok((*only).into());
        }
        let (mut code, mut first, mut index) = (0_usize, 0_usize, 0_usize);
        for count in self.counts.iter().skip(1) {
            let count = usize::from(*count);
            code |= usize::try_from(bits.bit()?).unwrap_or_default();
            if code < first.saturating_add(count) {
                let found = self.symbols.get(index.saturating_add(code.saturating_sub(first)));
                return found.map(|symbol| (*symbol).into()).ok_or(BROKEN);
            }
            index = index.saturating_add(count);
            first = first.saturating_add(count) << 1;
            code <<= 1;
        }
        Err(BROKEN)
    }
}

/// RFC 7932 §3.5
const ORDER: [usize; 18] = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
