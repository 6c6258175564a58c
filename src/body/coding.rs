//! Content codings (RFC 9110 §8.4): gzip, deflate, brotli (RFC 7932) and zstd (RFC 8878), bounded in bytes and memory.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::brotli;

/// How far a body may unpack (PROTOCOL §2.9).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DecodeLimits {
    /// Bytes after unpacking.
    pub output: usize,
    /// Bytes after unpacking for each packed byte.
    pub ratio: usize,
}

/// Why a body could not be unpacked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Undecoded {
    /// The packed bytes are broken or cut.
    Broken,
    /// It unpacks beyond a limit.
    TooBig,
    /// More codings on top of each other than anybody needs.
    TooMany,
    /// A coding that is not built in (`compress`, `dcb`) or does not exist.
    Unknown,
}

/// Codings on top of each other; a third only serves to amplify.
const STACKED: usize = 2;

/// Nothing smaller than this is a bomb, whatever its ratio.
const HARMLESS: usize = 16 * 1024;

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { output: 1024 * 1024, ratio: 100 }
    }
}

impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "the packed bytes are broken",
            Self::TooBig => "the body unpacks beyond its limit",
            Self::TooMany => "too many content codings",
            Self::Unknown => "unknown content coding",
        })
    }
}

impl std::error::Error for Undecoded {}

/// Undoes the codings, which stand in the order in which they were applied (`Content-Encoding`). `identity` and empty
/// members are no codings. Borrows where there is nothing to do.
///
/// # Errors
///
/// [`Undecoded`], one variant for each cause.
pub fn decode<'a, 'e>(
    encodings: impl IntoIterator<Item = &'e [u8]>,
    bytes: &'a [u8],
    limits: &DecodeLimits,
) -> Result<Cow<'a, [u8]>, Undecoded> {
    let is_coding = |name: &&[u8]| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity");
    let codings: Vec<&[u8]> =
        encodings.into_iter().map(<[u8]>::trim_ascii).filter(is_coding).take(STACKED + 1).collect();
    if codings.len() > STACKED {
        return Err(Undecoded::TooMany);
    }
    let mut plain = Cow::Borrowed(bytes);
    for coding in codings.iter().rev() {
        plain = Cow::Owned(unpack(coding, &plain, limits)?);
    }
    Ok(plain)
}

fn unpack(coding: &[u8], packed: &[u8], limits: &DecodeLimits) -> Result<Vec<u8>, Undecoded> {
    let limit = limits.output.min(packed.len().saturating_mul(limits.ratio).max(HARMLESS));
    if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        return gunzip(packed, limit);
    }
    if coding.eq_ignore_ascii_case(b"br") {
        return brotli::unpack(packed, limit);
    }
    if coding.eq_ignore_ascii_case(b"zstd") {
        return unzstd(packed, limit);
    }
    if !coding.eq_ignore_ascii_case(b"deflate") {
        return Err(Undecoded::Unknown);
    }
    // `deflate` means zlib (RFC 9110 §8.4.1.2), and some servers send the bare stream.
    match read_bounded(ZlibDecoder::new(packed), Vec::new(), limit) {
        Err(Undecoded::Broken) => inflate(packed, limit),
        outcome => outcome,
    }
}

/// A gzip file is a row of members (RFC 1952 §2.2); what follows the last is ignored, as browsers do.
fn gunzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut plain = Vec::new();
    let mut rest = packed;
    loop {
        let mut member = GzDecoder::new(rest);
        plain = read_bounded(&mut member, plain, limit)?;
        rest = member.into_inner();
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok(plain);
        }
    }
}

/// A row of zstd frames, skippable ones among them (RFC 8878 §3).
fn unzstd(packed: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    let mut plain = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        match decoder.init(&mut rest) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = usize::try_from(length).map_err(|_| Undecoded::Broken)?;
                rest = rest.get(length..).ok_or(Undecoded::Broken)?;
                continue;
            }
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Err(Undecoded::TooBig),
            Err(_) => return Err(Undecoded::Broken),
        }
        while !decoder.is_finished() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            decoder.decode_blocks(&mut rest, one).map_err(|_| Undecoded::Broken)?;
            plain.extend(decoder.collect().unwrap_or_default());
            if plain.len().saturating_add(decoder.can_collect()) > limit {
                return Err(Undecoded::TooBig);
            }
        }
        plain.extend(decoder.collect().unwrap_or_default());
        if plain.len() > limit {
            return Err(Undecoded::TooBig);
        }
    }
    Ok(plain)
}

/// What a zstd decoder must be able to look back (RFC 9659 §3), and ours at most does.
const WINDOW: u64 = 8 * 1024 * 1024;

