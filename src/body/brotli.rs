//! Brotli (RFC 7932), decoding alone: small rather than fast, and made for bytes of strangers.
//!
//! The crates for it add 200 KB to the module, more than half of them the dictionary of appendix A. Here that is packed
//! and unpacked for each body, and all of it takes a third.

mod bits;
mod constants;
mod prefix_code;

use bits::Bits;
use constants::Constants;
use prefix_code::Code;

use super::coding::Undecoded;

/// Unpacks one stream to at most `limit` bytes. Nothing may follow it: short texts that are not packed at all look like a
/// stream.
pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let bits = Bits { bytes: packed, at: 0 };
    let mut stream = Stream { bits, plain: Vec::new(), limit, constants: Constants::unpack()? };
    stream.read()?;
    if stream.bits.at.div_ceil(8) < packed.len() { Err(BROKEN) } else { Ok(stream.plain) }
}

/// The rest of what a stream says cannot be read.
const BROKEN: Undecoded = Undecoded::Broken;

/// One of the three kinds of blocks of a meta-block (RFC 7932 §6).
struct Blocks {
    types: usize,
    codes: Option<(Code, Code)>,
    left: usize,
    current: usize,
    before: usize,
}

impl Blocks {
    fn read(bits: &mut Bits<'_>) -> Result<Self, Undecoded> {
        let types = bits.count()?;
        let mut blocks = Self { types, codes: None, left: usize::MAX, current: 0, before: 1 };
        if types > 1 {
            let codes = (Code::read(bits, types + 2)?, Code::read(bits, BLOCK_COUNTS.len())?);
            let count = codes.1.symbol(bits)?;
            blocks.left = bits.ranged(&BLOCK_COUNTS, count)?;
            blocks.codes = Some(codes);
        }
        Ok(blocks)
    }

    /// The type of the block that the next symbol is in.
    fn next(&mut self, bits: &mut Bits<'_>) -> Result<usize, Undecoded> {
        if let (0, Some((of_types, of_counts))) = (self.left, &self.codes) {
            let next = match of_types.symbol(bits)? {
                0 => self.before,
                1 => (self.current + 1) % self.types,
                code => code - 2,
            };
            self.before = self.current;
            self.current = next;
            let count = of_counts.symbol(bits)?;
            self.left = bits.ranged(&BLOCK_COUNTS, count)?;
        }
        self.left = self.left.saturating_sub(1);
        Ok(self.current)
    }
}

/// What a compressed meta-block begins with (RFC 7932 §9.2).
struct Header {
    literals: Blocks,
    commands: Blocks,
    distances: Blocks,
    postfix: u32,
    direct: usize,
    modes: Vec<usize>,
    literal_map: Vec<u8>,
    distance_map: Vec<u8>,
    literal_codes: Vec<Code>,
    command_codes: Vec<Code>,
    distance_codes: Vec<Code>,
}

impl Header {
    fn read(bits: &mut Bits<'_>) -> Result<Self, Undecoded> {
        let (literals, commands, distances) = (Blocks::read(bits)?, Blocks::read(bits)?, Blocks::read(bits)?);
        let postfix = bits.number(2)?;
        let direct = bits.size(4)? << postfix;
        let modes = (0..literals.types).map(|_| bits.size(2)).collect::<Result<_, _>>()?;
        let (literal_trees, literal_map) = context_map(bits, literals.types * 64)?;
        let (distance_trees, distance_map) = context_map(bits, distances.types * 4)?;
        let mut codes = |number: usize, alphabet: usize| {
            (0..number).map(|_| Code::read(bits, alphabet)).collect::<Result<Vec<Code>, Undecoded>>()
        };
        let literal_codes = codes(literal_trees, 256)?;
        let command_codes = codes(commands.types, 704)?;
        let distance_codes = codes(distance_trees, 16 + direct + (48 << postfix))?;
        Ok(Self {
            literals,
            commands,
            distances,
            postfix,
            direct,
            modes,
            literal_map,
            distance_map,
            literal_codes,
            command_codes,
            distance_codes,
        })
    }
}

