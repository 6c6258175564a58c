//! The packed bits and the numbers in them (RFC 7932 §1.5.1).

use super::BROKEN;
use crate::body::coding::Undecoded;

/// The packed stream, the lowest bit of a byte first (RFC 7932 §1.5.1).
pub(super) struct Bits<'a> {
    pub(super) bytes: &'a [u8],
    /// In bits.
    pub(super) at: usize,
}

impl Bits<'_> {
    pub(super) fn bit(&mut self) -> Result<u32, Undecoded> {
        let byte = self.bytes.get(self.at >> 3).ok_or(BROKEN)?;
        let bit = (byte >> (self.at & 7)) & 1;
        self.at = self.at.saturating_add(1);
        Ok(bit.into())
    }

    /// At most 24 bits as a number.
    pub(super) fn number(&mut self, bits: u32) -> Result<u32, Undecoded> {
        (0..bits).try_fold(0, |number, place| Ok(number | (self.bit()? << place)))
    }

    pub(super) fn size(&mut self, bits: u32) -> Result<usize, Undecoded> {
        usize::try_from(self.number(bits)?).map_err(|_| BROKEN)
    }

    /// Whole bytes, from the next one on.
    pub(super) fn bytes(&mut self, length: usize) -> Result<&[u8], Undecoded> {
        let start = self.at.div_ceil(8);
        let end = start.saturating_add(length);
        self.at = end.saturating_mul(8);
        self.bytes.get(start..end).ok_or(BROKEN)
    }

    /// 1 to 256 (RFC 7932 §9.2, `NBLTYPES`).
    pub(super) fn count(&mut self) -> Result<usize, Undecoded> {
        if self.bit()? == 0 {
            return Ok(1);
        }
        let bits = self.number(3)?;
        Ok((1 << bits) + self.size(bits)? + 1)
    }

    /// A length or distance in the notation `base + extra bits`.
    pub(super) fn ranged(&mut self, table: &[(u32, u32)], code: usize) -> Result<usize, Undecoded> {
        let (base, extra) = table.get(code).copied().ok_or(BROKEN)?;
        usize::try_from(base.saturating_add(self.number(extra)?)).map_err(|_| BROKEN)
    }
}