/// The bare stream of RFC 1951.
pub(super) fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, Undecoded> {
    read_bounded(DeflateDecoder::new(packed), Vec::new(), limit)
}

fn read_bounded(decoder: impl Read, mut plain: Vec<u8>, limit: usize) -> Result<Vec<u8>, Undecoded> {
    let room = limit.saturating_sub(plain.len());
    let room = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(room).read_to_end(&mut plain).map_err(|_| Undecoded::Broken)?;
    if plain.len() > limit { Err(Undecoded::TooBig) } else { Ok(plain) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn pack(coding: &str, plain: &[u8]) -> Vec<u8> {
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            "zlib" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            _ => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    fn unpacked(codings: &[&str], packed: &[u8]) -> Result<Vec<u8>, Undecoded> {
        let codings = codings.iter().map(|coding| coding.as_bytes());
        decode(codings, packed, &DecodeLimits::default()).map(Cow::into_owned)
    }

    #[test]
    fn gzip_and_both_kinds_of_deflate_are_unpacked() {
        let plain = b"{\"access_token\":\"a\"}".to_vec();
        assert_eq!(unpacked(&["GZip"], &pack("gzip", &plain)), Ok(plain.clone()));
        assert_eq!(unpacked(&["deflate"], &pack("zlib", &plain)), Ok(plain.clone()));
        assert_eq!(unpacked(&["deflate"], &pack("raw", &plain)), Ok(plain.clone()));
        assert_eq!(unpacked(&["identity", ""], &plain), Ok(plain.clone()));
        assert_eq!(unpacked(&["deflate", "gzip"], &pack("gzip", &pack("zlib", &plain))), Ok(plain.clone()));
        let members = [pack("gzip", b"{\"access_"), pack("gzip", b"token\":\"a\"}")].concat();
        assert_eq!(unpacked(&["gzip"], &members), Ok(plain));
    }

    #[test]
    fn zstd_frames_are_unpacked_one_after_the_other() {
        let plain = b"{\"access_token\":\"a\"}";
        let frame = zstd("KLUv/QRYoQAAeyJhY2Nlc3NfdG9rZW4iOiJhIn2eiC2n");
        assert_eq!(unpacked(&["zstd"], &frame), Ok(plain.to_vec()));
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let row = [frame.as_slice(), &skippable, &frame].concat();
        assert_eq!(unpacked(&["zstd"], &row), Ok(plain.repeat(2)));
        assert_eq!(unpacked(&["zstd"], &frame[..frame.len() - 8]), Err(Undecoded::Broken));
        // A window of 128 MiB.
        assert_eq!(unpacked(&["zstd"], &zstd("KLUv/QCI")), Err(Undecoded::TooBig));
    }

    fn zstd(text: &str) -> Vec<u8> {
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
    }

    #[test]
    fn what_cannot_be_unpacked_says_why() {
        assert_eq!(unpacked(&["compress"], b"x"), Err(Undecoded::Unknown));
        assert_eq!(unpacked(&["br"], b"x"), Err(Undecoded::Broken));
        assert_eq!(unpacked(&["zstd"], b"x"), Err(Undecoded::Broken));
        assert_eq!(unpacked(&["gzip", "gzip", "gzip"], b"x"), Err(Undecoded::TooMany));
        assert_eq!(unpacked(&["gzip"], b"not gzip"), Err(Undecoded::Broken));
        let whole = pack("gzip", b"hello, hello, hello");
        assert_eq!(unpacked(&["gzip"], &whole[..whole.len() - 9]), Err(Undecoded::Broken));
    }

    #[test]
    fn a_bomb_stops_at_its_limit() {
        assert_eq!(unpacked(&["gzip"], &pack("gzip", &vec![0; 4 << 20])), Err(Undecoded::TooBig));
        assert_eq!(unpacked(&["gzip"], &pack("gzip", &vec![0; 500 << 10])), Err(Undecoded::TooBig));
        // Half a megabyte of zeros.
        assert_eq!(
            unpacked(&["zstd"], &zstd("KLUv/QRYVAAAEAAAAQD7/znAAgIAEAACABAAA4AOAA6chY4=")),
            Err(Undecoded::TooBig)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_packed_comes_back(plain in proptest::collection::vec(any::<u8>(), 0..2048)) {
            prop_assert_eq!(unpacked(&["gzip"], &pack("gzip", &plain)), Ok(plain.clone()));
            prop_assert_eq!(unpacked(&["deflate"], &pack("zlib", &plain)), Ok(plain));
        }

        #[test]
        fn no_bytes_panic(coding in "gzip|deflate|br|zstd", packed in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = unpacked(&[&coding], &packed);
        }
    }
}
