//! Inputs made from known ones: bytes changed, parts cut, doubled, moved and spliced, words of the formats strewn in.

/// The longest input.
pub(crate) const LONGEST: usize = 96 * 1024;

/// `SplitMix64`: the same seed gives the same inputs.
#[derive(Debug)]
pub(crate) struct Random(u64);

/// Makes inputs for one target.
#[derive(Debug)]
pub(crate) struct Mutator<'a> {
    random: Random,
    seeds: &'a [Vec<u8>],
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 for 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(random: Random, seeds: &'a [Vec<u8>]) -> Self {
        Self { random, seeds }
    }

    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        if self.random.below(64) == 0 {
            input = (0..self.random.below(256)).map(|_| self.random.byte()).collect();
        }
        for _ in 0..=self.random.below(8) {
            self.mutate(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let index = self.random.below(self.seeds.len());
        self.seeds.get(index).cloned().unwrap_or_default()
    }

    pub(crate) fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let end = (at + self.random.below(64)).min(input.len());
        match self.random.below(10) {
            0 if at < input.len() => input[at] ^= 1 << self.random.below(8),
            1 if at < input.len() => input[at] = self.random.byte(),
            2 => drop(input.drain(at..end)),
            3 => input.truncate(at),
            4 => {
                let part = input[at..end].to_vec();
                let to = self.random.below(input.len() + 1);
                input.splice(to..to, part);
            }
            5 => {
                let part = input[at..end].repeat(1 << self.random.below(12));
                input.splice(at..at, part);
            }
            6 => {
                let other = self.seed();
                let from = self.random.below(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            7 => {
                let other = self.seed();
                let from = self.random.below(other.len());
                let to = (from + self.random.below(128)).min(other.len());
                input.splice(at..end, other[from..to].to_vec());
            }
            _ => {
                let word = WORDS[self.random.below(WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
        }
    }
}

/// What parsers look for, and what they trip over.
const WORDS: &[&[u8]] = &[
    b"",
    b"%",
    b"%%",
    b"%0",
    b"%00",
    b"%ff",
    b"%25",
    b"+",
    b"&",
    b"=",
    b"&=&",
    b"#",
    b"?",
    b"//",
    b"/../",
    b"/./",
    b";",
    b"@",
    b":",
    b"://",
    b"[::1]",
    b"\0",
    b"\r\n",
    b"\n",
    b" ",
    b"\t",
    b"\x7f",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\u",
    b"{",
    b"}",
    b"[",
    b"]",
    b"{\"",
    b"\":",
    b",",
    b"null",
    b"true",
    b"false",
    b"-0",
    b"1e400",
    b"-1",
    b"0.5",
    b"9007199254740993",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b".",
    b"..",
    b"eyJ",
    b"eyJhbGciOiJub25lIn0",
    b"<",
    b">",
    b"</form>",
    b"<form",
    b"<form ",
    b"<!--",
    b"-->",
    b"<script>",
    b"<input type=hidden name=code value=",
    b"&#",
    b"&#x",
    b"&amp;",
    b"&#x110000;",
    b"'",
    b"code",
    b"state",
    b"error",
    b"access_token",
    b"id_token",
    b"refresh_token",
    b"grant_type",
    b"client_id",
    b"scope",
    b"request",
    b"response_type",
    b"claims",
    b"iss",
    b"sub",
    b"aud",
    b"issuer",
    b"token_endpoint",
    b"gzip",
    b"deflate",
    b"Bearer ",
    b"Basic ",
    b"DPoP ",
    b"\x1f\x8b\x08",
    b"\x78\x9c",
    b"application/json",
    b"2026-02-30T25:61:61Z",
];
