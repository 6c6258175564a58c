//! How full the disk is, and how much of it stays free.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

/// `--min-free`: below it nothing more is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MinFree {
    Bytes(u64),
    /// Hundredths of the disk.
    Percent(u8),
    /// 256 MiB or 5 % of the disk, whichever is less.
    Unset,
}

/// A file system, as it is now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk {
    size: u64,
    /// For those who are not root.
    free: u64,
}

impl Disk {
    /// The file system that holds `directory`.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn of(directory: &Path) -> io::Result<Self> {
        let found = statvfs(directory)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Self { size: bytes(found.f_blocks), free: bytes(found.f_bavail) })
    }

    /// Whether `more` bytes can be written and enough stays free.
    pub(crate) fn has_room(self, more: u64, min_free: MinFree) -> bool {
        let keep = match min_free {
            MinFree::Bytes(bytes) => bytes,
            MinFree::Percent(percent) => self.percent(percent),
            MinFree::Unset => self.percent(5).min(256 * MIB),
        };
        self.free >= keep.saturating_add(more)
    }

    fn percent(self, percent: u8) -> u64 {
        (self.size / 100).saturating_mul(u64::from(percent))
    }
}

/// A number of bytes: `1048576`, `64KiB`, `1MiB`, `2GiB`, `1TiB`.
///
/// # Errors
///
/// What it should have been.
pub(crate) fn parse_size(text: &str) -> Result<u64, &'static str> {
    const EXPECTED: &str = "expected bytes, or a number with KiB, MiB, GiB or TiB";
    let at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(at).ok_or(EXPECTED)?;
    let shift = match unit.trim_start() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return Err(EXPECTED),
    };
    let number: u64 = digits.parse().map_err(|_| EXPECTED)?;
    number.checked_mul(1 << shift).ok_or("more bytes than any disk has")
}

/// A number of bytes, or a share of the disk: `512MiB`, `10%`.
///
/// # Errors
///
/// What it should have been.
pub(crate) fn parse_min_free(text: &str) -> Result<MinFree, &'static str> {
    match text.strip_suffix('%') {
        None => parse_size(text).map(MinFree::Bytes),
        Some(digits) => match digits.parse() {
            Ok(percent @ 0..=100) => Ok(MinFree::Percent(percent)),
            _ => Err("expected 0% to 100%"),
        },
    }
}

const MIB: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("1MiB"), Ok(MIB));
        assert_eq!(parse_size("64 KiB"), Ok(65_536));
        assert_eq!(parse_size("7"), Ok(7));
        for bad in ["", "MiB", "1MB", "-1", "1.5GiB", "99999999999TiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_min_free("5%"), Ok(MinFree::Percent(5)));
        assert!(parse_min_free("101%").is_err());
    }

    #[test]
    fn the_default_keeps_the_smaller_of_256_mib_and_a_twentieth() {
        let small = Disk { size: 100 * MIB, free: 6 * MIB };
        assert!(small.has_room(MIB, MinFree::Unset));
        assert!(!small.has_room(MIB + 1, MinFree::Unset));
        let large = Disk { size: 1 << 40, free: 256 * MIB };
        assert!(large.has_room(0, MinFree::Unset));
        assert!(!large.has_room(1, MinFree::Unset));
        assert!(!large.has_room(0, MinFree::Percent(1)));
    }
}
