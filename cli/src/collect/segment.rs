//! The files: append-only, one per hour of arrival and more where one grows too large, whole lines only.
//!
//! `records-2026-11-23T23.jsonl`, then `records-2026-11-23T23_0002.jsonl`: names sort by time. A tail without its line
//! end, left by a crash or a full disk, is moved aside into `<segment>.torn-<n>`; nothing is ever glued to it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use oidc_audit::time::Timestamp;

use super::line::MAX_LINE;

/// The directory of segments, locked against a second collector.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Holds the lock while it is open.
    _lock: File,
}

/// The segment that is written now.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    hour: String,
    /// All of it is on the disk: every append ended by fsync or was taken back.
    durable: u64,
}

/// Why a directory cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    Io(io::Error),
    /// Another collector has it.
    Locked,
}

impl Directory {
    /// Makes the directory where it is missing (0700) and locks it.
    ///
    /// # Errors
    ///
    /// [`Unusable`].
    pub(crate) fn open(path: &Path) -> Result<Self, Unusable> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let lock = private().create(true).truncate(false).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(Unusable::Locked),
            Err(fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether others than the owner can look into it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn is_open_to_others(&self) -> io::Result<bool> {
        Ok(fs::metadata(&self.path)?.mode() & 0o077 != 0)
    }

    /// The names of the segments, oldest first.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn segments(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if name.to_str().is_some_and(|text| text.starts_with(PREFIX) && text.ends_with(SUFFIX)) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Moves a tail without line end aside. Returns how many bytes that was.
    ///
    /// # Errors
    ///
    /// What the operating system says; the segment is then as it was, or has its tail in both places.
    pub(crate) fn mend(&self, name: &OsString) -> io::Result<u64> {
        let path = self.path.join(name);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let (whole, size) = (whole_lines(&mut file)?, file.metadata()?.len());
        if whole == size {
            return Ok(0);
        }
        file.seek(SeekFrom::Start(whole))?;
        let mut aside = self.create_aside(name)?;
        io::copy(&mut file, &mut aside)?;
        aside.sync_all()?;
        self.sync()?;
        file.set_len(whole)?;
        file.sync_all()?;
        Ok(size - whole)
    }

    /// Calls `each` with every line of a segment that is no longer than a record may be.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn read_lines(&self, name: &OsString, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(self.path.join(name))?);
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX).saturating_add(1);
        while reader.by_ref().take(limit).read_until(b'\n', &mut line)? > 0 {
            if line.ends_with(b"\n") {
                each(line.trim_ascii_end());
            } else {
                reader.skip_until(b'\n')?;
            }
            line.clear();
        }
        Ok(())
    }

    /// The segment to write to at `now`: the last one of this hour while it is shorter than `full`, else a new one.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn current(&self, now: Timestamp, full: u64) -> io::Result<Segment> {
        let hour = hour(now);
        let of_this_hour = |name: &OsString| index_of(name.to_str()?, &hour);
        let Some((index, name)) = self.segments()?.iter().filter_map(|n| Some((of_this_hour(n)?, n.clone()))).max()
        else {
            return self.create(hour, 1);
        };
        self.mend(&name)?;
        let file = OpenOptions::new().append(true).open(self.path.join(&name))?;
        let durable = file.metadata()?.len();
        match durable < full {
            true => Ok(Segment { file, hour, durable }),
            false => self.create(hour, index.saturating_add(1)),
        }
    }

    /// A new segment of the same hour, after the old one is full or could not be written.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn next(&self, now: Timestamp) -> io::Result<Segment> {
        let hour = hour(now);
        let last = self.segments()?.iter().filter_map(|name| index_of(name.to_str()?, &hour)).max();
        self.create(hour, last.unwrap_or(0).saturating_add(1))
    }

    fn create(&self, hour: String, index: u32) -> io::Result<Segment> {
        let name = match index {
            1 => format!("{PREFIX}{hour}{SUFFIX}"),
            _ => format!("{PREFIX}{hour}_{index:04}{SUFFIX}"),
        };
        let file = private().append(true).create_new(true).open(self.path.join(name))?;
        self.sync()?;
        Ok(Segment { file, hour, durable: 0 })
    }

    fn create_aside(&self, name: &OsString) -> io::Result<File> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for n in 1..=MAX_ASIDE {
            let mut aside = name.clone();
            aside.push(format!(".torn-{n}"));
            match private().create_new(true).open(self.path.join(aside)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                other => return other,
            }
        }
        Err(last)
    }

    /// Names are durable only when their directory is.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Segment {
    /// Whether `more` bytes arriving at `now` belong into another segment.
    pub(crate) fn is_over(&self, now: Timestamp, more: u64, full: u64) -> bool {
        !self.is_of(now) || (self.durable > 0 && self.durable.saturating_add(more) > full)
    }

    /// Whether it is the segment, or one of the segments, of this hour.
    pub(crate) fn is_of(&self, now: Timestamp) -> bool {
        self.hour == hour(now)
    }

    /// Appends whole lines and waits for the disk.
    ///
    /// # Errors
    ///
    /// What the operating system says. What was written in part is then taken back as far as the disk lets us; the
    /// segment must not be written again, because after a failed fsync nobody knows what of it is durable.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        match self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.durable = self.durable.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
                Ok(())
            }
            Err(error) => {
                // What cannot be cut now is mended at the next start, and readers skip a torn line.
                let _ = self.file.set_len(self.durable).and_then(|()| self.file.sync_data());
                Err(error)
            }
        }
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Where the last line that has its end ends.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = [0; 8192];
    while end > 0 {
        let start = end.saturating_sub(8192);
        let wanted = usize::try_from(end - start).unwrap_or_default();
        let part = block.get_mut(..wanted).unwrap_or_default();
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(at).unwrap_or_default() + 1);
        }
        end = start;
    }
    Ok(0)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// `2026-11-23T23`.
fn hour(at: Timestamp) -> String {
    at.rfc3339_millis().chars().take(13).collect()
}

fn index_of(name: &str, hour: &str) -> Option<u32> {
    match name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.strip_prefix(hour)? {
        "" => Some(1),
        rest => rest.strip_prefix('_')?.parse().ok(),
    }
}

const PREFIX: &str = "records-";
const SUFFIX: &str = ".jsonl";
const LOCK: &str = ".lock";
const MAX_ASIDE: u32 = 9_999;