/// RFC 7932 §7.3: how many codes there are, and which of them is for which context.
fn context_map(bits: &mut Bits<'_>, size: usize) -> Result<(usize, Vec<u8>), Undecoded> {
    let trees = bits.count()?;
    if trees < 2 {
        return Ok((trees, vec![0; size]));
    }
    let runs = if bits.bit()? == 1 { bits.size(4)? + 1 } else { 0 };
    let code = Code::read(bits, trees + runs)?;
    let mut map = Vec::with_capacity(size);
    while map.len() < size {
        let (value, times) = match code.symbol(bits)? {
            0 => (0, 1),
            run if run <= runs => {
                let extra = u32::try_from(run).map_err(|_| BROKEN)?;
                (0, (1_usize << extra) + bits.size(extra)?)
            }
            other => (other - runs, 1),
        };
        if times > size - map.len() {
            return Err(BROKEN);
        }
        map.resize(map.len() + times, u8::try_from(value).map_err(|_| BROKEN)?);
    }
    if bits.bit()? == 1 {
        let mut recent: Vec<u8> = (0..=u8::MAX).collect();
        for value in &mut map {
            let moved = recent.remove((*value).into());
            recent.insert(0, moved);
            *value = moved;
        }
    }
    Ok((trees, map))
}

struct Stream<'a> {
    bits: Bits<'a>,
    plain: Vec<u8>,
    limit: usize,
    constants: Constants,
}

impl Stream<'_> {
    fn read(&mut self) -> Result<(), Undecoded> {
        let window = (1_usize << self.window_bits()?) - 16;
        // The last four distances, the latest at the end (RFC 7932 §4).
        let mut recent = [16_usize, 15, 11, 4];
        loop {
            let last = self.bits.bit()? == 1;
            if last && self.bits.bit()? == 1 {
                return Ok(());
            }
            match self.bits.size(2)? {
                3 => self.skip_metadata()?,
                nibbles => {
                    let length = self.length(nibbles + 4)?;
                    if self.plain.len().saturating_add(length) > self.limit {
                        return Err(Undecoded::TooBig);
                    }
                    if !last && self.bits.bit()? == 1 {
                        let stored = self.bits.bytes(length)?;
                        self.plain.extend_from_slice(stored);
                    } else {
                        self.compressed(self.plain.len() + length, window, &mut recent)?;
                    }
                }
            }
            if last {
                return Ok(());
            }
        }
    }

    /// `WBITS`; the windows of a later extension are refused.
    fn window_bits(&mut self) -> Result<u32, Undecoded> {
        if self.bits.bit()? == 0 {
            return Ok(16);
        }
        match (self.bits.number(3)?, &mut self.bits) {
            (0, bits) => match bits.number(3)? {
                0 => Ok(17),
                1 => Err(BROKEN),
                more => Ok(8 + more),
            },
            (more, _) => Ok(17 + more),
        }
    }

    fn skip_metadata(&mut self) -> Result<(), Undecoded> {
        if self.bits.bit()? == 1 {
            return Err(BROKEN);
        }
        let bytes = self.bits.number(2)?;
        let length = if bytes > 0 { self.bits.size(bytes * 8)? + 1 } else { 0 };
        self.bits.bytes(length).map(|_| ())
    }

    /// `MLEN`
    fn length(&mut self, nibbles: usize) -> Result<usize, Undecoded> {
        let mut length = 0;
        for place in 0..nibbles {
            let nibble = self.bits.size(4)?;
            if nibble == 0 && place >= 4 && place + 1 == nibbles {
                return Err(BROKEN);
            }
            length |= nibble << (place * 4);
        }
        Ok(length + 1)
    }

    /// RFC 7932 §9.3, up to `end` bytes of output.
    fn compressed(&mut self, end: usize, window: usize, recent: &mut [usize; 4]) -> Result<(), Undecoded> {
        let mut header = Header::read(&mut self.bits)?;
        while self.plain.len() < end {
            let before = (self.bits.at, self.plain.len());
            let block = header.commands.next(&mut self.bits)?;
            let command = header.command_codes.get(block).ok_or(BROKEN)?.symbol(&mut self.bits)?;
            let (insert, copy) = *COMMANDS.get(command >> 6).ok_or(BROKEN)?;
            let inserted = self.bits.ranged(&INSERTS, insert + ((command >> 3) & 7))?;
            let copied = self.bits.ranged(&COPIES, copy + (command & 7))?;
            if inserted > end - self.plain.len() {
                return Err(BROKEN);
            }
            for _ in 0..inserted {
                self.literal(&mut header)?;
            }
            if self.plain.len() == end {
                return Ok(());
            }
            let code = if command < 128 { 0 } else { self.distance_code(&mut header, copied)? };
            let distance = self.distance(&header, code, recent)?;
            let farthest = window.min(self.plain.len());
            if let Some(beyond) = distance.checked_sub(farthest + 1) {
                let word = self.constants.word(copied, beyond)?;
                self.plain.extend_from_slice(&word);
            } else {
                self.copy(distance, copied);
                if code != 0 {
                    recent.rotate_left(1);
                    recent[3] = distance;
                }
            }
            if self.plain.len() > end || before == (self.bits.at, self.plain.len()) {
                return Err(BROKEN);
            }
        }
        Ok(())
    }

    fn literal(&mut self, header: &mut Header) -> Result<(), Undecoded> {
        let block = header.literals.next(&mut self.bits)?;
        let mut past = self.plain.iter().rev().copied().map(usize::from);
        let (one, two) = (past.next().unwrap_or_default(), past.next().unwrap_or_default());
        let mode = *header.modes.get(block).ok_or(BROKEN)?;
        let context = self.constants.context(mode, one)? | self.constants.context(mode, 256 + two)?;
        let tree = header.literal_map.get(block * 64 + usize::from(context)).ok_or(BROKEN)?;
        let code = header.literal_codes.get(usize::from(*tree)).ok_or(BROKEN)?;
        self.plain.push(u8::try_from(code.symbol(&mut self.bits)?).map_err(|_| BROKEN)?);
        Ok(())
    }

    fn distance_code(&mut self, header: &mut Header, copied: usize) -> Result<usize, Undecoded> {
        let block = header.distances.next(&mut self.bits)?;
        let context = copied.clamp(2, 5) - 2;
        let tree = header.distance_map.get(block * 4 + context).ok_or(BROKEN)?;
        header.distance_codes.get(usize::from(*tree)).ok_or(BROKEN)?.symbol(&mut self.bits)
    }

    /// RFC 7932 §4
    fn distance(&mut self, header: &Header, code: usize, recent: &[usize; 4]) -> Result<usize, Undecoded> {
        if let Some((back, change)) = RECENT.get(code) {
            let distance = recent.get(*back).and_then(|recent| recent.checked_add_signed(*change));
            return distance.filter(|distance| *distance > 0).ok_or(BROKEN);
        }
        let Some(code) = code.checked_sub(16 + header.direct) else { return Ok(code - 15) };
        let (low, high) = (code & ((1 << header.postfix) - 1), code >> header.postfix);
        let extra = u32::try_from(1 + (high >> 1)).map_err(|_| BROKEN)?;
        if extra > 24 {
            return Err(BROKEN);
        }
        let offset = ((2 + (high & 1)) << extra) - 4;
        Ok(((offset + self.bits.size(extra)?) << header.postfix) + low + header.direct + 1)
    }

    /// The copy may overlap what it writes.
    fn copy(&mut self, distance: usize, length: usize) {
        // One more than may be is enough for the caller to see.
        for _ in 0..length.min(self.limit.saturating_add(1).saturating_sub(self.plain.len())) {
            let byte = self.plain.len().checked_sub(distance).and_then(|at| self.plain.get(at)).copied();
            self.plain.push(byte.unwrap_or_default());
        }
    }
}

/// RFC 7932 §4: which of the recent distances, and what is added to it.
const RECENT: [(usize, isize); 16] = [
    (3, 0),
    (2, 0),
    (1, 0),
    (0, 0),
    (3, -1),
    (3, 1),
    (3, -2),
    (3, 2),
    (3, -3),
    (3, 3),
    (2, -1),
    (2, 1),
    (2, -2),
    (2, 2),
    (2, -3),
    (2, 3),
];

/// RFC 7932 §5: the first insert and copy code of each 64 commands.
const COMMANDS: [(usize, usize); 11] =
    [(0, 0), (0, 8), (0, 0), (0, 8), (8, 0), (8, 8), (0, 16), (16, 0), (8, 16), (16, 8), (16, 16)];

/// Base and extra bits of insert lengths (RFC 7932 §5).
#[rustfmt::skip]
const INSERTS: [(u32, u32); 24] = [
    (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 1), (8, 1), (10, 2), (14, 2), (18, 3), (26, 3), (34, 4), (50, 4),
    (66, 5), (98, 5), (130, 6), (194, 7), (322, 8), (578, 9), (1090, 10), (2114, 12), (6210, 14), (22594, 24),
];

/// Base and extra bits of copy lengths (RFC 7932 §5).
#[rustfmt::skip]
const COPIES: [(u32, u32); 24] = [
    (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 1), (12, 1), (14, 2), (18, 2), (22, 3), (30, 3),
    (38, 4), (54, 4), (70, 5), (102, 5), (134, 6), (198, 7), (326, 8), (582, 9), (1094, 10), (2118, 24),
];

/// Base and extra bits of block counts (RFC 7932 §6).
#[rustfmt::skip]
const BLOCK_COUNTS: [(u32, u32); 26] = [
    (1, 2), (5, 2), (9, 2), (13, 2), (17, 3), (25, 3), (33, 3), (41, 3), (49, 4), (65, 4), (81, 4), (97, 4), (113, 5),
    (145, 5), (177, 5), (209, 5), (241, 6), (305, 6), (369, 7), (497, 8), (753, 9), (1265, 10), (2289, 11), (4337, 12),
    (8433, 13), (16625, 24),
];

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// Made by the reference encoder at its highest quality: words of the dictionary, transformed, in Latin and not.
    const PAGE: (&str, &str) = (
        "G+IAQCV9wtygThZyNyN97O8UmdvY2oaIEBmdVoCYY60vsEpAggR1Njs1cA7XGfvXrEEQHinmoq//KgxWy+wMFAY=",
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Continue with the application</title></head><body> This is \
         not an International Department of the University, Government of The world. Русский 中文 </body></html>",
    );
    const JSON: (&str, &str) = (
        "GzoAAARKPfLjQpPZ40g+hcJkUF0GG3ACkEaW7X4vGnfyoYebFlEE4AnmInbX9BCIrM9FK/MD",
        r#"{"access_token":"a","token_type":"Bearer","expires_in":300}"#,
    );
    /// Four megabytes of nothing, and half of one.
    const BOMBS: [&str; 2] = ["m///PwAkAOKxQHLvfwA=", "W//PB0ACIB4LJPf4AA=="];

    fn packed(text: &str) -> Vec<u8> {
        STANDARD.decode(text).unwrap()
    }

    #[test]
    fn what_the_reference_encoder_packed_comes_back() {
        for (text, plain) in [PAGE, JSON] {
            assert_eq!(unpack(&packed(text), 4096).as_deref(), Ok(plain.as_bytes()));
        }
        let stored = [0x8b, 0x05, 0xff, 0, 1, 2, 3, 250, 99];
        assert_eq!(unpack(&packed("AwSAiwX/AAECA/pjAw=="), 4096).as_deref(), Ok(stored.as_slice()));
        assert_eq!(unpack(&[0x06], 0), Ok(Vec::new()));
    }

    #[test]
    fn every_prefix_is_broken_and_so_is_more() {
        let whole = packed(PAGE.0);
        for end in 0..whole.len() {
            assert_eq!(unpack(&whole[..end], 4096), Err(BROKEN), "{end}");
        }
        let more = [whole.as_slice(), b"more"].concat();
        assert_eq!(unpack(&more, 4096), Err(BROKEN));
    }

    #[test]
    fn a_bomb_stops_before_it_unpacks() {
        for bomb in BOMBS {
            assert_eq!(unpack(&packed(bomb), 16 * 1024), Err(Undecoded::TooBig));
        }
        assert_eq!(unpack(&packed(BOMBS[1]), 500 << 10), Ok(vec![0; 500 << 10]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_panic(noise in proptest::collection::vec(any::<u8>(), 0..256), at in 0_usize..70, bit in 0_u8..8) {
            let _ = unpack(&noise, 4096);
            let mut whole = packed(PAGE.0);
            let place = at % whole.len();
            whole[place] ^= 1 << bit;
            prop_assert!(unpack(&whole, 4096).is_ok_and(|plain| plain.len() <= 4096) || unpack(&whole, 4096).is_err());
        }
    }
}
